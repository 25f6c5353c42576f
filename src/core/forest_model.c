/*
 * forest_model.c
 *		A forest as bytes: reading and validating them.
 *
 * docs/model_format.md describes the bytes, which forest_write.c writes.  They
 * come from a user, so nothing in them is believed: la_forest_measure checks
 * every count against the bytes that remain before anything is allocated for
 * it, la_forest_decode checks what the numbers mean, and after that prediction
 * needs no check.
 *
 * Trees are most of a forest, about two bytes a node.  Their nodes are in
 * preorder, so nothing need say where a left child is, and where a right one
 * is comes out of counting: link_nodes, which has no branch that could be
 * guessed wrong.
 */
#include "forest_model.h"

#include <float.h>
#include <math.h>

#include "binning.h"
#include "forest_format.h"

/* no class, value or share of a leaf has such a number */
#define NO_PAYLOAD UINT32_C(0x80000000)

/* A weight times a number of rows neither overflows nor vanishes. */
#define MIN_WEIGHT 1e-100
#define MAX_WEIGHT 1e100

/* --- measuring --------------------------------------------------------- */

static ForestHeader
read_header(ByteReader *reader)
{
	ForestHeader header;

	header.label_type = (LabelType) la_read_u8(reader);
	header.nfeatures = la_read_u32(reader);
	header.nclasses = la_read_u32(reader);
	header.nparts = la_read_u32(reader);
	return header;
}

static bool
header_is_valid(const ForestHeader *header)
{
	return header->label_type >= LA_LABEL_TEXT && header->label_type <= LA_LABEL_NUMBER &&
		header->nfeatures >= 1 && header->nfeatures <= LA_MAX_FEATURES &&
		header->nclasses <= LA_MAX_CLASSES &&
		(header->nclasses == 0) == (header->label_type == LA_LABEL_NUMBER) &&
		header->nparts >= 1 && header->nparts <= LA_MAX_TREES;
}

static void
skip_classes(ByteReader *reader, const ForestHeader *header)
{
	for (uint32_t i = 0; i < header->nclasses && !reader->failed; i++)
		la_read_bytes(reader, (uint64_t) la_read_u32(reader) + 8);
}

/* What a part has of fixed size. */
static ForestPart
read_part(ByteReader *reader, uint8_t *flags)
{
	ForestPart	part;

	memset(&part, 0, sizeof(part));
	part.ntrees = la_read_u32(reader);
	part.nrows = la_read_u64(reader);
	part.max_depth = la_read_u32(reader);
	part.min_leaf = la_read_u32(reader);
	part.mtry = la_read_u32(reader);
	part.bins = la_read_u32(reader);
	part.sample = la_read_f64(reader);
	part.seed = (int64_t) la_read_u64(reader);
	*flags = la_read_u8(reader);
	part.oob_rows = la_read_u64(reader);
	part.oob_score = la_read_f64(reader);
	part.oob_loss = la_read_f64(reader);
	part.nclasses = la_read_u32(reader);
	part.permuted = (*flags & LA_PART_PERMUTED) != 0;
	return part;
}

static bool
part_is_valid(const ForestHeader *header, const ForestPart *part, uint8_t flags)
{
	bool		has_oob = part->oob_rows > 0;

	return part->ntrees >= 1 && part->ntrees <= LA_MAX_TREES &&
		part->nrows >= 1 && part->nrows <= UINT32_MAX &&
		part->min_leaf >= 1 &&
		part->mtry >= 1 && part->mtry <= header->nfeatures &&
		part->bins >= 2 && part->bins <= LA_MAX_BINS &&
		part->sample > 0 && part->sample <= 1 &&
		(flags & ~(LA_PART_WEIGHTED | LA_PART_PERMUTED)) == 0 &&
		part->oob_rows <= part->nrows &&
		isfinite(part->oob_score) && isfinite(part->oob_loss) && part->oob_loss >= 0 &&
		(has_oob || (part->oob_score == 0 && part->oob_loss == 0)) &&
		part->nclasses <= header->nclasses &&
		(part->nclasses == 0) == (header->nclasses == 0);
}

static TreeCounts
read_tree_counts(ByteReader *reader)
{
	TreeCounts	tree;

	tree.nnodes = la_read_u32(reader);
	tree.nentries = la_read_u32(reader);
	tree.ncounts = la_read_u32(reader);
	tree.width = la_read_u8(reader);
	return tree;
}

/*
 * A tree has one leaf more than inner nodes.  Only leaves have entries, and
 * those count two classes or more, or one with a number above all bytes.
 */
static bool
tree_is_valid(const TreeCounts *tree, uint32_t nclasses)
{
	uint32_t	nleaves = tree->nnodes / 2 + 1;

	if (tree->nnodes % 2 == 0 || tree->nentries > nleaves)
		return false;
	if (nclasses == 0)
		return tree->width == sizeof(double) && tree->nentries == nleaves && tree->ncounts == 0;
	if (tree->width != 1 && tree->width != 2 && tree->width != 4)
		return false;
	if (nclasses <= 2)
		return tree->ncounts == (uint64_t) tree->nentries * 2 && (nclasses == 2 || tree->nentries == 0);
	return tree->ncounts >= tree->nentries;
}

static bool
measure_trees(ByteReader *reader, const ForestHeader *header, const ForestPart *part,
			  ForestShape *shape)
{
	for (uint32_t t = 0; t < part->ntrees; t++)
	{
		TreeCounts	tree = read_tree_counts(reader);

		if (reader->failed || !tree_is_valid(&tree, part->nclasses))
			return false;
		la_read_bytes(reader, la_streams_size(&tree, header->nfeatures, part->nclasses));
		shape->nnodes += tree.nnodes;
		if (header->nclasses <= 2)
			shape->nvalues += tree.nentries;
		else
			shape->nshares += tree.ncounts;
	}
	return !reader->failed;
}

static void
skip_part_arrays(ByteReader *reader, const ForestHeader *header, const ForestPart *part,
				 uint8_t flags, ForestShape *shape)
{
	uint32_t	nweights = flags & LA_PART_WEIGHTED ? part->nclasses : 0;

	la_read_bytes(reader, (uint64_t) part->nclasses * 2 + (uint64_t) nweights * 8);
	la_read_bytes(reader, (uint64_t) header->nfeatures * (part->permuted ? 24 : 8));
	for (uint32_t f = 0; f < header->nfeatures && !reader->failed; f++)
	{
		uint16_t	ncuts = la_read_u16(reader);

		shape->ncuts += ncuts;
		la_read_bytes(reader, (uint64_t) ncuts * 8);
	}
	shape->npart_classes += part->nclasses;
	shape->nweights += nweights;
	shape->npermuted += part->permuted;
}

static bool
measure_parts(ByteReader *reader, const ForestHeader *header, ForestShape *shape)
{
	for (uint32_t i = 0; i < header->nparts; i++)
	{
		uint8_t		flags;
		ForestPart	part = read_part(reader, &flags);

		if (reader->failed || !part_is_valid(header, &part, flags))
			return false;
		shape->ntrees += part.ntrees;
		skip_part_arrays(reader, header, &part, flags, shape);
		if (!measure_trees(reader, header, &part, shape))
			return false;
	}
	return true;
}

/*
 * la_forest_measure
 *		Check that a payload has the shape of a forest, to its last byte, and
 *		count what is in it.  Allocates nothing; reads each count once.
 */
LaResult
la_forest_measure(const uint8_t *payload, size_t size, ForestShape *shape)
{
	ByteReader	reader = {payload, size, 0, false};
	ForestHeader header = read_header(&reader);

	if (reader.failed || !header_is_valid(&header))
		return LA_MALFORMED;

	memset(shape, 0, sizeof(*shape));
	shape->nfeatures = header.nfeatures;
	shape->nclasses = header.nclasses;
	shape->nparts = header.nparts;
	shape->nnodes = 2;			/* first and last, see link_nodes */
	shape->nvalues = 2;			/* the shares of a leaf of one class */
	skip_classes(&reader, &header);

	if (!measure_parts(&reader, &header, shape) || la_bytes_left(&reader) != 0 ||
		shape->ntrees > LA_MAX_TREES || shape->nnodes > UINT32_MAX ||
		shape->nvalues >= NO_PAYLOAD || shape->nshares >= NO_PAYLOAD)
		return LA_MALFORMED;
	return LA_OK;
}

/* --- decoding ----------------------------------------------------------- */

/* what a code stands for: "test" of the node is base + step * value */
typedef struct Code
{
	uint32_t	base;
	uint32_t	step;
	int32_t		limit;			/* of the value; below 0: no such code */
	uint32_t	leaf;			/* all bits, or none */
} Code;

static const Code no_code = {0, 0, -1, 0};
static const Code leaf_code = {0, 0, LA_NEXT_ENTRY, UINT32_MAX};

typedef struct Decoder
{
	ByteReader	reader;
	Forest	   *forest;

	/* of the part at hand */
	const ForestPart *part;
	Code		codes[256];
	uint32_t	payloads[256];	/* by the value of a leaf */

	/* where the next one goes */
	uint16_t   *part_class;
	double	   *number;
	uint32_t   *first_cut;
	uint32_t	tree;
	uint32_t	node;
	uint32_t	value;
	uint32_t	share;
} Decoder;

/*
 * Lay out a forest in memory; with NULL only measure.  In 64 bits, for no
 * product of counts wraps around there.
 */
static uint64_t
lay_out(Decoder *decoder, uint8_t *memory, const ForestShape *shape)
{
	Forest	   *forest = (Forest *) memory;
	uint64_t	used = sizeof(Forest);
	uint64_t	nnumbers = shape->nweights + shape->ncuts +
		(uint64_t) shape->nfeatures * (shape->nparts + 2 * shape->npermuted);

#define TAKE(field, count) \
	do { \
		used = (used + 15) & ~(uint64_t) 15; \
		if (memory) \
			(field) = (void *) (memory + used); \
		used += (uint64_t) (count) * sizeof(*(field)); \
	} while (0)

	TAKE(forest->classes, shape->nclasses);
	TAKE(forest->parts, shape->nparts);
	TAKE(forest->first_tree, shape->nparts + 1);
	TAKE(forest->first_node, shape->ntrees + 1);
	TAKE(forest->nodes, shape->nnodes);
	TAKE(forest->values, shape->nvalues);
	TAKE(forest->shares, shape->nshares);
	TAKE(decoder->part_class, shape->npart_classes);
	TAKE(decoder->number, nnumbers);
	TAKE(decoder->first_cut, ((uint64_t) shape->nfeatures + 1) * shape->nparts);
#undef TAKE
	return used;
}

/*
 * la_forest_decoded_size
 *		Bytes of memory for la_forest_decode: at most about eight times the
 *		payload, four times for a large one.  SIZE_MAX if it has no such size.
 */
size_t
la_forest_decoded_size(const ForestShape *shape)
{
	Decoder		unused;
	uint64_t	size = lay_out(&unused, NULL, shape);

	return size > SIZE_MAX ? SIZE_MAX : (size_t) size;
}

/* --- classes -------------------------------------------------------------- */

static int
compare_bytes(const ForestClass *a, const ForestClass *b)
{
	uint32_t	length = a->length < b->length ? a->length : b->length;
	int			result = length > 0 ? memcmp(a->label, b->label, length) : 0;

	if (result != 0)
		return result;
	return (a->length > b->length) - (a->length < b->length);
}

/* decimal numbers: by sign, then by length, then digit by digit */
static int
compare_decimals(const ForestClass *a, const ForestClass *b)
{
	bool		a_negative = a->label[0] == '-';
	bool		b_negative = b->label[0] == '-';
	int			larger;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	if (a->length != b->length)
		larger = a->length > b->length ? 1 : -1;
	else
		larger = memcmp(a->label, b->label, a->length);
	return a_negative ? -larger : larger;
}

/*
 * la_forest_compare_labels
 *		The order of the classes of a forest: text by bytes, bigint by value,
 *		false before true.  Below, at or above 0, as memcmp.
 */
int
la_forest_compare_labels(LabelType type, const ForestClass *a, const ForestClass *b)
{
	return type == LA_LABEL_BIGINT ? compare_decimals(a, b) : compare_bytes(a, b);
}

/* A bigint as PostgreSQL prints it: no other text has its value. */
static bool
is_bigint(const ForestClass *cls)
{
	static const ForestClass smallest = {(const uint8_t *) "-9223372036854775808", 20, 0};
	static const ForestClass largest = {(const uint8_t *) "9223372036854775807", 19, 0};
	uint32_t	first = cls->length > 0 && cls->label[0] == '-';

	if (cls->length <= first || cls->length > 20)
		return false;
	for (uint32_t i = first; i < cls->length; i++)
	{
		if (cls->label[i] < '0' || cls->label[i] > '9')
			return false;
	}
	if (cls->label[first] == '0')
		return cls->length == 1;
	return compare_decimals(cls, &smallest) >= 0 && compare_decimals(cls, &largest) <= 0;
}

static bool
is_boolean(const ForestClass *cls)
{
	return (cls->length == 4 && memcmp(cls->label, "true", 4) == 0) ||
		(cls->length == 5 && memcmp(cls->label, "false", 5) == 0);
}

static bool
label_is_valid(LabelType type, const ForestClass *cls)
{
	return type == LA_LABEL_BIGINT ? is_bigint(cls) :
		type == LA_LABEL_BOOLEAN ? is_boolean(cls) : true;
}

static bool
decode_classes(Decoder *d)
{
	const ForestHeader *header = &d->forest->header;

	for (uint32_t i = 0; i < header->nclasses; i++)
	{
		ForestClass *cls = &d->forest->classes[i];

		cls->length = la_read_u32(&d->reader);
		cls->label = la_read_bytes(&d->reader, cls->length);
		cls->nrows = la_read_u64(&d->reader);
		if (d->reader.failed || !label_is_valid(header->label_type, cls) ||
			(i > 0 && la_forest_compare_labels(header->label_type, cls - 1, cls) >= 0))
			return false;
	}
	return true;
}

/* The rows of the classes are those of the parts. */
static bool
class_rows_add_up(const Forest *forest)
{
	uint64_t	left = forest->nrows;

	for (uint32_t i = 0; i < forest->header.nclasses; i++)
	{
		if (forest->classes[i].nrows > left)
			return false;
		left -= forest->classes[i].nrows;
	}
	return left == 0 || forest->header.nclasses == 0;
}

/* --- parts ------------------------------------------------------------------ */

/* Numbers from "min" to "max"; a NaN is not. */
static bool
decode_numbers(Decoder *d, double **numbers, uint32_t n, double min, double max)
{
	*numbers = d->number;
	d->number += n;
	for (uint32_t i = 0; i < n; i++)
	{
		double		number = la_read_f64(&d->reader);

		if (!(number >= min && number <= max))
			return false;
		(*numbers)[i] = number;
	}
	return true;
}

/* As decode_numbers, but a figure may be not known. */
static bool
decode_figures(Decoder *d, double **figures, uint32_t n, double min)
{
	*figures = d->number;
	d->number += n;
	for (uint32_t i = 0; i < n; i++)
	{
		double		figure = la_read_f64(&d->reader);

		if (figure < min || isinf(figure))
			return false;
		(*figures)[i] = figure;
	}
	return true;
}

/* The cuts of each feature are finite and strictly increasing. */
static bool
decode_cuts(Decoder *d, ForestPart *part)
{
	uint32_t	nfeatures = d->forest->header.nfeatures;

	part->first_cut = d->first_cut;
	part->cuts = d->number;
	part->first_cut[0] = 0;
	for (uint32_t f = 0; f < nfeatures; f++)
	{
		uint32_t	n = la_read_u16(&d->reader);
		double	   *cuts;

		if (n >= part->bins || !decode_numbers(d, &cuts, n, -DBL_MAX, DBL_MAX))
			return false;
		for (uint32_t i = 1; i < n; i++)
		{
			if (cuts[i] <= cuts[i - 1])
				return false;
		}
		part->first_cut[f + 1] = part->first_cut[f] + n;
	}
	d->first_cut += nfeatures + 1;
	return true;
}

/* The classes of a part are ascending numbers of classes of the forest. */
static bool
decode_class_map(Decoder *d, ForestPart *part)
{
	part->classes = d->part_class;
	d->part_class += part->nclasses;
	for (uint32_t i = 0; i < part->nclasses; i++)
	{
		part->classes[i] = la_read_u16(&d->reader);
		if (part->classes[i] >= d->forest->header.nclasses ||
			(i > 0 && part->classes[i] <= part->classes[i - 1]))
			return false;
	}
	return true;
}

static bool
decode_part(Decoder *d, ForestPart *part)
{
	uint32_t	nfeatures = d->forest->header.nfeatures;
	uint8_t		flags;

	*part = read_part(&d->reader, &flags);
	if (!decode_class_map(d, part))
		return false;
	if ((flags & LA_PART_WEIGHTED) &&
		!decode_numbers(d, &part->class_weight, part->nclasses, MIN_WEIGHT, MAX_WEIGHT))
		return false;
	if (!decode_numbers(d, &part->impurity, nfeatures, 0, DBL_MAX))
		return false;
	if (part->permuted &&
		(!decode_figures(d, &part->permutation, nfeatures, -DBL_MAX) ||
		 !decode_figures(d, &part->std_error, nfeatures, 0)))
		return false;
	return decode_cuts(d, part);
}

/* The code of an inner node. */
static inline Code
make_code(const ForestPart *part, uint32_t nfeatures, uint32_t feature, uint32_t flags)
{
	uint32_t	step = UINT32_C(1) << LA_TEST_CUT_SHIFT;
	uint32_t	slot = feature;
	int32_t		limit = (int32_t) (part->first_cut[feature + 1] - part->first_cut[feature]);

	if (flags & LA_CODE_MISSING_LEFT)
		slot += LA_SLOT_MISSING_LEFT * nfeatures;
	if (!(flags & LA_CODE_RIGHT_FIRST))
		return (Code) {slot + step, step, limit, 0};
	slot += LA_SLOT_RIGHT_FIRST * nfeatures;
	return (Code) {slot + 255 * step, -step, limit, 0};
}

/* What the codes and the values of a leaf mean in this part. */
static void
prepare_tables(Decoder *d, const ForestPart *part)
{
	uint32_t	nfeatures = d->forest->header.nfeatures;

	d->part = part;
	for (uint32_t code = 0; code < 256; code++)
		d->codes[code] = no_code;
	for (uint32_t f = 0; f < nfeatures && nfeatures <= LA_MAX_NARROW_FEATURES; f++)
	{
		for (uint32_t flags = 0; flags < 4; flags++)
			d->codes[f | flags << LA_NARROW_SHIFT] = make_code(part, nfeatures, f, flags);
	}
	d->codes[LA_NARROW_LEAF] = leaf_code;

	for (uint32_t value = 0; value < LA_NEXT_ENTRY; value++)
		d->payloads[value] = value < part->nclasses ? part->classes[value] : NO_PAYLOAD;
	d->payloads[LA_NEXT_ENTRY] = 0;
}

/* --- trees ------------------------------------------------------------------- */

static inline uint32_t
load_uint(const uint8_t *bytes, uint32_t width)
{
	uint32_t	value = bytes[0];

	for (uint32_t i = 1; i < width; i++)
		value |= (uint32_t) bytes[i] << (8 * i);
	return value;
}

/* The code of a node, if they are of two bytes. */
static inline Code
read_wide_code(const Decoder *d, const uint8_t *codes, uint32_t i)
{
	uint32_t	code = load_uint(codes + 2 * (size_t) i, 2);
	uint32_t	feature = code & ((1 << LA_WIDE_SHIFT) - 1);

	if (code == LA_WIDE_LEAF)
		return leaf_code;
	if (feature >= d->forest->header.nfeatures)
		return no_code;
	return make_code(d->part, d->forest->header.nfeatures, feature, code >> LA_WIDE_SHIFT);
}

/* a tree whose nodes are being linked */
typedef struct Linker
{
	ForestNode *nodes;			/* of all trees */
	uint32_t	self;			/* the next node */
	uint32_t	end;
	uint32_t	open;			/* subtrees still to come */
	uint32_t	entry;			/* the number of the next entry of the leaf stream */
	uint32_t	bad;			/* the highest bit is set if anything is */
} Linker;

/*
 * Make a walkable node.
 *
 * The first child of an inner node is the next node.  Until its subtree is
 * read the inner node waits for its second child, which then is the next one:
 * after a leaf, that of the last one waiting.  "open" is one more than nodes
 * wait.  A tree is whole if that becomes 0 at its last node and not before; and
 * as each takes a node at least, it never exceeds the nodes left.  So the stack
 * of those that wait has room in the nodes not yet read, from their end; below
 * its bottom is a 0.
 *
 * Which nodes are leaves cannot be guessed, so nothing branches on it: for an
 * inner node it is node 0, which is of no tree, that gets a second child.  Most
 * errors are remembered, and told at the end.
 */
static inline bool
link_node(Linker *l, Code code, uint32_t value, const uint32_t *payloads)
{
	uint32_t	has_entry = code.leaf & -(uint32_t) (value == LA_NEXT_ENTRY);
	uint32_t	payload = (payloads[value] | (l->entry & has_entry)) & code.leaf;
	uint32_t	waiting;

	if (l->open - 1 >= l->end - l->self)
		return false;
	l->bad |= payload | (uint32_t) (code.limit - (int32_t) value);

	l->nodes[l->end - l->open].jump = l->self;
	waiting = l->nodes[l->end + 1 - l->open].jump & code.leaf;
	l->nodes[waiting].jump = l->self + 1 - waiting;
	l->nodes[l->self] = (ForestNode) {
		(code.base + code.step * value) | (has_entry & LA_TEST_MIXED), payload
	};
	l->entry -= has_entry;
	l->open += 1 + 2 * code.leaf;
	l->self++;
	return true;
}

/*
 * Make walkable nodes of the streams of a tree, from d->node on.
 *
 * The contents of entry e of the leaf stream are given the number
 * first_entry + e; returns whether there are exactly as many as told.
 */
static bool
link_nodes(const Decoder *d, const uint8_t *codes, const uint8_t *values,
		   const TreeCounts *tree, uint32_t first_entry)
{
	Linker		l = {d->forest->nodes, d->node, d->node + tree->nnodes, 1, first_entry, 0};
	uint32_t	i;

	l.nodes[l.end].jump = 0;
	if (la_code_width(d->forest->header.nfeatures) == 1)
	{
		for (i = 0; i < tree->nnodes; i++)
		{
			if (!link_node(&l, d->codes[codes[i]], values[i], d->payloads))
				return false;
		}
	}
	else
	{
		for (i = 0; i < tree->nnodes; i++)
		{
			if (!link_node(&l, read_wide_code(d, codes, i), values[i], d->payloads))
				return false;
		}
	}
	return l.open == 0 && l.bad < NO_PAYLOAD && l.entry - first_entry == tree->nentries;
}

/* The numbers of the leaves of a regression tree. */
static bool
decode_means(Decoder *d, const uint8_t *stream, uint32_t n)
{
	ByteReader	reader = {stream, (size_t) n * 8, 0, false};

	for (uint32_t i = 0; i < n; i++)
	{
		double		mean = la_read_f64(&reader);

		if (!(fabs(mean) <= LA_MAX_TARGET))
			return false;
		d->forest->values[d->value++] = mean;
	}
	return true;
}

/* Of each mixed leaf the share of the second of two classes. */
static bool
decode_pairs(Decoder *d, const uint8_t *stream, const TreeCounts *tree)
{
	const double *weight = d->part->class_weight;

	for (uint32_t i = 0; i < tree->nentries; i++, stream += 2 * tree->width)
	{
		uint32_t	first = load_uint(stream, tree->width);
		uint32_t	second = load_uint(stream + tree->width, tree->width);
		double		a = weight ? weight[0] * first : first;
		double		b = weight ? weight[1] * second : second;

		if (first == 0 || second == 0)
			return false;
		d->forest->values[d->value++] = b / (a + b);
	}
	return true;
}

/*
 * One run of class counts, as shares: classes ascending, none without rows.
 * Returns where the next run begins, or NULL.
 */
static const uint8_t *
decode_run(Decoder *d, const uint8_t *stream, const TreeCounts *tree, uint32_t end)
{
	const ForestPart *part = d->part;
	uint32_t	narrow = part->nclasses == 2 ? 0 : la_class_width(part->nclasses);
	uint32_t	n = narrow == 0 ? 2 : load_uint(stream, narrow);
	ForestShare *run = d->forest->shares + d->share;
	double		sum = 0;
	uint32_t	previous = 0;

	if (n == 0 || n > end - d->share)
		return NULL;
	stream += narrow;
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	cls = narrow == 0 ? i : load_uint(stream, narrow);
		uint32_t	count = load_uint(stream + narrow, tree->width);

		if (count == 0 || cls >= part->nclasses || (i > 0 && cls <= previous))
			return NULL;
		previous = cls;
		run[i].cls = part->classes[cls];
		run[i].share = part->class_weight ? part->class_weight[cls] * count : count;
		run[i].last = i == n - 1;
		sum += run[i].share;
		stream += narrow + tree->width;
	}
	if (n == 1 && previous < LA_NEXT_ENTRY)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		run[i].share /= sum;
	d->share += n;
	return stream;
}

/* Give each mixed leaf its shares, which are in the order of the leaves. */
static bool
decode_runs(Decoder *d, const uint8_t *stream, const TreeCounts *tree)
{
	ForestNode *node = d->forest->nodes + d->node;
	uint32_t	end = d->share + tree->ncounts;

	for (uint32_t i = 0; tree->nentries > 0 && i < tree->nnodes; i++)
	{
		if (!(node[i].test & LA_TEST_MIXED))
			continue;
		node[i].jump = d->share;
		stream = decode_run(d, stream, tree, end);
		if (stream == NULL)
			return false;
	}
	return d->share == end;
}

static bool
decode_tree(Decoder *d)
{
	uint32_t	nfeatures = d->forest->header.nfeatures;
	TreeCounts	tree = read_tree_counts(&d->reader);
	const uint8_t *codes = la_read_bytes(&d->reader, (uint64_t) tree.nnodes * la_code_width(nfeatures));
	const uint8_t *values = la_read_bytes(&d->reader, tree.nnodes);
	const uint8_t *stream = la_read_bytes(&d->reader, la_leaf_stream_size(&tree, d->part->nclasses));
	bool		valid;

	if (!link_nodes(d, codes, values, &tree, d->value))
		return false;
	if (d->forest->header.nclasses > 2)
		valid = decode_runs(d, stream, &tree);
	else if (d->part->nclasses == 0)
		valid = decode_means(d, stream, tree.nentries);
	else
		valid = decode_pairs(d, stream, &tree);

	d->forest->first_node[d->tree++] = d->node;
	d->node += tree.nnodes;
	return valid;
}

static bool
decode_parts(Decoder *d)
{
	Forest	   *forest = d->forest;

	for (uint32_t i = 0; i < forest->header.nparts; i++)
	{
		ForestPart *part = &forest->parts[i];

		forest->first_tree[i] = d->tree;
		if (!decode_part(d, part))
			return false;
		forest->nrows += part->nrows;
		prepare_tables(d, part);
		for (uint32_t t = 0; t < part->ntrees; t++)
		{
			if (!decode_tree(d))
				return false;
		}
	}
	forest->ntrees = d->tree;
	forest->first_tree[forest->header.nparts] = d->tree;
	forest->first_node[d->tree] = d->node;
	return class_rows_add_up(forest);
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
	Decoder		d;

	memset(&d, 0, sizeof(d));
	d.reader = (ByteReader) {payload, size, 0, false};
	d.forest = memory;
	memset(d.forest, 0, sizeof(Forest));
	lay_out(&d, memory, shape);
	d.node = 1;					/* node 0 is of no tree, see link_nodes */
	d.forest->nodes[0] = (ForestNode) {0, 0};
	d.value = 2;				/* the leaves of one class, see ForestNode */
	d.forest->values[0] = 0;
	d.forest->values[1] = 1;

	d.forest->header = read_header(&d.reader);
	if (!decode_classes(&d) || !decode_parts(&d))
		return LA_MALFORMED;
	*forest = d.forest;
	return LA_OK;
}

/*
 * la_forest_find_parts
 *		Where each part of a payload is that la_forest_decode has taken;
 *		"spans" has room for all of them.
 */
void
la_forest_find_parts(const uint8_t *payload, size_t size, ForestSpan *spans)
{
	ByteReader	reader = {payload, size, 0, false};
	ForestHeader header = read_header(&reader);
	ForestShape unused = {0};

	skip_classes(&reader, &header);
	for (uint32_t i = 0; i < header.nparts; i++)
	{
		size_t		begin = reader.pos;
		uint8_t		flags;
		ForestPart	part = read_part(&reader, &flags);
		size_t		class_map = reader.pos - begin;

		skip_part_arrays(&reader, &header, &part, flags, &unused);
		measure_trees(&reader, &header, &part, &unused);
		spans[i] = (ForestSpan) {payload + begin, reader.pos - begin, class_map, part.nclasses, part.ntrees};
	}
}
