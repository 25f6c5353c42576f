/*
 * viewer_set_core.h
 *		Exact sets of numbers, 0 to 2^63 - 1, as compressed bitmaps.
 */
#ifndef LA_VIEWER_SET_CORE_H
#define LA_VIEWER_SET_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "byteio.h"
#include "result.h"
#include "stop.h"

#define LA_VIEWER_SET_FORMAT	1
#define LA_VIEWER_SET_LARGEST	INT64_MAX

/* the numbers that share all but their lowest 16 bits, in the shortest form of three */
typedef enum ContainerKind
{
	CONTAINER_ARRAY,			/* 16 bits each, ascending */
	CONTAINER_BITS,				/* 65536 bits */
	CONTAINER_RUNS				/* first and length less 1, of 16 bits each, ascending */
} ContainerKind;

typedef struct SetContainer
{
	uint64_t	key;			/* number >> 16 */
	uint32_t	offset;			/* of its bytes, from the end of the directory, of 8 each */
	uint16_t	count;			/* of numbers, or of runs, less 1; not kept for bits while a set is built */
	uint16_t	kind;
} SetContainer;

/*
 * One block of memory without pointers, so that it can be copied and stored.
 * The directory of containers follows this header, then their bytes, then,
 * while a set is built, the pending numbers.
 */
typedef struct ViewerSet
{
	uint32_t	reserved;		/* the caller's */
	uint16_t	format;
	uint16_t	building;		/* an aggregate works on it: no runs, numbers are pending */
	uint32_t	ncontainers;
	uint32_t	data_words;		/* of 8 bytes, of all containers */
	uint32_t	npending;
	uint32_t	pending_capacity;
	uint64_t	cardinality;	/* while a set is built: pending numbers that were looked at */
} ViewerSet;

typedef enum ViewerSetOperation
{
	VIEWER_SET_UNION,
	VIEWER_SET_INTERSECTION,
	VIEWER_SET_DIFFERENCE
} ViewerSetOperation;

/* a walk over the runs of a set; its fields are private */
typedef struct SetIterator
{
	const ViewerSet *set;
	uint32_t	container;
	uint32_t	position;		/* within the container */
} SetIterator;

/* what a set may take at most, before it is made */
typedef struct SetBound
{
	uint64_t	bytes;
	uint64_t	containers;
} SetBound;

/* numbers from first to last */
typedef struct SetRange
{
	uint64_t	first;
	uint64_t	last;
} SetRange;

extern uint64_t la_viewer_set_bytes(const ViewerSet *set);
extern void la_viewer_set_init(ViewerSet *set, bool building, uint32_t pending_capacity);
extern bool la_viewer_set_valid(const ViewerSet *set, uint64_t bytes);
extern bool la_viewer_set_contains(const ViewerSet *set, uint64_t number);
extern bool la_viewer_set_equal(const ViewerSet *a, const ViewerSet *b);

extern bool la_viewer_set_add(ViewerSet *set, uint64_t number);
extern uint32_t la_viewer_set_pending(ViewerSet *set, uint64_t *scratch, MayStop may_stop);
extern uint64_t *la_viewer_set_pending_numbers(const ViewerSet *set);
extern SetBound la_viewer_set_ranges_bound(const SetRange *ranges, size_t n, bool building);
extern void la_viewer_set_from_ranges(ViewerSet *set, bool building, const SetRange *ranges, size_t n,
									  const SetBound *bound, MayStop may_stop);

extern uint64_t la_viewer_set_operation_bound(const ViewerSet *a, const ViewerSet *b,
											  bool building, uint32_t npending);
extern void la_viewer_set_operation(ViewerSet *set, ViewerSetOperation operation, const ViewerSet *a,
									const ViewerSet *b, bool building, uint32_t pending_capacity,
									MayStop may_stop);
extern bool la_viewer_set_union_in_place(ViewerSet *set, const ViewerSet *other, MayStop may_stop);

extern void la_viewer_set_iterate(SetIterator *iterator, const ViewerSet *set);
extern bool la_viewer_set_next(SetIterator *iterator, SetRange *range);

extern uint64_t la_viewer_set_roaring_size(const ViewerSet *set, bool wide);
extern void la_viewer_set_write_roaring(const ViewerSet *set, bool wide, uint8_t *bytes, MayStop may_stop);
extern LaResult la_viewer_set_roaring_bound(const uint8_t *bytes, uint64_t size, bool wide,
											SetBound *bound, MayStop may_stop);
extern void la_viewer_set_read_roaring(ViewerSet *set, const uint8_t *bytes, uint64_t size, bool wide,
									   const SetBound *bound, MayStop may_stop);

#endif							/* LA_VIEWER_SET_CORE_H */
