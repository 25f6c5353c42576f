/*
 * forest_seeds.h
 *		Forests for the fuzzer to begin with: small ones of every shape.
 */
#ifndef LA_FOREST_SEEDS_H
#define LA_FOREST_SEEDS_H

#include "../unit/forest_fixture.h"

#define FOREST_SEEDS 40

/*
 * Every type of label, one, two and more classes, one and two bytes of them,
 * one and more features, one and two bytes of them, one and more parts.
 */
static inline Fixture
forest_seed(uint32_t number)
{
	static const LabelType types[] = {
		LA_LABEL_TEXT, LA_LABEL_BIGINT, LA_LABEL_BOOLEAN, LA_LABEL_NUMBER
	};
	FixtureShape shape = {
		.seed = number, .label_type = types[number % 4],
		.nfeatures = number % 8 == 7 ? 130 : 1 + number % 3,
		.nclasses = number % 16 == 4 ? 300 : 1 + number / 4 % 4,
		.nparts = 1 + number % 5 / 3, .ntrees = 1 + number % 3, .ninner = number % 9,
		.ncuts = number % 8 == 7 ? 2 : 2 + number % 6,
		.max_count = number % 7 == 0 ? 100000 : number % 7 == 1 ? 1000 : 10,
		.weighted = number % 4 != 3 && number % 3 == 0, .permuted = number % 6 == 5
	};

	if (shape.label_type == LA_LABEL_BOOLEAN)
		shape.nclasses = 1 + number / 4 % 2;
	if (shape.label_type == LA_LABEL_NUMBER)
		shape.nclasses = 0;
	return fixture_random(&shape);
}

#endif							/* LA_FOREST_SEEDS_H */
