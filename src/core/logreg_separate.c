/*
 * logreg_separate.c
 *		Logistic regression: is there a direction that separates classes?
 *
 *----------
 * The likelihood has no maximum if, and only if, there is a direction of the
 * coefficients along which no row's own class loses to another, and some row's
 * wins (Albert & Anderson 1984).  Newton's method then goes on and on: the
 * margins of the pairs (row, other class) that such a direction separates grow
 * without end, those of all others settle.
 *
 * So, with v the vector of a pair (v'b is its margin), the pairs with small
 * margins span less than the whole space, and what is orthogonal to them has
 * the direction in it.  The threshold is found by bisection, as the largest
 * with which the pairs below span less.  The direction is then the part of b
 * in that null space, and is put to the test row by row: it counts only if it
 * brings no pair nearer and some away, beyond rounding.  A strong predictor
 * that separates nothing cannot pass.
 *
 * Pairs that are separated have probability 0 or 1 in the limit.  They are
 * taken out, and the rest is fitted: its likelihood is the supremum, and the
 * coefficients that the null space has no part in have their limits there.
 * What it has a part in is infinite or undetermined.
 *
 * Sources: Albert & Anderson, On the existence of maximum likelihood estimates
 * in logistic regression models, Biometrika 71, 1984; Geyer, Likelihood
 * inference in exponential families and directions of recession, Electronic
 * Journal of Statistics 3, 2009.
 *----------
 */
#include "logreg_fit.h"

#include <string.h>

#define MAX_BISECTIONS 10

/* what is left of a squared length when a vector depends on others */
#define SPAN_TOLERANCE 1e-11

/* an entry of a direction beside the largest that is none */
#define NEGLIGIBLE 1e-9

/* an entry of a null vector of length 1 that is none */
#define NULL_SLACK 1e-7

static LogregAction
begin_span(LogregFit *fit, double threshold, LogregStage next)
{
	fit->threshold = threshold;
	fit->pass = PASS_SPAN;
	fit->wanted = fit->problem.nblocks;
	fit->stage = next;
	la_logreg_clear_pass(fit);
	return LOGREG_PASS;
}

static void
begin_factor(LogregFit *fit, LogregStage next)
{
	la_logreg_expand(fit, fit->hessian);
	la_logreg_factor_begin(&fit->factor, fit->hessian, fit->active, fit->d, SPAN_TOLERANCE);
	fit->stage = next;
}

static LogregAction
begin_direction(LogregFit *fit)
{
	fit->pass = PASS_DIRECTION;
	fit->wanted = fit->problem.nblocks;
	fit->stage = STAGE_VERIFIED;
	la_logreg_clear_pass(fit);
	return LOGREG_PASS;
}

static int
count_active(const LogregFit *fit)
{
	int			count = 0;

	for (int u = 0; u < fit->d; u++)
		count += fit->active[u];
	return count;
}

static void
begin_null_space(LogregFit *fit, LogregStage next)
{
	fit->null_next = 0;
	fit->null_count = 0;
	fit->stage = next;
}

/*
 * The vector orthogonal to all that was factored in which the dependent
 * unknown u is 1 and those after it are 0.
 */
static void
null_vector(const LogregFit *fit, int u, double *v)
{
	const double *row = fit->factor.l + (size_t) u * (size_t) fit->d;

	memset(v, 0, (size_t) fit->d * sizeof(double));
	for (int i = 0; i < u; i++)
		v[i] = -row[i];
	la_logreg_backward(&fit->factor, v, u);
	v[u] = 1;
}

static void
subtract_projection(double *v, const double *unit, size_t d)
{
	double		dot = la_logreg_dot(v, unit, d);

	for (size_t i = 0; i < d; i++)
		v[i] -= dot * unit[i];
}

/*
 * Go on with the null space: rows of length 1, orthogonal to each other, in
 * place of the information.  Returns false when it is whole.
 */
static bool
null_space_step(LogregFit *fit)
{
	size_t		d = (size_t) fit->d;
	int			u = fit->null_next++;
	double	   *v = fit->hessian + (size_t) fit->null_count * d;
	double		length;

	if (u >= fit->d)
		return false;
	if (!fit->active[u] || fit->factor.l[(size_t) u * d + (size_t) u] != 0)
		return true;
	null_vector(fit, u, v);
	for (int i = 0; i < 2 * fit->null_count; i++)
		subtract_projection(v, fit->hessian + (size_t) (i % fit->null_count) * d, d);
	length = sqrt(la_logreg_dot(v, v, d));
	for (size_t i = 0; i < d; i++)
		v[i] /= length;
	fit->null_count++;
	return true;
}

/* Entries that are nothing beside the largest are rounding. */
static void
clean_direction(LogregFit *fit)
{
	double		largest = 0;

	for (int u = 0; u < fit->d; u++)
		largest = fmax(largest, fabs(fit->direction[u]));
	for (int u = 0; u < fit->d; u++)
	{
		if (fabs(fit->direction[u]) <= NEGLIGIBLE * largest)
			fit->direction[u] = 0;
	}
}

/* The part of b in the null space. */
static void
project(LogregFit *fit)
{
	size_t		d = (size_t) fit->d;

	memset(fit->direction, 0, d * sizeof(double));
	for (int i = 0; i < fit->null_count; i++)
	{
		const double *unit = fit->hessian + (size_t) i * d;
		double		dot = la_logreg_dot(unit, fit->b, d);

		for (size_t u = 0; u < d; u++)
			fit->direction[u] += dot * unit[u];
	}
	clean_direction(fit);
}

/* Go back to b without a face found. */
static LogregAction
give_up(LogregFit *fit)
{
	memcpy(fit->trial, fit->b, (size_t) fit->d * sizeof(double));
	fit->fresh = true;
	fit->resumed = true;
	fit->stage = STAGE_EVALUATE;
	return LOGREG_WORK;
}

/*
 * la_logreg_search_begin
 *		Begin to look for a direction that separates, from b on.
 */
void
la_logreg_search_begin(LogregFit *fit)
{
	fit->bisections = 0;
	fit->low = fit->min_margin - 1;
	fit->high = fit->max_margin;
	fit->stage = STAGE_SEARCH;
}

/* The next threshold, or the last one again to have its null space. */
static LogregAction
search(LogregFit *fit)
{
	if (fit->min_margin > 0)
	{
		/* every row is right: b itself separates all of them */
		memcpy(fit->direction, fit->b, (size_t) fit->d * sizeof(double));
		return begin_direction(fit);
	}
	if (fit->bisections < MAX_BISECTIONS)
		return begin_span(fit, (fit->low + fit->high) / 2, STAGE_SEARCHED);
	if (fit->low < fit->min_margin)
		return give_up(fit);
	return begin_span(fit, fit->low, STAGE_SEARCHED);
}

static LogregAction
searched(LogregFit *fit)
{
	if (fit->bisections == MAX_BISECTIONS)
	{
		begin_null_space(fit, STAGE_NULL_SPACE);
		return LOGREG_WORK;
	}
	if (fit->factor.rank < count_active(fit))
		fit->low = fit->threshold;
	else
		fit->high = fit->threshold;
	fit->bisections++;
	fit->stage = STAGE_SEARCH;
	return LOGREG_WORK;
}

static LogregAction
verified(LogregFit *fit)
{
	if (fit->violated || !fit->strict || fit->nfaces == LA_LOGREG_MAX_FACES)
		return give_up(fit);
	memcpy(fit->faces + (size_t) fit->nfaces * (size_t) fit->d, fit->direction,
		   (size_t) fit->d * sizeof(double));
	fit->nfaces++;
	return begin_span(fit, DBL_MAX, STAGE_FACE);
}

/*
 * Unknowns that the null space has a part in are infinite.  The intercept that
 * users see is that at x = 0, and b has the one at the center.
 */
static void
mark_infinite(LogregFit *fit)
{
	const LogregProblem *problem = &fit->problem;

	for (int i = 0; i < fit->null_count; i++)
	{
		const double *v = fit->hessian + (size_t) i * (size_t) fit->d;

		for (int c = 0; c < fit->k; c++)
		{
			int			first = c * fit->q;
			double		intercept = v[first];
			double		moved = fabs(v[first]);

			for (int j = 0; j < problem->p; j++)
			{
				double		slope = v[first + 1 + j];
				double		term = slope * problem->scale[j] * problem->center[j];

				if (fabs(slope) > NULL_SLACK)
					fit->infinite[first + 1 + j] = true;
				intercept -= term;
				moved += fabs(term);
			}
			if (fabs(intercept) > NULL_SLACK * fmax(1, moved))
				fit->infinite[first] = true;
		}
	}
}

/*
 * Unknowns that the rest does not determine any more are held at 0; b moves
 * along the null space to there, which changes no margin of the rest.
 */
static void
leave_out_dependent(LogregFit *fit)
{
	size_t		d = (size_t) fit->d;

	for (int u = fit->d - 1; u >= 0; u--)
	{
		double		held = fit->b[u];

		if (!fit->active[u] || fit->factor.l[(size_t) u * d + (size_t) u] != 0)
			continue;
		null_vector(fit, u, fit->direction);
		for (size_t i = 0; i < d; i++)
			fit->b[i] -= held * fit->direction[i];
		fit->b[u] = 0;
	}
	for (int u = 0; u < fit->d; u++)
		fit->active[u] = fit->factor.l[(size_t) u * d + (size_t) u] != 0;
}

static LogregAction
fit_face(LogregFit *fit)
{
	mark_infinite(fit);
	leave_out_dependent(fit);
	fit->level_iterations = 0;
	fit->last_search = 0;
	fit->searches = 0;
	fit->next_search = 8;
	fit->last_length = DBL_MAX;
	if (count_active(fit) == 0)
	{
		/* everything is separated, and the likelihood is 1 */
		fit->log_likelihood = 0;
		fit->converged = true;
		fit->stage = STAGE_DONE;
		return LOGREG_WORK;
	}
	(void) give_up(fit);
	fit->resumed = false;
	return LOGREG_WORK;
}

/* Go on with the stages of a search. */
LogregAction
la_logreg_search_next(LogregFit *fit)
{
	switch (fit->stage)
	{
		case STAGE_SEARCH:
			return search(fit);
		case STAGE_SEARCHED:
			begin_factor(fit, STAGE_SEARCH_FACTOR);
			return LOGREG_WORK;
		case STAGE_SEARCH_FACTOR:
			return la_logreg_factor_step(&fit->factor) ? LOGREG_WORK : searched(fit);
		case STAGE_NULL_SPACE:
			if (null_space_step(fit))
				return LOGREG_WORK;
			project(fit);
			return begin_direction(fit);
		case STAGE_VERIFIED:
			return verified(fit);
		case STAGE_FACE:
			begin_factor(fit, STAGE_FACE_FACTOR);
			return LOGREG_WORK;
		case STAGE_FACE_FACTOR:
			if (!la_logreg_factor_step(&fit->factor))
				begin_null_space(fit, STAGE_FACE_NULL_SPACE);
			return LOGREG_WORK;
		default:
			return null_space_step(fit) ? LOGREG_WORK : fit_face(fit);
	}
}
