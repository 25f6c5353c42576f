/*
 * logreg_model_test.c
 *		fitted logistic regressions: prediction, statistics, and values that no
 *		fit ever made.
 */
#include "logreg_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vary.h"

#define P 2
#define CLASSES 3

static size_t
model_size(void)
{
	return la_logreg_model_size(P, CLASSES, 6);
}

static Logreg *
new_model(void)
{
	static const double values[] = {
		10, -2,					/* center */
		20, 30, 50,				/* rows */
		0.5, -1,				/* base */
		1, 2, 0.25, -0.5,		/* slopes */
		0.1, 0.2, 0.3, 0.4, 0.5, 0.6	/* standard errors */
	};
	Logreg	   *model = calloc(1, model_size());

	model->format = LA_LOGREG_FORMAT;
	model->flags = LA_LOGREG_CONVERGED;
	model->p = P;
	model->classes = CLASSES;
	model->iterations = 4;
	model->parameters = 6;
	model->label_bytes = 6;
	model->n = 100;
	model->skipped = 3;
	model->log_likelihood = -90;
	memcpy(model->values, values, sizeof(values));
	for (uint32_t c = 0; c < CLASSES; c++)
		la_logreg_label_lengths(model)[c] = c + 1;
	memcpy(la_logreg_label_text(model), "abbccc", 6);
	return model;
}

static bool
near(double a, double b)
{
	return fabs(a - b) <= 1e-14 * fmax(1, fabs(b));
}

static void
test_questions(void)
{
	Logreg	   *model = new_model();
	LogregStats stats;
	double		x[P] = {11, -2};
	double		p[CLASSES];
	double		sum = 1 + exp(1.5) + exp(-0.75);
	double		null = 20 * log(0.2) + 30 * log(0.3) + 50 * log(0.5);

	ok(la_logreg_check(model, model_size()) == LA_OK, "a model is one");
	la_logreg_probabilities(model, x, p);
	ok(near(p[0], 1 / sum) && near(p[1], exp(1.5) / sum) && near(p[2], exp(-0.75) / sum), "probabilities");
	ok(near(la_logreg_intercept(model, 1), 0.5 - 10 + 4), "intercept");
	x[0] = 1e308;
	x[1] = 1e308;
	la_logreg_probabilities(model, x, p);
	ok(p[1] == 1 && p[0] < 1e-300 && p[0] + p[1] + p[2] == 1, "probabilities far off");
	la_logreg_stats(model, &stats);
	ok(stats.df_model == 4 && stats.df_residual == 194, "degrees of freedom");
	ok(near(stats.null_log_likelihood, null) && near(stats.deviance, 180) && near(stats.aic, 192) &&
	   near(stats.bic, 180 + 6 * log(100)) && near(stats.pseudo_r2, 1 + 90 / null), "likelihoods");
	ok(near(stats.lr_chi2, 2 * (-90 - null)) && stats.lr_p_value > 0 && stats.lr_p_value < 1, "likelihood ratio");
	model->l2 = 1;
	la_logreg_stats(model, &stats);
	ok(isnan(stats.aic) && isnan(stats.bic) && isnan(stats.lr_chi2), "no test with a penalty");
	free(model);
}

static bool
is_share(double p)
{
	return p >= 0 && p <= 1;
}

/* What is let through can be used. */
static bool
usable(const Logreg *model)
{
	static double p[LA_LOGREG_MAX_CLASSES];
	static double x[LA_LOGREG_MAX_FEATURES];
	LogregStats stats;
	uint64_t	length = 0;
	double		sum = 0;

	la_logreg_stats(model, &stats);
	for (int c = 1; c < model->classes; c++)
		(void) la_logreg_intercept(model, c);
	for (int c = 0; c < model->classes; c++)
		length += la_logreg_label_lengths(model)[c];
	if (length != model->label_bytes)
		return false;
	if (!la_logreg_predicts(model))
		return true;
	for (int j = 0; j < model->p; j++)
		x[j] = j - 0.5;
	la_logreg_probabilities(model, x, p);
	for (int c = 0; c < model->classes; c++)
	{
		if (!is_share(p[c]))
			return false;
		sum += p[c];
	}
	return fabs(sum - 1) < 1e-9;
}

/* Bytes at random, and numbers that mean trouble. */
static void
damage(unsigned char *bytes, size_t size)
{
	static const double numbers[] = {0, -1, 1e308, -1e308, 5e-324, 1e16, 0.5, INFINITY, -INFINITY, NAN};
	size_t		begin = offsetof(Logreg, format);

	for (uint32_t times = 1 + below(3); times > 0; times--)
	{
		size_t		place = begin + below((uint32_t) (size - begin));

		if (below(2) == 0)
			bytes[place] = below(3) == 0 ? 0xff : (unsigned char) below(256);
		else if (place / 8 * 8 + 8 <= size)
			memcpy(bytes + place / 8 * 8, &numbers[below(sizeof(numbers) / sizeof(numbers[0]))], 8);
	}
}

static void
test_hostile(void)
{
	Logreg	   *good = new_model();
	Logreg	   *model = malloc(model_size());
	int			accepted = 0;
	int			unusable = 0;

	for (int trial = 0; trial < 200000; trial++)
	{
		size_t		size = model_size();

		memcpy(model, good, size);
		damage((unsigned char *) model, size);
		if (below(20) == 0)
			size = below((uint32_t) size + 1);
		if (la_logreg_check(model, size) != LA_OK)
			continue;
		accepted++;
		unusable += !usable(model);
	}
	ok(accepted > 1000 && unusable == 0, "of 200,000 damaged models %d are let through, and can be used", accepted);
	free(good);
	free(model);
}

int
main(void)
{
	test_questions();
	test_hostile();
	return tap_done();
}
