/*
 * forest_exercise.h
 *		Do with bytes all that the server does with the payload of a model.
 */
#ifndef LA_FOREST_EXERCISE_H
#define LA_FOREST_EXERCISE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "binning.h"
#include "forest_model.h"

/* Whether every probability is from 0 to 1, and their sum is 1. */
static inline bool
is_distribution(const double *proba, uint32_t n)
{
	double		sum = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		if (!(proba[i] >= 0 && proba[i] <= 1 + 1e-9))
			return false;
		sum += proba[i];
	}
	return fabs(sum - 1) < 1e-9;
}

/* Rows at, between and beyond the cuts, and missing values. */
static inline void
make_row(const Forest *forest, uint32_t variant, double *features)
{
	for (uint32_t f = 0; f < forest->header.nfeatures; f++)
	{
		uint32_t	first = forest->first_cut[f];
		uint32_t	ncuts = forest->first_cut[f + 1] - first;
		uint32_t	pick = (variant * 7 + f) % (ncuts + 2);

		if ((variant + f) % 5 == 4 || pick == ncuts + 1)
			features[f] = NAN;
		else if (pick == ncuts)
			features[f] = variant % 2 ? 1e308 : -1e308;
		else
			features[f] = forest->cuts[first + pick] + (variant % 3 == 0 ? 1 : 0);
	}
}

static inline bool
predictions_are_right(const Forest *forest)
{
	double	   *features = malloc(forest->header.nfeatures * sizeof(double));
	uint8_t    *bins = malloc(forest->header.nfeatures);
	double	   *proba = malloc(forest->header.nclasses * sizeof(double));
	bool		right = true;

	for (uint32_t variant = 0; variant < 12; variant++)
	{
		make_row(forest, variant, features);
		la_forest_bin_row(forest, features, bins);
		la_forest_predict(forest, bins, proba);
		right &= is_distribution(proba, forest->header.nclasses);
		right &= la_forest_best_class(forest, proba) < forest->header.nclasses;
	}
	free(features);
	free(bins);
	free(proba);
	return right;
}

/* The labels are in the payload; a sum over their bytes reads them all. */
static inline bool
labels_are_inside(const Forest *forest, const uint8_t *payload, size_t size)
{
	bool		inside = true;

	for (uint32_t i = 0; i < forest->header.nclasses; i++)
		inside &= forest->classes[i].label >= payload &&
			forest->classes[i].length <= (size_t) (payload + size - forest->classes[i].label);
	return inside;
}

static inline bool
depth_is_right(const Forest *forest)
{
	uint32_t	nnodes = forest->first_node[forest->header.ntrees];
	uint32_t   *depth = malloc(nnodes * sizeof(uint32_t));
	bool		right = la_forest_depth(forest, depth) < nnodes;

	free(depth);
	return right;
}

/*
 * Decode, in blocks of memory that end where the data ends, and predict.
 * "right" becomes false if the bytes are taken but the forest is not sound.
 */
static inline LaResult
exercise_forest(const uint8_t *bytes, size_t size, bool *right)
{
	uint8_t    *payload = malloc(size);
	void	   *memory = NULL;
	ForestShape shape;
	Forest	   *forest;
	LaResult	result;

	if (size > 0)
		memcpy(payload, bytes, size);
	result = la_forest_measure(payload, size, &shape);
	if (result == LA_OK)
	{
		size_t		decoded_size = la_forest_decoded_size(&shape);

		*right &= decoded_size <= 8 * size + 1024;
		memory = malloc(decoded_size);
		result = la_forest_decode(payload, size, &shape, memory, &forest);
	}
	if (result == LA_OK)
		*right &= predictions_are_right(forest) && depth_is_right(forest) &&
			labels_are_inside(forest, payload, size);
	free(memory);
	free(payload);
	return result;
}

#endif							/* LA_FOREST_EXERCISE_H */
