/*
 * kmeans.h
 *		The type kmeans as the wrappers see it.
 */
#ifndef LA_KMEANS_H
#define LA_KMEANS_H

#include "core/kmeans_core.h"

extern KmeansModel *la_kmeans_new(uint32 k, uint32 p);
extern KmeansModel *la_kmeans_from_datum(Datum datum);

#define PG_GETARG_KMEANS_P(n) la_kmeans_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_KMEANS_H */
