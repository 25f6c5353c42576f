/*
 * kmeans_fit.c
 *		k-means: restarts, each seeded (kmeans_seed.c) and followed by Lloyd's
 *		algorithm, exactly, without most of its distances (kmeans_assign.c).
 *
 *----------
 * Each restart chooses k rows as centres and then repeats: every row goes to the
 * nearest centre (of equally near ones to that of the lower number), and every
 * centre to the mean of its rows, until no row moves, or the centres move by no
 * more than the tolerance, or so many times.  The restart with the least
 * inertia counts, the earlier one of equals.
 *
 * Sums of rows are exact (kmeans_sums.h): a row that moves is taken out of one
 * sum and put into another, and the centres are the same as if all rows had been
 * added up.
 *
 * Source: Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory
 * 28(2), 1982.
 *----------
 */
#include "kmeans_state.h"

#include <math.h>
#include <string.h>

#define STEP_WORK (1 << 20)		/* products in one step, about */

/* rounds of the final assignment: see end_final */
#define MAX_FINAL_ROUNDS 8

/* --- memory ----------------------------------------------------------------- */

/* the most groups that a fit of k clusters, or of fewer, has */
static uint32_t
most_groups(uint32_t k)
{
	return la_kmeans_nblocks(k) < MAX_GROUPS ? la_kmeans_nblocks(k) : MAX_GROUPS;
}

/* The next piece of the memory, or only its size if there is none. */
static void *
carve(char **memory, uint64_t *size, uint64_t bytes)
{
	char	   *piece = *memory;

	bytes = (bytes + 63) / 64 * 64;
	*size += bytes;
	if (*memory)
		*memory += bytes;
	return piece;
}

/* Lay out the memory of a fit; "memory" may be NULL to learn the size. */
static uint64_t
lay_out(KmeansFit *fit, char *memory, uint64_t n, uint64_t p, uint32_t k)
{
	uint64_t	size = 0;
	uint64_t	lanes = (uint64_t) la_kmeans_nblocks(k) * LANES;
	uint64_t	seed_blocks = (n + SEED_ROWS - 1) / SEED_ROWS;
	uint64_t	batch_bounds = (uint64_t) BATCH * most_groups(k);

	/* two floats a row at least: there are doubles at first */
	fit->bounds = carve(&memory, &size, n * (1 + most_groups(k)) * sizeof(float));
	fit->closest = (double *) fit->bounds;
	fit->cluster = carve(&memory, &size, n * sizeof(uint16_t));
	fit->potential = carve(&memory, &size, seed_blocks * LANES * sizeof(double));
	fit->centers = carve(&memory, &size, (uint64_t) k * p * sizeof(double));
	fit->moved = carve(&memory, &size, (uint64_t) k * p * sizeof(double));
	fit->best.centers = carve(&memory, &size, (uint64_t) k * p * sizeof(double));
	fit->best.sizes = carve(&memory, &size, k * sizeof(int64_t));
	fit->published = carve(&memory, &size, (uint64_t) k * p * sizeof(double));
	fit->blocks = carve(&memory, &size, lanes * p * sizeof(double));
	fit->sums.part[0] = carve(&memory, &size, la_kmeans_sums_size(k, p));
	fit->moved_own = carve(&memory, &size, k * sizeof(double));
	fit->moved_other = carve(&memory, &size, k * sizeof(double));
	fit->moved_group = carve(&memory, &size, MAX_GROUPS * sizeof(double));
	fit->limit = carve(&memory, &size, k * sizeof(float));
	fit->final_sizes = carve(&memory, &size, k * sizeof(double));
	fit->order = carve(&memory, &size, 2 * k * sizeof(uint32_t));
	fit->bounds_now = carve(&memory, &size, batch_bounds * sizeof(double));
	fit->upper_now = carve(&memory, &size, BATCH * sizeof(double));
	fit->list = carve(&memory, &size, BATCH * sizeof(uint32_t));
	fit->sublist = carve(&memory, &size, BATCH * sizeof(uint32_t));
	fit->sub = carve(&memory, &size, BATCH * sizeof(uint32_t));
	fit->pairs = carve(&memory, &size, BATCH * sizeof(KmeansPair));
	fit->found = carve(&memory, &size, BATCH * sizeof(KmeansPair));
	return size;
}

/*
 * la_kmeans_fit_size
 *		Memory that a fit of at most k clusters takes.
 */
uint64_t
la_kmeans_fit_size(uint32_t nrows, uint32_t nfeatures, uint32_t k)
{
	KmeansFit	fit;

	memset(&fit, 0, sizeof(fit));
	return (sizeof(KmeansFit) + 63) / 64 * 64 + lay_out(&fit, NULL, nrows, nfeatures, k);
}

/* --- Lloyd's algorithm ------------------------------------------------------- */

static void
begin_restart(KmeansFit *fit)
{
	la_prng_seed(&fit->prng, fit->options.seed, fit->restart);
	for (size_t i = 0; i < (size_t) LANES * fit->p; i++)
		fit->blocks[i] = INFINITY;
	fit->k = 0;
	fit->phase = FIT_SEED;
	fit->next = 0;
}

static void
begin_assign(KmeansFit *fit)
{
	la_kmeans_fill_blocks(fit->blocks, fit->centers, fit->k, fit->p);
	fit->changes = 0;
	fit->next = 0;
	fit->phase = FIT_ASSIGN;
}

static void
begin_lloyd(KmeansFit *fit)
{
	fit->sums.k = fit->k;
	la_kmeans_sums_clear(&fit->sums);
	la_kmeans_begin_bounds(fit);
	fit->iterations = 0;
	fit->fresh = true;
	fit->converged = false;
	fit->last = false;
	begin_assign(fit);
}

static void
begin_inertia(KmeansFit *fit)
{
	fit->inertia = 0;
	fit->next = 0;
	fit->phase = FIT_INERTIA;
}

/* Every centre to the mean of its rows. */
static void
move_centers(KmeansFit *fit)
{
	double	   *centers;
	double		sum = 0;

	for (uint32_t c = 0; c < fit->k; c++)
	{
		double	   *from = fit->centers + (size_t) c * fit->p;
		double	   *to = fit->moved + (size_t) c * fit->p;

		if (fit->sums.count[c] > 0)
			la_kmeans_sums_mean(&fit->sums, c, to);
		else
			memcpy(to, from, fit->p * sizeof(double));
		sum += la_kmeans_square(from, to, fit->p);
	}
	la_kmeans_move_bounds(fit);
	centers = fit->centers;
	fit->centers = fit->moved;
	fit->moved = centers;

	fit->iterations++;
	fit->fresh = false;
	fit->converged = sum <= fit->tolerance;
	fit->last = fit->converged || fit->iterations >= fit->options.max_iterations;
	begin_assign(fit);
}

static uint32_t
find_empty(const KmeansFit *fit)
{
	for (uint32_t c = 0; c < fit->k; c++)
	{
		if (fit->sums.count[c] == 0)
			return c;
	}
	return NO_CLUSTER;
}

/*
 * Every row is assigned.  A centre without rows takes over the row that is
 * farthest from its own, before any centre moves.
 */
static void
end_assign(KmeansFit *fit)
{
	if (!fit->fresh && fit->changes == 0 && !fit->last)
	{
		fit->iterations++;
		fit->converged = true;
		begin_inertia(fit);
	}
	else if (fit->last && (fit->iterations >= fit->options.max_iterations || find_empty(fit) == NO_CLUSTER))
		begin_inertia(fit);
	else if (find_empty(fit) != NO_CLUSTER)
	{
		fit->last = false;
		fit->phase = FIT_FARTHEST;
		fit->next = 0;
		fit->farthest = 0;
	}
	else
		move_centers(fit);
}

/* Rows that are all their cluster has stay. */
static void
find_farthest(KmeansFit *fit, uint32_t end)
{
	for (; fit->next < end; fit->next++)
	{
		uint32_t	own = fit->cluster[fit->next];
		double		square;

		if (fit->sums.count[own] == la_kmeans_weight(fit->rows, fit->next))
			continue;
		square = la_kmeans_square(la_kmeans_row(fit->rows, fit->next), fit->centers + (size_t) own * fit->p, fit->p);
		if (square > fit->farthest)
		{
			fit->farthest = square;
			fit->farthest_row = fit->next;
		}
	}
}

static void
end_farthest(KmeansFit *fit)
{
	/* nothing lies off its centre: the empty ones stay so */
	if (fit->farthest == 0)
	{
		move_centers(fit);
		return;
	}
	la_kmeans_move_row(fit, fit->farthest_row, find_empty(fit));
	end_assign(fit);
}

static void
add_inertia(KmeansFit *fit, uint32_t end)
{
	double		sum = 0;

	for (; fit->next < end; fit->next++)
	{
		uint32_t	own = fit->cluster[fit->next];

		sum += la_kmeans_weight(fit->rows, fit->next) *
			la_kmeans_square(la_kmeans_row(fit->rows, fit->next), fit->centers + (size_t) own * fit->p, fit->p);
	}
	fit->inertia += sum;
}

/* --- the result -------------------------------------------------------------- */

/* Large clusters first, then by their centroids. */
static bool
comes_before(const KmeansFit *fit, const double *sizes, uint32_t a, uint32_t b)
{
	const double *left = fit->published + (size_t) a * fit->p;
	const double *right = fit->published + (size_t) b * fit->p;

	if (sizes[a] != sizes[b])
		return sizes[a] > sizes[b];
	for (uint32_t j = 0; j < fit->p; j++)
	{
		if (left[j] != right[j])
			return left[j] < right[j];
	}
	return a < b;
}

/* Merge sort of fit->order[0 .. k - 1]; the other half of it is scratch. */
static void
sort_order(KmeansFit *fit, const double *sizes)
{
	uint32_t	k = fit->best.k;
	uint32_t   *from = fit->order;
	uint32_t   *to = fit->order + k;

	for (uint32_t c = 0; c < k; c++)
		from[c] = c;
	for (uint32_t width = 1; width < k; width *= 2)
	{
		uint32_t   *swap = from;

		for (uint32_t begin = 0; begin < k; begin += 2 * width)
		{
			uint32_t	a = begin;
			uint32_t	end_a = begin + width < k ? begin + width : k;
			uint32_t	b = end_a;
			uint32_t	end_b = end_a + width < k ? end_a + width : k;

			for (uint32_t i = begin; i < end_b; i++)
			{
				if (b == end_b || (a < end_a && comes_before(fit, sizes, from[a], from[b])))
					to[i] = from[a++];
				else
					to[i] = from[b++];
			}
		}
		from = to;
		to = swap;
	}
	if (from != fit->order)
		memcpy(fit->order, from, k * sizeof(uint32_t));
}

/* Renumber the centroids by fit->order; false if they stand in it already. */
static bool
apply_order(KmeansFit *fit)
{
	uint32_t	k = fit->best.k;
	bool		changed = false;

	for (uint32_t c = 0; c < k; c++)
	{
		changed |= fit->order[c] != c;
		memcpy(fit->moved + (size_t) c * fit->p, fit->published + (size_t) fit->order[c] * fit->p,
			   fit->p * sizeof(double));
	}
	memcpy(fit->published, fit->moved, (size_t) k * fit->p * sizeof(double));
	return changed;
}

/* Assign all rows to the centroids as a model will have them. */
static void
begin_final(KmeansFit *fit)
{
	for (uint32_t c = 0; c < fit->best.k; c++)
	{
		for (uint32_t j = 0; j < fit->p; j++)
		{
			size_t		place = (size_t) c * fit->p + j;

			fit->centers[place] = (fit->published[place] - fit->columns[j].shift) / fit->columns[j].scale;
		}
		fit->final_sizes[c] = 0;
	}
	la_kmeans_fill_blocks(fit->blocks, fit->centers, fit->best.k, fit->p);
	fit->inertia = 0;
	fit->next = 0;
	fit->phase = FIT_FINAL;
}

/* The best restart is known: its centroids in the units of the rows. */
static void
publish(KmeansFit *fit)
{
	for (uint32_t c = 0; c < fit->best.k; c++)
	{
		for (uint32_t j = 0; j < fit->p; j++)
		{
			size_t		place = (size_t) c * fit->p + j;

			/* adding 0 turns -0, which JSON does not keep, to 0 */
			fit->published[place] = fit->columns[j].shift + fit->columns[j].scale * fit->best.centers[place] + 0.0;
		}
		fit->final_sizes[c] = (double) fit->best.sizes[c];
	}
	sort_order(fit, fit->final_sizes);
	apply_order(fit);
	fit->final_round = 0;
	begin_final(fit);
}

static void
end_restart(KmeansFit *fit)
{
	if (fit->restart == 0 || fit->inertia < fit->best.inertia)
	{
		fit->best.k = fit->k;
		fit->best.inertia = fit->inertia;
		fit->best.iterations = fit->iterations;
		fit->best.converged = fit->converged;
		memcpy(fit->best.centers, fit->centers, (size_t) fit->k * fit->p * sizeof(double));
		memcpy(fit->best.sizes, fit->sums.count, fit->k * sizeof(int64_t));
	}
	/* one cluster, or one for each row: there is nothing to try */
	if (++fit->restart < fit->options.restarts && fit->k > 1 && fit->k < fit->rows->nrows)
	{
		begin_restart(fit);
		la_kmeans_choose_first(fit);
	}
	else
		publish(fit);
}

static void
assign_final(KmeansFit *fit, uint32_t end)
{
	double		sum = 0;

	while (fit->next < end)
	{
		uint32_t	n = end - fit->next < BATCH ? end - fit->next : BATCH;

		for (uint32_t i = 0; i < n; i++)
			fit->list[i] = fit->next + i;
		fit->search.pairs(&fit->search, fit->list, n, 0, la_kmeans_nblocks(fit->best.k), fit->pairs);
		for (uint32_t i = 0; i < n; i++)
		{
			uint32_t	weight = la_kmeans_weight(fit->rows, fit->next + i);

			fit->final_sizes[fit->pairs[i].index] += weight;
			sum += weight * fit->pairs[i].best;
		}
		fit->next += n;
	}
	fit->inertia += sum;
}

/*
 * The sizes are those that predicting gives.  They may differ from those of the
 * fit where a row is equally near to two centroids, or where it did not
 * converge, and then the order may, which decides where such rows go.
 */
static void
end_final(KmeansFit *fit)
{
	sort_order(fit, fit->final_sizes);
	if (++fit->final_round < MAX_FINAL_ROUNDS && apply_order(fit))
		begin_final(fit);
	else
		fit->phase = FIT_DONE;
}

/*
 * la_kmeans_fit_begin
 *		Begin to cluster measured rows, one at least, in la_kmeans_fit_size bytes.
 *
 * There are fewer clusters than options->k if there are fewer different rows.
 */
KmeansFit *
la_kmeans_fit_begin(void *memory, const KmeansRows *rows, const KmeansColumn *columns, const KmeansOptions *options)
{
	KmeansFit  *fit = memory;
	uint32_t	p = rows->nfeatures;
	double		extent = 0;
	double		variance = 0;

	memset(fit, 0, sizeof(KmeansFit));
	fit->rows = rows;
	fit->columns = columns;
	fit->options = *options;
	if (fit->options.k > rows->nrows)
		fit->options.k = rows->nrows;
	fit->p = p;
	lay_out(fit, (char *) memory + (sizeof(KmeansFit) + 63) / 64 * 64, rows->nrows, p, fit->options.k);
	la_kmeans_search_init(&fit->search, p, rows->values, fit->blocks);
	la_kmeans_sums_init(&fit->sums, fit->sums.part[0], fit->options.k, p, rows->total, columns);
	for (uint32_t j = 0; j < p; j++)
	{
		extent += columns[j].bound * columns[j].bound;
		variance += columns[j].variance;
	}
	fit->unit = 1 / sqrt(extent);
	fit->slop = 64 * (p + 16) * DBL_EPSILON;
	fit->tolerance = options->tolerance * (variance / p);
	fit->trials = 2 + (uint32_t) log(options->k);
	if (fit->trials > LANES - 1)
		fit->trials = LANES - 1;
	begin_restart(fit);
	la_kmeans_choose_first(fit);
	return fit;
}

/* Rows in one step, whole batches and potentials. */
static uint32_t
rows_in_step(const KmeansFit *fit)
{
	uint64_t	work = (uint64_t) fit->p * LANES;
	uint64_t	rows;

	if (fit->phase != FIT_SEED)
		work *= la_kmeans_nblocks(fit->options.k);
	rows = STEP_WORK / (work + 16) / SEED_ROWS * SEED_ROWS;
	if (fit->phase != FIT_SEED && rows == 0)
		return STEP_WORK / (work + 16) < 16 ? 16 : (uint32_t) (STEP_WORK / (work + 16));
	return rows == 0 ? SEED_ROWS : (uint32_t) rows;
}

/*
 * la_kmeans_fit_step
 *		Go on; false once the clusters are found.
 */
bool
la_kmeans_fit_step(KmeansFit *fit)
{
	uint32_t	n = fit->rows->nrows;
	uint32_t	step = rows_in_step(fit);
	uint32_t	end = n - fit->next > step ? fit->next + step : n;

	switch (fit->phase)
	{
		case FIT_SEED:
			la_kmeans_seed_rows(fit, end);
			if (end == n && !la_kmeans_seed_next(fit))
				begin_lloyd(fit);
			break;
		case FIT_ASSIGN:
			la_kmeans_assign_rows(fit, end);
			if (end == n)
				end_assign(fit);
			break;
		case FIT_FARTHEST:
			find_farthest(fit, end);
			if (end == n)
				end_farthest(fit);
			break;
		case FIT_INERTIA:
			add_inertia(fit, end);
			if (end == n)
				end_restart(fit);
			break;
		case FIT_FINAL:
			assign_final(fit, end);
			if (end == n)
				end_final(fit);
			break;
		case FIT_DONE:
			break;
	}
	return fit->phase != FIT_DONE;
}

/*
 * la_kmeans_fit_start
 *		The k centres that a restart begins with, as measured, when they have just
 *		been chosen; NULL at any other time.
 */
const double *
la_kmeans_fit_start(const KmeansFit *fit, uint32_t *k)
{
	if (fit->phase != FIT_ASSIGN || !fit->fresh || fit->next > 0)
		return NULL;
	*k = fit->k;
	return fit->centers;
}

/*
 * la_kmeans_fit_clusters
 *		How many clusters were found.
 */
uint32_t
la_kmeans_fit_clusters(const KmeansFit *fit)
{
	return fit->best.k;
}

/*
 * la_kmeans_fit_end
 *		The model, in la_kmeans_size bytes; the caller knows what was skipped.
 */
void
la_kmeans_fit_end(const KmeansFit *fit, KmeansModel *model)
{
	uint32_t	k = fit->best.k;
	uint32_t	p = fit->p;
	double	   *next = model->values;

	la_kmeans_init(model, k, p);
	model->flags = (fit->best.converged ? LA_KMEANS_CONVERGED : 0) |
		(fit->options.standardize ? LA_KMEANS_STANDARDIZED : 0);
	model->n = fit->rows->total;
	model->inertia = fit->inertia;
	model->iterations = fit->best.iterations;
	for (uint32_t j = 0; j < p; j++)
		*next++ = fit->columns[j].shift + 0.0;
	for (uint32_t j = 0; j < p; j++)
		*next++ = fit->columns[j].scale;
	memcpy(next, fit->final_sizes, k * sizeof(double));
	memcpy(next + k, fit->published, (size_t) k * p * sizeof(double));
}
