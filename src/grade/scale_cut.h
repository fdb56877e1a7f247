/*
 * scale_cut.h
 *		Cutting a scale from points: what icm_scale_agg and icm_scale of a
 *		distribution share.
 */
#ifndef ICM_SCALE_CUT_H
#define ICM_SCALE_CUT_H

#include "grade/scale.h"
#include "math/cuts.h"
#include "utils/array.h"

/* The arguments grades and method; ERROR (22023) unless there are such. */
extern int	IcmScaleCheckGrades(int32 grades);
extern IcmCutMethod IcmScaleCheckMethod(const text *method);

/*
 * The number of shares, which are copied; ERROR (22023) unless they are 1 to 25 of them, each once,
 * ascending, within 0 and 1, and the method takes shares.
 */
extern int	IcmScaleCheckShares(ArrayType *array, IcmCutMethod method, double *shares);

/*
 * Cut a scale from the points. A cut is lower[i] of the point that begins a grade, or its value
 * where lower is NULL. Where fewer grades will do, there are as many as can be, and NULL is returned
 * where not even two can be; else ERROR (22023) unless there can be as many as asked for.
 */
extern IcmScale *IcmScaleCut(const IcmPoints *points, const double *lower, const IcmCutting *cutting, bool fewer);

#endif							/* ICM_SCALE_CUT_H */
