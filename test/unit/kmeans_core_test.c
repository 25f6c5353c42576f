/*
 * kmeans_core_test.c
 *		k-means: pruned search against plain Lloyd, order of rows, equal rows,
 *		ties, empty clusters, offsets, extreme numbers, and models that no rows
 *		ever had.
 */
#include "kmeans_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kmeans_search.h"
#include "kmeans_sums.h"
#include "tap.h"
#include "vary.h"

static double
normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

static const KmeansOptions defaults = {8, 1, 300, 0, 42, false};

/* rows and what was made of them; the values are a copy */
typedef struct Prepared
{
	KmeansRows	rows;
	KmeansColumn *columns;
	LaResult	result;
	uint32_t	too_wide;
} Prepared;

static Prepared
prepare(const double *values, uint32_t n, uint32_t p, bool standardize)
{
	Prepared	it;
	size_t		bytes = (size_t) n * p * sizeof(double);
	void	   *memory = malloc(la_kmeans_sort_size(n, p));
	KmeansSort *sort;
	KmeansMeasure *measure;

	it.rows = (KmeansRows) {n, n, p, malloc(bytes), NULL};
	memcpy(it.rows.values, values, bytes);
	sort = la_kmeans_sort_begin(memory, &it.rows);
	while (la_kmeans_sort_step(sort))
		;
	la_kmeans_collapse_begin(sort, la_kmeans_sort_distinct(sort) < n ?
							 malloc(la_kmeans_sort_distinct(sort) * sizeof(uint32_t)) : NULL);
	while (la_kmeans_collapse_step(sort))
		;
	free(memory);
	memory = malloc(la_kmeans_measure_size(p));
	it.columns = malloc(p * sizeof(KmeansColumn));
	measure = la_kmeans_measure_begin(memory, &it.rows, it.columns, standardize);
	while (la_kmeans_measure_step(measure))
		;
	it.result = la_kmeans_measure_end(measure, &it.too_wide);
	free(memory);
	return it;
}

static void
discard(Prepared *it)
{
	free(it->rows.values);
	free(it->rows.weights);
	free(it->columns);
}

static KmeansModel *
fit_prepared(const Prepared *it, const KmeansOptions *options)
{
	void	   *memory = malloc((size_t) la_kmeans_fit_size(it->rows.nrows, it->rows.nfeatures, options->k));
	KmeansFit  *fit = la_kmeans_fit_begin(memory, &it->rows, it->columns, options);
	KmeansModel *model;

	while (la_kmeans_fit_step(fit))
		;
	model = malloc(la_kmeans_size(la_kmeans_fit_clusters(fit), it->rows.nfeatures));
	la_kmeans_fit_end(fit, model);
	free(memory);
	return model;
}

static KmeansModel *
fit(const double *values, uint32_t n, uint32_t p, const KmeansOptions *options)
{
	Prepared	it = prepare(values, n, p, options->standardize);
	KmeansModel *model = it.result == LA_OK ? fit_prepared(&it, options) : NULL;

	discard(&it);
	return model;
}

static bool
same_model(const KmeansModel *a, const KmeansModel *b)
{
	size_t		header = offsetof(KmeansModel, format);

	return a->k == b->k && a->p == b->p &&
		memcmp((const char *) a + header, (const char *) b + header, la_kmeans_size(a->k, a->p) - header) == 0;
}

/* --- plain Lloyd ---------------------------------------------------------------- */

/*
 * One restart of k-means, as it is written in a textbook: all distances in each
 * round, and all rows added up anew.  Its centres come from "start", measured.
 * Returns the number of iterations.
 */
static int
plain_lloyd(const Prepared *it, double *centers, uint32_t k, int max_iterations)
{
	uint32_t	n = it->rows.nrows;
	uint32_t	p = it->rows.nfeatures;
	uint32_t   *cluster = malloc(n * sizeof(uint32_t));
	KmeansSums	sums;
	void	   *memory = malloc((size_t) la_kmeans_sums_size(k, p));
	int			iterations = 0;
	bool		changed = true;

	memset(cluster, 0xff, n * sizeof(uint32_t));
	la_kmeans_sums_init(&sums, memory, k, p, it->rows.total, it->columns);
	while (changed && iterations < max_iterations)
	{
		changed = false;
		la_kmeans_sums_clear(&sums);
		for (uint32_t i = 0; i < n; i++)
		{
			double		best = INFINITY;
			uint32_t	nearest = 0;

			for (uint32_t c = 0; c < k; c++)
			{
				double		square = la_kmeans_square(la_kmeans_row(&it->rows, i), centers + (size_t) c * p, p);

				if (square < best)
				{
					best = square;
					nearest = c;
				}
			}
			changed |= cluster[i] != nearest;
			cluster[i] = nearest;
			la_kmeans_sums_add(&sums, nearest, la_kmeans_row(&it->rows, i), la_kmeans_weight(&it->rows, i));
		}
		for (uint32_t c = 0; changed && c < k; c++)
		{
			if (sums.count[c] > 0)
				la_kmeans_sums_mean(&sums, c, centers + (size_t) c * p);
		}
		iterations++;
	}
	free(memory);
	free(cluster);
	return iterations;
}

/* Whether every centroid of the model is one of the centres, in other order. */
static bool
same_centers(const KmeansModel *model, const Prepared *it, const double *centers)
{
	uint32_t	p = model->p;

	for (uint32_t c = 0; c < model->k; c++)
	{
		bool		found = false;

		for (uint32_t other = 0; other < model->k && !found; other++)
		{
			found = true;
			for (uint32_t j = 0; j < p; j++)
				found = found && la_kmeans_centroid(model, c)[j] ==
					it->columns[j].shift + it->columns[j].scale * centers[(size_t) other * p + j] + 0.0;
		}
		if (!found)
			return false;
	}
	return true;
}

typedef enum Shape
{
	UNIFORM,
	BLOBS,
	COUNTS,
	OFFSET,
	NSHAPES
} Shape;

static const char *const shape_names[] = {"uniform", "blobs", "counts", "far from 0"};

static double *
make_rows(Shape shape, uint32_t n, uint32_t p)
{
	double	   *values = malloc((size_t) n * p * sizeof(double));

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	blob = (uint32_t) (uniform() * 12);

		for (uint32_t j = 0; j < p; j++)
		{
			double	   *x = &values[(size_t) i * p + j];

			switch (shape)
			{
				case UNIFORM:
					*x = uniform() - 0.5;
					break;
				case BLOBS:
					*x = normal() + 4 * ((blob * 2654435761u >> (j % 28)) & 3);
					break;
				case COUNTS:
					*x = floor(exp(2.5 * uniform())) - 1;
					break;
				default:
					*x = 1e9 + uniform();
					break;
			}
		}
	}
	return values;
}

/* A fit of one start, whose centres are copied to "start". */
static KmeansModel *
fit_from(const Prepared *it, const KmeansOptions *options, double *start)
{
	void	   *memory = malloc((size_t) la_kmeans_fit_size(it->rows.nrows, it->rows.nfeatures, options->k));
	KmeansFit  *fit = la_kmeans_fit_begin(memory, &it->rows, it->columns, options);
	KmeansModel *model;
	uint32_t	k;

	while (la_kmeans_fit_step(fit))
	{
		const double *centers = la_kmeans_fit_start(fit, &k);

		if (centers)
			memcpy(start, centers, (size_t) k * it->rows.nfeatures * sizeof(double));
	}
	model = malloc(la_kmeans_size(la_kmeans_fit_clusters(fit), it->rows.nfeatures));
	la_kmeans_fit_end(fit, model);
	free(memory);
	return model;
}

static void
test_plain(void)
{
	static const uint32_t ks[] = {2, 3, 8, 9, 40, 150};
	static const uint32_t ps[] = {1, 2, 10};

	for (int shape = 0; shape < NSHAPES; shape++)
	{
		int			tried = 0;
		int			same = 0;
		int			same_iterations = 0;

		for (size_t a = 0; a < sizeof(ks) / sizeof(*ks); a++)
		{
			for (size_t b = 0; b < sizeof(ps) / sizeof(*ps); b++)
			{
				uint32_t	n = 2000;
				double	   *values = make_rows((Shape) shape, n, ps[b]);
				Prepared	it = prepare(values, n, ps[b], (a + b) % 3 == 2);
				KmeansOptions options = defaults;
				double	   *centers = malloc((size_t) ks[a] * ps[b] * sizeof(double));
				KmeansModel *model;

				options.k = ks[a];
				options.seed = a * 10 + b;
				model = fit_from(&it, &options, centers);
				if (model->k == ks[a])
				{
					int			iterations = plain_lloyd(&it, centers, ks[a], 300);

					tried++;
					same_iterations += iterations == model->iterations;
					same += same_centers(model, &it, centers);
				}
				free(model);
				free(centers);
				free(values);
				discard(&it);
			}
		}
		ok(tried >= 10 && same == tried, "%s: %d of %d fits are those of plain Lloyd", shape_names[shape], same, tried);
		ok(same_iterations == tried, "in as many iterations");
	}
}

/* --- rows ----------------------------------------------------------------------- */

static void
shuffle(double *values, uint32_t n, uint32_t p)
{
	for (uint32_t i = n; i > 1; i--)
	{
		uint32_t	other = (uint32_t) (uniform() * i);

		for (uint32_t j = 0; j < p; j++)
		{
			double		x = values[(size_t) (i - 1) * p + j];

			values[(size_t) (i - 1) * p + j] = values[(size_t) other * p + j];
			values[(size_t) other * p + j] = x;
		}
	}
}

static void
test_order(void)
{
	KmeansOptions options = defaults;

	options.restarts = 3;
	for (int shape = 0; shape < NSHAPES; shape++)
	{
		double	   *values = make_rows((Shape) shape, 2000, 3);
		KmeansModel *first = fit(values, 2000, 3, &options);
		int			same = 0;

		for (int round = 0; round < 5; round++)
		{
			KmeansModel *again;

			shuffle(values, 2000, 3);
			again = fit(values, 2000, 3, &options);
			same += same_model(first, again);
			free(again);
		}
		ok(same == 5, "%s: the order of rows does not matter", shape_names[shape]);
		free(first);
		free(values);
	}
}

static void
test_collapse(void)
{
	double	   *values = make_rows(COUNTS, 5000, 2);
	Prepared	it = prepare(values, 5000, 2, false);
	uint64_t	total = 0;
	bool		distinct = true;

	for (uint32_t i = 0; i < it.rows.nrows; i++)
	{
		total += it.rows.weights[i];
		for (uint32_t other = 0; other < i; other++)
			distinct = distinct && memcmp(la_kmeans_row(&it.rows, i), la_kmeans_row(&it.rows, other), 16) != 0;
	}
	ok(it.rows.nrows < 200 && distinct, "5000 rows of counts are %u different ones", it.rows.nrows);
	ok(total == 5000, "which have all the weight");
	discard(&it);
	free(values);
}

/* --- small cases ---------------------------------------------------------------- */

static void
test_small(void)
{
	static const double line[] = {1, 2, 3, 10, 11, 12};
	static const double alike[] = {7, 7, 7};
	static const double three[] = {1, 5, 5, 9, 9, 9};
	KmeansOptions options = defaults;
	KmeansModel *model;

	options.k = 2;
	model = fit(line, 6, 1, &options);
	ok(model->k == 2 && model->n == 6 && model->inertia == 4, "two clusters of a line");
	ok(la_kmeans_centroid(model, 0)[0] == 2 && la_kmeans_centroid(model, 1)[0] == 11,
	   "of the same size, so the lower centroid is first");
	ok((model->flags & LA_KMEANS_CONVERGED) && la_kmeans_check(model) == LA_OK, "converged and valid");
	free(model);

	options.k = 5;
	model = fit(alike, 3, 1, &options);
	ok(model->k == 1 && model->inertia == 0 && la_kmeans_centroid(model, 0)[0] == 7, "equal rows are one cluster");
	free(model);

	model = fit(three, 6, 1, &options);
	ok(model->k == 3 && model->inertia == 0, "three different rows are three clusters");
	ok(la_kmeans_sizes(model)[0] == 3 && la_kmeans_centroid(model, 0)[0] == 9 &&
	   la_kmeans_sizes(model)[2] == 1 && la_kmeans_centroid(model, 2)[0] == 1, "the largest first");
	free(model);

	options.k = 1;
	model = fit(line, 6, 1, &options);
	ok(model->k == 1 && la_kmeans_centroid(model, 0)[0] == 6.5 && model->inertia == 125.5, "one cluster is the mean");
	free(model);
}

/* What a model says of a row, and what it says of its rows. */
static void
test_find(void)
{
	double	   *values = make_rows(COUNTS, 4000, 2);
	KmeansOptions options = defaults;
	KmeansModel *model;
	KmeansFinder *finder;
	KmeansNearest nearest;
	double		sizes[LA_KMEANS_LANES] = {0};
	double		inertia = 0;
	bool		right = true;

	options.k = 7;
	options.tolerance = 1e-3;
	model = fit(values, 4000, 2, &options);
	finder = malloc(la_kmeans_finder_size(7, 2));
	ok(la_kmeans_finder_init(finder, model) == LA_OK, "a model is made ready");
	for (uint32_t i = 0; i < 4000; i++)
	{
		uint32_t	expected = 0;
		double		best = INFINITY;

		la_kmeans_find(finder, values + 2 * i, &nearest);
		for (uint32_t c = 0; c < 7; c++)
		{
			double		square = la_kmeans_square(values + 2 * i, la_kmeans_centroid(model, c), 2);

			if (square < best)
			{
				best = square;
				expected = c;
			}
		}
		right = right && nearest.cluster == expected && nearest.best == best;
		sizes[nearest.cluster]++;
		inertia += best;
	}
	ok(right, "every row goes to the nearest centroid, the lower one of two");
	ok(memcmp(sizes, la_kmeans_sizes(model), 7 * sizeof(double)) == 0, "the sizes are those of prediction");
	ok(fabs(inertia / model->inertia - 1) < 1e-12, "and so is the inertia");
	free(finder);
	free(model);
	free(values);
}

static void
test_silhouette(void)
{
	KmeansNearest nearest = {0, 1, 4};

	ok(la_kmeans_silhouette(&nearest) == UINT64_C(1) << 59, "one half");
	nearest.best = 0;
	ok(la_kmeans_silhouette(&nearest) == UINT64_C(1) << 60, "one");
	nearest.second = INFINITY;
	ok(la_kmeans_silhouette(&nearest) == UINT64_C(1) << 60, "the other is infinitely far");
	nearest.second = 0;
	ok(la_kmeans_silhouette(&nearest) == 0, "two centroids in one place");
}

/* --- sums ----------------------------------------------------------------------- */

static void
test_sums(void)
{
	enum {N = 5000, P = 3};
	double	   *values = make_rows(UNIFORM, N, P);
	KmeansColumn columns[P] = {{0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}};
	KmeansSums	once;
	KmeansSums	often;
	void	   *memory_once = malloc((size_t) la_kmeans_sums_size(2, P));
	void	   *memory_often = malloc((size_t) la_kmeans_sums_size(2, P));
	long double exact[P] = {0};
	double		mean[P];
	double		other[P];
	bool		near = true;

	la_kmeans_sums_init(&once, memory_once, 2, P, N, columns);
	la_kmeans_sums_init(&often, memory_often, 2, P, N, columns);
	la_kmeans_sums_clear(&once);
	la_kmeans_sums_clear(&often);
	for (uint32_t i = 0; i < N; i++)
	{
		for (uint32_t j = 0; j < P; j++)
			exact[j] += values[i * P + j];
		la_kmeans_sums_add(&once, 0, values + i * P, 1);
		la_kmeans_sums_add(&often, 1, values + i * P, 2);
		la_kmeans_sums_add(&often, 0, values + i * P, 1);
	}
	for (uint32_t i = N; i-- > 0;)
		la_kmeans_sums_add(&often, 1, values + i * P, -2);
	la_kmeans_sums_mean(&once, 0, mean);
	la_kmeans_sums_mean(&often, 0, other);
	for (uint32_t j = 0; j < P; j++)
		near = near && fabs(mean[j] - (double) (exact[j] / N)) <= 1e-17;
	ok(near, "the mean is right to the last bit or so");
	ok(memcmp(mean, other, sizeof(mean)) == 0 && often.count[1] == 0 && often.part[0][P] == 0 && often.part[1][P] == 0,
	   "and rows leave no trace");

	la_kmeans_sums_init(&once, memory_once, 2, P, INT32_MAX, columns);
	ok(once.nparts == 3, "many rows take three parts");
	la_kmeans_sums_clear(&once);
	la_kmeans_sums_add(&once, 0, values, INT32_MAX);
	la_kmeans_sums_mean(&once, 0, mean);
	ok(memcmp(mean, values, sizeof(mean)) == 0, "and give the mean of as many equal rows exactly");
	free(memory_once);
	free(memory_often);
	free(values);
}

/* --- numbers -------------------------------------------------------------------- */

/* The same rows elsewhere, or in other units, are the same clusters. */
static void
test_scales(void)
{
	static const double scales[] = {1, 1e-9, 1e9, 0x1p-1000, 0x1p440};
	static const double offsets[] = {0, 1e6, -1e6};
	double	   *values = make_rows(COUNTS, 1000, 2);
	double	   *other = malloc(2000 * sizeof(double));
	KmeansOptions options = defaults;
	KmeansModel *model;

	/* clusters so clear that every start finds them: what is drawn depends on the contents */
	for (int i = 0; i < 2000; i++)
		values[i] += i % 2 == 0 ? 1000 * (i / 2 % 4) : 0;
	options.k = 4;
	options.restarts = 10;
	model = fit(values, 1000, 2, &options);
	for (size_t s = 0; s < 5; s++)
	{
		for (size_t o = 0; o < 3; o++)
		{
			KmeansModel *moved;
			bool		same;

			for (int i = 0; i < 2000; i++)
				other[i] = (values[i] + offsets[o]) * scales[s];
			moved = fit(other, 1000, 2, &options);
			same = moved->k == model->k;
			for (uint32_t i = 0; same && i < 2 * model->k; i++)
				same = fabs(la_kmeans_centroid(moved, 0)[i] / scales[s] - offsets[o] - la_kmeans_centroid(model, 0)[i]) < 1e-6;
			ok(same && la_kmeans_check(moved) == LA_OK, "in units of %g, from %g on", scales[s], offsets[o]);
			free(moved);
		}
	}
	free(model);
	free(values);
	free(other);
}

static void
test_limits(void)
{
	double		wide[] = {0, 1, 2, 1e200};
	double		widest[] = {0, -1.7e308, 0, 1.7e308};
	Prepared	it = prepare(wide, 2, 2, false);

	ok(it.result == LA_OVERFLOW && it.too_wide == 1, "a column that is too wide");
	discard(&it);
	it = prepare(widest, 2, 2, true);
	ok(it.result == LA_OVERFLOW && it.too_wide == 1, "one as wide as can be");
	discard(&it);
}

static void
test_standardize(void)
{
	static const double values[] = {1, 100, 2, 100, 3, 100, 4, 100};
	Prepared	it = prepare(values, 4, 2, true);

	ok(fabs(it.columns[0].scale - sqrt(1.25)) < 1e-15 && it.columns[1].scale == 1,
	   "the deviation of a column, and 1 for a constant");
	ok(fabs(it.columns[0].variance - 1) < 1e-15 && it.columns[1].variance == 0, "their variances");
	discard(&it);
}

/* --- models that no rows ever had ------------------------------------------------- */

static void
test_forged(void)
{
	static const double extremes[] = {0, -1, 1e300, -1e300, 1e308, 5e-324, NAN, INFINITY};
	double	   *values = make_rows(BLOBS, 500, 3);
	KmeansModel *valid = fit(values, 500, 3, &defaults);
	size_t		size = la_kmeans_size(valid->k, valid->p);
	KmeansModel *model = malloc(size);
	KmeansFinder *finder = malloc(la_kmeans_finder_size(valid->k, valid->p));
	int			accepted = 0;

	ok(la_kmeans_check(valid) == LA_OK, "what was fitted is valid");
	for (int round = 0; round < 20000; round++)
	{
		size_t		place = (size_t) (uniform() * (double) la_kmeans_nvalues(valid->k, valid->p));
		double		x[3] = {1, 2, uniform() < 0.5 ? 3 : -1.7e308};
		KmeansNearest nearest;

		memcpy(model, valid, size);
		if (round % 2 == 0)
			model->values[place] = extremes[round / 2 % 8];
		else
			memcpy(&model->values[place], &vary_state, sizeof(double));
		if (la_kmeans_check(model) != LA_OK)
			continue;
		accepted++;
		if (la_kmeans_finder_init(finder, model) != LA_OK)
			continue;
		if (la_kmeans_find(finder, x, &nearest) == LA_OK &&
			(nearest.cluster >= model->k || la_kmeans_silhouette(&nearest) > UINT64_C(1) << 60))
			accepted = -1000000;
	}
	ok(accepted > 0 && accepted < 20000, "%d of 20000 forged models pass and do no harm", accepted);
	memcpy(model, valid, size);
	model->n = 0;
	ok(la_kmeans_check(model) == LA_MALFORMED, "clusters without rows");
	model->n = valid->n;
	model->format = 2;
	ok(la_kmeans_check(model) == LA_MALFORMED, "an unknown format");
	model->format = valid->format;
	model->flags = 4;
	ok(la_kmeans_check(model) == LA_MALFORMED, "an unknown flag");
	model->flags = 0;
	model->inertia = NAN;
	ok(la_kmeans_check(model) == LA_MALFORMED, "no inertia");
	free(finder);
	free(model);
	free(valid);
	free(values);
}

int
main(void)
{
	test_plain();
	test_order();
	test_collapse();
	test_small();
	test_find();
	test_silhouette();
	test_sums();
	test_scales();
	test_limits();
	test_standardize();
	test_forged();
	return tap_done();
}
