/*
 * forest.h
 *		Decoded forests, for the functions that take a model.
 */
#ifndef LA_FOREST_H
#define LA_FOREST_H

#include "fmgr.h"

#include "core/forest_model.h"

typedef struct OpenForest
{
	Forest	   *forest;
	text	  **labels;			/* per class */
	Size		bytes;			/* of memory */
	Size		model_bytes;	/* of the model */
} OpenForest;

extern Forest *la_forest_decode_payload(const uint8 *payload, Size size, Size *bytes);
extern OpenForest la_forest_open(struct varlena *value);
extern const OpenForest *la_forest_get(FunctionCallInfo fcinfo);

#endif							/* LA_FOREST_H */
