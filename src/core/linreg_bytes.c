/*
 * linreg_bytes.c
 *		Least squares: the condensed rows as bytes, little-endian.
 *
 *		u8	format
 *		u8	flags
 *		u16	features
 *		i64	rows counted
 *		i64	rows skipped
 *		f64	sum of the weights, sum of their logarithms: two parts each, and
 *			only where the flags say that there are weights
 *		f64	values, in the order of LinregState
 *
 * The same rows, added up in the same order, give the same bytes: there is no
 * -0 in them.
 */
#include "linreg_bytes.h"

#include <stdbool.h>

#include "byteio.h"

#define HEADER_SIZE (2 * sizeof(uint8_t) + sizeof(uint16_t) + 2 * sizeof(int64_t))

static size_t
bytes_size(size_t p, int flags)
{
	size_t		weights = flags & LA_LINREG_WEIGHTED ? 4 : 0;

	return HEADER_SIZE + (weights + la_linreg_nvalues(p)) * sizeof(double);
}

size_t
la_linreg_bytes_size(const LinregState *state)
{
	return bytes_size(state->p, state->flags);
}

/*
 * la_linreg_write
 *		Fill la_linreg_bytes_size bytes.
 */
void
la_linreg_write(const LinregState *state, uint8_t *bytes)
{
	ByteWriter	writer = {bytes, 0};

	la_write_u8(&writer, state->format);
	la_write_u8(&writer, state->flags);
	la_write_u16(&writer, state->p);
	la_write_u64(&writer, (uint64_t) state->n);
	la_write_u64(&writer, (uint64_t) state->skipped);
	if (state->flags & LA_LINREG_WEIGHTED)
	{
		la_write_f64(&writer, state->weight_hi + 0.0);
		la_write_f64(&writer, state->weight_lo + 0.0);
		la_write_f64(&writer, state->log_hi + 0.0);
		la_write_f64(&writer, state->log_lo + 0.0);
	}
	for (size_t i = 0; i < la_linreg_nvalues(state->p); i++)
		la_write_f64(&writer, state->values[i] + 0.0);
}

/*
 * la_linreg_read_shape
 *		What la_linreg_init must know before there is room for a state.
 *
 * LA_MALFORMED unless the bytes are of a known format and just as many as that
 * asks for.
 */
LaResult
la_linreg_read_shape(const uint8_t *bytes, size_t size, int *p, int *flags)
{
	ByteReader	reader = {bytes, size, 0, false};
	int			format = la_read_u8(&reader);

	*flags = la_read_u8(&reader);
	*p = la_read_u16(&reader);
	if (reader.failed || format != LA_LINREG_FORMAT || *flags > LA_LINREG_FLAGS ||
		*p > LA_LINREG_MAX_FEATURES || size != bytes_size((size_t) *p, *flags))
		return LA_MALFORMED;
	return LA_OK;
}

/*
 * la_linreg_read
 *		Fill a state, fresh from la_linreg_init with the shape that
 *		la_linreg_read_shape found in these bytes.  LA_MALFORMED unless it could
 *		be that of some rows.
 */
LaResult
la_linreg_read(LinregState *state, const uint8_t *bytes, size_t size)
{
	ByteReader	reader = {bytes, size, 0, false};

	la_read_bytes(&reader, HEADER_SIZE - 2 * sizeof(int64_t));
	state->n = (int64_t) la_read_u64(&reader);
	state->skipped = (int64_t) la_read_u64(&reader);
	if (state->flags & LA_LINREG_WEIGHTED)
	{
		state->weight_hi = la_read_f64(&reader);
		state->weight_lo = la_read_f64(&reader);
		state->log_hi = la_read_f64(&reader);
		state->log_lo = la_read_f64(&reader);
	}
	for (size_t i = 0; i < la_linreg_nvalues(state->p); i++)
		state->values[i] = la_read_f64(&reader);
	return reader.failed ? LA_MALFORMED : la_linreg_check(state);
}
