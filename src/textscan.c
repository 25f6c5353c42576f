/*
 * textscan.c
 *		Reading the text of a value from its beginning to its end, sign by sign.
 */
#include "liveanalytics.h"

#include "textscan.h"

/*
 * la_scan_error
 *		The text does not go on as it has to.  "expected" is a noun with its
 *		article, "at" where it should stand.
 */
void
la_scan_error(const TextScan *in, const char *at, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s", in->type),
			 errdetail("Expected %s at byte %zu.", expected, (size_t) (at - in->text) + 1)));
	pg_unreachable();
}

void
la_expect_char(TextScan *in, char c)
{
	const char	expected[] = {'"', c, '"', '\0'};

	if (!la_scan_char(in, c))
		la_scan_error(in, in->at, expected);
}

/*
 * la_expect_key
 *		"key":
 */
void
la_expect_key(TextScan *in, const char *key)
{
	size_t		length = strlen(key);

	la_expect_char(in, '"');
	if (strncmp(in->at, key, length) != 0 || in->at[length] != '"')
		la_scan_error(in, in->at, psprintf("key \"%s\"", key));
	in->at += length + 1;
	la_expect_char(in, ':');
}

/*
 * la_expect_end
 *		Nothing but blanks is left.
 */
void
la_expect_end(TextScan *in)
{
	la_skip_blanks(in);
	if (*in->at != '\0')
		la_scan_error(in, in->at, "the end");
}

/*
 * la_scan_signed
 *		A whole number of 64 bits, after blanks, perhaps below zero.
 */
int64
la_scan_signed(TextScan *in)
{
	bool		negative = la_scan_char(in, '-');
	uint64		value;

	if (!la_scan_digits(in, (uint64) PG_INT64_MAX + negative, &value))
		la_scan_error(in, in->at, "a number of 64 bits");
	return negative ? (int64) (~value + 1) : (int64) value;
}
