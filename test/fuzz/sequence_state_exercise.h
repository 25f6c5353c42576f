/*
 * sequence_state_exercise.h
 *		Everything that can be done with the events of a sequence, as they are
 *		stored: for the fuzzer and the unit tests.
 */
#ifndef LA_SEQUENCE_STATE_EXERCISE_H
#define LA_SEQUENCE_STATE_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "sequence_core.h"

#define SEQUENCE_STATE_SEEDS 8

static inline SequenceState *
new_sequence(const char *pattern, uint32_t length, int nconditions, uint64_t capacity)
{
	SequenceState *state = calloc(1, la_sequence_size(length, nconditions, capacity));

	la_sequence_init(state, pattern, length, nconditions, capacity);
	return state;
}

static inline uint8_t *
sequence_state_seed(int number, size_t *size)
{
	static const char *const patterns[] = {"(?1)(?2)", "(?1).*(?2)", "(?1)(?t<=5)(?2)", "(?2)(?t>=1)(?1).*"};
	const char *pattern = patterns[number % 4];
	int			nconditions = number < 4 ? 2 : 17;
	SequenceState *state = new_sequence(pattern, (uint32_t) strlen(pattern), nconditions, (uint64_t) number * 4);
	uint8_t    *bytes;

	for (int i = 0; i < number * 4 - number % 2; i++)
	{
		SequenceEvent event = {(int64_t) (i * 7 % 11) * 1000000, UINT64_C(1) << (i % 2)};

		la_sequence_add(state, &event);
	}
	*size = la_sequence_size((uint32_t) strlen(pattern), nconditions, state->capacity) - sizeof(uint32_t);
	bytes = malloc(*size);
	memcpy(bytes, (uint8_t *) state + sizeof(uint32_t), *size);
	free(state);
	return bytes;
}

static inline void
match_sequence(const SequencePattern *pattern, const SequenceState *state, bool in_order, bool *right)
{
	SequenceMatcher matcher;
	uint64_t   *memory = malloc(sizeof(uint64_t) * (la_sequence_matcher_words(pattern, state->n, true) + 1));
	int64_t    *times = malloc(sizeof(int64_t) * (size_t) (pattern->nevents + 1));
	uint64_t	position = 0;
	uint64_t	count = 0;
	bool		matches = la_sequence_plan(&matcher, pattern, state, true, memory, NULL);

	while (count <= state->n && la_sequence_next(&matcher, &position, times))
		count++;
	*right = *right && (matches == (count > 0) || !in_order) && count <= state->n;
	free(times);
	free(memory);
}

/* In order, as a state may say of itself without being it, which may cost matches and no more; then sorted. */
static inline void
use_sequence(SequenceState *state, bool *right)
{
	SequencePattern *pattern = malloc(la_pattern_size(state->pattern_length));
	SequenceEvent *events = malloc((state->n + 1) * sizeof(SequenceEvent));
	SequenceEvent *scratch = malloc((state->n + 1) * sizeof(SequenceEvent));
	PatternError error;

	if (la_pattern_compile(pattern, la_sequence_pattern(state), state->pattern_length, state->nconditions, &error) == LA_OK)
	{
		if (state->sorted)
			match_sequence(pattern, state, false, right);
		state->sorted = false;
		la_sequence_sort(state, events, scratch, NULL);
		match_sequence(pattern, state, true, right);
	}
	free(scratch);
	free(events);
	free(pattern);
}

static inline LaResult
exercise_sequence_state(const uint8_t *bytes, size_t size, bool *right)
{
	size_t		total = size + sizeof(uint32_t);
	SequenceState *state = calloc(1, total);
	SequenceState *twice;
	LaResult	result = LA_MALFORMED;

	memcpy((uint8_t *) state + sizeof(uint32_t), bytes, size);
	if (la_sequence_valid(state, total))
	{
		result = LA_OK;
		twice = new_sequence(la_sequence_pattern(state), state->pattern_length, state->nconditions, 2 * state->n);
		la_sequence_append(twice, state);
		la_sequence_append(twice, state);
		*right = *right && twice->n == 2 * state->n &&
			la_sequence_valid(twice, la_sequence_size(state->pattern_length, state->nconditions, 2 * state->n));
		use_sequence(twice, right);
		use_sequence(state, right);
		free(twice);
	}
	free(state);
	return result;
}

#endif							/* LA_SEQUENCE_STATE_EXERCISE_H */
