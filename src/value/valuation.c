/*
 * valuation.c
 *		icm_value(): the one value of a customer, history and expectation.
 *
 *		total = historic + expected - cost_to_serve
 *
 * historic is contribution so far, over the definition's window or with its
 * half-life. D, the expected purchase days within the horizon, discounted, and
 * S, the expected revenue of one, come from the model; then
 *
 *		expected      = margin * S * D
 *		cost_to_serve = c * D
 *
 * where margin is a share of revenue, and c the cost to serve of a purchase
 * day. Where the definition says learnt, they are the customer's own so far:
 *
 *		margin = (revenue - cost of the purchase days - refunds) / revenue
 *		c      = cost of all other days / purchase days
 *
 * and a learnt margin outside of -1 to 1, or without revenue, is not known.
 */
#include "postgres.h"

#include <math.h>

#include "utils/date.h"

#include "common/check.h"
#include "common/rows.h"
#include "value/clv_answer.h"
#include "value/ledger_calc.h"
#include "value/value_definition.h"

#define COLUMNS 6				/* historic, expected, cost_to_serve, total, std_error, p_alive */

/* NaN: not known. */
typedef struct Valuation
{
	double		historic;
	double		expected;
	double		cost_to_serve;
	double		total;
	double		std_error;
	double		p_alive;
} Valuation;

static double
Historic(const IcmLedger *ledger, const IcmValueDefinition *definition, DateADT as_of)
{
	double		first;

	if (definition->half_life_days > 0.0)
		return IcmLedgerDecayed(ledger, as_of, definition->half_life_days);
	first = definition->history_days > 0.0 ? as_of - ceil(definition->history_days) + 1.0 : -INFINITY;
	return IcmLedgerSum(ledger, ICM_CONTRIBUTION, first > DATEVAL_NOBEGIN ? (DateADT) first : DATEVAL_NOBEGIN, as_of);
}

/*
 * NaN outside of what a margin may be given as: where an order of a cent costs a
 * hundred, its ratio says nothing of the orders to come.
 */
static double
LearntMargin(const IcmServing *serving)
{
	double		margin = serving->contribution / serving->revenue;

	return serving->revenue > 0.0 && fabs(margin) <= ICM_MARGIN_MAX ? margin : NAN;
}

/* Expectation, and the error of it that comes from the model's parameters; margin and c are taken as known. */
static void
Expect(FunctionCallInfo fcinfo, const IcmLedger *ledger, const IcmValueDefinition *definition,
	   const IcmClvModel *model, DateADT as_of, Valuation *valuation)
{
	bool		fitted = model->purchase.customers > 0 && model->spend.customers > 0;
	IcmAsk		ask = IcmAskDiscounted(model, definition->horizon_days, definition->annual_discount, fitted);
	IcmCustomer customer;
	IcmSloped	purchases,
				spend;
	double		margin = definition->margin,
				cost = definition->cost_to_serve;

	if (!IcmCustomerOfLedger(model, ledger, as_of, &customer))
		return;
	if (definition->learnt)
	{
		IcmServing	serving = IcmLedgerServing(ledger, as_of);

		if (definition->learnt & ICM_LEARNT_MARGIN)
			margin = LearntMargin(&serving);
		if (definition->learnt & ICM_LEARNT_COST_TO_SERVE)
			cost = serving.cost / serving.days;
	}
	purchases = IcmPredict(fcinfo, model, &ask, &customer, &valuation->p_alive);
	spend = IcmPredictSpend(model, &customer, fitted);
	valuation->expected = margin * spend.value * purchases.value;
	valuation->cost_to_serve = cost * purchases.value;
	valuation->total = valuation->historic + valuation->expected - valuation->cost_to_serve;
	if (fitted)
		valuation->std_error =
			hypot((margin * spend.value - cost) * sqrt(IcmDeltaVariance(purchases.slope, model->purchase.cov, 4)),
				  margin * purchases.value * sqrt(IcmDeltaVariance(spend.slope, model->spend.cov, 3)));
}

/* (ledger, definition, model, as_of) */
PG_FUNCTION_INFO_V1(icm_value);
Datum
icm_value(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	IcmValueDefinition *definition = PG_GETARG_VALUE_DEFINITION(1);
	IcmClvModel *model = IcmGetPurchaseModel(fcinfo, 2);
	DateADT		as_of = PG_GETARG_DATEADT(3);
	Valuation	valuation = {NAN, NAN, NAN, NAN, NAN, NAN};
	const double *column = &valuation.historic;
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	IcmCheckHasSpend(model);
	IcmCheckAsOf(as_of);
	valuation.historic = Historic(ledger, definition, as_of);
	Expect(fcinfo, ledger, definition, model, as_of, &valuation);
	for (int i = 0; i < COLUMNS; i++)
	{
		nulls[i] = isnan(column[i]);
		values[i] = Float8GetDatum(IcmCheckResult(column[i]));
	}
	return IcmReturnRow(fcinfo, values, nulls);
}
