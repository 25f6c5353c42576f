/*
 * logreg_columns.c
 *		Logistic regression: how the columns are measured.
 *
 * Features are centred about their means and scaled by powers of two, which
 * cost no digit, so that the information is as well conditioned as they allow.
 * The moments are sums over blocks of rows, in a fixed order.
 */
#include "logreg_core.h"

#include <float.h>
#include <math.h>

#include "vector.h"

/* the weighted sums of a column's differences from the pivot, and their squares */
static void
add_differences(LogregMoments *moments, const double *x, const double *weight, int n)
{
	V2			pivot = v2_both(moments->pivot);
	V2			sum = {0, 0};
	V2			squares = {0, 0};
	V2			min = v2_both(moments->min);
	V2			max = v2_both(moments->max);

	for (int i = 0; i < n; i += 2)
	{
		V2			value = v2_load(x + i);
		V2			d = value - pivot;
		V2			term = v2_load(weight + i) * d;

		sum += term;
		squares += term * d;
		min = v2_select(value < min, value, min);
		max = v2_select(value > max, value, max);
	}
	moments->sum += sum[0] + sum[1];
	moments->squares += squares[0] + squares[1];
	moments->min = fmin(min[0], min[1]);
	moments->max = fmax(max[0], max[1]);
}

/*
 * la_logreg_moments
 *		Add the features of a block to the moments of the p columns.
 *
 * The first row ever is the pivot.
 */
void
la_logreg_moments(LogregMoments *moments, int p, const double *block, int block_rows)
{
	const double *weight = block + (size_t) (p + 1) * (size_t) block_rows;
	double		rows = v2_sum(weight, (size_t) block_rows);

	for (int j = 0; j < p; j++)
	{
		LogregMoments *m = &moments[j];
		const double *x = block + (size_t) j * (size_t) block_rows;

		if (m->n == 0)
			m->pivot = m->min = m->max = x[0];
		m->n += rows;
		add_differences(m, x, weight, block_rows);
	}
}

/*
 * la_logreg_standard
 *		Center and scale of a column: about its mean, and a power of two that
 *		brings its standard deviation near 1.
 *
 * A column without variation, or with no more than its values' rounding, gets
 * scale 0, which makes it the constant 0.
 */
void
la_logreg_standard(const LogregMoments *moments, double *center, double *scale, double *largest)
{
	double		mean = moments->sum / moments->n;
	double		variance = moments->squares / moments->n - mean * mean;
	double		spread = sqrt(fmax(variance, 0));
	double		range = moments->max - moments->min;
	int			exponent;

	*center = moments->pivot + mean;
	/* squares may be out of range, or all cancelled: the range is not */
	if (!(spread <= DBL_MAX) || !(spread > 1e-6 * range))
		spread = range / 4;
	*scale = 0;
	if (spread > 8 * DBL_EPSILON * fabs(*center) && spread > 0 && spread <= DBL_MAX)
	{
		(void) frexp(spread, &exponent);
		*scale = ldexp(1, 1 - exponent < 1000 ? 1 - exponent : 1000);
	}
	*largest = fmax(moments->max - *center, *center - moments->min) * *scale;
}

/*
 * la_logreg_standardise
 *		Replace the features of a block, once, by (x - center) * scale.
 */
void
la_logreg_standardise(double *block, int p, int block_rows, const double *center, const double *scale)
{
	for (int j = 0; j < p; j++)
	{
		double	   *x = block + (size_t) j * (size_t) block_rows;

		for (int i = 0; i < block_rows; i++)
			x[i] = scale[j] == 0 ? 0 : (x[i] - center[j]) * scale[j];
	}
}
