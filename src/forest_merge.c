/*
 * forest_merge.c
 *		rf_merge: the aggregate that joins random forests into one.
 *
 * The parts of all the models, each the trees of one training, are copied as
 * they are; only the numbers of their classes change.  They are put into an
 * order that is a function of their contents, so the result does not depend on
 * the order of the models, nor on which of them were joined before.
 *
 * The state is a bytea, so that Citus can send it from node to node: how many
 * of its bytes are used, a number of four bytes, and the models one after the
 * other.  It has room to spare, since adding to it must not copy it each time.
 * Anybody can make such bytes, and the final function believes none of them.
 */
#include "liveanalytics.h"

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "forest.h"
#include "model.h"

PG_FUNCTION_INFO_V1(rf_merge_accum);
PG_FUNCTION_INFO_V1(rf_merge_combine);
PG_FUNCTION_INFO_V1(rf_merge_final);

#define STATE_HEADER_BYTES sizeof(uint32)
#define MIN_STATE_BYTES ((Size) 8192)

/* where the length of its payload is in a model's envelope */
#define LENGTH_OFFSET 8

LA_NORETURN static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("merged random forest would be larger than a value can be (1 GB)"),
			 errhint("Merge fewer models, or train them with a larger min_leaf or a max_depth.")));
	pg_unreachable();
}

/* --- the state -------------------------------------------------------------- */

static Size
state_used(const bytea *state)
{
	ByteReader	reader = {(const uint8 *) VARDATA(state), VARSIZE(state) - VARHDRSZ, 0, false};
	Size		used = la_read_u32(&reader);

	if (reader.failed || used < STATE_HEADER_BYTES || used > reader.size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value is not a state of rf_merge")));
	return used;
}

static void
set_state_used(bytea *state, Size used)
{
	ByteWriter	writer = {(uint8 *) VARDATA(state), 0};

	la_write_u32(&writer, (uint32) used);
}

/* A copy with room for "needed" bytes and as much again; NULL: an empty one. */
static bytea *
make_state(const bytea *from, Size needed)
{
	Size		used = from ? state_used(from) : STATE_HEADER_BYTES;
	Size		capacity = Max(needed, MIN_STATE_BYTES) * 2;
	bytea	   *state;

	if (needed > MaxAllocSize - VARHDRSZ)
		too_large();
	capacity = Min(capacity, MaxAllocSize - VARHDRSZ);
	state = palloc(VARHDRSZ + capacity);
	SET_VARSIZE(state, VARHDRSZ + capacity);
	if (from)
		memcpy(VARDATA(state), VARDATA(from), used);
	set_state_used(state, used);
	memset(VARDATA(state) + used, 0, capacity - used);
	return state;
}

/*
 * Add models to a state.  It is changed in place if it belongs to an aggregate
 * and has room, else copied, into memory of this call: the executor makes a new
 * state its own.
 */
static bytea *
append_models(FunctionCallInfo fcinfo, bytea *state, const char *models, Size size)
{
	Size		used = state ? state_used(state) : STATE_HEADER_BYTES;
	Size		needed = add_size(used, size);

	if (state == NULL || needed > VARSIZE(state) - VARHDRSZ || !AggCheckCallContext(fcinfo, NULL))
		state = make_state(state, needed);
	memcpy(VARDATA(state) + used, models, size);
	set_state_used(state, needed);
	return state;
}

/* transition function of rf_merge */
Datum
rf_merge_accum(PG_FUNCTION_ARGS)
{
	bytea	   *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_BYTEA_P(0);
	bytea	   *model;
	Size		size;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	model = PG_GETARG_BYTEA_PP(1);
	(void) la_model_open(model, LA_MODEL_FOREST, LA_FOREST_VERSION, &size);
	PG_RETURN_BYTEA_P(append_models(fcinfo, state, VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model)));
}

/* combine function of rf_merge: never hands back "other" */
Datum
rf_merge_combine(PG_FUNCTION_ARGS)
{
	bytea	   *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_BYTEA_P(0);
	bytea	   *other;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = PG_GETARG_BYTEA_P(1);
	PG_RETURN_BYTEA_P(append_models(fcinfo, state, VARDATA(other) + STATE_HEADER_BYTES,
									state_used(other) - STATE_HEADER_BYTES));
}

/* --- the models of a state ------------------------------------------------------ */

/* a model to be merged; everything points into the state */
typedef struct Source
{
	const uint8 *payload;
	Size		size;
	ForestHeader header;
	ForestClass *classes;
	uint16	   *new_class;		/* by its own number, the one in the merged forest */
	ForestSpan *spans;			/* its parts */
} Source;

/* a part of the merged forest */
typedef struct MergedPart
{
	ForestSpan	span;
	uint8	   *class_map;		/* to be written in place of its own */
} MergedPart;

typedef struct Merge
{
	Source	   *sources;
	uint32		nsources;
	ForestHeader header;
	uint32		ntrees;
	ForestClass *classes;
	MergedPart *parts;
} Merge;

static void *
alloc_huge(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(mul_size(count, size), 1));
}

/* The bytes of the next model, or NULL at the end; 0 bytes left to none. */
static const uint8 *
next_model(ByteReader *reader, Size *size)
{
	ByteReader	ahead = *reader;

	if (la_bytes_left(reader) == 0)
		return NULL;
	la_read_bytes(&ahead, LENGTH_OFFSET);
	*size = (Size) LA_ENVELOPE_BYTES + la_read_u32(&ahead);
	if (ahead.failed || *size > la_bytes_left(reader))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("value is not a state of rf_merge")));
	return la_read_bytes(reader, *size);
}

/* Validate a model, in memory that is given back, and note what is in it. */
static void
open_source(Source *source, const uint8 *model, Size model_size)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "random forest",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Forest	   *forest;

	source->payload = la_model_open_bytes(model, model_size, LA_MODEL_FOREST, LA_FOREST_VERSION,
										  &source->size);
	forest = la_forest_decode_payload(source->payload, source->size, NULL);
	MemoryContextSwitchTo(old);

	source->header = forest->header;
	source->classes = alloc_huge(forest->header.nclasses, sizeof(ForestClass));
	memcpy(source->classes, forest->classes, forest->header.nclasses * sizeof(ForestClass));
	source->new_class = alloc_huge(forest->header.nclasses, sizeof(uint16));
	source->spans = alloc_huge(forest->header.nparts, sizeof(ForestSpan));
	la_forest_find_parts(source->payload, source->size, source->spans);
	MemoryContextDelete(context);
}

static const char *
label_type_name(LabelType type)
{
	switch (type)
	{
		case LA_LABEL_TEXT:
			return "text";
		case LA_LABEL_BIGINT:
			return "bigint";
		case LA_LABEL_BOOLEAN:
			return "boolean";
		default:
			return "float8";
	}
}

/* Models can be merged if they predict the same type from as many features. */
static void
check_alike(const ForestHeader *first, const ForestHeader *other)
{
	uint32		low = Min(first->nfeatures, other->nfeatures);
	uint32		high = Max(first->nfeatures, other->nfeatures);

	/* the message must not depend on the order of the models */
	if (first->label_type != other->label_type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("models to merge must have labels of one type, not %s and %s",
						label_type_name(Min(first->label_type, other->label_type)),
						label_type_name(Max(first->label_type, other->label_type)))));
	if (low != high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("models to merge must have the same number of features, not %u and %u", low, high)));
}

static void
open_sources(Merge *merge, const bytea *state)
{
	ByteReader	reader = {(const uint8 *) VARDATA(state), state_used(state), STATE_HEADER_BYTES, false};
	ByteReader	counting = reader;
	const uint8 *model;
	Size		size;

	while (next_model(&counting, &size) != NULL)
		merge->nsources++;
	merge->sources = alloc_huge(merge->nsources, sizeof(Source));
	for (uint32 i = 0; (model = next_model(&reader, &size)) != NULL; i++)
	{
		CHECK_FOR_INTERRUPTS();
		open_source(&merge->sources[i], model, size);
		check_alike(&merge->sources[0].header, &merge->sources[i].header);
	}
}

/* --- classes ------------------------------------------------------------------- */

typedef struct ClassOfSource
{
	const ForestClass *cls;
	uint16	   *new_class;
} ClassOfSource;

static int
compare_classes(const void *a, const void *b, void *label_type)
{
	return la_forest_compare_labels(*(LabelType *) label_type,
									((const ClassOfSource *) a)->cls,
									((const ClassOfSource *) b)->cls);
}

static ClassOfSource *
list_classes(const Merge *merge, Size *n)
{
	ClassOfSource *list;
	ClassOfSource *next;

	*n = 0;
	for (uint32 i = 0; i < merge->nsources; i++)
		*n += merge->sources[i].header.nclasses;
	next = list = alloc_huge(*n, sizeof(ClassOfSource));
	for (uint32 i = 0; i < merge->nsources; i++)
	{
		const Source *source = &merge->sources[i];

		for (uint32 c = 0; c < source->header.nclasses; c++)
			*next++ = (ClassOfSource) {&source->classes[c], &source->new_class[c]};
	}
	return list;
}

/* Unite the classes of all models in their order, and add up their rows. */
static void
unite_classes(Merge *merge)
{
	Size		n;
	ClassOfSource *list = list_classes(merge, &n);
	uint32		nclasses = 0;

	qsort_arg(list, n, sizeof(ClassOfSource), compare_classes, &merge->header.label_type);
	merge->classes = alloc_huge(Min(n, LA_MAX_CLASSES), sizeof(ForestClass));
	for (Size i = 0; i < n; i++)
	{
		if (i == 0 || compare_classes(&list[i - 1], &list[i], &merge->header.label_type) != 0)
		{
			if (nclasses == LA_MAX_CLASSES)
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("merged random forest would have more than %d classes", LA_MAX_CLASSES)));
			merge->classes[nclasses] = *list[i].cls;
			merge->classes[nclasses++].nrows = 0;
		}
		merge->classes[nclasses - 1].nrows += list[i].cls->nrows;
		*list[i].new_class = nclasses - 1;
	}
	merge->header.nclasses = nclasses;
	pfree(list);
}

/* --- parts --------------------------------------------------------------------- */

/* The class map of a part, in numbers of the merged forest. */
static uint8 *
map_classes(const Source *source, const ForestSpan *span)
{
	uint8	   *class_map = alloc_huge(span->nclasses, sizeof(uint16));
	ByteReader	reader = {span->bytes, span->size, span->class_map, false};
	ByteWriter	writer = {class_map, 0};

	for (uint32 i = 0; i < span->nclasses; i++)
		la_write_u16(&writer, source->new_class[la_read_u16(&reader)]);
	return class_map;
}

static void
collect_parts(Merge *merge)
{
	MergedPart *part;

	for (uint32 i = 0; i < merge->nsources; i++)
	{
		merge->header.nparts += merge->sources[i].header.nparts;
		for (uint32 p = 0; p < merge->sources[i].header.nparts; p++)
			merge->ntrees += merge->sources[i].spans[p].ntrees;
		if (merge->ntrees > LA_MAX_TREES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("merged random forest would have more than %d trees", LA_MAX_TREES)));
	}
	part = merge->parts = alloc_huge(merge->header.nparts, sizeof(MergedPart));
	for (uint32 i = 0; i < merge->nsources; i++)
	{
		const Source *source = &merge->sources[i];

		for (uint32 p = 0; p < source->header.nparts; p++)
			*part++ = (MergedPart) {source->spans[p], map_classes(source, &source->spans[p])};
	}
}

/* By the bytes that will be written, shorter ones first. */
static int
compare_parts(const void *a, const void *b)
{
	const MergedPart *left = a;
	const MergedPart *right = b;
	Size		size = left->span.size;
	Size		class_map = left->span.class_map;
	Size		map_size = left->span.nclasses * sizeof(uint16);
	Size		rest = class_map + map_size;
	int			result;

	if (size != right->span.size)
		return size < right->span.size ? -1 : 1;
	/* what stands before the class map has a fixed size and tells that of the map */
	result = memcmp(left->span.bytes, right->span.bytes, class_map);
	if (result == 0)
		result = memcmp(left->class_map, right->class_map, map_size);
	if (result == 0)
		result = memcmp(left->span.bytes + rest, right->span.bytes + rest, size - rest);
	return result;
}

static void
write_part(ByteWriter *writer, const MergedPart *part)
{
	Size		map_size = part->span.nclasses * sizeof(uint16);
	Size		rest = part->span.class_map + map_size;

	la_write_bytes(writer, part->span.bytes, part->span.class_map);
	la_write_bytes(writer, part->class_map, map_size);
	la_write_bytes(writer, part->span.bytes + rest, part->span.size - rest);
}

static bytea *
write_merged(const Merge *merge, MemoryContext context)
{
	Size		size = add_size(VARHDRSZ + LA_ENVELOPE_BYTES,
								la_forest_header_size(&merge->header, merge->classes));
	bytea	   *model;
	ByteWriter	writer;

	for (uint32 i = 0; i < merge->header.nparts; i++)
		size = add_size(size, merge->parts[i].span.size);
	if (size > MaxAllocSize)
		too_large();
	model = MemoryContextAlloc(context, size);
	SET_VARSIZE(model, size);
	writer.data = (uint8 *) VARDATA(model);
	writer.pos = LA_ENVELOPE_BYTES;
	la_forest_write_header(&writer, &merge->header, merge->classes);
	for (uint32 i = 0; i < merge->header.nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		write_part(&writer, &merge->parts[i]);
	}
	la_model_seal(model, LA_MODEL_FOREST, LA_FOREST_VERSION);
	return model;
}

static bytea *
merge_models(const bytea *state, MemoryContext result_context)
{
	Merge		merge = {.nsources = 0};

	open_sources(&merge, state);
	if (merge.nsources == 0)
		return NULL;
	merge.header.label_type = merge.sources[0].header.label_type;
	merge.header.nfeatures = merge.sources[0].header.nfeatures;
	unite_classes(&merge);
	collect_parts(&merge);
	qsort(merge.parts, merge.header.nparts, sizeof(MergedPart), compare_parts);
	return write_merged(&merge, result_context);
}

/* final function of rf_merge: the state is left as it is */
Datum
rf_merge_final(PG_FUNCTION_ARGS)
{
	bytea	   *state = PG_GETARG_BYTEA_P(0);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "random forest merging",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bytea	   *model = merge_models(state, old);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(model);
}
