/*
 * linreg.h
 *		The type linreg as the wrappers see it.
 */
#ifndef LA_LINREG_H
#define LA_LINREG_H

#include "core/linreg_core.h"
#include "core/linreg_solve.h"
#include "utils/array.h"

extern LinregState *la_linreg_new(int p, int flags);
extern LinregState *la_linreg_from_datum(Datum datum);
extern LinregFit *la_linreg_solve(const LinregState *state, LaResult *result);
extern LinregFit *la_linreg_solve_or_report(const LinregState *state);
extern int	la_linreg_count_features(ArrayType *array);
extern void la_linreg_check_level(double level);
LA_NORETURN extern void la_linreg_report(LaResult result);

static inline void
la_linreg_check_result(LaResult result)
{
	if (unlikely(result != LA_OK))
		la_linreg_report(result);
}

#define PG_GETARG_LINREG_P(n) la_linreg_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_LINREG_H */
