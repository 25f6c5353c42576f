/*
 * timestate.h
 *		States of aggregates that keep rows of 64-bit times.
 */
#ifndef LA_TIMESTATE_H
#define LA_TIMESTATE_H

#include "fmgr.h"

/* What tells the states of one aggregate from those of others. */
typedef struct TimeKind
{
	const char *aggregate;		/* name in messages */
	uint8		id;				/* never reused for another layout */
	uint8		width;			/* values of a row */
	uint8		nsettings;		/* values that all rows share */
	uint8		first;			/* rows to make room for at first */
} TimeKind;

/* As it is in a bytea: this header, the settings, then the rows. */
typedef struct TimeRows
{
	int32		vl_len_;		/* varlena header; not used in an expanded state */
	uint8		id;
	uint8		width;
	uint8		nsettings;
	uint8		unused;
	uint32		n;				/* rows */
	uint32		ordered;		/* of which the first are in order, if kept so */
	int64		values[FLEXIBLE_ARRAY_MEMBER];
} TimeRows;

/* A row of a kind whose rows have a key, and flags that add up. */
typedef struct TimeKeyedRow
{
	int64		key[2];
	uint64		flags[2];
} TimeKeyedRow;

/* A state that is being changed. */
typedef struct TimeState
{
	TimeRows   *rows;
	uint64		capacity;		/* in rows */
	struct ExpandedTimes *expanded; /* NULL: a flat bytea */
	MemoryContext aggregate;	/* NULL: called by hand */
} TimeState;

#define LA_MAX_TIME_ROWS	PG_UINT32_MAX

extern void la_time_open(FunctionCallInfo fcinfo, const TimeKind *kind, const int64 *settings, TimeState *state);
extern void la_time_make_room(const TimeKind *kind, TimeState *state, uint64 more);
extern void la_time_append(const TimeKind *kind, TimeState *state, const TimeRows *other);
extern void la_time_or_row(const TimeKind *kind, TimeState *state, const TimeKeyedRow *row);
extern Datum la_time_result(const TimeState *state);
extern TimeRows *la_time_read(FunctionCallInfo fcinfo, int argno, const TimeKind *kind);
extern TimeRows *la_time_own(FunctionCallInfo fcinfo, const TimeKind *kind);
extern void *la_time_scratch(uint64 count, Size size);

/* A hash of a key. Source: S. Vigna's splitmix64. */
static inline uint64
la_time_hash(int64 first, int64 second)
{
	uint64		x = (uint64) first + (uint64) second * UINT64CONST(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline int64 *
la_time_values(TimeRows *rows)
{
	return rows->values + rows->nsettings;
}

#endif							/* LA_TIMESTATE_H */
