/*
 * quantile.c
 *		Exact quantiles, and the cuts of a quantile scale; see quantile.h.
 */
#include <string.h>

#include "math/quantile.h"

#define RADIX_BITS 11
#define RADIX_SIZE (1 << RADIX_BITS)
#define RADIX_PASSES 6			/* 66 bits >= 64 */

/* The bits of a double as an integer that sorts in the same order. */
static inline uint64_t
KeyOf(double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits ^ ((bits >> 63) ? UINT64_MAX : UINT64_C(1) << 63);
}

/*
 * Least significant digit first, with all histograms counted in one scan. A
 * pass whose digit is the same in all values is skipped. Measured against a
 * quicksort with an inlined comparison: a third of its time at 10^6 values.
 */
void
IcmSortDoubles(double *values, double *scratch, size_t n, void (*poll) (void))
{
	static const uint64_t mask = RADIX_SIZE - 1;
	size_t		counts[RADIX_PASSES][RADIX_SIZE];
	double	   *from = values;
	double	   *to = scratch;

	if (n < 2)
		return;
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	key = KeyOf(values[i]);

		for (int pass = 0; pass < RADIX_PASSES; pass++)
			counts[pass][(key >> (pass * RADIX_BITS)) & mask]++;
	}

	for (int pass = 0; pass < RADIX_PASSES; pass++)
	{
		size_t	   *count = counts[pass];
		int			shift = pass * RADIX_BITS;
		size_t		start = 0;
		double	   *swap = from;

		poll();
		if (count[(KeyOf(from[0]) >> shift) & mask] == n)
			continue;
		for (int digit = 0; digit < RADIX_SIZE; digit++)
		{
			size_t		here = count[digit];

			count[digit] = start;
			start += here;
		}
		for (size_t i = 0; i < n; i++)
			to[count[(KeyOf(from[i]) >> shift) & mask]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != values)
		memcpy(values, from, n * sizeof(double));
}

/* The first index from which values exceed the given one, searched from start on. */
static size_t
NextLarger(const double *sorted, size_t n, size_t start, double value)
{
	size_t		low = start,
				high = n;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (sorted[middle] > value)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The first index at which the value at the given index stands. */
static size_t
FirstEqual(const double *sorted, size_t index)
{
	size_t		low = 0,
				high = index;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (sorted[middle] < sorted[index])
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
IcmQuantileCuts(const double *sorted, size_t n, int groups, double *cuts, size_t *distinct)
{
	size_t		highest[ICM_GROUPS_MAX];	/* where the top groups start, if one value each */
	size_t		start = n;

	*distinct = 0;
	for (int j = groups - 1; j > 0; j--)
	{
		if (start > 0)
		{
			start = FirstEqual(sorted, start - 1);
			(*distinct)++;
		}
		highest[j] = start;
	}
	if (start == 0)
		return 0;
	*distinct = groups;			/* or more: below the lowest cut there is at least one */

	start = 0;
	for (int j = 1; j < groups; j++)
	{
		size_t		lowest = NextLarger(sorted, n, start, sorted[start]);

		start = FirstEqual(sorted, (size_t) ((uint64_t) n * j / groups));
		if (start < lowest)
			start = lowest;
		if (start > highest[j])
			start = highest[j];
		cuts[j - 1] = sorted[start];
	}
	return groups - 1;
}
