/*
 * wide.h
 *		Sums of products that do not fit into 64 bits: C99 has no wider type.
 */
#ifndef LA_WIDE_H
#define LA_WIDE_H

#include <stdint.h>

typedef struct LaWide
{
	uint64_t	high;
	uint64_t	low;
} LaWide;

static inline void
la_wide_add(LaWide *sum, uint64_t value)
{
	sum->low += value;
	sum->high += sum->low < value;
}

static inline void
la_wide_add_wide(LaWide *sum, const LaWide *other)
{
	la_wide_add(sum, other->low);
	sum->high += other->high;
}

/* times * value, where times is below 2^32 */
static inline void
la_wide_add_product(LaWide *sum, uint64_t times, uint64_t value)
{
	uint64_t	upper = times * (value >> 32);

	la_wide_add(sum, times * (value & UINT32_MAX));
	la_wide_add(sum, upper << 32);
	sum->high += upper >> 32;
}

static inline double
la_wide_to_double(const LaWide *sum)
{
	return (double) sum->high * 18446744073709551616.0 + (double) sum->low;
}

#endif							/* LA_WIDE_H */
