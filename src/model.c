/*
 * model.c
 *		The sealed envelope around every kind of model: 16 bytes that say what
 *		follows and whether it arrived whole.
 *
 *	 0	magic "LAM1"
 *	 4	u16 version of the payload's format
 *	 6	u16 kind (ModelKind)
 *	 8	u32 length of the payload
 *	12	u32 CRC-32C of all the rest: bytes 0 to 11, then the payload
 *
 * Numbers are little-endian.  This layout is frozen; docs/model_format.md has
 * the payloads.  A right checksum says that nothing was damaged by accident,
 * not that the payload can be trusted: whoever decodes it validates it.
 */
#include "liveanalytics.h"

#include "port/pg_crc32c.h"

#include "core/byteio.h"
#include "model.h"

#define MAGIC "LAM1"
#define CRC_OFFSET 12

static uint32
checksum(const uint8 *envelope, Size payload_size)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, envelope, CRC_OFFSET);
	COMP_CRC32C(crc, envelope + LA_ENVELOPE_BYTES, payload_size);
	FIN_CRC32C(crc);
	return crc;
}

/*
 * la_model_seal
 *		Write the envelope of a model whose payload stands at
 *		LA_ENVELOPE_BYTES; its length is that of the bytea.
 */
void
la_model_seal(bytea *model, ModelKind kind, uint16 version)
{
	uint8	   *envelope = (uint8 *) VARDATA(model);
	Size		size = VARSIZE(model) - VARHDRSZ - LA_ENVELOPE_BYTES;
	ByteWriter	writer = {envelope, 0};

	la_write_bytes(&writer, MAGIC, 4);
	la_write_u16(&writer, version);
	la_write_u16(&writer, kind);
	la_write_u32(&writer, size);
	la_write_u32(&writer, checksum(envelope, size));
}

LA_NORETURN static void
not_a_model(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("value is not a liveanalytics model"),
			 errdetail("%s", detail)));
	pg_unreachable();
}

/*
 * la_model_open
 *		The payload of a model and its size, after checking the envelope.
 *
 * Errors: another kind of value, or a part of a model
 * (INVALID_BINARY_REPRESENTATION), a damaged one (DATA_CORRUPTED), a version
 * above "newest" (FEATURE_NOT_SUPPORTED).
 */
const uint8 *
la_model_open(const bytea *model, ModelKind kind, uint16 newest, Size *size)
{
	return la_model_open_bytes((const uint8 *) VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model),
							   kind, newest, size);
}

/*
 * la_model_open_bytes
 *		The same of "total" bytes that need not be a value of their own.
 */
const uint8 *
la_model_open_bytes(const uint8 *envelope, Size total, ModelKind kind, uint16 newest, Size *size)
{
	ByteReader	reader = {envelope, total, 4, false};
	uint16		version;
	uint16		found_kind;

	if (total < LA_ENVELOPE_BYTES || memcmp(envelope, MAGIC, 4) != 0)
		not_a_model("It does not begin with the signature of a model.");
	version = la_read_u16(&reader);
	found_kind = la_read_u16(&reader);
	*size = la_read_u32(&reader);
	if (*size != total - LA_ENVELOPE_BYTES)
		not_a_model(psprintf("Its payload should have %zu bytes and has %zu.",
							 *size, total - LA_ENVELOPE_BYTES));

	if (la_read_u32(&reader) != checksum(envelope, *size))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("liveanalytics model is damaged"),
				 errdetail("Its checksum does not match its contents."),
				 errhint("Train the model again, or restore it from a backup.")));
	if (version < 1 || version > newest)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("liveanalytics model version %u is not supported", version),
				 errdetail("This server reads versions 1 to %u.", newest),
				 errhint("Update the extension, or train the model again.")));
	if (found_kind != kind)
		not_a_model(psprintf("It is a model of kind %u, where kind %d is needed.",
							 found_kind, kind));
	return envelope + LA_ENVELOPE_BYTES;
}
