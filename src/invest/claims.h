/*
 * claims.h
 *		What all forms of icm_allocate share: amounts of money as whole units,
 *		the rows that claim a part of the budget, and the errors.
 */
#ifndef ICM_CLAIMS_H
#define ICM_CLAIMS_H

#include "common/compat.h"
#include "invest/allocation.h"
#include "utils/numeric.h"

#define ICM_TAKES_NO_PART (-1.0)	/* the weight of a row whose weight is NULL */

/* An amount read last, as it came; a column often has the same for many rows. */
typedef struct IcmAmount
{
	Size		size;			/* of the image; 0: none is known */
	char		image[32];
	int64		units;
} IcmAmount;

/* The amounts of a budget: its decimals make the unit. Zero it before the first use. */
typedef struct IcmAmounts
{
	int			scale;			/* decimals */
	IcmAmount	budget;
	IcmAmount	floor;
	IcmAmount	cap;
} IcmAmounts;

/* The units of a budget, whose scale becomes that of the amounts. ERROR (22003) unless it is 0 to ICM_BUDGET_MAX units. */
extern int64 IcmReadBudget(IcmAmounts *amounts, Datum budget);

/*
 * The units of a floor, rounded up, and of a row's cap, rounded down; none where
 * the pointer is NULL. ERROR (22003) if it is negative or not finite, (22023) if the
 * cap is below the floor.
 */
extern int64 IcmReadFloor(IcmAmounts *amounts, const Datum *floor);
extern int64 IcmReadCap(IcmAmounts *amounts, const Datum *cap, int64 floor_units);

/* The weight without negative zero; ERROR (22003) unless it is finite and not negative. */
extern double IcmReadWeight(double weight);

/* The rows, with room for n of them. */
typedef struct IcmClaims
{
	int64		n;
	double	   *weight;			/* or ICM_TAKES_NO_PART */
	int64	   *floor;			/* NULL: none */
	int64	   *cap;			/* NULL: none */
} IcmClaims;

extern void IcmClaimsInit(IcmClaims *claims, int64 n, bool floors, bool caps);

/*
 * The shares, in memory of the given context; -1 for a row that takes no part.
 * The claims are freed. ERROR (22023) if the floors, the caps or the weights
 * make it impossible.
 */
extern int64 *IcmShareOut(IcmClaims *claims, int64 budget, int scale, MemoryContext context);

/* Shares as numeric[], NULL for those who take no part. They are freed. */
extern Datum IcmSharesToArray(int64 *share, int64 n, int scale);

/* ERROR (22023): the budget is not the same for all rows; -1 units stand for NULL. */
pg_noreturn extern void IcmBudgetsDiffer(int64 first, int first_scale, int64 other, int other_scale,
										 const char *rows, const char *hint);

#endif							/* ICM_CLAIMS_H */
