/*
 * moments_core.h
 *		Mean and standard deviation of numbers, and where a number stands.
 */
#ifndef LA_MOMENTS_CORE_H
#define LA_MOMENTS_CORE_H

#include <stdint.h>

#include "wide.h"

typedef struct Moments
{
	int64_t		n;
	double		pivot;			/* the first number */
	Wide		sum;			/* of the distances from it */
	Wide		squares;		/* of their squares */
} Moments;

extern void la_moments_init(Moments *m);
extern void la_moments_add(Moments *m, double value);
extern double la_moments_score(const Moments *m, double value);

#endif							/* LA_MOMENTS_CORE_H */
