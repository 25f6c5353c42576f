/*
 * binning.h
 *		Features as small numbers: at most 255 bins and one for missing values.
 */
#ifndef LA_BINNING_H
#define LA_BINNING_H

#include <stddef.h>
#include <stdint.h>

/* the bin of a missing value, above all others */
#define LA_MISSING_BIN 255
#define LA_MAX_BINS 255

extern int	la_bin_cuts(const uint64_t *sorted_keys, size_t n, int max_bins, double *cuts);
extern void la_bin_column(const double *values, size_t n,
						  const double *cuts, int ncuts,
						  uint8_t *bins, size_t stride);

/*
 * la_bin_of
 *		The bin of a value: how many cuts are below it; NaN is missing.
 *
 * Bin b holds the values x with cuts[b - 1] < x <= cuts[b].
 */
static inline uint8_t
la_bin_of(double value, const double *cuts, int ncuts)
{
	const double *base = cuts;
	int			n = ncuts;

	if (value != value)
		return LA_MISSING_BIN;
	while (n > 1)
	{
		int			half = n / 2;

		/* arithmetic, not a branch: which way it goes cannot be predicted */
		base += half * (base[half - 1] < value);
		n -= half;
	}
	return (uint8_t) (base - cuts + (n == 1 && *base < value));
}

#endif							/* LA_BINNING_H */
