/*
 * sequence_fuzz.c
 *		libFuzzer: any bytes as a pattern and events.
 *
 * The first byte is the number of conditions, the second the length of the
 * pattern; two bytes make an event.  What compiles must match what it finds.
 */
#include <stdlib.h>
#include <string.h>

#include "sequence_core.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static SequenceState *
read_events(const char *text, size_t length, int nconditions, const uint8_t *data, size_t n)
{
	SequenceState *state = calloc(1, la_sequence_size((uint32_t) length, nconditions, n));
	SequenceEvent *events = malloc(sizeof(SequenceEvent) * (n + 1));
	SequenceEvent *scratch = malloc(sizeof(SequenceEvent) * (n + 1));

	la_sequence_init(state, text, (uint32_t) length, nconditions, n);
	for (size_t i = 0; i < n; i++)
	{
		/* also at the ends of what a time can be */
		int64_t		ts = data[2 * i] == 255 ? INT64_MAX - 1 : data[2 * i] == 254 ? INT64_MIN + 1 : (int64_t) data[2 * i] * 500000;
		SequenceEvent event = {ts, UINT64_C(1) << (data[2 * i + 1] % nconditions)};

		la_sequence_add(state, &event);
	}
	la_sequence_sort(state, events, scratch, NULL);
	free(scratch);
	free(events);
	return state;
}

static void
match(const SequencePattern *pattern, const SequenceState *state)
{
	SequenceMatcher matcher;
	uint64_t   *memory = malloc(sizeof(uint64_t) * la_sequence_matcher_words(pattern, state->n, true));
	uint64_t   *two = malloc(sizeof(uint64_t) * la_sequence_matcher_words(pattern, state->n, false));
	int64_t    *times = malloc(sizeof(int64_t) * (size_t) (pattern->nevents + 1));
	bool		matches = la_sequence_plan(&matcher, pattern, state, false, two, NULL);
	uint64_t	position = 0;
	uint64_t	count = 0;

	if (la_sequence_plan(&matcher, pattern, state, true, memory, NULL) != matches)
		abort();
	while (la_sequence_next(&matcher, &position, times))
	{
		for (int i = 1; i < pattern->nevents; i++)
			if (times[i] < times[i - 1])
				abort();
		count++;
	}
	if (matches != (count > 0) || count > state->n)
		abort();
	free(times);
	free(two);
	free(memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int			nconditions;
	size_t		length;
	char	   *text;
	SequencePattern *pattern;
	PatternError error;

	if (size < 2)
		return 0;
	nconditions = 1 + data[0] % 64;
	length = data[1] < size - 2 ? data[1] : size - 2;
	text = malloc(length + 1);
	memcpy(text, data + 2, length);
	pattern = malloc(la_pattern_size(length));
	if (la_pattern_compile(pattern, text, length, nconditions, &error) == LA_OK)
	{
		SequenceState *state = read_events(text, length, nconditions, data + 2 + length, (size - 2 - length) / 2);

		match(pattern, state);
		free(state);
	}
	else if (error.position > length || (error.expected == NULL) == (error.problem == NULL))
		abort();
	free(pattern);
	free(text);
	return 0;
}

#include "replay.h"
