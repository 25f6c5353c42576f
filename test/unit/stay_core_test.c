/*
 * stay_core_test.c
 *		Curves of stays against the definition, and a published example.
 */
#include "stay_core.h"

#include <math.h>
#include <stdlib.h>

#include "keysort.h"
#include "prng.h"
#include "tap.h"

#define TRIALS	100000
#define MAX_STAYS 12
#define LONGEST 30

static bool
near(double a, double b)
{
	return fabs(a - b) <= 1e-12 * (1 + fabs(b));
}

/* The product and the sum as they are defined, at one point. */
static void
by_definition(const uint64_t *keys, size_t n, int64_t at, double *share, double *std_error)
{
	double		product = 1;
	double		sum = 0;

	for (int64_t t = 0; t < at; t++)
	{
		int			present = 0;
		int			leaving = 0;

		for (size_t i = 0; i < n; i++)
		{
			present += (int64_t) (keys[i] >> 1) >= t;
			leaving += keys[i] == la_stay_key(t, false);
		}
		if (leaving > 0)
		{
			product *= (double) (present - leaving) / present;
			sum += leaving / ((double) present * (present - leaving));
		}
	}
	*share = product;
	*std_error = product * sqrt(sum);
}

static bool
curve_is_right(uint64_t *keys, size_t n, int64_t step)
{
	uint64_t	npoints = la_stay_points(keys, n, step);
	StayPoint  *points = malloc(npoints * sizeof(StayPoint));
	bool		good = true;

	la_stay_curve(keys, n, step, points, NULL);
	for (uint64_t k = 0; k < npoints; k++)
	{
		uint64_t	at_risk = 0,
					leaves = 0,
					censored = 0;
		double		share,
					std_error;

		for (size_t i = 0; i < n; i++)
		{
			uint64_t	length = keys[i] >> 1;
			bool		within = length >= k * (uint64_t) step && length < (k + 1) * (uint64_t) step;

			at_risk += length >= k * (uint64_t) step;
			leaves += within && !(keys[i] & 1);
			censored += within && (keys[i] & 1);
		}
		by_definition(keys, n, (int64_t) k * step, &share, &std_error);
		good &= points[k].at_risk == at_risk && points[k].leaves == leaves && points[k].censored == censored &&
			near(points[k].share, share) && near(points[k].std_error, std_error);
	}
	free(points);
	return good;
}

static void
test_trials(void)
{
	Prng		prng;
	int			right = 0;

	la_prng_seed(&prng, 5, 0);
	for (int i = 0; i < TRIALS; i++)
	{
		uint64_t	keys[MAX_STAYS];
		uint64_t	scratch[MAX_STAYS];
		size_t		n = la_prng_below(&prng, MAX_STAYS + 1);

		for (size_t j = 0; j < n; j++)
			keys[j] = la_stay_key(la_prng_below(&prng, LONGEST), la_prng_below(&prng, 3) == 0);
		la_sort_keys(keys, scratch, n, NULL);
		right += curve_is_right(keys, n, 1 + la_prng_below(&prng, 7));
	}
	ok(right == TRIALS, "%d of %d curves as defined", right, TRIALS);
}

/*
 * Remission times of the 6-MP group of Freireich et al., 1963, as in Cox &
 * Oakes, Analysis of Survival Data, 1984, and in R's MASS::gehan.
 */
static void
test_published(void)
{
	static const int length[] = {6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35};
	static const int lost[] = {0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1};

	/* R: summary(survfit(Surv(time, cens) ~ 1)) just after 6, 7, 10, 13, 16, 22, 23 */
	static const int after[] = {7, 8, 11, 14, 17, 23, 24};
	static const double share[] = {0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482};
	static const double std_error[] = {0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346};
	uint64_t	keys[21];
	StayPoint	points[36];
	bool		good = true;

	for (int i = 0; i < 21; i++)
		keys[i] = la_stay_key(length[i], lost[i]);
	la_stay_curve(keys, 21, 1, points, NULL);
	for (int i = 0; i < 7; i++)
	{
		good &= fabs(points[after[i]].share - share[i]) < 0.00005 &&
			fabs(points[after[i]].std_error - std_error[i]) < 0.00005;
	}
	ok(good, "the published remission times");
}

static void
test_exact(void)
{
	uint64_t	keys[7] = {2, 4, 6, 8, 10, 12, 14};
	StayPoint	points[8];
	bool		good = true;

	la_stay_curve(keys, 7, 1, points, NULL);
	for (int k = 1; k < 8; k++)
		good &= points[k].share == (8 - k) / 7.0;
	ok(good, "where nobody is lost the share is a plain one, to the last bit");

	keys[0] = la_stay_key(LA_STAY_MAX, true);
	ok(la_stay_points(keys, 1, LA_STAY_MAX) == 2, "the longest stay");
	la_stay_curve(keys, 1, LA_STAY_MAX, points, NULL);
	ok(points[1].at_risk == 1 && points[1].share == 1 && points[1].censored == 1, "and its end");
	ok(la_stay_points(keys, 0, 1) == 0, "no stays");
}

int
main(void)
{
	test_trials();
	test_published();
	test_exact();
	return tap_done();
}
