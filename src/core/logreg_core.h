/*
 * logreg_core.h
 *		Logistic regression: from rows in canonical order to coefficients.
 */
#ifndef LA_LOGREG_CORE_H
#define LA_LOGREG_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LA_LOGREG_MAX_FEATURES 1000
#define LA_LOGREG_MAX_CLASSES 1000

/* coefficients and intercepts; the matrices of so many take 100 MB */
#define LA_LOGREG_MAX_UNKNOWNS 2048

typedef struct LogregOptions
{
	double		l2;
	int			max_iterations;
	double		tolerance;
} LogregOptions;

/*----------
 * What there is to fit.  Rows come in blocks of block_rows: p columns of
 * features, then the class of each row (0 is the reference), then its weight,
 * which says how many rows it stands for.  The last block is filled up with
 * copies of its last row of weight 0.
 *
 * A feature x enters as (x - center) * scale; scale is a power of two.
 *----------
 */
typedef struct LogregProblem
{
	int			p;
	int			classes;		/* at least 2, each with rows */
	int			block_rows;		/* la_logreg_block_rows(p, classes) */
	int64_t		nblocks;
	const double *class_rows;	/* rows of each class */
	const double *center;
	const double *scale;
	const double *largest;		/* |(x - center) * scale| of each feature */
	LogregOptions options;
} LogregProblem;

/* sums over the columns, from which center and scale follow */
typedef struct LogregMoments
{
	double		n;
	double		pivot;
	double		sum;			/* of differences from the pivot */
	double		squares;
	double		min;
	double		max;
} LogregMoments;

typedef enum LogregAction
{
	LOGREG_PASS,				/* give the blocks to la_logreg_add_block */
	LOGREG_WORK,				/* call again */
	LOGREG_DONE
} LogregAction;

typedef struct LogregFit LogregFit;

static inline int
la_logreg_block_columns(int p)
{
	return p + 2;
}

extern int	la_logreg_block_rows(int p, int classes);
extern void la_logreg_moments(LogregMoments *moments, int p, const double *block, int block_rows);
extern void la_logreg_standard(const LogregMoments *moments, double *center, double *scale,
							   double *largest);
extern void la_logreg_standardise(double *block, int p, int block_rows,
								  const double *center, const double *scale);

extern size_t la_logreg_fit_size(int p, int classes);
extern LogregFit *la_logreg_begin(void *memory, const LogregProblem *problem);
extern LogregAction la_logreg_next(LogregFit *fit);
extern int64_t la_logreg_wanted_blocks(const LogregFit *fit);
extern void la_logreg_add_block(LogregFit *fit, const double *block);

/* when done; c is a class but the reference, from 1 */
extern bool la_logreg_converged(const LogregFit *fit);
extern bool la_logreg_separated(const LogregFit *fit);
extern int	la_logreg_iterations(const LogregFit *fit);
extern int	la_logreg_parameters(const LogregFit *fit);
extern double la_logreg_log_likelihood(const LogregFit *fit);
extern bool la_logreg_is_dependent(const LogregFit *fit, int feature);
extern bool la_logreg_is_infinite(const LogregFit *fit, int c, int term);
extern double la_logreg_base(const LogregFit *fit, int c);
extern double la_logreg_slope(const LogregFit *fit, int c, int feature);
extern double la_logreg_std_error(const LogregFit *fit, int c, int term);

#endif							/* LA_LOGREG_CORE_H */
