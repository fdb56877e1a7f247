/*
 * rake.c
 *		Iterative proportional fitting; see rake.h.
 */
#include <math.h>
#include <stdbool.h>

#include "math/rake.h"

static inline int32_t
CellOf(const IcmRake *rake, size_t group, int margin)
{
	return rake->cells[group * (size_t) rake->margins + (size_t) margin];
}

/* Start from the estimates; what is in a cell of total 0 is 0, and stays so. */
static void
Start(const IcmRake *rake)
{
	for (size_t i = 0; i < rake->n; i++)
	{
		rake->weight[i] = rake->estimate[i];
		for (int margin = 0; margin < rake->margins; margin++)
		{
			int32_t		cell = CellOf(rake, i, margin);

			if (cell != ICM_RAKE_NO_CELL && rake->total[cell] == 0.0)
				rake->weight[i] = 0.0;
		}
	}
}

/* What the cells of a margin add up to. */
static void
SumMargin(const IcmRake *rake, int margin)
{
	for (int32_t cell = rake->first[margin]; cell < rake->first[margin + 1]; cell++)
		IcmProductSumInit(&rake->sum[cell]);
	for (size_t i = 0; i < rake->n; i++)
	{
		int32_t		cell = CellOf(rake, i, margin);

		if (cell != ICM_RAKE_NO_CELL)
			IcmProductSumAddTerm(&rake->sum[cell], rake->weight[i]);
	}
}

/* Is there a cell of this margin that has nothing to scale to its total? */
static bool
HasEmptyCell(const IcmRake *rake, int margin, IcmRakeFault *fault)
{
	SumMargin(rake, margin);
	for (int32_t cell = rake->first[margin]; cell < rake->first[margin + 1]; cell++)
		if (rake->total[cell] > 0.0 && IcmProductSumRound(&rake->sum[cell]) == 0.0)
		{
			fault->cell = cell;
			return true;
		}
	return false;
}

/* Is every group that has something in a cell of this margin? */
static bool
ContainsAll(const IcmRake *rake, int margin)
{
	for (size_t i = 0; i < rake->n; i++)
		if (CellOf(rake, i, margin) == ICM_RAKE_NO_CELL && rake->weight[i] > 0.0)
			return false;
	return true;
}

static double
SumOfTotals(const IcmRake *rake, int margin)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	for (int32_t cell = rake->first[margin]; cell < rake->first[margin + 1]; cell++)
		IcmExactSumAdd(&sum, rake->total[cell]);
	return IcmExactSumRound(&sum);
}

/* Do two margins that contain all groups differ in their sums? Then no weights can meet both. */
static bool
SumsDiffer(const IcmRake *rake, IcmRakeFault *fault, void (*poll) (void))
{
	bool		found = false;

	for (int margin = 0; margin < rake->margins; margin++)
	{
		double		sum;

		poll();
		if (!ContainsAll(rake, margin))
			continue;
		sum = SumOfTotals(rake, margin);
		if (!found)
		{
			found = true;
			fault->margin[0] = margin;
			fault->margin_sum[0] = sum;
		}
		else if (fabs(sum - fault->margin_sum[0]) > rake->tolerance * fmax(sum, fault->margin_sum[0]))
		{
			fault->margin[1] = margin;
			fault->margin_sum[1] = sum;
			return true;
		}
	}
	return false;
}

/* The largest relative deviation of the sums of a margin from its totals, and the cell that has it. */
static double
Deviation(const IcmRake *rake, int margin, int32_t *worst)
{
	double		largest = 0.0;

	for (int32_t cell = rake->first[margin]; cell < rake->first[margin + 1]; cell++)
	{
		double		total = rake->total[cell];
		double		deviation;

		if (total == 0.0)
			continue;			/* Start() has seen to it */
		deviation = fabs(IcmProductSumRound(&rake->sum[cell]) / total - 1.0);
		if (deviation > largest)
		{
			largest = deviation;
			*worst = cell;
		}
	}
	return largest;
}

/* Scale a margin, whose sums are known, to its totals. Dividing first, nothing can overflow. */
static void
ScaleMargin(const IcmRake *rake, int margin)
{
	for (size_t i = 0; i < rake->n; i++)
	{
		int32_t		cell = CellOf(rake, i, margin);

		if (cell != ICM_RAKE_NO_CELL && rake->weight[i] > 0.0)
			rake->weight[i] = rake->weight[i] / IcmProductSumRound(&rake->sum[cell]) * rake->total[cell];
	}
}

static void
DescribeWorst(const IcmRake *rake, IcmRakeFault *fault, void (*poll) (void))
{
	fault->cell = ICM_RAKE_NO_CELL;
	fault->deviation = 0.0;
	for (int margin = 0; margin < rake->margins; margin++)
	{
		int32_t		cell = ICM_RAKE_NO_CELL;
		double		deviation;

		poll();
		SumMargin(rake, margin);
		deviation = Deviation(rake, margin, &cell);
		if (deviation > fault->deviation)
		{
			fault->cell = cell;
			fault->deviation = deviation;
			fault->sum = IcmProductSumRound(&rake->sum[cell]);
		}
	}
}

IcmRakeResult
IcmRakeGroups(const IcmRake *rake, IcmRakeFault *fault, void (*poll) (void))
{
	int64_t		left = (int64_t) rake->iterations * rake->margins;	/* margins that may still be scaled */
	int			met = 0;		/* margins found to be met, one after another, since the last was scaled */

	Start(rake);
	for (int margin = 0; margin < rake->margins; margin++)
	{
		poll();
		if (HasEmptyCell(rake, margin, fault))
			return ICM_RAKE_EMPTY_CELL;
	}
	if (SumsDiffer(rake, fault, poll))
		return ICM_RAKE_SUMS_DIFFER;

	for (int64_t step = 0; met < rake->margins; step++)
	{
		int			margin = (int) (step % rake->margins);
		int32_t		worst;

		poll();
		SumMargin(rake, margin);
		if (Deviation(rake, margin, &worst) <= rake->tolerance)
		{
			met++;
			continue;
		}
		if (left-- == 0)
		{
			DescribeWorst(rake, fault, poll);
			return ICM_RAKE_NOT_CONVERGED;
		}
		ScaleMargin(rake, margin);
		met = 0;
	}
	return ICM_RAKED;
}
