/*
 * score.c
 *		SQL entry points of interaction_score.
 */
#include "liveanalytics.h"

#include "args.h"
#include "core/score_core.h"

PG_FUNCTION_INFO_V1(interaction_score);
PG_FUNCTION_INFO_V1(interaction_score_weighted);

/* arguments 0 to 2: comments, likes, shares; a missing count is 0 */
static inline InteractionCounts
get_counts(FunctionCallInfo fcinfo)
{
	InteractionCounts counts;

	counts.comments = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	counts.likes = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
	counts.shares = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	return counts;
}

static pg_noinline void
report_score_error(LaResult result, const InteractionCounts *counts)
{
	if (result == LA_NEGATIVE)
	{
		const char *name = counts->comments < 0 ? "comments" :
			counts->likes < 0 ? "likes" : "shares";
		int64		value = counts->comments < 0 ? counts->comments :
			counts->likes < 0 ? counts->likes : counts->shares;

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative: %lld", name, (long long) value)));
	}

	Assert(result == LA_OVERFLOW);
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("interaction score out of range")));
}

/* interaction_score(comments, likes, shares) */
Datum
interaction_score(PG_FUNCTION_ARGS)
{
	InteractionCounts counts = get_counts(fcinfo);
	int64		score;
	LaResult	result = la_interaction_score(&counts, &score);

	if (unlikely(result != LA_OK))
		report_score_error(result, &counts);
	PG_RETURN_INT64(score);
}

/* interaction_score(comments, likes, shares, comment_weight, like_weight, share_weight) */
Datum
interaction_score_weighted(PG_FUNCTION_ARGS)
{
	InteractionCounts counts = get_counts(fcinfo);
	InteractionWeights weights;
	double		score;
	LaResult	result;

	if (PG_ARGISNULL(3) || PG_ARGISNULL(4) || PG_ARGISNULL(5))
		PG_RETURN_NULL();
	weights.comment = PG_GETARG_FLOAT8(3);
	weights.like = PG_GETARG_FLOAT8(4);
	weights.share = PG_GETARG_FLOAT8(5);
	la_check_finite(weights.comment, "comment_weight");
	la_check_finite(weights.like, "like_weight");
	la_check_finite(weights.share, "share_weight");

	result = la_interaction_score_weighted(&counts, &weights, &score);
	if (unlikely(result != LA_OK))
		report_score_error(result, &counts);
	PG_RETURN_FLOAT8(score);
}
