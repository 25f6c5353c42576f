/*
 * errorsums_bytes.h
 *		Sums of errors as the bytes that the type sends and receives.
 */
#ifndef LA_ERRORSUMS_BYTES_H
#define LA_ERRORSUMS_BYTES_H

#include <stddef.h>

#include "errorsums_core.h"

extern size_t la_error_bytes_size(ErrorKind kind);
extern void la_error_write(const ErrorSums *sums, uint8_t *bytes);
extern LaResult la_error_read(ErrorSums *sums, const uint8_t *bytes, size_t size);

#endif							/* LA_ERRORSUMS_BYTES_H */
