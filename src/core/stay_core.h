/*
 * stay_core.h
 *		How many are still there after a time, where some are seen only so far.
 */
#ifndef LA_STAY_CORE_H
#define LA_STAY_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stop.h"

/* the longest stay that a key can hold, in microseconds */
#define LA_STAY_MAX (INT64_MAX / 2)

typedef struct StayPoint
{
	uint64_t	at_risk;		/* seen to stay so long */
	uint64_t	leaves;			/* of these, gone before the next point */
	uint64_t	censored;		/* of these, lost sight of before the next point */
	double		share;			/* of all who stay so long, by Kaplan and Meier */
	double		std_error;		/* of the share, by Greenwood */
} StayPoint;

/* A stay, from 0 to LA_STAY_MAX, as a key that sorts by length, who leaves first. */
static inline uint64_t
la_stay_key(int64_t length, bool censored)
{
	return (uint64_t) length << 1 | (uint64_t) censored;
}

extern uint64_t la_stay_points(const uint64_t *keys, size_t n, int64_t step);
extern void la_stay_curve(const uint64_t *keys, size_t n, int64_t step, StayPoint *points, MayStop may_stop);

#endif							/* LA_STAY_CORE_H */
