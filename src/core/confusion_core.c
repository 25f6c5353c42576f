/*
 * confusion_core.c
 *		Counts of rows per pair of actual and predicted class, and the figures
 *		that a classification report makes of them.
 *
 * A table is one block of memory: header, cells, hash table of the cells,
 * classes, hash table of the classes, label bytes.  Classes and cells stand in
 * the order in which they came; whoever shows them sorts them.  The hash
 * tables are open addressing with linear probing, at most half full, and hold
 * an index plus 1, or 0.  Capacities are powers of two.
 *
 * Only pairs that occur take memory, so that many classes cost no more than
 * the rows themselves suggest.
 *
 * A table that came from elsewhere is to be checked with la_confusion_valid
 * and rebuilt by merging it into an empty one, which does not look at its hash
 * tables.
 */
#include "confusion_core.h"

#include <assert.h>
#include <string.h>

#include "hash.h"

/* 'L' 'A' 'C' and the version of the layout */
#define FORMAT		UINT32_C(0x4C414301)
#define HASH_SEED	UINT64_C(0x636F6E66)

#define MIN_CLASSES		4
#define MIN_CELLS		4
#define MIN_LABEL_BYTES	16
#define MAX_CLASS_CAPACITY	(LA_CONFUSION_MAX_CLASSES + 1)

typedef struct ConfusionClass
{
	uint64_t	offset;			/* of the label, in the label bytes */
	uint32_t	length;
	uint32_t	hash;			/* saves most comparisons of labels */
} ConfusionClass;

/* where the parts of a table begin, in bytes from its start */
typedef struct Layout
{
	uint64_t	cells;
	uint64_t	classes;
	uint64_t	cell_slots;
	uint64_t	class_slots;
	uint64_t	labels;
	uint64_t	end;
} Layout;

static Layout
get_layout(const ConfusionSize *capacity)
{
	Layout		l;

	/* what needs the widest alignment comes first */
	l.cells = sizeof(ConfusionTable);
	l.classes = l.cells + sizeof(ConfusionCell) * (uint64_t) capacity->cells;
	l.cell_slots = l.classes + sizeof(ConfusionClass) * (uint64_t) capacity->classes;
	l.class_slots = l.cell_slots + sizeof(uint32_t) * 2 * (uint64_t) capacity->cells;
	l.labels = l.class_slots + sizeof(uint32_t) * 2 * (uint64_t) capacity->classes;
	l.end = l.labels + capacity->label_bytes;
	return l;
}

static inline void *
part(const ConfusionTable *table, uint64_t offset)
{
	return (char *) table + offset;
}

static ConfusionClass *
get_classes(const ConfusionTable *table)
{
	return part(table, get_layout(&table->capacity).classes);
}

/*
 * la_confusion_bytes
 *		Size of a table of this capacity.
 */
uint64_t
la_confusion_bytes(const ConfusionSize *capacity)
{
	return get_layout(capacity).end;
}

/* the smallest power of two, times "least", that is not below "need" */
static uint64_t
round_up(uint64_t need, uint64_t least)
{
	uint64_t	size = least;

	while (size < need)
		size *= 2;
	return size;
}

static uint64_t
at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/*
 * la_confusion_capacity
 *		Capacity of a table for all of "table" (which may be NULL) and "more".
 *
 * Capacities double, so that growing costs a constant time per row in the
 * mean, and stop at the limits, which adding a class or a cell then reports.
 */
ConfusionSize
la_confusion_capacity(const ConfusionTable *table, const ConfusionSize *more)
{
	ConfusionSize used = {0, 0, 0};
	ConfusionSize capacity;

	if (table != NULL)
		used = table->used;
	capacity.classes = (uint32_t) at_most(round_up((uint64_t) used.classes + more->classes, MIN_CLASSES),
										  MAX_CLASS_CAPACITY);
	capacity.cells = (uint32_t) at_most(round_up((uint64_t) used.cells + more->cells, MIN_CELLS),
										LA_CONFUSION_MAX_CELLS);
	capacity.label_bytes = round_up(used.label_bytes + more->label_bytes, MIN_LABEL_BYTES);
	return capacity;
}

/*
 * la_confusion_init
 *		Make an empty table in memory of la_confusion_bytes() zeroes.
 */
void
la_confusion_init(ConfusionTable *table, const ConfusionSize *capacity)
{
	table->format = FORMAT;
	table->capacity = *capacity;
}

/*
 * la_confusion_has_room
 *		Whether "more" can be added without exceeding the capacity, or the
 *		capacity is already the largest.
 */
bool
la_confusion_has_room(const ConfusionTable *table, const ConfusionSize *more)
{
	const ConfusionSize *used = &table->used;
	const ConfusionSize *capacity = &table->capacity;

	return ((uint64_t) used->classes + more->classes <= capacity->classes ||
			capacity->classes == MAX_CLASS_CAPACITY) &&
		((uint64_t) used->cells + more->cells <= capacity->cells ||
		 capacity->cells == LA_CONFUSION_MAX_CELLS) &&
		used->label_bytes + more->label_bytes <= capacity->label_bytes;
}

static bool
is_power_of_two(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* whether the header fits the size of the block, and the counts the header */
static bool
valid_header(const ConfusionTable *table, uint64_t bytes)
{
	const ConfusionSize *capacity = &table->capacity;

	return bytes >= sizeof(ConfusionTable) && table->format == FORMAT &&
		is_power_of_two(capacity->classes) && capacity->classes <= MAX_CLASS_CAPACITY &&
		is_power_of_two(capacity->cells) && capacity->cells <= LA_CONFUSION_MAX_CELLS &&
		capacity->label_bytes <= bytes && la_confusion_bytes(capacity) == bytes &&
		table->used.classes <= at_most(capacity->classes, LA_CONFUSION_MAX_CLASSES) &&
		table->used.cells <= capacity->cells &&
		table->used.label_bytes <= capacity->label_bytes;
}

/*
 * la_confusion_valid
 *		Whether the block of "bytes" bytes is a table that can be read safely
 *		and whose counts add up.  The hash tables are not looked at.
 */
bool
la_confusion_valid(const ConfusionTable *table, uint64_t bytes)
{
	const ConfusionClass *classes;
	const ConfusionCell *cells;
	uint64_t	label_bytes = 0;
	int64_t		rows = 0;

	if (!valid_header(table, bytes))
		return false;

	classes = get_classes(table);
	for (uint32_t i = 0; i < table->used.classes; i++)
	{
		if (classes[i].offset > table->used.label_bytes ||
			classes[i].length > table->used.label_bytes - classes[i].offset)
			return false;
		label_bytes += classes[i].length;
	}
	/* whoever copies them makes room for used.label_bytes */
	if (label_bytes > table->used.label_bytes)
		return false;

	cells = la_confusion_cells(table);
	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		if (cells[i].actual >= table->used.classes || cells[i].predicted >= table->used.classes ||
			cells[i].rows <= 0 || cells[i].rows > INT64_MAX - rows)
			return false;
		rows += cells[i].rows;
	}
	return rows == table->rows;
}

/*
 * la_confusion_label
 *		The label of a class; its bytes belong to the table.
 */
ConfusionLabel
la_confusion_label(const ConfusionTable *table, uint32_t index)
{
	const ConfusionClass *class = &get_classes(table)[index];
	const char *labels = part(table, get_layout(&table->capacity).labels);
	ConfusionLabel label = {labels + class->offset, class->length, index};

	return label;
}

/*
 * la_confusion_cells
 *		The cells, used.cells of them, in no particular order.
 */
const ConfusionCell *
la_confusion_cells(const ConfusionTable *table)
{
	return part(table, get_layout(&table->capacity).cells);
}

static void
append_class(ConfusionTable *table, const Layout *layout, const ConfusionLabel *label, uint32_t hash)
{
	ConfusionClass *class = (ConfusionClass *) part(table, layout->classes) + table->used.classes;

	assert(table->used.classes < table->capacity.classes);
	assert(label->length <= table->capacity.label_bytes - table->used.label_bytes);
	class->offset = table->used.label_bytes;
	class->length = label->length;
	class->hash = hash;
	if (label->length > 0)
		memcpy((char *) part(table, layout->labels) + class->offset, label->bytes, label->length);
	table->used.label_bytes += label->length;
	table->used.classes++;
}

/*
 * la_confusion_class
 *		Find a class by its label, or add it; there must be room for it.
 *
 * Labels are equal when their bytes are.  Returns LA_TOO_LARGE for one class
 * more than LA_CONFUSION_MAX_CLASSES.
 */
LaResult
la_confusion_class(ConfusionTable *table, const ConfusionLabel *label, uint32_t *index)
{
	Layout		layout = get_layout(&table->capacity);
	const ConfusionClass *classes = part(table, layout.classes);
	const char *labels = part(table, layout.labels);
	uint32_t   *slots = part(table, layout.class_slots);
	uint32_t	mask = 2 * table->capacity.classes - 1;
	uint32_t	hash = (uint32_t) la_hash_bytes(label->bytes, label->length, HASH_SEED);
	uint32_t	slot = hash & mask;

	for (; slots[slot] != 0; slot = (slot + 1) & mask)
	{
		const ConfusionClass *class = &classes[slots[slot] - 1];

		if (class->hash == hash && class->length == label->length &&
			memcmp(labels + class->offset, label->bytes, label->length) == 0)
		{
			*index = slots[slot] - 1;
			return LA_OK;
		}
	}

	if (table->used.classes == LA_CONFUSION_MAX_CLASSES)
		return LA_TOO_LARGE;
	append_class(table, &layout, label, hash);
	*index = table->used.classes - 1;
	slots[slot] = table->used.classes;
	return LA_OK;
}

/* the slot of a pair of classes: its own, or the empty one where it belongs */
static uint32_t *
find_cell_slot(const ConfusionTable *table, const Layout *layout, uint32_t actual, uint32_t predicted)
{
	const ConfusionCell *cells = part(table, layout->cells);
	uint32_t   *slots = part(table, layout->cell_slots);
	uint32_t	mask = 2 * table->capacity.cells - 1;
	uint32_t	slot = (uint32_t) la_mix64((uint64_t) actual << 32 | predicted) & mask;

	while (slots[slot] != 0 &&
		   (cells[slots[slot] - 1].actual != actual || cells[slots[slot] - 1].predicted != predicted))
		slot = (slot + 1) & mask;
	return &slots[slot];
}

/*
 * la_confusion_count
 *		Add rows, more than 0, of one pair of classes; there must be room for a
 *		new cell.
 *
 * Returns LA_OVERFLOW if the number of all rows does not fit, LA_TOO_LARGE for
 * one cell more than LA_CONFUSION_MAX_CELLS.
 */
LaResult
la_confusion_count(ConfusionTable *table, uint32_t actual, uint32_t predicted, int64_t rows)
{
	Layout		layout = get_layout(&table->capacity);
	ConfusionCell *cells = part(table, layout.cells);
	uint32_t   *slot = find_cell_slot(table, &layout, actual, predicted);

	if (rows > INT64_MAX - table->rows)
		return LA_OVERFLOW;
	if (*slot == 0)
	{
		ConfusionCell cell = {actual, predicted, 0};

		if (table->used.cells == LA_CONFUSION_MAX_CELLS)
			return LA_TOO_LARGE;
		assert(table->used.cells < table->capacity.cells);
		cells[table->used.cells] = cell;
		*slot = ++table->used.cells;
	}
	cells[*slot - 1].rows += rows;
	table->rows += rows;
	return LA_OK;
}

/*
 * la_confusion_read_class, la_confusion_read_cell
 *		The same of what comes from elsewhere, class by class, then cell by cell,
 *		into a table with room for all: LA_MALFORMED where a class or a cell is
 *		there before, classes are not, or a cell counts no rows.
 */
LaResult
la_confusion_read_class(ConfusionTable *table, const ConfusionLabel *label, uint32_t *index)
{
	uint32_t	used = table->used.classes;
	LaResult	result = la_confusion_class(table, label, index);

	return result == LA_OK && *index != used ? LA_MALFORMED : result;
}

LaResult
la_confusion_read_cell(ConfusionTable *table, uint64_t actual, uint64_t predicted, int64_t rows)
{
	uint32_t	used = table->used.cells;
	LaResult	result;

	if (actual >= table->used.classes || predicted >= table->used.classes || rows < 1)
		return LA_MALFORMED;
	result = la_confusion_count(table, (uint32_t) actual, (uint32_t) predicted, rows);
	return result == LA_OK && table->used.cells == used ? LA_MALFORMED : result;
}

/*
 * la_confusion_add
 *		Add one row.  There must be room for two classes, a cell, and the bytes
 *		of both labels.  Results as of la_confusion_class and _count.
 */
LaResult
la_confusion_add(ConfusionTable *table, const ConfusionLabel *actual, const ConfusionLabel *predicted)
{
	uint32_t	a = 0;
	uint32_t	p = 0;
	LaResult	result = la_confusion_class(table, actual, &a);

	if (result == LA_OK)
		result = la_confusion_class(table, predicted, &p);
	if (result == LA_OK)
		result = la_confusion_count(table, a, p, 1);
	return result;
}

/*
 * la_confusion_merge_classes
 *		Add the classes of "other", and note in "map" what each is in "table".
 *
 * There must be room for them, and in "map" for as many numbers.  Results as
 * of la_confusion_class.
 */
LaResult
la_confusion_merge_classes(ConfusionTable *table, const ConfusionTable *other, uint32_t *map)
{
	LaResult	result = LA_OK;

	for (uint32_t i = 0; i < other->used.classes && result == LA_OK; i++)
	{
		ConfusionLabel label = la_confusion_label(other, i);

		result = la_confusion_class(table, &label, &map[i]);
	}
	return result;
}

/*
 * la_confusion_merge_cells
 *		Add the rows of up to "n" cells of "other" from number "first" on, once
 *		la_confusion_merge_classes has filled "map".
 *
 * There must be room for them.  All cells at once may take a second: a caller
 * that can be interrupted takes some at a time.  Results as of
 * la_confusion_count.
 */
LaResult
la_confusion_merge_cells(ConfusionTable *table, const ConfusionTable *other, const uint32_t *map,
						 uint32_t first, uint32_t n)
{
	const ConfusionCell *cells = la_confusion_cells(other);
	uint64_t	end = at_most((uint64_t) first + n, other->used.cells);
	LaResult	result = LA_OK;

	for (uint64_t i = first; i < end && result == LA_OK; i++)
		result = la_confusion_count(table, map[cells[i].actual], map[cells[i].predicted], cells[i].rows);
	return result;
}

/*
 * la_confusion_compare_labels
 *		Order of labels by their bytes, for qsort.  For UTF-8 that is the order
 *		of code points, in which scikit-learn sorts its labels.
 */
int
la_confusion_compare_labels(const void *a, const void *b)
{
	const ConfusionLabel *x = a;
	const ConfusionLabel *y = b;
	int			order = memcmp(x->bytes, y->bytes, at_most(x->length, y->length));

	if (order != 0)
		return order;
	return (x->length > y->length) - (x->length < y->length);
}

/*
 * la_confusion_compare_cells
 *		Order of cells by actual, then predicted class, for qsort.
 */
int
la_confusion_compare_cells(const void *a, const void *b)
{
	const ConfusionCell *x = a;
	const ConfusionCell *y = b;

	if (x->actual != y->actual)
		return x->actual < y->actual ? -1 : 1;
	return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

static double
ratio(double part_of, double whole)
{
	return whole == 0 ? 0 : part_of / whole;
}

static ConfusionScores
class_scores(const ConfusionTotals *t)
{
	ConfusionScores scores;

	scores.precision = ratio((double) t->right, (double) t->predicted);
	scores.recall = ratio((double) t->right, (double) t->actual);
	scores.f1 = ratio(2 * (double) t->right, (double) t->actual + (double) t->predicted);
	scores.support = t->actual;
	return scores;
}

/* a running sum with the rounding errors made so far, as of A. Neumaier, 1974; terms are not negative */
typedef struct Sum
{
	double		value;
	double		error;
} Sum;

static void
sum_add(Sum *sum, double term)
{
	double		value = sum->value + term;

	if (sum->value >= term)
		sum->error += (sum->value - value) + term;
	else
		sum->error += (term - value) + sum->value;
	sum->value = value;
}

/* means over n classes: each counts as 1, or as its support */
static ConfusionScores
mean_scores(const ConfusionScores *scores, uint32_t n, int64_t rows, bool weighted)
{
	Sum			precision = {0, 0};
	Sum			recall = {0, 0};
	Sum			f1 = {0, 0};
	double		whole = weighted ? (double) rows : (double) n;
	ConfusionScores mean;

	for (uint32_t i = 0; i < n; i++)
	{
		double		weight = weighted ? (double) scores[i].support : 1;

		sum_add(&precision, scores[i].precision * weight);
		sum_add(&recall, scores[i].recall * weight);
		sum_add(&f1, scores[i].f1 * weight);
	}
	mean.precision = ratio(precision.value + precision.error, whole);
	mean.recall = ratio(recall.value + recall.error, whole);
	mean.f1 = ratio(f1.value + f1.error, whole);
	mean.support = rows;
	return mean;
}

/*
 * la_confusion_report
 *		Precision, recall, F1 and support of each class, and their means.
 *
 * "order" names every class once, in the order in which "scores" is to be;
 * "totals" is zeroed room for as many classes.  A ratio whose denominator is 0
 * is 0, as in scikit-learn's classification_report by default; F1 is taken
 * from the counts, 2 right / (actual + predicted).
 *
 * Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed., 1979, ch. 7.
 */
void
la_confusion_report(const ConfusionTable *table, const ConfusionLabel *order,
					ConfusionTotals *totals, ConfusionScores *scores, ConfusionReport *report)
{
	const ConfusionCell *cells = la_confusion_cells(table);
	uint32_t	n = table->used.classes;
	int64_t		right = 0;

	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		totals[cells[i].actual].actual += cells[i].rows;
		totals[cells[i].predicted].predicted += cells[i].rows;
		if (cells[i].actual == cells[i].predicted)
		{
			totals[cells[i].actual].right += cells[i].rows;
			right += cells[i].rows;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		scores[i] = class_scores(&totals[order[i].index]);

	report->accuracy = ratio((double) right, (double) table->rows);
	report->macro_avg = mean_scores(scores, n, table->rows, false);
	report->weighted_avg = mean_scores(scores, n, table->rows, true);
}
