/*
 * path_core.c
 *		Visits of a viewer to named nodes, and the steps from one to the next.
 *
 * Visits are put in order by time, and equal times by the bytes of the node,
 * so that nothing depends on how they arrived.  A pause longer than the gap
 * ends a session.  Each session has one path: from its first visit, or from
 * the first to the start node; in reverse, to its last visit or the last to the
 * start node, followed backwards.
 */
#include "path_core.h"

#include <string.h>

#define VISIT_HEADER	(sizeof(int64_t) + sizeof(uint32_t))

/* --- states ------------------------------------------------------------------- */

/* Bytes of a state with room for so many bytes of visits. */
uint64_t
la_path_size(uint32_t start_length, uint64_t capacity)
{
	return sizeof(PathState) + start_length + capacity;
}

/* Bytes of a visit to a node of so many. */
uint64_t
la_path_visit_size(uint64_t length)
{
	return VISIT_HEADER + length;
}

/* An empty state, in memory that is all zero. */
void
la_path_init(PathState *state, const PathQuestion *question, uint64_t capacity)
{
	state->format = LA_PATH_FORMAT;
	state->has_start = question->has_start;
	state->reverse = question->reverse;
	state->collapse = question->collapse;
	state->gap = question->gap;
	state->depth = question->depth;
	state->start_length = question->start_length;
	state->capacity = capacity;
	if (question->start_length > 0)
		memcpy(state + 1, question->start, question->start_length);
}

static inline char *
visits_of(const PathState *state)
{
	return (char *) (state + 1) + state->start_length;
}

/* Whether the header of a state fits to so many bytes. */
bool
la_path_plausible(const PathState *state, uint64_t bytes)
{
	return bytes >= sizeof(PathState) && state->format == LA_PATH_FORMAT &&
		state->capacity <= bytes && state->used <= state->capacity && state->n <= state->used &&
		state->gap >= 0 && state->depth >= 2 && state->has_start <= 1 && state->reverse <= 1 && state->collapse <= 1 &&
		(state->has_start || state->start_length == 0) &&
		la_path_size(state->start_length, state->capacity) == bytes;
}

/* Whether a state of so many bytes can be worked with, visit by visit. */
bool
la_path_valid(const PathState *state, uint64_t bytes)
{
	uint64_t	position = 0;
	uint64_t	n = 0;
	PathVisit	visit;

	if (!la_path_plausible(state, bytes))
		return false;
	while (la_path_read(state, &position, &visit))
		n++;
	return n == state->n && position == state->used;
}

/* What a state was made for; the start node belongs to the state. */
PathQuestion
la_path_question(const PathState *state)
{
	PathQuestion question = {state->gap, state->depth, state->has_start, state->reverse, state->collapse,
	(const char *) (state + 1), state->start_length};

	return question;
}

bool
la_path_same_question(const PathQuestion *a, const PathQuestion *b)
{
	return a->gap == b->gap && a->depth == b->depth && a->has_start == b->has_start &&
		a->reverse == b->reverse && a->collapse == b->collapse && a->start_length == b->start_length &&
		(a->start_length == 0 || memcmp(a->start, b->start, a->start_length) == 0);
}

/* Add a visit, for which there must be room. */
void
la_path_add(PathState *state, const PathVisit *visit)
{
	char	   *to = visits_of(state) + state->used;
	uint32_t	length = (uint32_t) visit->length;

	memcpy(to, &visit->ts, sizeof(int64_t));
	memcpy(to + sizeof(int64_t), &length, sizeof(uint32_t));
	memcpy(to + VISIT_HEADER, visit->node, length);
	state->used += la_path_visit_size(length);
	state->n++;
}

/* Add the visits of another state; there must be room. */
void
la_path_append(PathState *state, const PathState *other)
{
	memcpy(visits_of(state) + state->used, visits_of(other), other->used);
	state->used += other->used;
	state->n += other->n;
}

/* The visit at a position, which moves past it; false at the end, or where what is there is none. */
bool
la_path_read(const PathState *state, uint64_t *position, PathVisit *visit)
{
	const char *from = visits_of(state) + *position;
	uint64_t	left = state->used - *position;
	uint32_t	length;

	if (left < VISIT_HEADER)
		return false;
	memcpy(&visit->ts, from, sizeof(int64_t));
	memcpy(&length, from + sizeof(int64_t), sizeof(uint32_t));
	if (length > left - VISIT_HEADER)
		return false;
	visit->node = from + VISIT_HEADER;
	visit->length = length;
	*position += la_path_visit_size(length);
	return true;
}

/* --- order -------------------------------------------------------------------- */

static inline bool
is_before(const PathVisit *a, const PathVisit *b)
{
	int			order;

	if (a->ts != b->ts)
		return a->ts < b->ts;
	order = memcmp(a->node, b->node, a->length < b->length ? a->length : b->length);
	return order != 0 ? order < 0 : a->length < b->length;
}

#define MERGE_ELEMENT		PathVisit
#define MERGE_BEFORE(a, b)	is_before(a, b)
#define MERGE_SORT			sort_visits
#include "merge_sort.h"

/* The visits in order, in one of both places. */
PathVisit *
la_path_sort(PathVisit *visits, PathVisit *scratch, uint64_t n, MayStop may_stop)
{
	return sort_visits(visits, scratch, n, may_stop);
}

/* --- edges --------------------------------------------------------------------- */

/* Begin a walk over the edges of visits that are in order, those of the state. */
void
la_path_walk(PathWalk *walk, const PathState *state, const PathVisit *visits)
{
	memset(walk, 0, sizeof(*walk));
	walk->question = la_path_question(state);
	walk->visits = visits;
	walk->n = state->n;
	walk->pos = state->depth - 1;	/* no path yet */
}

static inline bool
same_node(const PathVisit *a, const PathVisit *b)
{
	return a->length == b->length && memcmp(a->node, b->node, a->length) == 0;
}

static inline bool
is_start(const PathQuestion *question, const PathVisit *visit)
{
	return !question->has_start ||
		(visit->length == question->start_length &&
		 memcmp(visit->node, question->start, question->start_length) == 0);
}

/* Times of visits ascend, so the difference of two is never negative. */
static inline bool
is_pause(const PathWalk *walk, uint64_t i)
{
	return (uint64_t) walk->visits[i].ts - (uint64_t) walk->visits[i - 1].ts > (uint64_t) walk->question.gap;
}

/* Go to the start of the path of the next session that has one. */
static bool
next_path(PathWalk *walk)
{
	while (walk->next_session < walk->n)
	{
		walk->first = walk->next_session;
		for (walk->end = walk->first + 1; walk->end < walk->n && !is_pause(walk, walk->end); walk->end++)
			;
		walk->next_session = walk->end;
		walk->pos = 0;
		for (uint64_t i = walk->first; i < walk->end; i++)
		{
			walk->at = walk->question.reverse ? walk->end - 1 - (i - walk->first) : i;
			if (is_start(&walk->question, &walk->visits[walk->at]))
				return true;
		}
	}
	return false;
}

/* The next visit of the path that counts; false if the session has no more. */
static bool
step(PathWalk *walk)
{
	uint64_t	from = walk->at;

	do
	{
		if (walk->question.reverse ? walk->at == walk->first : walk->at + 1 == walk->end)
			return false;
		walk->at += walk->question.reverse ? UINT64_MAX : 1;
	} while (walk->question.collapse && same_node(&walk->visits[walk->at], &walk->visits[from]));
	return true;
}

/* The next edge, session by session, each from its start on; false at the end. */
bool
la_path_next(PathWalk *walk, PathEdge *edge)
{
	for (;;)
	{
		uint64_t	from = walk->at;

		if (walk->pos < walk->question.depth - 1 && step(walk))
		{
			edge->pos = ++walk->pos;
			edge->src = &walk->visits[walk->question.reverse ? walk->at : from];
			edge->dst = &walk->visits[walk->question.reverse ? from : walk->at];
			return true;
		}
		if (!next_path(walk))
			return false;
	}
}
