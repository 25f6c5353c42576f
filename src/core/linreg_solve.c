/*
 * linreg_solve.c
 *		Least squares: coefficients, prediction and statistics of a state.
 *
 *----------
 * The moments about the pivot become moments about the means, C, and C = R'R
 * by Cholesky's method, all of it in double-double.  R is the triangle that an
 * orthogonal decomposition of the centred columns would give (Golub & Van
 * Loan, Matrix Computations, 5.3.2).  y is the last column: above the diagonal
 * it holds the projections of y, on the diagonal the residual sum of squares.
 *
 * Columns are taken in their order.  One that depends on those before it gets
 * no coefficient (NULL in SQL, NA in R) and takes no part in a prediction.
 *
 * A fit through the origin is the same with 0 in place of every mean.
 *
 * The work is cut in steps of a column each, so that the caller can look for
 * interrupts in between.
 *----------
 */
#include "linreg_solve.h"

#include <string.h>

#include "linreg_fit.h"
#include "special_core.h"

#define LOG_TWO_PI 1.837877066409345483560659

/* what a sum of doubles does not show: half a unit in its last place */
#define NEGLIGIBLE (DBL_EPSILON / 2)

/* one-sided Jacobi rotations on the columns of a square matrix */
struct LinregCondition
{
	int			m;
	int			next;			/* column to rotate with those after it */
	int			sweeps;
	bool		rotated;		/* in this sweep */
	double		matrix[];		/* by columns */
};

/* --- factoring ------------------------------------------------------------ */

size_t
la_linreg_fit_size(int p)
{
	size_t		q = (size_t) p + 1;

	return sizeof(LinregFit) + (2 * q + la_linreg_pairs(q)) * sizeof(DD) +
		2 * q * sizeof(double);
}

/*
 * la_linreg_fit_begin
 *		Prepare to solve, in la_linreg_fit_size(p) bytes.
 *
 * Then la_linreg_fit_step while it returns true, then la_linreg_fit_end.
 */
LinregFit *
la_linreg_fit_begin(void *memory, const LinregState *state)
{
	LinregFit  *fit = memory;
	size_t		q = (size_t) state->p + 1;

	memset(fit, 0, la_linreg_fit_size(state->p));
	fit->p = state->p;
	fit->constants = state->flags & LA_LINREG_ORIGIN ? 0 : 1;
	fit->n = (double) state->n;
	fit->weight = la_linreg_weight(state);
	fit->log_weight = state->log_hi;
	fit->unit = (fit->n + fit->p) * 0x1p-104;
	fit->mean = (DD *) (fit + 1);
	fit->coef = fit->mean + q;
	fit->r = fit->coef + q;
	fit->norm = (double *) (fit->r + la_linreg_pairs(q));
	fit->error = fit->norm + q;
	if (state->n == 0)
		return fit;
	for (int i = 0; i <= fit->p; i++)
	{
		if (fit->constants)
			fit->mean[i] = dd_add(dd_make(la_linreg_pivot(state, i), 0),
								  dd_div(la_linreg_sum(state, i), fit->weight));
		fit->norm[i] = sqrt(la_linreg_product(state, i, i).hi);
	}
	return fit;
}

/* sum of w (x_i - mean)(x_j - mean), for i <= j */
static DD
centred_product(const LinregFit *fit, const LinregState *state, int i, int j)
{
	DD			product = la_linreg_product(state, i, j);

	if (!fit->constants)
		return product;
	return dd_sub(product, dd_mul(dd_div(la_linreg_sum(state, i), fit->weight),
								  la_linreg_sum(state, j)));
}

/* start - sum of a_m b_m */
static DD
subtract_dot(DD start, const DD *a, const DD *b, int count)
{
	for (int m = 0; m < count; m++)
		start = dd_sub(start, dd_mul(a[m], b[m]));
	return start;
}

/* the error of the centred sum of squares of column j at most */
static double
square_error(const LinregFit *fit, int j)
{
	return fit->unit * fit->norm[j] * fit->norm[j];
}

/*
 * Does column j depend on those before it, of which "rest" is its squared
 * distance?
 *
 * A column that is a combination of others, computed in double, is off by a
 * few roundings of its values: 8 units of 2^-52 of its norm, offset included,
 * are allowed for.  On top of that comes the rounding of the sums.  R allows
 * for 1e-7, and so drops the tenth power of NIST's polynomial Filip.
 */
static bool
is_dependent(const LinregFit *fit, int j, DD centred, DD rest)
{
	double		spread = sqrt(fmax(centred.hi, 0));
	double		slack = 8 * DBL_EPSILON * hypot(spread, sqrt(fit->weight.hi) * fit->mean[j].hi);

	return fit->rank >= fit->n - fit->constants ||
		rest.hi <= slack * slack + square_error(fit, j);
}

/*
 * The diagonal of y is the residual sum of squares.  Below what the sums can
 * tell from 0 it is 0, so that an exact line is exact.
 */
static void
finish_response(LinregFit *fit, DD total, DD rest)
{
	const DD   *projection = la_linreg_column(fit, fit->p);

	fit->ss_total = total;
	for (int k = 0; k < fit->p; k++)
		fit->ss_regression = dd_add(fit->ss_regression, dd_mul(projection[k], projection[k]));
	if (rest.hi <= square_error(fit, fit->p))
	{
		rest = dd_make(0, 0);
		fit->ss_regression = total;
	}
	fit->ss_residual = rest;
}

/*
 * la_linreg_fit_step
 *		Factor the next column; false when there is none left.
 *
 * "state" is the one that la_linreg_fit_begin got.
 */
bool
la_linreg_fit_step(LinregFit *fit, const LinregState *state)
{
	int			j = fit->next++;
	DD		   *column;
	DD			centred,
				rest;

	if (fit->n == 0 || j > fit->p)
		return false;
	column = la_linreg_column(fit, j);
	for (int k = 0; k < j; k++)
	{
		const DD   *earlier = la_linreg_column(fit, k);

		if (earlier[k].hi != 0)
			column[k] = dd_div(subtract_dot(centred_product(fit, state, k, j), earlier, column, k),
							   earlier[k]);
	}
	centred = centred_product(fit, state, j, j);
	rest = subtract_dot(centred, column, column, j);
	if (j == fit->p)
		finish_response(fit, centred, rest);
	else if (!is_dependent(fit, j, centred, rest))
	{
		column[j] = dd_sqrt(rest);
		fit->rank++;
	}
	return true;
}

/*----------
 * Solve row j of R coef = projection, those below being solved.
 *
 * "slack" bounds the error of the right side: that of the moments, which
 * enter R divided by its diagonal, and that of the coefficients below.  What
 * does not exceed it is 0, so that the plane 1 + x has no trace of x^2.  The
 * bound grows with each row and may pass the error by far, hence 0 must not
 * cost a digit of a fitted value either.
 *----------
 */
static void
solve_row(LinregFit *fit, int j)
{
	double		diagonal = la_linreg_column(fit, j)[j].hi;
	DD			rest = la_linreg_column(fit, fit->p)[j];
	double		moved = fit->norm[fit->p];
	double		slack = 0;

	for (int k = j + 1; k < fit->p; k++)
	{
		DD			r = la_linreg_column(fit, k)[j];

		rest = dd_sub(rest, dd_mul(r, fit->coef[k]));
		moved += fabs(fit->coef[k].hi) * fit->norm[k];
		slack += fabs(r.hi) * fit->error[k];
	}
	slack += fit->unit * (fit->norm[j] / diagonal) * moved;
	slack = fmin(slack, NEGLIGIBLE * (diagonal / fit->norm[j]) * moved);
	if (fabs(rest.hi) > slack || isnan(rest.hi))
		fit->coef[j] = dd_div(rest, la_linreg_column(fit, j)[j]);
	fit->error[j] = slack / diagonal;
}

/*
 * la_linreg_fit_end
 *		Coefficients from the factored columns.
 *
 * Returns LA_OVERFLOW if one is out of range.
 */
LaResult
la_linreg_fit_end(LinregFit *fit)
{
	bool		in_range = fabs(fit->ss_residual.hi) <= DBL_MAX &&
		fabs(fit->ss_regression.hi) <= DBL_MAX;

	for (int j = fit->p - 1; j >= 0; j--)
	{
		if (la_linreg_estimable(fit, j))
			solve_row(fit, j);
		in_range = in_range && fabs(fit->coef[j].hi) <= DBL_MAX;
	}
	return in_range ? LA_OK : LA_OVERFLOW;
}

/* --- coefficients and prediction ------------------------------------------ */

int
la_linreg_fit_features(const LinregFit *fit)
{
	return fit->p;
}

/* No row was counted: nothing below has a meaning. */
bool
la_linreg_fit_empty(const LinregFit *fit)
{
	return fit->n == 0;
}

/* Whether feature j, from 0, has a coefficient. */
bool
la_linreg_estimable(const LinregFit *fit, int feature)
{
	return la_linreg_column(fit, feature)[feature].hi != 0;
}

/* Coefficients estimated, the intercept not among them. */
int
la_linreg_rank(const LinregFit *fit)
{
	return fit->rank;
}

/* Whether there is an intercept. */
bool
la_linreg_has_intercept(const LinregFit *fit)
{
	return fit->constants != 0;
}

double
la_linreg_slope(const LinregFit *fit, int feature)
{
	return fit->coef[feature].hi;
}

/*
 * la_linreg_predict
 *		The fitted value at the p features x, all finite.
 *
 * mean y + sum of coef (x - mean x) in double-double: rounded coefficients and
 * the intercept of far-off data would cost the digits that the offset takes.
 * Returns LA_OVERFLOW if the value is out of range.
 */
LaResult
la_linreg_predict(const LinregFit *fit, const double *x, double *y)
{
	DD			value = fit->mean[fit->p];
	double		plain = value.hi;

	for (int j = 0; j < fit->p; j++)
	{
		DD			d = dd_sub(dd_make(x[j], 0), fit->mean[j]);

		value = dd_add(value, dd_mul(fit->coef[j], d));
		plain += fit->coef[j].hi * d.hi;
	}
	/* dd_mul fails short of the end of the range */
	*y = fabs(value.hi) <= DBL_MAX ? value.hi : plain;
	return fabs(*y) <= DBL_MAX ? LA_OK : LA_OVERFLOW;
}

/*
 * la_linreg_intercept
 *		The fitted value where all features are 0; 0 if it does not exceed its
 *		error and is nothing beside its terms, see solve_row.  Returns
 *		LA_OVERFLOW if it is out of range.
 */
LaResult
la_linreg_intercept(const LinregFit *fit, double *intercept)
{
	DD			value = fit->mean[fit->p];
	double		slack = fit->unit * fabs(value.hi);
	double		moved = fabs(value.hi);

	for (int j = 0; j < fit->p; j++)
	{
		DD			term = dd_mul(fit->coef[j], fit->mean[j]);

		value = dd_sub(value, term);
		moved += fabs(term.hi);
		slack += fit->error[j] * fabs(fit->mean[j].hi) + fit->unit * fabs(term.hi);
	}
	slack = fmin(slack, NEGLIGIBLE * moved);
	*intercept = fabs(value.hi) <= slack ? 0 : value.hi;
	return fabs(value.hi) <= DBL_MAX ? LA_OK : LA_OVERFLOW;
}

/* --- statistics ----------------------------------------------------------- */

/*----------
 * The likelihood at its maximum, and the criteria made of it, as R's logLik,
 * AIC and BIC of an lm: the parameters are the coefficients and the variance.
 * A residual sum of 0 makes the likelihood infinite.
 *----------
 */
static void
information_criteria(LinregStats *stats, const LinregFit *fit)
{
	double		parameters = fit->rank + fit->constants + 1;
	double		n = fit->n;

	stats->log_likelihood = fit->log_weight / 2 -
		n / 2 * (LOG_TWO_PI + log(fit->ss_residual.hi / n) + 1);
	stats->aic = 2 * parameters - 2 * stats->log_likelihood;
	stats->bic = log(n) * parameters - 2 * stats->log_likelihood;
}

/*
 * F of the hypothesis that all slopes are 0, and the probability of a larger
 * one: I_x(df / 2, rank / 2) at x = SSE / SST (DLMF 8.17; no 1 - x is taken).
 */
static void
f_test(LinregStats *stats, double rank, double ss_residual, double ss_regression, double ss_total)
{
	double		df = (double) stats->df_residual;

	if (rank == 0 || df == 0 || ss_total == 0)
		return;
	stats->f_value = (ss_regression / rank) / (ss_residual / df);
	stats->f_p_value = la_incomplete_beta(df / 2, rank / 2,
										  ss_residual / ss_total, ss_regression / ss_total);
}

/*
 * la_linreg_stats
 *		What the sums of squares tell of the fit, as R's summary of an lm.
 *
 * Through the origin the total is the sum of squares of y itself, as in R.
 * NaN where nothing is left to divide by: R2 of a constant y, the variance of
 * residuals without degrees of freedom, everything without rows.
 */
void
la_linreg_stats(const LinregFit *fit, LinregStats *stats)
{
	double		residual = fit->ss_residual.hi;
	double		regression = fit->ss_regression.hi;
	double		total = fit->ss_total.hi;
	double		df = fit->n - fit->constants - fit->rank;

	stats->df_residual = (int64_t) df;
	stats->r2 = stats->adj_r2 = stats->residual_se = NAN;
	stats->f_value = stats->f_p_value = NAN;
	stats->log_likelihood = stats->aic = stats->bic = stats->loss = NAN;
	if (la_linreg_fit_empty(fit))
		return;

	stats->loss = residual / (2 * fit->n);
	information_criteria(stats, fit);
	if (total > 0)
		stats->r2 = regression / total;
	if (df > 0)
	{
		stats->residual_se = sqrt(residual / df);
		if (total > 0)
			stats->adj_r2 = 1 - residual / total * ((fit->n - fit->constants) / df);
	}
	f_test(stats, fit->rank, residual, regression, total);
}

/* --- condition number ----------------------------------------------------- */

size_t
la_linreg_condition_size(const LinregFit *fit)
{
	size_t		m = (size_t) (fit->rank + fit->constants);

	return sizeof(LinregCondition) + m * m * sizeof(double);
}

/* Make the length of a vector 1; it is not 0. */
static void
normalise(double *vector, int count)
{
	double		largest = 0;
	double		squares = 0;

	for (int i = 0; i < count; i++)
		largest = fmax(largest, fabs(vector[i]));
	for (int i = 0; i < count; i++)
	{
		vector[i] /= largest;
		squares += vector[i] * vector[i];
	}
	for (int i = 0; i < count; i++)
		vector[i] /= sqrt(squares);
}

/*----------
 * la_linreg_condition_begin
 *		Prepare the condition number, in la_linreg_condition_size bytes.
 *
 * It is that of the design matrix with its intercept, each column scaled to
 * length 1 (Belsley, Kuh & Welsch, Regression Diagnostics, 1980, chapter 3),
 * dependent columns left out and rows scaled by the roots of their weights.
 * The triangle of that matrix is
 *		sqrt(W)	sqrt(W) mean'
 *		0		R
 * whose singular values are those of the matrix; W is the sum of the weights.
 * The first row and column are the intercept's.
 *----------
 */
LinregCondition *
la_linreg_condition_begin(void *memory, const LinregFit *fit)
{
	LinregCondition *condition = memory;
	int			m = fit->rank + fit->constants;
	double	   *column = condition->matrix;

	memset(condition, 0, la_linreg_condition_size(fit));
	condition->m = m;
	if (fit->constants)
	{
		column[0] = 1;
		column += m;
	}
	for (int j = 0; j < fit->p; j++)
	{
		int			row = 0;

		if (!la_linreg_estimable(fit, j))
			continue;
		if (fit->constants)
			column[row++] = sqrt(fit->weight.hi) * fit->mean[j].hi;
		for (int k = 0; k <= j; k++)
		{
			if (la_linreg_estimable(fit, k))
				column[row++] = la_linreg_column(fit, j)[k].hi;
		}
		normalise(column, m);
		column += m;
	}
	return condition;
}

/* Sums of their own let the additions run side by side. */
static double
dot(const double *a, const double *b, int count)
{
	double		sum[8] = {0};
	double		rest = 0;
	int			i = 0;

	for (; i + 8 <= count; i += 8)
	{
		for (int k = 0; k < 8; k++)
			sum[k] += a[i + k] * b[i + k];
	}
	for (; i < count; i++)
		rest += a[i] * b[i];
	return (((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]))) + rest;
}

/* Make two columns orthogonal by a rotation; false if they are already. */
static bool
rotate_columns(double *a, double *b, int count)
{
	double		aa = dot(a, a, count);
	double		bb = dot(b, b, count);
	double		ab = dot(a, b, count);
	double		zeta,
				tangent,
				cosine;

	if (fabs(ab) <= DBL_EPSILON * sqrt(aa) * sqrt(bb))
		return false;
	zeta = (bb - aa) / (2 * ab);
	tangent = copysign(1, zeta) / (fabs(zeta) + hypot(1, zeta));
	cosine = 1 / hypot(1, tangent);
	for (int i = 0; i < count; i++)
	{
		double		old = a[i];

		a[i] = cosine * (old - tangent * b[i]);
		b[i] = cosine * (b[i] + tangent * old);
	}
	return true;
}

/*
 * la_linreg_condition_step
 *		Rotate one column with all that follow; false when all are orthogonal.
 *
 * One-sided Jacobi method (Hestenes 1958; Golub & Van Loan, 8.6.3).  Sweeps
 * are few, their number grows with the logarithm of m; 60 are a safeguard.
 */
bool
la_linreg_condition_step(LinregCondition *condition)
{
	int			m = condition->m;
	double	   *column = condition->matrix + (size_t) condition->next * (size_t) m;

	for (int j = condition->next + 1; j < m; j++)
	{
		if (rotate_columns(column, condition->matrix + (size_t) j * (size_t) m, m))
			condition->rotated = true;
	}
	if (m == 0)
		return false;
	if (++condition->next < m)
		return true;
	if (!condition->rotated || ++condition->sweeps == 60)
		return false;
	condition->next = 0;
	condition->rotated = false;
	return true;
}

/*
 * la_linreg_condition_number
 *		Largest over smallest singular value: the lengths of the columns.
 *		NaN without any.
 */
double
la_linreg_condition_number(const LinregCondition *condition)
{
	double		smallest = INFINITY;
	double		largest = 0;

	for (int j = 0; j < condition->m; j++)
	{
		const double *column = condition->matrix + (size_t) j * (size_t) condition->m;
		double		length = sqrt(dot(column, column, condition->m));

		smallest = fmin(smallest, length);
		largest = fmax(largest, length);
	}
	return condition->m == 0 ? NAN : largest / smallest;
}
