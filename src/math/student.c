/*
 * student.c
 *		Student's t distribution; see student.h.
 *
 * The probability beyond -t or t is the incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + t^2). The
 * fraction of IcmIncompleteBeta takes some sqrt(df) terms near its mean, too many for large df. So there is a series
 * here for small t, and for others a fraction that becomes Laplace's of the normal tail as df grows. All their terms
 * are positive, and fewer than a hundred are enough, whatever df is.
 */
#include <float.h>
#include <math.h>

#include "math/special.h"
#include "math/student.h"
#include "math/trend.h"

#define SQRT_PI 1.772453850905516027298167483341

/* Where t / sqrt(df) is more, the tail is a power of it, to the last bit. */
#define FAR 1e8

/* Up to here the probability within -t and t is proportional to t, to the last bit. */
#define PROPORTIONAL 1e-8

/* Newton's method squares the relative error of a step: so none follows one that is this small. */
#define LAST_STEP 1e-9

/* More steps than Newton's method takes, for any probability and df. */
#define STEPS_MAX 100

/* Likewise of terms of the fraction. */
#define TERMS_MAX 1000

typedef struct Tails
{
	double		within;			/* the probability to be within -t and t, */
	double		beyond;			/* and to be beyond: neither loses digits where it is small */
	double		slope;			/* the derivative of the former by log t */
} Tails;

/* 1 / (a B(a, 1/2)) */
static double
TailFactor(double a)
{
	return exp(-IcmLogGammaRatio(a + 1.0, -0.5)) / SQRT_PI;
}

/* 2F1(a + 1/2, 1; 3/2; y) by its own series. */
static double
Series(double a, double y)
{
	double		term = 1.0,
				sum = 1.0;

	for (int n = 0; term > 0.1 * DBL_EPSILON * sum; n++)
	{
		term *= (a + 0.5 + n) / (1.5 + n) * y;
		sum += term;
	}
	return sum;
}

/* 2F1(1/2, 1; a + 1; -w), w > 0, by the fraction of Gauss (DLMF 15.7.1, b = 0): 1 / (1 + odd / (1 + even / (1 + ...))). */
static double
Fraction(double a, double w)
{
	double		c = 1.0,
				d = 0.0,
				h = 1.0,
				step;

	for (int m = 0; m < TERMS_MAX; m++)
	{
		double		odd = (m + 0.5) * (a + m) / ((a + 2 * m) * (a + 2 * m + 1)) * w;
		double		even = (m + 1) * (a + m + 0.5) / ((a + 2 * m + 1) * (a + 2 * m + 2)) * w;

		d = 1.0 / (1.0 + odd * d);
		c = 1.0 + odd / c;
		h *= c * d;
		d = 1.0 / (1.0 + even * d);
		c = 1.0 + even / c;
		step = c * d;
		h *= step;
		if (fabs(step - 1.0) < 4.0 * DBL_EPSILON)	/* rounding may keep it from coming nearer */
			break;
	}
	return 1.0 / h;
}

static Tails
TailsOf(double t, double df)
{
	Tails		tails;
	double		a = 0.5 * df,
				u = t / sqrt(df),
				x = 1.0 / (1.0 + u * u),
				y = u * u * x,
				kernel;

	if (u > FAR)
	{
		tails.beyond = pow(u, -df) * TailFactor(a);
		tails.within = 1.0 - tails.beyond;
		tails.slope = df * tails.beyond;
		return tails;
	}
	kernel = IcmBetaKernel(x, y, a, 0.5);
	if (y * (a + 5.0) < 3.0)
	{
		tails.within = 2.0 * kernel * Series(a, y);
		tails.beyond = 1.0 - tails.within;
	}
	else
	{
		tails.beyond = kernel / (a * y) * Fraction(a, x / y);
		tails.within = 1.0 - tails.beyond;
	}
	tails.slope = 2.0 * kernel;
	return tails;
}

/*
 * By Newton's method for the logarithm of the smaller of both probabilities by that of t, which is concave: so the
 * steps after the first come from one side. It begins at the normal distribution's z.
 */
double
IcmStudentWithin(double probability, double df)
{
	double		t;

	if (probability < PROPORTIONAL)
		return probability / TailFactor(0.5 * df) / sqrt(df);
	t = IcmNormalWithin(probability);
	for (int i = 0; i < STEPS_MAX && isfinite(t); i++)
	{
		Tails		tails = TailsOf(t, df);
		double		step = probability < 0.5 ? log(probability / tails.within) * tails.within / tails.slope :
			log(tails.beyond / (1.0 - probability)) * tails.beyond / tails.slope;

		t *= exp(step);
		if (fabs(step) < LAST_STEP)
			break;
	}
	return t;
}

double
IcmStudentBeyond(double t, double df)
{
	return TailsOf(fabs(t), df).beyond;
}
