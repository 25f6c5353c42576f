/*
 * prng.c
 *		Seeded random numbers: xoshiro256**, seeded by splitmix64.
 *
 * Sources: Blackman & Vigna, Scrambled Linear Pseudorandom Number Generators,
 * ACM TOMS 47(4), 2021; Steele, Lea & Flood, Fast Splittable Pseudorandom
 * Number Generators, OOPSLA 2014; Lemire, Fast Random Integer Generation in an
 * Interval, ACM TOMACS 29(1), 2019.
 */
#include "prng.h"

static uint64_t
splitmix64(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/*
 * la_prng_seed
 *		Start the generator of one stream (a tree, a restart) of a seed.
 */
void
la_prng_seed(Prng *prng, uint64_t seed, uint64_t stream)
{
	uint64_t	state = seed;
	uint64_t	mixed = splitmix64(&state) ^ stream;

	for (int i = 0; i < 4; i++)
		prng->s[i] = splitmix64(&mixed);
}
