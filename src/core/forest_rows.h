/*
 * forest_rows.h
 *		The rows a forest learns from: binned, collapsed, in canonical order.
 */
#ifndef LA_FOREST_ROWS_H
#define LA_FOREST_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Equal rows (same bins, same label) are held once, as one record: a bin per
 * feature, then the label, which is a class of one byte (two if there are more
 * than 256 classes) or a number, a double.  The order of the records is a
 * function of their contents, so that a tree grown from them does not depend
 * on the order of arrival.  In that canonical order the rows as they came have
 * numbers from 0 to total - 1; those of record r begin at first[r].
 */
typedef struct ForestRows
{
	uint32_t	nrows;			/* records */
	uint32_t	total;			/* rows as they came */
	uint32_t	nfeatures;
	uint32_t	nclasses;		/* 0: the label is a number */
	uint32_t	stride;			/* bytes of a record, see la_forest_row_stride */
	uint8_t    *records;
	uint32_t   *first;			/* nrows + 1; NULL if no two rows are equal */
} ForestRows;

static inline uint32_t
la_forest_label_bytes(uint32_t nclasses)
{
	if (nclasses == 0)
		return sizeof(double);
	return nclasses <= 256 ? 1 : 2;
}

static inline uint32_t
la_forest_row_stride(uint32_t nfeatures, uint32_t nclasses)
{
	return nfeatures + la_forest_label_bytes(nclasses);
}

static inline const uint8_t *
la_forest_row(const ForestRows *rows, uint32_t record)
{
	return rows->records + (size_t) record * rows->stride;
}

/* The class of a record. */
static inline uint32_t
la_forest_row_class(const ForestRows *rows, const uint8_t *record)
{
	const uint8_t *label = record + rows->nfeatures;
	uint16_t	wide;

	if (rows->nclasses <= 256)
		return *label;
	memcpy(&wide, label, sizeof(wide));
	return wide;
}

/* The number that a record is labelled with. */
static inline double
la_forest_row_number(const ForestRows *rows, const uint8_t *record)
{
	double		number;

	memcpy(&number, record + rows->nfeatures, sizeof(number));
	return number;
}

/* The canonical number of the first of the rows that a record stands for. */
static inline uint32_t
la_forest_row_first(const ForestRows *rows, uint32_t record)
{
	return rows->first ? rows->first[record] : record;
}

extern uint32_t la_forest_rows_sort(ForestRows *rows);
extern void la_forest_rows_collapse(ForestRows *rows, uint32_t *first);

#endif							/* LA_FOREST_ROWS_H */
