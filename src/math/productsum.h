/*
 * productsum.h
 *		Sums of products in two doubles, about twice as precise as in one: faster
 *		than exact sums (math/exactsum.h), and enough where the order of the terms
 *		is given.
 *
 * Nothing here may be compiled with -ffast-math.
 */
#ifndef ICM_PRODUCTSUM_H
#define ICM_PRODUCTSUM_H

#include <math.h>

#include "math/exactsum.h"

typedef struct IcmProductSum
{
	double		high;
	double		low;
} IcmProductSum;

static inline void
IcmProductSumInit(IcmProductSum *sum)
{
	sum->high = 0.0;
	sum->low = 0.0;
}

/* Add a term that is no product. */
static inline void
IcmProductSumAddTerm(IcmProductSum *sum, double x)
{
	double		error;

	sum->high = IcmTwoSum(sum->high, x, &error);
	sum->low += error;
}

/*
 * Add a * b, of which digits are lost below DBL_MIN. Most weights are 1, and fma() is slow where the
 * processor is not known to have it.
 */
static inline void
IcmProductSumAdd(IcmProductSum *sum, double a, double b)
{
	double		product = a * b;

	IcmProductSumAddTerm(sum, product);
	if (a != 1.0)
		sum->low += fma(a, b, -product);
}

static inline double
IcmProductSumRound(const IcmProductSum *sum)
{
	return sum->high + sum->low;
}

#endif							/* ICM_PRODUCTSUM_H */
