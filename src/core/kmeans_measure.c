/*
 * kmeans_measure.c
 *		Measure the rows of a k-means from a point near to them, in units that
 *		they spread by.
 *
 * Source of the sums: Chan, Golub & LeVeque, Updating Formulae and a Pairwise
 * Algorithm for Computing Sample Variances, COMPSTAT 1982.
 */
#include "kmeans_measure.h"

#include <math.h>
#include <string.h>

typedef enum MeasurePhase
{
	MEASURE_RANGE,
	MEASURE_MOMENTS,
	MEASURE_APPLY,
	MEASURE_DONE
} MeasurePhase;

struct KmeansMeasure
{
	KmeansRows *rows;
	KmeansColumn *columns;
	bool		standardize;
	MeasurePhase phase;
	uint32_t	step;
	uint32_t	next;
	double		count;			/* rows in mean and m2 */
	double	   *low;
	double	   *high;
	double	   *mean;			/* of (x - shift) * unit */
	double	   *m2;
	double	   *part_mean;
	double	   *part_m2;
	double	   *unit;			/* a power of two that brings the range near 1 */
	uint32_t	too_wide;		/* the first such column, counted from 1 */
};

size_t
la_kmeans_measure_size(uint32_t nfeatures)
{
	return sizeof(KmeansMeasure) + 7 * (size_t) nfeatures * sizeof(double);
}

/*
 * la_kmeans_measure_begin
 *		Begin to measure sorted rows, in place, and to fill in the columns.
 *
 * A column is measured from its value nearest to 0, rounded so that numbers of
 * few digits stay numbers of few digits: it takes an offset away and leaves
 * what was small and exact as it is.  With "standardize" the unit is the
 * standard deviation of the column (that of the population, as scikit-learn's
 * StandardScaler has it), or 1 for a constant one.  Without it the unit is 1,
 * unless all squares would underflow.
 */
KmeansMeasure *
la_kmeans_measure_begin(void *memory, KmeansRows *rows, KmeansColumn *columns, bool standardize)
{
	KmeansMeasure *measure = memory;
	uint32_t	p = rows->nfeatures;

	memset(measure, 0, la_kmeans_measure_size(p));
	measure->rows = rows;
	measure->columns = columns;
	measure->standardize = standardize;
	measure->step = la_kmeans_rows_per_step(p);
	measure->low = (double *) (measure + 1);
	measure->high = measure->low + p;
	measure->mean = measure->high + p;
	measure->m2 = measure->mean + p;
	measure->part_mean = measure->m2 + p;
	measure->part_m2 = measure->part_mean + p;
	measure->unit = measure->part_m2 + p;
	memcpy(measure->low, rows->values, p * sizeof(double));
	memcpy(measure->high, rows->values, p * sizeof(double));
	return measure;
}

static void
find_range(KmeansMeasure *measure, uint32_t end)
{
	uint32_t	p = measure->rows->nfeatures;
	double	   *restrict low = measure->low;
	double	   *restrict high = measure->high;

	for (uint32_t i = measure->next; i < end; i++)
	{
		const double *restrict row = la_kmeans_row(measure->rows, i);

		for (uint32_t j = 0; j < p; j++)
		{
			low[j] = row[j] < low[j] ? row[j] : low[j];
			high[j] = row[j] > high[j] ? row[j] : high[j];
		}
	}
}

/* a power of two, at most the given number */
static double
power_of_two(double x)
{
	int			exponent;

	frexp(x, &exponent);
	return ldexp(1.0, exponent - 1);
}

static double
choose_shift(double low, double high)
{
	double		nearest = low > 0 ? low : (high < 0 ? high : 0);
	double		steps;

	if (high == low || nearest == 0)
		return nearest;
	steps = nearest / (power_of_two(high - low) / 4);
	/* beyond 2^53 steps every number is on the grid */
	return fabs(steps) < 9007199254740992.0 ? trunc(steps) * (power_of_two(high - low) / 4) : nearest;
}

static void
end_range(KmeansMeasure *measure)
{
	for (uint32_t j = 0; j < measure->rows->nfeatures; j++)
	{
		double		range = measure->high[j] - measure->low[j];

		if (!(range <= LA_KMEANS_MAX_RANGE))
		{
			measure->too_wide = j + 1;
			break;
		}
		measure->columns[j].shift = choose_shift(measure->low[j], measure->high[j]);
		measure->unit[j] = range > 1e-300 ? 1 / power_of_two(range) : 1e300;
	}
	measure->phase = measure->too_wide ? MEASURE_DONE : MEASURE_MOMENTS;
}

/* Means and centred sums of squares of some rows, added to those of the others. */
static void
add_moments(KmeansMeasure *measure, uint32_t end)
{
	const KmeansRows *rows = measure->rows;
	uint32_t	p = rows->nfeatures;
	double	   *restrict mean = measure->part_mean;
	double	   *restrict m2 = measure->part_m2;
	double		count = 0;
	double		total;

	memset(mean, 0, p * sizeof(double));
	memset(m2, 0, p * sizeof(double));
	for (uint32_t i = measure->next; i < end; i++)
	{
		const double *restrict row = la_kmeans_row(rows, i);
		double		weight = la_kmeans_weight(rows, i);

		count += weight;
		for (uint32_t j = 0; j < p; j++)
			mean[j] += weight * ((row[j] - measure->columns[j].shift) * measure->unit[j]);
	}
	for (uint32_t j = 0; j < p; j++)
		mean[j] /= count;
	for (uint32_t i = measure->next; i < end; i++)
	{
		const double *restrict row = la_kmeans_row(rows, i);
		double		weight = la_kmeans_weight(rows, i);

		for (uint32_t j = 0; j < p; j++)
		{
			double		d = (row[j] - measure->columns[j].shift) * measure->unit[j] - mean[j];

			m2[j] += weight * d * d;
		}
	}

	/* joined as in the source above */
	total = measure->count + count;
	for (uint32_t j = 0; j < p; j++)
	{
		double		d = mean[j] - measure->mean[j];

		measure->mean[j] += d * (count / total);
		measure->m2[j] += m2[j] + d * d * (measure->count * (count / total));
	}
	measure->count = total;
}

/* A scale for all columns alike that keeps the squares of tiny numbers from 0. */
static double
common_scale(const KmeansMeasure *measure)
{
	double		widest = 0;

	for (uint32_t j = 0; j < measure->rows->nfeatures; j++)
	{
		if (measure->high[j] - measure->low[j] > widest)
			widest = measure->high[j] - measure->low[j];
	}
	return widest > 0 && widest < 1e-100 ? power_of_two(widest) : 1;
}

static void
end_moments(KmeansMeasure *measure)
{
	double		common = common_scale(measure);

	for (uint32_t j = 0; j < measure->rows->nfeatures; j++)
	{
		KmeansColumn *column = &measure->columns[j];
		double		variance = measure->m2[j] / measure->count;
		double		deviation = sqrt(variance) / measure->unit[j];
		double		reach;

		column->scale = common;
		if (measure->standardize)
			column->scale = deviation > 0 && measure->high[j] > measure->low[j] ? deviation : 1;
		column->variance = (deviation / column->scale) * (deviation / column->scale);
		reach = fmax(fabs(measure->low[j] - column->shift), fabs(measure->high[j] - column->shift)) / column->scale;
		column->bound = reach > 0 ? 2 * power_of_two(reach) : 1;
	}
	measure->phase = MEASURE_APPLY;
}

static void
apply_columns(KmeansMeasure *measure, uint32_t end)
{
	const KmeansRows *rows = measure->rows;
	uint32_t	p = rows->nfeatures;
	double	   *restrict shift = measure->low;
	double	   *restrict scale = measure->high;

	for (uint32_t j = 0; j < p; j++)
	{
		shift[j] = measure->columns[j].shift;
		scale[j] = measure->columns[j].scale;
	}
	for (uint32_t i = measure->next; i < end; i++)
	{
		double	   *row = rows->values + (size_t) i * p;

		la_kmeans_measure_row(shift, scale, p, row, row);
	}
}

/*
 * la_kmeans_measure_step
 *		Go on; false once the rows are measured.
 */
bool
la_kmeans_measure_step(KmeansMeasure *measure)
{
	uint32_t	nrows = measure->rows->nrows;
	uint32_t	end = nrows - measure->next > measure->step ? measure->next + measure->step : nrows;

	if (measure->phase == MEASURE_RANGE)
		find_range(measure, end);
	else if (measure->phase == MEASURE_MOMENTS)
		add_moments(measure, end);
	else
		apply_columns(measure, end);

	measure->next = end;
	if (end < nrows)
		return true;
	measure->next = 0;
	if (measure->phase == MEASURE_RANGE)
		end_range(measure);
	else if (measure->phase == MEASURE_MOMENTS)
		end_moments(measure);
	else
		measure->phase = MEASURE_DONE;
	return measure->phase != MEASURE_DONE;
}

/*
 * la_kmeans_measure_end
 *		LA_OVERFLOW if the numbers of a column are too far apart; "column" is
 *		which, counted from 0, and the rows are as they were.
 */
LaResult
la_kmeans_measure_end(const KmeansMeasure *measure, uint32_t *column)
{
	if (measure->too_wide == 0)
		return LA_OK;
	*column = measure->too_wide - 1;
	return LA_OVERFLOW;
}
