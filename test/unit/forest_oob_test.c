/*
 * forest_oob_test.c
 *		out-of-bag votes and importance against their definitions: one row at a
 *		time, from the root, with plain sums.
 */
#define _DEFAULT_SOURCE			/* MAP_ANONYMOUS */

#include "forest_oob.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binning.h"
#include "forest_importance.h"
#include "prng.h"
#include "tap.h"

#define MAX_TREES 40

/* rows and trees made by hand, every array no larger than promised */
typedef struct World
{
	ForestRows	rows;
	ForestTree	tree[MAX_TREES];
	uint8_t    *drawn[MAX_TREES];
	uint32_t	ntrees;
	double	   *class_weight;
	uint32_t	nbins;
} World;

/* --- making one ----------------------------------------------------------- */

static void
put_label(ForestRows *rows, uint32_t record, double label)
{
	uint8_t    *where = rows->records + (size_t) record * rows->stride + rows->nfeatures;
	uint16_t	wide = (uint16_t) label;

	if (rows->nclasses == 0)
		memcpy(where, &label, sizeof(label));
	else if (rows->nclasses <= 256)
		*where = (uint8_t) wide;
	else
		memcpy(where, &wide, sizeof(wide));
}

static void
put_bin(ForestRows *rows, uint32_t record, uint32_t feature, uint8_t bin)
{
	rows->records[(size_t) record * rows->stride + feature] = bin;
}

/* Records that each stand for up to "most" rows; labels are left to the caller. */
static ForestRows
make_rows(Prng *prng, uint32_t nrows, uint32_t most, uint32_t nfeatures, uint32_t nclasses,
		  uint32_t nbins)
{
	ForestRows	rows = {nrows, nrows, nfeatures, nclasses, 0, NULL, NULL};

	rows.stride = la_forest_row_stride(nfeatures, nclasses);
	rows.records = malloc((size_t) nrows * rows.stride);
	for (uint32_t r = 0; r < nrows; r++)
	{
		for (uint32_t f = 0; f < nfeatures; f++)
			put_bin(&rows, r, f, la_prng_below(prng, 8) == 0 ? LA_MISSING_BIN :
					(uint8_t) la_prng_below(prng, nbins));
	}
	if (most > 1)
	{
		rows.first = malloc((nrows + 1) * sizeof(uint32_t));
		rows.first[0] = 0;
		for (uint32_t r = 0; r < nrows; r++)
			rows.first[r + 1] = rows.first[r] + 1 + la_prng_below(prng, most);
		rows.total = rows.first[nrows];
	}
	return rows;
}

static void
make_leaf(Prng *prng, ForestTree *tree, TreeNode *leaf, uint32_t nclasses)
{
	uint32_t	run = tree->ncounts;

	leaf->feature = LA_LEAF;
	if (nclasses == 0)
	{
		leaf->value = tree->nmeans;
		tree->means[tree->nmeans++] = (double) la_prng_below(prng, 1000) / 100 - 3;
		return;
	}
	leaf->value = la_prng_below(prng, nclasses);
	if (nclasses < 2 || la_prng_below(prng, 2) == 0)
		return;

	leaf->flags = LA_NODE_MIXED;
	leaf->value = run;
	tree->counts[run] = (ForestCount) {0, 0};
	tree->ncounts++;
	for (uint32_t cls = la_prng_below(prng, nclasses - 1); cls < nclasses;
		 cls += 1 + la_prng_below(prng, 3))
	{
		uint32_t	n = 1 + la_prng_below(prng, 4);

		tree->counts[tree->ncounts++] = (ForestCount) {cls, n};
		tree->counts[run].cls++;
		tree->counts[run].nrows += n;
	}
}

static void
make_node(Prng *prng, ForestTree *tree, const World *world, uint32_t depth)
{
	TreeNode   *node = &tree->nodes[tree->nnodes++];

	*node = (TreeNode) {0, 0, 0, 0};
	if (depth == 0 || la_prng_below(prng, 10) == 0)
	{
		make_leaf(prng, tree, node, world->rows.nclasses);
		return;
	}

	/* the last feature is never asked for */
	node->feature = (uint16_t) la_prng_below(prng, world->rows.nfeatures - 1);
	node->bin = (uint8_t) la_prng_below(prng, world->nbins);
	node->flags = la_prng_below(prng, 2) ? LA_NODE_MISSING_LEFT : 0;
	make_node(prng, tree, world, depth - 1);
	node->value = (uint32_t) (tree->nodes + tree->nnodes - node);
	make_node(prng, tree, world, depth - 1);
}

#define DEPTH 7
#define MAX_NODES (2 << DEPTH)

static ForestTree
make_tree(Prng *prng, const World *world)
{
	ForestTree	tree = {malloc(MAX_NODES * sizeof(TreeNode)), 0, NULL, 0, NULL, 0};

	tree.counts = malloc((world->rows.nclasses + 1) * MAX_NODES * sizeof(ForestCount));
	tree.means = malloc(MAX_NODES * sizeof(double));
	make_node(prng, &tree, world, DEPTH);
	tree.nodes = realloc(tree.nodes, tree.nnodes * sizeof(TreeNode));
	tree.counts = realloc(tree.counts, (tree.ncounts + 1) * sizeof(ForestCount));
	tree.means = realloc(tree.means, (tree.nmeans + 1) * sizeof(double));
	return tree;
}

static uint8_t *
draw(Prng *prng, uint32_t total)
{
	uint8_t    *drawn = calloc(total, 1);

	for (uint32_t i = 0; i < total; i++)
		drawn[la_prng_below(prng, total)]++;
	return drawn;
}

static void
free_world(World *world)
{
	for (uint32_t t = 0; t < world->ntrees; t++)
	{
		free(world->tree[t].nodes);
		free(world->tree[t].counts);
		free(world->tree[t].means);
		free(world->drawn[t]);
	}
	free(world->rows.records);
	free(world->rows.first);
	free(world->class_weight);
}

static World
make_world(uint64_t seed, uint32_t nrows, uint32_t most, uint32_t nclasses, uint32_t ntrees,
		   bool weighted)
{
	World		world = {.ntrees = ntrees,.nbins = 6};
	Prng		prng;

	la_prng_seed(&prng, seed, 0);
	world.rows = make_rows(&prng, nrows, most, 2 + la_prng_below(&prng, 5), nclasses, world.nbins);
	for (uint32_t r = 0; r < nrows; r++)
		put_label(&world.rows, r, nclasses ? la_prng_below(&prng, nclasses) :
				  (double) la_prng_below(&prng, 1000) / 100 - 3);
	if (nclasses == 0)
	{
		/* no leaf mean is outside */
		put_label(&world.rows, 0, -3);
		put_label(&world.rows, nrows - 1, 7);
	}
	if (weighted)
	{
		world.class_weight = malloc(nclasses * sizeof(double));
		for (uint32_t cls = 0; cls < nclasses; cls++)
			world.class_weight[cls] = 0.25 + la_prng_below(&prng, 8);
	}
	for (uint32_t t = 0; t < ntrees; t++)
	{
		world.tree[t] = make_tree(&prng, &world);
		world.drawn[t] = draw(&prng, world.rows.total);
	}
	return world;
}

/* --- by definition ---------------------------------------------------------- */

static uint32_t
record_of(const ForestRows *rows, uint32_t number)
{
	uint32_t	record = 0;

	if (rows->first == NULL)
		return number;
	while (rows->first[record + 1] <= number)
		record++;
	return record;
}

/* Walk a row, one of whose features may have another bin. */
static const TreeNode *
leaf_of(const ForestTree *tree, const uint8_t *record, uint32_t permuted, uint8_t other)
{
	uint32_t	at = 0;

	while (tree->nodes[at].feature != LA_LEAF)
	{
		const TreeNode *node = &tree->nodes[at];
		uint8_t		bin = node->feature == permuted ? other : record[node->feature];
		bool		left = bin <= node->bin;

		if (bin == LA_MISSING_BIN)
			left = node->flags & LA_NODE_MISSING_LEFT;
		at = left ? at + 1 : at + node->value;
	}
	return &tree->nodes[at];
}

/* Add the shares of the classes in a leaf. */
static void
add_shares(double *shares, const ForestTree *tree, const TreeNode *leaf, const double *weight)
{
	const ForestCount *run = &tree->counts[leaf->value];
	double		sum = 0;

	if (!(leaf->flags & LA_NODE_MIXED))
	{
		shares[leaf->value]++;
		return;
	}
	for (uint32_t i = 1; i <= run->cls; i++)
		sum += run[i].nrows * (weight ? weight[run[i].cls] : 1);
	for (uint32_t i = 1; i <= run->cls; i++)
		shares[run[i].cls] += run[i].nrows * (weight ? weight[run[i].cls] : 1) / sum;
}

/* The class with the largest share; those that differ by rounding are equal. */
static uint32_t
largest(const double *shares, uint32_t n)
{
	uint32_t	best = 0;

	for (uint32_t i = 1; i < n; i++)
	{
		if (shares[i] > shares[best] + 1e-9)
			best = i;
	}
	return best;
}

/* The prediction for a row by the trees that did not draw it; 0 if there is none. */
static uint32_t
predict(const World *world, uint32_t number, double *shares)
{
	const ForestRows *rows = &world->rows;
	const uint8_t *record = la_forest_row(rows, record_of(rows, number));
	uint32_t	width = rows->nclasses ? rows->nclasses : 1;
	uint32_t	n = 0;

	for (uint32_t cls = 0; cls < width; cls++)
		shares[cls] = 0;
	for (uint32_t t = 0; t < world->ntrees; t++)
	{
		const TreeNode *leaf;

		if (world->drawn[t][number] > 0)
			continue;
		n++;
		leaf = leaf_of(&world->tree[t], record, LA_LEAF, 0);
		if (rows->nclasses == 0)
			shares[0] += world->tree[t].means[leaf->value];
		else
			add_shares(shares, &world->tree[t], leaf, world->class_weight);
	}
	for (uint32_t cls = 0; n > 0 && cls < width; cls++)
		shares[cls] /= n;
	return n;
}

static OobResult
result_by_definition(const World *world, uint32_t sample)
{
	const ForestRows *rows = &world->rows;
	double	   *shares = malloc((rows->nclasses + 1) * sizeof(double));
	OobResult	result = {0, 0, 0};
	double		sum = 0;
	double		squares = 0;
	double		residual = 0;

	for (uint32_t j = 0; j < sample; j++)
	{
		uint32_t	number = (uint32_t) ((uint64_t) j * rows->total / sample);
		const uint8_t *record = la_forest_row(rows, record_of(rows, number));

		if (predict(world, number, shares) == 0)
			continue;
		result.rows++;
		if (rows->nclasses > 0)
		{
			uint32_t	cls = la_forest_row_class(rows, record);

			result.score += largest(shares, rows->nclasses) == cls;
			result.loss -= log(fmin(fmax(shares[cls], 1e-15), 1 - 1e-15));
		}
		else
		{
			double		target = la_forest_row_number(rows, record);

			sum += target;
			squares += target * target;
			residual += (target - shares[0]) * (target - shares[0]);
		}
	}
	if (rows->nclasses > 0)
	{
		result.score /= result.rows;
		result.loss /= result.rows;
	}
	else
	{
		squares -= sum * sum / result.rows;
		result.score = squares > 1e-9 ? 1 - residual / squares : residual < 1e-9;
		result.loss = sqrt(residual / result.rows);
	}
	free(shares);
	return result;
}

/* What a tree costs on a row: wrong or not, or the squared error. */
static double
cost(const World *world, uint32_t t, uint32_t row, uint32_t permuted, uint8_t other)
{
	const ForestRows *rows = &world->rows;
	const uint8_t *record = la_forest_row(rows, row);
	const TreeNode *leaf = leaf_of(&world->tree[t], record, permuted, other);
	double		shares[8] = {0};

	if (rows->nclasses == 0)
	{
		double		error = world->tree[t].means[leaf->value] - la_forest_row_number(rows, record);

		return error * error;
	}
	add_shares(shares, &world->tree[t], leaf, world->class_weight);
	return largest(shares, rows->nclasses) != la_forest_row_class(rows, record);
}

/* A random order of the out-of-bag rows, rotated by a random number of places. */
static double
loss_by_definition(const World *world, uint32_t t, uint32_t feature, uint64_t seed)
{
	const ForestRows *rows = &world->rows;
	uint32_t   *out = malloc((rows->total + 1) * sizeof(uint32_t));
	uint32_t	n = 0;
	uint32_t	shift;
	double		loss = 0;
	Prng		prng;

	for (uint32_t number = 0; number < rows->total; number++)
	{
		if (world->drawn[t][number] == 0)
			out[n++] = record_of(rows, number);
	}
	la_prng_seed(&prng, seed, (UINT64_C(1) << 32) + t);
	for (uint32_t i = n; i > 1; i--)
	{
		uint32_t	j = la_prng_below(&prng, i);
		uint32_t	swap = out[i - 1];

		out[i - 1] = out[j];
		out[j] = swap;
	}
	la_prng_seed(&prng, seed, (UINT64_C(2) + feature) * (UINT64_C(1) << 32) + t);
	shift = n < 2 ? 0 : 1 + la_prng_below(&prng, n - 1);
	for (uint32_t i = 0; i < n; i++)
	{
		uint8_t		other = la_forest_row(rows, out[(i + shift) % n])[feature];

		loss += cost(world, t, out[i], feature, other) - cost(world, t, out[i], LA_LEAF, 0);
	}
	free(out);
	return n < 2 ? NAN : loss / n;
}

/* --- what is tested --------------------------------------------------------- */

static Oob *
new_oob(const ForestRows *rows)
{
	return la_oob_init(malloc(la_oob_size(rows)), rows);
}

static void
add_trees(Oob *oob, const World *world, uint32_t begin, uint32_t step)
{
	for (uint32_t t = begin; t < world->ntrees; t += step)
		la_oob_add_tree(oob, &world->rows, &world->tree[t], world->drawn[t], world->class_weight);
}

static bool
close_to(double a, double b, double tolerance)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

static bool
check_result(const World *world, uint32_t sample)
{
	Oob		   *oob = new_oob(&world->rows);
	OobResult	expected = result_by_definition(world, sample);
	OobResult	result;
	bool		same;

	add_trees(oob, world, 0, 1);
	same = la_oob_finish(oob, &world->rows, &result) == (expected.rows > 0) &&
		result.rows == expected.rows &&
		(result.rows == 0 ||
		 (close_to(result.score, expected.score, 1e-11) &&
		  close_to(result.loss, expected.loss, 1e-11)));
	if (!same)
		printf("# %u rows, %.17g, %.17g; expected %u, %.17g, %.17g\n", result.rows, result.score,
			   result.loss, expected.rows, expected.score, expected.loss);
	free(oob);
	return same;
}

static void
test_votes(void)
{
	static const uint32_t nclasses[] = {1, 2, 3, 7, 300, 0};

	for (size_t i = 0; i < sizeof(nclasses) / sizeof(nclasses[0]); i++)
	{
		bool		same = true;

		for (uint64_t seed = 1; seed <= 60; seed++)
		{
			World		world = make_world(seed, 2 + (uint32_t) (seed * seed) % 400, 1 + seed % 4,
										   nclasses[i], (uint32_t) seed % MAX_TREES,
										   nclasses[i] > 0 && seed % 3 == 0);

			same &= check_result(&world, world.rows.total);
			free_world(&world);
		}
		ok(same, "votes by definition, %u classes", nclasses[i]);
	}
}

/* The sum of the votes does not depend on their order, nor on the address. */
static void
test_order(uint32_t nclasses)
{
	World		world = make_world(5, 2000, 3, nclasses, MAX_TREES, nclasses > 0);
	size_t		size = la_oob_size(&world.rows);
	Oob		   *one = new_oob(&world.rows);
	Oob		   *other = new_oob(&world.rows);
	Oob		   *moved = malloc(size);

	add_trees(one, &world, 0, 1);
	add_trees(other, &world, 1, 2);
	memcpy(moved, other, size);
	add_trees(moved, &world, 0, 2);
	ok(memcmp(one, moved, size) == 0, "the same in another order and place, %u classes", nclasses);
	free(one);
	free(other);
	free(moved);
	free_world(&world);
}

#define ROUNDS 2000

/* A process that adds every tree many times, once the other one is there too. */
static pid_t
start_process(Oob *oob, const World *world, int *ready)
{
	pid_t		pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	__atomic_fetch_add(ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < 2)
		continue;
	for (int i = 0; i < ROUNDS; i++)
		add_trees(oob, world, 0, 1);
	_exit(0);
}

/* Few rows, so that the processes meet. */
static void
test_processes(uint32_t nclasses)
{
	World		world = make_world(6, 20, 1, nclasses, MAX_TREES, nclasses > 0);
	size_t		size = la_oob_size(&world.rows);
	Oob		   *one = new_oob(&world.rows);
	char	   *shared = mmap(NULL, size + 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	Oob		   *both = la_oob_init(shared + 16, &world.rows);
	int			failed = 0;

	for (int i = 0; i < 2 * ROUNDS; i++)
		add_trees(one, &world, 0, 1);
	for (int i = 0; i < 2; i++)
		failed += start_process(both, &world, (int *) shared) < 0;
	for (int i = failed; i < 2; i++)
	{
		int			status;

		wait(&status);
		failed += status != 0;
	}
	ok(failed == 0 && memcmp(one, both, size) == 0, "two processes at once, %u classes", nclasses);
	munmap(shared, size + 16);
	free(one);
	free_world(&world);
}

/* Rows that a tree has drawn never count, however it would do on them. */
static void
test_no_votes(void)
{
	World		world = make_world(3, 50, 1, 2, 3, false);
	Oob		   *oob = new_oob(&world.rows);
	OobResult	result;

	ok(!la_oob_finish(oob, &world.rows, &result) && result.rows == 0, "no trees, no figures");
	for (uint32_t t = 0; t < world.ntrees; t++)
		memset(world.drawn[t], 255, world.rows.total);
	add_trees(oob, &world, 0, 1);
	ok(!la_oob_finish(oob, &world.rows, &result) && result.rows == 0, "all rows drawn, no figures");
	world.drawn[0][17] = 0;
	add_trees(oob, &world, 0, 1);
	ok(la_oob_finish(oob, &world.rows, &result) && result.rows == 1, "one row, one vote");
	free(oob);
	free_world(&world);
}

/* More rows than are followed: which ones, and that they are found. */
static void
test_sample(void)
{
	World		world = make_world(11, 100, 20, 50000, 4, false);
	ForestRows	rows = {LA_OOB_ROWS, LA_OOB_ROWS, 1, 2, 0, NULL, NULL};

	ok(world.rows.total > 167 && check_result(&world, 167), "167 rows of %u, 50000 classes",
	   world.rows.total);
	free_world(&world);

	world = make_world(13, LA_OOB_ROWS * 3 / 2, 1, 2, 2, false);
	ok(check_result(&world, LA_OOB_ROWS), "65536 rows of %u", world.rows.total);
	free_world(&world);

	ok(la_oob_size(&rows) <= 64 + (size_t) LA_OOB_ROWS * (4 + 4 + 16), "1.5 MB for 65536 rows");
	rows.total = UINT32_MAX;
	ok(la_oob_size(&rows) <= 64 + (size_t) LA_OOB_ROWS * (4 + 4 + 16), "no more for 4294967295 rows");
	for (rows.nclasses = 0; rows.nclasses <= LA_MAX_CLASSES; rows.nclasses++)
	{
		if (la_oob_size(&rows) > (UINT32_C(66) << 20) + 64)
			break;
	}
	ok(rows.nclasses > LA_MAX_CLASSES, "66 MB for any number of classes");
}

/* The same tree votes for targets of any size. */
static void
test_range(void)
{
	static const double scale[] = {1e-300, 1, 1e150, DBL_MAX / 8};
	World		world = make_world(21, 300, 1, 0, 9, false);
	OobResult	expected = result_by_definition(&world, world.rows.total);
	OobResult	result;
	Oob		   *oob;

	for (size_t i = 0; i < sizeof(scale) / sizeof(scale[0]); i++)
	{
		World		scaled = make_world(21, 300, 1, 0, 9, false);

		for (uint32_t r = 0; r < scaled.rows.nrows; r++)
			put_label(&scaled.rows, r, scale[i] * la_forest_row_number(&world.rows,
																	   la_forest_row(&world.rows, r)));
		for (uint32_t t = 0; t < scaled.ntrees; t++)
		{
			for (uint32_t m = 0; m < scaled.tree[t].nmeans; m++)
				scaled.tree[t].means[m] *= scale[i];
		}
		oob = new_oob(&scaled.rows);
		add_trees(oob, &scaled, 0, 1);
		la_oob_finish(oob, &scaled.rows, &result);
		ok(close_to(result.score, expected.score, 1e-11) &&
		   close_to(result.loss / scale[i], expected.loss, 1e-11), "targets times %g", scale[i]);
		free(oob);
		free_world(&scaled);
	}

	for (uint32_t r = 0; r < world.rows.nrows; r++)
		put_label(&world.rows, r, 4);
	for (uint32_t t = 0; t < world.ntrees; t++)
	{
		for (uint32_t m = 0; m < world.tree[t].nmeans; m++)
			world.tree[t].means[m] = 4;
	}
	oob = new_oob(&world.rows);
	add_trees(oob, &world, 0, 1);
	ok(la_oob_finish(oob, &world.rows, &result) && result.score == 1 && result.loss == 0,
	   "equal targets: met, no error");
	free(oob);
	free_world(&world);
}

/* scikit-learn would say the same: (-ln 0.75 - ln 0.25 - ln 1e-15) / 3 */
static void
test_known(void)
{
	TreeNode	nodes[] = {
		{0, 3, 0, 2}, {LA_LEAF, 0, LA_NODE_MIXED, 0}, {LA_LEAF, 0, 0, 1}
	};
	ForestCount counts[] = {{2, 4}, {0, 3}, {1, 1}};
	uint8_t		records[] = {1, 0, 3, 1, 4, 0};
	uint8_t		drawn[] = {0, 0, 0};
	ForestRows	rows = {3, 3, 1, 2, 2, records, NULL};
	ForestTree	tree = {nodes, 3, counts, 3, NULL, 0};
	const double weight[] = {1, 3};
	Oob		   *oob = new_oob(&rows);
	OobResult	result;

	la_oob_add_tree(oob, &rows, &tree, drawn, NULL);
	la_oob_finish(oob, &rows, &result);
	ok(result.score == 1.0 / 3 && close_to(result.loss, 12.070917609494119, 1e-13),
	   "three rows by hand: %.15g", result.loss);
	free(oob);

	/* shares are 1/2 each: the first class */
	oob = new_oob(&rows);
	la_oob_add_tree(oob, &rows, &tree, drawn, weight);
	la_oob_finish(oob, &rows, &result);
	ok(result.score == 1.0 / 3 && close_to(result.loss, (2 * log(2) + 15 * log(10)) / 3, 1e-13),
	   "three rows by hand, weighted: %.15g", result.loss);
	free(oob);
}

static Permuter *
new_permuter(const Oob *oob, const World *world, uint64_t seed)
{
	return la_permuter_init(malloc(la_permuter_size(&world->rows)), oob, &world->rows,
							world->class_weight, seed);
}

static void
test_permutation(uint32_t nclasses)
{
	bool		same = true;
	bool		unused = true;
	uint32_t	nonzero = 0;

	for (uint64_t seed = 1; seed <= 40; seed++)
	{
		World		world = make_world(seed + 100, 2 + (uint32_t) (seed * seed) % 1200, 1 + seed % 3,
									   nclasses, 3, nclasses > 0 && seed % 2 == 0);
		Oob		   *oob = new_oob(&world.rows);
		Permuter   *permuter = new_permuter(oob, &world, seed);
		double		square = nclasses == 0 ? 100 : 1;	/* of the range */

		for (uint32_t t = 0; t < world.ntrees; t++)
		{
			la_permuter_begin(permuter, &world.tree[t], t, world.drawn[t]);

			/* backwards: features do not depend on each other */
			for (uint32_t f = world.rows.nfeatures; f-- > 0;)
			{
				double		loss = la_permuter_loss(permuter, f);
				double		expected = loss_by_definition(&world, t, f, seed);

				same &= close_to(loss, expected / square, 1e-13);
				unused &= f < world.rows.nfeatures - 1 || loss == 0 || isnan(loss);
				nonzero += loss < 0 || loss > 0;
			}
		}
		free(oob);
		free(permuter);
		free_world(&world);
	}
	ok(same, "losses by definition, %u classes", nclasses);
	ok(unused, "a feature that no tree asks for loses nothing, %u classes", nclasses);
	ok(nonzero > 100, "%u losses are not 0", nonzero);
}

/*
 * Feature 0 decides the class of four rows in five; feature 1 is noise that
 * the trees ask for first, and a third of what they have learnt is wrong.
 */
static void
test_noise(void)
{
	enum
	{
		NOISE_BINS = 20, NOISE_TREES = 200
	};
	World		world = {.nbins = NOISE_BINS};
	TreeNode	nodes[4 * NOISE_BINS];
	ForestTree	tree = {nodes, 0, NULL, 0, NULL, 0};
	double		impurity[] = {3, 1, 0};
	double		shares[3];
	double		permutation[3];
	double		std_error[3];
	Importance *importance = la_importance_init(malloc(la_importance_size(3)), 3);
	Permuter   *permuter;
	Oob		   *oob;
	Prng		prng;
	double		ones = 0;
	double		typical = 0;

	la_prng_seed(&prng, 77, 0);
	world.rows = make_rows(&prng, 1000, 1, 3, 2, NOISE_BINS);
	for (uint32_t r = 0; r < world.rows.nrows; r++)
	{
		uint8_t		bin = (uint8_t) la_prng_below(&prng, 2);

		uint8_t		cls = la_prng_below(&prng, 5) > 0 ? bin : !bin;

		put_bin(&world.rows, r, 0, bin);
		put_label(&world.rows, r, cls);
		ones += bin / 1000.0;
		typical += (cls == bin) / 1000.0;
	}
	oob = new_oob(&world.rows);
	permuter = new_permuter(oob, &world, 5);
	for (uint32_t t = 0; t < NOISE_TREES; t++)
	{
		uint8_t    *drawn = draw(&prng, world.rows.total);
		double		loss[3];

		/* a chain: bin 0 of the noise, bin 1, and so on */
		tree.nnodes = 0;
		for (uint32_t bin = 0; bin < NOISE_BINS; bin++)
		{
			uint32_t	wrong = la_prng_below(&prng, 3) == 0;

			if (bin < NOISE_BINS - 1)
				nodes[tree.nnodes++] = (TreeNode) {1, (uint8_t) bin, 0, 4};
			nodes[tree.nnodes++] = (TreeNode) {0, 0, 0, 2};
			nodes[tree.nnodes++] = (TreeNode) {LA_LEAF, 0, 0, wrong};
			nodes[tree.nnodes++] = (TreeNode) {LA_LEAF, 0, 0, !wrong};
		}
		la_permuter_begin(permuter, &tree, t, drawn);
		for (uint32_t f = 0; f < 3; f++)
			loss[f] = la_permuter_loss(permuter, f);
		la_importance_add(importance, impurity, loss);
		free(drawn);
	}
	la_importance_finish(importance, oob, shares, permutation, std_error);
	ok(fabs(permutation[1]) < 4 * std_error[1] && std_error[1] > 0 && std_error[1] < 0.01,
	   "noise loses %.4f +- %.4f", permutation[1], std_error[1]);

	/* right becomes wrong, and the other way round, for those whose value changes */
	{
		double		right = typical * 2 / 3 + (1 - typical) / 3;
		double		expected = 2 * ones * (1 - ones) * (2 * right - 1);

		ok(fabs(permutation[0] - expected) < 4 * std_error[0] && std_error[0] < 0.02,
		   "what decides loses %.4f +- %.4f, expected %.4f", permutation[0], std_error[0], expected);
	}
	ok(permutation[2] == 0 && std_error[2] == 0, "what is not asked for loses nothing");
	ok(close_to(shares[0], 0.75, 1e-14) && close_to(shares[1], 0.25, 1e-14) && shares[2] == 0,
	   "equal trees have the impurity of one");

	free(importance);
	free(permuter);
	free(oob);
	free(world.rows.records);
}

static void
test_importance(void)
{
	const double impurity[][3] = {{1, 3, 0}, {0, 0, 0}, {50, 0, 50}, {1e-9, 0, 0}};
	const double loss[][3] = {{0.1, -0.02, 0}, {NAN, NAN, NAN}, {0.3, 0.01, 0}, {0.25, 0.04, 0}};
	const double expected[] = {(0.25 + 0.5 + 1) / 3, 0.75 / 3, 0.5 / 3};
	World		world = make_world(1, 10, 1, 2, 1, false);
	Oob		   *oob = new_oob(&world.rows);
	Importance *importance = la_importance_init(malloc(la_importance_size(3)), 3);
	double		shares[3];
	double		permutation[3];
	double		std_error[3];
	bool		same = true;

	la_importance_finish(importance, oob, shares, permutation, std_error);
	ok(shares[0] == 0 && isnan(permutation[0]) && isnan(std_error[0]), "nothing from no tree");
	for (int t = 0; t < 4; t++)
	{
		la_importance_add(importance, impurity[t], loss[t]);
		if (t > 1)
			continue;
		la_importance_finish(importance, oob, shares, permutation, std_error);
		ok(permutation[0] == 0.1 && isnan(std_error[0]), "no standard error from one tree");
	}
	la_importance_finish(importance, oob, shares, permutation, std_error);
	for (int f = 0; f < 3; f++)
	{
		double		mean = (loss[0][f] + loss[2][f] + loss[3][f]) / 3;
		double		squares = pow(loss[0][f] - mean, 2) + pow(loss[2][f] - mean, 2) +
			pow(loss[3][f] - mean, 2);

		same &= close_to(shares[f], expected[f], 1e-15) && close_to(permutation[f], mean, 1e-15) &&
			close_to(std_error[f], sqrt(squares / 2 / 3), 1e-15);
	}
	ok(same, "shares of impurity, mean and standard error of the loss by definition");
	la_importance_finish(importance, oob, shares, NULL, NULL);
	ok(close_to(shares[1], expected[1], 1e-15), "impurity alone");
	free(oob);
	free_world(&world);

	/* the range is 10 */
	world = make_world(2, 10, 1, 0, 1, false);
	oob = new_oob(&world.rows);
	la_importance_finish(importance, oob, shares, permutation, std_error);
	ok(close_to(permutation[0], 65.0 / 3, 1e-13) && close_to(std_error[0], 100 * sqrt(0.13 / 36), 1e-13),
	   "squared error in squares of the target: %.15g +- %.15g", permutation[0], std_error[0]);
	free(oob);
	put_label(&world.rows, 0, -DBL_MAX);
	put_label(&world.rows, 1, DBL_MAX);
	oob = new_oob(&world.rows);
	la_importance_finish(importance, oob, shares, permutation, std_error);
	ok(permutation[0] == DBL_MAX && permutation[2] == 0, "no infinite importance");
	free(oob);
	free(importance);
	free_world(&world);
}

int
main(void)
{
	test_votes();
	test_order(3);
	test_order(0);
	test_processes(3);
	test_processes(0);
	test_no_votes();
	test_sample();
	test_range();
	test_known();
	test_permutation(2);
	test_permutation(5);
	test_permutation(0);
	test_noise();
	test_importance();
	return tap_done();
}
