/*
 * kmeans.c
 *		What is asked of a k-means model: kmeans_predict, kmeans_centroids,
 *		kmeans_stats, and the aggregate kmeans_silhouette.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "common/int.h"
#include "funcapi.h"
#include "keptmodel.h"
#include "kmeans.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(kmeans_predict);
PG_FUNCTION_INFO_V1(kmeans_centroids);
PG_FUNCTION_INFO_V1(kmeans_stats);
PG_FUNCTION_INFO_V1(kmeans_silhouette_accum);
PG_FUNCTION_INFO_V1(kmeans_silhouette_combine);
PG_FUNCTION_INFO_V1(kmeans_silhouette_final);

/* the state of kmeans_silhouette: rows, and the sum in units of 2^-30 and 2^-60 */
#define SILHOUETTE_ROWS		0
#define SILHOUETTE_HIGH		1
#define SILHOUETTE_LOW		2
#define SILHOUETTE_LENGTH	3

#define HALF_BITS 30

/* --- models ----------------------------------------------------------------- */

/* A model without rows in the current context. */
KmeansModel *
la_kmeans_new(uint32 k, uint32 p)
{
	Size		size = la_kmeans_size(k, p);
	KmeansModel *model = palloc(size);

	la_kmeans_init(model, k, p);
	SET_VARSIZE(model, size);
	return model;
}

/*
 * la_kmeans_from_datum
 *		A flat and aligned model: the argument itself where it is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that
 * a superuser defined has not, so the size is looked at before it is trusted.
 */
KmeansModel *
la_kmeans_from_datum(Datum datum)
{
	KmeansModel *model = (KmeansModel *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(model) < la_kmeans_size(0, 0) ||
				 model->k > LA_KMEANS_MAX_CLUSTERS ||
				 model->p > LA_KMEANS_MAX_FEATURES ||
				 (int64) model->k * model->p > LA_KMEANS_MAX_VALUES ||
				 VARSIZE(model) != la_kmeans_size(model->k, model->p) ||
				 la_kmeans_check(model) != LA_OK))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a k-means model", (size_t) VARSIZE(model))));
	return model;
}

/* --- the nearest cluster ------------------------------------------------------ */

/* A model made ready, in the current context. */
static void *
make_finder(Datum datum)
{
	const KmeansModel *model = la_kmeans_from_datum(datum);
	KmeansFinder *finder = MemoryContextAllocHuge(CurrentMemoryContext,
												  la_kmeans_finder_size(model->k, model->p));

	if (la_kmeans_finder_init(finder, model) != LA_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("centroids of the k-means model are out of the range of double precision")));
	return finder;
}

static KmeansFinder *
get_finder(FunctionCallInfo fcinfo, int argno)
{
	return la_kept_model(fcinfo, argno, make_finder);
}

/* Find the nearest cluster; false if a feature is NULL or there are no clusters. */
static bool
find_nearest(KmeansFinder *finder, ArrayType *array, KmeansNearest *nearest)
{
	int			p = la_vector_length(array, "x");
	int			expected = la_kmeans_finder_features(finder);
	const double *x;

	if (unlikely(p != expected && la_kmeans_finder_clusters(finder) > 0))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have %d elements as in the model, not %d", expected, p)));
	if (la_vector_has_null(array))
		return false;
	x = la_finite_vector(array, "x", &p);
	if (la_kmeans_finder_clusters(finder) == 0)
		return false;
	if (unlikely(la_kmeans_find(finder, x, nearest) != LA_OK))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("distance of x to the centroids is out of the range of double precision")));
	return true;
}

/* kmeans_predict(model, x): the number of the nearest cluster */
Datum
kmeans_predict(PG_FUNCTION_ARGS)
{
	KmeansFinder *finder = get_finder(fcinfo, 0);
	KmeansNearest nearest;

	if (!find_nearest(finder, PG_GETARG_ARRAYTYPE_P(1), &nearest))
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) nearest.cluster + 1);
}

/* --- what a model is ----------------------------------------------------------- */

/* kmeans_centroids(model): a row per cluster */
Datum
kmeans_centroids(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	const KmeansModel *model;
	uint32		cluster;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	tupdesc;

		calls = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		calls->tuple_desc = BlessTupleDesc(tupdesc);
		calls->user_fctx = la_kmeans_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
		MemoryContextSwitchTo(old);
	}
	calls = SRF_PERCALL_SETUP();
	model = calls->user_fctx;
	if (calls->call_cntr >= model->k)
		SRF_RETURN_DONE(calls);
	cluster = (uint32) calls->call_cntr;
	values[0] = Int32GetDatum((int32) cluster + 1);
	values[1] = Int64GetDatum((int64) la_kmeans_sizes(model)[cluster]);
	values[2] = PointerGetDatum(la_float8_array(la_kmeans_centroid(model, cluster), (int) model->p));
	SRF_RETURN_NEXT(calls, HeapTupleGetDatum(heap_form_tuple(calls->tuple_desc, values, nulls)));
}

/* kmeans_stats(model): a row */
Datum
kmeans_stats(PG_FUNCTION_ARGS)
{
	const KmeansModel *model = PG_GETARG_KMEANS_P(0);
	TupleDesc	tupdesc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != 6)
		elog(ERROR, "kmeans_stats must return a row of 6 columns");
	values[0] = Int32GetDatum((int32) model->k);
	values[1] = Int64GetDatum(model->n);
	values[2] = Int64GetDatum(model->skipped);
	values[3] = Float8GetDatum(model->inertia);
	values[4] = Int32GetDatum(model->iterations);
	values[5] = BoolGetDatum((model->flags & LA_KMEANS_CONVERGED) != 0);
	nulls[3] = nulls[4] = nulls[5] = model->k == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* --- kmeans_silhouette ---------------------------------------------------------- */

/*
 * The counters of a state.  Anybody may call the support functions by hand:
 * everything is checked.
 */
static int64 *
silhouette_counts(ArrayType *state)
{
	const char *name = "state of kmeans_silhouette";
	int64	   *counts;

	if (la_vector_length(state, name) != SILHOUETTE_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have %d elements, not %d", name,
						SILHOUETTE_LENGTH, la_vector_length(state, name))));
	if (la_vector_has_null(state))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name)));
	counts = (int64 *) ARR_DATA_PTR(state);
	for (int i = 0; i < SILHOUETTE_LENGTH; i++)
	{
		if (counts[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not contain %lld", name, (long long) counts[i])));
	}
	return counts;
}

/* argument 0, to be changed: in place within an aggregate, otherwise a copy */
static ArrayType *
silhouette_state(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(0);
	return PG_GETARG_ARRAYTYPE_P_COPY(0);
}

static Datum
add_to_state(ArrayType *state, int64 rows, int64 high, int64 low)
{
	int64	   *counts = silhouette_counts(state);

	if (pg_add_s64_overflow(counts[SILHOUETTE_ROWS], rows, &counts[SILHOUETTE_ROWS]) ||
		pg_add_s64_overflow(counts[SILHOUETTE_HIGH], high, &counts[SILHOUETTE_HIGH]) ||
		pg_add_s64_overflow(counts[SILHOUETTE_LOW], low, &counts[SILHOUETTE_LOW]))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows out of range")));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* transition function: with one cluster there is nothing to compare with */
Datum
kmeans_silhouette_accum(PG_FUNCTION_ARGS)
{
	KmeansFinder *finder = get_finder(fcinfo, 1);
	KmeansNearest nearest;
	uint64		silhouette;

	if (!find_nearest(finder, PG_GETARG_ARRAYTYPE_P(2), &nearest) || la_kmeans_finder_clusters(finder) < 2)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	silhouette = la_kmeans_silhouette(&nearest);
	return add_to_state(silhouette_state(fcinfo), 1, (int64) (silhouette >> HALF_BITS),
						(int64) (silhouette & ((UINT64CONST(1) << HALF_BITS) - 1)));
}

/* combine function */
Datum
kmeans_silhouette_combine(PG_FUNCTION_ARGS)
{
	const int64 *other = silhouette_counts(PG_GETARG_ARRAYTYPE_P(1));

	return add_to_state(silhouette_state(fcinfo), other[SILHOUETTE_ROWS],
						other[SILHOUETTE_HIGH], other[SILHOUETTE_LOW]);
}

/* final function: NULL without rows */
Datum
kmeans_silhouette_final(PG_FUNCTION_ARGS)
{
	const int64 *counts = silhouette_counts(PG_GETARG_ARRAYTYPE_P(0));
	double		sum = ldexp((double) counts[SILHOUETTE_HIGH], -HALF_BITS) +
		ldexp((double) counts[SILHOUETTE_LOW], -2 * HALF_BITS);

	if (counts[SILHOUETTE_ROWS] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sum / (double) counts[SILHOUETTE_ROWS]);
}
