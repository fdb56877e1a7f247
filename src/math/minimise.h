/*
 * minimise.h
 *		Minimum of a smooth function of a few variables, and the curvature there.
 */
#ifndef ICM_MINIMISE_H
#define ICM_MINIMISE_H

#define ICM_VARIABLES_MAX 4
#define ICM_HESSIAN_MAX 10		/* lower triangle, by rows */

/* Value at x and, in gradient, its derivatives; NaN or infinite where there is none. */
typedef double (*IcmObjective) (const double *x, double *gradient, void *arg);

typedef enum IcmMinimum
{
	ICM_MINIMUM_FOUND,
	ICM_MINIMUM_NOT_FOUND,		/* no progress, or too many steps */
	ICM_MINIMUM_NOT_CONVEX		/* the Hessian is not positive definite */
} IcmMinimum;

/*
 * Start at x and go downhill by BFGS (Nocedal & Wright 2006, algorithm 6.1),
 * then by Newton's method with a Hessian from central differences of the
 * gradient. Found: what one more step would gain, half the squared gradient in
 * the metric of the inverse Hessian, is below tolerance; that step is still
 * made. A variable that goes beyond limit, on either side of 0, ends the
 * search. Where guess is given, it is about the inverse of the Hessian at x,
 * which is then near the minimum.
 *
 * On return x is the minimum, or where the search ended without finding one,
 * *value the function there, and covariance the inverse of the Hessian at the
 * minimum (lower triangle by rows). poll is called once a step, and may not
 * return.
 */
extern IcmMinimum IcmMinimise(IcmObjective f, void *arg, int n, double limit, double tolerance, void (*poll) (void),
							  const double *guess, double *x, double *value, double *covariance);

#endif							/* ICM_MINIMISE_H */
