/*
 * forest_model.c
 *		A forest as flat arrays: its bytes, their validation, prediction.
 *
 * docs/model_format.md describes the bytes.  They come from a user, so nothing
 * in them is believed: la_forest_measure checks every count against the bytes
 * that remain before anything is allocated for it, la_forest_decode checks
 * what the numbers mean, and after that prediction needs no check.  Children
 * come after their parent, so every walk ends.
 */
#include "forest_model.h"

#include <math.h>

#include "binning.h"

/* bytes of the parts of a payload that have a fixed size */
#define FIXED_HEADER_BYTES (1 + 4 + 4 + 4 + 8 + 4 + 4 + 4 + 4 + 8 + 8)
#define NODE_BYTES 8
#define COUNT_BYTES 8

/* --- writing ----------------------------------------------------------- */

/*
 * la_forest_header_size
 *		Bytes that la_forest_write_header writes.
 */
size_t
la_forest_header_size(const ForestHeader *header, const ForestClass *classes,
					  const uint32_t *first_cut)
{
	size_t		size = FIXED_HEADER_BYTES;

	for (uint32_t i = 0; i < header->nclasses; i++)
		size += 4 + 8 + (size_t) classes[i].length;
	size += (size_t) header->nfeatures * 2;
	size += (size_t) first_cut[header->nfeatures] * 8;
	return size;
}

/*
 * la_forest_tree_size
 *		Bytes that la_forest_write_tree writes.
 */
size_t
la_forest_tree_size(const ForestTree *tree)
{
	return 4 + 4 + (size_t) tree->nnodes * NODE_BYTES + (size_t) tree->ncounts * COUNT_BYTES;
}

/*
 * la_forest_write_header
 *		Write all but the trees; the cuts of feature f are cuts[first_cut[f]]
 *		to cuts[first_cut[f + 1] - 1].
 */
void
la_forest_write_header(ByteWriter *writer, const ForestHeader *header,
					   const ForestClass *classes,
					   const uint32_t *first_cut, const double *cuts)
{
	la_write_u8(writer, (uint8_t) header->label_type);
	la_write_u32(writer, header->nfeatures);
	la_write_u32(writer, header->nclasses);
	la_write_u32(writer, header->ntrees);
	la_write_u64(writer, header->nrows);
	la_write_u32(writer, header->max_depth);
	la_write_u32(writer, header->min_leaf);
	la_write_u32(writer, header->mtry);
	la_write_u32(writer, header->bins);
	la_write_f64(writer, header->sample);
	la_write_u64(writer, (uint64_t) header->seed);

	for (uint32_t i = 0; i < header->nclasses; i++)
	{
		la_write_u32(writer, classes[i].length);
		la_write_bytes(writer, classes[i].label, classes[i].length);
		la_write_u64(writer, classes[i].nrows);
	}
	for (uint32_t f = 0; f < header->nfeatures; f++)
	{
		la_write_u16(writer, (uint16_t) (first_cut[f + 1] - first_cut[f]));
		for (uint32_t i = first_cut[f]; i < first_cut[f + 1]; i++)
			la_write_f64(writer, cuts[i]);
	}
}

/*
 * la_forest_write_tree
 *		Write one tree.
 */
void
la_forest_write_tree(ByteWriter *writer, const ForestTree *tree)
{
	la_write_u32(writer, tree->nnodes);
	la_write_u32(writer, tree->ncounts);
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const ForestNode *node = &tree->nodes[i];

		la_write_u16(writer, node->feature);
		la_write_u8(writer, node->bin);
		la_write_u8(writer, node->flags);
		la_write_u32(writer, node->child);
	}
	for (uint32_t i = 0; i < tree->ncounts; i++)
	{
		la_write_u32(writer, tree->counts[i].cls);
		la_write_u32(writer, tree->counts[i].nrows);
	}
}

/* --- reading ----------------------------------------------------------- */

static ForestHeader
read_fixed_header(ByteReader *reader)
{
	ForestHeader header;

	header.label_type = (LabelType) la_read_u8(reader);
	header.nfeatures = la_read_u32(reader);
	header.nclasses = la_read_u32(reader);
	header.ntrees = la_read_u32(reader);
	header.nrows = la_read_u64(reader);
	header.max_depth = la_read_u32(reader);
	header.min_leaf = la_read_u32(reader);
	header.mtry = la_read_u32(reader);
	header.bins = la_read_u32(reader);
	header.sample = la_read_f64(reader);
	header.seed = (int64_t) la_read_u64(reader);
	return header;
}

static bool
header_is_valid(const ForestHeader *header)
{
	return header->label_type >= LA_LABEL_TEXT && header->label_type <= LA_LABEL_BOOLEAN &&
		header->nfeatures >= 1 && header->nfeatures <= LA_MAX_FEATURES &&
		header->nclasses >= 1 && header->nclasses <= LA_MAX_CLASSES &&
		header->ntrees >= 1 && header->ntrees <= LA_MAX_TREES &&
		header->min_leaf >= 1 &&
		header->mtry >= 1 && header->mtry <= header->nfeatures &&
		header->bins >= 2 && header->bins <= LA_MAX_BINS &&
		header->sample > 0 && header->sample <= 1;
}

/*
 * la_forest_measure
 *		Check that a payload has the shape of a forest, to its last byte, and
 *		count its parts.  Allocates nothing; reads each length once.
 */
LaResult
la_forest_measure(const uint8_t *payload, size_t size, ForestShape *shape)
{
	ByteReader	reader = {payload, size, 0, false};
	ForestHeader header = read_fixed_header(&reader);

	if (reader.failed || !header_is_valid(&header))
		return LA_MALFORMED;

	*shape = (ForestShape) {header.nfeatures, header.nclasses, header.ntrees, 0, 0, 0};
	for (uint32_t i = 0; i < header.nclasses && !reader.failed; i++)
		la_read_bytes(&reader, (uint64_t) la_read_u32(&reader) + 8);
	for (uint32_t f = 0; f < header.nfeatures && !reader.failed; f++)
	{
		uint16_t	ncuts = la_read_u16(&reader);

		shape->ncuts += ncuts;
		la_read_bytes(&reader, (uint64_t) ncuts * 8);
	}
	for (uint32_t t = 0; t < header.ntrees && !reader.failed; t++)
	{
		uint64_t	nnodes = la_read_u32(&reader);
		uint64_t	ncounts = la_read_u32(&reader);

		shape->nnodes += nnodes;
		shape->nshares += ncounts;
		la_read_bytes(&reader, nnodes * NODE_BYTES + ncounts * COUNT_BYTES);
	}

	if (reader.failed || la_bytes_left(&reader) != 0 || shape->nnodes > UINT32_MAX ||
		shape->nshares > UINT32_MAX)
		return LA_MALFORMED;
	return LA_OK;
}

static size_t
lay_out(Forest *forest, uint8_t *memory, const ForestShape *shape)
{
	size_t		used = sizeof(Forest);

#define TAKE(field, count) \
	do { \
		used = (used + 15) & ~(size_t) 15; \
		if (memory) \
			forest->field = (void *) (memory + used); \
		used += (size_t) (count) * sizeof(*forest->field); \
	} while (0)

	TAKE(classes, shape->nclasses);
	TAKE(first_cut, shape->nfeatures + 1);
	TAKE(cuts, shape->ncuts);
	TAKE(first_node, shape->ntrees + 1);
	TAKE(nodes, shape->nnodes);
	TAKE(shares, shape->nshares);
#undef TAKE
	return used;
}

/*
 * la_forest_decoded_size
 *		Bytes of memory for la_forest_decode: at most about twice the payload.
 */
size_t
la_forest_decoded_size(const ForestShape *shape)
{
	return lay_out(NULL, NULL, shape);
}

static bool
decode_classes(ByteReader *reader, Forest *forest)
{
	for (uint32_t i = 0; i < forest->header.nclasses; i++)
	{
		ForestClass *cls = &forest->classes[i];

		cls->length = la_read_u32(reader);
		cls->label = la_read_bytes(reader, cls->length);
		cls->nrows = la_read_u64(reader);
	}
	return !reader->failed;
}

/* The cuts of each feature are finite and strictly increasing. */
static bool
decode_cuts(ByteReader *reader, Forest *forest)
{
	uint32_t	ncuts = 0;

	for (uint32_t f = 0; f < forest->header.nfeatures; f++)
	{
		uint32_t	end = ncuts + la_read_u16(reader);

		forest->first_cut[f] = ncuts;
		if (end - ncuts >= LA_MAX_BINS)
			return false;
		for (uint32_t first = ncuts; ncuts < end; ncuts++)
		{
			double		cut = la_read_f64(reader);

			if (!isfinite(cut) || (ncuts > first && cut <= forest->cuts[ncuts - 1]))
				return false;
			forest->cuts[ncuts] = cut;
		}
	}
	forest->first_cut[forest->header.nfeatures] = ncuts;
	return !reader->failed;
}

/*
 * A leaf is of a class that exists, or points to the start of a run of this
 * tree's shares.
 */
static bool
leaf_is_valid(const Forest *forest, ForestNode *leaf, uint32_t first_share, uint32_t end_share)
{
	if (leaf->flags == 0)
		return leaf->child < forest->header.nclasses;
	if (leaf->flags != LA_NODE_MIXED || leaf->child >= end_share - first_share)
		return false;
	leaf->child += first_share;
	return forest->shares[leaf->child].share == LA_RUN_START;
}

/*
 * An inner node tests a feature that exists, with a bin that a value can have,
 * and both its children are later nodes of this tree.
 */
static bool
inner_is_valid(const Forest *forest, ForestNode *node, uint32_t self,
			   uint32_t first_node, uint32_t end_node)
{
	uint32_t	nnodes = end_node - first_node;

	if (node->feature >= forest->header.nfeatures ||
		(node->flags & ~LA_NODE_MISSING_LEFT) != 0 ||
		node->bin > forest->first_cut[node->feature + 1] - forest->first_cut[node->feature])
		return false;
	if (nnodes < 2 || node->child >= nnodes - 1)
		return false;
	node->child += first_node;
	return node->child > self;
}

static bool
decode_nodes(ByteReader *reader, Forest *forest, uint32_t first, uint32_t end,
			 uint32_t first_share, uint32_t end_share)
{
	for (uint32_t i = first; i < end; i++)
	{
		ForestNode *node = &forest->nodes[i];

		node->feature = la_read_u16(reader);
		node->bin = la_read_u8(reader);
		node->flags = la_read_u8(reader);
		node->child = la_read_u32(reader);
		if (node->feature == LA_LEAF ?
			!leaf_is_valid(forest, node, first_share, end_share) :
			!inner_is_valid(forest, node, i, first, end))
			return false;
	}
	return true;
}

/* One run: classes in ascending order, whose rows add up to the run's. */
static bool
decode_run(ByteReader *reader, Forest *forest, uint32_t start, uint32_t end, uint32_t *next)
{
	uint32_t	nclasses = la_read_u32(reader);
	uint32_t	nrows = la_read_u32(reader);
	uint64_t	sum = 0;

	if (nclasses == 0 || nclasses >= end - start)
		return false;
	forest->shares[start] = (ForestShare) {LA_RUN_START, nclasses};
	for (uint32_t i = start + 1; i <= start + nclasses; i++)
	{
		ForestShare *share = &forest->shares[i];
		uint32_t	count;

		share->cls = la_read_u32(reader);
		count = la_read_u32(reader);
		share->share = (double) count / nrows;
		sum += count;
		if (count == 0 || share->cls >= forest->header.nclasses ||
			(i > start + 1 && share->cls <= share[-1].cls))
			return false;
	}
	*next = start + nclasses + 1;
	return sum == nrows;
}

static bool
decode_shares(ByteReader *reader, Forest *forest, uint32_t first, uint32_t end)
{
	while (first < end)
	{
		if (!decode_run(reader, forest, first, end, &first))
			return false;
	}
	return !reader->failed;
}

/*
 * A tree is written nodes first, but leaves are checked against the shares:
 * read those first, by a second reader.
 */
static bool
decode_trees(ByteReader *reader, Forest *forest)
{
	uint32_t	first_node = 0;
	uint32_t	first_share = 0;

	for (uint32_t t = 0; t < forest->header.ntrees; t++)
	{
		uint32_t	end_node = first_node + la_read_u32(reader);
		uint32_t	end_share = first_share + la_read_u32(reader);
		ByteReader	ahead = *reader;

		if (end_node == first_node)
			return false;
		forest->first_node[t] = first_node;
		la_read_bytes(&ahead, (uint64_t) (end_node - first_node) * NODE_BYTES);
		if (!decode_shares(&ahead, forest, first_share, end_share) ||
			!decode_nodes(reader, forest, first_node, end_node, first_share, end_share))
			return false;
		*reader = ahead;
		first_node = end_node;
		first_share = end_share;
	}
	forest->first_node[forest->header.ntrees] = first_node;
	return !reader->failed;
}

/*
 * la_forest_decode
 *		Decode and validate a payload that la_forest_measure found to be of
 *		"shape", into "memory" of la_forest_decoded_size bytes, aligned for a
 *		double.
 *
 * The labels of the classes point into the payload, which must live as long.
 */
LaResult
la_forest_decode(const uint8_t *payload, size_t size,
				 const ForestShape *shape, void *memory, Forest **forest)
{
	ByteReader	reader = {payload, size, 0, false};
	Forest	   *result = memory;

	lay_out(result, memory, shape);
	result->header = read_fixed_header(&reader);
	if (!decode_classes(&reader, result) ||
		!decode_cuts(&reader, result) ||
		!decode_trees(&reader, result))
		return LA_MALFORMED;
	*forest = result;
	return LA_OK;
}

/* --- use ---------------------------------------------------------------- */

/*
 * la_forest_bin_row
 *		The bins of a row of header.nfeatures values; NaN is missing.
 */
void
la_forest_bin_row(const Forest *forest, const double *features, uint8_t *bins)
{
	for (uint32_t f = 0; f < forest->header.nfeatures; f++)
	{
		uint32_t	first = forest->first_cut[f];

		bins[f] = la_bin_of(features[f], forest->cuts + first,
							(int) (forest->first_cut[f + 1] - first));
	}
}

static const ForestNode *
find_leaf(const Forest *forest, uint32_t tree, const uint8_t *bins)
{
	const ForestNode *node = &forest->nodes[forest->first_node[tree]];

	while (node->feature != LA_LEAF)
	{
		uint8_t		bin = bins[node->feature];
		bool		goes_left = bin == LA_MISSING_BIN ?
			(node->flags & LA_NODE_MISSING_LEFT) != 0 : bin <= node->bin;

		node = &forest->nodes[node->child + !goes_left];
	}
	return node;
}

/*
 * la_forest_predict
 *		Class probabilities of a binned row: the mean over the trees of the
 *		class shares of its leaf.  "proba" has header.nclasses elements.
 */
void
la_forest_predict(const Forest *forest, const uint8_t *bins, double *proba)
{
	uint32_t	ntrees = forest->header.ntrees;

	memset(proba, 0, forest->header.nclasses * sizeof(*proba));
	for (uint32_t t = 0; t < ntrees; t++)
	{
		const ForestNode *leaf = find_leaf(forest, t, bins);

		if (leaf->flags & LA_NODE_MIXED)
		{
			const ForestShare *run = &forest->shares[leaf->child];

			for (uint32_t i = 1; i <= run->cls; i++)
				proba[run[i].cls] += run[i].share;
		}
		else
			proba[leaf->child] += 1;
	}
	for (uint32_t c = 0; c < forest->header.nclasses; c++)
		proba[c] /= ntrees;
}

/*
 * la_forest_best_class
 *		The most probable class; of equals the first.
 */
uint32_t
la_forest_best_class(const Forest *forest, const double *proba)
{
	uint32_t	best = 0;

	for (uint32_t c = 1; c < forest->header.nclasses; c++)
	{
		if (proba[c] > proba[best])
			best = c;
	}
	return best;
}

/*
 * la_forest_depth
 *		Splits on the longest path of any tree; depth_scratch has room for
 *		every node of the forest.
 */
uint32_t
la_forest_depth(const Forest *forest, uint32_t *depth_scratch)
{
	uint32_t	nnodes = forest->first_node[forest->header.ntrees];
	uint32_t	deepest = 0;

	memset(depth_scratch, 0, nnodes * sizeof(*depth_scratch));
	for (uint32_t i = 0; i < nnodes; i++)
	{
		const ForestNode *node = &forest->nodes[i];
		uint32_t	below = depth_scratch[i] + 1;

		if (depth_scratch[i] > deepest)
			deepest = depth_scratch[i];
		if (node->feature == LA_LEAF)
			continue;
		/* in bytes not written by us a child may have several parents */
		for (uint32_t child = node->child; child <= node->child + 1; child++)
		{
			if (depth_scratch[child] < below)
				depth_scratch[child] = below;
		}
	}
	return deepest;
}
