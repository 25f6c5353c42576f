/*
 * logreg_fit.c
 *		logreg_fit: the aggregates that fit logistic regressions.
 *
 * The transition functions keep the rows (rowstore.c); the final function
 * brings them into canonical order (logreg_rows.c) and fits (core/logreg_core.c).
 * Nothing in it depends on the order of the rows.
 */
#include "liveanalytics.h"

#include <math.h>

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "args.h"
#include "logreg.h"
#include "logreg_rows.h"
#include "options.h"
#include "stateargs.h"

PG_FUNCTION_INFO_V1(logreg_accum_boolean);
PG_FUNCTION_INFO_V1(logreg_accum_text);
PG_FUNCTION_INFO_V1(logreg_final);

/* features that differ by more overflow when they are squared */
#define MAX_RANGE 1e150

/* the labels met so far, numbered in the order of their first appearance */
typedef struct FitLabel
{
	const char *text;
	uint32		length;
} FitLabel;

typedef struct FitLabelEntry
{
	FitLabel	label;
	uint32		number;
	char		status;
} FitLabelEntry;

#define SH_PREFIX fitlabels
#define SH_ELEMENT_TYPE FitLabelEntry
#define SH_KEY_TYPE FitLabel
#define SH_KEY label
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).text, (int) (key).length)
#define SH_EQUAL(tb, a, b) ((a).length == (b).length && memcmp((a).text, (b).text, (a).length) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct FitState
{
	MemoryContext context;
	bool		boolean;
	int			p;				/* 0 until a row shows it */
	int64		skipped;
	LogregOptions options;
	Jsonb	   *jsonb;			/* options as given; NULL for none */
	RowStore   *rows;			/* NULL until a row counts */
	double	   *row;
	fitlabels_hash *table;		/* the same labels as below */
	FitLabel   *labels;
	uint32		nlabels;
	uint32		max_labels;
} FitState;

/* --- collecting rows ---------------------------------------------------------- */

static LogregOptions
read_options(Jsonb *jsonb)
{
	Options		options;
	LogregOptions result;

	la_options_begin(&options, jsonb);
	result.l2 = la_option_number(&options, "l2", 0, 0, 1e100);
	result.max_iterations = la_option_int(&options, "max_iterations", 100, 1, 10000);
	result.tolerance = la_option_number(&options, "tolerance", 1e-7, 1e-12, 0.1);
	la_options_end(&options);
	return result;
}

/* The only place where a state is born: in the context of the aggregate. */
static FitState *
fit_state_create(FunctionCallInfo fcinfo, bool boolean, Jsonb *jsonb)
{
	LogregOptions options = read_options(jsonb);
	MemoryContext context = aggregate_context(fcinfo);
	MemoryContext old = MemoryContextSwitchTo(context);
	FitState   *state;

	state = palloc0(sizeof(FitState));
	state->context = context;
	state->boolean = boolean;
	state->options = options;
	if (jsonb)
		state->jsonb = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(jsonb));
	if (!boolean)
		state->table = fitlabels_create(context, 4, NULL);
	MemoryContextSwitchTo(old);
	return state;
}

/* The state, which is argument 0, made if need be; argument 3 is the options. */
static FitState *
get_state(FunctionCallInfo fcinfo, bool boolean)
{
	FitState   *state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	Jsonb	   *jsonb = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_JSONB_P(3) : NULL;

	if (state == NULL)
		return fit_state_create(fcinfo, boolean, jsonb);
	if (unlikely(!la_same_options(jsonb, state->jsonb)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be the same in every row of a fit")));
	return state;
}

static void
set_features(FitState *state, int p)
{
	if (p < 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have at least one feature")));
	if (p > LA_LOGREG_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of features must be at most %d, not %d", LA_LOGREG_MAX_FEATURES, p)));
	if (state->p != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the rows before, not %d", state->p, p)));
	state->p = p;
}

/*
 * Read the features, argument 2, into state->row; false if the row is left out
 * for a missing one.
 */
static bool
read_features(FunctionCallInfo fcinfo, FitState *state)
{
	ArrayType  *array;
	const double *x;
	int			p;

	if (PG_ARGISNULL(2))
		return false;
	array = PG_GETARG_ARRAYTYPE_P(2);
	p = la_vector_length(array, "x");
	if (unlikely(p != state->p || p == 0))
		set_features(state, p);
	if (la_vector_has_null(array))
		return false;
	x = la_finite_vector(array, "x", &p);
	if (unlikely(state->rows == NULL))
	{
		state->rows = la_rowstore_create_for_aggregate(fcinfo, p + 1);
		state->row = MemoryContextAlloc(state->context, (p + 1) * sizeof(double));
	}
	for (int j = 0; j < p; j++)
		state->row[j] = x[j] + 0.0; /* -0 becomes 0 */
	return true;
}

static void
remember_label(FitState *state, FitLabelEntry *entry)
{
	char	   *copy;

	if (state->nlabels >= LA_LOGREG_MAX_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("label has more than %d different values", LA_LOGREG_MAX_CLASSES),
				 errhint("Divide a quantity into classes first, or predict it with linreg_fit.")));
	if (state->nlabels == state->max_labels)
	{
		state->max_labels = Max(4, state->max_labels * 2);
		if (state->labels == NULL)
			state->labels = MemoryContextAlloc(state->context, state->max_labels * sizeof(FitLabel));
		else
			state->labels = repalloc(state->labels, state->max_labels * sizeof(FitLabel));
	}
	copy = MemoryContextAlloc(state->context, Max(entry->label.length, 1));
	memcpy(copy, entry->label.text, entry->label.length);
	entry->label.text = copy;
	entry->number = state->nlabels;
	state->labels[state->nlabels++] = entry->label;
}

static uint32
number_of_label(FitState *state, text *value)
{
	FitLabel	label = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
	bool		found;
	FitLabelEntry *entry = fitlabels_insert(state->table, label, &found);

	if (!found)
		remember_label(state, entry);
	return entry->number;
}

/* transition function of logreg_fit(boolean, float8[] [, jsonb]) */
Datum
logreg_accum_boolean(PG_FUNCTION_ARGS)
{
	FitState   *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	state = get_state(fcinfo, true);
	if (!read_features(fcinfo, state))
	{
		state->skipped++;
		PG_RETURN_POINTER(state);
	}
	state->row[state->p] = PG_GETARG_BOOL(1) ? 1 : 0;
	la_rowstore_append(state->rows, state->row);
	PG_RETURN_POINTER(state);
}

/* transition function of logreg_fit(text, float8[] [, jsonb]) */
Datum
logreg_accum_text(PG_FUNCTION_ARGS)
{
	FitState   *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	state = get_state(fcinfo, false);
	if (!read_features(fcinfo, state))
	{
		state->skipped++;
		PG_RETURN_POINTER(state);
	}
	state->row[state->p] = number_of_label(state, PG_GETARG_TEXT_PP(1));
	la_rowstore_append(state->rows, state->row);
	PG_RETURN_POINTER(state);
}

/* --- classes -------------------------------------------------------------------- */

static int
compare_labels(const void *a, const void *b)
{
	const FitLabel *left = *(const FitLabel *const *) a;
	const FitLabel *right = *(const FitLabel *const *) b;
	int			order = memcmp(left->text, right->text, Min(left->length, right->length));

	if (order != 0)
		return order;
	return (left->length > right->length) - (left->length < right->length);
}

/*
 * The labels in the order of their bytes, whatever the collation, and the class
 * of each by its number.
 */
static const FitLabel **
order_labels(const FitState *state, int *class_of_label)
{
	static const FitLabel truth[] = {{"false", 5}, {"true", 4}};
	int			n = state->boolean ? 2 : state->nlabels;
	const FitLabel *labels = state->boolean ? truth : state->labels;
	const FitLabel **order = palloc(Max(n, 1) * sizeof(FitLabel *));

	for (int i = 0; i < n; i++)
		order[i] = &labels[i];
	if (!state->boolean)
		qsort(order, n, sizeof(FitLabel *), compare_labels);
	for (int c = 0; c < n; c++)
		class_of_label[order[c] - labels] = c;
	return order;
}

static Logreg *
create_model(const FitState *state, int classes, const FitLabel **order)
{
	Size		label_bytes = 0;
	Logreg	   *model;
	char	   *to;

	for (int c = 0; c < classes; c++)
		label_bytes += order[c]->length;
	if (label_bytes > MaxAllocSize / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("labels of %zu bytes are too long for a model", label_bytes)));
	model = la_logreg_new(state->p, classes, label_bytes);
	model->flags = state->boolean ? LA_LOGREG_BOOLEAN : 0;
	model->skipped = state->skipped;
	model->l2 = state->options.l2;
	la_logreg_clear_estimates(model);
	to = la_logreg_label_text(model);
	for (int c = 0; c < classes; c++)
	{
		la_logreg_label_lengths(model)[c] = order[c]->length;
		memcpy(to, order[c]->text, order[c]->length);
		to += order[c]->length;
	}
	return model;
}

/* --- the fit ---------------------------------------------------------------------- */

static void
check_problem(const LogregProblem *problem)
{
	int64		unknowns = (int64) (problem->p + 1) * (problem->classes - 1);

	if (unknowns > LA_LOGREG_MAX_UNKNOWNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("logistic regression with %d classes and %d features has %lld coefficients, and the limit is %d",
						problem->classes, problem->p, (long long) unknowns, LA_LOGREG_MAX_UNKNOWNS)));
	for (int j = 0; j < problem->p; j++)
	{
		if (!(problem->largest[j] <= MAX_RANGE * problem->scale[j]) || !(fabs(problem->center[j]) <= MAX_RANGE))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("feature %d is out of range", j + 1),
					 errdetail("Values must stay below %g.", MAX_RANGE),
					 errhint("Scale the feature.")));
	}
}

static LogregFit *
run_fit(LogregRows *rows, const LogregProblem *problem)
{
	LogregFit  *fit = la_logreg_begin(MemoryContextAllocHuge(CurrentMemoryContext,
															 la_logreg_fit_size(problem->p, problem->classes)),
									  problem);
	LogregAction action;

	while ((action = la_logreg_next(fit)) != LOGREG_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (action != LOGREG_PASS)
			continue;
		for (int64 i = 0; i < la_logreg_wanted_blocks(fit); i++)
		{
			CHECK_FOR_INTERRUPTS();
			la_logreg_add_block(fit, la_logreg_rows_block(rows, i));
		}
	}
	return fit;
}

/* NaN is no estimate, infinity is one that does not fit. */
static double
finite_estimate(double value, int feature)
{
	if (isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("coefficient of feature %d is out of range", feature),
				 errhint("Scale the feature.")));
	return value;
}

/* Copy the estimates of class c; what has none is NaN. */
static void
copy_estimates(const LogregFit *fit, int c, Logreg *model)
{
	double	   *slope = la_logreg_slopes(model, c);
	double	   *error = la_logreg_std_errors(model, c);

	la_logreg_bases(model)[c - 1] = la_logreg_base(fit, c);
	error[0] = finite_estimate(la_logreg_std_error(fit, c, 0), 0);
	for (int j = 0; j < model->p; j++)
	{
		bool		missing = la_logreg_is_dependent(fit, j) || la_logreg_is_infinite(fit, c, j + 1);

		slope[j] = missing ? get_float8_nan() : finite_estimate(la_logreg_slope(fit, c, j) + 0.0, j + 1);
		error[j + 1] = missing ? get_float8_nan() : finite_estimate(la_logreg_std_error(fit, c, j + 1), j + 1);
	}
}

/*
 * A separated model predicts nothing: its intercepts are given at 0, since some
 * slopes by which they could be moved there are missing.
 */
static void
settle_separated(const LogregFit *fit, int c, Logreg *model, const LogregProblem *problem)
{
	double		intercept = la_logreg_base(fit, c);

	for (int j = 0; j < model->p; j++)
		intercept -= la_logreg_slope(fit, c, j) * problem->center[j];
	if (la_logreg_is_infinite(fit, c, 0))
		la_logreg_std_errors(model, c)[0] = intercept = get_float8_nan();
	la_logreg_bases(model)[c - 1] = intercept;
}

static void
copy_results(const LogregFit *fit, const LogregProblem *problem, Logreg *model)
{
	bool		separated = la_logreg_separated(fit);

	model->iterations = la_logreg_iterations(fit);
	model->parameters = la_logreg_parameters(fit);
	model->log_likelihood = la_logreg_log_likelihood(fit);
	if (la_logreg_converged(fit))
		model->flags |= LA_LOGREG_CONVERGED;
	if (separated)
		model->flags |= LA_LOGREG_SEPARATED;
	for (int j = 0; j < model->p; j++)
		la_logreg_center(model)[j] = separated ? 0 : problem->center[j];
	for (int c = 1; c < model->classes; c++)
	{
		copy_estimates(fit, c, model);
		if (separated)
			settle_separated(fit, c, model, problem);
	}
}

/* --- what the user should know ------------------------------------------------------ */

static void
append_number(StringInfo list, int number)
{
	appendStringInfo(list, "%s%d", list->len == 0 ? "" : ", ", number);
}

static void
report_dependent(const LogregFit *fit, int p)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int j = 0; j < p; j++)
	{
		if (la_logreg_is_dependent(fit, j))
			append_number(&list, j + 1);
	}
	if (list.len > 0)
		ereport(NOTICE,
				(errmsg("features that depend on those before them have no estimate: %s", list.data)));
}

/* "the intercept, features 1, 4" */
static char *
list_infinite(const LogregFit *fit, int c, int p)
{
	const char *intercept = la_logreg_is_infinite(fit, c, 0) ? "the intercept" : "";
	StringInfoData list;
	int			n = 0;

	initStringInfo(&list);
	for (int j = 0; j < p; j++)
	{
		if (!la_logreg_is_infinite(fit, c, j + 1))
			continue;
		append_number(&list, j + 1);
		n++;
	}
	if (n == 0)
		return pstrdup(intercept);
	if (n == p && p > 1)
		return psprintf("%sall features", intercept[0] ? "the intercept, " : "");
	return psprintf("%s%s%s %s", intercept, intercept[0] ? ", " : "", n == 1 ? "feature" : "features", list.data);
}

static char *
label_as_cstring(const Logreg *model, int c)
{
	const char *text = la_logreg_label_text(model);

	for (int i = 0; i < c; i++)
		text += la_logreg_label_lengths(model)[i];
	return pnstrdup(text, la_logreg_label_lengths(model)[c]);
}

static void
report_separated(const LogregFit *fit, const Logreg *model)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int c = 1; c < model->classes; c++)
	{
		char	   *infinite = list_infinite(fit, c, model->p);

		if (infinite[0] == '\0')
			continue;
		if (list.len > 0)
			appendStringInfoString(&list, "; ");
		if (model->classes > 2)
			appendStringInfo(&list, "\"%s\": ", label_as_cstring(model, c));
		appendStringInfoString(&list, infinite);
	}
	ereport(WARNING,
			(errmsg("features separate classes, and the likelihood has no maximum"),
			 errdetail("There is no finite estimate of: %s.", list.data),
			 errhint("Leave out the feature that tells the class, or use the option l2.")));
}

static void
report_fit(const LogregFit *fit, const Logreg *model)
{
	report_dependent(fit, model->p);
	if (la_logreg_separated(fit))
		report_separated(fit, model);
	if (!la_logreg_converged(fit))
		ereport(WARNING,
				(errmsg("logistic regression did not converge in %d iterations", model->iterations),
				 errhint("Raise the option max_iterations, or use the option l2.")));
}

/* --- the result --------------------------------------------------------------------- */

/* All rows are of one class: there is nothing to tell it from. */
static void
finish_single_class(Logreg *model)
{
	model->flags |= LA_LOGREG_CONVERGED | LA_LOGREG_SEPARATED;
	model->parameters = 0;
	ereport(WARNING,
			(errmsg("all labels are the same, and there is nothing to tell the class from")));
}

static bool
has_single_class(const LogregProblem *problem)
{
	int			nonempty = 0;

	for (int c = 0; c < problem->classes; c++)
		nonempty += problem->class_rows[c] > 0;
	return nonempty < 2;
}

/* Fit, in a context that goes away; the model is in the caller's. */
static Logreg *
fit_rows(const FitState *state, MemoryContext caller)
{
	int		   *class_of_label = palloc(Max(state->nlabels, 2) * sizeof(int));
	const FitLabel **order = order_labels(state, class_of_label);
	int			classes = state->boolean ? 2 : state->nlabels;
	LogregProblem problem;
	LogregRows *rows;
	LogregFit  *fit;
	MemoryContext old;
	Logreg	   *model;

	old = MemoryContextSwitchTo(caller);
	model = create_model(state, classes, order);
	MemoryContextSwitchTo(old);
	if (state->rows == NULL)
		return model;
	rows = la_logreg_rows_prepare(state->rows, classes, class_of_label);
	la_logreg_rows_describe(rows, &problem);
	problem.options = state->options;
	check_problem(&problem);
	model->n = la_rowstore_nrows(state->rows);
	memcpy(la_logreg_class_rows(model), problem.class_rows, classes * sizeof(double));
	if (has_single_class(&problem))
		finish_single_class(model);
	else
	{
		fit = run_fit(rows, &problem);
		copy_results(fit, &problem, model);
		report_fit(fit, model);
	}
	la_logreg_rows_free(rows);
	return model;
}

/* final function of logreg_fit: the state is left as it is */
Datum
logreg_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext old;
	Logreg	   *model;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	context = AllocSetContextCreate(CurrentMemoryContext, "logistic regression",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	model = fit_rows((FitState *) PG_GETARG_POINTER(0), old);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_POINTER(model);
}
