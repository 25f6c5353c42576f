/*
 * linreg.c
 *		SQL entry points of linear regression: linreg_fit, rollup and what is
 *		asked of a model.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "linreg.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(linreg_accum);
PG_FUNCTION_INFO_V1(linreg_accum_array);
PG_FUNCTION_INFO_V1(linreg_combine);
PG_FUNCTION_INFO_V1(linreg_coef);
PG_FUNCTION_INFO_V1(linreg_predict);
PG_FUNCTION_INFO_V1(linreg_predict_array);
PG_FUNCTION_INFO_V1(linreg_stats);

/* what a call site keeps from one row to the next; nothing depends on it */
typedef struct PredictCache
{
	MemoryContext context;
	bool		constant;		/* the model is one in the text of the query */
	Size		size;			/* of the model's datum as it came */
	char	   *datum;
	LinregFit  *fit;
} PredictCache;

/* --- states --------------------------------------------------------------- */

/* An empty state in the current context. */
LinregState *
la_linreg_new(int p)
{
	Size		size = la_linreg_size(p);
	LinregState *state = palloc(size);

	la_linreg_init(state, p);
	SET_VARSIZE(state, size);
	return state;
}

/*
 * la_linreg_from_datum
 *		A flat and aligned state: the argument itself where it is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that
 * a superuser defined has not, so the size is looked at before it is trusted.
 */
LinregState *
la_linreg_from_datum(Datum datum)
{
	LinregState *state = (LinregState *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(state) < la_linreg_size(0) ||
				 state->format != LA_LINREG_FORMAT ||
				 state->p > LA_LINREG_MAX_FEATURES ||
				 VARSIZE(state) != la_linreg_size(state->p)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a regression model", (size_t) VARSIZE(state))));
	return state;
}

/* Error for anything but LA_OK. */
void
la_linreg_report(LaResult result)
{
	if (result == LA_OVERFLOW)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("regression is out of the range of double precision"),
				 errdetail("Differences within a column must stay below about 1e149, and so must their sums of squares below 1e298."),
				 errhint("Scale the features or the target.")));
	if (result == LA_TOO_LARGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("regression of more than %lld rows", (long long) LA_LINREG_MAX_ROWS)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("moments of the regression model contradict each other")));
}

static inline void
check(LaResult result)
{
	if (unlikely(result != LA_OK))
		la_linreg_report(result);
}

/*
 * The state to change in place of argument 0: a new one for NULL, the
 * argument itself where it belongs to an aggregate, else a copy.
 *
 * A new state is born in the current context and not in the aggregate's:
 * nodeAgg.c copies what a transition function returns for the first time, and
 * the original would stay behind, one for each group.
 */
static LinregState *
writable_state(FunctionCallInfo fcinfo, int p)
{
	if (PG_ARGISNULL(0))
		return la_linreg_new(p);
	if (AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_LINREG_P(0);
	return la_linreg_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
}

/* Argument 0 as it is: the row does not count. */
static inline Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

/*
 * A state of p features with what "state" has: the same, unless that has yet
 * to see a row with features.
 */
static LinregState *
with_features(LinregState *state, int p)
{
	LinregState *wider;

	if (likely(state->p == p))
		return state;
	if (state->p != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the rows before, not %d", state->p, p)));
	wider = la_linreg_new(p);
	wider->skipped = state->skipped;
	return wider;
}

/* --- aggregates ----------------------------------------------------------- */

/* transition of linreg_fit(y, x) */
Datum
linreg_accum(PG_FUNCTION_ARGS)
{
	LinregState *state;
	double		y,
				x;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	state = with_features(writable_state(fcinfo, 1), 1);
	if (PG_ARGISNULL(2))
	{
		check(la_linreg_skip(state));
		PG_RETURN_POINTER(state);
	}
	y = PG_GETARG_FLOAT8(1);
	x = PG_GETARG_FLOAT8(2);
	if (unlikely(!isfinite(y) || !isfinite(x)))
	{
		la_check_finite(y, "y");
		la_check_finite(x, "x");
	}
	check(la_linreg_add(state, y, &x));
	PG_RETURN_POINTER(state);
}

/* The number of features in an array. */
static int
count_features(ArrayType *array)
{
	int			p = la_vector_length(array, "x");

	if (p == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have at least one feature")));
	if (p > LA_LINREG_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of features must be at most %d, not %d", LA_LINREG_MAX_FEATURES, p)));
	return p;
}

/* transition of linreg_fit(y, x[]) */
Datum
linreg_accum_array(PG_FUNCTION_ARGS)
{
	LinregState *state;
	ArrayType  *array;
	const double *x;
	int			p;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	if (PG_ARGISNULL(2))
	{
		state = writable_state(fcinfo, 0);
		check(la_linreg_skip(state));
		PG_RETURN_POINTER(state);
	}
	array = PG_GETARG_ARRAYTYPE_P(2);
	p = count_features(array);
	state = with_features(writable_state(fcinfo, p), p);
	if (la_vector_has_null(array))
	{
		check(la_linreg_skip(state));
		PG_RETURN_POINTER(state);
	}
	la_check_finite(PG_GETARG_FLOAT8(1), "y");
	x = la_finite_vector(array, "x", &p);
	check(la_linreg_add(state, PG_GETARG_FLOAT8(1), x));
	PG_RETURN_POINTER(state);
}

/* combine function of linreg_fit, transition of rollup */
Datum
linreg_combine(PG_FUNCTION_ARGS)
{
	LinregState *state;
	LinregState *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_LINREG_P(1);
	state = writable_state(fcinfo, other->p);
	if (state->p != other->p && state->p != 0 && other->p != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("models of %d and %d features cannot be merged", state->p, other->p)));
	if (other->p != 0)
		state = with_features(state, other->p);
	check(la_linreg_merge(state, other));
	PG_RETURN_POINTER(state);
}

/* --- questions to a model ------------------------------------------------- */

/* Solve, in the current context; "result" as of la_linreg_fit_end. */
LinregFit *
la_linreg_solve(const LinregState *state, LaResult *result)
{
	LinregFit  *fit = la_linreg_fit_begin(palloc(la_linreg_fit_size(state->p)), state);

	while (la_linreg_fit_step(fit, state))
		CHECK_FOR_INTERRUPTS();
	*result = la_linreg_fit_end(fit);
	return fit;
}

static LinregFit *
solve_or_report(const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = la_linreg_solve(state, &result);

	check(result);
	return fit;
}

/* linreg_coef(linreg): the intercept, then the slopes */
Datum
linreg_coef(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	LinregFit  *fit = solve_or_report(state);
	int			count = state->p + 1;
	int			lower_bound = 1;
	Datum	   *values = palloc0(count * sizeof(Datum));
	bool	   *nulls = palloc(count * sizeof(bool));
	double		intercept = 0;

	check(la_linreg_intercept(fit, &intercept));
	values[0] = Float8GetDatum(intercept);
	nulls[0] = la_linreg_fit_empty(fit);
	for (int j = 0; j < state->p; j++)
	{
		values[j + 1] = Float8GetDatum(la_linreg_slope(fit, j));
		nulls[j + 1] = !la_linreg_estimable(fit, j);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, 1, &count, &lower_bound, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

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
	cache->constant = false;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	cache->size = is_comparable(datum) ? VARSIZE_ANY(DatumGetPointer(datum)) : 0;
	cache->datum = palloc(Max(cache->size, 1));
	memcpy(cache->datum, DatumGetPointer(datum), cache->size);
	cache->fit = solve_or_report(la_linreg_from_datum(datum));
	cache->constant = constant;
	MemoryContextSwitchTo(caller);
}

/*
 * The solved model of argument 0.  Solving takes the cube of the number of
 * features, so the last one is kept and recognised by its bytes, before they
 * are read from a TOAST table.
 */
static const LinregFit *
cached_fit(FunctionCallInfo fcinfo)
{
	PredictCache *cache = fcinfo->flinfo->fn_extra;
	Datum		datum = PG_GETARG_DATUM(0);

	if (cache != NULL && cache->fit != NULL &&
		(cache->constant ||
		 (cache->size == VARSIZE_ANY(DatumGetPointer(datum)) &&
		  memcmp(cache->datum, DatumGetPointer(datum), cache->size) == 0)))
		return cache->fit;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PredictCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											   "linreg_predict", ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	fill_cache(cache, datum, la_arg_is_constant(fcinfo, 0));
	return cache->fit;
}

static Datum
predict(FunctionCallInfo fcinfo, const LinregFit *fit, const double *x, int p)
{
	double		y;

	if (la_linreg_fit_features(fit) != p && la_linreg_fit_features(fit) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the model, not %d", la_linreg_fit_features(fit), p)));
	if (la_linreg_fit_empty(fit))
		PG_RETURN_NULL();
	if (unlikely(la_linreg_predict(fit, x, &y) != LA_OK))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("prediction is out of the range of double precision")));
	PG_RETURN_FLOAT8(y);
}

/* linreg_predict(linreg, float8) */
Datum
linreg_predict(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(1);

	la_check_finite(x, "x");
	return predict(fcinfo, cached_fit(fcinfo), &x, 1);
}

/* linreg_predict(linreg, float8[]) */
Datum
linreg_predict_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	const LinregFit *fit = cached_fit(fcinfo);
	int			p = count_features(array);

	if (la_vector_has_null(array))
		PG_RETURN_NULL();
	return predict(fcinfo, fit, la_finite_vector(array, "x", &p), p);
}

/* Largest over smallest singular value of the scaled columns. */
static double
condition_number(const LinregFit *fit)
{
	LinregCondition *condition;

	if (la_linreg_fit_empty(fit))
		return NAN;
	condition = la_linreg_condition_begin(palloc(la_linreg_condition_size(fit)), fit);
	while (la_linreg_condition_step(condition))
		CHECK_FOR_INTERRUPTS();
	return la_linreg_condition_number(condition);
}

/* linreg_stats(linreg): a row; NaN of the core is NULL */
Datum
linreg_stats(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	LinregFit  *fit = solve_or_report(state);
	TupleDesc	tupdesc;
	LinregStats stats;
	Datum		values[13];
	bool		nulls[13] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE || tupdesc->natts != 13)
		elog(ERROR, "linreg_stats must return a row of 13 columns");
	la_linreg_stats(fit, &stats);
	{
		const double numbers[10] = {
			stats.r2, stats.adj_r2, stats.residual_se, stats.f_value, stats.f_p_value,
			stats.log_likelihood, stats.aic, stats.bic, stats.loss, condition_number(fit)
		};

		for (int i = 0; i < 10; i++)
		{
			values[i + 3] = Float8GetDatum(numbers[i]);
			nulls[i + 3] = isnan(numbers[i]);
		}
	}
	values[0] = Int64GetDatum(state->n);
	values[1] = Int64GetDatum(state->skipped);
	values[2] = Int64GetDatum(stats.df_residual);
	nulls[2] = la_linreg_fit_empty(fit);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
