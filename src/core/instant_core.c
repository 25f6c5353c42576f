/*
 * instant_core.c
 *		Times as channels write them: ISO 8601 with or without a zone, seconds
 *		or milliseconds since 1970, and Weibo's form. A text that is none of
 *		them, or a day that there is not, is LA_MALFORMED; nothing is guessed.
 */
#include "instant_core.h"

#include <math.h>
#include <string.h>

#define SECONDS_TO_2000 INT64_C(946684800)

/* what is left of a text */
typedef struct Reader
{
	const char *next;
	const char *end;
} Reader;

typedef struct CivilTime
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			microsecond;
	int			zone;			/* seconds east of UTC */
} CivilTime;

static bool
skip(Reader *reader, char c)
{
	if (reader->next == reader->end || *reader->next != c)
		return false;
	reader->next++;
	return true;
}

/* exactly so many digits, and a number between low and high */
static bool
read_number(Reader *reader, int digits, int low, int high, int *number)
{
	int			value = 0;

	if (reader->end - reader->next < digits)
		return false;
	for (int i = 0; i < digits; i++)
	{
		char		c = reader->next[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	reader->next += digits;
	*number = value;
	return value >= low && value <= high;
}

/* 1 to 9 digits of a fraction, rounded as PostgreSQL does */
static bool
read_fraction(Reader *reader, int *microsecond)
{
	int64_t		value = 0;
	int			digits = 0;

	while (digits < 9 && reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9')
	{
		value = value * 10 + (*reader->next++ - '0');
		digits++;
	}
	if (digits == 0)
		return false;
	for (int i = digits; i < 9; i++)
		value *= 10;
	*microsecond = (int) rint((double) value / 1e9 * 1e6);
	return true;
}

/* +08, +0800, +08:00 */
static bool
read_offset(Reader *reader, bool minutes_needed, int *zone)
{
	int			sign;
	int			hours;
	int			minutes = 0;

	if (skip(reader, '+'))
		sign = 1;
	else if (skip(reader, '-'))
		sign = -1;
	else
		return false;
	if (!read_number(reader, 2, 0, 14, &hours))
		return false;
	if (minutes_needed || reader->next < reader->end)
	{
		if (!minutes_needed)
			skip(reader, ':');
		if (!read_number(reader, 2, 0, 59, &minutes))
			return false;
	}
	*zone = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int
days_of_month(int year, int month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

static int64_t
microseconds_of(const CivilTime *t)
{
	/* years that begin in March have their leap day last */
	int			year = t->month > 2 ? t->year : t->year - 1;
	int			month = t->month > 2 ? t->month - 3 : t->month + 9;
	int64_t		days = 365 * (int64_t) year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + t->day - 1;

	/* 2000-03-01 is day 730485, and 60 days into that year */
	days -= 730485 - 60;
	return ((days * 24 + t->hour) * 60 + t->minute) * INT64_C(60000000) +
		(int64_t) (t->second - t->zone) * 1000000 + t->microsecond;
}

static LaResult
read_iso(Reader reader, Instant *instant)
{
	CivilTime	t = {0};

	if (!read_number(&reader, 4, 1900, 2199, &t.year) || !skip(&reader, '-') ||
		!read_number(&reader, 2, 1, 12, &t.month) || !skip(&reader, '-') ||
		!read_number(&reader, 2, 1, days_of_month(t.year, t.month), &t.day))
		return LA_MALFORMED;
	instant->local = true;
	if (reader.next < reader.end)
	{
		if ((!skip(&reader, ' ') && !skip(&reader, 'T')) || !read_number(&reader, 2, 0, 23, &t.hour) ||
			!skip(&reader, ':') || !read_number(&reader, 2, 0, 59, &t.minute))
			return LA_MALFORMED;
		if (skip(&reader, ':') && (!read_number(&reader, 2, 0, 59, &t.second) ||
								   (skip(&reader, '.') && !read_fraction(&reader, &t.microsecond))))
			return LA_MALFORMED;
	}
	if (reader.next < reader.end)
	{
		instant->local = false;
		skip(&reader, ' ');
		if (!skip(&reader, 'Z') && !read_offset(&reader, false, &t.zone))
			return LA_MALFORMED;
	}
	instant->microseconds = microseconds_of(&t);
	return reader.next == reader.end ? LA_OK : LA_MALFORMED;
}

/* place of a word of three letters in a list of such, from 1, or 0 */
static int
read_word(Reader *reader, const char *words)
{
	if (reader->end - reader->next < 3)
		return 0;
	for (int i = 0; words[i] != '\0'; i += 3)
	{
		if (memcmp(reader->next, words + i, 3) == 0)
		{
			reader->next += 3;
			return i / 3 + 1;
		}
	}
	return 0;
}

/* Tue Nov 03 20:00:00 +0800 2026 */
static LaResult
read_weibo(Reader reader, Instant *instant)
{
	CivilTime	t = {0};

	if (read_word(&reader, "MonTueWedThuFriSatSun") == 0 || !skip(&reader, ' ') ||
		(t.month = read_word(&reader, "JanFebMarAprMayJunJulAugSepOctNovDec")) == 0 || !skip(&reader, ' ') ||
		!read_number(&reader, 2, 1, 31, &t.day) || !skip(&reader, ' ') ||
		!read_number(&reader, 2, 0, 23, &t.hour) || !skip(&reader, ':') ||
		!read_number(&reader, 2, 0, 59, &t.minute) || !skip(&reader, ':') ||
		!read_number(&reader, 2, 0, 59, &t.second) || !skip(&reader, ' ') ||
		!read_offset(&reader, true, &t.zone) || !skip(&reader, ' ') ||
		!read_number(&reader, 4, 2000, 2099, &t.year) || reader.next != reader.end ||
		t.day > days_of_month(t.year, t.month))
		return LA_MALFORMED;
	instant->local = false;
	instant->microseconds = microseconds_of(&t);
	return LA_OK;
}

/* seconds since 1970, or milliseconds if there are three digits more */
static LaResult
read_epoch(Reader reader, Instant *instant)
{
	bool		milliseconds = reader.end - reader.next == 13;
	int64_t		value = 0;

	for (; reader.next < reader.end; reader.next++)
	{
		if (*reader.next < '0' || *reader.next > '9')
			return LA_MALFORMED;
		value = value * 10 + (*reader.next - '0');
	}
	instant->local = false;
	instant->microseconds = value * (milliseconds ? 1000 : 1000000) - SECONDS_TO_2000 * 1000000;
	return LA_OK;
}

LaResult
la_instant_read(const char *text, size_t length, Instant *instant)
{
	Reader		reader = {text, text + length};

	if (length >= 10 && text[4] == '-')
		return read_iso(reader, instant);
	if (length == 10 || length == 13)
		return read_epoch(reader, instant);
	return read_weibo(reader, instant);
}
