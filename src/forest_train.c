/*
 * forest_train.c
 *		rf_train: the aggregate that grows a random forest.
 *
 * The transition function keeps the rows (rowstore.c); the final function bins
 * the features, collapses equal rows and grows the trees into the bytes of the
 * model.  Nothing in it depends on the order of the rows.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "args.h"
#include "core/binning.h"
#include "core/forest_grow.h"
#include "core/radix.h"
#include "model.h"
#include "options.h"
#include "rowstore.h"

PG_FUNCTION_INFO_V1(rf_train_accum_text);
PG_FUNCTION_INFO_V1(rf_train_accum_bigint);
PG_FUNCTION_INFO_V1(rf_train_accum_boolean);
PG_FUNCTION_INFO_V1(rf_train_final);

#define MAX_TRAINING_ROWS INT32_MAX

/* a label as text */
typedef struct Label
{
	const char *text;			/* not terminated */
	uint32		length;
} Label;

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

/* rf_train's arguments beside the rows */
typedef struct TrainOptions
{
	uint32		trees;
	uint32		bins;
	GrowOptions grow;
} TrainOptions;

typedef struct TrainState
{
	LabelType	label_type;
	int			nfeatures;
	Jsonb	   *jsonb;			/* options as given; NULL for none */
	TrainOptions options;
	labels_hash *labels;
	RowStore   *rows;			/* the features, then the number of the label */
	double	   *row;
} TrainState;

/* --- collecting rows ----------------------------------------------------- */

static uint32
choose_mtry(Options *options, int nfeatures)
{
	if (la_option_is_string(options, "mtry", "all"))
		return nfeatures;
	if (la_option_is_string(options, "mtry", "third"))
		return Max(nfeatures / 3, 1);
	if (la_option_is_string(options, "mtry", "sqrt"))
		return (uint32) sqrt(nfeatures);
	return la_option_int_or_name(options, "mtry", (int64) sqrt(nfeatures), 1, nfeatures,
								 "\"sqrt\", \"third\", \"all\" or ");
}

static TrainOptions
read_options(Jsonb *jsonb, int nfeatures)
{
	Options		options;
	TrainOptions result;

	la_options_begin(&options, jsonb);
	result.trees = la_option_int(&options, "trees", 100, 1, LA_MAX_TREES);
	result.grow.max_depth = la_option_int(&options, "max_depth", 0, 1, INT32_MAX);
	result.grow.min_leaf = la_option_int(&options, "min_leaf", 1, 1, INT32_MAX);
	result.grow.mtry = choose_mtry(&options, nfeatures);
	result.bins = la_option_int(&options, "bins", LA_MAX_BINS, 2, LA_MAX_BINS);
	result.grow.sample = la_option_share(&options, "sample", 1.0);
	result.grow.seed = la_option_int(&options, "seed", 42, PG_INT64_MIN, PG_INT64_MAX);
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
	TrainOptions options = read_options(jsonb, nfeatures);
	MemoryContext context;
	MemoryContext old;
	TrainState *state;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");

	old = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(TrainState));
	state->label_type = label_type;
	state->nfeatures = nfeatures;
	state->options = options;
	if (jsonb)
		state->jsonb = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(jsonb));
	state->labels = labels_create(context, 4, NULL);
	state->rows = la_rowstore_create_for_aggregate(fcinfo, nfeatures + 1);
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

	if (unlikely(n != state->nfeatures))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features must have as many elements in every row: %d here, %d before",
						n, state->nfeatures)));
	if (unlikely(!same_options(jsonb, state->jsonb)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be the same in every row of a training")));
}

static uint32
number_of_label(TrainState *state, Label label)
{
	bool		found;
	LabelEntry *entry = labels_insert(state->labels, label, &found);

	if (!found)
	{
		uint32		number = state->labels->members - 1;
		char	   *copy;

		if (number >= LA_MAX_CLASSES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("label has more than %d different values", LA_MAX_CLASSES),
					 errhint("A forest predicts classes; a quantity has to be divided into classes first.")));
		copy = MemoryContextAlloc(state->labels->ctx, Max(label.length, 1));
		memcpy(copy, label.text, label.length);
		entry->label.text = copy;
		entry->number = number;
	}
	return entry->number;
}

/*
 * Add a row to the state, which is argument 0; argument 2 is the features,
 * argument 3, if there is one, the options.
 */
static Datum
train_accum(FunctionCallInfo fcinfo, LabelType label_type, Label label)
{
	TrainState *state = PG_ARGISNULL(0) ? NULL : (TrainState *) PG_GETARG_POINTER(0);
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(2);
	Jsonb	   *jsonb = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_JSONB_P(3) : NULL;

	if (state == NULL)
		state = train_state_create(fcinfo, label_type, features, jsonb);
	else
		check_same_shape(state, features, jsonb);

	la_read_features(features, state->row, state->nfeatures);
	state->row[state->nfeatures] = number_of_label(state, label);
	if (unlikely(la_rowstore_nrows(state->rows) >= MAX_TRAINING_ROWS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a random forest is trained on at most %d rows", MAX_TRAINING_ROWS)));
	la_rowstore_append(state->rows, state->row);
	PG_RETURN_POINTER(state);
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

/* --- from rows to bins ---------------------------------------------------- */

/* what the final function works with, all in one context of its own */
typedef struct Training
{
	TrainState *state;
	ForestHeader header;
	LabelEntry **classes;		/* in the order of the forest's classes */
	uint64	   *class_rows;
	uint16	   *class_of_number;
	uint32	   *first_cut;
	double	   *cuts;
	ForestRows	rows;
} Training;

static int
compare_label_text(const void *a, const void *b)
{
	const Label *left = &(*(LabelEntry *const *) a)->label;
	const Label *right = &(*(LabelEntry *const *) b)->label;
	int			result = memcmp(left->text, right->text, Min(left->length, right->length));

	if (result != 0)
		return result;
	return (left->length > right->length) - (left->length < right->length);
}

/* decimal numbers: by sign, then by length, then digit by digit */
static int
compare_label_bigint(const void *a, const void *b)
{
	const Label *left = &(*(LabelEntry *const *) a)->label;
	const Label *right = &(*(LabelEntry *const *) b)->label;
	bool		left_negative = left->text[0] == '-';
	bool		right_negative = right->text[0] == '-';
	int			larger;

	if (left_negative != right_negative)
		return left_negative ? -1 : 1;
	if (left->length != right->length)
		larger = left->length > right->length ? 1 : -1;
	else
		larger = memcmp(left->text, right->text, left->length);
	return left_negative ? -larger : larger;
}

/* Number the classes in the order of their labels: bytes, or value of bigint. */
static void
order_classes(Training *t)
{
	labels_hash *labels = t->state->labels;
	labels_iterator it;
	LabelEntry *entry;
	uint32		n = 0;

	t->header.nclasses = labels->members;
	t->classes = palloc(mul_size(labels->members, sizeof(LabelEntry *)));
	t->class_of_number = palloc(mul_size(labels->members, sizeof(uint16)));
	t->class_rows = palloc0(mul_size(labels->members, sizeof(uint64)));

	labels_start_iterate(labels, &it);
	while ((entry = labels_iterate(labels, &it)) != NULL)
		t->classes[n++] = entry;
	qsort(t->classes, n, sizeof(LabelEntry *),
		  t->state->label_type == LA_LABEL_BIGINT ? compare_label_bigint : compare_label_text);
	for (uint32 i = 0; i < n; i++)
		t->class_of_number[t->classes[i]->number] = i;
}

static void
read_labels(Training *t)
{
	RowStore   *store = t->state->rows;
	uint16	   *label = t->rows.label;
	int			nrows;

	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		const double *numbers = la_rowstore_read(store, chunk, t->state->nfeatures, &nrows);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < nrows; i++)
		{
			uint16		cls = t->class_of_number[(uint32) numbers[i]];

			*label++ = cls;
			t->class_rows[cls]++;
		}
	}
}

/* The keys of the values of a feature that are not missing. */
static Size
read_keys(RowStore *store, int feature, uint64 *keys)
{
	Size		n = 0;
	int			nrows;

	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		const double *values = la_rowstore_read(store, chunk, feature, &nrows);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < nrows; i++)
		{
			if (!isnan(values[i]))
				keys[n++] = la_key_of_double(values[i]);
		}
	}
	return n;
}

static void
bin_feature(Training *t, int feature, uint64 *keys, uint64 *scratch)
{
	RowStore   *store = t->state->rows;
	uint8	   *bins = t->rows.bins + (Size) feature * t->rows.nrows;
	double	   *cuts = t->cuts + t->first_cut[feature];
	Size		n = read_keys(store, feature, keys);
	int			ncuts;
	int			nrows;

	la_radix_sort(keys, scratch, n);
	ncuts = la_bin_cuts(keys, n, t->header.bins, cuts);
	t->first_cut[feature + 1] = t->first_cut[feature] + ncuts;

	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		const double *values = la_rowstore_read(store, chunk, feature, &nrows);

		CHECK_FOR_INTERRUPTS();
		la_bin_column(values, nrows, cuts, ncuts, bins);
		bins += nrows;
	}
}

static void *
alloc_huge(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(mul_size(count, size), 1));
}

static void
bin_features(Training *t)
{
	int			nfeatures = t->state->nfeatures;
	uint64	   *keys = alloc_huge(t->rows.total, sizeof(uint64));
	uint64	   *scratch = alloc_huge(t->rows.total, sizeof(uint64));

	t->cuts = alloc_huge((Size) nfeatures * (t->header.bins - 1), sizeof(double));
	t->first_cut = alloc_huge(nfeatures + 1, sizeof(uint32));
	t->first_cut[0] = 0;
	for (int feature = 0; feature < nfeatures; feature++)
		bin_feature(t, feature, keys, scratch);
	pfree(keys);
	pfree(scratch);
}

static void
collapse_rows(Training *t)
{
	Size		n = t->rows.total;
	CollapseScratch scratch;

	scratch.keys = alloc_huge(n, sizeof(uint64));
	scratch.key_scratch = alloc_huge(n, sizeof(uint64));
	scratch.order = alloc_huge(n, sizeof(uint32));
	scratch.order_scratch = alloc_huge(n, sizeof(uint32));
	scratch.column = alloc_huge(n, sizeof(uint8));
	t->rows.row_of = alloc_huge(n, sizeof(uint32));

	la_forest_rows_collapse(&t->rows, &scratch);

	pfree(scratch.keys);
	pfree(scratch.key_scratch);
	pfree(scratch.order);
	pfree(scratch.order_scratch);
	pfree(scratch.column);
}

static void
prepare_rows(Training *t)
{
	Size		n = la_rowstore_nrows(t->state->rows);

	t->rows.nrows = t->rows.total = n;
	t->rows.nfeatures = t->header.nfeatures;
	t->rows.nclasses = t->header.nclasses;
	t->rows.label = alloc_huge(n, sizeof(uint16));
	t->rows.bins = alloc_huge(mul_size(n, t->header.nfeatures), sizeof(uint8));
	read_labels(t);
	bin_features(t);
	collapse_rows(t);
}

/* --- from bins to a model ------------------------------------------------- */

/* the model being written: a bytea that grows */
typedef struct ModelBuffer
{
	bytea	   *model;
	Size		capacity;
	Size		used;			/* with the header of the bytea and the envelope */
} ModelBuffer;

static ByteWriter
reserve(ModelBuffer *buffer, Size size)
{
	Size		needed = add_size(buffer->used, size);
	ByteWriter	writer;

	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("random forest would be larger than a value can be (1 GB)"),
				 errhint("Use fewer trees, a larger min_leaf, or a max_depth.")));
	if (needed > buffer->capacity)
	{
		buffer->capacity = Min(Max(needed, buffer->capacity * 2), MaxAllocSize);
		buffer->model = repalloc(buffer->model, buffer->capacity);
	}
	writer.data = (uint8 *) buffer->model + buffer->used;
	writer.pos = 0;
	buffer->used = needed;
	return writer;
}

static void
write_header(const Training *t, ModelBuffer *buffer)
{
	ForestClass *classes = palloc(mul_size(t->header.nclasses, sizeof(ForestClass)));
	ByteWriter	writer;

	for (uint32 i = 0; i < t->header.nclasses; i++)
	{
		classes[i].label = (const uint8 *) t->classes[i]->label.text;
		classes[i].length = t->classes[i]->label.length;
		classes[i].nrows = t->class_rows[i];
	}
	writer = reserve(buffer, la_forest_header_size(&t->header, classes, t->first_cut));
	la_forest_write_header(&writer, &t->header, classes, t->first_cut, t->cuts);
}

static void
grow_trees(const Training *t, ModelBuffer *buffer)
{
	void	   *memory = alloc_huge(la_tree_grower_size(&t->rows), 1);
	TreeGrower *grower = la_tree_grower_init(memory, &t->rows, &t->state->options.grow);

	for (uint32 i = 0; i < t->header.ntrees; i++)
	{
		const ForestTree *tree;
		ByteWriter	writer;

		la_tree_begin(grower, i);
		do
			CHECK_FOR_INTERRUPTS();
		while (la_tree_step(grower));

		tree = la_tree_result(grower);
		writer = reserve(buffer, la_forest_tree_size(tree));
		la_forest_write_tree(&writer, tree);
	}
}

static void
fill_header(Training *t)
{
	const TrainOptions *options = &t->state->options;

	t->header.label_type = t->state->label_type;
	t->header.nfeatures = t->state->nfeatures;
	t->header.ntrees = options->trees;
	t->header.nrows = la_rowstore_nrows(t->state->rows);
	t->header.max_depth = options->grow.max_depth;
	t->header.min_leaf = options->grow.min_leaf;
	t->header.mtry = options->grow.mtry;
	t->header.bins = options->bins;
	t->header.sample = options->grow.sample;
	t->header.seed = (int64) options->grow.seed;
}

/* The model in the caller's context; everything else is in the current one. */
static bytea *
train(TrainState *state, MemoryContext result_context)
{
	Training	t = {.state = state};
	ModelBuffer buffer;

	fill_header(&t);
	order_classes(&t);
	prepare_rows(&t);

	buffer.used = VARHDRSZ + LA_ENVELOPE_BYTES;
	buffer.capacity = 8192;
	buffer.model = MemoryContextAlloc(result_context, buffer.capacity);
	write_header(&t, &buffer);
	grow_trees(&t, &buffer);

	SET_VARSIZE(buffer.model, buffer.used);
	la_model_seal(buffer.model, LA_MODEL_FOREST, LA_FOREST_VERSION);
	return buffer.model;
}

/* final function of rf_train: the state is left as it is */
Datum
rf_train_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext old;
	bytea	   *model;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	context = AllocSetContextCreate(CurrentMemoryContext, "random forest training",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	model = train((TrainState *) PG_GETARG_POINTER(0), old);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_BYTEA_P(model);
}
