/*
 * kmeans_search.c
 *		Distances from rows to centres, eight centres at a time.
 *
 * A squared distance is the sum of squared differences in the order of the
 * features, whoever computes it: for eight centres at a time the lanes of
 * vector registers do the same for each.  So every function here, on every
 * processor, gives the same bits; a fit and a prediction agree, and so do
 * pruned and plain search.  Nothing is got from |x|^2 - 2 x c + |c|^2, which
 * loses digits wherever a cluster is far from the origin.
 */
#include "kmeans_search.h"

#include <math.h>

#define LANES LA_KMEANS_LANES

#ifndef __GNUC__
#error "k-means needs the vector extensions of GCC and Clang"
#endif

static inline double
smaller(double a, double b)
{
	return a < b ? a : b;
}

static inline double
larger(double a, double b)
{
	return a > b ? a : b;
}

/* lists with fewer rows than one in so many are sparse */
#define SPARSE 3

/* of a row, so many bytes are looked at beforehand, in cache lines */
#define TOUCHED_BYTES 256
#define LINE_BYTES 64

/*
 * Look at the rows of a sparse list before they are needed.  Where most rows
 * are read the processor sees what comes next; where few are, each would be
 * waited for while its distances are computed.  Nothing but loads at once makes
 * the memory work on many, three times as fast and more; prefetch instructions
 * gain half of that.
 */
static void
touch_rows(const KmeansSearch *search, const uint32_t *list, uint32_t n)
{
	size_t		bytes = search->p * sizeof(double);

	if (n == 0 || list[n - 1] - list[0] < SPARSE * n)
		return;
	for (uint32_t i = 0; i < n; i++)
	{
		const char *row = (const char *) (search->rows + (size_t) list[i] * search->p);

		for (size_t at = 0; at < bytes && at < TOUCHED_BYTES; at += LINE_BYTES)
			(void) *(const volatile char *) (row + at);
		(void) *(const volatile char *) (row + (bytes < TOUCHED_BYTES ? bytes : TOUCHED_BYTES) - 1);
	}
}

/* registers that every processor has, or that nothing is lost by splitting */
#define WIDTH 2
#define SUFFIX _plain
#define FUNCTION static
#define HELPER static inline __attribute__((always_inline))
#include "kmeans_lanes.h"
#undef WIDTH
#undef SUFFIX
#undef FUNCTION
#undef HELPER

#ifdef __x86_64__
#define LA_KMEANS_WIDE
#define WIDTH 4
#define SUFFIX _wide
#define FUNCTION static __attribute__((target("avx2")))
#define HELPER static inline __attribute__((always_inline, target("avx2")))
#include "kmeans_lanes.h"
#endif

/*
 * la_kmeans_search_init
 *		Search among these rows and blocks, which may change.
 */
void
la_kmeans_search_init(KmeansSearch *search, uint32_t p, const double *rows, const double *blocks)
{
	search->p = p;
	search->rows = rows;
	search->blocks = blocks;
	search->pairs = pairs_plain;
	search->seed = seed_plain;
#ifdef LA_KMEANS_WIDE
	if (__builtin_cpu_supports("avx2"))
	{
		search->pairs = pairs_wide;
		search->seed = seed_wide;
	}
#endif
}

/*
 * la_kmeans_fill_blocks
 *		k centres, one after the other, as blocks.
 */
void
la_kmeans_fill_blocks(double *blocks, const double *centers, uint32_t k, uint32_t p)
{
	for (uint32_t c = 0; c < la_kmeans_nblocks(k) * LANES; c++)
	{
		double	   *lane = blocks + (size_t) (c / LANES) * LANES * p + c % LANES;

		for (uint32_t j = 0; j < p; j++)
			lane[(size_t) j * LANES] = c < k ? centers[(size_t) c * p + j] : INFINITY;
	}
}

/*
 * la_kmeans_square
 *		The squared distance of one row to one centre.
 */
double
la_kmeans_square(const double *row, const double *center, uint32_t p)
{
	double		sum = 0;

	for (uint32_t j = 0; j < p; j++)
	{
		double		d = row[j] - center[j];

		sum += d * d;
	}
	return sum;
}
