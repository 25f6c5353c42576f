/*
 * forest_rows_fixture.h
 *		Rows, and trees grown on them, for the unit tests.  Every array is a
 *		block of its own that is no larger than promised: the sanitizers see
 *		one step too many.
 */
#ifndef LA_FOREST_ROWS_FIXTURE_H
#define LA_FOREST_ROWS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "binning.h"
#include "forest_grow.h"
#include "forest_rows.h"
#include "prng.h"

/* --- rows ----------------------------------------------------------------- */

/* Rows as they come, to be filled in. */
static inline ForestRows
rows_new(uint32_t n, uint32_t nfeatures, uint32_t nclasses)
{
	ForestRows	rows = {n, n, nfeatures, nclasses, la_forest_row_stride(nfeatures, nclasses), NULL, NULL};

	rows.records = malloc((size_t) n * rows.stride);
	return rows;
}

static inline void
rows_free(ForestRows *rows)
{
	free(rows->records);
	free(rows->first);
}

/* The record of a row, to be filled in. */
static inline uint8_t *
rows_at(ForestRows *rows, uint32_t row)
{
	return rows->records + (size_t) row * rows->stride;
}

/* How many rows a record stands for. */
static inline uint32_t
rows_of_record(const ForestRows *rows, uint32_t record)
{
	return la_forest_row_first(rows, record + 1) - la_forest_row_first(rows, record);
}

/* Bins below nbins, but an eighth of them missing. */
static inline void
rows_random_bins(ForestRows *rows, uint32_t row, Prng *prng, uint32_t nbins)
{
	uint8_t    *record = rows_at(rows, row);

	for (uint32_t f = 0; f < rows->nfeatures; f++)
	{
		record[f] = (uint8_t) la_prng_below(prng, nbins);
		if (la_prng_below(prng, 8) == 0)
			record[f] = LA_MISSING_BIN;
	}
}

/* Random rows with missing values, and labels that the features explain in part. */
static inline ForestRows
rows_random(Prng *prng, uint32_t n, uint32_t nfeatures, uint32_t nclasses, uint32_t nbins)
{
	ForestRows	rows = rows_new(n, nfeatures, nclasses);

	for (uint32_t row = 0; row < n; row++)
	{
		uint8_t    *record = rows_at(&rows, row);
		uint32_t	noise = la_prng_below(prng, 4);
		uint32_t	sum;

		rows_random_bins(&rows, row, prng, nbins);
		sum = record[0] + (nfeatures > 1 ? record[1] : 0);
		if (nclasses == 0)
			la_forest_set_number(&rows, record, (double) sum / nbins - noise / 8.0);
		else
			la_forest_set_class(&rows, record, (sum * nclasses / (2 * nbins) + (noise == 0)) % nclasses);
	}
	return rows;
}

static inline void
rows_swap(ForestRows *rows, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < rows->stride; i++)
	{
		uint8_t		byte = rows_at(rows, a)[i];

		rows_at(rows, a)[i] = rows_at(rows, b)[i];
		rows_at(rows, b)[i] = byte;
	}
}

/* Another order of arrival. */
static inline void
rows_shuffle(ForestRows *rows, Prng *prng)
{
	for (uint32_t i = rows->nrows; i > 1; i--)
		rows_swap(rows, i - 1, la_prng_below(prng, i));
}

static inline void
rows_sort(const ForestRows *rows)
{
	la_forest_rows_sort(rows, NULL);
}

/* As training does: "first" is left out if no two rows are equal. */
static inline void
rows_sort_and_collapse(ForestRows *rows)
{
	uint32_t	distinct;

	rows_sort(rows);
	distinct = la_forest_rows_distinct(rows);
	if (distinct == rows->nrows)
		return;
	la_forest_rows_collapse(rows, malloc(((size_t) distinct + 1) * sizeof(uint32_t)));
	rows->records = realloc(rows->records, (size_t) distinct * rows->stride);
}

/* --- trees ---------------------------------------------------------------- */

/* a grower, and the blocks it asked for */
typedef struct Grower
{
	TreeGrower *grower;
	void	   *blocks[8];
	int			nblocks;
} Grower;

static inline void *
grower_resize(void *context, void *old, size_t size)
{
	Grower	   *grower = context;
	int			i = 0;

	while (i < grower->nblocks && (old == NULL || grower->blocks[i] != old))
		i++;
	grower->nblocks += i == grower->nblocks;
	return grower->blocks[i] = realloc(old, size);
}

static inline Grower *
grower_new(const ForestRows *rows, const GrowOptions *options)
{
	Grower	   *grower = calloc(1, sizeof(Grower));
	GrowMemory	more = {grower_resize, grower, NULL};

	grower->grower = la_tree_grower_init(malloc(la_tree_grower_size(rows)), rows, options, more);
	return grower;
}

static inline void
grower_free(Grower *grower)
{
	for (int i = 0; i < grower->nblocks; i++)
		free(grower->blocks[i]);
	free(grower->grower);
	free(grower);
}

static inline const ForestTree *
grower_grow(Grower *grower, uint32_t tree)
{
	la_tree_begin(grower->grower, tree);
	while (la_tree_step(grower->grower))
		continue;
	return la_tree_result(grower->grower);
}

static inline void *
copy_bytes(const void *bytes, size_t size)
{
	void	   *copy = malloc(size);

	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

static inline ForestTree
tree_copy(const ForestTree *tree)
{
	ForestTree	copy = *tree;

	copy.nodes = copy_bytes(tree->nodes, tree->nnodes * sizeof(TreeNode));
	copy.counts = copy_bytes(tree->counts, tree->ncounts * sizeof(ForestCount));
	copy.means = copy_bytes(tree->means, tree->nmeans * sizeof(double));
	return copy;
}

static inline void
tree_free(ForestTree *tree)
{
	free(tree->nodes);
	free(tree->counts);
	free(tree->means);
}

static inline bool
same_bytes(const void *a, const void *b, size_t size)
{
	return size == 0 || memcmp(a, b, size) == 0;
}

static inline bool
same_tree(const ForestTree *a, const ForestTree *b)
{
	return a->nnodes == b->nnodes && a->ncounts == b->ncounts && a->nmeans == b->nmeans &&
		same_bytes(a->nodes, b->nodes, a->nnodes * sizeof(TreeNode)) &&
		same_bytes(a->counts, b->counts, a->ncounts * sizeof(ForestCount)) &&
		same_bytes(a->means, b->means, a->nmeans * sizeof(double));
}

#endif							/* LA_FOREST_ROWS_FIXTURE_H */
