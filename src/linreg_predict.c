/*
 * linreg_predict.c
 *		SQL entry points of linear regression: linreg_predict, linreg_interval.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "core/linreg_inference.h"
#include "funcapi.h"
#include "linreg.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(linreg_predict);
PG_FUNCTION_INFO_V1(linreg_predict_array);
PG_FUNCTION_INFO_V1(linreg_interval);
PG_FUNCTION_INFO_V1(linreg_interval_array);

/* what a call site keeps from one row to the next; nothing depends on it */
typedef struct PredictCache
{
	MemoryContext context;		/* of datum, fit and work */
	bool		constant;		/* the model is one in the text of the query */
	Size		size;			/* of the model's datum as it came */
	char	   *datum;
	LinregFit  *fit;
	/* of linreg_interval only */
	void	   *work;			/* NULL until it is needed */
	double		level;
	double		quantile;
	TupleDesc	tupdesc;		/* in fn_mcxt */
} PredictCache;

/*
 * Can two datums of the same bytes be taken for the same value?  A pointer to
 * memory cannot; one to a toasted value can, as long as a row refers to it.
 */
static bool
is_comparable(Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);

	return !VARATT_IS_EXTERNAL(value) || VARATT_IS_EXTERNAL_ONDISK(value);
}

static void
fill_cache(PredictCache *cache, Datum datum, bool constant)
{
	MemoryContext caller;

	cache->fit = NULL;
	cache->work = NULL;
	cache->constant = false;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	cache->size = is_comparable(datum) ? VARSIZE_ANY(DatumGetPointer(datum)) : 0;
	cache->datum = palloc(Max(cache->size, 1));
	memcpy(cache->datum, DatumGetPointer(datum), cache->size);
	cache->fit = la_linreg_solve_or_report(la_linreg_from_datum(datum));
	cache->constant = constant;
	MemoryContextSwitchTo(caller);
}

/*
 * The solved model of argument 0.  Solving takes the cube of the number of
 * features, so the last one is kept and recognised by its bytes, before they
 * are read from a TOAST table.
 */
static PredictCache *
cached_fit(FunctionCallInfo fcinfo)
{
	PredictCache *cache = fcinfo->flinfo->fn_extra;
	Datum		datum = PG_GETARG_DATUM(0);

	if (cache != NULL && cache->fit != NULL &&
		(cache->constant ||
		 (cache->size == VARSIZE_ANY(DatumGetPointer(datum)) &&
		  memcmp(cache->datum, DatumGetPointer(datum), cache->size) == 0)))
		return cache;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PredictCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											   "linreg_predict", ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	fill_cache(cache, datum, la_arg_is_constant(fcinfo, 0));
	return cache;
}

/* Is there a prediction at p features?  Error if the model has others. */
static bool
can_predict(const LinregFit *fit, int p)
{
	if (la_linreg_fit_features(fit) != p && la_linreg_fit_features(fit) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the model, not %d", la_linreg_fit_features(fit), p)));
	return !la_linreg_fit_empty(fit);
}

LA_NORETURN static void
report_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("prediction is out of the range of double precision")));
	pg_unreachable();
}

static Datum
predict(FunctionCallInfo fcinfo, const double *x, int p)
{
	const LinregFit *fit = cached_fit(fcinfo)->fit;
	double		y;

	if (!can_predict(fit, p))
		PG_RETURN_NULL();
	if (unlikely(la_linreg_predict(fit, x, &y) != LA_OK))
		report_range();
	PG_RETURN_FLOAT8(y);
}

/* linreg_predict(linreg, float8) */
Datum
linreg_predict(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(1);

	la_check_finite(x, "x");
	return predict(fcinfo, &x, 1);
}

/* linreg_predict(linreg, float8[]) */
Datum
linreg_predict_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			p = la_linreg_count_features(array);

	if (la_vector_has_null(array))
	{
		can_predict(cached_fit(fcinfo)->fit, p);
		PG_RETURN_NULL();
	}
	return predict(fcinfo, la_finite_vector(array, "x", &p), p);
}

/* --- intervals ------------------------------------------------------------ */

/* Error unless "level" is one. */
void
la_linreg_check_level(double level)
{
	/* written so that NaN fails it */
	if (!(level > 0 && level < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("level must be greater than 0 and less than 1, not %g", level)));
}

/* What linreg_interval needs besides the solved model. */
static void
prepare_interval(FunctionCallInfo fcinfo, PredictCache *cache, double level)
{
	if (cache->work == NULL || cache->level != level)
	{
		if (cache->work == NULL)
			cache->work = MemoryContextAlloc(cache->context, Max(la_linreg_interval_size(cache->fit), 1));
		cache->quantile = la_linreg_t_quantile(cache->fit, level);
		cache->level = level;
	}
	if (cache->tupdesc == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != 5)
			elog(ERROR, "linreg_interval must return a row of 5 columns");
		cache->tupdesc = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(caller);
	}
}

static Datum
interval(FunctionCallInfo fcinfo, const double *x, int p)
{
	double		level = PG_GETARG_FLOAT8(2);
	PredictCache *cache = cached_fit(fcinfo);
	LinregInterval result;
	Datum		values[5];
	bool		nulls[5];

	if (!can_predict(cache->fit, p))
		PG_RETURN_NULL();
	prepare_interval(fcinfo, cache, level);
	if (unlikely(la_linreg_interval(cache->fit, cache->work, x, cache->quantile, &result) != LA_OK))
		report_range();
	{
		const double numbers[5] = {result.fit, result.ci_low, result.ci_high, result.pi_low, result.pi_high};

		for (int i = 0; i < 5; i++)
		{
			values[i] = Float8GetDatum(numbers[i]);
			nulls[i] = isnan(numbers[i]);
		}
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(cache->tupdesc, values, nulls)));
}

/* linreg_interval(linreg, float8, float8) */
Datum
linreg_interval(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(1);

	la_linreg_check_level(PG_GETARG_FLOAT8(2));
	la_check_finite(x, "x");
	return interval(fcinfo, &x, 1);
}

/* linreg_interval(linreg, float8[], float8) */
Datum
linreg_interval_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			p = la_linreg_count_features(array);

	la_linreg_check_level(PG_GETARG_FLOAT8(2));
	if (la_vector_has_null(array))
	{
		can_predict(cached_fit(fcinfo)->fit, p);
		PG_RETURN_NULL();
	}
	return interval(fcinfo, la_finite_vector(array, "x", &p), p);
}
