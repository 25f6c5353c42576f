/*
 * sequence_core.c
 *		Events of a viewer, and whether and how often they match a pattern.
 *
 * Events are put in order by time, and equal times by their conditions, so
 * that nothing depends on how they arrived.
 *
 *----------
 * A pattern is matched at a position: the number of events before it.  Let
 * can(a, p) say whether the items from a on can match from position p on.
 *
 *		can(end, p)	= true
 *		(?N)		can(a, p) = event p meets N and can(a + 1, p + 1)
 *		.			can(a, p) = there is an event p and can(a + 1, p + 1)
 *		.*			can(a, p) = can(a + 1, q) for some q >= p
 *		(?t op N)	can(a, p) = can(a + 1, q) for some event q >= p whose time
 *					is at the right distance from that of event p - 1
 *
 * can(a, .) is a row of bits that follows from can(a + 1, .): 64 positions at
 * a time, but for time conditions, where two indexes go down the row.  So the
 * work is the number of events times the number of items at most, whatever
 * the pattern and the events, where backtracking may take exponential time.
 *
 * A match then is found without a wrong step: it starts as early as it can,
 * and each choice (how many events .* and a time condition let pass) is the
 * first that leads to the end.  That is the match that backtracking finds.
 *----------
 */
#include "sequence_core.h"

#include <string.h>

/* events between two looks at may_stop */
#define STRIDE	65536

/* --- states --------------------------------------------------------------- */

static inline size_t
mask_bytes(int nconditions)
{
	return ((size_t) nconditions + 7) / 8;
}

static inline uint64_t
pattern_bytes(uint32_t pattern_length)
{
	return ((uint64_t) pattern_length + 7) / 8 * 8;
}

/* Bytes of a state with room for so many events. */
uint64_t
la_sequence_size(uint32_t pattern_length, int nconditions, uint64_t capacity)
{
	return sizeof(SequenceState) + pattern_bytes(pattern_length) +
		capacity * (sizeof(int64_t) + mask_bytes(nconditions));
}

/* An empty state, in memory that is all zero. */
void
la_sequence_init(SequenceState *state, const char *pattern, uint32_t pattern_length,
				 int nconditions, uint64_t capacity)
{
	state->format = LA_SEQUENCE_FORMAT;
	state->nconditions = (uint16_t) nconditions;
	state->pattern_length = pattern_length;
	state->sorted = true;
	state->n = 0;
	state->capacity = capacity;
	memcpy(state + 1, pattern, pattern_length);
}

/*
 * la_sequence_is_event
 *		Whether an event has a finite time, and conditions that there are.
 */
bool
la_sequence_is_event(const SequenceEvent *event, int nconditions)
{
	return event->ts != INT64_MIN && event->ts != INT64_MAX && event->conditions != 0 &&
		(nconditions == 64 || event->conditions >> nconditions == 0);
}

/*
 * la_sequence_valid
 *		Whether a state of so many bytes can be worked with.
 *
 * That is: nothing is read or written outside of it.  What its pattern and its
 * events are worth is for those to say who read them from elsewhere.
 */
bool
la_sequence_valid(const SequenceState *state, uint64_t bytes)
{
	return bytes >= sizeof(SequenceState) &&
		state->format == LA_SEQUENCE_FORMAT &&
		state->nconditions >= 1 && state->nconditions <= LA_SEQUENCE_MAX_CONDITIONS &&
		state->pattern_length <= LA_SEQUENCE_MAX_PATTERN &&
		state->n <= state->capacity && state->capacity <= bytes &&
		la_sequence_size(state->pattern_length, state->nconditions, state->capacity) == bytes;
}

/* The text of the pattern, state->pattern_length bytes. */
const char *
la_sequence_pattern(const SequenceState *state)
{
	return (const char *) (state + 1);
}

static inline int64_t *
times_of(const SequenceState *state)
{
	return (int64_t *) ((char *) (state + 1) + pattern_bytes(state->pattern_length));
}

static inline uint8_t *
masks_of(const SequenceState *state)
{
	return (uint8_t *) (times_of(state) + state->capacity);
}

/* Event i, from 0, in the order in which they are held. */
SequenceEvent
la_sequence_event(const SequenceState *state, uint64_t i)
{
	size_t		width = mask_bytes(state->nconditions);
	const uint8_t *mask = masks_of(state) + i * width;
	SequenceEvent event = {times_of(state)[i], 0};

	for (size_t b = 0; b < width; b++)
		event.conditions |= (uint64_t) mask[b] << (8 * b);
	return event;
}

/* Whether both are of the same pattern and number of conditions. */
bool
la_sequence_same_question(const SequenceState *a, const SequenceState *b)
{
	return a->nconditions == b->nconditions && a->pattern_length == b->pattern_length &&
		memcmp(la_sequence_pattern(a), la_sequence_pattern(b), a->pattern_length) == 0;
}

/*
 * The order of events: by time; at equal times as the lists of the numbers of
 * their conditions, compared like words: {1} < {1,2} < {2}.
 */
static inline bool
is_before(const SequenceEvent *a, const SequenceEvent *b)
{
	uint64_t	differing = a->conditions ^ b->conditions;
	uint64_t	first = differing & (0 - differing);

	if (a->ts != b->ts)
		return a->ts < b->ts;
	if (differing == 0)
		return false;
	/* who has the first condition that they do not share comes first, unless the other has no more */
	if (a->conditions & first)
		return b->conditions > first;
	return a->conditions < first;
}

static inline void
store_event(SequenceState *state, uint64_t i, const SequenceEvent *event)
{
	size_t		width = mask_bytes(state->nconditions);
	uint8_t    *mask = masks_of(state) + i * width;

	times_of(state)[i] = event->ts;
	for (size_t b = 0; b < width; b++)
		mask[b] = (uint8_t) (event->conditions >> (8 * b));
}

/* Add an event, for which there must be room. */
void
la_sequence_add(SequenceState *state, const SequenceEvent *event)
{
	if (state->sorted && state->n > 0)
	{
		SequenceEvent last = la_sequence_event(state, state->n - 1);

		state->sorted = !is_before(event, &last);
	}
	store_event(state, state->n++, event);
}

/* Add the events of another state of the same question; there must be room. */
void
la_sequence_append(SequenceState *state, const SequenceState *other)
{
	size_t		width = mask_bytes(state->nconditions);

	if (other->n == 0)
		return;
	if (state->n > 0)
	{
		SequenceEvent last = la_sequence_event(state, state->n - 1);
		SequenceEvent first = la_sequence_event(other, 0);

		state->sorted = state->sorted && other->sorted && !is_before(&first, &last);
	}
	else
		state->sorted = other->sorted;
	memcpy(times_of(state) + state->n, times_of(other), other->n * sizeof(int64_t));
	memcpy(masks_of(state) + state->n * width, masks_of(other), other->n * width);
	state->n += other->n;
}

/* --- sorting -------------------------------------------------------------- */

#define MERGE_ELEMENT		SequenceEvent
#define MERGE_BEFORE(a, b)	is_before(a, b)
#define MERGE_SORT			sort_events
#include "merge_sort.h"

/*
 * la_sequence_sort
 *		Put the events of a state in order, with two times room for them.
 */
void
la_sequence_sort(SequenceState *state, SequenceEvent *events, SequenceEvent *scratch,
				 MayStop may_stop)
{
	SequenceEvent *sorted;

	if (state->sorted)
		return;
	for (uint64_t i = 0; i < state->n; i++)
	{
		if (i % STRIDE == 0)
			la_may_stop(may_stop);
		events[i] = la_sequence_event(state, i);
	}
	sorted = sort_events(events, scratch, state->n, may_stop);
	for (uint64_t i = 0; i < state->n; i++)
		store_event(state, i, &sorted[i]);
	state->sorted = true;
}

/* --- rows of bits ----------------------------------------------------------- */

static inline bool
get_bit(const uint64_t *row, uint64_t i)
{
	return (row[i / 64] >> (i % 64)) & 1;
}

/* The first position from i on whose bit is set, "none" if there is none. */
static uint64_t
next_bit(const uint64_t *row, size_t words, uint64_t i, uint64_t none)
{
	size_t		w = i / 64;
	uint64_t	word;

	if (w >= words)
		return none;
	word = row[w] & (UINT64_MAX << (i % 64));
	while (word == 0)
	{
		if (++w == words)
			return none;
		word = row[w];
	}
	return (uint64_t) w * 64 + (uint64_t) __builtin_ctzll(word);
}

/* Bits 0 .. n set, those past n clear. */
static void
set_all(uint64_t *row, size_t words, uint64_t n)
{
	memset(row, 0xff, words * sizeof(uint64_t));
	row[words - 1] = UINT64_MAX >> (63 - n % 64);
}

/* --- can(a, .) from can(a + 1, .), in place or into another row -------------- */

/* "." and, with a condition, "(?N)": bit p from bit p + 1 */
static void
step_event(uint64_t *row, const SequenceMatcher *matcher, int condition)
{
	const SequenceState *state = matcher->state;
	size_t		width = mask_bytes(state->nconditions);
	const uint8_t *mask = masks_of(state) + condition / 8;

	for (size_t w = 0; w < matcher->words; w++)
	{
		uint64_t	next = w + 1 < matcher->words ? row[w + 1] : 0;
		uint64_t	bits = (row[w] >> 1) | (next << 63);
		uint64_t	met = 0;

		if (w % (STRIDE / 64) == 0)
			la_may_stop(matcher->may_stop);
		if (condition < 0)
			met = UINT64_MAX;
		else if (bits != 0)
		{
			uint64_t	first = (uint64_t) w * 64;
			uint64_t	count = state->n - first < 64 ? state->n - first : 64;

			for (uint64_t i = 0; i < count; i++)
				met |= (uint64_t) ((mask[(first + i) * width] >> (condition % 8)) & 1) << i;
		}
		row[w] = bits & met;
	}
}

/* ".*": all positions up to the last that can */
static void
step_skip(const uint64_t *from, uint64_t *to, size_t words)
{
	size_t		w = words;

	while (w > 0 && from[w - 1] == 0)
		to[--w] = 0;
	if (w == 0)
		return;
	w--;
	to[w] = UINT64_MAX >> __builtin_clzll(from[w]);
	memset(to, 0xff, w * sizeof(uint64_t));
}

static inline int64_t
add_time(int64_t ts, int64_t distance)
{
	return distance > INT64_MAX - (ts > 0 ? ts : 0) ? INT64_MAX : ts + distance;
}

/*
 * "(?t op N)": as p goes down, so do the first event far enough from event
 * p - 1 and the first of those that can.
 */
static void
step_gate(const uint64_t *from, uint64_t *to, const SequenceMatcher *matcher, const PatternItem *gate)
{
	const int64_t *times = times_of(matcher->state);
	uint64_t	n = matcher->state->n;
	uint64_t	far = n;
	uint64_t	found = n;

	memset(to, 0, matcher->words * sizeof(uint64_t));
	for (uint64_t p = n; p-- > 1;)
	{
		int64_t		least = add_time(times[p - 1], gate->least);

		if (p % STRIDE == 0)
			la_may_stop(matcher->may_stop);
		while (far > p && times[far - 1] >= least)
		{
			far--;
			if (get_bit(from, far))
				found = far;
		}
		if (found < n && times[found] <= add_time(times[p - 1], gate->most))
			to[p / 64] |= UINT64_C(1) << (p % 64);
	}
}

/* --- matching --------------------------------------------------------------- */

/*
 * la_sequence_matcher_words
 *		Words of memory for la_sequence_plan over n events; "keep" as there.
 */
size_t
la_sequence_matcher_words(const SequencePattern *pattern, uint64_t n, bool keep)
{
	return (size_t) (n / 64 + 1) * (keep ? (size_t) pattern->nchoices + 1 : 2);
}

/*
 * la_sequence_plan
 *		Whether the events of a sorted state match a pattern anywhere.
 *
 * With "keep" the matches can be asked for by la_sequence_next afterwards;
 * pattern, state and memory must last until then.
 */
bool
la_sequence_plan(SequenceMatcher *matcher, const SequencePattern *pattern,
				 const SequenceState *state, bool keep, uint64_t *memory, MayStop may_stop)
{
	uint64_t   *row = memory;

	matcher->pattern = pattern;
	matcher->state = state;
	matcher->rows = memory;
	matcher->words = (size_t) (state->n / 64 + 1);
	matcher->keep = keep;
	matcher->may_stop = may_stop;

	set_all(row, matcher->words, state->n);
	for (int a = pattern->nitems - 1; a >= 0; a--)
	{
		const PatternItem *item = &pattern->items[a];
		uint64_t   *to = keep || row == memory ? row + matcher->words : memory;

		switch (item->kind)
		{
			case PATTERN_EVENT:
				step_event(row, matcher, item->condition);
				continue;
			case PATTERN_ANY:
				step_event(row, matcher, -1);
				continue;
			case PATTERN_SKIP:
				step_skip(row, to, matcher->words);
				break;
			case PATTERN_GATE:
				step_gate(row, to, matcher, item);
				break;
		}
		row = to;
	}
	return get_bit(row, 0);
}

/* The first event from p on of at least a time, by steps that double. */
static uint64_t
first_not_before(const int64_t *times, uint64_t n, uint64_t p, int64_t least)
{
	uint64_t	step = 1;
	uint64_t	low = p;

	while (p < n && times[p] < least)
	{
		low = p + 1;
		p = n - p > step ? p + step : n;
		step *= 2;
	}
	while (low < p)
	{
		uint64_t	middle = low + (p - low) / 2;

		if (times[middle] < least)
			low = middle + 1;
		else
			p = middle;
	}
	return p;
}

/*
 * la_sequence_next
 *		The first match from a position on; false if there is none.
 *
 * Moves the position past the match.  "times", unless it is NULL, gets the
 * time of the event of each (?N), pattern->nevents in number.
 */
bool
la_sequence_next(const SequenceMatcher *matcher, uint64_t *position, int64_t *times)
{
	const SequencePattern *pattern = matcher->pattern;
	const int64_t *ts = times_of(matcher->state);
	uint64_t	none = matcher->state->n + 1;
	/* the last row that was made is that of the first item, the one before what follows it */
	const uint64_t *row = matcher->rows + (size_t) pattern->nchoices * matcher->words;
	uint64_t	p = *position;

	for (int a = 0; a < pattern->nitems; a++)
	{
		const PatternItem *item = &pattern->items[a];

		if (item->kind == PATTERN_EVENT || item->kind == PATTERN_ANY)
		{
			if (times != NULL && item->kind == PATTERN_EVENT)
				*times++ = ts[p];
			p++;
			continue;
		}
		row -= matcher->words;
		if (item->kind == PATTERN_GATE)
			p = first_not_before(ts, matcher->state->n, p, add_time(ts[p - 1], item->least));
		p = next_bit(row, matcher->words, p, none);
		if (p == none)
			return false;
	}
	*position = p;
	return true;
}
