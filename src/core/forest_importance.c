/*
 * forest_importance.c
 *		The importance of features.
 *
 * The loss of a tree when the values of a feature are shuffled among the rows
 * that it was not grown on says what the feature is worth to it; so does how
 * much the splits on the feature decrease impurity.
 *
 * Sources: Breiman, Random Forests, Machine Learning 45, 2001; Breiman, Manual
 * on Setting Up, Using and Understanding Random Forests V3.1, 2002; Liaw &
 * Wiener, randomForest (R package), importance() with scale = FALSE.
 */
#include "forest_importance.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "forest_oob_rows.h"
#include "prng.h"
#include "radix.h"

/*
 * The out-of-bag rows of a tree are in a random order, and each feature is
 * permuted by a random rotation of that order.
 */
struct Permuter
{
	const Oob  *oob;
	const ForestRows *rows;
	const ForestTree *tree;
	const double *class_weight;
	uint64_t	seed;
	uint32_t	number;

	uint32_t	n;				/* rows out of bag */
	uint32_t   *record;			/* in random order */
	uint64_t   *by_leaf;		/* (leaf, place in that order), ascending */
	uint64_t   *scratch;
};

/* --- permutation --------------------------------------------------------- */

/*
 * la_permuter_size
 *		Bytes of memory for la_permuter_init: 5 MB at most.
 */
size_t
la_permuter_size(const ForestRows *rows)
{
	size_t		n = la_oob_sample_size(rows);

	return la_oob_align(sizeof(Permuter)) + 2 * la_oob_align(n * sizeof(uint64_t)) +
		la_oob_align(n * sizeof(uint32_t));
}

/*
 * la_permuter_init
 *		A permuter in "memory", which is aligned to 8 bytes.  What it is given
 *		must outlive it.
 */
Permuter *
la_permuter_init(void *memory, const Oob *oob, const ForestRows *rows,
				 const double *class_weight, uint64_t seed)
{
	Permuter   *p = memory;
	char	   *piece = (char *) memory + la_oob_align(sizeof(Permuter));

	memset(p, 0, sizeof(Permuter));
	p->oob = oob;
	p->rows = rows;
	p->class_weight = class_weight;
	p->seed = seed;
	p->by_leaf = (uint64_t *) piece;
	piece += la_oob_align(oob->sample * sizeof(uint64_t));
	p->scratch = (uint64_t *) piece;
	piece += la_oob_align(oob->sample * sizeof(uint64_t));
	p->record = (uint32_t *) piece;
	return p;
}

/* A stream of random numbers of a tree; growing it took the one without purpose. */
static Prng
random_stream(const Permuter *p, uint32_t purpose)
{
	Prng		prng;

	la_prng_seed(&prng, p->seed, (uint64_t) purpose << 32 | p->number);
	return prng;
}

#define ORDER_PURPOSE 1
#define FEATURE_PURPOSE(feature) (2 + (feature))

/* Fisher & Yates, as in Knuth, The Art of Computer Programming, vol. 2, 3.4.2. */
static void
shuffle(Prng *prng, uint64_t *items, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--)
	{
		uint32_t	j = la_prng_below(prng, i);
		uint64_t	item = items[i - 1];

		items[i - 1] = items[j];
		items[j] = item;
	}
}

/* Sort the out-of-bag rows at random, then those places by leaf. */
static void
order_rows(Permuter *p)
{
	Prng		prng = random_stream(p, ORDER_PURPOSE);

	shuffle(&prng, p->by_leaf, p->n);
	for (uint32_t place = 0; place < p->n; place++)
	{
		p->record[place] = (uint32_t) p->by_leaf[place];
		p->by_leaf[place] = p->by_leaf[place] >> 32 << 32 | place;
	}
	la_radix_sort(p->by_leaf, p->scratch, p->n, NULL);
}

/*
 * la_permuter_begin
 *		Take up a tree; "drawn" says per row, in canonical order, how often it
 *		was drawn.  Both must stay until its last feature.
 */
void
la_permuter_begin(Permuter *p, const ForestTree *tree, uint32_t number, const uint8_t *drawn)
{
	OobCursor	cursor = la_oob_first_row();
	uint32_t	out[LA_WALK_BATCH];
	uint32_t	leaf[LA_WALK_BATCH];
	uint32_t	n;

	p->tree = tree;
	p->number = number;
	p->n = 0;
	while ((n = la_oob_next_rows(p->oob, p->rows, drawn, &cursor, out)) > 0)
	{
		la_oob_find_leaves(p->oob, p->rows, tree, out, n, leaf);
		for (uint32_t i = 0; i < n; i++)
			p->by_leaf[p->n++] = (uint64_t) leaf[i] << 32 | la_oob_records(p->oob)[out[i]];
	}
	order_rows(p);
}

/* The node after the last one below "node". */
static uint32_t
end_of_subtree(const ForestTree *tree, uint32_t node)
{
	while (tree->nodes[node].feature != LA_LEAF)
		node += tree->nodes[node].value;
	return node + 1;
}

/* The first of the rows by leaf, from "begin", whose leaf is "node" or later. */
static uint32_t
first_at(const Permuter *p, uint32_t begin, uint32_t node)
{
	uint32_t	end = p->n;

	while (begin < end)
	{
		uint32_t	middle = begin + (end - begin) / 2;

		if (p->by_leaf[middle] >> 32 < node)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static const uint8_t *
record_at(const Permuter *p, uint32_t place)
{
	return la_forest_row(p->rows, p->record[place]);
}

/* The class with the largest share of a leaf, the first of equals. */
static uint32_t
class_of(const ForestTree *tree, const TreeNode *leaf, const double *class_weight)
{
	const ForestCount *run;
	uint32_t	nclasses;
	uint32_t	best = 0;
	double		most = -1;

	if (!(leaf->flags & LA_NODE_MIXED))
		return leaf->value;
	run = la_leaf_run(tree, leaf, &nclasses);
	for (uint32_t i = 0; i < nclasses; i++)
	{
		double		share = la_leaf_weight(class_weight, run[i].cls) * run[i].nrows;

		if (share > most)
		{
			most = share;
			best = run[i].cls;
		}
	}
	return best;
}

/* What a leaf costs on a row: 1 for a wrong class, or the square of the error. */
static double
cost_of(const Permuter *p, uint32_t leaf, const uint8_t *record)
{
	const TreeNode *node = &p->tree->nodes[leaf];
	double		error;

	if (p->rows->nclasses > 0)
		return class_of(p->tree, node, p->class_weight) != la_forest_row_class(p->rows, record);
	error = la_oob_to_unit(p->oob, p->tree->means[node->value]) -
		la_oob_to_unit(p->oob, la_forest_row_number(p->rows, record));
	return error * error;
}

/* rows that get another value of the feature */
typedef struct Permuted
{
	uint32_t	feature;
	uint32_t	shift;
	double		change;			/* of the cost, summed up */
	uint32_t	leaf[LA_WALK_BATCH];	/* without the permutation */
	Walkers		walkers;
} Permuted;

static void
flush_permuted(const Permuter *p, Permuted *permuted)
{
	Walkers    *walkers = &permuted->walkers;

	la_walk_down(p->tree->nodes, walkers, permuted->feature);
	for (uint32_t i = 0; i < walkers->n; i++)
	{
		if (walkers->node[i] != permuted->leaf[i])
			permuted->change += cost_of(p, walkers->node[i], walkers->record[i]) -
				cost_of(p, permuted->leaf[i], walkers->record[i]);
	}
	walkers->n = 0;
}

/* Permute the rows whose leaf is below "node", which asks for the feature. */
static void
permute_below(const Permuter *p, Permuted *permuted, uint32_t node, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; i < end; i++)
	{
		uint32_t	place = (uint32_t) p->by_leaf[i];
		uint32_t	donor = place + permuted->shift;
		const uint8_t *record = record_at(p, place);
		uint8_t		bin;

		donor -= donor >= p->n ? p->n : 0;
		bin = record_at(p, donor)[permuted->feature];
		if (bin == record[permuted->feature])
			continue;
		permuted->leaf[permuted->walkers.n] = (uint32_t) (p->by_leaf[i] >> 32);
		la_walk_start(&permuted->walkers, record, node, bin);
		if (permuted->walkers.n == LA_WALK_BATCH)
			flush_permuted(p, permuted);
	}
}

/*
 * la_permuter_loss
 *		What the tree loses on its out-of-bag rows when the feature is permuted
 *		among them.
 *
 * For classes the share of rows right before, less that right after; for a
 * number the mean squared error after, less that before, in units of the
 * squared range of the targets until la_importance_finish, where nothing can
 * overflow.  0 if the tree does not ask for the feature; NaN if fewer than two
 * rows are out of bag.  Depends on seed, tree and feature only.
 *
 * The permutation is a random order rotated by a random number of places, at
 * least one: any row may get the value of any other row, as likely as of the
 * next, and the same order serves all features.  (R and ranger draw a new
 * permutation for each, in which one row on average keeps its value.)
 *
 * Only rows that meet the feature on their way are walked, from the node where
 * they first meet it: in preorder those below a node have neighbouring leaves.
 */
double
la_permuter_loss(Permuter *p, uint32_t feature)
{
	Prng		prng = random_stream(p, FEATURE_PURPOSE(feature));
	uint32_t	begin = 0;
	Permuted	permuted;

	if (p->n < 2)
		return NAN;
	permuted.feature = feature;
	permuted.shift = 1 + la_prng_below(&prng, p->n - 1);
	permuted.change = 0;
	permuted.walkers.n = 0;
	for (uint32_t node = 0; node < p->tree->nnodes;)
	{
		uint32_t	after;
		uint32_t	end;

		if (p->tree->nodes[node].feature != feature)
		{
			node++;
			continue;
		}
		after = end_of_subtree(p->tree, node);
		begin = first_at(p, begin, node);
		end = first_at(p, begin, after);
		permute_below(p, &permuted, node, begin, end);
		begin = end;
		node = after;
	}
	flush_permuted(p, &permuted);
	return permuted.change / p->n;
}

/* --- importance ---------------------------------------------------------- */

/* followed by the sums of impurity, the means of loss and its squares about the mean */
struct Importance
{
	uint32_t	nfeatures;
	uint32_t	npermuted;		/* trees with a loss */
};

static double *
sums_of(const Importance *importance, uint32_t which)
{
	return (double *) ((char *) importance + la_oob_align(sizeof(Importance))) +
		(size_t) which * importance->nfeatures;
}

enum
{
	IMPURITY, MEAN, SQUARES, NSUMS
};

/*
 * la_importance_size
 *		Bytes of memory for la_importance_init.
 */
size_t
la_importance_size(uint32_t nfeatures)
{
	return la_oob_align(sizeof(Importance)) + (size_t) NSUMS * nfeatures * sizeof(double);
}

/*
 * la_importance_init
 *		The importance of features without any tree, in "memory", which is
 *		aligned to 8 bytes.
 */
Importance *
la_importance_init(void *memory, uint32_t nfeatures)
{
	Importance *importance = memory;

	memset(memory, 0, la_importance_size(nfeatures));
	importance->nfeatures = nfeatures;
	return importance;
}

static double
sum(const double *values, uint32_t n)
{
	double		result = 0;

	for (uint32_t i = 0; i < n; i++)
		result += values[i];
	return result;
}

/* Each tree counts the same, one without splits not at all. */
static void
add_impurity(Importance *importance, const double *impurity)
{
	double		total = sum(impurity, importance->nfeatures);

	if (!(total > 0) || isinf(total))
		return;
	for (uint32_t f = 0; f < importance->nfeatures; f++)
		sums_of(importance, IMPURITY)[f] += impurity[f] / total;
}

/* Welford, Note on a Method for Calculating Corrected Sums of Squares, 1962. */
static void
add_loss(Importance *importance, const double *loss)
{
	if (isnan(loss[0]))
		return;
	importance->npermuted++;
	for (uint32_t f = 0; f < importance->nfeatures; f++)
	{
		double	   *mean = &sums_of(importance, MEAN)[f];
		double		difference = loss[f] - *mean;

		*mean += difference / importance->npermuted;
		sums_of(importance, SQUARES)[f] += difference * (loss[f] - *mean);
	}
}

/*
 * la_importance_add
 *		Add a tree; the last bits depend on the order, which is that of the trees.
 *
 * "impurity" is the decrease of impurity per feature, in any unit; "loss" what
 * la_permuter_loss said per feature, or NULL.  A tree whose losses are NaN is
 * left out of them.
 */
void
la_importance_add(Importance *importance, const double *impurity, const double *loss)
{
	add_impurity(importance, impurity);
	if (loss != NULL)
		add_loss(importance, loss);
}

/* From units of the squared range to those of the squared target. */
static double
to_squared_target(const Oob *oob, double value)
{
	if (oob->half_range > 0)
		value = value * oob->half_range * oob->half_range * 4;
	if (value > DBL_MAX)
		return DBL_MAX;
	return value < -DBL_MAX ? -DBL_MAX : value;
}

static void
finish_losses(const Importance *importance, const Oob *oob, double *permutation, double *std_error)
{
	double		n = importance->npermuted;

	for (uint32_t f = 0; f < importance->nfeatures; f++)
	{
		double		variance = n > 1 ? sums_of(importance, SQUARES)[f] / (n - 1) : NAN;

		permutation[f] = n > 0 ? to_squared_target(oob, sums_of(importance, MEAN)[f]) : NAN;
		std_error[f] = to_squared_target(oob, sqrt(variance / n));
	}
}

/*
 * la_importance_finish
 *		The importance of the features to the forest.
 *
 * "impurity" gets shares with sum 1, or zeros if no tree has a split, as
 * feature_importances_ of scikit-learn.  "permutation" gets the mean loss over
 * the trees and "std_error" its standard error; both are NULL if not wanted.
 * They are in units of accuracy, or of the squared target, as importance() of
 * R's randomForest with scale = FALSE, and not divided by the standard error as
 * that has it by default (Strobl & Zeileis, Danger: High Power! Exploring the
 * Statistical Properties of a Test for Random Forest Variable Importance,
 * 2008).  The mean is NaN without a tree, its error below two trees.
 */
void
la_importance_finish(const Importance *importance, const Oob *oob, double *impurity,
					 double *permutation, double *std_error)
{
	const double *sums = sums_of(importance, IMPURITY);
	double		total = sum(sums, importance->nfeatures);

	for (uint32_t f = 0; f < importance->nfeatures; f++)
		impurity[f] = total > 0 ? sums[f] / total : 0;
	if (permutation != NULL)
		finish_losses(importance, oob, permutation, std_error);
}
