/*
 * spans_core.c
 *		Sets of half-open spans of time: their union, and how many are present
 *		at a time.
 *
 * How many spans cover a time t is the number of starts at or before t less the
 * number of ends at or before t, whichever end belongs to which start. So
 * starts and ends are sorted apart, as plain numbers, and everything else is
 * one pass over both. After that spans[i] holds the i-th start and the i-th end.
 */
#include "spans_core.h"

#include <stdbool.h>

#include "keysort.h"

#define BLOCK 65536				/* spans between two looks at interrupts */

static inline void
look_up(size_t i, MayStop may_stop)
{
	if (i % BLOCK == 0)
		la_may_stop(may_stop);
}

/*
 * la_spans_sort
 *		Bring starts and ends into ascending order, apart from each other.
 *
 * "scratch" holds 2 n keys. Where it is stopped, starts and ends may be lost.
 */
void
la_spans_sort(Span *spans, size_t n, uint64_t *scratch, MayStop may_stop)
{
	for (size_t i = 0; i < n; i++)
	{
		look_up(i, may_stop);
		scratch[i] = la_key_of_int64(spans[i].start);
	}
	la_sort_keys(scratch, scratch + n, n, may_stop);
	for (size_t i = 0; i < n; i++)
	{
		look_up(i, may_stop);
		spans[i].start = la_int64_of_key(scratch[i]);
		scratch[i] = la_key_of_int64(spans[i].end);
	}
	la_sort_keys(scratch, scratch + n, n, may_stop);
	for (size_t i = 0; i < n; i++)
	{
		look_up(i, may_stop);
		spans[i].end = la_int64_of_key(scratch[i]);
	}
}

/*
 * la_spans_unite
 *		Replace sorted spans, none of them empty, by their union: disjoint
 *		spans that do not touch, ascending. Returns how many these are.
 *
 * The first i + 1 spans are all over before the next one starts exactly if the
 * i-th end is before the next start.
 */
size_t
la_spans_unite(Span *spans, size_t n, MayStop may_stop)
{
	size_t		united = 0;

	for (size_t i = 0; i < n; i++)
	{
		int64_t		start = spans[i].start;

		for (; i + 1 < n && spans[i + 1].start <= spans[i].end; i++)
			look_up(i, may_stop);
		look_up(i, may_stop);
		spans[united].start = start;
		spans[united].end = spans[i].end;
		united++;
	}
	return united;
}

/* The sum of the lengths; LA_OVERFLOW past 2^63 microseconds. */
LaResult
la_spans_length(const Span *spans, size_t n, int64_t *length)
{
	uint64_t	sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		sum += (uint64_t) spans[i].end - (uint64_t) spans[i].start;
		if (sum > INT64_MAX)
			return LA_OVERFLOW;
	}
	*length = (int64_t) sum;
	return LA_OK;
}

/*
 * la_spans_peak
 *		The most sorted spans, none of them empty, that are present at once,
 *		and the first time at which they are. Ends come before starts.
 */
uint64_t
la_spans_peak(const Span *spans, size_t n, int64_t *at, MayStop may_stop)
{
	size_t		peak = 0;
	size_t		ended = 0;

	for (size_t i = 0; i < n; i++)
	{
		look_up(i, may_stop);
		while (ended < i && spans[ended].end <= spans[i].start)
			ended++;
		if (i + 1 - ended > peak)
		{
			peak = i + 1 - ended;
			*at = spans[i].start;
		}
	}
	return peak;
}

/* Where a pass over sorted spans has come to. */
typedef struct Sweep
{
	const Span *spans;
	size_t		n;
	size_t		started;
	size_t		ended;
	MayStop		may_stop;
} Sweep;

static inline uint64_t
present(const Sweep *sweep)
{
	/* at an instant, the end of an empty span goes before its start */
	return sweep->started > sweep->ended ? sweep->started - sweep->ended : 0;
}

static inline bool
next_time(const Sweep *sweep, int64_t *t)
{
	bool		found = false;

	if (sweep->started < sweep->n)
	{
		*t = sweep->spans[sweep->started].start;
		found = true;
	}
	if (sweep->ended < sweep->n && (!found || sweep->spans[sweep->ended].end < *t))
	{
		*t = sweep->spans[sweep->ended].end;
		found = true;
	}
	return found;
}

static uint64_t
pass_ends(Sweep *sweep, int64_t t)
{
	size_t		from = sweep->ended;

	while (sweep->ended < sweep->n && sweep->spans[sweep->ended].end <= t)
		look_up(++sweep->ended, sweep->may_stop);
	return sweep->ended - from;
}

static uint64_t
pass_starts(Sweep *sweep, int64_t t)
{
	size_t		from = sweep->started;

	while (sweep->started < sweep->n && sweep->spans[sweep->started].start <= t)
		look_up(++sweep->started, sweep->may_stop);
	return sweep->started - from;
}

/* Fill the bucket from "start" to "end"; everything before start is passed. */
static void
fill_bucket(Sweep *sweep, int64_t start, int64_t end, SpanBucket *bucket)
{
	int64_t		now = start;
	int64_t		t;

	*bucket = (SpanBucket) {{0, 0}, 0, 0, 0};
	bucket->leaves = pass_ends(sweep, start);
	bucket->peak = present(sweep);
	while (next_time(sweep, &t) && t < end)
	{
		la_wide_add_product(&bucket->area, present(sweep), (uint64_t) t - (uint64_t) now);
		now = t;
		bucket->leaves += pass_ends(sweep, t);
		bucket->enters += pass_starts(sweep, t);
		if (present(sweep) > bucket->peak)
			bucket->peak = present(sweep);
	}
	la_wide_add_product(&bucket->area, present(sweep), (uint64_t) end - (uint64_t) now);
}

/*
 * la_spans_series
 *		Sorted spans, counted in buckets of "step" from lo to hi, of which the
 *		last may be shorter: lo < hi, step > 0, ceil((hi - lo) / step) buckets.
 *
 * Empty spans enter and leave but are never present. There are fewer than 2^32
 * spans.
 */
void
la_spans_series(const Span *spans, size_t n, int64_t lo, int64_t hi, int64_t step,
				SpanBucket *buckets, MayStop may_stop)
{
	Sweep		sweep = {spans, n, 0, 0, may_stop};
	int64_t		start = lo;

	if (lo > INT64_MIN)
	{
		pass_ends(&sweep, lo - 1);
		pass_starts(&sweep, lo - 1);
	}
	for (size_t i = 0;; i++)
	{
		bool		last = (uint64_t) hi - (uint64_t) start <= (uint64_t) step;
		int64_t		end = last ? hi : start + step;

		look_up(i, may_stop);
		fill_bucket(&sweep, start, end, &buckets[i]);
		if (last)
			break;
		start = end;
	}
}
