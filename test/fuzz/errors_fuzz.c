/*
 * errors_fuzz.c
 *		libFuzzer: any bytes as sums of errors, as they are sent.
 */
#include "errors_exercise.h"

#define FUZZ_SEEDS		ERRORS_SEEDS
#define fuzz_seed		errors_seed
#define FUZZ_EXERCISE	exercise_errors
#include "bytes_fuzz.h"
