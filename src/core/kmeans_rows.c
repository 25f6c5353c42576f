/*
 * kmeans_rows.c
 *		Bring rows into canonical order, hold equal ones once, and measure them
 *		from a point near to them.
 *
 * The order is that of a hash of the contents, and of the contents themselves
 * where hashes agree: any order will do, as long as nothing but the contents
 * decides it.  Keys are sorted, not rows: the upper bits of a key are a hash,
 * the lower ones the number of its row.  Then every row moves once, along the
 * cycles of the permutation, so that there is no second matrix.
 *
 * All of it is done in steps of STEP_VALUES numbers.
 */
#include "kmeans_rows.h"

#include <math.h>
#include <string.h>

#include "radix.h"

#define STEP_VALUES (1 << 18)

#define DIGIT_BITS 8
#define NDIGITS (1 << DIGIT_BITS)
#define MAX_DIGITS 8

typedef enum SortPhase
{
	SORT_HASH,					/* make the keys and count their digits */
	SORT_DIGIT,					/* spread them by one digit */
	SORT_TIES,					/* where hashes agree, look at the rows */
	SORT_SORTED,
	SORT_MOVE,					/* rows go where their keys are */
	SORT_COLLAPSE,
	SORT_DONE
} SortPhase;

struct KmeansSort
{
	KmeansRows *rows;
	uint64_t   *keys;
	uint64_t   *scratch;
	double	   *held;			/* the row that left its place first */
	SortPhase	phase;
	uint32_t	step;			/* rows in one step */
	uint32_t	next;
	int			index_bits;
	int			ndigits;
	int			digit;
	uint32_t	counts[MAX_DIGITS][NDIGITS];

	/* SORT_TIES: rows of one hash begin at "run" */
	uint32_t	run;
	bool		mixed;			/* they are not all equal */
	uint32_t	distinct;

	/* SORT_MOVE: the cycle that began at "next" has come to "hole" */
	bool		moving;
	uint32_t	hole;

	/* SORT_COLLAPSE */
	uint32_t	kept;
};

static uint32_t
rows_per_step(uint32_t nfeatures)
{
	uint32_t	rows = STEP_VALUES / (nfeatures + 8);

	return rows > 16 ? rows : 16;
}

static int
bits_for(uint32_t n)
{
	int			bits = 1;

	while (bits < 32 && (n - 1) >> bits > 0)
		bits++;
	return bits;
}

size_t
la_kmeans_sort_size(uint32_t nrows, uint32_t nfeatures)
{
	return sizeof(KmeansSort) + 2 * (size_t) nrows * sizeof(uint64_t) + nfeatures * sizeof(double);
}

/*
 * la_kmeans_sort_begin
 *		Begin to bring rows->total rows, one at least, into canonical order.
 *
 * "memory" has la_kmeans_sort_size bytes.  Enough of the hash is sorted by that
 * one pair of different rows in 65,000 million shares it.
 */
KmeansSort *
la_kmeans_sort_begin(void *memory, KmeansRows *rows)
{
	KmeansSort *sort = memory;

	memset(sort, 0, sizeof(KmeansSort));
	sort->rows = rows;
	sort->keys = (uint64_t *) (sort + 1);
	sort->scratch = sort->keys + rows->total;
	sort->held = (double *) (sort->scratch + rows->total);
	sort->step = rows_per_step(rows->nfeatures);
	sort->index_bits = bits_for(rows->total);
	sort->ndigits = (2 * sort->index_bits + DIGIT_BITS - 1) / DIGIT_BITS;
	if (sort->ndigits > (64 - sort->index_bits) / DIGIT_BITS)
		sort->ndigits = (64 - sort->index_bits) / DIGIT_BITS;
	return sort;
}

static inline uint32_t
row_of(const KmeansSort *sort, uint64_t key)
{
	return (uint32_t) (key & ((UINT64_C(1) << sort->index_bits) - 1));
}

/* the lowest bit of the hash that is sorted by */
static inline int
lowest_bit(const KmeansSort *sort)
{
	return 64 - DIGIT_BITS * sort->ndigits;
}

static inline uint32_t
digit_of(const KmeansSort *sort, uint64_t key, int digit)
{
	return (uint32_t) (key >> (lowest_bit(sort) + DIGIT_BITS * digit)) & (NDIGITS - 1);
}

/* of the numbers, not of their bytes: the same on every machine */
static inline uint64_t
hash_row(const double *row, uint32_t nfeatures)
{
	uint64_t	hash = UINT64_C(0x243f6a8885a308d3);

	for (uint32_t j = 0; j < nfeatures; j++)
	{
		uint64_t	bits;

		memcpy(&bits, &row[j], sizeof(bits));
		hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ (hash >> 29);
}

static void
make_keys(KmeansSort *sort, uint32_t end)
{
	const KmeansRows *rows = sort->rows;
	uint64_t	index_mask = (UINT64_C(1) << sort->index_bits) - 1;

	for (uint32_t i = sort->next; i < end; i++)
	{
		uint64_t	key = (hash_row(la_kmeans_row(rows, i), rows->nfeatures) & ~index_mask) | i;

		sort->keys[i] = key;
		for (int d = 0; d < sort->ndigits; d++)
			sort->counts[d][digit_of(sort, key, d)]++;
	}
}

/* Turn the counts of a digit into first positions. */
static void
start_positions(uint32_t *counts)
{
	uint32_t	sum = 0;

	for (int b = 0; b < NDIGITS; b++)
	{
		uint32_t	count = counts[b];

		counts[b] = sum;
		sum += count;
	}
}

static void
spread_keys(KmeansSort *sort, uint32_t end)
{
	uint32_t   *position = sort->counts[sort->digit];

	for (uint32_t i = sort->next; i < end; i++)
	{
		uint64_t	key = sort->keys[i];

		sort->scratch[position[digit_of(sort, key, sort->digit)]++] = key;
	}
}

static void
end_digit(KmeansSort *sort)
{
	uint64_t   *swap = sort->keys;

	sort->keys = sort->scratch;
	sort->scratch = swap;
	if (++sort->digit == sort->ndigits)
		sort->phase = SORT_TIES;
	else
		start_positions(sort->counts[sort->digit]);
}

static const double *
row_at(const KmeansSort *sort, uint32_t i)
{
	return la_kmeans_row(sort->rows, row_of(sort, sort->keys[i]));
}

/* the order of numbers, column by column */
static int
compare_rows(const double *a, const double *b, uint32_t nfeatures)
{
	for (uint32_t j = 0; j < nfeatures; j++)
	{
		if (a[j] != b[j])
			return a[j] < b[j] ? -1 : 1;
	}
	return 0;
}

static int
compare(const KmeansSort *sort, uint32_t a, uint32_t b)
{
	return compare_rows(row_at(sort, a), row_at(sort, b), sort->rows->nfeatures);
}

static void
swap_keys(KmeansSort *sort, uint32_t a, uint32_t b)
{
	uint64_t	key = sort->keys[a];

	sort->keys[a] = sort->keys[b];
	sort->keys[b] = key;
}

/* rows of one hash, of which some may be made to collide */
#define HEAP_SORT			sort_run
#define HEAP_SET			KmeansSort
#define HEAP_COMPARE		compare
#define HEAP_SWAP			swap_keys
#include "heap_sort.h"

/* The rows of one hash end before "end": how many different ones are there? */
static void
end_run(KmeansSort *sort, uint32_t end)
{
	sort->distinct++;
	if (sort->mixed)
	{
		sort_run(sort, sort->run, end);
		for (uint32_t i = sort->run + 1; i < end; i++)
			sort->distinct += compare(sort, i - 1, i) != 0;
	}
	sort->run = end;
	sort->mixed = false;
}

static void
find_ties(KmeansSort *sort, uint32_t end)
{
	int			shift = lowest_bit(sort);

	for (uint32_t i = sort->next; i < end; i++)
	{
		if (i == sort->run)
			continue;
		if (sort->keys[i] >> shift != sort->keys[sort->run] >> shift)
			end_run(sort, i);
		else if (!sort->mixed && compare(sort, sort->run, i) != 0)
			sort->mixed = true;
	}
}

/*
 * la_kmeans_sort_step
 *		Go on; false once the order is known.
 */
bool
la_kmeans_sort_step(KmeansSort *sort)
{
	uint32_t	total = sort->rows->total;
	uint32_t	end = total - sort->next > sort->step ? sort->next + sort->step : total;

	if (sort->phase == SORT_HASH)
		make_keys(sort, end);
	else if (sort->phase == SORT_DIGIT)
		spread_keys(sort, end);
	else
		find_ties(sort, end);

	sort->next = end;
	if (end < total)
		return true;
	sort->next = 0;
	if (sort->phase == SORT_HASH)
	{
		sort->phase = SORT_DIGIT;
		start_positions(sort->counts[0]);
	}
	else if (sort->phase == SORT_DIGIT)
		end_digit(sort);
	else
	{
		end_run(sort, total);
		sort->phase = SORT_SORTED;
	}
	return sort->phase != SORT_SORTED;
}

/*
 * la_kmeans_sort_distinct
 *		How many different rows there are, once the order is known.
 */
uint32_t
la_kmeans_sort_distinct(const KmeansSort *sort)
{
	return sort->distinct;
}

/*
 * la_kmeans_collapse_begin
 *		Begin to move the rows into their order, in place, and to hold equal ones
 *		once.  The rows keep "weights", with room for as many as are different;
 *		it may be NULL if all are.
 */
void
la_kmeans_collapse_begin(KmeansSort *sort, uint32_t *weights)
{
	sort->rows->weights = weights;
	sort->next = 0;
	sort->phase = SORT_MOVE;
}

/* Move "budget" rows at most; true once all are in their places. */
static bool
move_rows(KmeansSort *sort, uint32_t budget)
{
	KmeansRows *rows = sort->rows;
	size_t		width = rows->nfeatures * sizeof(double);
	uint64_t	index_mask = (UINT64_C(1) << sort->index_bits) - 1;

	while (sort->next < rows->total)
	{
		uint32_t	from;

		if (budget-- == 0)
			return false;
		if (!sort->moving)
		{
			if (row_of(sort, sort->keys[sort->next]) == sort->next)
			{
				sort->next++;
				continue;
			}
			sort->moving = true;
			sort->hole = sort->next;
			memcpy(sort->held, la_kmeans_row(rows, sort->next), width);
		}
		from = row_of(sort, sort->keys[sort->hole]);
		sort->keys[sort->hole] = (sort->keys[sort->hole] & ~index_mask) | sort->hole;
		if (from == sort->next)
		{
			memcpy(rows->values + (size_t) sort->hole * rows->nfeatures, sort->held, width);
			sort->moving = false;
			sort->next++;
			continue;
		}
		memcpy(rows->values + (size_t) sort->hole * rows->nfeatures, la_kmeans_row(rows, from), width);
		sort->hole = from;
	}
	return true;
}

static void
collapse_rows(KmeansSort *sort, uint32_t end)
{
	KmeansRows *rows = sort->rows;
	size_t		width = rows->nfeatures * sizeof(double);

	for (uint32_t i = sort->next; i < end; i++)
	{
		const double *row = la_kmeans_row(rows, i);

		if (sort->kept > 0 &&
			compare_rows(la_kmeans_row(rows, sort->kept - 1), row, rows->nfeatures) == 0)
		{
			rows->weights[sort->kept - 1]++;
			continue;
		}
		if (sort->kept < i)
			memcpy(rows->values + (size_t) sort->kept * rows->nfeatures, row, width);
		rows->weights[sort->kept++] = 1;
	}
	sort->next = end;
}

/*
 * la_kmeans_collapse_step
 *		Go on; false once it is done and rows->nrows says how many are left.
 */
bool
la_kmeans_collapse_step(KmeansSort *sort)
{
	KmeansRows *rows = sort->rows;
	uint32_t	end = rows->total - sort->next > sort->step ? sort->next + sort->step : rows->total;

	if (sort->phase == SORT_MOVE)
	{
		if (!move_rows(sort, sort->step))
			return true;
		sort->next = 0;
		rows->nrows = rows->total;
		sort->phase = rows->weights ? SORT_COLLAPSE : SORT_DONE;
		return rows->weights != NULL;
	}
	collapse_rows(sort, end);
	rows->nrows = sort->kept;
	return sort->next < rows->total;
}

/* --- measuring -------------------------------------------------------------- */

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
	measure->step = rows_per_step(p);
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

	/* Chan, Golub & LeVeque 1982 */
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
