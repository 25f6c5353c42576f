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

static inline uint64_t
la_prng_rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/*
 * la_prng_next
 *		64 random bits.
 */
static inline uint64_t
la_prng_next(Prng *prng)
{
	uint64_t   *s = prng->s;
	uint64_t	result = la_prng_rotate(s[1] * 5, 7) * 9;
	uint64_t	t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = la_prng_rotate(s[3], 45);
	return result;
}

/* A number below "bound" from 32 random bits, or from more if those must be rejected. */
static inline uint32_t
la_prng_bits_below(Prng *prng, uint32_t bits, uint32_t bound)
{
	uint64_t	product = (uint64_t) bits * bound;

	if ((uint32_t) product < bound)
	{
		uint32_t	threshold = -bound % bound;

		while ((uint32_t) product < threshold)
			product = (la_prng_next(prng) >> 32) * bound;
	}
	return (uint32_t) (product >> 32);
}

/*
 * la_prng_below
 *		A number from 0 to bound - 1, each equally likely; bound is positive.
 */
static inline uint32_t
la_prng_below(Prng *prng, uint32_t bound)
{
	return la_prng_bits_below(prng, (uint32_t) (la_prng_next(prng) >> 32), bound);
}

/*
 * la_prng_two_below
 *		Two such numbers, in half the time.
 */
static inline void
la_prng_two_below(Prng *prng, uint32_t bound, uint32_t result[2])
{
	uint64_t	bits = la_prng_next(prng);

	result[0] = la_prng_bits_below(prng, (uint32_t) (bits >> 32), bound);
	result[1] = la_prng_bits_below(prng, (uint32_t) bits, bound);
}

#endif							/* LA_PRNG_H */
