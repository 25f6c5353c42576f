/*
 * heap_sort.h
 *		A heap sort of whatever can be compared and swapped by its number.
 *
 * Define HEAP_SORT, the name of the function, HEAP_SET, the type of what it
 * sorts, HEAP_COMPARE(set, a, b), below, equal to or above 0 as element number
 * a goes before, with or after number b, and HEAP_SWAP(set, a, b), and include
 * this file.  The function
 *
 *		void HEAP_SORT(HEAP_SET *set, size_t begin, size_t end)
 *
 * makes n log n comparisons, also where somebody made the elements so that
 * other sorts would make n^2.
 */
#include <stddef.h>

static void
heap_sift_down(HEAP_SET *set, size_t begin, size_t root, size_t n)
{
	while (root < n / 2)
	{
		size_t		child = 2 * root + 1;

		if (child + 1 < n && HEAP_COMPARE(set, begin + child, begin + child + 1) < 0)
			child++;
		if (HEAP_COMPARE(set, begin + root, begin + child) >= 0)
			return;
		HEAP_SWAP(set, begin + root, begin + child);
		root = child;
	}
}

static void
HEAP_SORT(HEAP_SET *set, size_t begin, size_t end)
{
	size_t		n = end - begin;

	for (size_t root = n / 2; root-- > 0;)
		heap_sift_down(set, begin, root, n);
	for (size_t last = n; last-- > 1;)
	{
		HEAP_SWAP(set, begin, begin + last);
		heap_sift_down(set, begin, 0, last);
	}
}
