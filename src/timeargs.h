/*
 * timeargs.h
 *		Checked access to points in time, spans and lengths.
 */
#ifndef LA_TIMEARGS_H
#define LA_TIMEARGS_H

#include "fmgr.h"
#include "utils/timestamp.h"

extern char *la_timestamp_out(TimestampTz t);
extern TimestampTz la_finite_time(NullableDatum arg, const char *name);
LA_NORETURN extern void la_report_left_before(TimestampTz entered, TimestampTz left_at);
extern int64 la_positive_length(NullableDatum arg, const char *name);

#endif							/* LA_TIMEARGS_H */
