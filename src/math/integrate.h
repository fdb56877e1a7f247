/*
 * integrate.h
 *		Integrals of smooth functions: Gauss-Legendre on panels, and means over
 *		a beta distribution.
 */
#ifndef ICM_INTEGRATE_H
#define ICM_INTEGRATE_H

#define ICM_INTEGRALS_MAX 5

/* Values at x of the n functions that are integrated together. */
typedef void (*IcmIntegrand) (double x, const void *arg, double *value);

/*
 * Add to sum the integrals of n <= ICM_INTEGRALS_MAX functions over [from, to]
 * by 16 Gauss-Legendre points. Good to the last digits where a function is
 * analytic within a panel's length around it, and does not vary by more than a
 * factor of exp(20) or so.
 */
extern void IcmGaussPanel(IcmIntegrand f, const void *arg, int n, double from, double to, double *sum);

/*
 * Mean of a function of p ~ Beta(a, b), given p and q = 1 - p. By the
 * trapezoidal rule in logit(p), which converges exponentially, as the function
 * must be analytic where the real part of p is positive; the tails are summed in
 * closed form, from where on the function is constant: where p * scale0, or
 * q * scale1, is below rounding. Some 100 to 400 evaluations; values of one sign
 * do not cancel, so the relative error is that of f.
 */
typedef double (*IcmBetaFunction) (double p, double q, const void *arg);
extern double IcmBetaMean(double a, double b, IcmBetaFunction f, const void *arg, double scale0, double scale1);

#endif							/* ICM_INTEGRATE_H */
