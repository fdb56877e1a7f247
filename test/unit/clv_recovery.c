/*
 * clv_recovery.c
 *		The fits of value/model_fit.h on customers simulated by the process that
 *		is fitted: the parameters come back, and their standard errors are right.
 *
 * Every process is simulated as its paper tells the story, in continuous time,
 * by nothing that the likelihoods use. Checked besides, on one data set of each
 * process: the fit stands at the maximum of the paper's likelihood, written
 * here as the paper has it; its covariance is the inverse of the curvature
 * there; the result does not depend on the order of the rows, nor on the unit.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/cholesky.h"
#include "value/model_fit.h"
#include "../tap.h"

/* ---- the fits' host ---------------------------------------------------------- */

static int	allocated = 0;		/* blocks not released */
static int	polls = 0;

static void *
Alloc(size_t size)
{
	allocated++;
	return malloc(size + (size == 0));
}

static void
Release(void *memory)
{
	allocated--;
	free(memory);
}

static void
Poll(void)
{
	polls++;
}

static const IcmFitHost host = {Alloc, Release, Poll};

/* ---- random variates --------------------------------------------------------- */

/* In (0, 1). */
static double
Uniform(void)
{
	return ((double) (Random() >> 11) + 0.5) * 0x1p-53;
}

static double
Exponential(double rate)
{
	return -log(Uniform()) / rate;
}

/* Marsaglia's polar method, of which one of the two is used. */
static double
Normal(void)
{
	double		u,
				v,
				square;

	do
	{
		u = 2.0 * Uniform() - 1.0;
		v = 2.0 * Uniform() - 1.0;
		square = u * u + v * v;
	} while (square >= 1.0);
	return u * sqrt(-2.0 * log(square) / square);
}

/* Marsaglia, Tsang 2000, "A simple method for generating gamma variables". */
static double
Gamma(double shape, double rate)
{
	double		boost = shape < 1.0 ? pow(Uniform(), 1.0 / shape) : 1.0;
	double		d = shape + (shape < 1.0 ? 1.0 : 0.0) - 1.0 / 3.0,
				c = 1.0 / sqrt(9.0 * d);

	for (;;)
	{
		double		x = Normal(),
					v = 1.0 + c * x;

		v = v * v * v;
		if (v > 0.0 && log(Uniform()) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v * boost / rate;
	}
}

static double
Beta(double a, double b)
{
	double		x = Gamma(a, 1.0),
				y = Gamma(b, 1.0);

	return x / (x + y);
}

/* ---- simulated data ---------------------------------------------------------- */

#define COHORTS 12
#define PERIODS 12

/* Any of the three kinds of data; at most one is there. */
typedef struct Sample
{
	int			n;
	IcmHistory *history;
	IcmSpend   *spend;
	int64_t		lost[PERIODS];
	int64_t		kept[PERIODS];
} Sample;

typedef struct Process Process;

struct Process
{
	IcmProcess	process;
	double		truth[ICM_PARAMS_MAX];
	int			customers;
	int			fits;			/* 0: none to see the parameters recovered */
	void		(*simulate) (const Process *process, Sample *sample);
	double		(*loglik) (const double *param, const Sample *sample);
};

/* One cohort a week; the first has been observed for a year. */
static double
Observed(int customer)
{
	return 52.0 - customer % COHORTS;
}

/* Purchases at the rate until the end; where they are dropped by chance, p is above 0. */
static void
Buy(IcmHistory *history, double rate, double p, double end)
{
	for (double at = Exponential(rate); at <= end; at += Exponential(rate))
	{
		history->x++;
		history->t_x = at;
		if (p > 0.0 && Uniform() < p)
			return;
	}
}

static void
SimulatePurchases(const Process *process, Sample *sample)
{
	const double *truth = process->truth;

	for (int i = 0; i < sample->n; i++)
	{
		IcmHistory *history = &sample->history[i];
		double		rate = Gamma(truth[0], truth[1]);

		*history = (IcmHistory) {.t = Observed(i),.weight = 1};
		if (process->process == ICM_PARETONBD)
			Buy(history, rate, 0.0, fmin(history->t, Exponential(Gamma(truth[2], truth[3]))));
		else
		{
			double		p = Beta(truth[2], truth[3]);

			if (process->process == ICM_BGNBD || Uniform() >= p)
				Buy(history, rate, p, history->t);
		}
	}
}

/* One to five purchases, each a gamma variate, whose rate is one. */
static void
SimulateSpend(const Process *process, Sample *sample)
{
	const double *truth = process->truth;

	for (int i = 0; i < sample->n; i++)
	{
		double		rate = Gamma(truth[1], truth[2]);
		double		total = 0.0;
		int			x = 1 + (int) (Random() % 5);

		for (int j = 0; j < x; j++)
			total += Gamma(truth[0], rate);
		sample->spend[i] = (IcmSpend) {.m = total / x,.x = x};
	}
}

/* Contracts that began in different years. */
static void
SimulateContracts(const Process *process, Sample *sample)
{
	memset(sample->lost, 0, sizeof(sample->lost));
	memset(sample->kept, 0, sizeof(sample->kept));
	for (int i = 0; i < sample->n; i++)
	{
		double		p = Beta(process->truth[0], process->truth[1]);
		int			seen = 1 + i % PERIODS,
					t = 1;

		while (t <= seen && Uniform() >= p)
			t++;
		if (t <= seen)
			sample->lost[t - 1]++;
		else
			sample->kept[seen - 1]++;
	}
}

/* ---- likelihoods, as the papers have them ------------------------------------ */

static double
LogBeta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* Fader, Hardie, Lee 2005, equation 6; Batislam, Denizel, Filiztekin 2007, equation 3. */
static double
BgLoglik(const double *param, const Sample *sample, int modified)
{
	double		r = param[0],
				alpha = param[1],
				a = param[2],
				b = param[3];
	double		sum = 0.0;

	for (int i = 0; i < sample->n; i++)
	{
		const IcmHistory *h = &sample->history[i];
		double		alive = exp(LogBeta(a, b + h->x + modified) - LogBeta(a, b) - (r + h->x) * log(alpha + h->t)),
					dead = exp(LogBeta(a + 1.0, b + h->x + modified - 1.0) - LogBeta(a, b) - (r + h->x) * log(alpha + h->t_x));

		sum += h->weight * (lgamma(r + h->x) - lgamma(r) + r * log(alpha) +
							log(alive + (h->x > 0 || modified ? dead : 0.0)));
	}
	return sum;
}

static double
BgnbdLoglik(const double *param, const Sample *sample)
{
	return BgLoglik(param, sample, 0);
}

static double
MbgnbdLoglik(const double *param, const Sample *sample)
{
	return BgLoglik(param, sample, 1);
}

/* Gauss's series, for 0 <= z < 1 and positive parameters. */
static double
Hypergeometric(double a, double b, double c, double z)
{
	double		sum = 1.0,
				term = 1.0;

	for (int n = 0; term > 1e-17 * sum; n++)
	{
		term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
		sum += term;
	}
	return sum;
}

/* Fader & Hardie 2005, "A note on deriving the Pareto/NBD model", equations 16 to 18. */
static double
ParetonbdLoglik(const double *param, const Sample *sample)
{
	double		r = param[0],
				alpha = param[1],
				s = param[2],
				beta = param[3];
	double		larger = fmax(alpha, beta);
	double		sum = 0.0;

	for (int i = 0; i < sample->n; i++)
	{
		const IcmHistory *h = &sample->history[i];
		double		k = r + h->x,
					all = k + s;
		double		second = alpha >= beta ? s + 1.0 : k;
		double		alive = exp(-k * log(alpha + h->t) - s * log(beta + h->t)),
					from = Hypergeometric(all, second, all + 1.0, fabs(alpha - beta) / (larger + h->t_x)) * pow(larger + h->t_x, -all),
					to = Hypergeometric(all, second, all + 1.0, fabs(alpha - beta) / (larger + h->t)) * pow(larger + h->t, -all);

		sum += h->weight * (lgamma(k) - lgamma(r) + r * log(alpha) + s * log(beta) + log(alive + s / all * (from - to)));
	}
	return sum;
}

/* Fader, Hardie 2013, note 025, equation 1a. */
static double
GammagammaLoglik(const double *param, const Sample *sample)
{
	double		p = param[0],
				q = param[1],
				gamma = param[2];
	double		sum = 0.0;

	for (int i = 0; i < sample->n; i++)
	{
		double		x = sample->spend[i].x,
					m = sample->spend[i].m;

		sum += lgamma(p * x + q) - lgamma(p * x) - lgamma(q) + q * log(gamma) + (p * x - 1.0) * log(m) + p * x * log(x) -
			(p * x + q) * log(gamma + m * x);
	}
	return sum;
}

/* Fader, Hardie 2007, equations 5 and 6, by beta functions. */
static double
SbgLoglik(const double *param, const Sample *sample)
{
	double		sum = 0.0;

	for (int t = 1; t <= PERIODS; t++)
		sum += sample->lost[t - 1] * (LogBeta(param[0] + 1.0, param[1] + t - 1.0) - LogBeta(param[0], param[1])) +
			sample->kept[t - 1] * (LogBeta(param[0], param[1] + t) - LogBeta(param[0], param[1]));
	return sum;
}

/*
 * The truths are near those of the papers' data, but such that a sample small
 * enough for a test determines every parameter: more customers buy again.
 * The last is for the branch of Pareto/NBD in which alpha is the larger one.
 */
static const Process processes[] = {
	{ICM_BGNBD, {0.8, 5.0, 1.0, 3.0}, 2000, 2000, SimulatePurchases, BgnbdLoglik},
	{ICM_MBGNBD, {0.8, 5.0, 1.0, 3.0}, 2000, 2000, SimulatePurchases, MbgnbdLoglik},
	{ICM_PARETONBD, {1.0, 5.0, 1.0, 10.0}, 2000, 1000, SimulatePurchases, ParetonbdLoglik},
	{ICM_GAMMAGAMMA, {6.25, 3.74, 15.44}, 2000, 2000, SimulateSpend, GammagammaLoglik},
	{ICM_SBG, {0.7, 2.4}, 2000, 2000, SimulateContracts, SbgLoglik},
	{ICM_PARETONBD, {0.8, 15.0, 0.7, 6.0}, 2000, 0, SimulatePurchases, ParetonbdLoglik},
};

#define PROCESSES ((int) (sizeof(processes) / sizeof(processes[0])))

static void
Simulate(const Process *process, Sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->n = process->customers;
	if (process->process == ICM_GAMMAGAMMA)
		sample->spend = malloc(sample->n * sizeof(IcmSpend));
	else if (process->process != ICM_SBG)
		sample->history = malloc(sample->n * sizeof(IcmHistory));
	process->simulate(process, sample);
}

static void
Discard(Sample *sample)
{
	free(sample->history);
	free(sample->spend);
}

static IcmFitFault
Fit(IcmProcess process, Sample *sample, IcmEstimate *estimate)
{
	int			which;

	switch (process)
	{
		case ICM_SBG:
			return IcmFitContract(sample->lost, sample->kept, PERIODS, &host, estimate, &which);
		case ICM_GAMMAGAMMA:
			return IcmFitSpend(sample->spend, sample->n, &host, estimate, &which);
		default:
			return IcmFitProcess(process, sample->history, sample->n, &host, estimate, &which);
	}
}

/* ---- parameter recovery ------------------------------------------------------ */

/* What a parameter's estimates did, in units of their own standard errors. */
typedef struct Recovery
{
	double		bias;			/* sum of log(estimate / truth) / standard error */
	int			covered_log;	/* truth in estimate * exp(+-1.96 standard errors of the logarithm) */
	int			covered;		/* truth in estimate +- 1.96 standard errors, as icm_clv_params() gives them */
} Recovery;

#define Z 1.959963984540054		/* normal distribution, 97.5 % */

/* Chi-squared distribution, 95 %, by degrees of freedom. */
static const double chi_squared[] = {0.0, 3.841458820694124, 5.991464547107979, 7.814727903251179, 9.487729036781154};

static void
Compare(const Process *process, const IcmEstimate *estimate, int n, Recovery *recovery)
{
	for (int i = 0; i < n; i++)
	{
		double		error = log(estimate->param[i] / process->truth[i]),
					std_error = sqrt(estimate->cov[ICM_PACKED(i, i)]);

		recovery[i].bias += error / std_error;
		recovery[i].covered_log += fabs(error) <= Z * std_error;
		recovery[i].covered += fabs(estimate->param[i] - process->truth[i]) <= Z * estimate->param[i] * std_error;
	}
}

/* Is the truth in the ellipsoid of 95 %? This is about the whole covariance. */
static bool
Encloses(const Process *process, const IcmEstimate *estimate, int n)
{
	double		factor[ICM_COVARIANCE_MAX],
				error[ICM_PARAMS_MAX],
				solved[ICM_PARAMS_MAX];
	double		distance = 0.0;

	memcpy(factor, estimate->cov, sizeof(factor));
	if (!IcmCholesky(factor, n))
		return false;
	for (int i = 0; i < n; i++)
		error[i] = solved[i] = log(estimate->param[i] / process->truth[i]);
	IcmCholeskySolve(factor, n, solved);
	for (int i = 0; i < n; i++)
		distance += error[i] * solved[i];
	return distance <= chi_squared[n];
}

static bool
IsCoverage(double share)
{
	return share >= 0.93 && share <= 0.97;
}

static void
CheckRecovery(const Process *process)
{
	const char *name = IcmProcessName(process->process);
	int			n = IcmProcessParams(process->process),
				fits = process->fits,
				faults = 0,
				enclosed = 0;
	Recovery	recovery[ICM_PARAMS_MAX] = {{0}};

	for (int i = 0; i < fits; i++)
	{
		Sample		sample;
		IcmEstimate estimate;

		Simulate(process, &sample);
		if (Fit(process->process, &sample, &estimate) != ICM_FIT_OK || estimate.customers != process->customers)
			faults++;
		else
		{
			Compare(process, &estimate, n, recovery);
			enclosed += Encloses(process, &estimate, n);
		}
		Discard(&sample);
	}
	ok(faults == 0, "%s: %d fits to %d customers, %d failed", name, fits, process->customers, faults);
	for (int i = 0; i < n; i++)
	{
		double		bias = recovery[i].bias / fits,
					share_log = (double) recovery[i].covered_log / fits,
					share = (double) recovery[i].covered / fits;
		const char *param = IcmProcessParam(process->process, i);

		/* maximum likelihood is biased, but by far less than its error */
		ok(fabs(bias) < 0.2, "%s %s: bias of %.3f standard errors", name, param, bias);
		ok(IsCoverage(share_log) && IsCoverage(share),
		   "%s %s: 95 %% intervals hold the truth in %.1f %% of the fits (of the logarithm), %.1f %%",
		   name, param, 100.0 * share_log, 100.0 * share);
	}
	ok(IsCoverage((double) enclosed / fits), "%s: the 95 %% ellipsoid holds the truth in %.1f %% of the fits",
	   name, 100.0 * enclosed / fits);
}

/* ---- the maximum ------------------------------------------------------------- */

/* The paper's log-likelihood with the parameters' logarithms i and j moved. */
static double
Moved(const Process *process, const Sample *sample, const IcmEstimate *estimate, int i, double by_i, int j, double by_j)
{
	double		param[ICM_PARAMS_MAX];

	memcpy(param, estimate->param, sizeof(param));
	param[i] *= exp(by_i);
	param[j] *= exp(by_j);
	return process->loglik(param, sample);
}

/* What Newton's method would still gain there, and the largest error of Hessian * covariance against the identity. */
static void
Measure(const Process *process, const Sample *sample, const IcmEstimate *estimate, double *gain, double *error)
{
	const double d = 1e-4,
				D = 2e-3;
	int			n = IcmProcessParams(process->process);
	double		slope[ICM_PARAMS_MAX],
				hessian[ICM_PARAMS_MAX][ICM_PARAMS_MAX],
				cov[ICM_PARAMS_MAX][ICM_PARAMS_MAX];

	for (int i = 0; i < n; i++)
	{
		slope[i] = (Moved(process, sample, estimate, i, d, i, 0.0) - Moved(process, sample, estimate, i, -d, i, 0.0)) / (2.0 * d);
		for (int j = 0; j <= i; j++)
		{
			hessian[i][j] = hessian[j][i] = -(Moved(process, sample, estimate, i, D, j, D) -
											  Moved(process, sample, estimate, i, D, j, -D) -
											  Moved(process, sample, estimate, i, -D, j, D) +
											  Moved(process, sample, estimate, i, -D, j, -D)) / (4.0 * D * D);
			cov[i][j] = cov[j][i] = estimate->cov[ICM_PACKED(i, j)];
		}
	}
	*gain = *error = 0.0;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			double		product = i == j ? -1.0 : 0.0;

			*gain += 0.5 * slope[i] * cov[i][j] * slope[j];
			for (int k = 0; k < n; k++)
				product += hessian[i][k] * cov[k][j];
			*error = fmax(*error, fabs(product));
		}
}

static void
CheckMaximum(const Process *process, Sample *sample, const IcmEstimate *estimate)
{
	const char *name = IcmProcessName(process->process);
	double		loglik = process->loglik(estimate->param, sample);
	double		gain,
				error;

	ok(fabs(estimate->loglik - loglik) <= 1e-10 * fabs(loglik), "%s: log-likelihood is the paper's, %.6f", name, loglik);
	Measure(process, sample, estimate, &gain, &error);
	ok(gain < 2e-6, "%s: at the maximum, but for %.1g", name, gain);
	ok(error < 5e-3, "%s: the covariance is the inverse of the curvature, but for %.1g", name, error);
}

/* ---- the same data, told differently ----------------------------------------- */

static void
Shuffle(Sample *sample)
{
	for (int i = sample->n - 1; i > 0; i--)
	{
		int			j = (int) (Random() % (i + 1));

		if (sample->history != NULL)
		{
			IcmHistory	history = sample->history[i];

			sample->history[i] = sample->history[j];
			sample->history[j] = history;
		}
		else
		{
			IcmSpend	spend = sample->spend[i];

			sample->spend[i] = sample->spend[j];
			sample->spend[j] = spend;
		}
	}
}

static Sample
Copy(const Sample *sample, int times)
{
	Sample		copy = *sample;

	copy.n = times * sample->n;
	copy.history = NULL;
	copy.spend = NULL;
	if (sample->history != NULL)
		copy.history = malloc(copy.n * sizeof(IcmHistory));
	else
		copy.spend = malloc(copy.n * sizeof(IcmSpend));
	for (int i = 0; i < copy.n; i++)
	{
		if (sample->history != NULL)
			copy.history[i] = sample->history[i % sample->n];
		else
			copy.spend[i] = sample->spend[i % sample->n];
	}
	return copy;
}

static void
CheckOrder(const Process *process, const Sample *sample, const IcmEstimate *estimate)
{
	int			wrong = 0;

	for (int round = 0; round < 10; round++)
	{
		Sample		copy = Copy(sample, 1);
		IcmEstimate again;

		Shuffle(&copy);
		wrong += Fit(process->process, &copy, &again) != ICM_FIT_OK || memcmp(&again, estimate, sizeof(again)) != 0;
		Discard(&copy);
	}
	ok(wrong == 0, "%s: the order of the rows changes no bit (%d wrong of 10)", IcmProcessName(process->process), wrong);
}

/* A row of weight 2 is two rows. */
static void
CheckWeight(const Process *process, const Sample *sample)
{
	Sample		twice = Copy(sample, 2),
				weighted = Copy(sample, 1);
	IcmEstimate a,
				b;

	for (int i = 0; i < weighted.n; i++)
		weighted.history[i].weight = 2;
	Shuffle(&twice);
	ok(Fit(process->process, &twice, &a) == ICM_FIT_OK && Fit(process->process, &weighted, &b) == ICM_FIT_OK &&
	   a.customers == twice.n && memcmp(&a, &b, sizeof(a)) == 0,
	   "%s: a row of weight 2 is two rows, to the last bit", IcmProcessName(process->process));
	Discard(&twice);
	Discard(&weighted);
}

/* Multiply times, or money; returns by how much the logarithm of the density of it all falls. */
static double
Scale(Sample *sample, double factor)
{
	double		amounts = 0.0;

	for (int i = 0; i < sample->n; i++)
	{
		if (sample->history != NULL)
		{
			sample->history[i].t_x *= factor;
			sample->history[i].t *= factor;
			amounts += sample->history[i].x;
		}
		else
		{
			sample->spend[i].m *= factor;
			amounts += 1.0;
		}
	}
	return amounts * log(factor);
}

/* Is the parameter a time, or money? */
static bool
HasUnit(IcmProcess process, int i)
{
	return process == ICM_GAMMAGAMMA ? i == 2 : i == 1 || (process == ICM_PARETONBD && i == 3);
}

/* The largest difference, in standard errors, of a fit in another unit; infinite if there is none. */
static double
ScaledDifference(const Process *process, const Sample *sample, const IcmEstimate *estimate, double factor)
{
	Sample		copy = Copy(sample, 1);
	IcmEstimate scaled;
	double		fall = Scale(&copy, factor);
	double		difference = INFINITY;

	if (Fit(process->process, &copy, &scaled) == ICM_FIT_OK)
	{
		difference = fabs(scaled.loglik + fall - estimate->loglik) > 1e-5 ? INFINITY : 0.0;
		for (int i = 0; i < IcmProcessParams(process->process); i++)
		{
			double		param = scaled.param[i] / (HasUnit(process->process, i) ? factor : 1.0);

			difference = fmax(difference, fabs(log(param / estimate->param[i])) / sqrt(estimate->cov[ICM_PACKED(i, i)]));
		}
	}
	Discard(&copy);
	return difference;
}

static void
CheckScaling(const Process *process, const Sample *sample, const IcmEstimate *estimate)
{
	static const double factors[] = {7.0, 1.0 / 365.25, 86400e6, 1e-12, 1e100, 1e-100};
	const char *name = IcmProcessName(process->process);
	double		worst = 0.0;

	/* nothing is rounded */
	ok(ScaledDifference(process, sample, estimate, 1024.0) == 0.0, "%s: in a unit 1024 times as small the same bits", name);
	for (int i = 0; i < (int) (sizeof(factors) / sizeof(factors[0])); i++)
		worst = fmax(worst, ScaledDifference(process, sample, estimate, factors[i]));
	ok(worst < 2.0 / 700.0, "%s: in any unit the same, but for %.1g standard errors", name, worst);
}

static void
CheckOne(const Process *process)
{
	Sample		sample;
	IcmEstimate estimate;

	Simulate(process, &sample);
	if (Fit(process->process, &sample, &estimate) != ICM_FIT_OK)
		ok(false, "%s: a fit", IcmProcessName(process->process));
	else
	{
		CheckMaximum(process, &sample, &estimate);
		if (process->process != ICM_SBG)
		{
			CheckOrder(process, &sample, &estimate);
			CheckScaling(process, &sample, &estimate);
			if (process->process != ICM_GAMMAGAMMA)
				CheckWeight(process, &sample);
		}
	}
	Discard(&sample);
}

/* ---- no model rather than a wrong one ---------------------------------------- */

static IcmFitFault
FaultOf(const Process *process)
{
	Sample		sample;
	IcmEstimate estimate;
	IcmFitFault fault;

	Simulate(process, &sample);
	fault = Fit(process->process, &sample, &estimate);
	Discard(&sample);
	return fault;
}

/* The data have no maximum of the likelihood, or none that they determine. */
static bool
HasNone(IcmFitFault fault)
{
	return fault == ICM_FIT_NOT_CONVERGED || fault == ICM_FIT_NOT_CONVEX || fault == ICM_FIT_UNDETERMINED;
}

/* As many as the first parameter says buy once again, a week later; the others do not. */
static void
SimulateFew(const Process *process, Sample *sample)
{
	for (int i = 0; i < sample->n; i++)
		sample->history[i] = i < process->truth[0] ?
			(IcmHistory) {.x = 1,.t_x = 1.0,.t = 52.0,.weight = 1} : (IcmHistory) {.t = 52.0,.weight = 1};
}

/* All buy every fourth week: they do not differ, and nobody leaves. */
static void
SimulateClockwork(const Process *process, Sample *sample)
{
	(void) process;
	for (int i = 0; i < sample->n; i++)
	{
		double		t = Observed(i);
		int			x = (int) (t / 4.0);

		sample->history[i] = (IcmHistory) {.x = x,.t_x = 4.0 * x,.t = t,.weight = 1};
	}
}

static void
CheckFaults(void)
{
	for (int i = ICM_BGNBD; i <= ICM_PARETONBD; i++)
	{
		IcmProcess	process = (IcmProcess) i;
		const char *name = IcmProcessName(process);

		ok(FaultOf(&(Process) {process, {9.0}, 2000, 0, SimulateFew, NULL}) == ICM_FIT_TOO_FEW,
		   "%s: no fit to 9 repeat customers", name);
		ok(HasNone(FaultOf(&(Process) {process, {1000.0}, 2000, 0, SimulateFew, NULL})),
		   "%s: no fit to customers of two kinds", name);
		ok(HasNone(FaultOf(&(Process) {process, {0.0}, 2000, 0, SimulateClockwork, NULL})),
		   "%s: no fit to equal and loyal customers", name);
	}
	ok(FaultOf(&(Process) {ICM_GAMMAGAMMA, {6.0, 0.8, 15.0}, 2000, 0, SimulateSpend, NULL}) == ICM_FIT_NO_MEAN,
	   "gammagamma: no fit where the mean does not exist");
	{
		Sample		sample = {.n = 2048};
		IcmEstimate estimate;

		/* half of them go at each renewal */
		for (int i = 0; i < 10; i++)
			sample.lost[i] = sample.kept[9] = 1 << (10 - i);
		ok(HasNone(Fit(ICM_SBG, &sample, &estimate)), "sbg: no fit to equal contracts");
		memset(&sample, 0, sizeof(sample));
		sample.kept[0] = 1000;
		sample.lost[0] = 9;
		ok(Fit(ICM_SBG, &sample, &estimate) == ICM_FIT_TOO_FEW, "sbg: no fit to 9 losses");
		sample.lost[0] = 500;
		ok(HasNone(Fit(ICM_SBG, &sample, &estimate)), "sbg: no fit to one renewal");
	}
}

int
main(void)
{
	for (int i = 0; i < PROCESSES; i++)
	{
		if (processes[i].fits > 0)
			CheckRecovery(&processes[i]);
		CheckOne(&processes[i]);
	}
	CheckFaults();
	ok(allocated == 0 && polls > 0, "all memory is given back");
	printf("1..%d\n", tests);
	return failures > 0;
}
