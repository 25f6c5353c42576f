/*
 * linreg_row.h
 *		A row as the aggregates of linear regression get it: state, y, x and,
 *		with weights, the weight.
 */
#ifndef LA_LINREG_ROW_H
#define LA_LINREG_ROW_H

#include <math.h>

#include "args.h"
#include "linreg.h"

/* x is an array; goes with the flags of a state */
#define LINREG_ARRAY 0x100

typedef enum LinregRowKind
{
	LINREG_IGNORED,				/* as if it were not there */
	LINREG_SKIPPED,				/* left out, and counted as that */
	LINREG_COUNTED
} LinregRowKind;

typedef struct LinregRow
{
	int			p;				/* features, 0 if the row does not show that */
	double		y;
	double		weight;
	double		x1;				/* where x is no array */
	const double *x;			/* into the argument, or &x1 */
} LinregRow;

/*
 * The weight of a row: false if that is NULL.
 */
static inline bool
linreg_get_weight(FunctionCallInfo fcinfo, double *weight)
{
	if (PG_ARGISNULL(3))
		return false;
	*weight = PG_GETARG_FLOAT8(3);
	la_check_finite(*weight, "weight");
	if (unlikely(*weight < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must not be negative: %g", *weight)));
	return true;
}

/* Argument 2, the array: false if an element is NULL. */
static inline bool
linreg_get_array(FunctionCallInfo fcinfo, LinregRow *row)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);

	row->p = la_linreg_count_features(array);
	if (la_vector_has_null(array))
		return false;
	la_check_finite(PG_GETARG_FLOAT8(1), "y");
	row->x = la_finite_vector(array, "x", &row->p);
	return true;
}

/* Argument 2, one feature. */
static inline void
linreg_get_feature(FunctionCallInfo fcinfo, LinregRow *row)
{
	row->x1 = PG_GETARG_FLOAT8(2);
	row->x = &row->x1;
	if (unlikely(!isfinite(row->y) || !isfinite(row->x1)))
	{
		la_check_finite(row->y, "y");
		la_check_finite(row->x1, "x");
	}
}

/*
 * linreg_get_row
 *		The row in the arguments; of one that is not counted only p is set.
 *
 * A NULL y or a weight of 0 leaves it out, a NULL weight or feature is counted
 * as that.
 */
static inline LinregRowKind
linreg_get_row(FunctionCallInfo fcinfo, int flags, LinregRow *row)
{
	row->weight = 1;
	row->p = flags & LINREG_ARRAY ? 0 : 1;
	if (PG_ARGISNULL(1))
		return LINREG_IGNORED;
	if ((flags & LA_LINREG_WEIGHTED) && !linreg_get_weight(fcinfo, &row->weight))
		return LINREG_SKIPPED;
	if (row->weight == 0)
		return LINREG_IGNORED;
	if (PG_ARGISNULL(2))
		return LINREG_SKIPPED;
	row->y = PG_GETARG_FLOAT8(1);
	if (!(flags & LINREG_ARRAY))
		linreg_get_feature(fcinfo, row);
	else if (!linreg_get_array(fcinfo, row))
		return LINREG_SKIPPED;
	return LINREG_COUNTED;
}

/* Add a row of weight "weight" to a state of as many features. */
static inline LaResult
linreg_add_row(LinregState *state, double y, const double *x, double weight)
{
	if (weight != 1)
		return la_linreg_add_weighted(state, y, x, weight);
	return la_linreg_add(state, y, x);
}

#endif							/* LA_LINREG_ROW_H */
