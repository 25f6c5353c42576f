/*
 * logreg_rows.h
 *		The rows of a logistic regression: in canonical order, equal rows once.
 */
#ifndef LA_LOGREG_ROWS_H
#define LA_LOGREG_ROWS_H

#include "core/logreg_core.h"
#include "rowstore.h"

typedef struct LogregRows LogregRows;

extern LogregRows *la_logreg_rows_prepare(RowStore *store, int classes, const int *class_of_label);
extern int64 la_logreg_rows_nblocks(const LogregRows *rows);
extern const double *la_logreg_rows_class_rows(const LogregRows *rows);
extern void la_logreg_rows_describe(const LogregRows *rows, LogregProblem *problem);
extern const double *la_logreg_rows_block(LogregRows *rows, int64 block);
extern void la_logreg_rows_free(LogregRows *rows);

#endif							/* LA_LOGREG_ROWS_H */
