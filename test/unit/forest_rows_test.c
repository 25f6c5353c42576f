/*
 * forest_rows_test.c
 *		Collapsing rows: nothing is lost, and the order of arrival is nothing.
 */
#include "forest_rows.h"

/* all of it, to see its hashes; the library's copy keeps its names */
#define la_forest_rows_sort sort_rows
#define la_forest_rows_distinct count_distinct
#define la_forest_rows_collapse collapse
#include "forest_rows.c"

#include "forest_rows_fixture.h"
#include "radix.h"
#include "tap.h"

static ForestRows
rows_copy(const ForestRows *rows)
{
	ForestRows	copy = rows_new(rows->total, rows->nfeatures, rows->nclasses);

	memcpy(copy.records, rows->records, (size_t) rows->total * rows->stride);
	return copy;
}

/* the rows that compare_rows compares */
static const ForestRows *compared;

static int
compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, compared->stride);
}

/* The rows that stand behind the records, by their contents. */
static uint8_t *
sorted_rows(const ForestRows *rows)
{
	uint8_t    *all = malloc((size_t) rows->total * rows->stride);

	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		for (uint32_t i = la_forest_row_first(rows, r); i < la_forest_row_first(rows, r + 1); i++)
			memcpy(all + (size_t) i * rows->stride, la_forest_row(rows, r), rows->stride);
	}
	compared = rows;
	qsort(all, rows->total, rows->stride, compare_rows);
	return all;
}

/* Whether "first" begins at 0, grows, and ends at the number of rows. */
static bool
first_is_valid(const ForestRows *rows)
{
	if (la_forest_row_first(rows, 0) != 0 || la_forest_row_first(rows, rows->nrows) != rows->total)
		return false;
	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		if (la_forest_row_first(rows, r) >= la_forest_row_first(rows, r + 1))
			return false;
	}
	return true;
}

/* Whether it is the same rows, every distinct one once. */
static bool
is_collapse_of(const ForestRows *collapsed, const ForestRows *rows)
{
	uint8_t    *expected = sorted_rows(rows);
	uint32_t	distinct = 1;
	uint8_t    *actual;
	bool		right;

	if (!first_is_valid(collapsed))
		return false;
	actual = sorted_rows(collapsed);
	for (uint32_t i = 1; i < rows->total; i++)
		distinct += compare_rows(expected + (size_t) (i - 1) * rows->stride,
								 expected + (size_t) i * rows->stride) != 0;
	right = collapsed->nrows == distinct &&
		(collapsed->first == NULL) == (distinct == rows->total) &&
		memcmp(actual, expected, (size_t) rows->total * rows->stride) == 0;
	free(expected);
	free(actual);
	return right;
}

static bool
same_collapsed(const ForestRows *a, const ForestRows *b)
{
	return a->nrows == b->nrows &&
		memcmp(a->records, b->records, (size_t) a->nrows * a->stride) == 0 &&
		(a->first == NULL) == (b->first == NULL) &&
		(a->first == NULL || memcmp(a->first, b->first, ((size_t) a->nrows + 1) * sizeof(uint32_t)) == 0);
}

/*
 * Collapse the rows as they are and shuffled a few times; they get freed.
 * Returns what is wrong, or NULL.
 */
static const char *
find_fault(ForestRows rows, Prng *prng)
{
	ForestRows	collapsed = rows_copy(&rows);
	const char *fault = NULL;

	rows_sort_and_collapse(&collapsed);
	if (!is_collapse_of(&collapsed, &rows))
		fault = "not every distinct row once";
	for (int repeat = 0; repeat < 4; repeat++)
	{
		ForestRows	other;

		rows_shuffle(&rows, prng);
		other = rows_copy(&rows);
		rows_sort_and_collapse(&other);
		if (!same_collapsed(&collapsed, &other))
			fault = "not the same in another order of arrival";
		rows_free(&other);
	}
	rows_free(&rows);
	rows_free(&collapsed);
	return fault;
}

static void
check(ForestRows rows, Prng *prng, const char *what)
{
	const char *fault = find_fault(rows, prng);

	ok(fault == NULL, "%s: every distinct row once, in any order of arrival%s%s",
	   what, fault ? ": " : "", fault ? fault : "");
}

static ForestRows
rows_equal(uint32_t n, uint32_t nfeatures, uint32_t nclasses)
{
	ForestRows	rows = rows_new(n, nfeatures, nclasses);

	memset(rows.records, 7, (size_t) n * rows.stride);
	return rows;
}

/* Rows that count up to n. */
static ForestRows
rows_distinct(uint32_t n, uint32_t nfeatures)
{
	ForestRows	rows = rows_new(n, nfeatures, 2);

	memset(rows.records, 0, (size_t) n * rows.stride);
	for (uint32_t i = 0; i < n; i++)
	{
		for (uint32_t f = 0; f < nfeatures && f < 4; f++)
			rows_at(&rows, i)[f] = (uint8_t) (i >> (8 * f));
	}
	return rows;
}

static void
test_kinds(void)
{
	Prng		prng;

	la_prng_seed(&prng, 5, 0);
	check(rows_random(&prng, 1, 1, 1, 2), &prng, "one row");
	check(rows_random(&prng, 2, 1, 2, 2), &prng, "two rows");
	check(rows_random(&prng, 500, 1, 2, 2), &prng, "one feature, much repeated");
	check(rows_random(&prng, 20000, 3, 3, 4), &prng, "three features, much repeated");
	check(rows_random(&prng, 20000, 5, 2, 255), &prng, "nearly all distinct");
	check(rows_random(&prng, 300, 400, 2, 255), &prng, "more features than rows");
	check(rows_random(&prng, 5000, 1, 1000, 200), &prng, "many classes");
	check(rows_random(&prng, 5000, 2, 0, 9), &prng, "numbers as labels");
	check(rows_equal(10000, 3, 2), &prng, "all equal");
	check(rows_equal(10000, 9, 0), &prng, "all equal, with numbers");
	check(rows_distinct(256, 1), &prng, "all distinct, in one feature");
	check(rows_distinct(60000, 20), &prng, "all distinct");
}

/* Few enough rows for every way to sort, records of every width. */
static void
test_widths(void)
{
	static const uint32_t nclasses[] = {2, 256, 257, 65535, 0};
	Prng		prng;
	const char *fault = NULL;

	la_prng_seed(&prng, 6, 0);
	for (uint32_t nfeatures = 1; nfeatures <= 400; nfeatures += nfeatures < 40 ? 1 : 45)
	{
		for (int kind = 0; kind < 5; kind++)
		{
			uint32_t	n = 1 + la_prng_below(&prng, nfeatures < 40 ? 600 : 100);
			ForestRows	rows = rows_random(&prng, n, nfeatures, nclasses[kind], 3);
			const char *found = find_fault(rows, &prng);

			fault = found ? found : fault;
		}
	}
	ok(fault == NULL, "1 to 400 features, labels of one, two and eight bytes%s%s",
	   fault ? ": " : "", fault ? fault : "");
}

/* What is written into a record is read from it. */
static void
test_labels(void)
{
	static const uint32_t nclasses[] = {1, 2, 255, 256, 257, 65535};
	static const double numbers[] = {0.0, -1.5, 1e-320, 1.7976931348623157e308, -1e308, 1e9 + 1e-7};
	bool		classes_right = true;
	bool		numbers_right = true;

	for (int kind = 0; kind < 6; kind++)
	{
		ForestRows	rows = rows_equal(1, 1, nclasses[kind]);

		for (uint32_t cls = 0; cls < nclasses[kind]; cls++)
		{
			la_forest_set_class(&rows, rows.records, cls);
			classes_right &= la_forest_row_class(&rows, rows.records) == cls && rows.records[0] == 7;
		}
		rows_free(&rows);
	}
	for (int i = 0; i < 6; i++)
	{
		ForestRows	rows = rows_equal(1, 3, 0);

		la_forest_set_number(&rows, rows.records, numbers[i]);
		numbers_right &= la_forest_row_number(&rows, rows.records) == numbers[i] && rows.records[2] == 7;
		rows_free(&rows);
	}
	ok(classes_right, "every class is read as it was written");
	ok(numbers_right, "numbers are read as they were written");
}

/* The label must not cancel out against the first bin. */
static void
test_hash_of_labels(void)
{
	enum
	{
		LABELS = 300, N = LABELS * 256
	};
	ForestRows	rows = rows_new(N, 1, LABELS);
	uint64_t   *hash = malloc(N * sizeof(uint64_t));
	uint64_t   *scratch = malloc(N * sizeof(uint64_t));
	uint32_t	collisions = 0;

	for (uint32_t i = 0; i < N; i++)
	{
		rows_at(&rows, i)[0] = (uint8_t) i;
		la_forest_set_class(&rows, rows_at(&rows, i), i >> 8);
		hash[i] = hash_record(rows_at(&rows, i), rows.stride);
	}
	la_radix_sort(hash, scratch, N, NULL);
	for (uint32_t i = 1; i < N; i++)
		collisions += hash[i] == hash[i - 1];
	ok(collisions == 0, "rows of one feature and a class have different hashes (%u have not)", collisions);
	free(hash);
	free(scratch);
	rows_free(&rows);
}

/* The first digit spreads whatever few bits the rows differ in. */
static void
test_spread(void)
{
	uint32_t	worst = 0;

	for (uint32_t nfeatures = 1; nfeatures <= 40; nfeatures++)
	{
		for (uint32_t at = 0; at < nfeatures; at++)
		{
			ForestRows	rows = rows_equal(256, nfeatures, 2);
			uint32_t	count[256] = {0};

			for (uint32_t i = 0; i < 256; i++)
			{
				rows_at(&rows, i)[at] = (uint8_t) i;
				count[digit_of(&rows, i, 56)]++;
			}
			for (int digit = 0; digit < 256; digit++)
				worst = count[digit] > worst ? count[digit] : worst;
			rows_free(&rows);
		}
	}
	ok(worst <= 16, "256 rows that differ in one bin have many first digits (%u have the same)", worst);
}

/* Records of 16 bytes that all have the same hash: the second half undoes the first. */
static ForestRows
rows_colliding(Prng *prng, uint32_t n, uint32_t ndifferent)
{
	const uint64_t start = UINT64_C(0x243f6a8885a308d3);
	ForestRows	rows = rows_new(n, 15, 256);

	for (uint32_t i = 0; i < n; i++)
	{
		uint64_t	word = la_prng_below(prng, ndifferent) * UINT64_C(0x0101010101010101);
		uint64_t	undo = mix(start, word) ^ UINT64_C(0x5555555555555555);
		ByteWriter	writer = {rows_at(&rows, i), 0};

		la_write_u64(&writer, word);
		la_write_u64(&writer, undo);
	}
	return rows;
}

static bool
all_hashes_equal(const ForestRows *rows)
{
	for (uint32_t i = 1; i < rows->nrows; i++)
	{
		if (hash_record(la_forest_row(rows, i), rows->stride) !=
			hash_record(la_forest_row(rows, 0), rows->stride))
			return false;
	}
	return true;
}

/* Rows whose hashes say nothing, alone and among others. */
static void
test_collisions(void)
{
	Prng		prng;
	ForestRows	rows;
	ForestRows	others;

	la_prng_seed(&prng, 7, 0);
	rows = rows_colliding(&prng, 5000, 1000);
	ok(all_hashes_equal(&rows), "different rows have the same hash");
	check(rows, &prng, "rows that collide");
	check(rows_colliding(&prng, 16, 100), &prng, "few rows that collide");
	check(rows_colliding(&prng, 17, 100), &prng, "a few more rows that collide");
	check(rows_colliding(&prng, 3000, 2), &prng, "two rows that collide, much repeated");

	rows = rows_colliding(&prng, 6000, 300);
	others = rows_random(&prng, 3000, 15, 256, 255);
	memcpy(rows.records, others.records, (size_t) others.nrows * others.stride);
	rows_free(&others);
	check(rows, &prng, "rows that collide among others");
}

/* With one hash for all rows, only their contents are left to sort by. */
static void
test_heap_sort(void)
{
	Prng		prng;
	bool		sorted = true;

	la_prng_seed(&prng, 8, 0);
	for (uint32_t n = 0; n < 200; n++)
	{
		ForestRows	rows = rows_random(&prng, n + 2, 2, 2, 5);

		/* the rows around the range are not its own */
		memset(rows_at(&rows, 0), 0xff, rows.stride);
		memset(rows_at(&rows, n + 1), 0, rows.stride);
		heap_sort(&rows, (Range) {1, n + 1, -DIGIT_BITS});
		for (uint32_t i = 2; i <= n; i++)
			sorted &= compare(&rows, i - 1, i) <= 0;
		sorted &= rows_at(&rows, 0)[0] == 0xff && rows_at(&rows, n + 1)[0] == 0;
		rows_free(&rows);
	}
	ok(sorted, "0 to 199 rows sorted by their contents");
}

int
main(void)
{
	test_kinds();
	test_widths();
	test_labels();
	test_hash_of_labels();
	test_spread();
	test_collisions();
	test_heap_sort();
	return tap_done();
}
