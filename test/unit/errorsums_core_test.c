/*
 * errorsums_core_test.c
 *		Sums of errors against their definitions in extended precision, in any
 *		order and however they are split, and in the corners.
 */
#include "errorsums_core.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "tap.h"

#define MAX_ROWS 300

typedef struct Row
{
	double		actual;
	double		predicted;
} Row;

typedef struct Figures
{
	double		rmse;
	double		mae;
	double		mape;
	double		r2;
} Figures;

static ErrorSums
empty(ErrorKind kind)
{
	ErrorSums	sums;

	la_error_init(&sums, kind);
	return sums;
}

static ErrorSums
sums_of(const Row *rows, int n)
{
	ErrorSums	sums = empty(LA_ERROR_NUMBERS);

	for (int i = 0; i < n; i++)
		la_error_add_number(&sums, rows[i].actual, rows[i].predicted);
	return sums;
}

static Figures
figures_of(const ErrorSums *sums)
{
	return (Figures) {
		la_error_root_mean_square(sums), la_error_mean(sums, LA_SUM_ABSOLUTE),
		la_error_mean(sums, LA_SUM_RELATIVE), la_error_r2(sums)
	};
}

/* By their definitions, in the range and precision of long double. */
static Figures
figures_by_definition(const Row *rows, int n)
{
	long double squared = 0;
	long double absolute = 0;
	long double relative = 0;
	long double mean = 0;
	long double deviation = 0;

	for (int i = 0; i < n; i++)
	{
		long double d = (long double) rows[i].actual - rows[i].predicted;

		squared += d * d;
		absolute += fabsl(d);
		relative += fabsl(d) / fmaxl(fabsl((long double) rows[i].actual), DBL_EPSILON);
		mean += ((long double) rows[i].actual - rows[0].actual) / n;
	}
	for (int i = 0; i < n; i++)
	{
		long double t = (long double) rows[i].actual - rows[0].actual - mean;

		deviation += t * t;
	}
	return (Figures) {
		(double) sqrtl(squared / n), (double) (absolute / n), (double) (relative / n),
		n < 2 ? NAN : (double) (1 - squared / deviation)
	};
}

static bool
is_close(double a, double b)
{
	return isnan(b) ? isnan(a) : fabs(a - b) <= 1e-14 * fabs(b) + 1e-15 * (fabs(b) > 1e-3);
}

static bool
are_close(Figures a, Figures b)
{
	return is_close(a.rmse, b.rmse) && is_close(a.mae, b.mae) && is_close(a.mape, b.mape) && is_close(a.r2, b.r2);
}

static bool
are_same(Figures a, Figures b)
{
	return a.rmse == b.rmse && a.mae == b.mae && a.mape == b.mape && (a.r2 == b.r2 || isnan(b.r2));
}

static double
uniform(Prng *prng)
{
	return (double) la_prng_next(prng) * 0x1p-64;
}

/* Predictions with errors of another size than the numbers themselves. */
static void
random_rows(Prng *prng, Row *rows, int n, double factor, double offset)
{
	double		noise = pow(10, la_prng_below(prng, 7) - 3.0);

	for (int i = 0; i < n; i++)
	{
		double		x = uniform(prng) - 0.5;

		rows[i].actual = x * factor + offset;
		rows[i].predicted = (x + noise * (uniform(prng) - 0.5)) * factor + offset;
	}
}

static void
shuffle(Prng *prng, Row *rows, int n)
{
	for (int i = n; i > 1; i--)
	{
		uint32_t	j = la_prng_below(prng, (uint32_t) i);
		Row			row = rows[i - 1];

		rows[i - 1] = rows[j];
		rows[j] = row;
	}
}

/* Cut the rows into parts, some of them empty, and merge those. */
static ErrorSums
sums_of_parts(Prng *prng, const Row *rows, int n)
{
	ErrorSums	whole = empty(LA_ERROR_NUMBERS);

	for (int done = 0; done < n;)
	{
		int			part = (int) la_prng_below(prng, (uint32_t) (n - done + 1));
		ErrorSums	sums = sums_of(rows + done, part);

		la_error_merge(&whole, &sums);
		done += part;
	}
	return whole;
}

static void
test_random(const char *what, double factor, double offset)
{
	Prng		prng;
	bool		close = true;
	bool		same = true;
	bool		valid = true;

	la_prng_seed(&prng, 71, 0);
	for (int repeat = 0; repeat < 300; repeat++)
	{
		Row			rows[MAX_ROWS];
		int			n = 1 + (int) la_prng_below(&prng, MAX_ROWS);
		ErrorSums	sums;
		Figures		figures;

		random_rows(&prng, rows, n, factor, offset);
		sums = sums_of(rows, n);
		figures = figures_of(&sums);
		close &= are_close(figures, figures_by_definition(rows, n));
		valid &= la_error_check(&sums) == LA_OK && sums.n == n;
		for (int order = 0; order < 4; order++)
		{
			shuffle(&prng, rows, n);
			sums = order % 2 ? sums_of(rows, n) : sums_of_parts(&prng, rows, n);
			same &= are_same(figures_of(&sums), figures);
			valid &= la_error_check(&sums) == LA_OK && sums.n == n;
		}
	}
	ok(close, "%s: figures are those of the definitions", what);
	ok(same, "%s: order and parts do not change a bit", what);
	ok(valid, "%s: the sums agree", what);
}

static void
test_constant(void)
{
	static const Row exact[] = {{0.1, 0.1}, {0.1, 0.1}, {0.1, 0.1}};
	static const Row wrong[] = {{0.1, 0.1}, {0.1, 0.2}, {0.1, 0.1}};
	static const Row one[] = {{3, 4}};
	static const Row equal[] = {{3, 3}, {4, 4}};
	ErrorSums	sums = sums_of(exact, 3);

	ok(la_error_r2(&sums) == 1 && la_error_root_mean_square(&sums) == 0, "a constant, predicted exactly");
	sums = sums_of(wrong, 3);
	ok(la_error_r2(&sums) == 0, "a constant, predicted wrongly");
	sums = sums_of(one, 1);
	ok(isnan(la_error_r2(&sums)) && la_error_root_mean_square(&sums) == 1, "one row");
	sums = sums_of(equal, 2);
	ok(la_error_r2(&sums) == 1 && la_error_mean(&sums, LA_SUM_RELATIVE) == 0, "all predicted exactly");
	sums = empty(LA_ERROR_NUMBERS);
	ok(isnan(la_error_r2(&sums)) && isnan(la_error_root_mean_square(&sums)) && isnan(la_error_mean(&sums, 0)),
	   "no rows");
}

/* Numbers at both ends of the range, alone and together. */
static void
test_extremes(void)
{
	static const Row largest[] = {{DBL_MAX, -DBL_MAX}, {-DBL_MAX, DBL_MAX}};
	static const Row large[] = {{DBL_MAX, 0}, {-DBL_MAX, 0}, {0, 0}};
	static const Row smallest[] = {{5e-324, 0}, {0, 5e-324}, {0, 0}, {0, 0}};
	static const Row both[] = {{5e-324, 0}, {1e308, 1e308}, {1e-200, 2e-200}, {1, 2}, {1e200, 2e200}, {-1e308, -1e308}};
	Row			rows[6];
	Prng		prng;
	ErrorSums	sums = sums_of(largest, 2);
	Figures		figures;
	bool		same = true;

	ok(isinf(la_error_root_mean_square(&sums)) && isinf(la_error_mean(&sums, LA_SUM_ABSOLUTE)) &&
	   la_error_mean(&sums, LA_SUM_RELATIVE) == 2 && la_error_r2(&sums) == -3 && la_error_check(&sums) == LA_OK,
	   "errors larger than any double");
	sums = sums_of(large, 3);
	ok(is_close(la_error_root_mean_square(&sums), DBL_MAX * sqrt(2.0 / 3)) &&
	   is_close(la_error_mean(&sums, LA_SUM_ABSOLUTE), DBL_MAX / 3 * 2) && la_error_r2(&sums) == 0,
	   "squares and sums larger than any double");
	sums = sums_of(smallest, 4);
	ok(la_error_root_mean_square(&sums) == 5e-324 && la_error_r2(&sums) < 0 && isfinite(la_error_r2(&sums)) &&
	   la_error_check(&sums) == LA_OK, "the smallest numbers");

	la_prng_seed(&prng, 73, 0);
	sums = sums_of(both, 6);
	figures = figures_of(&sums);
	memcpy(rows, both, sizeof(rows));
	for (int repeat = 0; repeat < 200; repeat++)
	{
		shuffle(&prng, rows, 6);
		sums = sums_of_parts(&prng, rows, 6);
		same &= are_same(figures_of(&sums), figures) && la_error_check(&sums) == LA_OK;
	}
	ok(same && is_close(figures.mae, 1e200 / 6), "large and small numbers in any order");
}

static void
test_probabilities(void)
{
	ErrorSums	sums = empty(LA_ERROR_PROBABILITIES);
	ErrorSums	other = empty(LA_ERROR_PROBABILITIES);
	ErrorSums	numbers = empty(LA_ERROR_NUMBERS);
	long double log_loss = 0;
	long double brier = 0;
	Prng		prng;

	la_prng_seed(&prng, 79, 0);
	for (int i = 0; i < 1000; i++)
	{
		double		p = uniform(&prng);
		bool		actual = la_prng_below(&prng, 2) == 0;

		la_error_add_probability(i % 3 ? &sums : &other, actual, p);
		log_loss -= logl(actual ? p : 1 - p);
		brier += (p - (long double) actual) * (p - (long double) actual);
	}
	la_error_merge(&sums, &other);
	ok(is_close(la_error_mean(&sums, LA_SUM_LOG), (double) (log_loss / 1000)) &&
	   is_close(la_error_mean(&sums, LA_SUM_BRIER), (double) (brier / 1000)) && la_error_check(&sums) == LA_OK,
	   "probabilities");
	ok(la_error_merge(&sums, &numbers) == LA_MALFORMED && la_error_merge(&numbers, &sums) == LA_MALFORMED,
	   "are not merged with numbers");

	sums = empty(LA_ERROR_PROBABILITIES);
	la_error_add_probability(&sums, true, 0);
	ok(la_error_mean(&sums, LA_SUM_LOG) == -log(DBL_EPSILON), "a certain error is not infinitely bad");
	sums = empty(LA_ERROR_CLASSES);
	la_error_add_class(&sums, 0.25);
	la_error_add_class(&sums, 1);
	ok(is_close(la_error_mean(&sums, LA_SUM_LOG), log(4) / 2) && la_error_check(&sums) == LA_OK, "classes");
}

static void
test_many(void)
{
	static const Row row = {1, 2};
	ErrorSums	sums = sums_of(&row, 1);
	ErrorSums	twice;

	for (int i = 0; i < 62; i++)
	{
		twice = sums;
		la_error_merge(&sums, &twice);
	}
	ok(sums.n == INT64_C(1) << 62 && la_error_check(&sums) == LA_OK && la_error_mean(&sums, LA_SUM_ABSOLUTE) == 1,
	   "2^62 rows");
	twice = sums;
	ok(la_error_merge(&sums, &twice) == LA_OVERFLOW && sums.n == INT64_C(1) << 62, "twice as many are too many");
	sums.n = INT64_MAX;
	ok(la_error_add_number(&sums, 1, 2) == LA_OVERFLOW, "and so is one row more");
}

/* Everything that the check accepts can be used; the sanitizers watch. */
static void
test_damage(void)
{
	static const Row rows[] = {{1, 2}, {5, 3}, {1e300, 4}, {7, 7}};
	const ErrorSums sound = sums_of(rows, 4);
	Prng		prng;
	int			accepted = 0;
	int			refused = 0;

	la_prng_seed(&prng, 83, 0);
	for (int repeat = 0; repeat < 200000; repeat++)
	{
		ErrorSums	sums = sound;
		ErrorSums	other = sound;
		unsigned char *bytes = (unsigned char *) &sums;

		for (int i = 0; i <= repeat % 3; i++)
			bytes[la_prng_below(&prng, sizeof(sums))] ^= (unsigned char) (1 << la_prng_below(&prng, 8));
		if (la_error_check(&sums) != LA_OK)
		{
			refused++;
			continue;
		}
		accepted++;
		if (la_error_merge(&sums, &other) == LA_OK)
			la_error_add_number(&sums, -1e308, 1e308);
		figures_of(&sums);
	}
	ok(accepted > 1000 && refused > 1000, "%d of 200000 damaged values refused", refused);
}

int
main(void)
{
	test_random("numbers", 100, 0);
	test_random("numbers far from 0", 1, 1e6);
	test_random("numbers of 1e300", 1e300, 0);
	test_random("numbers of 1e-300", 1e-300, 0);
	test_constant();
	test_extremes();
	test_probabilities();
	test_many();
	test_damage();
	return tap_done();
}
