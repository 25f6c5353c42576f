/*
 * viewer_set_container.c
 *		Containers of 65,536 numbers, in the shortest of three forms.
 *
 * A set that is not being built has one form only, so that equal sets have
 * equal bytes: a container is an array of up to 4096 numbers or else bits,
 * unless its runs take less room than that.
 *
 * Source: Lemire et al., Roaring bitmaps: implementation of an optimized
 * software library, Software: Practice and Experience 48 (4), 2018.
 */
#include "viewer_set_container.h"

#include <string.h>

/* Words of 8 bytes that a container takes. */
uint32_t
la_container_words(ContainerKind kind, uint32_t count)
{
	if (kind == CONTAINER_BITS)
		return CONTAINER_WORDS;
	return (count * (kind == CONTAINER_ARRAY ? 2 : 4) + 7) / 8;
}

static inline uint32_t
count_bits(uint64_t word)
{
	word -= (word >> 1) & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + ((word >> 2) & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t) ((word * UINT64_C(0x0101010101010101)) >> 56);
}

/* How many numbers a container of a set that is not being built has. */
uint32_t
la_container_cardinality(const ViewerSet *set, const SetContainer *container)
{
	const uint16_t *runs = la_set_bytes_of(set, container);
	uint32_t	count = (uint32_t) container->count + 1;
	uint32_t	sum = count;

	if (container->kind != CONTAINER_RUNS)
		return count;
	for (uint32_t i = 0; i < count; i++)
		sum += runs[2 * i + 1];
	return sum;
}

/* Set the bits from first to last. */
void
la_set_bit_range(uint64_t *bits, uint32_t first, uint32_t last)
{
	uint32_t	from = first / 64;
	uint32_t	to = last / 64;
	uint64_t	head = UINT64_MAX << (first % 64);
	uint64_t	tail = UINT64_MAX >> (63 - last % 64);

	if (from == to)
	{
		bits[from] |= head & tail;
		return;
	}
	bits[from] |= head;
	for (uint32_t w = from + 1; w < to; w++)
		bits[w] = UINT64_MAX;
	bits[to] |= tail;
}

/* Set the bits of a container in "bits", and leave the others. */
void
la_container_to_bits(const ViewerSet *set, const SetContainer *container, uint64_t *bits)
{
	const void *bytes = la_set_bytes_of(set, container);
	uint32_t	count = (uint32_t) container->count + 1;

	if (container->kind == CONTAINER_BITS)
	{
		const uint64_t *words = bytes;

		for (int w = 0; w < CONTAINER_WORDS; w++)
			bits[w] |= words[w];
	}
	else if (container->kind == CONTAINER_ARRAY)
	{
		const uint16_t *values = bytes;

		for (uint32_t i = 0; i < count; i++)
			bits[values[i] / 64] |= UINT64_C(1) << (values[i] % 64);
	}
	else
	{
		const uint16_t *runs = bytes;

		for (uint32_t i = 0; i < count; i++)
			la_set_bit_range(bits, runs[2 * i], la_run_last(runs, i));
	}
}

/* --- writing -------------------------------------------------------------- */

/*
 * la_set_begin
 *		Start a set of at most so many containers, in memory that is enough.
 *
 * The directory gets room for all of them first; la_set_end closes the gap.
 */
void
la_set_begin(SetWriter *writer, ViewerSet *set, bool building, uint32_t max_containers)
{
	memset((char *) set + sizeof(uint32_t), 0, sizeof(ViewerSet) - sizeof(uint32_t));
	set->format = LA_VIEWER_SET_FORMAT;
	set->building = building;
	writer->set = set;
	writer->max_containers = max_containers;
	writer->building = building;
}

/* A new container; returns where its bytes go, the last word of which is zero. */
static void *
add_container(SetWriter *writer, uint64_t key, ContainerKind kind, uint32_t count, uint32_t cardinality)
{
	ViewerSet  *set = writer->set;
	SetContainer *container = la_set_directory(set) + set->ncontainers++;
	uint64_t   *data = (uint64_t *) (la_set_directory(set) + writer->max_containers) + set->data_words;
	uint32_t	words = la_container_words(kind, count);

	container->key = key;
	container->offset = set->data_words;
	container->count = (uint16_t) (count - 1);
	container->kind = (uint16_t) kind;
	data[words - 1] = 0;
	set->data_words += words;
	if (!writer->building)
		set->cardinality += cardinality;
	return data;
}

/* Runs are for sets that are complete, where they are shorter than anything else. */
static bool
runs_are_best(const SetWriter *writer, uint32_t cardinality, uint32_t nruns)
{
	return !writer->building &&
		4 * nruns + 2 < (cardinality <= ARRAY_MAX ? 2 * cardinality : CONTAINER_BYTES);
}

static uint32_t
count_runs_of_values(const uint16_t *values, uint32_t n)
{
	uint32_t	nruns = 1;

	for (uint32_t i = 1; i < n; i++)
		nruns += values[i] != values[i - 1] + 1;
	return nruns;
}

static void
values_to_runs(const uint16_t *values, uint32_t n, uint16_t *runs)
{
	uint16_t   *run = runs - 2;

	for (uint32_t i = 0; i < n; i++)
	{
		if (i == 0 || values[i] != values[i - 1] + 1)
		{
			run += 2;
			run[0] = values[i];
			run[1] = 0;
		}
		else
			run[1]++;
	}
}

/* A container of n ascending numbers, none for n = 0. */
void
la_set_write_values(SetWriter *writer, uint64_t key, const uint16_t *values, uint32_t n)
{
	uint32_t	nruns;

	if (n == 0)
		return;
	nruns = writer->building ? n : count_runs_of_values(values, n);
	if (runs_are_best(writer, n, nruns))
		values_to_runs(values, n, add_container(writer, key, CONTAINER_RUNS, nruns, n));
	else if (n <= ARRAY_MAX)
		memcpy(add_container(writer, key, CONTAINER_ARRAY, n, n), values, n * sizeof(uint16_t));
	else
	{
		uint64_t   *bits = add_container(writer, key, CONTAINER_BITS, n, n);

		memset(bits, 0, CONTAINER_BYTES);
		for (uint32_t i = 0; i < n; i++)
			bits[values[i] / 64] |= UINT64_C(1) << (values[i] % 64);
	}
}

/* The next bit from i on that is set, or clear, or CONTAINER_NUMBERS. */
static uint32_t
next_bit(const uint64_t *bits, uint32_t i, bool set)
{
	uint64_t	flip = set ? 0 : UINT64_MAX;
	uint32_t	w = i / 64;
	uint64_t	word;

	if (i >= CONTAINER_NUMBERS)
		return CONTAINER_NUMBERS;
	word = (bits[w] ^ flip) & (UINT64_MAX << (i % 64));
	while (word == 0)
	{
		if (++w == CONTAINER_WORDS)
			return CONTAINER_NUMBERS;
		word = bits[w] ^ flip;
	}
	return w * 64 + (uint32_t) __builtin_ctzll(word);
}

static void
bits_to_runs(const uint64_t *bits, uint16_t *runs)
{
	for (uint32_t first = next_bit(bits, 0, true); first < CONTAINER_NUMBERS;)
	{
		uint32_t	end = next_bit(bits, first, false);

		*runs++ = (uint16_t) first;
		*runs++ = (uint16_t) (end - 1 - first);
		first = next_bit(bits, end, true);
	}
}

static void
bits_to_values(const uint64_t *bits, uint16_t *values)
{
	for (uint32_t w = 0; w < CONTAINER_WORDS; w++)
		for (uint64_t word = bits[w]; word != 0; word &= word - 1)
			*values++ = (uint16_t) (w * 64 + (uint32_t) __builtin_ctzll(word));
}

/* A container of bits, in its shortest form; none if no bit is set. */
void
la_set_write_bits(SetWriter *writer, uint64_t key, const uint64_t *bits)
{
	uint32_t	cardinality = 0;
	uint32_t	nruns = 0;
	uint64_t	before = 0;

	for (int w = 0; w < CONTAINER_WORDS; w++)
	{
		cardinality += count_bits(bits[w]);
		nruns += count_bits(bits[w] & ~((bits[w] << 1) | before));
		before = bits[w] >> 63;
	}
	if (cardinality == 0)
		return;
	if (runs_are_best(writer, cardinality, nruns))
		bits_to_runs(bits, add_container(writer, key, CONTAINER_RUNS, nruns, cardinality));
	else if (cardinality <= ARRAY_MAX)
		bits_to_values(bits, add_container(writer, key, CONTAINER_ARRAY, cardinality, cardinality));
	else
		la_set_write_raw_bits(writer, key, bits);
}

/* A container of bits as they are. */
void
la_set_write_raw_bits(SetWriter *writer, uint64_t key, const uint64_t *bits)
{
	uint32_t	cardinality = 1;

	if (!writer->building)
	{
		cardinality = 0;
		for (int w = 0; w < CONTAINER_WORDS; w++)
			cardinality += count_bits(bits[w]);
	}
	memcpy(add_container(writer, key, CONTAINER_BITS, cardinality, cardinality), bits, CONTAINER_BYTES);
}

/* A container of one long run, for a set that is not being built. */
void
la_set_write_run(SetWriter *writer, uint64_t key, uint32_t first, uint32_t length)
{
	uint16_t   *run = add_container(writer, key, CONTAINER_RUNS, 1, length);

	run[0] = (uint16_t) first;
	run[1] = (uint16_t) (length - 1);
}

/* A container of a set that is not being built, as it is. */
void
la_set_copy_container(SetWriter *writer, const ViewerSet *from, const SetContainer *container)
{
	ContainerKind kind = (ContainerKind) container->kind;
	uint32_t	count = (uint32_t) container->count + 1;

	memcpy(add_container(writer, container->key, kind, count, la_container_cardinality(from, container)),
		   la_set_bytes_of(from, container), la_container_words(kind, count) * sizeof(uint64_t));
}

/* The set is complete; there must be room for the pending numbers, too. */
void
la_set_end(SetWriter *writer, uint32_t pending_capacity)
{
	ViewerSet  *set = writer->set;
	uint64_t   *written = (uint64_t *) (la_set_directory(set) + writer->max_containers);

	memmove(la_set_data(set), written, (size_t) set->data_words * sizeof(uint64_t));
	set->pending_capacity = pending_capacity;
}
