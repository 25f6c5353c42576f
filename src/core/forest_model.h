/*
 * forest_model.h
 *		A forest as flat arrays: its bytes, their validation, prediction.
 */
#ifndef LA_FOREST_MODEL_H
#define LA_FOREST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "byteio.h"
#include "result.h"

#define LA_FOREST_VERSION 1

#define LA_MAX_FEATURES 10000
#define LA_MAX_CLASSES 65535
#define LA_MAX_TREES 10000

/*
 * A node of a grown tree.  Nodes are in preorder: the left child of an inner
 * node is the next node, the right one is "value" nodes after it.  A row goes
 * left if the bin of its feature is at most "bin"; a missing value (bin 255)
 * goes left if LA_NODE_MISSING_LEFT is set.  A leaf has feature LA_LEAF; its
 * value is a class, with LA_NODE_MIXED where its class counts begin, and in a
 * tree that predicts a number an index into the means.
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
	double	   *permutation;	/* per feature, if permuted: loss of accuracy, or gain of squared error */
	double	   *std_error;		/* per feature, if permuted: its standard error */

	uint32_t   *first_cut;		/* per feature, and one more: into cuts */
	double	   *cuts;
} ForestPart;

#endif							/* LA_FOREST_MODEL_H */
