/*
 * errorsums_bytes.c
 *		Sums of errors as bytes, in network order.
 *
 *		u16	format
 *		u16	kind
 *		i64	rows
 *		f64	pivot
 *		for each sum of the kind: f64 high part, f64 low part, i64 exponent
 */
#include "errorsums_bytes.h"

#include "byteio.h"

size_t
la_error_bytes_size(ErrorKind kind)
{
	return 2 * sizeof(uint16_t) + sizeof(int64_t) + sizeof(double) +
		(size_t) la_error_nsums(kind) * (2 * sizeof(double) + sizeof(int64_t));
}

/*
 * la_error_write
 *		Fill la_error_bytes_size bytes.
 */
void
la_error_write(const ErrorSums *sums, uint8_t *bytes)
{
	ByteWriter	writer = {bytes, 0};

	la_write_net(&writer, sums->format, sizeof(uint16_t));
	la_write_net(&writer, sums->kind, sizeof(uint16_t));
	la_write_net(&writer, (uint64_t) sums->n, sizeof(uint64_t));
	la_write_net_f64(&writer, sums->pivot);
	for (int i = 0; i < la_error_nsums((ErrorKind) sums->kind); i++)
	{
		la_write_net_f64(&writer, sums->sums[i].value.hi);
		la_write_net_f64(&writer, sums->sums[i].value.lo);
		la_write_net(&writer, (uint64_t) sums->sums[i].exponent, sizeof(uint64_t));
	}
}

/*
 * la_error_read
 *		Fill a state.  LA_MALFORMED unless the bytes are of a known format and
 *		could be those of some rows.
 */
LaResult
la_error_read(ErrorSums *sums, const uint8_t *bytes, size_t size)
{
	ByteReader	reader = {bytes, size, 0, false};
	uint64_t	format = la_read_net(&reader, sizeof(uint16_t));
	uint64_t	kind = la_read_net(&reader, sizeof(uint16_t));

	if (reader.failed || format != LA_ERROR_FORMAT || kind < LA_ERROR_NUMBERS || kind > LA_ERROR_CLASSES ||
		size != la_error_bytes_size((ErrorKind) kind))
		return LA_MALFORMED;
	la_error_init(sums, (ErrorKind) kind);
	sums->n = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	sums->pivot = la_read_net_f64(&reader);
	for (int i = 0; i < la_error_nsums((ErrorKind) kind); i++)
	{
		sums->sums[i].value.hi = la_read_net_f64(&reader);
		sums->sums[i].value.lo = la_read_net_f64(&reader);
		sums->sums[i].exponent = (int64_t) la_read_net(&reader, sizeof(uint64_t));
	}
	return la_error_check(sums);
}
