/*
 * localday.h
 *		The day that it is by the clocks of a time zone.
 */
#ifndef LA_LOCALDAY_H
#define LA_LOCALDAY_H

#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* The time zone of a call site, and a stretch of time in which its offset is the same; zeroed at first. */
typedef struct ZoneCache
{
	char		name[TZ_STRLEN_MAX + 1];
	int			length;
	pg_tz	   *zone;
	pg_time_t	from;			/* seconds since 1970; the stretch is from <= t < to */
	pg_time_t	to;
	long		offset;			/* seconds east of Greenwich */
} ZoneCache;

extern void la_get_zone(FunctionCallInfo fcinfo, int argno, ZoneCache *cache);
extern DateADT la_local_day(ZoneCache *cache, TimestampTz t);

#endif							/* LA_LOCALDAY_H */
