/*
 * funnel.h
 *		The type funnel_events as the wrappers see it.
 */
#ifndef LA_FUNNEL_H
#define LA_FUNNEL_H

#include "core/funnel_core.h"

/* What the events of a group have in common. */
typedef struct FunnelShape
{
	FunnelKind	kind;
	int			steps;
	int			modes;
	int64		window;
} FunnelShape;

extern FunnelEvents *la_funnel_new(const FunnelShape *shape, Size more);
extern FunnelEvents *la_funnel_from_datum(Datum datum);
extern int	la_funnel_parse_modes(const char *text, size_t length);
extern void la_funnel_print_modes(int modes, char *text);

/* the longest text that la_funnel_print_modes writes, with its end */
#define LA_FUNNEL_MODES_LENGTH 80

#define PG_GETARG_FUNNEL_P(n) la_funnel_from_datum(PG_GETARG_DATUM(n))

#endif							/* LA_FUNNEL_H */
