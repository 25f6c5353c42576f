/*
 * prng.h
 *		Seeded random numbers, the same stream on every platform.
 */
#ifndef LA_PRNG_H
#define LA_PRNG_H

#include <stdint.h>

typedef struct Prng
{
	uint64_t	s[4];
} Prng;

extern void la_prng_seed(Prng *prng, uint64_t seed, uint64_t stream);
extern uint64_t la_prng_next(Prng *prng);
extern uint32_t la_prng_below(Prng *prng, uint32_t bound);

#endif							/* LA_PRNG_H */
