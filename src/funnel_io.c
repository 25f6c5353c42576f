/*
 * funnel_io.c
 *		The type funnel_events: JSON in and out, binary send and receive.
 *
 * Text is an object
 *		{"format": 1, "kind": "conditions", "steps": 5, "options": "strict_once",
 *		 "window": 3600000000, "events": [[timestamp, steps], ..]}
 * with times in microseconds, timestamps counted from 2000-01-01 00:00 UTC, and
 * the steps of an event as a number with bit 0 for step 1.  Of the other kinds,
 * "numbered" has the number of the step in its place, 0 for none, and
 * "bigint keys" and "text keys" have the key as a third element.
 *
 * The members of the object have this order on input, too: nobody writes these
 * values by hand, and a list of 100 MB should not be parsed into a jsonb first.
 */
#include "liveanalytics.h"

#include "common/int.h"
#include "funnel.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "textscan.h"
#include "typeio.h"
#include "utils/builtins.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(funnel_events_in);
PG_FUNCTION_INFO_V1(funnel_events_out);
PG_FUNCTION_INFO_V1(funnel_events_recv);
PG_FUNCTION_INFO_V1(funnel_events_send);

/* what is done without a look at interrupts */
#define EVENTS_PER_STEP 4096

static const char *const kind_names[LA_FUNNEL_KINDS] = {"conditions", "numbered", "bigint keys", "text keys"};

/* --- events of both forms ------------------------------------------------- */

/* The steps that a number from outside stands for; false if there are none in this funnel. */
static bool
number_to_steps(const FunnelShape *shape, uint64 number, uint64 *steps)
{
	return la_funnel_steps_of_number(shape->kind, shape->steps, shape->modes, number, steps);
}

/* Whether a shape that came from outside is one. */
static bool
shape_is_valid(const FunnelShape *shape)
{
	return la_funnel_shape_valid(shape->kind, shape->steps, shape->modes, shape->window);
}

/* The list with an event more: itself, or a larger one in its place. */
static FunnelEvents *
add_read_event(FunnelEvents *list, const FunnelShape *shape, const FunnelEvent *event)
{
	Size		more = la_funnel_record_size(shape->kind, shape->steps) + event->key_length;

	if (!la_funnel_has_room(list, VARSIZE(list), more))
	{
		FunnelEvents *larger = la_funnel_new(shape, la_funnel_merge_size(list) + more);

		la_funnel_merge(larger, list);
		pfree(list);
		list = larger;
	}
	la_funnel_append(list, event);
	return list;
}

/* The next event of a list, of which there must be one. */
static void
read_event(FunnelReader *reader, FunnelEvent *event)
{
	if (!la_funnel_read(reader, event))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a list of events of a funnel", (size_t) VARSIZE(reader->list))));
}

/* --- output --------------------------------------------------------------- */

static void
append_key(StringInfo out, FunnelKind kind, const FunnelEvent *event)
{
	int64		number = 0;
	char	   *text;

	appendStringInfoString(out, ", ");
	if (kind == LA_FUNNEL_BIGINT_KEYS)
	{
		memcpy(&number, event->key, Min(event->key_length, sizeof(number)));
		appendStringInfo(out, "%lld", (long long) number);
		return;
	}
	text = pnstrdup((const char *) event->key, event->key_length);
	escape_json(out, text);
	pfree(text);
}

Datum
funnel_events_out(PG_FUNCTION_ARGS)
{
	FunnelEvents *list = PG_GETARG_FUNNEL_P(0);
	FunnelReader reader;
	char		modes[LA_FUNNEL_MODES_LENGTH];
	StringInfoData out;

	la_funnel_begin_read(&reader, list);
	la_funnel_print_modes(list->modes, modes);
	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"kind\": \"%s\", \"steps\": %d, \"options\": \"%s\", \"window\": %lld, \"events\": [",
					 list->format, kind_names[list->kind], list->steps, modes, (long long) list->window);
	for (uint32 i = 0; i < list->count; i++)
	{
		FunnelEvent event;

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		read_event(&reader, &event);
		appendStringInfo(&out, "%s[%lld, %llu", i == 0 ? "" : ", ", (long long) event.ts,
						 (unsigned long long) la_funnel_number_of_steps(list->kind, event.steps));
		if (la_funnel_keyed(list))
			append_key(&out, list->kind, &event);
		appendStringInfoChar(&out, ']');
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* --- input ---------------------------------------------------------------- */

/* The character of \u0001 and the like, after the u: those escape_json writes. */
static char
scan_hex(TextScan *in)
{
	unsigned	code = 0;

	for (int i = 0; i < 4; i++)
	{
		char		c = *in->at++;

		if (c >= '0' && c <= '9')
			code = code * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			code = code * 16 + (c - 'A' + 10);
		else
			la_scan_error(in, in->at - 1, "a hexadecimal digit");
	}
	if (code == 0 || code > 127)
		la_scan_error(in, in->at - 4, "a code between 0001 and 007f");
	return (char) code;
}

static char
scan_escape(TextScan *in)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char		c = *in->at++;
	const char *found = c == '\0' ? NULL : strchr(from, c);

	if (c == 'u')
		return scan_hex(in);
	if (found == NULL)
		la_scan_error(in, in->at - 1, "an escaped character");
	return to[found - from];
}

static void
scan_string(TextScan *in, StringInfo string)
{
	resetStringInfo(string);
	la_expect_char(in, '"');
	while (*in->at != '"')
	{
		if (*in->at == '\0')
			la_scan_error(in, in->at, "the end of a string");
		if (*in->at == '\\')
		{
			in->at++;
			appendStringInfoChar(string, scan_escape(in));
		}
		else
			appendStringInfoChar(string, *in->at++);
	}
	in->at++;
}

static void
scan_shape(TextScan *in, FunnelShape *shape, StringInfo string)
{
	int			kind = 0;

	la_expect_char(in, '{');
	la_expect_key(in, "format");
	if (la_scan_unsigned(in, PG_UINT8_MAX) != LA_FUNNEL_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the events of a funnel is not supported"),
				 errdetail("This server reads format %d.", LA_FUNNEL_FORMAT),
				 errhint("Update the extension.")));
	la_expect_char(in, ',');
	la_expect_key(in, "kind");
	scan_string(in, string);
	while (kind < LA_FUNNEL_KINDS && strcmp(kind_names[kind], string->data) != 0)
		kind++;
	shape->kind = kind;
	la_expect_char(in, ',');
	la_expect_key(in, "steps");
	shape->steps = (int) la_scan_unsigned(in, PG_UINT8_MAX);
	la_expect_char(in, ',');
	la_expect_key(in, "options");
	scan_string(in, string);
	shape->modes = la_funnel_parse_modes(string->data, string->len);
	la_expect_char(in, ',');
	la_expect_key(in, "window");
	shape->window = la_scan_signed(in);
	if (!shape_is_valid(shape))
		la_scan_error(in, in->at, "kind, steps, options and window of a funnel before the events");
	la_expect_char(in, ',');
	la_expect_key(in, "events");
}

/* [timestamp, steps] or [timestamp, steps, key] */
static void
scan_event(TextScan *in, const FunnelShape *shape, FunnelEvent *event, int64 *number, StringInfo string)
{
	la_expect_char(in, '[');
	event->ts = la_scan_signed(in);
	la_expect_char(in, ',');
	if (!number_to_steps(shape, la_scan_unsigned(in, PG_UINT64_MAX), &event->steps))
		la_scan_error(in, in->at, "steps of this funnel");
	if (shape->kind == LA_FUNNEL_BIGINT_KEYS)
	{
		la_expect_char(in, ',');
		*number = la_scan_signed(in);
		event->key = (const uint8 *) number;
		event->key_length = sizeof(*number);
	}
	else if (shape->kind == LA_FUNNEL_TEXT_KEYS)
	{
		la_expect_char(in, ',');
		scan_string(in, string);
		event->key = (const uint8 *) string->data;
		event->key_length = string->len;
	}
	la_expect_char(in, ']');
}

Datum
funnel_events_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	TextScan	in = {"funnel_events", text, text};
	FunnelShape shape = {0};
	FunnelEvents *list;
	StringInfoData string;

	initStringInfo(&string);
	scan_shape(&in, &shape, &string);
	list = la_funnel_new(&shape, 0);
	la_expect_char(&in, '[');
	if (!la_scan_char(&in, ']'))
	{
		do
		{
			FunnelEvent event = {0};
			int64		number;

			if (list->count % EVENTS_PER_STEP == 0)
				CHECK_FOR_INTERRUPTS();
			scan_event(&in, &shape, &event, &number, &string);
			list = add_read_event(list, &shape, &event);
		} while (la_scan_char(&in, ','));
		la_expect_char(&in, ']');
	}
	la_expect_char(&in, '}');
	la_expect_end(&in);
	PG_RETURN_POINTER(list);
}

/* --- binary: the same in network order ------------------------------------- */

Datum
funnel_events_send(PG_FUNCTION_ARGS)
{
	FunnelEvents *list = PG_GETARG_FUNNEL_P(0);
	FunnelReader reader;
	StringInfoData out;

	la_funnel_begin_read(&reader, list);
	pq_begintypsend(&out);
	pq_sendbyte(&out, list->format);
	pq_sendbyte(&out, list->kind);
	pq_sendbyte(&out, list->steps);
	pq_sendbyte(&out, list->modes);
	pq_sendint64(&out, list->window);
	pq_sendint32(&out, list->count);
	for (uint32 i = 0; i < list->count; i++)
	{
		FunnelEvent event;
		int64		number = 0;

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		read_event(&reader, &event);
		pq_sendint64(&out, event.ts);
		pq_sendint64(&out, la_funnel_number_of_steps(list->kind, event.steps));
		if (list->kind == LA_FUNNEL_BIGINT_KEYS)
		{
			memcpy(&number, event.key, Min(event.key_length, sizeof(number)));
			pq_sendint64(&out, number);
		}
		else if (list->kind == LA_FUNNEL_TEXT_KEYS)
			la_sendcountedtext(&out, (const char *) event.key, event.key_length);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static void
receive_event(StringInfo in, const FunnelShape *shape, FunnelEvent *event, int64 *number)
{
	event->ts = pq_getmsgint64(in);
	if (!number_to_steps(shape, pq_getmsgint64(in), &event->steps))
		report_invalid_binary("funnel_events", "An event has steps that this funnel does not have.");
	if (shape->kind == LA_FUNNEL_BIGINT_KEYS)
	{
		*number = pq_getmsgint64(in);
		event->key = (const uint8 *) number;
		event->key_length = sizeof(*number);
	}
	else if (shape->kind == LA_FUNNEL_TEXT_KEYS)
	{
		int			length = pq_getmsgint(in, 4);
		int			bytes;

		event->key = (const uint8 *) pq_getmsgtext(in, length, &bytes);
		event->key_length = bytes;
	}
}

Datum
funnel_events_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			format = pq_getmsgbyte(in);
	FunnelShape shape;
	FunnelEvents *list;
	uint32		count;

	if (format != LA_FUNNEL_FORMAT)
		report_invalid_binary("funnel_events", psprintf("Format %d is not known.", format));
	shape.kind = pq_getmsgbyte(in);
	shape.steps = pq_getmsgbyte(in);
	shape.modes = pq_getmsgbyte(in);
	shape.window = pq_getmsgint64(in);
	count = pq_getmsgint(in, 4);
	if (!shape_is_valid(&shape))
		report_invalid_binary("funnel_events", "It describes no funnel.");
	if (count > (in->len - in->cursor) / (2 * sizeof(int64)))
		report_invalid_binary("funnel_events", psprintf("%u events do not fit into the %d bytes that follow.",
														count, in->len - in->cursor));
	list = la_funnel_new(&shape, 0);
	for (uint32 i = 0; i < count; i++)
	{
		FunnelEvent event = {0};
		int64		number;

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		receive_event(in, &shape, &event, &number);
		list = add_read_event(list, &shape, &event);
		if (shape.kind == LA_FUNNEL_TEXT_KEYS)
			pfree(unconstify(uint8 *, event.key));
	}
	PG_RETURN_POINTER(list);
}
