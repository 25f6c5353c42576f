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

/* Probabilities, or a finite number. */
static inline bool
is_result(const Forest *forest, const double *result)
{
	if (forest->header.nclasses == 0)
		return isfinite(result[0]);
	return is_distribution(result, forest->header.nclasses);
}

/* Rows at, between and beyond the cuts of the first part, and missing values. */
static inline void
make_row(const Forest *forest, uint32_t variant, double *features)
{
	const ForestPart *part = &forest->parts[0];

	for (uint32_t f = 0; f < forest->header.nfeatures; f++)
	{
		uint32_t	first = part->first_cut[f];
		uint32_t	ncuts = part->first_cut[f + 1] - first;
		uint32_t	pick = (variant * 7 + f) % (ncuts + 2);

		if ((variant + f) % 5 == 4 || pick == ncuts + 1)
			features[f] = NAN;
		else if (pick == ncuts)
			features[f] = variant % 2 ? 1e308 : -1e308;
		else
			features[f] = part->cuts[first + pick] + (variant % 3 == 0 ? 1 : 0);
	}
}

/* The leaf of a row, a node at a time and cut by cut. */
static inline const ForestNode *
walk_simply(const Forest *forest, const ForestPart *part, uint32_t tree, const double *features)
{
	uint32_t	nfeatures = forest->header.nfeatures;
	const ForestNode *node = &forest->nodes[forest->first_node[tree]];

	while (la_node_cut(*node) != 0)
	{
		uint32_t	feature = la_node_feature(*node, nfeatures);
		uint32_t	cut = part->first_cut[feature] + la_node_bin(*node, nfeatures);
		double		x = features[feature];
		bool		left = cut == part->first_cut[feature + 1] || x <= part->cuts[cut];

		if (isnan(x))
			left = la_node_missing_left(*node, nfeatures);
		node += left == la_node_right_first(*node, nfeatures) ? node->jump : 1;
	}
	return node;
}

/* As la_forest_predict, in the plainest way. */
static inline void
predict_simply(const Forest *forest, const double *features, double *result)
{
	uint32_t	n = la_forest_nresults(forest);
	double	   *leaf = malloc(n * sizeof(double));

	memset(result, 0, n * sizeof(double));
	for (uint32_t part = 0; part < forest->header.nparts; part++)
	{
		for (uint32_t t = forest->first_tree[part]; t < forest->first_tree[part + 1]; t++)
		{
			la_forest_leaf(forest, walk_simply(forest, &forest->parts[part], t, features), leaf);
			for (uint32_t i = 0; i < n; i++)
				result[i] += leaf[i];
		}
	}
	for (uint32_t i = 0; i < n; i++)
		result[i] /= forest->ntrees;
	free(leaf);
}

static inline bool
same_results(const double *a, const double *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (!(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(b[i]))))
			return false;
	}
	return true;
}

static inline double
largest(const double *numbers, uint32_t n)
{
	double		largest = numbers[0];

	for (uint32_t i = 1; i < n; i++)
		largest = fmax(largest, numbers[i]);
	return largest;
}

static inline bool
predictions_are_right(const Forest *forest)
{
	uint32_t	n = la_forest_nresults(forest);
	double	   *features = malloc(forest->header.nfeatures * sizeof(double));
	uint8_t    *bins = malloc(la_forest_bins_size(forest));
	double	   *result = malloc(n * sizeof(double));
	double	   *expected = malloc(n * sizeof(double));
	bool		right = true;

	for (uint32_t variant = 0; variant < 12; variant++)
	{
		make_row(forest, variant, features);
		la_forest_predict(forest, features, bins, result);
		predict_simply(forest, features, expected);
		right &= is_result(forest, result) && same_results(result, expected, n);
		if (n > 1)
			right &= result[la_forest_predict_class(forest, features, bins, expected)] == largest(result, n);
	}
	free(features);
	free(bins);
	free(result);
	free(expected);
	return right;
}

/* Every node is what rf_nodes takes it for. */
static inline bool
nodes_are_right(const Forest *forest)
{
	double	   *value = malloc(la_forest_nresults(forest) * sizeof(double));
	bool		right = true;

	for (uint32_t t = 0; t < forest->ntrees; t++)
	{
		uint32_t	end = forest->first_node[t + 1];

		for (uint32_t i = forest->first_node[t]; i < end; i++)
		{
			const ForestNode *node = &forest->nodes[i];

			right &= la_node_slot(*node) < 4 * forest->header.nfeatures;
			if (la_node_cut(*node) > 0)
				right &= node->jump >= 2 && node->jump < end - i;
			else
			{
				la_forest_leaf(forest, node, value);
				right &= is_result(forest, value);
			}
		}
	}
	free(value);
	return right;
}

/* The labels are in the payload; a comparison reads them all. */
static inline bool
labels_are_right(const Forest *forest, const uint8_t *payload, size_t size)
{
	bool		right = true;

	for (uint32_t i = 0; i < forest->header.nclasses; i++)
	{
		const ForestClass *cls = &forest->classes[i];

		right &= cls->label >= payload && cls->length <= (size_t) (payload + size - cls->label);
		right &= i == 0 || la_forest_compare_labels(forest->header.label_type, cls - 1, cls) < 0;
	}
	return right;
}

/* The parts follow one another to the end. */
static inline bool
parts_are_right(const Forest *forest, const uint8_t *payload, size_t size)
{
	uint32_t	nparts = forest->header.nparts;
	ForestSpan *spans = malloc(nparts * sizeof(ForestSpan));
	bool		right;

	la_forest_find_parts(payload, size, spans);
	right = spans[nparts - 1].bytes + spans[nparts - 1].size == payload + size;
	for (uint32_t i = 0; i < nparts; i++)
	{
		right &= i == 0 || spans[i].bytes == spans[i - 1].bytes + spans[i - 1].size;
		right &= spans[i].nclasses == forest->parts[i].nclasses;
		right &= spans[i].ntrees == forest->parts[i].ntrees;
		for (uint32_t c = 0; c < spans[i].nclasses; c++)
		{
			const uint8_t *number = spans[i].bytes + spans[i].class_map + 2 * c;

			right &= (number[0] | number[1] << 8) == forest->parts[i].classes[c];
		}
	}
	free(spans);
	return right;
}

static inline bool
depth_is_right(const Forest *forest)
{
	uint32_t	largest = la_forest_largest_tree(forest);
	uint32_t   *scratch = malloc(largest * sizeof(uint32_t));
	uint32_t	depth = la_forest_depth(forest, scratch);

	free(scratch);
	return depth <= largest / 2;
}

/*
 * Measure, decode, in blocks of memory that end where the data ends, and use.
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
		*right &= predictions_are_right(forest) && nodes_are_right(forest) &&
			depth_is_right(forest) && labels_are_right(forest, payload, size) &&
			parts_are_right(forest, payload, size);
	free(memory);
	free(payload);
	return result;
}

#endif							/* LA_FOREST_EXERCISE_H */
