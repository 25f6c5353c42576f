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
	list->last = 0;
	list->count = 0;
	list->used = 0;
}

/* --- what comes from elsewhere ------------------------------------------------ */

/*
 * la_funnel_shape_valid
 *		Whether there are funnels of this kind, with so many steps, these modes
 *		and this window.
 */
bool
la_funnel_shape_valid(int kind, int steps, int modes, int64_t window)
{
	if (kind < 0 || kind >= LA_FUNNEL_KINDS || steps < 1 || steps > LA_FUNNEL_MAX_STEPS ||
		(modes & ~LA_FUNNEL_ALL_MODES) != 0 || window < 0)
		return false;
	if (kind != LA_FUNNEL_CONDITIONS && modes != 0)
		return false;
	return kind != LA_FUNNEL_NUMBERED || steps == LA_FUNNEL_MAX_STEPS;
}

/*
 * la_funnel_number_of_steps
 *		The steps of an event as they are written outside: their bits, or the
 *		number of the only one, 0 for none.
 */
uint64_t
la_funnel_number_of_steps(FunnelKind kind, uint64_t steps)
{
	int			number = 0;

	if (kind != LA_FUNNEL_NUMBERED)
		return steps;
	for (; steps != 0; steps >>= 1)
		number++;
	return (uint64_t) number;
}

/*
 * la_funnel_steps_of_number
 *		The inverse; false if there are no such steps in this funnel.
 */
bool
la_funnel_steps_of_number(FunnelKind kind, int nsteps, int modes, uint64_t number, uint64_t *steps)
{
	*steps = number;
	if (number == 0)			/* such events are kept where they matter only */
		return (modes & LA_FUNNEL_ORDER) != 0;
	if (kind != LA_FUNNEL_NUMBERED)
		return (number & ~la_funnel_all_steps(nsteps)) == 0;
	*steps = number <= LA_FUNNEL_MAX_STEPS ? UINT64_C(1) << (number - 1) : 0;
	return *steps != 0;
}

/* --- lists ------------------------------------------------------------------------ */

/* Whether the events of both can be taken for those of one funnel. */
bool
la_funnel_same(const FunnelEvents *list, const FunnelEvents *other)
{
	return list->kind == other->kind && list->steps == other->steps &&
		list->modes == other->modes && list->window == other->window;
}

/* Write the steps of an event; returns where the record goes on. */
static inline uint8_t *
write_steps(uint8_t *to, const FunnelEvents *list, uint64_t steps)
{
	size_t		width = la_funnel_width((FunnelKind) list->kind, list->steps);
	uint16_t	two = (uint16_t) steps;
	uint32_t	four = (uint32_t) steps;

	if (list->kind == LA_FUNNEL_NUMBERED)
		*to = (uint8_t) (steps == 0 ? 0 : __builtin_ctzll(steps) + 1);
	else if (width == 1)
		*to = (uint8_t) steps;
	else if (width == 2)
		memcpy(to, &two, sizeof(two));
	else if (width == 4)
		memcpy(to, &four, sizeof(four));
	else
		memcpy(to, &steps, sizeof(steps));
	return to + width;
}

/* Write the time from "last" to "ts", which may be before it, and wrap around. */
static inline uint8_t *
write_delta(uint8_t *to, int64_t last, int64_t ts)
{
	uint64_t	difference = (uint64_t) ts - (uint64_t) last;
	uint64_t	delta = (difference << 1) ^ (0 - (difference >> 63));

	while (delta >= 0x80)
	{
		*to++ = (uint8_t) (delta | 0x80);
		delta >>= 7;
	}
	*to++ = (uint8_t) delta;
	return to;
}

static uint8_t *
write_keyed(uint8_t *to, const FunnelEvents *list, const FunnelEvent *event)
{
	memcpy(to, &event->ts, sizeof(event->ts));
	to = write_steps(to + sizeof(event->ts), list, event->steps);
	memcpy(to, &event->key_length, sizeof(event->key_length));
	to += sizeof(event->key_length);
	memcpy(to, event->key, event->key_length);
	return to + event->key_length;
}

/*
 * la_funnel_append
 *		Add an event, for which there must be room: la_funnel_record_size and
 *		the length of its key.
 */
void
la_funnel_append(FunnelEvents *list, const FunnelEvent *event)
{
	uint8_t    *record = list->records + la_funnel_used(list);
	uint8_t    *end;

	if (la_funnel_keyed(list))
		end = write_keyed(record, list, event);
	else
	{
		if (event->ts < list->last && list->count > 0)
			list->used |= LA_FUNNEL_UNSORTED;
		end = write_steps(write_delta(record, list->last, event->ts), list, event->steps);
		list->last = event->ts;
	}
	list->count++;
	list->used += (uint32_t) (end - record);
}

/*
 * la_funnel_merge
 *		Add the events of a list of the same funnel, for which there must be
 *		room: la_funnel_merge_size.
 */
void
la_funnel_merge(FunnelEvents *list, const FunnelEvents *other)
{
	FunnelReader reader;
	FunnelEvent first;
	uint32_t	rest;

	assert(la_funnel_same(list, other));
	la_funnel_begin_read(&reader, other);
	/* the time of the first record alone depends on what comes before it */
	if (!la_funnel_read(&reader, &first))
		return;
	la_funnel_append(list, &first);
	rest = (uint32_t) (reader.end - reader.at);
	memcpy(list->records + la_funnel_used(list), reader.at, rest);
	list->count += other->count - 1;
	list->used += rest;
	if (!la_funnel_sorted(other))
		list->used |= LA_FUNNEL_UNSORTED;
	list->last = other->last;
}

/*
 * la_funnel_valid
 *		Whether a block of "size" bytes, which is at least the header, is a
 *		list: looks at the header and not at the records.
 */
bool
la_funnel_valid(const FunnelEvents *list, size_t size)
{
	size_t		shortest;

	if (list->format != LA_FUNNEL_FORMAT || list->kind >= LA_FUNNEL_KINDS ||
		list->steps < 1 || list->steps > LA_FUNNEL_MAX_STEPS ||
		(list->modes & ~LA_FUNNEL_ALL_MODES) != 0 || list->window < 0 ||
		la_funnel_used(list) > size - offsetof(FunnelEvents, records))
		return false;
	shortest = la_funnel_record_size((FunnelKind) list->kind, list->steps);
	if (!la_funnel_keyed(list))
		shortest -= LA_FUNNEL_MAX_DELTA - 1;
	return la_funnel_used(list) / shortest >= list->count;
}

/*
 * la_funnel_read_keyed
 *		The next keyed record; false at the end of the list, or where it is
 *		cut.
 */
bool
la_funnel_read_keyed(FunnelReader *reader, FunnelEvent *event)
{
	size_t		fixed = la_funnel_record_size((FunnelKind) reader->list->kind, reader->list->steps);

	if ((size_t) (reader->end - reader->at) < fixed)
		return false;
	memcpy(&event->ts, reader->at, sizeof(event->ts));
	event->steps = la_funnel_read_steps(reader->at + sizeof(event->ts), reader->list);
	event->key = reader->at + fixed;
	memcpy(&event->key_length, event->key - sizeof(uint32_t), sizeof(uint32_t));
	if (event->key_length > (size_t) (reader->end - event->key))
		return false;
	reader->at = event->key + event->key_length;
	return true;
}

/* --- sorting -------------------------------------------------------------- */

/* Where the ascending run that begins at i ends. */
static size_t
run_end(const FunnelMoment *moments, size_t i, size_t n)
{
	for (i++; i < n; i++)
	{
		if (moments[i].ts < moments[i - 1].ts)
			return i;
	}
	return n;
}

/* Put the moments from "low" to "high" in order, of which those before "from" are. */
static void
insert_moments(FunnelMoment *moments, size_t low, size_t from, size_t high)
{
	for (; from < high; from++)
	{
		FunnelMoment held = moments[from];
		size_t		to = from;

		for (; to > low && moments[to - 1].ts > held.ts; to--)
			moments[to] = moments[to - 1];
		moments[to] = held;
	}
}

/* Make runs of at least SHORT_RUN moments. */
static void
make_runs(FunnelMoment *moments, size_t n, MayStop may_stop)
{
	size_t		asked = 0;
	size_t		next;

	for (size_t i = 0; i < n; i = next)
	{
		size_t		least = n - i < SHORT_RUN ? n : i + SHORT_RUN;

		next = run_end(moments, i, n);
		if (next < least)
		{
			insert_moments(moments, i, next, least);
			next = least;
		}
		if (next - asked > EVENTS_PER_STEP)
		{
			la_may_stop(may_stop);
			asked = next;
		}
	}
}

/* Merge the runs from a, b and up to "end", which follow each other. */
static void
merge_runs(FunnelMoment *to, const FunnelMoment *from, size_t a, size_t b, size_t end, MayStop may_stop)
{
	size_t		a_end = b;

	for (size_t i = a; i < end; i++)
	{
		bool		take_b = b < end && (a == a_end || from[b].ts < from[a].ts);

		to[i] = from[take_b ? b++ : a++];
		if (i % EVENTS_PER_STEP == EVENTS_PER_STEP - 1)
			la_may_stop(may_stop);
	}
}

/* Merge neighbouring runs two by two. */
static void
merge_pairs(FunnelMoment *to, const FunnelMoment *from, size_t n, MayStop may_stop)
{
	size_t		next;

	for (size_t i = 0; i < n; i = next)
	{
		size_t		middle = run_end(from, i, n);

		next = middle < n ? run_end(from, middle, n) : n;
		merge_runs(to, from, i, middle, next, may_stop);
	}
}

/*
 * la_funnel_sort
 *		The events of a list of plain records in order of time: n of them,
 *		somewhere in "memory", which has room for two for each event.
 *
 * A merge sort that starts from the ascending runs it finds: the lists of
 * workers, one behind the other, are merged and not sorted anew.  What equal
 * times leave open makes no difference to a funnel.
 */
const FunnelMoment *
la_funnel_sort(const FunnelEvents *list, FunnelMoment *memory, size_t *n, MayStop may_stop)
{
	FunnelMoment *from = memory;
	FunnelMoment *to = memory + list->count;
	FunnelReader reader;
	size_t		count = 0;

	la_funnel_begin_read(&reader, list);
	while (count < list->count && la_funnel_read_plain(&reader, &from[count].ts, &from[count].steps))
	{
		if (++count % EVENTS_PER_STEP == 0)
			la_may_stop(may_stop);
	}
	*n = count;
	make_runs(from, count, may_stop);
	while (run_end(from, 0, count) < count)
	{
		FunnelMoment *swap = from;

		merge_pairs(to, from, count, may_stop);
		from = to;
		to = swap;
	}
	return from;
}
