/*
 * rowsort_test.c
 *		canonical order of rows: independent of the order of arrival, equal rows
 *		side by side, also where hashes agree.
 */
#include "rowsort.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vary.h"

#define ROWS 3000
#define COLUMNS 3
#define STRIDE 4

static void
make_keys(RowKey *keys, const double *rows, uint64_t hash_mask)
{
	uint64_t	hashes[ROWS];
	double		column[ROWS];

	la_rowsort_hash_begin(hashes, ROWS);
	for (int j = 0; j < COLUMNS; j++)
	{
		for (int i = 0; i < ROWS; i++)
			column[i] = rows[i * STRIDE + j];
		la_rowsort_hash_column(hashes, column, ROWS);
	}
	la_rowsort_hash_end(hashes, ROWS);
	for (int i = 0; i < ROWS; i++)
		keys[i] = (RowKey) {hashes[i] & hash_mask, (uint32_t) i};
}

static void
shuffle(double *rows)
{
	for (int i = ROWS - 1; i > 0; i--)
	{
		int			j = below(i + 1);
		double		row[STRIDE];

		memcpy(row, rows + i * STRIDE, sizeof(row));
		memcpy(rows + i * STRIDE, rows + j * STRIDE, sizeof(row));
		memcpy(rows + j * STRIDE, row, sizeof(row));
	}
}

/* the rows in order, one after the other */
static double *
sorted(const double *rows, uint64_t hash_mask)
{
	static RowKey keys[ROWS];
	double	   *out = malloc(ROWS * COLUMNS * sizeof(double));

	make_keys(keys, rows, hash_mask);
	la_rowsort(keys, ROWS, rows, STRIDE, COLUMNS);
	for (int i = 0; i < ROWS; i++)
		memcpy(out + i * COLUMNS, rows + keys[i].row * STRIDE, COLUMNS * sizeof(double));
	return out;
}

/* how many rows differ from the one before */
static int
count_runs(const double *rows)
{
	int			runs = 1;

	for (int i = 1; i < ROWS; i++)
		runs += !la_rowsort_equal(rows + i * COLUMNS, rows + (i - 1) * COLUMNS, COLUMNS);
	return runs;
}

static void
test_order(const char *what, int range, uint64_t hash_mask, int distinct)
{
	static double rows[ROWS * STRIDE];
	double	   *first;
	bool		same = true;

	for (int i = 0; i < ROWS * STRIDE; i++)
		rows[i] = i % STRIDE < COLUMNS ? below(range) - 0.5 : i;
	first = sorted(rows, hash_mask);
	for (int trial = 0; trial < 10; trial++)
	{
		double	   *again;

		shuffle(rows);
		again = sorted(rows, hash_mask);
		same = same && memcmp(first, again, ROWS * COLUMNS * sizeof(double)) == 0;
		free(again);
	}
	ok(same, "%s: the order of arrival leaves no trace", what);
	if (distinct > 0)
		ok(count_runs(first) == distinct, "%s: %d different rows", what, distinct);
	free(first);
}

int
main(void)
{
	test_order("many different rows", 1000000, UINT64_MAX, 0);
	test_order("few different rows", 2, UINT64_MAX, 8);
	test_order("equal rows", 1, UINT64_MAX, 1);
	test_order("hashes that agree", 1000000, 0, 0);
	test_order("hashes that agree, few rows", 3, 0, 27);
	test_order("hashes of four values", 1000, UINT64_C(3) << 62, 0);
	return tap_done();
}
