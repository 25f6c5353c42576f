/*
 * logreg_rows.c
 *		The rows of a logistic regression: in canonical order, equal rows once.
 *
 * What was collected is spread over buckets by a hash of the rows, buckets are
 * sorted one by one, and equal rows become one with a weight, as they go into
 * the blocks that the fit reads (logreg_core.h).  A bucket fits a cache, so
 * the rows pass through memory twice.  Equal rows of a chunk are held once
 * before they are spread, so that even a million equal rows fill no bucket.
 *
 * Blocks take the place of the buckets before them.  Where all this would pass
 * liveanalytics.collect_mem, rows are first spread over temporary files by the
 * same hash, each of which fits, and blocks go to a file.  The order, hence
 * the result, is the same.
 */
#include "liveanalytics.h"

#include <math.h>

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "core/rowsort.h"
#include "logreg_rows.h"

#define BUCKET_ROWS 2048
#define MAX_BUCKET_BITS 20
#define MAX_PART_BITS 7

struct LogregRows
{
	int			p;
	int			classes;
	int			block_rows;
	Size		block_size;		/* in doubles */
	int64		nblocks;
	double	   *memory;			/* the blocks, unless in the file */
	BufFile    *file;
	double	   *block;			/* one being filled, or read from the file */
	int			nfilled;
	bool		standardised;	/* those in memory are */
	LogregMoments *moments;
	double	   *center;
	double	   *scale;
	double	   *largest;
	double	   *class_rows;
};

/*
 * A store being spread: rows of a chunk, and of a bucket, are a hash, the
 * features, the class and the weight.
 */
typedef struct Spread
{
	LogregRows *rows;
	RowStore   *store;
	const int  *class_of_label;	/* NULL: they are classes already */
	int			stride;
	int			part_bits;		/* of the hash, equal in all rows of the store */
	int			bucket_bits;
	int			max_chunk;
	bool		keep_hashes;	/* of all chunks, or of one at a time */
	uint64	   *hashes;
	double	   *column;
	double	   *chunk;
	int32	   *table;			/* numbers of different rows of the chunk, by hash */
	uint32		table_mask;
	Size	   *first;			/* row that a bucket begins at */
	Size	   *filled;
} Spread;

static void *
alloc_huge(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(mul_size(count, size), 1));
}

/* --- blocks ----------------------------------------------------------------- */

static void
seek_to_block(LogregRows *rows, int64 block)
{
	int64		offset = block * (int64) (rows->block_size * sizeof(double));

	if (BufFileSeekBlock(rows->file, offset / BLCKSZ) != 0 ||
		BufFileSeek(rows->file, 0, offset % BLCKSZ, SEEK_CUR) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of sorted rows")));
}

/* Fill the block up with copies of its last row of weight 0, and keep it. */
static void
end_block(LogregRows *rows)
{
	int			n = rows->block_rows;
	int			last = rows->nfilled - 1;
	const double *label = rows->block + (Size) rows->p * n;

	CHECK_FOR_INTERRUPTS();
	for (int col = 0; col < la_logreg_block_columns(rows->p); col++)
	{
		double	   *column = rows->block + (Size) col * n;

		for (int i = rows->nfilled; i < n; i++)
			column[i] = col == rows->p + 1 ? 0 : column[last];
	}
	la_logreg_moments(rows->moments, rows->p, rows->block, n);
	for (int i = 0; i < rows->nfilled; i++)
		rows->class_rows[(int) label[i]] += label[n + i];
	if (rows->file)
		BufFileWrite(rows->file, rows->block, rows->block_size * sizeof(double));
	else
		memcpy(rows->memory + rows->nblocks * rows->block_size, rows->block,
			   rows->block_size * sizeof(double));
	rows->nblocks++;
	rows->nfilled = 0;
}

/* Add a row: features and class, then its weight. */
static inline void
add_row(LogregRows *rows, const double *row, double weight)
{
	double	   *to = rows->block + rows->nfilled;

	for (int col = 0; col <= rows->p; col++, to += rows->block_rows)
		*to = row[col];
	*to = weight;
	if (++rows->nfilled == rows->block_rows)
		end_block(rows);
}

/* --- chunks ----------------------------------------------------------------- */

/* A column of a chunk; labels become classes. */
static const double *
read_column(Spread *spread, int chunk, int col, int *nrows)
{
	const double *values = la_rowstore_read(spread->store, chunk, col, nrows);

	if (col < spread->rows->p || spread->class_of_label == NULL)
		return values;
	for (int i = 0; i < *nrows; i++)
		spread->column[i] = spread->class_of_label[(int) values[i]];
	return spread->column;
}

static uint64 *
hashes_of_chunk(const Spread *spread, int chunk)
{
	return spread->keep_hashes ? spread->hashes + (Size) chunk * spread->max_chunk : spread->hashes;
}

/* Hash the rows of a chunk; returns how many there are. */
static int
hash_chunk(Spread *spread, int chunk)
{
	uint64	   *hashes = hashes_of_chunk(spread, chunk);
	int			nrows = 0;

	for (int col = 0; col <= spread->rows->p; col++)
	{
		const double *values = read_column(spread, chunk, col, &nrows);

		if (col == 0)
			la_rowsort_hash_begin(hashes, nrows);
		la_rowsort_hash_column(hashes, values, nrows);
	}
	la_rowsort_hash_end(hashes, nrows);
	return nrows;
}

/* Copy the rows of a chunk to spread->chunk; returns how many there are. */
static int
copy_chunk(Spread *spread, int chunk)
{
	int			nrows = 0;

	for (int col = 0; col <= spread->rows->p; col++)
	{
		const double *values = read_column(spread, chunk, col, &nrows);
		double	   *to = spread->chunk + 1 + col;

		for (int i = 0; i < nrows; i++, to += spread->stride)
			*to = values[i];
	}
	return nrows;
}

static inline Size
bucket_of(const Spread *spread, uint64 hash)
{
	return spread->bucket_bits == 0 ? 0 : (hash << spread->part_bits) >> (64 - spread->bucket_bits);
}

/*
 * The number of the first row of the chunk that is equal to row i, which is i
 * itself if there is none before.
 */
static inline int
find_equal(Spread *spread, const uint64 *hashes, int i)
{
	uint32		slot = (uint32) hashes[i] & spread->table_mask;
	const double *row = spread->chunk + (Size) i * spread->stride;

	for (; spread->table[slot] >= 0; slot = (slot + 1) & spread->table_mask)
	{
		int			other = spread->table[slot];

		if (hashes[other] == hashes[i] &&
			la_rowsort_equal(spread->chunk + (Size) other * spread->stride + 1, row + 1, spread->rows->p + 1))
			return other;
	}
	spread->table[slot] = i;
	return i;
}

/* Spread the rows of a chunk over the buckets, those that are equal as one. */
static void
spread_chunk(Spread *spread, int chunk, double *buckets)
{
	const uint64 *hashes = hashes_of_chunk(spread, chunk);
	int			nrows = copy_chunk(spread, chunk);
	int			stride = spread->stride;

	memset(spread->table, -1, ((Size) spread->table_mask + 1) * sizeof(int32));
	for (int i = 0; i < nrows; i++)
	{
		double	   *row = spread->chunk + (Size) i * stride;
		int			equal = find_equal(spread, hashes, i);

		memcpy(row, &hashes[i], sizeof(uint64));
		row[stride - 1] = 0;
		spread->chunk[(Size) equal * stride + stride - 1]++;
	}
	for (int i = 0; i < nrows; i++)
	{
		double	   *row = spread->chunk + (Size) i * stride;
		Size		bucket = bucket_of(spread, hashes[i]);

		if (row[stride - 1] > 0)
			memcpy(buckets + (spread->first[bucket] + spread->filled[bucket]++) * stride, row,
				   stride * sizeof(double));
	}
}

/* --- buckets ---------------------------------------------------------------- */

static Size
largest_bucket(const Spread *spread, Size nbuckets)
{
	Size		largest = 1;

	for (Size b = 0; b < nbuckets; b++)
		largest = Max(largest, spread->filled[b]);
	return largest;
}

/* The rows of a bucket, in order, equal ones as one. */
static void
drain_bucket(Spread *spread, const double *bucket, Size n, RowKey *keys)
{
	Size		stride = spread->stride;
	Size		i = 0;

	for (Size r = 0; r < n; r++)
	{
		memcpy(&keys[r].hash, bucket + r * stride, sizeof(uint64));
		keys[r].row = (uint32) r;
	}
	la_rowsort(keys, n, bucket + 1, stride, spread->rows->p + 1);
	while (i < n)
	{
		const double *row = bucket + keys[i].row * stride + 1;
		double		weight = row[stride - 2];

		for (i++; i < n && keys[i].hash == keys[i - 1].hash; i++)
		{
			const double *next = bucket + keys[i].row * stride + 1;

			if (!la_rowsort_equal(row, next, spread->rows->p + 1))
				break;
			weight += next[stride - 2];
		}
		add_row(spread->rows, row, weight);
	}
}

/*
 * A bucket is copied away first: the blocks made of it overwrite it, and those
 * before.
 */
static void
drain_buckets(Spread *spread, double *buckets, Size nbuckets)
{
	Size		largest = largest_bucket(spread, nbuckets);
	double	   *copy = alloc_huge(largest, spread->stride * sizeof(double));
	RowKey	   *keys = alloc_huge(largest, sizeof(RowKey));

	for (Size b = 0; b < nbuckets; b++)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(copy, buckets + spread->first[b] * spread->stride,
			   spread->filled[b] * spread->stride * sizeof(double));
		drain_bucket(spread, copy, spread->filled[b], keys);
	}
	pfree(copy);
	pfree(keys);
}

/* Where each bucket begins, if no row were equal to another. */
static void
measure_buckets(Spread *spread, Size nbuckets)
{
	Size		position = 0;

	spread->first = MemoryContextAllocExtended(CurrentMemoryContext, nbuckets * sizeof(Size),
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	spread->filled = MemoryContextAllocExtended(CurrentMemoryContext, nbuckets * sizeof(Size),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int chunk = 0; chunk < la_rowstore_nchunks(spread->store); chunk++)
	{
		const uint64 *hashes = hashes_of_chunk(spread, chunk);
		int			nrows = hash_chunk(spread, chunk);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < nrows; i++)
			spread->first[bucket_of(spread, hashes[i])]++;
	}
	for (Size b = 0; b < nbuckets; b++)
	{
		Size		count = spread->first[b];

		spread->first[b] = position;
		position += count;
	}
}

static int
count_bits(Size n)
{
	int			bits = 0;

	while (bits < 63 && ((Size) 1 << bits) < n)
		bits++;
	return bits;
}

static void
begin_spread(Spread *spread, LogregRows *rows, RowStore *store, const int *class_of_label,
			 int part_bits, bool keep_hashes)
{
	int			nrows;

	memset(spread, 0, sizeof(*spread));
	spread->rows = rows;
	spread->store = store;
	spread->class_of_label = class_of_label;
	spread->part_bits = part_bits;
	spread->keep_hashes = keep_hashes;
	spread->stride = rows->p + 3;
	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk += Max(1, la_rowstore_nchunks(store) - 1))
	{
		(void) la_rowstore_read(store, chunk, 0, &nrows);
		spread->max_chunk = Max(spread->max_chunk, nrows);
	}
	spread->table_mask = ((uint32) 1 << (count_bits(spread->max_chunk) + 1)) - 1;
	spread->hashes = alloc_huge(keep_hashes ? la_rowstore_nrows(store) : spread->max_chunk, sizeof(uint64));
	spread->column = alloc_huge(spread->max_chunk, sizeof(double));
	spread->chunk = alloc_huge(spread->max_chunk, spread->stride * sizeof(double));
	spread->table = alloc_huge((Size) spread->table_mask + 1, sizeof(int32));
}

/* Bring the rows of a store, whose hashes agree in part_bits, into blocks. */
static void
sort_store(LogregRows *rows, RowStore *store, const int *class_of_label, int part_bits)
{
	Size		nrows = la_rowstore_nrows(store);
	Size		nbuckets;
	Spread		spread;
	double	   *buckets;

	if (nrows == 0)
		return;
	begin_spread(&spread, rows, store, class_of_label, part_bits, true);
	spread.bucket_bits = Min(count_bits(nrows / BUCKET_ROWS), MAX_BUCKET_BITS);
	nbuckets = (Size) 1 << spread.bucket_bits;
	measure_buckets(&spread, nbuckets);
	/* the block that is filled up may need more */
	buckets = alloc_huge(add_size(mul_size(nrows, spread.stride), rows->block_size), sizeof(double));
	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		CHECK_FOR_INTERRUPTS();
		spread_chunk(&spread, chunk, buckets);
	}
	if (rows->file == NULL)
		rows->memory = buckets;
	drain_buckets(&spread, buckets, nbuckets);
	if (rows->file)
		pfree(buckets);
	pfree(spread.first);
	pfree(spread.filled);
	pfree(spread.hashes);
	pfree(spread.column);
	pfree(spread.chunk);
	pfree(spread.table);
}

/* --- parts on disk ----------------------------------------------------------- */

/* Copy the rows of a store to those of its parts; labels become classes. */
static void
split_store(LogregRows *rows, RowStore *store, const int *class_of_label, RowStore **parts, int part_bits)
{
	Spread		spread;

	begin_spread(&spread, rows, store, class_of_label, 0, false);
	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
	{
		const uint64 *hashes = hashes_of_chunk(&spread, chunk);
		int			nrows = hash_chunk(&spread, chunk);

		CHECK_FOR_INTERRUPTS();
		(void) copy_chunk(&spread, chunk);
		for (int i = 0; i < nrows; i++)
			la_rowstore_append(parts[hashes[i] >> (64 - part_bits)],
							   spread.chunk + (Size) i * spread.stride + 1);
	}
	pfree(spread.hashes);
	pfree(spread.column);
	pfree(spread.chunk);
	pfree(spread.table);
}

static void
sort_in_parts(LogregRows *rows, RowStore *store, const int *class_of_label, int part_bits)
{
	int			nparts = 1 << part_bits;
	RowStore  **parts = palloc(nparts * sizeof(RowStore *));

	PrepareTempTablespaces();
	rows->file = BufFileCreateTemp(false);
	for (int i = 0; i < nparts; i++)
	{
		parts[i] = la_rowstore_create(CurrentMemoryContext, rows->p + 1, true);
		la_rowstore_limit_memory(parts[i], 0);
	}
	split_store(rows, store, class_of_label, parts, part_bits);
	for (int i = 0; i < nparts; i++)
	{
		sort_store(rows, parts[i], NULL, part_bits);
		la_rowstore_free(parts[i]);
	}
	pfree(parts);
}

/* --- all of it ---------------------------------------------------------------- */

/*
 * la_logreg_rows_prepare
 *		The rows of a store, of one row at least, in the current context.
 *
 * Its last column is the label; class_of_label tells what class a label is.
 * The store is left as it is.  la_logreg_rows_free closes the file.
 */
LogregRows *
la_logreg_rows_prepare(RowStore *store, int classes, const int *class_of_label)
{
	LogregRows *rows = palloc0(sizeof(LogregRows));
	Size		limit = Max((Size) la_collect_mem * 1024, 1);
	Size		bytes;

	rows->p = la_rowstore_ncols(store) - 1;
	rows->classes = classes;
	rows->block_rows = la_logreg_block_rows(rows->p, Max(classes, 2));
	rows->block_size = (Size) la_logreg_block_columns(rows->p) * rows->block_rows;
	rows->block = alloc_huge(rows->block_size, sizeof(double));
	rows->moments = palloc0(rows->p * sizeof(LogregMoments));
	rows->center = palloc(rows->p * sizeof(double));
	rows->scale = palloc(rows->p * sizeof(double));
	rows->largest = palloc(rows->p * sizeof(double));
	rows->class_rows = palloc0(classes * sizeof(double));

	bytes = mul_size(la_rowstore_nrows(store), (rows->p + 3) * sizeof(double));
	if (bytes <= limit)
		sort_store(rows, store, class_of_label, 0);
	else
		sort_in_parts(rows, store, class_of_label,
					  Max(1, Min(count_bits(bytes / limit * 2 + 1), MAX_PART_BITS)));
	if (rows->nfilled > 0)
		end_block(rows);
	if (rows->memory)
		rows->memory = repalloc_huge(rows->memory, mul_size(rows->nblocks, rows->block_size * sizeof(double)));
	for (int j = 0; j < rows->p; j++)
		la_logreg_standard(&rows->moments[j], &rows->center[j], &rows->scale[j], &rows->largest[j]);
	return rows;
}

int64
la_logreg_rows_nblocks(const LogregRows *rows)
{
	return rows->nblocks;
}

/* How many rows each class has. */
const double *
la_logreg_rows_class_rows(const LogregRows *rows)
{
	return rows->class_rows;
}

/* Fill in what a problem says of the rows. */
void
la_logreg_rows_describe(const LogregRows *rows, LogregProblem *problem)
{
	problem->p = rows->p;
	problem->classes = rows->classes;
	problem->block_rows = rows->block_rows;
	problem->nblocks = rows->nblocks;
	problem->class_rows = rows->class_rows;
	problem->center = rows->center;
	problem->scale = rows->scale;
	problem->largest = rows->largest;
}

static void
standardise(LogregRows *rows, double *block)
{
	la_logreg_standardise(block, rows->p, rows->block_rows, rows->center, rows->scale);
}

/*
 * la_logreg_rows_block
 *		A block of standardised rows, valid until the next call.
 */
const double *
la_logreg_rows_block(LogregRows *rows, int64 block)
{
	if (rows->file)
	{
		seek_to_block(rows, block);
		la_buffile_read_exact(rows->file, rows->block, rows->block_size * sizeof(double));
		standardise(rows, rows->block);
		return rows->block;
	}
	if (!rows->standardised)
	{
		for (int64 i = 0; i < rows->nblocks; i++)
		{
			CHECK_FOR_INTERRUPTS();
			standardise(rows, rows->memory + i * rows->block_size);
		}
		rows->standardised = true;
	}
	return rows->memory + block * rows->block_size;
}

void
la_logreg_rows_free(LogregRows *rows)
{
	if (rows->file)
		BufFileClose(rows->file);
	rows->file = NULL;
}
