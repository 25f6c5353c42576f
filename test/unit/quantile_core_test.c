/*
 * quantile_core_test.c
 *		Edges by selection against edges by sorting, on samples of every kind.
 */
#include "quantile_core.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define MAX_COUNT	300000

static double values[MAX_COUNT];
static double sorted[MAX_COUNT];
static int	npasses;

static uint64_t seed = 20240601;

/* xorshift64* of Vigna: good enough to make samples */
static uint64_t
random_bits(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717u;
}

static double
random_unit(void)
{
	return (double) (random_bits() >> 11) / 9007199254740992.0;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* the definition, on a sorted sample */
static void
edges_by_sorting(size_t count, int n, double *edges)
{
	memcpy(sorted, values, count * sizeof(double));
	qsort(sorted, count, sizeof(double), compare);
	for (int i = 0; i <= n; i++)
	{
		double		position = (i < n ? i * (1.0 / n) : 1.0) * (double) (count - 1);
		size_t		below = (size_t) floor(position);
		double		t = position - floor(position);

		if (below >= count - 1)
			edges[i] = sorted[count - 1];
		else if (isinf(sorted[below + 1] - sorted[below]))
			edges[i] = sorted[below] * (1 - t) + sorted[below + 1] * t;
		else if (t < 0.5)
			edges[i] = sorted[below] + (sorted[below + 1] - sorted[below]) * t;
		else
			edges[i] = sorted[below + 1] - (sorted[below + 1] - sorted[below]) * (1 - t);
	}
}

/* in portions of 1,000 values, in memory that ends where it is said to end */
static void
edges_by_selection(size_t count, int n, double *edges)
{
	QuantileSelect *select = malloc(sizeof(QuantileSelect));
	void	   *work = malloc(la_quantile_work_size(count));

	npasses = 0;
	la_quantile_begin(select, n, count, work);
	while (la_quantile_next_pass(select))
	{
		npasses++;
		for (size_t i = 0; i < count; i += 1000)
			la_quantile_feed(select, values + i, count - i < 1000 ? count - i : 1000);
	}
	la_quantile_edges(select, edges);
	free(work);
	free(select);
}

static bool
same_edges(size_t count, int n)
{
	double		expected[LA_QUANTILE_MAX_N + 1];
	double		edges[LA_QUANTILE_MAX_N + 1];

	edges_by_sorting(count, n, expected);
	edges_by_selection(count, n, edges);
	for (int i = 0; i <= n; i++)
	{
		if (edges[i] != expected[i] || (edges[i] == 0 && signbit(edges[i])))
		{
			printf("# count %zu, n %d: edge %d is %a, not %a\n", count, n, i, edges[i], expected[i]);
			return false;
		}
		if (i > 0 && edges[i] < edges[i - 1])
			return false;
	}
	return true;
}

typedef double (*Maker) (size_t i);

static double
uniform(size_t i)
{
	(void) i;
	return random_unit();
}

static double
any_finite(size_t i)
{
	uint64_t	bits;
	double		value;

	do
	{
		bits = random_bits();
		memcpy(&value, &bits, sizeof(value));
	} while (!isfinite(value));
	(void) i;
	return value;
}

static double
counts(size_t i)
{
	(void) i;
	return random_unit() < 0.3 ? 0 : floor(exp(random_unit() * 9));
}

static double
two_values(size_t i)
{
	(void) i;
	return random_unit() < 0.25 ? -1.5 : 3;
}

static double
all_equal(size_t i)
{
	(void) i;
	return 42.125;
}

static double
zeros(size_t i)
{
	return i % 2 == 0 ? 0.0 : -0.0;
}

static double
denormals(size_t i)
{
	(void) i;
	return ((double) (random_bits() % 2001) - 1000) * 4.9406564584124654e-324;
}

static double
extremes(size_t i)
{
	return i % 3 == 0 ? DBL_MAX : i % 3 == 1 ? -DBL_MAX : DBL_MIN;
}

static double
ascending(size_t i)
{
	return (double) i;
}

static double
descending(size_t i)
{
	return -(double) i;
}

static double
organ_pipe(size_t i)
{
	return (double) (i < 5000 ? i : 10000 - (i % 10000));
}

static double
last_bits(size_t i)
{
	(void) i;
	return 1 + (double) (random_bits() % 100000) * DBL_EPSILON;
}

static double
near_zero_or_huge(size_t i)
{
	return i % 4 == 0 ? 0 : i % 4 == 1 ? -1e300 : i % 4 == 2 ? 1e300 : 1e-300;
}

static const struct
{
	const char *name;
	Maker		make;
}			makers[] = {
	{"uniform", uniform}, {"any finite", any_finite}, {"counts", counts},
	{"two values", two_values}, {"all equal", all_equal}, {"zeros of both signs", zeros},
	{"denormals", denormals}, {"extremes", extremes}, {"ascending", ascending},
	{"descending", descending}, {"organ pipe", organ_pipe}, {"last bits differ", last_bits},
	{"zero and huge", near_zero_or_huge},
};

static void
test_samples(void)
{
	static const size_t sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 18, 33, 100, 1000, 4095,
	65535, 65536, 65537, 131073, MAX_COUNT};
	static const int ns[] = {2, 3, 4, 7, 10, 49, 99, 100};

	for (size_t m = 0; m < sizeof(makers) / sizeof(makers[0]); m++)
	{
		bool		same = true;

		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		{
			for (size_t v = 0; v < sizes[i]; v++)
				values[v] = makers[m].make(v);
			for (size_t k = 0; k < sizeof(ns) / sizeof(ns[0]); k++)
			{
				/* the large samples with the usual n and the largest */
				if (sizes[i] < 60000 || ns[k] == 4 || ns[k] == 100)
					same &= same_edges(sizes[i], ns[k]);
			}
		}
		ok(same, makers[m].name);
	}
}

static void
test_small_samples(void)
{
	bool		same = true;

	for (int round = 0; round < 20000; round++)
	{
		size_t		count = 1 + random_bits() % 60;
		int			n = 2 + (int) (random_bits() % 99);

		for (size_t v = 0; v < count; v++)
			values[v] = round % 2 ? (double) (random_bits() % 5) : any_finite(v);
		same &= same_edges(count, n);
	}
	ok(same, "20,000 samples of 1 to 60 values, every other with heavy ties");
}

/* median-of-3 is led astray: the range must still be selected from */
static void
test_killer(void)
{
	size_t		half = 20000;

	for (size_t i = 0; i < half; i++)
	{
		values[i] = i % 2 == 0 ? (double) i + 1 : (double) (half + i + (half % 2));
		values[half + i] = 2 * (double) (i + 1);
	}
	ok(same_edges(2 * half, 4), "median-of-3 killer, 4 quantiles");
	ok(same_edges(2 * half, 100), "median-of-3 killer, 100 quantiles");
}

static void
test_passes(void)
{
	double		edges[LA_QUANTILE_MAX_N + 1];

	for (size_t v = 0; v < MAX_COUNT; v++)
		values[v] = last_bits(v) + (v % 2 ? 1 : 0);
	edges_by_selection(MAX_COUNT, 100, edges);
	ok(npasses <= 7, "no more passes than said");

	for (size_t v = 0; v < MAX_COUNT; v++)
		values[v] = (double) (v % 16);
	edges_by_selection(MAX_COUNT, 4, edges);
	ok(npasses == 2, "tied values need no gathering");
	edges_by_selection(65536, 4, edges);
	ok(npasses == 1, "a small sample is read once");
	ok(la_quantile_work_size(1000000000000) <= 640 * 1024, "memory is bounded");
}

static bool
segment_is_count(const double *edges, int nedges, double score)
{
	int			below = 0;

	for (int i = 0; i < nedges - 1; i++)
		below += edges[i] < score;
	return la_segment_of(edges, nedges, score) == (below < 1 ? 1 : below);
}

static void
test_segments(void)
{
	static const double quartiles[] = {1, 2, 2.5, 4.25, 6};
	static const double tied[] = {0, 0, 0, 3, 9};
	bool		right = true;

	ok(la_segment_of(quartiles, 5, 2) == 1 && la_segment_of(quartiles, 5, 2.5) == 2 &&
	   la_segment_of(quartiles, 5, 3) == 3 && la_segment_of(quartiles, 5, 6) == 4,
	   "segments are closed on the right");
	ok(la_segment_of(quartiles, 5, 1) == 1 && la_segment_of(quartiles, 5, -INFINITY) == 1 &&
	   la_segment_of(quartiles, 5, INFINITY) == 4, "beyond the outer edges");
	ok(la_segment_of(tied, 5, 0) == 1 && la_segment_of(tied, 5, 1) == 3 &&
	   la_segment_of(tied, 5, 3) == 3 && la_segment_of(tied, 5, 4) == 4,
	   "a segment says which quantile is exceeded");

	for (int round = 0; round < 20000; round++)
	{
		double		edges[LA_QUANTILE_MAX_N + 1];
		int			nedges = 2 + (int) (random_bits() % 100);

		for (int i = 0; i < nedges; i++)
			edges[i] = floor(random_unit() * 50);
		qsort(edges, (size_t) nedges, sizeof(double), compare);
		right &= segment_is_count(edges, nedges, floor(random_unit() * 60) - 5);
		right &= segment_is_count(edges, nedges, random_unit() * 50);
	}
	ok(right, "the segment is the number of edges below, for 40,000 scores");
}

static void
test_drop(void)
{
	double		some[] = {0, 0, 0, 3, 9, 9};
	double		all[] = {7, 7, 7};
	double		none[] = {1, 2, 3};

	ok(la_quantile_drop_ties(some, 6) == 3 && some[0] == 0 && some[1] == 3 && some[2] == 9,
	   "one of the coinciding edges stays");
	ok(la_quantile_drop_ties(all, 3) == 2 && all[0] == 7 && all[1] == 7, "two ends stay");
	ok(la_quantile_drop_ties(none, 3) == 3, "nothing to drop");
}

int
main(void)
{
	test_samples();
	test_small_samples();
	test_killer();
	test_passes();
	test_segments();
	test_drop();
	return tap_done();
}
