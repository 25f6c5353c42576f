/*
 * timeargs.c
 *		Checked access to points in time, spans and lengths.
 *
 * "name" is the argument's name in SQL; it appears in the messages.
 */
#include "liveanalytics.h"

#include "common/int.h"
#include "utils/builtins.h"

#include "timeargs.h"

char *
la_timestamp_out(TimestampTz t)
{
	return DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(t)));
}

/*
 * la_finite_time
 *		A point in time that is neither NULL nor infinite.
 */
TimestampTz
la_finite_time(NullableDatum arg, const char *name)
{
	TimestampTz t;

	if (arg.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
	t = DatumGetTimestampTz(arg.value);
	if (TIMESTAMP_NOT_FINITE(t))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite, not %s", name, la_timestamp_out(t))));
	return t;
}

void
la_report_left_before(TimestampTz entered, TimestampTz left_at)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("left_at must not be before entered: %s is before %s",
					la_timestamp_out(left_at), la_timestamp_out(entered))));
	pg_unreachable();
}

/*
 * la_positive_length
 *		An interval as microseconds: above 0, and without months, which have no
 *		fixed length. A day is 24 hours.
 */
int64
la_positive_length(NullableDatum arg, const char *name)
{
	Interval   *interval;
	int64		length;
	char	   *text;

	if (arg.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
	interval = DatumGetIntervalP(arg.value);
	if (likely(interval->month == 0 &&
			   !pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &length) &&
			   !pg_add_s64_overflow(length, interval->time, &length) && length > 0))
		return length;

	text = DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)));
	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have a fixed length, which months and years have not: %s", name, text),
				 errhint("Use days, hours, minutes or seconds.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be above 0 and at most 292,000 years, not %s", name, text)));
	pg_unreachable();
}
