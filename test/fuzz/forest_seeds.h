/*
 * forest_seeds.h
 *		Forests for the fuzzer to begin with: small ones of every shape.
 */
#ifndef LA_FOREST_SEEDS_H
#define LA_FOREST_SEEDS_H

#include "../unit/forest_fixture.h"

#define FOREST_SEEDS 24

/* One, two and more classes, one and more features, few and many bins. */
static inline Fixture
forest_seed(uint32_t number)
{
	uint32_t	nclasses = 1 + number % 4;
	uint32_t	nfeatures = 1 + number % 3;
	uint32_t	nbins = number % 8 == 7 ? 60 : 2 + number % 8;

	return fixture_grow(number, 4 + 2 * number, nfeatures, nclasses, nbins, 1 + number % 3);
}

#endif							/* LA_FOREST_SEEDS_H */
