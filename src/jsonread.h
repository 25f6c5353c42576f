/*
 * jsonread.h
 *		Reading jsonb that anybody may have written, and writing it.
 */
#ifndef LA_JSONREAD_H
#define LA_JSONREAD_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* what is being read, and how to complain about it */
typedef struct JsonReader
{
	int			errcode;
	const char *message;
	const char *hint;
} JsonReader;

extern void la_json_error(const JsonReader *reader, const char *detail);
extern JsonbContainer *la_json_root(const JsonReader *reader, Jsonb *jsonb);
extern JsonbContainer *la_json_container(const JsonReader *reader, JsonbContainer *object,
										 const char *key, bool array);
extern JsonbContainer *la_json_row(const JsonReader *reader, JsonbContainer *array, uint32 i, uint32 n,
								   const char *what);
extern int64 la_json_count(const JsonReader *reader, JsonbValue *value);
extern int64 la_json_count_at(const JsonReader *reader, JsonbContainer *row, uint32 i);
extern int64 la_json_count_member(const JsonReader *reader, JsonbContainer *object, const char *key);
extern Datum la_json_number_member(const JsonReader *reader, JsonbContainer *object, const char *key,
								   bool *isnull);
extern void la_json_append_number(StringInfo buf, const char *key, double value);
extern Datum la_json_datum(const StringInfo buf);

#endif							/* LA_JSONREAD_H */
