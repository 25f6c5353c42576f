/*
 * cohort_core_test.c
 *		Periods against a calendar counted day by day, cohorts and sets of days
 *		against the definition.
 */
#include "cohort_core.h"

#include <stdlib.h>
#include <string.h>

#include "dayset_core.h"
#include "keysort.h"
#include "prng.h"
#include "tap.h"

#define TRIALS	100000
#define SPAN	40				/* days of the trials */

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Walk through the days from 1999-12-31 backwards and from 2000-01-01 on. */
static void
test_calendar(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t		first = 0;
	bool		good = true;

	for (int month = 0; month < 12 * 900; month++)
	{
		int			length = lengths[month % 12] + (month % 12 == 1 && is_leap(2000 + month / 12));

		good &= la_period_start(LA_GRAIN_MONTH, month) == first;
		for (int day = 0; day < length; day++)
			good &= la_period_of(LA_GRAIN_MONTH, (int32_t) (first + day)) == month;
		first += length;
	}
	ok(good, "months from 2000 to 2900");

	first = 0;
	good = true;
	for (int month = -1; month >= -12 * 2100; month--)
	{
		int			year = (month - 11) / 12 + 2000;
		int			index = month - (year - 2000) * 12;
		int			length = lengths[index] + (index == 1 && is_leap(year));

		first -= length;
		good &= la_period_start(LA_GRAIN_MONTH, month) == first &&
			la_period_of(LA_GRAIN_MONTH, (int32_t) first) == month &&
			la_period_of(LA_GRAIN_MONTH, (int32_t) (first + length - 1)) == month;
	}
	ok(good, "months back to 100 BC");

	good = true;
	for (int32_t day = -1000; day < 1000; day++)
	{
		int64_t		start = la_period_start(LA_GRAIN_WEEK, la_period_of(LA_GRAIN_WEEK, day));

		/* 2000-01-03 was a Monday */
		good &= start <= day && day < start + 7 && (start - 2) % 7 == 0;
		good &= la_period_of(LA_GRAIN_DAY, day) == day && la_period_start(LA_GRAIN_DAY, day) == day;
	}
	ok(good, "weeks begin on Monday");
}

static bool
is_active(const int32_t *days, size_t n, int64_t from, int64_t before, PeriodGrain grain, int32_t through)
{
	for (size_t i = 0; i < n; i++)
	{
		int64_t		period = la_period_of(grain, days[i]);

		if (days[i] <= through && period >= from && period < before)
			return true;
	}
	return false;
}

static bool
counts_well(Prng *prng)
{
	int64_t		periods[5];
	int32_t		days[10];
	int64_t		counts[5] = {0};
	uint64_t	keys[20];
	CohortQuestion q = {
		(PeriodGrain) (1 + la_prng_below(prng, 3)), (ReturnKind) (1 + la_prng_below(prng, 3)), false,
		(int32_t) la_prng_below(prng, SPAN), 2 + la_prng_below(prng, 4), periods
	};
	size_t		n = la_prng_below(prng, 11);
	size_t		nactive;
	int64_t		cohort = la_period_of(q.grain, (int32_t) la_prng_below(prng, SPAN));
	bool		good = true;

	for (uint32_t i = 0; i < q.nperiods; i++)
		periods[i] = (i > 0 ? periods[i - 1] + 1 : 0) + la_prng_below(prng, 3);
	for (size_t i = 0; i < n; i++)
		days[i] = (int32_t) la_prng_below(prng, SPAN);
	nactive = la_periods_of_days(q.grain, q.through, days, n, keys);
	la_cohort_count(&q, cohort, keys, nactive, counts);
	for (uint32_t i = 0; i < la_cohort_cells(q.kind, q.nperiods); i++)
	{
		int64_t		from = cohort + periods[i];
		int64_t		before = q.kind == LA_RETURN_EXACT ? from + 1 :
			q.kind == LA_RETURN_ON_OR_AFTER ? INT32_MAX : cohort + periods[i + 1];
		int64_t		last = q.kind == LA_RETURN_BRACKET ? before - 1 : from;
		int32_t		day = q.through + 1;

		good &= counts[i] == is_active(days, n, from, before, q.grain, q.through);

		/* complete if no day after what is observed belongs to the last period */
		good &= la_cohort_complete(&q, cohort, i) == (la_period_of(q.grain, day) > last);
	}
	return good;
}

static bool
keeps_days(Prng *prng)
{
	DayBlock	blocks[20] = {{0, 0}};
	int32_t		days[20],
				listed[20];
	uint32_t	nblocks = 0;
	size_t		n = la_prng_below(prng, 21);
	size_t		distinct = 0;
	int32_t		range = la_prng_below(prng, 2) ? 100 : 1000000;

	for (size_t i = 0; i < n; i++)
	{
		int32_t		day = (int32_t) la_prng_below(prng, (uint32_t) range) - range / 2;
		int64_t		block = la_block_of_day(day);
		uint32_t	at;
		size_t		place = 0;

		if (block * 64 > day || block * 64 + 63 < day)
			return false;
		if (la_dayset_find(blocks, nblocks, block, &at))
			blocks[at].days |= UINT64_C(1) << (day - block * 64);
		else
			la_dayset_insert(blocks, nblocks++, at, block, UINT64_C(1) << (day - block * 64));

		/* the same by insertion into a sorted list */
		while (place < distinct && days[place] < day)
			place++;
		if (place < distinct && days[place] == day)
			continue;
		memmove(days + place + 1, days + place, (distinct - place) * sizeof(*days));
		days[place] = day;
		distinct++;
	}
	if (la_dayset_count(blocks, nblocks) != distinct)
		return false;
	la_dayset_list(blocks, nblocks, listed);
	return distinct == 0 || memcmp(listed, days, distinct * sizeof(*days)) == 0;
}

static void
test_trials(void)
{
	Prng		prng;
	int			counted = 0,
				kept = 0;

	la_prng_seed(&prng, 7, 0);
	for (int i = 0; i < TRIALS; i++)
	{
		counted += counts_well(&prng);
		kept += keeps_days(&prng);
	}
	ok(counted == TRIALS, "%d of %d viewers counted as defined", counted, TRIALS);
	ok(kept == TRIALS, "%d of %d sets of days as a sorted list", kept, TRIALS);
}

int
main(void)
{
	test_calendar();
	test_trials();
	return tap_done();
}
