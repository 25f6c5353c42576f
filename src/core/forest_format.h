/*
 * forest_format.h
 *		The bytes of a forest, as far as forest_write.c and forest_model.c
 *		both have to know them; for these two only.
 *
 * docs/model_format.md describes them.
 */
#ifndef LA_FOREST_FORMAT_H
#define LA_FOREST_FORMAT_H

#include "forest_model.h"

/* flags of a part */
#define LA_PART_WEIGHTED 0x01
#define LA_PART_PERMUTED 0x02

/* with more features a node's code has two bytes */
#define LA_MAX_NARROW_FEATURES 63

/*
 * The code of a node: its feature, with the highest bit set if missing values
 * go left and the one below it if the right child comes first; or all bits set
 * for a leaf.
 */
#define LA_NARROW_LEAF 0xff
#define LA_NARROW_SHIFT 6
#define LA_WIDE_LEAF 0xffff
#define LA_WIDE_SHIFT 14

#define LA_CODE_RIGHT_FIRST 1
#define LA_CODE_MISSING_LEFT 2

/* the value of a leaf whose contents are the next of the leaf stream */
#define LA_NEXT_ENTRY 255

/* what stands before the streams of a tree */
typedef struct TreeCounts
{
	uint32_t	nnodes;
	uint32_t	nentries;		/* of the leaf stream */
	uint32_t	ncounts;		/* class counts in them */
	uint32_t	width;			/* bytes of a count, or of a number */
} TreeCounts;

static inline uint32_t
la_code_width(uint32_t nfeatures)
{
	return nfeatures <= LA_MAX_NARROW_FEATURES ? 1 : 2;
}

/* of a class in the leaf stream, or of a number of classes */
static inline uint32_t
la_class_width(uint32_t nclasses)
{
	return nclasses <= 255 ? 1 : 2;
}

/*
 * Bytes of the leaf stream.  Of two classes a mixed leaf has both, so their
 * counts are enough.
 */
static inline uint64_t
la_leaf_stream_size(const TreeCounts *tree, uint32_t nclasses)
{
	uint64_t	wide = la_class_width(nclasses);

	if (nclasses == 0)
		return (uint64_t) tree->nentries * sizeof(double);
	if (nclasses == 2)
		return (uint64_t) tree->ncounts * tree->width;
	return tree->nentries * wide + tree->ncounts * (wide + tree->width);
}

static inline uint64_t
la_streams_size(const TreeCounts *tree, uint32_t nfeatures, uint32_t nclasses)
{
	return (uint64_t) tree->nnodes * (la_code_width(nfeatures) + 1) + la_leaf_stream_size(tree, nclasses);
}

#endif							/* LA_FOREST_FORMAT_H */
