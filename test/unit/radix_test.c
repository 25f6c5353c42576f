/*
 * radix_test.c
 *		The radix sort against qsort, and keys against the numbers.
 */
#include "radix.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "prng.h"
#include "tap.h"

#define MAX_KEYS 5000

static int
compare_keys(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

/* Sort exactly n keys in blocks of memory of their own. */
static bool
sorts_as_qsort(const uint64_t *keys, size_t n)
{
	size_t		bytes = n * sizeof(uint64_t);
	uint64_t   *sorted = malloc(bytes);
	uint64_t   *scratch = malloc(bytes);
	uint64_t   *expected = malloc(bytes);
	bool		same;

	if (n > 0)
	{
		memcpy(sorted, keys, bytes);
		memcpy(expected, keys, bytes);
		qsort(expected, n, sizeof(uint64_t), compare_keys);
	}
	la_radix_sort(sorted, scratch, n, NULL);
	same = n == 0 || memcmp(sorted, expected, bytes) == 0;
	free(sorted);
	free(scratch);
	free(expected);
	return same;
}

static void
check(const uint64_t *keys, uint32_t n, const char *what)
{
	ok(sorts_as_qsort(keys, n), "%s", what);
}

static int	asked;

static void
count_question(void)
{
	asked++;
}

/* So many keys that a step does not see all of them. */
static void
test_steps(void)
{
	const size_t n = 300001;
	uint64_t   *keys = malloc(n * sizeof(uint64_t));
	uint64_t   *scratch = malloc(n * sizeof(uint64_t));
	Prng		prng;

	la_prng_seed(&prng, 2, 0);
	for (size_t i = 0; i < n; i++)
		keys[i] = la_prng_next(&prng) >> (i % 3 * 20);
	ok(sorts_as_qsort(keys, n), "300001 keys");
	la_radix_sort(keys, scratch, n, count_question);
	ok(asked == 9 * 5, "asked %d times meanwhile", asked);
	free(keys);
	free(scratch);
}

static void
test_keys(void)
{
	static uint64_t keys[MAX_KEYS];
	Prng		prng;
	bool		all = true;

	la_prng_seed(&prng, 1, 0);
	for (int i = 0; i < MAX_KEYS; i++)
		keys[i] = la_prng_next(&prng);
	check(keys, MAX_KEYS, "random keys");
	for (uint32_t n = 0; n < 300; n++)
		all &= sorts_as_qsort(keys, n);
	ok(all, "0 to 299 random keys");

	for (int shift = 0; shift < 64; shift += 4)
	{
		for (int i = 0; i < MAX_KEYS; i++)
			keys[i] = la_prng_next(&prng) % 300 << shift;
		all &= sorts_as_qsort(keys, MAX_KEYS);
	}
	ok(all, "keys that differ in two bytes, wherever those are");

	for (int i = 0; i < MAX_KEYS; i++)
		keys[i] = UINT64_C(0x0102030405060708);
	check(keys, MAX_KEYS, "equal keys");
	for (int i = 0; i < MAX_KEYS; i++)
		keys[i] = (uint64_t) i;
	check(keys, MAX_KEYS, "sorted keys");
	for (int i = 0; i < MAX_KEYS; i++)
		keys[i] = UINT64_MAX - (uint64_t) i;
	check(keys, MAX_KEYS, "keys in descending order");
}

/* The numbers in ascending order are in the order of their keys, and come back. */
static void
test_doubles(void)
{
	const double numbers[] = {
		-INFINITY, -DBL_MAX, -1e300, -2, -1 - DBL_EPSILON, -1, -DBL_MIN, -0x1p-1074, -0.0,
		0, 0x1p-1074, 0x1p-1073, DBL_MIN, 1, 1 + DBL_EPSILON, 2, 1e300, DBL_MAX, INFINITY
	};
	uint32_t	n = sizeof(numbers) / sizeof(numbers[0]);
	uint64_t	keys[sizeof(numbers) / sizeof(numbers[0])];
	bool		ordered = true;
	bool		same = true;

	for (uint32_t i = 0; i < n; i++)
	{
		double		back;

		keys[i] = la_key_of_double(numbers[i]);
		back = la_double_of_key(keys[i]);
		same &= memcmp(&back, &numbers[i], sizeof(back)) == 0;
		ordered &= i == 0 || keys[i - 1] < keys[i];
	}
	ok(ordered, "keys are in the order of the numbers");
	ok(same, "a number comes back from its key");
	for (uint32_t i = 0; i < n / 2; i++)
	{
		uint64_t	swap = keys[i];

		keys[i] = keys[n - 1 - i];
		keys[n - 1 - i] = swap;
	}
	check(keys, n, "keys of numbers from one end to the other");
}

int
main(void)
{
	test_keys();
	test_steps();
	test_doubles();
	return tap_done();
}
