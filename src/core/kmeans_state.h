/*
 * kmeans_state.h
 *		k-means: a fit on its way, for the files that take it further.
 */
#ifndef LA_KMEANS_STATE_H
#define LA_KMEANS_STATE_H

#include "kmeans_fit.h"
#include "kmeans_search.h"
#include "kmeans_sums.h"
#include "prng.h"

#define LANES LA_KMEANS_LANES

#define MAX_GROUPS 16
#define BATCH 256				/* rows searched at a time */
#define SEED_ROWS 1024			/* rows of one potential */
#define NO_CLUSTER UINT32_MAX

typedef enum FitPhase
{
	FIT_SEED,					/* how near is each row to the centres so far? */
	FIT_ASSIGN,					/* each row to the nearest centre */
	FIT_FARTHEST,				/* a row for a centre that has lost all of its own */
	FIT_INERTIA,
	FIT_FINAL,					/* each row to the nearest centroid of the result */
	FIT_DONE
} FitPhase;

/* what one restart has come to */
typedef struct Outcome
{
	uint32_t	k;
	double	   *centers;
	int64_t    *sizes;
	double		inertia;
	int32_t		iterations;
	bool		converged;
} Outcome;

struct KmeansFit
{
	const KmeansRows *rows;
	const KmeansColumn *columns;
	KmeansOptions options;
	FitPhase	phase;
	uint32_t	next;			/* row */
	uint32_t	restart;
	uint32_t	k;				/* centres of this restart */
	uint32_t	p;

	KmeansSearch search;
	double	   *centers;
	double	   *moved;			/* the centres to be */
	double	   *blocks;
	uint16_t   *cluster;		/* of each row */
	KmeansSums	sums;
	double		tolerance;		/* of the squares of what centres move */
	int32_t		iterations;
	int64_t		changes;		/* rows that went elsewhere */
	bool		fresh;			/* nothing is assigned yet */
	bool		converged;
	bool		last;			/* centres are final, rows are not */
	double		inertia;
	double		farthest;		/* FIT_FARTHEST */
	uint32_t	farthest_row;

	/* seeding; "closest" lies where the bounds are later */
	Prng		prng;
	double	   *closest;		/* square of the distance to a centre */
	double	   *potential;		/* LANES of each SEED_ROWS rows */
	uint32_t	trials;
	uint32_t	trial_row[LANES];
	uint32_t	ntrials;

	/* bounds, 1 or 1 + ngroups a row */
	uint32_t	ngroups;
	uint32_t	group_blocks;
	float	   *bounds;
	double	   *moved_own;		/* in total, of each centre */
	double	   *moved_other;	/* of each: the most that another one did, if there is one group */
	double	   *moved_group;	/* of each group: the most that one did */
	float	   *limit;			/* moved_own + moved_other, rounded up */
	double		unit;			/* of bounds: 1 / extent of the rows */
	double		slop;			/* relative error of a distance, and more */
	double	   *bounds_now;		/* BATCH * ngroups */
	double	   *upper_now;		/* BATCH */
	uint32_t   *list;			/* BATCH, rows */
	uint32_t   *sublist;
	uint32_t   *sub;
	KmeansPair *pairs;			/* BATCH */
	KmeansPair *found;			/* BATCH */
	double	   *group_bound;

	Outcome		best;
	uint32_t	final_round;
	uint32_t   *order;
	double	   *published;		/* centroids in the units of the rows */
	double	   *final_sizes;
};

/* kmeans_seed.c */
extern void la_kmeans_choose_first(KmeansFit *fit);
extern void la_kmeans_seed_rows(KmeansFit *fit, uint32_t end);
extern bool la_kmeans_seed_next(KmeansFit *fit);

/* kmeans_assign.c */
extern void la_kmeans_begin_bounds(KmeansFit *fit);
extern void la_kmeans_move_bounds(KmeansFit *fit);
extern void la_kmeans_move_row(KmeansFit *fit, uint32_t row, uint32_t to);
extern void la_kmeans_assign_rows(KmeansFit *fit, uint32_t end);

#endif							/* LA_KMEANS_STATE_H */
