/*
 * radix.h
 *		Sorting of 64-bit keys.
 */
#ifndef LA_RADIX_H
#define LA_RADIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "stop.h"

extern void la_radix_sort(uint64_t *keys, uint64_t *scratch, size_t n, MayStop may_stop);

/*
 * The order of the keys is the order of the numbers; -0 is less than 0, NaN
 * must not occur.
 */
static inline uint64_t
la_key_of_double(double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits ^ ((bits >> 63) ? UINT64_MAX : (UINT64_C(1) << 63));
}

static inline double
la_double_of_key(uint64_t key)
{
	uint64_t	bits = key ^ ((key >> 63) ? (UINT64_C(1) << 63) : UINT64_MAX);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

#endif							/* LA_RADIX_H */
