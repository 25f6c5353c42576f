/*
 * logreg_core_test.c
 *		logistic regression: tables with known answers, weights, dependent
 *		columns, the equations that a maximum solves, and separation against
 *		brute force.
 */
#include "logreg_core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vary.h"

#define MAX_CLASSES 4
#define MAX_P 6

static int
whole(int below)
{
	return (int) (uniform() * below);
}

/* rows of p features, then the class, then the weight */
typedef struct Rows
{
	int			n;
	int			p;
	int			classes;
	double	   *values;
} Rows;

static Rows
new_rows(int p, int classes)
{
	Rows		rows = {0, p, classes, malloc(100000 * sizeof(double))};

	return rows;
}

static double *
add(Rows *rows, int label, double weight)
{
	double	   *row = rows->values + (size_t) rows->n++ * (size_t) (rows->p + 2);

	row[rows->p] = label;
	row[rows->p + 1] = weight;
	return row;
}

static const double *
row_of(const Rows *rows, int i)
{
	return rows->values + (size_t) i * (size_t) (rows->p + 2);
}

/* a fit, and all that it points to */
typedef struct Fitted
{
	LogregFit  *fit;
	double	   *blocks;
	LogregMoments moments[MAX_P];
	double		center[MAX_P];
	double		scale[MAX_P];
	double		largest[MAX_P];
	double		class_rows[MAX_CLASSES];
} Fitted;

static void
fill_blocks(const Rows *rows, int block_rows, int64_t nblocks, double *blocks)
{
	for (int64_t i = 0; i < nblocks * block_rows; i++)
	{
		const double *row = row_of(rows, i < rows->n ? (int) i : rows->n - 1);
		double	   *block = blocks + i / block_rows * block_rows * (rows->p + 2);

		for (int col = 0; col < rows->p + 2; col++)
			block[col * block_rows + i % block_rows] = col == rows->p + 1 && i >= rows->n ? 0 : row[col];
	}
}

static Fitted *
fit_rows(const Rows *rows, double l2)
{
	Fitted	   *fitted = calloc(1, sizeof(Fitted));
	int			block_rows = la_logreg_block_rows(rows->p, rows->classes);
	int64_t		nblocks = (rows->n + block_rows - 1) / block_rows;
	size_t		block_size = (size_t) (block_rows * la_logreg_block_columns(rows->p));
	LogregProblem problem = {
		rows->p, rows->classes, block_rows, nblocks, fitted->class_rows,
		fitted->center, fitted->scale, fitted->largest, {l2, 100, 1e-8}
	};
	LogregAction action;

	fitted->blocks = malloc((size_t) nblocks * block_size * sizeof(double));
	fill_blocks(rows, block_rows, nblocks, fitted->blocks);
	for (int i = 0; i < rows->n; i++)
		fitted->class_rows[(int) row_of(rows, i)[rows->p]] += row_of(rows, i)[rows->p + 1];
	for (int64_t i = 0; i < nblocks; i++)
		la_logreg_moments(fitted->moments, rows->p, fitted->blocks + (size_t) i * block_size, block_rows);
	for (int j = 0; j < rows->p; j++)
		la_logreg_standard(&fitted->moments[j], &fitted->center[j], &fitted->scale[j], &fitted->largest[j]);
	for (int64_t i = 0; i < nblocks; i++)
		la_logreg_standardise(fitted->blocks + (size_t) i * block_size, rows->p, block_rows,
							  fitted->center, fitted->scale);
	fitted->fit = la_logreg_begin(malloc(la_logreg_fit_size(rows->p, rows->classes)), &problem);
	while ((action = la_logreg_next(fitted->fit)) != LOGREG_DONE)
	{
		for (int64_t i = 0; action == LOGREG_PASS && i < la_logreg_wanted_blocks(fitted->fit); i++)
			la_logreg_add_block(fitted->fit, fitted->blocks + (size_t) i * block_size);
	}
	return fitted;
}

static void
free_fit(Fitted *fitted)
{
	free(fitted->fit);
	free(fitted->blocks);
	free(fitted);
}

/* at x = 0 */
static double
intercept_of(const Fitted *fitted, int p, int c)
{
	double		intercept = la_logreg_base(fitted->fit, c);

	for (int j = 0; j < p; j++)
		intercept -= la_logreg_slope(fitted->fit, c, j) * fitted->center[j];
	return intercept;
}

static bool
near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

/* a 2 x 2 table: the log-odds ratio and its error are known */
static void
test_table(void)
{
	static const double counts[2][2] = {{30, 12}, {7, 41}};
	Rows		rows = new_rows(1, 2);
	Fitted	   *fitted;

	for (int x = 0; x < 2; x++)
	{
		for (int y = 0; y < 2; y++)
			add(&rows, y, counts[x][y])[0] = x;
	}
	fitted = fit_rows(&rows, 0);
	ok(la_logreg_converged(fitted->fit) && !la_logreg_separated(fitted->fit), "a table converges");
	ok(near(intercept_of(fitted, 1, 1), log(12.0 / 30), 1e-13), "log-odds of the first row");
	ok(near(la_logreg_slope(fitted->fit, 1, 0), log(41.0 / 7) - log(12.0 / 30), 1e-13), "log-odds ratio");
	ok(near(la_logreg_std_error(fitted->fit, 1, 0), sqrt(1 / 30.0 + 1 / 12.0), 1e-7), "its error at 0");
	ok(near(la_logreg_std_error(fitted->fit, 1, 1), sqrt(1 / 30.0 + 1 / 12.0 + 1 / 7.0 + 1 / 41.0), 1e-7),
	   "error of the ratio");
	ok(near(la_logreg_log_likelihood(fitted->fit),
			30 * log(30.0 / 42) + 12 * log(12.0 / 42) + 7 * log(7.0 / 48) + 41 * log(41.0 / 48), 1e-13),
	   "log-likelihood");
	ok(la_logreg_parameters(fitted->fit) == 2, "two parameters");
	free_fit(fitted);
	free(rows.values);
}

/* the same for four classes: each against the first */
static void
test_table_of_many(void)
{
	static const double counts[2][4] = {{30, 12, 9, 25}, {7, 41, 3, 11}};
	Rows		rows = new_rows(1, 4);
	Fitted	   *fitted;
	bool		right = true;

	for (int x = 0; x < 2; x++)
	{
		for (int y = 0; y < 4; y++)
			add(&rows, y, counts[x][y])[0] = 10 - 4 * x;
	}
	fitted = fit_rows(&rows, 0);
	for (int c = 1; c < 4; c++)
	{
		double		low = log(counts[1][c] / counts[1][0]);
		double		high = log(counts[0][c] / counts[0][0]);

		right = right && near(la_logreg_slope(fitted->fit, c, 0), (high - low) / 4, 1e-12) &&
			near(intercept_of(fitted, 1, c), low - 6 * (high - low) / 4, 1e-12) &&
			near(la_logreg_std_error(fitted->fit, c, 1),
				 sqrt(1 / counts[0][0] + 1 / counts[0][c] + 1 / counts[1][0] + 1 / counts[1][c]) / 4, 1e-7);
	}
	ok(right, "a table of four classes");
	free_fit(fitted);
	free(rows.values);
}

/* --- the equations of a maximum ----------------------------------------------- */

static void
probabilities(const Fitted *fitted, const Rows *rows, const double *x, double *out)
{
	double		sum = 1;

	out[0] = 1;
	for (int c = 1; c < rows->classes; c++)
	{
		double		eta = la_logreg_base(fitted->fit, c);

		for (int j = 0; j < rows->p; j++)
			eta += la_logreg_slope(fitted->fit, c, j) * (x[j] - fitted->center[j]);
		sum += out[c] = exp(eta);
	}
	for (int c = 0; c < rows->classes; c++)
		out[c] /= sum;
}

/* the largest derivative of the objective, computed anew row by row, per row */
static double
worst_derivative(const Fitted *fitted, const Rows *rows, double l2)
{
	double		worst = 0;
	double		p[MAX_CLASSES];

	for (int c = 1; c < rows->classes; c++)
	{
		for (int term = 0; term <= rows->p; term++)
		{
			double		sum = 0;
			double		mean = 0;
			double		slope = term > 0 ? la_logreg_slope(fitted->fit, c, term - 1) : 0;

			for (int i = 0; i < rows->n; i++)
			{
				const double *row = row_of(rows, i);

				probabilities(fitted, rows, row, p);
				sum += row[rows->p + 1] * ((row[rows->p] == c) - p[c]) *
					(term > 0 ? row[term - 1] - fitted->center[term - 1] : 1);
			}
			for (int other = 1; term > 0 && rows->classes > 2 && other < rows->classes; other++)
				mean += la_logreg_slope(fitted->fit, other, term - 1) / rows->classes;
			worst = fmax(worst, fabs(sum - l2 * (slope - mean)));
		}
	}
	return worst / rows->n;
}

static void
fill_random(Rows *rows, int n, double strength)
{
	double		slope[MAX_CLASSES][MAX_P];

	for (int c = 0; c < rows->classes; c++)
	{
		for (int j = 0; j < rows->p; j++)
			slope[c][j] = strength * (uniform() - 0.5);
	}
	for (int i = 0; i < n; i++)
	{
		double		x[MAX_P];
		double	   *row;
		double		best = -1e9;
		int			label = 0;

		for (int j = 0; j < rows->p; j++)
			x[j] = uniform() * 3;
		for (int c = 0; c < rows->classes; c++)
		{
			double		eta = -log(-log(uniform() * 0.999 + 0.0005));

			for (int j = 0; j < rows->p; j++)
				eta += slope[c][j] * x[j];
			if (eta > best)
			{
				best = eta;
				label = c;
			}
		}
		row = add(rows, label, 1 + whole(3));
		memcpy(row, x, (size_t) rows->p * sizeof(double));
	}
}

static void
test_maximum(void)
{
	for (int classes = 2; classes <= 4; classes++)
	{
		for (int penalised = 0; penalised < 2; penalised++)
		{
			Rows		rows = new_rows(3, classes);
			double		l2 = penalised ? 2.5 : 0;
			Fitted	   *fitted;

			fill_random(&rows, 1500, 2);
			fitted = fit_rows(&rows, l2);
			ok(la_logreg_converged(fitted->fit) && worst_derivative(fitted, &rows, l2) < 1e-12,
			   "derivatives are 0: %d classes, l2 %g, %g", classes, l2, worst_derivative(fitted, &rows, l2));
			free_fit(fitted);
			free(rows.values);
		}
	}
}

/* a sample begins the fit of many rows; the result is the maximum all the same */
static void
test_sample(void)
{
	Rows		rows = new_rows(1, 2);
	Fitted	   *fitted;

	rows.values = realloc(rows.values, 200000 * 3 * sizeof(double));
	fill_random(&rows, 150000, 3);
	fitted = fit_rows(&rows, 0);
	ok(worst_derivative(fitted, &rows, 0) < 1e-12, "derivatives are 0 with samples, too: %g",
	   worst_derivative(fitted, &rows, 0));
	ok(la_logreg_iterations(fitted->fit) <= 4, "%d iterations over all rows", la_logreg_iterations(fitted->fit));
	free_fit(fitted);
	free(rows.values);
}

/* --- columns -------------------------------------------------------------------- */

static void
test_dependent(void)
{
	Rows		rows = new_rows(5, 3);
	Fitted	   *fitted;
	Rows		less = new_rows(2, 3);
	Fitted	   *fewer;

	fill_random(&less, 300, 2);
	for (int i = 0; i < less.n; i++)
	{
		const double *from = row_of(&less, i);
		double	   *row = add(&rows, (int) from[2], from[3]);

		row[0] = from[0];
		row[1] = 0.1;
		row[2] = from[1] * 1e9;
		row[3] = 1e9 * from[1] - 3 * from[0];
		row[4] = 7 - from[0];
	}
	fitted = fit_rows(&rows, 0);
	fewer = fit_rows(&less, 0);
	ok(!la_logreg_is_dependent(fitted->fit, 0) && la_logreg_is_dependent(fitted->fit, 1) &&
	   !la_logreg_is_dependent(fitted->fit, 2) && la_logreg_is_dependent(fitted->fit, 3) &&
	   la_logreg_is_dependent(fitted->fit, 4), "dependent columns");
	ok(near(la_logreg_log_likelihood(fitted->fit), la_logreg_log_likelihood(fewer->fit), 1e-11),
	   "they tell nothing");
	ok(near(la_logreg_slope(fitted->fit, 2, 2) * 1e9, la_logreg_slope(fewer->fit, 2, 1), 1e-12), "and change no other");
	free_fit(fitted);
	free_fit(fewer);
	free(rows.values);
	free(less.values);
}

/* units and offsets change estimates by just that */
static void
test_units(void)
{
	Rows		plain = new_rows(2, 2);
	Rows		moved = new_rows(2, 2);
	Fitted	   *a;
	Fitted	   *b;

	fill_random(&plain, 400, 3);
	for (int i = 0; i < plain.n; i++)
	{
		const double *from = row_of(&plain, i);
		double	   *row = add(&moved, (int) from[2], from[3]);

		row[0] = from[0] * 0x1p-900;
		row[1] = from[1] * 0x1p40 + 0x1p41;
	}
	a = fit_rows(&plain, 0);
	b = fit_rows(&moved, 0);
	ok(near(la_logreg_slope(a->fit, 1, 0), la_logreg_slope(b->fit, 1, 0) * 0x1p-900, 1e-12) &&
	   near(la_logreg_slope(a->fit, 1, 1), la_logreg_slope(b->fit, 1, 1) * 0x1p40, 1e-12), "units and offsets");
	ok(near(la_logreg_log_likelihood(a->fit), la_logreg_log_likelihood(b->fit), 1e-13), "leave the likelihood");
	free_fit(a);
	free_fit(b);
	free(plain.values);
	free(moved.values);
}

/* --- separation against brute force ---------------------------------------------- */

/* what direction (a, b, c) does to the rows: -1 wrong for some, else how many it wins */
static int
count_won(const Rows *rows, int a, int b, int c)
{
	int			won = 0;

	for (int i = 0; i < rows->n; i++)
	{
		const double *row = row_of(rows, i);
		int			side = (int) (a + b * row[0] + c * row[1]) * (row[2] > 0 ? 1 : -1);

		if (side < 0)
			return -1;
		won += side > 0;
	}
	return won;
}

/*
 * Two whole features: a line that separates can be moved until it goes through
 * two different points, or is parallel to an axis, or is beyond all points.
 */
static bool
separated_by_force(const Rows *rows)
{
	for (int i = 0; i < rows->n; i++)
	{
		for (int j = 0; j < rows->n; j++)
		{
			const double *p = row_of(rows, i);
			const double *q = row_of(rows, j);
			int			b = (int) (q[1] - p[1]);
			int			c = (int) (p[0] - q[0]);

			/* the line through p and q, tilted a little to either side at either point */
			for (int tilt = -1; tilt <= 1; tilt++)
			{
				for (int end = 0; end < 2; end++)
				{
					const double *at = end == 0 ? p : q;
					int			tb = 1000 * b + tilt * (int) (q[0] - p[0]);
					int			tc = 1000 * c + tilt * (int) (q[1] - p[1]);

					for (int shift = -1; shift <= 1; shift++)
					{
						int			a = -(int) (tb * at[0] + tc * at[1]) + shift;

						if (count_won(rows, a, tb, tc) > 0)
							return true;
					}
				}
			}
		}
	}
	return false;
}

static bool
has_both(const Rows *rows)
{
	int			trues = 0;

	for (int i = 0; i < rows->n; i++)
		trues += row_of(rows, i)[2] > 0;
	return trues > 0 && trues < rows->n;
}

static void
test_separation(void)
{
	int			wrong = 0;
	int			separated = 0;
	int			unsettled = 0;

	for (int trial = 0; trial < 3000; trial++)
	{
		Rows		rows = new_rows(2, 2);
		int			n = 3 + whole(14);
		int			range = 2 + whole(4);
		double		noise = uniform() * 3;

		for (int i = 0; i < n; i++)
		{
			int			x0 = whole(range);
			int			x1 = whole(range);
			double	   *row = add(&rows, x0 - x1 + noise * (uniform() - 0.5) > 0.2, 1);

			row[0] = x0;
			row[1] = x1;
		}
		if (has_both(&rows))
		{
			Fitted	   *fitted = fit_rows(&rows, 0);
			bool		truth = separated_by_force(&rows);

			separated += truth;
			wrong += la_logreg_separated(fitted->fit) != truth;
			unsettled += !la_logreg_converged(fitted->fit);
			free_fit(fitted);
		}
		free(rows.values);
	}
	ok(wrong == 0 && separated > 300, "separation as by brute force: %d of 3000, %d wrong", separated, wrong);
	ok(unsettled == 0, "and every fit converges");
}

/* one row in a thousand keeps classes together that are far apart */
static void
test_strong(void)
{
	Rows		rows = new_rows(2, 2);
	Fitted	   *fitted;

	for (int i = 0; i < 1000; i++)
	{
		double	   *row = add(&rows, i >= 500, 1);

		row[0] = i;
		row[1] = i % 10;
	}
	fitted = fit_rows(&rows, 0);
	ok(la_logreg_separated(fitted->fit) && la_logreg_log_likelihood(fitted->fit) == 0, "classes apart are separated");
	ok(la_logreg_is_infinite(fitted->fit, 1, 0) && la_logreg_is_infinite(fitted->fit, 1, 1), "with infinite estimates");
	free_fit(fitted);
	for (int k = 0; k < 2; k++)
	{
		double	   *row = add(&rows, k, 1);

		row[0] = k == 0 ? 900 : 100;
		row[1] = 0;
	}
	fitted = fit_rows(&rows, 0);
	ok(!la_logreg_separated(fitted->fit) && la_logreg_converged(fitted->fit) &&
	   worst_derivative(fitted, &rows, 0) < 1e-12, "two rows among them hold them together");
	free_fit(fitted);
	free(rows.values);
}

/* A feature that is there for one class only: the rest is fitted as without those rows. */
static void
test_quasi(void)
{
	Rows		whole_rows = new_rows(3, 2);
	Rows		rest = new_rows(2, 2);
	Fitted	   *a;
	Fitted	   *b;

	fill_random(&rest, 500, 3);
	for (int i = 0; i < rest.n; i++)
	{
		const double *from = row_of(&rest, i);
		double	   *row = add(&whole_rows, (int) from[2], from[3]);

		memcpy(row, from, 2 * sizeof(double));
		row[2] = 0;
	}
	for (int i = 0; i < 50; i++)
	{
		double	   *row = add(&whole_rows, 1, 1);

		row[0] = uniform();
		row[1] = uniform();
		row[2] = 1 + whole(3);
	}
	a = fit_rows(&whole_rows, 0);
	b = fit_rows(&rest, 0);
	ok(la_logreg_separated(a->fit) && !la_logreg_separated(b->fit), "quasi-complete separation");
	ok(la_logreg_is_infinite(a->fit, 1, 3) && !la_logreg_is_infinite(a->fit, 1, 0) &&
	   !la_logreg_is_infinite(a->fit, 1, 1) && !la_logreg_is_infinite(a->fit, 1, 2), "names the column");
	ok(near(la_logreg_slope(a->fit, 1, 0), la_logreg_slope(b->fit, 1, 0), 1e-12) &&
	   near(la_logreg_std_error(a->fit, 1, 1), la_logreg_std_error(b->fit, 1, 1), 1e-7) &&
	   near(la_logreg_log_likelihood(a->fit), la_logreg_log_likelihood(b->fit), 1e-12), "leaves the others alone");
	free_fit(a);
	free_fit(b);
	free(whole_rows.values);
	free(rest.values);
}

int
main(void)
{
	test_table();
	test_table_of_many();
	test_maximum();
	test_sample();
	test_dependent();
	test_units();
	test_separation();
	test_strong();
	test_quasi();
	return tap_done();
}
