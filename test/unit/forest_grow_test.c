/*
 * forest_grow_test.c
 *		Growing trees against an exhaustive search and against counting.
 */
#include "forest_grow.h"

#include <math.h>

#include "forest_fixture.h"
#include "tap.h"

/* How often each distinct row is drawn for a tree, as documented. */
static uint32_t *
count_draws(const ForestRows *rows, const GrowOptions *options, uint32_t tree)
{
	uint32_t   *drawn = calloc(rows->nrows, sizeof(uint32_t));
	uint32_t	ndraws = (uint32_t) (options->sample * rows->total + 0.5);
	Prng		prng;

	la_prng_seed(&prng, options->seed, tree);
	for (uint32_t i = 0; i < (ndraws > 0 ? ndraws : 1); i++)
		drawn[rows->row_of[la_prng_below(&prng, rows->total)]]++;
	return drawn;
}

static bool
goes_left(const ForestRows *rows, uint32_t row, uint32_t feature, int bin, bool missing_left)
{
	uint8_t		value = rows->bins[(size_t) feature * rows->nrows + row];

	return value == LA_MISSING_BIN ? missing_left : value <= bin;
}

/*
 * The weighted Gini impurity of a split, n * (1 - sum of squared shares) on
 * either side; infinity if a side has less than min_leaf rows.
 */
static double
impurity(const ForestRows *rows, const uint32_t *drawn, uint32_t min_leaf,
		 uint32_t feature, int bin, bool missing_left)
{
	double	   *counts = calloc(2 * rows->nclasses, sizeof(double));
	double		total[2] = {0, 0};
	double		result = 0;

	for (uint32_t row = 0; row < rows->nrows; row++)
	{
		int			side = !goes_left(rows, row, feature, bin, missing_left);

		counts[2 * rows->label[row] + side] += drawn[row];
		total[side] += drawn[row];
	}
	for (int side = 0; side < 2; side++)
	{
		double		squares = 0;

		for (uint32_t c = 0; c < rows->nclasses; c++)
			squares += (counts[2 * c + side] / total[side]) * (counts[2 * c + side] / total[side]);
		result += total[side] * (1 - squares);
	}
	free(counts);
	return total[0] < min_leaf || total[1] < min_leaf ? INFINITY : result;
}

static double
least_impurity(const ForestRows *rows, const uint32_t *drawn, uint32_t min_leaf)
{
	double		least = INFINITY;

	for (uint32_t feature = 0; feature < rows->nfeatures; feature++)
	{
		for (int bin = 0; bin < LA_MISSING_BIN; bin++)
		{
			least = fmin(least, impurity(rows, drawn, min_leaf, feature, bin, false));
			least = fmin(least, impurity(rows, drawn, min_leaf, feature, bin, true));
		}
	}
	return least;
}

static bool
is_pure(const ForestRows *rows, const uint32_t *drawn)
{
	int			seen = -1;

	for (uint32_t row = 0; row < rows->nrows; row++)
	{
		if (drawn[row] > 0 && seen >= 0 && seen != rows->label[row])
			return false;
		if (drawn[row] > 0)
			seen = rows->label[row];
	}
	return true;
}

/* Whether the root of a tree is the best of all splits, or none where none is. */
static bool
root_is_best(const ForestRows *rows, const GrowOptions *options, uint32_t tree, const ForestNode *root)
{
	uint32_t   *drawn = count_draws(rows, options, tree);
	double		least = is_pure(rows, drawn) ? INFINITY : least_impurity(rows, drawn, options->min_leaf);
	bool		right;

	if (root->feature == LA_LEAF)
		right = isinf(least);
	else
		right = fabs(impurity(rows, drawn, options->min_leaf, root->feature, root->bin,
							  root->flags == LA_NODE_MISSING_LEFT) - least) <= 1e-9 * (1 + least);
	free(drawn);
	return right;
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
		uint32_t	nfeatures = 1 + la_prng_below(&prng, 4);
		ForestRows	rows = rows_random(&prng, 2 + la_prng_below(&prng, 40), nfeatures, nclasses,
									   1 + la_prng_below(&prng, repeat % 2 ? 255 : 6));
		GrowOptions options = {1, 1 + la_prng_below(&prng, 9), nfeatures, 1.0, repeat};
		TreeGrower *grower;

		rows_collapse(&rows, la_forest_rows_collapse);
		grower = grower_new(&rows, &options);
		for (uint32_t tree = 0; tree < 3; tree++)
		{
			const ForestTree *result = grow_tree(grower, tree);

			wrong += !root_is_best(&rows, &options, tree, &result->nodes[0]);
			leaves += result->nnodes == 1;
		}
		free(grower);
		rows_free(&rows);
	}
	ok(wrong == 0, "%u classes: the root is the best of all splits (%d of 180 are not)", nclasses, wrong);
	ok(leaves > 0 && leaves < 100, "%u classes: some roots cannot be split (%d)", nclasses, leaves);
}

/* --- whole trees -------------------------------------------------------- */

/* what a walk over a tree with all drawn rows found */
typedef struct Findings
{
	bool		shape;			/* children after their parent, each of one parent */
	bool		counts;			/* every leaf tells the rows that end in it */
	bool		pure;			/* no mixed leaf */
	uint32_t	depth;
	uint64_t	smallest_leaf;
	uint64_t	rows;
} Findings;

static uint32_t
find_leaf(const ForestRows *rows, uint32_t row, const ForestTree *tree)
{
	uint32_t	node = 0;

	while (tree->nodes[node].feature != LA_LEAF)
	{
		const ForestNode *n = &tree->nodes[node];

		node = n->child + !goes_left(rows, row, n->feature, n->bin, n->flags == LA_NODE_MISSING_LEFT);
	}
	return node;
}

/* Whether a leaf says that it holds counts[0] rows of class 0 and so on. */
static bool
leaf_says(const ForestTree *tree, const ForestNode *leaf, const uint32_t *counts, uint32_t nclasses)
{
	const ForestCount *run = tree->counts + leaf->child;
	uint32_t	listed = 0;
	uint32_t	total = 0;

	if (leaf->flags == 0)
		run = NULL;
	for (uint32_t c = 0; c < nclasses; c++)
	{
		total += counts[c];
		if (counts[c] == 0)
			continue;
		listed++;
		if (run == NULL && leaf->child != c)
			return false;
		if (run != NULL && (listed > run->cls || run[listed].cls != c || run[listed].nrows != counts[c]))
			return false;
	}
	return run == NULL ? listed == 1 : run->cls == listed && run->nrows == total && listed > 1;
}

static void
check_shape(const ForestTree *tree, Findings *found)
{
	uint32_t   *depth = calloc(tree->nnodes, sizeof(uint32_t));
	uint32_t   *parents = calloc(tree->nnodes, sizeof(uint32_t));

	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const ForestNode *node = &tree->nodes[i];

		found->depth = depth[i] > found->depth ? depth[i] : found->depth;
		if (node->feature == LA_LEAF)
			continue;
		found->shape &= node->child > i && node->child + 1 < tree->nnodes;
		for (uint32_t child = node->child; child < node->child + 2 && found->shape; child++)
		{
			depth[child] = depth[i] + 1;
			parents[child]++;
		}
	}
	for (uint32_t i = 0; i < tree->nnodes; i++)
		found->shape &= parents[i] == (i > 0);
	free(depth);
	free(parents);
}

static Findings
inspect(const ForestRows *rows, const GrowOptions *options, uint32_t number, const ForestTree *tree)
{
	Findings	found = {true, true, true, 0, UINT64_MAX, 0};
	uint32_t   *drawn = count_draws(rows, options, number);
	uint32_t   *counts = calloc((size_t) tree->nnodes * rows->nclasses, sizeof(uint32_t));

	check_shape(tree, &found);
	for (uint32_t row = 0; row < rows->nrows && found.shape; row++)
		counts[(size_t) find_leaf(rows, row, tree) * rows->nclasses + rows->label[row]] += drawn[row];
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const uint32_t *in_leaf = counts + (size_t) i * rows->nclasses;
		uint64_t	total = 0;

		if (tree->nodes[i].feature != LA_LEAF)
			continue;
		for (uint32_t c = 0; c < rows->nclasses; c++)
			total += in_leaf[c];
		found.counts &= leaf_says(tree, &tree->nodes[i], in_leaf, rows->nclasses);
		found.pure &= tree->nodes[i].flags == 0;
		found.smallest_leaf = total < found.smallest_leaf ? total : found.smallest_leaf;
		found.rows += total;
	}
	free(drawn);
	free(counts);
	return found;
}

/* Trees of all kinds of options keep what the options promise. */
static void
test_promises(uint32_t nclasses)
{
	Prng		prng;
	bool		shape = true;
	bool		counts = true;
	bool		limits = true;
	bool		complete = true;

	la_prng_seed(&prng, 13, nclasses);
	for (uint32_t repeat = 0; repeat < 60; repeat++)
	{
		uint32_t	n = 1 + la_prng_below(&prng, 400);
		uint32_t	nfeatures = 1 + la_prng_below(&prng, 6);
		ForestRows	rows = rows_random(&prng, n, nfeatures, nclasses, 1 + la_prng_below(&prng, 255));
		GrowOptions options = {
			la_prng_below(&prng, 8), 1 + la_prng_below(&prng, 20), 1 + la_prng_below(&prng, nfeatures),
			repeat % 3 == 0 ? 0.001 + la_prng_below(&prng, 1000) / 1001.0 : 1.0, repeat
		};
		uint64_t	wanted = (uint64_t) (options.sample * n + 0.5);
		TreeGrower *grower;
		Findings	found;

		rows_collapse(&rows, la_forest_rows_collapse);
		grower = grower_new(&rows, &options);
		found = inspect(&rows, &options, repeat, grow_tree(grower, repeat));
		shape &= found.shape;
		counts &= found.counts;
		limits &= options.max_depth == 0 || found.depth <= options.max_depth;
		limits &= found.depth == 0 || found.smallest_leaf >= options.min_leaf;
		complete &= found.rows == (wanted > 0 ? wanted : 1);
		free(grower);
		rows_free(&rows);
	}
	ok(shape, "%u classes: every node but the root has one parent, before it", nclasses);
	ok(counts, "%u classes: every leaf counts the rows that end in it", nclasses);
	ok(limits, "%u classes: max_depth and min_leaf are kept", nclasses);
	ok(complete, "%u classes: every drawn row is in a leaf", nclasses);
}

/* Rows that differ in a feature whenever they differ in class are told apart. */
static void
test_pure(uint32_t nclasses)
{
	Prng		prng;
	bool		pure = true;

	la_prng_seed(&prng, 17, nclasses);
	for (uint32_t repeat = 0; repeat < 30; repeat++)
	{
		ForestRows	rows = rows_random(&prng, 300, 3, nclasses, 2 + 8 * repeat);
		GrowOptions options = {0, 1, 1 + repeat % 3, 1.0, repeat};
		TreeGrower *grower;

		for (uint32_t row = 0; row < rows.nrows; row++)
			rows.label[row] = (uint16_t) ((rows.bins[row] * 7 + rows.bins[300 + row] * 11 +
										   rows.bins[600 + row]) % 251 % nclasses);
		rows_collapse(&rows, la_forest_rows_collapse);
		grower = grower_new(&rows, &options);
		pure &= inspect(&rows, &options, 0, grow_tree(grower, 0)).pure;
		free(grower);
		rows_free(&rows);
	}
	ok(pure, "%u classes: a tree without limits tells distinct rows apart", nclasses);
}

static bool
same_tree(const ForestTree *a, const ForestTree *b)
{
	return a->nnodes == b->nnodes && a->ncounts == b->ncounts &&
		memcmp(a->nodes, b->nodes, a->nnodes * sizeof(ForestNode)) == 0 &&
		memcmp(a->counts, b->counts, a->ncounts * sizeof(ForestCount)) == 0;
}

/* A third class that no row has: other code, the same tree. */
static void
test_two_ways(void)
{
	Prng		prng;
	int			wrong = 0;

	la_prng_seed(&prng, 19, 0);
	for (uint32_t repeat = 0; repeat < 60; repeat++)
	{
		uint32_t	nfeatures = 1 + la_prng_below(&prng, 5);
		ForestRows	rows = rows_random(&prng, 1 + la_prng_below(&prng, 2000), nfeatures, 2,
									   1 + la_prng_below(&prng, 255));
		GrowOptions options = {
			la_prng_below(&prng, 9), 1 + la_prng_below(&prng, 5), 1 + la_prng_below(&prng, nfeatures), 1.0, repeat
		};
		TreeGrower *grower;
		ForestTree	binary;

		rows_collapse(&rows, la_forest_rows_collapse);
		grower = grower_new(&rows, &options);
		binary = tree_copy(grow_tree(grower, 1));
		free(grower);

		rows.nclasses = 3;
		grower = grower_new(&rows, &options);
		wrong += !same_tree(&binary, grow_tree(grower, 1));
		free(grower);
		free(binary.nodes);
		free(binary.counts);
		rows_free(&rows);
	}
	ok(wrong == 0, "two classes of two and two of three give the same tree (%d of 60 do not)", wrong);
}

/* A tree depends on its number, not on the trees before it. */
static void
test_independence(uint32_t nclasses)
{
	Prng		prng;
	ForestRows	rows;
	GrowOptions options = {0, 1, 1, 1.0, 5};
	TreeGrower *grower;
	ForestTree	late;
	ForestTree	other;

	la_prng_seed(&prng, 23, nclasses);
	rows = rows_random(&prng, 500, 4, nclasses, 200);
	rows_collapse(&rows, la_forest_rows_collapse);
	grower = grower_new(&rows, &options);
	for (uint32_t tree = 0; tree < 7; tree++)
		grow_tree(grower, tree);
	late = tree_copy(grow_tree(grower, 7));
	other = tree_copy(grow_tree(grower, 8));
	free(grower);

	grower = grower_new(&rows, &options);
	ok(same_tree(&late, grow_tree(grower, 7)), "%u classes: a tree does not depend on those before it", nclasses);
	ok(!same_tree(&late, &other), "%u classes: trees differ", nclasses);
	free(grower);
	free(late.nodes);
	free(late.counts);
	free(other.nodes);
	free(other.counts);
	rows_free(&rows);
}

/* A tree as deep as can be: classes take turns from bin to bin. */
static void
test_deep(uint32_t nclasses)
{
	ForestRows	rows = rows_new(20000, 1, nclasses);
	GrowOptions options = {0, 1, 1, 1.0, 1};
	TreeGrower *grower;
	const ForestTree *tree;
	Findings	found;

	for (uint32_t row = 0; row < 20000; row++)
	{
		uint8_t		bin = 0;

		while (bin < 254 && (row * UINT32_C(2654435761) >> 8) % 255 > bin)
			bin++;
		rows.bins[row] = bin;
		rows.label[row] = (uint16_t) (bin % nclasses);
	}
	rows_collapse(&rows, la_forest_rows_collapse);
	grower = grower_new(&rows, &options);
	tree = grow_tree(grower, 0);
	found = inspect(&rows, &options, 0, tree);
	ok(found.shape && found.counts && found.pure && tree->nnodes == 2 * 255 - 1,
	   "%u classes: 255 bins in 255 leaves, %u deep", nclasses, found.depth);
	free(grower);
	rows_free(&rows);
}

/* Only a missing value tells the classes apart, on either side. */
static void
test_missing(uint32_t nclasses)
{
	bool		right = true;

	for (uint16_t missing_class = 0; missing_class < 2; missing_class++)
	{
		for (uint8_t other = 0; other < LA_MISSING_BIN; other++)
		{
			ForestRows	rows = rows_new(60, 1, nclasses);
			GrowOptions options = {0, 1, 1, 1.0, other};
			TreeGrower *grower;
			const ForestTree *tree;

			for (uint32_t row = 0; row < 60; row++)
			{
				rows.bins[row] = row % 2 ? LA_MISSING_BIN : other;
				rows.label[row] = row % 2 ? missing_class : !missing_class;
			}
			rows_collapse(&rows, la_forest_rows_collapse);
			grower = grower_new(&rows, &options);
			tree = grow_tree(grower, 0);
			right &= tree->nnodes == 3 && tree->nodes[0].bin == other && tree->nodes[0].flags == 0 &&
				tree->nodes[1].child != missing_class && tree->nodes[2].child == missing_class;
			free(grower);
			rows_free(&rows);
		}
	}
	ok(right, "%u classes: a missing value is a reason to split", nclasses);
}

int
main(void)
{
	for (uint32_t nclasses = 2; nclasses <= 5; nclasses++)
		test_root(nclasses);
	test_root(40);
	test_promises(1);
	test_promises(2);
	test_promises(3);
	test_promises(20);
	test_pure(2);
	test_pure(5);
	test_two_ways();
	test_independence(2);
	test_independence(3);
	test_deep(2);
	test_deep(3);
	test_missing(2);
	test_missing(3);
	return tap_done();
}
