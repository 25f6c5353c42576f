/*
 * merge_sort.h
 *		A stable merge sort of the runs that there are, for any kind of element.
 *
 * Define MERGE_ELEMENT, the type, MERGE_BEFORE(a, b), whether *a goes before
 * *b, and MERGE_SORT, the name of the function, and include this file.  The
 * function
 *
 *		MERGE_ELEMENT *MERGE_SORT(elements, scratch, n, may_stop)
 *
 * needs room for n elements in both, and returns the one with the result.
 * Elements that are in order take one pass, parts that are take few.
 */
#include <stdint.h>

#include "stop.h"

#define MERGE_MIN_RUN	16
#define MERGE_STRIDE	65536	/* elements between two looks at may_stop */

/* One past the last element of the run that starts at i. */
static uint64_t
merge_run_end(const MERGE_ELEMENT *elements, uint64_t i, uint64_t n)
{
	for (i++; i < n && !MERGE_BEFORE(&elements[i], &elements[i - 1]); i++)
		;
	return i;
}

static void
merge_short_runs(MERGE_ELEMENT *elements, uint64_t n)
{
	for (uint64_t start = 0; start < n; start += MERGE_MIN_RUN)
	{
		uint64_t	end = start + MERGE_MIN_RUN < n ? start + MERGE_MIN_RUN : n;

		for (uint64_t i = start + 1; i < end; i++)
		{
			MERGE_ELEMENT element = elements[i];
			uint64_t	j = i;

			for (; j > start && MERGE_BEFORE(&element, &elements[j - 1]); j--)
				elements[j] = elements[j - 1];
			elements[j] = element;
		}
	}
}

static void
merge_two_runs(const MERGE_ELEMENT *from, uint64_t left, uint64_t middle, uint64_t end,
			   MERGE_ELEMENT *to, MayStop may_stop)
{
	uint64_t	right = middle;

	for (uint64_t i = left, out = left; out < end; out++)
	{
		if (out % MERGE_STRIDE == 0)
			la_may_stop(may_stop);
		if (right == end || (i < middle && !MERGE_BEFORE(&from[right], &from[i])))
			to[out] = from[i++];
		else
			to[out] = from[right++];
	}
}

/* Merge the runs of "from" by twos; returns how many there are in "to". */
static uint64_t
merge_pass(const MERGE_ELEMENT *from, uint64_t n, MERGE_ELEMENT *to, MayStop may_stop)
{
	uint64_t	runs = 0;

	for (uint64_t left = 0; left < n; runs++)
	{
		uint64_t	middle = merge_run_end(from, left, n);
		uint64_t	end = middle < n ? merge_run_end(from, middle, n) : n;

		merge_two_runs(from, left, middle, end, to, may_stop);
		left = end;
	}
	return runs;
}

static MERGE_ELEMENT *
MERGE_SORT(MERGE_ELEMENT *elements, MERGE_ELEMENT *scratch, uint64_t n, MayStop may_stop)
{
	uint64_t	runs = 2;

	merge_short_runs(elements, n);
	while (runs > 1)
	{
		MERGE_ELEMENT *swap = elements;

		runs = merge_pass(elements, n, scratch, may_stop);
		elements = scratch;
		scratch = swap;
	}
	return elements;
}
