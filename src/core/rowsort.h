/*
 * rowsort.h
 *		Rows of doubles in an order that depends on nothing but the rows.
 */
#ifndef LA_ROWSORT_H
#define LA_ROWSORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a row to be sorted: its hash, and its number among the rows */
typedef struct RowKey
{
	uint64_t	hash;
	uint32_t	row;
} RowKey;

extern void la_rowsort_hash_begin(uint64_t *hashes, size_t n);
extern void la_rowsort_hash_column(uint64_t *hashes, const double *column, size_t n);
extern void la_rowsort_hash_end(uint64_t *hashes, size_t n);
extern bool la_rowsort_equal(const double *a, const double *b, size_t ncols);
extern void la_rowsort(RowKey *keys, size_t n, const double *rows, size_t stride, size_t ncols);

#endif							/* LA_ROWSORT_H */
