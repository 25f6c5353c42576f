/*
 * forest_grow.h
 *		Growing one tree at a time, one node per call.
 */
#ifndef LA_FOREST_GROW_H
#define LA_FOREST_GROW_H

#include <stdbool.h>

#include "forest_model.h"
#include "forest_rows.h"

typedef struct GrowOptions
{
	uint32_t	max_depth;		/* 0: no limit */
	uint32_t	min_leaf;		/* rows, counted as often as drawn */
	uint32_t	mtry;			/* features tried per node, 1..nfeatures */
	double		sample;			/* share of the rows drawn, with replacement */
	uint64_t	seed;
	const double *class_weight; /* per class; NULL: all count the same */
} GrowOptions;

/*
 * Where the grower gets memory whose size it cannot know beforehand: as
 * realloc, but "resize" does not return if there is none.  "may_stop" is
 * called within a step that takes long: a node may have all rows and try all
 * features.
 */
typedef struct GrowMemory
{
	void	   *(*resize) (void *context, void *old, size_t size);
	void	   *context;
	MayStop		may_stop;
} GrowMemory;

typedef struct TreeGrower TreeGrower;

extern size_t la_tree_grower_size(const ForestRows *rows);
extern TreeGrower *la_tree_grower_init(void *memory, const ForestRows *rows,
									   const GrowOptions *options, GrowMemory more);
extern void la_tree_begin(TreeGrower *grower, uint32_t tree);
extern bool la_tree_step(TreeGrower *grower);

/* of the tree just grown, valid until the next la_tree_begin */
extern const ForestTree *la_tree_result(const TreeGrower *grower);
extern const uint8_t *la_tree_drawn(const TreeGrower *grower);
extern const double *la_tree_importance(const TreeGrower *grower);

#endif							/* LA_FOREST_GROW_H */
