/*
 * kmeans_rows.c
 *		Bring rows into canonical order, and hold equal ones once.
 *
 * The order is that of a hash of the contents, and of the contents themselves
 * where hashes agree: any order will do, as long as nothing but the contents
 * decides it.  Keys are sorted, not rows: the upper bits of a key are a hash,
 * the lower ones the number of its row.  Then every row moves once, along the
 * cycles of the permutation, so that there is no second matrix.
 *
 * All of it is done in steps.
 */
#include "kmeans_rows.h"

#include <string.h>

#include "radix.h"

#define DIGIT_BITS 8
#define NDIGITS (1 << DIGIT_BITS)
#define MAX_DIGITS 8

typedef enum SortPhase
{
	SORT_HASH,					/* make the keys and count their digits */
	SORT_DIGIT,					/* spread them by one digit */
	SORT_TIES,					/* where hashes agree, look at the rows */
	SORT_SORTED,
	SORT_MOVE,					/* rows go where their keys are */
	SORT_COLLAPSE,
	SORT_DONE
} SortPhase;

struct KmeansSort
{
	KmeansRows *rows;
	uint64_t   *keys;
	uint64_t   *scratch;
	double	   *held;			/* the row that left its place first */
	SortPhase	phase;
	uint32_t	step;			/* rows in one step */
	uint32_t	next;
	int			index_bits;
	int			ndigits;
	int			digit;
	uint32_t	counts[MAX_DIGITS][NDIGITS];

	/* SORT_TIES: rows of one hash begin at "run" */
	uint32_t	run;
	bool		mixed;			/* they are not all equal */
	uint32_t	distinct;

	/* SORT_MOVE: the cycle that began at "next" has come to "hole" */
	bool		moving;
	uint32_t	hole;

	/* SORT_COLLAPSE */
	uint32_t	kept;
};

static int
bits_for(uint32_t n)
{
	int			bits = 1;

	while (bits < 32 && (n - 1) >> bits > 0)
		bits++;
	return bits;
}

size_t
la_kmeans_sort_size(uint32_t nrows, uint32_t nfeatures)
{
	return sizeof(KmeansSort) + 2 * (size_t) nrows * sizeof(uint64_t) + nfeatures * sizeof(double);
}

/*
 * la_kmeans_sort_begin
 *		Begin to bring rows->total rows, one at least, into canonical order.
 *
 * "memory" has la_kmeans_sort_size bytes.  Enough of the hash is sorted by that
 * one pair of different rows in 65,000 million shares it.
 */
KmeansSort *
la_kmeans_sort_begin(void *memory, KmeansRows *rows)
{
	KmeansSort *sort = memory;

	memset(sort, 0, sizeof(KmeansSort));
	sort->rows = rows;
	sort->keys = (uint64_t *) (sort + 1);
	sort->scratch = sort->keys + rows->total;
	sort->held = (double *) (sort->scratch + rows->total);
	sort->step = la_kmeans_rows_per_step(rows->nfeatures);
	sort->index_bits = bits_for(rows->total);
	sort->ndigits = (2 * sort->index_bits + DIGIT_BITS - 1) / DIGIT_BITS;
	if (sort->ndigits > (64 - sort->index_bits) / DIGIT_BITS)
		sort->ndigits = (64 - sort->index_bits) / DIGIT_BITS;
	return sort;
}

static inline uint32_t
row_of(const KmeansSort *sort, uint64_t key)
{
	return (uint32_t) (key & ((UINT64_C(1) << sort->index_bits) - 1));
}

/* the lowest bit of the hash that is sorted by */
static inline int
lowest_bit(const KmeansSort *sort)
{
	return 64 - DIGIT_BITS * sort->ndigits;
}

static inline uint32_t
digit_of(const KmeansSort *sort, uint64_t key, int digit)
{
	return (uint32_t) (key >> (lowest_bit(sort) + DIGIT_BITS * digit)) & (NDIGITS - 1);
}

/* of the numbers, not of their bytes: the same on every machine */
static inline uint64_t
hash_row(const double *row, uint32_t nfeatures)
{
	uint64_t	hash = UINT64_C(0x243f6a8885a308d3);

	for (uint32_t j = 0; j < nfeatures; j++)
	{
		uint64_t	bits;

		memcpy(&bits, &row[j], sizeof(bits));
		hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ (hash >> 29);
}

static void
make_keys(KmeansSort *sort, uint32_t end)
{
	const KmeansRows *rows = sort->rows;
	uint64_t	index_mask = (UINT64_C(1) << sort->index_bits) - 1;

	for (uint32_t i = sort->next; i < end; i++)
	{
		uint64_t	key = (hash_row(la_kmeans_row(rows, i), rows->nfeatures) & ~index_mask) | i;

		sort->keys[i] = key;
		for (int d = 0; d < sort->ndigits; d++)
			sort->counts[d][digit_of(sort, key, d)]++;
	}
}

/* Turn the counts of a digit into first positions. */
static void
start_positions(uint32_t *counts)
{
	uint32_t	sum = 0;

	for (int b = 0; b < NDIGITS; b++)
	{
		uint32_t	count = counts[b];

		counts[b] = sum;
		sum += count;
	}
}

static void
spread_keys(KmeansSort *sort, uint32_t end)
{
	uint32_t   *position = sort->counts[sort->digit];

	for (uint32_t i = sort->next; i < end; i++)
	{
		uint64_t	key = sort->keys[i];

		sort->scratch[position[digit_of(sort, key, sort->digit)]++] = key;
	}
}

static void
end_digit(KmeansSort *sort)
{
	uint64_t   *swap = sort->keys;

	sort->keys = sort->scratch;
	sort->scratch = swap;
	if (++sort->digit == sort->ndigits)
		sort->phase = SORT_TIES;
	else
		start_positions(sort->counts[sort->digit]);
}

static const double *
row_at(const KmeansSort *sort, uint32_t i)
{
	return la_kmeans_row(sort->rows, row_of(sort, sort->keys[i]));
}

/* the order of numbers, column by column */
static int
compare_rows(const double *a, const double *b, uint32_t nfeatures)
{
	for (uint32_t j = 0; j < nfeatures; j++)
	{
		if (a[j] != b[j])
			return a[j] < b[j] ? -1 : 1;
	}
	return 0;
}

static int
compare(const KmeansSort *sort, uint32_t a, uint32_t b)
{
	return compare_rows(row_at(sort, a), row_at(sort, b), sort->rows->nfeatures);
}

static void
swap_keys(KmeansSort *sort, uint32_t a, uint32_t b)
{
	uint64_t	key = sort->keys[a];

	sort->keys[a] = sort->keys[b];
	sort->keys[b] = key;
}

/* rows of one hash, of which some may be made to collide */
#define HEAP_SORT			sort_run
#define HEAP_SET			KmeansSort
#define HEAP_COMPARE		compare
#define HEAP_SWAP			swap_keys
#include "heap_sort.h"

/* The rows of one hash end before "end": how many different ones are there? */
static void
end_run(KmeansSort *sort, uint32_t end)
{
	sort->distinct++;
	if (sort->mixed)
	{
		sort_run(sort, sort->run, end);
		for (uint32_t i = sort->run + 1; i < end; i++)
			sort->distinct += compare(sort, i - 1, i) != 0;
	}
	sort->run = end;
	sort->mixed = false;
}

static void
find_ties(KmeansSort *sort, uint32_t end)
{
	int			shift = lowest_bit(sort);

	for (uint32_t i = sort->next; i < end; i++)
	{
		if (i == sort->run)
			continue;
		if (sort->keys[i] >> shift != sort->keys[sort->run] >> shift)
			end_run(sort, i);
		else if (!sort->mixed && compare(sort, sort->run, i) != 0)
			sort->mixed = true;
	}
}

/*
 * la_kmeans_sort_step
 *		Go on; false once the order is known.
 */
bool
la_kmeans_sort_step(KmeansSort *sort)
{
	uint32_t	total = sort->rows->total;
	uint32_t	end = total - sort->next > sort->step ? sort->next + sort->step : total;

	if (sort->phase == SORT_HASH)
		make_keys(sort, end);
	else if (sort->phase == SORT_DIGIT)
		spread_keys(sort, end);
	else
		find_ties(sort, end);

	sort->next = end;
	if (end < total)
		return true;
	sort->next = 0;
	if (sort->phase == SORT_HASH)
	{
		sort->phase = SORT_DIGIT;
		start_positions(sort->counts[0]);
	}
	else if (sort->phase == SORT_DIGIT)
		end_digit(sort);
	else
	{
		end_run(sort, total);
		sort->phase = SORT_SORTED;
	}
	return sort->phase != SORT_SORTED;
}

/*
 * la_kmeans_sort_distinct
 *		How many different rows there are, once the order is known.
 */
uint32_t
la_kmeans_sort_distinct(const KmeansSort *sort)
{
	return sort->distinct;
}

/*
 * la_kmeans_collapse_begin
 *		Begin to move the rows into their order, in place, and to hold equal ones
 *		once.  The rows keep "weights", with room for as many as are different;
 *		it may be NULL if all are.
 */
void
la_kmeans_collapse_begin(KmeansSort *sort, uint32_t *weights)
{
	sort->rows->weights = weights;
	sort->next = 0;
	sort->phase = SORT_MOVE;
}

/* Move "budget" rows at most; true once all are in their places. */
static bool
move_rows(KmeansSort *sort, uint32_t budget)
{
	KmeansRows *rows = sort->rows;
	size_t		width = rows->nfeatures * sizeof(double);
	uint64_t	index_mask = (UINT64_C(1) << sort->index_bits) - 1;

	while (sort->next < rows->total)
	{
		uint32_t	from;

		if (budget-- == 0)
			return false;
		if (!sort->moving)
		{
			if (row_of(sort, sort->keys[sort->next]) == sort->next)
			{
				sort->next++;
				continue;
			}
			sort->moving = true;
			sort->hole = sort->next;
			memcpy(sort->held, la_kmeans_row(rows, sort->next), width);
		}
		from = row_of(sort, sort->keys[sort->hole]);
		sort->keys[sort->hole] = (sort->keys[sort->hole] & ~index_mask) | sort->hole;
		if (from == sort->next)
		{
			memcpy(rows->values + (size_t) sort->hole * rows->nfeatures, sort->held, width);
			sort->moving = false;
			sort->next++;
			continue;
		}
		memcpy(rows->values + (size_t) sort->hole * rows->nfeatures, la_kmeans_row(rows, from), width);
		sort->hole = from;
	}
	return true;
}

static void
collapse_rows(KmeansSort *sort, uint32_t end)
{
	KmeansRows *rows = sort->rows;
	size_t		width = rows->nfeatures * sizeof(double);

	for (uint32_t i = sort->next; i < end; i++)
	{
		const double *row = la_kmeans_row(rows, i);

		if (sort->kept > 0 &&
			compare_rows(la_kmeans_row(rows, sort->kept - 1), row, rows->nfeatures) == 0)
		{
			rows->weights[sort->kept - 1]++;
			continue;
		}
		if (sort->kept < i)
			memcpy(rows->values + (size_t) sort->kept * rows->nfeatures, row, width);
		rows->weights[sort->kept++] = 1;
	}
	sort->next = end;
}

/*
 * la_kmeans_collapse_step
 *		Go on; false once it is done and rows->nrows says how many are left.
 */
bool
la_kmeans_collapse_step(KmeansSort *sort)
{
	KmeansRows *rows = sort->rows;
	uint32_t	end = rows->total - sort->next > sort->step ? sort->next + sort->step : rows->total;

	if (sort->phase == SORT_MOVE)
	{
		if (!move_rows(sort, sort->step))
			return true;
		sort->next = 0;
		rows->nrows = rows->total;
		sort->phase = rows->weights ? SORT_COLLAPSE : SORT_DONE;
		return rows->weights != NULL;
	}
	collapse_rows(sort, end);
	rows->nrows = sort->kept;
	return sort->next < rows->total;
}
