/*
 * trend.c
 *		Intervals of shares and the test of a trend; see trend.h.
 */
#include <math.h>

#include "math/trend.h"
#include "math/wide.h"

#define LN_10 2.302585092994045684017991454684
#define SQRT_HALF 0.707106781186547524400844362105
#define SQRT_TWO_OVER_PI 0.797884560802865355879892119869
#define LN_SQRT_PI 0.572364942924700087071713675677

/* From here on five terms of erfc's asymptotic series are good to the last bit of its logarithm. */
#define ASYMPTOTIC_FROM 25.0

/*
 * By Newton's method from 0: the probability beyond z falls ever more slowly, so
 * that each step falls short of the z looked for, until rounding ends them.
 */
double
IcmNormalWithin(double probability)
{
	double		z = 0.0;

	for (int i = 0; i < 200; i++)
	{
		double		next = z + (IcmNormalBeyond(z) - (1.0 - probability)) / (SQRT_TWO_OVER_PI * exp(-0.5 * z * z));

		if (!(next > z))
			break;
		z = next;
	}
	return z;
}

double
IcmNormalBeyond(double z)
{
	return erfc(fabs(z) * SQRT_HALF);
}

double
IcmNormalBeyondLog10(double z)
{
	double		x = fabs(z) * SQRT_HALF;
	double		y = 0.5 / (x * x);

	if (x < ASYMPTOTIC_FROM)
		return log10(erfc(x));
	return (-0.5 * z * z - log(x) - LN_SQRT_PI + log1p(-y * (1.0 - 3.0 * y * (1.0 - 5.0 * y * (1.0 - 7.0 * y * (1.0 - 9.0 * y)))))) / LN_10;
}

void
IcmWilson(double responses, double customers, double z, double *lower, double *upper)
{
	double		whole = customers + z * z;
	double		centre = (responses + 0.5 * z * z) / whole;
	double		half = z / whole * sqrt(responses / customers * (customers - responses) + 0.25 * z * z);

	/* the ends that are known, without rounding */
	*lower = responses == 0.0 ? 0.0 : centre - half;
	*upper = responses == customers ? 1.0 : centre + half;
}

/* The difference of two integers. */
static double
Minus(IcmUint128 a, IcmUint128 b)
{
	return a >= b ? (double) (a - b) : -(double) (b - a);
}

/* U and V of a stratum, and its number of customers; see trend.h. In integers, rounded at the end. */
static void
StratumTrend(const IcmDose *doses, int n, double *u, double *v, double *customers)
{
	IcmUint128	total = 0,
				responses = 0,
				sum = 0,
				squares = 0,
				response_sum = 0;

	for (int i = 0; i < n; i++)
	{
		IcmUint128	dose = (IcmUint128) doses[i].dose;

		total += (IcmUint128) doses[i].customers;
		responses += (IcmUint128) doses[i].responses;
		sum += (IcmUint128) doses[i].customers * dose;
		squares += (IcmUint128) doses[i].customers * dose * dose;
		response_sum += (IcmUint128) doses[i].responses * dose;
	}
	*customers = (double) total;
	*u = Minus(total * response_sum, responses * sum) / *customers;
	*v = (double) responses / *customers * ((double) (total - responses) / *customers) *
		(Minus(total * squares, sum * sum) / *customers);
}

double
IcmTrend(const IcmDose *doses, int n)
{
	double		u_sum = 0.0,
				v_sum = 0.0;

	for (int first = 0, end; first < n; first = end)
	{
		double		u,
					v,
					customers;

		end = IcmDoseStratumEnd(doses, n, first);
		StratumTrend(&doses[first], end - first, &u, &v, &customers);
		if (v == 0.0)
			continue;			/* it has nothing to say */
		u_sum += u;
		v_sum += end - first == n ? v : v * (customers / (customers - 1.0));
	}
	return v_sum > 0.0 ? u_sum / sqrt(v_sum) : NAN;
}
