/*
 * rowarray.h
 *		Results that are arrays of rows, for unnest to expand.
 */
#ifndef LA_ROWARRAY_H
#define LA_ROWARRAY_H

#include "fmgr.h"

#define LA_ROWARRAY_MAX_COLUMNS 8

/* Fill the columns of row i; nulls are false at first. */
typedef void (*FillRow) (void *arg, uint64 i, Datum *values, bool *nulls);

extern Datum la_row_array(FunctionCallInfo fcinfo, uint64 nrows, int ncolumns, FillRow fill, void *arg);

#endif							/* LA_ROWARRAY_H */
