/*
 * clv_predict.h
 *		A model's answers on one customer, with their standard errors, and
 *		without computing twice what two customers share.
 */
#ifndef ICM_CLV_PREDICT_H
#define ICM_CLV_PREDICT_H

#include "common/compat.h"
#include "value/answer.h"
#include "value/clv_model.h"

typedef enum IcmQuestion
{
	ICM_ASK_ALIVE,				/* no more than that */
	ICM_ASK_PURCHASES,			/* discounted, where delta is positive */
	ICM_ASK_EXACTLY,
	ICM_ASK_AT_LEAST
} IcmQuestion;

/* What is asked of every customer alike; times in the model's unit. */
typedef struct IcmAsk
{
	IcmQuestion question;
	bool		with_slope;
	double		horizon;
	double		delta;			/* discount rate: exp(-delta * time) */
	double		n;				/* a number of purchases */
} IcmAsk;

/* A customer: x, t_x and t as in answer.h, and m the mean of the repeat purchases. */
typedef struct IcmCustomer
{
	double		x;
	double		t_x;
	double		t;
	double		m;
} IcmCustomer;

/* P(alive), with its slope by the logarithms of the parameters if ask says so. */
extern IcmSloped IcmPredictAlive(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmAsk *ask,
								 const IcmCustomer *customer);

/*
 * The answer for one customer: not given that he is alive, but P(alive)
 * times that; the slope is as above. The model must have a purchase process
 * other than sbg. *p_alive may be NULL.
 */
extern IcmSloped IcmPredict(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmAsk *ask,
							const IcmCustomer *customer, double *p_alive);

/* Expected spend of a purchase; the slope is by the logarithms of p, q and gamma. */
extern IcmSloped IcmPredictSpend(const IcmClvModel *model, const IcmCustomer *customer, bool with_slope);

/* Variance of what has this slope, by the delta method; n parameters. */
extern double IcmDeltaVariance(const double *slope, const double *cov, int n);

#endif							/* ICM_CLV_PREDICT_H */
