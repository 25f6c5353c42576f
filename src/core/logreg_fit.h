/*
 * logreg_fit.h
 *		A logistic regression under way: what the parts of the core share.
 *
 * With q = p + 1 terms (the intercept, then the features) and k = classes - 1,
 * unknown u = c * q + term belongs to class c + 1; d = k q of them.
 */
#ifndef LA_LOGREG_FIT_H
#define LA_LOGREG_FIT_H

#include "dd.h"
#include "logreg_core.h"

#define LA_LOGREG_MAX_FACES 4

/* Newton's method doubles the digits in fewer steps, unless it goes on for ever */
#define LA_LOGREG_FIRST_SEARCH 8

/* what is left, of length 1, of a vector in the span of others */
#define LA_LOGREG_IN_SPAN 1e-8

/* what a pass over the rows is for */
typedef enum LogregPass
{
	PASS_VALUE,					/* likelihood, gradient and information at trial */
	PASS_VERTEX,				/* the pair that direction is worst for */
	PASS_DIRECTION,				/* does direction separate? */
	PASS_SPAN					/* what the pairs that are not separated span */
} LogregPass;

typedef enum LogregStage
{
	STAGE_EVALUATE,
	STAGE_EVALUATED,
	STAGE_DEPENDENT,			/* factoring to find dependent columns */
	STAGE_FACTOR,				/* factoring the information */
	STAGE_PICK,					/* searching for what is separated */
	STAGE_PICKED,
	STAGE_VERTEX,
	STAGE_FOUND,
	STAGE_CORRAL,
	STAGE_BALANCED,
	STAGE_VERIFIED,
	STAGE_FACE,					/* what is left once separated pairs are out */
	STAGE_FACE_FACTOR,
	STAGE_FACE_NULL_SPACE,
	STAGE_LEAVE_OUT,
	STAGE_INVERT,
	STAGE_DONE
} LogregStage;

/* a triangle L of L L' = A being made, a row a step */
typedef struct LogregFactor
{
	int			d;
	int			count;			/* the first rows are to be factored */
	int			next;
	int			rank;
	double		tolerance;		/* of what is left of the diagonal */
	const bool *active;			/* others are left out, as dependent ones are */
	double	   *l;				/* d rows of d; 0 on the diagonal of those */
} LogregFactor;

struct LogregFit
{
	LogregProblem problem;
	int			q;
	int			k;
	int			d;
	int			npairs;			/* of classes but the reference: k (k + 1) / 2 */
	size_t		triangle;		/* q (q + 1) / 2 */

	LogregStage stage;
	LogregPass	pass;
	int64_t		wanted;			/* blocks of the pass */

	/* levels: a small sample, a larger one, all rows */
	int64_t		levels[3];
	int			nlevels;
	int			level;
	int			level_iterations;
	int			iterations;		/* over all rows */

	double	   *b;				/* the best unknowns so far */
	double	   *trial;
	double	   *step;
	double	   *gradient;
	double	   *hessian;		/* d rows of d, lower triangle; or a null space */
	double		value;			/* at b: log-likelihood less penalty */
	double		log_likelihood;	/* at b */
	double		step_share;
	double		last_length;	/* of a step of the level */
	int			halvings;
	bool		fresh;			/* there is no value to compare the next with */
	bool		singular;		/* the information could not be factored whole */
	bool		converged;
	bool		ranked;			/* dependent columns are known */
	int			parameters;
	bool	   *active;			/* unknowns that are being fitted */
	bool	   *dependent;		/* features */
	bool	   *infinite;		/* unknowns, intercepts those at 0 */
	double	   *variance;		/* of unknowns, in terms of x as it came */
	LogregFactor factor;

	/* sums over a pass */
	double	   *gram_hi;		/* npairs triangles */
	double	   *gram_lo;
	double	   *gradient_hi;
	double	   *gradient_lo;
	DD			sum;			/* of the log-likelihood */
	double		min_margin;

	/* separation */
	int			nfaces;
	double	   *faces;			/* directions found, d each */
	double	   *direction;		/* the one to look at */
	bool		violated;
	bool		strict;
	bool		resumed;		/* a search that failed has just been here */
	bool		overlap;		/* nothing is separated, that is certain */
	int			searches;
	int			next_search;	/* iteration of the level */
	int			null_next;		/* unknown whose null vector is made next */
	int			null_count;		/* rows in hessian: a null space, or pairs that are
								 * balanced by others, orthogonal and of length 1 */
	int			ncorral;
	int			factored;		/* rows of corral_l */
	int			rounds;
	double	   *corral;			/* d + 1 pairs, whose hull the direction is of */
	double	   *corral_l;		/* d + 1 rows */
	double	   *share_of;		/* of each pair in the direction */
	double	   *wanted_share;
	double	   *vertex;			/* the pair found */
	double	   *pair;
	double		found;			/* its margin, or its length to pick one */
	bool		picking;

	/* room for a block */
	double	   *eta;			/* classes columns */
	double	   *share;			/* likewise */
	double	   *weights;		/* npairs columns */
	double	   *allowed;		/* classes columns: 1, or 0 for an excluded pair */
	double	   *magnitude;		/* likewise; or what is 1 less the shares */
	double	   *z;
	double	   *loss;
	double	   *products;		/* q */
};

extern void la_logreg_clear_pass(LogregFit *fit);
extern void la_logreg_expand(const LogregFit *fit, double *matrix);

extern void la_logreg_factor_begin(LogregFactor *factor, const double *matrix,
								   const bool *active, int d, double tolerance);
extern bool la_logreg_factor_step(LogregFactor *factor);
extern void la_logreg_forward(const LogregFactor *factor, double *x, int first);
extern void la_logreg_backward(const LogregFactor *factor, double *x, int count);
extern double la_logreg_dot(const double *a, const double *b, size_t n);

extern void la_logreg_search_begin(LogregFit *fit);
extern LogregAction la_logreg_search_next(LogregFit *fit);

/* place of classes a <= b, from 0, among the pairs */
static inline int
la_logreg_pair(int k, int a, int b)
{
	return a * k - a * (a + 1) / 2 + b;
}

#endif							/* LA_LOGREG_FIT_H */
