/*
 * cohort.c
 *		cohort_retention over viewers, of whom each is a row with the days of
 *		active_days.
 */
#include "liveanalytics.h"

#include "args.h"
#include "cohort.h"
#include "core/keysort.h"
#include "miscadmin.h"
#include "options.h"
#include "rowarray.h"
#include "stateargs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#define MAX_PERIODS		1000
#define MAX_PERIOD		1000000

PG_FUNCTION_INFO_V1(cohort_retention_accum);
PG_FUNCTION_INFO_V1(cohort_retention_combine);
PG_FUNCTION_INFO_V1(cohort_retention_final);

/* --- the question ------------------------------------------------------------------- */

static uint64
row_width(const CohortState *state)
{
	return 2 + la_cohort_cells(state->kind, state->nperiods);
}

/*
 * la_cohort_size
 *		Bytes of a state with room for so many cohorts.
 */
uint64
la_cohort_size(const CohortState *state, uint64 capacity)
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

/*
 * la_cohort_periods_ascend
 *		Whether periods ascend, within their limits; there is at least one.
 */
bool
la_cohort_periods_ascend(const int64 *periods, uint32 n)
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
	q->id = LA_COHORT_ID;
	q->nperiods = n;
	for (int i = 0; i < n; i++)
		q->values[i] = ((int32 *) ARR_DATA_PTR(array))[i];
	if (!la_cohort_periods_ascend(q->values, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must ascend from 0 or more to at most %d, not be %s", MAX_PERIOD,
						OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array)))));
	return q;
}

/*
 * la_get_cohort_question
 *		The question that the arguments of a row ask, grain, periods, through
 *		and perhaps options from "argno" on, with room for no cohort.
 */
CohortState *
la_get_cohort_question(FunctionCallInfo fcinfo, int argno, OptionCache *cache)
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
	SET_VARSIZE(q, la_cohort_size(q, 0));
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

/* --- counting ----------------------------------------------------------------------- */

static CohortState *
get_cohorts(FunctionCallInfo fcinfo, int argno)
{
	CohortState *state = get_flat_state(fcinfo, argno);
	Size		size = VARSIZE(state);

	if (unlikely(size < offsetof(CohortState, values) || state->id != LA_COHORT_ID ||
				 state->grain < LA_GRAIN_DAY || state->grain > LA_GRAIN_MONTH ||
				 state->kind < LA_RETURN_EXACT || state->kind > LA_RETURN_BRACKET || state->every > 1 ||
				 state->nperiods < 1 + (state->kind == LA_RETURN_BRACKET) || state->nperiods > MAX_PERIODS ||
				 size < la_cohort_size(state, state->ncohorts) ||
				 !la_cohort_periods_ascend(state->values, state->nperiods)))
		report_not_a_state(state, "cohort_retention");
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
	if (VARSIZE(s) < la_cohort_size(s, (uint64) s->ncohorts + 1))
	{
		uint64		size = la_cohort_size(s, 2 * (uint64) s->ncohorts + 8);

		if (size > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("%u cohorts of %u periods need more than 1 GB", s->ncohorts, s->nperiods)));
		s = memcpy(palloc0(size), s, la_cohort_size(s, s->ncohorts));
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

/*
 * la_cohort_count_viewer
 *		A viewer with these periods, as keys, ascending, into the cohorts they
 *		make; the state moves where it has no room.
 */
void
la_cohort_count_viewer(CohortState **state, const uint64 *first, size_t nfirst, const uint64 *active, size_t nactive)
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
	CohortState *question = la_get_cohort_question(fcinfo, 3, get_cache(fcinfo, sizeof(OptionCache)));
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
	la_cohort_count_viewer(&state, first, nfirst, active, nactive);
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

/*
 * la_cohort_cells_array
 *		The cells of all cohorts: an array of retention_cell.
 */
Datum
la_cohort_cells_array(FunctionCallInfo fcinfo, CohortState *state)
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
			report_not_a_state(state, "cohort_retention");
	}
	PG_RETURN_DATUM(la_cohort_cells_array(fcinfo, state));
}
