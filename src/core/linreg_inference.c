/*
 * linreg_inference.c
 *		Least squares: standard errors, tests and intervals.
 *
 *----------
 * With S the residual variance SSE / df, the covariance of the slopes is
 * S (R'R)^-1 = S U U' where U is the inverse of R.  The fitted value at x has
 * the variance S (1 / W + |z|^2), where W is the sum of the weights and z
 * solves R'z = x - mean x; the intercept is the fitted value at 0, and through
 * the origin 1 / W is not there (Seber & Lee, Linear Regression Analysis,
 * 2003, 3.2 and 5.3).  These are sums of squares, where nothing cancels, of
 * numbers found in double-double.
 *
 * U comes column by column, so that p numbers are enough to keep.
 *----------
 */
#include "linreg_inference.h"

#include <string.h>

#include "linreg_fit.h"
#include "special_core.h"

struct LinregErrors
{
	int			next;			/* column of U */
	double		intercept;		/* its variance over S, without 1 / W */
	DD		   *column;			/* of U */
	double	   *variance;		/* of the slopes, over S */
};

/* --- standard errors ------------------------------------------------------ */

size_t
la_linreg_errors_size(const LinregFit *fit)
{
	return sizeof(LinregErrors) + (size_t) fit->p * (sizeof(DD) + sizeof(double));
}

/*
 * la_linreg_errors_begin
 *		Prepare the standard errors, in la_linreg_errors_size bytes.
 *
 * Then la_linreg_errors_step while it returns true.
 */
LinregErrors *
la_linreg_errors_begin(void *memory, const LinregFit *fit)
{
	LinregErrors *errors = memory;

	memset(errors, 0, la_linreg_errors_size(fit));
	errors->column = (DD *) (errors + 1);
	errors->variance = (double *) (errors->column + fit->p);
	return errors;
}

/* Solve for column k of U, from below, and hand each entry on as it is found. */
static void
add_column(LinregErrors *errors, const LinregFit *fit, int k)
{
	DD		   *u = errors->column;
	DD			at_mean = dd_make(0, 0);

	memset(u, 0, (size_t) k * sizeof(DD));
	u[k] = dd_make(1, 0);
	for (int j = k; j >= 0; j--)
	{
		const DD   *r = la_linreg_column(fit, j);

		if (r[j].hi == 0)
			continue;
		u[j] = dd_div(u[j], r[j]);
		errors->variance[j] += u[j].hi * u[j].hi;
		at_mean = dd_add(at_mean, dd_mul(fit->mean[j], u[j]));
		for (int i = 0; i < j; i++)
			u[i] = dd_sub(u[i], dd_mul(r[i], u[j]));
	}
	errors->intercept += at_mean.hi * at_mean.hi;
}

/*
 * la_linreg_errors_step
 *		Take in a column of U; false when there is none left.
 */
bool
la_linreg_errors_step(LinregErrors *errors, const LinregFit *fit)
{
	int			k = errors->next++;

	if (k >= fit->p)
		return false;
	if (la_linreg_estimable(fit, k))
		add_column(errors, fit, k);
	return true;
}

static double
residual_df(const LinregFit *fit)
{
	return fit->n - fit->constants - fit->rank;
}

/* NaN without degrees of freedom */
static double
residual_se(const LinregFit *fit)
{
	double		df = residual_df(fit);

	return df > 0 ? sqrt(fit->ss_residual.hi / df) : NAN;
}

/* --- terms ---------------------------------------------------------------- */

/*
 * la_linreg_t_quantile
 *		Half the width of an interval of this level, in standard errors; NaN
 *		without degrees of freedom.
 */
double
la_linreg_t_quantile(const LinregFit *fit, double level)
{
	double		df = residual_df(fit);

	return df > 0 ? la_t_quantile(level, df) : NAN;
}

/* The square root of the variance over S. */
static double
unit_error(const LinregFit *fit, const LinregErrors *errors, int feature)
{
	if (feature != LA_LINREG_INTERCEPT)
		return sqrt(errors->variance[feature]);
	return sqrt(1 / fit->weight.hi + errors->intercept);
}

/*
 * la_linreg_term
 *		A coefficient and what is known of it; "quantile" is that of t.
 *
 * "feature" counts from 0, or is LA_LINREG_INTERCEPT.  All is NaN where there
 * is no coefficient.  Of a fit without any residual t is infinite, and NaN
 * for a coefficient of 0.  Returns LA_OVERFLOW if a number is out of range.
 */
LaResult
la_linreg_term(const LinregFit *fit, const LinregErrors *errors, int feature,
			   double quantile, LinregTerm *term)
{
	LaResult	result = LA_OK;
	double		half;

	term->estimate = term->std_error = term->t_value = NAN;
	term->p_value = term->ci_low = term->ci_high = NAN;
	if (la_linreg_fit_empty(fit) ||
		(feature != LA_LINREG_INTERCEPT && !la_linreg_estimable(fit, feature)))
		return LA_OK;
	if (feature == LA_LINREG_INTERCEPT)
		result = la_linreg_intercept(fit, &term->estimate);
	else
		term->estimate = la_linreg_slope(fit, feature);
	term->std_error = residual_se(fit) * unit_error(fit, errors, feature);
	if (result != LA_OK || isnan(term->std_error))
		return result;
	term->t_value = term->estimate / term->std_error;
	if (!isnan(term->t_value))
		term->p_value = la_t_two_sided(term->t_value, residual_df(fit));
	half = quantile * term->std_error;
	term->ci_low = term->estimate - half;
	term->ci_high = term->estimate + half;
	return fabs(term->ci_low) <= DBL_MAX && fabs(term->ci_high) <= DBL_MAX ? LA_OK : LA_OVERFLOW;
}

/* --- intervals ------------------------------------------------------------ */

size_t
la_linreg_interval_size(const LinregFit *fit)
{
	return (size_t) fit->p * sizeof(DD);
}

/* The variance of the fitted value at x, over S; "z" has room for p numbers. */
static double
leverage(const LinregFit *fit, DD *z, const double *x)
{
	double		sum = fit->constants ? 1 / fit->weight.hi : 0;

	for (int j = 0; j < fit->p; j++)
	{
		const DD   *r = la_linreg_column(fit, j);
		DD			rest = dd_sub(dd_make(x[j], 0), fit->mean[j]);

		z[j] = dd_make(0, 0);
		if (r[j].hi == 0)
			continue;
		for (int i = 0; i < j; i++)
			rest = dd_sub(rest, dd_mul(r[i], z[i]));
		z[j] = dd_div(rest, r[j]);
		sum += z[j].hi * z[j].hi;
	}
	return sum;
}

/*
 * la_linreg_interval
 *		The fitted value at the p features x, all finite, between the bounds
 *		for the mean of y there, and for a single y; "quantile" is that of t.
 *
 * "memory" is of la_linreg_interval_size bytes.  The bounds are NaN without
 * degrees of freedom.  Returns LA_OVERFLOW if a number is out of range.
 */
LaResult
la_linreg_interval(const LinregFit *fit, void *memory, const double *x,
				   double quantile, LinregInterval *interval)
{
	double		se = residual_se(fit);
	double		half_ci,
				half_pi;

	interval->ci_low = interval->ci_high = interval->pi_low = interval->pi_high = NAN;
	if (la_linreg_predict(fit, x, &interval->fit) != LA_OK)
		return LA_OVERFLOW;
	if (isnan(se))
		return LA_OK;
	half_ci = sqrt(leverage(fit, memory, x));
	half_pi = quantile * se * hypot(1, half_ci);
	half_ci *= quantile * se;
	interval->ci_low = interval->fit - half_ci;
	interval->ci_high = interval->fit + half_ci;
	interval->pi_low = interval->fit - half_pi;
	interval->pi_high = interval->fit + half_pi;
	return fabs(interval->pi_low) <= DBL_MAX && fabs(interval->pi_high) <= DBL_MAX &&
		fabs(interval->ci_low) <= DBL_MAX && fabs(interval->ci_high) <= DBL_MAX ? LA_OK : LA_OVERFLOW;
}
