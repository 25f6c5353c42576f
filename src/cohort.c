/*
 * cohort.c
 *		Cohort retention in two steps: active_days, the days of one viewer, and
 *		cohort_retention, which counts over viewers; and in one, from events,
 *		with the viewers in a hash table of our own.
 */
#include "liveanalytics.h"

#include "catalog/pg_type.h"
#include "core/cohort_core.h"
#include "core/dayset_core.h"
#include "core/keysort.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "args.h"
#include "options.h"
#include "rowarray.h"
#include "timeargs.h"
#include "timestate.h"

#define MAX_PERIODS		1000
#define MAX_PERIOD		1000000

PG_FUNCTION_INFO_V1(active_days_accum);
PG_FUNCTION_INFO_V1(active_days_accum_date);
PG_FUNCTION_INFO_V1(active_days_combine);
PG_FUNCTION_INFO_V1(active_days_final);
PG_FUNCTION_INFO_V1(cohort_retention_accum);
PG_FUNCTION_INFO_V1(cohort_retention_combine);
PG_FUNCTION_INFO_V1(cohort_retention_final);
PG_FUNCTION_INFO_V1(cohort_events_accum);
PG_FUNCTION_INFO_V1(cohort_events_combine);
PG_FUNCTION_INFO_V1(cohort_events_final);

/* Argument 0 as it is: the row does not count. */
static inline Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

/*
 * A state to be read, or changed in place within an aggregate if it is
 * argument 0; else a copy, flat and aligned.
 */
static void *
get_state(FunctionCallInfo fcinfo, int argno)
{
	struct varlena *value = PG_GETARG_VARLENA_P(argno);

	if (argno > 0 || !AggCheckCallContext(fcinfo, NULL) || (uintptr_t) value % MAXIMUM_ALIGNOF != 0)
		value = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	return value;
}

/* --- local days -------------------------------------------------------------------- */

/* the time zone of a call site, and a stretch of time in which its offset is the same */
typedef struct ZoneCache
{
	char		name[TZ_STRLEN_MAX + 1];
	int			length;
	pg_tz	   *zone;
	pg_time_t	from;			/* seconds since 1970; the stretch is from <= t < to */
	pg_time_t	to;
	long		offset;			/* seconds east of Greenwich */
} ZoneCache;

static void
fill_zone(ZoneCache *cache, const text *name)
{
	int			length = VARSIZE_ANY_EXHDR(name);

	cache->length = 0;
	cache->from = cache->to = 0;
	if (length > 0 && length <= TZ_STRLEN_MAX)
	{
		memcpy(cache->name, VARDATA_ANY(name), length);
		cache->name[length] = '\0';
		cache->zone = pg_tzset(cache->name);
		if (cache->zone != NULL && pg_tz_acceptable(cache->zone))
		{
			cache->length = length;
			return;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("time zone \"%s\" is not known", text_to_cstring(name)),
			 errhint("Names are in pg_timezone_names: \"Asia/Shanghai\".")));
}

/* what belongs to a call site, zeroed at first */
static void *
get_cache(FunctionCallInfo fcinfo, Size size)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, size);
	return fcinfo->flinfo->fn_extra;
}

/* Argument "argno" as a time zone, from the cache if it was that before. */
static void
get_zone(FunctionCallInfo fcinfo, int argno, ZoneCache *cache)
{
	text	   *name;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tz must not be NULL")));
	name = PG_GETARG_TEXT_PP(argno);
	if (cache->length == 0 || VARSIZE_ANY_EXHDR(name) != cache->length ||
		memcmp(VARDATA_ANY(name), cache->name, cache->length) != 0)
		fill_zone(cache, name);
}

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* The stretch with the same offset that t is in. */
static void
find_stretch(ZoneCache *cache, pg_time_t t)
{
	long		after_offset;
	int			is_dst,
				after_is_dst;
	pg_time_t	boundary;
	int			found = pg_next_dst_boundary(&t, &cache->offset, &is_dst, &boundary,
											 &after_offset, &after_is_dst, cache->zone);

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	cache->from = t;
	cache->to = found > 0 ? boundary : PG_INT64_MAX;
}

/* The day of t by the clocks of the time zone, counted from 2000-01-01. */
static DateADT
local_day(ZoneCache *cache, TimestampTz t)
{
	const int64 epoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	pg_time_t	seconds = floor_div(t, USECS_PER_SEC) + epoch;

	if (unlikely(seconds < cache->from || seconds >= cache->to))
		find_stretch(cache, seconds);
	return (DateADT) floor_div(seconds - epoch + cache->offset, SECS_PER_DAY);
}

/* --- active_days ---------------------------------------------------------------------- */

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
new_days(uint64 capacity)
{
	DaysState  *state = palloc0(days_size(capacity));

	SET_VARSIZE(state, days_size(capacity));
	return state;
}

static DaysState *
get_days(FunctionCallInfo fcinfo, int argno)
{
	DaysState  *state = get_state(fcinfo, argno);

	if (unlikely(VARSIZE(state) < days_size(0) || VARSIZE(state) < days_size(state->n)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a state of %s", (size_t) VARSIZE(state), "active_days")));
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
		DaysState  *larger = new_days(2 * (uint64) state->n + 1);

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
	DaysState  *state = PG_ARGISNULL(0) ? new_days(1) : get_days(fcinfo, 0);
	int64		block = la_block_of_day(day);

	PG_RETURN_POINTER(add_block(state, block, UINT64CONST(1) << (day - block * LA_DAYS_PER_BLOCK)));
}

/* transition of active_days(ts, tz) */
Datum
active_days_accum(PG_FUNCTION_ARGS)
{
	ZoneCache  *zone = get_cache(fcinfo, sizeof(ZoneCache));

	get_zone(fcinfo, 2, zone);
	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	return add_day(fcinfo, local_day(zone, la_finite_time(fcinfo->args[1], "ts")));
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
	state = PG_ARGISNULL(0) ? new_days(Max(other->n, 1)) : get_days(fcinfo, 0);
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
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("value of %zu bytes is not a state of %s", (size_t) VARSIZE(state), "active_days")));
	}
	count = la_dayset_count(state->blocks, state->n);
	array = new_date_array(count);
	if (count > 0)
		la_dayset_list(state->blocks, state->n, (DateADT *) ARR_DATA_PTR(array));
	PG_RETURN_ARRAYTYPE_P(array);
}

/* --- cohort_retention: the question ------------------------------------------------------ */

#define COHORT_ID 'c'

/*
 * The question, then a row for each cohort, ascending: its period, its size,
 * and a count for each cell.
 */
typedef struct CohortState
{
	int32		vl_len_;
	uint8		id;
	uint8		grain;
	uint8		kind;
	uint8		every;
	int32		through;
	uint32		nperiods;
	uint32		ncohorts;
	uint32		unused;
	int64		values[FLEXIBLE_ARRAY_MEMBER];	/* the periods, then the rows */
} CohortState;

static uint64
row_width(const CohortState *state)
{
	return 2 + la_cohort_cells(state->kind, state->nperiods);
}

static uint64
cohort_size(const CohortState *state, uint64 capacity)
{
	return offsetof(CohortState, values) + sizeof(int64) * (state->nperiods + row_width(state) * capacity);
}

static int64 *
cohort_row(CohortState *state, uint64 i)
{
	return state->values + state->nperiods + i * row_width(state);
}

static CohortQuestion
question_of(const CohortState *state)
{
	CohortQuestion q = {state->grain, state->kind, state->every, state->through, state->nperiods, state->values};

	return q;
}

static bool
periods_ascend(const int64 *periods, uint32 n)
{
	if (periods[0] < 0 || periods[n - 1] > MAX_PERIOD)
		return false;
	for (uint32 i = 1; i < n; i++)
	{
		if (periods[i] <= periods[i - 1])
			return false;
	}
	return true;
}

/* what a call site has read from its options */
typedef struct OptionCache
{
	Size		length;
	void	   *bytes;
	uint8		kind;
	uint8		every;
} OptionCache;

static void
read_options(OptionCache *cache, Jsonb *json)
{
	static const char *const kinds[] = {"exact", "on_or_after", "bracket"};
	static const char *const cohorts[] = {"first_ever", "every"};
	Options		options;

	la_options_begin(&options, json);
	cache->kind = LA_RETURN_EXACT + la_option_choice(&options, "kind", kinds, lengthof(kinds));
	cache->every = la_option_choice(&options, "cohort", cohorts, lengthof(cohorts));
	la_options_end(&options);
}

/* Options are read anew only where they change. */
static void
get_options(FunctionCallInfo fcinfo, int argno, OptionCache *cache, CohortState *q)
{
	Jsonb	   *json;

	q->kind = LA_RETURN_EXACT;
	if (PG_NARGS() <= argno || PG_ARGISNULL(argno))
		return;
	json = PG_GETARG_JSONB_P(argno);
	if (cache->length != VARSIZE(json) || memcmp(cache->bytes, json, cache->length) != 0)
	{
		cache->length = 0;
		read_options(cache, json);
		if (cache->bytes != NULL)
			pfree(cache->bytes);
		cache->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, VARSIZE(json));
		cache->length = VARSIZE(json);
		memcpy(cache->bytes, json, cache->length);
	}
	q->kind = cache->kind;
	q->every = cache->every;
}

static uint8
get_grain(FunctionCallInfo fcinfo, int argno)
{
	char	   *grain = text_to_cstring(PG_GETARG_TEXT_PP(argno));

	if (strcmp(grain, "day") == 0)
		return LA_GRAIN_DAY;
	if (strcmp(grain, "week") == 0)
		return LA_GRAIN_WEEK;
	if (strcmp(grain, "month") == 0)
		return LA_GRAIN_MONTH;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("grain must be \"day\", \"week\" or \"month\", not \"%s\"", grain)));
	pg_unreachable();
}

/* The periods of argument "argno" behind a new header. */
static CohortState *
get_periods(FunctionCallInfo fcinfo, int argno)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argno);
	int			n = la_vector_length(array, "periods");
	CohortState *q;

	if (n < 1 || n > MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("periods must have between 1 and %d elements, not %d", MAX_PERIODS, n)));
	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("periods must not contain NULL")));
	q = palloc0(offsetof(CohortState, values) + n * sizeof(int64));
	q->id = COHORT_ID;
	q->nperiods = n;
	for (int i = 0; i < n; i++)
		q->values[i] = ((int32 *) ARR_DATA_PTR(array))[i];
	if (!periods_ascend(q->values, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must ascend from 0 or more to at most %d, not be %s", MAX_PERIOD,
						OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array)))));
	return q;
}

/*
 * The question that the arguments of a row ask, grain, periods, through and
 * perhaps options from "argno" on, with room for no cohort.
 */
static CohortState *
get_question(FunctionCallInfo fcinfo, int argno, OptionCache *cache)
{
	static const char *const names[] = {"grain", "periods", "through"};
	CohortState *q;

	for (int i = 0; i < lengthof(names); i++)
	{
		if (PG_ARGISNULL(argno + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL", names[i])));
	}
	q = get_periods(fcinfo, argno + 1);
	q->grain = get_grain(fcinfo, argno);
	q->through = PG_GETARG_DATEADT(argno + 2);
	get_options(fcinfo, argno + 3, cache, q);
	if (DATE_NOT_FINITE(q->through))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("through must be finite, not %s",
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(q->through))))));
	if (q->kind == LA_RETURN_BRACKET && q->nperiods < 2)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("periods of brackets must have at least 2 elements, not %u", q->nperiods),
				 errhint("The last one ends the last bracket.")));
	SET_VARSIZE(q, cohort_size(q, 0));
	return q;
}

static void
check_same_question(const CohortState *state, const CohortState *other)
{
	if (unlikely(state->grain != other->grain || state->kind != other->kind || state->every != other->every ||
				 state->through != other->through || state->nperiods != other->nperiods ||
				 memcmp(state->values, other->values, state->nperiods * sizeof(int64)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grain, periods, through and options must be the same in all rows of a group")));
}

/* --- cohort_retention: counting ------------------------------------------------------------ */

static CohortState *
get_cohorts(FunctionCallInfo fcinfo, int argno)
{
	CohortState *state = get_state(fcinfo, argno);
	Size		size = VARSIZE(state);

	if (unlikely(size < offsetof(CohortState, values) || state->id != COHORT_ID ||
				 state->grain < LA_GRAIN_DAY || state->grain > LA_GRAIN_MONTH ||
				 state->kind < LA_RETURN_EXACT || state->kind > LA_RETURN_BRACKET || state->every > 1 ||
				 state->nperiods < 1 + (state->kind == LA_RETURN_BRACKET) || state->nperiods > MAX_PERIODS ||
				 size < cohort_size(state, state->ncohorts) ||
				 !periods_ascend(state->values, state->nperiods)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a state of %s", (size_t) size, "cohort_retention")));
	return state;
}

/* Where the row of a cohort is, or would be. */
static bool
find_cohort(CohortState *state, int64 cohort, uint32 *at)
{
	uint32		low = 0;
	uint32		high = state->ncohorts;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (cohort_row(state, middle)[0] < cohort)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return low < state->ncohorts && cohort_row(state, low)[0] == cohort;
}

/* The row of a cohort, a new one if need be; the state moves where it has no room. */
static int64 *
cohort_entry(CohortState **state, int64 cohort)
{
	CohortState *s = *state;
	uint32		at;
	int64	   *row;

	if (find_cohort(s, cohort, &at))
		return cohort_row(s, at);
	if (VARSIZE(s) < cohort_size(s, (uint64) s->ncohorts + 1))
	{
		uint64		size = cohort_size(s, 2 * (uint64) s->ncohorts + 8);

		if (size > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("%u cohorts of %u periods need more than 1 GB", s->ncohorts, s->nperiods)));
		s = memcpy(palloc0(size), s, cohort_size(s, s->ncohorts));
		SET_VARSIZE(s, size);
		*state = s;
	}
	row = cohort_row(s, at);
	memmove(row + row_width(s), row, (s->ncohorts - at) * row_width(s) * sizeof(int64));
	memset(row, 0, row_width(s) * sizeof(int64));
	row[0] = cohort;
	s->ncohorts++;
	return row;
}

/* The periods in an array of dates, as la_periods_of_days; NULL has none. */
static uint64 *
get_day_periods(FunctionCallInfo fcinfo, int argno, const char *name, const CohortState *q, size_t *count)
{
	ArrayType  *array;
	DateADT    *days;
	uint64	   *keys;
	int			n;

	*count = 0;
	if (PG_ARGISNULL(argno))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(argno);
	n = la_vector_length(array, name);
	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name)));
	days = (DateADT *) ARR_DATA_PTR(array);
	for (int i = 0; i < n; i++)
	{
		if (unlikely(DATE_NOT_FINITE(days[i])))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("%s must be finite, not %s", name,
							DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(days[i]))))));
	}
	keys = palloc(Max(2 * (Size) n, 1) * sizeof(uint64));
	*count = la_periods_of_days(q->grain, q->through, days, n, keys);
	return keys;
}

/* A viewer with these periods, as keys, ascending, into the cohorts they make. */
static void
count_viewer(CohortState **state, const uint64 *first, size_t nfirst, const uint64 *active, size_t nactive)
{
	if (!(*state)->every)
		nfirst = Min(nfirst, 1);
	for (size_t i = 0; i < nfirst; i++)
	{
		int64		cohort = la_int64_of_key(first[i]);
		int64	   *row = cohort_entry(state, cohort);
		CohortQuestion q = question_of(*state);

		CHECK_FOR_INTERRUPTS();
		row[1]++;
		la_cohort_count(&q, cohort, active, nactive, row + 2);
	}
}

/* transition of cohort_retention(first_days, active_days, grain, periods, through [, options]) */
Datum
cohort_retention_accum(PG_FUNCTION_ARGS)
{
	CohortState *question = get_question(fcinfo, 3, get_cache(fcinfo, sizeof(OptionCache)));
	CohortState *state = question;
	size_t		nfirst,
				nactive;
	uint64	   *first = get_day_periods(fcinfo, 1, "first_days", question, &nfirst);
	uint64	   *active = get_day_periods(fcinfo, 2, "active_days", question, &nactive);

	if (!PG_ARGISNULL(0))
	{
		state = get_cohorts(fcinfo, 0);
		check_same_question(state, question);
	}
	count_viewer(&state, first, nfirst, active, nactive);
	PG_RETURN_POINTER(state);
}

Datum
cohort_retention_combine(PG_FUNCTION_ARGS)
{
	CohortState *state;
	CohortState *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = get_cohorts(fcinfo, 1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state = get_cohorts(fcinfo, 0);
	check_same_question(state, other);
	for (uint32 i = 0; i < other->ncohorts; i++)
	{
		const int64 *from = cohort_row(other, i);
		int64	   *row = cohort_entry(&state, from[0]);

		CHECK_FOR_INTERRUPTS();
		for (uint64 j = 1; j < row_width(state); j++)
			row[j] = (int64) ((uint64) row[j] + (uint64) from[j]);
	}
	PG_RETURN_POINTER(state);
}

/* A cell as the columns of retention_cell. */
static void
cell_row(void *arg, uint64 i, Datum *values, bool *nulls)
{
	CohortState *state = arg;
	CohortQuestion q = question_of(state);
	uint32		ncells = la_cohort_cells(q.kind, q.nperiods);
	const int64 *row = cohort_row(state, i / ncells);
	uint32		cell = (uint32) (i % ncells);
	int64		retained = row[2 + cell];
	bool		complete = la_cohort_complete(&q, row[0], cell);

	values[0] = DateADTGetDatum((DateADT) la_period_start(q.grain, row[0]));
	values[1] = Int32GetDatum((int32) q.periods[cell]);
	values[2] = Int64GetDatum(row[1]);
	values[3] = Int64GetDatum(retained);
	values[4] = Float8GetDatum((double) retained / (double) row[1]);
	values[5] = BoolGetDatum(complete);
	nulls[3] = nulls[4] = !complete;
}

static Datum
cells_of(FunctionCallInfo fcinfo, CohortState *state)
{
	return la_row_array(fcinfo, state->ncohorts * (uint64) la_cohort_cells(state->kind, state->nperiods),
						6, cell_row, state);
}

/* cohort_retention_final(state): an array of retention_cell */
Datum
cohort_retention_final(PG_FUNCTION_ARGS)
{
	CohortState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = get_cohorts(fcinfo, 0);
	for (uint32 i = 0; i < state->ncohorts; i++)
	{
		/* bytes from anywhere */
		if (cohort_row(state, i)[0] < PG_INT32_MIN || cohort_row(state, i)[0] > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("value of %zu bytes is not a state of %s", (size_t) VARSIZE(state), "cohort_retention")));
	}
	PG_RETURN_DATUM(cells_of(fcinfo, state));
}

/* --- cohort_retention from events ------------------------------------------------------------- */

#define MAX_EVENT_PERIODS 64

/* grain, kind, every, through, number of periods, then these */
#define EVENT_SETTINGS (5 + MAX_EVENT_PERIODS)

/* a row: one for each viewer and block of days, of which a bit each is set */
typedef struct Event
{
	int64		viewer;
	int64		block;
	uint64		first;
	uint64		active;
} Event;

static const TimeKind events_kind = {"cohort_retention", 'e', 4, EVENT_SETTINGS, 8};

/* what a call site keeps from one row to the next; nothing depends on it */
typedef struct EventsCache
{
	ZoneCache	zone;
	OptionCache options;

	/* the arguments that the settings were read from */
	struct varlena *bytes[3];	/* grain, periods, options */
	DateADT		through;
	bool		known;
	int64		settings[EVENT_SETTINGS];
} EventsCache;

static bool
is_same(const struct varlena *value, Datum datum, bool isnull)
{
	if (value == NULL || isnull)
		return value == NULL && isnull;
	return VARSIZE_ANY(value) == VARSIZE_ANY(DatumGetPointer(datum)) &&
		memcmp(value, DatumGetPointer(datum), VARSIZE_ANY(value)) == 0;
}

static NullableDatum
event_argument(FunctionCallInfo fcinfo, int i)
{
	static const int places[] = {6, 7, 9};
	NullableDatum none = {0, true};

	return places[i] < PG_NARGS() ? fcinfo->args[places[i]] : none;
}

static void
fill_settings(FunctionCallInfo fcinfo, EventsCache *cache)
{
	CohortState *q = get_question(fcinfo, 6, &cache->options);
	int64	   *settings = cache->settings;

	if (q->nperiods > MAX_EVENT_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("periods must have at most %d elements, not %u", MAX_EVENT_PERIODS, q->nperiods),
				 errhint("Use active_days and cohort_retention of arrays of days.")));
	memset(settings, 0, sizeof(cache->settings));
	settings[0] = q->grain;
	settings[1] = q->kind;
	settings[2] = q->every;
	settings[3] = q->through;
	settings[4] = q->nperiods;
	memcpy(settings + 5, q->values, q->nperiods * sizeof(int64));

	for (int i = 0; i < lengthof(cache->bytes); i++)
	{
		NullableDatum arg = event_argument(fcinfo, i);
		Size		size = arg.isnull ? 0 : VARSIZE_ANY(DatumGetPointer(arg.value));

		if (cache->bytes[i])
			pfree(cache->bytes[i]);
		cache->bytes[i] = arg.isnull ? NULL :
			memcpy(MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, size), DatumGetPointer(arg.value), size);
	}
	cache->through = q->through;
	cache->known = true;
}

/* A value that lies elsewhere is not recognised by the bytes that point to it. */
static bool
settings_known(FunctionCallInfo fcinfo, const EventsCache *cache)
{
	if (!cache->known || PG_ARGISNULL(8) || PG_GETARG_DATEADT(8) != cache->through)
		return false;
	for (int i = 0; i < lengthof(cache->bytes); i++)
	{
		NullableDatum arg = event_argument(fcinfo, i);

		if (!is_same(cache->bytes[i], arg.value, arg.isnull) ||
			(!arg.isnull && VARATT_IS_EXTERNAL(DatumGetPointer(arg.value))))
			return false;
	}
	return true;
}

static void
check_same_settings(const TimeRows *rows, const int64 *settings)
{
	if (unlikely(memcmp(rows->values, settings, EVENT_SETTINGS * sizeof(int64)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grain, periods, through and options must be the same in all rows of a group")));
}

/*
 * transition of cohort_retention(viewer, ts, is_first, is_active, tz, grain, periods, through [, options])
 */
Datum
cohort_events_accum(PG_FUNCTION_ARGS)
{
	EventsCache *cache = get_cache(fcinfo, sizeof(EventsCache));
	bool		first = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	bool		active = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	TimeState	state;
	DateADT		day;
	int64		block;
	TimeKeyedRow row;

	if (unlikely(!settings_known(fcinfo, cache)))
	{
		cache->known = false;
		fill_settings(fcinfo, cache);
	}
	get_zone(fcinfo, 5, &cache->zone);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || !(first || active))
		return unchanged_state(fcinfo);
	day = local_day(&cache->zone, la_finite_time(fcinfo->args[2], "ts"));
	la_time_open(fcinfo, &events_kind, cache->settings, &state);
	check_same_settings(state.rows, cache->settings);
	block = la_block_of_day(day);
	row.key[0] = PG_GETARG_INT64(1);
	row.key[1] = block;
	row.flags[0] = (uint64) first << (day - block * LA_DAYS_PER_BLOCK);
	row.flags[1] = (uint64) active << (day - block * LA_DAYS_PER_BLOCK);
	la_time_or_row(&events_kind, &state, &row);
	PG_RETURN_DATUM(la_time_result(&state));
}

Datum
cohort_events_combine(PG_FUNCTION_ARGS)
{
	TimeState	state;
	TimeRows   *other;
	const TimeKeyedRow *from;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = la_time_read(fcinfo, 1, &events_kind);
	la_time_open(fcinfo, &events_kind, other->values, &state);
	check_same_settings(state.rows, other->values);
	from = (const TimeKeyedRow *) la_time_values(other);
	for (uint64 i = 0; i < other->n; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		la_time_or_row(&events_kind, &state, &from[i]);
	}
	PG_RETURN_DATUM(la_time_result(&state));
}

/* The question in the settings of a state, which may be bytes from anywhere. */
static CohortState *
question_from(const int64 *settings)
{
	uint32		n = (uint32) settings[4];
	CohortState *q;

	if (settings[0] < LA_GRAIN_DAY || settings[0] > LA_GRAIN_MONTH ||
		settings[1] < LA_RETURN_EXACT || settings[1] > LA_RETURN_BRACKET ||
		settings[3] < PG_INT32_MIN || settings[3] > PG_INT32_MAX ||
		settings[4] < 1 + (settings[1] == LA_RETURN_BRACKET) || settings[4] > MAX_EVENT_PERIODS ||
		!periods_ascend(settings + 5, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value is not a state of %s", "cohort_retention")));
	q = palloc0(offsetof(CohortState, values) + n * sizeof(int64));
	q->id = COHORT_ID;
	q->grain = (uint8) settings[0];
	q->kind = (uint8) settings[1];
	q->every = settings[2] != 0;
	q->through = (int32) settings[3];
	q->nperiods = n;
	memcpy(q->values, settings + 5, n * sizeof(int64));
	SET_VARSIZE(q, cohort_size(q, 0));
	return q;
}

static int
compare_events(const void *a, const void *b)
{
	const Event *left = a;
	const Event *right = b;

	if (left->viewer != right->viewer)
		return left->viewer < right->viewer ? -1 : 1;
	return (left->block > right->block) - (left->block < right->block);
}

/*
 * The rows with those of each viewer together, blocks ascending: a radix sort
 * by a hash of the viewer in the upper half of a key and the row in the lower.
 */
static Event *
sort_events(TimeRows *rows)
{
	const Event *events = (const Event *) la_time_values(rows);
	uint64	   *keys = la_time_scratch(2 * (uint64) rows->n, sizeof(uint64));
	Event	   *sorted = la_time_scratch(rows->n, sizeof(Event));
	uint64		same;

	for (uint64 i = 0; i < rows->n; i++)
		keys[i] = la_time_hash(events[i].viewer, 0) >> 32 << 32 | i;
	la_sort_keys(keys, keys + rows->n, rows->n, la_check_for_interrupts);
	for (uint64 i = 0; i < rows->n; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		sorted[i] = events[keys[i] & PG_UINT32_MAX];
	}
	/* those of a viewer, and of whoever happens to share the hash */
	for (uint64 i = 0; i < rows->n; i += same)
	{
		for (same = 1; i + same < rows->n && keys[i + same] >> 32 == keys[i] >> 32; same++)
			;
		if (same > 1)
			qsort(sorted + i, same, sizeof(Event), compare_events);
	}
	pfree(keys);
	return sorted;
}

/* The periods of the days of a block, behind those there are; "keys" has room for 64 more. */
static size_t
add_block_periods(const CohortState *q, int64 block, uint64 days, uint64 *keys, size_t n)
{
	for (int bit = 0; days != 0 && bit < LA_DAYS_PER_BLOCK; bit++)
	{
		int64		day = block * LA_DAYS_PER_BLOCK + bit;
		uint64		key;

		if (!(days >> bit & 1) || day > q->through)
			continue;
		key = la_key_of_int64(la_period_of(q->grain, (int32) day));
		if (n == 0 || keys[n - 1] != key)
			keys[n++] = key;
	}
	return n;
}

/* Count the viewer of the first of these rows; returns how many are of this viewer. */
static uint64
count_events(CohortState **state, const Event *rows, uint64 nrows)
{
	uint64		n = 1;
	uint64	   *first;
	uint64	   *active;
	size_t		nfirst = 0;
	size_t		nactive = 0;

	while (n < nrows && rows[n].viewer == rows[0].viewer)
		n++;
	first = la_time_scratch(n * 2 * LA_DAYS_PER_BLOCK, sizeof(uint64));
	active = first + n * LA_DAYS_PER_BLOCK;
	for (uint64 i = 0; i < n; i++)
	{
		/* bytes from anywhere */
		if (rows[i].block < PG_INT32_MIN / LA_DAYS_PER_BLOCK || rows[i].block > PG_INT32_MAX / LA_DAYS_PER_BLOCK)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("value is not a state of %s", "cohort_retention")));
		nfirst = add_block_periods(*state, rows[i].block, rows[i].first, first, nfirst);
		nactive = add_block_periods(*state, rows[i].block, rows[i].active, active, nactive);
	}
	count_viewer(state, first, nfirst, active, nactive);
	pfree(first);
	return n;
}

/* cohort_events_final(state): an array of retention_cell */
Datum
cohort_events_final(PG_FUNCTION_ARGS)
{
	TimeRows   *rows;
	CohortState *state;
	Event	   *events;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = la_time_read(fcinfo, 0, &events_kind);
	state = question_from(rows->values);
	events = sort_events(rows);
	for (uint64 i = 0; i < rows->n;)
	{
		CHECK_FOR_INTERRUPTS();
		i += count_events(&state, events + i, rows->n - i);
	}
	PG_RETURN_DATUM(cells_of(fcinfo, state));
}
