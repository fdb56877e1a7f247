/*
 * model_fit.h
 *		Maximum likelihood fits of the models in model.h.
 *
 * Nothing here knows PostgreSQL: memory and interrupts come from the caller.
 * Parameters are estimated as logarithms, with times and money scaled, from the mean log-likelihood with its exact gradient. The covariance is
 * the inverse of the observed information, in the logarithms.
 *
 * A fit is right or is none: the last step would gain less than 1e-6 in
 * log-likelihood (the estimates are within 1/700 standard error of the
 * maximum), the Hessian is positive definite, and every parameter is determined.
 * The result does not depend on the order of the data, to the last bit.
 */
#ifndef ICM_MODEL_FIT_H
#define ICM_MODEL_FIT_H

#include "value/model.h"

/* weight customers with the same history; see answer.h for x, t_x and t. */
typedef struct IcmHistory
{
	int32_t		x;
	int32_t		zero;			/* padding */
	double		t_x;
	double		t;
	int64_t		weight;
} IcmHistory;

/* A customer's x repeat purchases, of mean m. */
typedef struct IcmSpend
{
	double		m;
	int32_t		x;
	int32_t		zero;			/* padding */
} IcmSpend;

typedef struct IcmFitHost
{
	void	   *(*alloc) (size_t size);
	void		(*release) (void *memory);
	void		(*poll) (void); /* may not return */
} IcmFitHost;

typedef enum IcmFitFault
{
	ICM_FIT_OK,
	ICM_FIT_TOO_FEW,			/* repeat customers: fewer than ICM_REPEATERS_MIN */
	ICM_FIT_NOT_CONVERGED,
	ICM_FIT_NOT_CONVEX,			/* the Hessian is not positive definite */
	ICM_FIT_UNDETERMINED,		/* the data do not determine *which parameter */
	ICM_FIT_NO_MEAN				/* Gamma-Gamma with q <= 1 */
} IcmFitFault;

#define ICM_REPEATERS_MIN 10

/* The largest standard error of a parameter's logarithm: a 95 % interval of a factor of 360 on either side. */
#define ICM_LOG_ERROR_MAX 3.0

/*
 * The fits. Unless there were too few customers, estimate->param tells where
 * the search ended, even if that is no fit.
 */

/* Fit bgnbd, mbgnbd or paretonbd; x is at most ICM_COUNT_MAX. */
extern IcmFitFault IcmFitProcess(IcmProcess process, const IcmHistory *history, size_t n,
								 const IcmFitHost *host, IcmEstimate *estimate, int *which);

/* Fit Gamma-Gamma to customers with x > 0 and m > 0; the spends are reordered. */
extern IcmFitFault IcmFitSpend(IcmSpend *spend, size_t n,
							   const IcmFitHost *host, IcmEstimate *estimate, int *which);

/*
 * Fit the sBG: lost[i] contracts ended at renewal i + 1, and kept[i] were alive
 * after i + 1 renewals when they were last seen.
 */
extern IcmFitFault IcmFitContract(const int64_t *lost, const int64_t *kept, int periods,
								  const IcmFitHost *host, IcmEstimate *estimate, int *which);

/*
 * What the fits share (model_fit.c): minimise a mean negative log-likelihood of
 * weight observations from several starts, one after the other until one leads
 * to a good fit. If none does, the fault and the rest are those of the one that
 * came to the highest likelihood.
 * start has starts * n logarithms; guess is NULL, or about the inverse Hessian
 * of negative_mean at a start that is near the maximum; log_param gets the
 * estimates' logarithms.
 */
typedef double (*IcmLikelihood) (const double *log_param, double *gradient, void *arg);
extern IcmFitFault IcmFitMaximum(IcmLikelihood negative_mean, void *arg, int n, double weight,
								 const double *start, int starts, const double *guess, const IcmFitHost *host,
								 IcmEstimate *estimate, double *log_param, int *which);

#endif							/* ICM_MODEL_FIT_H */
