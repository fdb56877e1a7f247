/*
 * scale.h
 *		The icm_scale type: the cut points between grades, and what they were cut
 *		from.
 */
#ifndef ICM_SCALE_H
#define ICM_SCALE_H

#include "common/flat.h"
#include "common/text.h"
#include "grade/grade.h"
#include "math/cuts.h"

#define ICM_SCALE_VERSION 1
#define ICM_CUTS_MAX (ICM_GRADES_MAX - 1)

StaticAssertDecl(ICM_GROUPS_MAX == ICM_GRADES_MAX, "the grades of a scale are the groups of its cuts");

/*
 * n cuts, finite and strictly ascending, make n + 1 grades. A value's level is
 * the number of cuts at or below it: 0 is the worst grade, n is A. The unit is
 * that of the values graded.
 *
 * Behind the cuts of a scale that was cut from values, by a method, stands what
 * it was cut from: an IcmGroup a grade, the worst first, and the sum of squared
 * distances to the mean of all. 8 + 8 n bytes; with that 40 + 32 n.
 */
typedef struct IcmScale
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_SCALE_VERSION */
	uint8		method;			/* IcmCutMethod; ICM_CUT_GIVEN: nothing stands behind the cuts */
	uint16		zero;			/* padding */
	double		cuts[FLEXIBLE_ARRAY_MEMBER];
} IcmScale;

/* The doubles of a scale of n cuts, and the cuts of a scale of so many doubles. */
#define ICM_SCALE_ITEMS(n, method) ((method) == ICM_CUT_GIVEN ? (n) : 4 * (n) + 4)
#define ICM_SCALE_SIZE(items) (offsetof(IcmScale, cuts) + (Size) (items) * sizeof(double))

static inline int
IcmScaleItems(const IcmScale *scale)
{
	return (int) ((VARSIZE(scale) - offsetof(IcmScale, cuts)) / sizeof(double));
}

static inline int
IcmScaleCount(const IcmScale *scale)
{
	int			items = IcmScaleItems(scale);

	return scale->method == ICM_CUT_GIVEN ? items : items / 4 - 1;
}

/* What the grades of a scale that has a method were cut from, the worst first. */
static inline const IcmGroup *
IcmScaleGroups(const IcmScale *scale)
{
	return (const IcmGroup *) (scale->cuts + IcmScaleCount(scale));
}

#define PG_GETARG_SCALE(n) \
	((IcmScale *) IcmFlatGet(PG_GETARG_DATUM(n), ICM_SCALE_SIZE(1), ICM_SCALE_VERSION, "icm_scale"))

/* A scale of the given cuts, which must be valid. */
extern IcmScale *IcmScaleMake(const double *cuts, int n);

/* The same, cut by a method from groups whose squared distances to the mean of all add up to total. */
extern IcmScale *IcmScaleMakeCut(IcmCutMethod method, const double *cuts, int n, const IcmGroup *groups, double total);

/* What a method is called: quantile, pareto, kmeans, logkmeans. NULL for ICM_CUT_GIVEN. */
extern const char *IcmCutMethodName(IcmCutMethod method);

/* The method of a name of this length; ICM_CUT_GIVEN if there is none. */
extern IcmCutMethod IcmCutMethodNamed(const char *name, int length);

/*
 * Read the text form of a scale from within a longer text, and append it. NULL, and a
 * sentence on what is wrong, if there is none.
 */
extern IcmScale *IcmScaleRead(IcmReader *reader, const char **fault);
extern void IcmScaleAppend(StringInfo buf, const IcmScale *scale);

#endif							/* ICM_SCALE_H */
