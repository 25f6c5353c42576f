/*
 * dayset_core.h
 *		A set of days: 16 bytes for any number of them within 64.
 */
#ifndef LA_DAYSET_CORE_H
#define LA_DAYSET_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LA_DAYS_PER_BLOCK 64

/* days block * 64 .. block * 64 + 63, a bit each */
typedef struct DayBlock
{
	int64_t		block;
	uint64_t	days;
} DayBlock;

static inline int64_t
la_block_of_day(int32_t day)
{
	return ((int64_t) day - (int64_t) ((uint64_t) (int64_t) day % LA_DAYS_PER_BLOCK)) / LA_DAYS_PER_BLOCK;
}

extern bool la_dayset_find(const DayBlock *blocks, uint32_t n, int64_t block, uint32_t *at);
extern void la_dayset_insert(DayBlock *blocks, uint32_t n, uint32_t at, int64_t block, uint64_t days);
extern uint64_t la_dayset_count(const DayBlock *blocks, uint32_t n);
extern void la_dayset_list(const DayBlock *blocks, uint32_t n, int32_t *days);

#endif							/* LA_DAYSET_CORE_H */
