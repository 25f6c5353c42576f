/*
 * rowsort.c
 *		Rows of doubles in an order that depends on nothing but the rows.
 *
 * A sum of doubles depends on the order of its terms.  Rows that are first
 * brought into this order give the same sums however they arrived; equal rows
 * stand side by side.  The order is that of a hash of the contents, and of the
 * contents where hashes agree; so a beginning of the rows is a random sample
 * of them, too.
 *
 * It is done in place and at once.  The rows of k-means, which all lie in
 * memory and are many, have a sort in steps (kmeans_rows.c): its keys are half
 * as large, and the order it gives is part of what a seed stands for.
 *
 * Source: McIlroy, Bostic & McIlroy, Engineering Radix Sort, Computing Systems
 * 6(1), 1993 (American flag sort).
 */
#include "rowsort.h"

#include <string.h>

#define DIGIT_BITS 8
#define NDIGITS (1 << DIGIT_BITS)
#define FEW_ROWS 40

typedef struct RowSet
{
	RowKey	   *keys;
	const double *rows;
	size_t		stride;
	size_t		ncols;
} RowSet;

/* --- hash ----------------------------------------------------------------- */

void
la_rowsort_hash_begin(uint64_t *hashes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hashes[i] = UINT64_C(0x243f6a8885a308d3);
}

/*
 * la_rowsort_hash_column
 *		Work the values of a column into the hashes of n rows.
 */
void
la_rowsort_hash_column(uint64_t *hashes, const double *column, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	bits;
		uint64_t	h;

		memcpy(&bits, column + i, sizeof(bits));
		h = (hashes[i] ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
		hashes[i] = h ^ (h >> 32);
	}
}

/* The high bits are the good ones. */
void
la_rowsort_hash_end(uint64_t *hashes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hashes[i] *= UINT64_C(0xbf58476d1ce4e5b9);
}

/* --- order ---------------------------------------------------------------- */

static int
compare_contents(const double *a, const double *b, size_t ncols)
{
	return memcmp(a, b, ncols * sizeof(double));
}

/* Whether two rows are the same, bit by bit. */
bool
la_rowsort_equal(const double *a, const double *b, size_t ncols)
{
	return compare_contents(a, b, ncols) == 0;
}

static inline const double *
row_at(const RowSet *set, size_t i)
{
	return set->rows + (size_t) set->keys[i].row * set->stride;
}

static int
compare(const RowSet *set, size_t a, size_t b)
{
	uint64_t	left = set->keys[a].hash;
	uint64_t	right = set->keys[b].hash;

	if (left != right)
		return left < right ? -1 : 1;
	return compare_contents(row_at(set, a), row_at(set, b), set->ncols);
}

static inline void
swap(const RowSet *set, size_t a, size_t b)
{
	RowKey		key = set->keys[a];

	set->keys[a] = set->keys[b];
	set->keys[b] = key;
}

static void
insertion_sort(const RowSet *set, size_t begin, size_t end)
{
	for (size_t i = begin + 1; i < end; i++)
	{
		for (size_t j = i; j > begin && compare(set, j - 1, j) > 0; j--)
			swap(set, j - 1, j);
	}
}

static bool
all_equal(const RowSet *set, size_t begin, size_t end)
{
	for (size_t i = begin + 1; i < end; i++)
	{
		if (compare(set, begin, i) != 0)
			return false;
	}
	return true;
}

/* for rows made to collide */
#define HEAP_SORT			heap_sort
#define HEAP_SET			const RowSet
#define HEAP_COMPARE		compare
#define HEAP_SWAP			swap
#include "heap_sort.h"

static inline uint32_t
digit_of(const RowSet *set, size_t i, int shift)
{
	return (uint32_t) (set->keys[i].hash >> shift) & (NDIGITS - 1);
}

/* Sort by one digit of the hash, in place; ends[d] is where digit d ends. */
static void
sort_by_digit(const RowSet *set, size_t begin, size_t end, int shift, size_t *ends)
{
	size_t		next[NDIGITS];
	size_t		position = begin;

	memset(ends, 0, NDIGITS * sizeof(*ends));
	for (size_t i = begin; i < end; i++)
		ends[digit_of(set, i, shift)]++;
	for (int digit = 0; digit < NDIGITS; digit++)
	{
		next[digit] = position;
		position += ends[digit];
		ends[digit] = position;
	}
	for (uint32_t digit = 0; digit < NDIGITS; digit++)
	{
		for (size_t hole; (hole = next[digit]) < ends[digit]; next[digit]++)
		{
			uint32_t	held;

			while ((held = digit_of(set, hole, shift)) != digit)
				swap(set, hole, next[held]++);
		}
	}
}

/* Recursion ends where the hash does, eight digits deep. */
static void
sort_range(const RowSet *set, size_t begin, size_t end, int shift)
{
	size_t		ends[NDIGITS];

	if (end - begin <= FEW_ROWS)
	{
		insertion_sort(set, begin, end);
		return;
	}
	if (shift < 0)
	{
		if (!all_equal(set, begin, end))
			heap_sort(set, begin, end);
		return;
	}
	sort_by_digit(set, begin, end, shift, ends);
	for (int digit = 0; digit < NDIGITS; digit++)
	{
		sort_range(set, begin, ends[digit], shift - DIGIT_BITS);
		begin = ends[digit];
	}
}

/*
 * la_rowsort
 *		Sort the keys of n rows by hash, then by contents.
 *
 * Row i begins at rows + i * stride and is its next ncols doubles, of which
 * none is -0 or NaN if equal numbers are to be equal rows.
 */
void
la_rowsort(RowKey *keys, size_t n, const double *rows, size_t stride, size_t ncols)
{
	RowSet		set = {keys, rows, stride, ncols};

	sort_range(&set, 0, n, 64 - DIGIT_BITS);
}
