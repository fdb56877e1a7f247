/*
 * allocation_rule.c
 *		The Wallet Allocation Rule: icm_wallet_allocation of a rank, and of the
 *		rows of a window partition by their ratings.
 *
 * share = (1 - rank / (brands + 1)) * 2 / brands; Keiningham, Aksoy, Buoye, Cooil
 * 2011, "Customer loyalty isn't enough. Grow your share of wallet", Harvard Business
 * Review 89(10):29. Equal ratings share the average of their ranks, so the
 * shares of a customer sum to 1.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "common/compat.h"

static double
Allocate(double rank, double brands)
{
	return (1.0 - rank / (brands + 1.0)) * 2.0 / brands;
}

/* icm_wallet_allocation(rank, brands) */
PG_FUNCTION_INFO_V1(icm_wallet_allocation);
Datum
icm_wallet_allocation(PG_FUNCTION_ARGS)
{
	double		rank = PG_GETARG_FLOAT8(0);
	int32		brands = PG_GETARG_INT32(1);

	if (brands < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of brands must be at least 1"),
				 errdetail("The number given is %d.", brands)));
	if (!(rank >= 1.0 && rank <= brands))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("rank must be from 1 to the number of brands"),
				 errdetail("The rank given is %s, of %d brands.", float8out_internal(rank), brands),
				 errhint("The best brand has rank 1; brands that are equal have the average of their ranks.")));
	PG_RETURN_FLOAT8(Allocate(rank, brands));
}

/* ---- window --------------------------------------------------------------- */

/* Rows after which the memory that evaluating the rating took is given back. */
#define ROWS_A_RESET 1024

typedef struct Brand
{
	double		rating;
	int64		row;			/* position in the partition */
} Brand;

/* What is kept from row to row of a partition; zeroed when it starts. */
typedef struct Partition
{
	double	   *share;			/* by position; NaN: not rated. NULL: not filled in yet */
} Partition;

/* Highest rating first. */
static int
CompareBrands(const void *a, const void *b)
{
	double		first = ((const Brand *) a)->rating;
	double		second = ((const Brand *) b)->rating;

	return (first < second) - (first > second);
}

static double
CheckRating(double rating)
{
	if (unlikely(!isfinite(rating)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("rating must be a finite number"),
				 errdetail("The rating given is %s.", float8out_internal(rating)),
				 errhint("A brand that is not rated has the rating NULL.")));
	return rating;
}

/* The brands of the partition that are rated; their number. */
static int64
ReadBrands(WindowObject window, Brand *brands, int64 rows)
{
	MemoryContext evaluation = AllocSetContextCreate(CurrentMemoryContext, "icm_wallet_allocation ratings", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(evaluation);
	int64		n = 0;

	for (int64 row = 0; row < rows; row++)
	{
		bool		isnull,
					isout;
		Datum		rating;

		CHECK_FOR_INTERRUPTS();
		if (row % ROWS_A_RESET == 0)
			MemoryContextReset(evaluation);
		rating = WinGetFuncArgInPartition(window, 0, (int) row, WINDOW_SEEK_HEAD, false, &isnull, &isout);
		if (!isnull)
		{
			brands[n].rating = CheckRating(DatumGetFloat8(rating));
			brands[n++].row = row;
		}
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(evaluation);
	return n;
}

/* The end of the brands that are rated as this one. */
static int64
TieEnd(const Brand *brands, int64 n, int64 first)
{
	int64		end = first + 1;

	while (end < n && brands[end].rating == brands[first].rating)
		end++;
	return end;
}

/* At the first row of a partition: the share of each. */
static void
AllocatePartition(WindowObject window, Partition *partition)
{
	int64		rows = WinGetPartitionRowCount(window);
	Brand	   *brands = palloc_extended(rows * sizeof(Brand), MCXT_ALLOC_HUGE);
	int64		n = ReadBrands(window, brands, rows);
	double	   *share = MemoryContextAllocHuge(GetMemoryChunkContext(partition), rows * sizeof(double));

	for (int64 row = 0; row < rows; row++)
		share[row] = NAN;
	qsort(brands, n, sizeof(Brand), CompareBrands);
	for (int64 first = 0, end; first < n; first = end)
	{
		end = TieEnd(brands, n, first);
		for (int64 i = first; i < end; i++)
			share[brands[i].row] = Allocate((first + 1 + end) / 2.0, (double) n);
	}
	pfree(brands);
	partition->share = share;
}

/* icm_wallet_allocation(rating) OVER (PARTITION BY customer) */
PG_FUNCTION_INFO_V1(icm_wallet_allocation_window);
Datum
icm_wallet_allocation_window(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Partition  *partition = WinGetPartitionLocalMemory(window, sizeof(Partition));
	double		share;

	if (partition->share == NULL)
		AllocatePartition(window, partition);
	share = partition->share[WinGetCurrentPosition(window)];
	if (isnan(share))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(share);
}
