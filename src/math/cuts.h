/*
 * cuts.h
 *		Cutting values into groups: the methods of a scale.
 *
 * All work on distinct values with weights, so that equal values are never
 * split, and n equal values are the same as one of weight n. The result depends
 * neither on the order in which the values came nor on how they were grouped.
 *
 *	quantile	group j, from the lowest, starts at the smallest value at or below
 *				which more than a share j/groups of the weight lies: the upper
 *				inverse of the empirical distribution.
 *	pareto		the j best groups end with the value at which the sum of weight x
 *				value of the best reaches a share j/groups of the sum of all
 *				positive values.
 *	kmeans		the groups whose sum of weighted squared distances to their means
 *				is the smallest there is: dynamic programming over the sorted
 *				values (Wang, Song 2011, The R Journal 3(2):29), each row by divide
 *				and conquer, O(groups n log n). Of equally good ones the highest;
 *				see kmeans.h.
 *	logkmeans	the same on the natural logarithms of the positive values; the
 *				others are in the lowest group.
 *
 * quantile and pareto take other shares than equal ones too. As neither shares nor
 * weights need be exact in binary, a sum that is within rounding, 2^-51 of the
 * total, is that share. Where ties would leave a group of a quantile empty, it
 * starts at the next larger value, or a smaller one if there are not enough larger
 * ones; a pareto group, which is found from the best down, starts at the next
 * smaller value, or a larger one if there are not enough smaller ones.
 */
#ifndef ICM_CUTS_H
#define ICM_CUTS_H

#include <stddef.h>

#include "math/points.h"

#define ICM_GROUPS_MAX 26

typedef enum IcmCutMethod
{
	ICM_CUT_GIVEN = 0,			/* no method: cuts given by hand */
	ICM_CUT_QUANTILE,
	ICM_CUT_PARETO,
	ICM_CUT_KMEANS,
	ICM_CUT_LOGKMEANS
} IcmCutMethod;

/* How to cut. */
typedef struct IcmCutting
{
	IcmCutMethod method;
	int			groups;			/* 2 to ICM_GROUPS_MAX */
	const double *shares;		/* groups - 1 of them, cumulated from the best group, ascending,
								 * in (0, 1); NULL: equal ones. For quantile and pareto. */
} IcmCutting;

/*
 * How many groups the points can be cut into at most, by their distinct values:
 * n; for logkmeans the number of positive values. 0 for pareto without a
 * positive value.
 */
extern size_t IcmCutGroupsMax(const IcmPoints *points, IcmCutMethod method);

/* Bytes of working memory that IcmCut() needs: 24 and groups / 4 for each point; 0 for quantile and pareto. */
extern size_t IcmCutWork(size_t n, const IcmCutting *cutting);

/*
 * Cut the points, the sum of whose weights is below 2^53, into cutting->groups
 * groups, of which there can be as many (see IcmCutGroupsMax). start[j - 1] is the
 * index of the first point of group j from the lowest, j = 1 to groups - 1:
 * ascending, each once. work is aligned memory of IcmCutWork() bytes. poll is
 * called now and then, and may not return.
 */
extern void IcmCut(const IcmPoints *points, const IcmCutting *cutting, size_t *start, void *work, void (*poll) (void));

/* What the groups hold, from the lowest. */
typedef struct IcmGroup
{
	double		count;			/* sum of weights */
	double		sum;			/* of weight x value */
	double		within;			/* sum of weighted squared distances to the group's mean; of the logarithms
								 * of the positive values for logkmeans */
} IcmGroup;

/*
 * Describe the groups that start at these points, by the same method. Returns the
 * sum of weighted squared distances to the mean of all (of logarithms for
 * logkmeans): what the groups leave of it is the sum of their within.
 */
extern double IcmDescribeGroups(const IcmPoints *points, IcmCutMethod method, int groups, const size_t *start,
								IcmGroup *group);

#endif							/* ICM_CUTS_H */
