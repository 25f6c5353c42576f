/*
 * linreg_solve.h
 *		Least squares: coefficients, prediction and statistics of a state.
 */
#ifndef LA_LINREG_SOLVE_H
#define LA_LINREG_SOLVE_H

#include <stdbool.h>

#include "linreg_core.h"

typedef struct LinregFit LinregFit;
typedef struct LinregCondition LinregCondition;

/* what cannot be computed from the rows is NaN; infinity is a value */
typedef struct LinregStats
{
	int64_t		df_residual;	/* -1 without rows */
	double		r2;
	double		adj_r2;
	double		residual_se;
	double		f_value;
	double		f_p_value;
	double		log_likelihood;
	double		aic;
	double		bic;
	double		loss;
} LinregStats;

extern size_t la_linreg_fit_size(int p);
extern LinregFit *la_linreg_fit_begin(void *memory, const LinregState *state);
extern bool la_linreg_fit_step(LinregFit *fit, const LinregState *state);
extern LaResult la_linreg_fit_end(LinregFit *fit);

extern int	la_linreg_fit_features(const LinregFit *fit);
extern bool la_linreg_fit_empty(const LinregFit *fit);
extern bool la_linreg_estimable(const LinregFit *fit, int feature);
extern int	la_linreg_rank(const LinregFit *fit);
extern bool la_linreg_has_intercept(const LinregFit *fit);
extern double la_linreg_slope(const LinregFit *fit, int feature);
extern LaResult la_linreg_intercept(const LinregFit *fit, double *intercept);
extern LaResult la_linreg_predict(const LinregFit *fit, const double *x, double *y);
extern void la_linreg_stats(const LinregFit *fit, LinregStats *stats);

extern size_t la_linreg_condition_size(const LinregFit *fit);
extern LinregCondition *la_linreg_condition_begin(void *memory, const LinregFit *fit);
extern bool la_linreg_condition_step(LinregCondition *condition);
extern double la_linreg_condition_number(const LinregCondition *condition);

#endif							/* LA_LINREG_SOLVE_H */
