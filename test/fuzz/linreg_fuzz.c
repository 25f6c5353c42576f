/*
 * linreg_fuzz.c
 *		libFuzzer: any bytes as a regression.
 */
#include "linreg_exercise.h"

#define FUZZ_SEEDS		LINREG_SEEDS
#define fuzz_seed		linreg_seed
#define FUZZ_EXERCISE	exercise_linreg
#include "bytes_fuzz.h"
