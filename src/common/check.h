/*
 * check.h
 *		Checks of arguments and results that the SQL faces share.
 */
#ifndef ICM_CHECK_H
#define ICM_CHECK_H

#include <math.h>

#include "common/compat.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* The result; ERROR (22003) if it has overflowed. NaN is the caller's to make NULL of. */
static inline double
IcmCheckResult(double result)
{
	if (unlikely(isinf(result)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("result is out of range"),
				 errdetail("It is beyond what float8 holds, about 1.8e308.")));
	return result;
}

/* ERROR (22008) unless as_of is a finite day. */
static inline void
IcmCheckAsOf(DateADT as_of)
{
	if (unlikely(DATE_NOT_FINITE(as_of)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite day")));
}

/* ERROR (22008) unless at is a finite time. */
static inline void
IcmCheckAt(TimestampTz at)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("at must be a finite time")));
}

/* The unit of time; ERROR (22023) unless it is positive and finite. */
static inline double
IcmCheckUnitDays(double unit_days)
{
	if (unlikely(!isfinite(unit_days) || unit_days <= 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit_days must be positive and finite")));
	return unit_days;
}

/* The confidence of an interval; ERROR (22023) unless it is between 0 and 1. */
static inline double
IcmCheckConfidence(double confidence)
{
	if (unlikely(!(confidence > 0.0 && confidence < 1.0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be more than 0 and less than 1"),
				 errdetail("The confidence given is %g.", confidence),
				 confidence > 1.0 && confidence <= 100.0 ? errhint("Is it a percentage? For 95 %%, give 0.95.") : 0));
	return confidence;
}

#endif							/* ICM_CHECK_H */
