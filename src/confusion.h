/*
 * confusion.h
 *		The type confusion as other wrappers see it.
 */
#ifndef LA_CONFUSION_H
#define LA_CONFUSION_H

#include "fmgr.h"

#include "core/confusion_core.h"

extern ConfusionTable *la_confusion_with_label(FunctionCallInfo fcinfo, int argno);
extern ConfusionTable *la_confusion_from_arg(FunctionCallInfo fcinfo, int argno);
extern ConfusionLabel *la_confusion_sorted_labels(const ConfusionTable *table);

#endif							/* LA_CONFUSION_H */
