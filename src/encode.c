/*
 * encode.c
 *		SQL entry points of standardize, one_hot and levels: columns made ready
 *		for a fit.
 */
#include "liveanalytics.h"

#include <math.h>

#include "args.h"
#include "catalog/pg_type.h"
#include "confusion.h"
#include "core/moments_core.h"
#include "miscadmin.h"
#include "stateargs.h"
#include "utils/builtins.h"
#include "windowapi.h"
#include "window.h"

PG_FUNCTION_INFO_V1(standardize);
PG_FUNCTION_INFO_V1(one_hot);
PG_FUNCTION_INFO_V1(levels_accum);
PG_FUNCTION_INFO_V1(levels_final);

/* a row of one_hot has a number for each, so more are hardly meant */
#define MAX_LEVELS		10000

/* --- standardize -------------------------------------------------------------- */

/* what a window function knows of its partition; zeroed when that begins */
typedef struct Standard
{
	bool		known;
	Moments		moments;
} Standard;

static void
add_value(void *moments, double value)
{
	la_check_finite(value, "value");
	la_moments_add(moments, value);
}

/*
 * standardize(value)
 *
 * How many standard deviations, of the population, the value is above the mean
 * of its partition; 0 where all are the same.
 */
Datum
standardize(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	Standard   *standard = WinGetPartitionLocalMemory(winobj, sizeof(Standard));
	Datum		value;
	bool		isnull;

	if (!standard->known)
	{
		la_moments_init(&standard->moments);
		la_window_read_partition(winobj, "value expressions", add_value, &standard->moments);
		standard->known = true;
	}
	value = WinGetFuncArgCurrent(winobj, 0, &isnull);
	/* a volatile expression may give a value where there was none before */
	if (isnull || standard->moments.n == 0)
		PG_RETURN_NULL();
	la_check_finite(DatumGetFloat8(value), "value");
	PG_RETURN_FLOAT8(la_moments_score(&standard->moments, DatumGetFloat8(value)));
}

/* --- one_hot ------------------------------------------------------------------- */

static bool
is_word(text *value, const char *word)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(word) && memcmp(VARDATA_ANY(value), word, strlen(word)) == 0;
}

/* Whether an unknown value is an error. */
static bool
get_strict(FunctionCallInfo fcinfo)
{
	text	   *unknown;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unknown must not be NULL")));
	unknown = PG_GETARG_TEXT_PP(2);
	if (!is_word(unknown, "error") && !is_word(unknown, "zeros"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown must be \"error\" or \"zeros\", not \"%s\"", text_to_cstring(unknown))));
	return is_word(unknown, "error");
}

/* As many NULLs as there are levels: nothing is known of the value. */
static Datum
all_null(int n)
{
	int			lower_bound = 1;
	Datum	   *values = palloc0(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));

	memset(nulls, true, n * sizeof(bool));
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, 1, &n, &lower_bound, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static int
count_levels(ArrayType *levels)
{
	int			n = la_vector_length(levels, "levels");

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("levels must have at least one element")));
	if (n > MAX_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of levels must be at most %d, not %d", MAX_LEVELS, n)));
	return n;
}

/* one_hot(value, levels, unknown) */
Datum
one_hot(PG_FUNCTION_ARGS)
{
	bool		strict = get_strict(fcinfo);
	ArrayType  *levels;
	text	   *value;
	double	   *row;
	int			n;
	int			level;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	levels = PG_GETARG_ARRAYTYPE_P(1);
	n = count_levels(levels);
	if (PG_ARGISNULL(0))
		return all_null(n);
	value = PG_GETARG_TEXT_PP(0);
	level = la_text_position(value, levels, "levels");
	if (level < 0 && strict)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value \"%s\" is not among the %d levels", text_to_cstring(value), n),
				 errhint("Write one_hot(value, levels, 'zeros') for zeros in place of an unknown value.")));
	row = palloc0(n * sizeof(double));
	if (level >= 0)
		row[level] = 1;
	PG_RETURN_ARRAYTYPE_P(la_float8_array(row, n));
}

/* --- levels --------------------------------------------------------------------- */

static void
check_levels(uint32 n)
{
	if (n > MAX_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d levels", MAX_LEVELS),
				 errhint("Gather rare values under one name, or use what they have in common.")));
}

/* levels_accum(state, value): classes without any rows, of which type confusion takes care */
Datum
levels_accum(PG_FUNCTION_ARGS)
{
	ConfusionTable *table;

	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	table = la_confusion_with_label(fcinfo, 1);
	check_levels(table->used.classes);
	PG_RETURN_POINTER(table);
}

/* levels_final(state): the names, sorted by their bytes */
Datum
levels_final(PG_FUNCTION_ARGS)
{
	ConfusionTable *table = la_confusion_from_arg(fcinfo, 0);
	ConfusionLabel *labels = la_confusion_sorted_labels(table);
	int			n = table->used.classes;
	Datum	   *names = palloc(Max(n, 1) * sizeof(Datum));

	check_levels(n);
	for (int i = 0; i < n; i++)
		names[i] = PointerGetDatum(cstring_to_text_with_len(labels[i].bytes, labels[i].length));
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}
