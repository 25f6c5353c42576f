/*
 * binning_test.c
 *		Cuts and bins against counting by hand.
 */
#include "binning.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "radix.h"
#include "tap.h"

#define MAX_VALUES 4000

static int
compare_doubles(const void *a, const void *b)
{
	double		left = *(const double *) a;
	double		right = *(const double *) b;

	return (left > right) - (left < right);
}

/* The cuts of n values, in an array of exactly max_bins - 1; values get sorted. */
static double *
make_cuts(double *values, int n, int max_bins, int *ncuts)
{
	uint64_t   *keys = malloc(n * sizeof(uint64_t));
	double	   *cuts = malloc((max_bins - 1) * sizeof(double));

	qsort(values, n, sizeof(double), compare_doubles);
	for (int i = 0; i < n; i++)
		keys[i] = la_key_of_double(values[i]);
	*ncuts = la_bin_cuts(keys, n, max_bins, cuts);
	free(keys);
	return cuts;
}

static int
count_distinct(const double *sorted, int n)
{
	int			distinct = n > 0;

	for (int i = 1; i < n; i++)
		distinct += sorted[i] != sorted[i - 1];
	return distinct;
}

static int
count_below(double value, const double *cuts, int ncuts)
{
	int			below = 0;

	for (int i = 0; i < ncuts; i++)
		below += cuts[i] < value;
	return below;
}

/*
 * What holds of any cuts: finite, increasing, no empty bin, every value in the
 * bin that counting gives, and few values kept apart.
 */
static bool
is_right(double *values, int n, int max_bins)
{
	int			ncuts;
	double	   *cuts = make_cuts(values, n, max_bins, &ncuts);
	int			distinct = count_distinct(values, n);
	int			used[LA_MAX_BINS + 1] = {0};
	bool		right = ncuts >= 0 && ncuts < max_bins;

	for (int i = 0; i < ncuts; i++)
		right &= isfinite(cuts[i]) && (i == 0 || cuts[i - 1] < cuts[i]);
	for (int i = 0; i < n; i++)
	{
		int			bin = la_bin_of(values[i], cuts, ncuts);

		right &= bin == count_below(values[i], cuts, ncuts);
		used[bin] = 1;
	}
	for (int bin = 0; bin <= ncuts && n > 0; bin++)
		right &= used[bin];
	if (distinct <= max_bins)
		right &= ncuts == (distinct > 0 ? distinct - 1 : 0);
	free(cuts);
	return right;
}

static bool
is_right_for_all_sizes(const double *values, int n)
{
	double		copy[MAX_VALUES];
	bool		right = true;

	for (int max_bins = 2; max_bins <= LA_MAX_BINS; max_bins++)
	{
		memcpy(copy, values, n * sizeof(double));
		right &= is_right(copy, n, max_bins);
	}
	return right;
}

static void
test_distributions(void)
{
	static double values[MAX_VALUES];
	Prng		prng;
	bool		right = true;

	la_prng_seed(&prng, 3, 0);
	for (int distinct = 1; distinct <= 600; distinct = distinct * 3 / 2 + 1)
	{
		for (int i = 0; i < 1000; i++)
			values[i] = (double) la_prng_below(&prng, distinct) - distinct / 3;
		right &= is_right_for_all_sizes(values, 1000);
	}
	ok(right, "1 to 600 distinct whole numbers, 2 to 255 bins");

	for (int i = 0; i < MAX_VALUES; i++)
		values[i] = ldexp((double) la_prng_next(&prng), (int) la_prng_below(&prng, 1800) - 1000);
	ok(is_right_for_all_sizes(values, MAX_VALUES), "numbers of all sizes");

	for (int i = 0; i < MAX_VALUES; i++)
		values[i] = i % 10 ? 5 : (double) la_prng_below(&prng, 1000);
	ok(is_right_for_all_sizes(values, MAX_VALUES), "nine of ten values are the same");

	right = true;
	for (int repeat = 0; repeat < 100; repeat++)
	{
		int			n = (int) la_prng_below(&prng, 40);

		for (int i = 0; i < n; i++)
			values[i] = la_prng_below(&prng, 10) / 8.0;
		right &= is_right_for_all_sizes(values, n);
	}
	ok(right, "a few values at random");
}

/* Cuts must not overflow, nor fall onto the larger of two neighbours. */
static void
test_limits(void)
{
	double		values[] = {
		-DBL_MAX, -DBL_MAX * (1 - DBL_EPSILON), -1 - DBL_EPSILON, -1, -DBL_MIN, -0x1p-1073,
		-0x1p-1074, 0, 0x1p-1074, 0x1p-1073, 0x1.8p-1073, DBL_MIN, 1, 1 + DBL_EPSILON,
		1 + 2 * DBL_EPSILON, DBL_MAX * (1 - DBL_EPSILON), DBL_MAX
	};
	int			n = sizeof(values) / sizeof(values[0]);
	int			ncuts;
	double	   *cuts = make_cuts(values, n, LA_MAX_BINS, &ncuts);
	bool		apart = ncuts == n - 1;

	for (int i = 0; i < ncuts; i++)
		apart &= values[i] <= cuts[i] && cuts[i] < values[i + 1];
	ok(apart, "neighbouring doubles and the largest ones are kept apart");
	ok(is_right_for_all_sizes(values, n), "the same in 2 to 255 bins");
	ok(la_bin_of(-INFINITY, cuts, ncuts) == 0 && la_bin_of(INFINITY, cuts, ncuts) == ncuts,
	   "infinity is at the ends");
	ok(la_bin_of(NAN, cuts, ncuts) == LA_MISSING_BIN && la_bin_of(-NAN, cuts, 0) == LA_MISSING_BIN,
	   "NaN is missing");
	ok(la_bin_of(1, cuts, 0) == 0, "without a cut there is one bin");
	free(cuts);
	ok(is_right(values, 0, 2) && is_right(values, 1, 2), "no value, one value");
}

/* 255 bins: the last one is 254, next to the bin of missing values. */
static void
test_most_bins(void)
{
	double		values[1000];
	uint8_t		bins[3 * 1000 - 2];
	int			ncuts;
	double	   *cuts;
	bool		same = true;

	for (int i = 0; i < 1000; i++)
		values[i] = i;
	cuts = make_cuts(values, 1000, LA_MAX_BINS, &ncuts);
	ok(ncuts == 254 && la_bin_of(999, cuts, ncuts) == 254, "255 bins are the most");

	values[17] = NAN;
	values[18] = -INFINITY;
	values[19] = INFINITY;
	for (int n = 993; n <= 1000; n++)
	{
		memset(bins, 77, sizeof(bins));
		la_bin_column(values, (size_t) n, cuts, ncuts, bins, 3);
		for (int i = 0; i < n; i++)
			same &= bins[3 * i] == la_bin_of(values[i], cuts, ncuts);
		for (int i = 0; i < 3 * 1000 - 2; i++)
			same &= (i % 3 == 0 && i < 3 * n) || bins[i] == 77;
	}
	ok(same, "a column has the bins of its values, and writes nothing between them");
	free(cuts);
}

/*
 * More rows than a bin has on average: a value alone in its bin, wherever it
 * stands among others.
 */
static void
test_heavy_value(void)
{
	double		values[MAX_VALUES];
	int			wrong = 0;

	for (int heavy = 0; heavy < 1000; heavy++)
	{
		int			ncuts;
		double	   *cuts;
		int			bin;

		for (int i = 0; i < 1000; i++)
			values[i] = i;
		for (int i = 1000; i < 2000; i++)
			values[i] = heavy;
		cuts = make_cuts(values, 2000, 100, &ncuts);
		bin = la_bin_of(heavy, cuts, ncuts);
		wrong += (heavy > 0 && la_bin_of(heavy - 1, cuts, ncuts) == bin) ||
			(heavy < 999 && la_bin_of(heavy + 1, cuts, ncuts) == bin);
		free(cuts);
	}
	ok(wrong == 0, "half of the rows have one value, which has a bin to itself (%d of 1000 do not)", wrong);
}

/* Without ties no bin holds many more rows than another. */
static void
test_balance(void)
{
	double		values[MAX_VALUES];
	int			counts[LA_MAX_BINS] = {0};
	int			ncuts;
	double	   *cuts;
	bool		even = true;

	for (int i = 0; i < MAX_VALUES; i++)
		values[i] = sqrt(i);
	cuts = make_cuts(values, MAX_VALUES, 64, &ncuts);
	for (int i = 0; i < MAX_VALUES; i++)
		counts[la_bin_of(values[i], cuts, ncuts)]++;
	for (int bin = 0; bin <= ncuts; bin++)
		even &= counts[bin] == 62 || counts[bin] == 63;
	ok(ncuts == 63 && even, "4000 rows without ties in 64 bins of 62 or 63");
	free(cuts);
}

int
main(void)
{
	test_distributions();
	test_limits();
	test_most_bins();
	test_heavy_value();
	test_balance();
	return tap_done();
}
