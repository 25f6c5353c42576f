/*
 * forest_model_fuzz.c
 *		libFuzzer: any bytes as the payload of a forest.
 */
#include "forest_exercise.h"

#define FUZZ_EXERCISE	exercise_forest
#include "bytes_fuzz.h"
