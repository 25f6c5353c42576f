/*
 * live.c
 *		SQL entry points of the live-commerce schema.
 */
#include "liveanalytics.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "core/instant_core.h"

PG_FUNCTION_INFO_V1(live_trim);
PG_FUNCTION_INFO_V1(live_lower);
PG_FUNCTION_INFO_V1(live_read_time);
PG_FUNCTION_INFO_V1(live_uid);

Datum
live_trim(PG_FUNCTION_ARGS)
{
	text	   *raw = PG_GETARG_TEXT_PP(0);
	const char *start = VARDATA_ANY(raw);
	const char *end = start + VARSIZE_ANY_EXHDR(raw);

	/* no encoding of a server has a blank as part of another character */
	while (start < end && *start == ' ')
		start++;
	while (start < end && end[-1] == ' ')
		end--;
	if (start == end)
		PG_RETURN_NULL();
	if (end - start == VARSIZE_ANY_EXHDR(raw))
		PG_RETURN_TEXT_P(raw);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(start, end - start));
}

Datum
live_lower(PG_FUNCTION_ARGS)
{
	text	   *raw = PG_GETARG_TEXT_PP(0);
	const char *c = VARDATA_ANY(raw);
	const char *end = c + VARSIZE_ANY_EXHDR(raw);

	/* what is lower case in every locale needs none asked */
	while (c < end && !IS_HIGHBIT_SET(*c) && !(*c >= 'A' && *c <= 'Z'))
		c++;
	if (c == end)
		PG_RETURN_TEXT_P(raw);
	return DirectFunctionCall1Coll(lower, PG_GET_COLLATION(), PointerGetDatum(raw));
}

Datum
live_read_time(PG_FUNCTION_ARGS)
{
	text	   *raw = PG_GETARG_TEXT_PP(0);
	Instant		instant;

	if (la_instant_read(VARDATA_ANY(raw), VARSIZE_ANY_EXHDR(raw), &instant) != LA_OK)
		PG_RETURN_NULL();
	if (!instant.local)
		PG_RETURN_TIMESTAMPTZ(instant.microseconds);
	/* AT TIME ZONE */
	PG_RETURN_DATUM(DirectFunctionCall2(timestamp_zone, PG_GETARG_DATUM(1), TimestampGetDatum(instant.microseconds)));
}

Datum
live_uid(PG_FUNCTION_ARGS)
{
	text	   *id = PG_GETARG_TEXT_PP(0);
	int			length = VARSIZE_ANY_EXHDR(id);
	char	   *utf8 = pg_server_to_any(VARDATA_ANY(id), length, PG_UTF8);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	pg_uuid_t  *uid = palloc(sizeof(pg_uuid_t));

	/* unless it was converted, it is as long as it was and has no end mark */
	if (utf8 != VARDATA_ANY(id))
		length = strlen(utf8);
	if (pg_cryptohash_init(context) < 0 || pg_cryptohash_update(context, (uint8 *) utf8, length) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	memcpy(uid->data, digest, UUID_LEN);
	PG_RETURN_UUID_P(uid);
}
