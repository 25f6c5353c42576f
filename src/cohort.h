/*
 * cohort.h
 *		Cohorts and what is counted for them, as both forms of cohort_retention
 *		share it.
 */
#ifndef LA_COHORT_H
#define LA_COHORT_H

#include "core/cohort_core.h"
#include "fmgr.h"

#define LA_COHORT_ID 'c'

/*
 * The question, then a row for each cohort, ascending: its period, its size,
 * and a count for each cell.
 */
typedef struct CohortState
{
	int32		vl_len_;
	uint8		id;
	uint8		grain;
	uint8		kind;
	uint8		every;
	int32		through;
	uint32		nperiods;
	uint32		ncohorts;
	uint32		unused;
	int64		values[FLEXIBLE_ARRAY_MEMBER];	/* the periods, then the rows */
} CohortState;

/* What a call site has read from its options; zeroed at first. */
typedef struct OptionCache
{
	Size		length;
	void	   *bytes;
	uint8		kind;
	uint8		every;
} OptionCache;

extern uint64 la_cohort_size(const CohortState *state, uint64 capacity);
extern bool la_cohort_periods_ascend(const int64 *periods, uint32 n);
extern CohortState *la_get_cohort_question(FunctionCallInfo fcinfo, int argno, OptionCache *cache);
extern void la_cohort_count_viewer(CohortState **state, const uint64 *first, size_t nfirst,
								   const uint64 *active, size_t nactive);
extern Datum la_cohort_cells_array(FunctionCallInfo fcinfo, CohortState *state);

#endif							/* LA_COHORT_H */
