/*
 * forest_model_fuzz.c
 *		libFuzzer: any bytes as the payload of a forest.
 *
 *	 make fuzz					with clang and libFuzzer, for FUZZ_SECONDS
 *	 build/fuzz/replay FILE...	any compiler: what the fuzzer found, once more
 */
#include <stdio.h>

#include "forest_exercise.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool		right = true;

	exercise_forest(data, size, &right);
	if (!right)
		abort();
	return 0;
}

#ifdef LA_FUZZ_REPLAY

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

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%d files replayed\n", argc - 1);
	return failed;
}

#endif							/* LA_FUZZ_REPLAY */
