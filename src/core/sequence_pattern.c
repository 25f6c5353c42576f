/*
 * sequence_pattern.c
 *		The compiler of sequence patterns.
 *
 *		pattern	= { item }
 *		item	= "(?" number ")" | "(?t" op seconds ")" | "." | ".*"
 *		op		= ">=" | ">" | "<=" | "<" | "=="
 *		seconds	= number [ "." digits ]
 *
 * Blanks may stand between the signs.  A time condition follows an event, or
 * another time condition, with which it then makes one.  There must be an event.
 */
#include "sequence_pattern.h"

#include <stdbool.h>
#include <string.h>

#define MICROSECONDS	INT64_C(1000000)

typedef struct Scanner
{
	const char *text;
	size_t		length;
	size_t		pos;
	PatternError *error;
} Scanner;

/* Room for what the longest pattern of so many bytes can compile to. */
size_t
la_pattern_size(size_t length)
{
	return sizeof(SequencePattern) + (length + 1) * sizeof(PatternItem);
}

static bool
fail(Scanner *in, const char *expected, const char *problem)
{
	in->error->position = in->pos;
	in->error->expected = expected;
	in->error->problem = problem;
	return false;
}

static void
skip_blanks(Scanner *in)
{
	while (in->pos < in->length && (in->text[in->pos] == ' ' || in->text[in->pos] == '\t' ||
									in->text[in->pos] == '\n' || in->text[in->pos] == '\r'))
		in->pos++;
}

static bool
accept(Scanner *in, const char *sign)
{
	size_t		length = strlen(sign);

	if (in->length - in->pos < length || memcmp(in->text + in->pos, sign, length) != 0)
		return false;
	in->pos += length;
	return true;
}

static bool
at_digit(const Scanner *in)
{
	return in->pos < in->length && in->text[in->pos] >= '0' && in->text[in->pos] <= '9';
}

/* A whole number of at most "largest"; the position is that of its first digit if it is more. */
static bool
read_number(Scanner *in, int64_t largest, const char *too_large, int64_t *number)
{
	size_t		start = in->pos;

	*number = 0;
	if (!at_digit(in))
		return fail(in, "a number", NULL);
	while (at_digit(in))
	{
		int			digit = in->text[in->pos++] - '0';

		if (digit > largest || *number > (largest - digit) / 10)
		{
			in->pos = start;
			return fail(in, NULL, too_large);
		}
		*number = *number * 10 + digit;
	}
	return true;
}

/* Seconds with up to six decimals, as microseconds. */
static bool
read_seconds(Scanner *in, int64_t *microseconds)
{
	int64_t		unit = MICROSECONDS;

	if (!read_number(in, INT64_MAX / MICROSECONDS - 1, "So many seconds are out of range.", microseconds))
		return false;
	*microseconds *= MICROSECONDS;
	if (!accept(in, "."))
		return true;
	if (!at_digit(in))
		return fail(in, "a digit", NULL);
	while (at_digit(in))
	{
		int			digit = in->text[in->pos] - '0';

		if (unit == 1)
			return fail(in, NULL, "Seconds have at most six decimals.");
		unit /= 10;
		*microseconds += unit * digit;
		in->pos++;
	}
	return true;
}

/* Times of events ascend, so distances are never negative. */
static bool
read_bounds(Scanner *in, int64_t *least, int64_t *most)
{
	int64_t		seconds;
	bool		at_least = accept(in, ">=");
	bool		at_most = !at_least && accept(in, "<=");
	bool		equal = !at_least && !at_most && accept(in, "==");
	bool		above = !at_least && !at_most && !equal && accept(in, ">");
	bool		below = !at_least && !at_most && !equal && !above && accept(in, "<");

	if (!at_least && !at_most && !equal && !above && !below)
		return fail(in, ">=, >, <=, < or ==", NULL);
	skip_blanks(in);
	if (!read_seconds(in, &seconds))
		return false;
	*least = at_least || equal ? seconds : above ? seconds + 1 : 0;
	*most = at_most || equal ? seconds : below ? seconds - 1 : INT64_MAX;
	return true;
}

static void
add_item(SequencePattern *pattern, PatternKind kind)
{
	PatternItem *item = &pattern->items[pattern->nitems++];

	item->kind = kind;
	item->condition = 0;
	item->least = 0;
	item->most = INT64_MAX;
	if (kind == PATTERN_EVENT)
		pattern->nevents++;
	if (kind == PATTERN_SKIP || kind == PATTERN_GATE)
		pattern->nchoices++;
}

/* The rest of a time condition; "start" is where it begins. */
static bool
read_gate(Scanner *in, SequencePattern *pattern, size_t start)
{
	PatternItem *last;
	int64_t		least,
				most;

	skip_blanks(in);
	if (!read_bounds(in, &least, &most))
		return false;
	if (pattern->items[pattern->nitems - 1].kind == PATTERN_SKIP)
	{
		in->pos = start;
		return fail(in, NULL, "A time condition must follow (?N) or \".\", from which it counts; it lets other events pass by itself.");
	}
	if (pattern->items[pattern->nitems - 1].kind != PATTERN_GATE)
		add_item(pattern, PATTERN_GATE);
	last = &pattern->items[pattern->nitems - 1];
	if (least > last->least)
		last->least = least;
	if (most < last->most)
		last->most = most;
	return true;
}

static bool
read_event(Scanner *in, SequencePattern *pattern, int nconditions)
{
	size_t		start = in->pos;
	int64_t		number;

	if (!at_digit(in))
		return fail(in, "the number of a condition or t", NULL);
	if (!read_number(in, nconditions, "There are fewer conditions than that.", &number))
		return false;
	if (number == 0)
	{
		in->pos = start;
		return fail(in, NULL, "Conditions are counted from 1.");
	}
	add_item(pattern, PATTERN_EVENT);
	pattern->items[pattern->nitems - 1].condition = (int) number - 1;
	return true;
}

static bool
read_item(Scanner *in, SequencePattern *pattern, int nconditions)
{
	size_t		start = in->pos;

	if (accept(in, ".*"))
	{
		/* a second one in a row skips nothing more */
		if (pattern->items[pattern->nitems - 1].kind != PATTERN_SKIP)
			add_item(pattern, PATTERN_SKIP);
		return true;
	}
	if (accept(in, "."))
	{
		add_item(pattern, PATTERN_ANY);
		return true;
	}
	if (!accept(in, "(?"))
		return fail(in, "(?N), (?t op N), \".\" or \".*\"", NULL);
	skip_blanks(in);
	if (!(accept(in, "t") ? read_gate(in, pattern, start) : read_event(in, pattern, nconditions)))
		return false;
	skip_blanks(in);
	return accept(in, ")") || fail(in, "\")\"", NULL);
}

/*
 * la_pattern_compile
 *		Compile "text" into "pattern", which has room for it: la_pattern_size.
 *
 * Conditions are numbered from 1 to "nconditions" in the text.  Returns
 * LA_MALFORMED, with "error" filled, for anything that is not a pattern.
 */
LaResult
la_pattern_compile(SequencePattern *pattern, const char *text, size_t length,
				   int nconditions, PatternError *error)
{
	Scanner		in = {text, length, 0, error};

	pattern->nitems = pattern->nevents = pattern->nchoices = 0;
	add_item(pattern, PATTERN_SKIP);
	for (skip_blanks(&in); in.pos < in.length; skip_blanks(&in))
	{
		if (!read_item(&in, pattern, nconditions))
			return LA_MALFORMED;
	}
	if (pattern->nitems == pattern->nchoices)
	{
		fail(&in, "an event, (?N) or \".\"", NULL);
		return LA_MALFORMED;
	}
	return LA_OK;
}
