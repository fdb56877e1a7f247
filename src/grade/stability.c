/*
 * stability.c
 *		The population stability index; see stability.h.
 */
#include <math.h>

#include "grade/stability.h"

static double
Sum(const double *values, int n)
{
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		sum += values[i];
	return sum;
}

double
IcmStabilityIndex(const double *expected, const double *actual, int n)
{
	double		expected_sum = Sum(expected, n);
	double		actual_sum = Sum(actual, n);
	double		index = 0.0;

	if (!(expected_sum > 0.0 && actual_sum > 0.0))
		return NAN;
	for (int i = 0; i < n; i++)
	{
		double		moved = actual[i] / actual_sum - expected[i] / expected_sum;
		double		log_ratio;

		if (expected[i] == 0.0 && actual[i] == 0.0)
			continue;
		if (expected[i] == 0.0 || actual[i] == 0.0)
			return INFINITY;

		/* of logarithms, as a share may be too small for float8; the two factors have one sign */
		log_ratio = (log(actual[i]) - log(actual_sum)) - (log(expected[i]) - log(expected_sum));
		index += fabs(moved) * fabs(log_ratio);
	}
	return index;
}
