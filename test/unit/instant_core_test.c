/*
 * instant_core_test.c
 *		times in every form, and what only looks like one.
 */
#include "instant_core.h"

#include <string.h>

#include "tap.h"

/* microseconds since 1970; local ones are told by "local" */
static bool
reads(const char *text, bool local, int64_t seconds, int microseconds)
{
	Instant		instant = {0, false};

	/* an own copy, so that a sanitizer sees a look beyond its end */
	size_t		length = strlen(text);
	char		copy[64];

	memcpy(copy + sizeof(copy) - length, text, length);
	return la_instant_read(copy + sizeof(copy) - length, length, &instant) == LA_OK && instant.local == local &&
		instant.microseconds == (seconds - INT64_C(946684800)) * 1000000 + microseconds;
}

static bool
refused(const char *text)
{
	Instant		instant;

	return la_instant_read(text, strlen(text), &instant) == LA_MALFORMED;
}

int
main(void)
{
	static const char *const none[] = {"", " ", "-", "2026", "2026-11-0", "2026-11-01T", "2026-11-01 ", "2026-13-01", "2026-00-01",
		"2026-02-29", "2100-02-29", "2026-04-31", "1899-12-31", "2200-01-01", "2026-11-01 24:00", "2026-11-01 12:60", "2026-11-01 12:00:60",
		"2026-11-01 12:00:00.", "2026-11-01 12:00:00.1234567890", "2026-11-01 12:00:00+15", "2026-11-01 12:00:00+08:0", "2026-11-01 12:00:00+08:60",
		"2026-11-01 12:00:00 ", "2026-11-01 12:00:00z", "2026-11-01Z", "2026-11-01 12", "2026-11-01  12:00", "2026/11/01", "20261101", "177236640",
		"17723664000", "177236640000", "17723664000000", "-177236640", "177236640a", "1772366400.0", "Tue Nov 03 20:00:00 +0800 1999",
		"Tue Nov 31 20:00:00 +0800 2026", "Tue Feb 29 20:00:00 +0800 2026", "Xyz Nov 03 20:00:00 +0800 2026", "Tue Nov 3 20:00:00 +0800 2026",
		"Tue Nov 03 20:00:00 +08:00 2026", "Tue Nov 03 20:00:00 2026", "Tue", "Tue Nov 03 20:00:00 +0800 2026 ", "now", "infinity"};

	ok(reads("2026-03-01 20:00:00", true, 1772395200, 0), "a local time");
	ok(reads("2026-03-01T20:00", true, 1772395200, 0), "without seconds");
	ok(reads("2026-03-01", true, 1772323200, 0), "a day");
	ok(reads("2026-03-01 20:00:00.5", true, 1772395200, 500000), "a fraction");
	ok(reads("2026-03-01 20:00:00.1234567", true, 1772395200, 123457), "a fraction rounded");
	ok(reads("2026-03-01 20:00:00.999999999", true, 1772395201, 0), "a fraction rounded to the next second");
	ok(reads("2026-03-01T20:00:00Z", false, 1772395200, 0), "UTC");
	ok(reads("2026-03-01 20:00:00 +08:00", false, 1772366400, 0), "a zone");
	ok(reads("2026-03-01T20:00:00.25+0530", false, 1772375400, 250000), "a zone of half an hour");
	ok(reads("2026-03-01T20:00-08", false, 1772424000, 0), "a zone in the west");
	ok(reads("2000-02-29 00:00:00Z", false, 951782400, 0), "a leap day");
	ok(reads("1900-01-01T00:00Z", false, INT64_C(-2208988800), 0), "the first day");
	ok(reads("2199-12-31T23:59:59Z", false, INT64_C(7258118399), 0), "the last second");
	ok(reads("1772366400", false, 1772366400, 0), "seconds");
	ok(reads("1772366400123", false, 1772366400, 123000), "milliseconds");
	ok(reads("Tue Nov 03 20:00:00 +0800 2026", false, 1793707200, 0), "Weibo's form");
	ok(reads("Sat Feb 29 20:00:00 -0330 2020", false, 1583019000, 0), "its leap day");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(refused(none[i]), "refused: \"%s\"", none[i]);

	return tap_done();
}
