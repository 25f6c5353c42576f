/*
 * liveanalytics.h
 *		What every wrapper needs: PostgreSQL, version differences, settings.
 *
 * PG_VERSION_NUM is looked at here and nowhere else.
 */
#ifndef LIVEANALYTICS_H
#define LIVEANALYTICS_H

#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "miscadmin.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "liveanalytics needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM >= 180000
#define LA_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "liveanalytics", .version = LIVEANALYTICS_VERSION)
#else
#define LA_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* stands first in a declaration */
#if PG_VERSION_NUM >= 180000
#define LA_NORETURN pg_noreturn
#else
#define LA_NORETURN pg_attribute_noreturn()
#endif

/* Send a text with its length before it, in the encoding of the client. */
#if PG_VERSION_NUM >= 170000
#define la_sendcountedtext(buf, text, length) pq_sendcountedtext(buf, text, length)
#else
#define la_sendcountedtext(buf, text, length) pq_sendcountedtext(buf, text, length, false)
#endif

/* An entry of the array of backends, counted from 1. */
#if PG_VERSION_NUM >= 160000
#define la_local_beentry_by_index(i) pgstat_get_local_beentry_by_index(i)
#else
#define la_local_beentry_by_index(i) pgstat_fetch_stat_local_beentry(i)
#endif

/* Read exactly "size" bytes of a temporary file. */
#if PG_VERSION_NUM >= 160000
#define la_buffile_read_exact(file, ptr, size) BufFileReadExact(file, ptr, size)
#else
#define la_buffile_read_exact(file, ptr, size) \
	do { \
		if (BufFileRead(file, ptr, size) != (size)) \
			ereport(ERROR, \
					(errcode_for_file_access(), \
					 errmsg("could not read a temporary file"))); \
	} while (0)
#endif

/* What the core is to call within long work: see core/stop.h. */
static inline void
la_check_for_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* liveanalytics.collect_mem, in kilobytes: see la_rowstore_create */
extern int	la_collect_mem;

#endif							/* LIVEANALYTICS_H */
