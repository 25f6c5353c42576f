/*
 * keysort.c
 *		Sorting of 64-bit keys, be they few or many, in order or not.
 *
 * A radix sort counts 2,048 buckets whatever n is, so few keys are merged
 * instead; and times mostly arrive in order, which one look shows.
 */
#include "keysort.h"

#include <stdbool.h>
#include <string.h>

#include "radix.h"

#define RUN 16					/* sorted by insertion */
#define FEW 1024				/* where radix sort begins to pay */
#define BLOCK 65536				/* keys between two looks at interrupts */

static bool
is_sorted(const uint64_t *keys, size_t n, MayStop may_stop)
{
	for (size_t i = 1; i < n; i++)
	{
		if (keys[i] < keys[i - 1])
			return false;
		if (i % BLOCK == 0)
			la_may_stop(may_stop);
	}
	return true;
}

static void
sort_run(uint64_t *keys, size_t n)
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

/* Merge from[0 .. left) and from[left .. n) into "to". */
static void
merge_runs(const uint64_t *from, size_t left, size_t n, uint64_t *to)
{
	size_t		i = 0;
	size_t		j = left;

	for (size_t k = 0; k < n; k++)
	{
		if (i < left && (j == n || from[i] <= from[j]))
			to[k] = from[i++];
		else
			to[k] = from[j++];
	}
}

static void
sort_few(uint64_t *keys, uint64_t *scratch, size_t n)
{
	uint64_t   *from = keys;
	uint64_t   *to = scratch;

	for (size_t i = 0; i < n; i += RUN)
		sort_run(keys + i, n - i < RUN ? n - i : RUN);
	for (size_t width = RUN; width < n; width *= 2)
	{
		uint64_t   *swap = from;

		for (size_t i = 0; i < n; i += 2 * width)
		{
			size_t		size = n - i < 2 * width ? n - i : 2 * width;

			merge_runs(from + i, size < width ? size : width, size, to + i);
		}
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(*keys));
}

/*
 * la_sort_keys
 *		Sort n keys in ascending order; "scratch" holds n keys as well.
 *
 * Where it is stopped the keys are in no order, and may be lost.
 */
void
la_sort_keys(uint64_t *keys, uint64_t *scratch, size_t n, MayStop may_stop)
{
	if (is_sorted(keys, n, may_stop))
		return;
	if (n < FEW)
		sort_few(keys, scratch, n);
	else
		la_radix_sort(keys, scratch, n, may_stop);
}
