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

#if defined(__GNUC__) && defined(__x86_64__)
#define LA_KMEANS_WIDE
#define WIDE_FUNCTION __attribute__((target("avx2")))
#endif
#define SHARED_BODY static inline __attribute__((always_inline))

SHARED_BODY void
squares_of_block(const double *restrict row, const double *restrict block, uint32_t p, double *restrict squares)
{
	double		sum[LANES] = {0};

	for (uint32_t j = 0; j < p; j++, block += LANES)
	{
		double		x = row[j];

		for (int lane = 0; lane < LANES; lane++)
		{
			double		d = x - block[lane];

			sum[lane] += d * d;
		}
	}
	for (int lane = 0; lane < LANES; lane++)
		squares[lane] = sum[lane];
}

SHARED_BODY void
pairs_body(const KmeansSearch *search, const uint32_t *restrict list, uint32_t n,
		   uint32_t first_block, uint32_t end_block, KmeansPair *restrict pairs)
{
	uint32_t	p = search->p;

	for (uint32_t i = 0; i < n; i++)
	{
		const double *row = search->rows + (size_t) list[i] * p;
		double		best = INFINITY;
		double		second = INFINITY;
		uint32_t	index = first_block * LANES;

		for (uint32_t b = first_block; b < end_block; b++)
		{
			double		squares[LANES];

			squares_of_block(row, search->blocks + (size_t) b * LANES * p, p, squares);
			for (uint32_t lane = 0; lane < LANES; lane++)
			{
				double		square = squares[lane];
				double		worse = square < best ? best : square;

				second = worse < second ? worse : second;
				index = square < best ? b * LANES + lane : index;
				best = square < best ? square : best;
			}
		}
		pairs[i].best = best;
		pairs[i].second = second;
		pairs[i].index = index;
	}
}

/*
 * For n rows: lower "closest" by the distance to centre 0 of the only block,
 * and add to the potential of each centre what the rows would pay if it were
 * there too.
 */
SHARED_BODY void
seed_body(const KmeansSearch *search, uint32_t first, uint32_t n, const uint32_t *restrict weights,
		  double *restrict closest, double *restrict potential)
{
	uint32_t	p = search->p;
	double		sum[LANES] = {0};

	for (uint32_t i = first; i < first + n; i++)
	{
		double		squares[LANES];
		double		now = closest[i];
		double		weight = weights ? weights[i] : 1;

		squares_of_block(search->rows + (size_t) i * p, search->blocks, p, squares);
		now = squares[0] < now ? squares[0] : now;
		closest[i] = now;
		for (int lane = 0; lane < LANES; lane++)
			sum[lane] += weight * (squares[lane] < now ? squares[lane] : now);
	}
	for (int lane = 0; lane < LANES; lane++)
		potential[lane] = sum[lane];
}

static void
pairs_plain(const KmeansSearch *search, const uint32_t *list, uint32_t n,
			uint32_t first_block, uint32_t end_block, KmeansPair *pairs)
{
	pairs_body(search, list, n, first_block, end_block, pairs);
}

static void
seed_plain(const KmeansSearch *search, uint32_t first, uint32_t n, const uint32_t *weights,
		   double *closest, double *potential)
{
	seed_body(search, first, n, weights, closest, potential);
}

#ifdef LA_KMEANS_WIDE
static WIDE_FUNCTION void
pairs_wide(const KmeansSearch *search, const uint32_t *list, uint32_t n,
		   uint32_t first_block, uint32_t end_block, KmeansPair *pairs)
{
	pairs_body(search, list, n, first_block, end_block, pairs);
}

static WIDE_FUNCTION void
seed_wide(const KmeansSearch *search, uint32_t first, uint32_t n, const uint32_t *weights,
		  double *closest, double *potential)
{
	seed_body(search, first, n, weights, closest, potential);
}
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
