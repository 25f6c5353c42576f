/*
 * vector.h
 *		Two doubles side by side.
 *
 * The operators work on both at once, which is one instruction where the
 * processor has such registers (SSE2, NEON) and two elsewhere; either way each
 * half is rounded as a double of its own, so the bits are the same.
 */
#ifndef LA_VECTOR_H
#define LA_VECTOR_H

#include <stddef.h>
#include <stdint.h>

typedef double V2 __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t V2Bits __attribute__((vector_size(16), aligned(8), may_alias));

static inline V2
v2_load(const double *from)
{
	return *(const V2 *) from;
}

static inline void
v2_store(double *to, V2 value)
{
	*(V2 *) to = value;
}

static inline V2
v2_both(double value)
{
	return (V2) {value, value};
}

/* where mask is all ones a, where it is 0 b */
static inline V2
v2_select(V2Bits mask, V2 a, V2 b)
{
	return (V2) ((mask & (V2Bits) a) | (~mask & (V2Bits) b));
}

static inline V2
v2_abs(V2 a)
{
	return (V2) ((V2Bits) a & (V2Bits) {INT64_MAX, INT64_MAX});
}

/* the sum of all four */
static inline double
v2_total(V2 a, V2 b)
{
	a += b;
	return a[0] + a[1];
}

/* The sum of n numbers, a multiple of 4, in an order of its own. */
static inline double
v2_sum(const double *a, size_t n)
{
	V2			low = {0, 0};
	V2			high = {0, 0};

	for (size_t i = 0; i < n; i += 4)
	{
		low += v2_load(a + i);
		high += v2_load(a + i + 2);
	}
	return v2_total(low, high);
}

#endif							/* LA_VECTOR_H */
