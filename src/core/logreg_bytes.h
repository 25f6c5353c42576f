/*
 * logreg_bytes.h
 *		A logistic regression as the bytes that the type sends and receives.
 */
#ifndef LA_LOGREG_BYTES_H
#define LA_LOGREG_BYTES_H

#include "logreg_model.h"

extern size_t la_logreg_bytes_size(int p, int classes);
extern void la_logreg_write(const Logreg *model, uint8_t *bytes);
extern LaResult la_logreg_read_shape(const uint8_t *bytes, size_t size, int *p, int *classes);
extern void la_logreg_read(Logreg *model, const uint8_t *bytes);

#endif							/* LA_LOGREG_BYTES_H */
