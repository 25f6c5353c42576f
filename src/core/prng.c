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

static inline uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
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

uint64_t
la_prng_next(Prng *prng)
{
	uint64_t   *s = prng->s;
	uint64_t	result = rotl(s[1] * 5, 7) * 9;
	uint64_t	t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/*
 * la_prng_below
 *		A number from 0 to bound - 1, each equally likely; bound is positive.
 */
uint32_t
la_prng_below(Prng *prng, uint32_t bound)
{
	uint64_t	product = (la_prng_next(prng) >> 32) * bound;

	if ((uint32_t) product < bound)
	{
		uint32_t	threshold = -bound % bound;

		while ((uint32_t) product < threshold)
			product = (la_prng_next(prng) >> 32) * bound;
	}
	return (uint32_t) (product >> 32);
}
