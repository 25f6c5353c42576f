/*
 * dayset_core.c
 *		A set of days: 16 bytes for any number of them within 64.
 *
 * Blocks are in ascending order. A viewer of one season has two or three; one
 * stray day, years off, costs one block more and not the years between.
 */
#include "dayset_core.h"

#include <string.h>

/* Where a block is, or where it would have to go. */
bool
la_dayset_find(const DayBlock *blocks, uint32_t n, int64_t block, uint32_t *at)
{
	uint32_t	low = 0;
	uint32_t	high = n;

	/* the latest is the likeliest */
	if (n > 0 && blocks[n - 1].block <= block)
	{
		*at = blocks[n - 1].block == block ? n - 1 : n;
		return *at < n;
	}
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (blocks[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return low < n && blocks[low].block == block;
}

/* A new block at its place; there is room for n + 1. */
void
la_dayset_insert(DayBlock *blocks, uint32_t n, uint32_t at, int64_t block, uint64_t days)
{
	memmove(blocks + at + 1, blocks + at, (n - at) * sizeof(DayBlock));
	blocks[at].block = block;
	blocks[at].days = days;
}

uint64_t
la_dayset_count(const DayBlock *blocks, uint32_t n)
{
	uint64_t	count = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		for (uint64_t days = blocks[i].days; days != 0; days &= days - 1)
			count++;
	}
	return count;
}

/* All days, ascending; there is room for as many as la_dayset_count says. */
void
la_dayset_list(const DayBlock *blocks, uint32_t n, int32_t *days)
{
	for (uint32_t i = 0; i < n; i++)
	{
		for (int bit = 0; bit < LA_DAYS_PER_BLOCK; bit++)
		{
			if (blocks[i].days >> bit & 1)
				*days++ = (int32_t) (blocks[i].block * LA_DAYS_PER_BLOCK + bit);
		}
	}
}
