/*
 * kmeans_rows.h
 *		The rows that k-means clusters: in canonical order, equal ones once.
 */
#ifndef LA_KMEANS_ROWS_H
#define LA_KMEANS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

/* beyond this range of a column, sums of squares could overflow */
#define LA_KMEANS_MAX_RANGE 1e140

/*
 * Rows of "nfeatures" finite numbers each, -0 not among them.  Once they are
 * sorted and collapsed, each row is there once, and their order is a function
 * of their contents and of nothing else.
 */
typedef struct KmeansRows
{
	uint32_t	nrows;			/* different rows */
	uint32_t	total;			/* rows as they came */
	uint32_t	nfeatures;
	double	   *values;			/* nrows * nfeatures, row after row */
	uint32_t   *weights;		/* how often a row came; NULL if each came once */
} KmeansRows;

static inline const double *
la_kmeans_row(const KmeansRows *rows, uint32_t i)
{
	return rows->values + (size_t) i * rows->nfeatures;
}

static inline uint32_t
la_kmeans_weight(const KmeansRows *rows, uint32_t i)
{
	return rows->weights ? rows->weights[i] : 1;
}

/*
 * How a column is measured: the number z = (x - shift) / scale stands for x.
 * "bound" is a power of two above every |z|, "variance" that of z.
 */
typedef struct KmeansColumn
{
	double		shift;
	double		scale;
	double		bound;
	double		variance;
} KmeansColumn;

typedef struct KmeansSort KmeansSort;
typedef struct KmeansMeasure KmeansMeasure;

extern size_t la_kmeans_sort_size(uint32_t nrows, uint32_t nfeatures);
extern KmeansSort *la_kmeans_sort_begin(void *memory, KmeansRows *rows);
extern bool la_kmeans_sort_step(KmeansSort *sort);
extern uint32_t la_kmeans_sort_distinct(const KmeansSort *sort);
extern void la_kmeans_collapse_begin(KmeansSort *sort, uint32_t *weights);
extern bool la_kmeans_collapse_step(KmeansSort *sort);

extern size_t la_kmeans_measure_size(uint32_t nfeatures);
extern KmeansMeasure *la_kmeans_measure_begin(void *memory, KmeansRows *rows, KmeansColumn *columns, bool standardize);
extern bool la_kmeans_measure_step(KmeansMeasure *measure);
extern LaResult la_kmeans_measure_end(const KmeansMeasure *measure, uint32_t *column);

/* One row as it is measured; the same bits as those of a row of a fit. */
static inline void
la_kmeans_measure_row(const double *shift, const double *scale, uint32_t nfeatures, const double *x, double *z)
{
	for (uint32_t j = 0; j < nfeatures; j++)
		z[j] = (x[j] - shift[j]) / scale[j];
}

#endif							/* LA_KMEANS_ROWS_H */
