/*
 * retention.c
 *		retention and retention_ordered: which conditions a viewer meets, given
 *		the first one.
 */
#include "liveanalytics.h"

#include "catalog/pg_type.h"
#include "stateargs.h"
#include "timeargs.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "args.h"

/* as many as fit into a bigint beside their number */
#define MAX_CONDITIONS	56
#define ALL_OF(n)		((UINT64CONST(1) << (n)) - 1)

PG_FUNCTION_INFO_V1(retention_accum);
PG_FUNCTION_INFO_V1(retention_combine);
PG_FUNCTION_INFO_V1(retention_final);
PG_FUNCTION_INFO_V1(retention_ordered_accum);
PG_FUNCTION_INFO_V1(retention_ordered_combine);
PG_FUNCTION_INFO_V1(retention_ordered_final);

/*
 * The conditions of a row as bits, the first the lowest. NULL is not met.
 * Returns how many there are.
 */
static int
get_conditions(ArrayType *array, uint64 *met)
{
	int			n = la_vector_length(array, "conditions");

	if (unlikely(n < 1 || n > MAX_CONDITIONS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of conditions must be between 1 and %d, not %d", MAX_CONDITIONS, n)));
	*met = la_true_bits(array, n);
	return n;
}

static void
check_number(int n, int before)
{
	if (unlikely(n != before))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("number of conditions must be %d as in the rows before, not %d", before, n)));
}

static Datum
boolean_array(uint64 bits, int n)
{
	Datum		values[MAX_CONDITIONS];

	for (int i = 0; i < n; i++)
		values[i] = BoolGetDatum(bits >> i & 1);
	return PointerGetDatum(construct_array(values, n, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR));
}

/* --- retention ------------------------------------------------------------------ */

/*
 * The state is a bigint: the number of conditions in the upper bits, those met
 * so far below. It is passed by value and needs no memory of its own.
 */
static int64
make_state(int n, uint64 met)
{
	return (int64) ((uint64) n << MAX_CONDITIONS | met);
}

static int
read_state(int64 state, uint64 *met)
{
	int			n = (int) ((uint64) state >> MAX_CONDITIONS);

	*met = (uint64) state & ALL_OF(MAX_CONDITIONS);
	if (unlikely(n < 1 || n > MAX_CONDITIONS || *met > ALL_OF(n)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value %lld is not a state of retention", (long long) state)));
	return n;
}

/* transition of retention(VARIADIC conditions) */
Datum
retention_accum(PG_FUNCTION_ARGS)
{
	uint64		before = 0;
	uint64		met;
	int			n;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	n = get_conditions(PG_GETARG_ARRAYTYPE_P(1), &met);
	if (!PG_ARGISNULL(0))
		check_number(n, read_state(PG_GETARG_INT64(0), &before));
	PG_RETURN_INT64(make_state(n, before | met));
}

Datum
retention_combine(PG_FUNCTION_ARGS)
{
	uint64		met;
	uint64		other;
	int			n;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	n = read_state(PG_GETARG_INT64(1), &other);
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(make_state(n, other));
	check_number(n, read_state(PG_GETARG_INT64(0), &met));
	PG_RETURN_INT64(make_state(n, met | other));
}

/* retention_final(state): without the first condition, none */
Datum
retention_final(PG_FUNCTION_ARGS)
{
	uint64		met;
	int			n;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	n = read_state(PG_GETARG_INT64(0), &met);
	PG_RETURN_DATUM(boolean_array(met & 1 ? met : 0, n));
}

/* --- retention_ordered ------------------------------------------------------------- */

#define ORDERED_ID 'o'

/*
 * A condition is met at or after the first one was met first exactly if it
 * was met last at or after that: one time for each is enough.
 */
typedef struct OrderedState
{
	int32		vl_len_;
	uint16		id;
	uint16		n;				/* conditions */
	TimestampTz first;			/* when the first condition was met first; DT_NOEND: never */
	TimestampTz last[FLEXIBLE_ARRAY_MEMBER];	/* when each was met last; DT_NOBEGIN: never */
} OrderedState;

static Size
ordered_size(int n)
{
	return offsetof(OrderedState, last) + n * sizeof(TimestampTz);
}

static OrderedState *
new_ordered(int n)
{
	OrderedState *state = new_flat_state(ordered_size(n));

	state->id = ORDERED_ID;
	state->n = n;
	state->first = DT_NOEND;
	for (int i = 0; i < n; i++)
		state->last[i] = DT_NOBEGIN;
	return state;
}

static OrderedState *
get_ordered(FunctionCallInfo fcinfo, int argno)
{
	OrderedState *state = get_flat_state(fcinfo, argno);
	Size		size = VARSIZE(state);

	if (size < offsetof(OrderedState, last) || state->id != ORDERED_ID ||
		state->n < 1 || state->n > MAX_CONDITIONS || size != ordered_size(state->n))
		report_not_a_state(state, "retention_ordered");
	return state;
}

/* transition of retention_ordered(ts, VARIADIC conditions) */
Datum
retention_ordered_accum(PG_FUNCTION_ARGS)
{
	OrderedState *state;
	TimestampTz ts;
	uint64		met;
	int			n;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	ts = la_finite_time(fcinfo->args[1], "ts");
	n = get_conditions(PG_GETARG_ARRAYTYPE_P(2), &met);
	state = PG_ARGISNULL(0) ? new_ordered(n) : get_ordered(fcinfo, 0);
	check_number(n, state->n);
	if (met & 1)
		state->first = Min(state->first, ts);
	for (int i = 0; i < n; i++)
	{
		if (met >> i & 1)
			state->last[i] = Max(state->last[i], ts);
	}
	PG_RETURN_POINTER(state);
}

Datum
retention_ordered_combine(PG_FUNCTION_ARGS)
{
	OrderedState *state;
	OrderedState *other;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	other = get_ordered(fcinfo, 1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state = get_ordered(fcinfo, 0);
	check_number(other->n, state->n);
	state->first = Min(state->first, other->first);
	for (int i = 0; i < state->n; i++)
		state->last[i] = Max(state->last[i], other->last[i]);
	PG_RETURN_POINTER(state);
}

Datum
retention_ordered_final(PG_FUNCTION_ARGS)
{
	OrderedState *state;
	uint64		met = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = get_ordered(fcinfo, 0);
	for (int i = 0; i < state->n; i++)
		met |= (uint64) (state->first != DT_NOEND && state->last[i] >= state->first) << i;
	PG_RETURN_DATUM(boolean_array(met, state->n));
}
