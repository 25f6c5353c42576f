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
	const char *hint;			/* NULL for none */
	const char *what;			/* has a format: see la_json_open */
} JsonReader;

LA_NORETURN extern void la_json_error(const JsonReader *reader, const char *detail);

extern JsonbContainer *la_json_root(const JsonReader *reader, Jsonb *jsonb);
extern JsonbContainer *la_json_open(const JsonReader *reader, Datum text, int format,
									const char *const *known);
extern void la_json_known_keys(const JsonReader *reader, JsonbContainer *object, const char *const *known);
extern JsonbValue *la_json_find(JsonbContainer *object, const char *key);
extern JsonbValue *la_json_get(const JsonReader *reader, JsonbContainer *object, const char *key);
extern bool la_json_bool(const JsonReader *reader, JsonbContainer *object, const char *key);
extern int	la_json_choice(const JsonReader *reader, JsonbContainer *object, const char *key,
						   const char *const *words);

extern int64 la_json_whole(const JsonReader *reader, JsonbContainer *object, const char *key,
						   int64 least, int64 most);
extern int64 la_json_whole_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key,
							  int64 least, int64 most);
extern double la_json_number(const JsonReader *reader, JsonbContainer *object, const char *key);
extern double la_json_number_at(const JsonReader *reader, JsonbContainer *array, uint32 i, const char *key);
extern Datum la_json_number_member(const JsonReader *reader, JsonbContainer *object, const char *key,
								   bool *isnull);

extern JsonbContainer *la_json_array(const JsonReader *reader, const JsonbValue *value, const char *key);
extern JsonbContainer *la_json_array_of(const JsonReader *reader, const JsonbValue *value, const char *key,
										uint32 n);
extern JsonbContainer *la_json_array_at(const JsonReader *reader, JsonbContainer *array, uint32 i,
										const char *key, uint32 n);
extern JsonbContainer *la_json_object_at(const JsonReader *reader, JsonbContainer *array, uint32 i,
										 const char *key);
extern void la_json_numbers(const JsonReader *reader, JsonbContainer *array, const char *key, double *values,
							bool nulls);

extern void la_json_print_number(StringInfo buf, double value);
extern void la_json_print_numbers(StringInfo buf, const double *values, size_t n);
extern void la_json_append_number(StringInfo buf, const char *key, double value);
extern Datum la_json_datum(const StringInfo buf);

#endif							/* LA_JSONREAD_H */
