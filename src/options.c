/*
 * options.c
 *		The jsonb argument with a fit's options: an unknown key, a wrong type
 *		or a value out of range is an error that names key, value and range.
 *
 * A JSON null stands for the default.
 */
#include "liveanalytics.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "options.h"

/*
 * la_same_options
 *		Whether two rows have the same options, of which either may be NULL.
 */
bool
la_same_options(const Jsonb *a, const Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/*
 * la_options_begin
 *		Start with a jsonb object, or NULL for no options.
 */
void
la_options_begin(Options *options, Jsonb *jsonb)
{
	options->jsonb = jsonb;
	options->nknown = 0;
	if (jsonb && !JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object, not %s",
						JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb))),
				 errhint("Write them as '{\"seed\": 42}'.")));
}

static void
remember_name(Options *options, const char *name)
{
	for (int i = 0; i < options->nknown; i++)
	{
		if (strcmp(options->known[i], name) == 0)
			return;
	}
	if (options->nknown == LA_OPTIONS_MAX)
		elog(ERROR, "too many options");
	options->known[options->nknown++] = name;
}

/* The value of an option; false if it is absent or null. */
static bool
find_option(Options *options, const char *name, JsonbValue *value)
{
	remember_name(options, name);
	return options->jsonb &&
		getKeyJsonValueFromContainer(&options->jsonb->root, name, strlen(name), value) &&
		value->type != jbvNull;
}

static char *
value_as_text(JsonbValue *value)
{
	if (value->type == jbvBinary)
		return JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	if (value->type == jbvBool)
		return value->val.boolean ? "true" : "false";
	return psprintf("\"%s\"", pnstrdup(value->val.string.val, value->val.string.len));
}

LA_NORETURN static void
bad_option(const char *name, JsonbValue *value, const char *allowed)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s, not %s", name, allowed, value_as_text(value))));
	pg_unreachable();
}

/*
 * la_option_is_string
 *		Whether an option is given as this very string.
 */
bool
la_option_is_string(Options *options, const char *name, const char *string)
{
	JsonbValue	value;

	return find_option(options, name, &value) && value.type == jbvString &&
		value.val.string.len == strlen(string) &&
		memcmp(value.val.string.val, string, value.val.string.len) == 0;
}

/*
 * la_option_int
 *		A whole number from min to max, or "otherwise" if the option is absent.
 */
int64
la_option_int(Options *options, const char *name, int64 otherwise, int64 min, int64 max)
{
	return la_option_int_or_name(options, name, otherwise, min, max, "");
}

static bool
is_at_most(Datum number, Datum limit)
{
	return DatumGetBool(DirectFunctionCall2(numeric_le, number, limit));
}

/*
 * la_option_int_or_name
 *		As la_option_int, for an option that may be given by a name too: the
 *		caller has looked for the names, "names" lists them for the message.
 */
int64
la_option_int_or_name(Options *options, const char *name, int64 otherwise,
					  int64 min, int64 max, const char *names)
{
	JsonbValue	value;
	Datum		number;
	char	   *allowed;

	if (!find_option(options, name, &value))
		return otherwise;

	allowed = psprintf("%sa whole number from %lld to %lld",
					   names, (long long) min, (long long) max);
	if (value.type != jbvNumeric)
		bad_option(name, &value, allowed);
	number = NumericGetDatum(value.val.numeric);
	if (!is_at_most(NumericGetDatum(int64_to_numeric(min)), number) ||
		!is_at_most(number, NumericGetDatum(int64_to_numeric(max))) ||
		!is_at_most(number, DirectFunctionCall1(numeric_floor, number)))
		bad_option(name, &value, allowed);
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
}

/*
 * la_option_share
 *		A number above 0 and at most 1, or "otherwise" if the option is absent.
 */
double
la_option_share(Options *options, const char *name, double otherwise)
{
	JsonbValue	value;
	double		number;

	if (!find_option(options, name, &value))
		return otherwise;
	if (value.type != jbvNumeric)
		bad_option(name, &value, "a number above 0 and at most 1");
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												NumericGetDatum(value.val.numeric)));
	if (!(number > 0 && number <= 1))
		bad_option(name, &value, "a number above 0 and at most 1");
	return number;
}

/*
 * la_option_number
 *		A number from min to max, or "otherwise" if the option is absent.
 */
double
la_option_number(Options *options, const char *name, double otherwise, double min, double max)
{
	JsonbValue	value;
	double		number;

	if (!find_option(options, name, &value))
		return otherwise;
	if (value.type != jbvNumeric)
		bad_option(name, &value, psprintf("a number from %g to %g", min, max));
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												NumericGetDatum(value.val.numeric)));
	if (!(number >= min && number <= max))
		bad_option(name, &value, psprintf("a number from %g to %g", min, max));
	return number;
}

/*
 * la_option_name
 *		Whether an option is given as its only name; another value is an error.
 */
bool
la_option_name(Options *options, const char *option, const char *name)
{
	JsonbValue	value;

	if (!find_option(options, option, &value))
		return false;
	if (!la_option_is_string(options, option, name))
		bad_option(option, &value, psprintf("\"%s\" or null", name));
	return true;
}

/*
 * la_option_choice
 *		The number, from 0, of the choice that an option is given as, or 0 if it
 *		is absent; another value is an error.
 */
int
la_option_choice(Options *options, const char *name, const char *const *choices, int nchoices)
{
	JsonbValue	value;
	StringInfoData allowed;

	if (!find_option(options, name, &value))
		return 0;
	initStringInfo(&allowed);
	for (int i = 0; i < nchoices; i++)
	{
		if (la_option_is_string(options, name, choices[i]))
			return i;
		appendStringInfo(&allowed, "%s\"%s\"", i == 0 ? "" : i < nchoices - 1 ? ", " : " or ", choices[i]);
	}
	bad_option(name, &value, allowed.data);
}

/*
 * la_option_bool
 *		A truth value, or "otherwise" if the option is absent.
 */
bool
la_option_bool(Options *options, const char *name, bool otherwise)
{
	JsonbValue	value;

	if (!find_option(options, name, &value))
		return otherwise;
	if (value.type != jbvBool)
		bad_option(name, &value, "true or false");
	return value.val.boolean;
}

static bool
is_known(const Options *options, const JsonbValue *key)
{
	for (int i = 0; i < options->nknown; i++)
	{
		if (strlen(options->known[i]) == key->val.string.len &&
			memcmp(options->known[i], key->val.string.val, key->val.string.len) == 0)
			return true;
	}
	return false;
}

static char *
list_known(const Options *options)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < options->nknown; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", options->known[i]);
	return list.data;
}

/*
 * la_options_end
 *		Error if a key was given that nobody asked for.
 */
void
la_options_end(Options *options)
{
	JsonbIterator *it;
	JsonbValue	value;
	JsonbIteratorToken token;

	if (options->jsonb == NULL)
		return;
	it = JsonbIteratorInit(&options->jsonb->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY && !is_known(options, &value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown option \"%s\"",
							pnstrdup(value.val.string.val, value.val.string.len)),
					 errhint("The options are: %s.", list_known(options))));
	}
}
