/*
 * path_core_test.c
 *		Paths against a plain reading of what they are, and damaged states.
 */
#include "path_core.h"

#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "tap.h"

#define MAX_VISITS 40

static PathState *
new_state(const PathQuestion *question, uint64_t capacity)
{
	PathState  *state = calloc(1, la_path_size(question->start_length, capacity));

	la_path_init(state, question, capacity);
	return state;
}

static PathVisit *
sorted(const PathState *state, PathVisit *visits, PathVisit *scratch)
{
	uint64_t	position = 0;

	for (uint64_t i = 0; i < state->n; i++)
		la_path_read(state, &position, &visits[i]);
	return la_path_sort(visits, scratch, state->n, NULL);
}

/* "1a>b " for each edge */
static void
describe(const PathState *state, char *out)
{
	PathVisit	visits[2 * MAX_VISITS],
				scratch[2 * MAX_VISITS];
	PathWalk	walk;
	PathEdge	edge;

	*out = '\0';
	la_path_walk(&walk, state, sorted(state, visits, scratch));
	while (la_path_next(&walk, &edge))
		sprintf(out + strlen(out), "%d%.*s>%.*s ", (int) edge.pos, (int) edge.src->length, edge.src->node,
				(int) edge.dst->length, edge.dst->node);
}

/* the same by the definition; visits are nodes of one letter, in order */
static void
describe_plainly(const PathQuestion *q, const int64_t *ts, const char *nodes, int n, char *out)
{
	*out = '\0';
	for (int first = 0, end; first < n; first = end)
	{
		char		path[MAX_VISITS + 1];
		int			length = 0;
		int			start = -1;

		for (end = first + 1; end < n && ts[end] - ts[end - 1] <= q->gap; end++)
			;
		/* the session as it is read, backwards or not */
		for (int i = first; i < end; i++)
			path[i - first] = q->reverse ? nodes[first + end - 1 - i] : nodes[i];
		for (int i = 0; i < end - first && start < 0; i++)
			if (!q->has_start || path[i] == *q->start)
				start = i;
		if (start < 0)
			continue;
		for (int i = start; i < end - first; i++)
			if (length == 0 || !q->collapse || path[i] != path[length - 1])
				path[length++] = path[i];
		for (int i = 1; i < length && i < q->depth; i++)
			sprintf(out + strlen(out), "%d%c>%c ", i,
					q->reverse ? path[i] : path[i - 1], q->reverse ? path[i - 1] : path[i]);
	}
}

static void
test_random(void)
{
	Prng		prng;
	int			wrong = 0;

	la_prng_seed(&prng, 11, 0);
	for (int t = 0; t < 20000; t++)
	{
		PathQuestion q = {(int64_t) la_prng_below(&prng, 5), 2 + (int32_t) la_prng_below(&prng, 5), la_prng_below(&prng, 2) == 0,
			la_prng_below(&prng, 2) == 0, la_prng_below(&prng, 2) == 0, "b", 1};
		int64_t		ts[MAX_VISITS];
		char		nodes[MAX_VISITS + 1];
		char		got[4096],
					split[4096],
					wanted[4096];
		int			n = (int) la_prng_below(&prng, MAX_VISITS);
		uint64_t	bytes = (uint64_t) (n + 1) * la_path_visit_size(1);
		PathState  *state,
				   *part;

		if (!q.has_start)
			q.start_length = 0;
		state = new_state(&q, bytes);
		part = new_state(&q, bytes);
		for (int i = 0; i < n; i++)
		{
			ts[i] = (i > 0 ? ts[i - 1] : -50) + (int64_t) la_prng_below(&prng, 7);
			nodes[i] = (char) ('a' + la_prng_below(&prng, 3));
			/* at equal times nodes ascend */
			if (i > 0 && ts[i] == ts[i - 1] && nodes[i] < nodes[i - 1])
				nodes[i] = nodes[i - 1];
		}
		describe_plainly(&q, ts, nodes, n, wanted);
		for (int i = 0; i < n; i++)
		{
			PathVisit	visit = {ts[i], &nodes[i], 1};

			la_path_add(i % 3 == 0 ? part : state, &visit);
		}
		la_path_append(state, part);
		describe(state, got);
		free(part);
		part = new_state(&q, bytes);
		for (int i = n; i-- > 0;)
		{
			PathVisit	visit = {ts[i], &nodes[i], 1};

			la_path_add(part, &visit);
		}
		describe(part, split);
		wrong += strcmp(got, wanted) != 0 || strcmp(split, wanted) != 0 ||
			!la_path_valid(state, la_path_size(q.start_length, bytes));
		free(part);
		free(state);
	}
	ok(wrong == 0, "20000 random paths are those of the definition, in any order, joined from parts");
}

static void
test_damaged(void)
{
	Prng		prng;
	int			refused = 0;

	la_prng_seed(&prng, 12, 0);
	for (int t = 0; t < 20000; t++)
	{
		PathQuestion q = {5, 4, true, false, false, "start", 5};
		PathVisit	visit = {7, "somewhere", 9};
		PathState  *state = new_state(&q, 10 * la_path_visit_size(9));
		uint64_t	size = la_path_size(5, 10 * la_path_visit_size(9));
		char		out[8192];

		for (int i = 0; i < 10; i++)
		{
			visit.ts = i;
			la_path_add(state, &visit);
		}
		for (uint32_t i = 1 + la_prng_below(&prng, 3); i > 0; i--)
			((uint8_t *) state)[4 + la_prng_below(&prng, (uint32_t) size - 4)] ^= (uint8_t) (1u << la_prng_below(&prng, 8));
		if (la_path_valid(state, size))
			describe(state, out);
		else
			refused++;
		free(state);
	}
	ok(refused > 0 && refused < 20000, "a damaged state is refused, or does no harm");
}

int
main(void)
{
	test_random();
	test_damaged();
	return tap_done();
}
