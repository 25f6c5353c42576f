/*
 * model.h
 *		The sealed envelope around every kind of model.
 */
#ifndef LA_MODEL_H
#define LA_MODEL_H

#include "fmgr.h"

/* what is in an envelope; numbers are never used again for something else */
typedef enum ModelKind
{
	LA_MODEL_FOREST = 1			/* random forest */
} ModelKind;

#define LA_ENVELOPE_BYTES 16

extern void la_model_seal(bytea *model, ModelKind kind, uint16 version);
extern const uint8 *la_model_open(const bytea *model, ModelKind kind, uint16 newest, Size *size);
extern const uint8 *la_model_open_bytes(const uint8 *envelope, Size total, ModelKind kind,
										uint16 newest, Size *size);

#endif							/* LA_MODEL_H */
