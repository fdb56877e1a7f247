/*
 * answer.h
 *		What a fitted process says of one customer. No PostgreSQL here.
 *
 * param has the process's parameters in the order of model.h. A customer made
 * x repeat purchases in the time t since the first one, the last of them at
 * t_x; 0 <= t_x <= t, and t_x = 0 if and only if x = 0. Times are in the
 * model's unit.
 *
 * IcmAlive...() other than P(alive) itself are GIVEN that the customer is alive at
 * t, and then depend on x and t, not on t_x: multiply by IcmAlive(). Relative error
 * below 1e-10 (tests: against mpmath) for x to 10,000 and horizons of a
 * hundred years.
 */
#ifndef ICM_ANSWER_H
#define ICM_ANSWER_H

#include "value/model.h"

/* P(alive at t | x, t_x, t), and its complement, each without cancellation. */
extern double IcmAlive(IcmProcess process, const double *param, double x, double t_x, double t);
extern double IcmDead(IcmProcess process, const double *param, double x, double t_x, double t);

/* A value and its derivatives, by the process's parameters or their logarithms. */
typedef struct IcmSloped
{
	double		value;
	double		slope[ICM_PARAMS_MAX];
} IcmSloped;

/*
 * P(alive) with its slope, by the logarithms of the parameters, if asked for. For
 * the Pareto/NBD the caller gives log rho and its slope (model_tail.h) at t_x
 * and at t, which customers share; else they are NULL.
 */
extern IcmSloped IcmAliveSloped(IcmProcess process, const double *param, double x, double t_x, double t,
								const IcmSloped *at_t_x, const IcmSloped *at_t, int with_slope);

/* Expected purchases in (t, t + horizon]; horizon may be infinite if the sum exists. */
extern double IcmAlivePurchases(IcmProcess process, const double *param, double x, double t, double horizon);

/*
 * The same, each purchase discounted by exp(-delta * time since t). With an
 * infinite horizon: discounted expected residual transactions (DERT).
 */
extern double IcmAliveDiscounted(IcmProcess process, const double *param, double x, double t,
								 double horizon, double delta);

/* Does the undiscounted sum over an infinite horizon exist? a > 1, or s > 1. */
extern int	IcmHasResidual(IcmProcess process, const double *param);

/* Probability of exactly, and of at least, n purchases in (t, t + horizon]. */
extern double IcmAliveExactly(IcmProcess process, const double *param, double x, double t,
							  double horizon, double n);
extern double IcmAliveAtLeast(IcmProcess process, const double *param, double x, double t,
							  double horizon, double n);

/* Expected spend a purchase, given the mean m of x; x = 0: of a customer nothing is known of. */
extern double IcmExpectedSpend(const double *spend, double x, double m);

/*
 * sBG. A contract's share still alive after t renewals; the share of those
 * alive after t - 1 renewals that renew at the t-th; and the discounted expected
 * residual lifetime, in renewals, of one that has renewed n - 1 times and is
 * about to renew the n-th time: sum over t >= n of S(t)/S(n-1) / (1+d)^(t-n)
 * (Fader, Hardie 2010, equation 6).
 */
extern double IcmSurvival(const double *param, double t);
extern double IcmRetention(const double *param, double t);
extern double IcmResidualLifetime(const double *param, double n, double discount);

#endif							/* ICM_ANSWER_H */
