/*
 * forest_oob.c
 *		Out-of-bag votes, and the importance of features.
 *
 * A tree says something about the rows that it was not grown on: the votes of
 * those trees that did not draw a row estimate what the forest is worth on new
 * rows, and the loss of a tree when the values of a feature are shuffled among
 * such rows says what the feature is worth.
 *
 * Above LA_OOB_ROWS rows a sample of them is followed, evenly spaced in
 * canonical order: the error of an accuracy is then below 0.1 points, and the
 * cost per tree does not grow with the table.
 *
 * Processes add to the same votes at the same time, in any order.  Votes are
 * therefore integers, 2^-50 of a row (of the range, if a number is predicted),
 * whose sum does not depend on that order.
 *
 * Sources: Breiman, Random Forests, Machine Learning 45, 2001; Breiman, Manual
 * on Setting Up, Using and Understanding Random Forests V3.1, 2002; Liaw &
 * Wiener, randomForest (R package), importance() with scale = FALSE.
 */
#include "forest_oob.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "log_core.h"
#include "prng.h"
#include "radix.h"

#define VOTE 1125899906842624.0	/* 2^50: one whole vote */

#if LA_MAX_TREES > 1 << 14
#error "the votes of all trees on a row must fit into 64 bits"
#endif

/* scikit-learn's bound on probabilities: one wrong certainty must not be infinitely bad */
#define MIN_PROBABILITY 1e-15

#define BATCH 256				/* rows that are looked up together */
#define LANES 16				/* rows that walk down a tree at the same time */

/*
 * Followed by, per row of the sample: its record, its number of votes, and its
 * votes per class (one if a number is predicted).
 */
struct Oob
{
	uint32_t	sample;			/* rows followed */
	uint32_t	width;			/* votes per row */
	double		half_min;		/* half the smallest target */
	double		half_range;		/* half the difference to the largest */
};

/* rows on their way down a tree */
typedef struct Walkers
{
	uint32_t	n;
	const uint8_t *record[BATCH];
	uint32_t	node[BATCH];	/* where they begin, then their leaf */
	uint8_t		bin[BATCH];		/* of the feature that is permuted, if any */
} Walkers;

/* a place in the sample */
typedef struct Cursor
{
	uint32_t	next;			/* row of the sample */
	uint32_t	number;			/* its canonical number */
	uint32_t	remainder;
} Cursor;

/*
 * The out-of-bag rows of a tree are in a random order, and each feature is
 * permuted by a random rotation of that order.
 */
struct Permuter
{
	const Oob  *oob;
	const ForestRows *rows;
	const ForestTree *tree;
	const double *class_weight;
	uint64_t	seed;
	uint32_t	number;

	uint32_t	n;				/* rows out of bag */
	uint32_t   *record;			/* in random order */
	uint64_t   *by_leaf;		/* (leaf, place in that order), ascending */
	uint64_t   *scratch;
};

/* --- memory ------------------------------------------------------------ */

static size_t
align(size_t size)
{
	return (size + 15) & ~(size_t) 15;
}

static uint32_t
vote_width(const ForestRows *rows)
{
	return rows->nclasses > 1 ? rows->nclasses : 1;
}

/* How many rows are followed. */
static uint32_t
sample_size(const ForestRows *rows)
{
	uint32_t	limit = LA_OOB_VOTE_BYTES / (uint32_t) sizeof(uint64_t) / vote_width(rows);

	if (limit > LA_OOB_ROWS)
		limit = LA_OOB_ROWS;
	return rows->total < limit ? rows->total : limit;
}

static size_t
record_offset(void)
{
	return align(sizeof(Oob));
}

static size_t
count_offset(const Oob *oob)
{
	return record_offset() + align(oob->sample * sizeof(uint32_t));
}

static size_t
vote_offset(const Oob *oob)
{
	return count_offset(oob) + align(oob->sample * sizeof(uint32_t));
}

static const uint32_t *
sample_records(const Oob *oob)
{
	return (const uint32_t *) ((const char *) oob + record_offset());
}

static const uint32_t *
vote_counts(const Oob *oob)
{
	return (const uint32_t *) ((const char *) oob + count_offset(oob));
}

static const uint64_t *
votes_of(const Oob *oob, uint32_t row)
{
	return (const uint64_t *) ((const char *) oob + vote_offset(oob)) + (size_t) row * oob->width;
}

/*
 * la_oob_size
 *		Bytes of memory for la_oob_init: 66 MB and a few bytes at most.
 */
size_t
la_oob_size(const ForestRows *rows)
{
	Oob			oob = {sample_size(rows), vote_width(rows), 0, 0};

	return vote_offset(&oob) + (size_t) oob.sample * oob.width * sizeof(uint64_t);
}

/* --- the rows that are followed ------------------------------------------ */

static Cursor
first_row(void)
{
	return (Cursor) {0, 0, 0};
}

/* Row j of the sample is the one numbered floor(j * total / sample). */
static inline void
advance(Cursor *cursor, uint32_t sample, uint32_t quotient, uint32_t remainder)
{
	cursor->next++;
	cursor->number += quotient;
	cursor->remainder += remainder;
	if (cursor->remainder >= sample)
	{
		cursor->remainder -= sample;
		cursor->number++;
	}
}

/* Find the record of each row: numbers and records ascend together. */
static void
find_records(const Oob *oob, const ForestRows *rows, uint32_t *records)
{
	Cursor		cursor = first_row();
	uint32_t	record = 0;

	while (cursor.next < oob->sample)
	{
		if (rows->first == NULL)
			record = cursor.number;
		else
		{
			while (rows->first[record + 1] <= cursor.number)
				record++;
		}
		records[cursor.next] = record;
		advance(&cursor, oob->sample, rows->total / oob->sample, rows->total % oob->sample);
	}
}

static void
find_range(Oob *oob, const ForestRows *rows)
{
	double		min = INFINITY;
	double		max = -INFINITY;

	for (uint32_t record = 0; record < rows->nrows; record++)
	{
		double		target = la_forest_row_number(rows, la_forest_row(rows, record));

		min = target < min ? target : min;
		max = target > max ? target : max;
	}
	oob->half_min = min / 2;
	oob->half_range = max / 2 - min / 2;
}

/*
 * la_oob_init
 *		Choose the rows to follow; nobody has voted yet.
 *
 * "memory" is aligned to 8 bytes, and may be shared by processes that see it at
 * different addresses.  There is at least one row, and targets are finite.
 */
Oob *
la_oob_init(void *memory, const ForestRows *rows)
{
	Oob		   *oob = memory;

	memset(memory, 0, la_oob_size(rows));
	oob->sample = sample_size(rows);
	oob->width = vote_width(rows);
	if (rows->nclasses == 0)
		find_range(oob, rows);
	find_records(oob, rows, (uint32_t *) ((char *) oob + record_offset()));
	return oob;
}

/*
 * Collect the next rows of the sample that a tree has not drawn, at most BATCH;
 * none are left if it returns 0.
 */
static uint32_t
next_out_of_bag(const Oob *oob, const ForestRows *rows, const uint8_t *drawn,
				Cursor *cursor, uint32_t *out)
{
	uint32_t	quotient = rows->total / oob->sample;
	uint32_t	remainder = rows->total % oob->sample;
	uint32_t	n = 0;

	/* no branch: which row was drawn cannot be predicted */
	while (n < BATCH && cursor->next < oob->sample)
	{
		out[n] = cursor->next;
		n += drawn[cursor->number] == 0;
		advance(cursor, oob->sample, quotient, remainder);
	}
	return n;
}

/* --- walking ------------------------------------------------------------- */

static void
start_walk(Walkers *walkers, const uint8_t *record, uint32_t node, uint8_t bin)
{
	/* on its way from memory while the others start */
	__builtin_prefetch(record);
	walkers->record[walkers->n] = record;
	walkers->node[walkers->n] = node;
	walkers->bin[walkers->n] = bin;
	walkers->n++;
}

/*
 * Walk everybody down to a leaf, several at once: each step waits for memory,
 * and so the waits overlap.  LA_LEAF as the permuted feature is none.
 */
static inline void
walk_down(const TreeNode *nodes, Walkers *walkers, uint32_t permuted)
{
	uint32_t	lane[LANES];
	uint32_t	next = 0;
	uint32_t	active;

	while (next < LANES && next < walkers->n)
	{
		lane[next] = next;
		next++;
	}
	active = next;

	while (active > 0)
	{
		for (uint32_t i = 0; i < active;)
		{
			uint32_t	w = lane[i];
			TreeNode	node = nodes[walkers->node[w]];
			uint8_t		missing_left = node.flags & LA_NODE_MISSING_LEFT;
			bool		right_first = (node.flags & LA_NODE_RIGHT_FIRST) != 0;
			bool		is_right;
			uint8_t		bin;

			if (node.feature == LA_LEAF)
			{
				lane[i] = next < walkers->n ? next++ : lane[--active];
				continue;
			}
			bin = node.feature == permuted ? walkers->bin[w] : walkers->record[w][node.feature];

			/* one more on both sides, and 255 becomes 0: that is on the left */
			is_right = (uint8_t) (bin + missing_left) > node.bin + missing_left;
			walkers->node[w] += is_right != right_first ? node.value : 1;
			i++;
		}
	}
}

/* Walk these rows of the sample down; leaf[i] is where out[i] arrives. */
static void
find_leaves(const Oob *oob, const ForestRows *rows, const ForestTree *tree,
			const uint32_t *out, uint32_t n, uint32_t *leaf)
{
	const uint32_t *records = sample_records(oob);
	uint32_t	walker[BATCH];
	Walkers		walkers;

	walkers.n = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		/* equal rows are neighbours, and one of them walks for all */
		if (i == 0 || records[out[i]] != records[out[i - 1]])
			start_walk(&walkers, la_forest_row(rows, records[out[i]]), 0, 0);
		walker[i] = walkers.n - 1;
	}
	walk_down(tree->nodes, &walkers, LA_LEAF);
	for (uint32_t i = 0; i < n; i++)
		leaf[i] = walkers.node[walker[i]];
}

/* --- leaves -------------------------------------------------------------- */

static double
weight_of(const double *class_weight, uint32_t cls)
{
	return class_weight ? class_weight[cls] : 1;
}

/* The run of a mixed leaf, and how many classes it has. */
static const ForestCount *
run_of(const ForestTree *tree, const TreeNode *leaf, uint32_t *nclasses)
{
	const ForestCount *run = tree->counts + leaf->value;

	*nclasses = run->cls;
	return run + 1;
}

/* The class with the largest share of a leaf, the first of equals. */
static uint32_t
class_of(const ForestTree *tree, const TreeNode *leaf, const double *class_weight)
{
	const ForestCount *run;
	uint32_t	nclasses;
	uint32_t	best = 0;
	double		most = -1;

	if (!(leaf->flags & LA_NODE_MIXED))
		return leaf->value;
	run = run_of(tree, leaf, &nclasses);
	for (uint32_t i = 0; i < nclasses; i++)
	{
		double		share = weight_of(class_weight, run[i].cls) * run[i].nrows;

		if (share > most)
		{
			most = share;
			best = run[i].cls;
		}
	}
	return best;
}

/*
 * A target in units of the range, from 0 to 1.  A difference of halves does
 * not overflow.
 */
static double
to_unit(const Oob *oob, double target)
{
	double		unit;

	if (oob->half_range <= 0)
		return 0;
	unit = (target / 2 - oob->half_min) / oob->half_range;
	return unit < 0 ? 0 : unit > 1 ? 1 : unit;
}

/* What a leaf costs on a row: 1 for a wrong class, or the square of the error. */
static double
cost_of(const Permuter *p, uint32_t leaf, const uint8_t *record)
{
	const TreeNode *node = &p->tree->nodes[leaf];
	double		error;

	if (p->rows->nclasses > 0)
		return class_of(p->tree, node, p->class_weight) != la_forest_row_class(p->rows, record);
	error = to_unit(p->oob, p->tree->means[node->value]) -
		to_unit(p->oob, la_forest_row_number(p->rows, record));
	return error * error;
}

/* --- votes --------------------------------------------------------------- */

static inline void
add_vote(uint64_t *vote, double share)
{
	__atomic_fetch_add(vote, (uint64_t) (share * VOTE + 0.5), __ATOMIC_RELAXED);
}

static void
vote_shares(uint64_t *votes, const ForestTree *tree, const TreeNode *leaf,
			const double *class_weight)
{
	uint32_t	nclasses;
	const ForestCount *run = run_of(tree, leaf, &nclasses);
	double		sum = 0;

	for (uint32_t i = 0; i < nclasses; i++)
		sum += weight_of(class_weight, run[i].cls) * run[i].nrows;
	for (uint32_t i = 0; i < nclasses; i++)
		add_vote(&votes[run[i].cls], weight_of(class_weight, run[i].cls) * run[i].nrows / sum);
}

static void
vote(Oob *oob, const ForestRows *rows, const ForestTree *tree, uint32_t row, uint32_t leaf,
	 const double *class_weight)
{
	const TreeNode *node = &tree->nodes[leaf];
	uint64_t   *votes = (uint64_t *) votes_of(oob, row);

	__atomic_fetch_add((uint32_t *) vote_counts(oob) + row, 1, __ATOMIC_RELAXED);
	if (rows->nclasses == 0)
		add_vote(votes, to_unit(oob, tree->means[node->value]));
	else if (node->flags & LA_NODE_MIXED)
		vote_shares(votes, tree, node, class_weight);
	else
		add_vote(&votes[node->value], 1);
}

/*
 * la_oob_add_tree
 *		Let a tree vote on the rows that it was not grown on.
 *
 * "drawn" says per row, in canonical order, how often it was drawn;
 * "class_weight" is positive per class, or NULL, and weighs the classes of a
 * leaf.  Several processes may do this at the same time, in any order.
 */
void
la_oob_add_tree(Oob *oob, const ForestRows *rows, const ForestTree *tree,
				const uint8_t *drawn, const double *class_weight)
{
	Cursor		cursor = first_row();
	uint32_t	out[BATCH];
	uint32_t	leaf[BATCH];
	uint32_t	n;

	while ((n = next_out_of_bag(oob, rows, drawn, &cursor, out)) > 0)
	{
		find_leaves(oob, rows, tree, out, n, leaf);
		for (uint32_t i = 0; i < n; i++)
			vote(oob, rows, tree, out[i], leaf[i], class_weight);
	}
}

/*
 * The class with the most votes, the first of equals.  Each vote is rounded by
 * half a unit at most; without regard to that three thirds would be less than
 * one whole.
 */
static uint32_t
most_voted(const Oob *oob, uint32_t row)
{
	const uint64_t *votes = votes_of(oob, row);
	uint32_t	best = 0;

	for (uint32_t cls = 1; cls < oob->width; cls++)
	{
		if (votes[cls] > votes[best] + vote_counts(oob)[row])
			best = cls;
	}
	return best;
}

/* The mean of the votes of a row: a share, or a target in units of the range. */
static double
mean_vote(const Oob *oob, uint32_t row, uint32_t cls)
{
	return (double) votes_of(oob, row)[cls] / (vote_counts(oob)[row] * VOTE);
}

static uint32_t
count_voted(const Oob *oob)
{
	uint32_t	n = 0;

	for (uint32_t row = 0; row < oob->sample; row++)
		n += vote_counts(oob)[row] > 0;
	return n;
}

static void
finish_classes(const Oob *oob, const ForestRows *rows, OobResult *result)
{
	uint32_t	right = 0;
	double		loss = 0;

	for (uint32_t row = 0; row < oob->sample; row++)
	{
		uint32_t	cls;
		double		p;

		if (vote_counts(oob)[row] == 0)
			continue;
		cls = la_forest_row_class(rows, la_forest_row(rows, sample_records(oob)[row]));
		right += most_voted(oob, row) == cls;
		p = mean_vote(oob, row, cls);
		p = p < MIN_PROBABILITY ? MIN_PROBABILITY : p;
		p = p > 1 - MIN_PROBABILITY ? 1 - MIN_PROBABILITY : p;
		loss -= la_log(p);
	}
	result->score = (double) right / result->rows;
	result->loss = loss / result->rows;
}

static double
unit_target(const Oob *oob, const ForestRows *rows, uint32_t row)
{
	return to_unit(oob, la_forest_row_number(rows, la_forest_row(rows, sample_records(oob)[row])));
}

/* As scikit-learn: of targets that are all equal 1 if they are met, else 0. */
static double
r2(double residual, double total)
{
	double		score = 1 - residual / total;

	if (total == 0)
		return residual == 0;
	return score < -DBL_MAX ? -DBL_MAX : score;
}

static void
finish_numbers(const Oob *oob, const ForestRows *rows, OobResult *result)
{
	double		mean = 0;
	double		residual = 0;
	double		total = 0;

	for (uint32_t row = 0; row < oob->sample; row++)
	{
		if (vote_counts(oob)[row] > 0)
			mean += unit_target(oob, rows, row);
	}
	mean /= result->rows;
	for (uint32_t row = 0; row < oob->sample; row++)
	{
		double		target;
		double		error;

		if (vote_counts(oob)[row] == 0)
			continue;
		target = unit_target(oob, rows, row);
		error = target - mean_vote(oob, row, 0);
		residual += error * error;
		total += (target - mean) * (target - mean);
	}
	result->score = r2(residual, total);
	result->loss = sqrt(residual / result->rows) * oob->half_range * 2;
}

/*
 * la_oob_finish
 *		What the forest is worth on rows that it was not grown on.
 *
 * Accuracy (ties to the first class) and log-loss, whose probabilities are at
 * least 1e-15 away from 0 and 1; or R2 and the root of the mean squared error.
 * Returns false, with "rows" 0, if no row of the sample has a vote.
 */
bool
la_oob_finish(const Oob *oob, const ForestRows *rows, OobResult *result)
{
	*result = (OobResult) {count_voted(oob), NAN, NAN};
	if (result->rows == 0)
		return false;
	if (rows->nclasses > 0)
		finish_classes(oob, rows, result);
	else
		finish_numbers(oob, rows, result);
	return true;
}

/* --- permutation --------------------------------------------------------- */

/*
 * la_permuter_size
 *		Bytes of memory for la_permuter_init: 5 MB at most.
 */
size_t
la_permuter_size(const ForestRows *rows)
{
	size_t		n = sample_size(rows);

	return align(sizeof(Permuter)) + 2 * align(n * sizeof(uint64_t)) + align(n * sizeof(uint32_t));
}

/*
 * la_permuter_init
 *		A permuter in "memory", which is aligned to 8 bytes.  What it is given
 *		must outlive it.
 */
Permuter *
la_permuter_init(void *memory, const Oob *oob, const ForestRows *rows,
				 const double *class_weight, uint64_t seed)
{
	Permuter   *p = memory;
	char	   *piece = (char *) memory + align(sizeof(Permuter));

	memset(p, 0, sizeof(Permuter));
	p->oob = oob;
	p->rows = rows;
	p->class_weight = class_weight;
	p->seed = seed;
	p->by_leaf = (uint64_t *) piece;
	piece += align(oob->sample * sizeof(uint64_t));
	p->scratch = (uint64_t *) piece;
	piece += align(oob->sample * sizeof(uint64_t));
	p->record = (uint32_t *) piece;
	return p;
}

/* A stream of random numbers of a tree; growing it took the one without purpose. */
static Prng
random_stream(const Permuter *p, uint32_t purpose)
{
	Prng		prng;

	la_prng_seed(&prng, p->seed, (uint64_t) purpose << 32 | p->number);
	return prng;
}

#define ORDER_PURPOSE 1
#define FEATURE_PURPOSE(feature) (2 + (feature))

/* Fisher & Yates, as in Knuth, The Art of Computer Programming, vol. 2, 3.4.2. */
static void
shuffle(Prng *prng, uint64_t *items, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--)
	{
		uint32_t	j = la_prng_below(prng, i);
		uint64_t	item = items[i - 1];

		items[i - 1] = items[j];
		items[j] = item;
	}
}

/* Sort the out-of-bag rows at random, then those places by leaf. */
static void
order_rows(Permuter *p)
{
	Prng		prng = random_stream(p, ORDER_PURPOSE);

	shuffle(&prng, p->by_leaf, p->n);
	for (uint32_t place = 0; place < p->n; place++)
	{
		p->record[place] = (uint32_t) p->by_leaf[place];
		p->by_leaf[place] = p->by_leaf[place] >> 32 << 32 | place;
	}
	la_radix_sort(p->by_leaf, p->scratch, p->n);
}

/*
 * la_permuter_begin
 *		Take up a tree; "drawn" says per row, in canonical order, how often it
 *		was drawn.  Both must stay until its last feature.
 */
void
la_permuter_begin(Permuter *p, const ForestTree *tree, uint32_t number, const uint8_t *drawn)
{
	Cursor		cursor = first_row();
	uint32_t	out[BATCH];
	uint32_t	leaf[BATCH];
	uint32_t	n;

	p->tree = tree;
	p->number = number;
	p->n = 0;
	while ((n = next_out_of_bag(p->oob, p->rows, drawn, &cursor, out)) > 0)
	{
		find_leaves(p->oob, p->rows, tree, out, n, leaf);
		for (uint32_t i = 0; i < n; i++)
			p->by_leaf[p->n++] = (uint64_t) leaf[i] << 32 | sample_records(p->oob)[out[i]];
	}
	order_rows(p);
}

/* The node after the last one below "node". */
static uint32_t
end_of_subtree(const ForestTree *tree, uint32_t node)
{
	while (tree->nodes[node].feature != LA_LEAF)
		node += tree->nodes[node].value;
	return node + 1;
}

/* The first of the rows by leaf, from "begin", whose leaf is "node" or later. */
static uint32_t
first_at(const Permuter *p, uint32_t begin, uint32_t node)
{
	uint32_t	end = p->n;

	while (begin < end)
	{
		uint32_t	middle = begin + (end - begin) / 2;

		if (p->by_leaf[middle] >> 32 < node)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static const uint8_t *
record_at(const Permuter *p, uint32_t place)
{
	return la_forest_row(p->rows, p->record[place]);
}

/* rows that get another value of the feature */
typedef struct Permuted
{
	uint32_t	feature;
	uint32_t	shift;
	double		change;			/* of the cost, summed up */
	uint32_t	leaf[BATCH];	/* without the permutation */
	Walkers		walkers;
} Permuted;

static void
flush_permuted(const Permuter *p, Permuted *permuted)
{
	Walkers    *walkers = &permuted->walkers;

	walk_down(p->tree->nodes, walkers, permuted->feature);
	for (uint32_t i = 0; i < walkers->n; i++)
	{
		if (walkers->node[i] != permuted->leaf[i])
			permuted->change += cost_of(p, walkers->node[i], walkers->record[i]) -
				cost_of(p, permuted->leaf[i], walkers->record[i]);
	}
	walkers->n = 0;
}

/* Permute the rows whose leaf is below "node", which asks for the feature. */
static void
permute_below(const Permuter *p, Permuted *permuted, uint32_t node, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; i < end; i++)
	{
		uint32_t	place = (uint32_t) p->by_leaf[i];
		uint32_t	donor = place + permuted->shift;
		const uint8_t *record = record_at(p, place);
		uint8_t		bin;

		donor -= donor >= p->n ? p->n : 0;
		bin = record_at(p, donor)[permuted->feature];
		if (bin == record[permuted->feature])
			continue;
		permuted->leaf[permuted->walkers.n] = (uint32_t) (p->by_leaf[i] >> 32);
		start_walk(&permuted->walkers, record, node, bin);
		if (permuted->walkers.n == BATCH)
			flush_permuted(p, permuted);
	}
}

/*
 * la_permuter_loss
 *		What the tree loses on its out-of-bag rows when the feature is permuted
 *		among them.
 *
 * For classes the share of rows right before, less that right after; for a
 * number the mean squared error after, less that before, in units of the
 * squared range of the targets until la_importance_finish, where nothing can
 * overflow.  0 if the tree does not ask for the feature; NaN if fewer than two
 * rows are out of bag.  Depends on seed, tree and feature only.
 *
 * The permutation is a random order rotated by a random number of places, at
 * least one: any row may get the value of any other row, as likely as of the
 * next, and the same order serves all features.  (R and ranger draw a new
 * permutation for each, in which one row on average keeps its value.)
 *
 * Only rows that meet the feature on their way are walked, from the node where
 * they first meet it: in preorder those below a node have neighbouring leaves.
 */
double
la_permuter_loss(Permuter *p, uint32_t feature)
{
	Prng		prng = random_stream(p, FEATURE_PURPOSE(feature));
	uint32_t	begin = 0;
	Permuted	permuted;

	if (p->n < 2)
		return NAN;
	permuted.feature = feature;
	permuted.shift = 1 + la_prng_below(&prng, p->n - 1);
	permuted.change = 0;
	permuted.walkers.n = 0;
	for (uint32_t node = 0; node < p->tree->nnodes;)
	{
		uint32_t	after;
		uint32_t	end;

		if (p->tree->nodes[node].feature != feature)
		{
			node++;
			continue;
		}
		after = end_of_subtree(p->tree, node);
		begin = first_at(p, begin, node);
		end = first_at(p, begin, after);
		permute_below(p, &permuted, node, begin, end);
		begin = end;
		node = after;
	}
	flush_permuted(p, &permuted);
	return permuted.change / p->n;
}

/* --- importance ---------------------------------------------------------- */

/* followed by the sums of impurity, the means of loss and its squares about the mean */
struct Importance
{
	uint32_t	nfeatures;
	uint32_t	npermuted;		/* trees with a loss */
};

static double *
sums_of(const Importance *importance, uint32_t which)
{
	return (double *) ((char *) importance + align(sizeof(Importance))) +
		(size_t) which * importance->nfeatures;
}

enum
{
	IMPURITY, MEAN, SQUARES, NSUMS
};

/*
 * la_importance_size
 *		Bytes of memory for la_importance_init.
 */
size_t
la_importance_size(uint32_t nfeatures)
{
	return align(sizeof(Importance)) + (size_t) NSUMS * nfeatures * sizeof(double);
}

/*
 * la_importance_init
 *		The importance of features without any tree, in "memory", which is
 *		aligned to 8 bytes.
 */
Importance *
la_importance_init(void *memory, uint32_t nfeatures)
{
	Importance *importance = memory;

	memset(memory, 0, la_importance_size(nfeatures));
	importance->nfeatures = nfeatures;
	return importance;
}

static double
sum(const double *values, uint32_t n)
{
	double		result = 0;

	for (uint32_t i = 0; i < n; i++)
		result += values[i];
	return result;
}

/* Each tree counts the same, one without splits not at all. */
static void
add_impurity(Importance *importance, const double *impurity)
{
	double		total = sum(impurity, importance->nfeatures);

	if (!(total > 0) || isinf(total))
		return;
	for (uint32_t f = 0; f < importance->nfeatures; f++)
		sums_of(importance, IMPURITY)[f] += impurity[f] / total;
}

/* Welford, Note on a Method for Calculating Corrected Sums of Squares, 1962. */
static void
add_loss(Importance *importance, const double *loss)
{
	if (isnan(loss[0]))
		return;
	importance->npermuted++;
	for (uint32_t f = 0; f < importance->nfeatures; f++)
	{
		double	   *mean = &sums_of(importance, MEAN)[f];
		double		difference = loss[f] - *mean;

		*mean += difference / importance->npermuted;
		sums_of(importance, SQUARES)[f] += difference * (loss[f] - *mean);
	}
}

/*
 * la_importance_add
 *		Add a tree; the last bits depend on the order, which is that of the trees.
 *
 * "impurity" is the decrease of impurity per feature, in any unit; "loss" what
 * la_permuter_loss said per feature, or NULL.  A tree whose losses are NaN is
 * left out of them.
 */
void
la_importance_add(Importance *importance, const double *impurity, const double *loss)
{
	add_impurity(importance, impurity);
	if (loss != NULL)
		add_loss(importance, loss);
}

/* From units of the squared range to those of the squared target. */
static double
to_squared_target(const Oob *oob, double value)
{
	if (oob->half_range > 0)
		value = value * oob->half_range * oob->half_range * 4;
	if (value > DBL_MAX)
		return DBL_MAX;
	return value < -DBL_MAX ? -DBL_MAX : value;
}

static void
finish_losses(const Importance *importance, const Oob *oob, double *permutation, double *std_error)
{
	double		n = importance->npermuted;

	for (uint32_t f = 0; f < importance->nfeatures; f++)
	{
		double		variance = n > 1 ? sums_of(importance, SQUARES)[f] / (n - 1) : NAN;

		permutation[f] = n > 0 ? to_squared_target(oob, sums_of(importance, MEAN)[f]) : NAN;
		std_error[f] = to_squared_target(oob, sqrt(variance / n));
	}
}

/*
 * la_importance_finish
 *		The importance of the features to the forest.
 *
 * "impurity" gets shares with sum 1, or zeros if no tree has a split, as
 * feature_importances_ of scikit-learn.  "permutation" gets the mean loss over
 * the trees and "std_error" its standard error; both are NULL if not wanted.
 * They are in units of accuracy, or of the squared target, as importance() of
 * R's randomForest with scale = FALSE, and not divided by the standard error as
 * that has it by default (Strobl & Zeileis, Danger: High Power! Exploring the
 * Statistical Properties of a Test for Random Forest Variable Importance,
 * 2008).  The mean is NaN without a tree, its error below two trees.
 */
void
la_importance_finish(const Importance *importance, const Oob *oob, double *impurity,
					 double *permutation, double *std_error)
{
	const double *sums = sums_of(importance, IMPURITY);
	double		total = sum(sums, importance->nfeatures);

	for (uint32_t f = 0; f < importance->nfeatures; f++)
		impurity[f] = total > 0 ? sums[f] / total : 0;
	if (permutation != NULL)
		finish_losses(importance, oob, permutation, std_error);
}
