/*
 * viewer_set_fuzz.c
 *		libFuzzer: any bytes as a viewer set, in both forms of Roaring's format
 *		and as one that is stored.
 *
 * The first byte says which.  What is accepted must behave like any other set.
 */
#include "viewer_set_exercise.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* as stored: aligned, with the length before it */
static void
exercise_stored(const uint8_t *data, size_t size)
{
	ViewerSet  *set = malloc(size + sizeof(uint32_t) + 1);

	memset(set, 0, sizeof(uint32_t));
	memcpy((char *) set + sizeof(uint32_t), data, size);
	if (la_viewer_set_valid(set, size + sizeof(uint32_t)))
		use_damaged(set);
	free(set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 3 == 2)
		exercise_stored(data + 1, size - 1);
	else if (exercise_roaring(data + 1, size - 1, data[0] % 3 == 1) < 0)
		abort();
	return 0;
}

#include "replay.h"
