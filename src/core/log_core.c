/*
 * log_core.c
 *		The natural logarithm, with the same bits on every machine.
 *
 * The C library picks its log by what the processor can do (fused operations
 * or not), and the last bit may differ; what is kept in a model must not.
 */
#include "log_core.h"

#include <stdint.h>
#include <string.h>

#define MANTISSA_BITS 52
#define ONE_BITS UINT64_C(0x3ff0000000000000)
#define HALF_ROOT_BITS UINT64_C(0x3fe6a09e667f3bcd) /* sqrt(1/2) */

/* ln 2 in two pieces: the first times any exponent is exact (Cody & Waite) */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10

/*
 * 2 (z/3 + z^2/5 + z^3/7 + ...): the rest of 2 artanh(s) / s after 2, z = s^2.
 * z is at most 0.0295, and what follows the twelfth term is below 1e-19.
 */
static double
artanh_rest(double z)
{
	static const double coefficient[] = {
		2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13,
		2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25
	};
	double		sum = 0;

	for (int k = 11; k >= 0; k--)
		sum = z * (sum + coefficient[k]);
	return sum;
}

/*
 * la_log
 *		The natural logarithm of x, a positive and finite number.
 *
 * Error below one unit in the last place, also next to 1 and for denormals.
 *
 * x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and log(1 + f) =
 * 2 artanh(s) with s = f / (2 + f).  Since 2 s = f - s f, that is f, which is
 * exact, less a correction that is small against it.
 *
 * Source: Cody & Waite, Software Manual for the Elementary Functions, 1980,
 * chapter 5; Muller, Elementary Functions, 3rd edition, 2016, chapter 11.
 */
double
la_log(double x)
{
	uint64_t	bits;
	double		k = 0;
	double		f;
	double		s;

	memcpy(&bits, &x, sizeof(bits));
	if (bits >> MANTISSA_BITS == 0)
	{
		/* denormal */
		x *= 18014398509481984.0;	/* 2^54 */
		k = -54;
		memcpy(&bits, &x, sizeof(bits));
	}

	/* the exponent grows by one at sqrt(1/2), not at 1 */
	bits += ONE_BITS - HALF_ROOT_BITS;
	k += (double) (bits >> MANTISSA_BITS) - 1023;
	bits = (bits & ((UINT64_C(1) << MANTISSA_BITS) - 1)) + HALF_ROOT_BITS;
	memcpy(&f, &bits, sizeof(f));
	f -= 1;

	s = f / (2 + f);
	return k * LN2_HIGH + (f - (s * (f - artanh_rest(s * s)) - k * LN2_LOW));
}
