/*
 * forest_grow.c
 *		Growing one tree of a random forest, one node per call.
 *
 * A tree is grown on rows drawn with replacement; each node tries "mtry"
 * features drawn at random and takes the split with the largest gain
 * (forest_split.c).  As in scikit-learn the draw goes on while only constant
 * features were met.
 *
 * What was drawn lies in "node order": every node owns a range of entries, and
 * splitting partitions the range.  An entry holds all that is known of a row,
 * weight, label and bins, so that a node, however deep, is read in sequence.
 * Nodes are grown in preorder, which is the order of the bytes of a model.
 *
 * Source: Breiman, Random Forests, Machine Learning 45, 2001.
 */
#include "forest_grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest_split.h"
#include "prng.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define NO_PARENT UINT32_MAX

/* so many entries take a millisecond or so, with a few features */
#define LONG_NODE (UINT32_C(1) << 16)

/* a gain has the square of a number, times rows^4, or a weight^4 */
#define MAX_NUMBER_EXPONENT 400
#define MAX_WEIGHT_EXPONENT 200

/* a node to be grown */
typedef struct PendingNode
{
	uint32_t	begin;			/* range of entries */
	uint32_t	end;
	uint32_t	depth;
	uint32_t	parent;			/* of the child that is grown second; else NO_PARENT */
	uint32_t	nrows;
	uint32_t	ones;			/* two classes */
} PendingNode;

struct TreeGrower
{
	const ForestRows *rows;
	GrowOptions options;
	GrowMemory	more;
	Prng		prng;
	SplitFinder finder;

	uint8_t    *drawn;			/* per row as it came: how often */
	uint8_t    *entries;
	size_t		entries_size;	/* bytes there is room for, as in the others */
	size_t		heads_size;
	uint32_t   *features;		/* permuted by the draws */
	double	   *importance;
	double	   *class_weight;
	double		scale;			/* of the numbers in the entries, a power of two */

	PendingNode *pending;
	uint32_t	npending;
	size_t		pending_size;
	ForestTree	tree;
	size_t		nodes_size;
	size_t		counts_size;
	size_t		means_size;
};

/* --- memory ----------------------------------------------------------- */

/* Take an aligned piece off a block of memory; with NULL only measure. */
static void *
take(uint8_t *memory, size_t *used, size_t count, size_t size)
{
	void	   *piece = memory ? memory + *used : NULL;

	*used += (count * size + 15) & ~(size_t) 15;
	return piece;
}

static uint32_t
at_least_two(uint32_t nclasses)
{
	return nclasses < 2 ? 2 : nclasses;
}

static size_t
lay_out(TreeGrower *g, uint8_t *memory, const ForestRows *rows)
{
	SplitFinder *f = &g->finder;
	size_t		used = 0;
	size_t		nclasses = at_least_two(rows->nclasses);

	take(memory, &used, 1, sizeof(TreeGrower));
	g->drawn = take(memory, &used, rows->total, 1);
	g->features = take(memory, &used, rows->nfeatures, sizeof(uint32_t));
	g->importance = take(memory, &used, rows->nfeatures, sizeof(double));
	g->class_weight = take(memory, &used, nclasses, sizeof(double));
	f->totals = take(memory, &used, la_split_histogram_size(rows->nclasses), 1);
	f->class_rows = take(memory, &used, nclasses, sizeof(uint32_t));
	f->class_moved = take(memory, &used, nclasses, sizeof(uint32_t));
	f->class_list = take(memory, &used, nclasses, sizeof(uint32_t));
	return used;
}

/*
 * la_tree_grower_size
 *		Bytes of memory for la_tree_grower_init; more is asked for later.
 */
size_t
la_tree_grower_size(const ForestRows *rows)
{
	TreeGrower	unused;

	return lay_out(&unused, NULL, rows);
}

static EntryLayout
entry_layout(const ForestRows *rows)
{
	EntryLayout layout = {0, LA_ENTRY_NUMBER_AT, 0};

	if (rows->nclasses == 0)
		layout.bins_at += sizeof(double);
	else
		do
			layout.label_bits++;
		while ((uint64_t) 1 << layout.label_bits < rows->nclasses);
	layout.size = (layout.bins_at + rows->nfeatures + 7) & ~UINT32_C(7);
	return layout;
}

/*
 * A power of two that brings numbers, the largest of which is given, to the
 * size of 2^limit: products of them must not overflow, nor vanish.  It is 1 if
 * the largest is between 2^-limit and 2^limit, as it nearly always is.
 */
static double
scale_of(double largest, int limit)
{
	int			exponent;

	frexp(largest, &exponent);
	if (largest == 0 || (exponent > -limit && exponent <= limit))
		return 1;
	return ldexp(1, limit - exponent < 1000 ? limit - exponent : 1000);
}

static double
number_scale(const ForestRows *rows)
{
	double		largest = 0;

	for (uint32_t r = 0; r < rows->nrows; r++)
	{
		double		size = fabs(la_forest_row_number(rows, la_forest_row(rows, r)));

		largest = size > largest ? size : largest;
	}
	return scale_of(largest, MAX_NUMBER_EXPONENT);
}

/* All 1 if none are given; only their ratios count. */
static void
set_class_weights(TreeGrower *g, const double *given)
{
	uint32_t	nclasses = g->rows->nclasses;
	double		largest = 0;
	double		scale;

	for (uint32_t i = 0; given && i < nclasses; i++)
		largest = given[i] > largest ? given[i] : largest;
	scale = scale_of(largest, MAX_WEIGHT_EXPONENT);
	for (uint32_t i = 0; i < at_least_two(nclasses); i++)
		g->class_weight[i] = given && i < nclasses ? given[i] * scale : 1;
}

/*
 * la_tree_grower_init
 *		A grower in "memory", which is aligned as malloc aligns; "rows", and
 *		what "options" points to, must outlive it.
 */
TreeGrower *
la_tree_grower_init(void *memory, const ForestRows *rows, const GrowOptions *options,
					GrowMemory more)
{
	TreeGrower *g = memory;
	SplitFinder *f = &g->finder;

	memset(g, 0, sizeof(TreeGrower));
	lay_out(g, memory, rows);
	memset(f->class_rows, 0, at_least_two(rows->nclasses) * sizeof(*f->class_rows));

	g->rows = rows;
	g->options = *options;
	g->more = more;
	set_class_weights(g, options->class_weight);
	f->layout = entry_layout(rows);
	f->nclasses = rows->nclasses;
	f->min_leaf = options->min_leaf;
	f->weighted = options->class_weight != NULL;
	f->class_weight = g->class_weight;
	g->scale = rows->nclasses == 0 ? number_scale(rows) : 1;
	return g;
}

/* Make room for "count" elements, and for half as many again. */
static void *
make_room(TreeGrower *g, void *array, size_t *size, size_t count, size_t element)
{
	if (count * element <= *size)
		return array;
	*size = (count + count / 2 + 64) * element;
	return g->more.resize(g->more.context, array, *size);
}

/* --- starting a tree --------------------------------------------------- */

static inline void
count_draw(uint8_t *times)
{
	*times += *times != UINT8_MAX;
}

static void
draw_rows(TreeGrower *g)
{
	uint32_t	total = g->rows->total;
	double		wanted = g->options.sample * total + 0.5;
	uint32_t	ndraws = wanted < 1 ? 1 : (uint32_t) wanted;

	memset(g->drawn, 0, total);
	for (uint32_t i = 0; i < ndraws; i += 2)
	{
		uint32_t	row[2];

		la_prng_two_below(&g->prng, total, row);
		count_draw(&g->drawn[row[0]]);
		if (i + 1 < ndraws)
			count_draw(&g->drawn[row[1]]);
		if (i % LONG_NODE == 0)
			la_may_stop(g->more.may_stop);
	}
}

static uint32_t
weight_of(const TreeGrower *g, uint32_t record)
{
	uint32_t	end = la_forest_row_first(g->rows, record + 1);
	uint32_t	weight = 0;

	for (uint32_t i = la_forest_row_first(g->rows, record); i < end; i++)
		weight += g->drawn[i];
	return weight;
}

/* A record may be drawn more often than a head can say: it gets several entries. */
static uint32_t
max_weight(const TreeGrower *g)
{
	return UINT32_MAX >> g->finder.layout.label_bits;
}

static void
write_entry(const TreeGrower *g, uint8_t *entry, const uint8_t *record, uint32_t weight)
{
	const EntryLayout *layout = &g->finder.layout;
	uint32_t	head = weight;

	if (g->rows->nclasses > 0)
		head = weight << layout->label_bits | la_forest_row_class(g->rows, record);
	else
	{
		double		number = la_forest_row_number(g->rows, record) * g->scale;

		memcpy(entry + LA_ENTRY_NUMBER_AT, &number, sizeof(number));
	}
	memcpy(entry, &head, sizeof(head));
	memcpy(entry + layout->bins_at, record, g->rows->nfeatures);
}

/* Where entry n goes; there is no telling how many there will be. */
static uint8_t *
entry_place(TreeGrower *g, uint32_t n)
{
	uint32_t	size = g->finder.layout.size;

	if (((size_t) n + 1) * size > g->entries_size)
	{
		g->entries_size = ((size_t) n + n / 16 + 64) * size;
		g->entries = g->more.resize(g->more.context, g->entries, g->entries_size);
	}
	return g->entries + (size_t) n * size;
}

/* Write the entries of what was drawn, and make them the root. */
static void
gather_entries(TreeGrower *g)
{
	PendingNode root = {0, 0, 0, NO_PARENT, 0, 0};

	for (uint32_t r = 0; r < g->rows->nrows; r++)
	{
		const uint8_t *record = la_forest_row(g->rows, r);
		uint32_t	weight = weight_of(g, r);

		root.nrows += weight;
		if (g->rows->nclasses == 2)
			root.ones += weight * la_forest_row_class(g->rows, record);
		for (; weight > max_weight(g); weight -= max_weight(g))
			write_entry(g, entry_place(g, root.end++), record, max_weight(g));
		/* no branch: the next entry takes the place of one that was not drawn */
		write_entry(g, entry_place(g, root.end), record, weight);
		root.end += weight != 0;
	}
	if (g->rows->nclasses > 2)
		g->finder.heads = make_room(g, g->finder.heads, &g->heads_size, root.end, sizeof(uint32_t));
	g->pending[0] = root;
	g->npending = 1;
}

/*
 * la_tree_begin
 *		Draw the rows of a tree.  It depends on the seed and its number only,
 *		not on the trees grown before.
 */
void
la_tree_begin(TreeGrower *g, uint32_t tree)
{
	la_prng_seed(&g->prng, g->options.seed, tree);
	for (uint32_t i = 0; i < g->rows->nfeatures; i++)
	{
		g->features[i] = i;
		g->importance[i] = 0;
	}
	g->tree.nnodes = 0;
	g->tree.ncounts = 0;
	g->tree.nmeans = 0;
	g->pending = make_room(g, g->pending, &g->pending_size, 1, sizeof(PendingNode));
	draw_rows(g);
	gather_entries(g);
}

/*
 * la_tree_result
 *		The finished tree.
 */
const ForestTree *
la_tree_result(const TreeGrower *g)
{
	return &g->tree;
}

/*
 * la_tree_drawn
 *		Per row as it came, in canonical order: how often it was drawn.
 */
const uint8_t *
la_tree_drawn(const TreeGrower *g)
{
	return g->drawn;
}

/*
 * la_tree_importance
 *		Per feature: the gain of all splits on it.  If the largest number is
 *		beyond 1e120 or below 1e-120, numbers are scaled for that, the same in all
 *		trees of the rows; so are class weights beyond 1e60 or below 1e-60.
 */
const double *
la_tree_importance(const TreeGrower *g)
{
	return g->importance;
}

/* --- finding a split --------------------------------------------------- */

/* The next feature to try: a random one of those not tried in this node. */
static void
draw_feature(TreeGrower *g, uint32_t ntried)
{
	uint32_t	other = ntried + la_prng_below(&g->prng, g->rows->nfeatures - ntried);
	uint32_t	feature = g->features[other];

	g->features[other] = g->features[ntried];
	g->features[ntried] = feature;
}

/* The best split over mtry features, and more while all were constant. */
static Split
find_split(TreeGrower *g, const SplitNode *node)
{
	Split		best = {.gain = -1};
	uint32_t	nfeatures = g->rows->nfeatures;
	uint32_t	ntried = 0;
	int			nvarying = 0;

	while (ntried < nfeatures && (ntried < g->options.mtry || nvarying == 0))
	{
		uint32_t	wanted = ntried < g->options.mtry ? g->options.mtry - ntried : 1;
		int			batch = wanted < LA_SPLIT_BATCH ? (int) wanted : LA_SPLIT_BATCH;

		for (int i = 0; i < batch; i++)
			draw_feature(g, ntried + i);
		nvarying += la_split_try(&g->finder, node, g->features + ntried, batch, &best);
		ntried += batch;
		if (node->nentries >= LONG_NODE)
			la_may_stop(g->more.may_stop);
	}
	return best;
}

/* --- making nodes ------------------------------------------------------ */

typedef struct Words8
{
	uint64_t	w[1];
} Words8;

typedef struct Words16
{
	uint64_t	w[2];
} Words16;

typedef struct Words24
{
	uint64_t	w[3];
} Words24;

static inline bool
goes_left(uint8_t bin, const Split *split)
{
	/* a missing value, 255, becomes 0 where it goes left */
	return (uint8_t) (bin + split->missing_left) <= split->bin + split->missing_left;
}

/* No branch: every entry changes places with the first of the right side. */
#define PARTITION(Words) \
	do { \
		Words	   *all = (Words *) g->entries; \
		Words	   *left = all + node->begin; \
		for (Words *entry = left; entry < all + node->end; entry++) \
		{ \
			bool		is_left = goes_left(((uint8_t *) entry)[at], split); \
			Words		moved = *entry; \
			*entry = *left; \
			*left = moved; \
			left += is_left; \
		} \
		return (uint32_t) (left - all); \
	} while (0)

static uint32_t
partition_wide(TreeGrower *g, const PendingNode *node, const Split *split, size_t at)
{
	size_t		size = g->finder.layout.size;
	uint32_t	left = node->begin;

	for (uint32_t i = node->begin; i < node->end; i++)
	{
		uint64_t   *a = (uint64_t *) (g->entries + i * size);
		uint64_t   *b = (uint64_t *) (g->entries + left * size);

		if (!goes_left(((uint8_t *) a)[at], split))
			continue;
		if (a != b)
		{
			for (size_t word = 0; word < size / 8; word++)
			{
				uint64_t	moved = a[word];

				a[word] = b[word];
				b[word] = moved;
			}
		}
		left++;
	}
	return left;
}

/* Move the entries that go left to the front of the range; return the border. */
static uint32_t
partition(TreeGrower *g, const PendingNode *node, const Split *split)
{
	size_t		at = g->finder.layout.bins_at + split->feature;

	switch (g->finder.layout.size)
	{
		case 8:
			PARTITION(Words8);
		case 16:
			PARTITION(Words16);
		case 24:
			PARTITION(Words24);
		default:
			return partition_wide(g, node, split, at);
	}
}

static TreeNode *
add_node(TreeGrower *g, const PendingNode *pending)
{
	ForestTree *tree = &g->tree;

	tree->nodes = make_room(g, tree->nodes, &g->nodes_size, (size_t) tree->nnodes + 1, sizeof(TreeNode));
	if (pending->parent != NO_PARENT)
		tree->nodes[pending->parent].value = tree->nnodes - pending->parent;
	return &tree->nodes[tree->nnodes++];
}

/* Split the node; the child with more rows is the next to be grown. */
static void
make_inner(TreeGrower *g, const PendingNode *node, const Split *split)
{
	uint32_t	border = partition(g, node, split);
	uint32_t	self = g->tree.nnodes;
	PendingNode left = {
		node->begin, border, node->depth + 1, NO_PARENT, split->left_rows, split->left_ones
	};
	PendingNode right = {
		border, node->end, node->depth + 1, NO_PARENT,
		node->nrows - split->left_rows, node->ones - split->left_ones
	};
	bool		right_first = right.nrows > left.nrows;
	PendingNode *second = right_first ? &left : &right;

	*add_node(g, node) = (TreeNode) {
		(uint16_t) split->feature, split->bin,
		(split->missing_left ? LA_NODE_MISSING_LEFT : 0) | (right_first ? LA_NODE_RIGHT_FIRST : 0), 0
	};
	g->importance[split->feature] += split->gain;

	second->parent = self;
	g->pending = make_room(g, g->pending, &g->pending_size, (size_t) g->npending + 2, sizeof(PendingNode));
	g->pending[g->npending++] = *second;
	g->pending[g->npending++] = right_first ? right : left;
}

static void
make_pure_leaf(TreeGrower *g, const PendingNode *node, uint32_t cls)
{
	*add_node(g, node) = (TreeNode) {LA_LEAF, 0, 0, cls};
}

/* Begin a run of counts; the caller adds "nclasses" of them. */
static void
make_mixed_leaf(TreeGrower *g, const PendingNode *node, uint32_t nclasses)
{
	ForestTree *tree = &g->tree;

	*add_node(g, node) = (TreeNode) {LA_LEAF, 0, LA_NODE_MIXED, tree->ncounts};
	tree->counts = make_room(g, tree->counts, &g->counts_size,
							 (size_t) tree->ncounts + nclasses + 1, sizeof(ForestCount));
	tree->counts[tree->ncounts++] = (ForestCount) {nclasses, node->nrows};
}

static void
add_count(TreeGrower *g, uint32_t cls, uint32_t nrows)
{
	g->tree.counts[g->tree.ncounts++] = (ForestCount) {cls, nrows};
}

static bool
may_split(const TreeGrower *g, const PendingNode *node)
{
	return node->nrows >= 2 * (uint64_t) g->options.min_leaf &&
		(g->options.max_depth == 0 || node->depth < g->options.max_depth);
}

static SplitNode
split_node(const TreeGrower *g, const PendingNode *node)
{
	SplitNode	result = {0};

	result.entries = g->entries + (size_t) node->begin * g->finder.layout.size;
	result.nentries = node->end - node->begin;
	result.nrows = node->nrows;
	return result;
}

/* Whether the node could be split, and was. */
static bool
try_to_split(TreeGrower *g, const PendingNode *node, const SplitNode *rows)
{
	Split		split;

	if (!may_split(g, node))
		return false;
	split = find_split(g, rows);
	if (split.gain < 0)
		return false;
	make_inner(g, node, &split);
	return true;
}

static void
grow_binary(TreeGrower *g, const PendingNode *node)
{
	SplitNode	rows = split_node(g, node);

	rows.ones = node->ones;
	if (node->ones == 0 || node->ones == node->nrows)
		make_pure_leaf(g, node, node->ones != 0);
	else if (!try_to_split(g, node, &rows))
	{
		make_mixed_leaf(g, node, 2);
		add_count(g, 0, node->nrows - node->ones);
		add_count(g, 1, node->ones);
	}
}

/* List the classes of the node in order, and count their rows. */
static uint32_t
list_classes(TreeGrower *g, const SplitNode *rows)
{
	SplitFinder *f = &g->finder;
	const uint8_t *entry = rows->entries;
	uint32_t	mask = (UINT32_C(1) << f->layout.label_bits) - 1;
	uint32_t	n = 0;

	for (uint32_t i = 0; i < rows->nentries; i++, entry += f->layout.size)
	{
		uint32_t	head = la_entry_head(entry);

		if (f->class_rows[head & mask] == 0)
			f->class_list[n++] = head & mask;
		f->class_rows[head & mask] += head >> f->layout.label_bits;
	}
	return n;
}

static void
forget_classes(TreeGrower *g, uint32_t nclasses)
{
	for (uint32_t i = 0; i < nclasses; i++)
		g->finder.class_rows[g->finder.class_list[i]] = 0;
}

static int
compare_classes(const void *a, const void *b)
{
	uint32_t	left = *(const uint32_t *) a;
	uint32_t	right = *(const uint32_t *) b;

	return (left > right) - (left < right);
}

static void
make_class_leaf(TreeGrower *g, const PendingNode *node, uint32_t nclasses)
{
	uint32_t   *list = g->finder.class_list;

	qsort(list, nclasses, sizeof(*list), compare_classes);
	make_mixed_leaf(g, node, nclasses);
	for (uint32_t i = 0; i < nclasses; i++)
		add_count(g, list[i], g->finder.class_rows[list[i]]);
}

static void
grow_classes(TreeGrower *g, const PendingNode *node)
{
	SplitNode	rows = split_node(g, node);

	rows.npresent = list_classes(g, &rows);
	if (rows.npresent == 1)
		make_pure_leaf(g, node, g->finder.class_list[0]);
	else if (!try_to_split(g, node, &rows))
		make_class_leaf(g, node, rows.npresent);
	forget_classes(g, rows.npresent);
}

/*
 * Sum the numbers of a node, and find their range.  They are taken from one of
 * them, so that they do not cancel each other however far from 0 they are.
 */
static void
sum_numbers(const TreeGrower *g, SplitNode *rows, double *least, double *greatest)
{
	const uint8_t *entry = rows->entries;

	rows->origin = *least = *greatest = la_entry_number(entry);
	for (uint32_t i = 0; i < rows->nentries; i++, entry += g->finder.layout.size)
	{
		double		number = la_entry_number(entry);

		rows->sum += la_entry_head(entry) * (number - rows->origin);
		*least = number < *least ? number : *least;
		*greatest = number > *greatest ? number : *greatest;
	}
}

/* The mean, which rounding must not move out of the range of the numbers. */
static double
mean_number(const SplitNode *rows, double least, double greatest)
{
	double		mean = rows->origin + rows->sum / rows->nrows;

	if (mean < least)
		return least;
	return mean > greatest ? greatest : mean;
}

static void
make_number_leaf(TreeGrower *g, const PendingNode *node, double mean)
{
	ForestTree *tree = &g->tree;

	*add_node(g, node) = (TreeNode) {LA_LEAF, 0, 0, tree->nmeans};
	tree->means = make_room(g, tree->means, &g->means_size, (size_t) tree->nmeans + 1, sizeof(double));
	tree->means[tree->nmeans++] = mean / g->scale;
}

static void
grow_numbers(TreeGrower *g, const PendingNode *node)
{
	SplitNode	rows = split_node(g, node);
	double		least;
	double		greatest;

	sum_numbers(g, &rows, &least, &greatest);
	if (least == greatest)
		make_number_leaf(g, node, least);
	else if (!try_to_split(g, node, &rows))
		make_number_leaf(g, node, mean_number(&rows, least, greatest));
}

/*
 * la_tree_step
 *		Grow one node; false once the tree is finished.
 */
bool
la_tree_step(TreeGrower *g)
{
	PendingNode node;

	if (g->npending == 0)
		return false;
	node = g->pending[--g->npending];
	if (g->rows->nclasses == 0)
		grow_numbers(g, &node);
	else if (g->rows->nclasses <= 2)
		grow_binary(g, &node);
	else
		grow_classes(g, &node);
	return g->npending > 0;
}
