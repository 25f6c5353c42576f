/*
 * forest_corner_test.c
 *		Trees in the corners: few rows, equal rows, the most classes, heavy rows
 *		and weights that no sum can hold.
 */
#include "forest_inspect_fixture.h"
#include "tap.h"

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

int
main(void)
{
	static const uint32_t kinds[] = {0, 1, 2, 3, 5, 40, 300};

	for (int i = 0; i < 7; i++)
	{
		test_corners(kinds[i]);
		if (kinds[i] == 1)
			continue;
		test_one_varies(kinds[i]);
		test_many_features(kinds[i]);
		test_saturated(kinds[i]);
	}
	test_most_classes();
	test_heavy(65535);
	test_heavy(2);
	test_rare_class(2);
	test_rare_class(3);
	test_rare_class(40);
	test_extreme_weights(2);
	test_extreme_weights(3);
	test_extreme_weights(40);
	return tap_done();
}
