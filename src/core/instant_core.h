/*
 * instant_core.h
 *		Times as channels write them.
 */
#ifndef LA_INSTANT_CORE_H
#define LA_INSTANT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

/* microseconds since 2000-01-01, of UTC or of a clock in a zone not said */
typedef struct Instant
{
	int64_t		microseconds;
	bool		local;
} Instant;

extern LaResult la_instant_read(const char *text, size_t length, Instant *instant);

#endif							/* LA_INSTANT_CORE_H */
