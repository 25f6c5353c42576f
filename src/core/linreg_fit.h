/*
 * linreg_fit.h
 *		A solved regression, for what is computed of it.
 */
#ifndef LA_LINREG_FIT_H
#define LA_LINREG_FIT_H

#include "linreg_solve.h"

struct LinregFit
{
	int			p;
	int			next;			/* column to factor; p is y's */
	int			rank;			/* columns with a coefficient */
	int			constants;		/* 1 with an intercept, 0 through the origin */
	double		n;
	DD			weight;			/* sum of the weights, n without any */
	double		log_weight;		/* sum of their logarithms */
	double		unit;			/* relative error of a sum at most */
	DD			ss_residual;
	DD			ss_regression;
	DD			ss_total;
	DD		   *mean;			/* of the p features and y; 0 through the origin */
	DD		   *coef;
	DD		   *r;				/* columns of R, one after the other; 0 on
								 * the diagonal of a dependent one */
	double	   *norm;			/* of the columns about the pivot */
	double	   *error;			/* bound of the error of coef */
};

/* column j of R, entries 0 to j */
static inline DD *
la_linreg_column(const LinregFit *fit, int j)
{
	return fit->r + la_linreg_pairs((size_t) j);
}

#endif							/* LA_LINREG_FIT_H */
