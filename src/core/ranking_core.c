/*
 * ranking_core.c
 *		How well a score puts positive rows above negative ones: area under the
 *		ROC curve, average precision and gain tables.
 *
 * All of them read the rows by groups of equal scores, from the highest score
 * down.  A group counts as a whole, so nothing depends on how its rows are
 * ordered.
 */
#include "ranking_core.h"

#include <assert.h>
#include <math.h>

/* sum += a * b, all of it whole numbers of 128 bits */
static void
add_product(uint64_t sum[2], uint64_t a, uint64_t b)
{
	const uint64_t low_bits = UINT32_MAX;
	uint64_t	ll = (a & low_bits) * (b & low_bits);
	uint64_t	lh = (a & low_bits) * (b >> 32);
	uint64_t	hl = (a >> 32) * (b & low_bits);
	uint64_t	hh = (a >> 32) * (b >> 32);
	uint64_t	middle = (ll >> 32) + (lh & low_bits) + (hl & low_bits);
	uint64_t	low = (ll & low_bits) | middle << 32;

	sum[0] += low;
	sum[1] += hh + (lh >> 32) + (hl >> 32) + (middle >> 32) + (sum[0] < low);
}

/*
 * la_roc_add
 *		Add the rows of the next lower score.
 *
 * Each negative has all positives above it, and ties with those of its group.
 */
void
la_roc_add(RocSum *sum, const ScoreGroup *group)
{
	add_product(sum->above, group->negatives, 2 * sum->positives + group->positives);
	sum->positives += group->positives;
	sum->negatives += group->negatives;
}

/*
 * la_roc_area
 *		The share of pairs of a positive and a negative row in which the
 *		positive has the higher score, ties counting one half: the area under
 *		the ROC curve by the trapezoidal rule.  NaN unless there are both.
 *
 * Pairs are counted in whole numbers: the result is right to the last bit or
 * the one before.
 *
 * Source: Hanley & McNeil, The Meaning and Use of the Area under a Receiver
 * Operating Characteristic Curve, Radiology 143, 1982.
 */
double
la_roc_area(const RocSum *sum)
{
	double		pairs = (double) sum->positives * (double) sum->negatives;

	if (pairs == 0)
		return NAN;
	return (ldexp((double) sum->above[1], 64) + (double) sum->above[0]) / (2 * pairs);
}

/*
 * la_precision_add
 *		Add the rows of the next lower score.
 */
void
la_precision_add(PrecisionSum *sum, const ScoreGroup *group)
{
	sum->positives += group->positives;
	sum->negatives += group->negatives;
	if (group->positives > 0)
	{
		double		precision = (double) sum->positives / (double) (sum->positives + sum->negatives);

		sum->sum = dd_add(sum->sum, dd_two_prod(precision, (double) group->positives));
	}
}

/*
 * la_precision_mean
 *		The mean over all positives of the precision among the rows that score
 *		at least as high: average precision, the sum of (R(k) - R(k-1)) P(k)
 *		over thresholds.  NaN without positives.
 *
 * Source: Zhu, Recall, Precision and Average Precision, University of
 * Waterloo, 2004.
 */
double
la_precision_mean(const PrecisionSum *sum)
{
	if (sum->positives == 0)
		return NAN;
	return sum->sum.hi / (double) sum->positives;
}

/*
 * la_gain_add
 *		Add the rows of the next lower score to the bin that the first of them
 *		belongs to.
 *
 * Bin i of b begins at row (i - 1) n / b, rounded up, counted from 0.  A group
 * that begins in a bin is in it as a whole; the bins that it covers to their
 * end stay empty.  There are less than 2^54 rows.
 */
void
la_gain_add(GainTable *table, const ScoreGroup *group)
{
	uint64_t	rows = group->positives + group->negatives;
	GainBin    *bin;

	assert(rows > 0 && rows <= table->rows - table->done);
	bin = &table->bins[table->done * table->nbins / table->rows];
	if (bin->rows == 0)
		bin->score_max = group->score;
	bin->score_min = group->score;
	bin->rows += rows;
	bin->positives += group->positives;
	table->done += rows;
}
