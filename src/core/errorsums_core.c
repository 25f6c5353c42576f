/*
 * errorsums_core.c
 *		Sums of prediction errors, and the figures made of them.
 *
 * The sums are double-doubles with an exponent of their own: they carry 31
 * digits whatever the size of the numbers, so that what is left of the order of
 * the rows disappears when results are rounded to 16.
 */
#include "errorsums_core.h"

#include <math.h>

#include "log_core.h"

/* The number of sums that a kind has. */
int
la_error_nsums(ErrorKind kind)
{
	static const int nsums[] = {0, LA_ERROR_SUMS, 2, 1};

	return nsums[kind];
}

/*
 * la_error_init
 *		An empty state.
 */
void
la_error_init(ErrorSums *s, ErrorKind kind)
{
	s->reserved = 0;
	s->format = LA_ERROR_FORMAT;
	s->kind = (uint16_t) kind;
	s->n = 0;
	s->pivot = 0;
	for (int i = 0; i < LA_ERROR_SUMS; i++)
		s->sums[i] = wide_make(dd_make(0, 0), 0);
}

/* minus the logarithm of the least probability, rounded up */
#define MAX_LOG 36.1

static bool
is_canonical(const Wide *sum)
{
	double		hi = sum->value.hi;
	double		lo = sum->value.lo;

	/* sums are below 2^2116, a square above 2^-2149, over 2^-52 */
	return isfinite(hi) && isfinite(lo) && hi + lo == hi && wide_is_usual(hi) &&
		(hi != 0 || sum->exponent == 0) &&
		sum->exponent % WIDE_STEP == 0 && sum->exponent >= -5 * WIDE_STEP && sum->exponent <= 5 * WIDE_STEP;
}

/* Whether |a| <= b but for rounding; b is not negative. */
static bool
at_most(Wide a, Wide b)
{
	Wide		slack = wide_mul(b, wide_of(1e-9));

	return wide_sub(wide_abs(a), wide_add(b, slack)).value.hi <= 0;
}

/* The sum of the squares of the actuals themselves. */
static Wide
squares_of_actuals(const ErrorSums *s)
{
	Wide		pivot = wide_of(s->pivot);
	Wide		moved = wide_add(wide_mul(pivot, wide_of((double) s->n)),
								 wide_add(s->sums[LA_SUM_TARGET], s->sums[LA_SUM_TARGET]));

	return wide_add(s->sums[LA_SUM_TARGET_SQUARED], wide_mul(pivot, moved));
}

/* Whether a sum over the rows is at most that of so much for each. */
static bool
within(const ErrorSums *s, Wide sum, double most, int exponent)
{
	return at_most(sum, wide_mul(wide_of((double) s->n), wide_make(dd_make(most, 0), exponent)));
}

/*
 * Sums are within what rows of finite numbers can give.  What keeps to that
 * does so merged with another, too: a merged state can be sent and received.
 */
static bool
sums_in_range(const ErrorSums *s)
{
	if (s->kind != LA_ERROR_NUMBERS)
		return within(s, s->sums[LA_SUM_LOG], MAX_LOG, 0) && within(s, s->sums[LA_SUM_BRIER], 1, 0);
	/* a difference is below 2^1025, its square below 2^2050, over 2^-52 below 2^1077 */
	return within(s, s->sums[LA_SUM_ABSOLUTE], 2, 2 * WIDE_STEP) &&
		within(s, s->sums[LA_SUM_SQUARED], 4, 4 * WIDE_STEP) &&
		within(s, s->sums[LA_SUM_RELATIVE], 0x1p53, 2 * WIDE_STEP) &&
		within(s, squares_of_actuals(s), 1, 4 * WIDE_STEP);
}

/* Sums of numbers fit each other: what is 0 in one is 0 in the others, and Cauchy's inequality. */
static bool
sums_agree(const ErrorSums *s)
{
	const Wide *absolute = &s->sums[LA_SUM_ABSOLUTE];
	const Wide *squared = &s->sums[LA_SUM_SQUARED];
	const Wide *relative = &s->sums[LA_SUM_RELATIVE];
	const Wide *target = &s->sums[LA_SUM_TARGET];
	const Wide *target_squared = &s->sums[LA_SUM_TARGET_SQUARED];
	Wide		n = wide_of((double) s->n);

	return (absolute->value.hi == 0) == (squared->value.hi == 0) &&
		(absolute->value.hi == 0) == (relative->value.hi == 0) &&
		at_most(wide_mul(*absolute, *absolute), wide_mul(n, *squared)) &&
		at_most(wide_mul(*target, *target), wide_mul(n, *target_squared));
}

/*
 * la_error_check
 *		Whether a state can be that of some rows: LA_OK or LA_MALFORMED.
 */
LaResult
la_error_check(const ErrorSums *s)
{
	if (s->format != LA_ERROR_FORMAT || s->kind < LA_ERROR_NUMBERS || s->kind > LA_ERROR_CLASSES ||
		s->n < 1 || !isfinite(s->pivot) || (s->kind != LA_ERROR_NUMBERS && s->pivot != 0))
		return LA_MALFORMED;
	for (int i = 0; i < LA_ERROR_SUMS; i++)
	{
		if (!is_canonical(&s->sums[i]) ||
			(s->sums[i].value.hi < 0 && i != LA_SUM_TARGET) ||
			(s->sums[i].value.hi != 0 && i >= la_error_nsums((ErrorKind) s->kind)))
			return LA_MALFORMED;
	}
	return sums_in_range(s) && (s->kind != LA_ERROR_NUMBERS || sums_agree(s)) ? LA_OK : LA_MALFORMED;
}

static LaResult
count_row(ErrorSums *s)
{
	if (s->n == INT64_MAX)
		return LA_OVERFLOW;
	s->n++;
	return LA_OK;
}

static void
add_to(ErrorSums *s, int sum, Wide term)
{
	s->sums[sum] = wide_add(s->sums[sum], term);
}

/* Half of it is the greatest relative error of rounding; what relative errors are divided by at least. */
#define EPSILON DBL_EPSILON

/* Whether its squares and quotients are far from where exponents are needed. */
static inline bool
is_middling(double x)
{
	return (fabs(x) < 0x1p100 && fabs(x) > 0x1p-100) || x == 0;
}

/* The same of sums, which squares may be added to. */
static inline bool
are_middling(const Wide *sums)
{
	int64_t		exponents = 0;
	bool		small = true;

	for (int i = 0; i < LA_ERROR_SUMS; i++)
	{
		exponents |= sums[i].exponent;
		small &= fabs(sums[i].value.hi) < 0x1p250;
	}
	return exponents == 0 && small;
}

/* Add a number to a sum of the same sign: nothing cancels, so that less is enough than dd_add does. */
static inline void
add_positive(Wide *sum, DD term)
{
	DD			s = dd_two_sum(sum->value.hi, term.hi);

	sum->value = dd_fast_two_sum(s.hi, s.lo + (sum->value.lo + term.lo));
}

static inline DD
square_of(DD a)
{
	DD			p = dd_two_prod(a.hi, a.hi);

	return dd_fast_two_sum(p.hi, p.lo + 2 * (a.hi * a.lo));
}

/* la_error_add_number where no exponent is needed, which is nearly always. */
static inline void
add_middling(ErrorSums *s, double actual, DD d, DD t)
{
	if (d.hi < 0)
		d = dd_neg(d);
	add_positive(&s->sums[LA_SUM_ABSOLUTE], d);
	add_positive(&s->sums[LA_SUM_SQUARED], square_of(d));
	add_positive(&s->sums[LA_SUM_RELATIVE], dd_make(d.hi / fmax(fabs(actual), EPSILON), 0));
	s->sums[LA_SUM_TARGET].value = dd_add(s->sums[LA_SUM_TARGET].value, t);
	add_positive(&s->sums[LA_SUM_TARGET_SQUARED], square_of(t));
}

static void
add_any(ErrorSums *s, double actual, double predicted)
{
	Wide		d = wide_abs(wide_diff(actual, predicted));
	Wide		t = wide_diff(actual, s->pivot);

	add_to(s, LA_SUM_ABSOLUTE, d);
	add_to(s, LA_SUM_SQUARED, wide_mul(d, d));
	add_to(s, LA_SUM_RELATIVE, wide_div(d, wide_of(fmax(fabs(actual), EPSILON))));
	add_to(s, LA_SUM_TARGET, t);
	add_to(s, LA_SUM_TARGET_SQUARED, wide_mul(t, t));
}

/*
 * la_error_add_number
 *		Add a row: two finite numbers.  Returns LA_OVERFLOW for too many rows.
 */
LaResult
la_error_add_number(ErrorSums *s, double actual, double predicted)
{
	DD			d = dd_two_diff(actual, predicted);
	DD			t;

	if (count_row(s) != LA_OK)
		return LA_OVERFLOW;
	if (s->n == 1)
		s->pivot = actual;
	t = dd_two_diff(actual, s->pivot);
	if (is_middling(actual) && is_middling(predicted) && is_middling(s->pivot) &&
		is_middling(d.hi) && is_middling(t.hi) && are_middling(s->sums))
		add_middling(s, actual, d, t);
	else
		add_any(s, actual, predicted);
	return LA_OK;
}

/* Add minus the logarithm of the probability that was given to what happened: up to 36.05. */
static inline void
add_log(ErrorSums *s, double probability)
{
	double		loss = -la_log(fmin(fmax(probability, EPSILON), 1 - EPSILON));

	if (are_middling(s->sums))
		add_positive(&s->sums[LA_SUM_LOG], dd_make(loss, 0));
	else
		add_to(s, LA_SUM_LOG, wide_of(loss));
}

/*
 * la_error_add_probability
 *		Add a row: whether it happened, and the probability that it would.
 *		Returns LA_OVERFLOW for too many rows.
 */
LaResult
la_error_add_probability(ErrorSums *s, bool actual, double probability)
{
	DD			d = dd_two_diff(probability, actual ? 1 : 0);

	if (count_row(s) != LA_OK)
		return LA_OVERFLOW;
	add_log(s, actual ? probability : 1 - probability);
	if (is_middling(d.hi) && are_middling(s->sums))
		add_positive(&s->sums[LA_SUM_BRIER], square_of(d));
	else
		add_to(s, LA_SUM_BRIER, wide_mul(wide_make(d, 0), wide_make(d, 0)));
	return LA_OK;
}

/*
 * la_error_add_class
 *		Add a row: the probability of the class that it turned out to be.
 *		Returns LA_OVERFLOW for too many rows.
 */
LaResult
la_error_add_class(ErrorSums *s, double probability)
{
	if (count_row(s) != LA_OK)
		return LA_OVERFLOW;
	add_log(s, probability);
	return LA_OK;
}

/* What rounding, or sums that no rows have, took from the squares beyond Cauchy's inequality. */
static void
keep_cauchy(ErrorSums *s)
{
	Wide		target = s->sums[LA_SUM_TARGET];
	Wide		least = wide_div(wide_mul(target, target), wide_of((double) s->n));

	if (wide_sub(least, s->sums[LA_SUM_TARGET_SQUARED]).value.hi > 0)
		s->sums[LA_SUM_TARGET_SQUARED] = least;
}

/*
 * la_error_merge
 *		Fold "other" into "s" as if its rows had been added one by one.
 *
 * Either may be empty.  Returns LA_MALFORMED for different kinds, LA_OVERFLOW
 * for too many rows.
 *
 * With D the distance of the pivots, the sum of t + D is that of t and n D, and
 * the sum of squares grows by D (2 sum of t + n D).  Both pivots are actuals of
 * rows, so the squares lose no more than a factor n of their digits when the
 * mean is taken off.
 */
LaResult
la_error_merge(ErrorSums *s, const ErrorSums *other)
{
	Wide		distance;
	Wide		moved;

	if (s->kind != other->kind)
		return LA_MALFORMED;
	if (other->n > INT64_MAX - s->n)
		return LA_OVERFLOW;
	if (s->n == 0)
		s->pivot = other->pivot;
	s->n += other->n;
	for (int i = 0; i < LA_ERROR_SUMS; i++)
		add_to(s, i, other->sums[i]);
	if (s->pivot == other->pivot)
		return LA_OK;

	distance = wide_diff(other->pivot, s->pivot);
	moved = wide_mul(distance, wide_of((double) other->n));
	add_to(s, LA_SUM_TARGET, moved);
	moved = wide_add(moved, wide_add(other->sums[LA_SUM_TARGET], other->sums[LA_SUM_TARGET]));
	add_to(s, LA_SUM_TARGET_SQUARED, wide_mul(distance, moved));
	keep_cauchy(s);
	return LA_OK;
}

/*
 * la_error_mean
 *		The mean over the rows of what a sum is of; infinity if that is out of
 *		range, NaN without rows.
 */
double
la_error_mean(const ErrorSums *s, int sum)
{
	if (s->n == 0)
		return NAN;
	return wide_to_double(wide_div(s->sums[sum], wide_of((double) s->n)));
}

/*
 * la_error_root_mean_square
 *		The root of the mean squared error of numbers; as la_error_mean.
 */
double
la_error_root_mean_square(const ErrorSums *s)
{
	if (s->n == 0)
		return NAN;
	return wide_root_to_double(wide_div(s->sums[LA_SUM_SQUARED], wide_of((double) s->n)));
}

/*
 * la_error_r2
 *		1 less the squared errors over the squared deviations of the actuals
 *		from their mean.  Of a constant actual: 1 without any error, otherwise
 *		0.  Minus infinity if out of range, NaN with less than two rows.
 */
double
la_error_r2(const ErrorSums *s)
{
	Wide		target = s->sums[LA_SUM_TARGET];
	Wide		deviation;

	if (s->n < 2)
		return NAN;
	deviation = wide_sub(s->sums[LA_SUM_TARGET_SQUARED],
						 wide_div(wide_mul(target, target), wide_of((double) s->n)));
	if (deviation.value.hi <= 0)
		return s->sums[LA_SUM_SQUARED].value.hi == 0 ? 1 : 0;
	return wide_to_double(wide_sub(wide_of(1), wide_div(s->sums[LA_SUM_SQUARED], deviation)));
}
