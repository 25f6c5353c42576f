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

/* permutes the features of one tree after the other */
typedef struct Permuter Permuter;

extern size_t la_permuter_size(const ForestRows *rows);
extern Permuter *la_permuter_init(void *memory, const Oob *oob, const ForestRows *rows,
								  const double *class_weight, uint64_t seed);
extern void la_permuter_begin(Permuter *permuter, const ForestTree *tree, uint32_t number,
							  const uint8_t *drawn);
extern double la_permuter_loss(Permuter *permuter, uint32_t feature);

/* what the features meant to all trees */
typedef struct Importance Importance;

extern size_t la_importance_size(uint32_t nfeatures);
extern Importance *la_importance_init(void *memory, uint32_t nfeatures);
extern void la_importance_add(Importance *importance, const double *impurity, const double *loss);
extern void la_importance_finish(const Importance *importance, const Oob *oob, double *impurity,
								 double *permutation, double *std_error);

#endif							/* LA_FOREST_OOB_H */
