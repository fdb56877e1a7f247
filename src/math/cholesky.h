/*
 * cholesky.h
 *		Small symmetric positive definite matrices, in packed form: the lower
 *		triangle by rows, (0,0) (1,0) (1,1) (2,0) ...
 */
#ifndef ICM_CHOLESKY_H
#define ICM_CHOLESKY_H

#include <stdbool.h>

#define ICM_PACKED(i, j) ((i) * ((i) + 1) / 2 + (j))	/* j <= i */

/* Replace a matrix by its factor L, A = L L'. False, and a ruined, unless it is positive definite. */
extern bool IcmCholesky(double *a, int n);

/* Replace b by the solution of A x = b, given the factor of A. */
extern void IcmCholeskySolve(const double *factor, int n, double *b);

/* The inverse of A, packed, given its factor. */
extern void IcmCholeskyInvert(const double *factor, int n, double *inverse);

#endif							/* ICM_CHOLESKY_H */
