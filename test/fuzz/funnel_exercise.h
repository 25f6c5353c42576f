/*
 * funnel_exercise.h
 *		Everything that can be done with the events of a funnel, as they are
 *		sent and as they are stored: for the fuzzer and the unit tests.
 *
 * The first byte says which: 0 for what is sent, without its format and count.
 */
#ifndef LA_FUNNEL_EXERCISE_H
#define LA_FUNNEL_EXERCISE_H

#include <stdlib.h>
#include <string.h>

#include "byteio.h"
#include "funnel_core.h"

#define FUNNEL_SEEDS 16
#define FUNNEL_HEADER offsetof(FunnelEvents, records)

/* The list with an event more, in a block that has just the room for it. */
static inline FunnelEvents *
append_funnel(FunnelEvents *list, const FunnelEvent *event)
{
	size_t		more = la_funnel_record_size((FunnelKind) list->kind, list->steps) + event->key_length;
	FunnelEvents *larger = malloc(FUNNEL_HEADER + la_funnel_merge_size(list) + more);

	la_funnel_init(larger, (FunnelKind) list->kind, list->steps, list->modes, list->window);
	la_funnel_merge(larger, list);
	la_funnel_append(larger, event);
	free(list);
	return larger;
}

/* NULL if these are not the bytes of a list. */
static inline FunnelEvents *
receive_funnel(const uint8_t *bytes, size_t size)
{
	ByteReader	reader = {bytes, size, 0, false};
	int			kind = (int) la_read_net(&reader, 1);
	int			steps = (int) la_read_net(&reader, 1);
	int			modes = (int) la_read_net(&reader, 1);
	int64_t		window = (int64_t) la_read_net(&reader, 8);
	FunnelEvents *list;

	if (reader.failed || !la_funnel_shape_valid(kind, steps, modes, window))
		return NULL;
	list = malloc(FUNNEL_HEADER);
	la_funnel_init(list, (FunnelKind) kind, steps, modes, window);
	while (la_bytes_left(&reader) > 0)
	{
		FunnelEvent event = {0};

		event.ts = (int64_t) la_read_net(&reader, 8);
		if (!la_funnel_steps_of_number((FunnelKind) kind, steps, modes, la_read_net(&reader, 8), &event.steps))
			reader.failed = true;
		if (kind == LA_FUNNEL_BIGINT_KEYS)
			event.key_length = 8;
		else if (kind == LA_FUNNEL_TEXT_KEYS)
			event.key_length = (uint32_t) la_read_net(&reader, 4);
		event.key = la_read_bytes(&reader, event.key_length);
		if (reader.failed)
		{
			free(list);
			return NULL;
		}
		list = append_funnel(list, &event);
	}
	return list;
}

/* The inverse, with the byte before it that says so. */
static inline uint8_t *
send_funnel(const FunnelEvents *list, size_t *size)
{
	uint8_t    *bytes = malloc(12 + (size_t) list->count * 20 + la_funnel_used(list));
	ByteWriter	writer = {bytes, 0};
	FunnelReader reader;
	FunnelEvent event;

	la_write_net(&writer, 0, 1);
	la_write_net(&writer, list->kind, 1);
	la_write_net(&writer, list->steps, 1);
	la_write_net(&writer, list->modes, 1);
	la_write_net(&writer, (uint64_t) list->window, 8);
	la_funnel_begin_read(&reader, list);
	while (la_funnel_read(&reader, &event))
	{
		la_write_net(&writer, (uint64_t) event.ts, 8);
		la_write_net(&writer, la_funnel_number_of_steps((FunnelKind) list->kind, event.steps), 8);
		if (list->kind == LA_FUNNEL_TEXT_KEYS)
			la_write_net(&writer, event.key_length, 4);
		if (event.key_length > 0)
			la_write_bytes(&writer, event.key, event.key_length);
	}
	*size = writer.pos;
	return bytes;
}

static inline FunnelEvents *
funnel_list(int number)
{
	int			kind = number % LA_FUNNEL_KINDS;
	int			modes = kind == LA_FUNNEL_CONDITIONS ? number / LA_FUNNEL_KINDS * 5 % 16 : 0;
	int			steps = kind == LA_FUNNEL_NUMBERED ? LA_FUNNEL_MAX_STEPS : 3 + number * 2;
	FunnelEvents *list = malloc(FUNNEL_HEADER);

	la_funnel_init(list, (FunnelKind) kind, steps, modes, 1000);
	for (int i = 0; i < 3 * number; i++)
	{
		static const uint8_t keys[] = "abcdefghijkl";
		FunnelEvent event = {i * 100 - (i % 7 == 3 ? 500 : 0), UINT64_C(1) << (i % 3), NULL, 0};

		if (kind >= LA_FUNNEL_BIGINT_KEYS)
		{
			event.key = keys + i % 3;
			event.key_length = kind == LA_FUNNEL_BIGINT_KEYS ? 8 : (uint32_t) (i % 5);
		}
		list = append_funnel(list, &event);
	}
	return list;
}

static inline uint8_t *
funnel_seed(int number, size_t *size)
{
	FunnelEvents *list = funnel_list(number / 2);
	uint8_t    *bytes;

	if (number % 2 == 0)
		bytes = send_funnel(list, size);
	else
	{
		*size = FUNNEL_HEADER - sizeof(uint32_t) + la_funnel_used(list) + 1;
		bytes = malloc(*size);
		bytes[0] = 1;
		memcpy(bytes + 1, (uint8_t *) list + sizeof(uint32_t), *size - 1);
	}
	free(list);
	return bytes;
}

static inline void
use_plain_funnel(const FunnelEvents *list, bool *right)
{
	size_t		n = 0;
	FunnelMoment *memory = malloc((2 * (size_t) list->count + 1) * sizeof(FunnelMoment));
	const FunnelMoment *moments = la_funnel_sorted(list) ? NULL : la_funnel_sort(list, memory, &n, NULL);
	void	   *matching = malloc(la_funnel_matching_size(list->steps, list->modes) + 1);
	int64_t		times[LA_FUNNEL_MAX_STEPS];
	int			level = la_funnel_level(list, moments, n, matching, NULL);
	int			reached = la_funnel_times(list, moments, n, times, NULL);
	int64_t		completions = la_funnel_completions(list, moments, n, NULL);

	/* there may be more records than a list from elsewhere says */
	*right = *right && level >= 0 && level <= list->steps && reached >= 0 && reached <= list->steps &&
		completions >= 0 && completions <= (int64_t) la_funnel_used(list);
	free(matching);
	free(memory);
}

static inline void
use_keyed_funnel(const FunnelEvents *list, bool *right)
{
	FunnelEvent *index = malloc((2 * (size_t) list->count + 1) * sizeof(FunnelEvent));

	if (la_funnel_index(list, index, NULL))
	{
		int			level = la_funnel_keyed_level(list, la_funnel_sort_index(index, index + list->count, list->count, NULL), NULL);

		*right = *right && level >= 0 && level <= list->steps;
	}
	free(index);
}

/* A list of any events, read to where it is cut; merged behind itself it is still one. */
static inline void
use_funnel(const FunnelEvents *list, bool *right)
{
	FunnelEvents *twice = malloc(FUNNEL_HEADER + 2 * la_funnel_merge_size(list));

	if (la_funnel_keyed(list))
		use_keyed_funnel(list, right);
	else
		use_plain_funnel(list, right);
	la_funnel_init(twice, (FunnelKind) list->kind, list->steps, list->modes, list->window);
	la_funnel_merge(twice, list);
	la_funnel_merge(twice, list);
	*right = *right && la_funnel_valid(twice, FUNNEL_HEADER + 2 * la_funnel_merge_size(list));
	if (la_funnel_keyed(list))
		use_keyed_funnel(twice, right);
	else
		use_plain_funnel(twice, right);
	free(twice);
}

static inline LaResult
exercise_stored_funnel(const uint8_t *bytes, size_t size, bool *right)
{
	FunnelEvents *list;
	LaResult	result = LA_MALFORMED;

	if (size + sizeof(uint32_t) < FUNNEL_HEADER)
		return result;
	list = malloc(size + sizeof(uint32_t));
	memcpy((uint8_t *) list + sizeof(uint32_t), bytes, size);
	if (la_funnel_valid(list, size + sizeof(uint32_t)))
	{
		use_funnel(list, right);
		result = LA_OK;
	}
	free(list);
	return result;
}

static inline LaResult
exercise_funnel(const uint8_t *bytes, size_t size, bool *right)
{
	FunnelEvents *list;
	uint8_t    *again;
	size_t		again_size;

	if (size == 0)
		return LA_MALFORMED;
	if (bytes[0] != 0)
		return exercise_stored_funnel(bytes + 1, size - 1, right);
	list = receive_funnel(bytes + 1, size - 1);
	if (list == NULL)
		return LA_MALFORMED;
	again = send_funnel(list, &again_size);
	*right = *right && again_size == size && memcmp(again, bytes, size) == 0 &&
		la_funnel_valid(list, FUNNEL_HEADER + la_funnel_used(list));
	use_funnel(list, right);
	free(again);
	free(list);
	return LA_OK;
}

#endif							/* LA_FUNNEL_EXERCISE_H */
