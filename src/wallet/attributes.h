/*
 * attributes.h
 *		What is known of a customer beside spend: the argument x, a float8[].
 */
#ifndef ICM_ATTRIBUTES_H
#define ICM_ATTRIBUTES_H

#include "common/compat.h"
#include "utils/array.h"

/*
 * The numbers of x, and how many they are. ERROR if they are none, more than most, or one is NULL; NaN and
 * infinity are the caller's to refuse.
 */
extern const double *IcmAttributes(ArrayType *x, int most, int *columns);

/* ERROR (22003): x has NaN or infinity in it. */
pg_noreturn extern void IcmAttributesNotFinite(const double *x, int columns);

#endif							/* ICM_ATTRIBUTES_H */
