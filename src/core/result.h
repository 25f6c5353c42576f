/*
 * result.h
 *		What a function of the core can report.
 *
 * The core knows neither SQLSTATEs nor messages: the wrappers turn these into
 * errors that name the user's value.
 */
#ifndef LA_RESULT_H
#define LA_RESULT_H

typedef enum LaResult
{
	LA_OK = 0,
	LA_NEGATIVE,				/* a count below zero */
	LA_OVERFLOW,				/* finite input, result out of range */
	LA_SINGULAR,				/* no unique solution */
	LA_MALFORMED,				/* bytes that are not what they claim to be */
	LA_TOO_LARGE				/* a fixed limit is exceeded */
} LaResult;

#endif							/* LA_RESULT_H */
