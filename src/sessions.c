/*
 * sessions.c
 *		Sessions of a viewer: sessionize, and watch_time, the length of their
 *		union.
 */
#include "liveanalytics.h"

#include "core/spans_core.h"
#include "stateargs.h"
#include "timeargs.h"
#include "timestate.h"
#include "utils/builtins.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(sessionize);
PG_FUNCTION_INFO_V1(watch_time_accum);
PG_FUNCTION_INFO_V1(watch_time_combine);
PG_FUNCTION_INFO_V1(watch_time_final);

/* --- sessionize --------------------------------------------------------------- */

/* what is known of the rows of the partition before this one */
typedef struct Session
{
	int64		number;			/* 0: no row with a time so far */
	TimestampTz last;
} Session;

LA_NORETURN static void
report_disorder(TimestampTz last, TimestampTz ts)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("ts must not descend from row to row, as from %s to %s",
					la_timestamp_out(last), la_timestamp_out(ts)),
			 errhint("Write OVER (PARTITION BY viewer ORDER BY ts).")));
	pg_unreachable();
}

/* sessionize(ts, gap): the number of the session within the partition */
Datum
sessionize(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	Session    *session = WinGetPartitionLocalMemory(winobj, sizeof(Session));
	NullableDatum gap;
	int64		length;
	bool		isnull;
	TimestampTz ts = DatumGetTimestampTz(WinGetFuncArgCurrent(winobj, 0, &isnull));

	gap.value = WinGetFuncArgCurrent(winobj, 1, &gap.isnull);
	length = la_positive_length(gap, "gap");
	if (isnull)
		PG_RETURN_NULL();
	if (unlikely(TIMESTAMP_NOT_FINITE(ts)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("ts must be finite, not %s", la_timestamp_out(ts))));
	if (session->number == 0)
		session->number = 1;
	else if (unlikely(ts < session->last))
		report_disorder(session->last, ts);
	else if ((uint64) ts - (uint64) session->last > (uint64) length)
		session->number++;
	session->last = ts;
	PG_RETURN_INT64(session->number);
}

/* --- watch_time ---------------------------------------------------------------- */

/*
 * Spans; those before "ordered" are disjoint and ascending. Whenever there is
 * no more room all are united, so that a viewer's state grows with the number
 * of separate times of watching, not of rows.
 */
static const TimeKind watch_kind = {"watch_time", 'w', 2, 0, 1};

static void
unite(TimeRows *rows)
{
	Span	   *spans = (Span *) la_time_values(rows);
	uint64	   *scratch;

	if (rows->ordered == rows->n)
		return;
	scratch = la_time_scratch(2 * (uint64) rows->n, sizeof(uint64));
	la_spans_sort(spans, rows->n, scratch, la_check_for_interrupts);
	pfree(scratch);
	rows->n = rows->ordered = (uint32) la_spans_unite(spans, rows->n, la_check_for_interrupts);
}

/* Room for a span, by uniting those there are or by growing. */
static void
make_room(TimeState *state)
{
	if (state->rows->n < state->capacity)
		return;
	unite(state->rows);
	/* bytes from anywhere may have room for no span at all */
	if (state->rows->n > state->capacity / 2 || state->capacity == 0)
		la_time_make_room(&watch_kind, state, Max(state->capacity, 1));
}

/* A span that is not empty. */
static void
add_span(TimeState *state, int64 start, int64 end)
{
	TimeRows   *rows = state->rows;
	Span	   *last = (Span *) la_time_values(rows) + rows->n - 1;

	if (rows->n > 0 && rows->ordered == rows->n && start >= last->start && start <= last->end)
	{
		last->end = Max(last->end, end);
		return;
	}
	make_room(state);
	rows = state->rows;
	last = (Span *) la_time_values(rows) + rows->n;
	if (rows->ordered == rows->n && (rows->n == 0 || start > last[-1].end))
		rows->ordered++;
	last->start = start;
	last->end = end;
	rows->n++;
}

/* An optional bound: DT_NOBEGIN or DT_NOEND where there is none. */
static TimestampTz
get_bound(FunctionCallInfo fcinfo, int argno, TimestampTz none)
{
	if (PG_NARGS() <= argno || PG_ARGISNULL(argno))
		return none;
	return PG_GETARG_TIMESTAMPTZ(argno);
}

static void
check_bounds(TimestampTz lo, TimestampTz hi)
{
	if (unlikely(lo > hi))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lo must not be after hi: %s is after %s", la_timestamp_out(lo), la_timestamp_out(hi))));
}

LA_NORETURN static void
report_endless(const char *name, TimestampTz t)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("watch time is infinite where %s is %s", name, la_timestamp_out(t)),
			 errhint("Pass lo and hi, or leave the row out.")));
	pg_unreachable();
}

/*
 * The clipped span of a row; false if the row does not count: NULL in entered,
 * or no end known.
 */
static bool
get_span(FunctionCallInfo fcinfo, Span *span)
{
	TimestampTz lo = get_bound(fcinfo, 3, DT_NOBEGIN);
	TimestampTz hi = get_bound(fcinfo, 4, DT_NOEND);

	check_bounds(lo, hi);
	if (PG_ARGISNULL(1) || (PG_ARGISNULL(2) && hi == DT_NOEND))
		return false;
	span->start = PG_GETARG_TIMESTAMPTZ(1);
	span->end = PG_ARGISNULL(2) ? Max(hi, span->start) : PG_GETARG_TIMESTAMPTZ(2);
	if (unlikely(span->end < span->start))
		la_report_left_before(span->start, span->end);
	span->start = Max(span->start, lo);
	span->end = Min(span->end, hi);
	if (unlikely(span->start < span->end && span->end == DT_NOEND))
		report_endless("left_at", span->end);
	if (unlikely(span->start < span->end && span->start == DT_NOBEGIN))
		report_endless("entered", span->start);
	return true;
}

/* transition of watch_time(entered, left_at [, lo, hi]) */
Datum
watch_time_accum(PG_FUNCTION_ARGS)
{
	TimeState	state;
	Span		span;

	if (!get_span(fcinfo, &span))
		return unchanged_state(fcinfo);
	la_time_open(fcinfo, &watch_kind, NULL, &state);
	if (span.start < span.end)
		add_span(&state, span.start, span.end);
	PG_RETURN_DATUM(la_time_result(&state));
}

/* combine function of watch_time */
Datum
watch_time_combine(PG_FUNCTION_ARGS)
{
	TimeState	state;
	TimeRows   *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = la_time_read(fcinfo, 1, &watch_kind);
	la_time_open(fcinfo, &watch_kind, NULL, &state);
	if (state.rows->n + (uint64) other->n > state.capacity)
		unite(state.rows);
	la_time_append(&watch_kind, &state, other);
	unite(state.rows);
	PG_RETURN_DATUM(la_time_result(&state));
}

/* watch_time_final(state): no rows that count, no time */
Datum
watch_time_final(PG_FUNCTION_ARGS)
{
	TimeRows   *rows;
	Interval   *result;
	int64		length;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = la_time_own(fcinfo, &watch_kind);
	unite(rows);
	if (la_spans_length((Span *) la_time_values(rows), rows->n, &length) != LA_OK)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("watch time is more than 292,000 years")));
	result = palloc0(sizeof(Interval));
	result->time = length;
	PG_RETURN_INTERVAL_P(result);
}
