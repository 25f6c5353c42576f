/*
 * rowstore.c
 *		Rows of doubles, kept for a fit that must see all of them: compact in
 *		memory up to liveanalytics.collect_mem, in a temporary file past it.
 *
 * Rows are added one by one and read back by column, chunk by chunk, as often
 * as the fit likes.  The newest rows are in the tail, row after row; a full
 * tail becomes a chunk, column after column, so that reading one column of a
 * million rows touches that column only, in memory and in the file alike.
 *
 * A store of a few rows is small (the tail starts with FIRST_TAIL_ROWS), for
 * GROUP BY with many groups.
 */
#include "liveanalytics.h"

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "rowstore.h"

#define FIRST_TAIL_ROWS	8
#define MIN_CHUNK_ROWS	64
#define CHUNK_BYTES		((Size) 256 * 1024 - 128)	/* whole pages with malloc's header */

struct RowStore
{
	MemoryContext context;		/* owns everything below */
	int			ncols;
	int			chunk_rows;		/* rows in every chunk but the tail */
	Size		chunk_bytes;
	bool		may_spill;
	Size		limit;			/* chunks in memory, in bytes, before spilling */

	double	   *tail;			/* ntail rows, row after row */
	int			ntail;
	int			tail_capacity;

	int			nchunks;		/* full chunks, in memory or in the file */
	double	  **chunks;			/* NULL once spilled */
	int			chunks_capacity;
	BufFile    *file;			/* NULL unless spilled: chunk i at i * chunk_bytes */
	double	   *column;			/* one column of one chunk, for la_rowstore_read */
};

/*
 * la_rowstore_create
 *		An empty store of rows of "ncols" doubles, in "context".
 *
 * With may_spill, rows past liveanalytics.collect_mem go to a temporary file.
 * The caller then sees to it that la_rowstore_free is called at the end of a
 * successful query; after an error the resource owner closes the file.
 */
RowStore *
la_rowstore_create(MemoryContext context, int ncols, bool may_spill)
{
	RowStore   *store = MemoryContextAllocZero(context, sizeof(RowStore));
	Size		row_bytes = mul_size(ncols, sizeof(double));

	Assert(ncols > 0);
	store->context = context;
	store->ncols = ncols;
	store->chunk_rows = Min(Max(CHUNK_BYTES / row_bytes, MIN_CHUNK_ROWS), LA_ROWSTORE_MAX_CHUNK_ROWS);
	store->chunk_bytes = mul_size(store->chunk_rows, row_bytes);
	store->may_spill = may_spill;
	store->limit = (Size) la_collect_mem * 1024;
	return store;
}

/*
 * la_rowstore_limit_memory
 *		Keep at most so many bytes of rows in memory, even if
 *		liveanalytics.collect_mem allows more.
 */
void
la_rowstore_limit_memory(RowStore *store, Size limit)
{
	store->limit = Min(store->limit, limit);
}

static void
free_store_callback(Datum store)
{
	la_rowstore_free((RowStore *) DatumGetPointer(store));
}

/*
 * la_rowstore_create_for_aggregate
 *		An empty store in the context of the calling aggregate.
 *
 * A window aggregate cannot be told when its state ends, so there the rows
 * stay in memory.
 */
RowStore *
la_rowstore_create_for_aggregate(FunctionCallInfo fcinfo, int ncols)
{
	MemoryContext context;
	int			kind = AggCheckCallContext(fcinfo, &context);
	RowStore   *store;

	if (kind == 0)
		elog(ERROR, "aggregate function called in non-aggregate context");

	store = la_rowstore_create(context, ncols, kind == AGG_CONTEXT_AGGREGATE);
	if (kind == AGG_CONTEXT_AGGREGATE)
		AggRegisterCallback(fcinfo, free_store_callback, PointerGetDatum(store));
	return store;
}

/*
 * la_rowstore_free
 *		Close the temporary file and give back the memory of the rows.
 */
void
la_rowstore_free(RowStore *store)
{
	if (store->file)
		BufFileClose(store->file);
	if (store->chunks)
	{
		for (int i = 0; i < store->nchunks; i++)
			pfree(store->chunks[i]);
		pfree(store->chunks);
	}
	if (store->tail)
		pfree(store->tail);
	if (store->column)
		pfree(store->column);
	pfree(store);
}

static void
grow_tail(RowStore *store)
{
	int			capacity = store->tail == NULL ? FIRST_TAIL_ROWS :
		Min(store->tail_capacity * 2, store->chunk_rows);
	Size		size = mul_size(mul_size(capacity, store->ncols), sizeof(double));

	if (store->tail == NULL)
		store->tail = MemoryContextAllocHuge(store->context, size);
	else
		store->tail = repalloc_huge(store->tail, size);
	store->tail_capacity = capacity;
}

/* Go to a byte of the temporary file, which is a row of segment files. */
static void
seek_to(RowStore *store, int64 offset)
{
	if (BufFileSeekBlock(store->file, offset / BLCKSZ) != 0 ||
		BufFileSeek(store->file, 0, offset % BLCKSZ, SEEK_CUR) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of collected rows")));
}

static void
write_chunk(RowStore *store, int index, double *chunk)
{
	seek_to(store, (int64) index * store->chunk_bytes);
	BufFileWrite(store->file, chunk, store->chunk_bytes);
}

/* Move all chunks from memory to a new temporary file. */
static void
spill(RowStore *store)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	PrepareTempTablespaces();
	store->file = BufFileCreateTemp(false);
	MemoryContextSwitchTo(old);

	for (int i = 0; i < store->nchunks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		write_chunk(store, i, store->chunks[i]);
		pfree(store->chunks[i]);
		store->chunks[i] = NULL;
	}
	if (store->chunks)			/* the first one may be too much already */
		pfree(store->chunks);
	store->chunks = NULL;
}

static void
keep_chunk(RowStore *store, double *chunk)
{
	if (store->nchunks == store->chunks_capacity)
	{
		int			capacity = Max(8, store->chunks_capacity * 2);
		Size		size = mul_size(capacity, sizeof(double *));

		if (store->chunks == NULL)
			store->chunks = MemoryContextAllocHuge(store->context, size);
		else
			store->chunks = repalloc_huge(store->chunks, size);
		store->chunks_capacity = capacity;
	}
	store->chunks[store->nchunks++] = chunk;
}

/*
 * The full tail as a chunk of its own: rows become columns.  Rows of a single
 * column are one already, there a new tail takes the place of the old one.
 */
static double *
tail_to_chunk(RowStore *store)
{
	int			n = store->chunk_rows;
	int			ncols = store->ncols;
	double	   *chunk = MemoryContextAllocHuge(store->context, store->chunk_bytes);

	if (ncols == 1)
	{
		double	   *tail = store->tail;

		store->tail = chunk;
		return tail;
	}

	for (int col = 0; col < ncols; col++)
	{
		double	   *to = chunk + (Size) col * n;
		const double *from = store->tail + col;

		for (int row = 0; row < n; row++)
			to[row] = from[(Size) row * ncols];
	}
	return chunk;
}

static void
seal_tail(RowStore *store)
{
	double	   *chunk;

	if (store->nchunks == INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one group")));

	chunk = tail_to_chunk(store);
	store->ntail = 0;

	if (store->file == NULL && store->may_spill &&
		(Size) store->nchunks * store->chunk_bytes + store->chunk_bytes > store->limit)
		spill(store);

	if (store->file == NULL)
		keep_chunk(store, chunk);
	else
	{
		write_chunk(store, store->nchunks++, chunk);
		pfree(chunk);
	}
}

/*
 * la_rowstore_append
 *		Add a row of ncols doubles.
 */
void
la_rowstore_append(RowStore *store, const double *row)
{
	if (store->ntail == store->tail_capacity)
	{
		if (store->tail_capacity == store->chunk_rows)
			seal_tail(store);
		else
			grow_tail(store);
	}

	if (store->ncols == 1)
		store->tail[store->ntail] = *row;
	else
		memcpy(store->tail + (Size) store->ntail * store->ncols, row,
			   (Size) store->ncols * sizeof(double));
	store->ntail++;
}

int
la_rowstore_ncols(const RowStore *store)
{
	return store->ncols;
}

int64
la_rowstore_nrows(const RowStore *store)
{
	return (int64) store->nchunks * store->chunk_rows + store->ntail;
}

/*
 * la_rowstore_nchunks
 *		Number of chunks to read, the tail included.
 */
int
la_rowstore_nchunks(const RowStore *store)
{
	return store->nchunks + (store->ntail > 0 ? 1 : 0);
}

static double *
column_buffer(RowStore *store)
{
	if (store->column == NULL)
		store->column = MemoryContextAllocHuge(store->context,
											   mul_size(store->chunk_rows, sizeof(double)));
	return store->column;
}

static const double *
read_tail(RowStore *store, int col)
{
	double	   *column;

	if (store->ncols == 1)
		return store->tail;

	column = column_buffer(store);
	for (int row = 0; row < store->ntail; row++)
		column[row] = store->tail[(Size) row * store->ncols + col];
	return column;
}

static const double *
read_from_file(RowStore *store, int chunk, int col)
{
	Size		size = (Size) store->chunk_rows * sizeof(double);
	int64		offset = (int64) chunk * store->chunk_bytes + (int64) col * size;
	double	   *column = column_buffer(store);

	seek_to(store, offset);
	la_buffile_read_exact(store->file, column, size);
	return column;
}

/*
 * la_rowstore_read
 *		One column of one chunk, "nrows" values in the order of arrival.
 *
 * Valid until the next call that reads from or appends to the store.  The
 * rows themselves are unchanged, so reading can be repeated.
 */
const double *
la_rowstore_read(RowStore *store, int chunk, int col, int *nrows)
{
	Assert(chunk >= 0 && chunk < la_rowstore_nchunks(store));
	Assert(col >= 0 && col < store->ncols);

	if (chunk == store->nchunks)
	{
		*nrows = store->ntail;
		return read_tail(store, col);
	}

	*nrows = store->chunk_rows;
	if (store->file)
		return read_from_file(store, chunk, col);
	return store->chunks[chunk] + (Size) col * store->chunk_rows;
}
