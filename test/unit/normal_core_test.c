/*
 * normal_core_test.c
 *		the normal distribution, chi-square and the exponential, against values
 *		that test/data/normal_reference.py computed with 40 digits.
 */
#include "normal_core.h"

#include <math.h>

#include "exp_core.h"
#include "tap.h"

static const double tails[][2] = {
	{0.0, 1.0},
	{0.1, 0.92034432544594203},
	{0.674, 0.50031131368064515},
	{1.0, 0.3173105078629141},
	{1.959963984540054, 0.050000000000000022},
	{3.3, 0.00096684828476755501},
	{6.0, 1.9731752900753963e-9},
	{12.5, 7.4651285977554268e-36},
	{37.0, 1.1451142445049154e-299},
};
static const double quantiles[][2] = {
	{1e-300, -37.047096299361199},
	{1e-20, -9.2623400897984076},
	{1e-05, -4.2648907939228246},
	{0.001, -3.0902323061678135},
	{0.025, -1.9599639845400542},
	{0.07, -1.4757910281791707},
	{0.2, -0.84162123357291417},
	{0.4, -0.25334710313579974},
	{0.5, 0.0},
	{0.75, 0.67448975019608174},
	{0.9, 1.2815515655446006},
	{0.975, 1.9599639845400539},
	{0.995, 2.5758293035489005},
	{0.9999, 3.7190164854557084},
};
static const double squares[][3] = {
	{0.1, 1, 0.75182963404584928},
	{1.0, 1, 0.3173105078629141},
	{3.0, 1, 0.083264516663550402},
	{20.0, 1, 7.7442164310440836e-6},
	{0.2, 2, 0.90483741803595957},
	{2.0, 2, 0.36787944117144232},
	{6.0, 2, 0.049787068367863943},
	{40.0, 2, 2.0611536224385578e-9},
	{0.30000000000000004, 3, 0.9600284803068776},
	{3.0, 3, 0.39162517627108896},
	{9.0, 3, 0.029290886534888232},
	{60.0, 3, 5.8782307279069123e-13},
	{0.4, 4, 0.98247690369357823},
	{4.0, 4, 0.40600584970983808},
	{12.0, 4, 0.017351265236664509},
	{80.0, 4, 1.7418252446695515e-16},
	{0.7000000000000001, 7, 0.99833573684540339},
	{7.0, 7, 0.42887985755305472},
	{21.0, 7, 0.0037701500511461668},
	{140.0, 7, 5.082977510439578e-27},
	{1.0, 10, 0.99982788437004416},
	{10.0, 10, 0.44049328506521241},
	{30.0, 10, 0.00085664121077530039},
	{200.0, 10, 1.6139305336977305e-37},
	{10.100000000000001, 101, 1.0},
	{101.0, 101, 0.48128504536921944},
	{303.0, 101, 4.7001874526057526e-22},
	{50.0, 500, 1.0},
	{500.0, 500, 0.49158937303100904},
};

static double
error_of(double got, double expected)
{
	return expected == 0 ? fabs(got) : fabs(got / expected - 1);
}

static void
test_tails(void)
{
	double		worst = 0;

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
	{
		worst = fmax(worst, error_of(la_normal_both_tails(tails[i][0]), tails[i][1]));
		worst = fmax(worst, error_of(la_normal_both_tails(-tails[i][0]), tails[i][1]));
	}
	/* z / sqrt(2) is rounded, and the tail at 37 changes 1369 times as much */
	ok(worst < 1e-13, "both tails: error %g", worst);
}

static void
test_quantiles(void)
{
	double		worst = 0;

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		worst = fmax(worst, error_of(la_normal_quantile(quantiles[i][0]), quantiles[i][1]));
	ok(worst < 1e-15, "quantiles: error %g", worst);
	ok(la_normal_quantile(0.5) == 0 && la_normal_quantile(0.25) == -la_normal_quantile(0.75), "they are symmetric");
}

static void
test_squares(void)
{
	double		worst = 0;

	for (size_t i = 0; i < sizeof(squares) / sizeof(squares[0]); i++)
		worst = fmax(worst, error_of(la_chi_square_tail(squares[i][0], (int) squares[i][1]), squares[i][2]));
	ok(worst < 1e-11, "chi-square: error %g", worst);
	ok(la_chi_square_tail(0, 3) == 1 && la_chi_square_tail(0, 1) == 1, "all of it is above 0");
}

/* the C library's exp is good to a unit in the last place */
static void
test_exp(void)
{
	double		worst = 0;
	double		values[3] = {0, -1000, -708};

	for (double x = 0; x > -708; x -= 0.0137)
	{
		double		value = x;

		la_exp_negative(&value, 1);
		worst = fmax(worst, error_of(value, exp(x)));
	}
	ok(worst < 4.5e-16, "exponential: error %g", worst);
	la_exp_negative(values, 3);
	ok(values[0] == 1 && values[1] == values[2] && values[2] > 0, "1 at 0, and never 0");
}

int
main(void)
{
	test_tails();
	test_quantiles();
	test_squares();
	test_exp();
	return tap_done();
}
