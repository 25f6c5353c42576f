/*
 * funnel_summary.c
 *		funnel_summary, the table of a funnel's steps from the levels of its
 *		viewers, and funnel_summary_rows, which turns it to rows.
 *
 * The state is an array: element k counts the viewers whose level is k - 1.
 */
#include "liveanalytics.h"

#include "args.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "core/funnel_events.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "stateargs.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(funnel_summary_accum);
PG_FUNCTION_INFO_V1(funnel_summary_combine);
PG_FUNCTION_INFO_V1(funnel_summary_final);
PG_FUNCTION_INFO_V1(funnel_summary_rows);

/* --- aggregate ------------------------------------------------------------ */

static ArrayType *
new_counts(int steps)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + (steps + 1) * sizeof(int64);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = INT8OID;
	ARR_DIMS(array)[0] = steps + 1;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

/* The counts in a state, which anybody may have made, and how many steps it has. */
static int64 *
get_counts(ArrayType *state, int *steps)
{
	int			length = la_vector_length(state, "state of funnel_summary");
	int64	   *counts = (int64 *) ARR_DATA_PTR(state);

	if (length < 2 || length > LA_FUNNEL_MAX_STEPS + 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("state of funnel_summary must have 2 to %d elements, not %d", LA_FUNNEL_MAX_STEPS + 1, length)));
	if (la_vector_has_null(state))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("state of funnel_summary must not contain NULL")));
	for (int i = 0; i < length; i++)
	{
		if (counts[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("state of funnel_summary must not contain negative counts, not %lld", (long long) counts[i])));
	}
	*steps = length - 1;
	return counts;
}

/* Argument 0 to be changed: in place within an aggregate, otherwise a copy. */
static ArrayType *
writable_counts(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(0);
	return PG_GETARG_ARRAYTYPE_P_COPY(0);
}

static void
add_count(int64 *count, int64 more)
{
	if (pg_add_s64_overflow(*count, more, count))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of viewers out of range")));
}

static void
check_steps(int steps, int before)
{
	if (steps != before)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of steps must be %d as in other rows of the group, not %d", before, steps)));
}

/* funnel_summary_accum(state, level, steps): a NULL level is left out */
Datum
funnel_summary_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	int64	   *counts;
	int32		level;
	int32		steps;
	int			before;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("number of steps must not be NULL")));
	level = PG_GETARG_INT32(1);
	steps = PG_GETARG_INT32(2);
	if (steps < 1 || steps > LA_FUNNEL_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of steps must be between 1 and %d, not %d", LA_FUNNEL_MAX_STEPS, steps)));
	if (level < 0 || level > steps)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("level must be between 0 and the number of steps, %d, not %d", steps, level)));

	state = PG_ARGISNULL(0) ? new_counts(steps) : writable_counts(fcinfo);
	counts = get_counts(state, &before);
	check_steps(steps, before);
	add_count(&counts[level], 1);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* funnel_summary_combine(state, other): never hands back "other" */
Datum
funnel_summary_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	int64	   *counts;
	int64	   *others;
	int			steps;
	int			before;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	others = get_counts(PG_GETARG_ARRAYTYPE_P(1), &steps);
	state = PG_ARGISNULL(0) ? new_counts(steps) : writable_counts(fcinfo);
	counts = get_counts(state, &before);
	check_steps(steps, before);
	for (int i = 0; i <= steps; i++)
		add_count(&counts[i], others[i]);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* a member of a step that is a share: null without viewers to take it of */
static void
append_share(StringInfo buf, const char *key, int64 part, int64 whole)
{
	if (whole == 0)
		appendStringInfo(buf, ", \"%s\": null", key);
	else
		appendStringInfo(buf, ", \"%s\": %s", key, la_float8_out((double) part / (double) whole));
}

/*
 * funnel_summary_final(state)
 *
 * [{"step", "viewers", "share_of_previous", "share_of_first", "drop_off"}, ...]
 */
Datum
funnel_summary_final(PG_FUNCTION_ARGS)
{
	int			steps;
	int64	   *counts = get_counts(PG_GETARG_ARRAYTYPE_P(0), &steps);
	int64		reached[LA_FUNNEL_MAX_STEPS + 1] = {0};
	StringInfoData buf;

	reached[steps - 1] = counts[steps];
	for (int i = steps - 2; i >= 0; i--)
	{
		reached[i] = counts[i + 1];
		add_count(&reached[i], reached[i + 1]);
	}
	initStringInfo(&buf);
	for (int i = 0; i < steps; i++)
	{
		appendStringInfo(&buf, "%c{\"step\": %d, \"viewers\": " INT64_FORMAT, i == 0 ? '[' : ',', i + 1, reached[i]);
		append_share(&buf, "share_of_previous", reached[i], i == 0 ? 0 : reached[i - 1]);
		append_share(&buf, "share_of_first", reached[i], reached[0]);
		if (i == 0)
			appendStringInfoString(&buf, ", \"drop_off\": null}");
		else
			appendStringInfo(&buf, ", \"drop_off\": " INT64_FORMAT "}", reached[i - 1] - reached[i]);
	}
	appendStringInfoChar(&buf, ']');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(buf.data)));
}

/* --- rows ----------------------------------------------------------------- */

LA_NORETURN static void
invalid_summary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("value is not the summary of a funnel"),
			 errdetail_internal("%s", detail),
			 errhint("Pass a result of funnel_summary.")));
	pg_unreachable();
}

/* A member of a step, which is a number, or NULL. */
static Datum
get_member(JsonbContainer *object, const char *key, PGFunction cast, bool *isnull)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL || (value->type != jbvNumeric && value->type != jbvNull))
		invalid_summary(psprintf("Key \"%s\" of a step must be a number or null.", key));
	*isnull = value->type == jbvNull;
	return *isnull ? (Datum) 0 : DirectFunctionCall1(cast, NumericGetDatum(value->val.numeric));
}

/* funnel_summary_rows(jsonb): step, viewers, share_of_previous, share_of_first, drop_off */
Datum
funnel_summary_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Jsonb	   *summary = PG_GETARG_JSONB_P(0);

	if (!JB_ROOT_IS_ARRAY(summary) || JB_ROOT_IS_SCALAR(summary))
		invalid_summary("It must be an array.");
	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < JB_ROOT_COUNT(summary); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(&summary->root, i);
		JsonbContainer *step;
		Datum		values[5];
		bool		nulls[5];

		if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
			invalid_summary("A step must be an object.");
		step = element->val.binary.data;
		values[0] = get_member(step, "step", numeric_int4, &nulls[0]);
		values[1] = get_member(step, "viewers", numeric_int8, &nulls[1]);
		values[2] = get_member(step, "share_of_previous", numeric_float8, &nulls[2]);
		values[3] = get_member(step, "share_of_first", numeric_float8, &nulls[3]);
		values[4] = get_member(step, "drop_off", numeric_int8, &nulls[4]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
