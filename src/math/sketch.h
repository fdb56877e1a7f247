/*
 * sketch.h
 *		Answers from values counted in buckets (buckets.h): sum, quantiles, ranks,
 *		sums above a value.
 *
 * At level 0 all are exact. Above, what can be said by whole buckets is: counts,
 * and sums but for one rounding. Within a bucket the values are taken to be spread
 * evenly about their mean, which is known, as far as the nearer end of the bucket.
 */
#ifndef ICM_SKETCH_H
#define ICM_SKETCH_H

#include "math/buckets.h"
#include "math/points.h"

typedef struct IcmSketch
{
	int			level;
	int			used;			/* buckets, at least one */
	int64_t		n;				/* values */
	double		min;
	double		max;
	const IcmBucket *buckets;	/* ascending */
} IcmSketch;

/* What no values make such a sketch of, as a sentence; NULL if some could. */
extern const char *IcmSketchFault(const IcmSketch *sketch);

/* A value located in a bucket is off by less than this share of itself, unless it is subnormal. */
extern double IcmSketchError(const IcmSketch *sketch);

/* The sum of all values, rounded once; infinite if that is out of range, or the sum of all negative ones is. */
extern double IcmSketchSum(const IcmSketch *sketch);

/* The smallest value whose share of values at or below it is at least this fraction, 0 to 1. */
extern double IcmSketchQuantile(const IcmSketch *sketch, double fraction);

/* The number of values below x, or at or below it. */
extern double IcmSketchBelow(const IcmSketch *sketch, double x, bool inclusive);

/* The sum of the values at or above x; infinite as IcmSketchSum(). */
extern double IcmSketchSumAbove(const IcmSketch *sketch, double x);

/*
 * Each bucket as a point: the mean of its values, and their number; and the smallest double of the
 * bucket, at level 0 the value. The arrays have room for all of them.
 */
extern void IcmSketchPoints(const IcmSketch *sketch, IcmPoints *points, double *lower);

#endif							/* ICM_SKETCH_H */
