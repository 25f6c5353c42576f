/*
 * cohort_core.h
 *		Cohorts by day, week or month, and who of them comes back.
 */
#ifndef LA_COHORT_CORE_H
#define LA_COHORT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values are part of states that travel between servers. */
typedef enum PeriodGrain
{
	LA_GRAIN_DAY = 1,
	LA_GRAIN_WEEK = 2,			/* from Monday */
	LA_GRAIN_MONTH = 3
} PeriodGrain;

typedef enum ReturnKind
{
	LA_RETURN_EXACT = 1,		/* in the very period */
	LA_RETURN_ON_OR_AFTER = 2,	/* in it or in a later one */
	LA_RETURN_BRACKET = 3		/* from it until before the next of the list */
} ReturnKind;

/* What is asked; "periods" ascend, the first is 0 or more. */
typedef struct CohortQuestion
{
	PeriodGrain grain;
	ReturnKind	kind;
	bool		every;			/* a cohort for each first day, not the earliest only */
	int32_t		through;		/* the last day that is observed */
	uint32_t	nperiods;
	const int64_t *periods;
} CohortQuestion;

/* cells of a cohort: brackets have a period more, which ends the last of them */
static inline uint32_t
la_cohort_cells(ReturnKind kind, uint32_t nperiods)
{
	return kind == LA_RETURN_BRACKET ? nperiods - 1 : nperiods;
}

extern int64_t la_period_of(PeriodGrain grain, int32_t day);
extern int64_t la_period_start(PeriodGrain grain, int64_t period);
extern size_t la_periods_of_days(PeriodGrain grain, int32_t through, const int32_t *days, size_t n,
								 uint64_t *keys);
extern bool la_cohort_complete(const CohortQuestion *q, int64_t cohort, uint32_t cell);
extern void la_cohort_count(const CohortQuestion *q, int64_t cohort,
							const uint64_t *active, size_t nactive, int64_t *counts);

#endif							/* LA_COHORT_CORE_H */
