/*
 * replay.h
 *		A main() for a fuzzer under any compiler, with -DLA_FUZZ_REPLAY: files
 *		that libFuzzer found, once more; without files a few thousand inputs of
 *		its own.
 */
#ifdef LA_FUZZ_REPLAY

#include <stdio.h>
#include <stdlib.h>

#include "prng.h"

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

int
main(int argc, char **argv)
{
	int			failed = 0;
	Prng		prng;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	la_prng_seed(&prng, 1, 0);
	for (int i = 0; i < 20000; i++)
	{
		uint8_t		bytes[64];
		size_t		size = la_prng_below(&prng, sizeof(bytes) + 1);

		for (size_t b = 0; b < size; b++)
			bytes[b] = (uint8_t) la_prng_next(&prng);
		failed |= LLVMFuzzerTestOneInput(bytes, size);
	}
	printf("%d files replayed\n", argc - 1);
	return failed;
}

#endif							/* LA_FUZZ_REPLAY */
