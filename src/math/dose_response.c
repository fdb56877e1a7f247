/*
 * dose_response.c
 *		Logistic regression of response on dose; see dose_response.h.
 *
 * Newton's method. The intercepts appear in the information matrix only with
 * themselves and with the coefficients, so they are eliminated stratum by
 * stratum, and what is left to solve has one or two unknowns.
 */
#include <math.h>

#include "math/cholesky.h"
#include "math/dose_response.h"
#include "math/special.h"

#define ITERATIONS_MAX 300
#define HALVINGS_MAX 40

/*
 * A Newton step from within this (squared) share of the standard errors lands within
 * rounding.
 */
#define DECREMENT_LAST 1e-14

/*
 * A step changes no logit by more than this: as far as that the information is still
 * about what it was, so that no step ends where likelihood is flat.
 */
#define LOGIT_STEP_MAX 4.0

/* What rounding may take from the likelihood without a step being held for too long. */
#define LOGLIK_ROUNDING 1e-13

/* Peaks are looked for on a grid first, of so many points a dose. */
#define GRID 16
#define BISECTIONS 60

/* ---- is there a fit? ------------------------------------------------------ */

/*
 * Customers of one stratum, of whom one responded at dose t and another did not at
 * dose s, hold c1 (t - s) + c2 (t^2 - s^2), whose sign is that of c1 + c2 (t + s) or, where t < s, its
 * opposite. Likelihood rises without end along coefficients for which this is
 * never negative (Albert, Anderson 1984, Biometrika 71). These are the
 * least and greatest t + s of the pairs with t > s, and of those with t < s.
 */
typedef struct Pairs
{
	double		rising_min,
				rising_max,
				falling_min,
				falling_max;
} Pairs;

static void
AddPairs(Pairs *pairs, const IcmDose *doses, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			double		sum = doses[i].dose + doses[j].dose;

			if (doses[i].responses == 0.0 || doses[j].responses == doses[j].customers)
				continue;
			if (doses[i].dose > doses[j].dose)
			{
				pairs->rising_min = fmin(pairs->rising_min, sum);
				pairs->rising_max = fmax(pairs->rising_max, sum);
			}
			else if (doses[i].dose < doses[j].dose)
			{
				pairs->falling_min = fmin(pairs->falling_min, sum);
				pairs->falling_max = fmax(pairs->falling_max, sum);
			}
		}
}

/* Whether likelihood has a largest value, at one place. */
static bool
HasFit(const IcmDose *doses, int n, int powers)
{
	Pairs		pairs = {INFINITY, -INFINITY, INFINITY, -INFINITY};

	for (int first = 0, end; first < n; first = end)
	{
		end = IcmDoseStratumEnd(doses, n, first);
		AddPairs(&pairs, &doses[first], end - first);
	}
	if (isinf(pairs.rising_min) || isinf(pairs.falling_min))
		return false;
	return powers == ICM_LINEAR ||
		(pairs.falling_max > pairs.rising_min && pairs.rising_max > pairs.falling_min);
}

/* ---- fit ------------------------------------------------------------------ */

/* The powers of x at this dose. */
static void
PowersAt(const IcmDoseFit *fit, double dose, double *x)
{
	x[0] = (dose - fit->centre) / fit->scale;
	x[1] = x[0] * x[0];
}

static double
LogitAt(const IcmDoseFit *fit, double intercept, const double *x)
{
	double		logit = intercept;

	for (int k = 0; k < fit->powers; k++)
		logit += fit->coefficient[k] * x[k];
	return logit;
}

/* P(response) and P(no response) at this logit, each to rounding: 1 - p would lose what is near 0. */
static void
SharesAt(double logit, double *p, double *q)
{
	(void) IcmSoftplus(logit, p);
	(void) IcmSoftplus(-logit, q);
}

static double
LogLikelihood(const IcmDoseFit *fit, const IcmDose *doses, int n)
{
	double		loglik = 0.0;
	int			index = 0;

	for (int i = 0; i < n; i++)
	{
		double		x[ICM_QUADRATIC],
					logit;

		if (doses[i].stratum != fit->stratum[index].stratum)
			index++;
		PowersAt(fit, doses[i].dose, x);
		logit = LogitAt(fit, fit->stratum[index].intercept, x);
		/* of log p and log (1 - p) the one near 0 is -log1p(exp(-|logit|)), the other is |logit| less */
		loglik -= doses[i].customers * log1p(exp(-fabs(logit)));
		loglik -= fabs(logit) * (logit > 0.0 ? doses[i].customers - doses[i].responses : doses[i].responses);
	}
	return loglik;
}

/* The strata, with the intercepts that fit without the dose; centre and scale of the doses. */
static void
StartFit(IcmDoseFit *fit, const IcmDose *doses, int n)
{
	double		least = doses[0].dose,
				most = doses[0].dose;

	for (int first = 0, end; first < n; first = end)
	{
		struct IcmStratumFit *stratum = &fit->stratum[fit->strata++];
		double		customers = 0.0,
					responses = 0.0;

		end = IcmDoseStratumEnd(doses, n, first);
		for (int i = first; i < end; i++)
		{
			customers += doses[i].customers;
			responses += doses[i].responses;
			least = fmin(least, doses[i].dose);
			most = fmax(most, doses[i].dose);
		}
		stratum->stratum = doses[first].stratum;
		stratum->intercept = log(responses / (customers - responses));
	}
	fit->centre = 0.5 * (least + most);
	fit->scale = 0.5 * (most - least);
}

/* The responses beyond those expected. */
static double
Excess(const IcmDose *dose, double p, double q)
{
	return dose->responses * q - (dose->customers - dose->responses) * p;
}

/* The derivatives of the likelihood of one stratum, the intercept eliminated. */
static void
AddDerivatives(const IcmDoseFit *fit, struct IcmStratumFit *stratum, const IcmDose *doses, int n,
			   double *score, double *information, double *excess)
{
	double		x[ICM_QUADRATIC],
				p,
				q;

	*excess = 0.0;
	stratum->weight = 0.0;
	stratum->mean[0] = stratum->mean[1] = 0.0;
	for (int i = 0; i < n; i++)
	{
		double		weight;

		PowersAt(fit, doses[i].dose, x);
		SharesAt(LogitAt(fit, stratum->intercept, x), &p, &q);
		weight = doses[i].customers * p * q;
		*excess += Excess(&doses[i], p, q);
		stratum->weight += weight;
		for (int k = 0; k < fit->powers; k++)
			stratum->mean[k] += weight * x[k];
	}
	for (int k = 0; k < fit->powers; k++)
		stratum->mean[k] /= stratum->weight;
	for (int i = 0; i < n; i++)
	{
		double		weight;

		PowersAt(fit, doses[i].dose, x);
		SharesAt(LogitAt(fit, stratum->intercept, x), &p, &q);
		weight = doses[i].customers * p * q;
		for (int k = 0; k < fit->powers; k++)
		{
			x[k] -= stratum->mean[k];
			score[k] += x[k] * Excess(&doses[i], p, q);
			for (int j = 0; j <= k; j++)
				information[ICM_PACKED(k, j)] += weight * x[k] * x[j];
		}
	}
}

/*
 * The Newton step from where the fit is, and the covariance there. Returns the
 * squared length of the step in standard errors; NaN if there is no step.
 */
static double
NewtonStep(IcmDoseFit *fit, const IcmDose *doses, int n, IcmDoseFit *step)
{
	double		score[ICM_QUADRATIC] = {0},
				information[3] = {0},
				excess[ICM_STRATA_MAX],
				decrement = 0.0;
	int			index = 0;

	for (int first = 0, end; first < n; first = end)
	{
		end = IcmDoseStratumEnd(doses, n, first);
		AddDerivatives(fit, &fit->stratum[index], &doses[first], end - first, score, information, &excess[index]);
		index++;
	}
	if (!IcmCholesky(information, fit->powers))
		return NAN;
	IcmCholeskyInvert(information, fit->powers, fit->covariance);
	for (int k = 0; k < fit->powers; k++)
		step->coefficient[k] = score[k];
	IcmCholeskySolve(information, fit->powers, step->coefficient);
	for (int k = 0; k < fit->powers; k++)
		decrement += score[k] * step->coefficient[k];
	for (int i = 0; i < fit->strata; i++)
	{
		const struct IcmStratumFit *stratum = &fit->stratum[i];

		decrement += excess[i] * excess[i] / stratum->weight;
		step->stratum[i].intercept = excess[i] / stratum->weight;
		for (int k = 0; k < fit->powers; k++)
			step->stratum[i].intercept -= stratum->mean[k] * step->coefficient[k];
	}
	return decrement;
}

/* Go this part of a step; back with a negative one. */
static void
Move(IcmDoseFit *fit, const IcmDoseFit *step, double part)
{
	for (int k = 0; k < fit->powers; k++)
		fit->coefficient[k] += part * step->coefficient[k];
	for (int i = 0; i < fit->strata; i++)
		fit->stratum[i].intercept += part * step->stratum[i].intercept;
}

/* The most that a step changes a logit. */
static double
LogitStep(const IcmDoseFit *fit, const IcmDose *doses, int n, const IcmDoseFit *step)
{
	double		most = 0.0;
	int			index = 0;

	for (int i = 0; i < n; i++)
	{
		double		x[ICM_QUADRATIC];

		if (doses[i].stratum != fit->stratum[index].stratum)
			index++;
		PowersAt(fit, doses[i].dose, x);
		most = fmax(most, fabs(LogitAt(step, step->stratum[index].intercept, x)));
	}
	return most;
}

/* Go as much of a step, halved again and again, as does not lower the likelihood. */
static bool
Climb(IcmDoseFit *fit, const IcmDose *doses, int n, const IcmDoseFit *step)
{
	double		part = fmin(1.0, LOGIT_STEP_MAX / LogitStep(fit, doses, n, step));

	for (int i = 0; i < HALVINGS_MAX; i++, part *= 0.5)
	{
		IcmDoseFit	next = *fit;

		Move(&next, step, part);
		next.loglik = LogLikelihood(&next, doses, n);
		if (next.loglik >= fit->loglik - LOGLIK_ROUNDING * fabs(fit->loglik))
		{
			*fit = next;
			return true;
		}
	}
	return false;
}

/* Take out the strata in which all or none responded. Returns the number of doses that are left. */
static int
KeepMixedStrata(IcmDose *doses, int n)
{
	int			kept = 0;

	for (int first = 0, end; first < n; first = end)
	{
		double		customers = 0.0,
					responses = 0.0;

		end = IcmDoseStratumEnd(doses, n, first);
		for (int i = first; i < end; i++)
		{
			customers += doses[i].customers;
			responses += doses[i].responses;
		}
		for (int i = first; i < end && responses > 0.0 && responses < customers; i++)
			doses[kept++] = doses[i];
	}
	return kept;
}

IcmFitOutcome
IcmDoseFitMake(IcmDoseFit *fit, IcmDose *doses, int n, int powers)
{
	IcmDoseFit	step = {.powers = powers};

	n = KeepMixedStrata(doses, n);
	if (!HasFit(doses, n, powers))
		return ICM_FIT_NONE;
	*fit = (IcmDoseFit) {.powers = powers};
	StartFit(fit, doses, n);
	fit->loglik = LogLikelihood(fit, doses, n);
	for (int i = 0; i < ITERATIONS_MAX; i++)
	{
		double		decrement = NewtonStep(fit, doses, n, &step);

		if (!isfinite(decrement) || !Climb(fit, doses, n, &step))
			return ICM_FIT_FAILED;
		if (decrement < DECREMENT_LAST)
			return isnan(NewtonStep(fit, doses, n, &step)) ? ICM_FIT_FAILED : ICM_FIT_DONE;
	}
	return ICM_FIT_FAILED;
}

/* ---- what a fit says ------------------------------------------------------ */

/*
 * The standard error of by_intercept * intercept + sum of by[k] * coefficient[k].
 * What an intercept is beyond minus the means times the coefficients is independent of
 * them.
 */
static double
ErrorOf(const IcmDoseFit *fit, const struct IcmStratumFit *stratum, double by_intercept, const double *by)
{
	double		variance = by_intercept * by_intercept / stratum->weight;

	for (int k = 0; k < fit->powers; k++)
		for (int j = 0; j < fit->powers; j++)
			variance += (by[k] - by_intercept * stratum->mean[k]) * (by[j] - by_intercept * stratum->mean[j]) *
				fit->covariance[j <= k ? ICM_PACKED(k, j) : ICM_PACKED(j, k)];
	return sqrt(variance);
}

double
IcmDoseSlope(const IcmDoseFit *fit, double *error)
{
	*error = sqrt(fit->covariance[0]) / fit->scale;
	return fit->coefficient[0] / fit->scale;
}

double
IcmDoseIntercept(const IcmDoseFit *fit, int index, double *error)
{
	double		x[ICM_QUADRATIC];

	PowersAt(fit, 0.0, x);
	*error = ErrorOf(fit, &fit->stratum[index], 1.0, x);
	return LogitAt(fit, fit->stratum[index].intercept, x);
}

/* ---- peak ----------------------------------------------------------------- */

/* What is looked for; see IcmDosePeakFind(). */
typedef struct Search
{
	const IcmDoseFit *fit;
	const struct IcmStratumFit *stratum;
	double		cost;			/* for a unit of x */
	double		z;
} Search;

/* The share that respond; *q of those who do not. */
static double
ResponseAt(const Search *search, double dose, double *q)
{
	double		x[ICM_QUADRATIC],
				p;

	PowersAt(search->fit, dose, x);
	SharesAt(LogitAt(search->fit, search->stratum->intercept, x), &p, q);
	return p;
}

/* The profit, but for what it is at the centre. */
static double
ProfitAt(const Search *search, double dose)
{
	double		q;

	return ResponseAt(search, dose, &q) - search->cost * (dose - search->fit->centre) / search->fit->scale;
}

/* d, the derivative of the profit by x. */
static double
RiseAt(const Search *search, double dose)
{
	const IcmDoseFit *fit = search->fit;
	double		x = (dose - fit->centre) / fit->scale;
	double		q;
	double		p = ResponseAt(search, dose, &q);

	return p * q * (fit->coefficient[0] + 2.0 * fit->coefficient[1] * x) - search->cost;
}

/*
 * How far d is beyond z of its standard errors from 0; negative within them. The
 * hypothesis is d = 0, under which c1 + 2 c2 x is cost / (p (1 - p)): so it stands in
 * the derivatives of d by the intercept and the coefficients.
 */
static double
BeyondAt(const Search *search, double dose)
{
	double		x[ICM_QUADRATIC],
				by[ICM_QUADRATIC];
	double		q;
	double		p = ResponseAt(search, dose, &q);
	double		by_intercept = search->cost * (q - p);

	PowersAt(search->fit, dose, x);
	by[0] = p * q + by_intercept * x[0];
	by[1] = p * q * 2.0 * x[0] + by_intercept * x[1];
	return fabs(RiseAt(search, dose)) - search->z * ErrorOf(search->fit, search->stratum, by_intercept, by);
}

/* Between a dose at which the function is positive and one at which it is not: where that changes. */
static double
Bisect(const Search *search, double (*function) (const Search *, double), double positive, double other)
{
	for (int i = 0; i < BISECTIONS; i++)
	{
		double		middle = 0.5 * (positive + other);

		if (function(search, middle) > 0.0)
			positive = middle;
		else
			other = middle;
	}
	return 0.5 * (positive + other);
}

/* The end of the interval around the peak in the direction of this last dose; NaN if it is not before that. */
static double
IntervalEnd(const Search *search, double peak, double last)
{
	int			steps = (int) ceil(fabs(last - peak) * GRID);
	double		within = peak;

	for (int i = 1; i <= steps; i++)
	{
		double		dose = i == steps ? last : peak + (last - peak) * i / steps;

		if (BeyondAt(search, dose) > 0.0)
			return Bisect(search, BeyondAt, dose, within);
		within = dose;
	}
	return NAN;
}

IcmDosePeak
IcmDosePeakFind(const IcmDoseFit *fit, int index, double cost, double z, double least, double most)
{
	Search		search = {fit, &fit->stratum[index], cost * fit->scale, z};
	IcmDosePeak peak = {NAN, NAN, NAN, NAN};
	double		q;
	int			steps = (int) ((most - least) * GRID);
	int			best = 0;
	double		rising,
				falling;

	for (int i = 1; i <= steps; i++)
		if (ProfitAt(&search, least + (double) i / GRID) > ProfitAt(&search, least + (double) best / GRID))
			best = i;
	rising = least + (best > 0 ? best - 1.0 : 0.0) / GRID;
	falling = least + (best < steps ? best + 1.0 : steps) / GRID;
	if (!(RiseAt(&search, rising) > 0.0 && RiseAt(&search, falling) < 0.0))
		return peak;
	peak.dose = Bisect(&search, RiseAt, rising, falling);
	peak.lower = IntervalEnd(&search, peak.dose, least);
	peak.upper = IntervalEnd(&search, peak.dose, most);
	peak.response = ResponseAt(&search, peak.dose, &q);
	return peak;
}
