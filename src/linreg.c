/*
 * linreg.c
 *		SQL entry points of linear regression: linreg_fit, linreg_fit_origin,
 *		rollup and the coefficients.
 */
#include "liveanalytics.h"

#include "catalog/pg_type.h"
#include "linreg_row.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(linreg_accum);
PG_FUNCTION_INFO_V1(linreg_accum_array);
PG_FUNCTION_INFO_V1(linreg_accum_weighted);
PG_FUNCTION_INFO_V1(linreg_accum_array_weighted);
PG_FUNCTION_INFO_V1(linreg_accum_origin);
PG_FUNCTION_INFO_V1(linreg_accum_origin_array);
PG_FUNCTION_INFO_V1(linreg_accum_origin_weighted);
PG_FUNCTION_INFO_V1(linreg_accum_origin_array_weighted);
PG_FUNCTION_INFO_V1(linreg_combine);
PG_FUNCTION_INFO_V1(linreg_final);
PG_FUNCTION_INFO_V1(linreg_coef);

/* --- states --------------------------------------------------------------- */

static Size
state_size(int p, int flags)
{
	return la_linreg_size(p) + (flags & LA_LINREG_ROOM ? la_linreg_room_size(p) * sizeof(double) : 0);
}

/* An empty state in the current context. */
LinregState *
la_linreg_new(int p, int flags)
{
	Size		size = state_size(p, flags);
	LinregState *state = palloc(size);

	la_linreg_init(state, p, flags);
	memset((char *) state + la_linreg_size(p), 0, size - la_linreg_size(p));
	SET_VARSIZE(state, size);
	return state;
}

/*
 * A flat and aligned state, in which rows may wait: the argument itself where it
 * is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that
 * a superuser defined has not, so the size is looked at before it is trusted.
 */
static LinregState *
waiting_state(Datum datum)
{
	LinregState *state = (LinregState *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(state) < la_linreg_size(0) ||
				 state->format != LA_LINREG_FORMAT ||
				 state->p > LA_LINREG_MAX_FEATURES ||
				 VARSIZE(state) != state_size(state->p, state->flags) ||
				 !la_linreg_waiting_fit(state)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a regression model", (size_t) VARSIZE(state))));
	return state;
}

/* A copy of a state, in the current context, in which no row waits. */
static pg_noinline LinregState *
without_room(const LinregState *state)
{
	LinregState *copy = palloc(VARSIZE(state));

	memcpy(copy, state, VARSIZE(state));
	la_linreg_check_result(la_linreg_flush(copy));
	copy->flags &= LA_LINREG_FLAGS;
	SET_VARSIZE(copy, la_linreg_size(copy->p));
	return copy;
}

/*
 * la_linreg_from_datum
 *		A flat and aligned state in which no row waits: the argument itself
 *		where it is that.
 */
LinregState *
la_linreg_from_datum(Datum datum)
{
	LinregState *state = waiting_state(datum);

	return state->flags & LA_LINREG_ROOM ? without_room(state) : state;
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

LA_NORETURN static void
report_intercept(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("regressions with and without an intercept cannot be merged")));
	pg_unreachable();
}

/*
 * The state to change in place of argument 0: a new one for NULL, the
 * argument itself where it belongs to an aggregate, else a copy.
 *
 * A new state is born in the current context and not in the aggregate's:
 * nodeAgg.c copies what a transition function returns for the first time, and
 * the original would stay behind, one for each group.  It has room for rows
 * that wait, but not over a window, whose every row asks for the model.
 */
static LinregState *
writable_state(FunctionCallInfo fcinfo, int p, int flags)
{
	int			kind = AggCheckCallContext(fcinfo, NULL);
	LinregState *state;

	if (PG_ARGISNULL(0))
		return la_linreg_new(p, flags | (kind == AGG_CONTEXT_AGGREGATE ? LA_LINREG_ROOM : 0));
	if (kind != 0)
		state = waiting_state(PG_GETARG_DATUM(0));
	else
		state = la_linreg_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
	if (unlikely((state->flags ^ flags) & LA_LINREG_ORIGIN))
		report_intercept();
	return state;
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
	wider = la_linreg_new(p, state->flags);
	wider->skipped = state->skipped;
	return wider;
}

/* --- aggregates ----------------------------------------------------------- */

/* The number of features in an array. */
int
la_linreg_count_features(ArrayType *array)
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

/* the transition of all of them */
static inline Datum
accum(FunctionCallInfo fcinfo, int flags)
{
	LinregRow	row;
	LinregRowKind kind = linreg_get_row(fcinfo, flags, &row);
	LinregState *state;

	if (kind == LINREG_IGNORED)
		return unchanged_state(fcinfo);
	state = writable_state(fcinfo, row.p, flags & LA_LINREG_FLAGS);
	if (row.p != 0)
		state = with_features(state, row.p);
	if (kind == LINREG_COUNTED)
		la_linreg_check_result(la_linreg_defer(state, row.y, row.x, row.weight));
	else
		la_linreg_check_result(la_linreg_skip(state));
	PG_RETURN_POINTER(state);
}

/* linreg_fit(y, x) */
Datum
linreg_accum(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, 0);
}

/* linreg_fit(y, x[]) */
Datum
linreg_accum_array(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LINREG_ARRAY);
}

/* linreg_fit(y, x, weight) */
Datum
linreg_accum_weighted(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LA_LINREG_WEIGHTED);
}

/* linreg_fit(y, x[], weight) */
Datum
linreg_accum_array_weighted(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LINREG_ARRAY | LA_LINREG_WEIGHTED);
}

/* linreg_fit_origin(y, x) */
Datum
linreg_accum_origin(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LA_LINREG_ORIGIN);
}

/* linreg_fit_origin(y, x[]) */
Datum
linreg_accum_origin_array(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LINREG_ARRAY | LA_LINREG_ORIGIN);
}

/* linreg_fit_origin(y, x, weight) */
Datum
linreg_accum_origin_weighted(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LA_LINREG_ORIGIN | LA_LINREG_WEIGHTED);
}

/* linreg_fit_origin(y, x[], weight) */
Datum
linreg_accum_origin_array_weighted(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, LINREG_ARRAY | LA_LINREG_ORIGIN | LA_LINREG_WEIGHTED);
}

/* the same for the model of other rows: no row waits in it */
static LinregState *
mergeable_state(FunctionCallInfo fcinfo, const LinregState *other)
{
	LinregState *state;

	if (PG_ARGISNULL(0))
		return la_linreg_new(other->p, other->flags);
	state = writable_state(fcinfo, other->p, other->flags);
	return state->flags & LA_LINREG_ROOM ? without_room(state) : state;
}

/* combine function of all of them, transition of rollup */
Datum
linreg_combine(PG_FUNCTION_ARGS)
{
	LinregState *state;
	LinregState *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_LINREG_P(1);
	state = mergeable_state(fcinfo, other);
	if (state->p != other->p && state->p != 0 && other->p != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("models of %d and %d features cannot be merged", state->p, other->p)));
	if (other->p != 0)
		state = with_features(state, other->p);
	la_linreg_check_result(la_linreg_merge(state, other));
	PG_RETURN_POINTER(state);
}

/* linreg_final(linreg): the model without room for rows that wait */
Datum
linreg_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_LINREG_P(0));
}

/* --- the solved model ------------------------------------------------------ */

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

LinregFit *
la_linreg_solve_or_report(const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = la_linreg_solve(state, &result);

	la_linreg_check_result(result);
	return fit;
}

/* linreg_coef(linreg): the intercept, then the slopes */
Datum
linreg_coef(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	LinregFit  *fit = la_linreg_solve_or_report(state);
	int			count = state->p + 1;
	int			lower_bound = 1;
	Datum	   *values = palloc0(count * sizeof(Datum));
	bool	   *nulls = palloc(count * sizeof(bool));
	double		intercept = 0;

	la_linreg_check_result(la_linreg_intercept(fit, &intercept));
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
