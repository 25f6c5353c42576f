/*
 * funnel_core_test.c
 *		funnels against exhaustive search over chains, whatever the order of
 *		rows and however they are split.
 */
#include "funnel_core.h"

#include <stdlib.h>

#include "prng.h"
#include "tap.h"

#define MAX_ROWS	10
#define MAX_STEPS	6
#define MAX_TOLD	(MAX_ROWS * MAX_STEPS)

#define CASES		100000

typedef struct Row
{
	int64_t		ts;
	uint64_t	steps;
	int			key;
} Row;

typedef struct Case
{
	int			n;
	int			steps;
	int			modes;
	int64_t		window;
	Row			rows[MAX_ROWS];
} Case;

/* An event of one step, 0 for none, as the story is told. */
typedef struct Told
{
	int64_t		ts;
	int			step;
	int			row;
} Told;

static Prng prng;

static int
below(int n)
{
	return (int) (la_prng_next(&prng) % (uint64_t) n);
}

/* --- exhaustive search ---------------------------------------------------- */

static bool
within(int64_t start, int64_t ts, int64_t window)
{
	if (start == ts)
		return true;
	if (start == INT64_MIN || ts == INT64_MAX)
		return false;
	return (__int128) ts - start <= window;
}

/* The length of the longest chain that goes on from one of "length" steps. */
static int
longest(const Case *c, const Told *told, int n, int length, int64_t start, int64_t last, unsigned used)
{
	int			best = length;

	for (int i = 0; i < n && best < c->steps; i++)
	{
		const Told *t = &told[i];
		int			found;

		if (t->step != length + 1)
			continue;
		if (length > 0)
		{
			if (t->ts < last || !within(start, t->ts, c->window))
				continue;
			if ((c->modes & LA_FUNNEL_INCREASE) && t->ts == last)
				continue;
			if ((c->modes & LA_FUNNEL_ONCE) && (used & (1u << t->row)))
				continue;
		}
		found = longest(c, told, n, length + 1, length > 0 ? start : t->ts, t->ts, used | (1u << t->row));
		if (found > best)
			best = found;
	}
	return best;
}

static int
compare_told(const void *a, const void *b)
{
	const Told *x = a;
	const Told *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return x->step - y->step;
}

/* The story: a row without a step is told once, others once for each step. */
static int
tell(const Case *c, Told *told)
{
	int			n = 0;

	for (int i = 0; i < c->n; i++)
	{
		if (c->rows[i].steps == 0)
			told[n++] = (Told) {c->rows[i].ts, 0, i};
		for (int k = 0; k < c->steps; k++)
		{
			if (c->rows[i].steps & (UINT64_C(1) << k))
				told[n++] = (Told) {c->rows[i].ts, k + 1, i};
		}
	}
	qsort(told, (size_t) n, sizeof(Told), compare_told);
	return n;
}

/* The level that is reached without event i, by those that are not told after it. */
static int
level_without(const Case *c, const Told *told, int n, int i)
{
	Told		others[MAX_TOLD];
	int			count = 0;

	for (int j = 0; j < n; j++)
	{
		if (j != i && compare_told(&told[j], &told[i]) <= 0)
			others[count++] = told[j];
	}
	return longest(c, others, count, 0, 0, 0, 0);
}

/* The level by definition: event by event, until the story ends. */
static int
search_level(const Case *c)
{
	Told		told[MAX_TOLD];
	int			n = tell(c, told);

	if ((c->modes & (LA_FUNNEL_ORDER | LA_FUNNEL_DEDUPLICATION)) == 0)
		return longest(c, told, n, 0, 0, 0, 0);
	for (int i = 0; i < n; i++)
	{
		int			level = longest(c, told, i, 0, 0, 0, 0);
		int			step = told[i].step;

		if (level == c->steps)
			return level;
		if ((c->modes & LA_FUNNEL_DEDUPLICATION) && step > 1 && level_without(c, told, n, i) >= step)
			return level_without(c, told, n, i);
		if ((c->modes & LA_FUNNEL_ORDER) && level > 0 && (step == 0 || step > level + 1))
			return level;
	}
	return longest(c, told, n, 0, 0, 0, 0);
}

/* All chains of "level" steps, of which the best is kept. */
typedef struct Chains
{
	int			level;
	bool		found;
	int64_t		times[MAX_STEPS];
	int64_t		best[MAX_STEPS];
} Chains;

static bool
is_better(const Chains *s)
{
	int			last = s->level - 1;

	if (!s->found || s->times[last] != s->best[last])
		return !s->found || s->times[last] < s->best[last];
	if (s->times[0] != s->best[0])
		return s->times[0] > s->best[0];
	for (int k = 1; k < last; k++)
	{
		if (s->times[k] != s->best[k])
			return s->times[k] < s->best[k];
	}
	return false;
}

static void
all_chains(const Case *c, Chains *s, int length)
{
	if (length == s->level)
	{
		if (is_better(s))
			memcpy(s->best, s->times, sizeof(s->best));
		s->found = true;
		return;
	}
	for (int i = 0; i < c->n; i++)
	{
		if ((c->rows[i].steps & (UINT64_C(1) << length)) == 0)
			continue;
		s->times[length] = c->rows[i].ts;
		if (length > 0 && (s->times[length] < s->times[length - 1] || !within(s->times[0], s->times[length], c->window)))
			continue;
		all_chains(c, s, length + 1);
	}
}

/* The most chains of all steps after "after", each after the end of the last. */
static int
most_passes(const Case *c, bool any, int64_t after, int length, int64_t start, int64_t last)
{
	int			best = 0;

	if (length == c->steps)
		return 1 + most_passes(c, true, last, 0, 0, 0);
	for (int i = 0; i < c->n; i++)
	{
		const Row  *row = &c->rows[i];
		int			found;

		if ((row->steps & (UINT64_C(1) << length)) == 0)
			continue;
		if (length == 0 ? any && row->ts <= after : row->ts < last || !within(start, row->ts, c->window))
			continue;
		found = most_passes(c, any, after, length + 1, length == 0 ? row->ts : start, row->ts);
		if (found > best)
			best = found;
	}
	return best;
}

static int
search_keyed_level(const Case *c, int keys)
{
	int			best = 0;

	for (int key = 0; key < keys; key++)
	{
		Case		one = *c;
		int			level;

		one.n = 0;
		for (int i = 0; i < c->n; i++)
		{
			if (c->rows[i].key == key)
				one.rows[one.n++] = c->rows[i];
		}
		level = search_level(&one);
		best = level > best ? level : best;
	}
	return best;
}

/* --- the same by way of lists --------------------------------------------- */

/* key 0 is empty, and some are the beginning of others */
static const char *const keys[] = {"", "a", "ab", "b"};

static FunnelEvents *
new_list(FunnelKind kind, int steps, int modes, int64_t window, size_t bytes)
{
	FunnelEvents *list = malloc(sizeof(FunnelEvents) + bytes);

	la_funnel_init(list, kind, steps, modes, window);
	return list;
}

/* The rows in any order, in any number of lists, merged. */
static FunnelEvents *
make_list(const Case *c, FunnelKind kind)
{
	const size_t room = MAX_ROWS * 32;
	FunnelEvents *parts[3];
	int			order[MAX_ROWS];
	int			nparts = 1 + below(3);

	for (int p = 0; p < nparts; p++)
		parts[p] = new_list(kind, c->steps, c->modes, c->window, room);
	for (int i = 0; i < c->n; i++)
	{
		int			j = below(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (int i = 0; i < c->n; i++)
	{
		const Row  *row = &c->rows[order[i]];
		FunnelEvent event = {row->ts, row->steps, (const uint8_t *) keys[row->key], (uint32_t) strlen(keys[row->key])};

		if (row->steps != 0 || (c->modes & LA_FUNNEL_ORDER))
			la_funnel_append(parts[below(nparts)], &event);
	}
	for (int p = 1; p < nparts; p++)
	{
		la_funnel_merge(parts[0], parts[p]);
		free(parts[p]);
	}
	if (!la_funnel_valid(parts[0], sizeof(FunnelEvents) + room))
		ok(false, "list is valid");
	return parts[0];
}

/* The events in order, NULL if the list has them so. */
static FunnelMoment *
sort_list(const FunnelEvents *list, const FunnelMoment **moments, size_t *n)
{
	FunnelMoment *memory;

	*moments = NULL;
	*n = 0;
	if (la_funnel_sorted(list))
		return NULL;
	memory = malloc(2 * list->count * sizeof(FunnelMoment));
	*moments = la_funnel_sort(list, memory, n, NULL);
	return memory;
}

static int
list_level(const Case *c)
{
	FunnelEvents *list = make_list(c, LA_FUNNEL_CONDITIONS);
	void	   *matching = malloc(la_funnel_matching_size(c->steps, c->modes) + 1);
	const FunnelMoment *moments;
	size_t		n;
	FunnelMoment *memory = sort_list(list, &moments, &n);
	int			level = la_funnel_level(list, moments, n, matching, NULL);

	free(memory);
	free(matching);
	free(list);
	return level;
}

static int
keyed_level(const Case *c)
{
	FunnelEvents *list = make_list(c, LA_FUNNEL_TEXT_KEYS);
	FunnelEvent index[2 * MAX_ROWS];
	int			level = -1;

	if (la_funnel_index(list, index, NULL))
		level = la_funnel_keyed_level(list, la_funnel_sort_index(index, index + MAX_ROWS, list->count, NULL), NULL);
	free(list);
	return level;
}

/* --- cases ---------------------------------------------------------------- */

/* Few times, so that many rows share one; rarely an infinite one. */
static int64_t
random_time(int times)
{
	if (below(40) == 0)
		return below(2) ? INT64_MAX : INT64_MIN;
	if (below(40) == 0)
		return below(2) ? INT64_MAX - 1 : INT64_MIN + 1;
	return below(times);
}

static void
random_case(Case *c, int modes)
{
	int			times = 1 + below(12);
	int			per_row = 1 + below(4);

	c->n = 1 + below(MAX_ROWS);
	c->steps = 1 + below(5);
	c->modes = modes;
	c->window = below(times + 1);
	for (int i = 0; i < c->n; i++)
	{
		Row		   *row = &c->rows[i];

		row->ts = random_time(times);
		row->key = below(4);
		row->steps = 0;
		if ((modes & LA_FUNNEL_ORDER) && below(12) == 0)
			continue;
		for (int k = 1 + below(per_row); k > 0; k--)
			row->steps |= UINT64_C(1) << below(c->steps);
	}
}

static void
show(const Case *c, int found, int expected)
{
	printf("# %d steps, modes %d, window %lld: %d, should be %d\n", c->steps, c->modes, (long long) c->window, found, expected);
	for (int i = 0; i < c->n; i++)
		printf("#   %lld: %llx, key %d\n", (long long) c->rows[i].ts, (unsigned long long) c->rows[i].steps, c->rows[i].key);
}

static const char *
mode_text(int modes)
{
	static char text[80];

	snprintf(text, sizeof(text), "%s%s%s%s%s", modes == 0 ? " default" : "",
			 modes & LA_FUNNEL_ORDER ? " order" : "", modes & LA_FUNNEL_DEDUPLICATION ? " deduplication" : "",
			 modes & LA_FUNNEL_INCREASE ? " increase" : "", modes & LA_FUNNEL_ONCE ? " once" : "");
	return text + 1;
}

static void
test_levels(int modes)
{
	int			wrong = 0;
	int			counts[MAX_STEPS + 1] = {0};

	la_prng_seed(&prng, 1, (uint64_t) modes);
	for (int i = 0; i < CASES; i++)
	{
		Case		c;
		int			expected;
		int			found;

		random_case(&c, modes);
		expected = search_level(&c);
		found = list_level(&c);
		counts[expected]++;
		if (found != expected && wrong++ < 3)
			show(&c, found, expected);
	}
	ok(wrong == 0, "%s: %d cases as exhaustive search has them (levels %d %d %d %d %d %d)", mode_text(modes), CASES,
	   counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]);
}

static void
test_keys(void)
{
	int			wrong = 0;

	la_prng_seed(&prng, 2, 1);
	for (int i = 0; i < CASES; i++)
	{
		Case		c;
		int			expected;
		int			found;

		random_case(&c, 0);
		expected = search_keyed_level(&c, 4);
		found = keyed_level(&c);
		if (found != expected && wrong++ < 3)
			show(&c, found, expected);
	}
	ok(wrong == 0, "keys: %d cases as exhaustive search has them", CASES);
}

static void
test_times(void)
{
	int			wrong = 0;

	la_prng_seed(&prng, 3, 1);
	for (int i = 0; i < CASES; i++)
	{
		Case		c;
		Chains		search = {0};
		int64_t		times[LA_FUNNEL_MAX_STEPS];
		FunnelEvents *list;
		FunnelMoment *memory;
		const FunnelMoment *moments;
		size_t		n;
		int			level;

		random_case(&c, 0);
		search.level = search_level(&c);
		if (search.level > 0)
			all_chains(&c, &search, 0);
		list = make_list(&c, LA_FUNNEL_CONDITIONS);
		memory = sort_list(list, &moments, &n);
		level = la_funnel_times(list, moments, n, times, NULL);
		if ((level != search.level || memcmp(times, search.best, (size_t) level * sizeof(int64_t)) != 0) && wrong++ < 3)
			show(&c, level, search.level);
		free(memory);
		free(list);
	}
	ok(wrong == 0, "times: %d cases as exhaustive search has them", CASES);
}

static void
test_completions(void)
{
	int			wrong = 0;
	int			most = 0;

	la_prng_seed(&prng, 4, 1);
	for (int i = 0; i < CASES; i++)
	{
		Case		c;
		FunnelEvents *list;
		FunnelMoment *memory;
		const FunnelMoment *moments;
		size_t		n;
		int			expected;
		int			found;

		random_case(&c, 0);
		c.steps = 1 + below(3);
		for (int j = 0; j < c.n; j++)
			c.rows[j].steps &= la_funnel_all_steps(c.steps);
		expected = most_passes(&c, false, 0, 0, 0, 0);
		list = make_list(&c, LA_FUNNEL_CONDITIONS);
		memory = sort_list(list, &moments, &n);
		found = (int) la_funnel_completions(list, moments, n, NULL);
		most = expected > most ? expected : most;
		if (found != expected && wrong++ < 3)
			show(&c, found, expected);
		free(memory);
		free(list);
	}
	ok(wrong == 0, "completions: %d cases as exhaustive search has them, up to %d passes", CASES, most);
}

/* --- lists ---------------------------------------------------------------- */

/* Every number of steps keeps all of its bits, and every time comes back. */
static void
test_widths(void)
{
	static const int64_t gaps[] = {0, 1, 63, 64, -1, -64, -65, 3600000000, INT64_MAX, INT64_MIN, -1, 1, INT64_MAX, 5};
	bool		same = true;

	for (int steps = 1; steps <= LA_FUNNEL_MAX_STEPS; steps++)
	{
		FunnelEvents *list = new_list(LA_FUNNEL_CONDITIONS, steps, 0, 1, 64 * 18);
		FunnelReader reader;
		FunnelEvent event = {0};
		uint64_t	ts = 0;

		for (int k = 0; k < steps; k++)
		{
			ts += (uint64_t) gaps[k % 14];
			event.ts = (int64_t) ts;
			event.steps = UINT64_C(1) << k | 1;
			la_funnel_append(list, &event);
		}
		ts = 0;
		la_funnel_begin_read(&reader, list);
		for (int k = 0; k < steps; k++)
		{
			ts += (uint64_t) gaps[k % 14];
			same = same && la_funnel_read(&reader, &event) && event.ts == (int64_t) ts && event.steps == (UINT64_C(1) << k | 1);
		}
		same = same && !la_funnel_read(&reader, &event);
		free(list);
	}
	ok(same, "events of 1 to 64 steps and of any time read back");
}

static void
test_numbered(void)
{
	FunnelEvents *list = new_list(LA_FUNNEL_NUMBERED, 64, 0, 63 * INT64_C(60000000), 64 * 11);
	FunnelEvent event = {0};

	for (int k = 0; k < 64; k++)
	{
		event.ts = k * INT64_C(60000000);
		event.steps = UINT64_C(1) << k;
		la_funnel_append(list, &event);
	}
	ok(la_funnel_used(list) == 2 + 63 * 5, "an event a minute after the last takes 5 bytes");
	ok(la_funnel_level(list, NULL, 0, NULL, NULL) == 64, "all of 64 steps");
	list->window--;
	ok(la_funnel_level(list, NULL, 0, NULL, NULL) == 63, "one less within a shorter window");
	free(list);
}

static int	stops;

static void
count_stop(void)
{
	stops++;
}

/* A hundred thousand events in many shapes of order. */
static void
test_sort(void)
{
	const int	n = 100000;
	bool		sorted = true;
	bool		kept = true;

	la_prng_seed(&prng, 5, 1);
	for (int shape = 0; shape < 5; shape++)
	{
		FunnelEvents *list = new_list(LA_FUNNEL_CONDITIONS, 32, 0, 1, (size_t) n * 14);
		FunnelMoment *memory = malloc(2 * (size_t) n * sizeof(FunnelMoment));
		const FunnelMoment *moments;
		size_t		count;
		uint64_t	sum = 0;

		for (int i = 0; i < n; i++)
		{
			FunnelEvent event = {0};

			event.ts = shape == 0 ? i : shape == 1 ? -i : shape == 2 ? below(n) : shape == 3 ? i % 1000 : below(3);
			event.steps = (uint64_t) (event.ts & 0xffff) + 1;
			sum += (uint64_t) event.ts;
			la_funnel_append(list, &event);
		}
		sorted = sorted && la_funnel_sorted(list) == (shape == 0);
		stops = 0;
		moments = la_funnel_sort(list, memory, &count, count_stop);
		if (shape == 2)
			ok(stops > 100, "sorting asks %d times whether it may go on", stops);
		kept = kept && count == (size_t) n;
		for (size_t i = 0; i < count; i++)
		{
			sorted = sorted && (i == 0 || moments[i].ts >= moments[i - 1].ts);
			kept = kept && moments[i].steps == (uint64_t) (moments[i].ts & 0xffff) + 1;
			sum -= (uint64_t) moments[i].ts;
		}
		kept = kept && sum == 0;
		free(memory);
		free(list);
	}
	ok(sorted, "lists of 100,000 events in any order come out sorted");
	ok(kept, "with all of their events");
}

/* Everything that is done with a list. */
static void
read_all(const FunnelEvents *list)
{
	void	   *matching = malloc(la_funnel_matching_size(list->steps, list->modes) + 1);
	FunnelEvents *copy = new_list((FunnelKind) list->kind, list->steps, list->modes, list->window, la_funnel_merge_size(list));
	int64_t		times[LA_FUNNEL_MAX_STEPS];
	FunnelEvent index[20];
	const FunnelMoment *moments;
	size_t		n;

	la_funnel_merge(copy, list);
	if (la_funnel_keyed(list))
	{
		if (la_funnel_index(list, index, NULL))
			la_funnel_keyed_level(list, la_funnel_sort_index(index, index + 10, list->count, NULL), NULL);
	}
	else
	{
		FunnelMoment *memory = sort_list(list, &moments, &n);

		la_funnel_level(list, moments, n, matching, NULL);
		la_funnel_times(list, moments, n, times, NULL);
		la_funnel_completions(list, moments, n, NULL);
		free(memory);
	}
	free(copy);
	free(matching);
}

/* Whatever the header says, a list that passes is read within its bounds. */
static void
test_headers(void)
{
	int			passed = 0;

	la_prng_seed(&prng, 6, 1);
	for (int i = 0; i < CASES; i++)
	{
		size_t		size = sizeof(FunnelEvents) + (size_t) below(80);
		FunnelEvents *list = malloc(size);
		uint8_t    *bytes = (uint8_t *) list;

		for (size_t b = 0; b < size; b++)
			bytes[b] = (uint8_t) (below(2) ? below(3) : below(256));
		if (below(2))
			la_funnel_init(list, (FunnelKind) below(5), below(66), below(17), below(3) - 1);
		list->count = (uint32_t) below(10);
		list->used = (uint32_t) below(100) | (below(2) ? LA_FUNNEL_UNSORTED : 0);
		if (la_funnel_valid(list, size))
		{
			passed++;
			read_all(list);
		}
		free(list);
	}
	ok(passed > 100, "%d of %d random headers pass, and are read within their bounds", passed, CASES);
}

int
main(void)
{
	for (int modes = 0; modes <= LA_FUNNEL_ALL_MODES; modes++)
		test_levels(modes);
	test_keys();
	test_times();
	test_completions();
	test_widths();
	test_numbered();
	test_sort();
	test_headers();
	return tap_done();
}
