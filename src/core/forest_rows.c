/*
 * forest_rows.c
 *		Bring binned rows into canonical order and hold equal rows once.
 *
 * Live data repeats itself: a million viewers described by two features are
 * some 50,000 distinct binned rows, and a tree grows over those.
 *
 * The records are sorted by a hash of their contents, and records whose hashes
 * agree by the contents themselves: any order will do, as long as nothing but
 * the contents decides it.  They are sorted where they are, by the digits of
 * the hash from the highest on: matrices are large, and there is no room for a
 * second one.
 *
 * Source: McIlroy, Bostic & McIlroy, Engineering Radix Sort, Computing Systems
 * 6(1), 1993 (American flag sort).
 */
#include "forest_rows.h"

#define DIGIT_BITS 8
#define NDIGITS (1 << DIGIT_BITS)
#define FEW_ROWS 16
#define MANY_ROWS (UINT32_C(1) << 16)	/* a millisecond or so */

/* a range of records whose hashes agree in the bits above "shift" */
typedef struct Range
{
	uint32_t	begin;
	uint32_t	end;
	int			shift;
} Range;

static inline uint8_t *
record_at(const ForestRows *rows, uint32_t i)
{
	return rows->records + (size_t) i * rows->stride;
}

static inline uint64_t
mix(uint64_t hash, uint64_t word)
{
	uint64_t	h = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	return h ^ (h >> 32);
}

/* Up to 8 bytes as a number, the first byte lowest on every machine. */
static inline uint64_t
word_of(const uint8_t *bytes, uint32_t n)
{
	uint64_t	word = 0;

	if (n == 8)
		memcpy(&word, bytes, 8);
	else
		memcpy(&word, bytes, n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Every byte counts, and its place; the high bits are the good ones. */
static inline uint64_t
hash_record(const uint8_t *record, uint32_t stride)
{
	uint64_t	hash = UINT64_C(0x243f6a8885a308d3);
	uint32_t	i = 0;

	for (; i + 8 <= stride; i += 8)
		hash = mix(hash, word_of(record + i, 8));
	if (i < stride && stride >= 8)
		hash = mix(hash, word_of(record + stride - 8, 8));
	else if (i < stride)
		hash = mix(hash, word_of(record + i, stride - i));
	return hash * UINT64_C(0xbf58476d1ce4e5b9);
}

#define SWAP_AS(type) \
	do { \
		type		left; \
		type		right; \
		memcpy(&left, a, sizeof(type)); \
		memcpy(&right, b, sizeof(type)); \
		memcpy(a, &right, sizeof(type)); \
		memcpy(b, &left, sizeof(type)); \
		a += sizeof(type); \
		b += sizeof(type); \
		stride -= sizeof(type); \
	} while (0)

static inline void
swap_records(uint8_t *a, uint8_t *b, uint32_t stride)
{
	while (stride >= 8)
		SWAP_AS(uint64_t);
	if (stride >= 4)
		SWAP_AS(uint32_t);
	while (stride > 0)
		SWAP_AS(uint8_t);
}

static int
compare(const ForestRows *rows, uint32_t a, uint32_t b)
{
	return memcmp(record_at(rows, a), record_at(rows, b), rows->stride);
}

static void
swap(const ForestRows *rows, uint32_t a, uint32_t b)
{
	swap_records(record_at(rows, a), record_at(rows, b), rows->stride);
}

static bool
all_equal(const ForestRows *rows, Range range)
{
	for (uint32_t i = range.begin + 1; i < range.end; i++)
	{
		if (compare(rows, range.begin, i) != 0)
			return false;
	}
	return true;
}

static void
insertion_sort(const ForestRows *rows, Range range)
{
	for (uint32_t i = range.begin + 1; i < range.end; i++)
	{
		for (uint32_t j = i; j > range.begin && compare(rows, j - 1, j) > 0; j--)
			swap(rows, j - 1, j);
	}
}

static void
sift_down(const ForestRows *rows, uint32_t begin, uint32_t root, uint32_t n)
{
	while (root < n / 2)
	{
		uint32_t	child = 2 * root + 1;

		if (child + 1 < n && compare(rows, begin + child, begin + child + 1) < 0)
			child++;
		if (compare(rows, begin + root, begin + child) >= 0)
			return;
		swap(rows, begin + root, begin + child);
		root = child;
	}
}

/* n log n comparisons even for records made to collide */
static void
heap_sort(const ForestRows *rows, Range range)
{
	uint32_t	n = range.end - range.begin;

	for (uint32_t root = n / 2; root-- > 0;)
		sift_down(rows, range.begin, root, n);
	for (uint32_t end = n; end-- > 1;)
	{
		swap(rows, range.begin, range.begin + end);
		sift_down(rows, range.begin, 0, end);
	}
}

static inline uint32_t
digit_of(const ForestRows *rows, uint32_t i, int shift)
{
	return (uint32_t) (hash_record(record_at(rows, i), rows->stride) >> shift) & (NDIGITS - 1);
}

/* Count the records of each digit; end[d] is where those of digit d will end. */
static void
find_ends(const ForestRows *rows, Range range, uint32_t *end, MayStop may_stop)
{
	uint32_t	position = range.begin;

	memset(end, 0, NDIGITS * sizeof(*end));
	for (uint32_t i = range.begin; i < range.end; i++)
	{
		if (i % MANY_ROWS == 0)
			la_may_stop(may_stop);
		end[digit_of(rows, i, range.shift)]++;
	}
	for (int digit = 0; digit < NDIGITS; digit++)
	{
		position += end[digit];
		end[digit] = position;
	}
}

/* Sort by one digit of the hash, in place. */
static void
sort_by_digit(const ForestRows *rows, Range range, uint32_t *end, MayStop may_stop)
{
	uint32_t	next[NDIGITS];	/* where the next record of a digit goes */
	uint32_t	nswaps = 0;

	find_ends(rows, range, end, may_stop);
	next[0] = range.begin;
	memcpy(next + 1, end, (NDIGITS - 1) * sizeof(*next));

	for (uint32_t digit = 0; digit < NDIGITS; digit++)
	{
		for (uint32_t hole; (hole = next[digit]) < end[digit]; next[digit]++)
		{
			uint32_t	held = digit_of(rows, hole, range.shift);

			/* the record in the hole goes where it belongs, for the one there */
			while (held != digit)
			{
				uint32_t	place = next[held]++;

				held = digit_of(rows, place, range.shift);
				swap(rows, hole, place);
				if (++nswaps % MANY_ROWS == 0)
					la_may_stop(may_stop);
			}
		}
	}
}

/* Recursion ends where the hash does, eight digits deep. */
static void
sort_range(const ForestRows *rows, Range range, MayStop may_stop)
{
	uint32_t	end[NDIGITS];
	uint32_t	begin = range.begin;

	if (range.end - range.begin <= FEW_ROWS)
	{
		insertion_sort(rows, range);
		return;
	}
	if (all_equal(rows, range))
		return;
	if (range.shift < 0)
	{
		heap_sort(rows, range);
		return;
	}
	sort_by_digit(rows, range, end, may_stop);
	for (int digit = 0; digit < NDIGITS; digit++)
	{
		sort_range(rows, (Range) {begin, end[digit], range.shift - DIGIT_BITS}, may_stop);
		begin = end[digit];
	}
}

/*
 * la_forest_rows_sort
 *		Bring the records into canonical order, in place.
 */
void
la_forest_rows_sort(const ForestRows *rows, MayStop may_stop)
{
	sort_range(rows, (Range) {0, rows->nrows, 64 - DIGIT_BITS}, may_stop);
}

/*
 * la_forest_rows_distinct
 *		How many different records there are, once they are in order.
 */
uint32_t
la_forest_rows_distinct(const ForestRows *rows)
{
	uint32_t	distinct = rows->nrows > 0 ? 1 : 0;

	for (uint32_t i = 1; i < rows->nrows; i++)
		distinct += compare(rows, i - 1, i) != 0;
	return distinct;
}

/*
 * la_forest_rows_collapse
 *		Hold equal records once, in place, once they are in order.
 *
 * "first" has room for la_forest_rows_distinct + 1 numbers; the rows keep it.
 */
void
la_forest_rows_collapse(ForestRows *rows, uint32_t *first)
{
	uint32_t	distinct = 0;

	for (uint32_t i = 0; i < rows->nrows; i++)
	{
		if (i > 0 && compare(rows, distinct - 1, i) == 0)
			continue;
		if (distinct < i)
			memcpy(record_at(rows, distinct), record_at(rows, i), rows->stride);
		first[distinct++] = i;
	}
	first[distinct] = rows->nrows;
	rows->nrows = distinct;
	rows->first = first;
}
