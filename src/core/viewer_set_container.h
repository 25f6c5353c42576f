/*
 * viewer_set_container.h
 *		What the files of viewer sets share: reading and writing containers.
 */
#ifndef LA_VIEWER_SET_CONTAINER_H
#define LA_VIEWER_SET_CONTAINER_H

#include "viewer_set_core.h"

#define CONTAINER_NUMBERS	65536
#define CONTAINER_WORDS		(CONTAINER_NUMBERS / 64)
#define CONTAINER_BYTES		(CONTAINER_NUMBERS / 8)
#define ARRAY_MAX			4096	/* numbers: more take less room as bits */

/* containers between two looks at may_stop */
#define CONTAINERS_PER_STEP	1024

/* a set being made, container after container by ascending keys */
typedef struct SetWriter
{
	ViewerSet  *set;
	uint32_t	max_containers;
	bool		building;
} SetWriter;

static inline SetContainer *
la_set_directory(const ViewerSet *set)
{
	return (SetContainer *) (set + 1);
}

static inline uint64_t *
la_set_data(const ViewerSet *set)
{
	return (uint64_t *) (la_set_directory(set) + set->ncontainers);
}

static inline const void *
la_set_bytes_of(const ViewerSet *set, const SetContainer *container)
{
	return la_set_data(set) + container->offset;
}

/* The last number of run i; what is damaged does not end past the container. */
static inline uint32_t
la_run_last(const uint16_t *runs, uint32_t i)
{
	uint32_t	last = (uint32_t) runs[2 * i] + runs[2 * i + 1];

	return last < CONTAINER_NUMBERS ? last : CONTAINER_NUMBERS - 1;
}

extern uint32_t la_container_words(ContainerKind kind, uint32_t count);
extern uint32_t la_container_cardinality(const ViewerSet *set, const SetContainer *container);
extern void la_container_to_bits(const ViewerSet *set, const SetContainer *container, uint64_t *bits);
extern void la_set_bit_range(uint64_t *bits, uint32_t first, uint32_t last);

extern void la_set_begin(SetWriter *writer, ViewerSet *set, bool building, uint32_t max_containers);
extern void la_set_write_values(SetWriter *writer, uint64_t key, const uint16_t *values, uint32_t n);
extern void la_set_write_bits(SetWriter *writer, uint64_t key, const uint64_t *bits);
extern void la_set_write_raw_bits(SetWriter *writer, uint64_t key, const uint64_t *bits);
extern void la_set_write_run(SetWriter *writer, uint64_t key, uint32_t first, uint32_t length);
extern void la_set_copy_container(SetWriter *writer, const ViewerSet *from, const SetContainer *container);
extern void la_set_end(SetWriter *writer, uint32_t pending_capacity);

#endif							/* LA_VIEWER_SET_CONTAINER_H */
