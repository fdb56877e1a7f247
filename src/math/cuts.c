/*
 * cuts.c
 *		Cutting values into groups; see cuts.h.
 */
#include <math.h>
#include <stdbool.h>

#include "math/cuts.h"
#include "math/kmeans.h"
#include "math/productsum.h"

/*
 * Neither a share like 0.7 nor a weight like 0.1 is exactly a double. So a sum this near to a share
 * of the total, in units of the total, is that share.
 */
#define SHARE_ROUNDING 0x1p-51

static double
TotalWeight(const IcmPoints *points)
{
	IcmProductSum sum = {0.0, 0.0};

	for (size_t i = 0; i < points->n; i++)
		IcmProductSumAddTerm(&sum, points->weight[i]);
	return IcmProductSumRound(&sum);
}

/* The share of the j best groups. */
static double
ShareOf(const IcmCutting *cutting, int j)
{
	return cutting->shares == NULL ? (double) j / cutting->groups : cutting->shares[j - 1];
}

/* The first point with a positive value; n if there is none. */
static size_t
FirstPositive(const IcmPoints *points)
{
	size_t		low = 0,
				high = points->n;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (points->value[middle] > 0.0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t
IcmCutGroupsMax(const IcmPoints *points, IcmCutMethod method)
{
	size_t		positive = points->n - FirstPositive(points);

	switch (method)
	{
		case ICM_CUT_PARETO:
			return positive > 0 ? points->n : 0;
		case ICM_CUT_LOGKMEANS:
			return positive;
		default:
			return points->n;
	}
}

/* ---- quantile ------------------------------------------------------------- */

static void
CutQuantile(const IcmPoints *points, const IcmCutting *cutting, size_t *start)
{
	int			groups = cutting->groups;
	double		total = TotalWeight(points);
	IcmProductSum sum = {points->weight[0], 0.0};	/* of the points up to i */
	size_t		i = 0;

	for (int j = 1; j < groups; j++)
	{
		size_t		highest = points->n - (groups - j); /* leaves a point for each group */
		size_t		lowest = j == 1 ? 1 : start[j - 2] + 1;
		double		below = total * (1.0 - ShareOf(cutting, groups - j) + SHARE_ROUNDING);

		while (i < highest && IcmProductSumRound(&sum) <= below)
			IcmProductSumAddTerm(&sum, points->weight[++i]);
		start[j - 1] = i < lowest ? lowest : i;
	}
}

/* ---- pareto --------------------------------------------------------------- */

static void
CutPareto(const IcmPoints *points, const IcmCutting *cutting, size_t *start)
{
	double		factor = IcmPointsFactor(points);
	int			groups = cutting->groups;
	size_t		positive = FirstPositive(points);
	size_t		i = points->n - 1;
	IcmProductSum sum = {0.0, 0.0};
	double		total;

	for (size_t k = points->n; k-- > positive;)
		IcmProductSumAdd(&sum, points->weight[k], points->value[k] * factor);
	total = IcmProductSumRound(&sum);

	/* as for the total, from the best down: the sum of the points from i on */
	IcmProductSumInit(&sum);
	IcmProductSumAdd(&sum, points->weight[i], points->value[i] * factor);
	for (int j = 1; j < groups; j++)
	{
		size_t		lowest = groups - j;	/* leaves a point for each group */
		size_t		highest = j == 1 ? points->n - 1 : start[groups - j] - 1;

		while (i > lowest && IcmProductSumRound(&sum) < total * (ShareOf(cutting, j) - SHARE_ROUNDING))
		{
			i--;
			IcmProductSumAdd(&sum, points->weight[i], points->value[i] * factor);
		}
		start[groups - j - 1] = i > highest ? highest : i;
	}
}

/* ---- k-means -------------------------------------------------------------- */

static void
CutKMeans(const IcmPoints *points, const IcmCutting *cutting, size_t *start, double *work, void (*poll) (void))
{
	double		factor = IcmPointsFactor(points);

	for (size_t i = 0; i < points->n; i++)
		work[i] = points->value[i] * factor;
	IcmKMeans(work, points->weight, points->n, cutting->groups, start, work + points->n, poll);
}

static void
CutLogKMeans(const IcmPoints *points, const IcmCutting *cutting, size_t *start, double *work, void (*poll) (void))
{
	size_t		first = FirstPositive(points);
	size_t		n = points->n - first;

	for (size_t i = 0; i < n; i++)
		work[i] = log(points->value[first + i]);
	IcmKMeans(work, points->weight + first, n, cutting->groups, start, work + n, poll);
	for (int j = 0; j < cutting->groups - 1; j++)
		start[j] += first;
}

/* ---- all methods ---------------------------------------------------------- */

size_t
IcmCutWork(size_t n, const IcmCutting *cutting)
{
	if (cutting->method == ICM_CUT_KMEANS || cutting->method == ICM_CUT_LOGKMEANS)
		return n * sizeof(double) + IcmKMeansWork(n, cutting->groups);
	return 0;
}

void
IcmCut(const IcmPoints *points, const IcmCutting *cutting, size_t *start, void *work, void (*poll) (void))
{
	switch (cutting->method)
	{
		case ICM_CUT_QUANTILE:
			CutQuantile(points, cutting, start);
			break;
		case ICM_CUT_PARETO:
			CutPareto(points, cutting, start);
			break;
		case ICM_CUT_KMEANS:
			CutKMeans(points, cutting, start, work, poll);
			break;
		case ICM_CUT_LOGKMEANS:
			CutLogKMeans(points, cutting, start, work, poll);
			break;
		case ICM_CUT_GIVEN:
			break;
	}
}

/* ---- what the groups hold ------------------------------------------------- */

/* What distances are measured on: the logarithm of a positive value, or the scaled value. */
static inline double
Position(double value, double factor, bool logarithms)
{
	return logarithms ? log(value) : value * factor;
}

/* The sum of weighted squared distances of the points [from, to) to their mean. In two passes. */
static double
Within(const IcmPoints *points, size_t from, size_t to, bool logarithms)
{
	double		factor = IcmPointsFactor(points);
	double		weight = 0.0;
	double		mean;
	double		cost;
	IcmProductSum sum = {0.0, 0.0};
	IcmProductSum squares = {0.0, 0.0};

	if (to <= from + 1)
		return 0.0;
	for (size_t i = from; i < to; i++)
	{
		IcmProductSumAdd(&sum, points->weight[i], Position(points->value[i], factor, logarithms));
		weight += points->weight[i];
	}
	mean = IcmProductSumRound(&sum) / weight;

	IcmProductSumInit(&sum);	/* from here on of the distances: not quite zero, as the mean is rounded */
	for (size_t i = from; i < to; i++)
	{
		double		distance = Position(points->value[i], factor, logarithms) - mean;

		IcmProductSumAdd(&sum, points->weight[i], distance);
		IcmProductSumAddTerm(&squares, points->weight[i] * distance * distance);
	}
	cost = IcmProductSumRound(&squares) - IcmProductSumRound(&sum) * IcmProductSumRound(&sum) / weight;
	if (!logarithms)
		cost = cost / factor / factor;
	return fmax(cost, 0.0);
}

double
IcmDescribeGroups(const IcmPoints *points, IcmCutMethod method, int groups, const size_t *start, IcmGroup *group)
{
	bool		logarithms = method == ICM_CUT_LOGKMEANS;
	double		factor = IcmPointsFactor(points);
	size_t		measured = logarithms ? FirstPositive(points) : 0;	/* where distances begin */
	double		within = 0.0;

	for (int g = 0; g < groups; g++)
	{
		size_t		from = g == 0 ? 0 : start[g - 1];
		size_t		to = g == groups - 1 ? points->n : start[g];
		IcmProductSum count = {0.0, 0.0};
		IcmProductSum sum = {0.0, 0.0};

		for (size_t i = from; i < to; i++)
		{
			IcmProductSumAddTerm(&count, points->weight[i]);
			IcmProductSumAdd(&sum, points->weight[i], points->value[i] * factor);
		}
		group[g].count = IcmProductSumRound(&count);
		group[g].sum = IcmProductSumRound(&sum) / factor;
		group[g].within = Within(points, from > measured ? from : measured, to, logarithms);
		within += group[g].within;
	}

	/* where all is rounding, as with logarithms that are all but equal, the parts may come out above the whole */
	return fmax(Within(points, measured, points->n, logarithms), within);
}
