/*
 * stateargs.h
 *		What transition functions do with a state that is a plain varlena.
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

/*
 * A state to be read, or changed in place within an aggregate if it is
 * argument 0; else a copy, flat and aligned.
 */
static inline void *
get_state(FunctionCallInfo fcinfo, int argno)
{
	struct varlena *value = PG_GETARG_VARLENA_P(argno);

	if (argno > 0 || !AggCheckCallContext(fcinfo, NULL) || (uintptr_t) value % MAXIMUM_ALIGNOF != 0)
		value = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	return value;
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
