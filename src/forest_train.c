/*
 * forest_train.c
 *		rf_train, rf_train_regression: the aggregates that grow random forests.
 *
 * The transition functions keep the rows (rowstore.c); the final function bins
 * them (forest_prepare.c) and grows the trees (forest_build.c).  Nothing in it
 * depends on the order of the rows.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/hashfn.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "args.h"
#include "core/binning.h"
#include "forest_build.h"
#include "forest_prepare.h"
#include "forest_progress.h"
#include "options.h"

PG_FUNCTION_INFO_V1(rf_train_accum_text);
PG_FUNCTION_INFO_V1(rf_train_accum_bigint);
PG_FUNCTION_INFO_V1(rf_train_accum_boolean);
PG_FUNCTION_INFO_V1(rf_train_regression_accum);
PG_FUNCTION_INFO_V1(rf_train_final);

#define MAX_TRAINING_ROWS INT32_MAX

/*
 * Rows in memory, whatever liveanalytics.collect_mem allows: what is binned
 * takes an eighth of that, and reading the rest from a file is a small part of
 * the work.
 */
#define MAX_ROWS_IN_MEMORY ((Size) 128 * 1024 * 1024)

/* the labels met so far, numbered in the order of their first appearance */
typedef struct LabelEntry
{
	Label		label;
	uint32		number;
	char		status;
} LabelEntry;

#define SH_PREFIX labels
#define SH_ELEMENT_TYPE LabelEntry
#define SH_KEY_TYPE Label
#define SH_KEY label
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).text, (int) (key).length)
#define SH_EQUAL(tb, a, b) ((a).length == (b).length && memcmp((a).text, (b).text, (a).length) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct TrainState
{
	TrainingSet set;
	Jsonb	   *jsonb;			/* options as given; NULL for none */
	labels_hash *labels;		/* the same labels as in the set */
	uint32		max_labels;		/* the set has room for so many */
	double	   *row;
} TrainState;

/* --- collecting rows ----------------------------------------------------- */

static uint32
choose_mtry(Options *options, LabelType label_type, int nfeatures)
{
	uint32		root = (uint32) sqrt(nfeatures);
	uint32		third = Max(nfeatures / 3, 1);

	if (la_option_is_string(options, "mtry", "all"))
		return nfeatures;
	if (la_option_is_string(options, "mtry", "third"))
		return third;
	if (la_option_is_string(options, "mtry", "sqrt"))
		return root;
	return la_option_int_or_name(options, "mtry", label_type == LA_LABEL_NUMBER ? third : root,
								 1, nfeatures, "\"sqrt\", \"third\", \"all\" or ");
}

static TrainOptions
read_options(Jsonb *jsonb, LabelType label_type, int nfeatures)
{
	Options		options;
	TrainOptions result = {0};

	la_options_begin(&options, jsonb);
	result.trees = la_option_int(&options, "trees", 100, 1, LA_MAX_TREES);
	result.max_depth = la_option_int(&options, "max_depth", 0, 1, INT32_MAX);
	result.min_leaf = la_option_int(&options, "min_leaf", 1, 1, INT32_MAX);
	result.mtry = choose_mtry(&options, label_type, nfeatures);
	result.bins = la_option_int(&options, "bins", LA_MAX_BINS, 2, LA_MAX_BINS);
	result.sample = la_option_share(&options, "sample", 1.0);
	result.seed = la_option_int(&options, "seed", 42, PG_INT64_MIN, PG_INT64_MAX);
	if (label_type != LA_LABEL_NUMBER)
		result.balanced = la_option_name(&options, "class_weight", "balanced");
	result.permutation = la_option_bool(&options, "permutation", false);
	la_options_end(&options);
	return result;
}

static int
check_feature_count(ArrayType *features)
{
	int			n = la_vector_length(features, "features");

	if (n < 1 || n > LA_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features must have from 1 to %d elements, not %d", LA_MAX_FEATURES, n)));
	return n;
}

/* The only place where a state is born: in the context of the aggregate. */
static TrainState *
train_state_create(FunctionCallInfo fcinfo, LabelType label_type, ArrayType *features, Jsonb *jsonb)
{
	int			nfeatures = check_feature_count(features);
	TrainOptions options = read_options(jsonb, label_type, nfeatures);
	MemoryContext context;
	MemoryContext old;
	TrainState *state;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");

	old = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(TrainState));
	state->set.label_type = label_type;
	state->set.nfeatures = nfeatures;
	state->set.options = options;
	if (jsonb)
		state->jsonb = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(jsonb));
	if (label_type != LA_LABEL_NUMBER)
		state->labels = labels_create(context, 4, NULL);
	state->set.rows = la_rowstore_create_for_aggregate(fcinfo, nfeatures + 1);
	la_rowstore_limit_memory(state->set.rows, MAX_ROWS_IN_MEMORY);
	state->row = palloc(mul_size(nfeatures + 1, sizeof(double)));
	MemoryContextSwitchTo(old);
	return state;
}

static bool
same_options(const Jsonb *a, const Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static void
check_same_shape(const TrainState *state, ArrayType *features, Jsonb *jsonb)
{
	int			n = la_vector_length(features, "features");

	if (unlikely(n != state->set.nfeatures))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features must have as many elements in every row: %d here, %d before",
						n, state->set.nfeatures)));
	if (unlikely(!same_options(jsonb, state->jsonb)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be the same in every row of a training")));
}

static void
remember_label(TrainState *state, LabelEntry *entry)
{
	TrainingSet *set = &state->set;
	char	   *copy;

	if (set->nlabels >= LA_MAX_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("label has more than %d different values", LA_MAX_CLASSES),
				 errhint("Divide a quantity into classes first, or predict it with rf_train_regression.")));
	if (set->nlabels == state->max_labels)
	{
		state->max_labels = Max(4, state->max_labels * 2);
		if (set->labels == NULL)
			set->labels = MemoryContextAlloc(state->labels->ctx, state->max_labels * sizeof(Label));
		else
			set->labels = repalloc(set->labels, state->max_labels * sizeof(Label));
	}
	copy = MemoryContextAlloc(state->labels->ctx, Max(entry->label.length, 1));
	memcpy(copy, entry->label.text, entry->label.length);
	entry->label.text = copy;
	entry->number = set->nlabels;
	set->labels[set->nlabels++] = entry->label;
}

static uint32
number_of_label(TrainState *state, Label label)
{
	bool		found;
	LabelEntry *entry = labels_insert(state->labels, label, &found);

	if (!found)
		remember_label(state, entry);
	return entry->number;
}

/*
 * The state, which is argument 0, made if need be, with the features, argument
 * 2, in state->row; argument 3, if there is one, is the options.
 */
static TrainState *
begin_row(FunctionCallInfo fcinfo, LabelType label_type)
{
	TrainState *state = PG_ARGISNULL(0) ? NULL : (TrainState *) PG_GETARG_POINTER(0);
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(2);
	Jsonb	   *jsonb = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_JSONB_P(3) : NULL;

	if (state == NULL)
		state = train_state_create(fcinfo, label_type, features, jsonb);
	else
		check_same_shape(state, features, jsonb);
	la_read_features(features, state->row, state->set.nfeatures);
	return state;
}

/* Add the row with what it is labelled with: a number, or that of its label. */
static Datum
end_row(TrainState *state, double label)
{
	if (unlikely(la_rowstore_nrows(state->set.rows) >= MAX_TRAINING_ROWS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a random forest is trained on at most %d rows", MAX_TRAINING_ROWS)));
	state->row[state->set.nfeatures] = label;
	la_rowstore_append(state->set.rows, state->row);
	PG_RETURN_POINTER(state);
}

static Datum
train_accum(FunctionCallInfo fcinfo, LabelType label_type, Label label)
{
	TrainState *state = begin_row(fcinfo, label_type);

	return end_row(state, number_of_label(state, label));
}

/* A row without a label or without features is left out. */
static bool
skip_row(FunctionCallInfo fcinfo)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

static Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* transition function of rf_train(text, float8[] [, jsonb]) */
Datum
rf_train_accum_text(PG_FUNCTION_ARGS)
{
	text	   *value;

	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	value = PG_GETARG_TEXT_PP(1);
	return train_accum(fcinfo, LA_LABEL_TEXT,
					   (Label) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)});
}

/* transition function of rf_train(bigint, float8[] [, jsonb]) */
Datum
rf_train_accum_bigint(PG_FUNCTION_ARGS)
{
	char		text[MAXINT8LEN + 1];
	int			length;

	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	length = pg_lltoa(PG_GETARG_INT64(1), text);
	return train_accum(fcinfo, LA_LABEL_BIGINT, (Label) {text, length});
}

/* transition function of rf_train(boolean, float8[] [, jsonb]) */
Datum
rf_train_accum_boolean(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	return train_accum(fcinfo, LA_LABEL_BOOLEAN,
					   PG_GETARG_BOOL(1) ? (Label) {"true", 4} : (Label) {"false", 5});
}

/* transition function of rf_train_regression(float8, float8[] [, jsonb]) */
Datum
rf_train_regression_accum(PG_FUNCTION_ARGS)
{
	double		target;

	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	target = PG_GETARG_FLOAT8(1);
	la_check_finite(target, "target");
	if (unlikely(fabs(target) > LA_MAX_TARGET))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("target must be a number from %g to %g, not %g",
						-LA_MAX_TARGET, LA_MAX_TARGET, target)));
	return end_row(begin_row(fcinfo, LA_LABEL_NUMBER), target + 0.0);	/* -0 becomes 0 */
}

/* final function of rf_train and rf_train_regression: the state is left as it is */
Datum
rf_train_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext old;
	TrainingSet *set;
	ForestPlan	plan;
	bytea	   *model;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	context = AllocSetContextCreate(CurrentMemoryContext, "random forest training",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	set = &((TrainState *) PG_GETARG_POINTER(0))->set;
	la_forest_progress_begin(la_rowstore_nrows(set->rows), set->options.trees);
	la_forest_prepare(set, &plan);
	model = la_forest_build(&plan, fcinfo, old);
	la_forest_progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(model);
}
