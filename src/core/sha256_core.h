/*
 * sha256_core.h
 *		The digest SHA-256 of bytes that are all there at once.
 */
#ifndef LA_SHA256_CORE_H
#define LA_SHA256_CORE_H

#include <stddef.h>

#define LA_SHA256_SIZE 32

extern void la_sha256(const unsigned char *bytes, size_t length, unsigned char digest[LA_SHA256_SIZE]);

#endif							/* LA_SHA256_CORE_H */
