/*
 * forest_core.c
 *		Decoding a stored forest and predicting with it, without a server.
 *
 *	 psql -c "COPY (SELECT forest FROM model) TO '/tmp/forest' (FORMAT binary)"
 *	 make build/forest_core && build/forest_core /tmp/forest 100000
 *
 * Rows are uniform between 0 and 1.  Prints "name, value, unit"; time is that of
 * the processor, the best of three runs.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "forest_model.h"
#include "prng.h"

/* what COPY BINARY and the envelope have before the payload, and after it */
#define BEFORE (25 + 16)
#define AFTER 2

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint8_t *
read_payload(const char *name, size_t *size)
{
	FILE	   *file = fopen(name, "rb");
	uint8_t    *bytes = NULL;
	long		length;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) > BEFORE + AFTER)
	{
		rewind(file);
		bytes = malloc((size_t) length);
		*size = (size_t) length - BEFORE - AFTER;
		if (bytes == NULL || fread(bytes, 1, (size_t) length, file) != (size_t) length)
			exit(1);
	}
	if (bytes == NULL)
	{
		perror(name);
		exit(1);
	}
	return bytes + BEFORE;
}

static Forest *
bench_decode(const uint8_t *payload, size_t size)
{
	ForestShape shape;
	Forest	   *forest = NULL;
	void	   *memory = NULL;
	size_t		decoded;
	double		best[2] = {1e9, 1e9};

	if (la_forest_measure(payload, size, &shape) != LA_OK)
		exit(1);
	decoded = la_forest_decoded_size(&shape);
	for (int run = 0; run < 6; run++)
	{
		double		start;

		if (run % 2 == 0)
			memory = malloc(decoded);
		start = now();
		if (la_forest_decode(payload, size, &shape, memory, &forest) != LA_OK)
			exit(1);
		start = now() - start;
		if (start < best[run % 2])
			best[run % 2] = start;
		if (run % 2 == 1 && run < 5)
			free(memory);
	}
	printf("nodes, %.0f, nodes\n", (double) shape.nnodes - 2);
	printf("bytes a node, %.2f, bytes\n", (double) size / (shape.nnodes - 2));
	printf("decode into fresh memory, %.1f, ms\n", best[0] * 1e3);
	printf("decode into used memory, %.1f, ms\n", best[1] * 1e3);
	printf("decode into used memory, %.2f, GB/s of nodes\n", decoded / best[1] / 1e9);
	return forest;
}

static void
bench_predict(const Forest *forest, uint32_t nrows, bool decide, const char *what)
{
	uint32_t	nfeatures = forest->header.nfeatures;
	double	   *rows = malloc((size_t) nrows * nfeatures * sizeof(double));
	uint8_t    *bins = malloc(la_forest_bins_size(forest));
	double	   *result = malloc(la_forest_nresults(forest) * sizeof(double));
	double		best = 1e9;
	Prng		prng;

	la_prng_seed(&prng, 1, 1);
	for (size_t i = 0; i < (size_t) nrows * nfeatures; i++)
		rows[i] = la_prng_below(&prng, 1u << 30) / (double) (1u << 30);
	for (int run = 0; run < 3; run++)
	{
		double		start = now();

		for (uint32_t i = 0; i < nrows; i++)
		{
			if (decide)
				la_forest_predict_class(forest, rows + (size_t) i * nfeatures, bins, result);
			else
				la_forest_predict(forest, rows + (size_t) i * nfeatures, bins, result);
		}
		start = now() - start;
		if (start < best)
			best = start;
	}
	printf("%s, %.1f, ns per tree and row\n", what, best / nrows / forest->ntrees * 1e9);
	free(rows);
	free(bins);
	free(result);
}

int
main(int argc, char **argv)
{
	const uint8_t *payload;
	size_t		size;
	Forest	   *forest;

	if (argc != 3)
		return 1;
	payload = read_payload(argv[1], &size);
	forest = bench_decode(payload, size);
	bench_predict(forest, (uint32_t) atoi(argv[2]), false, "predict");
	if (forest->header.nclasses > 0)
		bench_predict(forest, (uint32_t) atoi(argv[2]), true, "predict a class");
	return 0;
}
