/*
 * special_core.c
 *		The regularised incomplete beta and gamma functions, and the
 *		distributions made of them.
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
 * probabilities, 2000).  The gamma function is treated likewise: DLMF 8.7.1
 * below the mean, the continued fraction 8.9.2 above it.
 *
 * Quantiles come by Newton's method on the logarithm of the smaller tail as a
 * function of the logarithm of the odds x / y.  The density of those is
 * log-concave, hence so are both tails (Bagnoli & Bergstrom, Log-concave
 * probability and its applications, Economic Theory 26, 2005): from any start
 * the second step and all after it approach the root from the same side.
 */
#include "special_core.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

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

/* the square of the factor of the power term that does not depend on x */
static double
power_factor(double a, double b)
{
	return a / (a + b) * b / TWO_PI;
}

/* the logarithm of the rest of it, where excess = x (a + b) - a */
static double
power_exponent(double a, double b, double x, double y, double excess)
{
	double		n = a + b;

	return stirling_remainder(n) - stirling_remainder(a) - stirling_remainder(b) +
		deviance_term(a, x, n, excess / a) + deviance_term(b, y, n, -excess / b);
}

/* x^a y^b / B(a, b) */
static double
power_term(double a, double b, double x, double y, double excess)
{
	return sqrt(power_factor(a, b)) * exp(power_exponent(a, b, x, y, excess));
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

/* A continued fraction d0 + n1 / (d1 + n2 / (d2 + ...)), so far. */
typedef struct Fraction
{
	double		value;
	double		c;
	double		d;
} Fraction;

/* One more term: n over "term".  False once it changes nothing. */
static inline bool
add_fraction(Fraction *f, double n, double term)
{
	/* a zero between two terms: any tiny number serves (Thompson & Barnett) */
	f->d = term + n * f->d;
	if (f->d == 0)
		f->d = DBL_MIN;
	f->c = term + n / f->c;
	if (f->c == 0)
		f->c = DBL_MIN;
	f->d = 1 / f->d;
	f->value *= f->c * f->d;
	return !(fabs(f->c * f->d - 1) < DBL_EPSILON);
}

/* The number of terms grows with the square root of the larger of a and b. */
static double
continued_fraction(double a, double b, double x, double excess)
{
	double		limit = 1000 + 20 * sqrt(fmax(a, b));
	double		first = a * (1 - excess) / (a + 1);
	Fraction	f = {first, first, 0};

	for (double m = 1; m < limit; m++)
	{
		if (!add_fraction(&f, numerator(a, b, x, m), denominator(a, b, x, excess, m)))
			break;
	}
	return f.value;
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

/* --- quantiles of the beta distribution ------------------------------------ */

/* below these logarithms of the odds I_x(a, b) is a power of x */
#define LEAST_LOG_ODDS (-690.0)

/*
 * log I_x(a, b) at x / y = exp(u), and its derivative by u.
 */
static double
log_tail(double a, double b, double u, double *slope)
{
	double		odds = exp(u);
	double		x = odds / (1 + odds);
	double		y = 1 / (1 + odds);
	double		excess = x * b - y * a;
	double		value;

	if (u < LEAST_LOG_ODDS)
		return log_tail(a, b, LEAST_LOG_ODDS, slope) + a * (u - LEAST_LOG_ODDS);
	if (excess <= 0)
	{
		*slope = continued_fraction(a, b, x, excess);
		return log(power_factor(a, b)) / 2 + power_exponent(a, b, x, y, excess) - log(*slope);
	}
	value = 1 - lower_tail(b, a, y, x);
	*slope = power_term(a, b, x, y, excess) / value;
	return log(value);
}

/*
 * la_beta_log_odds
 *		log(x / y) with I_x(a, b) = p, for a, b > 0 and p + q = 1, 0 < p < 1.
 *
 * The caller gives q = 1 - p besides p, so that a probability near either end
 * keeps its digits.
 */
double
la_beta_log_odds(double a, double b, double p, double q)
{
	double		u = log(a / b);
	double		last = INFINITY;

	if (p > q)
		return -la_beta_log_odds(b, a, q, p);
	for (int i = 0; i < 200; i++)
	{
		double		slope;
		double		step = (log_tail(a, b, u, &slope) - log(p)) / slope;

		u -= step;
		/* rounding is all that is left where steps no longer shrink */
		if (fabs(step) <= DBL_EPSILON * fabs(u) ||
			(fabs(step) < 1e-8 && fabs(step) >= last))
			break;
		last = fabs(step);
	}
	return u;
}

/* --- Student's t and F ------------------------------------------------------ */

/* la_t_two_sided for |t| / sqrt(df), whose square is in range. */
static double
t_two_sided_of(double ratio, double df)
{
	return la_incomplete_beta(df / 2, 0.5, 1 / (1 + ratio * ratio),
							  ratio / (1 + ratio * ratio) * ratio);
}

/*
 * la_t_two_sided
 *		The probability that |T| exceeds |t|, with df > 0 degrees of freedom.
 *
 * It is I_x(df / 2, 1 / 2) at x = df / (df + t^2), DLMF 8.17 and A&S 26.7.1.
 */
double
la_t_two_sided(double t, double df)
{
	const double far_out = 1e140;
	double		ratio = fabs(t) / sqrt(df);

	if (isinf(ratio))
		return 0;
	/* out there the tail is a power of t, whose square is out of range */
	if (ratio > far_out)
		return t_two_sided_of(far_out, df) * pow(far_out / ratio, df);
	return t_two_sided_of(ratio, df);
}

/*
 * la_t_quantile
 *		The t that |T| stays within with the probability "level", 0 < level < 1.
 */
double
la_t_quantile(double level, double df)
{
	return sqrt(df) * exp(la_beta_log_odds(0.5, df / 2, level, 1 - level) / 2);
}

/*
 * la_f_upper
 *		The probability that F of df1 and df2 degrees of freedom exceeds f >= 0.
 */
double
la_f_upper(double f, double df1, double df2)
{
	double		odds = f * (df1 / df2);

	if (isinf(odds))
		return 0;
	return la_incomplete_beta(df2 / 2, df1 / 2, 1 / (1 + odds), odds / (1 + odds));
}

/*
 * la_f_quantile
 *		The f that F stays below with the probability p, where p + q = 1.
 */
double
la_f_quantile(double p, double q, double df1, double df2)
{
	return df2 / df1 * exp(la_beta_log_odds(df1 / 2, df2 / 2, p, q));
}

/* --- the incomplete gamma function ----------------------------------------- */

/* x^a exp(-x) / Gamma(a) */
static double
gamma_term(double a, double x)
{
	return sqrt(a / TWO_PI) * exp(deviance_term(a, x, 1, (x - a) / a) - stirling_remainder(a));
}

/* the sum of x^k / (a (a + 1) .. (a + k)), for x not far above a */
static double
gamma_series(double a, double x)
{
	double		term = 1 / a;
	double		sum = 0;

	for (double k = 1; term > sum * (DBL_EPSILON / 4); k++)
	{
		sum += term;
		term *= x / (a + k);
	}
	return sum;
}

/* 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ..)), by Lentz's method */
static double
gamma_fraction(double a, double x)
{
	double		b = x + 1 - a;
	double		limit = 1000 + 20 * sqrt(a);
	Fraction	f = {b, b, 0};

	for (double k = 1; k < limit; k++)
	{
		b += 2;
		if (!add_fraction(&f, k * (a - k), b))
			break;
	}
	return 1 / f.value;
}

/*
 * la_incomplete_gamma
 *		P(a, x) for a > 0 and x >= 0, relative error about 1e-13.
 */
double
la_incomplete_gamma(double a, double x)
{
	if (x <= 0)
		return 0;
	if (x > a + 1)
		return 1 - la_incomplete_gamma_upper(a, x);
	return gamma_term(a, x) * gamma_series(a, x);
}

/*
 * la_incomplete_gamma_upper
 *		Q(a, x) = 1 - P(a, x): of a chi-square of df degrees of freedom, the
 *		probability to exceed c is Q(df / 2, c / 2).
 */
double
la_incomplete_gamma_upper(double a, double x)
{
	if (x <= a + 1)
		return 1 - la_incomplete_gamma(a, x);
	if (isinf(x))
		return 0;
	return gamma_term(a, x) * gamma_fraction(a, x);
}
