/*
 * funnel_core.h
 *		How deep the events of a viewer reach into a funnel.
 *
 * A chain is an event of step 1, then one of step 2, and so on, none before the
 * one before it, all within the window of the first.  The level of a viewer is
 * the length of the longest chain.  Events of equal time may follow each other
 * in any order, and an event of several steps may serve all of them, unless a
 * mode says otherwise:
 *
 *		LA_FUNNEL_INCREASE	each event of a chain is later than the one before
 *		LA_FUNNEL_ONCE		no event serves twice in a chain
 *
 * Two modes end a viewer's story early; what was reached until then counts.
 * For them the story is told event by event: at equal times first the events
 * of no step, then those of step 1, of step 2 and so on.
 *
 *		LA_FUNNEL_ORDER		it ends, once step 1 has happened, at an event of no
 *							step, and at one of a step to which the one before
 *							has not been reached
 *		LA_FUNNEL_DEDUPLICATION	it ends at an event of a step, other than the
 *							first, that has been reached without it: before, or
 *							at the same time by another event
 */
#ifndef LA_FUNNEL_CORE_H
#define LA_FUNNEL_CORE_H

#include "funnel_events.h"

/* Rows of one tie group, to be matched with steps: see funnel_core.c. */
typedef struct FunnelMatching FunnelMatching;

/* The story of a viewer so far. */
typedef struct FunnelRun
{
	uint64_t	window;
	int			steps;
	uint64_t	all;			/* a bit for each step; others are not looked at */
	int			modes;
	int			level;			/* deepest reached */
	bool		ended;			/* nothing that comes can change the level */
	uint64_t	open;			/* bit k: a chain of k + 1 steps may go on */
	int64_t		starts[LA_FUNNEL_MAX_STEPS];	/* latest start of such a chain */

	/* the events of the latest time, whose turn comes with the next time */
	bool		waiting;
	bool		other;			/* one of no step among them */
	int64_t		ts;
	uint64_t	once;			/* steps of any of them */
	uint64_t	twice;			/* steps of at least two of them */
	FunnelMatching *matching;	/* LA_FUNNEL_ONCE only */
} FunnelRun;

extern size_t la_funnel_matching_size(int steps, int modes);
extern void la_funnel_begin(FunnelRun *run, int steps, int modes, int64_t window, void *matching);
extern bool la_funnel_add(FunnelRun *run, int64_t ts, uint64_t steps);
extern int	la_funnel_end(FunnelRun *run);

extern int	la_funnel_level(const FunnelEvents *list, const FunnelMoment *moments, size_t n, void *matching,
							MayStop may_stop);
extern int	la_funnel_times(const FunnelEvents *list, const FunnelMoment *moments, size_t n, int64_t *times,
							MayStop may_stop);
extern int64_t la_funnel_completions(const FunnelEvents *list, const FunnelMoment *moments, size_t n,
									 MayStop may_stop);

/* keyed lists */
extern bool la_funnel_index(const FunnelEvents *list, FunnelEvent *index, MayStop may_stop);
extern FunnelEvent *la_funnel_sort_index(FunnelEvent *index, FunnelEvent *scratch, size_t n, MayStop may_stop);
extern int	la_funnel_keyed_level(const FunnelEvents *list, const FunnelEvent *index, MayStop may_stop);

#endif							/* LA_FUNNEL_CORE_H */
