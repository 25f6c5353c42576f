/*
 * logreg_bytes.c
 *		A logistic regression as bytes, in network order.
 *
 *		u16	format
 *		u16	flags
 *		u16	features
 *		u16	classes
 *		i32	iterations
 *		i32	parameters
 *		i64	rows counted
 *		i64	rows skipped
 *		f64	l2, log-likelihood
 *		f64	values, in the order of Logreg
 *
 * The labels follow, each with its length before it; whoever receives them has
 * to turn them into the encoding of the database first.
 */
#include "logreg_bytes.h"

#include <math.h>

#include "byteio.h"

#define SHAPE_BYTES		(4 * sizeof(uint16_t))
#define HEADER_BYTES	(SHAPE_BYTES + 2 * sizeof(int32_t) + 2 * sizeof(int64_t) + 2 * sizeof(double))

/* Without the labels. */
size_t
la_logreg_bytes_size(int p, int classes)
{
	return HEADER_BYTES + la_logreg_nvalues(p, classes) * sizeof(double);
}

/*
 * la_logreg_write
 *		Fill la_logreg_bytes_size bytes.
 */
void
la_logreg_write(const Logreg *model, uint8_t *bytes)
{
	ByteWriter	writer = {bytes, 0};

	la_write_net(&writer, model->format, sizeof(uint16_t));
	la_write_net(&writer, model->flags, sizeof(uint16_t));
	la_write_net(&writer, model->p, sizeof(uint16_t));
	la_write_net(&writer, model->classes, sizeof(uint16_t));
	la_write_net(&writer, (uint32_t) model->iterations, sizeof(uint32_t));
	la_write_net(&writer, (uint32_t) model->parameters, sizeof(uint32_t));
	la_write_net(&writer, (uint64_t) model->n, sizeof(uint64_t));
	la_write_net(&writer, (uint64_t) model->skipped, sizeof(uint64_t));
	la_write_net_f64(&writer, model->l2);
	la_write_net_f64(&writer, model->log_likelihood);
	for (size_t i = 0; i < la_logreg_nvalues(model->p, model->classes); i++)
		la_write_net_f64(&writer, model->values[i]);
}

/*
 * la_logreg_read_shape
 *		What must be known before there is room for a model.
 *
 * LA_MALFORMED unless the bytes are of a known format and hold at least all
 * that comes before the labels.
 */
LaResult
la_logreg_read_shape(const uint8_t *bytes, size_t size, int *p, int *classes)
{
	ByteReader	reader = {bytes, size, 0, false};
	uint64_t	format = la_read_net(&reader, sizeof(uint16_t));

	la_read_net(&reader, sizeof(uint16_t));
	*p = (int) la_read_net(&reader, sizeof(uint16_t));
	*classes = (int) la_read_net(&reader, sizeof(uint16_t));
	if (reader.failed || format != LA_LOGREG_FORMAT ||
		*p > LA_LOGREG_MAX_FEATURES || *classes > LA_LOGREG_MAX_CLASSES ||
		size < la_logreg_bytes_size(*p, *classes))
		return LA_MALFORMED;
	return LA_OK;
}

/*
 * la_logreg_read
 *		Fill a model of the shape that la_logreg_read_shape found in these
 *		bytes, but for its labels.  It is a model once la_logreg_check says so.
 */
void
la_logreg_read(Logreg *model, const uint8_t *bytes)
{
	ByteReader	reader = {bytes, la_logreg_bytes_size(model->p, model->classes), 0, false};

	la_read_net(&reader, sizeof(uint16_t));
	model->flags = (uint16_t) la_read_net(&reader, sizeof(uint16_t));
	la_read_bytes(&reader, 2 * sizeof(uint16_t));
	model->iterations = (int32_t) (uint32_t) la_read_net(&reader, sizeof(uint32_t));
	model->parameters = (int32_t) (uint32_t) la_read_net(&reader, sizeof(uint32_t));
	model->n = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	model->skipped = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	model->l2 = la_read_net_f64(&reader);
	model->log_likelihood = la_read_net_f64(&reader);
	for (size_t i = 0; i < la_logreg_nvalues(model->p, model->classes); i++)
	{
		double		value = la_read_net_f64(&reader);

		/* one NaN is as good as another */
		model->values[i] = isnan(value) ? NAN : value;
	}
}
