/*
 * hash_test.c
 *		Hashes against published vectors, and their use as random numbers.
 */
#include "hash.h"

#include <string.h>

#include "tap.h"

#define SANITY_BYTES	101
#define SANITY_SEED		UINT64_C(2654435761)
#define KEYS			100000

/* xxHash's own sanity check: XXH64 of a prefix of its buffer */
typedef struct SanityVector
{
	size_t		length;
	uint64_t	unseeded;
	uint64_t	seeded;
} SanityVector;

static const SanityVector sanity[] = {
	{0, UINT64_C(0xEF46DB3751D8E999), UINT64_C(0xAC75FDA2929B17EF)},
	{1, UINT64_C(0x4FCE394CC88952D8), UINT64_C(0x739840CB819FA723)},
	{4, UINT64_C(0x9256E58AA397AEF1), UINT64_C(0x09D5FFDFB928AB4B)},
	{8, UINT64_C(0xF74CB1451B32B8CF), UINT64_C(0x9C44B77FBCC302C5)},
	{14, UINT64_C(0xCFFA8DB881BC3A3D), UINT64_C(0x5B9611585EFCC9CB)},
	{32, UINT64_C(0xAF5753D39159EDEE), UINT64_C(0xDCAB9233B8CA7B0F)},
	{101, UINT64_C(0x0EAB543384F878AD), UINT64_C(0xCAA65939306F1E21)}
};

/* the first outputs of SplitMix64 started at 1234567 */
static const uint64_t splitmix[] = {
	UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
	UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
	UINT64_C(16408922859458223821)
};

static void
test_sanity_vectors(void)
{
	unsigned char buffer[SANITY_BYTES + 1];
	uint32_t	byte = (uint32_t) SANITY_SEED;

	for (int i = 0; i < SANITY_BYTES; i++, byte *= byte)
		buffer[i] = (unsigned char) (byte >> 24);

	for (size_t i = 0; i < sizeof(sanity) / sizeof(sanity[0]); i++)
	{
		const SanityVector *v = &sanity[i];

		ok(la_hash_bytes(buffer, v->length, 0) == v->unseeded &&
		   la_hash_bytes(buffer, v->length, SANITY_SEED) == v->seeded,
		   "%zu bytes of xxHash's sanity check", v->length);
	}

	memmove(buffer + 1, buffer, SANITY_BYTES);
	ok(la_hash_bytes(buffer + 1, SANITY_BYTES, 0) == sanity[6].unseeded, "unaligned bytes");
}

static void
test_text_vectors(void)
{
	const char *python = "Nobody inspects the spammish repetition";

	ok(la_hash_bytes("a", 1, 0) == UINT64_C(0xD24EC4F1A98C6E5B), "a");
	ok(la_hash_bytes("abc", 3, 0) == UINT64_C(0x44BC2CF5AD770999), "abc");
	ok(la_hash_bytes("xxhash", 6, 20141025) == UINT64_C(0xB559B98D844E0635), "a seeded word");
	ok(la_hash_bytes(python, strlen(python), 0) == UINT64_C(0xFBCEA83C8A378BF1), "a sentence");
}

static void
test_int64(void)
{
	const unsigned char bytes[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x91};

	ok(la_hash_int64(-154477, 0) == UINT64_C(1162348840373071858), "an integer as ClickHouse hashes it");
	ok(la_hash_int64((int64_t) UINT64_C(0x9122334455667788), 7) == la_hash_bytes(bytes, 8, 7),
	   "an integer is hashed as its bytes, lowest first");
}

static void
test_streams(void)
{
	bool		same = true;

	for (uint64_t i = 0; i < 5; i++)
		same &= la_stream_seed(1234567, i) == splitmix[i];
	ok(same, "streams are the outputs of SplitMix64");
}

static void
test_ranges(void)
{
	ok(la_hash_unit(0) == 0 && la_hash_unit(UINT64_MAX) == 1.0 - 0x1p-53, "unit interval, closed and open");
	ok(la_hash_unit(UINT64_C(1) << 63) == 0.5, "half of the unit interval");
	ok(la_hash_bucket(0, 7) == 0 && la_hash_bucket(UINT64_MAX, 7) == 6, "first and last of 7 buckets");
	ok(la_hash_bucket(UINT64_MAX, UINT32_MAX) == UINT32_MAX - 1, "last of the most buckets");
	ok(la_hash_bucket(UINT64_C(0x5555555555555555), 3) == 0 &&
	   la_hash_bucket(UINT64_C(0x5555555555555556), 3) == 1, "the bound between two buckets is exact");
}

/* chi-square of the counts against equal expected counts */
static double
chi_square(const int *counts, int cells, double expected)
{
	double		sum = 0;

	for (int i = 0; i < cells; i++)
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
	return sum;
}

/*
 * Consecutive keys must fall evenly into 100 buckets (99 degrees of freedom:
 * 148.2 is passed by one random sample in a thousand).
 */
static void
test_uniform(uint64_t step)
{
	int			counts[100] = {0};

	for (uint64_t i = 0; i < KEYS; i++)
		counts[la_hash_bucket(la_hash_int64((int64_t) (i * step), 42), 100)]++;
	ok(chi_square(counts, 100, KEYS / 100.0) < 148.2, "keys %llu apart are uniform",
	   (unsigned long long) step);
}

/* the same keys under two seeds: all 10 x 10 cells must be equally likely */
static void
test_independent(uint64_t seed, uint64_t other, const char *what)
{
	int			counts[100] = {0};

	for (int64_t i = 0; i < KEYS; i++)
		counts[la_hash_bucket(la_hash_int64(i, seed), 10) * 10 +
			   la_hash_bucket(la_hash_int64(i, other), 10)]++;
	ok(chi_square(counts, 100, KEYS / 100.0) < 148.2, "independent: %s", what);
}

int
main(void)
{
	test_sanity_vectors();
	test_text_vectors();
	test_int64();
	test_streams();
	test_ranges();
	test_uniform(1);
	test_uniform(1000);
	test_uniform(UINT64_C(1) << 32);
	test_uniform(UINT64_C(1) << 40);
	test_independent(1, 2, "neighbouring seeds");
	test_independent(la_stream_seed(42, 0), la_stream_seed(42, 1), "streams of one seed");
	test_independent(la_stream_seed(42, 0), la_stream_seed(43, 0), "one stream of two seeds");
	return tap_done();
}
