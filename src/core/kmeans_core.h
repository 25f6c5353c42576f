/*
 * kmeans_core.h
 *		A k-means model, and which of its clusters is nearest.
 */
#ifndef LA_KMEANS_CORE_H
#define LA_KMEANS_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

#define LA_KMEANS_FORMAT 1

#define LA_KMEANS_MAX_CLUSTERS 10000
#define LA_KMEANS_MAX_FEATURES 10000

/* of clusters times features: 80 MB */
#define LA_KMEANS_MAX_VALUES 10000000

/* counts are exact as doubles: 2^53 */
#define LA_KMEANS_MAX_COUNT INT64_C(9007199254740992)

#define LA_KMEANS_CONVERGED 1
#define LA_KMEANS_STANDARDIZED 2

/*----------
 * The model: a flat value of type kmeans.  "values" holds
 *		shift[p], scale[p]	a feature x is measured as (x - shift) / scale
 *		size[k]				rows per cluster
 *		centroid[k * p]		cluster after cluster, in the units of the rows
 * k and p are 0 where every row was skipped.
 *----------
 */
typedef struct KmeansModel
{
	int32_t		vl_len_;		/* varlena header; the core leaves it alone */
	uint16_t	format;			/* LA_KMEANS_FORMAT */
	uint16_t	flags;			/* LA_KMEANS_CONVERGED .. */
	uint32_t	k;				/* clusters */
	uint32_t	p;				/* features */
	int64_t		n;				/* rows that were clustered */
	int64_t		skipped;		/* rows left out because a feature was NULL */
	double		inertia;		/* sum of squared distances, as measured */
	int32_t		iterations;
	int32_t		unused;			/* 0 */
	double		values[];
} KmeansModel;

static inline size_t
la_kmeans_nvalues(size_t k, size_t p)
{
	return 2 * p + k + k * p;
}

static inline size_t
la_kmeans_size(size_t k, size_t p)
{
	return offsetof(KmeansModel, values) + la_kmeans_nvalues(k, p) * sizeof(double);
}

static inline const double *
la_kmeans_shift(const KmeansModel *model)
{
	return model->values;
}

static inline const double *
la_kmeans_scale(const KmeansModel *model)
{
	return model->values + model->p;
}

static inline const double *
la_kmeans_sizes(const KmeansModel *model)
{
	return model->values + 2 * (size_t) model->p;
}

static inline const double *
la_kmeans_centroid(const KmeansModel *model, uint32_t cluster)
{
	return la_kmeans_sizes(model) + model->k + (size_t) cluster * model->p;
}

/* what is known of a row: the cluster, the squares of two distances */
typedef struct KmeansNearest
{
	uint32_t	cluster;		/* counted from 0 */
	double		best;			/* to its centroid */
	double		second;			/* to the second nearest; infinite if there is none */
} KmeansNearest;

/* a model made ready to be asked */
typedef struct KmeansFinder KmeansFinder;

extern void la_kmeans_init(KmeansModel *model, uint32_t k, uint32_t p);
extern LaResult la_kmeans_check(const KmeansModel *model);

extern size_t la_kmeans_finder_size(uint32_t k, uint32_t p);
extern LaResult la_kmeans_finder_init(KmeansFinder *finder, const KmeansModel *model);
extern uint32_t la_kmeans_finder_features(const KmeansFinder *finder);
extern uint32_t la_kmeans_finder_clusters(const KmeansFinder *finder);
extern LaResult la_kmeans_find(KmeansFinder *finder, const double *x, KmeansNearest *nearest);

extern uint64_t la_kmeans_silhouette(const KmeansNearest *nearest);

#endif							/* LA_KMEANS_CORE_H */
