/*
 * host.h
 *		What src/math, which knows nothing of PostgreSQL, is given by it: large memory, and a
 *		call now and then in which a query can be cancelled.
 */
#ifndef ICM_HOST_H
#define ICM_HOST_H

#include "miscadmin.h"
#include "utils/memutils.h"

static inline void
IcmPoll(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Memory, of more than 1 GB too; released by pfree(). */
static inline void *
IcmAllocLarge(size_t bytes)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, bytes);
}

/* Memory for so many rows of this size. */
static inline void *
IcmAllocRows(MemoryContext context, int64 n, Size size)
{
	return MemoryContextAllocHuge(context, Max(n, 1) * size);
}

#endif							/* ICM_HOST_H */
