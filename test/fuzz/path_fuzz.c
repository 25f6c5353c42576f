/*
 * path_fuzz.c
 *		libFuzzer: any bytes as visits to nodes, as they are stored.
 */
#include "path_exercise.h"

#define FUZZ_SEEDS		PATH_SEEDS
#define fuzz_seed		path_seed
#define FUZZ_EXERCISE	exercise_path
#include "bytes_fuzz.h"
