/*
 * times_exercise.h
 *		What aggregates over times do with rows of 64-bit numbers, which may be
 *		any where a state comes from elsewhere: for the fuzzer and the unit
 *		tests.
 *
 * The first byte says what they are, the next three numbers are settings.
 */
#ifndef LA_TIMES_EXERCISE_H
#define LA_TIMES_EXERCISE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cohort_core.h"
#include "dayset_core.h"
#include "keysort.h"
#include "spans_core.h"
#include "stay_core.h"

#define TIMES_SEEDS 12
#define TIMES_SETTINGS 3
#define TIMES_MAX_BUCKETS 1000

static inline uint8_t *
times_seed(int number, size_t *size)
{
	int64_t		values[TIMES_SETTINGS + 40] = {0, 1000, 50};
	int			n = 4 * (number / 4 + 1);
	uint8_t    *bytes;

	for (int i = 0; i < n; i++)
		values[TIMES_SETTINGS + i] = i % 2 == 0 ? i * 37 % 900 : i * 37 % 900 + 60;
	if (number % 4 == 3)
	{
		values[0] = 300;
		values[1] = 0;
		values[2] = 1;
	}
	*size = 1 + sizeof(int64_t) * (size_t) (TIMES_SETTINGS + n);
	bytes = malloc(*size);
	bytes[0] = (uint8_t) (number % 4 + 4 * (number % 3));
	memcpy(bytes + 1, values, *size - 1);
	return bytes;
}

/* Spans, empty and turned round ones too. */
static inline void
exercise_spans(int64_t *values, size_t n, const int64_t *settings, bool *right)
{
	Span	   *spans = (Span *) values;
	uint64_t   *scratch = malloc((2 * n + 1) * sizeof(uint64_t));
	int64_t		at = 0;
	int64_t		length = 0;
	size_t		united;

	la_spans_sort(spans, n, scratch, NULL);
	free(scratch);
	*right = *right && la_spans_peak(spans, n, &at, NULL) <= n;
	if (settings[0] < settings[1] && settings[2] > 0 &&
		((uint64_t) settings[1] - (uint64_t) settings[0] - 1) / (uint64_t) settings[2] < TIMES_MAX_BUCKETS)
	{
		uint64_t	nbuckets = ((uint64_t) settings[1] - (uint64_t) settings[0] - 1) / (uint64_t) settings[2] + 1;
		SpanBucket *buckets = malloc(nbuckets * sizeof(SpanBucket));

		la_spans_series(spans, n, settings[0], settings[1], settings[2], buckets, NULL);
		for (uint64_t i = 0; i < nbuckets; i++)
			*right = *right && buckets[i].peak <= n && buckets[i].enters <= n && buckets[i].leaves <= n;
		free(buckets);
	}
	united = la_spans_unite(spans, n, NULL);
	*right = *right && united <= n;
	la_spans_length(spans, united, &length);
}

static inline void
exercise_stays(int64_t *values, size_t n, int64_t step, bool *right)
{
	uint64_t   *keys = (uint64_t *) values;
	uint64_t   *scratch = malloc((n + 1) * sizeof(uint64_t));

	la_sort_keys(keys, scratch, n, NULL);
	free(scratch);
	if (step > 0 && la_stay_points(keys, n, step) <= TIMES_MAX_BUCKETS)
	{
		uint64_t	npoints = la_stay_points(keys, n, step);
		StayPoint  *points = malloc((npoints + 1) * sizeof(StayPoint));

		la_stay_curve(keys, n, step, points, NULL);
		for (uint64_t i = 0; i < npoints; i++)
			*right = *right && points[i].at_risk <= n && points[i].leaves + points[i].censored <= n;
		free(points);
	}
}

/* Blocks of days, in no order, of which one may be there twice. */
static inline void
exercise_days(const int64_t *values, size_t n, bool *right)
{
	uint32_t	count = (uint32_t) (n / 2);
	DayBlock   *blocks = malloc((count + 1) * sizeof(DayBlock));
	int32_t    *days;
	uint32_t	at;

	for (uint32_t i = 0; i < count; i++)
	{
		/* what the final function lets through */
		blocks[i].block = values[2 * i] % (INT32_MAX / LA_DAYS_PER_BLOCK);
		blocks[i].days = (uint64_t) values[2 * i + 1];
	}
	days = malloc((la_dayset_count(blocks, count) + 1) * sizeof(int32_t));
	la_dayset_list(blocks, count, days);
	free(days);
	if (!la_dayset_find(blocks, count, 5, &at))
		la_dayset_insert(blocks, count, at, 5, 1);
	*right = *right && at <= count;
	free(blocks);
}

/* Periods of viewers that were active whenever; the question is a sound one. */
static inline void
exercise_cohorts(const int64_t *values, size_t n, const int64_t *settings, int what, bool *right)
{
	static const int64_t periods[] = {0, 1, 7, 1000000};
	CohortQuestion question = {(PeriodGrain) (1 + what % 3), (ReturnKind) (1 + what / 3 % 3), what % 2, (int32_t) settings[0], 4, periods};
	int32_t    *days = malloc((n + 1) * sizeof(int32_t));
	uint64_t   *keys = malloc((2 * n + 1) * sizeof(uint64_t));
	int64_t		counts[4] = {0, 0, 0, 0};
	int64_t		cohort = la_period_of(question.grain, (int32_t) settings[1]);
	size_t		nkeys;

	for (size_t i = 0; i < n; i++)
		days[i] = (int32_t) values[i];
	nkeys = la_periods_of_days(question.grain, question.through, days, n, keys);
	*right = *right && nkeys <= n;
	la_cohort_count(&question, cohort, keys, nkeys, counts);
	for (uint32_t i = 0; i < la_cohort_cells(question.kind, 4); i++)
	{
		la_cohort_complete(&question, cohort, i);
		*right = *right && (counts[i] == 0 || counts[i] == 1);
	}
	free(keys);
	free(days);
}

static inline LaResult
exercise_times(const uint8_t *bytes, size_t size, bool *right)
{
	size_t		n = size / sizeof(int64_t);
	int64_t    *values;

	if (n < TIMES_SETTINGS)
		return LA_MALFORMED;
	/* a block of just this size shows a read past its end */
	values = malloc(n * sizeof(int64_t));
	memset(values, 0, n * sizeof(int64_t));
	memcpy(values, bytes + 1, size - 1 < n * sizeof(int64_t) ? size - 1 : n * sizeof(int64_t));
	switch (bytes[0] % 4)
	{
		case 0:
			exercise_spans(values + TIMES_SETTINGS, (n - TIMES_SETTINGS) / 2, values, right);
			break;
		case 1:
			exercise_stays(values + TIMES_SETTINGS, n - TIMES_SETTINGS, values[2], right);
			break;
		case 2:
			exercise_days(values + TIMES_SETTINGS, n - TIMES_SETTINGS, right);
			break;
		default:
			exercise_cohorts(values + TIMES_SETTINGS, n - TIMES_SETTINGS, values, bytes[0] / 4, right);
	}
	free(values);
	return LA_OK;
}

#endif							/* LA_TIMES_EXERCISE_H */
