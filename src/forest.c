/*
 * forest.c
 *		Predicting with a random forest, and the decoded forests of a query.
 *
 * A model is a value, and a value arrives anew with every row.  Decoding it
 * costs far more than predicting with it, so decoded forests are kept for the
 * length of a query: many, since a join can bring one model per channel.  A
 * model stored out of line is recognised by its TOAST pointer, without reading
 * it; any other by its length and its first KEY_BYTES bytes.  That is all of a
 * value that lies in a table's row, and of a larger one the envelope, whose
 * checksum stands for the rest.  A value at the address of the one before it is
 * most likely the same, so there PEEK_BYTES have to do; but it has to look the
 * same, since memory is used again.
 */
#include "liveanalytics.h"

#include "access/detoast.h"
#include "mb/pg_wchar.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "args.h"
#include "forest.h"
#include "model.h"

PG_FUNCTION_INFO_V1(rf_predict);
PG_FUNCTION_INFO_V1(rf_predict_value);
PG_FUNCTION_INFO_V1(rf_predict_proba);

#define CACHE_ENTRIES 64
#define CACHE_BYTES ((Size) 256 * 1024 * 1024)	/* beyond the newest entry */

#define KEY_BYTES ((Size) BLCKSZ)
#define PEEK_BYTES ((Size) 256)

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
	uint64		last_used;
	OpenForest	open;
	double	   *features;
	uint8	   *bins;
	double	   *result;
} CachedForest;

typedef struct ForestCache
{
	uint64		clock;
	CachedForest *last;			/* the entry used last, or NULL */
	const char *last_start;		/* where its value was then, not to be read */
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

/* Whether the entry used last is of this value, which is where that one was. */
static bool
is_last(const ForestCache *cache, const ModelKey *key)
{
	const ModelKey *last = &cache->last->key;

	if (cache->last_start != key->start || last->size != key->size ||
		last->toast_table != key->toast_table || last->toast_value != key->toast_value)
		return false;
	return key->size == 0 || memcmp(last->start, key->start, Min(key->size, PEEK_BYTES)) == 0;
}

static CachedForest *
find_entry(ForestCache *cache, const ModelKey *key)
{
	if (likely(cache->last && is_last(cache, key)))
		return cache->last;
	for (int i = 0; i < CACHE_ENTRIES; i++)
	{
		CachedForest *entry = &cache->entries[i];

		if (entry->context && same_key(&entry->key, key))
			return entry;
	}
	return NULL;
}

static void
drop_entry(ForestCache *cache, CachedForest *entry)
{
	if (cache->last == entry)
		cache->last = NULL;
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

			total += entry->open.bytes;
			if (entry->context && (oldest == NULL || entry->last_used < oldest->last_used))
				oldest = entry;
		}
		if (total <= CACHE_BYTES)
			return;
		drop_entry(cache, oldest);
	}
}

static CachedForest *
free_entry(ForestCache *cache)
{
	CachedForest *entry = oldest_entry(cache);

	if (entry->context)
		drop_entry(cache, entry);
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
	text	  **labels = palloc(mul_size(Max(forest->header.nclasses, 1), sizeof(text *)));

	for (uint32 i = 0; i < forest->header.nclasses; i++)
	{
		const char *label = (const char *) forest->classes[i].label;
		int			length = forest->classes[i].length;

		(void) pg_verify_mbstr(GetDatabaseEncoding(), label, length, false);
		labels[i] = cstring_to_text_with_len(label, length);
	}
	return labels;
}

/*
 * la_forest_decode_payload
 *		Decode and validate a payload into the current context.
 *
 * The labels of the classes point into the payload.  "bytes", if not NULL, is
 * set to the memory that the forest takes.
 */
Forest *
la_forest_decode_payload(const uint8 *payload, Size size, Size *bytes)
{
	ForestShape shape;
	Forest	   *forest;
	Size		decoded_size;

	if (la_forest_measure(payload, size, &shape) != LA_OK)
		malformed_model();
	decoded_size = la_forest_decoded_size(&shape);
	if (la_forest_decode(payload, size, &shape,
						 MemoryContextAllocHuge(CurrentMemoryContext, decoded_size),
						 &forest) != LA_OK)
		malformed_model();
	if (bytes)
		*bytes = decoded_size;
	return forest;
}

/*
 * la_forest_open
 *		Decode and validate a model into the current context.
 *
 * Errors: not a model of a forest, damaged, of a newer format, malformed.
 * The labels of forest->classes may be gone when it returns: there are "labels".
 */
OpenForest
la_forest_open(struct varlena *value)
{
	bytea	   *model = DatumGetByteaPP(PointerGetDatum(value));
	Size		size;
	const uint8 *payload = la_model_open(model, LA_MODEL_FOREST, LA_FOREST_VERSION, &size);
	OpenForest	open;

	open.forest = la_forest_decode_payload(payload, size, &open.bytes);
	open.labels = copy_labels(open.forest);
	open.model_bytes = VARSIZE_ANY_EXHDR(model);
	if ((Pointer) model != (Pointer) value)
		pfree(model);
	elog(DEBUG1, "decoded a random forest of %u trees", open.forest->ntrees);
	return open;
}

/* Decode into a context of its own, which an error takes away again. */
static CachedForest *
add_entry(ForestCache *cache, MemoryContext parent, struct varlena *value, const ModelKey *key)
{
	CachedForest decoded = {.context = NULL};
	MemoryContext old;
	CachedForest *entry;
	const Forest *forest;

	decoded.context = AllocSetContextCreate(CurrentMemoryContext, "random forest",
											ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(decoded.context);
	decoded.key = copy_key(key);
	decoded.open = la_forest_open(value);
	forest = decoded.open.forest;
	decoded.features = palloc(mul_size(forest->header.nfeatures, sizeof(double)));
	decoded.bins = palloc(la_forest_bins_size(forest));
	decoded.result = palloc(mul_size(la_forest_nresults(forest), sizeof(double)));
	MemoryContextSwitchTo(old);

	entry = free_entry(cache);
	MemoryContextSetParent(decoded.context, parent);
	*entry = decoded;
	return entry;
}

/* The decoded forest of argument 0. */
static CachedForest *
get_entry(FunctionCallInfo fcinfo)
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
	cache->last = entry;
	cache->last_start = key.start;
	return entry;
}

/*
 * la_forest_get
 *		The decoded forest of argument 0, for this call: it is kept in fn_extra.
 */
const OpenForest *
la_forest_get(FunctionCallInfo fcinfo)
{
	return &get_entry(fcinfo)->open;
}

/* --- prediction ------------------------------------------------------------ */

/* A forest predicts classes or numbers, and a function the one or the other. */
static void
check_kind(const Forest *forest, bool number)
{
	bool		predicts_number = forest->header.label_type == LA_LABEL_NUMBER;

	if (likely(predicts_number == number))
		return;
	if (predicts_number)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model predicts a number, not a class"),
				 errhint("Use rf_predict_value for a forest of rf_train_regression.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model predicts a class, not a number"),
			 errhint("Use rf_predict or rf_predict_proba for a forest of rf_train.")));
}

/* The forest in argument 0, with the features in argument 1 in entry->features. */
static CachedForest *
get_arguments(FunctionCallInfo fcinfo, bool number)
{
	CachedForest *entry = get_entry(fcinfo);
	const Forest *forest = entry->open.forest;
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(1);
	int			n = la_vector_length(features, "features");
	int			expected = forest->header.nfeatures;

	check_kind(forest, number);
	if (unlikely(n != expected))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features must have %d elements as in training, not %d", expected, n)));
	la_read_features(features, entry->features, n);
	PG_FREE_IF_COPY(features, 1);
	return entry;
}

/* rf_predict(model, features): the most probable class */
Datum
rf_predict(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_arguments(fcinfo, false);
	uint32		best = la_forest_predict_class(entry->open.forest, entry->features,
											   entry->bins, entry->result);

	PG_RETURN_DATUM(datumCopy(PointerGetDatum(entry->open.labels[best]), false, -1));
}

/* rf_predict_value(model, features): the number that a regression forest predicts */
Datum
rf_predict_value(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_arguments(fcinfo, true);

	la_forest_predict(entry->open.forest, entry->features, entry->bins, entry->result);
	PG_RETURN_FLOAT8(entry->result[0]);
}

/* rf_predict_proba(model, features): a probability per class */
Datum
rf_predict_proba(PG_FUNCTION_ARGS)
{
	CachedForest *entry = get_arguments(fcinfo, false);

	la_forest_predict(entry->open.forest, entry->features, entry->bins, entry->result);
	PG_RETURN_ARRAYTYPE_P(la_float8_array(entry->result, entry->open.forest->header.nclasses));
}
