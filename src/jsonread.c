/*
 * jsonread.c
 *		Reading jsonb that anybody may have written, and writing it.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "jsonread.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

/* bytes of a key that are shown in an error */
#define MAX_SHOWN 64

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
			 reader->hint ? errhint("%s", reader->hint) : 0));
	pg_unreachable();
}

/* --- objects ------------------------------------------------------------------- */

/*
 * la_json_root
 *		The outermost object of a jsonb value.
 */
JsonbContainer *
la_json_root(const JsonReader *reader, Jsonb *jsonb)
{
	if (!JB_ROOT_IS_OBJECT(jsonb))
		la_json_error(reader, "It must be a JSON object.");
	return &jsonb->root;
}

static bool
is_string(const JsonbValue *value, const char *string)
{
	return value->type == jbvString && value->val.string.len == strlen(string) &&
		memcmp(value->val.string.val, string, strlen(string)) == 0;
}

/*
 * la_json_known_keys
 *		Every key of an object is one of those that are known; NULL ends the list.
 */
void
la_json_known_keys(const JsonReader *reader, JsonbContainer *object, const char *const *known)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; known[i] != NULL && !found; i++)
			found = is_string(&value, known[i]);
		if (!found)
			la_json_error(reader, psprintf("Key \"%.*s\" is not known.",
										  pg_mbcliplen(value.val.string.val, value.val.string.len, MAX_SHOWN),
										  value.val.string.val));
	}
}

/*
 * la_json_open
 *		The object in the text of a type, of this format and with no other keys.
 *
 * The format comes first: another one may have other keys.
 */
JsonbContainer *
la_json_open(const JsonReader *reader, Datum text, int format, const char *const *known)
{
	JsonbContainer *object = la_json_root(reader, DatumGetJsonbP(DirectFunctionCall1(jsonb_in, text)));

	if (la_json_whole(reader, object, "format", 0, PG_UINT16_MAX) != format)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the %s is not supported", reader->what),
				 errdetail("This server reads format %d.", format),
				 errhint("Update the extension.")));
	la_json_known_keys(reader, object, known);
	return object;
}

/*
 * la_json_find
 *		The value under a key of an object, or NULL.
 */
JsonbValue *
la_json_find(JsonbContainer *object, const char *key)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), NULL);
}

/*
 * la_json_get
 *		The same where there must be one.
 */
JsonbValue *
la_json_get(const JsonReader *reader, JsonbContainer *object, const char *key)
{
	JsonbValue *value = la_json_find(object, key);

	if (value == NULL)
		la_json_error(reader, psprintf("Key \"%s\" is missing.", key));
	return value;
}

/*
 * la_json_bool
 *		True or false, under a key of an object.
 */
bool
la_json_bool(const JsonReader *reader, JsonbContainer *object, const char *key)
{
	JsonbValue *value = la_json_get(reader, object, key);

	if (value->type != jbvBool)
		la_json_error(reader, psprintf("Key \"%s\" must be true or false.", key));
	return value->val.boolean;
}

/*
 * la_json_choice
 *		Which of the words of a list, which NULL ends, stands under a key of an
 *		object.
 */
int
la_json_choice(const JsonReader *reader, JsonbContainer *object, const char *key, const char *const *words)
{
	JsonbValue *value = la_json_get(reader, object, key);
	StringInfoData all;

	for (int i = 0; words[i] != NULL; i++)
	{
		if (is_string(value, words[i]))
			return i;
	}
	initStringInfo(&all);
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&all, "%s\"%s\"", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
	la_json_error(reader, psprintf("Key \"%s\" must be %s.", key, all.data));
	pg_unreachable();
}

/* --- numbers ------------------------------------------------------------------- */

LA_NORETURN static void
report_range(const JsonReader *reader, const char *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg_internal("%s", reader->message),
			 errdetail("Key \"%s\" has a number out of the range of double precision.", key),
			 reader->hint ? errhint("%s", reader->hint) : 0));
	pg_unreachable();
}

/*
 * A number under a key.  What numeric_float8 would say of one that does not fit
 * has all its digits, of which there may be 131,000.
 */
static double
as_number(const JsonReader *reader, const JsonbValue *value, const char *key)
{
	Datum		numeric = NumericGetDatum(value->val.numeric);
	double		number;

	if (value->type != jbvNumeric)
		la_json_error(reader, psprintf("Key \"%s\" must hold numbers.", key));
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, numeric));
	if (!isfinite(number))
		report_range(reader, key);
	if (number == 0)
	{
		Numeric		zero = int64_to_numeric(0);

		if (!DatumGetBool(DirectFunctionCall2(numeric_eq, numeric, NumericGetDatum(zero))))
			report_range(reader, key);
		pfree(zero);
	}
	return number;
}

/* Whether a numeric is a whole number of 64 bits, and which. */
static bool
as_whole(Numeric numeric, int64 *whole)
{
	const double near_end = 9.2e18;
	Datum		datum = NumericGetDatum(numeric);
	Numeric		back;
	bool		equal;

	/* numeric_int8 is not to report its own error */
	if (fabs(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, datum))) > near_end &&
		(DatumGetBool(DirectFunctionCall2(numeric_gt, datum, NumericGetDatum(int64_to_numeric(PG_INT64_MAX)))) ||
		 DatumGetBool(DirectFunctionCall2(numeric_lt, datum, NumericGetDatum(int64_to_numeric(PG_INT64_MIN))))))
		return false;
	*whole = DatumGetInt64(DirectFunctionCall1(numeric_int8, datum));
	back = int64_to_numeric(*whole);
	equal = DatumGetBool(DirectFunctionCall2(numeric_eq, datum, NumericGetDatum(back)));
	pfree(back);
	return equal;
}

static int64
get_whole(const JsonReader *reader, const JsonbValue *value, const char *key, const char *verb,
		  int64 least, int64 most)
{
	int64		whole = 0;

	if (value->type != jbvNumeric || !as_whole(value->val.numeric, &whole) || whole < least || whole > most)
		la_json_error(reader, psprintf("Key \"%s\" must %s between %lld and %lld.",
									  key, verb, (long long) least, (long long) most));
	return whole;
}

/*
 * la_json_whole
 *		A whole number from least to most, under a key of an object.
 */
int64
la_json_whole(const JsonReader *reader, JsonbContainer *object, const char *key, int64 least, int64 most)
{
	return get_whole(reader, la_json_get(reader, object, key), key, "be a whole number", least, most);
}

/*
 * la_json_whole_at
 *		The same of an element of an array that stands under a key.
 */
int64
la_json_whole_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key, int64 least, int64 most)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);
	int64		whole = get_whole(reader, value, key, "hold whole numbers", least, most);

	pfree(value);
	return whole;
}

/*
 * la_json_number
 *		A number under a key of an object.
 */
double
la_json_number(const JsonReader *reader, JsonbContainer *object, const char *key)
{
	return as_number(reader, la_json_get(reader, object, key), key);
}

/*
 * la_json_number_at
 *		An element of an array that stands under a key.
 */
double
la_json_number_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);
	double		number = as_number(reader, value, key);

	pfree(value);
	return number;
}

/*
 * la_json_number_member
 *		A number under a key of an object, as float8.  JSON has no infinity:
 *		that is a string.  A null sets *isnull, or is an error without that.
 */
Datum
la_json_number_member(const JsonReader *reader, JsonbContainer *object, const char *key, bool *isnull)
{
	JsonbValue *value = la_json_get(reader, object, key);

	if (isnull != NULL)
		*isnull = value->type == jbvNull;
	if (isnull != NULL && *isnull)
		return (Datum) 0;
	if (is_string(value, "Infinity"))
		return Float8GetDatum(get_float8_infinity());
	if (is_string(value, "-Infinity"))
		return Float8GetDatum(-get_float8_infinity());
	return Float8GetDatum(as_number(reader, value, key));
}

/* --- arrays -------------------------------------------------------------------- */

/*
 * la_json_array
 *		The array that a value under a key must be; NULL as the value is an
 *		error, too.
 */
JsonbContainer *
la_json_array(const JsonReader *reader, const JsonbValue *value, const char *key)
{
	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		la_json_error(reader, psprintf("Key \"%s\" must be an array.", key));
	return value->val.binary.data;
}

/*
 * la_json_array_of
 *		The same of so many elements.
 */
JsonbContainer *
la_json_array_of(const JsonReader *reader, const JsonbValue *value, const char *key, uint32 n)
{
	JsonbContainer *array = la_json_array(reader, value, key);

	if (JsonContainerSize(array) != n)
		la_json_error(reader, psprintf("Arrays under key \"%s\" must be of length %u, not %u.",
									  key, n, JsonContainerSize(array)));
	return array;
}

/*
 * la_json_object_at
 *		An element, which must be an object, of an array that stands under a key.
 */
JsonbContainer *
la_json_object_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);
	JsonbContainer *object;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		la_json_error(reader, psprintf("Element %u of key \"%s\" must be an object.", i, key));
	object = value->val.binary.data;
	pfree(value);
	return object;
}

/*
 * la_json_array_at
 *		An element, which must be an array of n elements, of one that stands
 *		under a key.
 */
JsonbContainer *
la_json_array_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key, uint32 n)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);
	JsonbContainer *row;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != n)
		la_json_error(reader, psprintf("Element %u of key \"%s\" must be an array of length %u.", i, key, n));
	row = value->val.binary.data;
	pfree(value);
	return row;
}

/*
 * la_json_numbers
 *		All elements, which must be numbers, of an array that stands under a key;
 *		null is NaN where "nulls" allows it.
 */
void
la_json_numbers(const JsonReader *reader, JsonbContainer *array, const char *key, double *values, bool nulls)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		*values++ = nulls && value.type == jbvNull ? get_float8_nan() : as_number(reader, &value, key);
	}
}

/* --- writing ------------------------------------------------------------------- */

/*
 * la_json_print_number
 *		A finite number of which no digit is lost, whatever extra_float_digits
 *		says; adding 0 turns -0, which JSON readers do not keep, to 0.
 */
void
la_json_print_number(StringInfo buf, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value + 0.0, digits);
	appendStringInfoString(buf, digits);
}

/*
 * la_json_print_numbers
 *		An array of numbers; NaN is null.
 */
void
la_json_print_numbers(StringInfo buf, const double *values, size_t n)
{
	appendStringInfoChar(buf, '[');
	for (size_t i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(buf, ", ");
		if (isnan(values[i]))
			appendStringInfoString(buf, "null");
		else
			la_json_print_number(buf, values[i]);
	}
	appendStringInfoChar(buf, ']');
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
