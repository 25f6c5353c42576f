/*
 * linreg_core.c
 *		Least squares: accumulate and merge.
 *
 *----------
 * The rows are condensed to sums of d_i and d_i d_j, where d is the difference
 * of a row from the first one, the pivot.  Every difference, product and sum is
 * held in double-double (dd.h), so this is not the textbook
 * sum(x*x) - n*mean*mean, which loses every digit that the offset of the data
 * takes:
 *
 * - The pivot is taken from rows of the data, hence sum (x - pivot)^2, which is
 *   sum (x - mean)^2 + n (mean - pivot)^2, is at most n + 1 times the centred
 *   sum: the term of the pivot itself is in it.  Centring at the end cancels
 *   at most log2(n + 1) bits, and that many only if the pivot is an outlier.
 *   It is given up for a better one where it costs 6 bits, whether rows are
 *   added or states merged, so that it does not matter which row is the first.
 * - Of the 106 bits carried, n additions lose log2(n) in the worst case.
 *
 * What remains exceeds the 53 bits of the data by far, and leaves the normal
 * equations, whose condition is the square of the data's, as accurate as an
 * orthogonal decomposition in double.  Unlike centred updating (Chan, Golub &
 * LeVeque 1982) a row needs no division and no running mean, and a merge is
 * exact but for the rounding of the 106th bit.
 *
 * A row of weight w adds w d_i d_j, that is (w d_i) d_j with w d_i rounded to
 * 106 bits.  A fit through the origin needs the products of the columns
 * themselves: its pivot is 0, and nothing is centred that could cancel.
 *
 * Differences below 1e-146 lose digits, since their squares underflow; beyond
 * 1e149 they are an overflow.
 *----------
 */
#include "linreg_core.h"

#include <stdbool.h>
#include <string.h>

#include "log_core.h"

/* a pivot is given up where the centred sum of squares is less than this share */
#define FAR_PIVOT (1.0 / 64)

/* doubles in the widest vector register that is made use of */
#define LANES 4

/* the processor sees by itself where reading on in more of them leads */
#define PREFETCH_VALUES 512

#if defined(__GNUC__) && defined(__x86_64__)
#define LA_HAVE_AVX2
#endif

#ifdef __GNUC__
#define LA_ALWAYS_INLINE inline __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address, 1)
#else
#define LA_ALWAYS_INLINE inline
#define PREFETCH(address) ((void) 0)
#endif

/* the parts of "values" */
typedef struct Parts
{
	double	   *pivot;
	double	   *sum_hi;
	double	   *sum_lo;
	double	   *prod_hi;
	double	   *prod_lo;
} Parts;

static inline Parts
get_parts(const LinregState *state)
{
	size_t		q = (size_t) state->p + 1;
	Parts		parts;

	parts.pivot = (double *) state->values;
	parts.sum_hi = parts.pivot + q;
	parts.sum_lo = parts.sum_hi + q;
	parts.prod_hi = parts.sum_lo + q;
	parts.prod_lo = parts.prod_hi + la_linreg_pairs(q);
	return parts;
}

/* place of row i, column i of the upper triangle by rows */
static inline size_t
diagonal_place(size_t i, size_t q)
{
	return i * q - (i * (i + 1)) / 2 + i;
}

/* Sum of the weights. */
DD
la_linreg_weight(const LinregState *state)
{
	if (state->flags & LA_LINREG_WEIGHTED)
		return dd_make(state->weight_hi, state->weight_lo);
	return dd_make((double) state->n, 0);
}

double
la_linreg_pivot(const LinregState *state, int column)
{
	return state->values[column];
}

DD
la_linreg_sum(const LinregState *state, int column)
{
	Parts		parts = get_parts(state);

	return dd_make(parts.sum_hi[column], parts.sum_lo[column]);
}

/* Sum of d_i d_j, for i <= j. */
DD
la_linreg_product(const LinregState *state, int i, int j)
{
	Parts		parts = get_parts(state);
	size_t		place = diagonal_place((size_t) i, (size_t) state->p + 1) + (size_t) (j - i);

	return dd_make(parts.prod_hi[place], parts.prod_lo[place]);
}

/*
 * la_linreg_init
 *		An empty state of p features in la_linreg_size(p) bytes.
 */
void
la_linreg_init(LinregState *state, int p, int flags)
{
	state->format = LA_LINREG_FORMAT;
	state->flags = (uint8_t) flags;
	state->p = (uint16_t) p;
	state->n = 0;
	state->skipped = 0;
	state->weight_hi = state->weight_lo = 0;
	state->log_hi = state->log_lo = 0;
	memset(state->values, 0, la_linreg_nvalues((size_t) p) * sizeof(double));
}

/*
 * Whether the sums of squares are finite and small enough for the solver.
 * They bound the other products.
 */
static inline bool
moments_in_range(const double *prod_hi, size_t q)
{
	size_t		place = 0;

	for (size_t i = 0; i < q; place += q - i, i++)
	{
		if (!(prod_hi[place] < LA_LINREG_MAX_MOMENT))
			return false;
	}
	return true;
}

/*
 * (hi, lo) += (add_hi, add_lo), with an error of 2^-105 of what is added up.
 *
 * That suffices in a sum of squares and, by Cauchy and Schwarz, beside them;
 * dd_add, whose error is small against the result even when terms cancel,
 * would take nearly twice the time.
 */
static LA_ALWAYS_INLINE void
accumulate(double *hi, double *lo, double add_hi, double add_lo)
{
	DD			sum = dd_two_sum(*hi, add_hi);

	sum = dd_fast_two_sum(sum.hi, sum.lo + (*lo + add_lo));
	*hi = sum.hi;
	*lo = sum.lo;
}

/*
 * Add first * d_j for one i and "count" columns j >= i, where "first" is d_i
 * or, weighted, w d_i.  The arrays begin at i.  Plain arrays of doubles, and
 * halves cut beforehand, let the compiler use vector registers.
 */
static LA_ALWAYS_INLINE void
add_products(double *restrict prod_hi, double *restrict prod_lo, size_t count, DD first,
			 const double *restrict hi, const double *restrict lo,
			 const double *restrict upper, const double *restrict lower)
{
	double		upper0 = dd_upper_half(first.hi);
	double		lower0 = first.hi - upper0;

	for (size_t j = 0; j < count; j++)
	{
		double		product = first.hi * hi[j];
		double		error = ((upper0 * upper[j] - product) +
							 upper0 * lower[j] + lower0 * upper[j]) + lower0 * lower[j];

		error += first.hi * lo[j] + first.lo * hi[j];
		accumulate(&prod_hi[j], &prod_lo[j], product, error);
	}
}

/*
 * Columns to add in row i of the triangle: those that are left, rounded up to
 * whole vectors of LANES.  What is too much has 0 to add, and falls on the
 * sums of the next row: an accumulated 0 leaves them as they are.  The last
 * rows have no next one.
 */
static inline size_t
whole_vectors(size_t i, size_t q)
{
	size_t		count = q - i;

	return count < LANES ? count : (count + LANES - 1) / LANES * LANES;
}

/* Add a row of q columns; "work" has room for 4 (q + LANES) doubles. */
static LA_ALWAYS_INLINE void
add_columns(Parts parts, double y, const double *x, double weight, size_t q, double *work)
{
	size_t		stride = q + LANES;
	double	   *hi = work;
	double	   *lo = hi + stride;
	double	   *upper = lo + stride;
	double	   *lower = upper + stride;

	for (size_t i = 0; i < q; i++)
	{
		DD			d = dd_two_diff(i + 1 < q ? x[i] : y, parts.pivot[i]);

		hi[i] = d.hi;
		lo[i] = d.lo;
		upper[i] = dd_upper_half(d.hi);
		lower[i] = d.hi - upper[i];
	}
	for (size_t i = q; i < stride; i++)
		hi[i] = lo[i] = upper[i] = lower[i] = 0;
	/* every second row, then the others: a row must not wait for what the one
	 * before it has just written to its first sums */
	for (size_t parity = 0; parity < 2; parity++)
	{
		for (size_t i = parity; i < q; i += 2)
		{
			size_t		place = diagonal_place(i, q);
			DD			first = dd_make(hi[i], lo[i]);

			if (weight != 1)
				first = dd_scale(first, weight);
			accumulate(&parts.sum_hi[i], &parts.sum_lo[i], first.hi, first.lo);
			add_products(parts.prod_hi + place, parts.prod_lo + place, whole_vectors(i, q), first,
						 hi + i, lo + i, upper + i, lower + i);
		}
	}
}

#ifdef LA_HAVE_AVX2
/* the same with wider registers, to the same bits: nothing in it is fused */
__attribute__((target("avx2"))) static void
add_columns_avx2(Parts parts, double y, const double *x, double weight, size_t q, double *work)
{
	add_columns(parts, y, x, weight, q, work);
}
#endif

static inline LaResult
add_row(LinregState *state, double y, const double *x, double weight, double *work)
{
	Parts		parts = get_parts(state);
	size_t		q = (size_t) state->p + 1;

	/* with a constant number of columns the loops unroll */
	if (q == 2)
		add_columns(parts, y, x, weight, 2, work);
#ifdef LA_HAVE_AVX2
	else if (__builtin_cpu_supports("avx2"))
		add_columns_avx2(parts, y, x, weight, q, work);
#endif
	else
		add_columns(parts, y, x, weight, q, work);
	return moments_in_range(parts.prod_hi, q) ? LA_OK : LA_OVERFLOW;
}

/* adding 0 turns -0, which JSON does not keep, to 0 */
static void
set_pivot(LinregState *state, double y, const double *x)
{
	for (int i = 0; i < state->p; i++)
		state->values[i] = x[i] + 0.0;
	state->values[state->p] = y + 0.0;
}

static inline void
store(double *hi, double *lo, DD value)
{
	*hi = value.hi;
	*lo = value.lo;
}

/*----------
 * Make "pivot" that of column i.
 *
 * With s the shift from the old one to the new, exact in double-double,
 *		sum w (d_i + s) = T_i + W s
 *		sum w (d_i + s) d_j = P_ij + s T_j
 *		sum w (d_i + s)^2 = P_ii + s (2 T_i + W s)
 *----------
 */
static void
move_pivot(LinregState *state, size_t i, double pivot)
{
	Parts		parts = get_parts(state);
	size_t		q = (size_t) state->p + 1;
	DD			shift = dd_two_diff(parts.pivot[i], pivot);
	DD			old_sum = dd_make(parts.sum_hi[i], parts.sum_lo[i]);
	DD			sum = dd_add(old_sum, dd_mul(shift, la_linreg_weight(state)));

	for (size_t j = 0; j < q; j++)
	{
		size_t		place = diagonal_place(i < j ? i : j, q) + (i < j ? j - i : i - j);
		DD			other = j == i ? dd_add(old_sum, sum) : dd_make(parts.sum_hi[j], parts.sum_lo[j]);
		DD			product = dd_make(parts.prod_hi[place], parts.prod_lo[place]);

		store(&parts.prod_hi[place], &parts.prod_lo[place], dd_add(product, dd_mul(shift, other)));
	}
	store(&parts.sum_hi[i], &parts.sum_lo[i], sum);
	parts.pivot[i] = pivot;
}

/*
 * Exchange a pivot for the value of the newest row where nearly all of the sum
 * of squares comes from its distance to the mean, and that value is nearer.
 */
static void
improve_pivots(LinregState *state, double y, const double *x)
{
	Parts		parts = get_parts(state);
	size_t		q = (size_t) state->p + 1;
	double		total = la_linreg_weight(state).hi;
	size_t		place = 0;

	for (size_t i = 0; i < q; place += q - i, i++)
	{
		double		mean = parts.sum_hi[i] / total;
		double		value = i + 1 < q ? x[i] : y;

		if (total * mean * mean > parts.prod_hi[place] * (1 - FAR_PIVOT) &&
			fabs(value - parts.pivot[i] - mean) < fabs(mean) / 4)
			move_pivot(state, i, value + 0.0);
	}
}

static inline bool
is_power_of_two(int64_t n)
{
	return (n & (n - 1)) == 0;
}

/* Count a row of a weight above 0. */
static inline LaResult
count_row(LinregState *state, double y, const double *x, double weight)
{
	double		work[4 * (LA_LINREG_MAX_FEATURES + 1 + LANES)];
	bool		centred = !(state->flags & LA_LINREG_ORIGIN);
	LaResult	result;

	if (state->n + state->skipped >= LA_LINREG_MAX_ROWS)
		return LA_TOO_LARGE;
	/* the first row differs from itself by nothing */
	if (state->n++ == 0 && centred)
	{
		set_pivot(state, y, x);
		return LA_OK;
	}
	result = add_row(state, y, x, weight, work);
	if (centred && is_power_of_two(state->n) && result == LA_OK)
		improve_pivots(state, y, x);
	return result;
}

/*
 * la_linreg_add
 *		Count a row: y and the p features x, all finite.
 *
 * Returns LA_OVERFLOW if a sum of squares passes the limit, LA_TOO_LARGE after
 * LA_LINREG_MAX_ROWS; the state is of no use then.  Of a weighted state the
 * row weighs 1.
 */
LaResult
la_linreg_add(LinregState *state, double y, const double *x)
{
	if (state->flags & LA_LINREG_WEIGHTED)
		return la_linreg_add_weighted(state, y, x, 1);
	return count_row(state, y, x, 1);
}

/* Make a state one whose rows came with weights: 1 each so far. */
static void
make_weighted(LinregState *state)
{
	if (state->flags & LA_LINREG_WEIGHTED)
		return;
	state->weight_hi = (double) state->n;
	state->flags |= LA_LINREG_WEIGHTED;
}

/*
 * la_linreg_add_weighted
 *		The same with a weight, which is finite and above 0.
 */
LaResult
la_linreg_add_weighted(LinregState *state, double y, const double *x, double weight)
{
	make_weighted(state);
	accumulate(&state->weight_hi, &state->weight_lo, weight, 0);
	if (weight != 1)
		accumulate(&state->log_hi, &state->log_lo, la_log(weight), 0);
	if (!(state->weight_hi < LA_LINREG_MAX_MOMENT))
		return LA_OVERFLOW;
	return count_row(state, y, x, weight);
}

/* --- rows that wait --------------------------------------------------------- */

/* doubles of a row that waits: x, y and, with weights, the weight */
static inline size_t
waiting_length(const LinregState *state)
{
	return (size_t) state->p + (state->flags & LA_LINREG_WEIGHTED ? 2 : 1);
}

/*
 * la_linreg_waiting_fit
 *		Whether the rows that wait, by the flags, have room.
 */
bool
la_linreg_waiting_fit(const LinregState *state)
{
	return (size_t) (state->flags >> LA_LINREG_WAITING) * waiting_length(state) <= la_linreg_room(state);
}

/*
 * la_linreg_defer
 *		Count a row, now or, where the state has room for it to wait, later.
 *
 * The row is that of la_linreg_add_weighted, or weighs 1 and is that of
 * la_linreg_add.  The result may be that of rows that were deferred before.
 */
LaResult
la_linreg_defer(LinregState *state, double y, const double *x, double weight)
{
	bool		weighted = (state->flags & LA_LINREG_WEIGHTED) != 0;
	size_t		length = waiting_length(state);
	size_t		used = (size_t) (state->flags >> LA_LINREG_WAITING) * length;
	size_t		room = weighted || weight == 1 ? la_linreg_room(state) : 0;
	double	   *row;

	if (used + length > room)
	{
		LaResult	result = la_linreg_flush(state);

		if (result != LA_OK)
			return result;
		if (length > room)
			return weight == 1 ? la_linreg_add(state, y, x) : la_linreg_add_weighted(state, y, x, weight);
		used = 0;
	}
	row = state->values + la_linreg_nvalues(state->p) + used;
	memcpy(row, x, state->p * sizeof(double));
	row[state->p] = y;
	if (weighted)
		row[state->p + 1] = weight;
	state->flags += 1 << LA_LINREG_WAITING;
	return LA_OK;
}

/* Ask for the memory of the sums at once: of one state out of many it is in no cache. */
static inline void
prefetch_values(const LinregState *state)
{
	size_t		count = la_linreg_nvalues(state->p);

	for (size_t i = 0; i < count && i < PREFETCH_VALUES; i += 8)
		PREFETCH(state->values + i);
}

/*
 * la_linreg_flush
 *		Count the rows that wait; results as of la_linreg_add.
 *
 * The bits of the state are those it has if no row ever waits.
 */
LaResult
la_linreg_flush(LinregState *state)
{
	const double *row = state->values + la_linreg_nvalues(state->p);
	LaResult	result = LA_OK;
	int			waiting = state->flags >> LA_LINREG_WAITING;

	state->flags &= (1 << LA_LINREG_WAITING) - 1;
	prefetch_values(state);
	for (int i = 0; i < waiting && result == LA_OK; i++)
	{
		if (state->flags & LA_LINREG_WEIGHTED)
			result = la_linreg_add_weighted(state, row[state->p], row, row[state->p + 1]);
		else
			result = la_linreg_add(state, row[state->p], row);
		row += waiting_length(state);
	}
	return result;
}

/*
 * la_linreg_skip
 *		Count a row as left out.
 */
LaResult
la_linreg_skip(LinregState *state)
{
	if (state->n + state->skipped >= LA_LINREG_MAX_ROWS)
		return LA_TOO_LARGE;
	state->skipped++;
	return LA_OK;
}

/*----------
 * Add the moments of "other" about the pivot of "state".
 *
 * With s the shift from one pivot to the other, exact in double-double,
 *		sum w (d_i + s_i) = T_i + W s_i
 *		sum w (d_i + s_i)(d_j + s_j) = P_ij + s_i T_j + s_j (T_i + W s_i)
 *----------
 */
static void
add_recentred(Parts to, Parts from, size_t q, DD weight)
{
	size_t		place = 0;

	for (size_t i = 0; i < q; i++)
	{
		DD			shift_i = dd_two_diff(from.pivot[i], to.pivot[i]);
		DD			sum_i = dd_add(dd_make(from.sum_hi[i], from.sum_lo[i]), dd_mul(shift_i, weight));

		for (size_t j = i; j < q; j++, place++)
		{
			DD			shift_j = dd_two_diff(from.pivot[j], to.pivot[j]);
			DD			sum_j = dd_make(from.sum_hi[j], from.sum_lo[j]);
			DD			product = dd_make(from.prod_hi[place], from.prod_lo[place]);

			product = dd_add(product, dd_add(dd_mul(shift_i, sum_j), dd_mul(shift_j, sum_i)));
			product = dd_add(product, dd_make(to.prod_hi[place], to.prod_lo[place]));
			store(&to.prod_hi[place], &to.prod_lo[place], product);
		}
		sum_i = dd_add(sum_i, dd_make(to.sum_hi[i], to.sum_lo[i]));
		store(&to.sum_hi[i], &to.sum_lo[i], sum_i);
	}
}

/* sum of w (d_i + shift)^2 */
static double
shifted_square(const LinregState *state, size_t i, double shift)
{
	Parts		parts = get_parts(state);

	return parts.prod_hi[diagonal_place(i, (size_t) state->p + 1)] +
		shift * (2 * parts.sum_hi[i] + la_linreg_weight(state).hi * shift);
}

/*
 * Exchange a pivot of "state" for that of "other" where the sum of squares of
 * both is smaller by far about the latter.
 */
static void
choose_pivots(LinregState *state, const LinregState *other)
{
	for (size_t i = 0; i <= state->p; i++)
	{
		double		shift = other->values[i] - state->values[i];
		double		kept = shifted_square(state, i, 0) + shifted_square(other, i, shift);
		double		moved = shifted_square(state, i, -shift) + shifted_square(other, i, 0);

		if (moved < FAR_PIVOT * kept)
			move_pivot(state, i, other->values[i]);
	}
}

/* Are "count" pairs within the limit, the second part no larger than the first? */
static bool
pairs_valid(const double *hi, const double *lo, size_t count, bool all_zero)
{
	for (size_t i = 0; i < count; i++)
	{
		if (!(fabs(hi[i]) < LA_LINREG_MAX_MOMENT) || !(fabs(lo[i]) <= fabs(hi[i])))
			return false;
		if (all_zero && hi[i] != 0)
			return false;
	}
	return true;
}

/* Without weights nothing is summed up, and with them something is. */
static bool
weights_valid(const LinregState *state)
{
	bool		some = (state->flags & LA_LINREG_WEIGHTED) && state->n > 0;

	if (!pairs_valid(&state->weight_hi, &state->weight_lo, 1, !some) ||
		!pairs_valid(&state->log_hi, &state->log_lo, 1, !some))
		return false;
	/* logarithms of doubles lie between -745 and 710 */
	return !some || (state->weight_hi > 0 && fabs(state->log_hi) <= 746 * (double) state->n);
}

/* Is every pivot a number, and 0 where it has to be? */
static bool
pivots_valid(const LinregState *state)
{
	bool		all_zero = state->n == 0 || (state->flags & LA_LINREG_ORIGIN);

	for (size_t i = 0; i <= state->p; i++)
	{
		if (!(fabs(state->values[i]) <= DBL_MAX) || (all_zero && state->values[i] != 0))
			return false;
	}
	return true;
}

/*
 * la_linreg_check
 *		LA_MALFORMED unless the state could be that of some rows: for values
 *		that come from outside.
 *
 * The size is already known to be that of p.  Whether the matrix of products
 * is positive semidefinite is left to the solver, which takes a column that
 * contradicts it as dependent.
 */
LaResult
la_linreg_check(const LinregState *state)
{
	size_t		q = (size_t) state->p + 1;
	Parts		parts = get_parts(state);
	bool		nothing;
	size_t		place = 0;

	if (state->format != LA_LINREG_FORMAT || state->flags > LA_LINREG_FLAGS ||
		state->p > LA_LINREG_MAX_FEATURES ||
		state->n < 0 || state->n > LA_LINREG_MAX_ROWS ||
		state->skipped < 0 || state->skipped > LA_LINREG_MAX_ROWS - state->n ||
		(state->p == 0 && state->n > 0))
		return LA_MALFORMED;
	/* a single row is its own pivot */
	nothing = state->n == 0 || (state->n == 1 && !(state->flags & LA_LINREG_ORIGIN));
	if (!weights_valid(state) || !pivots_valid(state) ||
		!pairs_valid(parts.sum_hi, parts.sum_lo, q, nothing) ||
		!pairs_valid(parts.prod_hi, parts.prod_lo, la_linreg_pairs(q), nothing))
		return LA_MALFORMED;
	for (size_t i = 0; i < q; place += q - i, i++)
	{
		if (parts.prod_hi[place] < 0)
			return LA_MALFORMED;
	}
	return LA_OK;
}

/* The weights of both, if any row came with one. */
static LaResult
merge_weights(LinregState *state, const LinregState *other)
{
	DD			weight = la_linreg_weight(other);
	DD			logs = dd_make(other->log_hi, other->log_lo);

	if (!((state->flags | other->flags) & LA_LINREG_WEIGHTED))
		return LA_OK;
	make_weighted(state);
	store(&state->weight_hi, &state->weight_lo, dd_add(la_linreg_weight(state), weight));
	store(&state->log_hi, &state->log_lo, dd_add(dd_make(state->log_hi, state->log_lo), logs));
	return state->weight_hi < LA_LINREG_MAX_MOMENT ? LA_OK : LA_OVERFLOW;
}

/*
 * la_linreg_merge
 *		Fold "other" into "state" as if other's rows had been added one by one.
 *
 * Either side may be empty; "other" is unchanged.  The numbers of features are
 * equal, or that of "other" is 0; both have an intercept, or none has.  Returns LA_OVERFLOW if a sum of squares
 * passes the limit, LA_TOO_LARGE beyond LA_LINREG_MAX_ROWS, LA_MALFORMED if
 * the states are no rows' to begin with.
 */
LaResult
la_linreg_merge(LinregState *state, const LinregState *other)
{
	size_t		q = (size_t) state->p + 1;
	Parts		parts = get_parts(state);

	if (state->n + state->skipped > LA_LINREG_MAX_ROWS - other->n - other->skipped)
		return LA_TOO_LARGE;
	state->skipped += other->skipped;
	if (other->n == 0)
		return LA_OK;
	if (merge_weights(state, other) != LA_OK)
		return LA_OVERFLOW;
	if (state->n == 0)
	{
		state->n = other->n;
		memcpy(state->values, other->values, la_linreg_nvalues(state->p) * sizeof(double));
		return LA_OK;
	}
	if (!(state->flags & LA_LINREG_ORIGIN))
		choose_pivots(state, other);
	state->n += other->n;
	add_recentred(parts, get_parts(other), q, la_linreg_weight(other));
	if (!moments_in_range(parts.prod_hi, q))
		return LA_OVERFLOW;
	return la_linreg_check(state);
}
