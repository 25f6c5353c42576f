/*
 * kmeans_exercise.h
 *		Everything that can be done with the bytes of a k-means model: for the
 *		fuzzer and the unit tests.
 */
#ifndef LA_KMEANS_EXERCISE_H
#define LA_KMEANS_EXERCISE_H

#include <float.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kmeans_bytes.h"

#define KMEANS_SEEDS 7

/* A valid value. */
static inline uint8_t *
kmeans_seed(int number, size_t *size)
{
	static const uint32_t clusters[KMEANS_SEEDS] = {0, 1, 2, 3, 9, 17, 5};
	static const uint32_t features[KMEANS_SEEDS] = {0, 1, 2, 1, 3, 2, 8};
	uint32_t	k = clusters[number];
	uint32_t	p = features[number];
	KmeansModel *model = malloc(la_kmeans_size(k, p));
	uint8_t    *bytes;

	la_kmeans_init(model, k, p);
	model->flags = (uint16_t) (number % 4);
	model->n = 10 * (int64_t) k;
	model->skipped = number;
	model->inertia = number * 1.5;
	model->iterations = number;
	for (uint32_t j = 0; j < p; j++)
	{
		model->values[j] = number % 2 ? j : 0;
		model->values[p + j] = number % 2 ? 1.5 + j : 1;
	}
	for (uint32_t c = 0; c < k; c++)
	{
		model->values[2 * p + c] = 10;
		for (uint32_t j = 0; j < p; j++)
			model->values[2 * p + k + c * p + j] = c * 3.25 - j;
	}
	*size = la_kmeans_bytes_size(model);
	bytes = malloc(*size);
	la_kmeans_write(model, bytes);
	free(model);
	return bytes;
}

/* Ask for the cluster of a row; a row that is a centroid is at distance 0. */
static inline void
find_row(KmeansFinder *finder, const double *x, bool centroid, bool *right)
{
	KmeansNearest nearest;

	if (la_kmeans_find(finder, x, &nearest) != LA_OK)
		return;
	*right = *right && nearest.cluster < la_kmeans_finder_clusters(finder) &&
		nearest.best >= 0 && nearest.second >= nearest.best && (!centroid || nearest.best == 0) &&
		la_kmeans_silhouette(&nearest) <= UINT64_C(1) << 60;
}

static inline void
find_rows(const KmeansModel *model, bool *right)
{
	static const double places[] = {0, 1, -1e-300, DBL_MAX, -DBL_MAX, 5e-324, 1e155};
	KmeansFinder *finder = malloc(la_kmeans_finder_size(model->k, model->p));
	double	   *x = malloc(model->p * sizeof(double));

	if (la_kmeans_finder_init(finder, model) == LA_OK)
	{
		for (uint32_t c = 0; c < model->k; c++)
			find_row(finder, la_kmeans_centroid(model, c), true, right);
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		{
			for (uint32_t j = 0; j < model->p; j++)
				x[j] = places[(i + j) % (sizeof(places) / sizeof(places[0]))];
			find_row(finder, x, false, right);
		}
	}
	free(x);
	free(finder);
}

static inline LaResult
exercise_kmeans(const uint8_t *bytes, size_t size, bool *right)
{
	KmeansModel *model;
	uint8_t    *once,
			   *twice;
	uint32_t	k,
				p;
	LaResult	result = la_kmeans_read_shape(bytes, size, &k, &p);

	if (result != LA_OK)
		return result;
	model = malloc(la_kmeans_size(k, p));
	la_kmeans_init(model, k, p);
	result = la_kmeans_read(model, bytes, size);
	if (result == LA_OK)
	{
		once = malloc(size);
		twice = malloc(size);
		*right = *right && la_kmeans_bytes_size(model) == size;
		la_kmeans_write(model, once);
		*right = *right && la_kmeans_read(model, once, size) == LA_OK;
		la_kmeans_write(model, twice);
		*right = *right && memcmp(once, twice, size) == 0;
		free(twice);
		free(once);
		if (k > 0)
			find_rows(model, right);
	}
	free(model);
	return result;
}

#endif							/* LA_KMEANS_EXERCISE_H */
