/*
 * forest_model_test.c
 *		A forest's bytes: there and back, damaged, and made to do harm.
 */
#include "forest_model.h"

#include "../fuzz/forest_exercise.h"
#include "forest_fixture.h"
#include "tap.h"

typedef struct Decoded
{
	LaResult	result;
	void	   *memory;
	Forest	   *forest;
} Decoded;

static Decoded
decode(const Fixture *fixture)
{
	Decoded		decoded = {LA_OK, NULL, NULL};
	ForestShape shape;

	decoded.result = la_forest_measure(fixture->bytes, fixture->size, &shape);
	if (decoded.result != LA_OK)
		return decoded;
	decoded.memory = malloc(la_forest_decoded_size(&shape));
	decoded.result = la_forest_decode(fixture->bytes, fixture->size, &shape,
									  decoded.memory, &decoded.forest);
	return decoded;
}

/* --- there and back ------------------------------------------------------- */

static bool
same_parts(const Forest *forest, const Fixture *fixture)
{
	const ForestHeader *header = &fixture->header;
	uint32_t	nfeatures = header->nfeatures;
	bool		same = forest->header.label_type == header->label_type &&
		forest->header.nfeatures == nfeatures && forest->header.nclasses == header->nclasses &&
		forest->header.ntrees == header->ntrees && forest->header.nrows == header->nrows &&
		forest->header.max_depth == header->max_depth && forest->header.min_leaf == header->min_leaf &&
		forest->header.mtry == header->mtry && forest->header.bins == header->bins &&
		forest->header.sample == header->sample && forest->header.seed == header->seed;

	for (uint32_t i = 0; i < header->nclasses; i++)
		same &= forest->classes[i].length == fixture->classes[i].length &&
			forest->classes[i].nrows == fixture->classes[i].nrows &&
			memcmp(forest->classes[i].label, fixture->classes[i].label, fixture->classes[i].length) == 0;
	same &= memcmp(forest->first_cut, fixture->first_cut, (nfeatures + 1) * sizeof(uint32_t)) == 0;
	return same && memcmp(forest->cuts, fixture->cuts, fixture->first_cut[nfeatures] * sizeof(double)) == 0;
}

/*
 * Turn the nodes of a decoded tree into those of a grown one: references are
 * counted from its own first node, and from its first share.
 */
static ForestTree
tree_back(const Forest *forest, uint32_t number, const ForestTree *grown, uint32_t first_share)
{
	uint32_t	first = forest->first_node[number];
	ForestTree	tree = *grown;

	tree.nnodes = forest->first_node[number + 1] - first;
	tree.nodes = malloc(tree.nnodes * sizeof(ForestNode));
	memcpy(tree.nodes, forest->nodes + first, tree.nnodes * sizeof(ForestNode));
	for (uint32_t i = 0; i < tree.nnodes; i++)
	{
		if (tree.nodes[i].feature != LA_LEAF)
			tree.nodes[i].child -= first;
		else if (tree.nodes[i].flags == LA_NODE_MIXED)
			tree.nodes[i].child -= first_share;
	}
	tree.counts = malloc((tree.ncounts + 1) * sizeof(ForestCount));
	for (uint32_t i = 0, rows = 0; i < tree.ncounts; i++)
	{
		const ForestShare *share = &forest->shares[first_share + i];

		if (share->share == LA_RUN_START)
			rows = grown->counts[i].nrows;
		tree.counts[i].cls = share->cls;
		tree.counts[i].nrows = share->share == LA_RUN_START ? rows : (uint32_t) lrint(share->share * rows);
	}
	return tree;
}

/* Encode what was decoded. */
static bool
encodes_again(const Forest *forest, const Fixture *fixture)
{
	Fixture		again = *fixture;
	uint32_t	first_share = 0;
	bool		same;

	again.bytes = NULL;
	again.header = forest->header;
	again.classes = forest->classes;
	again.first_cut = forest->first_cut;
	again.cuts = forest->cuts;
	again.trees = malloc(forest->header.ntrees * sizeof(ForestTree));
	for (uint32_t t = 0; t < forest->header.ntrees; t++)
	{
		again.trees[t] = tree_back(forest, t, &fixture->trees[t], first_share);
		first_share += fixture->trees[t].ncounts;
	}
	fixture_write(&again);
	same = again.size == fixture->size && memcmp(again.bytes, fixture->bytes, again.size) == 0;
	for (uint32_t t = 0; t < forest->header.ntrees; t++)
	{
		free(again.trees[t].nodes);
		free(again.trees[t].counts);
	}
	free(again.trees);
	free(again.bytes);
	return same;
}

/* Probabilities by walking the trees as they were grown, cut by cut. */
static void
predict_naively(const Fixture *fixture, const double *features, double *proba)
{
	memset(proba, 0, fixture->header.nclasses * sizeof(double));
	for (uint32_t t = 0; t < fixture->header.ntrees; t++)
	{
		const ForestTree *tree = &fixture->trees[t];
		const ForestNode *node = tree->nodes;
		const ForestCount *run;

		while (node->feature != LA_LEAF)
		{
			double		x = features[node->feature];
			uint32_t	cut = fixture->first_cut[node->feature] + node->bin;
			bool		last = cut == fixture->first_cut[node->feature + 1];
			bool		left = isnan(x) ? node->flags == LA_NODE_MISSING_LEFT : last || x <= fixture->cuts[cut];

			node = &tree->nodes[node->child + !left];
		}
		run = tree->counts + node->child;
		if (node->flags == 0)
			proba[node->child] += 1;
		for (uint32_t i = 1; node->flags != 0 && i <= run->cls; i++)
			proba[run[i].cls] += (double) run[i].nrows / run->nrows;
	}
	for (uint32_t c = 0; c < fixture->header.nclasses; c++)
		proba[c] /= fixture->header.ntrees;
}

static bool
predicts_alike(const Forest *forest, const Fixture *fixture)
{
	double		features[8];
	uint8_t		bins[8];
	double		proba[8];
	double		expected[8];
	bool		same = true;

	for (uint32_t variant = 0; variant < 200; variant++)
	{
		make_row(forest, variant, features);
		la_forest_bin_row(forest, features, bins);
		la_forest_predict(forest, bins, proba);
		predict_naively(fixture, features, expected);
		same &= memcmp(proba, expected, forest->header.nclasses * sizeof(double)) == 0;
		same &= is_distribution(proba, forest->header.nclasses);
	}
	return same;
}

static void
test_round_trip(uint32_t nclasses, uint32_t nfeatures, uint32_t nbins)
{
	Fixture		fixture = fixture_grow(nclasses + nbins, 300, nfeatures, nclasses, nbins, 7);
	Decoded		decoded = decode(&fixture);

	ok(decoded.result == LA_OK && same_parts(decoded.forest, &fixture),
	   "%u classes, %u bins: header, classes and cuts come back", nclasses, nbins);
	ok(encodes_again(decoded.forest, &fixture), "%u classes, %u bins: encoded again, the same bytes", nclasses, nbins);
	ok(predicts_alike(decoded.forest, &fixture), "%u classes, %u bins: predicts as the trees say", nclasses, nbins);
	free(decoded.memory);
	fixture_free(&fixture);
}

/* --- damage ------------------------------------------------------------------ */

static void
test_damage(uint32_t nclasses)
{
	Fixture		fixture = fixture_grow(nclasses, 60, 3, nclasses, 6, 3);
	uint8_t    *bytes = malloc(fixture.size + 9);
	bool		right = true;
	int			taken = 0;

	for (size_t size = 0; size < fixture.size; size++)
		taken += exercise_forest(fixture.bytes, size, &right) == LA_OK;
	ok(taken == 0, "%u classes: no part of a model is taken for one", nclasses);

	memcpy(bytes, fixture.bytes, fixture.size);
	memset(bytes + fixture.size, 0, 9);
	for (size_t more = 1; more <= 9; more++)
		taken += exercise_forest(bytes, fixture.size + more, &right) == LA_OK;
	ok(taken == 0, "%u classes: nothing may follow a model", nclasses);

	for (size_t bit = 0; bit < 8 * fixture.size; bit++)
	{
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += exercise_forest(bytes, fixture.size, &right) == LA_OK;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	ok(right, "%u classes: whatever bit is flipped, refused or sound (%d of %zu taken)",
	   nclasses, taken, 8 * fixture.size);

	for (size_t i = 0; i < 3 * fixture.size; i++)
	{
		uint8_t		saved = bytes[i / 3];

		bytes[i / 3] = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xff : saved + 1;
		exercise_forest(bytes, fixture.size, &right);
		bytes[i / 3] = saved;
	}
	ok(right, "%u classes: whatever byte is replaced, refused or sound", nclasses);
	free(bytes);
	fixture_free(&fixture);
}

/* --- made to do harm ----------------------------------------------------------- */

/*
 * A forest small enough to change by hand: two features of three cuts, three
 * classes, and a tree of two splits, two pure leaves and a mixed one.
 */
static Fixture
fixture_small(void)
{
	static const ForestNode nodes[] = {
		{0, 1, LA_NODE_MISSING_LEFT, 1}, {1, 3, 0, 3}, {LA_LEAF, 0, 0, 2},
		{LA_LEAF, 0, LA_NODE_MIXED, 0}, {LA_LEAF, 0, LA_NODE_MIXED, 3}
	};
	static const ForestCount counts[] = {{2, 10}, {0, 4}, {2, 6}, {3, 6}, {0, 1}, {1, 2}, {2, 3}};
	ForestTree	tree = {(ForestNode *) nodes, 5, (ForestCount *) counts, 7};
	Fixture		fixture;

	memset(&fixture, 0, sizeof(fixture));
	fixture.header = (ForestHeader) {LA_LABEL_TEXT, 2, 3, 1, 16, 0, 1, 1, 4, 1.0, 42};
	fixture_describe(&fixture, 3);
	fixture.trees = malloc(sizeof(ForestTree));
	fixture.trees[0] = tree_copy(&tree);
	return fixture;
}

static LaResult
try_fixture(Fixture *fixture, bool *right)
{
	fixture_write(fixture);
	return exercise_forest(fixture->bytes, fixture->size, right);
}

/* Change one part of the small forest, and see it refused. */
#define REFUSED(change, what) \
	do { \
		Fixture		fixture = fixture_small(); \
		ForestNode *nodes = fixture.trees[0].nodes; \
		ForestCount *counts = fixture.trees[0].counts; \
		bool		right = true; \
		(void) nodes; \
		(void) counts; \
		change; \
		ok(try_fixture(&fixture, &right) == LA_MALFORMED, "refused: %s", what); \
		fixture_free(&fixture); \
	} while (0)

static void
test_small(void)
{
	Fixture		fixture = fixture_small();
	bool		right = true;

	ok(try_fixture(&fixture, &right) == LA_OK && right, "the small forest is sound");
	fixture_free(&fixture);
}

static void
test_hostile_header(void)
{
	REFUSED(fixture.header.label_type = 0, "label type 0");
	REFUSED(fixture.header.label_type = 4, "label type 4");
	REFUSED(fixture.header.min_leaf = 0, "min_leaf 0");
	REFUSED(fixture.header.mtry = 0, "mtry 0");
	REFUSED(fixture.header.mtry = 3, "mtry above the number of features");
	REFUSED(fixture.header.bins = 1, "one bin");
	REFUSED(fixture.header.bins = 256, "256 bins");
	REFUSED(fixture.header.sample = 0, "sample 0");
	REFUSED(fixture.header.sample = NAN, "sample NaN");
	REFUSED(fixture.header.sample = 1.5, "sample above 1");
	REFUSED(fixture.cuts[1] = NAN, "a cut that is NaN");
	REFUSED(fixture.cuts[5] = INFINITY, "an infinite cut");
	REFUSED(fixture.cuts[0] = -INFINITY, "an infinite first cut");
	REFUSED(fixture.cuts[1] = fixture.cuts[0], "equal cuts");
	REFUSED(fixture.cuts[4] = -1, "cuts in descending order");
}

static void
test_hostile_nodes(void)
{
	REFUSED(nodes[0].child = 0, "a node that is its own child");
	REFUSED(nodes[1].child = 0, "a child before its parent");
	REFUSED(nodes[1].child = 1, "a second node that is its own child");
	REFUSED(nodes[0].child = 4, "a right child past the end");
	REFUSED(nodes[0].child = 5, "both children past the end");
	REFUSED(nodes[0].child = UINT32_MAX, "a child at 2^32 - 1");
	REFUSED(nodes[0].child = UINT32_MAX - 1, "a child at 2^32 - 2");
	REFUSED(nodes[0].feature = 2, "a feature that does not exist");
	REFUSED(nodes[0].feature = LA_LEAF - 1, "feature 65534");
	REFUSED(nodes[0].bin = 4, "a bin above the cuts");
	REFUSED(nodes[0].bin = 255, "the missing bin as a cut");
	REFUSED(nodes[0].flags = LA_NODE_MIXED, "an inner node with class counts");
	REFUSED(nodes[0].flags = 0x80, "an unknown flag");
	REFUSED(nodes[2].child = 3, "a class that does not exist");
	REFUSED(nodes[2].child = UINT32_MAX, "class 2^32 - 1");
	REFUSED(nodes[2].flags = LA_NODE_MISSING_LEFT, "a leaf with a side for missing values");
	REFUSED(nodes[2].flags = LA_NODE_MIXED | LA_NODE_MISSING_LEFT, "a mixed leaf with a side");
	REFUSED(nodes[3].child = 1, "a leaf that points into the middle of a run");
	REFUSED(nodes[3].child = 7, "a leaf that points past the runs");
	REFUSED(nodes[3].child = UINT32_MAX, "a leaf that points far past the runs");
	REFUSED(fixture.trees[0].nnodes = 0, "a tree without nodes");
	REFUSED(fixture.trees[0].ncounts = 0, "mixed leaves without counts");
}

static void
test_hostile_runs(void)
{
	REFUSED(counts[0].cls = 0, "a run of no classes");
	REFUSED(counts[0].cls = 7, "a run longer than all of them");
	REFUSED(counts[0].cls = UINT32_MAX, "a run of 2^32 - 1 classes");
	REFUSED(counts[3].cls = 4, "a last run past the end");
	REFUSED(counts[0].cls = 1, "a run shorter than its counts");
	REFUSED(counts[0].nrows = 11, "a run that does not add up");
	REFUSED(counts[0].nrows = 0, "a run of no rows");
	REFUSED((counts[1].nrows = UINT32_MAX, counts[2].nrows = 11), "a run that adds up modulo 2^32 only");
	REFUSED((counts[1].nrows = 0, counts[2].nrows = 10), "a class of no rows");
	REFUSED(counts[2].cls = 3, "a class of a run that does not exist");
	REFUSED(counts[2].cls = 0, "a class that comes twice in a run");
	REFUSED((counts[1].cls = 2, counts[2].cls = 0), "classes of a run in descending order");
}

/* Numbers patched into the bytes: positions follow the layout of the header. */
static void
test_hostile_counts(void)
{
	static const struct
	{
		int			position;
		const char *what;
	}			numbers[] = {
		{1, "features"}, {5, "classes"}, {9, "trees"}, {53, "length of a label"}
	};
	static const uint32_t values[] = {
		0, 4, 10000, 10001, 65535, 65536, UINT32_C(1) << 29, UINT32_C(1) << 31, UINT32_MAX - 7, UINT32_MAX
	};
	Fixture		fixture = fixture_small();
	bool		right = true;

	fixture_write(&fixture);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		int			taken = 0;

		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
		{
			ByteWriter	writer = {fixture.bytes, (size_t) numbers[i].position};
			uint8_t		saved[4];

			memcpy(saved, fixture.bytes + writer.pos, 4);
			la_write_u32(&writer, values[j]);
			taken += exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK;
			memcpy(fixture.bytes + numbers[i].position, saved, 4);
		}
		ok(taken == 0, "refused: any other number of %s", numbers[i].what);
	}
	fixture_free(&fixture);
}

/* The counts of a tree stand before its nodes; no product of them may wrap. */
static void
test_hostile_tree_sizes(void)
{
	static const uint32_t values[] = {
		0, 6, UINT32_C(1) << 28, UINT32_C(1) << 29, UINT32_C(3) << 29, UINT32_C(1) << 31, UINT32_MAX - 4, UINT32_MAX
	};
	Fixture		fixture = fixture_small();
	size_t		position;
	bool		right = true;
	int			taken = 0;

	fixture_write(&fixture);
	position = fixture.size - la_forest_tree_size(&fixture.trees[0]);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
		{
			ByteWriter	writer = {fixture.bytes, position};

			la_write_u32(&writer, values[i]);
			la_write_u32(&writer, values[j]);
			taken += exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK;
			/* without the tree's own bytes a wrapped product would fit */
			taken += exercise_forest(fixture.bytes, position + 8, &right) == LA_OK;
		}
	}
	ok(taken == 0, "refused: any other numbers of nodes and counts");
	fixture_free(&fixture);
}

/* Bytes may let branches meet: harmless, and the longest path counts. */
static void
test_meeting_branches(void)
{
	static const ForestNode nodes[] = {
		{0, 0, 0, 1}, {0, 1, 0, 3}, {0, 2, 0, 7}, {1, 0, 0, 5}, {LA_LEAF, 0, 0, 0},
		{1, 1, 0, 9}, {LA_LEAF, 0, 0, 0}, {1, 2, 0, 9}, {LA_LEAF, 0, 0, 0},
		{LA_LEAF, 0, 0, 1}, {LA_LEAF, 0, 0, 2}
	};
	ForestTree	tree = {(ForestNode *) nodes, 11, NULL, 0};
	Fixture		fixture = fixture_small();
	uint32_t	scratch[11];
	Decoded		decoded;
	bool		right = true;

	free(fixture.trees[0].nodes);
	free(fixture.trees[0].counts);
	tree.counts = (ForestCount[]) {{0, 0}};
	fixture.trees[0] = tree_copy(&tree);
	ok(try_fixture(&fixture, &right) == LA_OK && right, "branches that meet are sound");
	decoded = decode(&fixture);
	ok(la_forest_depth(decoded.forest, scratch) == 4, "the depth is that of the longest path");
	free(decoded.memory);
	fixture_free(&fixture);
}

int
main(void)
{
	test_round_trip(1, 1, 2);
	test_round_trip(2, 3, 5);
	test_round_trip(3, 4, 40);
	test_round_trip(6, 8, 255);
	test_damage(1);
	test_damage(2);
	test_damage(4);
	test_small();
	test_hostile_header();
	test_hostile_nodes();
	test_hostile_runs();
	test_hostile_counts();
	test_hostile_tree_sizes();
	test_meeting_branches();
	return tap_done();
}
