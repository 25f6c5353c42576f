/*
 * log_core_test.c
 *		the logarithm against values of 19 digits, and the C library's.
 */
#include "log_core.h"

#include <float.h>
#include <math.h>

#include "prng.h"
#include "tap.h"

/* x, log x: printed by test/data/log_reference.py */
static const double reference[][2] = {
	{5e-324, -744.4400719213812623},
	{1.5e-323, -743.3414596327131526},
	{1e-310, -713.8013788281541651},
	{2.225073858507201e-308, -708.3964185322641064},
	{2.2250738585072014e-308, -708.3964185322641062},
	{1e-300, -690.7755278982137052},
	{1e-15, -34.53877639491068518},
	{1e-05, -11.51292546497022834},
	{0.1, -2.302585092994045629},
	{0.25, -1.386294361119890619},
	{0.3333333333333333, -1.098612288668109747},
	{0.5, -0.6931471805599453094},
	{0.7, -0.3566749439387324424},
	{0.7071067811865475, -0.3465735902799727434},
	{0.7071067811865476, -0.3465735902799725864},
	{0.7071067811865477, -0.3465735902799724293},
	{0.9, -0.1053605156578262766},
	{0.99, -0.01005033585350145016},
	{0.99999999, -1.000000010024759359e-8},
	{0.999999999999999, -9.992007221626413856e-16},
	{0.9999999999999999, -1.110223024625156602e-16},
	{1.0000000000000002, 2.220446049250312834e-16},
	{1.000000000000001, 1.110223024625155924e-15},
	{1.00000001, 9.999999889225291232e-9},
	{1.01, 0.009950330853168091642},
	{1.1, 0.09531017980432494079},
	{1.25, 0.2231435513142097558},
	{1.414213562373095, 0.3465735902799725661},
	{1.4142135623730951, 0.3465735902799727231},
	{1.4142135623730954, 0.3465735902799728801},
	{1.5, 0.405465108108164382},
	{2.0, 0.6931471805599453094},
	{2.718281828459045, 0.9999999999999999468},
	{3.0, 1.098612288668109691},
	{10.0, 2.302585092994045684},
	{100000.0, 11.51292546497022842},
	{1000000000000000.0, 34.53877639491068526},
	{9007199254740992.0, 36.7368005696771014},
	{1e+300, 690.7755278982137053},
	{1.7976931348623157e+308, 709.7827128933839967},
};

#define COUNT (sizeof(reference) / sizeof(reference[0]))

/* the larger of "worst" and the relative error at x */
static double
worse(double worst, double x, double expected)
{
	double		error = fabs(la_log(x) - expected) / fabs(expected);

	if (error > 1e-14)
		ok(false, "log(%.17g): relative error %g", x, error);
	return fmax(worst, error);
}

int
main(void)
{
	double		worst = 0;
	Prng		prng;

	for (size_t i = 0; i < COUNT; i++)
		worst = worse(worst, reference[i][0], reference[i][1]);
	ok(worst < DBL_EPSILON, "%d values, relative error at most %.1e", (int) COUNT, worst);
	ok(la_log(1) == 0, "log 1 is 0");

	worst = 0;
	for (double x = 0.5; x < 2; x += 1.1e-6)
		worst = worse(worst, x, log(x));
	ok(worst < 2 * DBL_EPSILON, "from 0.5 to 2, relative error at most %.1e", worst);

	worst = 0;
	for (double d = 0.3; d > 1e-15; d *= 0.9999)
	{
		worst = worse(worst, 1 - d, log(1 - d));
		worst = worse(worst, 1 + d, log(1 + d));
	}
	ok(worst < 2 * DBL_EPSILON, "towards 1, relative error at most %.1e", worst);

	worst = 0;
	for (double x = DBL_MIN * DBL_EPSILON; x < DBL_MAX / 2; x = nextafter(x * 1.0007, INFINITY))
		worst = worse(worst, x, log(x));
	ok(worst < 2 * DBL_EPSILON, "denormals to the largest, relative error at most %.1e", worst);

	worst = 0;
	la_prng_seed(&prng, 1, 1);
	for (int i = 0; i < 1000000; i++)
	{
		double		x = ldexp((double) (la_prng_next(&prng) >> 11), -53);

		if (x > 0)
			worst = worse(worst, x, log(x));
	}
	ok(worst < 2 * DBL_EPSILON, "probabilities, relative error at most %.1e", worst);

	return tap_done();
}
