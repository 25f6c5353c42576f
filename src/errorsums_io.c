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
#include "errorsums.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(error_sums_in);
PG_FUNCTION_INFO_V1(error_sums_out);
PG_FUNCTION_INFO_V1(error_sums_recv);
PG_FUNCTION_INFO_V1(error_sums_send);

#define TEXT_KEYS		5

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

LA_NORETURN static void
invalid_text(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s", "error_sums"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

static JsonbValue *
get_key(Jsonb *json, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&json->root, key, strlen(key), NULL);

	if (value == NULL)
		invalid_text(psprintf("Key \"%s\" is missing.", key));
	return value;
}

static double
get_number(JsonbValue *value, const char *key)
{
	if (value == NULL || value->type != jbvNumeric)
		invalid_text(psprintf("Key \"%s\" must hold numbers.", key));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

/* A whole number: what does not fit into a bigint is an error, what is rounded too. */
static int64
get_whole(JsonbValue *value, const char *key)
{
	int64		whole;

	(void) get_number(value, key);
	whole = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
										  NumericGetDatum(int64_to_numeric(whole)))))
		invalid_text(psprintf("Key \"%s\" must hold whole numbers.", key));
	return whole;
}

/* The array in "value", which must have "count" elements. */
static JsonbContainer *
get_array(JsonbValue *value, uint32 count)
{
	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data) || JsonContainerSize(value->val.binary.data) != count)
		invalid_text(psprintf("Key \"%s\" must hold an array of length %u.", "sums", count));
	return value->val.binary.data;
}

static ErrorKind
get_kind(Jsonb *json)
{
	JsonbValue *value = get_key(json, "kind");

	for (int kind = LA_ERROR_NUMBERS; kind <= LA_ERROR_CLASSES; kind++)
	{
		const char *name = la_error_kind_name(kind);

		if (value->type == jbvString && value->val.string.len == strlen(name) &&
			memcmp(value->val.string.val, name, strlen(name)) == 0)
			return (ErrorKind) kind;
	}
	invalid_text("Key \"kind\" must be \"numbers\", \"probabilities\" or \"classes\".");
}

static void
check_valid_text(const ErrorSums *sums)
{
	if (la_error_check(sums) != LA_OK)
		invalid_text("The sums contradict each other or the number of rows.");
}

/* error_sums_in(cstring) */
Datum
error_sums_in(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	ErrorSums  *sums;
	JsonbContainer *array;

	if (!JB_ROOT_IS_OBJECT(json) || JB_ROOT_COUNT(json) != TEXT_KEYS)
		invalid_text("It must be a JSON object with the keys format, kind, n, pivot and sums.");
	if (get_whole(get_key(json, "format"), "format") != LA_ERROR_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the value of type error_sums is not supported"),
				 errdetail("This server reads format %d.", LA_ERROR_FORMAT),
				 errhint("Update the extension.")));
	sums = la_error_sums_new(get_kind(json));
	sums->n = get_whole(get_key(json, "n"), "n");
	sums->pivot = get_number(get_key(json, "pivot"), "pivot");
	array = get_array(get_key(json, "sums"), la_error_nsums((ErrorKind) sums->kind));
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbContainer *sum = get_array(getIthJsonbValueFromContainer(array, i), 3);

		sums->sums[i].value.hi = get_number(getIthJsonbValueFromContainer(sum, 0), "sums");
		sums->sums[i].value.lo = get_number(getIthJsonbValueFromContainer(sum, 1), "sums");
		sums->sums[i].exponent = get_whole(getIthJsonbValueFromContainer(sum, 2), "sums");
	}
	check_valid_text(sums);
	PG_RETURN_POINTER(sums);
}

/* --- binary: the parts of ErrorSums, in network order --------------------------- */

/* error_sums_send(error_sums) */
Datum
error_sums_send(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums = PG_GETARG_ERROR_SUMS_P(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint16(&out, sums->format);
	pq_sendint16(&out, sums->kind);
	pq_sendint64(&out, sums->n);
	pq_sendfloat8(&out, sums->pivot + 0.0);
	for (int i = 0; i < la_error_nsums((ErrorKind) sums->kind); i++)
	{
		pq_sendfloat8(&out, sums->sums[i].value.hi + 0.0);
		pq_sendfloat8(&out, sums->sums[i].value.lo + 0.0);
		pq_sendint64(&out, sums->sums[i].exponent);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

LA_NORETURN static void
invalid_binary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value for type %s", "error_sums"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/* error_sums_recv(internal); a short message is an error of pq_getmsg, a long one of its caller */
Datum
error_sums_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	ErrorSums  *sums;
	uint16		format = pq_getmsgint(in, sizeof(uint16));
	uint16		kind = pq_getmsgint(in, sizeof(uint16));

	if (format != LA_ERROR_FORMAT)
		invalid_binary(psprintf("Format %u is not known.", format));
	if (kind < LA_ERROR_NUMBERS || kind > LA_ERROR_CLASSES)
		invalid_binary(psprintf("Kind %u is not known.", kind));
	sums = la_error_sums_new((ErrorKind) kind);
	sums->n = pq_getmsgint64(in);
	sums->pivot = pq_getmsgfloat8(in);
	for (int i = 0; i < la_error_nsums((ErrorKind) kind); i++)
	{
		sums->sums[i].value.hi = pq_getmsgfloat8(in);
		sums->sums[i].value.lo = pq_getmsgfloat8(in);
		sums->sums[i].exponent = pq_getmsgint64(in);
	}
	if (la_error_check(sums) != LA_OK)
		invalid_binary("The sums contradict each other or the number of rows.");
	PG_RETURN_POINTER(sums);
}
