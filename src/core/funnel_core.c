/*
 * funnel_core.c
 *		Levels, times and completions of funnels, exact at equal times.
 *
 * Events come in order of time; those of one time are a group and take effect
 * together.  For each level the latest start of a chain that has reached it is
 * enough to know: of two chains at the same level the one that began later may
 * do whatever the other may, and for longer.  These starts never go back in
 * time, and a deeper level never has a later start than one before it, as each
 * chain has passed the levels before.  An event of step k so hands the start
 * of level k - 1 to level k, in constant time.
 *
 * Within a group, taking the steps in ascending order lets equal times follow
 * each other, descending order lets them not.  Where each event serves once
 * only, a group of several events is matched with the steps: see
 * extend_matched.
 */
#include "funnel_core.h"

/* what is done without a look at interrupts */
#define EVENTS_PER_STEP 4096

static inline int
lowest_bit(uint64_t bits)
{
	return __builtin_ctzll(bits);
}

static inline int
highest_bit(uint64_t bits)
{
	return 63 - __builtin_clzll(bits);
}

static inline uint64_t
bit(int k)
{
	return UINT64_C(1) << k;
}

static inline bool
is_infinite(int64_t ts)
{
	return ts == LA_FUNNEL_MINUS_INFINITY || ts == LA_FUNNEL_INFINITY;
}

/* --- matching of a group's rows with steps -------------------------------- */

/*
 * Rows of one group.  Of a step that many rows meet, "steps" of them are
 * enough, whatever the others serve for: a row is left out when each of its
 * steps has that many.  So there are at most steps * steps.
 */
struct FunnelMatching
{
	int			steps;
	int			rows;
	int			counts[LA_FUNNEL_MAX_STEPS];	/* rows kept for a step */
	int			row_of[LA_FUNNEL_MAX_STEPS];	/* the row that serves a step */
	uint64_t   *masks;			/* steps of a row */
	int8_t	   *serves;			/* the step it serves, or -1 */
	int8_t	   *via;			/* the step from which a search came to it, or -1 */
};

/*
 * la_funnel_matching_size
 *		Bytes that la_funnel_begin needs beside the run; 0 for most modes.
 */
size_t
la_funnel_matching_size(int steps, int modes)
{
	size_t		rows = (size_t) steps * (size_t) steps;

	if ((modes & LA_FUNNEL_ONCE) == 0 || (modes & LA_FUNNEL_INCREASE) != 0)
		return 0;
	return sizeof(FunnelMatching) + rows * (sizeof(uint64_t) + 2);
}

static FunnelMatching *
init_matching(void *memory, int steps)
{
	FunnelMatching *matching = memory;
	size_t		rows = (size_t) steps * (size_t) steps;

	matching->steps = steps;
	matching->masks = (uint64_t *) (matching + 1);
	matching->serves = (int8_t *) (matching->masks + rows);
	matching->via = matching->serves + rows;
	return matching;
}

static void
clear_rows(FunnelMatching *matching)
{
	matching->rows = 0;
	memset(matching->counts, 0, sizeof(matching->counts));
}

static void
keep_row(FunnelMatching *matching, uint64_t mask)
{
	bool		needed = false;

	for (uint64_t bits = mask; bits != 0; bits &= bits - 1)
		needed = needed || matching->counts[lowest_bit(bits)] < matching->steps;
	if (!needed)
		return;
	for (uint64_t bits = mask; bits != 0; bits &= bits - 1)
		matching->counts[lowest_bit(bits)]++;
	matching->serves[matching->rows] = -1;
	matching->masks[matching->rows++] = mask;
}

/* Step "step" takes "row", whose step takes another instead, and so on. */
static void
hand_over(FunnelMatching *matching, int step, int row, int wanted)
{
	for (;;)
	{
		int			left = matching->row_of[step];

		matching->serves[row] = (int8_t) step;
		matching->row_of[step] = row;
		if (step == wanted)
			return;
		row = left;
		step = matching->via[row];
	}
}

/*
 * Find a row for a step, moving other steps to other rows where it must be;
 * false if there is no way.
 *
 * An augmenting path, by breadth.  Source: Kuhn, The Hungarian Method for the
 * Assignment Problem, Naval Research Logistics Quarterly 2, 1955.
 */
static bool
augment(FunnelMatching *matching, int wanted)
{
	int			queue[LA_FUNNEL_MAX_STEPS];
	int			queued = 0;

	memset(matching->via, -1, (size_t) matching->rows);
	queue[queued++] = wanted;
	for (int done = 0; done < queued; done++)
	{
		int			step = queue[done];

		for (int row = 0; row < matching->rows; row++)
		{
			if ((matching->masks[row] & bit(step)) == 0 || matching->via[row] >= 0)
				continue;
			matching->via[row] = (int8_t) step;
			if (matching->serves[row] < 0)
			{
				hand_over(matching, step, row, wanted);
				return true;
			}
			queue[queued++] = matching->serves[row];
		}
	}
	return false;
}

/* --- a group takes effect ------------------------------------------------- */

/*
 * la_funnel_begin
 *		A viewer without events; "matching" is as large as
 *		la_funnel_matching_size says, and aligned.
 */
void
la_funnel_begin(FunnelRun *run, int steps, int modes, int64_t window, void *matching)
{
	/* later events than the last are other events anyway */
	if (modes & LA_FUNNEL_INCREASE)
		modes &= ~LA_FUNNEL_ONCE;
	run->window = (uint64_t) window;
	run->steps = steps;
	run->all = la_funnel_all_steps(steps);
	run->modes = modes;
	run->level = 0;
	run->ended = false;
	run->open = 0;
	run->waiting = false;
	run->matching = (modes & LA_FUNNEL_ONCE) ? init_matching(matching, steps) : NULL;
}

/* Whether a chain of "level" steps may go on now. */
static inline bool
may_go_on(const FunnelRun *run, int level)
{
	/* times are at most 2^64 apart, and none is before a start */
	return (run->open & bit(level - 1)) != 0 &&
		(uint64_t) run->ts - (uint64_t) run->starts[level - 1] <= run->window;
}

/* Step k + 1 happens: hand on the start of the level before. */
static inline void
extend(FunnelRun *run, int k)
{
	if (k == 0)
		run->starts[0] = run->ts;
	else if (may_go_on(run, k))
		run->starts[k] = run->starts[k - 1];
	else
		return;
	run->open |= bit(k);
	if (k >= run->level)
		run->level = k + 1;
}

static inline void
extend_ascending(FunnelRun *run)
{
	for (uint64_t bits = run->once; bits != 0; bits &= bits - 1)
		extend(run, lowest_bit(bits));
}

static inline void
extend_descending(FunnelRun *run)
{
	uint64_t	bits = run->once;

	while (bits != 0)
	{
		int			k = highest_bit(bits);

		extend(run, k);
		bits &= ~bit(k);
	}
}

/*
 * Several rows, each of which may serve once in a chain.
 *
 * A chain of "base" steps from before the group can be led on to level "reach"
 * if the steps after base and up to reach can be matched with different rows.
 * Reach does not fall as base grows: the matching for one base, without the row
 * of the step that is no longer wanted, serves for the next, so that at most
 * two searches for each step are made.  The least base has the latest start, a
 * new chain the latest of all, so what one base has set the next leaves alone.
 */
static void
extend_matched(FunnelRun *run)
{
	FunnelMatching *matching = run->matching;
	int			reach = 0;
	int			set = 0;		/* levels up to here have been settled */
	FunnelRun	before = *run;

	for (int base = 0; base < run->steps; base++)
	{
		bool		alive = base == 0 || may_go_on(&before, base);

		if (reach < base)
			reach = base;
		while (alive && reach < run->steps && (run->once & bit(reach)) != 0 && augment(matching, reach))
			reach++;
		if (set < base)
			set = base;
		for (; alive && set < reach; set++)
		{
			run->starts[set] = base == 0 ? run->ts : before.starts[base - 1];
			run->open |= bit(set);
		}
		if (alive && reach > run->level && reach > base)
			run->level = reach;
		if (reach > base)
			matching->serves[matching->row_of[base]] = -1;
	}
}

static inline void
extend_by_mode(FunnelRun *run)
{
	if (run->modes & LA_FUNNEL_INCREASE)
		extend_descending(run);
	else if ((run->modes & LA_FUNNEL_ONCE) == 0)
		extend_ascending(run);
	else if (run->matching->rows > 1)
		extend_matched(run);
	else
		extend_descending(run);
}

/*
 * Whether the story ends with this group, in which "level" has become
 * run->level: see funnel_core.h.
 *
 * In ascending order the first step that is met again decides.  What had been
 * reached before the group comes before what was reached in it.
 */
static bool
ends_early(FunnelRun *run, int level)
{
	uint64_t	again;

	if (run->modes & LA_FUNNEL_DEDUPLICATION)
	{
		again = level > 1 ? run->once & la_funnel_all_steps(level) & ~bit(0) : 0;
		if (again != 0)
		{
			run->level = level;
			return true;
		}
		again = run->level > 1 ? run->twice & la_funnel_all_steps(run->level) & ~bit(0) : 0;
		if (again != 0)
		{
			run->level = lowest_bit(again) + 1;
			return true;
		}
	}
	return (run->modes & LA_FUNNEL_ORDER) != 0 && run->level > 0 && run->once != 0 &&
		highest_bit(run->once) > run->level;
}

/* The events of one time are complete: let them take effect. */
static void
take_group(FunnelRun *run)
{
	int			level = run->level;

	run->waiting = false;
	if ((run->modes & LA_FUNNEL_ORDER) != 0 && run->other && level > 0)
	{
		run->ended = true;
		return;
	}
	/* what is infinitely far from everything is within no window */
	if (is_infinite(run->ts))
		run->open = 0;
	extend_by_mode(run);
	if (is_infinite(run->ts))
		run->open = 0;
	if (run->modes & (LA_FUNNEL_DEDUPLICATION | LA_FUNNEL_ORDER))
		run->ended = ends_early(run, level);
	if (run->level == run->steps)
		run->ended = true;
}

/* The first event of a time. */
static inline void
begin_group(FunnelRun *run, int64_t ts, uint64_t steps)
{
	run->waiting = true;
	run->ts = ts;
	run->other = steps == 0;
	run->once = steps;
	run->twice = 0;
	if (run->matching != NULL)
		clear_rows(run->matching);
}

/*
 * la_funnel_add
 *		The next event, not before the last; "steps" has bit 0 for step 1.
 *
 * False if it need not be told any more: the level is known.
 */
inline bool
la_funnel_add(FunnelRun *run, int64_t ts, uint64_t steps)
{
	steps &= run->all;
	if (!run->waiting || ts != run->ts)
	{
		if (run->waiting)
			take_group(run);
		if (run->ended)
			return false;
		begin_group(run, ts, steps);
	}
	else
	{
		run->other = run->other || steps == 0;
		run->twice |= run->once & steps;
		run->once |= steps;
	}
	if (run->matching != NULL && steps != 0)
		keep_row(run->matching, steps);
	return true;
}

/*
 * la_funnel_end
 *		There are no more events: the level, 0 if step 1 has not happened.
 */
int
la_funnel_end(FunnelRun *run)
{
	if (run->waiting && !run->ended)
		take_group(run);
	return run->level;
}

/* --- lists ---------------------------------------------------------------- */

/* Events in order of time: of a list that is in order, or sorted ones of one that is not. */
typedef struct Source
{
	FunnelReader reader;
	const FunnelMoment *moment;
	const FunnelMoment *end;
	uint32_t	count;
	MayStop		may_stop;
} Source;

static Source
open_source(const FunnelEvents *list, const FunnelMoment *moments, size_t n, MayStop may_stop)
{
	Source		source = {.moment = moments, .end = moments != NULL ? moments + n : NULL, .may_stop = may_stop};

	la_funnel_begin_read(&source.reader, list);
	return source;
}

static inline bool
next_event(Source *source, int64_t *ts, uint64_t *steps)
{
	if (++source->count % EVENTS_PER_STEP == 0)
		la_may_stop(source->may_stop);
	if (source->moment == NULL)
		return la_funnel_read_plain(&source->reader, ts, steps);
	if (source->moment == source->end)
		return false;
	*ts = source->moment->ts;
	*steps = source->moment->steps;
	source->moment++;
	return true;
}

/*
 * la_funnel_level
 *		The level of a list of plain records.
 *
 * Here and below, "moments" are what la_funnel_sort has made of the list, n of
 * them, or NULL if the list is in order of time.
 */
int
la_funnel_level(const FunnelEvents *list, const FunnelMoment *moments, size_t n, void *matching, MayStop may_stop)
{
	Source		source = open_source(list, moments, n, may_stop);
	FunnelRun	run;
	int64_t		ts;
	uint64_t	steps;

	la_funnel_begin(&run, list->steps, list->modes, list->window, matching);
	while (next_event(&source, &ts, &steps))
	{
		if (!la_funnel_add(&run, ts, steps))
			break;
	}
	return la_funnel_end(&run);
}

/* A chain, found while events come. */
typedef struct FunnelChain
{
	int			level;
	int64_t		start;
} FunnelChain;

/* Note the chain that has just become the deepest. */
static inline void
note_chain(FunnelChain *chain, const FunnelRun *run)
{
	if (run->level > chain->level)
	{
		chain->level = run->level;
		chain->start = run->starts[run->level - 1];
	}
}

/* The deepest chain: the first to end, and of those the last to start. */
static FunnelChain
find_chain(Source source)
{
	const FunnelEvents *list = source.reader.list;
	FunnelChain chain = {0, 0};
	FunnelRun	run;
	int64_t		ts;
	uint64_t	steps;
	bool		more = true;

	la_funnel_begin(&run, list->steps, 0, list->window, NULL);
	while (more && next_event(&source, &ts, &steps))
	{
		more = la_funnel_add(&run, ts, steps);
		note_chain(&chain, &run);
	}
	la_funnel_end(&run);
	note_chain(&chain, &run);
	return chain;
}

/*
 * la_funnel_times
 *		When each step of the deepest chain happened; returns its level.
 *
 * Of several deepest chains it is the first to end, of those the last to
 * start, and from there each step as soon as it happens.  The modes of the list
 * play no part; "times" has room for all steps.
 */
int
la_funnel_times(const FunnelEvents *list, const FunnelMoment *moments, size_t n, int64_t *times, MayStop may_stop)
{
	Source		source = open_source(list, moments, n, may_stop);
	FunnelChain chain = find_chain(source);
	int			level = 0;
	int64_t		last = 0;
	int64_t		ts;
	uint64_t	met = 0;		/* at the time "last" */
	uint64_t	steps;

	while (level < chain.level && next_event(&source, &ts, &steps))
	{
		if (ts < chain.start)
			continue;
		met = ts == last ? met | steps : steps;
		last = ts;
		while (level < chain.level && (met & bit(level)) != 0)
			times[level++] = ts;
	}
	return level;
}

/*
 * la_funnel_completions
 *		How many chains of all steps there are one after the other, each
 *		starting later than the one before it ended.
 *
 * The chain that ends first leaves most to come, so taking it each time takes
 * as many as there can be.  The modes of the list play no part.
 */
int64_t
la_funnel_completions(const FunnelEvents *list, const FunnelMoment *moments, size_t n, MayStop may_stop)
{
	Source		source = open_source(list, moments, n, may_stop);
	int64_t		completions = 0;
	FunnelRun	run;
	int64_t		ts;
	uint64_t	steps;

	la_funnel_begin(&run, list->steps, 0, list->window, NULL);
	while (next_event(&source, &ts, &steps))
	{
		if (la_funnel_add(&run, ts, steps))
			continue;
		completions++;
		la_funnel_begin(&run, list->steps, 0, list->window, NULL);
		la_funnel_add(&run, ts, steps);
	}
	return completions + (la_funnel_end(&run) == list->steps);
}

/* --- keyed lists ---------------------------------------------------------- */

/*
 * la_funnel_index
 *		The events of a list of keyed records; "index" has room for all.  False
 *		if there are not as many as the list says.
 */
bool
la_funnel_index(const FunnelEvents *list, FunnelEvent *index, MayStop may_stop)
{
	FunnelReader reader;

	la_funnel_begin_read(&reader, list);
	for (uint32_t i = 0; i < list->count; i++)
	{
		if (i % EVENTS_PER_STEP == EVENTS_PER_STEP - 1)
			la_may_stop(may_stop);
		if (!la_funnel_read_keyed(&reader, &index[i]))
			return false;
	}
	return reader.at == reader.end;
}

static inline int
compare_keys(const FunnelEvent *a, const FunnelEvent *b)
{
	uint32_t	shorter = a->key_length < b->key_length ? a->key_length : b->key_length;
	int			order = memcmp(a->key, b->key, shorter);

	if (order != 0)
		return order;
	return (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

/* By key, then by time. */
static inline bool
goes_after(const FunnelEvent *a, const FunnelEvent *b)
{
	int			order = compare_keys(a, b);

	return order > 0 || (order == 0 && a->ts > b->ts);
}

/*
 * la_funnel_sort_index
 *		Sort n events by key and then by time; "scratch" has room for them once
 *		more.  Returns where the sorted events are, one of the two.
 *
 * A merge sort from pairs upwards.
 */
FunnelEvent *
la_funnel_sort_index(FunnelEvent *index, FunnelEvent *scratch, size_t n, MayStop may_stop)
{
	uint32_t	moved = 0;

	for (size_t width = 1; width < n; width *= 2)
	{
		FunnelEvent *swap = index;

		for (size_t low = 0; low < n; low += 2 * width)
		{
			size_t		middle = low + width < n ? low + width : n;
			size_t		high = low + 2 * width < n ? low + 2 * width : n;
			size_t		a = low;
			size_t		b = middle;

			for (size_t to = low; to < high; to++)
			{
				bool		take_b = b < high && (a == middle || goes_after(&index[a], &index[b]));

				scratch[to] = index[take_b ? b++ : a++];
				if (++moved % EVENTS_PER_STEP == 0)
					la_may_stop(may_stop);
			}
		}
		index = scratch;
		scratch = swap;
	}
	return index;
}

/*
 * la_funnel_keyed_level
 *		The deepest level that the events of any one key reach; "index" is
 *		sorted.
 */
int
la_funnel_keyed_level(const FunnelEvents *list, const FunnelEvent *index, MayStop may_stop)
{
	int			level = 0;
	FunnelRun	run;

	la_funnel_begin(&run, list->steps, 0, list->window, NULL);
	for (uint32_t i = 0; i < list->count && level < list->steps; i++)
	{
		if (i % EVENTS_PER_STEP == EVENTS_PER_STEP - 1)
			la_may_stop(may_stop);
		if (i > 0 && compare_keys(&index[i - 1], &index[i]) != 0)
		{
			la_funnel_end(&run);
			level = run.level > level ? run.level : level;
			la_funnel_begin(&run, list->steps, 0, list->window, NULL);
		}
		la_funnel_add(&run, index[i].ts, index[i].steps);
	}
	la_funnel_end(&run);
	return run.level > level ? run.level : level;
}
