/*
 * model.h
 *		Customer lifetime models: purchase processes, spend, contract retention.
 *
 * Nothing here or in model_*.c knows PostgreSQL, so that it is tested alone.
 * Times are in the unit of the model (a week, unless it was fitted otherwise),
 * and parameters are positive.
 *
 * process		parameters			a customer					source
 * bgnbd		r alpha a b			may die after a repeat		Fader, Hardie, Lee 2005
 * mbgnbd		r alpha a b			may die after any purchase	Batislam et al. 2007
 * paretonbd	r alpha s beta		may die at any time			Schmittlein et al. 1987
 * sbg			alpha beta			may leave at any renewal	Fader, Hardie 2007
 * gammagamma	p q gamma			(spend of a purchase)		Fader, Hardie 2013
 */
#ifndef ICM_MODEL_H
#define ICM_MODEL_H

#include <stddef.h>
#include <stdint.h>

typedef enum IcmProcess
{
	ICM_PROCESS_NONE = 0,		/* a model of spend alone */
	ICM_BGNBD = 1,
	ICM_MBGNBD = 2,
	ICM_PARETONBD = 3,
	ICM_SBG = 4,
	ICM_GAMMAGAMMA = 5			/* of the spend part only */
} IcmProcess;

#define ICM_PARAMS_MAX 4
#define ICM_COVARIANCE_MAX 10	/* lower triangle of 4 x 4 */

/* Name of a process, its parameters and how many; NULL or 0 if there is none. */
extern const char *IcmProcessName(IcmProcess process);
extern IcmProcess IcmProcessNamed(const char *name);	/* ICM_PROCESS_NONE if there is none */
extern int	IcmProcessParams(IcmProcess process);
extern const char *IcmProcessParam(IcmProcess process, int i);

/*
 * What the answers are computed for, in bounded time and to their accuracy.
 * Shapes are all parameters but those with a unit: the time of alpha (and of the
 * Pareto/NBD's beta), the money of gamma.
 */
#define ICM_SHAPE_MAX 1e5		/* and at least 1 / ICM_SHAPE_MAX */
#define ICM_SCALE_MAX 1e100		/* likewise */
#define ICM_COUNT_MAX 1000000	/* purchases of one customer: x, or n to come */

/* The largest value of a parameter; the smallest is its inverse. */
extern double IcmProcessParamMax(IcmProcess process, int i);

/*
 * What was estimated. The covariance is that of the natural logarithms of the
 * parameters, lower triangle by rows: (0,0) (1,0) (1,1) (2,0) ... A parameter's
 * own standard error is param * sqrt(variance of its logarithm).
 */
typedef struct IcmEstimate
{
	int64_t		customers;		/* 0: the parameters were given, not fitted */
	double		loglik;
	double		param[ICM_PARAMS_MAX];
	double		cov[ICM_COVARIANCE_MAX];
} IcmEstimate;

#endif							/* ICM_MODEL_H */
