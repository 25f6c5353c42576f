/*
 * sequence_core.h
 *		Events of a viewer, and whether and how often they match a pattern.
 */
#ifndef LA_SEQUENCE_CORE_H
#define LA_SEQUENCE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"
#include "sequence_pattern.h"
#include "stop.h"

#define LA_SEQUENCE_FORMAT	1

/*
 * One block of memory without pointers, so that it can be copied and stored.
 * After this header: the text of the pattern, the times of the events, then
 * for each event a bit per condition in (nconditions + 7) / 8 bytes.
 */
typedef struct SequenceState
{
	uint32_t	reserved;		/* the caller's */
	uint16_t	format;
	uint16_t	nconditions;
	uint32_t	pattern_length;
	uint32_t	sorted;			/* the events are in order */
	uint64_t	n;
	uint64_t	capacity;
} SequenceState;

/* an event on its own */
typedef struct SequenceEvent
{
	int64_t		ts;				/* microseconds */
	uint64_t	conditions;		/* bit i: condition i + 1 is met; never 0 */
} SequenceEvent;

/* the question to a state, made by la_sequence_plan; its fields are private */
typedef struct SequenceMatcher
{
	const SequencePattern *pattern;
	const SequenceState *state; /* sorted */
	uint64_t   *rows;
	size_t		words;			/* of a row */
	bool		keep;			/* a row for each choice, not one for all */
	MayStop		may_stop;
} SequenceMatcher;

extern uint64_t la_sequence_size(uint32_t pattern_length, int nconditions, uint64_t capacity);
extern void la_sequence_init(SequenceState *state, const char *pattern, uint32_t pattern_length,
							 int nconditions, uint64_t capacity);
extern bool la_sequence_is_event(const SequenceEvent *event, int nconditions);
extern bool la_sequence_valid(const SequenceState *state, uint64_t bytes);
extern const char *la_sequence_pattern(const SequenceState *state);
extern SequenceEvent la_sequence_event(const SequenceState *state, uint64_t i);
extern bool la_sequence_same_question(const SequenceState *a, const SequenceState *b);

extern void la_sequence_add(SequenceState *state, const SequenceEvent *event);
extern void la_sequence_append(SequenceState *state, const SequenceState *other);
extern void la_sequence_sort(SequenceState *state, SequenceEvent *events, SequenceEvent *scratch,
							 MayStop may_stop);

extern size_t la_sequence_matcher_words(const SequencePattern *pattern, uint64_t n, bool keep);
extern bool la_sequence_plan(SequenceMatcher *matcher, const SequencePattern *pattern,
							 const SequenceState *state, bool keep, uint64_t *memory,
							 MayStop may_stop);
extern bool la_sequence_next(const SequenceMatcher *matcher, uint64_t *position, int64_t *times);

#endif							/* LA_SEQUENCE_CORE_H */
