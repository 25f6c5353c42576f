/*
 * stop.h
 *		How work that takes long lets itself be stopped.
 *
 * Where steps would tear a function apart, it calls a function of its caller's
 * every few milliseconds, which need not return.  NULL: none.
 */
#ifndef LA_STOP_H
#define LA_STOP_H

typedef void (*MayStop) (void);

static inline void
la_may_stop(MayStop may_stop)
{
	if (may_stop)
		may_stop();
}

#endif							/* LA_STOP_H */
