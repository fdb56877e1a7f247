/*
 * potential.c
 *		What a customer brings and what the customer could bring, in one number.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "common/compat.h"
#include "math/exactsum.h"

static void
CheckAmount(double amount, const char *what)
{
	if (unlikely(!isfinite(amount)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite number", what),
				 errdetail("The %s given is %s.", what, isnan(amount) ? "NaN" : "infinite")));
}

/* Add the exact product, which is its nearest double and what that rounds away. */
static void
AddProduct(IcmExactSum *sum, double a, double b)
{
	double		product = a * b;

	IcmExactSumAdd(sum, product);
	IcmExactSumAdd(sum, fma(a, b, -product));
}

/*
 * icm_valuation(actual, potential, weight): (1 - weight) * actual + weight * potential
 *
 * Rounded once: so it is exactly actual or potential for weights 0 and 1, never
 * outside of the two, and never lower for a customer with more of either.
 */
PG_FUNCTION_INFO_V1(icm_valuation);
Datum
icm_valuation(PG_FUNCTION_ARGS)
{
	double		actual = PG_GETARG_FLOAT8(0);
	double		potential = PG_GETARG_FLOAT8(1);
	double		weight = PG_GETARG_FLOAT8(2);
	IcmExactSum sum;

	CheckAmount(actual, "actual value");
	CheckAmount(potential, "potential value");
	if (unlikely(!(weight >= 0.0 && weight <= 1.0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must be from 0 to 1"),
				 errdetail("The weight given is %s.", float8out_internal(weight)),
				 errhint("It is the share that the potential has in the valuation.")));

	IcmExactSumInit(&sum);
	IcmExactSumAdd(&sum, actual);
	AddProduct(&sum, -weight, actual);
	AddProduct(&sum, weight, potential);
	PG_RETURN_FLOAT8(IcmExactSumRound(&sum));
}
