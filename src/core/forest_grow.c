/*
 * forest_grow.c
 *		Growing one classification tree of a random forest, one node per call.
 *
 * A tree is grown on rows drawn with replacement; each node tries "mtry"
 * features drawn at random and takes the split with the least Gini impurity.
 * As in scikit-learn the draw goes on while only constant features were met.
 * Features are binned, so a split is found by counting: classes per bin, then
 * one walk over the bins.  Rows with a missing value are tried on both sides.
 *
 * Rows live in "node order": every node owns a range of positions, and
 * splitting partitions the range.  Next to the row number a position holds its
 * class and how often the row was drawn, packed in 64 bits, so that counting
 * reads memory in sequence but for the bins.  With two classes the packing is
 * such that adding packed values adds both class counts at once.
 *
 * Sums of squared counts are exact integers and everything else is done in a
 * fixed order: equal input gives equal trees on every machine.
 *
 * Sources: Breiman, Random Forests, Machine Learning 45, 2001; Ke et al.,
 * LightGBM, NIPS 2017 (histograms).
 */
#include "forest_grow.h"

#include <stdlib.h>
#include <string.h>

#include "binning.h"

#define NBINS 256				/* LA_MAX_BINS and the missing bin */
#define SMALL_NODE 256			/* below, counters are cleared bin by bin */

/* the smaller child is split first, so this many wait at most */
#define MAX_PENDING 64

typedef struct PendingNode
{
	uint32_t	node;
	uint32_t	begin;			/* range of positions */
	uint32_t	end;
	uint32_t	depth;
} PendingNode;

typedef struct Split
{
	double		score;			/* larger is purer; 0: none found */
	uint32_t	feature;
	uint8_t		bin;
	bool		missing_left;
} Split;

/* one side of a split: rows, and the sum of squared class counts */
typedef struct Side
{
	uint64_t	rows;
	uint64_t	squares;
} Side;

struct TreeGrower
{
	const ForestRows *rows;
	GrowOptions options;
	Prng		prng;

	uint32_t	nactive;		/* distinct rows drawn */
	uint32_t   *drawn;			/* per distinct row: how often */
	uint32_t   *row;			/* per position, as is packed */
	uint64_t   *packed;
	uint32_t   *row_scratch;
	uint64_t   *packed_scratch;

	uint32_t   *features;		/* permuted by the draws */
	uint64_t   *bin_total;		/* per bin; two classes: packed, else rows */
	uint32_t   *bin_entries;	/* per bin: positions (more than two classes) */
	uint64_t	touched[NBINS / 64];	/* which bins are not empty */
	uint32_t   *class_rows;		/* per class, of the node at hand */
	uint32_t   *class_left;		/* per class, left of the split at hand */
	uint32_t   *class_list;		/* classes present in the node */

	PendingNode pending[MAX_PENDING];
	int			npending;
	ForestTree	tree;
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

static size_t
lay_out(TreeGrower *g, uint8_t *memory, const ForestRows *rows)
{
	size_t		used = 0;
	size_t		n = rows->nrows;

	take(memory, &used, 1, sizeof(TreeGrower));
	g->drawn = take(memory, &used, n, sizeof(uint32_t));
	g->row = take(memory, &used, n, sizeof(uint32_t));
	g->row_scratch = take(memory, &used, n, sizeof(uint32_t));
	g->packed = take(memory, &used, n, sizeof(uint64_t));
	g->packed_scratch = take(memory, &used, n, sizeof(uint64_t));
	g->features = take(memory, &used, rows->nfeatures, sizeof(uint32_t));
	g->bin_total = take(memory, &used, NBINS, sizeof(uint64_t));
	g->bin_entries = take(memory, &used, NBINS, sizeof(uint32_t));
	g->class_rows = take(memory, &used, rows->nclasses, sizeof(uint32_t));
	g->class_left = take(memory, &used, rows->nclasses, sizeof(uint32_t));
	g->class_list = take(memory, &used, rows->nclasses, sizeof(uint32_t));

	/* a leaf per row at most; a mixed leaf has two rows and a run at most 3/2 of them */
	g->tree.nodes = take(memory, &used, 2 * n + 1, sizeof(ForestNode));
	g->tree.counts = take(memory, &used, 2 * n + 1, sizeof(ForestCount));
	return used;
}

/*
 * la_tree_grower_size
 *		Bytes of memory for la_tree_grower_init.
 *
 * No overflow: the rows are held in memory already, in a similar number of
 * bytes, and there are less than 2^32 of them.
 */
size_t
la_tree_grower_size(const ForestRows *rows)
{
	TreeGrower	unused;

	return lay_out(&unused, NULL, rows);
}

/*
 * la_tree_grower_init
 *		A grower in "memory", which is aligned as malloc aligns; "rows" must outlive it.
 */
TreeGrower *
la_tree_grower_init(void *memory, const ForestRows *rows, const GrowOptions *options)
{
	TreeGrower *g = memory;

	memset(g, 0, sizeof(TreeGrower));
	lay_out(g, memory, rows);
	g->rows = rows;
	g->options = *options;
	memset(g->bin_total, 0, NBINS * sizeof(*g->bin_total));
	memset(g->bin_entries, 0, NBINS * sizeof(*g->bin_entries));
	memset(g->class_rows, 0, rows->nclasses * sizeof(*g->class_rows));
	memset(g->class_left, 0, rows->nclasses * sizeof(*g->class_left));
	return g;
}

/* --- packing ----------------------------------------------------------- */

static inline bool
is_binary(const TreeGrower *g)
{
	return g->rows->nclasses <= 2;
}

/*
 * Two classes: rows in the low half, rows of class 1 in the high half.
 * More: rows in the low half, the class in the high half.
 */
static inline uint64_t
pack(const TreeGrower *g, uint32_t drawn, uint16_t label)
{
	if (is_binary(g))
		return (uint64_t) drawn | (label ? (uint64_t) drawn << 32 : 0);
	return (uint64_t) drawn | ((uint64_t) label << 32);
}

static inline uint32_t
packed_rows(uint64_t packed)
{
	return (uint32_t) packed;
}

static inline uint32_t
packed_class(uint64_t packed)
{
	return (uint32_t) (packed >> 32);
}

/* rows and squared class counts of packed two-class counts */
static inline Side
binary_side(uint64_t packed)
{
	uint64_t	rows = (uint32_t) packed;
	uint64_t	ones = packed >> 32;
	uint64_t	zeros = rows - ones;

	return (Side) {rows, ones * ones + zeros * zeros};
}

/* --- starting a tree --------------------------------------------------- */

static void
draw_rows(TreeGrower *g)
{
	const ForestRows *rows = g->rows;
	double		wanted = g->options.sample * rows->total + 0.5;
	uint32_t	ndraws = wanted < 1 ? 1 : (uint32_t) wanted;

	memset(g->drawn, 0, rows->nrows * sizeof(*g->drawn));
	for (uint32_t i = 0; i < ndraws; i++)
		g->drawn[rows->row_of[la_prng_below(&g->prng, rows->total)]]++;

	g->nactive = 0;
	for (uint32_t row = 0; row < rows->nrows; row++)
	{
		if (g->drawn[row] == 0)
			continue;
		g->row[g->nactive] = row;
		g->packed[g->nactive] = pack(g, g->drawn[row], rows->label[row]);
		g->nactive++;
	}
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
	for (uint32_t f = 0; f < g->rows->nfeatures; f++)
		g->features[f] = f;
	draw_rows(g);

	g->tree.nnodes = 1;
	g->tree.ncounts = 0;
	g->pending[0] = (PendingNode) {0, 0, g->nactive, 0};
	g->npending = 1;
}

/*
 * la_tree_result
 *		The finished tree, valid until the next la_tree_begin.
 */
const ForestTree *
la_tree_result(const TreeGrower *g)
{
	return &g->tree;
}

/* --- finding a split --------------------------------------------------- */

static inline const uint8_t *
bins_of(const TreeGrower *g, uint32_t feature)
{
	return g->rows->bins + (size_t) feature * g->rows->nrows;
}

/*
 * Remember the split if it is purer than the best so far.  Its score is
 * n_left * sum(p_left^2) + n_right * sum(p_right^2).  Among equals the one
 * met first stays: features are drawn at random, and favouring the lower
 * index would make the trees alike.
 */
static inline bool
consider(const TreeGrower *g, Split *best, Side left, Side right)
{
	double		score;

	if (left.rows < g->options.min_leaf || right.rows < g->options.min_leaf)
		return false;
	score = (double) left.squares / (double) left.rows +
		(double) right.squares / (double) right.rows;
	if (score <= best->score)
		return false;
	best->score = score;
	return true;
}

static inline bool
next_touched(const TreeGrower *g, int *bin)
{
	int			word = ++*bin / 64;
	uint64_t	bits;

	if (*bin >= LA_MISSING_BIN)
		return false;
	bits = g->touched[word] >> (*bin % 64) << (*bin % 64);
	while (bits == 0)
	{
		if (++word == NBINS / 64)
			return false;
		bits = g->touched[word];
	}
	*bin = word * 64 + __builtin_ctzll(bits);
	return *bin < LA_MISSING_BIN;
}

static inline void
touch(TreeGrower *g, uint8_t bin)
{
	g->touched[bin / 64] |= UINT64_C(1) << (bin % 64);
}

static inline bool
is_touched(const TreeGrower *g, int bin)
{
	return (g->touched[bin / 64] >> (bin % 64)) & 1;
}

/*
 * The cut between two neighbouring bins of the node: in the middle of the
 * empty bins between them, where rows not drawn may fall.
 */
static inline uint8_t
cut_bin(int left, int right)
{
	return (uint8_t) (left + (right - left - 1) / 2);
}

static bool
has_one_bin(const TreeGrower *g)
{
	int			n = 0;

	for (int word = 0; word < NBINS / 64; word++)
		n += __builtin_popcountll(g->touched[word]);
	return n <= 1;
}

static void
clear_bins(TreeGrower *g)
{
	for (int word = 0; word < NBINS / 64; word++)
	{
		for (uint64_t bits = g->touched[word]; bits != 0; bits &= bits - 1)
		{
			int			bin = word * 64 + __builtin_ctzll(bits);

			g->bin_total[bin] = 0;
			g->bin_entries[bin] = 0;
		}
		g->touched[word] = 0;
	}
}

static void
count_binary(TreeGrower *g, const PendingNode *node, const uint8_t *bins)
{
	uint64_t   *total = g->bin_total;

	if (node->end - node->begin < SMALL_NODE)
	{
		for (uint32_t i = node->begin; i < node->end; i++)
		{
			uint8_t		bin = bins[g->row[i]];

			total[bin] += g->packed[i];
			touch(g, bin);
		}
		return;
	}

	for (uint32_t i = node->begin; i < node->end; i++)
		total[bins[g->row[i]]] += g->packed[i];
	for (int bin = 0; bin < NBINS; bin++)
	{
		if (total[bin] != 0)
			touch(g, (uint8_t) bin);
	}
}

/* Try all cuts of one feature, with the missing rows on one side. */
static void
walk_binary(TreeGrower *g, uint32_t feature, uint64_t all, uint64_t missing,
			bool missing_left, Split *best)
{
	uint64_t	left = missing_left ? missing : 0;
	int			bin = -1;
	int			next;

	if (!next_touched(g, &bin))
		return;
	for (next = bin; next_touched(g, &next); bin = next)
	{
		Side		l;
		Side		r;

		left += g->bin_total[bin];
		l = binary_side(left);
		r = binary_side(all - left);
		if (consider(g, best, l, r))
		{
			best->feature = feature;
			best->bin = cut_bin(bin, next);
			best->missing_left = missing != 0 ? missing_left : l.rows >= r.rows;
		}
	}

	/* all values left, what is missing right */
	left += g->bin_total[bin];
	if (missing != 0 && !missing_left &&
		consider(g, best, binary_side(left), binary_side(missing)))
	{
		best->feature = feature;
		best->bin = (uint8_t) bin;
		best->missing_left = false;
	}
}

static uint64_t
sum_packed(const TreeGrower *g, const PendingNode *node)
{
	uint64_t	sum = 0;

	for (uint32_t i = node->begin; i < node->end; i++)
		sum += g->packed[i];
	return sum;
}

/* Look for a better split on one feature; false if it is constant here. */
static bool
try_binary(TreeGrower *g, const PendingNode *node, uint64_t all, uint32_t feature, Split *best)
{
	uint64_t	missing;
	bool		varies;

	count_binary(g, node, bins_of(g, feature));
	varies = !has_one_bin(g);
	if (varies)
	{
		missing = g->bin_total[LA_MISSING_BIN];
		walk_binary(g, feature, all, missing, false, best);
		if (missing != 0)
			walk_binary(g, feature, all, missing, true, best);
	}
	clear_bins(g);
	return varies;
}

/*
 * More than two classes: sort the rows of the node by bin (a counting sort
 * into the scratch arrays), then move them from right to left one by one.
 * The cost depends on the rows alone, not on the number of classes.
 *
 * On return the rows of bin b end at position bin_total[b] of packed_scratch
 * and are bin_entries[b] in number.
 */
static void
sort_by_bin(TreeGrower *g, const PendingNode *node, const uint8_t *bins)
{
	uint64_t	position = 0;

	for (uint32_t i = node->begin; i < node->end; i++)
	{
		uint8_t		bin = bins[g->row[i]];

		g->bin_entries[bin]++;
		touch(g, bin);
	}
	for (int word = 0; word < NBINS / 64; word++)
	{
		for (uint64_t bits = g->touched[word]; bits != 0; bits &= bits - 1)
		{
			int			bin = word * 64 + __builtin_ctzll(bits);

			g->bin_total[bin] = position;
			position += g->bin_entries[bin];
		}
	}
	for (uint32_t i = node->begin; i < node->end; i++)
		g->packed_scratch[g->bin_total[bins[g->row[i]]]++] = g->packed[i];
}

/* Move the rows of one bin from the right side to the left. */
static void
move_bin_left(TreeGrower *g, int bin, Side *left, Side *right)
{
	const uint64_t *packed = g->packed_scratch + g->bin_total[bin] - g->bin_entries[bin];

	for (uint32_t i = 0; i < g->bin_entries[bin]; i++)
	{
		uint64_t	rows = packed_rows(packed[i]);
		uint32_t	cls = packed_class(packed[i]);
		uint64_t	on_left = g->class_left[cls];
		uint64_t	on_right = g->class_rows[cls] - on_left;

		left->rows += rows;
		right->rows -= rows;
		left->squares += rows * (2 * on_left + rows);
		right->squares -= rows * (2 * on_right - rows);
		g->class_left[cls] = (uint32_t) (on_left + rows);
	}
}

/* As walk_binary, for any number of classes. */
static void
walk_classes(TreeGrower *g, uint32_t feature, Side all, bool missing_left,
			 uint32_t nclasses, Split *best)
{
	Side		left = {0, 0};
	Side		right = all;
	bool		missing = is_touched(g, LA_MISSING_BIN);
	int			bin = -1;
	int			next;

	for (uint32_t i = 0; i < nclasses; i++)
		g->class_left[g->class_list[i]] = 0;
	if (missing_left)
		move_bin_left(g, LA_MISSING_BIN, &left, &right);

	if (!next_touched(g, &bin))
		return;
	for (next = bin; next_touched(g, &next); bin = next)
	{
		move_bin_left(g, bin, &left, &right);
		if (consider(g, best, left, right))
		{
			best->feature = feature;
			best->bin = cut_bin(bin, next);
			best->missing_left = missing ? missing_left : left.rows >= right.rows;
		}
	}

	if (missing && !missing_left)
	{
		move_bin_left(g, bin, &left, &right);
		if (consider(g, best, left, right))
		{
			best->feature = feature;
			best->bin = (uint8_t) bin;
			best->missing_left = false;
		}
	}
}

static bool
try_classes(TreeGrower *g, const PendingNode *node, Side all, uint32_t nclasses,
			uint32_t feature, Split *best)
{
	bool		varies;

	sort_by_bin(g, node, bins_of(g, feature));
	varies = !has_one_bin(g);
	if (varies)
	{
		walk_classes(g, feature, all, false, nclasses, best);
		if (is_touched(g, LA_MISSING_BIN))
			walk_classes(g, feature, all, true, nclasses, best);
	}
	clear_bins(g);
	return varies;
}

/* List the classes of the node and count their rows; undone by forget_classes. */
static uint32_t
list_classes(TreeGrower *g, const PendingNode *node, Side *all)
{
	uint32_t	n = 0;

	*all = (Side) {0, 0};
	for (uint32_t i = node->begin; i < node->end; i++)
	{
		uint32_t	cls = packed_class(g->packed[i]);

		if (g->class_rows[cls] == 0)
			g->class_list[n++] = cls;
		g->class_rows[cls] += packed_rows(g->packed[i]);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		uint64_t	rows = g->class_rows[g->class_list[i]];

		all->rows += rows;
		all->squares += rows * rows;
	}
	return n;
}

static void
forget_classes(TreeGrower *g, uint32_t nclasses)
{
	for (uint32_t i = 0; i < nclasses; i++)
		g->class_rows[g->class_list[i]] = 0;
}

/* The next feature to try: a random one of those not tried in this node. */
static uint32_t
draw_feature(TreeGrower *g, uint32_t ntried)
{
	uint32_t	other = ntried + la_prng_below(&g->prng, g->rows->nfeatures - ntried);
	uint32_t	feature = g->features[other];

	g->features[other] = g->features[ntried];
	g->features[ntried] = feature;
	return feature;
}

/* The best split over mtry features, and more while all were constant. */
static Split
find_split(TreeGrower *g, const PendingNode *node, Side all, uint64_t binary_all,
		   uint32_t nclasses)
{
	Split		best = {0, 0, 0, false};
	uint32_t	nconstant = 0;

	for (uint32_t ntried = 0; ntried < g->rows->nfeatures; ntried++)
	{
		uint32_t	feature;
		bool		varies;

		if (ntried >= g->options.mtry && nconstant < ntried)
			break;
		feature = draw_feature(g, ntried);
		if (is_binary(g))
			varies = try_binary(g, node, binary_all, feature, &best);
		else
			varies = try_classes(g, node, all, nclasses, feature, &best);
		nconstant += !varies;
	}
	return best;
}

/* --- making nodes ------------------------------------------------------ */

/* Move the rows that go left to the front of the range; return the border. */
static uint32_t
partition(TreeGrower *g, const PendingNode *node, const Split *split)
{
	const uint8_t *bins = bins_of(g, split->feature);
	uint32_t	left = node->begin;
	uint32_t	right = 0;

	for (uint32_t i = node->begin; i < node->end; i++)
	{
		uint32_t	row = g->row[i];
		uint64_t	packed = g->packed[i];
		uint8_t		bin = bins[row];
		bool		goes_left = bin == LA_MISSING_BIN ? split->missing_left : bin <= split->bin;

		/* no branch: write to both sides, advance one */
		g->row[left] = row;
		g->packed[left] = packed;
		g->row_scratch[right] = row;
		g->packed_scratch[right] = packed;
		left += goes_left;
		right += !goes_left;
	}
	memcpy(g->row + left, g->row_scratch, right * sizeof(*g->row));
	memcpy(g->packed + left, g->packed_scratch, right * sizeof(*g->packed));
	return left;
}

static int
compare_classes(const void *a, const void *b)
{
	uint32_t	left = *(const uint32_t *) a;
	uint32_t	right = *(const uint32_t *) b;

	return (left > right) - (left < right);
}

static void
add_count(TreeGrower *g, uint32_t cls, uint32_t nrows)
{
	g->tree.counts[g->tree.ncounts++] = (ForestCount) {cls, nrows};
}

static void
make_pure_leaf(TreeGrower *g, const PendingNode *node, uint32_t cls)
{
	g->tree.nodes[node->node] = (ForestNode) {LA_LEAF, 0, 0, cls};
}

static void
begin_mixed_leaf(TreeGrower *g, const PendingNode *node, uint32_t nclasses, uint64_t rows)
{
	g->tree.nodes[node->node] = (ForestNode) {LA_LEAF, 0, LA_NODE_MIXED, g->tree.ncounts};
	add_count(g, nclasses, (uint32_t) rows);
}

static void
make_leaf(TreeGrower *g, const PendingNode *node, Side all, uint32_t nclasses)
{
	if (nclasses == 1)
	{
		make_pure_leaf(g, node, g->class_list[0]);
		return;
	}
	qsort(g->class_list, nclasses, sizeof(*g->class_list), compare_classes);
	begin_mixed_leaf(g, node, nclasses, all.rows);
	for (uint32_t i = 0; i < nclasses; i++)
		add_count(g, g->class_list[i], g->class_rows[g->class_list[i]]);
}

static void
make_binary_leaf(TreeGrower *g, const PendingNode *node, uint64_t all)
{
	uint32_t	rows = packed_rows(all);
	uint32_t	ones = packed_class(all);

	if (ones == 0 || ones == rows)
	{
		make_pure_leaf(g, node, ones != 0);
		return;
	}
	begin_mixed_leaf(g, node, 2, rows);
	add_count(g, 0, rows - ones);
	add_count(g, 1, ones);
}

/* Split the node and put its children on the list, the smaller one on top. */
static void
make_inner(TreeGrower *g, const PendingNode *node, const Split *split)
{
	uint32_t	border = partition(g, node, split);
	uint32_t	child = g->tree.nnodes;
	PendingNode left = {child, node->begin, border, node->depth + 1};
	PendingNode right = {child + 1, border, node->end, node->depth + 1};
	bool		left_smaller = border - node->begin < node->end - border;

	g->tree.nodes[node->node] = (ForestNode) {
		(uint16_t) split->feature, split->bin,
		split->missing_left ? LA_NODE_MISSING_LEFT : 0, child
	};
	g->tree.nnodes += 2;
	g->pending[g->npending++] = left_smaller ? right : left;
	g->pending[g->npending++] = left_smaller ? left : right;
}

static bool
may_split(const TreeGrower *g, const PendingNode *node, uint64_t rows, bool pure)
{
	return !pure && rows >= 2 * (uint64_t) g->options.min_leaf &&
		(g->options.max_depth == 0 || node->depth < g->options.max_depth);
}

static void
grow_binary(TreeGrower *g, const PendingNode *node)
{
	uint64_t	all = sum_packed(g, node);
	uint32_t	rows = packed_rows(all);
	uint32_t	ones = packed_class(all);
	Split		split = {0, 0, 0, false};

	if (may_split(g, node, rows, ones == 0 || ones == rows))
		split = find_split(g, node, (Side) {0, 0}, all, 0);
	if (split.score > 0)
		make_inner(g, node, &split);
	else
		make_binary_leaf(g, node, all);
}

static void
grow_classes(TreeGrower *g, const PendingNode *node)
{
	Side		all;
	uint32_t	nclasses = list_classes(g, node, &all);
	Split		split = {0, 0, 0, false};

	if (may_split(g, node, all.rows, nclasses == 1))
		split = find_split(g, node, all, 0, nclasses);
	if (split.score > 0)
		make_inner(g, node, &split);
	else
		make_leaf(g, node, all, nclasses);
	forget_classes(g, nclasses);
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
	if (is_binary(g))
		grow_binary(g, &node);
	else
		grow_classes(g, &node);
	return g->npending > 0;
}
