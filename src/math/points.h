/*
 * points.h
 *		Values as points: distinct, sorted, with weights. What cutting into groups
 *		and measuring concentration work on.
 */
#ifndef ICM_POINTS_H
#define ICM_POINTS_H

#include <stddef.h>

/* Distinct values, ascending and finite, with positive weights. */
typedef struct IcmPoints
{
	size_t		n;
	double	   *value;
	double	   *weight;
} IcmPoints;

/* A value that stands for weight equal ones. */
typedef struct IcmWeighted
{
	double		value;
	double		weight;
} IcmWeighted;

/*
 * Sort n finite doubles, ascending; negative zero sorts before zero. scratch
 * has room for n as well. poll is called between passes, and may not return.
 */
extern void IcmSortDoubles(double *values, double *scratch, size_t n, void (*poll) (void));

/*
 * The points of n values without negative zeros, each of weight 1. They take the memory of
 * values, and their weights that of scratch, which has room for n as well.
 */
extern IcmPoints IcmPointsOfValues(double *values, double *scratch, size_t n, void (*poll) (void));

/*
 * The same of weighted values, whose weights are positive. The weights of equal values are added
 * up exactly and rounded once, so the order has no say. The points take the memory of either array.
 */
extern IcmPoints IcmPointsOfWeighted(IcmWeighted *values, IcmWeighted *scratch, size_t n, void (*poll) (void));

/*
 * A power of two that takes the values to below 2^424, where neither their squares overflow, nor
 * those of all but the tiniest vanish; 1 for all usual ones.
 */
extern double IcmPointsFactor(const IcmPoints *points);

#endif							/* ICM_POINTS_H */
