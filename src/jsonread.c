/*
 * jsonread.c
 *		Reading jsonb that anybody may have written, and writing it.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "jsonread.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/*
 * la_json_error
 *		What is being read is not what it has to be.  "detail" is a whole
 *		sentence, already formatted.
 */
void
la_json_error(const JsonReader *reader, const char *detail)
{
	ereport(ERROR,
			(errcode(reader->errcode),
			 errmsg_internal("%s", reader->message),
			 errdetail_internal("%s", detail),
			 errhint("%s", reader->hint)));
}

/*
 * la_json_root
 *		The outermost object of a jsonb value.
 */
JsonbContainer *
la_json_root(const JsonReader *reader, Jsonb *jsonb)
{
	if (!JB_ROOT_IS_OBJECT(jsonb))
		la_json_error(reader, "It must be an object.");
	return &jsonb->root;
}

/*
 * la_json_container
 *		The member of an object that must be an array or object, as "array" says.
 */
JsonbContainer *
la_json_container(const JsonReader *reader, JsonbContainer *object, const char *key, bool array)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL || value->type != jbvBinary ||
		JsonContainerIsArray(value->val.binary.data) != array ||
		JsonContainerIsScalar(value->val.binary.data))
		la_json_error(reader, psprintf("Key \"%s\" must be an %s.", key, array ? "array" : "object"));
	return value->val.binary.data;
}

/*
 * la_json_row
 *		An element of an array that must be an array of n values.
 */
JsonbContainer *
la_json_row(const JsonReader *reader, JsonbContainer *array, uint32 i, uint32 n, const char *what)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);
	JsonbContainer *row;

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != n)
		la_json_error(reader, psprintf("%s %u must be an array of %u numbers.", what, i, n));
	row = value->val.binary.data;
	pfree(value);
	return row;
}

/*
 * la_json_count
 *		A count: 0 or a positive integer.
 */
int64
la_json_count(const JsonReader *reader, JsonbValue *value)
{
	int64		n;

	if (value == NULL || value->type != jbvNumeric)
		la_json_error(reader, "A count must be a number.");
	n = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	if (n < 0 || !DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
												   NumericGetDatum(int64_to_numeric(n)))))
		la_json_error(reader, "A count must be a whole number and not negative.");
	return n;
}

/*
 * la_json_count_at
 *		The same of an element of an array.
 */
int64
la_json_count_at(const JsonReader *reader, JsonbContainer *row, uint32 i)
{
	JsonbValue *value = getIthJsonbValueFromContainer(row, i);
	int64		n = la_json_count(reader, value);

	pfree(value);
	return n;
}

/*
 * la_json_count_member
 *		The same of a member of an object.
 */
int64
la_json_count_member(const JsonReader *reader, JsonbContainer *object, const char *key)
{
	return la_json_count(reader, getKeyJsonValueFromContainer(object, key, strlen(key), NULL));
}

static bool
is_string(const JsonbValue *value, const char *string)
{
	return value->type == jbvString && value->val.string.len == strlen(string) &&
		memcmp(value->val.string.val, string, strlen(string)) == 0;
}

/*
 * la_json_number_member
 *		A number under a key of an object, as float8.  JSON has no infinity:
 *		that is a string.  A null sets *isnull, or is an error without that.
 */
Datum
la_json_number_member(const JsonReader *reader, JsonbContainer *object, const char *key, bool *isnull)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (isnull != NULL)
		*isnull = value != NULL && value->type == jbvNull;
	if (value != NULL && value->type == jbvNumeric)
		return DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric));
	if (value != NULL && (is_string(value, "Infinity") || is_string(value, "-Infinity")))
		return DirectFunctionCall1(float8in, CStringGetDatum(pnstrdup(value->val.string.val, value->val.string.len)));
	if (isnull == NULL || !*isnull)
		la_json_error(reader, psprintf("Key \"%s\" must be a number.", key));
	return (Datum) 0;
}

/*
 * la_json_append_number
 *		A member with a number of which no digit is lost, whatever
 *		extra_float_digits says; NaN is null.
 */
void
la_json_append_number(StringInfo buf, const char *key, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN] = "null";
	const char *quote = isinf(value) ? "\"" : "";

	if (!isnan(value))
		double_to_shortest_decimal_buf(value, digits);
	appendStringInfo(buf, "\"%s\": %s%s%s, ", key, quote, digits, quote);
}

/*
 * la_json_datum
 *		The jsonb of a text that was put together here.
 */
Datum
la_json_datum(const StringInfo buf)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(buf->data));
}
