/*
 * kmeans_bytes.h
 *		A k-means model as the bytes that the type sends and receives.
 */
#ifndef LA_KMEANS_BYTES_H
#define LA_KMEANS_BYTES_H

#include "kmeans_core.h"

extern size_t la_kmeans_bytes_size(const KmeansModel *model);
extern void la_kmeans_write(const KmeansModel *model, uint8_t *bytes);
extern LaResult la_kmeans_read_shape(const uint8_t *bytes, size_t size, uint32_t *k, uint32_t *p);
extern LaResult la_kmeans_read(KmeansModel *model, const uint8_t *bytes, size_t size);

#endif							/* LA_KMEANS_BYTES_H */
