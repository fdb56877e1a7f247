/*
 * scale.h
 *		The icm_scale type: the cut points between grades.
 */
#ifndef ICM_SCALE_H
#define ICM_SCALE_H

#include "common/flat.h"
#include "grade/grade.h"

#define ICM_SCALE_VERSION 1

/*
 * n cuts, finite and strictly ascending, make n + 1 grades. A value's level is
 * the number of cuts at or below it: 0 is the worst grade, n is A. The unit is
 * that of the values graded. 8 + 8 n bytes.
 */
typedef struct IcmScale
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_SCALE_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	double		cuts[FLEXIBLE_ARRAY_MEMBER];
} IcmScale;

#define ICM_SCALE_SIZE(n) (offsetof(IcmScale, cuts) + (Size) (n) * sizeof(double))
#define ICM_SCALE_COUNT(s) ((int) ((VARSIZE(s) - offsetof(IcmScale, cuts)) / sizeof(double)))

#define PG_GETARG_SCALE(n) \
	((IcmScale *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_SCALE_SIZE(1), ICM_SCALE_VERSION, "icm_scale"))

/* A scale of the given cuts, which must be valid. */
extern IcmScale *IcmScaleMake(const double *cuts, int n);

#endif							/* ICM_SCALE_H */
