/*
 * rowstore.h
 *		Rows of doubles, kept for a fit that must see all of them.
 */
#ifndef LA_ROWSTORE_H
#define LA_ROWSTORE_H

#include "fmgr.h"

/* no chunk has more */
#define LA_ROWSTORE_MAX_CHUNK_ROWS	32768

typedef struct RowStore RowStore;

extern RowStore *la_rowstore_create(MemoryContext context, int ncols, bool may_spill);
extern RowStore *la_rowstore_create_for_aggregate(FunctionCallInfo fcinfo, int ncols);
extern void la_rowstore_limit_memory(RowStore *store, Size limit);
extern void la_rowstore_append(RowStore *store, const double *row);
extern void la_rowstore_free(RowStore *store);

extern int	la_rowstore_ncols(const RowStore *store);
extern int64 la_rowstore_nrows(const RowStore *store);
extern int	la_rowstore_nchunks(const RowStore *store);
extern const double *la_rowstore_read(RowStore *store, int chunk, int col, int *nrows);

#endif							/* LA_ROWSTORE_H */
