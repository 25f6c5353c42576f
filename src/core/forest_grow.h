/*
 * forest_grow.h
 *		Growing one classification tree at a time, one node per call.
 */
#ifndef LA_FOREST_GROW_H
#define LA_FOREST_GROW_H

#include <stdbool.h>

#include "forest_model.h"
#include "forest_rows.h"
#include "prng.h"

typedef struct GrowOptions
{
	uint32_t	max_depth;		/* 0: no limit */
	uint32_t	min_leaf;		/* rows, counted as often as drawn */
	uint32_t	mtry;			/* features tried per node, 1..nfeatures */
	double		sample;			/* share of the rows drawn, with replacement */
	uint64_t	seed;
} GrowOptions;

typedef struct TreeGrower TreeGrower;

extern size_t la_tree_grower_size(const ForestRows *rows);
extern TreeGrower *la_tree_grower_init(void *memory, const ForestRows *rows,
									   const GrowOptions *options);
extern void la_tree_begin(TreeGrower *grower, uint32_t tree);
extern bool la_tree_step(TreeGrower *grower);
extern const ForestTree *la_tree_result(const TreeGrower *grower);

#endif							/* LA_FOREST_GROW_H */
