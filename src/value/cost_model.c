/*
 * cost_model.c
 *		The SQL face of icm_cost_model, and what an event costs.
 *
 * Text form: {call: 6.5, return: 4 + 3%, "field visit": 350, default: 1}
 * the rate of a kind and, of kinds that have an amount, the share of it. The
 * default, a bare word, is for kinds that are not listed; a kind "default" is
 * written in quotes.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "common/definition.h"
#include "common/rows.h"
#include "value/cost_model.h"

#define DEFAULT_KEY "default"

/* ---- text form ------------------------------------------------------------ */

/* Read "rate", "percent%" or "rate + percent%". Returns a sentence on what is wrong, or NULL. */
static const char *
ReadRate(IcmReader *reader, IcmCostRate *rate)
{
	static const char *const form = "A cost is a rate, a share of the amount, or both: 6.5, 3%, 4 + 3%.";

	if (!IcmReadDouble(reader, &rate->rate))
		return form;
	if (IcmReadChar(reader, '%'))
	{
		rate->percent = rate->rate;
		rate->rate = 0.0;
	}
	else if (IcmReadChar(reader, '+') &&
			 !(IcmReadDouble(reader, &rate->percent) && IcmReadChar(reader, '%')))
		return form;
	if (rate->rate < 0.0 || rate->percent < 0.0)
		return "A cost must not be negative; what an event brings in is revenue.";
	return NULL;
}

/* Read the entry that begins with the key. */
static const char *
ReadEntry(const IcmName *key, IcmReader *reader, IcmCostRate *rate)
{
	if (key->quoted || strcmp(key->text, DEFAULT_KEY) != 0)
		memcpy(rate->kind, key->text, sizeof(rate->kind));
	return ReadRate(reader, rate);
}

/* By bytes; kinds are zero to the end, so a prefix comes first. */
static int
CompareKinds(const void *a, const void *b)
{
	return memcmp(((const IcmCostRate *) a)->kind, ((const IcmCostRate *) b)->kind, ICM_NAME_MAX + 1);
}

/* Sort the rates. Returns a sentence on what is wrong, or NULL. */
static const char *
SortRates(IcmCostRate *rates, int n)
{
	if (n == 0)
		return "A cost model has at least one kind, or the default.";
	qsort(rates, n, sizeof(IcmCostRate), CompareKinds);
	for (int i = 1; i < n; i++)
		if (CompareKinds(&rates[i - 1], &rates[i]) == 0)
			return psprintf("The kind \"%s\" is given more than once.",
							rates[i].kind[0] == '\0' ? DEFAULT_KEY : rates[i].kind);
	return NULL;
}

/* The model that the text says. */
static Datum
ReadModel(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	IcmCostModel *model;
	int			room = 1;
	int			n = 0;

	for (const char *c = input; *c != '\0' && room <= ICM_COST_KINDS_MAX; c++)
		room += *c == ',';
	model = IcmFlatMake(ICM_COST_MODEL_SIZE(room), ICM_COST_MODEL_VERSION);
	while (IcmNextEntry(&entries))
	{
		if (n >= ICM_COST_KINDS_MAX)
			ereturn(fcinfo->context, (Datum) 0,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("cost model is too large"),
					 errdetail("A cost model has at most %d kinds.", ICM_COST_KINDS_MAX)));
		entries.fault = ReadEntry(&entries.key, &entries.reader, &model->rates[n++]);
	}
	if (entries.fault == NULL)
		entries.fault = SortRates(model->rates, n);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_cost_model", &entries,
								  "The form is {kind: rate + share%, ..., default: rate}, for example {call: 6.5, return: 4 + 3%, \"field visit\": 350}.");
	SET_VARSIZE(model, ICM_COST_MODEL_SIZE(n));
	PG_RETURN_POINTER(model);
}

static void
AppendRate(StringInfo buf, const IcmCostRate *rate)
{
	if (rate->rate > 0.0 || rate->percent == 0.0)
		IcmAppendDouble(buf, rate->rate);
	if (rate->rate > 0.0 && rate->percent > 0.0)
		appendStringInfoString(buf, " + ");
	if (rate->percent > 0.0)
	{
		IcmAppendDouble(buf, rate->percent);
		appendStringInfoChar(buf, '%');
	}
}

/* Kinds in their order, the default last. */
static char *
ModelText(const IcmCostModel *model)
{
	int			n = ICM_COST_MODEL_COUNT(model);
	int			first = model->rates[0].kind[0] == '\0' ? 1 : 0;
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = first; i < n; i++)
	{
		IcmAppendKey(&buf, model->rates[i].kind, strcmp(model->rates[i].kind, DEFAULT_KEY) == 0);
		AppendRate(&buf, &model->rates[i]);
	}
	if (first > 0)
	{
		IcmAppendKey(&buf, DEFAULT_KEY, false);
		AppendRate(&buf, &model->rates[0]);
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_cost_model_in);
Datum
icm_cost_model_in(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_cost_model_out);
Datum
icm_cost_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(PG_GETARG_COST_MODEL(0)));
}

PG_FUNCTION_INFO_V1(icm_cost_model_recv);
Datum
icm_cost_model_recv(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, IcmDefinitionRecv(fcinfo, "icm_cost_model", ICM_COST_MODEL_VERSION));
}

PG_FUNCTION_INFO_V1(icm_cost_model_send);
Datum
icm_cost_model_send(PG_FUNCTION_ARGS)
{
	IcmCostModel *model = PG_GETARG_COST_MODEL(0);

	return IcmDefinitionSend(model, ModelText(model));
}

/* (kind, rate, share) of each kind in order, then the default, kind NULL */
PG_FUNCTION_INFO_V1(icm_cost_rates);
Datum
icm_cost_rates(PG_FUNCTION_ARGS)
{
	IcmCostModel *model = PG_GETARG_COST_MODEL(0);
	int			n = ICM_COST_MODEL_COUNT(model);
	int			first = model->rates[0].kind[0] == '\0' ? 1 : 0;
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = first; i < n + first; i++)
	{
		const IcmCostRate *rate = &model->rates[i % n];
		Datum		values[3];
		bool		nulls[3] = {i == n, false, false};

		values[0] = CStringGetTextDatum(rate->kind);
		values[1] = Float8GetDatum(rate->rate);
		values[2] = Float8GetDatum(rate->percent / 100.0);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* ---- what an event costs -------------------------------------------------- */

/* The rate of the kind, or the default; NULL if there is neither. */
static const IcmCostRate *
FindRate(const IcmCostModel *model, const text *kind)
{
	int			length = VARSIZE_ANY_EXHDR(kind);
	int			low = 0,
				high = ICM_COST_MODEL_COUNT(model) - 1;
	IcmCostRate sought;

	if (length > 0 && length <= ICM_NAME_MAX)
	{
		memset(sought.kind, 0, sizeof(sought.kind));
		memcpy(sought.kind, VARDATA_ANY(kind), length);
		while (low <= high)
		{
			int			middle = low + (high - low) / 2;
			int			order = CompareKinds(&sought, &model->rates[middle]);

			if (order == 0)
				return &model->rates[middle];
			if (order < 0)
				high = middle - 1;
			else
				low = middle + 1;
		}
	}
	return model->rates[0].kind[0] == '\0' ? &model->rates[0] : NULL;
}

/* A quantity or an amount: a finite number, not negative. */
static double
GetSize(FunctionCallInfo fcinfo, int arg, const char *what, const char *hint)
{
	double		size = PG_GETARG_FLOAT8(arg);

	if (unlikely(!(size >= 0.0) || isinf(size)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of an event must be a finite number that is not negative", what),
				 errdetail("The %s given is %g.", what, size),
				 errhint("%s", hint)));
	return size;
}

static double
GetQuantity(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("quantity of an event must not be null"),
				 errhint("Of something that was done once, it is 1.")));
	return GetSize(fcinfo, 2, "quantity", "Count what was done; a correction is an event of its own kind.");
}

static double
GetAmount(FunctionCallInfo fcinfo, const IcmCostRate *rate)
{
	if (!PG_ARGISNULL(3))
		return GetSize(fcinfo, 3, "amount", "Of a return, give its size, abs(amount).");
	if (rate->percent > 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("amount of an event must not be null"),
				 errdetail("The cost of its kind depends on the amount.")));
	return 0.0;
}

/* icm_cost(model, kind, quantity, amount) */
PG_FUNCTION_INFO_V1(icm_cost_of_event);
Datum
icm_cost_of_event(PG_FUNCTION_ARGS)
{
	const IcmCostRate *rate;
	double		cost;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("kind of an event must not be null"),
				 errhint("Leave events without a kind out with a WHERE or FILTER clause, or give them one.")));
	rate = FindRate(PG_GETARG_COST_MODEL(0), PG_GETARG_TEXT_PP(1));
	if (rate == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("cost model has no kind \"%s\"", text_to_cstring(PG_GETARG_TEXT_PP(1))),
				 errhint("Add the kind to the model, or a default, as in {call: 6.5, default: 1}; icm_cost_rates() lists what there is.")));

	/* not percent / 100 first: 7 % of 100 is then 7.000000000000001 */
	cost = rate->rate * GetQuantity(fcinfo) + rate->percent * GetAmount(fcinfo, rate) / 100.0;
	if (unlikely(isinf(cost)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("cost of an event is out of range"),
				 errdetail("It is beyond what float8 holds, about 1.8e308.")));
	PG_RETURN_FLOAT8(cost);
}
