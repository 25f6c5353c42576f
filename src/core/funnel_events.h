/*
 * funnel_events.h
 *		The events of one viewer that can matter to a funnel: what is kept
 *		until all of them are there.
 *
 * A list is one block of memory, a varlena to PostgreSQL: a header, then the
 * records one behind the other, without padding.
 *
 *		plain records	the time since the record before, or since 2000 for the
 *						first, as a number of 1 to 10 bytes (seven bits in each,
 *						the lowest first; 2 d for a time of d, -2 d - 1 for one
 *						before); then which steps the event meets, in as few of
 *						1, 2, 4 or 8 bytes as hold a bit for each step, or, where
 *						an event meets one step at most, the step's number in 1
 *		keyed records	int64 timestamp, the steps, uint32 length and bytes of
 *						the key
 *
 * Four bytes hold a time of two minutes, five one of four hours, six one of
 * twenty days: an event takes 5 to 7 bytes where there are up to eight steps.
 * Lists are as many as viewers and are visited in no order, so that what they
 * cost is how much of the caches they take.
 */
#ifndef LA_FUNNEL_EVENTS_H
#define LA_FUNNEL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "result.h"
#include "stop.h"

#define LA_FUNNEL_FORMAT		1
#define LA_FUNNEL_MAX_STEPS		64

/* a list ends where PostgreSQL's values do, one byte short of 1 GB */
#define LA_FUNNEL_MAX_BYTES		((size_t) 0x3fffffff)

/* Timestamps that are no point in time: before and after all others. */
#define LA_FUNNEL_MINUS_INFINITY	INT64_MIN
#define LA_FUNNEL_INFINITY		INT64_MAX

/* modes of a funnel: see funnel_core.h */
#define LA_FUNNEL_ORDER			0x01
#define LA_FUNNEL_DEDUPLICATION	0x02
#define LA_FUNNEL_INCREASE		0x04
#define LA_FUNNEL_ONCE			0x08
#define LA_FUNNEL_ALL_MODES		0x0f

/* what the records are */
typedef enum FunnelKind
{
	LA_FUNNEL_CONDITIONS = 0,	/* any number of steps for an event */
	LA_FUNNEL_NUMBERED,			/* one step at most, by its number */
	LA_FUNNEL_BIGINT_KEYS,		/* conditions and a key of 8 bytes */
	LA_FUNNEL_TEXT_KEYS			/* conditions and a key of any length */
} FunnelKind;

#define LA_FUNNEL_KINDS 4

typedef struct FunnelEvents
{
	uint32_t	varlena_size;	/* PostgreSQL's; the core leaves it alone */
	uint8_t		format;
	uint8_t		kind;
	uint8_t		steps;
	uint8_t		modes;			/* bits LA_FUNNEL_xxx */
	int64_t		window;			/* of time, in microseconds */
	int64_t		last;			/* timestamp of the last plain record, at first 0 */
	uint32_t	count;			/* of events */
	uint32_t	used;			/* bytes of records; bit 31: not in order of time */
	uint8_t		records[];
} FunnelEvents;

#define LA_FUNNEL_UNSORTED ((uint32_t) 1 << 31)

/* bytes of the longest time of a plain record */
#define LA_FUNNEL_MAX_DELTA 10

/* One event, out of its record. */
typedef struct FunnelEvent
{
	int64_t		ts;
	uint64_t	steps;			/* bit 0 for step 1 */
	const uint8_t *key;			/* keyed lists only */
	uint32_t	key_length;
} FunnelEvent;

/* Goes through the records of a list, in their order. */
typedef struct FunnelReader
{
	const FunnelEvents *list;
	const uint8_t *at;
	const uint8_t *end;
	int64_t		last;
} FunnelReader;

/* An event out of a plain record, to be sorted. */
typedef struct FunnelMoment
{
	int64_t		ts;
	uint64_t	steps;
} FunnelMoment;

extern void la_funnel_init(FunnelEvents *list, FunnelKind kind, int steps, int modes, int64_t window);
extern bool la_funnel_shape_valid(int kind, int steps, int modes, int64_t window);
extern uint64_t la_funnel_number_of_steps(FunnelKind kind, uint64_t steps);
extern bool la_funnel_steps_of_number(FunnelKind kind, int nsteps, int modes, uint64_t number, uint64_t *steps);
extern bool la_funnel_same(const FunnelEvents *list, const FunnelEvents *other);
extern void la_funnel_append(FunnelEvents *list, const FunnelEvent *event);
extern void la_funnel_merge(FunnelEvents *list, const FunnelEvents *other);
extern bool la_funnel_valid(const FunnelEvents *list, size_t size);
extern const FunnelMoment *la_funnel_sort(const FunnelEvents *list, FunnelMoment *memory, size_t *n, MayStop may_stop);
extern bool la_funnel_read_keyed(FunnelReader *reader, FunnelEvent *event);

static inline size_t
la_funnel_used(const FunnelEvents *list)
{
	return list->used & ~LA_FUNNEL_UNSORTED;
}

/* Whether plain records are in order of time; of keyed ones nobody keeps track. */
static inline bool
la_funnel_sorted(const FunnelEvents *list)
{
	return (list->used & LA_FUNNEL_UNSORTED) == 0;
}

static inline bool
la_funnel_keyed(const FunnelEvents *list)
{
	return list->kind >= LA_FUNNEL_BIGINT_KEYS;
}

/* Bytes in which the steps of an event are kept. */
static inline size_t
la_funnel_width(FunnelKind kind, int steps)
{
	if (kind == LA_FUNNEL_NUMBERED || steps <= 8)
		return 1;
	return steps <= 16 ? 2 : steps <= 32 ? 4 : 8;
}

/* The most bytes of a plain record, or those of a keyed one without its key. */
static inline size_t
la_funnel_record_size(FunnelKind kind, int steps)
{
	if (kind >= LA_FUNNEL_BIGINT_KEYS)
		return sizeof(int64_t) + la_funnel_width(kind, steps) + sizeof(uint32_t);
	return LA_FUNNEL_MAX_DELTA + la_funnel_width(kind, steps);
}

/* The room that la_funnel_merge needs for the records of a list. */
static inline size_t
la_funnel_merge_size(const FunnelEvents *other)
{
	return la_funnel_used(other) + LA_FUNNEL_MAX_DELTA;
}

/* Whether "more" bytes of records fit into a list of "size" bytes. */
static inline bool
la_funnel_has_room(const FunnelEvents *list, size_t size, size_t more)
{
	return size - offsetof(FunnelEvents, records) - la_funnel_used(list) >= more;
}

static inline uint64_t
la_funnel_all_steps(int steps)
{
	return steps == 64 ? UINT64_MAX : (UINT64_C(1) << steps) - 1;
}

static inline void
la_funnel_begin_read(FunnelReader *reader, const FunnelEvents *list)
{
	reader->list = list;
	reader->at = list->records;
	reader->end = list->records + la_funnel_used(list);
	reader->last = 0;
}

static inline uint64_t
la_funnel_read_steps(const uint8_t *from, const FunnelEvents *list)
{
	uint16_t	two;
	uint32_t	four;
	uint64_t	eight;

	if (list->kind == LA_FUNNEL_NUMBERED)
		return *from == 0 ? 0 : UINT64_C(1) << ((*from - 1) & 63);
	switch (la_funnel_width((FunnelKind) list->kind, list->steps))
	{
		case 1:
			return *from;
		case 2:
			memcpy(&two, from, sizeof(two));
			return two;
		case 4:
			memcpy(&four, from, sizeof(four));
			return four;
		default:
			memcpy(&eight, from, sizeof(eight));
			return eight;
	}
}

/* The next plain record; false at the end of the list, or where it is cut. */
static inline bool
la_funnel_read_plain(FunnelReader *reader, int64_t *ts, uint64_t *steps)
{
	size_t		width = la_funnel_width((FunnelKind) reader->list->kind, reader->list->steps);
	const uint8_t *at = reader->at;
	uint64_t	delta = 0;
	int			shift = 0;

	do
	{
		if (at >= reader->end || shift > 63)
			return false;
		delta |= (uint64_t) (*at & 0x7f) << shift;
		shift += 7;
	} while ((*at++ & 0x80) != 0);
	if ((size_t) (reader->end - at) < width)
		return false;
	reader->last = (int64_t) ((uint64_t) reader->last + ((delta >> 1) ^ (0 - (delta & 1))));
	*ts = reader->last;
	*steps = la_funnel_read_steps(at, reader->list);
	reader->at = at + width;
	return true;
}

/* The next record of any kind; false at the end of the list, or where it is cut. */
static inline bool
la_funnel_read(FunnelReader *reader, FunnelEvent *event)
{
	if (la_funnel_keyed(reader->list))
		return la_funnel_read_keyed(reader, event);
	event->key = NULL;
	event->key_length = 0;
	return la_funnel_read_plain(reader, &event->ts, &event->steps);
}

#endif							/* LA_FUNNEL_EVENTS_H */
