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

#include "core/linreg_bytes.h"
#include "jsonread.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "linreg.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(linreg_in);
PG_FUNCTION_INFO_V1(linreg_out);
PG_FUNCTION_INFO_V1(linreg_recv);
PG_FUNCTION_INFO_V1(linreg_send);

/* read without a look at interrupts */
#define PAIRS_PER_STEP 4096

/* --- output --------------------------------------------------------------- */

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
		la_json_print_number(out, intercept);
	for (int j = 0; j < state->p; j++)
	{
		appendStringInfoString(out, ", ");
		if (la_linreg_estimable(fit, j))
			la_json_print_number(out, la_linreg_slope(fit, j));
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
		la_json_print_number(out, hi[i]);
		appendStringInfoString(out, ", ");
		la_json_print_number(out, lo[i]);
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
	appendStringInfoString(&out, ", \"pivot\": ");
	la_json_print_numbers(&out, state->values, q);
	append_pairs(&out, "sums", state->values + q, state->values + 2 * q, q);
	append_pairs(&out, "products", products, products + la_linreg_pairs(q), la_linreg_pairs(q));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* --- input ---------------------------------------------------------------- */

static const JsonReader reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid value for type linreg", NULL, "regression model"
};

static const char *const known_keys[] = {
	"format", "n", "skipped", "features", "intercept", "coef", "weights", "logarithms",
	"pivot", "sums", "products", NULL
};

/* the inverse of append_pairs */
static void
read_pairs(JsonbContainer *object, const char *key, double *hi, double *lo, size_t count)
{
	JsonbContainer *pairs = la_json_array_of(&reader, la_json_get(&reader, object, key), key, (uint32) count);

	for (uint32 i = 0; i < count; i++)
	{
		JsonbContainer *pair = la_json_array_at(&reader, pairs, i, key, 2);

		if (i % PAIRS_PER_STEP == 0)
			CHECK_FOR_INTERRUPTS();
		hi[i] = la_json_number_at(&reader, pair, 0, key);
		lo[i] = la_json_number_at(&reader, pair, 1, key);
	}
}

/* Flags from what is there: "intercept", true unless given, and the weights. */
static int
read_flags(JsonbContainer *object)
{
	int			flags = 0;

	if (la_json_find(object, "intercept") != NULL && !la_json_bool(&reader, object, "intercept"))
		flags |= LA_LINREG_ORIGIN;
	if (la_json_find(object, "weights") != NULL || la_json_find(object, "logarithms") != NULL)
		flags |= LA_LINREG_WEIGHTED;
	return flags;
}

/* Coefficients are derived: an array of the right length, or nothing at all. */
static void
check_coef(JsonbContainer *object, int p)
{
	JsonbValue *coef = la_json_find(object, "coef");

	if (coef != NULL)
		la_json_array_of(&reader, coef, "coef", p + 1);
}

Datum
linreg_in(PG_FUNCTION_ARGS)
{
	JsonbContainer *object = la_json_open(&reader, PG_GETARG_DATUM(0), LA_LINREG_FORMAT, known_keys);
	int			p = (int) la_json_whole(&reader, object, "features", 0, LA_LINREG_MAX_FEATURES);
	size_t		q = p + 1;
	LinregState *state = la_linreg_new(p, read_flags(object));
	double	   *products = state->values + 3 * q;

	state->n = la_json_whole(&reader, object, "n", 0, LA_LINREG_MAX_ROWS);
	state->skipped = la_json_whole(&reader, object, "skipped", 0, LA_LINREG_MAX_ROWS);
	check_coef(object, p);
	la_json_numbers(&reader, la_json_array_of(&reader, la_json_get(&reader, object, "pivot"), "pivot", q),
					"pivot", state->values, false);
	if (state->flags & LA_LINREG_WEIGHTED)
	{
		read_pairs(object, "weights", &state->weight_hi, &state->weight_lo, 1);
		read_pairs(object, "logarithms", &state->log_hi, &state->log_lo, 1);
	}
	read_pairs(object, "sums", state->values + q, state->values + 2 * q, q);
	read_pairs(object, "products", products, products + la_linreg_pairs(q), la_linreg_pairs(q));
	if (la_linreg_check(state) != LA_OK)
		la_json_error(&reader, "The moments contradict each other or the number of rows.");
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
