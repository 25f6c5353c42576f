/*
 * tap.h
 *		Just enough of the Test Anything Protocol for the unit tests.
 */
#ifndef LA_TAP_H
#define LA_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int	tap_count;
static int	tap_failures;

#define ok(condition, ...) tap_report((condition), __FILE__, __LINE__, __VA_ARGS__)

static inline void
tap_report(bool passed, const char *file, int line, const char *format,...)
{
	va_list		args;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!passed)
	{
		tap_failures++;
		printf("# failed at %s:%d\n", file, line);
	}
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures > 0;
}

#endif							/* LA_TAP_H */
