/*
 * linreg_fuzz_test.c
 *		The fuzzer's corpus and random damage to it, without a fuzzer.
 */
#include "../fuzz/linreg_exercise.h"
#include "prng.h"
#include "tap.h"

#define MUTATIONS 5000

/* Change one to four places: a bit, a byte, or a number of eight bytes. */
static void
mutate(uint8_t *bytes, size_t size, Prng *prng)
{
	static const double extremes[] = {0, -0.0, 1, -1, 1e300, -1e297, 5e-324, 1e-308, 9007199254740992.0, NAN, INFINITY};

	for (uint32_t n = 1 + la_prng_below(prng, 4); n > 0; n--)
	{
		size_t		at = la_prng_below(prng, (uint32_t) size);

		switch (la_prng_below(prng, 3))
		{
			case 0:
				bytes[at] ^= (uint8_t) (1 << la_prng_below(prng, 8));
				break;
			case 1:
				bytes[at] = (uint8_t) la_prng_next(prng);
				break;
			default:
				at = 20 + at / 8 * 8;
				if (at + 8 <= size)
					memcpy(bytes + at, &extremes[la_prng_below(prng, 11)], 8);
		}
	}
}

int
main(void)
{
	bool		sound = true;
	bool		right = true;
	bool		refused = true;
	Prng		prng;
	int			taken = 0;

	la_prng_seed(&prng, 31, 0);
	for (int i = 0; i < LINREG_SEEDS; i++)
	{
		size_t		size;
		uint8_t    *seed = linreg_seed(i, &size);

		sound &= exercise_linreg(seed, size, &right) == LA_OK;
		for (int repeat = 0; repeat < MUTATIONS; repeat++)
		{
			/* a block of just this size shows a read past its end */
			uint8_t    *bytes = malloc(size);

			memcpy(bytes, seed, size);
			mutate(bytes, size, &prng);
			taken += exercise_linreg(bytes, size, &right) == LA_OK;
			free(bytes);
		}
		for (size_t shorter = 0; shorter < size; shorter++)
		{
			uint8_t    *bytes = malloc(shorter + 1);

			memcpy(bytes, seed, shorter);
			refused &= exercise_linreg(bytes, shorter, &right) == LA_MALFORMED;
			free(bytes);
		}
		free(seed);
	}
	ok(sound, "all %d seeds are valid", LINREG_SEEDS);
	ok(refused, "what is too short is refused");
	ok(taken > 0 && taken < LINREG_SEEDS * MUTATIONS, "%d of %d damaged values pass and do no harm",
	   taken, LINREG_SEEDS * MUTATIONS);
	ok(right, "what was read is written and read again");
	return tap_done();
}
