/*
 * ledger_calc.c
 *		What a ledger says, computed; see ledger_calc.h.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "common/check.h"
#include "math/exactsum.h"
#include "value/ledger_calc.h"

/* The number of entries before the given day. */
static int
CountBefore(const IcmLedger *ledger, DateADT day)
{
	int			low = 0,
				high = ICM_LEDGER_COUNT(ledger);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ledger->entries[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of entries up to and including the given day. */
static int
CountThrough(const IcmLedger *ledger, DateADT day)
{
	return DATE_IS_NOEND(day) ? ICM_LEDGER_COUNT(ledger) : CountBefore(ledger, day + 1);
}

double
IcmLedgerSum(const IcmLedger *ledger, IcmMoney money, DateADT from_day, DateADT to_day)
{
	IcmExactSum sum;
	int			end = CountThrough(ledger, to_day);

	IcmExactSumInit(&sum);
	for (int i = CountBefore(ledger, from_day); i < end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (money != ICM_COST)
			IcmExactSumAdd(&sum, ledger->entries[i].revenue);
		if (money != ICM_REVENUE)
			IcmExactSumAdd(&sum, money == ICM_COST ? ledger->entries[i].cost : -ledger->entries[i].cost);
	}
	return IcmExactSumRound(&sum);
}

double
IcmLedgerDecayed(const IcmLedger *ledger, DateADT as_of, double half_life_days)
{
	IcmExactSum sum;
	int			end = CountThrough(ledger, as_of);

	IcmExactSumInit(&sum);
	for (int i = 0; i < end; i++)
	{
		const IcmLedgerEntry *entry = &ledger->entries[i];
		double		weight = exp2(-((double) as_of - entry->day) / half_life_days);

		CHECK_FOR_INTERRUPTS();
		IcmExactSumAdd(&sum, entry->revenue * weight);
		IcmExactSumAdd(&sum, -entry->cost * weight);
	}
	return IcmExactSumRound(&sum);
}

IcmPurchases
IcmLedgerPurchases(const IcmLedger *ledger, DateADT as_of)
{
	IcmPurchases result = {0};
	IcmExactSum sum;
	int			end = CountThrough(ledger, as_of);
	double		first_revenue = 0.0;

	IcmExactSumInit(&sum);
	for (int i = 0; i < end; i++)
	{
		const IcmLedgerEntry *entry = &ledger->entries[i];

		CHECK_FOR_INTERRUPTS();
		if (entry->orders == 0)
			continue;
		if (result.days++ == 0)
		{
			result.first = entry->day;
			first_revenue = entry->revenue;
		}
		else
			IcmExactSumAdd(&sum, entry->revenue);
		result.last = entry->day;
	}
	result.repeat_revenue = IcmExactSumRound(&sum);
	IcmExactSumAdd(&sum, first_revenue);
	result.revenue = IcmExactSumRound(&sum);
	return result;
}

bool
IcmLedgerBtyd(const IcmLedger *ledger, DateADT as_of, double unit_days, IcmBtyd *btyd)
{
	IcmPurchases purchases;

	IcmCheckAsOf(as_of);
	purchases = IcmLedgerPurchases(ledger, as_of);
	if (purchases.days == 0)
		return false;
	btyd->x = purchases.days - 1;
	btyd->t_x = ((double) purchases.last - purchases.first) / unit_days;
	btyd->t = IcmCheckResult(((double) as_of - purchases.first) / unit_days);
	btyd->m = btyd->x > 0 ? IcmCheckResult(purchases.repeat_revenue / btyd->x) : 0.0;
	return true;
}

IcmServing
IcmLedgerServing(const IcmLedger *ledger, DateADT as_of)
{
	IcmServing	result = {0};
	IcmExactSum revenue,
				contribution,
				cost;
	int			end = CountThrough(ledger, as_of);

	IcmExactSumInit(&revenue);
	IcmExactSumInit(&contribution);
	IcmExactSumInit(&cost);
	for (int i = 0; i < end; i++)
	{
		const IcmLedgerEntry *entry = &ledger->entries[i];

		CHECK_FOR_INTERRUPTS();
		IcmExactSumAdd(&contribution, entry->revenue);
		if (entry->orders > 0)
		{
			result.days++;
			IcmExactSumAdd(&revenue, entry->revenue);
			IcmExactSumAdd(&contribution, -entry->cost);
		}
		else
			IcmExactSumAdd(&cost, entry->cost);
	}
	result.revenue = IcmExactSumRound(&revenue);
	result.contribution = IcmExactSumRound(&contribution);
	result.cost = IcmExactSumRound(&cost);
	return result;
}
