/*
 * replay.h
 *		A main() for a fuzzer under any compiler, with -DLA_FUZZ_REPLAY:
 *
 *		FILE...			what libFuzzer found, once more, and then a few thousand
 *						inputs of its own
 *		-s FOLDER		the first corpus, of a fuzzer that defines FUZZ_SEEDS and
 *						fuzz_seed(number, &size)
 */
#ifdef LA_FUZZ_REPLAY

#include <stdio.h>
#include <stdlib.h>

#include "mutate.h"

#define REPLAY_INPUTS 20000

static int
replay(const char *name)
{
	static uint8_t bytes[1 << 20];
	FILE	   *file = fopen(name, "rb");
	size_t		size;

	if (file == NULL)
	{
		perror(name);
		return 1;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return LLVMFuzzerTestOneInput(bytes, size);
}

static int
replay_random(void)
{
	Prng		prng;
	int			failed = 0;

	la_prng_seed(&prng, 1, 0);
	for (int i = 0; i < REPLAY_INPUTS; i++)
	{
		uint8_t		bytes[64];
		size_t		size = la_prng_below(&prng, sizeof(bytes) + 1);

		for (size_t b = 0; b < size; b++)
			bytes[b] = (uint8_t) la_prng_next(&prng);
		failed |= LLVMFuzzerTestOneInput(bytes, size);
	}
	return failed;
}

#ifdef FUZZ_SEEDS

static int
replay_damaged_seeds(void)
{
	Prng		prng;
	int			failed = 0;

	la_prng_seed(&prng, 2, 0);
	for (int i = 0; i < REPLAY_INPUTS; i++)
	{
		size_t		size;
		uint8_t    *bytes = fuzz_seed(i % FUZZ_SEEDS, &size);

		size = mutate(bytes, size, &prng);
		failed |= LLVMFuzzerTestOneInput(bytes, size);
		free(bytes);
	}
	return failed;
}

static int
write_seed(const char *folder, int number)
{
	char		name[4096];
	size_t		size;
	uint8_t    *bytes = fuzz_seed(number, &size);
	FILE	   *file;
	int			failed = 1;

	snprintf(name, sizeof(name), "%s/seed%03d", folder, number);
	file = fopen(name, "wb");
	if (file != NULL)
	{
		failed = fwrite(bytes, 1, size, file) != size;
		failed |= fclose(file) != 0;
	}
	if (failed)
		perror(name);
	free(bytes);
	return failed;
}

static int
write_seeds(const char *folder)
{
	int			failed = 0;

	for (int i = 0; i < FUZZ_SEEDS; i++)
		failed |= write_seed(folder, i);
	return failed;
}

#endif							/* FUZZ_SEEDS */

int
main(int argc, char **argv)
{
	int			failed = 0;

#ifdef FUZZ_SEEDS
	if (argc == 3 && strcmp(argv[1], "-s") == 0)
		return write_seeds(argv[2]);
	failed |= replay_damaged_seeds();
#endif
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	failed |= replay_random();
	printf("%d files replayed\n", argc - 1);
	return failed;
}

#endif							/* LA_FUZZ_REPLAY */
