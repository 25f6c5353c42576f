/*
 * logreg_model.c
 *		A fitted logistic regression, and what can be asked of it.
 */
#include "logreg_model.h"

#include <string.h>

#include "dd.h"
#include "exp_core.h"
#include "log_core.h"
#include "normal_core.h"

size_t
la_logreg_nvalues(int p, int classes)
{
	size_t		k = classes > 0 ? (size_t) classes - 1 : 0;

	return (size_t) p + (size_t) classes + k + k * (size_t) p + k * ((size_t) p + 1);
}

size_t
la_logreg_model_size(int p, int classes, size_t label_bytes)
{
	return offsetof(Logreg, values) + la_logreg_nvalues(p, classes) * sizeof(double) +
		(size_t) classes * sizeof(uint32_t) + label_bytes;
}

/* --- values that come from outside ------------------------------------------ */

static bool
in_shape(const Logreg *model, size_t size)
{
	return size >= offsetof(Logreg, values) &&
		model->format == LA_LOGREG_FORMAT && (model->flags & ~LA_LOGREG_FLAGS) == 0 &&
		model->p <= LA_LOGREG_MAX_FEATURES && model->classes <= LA_LOGREG_MAX_CLASSES &&
		la_logreg_k(model) * (model->p + 1) <= LA_LOGREG_MAX_UNKNOWNS &&
		size == la_logreg_model_size(model->p, model->classes, model->label_bytes);
}

static bool
counts_valid(const Logreg *model)
{
	double		sum = 0;

	if (model->n < 0 || model->n > LA_LOGREG_MAX_ROWS ||
		model->skipped < 0 || model->skipped > LA_LOGREG_MAX_ROWS - model->n ||
		model->iterations < 0 || model->parameters < 0 ||
		model->parameters > LA_LOGREG_MAX_UNKNOWNS ||
		(model->p == 0 && model->n > 0) || (model->classes == 0) != (model->n == 0 && !(model->flags & LA_LOGREG_BOOLEAN)) ||
		((model->flags & LA_LOGREG_BOOLEAN) && model->classes != 2))
		return false;
	for (int c = 0; c < model->classes; c++)
	{
		double		rows = la_logreg_class_rows(model)[c];

		if (!(rows >= 0 && rows <= (double) LA_LOGREG_MAX_ROWS && rows == floor(rows)))
			return false;
		sum += rows;
	}
	return sum == (double) model->n;
}

static bool
labels_add_up(const Logreg *model)
{
	uint64_t	sum = 0;

	for (int c = 0; c < model->classes; c++)
		sum += la_logreg_label_lengths(model)[c];
	return sum == model->label_bytes;
}

/* Labels ascend, and those of a boolean model are its two. */
static bool
labels_in_order(const Logreg *model)
{
	const char *text = la_logreg_label_text(model);
	const uint32_t *length = la_logreg_label_lengths(model);

	if (model->flags & LA_LOGREG_BOOLEAN)
		return length[0] == 5 && length[1] == 4 && memcmp(text, "falsetrue", 9) == 0;
	for (int c = 1; c < model->classes; c++)
	{
		const char *next = text + length[c - 1];
		int			order = memcmp(text, next, length[c - 1] < length[c] ? length[c - 1] : length[c]);

		if (order > 0 || (order == 0 && length[c - 1] >= length[c]))
			return false;
		text = next;
	}
	return true;
}

/* finite, or NaN for none */
static bool
numbers_valid(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (fabs(values[i]) > DBL_MAX)
			return false;
	}
	return true;
}

/*
 * Everything is finite; a model that predicts has a base, and has a slope for
 * all classes or for none.
 */
static bool
estimates_valid(const Logreg *model)
{
	size_t		p = model->p;
	size_t		k = (size_t) la_logreg_k(model);

	if (!(model->l2 >= 0 && model->l2 <= DBL_MAX) || !(model->log_likelihood <= 0 && model->log_likelihood >= -DBL_MAX))
		return false;
	for (size_t j = 0; j < p; j++)
	{
		if (!(fabs(la_logreg_center(model)[j]) <= DBL_MAX))
			return false;
	}
	if (!numbers_valid(la_logreg_bases(model), k + k * p + k * (p + 1)))
		return false;
	for (size_t i = 0; i < k * (p + 1); i++)
	{
		if (la_logreg_std_errors(model, 1)[i] < 0)
			return false;
	}
	for (size_t c = 0; c < k; c++)
	{
		if (la_logreg_predicts(model) && isnan(la_logreg_bases(model)[c]))
			return false;
	}
	return true;
}

/*
 * la_logreg_check
 *		LA_MALFORMED unless "size" bytes could be the model of some rows.
 */
LaResult
la_logreg_check(const Logreg *model, size_t size)
{
	return in_shape(model, size) && counts_valid(model) && labels_add_up(model) &&
		labels_in_order(model) &&
		estimates_valid(model) ? LA_OK : LA_MALFORMED;
}

/* --- estimates -------------------------------------------------------------- */

/*
 * la_logreg_predicts
 *		Whether the model has what it takes to predict: rows of all classes,
 *		not separated.
 */
bool
la_logreg_predicts(const Logreg *model)
{
	return model->n > 0 && model->classes >= 2 && !(model->flags & LA_LOGREG_SEPARATED);
}

/*
 * la_logreg_intercept
 *		The linear predictor of class c, from 1, at x = 0; NaN if it has none.
 */
double
la_logreg_intercept(const Logreg *model, int c)
{
	const double *slope = la_logreg_slopes(model, c);
	const double *center = la_logreg_center(model);
	DD			value = dd_make(la_logreg_bases(model)[c - 1], 0);

	for (int j = 0; j < model->p; j++)
	{
		if (!isnan(slope[j]) && center[j] != 0)
			value = dd_sub(value, dd_two_prod(slope[j], center[j]));
	}
	return value.hi;
}

/* at x, about the center: far-off data would cost digits otherwise */
static double
linear_predictor(const Logreg *model, int c, const double *x)
{
	const double *slope = la_logreg_slopes(model, c);
	const double *center = la_logreg_center(model);
	double		eta = la_logreg_bases(model)[c - 1];

	for (int j = 0; j < model->p; j++)
	{
		if (!isnan(slope[j]))
			eta += slope[j] * (x[j] - center[j]);
	}
	return eta;
}

/*
 * la_logreg_probabilities
 *		The probability of each class at the features x, all finite.
 *
 * The model predicts.
 */
void
la_logreg_probabilities(const Logreg *model, const double *x, double *out)
{
	double		largest = 0;
	double		sum = 0;

	out[0] = 0;
	for (int c = 1; c < model->classes; c++)
	{
		double		eta = linear_predictor(model, c, x);

		/* beyond, there is no difference; the sum of two infinities is NaN */
		out[c] = eta > 1e300 ? 1e300 : eta > -1e300 ? eta : -1e300;
		largest = fmax(largest, out[c]);
	}
	for (int c = 0; c < model->classes; c++)
		out[c] -= largest;
	la_exp_negative(out, model->classes);
	for (int c = 0; c < model->classes; c++)
		sum += out[c];
	for (int c = 0; c < model->classes; c++)
		out[c] /= sum;
}

/* --- statistics --------------------------------------------------------------- */

static double
null_log_likelihood(const Logreg *model)
{
	double		sum = 0;

	for (int c = 0; c < model->classes; c++)
	{
		double		rows = la_logreg_class_rows(model)[c];

		if (rows > 0)
			sum += rows * (la_log(rows) - la_log((double) model->n));
	}
	return sum;
}

/*
 * la_logreg_stats
 *		What the likelihood tells of the fit.
 *
 * With a penalty it is not at its maximum, and no criterion or test is made
 * of it.
 */
void
la_logreg_stats(const Logreg *model, LogregStats *stats)
{
	int			k = la_logreg_k(model);

	stats->df_model = model->parameters > k ? model->parameters - k : 0;
	stats->df_residual = model->n * k - model->parameters;
	stats->log_likelihood = model->log_likelihood;
	stats->null_log_likelihood = null_log_likelihood(model);
	stats->deviance = -2 * stats->log_likelihood + 0.0;
	stats->null_deviance = -2 * stats->null_log_likelihood + 0.0;
	stats->aic = stats->bic = stats->pseudo_r2 = stats->lr_chi2 = stats->lr_p_value = NAN;
	if (stats->null_log_likelihood < 0)
		stats->pseudo_r2 = 1 - stats->log_likelihood / stats->null_log_likelihood;
	if (model->l2 > 0 || model->n == 0)
		return;
	stats->aic = stats->deviance + 2.0 * model->parameters;
	stats->bic = stats->deviance + la_log((double) model->n) * model->parameters;
	if (stats->df_model > 0)
	{
		stats->lr_chi2 = fmax(2 * (stats->log_likelihood - stats->null_log_likelihood), 0);
		stats->lr_p_value = la_chi_square_tail(stats->lr_chi2, stats->df_model);
	}
}
