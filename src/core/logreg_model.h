/*
 * logreg_model.h
 *		A fitted logistic regression, and what can be asked of it.
 */
#ifndef LA_LOGREG_MODEL_H
#define LA_LOGREG_MODEL_H

#include "logreg_core.h"
#include "result.h"

#define LA_LOGREG_FORMAT 1

/* counts are exact as doubles: 2^53 */
#define LA_LOGREG_MAX_ROWS INT64_C(9007199254740992)

#define LA_LOGREG_BOOLEAN 1		/* labels are false and true */
#define LA_LOGREG_CONVERGED 2
#define LA_LOGREG_SEPARATED 4
#define LA_LOGREG_FLAGS 7

/*----------
 * The model: a flat value of type logreg.
 *
 * With k = classes - 1 (or 0), "values" holds
 *		center[p]			that the linear predictors are taken about
 *		class_rows[classes]
 *		base[k]				linear predictor of each class but the first at center
 *		slope[k][p]
 *		std_error[k][p + 1]	of the intercept, which is at x = 0, and the slopes
 * and then come the lengths of the labels, 32 bits each, and the labels.
 * What has no estimate is NaN.  p is 0 only if no row had features.
 *----------
 */
typedef struct Logreg
{
	int32_t		vl_len_;		/* varlena header; the core leaves it alone */
	uint16_t	format;			/* LA_LOGREG_FORMAT */
	uint16_t	flags;
	uint16_t	p;
	uint16_t	classes;
	int32_t		iterations;
	int32_t		parameters;
	uint32_t	label_bytes;
	int64_t		n;
	int64_t		skipped;
	double		l2;
	double		log_likelihood;
	double		values[];
} Logreg;

/* what cannot be computed is NaN */
typedef struct LogregStats
{
	int			df_model;
	int64_t		df_residual;
	double		log_likelihood;
	double		null_log_likelihood;
	double		deviance;
	double		null_deviance;
	double		aic;
	double		bic;
	double		pseudo_r2;
	double		lr_chi2;
	double		lr_p_value;
} LogregStats;

static inline int
la_logreg_k(const Logreg *model)
{
	return model->classes > 0 ? model->classes - 1 : 0;
}

static inline double *
la_logreg_center(const Logreg *model)
{
	return (double *) model->values;
}

static inline double *
la_logreg_class_rows(const Logreg *model)
{
	return la_logreg_center(model) + model->p;
}

static inline double *
la_logreg_bases(const Logreg *model)
{
	return la_logreg_class_rows(model) + model->classes;
}

/* of class c, from 1 */
static inline double *
la_logreg_slopes(const Logreg *model, int c)
{
	return la_logreg_bases(model) + la_logreg_k(model) + (size_t) (c - 1) * model->p;
}

static inline double *
la_logreg_std_errors(const Logreg *model, int c)
{
	return la_logreg_slopes(model, la_logreg_k(model) + 1) + (size_t) (c - 1) * (model->p + 1u);
}

static inline uint32_t *
la_logreg_label_lengths(const Logreg *model)
{
	return (uint32_t *) la_logreg_std_errors(model, la_logreg_k(model) + 1);
}

static inline char *
la_logreg_label_text(const Logreg *model)
{
	return (char *) (la_logreg_label_lengths(model) + model->classes);
}

extern size_t la_logreg_nvalues(int p, int classes);
extern size_t la_logreg_model_size(int p, int classes, size_t label_bytes);
extern LaResult la_logreg_check(const Logreg *model, size_t size);
extern bool la_logreg_predicts(const Logreg *model);
extern double la_logreg_intercept(const Logreg *model, int c);
extern void la_logreg_probabilities(const Logreg *model, const double *x, double *out);
extern void la_logreg_stats(const Logreg *model, LogregStats *stats);

#endif							/* LA_LOGREG_MODEL_H */
