/*
 * forest_root_test.c
 *		The root of a tree against an exhaustive search of all splits.
 */
#include "forest_search_fixture.h"
#include "tap.h"

static void
test_root(uint32_t nclasses)
{
	Prng		prng;
	int			wrong = 0;
	int			leaves = 0;

	la_prng_seed(&prng, 11, nclasses);
	for (uint32_t repeat = 0; repeat < 60; repeat++)
	{
		ForestRows	rows = rows_random(&prng, 2 + la_prng_below(&prng, 50), 1 + la_prng_below(&prng, 4), nclasses,
									   1 + la_prng_below(&prng, repeat % 2 ? 255 : 6));
		double	   *weights = random_weights(&prng, nclasses);

		wrong += count_wrong_roots(&rows, (GrowOptions) {0, 1 + la_prng_below(&prng, 9), 0, 1.0, repeat, weights},
								   &leaves);
		free(weights);
	}
	ok(wrong == 0, "%s: the root is the best of all splits (%d of 180 are not)", name_of(nclasses), wrong);
	ok(leaves > 0 && (leaves < 120 || nclasses == 1), "%s: some roots cannot be split (%d)",
	   name_of(nclasses), leaves);
}

/* Many rows, which are counted in other ways. */
static void
test_large_root(uint32_t nclasses, uint32_t n)
{
	Prng		prng;
	int			wrong = 0;
	int			leaves = 0;

	la_prng_seed(&prng, 12, nclasses);
	for (uint32_t repeat = 0; repeat < 6; repeat++)
	{
		/* a batch of every length */
		ForestRows	rows = rows_random(&prng, n + la_prng_below(&prng, n), 1 + repeat, nclasses,
									   repeat % 2 ? 4 : 255);
		double	   *weights = random_weights(&prng, nclasses);

		wrong += count_wrong_roots(&rows, (GrowOptions) {0, 1 + n / 3 * (repeat == 4), 0, 1.0, repeat, weights},
								   &leaves);
		free(weights);
	}
	ok(wrong == 0, "%s: so is a root of %u rows and more (%d of 18 are not)", name_of(nclasses), n, wrong);
}

int
main(void)
{
	static const uint32_t kinds[] = {0, 1, 2, 3, 5, 40, 300};

	for (int i = 0; i < 7; i++)
		test_root(kinds[i]);
	test_large_root(0, 300);
	test_large_root(2, 300);
	test_large_root(3, 200);
	test_large_root(5, 330);
	test_large_root(32, 2100);
	test_large_root(33, 300);
	test_large_root(300, 300);
	return tap_done();
}
