/*
 * spans_core_test.c
 *		Spans against a look at every moment, and the published example.
 */
#include "spans_core.h"

#include <stdlib.h>
#include <string.h>

#include "keysort.h"
#include "prng.h"
#include "tap.h"

#define TRIALS	100000
#define MOMENTS 40				/* spans of the trials are within [0, MOMENTS) */
#define MAX_SPANS 12

static int
present_at(const Span *spans, size_t n, int64_t t)
{
	int			present = 0;

	for (size_t i = 0; i < n; i++)
		present += spans[i].start <= t && t < spans[i].end;
	return present;
}

static size_t
random_spans(Prng *prng, Span *spans, bool empty_too)
{
	size_t		n = la_prng_below(prng, MAX_SPANS + 1);

	for (size_t i = 0; i < n; i++)
	{
		int64_t		a = la_prng_below(prng, MOMENTS);
		int64_t		b = la_prng_below(prng, MOMENTS);

		spans[i].start = a < b ? a : b;
		spans[i].end = (a < b ? b : a) + !empty_too;
	}
	return n;
}

/* Sort in a block that is as large as promised and no larger. */
static void
sort_spans(Span *spans, size_t n)
{
	uint64_t   *scratch = malloc(2 * n * sizeof(uint64_t));

	la_spans_sort(spans, n, scratch, NULL);
	free(scratch);
}

static bool
unites_well(const Span *spans, size_t n)
{
	Span		sorted[MAX_SPANS];
	int64_t		length = 0;
	int64_t		covered = 0;
	bool		good = true;
	size_t		m;

	memcpy(sorted, spans, n * sizeof(Span));
	sort_spans(sorted, n);
	m = la_spans_unite(sorted, n, NULL);
	for (int64_t t = -1; t <= MOMENTS; t++)
	{
		good &= present_at(sorted, m, t) == (present_at(spans, n, t) > 0);
		covered += present_at(spans, n, t) > 0;
	}
	for (size_t i = 1; i < m; i++)
		good &= sorted[i - 1].end < sorted[i].start;
	return good && la_spans_length(sorted, m, &length) == LA_OK && length == covered;
}

static bool
peaks_well(const Span *spans, size_t n)
{
	Span		sorted[MAX_SPANS];
	int64_t		at = -1;
	int64_t		first = -1;
	int			peak = 0;

	memcpy(sorted, spans, n * sizeof(Span));
	sort_spans(sorted, n);
	for (int64_t t = 0; t <= MOMENTS; t++)
	{
		if (present_at(spans, n, t) > peak)
		{
			peak = present_at(spans, n, t);
			first = t;
		}
	}
	return la_spans_peak(sorted, n, &at, NULL) == (uint64_t) peak && at == first;
}

static bool
buckets_well(const Span *spans, size_t n, int64_t lo, int64_t hi, int64_t step)
{
	size_t		nbuckets = (size_t) ((hi - lo - 1) / step + 1);
	SpanBucket *buckets = malloc(nbuckets * sizeof(SpanBucket));
	Span		sorted[MAX_SPANS];
	bool		good = true;

	memcpy(sorted, spans, n * sizeof(Span));
	sort_spans(sorted, n);
	la_spans_series(sorted, n, lo, hi, step, buckets, NULL);
	for (size_t b = 0; b < nbuckets; b++)
	{
		int64_t		start = lo + (int64_t) b * step;
		int64_t		end = start + step < hi ? start + step : hi;
		SpanBucket	expected = {{0, 0}, 0, 0, 0};

		for (int64_t t = start; t < end; t++)
		{
			uint64_t	present = (uint64_t) present_at(spans, n, t);

			expected.area.low += present;
			expected.peak = present > expected.peak ? present : expected.peak;
		}
		for (size_t i = 0; i < n; i++)
		{
			expected.enters += spans[i].start >= start && spans[i].start < end;
			expected.leaves += spans[i].end >= start && spans[i].end < end;
		}
		good &= memcmp(&buckets[b], &expected, sizeof(expected)) == 0;
	}
	free(buckets);
	return good;
}

static void
test_trials(void)
{
	Prng		prng;
	int			united = 0,
				peaks = 0,
				series = 0;

	la_prng_seed(&prng, 3, 0);
	for (int i = 0; i < TRIALS; i++)
	{
		Span		spans[MAX_SPANS];
		size_t		n = random_spans(&prng, spans, false);
		int64_t		lo = (int64_t) la_prng_below(&prng, MOMENTS) - 3;
		int64_t		hi = lo + 1 + la_prng_below(&prng, MOMENTS);

		united += unites_well(spans, n);
		peaks += peaks_well(spans, n);
		n = random_spans(&prng, spans, true);
		series += buckets_well(spans, n, lo, hi, 1 + la_prng_below(&prng, 9));
	}
	ok(united == TRIALS, "%d of %d unions as counted moment by moment", united, TRIALS);
	ok(peaks == TRIALS, "%d of %d peaks as counted moment by moment", peaks, TRIALS);
	ok(series == TRIALS, "%d of %d series as counted moment by moment", series, TRIALS);
}

/* [0,60) [0,30) [20,80) [60,90) [25,26): peak 4, area 181 over [0,90) */
static void
test_published(void)
{
	Span		spans[] = {{60, 90}, {0, 60}, {25, 26}, {0, 30}, {20, 80}};
	SpanBucket	bucket;
	int64_t		at = -1;

	sort_spans(spans, 5);
	ok(la_spans_peak(spans, 5, &at, NULL) == 4 && at == 25, "the published peak");
	la_spans_series(spans, 5, 0, 90, 90, &bucket, NULL);
	ok(bucket.area.low == 181 && bucket.area.high == 0 && bucket.enters == 5 && bucket.leaves == 4,
	   "the published area");
}

static void
test_extremes(void)
{
	Span		whole[] = {{INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX}};
	const int64_t lo = INT64_MIN + 1;
	SpanBucket	buckets[2];
	int64_t		length,
				at = 0;

	sort_spans(whole, 3);
	ok(la_spans_peak(whole, 3, &at, NULL) == 3 && at == INT64_MIN, "peak of spans without bounds");
	ok(la_spans_length(whole, 1, &length) == LA_OVERFLOW, "their length does not fit");
	la_spans_series(whole, 3, lo, INT64_MAX, INT64_MAX, buckets, NULL);
	ok(buckets[0].peak == 3 && buckets[1].peak == 3, "presence over all of time");
	ok(la_wide_to_double(&buckets[0].area) == 3 * 9223372036854775807.0 &&
	   la_wide_to_double(&buckets[1].area) == 3 * 9223372036854775807.0, "its area needs more than 64 bits");
	ok(la_spans_unite(whole, 0, NULL) == 0 && la_spans_peak(whole, 0, &at, NULL) == 0, "no spans");
}

static int
compare_keys(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

static bool
sorts_as_qsort(size_t n, uint64_t range, bool ascending)
{
	size_t		bytes = n * sizeof(uint64_t);
	uint64_t   *keys = malloc(bytes);
	uint64_t   *expected = malloc(bytes);
	uint64_t   *scratch = malloc(bytes);
	Prng		prng;
	bool		same;

	la_prng_seed(&prng, n, range);
	for (size_t i = 0; i < n; i++)
		keys[i] = (ascending ? i * range : 0) + la_prng_next(&prng) % range;
	if (n > 0)
		memcpy(expected, keys, bytes);
	qsort(expected, n, sizeof(uint64_t), compare_keys);
	la_sort_keys(keys, scratch, n, NULL);
	same = n == 0 || memcmp(keys, expected, bytes) == 0;
	free(keys);
	free(expected);
	free(scratch);
	return same;
}

static void
test_sort(void)
{
	bool		all = true;

	for (size_t n = 0; n < 1200; n += n < 100 ? 1 : 37)
		all &= sorts_as_qsort(n, UINT64_MAX, false) && sorts_as_qsort(n, 5, false) && sorts_as_qsort(n, 9, true);
	all &= sorts_as_qsort(200000, UINT64_MAX, false) && sorts_as_qsort(200000, 3, true);
	ok(all, "keys are sorted, few or many, with ties or without");
	ok(la_int64_of_key(la_key_of_int64(-5)) == -5 && la_key_of_int64(-1) < la_key_of_int64(0) &&
	   la_key_of_int64(INT64_MIN) == 0, "keys are in the order of the numbers");
}

static int	asked;

static void
count_question(void)
{
	asked++;
}

static void
test_stop(void)
{
	const size_t n = 1000000;
	Span	   *spans = malloc(n * sizeof(Span));
	uint64_t   *scratch = malloc(2 * n * sizeof(uint64_t));
	int64_t		at;
	Prng		prng;

	la_prng_seed(&prng, 1, 1);
	for (size_t i = 0; i < n; i++)
	{
		spans[i].start = (int64_t) la_prng_below(&prng, 100000000);
		spans[i].end = spans[i].start + 1 + la_prng_below(&prng, 1000);
	}
	la_spans_sort(spans, n, scratch, count_question);
	ok(asked >= 2 * 15 * 4, "sorting asks every 65,536 keys whether it may go on");
	asked = 0;
	la_spans_peak(spans, n, &at, count_question);
	ok(asked >= 15, "so does a pass");
	free(spans);
	free(scratch);
}

int
main(void)
{
	test_trials();
	test_published();
	test_extremes();
	test_sort();
	test_stop();
	return tap_done();
}
