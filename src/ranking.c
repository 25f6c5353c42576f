/*
 * ranking.c
 *		SQL entry points of roc_auc, pr_auc and gain_table.
 *
 * The aggregates collect the scores of positive and of negative rows in a
 * store for each, eight bytes a row, and walk down both at once when they are
 * sorted.  The first rows are kept in an array, and the last of them beside the
 * counts: GROUP BY with many small groups is a matter of how many places in
 * memory a row touches.  roc_auc and pr_auc share their state: a query with both
 * collects the rows once.
 *
 * There is no combine function.  It would have to ship every row, in a value of
 * at most 1 GB, for a sort that takes less time than the scan.
 */
#include "liveanalytics.h"

#include <math.h>

#include "funcapi.h"
#include "port/pg_bitutils.h"

#include "core/radix.h"
#include "core/ranking_core.h"
#include "jsonread.h"
#include "sorted.h"

PG_FUNCTION_INFO_V1(ranking_accum);
PG_FUNCTION_INFO_V1(roc_auc_final);
PG_FUNCTION_INFO_V1(pr_auc_final);
PG_FUNCTION_INFO_V1(gain_table_accum);
PG_FUNCTION_INFO_V1(gain_table_accum_score_first);
PG_FUNCTION_INFO_V1(gain_table_final);
PG_FUNCTION_INFO_V1(gain_table_rows);

#define SCORES_PER_STEP	65536

/* rows without a store; as many bits are in RankingState.actual */
#define FEW_ROWS		64
#define FIRST_ROWS		8
#define RECENT_ROWS		4

/* sides of a ranking */
#define NEGATIVE		0
#define POSITIVE		1

/* a line of the cache */
typedef struct RankingState
{
	int			nbins;			/* of gain_table, once there is a row */
	bool		stored;			/* there were more than FEW_ROWS rows */
	uint8		nfew;			/* until then: rows, */
	uint8		nsettled;		/* how many of them are in the array, */
	uint8		capacity;		/* how many it has room for, */
	uint64		actual;			/* and whether row i is positive in bit i */
	union
	{
		struct
		{
			double	   *settled;	/* their scores */
			double		recent[RECENT_ROWS];	/* those of the rows after them */
		}			few;
		RowStore   *scores[2];	/* once stored, of each side; NULL until there is a row */
	}			u;
} RankingState;

/* both sides, as far as they were read */
typedef struct RankingScan
{
	bool		more[2];
	double		score[2];		/* the next one of each */
	uint64		count[2];
	uint32		step;
	SortedValues *sorted[2];	/* NULL if they are few */
	int			next[2];		/* of few keys */
	int			nkeys[2];
	uint64		keys[2][FEW_ROWS];
} RankingScan;

static RankingState *
ranking_state_create(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return MemoryContextAllocZero(context, sizeof(RankingState));
}

static void
store_score(FunctionCallInfo fcinfo, RankingState *state, bool actual, double score)
{
	RowStore  **side = &state->u.scores[actual ? POSITIVE : NEGATIVE];

	if (unlikely(*side == NULL))
	{
		*side = la_rowstore_create_for_aggregate(fcinfo, 1);
		la_rowstore_limit_memory(*side, (Size) la_collect_mem * 1024 / 2);
	}
	la_rowstore_append(*side, &score);
}

/* The score of one of few rows. */
static inline double
few_score(const RankingState *state, int i)
{
	return i < state->nsettled ? state->u.few.settled[i] : state->u.few.recent[i - state->nsettled];
}

/* Move the recent scores to the array, and make that larger if need be. */
static void
settle_recent(FunctionCallInfo fcinfo, RankingState *state)
{
	double	   *settled = state->u.few.settled;
	MemoryContext context;

	if (settled == NULL)
	{
		AggCheckCallContext(fcinfo, &context);
		settled = MemoryContextAlloc(context, FIRST_ROWS * sizeof(double));
		state->capacity = FIRST_ROWS;
	}
	else if (state->nsettled == state->capacity)
	{
		state->capacity *= 2;
		settled = repalloc(settled, state->capacity * sizeof(double));
	}
	memcpy(settled + state->nsettled, state->u.few.recent, sizeof(state->u.few.recent));
	state->nsettled += RECENT_ROWS;
	state->u.few.settled = settled;
}

/* The rows are not few any more. */
static void
store_few(FunctionCallInfo fcinfo, RankingState *state)
{
	RankingState few = *state;

	state->stored = true;
	memset(&state->u, 0, sizeof(state->u));
	for (int i = 0; i < few.nfew; i++)
		store_score(fcinfo, state, (few.actual >> i) & 1, few_score(&few, i));
	pfree(few.u.few.settled);
}

/* Keep a score; -0 is kept as 0, so that they are equal. */
static void
add_score(FunctionCallInfo fcinfo, RankingState *state, bool actual, double score)
{
	if (unlikely(isnan(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must be a number, not NaN"),
				 errhint("A row with a NULL score is left out: NULLIF(score, 'NaN').")));
	score += 0.0;
	if (!state->stored && state->nfew == FEW_ROWS)
		store_few(fcinfo, state);
	if (state->stored)
	{
		store_score(fcinfo, state, actual, score);
		return;
	}
	if (state->nfew - state->nsettled == RECENT_ROWS)
		settle_recent(fcinfo, state);
	state->u.few.recent[state->nfew - state->nsettled] = score;
	state->actual |= (uint64) actual << state->nfew;
	state->nfew++;
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
	int			positives;

	if (state->stored)
		return state->u.scores[side] ? la_rowstore_nrows(state->u.scores[side]) : 0;
	positives = pg_popcount64(state->actual);
	return side == POSITIVE ? positives : state->nfew - positives;
}

/* The next score of few: keys are those of negated scores. */
static void
next_of_few(RankingScan *scan, int side)
{
	const uint64 *keys = scan->keys[side];
	int			first = scan->next[side];
	int			i = first;

	scan->more[side] = first < scan->nkeys[side];
	if (!scan->more[side])
		return;
	while (i < scan->nkeys[side] && keys[i] == keys[first])
		i++;
	scan->score[side] = -la_double_of_key(keys[first]);
	scan->count[side] = i - first;
	scan->next[side] = i;
}

static void
next_score(RankingScan *scan, int side)
{
	if (scan->sorted[side] == NULL)
	{
		next_of_few(scan, side);
		return;
	}
	scan->more[side] = la_sorted_next(scan->sorted[side], &scan->score[side], &scan->count[side]);
	if (!scan->more[side])
	{
		la_sorted_end(scan->sorted[side]);
		scan->sorted[side] = NULL;
	}
}

static void
sort_few(RankingScan *scan, const RankingState *state)
{
	uint64		scratch[FEW_ROWS];

	for (int i = 0; i < state->nfew; i++)
	{
		int			side = (state->actual >> i) & 1 ? POSITIVE : NEGATIVE;

		scan->keys[side][scan->nkeys[side]++] = la_key_of_double(-few_score(state, i));
	}
	for (int side = 0; side < 2; side++)
		la_radix_sort(scan->keys[side], scratch, scan->nkeys[side], NULL);
}

/*
 * Sort both sides, in as much memory as liveanalytics.collect_mem allows: the
 * keys of both and scratch for one of them, or else half of it for each.
 */
static void
sort_stored(RankingScan *scan, const RankingState *state)
{
	Size		memory = (Size) la_collect_mem * 1024;
	uint64		n[2] = {count_rows(state, NEGATIVE), count_rows(state, POSITIVE)};

	if ((n[0] + n[1] + Max(n[0], n[1])) * sizeof(uint64) > memory)
		memory /= 2;
	for (int side = 0; side < 2; side++)
	{
		if (n[side] > 0)
			scan->sorted[side] = la_sorted_begin(state->u.scores[side], memory);
	}
}

static void
begin_scan(RankingScan *scan, const RankingState *state)
{
	memset(scan, 0, offsetof(RankingScan, keys));
	if (state->stored)
		sort_stored(scan, state);
	else
		sort_few(scan, state);
	next_score(scan, NEGATIVE);
	next_score(scan, POSITIVE);
}

/* The rows of the next lower score; false if there are none, and all is freed. */
static bool
next_group(RankingScan *scan, ScoreGroup *group)
{
	uint64		count[2] = {0, 0};
	int			first;

	if (!scan->more[NEGATIVE] && !scan->more[POSITIVE])
		return false;
	if (unlikely(++scan->step % SCORES_PER_STEP == 0))
		CHECK_FOR_INTERRUPTS();
	first = !scan->more[NEGATIVE] ||
		(scan->more[POSITIVE] && scan->score[POSITIVE] > scan->score[NEGATIVE]) ? POSITIVE : NEGATIVE;
	group->score = scan->score[first];
	for (int side = 0; side < 2; side++)
	{
		if (scan->more[side] && scan->score[side] == group->score)
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

/* --- gain_table ------------------------------------------------------------------ */

static int
get_bins(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("number of bins must not be NULL")));
	if (PG_GETARG_INT32(3) < LA_GAIN_MIN_BINS || PG_GETARG_INT32(3) > LA_GAIN_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of bins must be between %d and %d, not %d",
						LA_GAIN_MIN_BINS, LA_GAIN_MAX_BINS, PG_GETARG_INT32(3))));
	return PG_GETARG_INT32(3);
}

static Datum
accum_gain(FunctionCallInfo fcinfo, int actual_arg, int score_arg)
{
	RankingState *state = PG_ARGISNULL(0) ? NULL : (RankingState *) PG_GETARG_POINTER(0);
	int			nbins = get_bins(fcinfo);

	if (state == NULL)
	{
		state = ranking_state_create(fcinfo);
		state->nbins = nbins;
	}
	if (state->nbins != nbins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of bins must be the same in all rows of a group, not %d and %d",
						state->nbins, nbins)));
	if (!PG_ARGISNULL(actual_arg) && !PG_ARGISNULL(score_arg))
		add_score(fcinfo, state, PG_GETARG_BOOL(actual_arg), PG_GETARG_FLOAT8(score_arg));
	PG_RETURN_POINTER(state);
}

/* gain_table_accum(state, actual, score, bins) */
Datum
gain_table_accum(PG_FUNCTION_ARGS)
{
	return accum_gain(fcinfo, 1, 2);
}

/* gain_table_accum(state, score, actual, bins) */
Datum
gain_table_accum_score_first(PG_FUNCTION_ARGS)
{
	return accum_gain(fcinfo, 2, 1);
}

/* The members of a bin; "above" has what is in it and in those before it. */
static void
append_bin(StringInfo buf, int number, const GainBin *bin, const GainBin *above, const GainBin *all)
{
	bool		empty = bin->rows == 0;
	double		positives = (double) all->positives;
	double		rows = (double) all->rows;

	/* 0 / 0 is NaN, and NaN is null: what an empty bin lacks, and all without positives */
	appendStringInfo(buf, "%s{\"bin\": %d, \"rows\": " UINT64_FORMAT ", \"positives\": " UINT64_FORMAT ", ",
					 number > 1 ? ", " : "", number, bin->rows, bin->positives);
	la_json_append_number(buf, "rate", (double) bin->positives / (double) bin->rows);
	la_json_append_number(buf, "lift", (double) bin->positives * rows / ((double) bin->rows * positives));
	la_json_append_number(buf, "depth", (double) above->rows / rows);
	la_json_append_number(buf, "gain", (double) above->positives / positives);
	la_json_append_number(buf, "cumulative_lift",
						  (double) above->positives * rows / ((double) above->rows * positives));
	la_json_append_number(buf, "score_min", empty ? NAN : bin->score_min);
	la_json_append_number(buf, "score_max", empty ? NAN : bin->score_max);
	/* the comma after the last one */
	buf->len -= 2;
	buf->data[buf->len] = '\0';
	appendStringInfoChar(buf, '}');
}

static Datum
gain_json(const GainTable *table, const GainBin *all)
{
	GainBin		above = {0, 0, 0, 0};
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"rows\": " UINT64_FORMAT ", \"positives\": " UINT64_FORMAT ", \"bins\": [",
					 all->rows, all->positives);
	for (uint32 i = 0; i < table->nbins; i++)
	{
		above.rows += table->bins[i].rows;
		above.positives += table->bins[i].positives;
		append_bin(&buf, i + 1, &table->bins[i], &above, all);
	}
	appendStringInfoString(&buf, "]}");
	return la_json_datum(&buf);
}

/*
 * gain_table_final(state)
 *
 * {"rows", "positives", "bins": [{"bin", "rows", "positives", "rate", "lift",
 * "depth", "gain", "cumulative_lift", "score_min", "score_max"}, ...]}.  NULL
 * without rows.
 */
Datum
gain_table_final(PG_FUNCTION_ARGS)
{
	RankingState *state = PG_ARGISNULL(0) ? NULL : (RankingState *) PG_GETARG_POINTER(0);
	RankingScan scan;
	ScoreGroup	group;
	GainTable	table;
	GainBin		all = {0, 0, 0, 0};

	if (state == NULL)
		PG_RETURN_NULL();
	all.positives = count_rows(state, POSITIVE);
	all.rows = all.positives + count_rows(state, NEGATIVE);
	if (all.rows == 0)
		PG_RETURN_NULL();
	table.rows = all.rows;
	table.done = 0;
	table.nbins = state->nbins;
	table.bins = palloc0(state->nbins * sizeof(GainBin));
	begin_scan(&scan, state);
	while (next_group(&scan, &group))
		la_gain_add(&table, &group);
	PG_RETURN_DATUM(gain_json(&table, &all));
}

static const JsonReader gain_reader = {
	ERRCODE_INVALID_PARAMETER_VALUE,
	"value is not a gain table",
	"Pass a result of gain_table."
};

#define GAIN_COLUMNS	10

/* The columns of one member of "bins". */
static void
read_bin(JsonbContainer *object, Datum *values, bool *nulls)
{
	static const char *const numbers[] = {
		"rate", "lift", "depth", "gain", "cumulative_lift", "score_min", "score_max"
	};
	int64		bin = la_json_whole(&gain_reader, object, "bin", 0, LA_GAIN_MAX_BINS);

	memset(nulls, 0, GAIN_COLUMNS * sizeof(bool));
	values[0] = Int32GetDatum((int32) bin);
	values[1] = Int64GetDatum(la_json_whole(&gain_reader, object, "rows", 0, PG_INT64_MAX));
	values[2] = Int64GetDatum(la_json_whole(&gain_reader, object, "positives", 0, PG_INT64_MAX));
	for (int i = 0; i < lengthof(numbers); i++)
		values[3 + i] = la_json_number_member(&gain_reader, object, numbers[i], &nulls[3 + i]);
}

/* gain_table_rows(jsonb): a row for each bin */
Datum
gain_table_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	JsonbContainer *object = la_json_root(&gain_reader, PG_GETARG_JSONB_P(0));
	JsonbContainer *bins = la_json_array(&gain_reader, la_json_get(&gain_reader, object, "bins"), "bins");

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < JsonContainerSize(bins); i++)
	{
		Datum		values[GAIN_COLUMNS];
		bool		nulls[GAIN_COLUMNS];

		CHECK_FOR_INTERRUPTS();
		read_bin(la_json_object_at(&gain_reader, bins, i, "bins"), values, nulls);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
