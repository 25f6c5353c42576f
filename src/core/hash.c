/*
 * hash.c
 *		Seeded 64-bit hashes that are the same on every platform.
 *
 * The hash is XXH64, written after its specification: Y. Collet, "xxHash fast
 * digest algorithm", version 0.1.1, doc/xxhash_spec.md of Cyan4973/xxHash.
 * Bytes are read one at a time in little-endian order, so that neither the
 * byte order of the machine nor the alignment of the data matters.
 *
 * The mixing function is the finaliser of SplitMix64: Steele, Lea & Flood,
 * "Fast splittable pseudorandom number generators", OOPSLA 2014, with the
 * constants of Stafford's variant 13.
 */
#include "hash.h"

#define GOLDEN_GAMMA	UINT64_C(0x9E3779B97F4A7C15)

#define PRIME1	UINT64_C(0x9E3779B185EBCA87)
#define PRIME2	UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME3	UINT64_C(0x165667B19E3779F9)
#define PRIME4	UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME5	UINT64_C(0x27D4EB2F165667C5)

#define STRIPE	32				/* bytes taken by four lanes at a time */

/*
 * la_mix64
 *		A one-to-one map of 64-bit integers in which every bit of the result
 *		depends on every bit of "x".
 */
uint64_t
la_mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/*
 * la_stream_seed
 *		A seed of its own for each use ("stream") of one user's seed.
 *
 * This is output number stream + 1 of SplitMix64 started at "seed", so that
 * neighbouring seeds and different streams are unrelated.
 */
uint64_t
la_stream_seed(uint64_t seed, uint64_t stream)
{
	return la_mix64(seed + (stream + 1) * GOLDEN_GAMMA);
}

static inline uint64_t
rotl64(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline uint32_t
read32(const unsigned char *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline uint64_t
read64(const unsigned char *p)
{
	return (uint64_t) read32(p) | (uint64_t) read32(p + 4) << 32;
}

static inline uint64_t
xxh_round(uint64_t lane, uint64_t input)
{
	return rotl64(lane + input * PRIME2, 31) * PRIME1;
}

static inline uint64_t
xxh_avalanche(uint64_t h)
{
	h = (h ^ (h >> 33)) * PRIME2;
	h = (h ^ (h >> 29)) * PRIME3;
	return h ^ (h >> 32);
}

/* consume the whole stripes of the input: steps 1 to 3 of the specification */
static uint64_t
xxh_stripes(const unsigned char *p, size_t stripes, uint64_t seed)
{
	uint64_t	lane[4];
	uint64_t	h;

	lane[0] = seed + PRIME1 + PRIME2;
	lane[1] = seed + PRIME2;
	lane[2] = seed;
	lane[3] = seed - PRIME1;

	for (; stripes > 0; stripes--, p += STRIPE)
	{
		for (int i = 0; i < 4; i++)
			lane[i] = xxh_round(lane[i], read64(p + 8 * i));
	}

	h = rotl64(lane[0], 1) + rotl64(lane[1], 7) + rotl64(lane[2], 12) + rotl64(lane[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ xxh_round(0, lane[i])) * PRIME1 + PRIME4;
	return h;
}

/* consume the last 0 to 31 bytes: step 5 of the specification */
static uint64_t
xxh_tail(const unsigned char *p, size_t length, uint64_t h)
{
	for (; length >= 8; length -= 8, p += 8)
		h = rotl64(h ^ xxh_round(0, read64(p)), 27) * PRIME1 + PRIME4;
	if (length >= 4)
	{
		h = rotl64(h ^ (read32(p) * PRIME1), 23) * PRIME2 + PRIME3;
		length -= 4;
		p += 4;
	}
	for (; length > 0; length--, p++)
		h = rotl64(h ^ (*p * PRIME5), 11) * PRIME1;
	return h;
}

/*
 * la_hash_bytes
 *		XXH64 of "length" bytes, which need no alignment.
 */
uint64_t
la_hash_bytes(const void *data, size_t length, uint64_t seed)
{
	const unsigned char *p = data;
	size_t		stripes = length / STRIPE;
	uint64_t	h;

	h = stripes > 0 ? xxh_stripes(p, stripes, seed) : seed + PRIME5;
	h += length;
	return xxh_avalanche(xxh_tail(p + stripes * STRIPE, length % STRIPE, h));
}

/*
 * la_hash_int64
 *		XXH64 of the eight bytes of "value" in little-endian order.
 */
uint64_t
la_hash_int64(int64_t value, uint64_t seed)
{
	uint64_t	h = seed + PRIME5 + 8;

	h = rotl64(h ^ xxh_round(0, (uint64_t) value), 27) * PRIME1 + PRIME4;
	return xxh_avalanche(h);
}

/*
 * la_hash_unit
 *		A hash as a number in [0, 1): its upper 53 bits as a binary fraction.
 *		Every value is exact and equally likely.
 */
double
la_hash_unit(uint64_t hash)
{
	return (double) (hash >> 11) * (1.0 / 9007199254740992.0);
}

/*
 * la_hash_bucket
 *		A hash as a number from 0 to buckets - 1: floor(hash * buckets / 2^64),
 *		computed in halves, as the product has up to 96 bits.
 *
 * Source: D. Lemire, Fast Random Integer Generation in an Interval, ACM
 * Transactions on Modeling and Computer Simulation 29(1), 2019.
 */
uint32_t
la_hash_bucket(uint64_t hash, uint32_t buckets)
{
	uint64_t	low = (hash & UINT32_MAX) * buckets;
	uint64_t	high = (hash >> 32) * buckets;

	return (uint32_t) ((high + (low >> 32)) >> 32);
}
