/*
 * linreg.h
 *		The type linreg as the wrappers see it.
 */
#ifndef LA_LINREG_H
#define LA_LINREG_H

#include "core/linreg_core.h"
#include "core/linreg_solve.h"

extern LinregState *la_linreg_new(int p);
extern LinregState *la_linreg_from_datum(Datum datum);
extern LinregFit *la_linreg_solve(const LinregState *state, LaResult *result);
LA_NORETURN extern void la_linreg_report(LaResult result);

#define PG_GETARG_LINREG_P(n) la_linreg_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_LINREG_H */
