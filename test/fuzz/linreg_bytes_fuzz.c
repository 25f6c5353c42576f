/*
 * linreg_bytes_fuzz.c
 *		libFuzzer: any bytes as a regression.
 *
 *	 make fuzz						with clang and libFuzzer, for FUZZ_SECONDS
 *	 build/fuzz/linreg_replay FILE...	any compiler: what the fuzzer found, once more
 *	 build/fuzz/linreg_replay -s FOLDER	write the first corpus
 */
#include <stdio.h>

#include "linreg_exercise.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool		right = true;

	exercise_linreg(data, size, &right);
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

static int
write_seed(const char *folder, int number)
{
	char		name[4096];
	size_t		size;
	uint8_t    *bytes = linreg_seed(number, &size);
	FILE	   *file;
	int			failed = 1;

	snprintf(name, sizeof(name), "%s/linreg%02d", folder, number);
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

int
main(int argc, char **argv)
{
	int			failed = 0;

	if (argc == 3 && strcmp(argv[1], "-s") == 0)
	{
		for (int i = 0; i < LINREG_SEEDS; i++)
			failed |= write_seed(argv[2], i);
		return failed;
	}
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%d files replayed\n", argc - 1);
	return failed;
}

#endif							/* LA_FUZZ_REPLAY */
