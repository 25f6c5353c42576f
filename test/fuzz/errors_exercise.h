/*
 * errors_exercise.h
 *		Everything that can be done with the bytes of sums of errors: for the
 *		fuzzer and the unit tests.
 */
#ifndef LA_ERRORS_EXERCISE_H
#define LA_ERRORS_EXERCISE_H

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "errorsums_bytes.h"

#define ERRORS_SEEDS 9

static inline ErrorSums
errors_state(int number)
{
	static const double scales[] = {1, 1e-300, 1e300, 0};
	double		scale = scales[number % 4];
	ErrorSums	sums;

	la_error_init(&sums, number < 5 ? LA_ERROR_NUMBERS : number < 7 ? LA_ERROR_PROBABILITIES : LA_ERROR_CLASSES);
	for (int i = 0; i < 1 + 5 * number; i++)
	{
		if (sums.kind == LA_ERROR_NUMBERS)
			la_error_add_number(&sums, scale * (i % 7 - 2.5), scale * (i % 5) + (number == 4 ? 1e200 : 0));
		else if (sums.kind == LA_ERROR_PROBABILITIES)
			la_error_add_probability(&sums, i % 2 == 0, number == 5 ? 0 : (i % 5) / 5.0);
		else
			la_error_add_class(&sums, (i % 5) / 5.0);
	}
	return sums;
}

static inline uint8_t *
errors_seed(int number, size_t *size)
{
	ErrorSums	sums = errors_state(number);
	uint8_t    *bytes;

	*size = la_error_bytes_size((ErrorKind) sums.kind);
	bytes = malloc(*size);
	la_error_write(&sums, bytes);
	return bytes;
}

/* Every figure of a state is a number, or infinite where it is out of range. */
static inline void
use_errors(const ErrorSums *sums, bool *right)
{
	for (int i = 0; i < la_error_nsums((ErrorKind) sums->kind); i++)
		*right = *right && !isnan(la_error_mean(sums, i));
	if (sums->kind != LA_ERROR_NUMBERS)
		return;
	*right = *right && la_error_root_mean_square(sums) >= 0 &&
		(sums->n < 2 ? isnan(la_error_r2(sums)) : la_error_r2(sums) <= 1);
}

/* What is added to a state that was accepted gives one that is, too. */
static inline void
add_rows(ErrorSums sums, bool *right)
{
	static const double places[] = {0, 1, -1e-300, DBL_MAX, -DBL_MAX, 5e-324};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
	{
		LaResult	result;

		if (sums.kind == LA_ERROR_NUMBERS)
			result = la_error_add_number(&sums, places[i], places[(i + 3) % 6]);
		else if (sums.kind == LA_ERROR_PROBABILITIES)
			result = la_error_add_probability(&sums, i % 2 == 0, i % 3 / 2.0);
		else
			result = la_error_add_class(&sums, i % 3 / 2.0);
		*right = *right && (result == LA_OK || sums.n == INT64_MAX) && la_error_check(&sums) == LA_OK;
		use_errors(&sums, right);
	}
}

static inline void
merge_states(ErrorSums sums, const ErrorSums *other, bool *right)
{
	LaResult	result = la_error_merge(&sums, other);

	if (result == LA_OK)
	{
		*right = *right && la_error_check(&sums) == LA_OK;
		use_errors(&sums, right);
	}
	else
		*right = *right && (result == LA_OVERFLOW || sums.kind != other->kind);
}

static inline LaResult
exercise_errors(const uint8_t *bytes, size_t size, bool *right)
{
	ErrorSums	sums;
	ErrorSums	again;
	uint8_t    *once,
			   *twice;
	LaResult	result = la_error_read(&sums, bytes, size);

	if (result != LA_OK)
		return result;
	once = malloc(size);
	twice = malloc(size);
	*right = *right && la_error_bytes_size((ErrorKind) sums.kind) == size;
	la_error_write(&sums, once);
	*right = *right && la_error_read(&again, once, size) == LA_OK;
	la_error_write(&again, twice);
	*right = *right && memcmp(once, twice, size) == 0;
	free(twice);
	free(once);
	use_errors(&sums, right);
	add_rows(sums, right);
	merge_states(sums, &sums, right);
	for (int i = 0; i < ERRORS_SEEDS; i++)
	{
		ErrorSums	other = errors_state(i);

		merge_states(sums, &other, right);
		merge_states(other, &sums, right);
	}
	return result;
}

#endif							/* LA_ERRORS_EXERCISE_H */
