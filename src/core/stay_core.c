/*
 * stay_core.c
 *		How many are still there after a time, where some are seen only so far.
 *
 * Kaplan and Meier multiply, over the times t at which somebody leaves, the
 * share of those present who do not leave. With m present just before and d
 * leaving that is (m - d) / m, so between two losses of sight the product
 * telescopes to (present now) / (present after the last loss): one division
 * instead of one per time, and without any loss exactly present / n. So does
 * Greenwood's sum of d / (m (m - d)), to 1 / (present now) - 1 / (present after
 * the last loss).
 *
 * Sources: E. L. Kaplan & P. Meier, Nonparametric Estimation from Incomplete
 * Observations, JASA 53, 1958; M. Greenwood, The Natural Duration of Cancer,
 * 1926.
 */
#include "stay_core.h"

#include <math.h>

#define BLOCK 65536				/* keys between two looks at interrupts */

/* The number of points at 0, step, 2 step .. that somebody reaches. */
uint64_t
la_stay_points(const uint64_t *keys, size_t n, int64_t step)
{
	return n == 0 ? 0 : (keys[n - 1] >> 1) / (uint64_t) step + 1;
}

/*
 * la_stay_curve
 *		The points of n sorted keys, la_stay_points of them.
 *
 * The share at a point is of those who stay at least so long: a stay that ends
 * exactly there has reached it. Who is lost sight of at a time has been seen
 * to stay until then.
 */
void
la_stay_curve(const uint64_t *keys, size_t n, int64_t step, StayPoint *points, MayStop may_stop)
{
	uint64_t	npoints = la_stay_points(keys, n, step);
	size_t		next = 0;		/* the first key at or after the point */
	double		base = 1;		/* the share after the last loss of sight */
	double		base_sum = 0;	/* Greenwood's sum until then */
	double		base_present = (double) n;

	for (uint64_t k = 0; k < npoints; k++)
	{
		uint64_t	end = k + 1 < npoints ? (k + 1) * (uint64_t) step : UINT64_MAX;
		double		present = (double) (n - next);
		double		sum = base_sum + (1 / present - 1 / base_present);
		StayPoint  *point = &points[k];

		point->at_risk = n - next;
		point->leaves = point->censored = 0;
		point->share = base * (present / base_present);
		point->std_error = point->share * sqrt(sum);
		for (; next < n && keys[next] >> 1 < end; next++)
		{
			if (next % BLOCK == 0)
				la_may_stop(may_stop);
			if ((keys[next] & 1) == 0)
			{
				point->leaves++;
				continue;
			}
			point->censored++;
			present = (double) (n - next);
			base *= present / base_present;
			base_sum += 1 / present - 1 / base_present;
			base_present = present - 1;
		}
		if (k % BLOCK == 0)
			la_may_stop(may_stop);
	}
}
