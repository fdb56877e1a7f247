/*
 * aggregate.h
 *		What transition functions share.
 */
#ifndef ICM_AGGREGATE_H
#define ICM_AGGREGATE_H

#include "common/compat.h"

/* Return the transition state in argument 0, perhaps NULL, as it is. */
static inline Datum
IcmReturnState(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

#endif							/* ICM_AGGREGATE_H */
