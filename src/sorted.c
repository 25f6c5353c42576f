/*
 * sorted.c
 *		The values of a row store from the greatest down, equal ones together.
 *
 * As many values as memory allows are sorted at a time, by radix.  If they are
 * not all of them, each such run goes to a temporary file, and the runs are
 * merged while they are read: the heads of all runs are in a heap.
 *
 * Source: Knuth, The Art of Computer Programming, vol. 3, section 5.4.1.
 */
#include "liveanalytics.h"

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "core/radix.h"
#include "sorted.h"

/* read from a run at a time */
#define BUFFER_KEYS		1024

#define MIN_RUN_KEYS	4096

/* a part of the values, in the order of their keys: as far as it was read */
typedef struct Run
{
	const uint64 *keys;			/* some of them, in memory */
	Size		next;
	Size		nkeys;
	uint64	   *buffer;			/* of runs in the file */
	int64		offset;			/* of what is in the file yet, in bytes */
	int64		left;			/* keys there */
} Run;

struct SortedValues
{
	MemoryContext context;		/* of all that is below */
	BufFile    *file;			/* NULL if there is one run only */
	Run		   *runs;
	int			nruns;
	int		   *heap;			/* runs not read to their end, the least head first */
	int			nheap;
};

static uint64 *
alloc_keys(Size n)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(n, 1), sizeof(uint64)));
}

/* The descending order of values is the ascending order of these. */
static inline uint64
key_of_value(double value)
{
	return ~la_key_of_double(value);
}

static inline double
value_of_key(uint64 key)
{
	return la_double_of_key(~key);
}

/* --- the file ---------------------------------------------------------------- */

static void
write_run(SortedValues *sorted, Run *run, uint64 *keys, Size n)
{
	if (sorted->file == NULL)
	{
		PrepareTempTablespaces();
		sorted->file = BufFileCreateTemp(false);
	}
	for (Size i = 0; i < n; i += BUFFER_KEYS)
	{
		CHECK_FOR_INTERRUPTS();
		BufFileWrite(sorted->file, keys + i, Min(n - i, BUFFER_KEYS) * sizeof(uint64));
	}
	run->left = n;
}

/* Fill the buffer of a run; false at its end. */
static bool
read_buffer(SortedValues *sorted, Run *run)
{
	Size		n = Min(run->left, BUFFER_KEYS);

	CHECK_FOR_INTERRUPTS();
	if (n == 0)
		return false;
	if (run->buffer == NULL)
		run->buffer = MemoryContextAlloc(sorted->context, BUFFER_KEYS * sizeof(uint64));
	if (BufFileSeekBlock(sorted->file, run->offset / BLCKSZ) != 0 ||
		BufFileSeek(sorted->file, 0, run->offset % BLCKSZ, SEEK_CUR) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of sorted rows")));
	la_buffile_read_exact(sorted->file, run->buffer, n * sizeof(uint64));
	run->keys = run->buffer;
	run->next = 0;
	run->nkeys = n;
	run->offset += n * sizeof(uint64);
	run->left -= n;
	return true;
}

/* --- sorting ------------------------------------------------------------------ */

/* The keys of one chunk of the store. */
static Size
read_chunk(RowStore *store, int chunk, uint64 *keys)
{
	int			n;
	const double *values = la_rowstore_read(store, chunk, 0, &n);

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < n; i++)
		keys[i] = key_of_value(values[i]);
	return n;
}

static Run *
add_run(SortedValues *sorted)
{
	sorted->runs = repalloc_huge(sorted->runs, mul_size(sorted->nruns + 1, sizeof(Run)));
	memset(&sorted->runs[sorted->nruns], 0, sizeof(Run));
	return &sorted->runs[sorted->nruns++];
}

static void
sort_in_memory(SortedValues *sorted, RowStore *store)
{
	Size		n = 0;
	uint64	   *keys = alloc_keys(la_rowstore_nrows(store));
	uint64	   *scratch = alloc_keys(la_rowstore_nrows(store));
	Run		   *run = add_run(sorted);

	for (int chunk = 0; chunk < la_rowstore_nchunks(store); chunk++)
		n += read_chunk(store, chunk, keys + n);
	la_radix_sort(keys, scratch, n, la_check_for_interrupts);
	pfree(scratch);
	run->keys = keys;
	run->nkeys = n;
}

/* Runs of whole chunks, of up to run_keys keys unless one chunk has more. */
static void
sort_to_file(SortedValues *sorted, RowStore *store, Size run_keys)
{
	Size		capacity = run_keys + LA_ROWSTORE_MAX_CHUNK_ROWS;
	uint64	   *keys = alloc_keys(capacity);
	uint64	   *scratch = alloc_keys(capacity);
	int			nchunks = la_rowstore_nchunks(store);
	int64		offset = 0;

	for (int chunk = 0; chunk < nchunks;)
	{
		Size		n = 0;
		Run		   *run = add_run(sorted);

		while (n < run_keys && chunk < nchunks)
			n += read_chunk(store, chunk++, keys + n);
		la_radix_sort(keys, scratch, n, la_check_for_interrupts);
		write_run(sorted, run, keys, n);
		run->offset = offset;
		offset += n * sizeof(uint64);
	}
	pfree(keys);
	pfree(scratch);
}

/* --- the heap ------------------------------------------------------------------ */

static inline uint64
head_of(const SortedValues *sorted, int i)
{
	const Run  *run = &sorted->runs[sorted->heap[i]];

	return run->keys[run->next];
}

/* Let the run at position i sink to where it belongs. */
static void
sift_down(SortedValues *sorted, int i)
{
	int			sinking = sorted->heap[i];
	uint64		key = head_of(sorted, i);

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= sorted->nheap)
			break;
		if (child + 1 < sorted->nheap && head_of(sorted, child + 1) < head_of(sorted, child))
			child++;
		if (head_of(sorted, child) >= key)
			break;
		sorted->heap[i] = sorted->heap[child];
		i = child;
	}
	sorted->heap[i] = sinking;
}

static void
build_heap(SortedValues *sorted)
{
	sorted->heap = palloc(Max(sorted->nruns, 1) * sizeof(int));
	for (int i = 0; i < sorted->nruns; i++)
	{
		if (sorted->runs[i].nkeys > 0 || read_buffer(sorted, &sorted->runs[i]))
			sorted->heap[sorted->nheap++] = i;
	}
	for (int i = sorted->nheap / 2 - 1; i >= 0; i--)
		sift_down(sorted, i);
}

/* Count keys like this one at the head of a run, and step past them. */
static uint64
skip_equal(SortedValues *sorted, Run *run, uint64 key, bool *ended)
{
	uint64		count = 0;

	*ended = false;
	for (;;)
	{
		Size		first = run->next;

		while (run->next < run->nkeys && run->keys[run->next] == key)
			run->next++;
		count += run->next - first;
		if (run->next < run->nkeys)
			return count;
		if (!read_buffer(sorted, run))
		{
			*ended = true;
			return count;
		}
	}
}

/* --- for others ------------------------------------------------------------------ */

/*
 * la_sorted_begin
 *		Sort the values of a store of one column, which is only read, with
 *		about "memory" bytes.  NaN must not occur, and -0 counts as less than 0.
 *
 * What it takes belongs to a child of the current context; after an error the
 * resource owner closes the file.
 */
SortedValues *
la_sorted_begin(RowStore *store, Size memory)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "sorted values", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	SortedValues *sorted = palloc0(sizeof(SortedValues));
	Size		run_keys = Max(memory / (2 * sizeof(uint64)), MIN_RUN_KEYS);

	Assert(la_rowstore_ncols(store) == 1);
	sorted->context = context;
	sorted->runs = palloc(sizeof(Run));
	if (la_rowstore_nrows(store) <= (int64) run_keys)
		sort_in_memory(sorted, store);
	else
		sort_to_file(sorted, store, run_keys);
	build_heap(sorted);
	MemoryContextSwitchTo(caller);
	return sorted;
}

/*
 * la_sorted_next
 *		The greatest value that was not returned yet, and how often it occurs;
 *		false if there is none.
 */
bool
la_sorted_next(SortedValues *sorted, double *value, uint64 *count)
{
	uint64		key;

	if (sorted->nheap == 0)
		return false;
	key = head_of(sorted, 0);
	*value = value_of_key(key);
	*count = 0;
	do
	{
		bool		ended;

		*count += skip_equal(sorted, &sorted->runs[sorted->heap[0]], key, &ended);
		if (ended)
			sorted->heap[0] = sorted->heap[--sorted->nheap];
		if (sorted->nheap > 1)
			sift_down(sorted, 0);
	} while (sorted->nheap > 0 && head_of(sorted, 0) == key);
	return true;
}

/*
 * la_sorted_end
 *		Give back the memory and the file.
 */
void
la_sorted_end(SortedValues *sorted)
{
	if (sorted->file)
		BufFileClose(sorted->file);
	MemoryContextDelete(sorted->context);
}
