/*
 * forest_model.h
 *		A forest as flat arrays: its bytes, their validation, prediction.
 */
#ifndef LA_FOREST_MODEL_H
#define LA_FOREST_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "byteio.h"
#include "result.h"

#define LA_FOREST_VERSION 1

#define LA_MAX_FEATURES 10000
#define LA_MAX_CLASSES 65535
#define LA_MAX_TREES 10000

/* targets lie between -1e300 and 1e300, and so do their means */
#define LA_MAX_TARGET 1e300

/*
 * A node of a grown tree.  Nodes are in preorder: the left child of an inner
 * node is the next node, the right one is "value" nodes after it; the other
 * way about with LA_NODE_RIGHT_FIRST.  The child with more rows should be next:
 * most walks then stay where they are in memory.  A row goes left if the bin of
 * its feature is at most "bin"; a missing value (bin 255) goes left if
 * LA_NODE_MISSING_LEFT is set.  A leaf has feature LA_LEAF; its value is a
 * class, with LA_NODE_MIXED where its class counts begin, and in a tree that
 * predicts a number an index into the means.
 */
typedef struct TreeNode
{
	uint16_t	feature;
	uint8_t		bin;
	uint8_t		flags;
	uint32_t	value;
} TreeNode;

#define LA_LEAF 0xffff
#define LA_NODE_MISSING_LEFT 0x01
#define LA_NODE_MIXED 0x02
#define LA_NODE_RIGHT_FIRST 0x04

/*
 * The class counts of a mixed leaf are a run: first how many classes and rows
 * there are, then every class with its rows, in the order of the classes.
 * The runs, and the means, are in the order of their leaves.
 */
typedef struct ForestCount
{
	uint32_t	cls;
	uint32_t	nrows;
} ForestCount;

/* A tree as it was grown. */
typedef struct ForestTree
{
	TreeNode   *nodes;
	uint32_t	nnodes;
	ForestCount *counts;		/* the runs of all mixed leaves */
	uint32_t	ncounts;
	double	   *means;			/* of all leaves, if a number is predicted */
	uint32_t	nmeans;
} ForestTree;

typedef enum LabelType
{
	LA_LABEL_TEXT = 1,
	LA_LABEL_BIGINT = 2,
	LA_LABEL_BOOLEAN = 3,
	LA_LABEL_NUMBER = 4			/* regression: no classes */
} LabelType;

/* a class: its label as text, and how many training rows it had */
typedef struct ForestClass
{
	const uint8_t *label;		/* not terminated */
	uint32_t	length;
	uint64_t	nrows;
} ForestClass;

typedef struct ForestHeader
{
	LabelType	label_type;
	uint32_t	nfeatures;
	uint32_t	nclasses;		/* 0 if a number is predicted */
	uint32_t	nparts;
} ForestHeader;

/*
 * The trees of one training, with what it left behind: a forest that was
 * merged has several parts, each with its own cuts, since its trees know
 * bins only.
 */
typedef struct ForestPart
{
	uint32_t	ntrees;
	uint64_t	nrows;
	uint32_t	max_depth;		/* 0: no limit */
	uint32_t	min_leaf;
	uint32_t	mtry;
	uint32_t	bins;
	double		sample;
	int64_t		seed;
	bool		permuted;		/* permutation importance was asked for */

	uint32_t	nclasses;		/* 0 if a number is predicted */
	uint16_t   *classes;		/* the part's classes: their numbers in the forest, ascending */
	double	   *class_weight;	/* per class of the part; NULL: all count the same */

	uint64_t	oob_rows;		/* rows that the out-of-bag figures rest on; 0: none */
	double		oob_score;		/* accuracy, or R2 */
	double		oob_loss;		/* log-loss, or root mean squared error */

	double	   *impurity;		/* per feature: share of the decrease of impurity */
	double	   *permutation;	/* per feature, if permuted: loss of accuracy, or gain of squared
								 * error; NaN if too few rows were out of bag */
	double	   *std_error;		/* per feature, if permuted: its standard error; NaN below two trees */

	uint32_t   *first_cut;		/* per feature, and one more: into cuts */
	double	   *cuts;
} ForestPart;

/*
 * A node to walk over.  "test" has the node's slot in its lowest 16 bits, its
 * cut in the next 8, and LA_TEST_MIXED.  A row goes on to the next node if its
 * bin, at the slot in the bins of the row, is below the cut, else "jump" nodes
 * on.  There are four slots of each feature, one per combination of
 * LA_SLOT_MISSING_LEFT and LA_SLOT_RIGHT_FIRST, so that this is all there is to
 * do: see bin_row.
 *
 * A leaf has cut 0.  Its "jump" is, where the forest has more than two classes,
 * a class or with LA_TEST_MIXED the first of its shares; else it is the index of
 * a value.
 */
typedef struct ForestNode
{
	uint32_t	test;
	uint32_t	jump;
} ForestNode;

#define LA_TEST_CUT_SHIFT 16
#define LA_TEST_MIXED 0x01000000

/* slot = feature + nfeatures * any of these */
#define LA_SLOT_MISSING_LEFT 1
#define LA_SLOT_RIGHT_FIRST 2

static inline uint32_t
la_node_slot(ForestNode node)
{
	return node.test & 0xffff;
}

/* 0: a leaf */
static inline uint32_t
la_node_cut(ForestNode node)
{
	return node.test >> LA_TEST_CUT_SHIFT & 0xff;
}

/* The feature of an inner node, from 0. */
static inline uint32_t
la_node_feature(ForestNode node, uint32_t nfeatures)
{
	return la_node_slot(node) % nfeatures;
}

static inline bool
la_node_missing_left(ForestNode node, uint32_t nfeatures)
{
	return (la_node_slot(node) / nfeatures & LA_SLOT_MISSING_LEFT) != 0;
}

static inline bool
la_node_right_first(ForestNode node, uint32_t nfeatures)
{
	return (la_node_slot(node) / nfeatures & LA_SLOT_RIGHT_FIRST) != 0;
}

/* A row goes left up to this bin. */
static inline uint32_t
la_node_bin(ForestNode node, uint32_t nfeatures)
{
	uint32_t	cut = la_node_cut(node);

	return la_node_right_first(node, nfeatures) ? 255 - cut : cut - 1;
}

/* a class and its share of a mixed leaf; the shares of a leaf are a run */
typedef struct ForestShare
{
	double		share;
	uint32_t	cls;
	uint32_t	last;			/* whether it ends the run */
} ForestShare;

typedef struct Forest
{
	ForestHeader header;
	uint32_t	ntrees;			/* of all parts */
	uint64_t	nrows;			/* of all parts */
	ForestClass *classes;		/* labels point into the payload */
	ForestPart *parts;
	uint32_t   *first_tree;		/* per part, and one more */
	uint32_t   *first_node;		/* per tree, and one more: into nodes */
	ForestNode *nodes;
	double	   *values;			/* a number, or the share of the second of two classes */
	ForestShare *shares;		/* of more than two classes */
} Forest;

/* how many of each array element a payload holds */
typedef struct ForestShape
{
	uint32_t	nfeatures;
	uint32_t	nclasses;
	uint32_t	nparts;
	uint64_t	ntrees;
	uint64_t	npart_classes;	/* of all parts, and so on */
	uint64_t	nweights;
	uint64_t	npermuted;
	uint64_t	ncuts;
	uint64_t	nnodes;
	uint64_t	nvalues;
	uint64_t	nshares;
} ForestShape;

/* where the bytes of a part are, in a payload that la_forest_decode has taken */
typedef struct ForestSpan
{
	const uint8_t *bytes;
	size_t		size;
	size_t		class_map;		/* where its class map begins, in "bytes" */
	uint32_t	nclasses;
	uint32_t	ntrees;
} ForestSpan;

/* writing, in forest_write.c */
extern size_t la_forest_header_size(const ForestHeader *header, const ForestClass *classes);
extern void la_forest_write_header(ByteWriter *writer, const ForestHeader *header,
								   const ForestClass *classes);
extern size_t la_forest_part_size(const ForestHeader *header, const ForestPart *part);
extern void la_forest_write_part(ByteWriter *writer, const ForestHeader *header,
								 const ForestPart *part);
extern size_t la_forest_tree_size(const ForestHeader *header, const ForestTree *tree);
extern void la_forest_write_tree(ByteWriter *writer, const ForestHeader *header,
								 const ForestTree *tree);

/* reading, in forest_model.c */
extern int	la_forest_compare_labels(LabelType type, const ForestClass *a, const ForestClass *b);
extern LaResult la_forest_measure(const uint8_t *payload, size_t size, ForestShape *shape);
extern size_t la_forest_decoded_size(const ForestShape *shape);
extern LaResult la_forest_decode(const uint8_t *payload, size_t size,
								 const ForestShape *shape, void *memory, Forest **forest);
extern void la_forest_find_parts(const uint8_t *payload, size_t size, ForestSpan *spans);

/* use, in forest_use.c */
extern size_t la_forest_bins_size(const Forest *forest);
extern uint32_t la_forest_nresults(const Forest *forest);
extern void la_forest_predict(const Forest *forest, const double *features,
							  uint8_t *bins, double *result);
extern uint32_t la_forest_predict_class(const Forest *forest, const double *features,
										uint8_t *bins, double *scratch);
extern void la_forest_leaf(const Forest *forest, const ForestNode *leaf, double *result);
extern uint32_t la_forest_largest_tree(const Forest *forest);
extern uint32_t la_forest_depth(const Forest *forest, uint32_t *depth_scratch);

#endif							/* LA_FOREST_MODEL_H */
