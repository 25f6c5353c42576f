/*
 * forest_walk.h
 *		Walking rows down a tree as it was grown, and what its leaves say.
 *
 * All of it is inline: the callers' loops do little else, and one of them
 * knows when it compiles that no feature is permuted.
 */
#ifndef LA_FOREST_WALK_H
#define LA_FOREST_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "forest_model.h"

#define LA_WALK_BATCH 256		/* rows that are looked up together */
#define LA_WALK_LANES 16		/* rows that walk down a tree at the same time */

/* rows on their way down a tree */
typedef struct Walkers
{
	uint32_t	n;
	const uint8_t *record[LA_WALK_BATCH];
	uint32_t	node[LA_WALK_BATCH];	/* where they begin, then their leaf */
	uint8_t		bin[LA_WALK_BATCH]; /* of the feature that is permuted, if any */
} Walkers;

/* One more, who begins at "node"; there is room for LA_WALK_BATCH. */
static inline void
la_walk_start(Walkers *walkers, const uint8_t *record, uint32_t node, uint8_t bin)
{
	/* on its way from memory while the others start */
	__builtin_prefetch(record);
	walkers->record[walkers->n] = record;
	walkers->node[walkers->n] = node;
	walkers->bin[walkers->n] = bin;
	walkers->n++;
}

/*
 * Walk everybody down to a leaf, several at once: each step waits for memory,
 * and so the waits overlap.  LA_LEAF as the permuted feature is none.
 */
static inline void
la_walk_down(const TreeNode *nodes, Walkers *walkers, uint32_t permuted)
{
	uint32_t	lane[LA_WALK_LANES];
	uint32_t	next = 0;
	uint32_t	active;

	while (next < LA_WALK_LANES && next < walkers->n)
	{
		lane[next] = next;
		next++;
	}
	active = next;

	while (active > 0)
	{
		for (uint32_t i = 0; i < active;)
		{
			uint32_t	w = lane[i];
			TreeNode	node = nodes[walkers->node[w]];
			uint8_t		missing_left = node.flags & LA_NODE_MISSING_LEFT;
			bool		right_first = (node.flags & LA_NODE_RIGHT_FIRST) != 0;
			bool		is_right;
			uint8_t		bin;

			if (node.feature == LA_LEAF)
			{
				lane[i] = next < walkers->n ? next++ : lane[--active];
				continue;
			}
			bin = node.feature == permuted ? walkers->bin[w] : walkers->record[w][node.feature];

			/* one more on both sides, and 255 becomes 0: that is on the left */
			is_right = (uint8_t) (bin + missing_left) > node.bin + missing_left;
			walkers->node[w] += is_right != right_first ? node.value : 1;
			i++;
		}
	}
}

/* Of a row of a class; NULL: they all count the same. */
static inline double
la_leaf_weight(const double *class_weight, uint32_t cls)
{
	return class_weight ? class_weight[cls] : 1;
}

/* The run of a mixed leaf, and how many classes it has. */
static inline const ForestCount *
la_leaf_run(const ForestTree *tree, const TreeNode *leaf, uint32_t *nclasses)
{
	const ForestCount *run = tree->counts + leaf->value;

	*nclasses = run->cls;
	return run + 1;
}

#endif							/* LA_FOREST_WALK_H */
