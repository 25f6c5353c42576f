/*
 * path_core.h
 *		Visits of a viewer to named nodes, and the steps from one to the next.
 */
#ifndef LA_PATH_CORE_H
#define LA_PATH_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"
#include "stop.h"

#define LA_PATH_FORMAT	1

/* what is asked of the visits; the same for all rows of a group */
typedef struct PathQuestion
{
	int64_t		gap;			/* microseconds: a longer pause ends a session */
	int32_t		depth;			/* nodes of a path, at least 2 */
	bool		has_start;
	bool		reverse;		/* paths end at the start node, and are followed backwards */
	bool		collapse;		/* a node repeated at once counts once */
	const char *start;
	uint32_t	start_length;
} PathQuestion;

/*
 * One block of memory without pointers, so that it can be copied and stored.
 * After this header: the start node, then the visits, each of them its time
 * (8 bytes), the length of its node (4) and the node.
 */
typedef struct PathState
{
	uint32_t	reserved;		/* the caller's */
	uint16_t	format;
	uint8_t		has_start;
	uint8_t		reverse;
	int64_t		gap;
	int32_t		depth;
	uint32_t	start_length;
	uint32_t	collapse;
	uint32_t	unused;
	uint64_t	n;				/* visits */
	uint64_t	used;			/* bytes of visits */
	uint64_t	capacity;
} PathState;

typedef struct PathVisit
{
	int64_t		ts;
	const char *node;			/* belongs to the state */
	uint64_t	length;
} PathVisit;

typedef struct PathEdge
{
	int32_t		pos;			/* from 1 */
	const PathVisit *src;		/* before dst */
	const PathVisit *dst;
} PathEdge;

/* a walk over the edges; its fields are private */
typedef struct PathWalk
{
	PathQuestion question;
	const PathVisit *visits;	/* in order */
	uint64_t	n;
	uint64_t	next_session;
	uint64_t	first;			/* of the session */
	uint64_t	end;
	uint64_t	at;				/* where the path has got to */
	int32_t		pos;			/* edges of it so far; depth - 1: it is complete */
} PathWalk;

extern uint64_t la_path_size(uint32_t start_length, uint64_t capacity);
extern uint64_t la_path_visit_size(uint64_t length);
extern void la_path_init(PathState *state, const PathQuestion *question, uint64_t capacity);
extern bool la_path_plausible(const PathState *state, uint64_t bytes);
extern bool la_path_valid(const PathState *state, uint64_t bytes);
extern PathQuestion la_path_question(const PathState *state);
extern bool la_path_same_question(const PathQuestion *a, const PathQuestion *b);

extern void la_path_add(PathState *state, const PathVisit *visit);
extern void la_path_append(PathState *state, const PathState *other);
extern bool la_path_read(const PathState *state, uint64_t *position, PathVisit *visit);
extern PathVisit *la_path_sort(PathVisit *visits, PathVisit *scratch, uint64_t n, MayStop may_stop);

extern void la_path_walk(PathWalk *walk, const PathState *state, const PathVisit *visits);
extern bool la_path_next(PathWalk *walk, PathEdge *edge);

#endif							/* LA_PATH_CORE_H */
