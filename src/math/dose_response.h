/*
 * dose_response.h
 *		Logistic regression of response on dose, linear or quadratic, with an
 *		intercept for each stratum; and the dose at which response or profit peaks.
 */
#ifndef ICM_DOSE_RESPONSE_H
#define ICM_DOSE_RESPONSE_H

#include <stdbool.h>

#include "math/trend.h"

#define ICM_STRATA_MAX 27

/* The powers of the dose in a model: its own, or its own and its square. */
#define ICM_LINEAR 1
#define ICM_QUADRATIC 2

/*
 * logit P(response) = intercept of the stratum + sum over the powers k of coefficient[k - 1] x^k, where
 * x = (dose - centre) / scale, so that the powers are of like size.
 */
typedef struct IcmDoseFit
{
	int			powers;
	double		centre;
	double		scale;
	double		coefficient[ICM_QUADRATIC];
	double		covariance[3];	/* of the coefficients, packed as in math/cholesky.h */
	double		loglik;
	int			strata;			/* those that the model is of, ascending */
	struct IcmStratumFit
	{
		int			stratum;
		double		intercept;
		double		weight;		/* information on the intercept, were the coefficients known */
		double		mean[ICM_QUADRATIC];	/* of the powers of x, by weight */
	}			stratum[ICM_STRATA_MAX];
} IcmDoseFit;

typedef enum IcmFitOutcome
{
	ICM_FIT_DONE,
	ICM_FIT_NONE,				/* likelihood has no largest value, or not at one place only */
	ICM_FIT_FAILED				/* it has, but it was not found */
} IcmFitOutcome;

/*
 * Fit by maximum likelihood. Doses are sorted by stratum, of which there are at most
 * ICM_STRATA_MAX. A stratum in which all or none responded says nothing of the
 * dose: its likelihood is 1 with an infinite intercept, and it is taken out of
 * the doses.
 */
extern IcmFitOutcome IcmDoseFitMake(IcmDoseFit *fit, IcmDose *doses, int n, int powers);

/* A coefficient of a linear fit for a unit of the dose, and its standard error. */
extern double IcmDoseSlope(const IcmDoseFit *fit, double *error);

/* The logit at dose 0 of the index-th stratum of the model, and its standard error. */
extern double IcmDoseIntercept(const IcmDoseFit *fit, int index, double *error);

/* Where something peaks: the dose, and the ends of its interval, NaN where there is none. */
typedef struct IcmDosePeak
{
	double		dose;
	double		lower;
	double		upper;
	double		response;		/* its share there, from 0 to 1 */
} IcmDosePeak;

/*
 * The dose within least and most at which response - cost * dose is largest in
 * the index-th stratum of a quadratic fit; cost is in units of what a response
 * brings. dose is NaN unless that is within, not at an end: then there is no
 * peak to be seen in these doses.
 *
 * At the peak, d = p (1 - p) (c1 + 2 c2 x) - cost * scale is 0. The interval is
 * of the doses around it at which d is within z of its standard errors of 0:
 * for cost 0 that is the interval of Fieller (1954, Journal of the Royal Statistical
 * Society B 16). An end that is not within least and most is NaN.
 */
extern IcmDosePeak IcmDosePeakFind(const IcmDoseFit *fit, int index, double cost, double z, double least, double most);

#endif							/* ICM_DOSE_RESPONSE_H */
