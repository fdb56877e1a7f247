/*
 * special.h
 *		Special functions of positive arguments that the C library lacks, or
 *		has without the accuracy needed for large arguments.
 */
#ifndef ICM_SPECIAL_H
#define ICM_SPECIAL_H

/* Derivative of log gamma; x > 0. */
extern double IcmDigamma(double x);

/*
 * log(gamma(x) / gamma(x + a)); x > 0, x + a > 0. No cancellation between two
 * large logarithms: the error is that of a number of the result's own size.
 */
extern double IcmLogGammaRatio(double x, double a);

/*
 * z^a (1-z)^b / B(a, b), the density of a beta distribution in logit(z);
 * complement is 1 - z. Loader's saddle-point form (2000, "Fast and accurate
 * computation of binomial probabilities"), so that large a and b keep their
 * digits.
 */
extern double IcmBetaKernel(double z, double complement, double a, double b);

/*
 * Regularized incomplete beta function I_z(a, b); complement is 1 - z. By the
 * continued fraction of DLMF 8.17.22.
 */
extern double IcmIncompleteBeta(double z, double complement, double a, double b);

/*
 * log(1 + exp(w)) without overflow, to a rounding of 1, as what it is added to
 * needs: log() takes a third of the time of log1p(). *share is
 * exp(w) / (1 + exp(w)).
 */
extern double IcmSoftplus(double w, double *share);

#endif							/* ICM_SPECIAL_H */
