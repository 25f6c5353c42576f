/*
 * forest_importance.h
 *		What the features mean to a forest.
 */
#ifndef LA_FOREST_IMPORTANCE_H
#define LA_FOREST_IMPORTANCE_H

#include "forest_oob.h"

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

#endif							/* LA_FOREST_IMPORTANCE_H */
