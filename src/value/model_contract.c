/*
 * model_contract.c
 *		Likelihood and fit of the shifted beta geometric model of contracts.
 *
 * A contract ends at each renewal with a probability of its own, which is
 * Beta(alpha, beta) among contracts (Fader, Hardie 2007, "How to project
 * customer retention", equations 5 and 6). With S(t) = B(alpha, beta+t) /
 * B(alpha, beta) the log-likelihood is
 *		sum of lost(t) log(S(t-1) - S(t)) + kept(t) log(S(t))
 */
#include <math.h>
#include <string.h>

#include "math/special.h"
#include "value/model_fit.h"

typedef struct Data
{
	const int64_t *lost;
	const int64_t *kept;
	int			periods;
	double		weight;
	const IcmFitHost *host;
} Data;

/* By recursion: retention at t is (beta+t-1)/(alpha+beta+t-1). */
static double
ContractLikelihood(const double *log_param, double *gradient, void *arg)
{
	const Data *data = arg;
	double		alpha = exp(log_param[0]),
				beta = exp(log_param[1]);
	double		log_survival = 0.0,
				survival_alpha = 0.0,
				survival_beta = 0.0;
	double		sum = 0.0,
				by_alpha = 0.0,
				by_beta = 0.0;

	data->host->poll();
	for (int t = 1; t <= data->periods; t++)
	{
		double		lost = data->lost[t - 1],
					kept = data->kept[t - 1],
					all = alpha + beta + t - 1.0;

		/* lost at t: survived t - 1 renewals, and then not */
		sum += lost * (log_survival + log(alpha / all));
		by_alpha += lost * (survival_alpha + 1.0 / alpha - 1.0 / all);
		by_beta += lost * (survival_beta - 1.0 / all);
		log_survival += log1p(-alpha / all);
		survival_alpha -= 1.0 / all;
		survival_beta += 1.0 / (beta + t - 1.0) - 1.0 / all;
		sum += kept * log_survival;
		by_alpha += kept * survival_alpha;
		by_beta += kept * survival_beta;
	}
	gradient[0] = -by_alpha * alpha / data->weight;
	gradient[1] = -by_beta * beta / data->weight;
	return -sum / data->weight;
}

IcmFitFault
IcmFitContract(const int64_t *lost, const int64_t *kept, int periods,
			   const IcmFitHost *host, IcmEstimate *estimate, int *which)
{
	static const double start[3][2] = {{0.0, 1.0}, {1.0, 3.0}, {-1.0, 0.0}};
	Data		data = {lost, kept, periods, 0.0, host};
	double		log_param[2];
	double		all_lost = 0.0;
	IcmFitFault fault;

	memset(estimate, 0, sizeof(*estimate));
	for (int i = 0; i < periods; i++)
	{
		all_lost += lost[i];
		estimate->customers += lost[i] + kept[i];
	}
	if (all_lost < ICM_REPEATERS_MIN)
		return ICM_FIT_TOO_FEW;
	data.weight = estimate->customers;
	fault = IcmFitMaximum(ContractLikelihood, &data, 2, data.weight, start[0], 3, NULL, host, estimate, log_param, which);
	estimate->param[0] = exp(log_param[0]);
	estimate->param[1] = exp(log_param[1]);
	return fault;
}
