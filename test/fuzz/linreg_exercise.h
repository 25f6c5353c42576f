/*
 * linreg_exercise.h
 *		Everything that can be done with the bytes of a regression: for the
 *		fuzzer and the unit tests.
 */
#ifndef LA_LINREG_EXERCISE_H
#define LA_LINREG_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "linreg_bytes.h"
#include "linreg_inference.h"

#define LINREG_SEEDS 8

/* A valid value: p features, flags, few or many rows. */
static inline uint8_t *
linreg_seed(int number, size_t *size)
{
	static const int features[LINREG_SEEDS] = {1, 1, 2, 3, 5, 0, 2, 4};
	static const int rows[LINREG_SEEDS] = {0, 1, 5, 40, 12, 0, 3, 100};
	int			p = features[number];
	LinregState *state = malloc(la_linreg_size((size_t) p));
	uint8_t    *bytes;

	la_linreg_init(state, p, number % 4);
	for (int i = 0; i < rows[number]; i++)
	{
		double		x[5];

		for (int j = 0; j < p; j++)
			x[j] = (double) ((i * (2 * j + 3) + i * i * j) % 17) + (number == 6 ? 1e9 : 0.1);
		if (number % 4 & LA_LINREG_WEIGHTED)
			la_linreg_add_weighted(state, i * i % 5 + x[0], x, 0.5 + i % 3);
		else
			la_linreg_add(state, i * i % 5 + x[0], x);
	}
	la_linreg_skip(state);
	*size = la_linreg_bytes_size(state);
	bytes = malloc(*size);
	la_linreg_write(state, bytes);
	free(state);
	return bytes;
}

static inline void
exercise_fit(const LinregState *state)
{
	LinregFit  *fit = la_linreg_fit_begin(malloc(la_linreg_fit_size(state->p)), state);
	LinregErrors *errors;
	LinregCondition *condition;
	LinregStats stats;
	LinregTerm	term;
	LinregInterval interval;
	double		x[LA_LINREG_MAX_FEATURES];
	void	   *work;
	double		quantile;

	while (la_linreg_fit_step(fit, state))
		;
	if (la_linreg_fit_end(fit) == LA_OK)
	{
		la_linreg_stats(fit, &stats);
		condition = la_linreg_condition_begin(malloc(la_linreg_condition_size(fit)), fit);
		while (la_linreg_condition_step(condition))
			;
		la_linreg_condition_number(condition);
		free(condition);
		errors = la_linreg_errors_begin(malloc(la_linreg_errors_size(fit)), fit);
		while (la_linreg_errors_step(errors, fit))
			;
		quantile = la_linreg_t_quantile(fit, 0.95);
		for (int j = LA_LINREG_INTERCEPT; j < state->p; j++)
			la_linreg_term(fit, errors, j, quantile, &term);
		free(errors);
		for (int j = 0; j < state->p; j++)
			x[j] = j;
		work = malloc(la_linreg_interval_size(fit) + 1);
		if (!la_linreg_fit_empty(fit))
			la_linreg_interval(fit, work, x, quantile, &interval);
		free(work);
	}
	free(fit);
}

/*
 * Read bytes and use what they hold; "right" becomes false if that is not
 * written as it was read.
 */
static inline LaResult
exercise_linreg(const uint8_t *bytes, size_t size, bool *right)
{
	LinregState *state,
			   *merged;
	uint8_t    *again;
	int			p,
				flags;
	LaResult	result = la_linreg_read_shape(bytes, size, &p, &flags);

	if (result != LA_OK)
		return result;
	state = malloc(la_linreg_size((size_t) p));
	la_linreg_init(state, p, flags);
	result = la_linreg_read(state, bytes, size);
	if (result == LA_OK)
	{
		exercise_fit(state);
		again = malloc(la_linreg_bytes_size(state));
		la_linreg_write(state, again);
		merged = malloc(la_linreg_size((size_t) p));
		la_linreg_init(merged, p, flags);
		*right = *right && la_linreg_bytes_size(state) == size &&
			la_linreg_read(merged, again, size) == LA_OK && merged->n == state->n;
		/* what is merged can be sent and received as well */
		if (la_linreg_merge(merged, state) == LA_OK)
		{
			*right = *right && la_linreg_check(merged) == LA_OK;
			exercise_fit(merged);
		}
		free(merged);
		free(again);
	}
	free(state);
	return result;
}

#endif							/* LA_LINREG_EXERCISE_H */
