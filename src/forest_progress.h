/*
 * forest_progress.h
 *		How far a training is, for other sessions to see.
 */
#ifndef LA_FOREST_PROGRESS_H
#define LA_FOREST_PROGRESS_H

typedef enum ForestPhase
{
	LA_PHASE_BINNING = 1,
	LA_PHASE_GROWING,
	LA_PHASE_WRITING
} ForestPhase;

extern void la_forest_progress_begin(int64 rows, uint32 trees);
extern void la_forest_progress_phase(ForestPhase phase);
extern void la_forest_progress_tree(uint32 done, int workers, uint64 model_bytes, uint64 memory_bytes);
extern void la_forest_progress_end(void);

#endif							/* LA_FOREST_PROGRESS_H */
