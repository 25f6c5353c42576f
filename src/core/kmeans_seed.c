/*
 * kmeans_seed.c
 *		k-means: the centres that a restart begins with, by k-means++.
 *
 * The first is any row, each next one a row drawn in proportion to the square of
 * its distance to the nearest centre so far.  Several are drawn, and the one
 * that leaves the least is taken.  To draw as many as there are lanes would cost
 * nothing, and be worse: rows far from all others are then nearly always among
 * them, restarts begin alike, and ten find less than ten that differ.
 *
 * Source: Arthur & Vassilvitskii, k-means++: The Advantages of Careful Seeding,
 * SODA 2007, with the several trials of its section 7.
 */
#include "kmeans_state.h"

#include <math.h>
#include <string.h>

#include "hash.h"

/* Put a row, or nothing, into a lane of the first block. */
static void
set_lane(KmeansFit *fit, uint32_t lane, const double *row)
{
	for (uint32_t j = 0; j < fit->p; j++)
		fit->blocks[(size_t) j * LANES + lane] = row ? row[j] : INFINITY;
}

/* The row that holds number "number" of the rows as they came. */
static uint32_t
find_row(const KmeansRows *rows, uint32_t number)
{
	uint32_t	i = 0;

	if (rows->weights == NULL)
		return number;
	while (number >= rows->weights[i])
		number -= rows->weights[i++];
	return i;
}

/*
 * la_kmeans_choose_first
 *		Draw the first centre of a restart, from all rows alike.
 */
void
la_kmeans_choose_first(KmeansFit *fit)
{
	fit->trial_row[1] = find_row(fit->rows, la_prng_below(&fit->prng, fit->rows->total));
	fit->ntrials = 1;
	set_lane(fit, 1, la_kmeans_row(fit->rows, fit->trial_row[1]));
}

/*
 * la_kmeans_seed_rows
 *		How near the rows before "end" are to the centres so far, and would be to
 *		each of those that are tried.
 */
void
la_kmeans_seed_rows(KmeansFit *fit, uint32_t end)
{
	for (; fit->next < end; fit->next += SEED_ROWS)
	{
		uint32_t	n = end - fit->next < SEED_ROWS ? end - fit->next : SEED_ROWS;

		for (uint32_t i = fit->next; fit->k == 0 && i < fit->next + n; i++)
			fit->closest[i] = INFINITY;
		fit->search.seed(&fit->search, fit->next, n, fit->rows->weights, fit->closest,
						 fit->potential + (size_t) (fit->next / SEED_ROWS) * LANES);
	}
}

static double
total_potential(const KmeansFit *fit, uint32_t lane)
{
	uint32_t	nblocks = (fit->rows->nrows + SEED_ROWS - 1) / SEED_ROWS;
	double		sum = 0;

	for (uint32_t b = 0; b < nblocks; b++)
		sum += fit->potential[(size_t) b * LANES + lane];
	return sum;
}

/*
 * A row, drawn with a probability in proportion to its weight and the square
 * of its distance to the nearest centre, the newest one included, which was in
 * "lane" when the potentials were added up.
 */
static uint32_t
draw_row(KmeansFit *fit, uint32_t lane, double total)
{
	const KmeansRows *rows = fit->rows;
	const double *newest = fit->centers + (size_t) (fit->k - 1) * fit->p;
	uint32_t	nblocks = (rows->nrows + SEED_ROWS - 1) / SEED_ROWS;
	double		target = la_hash_unit(la_prng_next(&fit->prng)) * total;
	uint32_t	block = 0;
	uint32_t	drawn = 0;
	uint32_t	end;

	for (uint32_t b = 0; b < nblocks; b++)
	{
		double		potential = fit->potential[(size_t) b * LANES + lane];

		if (potential > 0)
			block = b;
		if (target < potential)
			break;
		target -= potential;
	}
	end = rows->nrows - block * SEED_ROWS < SEED_ROWS ? rows->nrows : (block + 1) * SEED_ROWS;
	for (uint32_t i = block * SEED_ROWS; i < end; i++)
	{
		double		square = la_kmeans_square(la_kmeans_row(rows, i), newest, fit->p);
		double		share = la_kmeans_weight(rows, i) * fmin(square, fit->closest[i]);

		if (share > 0)
			drawn = i;
		if (target < share)
			break;
		target -= share;
	}
	return drawn;
}

/*
 * la_kmeans_seed_next
 *		All rows are seen: the best of the trials becomes a centre, and those for
 *		the next one are drawn; false if there is none.
 */
bool
la_kmeans_seed_next(KmeansFit *fit)
{
	uint32_t	best = 1;
	double		total = total_potential(fit, 1);

	for (uint32_t lane = 2; lane <= fit->ntrials; lane++)
	{
		double		other = total_potential(fit, lane);

		if (other < total)
		{
			best = lane;
			total = other;
		}
	}
	memcpy(fit->centers + (size_t) fit->k * fit->p, la_kmeans_row(fit->rows, fit->trial_row[best]),
		   fit->p * sizeof(double));
	fit->k++;
	if (fit->k == fit->options.k || !(total > 0))
		return false;

	set_lane(fit, 0, fit->centers + (size_t) (fit->k - 1) * fit->p);
	fit->ntrials = fit->trials;
	for (uint32_t lane = 1; lane <= fit->ntrials; lane++)
		fit->trial_row[lane] = draw_row(fit, best, total);
	for (uint32_t lane = 1; lane <= fit->ntrials; lane++)
		set_lane(fit, lane, la_kmeans_row(fit->rows, fit->trial_row[lane]));
	fit->next = 0;
	return true;
}
