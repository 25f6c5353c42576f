/*
 * stateargs.h
 *		What transition, combine and final functions do with a state.
 */
#ifndef LA_STATEARGS_H
#define LA_STATEARGS_H

#include "fmgr.h"

/* Argument 0 as it is: the row does not count. */
static inline Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

/* The context of the aggregate, for states that only an aggregate can make. */
static inline MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

/* A new state that is a plain varlena, zeroed. */
static inline void *
new_flat_state(Size size)
{
	struct varlena *value = palloc0(size);

	SET_VARSIZE(value, size);
	return value;
}

/*
 * A state that is a plain varlena, to be read, or changed in place within an
 * aggregate if it is argument 0; else a copy, flat and aligned.
 */
static inline void *
get_flat_state(FunctionCallInfo fcinfo, int argno)
{
	struct varlena *value = PG_GETARG_VARLENA_P(argno);

	if (argno > 0 || !AggCheckCallContext(fcinfo, NULL) || (uintptr_t) value % MAXIMUM_ALIGNOF != 0)
		value = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	return value;
}

/* Anybody may pass bytes as a state. */
LA_NORETURN static inline void
report_not_a_state(const void *value, const char *aggregate)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("value of %zu bytes is not a state of %s", (size_t) VARSIZE(value), aggregate)));
	pg_unreachable();
}

/* What belongs to a call site, zeroed at first. */
static inline void *
get_cache(FunctionCallInfo fcinfo, Size size)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, size);
	return fcinfo->flinfo->fn_extra;
}

#endif							/* LA_STATEARGS_H */
