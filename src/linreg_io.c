/*
 * linreg_io.c
 *		The type linreg: JSON in and out, binary send and receive.
 *
 * Text is an object
 *		{"format": 1, "n": 3, "skipped": 0, "features": 1, "coef": [0, 2],
 *		 "pivot": [x1 .. xp, y], "sums": [[hi, lo] ..], "products": [[hi, lo] ..]}
 * with the parts of LinregState and numbers in the shortest form that reads
 * back the same.  A fit through the origin adds "intercept": false, and one
 * with weights "weights": [[hi, lo]] and "logarithms": [[hi, lo]], their sum and
 * that of their logarithms.  "coef" is there to be read by people: the moments define the
 * model, so on input it may be missing, and its values are not used.
 */
#include "liveanalytics.h"

#include "common/shortest_dec.h"
#include "core/linreg_bytes.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "linreg.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(linreg_in);
PG_FUNCTION_INFO_V1(linreg_out);
PG_FUNCTION_INFO_V1(linreg_recv);
PG_FUNCTION_INFO_V1(linreg_send);

/* --- output --------------------------------------------------------------- */

/* extra_float_digits has no say: a model must read back the same */
static void
append_number(StringInfo out, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	/* adding 0 turns -0, which JSON readers do not keep, to 0 */
	double_to_shortest_decimal_buf(value + 0.0, digits);
	appendStringInfoString(out, digits);
}

/* Coefficients, or nothing where one is out of range: JSON has no infinity. */
static void
append_coef(StringInfo out, const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = la_linreg_solve(state, &result);
	double		intercept = 0;

	if (result != LA_OK || la_linreg_intercept(fit, &intercept) != LA_OK)
		return;
	appendStringInfoString(out, ", \"coef\": [");
	if (la_linreg_fit_empty(fit))
		appendStringInfoString(out, "null");
	else
		append_number(out, intercept);
	for (int j = 0; j < state->p; j++)
	{
		appendStringInfoString(out, ", ");
		if (la_linreg_estimable(fit, j))
			append_number(out, la_linreg_slope(fit, j));
		else
			appendStringInfoString(out, "null");
	}
	appendStringInfoChar(out, ']');
}

/* "count" numbers of two parts */
static void
append_pairs(StringInfo out, const char *key, const double *hi, const double *lo, size_t count)
{
	appendStringInfo(out, ", \"%s\": [", key);
	for (size_t i = 0; i < count; i++)
	{
		appendStringInfoString(out, i == 0 ? "[" : ", [");
		append_number(out, hi[i]);
		appendStringInfoString(out, ", ");
		append_number(out, lo[i]);
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, ']');
}

Datum
linreg_out(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	size_t		q = state->p + 1;
	double	   *products = state->values + 3 * q;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"n\": %lld, \"skipped\": %lld, \"features\": %d",
					 state->format, (long long) state->n, (long long) state->skipped, state->p);
	if (state->flags & LA_LINREG_ORIGIN)
		appendStringInfoString(&out, ", \"intercept\": false");
	append_coef(&out, state);
	if (state->flags & LA_LINREG_WEIGHTED)
	{
		append_pairs(&out, "weights", &state->weight_hi, &state->weight_lo, 1);
		append_pairs(&out, "logarithms", &state->log_hi, &state->log_lo, 1);
	}
	appendStringInfoString(&out, ", \"pivot\": [");
	for (size_t i = 0; i < q; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		append_number(&out, state->values[i]);
	}
	appendStringInfoChar(&out, ']');
	append_pairs(&out, "sums", state->values + q, state->values + 2 * q, q);
	append_pairs(&out, "products", products, products + la_linreg_pairs(q), la_linreg_pairs(q));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* --- input ---------------------------------------------------------------- */

LA_NORETURN static void
invalid_text(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s", "linreg"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

static void
check_keys(Jsonb *json)
{
	static const char *const known[] = {
		"format", "n", "skipped", "features", "intercept", "coef", "weights", "logarithms",
		"pivot", "sums", "products"
	};
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; i < lengthof(known); i++)
			found = found || (strlen(known[i]) == value.val.string.len &&
							  memcmp(known[i], value.val.string.val, value.val.string.len) == 0);
		if (!found)
			invalid_text(psprintf("Key \"%.*s\" is not known.",
								  value.val.string.len, value.val.string.val));
	}
}

/* The value of a key; error if there is none, unless it is optional. */
static JsonbValue *
get_key(Jsonb *json, const char *key, bool optional)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&json->root, key, strlen(key), NULL);

	if (value == NULL && !optional)
		invalid_text(psprintf("Key \"%s\" is missing.", key));
	return value;
}

static double
get_number(JsonbValue *value, const char *key)
{
	if (value->type != jbvNumeric)
		invalid_text(psprintf("Key \"%s\" must hold numbers.", key));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static int64
get_count(Jsonb *json, const char *key, int64 largest)
{
	JsonbValue *value = get_key(json, key, false);
	double		count = get_number(value, key);

	/* the double is near the number, and may be whole where that is not */
	if (!(count >= 0 && count <= (double) largest) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
										  NumericGetDatum(int64_to_numeric((int64) count)))))
		invalid_text(psprintf("Key \"%s\" must be a whole number between 0 and %lld.",
							  key, (long long) largest));
	return (int64) count;
}

/* The array in "value", which must have "count" elements. */
static JsonbContainer *
get_array(JsonbValue *value, const char *key, size_t count)
{
	JsonbContainer *array;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		invalid_text(psprintf("Key \"%s\" must be an array.", key));
	array = value->val.binary.data;
	if (JsonContainerSize(array) != count)
		invalid_text(psprintf("Arrays under key \"%s\" must be of length %zu, not %u.",
							  key, count, JsonContainerSize(array)));
	return array;
}

static double
get_element(JsonbContainer *array, size_t i, const char *key)
{
	JsonbValue *element = getIthJsonbValueFromContainer(array, i);
	double		number = get_number(element, key);

	pfree(element);
	return number;
}

/* the inverse of append_pairs */
static void
read_pairs(Jsonb *json, const char *key, double *hi, double *lo, size_t count)
{
	JsonbContainer *pairs = get_array(get_key(json, key, false), key, count);

	for (size_t i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(pairs, i);
		JsonbContainer *pair = get_array(element, key, 2);

		hi[i] = get_element(pair, 0, key);
		lo[i] = get_element(pair, 1, key);
		pfree(element);
	}
}

/* Flags from what is there: "intercept", true unless given, and the weights. */
static int
get_flags(Jsonb *json)
{
	JsonbValue *intercept = get_key(json, "intercept", true);
	int			flags = 0;

	if (intercept != NULL && intercept->type != jbvBool)
		invalid_text("Key \"intercept\" must be true or false.");
	if (intercept != NULL && !intercept->val.boolean)
		flags |= LA_LINREG_ORIGIN;
	if (get_key(json, "weights", true) != NULL || get_key(json, "logarithms", true) != NULL)
		flags |= LA_LINREG_WEIGHTED;
	return flags;
}

/* Coefficients are derived: an array of the right length, or nothing at all. */
static void
check_coef(Jsonb *json, int p)
{
	JsonbValue *coef = get_key(json, "coef", true);

	if (coef != NULL)
		get_array(coef, "coef", p + 1);
}

Datum
linreg_in(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	LinregState *state;
	JsonbContainer *pivot;
	double	   *products;
	size_t		q;

	if (!JB_ROOT_IS_OBJECT(json))
		invalid_text("It must be a JSON object.");
	check_keys(json);
	if (get_count(json, "format", PG_UINT16_MAX) != LA_LINREG_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the regression model is not supported"),
				 errdetail("This server reads format %d.", LA_LINREG_FORMAT),
				 errhint("Update the extension.")));
	state = la_linreg_new((int) get_count(json, "features", LA_LINREG_MAX_FEATURES), get_flags(json));
	state->n = get_count(json, "n", LA_LINREG_MAX_ROWS);
	state->skipped = get_count(json, "skipped", LA_LINREG_MAX_ROWS);
	check_coef(json, state->p);

	q = state->p + 1;
	pivot = get_array(get_key(json, "pivot", false), "pivot", q);
	for (size_t i = 0; i < q; i++)
		state->values[i] = get_element(pivot, i, "pivot");
	if (state->flags & LA_LINREG_WEIGHTED)
	{
		read_pairs(json, "weights", &state->weight_hi, &state->weight_lo, 1);
		read_pairs(json, "logarithms", &state->log_hi, &state->log_lo, 1);
	}
	read_pairs(json, "sums", state->values + q, state->values + 2 * q, q);
	products = state->values + 3 * q;
	read_pairs(json, "products", products, products + la_linreg_pairs(q), la_linreg_pairs(q));
	if (la_linreg_check(state) != LA_OK)
		invalid_text("The moments contradict each other or the number of rows.");
	PG_RETURN_POINTER(state);
}

/* --- binary: see core/linreg_bytes.c --------------------------------------- */

Datum
linreg_send(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	size_t		size = la_linreg_bytes_size(state);
	bytea	   *out = palloc(VARHDRSZ + size);

	SET_VARSIZE(out, VARHDRSZ + size);
	la_linreg_write(state, (uint8_t *) VARDATA(out));
	PG_RETURN_BYTEA_P(out);
}

LA_NORETURN static void
invalid_binary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value for type %s", "linreg"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

Datum
linreg_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	const uint8_t *bytes = (const uint8_t *) pq_getmsgbytes(in, size);
	LinregState *state;
	int			p,
				flags;

	if (la_linreg_read_shape(bytes, (size_t) size, &p, &flags) != LA_OK)
		invalid_binary(psprintf("Its %d bytes are not those of a model of format %d.", size, LA_LINREG_FORMAT));
	state = la_linreg_new(p, flags);
	if (la_linreg_read(state, bytes, (size_t) size) != LA_OK)
		invalid_binary("The moments contradict each other or the number of rows.");
	PG_RETURN_POINTER(state);
}
