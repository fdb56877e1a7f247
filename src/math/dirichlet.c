/*
 * dirichlet.c
 *		The NBD-Dirichlet model of buying; see dirichlet.h.
 *
 * Sums over all numbers of purchases need not be made. By whom a customer buys
 * with probability q, the brand and all others are bought at independent
 * Poisson rates; over the gamma distribution of the rate, with a = m / k,
 *		P(brand not bought) = (1 + a q)^-k, P(others not bought) = (1 + a (1-q))^-k.
 * What is left is the mean over q, which is beta distributed with parameters
 * s * share and s * (1 - share). What is looked at is in proportion to q where q
 * is small: so it is divided by q, and the mean is one over the distribution
 * with the first parameter larger by 1, times the share. That way nothing is
 * lost of the smallest brand.
 */
#include <math.h>

#include "math/dirichlet.h"
#include "math/integrate.h"
#include "math/special.h"

typedef struct Buying
{
	double		a;				/* m / k */
	double		k;
} Buying;

/* (1 - (1 + a q)^-k) / q, for the penetration */
static double
BuysBrand(double q, double r, const void *arg)
{
	const Buying *buying = arg;

	(void) r;
	return -expm1(-buying->k * log1p(buying->a * q)) / q;
}

/* Of m category purchases those of who buys the brand: 1 - r (1 + a q)^-(k+1), where r = 1 - q, again divided by q */
static double
CategoryPurchases(double q, double r, const void *arg)
{
	const Buying *buying = arg;
	double		exponent = -(buying->k + 1.0) * log1p(buying->a * q);

	(void) r;
	return -expm1(exponent) / q + exp(exponent);
}

/* Buys nothing else, but does buy: (1 + a r)^-k - (1 + a)^-k */
static double
BuysOnlyBrand(double q, double r, const void *arg)
{
	const Buying *buying = arg;
	double		others = 1.0 + buying->a * r;

	return -exp(-buying->k * log(others)) * expm1(-buying->k * log1p(buying->a * q / others)) / q;
}

/* Of m * q purchases of the brand those of who buys nothing else */
static double
LoyalPurchases(double q, double r, const void *arg)
{
	const Buying *buying = arg;

	(void) q;
	return exp(-(buying->k + 1.0) * log1p(buying->a * r));
}

/* Mean over the customers of q * f(q), divided by the share. */
static double
Mean(const IcmDirichletMarket *market, double share, IcmBetaFunction f)
{
	Buying		buying = {market->m / market->k, market->k};
	double		scale = (1.0 + buying.a) * (buying.k + 2.0);

	if (share >= 1.0)
		return f(1.0, 0.0, &buying);
	return IcmBetaMean(market->s * share + 1.0, market->s * (1.0 - share), f, &buying, scale, scale);
}

double
IcmDirichletCategory(const IcmDirichletMarket *market)
{
	return -expm1(-market->k * log1p(market->m / market->k));
}

double
IcmDirichletPenetration(const IcmDirichletMarket *market, double share)
{
	return fmin(1.0, share * Mean(market, share, BuysBrand));
}

double
IcmDirichletBoth(const IcmDirichletMarket *market, const double share[2], const double penetration[2])
{
	double		either = IcmDirichletPenetration(market, fmin(1.0, share[0] + share[1]));

	return fmax(0.0, penetration[0] + penetration[1] - either);
}

IcmDirichletNorm
IcmDirichletNorms(const IcmDirichletMarket *market, double share)
{
	double		buys = Mean(market, share, BuysBrand);
	double		category = Mean(market, share, CategoryPurchases);
	double		loyal = Mean(market, share, BuysOnlyBrand);
	IcmDirichletNorm norm;

	norm.penetration = fmin(1.0, share * buys);
	norm.purchases = market->m / buys;
	norm.category = market->m * category / buys;
	norm.requirements = fmin(1.0, 1.0 / category);
	norm.loyal = fmin(1.0, loyal / buys);
	norm.loyal_purchases = norm.loyal < ICM_DIRICHLET_LOYAL_MIN ? NAN :
		market->m * Mean(market, share, LoyalPurchases) / loyal;
	return norm;
}

/* ---- parameters from what is known of the market ---------------------------- */

/* What is sought, and what else it depends on. */
typedef struct Equation
{
	double		(*f) (double x, const struct Equation *equation);	/* increases with x */
	IcmDirichletMarket market;
	double		share;
	double		value;			/* that f is to have */
} Equation;

/* Where f has the value: bisection of log x within the limits, which x does not leave. NaN if it is not between its values there. */
static double
Solve(const Equation *equation)
{
	double		low = log(ICM_DIRICHLET_MIN),
				high = log(ICM_DIRICHLET_MAX);

	if (!(equation->f(ICM_DIRICHLET_MIN, equation) <= equation->value &&
		  equation->value <= equation->f(ICM_DIRICHLET_MAX, equation)))
		return NAN;
	for (;;)
	{
		double		middle = 0.5 * (low + high);

		if (middle <= low || middle >= high)
			return fmin(fmax(exp(middle), ICM_DIRICHLET_MIN), ICM_DIRICHLET_MAX);
		if (equation->f(exp(middle), equation) < equation->value)
			low = middle;
		else
			high = middle;
	}
}

static double
LogNonBuyers(double k, const Equation *equation)
{
	return k * log1p(equation->market.m / k);
}

double
IcmDirichletK(double m, double penetration)
{
	Equation	equation = {.f = LogNonBuyers, .market = {.m = m}, .value = -log1p(-penetration)};

	return Solve(&equation);
}

static double
BrandBuyers(double s, const Equation *equation)
{
	IcmDirichletMarket market = {equation->market.m, equation->market.k, s};

	return IcmDirichletPenetration(&market, equation->share);
}

void
IcmDirichletBounds(const IcmDirichletMarket *market, double share, double *low, double *high)
{
	Equation	equation = {BrandBuyers, *market, share, NAN};

	*low = BrandBuyers(ICM_DIRICHLET_MIN, &equation);
	*high = BrandBuyers(ICM_DIRICHLET_MAX, &equation);
}

double
IcmDirichletS(const IcmDirichletMarket *market, double share, double penetration)
{
	Equation	equation = {BrandBuyers, *market, share, penetration};

	return share < 1.0 ? Solve(&equation) : NAN;	/* all of the category, whatever s is */
}

/* ---- distribution of purchases ---------------------------------------------- */

/* Relative sizes that cannot be seen in a double, and in what is added up to 1. */
#define LOG_ROUNDING 39.2
#define NEGLIGIBLE 1e-25

/*
 * Add weight times the negative binomial distribution of mean k x, from 1 to max.
 * From where it is largest, which is by Loader's formula, up and down.
 */
static void
AddPurchases(double weight, double x, double k, int max, double *probability)
{
	double		z = x / (1.0 + x);
	double		top = floor((k - 1.0) * x);
	int			r = top < 1.0 ? 1 : top < max ? (int) top : max;
	double		largest = weight * IcmBetaKernel(z, 1.0 / (1.0 + x), r, k) / r;
	double		p = largest;

	for (int i = r; i <= max && p > NEGLIGIBLE; i++)
	{
		probability[i] += p;
		p *= (k + i) / (i + 1.0) * z;
	}
	p = largest;
	for (int i = r - 1; i >= 1 && p > NEGLIGIBLE; i--)
	{
		p *= (i + 1.0) / ((k + i) * z);
		probability[i] += p;
	}
}

/*
 * The trapezoidal rule in logit(q), as in integrate.c, with a step that is short
 * enough for the beta distribution and the negative binomial ones at once.
 */
static double
StepLength(double alpha, double beta, double k, int max)
{
	double		v = alpha / (alpha + beta) * beta + k / (k + max) * max;

	return v < 30.0 ? 9.87 / (37.0 + 1.23 * v) : 0.73 / sqrt(v);
}

void
IcmDirichletDistribution(const IcmDirichletMarket *market, double share, int max, double *probability,
						 void (*poll) (void))
{
	double		a = market->m / market->k;
	double		alpha = market->s * share;
	double		beta = market->s * (1.0 - share);
	double		h = StepLength(alpha, beta, market->k, max);
	double		scale = LOG_ROUNDING + log((1.0 + a) * (market->k + market->s + max));
	double		mode = log(alpha / beta);

	for (int i = 0; i <= max; i++)
		probability[i] = 0.0;
	probability[0] = 1.0 - IcmDirichletPenetration(market, share);
	if (max == 0)
		return;
	if (share >= 1.0)
	{
		AddPurchases(1.0, a, market->k, max, probability);
		return;
	}

	/* down to where q is so small that the brand is not bought; up to where it might as well be 1, and on in closed form */
	for (int side = -1; side <= 1; side += 2)
		for (long j = side < 0 ? 1 : 0;; j++)
		{
			double		s = mode + (double) (side * j) * h;
			double		e = exp(-fabs(s));
			double		q = (s > 0.0 ? 1.0 : e) / (1.0 + e),
						r = (s > 0.0 ? e : 1.0) / (1.0 + e);
			double		weight = h * IcmBetaKernel(q, r, alpha, beta);

			if (weight < NEGLIGIBLE || (side < 0 && s < -scale + fmin(0.0, log(alpha))))
				break;
			poll();
			if (side > 0 && s > scale)
			{
				AddPurchases(weight / -expm1(-beta * h), a * q, market->k, max, probability);
				break;
			}
			AddPurchases(weight, a * q, market->k, max, probability);
		}
}
