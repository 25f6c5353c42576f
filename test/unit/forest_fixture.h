/*
 * forest_fixture.h
 *		Random forests for the unit tests, every array in a block of its own
 *		that is no larger than promised: the sanitizers see one step too many.
 */
#ifndef LA_FOREST_FIXTURE_H
#define LA_FOREST_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binning.h"
#include "forest_model.h"
#include "prng.h"

/* what a random forest should be like */
typedef struct FixtureShape
{
	uint64_t	seed;
	LabelType	label_type;
	uint32_t	nfeatures;
	uint32_t	nclasses;
	uint32_t	nparts;			/* with more than one, each has some of the classes */
	uint32_t	ntrees;			/* of each part */
	uint32_t	ninner;			/* of each tree, about */
	uint32_t	ncuts;			/* of each feature, at most */
	uint32_t	max_count;		/* of a class in a leaf */
	bool		weighted;
	bool		permuted;
} FixtureShape;

/* A forest's bytes, and what they were written from. */
typedef struct Fixture
{
	ForestHeader header;
	ForestClass *classes;
	ForestPart *parts;
	ForestTree *trees;			/* of the first part, then of the second, ... */
	uint8_t    *bytes;
	size_t		size;
} Fixture;

static inline double
random_share(Prng *prng)
{
	return la_prng_below(prng, 1u << 30) / (double) (1u << 30);
}

static inline double *
random_numbers(Prng *prng, uint32_t n)
{
	double	   *numbers = malloc(n * sizeof(double));

	for (uint32_t i = 0; i < n; i++)
		numbers[i] = random_share(prng) + 0.001;
	return numbers;
}

/* --- trees ----------------------------------------------------------------- */

static inline void
add_leaf(Prng *prng, const FixtureShape *shape, const ForestPart *part, ForestTree *tree,
		 TreeNode *leaf)
{
	uint32_t	run = tree->ncounts;
	uint32_t	step = part->nclasses / 20 + 1;

	*leaf = (TreeNode) {LA_LEAF, 0, 0, 0};
	if (part->nclasses == 0)
	{
		leaf->value = tree->nmeans;
		tree->means[tree->nmeans++] = random_share(prng) * 200 - 100;
		return;
	}
	leaf->value = la_prng_below(prng, part->nclasses);
	if (la_prng_below(prng, 2) == 0)
		return;
	tree->counts[run] = (ForestCount) {0, 0};
	for (uint32_t cls = la_prng_below(prng, step); cls < part->nclasses; cls += 1 + la_prng_below(prng, step))
	{
		ForestCount count = {cls, 1 + la_prng_below(prng, shape->max_count)};

		tree->counts[run].cls++;
		tree->counts[run].nrows += count.nrows;
		tree->counts[run + tree->counts[run].cls] = count;
	}
	if (tree->counts[run].cls < 2)
		return;
	leaf->flags = LA_NODE_MIXED;
	leaf->value = run;
	tree->ncounts += 1 + tree->counts[run].cls;
}

/* Grow the subtree that begins at the next node. */
static inline void
add_subtree(Prng *prng, const FixtureShape *shape, const ForestPart *part, ForestTree *tree,
			uint32_t ninner)
{
	uint32_t	self = tree->nnodes++;
	uint32_t	feature = la_prng_below(prng, shape->nfeatures);
	uint32_t	ncuts = part->first_cut[feature + 1] - part->first_cut[feature];
	uint32_t	left;

	if (ninner == 0)
	{
		add_leaf(prng, shape, part, tree, &tree->nodes[self]);
		return;
	}
	left = la_prng_below(prng, ninner);
	add_subtree(prng, shape, part, tree, left);
	tree->nodes[self] = (TreeNode) {
		(uint16_t) feature, (uint8_t) la_prng_below(prng, ncuts + 1),
		(la_prng_below(prng, 2) ? LA_NODE_MISSING_LEFT : 0) |
		(la_prng_below(prng, 2) ? LA_NODE_RIGHT_FIRST : 0), tree->nnodes - self
	};
	add_subtree(prng, shape, part, tree, ninner - 1 - left);
}

static inline ForestTree
tree_copy(const ForestTree *tree)
{
	ForestTree	copy = *tree;

	copy.nodes = malloc(tree->nnodes * sizeof(TreeNode));
	memcpy(copy.nodes, tree->nodes, tree->nnodes * sizeof(TreeNode));
	copy.counts = malloc(tree->ncounts * sizeof(ForestCount) + 1);
	if (tree->ncounts > 0)
		memcpy(copy.counts, tree->counts, tree->ncounts * sizeof(ForestCount));
	copy.means = malloc(tree->nmeans * sizeof(double) + 1);
	if (tree->nmeans > 0)
		memcpy(copy.means, tree->means, tree->nmeans * sizeof(double));
	return copy;
}

static inline ForestTree
tree_random(Prng *prng, const FixtureShape *shape, const ForestPart *part)
{
	uint32_t	ninner = shape->ninner / 2 + la_prng_below(prng, shape->ninner + 1);
	ForestTree	tree = {0};
	ForestTree	copy;

	tree.nodes = malloc((2 * ninner + 1) * sizeof(TreeNode));
	tree.counts = malloc((size_t) (ninner + 1) * (part->nclasses + 1) * sizeof(ForestCount));
	tree.means = malloc((ninner + 1) * sizeof(double));
	add_subtree(prng, shape, part, &tree, ninner);
	copy = tree_copy(&tree);
	free(tree.nodes);
	free(tree.counts);
	free(tree.means);
	return copy;
}

/* --- parts ----------------------------------------------------------------- */

/* All classes; some of them if there are more parts. */
static inline void
part_choose_classes(Prng *prng, const FixtureShape *shape, ForestPart *part)
{
	part->classes = malloc(shape->nclasses * sizeof(uint16_t) + 1);
	for (uint32_t i = 0; i < shape->nclasses; i++)
	{
		if (shape->nparts == 1 || la_prng_below(prng, 3) > 0 ||
			(i == shape->nclasses - 1 && part->nclasses == 0))
			part->classes[part->nclasses++] = (uint16_t) i;
	}
}

/* Cut b of a feature is b + 0.5. */
static inline void
part_make_cuts(Prng *prng, const FixtureShape *shape, ForestPart *part)
{
	uint32_t	ncuts = 0;

	part->first_cut = malloc((shape->nfeatures + 1) * sizeof(uint32_t));
	part->cuts = malloc(((size_t) shape->nfeatures * shape->ncuts + 1) * sizeof(double));
	for (uint32_t f = 0; f < shape->nfeatures; f++)
	{
		uint32_t	n = la_prng_below(prng, 4) == 0 ? la_prng_below(prng, shape->ncuts + 1) : shape->ncuts;

		part->first_cut[f] = ncuts;
		for (uint32_t i = 0; i < n; i++)
			part->cuts[ncuts++] = i + 0.5;
	}
	part->first_cut[shape->nfeatures] = ncuts;
}

static inline ForestPart
part_random(Prng *prng, const FixtureShape *shape)
{
	ForestPart	part = {
		.ntrees = shape->ntrees, .nrows = 1000 + la_prng_below(prng, 1000), .min_leaf = 1,
		.max_depth = la_prng_below(prng, 20), .mtry = 1 + la_prng_below(prng, shape->nfeatures),
		.bins = 255, .sample = 1.0 - random_share(prng) / 2, .seed = (int64_t) la_prng_next(prng),
		.permuted = shape->permuted
	};

	part_choose_classes(prng, shape, &part);
	part_make_cuts(prng, shape, &part);
	if (shape->weighted)
		part.class_weight = random_numbers(prng, part.nclasses);
	if (la_prng_below(prng, 2))
	{
		part.oob_rows = 900;
		part.oob_score = random_share(prng);
		part.oob_loss = random_share(prng);
	}
	part.impurity = random_numbers(prng, shape->nfeatures);
	if (shape->permuted)
	{
		part.permutation = random_numbers(prng, shape->nfeatures);
		part.std_error = random_numbers(prng, shape->nfeatures);
	}
	return part;
}

/* --- forests ---------------------------------------------------------------- */

static inline uint32_t
fixture_ntrees(const Fixture *fixture)
{
	uint32_t	ntrees = 0;

	for (uint32_t i = 0; i < fixture->header.nparts; i++)
		ntrees += fixture->parts[i].ntrees;
	return ntrees;
}

/* A header as la_forest_write_tree wants it: with the classes of the part. */
static inline ForestHeader
part_header(const Fixture *fixture, const ForestPart *part)
{
	ForestHeader header = fixture->header;

	header.nclasses = part->nclasses;
	return header;
}

static inline size_t
fixture_measure(const Fixture *fixture)
{
	size_t		size = la_forest_header_size(&fixture->header, fixture->classes);
	const ForestTree *tree = fixture->trees;

	for (uint32_t i = 0; i < fixture->header.nparts; i++)
	{
		ForestHeader header = part_header(fixture, &fixture->parts[i]);

		size += la_forest_part_size(&header, &fixture->parts[i]);
		for (uint32_t t = 0; t < fixture->parts[i].ntrees; t++)
			size += la_forest_tree_size(&header, tree++);
	}
	return size;
}

/* Write the parts; those may be wrong on purpose. */
static inline void
fixture_write(Fixture *fixture)
{
	ByteWriter	writer = {NULL, 0};
	const ForestTree *tree = fixture->trees;

	fixture->size = fixture_measure(fixture);
	free(fixture->bytes);
	writer.data = fixture->bytes = malloc(fixture->size);
	la_forest_write_header(&writer, &fixture->header, fixture->classes);
	for (uint32_t i = 0; i < fixture->header.nparts; i++)
	{
		ForestHeader header = part_header(fixture, &fixture->parts[i]);

		la_forest_write_part(&writer, &header, &fixture->parts[i]);
		for (uint32_t t = 0; t < fixture->parts[i].ntrees; t++)
			la_forest_write_tree(&writer, &header, tree++);
	}
	if (writer.pos != fixture->size)
		abort();
}

/* Labels in their order: "", "00001x", "00002xx", ...; -3, -2, ...; false, true */
static inline ForestClass
class_make(LabelType type, uint32_t number, uint32_t nclasses)
{
	char	   *label = malloc(32);

	if (type == LA_LABEL_BIGINT)
		snprintf(label, 32, "%d", (int) number - (int) nclasses / 2);
	else if (type == LA_LABEL_BOOLEAN)
		snprintf(label, 32, "%s", number == 0 ? "false" : "true");
	else
		snprintf(label, 32, "%05u%.*s", number, (int) (number % 4), "xxxx");
	if (type == LA_LABEL_TEXT && number == 0)
		label[0] = '\0';
	return (ForestClass) {(uint8_t *) label, (uint32_t) strlen(label), 0};
}

static inline Fixture
fixture_random(const FixtureShape *shape)
{
	Fixture		fixture = {.header = {shape->label_type, shape->nfeatures, shape->nclasses, shape->nparts}};
	ForestTree *tree = fixture.trees = malloc(shape->nparts * shape->ntrees * sizeof(ForestTree));
	Prng		prng;

	la_prng_seed(&prng, shape->seed, 1);
	fixture.classes = malloc(shape->nclasses * sizeof(ForestClass) + 1);
	for (uint32_t i = 0; i < shape->nclasses; i++)
		fixture.classes[i] = class_make(shape->label_type, i, shape->nclasses);
	fixture.parts = malloc(shape->nparts * sizeof(ForestPart));
	for (uint32_t i = 0; i < shape->nparts; i++)
	{
		ForestPart *part = &fixture.parts[i];

		*part = part_random(&prng, shape);
		for (uint32_t t = 0; t < shape->ntrees; t++)
			*tree++ = tree_random(&prng, shape, part);
		if (shape->nclasses > 0)
			fixture.classes[i % shape->nclasses].nrows += part->nrows;
	}
	fixture_write(&fixture);
	return fixture;
}

static inline void
part_free(ForestPart *part)
{
	free(part->classes);
	free(part->class_weight);
	free(part->impurity);
	free(part->permutation);
	free(part->std_error);
	free(part->first_cut);
	free(part->cuts);
}

static inline void
fixture_free(Fixture *fixture)
{
	for (uint32_t t = 0; t < fixture_ntrees(fixture); t++)
	{
		free(fixture->trees[t].nodes);
		free(fixture->trees[t].counts);
		free(fixture->trees[t].means);
	}
	for (uint32_t i = 0; i < fixture->header.nparts; i++)
		part_free(&fixture->parts[i]);
	for (uint32_t i = 0; i < fixture->header.nclasses; i++)
		free((void *) fixture->classes[i].label);
	free(fixture->trees);
	free(fixture->parts);
	free(fixture->classes);
	free(fixture->bytes);
}

#endif							/* LA_FOREST_FIXTURE_H */
