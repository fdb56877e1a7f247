/*
 * allocation.h
 *		Sharing a budget in proportion to weights, within floors and caps.
 *
 * All amounts are whole units, say cents. The shares add up to the budget
 * exactly: to each row the whole units of its quota, then one unit each to the
 * largest remainders, the first row first where they are equal (Hamilton's
 * method; Balinski and Young 1982, "Fair Representation").
 */
#ifndef ICM_ALLOCATION_H
#define ICM_ALLOCATION_H

#include <stddef.h>
#include <stdint.h>

#include "math/wide.h"

#define ICM_BUDGET_MAX INT64_C(9200000000000000000)	/* below 2^63, so that an estimate just above it still is */
#define ICM_ALLOCATION_MAX INT32_MAX	/* rows */

typedef struct IcmAllocation
{
	size_t		n;				/* at most ICM_ALLOCATION_MAX */
	int64_t		budget;			/* 0 to ICM_BUDGET_MAX */
	const double *weight;		/* finite; a row with a negative one takes no part */
	const int64_t *floor;		/* 0 or more; NULL: no floors */
	const int64_t *cap;			/* no less than the floor; NULL: no caps */
	int64_t    *share;			/* the result; -1 for a row that takes no part */
	IcmUint128	least;			/* result: the sum of the floors */
	IcmUint128	most;			/* result: the most that can be shared out, where there are caps */
} IcmAllocation;

typedef enum IcmAllocationResult
{
	ICM_ALLOCATED,
	ICM_FLOORS_EXCEED_BUDGET,
	ICM_CAPS_BELOW_BUDGET,
	ICM_NO_POSITIVE_WEIGHT		/* where money is left after the floors */
} IcmAllocationResult;

/* The bytes that IcmAllocate() needs for n rows, at an address where an int64 may stand. */
extern size_t IcmAllocationScratch(size_t n);

/*
 * Share the budget. poll is called between the passes over the rows, and may not return.
 *
 * With floors and caps the quota of a row is lambda times its weight, but no
 * less than the floor and no more than the cap, with the lambda that makes the
 * quotas add up to the budget. A row of weight 0 gets its floor.
 */
extern IcmAllocationResult IcmAllocate(IcmAllocation *allocation, void *scratch, void (*poll) (void));

#endif							/* ICM_ALLOCATION_H */
