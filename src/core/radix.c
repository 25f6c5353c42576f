/*
 * radix.c
 *		Sorting of 64-bit keys, by a radix sort from the least significant byte.
 *
 * Linear in n: one pass counts all eight bytes, then a pass moves the keys for
 * each byte in which they differ (whole numbers differ in two or three).  A few
 * keys are sorted by insertion, which spares them the walks over the buckets.
 *
 * Source: Knuth, The Art of Computer Programming, vol. 3, sections 5.2.1 and
 * 5.2.5.
 */
#include "radix.h"

#define DIGITS 8
#define BUCKETS 256

/* at about so many keys both ways take the same time */
#define INSERTION_KEYS 64

/* some tenths of a millisecond of work */
#define KEYS_PER_STEP ((size_t) 1 << 16)

static void
insertion_sort(uint64_t *keys, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		uint64_t	key = keys[i];
		size_t		j = i;

		for (; j > 0 && keys[j - 1] > key; j--)
			keys[j] = keys[j - 1];
		keys[j] = key;
	}
}

/* Where a step that begins at "first" ends. */
static size_t
step_end(size_t first, size_t n)
{
	return n - first < KEYS_PER_STEP ? n : first + KEYS_PER_STEP;
}

static void
count_digits(const uint64_t *keys, size_t n, size_t counts[DIGITS][BUCKETS], MayStop may_stop)
{
	memset(counts, 0, sizeof(size_t) * DIGITS * BUCKETS);
	for (size_t first = 0; first < n; first += KEYS_PER_STEP)
	{
		la_may_stop(may_stop);
		for (size_t i = first, end = step_end(first, n); i < end; i++)
		{
			for (int d = 0; d < DIGITS; d++)
				counts[d][(keys[i] >> (8 * d)) & 0xff]++;
		}
	}
}

/* Move each key to the next position of its byte. */
static void
move_keys(const uint64_t *from, uint64_t *to, size_t n, int shift, size_t position[BUCKETS], MayStop may_stop)
{
	for (size_t first = 0; first < n; first += KEYS_PER_STEP)
	{
		size_t		end = step_end(first, n);

		la_may_stop(may_stop);
		for (size_t i = first; i < end; i++)
			to[position[(from[i] >> shift) & 0xff]++] = from[i];
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
 * It may be stopped every 65,536 keys of a pass; the keys are in no order then.
 */
void
la_radix_sort(uint64_t *keys, uint64_t *scratch, size_t n, MayStop may_stop)
{
	size_t		counts[DIGITS][BUCKETS];
	uint64_t   *from = keys;
	uint64_t   *to = scratch;

	if (n <= INSERTION_KEYS)
	{
		insertion_sort(keys, n);
		return;
	}
	count_digits(keys, n, counts, may_stop);
	for (int d = 0; d < DIGITS; d++)
	{
		uint64_t   *swap = from;

		if (!start_positions(counts[d], n))
			continue;
		move_keys(from, to, n, 8 * d, counts[d], may_stop);
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(*keys));
}
