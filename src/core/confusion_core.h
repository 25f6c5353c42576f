/*
 * confusion_core.h
 *		Counts of rows per pair of actual and predicted class.
 */
#ifndef LA_CONFUSION_CORE_H
#define LA_CONFUSION_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

#define LA_CONFUSION_MAX_CLASSES	65535
#define LA_CONFUSION_MAX_CELLS		(1 << 24)

/* a class as bytes, which belong to the table or to the caller */
typedef struct ConfusionLabel
{
	const char *bytes;
	uint32_t	length;
	uint32_t	index;			/* class of a table, where there is one */
} ConfusionLabel;

/* how many rows of class "actual" were predicted to be "predicted" */
typedef struct ConfusionCell
{
	uint32_t	actual;
	uint32_t	predicted;
	int64_t		rows;			/* above 0 */
} ConfusionCell;

typedef struct ConfusionSize
{
	uint32_t	classes;
	uint32_t	cells;			/* pairs that occur */
	uint64_t	label_bytes;
} ConfusionSize;

/*
 * One block of memory without pointers, so that it can be copied and stored.
 * The cells, hash tables, classes and label bytes follow this header.
 */
typedef struct ConfusionTable
{
	uint32_t	reserved;		/* the caller's */
	uint32_t	format;
	int64_t		rows;			/* sum over the cells */
	ConfusionSize used;
	ConfusionSize capacity;
} ConfusionTable;

/* figures of a class, or means over all classes */
typedef struct ConfusionScores
{
	double		precision;
	double		recall;
	double		f1;
	int64_t		support;
} ConfusionScores;

typedef struct ConfusionReport
{
	double		accuracy;
	ConfusionScores macro_avg;
	ConfusionScores weighted_avg;
} ConfusionReport;

/* what la_confusion_report counts for a class on its way */
typedef struct ConfusionTotals
{
	int64_t		actual;
	int64_t		predicted;
	int64_t		right;
} ConfusionTotals;

extern uint64_t la_confusion_bytes(const ConfusionSize *capacity);
extern ConfusionSize la_confusion_capacity(const ConfusionTable *table, const ConfusionSize *more);
extern void la_confusion_init(ConfusionTable *table, const ConfusionSize *capacity);
extern bool la_confusion_has_room(const ConfusionTable *table, const ConfusionSize *more);
extern bool la_confusion_valid(const ConfusionTable *table, uint64_t bytes);

extern LaResult la_confusion_class(ConfusionTable *table, const ConfusionLabel *label,
								   uint32_t *index);
extern LaResult la_confusion_count(ConfusionTable *table, uint32_t actual, uint32_t predicted,
								   int64_t rows);
extern LaResult la_confusion_read_class(ConfusionTable *table, const ConfusionLabel *label,
										uint32_t *index);
extern LaResult la_confusion_read_cell(ConfusionTable *table, uint64_t actual, uint64_t predicted,
									   int64_t rows);
extern LaResult la_confusion_add(ConfusionTable *table, const ConfusionLabel *actual,
								 const ConfusionLabel *predicted);
extern LaResult la_confusion_merge_classes(ConfusionTable *table, const ConfusionTable *other,
										   uint32_t *map);
extern LaResult la_confusion_merge_cells(ConfusionTable *table, const ConfusionTable *other,
										 const uint32_t *map, uint32_t first, uint32_t n);

extern ConfusionLabel la_confusion_label(const ConfusionTable *table, uint32_t index);
extern const ConfusionCell *la_confusion_cells(const ConfusionTable *table);
extern int	la_confusion_compare_labels(const void *a, const void *b);
extern int	la_confusion_compare_cells(const void *a, const void *b);
extern void la_confusion_report(const ConfusionTable *table, const ConfusionLabel *order,
								ConfusionTotals *totals, ConfusionScores *scores,
								ConfusionReport *report);

#endif							/* LA_CONFUSION_CORE_H */
