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

/*
 * A node.  An inner node sends a row left, to "child", if the bin of its
 * feature is at most "bin", else right, to child + 1; a missing value goes
 * left if LA_NODE_MISSING_LEFT is set.  A leaf has feature LA_LEAF; "child" is
 * then its class, or with LA_NODE_MIXED where its class counts begin.
 */
typedef struct ForestNode
{
	uint16_t	feature;
	uint8_t		bin;
	uint8_t		flags;
	uint32_t	child;
} ForestNode;

#define LA_LEAF 0xffff
#define LA_NODE_MISSING_LEFT 0x01
#define LA_NODE_MIXED 0x02

/*
 * The class counts of a mixed leaf are a run: first how many classes and rows
 * there are, then every class with its rows, in the order of the classes.
 */
typedef struct ForestCount
{
	uint32_t	cls;
	uint32_t	nrows;
} ForestCount;

/* A tree as it was grown; children come after their parent. */
typedef struct ForestTree
{
	ForestNode *nodes;
	uint32_t	nnodes;
	ForestCount *counts;		/* the runs of all mixed leaves */
	uint32_t	ncounts;
} ForestTree;

typedef enum LabelType
{
	LA_LABEL_TEXT = 1,
	LA_LABEL_BIGINT = 2,
	LA_LABEL_BOOLEAN = 3
} LabelType;

/* a class: its label as text, and how many training rows it had */
typedef struct ForestClass
{
	const uint8_t *label;		/* not terminated */
	uint32_t	length;
	uint64_t	nrows;
} ForestClass;

/* what is told about a forest before its trees */
typedef struct ForestHeader
{
	LabelType	label_type;
	uint32_t	nfeatures;
	uint32_t	nclasses;
	uint32_t	ntrees;
	uint64_t	nrows;
	uint32_t	max_depth;		/* 0: no limit */
	uint32_t	min_leaf;
	uint32_t	mtry;
	uint32_t	bins;
	double		sample;
	int64_t		seed;
} ForestHeader;

/*
 * A class and its share of a leaf.  The first of a run has the number of
 * classes in "cls" and LA_RUN_START as share.
 */
typedef struct ForestShare
{
	double		share;
	uint32_t	cls;
} ForestShare;

#define LA_RUN_START (-1.0)

typedef struct Forest
{
	ForestHeader header;
	ForestClass *classes;		/* labels point into the payload */
	uint32_t   *first_cut;		/* per feature, and one more: into cuts */
	double	   *cuts;
	uint32_t   *first_node;		/* per tree, and one more: into nodes */
	ForestNode *nodes;			/* "child" counts over all trees */
	ForestShare *shares;
} Forest;

/* how many of each array element a payload holds */
typedef struct ForestShape
{
	uint32_t	nfeatures;
	uint32_t	nclasses;
	uint32_t	ntrees;
	uint64_t	ncuts;
	uint64_t	nnodes;
	uint64_t	nshares;
} ForestShape;

/* writing */
extern size_t la_forest_header_size(const ForestHeader *header, const ForestClass *classes,
									const uint32_t *first_cut);
extern size_t la_forest_tree_size(const ForestTree *tree);
extern void la_forest_write_header(ByteWriter *writer, const ForestHeader *header,
								   const ForestClass *classes,
								   const uint32_t *first_cut, const double *cuts);
extern void la_forest_write_tree(ByteWriter *writer, const ForestTree *tree);

/* reading */
extern LaResult la_forest_measure(const uint8_t *payload, size_t size, ForestShape *shape);
extern size_t la_forest_decoded_size(const ForestShape *shape);
extern LaResult la_forest_decode(const uint8_t *payload, size_t size,
								 const ForestShape *shape, void *memory, Forest **forest);

/* use */
extern void la_forest_bin_row(const Forest *forest, const double *features, uint8_t *bins);
extern void la_forest_predict(const Forest *forest, const uint8_t *bins, double *proba);
extern uint32_t la_forest_best_class(const Forest *forest, const double *proba);
extern uint32_t la_forest_depth(const Forest *forest, uint32_t *depth_scratch);

#endif							/* LA_FOREST_MODEL_H */
