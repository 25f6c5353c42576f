/*
 * moments_core_test.c
 *		Wide numbers against long double, and standard scores against their
 *		definition.
 */
#include "moments_core.h"

#include <float.h>
#include <math.h>

#include "prng.h"
#include "tap.h"

#define MAX_NUMBERS 200

/* Of any sign, and of a size between 2^low and 2^high. */
static double
random_double(Prng *prng, int low, int high)
{
	double		mantissa = 1 + (double) la_prng_next(prng) * 0x1p-64;

	return ldexp(la_prng_below(prng, 2) ? mantissa : -mantissa,
				 low + (int) la_prng_below(prng, (uint32_t) (high - low)));
}

static bool
is_close(double a, long double b)
{
	return fabsl(a - b) <= 2.3e-16L * fabsl(b) + 5e-324L;
}

/* long double has the range for products of any doubles. */
static void
test_wide(const char *what, int low, int high)
{
	Prng		prng;
	bool		product = true;
	bool		quotient = true;
	bool		sum = true;
	bool		root = true;

	la_prng_seed(&prng, 89, (uint64_t) high);
	for (int i = 0; i < 100000; i++)
	{
		double		a = random_double(&prng, low, high);
		double		b = random_double(&prng, low, high);
		double		c = random_double(&prng, low, high);
		Wide		ab = wide_mul(wide_of(a), wide_of(b));

		product &= is_close(wide_to_double(wide_div(ab, wide_of(c))), (long double) a * b / c) ||
			fabsl((long double) a * b / c) > DBL_MAX;
		quotient &= is_close(wide_to_double(wide_mul(wide_div(wide_of(a), wide_of(b)), wide_of(b))), a);
		sum &= is_close(wide_to_double(wide_diff(a, b)), (long double) a - b) ||
			fabsl((long double) a - b) > DBL_MAX;
		sum &= wide_sub(wide_add(wide_mul(wide_of(a), wide_of(a)), ab), ab).value.hi > 0 || fabs(b) > fabs(a) * 1e10;
		root &= is_close(wide_root_to_double(wide_mul(wide_of(a), wide_of(a))), fabs(a));
	}
	ok(product && quotient && sum && root, "%s: sums, products, quotients and roots", what);
}

static void
test_scores(const char *what, double factor, double offset)
{
	Prng		prng;
	bool		right = true;
	bool		same = true;

	la_prng_seed(&prng, 97, 0);
	for (int repeat = 0; repeat < 300; repeat++)
	{
		double		numbers[MAX_NUMBERS];
		int			n = 2 + (int) la_prng_below(&prng, MAX_NUMBERS - 1);
		long double mean = 0;
		long double deviation = 0;
		Moments		forward;
		Moments		backward;

		la_moments_init(&forward);
		la_moments_init(&backward);
		for (int i = 0; i < n; i++)
			numbers[i] = random_double(&prng, -3, 3) * factor + offset;
		for (int i = 0; i < n; i++)
		{
			la_moments_add(&forward, numbers[i]);
			la_moments_add(&backward, numbers[n - 1 - i]);
			mean += ((long double) numbers[i] - numbers[0]) / n;
		}
		for (int i = 0; i < n; i++)
			deviation += (numbers[i] - (long double) numbers[0] - mean) * (numbers[i] - (long double) numbers[0] - mean);
		for (int i = 0; i < n; i++)
		{
			long double score = (numbers[i] - (long double) numbers[0] - mean) / sqrtl(deviation / n);

			right &= fabsl(la_moments_score(&forward, numbers[i]) - score) <= 1e-15L * fabsl(score) + 1e-16L;
			same &= la_moments_score(&forward, numbers[i]) == la_moments_score(&backward, numbers[i]);
		}
	}
	ok(right && same, "%s: scores are those of the definition, in any order", what);
}

static void
test_corners(void)
{
	Moments		m;

	la_moments_init(&m);
	la_moments_add(&m, 0.1);
	ok(la_moments_score(&m, 0.1) == 0, "one number");
	la_moments_add(&m, 0.1);
	la_moments_add(&m, 0.1);
	ok(la_moments_score(&m, 0.1) == 0 && la_moments_score(&m, 5) == 0, "no deviation");
	la_moments_init(&m);
	la_moments_add(&m, 0);
	la_moments_add(&m, 5e-324);
	ok(la_moments_score(&m, 0) == -1 && la_moments_score(&m, 5e-324) == 1 && isinf(la_moments_score(&m, DBL_MAX)),
	   "the smallest deviation there is");
	la_moments_init(&m);
	la_moments_add(&m, DBL_MAX);
	la_moments_add(&m, -DBL_MAX);
	ok(la_moments_score(&m, DBL_MAX) == 1 && la_moments_score(&m, -DBL_MAX) == -1, "the largest");
}

int
main(void)
{
	test_wide("usual numbers", -100, 100);
	test_wide("all numbers", -1022, 1023);
	test_wide("large numbers", 900, 1023);
	test_wide("small numbers", -1070, -900);
	test_scores("numbers", 1, 0);
	test_scores("numbers far from 0", 1, 1e6);
	test_scores("large numbers", 1e307, 0);
	test_scores("small numbers", 1e-300, 0);
	test_corners();
	return tap_done();
}
