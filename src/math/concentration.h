/*
 * concentration.h
 *		How unequally a total is spread: Gini coefficient, Lorenz curve, share of
 *		the best.
 */
#ifndef ICM_CONCENTRATION_H
#define ICM_CONCENTRATION_H

#include "math/points.h"

/*
 * The Gini coefficient, from the Lorenz curve of all there are (no correction
 * for a sample): 0 when all are equal, near 1 when one has all; above 1 is
 * possible with negative values. NaN where the sum is not positive.
 * Gini 1912; by ranks: G = sum_i (2 i - n - 1) x_i / (n sum x), i ascending.
 */
extern double IcmGini(const IcmPoints *points);

/*
 * The Lorenz curve: the share of the sum that the lowest share p of all has, p in
 * [0, 1], with straight lines between the points. NaN where the sum is not positive.
 * p ascends; share[i] is the curve at p[i].
 */
extern void IcmLorenz(const IcmPoints *points, const double *p, int n, double *share);

/*
 * The share of the sum that the best have who are at least this share, in
 * [0, 1], of all: the smallest whole number of them. Weights are whole numbers. NaN
 * where the sum is not positive.
 */
extern double IcmTopShare(const IcmPoints *points, double share);

#endif							/* ICM_CONCENTRATION_H */
