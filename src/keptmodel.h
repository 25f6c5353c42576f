/*
 * keptmodel.h
 *		A model made ready for use, kept by a call site from one row to the next.
 */
#ifndef LA_KEPTMODEL_H
#define LA_KEPTMODEL_H

#include "fmgr.h"

/* nothing depends on it but time */
typedef struct KeptModel
{
	MemoryContext context;		/* of the datum, and of what was made of it */
	void	   *ready;			/* NULL while it is made */
	bool		constant;		/* the model is one in the text of the query */
	Size		size;			/* of the model's datum as it came */
	char	   *datum;
} KeptModel;

/* Makes a model ready, in the current context: what it returns must need nothing of the datum. */
typedef void *(*ModelMaker) (Datum datum);

extern void *la_keep_model(FunctionCallInfo fcinfo, int argno, ModelMaker make);

/*
 * The model in an argument, made ready.  The last one is kept and recognised by
 * its bytes, before they are read from a TOAST table.
 */
static inline void *
la_kept_model(FunctionCallInfo fcinfo, int argno, ModelMaker make)
{
	const KeptModel *kept = fcinfo->flinfo->fn_extra;
	Datum		datum = PG_GETARG_DATUM(argno);

	if (kept != NULL && kept->ready != NULL &&
		(kept->constant ||
		 (kept->size == VARSIZE_ANY(DatumGetPointer(datum)) &&
		  memcmp(kept->datum, DatumGetPointer(datum), kept->size) == 0)))
		return kept->ready;
	return la_keep_model(fcinfo, argno, make);
}

#endif							/* LA_KEPTMODEL_H */
