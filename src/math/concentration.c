/*
 * concentration.c
 *		How unequally a total is spread; see concentration.h.
 */
#include <math.h>

#include "math/concentration.h"
#include "math/productsum.h"

/* The sums of the weights, and of weight x scaled value. */
static void
SumPoints(const IcmPoints *points, double factor, double *weight, double *sum)
{
	IcmProductSum products;

	*weight = 0.0;
	IcmProductSumInit(&products);
	for (size_t i = 0; i < points->n; i++)
	{
		*weight += points->weight[i];
		IcmProductSumAdd(&products, points->weight[i], points->value[i] * factor);
	}
	*sum = IcmProductSumRound(&products);
}

/*
 * The ranks of the w equal values after b smaller ones, of n, sum up to
 * sum (2 i - n - 1) = w (2 b + w - n).
 */
double
IcmGini(const IcmPoints *points)
{
	double		factor = IcmPointsFactor(points);
	double		n,
				total;
	double		smaller = 0.0;
	IcmProductSum sum;

	SumPoints(points, factor, &n, &total);
	if (!(total > 0.0))
		return NAN;
	IcmProductSumInit(&sum);
	for (size_t i = 0; i < points->n; i++)
	{
		double		weight = points->weight[i];
		double		value = points->value[i] * factor;
		double		rank = (smaller - n) + (smaller + weight);
		double		ranks = weight * rank;

		IcmProductSumAdd(&sum, ranks, value);
		IcmProductSumAdd(&sum, fma(weight, rank, -ranks), value);
		smaller += weight;
	}
	return IcmProductSumRound(&sum) / n / total;
}

void
IcmLorenz(const IcmPoints *points, const double *p, int n, double *share)
{
	double		factor = IcmPointsFactor(points);
	double		weight,
				total;
	double		smaller = 0.0;	/* weight of the points before i */
	size_t		i = 0;
	IcmProductSum sum;			/* what they have */

	SumPoints(points, factor, &weight, &total);
	IcmProductSumInit(&sum);
	for (int k = 0; k < n; k++)
	{
		double		reach = p[k] * weight;
		double		part = 0.0; /* of the point that the curve is within */

		for (; i < points->n && smaller + points->weight[i] <= reach; i++)
		{
			smaller += points->weight[i];
			IcmProductSumAdd(&sum, points->weight[i], points->value[i] * factor);
		}
		if (i < points->n)
			part = (reach - smaller) * (points->value[i] * factor);
		share[k] = total > 0.0 ? (IcmProductSumRound(&sum) + part) / total : NAN;
	}
}

/* A product like 0.07 * 100 that is a whole number but for rounding is that number. */
#define COUNT_ROUNDING 0x1p-50

double
IcmTopShare(const IcmPoints *points, double share)
{
	double		factor = IcmPointsFactor(points);
	double		weight,
				total,
				left;			/* of the best who are looked for */
	IcmProductSum sum;

	SumPoints(points, factor, &weight, &total);
	if (!(total > 0.0))
		return NAN;
	left = ceil(share * weight * (1.0 - COUNT_ROUNDING));
	IcmProductSumInit(&sum);
	for (size_t i = points->n; i-- > 0 && left > 0.0;)
	{
		IcmProductSumAdd(&sum, fmin(points->weight[i], left), points->value[i] * factor);
		left -= points->weight[i];
	}
	return IcmProductSumRound(&sum) / total;
}
