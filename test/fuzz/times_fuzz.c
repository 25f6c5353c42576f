/*
 * times_fuzz.c
 *		libFuzzer: any bytes as rows of times, as states of aggregates keep them.
 */
#include "times_exercise.h"

#define FUZZ_SEEDS		TIMES_SEEDS
#define fuzz_seed		times_seed
#define FUZZ_EXERCISE	exercise_times
#include "bytes_fuzz.h"
