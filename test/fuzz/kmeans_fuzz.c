/*
 * kmeans_fuzz.c
 *		libFuzzer: any bytes as a k-means model.
 */
#include "kmeans_exercise.h"

#define FUZZ_SEEDS		KMEANS_SEEDS
#define fuzz_seed		kmeans_seed
#define FUZZ_EXERCISE	exercise_kmeans
#include "bytes_fuzz.h"
