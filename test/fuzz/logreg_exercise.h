/*
 * logreg_exercise.h
 *		Everything that can be done with the bytes of a logistic regression: for
 *		the fuzzer and the unit tests.
 */
#ifndef LA_LOGREG_EXERCISE_H
#define LA_LOGREG_EXERCISE_H

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "byteio.h"
#include "logreg_bytes.h"

#define LOGREG_SEEDS 6

/* As the wrapper makes one: all 0 but the shape. */
static inline Logreg *
new_logreg(int p, int classes, size_t label_bytes)
{
	Logreg	   *model = calloc(1, la_logreg_model_size(p, classes, label_bytes));

	model->format = LA_LOGREG_FORMAT;
	model->p = (uint16_t) p;
	model->classes = (uint16_t) classes;
	model->label_bytes = (uint32_t) label_bytes;
	return model;
}

/* The bytes of a model with its labels, as the type sends them. */
static inline uint8_t *
send_logreg(const Logreg *model, size_t *size)
{
	size_t		numbers = la_logreg_bytes_size(model->p, model->classes);
	const char *text = la_logreg_label_text(model);
	uint8_t    *bytes = malloc(numbers + model->classes * sizeof(uint32_t) + model->label_bytes);
	ByteWriter	writer = {bytes, numbers};

	la_logreg_write(model, bytes);
	for (int c = 0; c < model->classes; c++)
	{
		uint32_t	length = la_logreg_label_lengths(model)[c];

		la_write_net(&writer, length, sizeof(uint32_t));
		la_write_bytes(&writer, text, length);
		text += length;
	}
	*size = writer.pos;
	return bytes;
}

/* The inverse; NULL if these are not the bytes of a model. */
static inline Logreg *
receive_logreg(const uint8_t *bytes, size_t size)
{
	ByteReader	labels = {bytes, size, 0, false};
	ByteReader	again;
	size_t		label_bytes = 0;
	Logreg	   *model;
	char	   *to;
	int			p,
				classes;

	if (la_logreg_read_shape(bytes, size, &p, &classes) != LA_OK)
		return NULL;
	la_read_bytes(&labels, la_logreg_bytes_size(p, classes));
	again = labels;
	for (int c = 0; c < classes; c++)
	{
		uint32_t	length = (uint32_t) la_read_net(&labels, sizeof(uint32_t));

		la_read_bytes(&labels, length);
		label_bytes += length;
	}
	if (labels.failed || la_bytes_left(&labels) > 0)
		return NULL;
	model = new_logreg(p, classes, label_bytes);
	la_logreg_read(model, bytes);
	to = la_logreg_label_text(model);
	for (int c = 0; c < classes; c++)
	{
		uint32_t	length = (uint32_t) la_read_net(&again, sizeof(uint32_t));

		la_logreg_label_lengths(model)[c] = length;
		memcpy(to, la_read_bytes(&again, length), length);
		to += length;
	}
	if (la_logreg_check(model, la_logreg_model_size(p, classes, label_bytes)) == LA_OK)
		return model;
	free(model);
	return NULL;
}

/* A valid value. */
static inline uint8_t *
logreg_seed(int number, size_t *size)
{
	static const int features[LOGREG_SEEDS] = {0, 1, 2, 2, 5, 1};
	static const int classes[LOGREG_SEEDS] = {0, 2, 2, 3, 4, 1};
	static const char *const names[] = {"", "a", "bb", "ccc"};
	int			p = features[number];
	int			n = classes[number];
	bool		boolean = number == 1;
	Logreg	   *model = new_logreg(p, n, boolean ? 9 : (size_t) n * (size_t) (n - 1) / 2);
	char	   *to = la_logreg_label_text(model);
	uint8_t    *bytes;

	model->flags = boolean ? LA_LOGREG_BOOLEAN | LA_LOGREG_CONVERGED : number == 3 ? LA_LOGREG_SEPARATED : LA_LOGREG_CONVERGED;
	model->n = 20 * n;
	model->skipped = number;
	model->iterations = 5;
	model->parameters = la_logreg_k(model) * (p + 1);
	model->l2 = number == 4 ? 0.5 : 0;
	model->log_likelihood = -12.5;
	for (size_t i = 0; i < la_logreg_nvalues(p, n); i++)
		model->values[i] = 0.25 + (double) (i % 7);
	for (int c = 0; c < n; c++)
	{
		const char *name = boolean ? (c == 0 ? "false" : "true") : names[c];

		la_logreg_class_rows(model)[c] = 20;
		la_logreg_label_lengths(model)[c] = (uint32_t) strlen(name);
		memcpy(to, name, strlen(name));
		to += strlen(name);
	}
	bytes = send_logreg(model, size);
	free(model);
	return bytes;
}

/* Probabilities of a row are that, whatever the row. */
static inline void
predict_row(const Logreg *model, const double *x, bool *right)
{
	double	   *probabilities = malloc(model->classes * sizeof(double));
	double		sum = 0;

	la_logreg_probabilities(model, x, probabilities);
	for (int c = 0; c < model->classes; c++)
	{
		*right = *right && probabilities[c] >= 0 && probabilities[c] <= 1;
		sum += probabilities[c];
	}
	*right = *right && fabs(sum - 1) < 1e-9;
	free(probabilities);
}

static inline void
use_logreg(const Logreg *model, bool *right)
{
	static const double places[] = {0, 1, -1e-300, DBL_MAX, -DBL_MAX, 5e-324};
	double	   *x = malloc((model->p + 1u) * sizeof(double));
	LogregStats stats;

	la_logreg_stats(model, &stats);
	for (int c = 1; c <= la_logreg_k(model); c++)
		la_logreg_intercept(model, c);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && la_logreg_predicts(model); i++)
	{
		for (int j = 0; j < model->p; j++)
			x[j] = places[(i + (size_t) j) % (sizeof(places) / sizeof(places[0]))];
		predict_row(model, x, right);
	}
	free(x);
}

static inline LaResult
exercise_logreg(const uint8_t *bytes, size_t size, bool *right)
{
	Logreg	   *model = receive_logreg(bytes, size);
	Logreg	   *again;
	uint8_t    *once,
			   *twice;
	size_t		once_size,
				twice_size;

	if (model == NULL)
		return LA_MALFORMED;
	once = send_logreg(model, &once_size);
	again = receive_logreg(once, once_size);
	if (again == NULL)
		*right = false;
	else
	{
		twice = send_logreg(again, &twice_size);
		*right = *right && once_size == size && twice_size == size && memcmp(once, twice, size) == 0;
		free(twice);
	}
	use_logreg(model, right);
	free(again);
	free(once);
	free(model);
	return LA_OK;
}

#endif							/* LA_LOGREG_EXERCISE_H */
