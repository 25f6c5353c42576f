/*
 * viewer_set.c
 *		SQL entry points of the type viewer_set: aggregates, operators and
 *		what is asked of a set.
 *
 * The state of the aggregates is a set that is being built (core/viewer_set_core.h).
 * Wherever else one turns up, as a partial state on its way from a worker does,
 * it is completed first.
 */
#include "liveanalytics.h"

#include "funcapi.h"
#include "stateargs.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "viewer_set.h"

PG_FUNCTION_INFO_V1(viewer_set_accum);
PG_FUNCTION_INFO_V1(viewer_set_union_accum);
PG_FUNCTION_INFO_V1(viewer_set_intersect_accum);
PG_FUNCTION_INFO_V1(viewer_set_final);
PG_FUNCTION_INFO_V1(viewer_set_union);
PG_FUNCTION_INFO_V1(viewer_set_intersection);
PG_FUNCTION_INFO_V1(viewer_set_difference);
PG_FUNCTION_INFO_V1(viewer_set_eq);
PG_FUNCTION_INFO_V1(viewer_set_ne);
PG_FUNCTION_INFO_V1(viewer_set_contains);
PG_FUNCTION_INFO_V1(viewer_set_cardinality);
PG_FUNCTION_INFO_V1(viewer_set_members);

#define FIRST_PENDING	8		/* numbers */

/* --- sets ------------------------------------------------------------------- */

/* Memory for a set of so many bytes at most: more than a datum may have, at first. */
ViewerSet *
la_viewer_set_alloc(uint64 bytes)
{
	if (bytes > 4 * (uint64) MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("viewer set needs more than 1 GB")));
	return MemoryContextAllocHuge(CurrentMemoryContext, bytes);
}

/* The set as a datum: it gives back the memory that it did not need. */
ViewerSet *
la_viewer_set_finish(ViewerSet *set)
{
	uint64		bytes = la_viewer_set_bytes(set);

	if (bytes > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("viewer set needs more than 1 GB")));
	set = repalloc(set, bytes);
	SET_VARSIZE(set, bytes);
	return set;
}

/* The set of ascending ranges that do not touch. */
ViewerSet *
la_viewer_set_of_ranges(const SetRange *ranges, size_t n)
{
	SetBound	bound = la_viewer_set_ranges_bound(ranges, n, false);
	ViewerSet  *set = la_viewer_set_alloc(bound.bytes);

	la_viewer_set_from_ranges(set, false, ranges, n, &bound, la_check_for_interrupts);
	return la_viewer_set_finish(set);
}

static ViewerSet *
operate(ViewerSetOperation operation, const ViewerSet *a, const ViewerSet *b, bool building, uint32 pending)
{
	ViewerSet  *set = la_viewer_set_alloc(la_viewer_set_operation_bound(a, b, building, pending));

	la_viewer_set_operation(set, operation, a, b, building, pending, la_check_for_interrupts);
	return la_viewer_set_finish(set);
}

/* Pending numbers as ranges; there is memory for as many. */
static size_t
numbers_to_ranges(const uint64_t *numbers, uint32 n, SetRange *ranges)
{
	size_t		count = 0;

	for (uint32 i = 0; i < n; i++)
	{
		if (count > 0 && ranges[count - 1].last + 1 == numbers[i])
			ranges[count - 1].last = numbers[i];
		else
		{
			ranges[count].first = ranges[count].last = numbers[i];
			count++;
		}
	}
	return count;
}

/*
 * The pending numbers of "set" as containers, with those it has: complete, or
 * to be built further.  The pending numbers are sorted in place.
 */
static ViewerSet *
compact(ViewerSet *set, bool building)
{
	uint64_t   *scratch = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(set->npending, 1), sizeof(uint64)));
	uint32		n = la_viewer_set_pending(set, scratch, la_check_for_interrupts);
	SetRange   *ranges = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(n, 1), sizeof(SetRange)));
	size_t		nranges = numbers_to_ranges(la_viewer_set_pending_numbers(set), n, ranges);
	SetBound	bound = la_viewer_set_ranges_bound(ranges, nranges, building);
	ViewerSet  *pending = la_viewer_set_alloc(bound.bytes);
	ViewerSet  *result;
	uint32		capacity;

	la_viewer_set_from_ranges(pending, building, ranges, nranges, &bound, la_check_for_interrupts);
	pfree(ranges);
	pfree(scratch);
	/* half as many bytes of pending numbers as of containers: see core/viewer_set_core.c */
	capacity = building ? Max(FIRST_PENDING, (la_viewer_set_bytes(set) + la_viewer_set_bytes(pending)) / 16) : 0;
	result = operate(VIEWER_SET_UNION, set, pending, building, capacity);
	pfree(pending);
	return result;
}

/* A copy that may be changed, as pending numbers are sorted in place. */
static ViewerSet *
copy_set(const ViewerSet *set)
{
	ViewerSet  *copy = palloc(VARSIZE(set));

	memcpy(copy, set, VARSIZE(set));
	return copy;
}

static ViewerSet *
complete(ViewerSet *set)
{
	return set->building ? compact(copy_set(set), false) : set;
}

static ViewerSet *
checked(ViewerSet *set)
{
	if (!la_viewer_set_valid(set, VARSIZE(set)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type viewer_set is corrupted")));
	return set;
}

/*
 * la_viewer_set_from_datum
 *		A complete, flat and aligned set: the argument itself where it is that.
 */
ViewerSet *
la_viewer_set_from_datum(Datum datum)
{
	return complete(checked((ViewerSet *) PG_DETOAST_DATUM(datum)));
}

/* --- aggregates --------------------------------------------------------------- */

/*
 * The state in argument 0, to be changed: within an aggregate in place, where
 * it is what this module returned earlier.  New ones are made in the current
 * context, as nodeAgg.c copies what a transition function returns.
 */
static ViewerSet *
get_state(FunctionCallInfo fcinfo)
{
	ViewerSet  *set = (ViewerSet *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	bool		aggregate = AggCheckCallContext(fcinfo, NULL) != 0;

	if (!aggregate)
		checked(set);
	if (!set->building)
		return compact(copy_set(set), true);
	return aggregate ? set : copy_set(set);
}

static ViewerSet *
new_state(void)
{
	ViewerSet  *set = palloc(sizeof(ViewerSet) + FIRST_PENDING * sizeof(uint64));

	la_viewer_set_init(set, true, FIRST_PENDING);
	memset(la_viewer_set_pending_numbers(set), 0, FIRST_PENDING * sizeof(uint64));
	SET_VARSIZE(set, la_viewer_set_bytes(set));
	return set;
}

/* viewer_set_accum(state, number): NULL does not count */
Datum
viewer_set_accum(PG_FUNCTION_ARGS)
{
	ViewerSet  *set;
	int64		number;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	number = PG_GETARG_INT64(1);
	if (unlikely(number < 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("viewer number must not be negative, as " INT64_FORMAT " is", number)));
	set = PG_ARGISNULL(0) ? new_state() : get_state(fcinfo);
	if (unlikely(!la_viewer_set_add(set, number)))
	{
		set = compact(set, true);
		(void) la_viewer_set_add(set, number);
	}
	PG_RETURN_POINTER(set);
}

/* viewer_set_union_accum(state, set): also the combine function of both unions */
Datum
viewer_set_union_accum(PG_FUNCTION_ARGS)
{
	ViewerSet  *set;
	ViewerSet  *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_VIEWER_SET_P(1);
	set = PG_ARGISNULL(0) ? new_state() : get_state(fcinfo);
	if (la_viewer_set_union_in_place(set, other, la_check_for_interrupts))
		PG_RETURN_POINTER(set);
	if (set->npending > 0)
		set = compact(set, true);
	PG_RETURN_POINTER(operate(VIEWER_SET_UNION, set, other, true, FIRST_PENDING));
}

/* viewer_set_intersect_accum(state, set): also its combine function; the state is complete */
Datum
viewer_set_intersect_accum(PG_FUNCTION_ARGS)
{
	ViewerSet  *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_VIEWER_SET_P(1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(copy_set(other));
	PG_RETURN_POINTER(operate(VIEWER_SET_INTERSECTION, PG_GETARG_VIEWER_SET_P(0), other, false, 0));
}

/* viewer_set_final(state): the state stays as it is */
Datum
viewer_set_final(PG_FUNCTION_ARGS)
{
	ViewerSet  *set;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	set = (ViewerSet *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	if (AggCheckCallContext(fcinfo, NULL) == 0)
		checked(set);
	PG_RETURN_POINTER(complete(set));
}

/* --- operators ------------------------------------------------------------------ */

Datum
viewer_set_union(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(operate(VIEWER_SET_UNION, PG_GETARG_VIEWER_SET_P(0), PG_GETARG_VIEWER_SET_P(1), false, 0));
}

Datum
viewer_set_intersection(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(operate(VIEWER_SET_INTERSECTION, PG_GETARG_VIEWER_SET_P(0), PG_GETARG_VIEWER_SET_P(1), false, 0));
}

Datum
viewer_set_difference(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(operate(VIEWER_SET_DIFFERENCE, PG_GETARG_VIEWER_SET_P(0), PG_GETARG_VIEWER_SET_P(1), false, 0));
}

Datum
viewer_set_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(la_viewer_set_equal(PG_GETARG_VIEWER_SET_P(0), PG_GETARG_VIEWER_SET_P(1)));
}

Datum
viewer_set_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!la_viewer_set_equal(PG_GETARG_VIEWER_SET_P(0), PG_GETARG_VIEWER_SET_P(1)));
}

/* viewer_set_contains(set, number) */
Datum
viewer_set_contains(PG_FUNCTION_ARGS)
{
	int64		number = PG_GETARG_INT64(1);

	PG_RETURN_BOOL(number >= 0 && la_viewer_set_contains(PG_GETARG_VIEWER_SET_P(0), number));
}

/* --- questions -------------------------------------------------------------------- */

/* cardinality(viewer_set): it stands in the header, so no more is fetched of a large set */
Datum
viewer_set_cardinality(PG_FUNCTION_ARGS)
{
	Datum		datum = PG_GETARG_DATUM(0);
	ViewerSet  *head = (ViewerSet *) PG_DETOAST_DATUM_SLICE(datum, 0, sizeof(ViewerSet) - VARHDRSZ);

	if (VARSIZE(head) != sizeof(ViewerSet) || head->format != LA_VIEWER_SET_FORMAT || head->building)
		head = la_viewer_set_from_datum(datum);
	PG_RETURN_INT64(head->cardinality);
}

/* what viewer_set_members keeps from one row to the next */
typedef struct MemberWalk
{
	SetIterator iterator;
	SetRange	range;			/* what is left of the run */
	bool		more;
} MemberWalk;

static MemberWalk *
begin_walk(FunctionCallInfo fcinfo)
{
	MemberWalk *walk = palloc(sizeof(MemberWalk));

	la_viewer_set_iterate(&walk->iterator, copy_set(PG_GETARG_VIEWER_SET_P(0)));
	walk->more = la_viewer_set_next(&walk->iterator, &walk->range);
	return walk;
}

/* viewer_set_members(set): a row for each number, ascending */
Datum
viewer_set_members(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	MemberWalk *walk;
	uint64		number;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;

		context = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		context->user_fctx = begin_walk(fcinfo);
		MemoryContextSwitchTo(caller);
	}
	context = SRF_PERCALL_SETUP();
	walk = context->user_fctx;
	if (!walk->more)
		SRF_RETURN_DONE(context);
	number = walk->range.first;
	if (number == walk->range.last)
		walk->more = la_viewer_set_next(&walk->iterator, &walk->range);
	else
		walk->range.first++;
	SRF_RETURN_NEXT(context, Int64GetDatum(number));
}
