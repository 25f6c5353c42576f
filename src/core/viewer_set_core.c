/*
 * viewer_set_core.c
 *		Exact sets of numbers: adding, combining, walking.
 *
 *----------
 * While a set is built, numbers are pending first.  From time to time those
 * whose container is bits are set there.  Once there are half as many bytes of
 * others as of containers, they are sorted and become containers themselves.
 * So a number is moved a few times at most, in whatever order they come.
 *----------
 */
#include "viewer_set_core.h"

#include <string.h>

#include "radix.h"
#include "viewer_set_container.h"

/* pending numbers to look at together */
#define SETTLE_NUMBERS	128

static inline uint64_t
key_of(uint64_t number)
{
	return number >> 16;
}

/* --- sets ------------------------------------------------------------------- */

/* The bytes of a set, from its header on. */
uint64_t
la_viewer_set_bytes(const ViewerSet *set)
{
	return sizeof(ViewerSet) + (uint64_t) set->ncontainers * sizeof(SetContainer) +
		(uint64_t) set->data_words * sizeof(uint64_t) + (uint64_t) set->pending_capacity * sizeof(uint64_t);
}

/* An empty set. */
void
la_viewer_set_init(ViewerSet *set, bool building, uint32_t pending_capacity)
{
	SetWriter	writer;

	la_set_begin(&writer, set, building, 0);
	la_set_end(&writer, pending_capacity);
}

uint64_t *
la_viewer_set_pending_numbers(const ViewerSet *set)
{
	return la_set_data(set) + set->data_words;
}

/*
 * la_viewer_set_valid
 *		Whether a set of so many bytes can be worked with.
 *
 * That is: nothing is read or written outside of it.  Numbers in a wrong order
 * within a container give a wrong answer, but no more than that.
 */
bool
la_viewer_set_valid(const ViewerSet *set, uint64_t bytes)
{
	const SetContainer *containers = la_set_directory(set);

	if (bytes < sizeof(ViewerSet) || set->format != LA_VIEWER_SET_FORMAT || set->building > 1 ||
		set->npending > set->pending_capacity || (set->building == 0 && set->pending_capacity != 0) ||
		(set->building == 1 && set->cardinality > set->npending) ||
		la_viewer_set_bytes(set) != bytes)
		return false;
	for (uint32_t i = 0; i < set->ncontainers; i++)
	{
		const SetContainer *c = &containers[i];

		if (c->kind > CONTAINER_RUNS || c->key > key_of(LA_VIEWER_SET_LARGEST) ||
			(i > 0 && c->key <= containers[i - 1].key) ||
			(c->kind == CONTAINER_ARRAY && c->count >= ARRAY_MAX) ||
			(c->kind == CONTAINER_RUNS && c->count >= CONTAINER_BYTES / 4) ||
			(uint64_t) c->offset + la_container_words((ContainerKind) c->kind, (uint32_t) c->count + 1) > set->data_words)
			return false;
	}
	return true;
}

/* The container of a key, or NULL.  Keys without a gap are found by their distance. */
static inline const SetContainer *
find_container(const ViewerSet *set, uint64_t key)
{
	const SetContainer *containers = la_set_directory(set);
	uint32_t	low = 0;
	uint32_t	high = set->ncontainers;

	if (high == 0 || key < containers[0].key)
		return NULL;
	if (key - containers[0].key < high && containers[key - containers[0].key].key == key)
		return &containers[key - containers[0].key];
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (containers[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->ncontainers && containers[low].key == key ? &containers[low] : NULL;
}

static bool
array_contains(const uint16_t *values, uint32_t n, uint16_t value)
{
	uint32_t	low = 0;
	uint32_t	high = n;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (values[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && values[low] == value;
}

/* By the last run that starts at the value or before it. */
static bool
runs_contain(const uint16_t *runs, uint32_t n, uint16_t value)
{
	uint32_t	low = 0;
	uint32_t	high = n;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (runs[2 * middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && value <= la_run_last(runs, low - 1);
}

static bool
container_contains(const ViewerSet *set, const SetContainer *container, uint16_t value)
{
	const void *bytes = la_set_bytes_of(set, container);
	uint32_t	count = (uint32_t) container->count + 1;

	if (container->kind == CONTAINER_BITS)
		return (((const uint64_t *) bytes)[value / 64] >> (value % 64)) & 1;
	if (container->kind == CONTAINER_ARRAY)
		return array_contains(bytes, count, value);
	return runs_contain(bytes, count, value);
}

/* Whether a set that is not being built has a number. */
bool
la_viewer_set_contains(const ViewerSet *set, uint64_t number)
{
	const SetContainer *container = find_container(set, key_of(number));

	return container != NULL && container_contains(set, container, (uint16_t) number);
}

/* Whether two sets that are not being built have the same numbers. */
bool
la_viewer_set_equal(const ViewerSet *a, const ViewerSet *b)
{
	uint64_t	bytes = la_viewer_set_bytes(a);

	return bytes == la_viewer_set_bytes(b) &&
		memcmp((const char *) a + sizeof(uint32_t), (const char *) b + sizeof(uint32_t),
			   bytes - sizeof(uint32_t)) == 0;
}

/* --- building ----------------------------------------------------------------- */

/*
 * Look at the pending numbers that have not been looked at: what has its bits
 * is set there, what is in an array already is dropped, the others stay.
 * The processor waits for the memory of many bits at once.
 */
static void
settle(ViewerSet *set)
{
	uint64_t   *numbers = la_viewer_set_pending_numbers(set);
	uint32_t	kept = (uint32_t) set->cardinality;

	for (uint32_t i = kept; i < set->npending; i++)
	{
		uint64_t	number = numbers[i];
		uint16_t	value = (uint16_t) number;
		const SetContainer *container = find_container(set, key_of(number));

		if (container != NULL && container->kind == CONTAINER_BITS)
			(la_set_data(set) + container->offset)[value / 64] |= UINT64_C(1) << (value % 64);
		else if (container == NULL || !container_contains(set, container, value))
			numbers[kept++] = number;
	}
	set->npending = kept;
	set->cardinality = kept;
}

/*
 * la_viewer_set_add
 *		Add a number to a set that is being built.
 *
 * Returns false, and does nothing, if the pending numbers must become
 * containers first.
 */
bool
la_viewer_set_add(ViewerSet *set, uint64_t number)
{
	if (set->npending == set->pending_capacity)
	{
		settle(set);
		if (set->npending > set->pending_capacity / 4 * 3)
			return false;
	}
	la_viewer_set_pending_numbers(set)[set->npending++] = number;
	if (set->npending - set->cardinality == SETTLE_NUMBERS)
		settle(set);
	return true;
}

static void
insertion_sort(uint64_t *numbers, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
	{
		uint64_t	number = numbers[i];
		uint32_t	j = i;

		for (; j > 0 && numbers[j - 1] > number; j--)
			numbers[j] = numbers[j - 1];
		numbers[j] = number;
	}
}

/*
 * la_viewer_set_pending
 *		Sort the pending numbers and drop what is there twice; "scratch" holds
 *		as many.  Returns how many are left.
 */
uint32_t
la_viewer_set_pending(ViewerSet *set, uint64_t *scratch, MayStop may_stop)
{
	uint64_t   *numbers = la_viewer_set_pending_numbers(set);
	uint32_t	n = 0;

	if (set->npending <= 64)
		insertion_sort(numbers, set->npending);
	else
		la_radix_sort(numbers, scratch, set->npending, may_stop);
	for (uint32_t i = 0; i < set->npending; i++)
	{
		if (n == 0 || numbers[i] != numbers[n - 1])
			numbers[n++] = numbers[i];
	}
	set->npending = n;
	return n;
}

/*
 * la_viewer_set_ranges_bound
 *		What the set of ascending ranges may take at most.
 *
 * A run takes a word at most; a set that is being built has no runs.
 */
SetBound
la_viewer_set_ranges_bound(const SetRange *ranges, size_t n, bool building)
{
	SetBound	bound = {sizeof(ViewerSet), 0};

	for (size_t i = 0; i < n; i++)
	{
		uint64_t	length = ranges[i].last - ranges[i].first + 1;
		uint64_t	containers = key_of(ranges[i].last) - key_of(ranges[i].first) + 1;
		uint64_t	words = containers;

		if (building)
			words = length < containers * CONTAINER_WORDS ? length : containers * CONTAINER_WORDS;
		bound.containers += containers;
		bound.bytes += containers * sizeof(SetContainer) + words * sizeof(uint64_t);
		if (bound.containers > UINT32_MAX)
			bound.bytes = UINT64_MAX;
		if (bound.bytes == UINT64_MAX)
			break;
	}
	return bound;
}

/* How many numbers of a range have the key. */
static uint32_t
count_within(const SetRange *range, uint64_t key)
{
	uint64_t	first = range->first > key << 16 ? range->first : key << 16;
	uint64_t	last = key_of(range->last) > key ? (key << 16) + CONTAINER_NUMBERS - 1 : range->last;

	return (uint32_t) (last - first + 1);
}

static void
write_range_values(SetWriter *writer, uint64_t key, const SetRange *ranges, size_t n)
{
	uint16_t	values[ARRAY_MAX];
	uint32_t	count = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	first = ranges[i].first > key << 16 ? (uint16_t) ranges[i].first : 0;
		uint32_t	within = count_within(&ranges[i], key);

		for (uint32_t v = 0; v < within; v++)
			values[count++] = (uint16_t) (first + v);
	}
	la_set_write_values(writer, key, values, count);
}

static void
write_range_bits(SetWriter *writer, uint64_t key, const SetRange *ranges, size_t n)
{
	uint64_t	bits[CONTAINER_WORDS];

	memset(bits, 0, sizeof(bits));
	for (size_t i = 0; i < n; i++)
	{
		uint32_t	first = ranges[i].first > key << 16 ? (uint16_t) ranges[i].first : 0;

		la_set_bit_range(bits, first, first + count_within(&ranges[i], key) - 1);
	}
	la_set_write_bits(writer, key, bits);
}

/* The container of a key, of the ranges that have numbers in it. */
static void
write_ranges(SetWriter *writer, uint64_t key, const SetRange *ranges, size_t n)
{
	uint32_t	count = 0;

	for (size_t i = 0; i < n && count <= ARRAY_MAX; i++)
		count += count_within(&ranges[i], key);
	if (n == 1 && count > ARRAY_MAX && !writer->building)
		la_set_write_run(writer, key, ranges->first > key << 16 ? (uint16_t) ranges->first : 0, count);
	else if (count <= ARRAY_MAX)
		write_range_values(writer, key, ranges, n);
	else
		write_range_bits(writer, key, ranges, n);
}

/*
 * la_viewer_set_from_ranges
 *		The set of ascending ranges that do not touch, in memory of la_viewer_set_ranges_bound.
 */
void
la_viewer_set_from_ranges(ViewerSet *set, bool building, const SetRange *ranges, size_t n,
						  const SetBound *bound, MayStop may_stop)
{
	SetWriter	writer;
	size_t		first = 0;		/* of the ranges that do not end before the key */
	uint64_t	key = n > 0 ? key_of(ranges[0].first) : 0;

	la_set_begin(&writer, set, building, (uint32_t) bound->containers);
	while (first < n)
	{
		size_t		end = first;

		while (end < n && key_of(ranges[end].first) <= key)
			end++;
		write_ranges(&writer, key, ranges + first, end - first);
		first = key_of(ranges[end - 1].last) > key ? end - 1 : end;
		if (first < n)
			key = key_of(ranges[first].first) > key ? key_of(ranges[first].first) : key + 1;
		if (set->ncontainers % CONTAINERS_PER_STEP == 0)
			la_may_stop(may_stop);
	}
	la_set_end(&writer, 0);
}

/* --- two sets ------------------------------------------------------------------ */

static uint64_t
containers_bound(const ViewerSet *set, bool building)
{
	const SetContainer *containers = la_set_directory(set);
	uint64_t	words = 0;

	/* a number in an array may become a run of its own */
	for (uint32_t i = 0; i < set->ncontainers; i++)
	{
		uint32_t	count = (uint32_t) containers[i].count + 1;

		if (containers[i].kind == CONTAINER_BITS || count > CONTAINER_BYTES / 4 ||
			(building && containers[i].kind == CONTAINER_RUNS))
			words += CONTAINER_WORDS;
		else
			words += la_container_words(CONTAINER_RUNS, count);
	}
	return (uint64_t) set->ncontainers * sizeof(SetContainer) + words * sizeof(uint64_t);
}

/*
 * la_viewer_set_operation_bound
 *		How many bytes the result of la_viewer_set_operation may take at most,
 *		with so many pending numbers.
 */
uint64_t
la_viewer_set_operation_bound(const ViewerSet *a, const ViewerSet *b, bool building, uint32_t npending)
{
	return sizeof(ViewerSet) + containers_bound(a, building) + containers_bound(b, building) + (uint64_t) npending * sizeof(uint64_t);
}

static uint32_t
merge_arrays(const uint16_t *a, uint32_t na, const uint16_t *b, uint32_t nb, uint16_t *to)
{
	uint32_t	i = 0,
				j = 0,
				n = 0;

	while (i < na && j < nb)
	{
		uint16_t	value = a[i] < b[j] ? a[i] : b[j];

		i += a[i] == value;
		j += b[j] == value;
		to[n++] = value;
	}
	while (i < na)
		to[n++] = a[i++];
	while (j < nb)
		to[n++] = b[j++];
	return n;
}

static void
unite_containers(SetWriter *writer, const ViewerSet *a, const SetContainer *ca,
				 const ViewerSet *b, const SetContainer *cb)
{
	if (ca->kind == CONTAINER_ARRAY && cb->kind == CONTAINER_ARRAY)
	{
		uint16_t	values[2 * ARRAY_MAX];

		la_set_write_values(writer, ca->key, values,
							merge_arrays(la_set_bytes_of(a, ca), (uint32_t) ca->count + 1,
										 la_set_bytes_of(b, cb), (uint32_t) cb->count + 1, values));
	}
	else
	{
		uint64_t	bits[CONTAINER_WORDS];

		memset(bits, 0, sizeof(bits));
		la_container_to_bits(a, ca, bits);
		la_container_to_bits(b, cb, bits);
		if (writer->building && (ca->kind == CONTAINER_BITS || cb->kind == CONTAINER_BITS))
			la_set_write_raw_bits(writer, ca->key, bits);
		else
			la_set_write_bits(writer, ca->key, bits);
	}
}

/* The numbers of an array that are in the other container, or are not. */
static void
filter_array(SetWriter *writer, const ViewerSet *a, const SetContainer *ca,
			 const ViewerSet *b, const SetContainer *cb, bool wanted)
{
	const uint16_t *from = la_set_bytes_of(a, ca);
	uint16_t	values[ARRAY_MAX];
	uint32_t	n = 0;

	for (uint32_t i = 0; i <= ca->count; i++)
	{
		values[n] = from[i];
		n += container_contains(b, cb, from[i]) == wanted;
	}
	la_set_write_values(writer, ca->key, values, n);
}

static void
mask_bits(SetWriter *writer, const ViewerSet *a, const SetContainer *ca,
		  const ViewerSet *b, const SetContainer *cb, bool wanted)
{
	uint64_t	bits[CONTAINER_WORDS];
	uint64_t	mask[CONTAINER_WORDS];

	memset(bits, 0, sizeof(bits));
	memset(mask, 0, sizeof(mask));
	la_container_to_bits(a, ca, bits);
	la_container_to_bits(b, cb, mask);
	for (int w = 0; w < CONTAINER_WORDS; w++)
		bits[w] &= wanted ? mask[w] : ~mask[w];
	la_set_write_bits(writer, ca->key, bits);
}

static void
combine_containers(SetWriter *writer, ViewerSetOperation operation, const ViewerSet *a, const SetContainer *ca,
				   const ViewerSet *b, const SetContainer *cb)
{
	if (operation == VIEWER_SET_UNION)
		unite_containers(writer, a, ca, b, cb);
	else if (ca->kind == CONTAINER_ARRAY)
		filter_array(writer, a, ca, b, cb, operation == VIEWER_SET_INTERSECTION);
	else if (operation == VIEWER_SET_INTERSECTION && cb->kind == CONTAINER_ARRAY)
		filter_array(writer, b, cb, a, ca, true);
	else
		mask_bits(writer, a, ca, b, cb, operation == VIEWER_SET_INTERSECTION);
}

/* A container as it is, but for its form. */
static void
copy_container(SetWriter *writer, const ViewerSet *from, const SetContainer *container)
{
	if (!writer->building && !from->building)
		la_set_copy_container(writer, from, container);
	else if (container->kind == CONTAINER_ARRAY)
		la_set_write_values(writer, container->key, la_set_bytes_of(from, container),
							(uint32_t) container->count + 1);
	else if (container->kind == CONTAINER_BITS && writer->building)
		la_set_write_raw_bits(writer, container->key, la_set_bytes_of(from, container));
	else
	{
		uint64_t	bits[CONTAINER_WORDS];

		memset(bits, 0, sizeof(bits));
		la_container_to_bits(from, container, bits);
		la_set_write_bits(writer, container->key, bits);
	}
}

/*
 * la_viewer_set_operation
 *		The union, intersection or difference of the containers of a and b, in
 *		memory of la_viewer_set_operation_bound; pending numbers do not count.
 *
 * The set is complete, or "building" and with room for pending numbers.
 */
void
la_viewer_set_operation(ViewerSet *set, ViewerSetOperation operation, const ViewerSet *a,
						const ViewerSet *b, bool building, uint32_t pending_capacity,
						MayStop may_stop)
{
	const SetContainer *ca = la_set_directory(a);
	const SetContainer *cb = la_set_directory(b);
	const SetContainer *end_a = ca + a->ncontainers;
	const SetContainer *end_b = cb + b->ncontainers;
	SetWriter	writer;

	la_set_begin(&writer, set, building, a->ncontainers + b->ncontainers);
	for (uint32_t i = 0; ca < end_a || cb < end_b; i++)
	{
		if (i % CONTAINERS_PER_STEP == 0)
			la_may_stop(may_stop);
		if (cb == end_b || (ca < end_a && ca->key < cb->key))
		{
			if (operation != VIEWER_SET_INTERSECTION)
				copy_container(&writer, a, ca);
			ca++;
		}
		else if (ca == end_a || cb->key < ca->key)
		{
			if (operation == VIEWER_SET_UNION)
				copy_container(&writer, b, cb);
			cb++;
		}
		else
			combine_containers(&writer, operation, a, ca++, b, cb++);
	}
	la_set_end(&writer, pending_capacity);
}

/*
 * la_viewer_set_union_in_place
 *		Add the numbers of a complete set to one that is being built; false,
 *		with nothing done, unless it has bits wherever they go.
 */
bool
la_viewer_set_union_in_place(ViewerSet *set, const ViewerSet *other, MayStop may_stop)
{
	const SetContainer *containers = la_set_directory(other);

	for (uint32_t i = 0; i < other->ncontainers; i++)
	{
		const SetContainer *container = find_container(set, containers[i].key);

		if (container == NULL || container->kind != CONTAINER_BITS)
			return false;
	}
	for (uint32_t i = 0; i < other->ncontainers; i++)
	{
		if (i % CONTAINERS_PER_STEP == 0)
			la_may_stop(may_stop);
		la_container_to_bits(other, &containers[i],
							 la_set_data(set) + find_container(set, containers[i].key)->offset);
	}
	return true;
}

/* --- walking -------------------------------------------------------------------- */

/* Begin a walk over the runs of a complete set. */
void
la_viewer_set_iterate(SetIterator *iterator, const ViewerSet *set)
{
	iterator->set = set;
	iterator->container = 0;
	iterator->position = 0;
}

static uint32_t
find_bit(const uint64_t *bits, uint32_t i, uint64_t flip)
{
	while (i < CONTAINER_NUMBERS)
	{
		uint64_t	word = (bits[i / 64] ^ flip) & (UINT64_MAX << (i % 64));

		if (word != 0)
			return i / 64 * 64 + (uint32_t) __builtin_ctzll(word);
		i = i / 64 * 64 + 64;
	}
	return CONTAINER_NUMBERS;
}

/* The next run of a container from *position on, which moves past it; false at its end. */
static bool
next_run(const ViewerSet *set, const SetContainer *container, uint32_t *position,
		 uint32_t *first, uint32_t *last)
{
	const uint16_t *values = la_set_bytes_of(set, container);
	uint32_t	count = (uint32_t) container->count + 1;

	if (container->kind == CONTAINER_BITS)
	{
		*first = find_bit(la_set_bytes_of(set, container), *position, 0);
		if (*first == CONTAINER_NUMBERS)
			return false;
		*position = find_bit(la_set_bytes_of(set, container), *first, UINT64_MAX);
		*last = *position - 1;
		return true;
	}
	if (*position >= count)
		return false;
	if (container->kind == CONTAINER_RUNS)
	{
		*first = values[2 * *position];
		*last = la_run_last(values, (*position)++);
		return true;
	}
	*first = *last = values[(*position)++];
	while (*position < count && values[*position] == *last + 1)
		*last = values[(*position)++];
	return true;
}

/* The next run of numbers within a container; false at the end. */
bool
la_viewer_set_next(SetIterator *iterator, SetRange *range)
{
	for (; iterator->container < iterator->set->ncontainers; iterator->container++)
	{
		const SetContainer *container = la_set_directory(iterator->set) + iterator->container;
		uint32_t	first,
					last;

		if (next_run(iterator->set, container, &iterator->position, &first, &last))
		{
			range->first = (container->key << 16) + first;
			range->last = (container->key << 16) + last;
			return true;
		}
		iterator->position = 0;
	}
	return false;
}
