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

#include "miscadmin.h"
#include "utils/float.h"

#include "common/host.h"
#include "wallet/window.h"

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

typedef struct Brand
{
	double		rating;
	int			row;			/* position in the partition */
} Brand;

/* Highest rating first. */
static int
CompareBrands(const void *a, const void *b)
{
	double		first = ((const Brand *) a)->rating;
	double		second = ((const Brand *) b)->rating;

	CHECK_FOR_INTERRUPTS();
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
static int
ReadBrands(FunctionCallInfo fcinfo, Brand *brands)
{
	IcmColumn	rating = IcmColumnOf(fcinfo, 0);
	IcmScan		scan = IcmScanPartition(PG_WINDOW_OBJECT());
	int			n = 0;

	while (IcmScanNext(&scan))
		if (IcmColumnRead(&rating, scan.row))
			brands[n++] = (Brand) {CheckRating(DatumGetFloat8(rating.value)), scan.row};
	return n;
}

/* The end of the brands that are rated as this one. */
static int
TieEnd(const Brand *brands, int n, int first)
{
	int			end = first + 1;

	while (end < n && brands[end].rating == brands[first].rating)
		end++;
	return end;
}

/* The shares of all rows of a partition. */
static double *
AllocatePartition(FunctionCallInfo fcinfo, MemoryContext context)
{
	int			rows = IcmPartitionRows(PG_WINDOW_OBJECT());
	Brand	   *brands = IcmAllocRows(CurrentMemoryContext, rows, sizeof(Brand));
	int			n = ReadBrands(fcinfo, brands);
	double	   *share = IcmAllocRows(context, rows, sizeof(double));

	for (int row = 0; row < rows; row++)
		share[row] = NAN;
	qsort(brands, n, sizeof(Brand), CompareBrands);
	for (int first = 0, end; first < n; first = end)
	{
		end = TieEnd(brands, n, first);
		for (int i = first; i < end; i++)
			share[brands[i].row] = Allocate((first + 1.0 + end) / 2.0, (double) n);
	}
	pfree(brands);
	return share;
}

/* icm_wallet_allocation(rating) OVER (PARTITION BY customer) */
PG_FUNCTION_INFO_V1(icm_wallet_allocation_window);
Datum
icm_wallet_allocation_window(PG_FUNCTION_ARGS)
{
	return IcmResultOfRow(fcinfo, AllocatePartition);
}
