/*
 * spans_core.h
 *		Sets of half-open spans of time: their union, and how many are present
 *		at a time.
 */
#ifndef LA_SPANS_CORE_H
#define LA_SPANS_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "result.h"
#include "stop.h"
#include "wide.h"

/* from start, included, to end, excluded, in microseconds */
typedef struct Span
{
	int64_t		start;
	int64_t		end;
} Span;

/* what happened between two points in time */
typedef struct SpanBucket
{
	LaWide		area;			/* presence added up over time, in microseconds */
	uint64_t	peak;			/* most present at once */
	uint64_t	enters;
	uint64_t	leaves;
} SpanBucket;

extern void la_spans_sort(Span *spans, size_t n, uint64_t *scratch, MayStop may_stop);
extern size_t la_spans_unite(Span *spans, size_t n, MayStop may_stop);
extern LaResult la_spans_length(const Span *spans, size_t n, int64_t *length);
extern uint64_t la_spans_peak(const Span *spans, size_t n, int64_t *at, MayStop may_stop);
extern void la_spans_series(const Span *spans, size_t n, int64_t lo, int64_t hi, int64_t step,
							SpanBucket *buckets, MayStop may_stop);

#endif							/* LA_SPANS_CORE_H */
