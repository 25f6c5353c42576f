/*
 * window.h
 *		What window functions share.
 */
#ifndef LA_WINDOW_H
#define LA_WINDOW_H

#include "windowapi.h"

typedef void (*WindowFeed) (void *state, double value);

extern void la_window_read_partition(WindowObject winobj, const char *name, WindowFeed feed, void *state);

#endif							/* LA_WINDOW_H */
