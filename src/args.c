/*
 * args.c
 *		Checked access to function arguments: float8[] to (const double *, n).
 *
 * "name" is the argument's name in SQL; it appears in the messages.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"

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
