/*
 * compat.h
 *		What differs between PostgreSQL 13 and 18, in one place.
 *
 * Include after postgres.h.
 */
#ifndef ICM_COMPAT_H
#define ICM_COMPAT_H

#include "fmgr.h"

#if PG_VERSION_NUM < 130000
#error "icm needs PostgreSQL 13 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Input functions report bad text through ereturn(), so that
 * pg_input_is_valid() and COPY ... ON_ERROR work where the server has them.
 * Before 16 there is no error context, and the report is an ordinary error.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
#define ereturn(context, dummy_value, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
	} while (0)
#endif

/* What was a suffix before 18 is a prefix since. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 13 has it neither under this name nor as fast: so many units of 10^-decimals, not negative, as numeric. */
#if PG_VERSION_NUM < 140000
#include "utils/builtins.h"
#include "utils/numeric.h"

static inline Numeric
int64_div_fast_to_numeric(int64 units, int decimals)
{
	Datum		numeric = DirectFunctionCall1(int8_numeric, Int64GetDatum(units));
	char	   *string = psprintf("1e-%d", decimals);
	Datum		unit = DirectFunctionCall3(numeric_in, CStringGetDatum(string), ObjectIdGetDatum(InvalidOid),
										   Int32GetDatum(-1));

	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, numeric, unit));
}
#endif

#endif							/* ICM_COMPAT_H */
