/*
 * forest_rows.c
 *		Bring binned rows into canonical order and hold equal rows once.
 *
 * Live data repeats itself: a million viewers described by two features are
 * some 50,000 distinct binned rows, and a tree grows over those.
 *
 * The rows are sorted by a hash of their contents, and rows whose hashes agree
 * by the contents themselves: any order will do, as long as nothing but the
 * contents decides it.
 */
#include "forest_rows.h"

#include <stdbool.h>
#include <string.h>

#include "radix.h"

/*
 * Hash every row, column by column: bins are stored that way.  The label is
 * shifted, so that it cannot cancel out against the first bin.
 */
static void
hash_rows(const ForestRows *rows, uint64_t *hash)
{
	for (uint32_t row = 0; row < rows->nrows; row++)
		hash[row] = (uint64_t) rows->label[row] << 8;

	for (uint32_t feature = 0; feature < rows->nfeatures; feature++)
	{
		const uint8_t *column = rows->bins + (size_t) feature * rows->nrows;

		for (uint32_t row = 0; row < rows->nrows; row++)
		{
			uint64_t	h = (hash[row] ^ column[row]) * UINT64_C(0x9e3779b97f4a7c15);

			hash[row] = h ^ (h >> 29);
		}
	}
}

static int
compare_rows(const ForestRows *rows, uint32_t a, uint32_t b)
{
	for (uint32_t feature = 0; feature < rows->nfeatures; feature++)
	{
		const uint8_t *column = rows->bins + (size_t) feature * rows->nrows;

		if (column[a] != column[b])
			return column[a] < column[b] ? -1 : 1;
	}
	if (rows->label[a] != rows->label[b])
		return rows->label[a] < rows->label[b] ? -1 : 1;
	return 0;
}

static void
sift_down(const ForestRows *rows, uint32_t *order, size_t root, size_t n)
{
	for (;;)
	{
		size_t		child = 2 * root + 1;
		uint32_t	swap;

		if (child >= n)
			return;
		if (child + 1 < n && compare_rows(rows, order[child], order[child + 1]) < 0)
			child++;
		if (compare_rows(rows, order[root], order[child]) >= 0)
			return;
		swap = order[root];
		order[root] = order[child];
		order[child] = swap;
		root = child;
	}
}

/* Heapsort: n log n comparisons even for rows made to collide, no recursion. */
static void
sort_by_contents(const ForestRows *rows, uint32_t *order, size_t n)
{
	for (size_t root = n / 2; root-- > 0;)
		sift_down(rows, order, root, n);
	for (size_t end = n; end-- > 1;)
	{
		uint32_t	swap = order[0];

		order[0] = order[end];
		order[end] = swap;
		sift_down(rows, order, 0, end);
	}
}

static bool
all_equal(const ForestRows *rows, const uint32_t *order, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		if (compare_rows(rows, order[0], order[i]) != 0)
			return false;
	}
	return true;
}

/* Sort the runs of equal hashes that hold different rows: next to none. */
static void
sort_collisions(const ForestRows *rows, const uint64_t *keys, uint32_t *order)
{
	uint32_t	begin = 0;

	while (begin < rows->nrows)
	{
		uint32_t	end = begin + 1;

		while (end < rows->nrows && keys[end] == keys[begin])
			end++;
		if (!all_equal(rows, order + begin, end - begin))
			sort_by_contents(rows, order + begin, end - begin);
		begin = end;
	}
}

/* Number the distinct rows; order[d] becomes the first of distinct row d. */
static uint32_t
number_distinct(const ForestRows *rows, const uint64_t *keys, uint32_t *order)
{
	uint32_t	distinct = 0;
	uint32_t	previous = 0;

	for (uint32_t i = 0; i < rows->nrows; i++)
	{
		uint32_t	row = order[i];

		if (i == 0 || keys[i] != keys[i - 1] || compare_rows(rows, previous, row) != 0)
			order[distinct++] = row;
		rows->row_of[i] = distinct - 1;
		previous = row;
	}
	return distinct;
}

/* Keep, of every column, the values of the distinct rows. */
static void
gather_columns(ForestRows *rows, const uint32_t *order, uint32_t distinct, uint8_t *scratch)
{
	for (uint32_t feature = 0; feature < rows->nfeatures; feature++)
	{
		const uint8_t *from = rows->bins + (size_t) feature * rows->nrows;

		/* through the scratch: the new column may overlap the old one */
		for (uint32_t d = 0; d < distinct; d++)
			scratch[d] = from[order[d]];
		memcpy(rows->bins + (size_t) feature * distinct, scratch, distinct);
	}
}

static void
gather_labels(ForestRows *rows, const uint32_t *order, uint32_t distinct, uint32_t *scratch)
{
	for (uint32_t d = 0; d < distinct; d++)
		scratch[d] = rows->label[order[d]];
	for (uint32_t d = 0; d < distinct; d++)
		rows->label[d] = (uint16_t) scratch[d];
}

/*
 * la_forest_rows_collapse
 *		Collapse "total" rows in the order of arrival, in place.
 *
 * On entry nrows == total; on return nrows is the number of distinct rows and
 * row_of (room for "total") maps the rows, in canonical order, to them.
 */
void
la_forest_rows_collapse(ForestRows *rows, const CollapseScratch *scratch)
{
	uint32_t	distinct;

	hash_rows(rows, scratch->keys);
	for (uint32_t row = 0; row < rows->nrows; row++)
		scratch->order[row] = row;
	la_radix_sort_tagged(scratch->keys, scratch->order,
						 scratch->key_scratch, scratch->order_scratch, rows->nrows);
	sort_collisions(rows, scratch->keys, scratch->order);

	distinct = number_distinct(rows, scratch->keys, scratch->order);
	gather_columns(rows, scratch->order, distinct, scratch->column);
	gather_labels(rows, scratch->order, distinct, scratch->order_scratch);
	rows->nrows = distinct;
}
