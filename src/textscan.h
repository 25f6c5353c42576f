/*
 * textscan.h
 *		Reading the text of a value from its beginning to its end, sign by sign.
 *
 * For types whose values can be large: PostgreSQL's JSON would hold all of a
 * text a second time, and its arrays end at 256 MB.
 */
#ifndef LA_TEXTSCAN_H
#define LA_TEXTSCAN_H

#include "fmgr.h"

/* Nothing is read past the end, which is a zero. */
typedef struct TextScan
{
	const char *type;			/* whose text it is, for errors */
	const char *text;
	const char *at;
} TextScan;

LA_NORETURN extern void la_scan_error(const TextScan *in, const char *at, const char *expected);
extern void la_expect_char(TextScan *in, char c);
extern void la_expect_key(TextScan *in, const char *key);
extern void la_expect_end(TextScan *in);
extern int64 la_scan_signed(TextScan *in);

static inline void
la_skip_blanks(TextScan *in)
{
	while (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r')
		in->at++;
}

/* Whether "c" comes next, after blanks; if so it is gone. */
static inline bool
la_scan_char(TextScan *in, char c)
{
	la_skip_blanks(in);
	if (*in->at != c)
		return false;
	in->at++;
	return true;
}

/* Digits, of which there must be one; false, and still at the first, if they are more than "largest". */
static inline bool
la_scan_digits(TextScan *in, uint64 largest, uint64 *value)
{
	const char *start = in->at;

	if (*start < '0' || *start > '9')
		la_scan_error(in, start, "a number");
	for (*value = 0; *in->at >= '0' && *in->at <= '9'; in->at++)
	{
		uint64		digit = *in->at - '0';

		if (digit > largest || *value > (largest - digit) / 10)
		{
			in->at = start;
			return false;
		}
		*value = *value * 10 + digit;
	}
	return true;
}

/* A whole number, after blanks, of at most "largest". */
static inline uint64
la_scan_unsigned(TextScan *in, uint64 largest)
{
	uint64		value;

	la_skip_blanks(in);
	if (!la_scan_digits(in, largest, &value))
		la_scan_error(in, in->at, psprintf("a number of at most " UINT64_FORMAT, largest));
	return value;
}

#endif							/* LA_TEXTSCAN_H */
