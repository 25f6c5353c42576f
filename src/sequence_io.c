/*
 * sequence_io.c
 *		The type sequence_state: JSON in and out, binary send and receive.
 *
 * Text is the object
 *		{"format": 1, "pattern": "(?1)(?2)", "conditions": 2, "events": [[0, 1], [5000000, 2]]}
 * of exactly these keys in this order: an event is its time, in microseconds
 * since 2000-01-01 00:00 UTC, and a number whose bits are its conditions.  It is
 * read without PostgreSQL's JSON, whose arrays end at 256 MB.
 */
#include "liveanalytics.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "sequence.h"
#include "textscan.h"
#include "typeio.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(sequence_state_in);
PG_FUNCTION_INFO_V1(sequence_state_out);
PG_FUNCTION_INFO_V1(sequence_state_recv);
PG_FUNCTION_INFO_V1(sequence_state_send);

#define FIRST_CAPACITY		64
#define EVENTS_PER_STEP		4096

/* Error unless the pattern is one; "code" says how the value came. */
static void
check_pattern(const char *pattern, uint32 length, int nconditions, int code)
{
	PatternError error;
	SequencePattern *compiled;
	bool		right = length <= LA_SEQUENCE_MAX_PATTERN &&
		nconditions >= 1 && nconditions <= LA_SEQUENCE_MAX_CONDITIONS;

	if (right)
	{
		compiled = palloc(la_pattern_size(length));
		right = la_pattern_compile(compiled, pattern, length, nconditions, &error) == LA_OK;
		pfree(compiled);
	}
	if (!right)
		ereport(ERROR,
				(errcode(code),
				 errmsg("invalid value for type %s", "sequence_state"),
				 errdetail("Its pattern is not one for %d conditions.", nconditions)));
}

/* --- text ------------------------------------------------------------------- */

Datum
sequence_state_out(PG_FUNCTION_ARGS)
{
	SequenceState *state = PG_GETARG_SEQUENCE_P(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"pattern\": \"%.*s\", \"conditions\": %d, \"events\": [",
					 state->format, (int) state->pattern_length, la_sequence_pattern(state), state->nconditions);
	for (uint64 i = 0; i < state->n; i++)
	{
		SequenceEvent event = la_sequence_event(state, i);

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		appendStringInfo(&out, "%s[" INT64_FORMAT ", " UINT64_FORMAT "]", i > 0 ? ", " : "",
						 event.ts, event.conditions);
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static SequenceEvent
read_event(TextScan *in)
{
	SequenceEvent event;

	la_expect_char(in, '[');
	event.ts = la_scan_signed(in);
	la_expect_char(in, ',');
	event.conditions = la_scan_unsigned(in, PG_UINT64_MAX);
	la_expect_char(in, ']');
	return event;
}

static SequenceState *
read_events(TextScan *in, SequenceState *state)
{
	la_expect_char(in, '[');
	if (la_scan_char(in, ']'))
		return state;
	do
	{
		SequenceEvent event = read_event(in);

		if (!la_sequence_is_event(&event, state->nconditions))
			la_scan_error(in, in->at, "a finite time with at least one of the conditions");
		if (state->n == state->capacity)
		{
			SequenceState *larger = la_sequence_new(la_sequence_pattern(state), state->pattern_length,
													state->nconditions, state->capacity * 2);

			CHECK_FOR_INTERRUPTS();
			la_sequence_append(larger, state);
			pfree(state);
			state = larger;
		}
		la_sequence_add(state, &event);
	} while (la_scan_char(in, ','));
	la_expect_char(in, ']');
	return state;
}

Datum
sequence_state_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	TextScan	in = {"sequence_state", text, text};
	const char *pattern;
	SequenceState *state;
	size_t		length;
	int			nconditions;

	la_expect_char(&in, '{');
	la_expect_key(&in, "format");
	if (la_scan_unsigned(&in, PG_UINT16_MAX) != LA_SEQUENCE_FORMAT)
		la_scan_error(&in, in.at, psprintf("format %d", LA_SEQUENCE_FORMAT));
	la_expect_char(&in, ',');
	la_expect_key(&in, "pattern");
	la_expect_char(&in, '"');
	pattern = in.at;
	length = strcspn(pattern, "\"");
	in.at += length;
	la_expect_char(&in, '"');
	la_expect_char(&in, ',');
	la_expect_key(&in, "conditions");
	nconditions = (int) la_scan_unsigned(&in, LA_SEQUENCE_MAX_CONDITIONS);
	la_expect_char(&in, ',');
	la_expect_key(&in, "events");
	check_pattern(pattern, Min(length, LA_SEQUENCE_MAX_PATTERN + 1), nconditions, ERRCODE_INVALID_TEXT_REPRESENTATION);
	state = read_events(&in, la_sequence_new(pattern, length, nconditions, FIRST_CAPACITY));
	la_expect_char(&in, '}');
	la_expect_end(&in);
	PG_RETURN_POINTER(state);
}

/* --- binary: format, conditions, pattern, then time and conditions of each event - */

Datum
sequence_state_send(PG_FUNCTION_ARGS)
{
	SequenceState *state = PG_GETARG_SEQUENCE_P(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint16(&out, state->format);
	pq_sendint16(&out, state->nconditions);
	pq_sendint32(&out, state->pattern_length);
	pq_sendbytes(&out, la_sequence_pattern(state), state->pattern_length);
	for (uint64 i = 0; i < state->n; i++)
	{
		SequenceEvent event = la_sequence_event(state, i);

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&out, event.ts);
		for (int b = 0; b < state->nconditions; b += 8)
			pq_sendint8(&out, (uint8) (event.conditions >> b));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static SequenceEvent
receive_event(StringInfo in, int nconditions)
{
	SequenceEvent event = {pq_getmsgint64(in), 0};

	for (int b = 0; b < nconditions; b += 8)
		event.conditions |= (uint64) pq_getmsgint(in, 1) << b;
	if (!la_sequence_is_event(&event, nconditions))
		report_invalid_binary("sequence_state", "An event must have a finite time and at least one of the conditions.");
	return event;
}

Datum
sequence_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			format = pq_getmsgint(in, 2);
	int			nconditions = pq_getmsgint(in, 2);
	uint32		length = pq_getmsgint(in, 4);
	size_t		size = sizeof(int64) + (nconditions + 7) / 8;
	SequenceState *state;
	const char *pattern;
	size_t		n;

	if (format != LA_SEQUENCE_FORMAT)
		report_invalid_binary("sequence_state", psprintf("Format %d is not known.", format));
	if (length > LA_SEQUENCE_MAX_PATTERN)
		report_invalid_binary("sequence_state", "Its pattern is too long.");
	pattern = pq_getmsgbytes(in, length);
	check_pattern(pattern, length, nconditions, ERRCODE_INVALID_BINARY_REPRESENTATION);
	n = (in->len - in->cursor) / size;
	if (n * size != in->len - in->cursor)
		report_invalid_binary("sequence_state", "Its last event is not complete.");
	state = la_sequence_new(pattern, length, nconditions, n);
	for (size_t i = 0; i < n; i++)
	{
		SequenceEvent event = receive_event(in, nconditions);

		if (i % EVENTS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		la_sequence_add(state, &event);
	}
	PG_RETURN_POINTER(state);
}
