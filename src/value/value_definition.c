/*
 * value_definition.c
 *		The SQL face of icm_value_definition: text and binary form, its terms.
 *
 * Text form: {history_days: 730, horizon_days: 365, annual_discount: 0.1,
 * margin: 0.35, cost_to_serve: learnt, currency: EUR, model: retail}
 *
 * history_days, half_life_days (not both) and currency may be left out. margin
 * and cost_to_serve are numbers, or the word learnt.
 */
#include "postgres.h"

#include <float.h>

#include "utils/builtins.h"

#include "common/definition.h"
#include "common/rows.h"
#include "value/value_definition.h"

#define LEARNT "learnt"

/* ---- text form ------------------------------------------------------------ */

/* A number, or the word learnt. */
typedef struct Learnable
{
	bool		learnt;
	double		value;
} Learnable;

/* All that a text can give. */
typedef struct Draft
{
	double		history_days;
	double		half_life_days;
	int32		horizon_days;
	double		annual_discount;
	Learnable	margin;
	Learnable	cost_to_serve;
	IcmName		currency;
	IcmName		model;
} Draft;

static const char *
ReadHorizon(IcmReader *reader, void *value)
{
	if (!IcmReadCount(reader, (int32 *) value) || *(int32 *) value == 0)
		return "A whole number of days, at least 1, is expected.";
	return NULL;
}

static const char *
ReadDays(IcmReader *reader, void *value)
{
	if (!IcmReadDouble(reader, (double *) value) || *(double *) value <= 0.0)
		return "A positive, finite number of days is expected.";
	return NULL;
}

static const char *
ReadDiscount(IcmReader *reader, void *value)
{
	double	   *discount = (double *) value;

	if (!IcmReadDouble(reader, discount) || *discount < 0.0 || *discount > 1.0)
		return "A number from 0 to 1 is expected; 10 % a year is written 0.1.";
	return NULL;
}

/* A number from least to most, or the word learnt; false otherwise. */
static bool
ReadLearnable(IcmReader *reader, Learnable *learnable, double least, double most)
{
	IcmName		word;

	if (IcmReadName(reader, &word))
	{
		learnable->learnt = true;
		return !word.quoted && strcmp(word.text, LEARNT) == 0;
	}
	return IcmReadDouble(reader, &learnable->value) && learnable->value >= least && learnable->value <= most;
}

static const char *
ReadMargin(IcmReader *reader, void *value)
{
	return ReadLearnable(reader, value, -ICM_MARGIN_MAX, ICM_MARGIN_MAX) ? NULL :
		"A share of revenue from -1 to 1, or the word learnt, is expected; 35 % is written 0.35.";
}

static const char *
ReadCostToServe(IcmReader *reader, void *value)
{
	return ReadLearnable(reader, value, 0.0, DBL_MAX) ? NULL :
		"A cost per purchase day that is not negative, or the word learnt, is expected.";
}

static const char *
ReadCurrency(IcmReader *reader, void *value)
{
	IcmName    *currency = (IcmName *) value;

	if (!IcmReadName(reader, currency) || strlen(currency->text) > ICM_CURRENCY_MAX)
		return "A label of 1 to 16 bytes, a word or anything in double quotes, is expected.";
	return NULL;
}

enum
{
	KEY_HISTORY_DAYS,
	KEY_HALF_LIFE_DAYS,
	KEY_HORIZON_DAYS,
	KEY_ANNUAL_DISCOUNT,
	KEY_MARGIN,
	KEY_COST_TO_SERVE,
	KEY_CURRENCY,
	KEY_MODEL
};

static const IcmField fields[] = {
	[KEY_HISTORY_DAYS] = {"history_days", ReadDays, offsetof(Draft, history_days)},
	[KEY_HALF_LIFE_DAYS] = {"half_life_days", ReadDays, offsetof(Draft, half_life_days)},
	[KEY_HORIZON_DAYS] = {"horizon_days", ReadHorizon, offsetof(Draft, horizon_days)},
	[KEY_ANNUAL_DISCOUNT] = {"annual_discount", ReadDiscount, offsetof(Draft, annual_discount)},
	[KEY_MARGIN] = {"margin", ReadMargin, offsetof(Draft, margin)},
	[KEY_COST_TO_SERVE] = {"cost_to_serve", ReadCostToServe, offsetof(Draft, cost_to_serve)},
	[KEY_CURRENCY] = {"currency", ReadCurrency, offsetof(Draft, currency)},
	[KEY_MODEL] = {"model", IcmReadNameField, offsetof(Draft, model)}
};

/* What is wrong with the keys that were given, as a sentence; NULL if nothing is. */
static const char *
KeysFault(uint32 given)
{
	static const uint32 may_be_absent = ICM_FIELD(KEY_HISTORY_DAYS) | ICM_FIELD(KEY_HALF_LIFE_DAYS) | ICM_FIELD(KEY_CURRENCY);

	if ((given & ICM_FIELD(KEY_HISTORY_DAYS)) && (given & ICM_FIELD(KEY_HALF_LIFE_DAYS)))
		return "History has a window (history_days) or a half-life (half_life_days), not both.";
	for (int i = 0; i < lengthof(fields); i++)
		if (((given | may_be_absent) & ICM_FIELD(i)) == 0)
			return psprintf("The key \"%s\" is missing.", fields[i].key);
	return NULL;
}

static IcmValueDefinition *
MakeDefinition(const Draft *draft)
{
	IcmValueDefinition *definition = IcmFlatMake(sizeof(IcmValueDefinition), ICM_VALUE_DEFINITION_VERSION);

	definition->history_days = draft->history_days;
	definition->half_life_days = draft->half_life_days;
	definition->annual_discount = draft->annual_discount;
	definition->margin = draft->margin.value;
	definition->cost_to_serve = draft->cost_to_serve.value;
	definition->horizon_days = draft->horizon_days;
	definition->learnt = (draft->margin.learnt ? ICM_LEARNT_MARGIN : 0) |
		(draft->cost_to_serve.learnt ? ICM_LEARNT_COST_TO_SERVE : 0);
	memcpy(definition->currency, draft->currency.text, sizeof(definition->currency));
	memcpy(definition->model, draft->model.text, sizeof(definition->model));
	return definition;
}

/* The definition that the text says. */
static Datum
ReadDefinition(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	Draft		draft = {0};
	uint32		given = IcmReadFields(&entries, fields, lengthof(fields), &draft);

	if (entries.fault == NULL)
		entries.fault = KeysFault(given);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_value_definition", &entries,
								  "The form is {history_days: number or half_life_days: number, horizon_days: number, annual_discount: number,"
								  " margin: number or learnt, cost_to_serve: number or learnt, currency: label, model: name},"
								  " for example {horizon_days: 365, annual_discount: 0.1, margin: 0.35, cost_to_serve: learnt, model: retail}.");
	PG_RETURN_POINTER(MakeDefinition(&draft));
}

static void
AppendLearnable(StringInfo buf, int key, bool learnt, double value)
{
	if (learnt)
		IcmAppendNameField(buf, fields[key].key, LEARNT);
	else
		IcmAppendNumberField(buf, fields[key].key, value);
}

static char *
DefinitionText(const IcmValueDefinition *definition)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (definition->history_days > 0.0)
		IcmAppendNumberField(&buf, fields[KEY_HISTORY_DAYS].key, definition->history_days);
	if (definition->half_life_days > 0.0)
		IcmAppendNumberField(&buf, fields[KEY_HALF_LIFE_DAYS].key, definition->half_life_days);
	IcmAppendKey(&buf, fields[KEY_HORIZON_DAYS].key, false);
	appendStringInfo(&buf, "%d", definition->horizon_days);
	IcmAppendNumberField(&buf, fields[KEY_ANNUAL_DISCOUNT].key, definition->annual_discount);
	AppendLearnable(&buf, KEY_MARGIN, (definition->learnt & ICM_LEARNT_MARGIN) != 0, definition->margin);
	AppendLearnable(&buf, KEY_COST_TO_SERVE, (definition->learnt & ICM_LEARNT_COST_TO_SERVE) != 0, definition->cost_to_serve);
	if (definition->currency[0] != '\0')
		IcmAppendNameField(&buf, fields[KEY_CURRENCY].key, definition->currency);
	IcmAppendNameField(&buf, fields[KEY_MODEL].key, definition->model);
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_value_definition_in);
Datum
icm_value_definition_in(PG_FUNCTION_ARGS)
{
	return ReadDefinition(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_value_definition_out);
Datum
icm_value_definition_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(DefinitionText(PG_GETARG_VALUE_DEFINITION(0)));
}

PG_FUNCTION_INFO_V1(icm_value_definition_recv);
Datum
icm_value_definition_recv(PG_FUNCTION_ARGS)
{
	return ReadDefinition(fcinfo, IcmDefinitionRecv(fcinfo, "icm_value_definition", ICM_VALUE_DEFINITION_VERSION));
}

PG_FUNCTION_INFO_V1(icm_value_definition_send);
Datum
icm_value_definition_send(PG_FUNCTION_ARGS)
{
	IcmValueDefinition *definition = PG_GETARG_VALUE_DEFINITION(0);

	return IcmDefinitionSend(definition, DefinitionText(definition));
}

/* ---- accessors ------------------------------------------------------------ */

/* (history_days, half_life_days, horizon_days, annual_discount, margin, cost_to_serve, currency, model) */
PG_FUNCTION_INFO_V1(icm_value_terms);
Datum
icm_value_terms(PG_FUNCTION_ARGS)
{
	IcmValueDefinition *definition = PG_GETARG_VALUE_DEFINITION(0);
	Datum		values[lengthof(fields)];
	bool		nulls[lengthof(fields)] = {0};

	values[KEY_HISTORY_DAYS] = Float8GetDatum(definition->history_days);
	nulls[KEY_HISTORY_DAYS] = definition->history_days == 0.0;
	values[KEY_HALF_LIFE_DAYS] = Float8GetDatum(definition->half_life_days);
	nulls[KEY_HALF_LIFE_DAYS] = definition->half_life_days == 0.0;
	values[KEY_HORIZON_DAYS] = Int32GetDatum(definition->horizon_days);
	values[KEY_ANNUAL_DISCOUNT] = Float8GetDatum(definition->annual_discount);
	values[KEY_MARGIN] = Float8GetDatum(definition->margin);
	nulls[KEY_MARGIN] = (definition->learnt & ICM_LEARNT_MARGIN) != 0;
	values[KEY_COST_TO_SERVE] = Float8GetDatum(definition->cost_to_serve);
	nulls[KEY_COST_TO_SERVE] = (definition->learnt & ICM_LEARNT_COST_TO_SERVE) != 0;
	values[KEY_CURRENCY] = CStringGetTextDatum(definition->currency);
	nulls[KEY_CURRENCY] = definition->currency[0] == '\0';
	values[KEY_MODEL] = CStringGetTextDatum(definition->model);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* the name of the model of expectation */
PG_FUNCTION_INFO_V1(icm_value_model);
Datum
icm_value_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PG_GETARG_VALUE_DEFINITION(0)->model));
}
