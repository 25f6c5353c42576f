/*
 * timestate.c
 *		States of aggregates that keep rows of 64-bit times.
 *
 * The state is a bytea, so that a parallel plan and Citus can move it. A small
 * one is flat and grows by doubling. nodeAgg.c copies each value that a
 * transition function returns anew, which for large states would take as much
 * again, so those become expanded objects (utils/expandeddatum.h): a bytea to
 * everybody who asks, but one block of memory that grows where it is, with no
 * limit of 1 GB until somebody wants it flat.
 *
 * Anybody may call the support functions with any bytes. Whatever comes in is
 * checked against its own size; what the values are does not endanger memory.
 * The room for more rows is zeroed: it travels too.
 */
#include "liveanalytics.h"

#include "miscadmin.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "timestate.h"

#define EXPAND_FROM		8192	/* bytes; a context of its own takes 1 kB */
#define MAX_PENDING		64
#define ROWS_PER_LOOK	65536	/* to copy between two looks at interrupts */

typedef struct ExpandedTimes
{
	ExpandedObjectHeader header;
	TimeRows   *rows;
	uint64		capacity;

	/* rows by their key, if they have one: 1 + the number of a row, or 0 */
	uint32	   *index;
	uint64		index_size;		/* a power of 2, or 0 */

	/* rows still to be added: see la_time_or_row */
	TimeKeyedRow *pending;
	uint32		npending;
} ExpandedTimes;

static Size expanded_flat_size(ExpandedObjectHeader *header);
static void expanded_flatten(ExpandedObjectHeader *header, void *result, Size size);

static void add_pending(ExpandedTimes *expanded);

static const ExpandedObjectMethods expanded_methods = {
	expanded_flat_size, expanded_flatten
};

/* --- sizes ----------------------------------------------------------------- */

static uint64
bytes_of(uint64 nsettings, uint64 width, uint64 nrows)
{
	return offsetof(TimeRows, values) + sizeof(int64) * (nsettings + width * nrows);
}

static uint64
used_bytes(const TimeRows *rows)
{
	return bytes_of(rows->nsettings, rows->width, rows->n);
}

LA_NORETURN static void
report_too_large(const char *aggregate)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many rows for one %s", aggregate),
			 errdetail("A state that is passed on, from a parallel worker or another node, must be less than 1 GB."),
			 errhint("Group by a part of the data, such as a stream or a day.")));
	pg_unreachable();
}

static Size
expanded_flat_size(ExpandedObjectHeader *header)
{
	uint64		bytes;

	add_pending((ExpandedTimes *) header);
	bytes = used_bytes(((ExpandedTimes *) header)->rows);
	if (bytes > MaxAllocSize)
		report_too_large("state");
	return bytes;
}

static void
expanded_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	memcpy(result, ((ExpandedTimes *) header)->rows, size);
	SET_VARSIZE(result, size);
}

/* --- arguments -------------------------------------------------------------- */

static ExpandedTimes *
as_expanded(Datum datum)
{
	ExpandedObjectHeader *header;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		return NULL;
	header = DatumGetEOHP(datum);
	return header->eoh_methods == &expanded_methods ? (ExpandedTimes *) header : NULL;
}

static void
check_rows(const TimeRows *rows, const TimeKind *kind, Size size)
{
	if (unlikely(size < offsetof(TimeRows, values) ||
				 rows->id != kind->id || rows->width != kind->width ||
				 rows->nsettings != kind->nsettings ||
				 rows->ordered > rows->n || used_bytes(rows) > size))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a state of %s", (size_t) size, kind->aggregate)));
}

/* A flat value with an ordinary header at an aligned address. */
static TimeRows *
flat_rows(Datum datum, bool copy)
{
	struct varlena *value = copy ? PG_DETOAST_DATUM_COPY(datum) : PG_DETOAST_DATUM(datum);

	if ((uintptr_t) value % MAXIMUM_ALIGNOF != 0)
		value = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	return (TimeRows *) value;
}

/* A state to be read only. */
TimeRows *
la_time_read(FunctionCallInfo fcinfo, int argno, const TimeKind *kind)
{
	Datum		datum = PG_GETARG_DATUM(argno);
	ExpandedTimes *expanded = as_expanded(datum);
	TimeRows   *rows;

	if (expanded)
		add_pending(expanded);
	rows = expanded ? expanded->rows : flat_rows(datum, false);
	check_rows(rows, kind, expanded ? used_bytes(rows) : VARSIZE(rows));
	return rows;
}

/*
 * la_time_own
 *		A state whose rows a final function may bring into order: that is
 *		argument 0 itself within an aggregate, where order means nothing.
 */
TimeRows *
la_time_own(FunctionCallInfo fcinfo, const TimeKind *kind)
{
	TimeRows   *rows = la_time_read(fcinfo, 0, kind);
	uint64		bytes = used_bytes(rows);
	TimeRows   *copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return rows;
	copy = memcpy(la_time_scratch(1, bytes), rows, bytes);
	return copy;
}

/* Memory for a passing use, of any size. */
void *
la_time_scratch(uint64 count, Size size)
{
	return palloc_extended(Max(mul_size(count, size), 1), MCXT_ALLOC_HUGE);
}

/* --- changing a state -------------------------------------------------------- */

static TimeRows *
init_rows(TimeRows *rows, const TimeKind *kind, const int64 *settings)
{
	memset(rows, 0, offsetof(TimeRows, values));
	rows->id = kind->id;
	rows->width = kind->width;
	rows->nsettings = kind->nsettings;
	if (kind->nsettings > 0)
		memcpy(rows->values, settings, kind->nsettings * sizeof(int64));
	return rows;
}

static void
use_flat(TimeState *state, const TimeKind *kind, TimeRows *rows)
{
	check_rows(rows, kind, VARSIZE(rows));
	state->rows = rows;
	state->expanded = NULL;
	state->capacity = (VARSIZE(rows) - bytes_of(kind->nsettings, 0, 0)) / (kind->width * sizeof(int64));
}

/*
 * la_time_open
 *		Argument 0, to be changed; for NULL a new state with these settings.
 *
 * A new state is born in the current context and not in the aggregate's:
 * nodeAgg.c copies it there.
 */
void
la_time_open(FunctionCallInfo fcinfo, const TimeKind *kind, const int64 *settings, TimeState *state)
{
	Datum		datum = PG_GETARG_DATUM(0);

	if (!AggCheckCallContext(fcinfo, &state->aggregate))
		state->aggregate = NULL;
	if (PG_ARGISNULL(0))
	{
		Size		size = bytes_of(kind->nsettings, kind->width, kind->first);
		TimeRows   *rows = init_rows(palloc0(size), kind, settings);

		SET_VARSIZE(rows, size);
		use_flat(state, kind, rows);
	}
	else if (state->aggregate && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)) && as_expanded(datum))
	{
		state->expanded = as_expanded(datum);
		state->rows = state->expanded->rows;
		state->capacity = state->expanded->capacity;
		check_rows(state->rows, kind, used_bytes(state->rows));
	}
	else
		use_flat(state, kind, flat_rows(datum, state->aggregate == NULL));
}

static void
expand(TimeState *state, const TimeKind *kind, uint64 capacity)
{
	MemoryContext context = AllocSetContextCreate(state->aggregate, "times", ALLOCSET_SMALL_SIZES);
	ExpandedTimes *expanded = MemoryContextAllocZero(context, sizeof(ExpandedTimes));

	EOH_init_header(&expanded->header, &expanded_methods, context);
	expanded->rows = MemoryContextAllocHuge(context, bytes_of(kind->nsettings, kind->width, capacity));
	memcpy(expanded->rows, state->rows, used_bytes(state->rows));
	expanded->capacity = capacity;
	state->expanded = expanded;
	state->rows = expanded->rows;
	state->capacity = capacity;
}

static void
enlarge_flat(TimeState *state, const TimeKind *kind, uint64 capacity)
{
	uint64		bytes = bytes_of(kind->nsettings, kind->width, capacity);
	TimeRows   *rows;

	if (bytes > MaxAllocSize)
		report_too_large(kind->aggregate);
	rows = memcpy(palloc0(bytes), state->rows, used_bytes(state->rows));
	SET_VARSIZE(rows, bytes);
	use_flat(state, kind, rows);
}

static void
enlarge_expanded(ExpandedTimes *expanded, uint64 capacity)
{
	const TimeRows *rows = expanded->rows;

	expanded->rows = repalloc_huge(expanded->rows, bytes_of(rows->nsettings, rows->width, capacity));
	expanded->capacity = capacity;
}

/*
 * la_time_make_room
 *		Room for so many rows more.
 */
void
la_time_make_room(const TimeKind *kind, TimeState *state, uint64 more)
{
	uint64		wanted = state->rows->n + more;
	uint64		capacity;

	if (likely(wanted <= state->capacity))
		return;
	if (wanted > LA_MAX_TIME_ROWS)
		report_too_large(kind->aggregate);
	capacity = Min(Max(wanted, 2 * state->capacity), LA_MAX_TIME_ROWS);
	if (state->expanded)
	{
		enlarge_expanded(state->expanded, capacity);
		state->rows = state->expanded->rows;
		state->capacity = capacity;
	}
	else if (state->aggregate && bytes_of(kind->nsettings, kind->width, capacity) >= EXPAND_FROM)
		expand(state, kind, capacity);
	else
		enlarge_flat(state, kind, capacity);
}

/* All rows of another state of the same kind. */
void
la_time_append(const TimeKind *kind, TimeState *state, const TimeRows *other)
{
	const int64 *from = other->values + kind->nsettings;
	int64	   *to;

	la_time_make_room(kind, state, other->n);
	to = la_time_values(state->rows) + (uint64) state->rows->n * kind->width;
	for (uint64 i = 0; i < other->n; i += ROWS_PER_LOOK)
	{
		uint64		count = Min(ROWS_PER_LOOK, other->n - i);

		CHECK_FOR_INTERRUPTS();
		memcpy(to + i * kind->width, from + i * kind->width, count * kind->width * sizeof(int64));
	}
	state->rows->n += other->n;
}

/* --- rows with a key ---------------------------------------------------------- */

/* The place in the index of a key: of its row, or the empty one where it goes. */
static uint32 *
index_place(const ExpandedTimes *expanded, int64 first, int64 second)
{
	const int64 *rows = la_time_values(expanded->rows);
	uint64		mask = expanded->index_size - 1;

	for (uint64 i = la_time_hash(first, second) & mask;; i = (i + 1) & mask)
	{
		uint32	   *place = &expanded->index[i];
		const int64 *row = rows + (uint64) (*place - 1) * expanded->rows->width;

		if (*place == 0 || (row[0] == first && row[1] == second))
			return place;
	}
}

/* An index of all rows, at most half full. */
static void
make_index(ExpandedTimes *expanded)
{
	const TimeRows *rows = expanded->rows;
	const int64 *values = rows->values + rows->nsettings;
	uint64		size = Max(expanded->index_size, 1024);

	while (size < 4 * (uint64) rows->n)
		size *= 2;
	if (expanded->index)
		pfree(expanded->index);
	expanded->index_size = size;
	expanded->index = MemoryContextAllocExtended(expanded->header.eoh_context, mul_size(size, sizeof(uint32)),
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint64 i = 0; i < rows->n; i++)
	{
		const int64 *row = values + i * rows->width;

		if (i % ROWS_PER_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		*index_place(expanded, row[0], row[1]) = (uint32) i + 1;
	}
}

static void
or_into(int64 *values, const TimeKeyedRow *row)
{
	TimeKeyedRow *to = (TimeKeyedRow *) values;

	to->flags[0] |= row->flags[0];
	to->flags[1] |= row->flags[1];
}

static void
add_one(ExpandedTimes *expanded, const TimeKeyedRow *row)
{
	TimeRows   *rows = expanded->rows;
	uint32	   *place = index_place(expanded, row->key[0], row->key[1]);

	if (*place != 0)
	{
		or_into(la_time_values(rows) + (uint64) (*place - 1) * rows->width, row);
		return;
	}
	memcpy(la_time_values(rows) + (uint64) rows->n * rows->width, row, sizeof(TimeKeyedRow));
	*place = ++rows->n;
}

/*
 * Rows and index are far larger than the caches, so each look costs what a miss
 * costs; of many rows at once the misses are under way together.
 */
static void
add_pending(ExpandedTimes *expanded)
{
	uint32		n = expanded->npending;
	uint64		wanted = (uint64) expanded->rows->n + n;
	TimeRows   *rows;

	if (n == 0)
		return;
	if (wanted > LA_MAX_TIME_ROWS)
		report_too_large("state");
	if (wanted > expanded->capacity)
		enlarge_expanded(expanded, Min(2 * expanded->capacity + n, LA_MAX_TIME_ROWS));
	if (expanded->index_size < 2 * wanted)
		make_index(expanded);
	rows = expanded->rows;
	for (uint32 i = 0; i < n; i++)
	{
		const TimeKeyedRow *row = &expanded->pending[i];
		uint32		place = expanded->index[la_time_hash(row->key[0], row->key[1]) & (expanded->index_size - 1)];

		if (place != 0)
			__builtin_prefetch(la_time_values(rows) + (uint64) (place - 1) * rows->width);
	}
	for (uint32 i = 0; i < n; i++)
		add_one(expanded, &expanded->pending[i]);
	expanded->npending = 0;
}

/* Keep a row until there are many. */
static void
add_later(ExpandedTimes *expanded, const TimeKeyedRow *row)
{
	if (expanded->pending == NULL)
		expanded->pending = MemoryContextAlloc(expanded->header.eoh_context, MAX_PENDING * sizeof(TimeKeyedRow));
	if (expanded->index_size > 0)
		__builtin_prefetch(&expanded->index[la_time_hash(row->key[0], row->key[1]) & (expanded->index_size - 1)]);
	expanded->pending[expanded->npending++] = *row;
	if (expanded->npending == MAX_PENDING)
		add_pending(expanded);
}

/*
 * la_time_or_row
 *		Add flags to the row with this key, a new one if there is none.
 *
 * Flat states are small and looked through from the end. An expanded one keeps
 * some rows waiting, which la_time_read and whoever wants it flat get added.
 */
void
la_time_or_row(const TimeKind *kind, TimeState *state, const TimeKeyedRow *row)
{
	Assert(kind->width * sizeof(int64) == sizeof(TimeKeyedRow));
	if (state->expanded == NULL)
	{
		for (uint64 i = state->rows->n; i > 0; i--)
		{
			int64	   *values = la_time_values(state->rows) + (i - 1) * kind->width;

			if (values[0] == row->key[0] && values[1] == row->key[1])
			{
				or_into(values, row);
				return;
			}
		}
		la_time_make_room(kind, state, 1);
	}
	if (state->expanded)
	{
		add_later(state->expanded, row);
		state->rows = state->expanded->rows;
		state->capacity = state->expanded->capacity;
		return;
	}
	memcpy(la_time_values(state->rows) + (uint64) state->rows->n * kind->width, row, sizeof(TimeKeyedRow));
	state->rows->n++;
}

Datum
la_time_result(const TimeState *state)
{
	return state->expanded ? EOHPGetRWDatum(&state->expanded->header) : PointerGetDatum(state->rows);
}
