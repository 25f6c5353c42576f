/*
 * forest_workers.h
 *		Growing a forest in several processes.
 */
#ifndef LA_FOREST_WORKERS_H
#define LA_FOREST_WORKERS_H

#include "forest_build.h"
#include "forest_maker.h"

typedef struct ParallelGrowth ParallelGrowth;

extern int	la_workers_worth(const ForestPlan *plan);
extern ParallelGrowth *la_parallel_begin(ForestPlan *plan, const char *library, int nworkers);
extern void la_parallel_grow(ParallelGrowth *growth, TreeMaker *maker);
extern Size la_parallel_tree_size(const ParallelGrowth *growth, uint32 tree);
extern void la_parallel_read_tree(ParallelGrowth *growth, uint32 tree, double *figures, void *bytes);
extern Oob *la_parallel_votes(const ParallelGrowth *growth);
extern void la_parallel_end(ParallelGrowth *growth);

#endif							/* LA_FOREST_WORKERS_H */
