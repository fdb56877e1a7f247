/*
 * exactsum.h
 *		Sums of doubles without rounding error, rounded once at the end.
 *
 * The running sum is held as a list of doubles that do not overlap, whose
 * mathematical sum is exactly the sum of everything added (Shewchuk 1997,
 * "Adaptive precision floating-point arithmetic and fast robust geometric
 * predicates", Grow-Expansion and Compress). IcmExactSumRound() gives the
 * double nearest to it, half to even. So the result depends neither on the
 * order of the terms nor on how they were split into partial sums.
 *
 * A sum that leaves the range of double stays infinite: test the result.
 * Nothing here may be compiled with -ffast-math.
 */
#ifndef ICM_EXACTSUM_H
#define ICM_EXACTSUM_H

#include <math.h>

/*
 * A compressed expansion has at most 40 terms: 2,098 bits from the largest to the smallest double,
 * 53 bits a term. Twice that leaves room to add before it has to be compressed again.
 */
#define ICM_EXACTSUM_TERMS 80

typedef struct IcmExactSum
{
	int			n;				/* terms in use */
	double		term[ICM_EXACTSUM_TERMS];	/* ascending magnitude, none zero */
} IcmExactSum;

/*
 * *error is what a + b rounds away: a + b = result + *error exactly (Dekker's
 * Fast2Sum, the larger operand first, as then nothing in between can overflow
 * unless the sum does).
 */
static inline double
IcmTwoSum(double a, double b, double *error)
{
	double		larger = fabs(a) < fabs(b) ? b : a;
	double		smaller = fabs(a) < fabs(b) ? a : b;
	double		sum = larger + smaller;

	*error = smaller - (sum - larger);
	return sum;
}

static inline void
IcmExactSumInit(IcmExactSum *sum)
{
	sum->n = 0;
}

extern void IcmExactSumAdd(IcmExactSum *sum, double x);
extern double IcmExactSumRound(const IcmExactSum *sum);

#endif							/* ICM_EXACTSUM_H */
