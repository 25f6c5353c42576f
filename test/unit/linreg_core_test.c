/*
 * linreg_core_test.c
 *		least squares: exact cases, offsets, merges, dependent columns, limits,
 *		and states that no rows ever had.
 */
#include "linreg_solve.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vary.h"

static LinregState *
new_state(int p)
{
	LinregState *state = malloc(la_linreg_size((size_t) p));

	la_linreg_init(state, p, 0);
	return state;
}

/* one feature */
static LaResult
add(LinregState *state, double y, double x)
{
	return la_linreg_add(state, y, &x);
}

static LinregFit *
solve(const LinregState *state, LaResult *result)
{
	LinregFit  *fit = la_linreg_fit_begin(malloc(la_linreg_fit_size(state->p)), state);

	while (la_linreg_fit_step(fit, state))
		;
	*result = la_linreg_fit_end(fit);
	return fit;
}

/* intercept and slopes; NaN for a dependent column */
static LaResult
coefficients(const LinregState *state, double *coef)
{
	LaResult	result;
	LinregFit  *fit = solve(state, &result);

	if (result == LA_OK)
		result = la_linreg_intercept(fit, coef);
	for (int j = 0; j < state->p; j++)
		coef[j + 1] = la_linreg_estimable(fit, j) ? la_linreg_slope(fit, j) : NAN;
	free(fit);
	return result;
}

static LinregStats
stats_of(const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = solve(state, &result);
	LinregStats stats;

	la_linreg_stats(fit, &stats);
	free(fit);
	return stats;
}

static double
condition_of(const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = solve(state, &result);
	LinregCondition *condition = la_linreg_condition_begin(malloc(la_linreg_condition_size(fit)), fit);
	double		number;

	while (la_linreg_condition_step(condition))
		;
	number = la_linreg_condition_number(condition);
	free(condition);
	free(fit);
	return number;
}

static bool
close_to(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance * fabs(b);
}

static void
test_double_double(void)
{
	DD			third = dd_div(dd_make(1, 0), dd_make(3, 0));
	DD			root = dd_sqrt(dd_make(2, 0));
	DD			one = dd_scale(third, 3);
	DD			two = dd_mul(root, root);
	DD			product = dd_two_prod(1 + 0x1p-30, 1 - 0x1p-30);

	ok(one.hi == 1 && fabs(one.lo) < 1e-31, "three thirds");
	ok(two.hi == 2 && fabs(two.lo) < 1e-31, "square of the square root");
	ok(product.hi == 1 && product.lo == -0x1p-60, "a product is exact");
	ok(dd_two_diff(1, 1e-20).lo == -1e-20, "a difference is exact");
	ok(dd_sub(dd_make(1, 1e-20), dd_make(1, 0)).hi == 1e-20, "what cancels leaves the rest");
}

static void
test_exact(void)
{
	LinregState *s = new_state(1);
	LinregStats stats;
	double		c[2];

	for (int i = 1; i <= 3; i++)
		add(s, 2 * i, i);
	ok(coefficients(s, c) == LA_OK && c[0] == 0 && c[1] == 2, "(1,2) (2,4) (3,6) is 0 + 2x");
	stats = stats_of(s);
	ok(stats.r2 == 1 && stats.loss == 0 && stats.residual_se == 0, "nothing is left over");
	ok(isinf(stats.f_value) && stats.f_p_value == 0, "F is infinite");
	ok(isinf(stats.log_likelihood) && stats.aic == -INFINITY, "so is the likelihood");
	free(s);

	s = new_state(1);
	for (int i = 0; i < 1000; i++)
		add(s, 3 * (1e9 + i) - 7, 1e9 + i);
	ok(coefficients(s, c) == LA_OK && c[0] == -7 && c[1] == 3, "an offset of 1e9 takes no digit");
	free(s);

	s = new_state(1);
	add(s, 1e12 + 0.25, -1e12);
	for (int i = 0; i < 1000; i++)
		add(s, 0.25 - i, i);
	ok(coefficients(s, c) == LA_OK && c[0] == 0.25 && c[1] == -1, "an outlier as the pivot");
	free(s);
}

static void
test_few_rows(void)
{
	LinregState *s = new_state(1);
	LinregStats stats = stats_of(s);
	double		c[2];

	ok(stats.df_residual == -1 && isnan(stats.loss) && isnan(stats.r2), "no rows, no statistics");
	add(s, 5, 1);
	ok(coefficients(s, c) == LA_OK && c[0] == 5 && isnan(c[1]), "one row has a mean");
	add(s, 7, 1);
	ok(coefficients(s, c) == LA_OK && c[0] == 6 && isnan(c[1]), "so has a vertical line");
	stats = stats_of(s);
	ok(stats.df_residual == 1 && stats.r2 == 0 && isnan(stats.f_value), "it explains nothing");
	ok(condition_of(s) == 1, "the intercept alone has condition 1");
	free(s);

	s = new_state(1);
	for (int i = 0; i < 9; i++)
		add(s, 0.1, i);
	stats = stats_of(s);
	ok(coefficients(s, c) == LA_OK && c[0] == 0.1 && c[1] == 0, "a horizontal line");
	ok(isnan(stats.r2) && isnan(stats.f_value) && stats.loss == 0, "nothing to explain: no R2");
	free(s);
}

/* y = 1 + x1 - 2 x3, where x2 = (x1 + 7) / 3 and x4 is constant */
static void
test_dependent(void)
{
	LinregState *s = new_state(4);
	double		c[5];

	for (int i = 0; i < 5000; i++)
	{
		double		x[4];

		x[0] = uniform() * 1000;
		x[1] = (x[0] + 7) / 3;
		x[2] = uniform();
		x[3] = 0.3;
		la_linreg_add(s, 1 + x[0] - 2 * x[2], x);
	}
	ok(coefficients(s, c) == LA_OK && isnan(c[2]) && isnan(c[4]), "dependent columns have no coefficient");
	ok(close_to(c[0], 1, 1e-13) && close_to(c[1], 1, 1e-13) && close_to(c[3], -2, 1e-13),
	   "the others are as without them");
	free(s);

	s = new_state(3);
	for (int i = 0; i < 3; i++)
	{
		double		x[3] = {i, i * i, i * i * i};

		la_linreg_add(s, 4 - i, x);
	}
	ok(coefficients(s, c) == LA_OK && c[0] == 4 && c[1] == -1 && c[2] == 0 && isnan(c[3]),
	   "three rows give three coefficients");
	ok(stats_of(s).df_residual == 0 && isnan(stats_of(s).residual_se), "and no residual variance");
	free(s);
}

#define ROWS 2000
#define FEATURES 5

static double rows[ROWS][FEATURES + 1];

static void
make_rows(void)
{
	for (int i = 0; i < ROWS; i++)
	{
		double		sum = 3;

		for (int j = 0; j < FEATURES; j++)
		{
			rows[i][j] = 1000 * j + uniform();
			sum += (j - 2) * rows[i][j];
		}
		rows[i][FEATURES] = sum + uniform() - 0.5;
	}
}

/* the rows from "first" in steps, in a state of its own */
static LinregState *
part(int first, int step)
{
	LinregState *s = new_state(FEATURES);

	for (int i = first; i < ROWS; i += step)
		la_linreg_add(s, rows[i][FEATURES], rows[i]);
	return s;
}

static void
test_merge(void)
{
	LinregState *whole = part(0, 1);
	LinregState *merged = new_state(FEATURES);
	LinregState *empty = new_state(FEATURES);
	double		a[FEATURES + 1],
				b[FEATURES + 1];
	double		worst = 0;
	bool		all_ok = true;

	la_linreg_skip(empty);
	for (int k = 0; k < 64; k++)
	{
		LinregState *piece = part(63 - k, 64);

		all_ok = all_ok && la_linreg_merge(merged, piece) == LA_OK;
		free(piece);
	}
	all_ok = all_ok && la_linreg_merge(merged, empty) == LA_OK;
	coefficients(whole, a);
	coefficients(merged, b);
	for (int j = 0; j <= FEATURES; j++)
		worst = fmax(worst, fabs(a[j] / b[j] - 1));
	ok(all_ok && merged->n == ROWS && merged->skipped == 1, "64 parts have all the rows");
	ok(worst < 1e-15, "and the coefficients of the whole: %.1e", worst);
	ok(close_to(stats_of(whole).loss, stats_of(merged).loss, 1e-14), "and its loss");
	ok(close_to(condition_of(whole), condition_of(merged), 1e-12), "and its condition number");
	ok(la_linreg_check(merged) == LA_OK, "and are a valid state");

	ok(la_linreg_merge(empty, whole) == LA_OK && empty->skipped == 1 &&
	   memcmp(empty->values, whole->values, la_linreg_nvalues(FEATURES) * sizeof(double)) == 0,
	   "an empty state takes over the other's moments");
	free(whole);
	free(merged);
	free(empty);
}

/* Two columns a 2.7e9th apart, and one row that is 1e9 times the others. */
static void
add_far_row(LinregState *s, int i)
{
	double		base = i == 0 ? 1e9 : sin(i);
	double		x[2];

	x[0] = base;
	x[1] = 3 * base + 1e-2 * sin(7 * i);
	la_linreg_add(s, 2 * base + cos(i * i), x);
}

static void
test_far_row(void)
{
	LinregState *first = new_state(2);
	LinregState *last = new_state(2);
	LinregState *alone = new_state(2);
	double		a[3],
				b[3],
				c[3];
	double		worst = 0;

	for (int i = 0; i < 20000; i++)
	{
		add_far_row(first, i);
		add_far_row(last, 19999 - i);
	}
	add_far_row(alone, 0);
	for (int k = 0; k < 100; k++)
	{
		LinregState *piece = new_state(2);

		for (int i = k == 0 ? 1 : 200 * k; i < 200 * (k + 1); i++)
			add_far_row(piece, i);
		la_linreg_merge(alone, piece);
		free(piece);
	}
	coefficients(first, a);
	coefficients(last, b);
	coefficients(alone, c);
	for (int j = 0; j < 3; j++)
		worst = fmax(worst, fmax(fabs(a[j] / b[j] - 1), fabs(c[j] / b[j] - 1)));
	ok(worst < 1e-7, "a far row may be the first or the last: %.1e", worst);
	ok(fabs(la_linreg_pivot(first, 0)) <= 1 && fabs(la_linreg_pivot(alone, 0)) <= 1,
	   "it does not stay the pivot");
	ok(alone->n == 20000 && la_linreg_check(first) == LA_OK && la_linreg_check(alone) == LA_OK,
	   "the states are valid");
	free(first);
	free(last);
	free(alone);
}

/* Belsley's definition on two columns: sqrt((1 + cos) / (1 - cos)) */
static void
test_condition(void)
{
	LinregState *s = new_state(1);
	double		cosine = 10 / sqrt(4 * 30.0);

	for (int i = 1; i <= 4; i++)
		add(s, 0, i);
	ok(close_to(condition_of(s), sqrt((1 + cosine) / (1 - cosine)), 1e-14), "condition of a line");
	free(s);
}

static void
test_limits(void)
{
	LinregState *s = new_state(1);
	double		c[2];

	add(s, 1, 1);
	ok(add(s, 2, 1e200) == LA_OVERFLOW, "a square out of range");
	la_linreg_init(s, 1, 0);
	add(s, 0, -1e308);
	ok(add(s, 0, 1e308) == LA_OVERFLOW, "a difference out of range");
	la_linreg_init(s, 1, 0);
	for (int i = 0; i < 5; i++)
		add(s, 1e148 * i, 1e-145 * i);
	ok(coefficients(s, c) == LA_OK && close_to(c[1], 1e293, 1e-12), "a slope of 1e293");
	la_linreg_init(s, 1, 0);
	for (int i = 0; i < 3; i++)
		add(s, 1e148 * i, 1e-162 * i);
	ok(coefficients(s, c) == LA_OVERFLOW || isnan(c[1]), "a slope out of range");
	la_linreg_init(s, 1, 0);
	s->skipped = LA_LINREG_MAX_ROWS;
	ok(add(s, 0, 0) == LA_TOO_LARGE && la_linreg_skip(s) == LA_TOO_LARGE, "too many rows");
	ok(la_linreg_merge(s, s) == LA_TOO_LARGE, "too many rows in a merge");
	free(s);
}

/* Solve, predict and describe whatever the numbers are: no crash, no loop. */
static void
use(const LinregState *state)
{
	LaResult	result;
	LinregFit  *fit = solve(state, &result);
	double		x[FEATURES] = {1, 2, 3, 4, 5};
	double		y;
	LinregStats stats;

	if (result == LA_OK)
	{
		la_linreg_predict(fit, x, &y);
		la_linreg_stats(fit, &stats);
		condition_of(state);
	}
	free(fit);
}

/* one double of a valid state replaced by an extreme one, or by any bits */
static void
test_forged(void)
{
	static const double extremes[] = {0, -1, 1e300, -1e300, 1e297, 5e-324, NAN, INFINITY};
	LinregState *valid = part(0, 100);
	LinregState *s = new_state(FEATURES);
	size_t		size = la_linreg_size(FEATURES);
	int			accepted = 0;

	for (int round = 0; round < 20000; round++)
	{
		size_t		place = (size_t) (uniform() * (double) la_linreg_nvalues(FEATURES));

		memcpy(s, valid, size);
		if (round % 2 == 0)
			s->values[place] = extremes[round / 2 % 8];
		else
			memcpy(&s->values[place], &vary_state, sizeof(double));
		if (la_linreg_check(s) != LA_OK)
			continue;
		accepted++;
		use(s);
		if (la_linreg_merge(s, valid) == LA_OK)
			use(s);
	}
	ok(accepted > 0 && accepted < 20000, "%d of 20000 forged states pass and do no harm", accepted);
	memcpy(s, valid, size);
	s->n = 0;
	ok(la_linreg_check(s) == LA_MALFORMED, "moments without rows");
	s->n = -1;
	ok(la_linreg_check(s) == LA_MALFORMED, "fewer than no rows");
	s->n = valid->n;
	s->format = 2;
	ok(la_linreg_check(s) == LA_MALFORMED, "an unknown format");
	free(valid);
	free(s);
}

/* (hi, lo) += w a b, one pair after the other */
static DD
reference_sum(DD sum, DD a, DD b, double weight)
{
	DD			first = weight == 1 ? a : dd_scale(a, weight);
	DD			product = dd_two_prod(first.hi, b.hi);
	DD			total = dd_two_sum(sum.hi, product.hi);

	product.lo += first.hi * b.lo + first.lo * b.hi;
	return dd_fast_two_sum(total.hi, total.lo + (sum.lo + product.lo));
}

/* Rows added by vectors give the bits of rows added pair by pair. */
static void
test_vectors(void)
{
	bool		same = true;

	for (int p = 1; p <= 40; p++)
	{
		LinregState *s = new_state(p);
		double		row[3][41];

		for (int i = 0; i < 3; i++)
		{
			for (int j = 0; j <= p; j++)
				row[i][j] = (uniform() - 0.5) * pow(10, 6 * uniform());
			la_linreg_add_weighted(s, row[i][p], row[i], p % 2 == 0 ? 1 : 0.1 + i);
		}
		for (int i = 0; i <= p; i++)
		{
			for (int j = i; j <= p; j++)
			{
				DD			sum = dd_make(0, 0);
				DD			got = la_linreg_product(s, i, j);

				for (int k = 1; k < 3; k++)
					sum = reference_sum(sum, dd_two_diff(row[k][i], la_linreg_pivot(s, i)),
										dd_two_diff(row[k][j], la_linreg_pivot(s, j)), p % 2 == 0 ? 1 : 0.1 + k);
				same = same && (la_linreg_pivot(s, i) != row[0][i] || la_linreg_pivot(s, j) != row[0][j] ||
								(got.hi == sum.hi && fabs(got.lo - sum.lo) <= fabs(sum.hi) * 0x1p-103));
			}
		}
		free(s);
	}
	ok(same, "rows of 1 to 40 features are added as if pair by pair");
}

/* A weight of 3 is three rows; through the origin there is no mean. */
static void
test_weights(void)
{
	LinregState *weighted = new_state(1);
	LinregState *copied = new_state(1);
	LinregState *origin = new_state(1);
	double		a[2],
				b[2];

	la_linreg_init(origin, 1, LA_LINREG_ORIGIN);
	for (int i = 0; i < 50; i++)
	{
		double		x = i % 7 + 0.3 * i;
		double		y = 2 * x + i % 5;

		la_linreg_add_weighted(weighted, y, &x, i % 3 + 1);
		for (int k = 0; k <= i % 3; k++)
			add(copied, y, x);
		add(origin, 3 * x, x);
	}
	coefficients(weighted, a);
	coefficients(copied, b);
	ok(close_to(a[0], b[0], 1e-14) && close_to(a[1], b[1], 1e-14), "whole weights are copies of rows");
	ok(la_linreg_weight(weighted).hi == (double) copied->n && weighted->n == 50, "their sum is the number of those");
	ok(close_to(stats_of(weighted).r2, stats_of(copied).r2, 1e-14), "and R2 is theirs");
	ok(la_linreg_merge(weighted, copied) == LA_OK && la_linreg_check(weighted) == LA_OK &&
	   la_linreg_weight(weighted).hi == 2 * (double) copied->n, "rows without weights weigh 1");
	coefficients(origin, a);
	ok(a[0] == 0 && a[1] == 3 && stats_of(origin).df_residual == 49, "a line through the origin");
	origin->values[0] = 1;
	ok(la_linreg_check(origin) == LA_MALFORMED, "whose pivot is 0");
	free(weighted);
	free(copied);
	free(origin);
}

/* so many rows, one by one and deferred: to the same bytes */
static bool
same_deferred(int p, int flags, int nrows)
{
	size_t		size = la_linreg_size((size_t) p);
	LinregState *once = malloc(size);
	LinregState *later = malloc(size + la_linreg_room_size((size_t) p) * sizeof(double));
	double	   *x = malloc((size_t) p * sizeof(double));
	bool		same = true;

	la_linreg_init(once, p, flags);
	la_linreg_init(later, p, flags | LA_LINREG_ROOM);
	for (int i = 0; i < nrows && same; i++)
	{
		double		weight = flags & LA_LINREG_WEIGHTED ? 0.5 + uniform() : 1;
		double		y = uniform() - 0.5;

		for (int j = 0; j < p; j++)
			x[j] = i == 0 ? 1e6 : uniform();
		if (i == 3 && !(flags & LA_LINREG_WEIGHTED) && nrows % 3 == 0)
			weight = 2;
		if (weight == 1)
			la_linreg_add(once, y, x);
		else
			la_linreg_add_weighted(once, y, x, weight);
		same = la_linreg_defer(later, y, x, weight) == LA_OK && la_linreg_waiting_fit(later);
	}
	same = same && la_linreg_flush(later) == LA_OK;
	later->flags &= LA_LINREG_FLAGS;
	/* the first bytes are not the core's */
	same = same && memcmp((char *) once + 4, (char *) later + 4, size - 4) == 0;
	free(x);
	free(later);
	free(once);
	return same;
}

static void
test_deferred(void)
{
	static const int features[] = {1, 3, 4, 5, 8, 10, 12, 20, 21, 30, 40, 41, 60};
	LinregState *s;
	double		x[4] = {1e148, 0, 0, 0};
	bool		same = true;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
	{
		for (int flags = 0; flags <= LA_LINREG_FLAGS; flags++)
		{
			for (int n = 0; n < 70; n++)
				same = same && same_deferred(features[i], flags, n);
		}
	}
	ok(same, "rows that wait are counted to the same bytes");
	ok(la_linreg_room_size(3) == 0 && la_linreg_room_size(10) >= 4 * 12 &&
	   la_linreg_room_size(1000) == 8 * 1002, "room for rows that wait");

	s = malloc(la_linreg_size(4) + la_linreg_room_size(4) * sizeof(double));
	la_linreg_init(s, 4, LA_LINREG_ROOM);
	la_linreg_defer(s, 1, x, 1);
	x[0] = -9e149;
	ok(la_linreg_defer(s, 1, x, 1) == LA_OK && s->n == 0 && la_linreg_flush(s) == LA_OVERFLOW,
	   "an overflow shows when rows are counted");
	s->flags = LA_LINREG_ROOM | 31 << LA_LINREG_WAITING;
	ok(!la_linreg_waiting_fit(s), "more rows than there is room for");
	free(s);
}

int
main(void)
{
	test_double_double();
	test_vectors();
	test_weights();
	test_deferred();
	test_exact();
	test_few_rows();
	test_dependent();
	make_rows();
	test_merge();
	test_far_row();
	test_condition();
	test_limits();
	test_forged();
	return tap_done();
}
