/*
 * kmeans_train.c
 *		kmeans_fit, kmeans_choose: the aggregates that find clusters.
 *
 * The transition functions keep the rows (rowstore.c); the final functions put
 * them into canonical order (core/kmeans_rows.c), measure them
 * (core/kmeans_measure.c) and cluster them (core/kmeans_fit.c).  Nothing in it
 * depends on the order of the rows.
 */
#include "liveanalytics.h"

#include "args.h"
#include "catalog/pg_type.h"
#include "core/kmeans_fit.h"
#include "kmeans.h"
#include "miscadmin.h"
#include "options.h"
#include "rowstore.h"
#include "stateargs.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(kmeans_fit_accum);
PG_FUNCTION_INFO_V1(kmeans_fit_final);
PG_FUNCTION_INFO_V1(kmeans_choose_accum);
PG_FUNCTION_INFO_V1(kmeans_choose_final);

#define MAX_ROWS INT32_MAX

/*
 * Rows in memory while they are collected, whatever liveanalytics.collect_mem
 * allows: the fit has a matrix of its own.
 */
#define MAX_ROWS_IN_MEMORY ((Size) 128 * 1024 * 1024)

/* state of both aggregates */
typedef struct CollectState
{
	int			k_min;
	int			k_max;			/* the same for kmeans_fit */
	int			nfeatures;
	KmeansOptions options;
	Jsonb	   *jsonb;			/* options as given; NULL for none */
	int64		skipped;
	RowStore   *rows;
	double	   *row;
} CollectState;

/* rows ready to be clustered, and the memory to do that */
typedef struct Training
{
	MemoryContext context;		/* of everything else here */
	KmeansRows	rows;
	KmeansColumn *columns;
	void	   *fit;
} Training;

/* --- collecting rows ----------------------------------------------------- */

static KmeansOptions
read_options(Jsonb *jsonb)
{
	Options		options;
	KmeansOptions result = {0};

	la_options_begin(&options, jsonb);
	result.seed = (uint64) la_option_int(&options, "seed", 42, PG_INT64_MIN, PG_INT64_MAX);
	result.restarts = (uint32) la_option_int(&options, "restarts", 10, 1, 1000);
	result.max_iterations = (int32) la_option_int(&options, "max_iterations", 300, 1, 1000000);
	result.tolerance = la_option_number(&options, "tolerance", 1e-4, 0, 1);
	result.standardize = la_option_bool(&options, "standardize", false);
	la_options_end(&options);
	return result;
}

static int
check_k(FunctionCallInfo fcinfo, int argno, const char *name)
{
	int			k = PG_ARGISNULL(argno) ? 0 : PG_GETARG_INT32(argno);

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
	if (k < 1 || k > LA_KMEANS_MAX_CLUSTERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between 1 and %d, not %d", name, LA_KMEANS_MAX_CLUSTERS, k)));
	return k;
}

static int
check_feature_count(ArrayType *array, int k)
{
	int			p = la_vector_length(array, "x");

	if (p < 1 || p > LA_KMEANS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have from 1 to %d elements, not %d", LA_KMEANS_MAX_FEATURES, p)));
	if ((int64) k * p > LA_KMEANS_MAX_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d clusters of %d features are too many", k, p),
				 errdetail("The product of both must be at most %d.", LA_KMEANS_MAX_VALUES)));
	return p;
}

/* The only place where a state is born: in the context of the aggregate. */
static CollectState *
collect_state_create(FunctionCallInfo fcinfo, int k_min, int k_max, int nfeatures, Jsonb *jsonb)
{
	KmeansOptions options = read_options(jsonb);
	MemoryContext old = MemoryContextSwitchTo(aggregate_context(fcinfo));
	CollectState *state;

	state = palloc0(sizeof(CollectState));
	state->k_min = k_min;
	state->k_max = k_max;
	state->nfeatures = nfeatures;
	state->options = options;
	if (jsonb)
		state->jsonb = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(jsonb));
	state->rows = la_rowstore_create_for_aggregate(fcinfo, nfeatures);
	la_rowstore_limit_memory(state->rows, MAX_ROWS_IN_MEMORY);
	state->row = palloc(mul_size(nfeatures, sizeof(double)));
	MemoryContextSwitchTo(old);
	return state;
}

static void
check_same(const CollectState *state, int k_min, int k_max, ArrayType *array, Jsonb *jsonb)
{
	int			p = la_vector_length(array, "x");

	if (unlikely(p != state->nfeatures))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have as many elements in every row: %d here, %d before",
						p, state->nfeatures)));
	if (unlikely(k_min != state->k_min || k_max != state->k_max))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of clusters must be the same in every row: %d here, %d before",
						k_min != state->k_min ? k_min : k_max,
						k_min != state->k_min ? state->k_min : state->k_max)));
	if (unlikely(!la_same_options(jsonb, state->jsonb)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be the same in every row of a fit")));
}

/* Add a row to the state, which is argument 0, made if need be. */
static Datum
collect_row(FunctionCallInfo fcinfo, int k_min, int k_max, int options_argno)
{
	CollectState *state = PG_ARGISNULL(0) ? NULL : (CollectState *) PG_GETARG_POINTER(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Jsonb	   *jsonb = NULL;
	const double *x;
	int			p;

	if (PG_NARGS() > options_argno && !PG_ARGISNULL(options_argno))
		jsonb = PG_GETARG_JSONB_P(options_argno);
	if (state == NULL)
		state = collect_state_create(fcinfo, k_min, k_max, check_feature_count(array, k_max), jsonb);
	else
		check_same(state, k_min, k_max, array, jsonb);

	if (la_vector_has_null(array))
	{
		state->skipped++;
		PG_RETURN_POINTER(state);
	}
	x = la_finite_vector(array, "x", &p);
	if (unlikely(la_rowstore_nrows(state->rows) >= MAX_ROWS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("k-means takes at most %d rows", MAX_ROWS)));
	for (int j = 0; j < p; j++)
		state->row[j] = x[j] + 0.0; /* -0 becomes 0 */
	la_rowstore_append(state->rows, state->row);
	PG_RETURN_POINTER(state);
}

/* A row without features is left out. */
static bool
skip_row(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(1);
}

/* transition function of kmeans_fit(x, k [, options]) */
Datum
kmeans_fit_accum(PG_FUNCTION_ARGS)
{
	int			k;

	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	k = check_k(fcinfo, 2, "k");
	return collect_row(fcinfo, k, k, 3);
}

/* transition function of kmeans_choose(x, k_min, k_max [, options]) */
Datum
kmeans_choose_accum(PG_FUNCTION_ARGS)
{
	int			k_min;
	int			k_max;

	if (skip_row(fcinfo))
		return unchanged_state(fcinfo);
	k_min = check_k(fcinfo, 2, "k_min");
	k_max = check_k(fcinfo, 3, "k_max");
	if (k_min > k_max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k_max must be at least k_min, which is %d, not %d", k_min, k_max)));
	return collect_row(fcinfo, k_min, k_max, 4);
}

/* --- fitting -------------------------------------------------------------- */

static void *
alloc_huge(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(mul_size(count, size), 1));
}

/* The collected rows, row after row. */
static void
read_rows(RowStore *store, KmeansRows *rows)
{
	uint32		p = rows->nfeatures;
	double	   *next = rows->values;
	int			nrows = 0;

	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 j = 0; j < p; j++)
		{
			const double *column = la_rowstore_read(store, chunk, (int) j, &nrows);
			double	   *to = next + j;

			for (int i = 0; i < nrows; i++, to += p)
				*to = column[i];
		}
		next += (Size) nrows * p;
	}
}

/* Canonical order, and equal rows once. */
static void
sort_rows(KmeansRows *rows)
{
	void	   *memory = alloc_huge(1, la_kmeans_sort_size(rows->total, rows->nfeatures));
	KmeansSort *sort = la_kmeans_sort_begin(memory, rows);
	uint32	   *weights = NULL;

	while (la_kmeans_sort_step(sort))
		CHECK_FOR_INTERRUPTS();
	if (la_kmeans_sort_distinct(sort) < rows->total)
		weights = alloc_huge(la_kmeans_sort_distinct(sort), sizeof(uint32));
	la_kmeans_collapse_begin(sort, weights);
	while (la_kmeans_collapse_step(sort))
		CHECK_FOR_INTERRUPTS();
	pfree(memory);
}

static void
measure_rows(Training *training, bool standardize)
{
	KmeansRows *rows = &training->rows;
	void	   *memory = palloc(la_kmeans_measure_size(rows->nfeatures));
	KmeansMeasure *measure;
	uint32		column;

	training->columns = palloc(mul_size(rows->nfeatures, sizeof(KmeansColumn)));
	measure = la_kmeans_measure_begin(memory, rows, training->columns, standardize);
	while (la_kmeans_measure_step(measure))
		CHECK_FOR_INTERRUPTS();
	if (la_kmeans_measure_end(measure, &column) != LA_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("k-means is out of the range of double precision"),
				 errdetail("Differences within a column must stay below %g, and those at position %u do not.",
						   LA_KMEANS_MAX_RANGE, column + 1),
				 errhint("Scale the features.")));
	pfree(memory);
}

/* Memory for a fit; with the rows, which are there, it is all that is needed. */
static void *
alloc_fit(const KmeansRows *rows, int k)
{
	uint64		size = la_kmeans_fit_size(rows->nrows, rows->nfeatures, Min((uint32) k, rows->nrows));

	if (size > MaxAllocHugeSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("k-means of %u different rows into %d clusters needs too much memory",
						rows->nrows, k)));
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

/* The rows of a state that has some, ready to be clustered. */
static void
prepare(const CollectState *state, Training *training)
{
	KmeansRows *rows = &training->rows;

	memset(training, 0, sizeof(Training));
	training->context = CurrentMemoryContext;
	rows->total = rows->nrows = (uint32) la_rowstore_nrows(state->rows);
	rows->nfeatures = state->nfeatures;
	rows->values = alloc_huge(rows->total, mul_size(rows->nfeatures, sizeof(double)));
	read_rows(state->rows, rows);
	sort_rows(rows);
	if (rows->nrows < rows->total)
		rows->values = repalloc_huge(rows->values, mul_size(rows->nrows, mul_size(rows->nfeatures, sizeof(double))));
	measure_rows(training, state->options.standardize);
	training->fit = alloc_fit(rows, state->k_max);
}

/* One fit; the model is made in "result". */
static KmeansModel *
fit_rows(const CollectState *state, const Training *training, int k, MemoryContext result)
{
	KmeansOptions options = state->options;
	KmeansFit  *fit;
	KmeansModel *model;
	MemoryContext old;

	options.k = k;
	fit = la_kmeans_fit_begin(training->fit, &training->rows, training->columns, &options);
	while (la_kmeans_fit_step(fit))
		CHECK_FOR_INTERRUPTS();
	old = MemoryContextSwitchTo(result);
	model = la_kmeans_new(la_kmeans_fit_clusters(fit), training->rows.nfeatures);
	MemoryContextSwitchTo(old);
	la_kmeans_fit_end(fit, model);
	model->skipped = state->skipped;
	return model;
}

static void
report_fewer(uint32 clusters, int k)
{
	if (clusters < (uint32) k)
		ereport(NOTICE,
				(errmsg("number of clusters is %u instead of %d", clusters, k),
				 errdetail("There are no more different rows.")));
}

/* Every row was skipped: a model that says so, and nothing else. */
static KmeansModel *
empty_model(const CollectState *state)
{
	KmeansModel *model = la_kmeans_new(0, 0);

	model->skipped = state->skipped;
	return model;
}

static MemoryContext
enter_training(void)
{
	return MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "k-means",
													   ALLOCSET_DEFAULT_SIZES));
}

static CollectState *
get_state(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (CollectState *) PG_GETARG_POINTER(0);
}

/* final function of kmeans_fit: the state is left as it is */
Datum
kmeans_fit_final(PG_FUNCTION_ARGS)
{
	CollectState *state = get_state(fcinfo);
	MemoryContext caller;
	Training	training;
	KmeansModel *model;

	if (state == NULL)
		PG_RETURN_NULL();
	if (la_rowstore_nrows(state->rows) == 0)
		PG_RETURN_POINTER(empty_model(state));

	caller = enter_training();
	prepare(state, &training);
	model = fit_rows(state, &training, state->k_max, caller);
	report_fewer(model->k, state->k_max);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(training.context);
	PG_RETURN_POINTER(model);
}

/*
 * The array type of what kmeans_choose returns has models as elements: their
 * type, and how it is aligned.
 */
static ArrayType *
make_array(FunctionCallInfo fcinfo, Datum *models, int n)
{
	Oid			array_type = get_func_rettype(fcinfo->flinfo->fn_oid);
	Oid			element_type = get_element_type(array_type);

	return construct_array(models, n, element_type, -1, false, TYPALIGN_DOUBLE);
}

/*
 * final function of kmeans_choose: a model for each number of clusters, up to
 * the number of different rows
 */
Datum
kmeans_choose_final(PG_FUNCTION_ARGS)
{
	CollectState *state = get_state(fcinfo);
	MemoryContext caller;
	Training	training;
	Datum	   *models;
	int			n = 0;

	if (state == NULL)
		PG_RETURN_NULL();
	models = palloc(mul_size(state->k_max - state->k_min + 1, sizeof(Datum)));
	if (la_rowstore_nrows(state->rows) == 0)
	{
		models[0] = PointerGetDatum(empty_model(state));
		PG_RETURN_ARRAYTYPE_P(make_array(fcinfo, models, 1));
	}

	caller = enter_training();
	prepare(state, &training);
	for (int k = state->k_min; k <= state->k_max; k++)
	{
		KmeansModel *model = fit_rows(state, &training, k, caller);

		models[n++] = PointerGetDatum(model);
		report_fewer(model->k, k);
		if (model->k < (uint32) k)
			break;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(training.context);
	PG_RETURN_ARRAYTYPE_P(make_array(fcinfo, models, n));
}
