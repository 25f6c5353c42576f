/*
 * keysort.h
 *		Sorting of 64-bit keys, be they few or many, in order or not.
 */
#ifndef LA_KEYSORT_H
#define LA_KEYSORT_H

#include <stddef.h>
#include <stdint.h>

#include "stop.h"

extern void la_sort_keys(uint64_t *keys, uint64_t *scratch, size_t n, MayStop may_stop);

/* The order of the keys is the order of the numbers. */
static inline uint64_t
la_key_of_int64(int64_t value)
{
	return (uint64_t) value ^ (UINT64_C(1) << 63);
}

static inline int64_t
la_int64_of_key(uint64_t key)
{
	return (int64_t) (key ^ (UINT64_C(1) << 63));
}

#endif							/* LA_KEYSORT_H */
