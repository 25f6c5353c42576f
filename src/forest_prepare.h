/*
 * forest_prepare.h
 *		From collected rows to binned ones.
 */
#ifndef LA_FOREST_PREPARE_H
#define LA_FOREST_PREPARE_H

#include "forest_build.h"
#include "rowstore.h"

/* a label as text */
typedef struct Label
{
	const char *text;			/* not terminated */
	uint32		length;
} Label;

/* rf_train's arguments beside the rows */
typedef struct TrainOptions
{
	uint32		trees;
	uint32		max_depth;		/* 0: no limit */
	uint32		min_leaf;
	uint32		mtry;
	uint32		bins;
	double		sample;
	int64		seed;
	bool		balanced;		/* all classes weigh the same */
	bool		permutation;	/* measure importance by permutation */
} TrainOptions;

/* what a forest is trained on */
typedef struct TrainingSet
{
	LabelType	label_type;
	int			nfeatures;
	TrainOptions options;
	Label	   *labels;			/* in the order of their first appearance */
	uint32		nlabels;
	RowStore   *rows;			/* the features, then the number of the label, or the target */
} TrainingSet;

extern void la_forest_prepare(const TrainingSet *set, ForestPlan *plan);

#endif							/* LA_FOREST_PREPARE_H */
