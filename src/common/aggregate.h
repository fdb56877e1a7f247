/*
 * aggregate.h
 *		What transition functions share.
 */
#ifndef ICM_AGGREGATE_H
#define ICM_AGGREGATE_H

#include "common/compat.h"

/* ERROR (0A000) unless an aggregate calls; what names its support functions. */
static inline void
IcmCheckAggregate(FunctionCallInfo fcinfo, const char *what)
{
	if (unlikely(!AggCheckCallContext(fcinfo, NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s can be called only by the aggregate", what)));
}

/* A bytea, detoasted, at an address where a double or an int64 may stand: it need not have one. */
static inline void *
IcmGetAligned(Datum datum)
{
	struct varlena *bytes = PG_DETOAST_DATUM(datum);

	if (unlikely((uintptr_t) bytes % sizeof(int64) != 0))
		bytes = PG_DETOAST_DATUM_COPY(datum);
	return bytes;
}

/* Return the transition state in argument 0, perhaps NULL, as it is. */
static inline Datum
IcmReturnState(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

#endif							/* ICM_AGGREGATE_H */
