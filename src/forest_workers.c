/*
 * forest_workers.c
 *		Growing a forest in several processes.
 *
 * The leader copies the rows into a segment of shared memory, starts parallel
 * workers and grows trees as they do; whoever is free takes the next number.
 * Workers are a help, not a need: if none starts, the leader does it all.
 *
 * A finished tree goes to a temporary file of its maker, as the bytes that it
 * has in a model.  When all are there the leader reads them in their order.
 * Files, unlike queues in shared memory, need no reader while they are written
 * and no room that must be known beforehand; small ones never get to the disk.
 *
 * An error or the end of a transaction needs no care here: parallel.c ends the
 * workers, the resource owner lets go of the segment, and the last process to
 * do so deletes the files.
 */
#include "liveanalytics.h"

#include <fcntl.h>
#include <math.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/buffile.h"
#include "storage/dsm.h"
#include "storage/lwlock.h"
#include "storage/sharedfileset.h"
#include "storage/shm_toc.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "core/forest_oob.h"
#include "forest_workers.h"

/*
 * What a tree takes, roughly: nanoseconds for a row drawn, and for a different
 * row, a feature tried and a level; and the milliseconds of work that are
 * worth the start of a worker, which takes from 10 to 40.
 */
#define NS_PER_DRAW 10.0
#define NS_PER_ROW_FEATURE_LEVEL 2.0
#define MS_WORTH_A_WORKER 50.0

#define COPY_BYTES ((Size) 64 * 1024 * 1024)

/* in the segment of the parallel context */
#define KEY_SEGMENT UINT64CONST(1)
#define KEY_QUERY UINT64CONST(2)

/* in our own segment */
#define FOREST_MAGIC 0x4c41524d
#define KEY_GROWTH UINT64CONST(1)
#define KEY_RECORDS UINT64CONST(2)
#define KEY_FIRST UINT64CONST(3)
#define KEY_WEIGHTS UINT64CONST(4)
#define KEY_VOTES UINT64CONST(5)

/* where a finished tree is: its figures, then its bytes */
typedef struct SharedTree
{
	int64		offset;			/* in segment "fileno" of the file of its maker */
	uint64		size;			/* without the figures */
	int			fileno;
	int			participant;	/* 0 is the leader, n + 1 worker n */
} SharedTree;

typedef struct SharedGrowth
{
	/* set by the leader before workers start */
	ForestRows	rows;			/* pointers are of no use to others */
	ForestHeader header;
	GrowOptions grow;
	uint32		ntrees;
	bool		permuted;
	SharedFileSet files;

	/* how far it is */
	pg_atomic_uint32 next_tree;
	pg_atomic_uint32 trees_done;
	pg_atomic_uint64 bytes_done;
	SharedTree	trees[FLEXIBLE_ARRAY_MEMBER];
} SharedGrowth;

struct ParallelGrowth
{
	ResourceOwner owner;		/* of the segments */
	dsm_segment *segment;
	ParallelContext *context;
	SharedGrowth *shared;
	Oob		   *votes;
	uint32		nfigures;
	int			nparticipants;
	BufFile   **files;			/* per participant, once read from */
};

extern PGDLLEXPORT void la_forest_worker_main(dsm_segment *segment, shm_toc *toc);

/* --- how many ---------------------------------------------------------------- */

static double
expected_ms(const ForestPlan *plan)
{
	double		rows = plan->rows.nrows;
	double		draws = plan->grow.sample * plan->rows.total;

	return plan->part.ntrees / 1e6 *
		(draws * NS_PER_DRAW + rows * plan->grow.mtry * log2(rows + 1) * NS_PER_ROW_FEATURE_LEVEL);
}

/*
 * la_workers_worth
 *		How many workers the work of a plan is worth, and the settings allow.
 */
int
la_workers_worth(const ForestPlan *plan)
{
	double		worth = expected_ms(plan) / MS_WORTH_A_WORKER;
	int			most = Min(max_parallel_maintenance_workers, (int) plan->part.ntrees - 1);

	return worth < most ? (int) worth : most;
}

/* --- memory to share ---------------------------------------------------------- */

static Size
first_bytes(const ForestRows *rows)
{
	return rows->first ? mul_size(add_size(rows->nrows, 1), sizeof(*rows->first)) : 0;
}

static Size
weight_bytes(const ForestPlan *plan)
{
	return plan->grow.class_weight ? mul_size(plan->header.nclasses, sizeof(double)) : 0;
}

static Size
growth_bytes(const ForestPlan *plan)
{
	return add_size(offsetof(SharedGrowth, trees),
					mul_size(plan->part.ntrees, sizeof(SharedTree)));
}

static Size
segment_bytes(const ForestPlan *plan)
{
	const ForestRows *rows = &plan->rows;
	shm_toc_estimator estimator;

	shm_toc_initialize_estimator(&estimator);
	shm_toc_estimate_chunk(&estimator, growth_bytes(plan));
	shm_toc_estimate_chunk(&estimator, mul_size(rows->nrows, rows->stride));
	shm_toc_estimate_chunk(&estimator, first_bytes(rows));
	shm_toc_estimate_chunk(&estimator, weight_bytes(plan));
	shm_toc_estimate_chunk(&estimator, la_oob_size(rows));
	shm_toc_estimate_keys(&estimator, 5);
	return shm_toc_estimate(&estimator);
}

/* Our segment, and a parallel context with its own; false if there is none to be had. */
static bool
create_segments(ParallelGrowth *growth, Size size, const char *library, int nworkers)
{
	Size		query_bytes = debug_query_string ? strlen(debug_query_string) + 1 : 0;
	ParallelContext *context;

	growth->segment = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (growth->segment == NULL)
		return false;
	growth->context = context = CreateParallelContext(library, "la_forest_worker_main", nworkers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(dsm_handle));
	shm_toc_estimate_chunk(&context->estimator, query_bytes);
	shm_toc_estimate_keys(&context->estimator, 2);
	InitializeParallelDSM(context);
	return context->nworkers > 0;
}

/* Undo create_segments, wherever it ended. */
static void
drop_segments(ParallelGrowth *growth)
{
	if (growth->context)
		DestroyParallelContext(growth->context);
	ExitParallelMode();
	ResourceOwnerRelease(growth->owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(growth->owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(growth->owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(growth->owner);
}

/* Go on after an error that says there is no room; pass on any other. */
static void
forgive_lack_of_room(void)
{
	ErrorData  *error = CopyErrorData();

	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_INSUFFICIENT_RESOURCES)
		PG_RE_THROW();
	FlushErrorState();
	elog(DEBUG1, "random forest grows without workers: %s", error->message);
	FreeErrorData(error);
}

/*
 * A small /dev/shm, as containers have it, must not be in the way of a
 * training, and to ask for memory is the only way to learn that there is none.
 *
 * The error is caught without a subtransaction, which could not be had in
 * parallel mode.  All that the calls leave behind when they fail is owned by a
 * resource owner of their own, or by the parallel context, and released as it
 * would be at the end of the transaction: lightweight locks first.
 */
static bool
try_create_segments(ParallelGrowth *growth, Size size, const char *library, int nworkers)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool created = false;

	growth->owner = ResourceOwnerCreate(owner, "random forest");
	CurrentResourceOwner = growth->owner;
	EnterParallelMode();
	PG_TRY();
	{
		created = create_segments(growth, size, library, nworkers);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(memory);
		CurrentResourceOwner = owner;
		forgive_lack_of_room();
		LWLockReleaseAll();
	}
	PG_END_TRY();
	CurrentResourceOwner = owner;

	if (!created)
		drop_segments(growth);
	return created;
}

/* Copy to a new chunk of shared memory, in pieces: there may be gigabytes. */
static void *
share(shm_toc *toc, uint64 key, const void *from, Size size)
{
	char	   *to;

	if (size == 0)
		return NULL;
	to = shm_toc_allocate(toc, size);
	for (Size done = 0; from && done < size; done += COPY_BYTES)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(to + done, (const char *) from + done, Min(size - done, COPY_BYTES));
	}
	shm_toc_insert(toc, key, to);
	return to;
}

static SharedGrowth *
share_growth(shm_toc *toc, const ForestPlan *plan, dsm_segment *segment)
{
	SharedGrowth *shared = share(toc, KEY_GROWTH, NULL, growth_bytes(plan));

	memset(shared, 0, growth_bytes(plan));
	shared->rows = plan->rows;
	shared->header = plan->header;
	shared->grow = plan->grow;
	shared->ntrees = plan->part.ntrees;
	shared->permuted = plan->part.permuted;
	SharedFileSetInit(&shared->files, segment);
	pg_atomic_init_u32(&shared->next_tree, 0);
	pg_atomic_init_u32(&shared->trees_done, 0);
	pg_atomic_init_u64(&shared->bytes_done, 0);
	return shared;
}

/* From here on the plan's rows are those in shared memory, and no others. */
static void
share_plan(ParallelGrowth *growth, ForestPlan *plan, Size size)
{
	ForestRows *rows = &plan->rows;
	shm_toc    *toc = shm_toc_create(FOREST_MAGIC, dsm_segment_address(growth->segment), size);
	uint8	   *records;
	uint32	   *first;

	growth->shared = share_growth(toc, plan, growth->segment);
	records = share(toc, KEY_RECORDS, rows->records, mul_size(rows->nrows, rows->stride));
	pfree(rows->records);
	rows->records = records;
	first = share(toc, KEY_FIRST, rows->first, first_bytes(rows));
	if (rows->first)
		pfree(rows->first);
	rows->first = first;
	share(toc, KEY_WEIGHTS, plan->grow.class_weight, weight_bytes(plan));
	growth->votes = la_oob_init(share(toc, KEY_VOTES, NULL, la_oob_size(rows)), rows);
}

static void
tell_workers(ParallelGrowth *growth)
{
	shm_toc    *toc = growth->context->toc;
	dsm_handle	handle = dsm_segment_handle(growth->segment);

	share(toc, KEY_SEGMENT, &handle, sizeof(handle));
	if (debug_query_string)
		share(toc, KEY_QUERY, debug_query_string, strlen(debug_query_string) + 1);
}

/*
 * la_parallel_begin
 *		Share the plan's rows with up to "nworkers" workers, which are not
 *		started yet; NULL, with the plan untouched, if there is no memory to
 *		share.
 */
ParallelGrowth *
la_parallel_begin(ForestPlan *plan, const char *library, int nworkers)
{
	ParallelGrowth *growth = palloc0(sizeof(ParallelGrowth));
	Size		size = segment_bytes(plan);

	if (!try_create_segments(growth, size, library, nworkers))
	{
		pfree(growth);
		return NULL;
	}
	share_plan(growth, plan, size);
	tell_workers(growth);
	growth->nparticipants = nworkers + 1;
	return growth;
}

/* --- growing -------------------------------------------------------------------- */

static void
file_name(char *name, Size size, int participant)
{
	snprintf(name, size, "forest%d", participant);
}

static BufFile *
create_file(SharedGrowth *shared, int participant)
{
	char		name[MAXPGPATH];

	file_name(name, sizeof(name), participant);
	return BufFileCreateFileSet(&shared->files.fs, name);
}

/* Write the tree just grown to the file, and say so. */
static void
write_tree(SharedGrowth *shared, TreeMaker *maker, uint32 number, int participant, BufFile *file)
{
	SharedTree *entry = &shared->trees[number];
	Size		size;
	const ForestTree *tree = la_tree_maker_end(maker, &size);
	ByteWriter	writer = {MemoryContextAllocHuge(maker->context, size), 0};
	off_t		offset;

	la_forest_write_tree(&writer, &maker->header, tree);
	BufFileTell(file, &entry->fileno, &offset);
	entry->offset = offset;
	entry->size = size;
	entry->participant = participant;
	BufFileWrite(file, maker->figures, la_tree_maker_nfigures(maker) * sizeof(double));
	BufFileWrite(file, writer.data, size);
	pfree(writer.data);

	if (pg_atomic_add_fetch_u64(&shared->bytes_done, size) > MaxAllocSize)
		la_forest_too_large(shared->ntrees, (double) size * shared->ntrees);
	pg_atomic_fetch_add_u32(&shared->trees_done, 1);
}

/* Grow trees until there are none left; the leader has a watch. */
static void
grow_trees(SharedGrowth *shared, TreeMaker *maker, int participant, GrowthWatch *watch)
{
	BufFile    *file = NULL;
	uint32		number;

	while ((number = pg_atomic_fetch_add_u32(&shared->next_tree, 1)) < shared->ntrees)
	{
		la_tree_maker_begin(maker, number);
		while (la_tree_maker_step(maker))
		{
			if (watch)
				la_growth_watch(watch, pg_atomic_read_u32(&shared->trees_done),
								pg_atomic_read_u64(&shared->bytes_done));
		}
		if (file == NULL)
			file = create_file(shared, participant);
		write_tree(shared, maker, number, participant, file);
	}
	if (file)
		BufFileClose(file);
}

/*
 * la_parallel_votes
 *		The out-of-bag votes that all processes add to.
 */
Oob *
la_parallel_votes(const ParallelGrowth *growth)
{
	return growth->votes;
}

/*
 * la_parallel_grow
 *		Grow all trees, the leader with "maker".
 *
 * Errors of workers are raised here.
 */
void
la_parallel_grow(ParallelGrowth *growth, TreeMaker *maker)
{
	SharedGrowth *shared = growth->shared;
	ParallelContext *context = growth->context;
	GrowthWatch watch;

	growth->nfigures = la_tree_maker_nfigures(maker);
	LaunchParallelWorkers(context);
	elog(DEBUG1, "random forest grows with %d of %d workers",
		 context->nworkers_launched, context->nworkers);

	la_growth_watch_begin(&watch, maker, context->nworkers_launched);
	grow_trees(shared, maker, 0, &watch);
	WaitForParallelWorkersToFinish(context);
	la_growth_watch(&watch, pg_atomic_read_u32(&shared->trees_done),
					pg_atomic_read_u64(&shared->bytes_done));
	if (watch.done != shared->ntrees)
		elog(ERROR, "random forest has %u trees of %u", watch.done, shared->ntrees);
}

static void
attach_maker(TreeMaker *maker, SharedGrowth *shared, shm_toc *toc)
{
	maker->rows = shared->rows;
	maker->rows.records = shm_toc_lookup(toc, KEY_RECORDS, false);
	maker->rows.first = shm_toc_lookup(toc, KEY_FIRST, true);
	maker->header = shared->header;
	maker->grow = shared->grow;
	maker->grow.class_weight = shm_toc_lookup(toc, KEY_WEIGHTS, true);
	maker->ntrees = shared->ntrees;
	maker->permuted = shared->permuted;
	maker->votes = shm_toc_lookup(toc, KEY_VOTES, false);
	la_tree_maker_init(maker);
}

/*
 * la_forest_worker_main
 *		What a worker does.
 */
void
la_forest_worker_main(dsm_segment *segment, shm_toc *toc)
{
	dsm_handle *handle = shm_toc_lookup(toc, KEY_SEGMENT, false);
	dsm_segment *rows_segment = dsm_attach(*handle);
	shm_toc    *rows_toc;
	SharedGrowth *shared;
	TreeMaker	maker;

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, true);
	if (debug_query_string)
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
	if (rows_segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not map dynamic shared memory segment")));

	rows_toc = shm_toc_attach(FOREST_MAGIC, dsm_segment_address(rows_segment));
	shared = shm_toc_lookup(rows_toc, KEY_GROWTH, false);
	SharedFileSetAttach(&shared->files, rows_segment);
	attach_maker(&maker, shared, rows_toc);
	grow_trees(shared, &maker, ParallelWorkerNumber + 1, NULL);
	la_tree_maker_free(&maker);
	dsm_detach(rows_segment);
}

/* --- the trees in order ------------------------------------------------------------ */

/*
 * la_parallel_tree_size
 *		The bytes of a tree.
 */
Size
la_parallel_tree_size(const ParallelGrowth *growth, uint32 tree)
{
	return growth->shared->trees[tree].size;
}

static BufFile *
open_file(ParallelGrowth *growth, int participant)
{
	char		name[MAXPGPATH];

	if (growth->files == NULL)
		growth->files = palloc0(mul_size(growth->nparticipants, sizeof(BufFile *)));
	if (growth->files[participant] == NULL)
	{
		file_name(name, sizeof(name), participant);
		growth->files[participant] =
			BufFileOpenFileSet(&growth->shared->files.fs, name, O_RDONLY, false);
	}
	return growth->files[participant];
}

/*
 * la_parallel_read_tree
 *		The figures and the bytes of a tree, once all are grown.
 */
void
la_parallel_read_tree(ParallelGrowth *growth, uint32 tree, double *figures, void *bytes)
{
	const SharedTree *entry = &growth->shared->trees[tree];
	BufFile    *file = open_file(growth, entry->participant);

	if (BufFileSeek(file, entry->fileno, (off_t) entry->offset, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in the temporary file of grown trees")));
	la_buffile_read_exact(file, figures, growth->nfigures * sizeof(double));
	la_buffile_read_exact(file, bytes, entry->size);
}

/*
 * la_parallel_end
 *		Let go of files, workers and shared memory, the plan's rows among it.
 */
void
la_parallel_end(ParallelGrowth *growth)
{
	for (int i = 0; growth->files && i < growth->nparticipants; i++)
	{
		if (growth->files[i])
			BufFileClose(growth->files[i]);
	}
	drop_segments(growth);
	pfree(growth);
}
