/*
 * forest_number_test.c
 *		Trees of numbers of any size: the same splits, means and importance.
 */
#include "forest_inspect_fixture.h"
#include "tap.h"

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
	test_all_numbers();
	test_exact();
	return tap_done();
}
