/*
 * exp_core.c
 *		The exponential of many numbers, with the same bits on every machine.
 *
 * The C library picks its exp by what the processor can do, and the last bit
 * may differ.  This one has no branch and no table, and works on two at a time.
 */
#include "exp_core.h"

#include "vector.h"

/* beyond it the result would be denormal */
#define LOWEST (-708.0)

#define LOG2_E 1.4426950408889634

/* ln 2 in two pieces: the first times any exponent is exact (Cody & Waite) */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10

/* added to a small number, leaves it rounded to an integer in the low bits */
#define ROUNDER 6755399441055744.0	/* 1.5 * 2^52 */

#define MANTISSA_BITS 52

/*
 * e^r - 1 for |r| <= ln(2) / 2: r + r^2 (1/2 + r/6 + ...).  The term after the
 * last is below 1e-17.
 */
static inline V2
exp_rest(V2 r)
{
	V2			sum = v2_both(1.0 / 6227020800);

	sum = sum * r + 1.0 / 479001600;
	sum = sum * r + 1.0 / 39916800;
	sum = sum * r + 1.0 / 3628800;
	sum = sum * r + 1.0 / 362880;
	sum = sum * r + 1.0 / 40320;
	sum = sum * r + 1.0 / 5040;
	sum = sum * r + 1.0 / 720;
	sum = sum * r + 1.0 / 120;
	sum = sum * r + 1.0 / 24;
	sum = sum * r + 1.0 / 6;
	sum = sum * r + 0.5;
	return sum * (r * r) + r;
}

/* x = k ln 2 + r, and 2^k goes into the exponent of e^r */
static inline V2
exp_pair(V2 x)
{
	V2			lowest = v2_both(LOWEST);
	V2			shifted;
	V2			k;
	V2			r;

	x = v2_select(x > lowest, x, lowest);
	shifted = x * LOG2_E + ROUNDER;
	k = shifted - ROUNDER;
	r = (x - k * LN2_HIGH) - k * LN2_LOW;
	return (V2) ((V2Bits) (exp_rest(r) + 1.0) + ((V2Bits) shifted << MANTISSA_BITS));
}

/*
 * la_exp_negative
 *		Replace n numbers, none above 0, by their exponentials.
 *
 * Error at most one unit in the last place; what is below e^-708 becomes that.
 *
 * Source: Cody & Waite, Software Manual for the Elementary Functions, 1980,
 * chapter 6.
 */
void
la_exp_negative(double *values, size_t n)
{
	size_t		i = 0;

	for (; i + 2 <= n; i += 2)
		v2_store(values + i, exp_pair(v2_load(values + i)));
	if (i < n)
		values[i] = exp_pair(v2_both(values[i]))[0];
}
