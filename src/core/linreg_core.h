/*
 * linreg_core.h
 *		Least squares: the condensed rows, and how they grow and merge.
 */
#ifndef LA_LINREG_CORE_H
#define LA_LINREG_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dd.h"
#include "result.h"

#define LA_LINREG_FORMAT 1

/* the state of so many features takes 8 MB */
#define LA_LINREG_MAX_FEATURES 1000

/* counts are exact as doubles: 2^53 */
#define LA_LINREG_MAX_ROWS INT64_C(9007199254740992)

/* moments stay below the limit from which dd.h cannot multiply, 2^996 */
#define LA_LINREG_MAX_MOMENT 0x1p990

/* flags of a state */
#define LA_LINREG_ORIGIN	1	/* through the origin: there is no intercept */
#define LA_LINREG_WEIGHTED	2	/* the rows came with weights */
#define LA_LINREG_FLAGS		3

/*
 * In memory a state may have room behind "values" for rows that wait to be
 * counted.  Their number is in the bits of the flags from LA_LINREG_WAITING on.
 * With GROUP BY each row is that of another state: adding it then, and not with
 * the next ones, would take as long as the memory of all sums.
 */
#define LA_LINREG_ROOM		4
#define LA_LINREG_WAITING	3

/* the sums of fewer are in a few lines of the cache */
#define LA_LINREG_MIN_ROOM_FEATURES 4

/* of up to so many bytes, palloc takes a power of two */
#define LA_LINREG_LARGE		8192

/*----------
 * The model and the state of its fit: a flat value of type linreg.
 *
 * With q = p + 1 columns (the features, then y) and t = q (q + 1) / 2 pairs,
 * "values" holds
 *		pivot[q]			the first row counted, or a better one (linreg_core.c);
 *							0 without an intercept
 *		sum_hi[q], sum_lo[q]	sums of w d_i, where d_i = column i - pivot i
 *		prod_hi[t], prod_lo[t]	sums of w d_i d_j, upper triangle by rows
 * and w is the weight of a row, 1 if there are none.  p is 0 until a row shows
 * how many features there are; until a row counts, all of "values" is 0.
 *----------
 */
typedef struct LinregState
{
	int32_t		vl_len_;		/* varlena header; the core leaves it alone */
	uint8_t		format;			/* LA_LINREG_FORMAT */
	uint8_t		flags;
	uint16_t	p;				/* features */
	int64_t		n;				/* rows counted */
	int64_t		skipped;		/* rows left out because a feature was NULL */
	/* with weights, else 0: their sum and the sum of their logarithms */
	double		weight_hi;
	double		weight_lo;
	double		log_hi;
	double		log_lo;
	double		values[];
} LinregState;

static inline size_t
la_linreg_pairs(size_t q)
{
	return q * (q + 1) / 2;
}

static inline size_t
la_linreg_nvalues(size_t p)
{
	return 3 * (p + 1) + 2 * la_linreg_pairs(p + 1);
}

static inline size_t
la_linreg_size(size_t p)
{
	return offsetof(LinregState, values) + la_linreg_nvalues(p) * sizeof(double);
}

/*
 * Doubles in the room behind a state of p features: of four to sixteen rows with
 * y and a weight, as many as there is memory for that is allocated anyway.
 */
static inline size_t
la_linreg_room_size(size_t p)
{
	size_t		size = la_linreg_size(p);
	size_t		least = 4 * (p + 2);
	size_t		whole = 512;

	if (p < LA_LINREG_MIN_ROOM_FEATURES)
		return 0;
	while (whole < size + least * sizeof(double) && whole < LA_LINREG_LARGE)
		whole *= 2;
	if (whole < size + least * sizeof(double))
		return 2 * least;
	whole = (whole - size) / sizeof(double);
	return whole < 4 * least ? whole : 4 * least;
}

static inline size_t
la_linreg_room(const LinregState *state)
{
	return state->flags & LA_LINREG_ROOM ? la_linreg_room_size(state->p) : 0;
}

extern void la_linreg_init(LinregState *state, int p, int flags);
extern LaResult la_linreg_add(LinregState *state, double y, const double *x);
extern LaResult la_linreg_add_weighted(LinregState *state, double y, const double *x, double weight);
extern bool la_linreg_waiting_fit(const LinregState *state);
extern LaResult la_linreg_defer(LinregState *state, double y, const double *x, double weight);
extern LaResult la_linreg_flush(LinregState *state);
extern LaResult la_linreg_skip(LinregState *state);
extern LaResult la_linreg_merge(LinregState *state, const LinregState *other);
extern LaResult la_linreg_check(const LinregState *state);

extern DD	la_linreg_weight(const LinregState *state);
extern double la_linreg_pivot(const LinregState *state, int column);
extern DD	la_linreg_sum(const LinregState *state, int column);
extern DD	la_linreg_product(const LinregState *state, int i, int j);

#endif							/* LA_LINREG_CORE_H */
