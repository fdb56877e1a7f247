/*
 * clv_model.c
 *		The SQL face of icm_clv_model: text and binary form, what it holds.
 *
 * Text form: {process: bgnbd, unit_days: 7, r: 0.24, alpha: 4.41, a: 0.79, b: 2.43,
 * customers: 2357, loglik: -9582.4, covariance: [c00 c10 c11 ...],
 * spend: gammagamma, p: 6.25, q: 3.74, gamma: 15.44, spend_customers: 946,
 * spend_loglik: -4058.9, spend_covariance: [c00 c10 c11 ...]}
 *
 * Either part may be absent, and of either what a fit says (customers, loglik,
 * covariance): so a person can write a model from a paper.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "common/definition.h"
#include "common/rows.h"
#include "math/cholesky.h"
#include "value/clv_model.h"

IcmClvModel *
IcmClvModelMake(void)
{
	return IcmFlatMake(sizeof(IcmClvModel), ICM_CLV_MODEL_VERSION);
}

/* ---- text form ------------------------------------------------------------ */

typedef struct Covariance
{
	int			n;
	double		value[ICM_COVARIANCE_MAX];
} Covariance;

/* What a fit says of one part. */
typedef struct Fit
{
	int64		customers;
	double		loglik;
	Covariance	covariance;
} Fit;

/* All that a text can give. */
typedef struct Draft
{
	IcmName		process;
	IcmName		spend;
	double		unit_days;
	Fit			purchase_fit;
	Fit			spend_fit;
	double		r,
				alpha,
				a,
				b,
				s,
				beta,
				p,
				q,
				gamma;
} Draft;

static const char *
ReadCustomers(IcmReader *reader, void *value)
{
	if (!IcmReadCount64(reader, (int64 *) value) || *(int64 *) value == 0)
		return "A whole number of customers, at least 1, is expected.";
	return NULL;
}

static const char *
ReadCovariance(IcmReader *reader, void *value)
{
	static const char *const form = "Up to 10 finite numbers in brackets, separated by spaces, are expected.";
	Covariance *covariance = (Covariance *) value;

	if (!IcmReadChar(reader, '['))
		return form;
	while (!IcmReadChar(reader, ']'))
	{
		if (covariance->n >= ICM_COVARIANCE_MAX || !IcmReadDouble(reader, &covariance->value[covariance->n++]))
			return form;
	}
	return NULL;
}

/* The keys of a fit follow each other in the order of FIT_... */
enum
{
	KEY_PROCESS,
	KEY_UNIT_DAYS,
	KEY_FIT,
	KEY_SPEND = KEY_FIT + 3,
	KEY_SPEND_FIT,
	KEY_PARAMS = KEY_SPEND_FIT + 3
};

static const IcmField fields[] = {
	{"process", IcmReadNameField, offsetof(Draft, process)},
	{"unit_days", IcmReadNumberField, offsetof(Draft, unit_days)},
	{"customers", ReadCustomers, offsetof(Draft, purchase_fit.customers)},
	{"loglik", IcmReadNumberField, offsetof(Draft, purchase_fit.loglik)},
	{"covariance", ReadCovariance, offsetof(Draft, purchase_fit.covariance)},
	{"spend", IcmReadNameField, offsetof(Draft, spend)},
	{"spend_customers", ReadCustomers, offsetof(Draft, spend_fit.customers)},
	{"spend_loglik", IcmReadNumberField, offsetof(Draft, spend_fit.loglik)},
	{"spend_covariance", ReadCovariance, offsetof(Draft, spend_fit.covariance)},
	{"r", IcmReadNumberField, offsetof(Draft, r)},
	{"alpha", IcmReadNumberField, offsetof(Draft, alpha)},
	{"a", IcmReadNumberField, offsetof(Draft, a)},
	{"b", IcmReadNumberField, offsetof(Draft, b)},
	{"s", IcmReadNumberField, offsetof(Draft, s)},
	{"beta", IcmReadNumberField, offsetof(Draft, beta)},
	{"p", IcmReadNumberField, offsetof(Draft, p)},
	{"q", IcmReadNumberField, offsetof(Draft, q)},
	{"gamma", IcmReadNumberField, offsetof(Draft, gamma)}
};

/* The keys that are a part's alone. */
static uint32
FitKeys(int key)
{
	return ICM_FIELD(key) | ICM_FIELD(key + 1) | ICM_FIELD(key + 2);
}

static int
ParamKey(IcmProcess process, int i)
{
	int			key = KEY_PARAMS;

	while (strcmp(fields[key].key, IcmProcessParam(process, i)) != 0)
		key++;
	return key;
}

static uint32
ParamKeys(IcmProcess process)
{
	uint32		keys = 0;

	for (int i = 0; i < IcmProcessParams(process); i++)
		keys |= ICM_FIELD(ParamKey(process, i));
	return keys;
}

/* The first of these keys, in a sentence about it. */
static const char *
KeyFault(uint32 keys, const char *sentence)
{
	int			key = 0;

	while ((keys & ICM_FIELD(key)) == 0)
		key++;
	return psprintf("The key \"%s\" %s", fields[key].key, sentence);
}

/* Take one part of the draft. Returns a sentence on what is wrong, or NULL. */
static const char *
TakePart(const Draft *draft, uint32 given, IcmProcess process, int fit_key, const Fit *fit, IcmEstimate *estimate)
{
	int			n = IcmProcessParams(process);
	uint32		missing = ParamKeys(process) & ~given;

	if (missing != 0)
		return KeyFault(missing, psprintf("is missing; it is a parameter of %s.", IcmProcessName(process)));
	for (int i = 0; i < n; i++)
		estimate->param[i] = *(const double *) ((const char *) draft + fields[ParamKey(process, i)].offset);

	missing = FitKeys(fit_key) & ~given;
	if (missing == FitKeys(fit_key))
		return NULL;
	if (missing != 0)
		return KeyFault(missing, "is missing; customers, loglik and covariance go together.");
	if (fit->covariance.n != ICM_PACKED(n, 0))
		return psprintf("The covariance of %d parameters has %d numbers, its lower triangle by rows.", n, ICM_PACKED(n, 0));
	estimate->customers = fit->customers;
	estimate->loglik = fit->loglik;
	memcpy(estimate->cov, fit->covariance.value, sizeof(estimate->cov));
	return NULL;
}

/* Take what was given. Returns a sentence on what is wrong, or NULL. */
static const char *
TakeDraft(const Draft *draft, uint32 given, IcmClvModel *model)
{
	uint32		spend_keys = ICM_FIELD(KEY_SPEND) | FitKeys(KEY_SPEND_FIT) | ParamKeys(ICM_GAMMAGAMMA);
	uint32		other_keys = given & ~spend_keys;
	const char *fault = NULL;

	if (given & ICM_FIELD(KEY_PROCESS))
	{
		model->process = IcmProcessNamed(draft->process.text);
		if (model->process == ICM_PROCESS_NONE || model->process == ICM_GAMMAGAMMA)
			return "The processes are bgnbd, mbgnbd, paretonbd and sbg.";
		model->unit_days = model->process == ICM_SBG ? ICM_CONTRACT_UNIT_DAYS : ICM_UNIT_DAYS;
		if (given & ICM_FIELD(KEY_UNIT_DAYS))
			model->unit_days = draft->unit_days;
		fault = TakePart(draft, given, model->process, KEY_FIT, &draft->purchase_fit, &model->purchase);
		other_keys &= ~(ICM_FIELD(KEY_PROCESS) | ICM_FIELD(KEY_UNIT_DAYS) | FitKeys(KEY_FIT) | ParamKeys(model->process));
		if (fault == NULL && other_keys != 0)
			fault = KeyFault(other_keys, psprintf("does not belong to %s.", IcmProcessName(model->process)));
	}
	else if (other_keys != 0)
		fault = KeyFault(other_keys, "belongs to a process, which is not given.");

	if (fault == NULL && (given & spend_keys) != 0)
	{
		if ((given & ICM_FIELD(KEY_SPEND)) && strcmp(draft->spend.text, IcmProcessName(ICM_GAMMAGAMMA)) != 0)
			return "The model of spend is gammagamma.";
		fault = TakePart(draft, given, ICM_GAMMAGAMMA, KEY_SPEND_FIT, &draft->spend_fit, &model->spend);
	}
	return fault;
}

/* What is wrong with a part, as a sentence; NULL if nothing is. */
static const char *
EstimateFault(IcmProcess process, const IcmEstimate *estimate)
{
	double		cov[ICM_COVARIANCE_MAX];

	for (int i = 0; i < IcmProcessParams(process); i++)
	{
		double		max = IcmProcessParamMax(process, i);

		if (!(estimate->param[i] > 0.0))
			return psprintf("The parameter %s of %s must be positive.", IcmProcessParam(process, i), IcmProcessName(process));
		if (estimate->param[i] > max || estimate->param[i] < 1.0 / max)
			return psprintf("The parameter %s of %s must be from %g to %g.", IcmProcessParam(process, i),
							IcmProcessName(process), 1.0 / max, max);
	}
	if (process == ICM_GAMMAGAMMA && estimate->param[1] <= 1.0)
		return "The parameter q of gammagamma must be above 1, or there is no mean spend.";

	memcpy(cov, estimate->cov, sizeof(cov));
	if (estimate->customers > 0 && !IcmCholesky(cov, IcmProcessParams(process)))
		return psprintf("The covariance of %s is not positive definite.", IcmProcessName(process));
	return NULL;
}

/* What is wrong with a model, as a sentence; NULL if nothing is. */
static const char *
ModelFault(const IcmClvModel *model, bool has_spend)
{
	const char *fault = NULL;

	if (!ICM_CLV_HAS_PURCHASE(model) && !has_spend)
		return "A model has a process, or a model of spend, or both.";
	if (model->process == ICM_SBG && has_spend)
		return "The process sbg is of contracts, and has no model of spend.";
	if (ICM_CLV_HAS_PURCHASE(model))
	{
		if (!(model->unit_days > 0.0))
			return "A unit of time has a positive number of days.";
		fault = EstimateFault(model->process, &model->purchase);
	}
	if (fault == NULL && has_spend)
		fault = EstimateFault(ICM_GAMMAGAMMA, &model->spend);
	return fault;
}

/* The model that the text says. */
static Datum
ReadModel(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	IcmClvModel *model = IcmClvModelMake();
	Draft		draft = {0};
	uint32		given = IcmReadFields(&entries, fields, lengthof(fields), &draft);

	if (entries.fault == NULL)
		entries.fault = TakeDraft(&draft, given, model);
	if (entries.fault == NULL)
		entries.fault = ModelFault(model, (given & ParamKeys(ICM_GAMMAGAMMA)) != 0);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_clv_model", &entries,
								  "The form is {process: name, unit_days: number, parameter: number, ..., spend: gammagamma, p: number, q: number, gamma: number},"
								  " for example {process: bgnbd, r: 0.24, alpha: 4.41, a: 0.79, b: 2.43}.");
	PG_RETURN_POINTER(model);
}

static void
AppendPart(StringInfo buf, IcmProcess process, int fit_key, const IcmEstimate *estimate)
{
	int			n = IcmProcessParams(process);

	for (int i = 0; i < n; i++)
		IcmAppendNumberField(buf, IcmProcessParam(process, i), estimate->param[i]);
	if (estimate->customers == 0)
		return;
	IcmAppendKey(buf, fields[fit_key].key, false);
	appendStringInfo(buf, INT64_FORMAT, (int64) estimate->customers);
	IcmAppendNumberField(buf, fields[fit_key + 1].key, estimate->loglik);
	IcmAppendKey(buf, fields[fit_key + 2].key, false);
	for (int i = 0; i < ICM_PACKED(n, 0); i++)
	{
		appendStringInfoChar(buf, i == 0 ? '[' : ' ');
		IcmAppendDouble(buf, estimate->cov[i]);
	}
	appendStringInfoChar(buf, ']');
}

static char *
ModelText(const IcmClvModel *model)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (ICM_CLV_HAS_PURCHASE(model))
	{
		IcmAppendNameField(&buf, fields[KEY_PROCESS].key, IcmProcessName(model->process));
		IcmAppendNumberField(&buf, fields[KEY_UNIT_DAYS].key, model->unit_days);
		AppendPart(&buf, model->process, KEY_FIT, &model->purchase);
	}
	if (ICM_CLV_HAS_SPEND(model))
	{
		IcmAppendNameField(&buf, fields[KEY_SPEND].key, IcmProcessName(ICM_GAMMAGAMMA));
		AppendPart(&buf, ICM_GAMMAGAMMA, KEY_SPEND_FIT, &model->spend);
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_clv_model_in);
Datum
icm_clv_model_in(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_clv_model_out);
Datum
icm_clv_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(PG_GETARG_CLV_MODEL(0)));
}

PG_FUNCTION_INFO_V1(icm_clv_model_recv);
Datum
icm_clv_model_recv(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, IcmDefinitionRecv(fcinfo, "icm_clv_model", ICM_CLV_MODEL_VERSION));
}

PG_FUNCTION_INFO_V1(icm_clv_model_send);
Datum
icm_clv_model_send(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);

	return IcmDefinitionSend(model, ModelText(model));
}

/* ---- accessors ------------------------------------------------------------ */

/* What the part of the process is called. */
static const char *
PurchasePart(const IcmClvModel *model)
{
	return model->process == ICM_SBG ? "retention" : "purchase";
}

static void
PutParams(IcmRows *rows, const char *part, IcmProcess process, const IcmEstimate *estimate)
{
	for (int i = 0; i < IcmProcessParams(process); i++)
	{
		double		std_error = estimate->param[i] * sqrt(estimate->cov[ICM_PACKED(i, i)]);
		Datum		values[4];
		bool		nulls[4] = {false, false, false, estimate->customers == 0};

		if (isinf(std_error))
			float_overflow_error();
		values[0] = CStringGetTextDatum(part);
		values[1] = CStringGetTextDatum(IcmProcessParam(process, i));
		values[2] = Float8GetDatum(estimate->param[i]);
		values[3] = Float8GetDatum(std_error);
		IcmPutRow(rows, values, nulls);
	}
}

/* (part, param, estimate, std_error) of each parameter */
PG_FUNCTION_INFO_V1(icm_clv_params);
Datum
icm_clv_params(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	if (ICM_CLV_HAS_PURCHASE(model))
		PutParams(&rows, PurchasePart(model), model->process, &model->purchase);
	if (ICM_CLV_HAS_SPEND(model))
		PutParams(&rows, "spend", ICM_GAMMAGAMMA, &model->spend);
	return (Datum) 0;
}

static Datum
ReturnLoglik(FunctionCallInfo fcinfo, const IcmEstimate *estimate)
{
	if (estimate->customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(estimate->loglik);
}

/* icm_clv_loglik(model) */
PG_FUNCTION_INFO_V1(icm_clv_loglik);
Datum
icm_clv_loglik(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);

	return ReturnLoglik(fcinfo, ICM_CLV_HAS_PURCHASE(model) ? &model->purchase : &model->spend);
}

/* icm_clv_loglik(model, part) */
PG_FUNCTION_INFO_V1(icm_clv_loglik_of_part);
Datum
icm_clv_loglik_of_part(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);
	const char *part = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (ICM_CLV_HAS_PURCHASE(model) && strcmp(part, PurchasePart(model)) == 0)
		return ReturnLoglik(fcinfo, &model->purchase);
	if (ICM_CLV_HAS_SPEND(model) && strcmp(part, "spend") == 0)
		return ReturnLoglik(fcinfo, &model->spend);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model has no part \"%s\"", part),
			 errhint("A part is purchase, retention (of the process sbg) or spend; icm_clv_params() lists what there is.")));
	pg_unreachable();
}

/* (process, unit_days, customers, spend_customers) */
PG_FUNCTION_INFO_V1(icm_clv_info);
Datum
icm_clv_info(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = PG_GETARG_CLV_MODEL(0);
	Datum		values[4] = {0};
	bool		nulls[4] = {true, true, model->purchase.customers == 0, model->spend.customers == 0};

	if (ICM_CLV_HAS_PURCHASE(model))
	{
		nulls[0] = nulls[1] = false;
		values[0] = CStringGetTextDatum(IcmProcessName(model->process));
		values[1] = Float8GetDatum(model->unit_days);
	}
	values[2] = Int64GetDatum(model->purchase.customers);
	values[3] = Int64GetDatum(model->spend.customers);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* icm_clv_model(purchase, spend): the purchase part of the one, the spend part of the other */
PG_FUNCTION_INFO_V1(icm_clv_model);
Datum
icm_clv_model(PG_FUNCTION_ARGS)
{
	IcmClvModel *purchase = PG_GETARG_CLV_MODEL(0);
	IcmClvModel *spend = PG_GETARG_CLV_MODEL(1);
	IcmClvModel *model = IcmClvModelMake();

	if (!ICM_CLV_HAS_PURCHASE(purchase) || purchase->process == ICM_SBG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first model has no purchase part"),
				 errhint("Give a model of the process bgnbd, mbgnbd or paretonbd first.")));
	if (!ICM_CLV_HAS_SPEND(spend))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("second model has no spend part"),
				 errhint("Give a model that icm_gammagamma_fit() or icm_clv_fit() has made.")));
	model->process = purchase->process;
	model->unit_days = purchase->unit_days;
	model->purchase = purchase->purchase;
	model->spend = spend->spend;
	PG_RETURN_POINTER(model);
}
