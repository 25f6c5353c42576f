/*
 * ranking_core_test.c
 *		Rankings against counting all pairs, and in the corners.
 */
#include "ranking_core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "tap.h"

#define MAX_ROWS 200

typedef struct Row
{
	double		score;
	bool		actual;
} Row;

static int
compare_rows(const void *a, const void *b)
{
	double		x = ((const Row *) a)->score;
	double		y = ((const Row *) b)->score;

	return (x < y) - (x > y);
}

/* Sort rows, and make groups of equal scores of them; returns how many. */
static int
group_rows(Row *rows, int n, ScoreGroup *groups)
{
	int			ngroups = 0;

	qsort(rows, (size_t) n, sizeof(Row), compare_rows);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || rows[i].score != rows[i - 1].score)
			groups[ngroups++] = (ScoreGroup) {rows[i].score, 0, 0};
		groups[ngroups - 1].positives += rows[i].actual;
		groups[ngroups - 1].negatives += !rows[i].actual;
	}
	return ngroups;
}

static double
roc_of(const ScoreGroup *groups, int ngroups)
{
	RocSum		sum = {0, 0, {0, 0}};

	for (int i = 0; i < ngroups; i++)
		la_roc_add(&sum, &groups[i]);
	return la_roc_area(&sum);
}

static double
precision_of(const ScoreGroup *groups, int ngroups)
{
	PrecisionSum sum = {0, 0, {0, 0}};

	for (int i = 0; i < ngroups; i++)
		la_precision_add(&sum, &groups[i]);
	return la_precision_mean(&sum);
}

static double
roc_by_pairs(const Row *rows, int n)
{
	int			pairs = 0;
	int			twice = 0;

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
		{
			if (!rows[i].actual || rows[j].actual)
				continue;
			pairs++;
			twice += (rows[i].score > rows[j].score) + (rows[i].score >= rows[j].score);
		}
	}
	return pairs == 0 ? NAN : twice / (2.0 * pairs);
}

static double
precision_by_counting(const Row *rows, int n)
{
	long double sum = 0;
	int			positives = 0;

	for (int i = 0; i < n; i++)
	{
		int			above = 0;
		int			right = 0;

		if (!rows[i].actual)
			continue;
		for (int j = 0; j < n; j++)
		{
			above += rows[j].score >= rows[i].score;
			right += rows[j].score >= rows[i].score && rows[j].actual;
		}
		sum += (long double) right / above;
		positives++;
	}
	return positives == 0 ? NAN : (double) (sum / positives);
}

static bool
same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) <= 2.3e-16 * fabs(b);
}

/* Whether the bins are those that the rows, one by one, ask for. */
static bool
gain_is_right(const Row *rows, int n, uint32_t nbins, const GainTable *table)
{
	uint32_t	bin = 0;
	GainBin    *expected = calloc(nbins, sizeof(GainBin));
	bool		right = table->done == (uint64_t) n;

	for (int i = 0; i < n; i++)
	{
		if (i == 0 || rows[i].score != rows[i - 1].score)
			bin = (uint32_t) i * nbins / (uint32_t) n;
		if (expected[bin].rows++ == 0)
			expected[bin].score_max = rows[i].score;
		expected[bin].score_min = rows[i].score;
		expected[bin].positives += rows[i].actual;
	}
	for (uint32_t b = 0; b < nbins; b++)
		right &= expected[b].rows == table->bins[b].rows && expected[b].positives == table->bins[b].positives &&
			expected[b].score_max == table->bins[b].score_max && expected[b].score_min == table->bins[b].score_min;
	free(expected);
	return right;
}

static void
test_random(void)
{
	Prng		prng;
	bool		roc = true;
	bool		precision = true;
	bool		gain = true;

	la_prng_seed(&prng, 61, 0);
	for (int repeat = 0; repeat < 2000; repeat++)
	{
		Row			rows[MAX_ROWS];
		ScoreGroup	groups[MAX_ROWS];
		int			n = 1 + (int) la_prng_below(&prng, MAX_ROWS);
		uint32_t	nscores = 1 + la_prng_below(&prng, repeat % 2 ? 5 : 1000);
		uint32_t	share = la_prng_below(&prng, 11);
		uint32_t	nbins = 2 + la_prng_below(&prng, 20);
		GainTable	table = {(uint64_t) n, 0, nbins, calloc(nbins, sizeof(GainBin))};
		int			ngroups;

		for (int i = 0; i < n; i++)
			rows[i] = (Row) {la_prng_below(&prng, nscores) / 7.0, la_prng_below(&prng, 10) < share};
		ngroups = group_rows(rows, n, groups);
		roc &= same(roc_of(groups, ngroups), roc_by_pairs(rows, n));
		precision &= same(precision_of(groups, ngroups), precision_by_counting(rows, n));
		for (int i = 0; i < ngroups; i++)
			la_gain_add(&table, &groups[i]);
		gain &= gain_is_right(rows, n, nbins, &table);
		free(table.bins);
	}
	ok(roc, "the area is the share of pairs in order");
	ok(precision, "average precision is the mean precision at each positive");
	ok(gain, "a gain table takes rows by turns, and ties as a whole");
}

static void
test_corners(void)
{
	const ScoreGroup positive = {1, 5, 0};
	const ScoreGroup negative = {1, 0, 5};
	const ScoreGroup both = {1, 2, 6};

	ok(isnan(roc_of(NULL, 0)) && isnan(precision_of(NULL, 0)), "no rows");
	ok(isnan(roc_of(&positive, 1)) && precision_of(&positive, 1) == 1, "positive rows only");
	ok(isnan(roc_of(&negative, 1)) && isnan(precision_of(&negative, 1)), "negative rows only");
	ok(roc_of(&both, 1) == 0.5 && precision_of(&both, 1) == 0.25, "one score for all");
}

/* More pairs than 64 bits can count. */
static void
test_large(void)
{
	const uint64_t n = UINT64_C(1) << 45;
	const ScoreGroup perfect[] = {{2, n, 0}, {1, 0, n}};
	const ScoreGroup reversed[] = {{2, 0, n}, {1, n, 0}};
	const ScoreGroup quarters[] = {{3, n, n}, {2, 2 * n, 0}, {1, n, 3 * n}};
	const ScoreGroup odd[] = {{3, n - 1, n - 3}, {1, n - 7, n - 11}};
	GainBin		bins[LA_GAIN_MAX_BINS];
	GainTable	table = {2 * n, 0, LA_GAIN_MAX_BINS, bins};
	long double p = 2.0L * n - 8;
	long double q = 2.0L * n - 14;
	long double pairs = (n - 1.0L) * (n - 3) / 2 + (n - 1.0L) * (n - 11) + (n - 7.0L) * (n - 11) / 2;

	ok(roc_of(perfect, 2) == 1 && precision_of(perfect, 2) == 1, "2^45 rows on each side, in order");
	ok(roc_of(reversed, 2) == 0 && precision_of(reversed, 2) == 0.5, "and in the reverse order");
	ok(roc_of(quarters, 3) == (1 * 0.5 + 1 * 3 + 2 * 3 + 3 * 0.5) / 16, "2^47 rows on each side");
	ok(same(roc_of(odd, 2), (double) (pairs / (p * q))), "no pair is lost");

	memset(bins, 0, sizeof(bins));
	la_gain_add(&table, &perfect[0]);
	la_gain_add(&table, &perfect[1]);
	ok(bins[0].positives == n && bins[500].rows == n && bins[500].positives == 0, "a gain table of 2^46 rows");
}

int
main(void)
{
	test_random();
	test_corners();
	test_large();
	return tap_done();
}
