/*
 * funnel.c
 *		SQL entry points of funnels: window_funnel, window_funnel_opt,
 *		funnel_times, funnel_match and funnel_completions.
 *
 * All of them keep the events of a group in a value of type funnel_events, and
 * compute in their final functions.  Those that ask the same of their rows
 * have the same transition function, so that a query computes it once.
 */
#include "liveanalytics.h"

#include "args.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "funnel.h"
#include "nodes/primnodes.h"
#include "stateargs.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(funnel_accum);
PG_FUNCTION_INFO_V1(funnel_accum_step);
PG_FUNCTION_INFO_V1(funnel_accum_opt);
PG_FUNCTION_INFO_V1(funnel_accum_bigint_key);
PG_FUNCTION_INFO_V1(funnel_accum_text_key);
PG_FUNCTION_INFO_V1(funnel_combine);
PG_FUNCTION_INFO_V1(window_funnel_final);
PG_FUNCTION_INFO_V1(funnel_times_final);
PG_FUNCTION_INFO_V1(funnel_completions_final);
PG_FUNCTION_INFO_V1(funnel_match_final);

/* bytes of a new list: header, and about five events of a funnel of up to 8 steps */
#define FIRST_SIZE 64

static const struct
{
	const char *name;
	int			mode;
}			mode_names[] = {
	{"strict_order", LA_FUNNEL_ORDER},
	{"strict_deduplication", LA_FUNNEL_DEDUPLICATION},
	{"strict_increase", LA_FUNNEL_INCREASE},
	{"strict_once", LA_FUNNEL_ONCE}
};

/* --- lists ---------------------------------------------------------------- */

/*
 * la_funnel_new
 *		An empty list in the current context, with room for "more" bytes of
 *		records.
 *
 * Sizes are powers of 2, as are the allocator's up to 8 kB; the header is part
 * of them.
 */
FunnelEvents *
la_funnel_new(const FunnelShape *shape, Size more)
{
	Size		needed = offsetof(FunnelEvents, records) + more;
	Size		size = FIRST_SIZE;
	FunnelEvents *list;

	if (needed > LA_FUNNEL_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("events of a group take more than 1 GB"),
				 errdetail("An event takes 5 to 7 bytes as a rule in a funnel of up to 8 steps, and at most 18; a key comes on top."),
				 errhint("Leave events that meet no step out, or group by shorter periods as well.")));
	while (size < needed)
		size *= 2;
	size = Min(size, LA_FUNNEL_MAX_BYTES);
	list = palloc(size);
	SET_VARSIZE(list, size);
	la_funnel_init(list, shape->kind, shape->steps, shape->modes, shape->window);
	return list;
}

static pg_noinline void
report_corrupted(const FunnelEvents *list)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("value of %zu bytes is not a list of events of a funnel", (size_t) VARSIZE(list))));
}

/*
 * la_funnel_from_datum
 *		A flat and aligned list: the argument itself where it is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that
 * a superuser defined has not, so the header is looked at before it is trusted.
 */
FunnelEvents *
la_funnel_from_datum(Datum datum)
{
	FunnelEvents *list = (FunnelEvents *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(list) < offsetof(FunnelEvents, records) || !la_funnel_valid(list, VARSIZE(list))))
		report_corrupted(list);
	return list;
}

static char *
interval_text(int64 microseconds)
{
	Interval	interval = {.time = microseconds};

	return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(&interval)));
}

/* Write the names of modes, separated by commas. */
void
la_funnel_print_modes(int modes, char *text)
{
	int			length = 0;

	*text = '\0';
	for (int i = 0; i < lengthof(mode_names); i++)
	{
		if ((modes & mode_names[i].mode) != 0)
			length += snprintf(text + length, LA_FUNNEL_MODES_LENGTH - length, "%s%s",
							   length == 0 ? "" : ",", mode_names[i].name);
	}
}

/* Why the rows of a group do not belong to one funnel. */
static pg_noinline void
report_difference(const FunnelEvents *list, const FunnelShape *shape)
{
	char		before[LA_FUNNEL_MODES_LENGTH];
	char		now[LA_FUNNEL_MODES_LENGTH];

	if (list->kind != shape->kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events of different kinds of funnel cannot be merged")));
	if (list->steps != shape->steps)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of steps must be %d as in other rows of the group, not %d", list->steps, shape->steps)));
	if (list->window != shape->window)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must be %s as in other rows of the group, not %s",
						interval_text(list->window), interval_text(shape->window))));
	la_funnel_print_modes(list->modes, before);
	la_funnel_print_modes(shape->modes, now);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options must be \"%s\" as in other rows of the group, not \"%s\"", before, now)));
}

static inline void
check_shape(const FunnelEvents *list, const FunnelShape *shape)
{
	if (unlikely(list->window != shape->window || list->steps != shape->steps ||
				 list->modes != shape->modes || list->kind != shape->kind))
		report_difference(list, shape);
}

/* A list with the events of "list" and room for more. */
static pg_noinline FunnelEvents *
larger_list(const FunnelEvents *list, const FunnelShape *shape, Size more)
{
	FunnelEvents *larger = la_funnel_new(shape, add_size(la_funnel_merge_size(list), more));

	la_funnel_merge(larger, list);
	return larger;
}

/*
 * The list to change in place of argument 0, with room for "more" bytes: a new
 * one for NULL, the argument itself where it belongs to an aggregate and has
 * room, else a copy.
 *
 * What is new is born in the current context and not in the aggregate's:
 * nodeAgg.c copies there what is not the state it knows, and frees that.
 */
static inline FunnelEvents *
writable_list(FunctionCallInfo fcinfo, const FunnelShape *shape, Size more)
{
	FunnelEvents *list;

	if (PG_ARGISNULL(0))
		return la_funnel_new(shape, more);
	if (unlikely(!AggCheckCallContext(fcinfo, NULL)))
	{
		list = PG_GETARG_FUNNEL_P(0);
		check_shape(list, shape);
		return larger_list(list, shape, more);
	}
	list = (FunnelEvents *) PG_GETARG_POINTER(0);
	check_shape(list, shape);
	if (likely(la_funnel_has_room(list, VARSIZE(list), more)))
		return list;
	return larger_list(list, shape, more);
}

static inline const Expr *
aggregate_argument(const Aggref *aggref, int i)
{
	return i < list_length(aggref->args) ? list_nth_node(TargetEntry, aggref->args, i)->expr : NULL;
}

/*
 * Whether the query itself says that all rows have the same shape: the window
 * and the options are constants, the conditions are written one by one.
 *
 * Only where the aggregate is called as such, and not by way of another.
 */
static bool
is_shape_fixed(FunctionCallInfo fcinfo, const FunnelShape *shape)
{
	const Aggref *aggref = AggGetAggref(fcinfo);
	const Expr *window;
	const Expr *last;

	if (aggref == NULL)
		return false;
	window = aggregate_argument(aggref, 1);
	if (window == NULL || !IsA(window, Const) || ((const Const *) window)->consttype != INTERVALOID)
		return false;
	if (shape->kind == LA_FUNNEL_NUMBERED)
		return true;
	last = aggregate_argument(aggref, PG_NARGS() - 2);
	if (last == NULL || !IsA(last, ArrayExpr) || ((const ArrayExpr *) last)->multidims)
		return false;
	return PG_NARGS() == 4 || shape->kind != LA_FUNNEL_CONDITIONS ||
		IsA(aggregate_argument(aggref, 2), Const);
}

/*
 * Add an event, or, if it plays no part, the fact that there was a row.
 *
 * Most events play no part as a rule, and a look at the list, which is in no
 * cache where there are many viewers, costs more than all the rest.
 */
static inline Datum
add_event(FunctionCallInfo fcinfo, const FunnelShape *shape, const FunnelEvent *event)
{
	FunnelEvents *list;

	if (event->steps == 0 && (shape->modes & LA_FUNNEL_ORDER) == 0)
	{
		if (!PG_ARGISNULL(0) && is_shape_fixed(fcinfo, shape))
			return PG_GETARG_DATUM(0);
		PG_RETURN_POINTER(writable_list(fcinfo, shape, 0));
	}
	list = writable_list(fcinfo, shape, la_funnel_record_size(shape->kind, shape->steps) + event->key_length);
	la_funnel_append(list, event);
	PG_RETURN_POINTER(list);
}

/* --- arguments ------------------------------------------------------------ */

static pg_noinline void
report_window(const Interval *window)
{
	const char *text = DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(window)));

	if (window->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must be of days and shorter units, not %s", text),
				 errhint("Months differ in length. A day counts as 24 hours.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("window must be between 0 and 106751991 days, not %s", text)));
}

/* The window, argument 2, in microseconds. */
static inline int64
get_window(FunctionCallInfo fcinfo)
{
	const Interval *window;
	int64		days;
	int64		sum;

	if (unlikely(PG_ARGISNULL(2)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("window must not be NULL")));
	window = PG_GETARG_INTERVAL_P(2);
	if (unlikely(window->month != 0 || pg_mul_s64_overflow(window->day, USECS_PER_DAY, &days) ||
				 pg_add_s64_overflow(days, window->time, &sum) || sum < 0))
		report_window(window);
	return sum;
}

/* Which of the conditions, an argument, hold: NULL is false. */
static inline uint64
get_conditions(FunctionCallInfo fcinfo, int argno, int *steps)
{
	ArrayType  *array;
	int			n;

	if (unlikely(PG_ARGISNULL(argno)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("steps must not be NULL")));
	array = PG_GETARG_ARRAYTYPE_P(argno);
	n = la_vector_length(array, "steps");
	if (unlikely(n == 0))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a funnel must have at least one step")));
	if (unlikely(n > LA_FUNNEL_MAX_STEPS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of steps must be at most %d, not %d", LA_FUNNEL_MAX_STEPS, n)));
	*steps = n;
	return la_true_bits(array, n);
}

static pg_noinline void
report_mode(const char *name, size_t length)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("funnel option \"%.*s\" is not known", (int) length, name),
			 errhint("The options are strict_order, strict_deduplication, strict_increase and strict_once, separated by commas.")));
}

/*
 * la_funnel_parse_modes
 *		Modes by their names, separated by commas, blanks around them apart; an
 *		empty text has none.
 */
int
la_funnel_parse_modes(const char *text, size_t length)
{
	const char *end = text + length;
	int			modes = 0;

	while (text < end)
	{
		const char *comma = memchr(text, ',', end - text);
		const char *stop = comma ? comma : end;
		const char *next = comma ? comma + 1 : end;
		int			mode = 0;

		while (text < stop && *text == ' ')
			text++;
		while (text < stop && stop[-1] == ' ')
			stop--;
		if (text == stop && comma == NULL && modes == 0)
			return 0;
		for (int i = 0; i < lengthof(mode_names); i++)
		{
			if (strlen(mode_names[i].name) == (size_t) (stop - text) &&
				memcmp(mode_names[i].name, text, stop - text) == 0)
				mode = mode_names[i].mode;
		}
		if (mode == 0)
			report_mode(text, stop - text);
		modes |= mode;
		text = next;
	}
	return modes;
}

/* --- aggregates ----------------------------------------------------------- */

/* funnel_accum(state, ts, win, steps boolean[]) */
Datum
funnel_accum(PG_FUNCTION_ARGS)
{
	FunnelShape shape = {.kind = LA_FUNNEL_CONDITIONS};
	FunnelEvent event = {0};

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	event.ts = PG_GETARG_TIMESTAMPTZ(1);
	shape.window = get_window(fcinfo);
	event.steps = get_conditions(fcinfo, 3, &shape.steps);
	return add_event(fcinfo, &shape, &event);
}

/* funnel_accum(state, ts, win, step int): NULL and 0 are other events */
Datum
funnel_accum_step(PG_FUNCTION_ARGS)
{
	FunnelShape shape = {.kind = LA_FUNNEL_NUMBERED, .steps = LA_FUNNEL_MAX_STEPS};
	FunnelEvent event = {0};
	int32		step = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	if (unlikely(step < 0 || step > LA_FUNNEL_MAX_STEPS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step must be between 0 and %d, not %d", LA_FUNNEL_MAX_STEPS, step)));
	event.ts = PG_GETARG_TIMESTAMPTZ(1);
	shape.window = get_window(fcinfo);
	event.steps = step == 0 ? 0 : UINT64CONST(1) << (step - 1);
	return add_event(fcinfo, &shape, &event);
}

/* funnel_accum_opt(state, ts, win, options text, steps boolean[]) */
Datum
funnel_accum_opt(PG_FUNCTION_ARGS)
{
	FunnelShape shape = {.kind = LA_FUNNEL_CONDITIONS};
	FunnelEvent event = {0};
	text	   *options;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("options must not be NULL"),
				 errhint("An empty text has no options.")));
	options = PG_GETARG_TEXT_PP(3);
	event.ts = PG_GETARG_TIMESTAMPTZ(1);
	shape.window = get_window(fcinfo);
	shape.modes = la_funnel_parse_modes(VARDATA_ANY(options), VARSIZE_ANY_EXHDR(options));
	event.steps = get_conditions(fcinfo, 4, &shape.steps);
	return add_event(fcinfo, &shape, &event);
}

/* An event with these bytes as its key, argument 3; without a key it is of no step. */
static inline Datum
add_keyed_event(FunctionCallInfo fcinfo, FunnelKind kind, const void *key, Size key_length)
{
	FunnelShape shape = {.kind = kind};
	FunnelEvent event = {.key = key, .key_length = key_length};

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	event.ts = PG_GETARG_TIMESTAMPTZ(1);
	shape.window = get_window(fcinfo);
	event.steps = get_conditions(fcinfo, 4, &shape.steps);
	if (PG_ARGISNULL(3))
		event.steps = 0;
	return add_event(fcinfo, &shape, &event);
}

/* funnel_accum_key(state, ts, win, key bigint, steps boolean[]) */
Datum
funnel_accum_bigint_key(PG_FUNCTION_ARGS)
{
	int64		key;

	if (PG_ARGISNULL(3))
		return add_keyed_event(fcinfo, LA_FUNNEL_BIGINT_KEYS, NULL, 0);
	key = PG_GETARG_INT64(3);
	return add_keyed_event(fcinfo, LA_FUNNEL_BIGINT_KEYS, &key, sizeof(key));
}

/* funnel_accum_key(state, ts, win, key text, steps boolean[]): keys are equal if their bytes are */
Datum
funnel_accum_text_key(PG_FUNCTION_ARGS)
{
	text	   *key;

	if (PG_ARGISNULL(3))
		return add_keyed_event(fcinfo, LA_FUNNEL_TEXT_KEYS, NULL, 0);
	key = PG_GETARG_TEXT_PP(3);
	return add_keyed_event(fcinfo, LA_FUNNEL_TEXT_KEYS, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
}

/* funnel_combine(state, other): never hands back "other" */
Datum
funnel_combine(PG_FUNCTION_ARGS)
{
	FunnelEvents *list;
	FunnelEvents *other;
	FunnelShape shape;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_FUNNEL_P(1);
	shape.kind = other->kind;
	shape.steps = other->steps;
	shape.modes = other->modes;
	shape.window = other->window;
	list = writable_list(fcinfo, &shape, la_funnel_merge_size(other));
	la_funnel_merge(list, other);
	PG_RETURN_POINTER(list);
}

/* --- results -------------------------------------------------------------- */

/* A list of plain records, and its events in order of time if it is not. */
typedef struct SortedList
{
	const FunnelEvents *list;
	const FunnelMoment *moments;
	size_t		n;
} SortedList;

static SortedList
sorted_list(FunctionCallInfo fcinfo)
{
	SortedList	sorted = {.list = PG_GETARG_FUNNEL_P(0)};
	FunnelMoment *memory;

	if (la_funnel_keyed(sorted.list))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events of different kinds of funnel cannot be merged")));
	if (la_funnel_sorted(sorted.list))
		return sorted;
	memory = palloc_extended(mul_size(sorted.list->count, 2 * sizeof(FunnelMoment)), MCXT_ALLOC_HUGE);
	sorted.moments = la_funnel_sort(sorted.list, memory, &sorted.n, la_check_for_interrupts);
	return sorted;
}

/* window_funnel_final(state): NULL without rows */
Datum
window_funnel_final(PG_FUNCTION_ARGS)
{
	SortedList	in = sorted_list(fcinfo);
	Size		size = la_funnel_matching_size(in.list->steps, in.list->modes);

	PG_RETURN_INT32(la_funnel_level(in.list, in.moments, in.n, size > 0 ? palloc(size) : NULL,
									la_check_for_interrupts));
}

/* funnel_times_final(state): as many times as steps were reached */
Datum
funnel_times_final(PG_FUNCTION_ARGS)
{
	SortedList	in = sorted_list(fcinfo);
	int64		times[LA_FUNNEL_MAX_STEPS];
	Datum		values[LA_FUNNEL_MAX_STEPS];
	int			level = la_funnel_times(in.list, in.moments, in.n, times, la_check_for_interrupts);

	for (int i = 0; i < level; i++)
		values[i] = TimestampTzGetDatum(times[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, level, TIMESTAMPTZOID, sizeof(TimestampTz),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* funnel_completions_final(state): no more than events, which fit into 1 GB */
Datum
funnel_completions_final(PG_FUNCTION_ARGS)
{
	SortedList	in = sorted_list(fcinfo);

	PG_RETURN_INT32((int32) la_funnel_completions(in.list, in.moments, in.n, la_check_for_interrupts));
}

/* funnel_match_final(state) */
Datum
funnel_match_final(PG_FUNCTION_ARGS)
{
	FunnelEvents *list = PG_GETARG_FUNNEL_P(0);
	FunnelEvent *index;

	if (!la_funnel_keyed(list))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events of different kinds of funnel cannot be merged")));
	index = palloc_extended(mul_size(Max(list->count, 1), 2 * sizeof(FunnelEvent)), MCXT_ALLOC_HUGE);
	if (!la_funnel_index(list, index, la_check_for_interrupts))
		report_corrupted(list);
	index = la_funnel_sort_index(index, index + list->count, list->count, la_check_for_interrupts);
	PG_RETURN_INT32(la_funnel_keyed_level(list, index, la_check_for_interrupts));
}
