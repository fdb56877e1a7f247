/*
 * interval.c
 *		Standard errors and intervals of shares of wallet; see interval.h.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "common/check.h"
#include "math/student.h"
#include "wallet/interval.h"

#define CONFIDENCE_DEFAULT 0.95

double
IcmConfidenceOf(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() < 6)
		return CONFIDENCE_DEFAULT;
	if (PG_ARGISNULL(5))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("confidence must not be null")));
	return IcmCheckConfidence(PG_GETARG_FLOAT8(5));
}

void
IcmCheckSameConfidence(double before, double confidence)
{
	if (unlikely(before != confidence))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be the same for all rows of a group"),
				 errdetail("It is %s in one row and %s in another.", float8out_internal(before), float8out_internal(confidence)),
				 errhint("Add what it depends on to GROUP BY.")));
}

double
IcmResidualError(double squares, double customers, double wallet)
{
	if (customers < 2.0)
		return NAN;
	return sqrt(customers / (customers - 1.0) * squares) / wallet;
}

double
IcmShareError(const IcmTotal *squares, double share, double wallet, double customers)
{
	int			exponent;
	double		scaled = frexp(wallet, &exponent);
	double		c[2] = {1.0, -share};
	int			exponents[2] = {-exponent, -exponent};

	return IcmResidualError(IcmTotalQuadratic(c, exponents, 2, squares), customers, scaled);
}

double
IcmHalfWidth(double std_error, double df, double confidence)
{
	return std_error > 0.0 && !isnan(df) ? IcmStudentWithin(confidence, Min(df, ICM_DF_MAX)) * std_error : NAN;
}

void
IcmPutNumbers(Datum *values, bool *nulls, const double *numbers, int n)
{
	for (int i = 0; i < n; i++)
	{
		values[i] = Float8GetDatum(numbers[i]);
		nulls[i] = isnan(numbers[i]);
	}
}
