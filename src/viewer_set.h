/*
 * viewer_set.h
 *		The type viewer_set as the wrappers see it.
 */
#ifndef LA_VIEWER_SET_H
#define LA_VIEWER_SET_H

#include "core/viewer_set_core.h"

extern ViewerSet *la_viewer_set_alloc(uint64 bytes);
extern ViewerSet *la_viewer_set_finish(ViewerSet *set);
extern ViewerSet *la_viewer_set_from_datum(Datum datum);
extern ViewerSet *la_viewer_set_of_ranges(const SetRange *ranges, size_t n);

#define PG_GETARG_VIEWER_SET_P(n) la_viewer_set_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_VIEWER_SET_H */
