/*
 * log_core.h
 *		The natural logarithm, with the same bits on every machine.
 */
#ifndef LA_LOG_CORE_H
#define LA_LOG_CORE_H

extern double la_log(double x);

#endif							/* LA_LOG_CORE_H */
