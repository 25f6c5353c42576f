/*
 * viewer_set_io.c
 *		The type viewer_set: text, binary, and the format of Roaring bitmaps.
 *
 * Text is {1,5,7-12}: numbers and ranges, ascending on output (three or more
 * in a row are a range), in any order on input.  Binary is the 64-bit form of
 * Roaring's portable format.
 */
#include "liveanalytics.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "textscan.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "viewer_set.h"

PG_FUNCTION_INFO_V1(viewer_set_in);
PG_FUNCTION_INFO_V1(viewer_set_out);
PG_FUNCTION_INFO_V1(viewer_set_recv);
PG_FUNCTION_INFO_V1(viewer_set_send);
PG_FUNCTION_INFO_V1(viewer_set_to_roaring);
PG_FUNCTION_INFO_V1(viewer_set_from_roaring);

#define RANGES_PER_STEP	4096

/* --- text --------------------------------------------------------------------- */

/* The next run of a set, joined over the borders of containers. */
static bool
next_range(SetIterator *iterator, SetRange *ahead, bool *more, SetRange *range)
{
	if (!*more)
		return false;
	*range = *ahead;
	while ((*more = la_viewer_set_next(iterator, ahead)) && ahead->first == range->last + 1)
	{
		CHECK_FOR_INTERRUPTS();
		range->last = ahead->last;
	}
	return true;
}

static void
append_range(StringInfo out, const SetRange *range, bool first)
{
	const char *comma = first ? "" : ",";

	if (range->last - range->first >= 2)
		appendStringInfo(out, "%s" UINT64_FORMAT "-" UINT64_FORMAT, comma, range->first, range->last);
	else if (range->last > range->first)
		appendStringInfo(out, "%s" UINT64_FORMAT "," UINT64_FORMAT, comma, range->first, range->last);
	else
		appendStringInfo(out, "%s" UINT64_FORMAT, comma, range->first);
}

Datum
viewer_set_out(PG_FUNCTION_ARGS)
{
	SetIterator iterator;
	SetRange	ahead;
	SetRange	range;
	StringInfoData out;
	bool		more;

	la_viewer_set_iterate(&iterator, PG_GETARG_VIEWER_SET_P(0));
	more = la_viewer_set_next(&iterator, &ahead);
	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (uint64 i = 0; next_range(&iterator, &ahead, &more, &range); i++)
	{
		if (i % RANGES_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		append_range(&out, &range, i == 0);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static uint64
read_number(TextScan *in)
{
	uint64		number;

	la_skip_blanks(in);
	if (!la_scan_digits(in, LA_VIEWER_SET_LARGEST, &number))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("viewer number must be at most " INT64_FORMAT ", not %.*s",
						LA_VIEWER_SET_LARGEST, (int) Min(strspn(in->at, "0123456789"), 40), in->at)));
	return number;
}

static SetRange
read_range(TextScan *in)
{
	SetRange	range;

	range.first = range.last = read_number(in);
	if (la_scan_char(in, '-'))
	{
		const char *start = in->at - 1;

		range.last = read_number(in);
		if (range.last < range.first)
			la_scan_error(in, start, "a range that does not descend");
	}
	return range;
}

static int
compare_ranges(const void *a, const void *b)
{
	const SetRange *x = a;
	const SetRange *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Sort ranges and join those that touch; returns how many are left. */
static size_t
join_ranges(SetRange *ranges, size_t n)
{
	size_t		count = 0;
	bool		sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = ranges[i - 1].first <= ranges[i].first;
	if (!sorted)
		qsort(ranges, n, sizeof(SetRange), compare_ranges);
	for (size_t i = 0; i < n; i++)
	{
		if (count > 0 && ranges[i].first <= ranges[count - 1].last + 1)
			ranges[count - 1].last = Max(ranges[count - 1].last, ranges[i].last);
		else
			ranges[count++] = ranges[i];
	}
	return count;
}

/* The ranges of "{...}", in the order of the text. */
static SetRange *
read_ranges(TextScan *in, size_t *n)
{
	size_t		capacity = 64;
	SetRange   *ranges = palloc(capacity * sizeof(SetRange));
	bool		more;

	*n = 0;
	la_expect_char(in, '{');
	for (more = !la_scan_char(in, '}'); more; more = la_scan_char(in, ','))
	{
		if (*n == capacity)
		{
			CHECK_FOR_INTERRUPTS();
			capacity *= 2;
			ranges = repalloc_huge(ranges, mul_size(capacity, sizeof(SetRange)));
		}
		ranges[(*n)++] = read_range(in);
	}
	if (*n > 0 && !la_scan_char(in, '}'))
		la_scan_error(in, in->at, "a comma or }");
	la_expect_end(in);
	return ranges;
}

Datum
viewer_set_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	TextScan	in = {"viewer_set", text, text};
	size_t		n;
	SetRange   *ranges = read_ranges(&in, &n);

	PG_RETURN_POINTER(la_viewer_set_of_ranges(ranges, join_ranges(ranges, n)));
}

/* --- binary --------------------------------------------------------------------- */

Datum
viewer_set_send(PG_FUNCTION_ARGS)
{
	ViewerSet  *set = PG_GETARG_VIEWER_SET_P(0);
	uint64		size = la_viewer_set_roaring_size(set, true);
	bytea	   *bytes = palloc(VARHDRSZ + size);

	la_viewer_set_write_roaring(set, true, (uint8 *) VARDATA(bytes), la_check_for_interrupts);
	SET_VARSIZE(bytes, VARHDRSZ + size);
	PG_RETURN_BYTEA_P(bytes);
}

/* The set that the bytes are in Roaring's format, "wide" or not; error if they are none. */
static ViewerSet *
read_roaring(const uint8 *bytes, uint64 size, bool wide)
{
	SetBound	bound;
	ViewerSet  *set;

	if (la_viewer_set_roaring_bound(bytes, size, wide, &bound, la_check_for_interrupts) != LA_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of " UINT64_FORMAT " bytes is not a Roaring bitmap", size),
				 errdetail("It must be in the portable format, of %s.",
						   wide ? "64 bits with numbers below 2^63" : "32 bits")));
	set = la_viewer_set_alloc(bound.bytes);
	la_viewer_set_read_roaring(set, bytes, size, wide, &bound, la_check_for_interrupts);
	return la_viewer_set_finish(set);
}

Datum
viewer_set_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;

	PG_RETURN_POINTER(read_roaring((const uint8 *) pq_getmsgbytes(in, size), size, true));
}

/* viewer_set_to_roaring(set): the 32-bit form, which most tools read */
Datum
viewer_set_to_roaring(PG_FUNCTION_ARGS)
{
	ViewerSet  *set = PG_GETARG_VIEWER_SET_P(0);
	uint64		size = la_viewer_set_roaring_size(set, false);
	bytea	   *bytes;

	if (size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("set has a number that does not fit into 32 bits"),
				 errhint("viewer_set_send gives the 64-bit form of the format.")));
	bytes = palloc(VARHDRSZ + size);
	la_viewer_set_write_roaring(set, false, (uint8 *) VARDATA(bytes), la_check_for_interrupts);
	SET_VARSIZE(bytes, VARHDRSZ + size);
	PG_RETURN_BYTEA_P(bytes);
}

/* viewer_set_from_roaring(bytes) */
Datum
viewer_set_from_roaring(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);

	PG_RETURN_POINTER(read_roaring((const uint8 *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), false));
}
