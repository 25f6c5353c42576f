/*
 * audience_corpus.c
 *		Seeds for viewer_set_fuzz and sequence_fuzz: audience_corpus SETS SEQUENCES
 */
#include <stdio.h>

#include "viewer_set_exercise.h"

static void
write_seed(const char *folder, int number, const uint8_t *bytes, size_t size)
{
	char		name[1024];
	FILE	   *file;

	snprintf(name, sizeof(name), "%s/seed%03d", folder, number);
	file = fopen(name, "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
	{
		perror(name);
		exit(1);
	}
}

/* a set in all its forms, each with the byte before it that says which */
static void
write_set(const char *folder, int number, ViewerSet *set)
{
	size_t		stored = (size_t) la_viewer_set_bytes(set) - sizeof(uint32_t);
	uint8_t    *bytes;

	for (int wide = 0; wide < 2; wide++)
	{
		size_t		size = (size_t) la_viewer_set_roaring_size(set, wide);

		bytes = malloc(size + 1);
		bytes[0] = (uint8_t) wide;
		if (size > 0)
		{
			la_viewer_set_write_roaring(set, wide, bytes + 1, NULL);
			write_seed(folder, 3 * number + wide, bytes, size + 1);
		}
		free(bytes);
	}
	bytes = malloc(stored + 1);
	bytes[0] = 2;
	memcpy(bytes + 1, (char *) set + sizeof(uint32_t), stored);
	write_seed(folder, 3 * number + 2, bytes, stored + 1);
	free(bytes);
}

static void
write_sets(const char *folder)
{
	static const uint64_t steps[] = {1, 2, 15, 70000, UINT64_C(1) << 33};
	static const uint64_t counts[] = {0, 1, 5, 300, 4097, 40000};
	int			number = 0;

	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
	{
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
		{
			ViewerSet  *set = build_begin();

			for (uint64_t i = 0; i < counts[c] && (s < 3 || i < 300); i++)
				set = build_add(set, i * steps[s]);
			if (c % 2 == 0)
				set = build_end(set);
			if (!set->building)
				write_set(folder, number++, set);
			free(set);
		}
	}
}

static void
write_sequences(const char *folder)
{
	static const char *const patterns[] = {
		"(?1)(?2)", "(?1).*(?2)", "(?1).(?2).*(?3)", "(?1)(?t<=5)(?2)", "(?2)(?t>=1.5)(?t<9)(?1)(?t==3)(?3).*", ".(?t>0)."
	};

	for (int p = 0; p < (int) (sizeof(patterns) / sizeof(patterns[0])); p++)
	{
		uint8_t		bytes[256] = {2, (uint8_t) strlen(patterns[p])};
		size_t		size = 2 + strlen(patterns[p]);

		memcpy(bytes + 2, patterns[p], strlen(patterns[p]));
		for (int e = 0; e < 20; e++)
		{
			bytes[size++] = (uint8_t) (e * 3);
			bytes[size++] = (uint8_t) (e % 3);
		}
		write_seed(folder, p, bytes, size);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 1;
	write_sets(argv[1]);
	write_sequences(argv[2]);
	return 0;
}
