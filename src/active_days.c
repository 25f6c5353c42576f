/*
 * active_days.c
 *		active_days: the days of one viewer, as a set of bits.
 */
#include "liveanalytics.h"

#include "catalog/pg_type.h"
#include "core/dayset_core.h"
#include "localday.h"
#include "stateargs.h"
#include "timeargs.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(active_days_accum);
PG_FUNCTION_INFO_V1(active_days_accum_date);
PG_FUNCTION_INFO_V1(active_days_combine);
PG_FUNCTION_INFO_V1(active_days_final);

/* blocks that have a day, ascending */
typedef struct DaysState
{
	int32		vl_len_;
	uint32		n;
	DayBlock	blocks[FLEXIBLE_ARRAY_MEMBER];
} DaysState;

static Size
days_size(uint64 capacity)
{
	return offsetof(DaysState, blocks) + capacity * sizeof(DayBlock);
}

static DaysState *
get_days(FunctionCallInfo fcinfo, int argno)
{
	DaysState  *state = get_flat_state(fcinfo, argno);

	if (unlikely(VARSIZE(state) < days_size(0) || VARSIZE(state) < days_size(state->n)))
		report_not_a_state(state, "active_days");
	return state;
}

/* Add the days of a block; returns the state, moved if it had no room. */
static DaysState *
add_block(DaysState *state, int64 block, uint64 days)
{
	uint32		at;

	if (likely(la_dayset_find(state->blocks, state->n, block, &at)))
	{
		state->blocks[at].days |= days;
		return state;
	}
	if (VARSIZE(state) < days_size(state->n + UINT64CONST(1)))
	{
		DaysState  *larger = new_flat_state(days_size(2 * (uint64) state->n + 1));

		larger->n = state->n;
		memcpy(larger->blocks, state->blocks, state->n * sizeof(DayBlock));
		state = larger;
	}
	la_dayset_insert(state->blocks, state->n, at, block, days);
	state->n++;
	return state;
}

static Datum
add_day(FunctionCallInfo fcinfo, DateADT day)
{
	DaysState  *state = PG_ARGISNULL(0) ? new_flat_state(days_size(1)) : get_days(fcinfo, 0);
	int64		block = la_block_of_day(day);

	PG_RETURN_POINTER(add_block(state, block, UINT64CONST(1) << (day - block * LA_DAYS_PER_BLOCK)));
}

/* transition of active_days(ts, tz) */
Datum
active_days_accum(PG_FUNCTION_ARGS)
{
	ZoneCache  *zone = get_cache(fcinfo, sizeof(ZoneCache));

	la_get_zone(fcinfo, 2, zone);
	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	return add_day(fcinfo, la_local_day(zone, la_finite_time(fcinfo->args[1], "ts")));
}

/* transition of active_days(day) */
Datum
active_days_accum_date(PG_FUNCTION_ARGS)
{
	DateADT		day;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	day = PG_GETARG_DATEADT(1);
	if (unlikely(DATE_NOT_FINITE(day)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("day must be finite, not %s",
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(day))))));
	return add_day(fcinfo, day);
}

Datum
active_days_combine(PG_FUNCTION_ARGS)
{
	DaysState  *state;
	DaysState  *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = get_days(fcinfo, 1);
	state = PG_ARGISNULL(0) ? new_flat_state(days_size(Max(other->n, 1))) : get_days(fcinfo, 0);
	for (uint32 i = 0; i < other->n; i++)
		state = add_block(state, other->blocks[i].block, other->blocks[i].days);
	PG_RETURN_POINTER(state);
}

static ArrayType *
new_date_array(uint64 n)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(DateADT);
	ArrayType  *array;

	if (n == 0)
		return construct_empty_array(DATEOID);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = DATEOID;
	ARR_DIMS(array)[0] = (int) n;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

/* active_days_final(state): the days, ascending */
Datum
active_days_final(PG_FUNCTION_ARGS)
{
	DaysState  *state;
	ArrayType  *array;
	uint64		count;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = get_days(fcinfo, 0);
	for (uint32 i = 0; i < state->n; i++)
	{
		/* bytes from anywhere */
		if (state->blocks[i].block < PG_INT32_MIN / LA_DAYS_PER_BLOCK ||
			state->blocks[i].block > PG_INT32_MAX / LA_DAYS_PER_BLOCK)
			report_not_a_state(state, "active_days");
	}
	count = la_dayset_count(state->blocks, state->n);
	array = new_date_array(count);
	if (count > 0)
		la_dayset_list(state->blocks, state->n, (DateADT *) ARR_DATA_PTR(array));
	PG_RETURN_ARRAYTYPE_P(array);
}
