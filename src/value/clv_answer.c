/*
 * clv_answer.c
 *		The SQL face of a model's answers: of a ledger as of a day, or of
 *		(x, t_x, t).
 *
 * Each answer has both forms. A ledger without a purchase up to as_of gives
 * NULL: nothing is known of that customer yet.
 */
#include "postgres.h"

#include <math.h>

#include "utils/date.h"

#include "common/check.h"
#include "value/clv_answer.h"
#include "value/clv_fit.h"
#include "value/ledger.h"
#include "value/ledger_calc.h"
#include "value/value_definition.h"

/* ---- arguments --------------------------------------------------------------- */

IcmClvModel *
IcmGetPurchaseModel(FunctionCallInfo fcinfo, int arg)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(arg);

	if (!ICM_CLV_HAS_PURCHASE(model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has no purchase process"),
				 errhint("Join it with one that has: icm_clv_model(purchase, spend).")));
	if (model->process == ICM_SBG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model is of contracts, not of purchases"),
				 errhint("Process sbg answers icm_survival(), icm_retention() and icm_derl().")));
	return model;
}

/* A model of purchases and, if needed, of spend. */
static IcmClvModel *
GetModel(FunctionCallInfo fcinfo, bool with_spend)
{
	IcmClvModel *model = IcmGetPurchaseModel(fcinfo, 0);

	if (with_spend)
		IcmCheckHasSpend(model);
	return model;
}

void
IcmCheckHasSpend(const IcmClvModel *model)
{
	if (!ICM_CLV_HAS_SPEND(model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has no spend part"),
				 errhint("Fit with icm_clv_fit(), or join with icm_clv_model(purchase, icm_gammagamma_fit(m, x)).")));
}

/*
 * The customer of a ledger as of a day; false if there was no purchase. A
 * negative mean of the repeat purchases, more refunded than bought, is NaN: no
 * spend can be expected of it.
 */
bool
IcmCustomerOfLedger(const IcmClvModel *model, const IcmLedger *ledger, DateADT as_of, IcmCustomer *customer)
{
	IcmBtyd		btyd;
	IcmHistory	history;

	if (!IcmLedgerBtyd(ledger, as_of, model->unit_days, &btyd))
		return false;
	history = (IcmHistory) {.x = btyd.x,.t_x = btyd.t_x,.t = btyd.t,.weight = 1};
	IcmCheckHistory(&history);
	*customer = (IcmCustomer) {btyd.x, btyd.t_x, btyd.t, btyd.m >= 0.0 ? btyd.m : NAN};
	return true;
}

static bool
GetLedgerCustomer(FunctionCallInfo fcinfo, const IcmClvModel *model, IcmCustomer *customer)
{
	return IcmCustomerOfLedger(model, PG_GETARG_LEDGER(1), PG_GETARG_DATEADT(2), customer);
}

/* Arguments 1 to 3: x, t_x, t. */
static IcmCustomer
GetRawCustomer(FunctionCallInfo fcinfo)
{
	IcmHistory	history = {PG_GETARG_INT32(1), 0, PG_GETARG_FLOAT8(2) + 0.0, PG_GETARG_FLOAT8(3) + 0.0, 1};

	IcmCheckHistory(&history);
	return (IcmCustomer) {history.x, history.t_x, history.t, 0.0};
}

/* The mean m of x repeat purchases; NULL, as there is none, for x = 0. */
static double
GetMean(FunctionCallInfo fcinfo, int arg, double x)
{
	double		m;

	if (PG_ARGISNULL(arg))
	{
		if (x > 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("m of a customer with repeat purchases must not be null")));
		return 0.0;
	}
	m = PG_GETARG_FLOAT8(arg);
	if (!isfinite(m) || m < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("m must not be negative, and finite"),
				 errdetail("It is the mean revenue of the repeat purchases; the one given is %g.", m)));
	return m;
}

/* A horizon in days, in the model's unit. */
static double
HorizonOf(const IcmClvModel *model, double days)
{
	if (!isfinite(days) || days < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("days must not be negative, and finite"),
				 errdetail("The number given is %g.", days)));
	return days / model->unit_days;
}

/* An annual discount as a continuous rate in the model's unit. */
static double
DeltaOf(const IcmClvModel *model, double annual_discount)
{
	if (!(annual_discount >= 0.0 && annual_discount <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("annual_discount must be from 0 to 1"),
				 errdetail("The number given is %g.", annual_discount),
				 errhint("It is a share a year: 10 %% is 0.1.")));
	return log1p(annual_discount) / ICM_DAYS_A_YEAR * model->unit_days;
}

static double
GetMargin(FunctionCallInfo fcinfo, int arg)
{
	double		margin = PG_GETARG_FLOAT8(arg);

	if (!(fabs(margin) <= ICM_MARGIN_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("margin must be from -1 to 1"),
				 errdetail("The number given is %g.", margin),
				 errhint("It is a share of revenue: 30 %% is 0.3.")));
	return margin;
}

IcmAsk
IcmAskDiscounted(const IcmClvModel *model, double days, double annual_discount, bool with_slope)
{
	return (IcmAsk) {ICM_ASK_PURCHASES, with_slope, HorizonOf(model, days), DeltaOf(model, annual_discount), 0.0};
}

static Datum
ReturnFinite(FunctionCallInfo fcinfo, double result)
{
	if (isnan(result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(IcmCheckResult(result));
}

/* ---- P(alive) ---------------------------------------------------------------- */

static Datum
ReturnAlive(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmCustomer *customer)
{
	IcmAsk		ask = {.question = ICM_ASK_ALIVE};

	PG_RETURN_FLOAT8(IcmPredictAlive(fcinfo, model, &ask, customer).value);
}

/* (model, ledger, as_of) */
PG_FUNCTION_INFO_V1(icm_p_alive);
Datum
icm_p_alive(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer;

	if (!GetLedgerCustomer(fcinfo, model, &customer))
		PG_RETURN_NULL();
	return ReturnAlive(fcinfo, model, &customer);
}

/* (model, x, t_x, t) */
PG_FUNCTION_INFO_V1(icm_p_alive_raw);
Datum
icm_p_alive_raw(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer = GetRawCustomer(fcinfo);

	return ReturnAlive(fcinfo, model, &customer);
}

/* ---- expected purchases ------------------------------------------------------ */

/* The number of them or, NULL for a model that was not fitted, its standard error. */
static Datum
ReturnPurchases(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmCustomer *customer,
				double days, bool std_error)
{
	IcmAsk		ask = {ICM_ASK_PURCHASES, std_error, HorizonOf(model, days), 0.0, 0.0};
	IcmSloped	purchases;

	if (std_error && model->purchase.customers == 0)
		PG_RETURN_NULL();
	purchases = IcmPredict(fcinfo, model, &ask, customer, NULL);
	if (std_error)
		return ReturnFinite(fcinfo, sqrt(IcmDeltaVariance(purchases.slope, model->purchase.cov, 4)));
	return ReturnFinite(fcinfo, purchases.value);
}

static Datum
LedgerPurchases(FunctionCallInfo fcinfo, bool std_error)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer;

	if (!GetLedgerCustomer(fcinfo, model, &customer))
		PG_RETURN_NULL();
	return ReturnPurchases(fcinfo, model, &customer, PG_GETARG_INT32(3), std_error);
}

static Datum
RawPurchases(FunctionCallInfo fcinfo, bool std_error)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer = GetRawCustomer(fcinfo);

	return ReturnPurchases(fcinfo, model, &customer, PG_GETARG_FLOAT8(4), std_error);
}

/* (model, ledger, as_of, days) */
PG_FUNCTION_INFO_V1(icm_expected_purchases);
Datum
icm_expected_purchases(PG_FUNCTION_ARGS)
{
	return LedgerPurchases(fcinfo, false);
}

/* (model, x, t_x, t, days) */
PG_FUNCTION_INFO_V1(icm_expected_purchases_raw);
Datum
icm_expected_purchases_raw(PG_FUNCTION_ARGS)
{
	return RawPurchases(fcinfo, false);
}

PG_FUNCTION_INFO_V1(icm_expected_purchases_std_error);
Datum
icm_expected_purchases_std_error(PG_FUNCTION_ARGS)
{
	return LedgerPurchases(fcinfo, true);
}

PG_FUNCTION_INFO_V1(icm_expected_purchases_std_error_raw);
Datum
icm_expected_purchases_std_error_raw(PG_FUNCTION_ARGS)
{
	return RawPurchases(fcinfo, true);
}

/* ---- DERT -------------------------------------------------------------------- */

static Datum
ReturnResidual(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmCustomer *customer, double annual_discount)
{
	IcmAsk		ask = {ICM_ASK_PURCHASES, false, INFINITY, DeltaOf(model, annual_discount), 0.0};

	if (ask.delta == 0.0 && !IcmHasResidual(model->process, model->purchase.param))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected residual transactions are infinite without a discount"),
				 errdetail("Parameter %s of the model is %g; the undiscounted sum exists only above 1.",
						   IcmProcessParam(model->process, 2), model->purchase.param[2]),
				 errhint("Give an annual_discount above 0, or use icm_expected_purchases() with a horizon.")));
	return ReturnFinite(fcinfo, IcmPredict(fcinfo, model, &ask, customer, NULL).value);
}

/* (model, ledger, as_of, annual_discount) */
PG_FUNCTION_INFO_V1(icm_dert);
Datum
icm_dert(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer;

	if (!GetLedgerCustomer(fcinfo, model, &customer))
		PG_RETURN_NULL();
	return ReturnResidual(fcinfo, model, &customer, PG_GETARG_FLOAT8(3));
}

/* (model, x, t_x, t, annual_discount) */
PG_FUNCTION_INFO_V1(icm_dert_raw);
Datum
icm_dert_raw(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer = GetRawCustomer(fcinfo);

	return ReturnResidual(fcinfo, model, &customer, PG_GETARG_FLOAT8(4));
}

/* ---- probability of a number of purchases ------------------------------------ */

/* Nobody is certain to be alive, so none at all is likelier than given that he is. */
static Datum
ReturnProbability(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmCustomer *customer,
				  IcmQuestion question, double days, int32 n)
{
	IcmAsk		ask = {question, false, HorizonOf(model, days), 0.0, n};
	double		probability;

	if (n < 0 || n > ICM_COUNT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(n < 0 ? "n must not be negative" : "n must be at most %d", ICM_COUNT_MAX),
				 errdetail("The number given is %d.", n)));
	if (question == ICM_ASK_AT_LEAST && n == 0)
		PG_RETURN_FLOAT8(1.0);
	probability = IcmPredict(fcinfo, model, &ask, customer, NULL).value;
	if (question == ICM_ASK_EXACTLY && n == 0)
		probability += IcmDead(model->process, model->purchase.param, customer->x, customer->t_x, customer->t);
	PG_RETURN_FLOAT8(Min(probability, 1.0));
}

static Datum
LedgerProbability(FunctionCallInfo fcinfo, IcmQuestion question)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer;

	if (!GetLedgerCustomer(fcinfo, model, &customer))
		PG_RETURN_NULL();
	return ReturnProbability(fcinfo, model, &customer, question, PG_GETARG_INT32(3), PG_GETARG_INT32(4));
}

static Datum
RawProbability(FunctionCallInfo fcinfo, IcmQuestion question)
{
	IcmClvModel *model = GetModel(fcinfo, false);
	IcmCustomer customer = GetRawCustomer(fcinfo);

	return ReturnProbability(fcinfo, model, &customer, question, PG_GETARG_FLOAT8(4), PG_GETARG_INT32(5));
}

/* (model, ledger, as_of, days, n) */
PG_FUNCTION_INFO_V1(icm_p_purchases);
Datum
icm_p_purchases(PG_FUNCTION_ARGS)
{
	return LedgerProbability(fcinfo, ICM_ASK_EXACTLY);
}

/* (model, x, t_x, t, days, n) */
PG_FUNCTION_INFO_V1(icm_p_purchases_raw);
Datum
icm_p_purchases_raw(PG_FUNCTION_ARGS)
{
	return RawProbability(fcinfo, ICM_ASK_EXACTLY);
}

PG_FUNCTION_INFO_V1(icm_p_purchases_at_least);
Datum
icm_p_purchases_at_least(PG_FUNCTION_ARGS)
{
	return LedgerProbability(fcinfo, ICM_ASK_AT_LEAST);
}

PG_FUNCTION_INFO_V1(icm_p_purchases_at_least_raw);
Datum
icm_p_purchases_at_least_raw(PG_FUNCTION_ARGS)
{
	return RawProbability(fcinfo, ICM_ASK_AT_LEAST);
}

/* ---- spend and lifetime value ------------------------------------------------ */

/* (model, ledger, as_of) */
PG_FUNCTION_INFO_V1(icm_expected_spend);
Datum
icm_expected_spend(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);
	IcmBtyd		btyd;

	IcmCheckHasSpend(model);
	if (!IcmLedgerBtyd(PG_GETARG_LEDGER(1), PG_GETARG_DATEADT(2), 1.0, &btyd) || btyd.m < 0.0)
		PG_RETURN_NULL();
	return ReturnFinite(fcinfo, IcmExpectedSpend(model->spend.param, btyd.x, btyd.m));
}

/* (model, m, x); m may be NULL for x = 0 */
PG_FUNCTION_INFO_V1(icm_gammagamma_mean);
Datum
icm_gammagamma_mean(PG_FUNCTION_ARGS)
{
	IcmClvModel *model;
	int32		x;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	model = PG_GETARG_CLV_MODEL(0);
	x = PG_GETARG_INT32(2);
	IcmCheckHasSpend(model);
	if (x < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must not be negative"),
				 errdetail("The number given is %d.", x)));
	return ReturnFinite(fcinfo, IcmExpectedSpend(model->spend.param, x, GetMean(fcinfo, 1, x)));
}

/* Margin * spend * discounted purchases, or its standard error: the parts are fitted independently. */
static Datum
ReturnValue(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmCustomer *customer,
			const IcmAsk *ask, double margin)
{
	IcmSloped	purchases,
				spend;

	if (isnan(customer->m) || (ask->with_slope && (model->purchase.customers == 0 || model->spend.customers == 0)))
		PG_RETURN_NULL();
	purchases = IcmPredict(fcinfo, model, ask, customer, NULL);
	spend = IcmPredictSpend(model, customer, ask->with_slope);
	if (!ask->with_slope)
		return ReturnFinite(fcinfo, margin * spend.value * purchases.value);
	return ReturnFinite(fcinfo, fabs(margin) * hypot(spend.value * sqrt(IcmDeltaVariance(purchases.slope, model->purchase.cov, 4)),
													 purchases.value * sqrt(IcmDeltaVariance(spend.slope, model->spend.cov, 3))));
}

static Datum
LedgerValue(FunctionCallInfo fcinfo, bool std_error)
{
	IcmClvModel *model = GetModel(fcinfo, true);
	IcmAsk		ask = IcmAskDiscounted(model, PG_GETARG_INT32(3), PG_GETARG_FLOAT8(4), std_error);
	double		margin = GetMargin(fcinfo, 5);
	IcmCustomer customer;

	if (!GetLedgerCustomer(fcinfo, model, &customer))
		PG_RETURN_NULL();
	return ReturnValue(fcinfo, model, &customer, &ask, margin);
}

static Datum
RawValue(FunctionCallInfo fcinfo, bool std_error)
{
	IcmClvModel *model;
	IcmAsk		ask;
	IcmCustomer customer;

	for (int i = 0; i < 8; i++)
		if (PG_ARGISNULL(i) && i != 4)
			PG_RETURN_NULL();
	model = GetModel(fcinfo, true);
	ask = IcmAskDiscounted(model, PG_GETARG_FLOAT8(5), PG_GETARG_FLOAT8(6), std_error);
	customer = GetRawCustomer(fcinfo);
	customer.m = GetMean(fcinfo, 4, customer.x);
	return ReturnValue(fcinfo, model, &customer, &ask, GetMargin(fcinfo, 7));
}

/* (model, ledger, as_of, days, annual_discount, margin) */
PG_FUNCTION_INFO_V1(icm_clv);
Datum
icm_clv(PG_FUNCTION_ARGS)
{
	return LedgerValue(fcinfo, false);
}

/* (model, x, t_x, t, m, days, annual_discount, margin) */
PG_FUNCTION_INFO_V1(icm_clv_raw);
Datum
icm_clv_raw(PG_FUNCTION_ARGS)
{
	return RawValue(fcinfo, false);
}

PG_FUNCTION_INFO_V1(icm_clv_std_error);
Datum
icm_clv_std_error(PG_FUNCTION_ARGS)
{
	return LedgerValue(fcinfo, true);
}

PG_FUNCTION_INFO_V1(icm_clv_std_error_raw);
Datum
icm_clv_std_error_raw(PG_FUNCTION_ARGS)
{
	return RawValue(fcinfo, true);
}

/* ---- contracts --------------------------------------------------------------- */

static IcmClvModel *
GetContractModel(FunctionCallInfo fcinfo)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);

	if (model->process != ICM_SBG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model is not of contracts"),
				 errhint("Fit one with icm_sbg_fit().")));
	return model;
}

static int32
GetPeriod(FunctionCallInfo fcinfo, int32 least)
{
	int32		period = PG_GETARG_INT32(1);

	if (period < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period must be at least %d", least),
				 errdetail("The number given is %d.", period)));
	return period;
}

/* (model, period) */
PG_FUNCTION_INFO_V1(icm_survival);
Datum
icm_survival(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(IcmSurvival(GetContractModel(fcinfo)->purchase.param, GetPeriod(fcinfo, 0)));
}

/* (model, period) */
PG_FUNCTION_INFO_V1(icm_retention);
Datum
icm_retention(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(IcmRetention(GetContractModel(fcinfo)->purchase.param, GetPeriod(fcinfo, 1)));
}

/* (model, period, annual_discount) */
PG_FUNCTION_INFO_V1(icm_derl);
Datum
icm_derl(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = GetContractModel(fcinfo);
	int32		period = GetPeriod(fcinfo, 1);
	double		delta = DeltaOf(model, PG_GETARG_FLOAT8(2));

	if (delta == 0.0 && model->purchase.param[0] <= 1.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected residual lifetime is infinite without a discount"),
				 errdetail("Parameter alpha of the model is %g; the undiscounted sum exists only above 1.",
						   model->purchase.param[0]),
				 errhint("Give an annual_discount above 0.")));
	return ReturnFinite(fcinfo, IcmResidualLifetime(model->purchase.param, period, expm1(delta)));
}
