/*
 * kmeans_fit.c
 *		k-means: seeding by k-means++, then Lloyd's algorithm, exactly, without
 *		most of its distances.
 *
 *----------
 * Each restart chooses k rows as centres and then repeats: every row goes to the
 * nearest centre (of equally near ones to that of the lower number), and every
 * centre to the mean of its rows, until no row moves, or the centres move by no
 * more than the tolerance, or so many times.  The restart with the least
 * inertia counts, the earlier one of equals.
 *
 * Bounds.  A row that cannot have come nearer to another centre is left alone.
 * Centres are divided into groups of whole blocks, 16 groups at most.  A row
 * has an upper bound of the distance to its own centre, and for each group a
 * lower one of the distance to all others in it.  When centres move, the upper
 * bound grows by what its centre moved, and a lower one shrinks by what the
 * farthest of its group moved.  Nothing is written for that: what centres moved
 * adds up in totals, bounds are kept relative to these, and comparing them
 * takes the totals into account.  With one group the difference of both bounds is all
 * that is needed.
 *
 * Bounds are floats in units of the extent of the rows, rounded to the safe side
 * by more than all errors of distances, so that a row is left alone only if
 * computing its distances, as plain Lloyd does, would leave it where it is.
 *
 * Sums of rows are exact (kmeans_sums.h): a row that moves is taken out of one
 * sum and put into another, and the centres are the same as if all rows had been
 * added up.
 *
 * Sources: Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory
 * 28(2), 1982; Arthur & Vassilvitskii, k-means++: The Advantages of Careful
 * Seeding, SODA 2007, with the several trials of its section 7; Hamerly, Making
 * k-means even faster, SDM 2010 (one group); Ding et al., Yinyang K-Means, ICML
 * 2015 (several).
 *----------
 */
#include "kmeans_fit.h"

#include <math.h>
#include <string.h>

#include "hash.h"
#include "kmeans_search.h"
#include "kmeans_sums.h"
#include "prng.h"

#define LANES LA_KMEANS_LANES

#define MAX_GROUPS 16
#define BATCH 256				/* rows searched at a time */
#define SEED_ROWS 1024			/* rows of one potential */
#define TRIALS (LANES - 1)		/* rows tried as a centre: lanes beside that of the newest one */
#define STEP_WORK (1 << 20)		/* products in one step, about */

/* rounds of the final assignment: see end_final */
#define MAX_FINAL_ROUNDS 8

#define NO_CLUSTER UINT32_MAX

typedef enum FitPhase
{
	FIT_SEED,					/* how near is each row to the centres so far? */
	FIT_ASSIGN,					/* each row to the nearest centre */
	FIT_FARTHEST,				/* a row for a centre that has lost all of its own */
	FIT_INERTIA,
	FIT_FINAL,					/* each row to the nearest centroid of the result */
	FIT_DONE
} FitPhase;

/* what one restart has come to */
typedef struct Outcome
{
	uint32_t	k;
	double	   *centers;
	int64_t    *sizes;
	double		inertia;
	int32_t		iterations;
	bool		converged;
} Outcome;

struct KmeansFit
{
	const KmeansRows *rows;
	const KmeansColumn *columns;
	KmeansOptions options;
	FitPhase	phase;
	uint32_t	next;			/* row */
	uint32_t	restart;
	uint32_t	k;				/* centres of this restart */
	uint32_t	p;

	KmeansSearch search;
	double	   *centers;
	double	   *moved;			/* the centres to be */
	double	   *blocks;
	uint16_t   *cluster;		/* of each row */
	KmeansSums	sums;
	double		tolerance;		/* of the squares of what centres move */
	int32_t		iterations;
	int64_t		changes;		/* rows that went elsewhere */
	bool		fresh;			/* nothing is assigned yet */
	bool		converged;
	bool		last;			/* centres are final, rows are not */
	double		inertia;
	double		farthest;		/* FIT_FARTHEST */
	uint32_t	farthest_row;

	/* seeding; "closest" lies where the bounds are later */
	Prng		prng;
	double	   *closest;		/* square of the distance to a centre */
	double	   *potential;		/* LANES of each SEED_ROWS rows */
	uint32_t	trial_row[LANES];
	uint32_t	ntrials;

	/* bounds, 1 or 1 + ngroups a row */
	uint32_t	ngroups;
	uint32_t	group_blocks;
	float	   *bounds;
	double	   *moved_own;		/* in total, of each centre */
	double	   *moved_other;	/* of each: the most that another one did, if there is one group */
	double	   *moved_group;	/* of each group: the most that one did */
	float	   *limit;			/* moved_own + moved_other, rounded up */
	double		unit;			/* of bounds: 1 / extent of the rows */
	double		slop;			/* relative error of a distance, and more */
	double	   *bounds_now;		/* BATCH * ngroups */
	double	   *upper_now;		/* BATCH */
	uint32_t   *list;			/* BATCH, rows */
	uint32_t   *sublist;
	uint32_t   *sub;
	KmeansPair *pairs;			/* BATCH */
	KmeansPair *found;			/* BATCH */
	double	   *group_bound;

	Outcome		best;
	uint32_t	final_round;
	uint32_t   *order;
	double	   *published;		/* centroids in the units of the rows */
	double	   *final_sizes;
};

/* --- memory ----------------------------------------------------------------- */

static uint32_t
blocks_per_group(uint32_t k)
{
	return (la_kmeans_nblocks(k) + MAX_GROUPS - 1) / MAX_GROUPS;
}

static uint32_t
groups_for(uint32_t k)
{
	return (la_kmeans_nblocks(k) + blocks_per_group(k) - 1) / blocks_per_group(k);
}

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

/* --- seeding ---------------------------------------------------------------- */

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

static void
choose_first(KmeansFit *fit)
{
	fit->trial_row[1] = find_row(fit->rows, la_prng_below(&fit->prng, fit->rows->total));
	fit->ntrials = 1;
	set_lane(fit, 1, la_kmeans_row(fit->rows, fit->trial_row[1]));
}

static void
seed_rows(KmeansFit *fit, uint32_t end)
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

static void begin_lloyd(KmeansFit *fit);

/* The best of the trials becomes a centre; draw those for the next one. */
static void
end_seed_pass(KmeansFit *fit)
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
	{
		begin_lloyd(fit);
		return;
	}

	set_lane(fit, 0, fit->centers + (size_t) (fit->k - 1) * fit->p);
	fit->ntrials = TRIALS;
	for (uint32_t lane = 1; lane <= fit->ntrials; lane++)
		fit->trial_row[lane] = draw_row(fit, best, total);
	for (uint32_t lane = 1; lane <= fit->ntrials; lane++)
		set_lane(fit, lane, la_kmeans_row(fit->rows, fit->trial_row[lane]));
	fit->next = 0;
}

/* --- bounds ----------------------------------------------------------------- */

/* a distance as bounds are held, without any error to the one side or the other */
static inline double
at_most(const KmeansFit *fit, double square)
{
	return (sqrt(square) * (1 + fit->slop) + 1e-150) * fit->unit;
}

static inline double
at_least(const KmeansFit *fit, double square)
{
	double		distance = sqrt(square) * (1 - fit->slop) * fit->unit;

	return distance < 1e30 ? distance : 1e30;
}

/* "size" is that of the numbers of which "value" is the sum or difference */
static inline float
round_up(double value, double size)
{
	return (float) (value + fabs(value) * 0x1p-22 + size * 0x1p-48 + 1e-37);
}

static inline float
round_down(double value, double size)
{
	return (float) (value - fabs(value) * 0x1p-22 - size * 0x1p-48 - 1e-37);
}

/* Totals of what was moved from here on. */
static void
clear_totals(KmeansFit *fit)
{
	for (uint32_t c = 0; c < fit->k; c++)
	{
		fit->moved_own[c] = 0;
		fit->moved_other[c] = 0;
		fit->limit[c] = 0;
	}
	for (uint32_t g = 0; g < MAX_GROUPS; g++)
		fit->moved_group[g] = 0;
}

static inline uint32_t
group_of(const KmeansFit *fit, uint32_t cluster)
{
	return cluster / (LANES * fit->group_blocks);
}

/*
 * Add to the totals what every centre moves by now.  Two of the centres that
 * moved most are enough to know the most that another one did.
 */
static void
add_to_totals(KmeansFit *fit)
{
	double		most[MAX_GROUPS] = {0};
	double		first = 0;
	double		second = 0;
	uint32_t	first_center = 0;

	for (uint32_t c = 0; c < fit->k; c++)
	{
		double		by = at_most(fit, la_kmeans_square(fit->centers + (size_t) c * fit->p,
													   fit->moved + (size_t) c * fit->p, fit->p));

		fit->moved_own[c] = (fit->moved_own[c] + by) * (1 + fit->slop);
		most[group_of(fit, c)] = fmax(most[group_of(fit, c)], by);
		if (by > first)
		{
			second = first;
			first = by;
			first_center = c;
		}
		else
			second = fmax(second, by);
	}
	for (uint32_t g = 0; g < fit->ngroups; g++)
		fit->moved_group[g] = (fit->moved_group[g] + most[g]) * (1 + fit->slop);
	for (uint32_t c = 0; c < fit->k; c++)
	{
		double		by = c == first_center ? second : first;

		fit->moved_other[c] = (fit->moved_other[c] + by) * (1 + fit->slop);
		fit->limit[c] = round_up(fit->moved_own[c] + fit->moved_other[c], 0);
	}
}

/* --- assignment ------------------------------------------------------------- */

static inline void
move_row(KmeansFit *fit, uint32_t row, uint32_t to)
{
	const double *values = la_kmeans_row(fit->rows, row);
	int64_t		weight = la_kmeans_weight(fit->rows, row);

	if (!fit->fresh)
		la_kmeans_sums_add(&fit->sums, fit->cluster[row], values, -weight);
	la_kmeans_sums_add(&fit->sums, to, values, weight);
	fit->cluster[row] = (uint16_t) to;
	fit->changes++;
}

/* All distances of the rows in the list, when there is one group. */
static void
assign_list(KmeansFit *fit, uint32_t n)
{
	fit->search.pairs(&fit->search, fit->list, n, 0, la_kmeans_nblocks(fit->k), fit->pairs);
	for (uint32_t i = 0; i < n; i++)
	{
		const KmeansPair *pair = &fit->pairs[i];
		uint32_t	row = fit->list[i];
		double		upper = at_most(fit, pair->best);
		double		lower = at_least(fit, pair->second);
		double		moved;

		if (fit->fresh || fit->cluster[row] != pair->index)
			move_row(fit, row, pair->index);
		moved = fit->moved_own[pair->index] + fit->moved_other[pair->index];
		fit->bounds[row] = round_down(lower - upper + moved, lower + upper + moved);
	}
}

/*
 * List up to BATCH rows before "end" that may have come nearer to another
 * centre, from fit->next on.
 */
static uint32_t
pick_rows(KmeansFit *fit, uint32_t end)
{
	const float *restrict bounds = fit->bounds;
	const float *restrict limit = fit->limit;
	const uint16_t *restrict cluster = fit->cluster;
	uint32_t   *restrict list = fit->list;
	uint32_t	row = fit->next;
	uint32_t	n = 0;

	if (fit->fresh)
	{
		while (row < end && n < BATCH)
			list[n++] = row++;
	}
	else
	{
		for (; row < end && n < BATCH; row++)
		{
			list[n] = row;
			n += !(bounds[row] > limit[cluster[row]]);
		}
	}
	fit->next = row;
	return n;
}

/* Each row to the nearest centre, from fit->next on, when there is one group. */
static void
assign_rows(KmeansFit *fit, uint32_t end)
{
	while (fit->next < end)
		assign_list(fit, pick_rows(fit, end));
}

/*
 * The bounds of a row as they are now, into place i of the batch; whether it
 * may have come nearer to another centre.
 */
static inline bool
load_bounds(KmeansFit *fit, uint32_t row, uint32_t i)
{
	const float *bounds = fit->bounds + (size_t) row * (1 + fit->ngroups);
	double	   *lower = fit->bounds_now + (size_t) i * fit->ngroups;
	double		upper = bounds[0] + fit->moved_own[fit->cluster[row]];
	bool		near = false;

	fit->upper_now[i] = upper;
	for (uint32_t g = 0; g < fit->ngroups; g++)
	{
		lower[g] = bounds[1 + g] - fit->moved_group[g];
		near |= !(lower[g] > upper);
	}
	return near;
}

static void
store_bounds(KmeansFit *fit, uint32_t row, uint32_t i)
{
	float	   *bounds = fit->bounds + (size_t) row * (1 + fit->ngroups);
	const double *lower = fit->bounds_now + (size_t) i * fit->ngroups;
	double		moved = fit->moved_own[fit->cluster[row]];

	bounds[0] = round_up(fit->upper_now[i] - moved, fit->upper_now[i] + moved);
	for (uint32_t g = 0; g < fit->ngroups; g++)
		bounds[1 + g] = round_down(lower[g] + fit->moved_group[g], fabs(lower[g]) + fit->moved_group[g]);
}

/* A centre is the nearest no more: its group has one at that distance. */
static inline void
leave_center(KmeansFit *fit, uint32_t i, const KmeansPair *found)
{
	if (found->index != NO_CLUSTER)
	{
		double	   *bound = &fit->bounds_now[(size_t) i * fit->ngroups + group_of(fit, found->index)];

		*bound = fmin(*bound, at_least(fit, found->best));
	}
}

/*
 * Search group g for the rows of the batch that may be nearer to one of it.
 *
 * fit->found[i] is the nearest centre so far and its distance, not a second one.
 * The group's lower bound becomes that of all its centres but the nearest so far.
 */
static void
search_group(KmeansFit *fit, uint32_t g, uint32_t n)
{
	uint32_t	first_block = g * fit->group_blocks;
	uint32_t	end_block = first_block + fit->group_blocks;
	uint32_t	m = 0;

	if (end_block > la_kmeans_nblocks(fit->k))
		end_block = la_kmeans_nblocks(fit->k);
	for (uint32_t i = 0; i < n; i++)
	{
		fit->sub[m] = i;
		fit->sublist[m] = fit->list[i];
		m += !(fit->bounds_now[(size_t) i * fit->ngroups + g] > fit->upper_now[i]);
	}
	fit->search.pairs(&fit->search, fit->sublist, m, first_block, end_block, fit->pairs);
	for (uint32_t s = 0; s < m; s++)
	{
		uint32_t	i = fit->sub[s];
		const KmeansPair *pair = &fit->pairs[s];
		KmeansPair *found = &fit->found[i];
		double	   *bound = &fit->bounds_now[(size_t) i * fit->ngroups + g];

		if (pair->index == found->index)
			*bound = at_least(fit, pair->second);
		else if (pair->best < found->best || (pair->best == found->best && pair->index < found->index))
		{
			/* the one that was nearest may be of this group, too */
			*bound = at_least(fit, pair->second);
			if (found->index != NO_CLUSTER && group_of(fit, found->index) != g)
				leave_center(fit, i, found);
			*found = *pair;
			fit->upper_now[i] = at_most(fit, pair->best);
		}
		else
			*bound = at_least(fit, pair->best);
	}
}

/* The same for several groups: only those that may hold a nearer one. */
static void
assign_list_by_group(KmeansFit *fit, uint32_t n)
{
	for (uint32_t g = 0; g < fit->ngroups; g++)
		search_group(fit, g, n);
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	row = fit->list[i];

		if (fit->fresh || fit->cluster[row] != fit->found[i].index)
			move_row(fit, row, fit->found[i].index);
		store_bounds(fit, row, i);
	}
}

/* Nothing is known of a row: every group is searched. */
static void
load_nothing(KmeansFit *fit, uint32_t i)
{
	fit->found[i] = (KmeansPair) {INFINITY, INFINITY, NO_CLUSTER};
	fit->upper_now[i] = INFINITY;
	for (uint32_t g = 0; g < fit->ngroups; g++)
		fit->bounds_now[(size_t) i * fit->ngroups + g] = 0;
}

/* The distance of a row to its own centre makes the upper bound exact. */
static bool
tighten(KmeansFit *fit, uint32_t row, uint32_t i)
{
	uint32_t	own = fit->cluster[row];
	const double *lower = fit->bounds_now + (size_t) i * fit->ngroups;
	double		square = la_kmeans_square(la_kmeans_row(fit->rows, row), fit->centers + (size_t) own * fit->p, fit->p);
	bool		near = false;

	fit->found[i] = (KmeansPair) {square, INFINITY, own};
	fit->upper_now[i] = at_most(fit, square);
	for (uint32_t g = 0; g < fit->ngroups; g++)
		near |= !(lower[g] > fit->upper_now[i]);
	return near;
}

static void
assign_rows_by_group(KmeansFit *fit, uint32_t end)
{
	uint32_t	n = 0;

	for (uint32_t row = fit->next; row < end; row++)
	{
		if (fit->fresh)
			load_nothing(fit, n);
		else if (!load_bounds(fit, row, n))
			continue;
		else if (!tighten(fit, row, n))
		{
			store_bounds(fit, row, n);
			continue;
		}
		fit->list[n++] = row;
		if (n == BATCH)
		{
			assign_list_by_group(fit, n);
			n = 0;
		}
	}
	assign_list_by_group(fit, n);
	fit->next = end;
}

/* --- Lloyd's algorithm ------------------------------------------------------- */

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
	fit->group_blocks = blocks_per_group(fit->k);
	fit->ngroups = groups_for(fit->k);
	fit->sums.k = fit->k;
	la_kmeans_sums_clear(&fit->sums);
	clear_totals(fit);
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
	add_to_totals(fit);
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

/* Have a row looked at in the next assignment. */
static void
forget_bounds(KmeansFit *fit, uint32_t row)
{
	float	   *bounds = fit->bounds + (size_t) row * (1 + fit->ngroups);

	if (fit->ngroups == 1)
	{
		fit->bounds[row] = -1e30f;
		return;
	}
	bounds[0] = 1e30f;
	for (uint32_t g = 0; g < fit->ngroups; g++)
		bounds[1 + g] = -1e30f;
}

static void
end_farthest(KmeansFit *fit)
{
	bool		fresh = fit->fresh;

	/* nothing lies off its centre: the empty ones stay so */
	if (fit->farthest == 0)
	{
		move_centers(fit);
		return;
	}
	fit->fresh = false;
	move_row(fit, fit->farthest_row, find_empty(fit));
	fit->fresh = fresh;
	forget_bounds(fit, fit->farthest_row);
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
		choose_first(fit);
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
	begin_restart(fit);
	choose_first(fit);
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
			seed_rows(fit, end);
			if (end == n)
				end_seed_pass(fit);
			break;
		case FIT_ASSIGN:
			if (fit->ngroups == 1)
				assign_rows(fit, end);
			else
				assign_rows_by_group(fit, end);
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
