/*
 * sequence.h
 *		The type sequence_state as the wrappers see it.
 */
#ifndef LA_SEQUENCE_H
#define LA_SEQUENCE_H

#include "core/sequence_core.h"

extern SequenceState *la_sequence_new(const char *pattern, uint32 length, int nconditions, uint64 capacity);
extern SequenceState *la_sequence_from_datum(Datum datum);

#define PG_GETARG_SEQUENCE_P(n) la_sequence_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_SEQUENCE_H */
