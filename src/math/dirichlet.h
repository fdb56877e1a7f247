/*
 * dirichlet.h
 *		The NBD-Dirichlet model of buying: how many customers buy a brand of a
 *		given share, how often, and what else.
 *
 * Goodhardt, Ehrenberg and Chatfield (1984), "The Dirichlet: a comprehensive
 * model of buying behaviour", Journal of the Royal Statistical Society A 147.
 * A customer buys in the category at a Poisson rate, which is gamma distributed
 * over customers with shape k and mean m, and each time a brand with
 * probabilities that are Dirichlet distributed, with parameters s * share.
 */
#ifndef ICM_MATH_DIRICHLET_H
#define ICM_MATH_DIRICHLET_H

/* Where the answers below are good: m, k and s are within these, and shares from the least to 1. */
#define ICM_DIRICHLET_M_MIN 1e-9
#define ICM_DIRICHLET_M_MAX 1e9
#define ICM_DIRICHLET_MIN 1e-6	/* of k and s */
#define ICM_DIRICHLET_MAX 1e6
#define ICM_DIRICHLET_SHARE_MIN 1e-6

/* Below this share of buyers, those who buy one brand only are not seen well enough to tell how often they buy. */
#define ICM_DIRICHLET_LOYAL_MIN 1e-10

typedef struct IcmDirichletMarket
{
	double		m;				/* purchases of the category a customer in the period, buyers or not */
	double		k;				/* exponent of the negative binomial distribution; in any period */
	double		s;				/* sum of the Dirichlet parameters; in any period */
} IcmDirichletMarket;

/* What a brand of a given share should have in the period. */
typedef struct IcmDirichletNorm
{
	double		penetration;	/* share of customers who buy it */
	double		purchases;		/* of it, a buyer of it */
	double		category;		/* purchases of the category, a buyer of it */
	double		requirements;	/* purchases / category */
	double		loyal;			/* share of its buyers who buy nothing else in the category */
	double		loyal_purchases;	/* of it, such a buyer; NaN if loyal < ICM_DIRICHLET_LOYAL_MIN */
} IcmDirichletNorm;

/* Share of customers who buy in the category. */
extern double IcmDirichletCategory(const IcmDirichletMarket *market);

/*
 * The k with which this share of customers, between 0 and 1, buys in the category; NaN if there is none within the
 * limits: purchases vary between customers by less than chance alone brings about, or by too much.
 */
extern double IcmDirichletK(double m, double penetration);

/*
 * From and to which the penetration of a brand of this share goes: with the least s, where all but everybody buys one
 * brand, and the largest, where all but all choose alike. market->s is not used.
 */
extern void IcmDirichletBounds(const IcmDirichletMarket *market, double share, double *low, double *high);

/* The s with which a brand of this share has this penetration; NaN if that is out of these bounds. market->s is not used. */
extern double IcmDirichletS(const IcmDirichletMarket *market, double share, double penetration);

extern double IcmDirichletPenetration(const IcmDirichletMarket *market, double share);

/*
 * Share of customers who buy both of two brands, given the share and the penetration of each. As the penetrations less
 * that of both as one brand, so the error is that of the larger, about 1e-15 of it.
 */
extern double IcmDirichletBoth(const IcmDirichletMarket *market, const double share[2], const double penetration[2]);

/*
 * All norms, to a relative error of 1e-14 in markets as they are, and 1e-11 at the limits above. But the absolute error
 * of loyal is that, so it and loyal_purchases lose digits where it is small.
 */
extern IcmDirichletNorm IcmDirichletNorms(const IcmDirichletMarket *market, double share);

/*
 * Shares of customers who buy 0, 1, ..., max times the brand, to an absolute error of about 1e-15. poll is called now
 * and then, and may not return.
 */
extern void IcmDirichletDistribution(const IcmDirichletMarket *market, double share, int max, double *probability,
									 void (*poll) (void));

#endif							/* ICM_MATH_DIRICHLET_H */
