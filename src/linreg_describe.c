/*
 * linreg_describe.c
 *		SQL entry points of linear regression: linreg_stats, linreg_terms.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "catalog/pg_type.h"
#include "core/linreg_inference.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "linreg.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(linreg_stats);
PG_FUNCTION_INFO_V1(linreg_terms);

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
	LinregFit  *fit = la_linreg_solve_or_report(state);
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

/* --- terms ---------------------------------------------------------------- */

/* Names of p features: those of the array, or x1, x2, .. if it is empty. */
static char **
feature_names(ArrayType *array, int p)
{
	int			count = la_vector_length(array, "names");
	char	  **names;
	Datum	   *elements;

	if (count == 0)
	{
		names = palloc(p * sizeof(char *));
		for (int j = 0; j < p; j++)
			names[j] = psprintf("x%d", j + 1);
		return names;
	}
	if (count != p)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of names must be %d, one for each feature, not %d", p, count)));
	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("names must not contain NULL")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
	names = palloc(p * sizeof(char *));
	for (int j = 0; j < p; j++)
		names[j] = TextDatumGetCString(elements[j]);
	return names;
}

/* Say which features have no coefficient. */
static void
notice_dependent(const LinregFit *fit, char **names)
{
	StringInfoData list;
	int			count = 0;

	if (la_linreg_fit_empty(fit))
		return;
	initStringInfo(&list);
	for (int j = 0; j < la_linreg_fit_features(fit); j++)
	{
		if (!la_linreg_estimable(fit, j))
			appendStringInfo(&list, "%s%s", count++ == 0 ? "" : ", ", names[j]);
	}
	if (count > 0)
		ereport(NOTICE,
				(errmsg("there is no coefficient for %s", list.data),
				 errdetail("A feature that depends on those before it has none, nor has one for which there are no rows left.")));
	pfree(list.data);
}

static LinregErrors *
find_errors(const LinregFit *fit)
{
	LinregErrors *errors = la_linreg_errors_begin(palloc(la_linreg_errors_size(fit)), fit);

	while (la_linreg_errors_step(errors, fit))
		CHECK_FOR_INTERRUPTS();
	return errors;
}

/* a row of the result; NaN of the core is NULL */
static void
put_term(ReturnSetInfo *result, const char *name, const LinregTerm *term)
{
	const double numbers[6] = {
		term->estimate, term->std_error, term->t_value, term->p_value, term->ci_low, term->ci_high
	};
	Datum		values[7];
	bool		nulls[7] = {false};

	values[0] = CStringGetTextDatum(name);
	for (int i = 0; i < 6; i++)
	{
		values[i + 1] = Float8GetDatum(numbers[i]);
		nulls[i + 1] = isnan(numbers[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* linreg_terms(linreg, names, level): the intercept, then the features */
Datum
linreg_terms(PG_FUNCTION_ARGS)
{
	LinregState *state = PG_GETARG_LINREG_P(0);
	double		level = PG_GETARG_FLOAT8(2);
	char	  **names = feature_names(PG_GETARG_ARRAYTYPE_P(1), state->p);
	LinregFit  *fit = la_linreg_solve_or_report(state);
	LinregErrors *errors;
	double		quantile;

	la_linreg_check_level(level);
	InitMaterializedSRF(fcinfo, 0);
	errors = find_errors(fit);
	quantile = la_linreg_t_quantile(fit, level);
	for (int j = la_linreg_has_intercept(fit) ? LA_LINREG_INTERCEPT : 0; j < state->p; j++)
	{
		LinregTerm	term;

		if (la_linreg_term(fit, errors, j, quantile, &term) != LA_OK)
			la_linreg_report(LA_OVERFLOW);
		put_term((ReturnSetInfo *) fcinfo->resultinfo,
				 j == LA_LINREG_INTERCEPT ? "(intercept)" : names[j], &term);
	}
	notice_dependent(fit, names);
	return (Datum) 0;
}
