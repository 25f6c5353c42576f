/*
 * errorsums_io.c
 *		The type error_sums: JSON in and out, binary send and receive.
 *
 * Text is an object
 *		{"format": 1, "kind": "numbers", "n": 3, "pivot": 1.5, "sums": [[hi, lo, exponent] ..]}
 * with the sums that the kind has, each (hi + lo) * 2^exponent, and numbers in
 * the shortest form that reads back the same.
 */
#include "liveanalytics.h"

#include "args.h"
#include "core/errorsums_bytes.h"
#include "errorsums.h"
#include "jsonread.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(error_sums_in);
PG_FUNCTION_INFO_V1(error_sums_out);
PG_FUNCTION_INFO_V1(error_sums_recv);
PG_FUNCTION_INFO_V1(error_sums_send);

/* --- text ---------------------------------------------------------------------- */

/* adding 0 turns -0, which JSON readers do not keep, to 0 */
static char *
number_out(double value)
{
	return la_float8_out(value + 0.0);
}

/* error_sums_out(error_sums) */
Datum
error_sums_out(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums = PG_GETARG_ERROR_SUMS_P(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"kind\": \"%s\", \"n\": %lld, \"pivot\": %s, \"sums\": [",
					 sums->format, la_error_kind_name(sums->kind), (long long) sums->n, number_out(sums->pivot));
	for (int i = 0; i < la_error_nsums((ErrorKind) sums->kind); i++)
		appendStringInfo(&out, "%s[%s, %s, %lld]", i > 0 ? ", " : "", number_out(sums->sums[i].value.hi),
						 number_out(sums->sums[i].value.lo), (long long) sums->sums[i].exponent);
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static const JsonReader reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid value for type error_sums", NULL, "value of type error_sums"
};

static const char *const known_keys[] = {"format", "kind", "n", "pivot", "sums", NULL};

/* error_sums_in(cstring) */
Datum
error_sums_in(PG_FUNCTION_ARGS)
{
	JsonbContainer *object = la_json_open(&reader, PG_GETARG_DATUM(0), LA_ERROR_FORMAT, known_keys);
	const char *const kinds[] = {
		la_error_kind_name(LA_ERROR_NUMBERS), la_error_kind_name(LA_ERROR_PROBABILITIES),
		la_error_kind_name(LA_ERROR_CLASSES), NULL
	};
	ErrorKind	kind = LA_ERROR_NUMBERS + la_json_choice(&reader, object, "kind", kinds);
	JsonbContainer *array = la_json_array_of(&reader, la_json_get(&reader, object, "sums"), "sums", la_error_nsums(kind));
	ErrorSums  *sums = la_error_sums_new(kind);

	sums->n = la_json_whole(&reader, object, "n", 1, PG_INT64_MAX);
	sums->pivot = la_json_number(&reader, object, "pivot");
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbContainer *sum = la_json_array_at(&reader, array, i, "sums", 3);

		sums->sums[i].value.hi = la_json_number_at(&reader, sum, 0, "sums");
		sums->sums[i].value.lo = la_json_number_at(&reader, sum, 1, "sums");
		sums->sums[i].exponent = la_json_whole_at(&reader, sum, 2, "sums", PG_INT64_MIN, PG_INT64_MAX);
	}
	if (la_error_check(sums) != LA_OK)
		la_json_error(&reader, "The sums contradict each other or the number of rows.");
	PG_RETURN_POINTER(sums);
}

/* --- binary: see core/errorsums_bytes.c ------------------------------------------ */

/* error_sums_send(error_sums) */
Datum
error_sums_send(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums = PG_GETARG_ERROR_SUMS_P(0);
	size_t		size = la_error_bytes_size((ErrorKind) sums->kind);
	bytea	   *out = palloc(VARHDRSZ + size);

	SET_VARSIZE(out, VARHDRSZ + size);
	la_error_write(sums, (uint8_t *) VARDATA(out));
	PG_RETURN_BYTEA_P(out);
}

/* error_sums_recv(internal) */
Datum
error_sums_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	const uint8_t *bytes = (const uint8_t *) pq_getmsgbytes(in, size);
	ErrorSums  *sums = la_error_sums_new(LA_ERROR_NUMBERS);

	if (la_error_read(sums, bytes, (size_t) size) != LA_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type %s", "error_sums"),
				 errdetail("Its %d bytes are not sums of format %d, or the sums contradict each other or the number of rows.",
						   size, LA_ERROR_FORMAT)));
	SET_VARSIZE(sums, sizeof(ErrorSums));
	PG_RETURN_POINTER(sums);
}
