/*
 * forest_stop_test.c
 *		Growing and sorting ask in time whether they may go on.
 */
#include "forest_grow.h"

#include <stdlib.h>

#include "prng.h"
#include "radix.h"
#include "tap.h"

#define NROWS 200000
#define NFEATURES 64

static int	asked;
static void *blocks[16];		/* that the grower has */

static void
count_question(void)
{
	asked++;
}

static void *
resize(void *context, void *old, size_t size)
{
	int			i = 0;

	(void) context;
	while (blocks[i] != old)
		i++;
	return blocks[i] = realloc(old, size);
}

/* Rows of two classes, or with numbers, of chance alone. */
static ForestRows
random_rows(uint32_t nclasses)
{
	ForestRows	rows = {0};
	Prng		prng;

	la_prng_seed(&prng, 1, nclasses);
	rows.total = rows.nrows = NROWS;
	rows.nfeatures = NFEATURES;
	rows.nclasses = nclasses;
	rows.stride = la_forest_row_stride(NFEATURES, nclasses);
	rows.records = calloc(NROWS, rows.stride);
	for (uint32_t row = 0; row < NROWS; row++)
	{
		uint8_t    *record = rows.records + (size_t) row * rows.stride;

		for (uint32_t feature = 0; feature < NFEATURES; feature++)
			record[feature] = (uint8_t) la_prng_below(&prng, 255);
		if (nclasses > 0)
			la_forest_set_class(&rows, record, la_prng_below(&prng, nclasses));
		else
			la_forest_set_number(&rows, record, la_prng_below(&prng, 1000));
	}
	return rows;
}

static void
test_root(uint32_t nclasses)
{
	ForestRows	rows = random_rows(nclasses);
	GrowOptions options = {1, 1, NFEATURES, 1.0, 42, NULL};
	void	   *memory = malloc(la_tree_grower_size(&rows));
	GrowMemory	more = {resize, NULL, count_question};
	TreeGrower *grower = la_tree_grower_init(memory, &rows, &options, more);

	asked = 0;
	la_tree_begin(grower, 0);
	ok(asked >= 3, "%u classes: asked %d times while rows are drawn", nclasses, asked);
	asked = 0;
	la_tree_step(grower);
	ok(asked >= NFEATURES / 4, "%u classes: asked %d times in the root", nclasses, asked);
	for (int i = 0; blocks[i]; i++)
	{
		free(blocks[i]);
		blocks[i] = NULL;
	}
	free(memory);
	free(rows.records);
}

static void
test_sorts(void)
{
	ForestRows	rows = random_rows(2);
	uint64_t   *keys = malloc(2 * NROWS * sizeof(*keys));
	Prng		prng;

	asked = 0;
	la_forest_rows_sort(&rows, count_question);
	ok(asked >= 2 * (NROWS >> 16), "asked %d times while rows are sorted", asked);

	la_prng_seed(&prng, 2, 0);
	for (uint32_t i = 0; i < NROWS; i++)
		keys[i] = la_prng_next(&prng);
	asked = 0;
	la_radix_sort(keys, keys + NROWS, NROWS, count_question);
	ok(asked == 9 * 4, "asked %d times while keys are sorted", asked);
	free(keys);
	free(rows.records);
}

int
main(void)
{
	test_root(0);
	test_root(2);
	test_root(5);
	test_sorts();
	return tap_done();
}
