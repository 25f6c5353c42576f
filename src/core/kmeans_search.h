/*
 * kmeans_search.h
 *		Distances from rows to centres, eight centres at a time.
 */
#ifndef LA_KMEANS_SEARCH_H
#define LA_KMEANS_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Centres come in blocks of so many: feature after feature, and of each the
 * values of all centres of the block.  Where there are fewer, what is left is
 * infinite, and so is its distance to any row.
 */
#define LA_KMEANS_LANES 8

static inline uint32_t
la_kmeans_nblocks(uint32_t k)
{
	return (k + LA_KMEANS_LANES - 1) / LA_KMEANS_LANES;
}

/* the two nearest of some centres: squared distances */
typedef struct KmeansPair
{
	double		best;
	double		second;
	uint32_t	index;			/* of the nearest; the lower one of equals */
} KmeansPair;

/* What a search needs; the functions are chosen for the processor. */
typedef struct KmeansSearch
{
	uint32_t	p;
	const double *rows;			/* of p numbers each */
	const double *blocks;
	void		(*pairs) (const struct KmeansSearch *search, const uint32_t *list, uint32_t n,
						  uint32_t first_block, uint32_t end_block, KmeansPair *pairs);
	void		(*seed) (const struct KmeansSearch *search, uint32_t first, uint32_t n,
						 const uint32_t *weights, double *closest, double *potential);
} KmeansSearch;

extern void la_kmeans_search_init(KmeansSearch *search, uint32_t p, const double *rows, const double *blocks);
extern void la_kmeans_fill_blocks(double *blocks, const double *centers, uint32_t k, uint32_t p);
extern double la_kmeans_square(const double *row, const double *center, uint32_t p);

#endif							/* LA_KMEANS_SEARCH_H */
