/*
 * cohort_core.c
 *		Cohorts by day, week or month, and who of them comes back.
 *
 * Days are counted from 2000-01-01, a Saturday, in the proleptic Gregorian
 * calendar; periods from the day, the week (from Monday, 2000-01-03) or the
 * month that this is in.
 */
#include "cohort_core.h"

#include "keysort.h"

#define DAYS_PER_ERA	146097	/* 400 years */
#define DAY_ZERO		730425	/* 2000-01-01, counted from 0000-03-01 */
#define FIRST_MONDAY	2

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * The month of a day, 0 for January 2000.
 *
 * Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms, 2013: years
 * begin in March, so that the leap day is the last of its year.
 */
static int64_t
month_of(int64_t day)
{
	int64_t		z = day + DAY_ZERO;
	int64_t		era = floor_div(z, DAYS_PER_ERA);
	int64_t		doe = z - era * DAYS_PER_ERA;
	int64_t		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t		march_month = (5 * doy + 2) / 153;

	return (yoe + era * 400 - 2000) * 12 + march_month + 2;
}

/* The first day of a month, the inverse of month_of. */
static int64_t
month_start(int64_t month)
{
	int64_t		since_march = month - 2 + 2000 * 12;
	int64_t		year = floor_div(since_march, 12);
	int64_t		era = floor_div(year, 400);
	int64_t		yoe = year - era * 400;
	int64_t		doy = (153 * (since_march - year * 12) + 2) / 5;

	return era * DAYS_PER_ERA + yoe * 365 + yoe / 4 - yoe / 100 + doy - DAY_ZERO;
}

int64_t
la_period_of(PeriodGrain grain, int32_t day)
{
	if (grain == LA_GRAIN_DAY)
		return day;
	if (grain == LA_GRAIN_WEEK)
		return floor_div((int64_t) day - FIRST_MONDAY, 7);
	return month_of(day);
}

/* The first day of a period. */
int64_t
la_period_start(PeriodGrain grain, int64_t period)
{
	if (grain == LA_GRAIN_DAY)
		return period;
	if (grain == LA_GRAIN_WEEK)
		return period * 7 + FIRST_MONDAY;
	return month_start(period);
}

/*
 * la_periods_of_days
 *		The periods of n days that are not after "through", ascending and
 *		without repeats, as keys of keysort.h. Returns how many these are.
 *
 * "keys" holds 2 n. Days mostly come in order; where they do not, they are
 * sorted.
 */
size_t
la_periods_of_days(PeriodGrain grain, int32_t through, const int32_t *days, size_t n, uint64_t *keys)
{
	size_t		count = 0;
	size_t		distinct = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (days[i] <= through)
			keys[count++] = la_key_of_int64(la_period_of(grain, days[i]));
	}
	la_sort_keys(keys, keys + n, count, NULL);
	for (size_t i = 0; i < count; i++)
	{
		if (i == 0 || keys[i] != keys[distinct - 1])
			keys[distinct++] = keys[i];
	}
	return distinct;
}

/* Whether all of the time that a cell is about has been observed. */
bool
la_cohort_complete(const CohortQuestion *q, int64_t cohort, uint32_t cell)
{
	int64_t		next = cohort + (q->kind == LA_RETURN_BRACKET ? q->periods[cell + 1] : q->periods[cell] + 1);

	return la_period_start(q->grain, next) - 1 <= q->through;
}

/*
 * la_cohort_count
 *		Add 1 to the count of each cell in which a member of the cohort comes
 *		back, who was active in these periods (ascending keys).
 */
void
la_cohort_count(const CohortQuestion *q, int64_t cohort, const uint64_t *active, size_t nactive, int64_t *counts)
{
	uint32_t	ncells = la_cohort_cells(q->kind, q->nperiods);
	size_t		next = 0;

	for (uint32_t i = 0; i < ncells; i++)
	{
		uint64_t	from = la_key_of_int64(cohort + q->periods[i]);

		while (next < nactive && active[next] < from)
			next++;
		if (next == nactive)
			return;
		if (q->kind == LA_RETURN_EXACT)
			counts[i] += active[next] == from;
		else if (q->kind == LA_RETURN_ON_OR_AFTER)
			counts[i]++;
		else
			counts[i] += active[next] < la_key_of_int64(cohort + q->periods[i + 1]);
	}
}
