/*
 * evaluate.c
 *		SQL entry points for splitting rows and counting right answers:
 *		train_test_split, kfold and accuracy.
 *
 * Splits come from a hash of a row's key: no row needs to know of another, so
 * nothing is sorted or stored, and a key stays where it is while rows come and
 * go around it.
 */
#include "liveanalytics.h"

#include "args.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "core/hash.h"
#include "utils/builtins.h"

/* uses of a user's seed; see la_stream_seed.  A changed number moves every row. */
#define STREAM_SPLIT	0
#define STREAM_KFOLD	1

/* elements of the state of accuracy */
#define ACCURACY_MATCHES	0
#define ACCURACY_ROWS		1
#define ACCURACY_LENGTH		2

PG_FUNCTION_INFO_V1(train_test_split_text);
PG_FUNCTION_INFO_V1(train_test_split_bigint);
PG_FUNCTION_INFO_V1(kfold_text);
PG_FUNCTION_INFO_V1(kfold_bigint);
PG_FUNCTION_INFO_V1(accuracy_accum_text);
PG_FUNCTION_INFO_V1(accuracy_accum_bigint);
PG_FUNCTION_INFO_V1(accuracy_accum_boolean);
PG_FUNCTION_INFO_V1(accuracy_combine);
PG_FUNCTION_INFO_V1(accuracy_final);

/* the hash of argument 0, the key, in a stream of the user's seed */
static uint64
hash_text_key(FunctionCallInfo fcinfo, int64 seed, int stream)
{
	text	   *key = PG_GETARG_TEXT_PP(0);
	uint64		hash = la_hash_bytes(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key),
									 la_stream_seed((uint64) seed, stream));

	PG_FREE_IF_COPY(key, 0);
	return hash;
}

static uint64
hash_bigint_key(FunctionCallInfo fcinfo, int64 seed, int stream)
{
	return la_hash_int64(PG_GETARG_INT64(0), la_stream_seed((uint64) seed, stream));
}

/* argument 1 decides: what both kinds of key have in common */
static Datum
split_side(FunctionCallInfo fcinfo, uint64 hash)
{
	double		test_fraction = PG_GETARG_FLOAT8(1);

	/* written so that NaN fails it */
	if (!(test_fraction >= 0 && test_fraction <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("test_fraction must be between 0 and 1, not %g", test_fraction)));
	return CStringGetTextDatum(la_hash_unit(hash) < test_fraction ? "test" : "train");
}

static Datum
fold_number(FunctionCallInfo fcinfo, uint64 hash)
{
	int32		k = PG_GETARG_INT32(1);

	if (k < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of folds must be at least 2, not %d", k)));
	return Int32GetDatum((int32) la_hash_bucket(hash, (uint32) k) + 1);
}

/* train_test_split(key text, test_fraction, seed) */
Datum
train_test_split_text(PG_FUNCTION_ARGS)
{
	return split_side(fcinfo, hash_text_key(fcinfo, PG_GETARG_INT64(2), STREAM_SPLIT));
}

/* train_test_split(key bigint, test_fraction, seed) */
Datum
train_test_split_bigint(PG_FUNCTION_ARGS)
{
	return split_side(fcinfo, hash_bigint_key(fcinfo, PG_GETARG_INT64(2), STREAM_SPLIT));
}

/* kfold(key text, k, seed) */
Datum
kfold_text(PG_FUNCTION_ARGS)
{
	return fold_number(fcinfo, hash_text_key(fcinfo, PG_GETARG_INT64(2), STREAM_KFOLD));
}

/* kfold(key bigint, k, seed) */
Datum
kfold_bigint(PG_FUNCTION_ARGS)
{
	return fold_number(fcinfo, hash_bigint_key(fcinfo, PG_GETARG_INT64(2), STREAM_KFOLD));
}

/*
 * accuracy_counts
 *		The two counters of a state of accuracy, {matches, rows}.
 *
 * Anybody may call the support functions by hand: everything is checked.
 */
static int64 *
accuracy_counts(ArrayType *state)
{
	int64	   *counts;

	if (la_vector_length(state, "state of accuracy") != ACCURACY_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("state of accuracy must have 2 elements, not %d",
						la_vector_length(state, "state of accuracy"))));
	if (la_vector_has_null(state))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("state of accuracy must not contain NULL")));

	counts = (int64 *) ARR_DATA_PTR(state);
	if (counts[ACCURACY_MATCHES] < 0 || counts[ACCURACY_MATCHES] > counts[ACCURACY_ROWS])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("state of accuracy cannot be %lld matches in %lld rows",
						(long long) counts[ACCURACY_MATCHES],
						(long long) counts[ACCURACY_ROWS])));
	return counts;
}

/* argument 0, to be changed: in place within an aggregate, otherwise a copy */
static ArrayType *
accuracy_state(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(0);
	return PG_GETARG_ARRAYTYPE_P_COPY(0);
}

/* add rows to a state; matches never exceed rows, so that only rows can overflow */
static Datum
accuracy_add(ArrayType *state, int64 matches, int64 rows)
{
	int64	   *counts = accuracy_counts(state);

	if (pg_add_s64_overflow(counts[ACCURACY_ROWS], rows, &counts[ACCURACY_ROWS]))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows out of range")));
	counts[ACCURACY_MATCHES] += matches;
	PG_RETURN_ARRAYTYPE_P(state);
}

/* accuracy_accum(state, actual text, predicted text): equal means the same bytes */
Datum
accuracy_accum_text(PG_FUNCTION_ARGS)
{
	ArrayType  *state = accuracy_state(fcinfo);
	text	   *actual = PG_GETARG_TEXT_PP(1);
	text	   *predicted = PG_GETARG_TEXT_PP(2);
	Size		length = VARSIZE_ANY_EXHDR(actual);
	bool		match = length == VARSIZE_ANY_EXHDR(predicted) &&
		memcmp(VARDATA_ANY(actual), VARDATA_ANY(predicted), length) == 0;

	return accuracy_add(state, match, 1);
}

/* accuracy_accum(state, actual bigint, predicted bigint) */
Datum
accuracy_accum_bigint(PG_FUNCTION_ARGS)
{
	return accuracy_add(accuracy_state(fcinfo), PG_GETARG_INT64(1) == PG_GETARG_INT64(2), 1);
}

/* accuracy_accum(state, actual boolean, predicted boolean) */
Datum
accuracy_accum_boolean(PG_FUNCTION_ARGS)
{
	return accuracy_add(accuracy_state(fcinfo), PG_GETARG_BOOL(1) == PG_GETARG_BOOL(2), 1);
}

/* accuracy_combine(state, other) */
Datum
accuracy_combine(PG_FUNCTION_ARGS)
{
	int64	   *other = accuracy_counts(PG_GETARG_ARRAYTYPE_P(1));

	return accuracy_add(accuracy_state(fcinfo), other[ACCURACY_MATCHES], other[ACCURACY_ROWS]);
}

/* accuracy_final(state): NULL without rows */
Datum
accuracy_final(PG_FUNCTION_ARGS)
{
	int64	   *counts = accuracy_counts(PG_GETARG_ARRAYTYPE_P(0));

	if (counts[ACCURACY_ROWS] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) counts[ACCURACY_MATCHES] / (double) counts[ACCURACY_ROWS]);
}
