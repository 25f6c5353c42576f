/*
 * forest_build.h
 *		From binned rows to the bytes of a random forest.
 */
#ifndef LA_FOREST_BUILD_H
#define LA_FOREST_BUILD_H

#include "fmgr.h"

#include "core/forest_grow.h"

/* all that is known of a forest before its trees */
typedef struct ForestPlan
{
	ForestRows	rows;			/* records and first: palloc'd, freed by la_forest_build */
	ForestHeader header;
	ForestClass *classes;
	ForestPart	part;			/* all but importances and out-of-bag figures */
	GrowOptions grow;
} ForestPlan;

extern bytea *la_forest_build(ForestPlan *plan, FunctionCallInfo fcinfo,
							  MemoryContext result_context);

#endif							/* LA_FOREST_BUILD_H */
