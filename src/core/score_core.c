/*
 * score_core.c
 *		Interaction score of a viewer: comments + likes + shares.
 *
 * The sum of the three counts is the measure of interaction used throughout
 * live commerce; see docs/reference/score.md.
 */
#include "score_core.h"

#include <math.h>
#include <stdbool.h>

static bool
any_negative(const InteractionCounts *counts)
{
	return (counts->comments | counts->likes | counts->shares) < 0;
}

/*
 * la_interaction_score
 *		Sum of the counts.
 *
 * Returns LA_NEGATIVE if a count is below zero, LA_OVERFLOW if the sum does
 * not fit; "score" is set only with LA_OK.
 */
LaResult
la_interaction_score(const InteractionCounts *counts, int64_t *score)
{
	uint64_t	sum;

	if (any_negative(counts))
		return LA_NEGATIVE;

	/* three values below 2^63 can pass 2^64 only by way of 2^63: check twice */
	sum = (uint64_t) counts->comments + (uint64_t) counts->likes;
	if (sum > INT64_MAX)
		return LA_OVERFLOW;
	sum += (uint64_t) counts->shares;
	if (sum > INT64_MAX)
		return LA_OVERFLOW;

	*score = (int64_t) sum;
	return LA_OK;
}

/*
 * la_interaction_score_weighted
 *		Sum of the counts, each times its weight.  The weights are finite.
 *
 * Returns LA_NEGATIVE if a count is below zero, LA_OVERFLOW if the sum is not
 * finite; "score" is set only with LA_OK.
 */
LaResult
la_interaction_score_weighted(const InteractionCounts *counts,
							  const InteractionWeights *weights,
							  double *score)
{
	double		sum;

	if (any_negative(counts))
		return LA_NEGATIVE;

	sum = (double) counts->comments * weights->comment +
		(double) counts->likes * weights->like +
		(double) counts->shares * weights->share;
	if (!isfinite(sum))
		return LA_OVERFLOW;

	*score = sum + 0.0;			/* no negative zero */
	return LA_OK;
}
