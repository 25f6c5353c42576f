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

/* The n elements of a boolean[], up to 64, as bits, the first the lowest; NULL is not true. */
static inline uint64
la_true_bits(ArrayType *array, int n)
{
	const bool *values = (const bool *) ARR_DATA_PTR(array);
	const bits8 *present = ARR_NULLBITMAP(array);
	uint64		bits = 0;

	if (likely(present == NULL))
	{
		for (int i = 0; i < n; i++)
			bits |= (uint64) values[i] << i;
		return bits;
	}
	for (int i = 0; i < n; i++)
	{
		if (present[i / 8] & (1 << (i % 8)))
			bits |= (uint64) *values++ << i;
	}
	return bits;
}

#endif							/* LA_ARGS_H */
