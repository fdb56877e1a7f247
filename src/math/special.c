/*
 * special.c
 *		Special functions; see special.h.
 */
#include <float.h>
#include <math.h>

#include "math/special.h"

#define LOG_SQRT_2PI 0.918938533204672741780329736406
#define TWO_PI 6.283185307179586476925286766559

/* From here on the asymptotic series below are good to the last bit. */
#define ASYMPTOTIC_FROM 12.0

double
IcmDigamma(double x)
{
	double		shift = 0.0,
				y;

	for (; x < ASYMPTOTIC_FROM; x += 1.0)
		shift -= 1.0 / x;
	y = 1.0 / (x * x);
	return shift + log(x) - 0.5 / x -
		y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 -
		y * (691.0 / 32760 - y / 12))))));
}

/* log gamma(x) - [(x - 1/2) log x - x + log sqrt(2 pi)] by Stirling's series */
static double
StirlingRest(double x)
{
	double		y = 1.0 / (x * x);

	if (x < ASYMPTOTIC_FROM)
		return lgamma(x) - ((x - 0.5) * log(x) - x + LOG_SQRT_2PI);
	return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 -
		y * (691.0 / 360360 - y / 156)))))) / x;
}

double
IcmLogGammaRatio(double x, double a)
{
	if (x < ASYMPTOTIC_FROM || x + a < ASYMPTOTIC_FROM)
		return lgamma(x) - lgamma(x + a);
	return a - a * log(x) - (x + a - 0.5) * log1p(a / x) + StirlingRest(x) - StirlingRest(x + a);
}

/* n log(n / np) + np - n, without cancellation where n is near np */
static double
Deviance(double n, double np)
{
	double		v = (n - np) / (n + np);
	double		term = 2.0 * n * v,
				sum = (n - np) * v;

	if (fabs(v) > 0.1)
		return n * log(n / np) + np - n;
	v *= v;
	for (int j = 3; fabs(term) > DBL_EPSILON * 0.01 * fabs(sum) && j < 1000; j += 2)
	{
		term *= v;
		sum += term / j;
	}
	return sum;
}

double
IcmBetaKernel(double z, double complement, double a, double b)
{
	double		n = a + b;

	if (z <= 0.0 || complement <= 0.0)
		return 0.0;
	return sqrt(a * b / (n * TWO_PI)) *
		exp(StirlingRest(n) - StirlingRest(a) - StirlingRest(b) - Deviance(a, n * z) - Deviance(b, n * complement));
}

/* The continued fraction by modified Lentz; converges fast for z < (a+1)/(a+b+2). */
static double
BetaFraction(double z, double a, double b)
{
	const double tiny = 1e-300;
	double		c = 1.0,
				d = 1.0 - (a + b) * z / (a + 1.0),
				h;

	d = 1.0 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m < 100000; m++)
	{
		double		even = m * (b - m) * z / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * z / ((a + 2 * m) * (a + 2 * m + 1));
		double		step;

		d = 1.0 + even * d;
		c = 1.0 + even / c;
		d = 1.0 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		d = 1.0 + odd * d;
		c = 1.0 + odd / c;
		d = 1.0 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1.0) < DBL_EPSILON)
			break;
	}
	return h;
}

double
IcmIncompleteBeta(double z, double complement, double a, double b)
{
	if (z <= 0.0)
		return 0.0;
	if (complement <= 0.0)
		return 1.0;
	if (z < (a + 1.0) / (a + b + 2.0))
		return IcmBetaKernel(z, complement, a, b) * BetaFraction(z, a, b) / a;
	return 1.0 - IcmBetaKernel(complement, z, b, a) * BetaFraction(complement, b, a) / b;
}

double
IcmSoftplus(double w, double *share)
{
	double		e = exp(-fabs(w));

	*share = (w > 0.0 ? 1.0 : e) / (1.0 + e);
	return (w > 0.0 ? w : 0.0) + log(1.0 + e);
}
