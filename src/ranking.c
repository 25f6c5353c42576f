/*
 * ranking.c
 *		SQL entry points of roc_auc, pr_auc and gain_table.
 *
 * The aggregates collect the scores of positive and of negative rows in a
 * store for each, eight bytes a row, and walk down both at once when they are
 * sorted.  roc_auc and pr_auc share their state: a query with both collects
 * the rows once.
 *
 * There is no combine function.  It would have to ship every row, in a value of
 * at most 1 GB, for a sort that takes less time than the scan.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "core/ranking_core.h"
#include "sorted.h"

PG_FUNCTION_INFO_V1(ranking_accum);
PG_FUNCTION_INFO_V1(roc_auc_final);
PG_FUNCTION_INFO_V1(pr_auc_final);

#define SCORES_PER_STEP	65536

/* sides of a ranking */
#define NEGATIVE		0
#define POSITIVE		1

typedef struct RankingState
{
	RowStore   *scores[2];		/* of each side; NULL until there is a row */
	int			nbins;			/* of gain_table */
} RankingState;

/* both sides, as far as they were read */
typedef struct RankingScan
{
	SortedValues *sorted[2];	/* NULL once there is no more */
	double		score[2];		/* the next one of each */
	uint64		count[2];
	uint32		step;
} RankingScan;

static RankingState *
ranking_state_create(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return MemoryContextAllocZero(context, sizeof(RankingState));
}

/* Keep a score; -0 is kept as 0, so that they are equal. */
static void
add_score(FunctionCallInfo fcinfo, RankingState *state, bool actual, double score)
{
	RowStore  **side = &state->scores[actual ? POSITIVE : NEGATIVE];

	if (unlikely(isnan(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must be a number, not NaN"),
				 errhint("A row with a NULL score is left out: NULLIF(score, 'NaN').")));
	if (unlikely(*side == NULL))
	{
		*side = la_rowstore_create_for_aggregate(fcinfo, 1);
		la_rowstore_limit_memory(*side, (Size) la_collect_mem * 1024 / 2);
	}
	score += 0.0;
	la_rowstore_append(*side, &score);
}

/* ranking_accum(state, actual, score): of roc_auc and pr_auc */
Datum
ranking_accum(PG_FUNCTION_ARGS)
{
	RankingState *state = PG_ARGISNULL(0) ? NULL : (RankingState *) PG_GETARG_POINTER(0);

	if (state == NULL)
		state = ranking_state_create(fcinfo);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_score(fcinfo, state, PG_GETARG_BOOL(1), PG_GETARG_FLOAT8(2));
	PG_RETURN_POINTER(state);
}

/* --- reading ------------------------------------------------------------------ */

static uint64
count_rows(const RankingState *state, int side)
{
	return state->scores[side] ? la_rowstore_nrows(state->scores[side]) : 0;
}

static void
next_score(RankingScan *scan, int side)
{
	if (scan->sorted[side] && !la_sorted_next(scan->sorted[side], &scan->score[side], &scan->count[side]))
	{
		la_sorted_end(scan->sorted[side]);
		scan->sorted[side] = NULL;
	}
}

/*
 * Sort both sides, in as much memory as liveanalytics.collect_mem allows: the
 * keys of both and scratch for one of them, or else half of it for each.
 */
static void
begin_scan(RankingScan *scan, const RankingState *state)
{
	Size		memory = (Size) la_collect_mem * 1024;
	uint64		n[2] = {count_rows(state, NEGATIVE), count_rows(state, POSITIVE)};

	if ((n[0] + n[1] + Max(n[0], n[1])) * sizeof(uint64) > memory)
		memory /= 2;
	memset(scan, 0, sizeof(*scan));
	for (int side = 0; side < 2; side++)
	{
		if (n[side] > 0)
			scan->sorted[side] = la_sorted_begin(state->scores[side], memory);
		next_score(scan, side);
	}
}

/* The rows of the next lower score; false if there are none, and all is freed. */
static bool
next_group(RankingScan *scan, ScoreGroup *group)
{
	uint64		count[2] = {0, 0};
	int			first;

	if (!scan->sorted[NEGATIVE] && !scan->sorted[POSITIVE])
		return false;
	if (unlikely(++scan->step % SCORES_PER_STEP == 0))
		CHECK_FOR_INTERRUPTS();
	first = !scan->sorted[NEGATIVE] ||
		(scan->sorted[POSITIVE] && scan->score[POSITIVE] > scan->score[NEGATIVE]) ? POSITIVE : NEGATIVE;
	group->score = scan->score[first];
	for (int side = 0; side < 2; side++)
	{
		if (scan->sorted[side] && scan->score[side] == group->score)
		{
			count[side] = scan->count[side];
			next_score(scan, side);
		}
	}
	group->positives = count[POSITIVE];
	group->negatives = count[NEGATIVE];
	return true;
}

/* --- roc_auc and pr_auc ------------------------------------------------------- */

static Datum
number_or_null(FunctionCallInfo fcinfo, double number)
{
	if (isnan(number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

/* roc_auc_final(state): NULL unless there are positive and negative rows */
Datum
roc_auc_final(PG_FUNCTION_ARGS)
{
	RankingState *state = PG_ARGISNULL(0) ? NULL : (RankingState *) PG_GETARG_POINTER(0);
	RankingScan scan;
	ScoreGroup	group;
	RocSum		sum = {0, 0, {0, 0}};

	if (state == NULL || count_rows(state, POSITIVE) == 0 || count_rows(state, NEGATIVE) == 0)
		PG_RETURN_NULL();
	begin_scan(&scan, state);
	while (next_group(&scan, &group))
		la_roc_add(&sum, &group);
	return number_or_null(fcinfo, la_roc_area(&sum));
}

/* pr_auc_final(state): NULL unless there are positive rows */
Datum
pr_auc_final(PG_FUNCTION_ARGS)
{
	RankingState *state = PG_ARGISNULL(0) ? NULL : (RankingState *) PG_GETARG_POINTER(0);
	RankingScan scan;
	ScoreGroup	group;
	PrecisionSum sum = {0, 0, {0, 0}};

	if (state == NULL || count_rows(state, POSITIVE) == 0)
		PG_RETURN_NULL();
	begin_scan(&scan, state);
	while (next_group(&scan, &group))
		la_precision_add(&sum, &group);
	return number_or_null(fcinfo, la_precision_mean(&sum));
}
