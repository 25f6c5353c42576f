/*
 * forest_build.c
 *		From binned rows to the bytes of a random forest.
 *
 * The trees are grown by this process alone, or with workers; then their bytes
 * come from temporary files (forest_workers.c).  Either way they go into the
 * model in their order, and so do the sums that they contribute to.
 */
#include "liveanalytics.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/parallel.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "core/forest_importance.h"
#include "core/forest_oob.h"
#include "forest_build.h"
#include "forest_maker.h"
#include "forest_progress.h"
#include "forest_workers.h"
#include "model.h"

/* the model being written: a bytea that grows */
typedef struct ModelBuffer
{
	bytea	   *model;
	Size		capacity;
	Size		used;			/* with the header of the bytea and the envelope */
	Size		part;			/* where the part stands, which is written last */
	uint32		ntrees;
} ModelBuffer;

/* --- the model ------------------------------------------------------------ */

static ByteWriter
reserve(ModelBuffer *buffer, Size size)
{
	Size		needed = add_size(buffer->used, size);
	ByteWriter	writer;

	if (needed > MaxAllocSize)
		la_forest_too_large(buffer->ntrees, needed);
	if (needed > buffer->capacity)
	{
		buffer->capacity = Min(Max(needed, buffer->capacity * 2), MaxAllocSize);
		buffer->model = repalloc(buffer->model, buffer->capacity);
	}
	writer.data = (uint8 *) buffer->model + buffer->used;
	writer.pos = 0;
	buffer->used = needed;
	return writer;
}

/* A model with its header, and room for the part before the trees. */
static void
begin_model(ModelBuffer *buffer, const ForestPlan *plan, MemoryContext context)
{
	ByteWriter	writer;

	buffer->used = VARHDRSZ + LA_ENVELOPE_BYTES;
	buffer->capacity = 8192;
	buffer->model = MemoryContextAlloc(context, buffer->capacity);
	buffer->ntrees = plan->part.ntrees;

	writer = reserve(buffer, la_forest_header_size(&plan->header, plan->classes));
	la_forest_write_header(&writer, &plan->header, plan->classes);
	buffer->part = buffer->used;
	reserve(buffer, la_forest_part_size(&plan->header, &plan->part));
}

static bytea *
finish_model(ModelBuffer *buffer, const ForestPlan *plan)
{
	ByteWriter	writer = {(uint8 *) buffer->model + buffer->part, 0};

	la_forest_write_part(&writer, &plan->header, &plan->part);
	SET_VARSIZE(buffer->model, buffer->used);
	la_model_seal(buffer->model, LA_MODEL_FOREST, LA_FOREST_VERSION);
	return buffer->model;
}

/* --- what is said of all trees ------------------------------------------- */

static double *
alloc_figures(const ForestPlan *plan)
{
	return palloc0(mul_size(plan->header.nfeatures, sizeof(double)));
}

static Importance *
begin_importance(ForestPlan *plan)
{
	plan->part.impurity = alloc_figures(plan);
	if (plan->part.permuted)
	{
		plan->part.permutation = alloc_figures(plan);
		plan->part.std_error = alloc_figures(plan);
	}
	return la_importance_init(palloc(la_importance_size(plan->header.nfeatures)), plan->header.nfeatures);
}

static void
add_importance(Importance *importance, const ForestPlan *plan, const double *figures)
{
	la_importance_add(importance, figures,
					  plan->part.permuted ? figures + plan->header.nfeatures : NULL);
}

static void
finish_figures(ForestPlan *plan, const Oob *votes, const Importance *importance)
{
	ForestPart *part = &plan->part;
	OobResult	result;

	la_importance_finish(importance, votes, part->impurity, part->permutation, part->std_error);
	if (!la_oob_finish(votes, &plan->rows, &result))
		return;
	part->oob_rows = result.rows;
	part->oob_score = result.score;
	part->oob_loss = result.loss;
}

/* --- growing ---------------------------------------------------------------- */

static TreeMaker
make_maker(const ForestPlan *plan, Oob *votes)
{
	TreeMaker	maker = {
		.rows = plan->rows,
		.header = plan->header,
		.grow = plan->grow,
		.ntrees = plan->part.ntrees,
		.permuted = plan->part.permuted,
		.votes = votes,
	};

	return maker;
}

static void
grow_alone(ForestPlan *plan, ModelBuffer *buffer, Importance *importance)
{
	Oob		   *votes = la_oob_init(MemoryContextAllocHuge(CurrentMemoryContext, la_oob_size(&plan->rows)),
									&plan->rows);
	TreeMaker	maker = make_maker(plan, votes);
	Size		begin = buffer->used;
	GrowthWatch watch;

	la_tree_maker_init(&maker);
	la_growth_watch_begin(&watch, &maker, 0);
	for (uint32 i = 0; i < maker.ntrees; i++)
	{
		const ForestTree *tree;
		Size		size;
		ByteWriter	writer;

		la_tree_maker_begin(&maker, i);
		while (la_tree_maker_step(&maker))
			;
		tree = la_tree_maker_end(&maker, &size);
		writer = reserve(buffer, size);
		la_forest_write_tree(&writer, &plan->header, tree);
		add_importance(importance, plan, maker.figures);
		la_growth_watch(&watch, i + 1, buffer->used - begin);
	}
	la_forest_progress_phase(LA_PHASE_WRITING);
	la_tree_maker_free(&maker);
	finish_figures(plan, votes, importance);
}

/* Copy the trees from the files into the model. */
static void
collect_trees(ForestPlan *plan, ParallelGrowth *growth, ModelBuffer *buffer, Importance *importance,
			  uint32 nfigures)
{
	double	   *figures = palloc(mul_size(nfigures, sizeof(double)));
	Size		total = 0;

	for (uint32 i = 0; i < plan->part.ntrees; i++)
		total = add_size(total, la_parallel_tree_size(growth, i));
	reserve(buffer, total);
	buffer->used -= total;

	for (uint32 i = 0; i < plan->part.ntrees; i++)
	{
		ByteWriter	writer = reserve(buffer, la_parallel_tree_size(growth, i));

		CHECK_FOR_INTERRUPTS();
		la_parallel_read_tree(growth, i, figures, writer.data);
		add_importance(importance, plan, figures);
	}
	pfree(figures);
}

static void
grow_with_workers(ForestPlan *plan, ParallelGrowth *growth, ModelBuffer *buffer, Importance *importance)
{
	TreeMaker	maker = make_maker(plan, la_parallel_votes(growth));

	la_tree_maker_init(&maker);
	la_parallel_grow(growth, &maker);
	la_tree_maker_free(&maker);

	la_forest_progress_phase(LA_PHASE_WRITING);
	collect_trees(plan, growth, buffer, importance, la_tree_maker_nfigures(&maker));
	finish_figures(plan, maker.votes, importance);
}

/*
 * The library of the calling function, as it was found when the function was
 * called: workers have to find the same one.
 */
static char *
library_name(FunctionCallInfo fcinfo)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	bool		isnull;
	Datum		library;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	library = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &isnull);
	name = isnull ? NULL : TextDatumGetCString(library);
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Whether workers may be asked for.  A window aggregate is left out, since its
 * final function runs once a row; a worker cannot have workers of its own, and
 * a function that wrongly claims to be parallel safe gets us into one.
 */
static bool
may_have_workers(FunctionCallInfo fcinfo)
{
	return AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE &&
		IsUnderPostmaster && !IsParallelWorker() && ActiveSnapshotSet();
}

/* NULL if the growth is not worth it, or there is no memory to share. */
static ParallelGrowth *
begin_workers(ForestPlan *plan, FunctionCallInfo fcinfo)
{
	int			nworkers = la_workers_worth(plan);
	char	   *library;

	if (nworkers == 0 || !may_have_workers(fcinfo))
		return NULL;
	library = library_name(fcinfo);
	return library ? la_parallel_begin(plan, library, nworkers) : NULL;
}

/*
 * la_forest_build
 *		The model of a plan, in "result_context"; what else is needed comes
 *		from the current context.
 *
 * "fcinfo" is of the final function of the aggregate.  The bytes depend on the
 * plan alone.  On return the plan's part is complete, its rows are gone: what
 * is shared with workers is not kept twice.
 */
bytea *
la_forest_build(ForestPlan *plan, FunctionCallInfo fcinfo, MemoryContext result_context)
{
	ModelBuffer buffer;
	Importance *importance = begin_importance(plan);
	ParallelGrowth *growth;

	begin_model(&buffer, plan, result_context);

	growth = begin_workers(plan, fcinfo);
	if (growth == NULL)
		grow_alone(plan, &buffer, importance);
	else
	{
		grow_with_workers(plan, growth, &buffer, importance);
		la_parallel_end(growth);
	}
	return finish_model(&buffer, plan);
}
