/*
 * mutate.h
 *		Damage to the bytes of a value, of the kinds that break readers.
 */
#ifndef LA_MUTATE_H
#define LA_MUTATE_H

#include <math.h>
#include <string.h>

#include "prng.h"

/* A number that is near some limit; in either order of bytes. */
static inline void
put_extreme(uint8_t *to, Prng *prng)
{
	static const double numbers[] = {
		0, -0.0, 1, -1, 0.5, 1e300, -1e297, 5e-324, 1e-308, 1.7976931348623157e308, 9007199254740992.0, 0x1p-256, NAN, INFINITY
	};
	static const uint64_t counts[] = {
		0, 1, 255, 65535, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, UINT64_C(1) << 53, 512, (uint64_t) -512
	};
	uint64_t	bits;

	if (la_prng_below(prng, 2) == 0)
		memcpy(&bits, &numbers[la_prng_below(prng, sizeof(numbers) / sizeof(numbers[0]))], sizeof(bits));
	else
		bits = counts[la_prng_below(prng, sizeof(counts) / sizeof(counts[0]))];
	if (la_prng_below(prng, 2) == 0)
	{
		memcpy(to, &bits, sizeof(bits));
		return;
	}
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t) (bits >> (56 - 8 * i));
}

/* Change one to four places of "size" bytes; returns how many are left. */
static inline size_t
mutate(uint8_t *bytes, size_t size, Prng *prng)
{
	for (uint32_t n = 1 + la_prng_below(prng, 4); n > 0 && size > 0; n--)
	{
		/* half of the time near the start, where counts are */
		size_t		room = size > 32 && la_prng_below(prng, 2) == 0 ? 32 : size;
		size_t		at = la_prng_below(prng, (uint32_t) room);
		size_t		from = la_prng_below(prng, (uint32_t) size);
		size_t		length = 1 + la_prng_below(prng, 16);

		switch (la_prng_below(prng, 8))
		{
			case 0:
			case 1:
				bytes[at] ^= (uint8_t) (1 << la_prng_below(prng, 8));
				break;
			case 2:
				bytes[at] = (uint8_t) la_prng_next(prng);
				break;
			case 3:				/* up or down by one: a count that no longer fits */
				bytes[at] = (uint8_t) (bytes[at] + (la_prng_below(prng, 2) == 0 ? 1 : -1));
				break;
			case 4:
			case 5:
				if (at + 8 <= size)
					put_extreme(bytes + at, prng);
				break;
			case 6:				/* a piece again somewhere else */
				if (at + length <= size && from + length <= size)
					memmove(bytes + at, bytes + from, length);
				break;
			default:			/* cut off, or a piece taken out */
				if (la_prng_below(prng, 4) == 0)
					size = at;
				else if (at + length <= size)
				{
					memmove(bytes + at, bytes + at + length, size - at - length);
					size -= length;
				}
		}
	}
	return size;
}

#endif							/* LA_MUTATE_H */
