/*
 * concentration.c
 *		How concentrated values are on few customers: Gini coefficient, Lorenz
 *		curve, share of the best. Of the values themselves, by aggregates whose
 *		state holds every value (values.h), and of a distribution.
 */
#include "postgres.h"

#include <math.h>

#include "common/array.h"
#include "common/check.h"
#include "common/rows.h"
#include "grade/distribution.h"
#include "grade/values.h"
#include "math/concentration.h"

#define LORENZ_POINTS_MAX 10000

static int
CheckPoints(int32 points)
{
	if (points < 1 || points > LORENZ_POINTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must be from 1 to %d", LORENZ_POINTS_MAX),
				 errdetail("The number given is %d.", points)));
	return points;
}

static double
CheckShare(double share)
{
	if (!(share >= 0.0 && share <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share must be from 0 to 1"),
				 errdetail("The number given is %g.", share),
				 errhint("20 percent is 0.2.")));
	return share;
}

/* A result that is NULL where it is not a number, as of a sum that is not positive. */
static Datum
ReturnShare(FunctionCallInfo fcinfo, double share)
{
	if (isnan(share))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(IcmCheckResult(share));
}

/* The Lorenz curve at i/n, i = 0 to n, in new memory. */
static double *
Curve(const IcmPoints *points, int n)
{
	double	   *customers = palloc((n + 1) * sizeof(double));
	double	   *value = palloc((n + 1) * sizeof(double));

	for (int i = 0; i <= n; i++)
		customers[i] = (double) i / n;
	IcmLorenz(points, customers, n + 1, value);
	pfree(customers);
	return value;
}

/* ---- of values ------------------------------------------------------------ */

static void
CheckNotNull(FunctionCallInfo fcinfo, const char *what)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
}

/* (state, value) */
PG_FUNCTION_INFO_V1(icm_gini_accum);
Datum
icm_gini_accum(PG_FUNCTION_ARGS)
{
	IcmValuesTerms terms = {0};

	return IcmValuesAccum(fcinfo, &terms);
}

PG_FUNCTION_INFO_V1(icm_gini_final);
Datum
icm_gini_final(PG_FUNCTION_ARGS)
{
	IcmPoints	points = IcmValuesPoints(IcmValuesGet(PG_GETARG_DATUM(0)));

	return ReturnShare(fcinfo, IcmGini(&points));
}

/* (state, value, points) */
PG_FUNCTION_INFO_V1(icm_lorenz_accum);
Datum
icm_lorenz_accum(PG_FUNCTION_ARGS)
{
	IcmValuesTerms terms = {0};

	CheckNotNull(fcinfo, "points");
	terms.groups = CheckPoints(PG_GETARG_INT32(2));
	return IcmValuesAccum(fcinfo, &terms);
}

PG_FUNCTION_INFO_V1(icm_lorenz_final);
Datum
icm_lorenz_final(PG_FUNCTION_ARGS)
{
	const IcmValues *state = IcmValuesGet(PG_GETARG_DATUM(0));
	int			n = state->terms.groups;
	IcmPoints	points;
	double	   *value;

	if (n < 1 || n > LORENZ_POINTS_MAX)
		IcmValuesCorrupt();
	points = IcmValuesPoints(state);
	value = Curve(&points, n);
	if (isnan(value[0]))
		PG_RETURN_NULL();
	return IcmDoubleArray(value, n + 1, 1);
}

/* (state, value, share) */
PG_FUNCTION_INFO_V1(icm_top_share_accum);
Datum
icm_top_share_accum(PG_FUNCTION_ARGS)
{
	IcmValuesTerms terms = {0};

	CheckNotNull(fcinfo, "share");
	terms.nshares = 1;
	terms.shares[0] = CheckShare(PG_GETARG_FLOAT8(2));
	return IcmValuesAccum(fcinfo, &terms);
}

PG_FUNCTION_INFO_V1(icm_top_share_final);
Datum
icm_top_share_final(PG_FUNCTION_ARGS)
{
	const IcmValues *state = IcmValuesGet(PG_GETARG_DATUM(0));
	IcmPoints	points;

	if (state->terms.nshares != 1 || !(state->terms.shares[0] >= 0.0 && state->terms.shares[0] <= 1.0))
		IcmValuesCorrupt();
	points = IcmValuesPoints(state);
	return ReturnShare(fcinfo, IcmTopShare(&points, state->terms.shares[0]));
}

/* ---- of a distribution ---------------------------------------------------- */

static IcmPoints
GetPoints(FunctionCallInfo fcinfo)
{
	IcmPoints	points;

	IcmDistributionPoints(PG_GETARG_DISTRIBUTION(0), &points, NULL);
	return points;
}

PG_FUNCTION_INFO_V1(icm_gini);
Datum
icm_gini(PG_FUNCTION_ARGS)
{
	IcmPoints	points = GetPoints(fcinfo);

	return ReturnShare(fcinfo, IcmGini(&points));
}

/* (share_of_customers, share_of_value) at points + 1 equal steps of customers */
PG_FUNCTION_INFO_V1(icm_lorenz);
Datum
icm_lorenz(PG_FUNCTION_ARGS)
{
	int			n = CheckPoints(PG_GETARG_INT32(1));
	IcmPoints	points = GetPoints(fcinfo);
	double	   *value = Curve(&points, n);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i <= n; i++)
	{
		Datum		values[2] = {Float8GetDatum((double) i / n), Float8GetDatum(value[i])};
		bool		nulls[2] = {false, isnan(value[i])};

		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(icm_top_share);
Datum
icm_top_share(PG_FUNCTION_ARGS)
{
	double		share = CheckShare(PG_GETARG_FLOAT8(1));
	IcmPoints	points = GetPoints(fcinfo);

	return ReturnShare(fcinfo, IcmTopShare(&points, share));
}
