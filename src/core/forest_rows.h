/*
 * forest_rows.h
 *		The rows a forest learns from: binned, collapsed, in canonical order.
 */
#ifndef LA_FOREST_ROWS_H
#define LA_FOREST_ROWS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Equal rows (same bins, same class) are held once.  The order of the rows is
 * a function of their contents, so that a tree grown from them does not depend
 * on the order of arrival.
 */
typedef struct ForestRows
{
	uint32_t	nrows;			/* distinct rows */
	uint32_t	total;			/* rows as they came */
	uint32_t	nfeatures;
	uint32_t	nclasses;
	uint8_t    *bins;			/* bins[feature * nrows + row] */
	uint16_t   *label;			/* class of a row, below nclasses */
	uint32_t   *row_of;			/* as it came, in canonical order: its distinct row */
} ForestRows;

typedef struct CollapseScratch
{
	uint64_t   *keys;			/* room for "total" of each */
	uint64_t   *key_scratch;
	uint32_t   *order;
	uint32_t   *order_scratch;
	uint8_t    *column;
} CollapseScratch;

extern void la_forest_rows_collapse(ForestRows *rows, const CollapseScratch *scratch);

#endif							/* LA_FOREST_ROWS_H */
