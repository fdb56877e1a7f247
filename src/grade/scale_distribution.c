/*
 * scale_distribution.c
 *		Scales and distributions: cutting the one from the other, and how far
 *		today's values have moved from those that a scale was cut from.
 */
#include "postgres.h"

#include <math.h>

#include "common/array.h"
#include "common/rows.h"
#include "grade/distribution.h"
#include "grade/scale_cut.h"
#include "grade/stability.h"

/* A cut lies between buckets, so what the grades hold is counted exactly. */
static Datum
CutDistribution(FunctionCallInfo fcinfo, const IcmCutting *cutting)
{
	bool		fewer = PG_NARGS() > 3 && PG_GETARG_BOOL(3);
	IcmPoints	points;
	double	   *lower;
	IcmScale   *scale;

	IcmDistributionPoints(PG_GETARG_DISTRIBUTION(0), &points, &lower);
	scale = IcmScaleCut(&points, lower, cutting, fewer);
	if (scale == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(scale);
}

/* icm_scale(distribution, grades, method [, fewer]) */
PG_FUNCTION_INFO_V1(icm_scale_of_distribution);
Datum
icm_scale_of_distribution(PG_FUNCTION_ARGS)
{
	IcmCutting	cutting = {0};

	cutting.groups = IcmScaleCheckGrades(PG_GETARG_INT32(1));
	cutting.method = IcmScaleCheckMethod(PG_GETARG_TEXT_PP(2));
	return CutDistribution(fcinfo, &cutting);
}

/* icm_scale_shares(distribution, shares, method [, fewer]) */
PG_FUNCTION_INFO_V1(icm_scale_shares);
Datum
icm_scale_shares(PG_FUNCTION_ARGS)
{
	double		shares[ICM_CUTS_MAX];
	IcmCutting	cutting = {.shares = shares};

	cutting.method = IcmScaleCheckMethod(PG_GETARG_TEXT_PP(2));
	cutting.groups = IcmScaleCheckShares(PG_GETARG_ARRAYTYPE_P(1), cutting.method, shares) + 1;
	return CutDistribution(fcinfo, &cutting);
}

/* icm_scale_drift(scale, distribution): (psi, ks, expected, actual) */
PG_FUNCTION_INFO_V1(icm_scale_drift);
Datum
icm_scale_drift(PG_FUNCTION_ARGS)
{
	IcmScale   *scale = PG_GETARG_SCALE(0);
	IcmDistribution *distribution = PG_GETARG_DISTRIBUTION(1);
	int			grades = IcmScaleCount(scale) + 1;
	double		expected[ICM_GRADES_MAX],
				actual[ICM_GRADES_MAX];
	double		n = 0.0,
				below = 0.0,
				difference = 0.0,
				ks = 0.0;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (scale->method == ICM_CUT_GIVEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale was not cut from values"),
				 errdetail("A scale whose cuts were given does not know how many customers each grade held."),
				 errhint("icm_psi() compares any two lists of counts.")));
	for (int i = 0; i < grades; i++)
		n += IcmScaleGroups(scale)[i].count;
	for (int i = 0; i < grades; i++)
	{
		double		up_to = i < grades - 1 ? IcmDistributionBelow(distribution, scale->cuts[i]) : (double) distribution->n;

		expected[i] = IcmScaleGroups(scale)[i].count / n;
		actual[i] = (up_to - below) / distribution->n;
		below = up_to;
		difference += actual[i] - expected[i];
		ks = Max(ks, fabs(difference));
	}
	values[0] = Float8GetDatum(IcmStabilityIndex(expected, actual, grades));
	values[1] = Float8GetDatum(ks);
	values[2] = IcmDoubleArray(expected, grades, 1);
	values[3] = IcmDoubleArray(actual, grades, 1);
	return IcmReturnRow(fcinfo, values, nulls);
}
