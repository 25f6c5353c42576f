/*
 * binning.c
 *		Features as small numbers: cut points and assignment.
 *
 * A feature of few distinct values keeps them apart, with cuts halfway between
 * neighbours, as an exact tree has them. Otherwise the bins hold about equally
 * many rows, and a value that fills a bin alone has one to itself.  The cuts
 * depend on the values only, never on their order of arrival.
 *
 * Source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision
 * Tree, NIPS 2017 (histograms over binned features).
 */
#include "binning.h"

#include <math.h>
#include <stdbool.h>

#include "radix.h"

/* A number c with low <= c < high, halfway where that can be told. */
static double
cut_between(uint64_t low_key, uint64_t high_key)
{
	double		low = la_double_of_key(low_key);
	double		high = la_double_of_key(high_key);
	double		middle = low / 2 + high / 2;

	return middle >= low && middle < high ? middle : low;
}

static size_t
count_distinct(const uint64_t *sorted, size_t n, size_t enough)
{
	size_t		distinct = n > 0 ? 1 : 0;

	for (size_t i = 1; i < n && distinct <= enough; i++)
		distinct += sorted[i] != sorted[i - 1];
	return distinct;
}

/* The rows that a bin beginning at row "begin" should have. */
static size_t
fair_share(size_t n, size_t begin, int bins_left)
{
	return (n - begin + (size_t) bins_left - 1) / (size_t) bins_left;
}

/* Whether the value of row i, its first, has rows enough for a bin alone. */
static bool
fills_bin(const uint64_t *sorted, size_t n, size_t i, int bins_left)
{
	size_t		share = fair_share(n, i, bins_left);

	return sorted[i + share - 1] == sorted[i];
}

/*
 * la_bin_cuts
 *		Choose the cuts of a feature from its non-missing values, given as
 *		sorted keys (see la_key_of_double; no -0).
 *
 * Writes at most max_bins - 1 strictly increasing cuts and returns their
 * number: 0 if all values are equal or there are none.
 */
int
la_bin_cuts(const uint64_t *sorted_keys, size_t n, int max_bins, double *cuts)
{
	int			bins_left = max_bins;
	int			ncuts = 0;
	size_t		begin = 0;		/* first row of the bin being filled */
	bool		few = count_distinct(sorted_keys, n, (size_t) max_bins) <= (size_t) max_bins;
	size_t		share = few ? 1 : fair_share(n, 0, max_bins);

	for (size_t i = 1; i < n && bins_left > 1; i++)
	{
		if (sorted_keys[i] == sorted_keys[i - 1])
			continue;
		if (i - begin < share && !fills_bin(sorted_keys, n, i, bins_left - 1))
			continue;
		cuts[ncuts++] = cut_between(sorted_keys[i - 1], sorted_keys[i]);
		begin = i;
		bins_left--;
		share = few ? 1 : fair_share(n, begin, bins_left);
	}
	return ncuts;
}

/* The cuts, and infinity up to 255 of them: every search takes eight steps. */
static void
pad_cuts(const double *cuts, int ncuts, double *padded)
{
	for (int i = 0; i < LA_MAX_BINS; i++)
		padded[i] = i < ncuts ? cuts[i] : INFINITY;
}

/*
 * The bins of four values, found side by side: a search waits for memory at
 * each step, and four wait together.
 */
static inline void
bin_four(const double *values, const double *padded, uint8_t *bins, size_t stride)
{
	uint32_t	below[4] = {0, 0, 0, 0};

	for (uint32_t half = 128; half > 0; half /= 2)
	{
		for (int i = 0; i < 4; i++)
			below[i] += -(uint32_t) (padded[below[i] + half - 1] < values[i]) & half;
	}
	for (int i = 0; i < 4; i++)
		bins[i * stride] = values[i] != values[i] ? LA_MISSING_BIN : (uint8_t) below[i];
}

/*
 * la_bin_column
 *		The bins of n values, each "stride" bytes after the one before.
 */
void
la_bin_column(const double *values, size_t n,
			  const double *cuts, int ncuts, uint8_t *bins, size_t stride)
{
	double		padded[LA_MAX_BINS];
	size_t		i = 0;

	pad_cuts(cuts, ncuts, padded);
	for (; i + 4 <= n; i += 4)
		bin_four(values + i, padded, bins + i * stride, stride);
	for (; i < n; i++)
		bins[i * stride] = la_bin_of(values[i], cuts, ncuts);
}
