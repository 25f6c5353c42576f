/*
 * forest_fuzz_test.c
 *		The fuzzer's corpus and random damage to it, without a fuzzer.
 */
#include "../fuzz/forest_exercise.h"
#include "../fuzz/forest_seeds.h"
#include "tap.h"

#define MUTATIONS 2000

/* Change one to four places: a bit, a byte, or a number of four bytes. */
static void
mutate(uint8_t *bytes, size_t size, Prng *prng)
{
	for (uint32_t n = 1 + la_prng_below(prng, 4); n > 0; n--)
	{
		size_t		at = la_prng_below(prng, (uint32_t) size);
		ByteWriter	writer = {bytes, at};

		switch (la_prng_below(prng, 4))
		{
			case 0:
				bytes[at] ^= 1 << la_prng_below(prng, 8);
				break;
			case 1:
				bytes[at] = (uint8_t) la_prng_next(prng);
				break;
			case 2:
				bytes[at] = bytes[la_prng_below(prng, (uint32_t) size)];
				break;
			default:
				if (at + 4 <= size)
					la_write_u32(&writer, la_prng_below(prng, 2) ? la_prng_below(prng, 16) :
								 UINT32_MAX >> la_prng_below(prng, 32));
		}
	}
}

int
main(void)
{
	bool		sound = true;
	bool		right = true;
	Prng		prng;
	int			taken = 0;

	la_prng_seed(&prng, 29, 0);
	for (uint32_t i = 0; i < FOREST_SEEDS; i++)
	{
		Fixture		fixture = forest_seed(i);
		uint8_t    *bytes = malloc(fixture.size);

		sound &= exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK;
		for (int repeat = 0; repeat < MUTATIONS; repeat++)
		{
			memcpy(bytes, fixture.bytes, fixture.size);
			mutate(bytes, fixture.size, &prng);
			taken += exercise_forest(bytes, fixture.size, &right) == LA_OK;
		}
		free(bytes);
		fixture_free(&fixture);
	}
	ok(sound, "all of the corpus are forests");
	ok(right, "damaged at random, refused or sound (%d of %d taken)", taken, FOREST_SEEDS * MUTATIONS);
	return tap_done();
}
