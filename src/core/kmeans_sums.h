/*
 * kmeans_sums.h
 *		Sums of rows that do not depend on the order, and from which a row can be
 *		taken out again without a trace.
 *
 *----------
 * A number z of a column, |z| < bound, is cut into parts: the first is z rounded
 * to a multiple of bound * 2^-b, the next what is left rounded to a multiple of
 * bound * 2^-2b, and so on.  With b + log2(rows) <= 52 the sum of a part over all
 * rows is a whole number of its unit below 2^53, so every addition and every
 * subtraction is exact.  60 bits of the bound are kept at least: a number that
 * is not tiny beside the largest of its column is kept as it is, and a mean is as
 * near as double precision has it.
 *
 * Rounding to a multiple of u is adding 1.5 * 2^52 u and taking it away again,
 * where every operation is rounded to double.
 *----------
 */
#ifndef LA_KMEANS_SUMS_H
#define LA_KMEANS_SUMS_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "kmeans_measure.h"

#ifdef __FAST_MATH__
#error "exact sums do not survive -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 2
#error "exact sums need doubles rounded to double: on i386 compile with -msse2 -mfpmath=sse"
#endif

#define LA_KMEANS_PARTS 3

typedef struct KmeansSums
{
	uint32_t	k;
	uint32_t	p;
	uint32_t	nparts;
	double	   *rounder[LA_KMEANS_PARTS];	/* p of them */
	double	   *part[LA_KMEANS_PARTS];	/* k * p of them */
	int64_t    *count;			/* rows per cluster */
} KmeansSums;

static inline uint64_t
la_kmeans_sums_size(uint64_t k, uint64_t p)
{
	return (LA_KMEANS_PARTS * (k + 1) * p + k) * sizeof(double);
}

static inline void
la_kmeans_sums_init(KmeansSums *sums, void *memory, uint32_t k, uint32_t p, uint32_t rows,
					const KmeansColumn *columns)
{
	double	   *next = memory;
	int			bits = 52;

	while (bits > 0 && (UINT64_C(1) << (52 - bits)) < rows)
		bits--;
	if (bits > 40)
		bits = 40;
	sums->k = k;
	sums->p = p;
	sums->nparts = 2 * bits >= 60 ? 2 : 3;
	for (int q = 0; q < LA_KMEANS_PARTS; q++)
	{
		sums->rounder[q] = next;
		next += p;
		sums->part[q] = next;
		next += (size_t) k * p;
		for (uint32_t j = 0; j < p; j++)
			sums->rounder[q][j] = 1.5 * ldexp(columns[j].bound, 52 - bits * (q + 1));
	}
	sums->count = (int64_t *) next;
}

static inline void
la_kmeans_sums_clear(KmeansSums *sums)
{
	for (uint32_t q = 0; q < sums->nparts; q++)
	{
		for (size_t i = 0; i < (size_t) sums->k * sums->p; i++)
			sums->part[q][i] = 0;
	}
	for (uint32_t c = 0; c < sums->k; c++)
		sums->count[c] = 0;
}

/* Count a row so many times in a cluster; fewer than no times takes it out. */
static inline void
la_kmeans_sums_add(KmeansSums *sums, uint32_t cluster, const double *row, int64_t times)
{
	uint32_t	p = sums->p;
	double		weight = (double) times;

	for (uint32_t j = 0; j < p; j++)
	{
		double		rest = row[j];

		for (uint32_t q = 0; q < sums->nparts; q++)
		{
			double		part = (rest + sums->rounder[q][j]) - sums->rounder[q][j];

			sums->part[q][(size_t) cluster * p + j] += weight * part;
			rest -= part;
		}
	}
	sums->count[cluster] += times;
}

/* The mean of a cluster that has rows. */
static inline void
la_kmeans_sums_mean(const KmeansSums *sums, uint32_t cluster, double *mean)
{
	size_t		first = (size_t) cluster * sums->p;
	double		count = (double) sums->count[cluster];

	for (uint32_t j = 0; j < sums->p; j++)
	{
		double		sum = sums->part[1][first + j];

		if (sums->nparts > 2)
			sum += sums->part[2][first + j];
		mean[j] = (sums->part[0][first + j] + sum) / count;
	}
}

#endif							/* LA_KMEANS_SUMS_H */
