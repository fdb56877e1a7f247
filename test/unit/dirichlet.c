/*
 * dirichlet.c
 *		Unit tests of math/dirichlet, against the sums over all numbers of
 *		category purchases that the model is defined by, in long double and
 *		until what is left is below 1e-22; hypergeometric functions in 50 digits;
 *		and the limits of its parameters, where the answers are known.
 */
#include <math.h>
#include <stdlib.h>

#include "math/dirichlet.h"
#include "../tap.h"

#define MAX_SUMMED 40

static void
Poll(void)
{
}

static double
Uniform(double low, double high)
{
	return low + (high - low) * ldexp((double) (Random() >> 11), -53);
}

/* Of all sizes between two. */
static double
LogUniform(double low, double high)
{
	return exp(Uniform(log(low), log(high)));
}

static bool
Near(double x, long double expected, double relative)
{
	return fabsl(x - expected) <= relative * fabsl(expected);
}

static bool
Within(double x, long double expected, double absolute)
{
	return fabsl(x - expected) <= absolute;
}

/* ---- sums over all numbers of purchases -------------------------------------- */

typedef struct Sums
{
	long double buyers;			/* shares of customers */
	long double purchases;		/* purchases a customer */
	long double category;		/* the category's, of who buys the brand */
	long double loyal;			/* buy the brand only */
	long double loyal_purchases;
	long double distribution[MAX_SUMMED + 1];
} Sums;

/* Add those who make n purchases in the category, whose share is given; none: of them, the share that does not buy the brand. */
static void
AddCategory(Sums *sums, long n, long double share, long double none, long double only, long double alpha, long double beta)
{
	long double r_of_n = none;

	sums->buyers += share * (1.0L - none);
	sums->category += share * (long double) n * (1.0L - none);
	if (n > 0)
	{
		sums->loyal += share * only;
		sums->loyal_purchases += share * (long double) n * only;
	}
	for (long r = 0; r <= n && r <= MAX_SUMMED; r++)
	{
		sums->distribution[r] += share * r_of_n;
		r_of_n *= (long double) (n - r) / (long double) (r + 1) * (alpha + (long double) r) / (beta + (long double) (n - r - 1));
	}
}

/* Negative binomial purchases of the category, beta-binomial ones of the brand given them. */
static Sums
Sum(const IcmDirichletMarket *market, double brand_share)
{
	Sums		sums = {0};
	long double a = (long double) market->m / market->k;
	long double alpha = (long double) market->s * brand_share;
	long double beta = market->s - alpha;
	long double share = expl(-market->k * log1pl(a)),
				none = 1.0L,
				only = 1.0L;

	for (long n = 0;; n++)
	{
		AddCategory(&sums, n, share, none, only, alpha, beta);
		sums.purchases += share * (long double) n * brand_share;
		share *= (market->k + (long double) n) / (long double) (n + 1) * (a / (1.0L + a));
		none *= (beta + (long double) n) / (market->s + (long double) n);
		only *= (alpha + (long double) n) / (market->s + (long double) n);
		if ((double) n > market->m && share * (long double) n * (1.0L + a) < 1e-22L)
			return sums;
	}
}

static IcmDirichletMarket
RandomMarket(void)
{
	IcmDirichletMarket market;

	market.m = LogUniform(0.02, 50.0);
	market.k = LogUniform(0.1, 20.0);
	market.s = LogUniform(0.05, 50.0);
	return market;
}

static void
TestSums(void)
{
	int			wrong_norms = 0,
				wrong_loyal = 0,
				wrong_both = 0,
				wrong_distribution = 0;

	for (int i = 0; i < 400; i++)
	{
		IcmDirichletMarket market = RandomMarket();
		double		shares[2] = {LogUniform(1e-4, 0.6), LogUniform(1e-4, 0.39)};
		Sums		sums = Sum(&market, shares[0]);
		long double other = Sum(&market, shares[1]).buyers;
		long double both = sums.buyers + other - Sum(&market, shares[0] + shares[1]).buyers;
		double		penetrations[2] = {IcmDirichletPenetration(&market, shares[0]), IcmDirichletPenetration(&market, shares[1])};
		IcmDirichletNorm norm = IcmDirichletNorms(&market, shares[0]);
		double		probability[MAX_SUMMED + 1];

		wrong_norms += !Near(norm.penetration, sums.buyers, 1e-14) || !Near(norm.purchases, sums.purchases / sums.buyers, 1e-14) ||
			!Near(norm.category, sums.category / sums.buyers, 1e-14) || !Near(norm.requirements, sums.purchases / sums.category, 1e-14) ||
			penetrations[0] != norm.penetration;
		wrong_loyal += !Within(norm.loyal, sums.loyal / sums.buyers, 2e-15) ||
			(norm.loyal < ICM_DIRICHLET_LOYAL_MIN ? !isnan(norm.loyal_purchases) :
			 !Near(norm.loyal_purchases, sums.loyal_purchases / sums.loyal, 1e-14 + 1e-14 / norm.loyal));
		wrong_both += !Within(IcmDirichletBoth(&market, shares, penetrations), both, 4e-15 * (double) (sums.buyers + other));
		IcmDirichletDistribution(&market, shares[0], MAX_SUMMED, probability, Poll);
		for (int r = 0; r <= MAX_SUMMED; r++)
			wrong_distribution += !Within(probability[r], sums.distribution[r], 3e-15);
	}
	ok(wrong_norms == 0, "penetration and purchases of 400 random brands, by summation (%d wrong)", wrong_norms);
	ok(wrong_loyal == 0, "100 %% loyals of them, and how often they buy (%d wrong)", wrong_loyal);
	ok(wrong_both == 0, "who buys both of two brands (%d wrong)", wrong_both);
	ok(wrong_distribution == 0, "distribution of purchases (%d wrong)", wrong_distribution);
}

/* ---- hypergeometric functions ------------------------------------------------- */

/* Markets out of the ordinary, too; by 2F1(K, S share; S; -M/K) and its like in 50 digits, with mpmath. */
static const struct
{
	IcmDirichletMarket market;
	double		share,
				other;
	int			r;
	long double expected[7];	/* penetration, purchases, category, loyal, loyal purchases, both, r purchases */
}			known[] = {
	{{1.456, 0.778815882770769, 1.55}, 0.25, 0.1, 6,
		{2.050870188059600459e-1L, 1.7748563615544728219L, 3.1971807255512110768L, 4.255558013373271691e-1L, 1.6836393930777426955L, 2.2995110614725975697e-2L, 2.3753997649525826831e-3L}},
	{{5.824, 0.778815882770769, 1.55}, 0.02, 0.25, 6,
		{4.2301069226653825657e-2L, 2.7535946993653334477L, 9.9452161735314690684L, 1.0563880825686884077e-1L, 2.1958187371532257286L, 1.9766027636867796744e-2L, 1.2064965367724936409e-3L}},
	{{300.0, 0.05, 0.1}, 0.001, 0.5, 40,
		{5.1478915433589677791e-4L, 5.8276286023743973286e+2L, 1.0847144941782586604e+3L, 4.4650023075436355516e-1L, 5.5165796020501204052e+2L, 1.7194242244507370667e-4L, 1.4828879406708407502e-6L}},
	{{0.01, 20.0, 30.0}, 0.9, 0.05, 2,
		{8.9574640243138095116e-3L, 1.0047486627432421516L, 1.005764720194871407L, 9.989846406361933334e-1L, 1.0047485908455076725L, 4.5486946017515399879e-6L, 4.2254194636741632507e-5L}},
	{{50.0, 1000.0, 2000.0}, 0.3, 0.6, 20,
		{9.9999961188238805935e-1L, 1.5000005821766438085e+1L, 5.0000005921125196571e+1L, 1.2979072988715932114e-15L, 1.4744005772846683399e+1L, 9.9999961188222040173e-1L, 4.2015590840121368813e-2L}},
	{{1e6, 3.0, 0.5}, 0.2, 0.1, 100,
		{7.9531440852348120521e-1L, 2.5147287394340615036e+5L, 1.0085788461877051814e+6L, 1.0345136165250493998e-3L, 8.6666604166315819195e+5L, 4.3013465929615965869e-1L, 3.4087257266284472904e-4L}},
	{{1e-6, 0.001, 0.01}, 1e-5, 0.5, 1,
		{9.9950478403410906728e-12L, 1.0004954613262502099L, 1.0005053720962703332L, 9.9999009420917855398e-1L, 1.0004954613042937778L, 4.9505044771717128826e-17L, 9.9900989646080377379e-12L}},
	{{2.0, 0.5, 500.0}, 1e-6, 1e-5, 1,
		{1.9881738964313895908e-6L, 1.0059482239404899202L, 6.9706431259681116774L, 9.008284010230496455e-2L, 1.0012031648441910755L, 1.1742748066241299372e-10L, 1.976500582305184614e-6L}},
	{{2000.0, 400.0, 5.0}, 0.01, 0.99, 500,
		{2.6291362681314443174e-1L, 7.6070610117954127566e+1L, 2.0008393961136378998e+3L, 2.2286000071620390834e-16L, 1.9702856288937786358e+3L, 2.6291362681314437314e-1L, 3.3140133078128884445e-5L}}
};

static void
TestKnown(void)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		const long double *expected = known[i].expected;
		const IcmDirichletMarket *market = &known[i].market;
		IcmDirichletNorm norm = IcmDirichletNorms(market, known[i].share);
		double		shares[2] = {known[i].share, known[i].other};
		double		penetrations[2] = {norm.penetration, IcmDirichletPenetration(market, known[i].other)};
		double		probability[501];

		IcmDirichletDistribution(market, known[i].share, known[i].r, probability, Poll);
		ok(Near(norm.penetration, expected[0], 1e-13) && Near(norm.purchases, expected[1], 1e-13) &&
		   Near(norm.category, expected[2], 1e-13) && Near(norm.requirements, expected[1] / expected[2], 1e-13) &&
		   Within(norm.loyal, expected[3], 1e-14) &&
		   (expected[3] < ICM_DIRICHLET_LOYAL_MIN ? isnan(norm.loyal_purchases) : Near(norm.loyal_purchases, expected[4], 1e-12)) &&
		   Within(IcmDirichletBoth(market, shares, penetrations), expected[5], 1e-14 * (penetrations[0] + penetrations[1])) &&
		   Within(probability[known[i].r], expected[6], 1e-15),
		   "M %g, K %g, S %g, share %g", market->m, market->k, market->s, known[i].share);
	}
}

/* ---- limits ------------------------------------------------------------------- */

/* A brand that has the category: the negative binomial distribution, in closed form. */
static void
TestCategory(void)
{
	int			wrong = 0,
				wrong_distribution = 0;

	for (int i = 0; i < 200; i++)
	{
		IcmDirichletMarket market = RandomMarket();
		long double a = (long double) market.m / market.k;
		long double p = expl(-market.k * log1pl(a));
		long double buyers = 1.0L - p;
		IcmDirichletNorm norm = IcmDirichletNorms(&market, 1.0);
		double		probability[MAX_SUMMED + 1];

		wrong += !Near(norm.penetration, buyers, 1e-15) || !Near(IcmDirichletCategory(&market), buyers, 1e-15) ||
			!Near(norm.purchases, market.m / buyers, 1e-15) || !Near(norm.category, market.m / buyers, 1e-15) ||
			norm.requirements != 1.0 || norm.loyal != 1.0 || !Near(norm.loyal_purchases, market.m / buyers, 1e-15) ||
			/* and nearly so if it is all but it */
			!Near(IcmDirichletPenetration(&market, 1.0 - 0x1p-53), buyers, 1e-14);
		IcmDirichletDistribution(&market, 1.0, MAX_SUMMED, probability, Poll);
		for (int r = 0; r <= MAX_SUMMED; r++)
		{
			wrong_distribution += !Within(probability[r], p, 2e-15);
			p *= (market.k + (long double) r) / (long double) (r + 1) * (a / (1.0L + a));
		}
	}
	ok(wrong == 0, "a brand with share 1 has the norms of the category (%d wrong)", wrong);
	ok(wrong_distribution == 0, "and its distribution (%d wrong)", wrong_distribution);
}

/*
 * S at its ends, which bound the penetration: all choose alike, all but, which is a negative binomial distribution of the
 * brand alone; each buys one brand.
 */
static void
TestDiversity(void)
{
	int			wrong = 0;

	for (int i = 0; i < 200; i++)
	{
		IcmDirichletMarket market = RandomMarket();
		double		share = LogUniform(1e-3, 0.9);
		long double none = share * (long double) IcmDirichletCategory(&market),
					all = 1.0L - expl(-market.k * log1pl((long double) market.m * share / market.k));
		double		low,
					high;
		IcmDirichletNorm norm;

		IcmDirichletBounds(&market, share, &low, &high);
		market.s = ICM_DIRICHLET_MAX;
		norm = IcmDirichletNorms(&market, share);
		wrong += norm.penetration != high || !Near(high, all, 1e-3) || high >= all;
		market.s = ICM_DIRICHLET_MIN;
		norm = IcmDirichletNorms(&market, share);
		wrong += norm.penetration != low || !Near(low, none, 1e-4) || low <= none || !Near(norm.loyal, 1.0L, 1e-4) ||
			!Near(norm.requirements, 1.0L, 1e-4);
	}
	ok(wrong == 0, "S at its ends (%d wrong)", wrong);
}

/* With the largest K purchases are Poisson, of each brand by itself where S is largest too. */
static void
TestPoisson(void)
{
	const IcmDirichletMarket market = {3.0, ICM_DIRICHLET_MAX, ICM_DIRICHLET_MAX};
	IcmDirichletNorm norm = IcmDirichletNorms(&market, 0.25);
	double		probability[11];
	double		p = exp(-0.75);
	int			wrong = 0;

	IcmDirichletDistribution(&market, 0.25, 10, probability, Poll);
	for (int r = 0; r <= 10; p *= 0.75 / ++r)
		wrong += !Within(probability[r], p, 1e-5);
	ok(wrong == 0 && Near(norm.penetration, -expm1l(-0.75L), 1e-5) && Near(norm.loyal, expl(-2.25L), 1e-5) &&
	   Near(norm.category, 0.75 / -expm1(-0.75) + 2.25, 1e-5), "Poisson purchases where K and S are largest");
}

/* Everything that may be asked is answered: shares are shares, means are means, and it takes no time. */
static void
TestRange(void)
{
	static double probability[2001];
	int			wrong = 0,
				wrong_distribution = 0;

	for (int i = 0; i < 3000; i++)
	{
		IcmDirichletMarket market;
		double		share = LogUniform(ICM_DIRICHLET_SHARE_MIN, 1.0);
		int			max = i % 100 == 0 ? 2000 : i % 5;
		IcmDirichletNorm norm;
		double		sum = 0.0;

		market.m = i % 7 == 0 ? ICM_DIRICHLET_M_MIN : i % 7 == 1 ? ICM_DIRICHLET_M_MAX : LogUniform(ICM_DIRICHLET_M_MIN, ICM_DIRICHLET_M_MAX);
		market.k = i % 5 == 0 ? ICM_DIRICHLET_MIN : i % 5 == 1 ? ICM_DIRICHLET_MAX : LogUniform(ICM_DIRICHLET_MIN, ICM_DIRICHLET_MAX);
		market.s = i % 3 == 0 ? ICM_DIRICHLET_MIN : i % 3 == 1 ? ICM_DIRICHLET_MAX : LogUniform(ICM_DIRICHLET_MIN, ICM_DIRICHLET_MAX);
		norm = IcmDirichletNorms(&market, share);
		wrong += !(norm.penetration > 0.0 && norm.penetration <= 1.0 && norm.penetration <= IcmDirichletCategory(&market) * (1.0 + 1e-10)) ||
			!Near(norm.penetration * norm.purchases, (long double) market.m * share, 1e-11) ||
			!(norm.purchases >= 1.0 - 1e-10) || !(norm.category >= norm.purchases * (1.0 - 1e-10)) ||
			!(norm.loyal >= 0.0 && norm.loyal <= 1.0 && norm.requirements <= 1.0) ||
			!(isnan(norm.loyal_purchases) ? norm.loyal < ICM_DIRICHLET_LOYAL_MIN : norm.loyal_purchases >= 1.0 - 1e-4);
		IcmDirichletDistribution(&market, share, max, probability, Poll);
		for (int r = 0; r <= max; r++)
		{
			sum += probability[r];
			wrong_distribution += !(probability[r] >= 0.0 && probability[r] <= 1.0);
		}
		wrong_distribution += !(sum <= 1.0 + 1e-11);
	}
	ok(wrong == 0, "3000 markets up to the limits (%d wrong)", wrong);
	ok(wrong_distribution == 0, "distributions in them (%d wrong)", wrong_distribution);
}

/* A distribution to its end: 1 in all, with the mean that the share says. */
static void
TestWhole(void)
{
	static double probability[10001];
	int			wrong = 0;

	for (int i = 0; i < 50; i++)
	{
		IcmDirichletMarket market;
		double		share = LogUniform(1e-3, 1.0),
					sum = 0.0,
					mean = 0.0;

		market.m = LogUniform(0.1, 100.0);
		market.k = LogUniform(0.5, 10000.0);
		market.s = LogUniform(0.1, 10000.0);
		IcmDirichletDistribution(&market, share, 10000, probability, Poll);
		for (int r = 0; r <= 10000; r++)
		{
			sum += probability[r];
			mean += r * probability[r];
		}
		wrong += !Near(sum, 1.0L, 1e-13) || !Near(mean, market.m * share, 1e-12);
	}
	ok(wrong == 0, "distributions add up to 1, and to M times the share (%d wrong)", wrong);
}

/* ---- parameters ---------------------------------------------------------------- */

static void
TestParameters(void)
{
	int			wrong_k = 0,
				wrong_s = 0,
				wrong_limit = 0;

	for (int i = 0; i < 1000; i++)
	{
		IcmDirichletMarket market = RandomMarket();
		double		share = LogUniform(1e-3, 0.9);
		double		low,
					high;
		double		penetration = IcmDirichletPenetration(&market, share);
		double		least,
					most;

		wrong_k += !Near(IcmDirichletK(market.m, IcmDirichletCategory(&market)), market.k,
						 1e-12 * fmax(1.0, market.k / fmin(market.m, 1.0)) / (1.0 - IcmDirichletCategory(&market)));
		IcmDirichletBounds(&market, share, &low, &high);
		/* as far as the penetration tells it */
		wrong_s += !Near(IcmDirichletS(&market, share, penetration), market.s,
						 1e-13 * high / fmin(penetration - low, high - penetration)) ||
			!isnan(IcmDirichletS(&market, share, nextafter(low, 0.0))) || !isnan(IcmDirichletS(&market, share, nextafter(high, 1.0))) ||
			!isnan(IcmDirichletS(&market, share, 0.5 * low)) || !isnan(IcmDirichletS(&market, share, 0.5 * (1.0 + high)));
		/* not a step beyond the limits, or the model could not be read back */
		least = IcmDirichletS(&market, share, low);
		most = IcmDirichletS(&market, share, high);
		wrong_limit += !(least >= ICM_DIRICHLET_MIN && most <= ICM_DIRICHLET_MAX);
	}
	ok(wrong_k == 0, "K from the penetration that it makes (%d wrong)", wrong_k);
	ok(wrong_s == 0, "S from the penetration that it makes, none beyond the bounds (%d wrong)", wrong_s);
	ok(wrong_limit == 0, "S within its limits at the bounds (%d wrong)", wrong_limit);
	ok(isnan(IcmDirichletK(1.0, -expm1(-1.0))) && isnan(IcmDirichletK(1.0, 0.7)) && isnan(IcmDirichletK(0.5, 0.5)) &&
	   !isnan(IcmDirichletK(1.0, 0.63)) && isnan(IcmDirichletK(1e9, 1e-6)), "no K where purchases vary less than by chance, or too much");
	ok(isnan(IcmDirichletS(&(IcmDirichletMarket) {1.0, 1.0, 1.0}, 1.0, 0.5)), "S of a brand that has the category cannot be told");
}

/* ---- published ------------------------------------------------------------------ */

/*
 * Toothpaste in the first quarter of 1973 (Goodhardt, Ehrenberg and Chatfield
 * 1984): M = 1.46, K = 0.78, and S by brand as roots in 30 digits. Their mean,
 * weighted by share, is 1.55.
 */
static void
TestToothpaste(void)
{
	static const double share[8] = {0.25, 0.19, 0.1, 0.1, 0.09, 0.08, 0.03, 0.02};
	static const double penetration[8] = {0.2, 0.17, 0.09, 0.08, 0.08, 0.07, 0.03, 0.02};
	static const double s[8] = {1.29765748487, 2.21335305088, 1.60312476078, 0.844550169502, 1.44931194148, 1.29296088525, 2.21980616716, 2.13816785342};
	IcmDirichletMarket market = {0.56 * 2.6, IcmDirichletK(0.56 * 2.6, 0.56), NAN};
	double		sum = 0.0;
	int			wrong = 0;

	for (int i = 0; i < 8; i++)
	{
		double		fitted = IcmDirichletS(&market, share[i], penetration[i]);

		wrong += !Near(fitted, s[i], 1e-11);
		sum += share[i] * fitted;
	}
	ok(wrong == 0 && Near(market.k, 0.778815882770768879187293L, 1e-14) && Near(sum / 0.86, 1.54994352505710194563L, 1e-13),
	   "toothpaste: K and S of each brand (%d wrong)", wrong);
}

int
main(void)
{
	TestSums();
	TestKnown();
	TestCategory();
	TestDiversity();
	TestPoisson();
	TestRange();
	TestWhole();
	TestParameters();
	TestToothpaste();
	printf("1..%d\n", tests);
	return failures > 0;
}
