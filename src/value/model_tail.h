/*
 * model_tail.h
 *		The integrals that the Pareto/NBD is made of.
 */
#ifndef ICM_MODEL_TAIL_H
#define ICM_MODEL_TAIL_H

/*
 * Integral over u from 0 to h (which may be infinite, if e1 + e2 > 1) of
 *		(1 + u/A)^-e1 (1 + u/b)^-e2
 */
extern double IcmDecay(double A, double e1, double b, double e2, double h);

/*
 * Odds, against being alive at t, of dying after t with no purchase in between,
 * were time not to end at t:
 *		rho(t) = s (alpha+t)^k (beta+t)^s
 *				 * integral over u > t of (alpha+u)^-k (beta+u)^-(s+1)
 * where k = r + x. The odds of being dead at t after a last purchase at t_x are
 * then rho(t_x) (alpha+t)^k (beta+t)^s / ((alpha+t_x)^k (beta+t_x)^s) - rho(t).
 *
 * Returns log rho; slope (may be NULL) gets its derivatives by k, alpha, s and
 * beta.
 */
extern double IcmLogTail(double k, double alpha, double s, double beta, double t, double *slope);

#endif							/* ICM_MODEL_TAIL_H */
