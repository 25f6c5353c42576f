/*
 * errorsums.c
 *		SQL entry points of rmse, mae, mape, r2_score, log_loss and brier_score.
 *
 * All of them condense their rows to a value of type error_sums.  Those of the
 * same arguments share it: a query with several adds up once.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "errorsums.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(error_accum_numbers);
PG_FUNCTION_INFO_V1(error_accum_probability);
PG_FUNCTION_INFO_V1(error_accum_class);
PG_FUNCTION_INFO_V1(error_combine);
PG_FUNCTION_INFO_V1(rmse_final);
PG_FUNCTION_INFO_V1(mae_final);
PG_FUNCTION_INFO_V1(mape_final);
PG_FUNCTION_INFO_V1(r2_score_final);
PG_FUNCTION_INFO_V1(log_loss_final);
PG_FUNCTION_INFO_V1(brier_score_final);

/* scikit-learn warns where it fails: the root of the precision of a double */
#define SUM_TOLERANCE	1.5e-8

/* --- states ------------------------------------------------------------------- */

/* An empty state in the current context. */
ErrorSums *
la_error_sums_new(ErrorKind kind)
{
	ErrorSums  *sums = palloc0(sizeof(ErrorSums));

	la_error_init(sums, kind);
	SET_VARSIZE(sums, sizeof(ErrorSums));
	return sums;
}

const char *
la_error_kind_name(int kind)
{
	static const char *const names[] = {"", "numbers", "probabilities", "classes"};

	return names[kind];
}

/*
 * la_error_sums_from_datum
 *		A flat and aligned state: the argument itself where it is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that
 * a superuser defined has not, so it is looked at before it is trusted.
 */
ErrorSums *
la_error_sums_from_datum(Datum datum)
{
	ErrorSums  *sums = (ErrorSums *) PG_DETOAST_DATUM(datum);

	if (unlikely(VARSIZE(sums) != sizeof(ErrorSums) || sums->format != LA_ERROR_FORMAT ||
				 sums->kind < LA_ERROR_NUMBERS || sums->kind > LA_ERROR_CLASSES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not one of type error_sums", (size_t) VARSIZE(sums))));
	return sums;
}

static pg_noinline void
report_other_kind(int kind, int other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("errors of %s and of %s cannot be added up",
					la_error_kind_name(kind), la_error_kind_name(other))));
}

/*
 * The state to change in place of argument 0: a new one for NULL, the
 * argument itself where it belongs to an aggregate, else a copy.
 *
 * A new state is born in the current context and not in the aggregate's:
 * nodeAgg.c copies what a transition function returns for the first time.
 */
static ErrorSums *
writable_state(FunctionCallInfo fcinfo, ErrorKind kind)
{
	ErrorSums  *sums;

	if (PG_ARGISNULL(0))
		return la_error_sums_new(kind);
	if (AggCheckCallContext(fcinfo, NULL))
		sums = PG_GETARG_ERROR_SUMS_P(0);
	else
		sums = la_error_sums_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
	if (unlikely(sums->kind != kind))
		report_other_kind(sums->kind, kind);
	return sums;
}

/* Argument 0 as it is: the row does not count. */
static inline Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

static inline void
check(LaResult result)
{
	if (unlikely(result != LA_OK))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows out of range")));
}

/* --- rows --------------------------------------------------------------------- */

/* error_accum(state, actual, predicted): numbers */
Datum
error_accum_numbers(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums;
	double		actual;
	double		predicted;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	actual = PG_GETARG_FLOAT8(1);
	predicted = PG_GETARG_FLOAT8(2);
	la_check_finite(actual, "actual");
	la_check_finite(predicted, "predicted");
	sums = writable_state(fcinfo, LA_ERROR_NUMBERS);
	check(la_error_add_number(sums, actual, predicted));
	PG_RETURN_POINTER(sums);
}

static pg_noinline void
report_bad_probability(double probability)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("probability must be between 0 and 1, not %s", la_float8_out(probability))));
}

/* written so that NaN fails it */
static inline void
check_probability(double probability)
{
	if (unlikely(!(probability >= 0 && probability <= 1)))
		report_bad_probability(probability);
}

/* error_accum(state, actual, probability) */
Datum
error_accum_probability(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums;
	double		probability;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	probability = PG_GETARG_FLOAT8(2);
	check_probability(probability);
	sums = writable_state(fcinfo, LA_ERROR_PROBABILITIES);
	check(la_error_add_probability(sums, PG_GETARG_BOOL(1), probability));
	PG_RETURN_POINTER(sums);
}

/* The position of the class in an array of classes. */
static int
find_class(text *actual, ArrayType *classes)
{
	int			n = la_vector_length(classes, "classes");
	int			found = la_text_position(actual, classes, "classes");

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class \"%s\" is not among the %d classes", text_to_cstring(actual), n)));
	return found;
}

static const double *
get_probabilities(ArrayType *array, int nclasses)
{
	int			n;
	const double *probabilities = la_finite_vector(array, "probabilities", &n);
	double		sum = 0;

	if (n != nclasses)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d classes, but %d probabilities", nclasses, n)));
	for (int i = 0; i < n; i++)
	{
		check_probability(probabilities[i]);
		sum += probabilities[i];
	}
	if (fabs(sum - 1) > SUM_TOLERANCE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("probabilities of all classes must add up to 1, not %s", la_float8_out(sum))));
	return probabilities;
}

/* error_accum(state, actual, probabilities, classes) */
Datum
error_accum_class(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums;
	ArrayType  *classes;
	int			actual;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("classes must not be NULL")));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	classes = PG_GETARG_ARRAYTYPE_P(3);
	actual = find_class(PG_GETARG_TEXT_PP(1), classes);
	sums = writable_state(fcinfo, LA_ERROR_CLASSES);
	check(la_error_add_class(sums, get_probabilities(PG_GETARG_ARRAYTYPE_P(2),
													 la_vector_length(classes, "classes"))[actual]));
	PG_RETURN_POINTER(sums);
}

/* error_combine(state, other) */
Datum
error_combine(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums;
	ErrorSums  *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = PG_GETARG_ERROR_SUMS_P(1);
	sums = writable_state(fcinfo, (ErrorKind) other->kind);
	check(la_error_merge(sums, other));
	PG_RETURN_POINTER(sums);
}

/* --- results ------------------------------------------------------------------ */

/* Argument 0, which must be of this kind. */
static ErrorSums *
get_sums(FunctionCallInfo fcinfo, const char *function, ErrorKind kind, ErrorKind other_kind)
{
	ErrorSums  *sums = PG_GETARG_ERROR_SUMS_P(0);

	if (sums->kind != kind && sums->kind != other_kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("errors of %s have no %s", la_error_kind_name(sums->kind), function)));
	return sums;
}

/* NaN of the core is NULL. */
static Datum
finite_or_null(FunctionCallInfo fcinfo, double result, const char *function)
{
	if (isnan(result))
		PG_RETURN_NULL();
	if (isinf(result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of the range of double precision", function)));
	PG_RETURN_FLOAT8(result);
}

static Datum
mean_result(FunctionCallInfo fcinfo, int sum, const char *function, ErrorKind kind, ErrorKind other_kind)
{
	return finite_or_null(fcinfo, la_error_mean(get_sums(fcinfo, function, kind, other_kind), sum), function);
}

/* rmse_final(state) */
Datum
rmse_final(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums = get_sums(fcinfo, "rmse", LA_ERROR_NUMBERS, LA_ERROR_NUMBERS);

	return finite_or_null(fcinfo, la_error_root_mean_square(sums), "rmse");
}

/* mae_final(state) */
Datum
mae_final(PG_FUNCTION_ARGS)
{
	return mean_result(fcinfo, LA_SUM_ABSOLUTE, "mae", LA_ERROR_NUMBERS, LA_ERROR_NUMBERS);
}

/* mape_final(state) */
Datum
mape_final(PG_FUNCTION_ARGS)
{
	return mean_result(fcinfo, LA_SUM_RELATIVE, "mape", LA_ERROR_NUMBERS, LA_ERROR_NUMBERS);
}

/* r2_score_final(state): NULL with less than two rows */
Datum
r2_score_final(PG_FUNCTION_ARGS)
{
	ErrorSums  *sums = get_sums(fcinfo, "r2_score", LA_ERROR_NUMBERS, LA_ERROR_NUMBERS);

	return finite_or_null(fcinfo, la_error_r2(sums), "r2_score");
}

/* log_loss_final(state) */
Datum
log_loss_final(PG_FUNCTION_ARGS)
{
	return mean_result(fcinfo, LA_SUM_LOG, "log_loss", LA_ERROR_PROBABILITIES, LA_ERROR_CLASSES);
}

/* brier_score_final(state) */
Datum
brier_score_final(PG_FUNCTION_ARGS)
{
	return mean_result(fcinfo, LA_SUM_BRIER, "brier_score", LA_ERROR_PROBABILITIES, LA_ERROR_PROBABILITIES);
}
