/*
 * forest_write.c
 *		Writing a forest as bytes.
 *
 * docs/model_format.md describes the bytes; forest_model.c reads them.  Equal
 * forests give equal bytes.  A forest is written from its beginning to its end:
 * the header, then each part and after it the trees of the part.  Before
 * anything is written, the caller asks how large it is, and makes room.
 */
#include "forest_format.h"

#include <math.h>

/* bytes of what has a fixed size */
#define HEADER_BYTES (1 + 4 + 4 + 4)
#define PART_BYTES (4 + 8 + 4 + 4 + 4 + 4 + 8 + 8 + 1 + 4 + 8 + 8 + 8)
#define TREE_BYTES (4 + 4 + 4 + 1)

/* a NaN, for a figure that is not known */
#define NOT_KNOWN UINT64_C(0x7ff8000000000000)

/* --- header and parts --------------------------------------------------- */

/*
 * la_forest_header_size
 *		Bytes that la_forest_write_header writes.
 */
size_t
la_forest_header_size(const ForestHeader *header, const ForestClass *classes)
{
	size_t		size = HEADER_BYTES;

	for (uint32_t i = 0; i < header->nclasses; i++)
		size += 4 + 8 + (size_t) classes[i].length;
	return size;
}

/*
 * la_forest_write_header
 *		Write what comes before the parts.
 */
void
la_forest_write_header(ByteWriter *writer, const ForestHeader *header, const ForestClass *classes)
{
	la_write_u8(writer, (uint8_t) header->label_type);
	la_write_u32(writer, header->nfeatures);
	la_write_u32(writer, header->nclasses);
	la_write_u32(writer, header->nparts);
	for (uint32_t i = 0; i < header->nclasses; i++)
	{
		la_write_u32(writer, classes[i].length);
		la_write_bytes(writer, classes[i].label, classes[i].length);
		la_write_u64(writer, classes[i].nrows);
	}
}

/*
 * la_forest_part_size
 *		Bytes that la_forest_write_part writes.
 */
size_t
la_forest_part_size(const ForestHeader *header, const ForestPart *part)
{
	size_t		nfeatures = header->nfeatures;
	size_t		size = PART_BYTES + (size_t) part->nclasses * 2;

	if (part->class_weight)
		size += (size_t) part->nclasses * 8;
	size += nfeatures * (part->permuted ? 24 : 8);
	return size + nfeatures * 2 + (size_t) part->first_cut[nfeatures] * 8;
}

static void
write_numbers(ByteWriter *writer, const double *numbers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		la_write_f64(writer, numbers[i]);
}

/* NaN, for what is not known, is the same bytes everywhere. */
static void
write_figures(ByteWriter *writer, const double *figures, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (isnan(figures[i]))
			la_write_u64(writer, NOT_KNOWN);
		else
			la_write_f64(writer, figures[i]);
	}
}

static void
write_cuts(ByteWriter *writer, const ForestPart *part, uint32_t nfeatures)
{
	for (uint32_t f = 0; f < nfeatures; f++)
	{
		uint32_t	first = part->first_cut[f];
		uint32_t	n = part->first_cut[f + 1] - first;

		la_write_u16(writer, (uint16_t) n);
		write_numbers(writer, part->cuts + first, n);
	}
}

/*
 * la_forest_write_part
 *		Write a part but for its trees, of which there follow part->ntrees.
 */
void
la_forest_write_part(ByteWriter *writer, const ForestHeader *header, const ForestPart *part)
{
	la_write_u32(writer, part->ntrees);
	la_write_u64(writer, part->nrows);
	la_write_u32(writer, part->max_depth);
	la_write_u32(writer, part->min_leaf);
	la_write_u32(writer, part->mtry);
	la_write_u32(writer, part->bins);
	la_write_f64(writer, part->sample);
	la_write_u64(writer, (uint64_t) part->seed);
	la_write_u8(writer, (part->class_weight ? LA_PART_WEIGHTED : 0) | (part->permuted ? LA_PART_PERMUTED : 0));
	la_write_u64(writer, part->oob_rows);
	la_write_f64(writer, part->oob_score);
	la_write_f64(writer, part->oob_loss);

	la_write_u32(writer, part->nclasses);
	for (uint32_t i = 0; i < part->nclasses; i++)
		la_write_u16(writer, part->classes[i]);
	if (part->class_weight)
		write_numbers(writer, part->class_weight, part->nclasses);
	write_numbers(writer, part->impurity, header->nfeatures);
	if (part->permuted)
	{
		write_figures(writer, part->permutation, header->nfeatures);
		write_figures(writer, part->std_error, header->nfeatures);
	}
	write_cuts(writer, part, header->nfeatures);
}

/* --- trees ---------------------------------------------------------------- */

/* A leaf of one class whose number fits into a byte needs no entry. */
static inline bool
has_entry(const TreeNode *leaf, uint32_t nclasses)
{
	return nclasses == 0 || (leaf->flags & LA_NODE_MIXED) || leaf->value >= LA_NEXT_ENTRY;
}

static TreeCounts
count_tree(const ForestTree *tree, uint32_t nclasses)
{
	TreeCounts	counts = {tree->nnodes, 0, 0, nclasses == 0 ? sizeof(double) : 1};

	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];
		const ForestCount *run;
		uint32_t	n;

		if (node->feature != LA_LEAF || !has_entry(node, nclasses))
			continue;
		counts.nentries++;
		if (nclasses == 0)
			continue;
		run = (node->flags & LA_NODE_MIXED) ? tree->counts + node->value : NULL;
		n = run ? run->cls : 1;
		counts.ncounts += n;
		for (uint32_t j = 1; run && j <= n; j++)
		{
			uint32_t	width = run[j].nrows <= 0xff ? 1 : run[j].nrows <= 0xffff ? 2 : 4;

			if (counts.width < width)
				counts.width = width;
		}
	}
	return counts;
}

/*
 * la_forest_tree_size
 *		Bytes that la_forest_write_tree writes.
 */
size_t
la_forest_tree_size(const ForestHeader *header, const ForestTree *tree)
{
	TreeCounts	counts = count_tree(tree, header->nclasses);

	return TREE_BYTES + (size_t) la_streams_size(&counts, header->nfeatures, header->nclasses);
}

static void
write_codes(ByteWriter *writer, const ForestTree *tree, uint32_t nfeatures)
{
	uint32_t	width = la_code_width(nfeatures);
	int			shift = width == 1 ? LA_NARROW_SHIFT : LA_WIDE_SHIFT;

	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];
		uint32_t	flags = (node->flags & LA_NODE_MISSING_LEFT ? LA_CODE_MISSING_LEFT : 0) |
			(node->flags & LA_NODE_RIGHT_FIRST ? LA_CODE_RIGHT_FIRST : 0);

		la_write_uint(writer, node->feature == LA_LEAF ? LA_WIDE_LEAF : node->feature | flags << shift,
					  (int) width);
	}
}

static void
write_values(ByteWriter *writer, const ForestTree *tree, uint32_t nclasses)
{
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];

		if (node->feature != LA_LEAF)
			la_write_u8(writer, node->bin);
		else
			la_write_u8(writer, has_entry(node, nclasses) ? LA_NEXT_ENTRY : (uint8_t) node->value);
	}
}

static void
write_run(ByteWriter *writer, const ForestCount *run, uint32_t nclasses, uint32_t width)
{
	int			wide = (int) la_class_width(nclasses);

	if (nclasses != 2)
		la_write_uint(writer, run->cls, wide);
	for (uint32_t i = 1; i <= run->cls; i++)
	{
		if (nclasses != 2)
			la_write_uint(writer, run[i].cls, wide);
		la_write_uint(writer, run[i].nrows, (int) width);
	}
}

static void
write_entries(ByteWriter *writer, const ForestTree *tree, uint32_t nclasses, uint32_t width)
{
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const TreeNode *node = &tree->nodes[i];

		if (node->feature != LA_LEAF || !has_entry(node, nclasses))
			continue;
		if (nclasses == 0)
			la_write_f64(writer, tree->means[node->value]);
		else if (node->flags & LA_NODE_MIXED)
			write_run(writer, tree->counts + node->value, nclasses, width);
		else
			write_run(writer, (ForestCount[]) {{1, 1}, {node->value, 1}}, nclasses, width);
	}
}

/*
 * la_forest_write_tree
 *		Write one tree.  Its bytes depend on the number of features and of the
 *		part's own classes only, so that a merge can copy them.
 */
void
la_forest_write_tree(ByteWriter *writer, const ForestHeader *header, const ForestTree *tree)
{
	TreeCounts	counts = count_tree(tree, header->nclasses);

	la_write_u32(writer, counts.nnodes);
	la_write_u32(writer, counts.nentries);
	la_write_u32(writer, counts.ncounts);
	la_write_u8(writer, (uint8_t) counts.width);
	write_codes(writer, tree, header->nfeatures);
	write_values(writer, tree, header->nclasses);
	write_entries(writer, tree, header->nclasses, counts.width);
}
