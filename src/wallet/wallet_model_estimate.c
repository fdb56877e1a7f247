/*
 * wallet_model_estimate.c
 *		What a wallet model says of a customer: its wallet, and whether its attributes
 *		are such as were fitted.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "wallet/share.h"
#include "wallet/wallet_model.h"
#include "wallet/window.h"

/* The taus of a model, for messages. */
static const char *
TausText(const IcmWalletModel *model)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int k = 0; k < model->taus; k++)
		appendStringInfo(&buf, "%s%s", k == 0 ? "" : ", ", IcmNumberText(ICM_WALLET_TAUS(model)[k]));
	return buf.data;
}

static int
FindTau(const IcmWalletModel *model, double tau)
{
	for (int k = 0; k < model->taus; k++)
		if (ICM_WALLET_TAUS(model)[k] == tau)
			return k;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the model has no fit for this tau"),
			 errdetail("The tau given is %s; the model has %s.", IcmNumberText(tau), TausText(model))));
	pg_unreachable();
}

/* Which tau is meant where none is given. */
static int
OnlyTau(const IcmWalletModel *model)
{
	if (unlikely(model->taus > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has fits for several taus"),
				 errdetail("It has %s.", TausText(model)),
				 errhint("Say which: icm_wallet_estimate(model, x, own, tau).")));
	return 0;
}

/* x, the argument 1, in columns of the model. */
static const double *
GetX(FunctionCallInfo fcinfo, const IcmWalletModel *model)
{
	int			columns = model->columns;
	const double *x = IcmWalletGetX(fcinfo, 1, &columns);

	for (int j = 0; j < columns; j++)
		if (unlikely(!isfinite(x[j])))
			IcmWalletXNotFinite(x, columns);
	return x;
}

static double
Predict(const double *coefficient, const double *x, int columns)
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

/* icm_wallet_estimate(model, x, own [, tau]) */
PG_FUNCTION_INFO_V1(icm_wallet_estimate);
Datum
icm_wallet_estimate(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model;
	double		own = 0.0,
				wallet;
	int			k;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
		PG_RETURN_NULL();
	model = PG_GETARG_WALLET_MODEL(0);
	k = PG_NARGS() > 3 ? FindTau(model, PG_GETARG_FLOAT8(3)) : OnlyTau(model);
	if (!PG_ARGISNULL(2))
	{
		own = PG_GETARG_FLOAT8(2) + 0.0;	/* no negative zero */
		IcmCheckOwnSpend(own);
	}
	wallet = Predict(ICM_WALLET_COEFFICIENTS(model, k), GetX(fcinfo, model), model->columns);
	PG_RETURN_FLOAT8(wallet > own ? wallet : own);
}

/* icm_wallet_extrapolates(model, x): NULL for a model that was not fitted */
PG_FUNCTION_INFO_V1(icm_wallet_extrapolates);
Datum
icm_wallet_extrapolates(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = PG_GETARG_WALLET_MODEL(0);
	const double *x = GetX(fcinfo, model);

	if (!ICM_WALLET_FITTED(model))
		PG_RETURN_NULL();
	for (int j = 0; j < model->columns; j++)
		if (x[j] < ICM_WALLET_LOWEST(model)[j] || x[j] > ICM_WALLET_HIGHEST(model)[j])
			PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(false);
}
