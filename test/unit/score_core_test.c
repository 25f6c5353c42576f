/*
 * score_core_test.c
 *		interaction scores at the limits of int64 and float8.
 */
#include "score_core.h"

#include <float.h>
#include <math.h>

#include "tap.h"

static LaResult
score(int64_t comments, int64_t likes, int64_t shares, int64_t *result)
{
	InteractionCounts counts = {comments, likes, shares};

	return la_interaction_score(&counts, result);
}

static LaResult
weighted(double comment, double like, double share, double *result)
{
	InteractionCounts counts = {3, 5, 7};
	InteractionWeights weights = {comment, like, share};

	return la_interaction_score_weighted(&counts, &weights, result);
}

int
main(void)
{
	int64_t		sum = -1;
	double		value = -1;

	ok(score(3, 5, 7, &sum) == LA_OK && sum == 15, "sum of three counts");
	ok(score(0, 0, 0, &sum) == LA_OK && sum == 0, "a silent viewer scores 0");
	ok(score(INT64_MAX, 0, 0, &sum) == LA_OK && sum == INT64_MAX, "largest score");
	ok(score(INT64_MAX, 1, 0, &sum) == LA_OVERFLOW, "overflow in the first addition");
	ok(score(INT64_MAX - 1, 1, 1, &sum) == LA_OVERFLOW, "overflow in the second addition");
	ok(score(INT64_MAX, INT64_MAX, INT64_MAX, &sum) == LA_OVERFLOW, "overflow past 2^64");
	ok(score(-1, 5, 7, &sum) == LA_NEGATIVE, "negative comments");
	ok(score(3, -1, 7, &sum) == LA_NEGATIVE, "negative likes");
	ok(score(3, 5, INT64_MIN, &sum) == LA_NEGATIVE, "negative shares");

	ok(weighted(2, 1, 3, &value) == LA_OK && value == 32, "weighted sum");
	ok(weighted(-1, 0, 0, &value) == LA_OK && value == -3, "a negative weight counts against");
	ok(weighted(-0.0, -0.0, -0.0, &value) == LA_OK && value == 0 && !signbit(value), "no negative zero");
	ok(weighted(DBL_MAX, 0, 0, &value) == LA_OVERFLOW, "weighted overflow");
	ok(weighted(DBL_MAX, -DBL_MAX, 0, &value) == LA_OVERFLOW, "opposite infinities are an overflow");

	return tap_done();
}
