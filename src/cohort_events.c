/*
 * cohort_events.c
 *		cohort_retention in one step, from events, with the viewers in a hash
 *		table of our own.
 */
#include "liveanalytics.h"

#include "cohort.h"
#include "core/dayset_core.h"
#include "core/keysort.h"
#include "localday.h"
#include "miscadmin.h"
#include "stateargs.h"
#include "timeargs.h"
#include "timestate.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(cohort_events_accum);
PG_FUNCTION_INFO_V1(cohort_events_combine);
PG_FUNCTION_INFO_V1(cohort_events_final);

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
	CohortState *q = la_get_cohort_question(fcinfo, 6, &cache->options);
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
	la_get_zone(fcinfo, 5, &cache->zone);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || !(first || active))
		return unchanged_state(fcinfo);
	day = la_local_day(&cache->zone, la_finite_time(fcinfo->args[2], "ts"));
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
		!la_cohort_periods_ascend(settings + 5, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value is not a state of %s", "cohort_retention")));
	q = palloc0(offsetof(CohortState, values) + n * sizeof(int64));
	q->id = LA_COHORT_ID;
	q->grain = (uint8) settings[0];
	q->kind = (uint8) settings[1];
	q->every = settings[2] != 0;
	q->through = (int32) settings[3];
	q->nperiods = n;
	memcpy(q->values, settings + 5, n * sizeof(int64));
	SET_VARSIZE(q, la_cohort_size(q, 0));
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
	la_cohort_count_viewer(state, first, nfirst, active, nactive);
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
	PG_RETURN_DATUM(la_cohort_cells_array(fcinfo, state));
}
