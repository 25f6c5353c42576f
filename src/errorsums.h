/*
 * errorsums.h
 *		The type error_sums as the wrappers see it.
 */
#ifndef LA_ERRORSUMS_H
#define LA_ERRORSUMS_H

#include "core/errorsums_core.h"

extern ErrorSums *la_error_sums_new(ErrorKind kind);
extern ErrorSums *la_error_sums_from_datum(Datum datum);
extern const char *la_error_kind_name(int kind);

#define PG_GETARG_ERROR_SUMS_P(n) la_error_sums_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_ERRORSUMS_H */
