/*
 * errorsums_core.h
 *		Sums of prediction errors, and the figures made of them.
 */
#ifndef LA_ERRORSUMS_CORE_H
#define LA_ERRORSUMS_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"
#include "wide.h"

#define LA_ERROR_FORMAT		1
#define LA_ERROR_SUMS		5

/* what the errors are of; kinds do not mix */
typedef enum ErrorKind
{
	LA_ERROR_NUMBERS = 1,		/* predicted numbers */
	LA_ERROR_PROBABILITIES,		/* probabilities of true */
	LA_ERROR_CLASSES			/* probabilities of one of many classes */
} ErrorKind;

/* sums of a state of LA_ERROR_NUMBERS: d = actual - predicted, t = actual - pivot */
#define LA_SUM_ABSOLUTE		0	/* |d| */
#define LA_SUM_SQUARED		1	/* d^2 */
#define LA_SUM_RELATIVE		2	/* |d| / |actual| */
#define LA_SUM_TARGET		3	/* t */
#define LA_SUM_TARGET_SQUARED 4	/* t^2 */

/* sums of a state of LA_ERROR_PROBABILITIES; LA_ERROR_CLASSES has the first only */
#define LA_SUM_LOG			0	/* minus the logarithm of the actual's probability */
#define LA_SUM_BRIER		1	/* (probability - actual)^2 */

/* one block of memory without pointers, so that it can be copied and stored */
typedef struct ErrorSums
{
	uint32_t	reserved;		/* the caller's */
	uint16_t	format;
	uint16_t	kind;
	int64_t		n;				/* rows, at least 1 once there was one */
	double		pivot;			/* the actual of one of the rows */
	Wide		sums[LA_ERROR_SUMS];	/* those that the kind does not have are 0 */
} ErrorSums;

extern void la_error_init(ErrorSums *s, ErrorKind kind);
extern int	la_error_nsums(ErrorKind kind);
extern LaResult la_error_check(const ErrorSums *s);
extern LaResult la_error_add_number(ErrorSums *s, double actual, double predicted);
extern LaResult la_error_add_probability(ErrorSums *s, bool actual, double probability);
extern LaResult la_error_add_class(ErrorSums *s, double probability);
extern LaResult la_error_merge(ErrorSums *s, const ErrorSums *other);

extern double la_error_mean(const ErrorSums *s, int sum);
extern double la_error_root_mean_square(const ErrorSums *s);
extern double la_error_r2(const ErrorSums *s);

#endif							/* LA_ERRORSUMS_CORE_H */
