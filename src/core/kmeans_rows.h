/*
 * kmeans_rows.h
 *		The rows that k-means clusters: in canonical order, equal ones once.
 */
#ifndef LA_KMEANS_ROWS_H
#define LA_KMEANS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* rows of so many features that take a few milliseconds in one step */
static inline uint32_t
la_kmeans_rows_per_step(uint32_t nfeatures)
{
	uint32_t	rows = (1 << 18) / (nfeatures + 8);

	return rows > 16 ? rows : 16;
}

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

typedef struct KmeansSort KmeansSort;

extern size_t la_kmeans_sort_size(uint32_t nrows, uint32_t nfeatures);
extern KmeansSort *la_kmeans_sort_begin(void *memory, KmeansRows *rows);
extern bool la_kmeans_sort_step(KmeansSort *sort);
extern uint32_t la_kmeans_sort_distinct(const KmeansSort *sort);
extern void la_kmeans_collapse_begin(KmeansSort *sort, uint32_t *weights);
extern bool la_kmeans_collapse_step(KmeansSort *sort);

#endif							/* LA_KMEANS_ROWS_H */
