/*
 * forest_grow_test.c
 *		Whole trees: what they promise whatever the options, and that nothing but
 *		the rows and the number of a tree has a say.
 */
#include "forest_inspect_fixture.h"
#include "tap.h"

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

int
main(void)
{
	static const uint32_t kinds[] = {0, 1, 2, 3, 5, 40, 300};

	for (int i = 0; i < 7; i++)
	{
		test_promises(kinds[i]);
		test_pure(kinds[i]);
		test_arrival(kinds[i]);
		if (kinds[i] == 1)
			continue;
		test_independence(kinds[i]);
		test_deep(kinds[i]);
		test_missing(kinds[i]);
	}
	return tap_done();
}
