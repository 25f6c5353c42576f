/*
 * kmeans_fit.h
 *		k-means of rows in canonical order.
 */
#ifndef LA_KMEANS_FIT_H
#define LA_KMEANS_FIT_H

#include "kmeans_core.h"
#include "kmeans_measure.h"

typedef struct KmeansOptions
{
	uint32_t	k;
	uint32_t	restarts;
	int32_t		max_iterations;
	double		tolerance;		/* in mean variances of the columns */
	uint64_t	seed;
	bool		standardize;
} KmeansOptions;

typedef struct KmeansFit KmeansFit;

extern uint64_t la_kmeans_fit_size(uint32_t nrows, uint32_t nfeatures, uint32_t k);
extern KmeansFit *la_kmeans_fit_begin(void *memory, const KmeansRows *rows, const KmeansColumn *columns,
									  const KmeansOptions *options);
extern bool la_kmeans_fit_step(KmeansFit *fit);
extern const double *la_kmeans_fit_start(const KmeansFit *fit, uint32_t *k);
extern uint32_t la_kmeans_fit_clusters(const KmeansFit *fit);
extern void la_kmeans_fit_end(const KmeansFit *fit, KmeansModel *model);

#endif							/* LA_KMEANS_FIT_H */
