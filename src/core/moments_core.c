/*
 * moments_core.c
 *		Mean and standard deviation of numbers, and where a number stands.
 *
 * Sums of distances from one of the numbers, with 31 digits whatever their
 * size (wide.h): what is left of their order disappears when results are
 * rounded.
 */
#include "moments_core.h"

/*
 * la_moments_init
 *		No numbers yet.
 */
void
la_moments_init(Moments *m)
{
	m->n = 0;
	m->pivot = 0;
	m->sum = wide_of(0);
	m->squares = wide_of(0);
}

/*
 * la_moments_add
 *		Add a finite number.
 */
void
la_moments_add(Moments *m, double value)
{
	Wide		t;

	if (m->n++ == 0)
		m->pivot = value;
	t = wide_diff(value, m->pivot);
	m->sum = wide_add(m->sum, t);
	m->squares = wide_add(m->squares, wide_mul(t, t));
}

/*
 * la_moments_score
 *		By how many standard deviations of the population a number is above the
 *		mean; 0 if there is no deviation.  There must be a number.
 *
 * The square of the deviation is the mean of the squares of t less that of t
 * itself, squared.  A score of a number that was added is at most the root of
 * n; of others it may be infinite.
 */
double
la_moments_score(const Moments *m, double value)
{
	Wide		n = wide_of((double) m->n);
	Wide		mean = wide_div(m->sum, n);
	Wide		variance = wide_sub(wide_div(m->squares, n), wide_mul(mean, mean));
	Wide		above = wide_sub(wide_diff(value, m->pivot), mean);
	double		score;

	if (variance.value.hi <= 0 || above.value.hi == 0)
		return 0;
	score = wide_root_to_double(wide_div(wide_mul(above, above), variance));
	return above.value.hi < 0 ? -score : score;
}
