/*
 * args.h
 *		Checked access to function arguments, and making results.
 */
#ifndef LA_ARGS_H
#define LA_ARGS_H

#include "fmgr.h"
#include "utils/array.h"

extern bool la_arg_is_constant(FunctionCallInfo fcinfo, int argno);
extern int	la_vector_length(ArrayType *array, const char *name);
extern bool la_vector_has_null(ArrayType *array);
extern int	la_text_position(text *value, ArrayType *array, const char *name);
extern const double *la_finite_vector(ArrayType *array, const char *name, int *n);
extern void la_read_features(ArrayType *array, double *out, int n);
extern ArrayType *la_float8_array(const double *values, int n);
extern char *la_float8_out(double value);
extern void la_check_finite(double value, const char *name);

#endif							/* LA_ARGS_H */
