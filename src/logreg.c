/*
 * logreg.c
 *		SQL entry points of logistic regression: what is asked of a model.
 */
#include "liveanalytics.h"

#include <math.h>

#include "access/htup_details.h"
#include "args.h"
#include "catalog/pg_type.h"
#include "core/normal_core.h"
#include "funcapi.h"
#include "keptmodel.h"
#include "logreg.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(logreg_predict);
PG_FUNCTION_INFO_V1(logreg_predict_class);
PG_FUNCTION_INFO_V1(logreg_predict_proba);
PG_FUNCTION_INFO_V1(logreg_classes);
PG_FUNCTION_INFO_V1(logreg_terms);
PG_FUNCTION_INFO_V1(logreg_stats);

#define STATS_COLUMNS 18
#define TERMS_COLUMNS 8

/* a model made ready */
typedef struct Predictor
{
	Logreg	   *model;
	double	   *probabilities;	/* of the last row */
} Predictor;

/* --- models ----------------------------------------------------------------------- */

/* A model in the current context, all of it 0. */
Logreg *
la_logreg_new(int p, int classes, Size label_bytes)
{
	Size		size = la_logreg_model_size(p, classes, label_bytes);
	Logreg	   *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->format = LA_LOGREG_FORMAT;
	model->p = p;
	model->classes = classes;
	model->label_bytes = label_bytes;
	return model;
}

/* Nothing is estimated yet. */
void
la_logreg_clear_estimates(Logreg *model)
{
	Size		n = la_logreg_nvalues(model->p, model->classes) - model->p - model->classes;

	for (Size i = 0; i < n; i++)
		la_logreg_bases(model)[i] = get_float8_nan();
}

/*
 * la_logreg_from_datum
 *		A flat and aligned model: the argument itself where it is that.
 *
 * Input and receive functions have checked the value; a cast from bytea that a
 * superuser defined has not, so the shape is looked at before it is trusted.
 */
Logreg *
la_logreg_from_datum(Datum datum)
{
	Logreg	   *model = (Logreg *) PG_DETOAST_DATUM(datum);

	if (unlikely(la_logreg_check(model, VARSIZE(model)) != LA_OK))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value of %zu bytes is not a logistic regression", (size_t) VARSIZE(model))));
	return model;
}

/* The label of class c, from 0. */
text *
la_logreg_label(const Logreg *model, int c)
{
	const char *label = la_logreg_label_text(model);

	for (int i = 0; i < c; i++)
		label += la_logreg_label_lengths(model)[i];
	return cstring_to_text_with_len(label, la_logreg_label_lengths(model)[c]);
}

/* --- prediction ------------------------------------------------------------------- */

static void *
make_predictor(Datum datum)
{
	Predictor  *predictor = palloc(sizeof(Predictor));

	predictor->model = la_logreg_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(datum)));
	predictor->probabilities = palloc(Max(predictor->model->classes, 1) * sizeof(double));
	return predictor;
}

/*
 * Argument 0 applied to argument 1: the predictor with the probabilities in
 * it, or NULL where there is nothing to say.
 */
static Predictor *
apply_model(FunctionCallInfo fcinfo)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Predictor  *predictor = la_kept_model(fcinfo, 0, make_predictor);
	const Logreg *model = predictor->model;
	int			p = la_vector_length(array, "x");

	if (unlikely(p != model->p && model->p != 0))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the model, not %d", model->p, p)));
	if (la_vector_has_null(array))
		return NULL;
	if (!la_logreg_predicts(model))
	{
		(void) la_finite_vector(array, "x", &p);
		return NULL;
	}
	la_logreg_probabilities(model, la_finite_vector(array, "x", &p), predictor->probabilities);
	return predictor;
}

/* logreg_predict(model, x): the probability of the second class, true */
Datum
logreg_predict(PG_FUNCTION_ARGS)
{
	Predictor  *predictor = apply_model(fcinfo);

	if (predictor == NULL)
		PG_RETURN_NULL();
	if (predictor->model->classes > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model has %d classes, and not a single probability", predictor->model->classes),
				 errhint("Use logreg_predict_proba or logreg_predict_class.")));
	PG_RETURN_FLOAT8(predictor->probabilities[1]);
}

/* logreg_predict_class(model, x): the most probable class, of equal ones the first */
Datum
logreg_predict_class(PG_FUNCTION_ARGS)
{
	Predictor  *predictor = apply_model(fcinfo);
	int			best = 0;

	if (predictor == NULL)
		PG_RETURN_NULL();
	for (int c = 1; c < predictor->model->classes; c++)
	{
		if (predictor->probabilities[c] > predictor->probabilities[best])
			best = c;
	}
	PG_RETURN_TEXT_P(la_logreg_label(predictor->model, best));
}

/* logreg_predict_proba(model, x): of every class, in the order of logreg_classes */
Datum
logreg_predict_proba(PG_FUNCTION_ARGS)
{
	Predictor  *predictor = apply_model(fcinfo);

	if (predictor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(la_float8_array(predictor->probabilities, predictor->model->classes));
}

/* --- looking into a model ----------------------------------------------------------- */

/* logreg_classes(model) */
Datum
logreg_classes(PG_FUNCTION_ARGS)
{
	const Logreg *model = PG_GETARG_LOGREG_P(0);
	Datum	   *labels = palloc(Max(model->classes, 1) * sizeof(Datum));

	for (int c = 0; c < model->classes; c++)
		labels[c] = PointerGetDatum(la_logreg_label(model, c));
	PG_RETURN_ARRAYTYPE_P(construct_array(labels, model->classes, TEXTOID, -1, false, TYPALIGN_INT));
}

/* --- logreg_terms -------------------------------------------------------------------- */

typedef struct Terms
{
	Logreg	   *model;
	Datum	   *names;			/* NULL: x1, x2, .. */
	double		quantile;		/* of half the width of an interval */
} Terms;

static double
get_level(FunctionCallInfo fcinfo)
{
	double		level = PG_GETARG_FLOAT8(2);

	if (!(level > 0 && level < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("level must be between 0 and 1, not %g", level),
				 errhint("Write 95 percent as 0.95.")));
	return level;
}

/* The names of the features, one for each, or NULL for an empty array. */
static Datum *
get_names(FunctionCallInfo fcinfo, int p)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P_COPY(1);
	int			n = la_vector_length(array, "names");
	Datum	   *names;
	bool	   *nulls;

	if (n == 0)
		return NULL;
	if (n != p)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("names must have %d elements, one for each feature, not %d", p, n)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	for (int j = 0; j < n; j++)
	{
		if (nulls[j])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("names must not contain NULL")));
	}
	return names;
}

static void
begin_terms(FunctionCallInfo fcinfo)
{
	FuncCallContext *calls = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
	Terms	   *terms = palloc0(sizeof(Terms));
	TupleDesc	row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE || row->natts != TERMS_COLUMNS)
		elog(ERROR, "logreg_terms must return a row of %d columns", TERMS_COLUMNS);
	calls->tuple_desc = BlessTupleDesc(row);
	calls->user_fctx = terms;
	terms->model = la_logreg_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
	terms->quantile = la_normal_quantile(0.5 + get_level(fcinfo) / 2);
	terms->names = get_names(fcinfo, terms->model->p);
	calls->max_calls = la_logreg_k(terms->model) * (terms->model->p + 1);
	MemoryContextSwitchTo(old);
}

static text *
name_of_term(const Terms *terms, int term)
{
	if (term == 0)
		return cstring_to_text("(intercept)");
	if (terms->names)
		return DatumGetTextPP(terms->names[term - 1]);
	return cstring_to_text(psprintf("x%d", term));
}

/* estimate, standard error, z, p, interval; NaN for none */
static void
describe_term(const Terms *terms, int c, int term, double *numbers)
{
	double		estimate = term == 0 ? la_logreg_intercept(terms->model, c) :
		la_logreg_slopes(terms->model, c)[term - 1];
	double		error = la_logreg_std_errors(terms->model, c)[term];

	numbers[0] = estimate;
	numbers[1] = error;
	numbers[2] = estimate / error;
	numbers[3] = la_normal_both_tails(numbers[2]);
	numbers[4] = estimate - terms->quantile * error;
	numbers[5] = estimate + terms->quantile * error;
}

/* logreg_terms(model, names, level): a row for each class but the first and term */
Datum
logreg_terms(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	Terms	   *terms;
	Datum		values[TERMS_COLUMNS];
	bool		nulls[TERMS_COLUMNS] = {false};
	double		numbers[6];
	int			c;
	int			term;

	if (SRF_IS_FIRSTCALL())
		begin_terms(fcinfo);
	calls = SRF_PERCALL_SETUP();
	terms = calls->user_fctx;
	if (calls->call_cntr >= calls->max_calls)
		SRF_RETURN_DONE(calls);
	c = 1 + calls->call_cntr / (terms->model->p + 1);
	term = calls->call_cntr % (terms->model->p + 1);
	describe_term(terms, c, term, numbers);
	values[0] = PointerGetDatum(la_logreg_label(terms->model, c));
	values[1] = PointerGetDatum(name_of_term(terms, term));
	for (int i = 0; i < 6; i++)
	{
		values[i + 2] = Float8GetDatum(numbers[i]);
		nulls[i + 2] = isnan(numbers[i]);
	}
	SRF_RETURN_NEXT(calls, HeapTupleGetDatum(heap_form_tuple(calls->tuple_desc, values, nulls)));
}

/* --- logreg_stats -------------------------------------------------------------------- */

/* logreg_stats(model): a row; NaN of the core is NULL */
Datum
logreg_stats(PG_FUNCTION_ARGS)
{
	const Logreg *model = PG_GETARG_LOGREG_P(0);
	TupleDesc	row;
	LogregStats stats;
	Datum		values[STATS_COLUMNS];
	bool		nulls[STATS_COLUMNS] = {false};
	int			i = 0;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE || row->natts != STATS_COLUMNS)
		elog(ERROR, "logreg_stats must return a row of %d columns", STATS_COLUMNS);
	la_logreg_stats(model, &stats);
	values[i++] = Int64GetDatum(model->n);
	values[i++] = Int64GetDatum(model->skipped);
	values[i++] = Int32GetDatum(model->classes);
	values[i++] = Int32GetDatum(stats.df_model);
	values[i++] = Int64GetDatum(stats.df_residual);
	{
		const double numbers[] = {
			stats.log_likelihood, stats.null_log_likelihood, stats.deviance, stats.null_deviance,
			stats.aic, stats.bic, stats.pseudo_r2, stats.lr_chi2, stats.lr_p_value, model->l2
		};

		for (int j = 0; j < lengthof(numbers); j++, i++)
		{
			values[i] = Float8GetDatum(numbers[j]);
			nulls[i] = isnan(numbers[j]) || (model->n == 0 && j < lengthof(numbers) - 1);
		}
	}
	values[i++] = Int32GetDatum(model->iterations);
	values[i++] = BoolGetDatum((model->flags & LA_LOGREG_CONVERGED) != 0);
	values[i++] = BoolGetDatum((model->flags & LA_LOGREG_SEPARATED) != 0);
	Assert(i == STATS_COLUMNS);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
