/*
 * exactsum.c
 *		Sums of doubles without rounding error; see exactsum.h.
 */
#include "math/exactsum.h"

/*
 * Make the expansion as short as it can be: carry from the largest term down,
 * then from the smallest up. Its value does not change.
 */
static void
Compress(IcmExactSum *sum)
{
	double		kept[ICM_EXACTSUM_TERMS];
	double		carry = sum->term[sum->n - 1];
	double		error;
	int			first = sum->n - 1;
	int			n = 0;

	for (int i = sum->n - 2; i >= 0; i--)
	{
		carry = IcmTwoSum(carry, sum->term[i], &error);
		if (error != 0.0)
		{
			kept[first--] = carry;
			carry = error;
		}
	}
	kept[first] = carry;

	carry = kept[first];
	for (int i = first + 1; i < sum->n; i++)
	{
		carry = IcmTwoSum(kept[i], carry, &error);
		if (error != 0.0)
			sum->term[n++] = error;
	}
	sum->term[n++] = carry;
	sum->n = n;
}

void
IcmExactSumAdd(IcmExactSum *sum, double x)
{
	int			n = 0;

	if (sum->n == ICM_EXACTSUM_TERMS)
		Compress(sum);
	for (int i = 0; i < sum->n; i++)
	{
		double		error;

		x = IcmTwoSum(x, sum->term[i], &error);
		if (!isfinite(x))
		{
			/* out of range, for good: infinity plus anything is kept as it is */
			n = 0;
			x = isinf(sum->term[i]) ? sum->term[i] : x;
			break;
		}
		if (error != 0.0)
			sum->term[n++] = error;
	}
	if (x != 0.0)
		sum->term[n++] = x;
	sum->n = n;
}

double
IcmExactSumRound(const IcmExactSum *sum)
{
	double		result,
				error = 0.0;
	int			i = sum->n - 1;

	if (sum->n == 0)
		return 0.0;
	result = sum->term[i];
	while (i > 0 && error == 0.0)
		result = IcmTwoSum(result, sum->term[--i], &error);

	/*
	 * The result is the nearest double unless the error is exactly half a
	 * unit of its last place and a smaller term of the same sign breaks the
	 * tie away from it.
	 */
	if (i > 0 && ((error < 0.0) == (sum->term[i - 1] < 0.0)))
	{
		double		twice = error * 2.0;
		double		away = result + twice;

		if (away - result == twice)
			result = away;
	}
	return result;
}
