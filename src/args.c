/*
 * args.c
 *		Checked access to function arguments: float8[] to (const double *, n),
 *		and making results of the same kind.
 *
 * "name" is the argument's name in SQL; it appears in the messages.
 */
#include "liveanalytics.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "nodes/primnodes.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "args.h"

/*
 * la_arg_is_constant
 *		Whether an argument is the same in every call that shares fn_extra.
 *
 * get_fn_expr_arg_stable would say so of a parameter too, but PL/pgSQL keeps
 * an expression for the rest of the transaction while the variables in it,
 * which are parameters, change.
 */
bool
la_arg_is_constant(FunctionCallInfo fcinfo, int argno)
{
	Node	   *call = fcinfo->flinfo->fn_expr;

	if (call == NULL || !IsA(call, FuncExpr) || argno >= list_length(((FuncExpr *) call)->args))
		return false;
	return IsA(list_nth(((FuncExpr *) call)->args, argno), Const);
}

/*
 * la_vector_length
 *		Number of elements of a one-dimensional array, whatever its lower
 *		bound; an empty array has none.  Other shapes are an error.
 */
int
la_vector_length(ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be a one-dimensional array, not one of %d dimensions",
						name, ARR_NDIM(array))));
	return ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
}

/*
 * la_vector_has_null
 *		Whether an element is NULL, not merely whether a null bitmap exists.
 */
bool
la_vector_has_null(ArrayType *array)
{
	return ARR_HASNULL(array) && array_contains_nulls(array);
}

/*
 * la_text_position
 *		Where in a one-dimensional array of texts a text is, counted from 0, or
 *		-1.  Texts are equal when their bytes are.
 *
 * A NULL element is an error, and so is a second one that is equal.
 */
int
la_text_position(text *value, ArrayType *array, const char *name)
{
	int			n = la_vector_length(array, name);
	char	   *element = ARR_DATA_PTR(array);
	int			found = -1;

	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name)));
	for (int i = 0; i < n; i++)
	{
		Size		size = VARSIZE_ANY_EXHDR(element);

		if (size == VARSIZE_ANY_EXHDR(value) && memcmp(VARDATA_ANY(element), VARDATA_ANY(value), size) == 0)
		{
			if (found >= 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("%s must differ, but positions %d and %d are both \"%s\"",
								name, found + 1, i + 1, text_to_cstring(value))));
			found = i;
		}
		element = att_addlength_pointer(element, -1, element);
		element = (char *) att_align_nominal(element, TYPALIGN_INT);
	}
	return found;
}

/*
 * la_check_finite
 *		Error unless "value" is a finite number.
 */
void
la_check_finite(double value, const char *name)
{
	if (unlikely(!isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite number, not %g", name, value)));
}

/*
 * la_finite_vector
 *		The elements of a one-dimensional array, all of them finite numbers.
 *
 * The result points into "array", which must outlive it.  NULL elements, NaN
 * and infinity are errors that name the position.
 */
const double *
la_finite_vector(ArrayType *array, const char *name, int *n)
{
	const double *values;

	*n = la_vector_length(array, name);
	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name)));

	values = (const double *) ARR_DATA_PTR(array);
	for (int i = 0; i < *n; i++)
	{
		if (unlikely(!isfinite(values[i])))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("%s must contain finite numbers only, not %g at position %d",
							name, values[i], i + 1)));
	}
	return values;
}

/*
 * la_read_features
 *		Copy the n elements of a feature vector, a missing one as NaN.
 *
 * NULL and NaN are missing; infinity is an error that names the position.
 * The caller has checked the length.
 */
void
la_read_features(ArrayType *array, double *out, int n)
{
	const double *values = (const double *) ARR_DATA_PTR(array);
	bits8	   *present = ARR_NULLBITMAP(array);

	for (int i = 0; i < n; i++)
	{
		if (present && !(present[i / 8] & (1 << (i % 8))))
		{
			out[i] = get_float8_nan();
			continue;
		}
		out[i] = *values++ + 0.0;	/* -0 becomes 0 */
		if (unlikely(isinf(out[i])))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("features must not contain infinity, as at position %d", i + 1),
					 errhint("Use NULL where a value is not known.")));
	}
}

/*
 * la_float8_array
 *		A one-dimensional float8[] of n values.
 */
ArrayType *
la_float8_array(const double *values, int n)
{
	Size		size = add_size(ARR_OVERHEAD_NONULLS(1), mul_size(n, sizeof(double)));
	ArrayType  *array;

	if (n == 0)
		return construct_empty_array(FLOAT8OID);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), values, mul_size(n, sizeof(double)));
	return array;
}

/*
 * la_float8_out
 *		The shortest decimal number that reads back as this very value,
 *		whatever extra_float_digits says.
 */
char *
la_float8_out(double value)
{
	char	   *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(value, text);
	return text;
}
