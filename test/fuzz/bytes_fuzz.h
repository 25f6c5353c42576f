/*
 * bytes_fuzz.h
 *		libFuzzer on the bytes of a type, of which FUZZ_EXERCISE(bytes, size,
 *		&right) reads any and uses what they hold; "right" becomes false where
 *		that does not keep a promise.
 *
 *	 make fuzz						with clang and libFuzzer, for FUZZ_SECONDS
 *	 build/fuzz/TYPE_replay FILE...	any compiler: see replay.h
 */
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool		right = true;

	FUZZ_EXERCISE(data, size, &right);
	if (!right)
		abort();
	return 0;
}

#include "replay.h"
