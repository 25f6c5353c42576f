/*
 * kmeans_lanes.h
 *		The loops of kmeans_search.c, written for vectors of WIDTH doubles and
 *		included once for each width.  The names end in SUFFIX.
 *
 * Eight lanes are PARTS vectors; as one vector of eight, or as arrays of
 * doubles, compilers make poor use of registers that are narrower.
 */
#define JOIN_(name, suffix) name##suffix
#define JOIN(name, suffix) JOIN_(name, suffix)
#define VECTOR JOIN(Vector, SUFFIX)
#define VECTOR_AT JOIN(VectorAt, SUFFIX)
#define MASK JOIN(Mask, SUFFIX)
#define PARTS (LANES / WIDTH)

/* in registers; wherever a double may lie; what comparing two of them gives */
typedef double VECTOR __attribute__((vector_size(WIDTH * sizeof(double))));
typedef double VECTOR_AT __attribute__((vector_size(WIDTH * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t MASK __attribute__((vector_size(WIDTH * sizeof(int64_t))));

HELPER void
JOIN(squares_of_block, SUFFIX) (const double *row, const double *block, uint32_t p, VECTOR *squares)
{
	VECTOR		sum[PARTS] = {0};

	for (uint32_t j = 0; j < p; j++, block += LANES)
	{
		for (int part = 0; part < PARTS; part++)
		{
			VECTOR		d = row[j] - *(const VECTOR_AT *) (block + part * WIDTH);

			sum[part] += d * d;
		}
	}
	for (int part = 0; part < PARTS; part++)
		squares[part] = sum[part];
}

HELPER VECTOR
JOIN(choose, SUFFIX) (MASK mask, VECTOR yes, VECTOR no)
{
	return (VECTOR) ((mask & (MASK) yes) | (~mask & (MASK) no));
}

/* The smallest and the second smallest of what each lane of two parts has. */
HELPER void
JOIN(merge_parts, SUFFIX) (VECTOR *low, VECTOR *high, VECTOR other_low, VECTOR other_high)
{
	VECTOR		worse = JOIN(choose, SUFFIX) (*low < other_low, other_low, *low);
	VECTOR		second = JOIN(choose, SUFFIX) (*high < other_high, *high, other_high);

	*low = JOIN(choose, SUFFIX) (*low < other_low, *low, other_low);
	*high = JOIN(choose, SUFFIX) (worse < second, worse, second);
}

/* The two smallest of eight, and the first that is the smallest; no branches. */
HELPER void
JOIN(least_of_block, SUFFIX) (const VECTOR *squares, KmeansPair *pair)
{
	VECTOR		infinite = INFINITY - (VECTOR) {0};
	VECTOR		low = squares[0];
	VECTOR		high = infinite;
	MASK		found = {0};
	MASK		bit;
	int64_t		bits = 0;
	double		best;
	double		second;

	for (int part = 1; part < PARTS; part++)
		JOIN(merge_parts, SUFFIX) (&low, &high, squares[part], infinite);
	best = low[0];
	second = high[0];
	for (int lane = 1; lane < WIDTH; lane++)
	{
		double		worse = larger(best, low[lane]);

		best = smaller(best, low[lane]);
		second = smaller(smaller(second, high[lane]), worse);
	}
	for (int lane = 0; lane < WIDTH; lane++)
		bit[lane] = INT64_C(1) << lane;
	for (int part = 0; part < PARTS; part++, bit <<= WIDTH)
		found |= (squares[part] == best) & bit;
	for (int lane = 0; lane < WIDTH; lane++)
		bits |= found[lane];
	pair->best = best;
	pair->second = second;
	pair->index = (uint32_t) __builtin_ctzll((uint64_t) bits);
}

FUNCTION void
JOIN(pairs, SUFFIX) (const KmeansSearch *search, const uint32_t *list, uint32_t n,
					 uint32_t first_block, uint32_t end_block, KmeansPair *pairs)
{
	uint32_t	p = search->p;

	touch_rows(search, list, n);
	for (uint32_t i = 0; i < n; i++)
	{
		const double *row = search->rows + (size_t) list[i] * p;
		VECTOR		squares[PARTS];
		KmeansPair	pair;

		JOIN(squares_of_block, SUFFIX) (row, search->blocks + (size_t) first_block * LANES * p, p, squares);
		JOIN(least_of_block, SUFFIX) (squares, &pair);
		pair.index += first_block * LANES;
		for (uint32_t b = first_block + 1; b < end_block; b++)
		{
			KmeansPair	other;

			JOIN(squares_of_block, SUFFIX) (row, search->blocks + (size_t) b * LANES * p, p, squares);
			JOIN(least_of_block, SUFFIX) (squares, &other);
			pair.second = smaller(larger(pair.best, other.best), smaller(pair.second, other.second));
			if (other.best < pair.best)
			{
				pair.best = other.best;
				pair.index = other.index + b * LANES;
			}
		}
		pairs[i] = pair;
	}
}

/*
 * For n rows: lower "closest" by the distance to centre 0 of the only block,
 * and add up for each centre what the rows would pay if it were there too.
 */
FUNCTION void
JOIN(seed, SUFFIX) (const KmeansSearch *search, uint32_t first, uint32_t n, const uint32_t *weights,
					double *closest, double *potential)
{
	uint32_t	p = search->p;
	double		sum[LANES] = {0};

	for (uint32_t i = first; i < first + n; i++)
	{
		VECTOR		squares[PARTS];
		double		weight = weights ? weights[i] : 1;

		JOIN(squares_of_block, SUFFIX) (search->rows + (size_t) i * p, search->blocks, p, squares);
		closest[i] = smaller(squares[0][0], closest[i]);
		for (int lane = 0; lane < LANES; lane++)
			sum[lane] += weight * smaller(squares[lane / WIDTH][lane % WIDTH], closest[i]);
	}
	for (int lane = 0; lane < LANES; lane++)
		potential[lane] = sum[lane];
}

#undef JOIN_
#undef JOIN
#undef VECTOR
#undef VECTOR_AT
#undef MASK
#undef PARTS
