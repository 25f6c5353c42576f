/*
 * funnel_fuzz.c
 *		libFuzzer: any bytes as the events of a funnel, as they are stored.
 */
#include "funnel_exercise.h"

#define FUZZ_SEEDS		FUNNEL_SEEDS
#define fuzz_seed		funnel_seed
#define FUZZ_EXERCISE	exercise_funnel
#include "bytes_fuzz.h"
