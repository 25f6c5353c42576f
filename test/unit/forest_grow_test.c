/*
 * forest_grow_test.c
 *		Growing trees against an exhaustive search and against counting.
 */
#include "forest_grow.h"

#include <float.h>
#include <math.h>

#include "forest_rows_fixture.h"
#include "tap.h"

static const char *
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
static uint8_t *
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
static uint32_t *
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

static Group
group_new(const ForestRows *rows)
{
	Group		group = {0, 0, NULL, 0, 0, 0, INFINITY, -INFINITY, 0, false};

	group.by_class = calloc(rows->nclasses + 1, sizeof(long double));
	return group;
}

static void
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

static long double
group_mean(const Group *group)
{
	return group->origin + group->sum / group->weight;
}

/* The second pass, for numbers. */
static void
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
static long double
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

static bool
missing_goes_left(const TreeNode *node)
{
	return (node->flags & LA_NODE_MISSING_LEFT) != 0;
}

static bool
goes_left(const uint8_t *record, uint32_t feature, int bin, bool missing_left)
{
	return record[feature] == LA_MISSING_BIN ? missing_left : record[feature] <= bin;
}

/* The impurity of both sides; infinity if one has less than min_leaf rows. */
static long double
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

static Group
whole(const Search *search)
{
	Group		all = group_new(search->rows);

	for (uint32_t r = 0; r < search->rows->nrows; r++)
		group_add(&all, search->rows, search->options, r, search->weights[r]);
	for (uint32_t r = 0; r < search->rows->nrows; r++)
		group_deviate(&all, search->rows, r, search->weights[r]);
	return all;
}

static bool
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
static long double
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
static bool
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
static bool
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
static int
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
static double *
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

static void
test_root(uint32_t nclasses)
{
	Prng		prng;
	int			wrong = 0;
	int			leaves = 0;

	la_prng_seed(&prng, 11, nclasses);
	for (uint32_t repeat = 0; repeat < 60; repeat++)
	{
		ForestRows	rows = rows_random(&prng, 2 + la_prng_below(&prng, 50), 1 + la_prng_below(&prng, 4), nclasses,
									   1 + la_prng_below(&prng, repeat % 2 ? 255 : 6));
		double	   *weights = random_weights(&prng, nclasses);

		wrong += count_wrong_roots(&rows, (GrowOptions) {0, 1 + la_prng_below(&prng, 9), 0, 1.0, repeat, weights},
								   &leaves);
		free(weights);
	}
	ok(wrong == 0, "%s: the root is the best of all splits (%d of 180 are not)", name_of(nclasses), wrong);
	ok(leaves > 0 && (leaves < 120 || nclasses == 1), "%s: some roots cannot be split (%d)",
	   name_of(nclasses), leaves);
}

/* Many rows, which are counted in other ways. */
static void
test_large_root(uint32_t nclasses, uint32_t n)
{
	Prng		prng;
	int			wrong = 0;
	int			leaves = 0;

	la_prng_seed(&prng, 12, nclasses);
	for (uint32_t repeat = 0; repeat < 6; repeat++)
	{
		/* a batch of every length */
		ForestRows	rows = rows_random(&prng, n + la_prng_below(&prng, n), 1 + repeat, nclasses,
									   repeat % 2 ? 4 : 255);
		double	   *weights = random_weights(&prng, nclasses);

		wrong += count_wrong_roots(&rows, (GrowOptions) {0, 1 + n / 3 * (repeat == 4), 0, 1.0, repeat, weights},
								   &leaves);
		free(weights);
	}
	ok(wrong == 0, "%s: so is a root of %u rows and more (%d of 18 are not)", name_of(nclasses), n, wrong);
}

/* --- whole trees -------------------------------------------------------- */

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

static void
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
static uint32_t
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

static void
check_shape(const ForestRows *rows, const ForestTree *tree, Findings *found)
{
	Walk		walk = {tree, rows->nfeatures, 0, 0, 0, true};
	uint32_t	end = walk_shape(&walk, 0, 0);

	found->shape = walk.valid && end == tree->nnodes &&
		walk.ncounts == tree->ncounts && walk.nmeans == tree->nmeans;
	found->depth = walk.depth;
}

/* The child that a record goes to. */
static uint32_t
next_node(const ForestTree *tree, uint32_t at, const uint8_t *record)
{
	const TreeNode *node = &tree->nodes[at];

	bool		right_first = (node->flags & LA_NODE_RIGHT_FIRST) != 0;

	return at + (goes_left(record, node->feature, node->bin, missing_goes_left(node)) != right_first ? 1 : node->value);
}

/* The rows of every node. */
static Group *
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
static bool
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
static bool
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
static bool
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

static void
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
static bool
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

static Findings
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
static bool
is_sound(const Findings *found)
{
	return found->shape && found->leaves && found->importance && found->drawn;
}

/* Grow the tree of one number, look at it, and free the rows. */
static Findings
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

/* Trees of all kinds of options keep what the options promise. */
static void
test_promises(uint32_t nclasses)
{
	/* entries of 8, 16, 24 bytes and more */
	static const uint32_t widths[] = {1, 2, 3, 4, 5, 11, 12, 13, 20, 21, 37};
	Prng		prng;
	bool		shape = true;
	bool		leaves = true;
	bool		importance = true;
	bool		limits = true;
	bool		complete = true;

	la_prng_seed(&prng, 13, nclasses);
	for (uint32_t repeat = 0; repeat < 66; repeat++)
	{
		uint32_t	n = 1 + la_prng_below(&prng, 400);
		uint32_t	nfeatures = widths[repeat % 11];
		ForestRows	rows = rows_random(&prng, n, nfeatures, nclasses, 1 + la_prng_below(&prng, 255));
		double	   *weights = random_weights(&prng, nclasses);
		GrowOptions options = {
			la_prng_below(&prng, 8), 1 + la_prng_below(&prng, 20), 1 + la_prng_below(&prng, nfeatures),
			repeat % 3 == 0 ? 0.001 + la_prng_below(&prng, 1000) / 1001.0 : 1.0, repeat, weights
		};
		uint64_t	wanted = (uint64_t) (options.sample * n + 0.5);
		Findings	found = grow_and_inspect(&rows, options, repeat);

		shape &= found.shape;
		leaves &= found.leaves;
		importance &= found.importance;
		limits &= options.max_depth == 0 || found.depth <= options.max_depth;
		limits &= found.depth == 0 || found.smallest_leaf >= options.min_leaf;
		complete &= found.drawn && found.rows == (wanted > 0 ? wanted : 1);
		free(weights);
	}
	ok(shape, "%s: nodes are in preorder", name_of(nclasses));
	ok(leaves, "%s: every leaf tells the rows that end in it", name_of(nclasses));
	ok(importance, "%s: the importance is the decrease of impurity", name_of(nclasses));
	ok(limits, "%s: max_depth and min_leaf are kept", name_of(nclasses));
	ok(complete, "%s: every drawn row is in a leaf", name_of(nclasses));
}

/* Without limits only rows that are equal but for their label share a leaf. */
static void
test_pure(uint32_t nclasses)
{
	Prng		prng;
	bool		pure = true;

	la_prng_seed(&prng, 17, nclasses);
	for (uint32_t repeat = 0; repeat < 30; repeat++)
	{
		ForestRows	rows = rows_random(&prng, 300, 3, nclasses, 2 + 8 * repeat);
		Findings	found = grow_and_inspect(&rows, (GrowOptions) {0, 1, 1 + repeat % 3, 1.0, repeat, NULL}, 0);

		pure &= is_sound(&found) && found.pure;
	}
	ok(pure, "%s: a tree without limits tells distinct rows apart", name_of(nclasses));
}

/* A tree depends on its number, not on the trees before it. */
static void
test_independence(uint32_t nclasses)
{
	Prng		prng;
	ForestRows	rows;
	GrowOptions options = {0, 1, 1, 1.0, 5, NULL};
	Grower	   *grower;
	ForestTree	late;
	ForestTree	other;
	double		importance[4];

	la_prng_seed(&prng, 23, nclasses);
	rows = rows_random(&prng, 500, 4, nclasses, 200);
	rows_sort_and_collapse(&rows);
	grower = grower_new(&rows, &options);
	for (uint32_t tree = 0; tree < 7; tree++)
		grower_grow(grower, tree);
	late = tree_copy(grower_grow(grower, 7));
	memcpy(importance, la_tree_importance(grower->grower), sizeof(importance));
	la_tree_begin(grower->grower, 9);
	la_tree_step(grower->grower);	/* and is left there */
	other = tree_copy(grower_grow(grower, 8));
	grower_free(grower);

	grower = grower_new(&rows, &options);
	ok(same_tree(&late, grower_grow(grower, 7)) &&
	   memcmp(importance, la_tree_importance(grower->grower), sizeof(importance)) == 0,
	   "%s: a tree does not depend on those before it", name_of(nclasses));
	ok(!same_tree(&late, &other), "%s: trees differ", name_of(nclasses));
	ok(same_tree(&other, grower_grow(grower, 8)), "%s: nor on one that was not finished", name_of(nclasses));
	grower_free(grower);
	tree_free(&late);
	tree_free(&other);
	rows_free(&rows);
}

/* Nor does it depend on the order in which the rows came. */
static void
test_arrival(uint32_t nclasses)
{
	Prng		prng;
	ForestTree	first = {NULL, 0, NULL, 0, NULL, 0};
	bool		same = true;

	for (int repeat = 0; repeat < 5; repeat++)
	{
		GrowOptions options = {0, 2, 2, 0.9, 5, NULL};
		ForestRows	rows;
		Grower	   *grower;

		la_prng_seed(&prng, 29, nclasses);
		rows = rows_random(&prng, 3000, 3, nclasses, 20);
		la_prng_seed(&prng, 30, repeat);
		rows_shuffle(&rows, &prng);
		rows_sort_and_collapse(&rows);
		grower = grower_new(&rows, &options);
		if (repeat == 0)
			first = tree_copy(grower_grow(grower, 3));
		else
			same &= same_tree(&first, grower_grow(grower, 3));
		grower_free(grower);
		rows_free(&rows);
	}
	ok(same, "%s: the order of arrival is nothing", name_of(nclasses));
	tree_free(&first);
}

/* A tree as deep as can be: labels take turns from bin to bin. */
static void
test_deep(uint32_t nclasses)
{
	ForestRows	rows = rows_new(20000, 1, nclasses);
	GrowOptions options = {0, 1, 1, 1.0, 1, NULL};
	Grower	   *grower;
	Findings	found;

	for (uint32_t row = 0; row < 20000; row++)
	{
		uint8_t		bin = (uint8_t) ((row * UINT32_C(2654435761) >> 8) % 255);

		rows_at(&rows, row)[0] = bin;
		if (nclasses > 0)
			la_forest_set_class(&rows, rows_at(&rows, row), bin % nclasses);
		else
			la_forest_set_number(&rows, rows_at(&rows, row), ldexp(1, bin));
	}
	rows_sort_and_collapse(&rows);
	grower = grower_new(&rows, &options);
	grower_grow(grower, 0);
	found = inspect(&rows, &options, 0, grower);
	ok(is_sound(&found) && found.pure && la_tree_result(grower->grower)->nnodes == 2 * 255 - 1,
	   "%s: 255 bins in 255 leaves, %u deep", name_of(nclasses), found.depth);
	grower_free(grower);
	rows_free(&rows);
}

static bool
leaf_predicts(const ForestTree *tree, uint32_t at, uint32_t label)
{
	const TreeNode *leaf = &tree->nodes[at];

	return leaf->feature == LA_LEAF && leaf->flags == 0 &&
		(tree->nmeans > 0 ? tree->means[leaf->value] == label : leaf->value == label);
}

/* Only a missing value tells the labels apart, on either side. */
static void
test_missing(uint32_t nclasses)
{
	bool		right = true;

	for (uint32_t missing_label = 0; missing_label < 2; missing_label++)
	{
		for (uint8_t other = 0; other < LA_MISSING_BIN; other++)
		{
			ForestRows	rows = rows_new(60, 1, nclasses);
			GrowOptions options = {0, 1, 1, 1.0, other, NULL};
			Grower	   *grower;
			const ForestTree *tree;
			bool		missing_first;

			for (uint32_t row = 0; row < 60; row++)
			{
				uint32_t	label = row % 2 ? missing_label : !missing_label;

				rows_at(&rows, row)[0] = row % 2 ? LA_MISSING_BIN : other;
				if (nclasses > 0)
					la_forest_set_class(&rows, rows_at(&rows, row), label);
				else
					la_forest_set_number(&rows, rows_at(&rows, row), label);
			}
			rows_sort_and_collapse(&rows);
			grower = grower_new(&rows, &options);
			tree = grower_grow(grower, 0);
			missing_first = (tree->nodes[0].flags & LA_NODE_RIGHT_FIRST) != 0;
			right &= tree->nnodes == 3 && tree->nodes[0].bin == other && missing_goes_left(&tree->nodes[0]) == false &&
				leaf_predicts(tree, missing_first ? 2 : 1, !missing_label) &&
				leaf_predicts(tree, missing_first ? 1 : 2, missing_label);
			grower_free(grower);
			rows_free(&rows);
		}
	}
	ok(right, "%s: a missing value is a reason to split", name_of(nclasses));
}

/* --- corners -------------------------------------------------------------- */

/* n rows with the same bins, labels that count up to nlabels. */
static ForestRows
rows_alike(uint32_t n, uint32_t nfeatures, uint32_t nclasses, uint32_t nlabels)
{
	ForestRows	rows = rows_new(n, nfeatures, nclasses);

	memset(rows.records, 3, (size_t) n * rows.stride);
	for (uint32_t i = 0; i < n; i++)
	{
		if (nclasses > 0)
			la_forest_set_class(&rows, rows_at(&rows, i), i % nlabels);
		else
			la_forest_set_number(&rows, rows_at(&rows, i), i % nlabels + 0.1);
	}
	return rows;
}

static void
test_corners(uint32_t nclasses)
{
	const GrowOptions options = {0, 1, 1, 1.0, 3, NULL};
	GrowOptions tiny = {0, 1, 1, 1e-9, 3, NULL};
	uint32_t	nlabels = nclasses == 0 || nclasses > 2 ? 3 : nclasses;
	ForestRows	rows = rows_alike(1, 1, nclasses, 1);
	Findings	found = grow_and_inspect(&rows, options, 0);

	ok(is_sound(&found) && found.depth == 0 && found.rows == 1, "%s: one row is a leaf", name_of(nclasses));

	rows = rows_alike(1000, 1, nclasses, nlabels);
	found = grow_and_inspect(&rows, tiny, 0);
	ok(is_sound(&found) && found.rows == 1, "%s: one row at least is drawn", name_of(nclasses));

	rows = rows_alike(1000, 1, nclasses, 1);
	found = grow_and_inspect(&rows, options, 0);
	ok(is_sound(&found) && found.depth == 0 && found.rows == 1000, "%s: equal rows are a leaf", name_of(nclasses));

	rows = rows_alike(1000, 9, nclasses, nlabels);
	found = grow_and_inspect(&rows, options, 0);
	ok(is_sound(&found) && found.depth == 0 && found.rows == 1000,
	   "%s: features that are constant do not split", name_of(nclasses));
}

/* Among constant features the one that varies is found, however few are tried. */
static void
test_one_varies(uint32_t nclasses)
{
	Prng		prng;
	bool		found_it = true;

	la_prng_seed(&prng, 31, nclasses);
	for (uint32_t repeat = 0; repeat < 20; repeat++)
	{
		ForestRows	rows = rows_alike(200, 10, nclasses, 2);
		Findings	found;

		for (uint32_t i = 0; i < 200; i++)
			rows_at(&rows, i)[repeat % 10] = (uint8_t) (i % 2 ? 9 : la_prng_below(&prng, 8));
		found = grow_and_inspect(&rows, (GrowOptions) {0, 1, 1, 1.0, repeat, NULL}, 0);
		found_it &= is_sound(&found) && found.depth > 0 && found.pure;
	}
	ok(found_it, "%s: the only feature that varies is found", name_of(nclasses));
}

static void
test_many_features(uint32_t nclasses)
{
	Prng		prng;
	ForestRows	rows;
	Findings	found;

	la_prng_seed(&prng, 37, nclasses);
	rows = rows_random(&prng, 100, 10000, nclasses, 3);
	found = grow_and_inspect(&rows, (GrowOptions) {0, 1, 101, 1.0, 1, NULL}, 0);
	ok(is_sound(&found) && found.pure && found.rows == 100, "%s: 10000 features", name_of(nclasses));
}

static void
test_most_classes(void)
{
	ForestRows	rows = rows_new(70000, 4, 65535);
	GrowOptions options = {3, 1, 4, 1.0, 1, NULL};
	Grower	   *grower;
	const ForestTree *tree;
	uint64_t	total = 0;
	bool		ordered = true;

	for (uint32_t i = 0; i < 70000; i++)
	{
		uint32_t	cls = i % 65535;

		memset(rows_at(&rows, i), 0, 4);
		for (int f = 0; f < 4; f++)
			rows_at(&rows, i)[f] = (uint8_t) (cls >> (4 * f) & 15);
		la_forest_set_class(&rows, rows_at(&rows, i), cls);
	}
	rows_sort_and_collapse(&rows);
	grower = grower_new(&rows, &options);
	tree = grower_grow(grower, 0);
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const ForestCount *run = tree->counts + tree->nodes[i].value;

		if (tree->nodes[i].feature != LA_LEAF)
			continue;
		ordered &= tree->nodes[i].flags == LA_NODE_MIXED;
		for (uint32_t k = 1; ordered && k <= run->cls; k++)
		{
			ordered &= k == 1 || run[k].cls > run[k - 1].cls;
			total += run[k].nrows;
		}
	}
	ok(ordered && tree->nnodes == 15 && total == 70000, "65535 classes in leaves that list thousands");
	grower_free(grower);
	rows_free(&rows);
}

/*
 * A record that is drawn more often than 16 bits can say, beside which the
 * label has its own.
 */
static void
test_heavy(uint32_t nclasses)
{
	ForestRows	rows = rows_new(300100, 1, nclasses);
	GrowOptions options = {0, 1, 1, 1.0, 1, NULL};
	Grower	   *grower;
	const ForestTree *tree;
	uint8_t    *drawn;
	uint32_t   *weights;
	uint32_t	run[3] = {0, 0, 0};
	bool		right;

	for (uint32_t i = 0; i < rows.nrows; i++)
	{
		rows_at(&rows, i)[0] = i >= 300050;
		la_forest_set_class(&rows, rows_at(&rows, i), i < 300000 ? nclasses - 1 : 0);
	}
	rows_sort_and_collapse(&rows);
	grower = grower_new(&rows, &options);
	tree = grower_grow(grower, 0);
	drawn = count_draws(&rows, &options, 0);
	weights = record_weights(&rows, drawn);
	for (uint32_t r = 0; r < rows.nrows; r++)
	{
		uint32_t	cls = la_forest_row_class(&rows, la_forest_row(&rows, r));

		run[la_forest_row(&rows, r)[0] == 1 ? 2 : cls == 0 ? 0 : 1] += weights[r];
	}
	right = tree->nnodes == 3 && tree->ncounts == 3 && tree->nodes[1].flags == LA_NODE_MIXED &&
		leaf_predicts(tree, 2, 0);
	right = right && tree->counts[0].cls == 2 && tree->counts[0].nrows == run[0] + run[1] &&
		tree->counts[1].cls == 0 && tree->counts[1].nrows == run[0] &&
		tree->counts[2].cls == nclasses - 1 && tree->counts[2].nrows == run[1];
	ok(right && run[1] > 4 * 65535 && memcmp(drawn, la_tree_drawn(grower->grower), rows.total) == 0,
	   "%s: one record drawn %u times", name_of(nclasses), run[1]);
	free(drawn);
	free(weights);
	grower_free(grower);
	rows_free(&rows);
}

/* A row is drawn 255 times at most: then that is what counts. */
static void
test_saturated(uint32_t nclasses)
{
	Prng		prng;
	ForestRows	rows;
	Findings	found;

	la_prng_seed(&prng, 41, nclasses);
	rows = rows_random(&prng, 5, 2, nclasses, 3);
	found = grow_and_inspect(&rows, (GrowOptions) {0, 1, 2, 1000, 1, NULL}, 0);
	ok(is_sound(&found) && found.rows == 5 * 255, "%s: rows drawn 1000 times count 255 times", name_of(nclasses));
}

/*
 * A class that weighs far more than the others, as one of few rows does: the
 * others are still split by what they are.
 */
static void
test_rare_class(uint32_t nclasses)
{
	Prng		prng;
	double		weights[300];
	int			wrong = 0;
	int			leaves = 0;
	bool		sound = true;

	la_prng_seed(&prng, 53, nclasses);
	for (uint32_t c = 0; c < nclasses; c++)
		weights[c] = c == 0 ? 1e9 : 1 + c / 100.0;
	for (uint32_t repeat = 0; repeat < 10; repeat++)
	{
		GrowOptions options = {0, 1, 2, 1.0, repeat, weights};

		for (int pass = 0; pass < 2; pass++)
		{
			ForestRows	rows = rows_random(&prng, repeat % 2 ? 50 : 70 * nclasses, 2, nclasses, 8);

			/* class 0 only where the first bin is 3 */
			for (uint32_t r = 0; r < rows.nrows; r++)
			{
				uint8_t    *record = rows_at(&rows, r);
				uint32_t	other = 1 + la_prng_below(&prng, nclasses - 1);

				if (record[0] == 3 || la_forest_row_class(&rows, record) == 0)
					la_forest_set_class(&rows, record, record[0] == 3 ? 0 : other);
			}
			if (pass == 0)
				wrong += count_wrong_roots(&rows, options, &leaves);
			else
			{
				Findings	found = grow_and_inspect(&rows, options, 0);

				sound &= is_sound(&found) && found.pure;
			}
		}
	}
	ok(wrong == 0, "%s, one of them heavy: the root is the best of all splits (%d of 30 are not)",
	   name_of(nclasses), wrong);
	ok(sound, "%s, one of them heavy: leaves and importance are right", name_of(nclasses));
}

/* Weights that no sum can hold: trees tell the rows apart all the same. */
static void
test_extreme_weights(uint32_t nclasses)
{
	static const double sizes[] = {1e300, 1e-300, 1, DBL_MAX, 5e-324};
	Prng		prng;
	bool		sound = true;
	bool		finite = true;

	la_prng_seed(&prng, 59, nclasses);
	for (uint32_t repeat = 0; repeat < 30; repeat++)
	{
		ForestRows	rows = rows_random(&prng, 20 + 20 * repeat, 3, nclasses, 20);
		double		weights[300];
		double	   *same = repeat < 10 ? weights : NULL;
		GrowOptions options = {0, 1, 2, 1.0, repeat, NULL};
		Grower	   *grower;
		Findings	found;

		for (uint32_t c = 0; c < nclasses; c++)
			weights[c] = same ? sizes[repeat % 5] : sizes[la_prng_below(&prng, 5)];
		options.class_weight = weights;
		rows_sort_and_collapse(&rows);
		grower = grower_new(&rows, &options);
		grower_grow(grower, 0);
		options.class_weight = NULL;	/* leaves know rows, not weights */
		found = inspect(&rows, &options, 0, grower);
		sound &= found.shape && found.leaves && found.drawn && (same == NULL || found.pure);
		for (uint32_t f = 0; f < rows.nfeatures; f++)
			finite &= isfinite(la_tree_importance(grower->grower)[f]) != 0;
		grower_free(grower);
		rows_free(&rows);
	}
	ok(sound, "%s of extreme weights: leaves are right, and pure where all weigh the same", name_of(nclasses));
	ok(finite, "%s of extreme weights: importance is finite", name_of(nclasses));
}

/* --- numbers -------------------------------------------------------------- */

/* Random rows, their numbers multiplied and moved. */
static ForestRows
rows_moved(Prng *prng, uint32_t n, double factor, double offset)
{
	ForestRows	rows = rows_random(prng, n, 3, 0, 20);

	for (uint32_t r = 0; r < n; r++)
		la_forest_set_number(&rows, rows_at(&rows, r),
							 la_forest_row_number(&rows, rows_at(&rows, r)) * factor + offset);
	return rows;
}

/* Numbers of any size: the same promises. */
static void
test_numbers(const char *what, double factor, double offset)
{
	Prng		prng;
	int			wrong = 0;
	int			leaves = 0;
	bool		sound = true;
	bool		pure = true;

	la_prng_seed(&prng, 43, 0);
	for (uint32_t repeat = 0; repeat < 20; repeat++)
	{
		uint32_t	n = repeat % 2 ? 40 : 200;
		ForestRows	rows = rows_moved(&prng, n, factor, offset);
		GrowOptions options = {0, 1, 3, 1.0, repeat, NULL};
		Findings	found;

		wrong += count_wrong_roots(&rows, options, &leaves);
		rows = rows_moved(&prng, n, factor, offset);
		found = grow_and_inspect(&rows, options, 0);
		sound &= is_sound(&found);
		pure &= found.pure;
	}
	ok(wrong == 0 && leaves == 0, "%s: the root is the best of all splits (%d of 60 are not)", what, wrong);
	ok(sound && pure, "%s: leaves predict their mean, and importance is right", what);
}

/* Numbers of a few, at odds with each other. */
static void
test_few_numbers(const char *what, const double *numbers, uint32_t nnumbers)
{
	Prng		prng;
	bool		sound = true;
	int			wrong = 0;
	int			leaves = 0;

	la_prng_seed(&prng, 47, 0);
	for (uint32_t repeat = 0; repeat < 20; repeat++)
	{
		for (int pass = 0; pass < 2; pass++)
		{
			ForestRows	rows = rows_random(&prng, 100, 2, 0, 9);
			GrowOptions options = {0, 1, 2, 1.0, repeat, NULL};
			Findings	found;

			for (uint32_t r = 0; r < 100; r++)
				la_forest_set_number(&rows, rows_at(&rows, r), numbers[la_prng_below(&prng, nnumbers)]);
			if (pass == 0)
				wrong += count_wrong_roots(&rows, options, &leaves);
			else
			{
				found = grow_and_inspect(&rows, options, 0);
				sound &= is_sound(&found) && found.pure;
			}
		}
	}
	ok(wrong == 0 && leaves == 0, "%s: the root is the best of all splits (%d of 60 are not)", what, wrong);
	ok(sound, "%s: leaves predict their mean, and importance is right", what);
}

static void
test_all_numbers(void)
{
	static const double largest[] = {DBL_MAX, -DBL_MAX};
	static const double near_largest[] = {DBL_MAX, DBL_MAX * (1 - DBL_EPSILON), DBL_MAX * (1 - 2 * DBL_EPSILON)};
	static const double denormal[] = {5e-324, 1e-323, 0, 5e-320};
	static const double outlier[] = {1, 2, 3, 4, 5, 6, 7, 1e15};
	static const double extremes[] = {1e308, -1e308, 1.1, 1.3, 0};

	test_numbers("numbers around 1e9", 1e-3, 1e9);
	test_numbers("numbers around -1e15", 50, -1e15);
	test_numbers("numbers of 1e100", 1e100, 0);
	test_numbers("numbers of 1e160", 1e160, -5e159);
	test_numbers("numbers of 1e308", 5e306, -2e307);
	test_numbers("numbers of 1e-170", 1e-170, 0);
	test_numbers("numbers of 1e-300", 1e-300, 1e-301);
	test_few_numbers("the largest numbers", largest, 2);
	test_few_numbers("nearly the same, very large", near_largest, 3);
	test_few_numbers("the smallest numbers", denormal, 4);
	test_few_numbers("an outlier", outlier, 8);
	test_few_numbers("large and small", extremes, 5);
}

/* A leaf among numbers that are much larger predicts exactly its own. */
static void
test_exact(void)
{
	static const double numbers[] = {1.1, 1e308, -0.3, -1e308, 1e-100, 1e9 + 0.1};
	ForestRows	rows = rows_new(6000, 1, 0);
	GrowOptions options = {0, 1, 1, 1.0, 1, NULL};
	Grower	   *grower;
	const ForestTree *tree;
	bool		exact = true;

	for (uint32_t i = 0; i < 6000; i++)
	{
		rows_at(&rows, i)[0] = (uint8_t) (i % 6);
		la_forest_set_number(&rows, rows_at(&rows, i), numbers[i % 6]);
	}
	rows_sort_and_collapse(&rows);
	grower = grower_new(&rows, &options);
	tree = grower_grow(grower, 0);
	exact &= tree->nmeans == 6;
	for (uint32_t i = 0; exact && i < 6; i++)
	{
		uint32_t	found = 0;

		for (uint32_t leaf = 0; leaf < 6; leaf++)
			found += tree->means[leaf] == numbers[i];
		exact &= found == 1;
	}
	ok(exact, "equal numbers are predicted exactly, whatever the others are");
	grower_free(grower);
	rows_free(&rows);
}

int
main(void)
{
	static const uint32_t kinds[] = {0, 1, 2, 3, 5, 40, 300};

	for (int i = 0; i < 7; i++)
	{
		test_root(kinds[i]);
		test_promises(kinds[i]);
		test_pure(kinds[i]);
		test_arrival(kinds[i]);
		test_corners(kinds[i]);
		if (kinds[i] == 1)
			continue;
		test_independence(kinds[i]);
		test_deep(kinds[i]);
		test_missing(kinds[i]);
		test_one_varies(kinds[i]);
		test_many_features(kinds[i]);
		test_saturated(kinds[i]);
	}
	test_large_root(0, 300);
	test_large_root(2, 300);
	test_large_root(3, 200);
	test_large_root(5, 330);
	test_large_root(32, 2100);
	test_large_root(33, 300);
	test_large_root(300, 300);
	test_most_classes();
	test_heavy(65535);
	test_heavy(2);
	test_rare_class(2);
	test_rare_class(3);
	test_rare_class(40);
	test_extreme_weights(2);
	test_extreme_weights(3);
	test_extreme_weights(40);
	test_all_numbers();
	test_exact();
	return tap_done();
}
