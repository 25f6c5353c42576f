/*
 * sequence_pattern.h
 *		Patterns of events in the language of ClickHouse's sequenceMatch.
 */
#ifndef LA_SEQUENCE_PATTERN_H
#define LA_SEQUENCE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "result.h"

#define LA_SEQUENCE_MAX_CONDITIONS	64
#define LA_SEQUENCE_MAX_PATTERN		8192	/* bytes */

typedef enum PatternKind
{
	PATTERN_EVENT,				/* (?N): an event that meets condition N */
	PATTERN_ANY,				/* .: an event */
	PATTERN_SKIP,				/* .*: any number of events, the fewer the better */
	PATTERN_GATE				/* (?t op N): the same, and a distance in time */
} PatternKind;

typedef struct PatternItem
{
	PatternKind kind;
	int			condition;		/* from 0, of PATTERN_EVENT */
	int64_t		least;			/* bounds of PATTERN_GATE, in microseconds, inclusive */
	int64_t		most;
} PatternItem;

/* the first item is a PATTERN_SKIP: a match may start anywhere */
typedef struct SequencePattern
{
	int			nitems;
	int			nevents;		/* items of PATTERN_EVENT */
	int			nchoices;		/* items of PATTERN_SKIP and PATTERN_GATE */
	PatternItem items[];
} SequencePattern;

/* what is wrong with a pattern, and where */
typedef struct PatternError
{
	size_t		position;		/* byte, from 0 */
	const char *expected;		/* "... is expected" */
	const char *problem;		/* a sentence, where nothing else would do there */
} PatternError;

extern size_t la_pattern_size(size_t length);
extern LaResult la_pattern_compile(SequencePattern *pattern, const char *text, size_t length,
								   int nconditions, PatternError *error);

#endif							/* LA_SEQUENCE_PATTERN_H */
