/*
 * hash.h
 *		Seeded 64-bit hashes that are the same on every platform.
 */
#ifndef LA_HASH_H
#define LA_HASH_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t la_mix64(uint64_t x);
extern uint64_t la_stream_seed(uint64_t seed, uint64_t stream);
extern uint64_t la_hash_bytes(const void *data, size_t length, uint64_t seed);
extern uint64_t la_hash_int64(int64_t value, uint64_t seed);
extern double la_hash_unit(uint64_t hash);
extern uint32_t la_hash_bucket(uint64_t hash, uint32_t buckets);

#endif							/* LA_HASH_H */
