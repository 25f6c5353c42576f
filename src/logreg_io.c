/*
 * logreg_io.c
 *		The type logreg: JSON in and out, binary send and receive.
 *
 * Text is an object
 *		{"format": 1, "n": 200, "skipped": 0, "features": 2, "labels": "boolean",
 *		 "classes": ["false", "true"], "rows": [132, 68], "l2": 0, "parameters": 3,
 *		 "iterations": 5, "converged": true, "separated": false,
 *		 "log_likelihood": -91.3, "center": [..], "base": [..], "slope": [[..]],
 *		 "std_error": [[..]]}
 * with the parts of Logreg and numbers in the shortest form that reads back
 * the same; null is what has no estimate.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "logreg.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(logreg_in);
PG_FUNCTION_INFO_V1(logreg_out);
PG_FUNCTION_INFO_V1(logreg_recv);
PG_FUNCTION_INFO_V1(logreg_send);

/* --- output ----------------------------------------------------------------------- */

/* adding 0 turns -0, which JSON readers do not keep, to 0 */
static void
append_number(StringInfo out, double value)
{
	appendStringInfoString(out, isnan(value) ? "null" : la_float8_out(value + 0.0));
}

static void
append_array(StringInfo out, const double *values, int n)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		append_number(out, values[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
append_rows(StringInfo out, const char *key, const double *values, int nrows, int n)
{
	appendStringInfo(out, ", \"%s\": [", key);
	for (int i = 0; i < nrows; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		append_array(out, values + (Size) i * n, n);
	}
	appendStringInfoChar(out, ']');
}

static void
append_classes(StringInfo out, const Logreg *model)
{
	appendStringInfoString(out, ", \"classes\": [");
	for (int c = 0; c < model->classes; c++)
	{
		if (c > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, text_to_cstring(la_logreg_label(model, c)));
	}
	appendStringInfoString(out, "], \"rows\": ");
	append_array(out, la_logreg_class_rows(model), model->classes);
}

static const char *
truth(bool value)
{
	return value ? "true" : "false";
}

Datum
logreg_out(PG_FUNCTION_ARGS)
{
	const Logreg *model = PG_GETARG_LOGREG_P(0);
	int			k = la_logreg_k(model);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %d, \"n\": %lld, \"skipped\": %lld, \"features\": %d, \"labels\": \"%s\"",
					 model->format, (long long) model->n, (long long) model->skipped, model->p,
					 model->flags & LA_LOGREG_BOOLEAN ? "boolean" : "text");
	append_classes(&out, model);
	appendStringInfoString(&out, ", \"l2\": ");
	append_number(&out, model->l2);
	appendStringInfo(&out, ", \"parameters\": %d, \"iterations\": %d, \"converged\": %s, \"separated\": %s",
					 model->parameters, model->iterations, truth(model->flags & LA_LOGREG_CONVERGED),
					 truth(model->flags & LA_LOGREG_SEPARATED));
	appendStringInfoString(&out, ", \"log_likelihood\": ");
	append_number(&out, model->log_likelihood);
	appendStringInfoString(&out, ", \"center\": ");
	append_array(&out, la_logreg_center(model), model->p);
	appendStringInfoString(&out, ", \"base\": ");
	append_array(&out, la_logreg_bases(model), k);
	append_rows(&out, "slope", la_logreg_slopes(model, 1), k, model->p);
	append_rows(&out, "std_error", la_logreg_std_errors(model, 1), k, model->p + 1);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* --- input ------------------------------------------------------------------------ */

LA_NORETURN static void
invalid_text(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s", "logreg"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

static void
check_keys(Jsonb *json)
{
	static const char *const known[] = {
		"format", "n", "skipped", "features", "labels", "classes", "rows", "l2", "parameters", "iterations",
		"converged", "separated", "log_likelihood", "center", "base", "slope", "std_error"
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

static JsonbValue *
get_key(Jsonb *json, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&json->root, key, strlen(key), NULL);

	if (value == NULL)
		invalid_text(psprintf("Key \"%s\" is missing.", key));
	return value;
}

/* null is NaN */
static double
get_number(JsonbValue *value, const char *key)
{
	if (value->type == jbvNull)
		return get_float8_nan();
	if (value->type != jbvNumeric)
		invalid_text(psprintf("Key \"%s\" must hold numbers.", key));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static int64
get_count(Jsonb *json, const char *key, int64 largest)
{
	JsonbValue *value = get_key(json, key);
	double		count = get_number(value, key);

	/* the double is near the number, and may be whole where that is not */
	if (!(count >= 0 && count <= (double) largest) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
										  NumericGetDatum(int64_to_numeric((int64) count)))))
		invalid_text(psprintf("Key \"%s\" must be a whole number between 0 and %lld.",
							  key, (long long) largest));
	return (int64) count;
}

static bool
get_bool(Jsonb *json, const char *key)
{
	JsonbValue *value = get_key(json, key);

	if (value->type != jbvBool)
		invalid_text(psprintf("Key \"%s\" must be true or false.", key));
	return value->val.boolean;
}

/* The array in "value", which must have "count" elements, unless that is -1. */
static JsonbContainer *
get_array(JsonbValue *value, const char *key, int count)
{
	JsonbContainer *array;

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		invalid_text(psprintf("Key \"%s\" must be an array.", key));
	array = value->val.binary.data;
	if (count >= 0 && JsonContainerSize(array) != count)
		invalid_text(psprintf("Arrays under key \"%s\" must be of length %d, not %u.",
							  key, count, JsonContainerSize(array)));
	return array;
}

static void
read_array(JsonbContainer *array, const char *key, double *values, int n)
{
	for (int i = 0; i < n; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);

		values[i] = get_number(element, key);
		pfree(element);
	}
}

/* the inverse of append_rows */
static void
read_rows(Jsonb *json, const char *key, double *values, int nrows, int n)
{
	JsonbContainer *rows = get_array(get_key(json, key), key, nrows);

	for (int i = 0; i < nrows; i++)
	{
		JsonbValue *row = getIthJsonbValueFromContainer(rows, i);

		read_array(get_array(row, key, n), key, values + (Size) i * n, n);
		pfree(row);
	}
}

static bool
get_labels(Jsonb *json)
{
	JsonbValue *value = get_key(json, "labels");

	if (value->type == jbvString && value->val.string.len == 7 &&
		memcmp(value->val.string.val, "boolean", 7) == 0)
		return true;
	if (value->type != jbvString || value->val.string.len != 4 ||
		memcmp(value->val.string.val, "text", 4) != 0)
		invalid_text("Key \"labels\" must be \"boolean\" or \"text\".");
	return false;
}

/* A model of the shape of the text, with its labels. */
static Logreg *
read_classes(Jsonb *json, int p)
{
	JsonbContainer *array = get_array(get_key(json, "classes"), "classes", -1);
	int			classes = JsonContainerSize(array);
	Size		label_bytes = 0;
	JsonbValue **labels;
	Logreg	   *model;
	char	   *to;

	if (classes > LA_LOGREG_MAX_CLASSES || (int64) Max(classes - 1, 0) * (p + 1) > LA_LOGREG_MAX_UNKNOWNS)
		invalid_text(psprintf("%d classes are too many.", classes));
	labels = palloc(Max(classes, 1) * sizeof(JsonbValue *));
	for (int c = 0; c < classes; c++)
	{
		labels[c] = getIthJsonbValueFromContainer(array, c);
		if (labels[c]->type != jbvString)
			invalid_text("Key \"classes\" must hold strings.");
		label_bytes += labels[c]->val.string.len;
	}
	model = la_logreg_new(p, classes, label_bytes);
	to = la_logreg_label_text(model);
	for (int c = 0; c < classes; c++)
	{
		la_logreg_label_lengths(model)[c] = labels[c]->val.string.len;
		memcpy(to, labels[c]->val.string.val, labels[c]->val.string.len);
		to += labels[c]->val.string.len;
	}
	return model;
}

/* Labels ascend, and those of a boolean model are its two. */
static bool
labels_in_order(const Logreg *model)
{
	const char *text = la_logreg_label_text(model);
	const uint32 *length = la_logreg_label_lengths(model);

	if (model->flags & LA_LOGREG_BOOLEAN)
		return length[0] == 5 && length[1] == 4 && memcmp(text, "falsetrue", 9) == 0;
	for (int c = 1; c < model->classes; c++)
	{
		const char *next = text + length[c - 1];
		int			order = memcmp(text, next, Min(length[c - 1], length[c]));

		if (order > 0 || (order == 0 && length[c - 1] >= length[c]))
			return false;
		text = next;
	}
	return true;
}

static bool
is_model(const Logreg *model)
{
	return la_logreg_check(model, VARSIZE(model)) == LA_OK && labels_in_order(model);
}

Datum
logreg_in(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	Logreg	   *model;
	int			k;

	if (!JB_ROOT_IS_OBJECT(json))
		invalid_text("It must be a JSON object.");
	check_keys(json);
	if (get_count(json, "format", PG_UINT16_MAX) != LA_LOGREG_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the logistic regression is not supported"),
				 errdetail("This server reads format %d.", LA_LOGREG_FORMAT),
				 errhint("Update the extension.")));
	model = read_classes(json, (int) get_count(json, "features", LA_LOGREG_MAX_FEATURES));
	k = la_logreg_k(model);
	model->n = get_count(json, "n", LA_LOGREG_MAX_ROWS);
	model->skipped = get_count(json, "skipped", LA_LOGREG_MAX_ROWS);
	model->parameters = get_count(json, "parameters", LA_LOGREG_MAX_UNKNOWNS);
	model->iterations = get_count(json, "iterations", PG_INT32_MAX);
	model->flags = (get_labels(json) ? LA_LOGREG_BOOLEAN : 0) |
		(get_bool(json, "converged") ? LA_LOGREG_CONVERGED : 0) |
		(get_bool(json, "separated") ? LA_LOGREG_SEPARATED : 0);
	model->l2 = get_number(get_key(json, "l2"), "l2");
	model->log_likelihood = get_number(get_key(json, "log_likelihood"), "log_likelihood");
	read_array(get_array(get_key(json, "rows"), "rows", model->classes), "rows",
			   la_logreg_class_rows(model), model->classes);
	read_array(get_array(get_key(json, "center"), "center", model->p), "center",
			   la_logreg_center(model), model->p);
	read_array(get_array(get_key(json, "base"), "base", k), "base", la_logreg_bases(model), k);
	read_rows(json, "slope", la_logreg_slopes(model, 1), k, model->p);
	read_rows(json, "std_error", la_logreg_std_errors(model, 1), k, model->p + 1);
	if (!is_model(model))
		invalid_text("The parts contradict each other.");
	PG_RETURN_POINTER(model);
}

/* --- binary: the parts of Logreg, in network order ------------------------------------ */

Datum
logreg_send(PG_FUNCTION_ARGS)
{
	const Logreg *model = PG_GETARG_LOGREG_P(0);
	const char *text = la_logreg_label_text(model);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint16(&out, model->format);
	pq_sendint16(&out, model->flags);
	pq_sendint16(&out, model->p);
	pq_sendint16(&out, model->classes);
	pq_sendint32(&out, model->iterations);
	pq_sendint32(&out, model->parameters);
	pq_sendint64(&out, model->n);
	pq_sendint64(&out, model->skipped);
	pq_sendfloat8(&out, model->l2);
	pq_sendfloat8(&out, model->log_likelihood);
	for (Size i = 0; i < la_logreg_nvalues(model->p, model->classes); i++)
		pq_sendfloat8(&out, model->values[i] + 0.0);
	for (int c = 0; c < model->classes; c++)
	{
		la_sendcountedtext(&out, text, la_logreg_label_lengths(model)[c]);
		text += la_logreg_label_lengths(model)[c];
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

LA_NORETURN static void
invalid_binary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value for type %s", "logreg"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/* The shape and numbers of a model, without its labels, in the message. */
static Logreg *
receive_numbers(StringInfo in)
{
	Logreg		head;
	Logreg	   *model;
	Size		nvalues;

	head.format = pq_getmsgint(in, 2);
	head.flags = pq_getmsgint(in, 2);
	head.p = pq_getmsgint(in, 2);
	head.classes = pq_getmsgint(in, 2);
	if (head.format != LA_LOGREG_FORMAT)
		invalid_binary(psprintf("Format %u is not known.", head.format));
	nvalues = la_logreg_nvalues(head.p, head.classes);
	if (nvalues > (Size) (in->len - in->cursor) / sizeof(float8))
		invalid_binary(psprintf("%d bytes do not hold a model of %u features and %u classes.",
								in->len - in->cursor, head.p, head.classes));
	model = la_logreg_new(head.p, head.classes, 0);
	model->flags = head.flags;
	model->iterations = pq_getmsgint(in, 4);
	model->parameters = pq_getmsgint(in, 4);
	model->n = pq_getmsgint64(in);
	model->skipped = pq_getmsgint64(in);
	model->l2 = pq_getmsgfloat8(in);
	model->log_likelihood = pq_getmsgfloat8(in);
	for (Size i = 0; i < nvalues; i++)
	{
		double		value = pq_getmsgfloat8(in);

		model->values[i] = isnan(value) ? get_float8_nan() : value;
	}
	return model;
}

Datum
logreg_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	Logreg	   *numbers = receive_numbers(in);
	StringInfoData labels;
	uint32	   *lengths = palloc(Max(numbers->classes, 1) * sizeof(uint32));
	Logreg	   *model;

	initStringInfo(&labels);
	for (int c = 0; c < numbers->classes; c++)
	{
		int			nbytes;
		char	   *text = pq_getmsgtext(in, pq_getmsgint(in, 4), &nbytes);

		appendBinaryStringInfo(&labels, text, nbytes);
		lengths[c] = nbytes;
	}
	model = la_logreg_new(numbers->p, numbers->classes, labels.len);
	memcpy((char *) model + offsetof(Logreg, format), (char *) numbers + offsetof(Logreg, format),
		   VARSIZE(numbers) - offsetof(Logreg, format));
	model->label_bytes = labels.len;
	memcpy(la_logreg_label_lengths(model), lengths, numbers->classes * sizeof(uint32));
	memcpy(la_logreg_label_text(model), labels.data, labels.len);
	if (!is_model(model))
		invalid_binary("The parts contradict each other.");
	PG_RETURN_POINTER(model);
}
