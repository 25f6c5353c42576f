/*
 * sequence_core_test.c
 *		Patterns against plain backtracking over small inputs, orders, splits,
 *		and patterns that make backtracking explode.
 */
#include "sequence_core.h"

#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "tap.h"

#define SECOND INT64_C(1000000)

static int	stops;

static void
count_stop(void)
{
	stops++;
}

static SequenceState *
new_state(const char *pattern, int nconditions, uint64_t capacity)
{
	uint32_t	length = (uint32_t) strlen(pattern);
	SequenceState *state = calloc(1, la_sequence_size(length, nconditions, capacity));

	la_sequence_init(state, pattern, length, nconditions, capacity);
	return state;
}

static SequencePattern *
compile(const char *text, int nconditions, PatternError *error)
{
	SequencePattern *pattern = malloc(la_pattern_size(strlen(text)));

	if (la_pattern_compile(pattern, text, strlen(text), nconditions, error) == LA_OK)
		return pattern;
	free(pattern);
	return NULL;
}

static void
sort(SequenceState *state)
{
	SequenceEvent *events = malloc((size_t) (state->n + 1) * sizeof(SequenceEvent));
	SequenceEvent *scratch = malloc((size_t) (state->n + 1) * sizeof(SequenceEvent));

	la_sequence_sort(state, events, scratch, count_stop);
	free(scratch);
	free(events);
}

/* what there is to know of a state: matches or not, how often, the times of the first match */
typedef struct Answer
{
	bool		matches;
	int			count;
	int			ntimes;
	int64_t		times[64];
} Answer;

static Answer
ask(const SequenceState *state, const SequencePattern *pattern)
{
	Answer		answer;
	SequenceMatcher matcher;
	uint64_t	position = 0;
	uint64_t   *memory = malloc(la_sequence_matcher_words(pattern, state->n, true) * sizeof(uint64_t));
	uint64_t   *two = malloc(la_sequence_matcher_words(pattern, state->n, false) * sizeof(uint64_t));
	bool		kept;

	memset(&answer, 0, sizeof(answer));
	answer.matches = la_sequence_plan(&matcher, pattern, state, false, two, NULL);
	kept = la_sequence_plan(&matcher, pattern, state, true, memory, count_stop);
	if (kept != answer.matches)
		abort();
	if (la_sequence_next(&matcher, &position, answer.times))
	{
		answer.ntimes = pattern->nevents;
		answer.count = 1;
		while (la_sequence_next(&matcher, &position, NULL))
			answer.count++;
	}
	free(two);
	free(memory);
	return answer;
}

/* --- the reference: backtracking, which tries every choice, the least first --- */

typedef struct Reference
{
	const SequencePattern *pattern;
	const SequenceEvent *events;
	int			n;
	int64_t		times[64];
	int			ntimes;
} Reference;

/* the end of a match of item a and those after it from p on, or -1 */
static int
backtrack(Reference *r, int a, int p)
{
	const PatternItem *item = &r->pattern->items[a];
	int			ntimes = r->ntimes;
	int			end;

	if (a == r->pattern->nitems)
		return p;
	switch (item->kind)
	{
		case PATTERN_EVENT:
			if (p == r->n || !((r->events[p].conditions >> item->condition) & 1))
				return -1;
			r->times[r->ntimes++] = r->events[p].ts;
			end = backtrack(r, a + 1, p + 1);
			if (end < 0)
				r->ntimes = ntimes;
			return end;
		case PATTERN_ANY:
			return p == r->n ? -1 : backtrack(r, a + 1, p + 1);
		case PATTERN_SKIP:
			for (int q = p; q <= r->n; q++)
			{
				end = backtrack(r, a + 1, q);
				if (end >= 0)
					return end;
			}
			return -1;
		case PATTERN_GATE:
			for (int q = p; q < r->n; q++)
			{
				int64_t		distance = r->events[q].ts - r->events[p - 1].ts;

				if (distance < item->least || distance > item->most)
					continue;
				end = backtrack(r, a + 1, q);
				if (end >= 0)
					return end;
			}
			return -1;
	}
	abort();
}

/* by the definition: {1} < {1,2} < {2} */
static int
compare_words(uint64_t a, uint64_t b)
{
	int			i = 0,
				j = 0;

	for (;;)
	{
		while (i < 64 && !((a >> i) & 1))
			i++;
		while (j < 64 && !((b >> j) & 1))
			j++;
		if (i != j || i == 64)
			return i == j ? 0 : i == 64 ? -1 : j == 64 ? 1 : i < j ? -1 : 1;
		i++;
		j++;
	}
}

static int
compare_events(const void *a, const void *b)
{
	const SequenceEvent *x = a;
	const SequenceEvent *y = b;

	return x->ts != y->ts ? (x->ts < y->ts ? -1 : 1) : compare_words(x->conditions, y->conditions);
}

static Answer
ask_reference(SequenceEvent *events, int n, const SequencePattern *pattern)
{
	Reference	r = {pattern, events, n, {0}, 0};
	Answer		answer;
	int			p;

	memset(&answer, 0, sizeof(answer));
	qsort(events, (size_t) n, sizeof(SequenceEvent), compare_events);
	p = backtrack(&r, 0, 0);
	if (p < 0)
		return answer;
	answer.matches = true;
	answer.ntimes = r.ntimes;
	memcpy(answer.times, r.times, sizeof(int64_t) * (size_t) r.ntimes);
	for (; p >= 0; p = backtrack(&r, 0, p))
	{
		answer.count++;
		r.ntimes = 0;
	}
	return answer;
}

static bool
same(const Answer *a, const Answer *b)
{
	return a->matches == b->matches && a->count == b->count && a->ntimes == b->ntimes &&
		memcmp(a->times, b->times, sizeof(int64_t) * (size_t) a->ntimes) == 0;
}

/* --- random inputs ------------------------------------------------------------ */

static int
draw(Prng *prng, int n)
{
	return (int) la_prng_below(prng, (uint32_t) n);
}

static void
random_pattern(Prng *prng, char *text, int nconditions)
{
	static const char *const ops[] = {">=", ">", "<=", "<", "=="};
	int			nitems = 1 + draw(prng, 6);
	bool		gate_may_follow = false;

	for (*text = '\0'; nitems > 0 || !strpbrk(text, "?."); nitems--)
	{
		char	   *end = text + strlen(text);
		int			kind = draw(prng, 10);

		if (kind < 5)
			sprintf(end, "(?%d)", 1 + draw(prng, nconditions));
		else if (kind < 6)
			strcpy(end, ".");
		else if (kind < 8)
			strcpy(end, ".*");
		else if (gate_may_follow)
			sprintf(end, "(?t%s%d)", ops[draw(prng, 5)], draw(prng, 6));
		if (*end != '\0')
			gate_may_follow = kind < 6 || kind >= 8;
	}
}

/* every answer that can be had of the events: held in order, in any order, in parts that are joined */
static bool
agrees(Prng *prng, const char *text, int nconditions, SequenceEvent *events, int n)
{
	PatternError error;
	SequencePattern *pattern = compile(text, nconditions, &error);
	SequenceState *whole = new_state(text, nconditions, (uint64_t) n);
	SequenceState *part = new_state(text, nconditions, (uint64_t) n);
	SequenceState *joined = new_state(text, nconditions, (uint64_t) n);
	int			cut = draw(prng, n + 1);
	Answer		wanted,
				answers[2];
	bool		right;

	if (pattern == NULL)
	{
		/* only a pattern without an event is none */
		free(whole);
		free(part);
		free(joined);
		return strspn(text, ".*") == strlen(text);
	}
	for (int i = 0; i < n; i++)
	{
		la_sequence_add(whole, &events[i]);
		la_sequence_add(i < cut ? joined : part, &events[i]);
	}
	la_sequence_append(joined, part);
	sort(whole);
	sort(joined);
	answers[0] = ask(whole, pattern);
	answers[1] = ask(joined, pattern);
	wanted = ask_reference(events, n, pattern);
	right = same(&answers[0], &wanted) && same(&answers[1], &wanted) &&
		memcmp(whole, joined, la_sequence_size((uint32_t) strlen(text), nconditions, (uint64_t) n)) == 0;
	free(joined);
	free(part);
	free(whole);
	free(pattern);
	return right;
}

static void
test_random(int times)
{
	Prng		prng;
	int			wrong = 0;
	int			matching = 0;

	la_prng_seed(&prng, 7, 0);
	for (int i = 0; i < times; i++)
	{
		SequenceEvent events[16];
		char		text[256];
		int			nconditions = draw(&prng, 20) == 0 ? 64 : 1 + draw(&prng, 10);
		int			n = draw(&prng, 13);
		int			span = 1 + draw(&prng, 12);

		for (int e = 0; e < n; e++)
		{
			events[e].ts = (draw(&prng, span) - 5) * SECOND / (1 + i % 2);
			events[e].conditions = UINT64_C(1) << draw(&prng, nconditions < 3 ? nconditions : 3);
			if (draw(&prng, 3) == 0)
				events[e].conditions |= UINT64_C(1) << draw(&prng, nconditions);
		}
		random_pattern(&prng, text, nconditions < 3 ? nconditions : 3);
		if (!agrees(&prng, text, nconditions, events, n))
		{
			if (wrong++ < 5)
				printf("# %s over %d events\n", text, n);
		}
		else
			matching++;
	}
	ok(wrong == 0 && matching > 0, "%d random patterns give what backtracking gives, in any order, joined from parts", times);
}

/* a longer input, so that rows have many words */
static void
test_long_random(void)
{
	Prng		prng;
	int			wrong = 0;

	la_prng_seed(&prng, 8, 0);
	for (int i = 0; i < 300; i++)
	{
		SequenceEvent events[400];
		static const char *const texts[] = {
			"(?1)(?t<=3)(?2)", "(?1)(?t>=3)(?t<=5)(?2).(?3)", "(?3)(?3).*(?1)(?t==7)(?2)", "(?1)(?t>400)(?2)",
			"(?1).(?2).*(?3)(?t<1)(?3)", "(?2)(?t<=2).*(?1)", "(?2)(?t<=2)"
		};

		for (int e = 0; e < 400; e++)
		{
			events[e].ts = draw(&prng, 500) * SECOND;
			events[e].conditions = UINT64_C(1) << draw(&prng, 5);
		}
		wrong += !agrees(&prng, texts[i % 7], 5, events, 400);
	}
	ok(wrong == 0, "so do patterns over 400 events");
}

/* --- examples ------------------------------------------------------------------- */

/* conditions "1", "3", "12" (both) a second apart */
static Answer
example(const char *text, int nconditions, const char *rows)
{
	PatternError error;
	SequencePattern *pattern = compile(text, nconditions, &error);
	SequenceState *state = new_state(text, nconditions, 100);
	Answer		answer;

	for (int64_t ts = 0; *rows != '\0'; ts += SECOND)
	{
		SequenceEvent event = {ts, 0};

		for (; *rows != '\0' && *rows != ' '; rows++)
			if (*rows - '1' < nconditions)
				event.conditions |= UINT64_C(1) << (*rows - '1');
		if (event.conditions != 0)
			la_sequence_add(state, &event);
		rows += *rows == ' ';
	}
	answer = ask(state, pattern);
	free(state);
	free(pattern);
	return answer;
}

static void
test_published(void)
{
	ok(example("(?1)(?2)", 2, "1 3 2").matches, "an event without a condition of its own does not stand between");
	ok(!example("(?1)(?2)", 3, "1 3 2").matches, "one with a condition does");
	ok(example("(?1).*(?2)", 3, "1 3 2 1 3 2").count == 2, "two matches that do not overlap");
	ok(example("(?1)(?2)", 2, "12 12").count == 1, "an event is used once");
	ok(example("(?1)(?2)", 2, "12").count == 0, "even if it meets two conditions");
	ok(example("(?1)(?t>=2)(?2)", 3, "1 3 2").times[1] == 2 * SECOND, "the time of the second event");
	ok(example("(?1)(?t<2)(?2)", 3, "1 3 2").count == 0, "too late");
	ok(example("(?1)(?t<=5)", 3, "1").count == 0 && example("(?1)(?t<=5)", 3, "1 3").count == 1,
	   "a time condition at the end asks for another event");
}

static void
test_errors(void)
{
	static const struct
	{
		const char *text;
		size_t		position;
	}			bad[] = {
		{"", 0}, {".*", 2}, {"(?0)", 2}, {"(?3)", 2}, {"(?99999999999999999999)", 2}, {"(?1", 3}, {"(1)", 0},
		{"(?1)x", 4}, {"(?t>=1)(?1)", 0}, {"(?1).*(?t>=1)(?2)", 6}, {"(?1)(?t=1)(?2)", 7}, {"(?1)(?t>=)(?2)", 9},
		{"(?1)(?t>=1.)(?2)", 11}, {"(?1)(?t>=1.1234567)(?2)", 17}, {"(?1)(?t>=9999999999999999)(?2)", 9},
		{"(?1)(?t>=-1)(?2)", 9}, {"(?)", 2}, {"(?1))", 4}, {"?1", 0}
	};
	static const char *const good[] = {
		"(?1)", ".", " ( ", "(?1)(?2)", "(? 1 ) .* . (?t >= 1.5 ) (?2)", "(?1)(?t<=0)(?2)", "(?1)(?t>=9223372036853)(?2)",
		".*.*.(?2).*"
	};
	PatternError error;
	int			wrong = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		SequencePattern *pattern = compile(bad[i].text, 2, &error);

		if (pattern != NULL || error.position != bad[i].position || (error.expected == NULL) == (error.problem == NULL))
		{
			wrong++;
			printf("# %s: %zu\n", bad[i].text, error.position);
		}
		free(pattern);
	}
	ok(wrong == 0, "bad patterns are refused, where they are bad");
	wrong = 0;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		SequencePattern *pattern = compile(good[i], 2, &error);

		wrong += (pattern == NULL) != (strcmp(good[i], " ( ") == 0);
		free(pattern);
	}
	ok(wrong == 0, "good ones are not");
}

/* --- size ------------------------------------------------------------------------- */

/* patterns for which backtracking takes longer than anybody would wait */
static void
test_adversarial(void)
{
	static const char *const texts[] = {
		"(?1).*.*.*.*.*(?2)", "(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?2)",
		"(?1)(?t<=5000)(?1)(?t<=5000)(?1)(?t<=5000)(?1)(?t<=5000)(?1).*(?2)",
		"(?1).*(?1)(?t==3)(?1).*(?1)(?t==4)(?1).*(?1)(?t>9000).(?2)",
		".*.*.*.*(?1).*.(?t>=0).*.(?t<=1)(?2)"
	};
	const int	n = 10000;
	int			wrong = 0;

	stops = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		PatternError error;
		SequencePattern *pattern = compile(texts[i], 2, &error);
		SequenceState *state = new_state(texts[i], 2, (uint64_t) n + 1);
		SequenceEvent last = {(int64_t) (n + 10000) * SECOND, 2};
		Answer		answer;

		for (int e = 0; e < n; e++)
		{
			SequenceEvent event = {(int64_t) (n - e) * SECOND, 1};

			la_sequence_add(state, &event);
		}
		sort(state);
		answer = ask(state, pattern);
		wrong += answer.matches;
		la_sequence_add(state, &last);
		answer = ask(state, pattern);
		/* the event of condition 2 is 10000 s after the others, too far for the last pattern */
		wrong += answer.matches != (i != 4);
		free(state);
		free(pattern);
	}
	ok(wrong == 0, "patterns that explode under backtracking are answered over 10,000 events");
	ok(stops > 0, "and let themselves be stopped");
}

static void
test_valid(void)
{
	SequenceState *state = new_state("(?1)", 9, 5);
	uint64_t	bytes = la_sequence_size(4, 9, 5);
	bool		right = la_sequence_valid(state, bytes) && !la_sequence_valid(state, bytes - 1) &&
		!la_sequence_valid(state, bytes + 1) && !la_sequence_valid(state, 3);

	state->capacity = UINT64_MAX / 10;
	right = right && !la_sequence_valid(state, bytes);
	state->capacity = 5;
	state->n = 6;
	right = right && !la_sequence_valid(state, bytes);
	state->n = 0;
	state->nconditions = 0;
	right = right && !la_sequence_valid(state, bytes);
	state->nconditions = 65;
	right = right && !la_sequence_valid(state, bytes);
	ok(right, "a state that is larger than its memory is not valid");
	free(state);
}

int
main(void)
{
	test_published();
	test_errors();
	test_random(100000);
	test_long_random();
	test_adversarial();
	test_valid();
	return tap_done();
}
