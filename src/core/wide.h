/*
 * wide.h
 *		Double-double numbers whose exponent has room for any sum or product of
 *		doubles: nothing overflows or underflows on the way to a result.
 *
 * A number is value * 2^exponent.  The exponent is a multiple of 512 and 0 for
 * all that is usual, so that usual sums cost little more than those of dd.h.
 */
#ifndef LA_WIDE_H
#define LA_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "dd.h"

#define WIDE_STEP 512
#define WIDE_LARGE 0x1p256
#define WIDE_SMALL 0x1p-256

/* value.hi is 0, or from WIDE_SMALL on and below WIDE_LARGE */
typedef struct Wide
{
	DD			value;
	int64_t		exponent;
} Wide;

static inline bool
wide_is_usual(double x)
{
	return (fabs(x) < WIDE_LARGE && fabs(x) >= WIDE_SMALL) || x == 0;
}

static inline Wide
wide_make(DD value, int64_t exponent)
{
	Wide		result;

	result.value = value;
	result.exponent = exponent;
	/* five times at most, unless somebody let NaN or infinity in */
	for (int i = 0; i < 5 && !wide_is_usual(result.value.hi); i++)
	{
		int			step = fabs(result.value.hi) < 1 ? WIDE_STEP : -WIDE_STEP;

		result.value = dd_make(ldexp(result.value.hi, step), ldexp(result.value.lo, step));
		result.exponent -= step;
	}
	if (result.value.hi == 0)
		result.exponent = 0;
	return result;
}

/* finite numbers only, as everywhere */
static inline Wide
wide_of(double x)
{
	return wide_make(dd_make(x, 0), 0);
}

/* What is more than two steps smaller has no bit in the sum. */
static inline Wide
wide_add(Wide a, Wide b)
{
	if (a.exponent != b.exponent)
	{
		Wide		swap = a;

		if (a.value.hi == 0 || (b.value.hi != 0 && b.exponent > a.exponent))
		{
			a = b;
			b = swap;
		}
		if (b.value.hi == 0 || a.exponent - b.exponent > WIDE_STEP)
			return a;
		b.value = dd_make(ldexp(b.value.hi, -WIDE_STEP), ldexp(b.value.lo, -WIDE_STEP));
	}
	return wide_make(dd_add(a.value, b.value), a.exponent);
}

static inline Wide
wide_neg(Wide a)
{
	a.value = dd_neg(a.value);
	return a;
}

static inline Wide
wide_sub(Wide a, Wide b)
{
	return wide_add(a, wide_neg(b));
}

static inline Wide
wide_abs(Wide a)
{
	return a.value.hi < 0 ? wide_neg(a) : a;
}

static inline Wide
wide_mul(Wide a, Wide b)
{
	return wide_make(dd_mul(a.value, b.value), a.exponent + b.exponent);
}

/* b is not 0 */
static inline Wide
wide_div(Wide a, Wide b)
{
	return wide_make(dd_div(a.value, b.value), a.exponent - b.exponent);
}

/* a - b, exactly */
static inline Wide
wide_diff(double a, double b)
{
	if (wide_is_usual(a) && wide_is_usual(b))
		return wide_make(dd_two_diff(a, b), 0);
	return wide_sub(wide_of(a), wide_of(b));
}

/* Infinity where a double has no room. */
static inline double
wide_to_double(Wide a)
{
	/* beyond this all is infinity or 0 */
	if (a.exponent > 4 * WIDE_STEP || a.exponent < -4 * WIDE_STEP)
		return a.exponent < 0 ? 0 : copysign(INFINITY, a.value.hi);
	return ldexp(a.value.hi, (int) a.exponent);
}

/* The square root; 0 for what is not above 0. */
static inline double
wide_root_to_double(Wide a)
{
	/* half of an odd number of steps is no step, but whole */
	Wide		half = {dd_sqrt(a.value), a.exponent / 2};

	return wide_to_double(half);
}

#endif							/* LA_WIDE_H */
