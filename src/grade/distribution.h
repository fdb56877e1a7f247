/*
 * distribution.h
 *		The icm_distribution type: a population's values, exactly or counted in
 *		buckets.
 */
#ifndef ICM_DISTRIBUTION_H
#define ICM_DISTRIBUTION_H

#include "common/flat.h"
#include "math/sketch.h"

#define ICM_DISTRIBUTION_VERSION 1

/*
 * 1 to ICM_BUCKETS_MAX buckets, ascending; see math/buckets.h. n is the sum of
 * their counts, min and max are exact. Equal populations have equal bytes.
 * 40 + 32 bytes a bucket, so at most 128 kB.
 */
typedef struct IcmDistribution
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_DISTRIBUTION_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int32		level;			/* 0: each distinct value has a bucket of its own */
	int32		unused;			/* 0 */
	int64		n;				/* values */
	double		min;
	double		max;
	IcmBucket	buckets[FLEXIBLE_ARRAY_MEMBER];
} IcmDistribution;

#define ICM_DISTRIBUTION_SIZE(used) (offsetof(IcmDistribution, buckets) + (Size) (used) * sizeof(IcmBucket))
#define ICM_DISTRIBUTION_COUNT(d) \
	((int) ((VARSIZE(d) - offsetof(IcmDistribution, buckets)) / sizeof(IcmBucket)))

#define PG_GETARG_DISTRIBUTION(n) IcmDistributionGet(PG_GETARG_DATUM(n))
extern IcmDistribution *IcmDistributionGet(Datum datum);

/* A distribution with room for so many buckets, which the caller fills. */
extern IcmDistribution *IcmDistributionMake(int used);

/* What the functions of math/sketch.h read. */
extern IcmSketch IcmDistributionSketch(const IcmDistribution *distribution);

/*
 * The distribution as points: the mean of each bucket's values, and their number.
 * lower, unless NULL, is set to the smallest double of each bucket, at level 0 the
 * value itself: a cut there splits no bucket, so the counts and the sums of grades
 * remain exact. The arrays are palloc'ed.
 */
extern void IcmDistributionPoints(const IcmDistribution *distribution, IcmPoints *points, double **lower);

/* The number of values below the cut; exact at a lower bound of a bucket, estimated within one. */
extern double IcmDistributionBelow(const IcmDistribution *distribution, double cut);

#endif							/* ICM_DISTRIBUTION_H */
