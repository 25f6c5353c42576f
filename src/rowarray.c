/*
 * rowarray.c
 *		Results that are arrays of rows, for unnest to expand.
 *
 * An aggregate returns one value. An array of a named composite type can be
 * that, and "FROM unnest(...) AS row" makes a plain table of it, whatever the
 * query around; a record without a name could not travel between the nodes of
 * Citus.
 */
#include "liveanalytics.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "rowarray.h"

/* The composite type of which the function returns an array. */
static TupleDesc
row_type(FunctionCallInfo fcinfo, int ncolumns)
{
	Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	TupleDesc	tupdesc = OidIsValid(type) ? lookup_rowtype_tupdesc_copy(type, -1) : NULL;

	if (tupdesc == NULL || tupdesc->natts != ncolumns)
		elog(ERROR, "function %u must return an array of rows of %d columns",
			 fcinfo->flinfo->fn_oid, ncolumns);
	return tupdesc;
}

/*
 * la_row_array
 *		An array of "nrows" rows of the type that the function is declared to
 *		return an array of.
 */
Datum
la_row_array(FunctionCallInfo fcinfo, uint64 nrows, int ncolumns, FillRow fill, void *arg)
{
	TupleDesc	tupdesc = row_type(fcinfo, ncolumns);
	Datum	   *rows = palloc_extended(mul_size(Max(nrows, 1), sizeof(Datum)), MCXT_ALLOC_HUGE);
	uint64		bytes = 0;

	Assert(ncolumns <= LA_ROWARRAY_MAX_COLUMNS);
	for (uint64 i = 0; i < nrows; i++)
	{
		Datum		values[LA_ROWARRAY_MAX_COLUMNS];
		bool		nulls[LA_ROWARRAY_MAX_COLUMNS] = {false};

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		fill(arg, i, values, nulls);
		rows[i] = HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
		bytes += MAXALIGN(VARSIZE(DatumGetPointer(rows[i])));
		if (bytes > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("result of more than 1 GB")));
	}
	return PointerGetDatum(construct_array(rows, (int) nrows, tupdesc->tdtypeid, -1, false, TYPALIGN_DOUBLE));
}
