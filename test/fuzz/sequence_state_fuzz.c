/*
 * sequence_state_fuzz.c
 *		libFuzzer: any bytes as the events of a sequence, as they are stored.
 */
#include "sequence_state_exercise.h"

#define FUZZ_SEEDS		SEQUENCE_STATE_SEEDS
#define fuzz_seed		sequence_state_seed
#define FUZZ_EXERCISE	exercise_sequence_state
#include "bytes_fuzz.h"
