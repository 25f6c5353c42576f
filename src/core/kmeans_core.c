/*
 * kmeans_core.c
 *		A k-means model: whether it is one, and which cluster is nearest.
 */
#include "kmeans_core.h"

#include <math.h>
#include <string.h>

#include "kmeans_measure.h"
#include "kmeans_search.h"

struct KmeansFinder
{
	uint32_t	k;
	uint32_t	p;
	KmeansSearch search;
	double	   *shift;
	double	   *scale;
	double	   *row;			/* the one that is asked about, measured */
	double	   *blocks;
};

/*
 * la_kmeans_init
 *		A model of no rows in la_kmeans_size(k, p) bytes.
 */
void
la_kmeans_init(KmeansModel *model, uint32_t k, uint32_t p)
{
	model->format = LA_KMEANS_FORMAT;
	model->flags = 0;
	model->k = k;
	model->p = p;
	model->n = 0;
	model->skipped = 0;
	model->inertia = 0;
	model->iterations = 0;
	model->unused = 0;
	memset(model->values, 0, la_kmeans_nvalues(k, p) * sizeof(double));
}

static bool
is_count(int64_t n)
{
	return n >= 0 && n <= LA_KMEANS_MAX_COUNT;
}

static bool
all_finite(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (!isfinite(values[i]))
			return false;
	}
	return true;
}

static bool
all_positive(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (!(values[i] > 0))
			return false;
	}
	return true;
}

/* whether the sizes are counts, of n rows together */
static bool
sizes_add_up(const KmeansModel *model)
{
	const double *sizes = la_kmeans_sizes(model);
	double		sum = 0;

	for (uint32_t c = 0; c < model->k; c++)
	{
		if (!(sizes[c] >= 0 && sizes[c] <= (double) model->n) || sizes[c] != floor(sizes[c]))
			return false;
		sum += sizes[c];
	}
	return sum == (double) model->n;
}

/*
 * la_kmeans_check
 *		LA_MALFORMED unless a model of the right size is one that a fit could
 *		have made, as far as that shows.
 */
LaResult
la_kmeans_check(const KmeansModel *model)
{
	const uint16_t flags = LA_KMEANS_CONVERGED | LA_KMEANS_STANDARDIZED;

	if (model->format != LA_KMEANS_FORMAT || (model->flags & ~flags) != 0 || model->unused != 0 ||
		!is_count(model->n) || !is_count(model->skipped) || model->iterations < 0 ||
		!(model->inertia >= 0 && isfinite(model->inertia)))
		return LA_MALFORMED;
	if ((model->k == 0) != (model->p == 0) || (model->k == 0) != (model->n == 0) ||
		(int64_t) model->k > model->n)
		return LA_MALFORMED;
	if (!all_finite(model->values, la_kmeans_nvalues(model->k, model->p)) ||
		!all_positive(la_kmeans_scale(model), model->p) || !sizes_add_up(model))
		return LA_MALFORMED;
	return LA_OK;
}

size_t
la_kmeans_finder_size(uint32_t k, uint32_t p)
{
	return sizeof(KmeansFinder) +
		((size_t) la_kmeans_nblocks(k) * LA_KMEANS_LANES + 3) * p * sizeof(double);
}

/*
 * la_kmeans_finder_init
 *		Make a model ready, in la_kmeans_finder_size bytes; it is not needed
 *		again.  LA_OVERFLOW if a centroid is out of range as it is measured.
 */
LaResult
la_kmeans_finder_init(KmeansFinder *finder, const KmeansModel *model)
{
	uint32_t	p = model->p;

	finder->k = model->k;
	finder->p = p;
	finder->shift = (double *) (finder + 1);
	finder->scale = finder->shift + p;
	finder->row = finder->scale + p;
	finder->blocks = finder->row + p;
	memcpy(finder->shift, la_kmeans_shift(model), p * sizeof(double));
	memcpy(finder->scale, la_kmeans_scale(model), p * sizeof(double));
	for (uint32_t c = 0; c < la_kmeans_nblocks(model->k) * LA_KMEANS_LANES; c++)
	{
		double	   *lane = finder->blocks + (size_t) (c / LA_KMEANS_LANES) * LA_KMEANS_LANES * p + c % LA_KMEANS_LANES;

		if (c < model->k)
			la_kmeans_measure_row(finder->shift, finder->scale, p, la_kmeans_centroid(model, c), finder->row);
		for (uint32_t j = 0; j < p; j++)
		{
			if (c < model->k && !isfinite(finder->row[j]))
				return LA_OVERFLOW;
			lane[(size_t) j * LA_KMEANS_LANES] = c < model->k ? finder->row[j] : INFINITY;
		}
	}
	la_kmeans_search_init(&finder->search, p, finder->row, finder->blocks);
	return LA_OK;
}

uint32_t
la_kmeans_finder_features(const KmeansFinder *finder)
{
	return finder->p;
}

uint32_t
la_kmeans_finder_clusters(const KmeansFinder *finder)
{
	return finder->k;
}

/*
 * la_kmeans_find
 *		The cluster nearest to x, the lower one of equally near ones, in a model
 *		that has clusters.  LA_OVERFLOW if x is too far away for its distances to
 *		be told apart.
 */
LaResult
la_kmeans_find(KmeansFinder *finder, const double *x, KmeansNearest *nearest)
{
	const uint32_t row = 0;
	KmeansPair	pair;

	la_kmeans_measure_row(finder->shift, finder->scale, finder->p, x, finder->row);
	/* the search compares with lanes that are infinite, from which infinity has no distance */
	if (!all_finite(finder->row, finder->p))
		return LA_OVERFLOW;
	finder->search.pairs(&finder->search, &row, 1, 0, la_kmeans_nblocks(finder->k), &pair);
	nearest->cluster = pair.index;
	nearest->best = pair.best;
	nearest->second = pair.second;
	return isfinite(pair.best) ? LA_OK : LA_OVERFLOW;
}

/*
 * la_kmeans_silhouette
 *		(b - a) / max(a, b) of a row, in units of 2^-60, where a is its distance
 *		to the centroid of its cluster and b that to the nearest other one.
 *
 * A whole number, so that sums do not depend on the order.  0 for a row that
 * two centroids are equally near to.
 */
uint64_t
la_kmeans_silhouette(const KmeansNearest *nearest)
{
	double		a = sqrt(nearest->best);
	double		b = sqrt(nearest->second);

	if (!(b > 0))
		return 0;
	return (uint64_t) ldexp(isfinite(b) ? (b - a) / b : 1, 60);
}
