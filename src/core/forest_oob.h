/*
 * forest_oob.h
 *		What a forest says about the rows that its trees did not see.
 */
#ifndef LA_FOREST_OOB_H
#define LA_FOREST_OOB_H

#include <stdbool.h>

#include "forest_model.h"
#include "forest_rows.h"

/* at most so many rows are followed, and at most so many bytes of votes kept */
#define LA_OOB_ROWS 65536
#define LA_OOB_VOTE_BYTES (UINT32_C(64) << 20)

typedef struct OobResult
{
	uint32_t	rows;			/* rows with at least one vote */
	double		score;			/* accuracy; R2 */
	double		loss;			/* log-loss; root mean squared error */
} OobResult;

/* the votes on the rows that are followed; without pointers, to be shared */
typedef struct Oob Oob;

extern size_t la_oob_size(const ForestRows *rows);
extern Oob *la_oob_init(void *memory, const ForestRows *rows);
extern void la_oob_add_tree(Oob *oob, const ForestRows *rows, const ForestTree *tree,
							const uint8_t *drawn, const double *class_weight);
extern bool la_oob_finish(const Oob *oob, const ForestRows *rows, OobResult *result);

#endif							/* LA_FOREST_OOB_H */
