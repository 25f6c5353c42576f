/*
 * options.h
 *		The jsonb argument with a fit's options.
 */
#ifndef LA_OPTIONS_H
#define LA_OPTIONS_H

#include "utils/jsonb.h"

#define LA_OPTIONS_MAX 16

/* Ask for each option by name, then la_options_end. */
typedef struct Options
{
	Jsonb	   *jsonb;			/* NULL: all defaults */
	const char *known[LA_OPTIONS_MAX];
	int			nknown;
} Options;

extern bool la_same_options(const Jsonb *a, const Jsonb *b);
extern void la_options_begin(Options *options, Jsonb *jsonb);
extern bool la_option_is_string(Options *options, const char *name, const char *value);
extern int64 la_option_int(Options *options, const char *name, int64 otherwise, int64 min, int64 max);
extern int64 la_option_int_or_name(Options *options, const char *name, int64 otherwise,
								   int64 min, int64 max, const char *names);
extern double la_option_share(Options *options, const char *name, double otherwise);
extern double la_option_number(Options *options, const char *name, double otherwise, double min, double max);
extern bool la_option_name(Options *options, const char *option, const char *name);
extern int	la_option_choice(Options *options, const char *name, const char *const *choices, int nchoices);
extern bool la_option_bool(Options *options, const char *name, bool otherwise);
extern void la_options_end(Options *options);

#endif							/* LA_OPTIONS_H */
