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

#include "core/kmeans_bytes.h"
#include "jsonread.h"
#include "kmeans.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "typeio.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(kmeans_in);
PG_FUNCTION_INFO_V1(kmeans_out);
PG_FUNCTION_INFO_V1(kmeans_recv);
PG_FUNCTION_INFO_V1(kmeans_send);

/* --- output --------------------------------------------------------------- */

static void
append_numbers(StringInfo out, const char *key, const double *values, uint32 n)
{
	appendStringInfo(out, "\"%s\": ", key);
	la_json_print_numbers(out, values, n);
}

Datum
kmeans_out(PG_FUNCTION_ARGS)
{
	const KmeansModel *model = PG_GETARG_KMEANS_P(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"format\": %u, \"n\": %lld, \"skipped\": %lld, \"features\": %u, \"inertia\": ",
					 model->format, (long long) model->n, (long long) model->skipped, model->p);
	la_json_print_number(&out, model->inertia);
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

static const JsonReader reader = {
	ERRCODE_INVALID_TEXT_REPRESENTATION, "invalid value for type kmeans", NULL, "k-means model"
};

static const char *const known_keys[] = {
	"format", "n", "skipped", "features", "inertia", "iterations", "converged", "standardized",
	"shift", "scale", "clusters", NULL
};

static JsonbContainer *
get_numbers(JsonbContainer *object, const char *key, uint32 n)
{
	return la_json_array_of(&reader, la_json_get(&reader, object, key), key, n);
}

static void
read_numbers(JsonbContainer *object, const char *key, double *values, uint32 n)
{
	la_json_numbers(&reader, get_numbers(object, key, n), key, values, false);
}

static void
read_clusters(JsonbContainer *clusters, KmeansModel *model)
{
	double	   *sizes = model->values + 2 * (size_t) model->p;

	for (uint32 c = 0; c < model->k; c++)
	{
		JsonbContainer *cluster = la_json_object_at(&reader, clusters, c, "clusters");

		CHECK_FOR_INTERRUPTS();
		sizes[c] = (double) la_json_whole(&reader, cluster, "size", 0, LA_KMEANS_MAX_COUNT);
		read_numbers(cluster, "centroid", sizes + model->k + (size_t) c * model->p, model->p);
	}
}

/*
 * A new model with room for the clusters and features of the text.  All arrays
 * are first seen to be of that size: no short text takes the memory of a large
 * model.
 */
static KmeansModel *
make_model(JsonbContainer *object, JsonbContainer *clusters)
{
	static const char *const known[] = {"size", "centroid", NULL};
	int64		p = la_json_whole(&reader, object, "features", 0, LA_KMEANS_MAX_FEATURES);
	uint32		k = JsonContainerSize(clusters);

	if (k > LA_KMEANS_MAX_CLUSTERS || k * p > LA_KMEANS_MAX_VALUES)
		la_json_error(&reader, psprintf("There are %u clusters of %lld features, more than a model may have.",
									   k, (long long) p));
	get_numbers(object, "shift", (uint32) p);
	get_numbers(object, "scale", (uint32) p);
	for (uint32 c = 0; c < k; c++)
	{
		JsonbContainer *cluster = la_json_object_at(&reader, clusters, c, "clusters");

		CHECK_FOR_INTERRUPTS();
		la_json_known_keys(&reader, cluster, known);
		get_numbers(cluster, "centroid", (uint32) p);
	}
	return la_kmeans_new(k, (uint32) p);
}

Datum
kmeans_in(PG_FUNCTION_ARGS)
{
	JsonbContainer *object = la_json_open(&reader, PG_GETARG_DATUM(0), LA_KMEANS_FORMAT, known_keys);
	JsonbContainer *clusters = la_json_array(&reader, la_json_get(&reader, object, "clusters"), "clusters");
	KmeansModel *model = make_model(object, clusters);

	model->flags = (la_json_bool(&reader, object, "converged") ? LA_KMEANS_CONVERGED : 0) |
		(la_json_bool(&reader, object, "standardized") ? LA_KMEANS_STANDARDIZED : 0);
	model->n = la_json_whole(&reader, object, "n", 0, LA_KMEANS_MAX_COUNT);
	model->skipped = la_json_whole(&reader, object, "skipped", 0, LA_KMEANS_MAX_COUNT);
	model->inertia = la_json_number(&reader, object, "inertia");
	model->iterations = (int32) la_json_whole(&reader, object, "iterations", 0, PG_INT32_MAX);
	read_numbers(object, "shift", model->values, model->p);
	read_numbers(object, "scale", model->values + model->p, model->p);
	read_clusters(clusters, model);
	if (la_kmeans_check(model) != LA_OK)
		la_json_error(&reader, "Its parts contradict each other.");
	PG_RETURN_POINTER(model);
}

/* --- binary: see core/kmeans_bytes.c ---------------------------------------- */

Datum
kmeans_send(PG_FUNCTION_ARGS)
{
	const KmeansModel *model = PG_GETARG_KMEANS_P(0);
	size_t		size = la_kmeans_bytes_size(model);
	bytea	   *out = palloc(VARHDRSZ + size);

	SET_VARSIZE(out, VARHDRSZ + size);
	la_kmeans_write(model, (uint8_t *) VARDATA(out));
	PG_RETURN_BYTEA_P(out);
}

Datum
kmeans_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	const uint8_t *bytes = (const uint8_t *) pq_getmsgbytes(in, size);
	KmeansModel *model;
	uint32		k;
	uint32		p;

	if (la_kmeans_read_shape(bytes, (size_t) size, &k, &p) != LA_OK)
		report_invalid_binary("kmeans", psprintf("Its %d bytes are not those of a model of format %d.", size, LA_KMEANS_FORMAT));
	model = la_kmeans_new(k, p);
	if (la_kmeans_read(model, bytes, (size_t) size) != LA_OK)
		report_invalid_binary("kmeans", "Its parts contradict each other.");
	PG_RETURN_POINTER(model);
}
