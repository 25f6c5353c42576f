/*
 * byteio.h
 *		Bounds-checked reader and writer: little-endian, and for what
 *		PostgreSQL sends big-endian.
 *
 * A reader never fails in the middle: a read past the end yields zero and sets
 * "failed", so decoding is straight-line code tested once at the end.
 */
#ifndef LA_BYTEIO_H
#define LA_BYTEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ByteReader
{
	const uint8_t *data;
	size_t		size;
	size_t		pos;
	bool		failed;
} ByteReader;

/* The caller has made sure that all it writes fits. */
typedef struct ByteWriter
{
	uint8_t    *data;
	size_t		pos;
} ByteWriter;

static inline size_t
la_bytes_left(const ByteReader *reader)
{
	return reader->size - reader->pos;
}

/*
 * The next n bytes in place, or NULL (and failed) if there are not so many.
 * n is of 64 bits everywhere: a product of two numbers read must not wrap.
 */
static inline const uint8_t *
la_read_bytes(ByteReader *reader, uint64_t n)
{
	const uint8_t *bytes;

	if (reader->failed || n > la_bytes_left(reader))
	{
		reader->failed = true;
		return NULL;
	}
	bytes = reader->data + reader->pos;
	reader->pos += (size_t) n;
	return bytes;
}

static inline uint64_t
la_read_uint(ByteReader *reader, int width)
{
	const uint8_t *bytes = la_read_bytes(reader, (uint64_t) width);
	uint64_t	value = 0;

	if (bytes == NULL)
		return 0;
	for (int i = 0; i < width; i++)
		value |= (uint64_t) bytes[i] << (8 * i);
	return value;
}

static inline uint8_t
la_read_u8(ByteReader *reader)
{
	return (uint8_t) la_read_uint(reader, 1);
}

static inline uint16_t
la_read_u16(ByteReader *reader)
{
	return (uint16_t) la_read_uint(reader, 2);
}

static inline uint32_t
la_read_u32(ByteReader *reader)
{
	return (uint32_t) la_read_uint(reader, 4);
}

static inline uint64_t
la_read_u64(ByteReader *reader)
{
	return la_read_uint(reader, 8);
}

static inline double
la_read_f64(ByteReader *reader)
{
	uint64_t	bits = la_read_u64(reader);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* --- in network order: what a type sends and receives ----------------------- */

static inline uint64_t
la_read_net(ByteReader *reader, int width)
{
	const uint8_t *bytes = la_read_bytes(reader, (uint64_t) width);
	uint64_t	value = 0;

	if (bytes == NULL)
		return 0;
	for (int i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static inline double
la_read_net_f64(ByteReader *reader)
{
	uint64_t	bits = la_read_net(reader, sizeof(bits));
	double		value;

	memcpy(&value, &bits, sizeof(value));
	/* what is written has no -0 */
	return value + 0.0;
}

static inline void
la_write_net(ByteWriter *writer, uint64_t value, int width)
{
	for (int i = width - 1; i >= 0; i--)
		writer->data[writer->pos++] = (uint8_t) (value >> (8 * i));
}

static inline void
la_write_net_f64(ByteWriter *writer, double value)
{
	uint64_t	bits;

	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	la_write_net(writer, bits, sizeof(bits));
}

/* --- writing, little-endian --------------------------------------------------- */

static inline void
la_write_bytes(ByteWriter *writer, const void *bytes, size_t n)
{
	memcpy(writer->data + writer->pos, bytes, n);
	writer->pos += n;
}

static inline void
la_write_uint(ByteWriter *writer, uint64_t value, int width)
{
	for (int i = 0; i < width; i++)
		writer->data[writer->pos++] = (uint8_t) (value >> (8 * i));
}

static inline void
la_write_u8(ByteWriter *writer, uint8_t value)
{
	la_write_uint(writer, value, 1);
}

static inline void
la_write_u16(ByteWriter *writer, uint16_t value)
{
	la_write_uint(writer, value, 2);
}

static inline void
la_write_u32(ByteWriter *writer, uint32_t value)
{
	la_write_uint(writer, value, 4);
}

static inline void
la_write_u64(ByteWriter *writer, uint64_t value)
{
	la_write_uint(writer, value, 8);
}

static inline void
la_write_f64(ByteWriter *writer, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	la_write_u64(writer, bits);
}

#endif							/* LA_BYTEIO_H */
