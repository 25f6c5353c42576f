/*
 * forest_inspect.c
 *		Looking into a random forest: its classes, what it is, which features
 *		matter, and every node.
 */
#include "liveanalytics.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "args.h"
#include "forest.h"

PG_FUNCTION_INFO_V1(rf_classes);
PG_FUNCTION_INFO_V1(rf_info);
PG_FUNCTION_INFO_V1(rf_importance);
PG_FUNCTION_INFO_V1(rf_nodes);

static inline bool
predicts_number(const Forest *forest)
{
	return forest->header.label_type == LA_LABEL_NUMBER;
}

/* rf_classes(model): the labels, in the order of rf_predict_proba */
Datum
rf_classes(PG_FUNCTION_ARGS)
{
	const OpenForest *open = la_forest_get(fcinfo);
	int			nclasses = open->forest->header.nclasses;
	Datum	   *labels = palloc(mul_size(Max(nclasses, 1), sizeof(Datum)));

	for (int i = 0; i < nclasses; i++)
		labels[i] = PointerGetDatum(open->labels[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(labels, nclasses, TEXTOID, -1, false, TYPALIGN_INT));
}

/* --- rf_info --------------------------------------------------------------- */

static void
append_classes(StringInfo json, const OpenForest *open)
{
	const Forest *forest = open->forest;

	appendStringInfoString(json, ", \"classes\": [");
	for (uint32 i = 0; i < forest->header.nclasses; i++)
	{
		appendStringInfoString(json, i > 0 ? ", {\"label\": " : "{\"label\": ");
		escape_json(json, text_to_cstring(open->labels[i]));
		appendStringInfo(json, ", \"rows\": " UINT64_FORMAT "}", forest->classes[i].nrows);
	}
	appendStringInfoChar(json, ']');
}

/* The labels of a part that has not all classes of the forest. */
static void
append_part_classes(StringInfo json, const OpenForest *open, const ForestPart *part)
{
	appendStringInfoString(json, ", \"classes\": [");
	for (uint32 i = 0; i < part->nclasses; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		escape_json(json, text_to_cstring(open->labels[part->classes[i]]));
	}
	appendStringInfoChar(json, ']');
}

static void
append_weights(StringInfo json, const ForestPart *part)
{
	if (part->class_weight == NULL)
	{
		appendStringInfoString(json, "null");
		return;
	}
	for (uint32 i = 0; i < part->nclasses; i++)
		appendStringInfo(json, "%c%s", i > 0 ? ',' : '[', la_float8_out(part->class_weight[i]));
	appendStringInfoChar(json, ']');
}

static void
append_options(StringInfo json, const Forest *forest, const ForestPart *part)
{
	char	   *max_depth = part->max_depth == 0 ? "null" : psprintf("%u", part->max_depth);

	appendStringInfo(json,
					 ", \"seed\": " INT64_FORMAT ", \"options\": {\"trees\": %u, \"max_depth\": %s, "
					 "\"min_leaf\": %u, \"mtry\": %u, \"bins\": %u, \"sample\": %s, "
					 "\"seed\": " INT64_FORMAT ", \"permutation\": %s",
					 part->seed, part->ntrees, max_depth,
					 part->min_leaf, part->mtry, part->bins, la_float8_out(part->sample),
					 part->seed, part->permuted ? "true" : "false");
	if (!predicts_number(forest))
	{
		appendStringInfoString(json, ", \"class_weight\": ");
		append_weights(json, part);
	}
	appendStringInfoChar(json, '}');
}

static void
append_out_of_bag(StringInfo json, const Forest *forest, const ForestPart *part)
{
	if (part->oob_rows == 0)
		appendStringInfoString(json, ", \"out_of_bag\": null");
	else
		appendStringInfo(json, ", \"out_of_bag\": {\"rows\": " UINT64_FORMAT ", \"%s\": %s, \"%s\": %s}",
						 part->oob_rows,
						 predicts_number(forest) ? "r2" : "accuracy", la_float8_out(part->oob_score),
						 predicts_number(forest) ? "rmse" : "log_loss", la_float8_out(part->oob_loss));
}

/*
 * What each training of a merged forest was.  The forest as a whole has no
 * options, and no out-of-bag figures: a row of one part may be known to the
 * trees of another.
 */
static void
append_parts(StringInfo json, const OpenForest *open)
{
	const Forest *forest = open->forest;

	appendStringInfoString(json, ", \"seed\": null, \"options\": null, \"out_of_bag\": null, \"parts\": [");
	for (uint32 i = 0; i < forest->header.nparts; i++)
	{
		const ForestPart *part = &forest->parts[i];

		appendStringInfo(json, "%s{\"trees\": %u, \"rows\": " UINT64_FORMAT,
						 i > 0 ? ", " : "", part->ntrees, part->nrows);
		append_options(json, forest, part);
		append_out_of_bag(json, forest, part);
		if (part->nclasses < forest->header.nclasses)
			append_part_classes(json, open, part);
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

static uint32
count_nodes(const Forest *forest)
{
	return forest->first_node[forest->ntrees] - forest->first_node[0];
}

static uint32
measure_depth(const Forest *forest)
{
	Size		size = mul_size(la_forest_largest_tree(forest), sizeof(uint32));
	uint32	   *scratch = MemoryContextAllocHuge(CurrentMemoryContext, size);
	uint32		depth = la_forest_depth(forest, scratch);

	pfree(scratch);
	return depth;
}

/* rf_info(model): what a forest is, as jsonb */
Datum
rf_info(PG_FUNCTION_ARGS)
{
	const OpenForest *open = la_forest_get(fcinfo);
	const Forest *forest = open->forest;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json,
					 "{\"kind\": \"random forest %s\", \"format_version\": %u, "
					 "\"trees\": %u, \"nodes\": %u, \"depth\": %u, \"bytes\": %zu, "
					 "\"features\": %u, \"rows\": " UINT64_FORMAT,
					 predicts_number(forest) ? "regression" : "classification", LA_FOREST_VERSION,
					 forest->ntrees, count_nodes(forest), measure_depth(forest), open->model_bytes,
					 forest->header.nfeatures, forest->nrows);
	if (!predicts_number(forest))
		append_classes(&json, open);
	if (forest->header.nparts > 1)
		append_parts(&json, open);
	else
	{
		append_options(&json, forest, &forest->parts[0]);
		append_out_of_bag(&json, forest, &forest->parts[0]);
	}
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* --- rows of a table ---------------------------------------------------------- */

/* where a function that returns a row per call has got to */
typedef struct Cursor
{
	OpenForest	open;
	uint32		part;
	uint32		tree;
	uint32		node;			/* of all, from 1 */
	double	   *value;			/* room for what a leaf says */
} Cursor;

/*
 * The first call decodes the model for itself: fn_extra, where the cache of
 * the other functions is, holds the state of the calls.
 */
static void
begin_rows(FunctionCallInfo fcinfo)
{
	FuncCallContext *calls = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
	Cursor	   *cursor = palloc0(sizeof(Cursor));
	TupleDesc	row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	calls->tuple_desc = BlessTupleDesc(row);
	cursor->open = la_forest_open((struct varlena *) PG_GETARG_POINTER(0));
	cursor->node = 1;
	cursor->value = palloc(mul_size(la_forest_nresults(cursor->open.forest), sizeof(double)));
	calls->user_fctx = cursor;
	MemoryContextSwitchTo(old);
}

static Datum
make_row(FuncCallContext *calls, Datum *values, bool *nulls)
{
	return HeapTupleGetDatum(heap_form_tuple(calls->tuple_desc, values, nulls));
}

/* --- rf_importance -------------------------------------------------------------- */

/* The trees of the parts that have the permutation importance of a feature. */
static double
count_permuted_trees(const Forest *forest, uint32 feature)
{
	double		ntrees = 0;

	for (uint32 i = 0; i < forest->header.nparts; i++)
	{
		const ForestPart *part = &forest->parts[i];

		if (part->permuted && !isnan(part->permutation[feature]))
			ntrees += part->ntrees;
	}
	return ntrees;
}

/*
 * The importance of a feature: over all parts a mean by trees, of permutation
 * over those that have it, since a part speaks for its own trees.  The parts
 * were trained apart, so their errors add up as squares, which may be beyond
 * the range of a double when the errors are not.
 */
static void
weigh_importance(const Forest *forest, uint32 feature, Datum *values, bool *nulls)
{
	double		permuted_trees = count_permuted_trees(forest, feature);
	double		impurity = 0;
	double		permutation = 0;
	double		error = 0;

	for (uint32 i = 0; i < forest->header.nparts; i++)
	{
		const ForestPart *part = &forest->parts[i];

		impurity += part->ntrees * part->impurity[feature];
		if (part->permuted && !isnan(part->permutation[feature]))
		{
			double		share = part->ntrees / permuted_trees;

			permutation += share * part->permutation[feature];
			error = hypot(error, share * part->std_error[feature]);
		}
	}
	values[1] = Float8GetDatum(impurity / forest->ntrees);
	values[2] = Float8GetDatum(permutation);
	values[3] = Float8GetDatum(error);
	nulls[2] = permuted_trees == 0;
	nulls[3] = permuted_trees == 0 || isnan(error);
}

/* rf_importance(model): a row per feature */
Datum
rf_importance(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	const Forest *forest;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo);
	calls = SRF_PERCALL_SETUP();
	forest = ((Cursor *) calls->user_fctx)->open.forest;
	if (calls->call_cntr >= forest->header.nfeatures)
		SRF_RETURN_DONE(calls);
	values[0] = Int32GetDatum((int32) calls->call_cntr + 1);
	weigh_importance(forest, (uint32) calls->call_cntr, values, nulls);
	SRF_RETURN_NEXT(calls, make_row(calls, values, nulls));
}

/* --- rf_nodes ----------------------------------------------------------------- */

#define NODE_COLUMNS 8

/*
 * The largest value that goes left; infinity where every value does, and only
 * a missing one goes right.
 */
static double
threshold_of(const ForestPart *part, uint32 feature, uint32 bin)
{
	uint32		cut = part->first_cut[feature] + bin;

	return cut < part->first_cut[feature + 1] ? part->cuts[cut] : get_float8_infinity();
}

/* tree, node, feature, threshold, missing_left, left, right, value */
static void
fill_node(const Cursor *cursor, Datum *values, bool *nulls)
{
	const Forest *forest = cursor->open.forest;
	ForestNode	node = forest->nodes[cursor->node];
	uint32		nfeatures = forest->header.nfeatures;
	uint32		feature = la_node_feature(node, nfeatures);
	bool		right_first = la_node_right_first(node, nfeatures);
	int32		number = (int32) (cursor->node - forest->first_node[cursor->tree]) + 1;

	values[0] = Int32GetDatum((int32) cursor->tree + 1);
	values[1] = Int32GetDatum(number);
	if (la_node_cut(node) == 0)
	{
		memset(nulls + 2, true, 5);
		la_forest_leaf(forest, &node, cursor->value);
		values[7] = PointerGetDatum(la_float8_array(cursor->value, la_forest_nresults(forest)));
		return;
	}
	values[2] = Int32GetDatum((int32) feature + 1);
	values[3] = Float8GetDatum(threshold_of(&forest->parts[cursor->part], feature,
												la_node_bin(node, nfeatures)));
	values[4] = BoolGetDatum(la_node_missing_left(node, nfeatures));
	values[5] = Int32GetDatum(number + (right_first ? (int32) node.jump : 1));
	values[6] = Int32GetDatum(number + (right_first ? 1 : (int32) node.jump));
	nulls[7] = true;
}

/* rf_nodes(model): a row per node, in preorder */
Datum
rf_nodes(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	Cursor	   *cursor;
	const Forest *forest;
	Datum		values[NODE_COLUMNS];
	bool		nulls[NODE_COLUMNS] = {false};

	CHECK_FOR_INTERRUPTS();
	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo);
	calls = SRF_PERCALL_SETUP();
	cursor = calls->user_fctx;
	forest = cursor->open.forest;
	if (cursor->node == forest->first_node[forest->ntrees])
		SRF_RETURN_DONE(calls);
	fill_node(cursor, values, nulls);

	/* every tree has a node, and every part a tree */
	cursor->node++;
	if (cursor->node == forest->first_node[cursor->tree + 1])
		cursor->tree++;
	if (cursor->tree == forest->first_tree[cursor->part + 1])
		cursor->part++;
	SRF_RETURN_NEXT(calls, make_row(calls, values, nulls));
}
