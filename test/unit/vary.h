/*
 * vary.h
 *		Numbers to vary the test data with: the same in every run, and not from
 *		the generator of the core, which is tested itself.
 */
#ifndef LA_VARY_H
#define LA_VARY_H

#include <stdint.h>

static uint64_t vary_state = 42;

/*
 * Source: Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003.
 */
static inline uint64_t
vary_bits(void)
{
	vary_state ^= vary_state << 13;
	vary_state ^= vary_state >> 7;
	vary_state ^= vary_state << 17;
	return vary_state;
}

/* from 0 to below 1 */
static inline double
uniform(void)
{
	return (double) (vary_bits() >> 11) / 9007199254740992.0;
}

/* from 0 to n - 1 */
static inline int
below(int n)
{
	return (int) ((vary_bits() >> 11) % (uint64_t) n);
}

#endif							/* LA_VARY_H */
