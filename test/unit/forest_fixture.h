/*
 * forest_fixture.h
 *		Rows and forests for the unit tests, every array in a block of its own
 *		that is no larger than promised: the sanitizers see one step too many.
 */
#ifndef LA_FOREST_FIXTURE_H
#define LA_FOREST_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "binning.h"
#include "forest_grow.h"
#include "forest_model.h"
#include "forest_rows.h"
#include "prng.h"

/* Rows as they come, to be filled in. */
static inline ForestRows
rows_new(uint32_t n, uint32_t nfeatures, uint32_t nclasses)
{
	ForestRows	rows = {n, n, nfeatures, nclasses, NULL, NULL, NULL};

	rows.bins = malloc((size_t) n * nfeatures);
	rows.label = malloc(n * sizeof(uint16_t));
	rows.row_of = malloc(n * sizeof(uint32_t));
	return rows;
}

static inline void
rows_free(ForestRows *rows)
{
	free(rows->bins);
	free(rows->label);
	free(rows->row_of);
}

static inline void
rows_collapse(ForestRows *rows, void (*function) (ForestRows *, const CollapseScratch *))
{
	size_t		n = rows->total;
	CollapseScratch scratch = {
		malloc(n * sizeof(uint64_t)), malloc(n * sizeof(uint64_t)),
		malloc(n * sizeof(uint32_t)), malloc(n * sizeof(uint32_t)), malloc(n)
	};

	function(rows, &scratch);
	free(scratch.keys);
	free(scratch.key_scratch);
	free(scratch.order);
	free(scratch.order_scratch);
	free(scratch.column);
}

/* Random rows, a share of them missing, labels that the features explain in part. */
static inline ForestRows
rows_random(Prng *prng, uint32_t n, uint32_t nfeatures, uint32_t nclasses, uint32_t nbins)
{
	ForestRows	rows = rows_new(n, nfeatures, nclasses);

	for (uint32_t row = 0; row < n; row++)
	{
		uint32_t	sum = 0;

		for (uint32_t f = 0; f < nfeatures; f++)
		{
			uint8_t		bin = (uint8_t) la_prng_below(prng, nbins);

			if (la_prng_below(prng, 8) == 0)
				bin = LA_MISSING_BIN;
			rows.bins[(size_t) f * n + row] = bin;
			sum += f < 2 ? bin : 0;
		}
		rows.label[row] = (uint16_t) ((sum * nclasses / (2 * nbins) + (la_prng_below(prng, 4) == 0)) % nclasses);
	}
	return rows;
}

/* A forest's bytes, and the parts that they were written from. */
typedef struct Fixture
{
	ForestHeader header;
	ForestClass *classes;
	uint32_t   *first_cut;
	double	   *cuts;
	ForestTree *trees;
	uint8_t    *bytes;
	size_t		size;
} Fixture;

static inline ForestTree
tree_copy(const ForestTree *tree)
{
	ForestTree	copy = *tree;

	copy.nodes = malloc(tree->nnodes * sizeof(ForestNode));
	memcpy(copy.nodes, tree->nodes, tree->nnodes * sizeof(ForestNode));
	copy.counts = malloc((tree->ncounts + 1) * sizeof(ForestCount));
	memcpy(copy.counts, tree->counts, tree->ncounts * sizeof(ForestCount));
	return copy;
}

static inline TreeGrower *
grower_new(const ForestRows *rows, const GrowOptions *options)
{
	return la_tree_grower_init(malloc(la_tree_grower_size(rows)), rows, options);
}

static inline const ForestTree *
grow_tree(TreeGrower *grower, uint32_t tree)
{
	la_tree_begin(grower, tree);
	while (la_tree_step(grower))
		continue;
	return la_tree_result(grower);
}

/* Write the parts; those may be wrong on purpose. */
static inline void
fixture_write(Fixture *fixture)
{
	ByteWriter	writer = {NULL, 0};

	fixture->size = la_forest_header_size(&fixture->header, fixture->classes, fixture->first_cut);
	for (uint32_t t = 0; t < fixture->header.ntrees; t++)
		fixture->size += la_forest_tree_size(&fixture->trees[t]);
	free(fixture->bytes);
	writer.data = fixture->bytes = malloc(fixture->size);
	la_forest_write_header(&writer, &fixture->header, fixture->classes,
						   fixture->first_cut, fixture->cuts);
	for (uint32_t t = 0; t < fixture->header.ntrees; t++)
		la_forest_write_tree(&writer, &fixture->trees[t]);
}

/* Labels "a", "bb", "ccc" and so on; cut b of a feature is b + 0.5. */
static inline void
fixture_describe(Fixture *fixture, uint32_t ncuts)
{
	static const char *letters[] = {"a", "bb", "ccc", "dddd", "eeeee", ""};
	uint32_t	nfeatures = fixture->header.nfeatures;

	fixture->classes = malloc(fixture->header.nclasses * sizeof(ForestClass));
	for (uint32_t i = 0; i < fixture->header.nclasses; i++)
	{
		const char *label = letters[i % 6];

		fixture->classes[i] = (ForestClass) {(const uint8_t *) label, (uint32_t) strlen(label), i};
	}
	fixture->first_cut = malloc((nfeatures + 1) * sizeof(uint32_t));
	fixture->cuts = malloc(((size_t) nfeatures * ncuts + 1) * sizeof(double));
	for (uint32_t f = 0; f <= nfeatures; f++)
		fixture->first_cut[f] = f * ncuts;
	for (uint32_t i = 0; i < nfeatures * ncuts; i++)
		fixture->cuts[i] = i % ncuts + 0.5;
}

/* A forest grown on random rows. */
static inline Fixture
fixture_grow(uint64_t seed, uint32_t n, uint32_t nfeatures, uint32_t nclasses,
			 uint32_t nbins, uint32_t ntrees)
{
	Fixture		fixture;
	Prng		prng;
	ForestRows	rows;
	GrowOptions options = {0, 1, nfeatures / 2 + 1, 1.0, seed};
	TreeGrower *grower;

	memset(&fixture, 0, sizeof(fixture));
	la_prng_seed(&prng, seed, 1);
	rows = rows_random(&prng, n, nfeatures, nclasses, nbins);
	rows_collapse(&rows, la_forest_rows_collapse);
	fixture.header = (ForestHeader) {
		LA_LABEL_TEXT, nfeatures, nclasses, ntrees, n, 0, 1, options.mtry, nbins, 1.0, (int64_t) seed
	};
	fixture_describe(&fixture, nbins - 1);
	fixture.trees = malloc(ntrees * sizeof(ForestTree));
	grower = grower_new(&rows, &options);
	for (uint32_t t = 0; t < ntrees; t++)
		fixture.trees[t] = tree_copy(grow_tree(grower, t));
	free(grower);
	rows_free(&rows);
	fixture_write(&fixture);
	return fixture;
}

static inline void
fixture_free(Fixture *fixture)
{
	for (uint32_t t = 0; t < fixture->header.ntrees; t++)
	{
		free(fixture->trees[t].nodes);
		free(fixture->trees[t].counts);
	}
	free(fixture->trees);
	free(fixture->classes);
	free(fixture->first_cut);
	free(fixture->cuts);
	free(fixture->bytes);
}

#endif							/* LA_FOREST_FIXTURE_H */
