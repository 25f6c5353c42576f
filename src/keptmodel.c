/*
 * keptmodel.c
 *		A model made ready for use, kept by a call site from one row to the next.
 *
 * A model arrives anew with every row, and checking it, or solving it, costs
 * more than one prediction.  One is kept: forests, which are larger and come
 * many to a query, have a cache of their own (forest.c).
 */
#include "liveanalytics.h"

#include "args.h"
#include "keptmodel.h"
#include "stateargs.h"
#include "utils/memutils.h"

/*
 * Can two datums of the same bytes be taken for the same value?  A pointer to
 * memory cannot; one to a toasted value can, as long as a row refers to it.
 */
static bool
is_comparable(Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);

	return !VARATT_IS_EXTERNAL(value) || VARATT_IS_EXTERNAL_ONDISK(value);
}

/*
 * la_keep_model
 *		Make the model in an argument ready, and keep it in place of the one
 *		before: see la_kept_model.
 *
 * Where a call has no expression, as in an aggregate that Citus splits, there
 * is no telling how long it would be kept, so it is not.
 */
void *
la_keep_model(FunctionCallInfo fcinfo, int argno, ModelMaker make)
{
	Datum		datum = PG_GETARG_DATUM(argno);
	MemoryContext caller = CurrentMemoryContext;
	KeptModel  *kept;

	if (fcinfo->flinfo->fn_expr == NULL)
		return make(datum);
	kept = get_cache(fcinfo, sizeof(KeptModel));
	if (kept->context == NULL)
		kept->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "model", ALLOCSET_SMALL_SIZES);

	/* an error leaves nothing that could be taken for a model */
	kept->ready = NULL;
	kept->constant = la_arg_is_constant(fcinfo, argno);
	MemoryContextReset(kept->context);
	MemoryContextSwitchTo(kept->context);
	kept->size = is_comparable(datum) ? VARSIZE_ANY(DatumGetPointer(datum)) : 0;
	kept->datum = MemoryContextAllocHuge(kept->context, Max(kept->size, 1));
	memcpy(kept->datum, DatumGetPointer(datum), kept->size);
	kept->ready = make(datum);
	MemoryContextSwitchTo(caller);
	return kept->ready;
}
