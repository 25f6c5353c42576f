/*
 * confusion_fuzz.c
 *		libFuzzer: any bytes as a confusion matrix, as it is sent and as it is stored.
 */
#include "confusion_exercise.h"

#define FUZZ_SEEDS		CONFUSION_SEEDS
#define fuzz_seed		confusion_seed
#define FUZZ_EXERCISE	exercise_confusion
#include "bytes_fuzz.h"
