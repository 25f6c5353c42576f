/*
 * forest_oob_rows.h
 *		The rows that are followed out of bag, as forest_oob.c and
 *		forest_importance.c both have to know them; for these two only.
 */
#ifndef LA_FOREST_OOB_ROWS_H
#define LA_FOREST_OOB_ROWS_H

#include "forest_oob.h"
#include "forest_walk.h"

/*
 * Followed by, per row of the sample: its record, its number of votes, and its
 * votes per class (one if a number is predicted).
 */
struct Oob
{
	uint32_t	sample;			/* rows followed */
	uint32_t	width;			/* votes per row */
	double		half_min;		/* half the smallest target */
	double		half_range;		/* half the difference to the largest */
};

/* a place in the sample */
typedef struct OobCursor
{
	uint32_t	next;			/* row of the sample */
	uint32_t	number;			/* its canonical number */
	uint32_t	remainder;
} OobCursor;

static inline size_t
la_oob_align(size_t size)
{
	return (size + 15) & ~(size_t) 15;
}

static inline size_t
la_oob_records_at(void)
{
	return la_oob_align(sizeof(Oob));
}

static inline const uint32_t *
la_oob_records(const Oob *oob)
{
	return (const uint32_t *) ((const char *) oob + la_oob_records_at());
}

static inline OobCursor
la_oob_first_row(void)
{
	return (OobCursor) {0, 0, 0};
}

/*
 * A target in units of the range, from 0 to 1.  A difference of halves does
 * not overflow.
 */
static inline double
la_oob_to_unit(const Oob *oob, double target)
{
	double		unit;

	if (oob->half_range <= 0)
		return 0;
	unit = (target / 2 - oob->half_min) / oob->half_range;
	return unit < 0 ? 0 : unit > 1 ? 1 : unit;
}

extern uint32_t la_oob_sample_size(const ForestRows *rows);
extern uint32_t la_oob_next_rows(const Oob *oob, const ForestRows *rows, const uint8_t *drawn,
								 OobCursor *cursor, uint32_t *out);
extern void la_oob_find_leaves(const Oob *oob, const ForestRows *rows, const ForestTree *tree,
							   const uint32_t *out, uint32_t n, uint32_t *leaf);

#endif							/* LA_FOREST_OOB_ROWS_H */
