/*
 * dd.h
 *		Double-double arithmetic: a number as the unevaluated sum of two doubles.
 *
 * hi + lo carries about 106 bits, 31 decimal digits.  The building blocks are
 * error-free: the sum, difference or product of two doubles is hi + lo
 * exactly, as long as nothing overflows or underflows.  They hold where every
 * operation is rounded to double, so there is no use of a fused multiply-add
 * and the compiler must not make one (-ffp-contract=off).
 *
 * Sources: Dekker, A floating-point technique for extending the available
 * precision, Numerische Mathematik 18, 1971; Knuth, The Art of Computer
 * Programming 2, 4.2.2; error bounds in Joldes, Muller & Popescu, Tight and
 * rigorous error bounds for basic building blocks of double-word arithmetic,
 * ACM TOMS 44, 2017.
 */
#ifndef LA_DD_H
#define LA_DD_H

#include <float.h>
#include <math.h>

#ifdef __FAST_MATH__
#error "double-double arithmetic does not survive -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 2
#error "double-double arithmetic needs doubles rounded to double: on i386 compile with -msse2 -mfpmath=sse"
#endif

typedef struct DD
{
	double		hi;
	double		lo;				/* at most half a unit in the last place of hi */
} DD;

/* 2^27 + 1 cuts a double of 53 bits into halves of 26 bits; overflows from 2^996 on */
#define DD_SPLITTER 134217729.0

static inline DD
dd_make(double hi, double lo)
{
	DD			result;

	result.hi = hi;
	result.lo = lo;
	return result;
}

/* a + b, if |a| >= |b| or a is 0 */
static inline DD
dd_fast_two_sum(double a, double b)
{
	double		sum = a + b;

	return dd_make(sum, b - (sum - a));
}

/* a + b */
static inline DD
dd_two_sum(double a, double b)
{
	double		sum = a + b;
	double		from_b = sum - a;

	return dd_make(sum, (a - (sum - from_b)) + (b - from_b));
}

/* a - b */
static inline DD
dd_two_diff(double a, double b)
{
	return dd_two_sum(a, -b);
}

/* the upper 26 bits of a; the rest is exactly a minus them */
static inline double
dd_upper_half(double a)
{
	double		scaled = DD_SPLITTER * a;

	return scaled - (scaled - a);
}

/* a * b */
static inline DD
dd_two_prod(double a, double b)
{
	double		product = a * b;
	double		a1 = dd_upper_half(a);
	double		a2 = a - a1;
	double		b1 = dd_upper_half(b);
	double		b2 = b - b1;

	return dd_make(product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2);
}

static inline DD
dd_neg(DD a)
{
	return dd_make(-a.hi, -a.lo);
}

/* relative error at most 3 * 2^-106, cancellation included */
static inline DD
dd_add(DD a, DD b)
{
	DD			s = dd_two_sum(a.hi, b.hi);
	DD			t = dd_two_sum(a.lo, b.lo);

	s = dd_fast_two_sum(s.hi, s.lo + t.hi);
	return dd_fast_two_sum(s.hi, s.lo + t.lo);
}

static inline DD
dd_sub(DD a, DD b)
{
	return dd_add(a, dd_neg(b));
}

/* relative error at most 5 * 2^-106 */
static inline DD
dd_mul(DD a, DD b)
{
	DD			p = dd_two_prod(a.hi, b.hi);

	return dd_fast_two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static inline DD
dd_scale(DD a, double b)
{
	return dd_mul(a, dd_make(b, 0));
}

/* long division, two digits and a correction */
static inline DD
dd_div(DD a, DD b)
{
	double		q1 = a.hi / b.hi;
	DD			rest = dd_sub(a, dd_scale(b, q1));
	double		q2 = rest.hi / b.hi;
	DD			q = dd_fast_two_sum(q1, q2);

	rest = dd_sub(rest, dd_scale(b, q2));
	return dd_add(q, dd_make(rest.hi / b.hi, 0));
}

/* one step of Newton's method on the square root of hi; 0 for a <= 0 */
static inline DD
dd_sqrt(DD a)
{
	double		root;

	if (a.hi <= 0)
		return dd_make(0, 0);
	root = sqrt(a.hi);
	return dd_fast_two_sum(root, dd_sub(a, dd_two_prod(root, root)).hi / (2 * root));
}

#endif							/* LA_DD_H */
