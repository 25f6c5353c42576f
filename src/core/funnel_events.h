/*
 * funnel_events.h
 *		The events of one viewer that can matter to a funnel: what is kept
 *		until all of them are there.
 *
 * A list is one block of memory, a varlena to PostgreSQL: a header, then the
 * records one behind the other, without padding.
 *
 *		plain records	int64 timestamp, then which steps the event meets, in as
 *						few of 1, 2, 4 or 8 bytes as hold a bit for each step,
 *						or, where an event meets one step at most, the step's
 *						number in 1 byte
 *		keyed records	the same, then uint32 length and bytes of the key
 *
 * Nine bytes do for an event of a funnel of up to eight steps.
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
	uint32_t	count;			/* of events */
	uint32_t	used;			/* bytes of records; bit 31: not in order of time */
	uint8_t		records[];
} FunnelEvents;

#define LA_FUNNEL_UNSORTED ((uint32_t) 1 << 31)

/* One event, out of its record. */
typedef struct FunnelEvent
{
	int64_t		ts;
	uint64_t	steps;			/* bit 0 for step 1 */
	const uint8_t *key;			/* keyed lists only */
	uint32_t	key_length;
} FunnelEvent;

extern void la_funnel_init(FunnelEvents *list, FunnelKind kind, int steps, int modes, int64_t window);
extern bool la_funnel_same(const FunnelEvents *list, const FunnelEvents *other);
extern void la_funnel_append(FunnelEvents *list, const FunnelEvent *event);
extern void la_funnel_merge(FunnelEvents *list, const FunnelEvents *other);
extern bool la_funnel_valid(const FunnelEvents *list, size_t size);
extern void la_funnel_sort(FunnelEvents *list, uint8_t *scratch, MayStop may_stop);
extern const uint8_t *la_funnel_read(const FunnelEvents *list, const uint8_t *record, FunnelEvent *event);

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

/* Bytes of a record, without the bytes of its key. */
static inline size_t
la_funnel_record_size(FunnelKind kind, int steps)
{
	return sizeof(int64_t) + la_funnel_width(kind, steps) +
		(kind >= LA_FUNNEL_BIGINT_KEYS ? sizeof(uint32_t) : 0);
}

static inline size_t
la_funnel_stride(const FunnelEvents *list)
{
	return la_funnel_record_size((FunnelKind) list->kind, list->steps);
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

#endif							/* LA_FUNNEL_EVENTS_H */
