/*
 * forest_inspect_fixture.h
 *		Growing a tree, and walking over all of it to see that it keeps its
 *		promises.
 */
#ifndef LA_FOREST_INSPECT_FIXTURE_H
#define LA_FOREST_INSPECT_FIXTURE_H

#include "forest_search_fixture.h"

#include <float.h>

/* what a walk over a tree with all drawn rows found */
typedef struct Findings
{
	bool		shape;			/* preorder, counts and means in the order of the leaves */
	bool		leaves;			/* every leaf tells the rows that end in it */
	bool		importance;		/* what the grower says is the decrease of impurity */
	bool		drawn;			/* so is what it says was drawn */
	bool		pure;			/* no leaf that could be split */
	uint32_t	depth;
	uint64_t	smallest_leaf;
	uint64_t	rows;
} Findings;

/* how far a walk in preorder has come */
typedef struct Walk
{
	const ForestTree *tree;
	uint32_t	nfeatures;
	uint32_t	ncounts;
	uint32_t	nmeans;
	uint32_t	depth;			/* the greatest */
	bool		valid;
} Walk;

static inline void
walk_leaf(Walk *walk, const TreeNode *leaf)
{
	walk->valid &= leaf->bin == 0;
	if (walk->tree->nmeans > 0)
		walk->valid &= leaf->flags == 0 && leaf->value == walk->nmeans++;
	else if (leaf->flags != 0)
	{
		walk->valid &= leaf->flags == LA_NODE_MIXED && leaf->value == walk->ncounts &&
			walk->ncounts < walk->tree->ncounts;
		if (walk->valid)
			walk->ncounts += walk->tree->counts[walk->ncounts].cls + 1;
	}
}

/* Walk over a subtree; returns where it ends. */
static inline uint32_t
walk_shape(Walk *walk, uint32_t at, uint32_t depth)
{
	const TreeNode *node = &walk->tree->nodes[at];
	uint32_t	right;

	if (at >= walk->tree->nnodes)
		walk->valid = false;
	if (!walk->valid)
		return at;
	walk->depth = depth > walk->depth ? depth : walk->depth;
	if (node->feature == LA_LEAF)
	{
		walk_leaf(walk, node);
		return at + 1;
	}
	walk->valid &= node->feature < walk->nfeatures && node->bin < LA_MISSING_BIN &&
		(node->flags & ~(LA_NODE_MISSING_LEFT | LA_NODE_RIGHT_FIRST)) == 0;
	right = walk_shape(walk, at + 1, depth + 1);
	walk->valid &= right == at + node->value;
	return walk_shape(walk, right, depth + 1);
}

static inline void
check_shape(const ForestRows *rows, const ForestTree *tree, Findings *found)
{
	Walk		walk = {tree, rows->nfeatures, 0, 0, 0, true};
	uint32_t	end = walk_shape(&walk, 0, 0);

	found->shape = walk.valid && end == tree->nnodes &&
		walk.ncounts == tree->ncounts && walk.nmeans == tree->nmeans;
	found->depth = walk.depth;
}

/* The child that a record goes to. */
static inline uint32_t
next_node(const ForestTree *tree, uint32_t at, const uint8_t *record)
{
	const TreeNode *node = &tree->nodes[at];

	bool		right_first = (node->flags & LA_NODE_RIGHT_FIRST) != 0;

	return at + (goes_left(record, node->feature, node->bin, missing_goes_left(node)) != right_first ? 1 : node->value);
}

/* The rows of every node. */
static inline Group *
group_by_node(const Search *search, const ForestTree *tree)
{
	const ForestRows *rows = search->rows;
	Group	   *groups = malloc(tree->nnodes * sizeof(Group));

	for (uint32_t i = 0; i < tree->nnodes; i++)
		groups[i] = group_new(rows);
	for (int pass = 0; pass < 2; pass++)
	{
		for (uint32_t r = 0; r < rows->nrows; r++)
		{
			for (uint32_t at = 0;; at = next_node(tree, at, la_forest_row(rows, r)))
			{
				if (pass == 0)
					group_add(&groups[at], rows, search->options, r, search->weights[r]);
				else
					group_deviate(&groups[at], rows, r, search->weights[r]);
				if (tree->nodes[at].feature == LA_LEAF)
					break;
			}
		}
	}
	return groups;
}

/* Whether a leaf lists its classes and counts. */
static inline bool
leaf_says_classes(const Search *search, const ForestTree *tree, const TreeNode *leaf, const Group *group)
{
	const double *class_weight = search->options->class_weight;
	const ForestCount *run = tree->counts + leaf->value;
	uint32_t	listed = 0;

	if (leaf->flags == 0)
		return !group->mixed && group->cls == leaf->value;
	for (uint32_t c = 0; c < search->rows->nclasses; c++)
	{
		long double nrows = group->by_class[c] / (class_weight ? class_weight[c] : 1);

		if (group->by_class[c] == 0)
			continue;
		if (++listed > run->cls || run[listed].cls != c || run[listed].nrows != (uint32_t) (nrows + 0.5L))
			return false;
	}
	return run->cls == listed && listed > 1 && run->nrows == group->rows;
}

/* Whether a leaf predicts the mean, and exactly so if all numbers are the same. */
static inline bool
leaf_says_number(const ForestTree *tree, const TreeNode *leaf, const Group *group)
{
	double		mean = tree->means[leaf->value];

	if (mean < group->least || mean > group->greatest)
		return false;
	return fabsl(mean - group_mean(group)) <= 5e-324L +
		DBL_EPSILON * fmaxl(fabsl(group->least), fabsl(group->greatest)) +
		DBL_EPSILON * group->rows * ((long double) group->greatest - group->least);
}

/* Whether no two records of a leaf differ in a feature. */
static inline bool
cannot_be_split(const Search *search, const ForestTree *tree, uint32_t leaf)
{
	const ForestRows *rows = search->rows;
	const uint8_t *seen = NULL;

	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		uint32_t	at = 0;

		while (tree->nodes[at].feature != LA_LEAF)
			at = next_node(tree, at, la_forest_row(rows, r));
		if (at != leaf || search->weights[r] == 0)
			continue;
		if (seen && memcmp(seen, la_forest_row(rows, r), rows->nfeatures) != 0)
			return false;
		seen = la_forest_row(rows, r);
	}
	return true;
}

static inline void
check_leaves(const Search *search, const ForestTree *tree, const Group *groups, Findings *found)
{
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		if (tree->nodes[i].feature != LA_LEAF)
			continue;
		if (search->rows->nclasses == 0)
			found->leaves &= leaf_says_number(tree, &tree->nodes[i], &groups[i]);
		else
			found->leaves &= leaf_says_classes(search, tree, &tree->nodes[i], &groups[i]);
		found->pure &= !groups[i].mixed || cannot_be_split(search, tree, i);
		found->smallest_leaf = groups[i].rows < found->smallest_leaf ? groups[i].rows : found->smallest_leaf;
		found->rows += groups[i].rows;
	}
}

/* Of very large and very small numbers only the shares are compared. */
static inline bool
importance_is_right(const Search *search, const ForestTree *tree, const Group *groups, const double *importance)
{
	const ForestRows *rows = search->rows;
	double		size = fmax(fabs(groups[0].least), fabs(groups[0].greatest));
	long double impurity = group_impurity(&groups[0], rows);
	long double *expected = calloc(rows->nfeatures, sizeof(long double));
	long double total = 0;
	long double expected_total = 0;
	long double unit = 1;
	bool		right = true;

	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];

		if (node->feature == LA_LEAF)
			continue;
		right &= groups[i + 1].rows >= groups[i + node->value].rows;
		expected[node->feature] += group_impurity(&groups[i], rows) -
			group_impurity(&groups[i + 1], rows) - group_impurity(&groups[i + node->value], rows);
	}
	for (uint32_t f = 0; f < rows->nfeatures; f++)
	{
		total += importance[f];
		expected_total += expected[f];
	}
	if (rows->nclasses == 0 && (size > 1e120 || size < 1e-120) && total > 0)
		unit = expected_total / total;
	/* gains of classes are differences of sums of weights */
	for (uint32_t f = 0; f < rows->nfeatures; f++)
		right &= fabsl(importance[f] * unit - expected[f]) <= 1e-9L * impurity +
			(rows->nclasses > 2 ? 1e-14L * groups[0].weight : 0);
	free(expected);
	return right;
}

static inline Findings
inspect(const ForestRows *rows, const GrowOptions *options, uint32_t number, const Grower *grower)
{
	Findings	found = {true, true, true, true, true, 0, UINT64_MAX, 0};
	const ForestTree *tree = la_tree_result(grower->grower);
	uint8_t    *drawn = count_draws(rows, options, number);
	uint32_t   *weights = record_weights(rows, drawn);
	Search		search = {rows, options, weights};

	found.drawn = memcmp(drawn, la_tree_drawn(grower->grower), rows->total) == 0;
	check_shape(rows, tree, &found);
	if (found.shape)
	{
		Group	   *groups = group_by_node(&search, tree);

		check_leaves(&search, tree, groups, &found);
		found.importance = importance_is_right(&search, tree, groups, la_tree_importance(grower->grower));
		for (uint32_t i = 0; i < tree->nnodes; i++)
			free(groups[i].by_class);
		free(groups);
	}
	free(drawn);
	free(weights);
	return found;
}

/* Everything that holds for every tree. */
static inline bool
is_sound(const Findings *found)
{
	return found->shape && found->leaves && found->importance && found->drawn;
}

/* Grow the tree of one number, look at it, and free the rows. */
static inline Findings
grow_and_inspect(ForestRows *rows, GrowOptions options, uint32_t number)
{
	Grower	   *grower;
	Findings	found;

	rows_sort_and_collapse(rows);
	grower = grower_new(rows, &options);
	grower_grow(grower, number);
	found = inspect(rows, &options, number, grower);
	grower_free(grower);
	rows_free(rows);
	return found;
}

/* Whether a node is a pure leaf of this label. */
static inline bool
leaf_predicts(const ForestTree *tree, uint32_t at, uint32_t label)
{
	const TreeNode *leaf = &tree->nodes[at];

	return leaf->feature == LA_LEAF && leaf->flags == 0 &&
		(tree->nmeans > 0 ? tree->means[leaf->value] == label : leaf->value == label);
}

#endif							/* LA_FOREST_INSPECT_FIXTURE_H */
