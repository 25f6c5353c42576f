/*
 * forest_rows_test.c
 *		Collapsing rows: nothing is lost, and the order of arrival is nothing.
 */

#include "forest_rows.h"

/* all of it, to see its hashes; the library's copy keeps its name */
#define la_forest_rows_collapse collapse
#include "forest_rows.c"
#undef la_forest_rows_collapse

#include "forest_fixture.h"
#include "tap.h"

/* Two rows of eight bins and class 0 whose hashes are the same, found by search. */
static const uint8_t collision[2][8] = {
	{0x27, 0x92, 0x7a, 0x94, 0x06, 0x0a, 0x18, 0x6e},
	{0xbb, 0xe8, 0x13, 0xfd, 0x12, 0x79, 0x17, 0x28}
};

static ForestRows
rows_copy(const ForestRows *rows)
{
	ForestRows	copy = rows_new(rows->total, rows->nfeatures, rows->nclasses);

	memcpy(copy.bins, rows->bins, (size_t) rows->total * rows->nfeatures);
	memcpy(copy.label, rows->label, rows->total * sizeof(uint16_t));
	return copy;
}

static void
swap_rows(ForestRows *rows, uint32_t a, uint32_t b)
{
	uint16_t	label = rows->label[a];

	rows->label[a] = rows->label[b];
	rows->label[b] = label;
	for (uint32_t f = 0; f < rows->nfeatures; f++)
	{
		uint8_t    *column = rows->bins + (size_t) f * rows->nrows;
		uint8_t		bin = column[a];

		column[a] = column[b];
		column[b] = bin;
	}
}

static void
shuffle(ForestRows *rows, Prng *prng)
{
	for (uint32_t i = rows->total; i > 1; i--)
		swap_rows(rows, i - 1, la_prng_below(prng, i));
}

static bool
same_collapsed(const ForestRows *a, const ForestRows *b)
{
	return a->nrows == b->nrows &&
		memcmp(a->bins, b->bins, (size_t) a->nrows * a->nfeatures) == 0 &&
		memcmp(a->label, b->label, a->nrows * sizeof(uint16_t)) == 0 &&
		memcmp(a->row_of, b->row_of, a->total * sizeof(uint32_t)) == 0;
}

static bool
same_row(const ForestRows *a, uint32_t row_a, const ForestRows *b, uint32_t row_b)
{
	if (a->label[row_a] != b->label[row_b])
		return false;
	for (uint32_t f = 0; f < a->nfeatures; f++)
	{
		if (a->bins[(size_t) f * a->nrows + row_a] != b->bins[(size_t) f * b->nrows + row_b])
			return false;
	}
	return true;
}

/*
 * Every distinct row stands there once and as often in row_of as it came;
 * row_of goes through the distinct rows in order.
 */
static bool
is_collapse_of(const ForestRows *collapsed, const ForestRows *rows)
{
	uint32_t   *counts = calloc(collapsed->nrows, sizeof(uint32_t));
	bool		right = collapsed->row_of[0] == 0;

	for (uint32_t i = 0; i < collapsed->total; i++)
	{
		right &= collapsed->row_of[i] < collapsed->nrows;
		right &= i == 0 || collapsed->row_of[i] - collapsed->row_of[i - 1] <= 1;
		counts[collapsed->row_of[i]]++;
	}
	for (uint32_t d = 0; d < collapsed->nrows; d++)
	{
		for (uint32_t row = 0; row < rows->total; row++)
			counts[d] -= same_row(collapsed, d, rows, row);
		right &= counts[d] == 0;
		for (uint32_t other = 0; other < d; other++)
			right &= !same_row(collapsed, d, collapsed, other);
	}
	free(counts);
	return right;
}

/* Collapse the rows as they are and shuffled a few times; they get freed. */
static void
check(ForestRows rows, Prng *prng, const char *what)
{
	ForestRows	collapsed = rows_copy(&rows);
	bool		right;
	bool		same = true;

	rows_collapse(&collapsed, collapse);
	right = is_collapse_of(&collapsed, &rows);
	for (int repeat = 0; repeat < 5; repeat++)
	{
		ForestRows	other;

		shuffle(&rows, prng);
		other = rows_copy(&rows);
		rows_collapse(&other, collapse);
		same &= same_collapsed(&collapsed, &other);
		rows_free(&other);
	}
	ok(right, "%s: every distinct row once", what);
	ok(same, "%s: in any order of arrival", what);
	rows_free(&rows);
	rows_free(&collapsed);
}

static void
test_random(void)
{
	Prng		prng;

	la_prng_seed(&prng, 5, 0);
	check(rows_random(&prng, 1, 1, 1, 2), &prng, "one row");
	check(rows_random(&prng, 500, 1, 2, 2), &prng, "one feature, much repeated");
	check(rows_random(&prng, 1000, 3, 3, 4), &prng, "three features, much repeated");
	check(rows_random(&prng, 700, 5, 2, 255), &prng, "nearly all distinct");
	check(rows_random(&prng, 300, 400, 2, 255), &prng, "more features than rows");
	check(rows_random(&prng, 1000, 1, 1000, 200), &prng, "many classes");
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
		rows.bins[i] = (uint8_t) i;
		rows.label[i] = (uint16_t) (i >> 8);
	}
	hash_rows(&rows, hash);
	la_radix_sort(hash, scratch, N);
	for (uint32_t i = 1; i < N; i++)
		collisions += hash[i] == hash[i - 1];
	ok(collisions == 0, "rows of one feature and a class have different hashes (%u have not)", collisions);
	free(hash);
	free(scratch);
	rows_free(&rows);
}

/* The two rows that collide, mixed with each other and with random ones. */
static void
test_collision(void)
{
	Prng		prng;
	ForestRows	rows;
	uint64_t	hash[400];

	la_prng_seed(&prng, 6, 0);
	rows = rows_random(&prng, 400, 8, 2, 3);
	for (uint32_t row = 0; row < 400; row += 3)
	{
		const uint8_t *bins = collision[la_prng_below(&prng, 2)];

		rows.label[row] = 0;
		for (uint32_t f = 0; f < 8; f++)
			rows.bins[f * 400 + row] = bins[f];
	}
	for (uint32_t f = 0; f < 8; f++)
	{
		rows.bins[f * 400] = collision[0][f];
		rows.bins[f * 400 + 3] = collision[1][f];
	}
	hash_rows(&rows, hash);
	ok(hash[0] == hash[3] && !same_row(&rows, 0, &rows, 3), "two different rows have the same hash");
	check(rows, &prng, "rows that collide");
}

/* With one hash for all rows, only their contents are left to sort by. */
static void
test_sort_by_contents(void)
{
	Prng		prng;
	bool		sorted = true;

	la_prng_seed(&prng, 7, 0);
	for (uint32_t n = 1; n < 200; n++)
	{
		ForestRows	rows = rows_random(&prng, n, 2, 2, 5);
		uint64_t   *keys = calloc(n, sizeof(uint64_t));
		uint32_t   *order = malloc(n * sizeof(uint32_t));

		for (uint32_t i = 0; i < n; i++)
			order[i] = i;
		sort_collisions(&rows, keys, order);
		for (uint32_t i = 1; i < n; i++)
			sorted &= compare_rows(&rows, order[i - 1], order[i]) <= 0;
		free(keys);
		free(order);
		rows_free(&rows);
	}
	ok(sorted, "1 to 199 rows sorted by their contents");
}

int
main(void)
{
	test_random();
	test_hash_of_labels();
	test_collision();
	test_sort_by_contents();
	return tap_done();
}
