/*
 * viewer_set_core_test.c
 *		Sets of numbers against plain bit maps: building in any order, the
 *		three operations, both forms of Roaring's format, damaged bytes.
 */
#include "viewer_set_core.h"

#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "tap.h"

#include "../fuzz/viewer_set_exercise.h"

/* numbers are drawn below this, and spread over containers by "stretch" */
#define UNIVERSE 3000

static int	stops;

static void
count_stop(void)
{
	stops++;
}

static uint32_t
draw(Prng *prng, uint32_t n)
{
	return la_prng_below(prng, n);
}

/* a few shapes: sparse, dense, runs, everything; over few or many containers */
static ViewerSet *
random_set(Prng *prng, bool *has, uint64_t stretch)
{
	ViewerSet  *set = build_begin();
	uint32_t	shape = draw(prng, 5);
	uint32_t	first = draw(prng, UNIVERSE);
	uint32_t	length = draw(prng, UNIVERSE - first + 1);
	uint32_t	order = 7919;

	for (uint32_t j = 0; j < UNIVERSE; j++)
	{
		uint32_t	i = j * order % UNIVERSE;
		bool		in;

		if (shape == 0)
			in = draw(prng, 50) == 0;
		else if (shape == 1)
			in = draw(prng, 8) != 0;
		else if (shape == 2)
			in = i >= first && i < first + length;
		else if (shape == 3)
			in = (i / 64) % 2 == 0 && draw(prng, 40) != 0;
		else
			in = false;
		has[i] = in;
		if (in)
			set = build_add(set, i * stretch);
		if (in && draw(prng, 3) == 0)
			set = build_add(set, i * stretch);
	}
	return build_end(set);
}

static bool
is_set_of(const ViewerSet *set, const bool *has, uint64_t stretch)
{
	SetIterator iterator;
	SetRange	range;
	uint64_t	count = 0;
	uint64_t	walked = 0;
	bool		right = la_viewer_set_valid(set, la_viewer_set_bytes(set));

	for (uint32_t i = 0; i < UNIVERSE; i++)
	{
		count += has[i];
		right = right && la_viewer_set_contains(set, i * stretch) == has[i];
		right = right && (stretch == 1 || !la_viewer_set_contains(set, i * stretch + 1));
	}
	la_viewer_set_iterate(&iterator, set);
	while (la_viewer_set_next(&iterator, &range))
	{
		for (uint64_t number = range.first; number <= range.last; number++)
			right = right && number % stretch == 0 && number / stretch < UNIVERSE && has[number / stretch];
		walked += range.last - range.first + 1;
	}
	return right && set->cardinality == count && walked == count;
}

static void
test_random(void)
{
	static const uint64_t stretches[] = {1, 2, 37, 1000, 65536, UINT64_C(70000), UINT64_C(1) << 33, UINT64_C(1) << 51};
	Prng		prng;
	int			wrong[4] = {0, 0, 0, 0};

	la_prng_seed(&prng, 3, 0);
	for (int t = 0; t < 600; t++)
	{
		static bool in_a[UNIVERSE],
					in_b[UNIVERSE],
					wanted[UNIVERSE];
		uint64_t	stretch = stretches[t % 8];
		ViewerSet  *a = random_set(&prng, in_a, stretch);
		ViewerSet  *b = random_set(&prng, in_b, stretch);

		wrong[0] += !is_set_of(a, in_a, stretch) || !is_set_of(b, in_b, stretch);
		for (int operation = VIEWER_SET_UNION; operation <= VIEWER_SET_DIFFERENCE; operation++)
		{
			ViewerSet  *result = operate((ViewerSetOperation) operation, a, b, count_stop);

			for (uint32_t i = 0; i < UNIVERSE; i++)
				wanted[i] = operation == VIEWER_SET_UNION ? in_a[i] || in_b[i] : in_a[i] && in_b[i] == (operation == VIEWER_SET_INTERSECTION);
			wrong[1] += !is_set_of(result, wanted, stretch);
			free(result);
		}
		wrong[2] += !reads_back(a) || !reads_back(b);
		wrong[3] += !obeys_laws(a, b);
		free(a);
		free(b);
	}
	ok(wrong[0] == 0, "a set has the numbers that were added, in any order, whatever their distance");
	ok(wrong[1] == 0, "union, intersection and difference are those of plain bit maps");
	ok(wrong[2] == 0, "both forms of Roaring's format read back the same bytes");
	ok(wrong[3] == 0, "the laws of sets hold, to the byte");
	ok(stops > 0, "operations let themselves be stopped");
}

/* from 0 to 70,000: array, bits, runs, and the borders between them */
static void
test_forms(void)
{
	ViewerSet  *set = build_begin();
	ViewerSet  *ranges;
	SetRange	one = {0, 69999};
	SetBound	bound = la_viewer_set_ranges_bound(&one, 1, false);
	ViewerSet  *ends;

	for (uint64_t i = 0; i < 70000; i++)
		set = build_add(set, (i * 7919) % 70000);
	set = build_end(set);
	ranges = malloc(bound.bytes);
	la_viewer_set_from_ranges(ranges, false, &one, 1, &bound, NULL);
	ok(la_viewer_set_equal(set, ranges), "a range is the set of its numbers");
	ok(la_viewer_set_bytes(set) == sizeof(ViewerSet) + 2 * (sizeof(SetContainer) + 8), "and takes a word for each container");
	free(set);
	free(ranges);

	set = build_begin();
	for (uint64_t i = 0; i < 4096; i++)
		set = build_add(set, 2 * i);
	set = build_end(set);
	ok(la_viewer_set_bytes(set) == sizeof(ViewerSet) + sizeof(SetContainer) + 8192, "4096 numbers are an array");
	free(set);

	ends = build_add(build_add(build_begin(), LA_VIEWER_SET_LARGEST), 0);
	ends = build_end(ends);
	ok(ends->cardinality == 2 && la_viewer_set_contains(ends, LA_VIEWER_SET_LARGEST) && reads_back(ends),
	   "the first and the last number");
	ok(la_viewer_set_roaring_size(ends, false) == 0, "do not fit into 32 bits");
	free(ends);
}

static void
test_damaged(void)
{
	Prng		prng;
	static bool has[UNIVERSE];
	int			wrong = 0;
	int			accepted = 0;

	la_prng_seed(&prng, 4, 0);
	for (int t = 0; t < 3000; t++)
	{
		ViewerSet  *set = random_set(&prng, has, t % 3 == 0 ? 1 : t % 3 == 1 ? 50 : 70000);
		uint64_t	size = la_viewer_set_roaring_size(set, true);
		uint8_t    *bytes = malloc(size);
		uint64_t	cut = draw(&prng, 4) == 0 ? draw(&prng, (uint32_t) size) : size;
		int			read;

		la_viewer_set_write_roaring(set, true, bytes, NULL);
		for (uint32_t i = draw(&prng, 4); i > 0; i--)
			bytes[draw(&prng, (uint32_t) (draw(&prng, 2) == 0 && size > 64 ? 64 : size))] ^= (uint8_t) (1 << draw(&prng, 8));
		read = exercise_roaring(bytes, cut, true);
		wrong += read < 0;
		accepted += read;
		free(bytes);
		free(set);
	}
	ok(wrong == 0 && accepted > 0 && accepted < 3000, "damaged bytes are refused, or a set as good as any");
}

/* the set itself with damaged bytes: no access outside of it */
static void
test_damaged_at_rest(void)
{
	Prng		prng;
	static bool has[UNIVERSE];
	int			usable = 0;

	la_prng_seed(&prng, 5, 0);
	for (int t = 0; t < 3000; t++)
	{
		ViewerSet  *set = random_set(&prng, has, t % 2 == 0 ? 1 : 40);
		uint64_t	size = la_viewer_set_bytes(set);

		for (uint32_t i = 1 + draw(&prng, 4); i > 0; i--)
			((uint8_t *) set)[4 + draw(&prng, (uint32_t) (draw(&prng, 2) == 0 && size > 96 ? 92 : size - 4))] ^= (uint8_t) (1 << draw(&prng, 8));
		if (la_viewer_set_valid(set, size))
		{
			usable++;
			use_damaged(set);
		}
		free(set);
	}
	ok(usable > 0, "a damaged set is refused, or does no harm");
}

int
main(void)
{
	test_random();
	test_forms();
	test_damaged();
	test_damaged_at_rest();
	return tap_done();
}
