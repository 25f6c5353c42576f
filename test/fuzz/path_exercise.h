/*
 * path_exercise.h
 *		Everything that can be done with visits to nodes, as they are stored:
 *		for the fuzzer and the unit tests.
 */
#ifndef LA_PATH_EXERCISE_H
#define LA_PATH_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "path_core.h"

#define PATH_SEEDS 8

static inline PathState *
new_path(const PathQuestion *question, uint64_t capacity)
{
	PathState  *state = calloc(1, la_path_size(question->start_length, capacity));

	la_path_init(state, question, capacity);
	return state;
}

static inline uint8_t *
path_seed(int number, size_t *size)
{
	PathQuestion question = {100 * number, 2 + number, number % 2 == 1, number % 3 == 1, number % 4 > 1, "ab", 0};
	PathState  *state;
	uint8_t    *bytes;

	question.start_length = question.has_start ? (uint32_t) (number % 3) : 0;
	state = new_path(&question, 20 * 16);
	for (int i = 0; i < 3 * number; i++)
	{
		PathVisit	visit = {i * 37 % 500, &"abab"[i % 2], (uint64_t) (i % 3)};

		la_path_add(state, &visit);
	}
	*size = la_path_size(state->start_length, state->capacity) - sizeof(uint32_t);
	bytes = malloc(*size);
	memcpy(bytes, (uint8_t *) state + sizeof(uint32_t), *size);
	free(state);
	return bytes;
}

static inline void
walk_path(const PathState *state, bool *right)
{
	PathVisit  *visits = malloc((state->n + 1) * sizeof(PathVisit));
	PathVisit  *scratch = malloc((state->n + 1) * sizeof(PathVisit));
	PathVisit  *sorted;
	uint64_t	position = 0;
	uint64_t	edges = 0;
	PathWalk	walk;
	PathEdge	edge;

	for (uint64_t i = 0; i < state->n; i++)
		*right = *right && la_path_read(state, &position, &visits[i]);
	sorted = la_path_sort(visits, scratch, state->n, NULL);
	la_path_walk(&walk, state, sorted);
	while (la_path_next(&walk, &edge))
	{
		*right = *right && edge.pos >= 1 && edge.pos < state->depth && edge.src->ts <= edge.dst->ts;
		edges++;
	}
	*right = *right && edges <= state->n;
	free(scratch);
	free(visits);
}

static inline LaResult
exercise_path(const uint8_t *bytes, size_t size, bool *right)
{
	size_t		total = size + sizeof(uint32_t);
	PathState  *state = calloc(1, total);
	PathQuestion question;
	PathState  *twice;
	LaResult	result = LA_MALFORMED;

	memcpy((uint8_t *) state + sizeof(uint32_t), bytes, size);
	if (la_path_valid(state, total))
	{
		result = LA_OK;
		walk_path(state, right);
		question = la_path_question(state);
		twice = new_path(&question, 2 * state->used);
		la_path_append(twice, state);
		la_path_append(twice, state);
		*right = *right && la_path_valid(twice, la_path_size(question.start_length, 2 * state->used)) &&
			twice->n == 2 * state->n;
		walk_path(twice, right);
		free(twice);
	}
	free(state);
	return result;
}

#endif							/* LA_PATH_EXERCISE_H */
