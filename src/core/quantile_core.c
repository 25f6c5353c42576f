/*
 * quantile_core.c
 *		Quantile edges of a sample, by selection, and the segment of a score.
 *
 * Edges are the quantiles of type 7 of Hyndman & Fan, Sample Quantiles in
 * Statistical Packages, The American Statistician 50 (1996), in the arithmetic
 * of numpy.quantile(x, numpy.linspace(0, 1, n + 1)).
 *
 * The order statistics are found without sorting.  A double becomes an integer
 * key of the same order.  One pass over the values counts the keys by their
 * first 16 bits; the counts tell in which buckets the wanted ranks are.  While
 * these hold too many keys, another pass counts their next bits; then a last
 * pass gathers the keys of all the buckets, to be selected from in memory.  So
 * the values may be anywhere, are read in chunks in any order, and the memory
 * needed is bounded by WORK_KEYS.  See Musser, Introspective Sorting and
 * Selection Algorithms, Software: Practice and Experience 27 (1997), for the
 * selection in memory.
 */
#include "quantile_core.h"

#include <math.h>
#include <string.h>

#include "radix.h"

#define TOP_BITS		16
#define WORK_KEYS		((uint64_t) 1 << TOP_BITS)

#define BLOCK_KEYS		512		/* picked at a time */
#define SMALL_RANGE		16		/* sorted by insertion */
#define MAX_BOUNDS		64

/* Keys compare as the values do; -0 is 0. */
static inline uint64_t
key_of(double value)
{
	return la_key_of_double(value + 0.0);
}

/* The position of edge i among the sorted values, counted from 0. */
static double
edge_position(int i, int n, uint64_t count)
{
	/* as numpy.linspace: a multiple of the rounded step, the last one exact */
	double		q = i < n ? i * (1.0 / n) : 1.0;

	return q * (double) (count - 1);
}

/* The ranks below and above a position, and the way between them. */
static void
neighbours(double position, uint64_t count, uint64_t *below, uint64_t *above, double *t)
{
	if (position >= (double) (count - 1))
	{
		*below = *above = count - 1;
		*t = 0;
		return;
	}
	*below = (uint64_t) position;
	*above = *below + 1;
	*t = position - (double) *below;
}

/*
 * la_quantile_work_size
 *		Bytes of memory that a selection from "count" values works in: those
 *		of the values, but never more than 640 kB.
 */
size_t
la_quantile_work_size(uint64_t count)
{
	if (count <= WORK_KEYS)
		return (size_t) count * sizeof(uint64_t);
	return (size_t) WORK_KEYS * (sizeof(uint64_t) + sizeof(uint8_t));
}

/* Ask for the rank unless it is the newest wanted one or lies below it. */
static void
want_rank(QuantileSelect *s, uint64_t rank)
{
	if (s->nranks == 0 || s->rank[s->nranks - 1] < rank)
		s->rank[s->nranks++] = rank;
}

/*
 * la_quantile_begin
 *		Prepare to find the n + 1 edges of "count" finite values, count > 0.
 *
 * "work" has la_quantile_work_size bytes, aligned for a uint64_t; it must stay
 * until the edges are there.  Then, as long as la_quantile_next_pass says so,
 * all values are to be fed, the same ones each time, in any order and portions;
 * after that la_quantile_edges gives the edges.
 */
void
la_quantile_begin(QuantileSelect *s, int n, uint64_t count, void *work)
{
	s->n = n;
	s->count = count;
	s->phase = LA_QUANTILE_START;
	s->unknown = 64;
	s->bits = 0;
	s->work = work;
	s->slots = count > WORK_KEYS ? (uint8_t *) (s->work + WORK_KEYS) : NULL;

	s->nranks = 0;
	for (int i = 0; i <= n; i++)
	{
		uint64_t	below;
		uint64_t	above;
		double		t;

		/* positions ascend, so that ranks do */
		neighbours(edge_position(i, n, count), count, &below, &above, &t);
		want_rank(s, below);
		want_rank(s, above);
	}

	memset(&s->bucket[0], 0, sizeof(QuantileBucket));
	s->bucket[0].count = count;
	s->bucket[0].nranks = s->nranks;
	s->nbuckets = 1;
}

/* --- selection among gathered keys ----------------------------------------- */

static void
insertion_sort(uint64_t *keys, size_t lo, size_t hi)
{
	for (size_t i = lo + 1; i < hi; i++)
	{
		uint64_t	key = keys[i];
		size_t		j = i;

		for (; j > lo && keys[j - 1] > key; j--)
			keys[j] = keys[j - 1];
		keys[j] = key;
	}
}

static void
sift_down(uint64_t *keys, size_t root, size_t n)
{
	uint64_t	key = keys[root];
	size_t		child;

	while ((child = 2 * root + 1) < n)
	{
		if (child + 1 < n && keys[child] < keys[child + 1])
			child++;
		if (keys[child] <= key)
			break;
		keys[root] = keys[child];
		root = child;
	}
	keys[root] = key;
}

/* for the rare range that does not split well */
static void
heap_sort(uint64_t *keys, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(keys, i, n);
	for (size_t i = n; i-- > 1;)
	{
		uint64_t	last = keys[i];

		keys[i] = keys[0];
		keys[0] = last;
		sift_down(keys, 0, i);
	}
}

static uint64_t
median_of_3(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t	least = a < b ? a : b;
	uint64_t	greatest = a < b ? b : a;

	return c < least ? least : c > greatest ? greatest : c;
}

/*
 * Split keys[lo .. hi) in two: none on the left is above any on the right.
 * Returns where the right part begins; neither part is empty.  Keys equal to
 * the pivot change sides, so that equal keys split evenly (Hoare's partition).
 */
static size_t
partition(uint64_t *keys, size_t lo, size_t hi)
{
	uint64_t	pivot = median_of_3(keys[lo], keys[lo + (hi - lo - 1) / 2], keys[hi - 1]);
	size_t		i = lo;
	size_t		j = hi - 1;

	for (;;)
	{
		uint64_t	key;

		while (keys[i] < pivot)
			i++;
		while (keys[j] > pivot)
			j--;
		if (i >= j)
			break;
		key = keys[i];
		keys[i++] = keys[j];
		keys[j--] = key;
	}
	/* i stands on a key >= pivot or has just passed j: both sides hold keys */
	return i > lo ? i : lo + 1;
}

/*
 * Find the keys that the wanted ranks of a bucket stand for, from the lowest
 * rank up.  bounds[] are the places where partitions above the current rank
 * began: no key before a bound is above one after it, so the next rank starts
 * from there (Paredes & Navarro, Optimal Incremental Sorting, ALENEX 2006).
 */
static void
select_ranks(QuantileSelect *s, const QuantileBucket *bucket, uint64_t *keys)
{
	size_t		bounds[MAX_BOUNDS];
	int			nbounds = 1;
	size_t		lo = 0;
	size_t		sorted = 0;		/* keys[lo .. sorted) are sorted */

	bounds[0] = (size_t) bucket->count;
	for (int r = bucket->first_rank; r < bucket->first_rank + bucket->nranks; r++)
	{
		size_t		place = (size_t) (s->rank[r] - bucket->before);
		int			splits = 0;

		while (place >= bounds[nbounds - 1])
			lo = bounds[--nbounds];
		if (place >= sorted)
		{
			size_t		hi;

			while ((hi = bounds[nbounds - 1]) - lo > SMALL_RANGE &&
				   nbounds < MAX_BOUNDS && splits++ < MAX_BOUNDS)
			{
				size_t		middle = partition(keys, lo, hi);

				if (place >= middle)
					lo = middle;
				else
					bounds[nbounds++] = middle;
			}
			if (hi - lo > SMALL_RANGE)
				heap_sort(keys + lo, hi - lo);
			else
				insertion_sort(keys, lo, hi);
			sorted = hi;
		}
		s->value[r] = la_double_of_key(keys[place]);
	}
}

/* --- passes ---------------------------------------------------------------- */

static void
settle(QuantileSelect *s, const QuantileBucket *bucket, uint64_t key)
{
	for (int r = bucket->first_rank; r < bucket->first_rank + bucket->nranks; r++)
		s->value[r] = la_double_of_key(key);
}

/*
 * The wanted ranks of a bucket lie in some of the parts into which its keys
 * were counted: these are buckets of the next pass, from next[nnext] on.
 */
static int
split_bucket(QuantileSelect *s, const QuantileBucket *bucket,
			 const uint64_t *counts, int nnext)
{
	uint64_t	before = bucket->before;
	int			r = bucket->first_rank;
	int			end = r + bucket->nranks;

	for (uint64_t part = 0; r < end; part++)
	{
		uint64_t	count = counts[part];
		QuantileBucket *next;

		if (s->rank[r] < before + count)
		{
			next = &s->next[nnext++];
			memset(next, 0, sizeof(*next));
			next->prefix = bucket->prefix << s->bits | part;
			next->before = before;
			next->count = count;
			next->first_rank = r;
			while (r < end && s->rank[r] < before + count)
				r++;
			next->nranks = r - next->first_rank;
		}
		before += count;
	}
	return nnext;
}

static inline size_t
slots_index(const QuantileSelect *s, uint64_t prefix)
{
	return (size_t) (prefix >> s->slots_shift & (WORK_KEYS - 1));
}

/* Look buckets up by the first 16 bits in which not all of them agree. */
static void
assign_slots(QuantileSelect *s)
{
	uint64_t	differ = s->bucket[0].prefix ^ s->bucket[s->nbuckets - 1].prefix;

	s->slots_shift = 0;
	while (differ >> s->slots_shift >= WORK_KEYS)
		s->slots_shift++;
	s->direct = true;
	s->prefix[0] = UINT64_MAX;	/* no prefix: some bits are unknown */

	memset(s->slots, 0, (size_t) WORK_KEYS);
	for (int i = 0; i < s->nbuckets; i++)
	{
		uint8_t    *slot = &s->slots[slots_index(s, s->bucket[i].prefix)];

		if (*slot == 0)
			*slot = (uint8_t) (i + 1);
		else
			s->direct = false;
		s->prefix[i + 1] = s->bucket[i].prefix;
	}
}

/* After a counting pass: narrower buckets, but for those of one value. */
static void
end_count(QuantileSelect *s)
{
	bool		first = s->unknown == 64;
	int			nnext = 0;

	for (int i = 0; i < s->nbuckets; i++)
	{
		const QuantileBucket *bucket = &s->bucket[i];

		if (!first && bucket->low == bucket->high)
			settle(s, bucket, bucket->low);
		else
			nnext = split_bucket(s, bucket, s->work + ((size_t) i << s->bits), nnext);
	}
	memcpy(s->bucket, s->next, (size_t) nnext * sizeof(QuantileBucket));
	s->nbuckets = nnext;
	s->unknown -= s->bits;

	if (s->nbuckets > 0 && s->unknown > 0)
		assign_slots(s);
	else
	{
		for (int i = 0; i < s->nbuckets; i++)
			settle(s, &s->bucket[i], s->bucket[i].prefix);
		s->nbuckets = 0;
	}
}

static void
end_gather(QuantileSelect *s)
{
	uint64_t   *keys = s->work;

	for (int i = 0; i < s->nbuckets; i++)
	{
		select_ranks(s, &s->bucket[i], keys);
		keys += s->bucket[i].count;
	}
	s->nbuckets = 0;
}

/* The keys are to lie bucket after bucket. */
static void
begin_gather(QuantileSelect *s)
{
	uint64_t	fill = 0;

	s->phase = LA_QUANTILE_GATHER;
	for (int i = 0; i < s->nbuckets; i++)
	{
		s->bucket[i].fill = fill;
		fill += s->bucket[i].count;
	}
}

/* Count as many further bits as there are counters for. */
static void
begin_count(QuantileSelect *s)
{
	s->phase = LA_QUANTILE_COUNT;
	s->bits = TOP_BITS;
	while ((uint64_t) s->nbuckets << s->bits > WORK_KEYS)
		s->bits--;
	if (s->bits > s->unknown)
		s->bits = s->unknown;
	memset(s->work, 0, ((size_t) s->nbuckets << s->bits) * sizeof(uint64_t));

	for (int i = 0; i < s->nbuckets; i++)
	{
		s->bucket[i].low = UINT64_MAX;
		s->bucket[i].high = 0;
	}
}

/*
 * la_quantile_next_pass
 *		Draw the conclusions of the pass that was fed; whether another one is
 *		to follow.
 *
 * Up to 65,536 values take 1 pass, more of them usually 2 or 3, and 7 at the
 * worst (100 quantiles that differ in their last bits only).
 */
bool
la_quantile_next_pass(QuantileSelect *s)
{
	uint64_t	keys = 0;

	if (s->phase == LA_QUANTILE_COUNT)
		end_count(s);
	else if (s->phase == LA_QUANTILE_GATHER)
		end_gather(s);

	if (s->nbuckets == 0)
	{
		s->phase = LA_QUANTILE_DONE;
		return false;
	}

	for (int i = 0; i < s->nbuckets; i++)
		keys += s->bucket[i].count;
	if (keys <= WORK_KEYS)
		begin_gather(s);
	else
		begin_count(s);
	return true;
}

/* The only slot that may have this prefix, 0 if there is none. */
static inline size_t
find_slot(const QuantileSelect *s, uint64_t prefix)
{
	size_t		slot = s->slots[slots_index(s, prefix)];

	if (!s->direct && slot != 0)
	{
		size_t		last = (size_t) s->nbuckets;

		while (slot < last)
		{
			size_t		middle = (slot + last) / 2;

			if (s->prefix[middle] < prefix)
				slot = middle + 1;
			else
				last = middle;
		}
	}
	return slot;
}

/*
 * Pick the keys that belong to a bucket.  Whether one does is as good as
 * random, so there is no branch that depends on it.
 */
static size_t
pick_keys(const QuantileSelect *s, const double *values, size_t nvalues,
		  uint64_t *keys, uint8_t *slots)
{
	size_t		nkeys = 0;

	for (size_t v = 0; v < nvalues; v++)
	{
		uint64_t	key = key_of(values[v]);
		uint64_t	prefix = key >> s->unknown;
		size_t		slot = find_slot(s, prefix);

		keys[nkeys] = key;
		slots[nkeys] = (uint8_t) slot;
		nkeys += s->prefix[slot] == prefix;
	}
	return nkeys;
}

static void
count_further(QuantileSelect *s, const uint64_t *keys, const uint8_t *slots, size_t nkeys)
{
	int			shift = s->unknown - s->bits;
	uint64_t	mask = ((uint64_t) 1 << s->bits) - 1;

	for (size_t k = 0; k < nkeys; k++)
	{
		uint64_t	key = keys[k];
		size_t		i = slots[k] - (size_t) 1;
		QuantileBucket *bucket = &s->bucket[i];

		s->work[(i << s->bits) + (size_t) (key >> shift & mask)]++;
		if (key < bucket->low)
			bucket->low = key;
		if (key > bucket->high)
			bucket->high = key;
	}
}

static void
gather(QuantileSelect *s, const uint64_t *keys, const uint8_t *slots, size_t nkeys)
{
	for (size_t k = 0; k < nkeys; k++)
		s->work[s->bucket[slots[k] - 1].fill++] = keys[k];
}

/* Take values of a pass after the first. */
static void
feed_further(QuantileSelect *s, const double *values, size_t nvalues)
{
	uint64_t	keys[BLOCK_KEYS];
	uint8_t		slots[BLOCK_KEYS];

	for (size_t v = 0; v < nvalues; v += BLOCK_KEYS)
	{
		size_t		rest = nvalues - v;
		size_t		nkeys = pick_keys(s, values + v, rest < BLOCK_KEYS ? rest : BLOCK_KEYS,
									  keys, slots);

		if (s->phase == LA_QUANTILE_COUNT)
			count_further(s, keys, slots, nkeys);
		else
			gather(s, keys, slots, nkeys);
	}
}

/*
 * la_quantile_feed
 *		Take some of the values of this pass, finite ones.
 */
void
la_quantile_feed(QuantileSelect *s, const double *values, size_t nvalues)
{
	if (s->unknown < 64)
		feed_further(s, values, nvalues);
	else if (s->phase == LA_QUANTILE_COUNT)
	{
		for (size_t v = 0; v < nvalues; v++)
			s->work[key_of(values[v]) >> (64 - TOP_BITS)]++;
	}
	else
	{
		uint64_t   *to = s->work + s->bucket[0].fill;

		for (size_t v = 0; v < nvalues; v++)
			to[v] = key_of(values[v]);
		s->bucket[0].fill += nvalues;
	}
}

/* --- edges and segments ---------------------------------------------------- */

/*
 * The point t of the way from a to b, 0 <= t < 1, computed from the nearer end
 * as numpy's _lerp does.  Where b - a overflows, numpy gives an infinity or
 * NaN; the weighted mean of the ends, which cannot overflow, is taken then.
 */
static double
interpolate(double a, double b, double t)
{
	double		diff = b - a;
	double		result;

	if (isinf(diff))
		return a * (1 - t) + b * t;
	result = t >= 0.5 ? b - diff * (1 - t) : a + diff * t;
	return result + 0.0;		/* no negative zero */
}

/*
 * la_quantile_edges
 *		The n + 1 edges, once la_quantile_next_pass has said that all is known.
 *
 * They do not descend; the first is the least value, the last the greatest.
 * All are finite, and none is a negative zero.
 */
void
la_quantile_edges(const QuantileSelect *s, double *edges)
{
	int			r = 0;

	for (int i = 0; i <= s->n; i++)
	{
		uint64_t	below;
		uint64_t	above;
		double		t;

		neighbours(edge_position(i, s->n, s->count), s->count, &below, &above, &t);
		while (s->rank[r] < below)
			r++;
		edges[i] = above == below ? s->value[r] :
			interpolate(s->value[r], s->value[r + 1], t);
	}
}

/*
 * la_quantile_drop_ties
 *		Keep one of the edges that coincide; returns how many remain.
 *
 * If all coincide the two ends stay, so that there is a segment to be in.
 */
int
la_quantile_drop_ties(double *edges, int nedges)
{
	int			kept = 1;

	for (int i = 1; i < nedges; i++)
	{
		if (edges[i] != edges[kept - 1])
			edges[kept++] = edges[i];
	}
	return kept < 2 ? 2 : kept;
}

/*
 * la_segment_of
 *		The segment, from 1 to nedges - 1, that a score falls in: the number
 *		of edges before the last that are below it, at least 1.
 *
 * Segments are closed on the right and the first holds its lower edge; what is
 * beyond the outer edges belongs to the first and last segment.  The edges, at
 * least 2, do not descend; neither they nor the score are NaN.
 */
int
la_segment_of(const double *edges, int nedges, double score)
{
	int			lo = 1;			/* edges before lo are below the score, but for */
	int			hi = nedges - 1;	/* the first; those from hi on are not, or last */

	while (lo < hi)
	{
		int			middle = (lo + hi) / 2;

		if (edges[middle] < score)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}
