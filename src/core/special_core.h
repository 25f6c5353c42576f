/*
 * special_core.h
 *		Distribution functions.
 */
#ifndef LA_SPECIAL_CORE_H
#define LA_SPECIAL_CORE_H

extern double la_incomplete_beta(double a, double b, double x, double y);
extern double la_beta_log_odds(double a, double b, double p, double q);
extern double la_t_two_sided(double t, double df);
extern double la_t_quantile(double level, double df);
extern double la_f_upper(double f, double df1, double df2);
extern double la_f_quantile(double p, double q, double df1, double df2);
extern double la_incomplete_gamma(double a, double x);
extern double la_incomplete_gamma_upper(double a, double x);

#endif							/* LA_SPECIAL_CORE_H */
