/*
 * exp_core.h
 *		The exponential of many numbers, with the same bits on every machine.
 */
#ifndef LA_EXP_CORE_H
#define LA_EXP_CORE_H

#include <stddef.h>

extern void la_exp_negative(double *values, size_t n);

#endif							/* LA_EXP_CORE_H */
