/*
 * viewer_set_roaring.c
 *		Sets in the portable format of Roaring bitmaps, which CRoaring, Java,
 *		Go, Rust and other libraries read and write.
 *
 * The 64-bit form is the number of 32-bit bitmaps (8 bytes), then for each the
 * upper 32 bits of its numbers (4 bytes) and the bitmap.  A bitmap is
 *
 *		12346 (4), containers (4), or, where there are runs,
 *		12347 (2), containers - 1 (2), a bit per container: it has runs
 *		key (2), numbers - 1 (2) of each container
 *		offset (4) of each container: unless there are runs in fewer than 4
 *		containers: numbers of 2 bytes each, up to 4096 of them; or 8192 bytes
 *		of bits; or number of runs (2), first (2) and length - 1 (2) of each
 *
 * all little-endian, by RoaringFormatSpec (github.com/RoaringBitmap).  A set
 * has the bytes that the libraries write after "run optimize".
 */
#include "viewer_set_core.h"

#include <string.h>

#include "viewer_set_container.h"

#define COOKIE_PLAIN		12346
#define COOKIE_RUNS			12347
#define NO_OFFSET_THRESHOLD	4

/* --- writing ------------------------------------------------------------------ */

/* The containers from "first" on that share their upper 32 bits. */
static uint32_t
count_bucket(const ViewerSet *set, uint32_t first)
{
	const SetContainer *containers = la_set_directory(set);
	uint32_t	end = first;

	while (end < set->ncontainers && containers[end].key >> 16 == containers[first].key >> 16)
		end++;
	return end - first;
}

static bool
has_runs(const SetContainer *containers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (containers[i].kind == CONTAINER_RUNS)
			return true;
	}
	return false;
}

/* Bytes before the containers of a bitmap. */
static uint32_t
header_size(uint32_t n, bool runs)
{
	return (runs ? 4 + (n + 7) / 8 : 8) + 4 * n + (!runs || n >= NO_OFFSET_THRESHOLD ? 4 * n : 0);
}

static uint32_t
container_size(ContainerKind kind, uint32_t count)
{
	return kind == CONTAINER_BITS ? CONTAINER_BYTES : kind == CONTAINER_ARRAY ? 2 * count : 2 + 4 * count;
}

static uint64_t
bitmap_size(const SetContainer *containers, uint32_t n)
{
	uint64_t	size = header_size(n, has_runs(containers, n));

	for (uint32_t i = 0; i < n; i++)
		size += container_size((ContainerKind) containers[i].kind, (uint32_t) containers[i].count + 1);
	return size;
}

/*
 * la_viewer_set_roaring_size
 *		Bytes of a complete set in the format: the 64-bit form if "wide", else
 *		the 32-bit form; 0 if that does not hold the set.
 */
uint64_t
la_viewer_set_roaring_size(const ViewerSet *set, bool wide)
{
	const SetContainer *containers = la_set_directory(set);
	uint64_t	size = sizeof(uint64_t);
	uint32_t	n;

	if (!wide)
	{
		n = set->ncontainers == 0 ? 0 : count_bucket(set, 0);
		return n == set->ncontainers && (n == 0 || containers[0].key >> 16 == 0) ? bitmap_size(containers, n) : 0;
	}
	for (uint32_t i = 0; i < set->ncontainers; i += n)
	{
		n = count_bucket(set, i);
		size += sizeof(uint32_t) + bitmap_size(containers + i, n);
	}
	return size;
}

static void
write_container(ByteWriter *out, const ViewerSet *set, const SetContainer *container)
{
	uint32_t	count = (uint32_t) container->count + 1;
	const uint16_t *values = la_set_bytes_of(set, container);
	const uint64_t *words = la_set_bytes_of(set, container);

	if (container->kind == CONTAINER_BITS)
	{
		for (int w = 0; w < CONTAINER_WORDS; w++)
			la_write_u64(out, words[w]);
		return;
	}
	if (container->kind == CONTAINER_RUNS)
	{
		la_write_u16(out, (uint16_t) count);
		count *= 2;
	}
	for (uint32_t i = 0; i < count; i++)
		la_write_u16(out, values[i]);
}

static void
write_header(ByteWriter *out, const ViewerSet *set, const SetContainer *containers, uint32_t n)
{
	bool		runs = has_runs(containers, n);
	uint32_t	offset = header_size(n, runs);

	if (runs)
	{
		la_write_u32(out, COOKIE_RUNS | (n - 1) << 16);
		for (uint32_t i = 0; i < n; i += 8)
		{
			uint8_t		bits = 0;

			for (uint32_t b = 0; b < 8 && i + b < n; b++)
				bits |= (uint8_t) ((containers[i + b].kind == CONTAINER_RUNS) << b);
			la_write_u8(out, bits);
		}
	}
	else
	{
		la_write_u32(out, COOKIE_PLAIN);
		la_write_u32(out, n);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		la_write_u16(out, (uint16_t) containers[i].key);
		la_write_u16(out, (uint16_t) (la_container_cardinality(set, &containers[i]) - 1));
	}
	for (uint32_t i = 0; i < n && (!runs || n >= NO_OFFSET_THRESHOLD); i++)
	{
		la_write_u32(out, offset);
		offset += container_size((ContainerKind) containers[i].kind, (uint32_t) containers[i].count + 1);
	}
}

/* Write a complete set to as many bytes as la_viewer_set_roaring_size says. */
void
la_viewer_set_write_roaring(const ViewerSet *set, bool wide, uint8_t *bytes, MayStop may_stop)
{
	const SetContainer *containers = la_set_directory(set);
	ByteWriter	out = {bytes, 0};
	uint64_t	buckets = 0;
	uint32_t	n;

	for (uint32_t i = 0; i < set->ncontainers; i += count_bucket(set, i))
		buckets++;
	if (wide)
		la_write_u64(&out, buckets);
	else if (buckets == 0)
		write_header(&out, set, containers, 0);
	for (uint32_t i = 0; i < set->ncontainers; i += n)
	{
		n = count_bucket(set, i);
		if (wide)
			la_write_u32(&out, (uint32_t) (containers[i].key >> 16));
		write_header(&out, set, containers + i, n);
		for (uint32_t c = i; c < i + n; c++)
		{
			if (c % CONTAINERS_PER_STEP == 0)
				la_may_stop(may_stop);
			write_container(&out, set, &containers[c]);
		}
	}
}

/* --- reading ------------------------------------------------------------------- */

/* a bitmap being read: its header is known, its containers are next */
typedef struct BitmapReader
{
	ByteReader *in;
	uint32_t	n;
	const uint8_t *run_flags;	/* NULL: there are none */
	const uint8_t *keys;		/* and cardinalities */
	const uint8_t *offsets;		/* NULL: there are none */
	size_t		start;
} BitmapReader;

static inline uint16_t
get_u16(const uint8_t *bytes)
{
	return (uint16_t) (bytes[0] | bytes[1] << 8);
}

/* Whether the bytes go on with a bitmap; every count is checked against the bytes that are left. */
static bool
read_header(BitmapReader *bitmap, ByteReader *in)
{
	uint32_t	cookie;

	bitmap->in = in;
	bitmap->start = in->pos;
	cookie = la_read_u32(in);
	bitmap->run_flags = NULL;
	bitmap->offsets = NULL;
	if ((cookie & 0xffff) == COOKIE_RUNS)
	{
		bitmap->n = (cookie >> 16) + 1;
		bitmap->run_flags = la_read_bytes(in, (bitmap->n + 7) / 8);
	}
	else
	{
		bitmap->n = la_read_u32(in);
		if (cookie != COOKIE_PLAIN || bitmap->n > CONTAINER_NUMBERS)
			return false;
	}
	bitmap->keys = la_read_bytes(in, 4 * (uint64_t) bitmap->n);
	if (bitmap->run_flags == NULL || bitmap->n >= NO_OFFSET_THRESHOLD)
		bitmap->offsets = la_read_bytes(in, 4 * (uint64_t) bitmap->n);
	return !in->failed;
}

static ContainerKind
kind_of(const BitmapReader *bitmap, uint32_t i)
{
	if (bitmap->run_flags != NULL && (bitmap->run_flags[i / 8] >> (i % 8)) & 1)
		return CONTAINER_RUNS;
	return get_u16(bitmap->keys + 4 * i + 2) < ARRAY_MAX ? CONTAINER_ARRAY : CONTAINER_BITS;
}

/* Whether a container's bytes are right; *count as of SetContainer, plus 1. */
static bool
check_values(const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
	{
		if (get_u16(bytes + 2 * i) <= get_u16(bytes + 2 * i - 2))
			return false;
	}
	return true;
}

static bool
check_bits(const uint8_t *bytes, uint32_t cardinality)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < CONTAINER_BYTES; i++)
		for (uint8_t byte = bytes[i]; byte != 0; byte &= (uint8_t) (byte - 1))
			n++;
	return n == cardinality;
}

static bool
check_runs(const uint8_t *bytes, uint32_t n, uint32_t cardinality)
{
	uint32_t	sum = 0;
	uint32_t	end = 0;		/* one past the run before */

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	first = get_u16(bytes + 4 * i);
		uint32_t	length = (uint32_t) get_u16(bytes + 4 * i + 2) + 1;

		if ((i > 0 && first < end) || first + length > CONTAINER_NUMBERS)
			return false;
		end = first + length;
		sum += length;
	}
	return sum == cardinality;
}

/* The bytes of container i, checked, and how many numbers or runs they have; NULL if they are wrong. */
static const uint8_t *
read_container(const BitmapReader *bitmap, uint32_t i, uint32_t *count)
{
	ByteReader *in = bitmap->in;
	ContainerKind kind = kind_of(bitmap, i);
	uint32_t	cardinality = (uint32_t) get_u16(bitmap->keys + 4 * i + 2) + 1;
	size_t		offset = in->pos - bitmap->start;
	const uint8_t *bytes;

	if (i > 0 && get_u16(bitmap->keys + 4 * i) <= get_u16(bitmap->keys + 4 * i - 4))
		return NULL;
	if (bitmap->offsets != NULL &&
		offset != ((size_t) get_u16(bitmap->offsets + 4 * i) | (size_t) get_u16(bitmap->offsets + 4 * i + 2) << 16))
		return NULL;
	*count = kind == CONTAINER_RUNS ? la_read_u16(in) : cardinality;
	bytes = la_read_bytes(in, kind == CONTAINER_RUNS ? 4 * (uint64_t) *count : container_size(kind, *count));
	if (bytes == NULL)
		return NULL;
	if (kind == CONTAINER_ARRAY ? check_values(bytes, *count) :
		kind == CONTAINER_BITS ? check_bits(bytes, *count) : check_runs(bytes, *count, cardinality))
		return bytes;
	return NULL;
}

/* Add what the containers of a bitmap may take to "bound"; false if they are wrong. */
static bool
check_bitmap(ByteReader *in, SetBound *bound, MayStop may_stop)
{
	BitmapReader bitmap;
	uint32_t	count;

	if (!read_header(&bitmap, in))
		return false;
	for (uint32_t i = 0; i < bitmap.n; i++)
	{
		uint32_t	words;

		if (i % CONTAINERS_PER_STEP == 0)
			la_may_stop(may_stop);
		if (read_container(&bitmap, i, &count) == NULL)
			return false;
		words = la_container_words(kind_of(&bitmap, i), count);
		bound->containers++;
		bound->bytes += sizeof(SetContainer) + sizeof(uint64_t) * (words < CONTAINER_WORDS ? words : CONTAINER_WORDS);
	}
	return true;
}

/*
 * la_viewer_set_roaring_bound
 *		Whether the bytes are a set in the 64-bit ("wide") or 32-bit form, and
 *		what memory it may take.
 *
 * Returns LA_MALFORMED for anything else.  Numbers past 2^63 - 1 are none.
 */
LaResult
la_viewer_set_roaring_bound(const uint8_t *bytes, uint64_t size, bool wide,
							SetBound *bound, MayStop may_stop)
{
	ByteReader	in = {bytes, (size_t) size, 0, false};
	uint64_t	buckets = wide ? la_read_u64(&in) : 1;
	int64_t		before = -1;

	bound->bytes = sizeof(ViewerSet);
	bound->containers = 0;
	for (uint64_t i = 0; i < buckets; i++)
	{
		int64_t		high = wide ? (int64_t) la_read_u32(&in) : 0;

		if (in.failed || high <= before || high > INT32_MAX || !check_bitmap(&in, bound, may_stop))
			return LA_MALFORMED;
		before = high;
	}
	return in.failed || la_bytes_left(&in) != 0 ? LA_MALFORMED : LA_OK;
}

/* In the form that a set has, which need not be that of the bytes. */
static void
write_read_container(SetWriter *writer, uint64_t key, ContainerKind kind, const uint8_t *bytes, uint32_t count)
{
	uint16_t	values[ARRAY_MAX];
	uint64_t	bits[CONTAINER_WORDS];

	if (kind == CONTAINER_ARRAY)
	{
		for (uint32_t i = 0; i < count; i++)
			values[i] = get_u16(bytes + 2 * i);
		la_set_write_values(writer, key, values, count);
		return;
	}
	memset(bits, 0, sizeof(bits));
	if (kind == CONTAINER_RUNS)
	{
		for (uint32_t i = 0; i < count; i++)
			la_set_bit_range(bits, get_u16(bytes + 4 * i),
							 (uint32_t) get_u16(bytes + 4 * i) + get_u16(bytes + 4 * i + 2));
	}
	else
	{
		for (uint32_t i = 0; i < CONTAINER_BYTES; i++)
			bits[i / 8] |= (uint64_t) bytes[i] << (8 * (i % 8));
	}
	la_set_write_bits(writer, key, bits);
}

/* The set of bytes for which la_viewer_set_roaring_bound gave the bound. */
void
la_viewer_set_read_roaring(ViewerSet *set, const uint8_t *bytes, uint64_t size, bool wide,
						   const SetBound *bound, MayStop may_stop)
{
	ByteReader	in = {bytes, (size_t) size, 0, false};
	uint64_t	buckets = wide ? la_read_u64(&in) : 1;
	SetWriter	writer;

	la_set_begin(&writer, set, false, (uint32_t) bound->containers);
	for (uint64_t b = 0; b < buckets; b++)
	{
		uint64_t	high = wide ? la_read_u32(&in) : 0;
		BitmapReader bitmap;

		read_header(&bitmap, &in);
		for (uint32_t i = 0; i < bitmap.n; i++)
		{
			uint32_t	count;
			const uint8_t *container = read_container(&bitmap, i, &count);

			if (i % CONTAINERS_PER_STEP == 0)
				la_may_stop(may_stop);
			write_read_container(&writer, high << 16 | get_u16(bitmap.keys + 4 * i), kind_of(&bitmap, i), container, count);
		}
	}
	la_set_end(&writer, 0);
}
