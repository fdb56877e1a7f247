/*
 * clv_holdout.c
 *		icm_clv_holdout: would the model have predicted what happened after?
 *
 * The aggregate collects customers as they stood on the day of calibration, in
 * the state that fits do, and what each frequency class bought after it. The
 * final function fits the process to the histories, and lets it predict.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "common/aggregate.h"
#include "math/exactsum.h"
#include "value/answer.h"
#include "value/clv_fit.h"
#include "value/ledger.h"

#define CLASSES ICM_FREQUENCY_CLASSES
#define COLUMNS 7				/* frequency, customers, expected, actual, expected_mean, actual_mean, error */

typedef struct FrequencyClass
{
	int64		customers;
	int64		actual;
	double		expected;
} FrequencyClass;

static int
ClassOf(int x)
{
	return Min(x, CLASSES - 1);
}

static void
CheckDays(FunctionCallInfo fcinfo)
{
	DateADT		calibrate_to,
				until;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("calibrate_to and until must not be null")));
	calibrate_to = PG_GETARG_DATEADT(2);
	until = PG_GETARG_DATEADT(3);
	if (DATE_NOT_FINITE(calibrate_to) || DATE_NOT_FINITE(until) || until <= calibrate_to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("until must be after calibrate_to, and both finite days")));
}

/* (state, ledger, calibrate_to, until [, process [, unit_days]]) */
PG_FUNCTION_INFO_V1(icm_clv_holdout_accum);
Datum
icm_clv_holdout_accum(PG_FUNCTION_ARGS)
{
	IcmFitTerms terms = {.process = IcmFitGetProcess(fcinfo, 4),.unit_days = IcmFitUnit(fcinfo, 5, ICM_UNIT_DAYS)};
	IcmBtyd		before,
				after;
	IcmFitState *state;

	IcmFitCheckCall(fcinfo);
	CheckDays(fcinfo);
	terms.horizon = ((double) PG_GETARG_DATEADT(3) - PG_GETARG_DATEADT(2)) / terms.unit_days;
	if (PG_ARGISNULL(1) ||
		!IcmLedgerBtyd(PG_GETARG_LEDGER(1), PG_GETARG_DATEADT(2), terms.unit_days, &before))
		return IcmReturnState(fcinfo);
	(void) IcmLedgerBtyd(PG_GETARG_LEDGER(1), PG_GETARG_DATEADT(3), terms.unit_days, &after);
	state = IcmFitAddCustomer(IcmFitStateOf(fcinfo, &terms), &before);
	state->bought[ClassOf(before.x)] += after.x - before.x;
	PG_RETURN_POINTER(state);
}

/*
 * What the model, fitted to the state's histories, expects of them by class. The
 * sums are exact until they are rounded, as the histories come in any order.
 */
static void
Expect(const IcmFitState *state, FrequencyClass *class)
{
	IcmClvModel *model = IcmClvModelMake();
	const double *param = model->purchase.param;
	IcmExactSum expected[CLASSES];
	IcmHistory *history;

	IcmFitPurchases(state, state->terms.process, model);
	history = IcmFitStateHistories(state);
	for (int i = 0; i < CLASSES; i++)
		IcmExactSumInit(&expected[i]);
	for (int64 i = 0; i < state->histories; i++)
	{
		const IcmHistory *h = &history[i];
		FrequencyClass *c = &class[ClassOf(h->x)];

		CHECK_FOR_INTERRUPTS();
		c->customers += h->weight;
		IcmExactSumAdd(&expected[ClassOf(h->x)], h->weight * IcmAlive(model->process, param, h->x, h->t_x, h->t) *
					   IcmAlivePurchases(model->process, param, h->x, h->t, state->terms.horizon));
	}
	for (int i = 0; i < CLASSES; i++)
		class[i].expected = IcmExactSumRound(&expected[i]);
}

static Datum
MakeRow(TupleDesc tupdesc, const char *frequency, const FrequencyClass *class)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {0};

	values[0] = CStringGetTextDatum(frequency);
	values[1] = Int64GetDatum(class->customers);
	values[2] = Float8GetDatum(class->expected);
	values[3] = Int64GetDatum(class->actual);
	values[4] = Float8GetDatum(class->expected / class->customers);
	values[5] = Float8GetDatum((double) class->actual / class->customers);
	nulls[6] = class->actual == 0;
	values[6] = Float8GetDatum(nulls[6] ? 0.0 : class->expected / class->actual - 1.0);
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/* A row for each class that has customers, and one for all. */
static int
MakeRows(TupleDesc tupdesc, const FrequencyClass *class, Datum *row)
{
	FrequencyClass all = {0};
	int			n = 0;

	for (int i = 0; i < CLASSES; i++)
	{
		char		frequency[8];

		if (class[i].customers == 0)
			continue;
		snprintf(frequency, sizeof(frequency), i == CLASSES - 1 ? "%d+" : "%d", i);
		row[n++] = MakeRow(tupdesc, frequency, &class[i]);
		all.customers += class[i].customers;
		all.actual += class[i].actual;
		all.expected += class[i].expected;
	}
	row[n++] = MakeRow(tupdesc, "all", &all);
	return n;
}

PG_FUNCTION_INFO_V1(icm_clv_holdout_final);
Datum
icm_clv_holdout_final(PG_FUNCTION_ARGS)
{
	const IcmFitState *state;
	FrequencyClass class[CLASSES] = {0};
	Datum		row[CLASSES + 1];
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	tupdesc;
	int			n;

	IcmFitCheckCall(fcinfo);
	state = IcmFitStateGet(PG_GETARG_DATUM(0));
	if (state->terms.process == ICM_PROCESS_NONE || !(state->terms.horizon > 0.0))
		IcmFitCorrupt();
	if (!OidIsValid(type))
		elog(ERROR, "could not determine the result type of icm_clv_holdout");
	Expect(state, class);
	for (int i = 0; i < CLASSES; i++)
		class[i].actual = state->bought[i];
	tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
	n = MakeRows(tupdesc, class, row);
	PG_RETURN_ARRAYTYPE_P(construct_array(row, n, type, -1, false, TYPALIGN_DOUBLE));
}
