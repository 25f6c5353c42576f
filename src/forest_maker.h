/*
 * forest_maker.h
 *		Making the trees of a forest, one by one, in the leader or a worker.
 */
#ifndef LA_FOREST_MAKER_H
#define LA_FOREST_MAKER_H

#include "datatype/timestamp.h"

#include "core/forest_grow.h"
#include "core/forest_importance.h"
#include "core/forest_oob.h"

typedef struct TreeMaker
{
	/* given */
	ForestRows	rows;
	ForestHeader header;
	GrowOptions grow;
	uint32		ntrees;			/* of the forest, all makers together */
	bool		permuted;		/* permutation importance is wanted */
	Oob		   *votes;			/* out of bag, of all makers together */

	/* own */
	MemoryContext context;
	TreeGrower *grower;
	Permuter   *permuter;		/* NULL unless permuted */
	uint32		tree;			/* the number of the tree being made */
	double	   *figures;		/* of the tree just made */
	bool		measured;		/* the size of a tree has been looked at */
} TreeMaker;

/* how far a growth is; kept by the leader */
typedef struct GrowthWatch
{
	const TreeMaker *maker;
	int			workers;
	TimestampTz started;
	uint32		done;
	bool		told;			/* the user, how long it takes */
} GrowthWatch;

extern void la_tree_maker_init(TreeMaker *maker);
extern void la_tree_maker_free(TreeMaker *maker);
extern uint32 la_tree_maker_nfigures(const TreeMaker *maker);
extern void la_tree_maker_begin(TreeMaker *maker, uint32 tree);
extern bool la_tree_maker_step(TreeMaker *maker);
extern const ForestTree *la_tree_maker_end(TreeMaker *maker, Size *size);

LA_NORETURN extern void la_forest_too_large(uint32 ntrees, double bytes);

extern void la_growth_watch_begin(GrowthWatch *watch, const TreeMaker *maker, int workers);
extern void la_growth_watch(GrowthWatch *watch, uint32 done, uint64 bytes);

#endif							/* LA_FOREST_MAKER_H */
