/*
 * forest_split.c
 *		The best split of a node of a tree, from histograms over binned features.
 *
 * One pass over the entries of a node counts them by bin, for several features
 * at once; then the bins that are not empty are walked from left to right.
 * Rows with a missing value are tried on both sides.  The gain of a split is
 * the decrease of impurity times the rows: of Gini impurity for classes, of
 * squared error for numbers.  With n rows, of them n_l on the left,
 *
 *		gain = c (s_l n - n_l s)^2 / (n n_l n_r)
 *
 * where s is the sum of the numbers (c = 1), or counts the rows of class 1 of
 * two (c = 2).  For more classes it is sum(l_k^2) / n_l + sum(r_k^2) / n_r -
 * sum(t_k^2) / n.
 *
 * Everything is done in an order that the entries alone decide: equal input
 * gives equal splits on every machine.
 *
 * Sources: Breiman et al., Classification and Regression Trees, 1984; Ke et
 * al., LightGBM, NIPS 2017 (histograms).
 */
#include "forest_split.h"

#include <string.h>

/* below so many entries a feature is sorted instead of counted */
#define FEW_ENTRIES 32

/* with more classes, or fewer entries per class, rows are moved one by one */
#define MAX_TABLE_CLASSES 32
#define MIN_TABLE_ENTRIES 64

#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * A bin that is not empty: the rows of class 0 below, of class 1 above, as
 * they are counted; of numbers all rows below, and their sum.
 */
typedef struct Cell
{
	uint64_t	total;
	double		sum;
	uint8_t		bin;
} Cell;

typedef struct NumberBin
{
	double		sum;
	uint64_t	rows;
} NumberBin;

/*
 * la_split_histogram_size
 *		Bytes of memory for SplitFinder.totals.
 */
uint32_t
la_split_histogram_size(uint32_t nclasses)
{
	uint32_t	table = nclasses <= MAX_TABLE_CLASSES ? nclasses * sizeof(uint32_t) : 0;

	if (nclasses == 0)
		return LA_SPLIT_BATCH * LA_NBINS * sizeof(NumberBin);
	return LA_NBINS * (table > LA_SPLIT_BATCH * 8 ? table : LA_SPLIT_BATCH * 8);
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

/* --- few entries --------------------------------------------------------- */

/*
 * Sort the entries of a small node by the bin of a feature: sorted[i] is the
 * bin, above, and the number of the entry, below.  Every entry counts how many
 * go before it: that is quadratic, but has no branch and fits vector registers.
 */
static void
sort_few(const SplitFinder *f, const SplitNode *node, uint32_t feature, uint16_t *sorted)
{
	const uint8_t *bin = node->entries + f->layout.bins_at + feature;
	int			n = (int) node->nentries;
	int			padded = (n + 7) & ~7;
	int16_t		key[FEW_ENTRIES];
	int16_t		rank[FEW_ENTRIES];

	for (int i = 0; i < n; i++, bin += f->layout.size)
		key[i] = (int16_t) ((*bin << 8 | i) - 32768);
	for (int i = n; i < padded; i++)
		key[i] = INT16_MAX;
	memset(rank, 0, sizeof(rank));
	for (int j = 0; j < n; j++)
	{
		int16_t		other = key[j];

		for (int i = 0; i < padded; i++)
			rank[i] -= -(key[i] > other);
	}
	for (int i = 0; i < n; i++)
		sorted[rank[i]] = (uint16_t) (key[i] + 32768);
}

static inline const uint8_t *
few_entry(const SplitFinder *f, const SplitNode *node, uint16_t sorted)
{
	return node->entries + (sorted & 0xff) * f->layout.size;
}

/* --- two classes, and numbers -------------------------------------------- */

static inline uint32_t
zeros_of(uint64_t total)
{
	return (uint32_t) total;
}

static inline uint32_t
ones_of(uint64_t total)
{
	return (uint32_t) (total >> 32);
}

static inline uint32_t
rows_of(uint64_t total)
{
	return zeros_of(total) + ones_of(total);
}

static inline double
weight_of(const SplitFinder *f, uint64_t total)
{
	if (!f->weighted)
		return rows_of(total);
	return f->class_weight[0] * zeros_of(total) + f->class_weight[1] * ones_of(total);
}

static inline double
number_gain(const Cell *left, const Cell *all, double scale)
{
	double		n = (double) all->total;
	double		n_left = (double) left->total;
	double		d = left->sum * n - n_left * all->sum;

	return d * d / (n_left * (n - n_left)) * scale;
}

/* s_l n - n_l s is a product of the weights and a whole number. */
static inline double
binary_gain(const SplitFinder *f, uint64_t left, uint64_t all, double scale)
{
	uint64_t	whole = (uint64_t) ones_of(left) * zeros_of(all) - (uint64_t) zeros_of(left) * ones_of(all);
	double		d = f->class_weight[0] * f->class_weight[1] * (double) (int64_t) whole;

	return d * d / (weight_of(f, left) * weight_of(f, all - left)) * scale;
}

/* Walk the cells from left to right, with the missing rows on one side. */
static ALWAYS_INLINE void
walk_cells(const SplitFinder *f, const bool numbers, const Cell *cells, int ncells, const Cell *missing,
		   bool missing_left, const Cell *all, uint32_t feature, Split *best)
{
	Cell		left = {0, 0, 0};
	double		scale = numbers ? 1.0 / (double) all->total : 2.0 / weight_of(f, all->total);
	int			last = ncells - (missing->total != 0 && !missing_left ? 0 : 1);

	if (missing_left)
		left = *missing;
	for (int i = 0; i < last; i++)
	{
		double		gain;
		uint32_t	rows;

		left.total += cells[i].total;
		if (numbers)
			left.sum += cells[i].sum;
		rows = rows_of(left.total);
		if (rows < f->min_leaf || rows_of(all->total) - rows < f->min_leaf)
			continue;
		gain = numbers ? number_gain(&left, all, scale) : binary_gain(f, left.total, all->total, scale);
		if (gain > best->gain)
		{
			best->gain = gain;
			best->feature = feature;
			best->bin = i + 1 < ncells ? cut_bin(cells[i].bin, cells[i + 1].bin) : cells[i].bin;
			best->missing_left = missing->total != 0 ? missing_left : 2 * (uint64_t) rows >= rows_of(all->total);
			best->left_rows = rows;
			best->left_ones = ones_of(left.total);
		}
	}
}

static ALWAYS_INLINE bool
try_cells(const SplitFinder *f, const bool numbers, Cell *cells, int ncells, const Cell *all,
		  uint32_t feature, Split *best)
{
	Cell		missing = {0, 0, 0};

	if (ncells < 2)
		return false;
	if (cells[ncells - 1].bin == LA_MISSING_BIN)
		missing = cells[--ncells];
	walk_cells(f, numbers, cells, ncells, &missing, false, all, feature, best);
	if (missing.total != 0)
		walk_cells(f, numbers, cells, ncells, &missing, true, all, feature, best);
	return true;
}

/* what an entry adds to a total: rows of class 0 below, of class 1 above */
static inline uint64_t
binary_addend(uint32_t head)
{
	return (uint64_t) (head >> 1) << ((head & 1) * 32);
}

static ALWAYS_INLINE void
count_binary(SplitFinder *f, const SplitNode *node, const uint32_t *features, const int n)
{
	const uint8_t *entry = node->entries;
	const uint8_t *end = entry + (size_t) node->nentries * f->layout.size;
	uint64_t   *totals = f->totals;

	memset(totals, 0, (size_t) n * LA_NBINS * sizeof(*totals));
	for (; entry < end; entry += f->layout.size)
	{
		uint64_t	add = binary_addend(la_entry_head(entry));
		const uint8_t *bins = entry + f->layout.bins_at;

		for (int i = 0; i < n; i++)
			totals[i * LA_NBINS + bins[features[i]]] += add;
	}
}

static int
collect_binary(const uint64_t *totals, Cell *cells)
{
	int			n = 0;

	for (int bin = 0; bin < LA_NBINS; bin++)
	{
		cells[n].total = totals[bin];
		cells[n].bin = (uint8_t) bin;
		n += totals[bin] != 0;
	}
	return n;
}

static int
collect_few_binary(const SplitFinder *f, const SplitNode *node, uint32_t feature, Cell *cells)
{
	uint16_t	sorted[FEW_ENTRIES];
	uint64_t	total = 0;
	int			n = 0;

	sort_few(f, node, feature, sorted);
	for (uint32_t i = 0; i < node->nentries; i++)
	{
		total += binary_addend(la_entry_head(few_entry(f, node, sorted[i])));
		if (i + 1 < node->nentries && sorted[i] >> 8 == sorted[i + 1] >> 8)
			continue;
		cells[n++] = (Cell) {total, 0, (uint8_t) (sorted[i] >> 8)};
		total = 0;
	}
	return n;
}

static void
count_binary_batch(SplitFinder *f, const SplitNode *node, const uint32_t *features, int nfeatures)
{
	switch (nfeatures)
	{
		case 1:
			count_binary(f, node, features, 1);
			break;
		case 2:
			count_binary(f, node, features, 2);
			break;
		case 3:
			count_binary(f, node, features, 3);
			break;
		default:
			count_binary(f, node, features, 4);
	}
}

static int
try_binary(SplitFinder *f, const SplitNode *node, const uint32_t *features, int nfeatures,
		   Split *best)
{
	Cell		cells[LA_NBINS + 1];
	Cell		all = {(uint64_t) node->ones << 32 | (node->nrows - node->ones), 0, 0};
	bool		few = node->nentries < FEW_ENTRIES;
	int			nvarying = 0;

	if (!few)
		count_binary_batch(f, node, features, nfeatures);
	for (int i = 0; i < nfeatures; i++)
	{
		int			ncells = few ? collect_few_binary(f, node, features[i], cells) :
			collect_binary(f->totals + i * LA_NBINS, cells);

		nvarying += try_cells(f, false, cells, ncells, &all, features[i], best);
	}
	return nvarying;
}

static inline void
add_number(const SplitNode *node, NumberBin *total, const uint8_t *entry)
{
	uint32_t	weight = la_entry_head(entry);

	total->sum += weight * (la_entry_number(entry) - node->origin);
	total->rows += weight;
}

static int
collect_few_numbers(const SplitFinder *f, const SplitNode *node, uint32_t feature, Cell *cells)
{
	uint16_t	sorted[FEW_ENTRIES];
	NumberBin	total = {0, 0};
	int			n = 0;

	sort_few(f, node, feature, sorted);
	for (uint32_t i = 0; i < node->nentries; i++)
	{
		add_number(node, &total, few_entry(f, node, sorted[i]));
		if (i + 1 < node->nentries && sorted[i] >> 8 == sorted[i + 1] >> 8)
			continue;
		cells[n++] = (Cell) {total.rows, total.sum, (uint8_t) (sorted[i] >> 8)};
		total = (NumberBin) {0, 0};
	}
	return n;
}

static int
collect_numbers(SplitFinder *f, const SplitNode *node, uint32_t feature, Cell *cells)
{
	NumberBin  *totals = (NumberBin *) f->totals;
	const uint8_t *entry = node->entries;
	int			n = 0;

	memset(totals, 0, LA_NBINS * sizeof(*totals));
	for (uint32_t i = 0; i < node->nentries; i++, entry += f->layout.size)
		add_number(node, &totals[entry[f->layout.bins_at + feature]], entry);
	for (int bin = 0; bin < LA_NBINS; bin++)
	{
		cells[n] = (Cell) {totals[bin].rows, totals[bin].sum, (uint8_t) bin};
		n += totals[bin].rows != 0;
	}
	return n;
}

static int
try_numbers(SplitFinder *f, const SplitNode *node, const uint32_t *features, int nfeatures,
			Split *best)
{
	Cell		cells[LA_NBINS + 1];
	Cell		all = {node->nrows, node->sum, 0};
	bool		few = node->nentries < FEW_ENTRIES;
	int			nvarying = 0;

	for (int i = 0; i < nfeatures; i++)
	{
		int			ncells = few ? collect_few_numbers(f, node, features[i], cells) :
			collect_numbers(f, node, features[i], cells);

		nvarying += try_cells(f, true, cells, ncells, &all, features[i], best);
	}
	return nvarying;
}

/* --- more than two classes ------------------------------------------------ */

/*
 * The entries of a node by bin: those of run i, whose heads end at heads[end],
 * or, where a table of classes per bin was made, row "end" of the table.
 */
typedef struct Run
{
	uint32_t	end;
	uint8_t		bin;
} Run;

/*
 * A side of a split: its rows, and with l_k and t_k rows of class k on the
 * side and in the node, "squares" is sum(l_k^2) and "cross" sum(l_k t_k), so
 * that of the other side sum(r_k^2) is sum(t_k^2) - 2 cross + squares.  With
 * class weights the weight of the rows is "n", and "n_squares" are the squares
 * of weights; those of the other side are summed up apart, since a difference
 * would lose them beside a heavy class.
 *
 * There are less than 2^31 rows, so these fit signed numbers, which become
 * doubles without a branch.
 */
typedef struct Side
{
	int64_t		rows;
	int64_t		squares;
	int64_t		cross;
	double		n;
	double		n_squares;
} Side;

/* The node as a side: all of it is on the left. */
static Side
whole_node(const SplitFinder *f, const SplitNode *node)
{
	Side		all = {node->nrows, 0, 0, 0, 0};

	for (uint32_t i = 0; i < node->npresent; i++)
	{
		uint32_t	cls = f->class_list[i];
		int64_t		rows = f->class_rows[cls];
		double		n = f->class_weight[cls] * rows;

		all.squares += rows * rows;
		all.n += n;
		all.n_squares += n * n;
	}
	return all;
}

/* sum(l_k^2) / n_l + sum(r_k^2) / n_r - sum(t_k^2) / n */
static inline double
class_gain(double left, double n_left, double right, double n_right, double whole)
{
	double		gain = (left * n_right + right * n_left) / (n_left * n_right) - whole;

	return gain > 0 ? gain : 0; /* it may be rounded below */
}

/* "right" is known only with class weights, "whole" only without. */
static ALWAYS_INLINE void
consider(const SplitFinder *f, const bool weighted, const Side *left, const Side *right, const Side *all,
		 double whole, uint32_t feature, uint8_t bin, bool missing_left, Split *best)
{
	double		gain;

	if (left->rows < f->min_leaf || all->rows - left->rows < f->min_leaf)
		return;
	if (weighted)
		gain = class_gain(left->n_squares, left->n, right->n_squares, right->n,
						  all->n_squares / (left->n + right->n));
	else
		gain = class_gain((double) left->squares, (double) left->rows,
						  (double) (all->squares - 2 * left->cross + left->squares),
						  (double) (all->rows - left->rows), whole);
	if (gain <= best->gain)
		return;
	best->gain = gain;
	best->feature = feature;
	best->bin = bin;
	best->missing_left = missing_left;
	best->left_rows = (uint32_t) left->rows;
}

/* Move rows of a class to a side. */
static ALWAYS_INLINE void
move_rows(SplitFinder *f, const bool weighted, uint32_t cls, int64_t rows, Side *side)
{
	int64_t		there = f->class_moved[cls];
	int64_t		more_squares = rows * (2 * there + rows);

	side->rows += rows;
	f->class_moved[cls] = (uint32_t) (there + rows);
	if (weighted)
	{
		double		weight = f->class_weight[cls];

		side->n += weight * rows;
		side->n_squares += weight * weight * (double) more_squares;
	}
	else
	{
		side->squares += more_squares;
		side->cross += rows * f->class_rows[cls];
	}
}

/* A table of classes per bin: for nodes of many entries and few classes. */
static int
fill_table(SplitFinder *f, const SplitNode *node, uint32_t feature, Run *runs)
{
	uint32_t   *table = (uint32_t *) f->totals;
	const uint8_t *entry = node->entries;
	uint32_t	mask = (UINT32_C(1) << f->layout.label_bits) - 1;
	uint32_t	count[LA_NBINS] = {0};
	int			n = 0;

	memset(table, 0, (size_t) LA_NBINS * f->nclasses * sizeof(*table));
	for (uint32_t i = 0; i < node->nentries; i++, entry += f->layout.size)
	{
		uint8_t		bin = entry[f->layout.bins_at + feature];
		uint32_t	head = la_entry_head(entry);

		table[bin * f->nclasses + (head & mask)] += head >> f->layout.label_bits;
		count[bin]++;
	}
	for (uint32_t bin = 0; bin < LA_NBINS; bin++)
	{
		runs[n] = (Run) {bin, (uint8_t) bin};
		n += count[bin] != 0;
	}
	return n;
}

/* The cost of sorting depends on the entries alone, not on the classes. */
static int
sort_heads(SplitFinder *f, const SplitNode *node, uint32_t feature, Run *runs)
{
	const uint8_t *entry = node->entries;
	const uint8_t *end = entry + (size_t) node->nentries * f->layout.size;
	size_t		at = f->layout.bins_at + feature;
	uint32_t	next[LA_NBINS] = {0};
	uint32_t	position = 0;
	int			n = 0;

	for (; entry < end; entry += f->layout.size)
		next[entry[at]]++;
	for (int bin = 0; bin < LA_NBINS; bin++)
	{
		uint32_t	count = next[bin];

		next[bin] = position;
		position += count;
		runs[n] = (Run) {position, (uint8_t) bin};
		n += count != 0;
	}
	for (entry = node->entries; entry < end; entry += f->layout.size)
		f->heads[next[entry[at]]++] = la_entry_head(entry);
	return n;
}

static int
sort_few_heads(SplitFinder *f, const SplitNode *node, uint32_t feature, Run *runs)
{
	uint16_t	sorted[FEW_ENTRIES + 1];
	int			n = 0;

	sort_few(f, node, feature, sorted);
	sorted[node->nentries] = 0;
	for (uint32_t i = 0; i < node->nentries; i++)
	{
		f->heads[i] = la_entry_head(few_entry(f, node, sorted[i]));
		runs[n] = (Run) {i + 1, (uint8_t) (sorted[i] >> 8)};
		n += i + 1 == node->nentries || sorted[i] >> 8 != sorted[i + 1] >> 8;
	}
	return n;
}

static ALWAYS_INLINE void
move_run(SplitFinder *f, const bool weighted, const bool table, const Run *runs, int i, Side *side)
{
	if (table)
	{
		const uint32_t *rows = (uint32_t *) f->totals + runs[i].end * f->nclasses;

		for (uint32_t cls = 0; cls < f->nclasses; cls++)
			move_rows(f, weighted, cls, rows[cls], side);
	}
	else
	{
		uint32_t	mask = (UINT32_C(1) << f->layout.label_bits) - 1;

		for (uint32_t h = i > 0 ? runs[i - 1].end : 0; h < runs[i].end; h++)
			move_rows(f, weighted, f->heads[h] & mask, f->heads[h] >> f->layout.label_bits, side);
	}
}

/* Begin a side, which has no rows. */
static Side
empty_side(SplitFinder *f, const SplitNode *node)
{
	for (uint32_t i = 0; i < node->npresent; i++)
		f->class_moved[f->class_list[i]] = 0;
	return (Side) {0, 0, 0, 0, 0};
}

/* As walk_cells, run by run; a missing run is the last. */
static ALWAYS_INLINE void
walk_runs_as(SplitFinder *f, const bool weighted, const bool table, const Run *runs, int nruns,
			 const SplitNode *node, const Side *all, bool missing_left, uint32_t feature, Split *best)
{
	Side		right[LA_NBINS];	/* of run i and those after it */
	Side		left;
	double		whole = (double) all->squares / (double) all->rows;
	bool		missing = runs[nruns - 1].bin == LA_MISSING_BIN;
	int			npresent = nruns - missing;
	int			last = npresent - (missing && !missing_left ? 0 : 1);

	if (weighted)
	{
		left = empty_side(f, node);
		for (int i = missing_left ? npresent - 1 : nruns - 1; i > 0; i--)
		{
			move_run(f, true, table, runs, i, &left);
			right[i] = left;
		}
	}

	left = empty_side(f, node);
	if (missing_left)
		move_run(f, weighted, table, runs, nruns - 1, &left);
	for (int i = 0; i < last; i++)
	{
		move_run(f, weighted, table, runs, i, &left);
		consider(f, weighted, &left, &right[i + 1], all, whole, feature,
				 i + 1 < npresent ? cut_bin(runs[i].bin, runs[i + 1].bin) : runs[i].bin,
				 missing ? missing_left : 2 * left.rows >= all->rows, best);
	}
}

static void
walk_runs(SplitFinder *f, bool table, const Run *runs, int nruns, const SplitNode *node,
		  const Side *all, bool missing_left, uint32_t feature, Split *best)
{
	if (f->weighted && table)
		walk_runs_as(f, true, true, runs, nruns, node, all, missing_left, feature, best);
	else if (f->weighted)
		walk_runs_as(f, true, false, runs, nruns, node, all, missing_left, feature, best);
	else if (table)
		walk_runs_as(f, false, true, runs, nruns, node, all, missing_left, feature, best);
	else
		walk_runs_as(f, false, false, runs, nruns, node, all, missing_left, feature, best);
}

static int
try_classes(SplitFinder *f, const SplitNode *node, const uint32_t *features, int nfeatures,
			Split *best)
{
	Side		all = whole_node(f, node);
	bool		few = node->nentries < FEW_ENTRIES;
	bool		table = !few && f->nclasses <= MAX_TABLE_CLASSES &&
		node->nentries >= MIN_TABLE_ENTRIES * f->nclasses;
	Run			runs[LA_NBINS + 1];
	int			nvarying = 0;

	for (int i = 0; i < nfeatures; i++)
	{
		int			nruns = few ? sort_few_heads(f, node, features[i], runs) :
			table ? fill_table(f, node, features[i], runs) : sort_heads(f, node, features[i], runs);

		if (nruns < 2)
			continue;
		walk_runs(f, table, runs, nruns, node, &all, false, features[i], best);
		if (runs[nruns - 1].bin == LA_MISSING_BIN)
			walk_runs(f, table, runs, nruns, node, &all, true, features[i], best);
		nvarying++;
	}
	return nvarying;
}

/*
 * la_split_try
 *		Look for a better split on some features, LA_SPLIT_BATCH at most;
 *		returns how many of them vary in the node.
 */
int
la_split_try(SplitFinder *finder, const SplitNode *node,
			 const uint32_t *features, int nfeatures, Split *best)
{
	if (finder->nclasses == 0)
		return try_numbers(finder, node, features, nfeatures, best);
	if (finder->nclasses <= 2)
		return try_binary(finder, node, features, nfeatures, best);
	return try_classes(finder, node, features, nfeatures, best);
}
