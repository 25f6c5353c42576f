/*
 * ranking_core.h
 *		How well a score puts positive rows above negative ones.
 */
#ifndef LA_RANKING_CORE_H
#define LA_RANKING_CORE_H

#include <stdint.h>

#include "dd.h"

#define LA_GAIN_MIN_BINS	2
#define LA_GAIN_MAX_BINS	1000

/* rows of one score */
typedef struct ScoreGroup
{
	double		score;
	uint64_t	positives;
	uint64_t	negatives;
} ScoreGroup;

/* counts of rows stay below 2^62, so that sums of two do not overflow */
typedef struct RocSum
{
	uint64_t	positives;		/* so far */
	uint64_t	negatives;
	uint64_t	above[2];		/* pairs in order twice, ties once: low and high half */
} RocSum;

typedef struct PrecisionSum
{
	uint64_t	positives;		/* so far */
	uint64_t	negatives;
	DD			sum;			/* of precision, over the positives */
} PrecisionSum;

/* a bin of a gain table; without rows it has no scores */
typedef struct GainBin
{
	uint64_t	rows;
	uint64_t	positives;
	double		score_min;
	double		score_max;
} GainBin;

typedef struct GainTable
{
	uint64_t	rows;			/* in all bins */
	uint64_t	done;			/* so far */
	uint32_t	nbins;
	GainBin    *bins;			/* the highest scores first */
} GainTable;

extern void la_roc_add(RocSum *sum, const ScoreGroup *group);
extern double la_roc_area(const RocSum *sum);
extern void la_precision_add(PrecisionSum *sum, const ScoreGroup *group);
extern double la_precision_mean(const PrecisionSum *sum);
extern void la_gain_add(GainTable *table, const ScoreGroup *group);

#endif							/* LA_RANKING_CORE_H */
