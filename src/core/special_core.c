/*
 * special_core.c
 *		The regularised incomplete beta function.
 *
 * I_x(a, b) gives the tails of the F, t and binomial distributions (NIST
 * Digital Library of Mathematical Functions, 8.17).  It is a power term over
 * a continued fraction, the even part of DLMF 8.17.22: that one subtracts
 * x (a + b) / (a + 1) from 1, and this one has the difference from y, without
 * the cancellation (DiDonato & Morris, Algorithm 708, ACM TOMS 18, 1992).  It
 * is evaluated by the modified Lentz method (Thompson & Barnett, Coulomb and
 * Bessel functions of complex arguments and order, J. Comput. Phys. 64, 1986).
 * The power term x^a y^b / B(a, b) comes from its deviance and the remainders
 * of Stirling's formula, because the difference of three large logarithms
 * would leave few digits (Loader, Fast and accurate computation of binomial
 * probabilities, 2000).
 */
#include "special_core.h"

#include <float.h>
#include <math.h>

#define TWO_PI 6.283185307179586476925

/*
 * log(1 + u) - u for u > -1, without the cancellation near 0.
 *
 * log(1 + u) = 2 artanh(r) with r = u / (2 + u), and 2 r - u = -u r.
 */
static double
log1p_minus(double u)
{
	double		r = u / (2 + u);
	double		power = r;
	double		sum = 0;

	if (fabs(u) > 0.5)
		return log1p(u) - u;
	for (int k = 3; k < 60; k += 2)
	{
		double		before = sum;

		power *= r * r;
		sum += power / k;
		if (sum == before)
			break;
	}
	return 2 * sum - u * r;
}

/*
 * d(z) in Gamma(z) = sqrt(2 pi / z) (z / e)^z exp(d(z)), for z > 0.
 *
 * The asymptotic series is DLMF 5.11.1; below 16, where nine terms of it do
 * not reach full accuracy, Gamma(z + 1) = z Gamma(z) climbs up to there.
 */
static double
stirling_remainder(double z)
{
	static const double coefficient[] = {
		1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188,
		-691.0 / 360360, 1.0 / 156, -3617.0 / 122400, 43867.0 / 244188
	};
	double		climbed = 0;
	double		sum = 0;

	for (; z < 16; z += 1)
		climbed += z < 2 ? (z + 0.5) * log1p(1 / z) - 1 :
			(z + 0.5) * log1p_minus(1 / z) + 0.5 / z;
	for (int k = 8; k >= 0; k--)
		sum = sum / (z * z) + coefficient[k];
	return climbed + sum / z;
}

/*
 * a log(x n / a), less the linear part a u that cancels between the two
 * terms of a deviance; u = x n / a - 1
 */
static double
deviance_term(double a, double x, double n, double u)
{
	return u < -0.5 ? a * (log(x) + log(n / a) - u) : a * log1p_minus(u);
}

/* x^a y^b / B(a, b), where excess = x (a + b) - a */
static double
power_term(double a, double b, double x, double y, double excess)
{
	double		n = a + b;

	return sqrt(a / n * b / TWO_PI) *
		exp(stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b) +
			deviance_term(a, x, n, excess / a) + deviance_term(b, y, n, -excess / b));
}

/* the numerator of the m-th fraction, m >= 1 */
static double
numerator(double a, double b, double x, double m)
{
	double		odd = a + 2 * m - 1;

	return ((a + m - 1) / odd) * ((a + b + m - 1) / odd) * m * (b - m) * x * x;
}

/* what the m-th numerator stands over, m >= 1; excess is (a + b) x - a */
static double
denominator(double a, double b, double x, double excess, double m)
{
	return m + m * (b - m) * x / (a + 2 * m - 1) +
		(a + m) * (1 - excess + m * (2 - x)) / (a + 2 * m + 1);
}

/*
 * The continued fraction d0 + n1 / (d1 + n2 / (d2 + ...)); the number of terms
 * grows with the square root of the larger of a and b.
 */
static double
continued_fraction(double a, double b, double x, double excess)
{
	double		limit = 1000 + 20 * sqrt(fmax(a, b));
	double		value = a * (1 - excess) / (a + 1);
	double		c = value;
	double		d = 0;

	for (double m = 1; m < limit; m++)
	{
		double		n = numerator(a, b, x, m);
		double		term = denominator(a, b, x, excess, m);

		/* a zero between two terms: any tiny number serves (Thompson & Barnett) */
		d = term + n * d;
		if (d == 0)
			d = DBL_MIN;
		c = term + n / c;
		if (c == 0)
			c = DBL_MIN;
		d = 1 / d;
		value *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON)
			break;
	}
	return value;
}

/* I_x(a, b) for x not above the mean, where the fraction converges fast */
static double
lower_tail(double a, double b, double x, double y)
{
	double		excess = x * b - y * a;

	return power_term(a, b, x, y, excess) / continued_fraction(a, b, x, excess);
}

/*
 * la_incomplete_beta
 *		I_x(a, b) for a, b > 0 and x + y = 1, 0 <= x <= 1.
 *
 * The caller gives y = 1 - x besides x, so that a number near either end
 * keeps its digits.  Relative error about 1e-13; below 1e-308 the result is 0.
 */
double
la_incomplete_beta(double a, double b, double x, double y)
{
	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	if (x * b > y * a)
		return 1 - lower_tail(b, a, y, x);
	return lower_tail(a, b, x, y);
}
