/*
 * sequence.c
 *		SQL entry points of sequence_match, sequence_count and sequence_times.
 *
 * The three have the same state and transition function, so that a query with
 * all of them collects its events once.
 */
#include "liveanalytics.h"

#include "args.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "sequence.h"
#include "stateargs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sequence_accum);
PG_FUNCTION_INFO_V1(sequence_combine);
PG_FUNCTION_INFO_V1(sequence_match_final);
PG_FUNCTION_INFO_V1(sequence_count_final);
PG_FUNCTION_INFO_V1(sequence_times_final);

#define FIRST_CAPACITY		4

/* matches between two looks at interrupts */
#define MATCHES_PER_STEP	4096

/* --- patterns ------------------------------------------------------------- */

LA_NORETURN static void
report_pattern(const char *text, uint32 length, const PatternError *error)
{
	int			position = pg_mbstrlen_with_len(text, error->position) + 1;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid sequence pattern \"%.*s\"", (int) length, text),
			 error->problem ?
			 errdetail("At position %d: %s", position, error->problem) :
			 errdetail("At position %d: %s is expected.", position, error->expected)));
	pg_unreachable();
}

/* A compiled pattern in the current context; error if it is none. */
static SequencePattern *
compile_pattern(const char *text, uint32 length, int nconditions)
{
	SequencePattern *pattern = palloc(la_pattern_size(length));
	PatternError error;

	if (la_pattern_compile(pattern, text, length, nconditions, &error) != LA_OK)
		report_pattern(text, length, &error);
	return pattern;
}

static void
check_pattern(const char *text, uint32 length, int nconditions)
{
	if (length > LA_SEQUENCE_MAX_PATTERN)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sequence pattern must have at most %d bytes, not %u", LA_SEQUENCE_MAX_PATTERN, length)));
	if (nconditions < 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("at least one condition is needed")));
	if (nconditions > LA_SEQUENCE_MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of conditions must be at most %d, not %d",
						LA_SEQUENCE_MAX_CONDITIONS, nconditions)));
	pfree(compile_pattern(text, length, nconditions));
}

/* --- states --------------------------------------------------------------- */

/* An empty state in the current context. */
SequenceState *
la_sequence_new(const char *pattern, uint32 length, int nconditions, uint64 capacity)
{
	uint64		size = la_sequence_size(length, nconditions, capacity);
	SequenceState *state;

	if (capacity > MaxAllocSize || size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events in one group"),
				 errdetail("The events of a group must fit into 1 GB."),
				 errhint("Leave out events that the pattern does not need, or group by less.")));
	state = palloc0(size);
	la_sequence_init(state, pattern, length, nconditions, capacity);
	SET_VARSIZE(state, size);
	return state;
}

/*
 * la_sequence_from_datum
 *		A flat and aligned state: the argument itself where it is that.
 */
SequenceState *
la_sequence_from_datum(Datum datum)
{
	SequenceState *state = (SequenceState *) PG_DETOAST_DATUM(datum);

	if (unlikely(!la_sequence_valid(state, VARSIZE(state))))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type sequence_state is corrupted")));
	return state;
}

/*
 * How many events there should be room for, to hold n of them: twice as many,
 * but no more than fit into a datum.
 */
static uint64
roomy_capacity(const SequenceState *state, uint64 n)
{
	uint64		event = la_sequence_size(0, state->nconditions, 1) - la_sequence_size(0, state->nconditions, 0);
	uint64		largest = (MaxAllocSize - la_sequence_size(state->pattern_length, state->nconditions, 0)) / event;

	return Max(n, Min(2 * n, largest));
}

/* A state with the events of "state", and room for more of them. */
static SequenceState *
copy_state(const SequenceState *state, uint64 capacity)
{
	SequenceState *copy = la_sequence_new(la_sequence_pattern(state), state->pattern_length,
										  state->nconditions, capacity);

	la_sequence_append(copy, state);
	return copy;
}

/*
 * The state to change in place of "state", with room for n events more: the
 * same within an aggregate, while there is room.  A larger one is made in the
 * current context, as nodeAgg.c copies what a transition function returns, and
 * frees the one before.
 */
static SequenceState *
with_room(FunctionCallInfo fcinfo, SequenceState *state, uint64 n)
{
	if (AggCheckCallContext(fcinfo, NULL) && state->capacity - state->n >= n)
		return state;
	return copy_state(state, roomy_capacity(state, state->n + n));
}

/* --- the aggregates --------------------------------------------------------- */

/* The state of the rows before, or a new one: pattern and conditions must be the same in all of them. */
static SequenceState *
get_state(FunctionCallInfo fcinfo, text *pattern, int nconditions)
{
	const char *bytes = VARDATA_ANY(pattern);
	uint32		length = VARSIZE_ANY_EXHDR(pattern);
	SequenceState *state;

	if (PG_ARGISNULL(0))
	{
		check_pattern(bytes, length, nconditions);
		return la_sequence_new(bytes, length, nconditions, FIRST_CAPACITY);
	}
	state = PG_GETARG_SEQUENCE_P(0);
	if (unlikely(state->nconditions != nconditions))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of conditions must be %d as in the rows before, not %d",
						state->nconditions, nconditions)));
	if (unlikely(state->pattern_length != length || memcmp(la_sequence_pattern(state), bytes, length) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pattern must be the same for all rows of a group, not \"%.*s\" and \"%.*s\"",
						(int) state->pattern_length, la_sequence_pattern(state), (int) length, bytes)));
	return state;
}

/* sequence_accum(state, pattern, ts, VARIADIC conditions): a row without a time does not count */
Datum
sequence_accum(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	ArrayType  *array;
	SequenceEvent event;
	int			nconditions;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("pattern must not be NULL")));
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array of conditions must not be NULL")));
	if (PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	array = PG_GETARG_ARRAYTYPE_P(3);
	nconditions = la_vector_length(array, "conditions");
	state = get_state(fcinfo, PG_GETARG_TEXT_PP(1), nconditions);

	event.ts = PG_GETARG_TIMESTAMPTZ(2);
	if (unlikely(TIMESTAMP_NOT_FINITE(event.ts)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time of an event must be finite, not %s", event.ts < 0 ? "-infinity" : "infinity")));
	event.conditions = la_true_bits(array, nconditions);
	if (event.conditions == 0)
		PG_RETURN_POINTER(state);
	state = with_room(fcinfo, state, 1);
	la_sequence_add(state, &event);
	PG_RETURN_POINTER(state);
}

/* sequence_combine(state, other): never hands back "other" */
Datum
sequence_combine(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	SequenceState *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_SEQUENCE_P(1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(copy_state(other, Max(other->n, FIRST_CAPACITY)));
	state = PG_GETARG_SEQUENCE_P(0);
	if (!la_sequence_same_question(state, other))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pattern and number of conditions must be the same for all rows of a group")));
	state = with_room(fcinfo, state, other->n);
	la_sequence_append(state, other);
	PG_RETURN_POINTER(state);
}

/* --- results ---------------------------------------------------------------- */

/* The events in order: of the argument, or of a copy. */
static SequenceState *
sorted_state(SequenceState *state)
{
	Size		size = mul_size(state->n, sizeof(SequenceEvent));
	SequenceEvent *events;
	SequenceEvent *scratch;

	if (state->sorted)
		return state;
	state = copy_state(state, state->n);
	events = MemoryContextAllocHuge(CurrentMemoryContext, size);
	scratch = MemoryContextAllocHuge(CurrentMemoryContext, size);
	la_sequence_sort(state, events, scratch, la_check_for_interrupts);
	pfree(scratch);
	pfree(events);
	return state;
}

/* Match argument 0, which must be a state; "keep" as of la_sequence_plan. */
static bool
plan(FunctionCallInfo fcinfo, SequenceMatcher *matcher, bool keep)
{
	SequenceState *state = sorted_state(PG_GETARG_SEQUENCE_P(0));
	SequencePattern *pattern = compile_pattern(la_sequence_pattern(state), state->pattern_length,
											   state->nconditions);
	Size		words = la_sequence_matcher_words(pattern, state->n, keep);
	uint64	   *memory = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(words, sizeof(uint64)));

	return la_sequence_plan(matcher, pattern, state, keep, memory, la_check_for_interrupts);
}

Datum
sequence_match_final(PG_FUNCTION_ARGS)
{
	SequenceMatcher matcher;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(plan(fcinfo, &matcher, false));
}

Datum
sequence_count_final(PG_FUNCTION_ARGS)
{
	SequenceMatcher matcher;
	uint64		position = 0;
	int32		count = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	plan(fcinfo, &matcher, true);
	while (la_sequence_next(&matcher, &position, NULL))
	{
		if (++count % MATCHES_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_INT32(count);
}

Datum
sequence_times_final(PG_FUNCTION_ARGS)
{
	SequenceMatcher matcher;
	uint64		position = 0;
	int64	   *times;
	Datum	   *values;
	int			n;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	plan(fcinfo, &matcher, true);
	n = matcher.pattern->nevents;
	times = palloc(Max(n, 1) * sizeof(int64));
	if (n == 0 || !la_sequence_next(&matcher, &position, times))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TIMESTAMPTZOID));
	values = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
		values[i] = TimestampTzGetDatum(times[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, n, TIMESTAMPTZOID, sizeof(TimestampTz),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
