/*
 * kmeans_bytes.c
 *		A k-means model as bytes, in network order.
 *
 *		u16	format
 *		u16	flags
 *		u32	clusters
 *		u32	features
 *		i32	iterations
 *		i64	rows counted
 *		i64	rows skipped
 *		f64	inertia
 *		f64	values, in the order of KmeansModel
 */
#include "kmeans_bytes.h"

#include "byteio.h"

#define SHAPE_BYTES		(2 * sizeof(uint16_t) + 2 * sizeof(uint32_t))
#define HEADER_BYTES	(SHAPE_BYTES + sizeof(int32_t) + 2 * sizeof(int64_t) + sizeof(double))

size_t
la_kmeans_bytes_size(const KmeansModel *model)
{
	return HEADER_BYTES + la_kmeans_nvalues(model->k, model->p) * sizeof(double);
}

/*
 * la_kmeans_write
 *		Fill la_kmeans_bytes_size bytes.
 */
void
la_kmeans_write(const KmeansModel *model, uint8_t *bytes)
{
	ByteWriter	writer = {bytes, 0};

	la_write_net(&writer, model->format, sizeof(uint16_t));
	la_write_net(&writer, model->flags, sizeof(uint16_t));
	la_write_net(&writer, model->k, sizeof(uint32_t));
	la_write_net(&writer, model->p, sizeof(uint32_t));
	la_write_net(&writer, (uint32_t) model->iterations, sizeof(uint32_t));
	la_write_net(&writer, (uint64_t) model->n, sizeof(uint64_t));
	la_write_net(&writer, (uint64_t) model->skipped, sizeof(uint64_t));
	la_write_net_f64(&writer, model->inertia);
	for (size_t i = 0; i < la_kmeans_nvalues(model->k, model->p); i++)
		la_write_net_f64(&writer, model->values[i]);
}

/*
 * la_kmeans_read_shape
 *		What la_kmeans_init must know before there is room for a model.
 *
 * LA_MALFORMED unless the bytes are of a known format and just as many as that
 * asks for.
 */
LaResult
la_kmeans_read_shape(const uint8_t *bytes, size_t size, uint32_t *k, uint32_t *p)
{
	ByteReader	reader = {bytes, size, 0, false};
	uint64_t	format = la_read_net(&reader, sizeof(uint16_t));

	la_read_net(&reader, sizeof(uint16_t));
	*k = (uint32_t) la_read_net(&reader, sizeof(uint32_t));
	*p = (uint32_t) la_read_net(&reader, sizeof(uint32_t));
	if (reader.failed || format != LA_KMEANS_FORMAT ||
		*k > LA_KMEANS_MAX_CLUSTERS || *p > LA_KMEANS_MAX_FEATURES || (uint64_t) *k * *p > LA_KMEANS_MAX_VALUES ||
		size != HEADER_BYTES + la_kmeans_nvalues(*k, *p) * sizeof(double))
		return LA_MALFORMED;
	return LA_OK;
}

/*
 * la_kmeans_read
 *		Fill a model, fresh from la_kmeans_init with the shape that
 *		la_kmeans_read_shape found in these bytes.  LA_MALFORMED unless it could
 *		be that of some rows.
 */
LaResult
la_kmeans_read(KmeansModel *model, const uint8_t *bytes, size_t size)
{
	ByteReader	reader = {bytes, size, 0, false};

	la_read_net(&reader, sizeof(uint16_t));
	model->flags = (uint16_t) la_read_net(&reader, sizeof(uint16_t));
	la_read_bytes(&reader, 2 * sizeof(uint32_t));
	model->iterations = (int32_t) (uint32_t) la_read_net(&reader, sizeof(uint32_t));
	model->n = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	model->skipped = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	model->inertia = la_read_net_f64(&reader);
	for (size_t i = 0; i < la_kmeans_nvalues(model->k, model->p); i++)
		model->values[i] = la_read_net_f64(&reader);
	return reader.failed ? LA_MALFORMED : la_kmeans_check(model);
}
