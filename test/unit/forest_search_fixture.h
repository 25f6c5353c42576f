/*
 * forest_search_fixture.h
 *		What a tree ought to be, by counting and exhaustive search: how often rows
 *		are drawn, impurity by its definition, and the best split of a root.
 */
#ifndef LA_FOREST_SEARCH_FIXTURE_H
#define LA_FOREST_SEARCH_FIXTURE_H

#include "forest_grow.h"

#include <math.h>
#include <stdio.h>

#include "forest_rows_fixture.h"

static inline const char *
name_of(uint32_t nclasses)
{
	static char name[32];

	if (nclasses == 0)
		return "numbers";
	snprintf(name, sizeof(name), "%u classes", nclasses);
	return name;
}

/* --- what was drawn ------------------------------------------------------- */

/* How often each row is drawn for a tree, as documented. */
static inline uint8_t *
count_draws(const ForestRows *rows, const GrowOptions *options, uint32_t tree)
{
	uint8_t    *drawn = calloc(rows->total, 1);
	uint32_t	ndraws = (uint32_t) (options->sample * rows->total + 0.5);
	uint32_t	row[2];
	Prng		prng;

	la_prng_seed(&prng, options->seed, tree);
	for (uint32_t i = 0; i < (ndraws > 0 ? ndraws : 1); i++)
	{
		if (i % 2 == 0)
			la_prng_two_below(&prng, rows->total, row);
		drawn[row[i % 2]] += drawn[row[i % 2]] < 255;
	}
	return drawn;
}

/* How often each record was drawn. */
static inline uint32_t *
record_weights(const ForestRows *rows, const uint8_t *drawn)
{
	uint32_t   *weights = calloc(rows->nrows, sizeof(uint32_t));

	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		for (uint32_t i = la_forest_row_first(rows, r); i < la_forest_row_first(rows, r + 1); i++)
			weights[r] += drawn[i];
	}
	return weights;
}

/* --- impurity by its definition ------------------------------------------- */

/* Some rows: what their impurity follows from, in two passes over them. */
typedef struct Group
{
	uint64_t	rows;
	long double weight;			/* of the rows, by class weight */
	long double *by_class;		/* the same per class */
	double		origin;			/* of numbers: one of them */
	long double sum;			/* of numbers, from the origin on */
	long double deviation;		/* squared, from their mean */
	double		least;
	double		greatest;
	uint32_t	cls;			/* of the last record */
	bool		mixed;			/* not all of one class, or number */
} Group;

static inline Group
group_new(const ForestRows *rows)
{
	Group		group = {0, 0, NULL, 0, 0, 0, INFINITY, -INFINITY, 0, false};

	group.by_class = calloc(rows->nclasses + 1, sizeof(long double));
	return group;
}

static inline void
group_add(Group *group, const ForestRows *rows, const GrowOptions *options, uint32_t r, uint32_t times)
{
	const uint8_t *record = la_forest_row(rows, r);

	if (times == 0)
		return;
	if (rows->nclasses == 0)
	{
		double		number = la_forest_row_number(rows, record);

		if (group->rows == 0)
			group->origin = number;
		group->weight += times;
		group->sum += times * ((long double) number - group->origin);
		group->least = number < group->least ? number : group->least;
		group->greatest = number > group->greatest ? number : group->greatest;
		group->mixed = group->least < group->greatest;
	}
	else
	{
		uint32_t	cls = la_forest_row_class(rows, record);
		double		each = options->class_weight ? options->class_weight[cls] : 1;

		group->mixed |= group->rows > 0 && cls != group->cls;
		group->cls = cls;
		group->weight += (long double) times * each;
		group->by_class[cls] += (long double) times * each;
	}
	group->rows += times;
}

static inline long double
group_mean(const Group *group)
{
	return group->origin + group->sum / group->weight;
}

/* The second pass, for numbers. */
static inline void
group_deviate(Group *group, const ForestRows *rows, uint32_t r, uint32_t times)
{
	long double d;

	if (times == 0 || rows->nclasses != 0)
		return;
	d = (long double) la_forest_row_number(rows, la_forest_row(rows, r)) - group->origin -
		group->sum / group->weight;
	group->deviation += times * d * d;
}

/* Gini impurity times weight, or the sum of squared deviations. */
static inline long double
group_impurity(const Group *group, const ForestRows *rows)
{
	long double squares = 0;

	if (rows->nclasses == 0 || group->rows == 0)
		return group->deviation;
	for (uint32_t c = 0; c < rows->nclasses; c++)
		squares += group->by_class[c] / group->weight * (group->by_class[c] / group->weight);
	return group->weight * (1 - squares);
}

/* --- the root ------------------------------------------------------------- */

/* what an exhaustive search starts from */
typedef struct Search
{
	const ForestRows *rows;
	const GrowOptions *options;
	const uint32_t *weights;	/* per record */
} Search;

static inline bool
missing_goes_left(const TreeNode *node)
{
	return (node->flags & LA_NODE_MISSING_LEFT) != 0;
}

static inline bool
goes_left(const uint8_t *record, uint32_t feature, int bin, bool missing_left)
{
	return record[feature] == LA_MISSING_BIN ? missing_left : record[feature] <= bin;
}

/* The impurity of both sides; infinity if one has less than min_leaf rows. */
static inline long double
split_impurity(const Search *search, uint32_t feature, int bin, bool missing_left)
{
	const ForestRows *rows = search->rows;
	Group		side[2] = {group_new(rows), group_new(rows)};
	long double result = INFINITY;

	for (uint32_t r = 0; r < rows->nrows; r++)
		group_add(&side[goes_left(la_forest_row(rows, r), feature, bin, missing_left)],
				  rows, search->options, r, search->weights[r]);
	for (uint32_t r = 0; r < rows->nrows; r++)
		group_deviate(&side[goes_left(la_forest_row(rows, r), feature, bin, missing_left)],
					  rows, r, search->weights[r]);
	if (side[0].rows >= search->options->min_leaf && side[1].rows >= search->options->min_leaf)
		result = group_impurity(&side[0], rows) + group_impurity(&side[1], rows);
	free(side[0].by_class);
	free(side[1].by_class);
	return result;
}

static inline Group
whole(const Search *search)
{
	Group		all = group_new(search->rows);

	for (uint32_t r = 0; r < search->rows->nrows; r++)
		group_add(&all, search->rows, search->options, r, search->weights[r]);
	for (uint32_t r = 0; r < search->rows->nrows; r++)
		group_deviate(&all, search->rows, r, search->weights[r]);
	return all;
}

static inline bool
bin_occurs(const ForestRows *rows, uint32_t feature, int bin)
{
	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		if (la_forest_row(rows, r)[feature] == bin)
			return true;
	}
	return false;
}

/* Over all features, all bins where a cut changes something, and missing rows on either side. */
static inline long double
least_impurity(const Search *search)
{
	long double least = INFINITY;

	for (uint32_t feature = 0; feature < search->rows->nfeatures; feature++)
	{
		for (int bin = 0; bin < LA_MISSING_BIN; bin++)
		{
			if (!bin_occurs(search->rows, feature, bin))
				continue;
			least = fminl(least, split_impurity(search, feature, bin, false));
			least = fminl(least, split_impurity(search, feature, bin, true));
		}
	}
	return least;
}

/*
 * Whether the cut is in the middle of the empty bins around it, or right above
 * the highest bin; and missing values, if there are none, go with the most.
 */
static inline bool
is_in_the_middle(const Search *search, const TreeNode *root)
{
	int			below = -1;
	int			above = LA_MISSING_BIN;
	uint64_t	left = 0;
	uint64_t	rows = 0;
	bool		missing = false;

	for (uint32_t r = 0; r < search->rows->nrows; r++)
	{
		int			bin = la_forest_row(search->rows, r)[root->feature];

		if (search->weights[r] == 0)
			continue;
		rows += search->weights[r];
		if (bin == LA_MISSING_BIN)
			missing = true;
		else if (bin <= root->bin)
		{
			left += search->weights[r];
			below = bin > below ? bin : below;
		}
		else
			above = bin < above ? bin : above;
	}
	if (!missing && missing_goes_left(root) != (2 * left >= rows))
		return false;
	return root->bin == (above == LA_MISSING_BIN ? below : below + (above - below - 1) / 2);
}

/* Whether the root is the best of all splits, or none where none is. */
static inline bool
root_is_best(const ForestRows *rows, const GrowOptions *options, const uint32_t *weights, const TreeNode *root)
{
	Search		search = {rows, options, weights};
	Group		all = whole(&search);
	long double least = all.mixed ? least_impurity(&search) : INFINITY;
	bool		right;

	if (root->feature == LA_LEAF)
		right = isinf(least);
	else
		right = fabsl(split_impurity(&search, root->feature, root->bin, missing_goes_left(root)) -
					  least) <= 1e-11L * group_impurity(&all, rows) &&
			is_in_the_middle(&search, root);
	free(all.by_class);
	return right;
}

/* Grow some trees of one split each; returns how many are not the best. */
static inline int
count_wrong_roots(ForestRows *rows, GrowOptions options, int *leaves)
{
	Grower	   *grower;
	int			wrong = 0;

	rows_sort_and_collapse(rows);
	options.max_depth = 1;
	options.mtry = rows->nfeatures;
	grower = grower_new(rows, &options);
	for (uint32_t number = 0; number < 3; number++)
	{
		const ForestTree *tree = grower_grow(grower, number);
		uint8_t    *drawn = count_draws(rows, &options, number);
		uint32_t   *weights = record_weights(rows, drawn);

		wrong += !root_is_best(rows, &options, weights, &tree->nodes[0]);
		*leaves += tree->nnodes == 1;
		free(drawn);
		free(weights);
	}
	grower_free(grower);
	rows_free(rows);
	return wrong;
}

/* Class weights that differ, or none. */
static inline double *
random_weights(Prng *prng, uint32_t nclasses)
{
	double	   *weights;

	if (nclasses == 0 || la_prng_below(prng, 2) == 0)
		return NULL;
	weights = malloc(nclasses * sizeof(double));
	for (uint32_t c = 0; c < nclasses; c++)
		weights[c] = exp(la_prng_below(prng, 1000) / 100.0 - 5);
	return weights;
}

#endif							/* LA_FOREST_SEARCH_FIXTURE_H */
