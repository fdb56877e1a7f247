/*
 * model_fit.c
 *		What the fits share; see model_fit.h.
 */
#include <math.h>
#include <string.h>

#include "math/cholesky.h"
#include "math/minimise.h"
#include "value/model_fit.h"

/* What one more step may gain in log-likelihood. */
#define TOLERANCE 1e-6

/*
 * A parameter that has gone beyond this on its way to zero or infinity is not
 * determined, however small the curvature makes its error seem: rounding is all
 * that is left of that.
 */
#define LOG_PARAM_MAX 11.5		/* a factor of 100,000, times and money scaled */

static IcmFitFault
FaultOf(IcmMinimum minimum)
{
	switch (minimum)
	{
		case ICM_MINIMUM_FOUND:
			return ICM_FIT_OK;
		case ICM_MINIMUM_NOT_CONVEX:
			return ICM_FIT_NOT_CONVEX;
		case ICM_MINIMUM_NOT_FOUND:
			break;
	}
	return ICM_FIT_NOT_CONVERGED;
}

/* A parameter whose logarithm, or its variance (if it is known), is too large; -1 if there is none. */
static int
Undetermined(const double *log_param, const double *cov, int n)
{
	for (int i = 0; i < n; i++)
		if (fabs(log_param[i]) > LOG_PARAM_MAX ||
			(cov != NULL && !(cov[ICM_PACKED(i, i)] <= ICM_LOG_ERROR_MAX * ICM_LOG_ERROR_MAX)))
			return i;
	return -1;
}

IcmFitFault
IcmFitMaximum(IcmLikelihood negative_mean, void *arg, int n, double weight,
			  const double *start, int starts, const double *guess, const IcmFitHost *host,
			  IcmEstimate *estimate, double *log_param, int *which)
{
	IcmEstimate best = *estimate;
	IcmFitFault fault = ICM_FIT_NOT_CONVERGED;
	double		lowest = INFINITY;
	double		best_log_param[ICM_PARAMS_MAX] = {0.0};

	*which = 0;
	for (int i = 0; i < starts; i++)
	{
		IcmMinimum	minimum;
		double		value = NAN;
		int			undetermined;

		memcpy(log_param, start + i * n, n * sizeof(double));
		minimum = IcmMinimise(negative_mean, arg, n, LOG_PARAM_MAX, TOLERANCE / weight, host->poll,
							  guess, log_param, &value, estimate->cov);
		if (minimum == ICM_MINIMUM_FOUND)
			for (int j = 0; j < n * (n + 1) / 2; j++)
				estimate->cov[j] /= weight;
		estimate->loglik = -value * weight;
		undetermined = Undetermined(log_param, minimum == ICM_MINIMUM_FOUND ? estimate->cov : NULL, n);
		if (minimum == ICM_MINIMUM_FOUND && undetermined < 0)
			return ICM_FIT_OK;
		if (value < lowest)
		{
			lowest = value;
			best = *estimate;
			memcpy(best_log_param, log_param, n * sizeof(double));
			*which = undetermined;
			fault = undetermined < 0 ? FaultOf(minimum) : ICM_FIT_UNDETERMINED;
		}
	}
	*estimate = best;
	memcpy(log_param, best_log_param, n * sizeof(double));
	return fault;
}
