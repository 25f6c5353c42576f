/*
 * logreg_pass.c
 *		Logistic regression: what is summed over the rows, which are standardised
 *		(logreg_columns.c).
 *
 *----------
 * Rows come in blocks that stay in the nearest cache while every pair of
 * columns is multiplied; sums over a block are doubles, sums of blocks are
 * double-double.  All loops go straight through columns.  Their order is fixed
 * and so are the halves of a vector, so the bits of a sum depend on the rows
 * alone.
 *
 * With eta_c the linear predictor of class c (0 for the reference), t_c =
 * exp(eta_c - max eta) and s the sum of the t, class c has probability t_c / s.
 * What is 1 less a probability is summed from the other t and not subtracted:
 * near separation these are tiny, and decide.
 *----------
 */
#include "logreg_fit.h"

#include <string.h>

#include "exp_core.h"
#include "log_core.h"
#include "vector.h"

/* a pair of classes is separated by a direction if it exceeds rounding by this */
#define DIRECTION_SLACK 1e-9

/* the rounding of a direction, which is made of vectors of length 1 */
#define LEAST_SLACK 1e-14

/* multiplications of a block: a few milliseconds */
#define BLOCK_WORK (1 << 23)
#define BLOCK_ROWS 256
#define LEAST_BLOCK_ROWS 16

/* --- blocks --------------------------------------------------------------- */

/*
 * la_logreg_block_rows
 *		Rows of a block: as many as fit the nearest cache, and fewer where
 *		their products take too long between two looks at interrupts.
 */
int
la_logreg_block_rows(int p, int classes)
{
	int64_t		products = ((int64_t) p + 1) * (p + 2) / 2 * classes * (classes - 1) / 2;
	int			rows = BLOCK_ROWS;

	while (rows > LEAST_BLOCK_ROWS && rows * products > BLOCK_WORK)
		rows /= 2;
	return rows;
}

/* --- sums ----------------------------------------------------------------- */

/* the sums of products of z with four columns; n is a multiple of 4 */
static void
dot_four(const double *z, const double *x, size_t n, double *out)
{
	const double *x1 = x + n;
	const double *x2 = x1 + n;
	const double *x3 = x2 + n;
	V2			a0 = {0, 0};
	V2			a1 = a0;
	V2			a2 = a0;
	V2			a3 = a0;
	V2			b0 = a0;
	V2			b1 = a0;
	V2			b2 = a0;
	V2			b3 = a0;

	for (size_t i = 0; i < n; i += 4)
	{
		V2			low = v2_load(z + i);
		V2			high = v2_load(z + i + 2);

		a0 += low * v2_load(x + i);
		b0 += high * v2_load(x + i + 2);
		a1 += low * v2_load(x1 + i);
		b1 += high * v2_load(x1 + i + 2);
		a2 += low * v2_load(x2 + i);
		b2 += high * v2_load(x2 + i + 2);
		a3 += low * v2_load(x3 + i);
		b3 += high * v2_load(x3 + i + 2);
	}
	out[0] = v2_total(a0, b0);
	out[1] = v2_total(a1, b1);
	out[2] = v2_total(a2, b2);
	out[3] = v2_total(a3, b3);
}

/* Sum of a_i b_i, in a fixed order. */
double
la_logreg_dot(const double *a, const double *b, size_t n)
{
	V2			low = {0, 0};
	V2			high = {0, 0};
	size_t		i = 0;
	double		rest = 0;

	for (; i + 4 <= n; i += 4)
	{
		low += v2_load(a + i) * v2_load(b + i);
		high += v2_load(a + i + 2) * v2_load(b + i + 2);
	}
	for (; i < n; i++)
		rest += a[i] * b[i];
	return v2_total(low, high) + rest;
}

/* the sums of products of z with "count" columns */
static void
dot_columns(const double *z, const double *x, int count, size_t n, double *out)
{
	int			j = 0;

	for (; j + 4 <= count; j += 4)
		dot_four(z, x + (size_t) j * n, n, out + j);
	for (; j < count; j++)
		out[j] = la_logreg_dot(z, x + (size_t) j * n, n);
}

static void
add_to(double *hi, double *lo, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		DD			sum = dd_two_sum(hi[i], values[i]);

		hi[i] = sum.hi;
		lo[i] += sum.lo;
	}
}

/* Add the sums of w x_i x_j over a block: a triangle by rows. */
static void
add_products(LogregFit *fit, int pair, const double *w, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	double	   *hi = fit->gram_hi + (size_t) pair * fit->triangle;
	double	   *lo = fit->gram_lo + (size_t) pair * fit->triangle;

	fit->products[0] = v2_sum(w, n);
	dot_columns(w, block, fit->problem.p, n, fit->products + 1);
	add_to(hi, lo, fit->products, (size_t) fit->q);
	for (int i = 1; i < fit->q; i++)
	{
		const double *x = block + (size_t) (i - 1) * n;
		size_t		count = (size_t) (fit->q - i);

		hi += count + 1;
		lo += count + 1;
		for (size_t r = 0; r < n; r++)
			fit->z[r] = w[r] * x[r];
		dot_columns(fit->z, x, (int) count, n, fit->products);
		add_to(hi, lo, fit->products, count);
	}
}

static void
add_gradient(LogregFit *fit, int c, const double *residual, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	size_t		first = (size_t) (c * fit->q);

	fit->products[0] = v2_sum(residual, n);
	dot_columns(residual, block, fit->problem.p, n, fit->products + 1);
	add_to(fit->gradient_hi + first, fit->gradient_lo + first, fit->products, (size_t) fit->q);
}

/* --- linear predictors ---------------------------------------------------- */

static void
add_four(double *restrict eta, const double *restrict x, const double *restrict b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		eta[i] += (b[0] * x[i] + b[1] * x[n + i]) + (b[2] * x[2 * n + i] + b[3] * x[3 * n + i]);
}

static void
add_one(double *restrict eta, const double *restrict x, double b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		eta[i] += b * x[i];
}

/* eta = b[0] + sum of b[j] x_j for every row */
static void
predict_column(const double *b, const double *block, int p, size_t n, double *eta)
{
	int			j = 0;

	for (size_t i = 0; i < n; i++)
		eta[i] = b[0];
	for (; j + 4 <= p; j += 4)
		add_four(eta, block + (size_t) j * n, b + 1 + j, n);
	for (; j < p; j++)
		add_one(eta, block + (size_t) j * n, b[1 + j], n);
}

/* The linear predictors of all classes; that of the reference is 0. */
static void
predict(LogregFit *fit, const double *b, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;

	memset(fit->eta, 0, n * sizeof(double));
	for (int c = 0; c < fit->k; c++)
		predict_column(b + c * fit->q, block, fit->problem.p, n, fit->eta + (size_t) (c + 1) * n);
}

/* --- pairs of classes that are out ------------------------------------------ */

/*----------
 * What a direction does to row i: eta of every class, and what its terms are
 * in absolute values, which says how much of eta may be rounding.
 *----------
 */
static void
apply_direction(LogregFit *fit, const double *direction, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;

	predict(fit, direction, block);
	memset(fit->magnitude, 0, n * sizeof(double));
	for (int c = 0; c < fit->k; c++)
	{
		const double *b = direction + c * fit->q;
		double	   *magnitude = fit->magnitude + (size_t) (c + 1) * n;

		for (size_t i = 0; i < n; i++)
			magnitude[i] = fabs(b[0]);
		for (int j = 0; j < fit->problem.p; j++)
		{
			const double *x = block + (size_t) j * n;

			for (size_t i = 0; i < n; i++)
				magnitude[i] += fabs(b[1 + j] * x[i]);
		}
	}
}

/*
 * How far a direction takes row i from class c: 1 if it does, -1 if it brings
 * it nearer, 0 if neither exceeds rounding.
 */
static int
side_of(const LogregFit *fit, int actual, int c, size_t i)
{
	size_t		n = (size_t) fit->problem.block_rows;
	size_t		a = (size_t) actual * n + i;
	size_t		b = (size_t) c * n + i;
	double		away = fit->eta[a] - fit->eta[b];
	double		slack = DIRECTION_SLACK * (fit->magnitude[a] + fit->magnitude[b]) + LEAST_SLACK;

	return away > slack ? 1 : away < -slack ? -1 : 0;
}

/*
 * Which classes a row may still be of: 1, or 0 for one that a direction found
 * before takes it infinitely far from.
 */
static void
find_allowed(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;

	for (size_t i = 0; i < n * (size_t) fit->problem.classes; i++)
		fit->allowed[i] = 1;
	for (int f = 0; f < fit->nfaces; f++)
	{
		apply_direction(fit, fit->faces + (size_t) f * (size_t) fit->d, block);
		for (int c = 0; c < fit->problem.classes; c++)
		{
			for (size_t i = 0; i < n; i++)
			{
				if (c != (int) label[i] && side_of(fit, (int) label[i], c, i) > 0)
					fit->allowed[(size_t) c * n + i] = 0;
			}
		}
	}
}

static inline bool
is_open(const LogregFit *fit, const double *weight, int c, size_t i)
{
	return weight[i] > 0 &&
		(fit->nfaces == 0 || fit->allowed[(size_t) c * (size_t) fit->problem.block_rows + i] > 0);
}

static inline void
note_margin(LogregFit *fit, double margin)
{
	if (margin < fit->min_margin)
		fit->min_margin = margin;
}

/* --- likelihood ----------------------------------------------------------- */

/*
 * log(1 + t) for 0 <= t <= 1: 2 artanh(s) with s = t / (2 + t), at most 1/3.
 * The term after the last is below 1e-17.
 */
static inline V2
log1p_pair(V2 t)
{
	V2			s = t / (t + 2.0);
	V2			z = s * s;
	V2			sum = v2_both(1.0 / 35);

	sum = sum * z + 1.0 / 33;
	sum = sum * z + 1.0 / 31;
	sum = sum * z + 1.0 / 29;
	sum = sum * z + 1.0 / 27;
	sum = sum * z + 1.0 / 25;
	sum = sum * z + 1.0 / 23;
	sum = sum * z + 1.0 / 21;
	sum = sum * z + 1.0 / 19;
	sum = sum * z + 1.0 / 17;
	sum = sum * z + 1.0 / 15;
	sum = sum * z + 1.0 / 13;
	sum = sum * z + 1.0 / 11;
	sum = sum * z + 1.0 / 9;
	sum = sum * z + 1.0 / 7;
	sum = sum * z + 1.0 / 5;
	sum = sum * z + 1.0 / 3;
	return 2.0 * (s + s * (z * sum));
}

/*
 * From margins m (eta of the row's class, less that of the other) and t =
 * exp(-|m|): what a row loses, log(1 + exp(-m)); its residual in absolute
 * value; its weight in the information.
 */
static void
binary_terms(const double *margin, const double *t, const double *weight, size_t n,
			 double *loss, double *residual, double *information)
{
	const V2	zero = {0, 0};

	for (size_t i = 0; i < n; i += 2)
	{
		V2			m = v2_load(margin + i);
		V2			e = v2_load(t + i);
		V2			w = v2_load(weight + i);
		V2			likely = 1.0 / (1.0 + e);
		V2			unlikely = e * likely;
		V2Bits		right = m >= zero;

		v2_store(loss + i, w * (log1p_pair(e) + v2_select(right, zero, -m)));
		v2_store(residual + i, w * v2_select(right, unlikely, likely));
		v2_store(information + i, w * (likely * unlikely));
	}
}

/* two classes: a single predictor, and no look at the other class */
static void
add_value_of_two(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;
	const double *weight = label + n;
	double	   *margin = fit->eta + n;
	double	   *t = fit->share;
	double	   *residual = fit->share + n;

	if (fit->nfaces > 0)
	{
		find_allowed(fit, block);
		for (size_t i = 0; i < n; i++)
			fit->magnitude[i] = weight[i] * fit->allowed[i] * fit->allowed[n + i];
		weight = fit->magnitude;
	}
	predict_column(fit->trial, block, fit->problem.p, n, margin);
	for (size_t i = 0; i < n; i++)
	{
		margin[i] *= 2 * label[i] - 1;
		t[i] = -fabs(margin[i]);
	}
	for (size_t i = 0; i < n; i++)
	{
		if (weight[i] > 0)
			note_margin(fit, margin[i]);
	}
	la_exp_negative(t, n);
	binary_terms(margin, t, weight, n, fit->loss, residual, fit->weights);
	for (size_t i = 0; i < n; i++)
		residual[i] *= 2 * label[i] - 1;
	fit->sum = dd_add(fit->sum, dd_make(-v2_sum(fit->loss, n), 0));
	add_gradient(fit, 0, residual, block);
	add_products(fit, 0, fit->weights, block);
}

/* log(1 + t), also for tiny t: the error of 1 + t cancels in the quotient */
static double
log1p_of(double t)
{
	double		u = 1 + t;

	return u == 1 ? t : la_log(u) * (t / (u - 1));
}

/* share[c] = exp(eta[c] - largest eta) of the classes allowed, else 0 */
static void
exponentials(LogregFit *fit)
{
	size_t		n = (size_t) fit->problem.block_rows;
	double	   *largest = fit->z;

	for (size_t i = 0; i < n; i++)
		largest[i] = -DBL_MAX;
	for (int c = 0; c < fit->problem.classes; c++)
	{
		const double *eta = fit->eta + (size_t) c * n;
		const double *allowed = fit->allowed + (size_t) c * n;

		for (size_t i = 0; i < n; i++)
			largest[i] = allowed[i] > 0 && eta[i] > largest[i] ? eta[i] : largest[i];
	}
	for (int c = 0; c < fit->problem.classes; c++)
	{
		const double *eta = fit->eta + (size_t) c * n;
		double	   *share = fit->share + (size_t) c * n;

		for (size_t i = 0; i < n; i++)
			share[i] = eta[i] < largest[i] ? eta[i] - largest[i] : 0;
	}
	la_exp_negative(fit->share, n * (size_t) fit->problem.classes);
	for (size_t i = 0; i < n * (size_t) fit->problem.classes; i++)
		fit->share[i] *= fit->allowed[i];
}

/*
 * others[c] = the sum of the shares of all classes but c, of every row: not
 * subtracted, see above.
 */
static void
sum_others(LogregFit *fit, double *others)
{
	size_t		n = (size_t) fit->problem.block_rows;

	for (int c = 0; c < fit->problem.classes; c++)
	{
		double	   *sum = others + (size_t) c * n;

		memset(sum, 0, n * sizeof(double));
		for (int other = 0; other < fit->problem.classes; other++)
		{
			const double *share = fit->share + (size_t) other * n;

			for (size_t i = 0; other != c && i < n; i++)
				sum[i] += share[i];
		}
	}
}

/* What rows of more than two classes lose. */
static void
losses(LogregFit *fit, const double *label, const double *weight, const double *others)
{
	size_t		n = (size_t) fit->problem.block_rows;

	for (size_t i = 0; i < n; i++)
	{
		size_t		mine = (size_t) label[i] * n + i;

		fit->loss[i] = weight[i] * (fit->share[mine] >= 1 ? log1p_of(others[mine]) :
									la_log(others[mine] + fit->share[mine]) + (fit->z[i] - fit->eta[mine]));
	}
}

/* Shares become probabilities, and "others" what is 1 less them. */
static void
normalise(LogregFit *fit, double *others)
{
	size_t		n = (size_t) fit->problem.block_rows;

	for (size_t i = 0; i < n; i++)
		fit->z[i] = 1 / (fit->share[i] + others[i]);
	for (int c = 0; c < fit->problem.classes; c++)
	{
		double	   *share = fit->share + (size_t) c * n;
		double	   *rest = others + (size_t) c * n;

		for (size_t i = 0; i < n; i++)
		{
			share[i] *= fit->z[i];
			rest[i] *= fit->z[i];
		}
	}
}

/* The weights of a pair of classes in the information. */
static void
pair_weights(LogregFit *fit, int a, int b, const double *weight, const double *others)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *first = fit->share + (size_t) (a + 1) * n;
	const double *second = a == b ? others + (size_t) (a + 1) * n : fit->share + (size_t) (b + 1) * n;
	double		sign = a == b ? 1 : -1;
	double	   *out = fit->weights;

	for (size_t i = 0; i < n; i++)
		out[i] = sign * weight[i] * (first[i] * second[i]);
}

static void
add_value_of_many(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;
	const double *weight = label + n;
	double	   *others = fit->magnitude;

	find_allowed(fit, block);
	predict(fit, fit->trial, block);
	for (size_t i = 0; i < n; i++)
	{
		for (int c = 0; c < fit->problem.classes; c++)
		{
			if (c != (int) label[i] && is_open(fit, weight, c, i))
				note_margin(fit, fit->eta[(size_t) label[i] * n + i] - fit->eta[(size_t) c * n + i]);
		}
	}
	exponentials(fit);
	sum_others(fit, others);
	losses(fit, label, weight, others);
	fit->sum = dd_add(fit->sum, dd_make(-v2_sum(fit->loss, n), 0));
	normalise(fit, others);
	for (int a = 0; a < fit->k; a++)
	{
		const double *share = fit->share + (size_t) (a + 1) * n;
		const double *rest = others + (size_t) (a + 1) * n;

		for (size_t i = 0; i < n; i++)
			fit->loss[i] = weight[i] * (label[i] == a + 1 ? rest[i] : -share[i]);
		add_gradient(fit, a, fit->loss, block);
		for (int b = a; b < fit->k; b++)
		{
			pair_weights(fit, a, b, weight, others);
			add_products(fit, la_logreg_pair(fit->k, a, b), fit->weights, block);
		}
	}
}

/* --- separation ----------------------------------------------------------- */

/* The weights that make the Gram matrix of the vectors of a row's open pairs. */
static void
span_weights(LogregFit *fit, const double *weight, int actual, size_t i)
{
	size_t		n = (size_t) fit->problem.block_rows;

	for (int c = 0; c < fit->problem.classes; c++)
	{
		int			low = actual < c ? actual : c;
		int			high = actual < c ? c : actual;

		if (c == actual || !is_open(fit, weight, c, i))
			continue;
		fit->weights[(size_t) la_logreg_pair(fit->k, high - 1, high - 1) * n + i] += 1;
		if (low == 0)
			continue;
		fit->weights[(size_t) la_logreg_pair(fit->k, low - 1, low - 1) * n + i] += 1;
		fit->weights[(size_t) la_logreg_pair(fit->k, low - 1, high - 1) * n + i] -= 1;
	}
}

static void
add_span(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;

	find_allowed(fit, block);
	memset(fit->weights, 0, (size_t) fit->npairs * n * sizeof(double));
	for (size_t i = 0; i < n; i++)
		span_weights(fit, label + n, (int) label[i], i);
	for (int pair = 0; pair < fit->npairs; pair++)
		add_products(fit, pair, fit->weights + (size_t) pair * n, block);
}

/* Does the direction bring no open pair nearer, and some away? */
static void
add_direction(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;
	const double *weight = label + n;

	find_allowed(fit, block);
	apply_direction(fit, fit->direction, block);
	for (size_t i = 0; i < n; i++)
	{
		for (int c = 0; c < fit->problem.classes; c++)
		{
			int			side;

			if (c == (int) label[i] || !is_open(fit, weight, c, i))
				continue;
			side = side_of(fit, (int) label[i], c, i);
			fit->violated = fit->violated || side < 0;
			fit->strict = fit->strict || side > 0;
		}
	}
}

/*
 * The vector of a pair (row i, class c), with length 1, less what is in the
 * span of the balanced ones.  Returns the length of the rest.
 */
static double
make_pair(LogregFit *fit, const double *block, int actual, int c, size_t i, double length)
{
	size_t		n = (size_t) fit->problem.block_rows;
	size_t		d = (size_t) fit->d;

	memset(fit->pair, 0, d * sizeof(double));
	for (int side = 0; side < 2; side++)
	{
		int			first = ((side == 0 ? actual : c) - 1) * fit->q;
		double		unit = (side == 0 ? 1 : -1) / length;

		for (int term = 0; first >= 0 && term < fit->q; term++)
		{
			if (fit->active[first + term])
				fit->pair[first + term] = term == 0 ? unit : unit * block[(size_t) (term - 1) * n + i];
		}
	}
	for (int r = 0; r < 2 * fit->null_count; r++)
	{
		const double *unit = fit->hessian + (size_t) (r % fit->null_count) * d;
		double		dot = la_logreg_dot(fit->pair, unit, d);

		for (size_t u = 0; u < d; u++)
			fit->pair[u] -= dot * unit[u];
	}
	return sqrt(la_logreg_dot(fit->pair, fit->pair, d));
}

/* Look at a pair: is it the one with the least margin, or to be picked? */
static void
consider_pair(LogregFit *fit, const double *block, int actual, int c, size_t i, double length)
{
	size_t		n = (size_t) fit->problem.block_rows;
	double		margin = (fit->eta[(size_t) actual * n + i] - fit->eta[(size_t) c * n + i]) / length;
	double		rest;
	double	   *swap = fit->vertex;

	if (!fit->picking && margin >= fit->found)
		return;
	rest = make_pair(fit, block, actual, c, i, length);
	if (rest <= LA_LOGREG_IN_SPAN || (fit->picking && rest <= fit->found))
		return;
	fit->found = fit->picking ? rest : margin;
	fit->vertex = fit->pair;
	fit->pair = swap;
}

/* The length of the features of every row, the intercept's 1 included, squared. */
static void
square_lengths(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;

	for (size_t i = 0; i < n; i++)
		fit->z[i] = 1;
	for (int j = 0; j < fit->problem.p; j++)
	{
		const double *x = block + (size_t) j * n;

		for (size_t i = 0; i < n; i++)
			fit->z[i] += x[i] * x[i];
	}
}

static void
add_vertex(LogregFit *fit, const double *block)
{
	size_t		n = (size_t) fit->problem.block_rows;
	const double *label = block + (size_t) fit->problem.p * n;

	find_allowed(fit, block);
	predict(fit, fit->direction, block);
	square_lengths(fit, block);
	for (size_t i = 0; i < n; i++)
	{
		int			actual = (int) label[i];

		for (int c = 0; c < fit->problem.classes; c++)
		{
			if (c != actual && is_open(fit, label + n, c, i))
				consider_pair(fit, block, actual, c, i, sqrt(fit->z[i] * (c > 0 && actual > 0 ? 2 : 1)));
		}
	}
}

/* --- passes --------------------------------------------------------------- */

/* Begin a pass. */
void
la_logreg_clear_pass(LogregFit *fit)
{
	size_t		size = (size_t) fit->npairs * fit->triangle * sizeof(double);

	memset(fit->gram_hi, 0, size);
	memset(fit->gram_lo, 0, size);
	memset(fit->gradient_hi, 0, (size_t) fit->d * sizeof(double));
	memset(fit->gradient_lo, 0, (size_t) fit->d * sizeof(double));
	fit->sum = dd_make(0, 0);
	fit->violated = fit->strict = false;
	fit->found = fit->picking ? 0 : DBL_MAX;
	if (fit->pass == PASS_VALUE)
		fit->min_margin = DBL_MAX;
}

/*
 * la_logreg_add_block
 *		Give a block, with standardised features, to the pass.
 */
void
la_logreg_add_block(LogregFit *fit, const double *block)
{
	if (fit->pass == PASS_SPAN)
		add_span(fit, block);
	else if (fit->pass == PASS_DIRECTION)
		add_direction(fit, block);
	else if (fit->pass == PASS_VERTEX)
		add_vertex(fit, block);
	else if (fit->k == 1)
		add_value_of_two(fit, block);
	else
		add_value_of_many(fit, block);
}

/* The sums of products as a matrix of all unknowns, lower triangle. */
void
la_logreg_expand(const LogregFit *fit, double *matrix)
{
	size_t		d = (size_t) fit->d;
	size_t		q = (size_t) fit->q;

	for (int a = 0; a < fit->k; a++)
	{
		for (int b = a; b < fit->k; b++)
		{
			size_t		place = (size_t) la_logreg_pair(fit->k, a, b) * fit->triangle;

			for (size_t i = 0; i < q; i++)
			{
				for (size_t j = i; j < q; j++, place++)
				{
					double		sum = fit->gram_hi[place] + fit->gram_lo[place];

					matrix[((size_t) b * q + j) * d + (size_t) a * q + i] = sum;
					matrix[((size_t) b * q + i) * d + (size_t) a * q + j] = sum;
				}
			}
		}
	}
}
