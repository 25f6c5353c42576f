/*
 * logreg_separate.c
 *		Logistic regression: is there a direction that separates classes?
 *
 *----------
 * The likelihood has no maximum if, and only if, there is a direction of the
 * coefficients along which no row's own class loses to another, and some row's
 * wins (Albert & Anderson 1984).  With v the vector of a pair (row, other
 * class), so that v'b is its margin, that is a direction w with v'w >= 0 for
 * all pairs and > 0 for some.
 *
 * Either some pairs balance each other, 0 being a sum of them with positive
 * shares, or there is a w with v'w > 0 for all of them.  Which it is, and w,
 * the point of their convex hull tells that is nearest to 0 (Wolfe 1976).
 * Pairs that balance each other have v'w = 0 in any direction that separates,
 * so what they span is taken out of all others, and the search goes on among
 * what is left: until nothing is, and nothing is separated; or until w
 * separates all that is left.  Then no direction separates more, since the rest
 * is balanced.  The answer is certain either way, up to rounding, and w is put
 * to the test row by row before it is believed.
 *
 * Pairs that are separated have probability 0 or 1 in the limit.  They are
 * taken out, and the rest is fitted: its likelihood is the supremum, and the
 * coefficients that the null space of the rest has no part in have their
 * limits there.  What it has a part in is infinite or undetermined.
 *
 * Sources: Albert & Anderson, On the existence of maximum likelihood estimates
 * in logistic regression models, Biometrika 71, 1984; Wolfe, Finding the
 * nearest point in a polytope, Mathematical Programming 11, 1976; Geyer,
 * Likelihood inference in exponential families and directions of recession,
 * Electronic Journal of Statistics 3, 2009.
 *----------
 */
#include "logreg_fit.h"

#include <string.h>

/* of unknowns: looks at all rows before the search is given up */
#define MAX_ROUNDS 50

/* the distance of a hull from 0, of vectors of length 1, that is none */
#define NO_DISTANCE 1e-8

/* a margin, likewise, that separates */
#define MARGIN 1e-9

/* of a pair in a sum that is 0 */
#define NO_SHARE 1e-9

/* the squared distance from a hull that is none */
#define NO_GAIN 1e-13

/* what is left of a squared length when a vector depends on others */
#define SPAN_TOLERANCE 1e-11

/* an entry of a null vector of length 1 that is none */
#define NULL_SLACK 1e-7

static LogregAction
begin_pass(LogregFit *fit, LogregPass pass, LogregStage next)
{
	fit->pass = pass;
	fit->wanted = fit->problem.nblocks;
	fit->stage = next;
	la_logreg_clear_pass(fit);
	return LOGREG_PASS;
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

static void
subtract_projection(double *v, const double *unit, size_t d)
{
	double		dot = la_logreg_dot(v, unit, d);

	for (size_t i = 0; i < d; i++)
		v[i] -= dot * unit[i];
}

/* Make v orthogonal to the rows of the null space; returns what length is left. */
static double
make_orthogonal(const LogregFit *fit, double *v)
{
	size_t		d = (size_t) fit->d;

	/* the second time takes away what rounding left */
	for (int i = 0; i < 2 * fit->null_count; i++)
		subtract_projection(v, fit->hessian + (size_t) (i % fit->null_count) * d, d);
	return sqrt(la_logreg_dot(v, v, d));
}

static void
divide(double *v, double length, size_t d)
{
	for (size_t i = 0; i < d; i++)
		v[i] /= length;
}

/* --- the nearest point --------------------------------------------------------- */

/*
 * la_logreg_search_begin
 *		Begin to look for a direction that separates.
 */
void
la_logreg_search_begin(LogregFit *fit)
{
	fit->null_count = 0;
	fit->rounds = 0;
	fit->stage = STAGE_PICK;
	if (fit->min_margin > 0)
	{
		/* every row is right: b itself separates all of them */
		memcpy(fit->direction, fit->b, (size_t) fit->d * sizeof(double));
		fit->found = DBL_MAX;
		fit->stage = STAGE_FOUND;
	}
}

/* The pair that is farthest from what is balanced begins a hull. */
static LogregAction
begin_pick(LogregFit *fit)
{
	fit->picking = true;
	memset(fit->direction, 0, (size_t) fit->d * sizeof(double));
	return begin_pass(fit, PASS_VERTEX, STAGE_PICKED);
}

static double *
corral_row(const LogregFit *fit, int i)
{
	return fit->corral + (size_t) i * (size_t) fit->d;
}

static double *
factor_row(const LogregFit *fit, int i)
{
	return fit->corral_l + (size_t) i * (size_t) (fit->d + 1);
}

static void
add_to_corral(LogregFit *fit)
{
	memcpy(corral_row(fit, fit->ncorral), fit->vertex, (size_t) fit->d * sizeof(double));
	fit->share_of[fit->ncorral++] = 0;
	fit->stage = STAGE_CORRAL;
}

/* Without a pair to begin with nothing is left that could be separated. */
static LogregAction
picked(LogregFit *fit)
{
	fit->picking = false;
	if (fit->found == 0)
	{
		fit->overlap = true;
		return give_up(fit);
	}
	fit->ncorral = fit->factored = 0;
	add_to_corral(fit);
	fit->share_of[0] = 1;
	return LOGREG_WORK;
}

/* The pair with the least margin in the direction has been found. */
static LogregAction
found(LogregFit *fit)
{
	double		length = sqrt(la_logreg_dot(fit->direction, fit->direction, (size_t) fit->d));

	if (fit->found > MARGIN * length)
		return begin_pass(fit, PASS_DIRECTION, STAGE_VERIFIED);
	if (++fit->rounds > MAX_ROUNDS * (fit->d + 1) || fit->ncorral > fit->d)
		return give_up(fit);
	add_to_corral(fit);
	return LOGREG_WORK;
}

/*
 * Factor the next row of G + 1, where G has the products of the pairs in the
 * corral: positive definite as long as none is in the affine hull of others.
 */
static bool
factor_corral_row(LogregFit *fit)
{
	int			i = fit->factored++;
	double	   *row = factor_row(fit, i);
	double		left;

	for (int j = 0; j <= i; j++)
		row[j] = 1 + la_logreg_dot(corral_row(fit, i), corral_row(fit, j), (size_t) fit->d);
	for (int j = 0; j < i; j++)
		row[j] = (row[j] - la_logreg_dot(row, factor_row(fit, j), (size_t) j)) / factor_row(fit, j)[j];
	left = row[i] - la_logreg_dot(row, row, (size_t) i);
	row[i] = sqrt(fmax(left, 0));
	return left > NO_GAIN;
}

/* The shares of the point of the affine hull that is nearest to 0. */
static void
solve_corral(LogregFit *fit)
{
	double	   *y = fit->wanted_share;
	double		sum = 0;

	for (int i = 0; i < fit->ncorral; i++)
		y[i] = (1 - la_logreg_dot(factor_row(fit, i), y, (size_t) i)) / factor_row(fit, i)[i];
	for (int i = fit->ncorral - 1; i >= 0; i--)
	{
		y[i] /= factor_row(fit, i)[i];
		for (int j = 0; j < i; j++)
			y[j] -= factor_row(fit, i)[j] * y[i];
	}
	for (int i = 0; i < fit->ncorral; i++)
		sum += y[i];
	divide(y, sum, (size_t) fit->ncorral);
}

/*
 * Go from the shares there are towards those wanted, as far as all stay
 * positive.  Returns the pair whose share becomes 0, or -1.
 */
static int
move_shares(LogregFit *fit)
{
	double		most = 1;
	int			first = -1;

	for (int i = 0; i < fit->ncorral; i++)
	{
		double		from = fit->share_of[i];
		double		to = fit->wanted_share[i];
		double		part = from > to ? from / (from - to) : 0;

		if (to <= 0 && (first < 0 || part < most))
		{
			most = part;
			first = i;
		}
	}
	for (int i = 0; i < fit->ncorral; i++)
		fit->share_of[i] += most * (fit->wanted_share[i] - fit->share_of[i]);
	return first;
}

static void
drop_from_corral(LogregFit *fit, int i)
{
	size_t		after = (size_t) (--fit->ncorral - i);

	memmove(corral_row(fit, i), corral_row(fit, i + 1), after * (size_t) fit->d * sizeof(double));
	memmove(fit->share_of + i, fit->share_of + i + 1, after * sizeof(double));
	fit->factored = i;
}

/*
 * The pairs in the corral balance each other: take out what they span, the last
 * first.
 */
static LogregAction
take_out_step(LogregFit *fit)
{
	size_t		d = (size_t) fit->d;
	int			i = --fit->ncorral;
	double	   *unit = fit->hessian + (size_t) fit->null_count * d;
	double		length;

	if (i < 0 || fit->null_count == fit->d)
	{
		fit->stage = STAGE_PICK;
		return LOGREG_WORK;
	}
	if (fit->share_of[i] <= NO_SHARE)
		return LOGREG_WORK;
	memcpy(unit, corral_row(fit, i), d * sizeof(double));
	length = make_orthogonal(fit, unit);
	if (length > LA_LOGREG_IN_SPAN)
	{
		divide(unit, length, d);
		fit->null_count++;
	}
	return LOGREG_WORK;
}

/* The direction is the nearest point of the hull; if that is 0, all balances. */
static void
use_corral(LogregFit *fit)
{
	size_t		d = (size_t) fit->d;

	memset(fit->direction, 0, d * sizeof(double));
	for (int i = 0; i < fit->ncorral; i++)
	{
		for (size_t u = 0; u < d; u++)
			fit->direction[u] += fit->share_of[i] * corral_row(fit, i)[u];
	}
	fit->stage = STAGE_VERTEX;
	if (la_logreg_dot(fit->direction, fit->direction, d) <= NO_DISTANCE * NO_DISTANCE)
		fit->stage = STAGE_BALANCED;
}

/* One thing at a time: a row to factor, or a pair to drop. */
static LogregAction
corral_step(LogregFit *fit)
{
	int			drop;

	if (fit->factored < fit->ncorral)
	{
		/* too near to the others to gain anything: undecided */
		return factor_corral_row(fit) ? LOGREG_WORK : give_up(fit);
	}
	solve_corral(fit);
	drop = move_shares(fit);
	if (drop >= 0)
		drop_from_corral(fit, drop);
	else
		use_corral(fit);
	return LOGREG_WORK;
}

/* --- what is left ---------------------------------------------------------------- */

static int
count_active(const LogregFit *fit)
{
	int			count = 0;

	for (int u = 0; u < fit->d; u++)
		count += fit->active[u];
	return count;
}

/* The direction has been put to the test: take out what it separates. */
static LogregAction
verified(LogregFit *fit)
{
	if (fit->violated || !fit->strict || fit->nfaces == LA_LOGREG_MAX_FACES)
		return give_up(fit);
	memcpy(fit->faces + (size_t) fit->nfaces * (size_t) fit->d, fit->direction,
		   (size_t) fit->d * sizeof(double));
	fit->nfaces++;
	return begin_pass(fit, PASS_SPAN, STAGE_FACE);
}

static void
begin_face_factor(LogregFit *fit)
{
	la_logreg_expand(fit, fit->hessian);
	la_logreg_factor_begin(&fit->factor, fit->hessian, fit->active, fit->d, SPAN_TOLERANCE);
	fit->stage = STAGE_FACE_FACTOR;
}

static LogregAction
face_factor_step(LogregFit *fit)
{
	if (!la_logreg_factor_step(&fit->factor))
	{
		fit->null_next = 0;
		fit->null_count = 0;
		fit->stage = STAGE_FACE_NULL_SPACE;
	}
	return LOGREG_WORK;
}

static bool
is_left(const LogregFit *fit, int u)
{
	return fit->factor.l[(size_t) u * (size_t) fit->d + (size_t) u] != 0;
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

	if (u >= fit->d)
		return false;
	if (!fit->active[u] || is_left(fit, u))
		return true;
	null_vector(fit, u, v);
	divide(v, make_orthogonal(fit, v), d);
	fit->null_count++;
	return true;
}

/*
 * Unknowns of class c + 1 that a null vector has a part in are infinite.  The
 * intercept that users see is that at x = 0, and b has the one at the center.
 */
static void
mark_infinite(LogregFit *fit, const double *v, int c)
{
	const LogregProblem *problem = &fit->problem;
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

/*
 * Unknowns that the rest does not determine any more are held at 0, the last
 * first; b moves along the null space to there, which changes no margin of the
 * rest.  Returns false when all are.
 */
static bool
leave_out_step(LogregFit *fit)
{
	int			u = --fit->null_next;
	double		held;

	if (u < 0)
		return false;
	if (!fit->active[u] || is_left(fit, u))
		return true;
	held = fit->b[u];
	null_vector(fit, u, fit->direction);
	for (int i = 0; i < fit->d; i++)
		fit->b[i] -= held * fit->direction[i];
	fit->b[u] = 0;
	return true;
}

static LogregAction
mark_all_infinite(LogregFit *fit)
{
	for (int i = 0; i < fit->null_count; i++)
	{
		for (int c = 0; c < fit->k; c++)
			mark_infinite(fit, fit->hessian + (size_t) i * (size_t) fit->d, c);
	}
	fit->null_next = fit->d;
	fit->stage = STAGE_LEAVE_OUT;
	return LOGREG_WORK;
}

/* Begin anew with what is not separated. */
static LogregAction
fit_face(LogregFit *fit)
{
	for (int u = 0; u < fit->d; u++)
		fit->active[u] = is_left(fit, u);
	fit->level_iterations = 0;
	fit->searches = 0;
	fit->next_search = LA_LOGREG_FIRST_SEARCH;
	fit->last_length = DBL_MAX;
	(void) give_up(fit);
	fit->resumed = false;
	if (count_active(fit) == 0)
	{
		/* everything is separated, and the likelihood is 1 */
		fit->log_likelihood = 0;
		fit->converged = true;
		fit->stage = STAGE_DONE;
	}
	return LOGREG_WORK;
}

/* Go on with the stages of a search. */
LogregAction
la_logreg_search_next(LogregFit *fit)
{
	switch (fit->stage)
	{
		case STAGE_PICK:
			return begin_pick(fit);
		case STAGE_PICKED:
			return picked(fit);
		case STAGE_VERTEX:
			return begin_pass(fit, PASS_VERTEX, STAGE_FOUND);
		case STAGE_FOUND:
			return found(fit);
		case STAGE_CORRAL:
			return corral_step(fit);
		case STAGE_BALANCED:
			return take_out_step(fit);
		case STAGE_VERIFIED:
			return verified(fit);
		case STAGE_FACE:
			begin_face_factor(fit);
			return LOGREG_WORK;
		case STAGE_FACE_FACTOR:
			return face_factor_step(fit);
		case STAGE_FACE_NULL_SPACE:
			return null_space_step(fit) ? LOGREG_WORK : mark_all_infinite(fit);
		default:
			return leave_out_step(fit) ? LOGREG_WORK : fit_face(fit);
	}
}
