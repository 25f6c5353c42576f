/*
 * logreg.h
 *		The type logreg as the wrappers see it.
 */
#ifndef LA_LOGREG_H
#define LA_LOGREG_H

#include "c.h"

#include "core/logreg_model.h"

extern Logreg *la_logreg_new(int p, int classes, Size label_bytes);
extern void la_logreg_clear_estimates(Logreg *model);
extern text *la_logreg_label(const Logreg *model, int c);
extern Logreg *la_logreg_from_datum(Datum datum);

#define PG_GETARG_LOGREG_P(n) la_logreg_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_LOGREG_H */
