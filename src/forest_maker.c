/*
 * forest_maker.c
 *		Making the trees of a forest, one by one, in the leader or a worker.
 *
 * Tree i depends on the rows, the options and i, not on who makes it or on
 * what that process has made before.
 */
#include "liveanalytics.h"

#include <math.h>

#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/forest_importance.h"
#include "core/forest_oob.h"
#include "forest_maker.h"
#include "forest_progress.h"

/* A growth of less than a second says too little about the rest of it. */
#define SECONDS_TO_JUDGE 1.0
#define SECONDS_TO_TELL 10.0

static void *
resize(void *context, void *old, size_t size)
{
	if (old == NULL)
		return MemoryContextAllocHuge((MemoryContext) context, size);
	return repalloc_huge(old, size);
}

/*
 * la_tree_maker_init
 *		Prepare a maker whose given fields are set.
 */
void
la_tree_maker_init(TreeMaker *maker)
{
	void	   *memory;

	maker->context = AllocSetContextCreate(CurrentMemoryContext, "random forest growth",
										   ALLOCSET_DEFAULT_SIZES);
	memory = MemoryContextAllocHuge(maker->context,
									la_tree_grower_size(&maker->rows));
	maker->grower = la_tree_grower_init(memory, &maker->rows, &maker->grow,
										(GrowMemory) {resize, maker->context, la_check_for_interrupts});
	maker->permuter = NULL;
	if (maker->permuted)
		maker->permuter = la_permuter_init(MemoryContextAllocHuge(maker->context, la_permuter_size(&maker->rows)),
										   maker->votes, &maker->rows, maker->grow.class_weight,
										   maker->grow.seed);
	maker->figures = MemoryContextAllocZero(maker->context,
											mul_size(la_tree_maker_nfigures(maker), sizeof(double)));
	maker->measured = false;
}

/*
 * la_tree_maker_free
 *		Give back all that making trees has taken.
 */
void
la_tree_maker_free(TreeMaker *maker)
{
	MemoryContextDelete(maker->context);
	maker->context = NULL;
}

/*
 * la_tree_maker_nfigures
 *		How many figures a tree has beside its nodes: per feature its decrease
 *		of impurity, then, if wanted, per feature its permutation importance.
 *
 * They are summed up in the order of the trees by the leader, since the sum of
 * doubles depends on their order.
 */
uint32
la_tree_maker_nfigures(const TreeMaker *maker)
{
	return maker->header.nfeatures * (maker->permuted ? 2 : 1);
}

/*
 * la_tree_maker_begin
 *		Begin with a tree; la_tree_maker_step is to be called until it says
 *		false, then la_tree_maker_end.
 */
void
la_tree_maker_begin(TreeMaker *maker, uint32 tree)
{
	maker->tree = tree;
	la_tree_begin(maker->grower, tree);
}

bool
la_tree_maker_step(TreeMaker *maker)
{
	CHECK_FOR_INTERRUPTS();
	return la_tree_step(maker->grower);
}

/*
 * la_forest_too_large
 *		Raise the error for a forest that a value cannot hold.
 */
void
la_forest_too_large(uint32 ntrees, double bytes)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("random forest would be larger than a value can be (1 GB)"),
			 errdetail("Its %u trees take about %.1f GB.", ntrees, bytes / (1024.0 * 1024 * 1024)),
			 errhint("Use fewer trees, a larger min_leaf, or a max_depth.")));
	pg_unreachable();
}

/*
 * The trees of a forest are much alike: the first one tells whether all of
 * them will fit, before the time is spent.  An eighth is left for chance;
 * whoever writes the model checks exactly.
 */
static void
judge_size(TreeMaker *maker, Size size)
{
	double		expected = (double) size * maker->ntrees;

	if (!maker->measured && expected > MaxAllocSize * 1.125)
		la_forest_too_large(maker->ntrees, expected);
	maker->measured = true;
}

/* What the tree loses when a feature is permuted, for each of them. */
static void
permute_features(TreeMaker *maker, const ForestTree *tree)
{
	uint32		nfeatures = maker->header.nfeatures;

	la_permuter_begin(maker->permuter, tree, maker->tree, la_tree_drawn(maker->grower));
	for (uint32 f = 0; f < nfeatures; f++)
	{
		CHECK_FOR_INTERRUPTS();
		maker->figures[nfeatures + f] = la_permuter_loss(maker->permuter, f);
	}
}

/*
 * la_tree_maker_end
 *		The tree and its size as bytes of a model, after its out-of-bag rows
 *		have voted.  It and the maker's figures are valid until the next tree
 *		is begun.
 */
const ForestTree *
la_tree_maker_end(TreeMaker *maker, Size *size)
{
	uint32		nfeatures = maker->header.nfeatures;
	const ForestTree *tree = la_tree_result(maker->grower);

	*size = la_forest_tree_size(&maker->header, tree);
	judge_size(maker, *size);

	memcpy(maker->figures, la_tree_importance(maker->grower), nfeatures * sizeof(double));
	la_oob_add_tree(maker->votes, &maker->rows, tree, la_tree_drawn(maker->grower),
					maker->grow.class_weight);
	if (maker->permuter)
		permute_features(maker, tree);
	return tree;
}

/* --- how long it takes ---------------------------------------------------- */

/*
 * la_growth_watch_begin
 *		The leader begins to grow, with this many workers.
 */
void
la_growth_watch_begin(GrowthWatch *watch, const TreeMaker *maker, int workers)
{
	watch->maker = maker;
	watch->workers = workers;
	watch->started = GetCurrentTimestamp();
	watch->done = 0;
	watch->told = false;
	la_forest_progress_phase(LA_PHASE_GROWING);
}

static char *
duration_text(double seconds)
{
	if (seconds < 600)
		return psprintf("%.0f s", seconds);
	return psprintf("%.0f min", seconds / 60);
}

/* Tell the user, once, if there is long to wait. */
static void
tell_duration(GrowthWatch *watch, uint64 bytes)
{
	const TreeMaker *maker = watch->maker;
	double		elapsed = (GetCurrentTimestamp() - watch->started) / 1e6;

	/* the others are somewhere in the middle of a tree */
	double		grown = watch->done + watch->workers / 2.0;
	double		total = elapsed * maker->ntrees / grown;

	if (elapsed < SECONDS_TO_JUDGE || total - elapsed < SECONDS_TO_TELL)
		return;
	watch->told = true;
	ereport(NOTICE,
			(errmsg("random forest: %u trees over %u rows take about %s and %.0f MB",
					maker->ntrees, maker->rows.total, duration_text(total),
					ceil((double) bytes / watch->done * maker->ntrees / (1024 * 1024))),
			 errdetail("rf_progress() shows other sessions how far it is.")));
}

static uint64
memory_in_use(const GrowthWatch *watch)
{
	const ForestRows *rows = &watch->maker->rows;
	uint64		shared = (uint64) rows->nrows * rows->stride;

	if (rows->first)
		shared += ((uint64) rows->nrows + 1) * sizeof(*rows->first);
	return shared + la_oob_size(rows) +
		(uint64) MemoryContextMemAllocated(watch->maker->context, true) * (watch->workers + 1);
}

/*
 * la_growth_watch
 *		Take notice of how many trees there are, and how many bytes they have.
 *
 * Cheap if there are as many as before.
 */
void
la_growth_watch(GrowthWatch *watch, uint32 done, uint64 bytes)
{
	if (done == watch->done)
		return;
	watch->done = done;
	la_forest_progress_tree(done, watch->workers, bytes, memory_in_use(watch));
	if (!watch->told)
		tell_duration(watch, bytes);
}
