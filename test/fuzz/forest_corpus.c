/*
 * forest_corpus.c
 *		Write the fuzzer's first corpus into the folder named on the command line.
 */
#include <stdio.h>

#include "forest_seeds.h"

static int
write_seed(const char *folder, uint32_t number)
{
	Fixture		fixture = forest_seed(number);
	char		name[4096];
	FILE	   *file;
	int			failed = 1;

	snprintf(name, sizeof(name), "%s/forest%02u", folder, number);
	file = fopen(name, "wb");
	if (file != NULL)
	{
		failed = fwrite(fixture.bytes, 1, fixture.size, file) != fixture.size;
		failed |= fclose(file) != 0;
	}
	if (failed)
		perror(name);
	fixture_free(&fixture);
	return failed;
}

int
main(int argc, char **argv)
{
	int			failed = argc != 2;

	for (uint32_t i = 0; i < FOREST_SEEDS && !failed; i++)
		failed = write_seed(argv[1], i);
	return failed;
}
