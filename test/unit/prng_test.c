/*
 * prng_test.c
 *		Random numbers against published vectors, and drawn evenly.
 */
#include "prng.h"

#include "tap.h"

#define DRAWS 300000

/*
 * xoshiro256** started at the state 1, 2, 3, 4, by the authors' reference
 * code; rand_xoshiro has the same numbers in its tests.
 */
static const uint64_t xoshiro[] = {
	UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240), UINT64_C(1215971899390074240),
	UINT64_C(1216172134540287360), UINT64_C(607988272756665600),
	UINT64_C(16172922978634559625), UINT64_C(8476171486693032832),
	UINT64_C(10595114339597558777), UINT64_C(2904607092377533576)
};

/* the first outputs of SplitMix64 started at 1234567 */
static const uint64_t splitmix[] = {
	UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
	UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)
};

static void
test_next(void)
{
	Prng		prng = {{1, 2, 3, 4}};
	bool		same = true;

	for (int i = 0; i < 10; i++)
		same &= la_prng_next(&prng) == xoshiro[i];
	ok(same, "xoshiro256** as published");
}

/* The stream is mixed in after one step: choose it so that 1234567 comes out. */
static void
test_seed(void)
{
	Prng		prng;
	bool		same = true;

	la_prng_seed(&prng, 1234567, splitmix[0] ^ 1234567);
	for (int i = 0; i < 4; i++)
		same &= prng.s[i] == splitmix[i];
	ok(same, "the state is the output of SplitMix64");
}

static void
test_streams(void)
{
	bool		differ = true;

	for (uint64_t i = 1; i < 1000; i++)
	{
		Prng		a;
		Prng		b;

		la_prng_seed(&a, 42, 0);
		la_prng_seed(&b, 42, i);
		differ &= la_prng_next(&a) != la_prng_next(&b);
		la_prng_seed(&a, i, 0);
		la_prng_seed(&b, 0, i);
		differ &= la_prng_next(&a) != la_prng_next(&b);
	}
	ok(differ, "streams and seeds give other numbers");
}

/*
 * Chi-square of draws below "bound", told apart by their remainder or, with
 * ranges, by the part of the interval that they are in.
 */
static double
chi_square(uint32_t bound, uint32_t cells, bool ranges)
{
	int			counts[256] = {0};
	double		expected = (double) DRAWS / cells;
	double		sum = 0;
	Prng		prng;

	la_prng_seed(&prng, 7, bound);
	for (int i = 0; i < DRAWS; i += 3)
	{
		uint32_t	x[3];

		x[0] = la_prng_below(&prng, bound);
		la_prng_two_below(&prng, bound, x + 1);
		for (int j = 0; j < 3; j++)
			counts[ranges ? (uint64_t) x[j] * cells / bound : x[j] % cells]++;
	}
	for (uint32_t i = 0; i < cells; i++)
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
	return sum;
}

/* Limits are passed by one random sample in a thousand. */
static void
test_below(void)
{
	Prng		prng = {{1, 2, 3, 4}};
	bool		in_range = true;

	for (uint32_t i = 0; i < 100000; i++)
	{
		in_range &= la_prng_below(&prng, i + 1) <= i;
		in_range &= la_prng_below(&prng, UINT32_MAX - i) < UINT32_MAX - i;
	}
	for (uint32_t i = 0; i < 100000; i++)
	{
		uint32_t	two[2];

		la_prng_two_below(&prng, UINT32_MAX - i, two);
		in_range &= two[0] < UINT32_MAX - i && two[1] < UINT32_MAX - i;
	}
	ok(in_range, "draws are below their bound");
	ok(la_prng_below(&prng, 1) == 0, "only 0 is below 1");
	ok(chi_square(2, 2, false) < 10.83, "two numbers are equally likely");
	ok(chi_square(7, 7, false) < 22.46, "seven numbers are equally likely");
	ok(chi_square(100, 100, false) < 148.2, "a hundred numbers are equally likely");
	ok(chi_square(UINT32_C(0x80000001), 100, true) < 148.2, "parts of a large interval are equally likely");

	/* without rejection every third number would come twice as often */
	ok(chi_square(UINT32_C(3) << 30, 3, false) < 13.82, "remainders of a large interval are equally likely");
}

int
main(void)
{
	test_next();
	test_seed();
	test_streams();
	test_below();
	return tap_done();
}
