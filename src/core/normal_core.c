/*
 * normal_core.c
 *		The normal distribution: tails and quantiles.
 */
#include "normal_core.h"

#include <math.h>

#define SQRT_HALF 0.70710678118654752440

/*
 * la_normal_both_tails
 *		The probability of a standard normal number at least as far from 0 as z.
 */
double
la_normal_both_tails(double z)
{
	return erfc(fabs(z) * SQRT_HALF);
}

/* a[0] + a[1] x + ... + a[7] x^7 */
static double
polynomial(const double *a, double x)
{
	double		sum = a[7];

	for (int k = 6; k >= 0; k--)
		sum = sum * x + a[k];
	return sum;
}

/*
 * la_normal_quantile
 *		The number that a standard normal one is below with probability p,
 *		0 < p < 1.
 *
 * Relative error about 1e-16.
 *
 * Source: Wichura, Algorithm AS 241: The percentage points of the normal
 * distribution, Applied Statistics 37, 1988 (PPND16).
 */
double
la_normal_quantile(double p)
{
	static const double a[] = {
		3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
		1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
		3.3430575583588128105e+4, 2.5090809287301226727e+3
	};
	static const double b[] = {
		1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
		5.2264952788528545610e+3
	};
	static const double c[] = {
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
		3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
		2.27238449892691845833e-2, 7.74545014278341407640e-4
	};
	static const double d[] = {
		1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
		1.05075007164441684324e-9
	};
	static const double e[] = {
		6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
		2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
		2.71155556874348757815e-5, 2.01033439929228813265e-7
	};
	static const double f[] = {
		1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
		2.04426310338993978564e-15
	};
	double		q = p - 0.5;
	double		r;

	if (fabs(q) <= 0.425)
	{
		r = 0.180625 - q * q;
		return q * (polynomial(a, r) / polynomial(b, r));
	}
	r = sqrt(-log(q < 0 ? p : 1 - p));
	if (r <= 5)
		r = polynomial(c, r - 1.6) / polynomial(d, r - 1.6);
	else
		r = polynomial(e, r - 5) / polynomial(f, r - 5);
	return q < 0 ? -r : r;
}

/*
 * la_chi_square_tail
 *		The probability of a chi-square of df degrees of freedom, at least 1, of
 *		x or more.
 *
 * A finite sum of positive terms (Abramowitz & Stegun 26.4.4 and 26.4.5),
 * begun at the last one so that none overflows.
 */
double
la_chi_square_tail(double x, int df)
{
	double		half = x / 2;
	double		offset = df % 2 == 0 ? 0 : 0.5;
	double		sum = df % 2 == 0 ? 0 : erfc(sqrt(half));
	int			last = df % 2 == 0 ? df / 2 - 1 : (df - 1) / 2;
	int			first = df % 2 == 0 ? 0 : 1;
	double		term;

	if (x <= 0)
		return 1;
	if (last < first)
		return sum;
	term = exp((last - offset) * log(half) - half - lgamma(last - offset + 1));
	for (int i = last; i >= first; i--)
	{
		sum += term;
		term *= (i - offset) / half;
	}
	return sum < 1 ? sum : 1;
}
