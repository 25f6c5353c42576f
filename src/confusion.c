/*
 * confusion.c
 *		Type confusion, the aggregates confusion_matrix and
 *		classification_report, and the functions that turn their jsonb to rows.
 *
 * Both aggregates have the same state and transition function, so that a query
 * with both computes it once.
 */
#include "liveanalytics.h"

#include "confusion.h"
#include "funcapi.h"
#include "jsonread.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/* a matrix has a cell for each pair, 4 million at most */
#define MATRIX_MAX_CLASSES	2000

/* what can be counted without a look at interrupts: whoever knows the hash function can make each slow */
#define CELLS_PER_STEP		64

#define WIRE_VERSION		1
#define WIRE_LABEL_BYTES	4	/* at least: its length */
#define WIRE_CELL_BYTES		16

PG_FUNCTION_INFO_V1(confusion_in);
PG_FUNCTION_INFO_V1(confusion_out);
PG_FUNCTION_INFO_V1(confusion_recv);
PG_FUNCTION_INFO_V1(confusion_send);
PG_FUNCTION_INFO_V1(confusion_accum);
PG_FUNCTION_INFO_V1(confusion_combine);
PG_FUNCTION_INFO_V1(confusion_matrix_final);
PG_FUNCTION_INFO_V1(classification_report_final);
PG_FUNCTION_INFO_V1(confusion_matrix_rows);
PG_FUNCTION_INFO_V1(classification_report_rows);

static void
check_result(LaResult result)
{
	if (likely(result == LA_OK))
		return;
	if (result == LA_OVERFLOW)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows out of range")));
	Assert(result == LA_TOO_LARGE);
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many classes"),
			 errdetail("At most %d classes and %d different pairs of actual and predicted class can be counted.",
					   LA_CONFUSION_MAX_CLASSES, LA_CONFUSION_MAX_CELLS),
			 errhint("Count the pairs with GROUP BY instead.")));
}

/* add what "other" holds; there must be room for it */
static void
merge_table(ConfusionTable *table, const ConfusionTable *other)
{
	uint32	   *map = palloc(Max(other->used.classes, 1) * sizeof(uint32));

	check_result(la_confusion_merge_classes(table, other, map));
	for (uint32 i = 0; i < other->used.cells; i += CELLS_PER_STEP)
	{
		CHECK_FOR_INTERRUPTS();
		check_result(la_confusion_merge_cells(table, other, map, i, CELLS_PER_STEP));
	}
	pfree(map);
}

/*
 * create_table
 *		A table in the current memory context with room for "more", filled
 *		with what "from" holds, if there is one.
 */
static ConfusionTable *
create_table(const ConfusionTable *from, const ConfusionSize *more)
{
	ConfusionSize capacity = la_confusion_capacity(from, more);
	uint64		bytes = la_confusion_bytes(&capacity);
	ConfusionTable *table;

	if (bytes > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("classes and their counts need more than 1 GB"),
				 errhint("Use shorter names for the classes.")));

	table = palloc0(bytes);
	SET_VARSIZE(table, bytes);
	la_confusion_init(table, &capacity);
	if (from != NULL)
		merge_table(table, from);
	return table;
}

/*
 * la_confusion_from_arg
 *		An argument that is only read: checked, as it may come from anywhere.
 */
ConfusionTable *
la_confusion_from_arg(FunctionCallInfo fcinfo, int argno)
{
	ConfusionTable *table = (ConfusionTable *) PG_GETARG_VARLENA_P(argno);

	if (!la_confusion_valid(table, VARSIZE(table)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value of type confusion is corrupted")));
	return table;
}

/*
 * get_state
 *		Argument 0, to be changed, with room for "more".
 *
 * Within an aggregate it is changed in place while there is room: it is what
 * this module returned earlier.  Otherwise it is a new table in the current
 * context, which the aggregate copies into its own.
 */
static ConfusionTable *
get_state(FunctionCallInfo fcinfo, const ConfusionSize *more)
{
	if (PG_ARGISNULL(0))
		return create_table(NULL, more);
	if (AggCheckCallContext(fcinfo, NULL))
	{
		ConfusionTable *table = (ConfusionTable *) PG_GETARG_VARLENA_P(0);

		return la_confusion_has_room(table, more) ? table : create_table(table, more);
	}
	return create_table(la_confusion_from_arg(fcinfo, 0), more);
}

static ConfusionLabel
get_label(FunctionCallInfo fcinfo, int argno)
{
	text	   *value = PG_GETARG_TEXT_PP(argno);
	ConfusionLabel label = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), 0};

	return label;
}

/*
 * la_confusion_with_label
 *		Argument 0, to be changed, with an argument that is a text as one of
 *		its classes; no row is counted.
 */
ConfusionTable *
la_confusion_with_label(FunctionCallInfo fcinfo, int argno)
{
	ConfusionLabel label = get_label(fcinfo, argno);
	ConfusionSize more = {1, 0, label.length};
	ConfusionTable *table = get_state(fcinfo, &more);
	uint32		index;

	check_result(la_confusion_class(table, &label, &index));
	return table;
}

/* confusion_accum(state, actual, predicted): a row with a NULL is left out */
Datum
confusion_accum(PG_FUNCTION_ARGS)
{
	ConfusionTable *state;
	ConfusionLabel actual;
	ConfusionLabel predicted;
	ConfusionSize more = {2, 1, 0};

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	actual = get_label(fcinfo, 1);
	predicted = get_label(fcinfo, 2);
	more.label_bytes = (uint64) actual.length + predicted.length;

	state = get_state(fcinfo, &more);
	check_result(la_confusion_add(state, &actual, &predicted));
	PG_RETURN_POINTER(state);
}

/* confusion_combine(state, other): never hands back "other" */
Datum
confusion_combine(PG_FUNCTION_ARGS)
{
	ConfusionTable *state;
	ConfusionTable *other;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = la_confusion_from_arg(fcinfo, 1);
	state = get_state(fcinfo, &other->used);
	merge_table(state, other);
	Assert(la_confusion_valid(state, VARSIZE(state)));
	PG_RETURN_POINTER(state);
}

/*
 * la_confusion_sorted_labels
 *		The classes of a table, sorted by their bytes.
 */
ConfusionLabel *
la_confusion_sorted_labels(const ConfusionTable *table)
{
	uint32		n = table->used.classes;
	ConfusionLabel *labels = palloc(Max(n, 1) * sizeof(ConfusionLabel));

	for (uint32 i = 0; i < n; i++)
		labels[i] = la_confusion_label(table, i);
	qsort(labels, n, sizeof(ConfusionLabel), la_confusion_compare_labels);
	return labels;
}

/* the cells of a table, renumbered and sorted by the order of the classes */
static ConfusionCell *
sort_cells(const ConfusionTable *table, const ConfusionLabel *labels)
{
	const ConfusionCell *cells = la_confusion_cells(table);
	uint32		n = table->used.cells;
	uint32	   *rank = palloc(Max(table->used.classes, 1) * sizeof(uint32));
	ConfusionCell *sorted = palloc(Max(n, 1) * sizeof(ConfusionCell));

	for (uint32 i = 0; i < table->used.classes; i++)
		rank[labels[i].index] = i;
	for (uint32 i = 0; i < n; i++)
	{
		sorted[i].actual = rank[cells[i].actual];
		sorted[i].predicted = rank[cells[i].predicted];
		sorted[i].rows = cells[i].rows;
	}
	qsort(sorted, n, sizeof(ConfusionCell), la_confusion_compare_cells);
	pfree(rank);
	return sorted;
}

static void
append_label(StringInfo buf, const ConfusionLabel *label)
{
	char	   *name = pnstrdup(label->bytes, label->length);

	escape_json(buf, name);
	pfree(name);
}

/* {"labels": ["a", "b"], with the object left open */
static void
append_labels(StringInfo buf, const ConfusionLabel *labels, uint32 n)
{
	appendStringInfoString(buf, "{\"labels\": [");
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(buf, ", ");
		append_label(buf, &labels[i]);
	}
	appendStringInfoString(buf, "], ");
}

/*
 * confusion_out(confusion)
 *
 * {"labels": [...], "cells": [[actual, predicted, rows], ...]}: classes by
 * number from 0, everything sorted, so that equal tables print equally.
 */
Datum
confusion_out(PG_FUNCTION_ARGS)
{
	ConfusionTable *table = la_confusion_from_arg(fcinfo, 0);
	ConfusionLabel *labels = la_confusion_sorted_labels(table);
	ConfusionCell *cells = sort_cells(table, labels);
	StringInfoData buf;

	initStringInfo(&buf);
	append_labels(&buf, labels, table->used.classes);
	appendStringInfoString(&buf, "\"cells\": [");
	for (uint32 i = 0; i < table->used.cells; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfo(&buf, "%s[%u, %u, " INT64_FORMAT "]", i > 0 ? ", " : "",
						 cells[i].actual, cells[i].predicted, cells[i].rows);
	}
	appendStringInfoString(&buf, "]}");
	PG_RETURN_CSTRING(buf.data);
}

/* confusion_send(confusion): version, labels, cells, sorted as in confusion_out */
Datum
confusion_send(PG_FUNCTION_ARGS)
{
	ConfusionTable *table = la_confusion_from_arg(fcinfo, 0);
	ConfusionLabel *labels = la_confusion_sorted_labels(table);
	ConfusionCell *cells = sort_cells(table, labels);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint32(&buf, table->used.classes);
	for (uint32 i = 0; i < table->used.classes; i++)
		la_sendcountedtext(&buf, labels[i].bytes, labels[i].length);
	pq_sendint32(&buf, table->used.cells);
	for (uint32 i = 0; i < table->used.cells; i++)
	{
		pq_sendint32(&buf, cells[i].actual);
		pq_sendint32(&buf, cells[i].predicted);
		pq_sendint64(&buf, cells[i].rows);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* what is said of a value that cannot be read */
static const JsonReader text_reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION,
	"invalid input syntax for type confusion",
	"Expected {\"labels\": [\"a\", ...], \"cells\": [[0, 0, 1], ...]}: actual class, predicted class, rows."
};
static const JsonReader binary_reader = {
	ERRCODE_INVALID_BINARY_REPRESENTATION,
	"invalid binary representation of type confusion",
	"The value was cut or changed on its way."
};
static const JsonReader matrix_reader = {
	ERRCODE_INVALID_PARAMETER_VALUE,
	"value is not a confusion matrix",
	"Pass a result of confusion_matrix."
};
static const JsonReader report_reader = {
	ERRCODE_INVALID_PARAMETER_VALUE,
	"value is not a classification report",
	"Pass a result of classification_report."
};

/* an empty table for labels and cells that are about to be read */
static ConfusionTable *
begin_read(const ConfusionLabel *labels, uint32 nlabels, uint32 ncells)
{
	ConfusionSize size = {nlabels, ncells, 0};

	for (uint32 i = 0; i < nlabels; i++)
		size.label_bytes += labels[i].length;
	return create_table(NULL, &size);
}

static void
read_labels(const JsonReader *reader, ConfusionTable *table, const ConfusionLabel *labels, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		uint32		index = 0;
		LaResult	result;

		CHECK_FOR_INTERRUPTS();
		result = la_confusion_read_class(table, &labels[i], &index);
		if (result == LA_MALFORMED)
			la_json_error(reader, psprintf("Labels %u and %u are the same.", index, i));
		check_result(result);
	}
}

static void
read_cell(const JsonReader *reader, ConfusionTable *table, int64 actual, int64 predicted, int64 rows)
{
	uint32		i = table->used.cells;
	LaResult	result = la_confusion_read_cell(table, (uint64) actual, (uint64) predicted, rows);

	if (likely(result == LA_OK))
		return;
	if (result != LA_MALFORMED)
		check_result(result);
	if (rows < 1)
		la_json_error(reader, psprintf("Cell %u must count at least one row, not %lld.", i, (long long) rows));
	if (Max(actual, predicted) >= table->used.classes)
		la_json_error(reader, psprintf("Cell %u is of classes %lld and %lld, but there are %u classes.", i,
									  (long long) actual, (long long) predicted, table->used.classes));
	la_json_error(reader, psprintf("There are two cells of classes %lld and %lld.",
								  (long long) actual, (long long) predicted));
}

static ConfusionLabel *
alloc_labels(uint32 n)
{
	if (n > LA_CONFUSION_MAX_CLASSES)
		check_result(LA_TOO_LARGE);
	return palloc(Max(n, 1) * sizeof(ConfusionLabel));
}

/* the number of items that follow in a message, each of at least "size" bytes */
static uint32
receive_count(StringInfo buf, int size)
{
	uint32		n = pq_getmsgint(buf, 4);

	if (n > (buf->len - buf->cursor) / size)
		la_json_error(&binary_reader, psprintf("%u items do not fit into the %d bytes that follow.",
											  n, buf->len - buf->cursor));
	return n;
}

static ConfusionLabel *
receive_labels(StringInfo buf, uint32 *n)
{
	ConfusionLabel *labels;

	*n = receive_count(buf, WIRE_LABEL_BYTES);
	labels = alloc_labels(*n);
	for (uint32 i = 0; i < *n; i++)
	{
		int			length = pq_getmsgint(buf, 4);
		int			nbytes;

		labels[i].bytes = pq_getmsgtext(buf, length, &nbytes);
		labels[i].length = nbytes;
	}
	return labels;
}

/* confusion_recv(internal) */
Datum
confusion_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	ConfusionLabel *labels;
	ConfusionTable *table;
	uint32		nlabels;
	uint32		ncells;

	if (version != WIRE_VERSION)
		la_json_error(&binary_reader, psprintf("Version %d is not known.", version));
	labels = receive_labels(buf, &nlabels);
	ncells = receive_count(buf, WIRE_CELL_BYTES);
	table = begin_read(labels, nlabels, ncells);
	read_labels(&binary_reader, table, labels, nlabels);
	for (uint32 i = 0; i < ncells; i++)
	{
		int64		actual = (uint32) pq_getmsgint(buf, 4);
		int64		predicted = (uint32) pq_getmsgint(buf, 4);

		CHECK_FOR_INTERRUPTS();
		read_cell(&binary_reader, table, actual, predicted, pq_getmsgint64(buf));
	}
	PG_RETURN_POINTER(table);
}

/* the labels of an object; their bytes belong to it */
static ConfusionLabel *
json_labels(const JsonReader *reader, JsonbContainer *object, uint32 *n)
{
	JsonbContainer *array = la_json_array(reader, la_json_get(reader, object, "labels"), "labels");
	ConfusionLabel *labels;

	*n = JsonContainerSize(array);
	labels = alloc_labels(*n);
	for (uint32 i = 0; i < *n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type != jbvString)
			la_json_error(reader, psprintf("Label %u must be a string.", i));
		labels[i].bytes = value->val.string.val;
		labels[i].length = value->val.string.len;
		pfree(value);
	}
	return labels;
}

/* confusion_in(cstring): see confusion_out */
Datum
confusion_in(PG_FUNCTION_ARGS)
{
	const JsonReader *reader = &text_reader;
	Datum		json = DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0));
	JsonbContainer *object = la_json_root(reader, DatumGetJsonbP(json));
	uint32		nlabels;
	ConfusionLabel *labels = json_labels(reader, object, &nlabels);
	JsonbContainer *cells = la_json_array(reader, la_json_get(reader, object, "cells"), "cells");
	ConfusionTable *table = begin_read(labels, nlabels, JsonContainerSize(cells));
	static const char *const known[] = {"labels", "cells", NULL};

	la_json_known_keys(reader, object, known);
	read_labels(reader, table, labels, nlabels);
	for (uint32 i = 0; i < JsonContainerSize(cells); i++)
	{
		JsonbContainer *cell = la_json_array_at(reader, cells, i, "cells", 3);
		int64		numbers[3];

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < 3; j++)
			numbers[j] = la_json_whole_at(reader, cell, j, "cells", 0, PG_INT64_MAX);
		read_cell(reader, table, numbers[0], numbers[1], numbers[2]);
	}
	PG_RETURN_POINTER(table);
}

/*
 * confusion_matrix_final(confusion)
 *
 * {"labels": [...], "matrix": [[...], ...]}, a row for each actual and a column
 * for each predicted class.  NULL without rows.
 */
Datum
confusion_matrix_final(PG_FUNCTION_ARGS)
{
	ConfusionTable *table = la_confusion_from_arg(fcinfo, 0);
	uint32		n = table->used.classes;
	ConfusionLabel *labels;
	ConfusionCell *cell;
	ConfusionCell *end;
	StringInfoData buf;

	if (table->rows == 0)
		PG_RETURN_NULL();
	if (n > MATRIX_MAX_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("confusion matrix of %u classes is too large", n),
				 errdetail("At most %d classes are shown as a matrix.", MATRIX_MAX_CLASSES),
				 errhint("Use classification_report, or count the pairs with GROUP BY.")));

	labels = la_confusion_sorted_labels(table);
	cell = sort_cells(table, labels);
	end = cell + table->used.cells;
	initStringInfo(&buf);
	append_labels(&buf, labels, n);
	appendStringInfoString(&buf, "\"matrix\": [");
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&buf, i > 0 ? ", [" : "[");
		for (uint32 j = 0; j < n; j++)
		{
			bool		counted = cell < end && cell->actual == i && cell->predicted == j;

			appendStringInfo(&buf, "%s" INT64_FORMAT, j > 0 ? ", " : "", counted ? cell->rows : 0);
			cell += counted;
		}
		appendStringInfoChar(&buf, ']');
	}
	appendStringInfoString(&buf, "]}");
	PG_RETURN_DATUM(la_json_datum(&buf));
}

/* the figures of a class or a mean, up to the end of its object */
static void
append_scores(StringInfo buf, const ConfusionScores *scores)
{
	la_json_append_number(buf, "precision", scores->precision);
	la_json_append_number(buf, "recall", scores->recall);
	la_json_append_number(buf, "f1", scores->f1);
	appendStringInfo(buf, "\"support\": " INT64_FORMAT "}", scores->support);
}

static void
append_report(StringInfo buf, const ConfusionLabel *labels, const ConfusionScores *scores, uint32 n,
			  const ConfusionReport *report)
{
	appendStringInfoString(buf, "{\"classes\": [");
	for (uint32 i = 0; i < n; i++)
	{
		appendStringInfoString(buf, i > 0 ? ", {\"class\": " : "{\"class\": ");
		append_label(buf, &labels[i]);
		appendStringInfoString(buf, ", ");
		append_scores(buf, &scores[i]);
	}
	appendStringInfoString(buf, "], ");
	la_json_append_number(buf, "accuracy", report->accuracy);
	appendStringInfoString(buf, "\"macro_avg\": {");
	append_scores(buf, &report->macro_avg);
	appendStringInfoString(buf, ", \"weighted_avg\": {");
	append_scores(buf, &report->weighted_avg);
	appendStringInfoChar(buf, '}');
}

/*
 * classification_report_final(confusion)
 *
 * {"classes": [{"class", "precision", "recall", "f1", "support"}, ...],
 * "accuracy", "macro_avg": {...}, "weighted_avg": {...}}.  NULL without rows.
 */
Datum
classification_report_final(PG_FUNCTION_ARGS)
{
	ConfusionTable *table = la_confusion_from_arg(fcinfo, 0);
	uint32		n = table->used.classes;
	ConfusionLabel *labels;
	ConfusionScores *scores;
	ConfusionTotals *totals;
	ConfusionReport report;
	StringInfoData buf;

	if (table->rows == 0)
		PG_RETURN_NULL();

	labels = la_confusion_sorted_labels(table);
	scores = palloc(n * sizeof(ConfusionScores));
	totals = palloc0(n * sizeof(ConfusionTotals));
	la_confusion_report(table, labels, totals, scores, &report);

	initStringInfo(&buf);
	append_report(&buf, labels, scores, n, &report);
	PG_RETURN_DATUM(la_json_datum(&buf));
}

/* confusion_matrix_rows(jsonb): actual, predicted, n; a row for each cell */
Datum
confusion_matrix_rows(PG_FUNCTION_ARGS)
{
	const JsonReader *reader = &matrix_reader;
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	JsonbContainer *object = la_json_root(reader, PG_GETARG_JSONB_P(0));
	uint32		n;
	ConfusionLabel *labels = json_labels(reader, object, &n);
	JsonbContainer *matrix = la_json_array(reader, la_json_get(reader, object, "matrix"), "matrix");
	Datum	   *names = palloc(Max(n, 1) * sizeof(Datum));

	if (JsonContainerSize(matrix) != n)
		la_json_error(reader, psprintf("There are %u labels, but %u rows in the matrix.",
									  n, JsonContainerSize(matrix)));
	for (uint32 i = 0; i < n; i++)
		names[i] = PointerGetDatum(cstring_to_text_with_len(labels[i].bytes, labels[i].length));

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < n; i++)
	{
		JsonbContainer *row = la_json_array_at(reader, matrix, i, "matrix", n);

		CHECK_FOR_INTERRUPTS();
		for (uint32 j = 0; j < n; j++)
		{
			int64		rows = la_json_whole_at(reader, row, j, "matrix", 0, PG_INT64_MAX);
			Datum		values[3] = {names[i], names[j], Int64GetDatum(rows)};
			bool		nulls[3] = {false, false, false};

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}

/* class, precision, recall, f1 and support of one member of "classes" */
static void
read_class_scores(const JsonReader *reader, JsonbContainer *object, Datum *values)
{
	JsonbValue *name = la_json_get(reader, object, "class");

	if (name->type != jbvString)
		la_json_error(reader, "Key \"class\" of a class must be a string.");

	values[0] = PointerGetDatum(cstring_to_text_with_len(name->val.string.val, name->val.string.len));
	values[1] = la_json_number_member(reader, object, "precision", NULL);
	values[2] = la_json_number_member(reader, object, "recall", NULL);
	values[3] = la_json_number_member(reader, object, "f1", NULL);
	values[4] = Int64GetDatum(la_json_whole(reader, object, "support", 0, PG_INT64_MAX));
}

/* classification_report_rows(jsonb): class, precision, recall, f1, support; a row for each class */
Datum
classification_report_rows(PG_FUNCTION_ARGS)
{
	const JsonReader *reader = &report_reader;
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	JsonbContainer *object = la_json_root(reader, PG_GETARG_JSONB_P(0));
	JsonbContainer *classes = la_json_array(reader, la_json_get(reader, object, "classes"), "classes");

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < JsonContainerSize(classes); i++)
	{
		Datum		values[5];
		bool		nulls[5] = {false, false, false, false, false};

		read_class_scores(reader, la_json_object_at(reader, classes, i, "classes"), values);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
