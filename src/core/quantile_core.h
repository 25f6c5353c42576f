/*
 * quantile_core.h
 *		Quantile edges of a sample, by selection, and the segment of a score.
 */
#ifndef LA_QUANTILE_CORE_H
#define LA_QUANTILE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LA_QUANTILE_MIN_N	2
#define LA_QUANTILE_MAX_N	100

/* two order statistics for each of n + 1 edges */
#define LA_QUANTILE_MAX_RANKS	(2 * (LA_QUANTILE_MAX_N + 1))

/* the keys between two bounds among which wanted order statistics are */
typedef struct QuantileBucket
{
	uint64_t	prefix;			/* what the keys have above the unknown bits */
	uint64_t	before;			/* number of keys below the bucket */
	uint64_t	count;			/* number of keys in it */
	uint64_t	fill;			/* where the next gathered key goes */
	uint64_t	low;			/* least and greatest key counted */
	uint64_t	high;
	int			first_rank;		/* the wanted ranks inside */
	int			nranks;
} QuantileBucket;

typedef enum QuantilePhase
{
	LA_QUANTILE_START,
	LA_QUANTILE_COUNT,			/* count keys by their next bits */
	LA_QUANTILE_GATHER,			/* copy the keys of all buckets */
	LA_QUANTILE_DONE
} QuantilePhase;

/* a selection under way; the caller sees to the memory of "work" */
typedef struct QuantileSelect
{
	int			n;				/* number of quantiles */
	uint64_t	count;			/* number of values */
	QuantilePhase phase;
	int			unknown;		/* bits of the keys not told apart so far */
	int			bits;			/* bits counted in this pass */
	int			nranks;
	int			nbuckets;
	uint64_t   *work;			/* counters, or gathered keys */
	uint64_t	rank[LA_QUANTILE_MAX_RANKS];	/* ascending, without repeats */
	double		value[LA_QUANTILE_MAX_RANKS];	/* the values of those ranks */
	QuantileBucket bucket[LA_QUANTILE_MAX_RANKS];	/* by ascending prefix */
	QuantileBucket next[LA_QUANTILE_MAX_RANKS];

	/* by 16 bits of a prefix: 1 + its bucket, or the first of several, or 0 */
	uint8_t    *slots;
	int			slots_shift;	/* the bits of the prefix below these 16 */
	bool		direct;			/* there are never several */
	uint64_t	prefix[LA_QUANTILE_MAX_RANKS + 1];	/* by slot; 0 is no bucket */
} QuantileSelect;

extern size_t la_quantile_work_size(uint64_t count);
extern void la_quantile_begin(QuantileSelect *s, int n, uint64_t count, void *work);
extern bool la_quantile_next_pass(QuantileSelect *s);
extern void la_quantile_feed(QuantileSelect *s, const double *values, size_t nvalues);
extern void la_quantile_edges(const QuantileSelect *s, double *edges);

extern int	la_quantile_drop_ties(double *edges, int nedges);
extern int	la_segment_of(const double *edges, int nedges, double score);

#endif							/* LA_QUANTILE_CORE_H */
