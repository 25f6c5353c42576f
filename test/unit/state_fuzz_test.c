/*
 * state_fuzz_test.c
 *		The fuzzers' corpora of values and states, and random damage to them,
 *		without a fuzzer.
 */
#include "../fuzz/confusion_exercise.h"
#include "../fuzz/errors_exercise.h"
#include "../fuzz/funnel_exercise.h"
#include "../fuzz/kmeans_exercise.h"
#include "../fuzz/linreg_exercise.h"
#include "../fuzz/logreg_exercise.h"
#include "../fuzz/mutate.h"
#include "../fuzz/path_exercise.h"
#include "../fuzz/sequence_state_exercise.h"
#include "../fuzz/times_exercise.h"
#include "tap.h"

#define MUTATIONS 3000

typedef struct Subject
{
	const char *name;
	int			nseeds;
	uint8_t    *(*seed) (int number, size_t *size);
	LaResult	(*exercise) (const uint8_t *bytes, size_t size, bool *right);
	bool		any_length;		/* what is shorter may be a value, too */
} Subject;

static const Subject subjects[] = {
	{"linreg", LINREG_SEEDS, linreg_seed, exercise_linreg, false},
	{"logreg", LOGREG_SEEDS, logreg_seed, exercise_logreg, false},
	{"kmeans", KMEANS_SEEDS, kmeans_seed, exercise_kmeans, false},
	{"error_sums", ERRORS_SEEDS, errors_seed, exercise_errors, false},
	{"confusion", CONFUSION_SEEDS, confusion_seed, exercise_confusion, false},
	{"funnel_events", FUNNEL_SEEDS, funnel_seed, exercise_funnel, true},
	{"path_state", PATH_SEEDS, path_seed, exercise_path, false},
	{"sequence_state", SEQUENCE_STATE_SEEDS, sequence_state_seed, exercise_sequence_state, false},
	{"states of times", TIMES_SEEDS, times_seed, exercise_times, true}
};

/* Bytes in a block of just their size, which shows a read past their end. */
static LaResult
exercise_copy(const Subject *subject, const uint8_t *from, size_t size, bool *right)
{
	uint8_t    *bytes = malloc(size > 0 ? size : 1);
	LaResult	result;

	memcpy(bytes, from, size);
	result = subject->exercise(bytes, size, right);
	free(bytes);
	return result;
}

static void
test_subject(const Subject *subject)
{
	bool		sound = true;
	bool		right = true;
	bool		refused = true;
	int			taken = 0;
	Prng		prng;

	la_prng_seed(&prng, 31, 0);
	for (int i = 0; i < subject->nseeds; i++)
	{
		size_t		size;
		uint8_t    *seed = subject->seed(i, &size);
		uint8_t    *damaged = malloc(size);

		sound &= exercise_copy(subject, seed, size, &right) == LA_OK;
		for (int repeat = 0; repeat < MUTATIONS; repeat++)
		{
			memcpy(damaged, seed, size);
			taken += exercise_copy(subject, damaged, mutate(damaged, size, &prng), &right) == LA_OK;
		}
		for (size_t shorter = 0; shorter < size; shorter++)
			refused &= exercise_copy(subject, seed, shorter, &right) != LA_OK || subject->any_length;
		free(damaged);
		free(seed);
	}
	ok(sound, "%s: all %d seeds are valid", subject->name, subject->nseeds);
	ok(refused, "%s: what is too short is refused", subject->name);
	ok(taken > 0 && taken <= subject->nseeds * MUTATIONS, "%s: %d of %d damaged values pass", subject->name,
	   taken, subject->nseeds * MUTATIONS);
	ok(right, "%s: what passes keeps its promises", subject->name);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		test_subject(&subjects[i]);
	return tap_done();
}
