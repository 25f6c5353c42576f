/*
 * forest_oob.c
 *		Out-of-bag votes.
 *
 * A tree says something about the rows that it was not grown on: the votes of
 * those trees that did not draw a row estimate what the forest is worth on new
 * rows.
 *
 * Above LA_OOB_ROWS rows a sample of them is followed, evenly spaced in
 * canonical order: the standard error of an accuracy is then a fifth of a point
 * at most, and the cost per tree does not grow with the table.
 *
 * Processes add to the same votes at the same time, in any order.  Votes are
 * therefore integers, 2^-50 of a row (of the range, if a number is predicted),
 * whose sum does not depend on that order.
 *
 * Sources: Breiman, Random Forests, Machine Learning 45, 2001; Breiman, Manual
 * on Setting Up, Using and Understanding Random Forests V3.1, 2002.
 */
#include "forest_oob.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "forest_oob_rows.h"
#include "log_core.h"

#define VOTE 1125899906842624.0	/* 2^50: one whole vote */

#if LA_MAX_TREES > 1 << 14
#error "the votes of all trees on a row must fit into 64 bits"
#endif

/* scikit-learn's bound on probabilities: one wrong certainty must not be infinitely bad */
#define MIN_PROBABILITY 1e-15

/* --- memory ------------------------------------------------------------ */

static uint32_t
vote_width(const ForestRows *rows)
{
	return rows->nclasses > 1 ? rows->nclasses : 1;
}

/*
 * la_oob_sample_size
 *		How many rows are followed.
 */
uint32_t
la_oob_sample_size(const ForestRows *rows)
{
	uint32_t	limit = LA_OOB_VOTE_BYTES / (uint32_t) sizeof(uint64_t) / vote_width(rows);

	if (limit > LA_OOB_ROWS)
		limit = LA_OOB_ROWS;
	return rows->total < limit ? rows->total : limit;
}

static size_t
count_offset(const Oob *oob)
{
	return la_oob_records_at() + la_oob_align(oob->sample * sizeof(uint32_t));
}

static size_t
vote_offset(const Oob *oob)
{
	return count_offset(oob) + la_oob_align(oob->sample * sizeof(uint32_t));
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
	Oob			oob = {la_oob_sample_size(rows), vote_width(rows), 0, 0};

	return vote_offset(&oob) + (size_t) oob.sample * oob.width * sizeof(uint64_t);
}

/* --- the rows that are followed ------------------------------------------ */

/* Row j of the sample is the one numbered floor(j * total / sample). */
static inline void
advance(OobCursor *cursor, uint32_t sample, uint32_t quotient, uint32_t remainder)
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
	OobCursor	cursor = la_oob_first_row();
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
	oob->sample = la_oob_sample_size(rows);
	oob->width = vote_width(rows);
	if (rows->nclasses == 0)
		find_range(oob, rows);
	find_records(oob, rows, (uint32_t *) ((char *) oob + la_oob_records_at()));
	return oob;
}

/*
 * la_oob_next_rows
 *		Collect the next rows of the sample that a tree has not drawn, at most
 *		LA_WALK_BATCH; none are left if it returns 0.
 */
uint32_t
la_oob_next_rows(const Oob *oob, const ForestRows *rows, const uint8_t *drawn,
				 OobCursor *cursor, uint32_t *out)
{
	uint32_t	quotient = rows->total / oob->sample;
	uint32_t	remainder = rows->total % oob->sample;
	uint32_t	n = 0;

	/* no branch: which row was drawn cannot be predicted */
	while (n < LA_WALK_BATCH && cursor->next < oob->sample)
	{
		out[n] = cursor->next;
		n += drawn[cursor->number] == 0;
		advance(cursor, oob->sample, quotient, remainder);
	}
	return n;
}

/*
 * la_oob_find_leaves
 *		Walk these rows of the sample down, at most LA_WALK_BATCH; leaf[i] is where
 *		out[i] arrives.
 */
void
la_oob_find_leaves(const Oob *oob, const ForestRows *rows, const ForestTree *tree,
				   const uint32_t *out, uint32_t n, uint32_t *leaf)
{
	const uint32_t *records = la_oob_records(oob);
	uint32_t	walker[LA_WALK_BATCH];
	Walkers		walkers;

	walkers.n = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		/* equal rows are neighbours, and one of them walks for all */
		if (i == 0 || records[out[i]] != records[out[i - 1]])
			la_walk_start(&walkers, la_forest_row(rows, records[out[i]]), 0, 0);
		walker[i] = walkers.n - 1;
	}
	la_walk_down(tree->nodes, &walkers, LA_LEAF);
	for (uint32_t i = 0; i < n; i++)
		leaf[i] = walkers.node[walker[i]];
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
	const ForestCount *run = la_leaf_run(tree, leaf, &nclasses);
	double		sum = 0;

	for (uint32_t i = 0; i < nclasses; i++)
		sum += la_leaf_weight(class_weight, run[i].cls) * run[i].nrows;
	for (uint32_t i = 0; i < nclasses; i++)
		add_vote(&votes[run[i].cls], la_leaf_weight(class_weight, run[i].cls) * run[i].nrows / sum);
}

static void
vote(Oob *oob, const ForestRows *rows, const ForestTree *tree, uint32_t row, uint32_t leaf,
	 const double *class_weight)
{
	const TreeNode *node = &tree->nodes[leaf];
	uint64_t   *votes = (uint64_t *) votes_of(oob, row);

	__atomic_fetch_add((uint32_t *) vote_counts(oob) + row, 1, __ATOMIC_RELAXED);
	if (rows->nclasses == 0)
		add_vote(votes, la_oob_to_unit(oob, tree->means[node->value]));
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
	OobCursor	cursor = la_oob_first_row();
	uint32_t	out[LA_WALK_BATCH];
	uint32_t	leaf[LA_WALK_BATCH];
	uint32_t	n;

	while ((n = la_oob_next_rows(oob, rows, drawn, &cursor, out)) > 0)
	{
		la_oob_find_leaves(oob, rows, tree, out, n, leaf);
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
		cls = la_forest_row_class(rows, la_forest_row(rows, la_oob_records(oob)[row]));
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
	return la_oob_to_unit(oob, la_forest_row_number(rows, la_forest_row(rows, la_oob_records(oob)[row])));
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
