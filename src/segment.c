/*
 * segment.c
 *		SQL entry points of quantile_edges, quartile_segment, quantile_segment,
 *		segment_of and segment_label.
 *
 * The aggregate and the window functions collect the scores of a group or
 * partition in a RowStore and select the edges from it, see quantile_core.c.
 */
#include "liveanalytics.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "args.h"
#include "core/quantile_core.h"
#include "rowstore.h"
#include "stateargs.h"
#include "window.h"

PG_FUNCTION_INFO_V1(quantile_edges_accum);
PG_FUNCTION_INFO_V1(quantile_edges_final);
PG_FUNCTION_INFO_V1(quartile_segment);
PG_FUNCTION_INFO_V1(quantile_segment);
PG_FUNCTION_INFO_V1(segment_of);
PG_FUNCTION_INFO_V1(segment_label);

#define QUARTILES		4

/* what becomes of edges that coincide */
typedef enum Ties
{
	TIES_KEEP,
	TIES_RAISE,
	TIES_DROP
} Ties;

/* state of quantile_edges */
typedef struct EdgesState
{
	int			n;
	Ties		ties;
	RowStore   *scores;			/* those that are not NULL */
} EdgesState;

/* what a window function knows of its partition; zeroed when that begins */
typedef struct PartitionEdges
{
	int			n;				/* 0 until the partition has been read */
	bool		empty;			/* no score but NULL */
	double		edges[LA_QUANTILE_MAX_N + 1];
} PartitionEdges;

static pg_noinline void
report_bad_score(double score)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("score must be a finite number, not %g", score),
			 errhint("A NULL score is left out: NULLIF(score, '%g').", score)));
}

static inline void
check_score(double score)
{
	if (unlikely(!isfinite(score)))
		report_bad_score(score);
}

static pg_noinline void
report_bad_n(bool isnull, int n)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("number of quantiles must not be NULL")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("number of quantiles must be between %d and %d, not %d",
					LA_QUANTILE_MIN_N, LA_QUANTILE_MAX_N, n)));
}

static inline int
check_n(bool isnull, Datum value)
{
	int			n = isnull ? 0 : DatumGetInt32(value);

	if (unlikely(n < LA_QUANTILE_MIN_N || n > LA_QUANTILE_MAX_N))
		report_bad_n(isnull, n);
	return n;
}

static pg_noinline void
report_other_n(int first, int other, const char *where)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("number of quantiles must be the same in all rows of a %s, not %d and %d",
					where, first, other)));
}

/* --- edges of collected scores --------------------------------------------- */

/*
 * select_edges
 *		The n + 1 edges of the collected scores, of which there is one at least.
 *		The store is only read.
 */
static void
select_edges(RowStore *scores, int n, double *edges)
{
	uint64		count = la_rowstore_nrows(scores);
	QuantileSelect *select = palloc(sizeof(QuantileSelect));
	void	   *work = palloc(la_quantile_work_size(count));

	la_quantile_begin(select, n, count, work);
	while (la_quantile_next_pass(select))
	{
		for (int chunk = 0; chunk < la_rowstore_nchunks(scores); chunk++)
		{
			int			nvalues;
			const double *values = la_rowstore_read(scores, chunk, 0, &nvalues);

			CHECK_FOR_INTERRUPTS();
			la_quantile_feed(select, values, nvalues);
		}
	}
	la_quantile_edges(select, edges);

	pfree(work);
	pfree(select);
}

/* --- quantile_edges -------------------------------------------------------- */

static Ties
get_ties(FunctionCallInfo fcinfo, int arg)
{
	text	   *name;
	const char *data;
	int			size;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ties must not be NULL")));

	name = PG_GETARG_TEXT_PP(arg);
	data = VARDATA_ANY(name);
	size = VARSIZE_ANY_EXHDR(name);
	if (size == 4 && memcmp(data, "keep", 4) == 0)
		return TIES_KEEP;
	if (size == 5 && memcmp(data, "raise", 5) == 0)
		return TIES_RAISE;
	if (size == 4 && memcmp(data, "drop", 4) == 0)
		return TIES_DROP;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("ties must be \"keep\", \"raise\" or \"drop\", not \"%s\"",
					text_to_cstring(name))));
}

static EdgesState *
edges_state_create(FunctionCallInfo fcinfo, int n, Ties ties)
{
	EdgesState *state = MemoryContextAllocZero(aggregate_context(fcinfo), sizeof(EdgesState));

	state->n = n;
	state->ties = ties;
	state->scores = la_rowstore_create_for_aggregate(fcinfo, 1);
	return state;
}

/* quantile_edges_accum(state, score, n [, ties]) */
Datum
quantile_edges_accum(PG_FUNCTION_ARGS)
{
	EdgesState *state = PG_ARGISNULL(0) ? NULL : (EdgesState *) PG_GETARG_POINTER(0);
	int			n = check_n(PG_ARGISNULL(2), PG_GETARG_DATUM(2));
	Ties		ties = PG_NARGS() > 3 ? get_ties(fcinfo, 3) : TIES_KEEP;

	if (state == NULL)
		state = edges_state_create(fcinfo, n, ties);
	else if (unlikely(state->n != n))
		report_other_n(state->n, n, "group");
	else if (unlikely(state->ties != ties))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ties must be the same in all rows of a group")));

	if (!PG_ARGISNULL(1))
	{
		double		score = PG_GETARG_FLOAT8(1);

		check_score(score);
		la_rowstore_append(state->scores, &score);
	}
	PG_RETURN_POINTER(state);
}

static void
check_edges_differ(const double *edges, int n)
{
	for (int i = 1; i <= n; i++)
	{
		if (edges[i] == edges[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("edges %d and %d of %d quantiles are both %s",
							i, i + 1, n, la_float8_out(edges[i])),
					 errhint("Use ties \"keep\" or \"drop\".")));
	}
}

/* quantile_edges_final(state): no scores, no edges */
Datum
quantile_edges_final(PG_FUNCTION_ARGS)
{
	EdgesState *state = PG_ARGISNULL(0) ? NULL : (EdgesState *) PG_GETARG_POINTER(0);
	double		edges[LA_QUANTILE_MAX_N + 1];
	int			nedges;

	if (state == NULL || la_rowstore_nrows(state->scores) == 0)
		PG_RETURN_NULL();

	select_edges(state->scores, state->n, edges);
	nedges = state->n + 1;
	if (state->ties == TIES_RAISE)
		check_edges_differ(edges, state->n);
	else if (state->ties == TIES_DROP)
		nedges = la_quantile_drop_ties(edges, nedges);
	PG_RETURN_ARRAYTYPE_P(la_float8_array(edges, nedges));
}

/* --- window functions ------------------------------------------------------ */

static void
collect_score(void *scores, double score)
{
	check_score(score);
	la_rowstore_append(scores, &score);
}

static void
read_partition(WindowObject winobj, PartitionEdges *partition, int n)
{
	RowStore   *scores = la_rowstore_create(CurrentMemoryContext, 1, true);

	la_window_read_partition(winobj, "score expressions", collect_score, scores);
	partition->empty = la_rowstore_nrows(scores) == 0;
	if (!partition->empty)
		select_edges(scores, n, partition->edges);
	la_rowstore_free(scores);
	partition->n = n;
}

/* Segment of the current row; its partition is read once, at the first row. */
static Datum
current_segment(FunctionCallInfo fcinfo, int n)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	PartitionEdges *partition = WinGetPartitionLocalMemory(winobj, sizeof(PartitionEdges));
	Datum		value;
	bool		isnull;

	if (partition->n == 0)
		read_partition(winobj, partition, n);
	else if (unlikely(partition->n != n))
		report_other_n(partition->n, n, "partition");

	value = WinGetFuncArgCurrent(winobj, 0, &isnull);
	/* a volatile expression may give a score where there was none before */
	if (isnull || partition->empty)
		PG_RETURN_NULL();
	check_score(DatumGetFloat8(value));
	PG_RETURN_INT32(la_segment_of(partition->edges, n + 1, DatumGetFloat8(value)));
}

/* quartile_segment(score) */
Datum
quartile_segment(PG_FUNCTION_ARGS)
{
	return current_segment(fcinfo, QUARTILES);
}

/* quantile_segment(score, n) */
Datum
quantile_segment(PG_FUNCTION_ARGS)
{
	bool		isnull;
	Datum		n = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), 1, &isnull);

	return current_segment(fcinfo, check_n(isnull, n));
}

/* --- segments by stored edges ---------------------------------------------- */

static void
check_edges(const double *edges, int nedges)
{
	for (int i = 0; i < nedges; i++)
	{
		if (unlikely(isnan(edges[i])))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("edges must not contain NaN, as at position %d", i + 1)));
		if (unlikely(i > 0 && edges[i] < edges[i - 1]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("edges must not descend, as from %s to %s at position %d",
							la_float8_out(edges[i - 1]), la_float8_out(edges[i]), i + 1)));
	}
}

/* At least two numbers that do not descend; the outer ones may be infinite. */
static const double *
get_edges(ArrayType *array, int *nedges)
{
	const double *edges;

	*nedges = la_vector_length(array, "edges");
	if (*nedges < 2)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("edges must have at least 2 elements, not %d", *nedges)));
	if (la_vector_has_null(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("edges must not contain NULL")));
	edges = (const double *) ARR_DATA_PTR(array);
	check_edges(edges, *nedges);
	return edges;
}

/* segment_of(score, edges) */
Datum
segment_of(PG_FUNCTION_ARGS)
{
	double		score = PG_GETARG_FLOAT8(0);
	int			nedges;
	const double *edges = get_edges(PG_GETARG_ARRAYTYPE_P(1), &nedges);

	if (unlikely(isnan(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must be a number, not NaN"),
				 errhint("The segment of a NULL score is NULL: NULLIF(score, 'NaN').")));
	PG_RETURN_INT32(la_segment_of(edges, nedges, score));
}

/* segment_label(segment, lang) */
Datum
segment_label(PG_FUNCTION_ARGS)
{
	static const char *const english[] = {"low", "medium", "high", "very high"};
	static const char *const chinese[] = {"低互动", "中互动", "高互动", "极高互动"};
	int			segment = PG_GETARG_INT32(0);
	char	   *lang = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (segment < 1 || segment > QUARTILES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segment must be between 1 and %d, not %d", QUARTILES, segment)));
	if (strcmp(lang, "en") == 0)
		PG_RETURN_TEXT_P(cstring_to_text(english[segment - 1]));
	if (strcmp(lang, "zh") == 0)
	{
		const char *label = chinese[segment - 1];	/* in UTF-8 */

		PG_RETURN_TEXT_P(cstring_to_text(pg_any_to_server(label, strlen(label), PG_UTF8)));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("lang must be \"en\" or \"zh\", not \"%s\"", lang)));
}
