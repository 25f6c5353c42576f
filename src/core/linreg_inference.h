/*
 * linreg_inference.h
 *		Least squares: standard errors, tests and intervals.
 */
#ifndef LA_LINREG_INFERENCE_H
#define LA_LINREG_INFERENCE_H

#include <stdbool.h>

#include "linreg_solve.h"

/* the coefficient that belongs to no feature */
#define LA_LINREG_INTERCEPT (-1)

typedef struct LinregErrors LinregErrors;

/* what cannot be computed from the rows is NaN */
typedef struct LinregTerm
{
	double		estimate;
	double		std_error;
	double		t_value;
	double		p_value;
	double		ci_low;
	double		ci_high;
} LinregTerm;

typedef struct LinregInterval
{
	double		fit;
	double		ci_low;			/* of the mean of y */
	double		ci_high;
	double		pi_low;			/* of a single y of weight 1 */
	double		pi_high;
} LinregInterval;

extern size_t la_linreg_errors_size(const LinregFit *fit);
extern LinregErrors *la_linreg_errors_begin(void *memory, const LinregFit *fit);
extern bool la_linreg_errors_step(LinregErrors *errors, const LinregFit *fit);

extern double la_linreg_t_quantile(const LinregFit *fit, double level);
extern LaResult la_linreg_term(const LinregFit *fit, const LinregErrors *errors, int feature,
							   double quantile, LinregTerm *term);
extern size_t la_linreg_interval_size(const LinregFit *fit);
extern LaResult la_linreg_interval(const LinregFit *fit, void *memory, const double *x,
								   double quantile, LinregInterval *interval);

#endif							/* LA_LINREG_INFERENCE_H */
