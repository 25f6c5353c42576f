/*
 * special_core.h
 *		Distribution functions.
 */
#ifndef LA_SPECIAL_CORE_H
#define LA_SPECIAL_CORE_H

extern double la_incomplete_beta(double a, double b, double x, double y);

#endif							/* LA_SPECIAL_CORE_H */
