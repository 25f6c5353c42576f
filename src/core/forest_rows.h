/*
 * forest_rows.h
 *		The rows a forest learns from: binned, collapsed, in canonical order.
 */
#ifndef LA_FOREST_ROWS_H
#define LA_FOREST_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "byteio.h"
#include "stop.h"

/*
 * Equal rows (same bins, same label) are held once, as one record: a bin per
 * feature, then the label, which is a class of one byte (two if there are more
 * than 256 classes) or a number, finite.  The order of the records is a
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

	return rows->nclasses <= 256 ? label[0] : label[0] | (uint32_t) label[1] << 8;
}

static inline void
la_forest_set_class(const ForestRows *rows, uint8_t *record, uint32_t cls)
{
	uint8_t    *label = record + rows->nfeatures;

	label[0] = (uint8_t) cls;
	if (rows->nclasses > 256)
		label[1] = (uint8_t) (cls >> 8);
}

/* The number that a record is labelled with. */
static inline double
la_forest_row_number(const ForestRows *rows, const uint8_t *record)
{
	ByteReader	reader = {record + rows->nfeatures, sizeof(double), 0, false};

	return la_read_f64(&reader);
}

static inline void
la_forest_set_number(const ForestRows *rows, uint8_t *record, double number)
{
	ByteWriter	writer = {record + rows->nfeatures, 0};

	la_write_f64(&writer, number);
}

/* The canonical number of the first of the rows that a record stands for. */
static inline uint32_t
la_forest_row_first(const ForestRows *rows, uint32_t record)
{
	return rows->first ? rows->first[record] : record;
}

extern void la_forest_rows_sort(const ForestRows *rows, MayStop may_stop);
extern uint32_t la_forest_rows_distinct(const ForestRows *rows);
extern void la_forest_rows_collapse(ForestRows *rows, uint32_t *first);

#endif							/* LA_FOREST_ROWS_H */
