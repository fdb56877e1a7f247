/*
 * rake.h
 *		Raking: iterative proportional fitting of estimates to the known totals of
 *		the cells of several margins (Deming and Stephan 1940, "On a least
 *		squares adjustment of a sampled frequency table when the expected
 *		marginal totals are known").
 *
 * Each margin in turn is scaled to its totals, until all are met at the same time. Of
 * all that meet the totals, the result is the closest to the estimates in
 * Kullback and Leibler's sense (Csiszar 1975): it keeps their cross-product ratios.
 *
 * What is scaled are groups: all rows that are in the same cells get the same factor. The order of
 * the groups and of the cells has a say in the last bits of the sums: give them in one order.
 */
#ifndef ICM_RAKE_H
#define ICM_RAKE_H

#include <stddef.h>
#include <stdint.h>

#include "math/productsum.h"

#define ICM_RAKE_NO_CELL (-1)

typedef struct IcmRake
{
	size_t		n;				/* groups */
	int			margins;
	const int32_t *first;		/* the first cell of each margin, and last the number of all cells */
	const double *total;		/* of each cell: finite, not negative; if positive, so large that subnormal numbers are
								 * nothing beside it */
	const int32_t *cells;		/* of each group one a margin, or ICM_RAKE_NO_CELL */
	const double *estimate;		/* of each group: finite, not negative */
	double		tolerance;		/* the largest relative deviation from a total; above 0 */
	int			iterations;		/* at most so many times over all margins */
	double	   *weight;			/* result: what becomes of each group's estimate */
	IcmProductSum *sum;			/* work: of each cell */
} IcmRake;

typedef enum IcmRakeResult
{
	ICM_RAKED,
	ICM_RAKE_EMPTY_CELL,		/* a cell has a total, and nothing that could be scaled to it */
	ICM_RAKE_SUMS_DIFFER,		/* two margins that contain all groups do not have the same sum */
	ICM_RAKE_NOT_CONVERGED
} IcmRakeResult;

/* What the errors are about. */
typedef struct IcmRakeFault
{
	int32_t		cell;			/* the empty one, or that of the largest deviation */
	double		deviation;		/* relative to its total */
	double		sum;			/* what that cell adds up to */
	int			margin[2];		/* those whose sums differ */
	double		margin_sum[2];
} IcmRakeFault;

/* poll is called between the passes over the groups, and may not return. */
extern IcmRakeResult IcmRakeGroups(const IcmRake *rake, IcmRakeFault *fault, void (*poll) (void));

#endif							/* ICM_RAKE_H */
