/*
 * attributes.c
 *		Reading and checking x; see attributes.h.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "wallet/attributes.h"

const double *
IcmAttributes(ArrayType *x, int most, int *columns)
{
	int			n = ArrayGetNItems(ARR_NDIM(x), ARR_DIMS(x));

	if (unlikely(ARR_NDIM(x) > 1 || n < 1 || n > most))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must be a one-dimensional array of 1 to %d numbers", most),
				 errdetail("The array given has %d dimensions and %d elements.", ARR_NDIM(x), n)));
	if (unlikely(array_contains_nulls(x)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("x must not contain nulls"),
				 errhint("Say what the value is, as in coalesce(value, 0), or give NULL as x for a row that is not to take part.")));
	*columns = n;
	return (const double *) ARR_DATA_PTR(x);
}

void
IcmAttributesNotFinite(const double *x, int columns)
{
	int			i = 0;

	while (i < columns - 1 && isfinite(x[i]))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("x must be finite numbers"),
			 errdetail("Element %d is %s.", i + 1, float8out_internal(x[i]))));
	pg_unreachable();
}
