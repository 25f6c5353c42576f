/*
 * typeio.h
 *		What the receive functions of the types share.
 */
#ifndef LA_TYPEIO_H
#define LA_TYPEIO_H

/*
 * Bytes that no send function made.  "detail" is a whole sentence, already
 * formatted.
 */
LA_NORETURN static inline void
report_invalid_binary(const char *type, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value for type %s", type),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

#endif							/* LA_TYPEIO_H */
