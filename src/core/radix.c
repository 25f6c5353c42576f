/*
 * radix.c
 *		Sorting of 64-bit keys, by a radix sort from the least significant byte.
 *
 * Linear in n: one pass counts all eight bytes, then a pass moves the keys for
 * each byte in which they differ (whole numbers differ in two or three).
 *
 * Source: Knuth, The Art of Computer Programming, vol. 3, section 5.2.5.
 */
#include "radix.h"

#define DIGITS 8
#define BUCKETS 256
#define BLOCK 65536				/* keys between two chances to be stopped */

static inline size_t
block_end(size_t start, size_t n)
{
	return n - start < BLOCK ? n : start + BLOCK;
}

static void
count_digits(const uint64_t *keys, size_t n, size_t counts[DIGITS][BUCKETS], MayStop may_stop)
{
	memset(counts, 0, sizeof(size_t) * DIGITS * BUCKETS);
	for (size_t i = 0; i < n;)
	{
		la_may_stop(may_stop);
		for (size_t end = block_end(i, n); i < end; i++)
		{
			for (int d = 0; d < DIGITS; d++)
				counts[d][(keys[i] >> (8 * d)) & 0xff]++;
		}
	}
}

static void
move_keys(const uint64_t *from, uint64_t *to, size_t n, int digit, size_t positions[BUCKETS], MayStop may_stop)
{
	for (size_t i = 0; i < n;)
	{
		la_may_stop(may_stop);
		for (size_t end = block_end(i, n); i < end; i++)
			to[positions[(from[i] >> (8 * digit)) & 0xff]++] = from[i];
	}
}

/* Turn counts into first positions; false if one bucket holds everything. */
static int
start_positions(size_t counts[BUCKETS], size_t n)
{
	size_t		sum = 0;

	for (int b = 0; b < BUCKETS; b++)
	{
		size_t		count = counts[b];

		if (count == n)
			return 0;
		counts[b] = sum;
		sum += count;
	}
	return 1;
}

/*
 * la_radix_sort
 *		Sort n keys in ascending order; "scratch" holds n keys as well.
 *
 * It may be stopped every few thousand keys; they are in no order then.
 */
void
la_radix_sort(uint64_t *keys, uint64_t *scratch, size_t n, MayStop may_stop)
{
	size_t		counts[DIGITS][BUCKETS];
	uint64_t   *from = keys;
	uint64_t   *to = scratch;

	count_digits(keys, n, counts, may_stop);
	for (int d = 0; d < DIGITS; d++)
	{
		uint64_t   *swap = from;

		if (!start_positions(counts[d], n))
			continue;
		move_keys(from, to, n, d, counts[d], may_stop);
		from = to;
		to = swap;
	}
	if (from != keys && n > 0)
		memcpy(keys, from, n * sizeof(*keys));
}
