/*
 * forest_split.h
 *		The best split of a node of a tree, from histograms over binned features.
 */
#ifndef LA_FOREST_SPLIT_H
#define LA_FOREST_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "binning.h"

#define LA_NBINS 256			/* LA_MAX_BINS and the missing bin */

/*
 * A tree grows over entries: a record that was drawn, with how often.  An
 * entry is a head of 32 bits (the weight above, the class in the lowest
 * label_bits), the number to predict if there are no classes, and the bins.
 */
typedef struct EntryLayout
{
	uint32_t	size;			/* a multiple of 8 */
	uint32_t	bins_at;		/* offset of the bins */
	int			label_bits;
} EntryLayout;

#define LA_ENTRY_NUMBER_AT 4	/* offset of the number to predict */

static inline uint32_t
la_entry_head(const uint8_t *entry)
{
	uint32_t	head;

	memcpy(&head, entry, sizeof(head));
	return head;
}

static inline double
la_entry_number(const uint8_t *entry)
{
	double		number;

	memcpy(&number, entry + LA_ENTRY_NUMBER_AT, sizeof(number));
	return number;
}

/* The rows of a node, and what is known of them. */
typedef struct SplitNode
{
	const uint8_t *entries;
	uint32_t	nentries;
	uint32_t	nrows;			/* counted as often as drawn */
	uint32_t	ones;			/* two classes: rows of class 1 */
	uint32_t	npresent;		/* more classes: of these, listed in class_list */
	double		origin;			/* numbers are taken from here */
	double		sum;			/* of the numbers, taken from the origin */
} SplitNode;

typedef struct Split
{
	double		gain;			/* decrease of impurity, in rows; negative: none found */
	uint32_t	feature;
	uint8_t		bin;			/* rows up to it go left */
	bool		missing_left;
	uint32_t	left_rows;
	uint32_t	left_ones;		/* two classes */
} Split;

/* What is the same for all nodes, and room to work in. */
typedef struct SplitFinder
{
	EntryLayout layout;
	uint32_t	nclasses;		/* 0: a number is predicted */
	uint32_t	min_leaf;
	bool		weighted;
	const double *class_weight; /* per class; all 1 unless weighted */

	uint64_t   *totals;			/* histograms, see forest_split.c */
	uint32_t   *heads;			/* of the entries of a node, by bin */
	uint32_t   *class_rows;		/* per class, of the node at hand */
	uint32_t   *class_moved;	/* per class, on a side of the split at hand */
	uint32_t   *class_list;		/* classes present in the node */
} SplitFinder;

/* so many features are looked at in one pass over the entries */
#define LA_SPLIT_BATCH 4

extern uint32_t la_split_histogram_size(uint32_t nclasses);
extern int	la_split_try(SplitFinder *finder, const SplitNode *node,
						 const uint32_t *features, int nfeatures, Split *best);

#endif							/* LA_FOREST_SPLIT_H */
