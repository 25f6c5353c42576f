/*
 * sorted.h
 *		The values of a row store from the greatest down.
 */
#ifndef LA_SORTED_H
#define LA_SORTED_H

#include "rowstore.h"

typedef struct SortedValues SortedValues;

extern SortedValues *la_sorted_begin(RowStore *store, Size memory);
extern bool la_sorted_next(SortedValues *sorted, double *value, uint64 *count);
extern void la_sorted_end(SortedValues *sorted);

#endif							/* LA_SORTED_H */
