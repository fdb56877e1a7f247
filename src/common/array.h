/*
 * array.h
 *		Arrays as results.
 */
#ifndef ICM_ARRAY_H
#define ICM_ARRAY_H

#include "catalog/pg_type.h"
#include "utils/array.h"

/* A float8[] of n numbers, each of which stands step doubles behind the one before. */
static inline Datum
IcmDoubleArray(const double *first, int n, int step)
{
	Datum	   *elements = (Datum *) palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(first[i * step]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID,
										   sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

#endif							/* ICM_ARRAY_H */
