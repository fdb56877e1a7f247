/*
 * ledger.c
 *		The SQL face of icm_ledger: text and binary form, accessors.
 *
 * Text form: {2026-01-05 2 59.9 12.5, 2026-02-11 0 -10 4}
 * day, orders, revenue, cost of each active day.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "common/check.h"
#include "common/flat.h"
#include "common/rows.h"
#include "common/text.h"
#include "value/ledger.h"
#include "value/ledger_calc.h"

IcmLedger *
IcmLedgerMake(int n)
{
	return IcmFlatMake(ICM_LEDGER_SIZE(n), ICM_LEDGER_VERSION);
}

IcmLedger *
IcmLedgerGet(Datum datum)
{
	IcmLedger  *ledger = IcmFlatGet(datum, ICM_LEDGER_SIZE(0), ICM_LEDGER_VERSION, "icm_ledger");

	if (ledger->flags & ICM_LEDGER_OPEN)
		ledger = IcmLedgerClose(ledger);
	return ledger;
}

/*
 * What is wrong with an entry that follows the given one (NULL for the first),
 * as a sentence; NULL if nothing is.
 */
static const char *
EntryFault(const IcmLedgerEntry *entry, const IcmLedgerEntry *previous)
{
	if (!IS_VALID_DATE(entry->day))
		return "The day is out of range.";
	if (previous != NULL && entry->day <= previous->day)
		return "Days must ascend, each once.";
	if (entry->orders < 0)
		return "The number of orders is negative.";
	if (!(fabs(entry->revenue) <= ICM_DAY_MAX && fabs(entry->cost) <= ICM_DAY_MAX))
		return "Revenue and cost of a day are numbers from -1e300 to 1e300.";
	if (entry->orders == 0 && entry->revenue > 0.0)
		return "A day without orders cannot have positive revenue.";
	return NULL;
}

/* Read "day orders revenue cost"; a sentence on what is wrong, or NULL. */
static const char *
ReadEntry(IcmReader *reader, IcmLedgerEntry *entry)
{
	static const char *const incomplete = "An entry is day, orders, revenue and cost, separated by spaces.";

	if (!IcmReadDay(reader, &entry->day))
		return "A day is written year-month-day, and must exist.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadCount(reader, &entry->orders))
		return "The number of orders is an integer from 0 to 2147483647.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadDouble(reader, &entry->revenue))
		return "Revenue is a finite number in the range of float8.";
	if (!IcmReadSpace(reader))
		return incomplete;
	if (!IcmReadDouble(reader, &entry->cost))
		return "Cost is a finite number in the range of float8.";
	return NULL;
}

static const char *
ReadEntryAfter(IcmReader *reader, void *item, const void *previous)
{
	const char *fault = ReadEntry(reader, item);

	return fault != NULL ? fault : EntryFault(item, previous);
}

PG_FUNCTION_INFO_V1(icm_ledger_in);
Datum
icm_ledger_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	IcmLedger  *ledger;
	const char *fault;
	int			room = 1;
	int			n = 0;

	for (const char *c = input; *c != '\0'; c++)
		room += *c == ',';
	if (room > ICM_LEDGER_MAX)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("ledger is too large"),
				 errdetail("A ledger holds at most %d active days.", ICM_LEDGER_MAX)));
	ledger = IcmLedgerMake(room);

	fault = IcmReadItems(&reader, ReadEntryAfter, ledger->entries, sizeof(IcmLedgerEntry), &n, "A ledger", "An entry");
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "icm_ledger"),
				 n > 0 ? errdetail("Entry %d: %s", n, fault) : errdetail("%s", fault),
				 errhint("The form is {day orders revenue cost, ...}, for example {2026-01-05 2 59.9 12.5}.")));

	SET_VARSIZE(ledger, ICM_LEDGER_SIZE(n));
	PG_RETURN_POINTER(ledger);
}

PG_FUNCTION_INFO_V1(icm_ledger_out);
Datum
icm_ledger_out(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	int			n = ICM_LEDGER_COUNT(ledger);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < n; i++)
	{
		const IcmLedgerEntry *entry = &ledger->entries[i];

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		IcmAppendDay(&buf, entry->day);
		appendStringInfo(&buf, " %d ", entry->orders);
		IcmAppendDouble(&buf, entry->revenue);
		appendStringInfoChar(&buf, ' ');
		IcmAppendDouble(&buf, entry->cost);
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* items: day, orders, revenue, cost */
PG_FUNCTION_INFO_V1(icm_ledger_recv);
Datum
icm_ledger_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		n = IcmFlatBeginRecv(buf, "icm_ledger", ICM_LEDGER_VERSION, sizeof(IcmLedgerEntry));
	IcmLedger  *ledger = IcmLedgerMake(n);

	for (int i = 0; i < n; i++)
	{
		IcmLedgerEntry *entry = &ledger->entries[i];
		const char *fault;

		entry->day = (DateADT) pq_getmsgint(buf, 4);
		entry->orders = (int32) pq_getmsgint(buf, 4);
		entry->revenue = IcmGetMsgDouble(buf);
		entry->cost = IcmGetMsgDouble(buf);
		fault = EntryFault(entry, i > 0 ? entry - 1 : NULL);
		if (fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid entry in icm_ledger"),
					 errdetail("Entry %d: %s", i + 1, fault)));
	}
	PG_RETURN_POINTER(ledger);
}

PG_FUNCTION_INFO_V1(icm_ledger_send);
Datum
icm_ledger_send(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	int			n = ICM_LEDGER_COUNT(ledger);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, ledger, n);
	for (int i = 0; i < n; i++)
	{
		pq_sendint32(&buf, ledger->entries[i].day);
		pq_sendint32(&buf, ledger->entries[i].orders);
		pq_sendfloat8(&buf, ledger->entries[i].revenue);
		pq_sendfloat8(&buf, ledger->entries[i].cost);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static Datum
MoneyBetween(FunctionCallInfo fcinfo, IcmMoney money)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	DateADT		from_day = PG_GETARG_DATEADT(1);
	DateADT		to_day = PG_GETARG_DATEADT(2);

	if (from_day > to_day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_day must not be after to_day"),
				 errhint("Both days are inclusive.")));
	PG_RETURN_FLOAT8(IcmCheckResult(IcmLedgerSum(ledger, money, from_day, to_day)));
}

PG_FUNCTION_INFO_V1(icm_revenue);
Datum
icm_revenue(PG_FUNCTION_ARGS)
{
	return MoneyBetween(fcinfo, ICM_REVENUE);
}

PG_FUNCTION_INFO_V1(icm_cost);
Datum
icm_cost(PG_FUNCTION_ARGS)
{
	return MoneyBetween(fcinfo, ICM_COST);
}

PG_FUNCTION_INFO_V1(icm_contribution);
Datum
icm_contribution(PG_FUNCTION_ARGS)
{
	return MoneyBetween(fcinfo, ICM_CONTRIBUTION);
}

PG_FUNCTION_INFO_V1(icm_decayed_contribution);
Datum
icm_decayed_contribution(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	DateADT		as_of = PG_GETARG_DATEADT(1);
	double		half_life = PG_GETARG_FLOAT8(2);

	IcmCheckAsOf(as_of);
	if (!isfinite(half_life) || half_life <= 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life_days must be positive and finite")));
	PG_RETURN_FLOAT8(IcmCheckResult(IcmLedgerDecayed(ledger, as_of, half_life)));
}

/* (recency, frequency, monetary) */
PG_FUNCTION_INFO_V1(icm_rfm);
Datum
icm_rfm(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	DateADT		as_of = PG_GETARG_DATEADT(1);
	IcmPurchases purchases;
	Datum		values[3] = {0};
	bool		nulls[3] = {0};

	IcmCheckAsOf(as_of);
	purchases = IcmLedgerPurchases(ledger, as_of);
	nulls[0] = nulls[2] = purchases.days == 0;
	values[1] = Int32GetDatum(purchases.days);
	if (purchases.days > 0)
	{
		values[0] = Int32GetDatum(as_of - purchases.last);
		values[2] = Float8GetDatum(IcmCheckResult(purchases.revenue) / purchases.days);
	}
	return IcmReturnRow(fcinfo, values, nulls);
}

/* (x, t_x, t, m); all NULL for a customer who has not bought by as_of */
PG_FUNCTION_INFO_V1(icm_btyd);
Datum
icm_btyd(PG_FUNCTION_ARGS)
{
	IcmLedger  *ledger = PG_GETARG_LEDGER(0);
	DateADT		as_of = PG_GETARG_DATEADT(1);
	double		unit = IcmCheckUnitDays(PG_GETARG_FLOAT8(2));
	IcmBtyd		btyd;
	Datum		values[4] = {0};
	bool		nulls[4] = {true, true, true, true};

	if (IcmLedgerBtyd(ledger, as_of, unit, &btyd))
	{
		values[0] = Int32GetDatum(btyd.x);
		values[1] = Float8GetDatum(btyd.t_x);
		values[2] = Float8GetDatum(btyd.t);
		values[3] = Float8GetDatum(btyd.m);
		nulls[0] = nulls[1] = nulls[2] = false;
		nulls[3] = btyd.x == 0;
	}
	return IcmReturnRow(fcinfo, values, nulls);
}

/* (day, orders, revenue, cost) of each active day, ascending */
PG_FUNCTION_INFO_V1(icm_ledger_days);
Datum
icm_ledger_days(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	IcmLedger  *ledger;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext oldcontext;
		TupleDesc	tupdesc;

		funcctx = SRF_FIRSTCALL_INIT();
		oldcontext = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		funcctx->tuple_desc = BlessTupleDesc(tupdesc);
		ledger = IcmLedgerGet(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
		funcctx->user_fctx = ledger;
		funcctx->max_calls = ICM_LEDGER_COUNT(ledger);
		MemoryContextSwitchTo(oldcontext);
	}

	funcctx = SRF_PERCALL_SETUP();
	ledger = (IcmLedger *) funcctx->user_fctx;
	if (funcctx->call_cntr < funcctx->max_calls)
	{
		const IcmLedgerEntry *entry = &ledger->entries[funcctx->call_cntr];
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = DateADTGetDatum(entry->day);
		values[1] = Int32GetDatum(entry->orders);
		values[2] = Float8GetDatum(entry->revenue);
		values[3] = Float8GetDatum(entry->cost);
		SRF_RETURN_NEXT(funcctx,
						HeapTupleGetDatum(heap_form_tuple(funcctx->tuple_desc, values, nulls)));
	}
	SRF_RETURN_DONE(funcctx);
}
