/*
 * liveanalytics.c
 *		Module magic, load-time initialisation and all settings.
 */
#include "liveanalytics.h"

#include "utils/guc.h"

LA_MODULE_MAGIC;

void		_PG_init(void);

int			la_collect_mem = 256 * 1024;

void
_PG_init(void)
{
	DefineCustomIntVariable("liveanalytics.collect_mem",
							"Sets the memory in which an aggregate that must see every row keeps its rows.",
							"Rows beyond this much are kept in temporary files.",
							&la_collect_mem,
							256 * 1024,
							1024,
							MAX_KILOBYTES,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);

	MarkGUCPrefixReserved("liveanalytics");
}
