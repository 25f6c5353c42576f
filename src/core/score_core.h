/*
 * score_core.h
 *		Interaction score of a viewer.
 */
#ifndef LA_SCORE_CORE_H
#define LA_SCORE_CORE_H

#include <stdint.h>

#include "result.h"

/* what a viewer did in a stream; a count that is not known is 0 */
typedef struct InteractionCounts
{
	int64_t		comments;
	int64_t		likes;
	int64_t		shares;
} InteractionCounts;

typedef struct InteractionWeights
{
	double		comment;
	double		like;
	double		share;
} InteractionWeights;

extern LaResult la_interaction_score(const InteractionCounts *counts, int64_t *score);
extern LaResult la_interaction_score_weighted(const InteractionCounts *counts,
											  const InteractionWeights *weights,
											  double *score);

#endif							/* LA_SCORE_CORE_H */
