/*
 * kmeans_io.c
 *		The type kmeans: JSON in and out, binary send and receive.
 *
 * Text is an object
 *		{"format": 1, "n": 6, "skipped": 0, "features": 2, "inertia": 1.5,
 *		 "iterations": 2, "converged": true, "standardized": false,
 *		 "shift": [0, 0], "scale": [1, 1],
 *		 "clusters": [{"size": 4, "centroid": [1, 2]}, ..]}
 * with the parts of KmeansModel and numbers in the shortest form that reads
 * back the same.
 */
#include "liveanalytics.h"

#include "common/shortest_dec.h"
#include "kmeans.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(kmeans_in);
PG_FUNCTION_INFO_V1(kmeans_out);
PG_FUNCTION_INFO_V1(kmeans_recv);
PG_FUNCTION_INFO_V1(kmeans_send);

/* --- output --------------------------------------------------------------- */

/* extra_float_digits has no say: a model must read back the same */
static void
append_number(StringInfo out, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	/* adding 0 turns -0, which JSON readers do not keep, to 0 */
	double_to_shortest_decimal_buf(value + 0.0, digits);
	appendStringInfoString(out, digits);
}

static void
append_numbers(StringInfo out, const char *key, const double *values, uint32 n)
{
	appendStringInfo(out, "\"%s\": [", key);
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		append_number(out, values[i]);
	}
	appendStringInfoChar(out, ']');
}

Datum
kmeans_out(PG_FUNCTION_ARGS)
{
	const KmeansModel *model = PG_GETARG_KMEANS_P(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %u, \"n\": %lld, \"skipped\": %lld, \"features\": %u, \"inertia\": ",
					 model->format, (long long) model->n, (long long) model->skipped, model->p);
	append_number(&out, model->inertia);
	appendStringInfo(&out, ", \"iterations\": %d, \"converged\": %s, \"standardized\": %s, ", model->iterations,
					 (model->flags & LA_KMEANS_CONVERGED) ? "true" : "false",
					 (model->flags & LA_KMEANS_STANDARDIZED) ? "true" : "false");
	append_numbers(&out, "shift", la_kmeans_shift(model), model->p);
	appendStringInfoString(&out, ", ");
	append_numbers(&out, "scale", la_kmeans_scale(model), model->p);
	appendStringInfoString(&out, ", \"clusters\": [");
	for (uint32 c = 0; c < model->k; c++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfo(&out, "%s{\"size\": %lld, ", c > 0 ? ", " : "", (long long) la_kmeans_sizes(model)[c]);
		append_numbers(&out, "centroid", la_kmeans_centroid(model, c), model->p);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* --- input ---------------------------------------------------------------- */

LA_NORETURN static void
invalid_text(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s", "kmeans"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/* Every key of an object is one of those that are known; NULL ends the list. */
static void
check_keys(JsonbContainer *object, const char *const *known)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; known[i] != NULL; i++)
			found = found || (strlen(known[i]) == value.val.string.len &&
							  memcmp(known[i], value.val.string.val, value.val.string.len) == 0);
		if (!found)
			invalid_text(psprintf("Key \"%.*s\" is not known.",
								  value.val.string.len, value.val.string.val));
	}
}

static JsonbValue *
get_key(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL)
		invalid_text(psprintf("Key \"%s\" is missing.", key));
	return value;
}

static double
get_number(JsonbValue *value, const char *key)
{
	if (value->type != jbvNumeric)
		invalid_text(psprintf("Key \"%s\" must hold numbers.", key));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static int64
get_count(JsonbContainer *object, const char *key, int64 largest)
{
	JsonbValue *value = get_key(object, key);
	double		count = get_number(value, key);

	/* the double is near the number, and may be whole where that is not */
	if (!(count >= 0 && count <= (double) largest) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
										  NumericGetDatum(int64_to_numeric((int64) count)))))
		invalid_text(psprintf("Key \"%s\" must be a whole number between 0 and %lld.",
							  key, (long long) largest));
	return (int64) count;
}

static bool
get_bool(JsonbContainer *object, const char *key)
{
	JsonbValue *value = get_key(object, key);

	if (value->type != jbvBool)
		invalid_text(psprintf("Key \"%s\" must be true or false.", key));
	return value->val.boolean;
}

static JsonbContainer *
get_array(JsonbContainer *object, const char *key)
{
	JsonbValue *value = get_key(object, key);

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		invalid_text(psprintf("Key \"%s\" must be an array.", key));
	return value->val.binary.data;
}

/* An array of n numbers; reading on is linear, getting by number is not. */
static void
read_numbers(JsonbContainer *object, const char *key, double *values, uint32 n)
{
	JsonbContainer *array = get_array(object, key);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	uint32		i = 0;

	if (JsonContainerSize(array) != n)
		invalid_text(psprintf("Arrays under key \"%s\" must be of length %u, not %u.",
							  key, n, JsonContainerSize(array)));
	it = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			values[i++] = get_number(&value, key);
	}
}

static void
read_clusters(JsonbContainer *clusters, KmeansModel *model)
{
	static const char *const known[] = {"size", "centroid", NULL};
	double	   *sizes = model->values + 2 * (size_t) model->p;

	for (uint32 c = 0; c < model->k; c++)
	{
		JsonbValue *cluster = getIthJsonbValueFromContainer(clusters, c);

		CHECK_FOR_INTERRUPTS();
		if (cluster->type != jbvBinary || !JsonContainerIsObject(cluster->val.binary.data))
			invalid_text("Key \"clusters\" must hold objects.");
		check_keys(cluster->val.binary.data, known);
		sizes[c] = (double) get_count(cluster->val.binary.data, "size", LA_KMEANS_MAX_COUNT);
		read_numbers(cluster->val.binary.data, "centroid", sizes + model->k + (size_t) c * model->p, model->p);
		pfree(cluster);
	}
}

/* A new model with room for so many clusters and features. */
static KmeansModel *
make_model(JsonbContainer *object, JsonbContainer *clusters)
{
	int64		p = get_count(object, "features", LA_KMEANS_MAX_FEATURES);
	uint32		k = JsonContainerSize(clusters);

	if (k > LA_KMEANS_MAX_CLUSTERS || k * p > LA_KMEANS_MAX_VALUES)
		invalid_text(psprintf("There are %u clusters of %lld features, more than a model may have.",
							  k, (long long) p));
	return la_kmeans_new(k, (uint32) p);
}

Datum
kmeans_in(PG_FUNCTION_ARGS)
{
	static const char *const known[] = {
		"format", "n", "skipped", "features", "inertia", "iterations", "converged", "standardized",
		"shift", "scale", "clusters", NULL
	};
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	JsonbContainer *object = &json->root;
	JsonbContainer *clusters;
	KmeansModel *model;

	if (!JB_ROOT_IS_OBJECT(json))
		invalid_text("It must be a JSON object.");
	if (get_count(object, "format", PG_UINT16_MAX) != LA_KMEANS_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format of the k-means model is not supported"),
				 errdetail("This server reads format %d.", LA_KMEANS_FORMAT),
				 errhint("Update the extension.")));
	check_keys(object, known);
	clusters = get_array(object, "clusters");
	model = make_model(object, clusters);
	model->flags = (get_bool(object, "converged") ? LA_KMEANS_CONVERGED : 0) |
		(get_bool(object, "standardized") ? LA_KMEANS_STANDARDIZED : 0);
	model->n = get_count(object, "n", LA_KMEANS_MAX_COUNT);
	model->skipped = get_count(object, "skipped", LA_KMEANS_MAX_COUNT);
	model->inertia = get_number(get_key(object, "inertia"), "inertia");
	model->iterations = (int32) get_count(object, "iterations", PG_INT32_MAX);
	read_numbers(object, "shift", model->values, model->p);
	read_numbers(object, "scale", model->values + model->p, model->p);
	read_clusters(clusters, model);
	if (la_kmeans_check(model) != LA_OK)
		invalid_text("Its parts contradict each other.");
	PG_RETURN_POINTER(model);
}

/* --- binary: the parts of KmeansModel, in network order -------------------- */

#define HEADER_BYTES (2 * sizeof(uint16) + 3 * sizeof(uint32) + 3 * sizeof(int64))

Datum
kmeans_send(PG_FUNCTION_ARGS)
{
	const KmeansModel *model = PG_GETARG_KMEANS_P(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint16(&out, model->format);
	pq_sendint16(&out, model->flags);
	pq_sendint32(&out, model->k);
	pq_sendint32(&out, model->p);
	pq_sendint32(&out, (uint32) model->iterations);
	pq_sendint64(&out, model->n);
	pq_sendint64(&out, model->skipped);
	pq_sendfloat8(&out, model->inertia);
	for (size_t i = 0; i < la_kmeans_nvalues(model->k, model->p); i++)
		pq_sendfloat8(&out, model->values[i] + 0.0);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

LA_NORETURN static void
invalid_binary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value for type %s", "kmeans"),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

Datum
kmeans_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	size_t		size = in->len - in->cursor;
	KmeansModel *model;
	uint16		format;
	uint16		flags;
	uint32		k;
	uint32		p;

	if (size < HEADER_BYTES)
		invalid_binary(psprintf("It has %zu bytes, and the shortest has %zu.", size, HEADER_BYTES));
	format = pq_getmsgint(in, sizeof(uint16));
	flags = pq_getmsgint(in, sizeof(uint16));
	k = pq_getmsgint(in, sizeof(uint32));
	p = pq_getmsgint(in, sizeof(uint32));
	if (format != LA_KMEANS_FORMAT)
		invalid_binary(psprintf("Format %u is not known.", format));
	if (k > LA_KMEANS_MAX_CLUSTERS || p > LA_KMEANS_MAX_FEATURES || (int64) k * p > LA_KMEANS_MAX_VALUES ||
		size - HEADER_BYTES != la_kmeans_nvalues(k, p) * sizeof(float8))
		invalid_binary(psprintf("Its %zu bytes do not hold %u clusters of %u features.", size, k, p));
	model = la_kmeans_new(k, p);
	model->flags = flags;
	model->iterations = (int32) pq_getmsgint(in, sizeof(uint32));
	model->n = pq_getmsgint64(in);
	model->skipped = pq_getmsgint64(in);
	model->inertia = pq_getmsgfloat8(in);
	for (size_t i = 0; i < la_kmeans_nvalues(k, p); i++)
		model->values[i] = pq_getmsgfloat8(in);
	if (la_kmeans_check(model) != LA_OK)
		invalid_binary("Its parts contradict each other.");
	PG_RETURN_POINTER(model);
}
