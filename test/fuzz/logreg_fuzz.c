/*
 * logreg_fuzz.c
 *		libFuzzer: any bytes as a logistic regression.
 */
#include "logreg_exercise.h"

#define FUZZ_SEEDS		LOGREG_SEEDS
#define fuzz_seed		logreg_seed
#define FUZZ_EXERCISE	exercise_logreg
#include "bytes_fuzz.h"
