/*
 * kmeans_measure.h
 *		The rows of a k-means as they are measured.
 */
#ifndef LA_KMEANS_MEASURE_H
#define LA_KMEANS_MEASURE_H

#include <stdbool.h>

#include "kmeans_rows.h"
#include "result.h"

/* beyond this range of a column, sums of squares could overflow */
#define LA_KMEANS_MAX_RANGE 1e140

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

typedef struct KmeansMeasure KmeansMeasure;

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

#endif							/* LA_KMEANS_MEASURE_H */
