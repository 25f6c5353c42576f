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

/* what is summed up over the trees */
typedef struct Importances
{
	uint32		nfeatures;
	uint32		ntrees;			/* so far */
	double	   *impurity;		/* sums */
	double	   *permutation;	/* means; NULL if not wanted */
	double	   *squares;		/* sums of squared deviations from them */
} Importances;

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

/* --- importances ----------------------------------------------------------- */

/* The arrays that the part points to hold the sums until they are finished. */
static void
begin_importances(Importances *sums, ForestPlan *plan)
{
	Size		size = mul_size(plan->header.nfeatures, sizeof(double));

	memset(sums, 0, sizeof(*sums));
	sums->nfeatures = plan->header.nfeatures;
	sums->impurity = plan->part.impurity = palloc0(size);
	if (plan->part.permuted)
	{
		sums->permutation = plan->part.permutation = palloc0(size);
		sums->squares = plan->part.std_error = palloc0(size);
	}
}

/*
 * Add the figures of the next tree: its decreases of impurity as shares, as in
 * scikit-learn; means and squared deviations by Welford's method
 * (Technometrics 4, 1962).
 */
static void
add_importances(Importances *sums, const double *figures)
{
	const double *permutation = figures + sums->nfeatures;
	double		total = 0;

	sums->ntrees++;
	for (uint32 f = 0; f < sums->nfeatures; f++)
		total += figures[f];
	for (uint32 f = 0; total > 0 && f < sums->nfeatures; f++)
		sums->impurity[f] += figures[f] / total;

	for (uint32 f = 0; sums->permutation && f < sums->nfeatures; f++)
	{
		double		delta = permutation[f] - sums->permutation[f];

		sums->permutation[f] += delta / sums->ntrees;
		sums->squares[f] += delta * (permutation[f] - sums->permutation[f]);
	}
}

static void
finish_importances(Importances *sums)
{
	double		total = 0;
	double		n = sums->ntrees;

	for (uint32 f = 0; f < sums->nfeatures; f++)
		total += sums->impurity[f];
	for (uint32 f = 0; total > 0 && f < sums->nfeatures; f++)
		sums->impurity[f] /= total;
	for (uint32 f = 0; sums->permutation && f < sums->nfeatures; f++)
		sums->squares[f] = n > 1 ? sqrt(sums->squares[f] / (n - 1) / n) : 0;
}

/* --- growing ---------------------------------------------------------------- */

static TreeMaker
make_maker(const ForestPlan *plan, void *votes)
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
grow_alone(ForestPlan *plan, ModelBuffer *buffer, Importances *sums)
{
	void	   *votes = MemoryContextAllocHuge(CurrentMemoryContext, Max(la_oob_size(&plan->rows), 1));
	TreeMaker	maker = make_maker(plan, votes);
	Size		begin = buffer->used;
	GrowthWatch watch;

	la_oob_init(votes, &plan->rows);
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
		add_importances(sums, maker.figures);
		la_growth_watch(&watch, i + 1, buffer->used - begin);
	}
	la_forest_progress_phase(LA_PHASE_WRITING);
	la_tree_maker_free(&maker);
	la_oob_finish(votes, &plan->rows, &plan->part);
}

/* Copy the trees from the files into the model. */
static void
collect_trees(ForestPlan *plan, ParallelGrowth *growth, ModelBuffer *buffer, Importances *sums,
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
		add_importances(sums, figures);
	}
	pfree(figures);
}

static void
grow_with_workers(ForestPlan *plan, ParallelGrowth *growth, ModelBuffer *buffer, Importances *sums)
{
	TreeMaker	maker = make_maker(plan, la_parallel_votes(growth));

	la_tree_maker_init(&maker);
	la_parallel_grow(growth, &maker);
	la_tree_maker_free(&maker);

	la_forest_progress_phase(LA_PHASE_WRITING);
	la_oob_finish(maker.votes, &plan->rows, &plan->part);
	collect_trees(plan, growth, buffer, sums, la_tree_maker_nfigures(&maker));
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
	Importances sums;
	ParallelGrowth *growth;

	begin_importances(&sums, plan);
	begin_model(&buffer, plan, result_context);

	growth = begin_workers(plan, fcinfo);
	if (growth == NULL)
		grow_alone(plan, &buffer, &sums);
	else
	{
		grow_with_workers(plan, growth, &buffer, &sums);
		la_parallel_end(growth);
	}
	finish_importances(&sums);
	return finish_model(&buffer, plan);
}
