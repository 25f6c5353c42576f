/*
 * logreg_core.c
 *		Logistic regression: from rows in canonical order to coefficients.
 *
 *----------
 * The log-likelihood, less l2 / 2 times the sum of squared slopes, is
 * maximised by Newton's method, which for this model is iteratively reweighted
 * least squares (McCullagh & Nelder, Generalized Linear Models, 2.5).  A step
 * that does not raise it is halved until it does.
 *
 * Features are centred and scaled beforehand (logreg_columns.c).  The first
 * steps are taken on a part of the rows, 4,000 and then a sixteenth, which is a
 * random sample as the rows are in the order of a hash; they save steps over
 * all rows and leave no trace in the result, which is that of the last steps.
 *
 * The fit has converged when the last step moves no row's linear predictor by
 * more than the tolerance.  A likelihood that hardly rises would not do: so it
 * hardly does, for ever, when classes are separated (logreg_separate.c).
 *
 * With more than two classes the slopes that the penalty squares are taken
 * about their mean over the classes, the reference's 0 included, so that it
 * does not matter which class is the reference.
 *----------
 */
#include "logreg_fit.h"

#include <string.h>

#include "log_core.h"

/* what is left of a column's square beside others on which it depends */
#define DEPENDENT 1e-11

/* the same of the information, which is singular then as far as doubles tell */
#define SINGULAR 1e-13

/* a value that differs by less from another is not worse */
#define VALUE_SLACK 1e-13

#define MAX_HALVINGS 30

/* of samples */
#define LEAST_SAMPLE 4096
#define SAMPLE_PER_UNKNOWN 32
#define SAMPLE_SHARE 16
#define SAMPLE_TOLERANCE 0.1
#define SAMPLE_ITERATIONS 10

/* --- memory --------------------------------------------------------------- */

/* the next part of the memory, or with NULL only its size */
static void *
carve(char **memory, size_t *size, size_t bytes)
{
	void	   *part = *memory;

	bytes = (bytes + 15) / 16 * 16;
	*size += bytes;
	if (*memory)
		*memory += bytes;
	return part;
}

static double *
carve_doubles(char **memory, size_t *size, size_t count)
{
	return carve(memory, size, count * sizeof(double));
}

/* Lay the arrays of a fit out from "memory" on; returns their size. */
static size_t
lay_out(LogregFit *fit, char *memory)
{
	size_t		size = 0;
	size_t		d = (size_t) fit->d;
	size_t		n = (size_t) fit->problem.block_rows;
	size_t		classes = (size_t) fit->problem.classes;
	size_t		gram = (size_t) fit->npairs * fit->triangle;

	fit->b = carve_doubles(&memory, &size, d);
	fit->trial = carve_doubles(&memory, &size, d);
	fit->step = carve_doubles(&memory, &size, d);
	fit->gradient = carve_doubles(&memory, &size, d);
	fit->hessian = carve_doubles(&memory, &size, d * d);
	fit->factor.l = carve_doubles(&memory, &size, d * d);
	fit->variance = carve_doubles(&memory, &size, d);
	fit->gram_hi = carve_doubles(&memory, &size, gram);
	fit->gram_lo = carve_doubles(&memory, &size, gram);
	fit->gradient_hi = carve_doubles(&memory, &size, d);
	fit->gradient_lo = carve_doubles(&memory, &size, d);
	fit->faces = carve_doubles(&memory, &size, LA_LOGREG_MAX_FACES * d);
	fit->direction = carve_doubles(&memory, &size, d);
	fit->corral = carve_doubles(&memory, &size, (d + 1) * d);
	fit->corral_l = carve_doubles(&memory, &size, (d + 1) * (d + 1));
	fit->share_of = carve_doubles(&memory, &size, d + 1);
	fit->wanted_share = carve_doubles(&memory, &size, d + 1);
	fit->vertex = carve_doubles(&memory, &size, d);
	fit->pair = carve_doubles(&memory, &size, d);
	fit->eta = carve_doubles(&memory, &size, classes * n);
	fit->share = carve_doubles(&memory, &size, classes * n);
	fit->weights = carve_doubles(&memory, &size, (size_t) fit->npairs * n);
	fit->allowed = carve_doubles(&memory, &size, classes * n);
	fit->magnitude = carve_doubles(&memory, &size, classes * n);
	fit->z = carve_doubles(&memory, &size, n);
	fit->loss = carve_doubles(&memory, &size, n);
	fit->products = carve_doubles(&memory, &size, (size_t) fit->q);
	fit->active = carve(&memory, &size, d);
	fit->infinite = carve(&memory, &size, d);
	fit->dependent = carve(&memory, &size, (size_t) fit->q);
	return size;
}

static void
set_shape(LogregFit *fit, int p, int classes)
{
	fit->problem.p = p;
	fit->problem.classes = classes;
	fit->problem.block_rows = la_logreg_block_rows(p, classes);
	fit->q = p + 1;
	fit->k = classes - 1;
	fit->d = fit->q * fit->k;
	fit->npairs = fit->k * (fit->k + 1) / 2;
	fit->triangle = (size_t) fit->q * (size_t) (fit->q + 1) / 2;
}

/* The size of a fit; the unknowns are within the limit. */
size_t
la_logreg_fit_size(int p, int classes)
{
	LogregFit	fit;

	memset(&fit, 0, sizeof(fit));
	set_shape(&fit, p, classes);
	return (sizeof(LogregFit) + 15) / 16 * 16 + lay_out(&fit, NULL);
}

/* --- beginning ------------------------------------------------------------ */

/* How many blocks each level takes. */
static void
plan_levels(LogregFit *fit)
{
	int64_t		rows = fit->problem.block_rows;
	int64_t		all = fit->problem.nblocks;
	int64_t		sample = LEAST_SAMPLE;

	if (sample < (int64_t) SAMPLE_PER_UNKNOWN * fit->d)
		sample = (int64_t) SAMPLE_PER_UNKNOWN * fit->d;
	sample = (sample + rows - 1) / rows;
	if (all > 8 * sample)
		fit->levels[fit->nlevels++] = sample;
	if (all > 4 * SAMPLE_SHARE * sample)
		fit->levels[fit->nlevels++] = all / SAMPLE_SHARE;
	fit->levels[fit->nlevels++] = all;
}

/* The model without features: the shares of the classes. */
static void
start_at_shares(LogregFit *fit)
{
	const double *rows = fit->problem.class_rows;

	memset(fit->b, 0, (size_t) fit->d * sizeof(double));
	for (int c = 0; c < fit->k; c++)
		fit->b[c * fit->q] = la_log(rows[c + 1]) - la_log(rows[0]);
	memcpy(fit->trial, fit->b, (size_t) fit->d * sizeof(double));
	fit->fresh = true;
}

/*
 * la_logreg_begin
 *		Prepare to fit, in la_logreg_fit_size bytes.  What the problem points to
 *		must stay.
 *
 * Then la_logreg_next until it is done.
 */
LogregFit *
la_logreg_begin(void *memory, const LogregProblem *problem)
{
	LogregFit  *fit = memory;

	memset(memory, 0, la_logreg_fit_size(problem->p, problem->classes));
	set_shape(fit, problem->p, problem->classes);
	fit->problem = *problem;
	(void) lay_out(fit, (char *) memory + (sizeof(LogregFit) + 15) / 16 * 16);
	plan_levels(fit);
	for (int u = 0; u < fit->d; u++)
		fit->active[u] = true;
	start_at_shares(fit);
	fit->next_search = LA_LOGREG_FIRST_SEARCH;
	fit->last_length = DBL_MAX;
	fit->stage = STAGE_EVALUATE;
	return fit;
}

/* The first so many blocks are for the pass. */
int64_t
la_logreg_wanted_blocks(const LogregFit *fit)
{
	return fit->wanted;
}

static bool
takes_all_rows(const LogregFit *fit)
{
	return fit->level == fit->nlevels - 1;
}

/* --- penalty -------------------------------------------------------------- */

/* l2 by the rows that the level takes, for a slope of standardised x */
static double
penalty_of(const LogregFit *fit, int feature)
{
	double		scale = fit->problem.scale[feature];
	double		share = (double) fit->levels[fit->level] / (double) fit->problem.nblocks;

	/* the slope of a constant is 0 whatever the unit */
	return fit->problem.options.l2 * share * (scale == 0 ? 1 : scale * scale);
}

/*
 * Take the penalty of "slopes" off value and gradient, and add its second
 * derivative to the information.
 */
static void
add_penalty(LogregFit *fit, const double *slopes, double *value)
{
	size_t		d = (size_t) fit->d;
	double		shared = fit->k > 1 ? 1.0 / fit->problem.classes : 0;

	if (fit->problem.options.l2 == 0)
		return;
	for (int j = 0; j < fit->problem.p; j++)
	{
		double		penalty = penalty_of(fit, j);
		double		mean = 0;

		for (int c = 0; c < fit->k; c++)
			mean += shared * slopes[c * fit->q + 1 + j];
		for (int c = 0; c < fit->k; c++)
		{
			size_t		u = (size_t) (c * fit->q + 1 + j);

			*value -= penalty / 2 * slopes[u] * (slopes[u] - mean);
			fit->gradient[u] -= penalty * (slopes[u] - mean);
			for (int a = 0; a <= c; a++)
				fit->hessian[u * d + (size_t) (a * fit->q + 1 + j)] += penalty * ((a == c) - shared);
		}
	}
}

/* --- Newton's method -------------------------------------------------------- */

static LogregAction
begin_evaluation(LogregFit *fit)
{
	fit->pass = PASS_VALUE;
	fit->wanted = fit->levels[fit->level];
	fit->stage = STAGE_EVALUATED;
	la_logreg_clear_pass(fit);
	return LOGREG_PASS;
}

static void
set_trial(LogregFit *fit, double share)
{
	fit->step_share = share;
	for (int u = 0; u < fit->d; u++)
		fit->trial[u] = fit->b[u] + share * fit->step[u];
	fit->stage = STAGE_EVALUATE;
}

/*
 * Columns that depend on others are found once, from the first look at all
 * rows; what the first class shows of them holds for all classes.
 */
static void
begin_dependent(LogregFit *fit)
{
	la_logreg_factor_begin(&fit->factor, fit->hessian, fit->active, fit->d, DEPENDENT);
	fit->factor.count = fit->q;
	fit->stage = STAGE_DEPENDENT;
}

static void
begin_factor(LogregFit *fit)
{
	la_logreg_factor_begin(&fit->factor, fit->hessian, fit->active, fit->d, SINGULAR);
	fit->stage = STAGE_FACTOR;
}

/* The trial has been evaluated: go there, or nearer to b. */
static LogregAction
finish_evaluation(LogregFit *fit)
{
	double		value = fit->sum.hi + fit->sum.lo;
	double		penalised = value;

	for (int u = 0; u < fit->d; u++)
		fit->gradient[u] = fit->gradient_hi[u] + fit->gradient_lo[u];
	la_logreg_expand(fit, fit->hessian);
	add_penalty(fit, fit->trial, &penalised);
	if (!fit->fresh && !(penalised >= fit->value - VALUE_SLACK * fabs(fit->value)) &&
		fit->halvings < MAX_HALVINGS)
	{
		fit->halvings++;
		set_trial(fit, fit->step_share / 2);
		return LOGREG_WORK;
	}
	fit->fresh = false;
	fit->halvings = 0;
	fit->value = penalised;
	fit->log_likelihood = value;
	memcpy(fit->b, fit->trial, (size_t) fit->d * sizeof(double));
	if (takes_all_rows(fit) && !fit->ranked)
		begin_dependent(fit);
	else
		begin_factor(fit);
	return LOGREG_WORK;
}

/* Leave dependent columns out; with a penalty there are none. */
static LogregAction
finish_dependent(LogregFit *fit)
{
	bool		moved = false;

	for (int j = 1; j < fit->q && fit->problem.options.l2 == 0; j++)
	{
		if (fit->factor.l[(size_t) j * (size_t) fit->d + (size_t) j] != 0)
			continue;
		fit->dependent[j] = true;
		for (int u = j; u < fit->d; u += fit->q)
		{
			fit->active[u] = false;
			moved = moved || fit->b[u] != 0;
			fit->b[u] = fit->trial[u] = 0;
		}
	}
	for (int u = 0; u < fit->d; u++)
		fit->parameters += fit->active[u];
	fit->ranked = true;
	if (moved)
	{
		fit->fresh = true;
		fit->stage = STAGE_EVALUATE;
	}
	else
		begin_factor(fit);
	return LOGREG_WORK;
}

/* How far a step moves the linear predictor of any row, at most. */
static double
length_of_step(const LogregFit *fit)
{
	double		longest = 0;

	for (int c = 0; c < fit->k; c++)
	{
		const double *step = fit->step + c * fit->q;
		double		length = fabs(step[0]);

		for (int j = 0; j < fit->problem.p; j++)
			length += fabs(step[1 + j]) * fit->problem.largest[j];
		longest = fmax(longest, length);
	}
	return longest;
}

static void
next_level(LogregFit *fit)
{
	fit->level++;
	fit->level_iterations = 0;
	fit->last_length = DBL_MAX;
	fit->fresh = true;
	memcpy(fit->trial, fit->b, (size_t) fit->d * sizeof(double));
	fit->stage = STAGE_EVALUATE;
}

static void
take_step(LogregFit *fit)
{
	for (int u = 0; u < fit->d; u++)
		fit->b[u] += fit->step[u];
}

static void
decide_on_sample(LogregFit *fit, double length)
{
	if (length <= SAMPLE_TOLERANCE)
	{
		take_step(fit);
		next_level(fit);
	}
	else if (fit->level_iterations >= SAMPLE_ITERATIONS)
	{
		/* a sample may well be separated where the whole is not */
		start_at_shares(fit);
		next_level(fit);
	}
	else
		set_trial(fit, 1);
}

/*
 * Has it converged?  Where rounding does not let the steps become shorter, it
 * has as far as doubles tell.
 */
static bool
is_converged(const LogregFit *fit, double length)
{
	return length <= fit->problem.options.tolerance ||
		(length <= 1e-5 && length >= fit->last_length / 2);
}

/*
 * Is it time to look for separation?  At once where all rows are right, which
 * is separation, or the information is singular; else when a quickly converging
 * method still has not.
 */
static bool
is_suspicious(const LogregFit *fit)
{
	if (fit->problem.options.l2 > 0 || fit->resumed || fit->overlap)
		return false;
	return (fit->searches == 0 && (fit->min_margin > 0 || fit->singular)) ||
		fit->level_iterations >= fit->next_search ||
		fit->iterations >= fit->problem.options.max_iterations;
}

static void
begin_inverse(LogregFit *fit)
{
	fit->null_next = 0;
	fit->stage = STAGE_INVERT;
}

/*
 * The end: the last step is taken without a look at where it leads, which the
 * square of its length tells.
 */
static void
finish(LogregFit *fit)
{
	double		gain = la_logreg_dot(fit->gradient, fit->step, (size_t) fit->d) / 2;

	take_step(fit);
	fit->value += gain;
	if (fit->problem.options.l2 == 0)
		fit->log_likelihood = fmin(fit->log_likelihood + gain, 0);
	fit->converged = true;
	begin_inverse(fit);
}

static void
decide_on_all(LogregFit *fit, double length)
{
	if (!fit->resumed)
		fit->iterations++;
	if (!fit->singular && is_converged(fit, length))
		finish(fit);
	else if (is_suspicious(fit))
	{
		fit->searches++;
		fit->next_search = 2 * fit->level_iterations;
		la_logreg_search_begin(fit);
	}
	else if (fit->iterations >= fit->problem.options.max_iterations)
		begin_inverse(fit);
	else
		set_trial(fit, 1);
	fit->last_length = length;
	fit->resumed = false;
}

/* The information has been factored: the step, and where to go from here. */
static LogregAction
finish_factor(LogregFit *fit)
{
	int			active = 0;
	double		length;

	for (int u = 0; u < fit->d; u++)
		active += fit->active[u];
	fit->singular = fit->factor.rank < active;
	memcpy(fit->step, fit->gradient, (size_t) fit->d * sizeof(double));
	la_logreg_forward(&fit->factor, fit->step, 0);
	la_logreg_backward(&fit->factor, fit->step, fit->d);
	length = length_of_step(fit);
	if (!fit->resumed)
		fit->level_iterations++;
	if (takes_all_rows(fit))
		decide_on_all(fit, length);
	else
		decide_on_sample(fit, length);
	return LOGREG_WORK;
}

/* --- standard errors -------------------------------------------------------- */

/* What the intercept at x = 0 is of the unknowns, which are about the center. */
static void
intercept_contrast(const LogregFit *fit, int first, double *contrast)
{
	memset(contrast, 0, (size_t) fit->d * sizeof(double));
	contrast[first] = 1;
	for (int j = 0; j < fit->problem.p; j++)
		contrast[first + 1 + j] = -fit->problem.center[j] * fit->problem.scale[j];
}

static double
unit_of(const LogregFit *fit, int feature)
{
	double		scale = fit->problem.scale[feature];

	return scale == 0 ? 1 : scale;
}

/*
 * The variance of the next unknown, v' A^-1 v with A = L L': the squared length
 * of L^-1 v.  Where the information does not tell, it is NaN.
 */
static LogregAction
inverse_step(LogregFit *fit)
{
	int			u = fit->null_next++;
	int			term = u % fit->q;
	double	   *v = fit->direction;

	if (u >= fit->d)
	{
		fit->stage = STAGE_DONE;
		return LOGREG_DONE;
	}
	if (term == 0)
		intercept_contrast(fit, u, v);
	else
	{
		memset(v, 0, (size_t) fit->d * sizeof(double));
		v[u] = unit_of(fit, term - 1);
	}
	la_logreg_forward(&fit->factor, v, u);
	fit->variance[u] = fit->singular && fit->factor.l[(size_t) u * (size_t) fit->d + (size_t) u] == 0 ? NAN :
		la_logreg_dot(v, v, (size_t) fit->d);
	return LOGREG_WORK;
}

/* --- stages ----------------------------------------------------------------- */

/*
 * la_logreg_next
 *		Go on: tells whether the rows are wanted, the first
 *		la_logreg_wanted_blocks of them, before the next call, or another call
 *		at once, or whether the fit is done.
 */
LogregAction
la_logreg_next(LogregFit *fit)
{
	switch (fit->stage)
	{
		case STAGE_EVALUATE:
			return begin_evaluation(fit);
		case STAGE_EVALUATED:
			return finish_evaluation(fit);
		case STAGE_DEPENDENT:
			return la_logreg_factor_step(&fit->factor) ? LOGREG_WORK : finish_dependent(fit);
		case STAGE_FACTOR:
			return la_logreg_factor_step(&fit->factor) ? LOGREG_WORK : finish_factor(fit);
		case STAGE_INVERT:
			return inverse_step(fit);
		case STAGE_DONE:
			return LOGREG_DONE;
		default:
			return la_logreg_search_next(fit);
	}
}

/* --- results ---------------------------------------------------------------- */

bool
la_logreg_converged(const LogregFit *fit)
{
	return fit->converged;
}

bool
la_logreg_separated(const LogregFit *fit)
{
	return fit->nfaces > 0;
}

int
la_logreg_iterations(const LogregFit *fit)
{
	return fit->iterations;
}

/* Coefficients and intercepts, without those of dependent columns. */
int
la_logreg_parameters(const LogregFit *fit)
{
	return fit->parameters;
}

/* Its supremum if classes are separated. */
double
la_logreg_log_likelihood(const LogregFit *fit)
{
	return fit->log_likelihood;
}

/* Whether a feature, from 0, depends on those before it. */
bool
la_logreg_is_dependent(const LogregFit *fit, int feature)
{
	return fit->dependent[feature + 1];
}

/* Whether separation leaves a term, the intercept or 1 + a feature, without an estimate. */
bool
la_logreg_is_infinite(const LogregFit *fit, int c, int term)
{
	return fit->infinite[(c - 1) * fit->q + term];
}

/* The linear predictor of class c at the center. */
double
la_logreg_base(const LogregFit *fit, int c)
{
	return fit->b[(c - 1) * fit->q];
}

double
la_logreg_slope(const LogregFit *fit, int c, int feature)
{
	return fit->b[(c - 1) * fit->q + 1 + feature] * fit->problem.scale[feature];
}

/* Of the intercept, at x = 0, or of 1 + a feature; NaN if it is not known. */
double
la_logreg_std_error(const LogregFit *fit, int c, int term)
{
	return sqrt(fit->variance[(c - 1) * fit->q + term]);
}
