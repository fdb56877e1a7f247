/*
 * wallet_model_estimate.c
 *		What a wallet model says of a customer: its wallet, within what interval, and whether
 *		its attributes are such as were fitted.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/float.h"

#include "common/check.h"
#include "common/rows.h"
#include "math/trend.h"
#include "wallet/attributes.h"
#include "wallet/share.h"
#include "wallet/wallet_model.h"

/* Rounding must not be more than this part of the variance of an estimate. */
#define ROUNDING_MAX 0.01

int
IcmWalletFindTau(const IcmWalletModel *model, double tau)
{
	for (int k = 0; k < model->taus; k++)
		if (ICM_WALLET_TAUS(model)[k] == tau)
			return k;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the model has no fit for this tau"),
			 errdetail("The tau given is %s; the model has %s.", float8out_internal(tau), IcmWalletTausText(ICM_WALLET_TAUS(model), model->taus))));
	pg_unreachable();
}

int
IcmWalletOnlyTau(const IcmWalletModel *model)
{
	if (unlikely(model->taus > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has fits for several taus"),
				 errdetail("It has %s.", IcmWalletTausText(ICM_WALLET_TAUS(model), model->taus)),
				 errhint("Say which, by the argument tau.")));
	return 0;
}

const double *
IcmWalletGetX(FunctionCallInfo fcinfo, int arg, const IcmWalletModel *model)
{
	int			columns;
	const double *x = IcmAttributes(PG_GETARG_ARRAYTYPE_P(arg), ICM_WALLET_COLUMNS_MAX, &columns);

	if (unlikely(columns != model->columns))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must have as many elements as the model has columns"),
				 errdetail("It has %d; the model has %d.", columns, model->columns),
				 errhint("Give all columns that were fitted, in their order; a constant 1 among them is one, too.")));
	for (int j = 0; j < columns; j++)
		if (unlikely(!isfinite(x[j])))
			IcmAttributesNotFinite(x, columns);
	return x;
}

double
IcmWalletPredict(const double *coefficient, const double *x, int columns)
{
	double		sum = 0.0;

	for (int j = 0; j < columns; j++)
		sum += coefficient[j] * x[j];
	if (unlikely(!isfinite(sum)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("estimated wallet is out of range"),
				 errdetail("A sum of coefficients times x is beyond what float8 holds, about 1.8e308."),
				 errhint("icm_wallet_ranges() tells what values of x were fitted.")));
	return sum;
}

double
IcmWalletGetOwn(FunctionCallInfo fcinfo, int arg)
{
	double		own;

	if (PG_ARGISNULL(arg))
		return 0.0;
	own = PG_GETARG_FLOAT8(arg) + 0.0;	/* no negative zero */
	IcmCheckOwnSpend(own);
	return own;
}

/* icm_wallet_estimate(model, x, own [, tau]) */
PG_FUNCTION_INFO_V1(icm_wallet_estimate);
Datum
icm_wallet_estimate(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model;
	double		own,
				wallet;
	int			k;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
		PG_RETURN_NULL();
	model = PG_GETARG_WALLET_MODEL(0);
	k = PG_NARGS() > 3 ? IcmWalletFindTau(model, PG_GETARG_FLOAT8(3)) : IcmWalletOnlyTau(model);
	own = IcmWalletGetOwn(fcinfo, 2);
	wallet = IcmWalletPredict(ICM_WALLET_COEFFICIENTS(model, k), IcmWalletGetX(fcinfo, 1, model), model->columns);
	PG_RETURN_FLOAT8(Max(wallet, own));
}

/*
 * The standard error of x'b for the k-th tau: the root of the sum of x_i s_i r_ij s_j x_j, of standard errors s and
 * correlations r. NaN where it is not known: the model does not have them; little more than rounding is left of
 * its terms; or a double does not hold it.
 */
double
IcmWalletStandardError(const IcmWalletModel *model, int k, const double *x)
{
	const double *error = ICM_WALLET_ERRORS(model, k),
			   *correlation = ICM_WALLET_CORRELATIONS(model, k);
	double		part[ICM_WALLET_COLUMNS_MAX],
				largest = 0.0,
				variance = 0.0,
				terms = 0.0;
	bool		certain = true;

	if (!ICM_WALLET_HAS_COVARIANCES(model, k))
		return NAN;
	for (int i = 0; i < model->columns; i++)
	{
		part[i] = x[i] * error[i];
		largest = Max(largest, fabs(part[i]));
		certain &= x[i] == 0.0 || error[i] == 0.0;
	}
	if (certain)
		return 0.0;
	if (!(largest >= DBL_MIN && isfinite(largest)))
		return NAN;
	for (int i = 0; i < model->columns; i++)
	{
		part[i] /= largest;
		variance += part[i] * part[i];
		terms += fabs(part[i]);
		for (int j = 0; j < i; j++)
			variance += 2.0 * part[i] * part[j] * *correlation++;
	}
	if (!(ROUNDING_MAX * variance > (model->columns + 4) * DBL_EPSILON * terms * terms))
		return NAN;
	return largest * sqrt(variance);
}

bool
IcmWalletExtrapolates(const IcmWalletModel *model, const double *x)
{
	for (int j = 0; j < model->columns; j++)
		if (x[j] < ICM_WALLET_LOWEST(model)[j] || x[j] > ICM_WALLET_HIGHEST(model)[j])
			return true;
	return false;
}

/* icm_wallet_estimate_interval(model, x, own, tau, confidence): (wallet, std_error, lower, upper, extrapolated) */
PG_FUNCTION_INFO_V1(icm_wallet_estimate_interval);
Datum
icm_wallet_estimate_interval(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model;
	const double *x;
	double		own,
				wallet,
				std_error,
				half;
	int			k;
	bool		unknown;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	model = PG_GETARG_WALLET_MODEL(0);
	k = PG_ARGISNULL(3) ? IcmWalletOnlyTau(model) : IcmWalletFindTau(model, PG_GETARG_FLOAT8(3));
	own = IcmWalletGetOwn(fcinfo, 2);
	x = IcmWalletGetX(fcinfo, 1, model);
	wallet = IcmWalletPredict(ICM_WALLET_COEFFICIENTS(model, k), x, model->columns);
	std_error = IcmWalletStandardError(model, k, x);
	half = IcmNormalWithin(IcmCheckConfidence(PG_GETARG_FLOAT8(4))) * std_error;
	unknown = !(isfinite(wallet - half) && isfinite(wallet + half));
	values[0] = Float8GetDatum(Max(wallet, own));
	values[1] = Float8GetDatum(std_error);
	values[2] = Float8GetDatum(Max(wallet - half, own));
	values[3] = Float8GetDatum(Max(wallet + half, own));
	values[4] = BoolGetDatum(ICM_WALLET_FITTED(model) && IcmWalletExtrapolates(model, x));
	nulls[1] = nulls[2] = unknown;
	nulls[3] = unknown || own > wallet + half;	/* the wallet is more, who knows how much */
	nulls[4] = !ICM_WALLET_FITTED(model);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* icm_wallet_extrapolates(model, x): NULL for a model that was not fitted */
PG_FUNCTION_INFO_V1(icm_wallet_extrapolates);
Datum
icm_wallet_extrapolates(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);
	const double *x = IcmWalletGetX(fcinfo, 1, model);

	if (!ICM_WALLET_FITTED(model))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(IcmWalletExtrapolates(model, x));
}
