/*
 * linreg_bytes.h
 *		Least squares: the condensed rows as bytes.
 */
#ifndef LA_LINREG_BYTES_H
#define LA_LINREG_BYTES_H

#include "linreg_core.h"

extern size_t la_linreg_bytes_size(const LinregState *state);
extern void la_linreg_write(const LinregState *state, uint8_t *bytes);
extern LaResult la_linreg_read_shape(const uint8_t *bytes, size_t size, int *p, int *flags);
extern LaResult la_linreg_read(LinregState *state, const uint8_t *bytes, size_t size);

#endif							/* LA_LINREG_BYTES_H */
