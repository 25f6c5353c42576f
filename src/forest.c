/*
 * forest.c
 *		Using a random forest: prediction and inspection.
 *
 * A model is a value, and a value arrives anew with every row.  Decoding it
 * costs far more than predicting with it, so decoded forests are kept for the
 * length of a query: many, since a join can bring one model per channel.  A
 * model stored out of line is recognised by its TOAST pointer, without reading
 * it; any other by its length and its first KEY_BYTES bytes.  That is all of a
 * value that lies in a table's row, and of a larger one the envelope, whose
 * checksum stands for the rest.
 */
#include "liveanalytics.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "args.h"
#include "core/forest_model.h"
#include "model.h"

PG_FUNCTION_INFO_V1(rf_predict);
PG_FUNCTION_INFO_V1(rf_predict_proba);
PG_FUNCTION_INFO_V1(rf_classes);
PG_FUNCTION_INFO_V1(rf_info);

#define CACHE_ENTRIES 64
#define CACHE_BYTES ((Size) 256 * 1024 * 1024)	/* beyond the newest entry */

#define KEY_BYTES ((Size) BLCKSZ)

/* how a model is recognised */
typedef struct ModelKey
{
	Oid			toast_table;	/* valid if stored out of line */
	Oid			toast_value;
	Size		size;			/* else: of the value as it comes, maybe compressed */
	const char *start;			/* its first KEY_BYTES, or all if it has less */
} ModelKey;

/* a decoded forest and room to work with it */
typedef struct CachedForest
{
	ModelKey	key;
	MemoryContext context;		/* NULL: the entry is free */
	Size		bytes;
	uint64		last_used;
	Forest	   *forest;
	text	  **labels;			/* per class */
	double	   *features;
	uint8	   *bins;
	double	   *proba;
} CachedForest;

typedef struct ForestCache
{
	uint64		clock;
	CachedForest entries[CACHE_ENTRIES];
} ForestCache;

/* --- decoded forests ------------------------------------------------------ */

static ForestCache *
get_cache(FmgrInfo *flinfo)
{
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(ForestCache));
	return flinfo->fn_extra;
}

/* The key of a value; "start" points into the value. */
static ModelKey
read_key(struct varlena *value)
{
	ModelKey	key = {.toast_table = InvalidOid};
	struct varatt_external pointer;

	if (VARATT_IS_EXTERNAL_ONDISK(value))
	{
		VARATT_EXTERNAL_GET_POINTER(pointer, value);
		key.toast_table = pointer.va_toastrelid;
		key.toast_value = pointer.va_valueid;
	}
	else
	{
		key.size = VARSIZE_ANY(value);
		key.start = (const char *) value;
	}
	return key;
}

/* A key to keep: "start" is a copy in the current context. */
static ModelKey
copy_key(const ModelKey *key)
{
	ModelKey	copy = *key;
	Size		length = Min(key->size, KEY_BYTES);

	if (length > 0)
		copy.start = memcpy(palloc(length), key->start, length);
	return copy;
}

static bool
same_key(const ModelKey *a, const ModelKey *b)
{
	if (a->toast_table != b->toast_table || a->toast_value != b->toast_value || a->size != b->size)
		return false;
	return a->size == 0 || memcmp(a->start, b->start, Min(a->size, KEY_BYTES)) == 0;
}

static CachedForest *
find_entry(ForestCache *cache, const ModelKey *key)
{
	for (int i = 0; i < CACHE_ENTRIES; i++)
	{
		CachedForest *entry = &cache->entries[i];

		if (entry->context && same_key(&entry->key, key))
			return entry;
	}
	return NULL;
}

static void
drop_entry(CachedForest *entry)
{
	MemoryContextDelete(entry->context);
	memset(entry, 0, sizeof(CachedForest));
}

/* The entry that was not used for longest, or a free one. */
static CachedForest *
oldest_entry(ForestCache *cache)
{
	CachedForest *oldest = &cache->entries[0];

	for (int i = 1; i < CACHE_ENTRIES; i++)
	{
		CachedForest *entry = &cache->entries[i];

		if (entry->context == NULL || entry->last_used < oldest->last_used)
			oldest = entry;
		if (oldest->context == NULL)
			break;
	}
	return oldest;
}

/* Drop the entries not used for longest while all take too much memory. */
static void
shrink_cache(ForestCache *cache)
{
	for (;;)
	{
		CachedForest *oldest = NULL;
		Size		total = 0;

		for (int i = 0; i < CACHE_ENTRIES; i++)
		{
			CachedForest *entry = &cache->entries[i];

			total += entry->bytes;
			if (entry->context && (oldest == NULL || entry->last_used < oldest->last_used))
				oldest = entry;
		}
		if (total <= CACHE_BYTES)
			return;
		drop_entry(oldest);
	}
}

static CachedForest *
free_entry(ForestCache *cache)
{
	CachedForest *entry = oldest_entry(cache);

	if (entry->context)
		drop_entry(entry);
	shrink_cache(cache);
	return entry;
}

LA_NORETURN static void
malformed_model(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("liveanalytics model is malformed"),
			 errdetail("Its checksum is right, but its contents are not those of a random forest.")));
	pg_unreachable();
}

/* Labels are text of this database from here on: see that they are. */
static text **
copy_labels(const Forest *forest)
{
	text	  **labels = palloc(mul_size(forest->header.nclasses, sizeof(text *)));

	for (uint32 i = 0; i < forest->header.nclasses; i++)
	{
		const char *label = (const char *) forest->classes[i].label;
		int			length = forest->classes[i].length;

		(void) pg_verify_mbstr(GetDatabaseEncoding(), label, length, false);
		labels[i] = cstring_to_text_with_len(label, length);
	}
	return labels;
}

/* Decode a model into the current context. */
static void
decode_forest(struct varlena *value, CachedForest *entry)
{
	bytea	   *model = DatumGetByteaPP(PointerGetDatum(value));
	Size		size;
	const uint8 *payload = la_model_open(model, LA_MODEL_FOREST, LA_FOREST_VERSION, &size);
	ForestShape shape;

	if (la_forest_measure(payload, size, &shape) != LA_OK)
		malformed_model();
	entry->bytes = la_forest_decoded_size(&shape);
	if (la_forest_decode(payload, size, &shape,
						 MemoryContextAllocHuge(CurrentMemoryContext, entry->bytes),
						 &entry->forest) != LA_OK)
		malformed_model();

	entry->labels = copy_labels(entry->forest);
	entry->features = palloc(mul_size(shape.nfeatures, sizeof(double)));
	entry->bins = palloc(shape.nfeatures);
	entry->proba = palloc(mul_size(shape.nclasses, sizeof(double)));
	if ((Pointer) model != (Pointer) value)
		pfree(model);
	elog(DEBUG1, "decoded a random forest of %u trees", shape.ntrees);
}

/* Decode into a context of its own, which an error takes away again. */
static CachedForest *
add_entry(ForestCache *cache, MemoryContext parent, struct varlena *value, const ModelKey *key)
{
	CachedForest decoded = {.context = NULL};
	MemoryContext old;
	CachedForest *entry;

	decoded.context = AllocSetContextCreate(CurrentMemoryContext, "random forest",
											ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(decoded.context);
	decoded.key = copy_key(key);
	decode_forest(value, &decoded);
	MemoryContextSwitchTo(old);

	entry = free_entry(cache);
	MemoryContextSetParent(decoded.context, parent);
	*entry = decoded;
	return entry;
}

/* The decoded forest of argument 0. */
static CachedForest *
get_forest(FunctionCallInfo fcinfo)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(0);
	ForestCache *cache = get_cache(fcinfo->flinfo);
	CachedForest *entry;
	ModelKey	key;

	if (VARATT_IS_EXTERNAL(value) && !VARATT_IS_EXTERNAL_ONDISK(value))
		value = detoast_external_attr(value);
	key = read_key(value);
	entry = find_entry(cache, &key);
	if (entry == NULL)
		entry = add_entry(cache, fcinfo->flinfo->fn_mcxt, value, &key);
	entry->last_used = ++cache->clock;
	return entry;
}

/* --- prediction ------------------------------------------------------------ */

/* Class probabilities of the features in argument 1, in entry->proba. */
static void
predict(FunctionCallInfo fcinfo, CachedForest *entry)
{
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(1);
	int			n = la_vector_length(features, "features");
	int			expected = entry->forest->header.nfeatures;

	if (unlikely(n != expected))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features must have %d elements as in training, not %d", expected, n)));
	la_read_features(features, entry->features, n);
	la_forest_bin_row(entry->forest, entry->features, entry->bins);
	la_forest_predict(entry->forest, entry->bins, entry->proba);
	PG_FREE_IF_COPY(features, 1);
}

/* rf_predict(model, features): the most probable class */
Datum
rf_predict(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_forest(fcinfo);
	text	   *label;

	predict(fcinfo, entry);
	label = entry->labels[la_forest_best_class(entry->forest, entry->proba)];
	PG_RETURN_DATUM(datumCopy(PointerGetDatum(label), false, -1));
}

/* rf_predict_proba(model, features): a probability per class */
Datum
rf_predict_proba(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_forest(fcinfo);
	int			nclasses = entry->forest->header.nclasses;
	ArrayType  *result;

	predict(fcinfo, entry);
	result = la_float8_array(entry->proba, nclasses);
	PG_RETURN_ARRAYTYPE_P(result);
}

/* --- inspection ------------------------------------------------------------- */

/* rf_classes(model): the labels, in the order of rf_predict_proba */
Datum
rf_classes(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_forest(fcinfo);
	int			nclasses = entry->forest->header.nclasses;
	Datum	   *labels = palloc(mul_size(nclasses, sizeof(Datum)));

	for (int i = 0; i < nclasses; i++)
		labels[i] = PointerGetDatum(entry->labels[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(labels, nclasses, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
append_classes(StringInfo json, const CachedForest *entry)
{
	appendStringInfoString(json, "\"classes\": [");
	for (uint32 i = 0; i < entry->forest->header.nclasses; i++)
	{
		appendStringInfoString(json, i > 0 ? ", {\"label\": " : "{\"label\": ");
		escape_json(json, text_to_cstring(entry->labels[i]));
		appendStringInfo(json, ", \"rows\": " UINT64_FORMAT "}", entry->forest->classes[i].nrows);
	}
	appendStringInfoString(json, "]");
}

static void
append_options(StringInfo json, const ForestHeader *header)
{
	char	   *max_depth = header->max_depth == 0 ? "null" : psprintf("%u", header->max_depth);

	appendStringInfo(json,
					 "\"options\": {\"trees\": %u, \"max_depth\": %s, \"min_leaf\": %u, "
					 "\"mtry\": %u, \"bins\": %u, \"sample\": %s, \"seed\": " INT64_FORMAT "}",
					 header->ntrees, max_depth, header->min_leaf,
					 header->mtry, header->bins,
					 la_float8_out(header->sample), header->seed);
}

/* rf_info(model): what a forest is, as jsonb */
Datum
rf_info(PG_FUNCTION_ARGS)
{
	Size		bytes = toast_raw_datum_size(PG_GETARG_DATUM(0)) - VARHDRSZ;
	CachedForest *entry = get_forest(fcinfo);
	const Forest *forest = entry->forest;
	uint32		nnodes = forest->first_node[forest->header.ntrees];
	uint32	   *depth = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(nnodes, sizeof(uint32)));
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json,
					 "{\"kind\": \"random forest classification\", \"format_version\": %u, "
					 "\"trees\": %u, \"nodes\": %u, \"depth\": %u, \"bytes\": %zu, "
					 "\"features\": %u, \"rows\": " UINT64_FORMAT ", \"seed\": " INT64_FORMAT ", ",
					 LA_FOREST_VERSION, forest->header.ntrees, nnodes,
					 la_forest_depth(forest, depth), bytes,
					 forest->header.nfeatures, forest->header.nrows, forest->header.seed);
	append_classes(&json, entry);
	appendStringInfoString(&json, ", ");
	append_options(&json, &forest->header);
	appendStringInfoString(&json, "}");
	pfree(depth);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
