/*
 * confusion_core_test.c
 *		Counting, growing, merging and reporting, against plain counting; and
 *		tables with damaged bytes.
 */
#include "confusion_core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "tap.h"

/* in steps of an odd size, as no step may matter */
static LaResult
merge_all(ConfusionTable *table, const ConfusionTable *other)
{
	uint32_t   *map = malloc((other->used.classes + 1) * sizeof(uint32_t));
	LaResult	result = la_confusion_merge_classes(table, other, map);

	for (uint32_t i = 0; i < other->used.cells && result == LA_OK; i += 7)
		result = la_confusion_merge_cells(table, other, map, i, 7);
	free(map);
	return result;
}

static ConfusionTable *
create(const ConfusionTable *from, const ConfusionSize *more)
{
	ConfusionSize capacity = la_confusion_capacity(from, more);
	ConfusionTable *table = calloc(1, la_confusion_bytes(&capacity));

	la_confusion_init(table, &capacity);
	if (from != NULL && merge_all(table, from) != LA_OK)
		abort();
	return table;
}

static void
make_room(ConfusionTable **table, const ConfusionSize *more)
{
	ConfusionTable *old = *table;

	if (old != NULL && la_confusion_has_room(old, more))
		return;
	*table = create(old, more);
	free(old);
}

static ConfusionLabel
label(const char *text)
{
	ConfusionLabel l = {text, (uint32_t) strlen(text), 0};

	return l;
}

static LaResult
add(ConfusionTable **table, const char *actual, const char *predicted)
{
	ConfusionLabel a = label(actual);
	ConfusionLabel p = label(predicted);
	ConfusionSize more = {2, 1, 0};

	more.label_bytes = (uint64_t) a.length + p.length;
	make_room(table, &more);
	return la_confusion_add(*table, &a, &p);
}

static LaResult
merge(ConfusionTable **table, const ConfusionTable *other)
{
	make_room(table, &other->used);
	return merge_all(*table, other);
}

static bool
valid(const ConfusionTable *table)
{
	return la_confusion_valid(table, la_confusion_bytes(&table->capacity));
}

/* rows of a pair of classes, found without the hash tables */
static int64_t
rows_of(const ConfusionTable *table, const char *actual, const char *predicted)
{
	const ConfusionCell *cells = la_confusion_cells(table);
	ConfusionLabel a = label(actual);
	ConfusionLabel p = label(predicted);

	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		ConfusionLabel x = la_confusion_label(table, cells[i].actual);
		ConfusionLabel y = la_confusion_label(table, cells[i].predicted);

		if (la_confusion_compare_labels(&x, &a) == 0 && la_confusion_compare_labels(&y, &p) == 0)
			return cells[i].rows;
	}
	return 0;
}

static void
report(const ConfusionTable *table, ConfusionScores *scores, ConfusionReport *result)
{
	uint32_t	n = table->used.classes;
	ConfusionLabel *order = malloc((n + 1) * sizeof(ConfusionLabel));
	ConfusionTotals *totals = calloc(n + 1, sizeof(ConfusionTotals));

	for (uint32_t i = 0; i < n; i++)
		order[i] = la_confusion_label(table, i);
	qsort(order, n, sizeof(ConfusionLabel), la_confusion_compare_labels);
	la_confusion_report(table, order, totals, scores, result);
	free(order);
	free(totals);
}

static void
test_counts(void)
{
	ConfusionTable *table = NULL;

	add(&table, "b", "a");
	add(&table, "b", "b");
	add(&table, "b", "a");
	add(&table, "", "b");
	ok(table->rows == 4 && table->used.classes == 3 && table->used.cells == 3, "counts of a small table");
	ok(rows_of(table, "b", "a") == 2 && rows_of(table, "b", "b") == 1 && rows_of(table, "", "b") == 1 &&
	   rows_of(table, "a", "b") == 0, "rows per pair, the empty label among them");
	ok(valid(table), "a small table is valid");
	free(table);
}

/* many classes and cells, in two orders and in three merged parts, against an array of counts */
#define NCLASSES	300
#define NROWS		60000

static int64_t counts[NCLASSES][NCLASSES];

static void
add_random_row(ConfusionTable **table, int row, bool count)
{
	uint64_t	hash = la_hash_int64(row, 1);
	uint32_t	a = la_hash_bucket(hash, NCLASSES);
	uint32_t	p = la_hash_bucket(la_mix64(hash), NCLASSES);
	char		actual[64];
	char		predicted[64];

	/* labels of very different lengths, one a prefix of another */
	snprintf(actual, sizeof(actual), "%*u", (int) (a % 50) + 1, a);
	snprintf(predicted, sizeof(predicted), "%*u", (int) (p % 50) + 1, p);
	add(table, actual, predicted);
	if (count)
		counts[a][p]++;
}

static bool
same_counts(const ConfusionTable *table)
{
	const ConfusionCell *cells = la_confusion_cells(table);
	int			wrong = 0;

	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		ConfusionLabel a = la_confusion_label(table, cells[i].actual);
		ConfusionLabel p = la_confusion_label(table, cells[i].predicted);
		char		actual[64] = "";
		char		predicted[64] = "";

		memcpy(actual, a.bytes, a.length);
		memcpy(predicted, p.bytes, p.length);
		wrong += counts[atoi(actual)][atoi(predicted)] != cells[i].rows;
	}
	return wrong == 0 && table->rows == NROWS && valid(table);
}

static void
test_random(void)
{
	ConfusionTable *whole = NULL;
	ConfusionTable *backwards = NULL;
	ConfusionTable *parts[3] = {NULL, NULL, NULL};

	for (int row = 0; row < NROWS; row++)
	{
		add_random_row(&whole, row, true);
		add_random_row(&backwards, NROWS - 1 - row, false);
		add_random_row(&parts[row % 3], row, false);
	}
	ok(same_counts(whole), "counts of many classes");
	ok(same_counts(backwards), "the same counts from the last row to the first");
	merge(&parts[2], parts[0]);
	merge(&parts[2], parts[1]);
	ok(same_counts(parts[2]), "the same counts merged from three parts");
	ok(whole->used.classes == NCLASSES && whole->capacity.classes == 512 &&
	   whole->capacity.label_bytes < 4 * whole->used.label_bytes, "capacity stays near what is used");

	free(whole);
	free(backwards);
	for (int i = 0; i < 3; i++)
		free(parts[i]);
}

static void
test_empty(void)
{
	ConfusionSize none = {0, 0, 0};
	ConfusionTable *empty = create(NULL, &none);
	ConfusionTable *table = NULL;
	ConfusionReport result;

	add(&table, "x", "y");
	ok(valid(empty) && merge(&table, empty) == LA_OK && table->rows == 1, "an empty table adds nothing");
	ok(merge(&empty, table) == LA_OK && empty->rows == 1 && rows_of(empty, "x", "y") == 1,
	   "into an empty table");
	free(empty);
	free(table);

	empty = create(NULL, &none);
	report(empty, NULL, &result);
	ok(result.accuracy == 0 && result.macro_avg.f1 == 0 && result.weighted_avg.support == 0,
	   "the report of no rows is 0");
	free(empty);
}

static void
test_limits(void)
{
	ConfusionTable *table = NULL;
	LaResult	result = LA_OK;
	char		name[16];
	uint32_t	index;
	ConfusionLabel new_label = label("one more");
	ConfusionSize one_cell = {0, 1, 0};

	for (int i = 0; i < LA_CONFUSION_MAX_CLASSES && result == LA_OK; i++)
	{
		snprintf(name, sizeof(name), "%d", i);
		result = add(&table, name, "0");
	}
	ok(result == LA_OK && table->used.classes == LA_CONFUSION_MAX_CLASSES && valid(table),
	   "as many classes as are allowed");
	ok(add(&table, "one more", "0") == LA_TOO_LARGE, "one class too many");
	ok(add(&table, "0", "one more") == LA_TOO_LARGE, "one class too many, predicted");
	ok(add(&table, "65534", "65533") == LA_OK, "known classes are still counted");
	ok(la_confusion_class(table, &new_label, &index) == LA_TOO_LARGE, "no new class by hand");

	make_room(&table, &one_cell);
	ok(la_confusion_count(table, 0, 1, INT64_MAX - table->rows) == LA_OK, "as many rows as fit");
	ok(la_confusion_count(table, 0, 1, 1) == LA_OVERFLOW && add(&table, "5", "5") == LA_OVERFLOW,
	   "one row too many");
	free(table);
}

static void
test_report(void)
{
	ConfusionTable *table = NULL;
	ConfusionScores scores[4];
	ConfusionReport result;

	/* a: 2 of 3 found; b: predicted twice, right once; c: never predicted; d: never actual */
	add(&table, "a", "a");
	add(&table, "a", "a");
	add(&table, "a", "b");
	add(&table, "b", "b");
	add(&table, "c", "d");
	report(table, scores, &result);
	ok(scores[0].precision == 1 && scores[0].recall == 2.0 / 3 && scores[0].f1 == 0.8 && scores[0].support == 3,
	   "scores of a class");
	ok(scores[1].precision == 0.5 && scores[1].recall == 1 && scores[1].f1 == 2.0 / 3, "scores of another");
	ok(scores[2].precision == 0 && scores[2].recall == 0 && scores[2].f1 == 0 && scores[2].support == 1,
	   "a class never predicted scores 0");
	ok(scores[3].precision == 0 && scores[3].recall == 0 && scores[3].f1 == 0 && scores[3].support == 0,
	   "a class that does not occur scores 0");
	ok(result.accuracy == 0.6 && result.macro_avg.precision == 0.375 && result.macro_avg.support == 5,
	   "accuracy and macro average");
	ok(fabs(result.weighted_avg.recall - 0.6) < 1e-16, "weighted recall is accuracy");
	free(table);
}

/* read all that a valid table shows; the sanitizers watch */
static void
read_table(const ConfusionTable *table)
{
	ConfusionScores *scores = malloc((table->used.classes + 1) * sizeof(ConfusionScores));
	ConfusionTable *copy = create(table, &table->used);
	ConfusionReport result;

	report(table, scores, &result);
	free(copy);
	free(scores);
}

static void
test_damage(void)
{
	ConfusionTable *table = NULL;
	unsigned char *damaged;
	uint64_t	bytes;
	int			accepted = 0;

	for (int row = 0; row < 40; row++)
		add_random_row(&table, row, false);
	bytes = la_confusion_bytes(&table->capacity);

	damaged = malloc(bytes);
	for (uint64_t i = 0; i < bytes; i++)
	{
		for (int bit = 0; bit < 8; bit++)
		{
			memcpy(damaged, table, bytes);
			damaged[i] ^= (unsigned char) (1 << bit);
			if (la_confusion_valid((ConfusionTable *) damaged, bytes))
			{
				accepted++;
				read_table((ConfusionTable *) damaged);
			}
		}
	}
	ok(accepted > 0, "%d of %d flipped bits leave a readable table", accepted, (int) bytes * 8);
	free(damaged);

	/* a table cut short is refused before anything past its end is read */
	for (uint64_t cut = 0; cut < bytes; cut++)
	{
		damaged = malloc(cut + 1);
		memcpy(damaged, table, cut);
		if (la_confusion_valid((ConfusionTable *) damaged, cut))
			break;
		free(damaged);
		damaged = NULL;
	}
	ok(damaged == NULL, "no shortened table is valid");
	free(table);
}

/* Labels that share bytes would not fit into a copy, for which used.label_bytes are made. */
static void
test_overlap(void)
{
	ConfusionTable *table = NULL;
	unsigned char *class;
	uint32_t	length;

	for (int row = 0; row < 40; row++)
		add_random_row(&table, row, false);
	class = (unsigned char *) table + sizeof(ConfusionTable) + sizeof(ConfusionCell) * table->capacity.cells;
	memcpy(&length, class + sizeof(uint64_t), sizeof(length));
	ok(la_confusion_label(table, 0).length == length, "the first class is where it is thought to be");
	length++;
	memcpy(class + sizeof(uint64_t), &length, sizeof(length));
	ok(!la_confusion_valid(table, la_confusion_bytes(&table->capacity)), "labels do not overlap");
	free(table);
}

int
main(void)
{
	test_counts();
	test_random();
	test_empty();
	test_limits();
	test_report();
	test_damage();
	test_overlap();
	return tap_done();
}
