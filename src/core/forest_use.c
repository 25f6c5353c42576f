/*
 * forest_use.c
 *		Predicting with a decoded forest, and looking into it.
 *
 * A large forest does not fit into the caches, so nearly every step down a
 * tree waits for memory.  Many trees are walked at once, a step in each by
 * turns, so that those waits pass together.
 */
#include "forest_model.h"

#include <math.h>
#include <string.h>

#include "binning.h"

/* trees walked at once, at most and at least */
#define BATCH 256
#define MIN_BATCH 16

#if defined(__GNUC__) || defined(__clang__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void) (address))
#endif

static inline uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * la_forest_bins_size
 *		Bytes that la_forest_predict needs for the bins of a row.
 */
size_t
la_forest_bins_size(const Forest *forest)
{
	return 4 * (size_t) forest->header.nfeatures;
}

/*
 * la_forest_nresults
 *		How many numbers la_forest_predict gives: one, or a probability per class.
 */
uint32_t
la_forest_nresults(const Forest *forest)
{
	return forest->header.nclasses == 0 ? 1 : forest->header.nclasses;
}

/*
 * The bins of a row, for all slots: the smaller one goes on to the next node.
 * That is the left child as it is, and with missing values as 0; and the right
 * child where 255 is at the other end.
 */
static void
bin_row(const ForestPart *part, uint32_t nfeatures, const double *features, uint8_t *bins)
{
	uint8_t    *missing_left = bins + nfeatures * LA_SLOT_MISSING_LEFT;
	uint8_t    *right_first = bins + nfeatures * LA_SLOT_RIGHT_FIRST;
	uint8_t    *both = bins + nfeatures * (LA_SLOT_MISSING_LEFT | LA_SLOT_RIGHT_FIRST);

	for (uint32_t f = 0; f < nfeatures; f++)
	{
		uint32_t	first = part->first_cut[f];
		uint8_t		bin = la_bin_of(features[f], part->cuts + first,
									(int) (part->first_cut[f + 1] - first));

		bins[f] = bin;
		missing_left[f] = bin == LA_MISSING_BIN ? 0 : bin;
		right_first[f] = (uint8_t) (255 - bin);
		both[f] = bin == LA_MISSING_BIN ? 255 : (uint8_t) (255 - bin);
	}
}

/*
 * Walk "n" trees, at most BATCH, whose roots are at "roots", to their leaves.
 *
 * A lane is a tree being walked: its number, and where it is.  One that is at
 * its leaf is left out when the others move up, without a branch, since when
 * that happens cannot be guessed.
 */
static void
find_leaves(const ForestNode *nodes, const uint32_t *roots, uint32_t n,
			const uint8_t *bins, uint32_t *leaves)
{
	uint64_t	lanes[BATCH];

	for (uint32_t i = 0; i < n; i++)
	{
		lanes[i] = (uint64_t) i << 32 | roots[i];
		PREFETCH(&nodes[roots[i]]);
	}
	while (n > 0)
	{
		uint32_t	left = 0;

		for (uint32_t i = 0; i < n; i++)
		{
			uint64_t	lane = lanes[i];
			const ForestNode *at = &nodes[(uint32_t) lane];
			ForestNode	node = *at;
			uint32_t	cut = la_node_cut(node);
			uint32_t	next = -(uint32_t) (bins[la_node_slot(node)] < cut);
			uint32_t	step = node.jump - ((node.jump - 1) & next);

			PREFETCH(at + step);
			leaves[lane >> 32] = (uint32_t) lane;
			lanes[left] = lane + step;
			left += cut != 0;
		}
		n = left;
	}
}

static void
add_run(const ForestShare *run, double *sums)
{
	for (;; run++)
	{
		sums[run->cls] += run->share;
		if (run->last)
			break;
	}
}

/* Add up, tree by tree, what the leaves say. */
static void
add_leaves(const Forest *forest, const uint32_t *leaves, uint32_t n, double *sums)
{
	const ForestNode *nodes = forest->nodes;

	if (forest->header.nclasses <= 2)
	{
		for (uint32_t i = 0; i < n; i++)
			sums[0] += forest->values[nodes[leaves[i]].jump];
		return;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		const ForestNode *leaf = &nodes[leaves[i]];

		if (leaf->test & LA_TEST_MIXED)
			add_run(forest->shares + leaf->jump, sums);
		else
			sums[leaf->jump] += 1;
	}
}

/* The first and the second largest number. */
static void
find_leaders(const double *sums, uint32_t n, double *first, double *second)
{
	*first = *second = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		if (sums[i] > *first)
		{
			*second = *first;
			*first = sums[i];
		}
		else if (sums[i] > *second)
			*second = sums[i];
	}
}

/* How far the most probable class is ahead after "done" trees. */
static double
lead_of(const Forest *forest, const double *sums, uint32_t done)
{
	double		first;
	double		second;

	if (forest->header.nclasses <= 2)
		return fabs(done - 2 * sums[0]);
	find_leaders(sums, forest->header.nclasses, &first, &second);
	return first - second;
}

/*
 * How many trees to walk before asking whether the others can change the most
 * probable class, 0 if they cannot.  Half of those that could would do if all
 * agreed; but the last of a batch wait for memory alone, so one batch that is
 * larger and mostly enough costs less than two.  A tree adds at most 1, but for
 * rounding.
 */
static uint32_t
trees_to_decide(const Forest *forest, const double *sums, uint32_t done)
{
	double		open = forest->ntrees - done - lead_of(forest, sums, done);

	if (open < -1e-6)
		return 0;
	return open < MIN_BATCH ? MIN_BATCH : (uint32_t) (open * 2 / 3) + 1;
}

/*
 * Add up over the trees what the leaves of a row say, with "decide" only until
 * the most probable class is certain.  Returns how many trees it took.
 */
static uint32_t
add_trees(const Forest *forest, const double *features, uint8_t *bins, bool decide, double *sums)
{
	uint32_t	leaves[BATCH];
	uint32_t	tree = 0;

	memset(sums, 0, la_forest_nresults(forest) * sizeof(*sums));
	for (uint32_t part = 0; part < forest->header.nparts; part++)
	{
		uint32_t	end = forest->first_tree[part + 1];

		bin_row(&forest->parts[part], forest->header.nfeatures, features, bins);
		while (tree < end)
		{
			uint32_t	n = smaller(end - tree, BATCH);

			if (decide)
				n = smaller(n, trees_to_decide(forest, sums, tree));
			if (n == 0)
				return tree;
			find_leaves(forest->nodes, forest->first_node + tree, n, bins, leaves);
			add_leaves(forest, leaves, n, sums);
			tree += n;
		}
	}
	return tree;
}

/* Turn the sums over "ntrees" trees into means; of two classes there was one sum. */
static void
take_means(const Forest *forest, uint32_t ntrees, double *sums)
{
	uint32_t	n = la_forest_nresults(forest);

	if (forest->header.nclasses == 2)
		sums[1] = sums[0];
	if (forest->header.nclasses == 1 || forest->header.nclasses == 2)
		sums[0] = ntrees - sums[0];
	for (uint32_t i = 0; i < n; i++)
		sums[i] /= ntrees;
}

/*
 * la_forest_predict
 *		What a forest says of a row of header.nfeatures values; NaN is missing.
 *
 * The mean over all trees of what the leaf of the row says: a number, or each
 * class's share of its rows, of which "result" has one a class.  "bins" has
 * room for la_forest_bins_size bytes.
 */
void
la_forest_predict(const Forest *forest, const double *features, uint8_t *bins, double *result)
{
	take_means(forest, add_trees(forest, features, bins, false, result), result);
}

/*
 * la_forest_predict_class
 *		The class that la_forest_predict finds the most probable; of equals the
 *		first.  Leaves out the trees that cannot change it any more.
 */
uint32_t
la_forest_predict_class(const Forest *forest, const double *features, uint8_t *bins, double *scratch)
{
	uint32_t	best = 0;

	take_means(forest, add_trees(forest, features, bins, true, scratch), scratch);
	for (uint32_t c = 1; c < forest->header.nclasses; c++)
	{
		if (scratch[c] > scratch[best])
			best = c;
	}
	return best;
}

/*
 * la_forest_leaf
 *		What a leaf says: la_forest_nresults numbers.
 */
void
la_forest_leaf(const Forest *forest, const ForestNode *leaf, double *result)
{
	uint32_t	nclasses = forest->header.nclasses;

	memset(result, 0, la_forest_nresults(forest) * sizeof(*result));
	if (nclasses > 2)
	{
		if (leaf->test & LA_TEST_MIXED)
			add_run(forest->shares + leaf->jump, result);
		else
			result[leaf->jump] = 1;
		return;
	}
	result[0] = forest->values[leaf->jump];
	if (nclasses == 2)
		result[1] = result[0];
	if (nclasses > 0)
		result[0] = 1 - result[0];
}

/*
 * la_forest_largest_tree
 *		The nodes of the largest tree.
 */
uint32_t
la_forest_largest_tree(const Forest *forest)
{
	uint32_t	largest = 0;

	for (uint32_t t = 0; t < forest->ntrees; t++)
	{
		uint32_t	nnodes = forest->first_node[t + 1] - forest->first_node[t];

		if (nnodes > largest)
			largest = nnodes;
	}
	return largest;
}

static uint32_t
tree_depth(const ForestNode *nodes, uint32_t nnodes, uint32_t *depth)
{
	uint32_t	deepest = 0;

	depth[0] = 0;
	for (uint32_t i = 0; i < nnodes; i++)
	{
		if (depth[i] > deepest)
			deepest = depth[i];
		if (la_node_cut(nodes[i]) == 0)
			continue;
		depth[i + 1] = depth[i] + 1;
		depth[i + nodes[i].jump] = depth[i] + 1;
	}
	return deepest;
}

/*
 * la_forest_depth
 *		Splits on the longest path of any tree; depth_scratch has room for
 *		the nodes of the largest one.
 */
uint32_t
la_forest_depth(const Forest *forest, uint32_t *depth_scratch)
{
	uint32_t	deepest = 0;

	for (uint32_t t = 0; t < forest->ntrees; t++)
	{
		uint32_t	first = forest->first_node[t];
		uint32_t	depth = tree_depth(forest->nodes + first, forest->first_node[t + 1] - first,
									   depth_scratch);

		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}
