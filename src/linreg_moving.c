/*
 * linreg_moving.c
 *		Linear regression over a window frame whose start moves.
 *
 *----------
 * A row that leaves the frame is not subtracted: where it was large, the
 * rounding of its squares would stay behind in the sums for ever.  Sums are
 * only ever added up, and are those of the rows in the frame and of no others.
 *
 * Rows leave in the order in which they came, so the frame is a queue in two
 * parts.  Of the back, where rows come in, one model is kept.  Of the front,
 * where they leave, there is a model for every row: that of this row and all
 * after it, up to the back.  The model of the frame is that of its first row
 * merged with the back's.  When the front has run out, all rows of the back
 * become the front (the aggregation of a queue by two stacks; Tangwongsan,
 * Hirzel & Schneider, Low-latency sliding-window aggregation in worst-case
 * constant time, DEBS 2017, section 2).
 *
 * To save memory the front has a model for each block of rows only, and one
 * for each row of the block that is leaving.  So a row is added to a model
 * three times, whatever the length of the frame.
 *----------
 */
#include "liveanalytics.h"

#include "linreg_row.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(linreg_enter);
PG_FUNCTION_INFO_V1(linreg_enter_array);
PG_FUNCTION_INFO_V1(linreg_enter_weighted);
PG_FUNCTION_INFO_V1(linreg_enter_array_weighted);
PG_FUNCTION_INFO_V1(linreg_enter_origin);
PG_FUNCTION_INFO_V1(linreg_enter_origin_array);
PG_FUNCTION_INFO_V1(linreg_enter_origin_weighted);
PG_FUNCTION_INFO_V1(linreg_enter_origin_array_weighted);
PG_FUNCTION_INFO_V1(linreg_leave);
PG_FUNCTION_INFO_V1(linreg_frame);

/* rows of a block */
#define BLOCK 64

/* what is kept of a row besides its numbers */
#define ROW_KIND	3			/* a LinregRowKind */
#define ROW_SHOWS	4			/* the row shows the number of features */

/* the rows of a frame, and the models of its parts */
typedef struct Frame
{
	MemoryContext context;		/* of all that follows */
	int			flags;			/* of the models */
	int			p;				/* features */
	int64		showing;		/* rows that show how many there are */
	bool		given_up;		/* too many rows: only "back" is kept */

	/* rows are numbered as they come; row i is at i % capacity */
	int64		first;
	int64		boundary;		/* first of the back */
	int64		end;			/* after the last */
	int64		capacity;
	uint8	   *kinds;
	double	   *values;			/* y, weight and x of each row */

	LinregState *back;
	Size		size;			/* of a model */
	char	   *blocks;			/* models of the last block before the boundary,
								 * the last two, .. */
	char	   *rows;			/* models of the rows from the last one of the
								 * leaving block, the last two, .. */
	int64		block;			/* which one that is, from the boundary; -1: none */
} Frame;

/* --- rows ----------------------------------------------------------------- */

static double *
row_values(const Frame *frame, int64 i)
{
	return frame->values + (i % frame->capacity) * (frame->p + 2);
}

/* Bytes that so many rows may take, with the models of the front. */
static Size
rows_size(const Frame *frame, int64 rows)
{
	Size		each = (frame->p + 2) * sizeof(double) + sizeof(uint8);

	return add_size(mul_size(rows, each), mul_size(rows / BLOCK + BLOCK, frame->size));
}

/* Room for "capacity" rows, into which those that are there move. */
static void
resize(Frame *frame, int64 capacity)
{
	Frame		old = *frame;

	frame->capacity = capacity;
	frame->kinds = MemoryContextAllocHuge(frame->context, capacity);
	frame->values = MemoryContextAllocHuge(frame->context, mul_size(capacity, (frame->p + 2) * sizeof(double)));
	for (int64 i = frame->first; i < frame->end; i++)
	{
		frame->kinds[i % capacity] = old.kinds[i % old.capacity];
		if ((frame->kinds[i % capacity] & ROW_KIND) == LINREG_COUNTED)
			memcpy(row_values(frame, i), row_values(&old, i), (frame->p + 2) * sizeof(double));
	}
	if (old.capacity > 0)
	{
		pfree(old.kinds);
		pfree(old.values);
	}
}

/* Count a row, which is y, weight and x, in a model. */
static void
count_row(LinregState *state, LinregRowKind kind, const double *values)
{
	if (kind == LINREG_COUNTED)
		la_linreg_check_result(linreg_add_row(state, values[0], values + 2, values[1]));
	else if (kind == LINREG_SKIPPED)
		la_linreg_check_result(la_linreg_skip(state));
}

static void
add_row(const Frame *frame, LinregState *state, int64 i)
{
	count_row(state, frame->kinds[i % frame->capacity] & ROW_KIND, row_values(frame, i));
}

/* --- models --------------------------------------------------------------- */

static LinregState *
model_at(const Frame *frame, char *models, int64 k)
{
	return (LinregState *) (models + k * frame->size);
}

static void
empty_model(const Frame *frame, LinregState *state)
{
	la_linreg_init(state, frame->p, frame->flags);
	SET_VARSIZE(state, frame->size);
}

/* "state" becomes the model of the last k blocks before the boundary. */
static void
start_from_block(const Frame *frame, LinregState *state, int64 k)
{
	if (k == 0)
		empty_model(frame, state);
	else
		memcpy(state, model_at(frame, frame->blocks, k - 1), frame->size);
}

/* The whole frame becomes the front: models of its whole blocks. */
static void
turn_over(Frame *frame)
{
	int64		nblocks = (frame->end - frame->first) / BLOCK;

	if (frame->blocks != NULL)
		pfree(frame->blocks);
	frame->blocks = MemoryContextAllocHuge(frame->context, mul_size(Max(nblocks, 1), frame->size));
	frame->boundary = frame->end;
	frame->block = -1;
	for (int64 k = 0; k < nblocks; k++)
	{
		LinregState *state = model_at(frame, frame->blocks, k);

		CHECK_FOR_INTERRUPTS();
		start_from_block(frame, state, k);
		for (int64 i = 1; i <= BLOCK; i++)
			add_row(frame, state, frame->boundary - k * BLOCK - i);
	}
	empty_model(frame, frame->back);
}

/* Models of all rows of a block, from its last one on. */
static void
open_block(Frame *frame, int64 block)
{
	int64		after = frame->boundary - block * BLOCK;

	for (int64 k = 0; k < BLOCK && after - k > frame->first; k++)
	{
		LinregState *state = model_at(frame, frame->rows, k);

		if (k == 0)
			start_from_block(frame, state, block);
		else
			memcpy(state, model_at(frame, frame->rows, k - 1), frame->size);
		add_row(frame, state, after - k - 1);
	}
	frame->block = block;
}

/* A new model, in the current context: that of all rows of the frame. */
static LinregState *
frame_model(const Frame *frame)
{
	LinregState *state = palloc(frame->size);
	int64		left = frame->boundary - frame->first;

	if (left == 0)
		memcpy(state, frame->back, frame->size);
	else
	{
		memcpy(state, model_at(frame, frame->rows, (left - 1) % BLOCK), frame->size);
		la_linreg_check_result(la_linreg_merge(state, frame->back));
	}
	return state;
}

/* --- a frame -------------------------------------------------------------- */

/* The models are of p features from now on; no row shows another number. */
static void
set_features(Frame *frame, int p)
{
	frame->p = p;
	frame->size = la_linreg_size(p);
	frame->back = MemoryContextAlloc(frame->context, frame->size);
	frame->rows = MemoryContextAllocHuge(frame->context, BLOCK * frame->size);
	if (frame->capacity > 0)
		frame->values = MemoryContextAllocHuge(frame->context, mul_size(frame->capacity, (p + 2) * sizeof(double)));
	frame->boundary = frame->first;
	frame->block = -1;
	empty_model(frame, frame->back);
	for (int64 i = frame->first; i < frame->end; i++)
		add_row(frame, frame->back, i);
}

/* The same while there are rows, none of which shows how many features it has. */
static void
change_features(Frame *frame, int p)
{
	Frame		old = *frame;

	if (frame->showing > 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of features must be %d as in the rows before, not %d", frame->p, p)));
	set_features(frame, p);
	pfree(old.back);
	pfree(old.rows);
	if (old.capacity > 0)
		pfree(old.values);
}

static Frame *
new_frame(MemoryContext context, int flags)
{
	Frame	   *frame = MemoryContextAllocZero(context, sizeof(Frame));

	frame->context = context;
	frame->flags = flags;
	set_features(frame, 0);
	return frame;
}

/* The rows take more memory than they may: PostgreSQL will come with them again. */
static void
give_up(Frame *frame)
{
	LinregState *state = frame_model(frame);

	memcpy(frame->back, state, frame->size);
	pfree(state);
	pfree(frame->kinds);
	pfree(frame->values);
	if (frame->blocks != NULL)
		pfree(frame->blocks);
	frame->first = frame->boundary = frame->end = 0;
	frame->given_up = true;
}

/* Keep a row, if there is room for it. */
static void
keep_row(Frame *frame, uint8 kind, const double *values)
{
	if (frame->end - frame->first == frame->capacity)
	{
		int64		capacity = Max(2 * frame->capacity, BLOCK);

		if (capacity > BLOCK && rows_size(frame, capacity) > (Size) la_collect_mem * 1024)
		{
			give_up(frame);
			return;
		}
		resize(frame, capacity);
	}
	frame->kinds[frame->end % frame->capacity] = kind;
	if ((kind & ROW_KIND) == LINREG_COUNTED)
		memcpy(row_values(frame, frame->end), values, (frame->p + 2) * sizeof(double));
	frame->end++;
}

static Frame *
get_frame(FunctionCallInfo fcinfo, int flags)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "linear regression over a moving frame called in non-aggregate context");
	return PG_ARGISNULL(0) ? new_frame(context, flags) : (Frame *) PG_GETARG_POINTER(0);
}

/* a row enters the frame */
static Datum
enter(FunctionCallInfo fcinfo, int flags)
{
	double		values[LA_LINREG_MAX_FEATURES + 2];
	LinregRow	row;
	LinregRowKind kind = linreg_get_row(fcinfo, flags, &row);
	Frame	   *frame = get_frame(fcinfo, flags & LA_LINREG_FLAGS);
	bool		shows = kind != LINREG_IGNORED && row.p != 0;

	if (shows && row.p != frame->p)
		change_features(frame, row.p);
	if (shows)
		frame->showing++;
	if (kind == LINREG_COUNTED)
	{
		values[0] = row.y;
		values[1] = row.weight;
		memcpy(values + 2, row.x, row.p * sizeof(double));
	}
	if (!frame->given_up)
		keep_row(frame, kind | (shows ? ROW_SHOWS : 0), values);
	count_row(frame->back, kind, values);
	PG_RETURN_POINTER(frame);
}

/*
 * linreg_leave(internal, ...): the first row leaves, which is the one in the
 * arguments; NULL asks for the frame anew
 */
Datum
linreg_leave(PG_FUNCTION_ARGS)
{
	Frame	   *frame = get_frame(fcinfo, 0);
	int64		block;

	if (frame->given_up)
		PG_RETURN_NULL();
	if (frame->first == frame->end)
		elog(ERROR, "no row to leave the frame");
	if (frame->kinds[frame->first % frame->capacity] & ROW_SHOWS)
		frame->showing--;
	if (frame->first == frame->boundary)
		turn_over(frame);
	frame->first++;
	block = (frame->boundary - frame->first - 1) / BLOCK;
	if (frame->first < frame->boundary && block != frame->block)
		open_block(frame, block);
	PG_RETURN_POINTER(frame);
}

/* linreg_frame(internal): the regression of the rows in the frame */
Datum
linreg_frame(PG_FUNCTION_ARGS)
{
	Frame	   *frame;
	LinregState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	frame = get_frame(fcinfo, 0);
	state = frame_model(frame);
	if (state->n == 0 && state->skipped == 0)
		PG_RETURN_NULL();
	if (frame->showing == 0)
	{
		LinregState *skipped = la_linreg_new(0, frame->flags);

		skipped->skipped = state->skipped;
		state = skipped;
	}
	PG_RETURN_POINTER(state);
}

/* of linreg_fit(y, x) */
Datum
linreg_enter(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, 0);
}

/* of linreg_fit(y, x[]) */
Datum
linreg_enter_array(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LINREG_ARRAY);
}

/* of linreg_fit(y, x, weight) */
Datum
linreg_enter_weighted(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LA_LINREG_WEIGHTED);
}

/* of linreg_fit(y, x[], weight) */
Datum
linreg_enter_array_weighted(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LINREG_ARRAY | LA_LINREG_WEIGHTED);
}

/* of linreg_fit_origin(y, x) */
Datum
linreg_enter_origin(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LA_LINREG_ORIGIN);
}

/* of linreg_fit_origin(y, x[]) */
Datum
linreg_enter_origin_array(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LINREG_ARRAY | LA_LINREG_ORIGIN);
}

/* of linreg_fit_origin(y, x, weight) */
Datum
linreg_enter_origin_weighted(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LA_LINREG_ORIGIN | LA_LINREG_WEIGHTED);
}

/* of linreg_fit_origin(y, x[], weight) */
Datum
linreg_enter_origin_array_weighted(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, LINREG_ARRAY | LA_LINREG_ORIGIN | LA_LINREG_WEIGHTED);
}
