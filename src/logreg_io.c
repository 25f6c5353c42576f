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

#include "core/logreg_bytes.h"
#include "jsonread.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "logreg.h"
#include "mb/pg_wchar.h"
#include "typeio.h"
#include "utils/builtins.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(logreg_in);
PG_FUNCTION_INFO_V1(logreg_out);
PG_FUNCTION_INFO_V1(logreg_recv);
PG_FUNCTION_INFO_V1(logreg_send);

/* --- output ----------------------------------------------------------------------- */

static void
append_rows(StringInfo out, const char *key, const double *values, int nrows, int n)
{
	appendStringInfo(out, ", \"%s\": [", key);
	for (int i = 0; i < nrows; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		la_json_print_numbers(out, values + (Size) i * n, n);
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
	la_json_print_numbers(out, la_logreg_class_rows(model), model->classes);
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
	la_json_print_number(&out, model->l2);
	appendStringInfo(&out, ", \"parameters\": %d, \"iterations\": %d, \"converged\": %s, \"separated\": %s",
					 model->parameters, model->iterations, truth(model->flags & LA_LOGREG_CONVERGED),
					 truth(model->flags & LA_LOGREG_SEPARATED));
	appendStringInfoString(&out, ", \"log_likelihood\": ");
	la_json_print_number(&out, model->log_likelihood);
	appendStringInfoString(&out, ", \"center\": ");
	la_json_print_numbers(&out, la_logreg_center(model), model->p);
	appendStringInfoString(&out, ", \"base\": ");
	la_json_print_numbers(&out, la_logreg_bases(model), k);
	append_rows(&out, "slope", la_logreg_slopes(model, 1), k, model->p);
	append_rows(&out, "std_error", la_logreg_std_errors(model, 1), k, model->p + 1);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* --- input ------------------------------------------------------------------------ */

static const JsonReader reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid value for type logreg", NULL, "logistic regression"
};

static const char *const known_keys[] = {
	"format", "n", "skipped", "features", "labels", "classes", "rows", "l2", "parameters", "iterations",
	"converged", "separated", "log_likelihood", "center", "base", "slope", "std_error", NULL
};

static void
read_array(JsonbContainer *object, const char *key, double *values, int n)
{
	la_json_numbers(&reader, la_json_array_of(&reader, la_json_get(&reader, object, key), key, n), key, values, true);
}

/* the inverse of append_rows */
static void
read_rows(JsonbContainer *object, const char *key, double *values, int nrows, int n)
{
	JsonbContainer *rows = la_json_array_of(&reader, la_json_get(&reader, object, key), key, nrows);

	for (int i = 0; i < nrows; i++)
		la_json_numbers(&reader, la_json_array_at(&reader, rows, i, key, n), key, values + (Size) i * n, true);
}

/* A model of the shape of the text, with its labels. */
static Logreg *
read_classes(JsonbContainer *object, int p)
{
	JsonbContainer *array = la_json_array(&reader, la_json_get(&reader, object, "classes"), "classes");
	int			classes = JsonContainerSize(array);
	Size		label_bytes = 0;
	JsonbValue **labels;
	Logreg	   *model;
	char	   *to;

	if (classes > LA_LOGREG_MAX_CLASSES || (int64) Max(classes - 1, 0) * (p + 1) > LA_LOGREG_MAX_UNKNOWNS)
		la_json_error(&reader, psprintf("%d classes are too many.", classes));
	labels = palloc(Max(classes, 1) * sizeof(JsonbValue *));
	for (int c = 0; c < classes; c++)
	{
		labels[c] = getIthJsonbValueFromContainer(array, c);
		if (labels[c]->type != jbvString)
			la_json_error(&reader, "Key \"classes\" must hold strings.");
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

static int
read_flags(JsonbContainer *object)
{
	static const char *const labels[] = {"text", "boolean", NULL};

	return (la_json_choice(&reader, object, "labels", labels) == 1 ? LA_LOGREG_BOOLEAN : 0) |
		(la_json_bool(&reader, object, "converged") ? LA_LOGREG_CONVERGED : 0) |
		(la_json_bool(&reader, object, "separated") ? LA_LOGREG_SEPARATED : 0);
}

Datum
logreg_in(PG_FUNCTION_ARGS)
{
	JsonbContainer *object = la_json_open(&reader, PG_GETARG_DATUM(0), LA_LOGREG_FORMAT, known_keys);
	Logreg	   *model = read_classes(object, (int) la_json_whole(&reader, object, "features", 0, LA_LOGREG_MAX_FEATURES));
	int			k = la_logreg_k(model);

	model->n = la_json_whole(&reader, object, "n", 0, LA_LOGREG_MAX_ROWS);
	model->skipped = la_json_whole(&reader, object, "skipped", 0, LA_LOGREG_MAX_ROWS);
	model->parameters = (int32) la_json_whole(&reader, object, "parameters", 0, LA_LOGREG_MAX_UNKNOWNS);
	model->iterations = (int32) la_json_whole(&reader, object, "iterations", 0, PG_INT32_MAX);
	model->flags = read_flags(object);
	model->l2 = la_json_number(&reader, object, "l2");
	model->log_likelihood = la_json_number(&reader, object, "log_likelihood");
	read_array(object, "rows", la_logreg_class_rows(model), model->classes);
	read_array(object, "center", la_logreg_center(model), model->p);
	read_array(object, "base", la_logreg_bases(model), k);
	read_rows(object, "slope", la_logreg_slopes(model, 1), k, model->p);
	read_rows(object, "std_error", la_logreg_std_errors(model, 1), k, model->p + 1);
	if (la_logreg_check(model, VARSIZE(model)) != LA_OK)
		la_json_error(&reader, "The parts contradict each other.");
	PG_RETURN_POINTER(model);
}

/* --- binary: see core/logreg_bytes.c; then the labels ----------------------------------- */

Datum
logreg_send(PG_FUNCTION_ARGS)
{
	const Logreg *model = PG_GETARG_LOGREG_P(0);
	const char *text = la_logreg_label_text(model);
	int			size = (int) la_logreg_bytes_size(model->p, model->classes);
	StringInfoData out;

	pq_begintypsend(&out);
	enlargeStringInfo(&out, size);
	la_logreg_write(model, (uint8_t *) out.data + out.len);
	out.len += size;
	for (int c = 0; c < model->classes; c++)
	{
		la_sendcountedtext(&out, text, la_logreg_label_lengths(model)[c]);
		text += la_logreg_label_lengths(model)[c];
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* The labels in the message: their bytes, one behind the other, and their lengths. */
static void
receive_labels(StringInfo in, int classes, StringInfo labels, uint32 *lengths)
{
	initStringInfo(labels);
	for (int c = 0; c < classes; c++)
	{
		int			nbytes;
		char	   *text = pq_getmsgtext(in, pq_getmsgint(in, 4), &nbytes);

		appendBinaryStringInfo(labels, text, nbytes);
		lengths[c] = nbytes;
		pfree(text);
	}
}

Datum
logreg_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	const uint8_t *bytes = (const uint8_t *) in->data + in->cursor;
	StringInfoData labels;
	uint32	   *lengths;
	Logreg	   *model;
	int			p,
				classes;

	if (la_logreg_read_shape(bytes, (size_t) size, &p, &classes) != LA_OK)
		report_invalid_binary("logreg", psprintf("Its %d bytes are not those of a model of format %d.", size, LA_LOGREG_FORMAT));
	(void) pq_getmsgbytes(in, (int) la_logreg_bytes_size(p, classes));
	lengths = palloc(Max(classes, 1) * sizeof(uint32));
	receive_labels(in, classes, &labels, lengths);
	model = la_logreg_new(p, classes, labels.len);
	la_logreg_read(model, bytes);
	memcpy(la_logreg_label_lengths(model), lengths, classes * sizeof(uint32));
	memcpy(la_logreg_label_text(model), labels.data, labels.len);
	if (la_logreg_check(model, VARSIZE(model)) != LA_OK)
		report_invalid_binary("logreg", "The parts contradict each other.");
	PG_RETURN_POINTER(model);
}
