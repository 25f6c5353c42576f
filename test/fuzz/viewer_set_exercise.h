/*
 * viewer_set_exercise.h
 *		What unit tests and fuzzers do with viewer sets.
 */
#ifndef LA_VIEWER_SET_EXERCISE_H
#define LA_VIEWER_SET_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "viewer_set_core.h"

/* --- as an aggregate builds a set ----------------------------------------------- */

static inline ViewerSet *
build_begin(void)
{
	ViewerSet  *set = malloc(sizeof(ViewerSet) + 4 * sizeof(uint64_t));

	la_viewer_set_init(set, true, 4);
	return set;
}

/* The pending numbers become containers; the result is complete or is built further. */
static inline ViewerSet *
build_compact(ViewerSet *set, bool building)
{
	uint64_t   *scratch = malloc(sizeof(uint64_t) * (set->npending + 1));
	uint32_t	n = la_viewer_set_pending(set, scratch, NULL);
	SetRange   *ranges = malloc(sizeof(SetRange) * (n + 1));
	const uint64_t *numbers = la_viewer_set_pending_numbers(set);
	SetBound	bound;
	ViewerSet  *pending;
	ViewerSet  *result;
	uint32_t	capacity;

	for (uint32_t i = 0; i < n; i++)
		ranges[i].first = ranges[i].last = numbers[i];
	bound = la_viewer_set_ranges_bound(ranges, n, building);
	pending = malloc(bound.bytes);
	la_viewer_set_from_ranges(pending, building, ranges, n, &bound, NULL);
	capacity = building ? (uint32_t) (la_viewer_set_bytes(set) / 16 + 4) : 0;
	result = malloc(la_viewer_set_operation_bound(set, pending, building, capacity));
	la_viewer_set_operation(result, VIEWER_SET_UNION, set, pending, building, capacity, NULL);
	free(pending);
	free(ranges);
	free(scratch);
	free(set);
	return result;
}

static inline ViewerSet *
build_add(ViewerSet *set, uint64_t number)
{
	while (!la_viewer_set_add(set, number))
		set = build_compact(set, true);
	return set;
}

static inline ViewerSet *
build_end(ViewerSet *set)
{
	return build_compact(set, false);
}

/* --- operations -------------------------------------------------------------------- */

static inline ViewerSet *
operate(ViewerSetOperation operation, const ViewerSet *a, const ViewerSet *b, MayStop may_stop)
{
	ViewerSet  *result = malloc(la_viewer_set_operation_bound(a, b, false, 0));

	la_viewer_set_operation(result, operation, a, b, false, 0, may_stop);
	return result;
}

/* The bytes in one of Roaring's forms as a set, or NULL. */
static inline ViewerSet *
read_roaring(const uint8_t *bytes, uint64_t size, bool wide)
{
	SetBound	bound;
	ViewerSet  *set;

	if (la_viewer_set_roaring_bound(bytes, size, wide, &bound, NULL) != LA_OK)
		return NULL;
	set = malloc(bound.bytes);
	la_viewer_set_read_roaring(set, bytes, size, wide, &bound, NULL);
	if (la_viewer_set_bytes(set) > bound.bytes)
		abort();
	return set;
}

/* Whether a set can be written and read back, in all forms that hold it, ranges among them. */
static inline bool
reads_back(const ViewerSet *set)
{
	bool		right = true;
	SetIterator iterator;
	SetRange	range;
	size_t		n = 0;
	SetRange   *ranges = malloc(sizeof(SetRange) * (set->cardinality < 100000 ? set->cardinality + 1 : 100001));
	SetBound	bound;
	ViewerSet  *again;

	for (int wide = 0; wide < 2; wide++)
	{
		uint64_t	size = la_viewer_set_roaring_size(set, wide);
		uint8_t    *bytes = malloc(size + 1);

		if (size != 0)
		{
			la_viewer_set_write_roaring(set, wide, bytes, NULL);
			again = read_roaring(bytes, size, wide);
			right = right && again != NULL && la_viewer_set_equal(set, again);
			free(again);
		}
		free(bytes);
	}
	la_viewer_set_iterate(&iterator, set);
	while (n < 100000 && la_viewer_set_next(&iterator, &range))
		ranges[n++] = range;
	if (n < 100000)
	{
		bound = la_viewer_set_ranges_bound(ranges, n, false);
		again = malloc(bound.bytes);
		la_viewer_set_from_ranges(again, false, ranges, n, &bound, NULL);
		right = right && la_viewer_set_equal(set, again);
		free(again);
	}
	free(ranges);
	return right;
}

/* a = (a - b) | (a & b), (a | b) - b = a - b, cardinalities add up, building by parts gives a | b */
static inline bool
obeys_laws(const ViewerSet *a, const ViewerSet *b)
{
	ViewerSet  *both = operate(VIEWER_SET_INTERSECTION, a, b, NULL);
	ViewerSet  *either = operate(VIEWER_SET_UNION, a, b, NULL);
	ViewerSet  *other = operate(VIEWER_SET_UNION, b, a, NULL);
	ViewerSet  *rest = operate(VIEWER_SET_DIFFERENCE, a, b, NULL);
	ViewerSet  *whole = operate(VIEWER_SET_UNION, rest, both, NULL);
	ViewerSet  *rest_again = operate(VIEWER_SET_DIFFERENCE, either, b, NULL);
	ViewerSet  *empty = malloc(sizeof(ViewerSet));
	ViewerSet  *built;
	bool		right = la_viewer_set_equal(whole, a) && la_viewer_set_equal(rest, rest_again) &&
		la_viewer_set_equal(either, other) &&
		either->cardinality + both->cardinality == a->cardinality + b->cardinality;

	la_viewer_set_init(empty, false, 0);
	built = malloc(la_viewer_set_operation_bound(a, empty, true, 3));
	la_viewer_set_operation(built, VIEWER_SET_UNION, a, empty, true, 3, NULL);
	if (!la_viewer_set_union_in_place(built, b, NULL))
	{
		ViewerSet  *larger = malloc(la_viewer_set_operation_bound(built, b, true, 3));

		la_viewer_set_operation(larger, VIEWER_SET_UNION, built, b, true, 3, NULL);
		free(built);
		built = larger;
	}
	built = build_end(built);
	right = right && la_viewer_set_equal(built, either);
	free(built);
	free(empty);
	free(rest_again);
	free(whole);
	free(rest);
	free(other);
	free(either);
	free(both);
	return right;
}

/* Read hostile bytes: 0 refused, 1 a set that behaves like any other, -1 one that does not. */
static inline int
exercise_roaring(const uint8_t *data, uint64_t size, bool wide)
{
	uint8_t    *bytes = malloc(size + 1);
	ViewerSet  *set;
	ViewerSet  *few;
	bool		right;

	memcpy(bytes, data, size);
	set = read_roaring(bytes, size, wide);
	free(bytes);
	if (set == NULL)
		return 0;
	few = build_end(build_add(build_add(build_add(build_begin(), 3), 70000), UINT64_C(1) << 40));
	right = la_viewer_set_valid(set, la_viewer_set_bytes(set)) && reads_back(set) &&
		obeys_laws(set, few) && obeys_laws(few, set);
	free(few);
	free(set);
	return right ? 1 : -1;
}

/* Whatever can be asked of a set whose structure alone is right. */
static inline void
use_damaged(ViewerSet *set)
{
	SetIterator iterator;
	SetRange	range;
	uint64_t	sum = 0;
	ViewerSet  *few = build_end(build_add(build_add(build_begin(), 3), 70000));

	if (set->building)
	{
		/* what an aggregate does with it */
		ViewerSet  *copy = malloc(la_viewer_set_bytes(set));

		memcpy(copy, set, la_viewer_set_bytes(set));
		free(build_end(copy));
		free(few);
		return;
	}
	la_viewer_set_iterate(&iterator, set);
	while (sum < 10000000 && la_viewer_set_next(&iterator, &range))
		sum += range.last - range.first + 1;
	for (uint64_t i = 0; i < 100; i++)
		sum += la_viewer_set_contains(set, i * 701);
	for (int operation = VIEWER_SET_UNION; operation <= VIEWER_SET_DIFFERENCE; operation++)
	{
		free(operate((ViewerSetOperation) operation, set, few, NULL));
		free(operate((ViewerSetOperation) operation, few, set, NULL));
	}
	for (int wide = 0; wide < 2; wide++)
	{
		uint64_t	size = la_viewer_set_roaring_size(set, wide);
		uint8_t    *bytes = malloc(size + 1);

		if (size > 0)
			la_viewer_set_write_roaring(set, wide, bytes, NULL);
		free(bytes);
	}
	free(few);
}

#endif							/* LA_VIEWER_SET_EXERCISE_H */
