/*
 * kmeans_assign.c
 *		k-means: every row to its nearest centre, without most of the distances.
 *
 *----------
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
 * Sources: Hamerly, Making k-means even faster, SDM 2010 (one group); Ding et
 * al., Yinyang K-Means, ICML 2015 (several).
 *----------
 */
#include "kmeans_state.h"

#include <math.h>

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

/*
 * la_kmeans_begin_bounds
 *		Nothing is known of any row, and nothing has moved.
 */
void
la_kmeans_begin_bounds(KmeansFit *fit)
{
	fit->group_blocks = (la_kmeans_nblocks(fit->k) + MAX_GROUPS - 1) / MAX_GROUPS;
	fit->ngroups = (la_kmeans_nblocks(fit->k) + fit->group_blocks - 1) / fit->group_blocks;
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
 * la_kmeans_move_bounds
 *		Every centre is about to become the mean of its rows.
 *
 * Two of the centres that moved most are enough to know the most that another
 * one did.
 */
void
la_kmeans_move_bounds(KmeansFit *fit)
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
assign_rows_at_once(KmeansFit *fit, uint32_t end)
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

/*
 * la_kmeans_move_row
 *		Put a row into another cluster, and have it looked at in the next
 *		assignment.
 */
void
la_kmeans_move_row(KmeansFit *fit, uint32_t row, uint32_t to)
{
	bool		fresh = fit->fresh;

	fit->fresh = false;
	move_row(fit, row, to);
	fit->fresh = fresh;
	forget_bounds(fit, row);
}

/*
 * la_kmeans_assign_rows
 *		The rows before "end" to their nearest centres.
 */
void
la_kmeans_assign_rows(KmeansFit *fit, uint32_t end)
{
	if (fit->ngroups == 1)
		assign_rows_at_once(fit, end);
	else
		assign_rows_by_group(fit, end);
}
