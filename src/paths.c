/*
 * paths.c
 *		SQL entry points of path_edges and of its state, the type path_state.
 *
 * Text of a state is the object
 *		{"format": 1, "gap": 1800000000, "depth": 5, "start": null, "reverse": false,
 *		 "collapse": false, "events": [[0, "home"], [5000000, "cart"]]}
 * with the gap in microseconds and times in microseconds since 2000-01-01 00:00 UTC.
 */
#include "liveanalytics.h"

#include "access/htup_details.h"
#include "common/int.h"
#include "core/path_core.h"
#include "funcapi.h"
#include "jsonread.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "stateargs.h"
#include "typeio.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(path_state_in);
PG_FUNCTION_INFO_V1(path_state_out);
PG_FUNCTION_INFO_V1(path_state_recv);
PG_FUNCTION_INFO_V1(path_state_send);
PG_FUNCTION_INFO_V1(path_accum);
PG_FUNCTION_INFO_V1(path_combine);
PG_FUNCTION_INFO_V1(path_edges_final);

#define FIRST_CAPACITY		64	/* bytes */
#define VISITS_PER_STEP		4096

#define FLAG_START			1
#define FLAG_REVERSE		2
#define FLAG_COLLAPSE		4

/* --- states ------------------------------------------------------------------- */

/* An empty state in the current context. */
static PathState *
new_state(const PathQuestion *question, uint64 capacity)
{
	uint64		size = la_path_size(question->start_length, capacity);
	PathState  *state;

	if (capacity > MaxAllocSize || size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group"),
				 errdetail("The events of a group and the names of their nodes must fit into 1 GB."),
				 errhint("Use shorter names, or group by less.")));
	state = palloc0(size);
	la_path_init(state, question, capacity);
	SET_VARSIZE(state, size);
	return state;
}

static PathState *
copy_state(const PathState *state, uint64 capacity)
{
	PathQuestion question = la_path_question(state);
	PathState  *copy = new_state(&question, capacity);

	la_path_append(copy, state);
	return copy;
}

/* The state to change in place of "state", with room for so many bytes more: see sequence.c. */
static PathState *
with_room(FunctionCallInfo fcinfo, PathState *state, uint64 more)
{
	uint64		used = state->used + more;
	uint64		largest = MaxAllocSize - la_path_size(state->start_length, 0);

	if (AggCheckCallContext(fcinfo, NULL) && state->capacity - state->used >= more)
		return state;
	return copy_state(state, Max(used, Min(2 * used, largest)));
}

LA_NORETURN static void
report_corrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("value of type path_state is corrupted")));
	pg_unreachable();
}

/* A flat and aligned state: the argument itself where it is that. */
static PathState *
get_state(FunctionCallInfo fcinfo, int argno)
{
	PathState  *state = (PathState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	if (!la_path_valid(state, VARSIZE(state)))
		report_corrupted();
	return state;
}

/* --- arguments ------------------------------------------------------------------ */

static int64
read_gap(Interval *interval)
{
	int64		gap;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("session gap must not have months, as %s has",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)))),
				 errhint("Months differ in length: use days or hours.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &gap) ||
		pg_add_s64_overflow(gap, interval->time, &gap))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("session gap is out of range")));
	if (gap < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("session gap must not be negative, as %s is",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval))))));
	return gap;
}

static void
check_not_null(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

/* path_accum(state, ts, node, gap, depth [, start_node [, reverse [, collapse]]]) */
static PathQuestion
read_question(FunctionCallInfo fcinfo)
{
	PathQuestion question = {0};

	check_not_null(fcinfo, 3, "session gap");
	check_not_null(fcinfo, 4, "depth");
	question.gap = read_gap(PG_GETARG_INTERVAL_P(3));
	question.depth = PG_GETARG_INT32(4);
	if (question.depth < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("depth must be at least 2, not %d", question.depth),
				 errdetail("It is the number of nodes in a path, which has an edge less.")));
	if (PG_NARGS() > 5 && !PG_ARGISNULL(5))
	{
		text	   *start = PG_GETARG_TEXT_PP(5);

		question.has_start = true;
		question.start = VARDATA_ANY(start);
		question.start_length = VARSIZE_ANY_EXHDR(start);
	}
	if (PG_NARGS() > 6)
	{
		check_not_null(fcinfo, 6, "reverse");
		question.reverse = PG_GETARG_BOOL(6);
	}
	if (PG_NARGS() > 7)
	{
		check_not_null(fcinfo, 7, "collapse");
		question.collapse = PG_GETARG_BOOL(7);
	}
	return question;
}

/* --- the aggregate --------------------------------------------------------------- */

/* The state of the rows before, or a new one: what is asked must be the same in all of them. */
static PathState *
state_for(FunctionCallInfo fcinfo, const PathQuestion *question)
{
	PathState  *state;
	PathQuestion before;

	if (PG_ARGISNULL(0))
		return new_state(question, FIRST_CAPACITY);
	state = (PathState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	if (unlikely(!la_path_plausible(state, VARSIZE(state))))
		report_corrupted();
	before = la_path_question(state);
	if (unlikely(!la_path_same_question(&before, question)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("session gap, depth, start node, reverse and collapse must be the same for all rows of a group")));
	return state;
}

/* path_accum(state, ts, node, ...): a row without a time or a node does not count */
Datum
path_accum(PG_FUNCTION_ARGS)
{
	PathQuestion question = read_question(fcinfo);
	PathState  *state;
	PathVisit	visit;
	text	   *node;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	visit.ts = PG_GETARG_TIMESTAMPTZ(1);
	if (unlikely(TIMESTAMP_NOT_FINITE(visit.ts)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time of an event must be finite, not %s", visit.ts < 0 ? "-infinity" : "infinity")));
	node = PG_GETARG_TEXT_PP(2);
	visit.node = VARDATA_ANY(node);
	visit.length = VARSIZE_ANY_EXHDR(node);
	state = with_room(fcinfo, state_for(fcinfo, &question), la_path_visit_size(visit.length));
	la_path_add(state, &visit);
	PG_RETURN_POINTER(state);
}

/* path_combine(state, other): never hands back "other" */
Datum
path_combine(PG_FUNCTION_ARGS)
{
	PathState  *state;
	PathState  *other;
	PathQuestion question;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = get_state(fcinfo, 1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(copy_state(other, Max(other->used, FIRST_CAPACITY)));
	question = la_path_question(other);
	state = with_room(fcinfo, state_for(fcinfo, &question), other->used);
	la_path_append(state, other);
	PG_RETURN_POINTER(state);
}

/* --- the edges --------------------------------------------------------------------- */

static PathVisit *
sorted_visits(const PathState *state)
{
	Size		size = mul_size(Max(state->n, 1), sizeof(PathVisit));
	PathVisit  *visits = MemoryContextAllocHuge(CurrentMemoryContext, size);
	PathVisit  *scratch = MemoryContextAllocHuge(CurrentMemoryContext, size);
	PathVisit  *sorted;
	uint64		position = 0;

	for (uint64 i = 0; i < state->n; i++)
		la_path_read(state, &position, &visits[i]);
	sorted = la_path_sort(visits, scratch, state->n, la_check_for_interrupts);
	pfree(sorted == visits ? scratch : visits);
	return sorted;
}

static Datum
node_datum(const PathVisit *visit)
{
	return PointerGetDatum(cstring_to_text_with_len(visit->node, visit->length));
}

/* path_edges_final(state): the array of the type that the function is declared to return */
Datum
path_edges_final(PG_FUNCTION_ARGS)
{
	Oid			edge_type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	ArrayBuildState *edges;
	TupleDesc	tupdesc;
	PathState  *state;
	PathWalk	walk;
	PathEdge	edge;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = get_state(fcinfo, 0);
	tupdesc = lookup_rowtype_tupdesc(edge_type, -1);
	if (tupdesc->natts != 3)
		elog(ERROR, "path_edge must have 3 columns");
	edges = initArrayResult(edge_type, CurrentMemoryContext, false);
	la_path_walk(&walk, state, sorted_visits(state));
	for (int64 i = 0; la_path_next(&walk, &edge); i++)
	{
		Datum		values[3] = {Int32GetDatum(edge.pos), node_datum(edge.src), node_datum(edge.dst)};
		bool		nulls[3] = {false, false, false};

		if (i % VISITS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		accumArrayResult(edges, HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls)), false,
						 edge_type, CurrentMemoryContext);
		pfree(DatumGetPointer(values[1]));
		pfree(DatumGetPointer(values[2]));
	}
	ReleaseTupleDesc(tupdesc);
	PG_RETURN_DATUM(makeArrayResult(edges, CurrentMemoryContext));
}

/* --- text ---------------------------------------------------------------------------- */

static void
append_text(StringInfo out, const char *bytes, uint64 length)
{
	char	   *name = pnstrdup(bytes, length);

	escape_json(out, name);
	pfree(name);
}

static const char *
boolean_name(bool value)
{
	return value ? "true" : "false";
}

Datum
path_state_out(PG_FUNCTION_ARGS)
{
	PathState  *state = get_state(fcinfo, 0);
	PathQuestion question = la_path_question(state);
	StringInfoData out;
	PathVisit	visit;
	uint64		position = 0;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"gap\": " INT64_FORMAT ", \"depth\": %d, \"start\": ",
					 state->format, question.gap, question.depth);
	if (question.has_start)
		append_text(&out, question.start, question.start_length);
	else
		appendStringInfoString(&out, "null");
	appendStringInfo(&out, ", \"reverse\": %s, \"collapse\": %s, \"events\": [",
					 boolean_name(question.reverse), boolean_name(question.collapse));
	for (uint64 i = 0; la_path_read(state, &position, &visit); i++)
	{
		if (i % VISITS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		appendStringInfo(&out, "%s[" INT64_FORMAT ", ", i > 0 ? ", " : "", visit.ts);
		append_text(&out, visit.node, visit.length);
		appendStringInfoChar(&out, ']');
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static const JsonReader reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid value for type path_state", NULL, "value of type path_state"
};

static const char *const known_keys[] = {
	"format", "gap", "depth", "start", "reverse", "collapse", "events", NULL
};

static PathQuestion
parse_question(JsonbContainer *object)
{
	PathQuestion question = {0};
	JsonbValue *start = la_json_get(&reader, object, "start");

	question.gap = la_json_whole(&reader, object, "gap", 0, PG_INT64_MAX);
	question.depth = (int32) la_json_whole(&reader, object, "depth", 2, PG_INT32_MAX);
	question.reverse = la_json_bool(&reader, object, "reverse");
	question.collapse = la_json_bool(&reader, object, "collapse");
	if (start->type != jbvString && start->type != jbvNull)
		la_json_error(&reader, "Key \"start\" must be a string or null.");
	question.has_start = start->type == jbvString;
	if (question.has_start)
	{
		question.start = start->val.string.val;
		question.start_length = start->val.string.len;
	}
	return question;
}

/* The visit in element i, an array of time and node. */
static PathVisit
parse_visit(JsonbContainer *events, uint32 i)
{
	JsonbContainer *pair = la_json_array_at(&reader, events, i, "events", 2);
	JsonbValue *node = getIthJsonbValueFromContainer(pair, 1);
	PathVisit	visit;

	visit.ts = la_json_whole_at(&reader, pair, 0, "events", PG_INT64_MIN + 1, PG_INT64_MAX - 1);
	if (node->type != jbvString)
		la_json_error(&reader, psprintf("Element %u of key \"events\" must be a time and a string.", i));
	visit.node = node->val.string.val;
	visit.length = node->val.string.len;
	pfree(node);
	return visit;
}

Datum
path_state_in(PG_FUNCTION_ARGS)
{
	JsonbContainer *object = la_json_open(&reader, PG_GETARG_DATUM(0), LA_PATH_FORMAT, known_keys);
	PathQuestion question = parse_question(object);
	JsonbContainer *events = la_json_array(&reader, la_json_get(&reader, object, "events"), "events");
	PathState  *state = new_state(&question, FIRST_CAPACITY);

	for (uint32 i = 0; i < JsonContainerSize(events); i++)
	{
		PathVisit	visit = parse_visit(events, i);

		if (state->capacity - state->used < la_path_visit_size(visit.length))
		{
			CHECK_FOR_INTERRUPTS();
			state = copy_state(state, 2 * (state->used + la_path_visit_size(visit.length)));
		}
		la_path_add(state, &visit);
	}
	PG_RETURN_POINTER(state);
}

/* --- binary: format, flags, gap, depth, start node, then time and node of each event --- */

Datum
path_state_send(PG_FUNCTION_ARGS)
{
	PathState  *state = get_state(fcinfo, 0);
	PathQuestion question = la_path_question(state);
	StringInfoData out;
	PathVisit	visit;
	uint64		position = 0;

	pq_begintypsend(&out);
	pq_sendint16(&out, state->format);
	pq_sendint8(&out, (question.has_start ? FLAG_START : 0) | (question.reverse ? FLAG_REVERSE : 0) |
				(question.collapse ? FLAG_COLLAPSE : 0));
	pq_sendint64(&out, question.gap);
	pq_sendint32(&out, question.depth);
	if (question.has_start)
		la_sendcountedtext(&out, question.start, question.start_length);
	for (uint64 i = 0; la_path_read(state, &position, &visit); i++)
	{
		if (i % VISITS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&out, visit.ts);
		la_sendcountedtext(&out, visit.node, visit.length);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static const char *
receive_text(StringInfo in, uint32 *length)
{
	uint32		size = pq_getmsgint(in, 4);
	int			nbytes;
	const char *bytes;

	if (size > in->len - in->cursor)
		report_invalid_binary("path_state", "A text in it is longer than it is.");
	bytes = pq_getmsgtext(in, size, &nbytes);
	*length = nbytes;
	return bytes;
}

static PathQuestion
receive_question(StringInfo in)
{
	PathQuestion question = {0};
	int			format = pq_getmsgint(in, 2);
	int			flags = pq_getmsgbyte(in);

	if (format != LA_PATH_FORMAT || flags > (FLAG_START | FLAG_REVERSE | FLAG_COLLAPSE))
		report_invalid_binary("path_state", psprintf("Format %d with flags %d is not known.", format, flags));
	question.gap = pq_getmsgint64(in);
	question.depth = pq_getmsgint(in, 4);
	question.has_start = (flags & FLAG_START) != 0;
	question.reverse = (flags & FLAG_REVERSE) != 0;
	question.collapse = (flags & FLAG_COLLAPSE) != 0;
	if (question.gap < 0 || question.depth < 2)
		report_invalid_binary("path_state", "Its session gap is negative, or its depth less than 2.");
	if (question.has_start)
		question.start = receive_text(in, &question.start_length);
	return question;
}

Datum
path_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	PathQuestion question = receive_question(in);
	PathState  *state = new_state(&question, FIRST_CAPACITY);

	while (in->cursor < in->len)
	{
		PathVisit	visit;
		uint32		length;

		visit.ts = pq_getmsgint64(in);
		if (TIMESTAMP_NOT_FINITE(visit.ts))
			report_invalid_binary("path_state", "An event must have a finite time.");
		visit.node = receive_text(in, &length);
		visit.length = length;
		if (state->capacity - state->used < la_path_visit_size(length))
		{
			CHECK_FOR_INTERRUPTS();
			state = copy_state(state, 2 * (state->used + la_path_visit_size(length)));
		}
		la_path_add(state, &visit);
	}
	PG_RETURN_POINTER(state);
}
