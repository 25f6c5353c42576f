/*
 * funnel_events.c
 *		Lists of events: append, merge, check, and sort by time.
 */
#include "funnel_events.h"

#include <assert.h>

/* what is done without a look at interrupts */
#define EVENTS_PER_STEP 4096

/* runs shorter than this are made longer by insertion */
#define SHORT_RUN 16

/* An empty list, whatever size it has. */
void
la_funnel_init(FunnelEvents *list, FunnelKind kind, int steps, int modes, int64_t window)
{
	list->format = LA_FUNNEL_FORMAT;
	list->kind = (uint8_t) kind;
	list->steps = (uint8_t) steps;
	list->modes = (uint8_t) modes;
	list->window = window;
	list->count = 0;
	list->used = 0;
}

/* Whether the events of both can be taken for those of one funnel. */
bool
la_funnel_same(const FunnelEvents *list, const FunnelEvents *other)
{
	return list->kind == other->kind && list->steps == other->steps &&
		list->modes == other->modes && list->window == other->window;
}

static inline int64_t
record_ts(const uint8_t *record)
{
	int64_t		ts;

	memcpy(&ts, record, sizeof(ts));
	return ts;
}

static inline void
write_steps(uint8_t *to, const FunnelEvents *list, uint64_t steps)
{
	uint16_t	two = (uint16_t) steps;
	uint32_t	four = (uint32_t) steps;

	if (list->kind == LA_FUNNEL_NUMBERED)
	{
		*to = 0;
		while (steps != 0)
		{
			steps >>= 1;
			(*to)++;
		}
		return;
	}
	switch (la_funnel_width(list->kind, list->steps))
	{
		case 1:
			*to = (uint8_t) steps;
			break;
		case 2:
			memcpy(to, &two, sizeof(two));
			break;
		case 4:
			memcpy(to, &four, sizeof(four));
			break;
		default:
			memcpy(to, &steps, sizeof(steps));
	}
}

static inline uint64_t
read_steps(const uint8_t *from, const FunnelEvents *list)
{
	uint16_t	two;
	uint32_t	four;
	uint64_t	eight;

	if (list->kind == LA_FUNNEL_NUMBERED)
		return *from == 0 ? 0 : UINT64_C(1) << ((*from - 1) & 63);
	switch (la_funnel_width(list->kind, list->steps))
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

/*
 * la_funnel_append
 *		Add an event, for which there must be room.
 */
void
la_funnel_append(FunnelEvents *list, const FunnelEvent *event)
{
	size_t		used = la_funnel_used(list);
	size_t		stride = la_funnel_stride(list);
	uint8_t    *record = list->records + used;

	if (list->count > 0 && !la_funnel_keyed(list) && event->ts < record_ts(record - stride))
		list->used |= LA_FUNNEL_UNSORTED;
	memcpy(record, &event->ts, sizeof(event->ts));
	write_steps(record + sizeof(event->ts), list, event->steps);
	if (la_funnel_keyed(list))
	{
		memcpy(record + stride - sizeof(uint32_t), &event->key_length, sizeof(uint32_t));
		memcpy(record + stride, event->key, event->key_length);
		stride += event->key_length;
	}
	list->count++;
	list->used += (uint32_t) stride;
}

/*
 * la_funnel_merge
 *		Add the events of a list of the same funnel, for which there must be
 *		room.
 */
void
la_funnel_merge(FunnelEvents *list, const FunnelEvents *other)
{
	size_t		used = la_funnel_used(list);
	bool		ordered = la_funnel_sorted(list) && la_funnel_sorted(other);

	assert(la_funnel_same(list, other));
	if (other->count == 0)
		return;
	if (ordered && list->count > 0 && !la_funnel_keyed(list))
		ordered = record_ts(list->records + used - la_funnel_stride(list)) <= record_ts(other->records);
	memcpy(list->records + used, other->records, la_funnel_used(other));
	list->count += other->count;
	list->used = (uint32_t) (used + la_funnel_used(other)) | (ordered ? 0 : LA_FUNNEL_UNSORTED);
}

/*
 * la_funnel_valid
 *		Whether a block of "size" bytes, which is at least the header, is a
 *		list: looks at the header and not at the records.
 */
bool
la_funnel_valid(const FunnelEvents *list, size_t size)
{
	if (list->format != LA_FUNNEL_FORMAT || list->kind >= LA_FUNNEL_KINDS ||
		list->steps < 1 || list->steps > LA_FUNNEL_MAX_STEPS ||
		(list->modes & ~LA_FUNNEL_ALL_MODES) != 0 || list->window < 0 ||
		la_funnel_used(list) > size - offsetof(FunnelEvents, records))
		return false;
	if (la_funnel_keyed(list))
		return la_funnel_used(list) / la_funnel_stride(list) >= list->count;
	return la_funnel_used(list) == la_funnel_stride(list) * list->count;
}

/*
 * la_funnel_read
 *		The event of a record, and where the next record is.
 *
 * A key that would go past the end of the list ends there.
 */
const uint8_t *
la_funnel_read(const FunnelEvents *list, const uint8_t *record, FunnelEvent *event)
{
	size_t		stride = la_funnel_stride(list);
	const uint8_t *end = list->records + la_funnel_used(list);

	event->ts = record_ts(record);
	event->steps = read_steps(record + sizeof(event->ts), list);
	event->key = NULL;
	event->key_length = 0;
	if (!la_funnel_keyed(list))
		return record + stride;
	event->key = record + stride;
	memcpy(&event->key_length, event->key - sizeof(uint32_t), sizeof(uint32_t));
	if (event->key_length > (size_t) (end - event->key))
		event->key_length = (uint32_t) (end - event->key);
	return event->key + event->key_length;
}

/* --- sorting -------------------------------------------------------------- */

static inline void
copy_record(uint8_t *to, const uint8_t *from, size_t stride)
{
	memcpy(to, from, 8);
	if (stride == 9)
		to[8] = from[8];
	else
		memcpy(to + 8, from + 8, stride - 8);
}

/* Where the ascending run at "record" ends. */
static const uint8_t *
run_end(const uint8_t *record, const uint8_t *end, size_t stride)
{
	for (record += stride; record < end; record += stride)
	{
		if (record_ts(record) < record_ts(record - stride))
			break;
	}
	return record < end ? record : end;
}

/* Put the records up to "end" in order, of which those before "from" are. */
static void
insert_records(uint8_t *first, uint8_t *from, uint8_t *end, size_t stride)
{
	uint8_t		held[16];

	for (; from < end; from += stride)
	{
		int64_t		ts = record_ts(from);
		uint8_t    *to = from;

		copy_record(held, from, stride);
		while (to > first && record_ts(to - stride) > ts)
			to -= stride;
		memmove(to + stride, to, (size_t) (from - to));
		copy_record(to, held, stride);
	}
}

/* Make runs of at least SHORT_RUN records. */
static void
make_runs(uint8_t *first, uint8_t *end, size_t stride, MayStop may_stop)
{
	uint8_t    *stop_at = first;

	while (first < end)
	{
		uint8_t    *next = first + (run_end(first, end, stride) - first);
		uint8_t    *least = (size_t) (end - first) < SHORT_RUN * stride ? end : first + SHORT_RUN * stride;

		if (next < least)
		{
			insert_records(first, next, least, stride);
			next = least;
		}
		if ((size_t) (next - stop_at) > EVENTS_PER_STEP * stride)
		{
			la_may_stop(may_stop);
			stop_at = next;
		}
		first = next;
	}
}

/* Merge the runs a and b, which follow each other and end at "end". */
static void
merge_runs(uint8_t *to, const uint8_t *a, const uint8_t *b, const uint8_t *end, size_t stride, MayStop may_stop)
{
	const uint8_t *a_end = b;
	uint32_t	merged = 0;

	while (a < a_end && b < end)
	{
		const uint8_t **from = record_ts(b) < record_ts(a) ? &b : &a;

		copy_record(to, *from, stride);
		*from += stride;
		to += stride;
		if (++merged % EVENTS_PER_STEP == 0)
			la_may_stop(may_stop);
	}
	memcpy(to, a, (size_t) (a_end - a));
	memcpy(to + (a_end - a), b, (size_t) (end - b));
}

/* Merge neighbouring runs two by two. */
static void
merge_pairs(uint8_t *to, const uint8_t *from, size_t bytes, size_t stride, MayStop may_stop)
{
	const uint8_t *end = from + bytes;

	while (from < end)
	{
		const uint8_t *middle = run_end(from, end, stride);
		const uint8_t *next = middle < end ? run_end(middle, end, stride) : end;

		la_may_stop(may_stop);
		merge_runs(to, from, middle, next, stride, may_stop);
		to += next - from;
		from = next;
	}
}

/*
 * la_funnel_sort
 *		Put a list of plain records in order of time; "scratch" holds its
 *		records once more.
 *
 * A merge sort that starts from the ascending runs it finds: the lists of
 * workers, one behind the other, are merged and not sorted anew.  What equal
 * times leave open makes no difference to a funnel.  It may be stopped between
 * merges; the records are incomplete then.
 */
void
la_funnel_sort(FunnelEvents *list, uint8_t *scratch, MayStop may_stop)
{
	size_t		bytes = la_funnel_used(list);
	size_t		stride = la_funnel_stride(list);
	uint8_t    *from = list->records;
	uint8_t    *to = scratch;

	assert(!la_funnel_keyed(list));
	if (la_funnel_sorted(list))
		return;
	make_runs(from, from + bytes, stride, may_stop);
	while (run_end(from, from + bytes, stride) < from + bytes)
	{
		uint8_t    *swap = from;

		merge_pairs(to, from, bytes, stride, may_stop);
		from = to;
		to = swap;
	}
	if (from != list->records)
		memcpy(list->records, from, bytes);
	list->used &= ~LA_FUNNEL_UNSORTED;
}
