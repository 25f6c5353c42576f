/*
 * localday.c
 *		The day that it is by the clocks of a time zone: a look at the zone's
 *		rules only where its offset may have changed since the call before.
 */
#include "liveanalytics.h"

#include "localday.h"
#include "utils/builtins.h"

static void
fill_zone(ZoneCache *cache, const text *name)
{
	int			length = VARSIZE_ANY_EXHDR(name);

	cache->length = 0;
	cache->from = cache->to = 0;
	if (length > 0 && length <= TZ_STRLEN_MAX)
	{
		memcpy(cache->name, VARDATA_ANY(name), length);
		cache->name[length] = '\0';
		cache->zone = pg_tzset(cache->name);
		if (cache->zone != NULL && pg_tz_acceptable(cache->zone))
		{
			cache->length = length;
			return;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("time zone \"%s\" is not known", text_to_cstring(name)),
			 errhint("Names are in pg_timezone_names: \"Asia/Shanghai\".")));
}

/*
 * la_get_zone
 *		Argument "argno" as a time zone, from the cache if it was that before.
 */
void
la_get_zone(FunctionCallInfo fcinfo, int argno, ZoneCache *cache)
{
	text	   *name;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tz must not be NULL")));
	name = PG_GETARG_TEXT_PP(argno);
	if (cache->length == 0 || VARSIZE_ANY_EXHDR(name) != cache->length ||
		memcmp(VARDATA_ANY(name), cache->name, cache->length) != 0)
		fill_zone(cache, name);
}

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* The stretch with the same offset that t is in. */
static void
find_stretch(ZoneCache *cache, pg_time_t t)
{
	long		after_offset;
	int			is_dst,
				after_is_dst;
	pg_time_t	boundary;
	int			found = pg_next_dst_boundary(&t, &cache->offset, &is_dst, &boundary,
											 &after_offset, &after_is_dst, cache->zone);

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	cache->from = t;
	cache->to = found > 0 ? boundary : PG_INT64_MAX;
}

/*
 * la_local_day
 *		The day of t by the clocks of the time zone, counted from 2000-01-01.
 */
DateADT
la_local_day(ZoneCache *cache, TimestampTz t)
{
	const int64 epoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	pg_time_t	seconds = floor_div(t, USECS_PER_SEC) + epoch;

	if (unlikely(seconds < cache->from || seconds >= cache->to))
		find_stretch(cache, seconds);
	return (DateADT) floor_div(seconds - epoch + cache->offset, SECS_PER_DAY);
}
