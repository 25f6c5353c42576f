/*
 * window.c
 *		What window functions share.
 */
#include "liveanalytics.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "window.h"

/*
 * la_window_read_partition
 *		Hand over argument 0, a float8, of all rows of the partition where it
 *		is not NULL, in the current context.
 *
 * Whatever the argument's expression allocates goes to a context, of that
 * name, that is reset for each row: the executor's own one would grow over the
 * whole partition.
 */
void
la_window_read_partition(WindowObject winobj, const char *name, WindowFeed feed, void *state)
{
	MemoryContext scratch = AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	int64		nrows = WinGetPartitionRowCount(winobj);

	if (nrows > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one partition: %lld", (long long) nrows)));

	for (int row = 0; row < (int) nrows; row++)
	{
		bool		isnull;
		bool		isout;
		Datum		value;

		CHECK_FOR_INTERRUPTS();
		value = WinGetFuncArgInPartition(winobj, 0, row, WINDOW_SEEK_HEAD,
										 false, &isnull, &isout);
		if (!isnull)
			feed(state, DatumGetFloat8(value));
		MemoryContextReset(scratch);
	}

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}
