/*
 * scale_agg.c
 *		icm_scale_agg: cutting a scale from the values themselves.
 *
 * The transition state holds every value (values.h), so the scale is exact.
 */
#include "postgres.h"

#include "common/aggregate.h"
#include "grade/scale_cut.h"
#include "grade/values.h"

#define DEFAULT_GRADES 5

/* ERROR unless the argument is there and not null. */
static void
CheckNotNull(FunctionCallInfo fcinfo, int n, const char *what)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", what)));
}

static IcmCutMethod
GetMethod(FunctionCallInfo fcinfo)
{
	CheckNotNull(fcinfo, 3, "method");
	return IcmScaleCheckMethod(PG_GETARG_TEXT_PP(3));
}

static bool
GetFewer(FunctionCallInfo fcinfo)
{
	CheckNotNull(fcinfo, 5, "fewer");
	return PG_GETARG_BOOL(5);
}

/* (state, value [, grades [, method [, weight [, fewer]]]]) */
PG_FUNCTION_INFO_V1(icm_scale_accum);
Datum
icm_scale_accum(PG_FUNCTION_ARGS)
{
	IcmValuesTerms terms;

	memset(&terms, 0, offsetof(IcmValuesTerms, shares));
	terms.groups = DEFAULT_GRADES;
	terms.method = ICM_CUT_QUANTILE;
	if (PG_NARGS() > 2)
	{
		CheckNotNull(fcinfo, 2, "grades");
		terms.groups = IcmScaleCheckGrades(PG_GETARG_INT32(2));
	}
	if (PG_NARGS() > 3)
		terms.method = GetMethod(fcinfo);
	terms.weighted = PG_NARGS() > 4;
	if (PG_NARGS() > 5)
		terms.fewer = GetFewer(fcinfo);
	return IcmValuesAccum(fcinfo, &terms);
}

/* (state, value, shares, method [, weight [, fewer]]) */
PG_FUNCTION_INFO_V1(icm_scale_shares_accum);
Datum
icm_scale_shares_accum(PG_FUNCTION_ARGS)
{
	IcmValuesTerms terms = {0};

	terms.method = GetMethod(fcinfo);
	CheckNotNull(fcinfo, 2, "shares");
	terms.nshares = IcmScaleCheckShares(PG_GETARG_ARRAYTYPE_P(2), terms.method, terms.shares);
	terms.groups = terms.nshares + 1;
	terms.weighted = PG_NARGS() > 4;
	if (PG_NARGS() > 5)
		terms.fewer = GetFewer(fcinfo);
	return IcmValuesAccum(fcinfo, &terms);
}

/* What the state is asked for; ERROR unless it is a scale. */
static IcmCutting
CuttingOf(const IcmValues *state)
{
	IcmCutting	cutting = {.method = state->terms.method,.groups = state->terms.groups};

	if (cutting.method < ICM_CUT_QUANTILE || cutting.method > ICM_CUT_LOGKMEANS ||
		cutting.groups < ICM_GRADES_MIN || cutting.groups > ICM_GRADES_MAX ||
		(state->terms.nshares != 0 && state->terms.nshares != cutting.groups - 1))
		IcmValuesCorrupt();
	if (state->terms.nshares > 0)
		cutting.shares = state->terms.shares;
	return cutting;
}

PG_FUNCTION_INFO_V1(icm_scale_final);
Datum
icm_scale_final(PG_FUNCTION_ARGS)
{
	const IcmValues *state = IcmValuesGet(PG_GETARG_DATUM(0));
	IcmCutting	cutting = CuttingOf(state);
	IcmPoints	points = IcmValuesPoints(state);
	IcmScale   *scale = IcmScaleCut(&points, NULL, &cutting, state->terms.fewer);

	if (scale == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(scale);
}
