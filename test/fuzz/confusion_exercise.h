/*
 * confusion_exercise.h
 *		Everything that can be done with a confusion matrix, as it is sent and
 *		as it is stored: for the fuzzer and the unit tests.
 *
 * The first byte says which: 0 for what is sent.
 */
#ifndef LA_CONFUSION_EXERCISE_H
#define LA_CONFUSION_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "byteio.h"
#include "confusion_core.h"

#define CONFUSION_SEEDS 10

static inline ConfusionTable *
new_confusion(const ConfusionTable *from, ConfusionSize more)
{
	ConfusionSize capacity = la_confusion_capacity(from, &more);
	ConfusionTable *table = calloc(1, la_confusion_bytes(&capacity));

	la_confusion_init(table, &capacity);
	return table;
}

/* "other" into a table with room for it. */
static inline LaResult
merge_confusion(ConfusionTable *table, const ConfusionTable *other)
{
	uint32_t   *map = malloc((other->used.classes + 1) * sizeof(uint32_t));
	LaResult	result = la_confusion_merge_classes(table, other, map);

	for (uint32_t i = 0; i < other->used.cells && result == LA_OK; i += 3)
		result = la_confusion_merge_cells(table, other, map, i, 3);
	free(map);
	return result;
}

static inline int
compare_confusion_labels(const void *a, const void *b)
{
	return la_confusion_compare_labels(a, b);
}

static inline ConfusionLabel *
sort_confusion_labels(const ConfusionTable *table)
{
	ConfusionLabel *labels = malloc((table->used.classes + 1) * sizeof(ConfusionLabel));

	for (uint32_t i = 0; i < table->used.classes; i++)
		labels[i] = la_confusion_label(table, i);
	qsort(labels, table->used.classes, sizeof(ConfusionLabel), compare_confusion_labels);
	return labels;
}

/* As the type sends a table: version, labels, cells, all sorted. */
static inline uint8_t *
send_confusion(const ConfusionTable *table, size_t *size)
{
	ConfusionLabel *labels = sort_confusion_labels(table);
	uint32_t	n = table->used.classes;
	uint32_t   *rank = malloc((n + 1) * sizeof(uint32_t));
	ConfusionCell *cells = malloc((table->used.cells + 1) * sizeof(ConfusionCell));
	uint8_t    *bytes;
	ByteWriter	writer = {NULL, 0};

	for (uint32_t i = 0; i < n; i++)
		rank[labels[i].index] = i;
	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		cells[i] = la_confusion_cells(table)[i];
		cells[i].actual = rank[cells[i].actual];
		cells[i].predicted = rank[cells[i].predicted];
	}
	qsort(cells, table->used.cells, sizeof(ConfusionCell), la_confusion_compare_cells);
	*size = 10 + (size_t) n * 4 + table->used.label_bytes + (size_t) table->used.cells * 16;
	bytes = writer.data = malloc(*size);
	la_write_net(&writer, 0, 1);
	la_write_net(&writer, 1, 1);
	la_write_net(&writer, n, 4);
	for (uint32_t i = 0; i < n; i++)
	{
		la_write_net(&writer, labels[i].length, 4);
		la_write_bytes(&writer, labels[i].bytes, labels[i].length);
	}
	la_write_net(&writer, table->used.cells, 4);
	for (uint32_t i = 0; i < table->used.cells; i++)
	{
		la_write_net(&writer, cells[i].actual, 4);
		la_write_net(&writer, cells[i].predicted, 4);
		la_write_net(&writer, (uint64_t) cells[i].rows, 8);
	}
	free(cells);
	free(rank);
	free(labels);
	return bytes;
}

/* The inverse; NULL if these are not the bytes of a table. */
static inline ConfusionTable *
receive_confusion(const uint8_t *bytes, size_t size)
{
	ByteReader	reader = {bytes, size, 0, false};
	uint64_t	version = la_read_net(&reader, 1);
	uint32_t	nlabels = (uint32_t) la_read_net(&reader, 4);
	ByteReader	labels = reader;
	ConfusionSize room = {nlabels, 0, 0};
	ConfusionTable *table;
	bool		sound;

	for (uint32_t i = 0; i < nlabels && !reader.failed; i++)
	{
		uint32_t	length = (uint32_t) la_read_net(&reader, 4);

		la_read_bytes(&reader, length);
		room.label_bytes += length;
	}
	room.cells = (uint32_t) la_read_net(&reader, 4);
	if (reader.failed || version != 1 || nlabels > LA_CONFUSION_MAX_CLASSES ||
		(uint64_t) room.cells * 16 != la_bytes_left(&reader))
		return NULL;
	table = new_confusion(NULL, room);
	sound = true;
	for (uint32_t i = 0; i < nlabels && sound; i++)
	{
		ConfusionLabel label = {NULL, (uint32_t) la_read_net(&labels, 4), 0};
		uint32_t	index;

		label.bytes = (const char *) la_read_bytes(&labels, label.length);
		sound = la_confusion_read_class(table, &label, &index) == LA_OK;
	}
	for (uint32_t i = 0; i < room.cells && sound; i++)
	{
		uint64_t	actual = la_read_net(&reader, 4);
		uint64_t	predicted = la_read_net(&reader, 4);

		sound = la_confusion_read_cell(table, actual, predicted, (int64_t) la_read_net(&reader, 8)) == LA_OK;
	}
	if (sound)
		return table;
	free(table);
	return NULL;
}

static inline ConfusionTable *
confusion_table(int number)
{
	ConfusionTable *table = new_confusion(NULL, (ConfusionSize) {2, 1, 8});

	for (int i = 0; i < number * number; i++)
	{
		ConfusionSize more = {2, 1, 8};
		char		actual[] = {(char) ('a' + i % 5), 'x'};
		char		predicted[] = {(char) ('a' + i % 7), 'x'};
		ConfusionLabel a = {actual, (uint32_t) (i % 2 + 1), 0};
		ConfusionLabel p = {predicted, (uint32_t) (number % 2 + 1), 0};

		if (!la_confusion_has_room(table, &more))
		{
			ConfusionTable *larger = new_confusion(table, more);

			merge_confusion(larger, table);
			free(table);
			table = larger;
		}
		la_confusion_add(table, &a, &p);
	}
	return table;
}

/* A valid value: five that are sent, five that are stored. */
static inline uint8_t *
confusion_seed(int number, size_t *size)
{
	ConfusionTable *table = confusion_table(number / 2);
	uint8_t    *bytes;

	if (number % 2 == 0)
		bytes = send_confusion(table, size);
	else
	{
		*size = la_confusion_bytes(&table->capacity) - sizeof(uint32_t) + 1;
		bytes = malloc(*size);
		bytes[0] = 1;
		memcpy(bytes + 1, (char *) table + sizeof(uint32_t), *size - 1);
	}
	free(table);
	return bytes;
}

static inline bool
is_share(double x)
{
	return x >= 0 && x <= 1 + 1e-9;
}

static inline void
report_confusion(const ConfusionTable *table, bool *right)
{
	uint32_t	n = table->used.classes;
	ConfusionLabel *labels = sort_confusion_labels(table);
	ConfusionTotals *totals = calloc(n + 1, sizeof(ConfusionTotals));
	ConfusionScores *scores = calloc(n + 1, sizeof(ConfusionScores));
	ConfusionReport report;

	la_confusion_report(table, labels, totals, scores, &report);
	*right = *right && is_share(report.accuracy) && is_share(report.macro_avg.f1) && is_share(report.weighted_avg.recall);
	for (uint32_t i = 0; i < n; i++)
		*right = *right && is_share(scores[i].precision) && is_share(scores[i].recall) && is_share(scores[i].f1) &&
			scores[i].support >= 0 && scores[i].support <= table->rows;
	free(scores);
	free(totals);
	free(labels);
}

/* A table without repeats: sent and received it is the same; merged with itself it has twice the rows. */
static inline void
use_confusion(const ConfusionTable *table, bool *right)
{
	size_t		size;
	size_t		again_size;
	uint8_t    *bytes = send_confusion(table, &size);
	uint8_t    *again_bytes;
	ConfusionTable *again = receive_confusion(bytes + 1, size - 1);
	ConfusionTable *twice = new_confusion(table, table->used);

	*right = *right && la_confusion_valid(table, la_confusion_bytes(&table->capacity)) && again != NULL;
	if (again != NULL)
	{
		again_bytes = send_confusion(again, &again_size);
		*right = *right && again_size == size && memcmp(bytes, again_bytes, size) == 0;
		free(again_bytes);
		free(again);
	}
	report_confusion(table, right);
	*right = *right && merge_confusion(twice, table) == LA_OK;
	if (merge_confusion(twice, table) == LA_OK)
		*right = *right && twice->rows == 2 * table->rows && twice->used.cells == table->used.cells;
	else
		*right = *right && table->rows > INT64_MAX / 2;
	free(twice);
	free(bytes);
}

/* As it is stored, aligned; there is no trust in its hash tables, and its labels may repeat. */
static inline LaResult
exercise_stored_confusion(const uint8_t *bytes, size_t size, bool *right)
{
	size_t		total = size + sizeof(uint32_t);
	ConfusionTable *stored = malloc(total);
	ConfusionTable *table;
	LaResult	result = LA_MALFORMED;

	memset(stored, 0, sizeof(uint32_t));
	memcpy((char *) stored + sizeof(uint32_t), bytes, size);
	if (la_confusion_valid(stored, total))
	{
		report_confusion(stored, right);
		table = new_confusion(stored, (ConfusionSize) {0, 0, 0});
		result = merge_confusion(table, stored);
		*right = *right && result == LA_OK && table->rows == stored->rows;
		use_confusion(table, right);
		free(table);
	}
	free(stored);
	return result;
}

static inline LaResult
exercise_confusion(const uint8_t *bytes, size_t size, bool *right)
{
	ConfusionTable *table;

	if (size == 0)
		return LA_MALFORMED;
	if (bytes[0] != 0)
		return exercise_stored_confusion(bytes + 1, size - 1, right);
	table = receive_confusion(bytes + 1, size - 1);
	if (table == NULL)
		return LA_MALFORMED;
	use_confusion(table, right);
	free(table);
	return LA_OK;
}

#endif							/* LA_CONFUSION_EXERCISE_H */
