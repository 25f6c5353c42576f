/*
 * normal_core.h
 *		The normal distribution and its squares.
 */
#ifndef LA_NORMAL_CORE_H
#define LA_NORMAL_CORE_H

extern double la_normal_both_tails(double z);
extern double la_normal_quantile(double p);
extern double la_chi_square_tail(double x, int df);

#endif							/* LA_NORMAL_CORE_H */
