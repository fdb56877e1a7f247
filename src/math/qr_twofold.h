/*
 * qr_twofold.h
 *		Numbers in two doubles, their unevaluated sum: 106 bits (Dekker 1971,
 *		"A floating-point technique for extending the available precision").
 *
 * A result is off by a few units of 2^-104 of itself; a sum, of its terms.
 * Nothing here may be compiled with -ffast-math.
 */
#ifndef ICM_QR_TWOFOLD_H
#define ICM_QR_TWOFOLD_H

#include <math.h>

typedef struct IcmTwofold
{
	double		high;
	double		low;			/* a unit in the last place of high, or some; in sums of n terms, n */
} IcmTwofold;

/*
 * *error is what a + b rounds away (Knuth's TwoSum: no branches, which would cost
 * more than they save; numbers here are far from overflow).
 */
static inline double
IcmTwofoldSum(double a, double b, double *error)
{
	double		sum = a + b,
				b_part = sum - a;

	*error = (a - (sum - b_part)) + (b - b_part);
	return sum;
}

static inline IcmTwofold
IcmTwofoldOf(double a)
{
	IcmTwofold	result = {a, 0.0};

	return result;
}

static inline IcmTwofold
IcmTwofoldAdd(IcmTwofold a, IcmTwofold b)
{
	IcmTwofold	result;
	double		error,
				low_error,
				low = IcmTwofoldSum(a.low, b.low, &low_error);

	result.high = IcmTwofoldSum(a.high, b.high, &error);
	result.high = IcmTwofoldSum(result.high, error + low, &error);
	result.high = IcmTwofoldSum(result.high, error + low_error, &result.low);
	return result;
}

static inline IcmTwofold
IcmTwofoldMinus(IcmTwofold a)
{
	IcmTwofold	result = {-a.high, -a.low};

	return result;
}

static inline IcmTwofold
IcmTwofoldSubtract(IcmTwofold a, IcmTwofold b)
{
	return IcmTwofoldAdd(a, IcmTwofoldMinus(b));
}

static inline IcmTwofold
IcmTwofoldMultiply(IcmTwofold a, IcmTwofold b)
{
	IcmTwofold	result;
	double		product = a.high * b.high,
				error = fma(a.high, b.high, -product);

	result.high = IcmTwofoldSum(product, error + (a.high * b.low + a.low * b.high), &result.low);
	return result;
}

/* By one step of Newton's method from the quotient in doubles. */
static inline IcmTwofold
IcmTwofoldDivide(IcmTwofold a, IcmTwofold b)
{
	IcmTwofold	quotient = IcmTwofoldOf(a.high / b.high),
				rest = IcmTwofoldSubtract(a, IcmTwofoldMultiply(quotient, b));

	return IcmTwofoldAdd(quotient, IcmTwofoldOf(rest.high / b.high));
}

#endif							/* ICM_QR_TWOFOLD_H */
