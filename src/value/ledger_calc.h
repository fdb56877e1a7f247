/*
 * ledger_calc.h
 *		What a ledger says, computed. No fmgr here.
 *
 * Whatever lies after as_of is not seen. A purchase day is a day with orders.
 * Sums are exact and rounded once (math/exactsum.h), and cannot overflow, as
 * the amounts of a day are bounded.
 */
#ifndef ICM_LEDGER_CALC_H
#define ICM_LEDGER_CALC_H

#include "value/ledger.h"

typedef enum IcmMoney
{
	ICM_REVENUE,
	ICM_COST,
	ICM_CONTRIBUTION			/* revenue - cost */
} IcmMoney;

/* The sum over from_day <= day <= to_day. */
extern double IcmLedgerSum(const IcmLedger *ledger, IcmMoney money, DateADT from_day, DateADT to_day);

/* Sum of contribution * 2^(-age / half_life_days), age in days before as_of. */
extern double IcmLedgerDecayed(const IcmLedger *ledger, DateADT as_of, double half_life_days);

/* Purchase days up to as_of, first excluded from the repeats. */
typedef struct IcmPurchases
{
	int			days;			/* purchase days */
	DateADT		first;			/* valid if days > 0 */
	DateADT		last;
	double		revenue;		/* of all purchase days */
	double		repeat_revenue; /* of all but the first */
} IcmPurchases;

extern IcmPurchases IcmLedgerPurchases(const IcmLedger *ledger, DateADT as_of);

/* What the models of answer.h need to know of a customer, times in units of unit_days. */
typedef struct IcmBtyd
{
	int			x;				/* repeat purchase days */
	double		t_x;			/* from the first to the last */
	double		t;				/* from the first to as_of */
	double		m;				/* mean revenue of a repeat purchase day; 0 if there is none */
} IcmBtyd;

/* False if there is no purchase up to as_of. Errors: 22008 for an as_of that is not finite. */
extern bool IcmLedgerBtyd(const IcmLedger *ledger, DateADT as_of, double unit_days, IcmBtyd *btyd);

/*
 * What a customer's purchases and service have cost so far. Days with orders
 * are purchases; all else (calls, returns, visits) happens on the other days.
 */
typedef struct IcmServing
{
	int			days;			/* purchase days */
	double		revenue;		/* of the purchase days */
	double		contribution;	/* of the purchase days, less refunds on other days */
	double		cost;			/* of the other days: the cost to serve */
} IcmServing;

extern IcmServing IcmLedgerServing(const IcmLedger *ledger, DateADT as_of);

#endif							/* ICM_LEDGER_CALC_H */
