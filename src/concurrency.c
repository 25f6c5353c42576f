/*
 * concurrency.c
 *		How many are present: concurrency_peak, concurrency_avg,
 *		concurrency_series; and how long they stay: stay_curve.
 */
#include "liveanalytics.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "core/keysort.h"
#include "core/spans_core.h"
#include "core/stay_core.h"
#include "funcapi.h"
#include "rowarray.h"
#include "stateargs.h"
#include "timeargs.h"
#include "timestate.h"
#include "utils/builtins.h"

#define MAX_BUCKETS 1000000

PG_FUNCTION_INFO_V1(concurrency_peak_accum);
PG_FUNCTION_INFO_V1(concurrency_peak_combine);
PG_FUNCTION_INFO_V1(concurrency_peak_final);
PG_FUNCTION_INFO_V1(concurrency_avg_accum);
PG_FUNCTION_INFO_V1(concurrency_avg_combine);
PG_FUNCTION_INFO_V1(concurrency_avg_final);
PG_FUNCTION_INFO_V1(concurrency_series_accum);
PG_FUNCTION_INFO_V1(concurrency_series_combine);
PG_FUNCTION_INFO_V1(concurrency_series_final);
PG_FUNCTION_INFO_V1(stay_curve_accum);
PG_FUNCTION_INFO_V1(stay_curve_combine);
PG_FUNCTION_INFO_V1(stay_curve_final);

/* --- arguments ------------------------------------------------------------------ */

/*
 * The span of a row, open where left_at is NULL; false if entered is NULL.
 */
static bool
get_span(FunctionCallInfo fcinfo, Span *span)
{
	if (PG_ARGISNULL(1))
		return false;
	span->start = PG_GETARG_TIMESTAMPTZ(1);
	span->end = PG_ARGISNULL(2) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(2);
	if (unlikely(span->end < span->start))
		la_report_left_before(span->start, span->end);
	return true;
}

static void
get_window(FunctionCallInfo fcinfo, int64 window[2])
{
	window[0] = la_finite_time(fcinfo->args[3], "lo");
	window[1] = la_finite_time(fcinfo->args[4], "hi");
	if (unlikely(window[0] >= window[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lo must be before hi: %s is not before %s",
						la_timestamp_out(window[0]), la_timestamp_out(window[1]))));
}

static void
check_same_window(const int64 here[2], const int64 window[2])
{
	if (unlikely(here[0] != window[0] || here[1] != window[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lo and hi must be the same in all rows of a group: %s and %s, then %s and %s",
						la_timestamp_out(here[0]), la_timestamp_out(here[1]),
						la_timestamp_out(window[0]), la_timestamp_out(window[1]))));
}

static void
check_same_step(const int64 *here, const int64 *step)
{
	if (unlikely(*here != *step))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step must be the same in all rows of a group: %lld microseconds, then %lld",
						(long long) *here, (long long) *step)));
}

/* The rows of argument 1 added to those of argument 0; "check" compares their settings, if they have any. */
static Datum
combine_rows(FunctionCallInfo fcinfo, const TimeKind *kind, void (*check) (const int64 *here, const int64 *there))
{
	TimeState	state;
	TimeRows   *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = la_time_read(fcinfo, 1, kind);
	la_time_open(fcinfo, kind, other->values, &state);
	if (check != NULL)
		check(state.rows->values, other->values);
	la_time_append(kind, &state, other);
	PG_RETURN_DATUM(la_time_result(&state));
}

/* --- concurrency_peak ------------------------------------------------------------- */

/* spans that are not empty, in any order */
static const TimeKind peak_kind = {"concurrency_peak", 'p', 2, 0, 8};

static void
append_span(const TimeKind *kind, TimeState *state, Span span)
{
	la_time_make_room(kind, state, 1);
	((Span *) la_time_values(state->rows))[state->rows->n++] = span;
}

static void
sort_spans(TimeRows *rows)
{
	uint64	   *scratch = la_time_scratch(2 * (uint64) rows->n, sizeof(uint64));

	la_spans_sort((Span *) la_time_values(rows), rows->n, scratch, la_check_for_interrupts);
	pfree(scratch);
}

Datum
concurrency_peak_accum(PG_FUNCTION_ARGS)
{
	TimeState	state;
	Span		span;

	if (!get_span(fcinfo, &span))
		return unchanged_state(fcinfo);
	la_time_open(fcinfo, &peak_kind, NULL, &state);
	if (span.start < span.end)
		append_span(&peak_kind, &state, span);
	PG_RETURN_DATUM(la_time_result(&state));
}

Datum
concurrency_peak_combine(PG_FUNCTION_ARGS)
{
	return combine_rows(fcinfo, &peak_kind, NULL);
}

/* concurrency_peak_final(state): the most present, and since when for the first time */
Datum
concurrency_peak_final(PG_FUNCTION_ARGS)
{
	TimeRows   *rows;
	TupleDesc	tupdesc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int64		at = 0;
	uint64		peak;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != 2)
		elog(ERROR, "concurrency_peak must return a row of 2 columns");
	rows = la_time_own(fcinfo, &peak_kind);
	sort_spans(rows);
	peak = la_spans_peak((Span *) la_time_values(rows), rows->n, &at, la_check_for_interrupts);
	if (peak > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("peak of %llu is out of range for type integer", (unsigned long long) peak)));
	values[0] = Int32GetDatum((int32) peak);
	values[1] = TimestampTzGetDatum(at);
	nulls[1] = peak == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* --- concurrency_avg ---------------------------------------------------------------- */

#define AVG_ID 'a'

/* nothing but a sum: the state of each group is as large as the next */
typedef struct AvgState
{
	int32		vl_len_;
	uint32		id;
	int64		window[2];
	LaWide		area;			/* presence within the window, in microseconds */
} AvgState;

static AvgState *
read_avg(FunctionCallInfo fcinfo, int argno)
{
	bytea	   *value = PG_GETARG_BYTEA_PP(argno);
	AvgState   *state = palloc(sizeof(AvgState));

	SET_VARSIZE(state, sizeof(AvgState));
	if (VARSIZE_ANY_EXHDR(value) == sizeof(AvgState) - VARHDRSZ)
		memcpy(VARDATA(state), VARDATA_ANY(value), sizeof(AvgState) - VARHDRSZ);
	if (VARSIZE_ANY_EXHDR(value) != sizeof(AvgState) - VARHDRSZ ||
		state->id != AVG_ID || state->window[0] >= state->window[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a state of %s",
						(size_t) VARSIZE_ANY(value), "concurrency_avg")));
	return state;
}

/* Argument 0, to be changed: in place within an aggregate, else a copy. */
static AvgState *
writable_avg(FunctionCallInfo fcinfo, const int64 window[2])
{
	AvgState   *state;

	if (PG_ARGISNULL(0))
	{
		state = new_flat_state(sizeof(AvgState));
		state->id = AVG_ID;
		memcpy(state->window, window, sizeof(state->window));
		return state;
	}
	state = (AvgState *) PG_GETARG_POINTER(0);
	if (unlikely(!AggCheckCallContext(fcinfo, NULL) || !VARATT_IS_4B_U(state) ||
				 VARSIZE(state) != sizeof(AvgState) || state->id != AVG_ID ||
				 (uintptr_t) state % MAXIMUM_ALIGNOF != 0))
		state = read_avg(fcinfo, 0);
	check_same_window(state->window, window);
	return state;
}

Datum
concurrency_avg_accum(PG_FUNCTION_ARGS)
{
	AvgState   *state;
	int64		window[2];
	Span		span;

	get_window(fcinfo, window);
	if (!get_span(fcinfo, &span))
		return unchanged_state(fcinfo);
	state = writable_avg(fcinfo, window);
	span.start = Max(span.start, window[0]);
	span.end = Min(span.end, window[1]);
	if (span.start < span.end)
		la_wide_add(&state->area, (uint64) span.end - (uint64) span.start);
	PG_RETURN_POINTER(state);
}

Datum
concurrency_avg_combine(PG_FUNCTION_ARGS)
{
	AvgState   *state;
	AvgState   *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = read_avg(fcinfo, 1);
	state = writable_avg(fcinfo, other->window);
	la_wide_add_wide(&state->area, &other->area);
	PG_RETURN_POINTER(state);
}

Datum
concurrency_avg_final(PG_FUNCTION_ARGS)
{
	AvgState   *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = read_avg(fcinfo, 0);
	PG_RETURN_FLOAT8(la_wide_to_double(&state->area) /
					 (double) ((uint64) state->window[1] - (uint64) state->window[0]));
}

/* --- concurrency_series ------------------------------------------------------------- */

/* spans with something in the window, empty ones too; lo, hi, step */
static const TimeKind series_kind = {"concurrency_series", 's', 2, 3, 8};

static uint64
count_buckets(const int64 settings[3])
{
	return ((uint64) settings[1] - (uint64) settings[0] - 1) / (uint64) settings[2] + 1;
}

static void
get_series(FunctionCallInfo fcinfo, int64 settings[3])
{
	get_window(fcinfo, settings);
	settings[2] = la_positive_length(fcinfo->args[5], "step");
	if (unlikely(count_buckets(settings) > MAX_BUCKETS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of buckets must be at most %d, not %llu",
						MAX_BUCKETS, (unsigned long long) count_buckets(settings)),
				 errhint("Use a longer step, or bring lo and hi closer together.")));
}

static void
check_same_series(const int64 *here, const int64 *settings)
{
	check_same_window(here, settings);
	check_same_step(here + 2, settings + 2);
}

Datum
concurrency_series_accum(PG_FUNCTION_ARGS)
{
	TimeState	state;
	int64		settings[3];
	Span		span;

	get_series(fcinfo, settings);
	if (!get_span(fcinfo, &span))
		return unchanged_state(fcinfo);
	la_time_open(fcinfo, &series_kind, settings, &state);
	check_same_series(state.rows->values, settings);
	if (span.start < settings[1] && span.end >= settings[0])
		append_span(&series_kind, &state, span);
	PG_RETURN_DATUM(la_time_result(&state));
}

Datum
concurrency_series_combine(PG_FUNCTION_ARGS)
{
	return combine_rows(fcinfo, &series_kind, check_same_series);
}

/* A bucket as the columns of online_bucket. */
static void
bucket_row(void *arg, uint64 i, Datum *values, bool *nulls)
{
	const SpanBucket *bucket = (SpanBucket *) ((void **) arg)[0] + i;
	const int64 *settings = ((int64 **) arg)[1];
	int64		start = settings[0] + (int64) i * settings[2];
	uint64		length = Min((uint64) settings[2], (uint64) settings[1] - (uint64) start);

	values[0] = TimestampTzGetDatum(start);
	values[1] = Float8GetDatum(la_wide_to_double(&bucket->area) / (double) length);
	values[2] = Int32GetDatum((int32) bucket->peak);
	values[3] = Int64GetDatum((int64) bucket->enters);
	values[4] = Int64GetDatum((int64) bucket->leaves);
}

/* concurrency_series_final(state): an array of online_bucket */
Datum
concurrency_series_final(PG_FUNCTION_ARGS)
{
	TimeRows   *rows;
	SpanBucket *buckets;
	uint64		nbuckets;
	void	   *arg[2];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = la_time_own(fcinfo, &series_kind);
	/* bytes from anywhere: what accum has checked may not hold */
	if (rows->values[0] >= rows->values[1] || rows->values[2] <= 0 ||
		(nbuckets = count_buckets(rows->values)) > MAX_BUCKETS || rows->n > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of concurrency_series has too many rows or buckets")));
	sort_spans(rows);
	buckets = la_time_scratch(nbuckets, sizeof(SpanBucket));
	la_spans_series((Span *) la_time_values(rows), rows->n, rows->values[0], rows->values[1],
					rows->values[2], buckets, la_check_for_interrupts);
	arg[0] = buckets;
	arg[1] = rows->values;
	PG_RETURN_DATUM(la_row_array(fcinfo, nbuckets, 5, bucket_row, arg));
}

/* --- stay_curve ------------------------------------------------------------------------ */

/* lengths as keys of stay_core.h; step */
static const TimeKind stay_kind = {"stay_curve", 'k', 1, 1, 8};

/*
 * The key of a row; false if it does not count: NULL in entered, or nothing of
 * the stay before hi.
 */
static bool
get_stay(FunctionCallInfo fcinfo, int64 *key)
{
	TimestampTz hi = la_finite_time(fcinfo->args[3], "hi");
	bool		censored;
	uint64		length;
	Span		span;

	if (!get_span(fcinfo, &span) || span.start >= hi)
		return false;
	if (unlikely(span.start == DT_NOBEGIN))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("entered must be finite, not %s", la_timestamp_out(span.start))));
	censored = span.end >= hi;
	length = (uint64) (censored ? hi : span.end) - (uint64) span.start;
	if (unlikely(length > LA_STAY_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("stay from %s is longer than 146,000 years", la_timestamp_out(span.start))));
	*key = (int64) la_stay_key((int64) length, censored);
	return true;
}

Datum
stay_curve_accum(PG_FUNCTION_ARGS)
{
	TimeState	state;
	int64		step = la_positive_length(fcinfo->args[4], "step");
	int64		key;

	if (!get_stay(fcinfo, &key))
		return unchanged_state(fcinfo);
	la_time_open(fcinfo, &stay_kind, &step, &state);
	check_same_step(state.rows->values, &step);
	la_time_make_room(&stay_kind, &state, 1);
	la_time_values(state.rows)[state.rows->n++] = key;
	PG_RETURN_DATUM(la_time_result(&state));
}

Datum
stay_curve_combine(PG_FUNCTION_ARGS)
{
	return combine_rows(fcinfo, &stay_kind, check_same_step);
}

typedef struct StayCurve
{
	StayPoint  *points;
	int64		step;
} StayCurve;

/* A point as the columns of stay_point. */
static void
point_row(void *arg, uint64 i, Datum *values, bool *nulls)
{
	const StayCurve *curve = arg;
	const StayPoint *point = &curve->points[i];
	Interval   *after = palloc0(sizeof(Interval));

	after->time = (int64) i * curve->step;
	values[0] = IntervalPGetDatum(after);
	values[1] = Int64GetDatum((int64) point->at_risk);
	values[2] = Int64GetDatum((int64) point->leaves);
	values[3] = Int64GetDatum((int64) point->censored);
	values[4] = Float8GetDatum(point->share);
	values[5] = Float8GetDatum(point->std_error);
}

/* stay_curve_final(state): an array of stay_point */
Datum
stay_curve_final(PG_FUNCTION_ARGS)
{
	TimeRows   *rows;
	uint64	   *keys;
	uint64		npoints;
	StayCurve	curve;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = la_time_own(fcinfo, &stay_kind);
	keys = (uint64 *) la_time_values(rows);
	curve.step = rows->values[0];
	if (curve.step <= 0)		/* bytes from anywhere */
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value is not a state of %s", "stay_curve")));
	la_sort_keys(keys, la_time_scratch(rows->n, sizeof(uint64)), rows->n, la_check_for_interrupts);
	npoints = la_stay_points(keys, rows->n, curve.step);
	if (npoints > MAX_BUCKETS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of points must be at most %d, not %llu", MAX_BUCKETS, (unsigned long long) npoints),
				 errhint("Use a longer step.")));
	curve.points = la_time_scratch(npoints, sizeof(StayPoint));
	la_stay_curve(keys, rows->n, curve.step, curve.points, la_check_for_interrupts);
	PG_RETURN_DATUM(la_row_array(fcinfo, npoints, 6, point_row, &curve));
}
