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
same_numbers(const double *a, const double *b, uint32_t n)
{
	if (a == NULL || b == NULL)
		return a == b;
	return memcmp(a, b, n * sizeof(double)) == 0;
}

static bool
same_part(const ForestPart *a, const ForestPart *b, uint32_t nfeatures)
{
	return a->ntrees == b->ntrees && a->nrows == b->nrows &&
		a->max_depth == b->max_depth && a->min_leaf == b->min_leaf &&
		a->mtry == b->mtry && a->bins == b->bins && a->sample == b->sample &&
		a->seed == b->seed && a->permuted == b->permuted && a->nclasses == b->nclasses &&
		memcmp(a->classes, b->classes, a->nclasses * sizeof(uint16_t)) == 0 &&
		same_numbers(a->class_weight, b->class_weight, a->nclasses) &&
		a->oob_rows == b->oob_rows && a->oob_score == b->oob_score && a->oob_loss == b->oob_loss &&
		same_numbers(a->impurity, b->impurity, nfeatures) &&
		same_numbers(a->permutation, b->permutation, nfeatures) &&
		same_numbers(a->std_error, b->std_error, nfeatures) &&
		memcmp(a->first_cut, b->first_cut, (nfeatures + 1) * sizeof(uint32_t)) == 0 &&
		same_numbers(a->cuts, b->cuts, a->first_cut[nfeatures]);
}

static bool
same_description(const Forest *forest, const Fixture *fixture)
{
	const ForestHeader *header = &fixture->header;
	bool		same = memcmp(&forest->header, header, sizeof(*header)) == 0 &&
		forest->ntrees == fixture_ntrees(fixture);

	for (uint32_t i = 0; i < header->nclasses; i++)
		same &= forest->classes[i].length == fixture->classes[i].length &&
			forest->classes[i].nrows == fixture->classes[i].nrows &&
			memcmp(forest->classes[i].label, fixture->classes[i].label, fixture->classes[i].length) == 0;
	for (uint32_t i = 0; i < header->nparts; i++)
		same &= same_part(&forest->parts[i], &fixture->parts[i], header->nfeatures);
	return same;
}

/* What a leaf that was grown says, in the classes of the forest. */
static void
leaf_of_tree(const ForestPart *part, const ForestTree *tree, const TreeNode *leaf, double *result)
{
	const ForestCount *run = tree->counts + leaf->value;
	double		sum = 0;

	if (part->nclasses == 0)
	{
		result[0] = tree->means[leaf->value];
		return;
	}
	if (!(leaf->flags & LA_NODE_MIXED))
	{
		result[part->classes[leaf->value]] = 1;
		return;
	}
	for (uint32_t i = 1; i <= run->cls; i++)
		sum += run[i].nrows * (part->class_weight ? part->class_weight[run[i].cls] : 1);
	for (uint32_t i = 1; i <= run->cls; i++)
		result[part->classes[run[i].cls]] =
			run[i].nrows * (part->class_weight ? part->class_weight[run[i].cls] : 1) / sum;
}

static bool
same_leaf(const Forest *forest, const ForestPart *part, const ForestTree *tree,
		  const TreeNode *leaf, const ForestNode *node)
{
	uint32_t	n = la_forest_nresults(forest);
	double	   *expected = calloc(n, sizeof(double));
	double	   *found = malloc(n * sizeof(double));
	bool		same;

	leaf_of_tree(part, tree, leaf, expected);
	la_forest_leaf(forest, node, found);
	same = la_node_cut(*node) == 0 && same_results(found, expected, n);
	free(expected);
	free(found);
	return same;
}

static bool
same_tree(const Forest *forest, const ForestPart *part, const ForestTree *tree, uint32_t number)
{
	const ForestNode *nodes = forest->nodes + forest->first_node[number];
	uint32_t	nfeatures = forest->header.nfeatures;
	bool		same = forest->first_node[number + 1] - forest->first_node[number] == tree->nnodes;

	for (uint32_t i = 0; same && i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];

		if (node->feature == LA_LEAF)
			same = same_leaf(forest, part, tree, node, &nodes[i]);
		else
			same = la_node_cut(nodes[i]) > 0 && nodes[i].jump == node->value &&
				la_node_feature(nodes[i], nfeatures) == node->feature &&
				la_node_bin(nodes[i], nfeatures) == node->bin &&
				la_node_missing_left(nodes[i], nfeatures) == ((node->flags & LA_NODE_MISSING_LEFT) != 0) &&
				la_node_right_first(nodes[i], nfeatures) == ((node->flags & LA_NODE_RIGHT_FIRST) != 0);
	}
	return same;
}

static bool
same_trees(const Forest *forest, const Fixture *fixture)
{
	bool		same = true;
	uint32_t	number = 0;

	for (uint32_t i = 0; i < fixture->header.nparts; i++)
	{
		same &= forest->first_tree[i] == number;
		for (uint32_t t = 0; t < fixture->parts[i].ntrees; t++, number++)
			same &= same_tree(forest, &forest->parts[i], &fixture->trees[number], number);
	}
	return same && forest->first_tree[fixture->header.nparts] == number;
}

/* The leaf of a row, by walking a tree as it was grown, cut by cut. */
static const TreeNode *
walk_tree(const ForestPart *part, const ForestTree *tree, const double *features)
{
	const TreeNode *node = tree->nodes;

	while (node->feature != LA_LEAF)
	{
		double		x = features[node->feature];
		uint32_t	cut = part->first_cut[node->feature] + node->bin;
		bool		last = cut == part->first_cut[node->feature + 1];
		bool		left = isnan(x) ? (node->flags & LA_NODE_MISSING_LEFT) != 0 : last || x <= part->cuts[cut];
		bool		left_first = (node->flags & LA_NODE_RIGHT_FIRST) == 0;

		node += left == left_first ? 1 : node->value;
	}
	return node;
}

static void
predict_naively(const Fixture *fixture, const double *features, double *result, uint32_t n)
{
	const ForestTree *tree = fixture->trees;
	double	   *leaf = malloc(n * sizeof(double));

	memset(result, 0, n * sizeof(double));
	for (uint32_t i = 0; i < fixture->header.nparts; i++)
	{
		for (uint32_t t = 0; t < fixture->parts[i].ntrees; t++, tree++)
		{
			memset(leaf, 0, n * sizeof(double));
			leaf_of_tree(&fixture->parts[i], tree, walk_tree(&fixture->parts[i], tree, features), leaf);
			for (uint32_t c = 0; c < n; c++)
				result[c] += leaf[c];
		}
	}
	for (uint32_t c = 0; c < n; c++)
		result[c] /= fixture_ntrees(fixture);
	free(leaf);
}

/* The class of naive probabilities; UINT32_MAX if it is a matter of rounding. */
static uint32_t
clear_winner(const double *proba, uint32_t n)
{
	uint32_t	best = 0;

	for (uint32_t i = 1; i < n; i++)
		best = proba[i] > proba[best] ? i : best;
	for (uint32_t i = 0; i < n; i++)
	{
		if (i != best && proba[best] - proba[i] < 1e-12)
			return UINT32_MAX;
	}
	return best;
}

static bool
predicts_alike(const Forest *forest, const Fixture *fixture)
{
	uint32_t	n = la_forest_nresults(forest);
	double	   *features = malloc(forest->header.nfeatures * sizeof(double));
	uint8_t    *bins = malloc(la_forest_bins_size(forest));
	double	   *result = malloc(n * sizeof(double));
	double	   *expected = malloc(n * sizeof(double));
	bool		same = true;

	for (uint32_t variant = 0; variant < 200; variant++)
	{
		uint32_t	winner;

		make_row(forest, variant, features);
		la_forest_predict(forest, features, bins, result);
		predict_naively(fixture, features, expected, n);
		same &= same_results(result, expected, n) && is_result(forest, result);
		winner = clear_winner(expected, n);
		if (forest->header.nclasses > 0 && winner != UINT32_MAX)
			same &= la_forest_predict_class(forest, features, bins, result) == winner;
	}
	free(features);
	free(bins);
	free(result);
	free(expected);
	return same;
}

static void
test_round_trip(const char *what, FixtureShape shape)
{
	Fixture		fixture;
	Decoded		decoded;
	bool		right = true;

	fixture = fixture_random(&shape);
	decoded = decode(&fixture);
	ok(decoded.result == LA_OK && same_description(decoded.forest, &fixture),
	   "%s: what comes before the trees comes back", what);
	ok(same_trees(decoded.forest, &fixture), "%s: the trees come back", what);
	ok(predicts_alike(decoded.forest, &fixture), "%s: predicts as the trees say", what);
	ok(exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK && right, "%s: is sound", what);
	free(decoded.memory);
	fixture_free(&fixture);
}

static void
test_round_trips(void)
{
	test_round_trip("one class", (FixtureShape) {1, LA_LABEL_TEXT, 1, 1, 1, 3, 20, 1, 9, false, false});
	test_round_trip("two classes", (FixtureShape) {2, LA_LABEL_BOOLEAN, 3, 2, 1, 60, 200, 254, 200, false, false});
	test_round_trip("two weighted classes", (FixtureShape) {3, LA_LABEL_TEXT, 5, 2, 1, 7, 200, 9, 70000, true, true});
	test_round_trip("two classes in parts", (FixtureShape) {4, LA_LABEL_BIGINT, 5, 2, 6, 3, 50, 9, 9, true, true});
	test_round_trip("five classes", (FixtureShape) {5, LA_LABEL_BIGINT, 63, 5, 1, 300, 40, 30, 1000, false, true});
	test_round_trip("five classes in parts", (FixtureShape) {6, LA_LABEL_TEXT, 7, 5, 9, 4, 80, 3, 9, true, false});
	test_round_trip("64 features", (FixtureShape) {7, LA_LABEL_TEXT, 64, 3, 2, 5, 90, 7, 9, false, false});
	test_round_trip("10,000 features", (FixtureShape) {8, LA_LABEL_TEXT, 10000, 2, 1, 5, 300, 2, 9, false, true});
	test_round_trip("255 classes", (FixtureShape) {9, LA_LABEL_TEXT, 3, 255, 1, 5, 300, 9, 9, false, false});
	test_round_trip("256 classes", (FixtureShape) {10, LA_LABEL_BIGINT, 3, 256, 1, 5, 300, 9, 300, true, false});
	test_round_trip("65,535 classes", (FixtureShape) {11, LA_LABEL_BIGINT, 3, 65535, 1, 2, 9, 9, 9, false, false});
	test_round_trip("65,535 classes in parts", (FixtureShape) {12, LA_LABEL_TEXT, 3, 65535, 2, 1, 9, 9, 9, false, false});
	test_round_trip("numbers", (FixtureShape) {13, LA_LABEL_NUMBER, 4, 0, 1, 30, 150, 20, 1, false, true});
	test_round_trip("numbers in parts", (FixtureShape) {14, LA_LABEL_NUMBER, 200, 0, 5, 3, 50, 20, 1, false, false});
}

/* --- a size to rely on ------------------------------------------------------- */

/* Two bytes a node, and those of 100 trees of 130,000 nodes near 26 MB. */
static void
test_size(void)
{
	FixtureShape shape = {15, LA_LABEL_TEXT, 10, 2, 1, 1, 65000, 254, 9, false, false};
	Fixture		fixture = fixture_random(&shape);
	ForestTree *tree = &fixture.trees[0];

	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		if (tree->nodes[i].flags & LA_NODE_MIXED)
			tree->nodes[i] = (TreeNode) {LA_LEAF, 0, 0, i % 2};
	}
	ok(la_forest_tree_size(&fixture.header, tree) == 13 + 2 * (size_t) tree->nnodes,
	   "a node takes two bytes: %u nodes", tree->nnodes);
	fixture_free(&fixture);
}

/* A tree that always goes one way is as deep as it has inner nodes. */
static void
test_deep_tree(bool second)
{
	uint32_t	ninner = 500000;
	FixtureShape shape = {16, LA_LABEL_BOOLEAN, 1, 2, 1, 1, 0, 1, 1, false, false};
	Fixture		fixture = fixture_random(&shape);
	ForestTree *tree = &fixture.trees[0];
	uint32_t   *scratch = malloc((2 * ninner + 1) * sizeof(uint32_t));
	Decoded		decoded;

	free(tree->nodes);
	tree->nnodes = 2 * ninner + 1;
	tree->nodes = malloc(tree->nnodes * sizeof(TreeNode));
	for (uint32_t i = 0; i < tree->nnodes; i++)
		tree->nodes[i] = (TreeNode) {LA_LEAF, 0, 0, i % 2};
	for (uint32_t i = 0; i < ninner; i++)
		tree->nodes[second ? 2 * i : i] = (TreeNode) {0, 0, 0, second ? 2 : 2 * (ninner - i)};
	fixture_write(&fixture);
	decoded = decode(&fixture);
	ok(decoded.result == LA_OK && same_trees(decoded.forest, &fixture), "a tree of one long path comes back");
	ok(la_forest_depth(decoded.forest, scratch) == ninner, "its depth is %u", ninner);
	free(scratch);
	free(decoded.memory);
	fixture_free(&fixture);
}

/* --- damage ------------------------------------------------------------------ */

static void
test_damage(const char *what, FixtureShape shape)
{
	Fixture		fixture = fixture_random(&shape);
	uint8_t    *bytes = malloc(fixture.size + 9);
	bool		right = true;
	int			taken = 0;

	for (size_t size = 0; size < fixture.size; size++)
		taken += exercise_forest(fixture.bytes, size, &right) == LA_OK;
	ok(taken == 0, "%s: no part of a model is taken for one", what);

	memcpy(bytes, fixture.bytes, fixture.size);
	memset(bytes + fixture.size, 0, 9);
	for (size_t more = 1; more <= 9; more++)
		taken += exercise_forest(bytes, fixture.size + more, &right) == LA_OK;
	ok(taken == 0, "%s: nothing may follow a model", what);

	for (size_t bit = 0; bit < 8 * fixture.size; bit++)
	{
		bytes[bit / 8] ^= 1 << bit % 8;
		taken += exercise_forest(bytes, fixture.size, &right) == LA_OK;
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	ok(right, "%s: whatever bit is flipped, refused or sound (%d of %zu taken)",
	   what, taken, 8 * fixture.size);

	for (size_t i = 0; i < 3 * fixture.size; i++)
	{
		uint8_t		saved = bytes[i / 3];

		bytes[i / 3] = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xff : saved + 1;
		exercise_forest(bytes, fixture.size, &right);
		bytes[i / 3] = saved;
	}
	ok(right, "%s: whatever byte is replaced, refused or sound", what);
	free(bytes);
	fixture_free(&fixture);
}

/* --- made to do harm ----------------------------------------------------------- */

/*
 * A forest small enough to change by hand: two features of three cuts, three
 * classes, and a tree of two splits, one pure leaf and two mixed ones.
 */
static Fixture
fixture_small(LabelType type)
{
	static const TreeNode nodes[] = {
		{0, 1, LA_NODE_MISSING_LEFT, 2}, {LA_LEAF, 0, 0, 2}, {1, 3, LA_NODE_RIGHT_FIRST, 2},
		{LA_LEAF, 0, LA_NODE_MIXED, 0}, {LA_LEAF, 0, LA_NODE_MIXED, 3}
	};
	static const TreeNode number_nodes[] = {
		{0, 1, LA_NODE_MISSING_LEFT, 2}, {LA_LEAF, 0, 0, 0}, {1, 3, LA_NODE_RIGHT_FIRST, 2},
		{LA_LEAF, 0, 0, 1}, {LA_LEAF, 0, 0, 2}
	};
	static const ForestCount counts[] = {{2, 10}, {0, 4}, {2, 6}, {3, 6}, {0, 1}, {1, 2}, {2, 3}};
	static const double means[] = {1, -2, 3.5};
	bool		number = type == LA_LABEL_NUMBER;
	FixtureShape shape = {17, type, 2, number ? 0 : 3, 1, 1, 0, 3, 9, !number, true};
	ForestTree	tree = {(TreeNode *) (number ? number_nodes : nodes), 5, (ForestCount *) counts, 7, (double *) means, 3};
	Fixture		fixture = fixture_random(&shape);

	free(fixture.trees[0].nodes);
	free(fixture.trees[0].counts);
	free(fixture.trees[0].means);
	fixture.trees[0] = tree_copy(&tree);
	for (uint32_t i = 0; i < 6; i++)
		fixture.parts[0].cuts[i] = i % 3 + 0.5;
	for (uint32_t f = 0; f <= 2; f++)
		fixture.parts[0].first_cut[f] = 3 * f;
	fixture.parts[0].oob_rows = 900;
	fixture.parts[0].oob_score = 0.5;
	fixture.parts[0].oob_loss = 0.25;
	return fixture;
}

static LaResult
try_fixture(Fixture *fixture, bool *right)
{
	fixture_write(fixture);
	return exercise_forest(fixture->bytes, fixture->size, right);
}

/* Change one part of a small forest, and see it refused. */
#define REFUSED_OF(type, change, what) \
	do { \
		Fixture		fixture = fixture_small(type); \
		ForestHeader *header = &fixture.header; \
		ForestPart *part = &fixture.parts[0]; \
		TreeNode   *nodes = fixture.trees[0].nodes; \
		ForestCount *counts = fixture.trees[0].counts; \
		ForestClass *classes = fixture.classes; \
		bool		right = true; \
		(void) header; \
		(void) part; \
		(void) nodes; \
		(void) counts; \
		(void) classes; \
		change; \
		ok(try_fixture(&fixture, &right) == LA_MALFORMED, "refused: %s", what); \
		fixture_free(&fixture); \
	} while (0)

#define REFUSED(change, what) REFUSED_OF(LA_LABEL_TEXT, change, what)

static void
test_small(void)
{
	static const LabelType types[] = {LA_LABEL_TEXT, LA_LABEL_BIGINT, LA_LABEL_NUMBER};

	for (int i = 0; i < 3; i++)
	{
		Fixture		fixture = fixture_small(types[i]);
		bool		right = true;

		ok(try_fixture(&fixture, &right) == LA_OK && right, "the small forest of type %d is sound", types[i]);
		fixture_free(&fixture);
	}
}

static void
test_hostile_header(void)
{
	REFUSED(header->label_type = 0, "label type 0");
	REFUSED(header->label_type = 5, "label type 5");
	REFUSED(header->label_type = LA_LABEL_NUMBER, "numbers with classes");
	REFUSED(header->label_type = LA_LABEL_BOOLEAN, "three booleans");
	REFUSED_OF(LA_LABEL_NUMBER, header->label_type = LA_LABEL_TEXT, "texts without classes");
	REFUSED(classes[1].nrows++, "class rows that do not add up");
	REFUSED((classes[0].nrows -= 5, classes[1].nrows = UINT64_MAX, classes[2].nrows = 6), "class rows that add up modulo 2^64 only");
	REFUSED(memcpy((void *) classes[2].label, "0", 1) ? classes[2].length = 1 : 0, "labels in descending order");
	REFUSED((classes[2].length = classes[1].length, memcpy((void *) classes[2].label, classes[1].label, classes[1].length)), "equal labels");
}

static void
test_hostile_bigints(void)
{
	static const char *labels[] = {
		"", "-", "01", "-0", "+1", "1 ", "1a", "00", "9223372036854775808", "-1", "10000000000000000000", "99999999999999999999999"
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		REFUSED_OF(LA_LABEL_BIGINT, (strcpy((char *) classes[2].label, labels[i]), classes[2].length = (uint32_t) strlen(labels[i])), labels[i]);
	REFUSED_OF(LA_LABEL_BIGINT, (strcpy((char *) classes[0].label, "-9223372036854775809"), classes[0].length = 20), "-9223372036854775809");
}

static void
test_hostile_part(void)
{
	REFUSED(part->nrows = 0, "no rows");
	REFUSED((part->nrows += UINT64_C(1) << 32, classes[0].nrows += UINT64_C(1) << 32), "2^32 rows");
	REFUSED(part->min_leaf = 0, "min_leaf 0");
	REFUSED(part->mtry = 0, "mtry 0");
	REFUSED(part->mtry = 3, "mtry above the number of features");
	REFUSED(part->bins = 1, "one bin");
	REFUSED(part->bins = 256, "256 bins");
	REFUSED(part->bins = 3, "more cuts than bins");
	REFUSED(part->sample = 0, "sample 0");
	REFUSED(part->sample = NAN, "sample NaN");
	REFUSED(part->sample = 1.5, "sample above 1");
	REFUSED(part->oob_rows = part->nrows + 1, "more rows out of bag than rows");
	REFUSED(part->oob_rows = 0, "a score of no rows");
	REFUSED((part->oob_rows = 0, part->oob_score = 0), "a loss of no rows");
	REFUSED(part->oob_score = NAN, "a score that is NaN");
	REFUSED(part->oob_loss = INFINITY, "an infinite loss");
	REFUSED(part->oob_loss = -1, "a loss below 0");
	REFUSED(part->classes[2] = 3, "a class of the part that does not exist");
	REFUSED(part->classes[1] = 0, "a class twice");
	REFUSED((part->classes[0] = 1, part->classes[1] = 0), "classes in descending order");
	REFUSED(part->class_weight[0] = 0, "a weight of 0");
	REFUSED(part->class_weight[1] = NAN, "a weight that is NaN");
	REFUSED(part->class_weight[2] = 1e101, "a weight of 1e101");
	REFUSED(part->impurity[0] = -1e-9, "an importance below 0");
	REFUSED(part->impurity[1] = NAN, "an importance that is NaN");
	REFUSED(part->permutation[0] = INFINITY, "an infinite importance");
	REFUSED(part->std_error[1] = -INFINITY, "an infinite error");
	REFUSED(part->std_error[0] = -1, "a standard error below 0");
	REFUSED(part->cuts[1] = NAN, "a cut that is NaN");
	REFUSED(part->cuts[5] = INFINITY, "an infinite cut");
	REFUSED(part->cuts[0] = -INFINITY, "an infinite first cut");
	REFUSED(part->cuts[1] = part->cuts[0], "equal cuts");
	REFUSED(part->cuts[4] = -1, "cuts in descending order");
}

static void
test_hostile_nodes(void)
{
	REFUSED(nodes[0].feature = 2, "a feature that does not exist");
	REFUSED(nodes[0].feature = 63, "feature 63");
	REFUSED(nodes[0].bin = 4, "a bin above the cuts");
	REFUSED(nodes[2].bin = 4, "a bin above the cuts, right child first");
	REFUSED(nodes[0].bin = 255, "the missing bin as a cut");
	REFUSED(nodes[2].bin = 255, "the missing bin as a cut, right child first");
	REFUSED(nodes[1].value = 3, "a class that does not exist");
	REFUSED(nodes[1].value = 254, "class 254");
	REFUSED_OF(LA_LABEL_NUMBER, fixture.trees[0].means[1] = NAN, "a mean that is NaN");
	REFUSED_OF(LA_LABEL_NUMBER, fixture.trees[0].means[2] = 2e300, "a mean of 2e300");
	REFUSED((fixture.trees[0].nnodes = 3), "a tree that does not end");
	REFUSED((fixture.trees[0].nnodes = 4), "an even number of nodes");
	REFUSED((nodes[0] = nodes[1]), "a tree that ends at its first node");
	REFUSED((nodes[2] = nodes[1]), "a tree that ends before its last node");
	REFUSED((nodes[4] = nodes[0]), "a tree whose last node is no leaf");
	REFUSED((nodes[1] = nodes[3] = nodes[4] = nodes[0]), "a tree without leaves");
}

static void
test_hostile_runs(void)
{
	REFUSED((counts[0].cls = 1), "a run of one class");
	REFUSED((counts[1].nrows = 0), "a class of no rows");
	REFUSED((counts[2].cls = 3), "a class of a run that does not exist");
	REFUSED((counts[2].cls = 0), "a class that comes twice in a run");
	REFUSED((counts[1].cls = 2, counts[2].cls = 0), "classes of a run in descending order");
}

/* Numbers patched into the bytes, at a position from the start or the end. */
static void
test_hostile_numbers(LabelType type, bool from_tree, size_t position, uint32_t right_number, const char *what)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 10000, 10001, 65535, 65536, UINT32_C(1) << 28, UINT32_C(1) << 29,
		UINT32_C(3) << 29, UINT32_C(1) << 30, UINT32_C(1) << 31, UINT32_MAX - 7, UINT32_MAX - 1, UINT32_MAX
	};
	Fixture		fixture = fixture_small(type);
	bool		right = true;
	int			taken = 0;

	fixture_write(&fixture);
	if (from_tree)
		position += fixture.size - la_forest_tree_size(&fixture.header, &fixture.trees[0]);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		ByteWriter	writer = {fixture.bytes, position};

		if (values[i] == right_number)
			continue;
		la_write_u32(&writer, values[i]);
		taken += exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK;
		/* without the bytes that follow a wrapped product would fit */
		for (size_t size = writer.pos; size < fixture.size; size++)
			taken += exercise_forest(fixture.bytes, size, &right) == LA_OK;
	}
	ok(taken == 0, "refused: any other number of %s, type %d", what, type);
	fixture_free(&fixture);
}

static void
test_hostile_counts(LabelType type)
{
	bool		number = type == LA_LABEL_NUMBER;
	size_t		part = 13;

	if (!number)
	{
		Fixture		fixture = fixture_small(type);

		part = la_forest_header_size(&fixture.header, fixture.classes);
		fixture_free(&fixture);
		test_hostile_numbers(type, false, 13, type == LA_LABEL_TEXT ? 0 : 2, "bytes of a label");
	}
	test_hostile_numbers(type, false, 1, 2, "features");
	test_hostile_numbers(type, false, 5, number ? 0 : 3, "classes");
	test_hostile_numbers(type, false, 9, 1, "parts");
	test_hostile_numbers(type, false, part, 1, "trees");
	test_hostile_numbers(type, false, part + 69, number ? 0 : 3, "classes of the part");
	test_hostile_numbers(type, true, 0, 5, "nodes");
	test_hostile_numbers(type, true, 4, number ? 3 : 2, "entries");
	test_hostile_numbers(type, true, 8, number ? 0 : 5, "class counts");
}

/* The last byte before the streams, and every byte of them, made any other. */
static void
test_hostile_streams(LabelType type)
{
	Fixture		fixture = fixture_small(type);
	bool		right = true;
	int			widths = 0;
	size_t		first;

	fixture_write(&fixture);
	first = fixture.size - la_forest_tree_size(&fixture.header, &fixture.trees[0]) + 12;
	for (size_t i = first; i < fixture.size; i++)
	{
		uint8_t		saved = fixture.bytes[i];

		for (int value = 0; value < 256; value++)
		{
			fixture.bytes[i] = (uint8_t) value;
			if (exercise_forest(fixture.bytes, fixture.size, &right) == LA_OK && i == first && value != saved)
				widths++;
		}
		fixture.bytes[i] = saved;
	}
	ok(widths == 0, "refused: any other width, type %d", type);
	ok(right, "whatever byte of a tree is replaced, refused or sound, type %d", type);
	fixture_free(&fixture);
}

int
main(void)
{
	test_round_trips();
	test_size();
	test_deep_tree(false);
	test_deep_tree(true);
	test_damage("one class", (FixtureShape) {20, LA_LABEL_TEXT, 2, 1, 1, 2, 3, 2, 3, false, false});
	test_damage("two classes", (FixtureShape) {21, LA_LABEL_BOOLEAN, 3, 2, 1, 2, 6, 3, 300, true, true});
	test_damage("four classes in parts", (FixtureShape) {22, LA_LABEL_BIGINT, 3, 4, 2, 2, 6, 3, 9, false, false});
	test_damage("70 features", (FixtureShape) {23, LA_LABEL_TEXT, 70, 3, 1, 2, 4, 1, 9, false, false});
	test_damage("numbers", (FixtureShape) {24, LA_LABEL_NUMBER, 2, 0, 2, 2, 6, 3, 9, false, true});
	test_small();
	test_hostile_header();
	test_hostile_bigints();
	test_hostile_part();
	test_hostile_nodes();
	test_hostile_runs();
	test_hostile_counts(LA_LABEL_TEXT);
	test_hostile_counts(LA_LABEL_BIGINT);
	test_hostile_counts(LA_LABEL_NUMBER);
	test_hostile_streams(LA_LABEL_TEXT);
	test_hostile_streams(LA_LABEL_NUMBER);
	return tap_done();
}
