/*
 * logreg_factor.c
 *		Logistic regression: symmetric matrices as L L', by Cholesky's method.
 *
 * Unknowns are taken in their order.  One that depends on those before it, as
 * one that is not active, gets a row without a diagonal and takes no part in
 * what is solved.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th edition, 2013, section 4.2.
 */
#include "logreg_fit.h"

#include <string.h>

/*
 * la_logreg_factor_begin
 *		Prepare to factor the lower triangle of a matrix, which is copied.
 *
 * An unknown is dependent if what is left of its diagonal is at most
 * "tolerance" of that.
 */
void
la_logreg_factor_begin(LogregFactor *factor, const double *matrix, const bool *active,
					   int d, double tolerance)
{
	factor->d = factor->count = d;
	factor->next = 0;
	factor->rank = 0;
	factor->tolerance = tolerance;
	factor->active = active;
	memcpy(factor->l, matrix, (size_t) d * (size_t) d * sizeof(double));
}

/*
 * la_logreg_factor_step
 *		Factor the next row; false when there is none left.
 */
bool
la_logreg_factor_step(LogregFactor *factor)
{
	size_t		d = (size_t) factor->d;
	size_t		i = (size_t) factor->next++;
	double	   *row = factor->l + i * d;
	double		left;

	if (i >= (size_t) factor->count)
		return false;
	for (size_t j = 0; j < i; j++)
	{
		const double *other = factor->l + j * d;

		row[j] = other[j] == 0 || !factor->active[i] ? 0 :
			(row[j] - la_logreg_dot(row, other, j)) / other[j];
	}
	left = row[i] - la_logreg_dot(row, row, i);
	if (factor->active[i] && left > factor->tolerance * row[i] && left > 0 && left <= DBL_MAX)
	{
		row[i] = sqrt(left);
		factor->rank++;
	}
	else
		row[i] = 0;
	return true;
}

/* Solve L y = x in place, where x is 0 before "first"; 0 for the left out. */
void
la_logreg_forward(const LogregFactor *factor, double *x, int first)
{
	size_t		d = (size_t) factor->d;

	for (size_t i = (size_t) first; i < d; i++)
	{
		const double *row = factor->l + i * d;

		x[i] = row[i] == 0 ? 0 :
			(x[i] - la_logreg_dot(row + first, x + first, i - (size_t) first)) / row[i];
	}
}

/* Solve L' y = x in place for the first "count" unknowns. */
void
la_logreg_backward(const LogregFactor *factor, double *x, int count)
{
	size_t		d = (size_t) factor->d;

	for (int i = count - 1; i >= 0; i--)
	{
		const double *row = factor->l + (size_t) i * d;

		x[i] = row[i] == 0 ? 0 : x[i] / row[i];
		for (int j = 0; j < i; j++)
			x[j] -= row[j] * x[i];
	}
}
