/*
 * ledger.h
 *		The icm_ledger type: what one customer bought and cost, by day.
 *
 * Money is float8 in the ledger's one currency; a day is a PostgreSQL date.
 * The computing (ledger_calc.c) sees only IcmLedger and its entries; the SQL
 * faces are ledger.c (text, binary, accessors) and ledger_agg.c (building).
 */
#ifndef ICM_LEDGER_H
#define ICM_LEDGER_H

#include "common/compat.h"
#include "utils/date.h"

#define ICM_LEDGER_VERSION 1

/* One active day: 24 bytes. */
typedef struct IcmLedgerEntry
{
	DateADT		day;
	int32		orders;			/* events with revenue >= 0 */
	double		revenue;		/* refunds are negative */
	double		cost;			/* goods, contacts, calls, returns */
} IcmLedgerEntry;

/*
 * An event's amounts are within ICM_EVENT_MAX, so that no number of events that
 * can be counted adds up to a day beyond ICM_DAY_MAX, and no number of days that
 * a ledger can hold to more than float8 does. So no sum of a ledger overflows on
 * the way, and whether one is refused cannot depend on the order of its terms.
 */
#define ICM_EVENT_MAX 1e280
#define ICM_DAY_MAX 1e300

/*
 * The stored form: entries ascend by day, one an active day; 8 + 24 n bytes.
 * An entry without orders never has positive revenue. Amounts are within
 * ICM_DAY_MAX, and never negative zero: equal ledgers have equal bytes.
 */
typedef struct IcmLedger
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_LEDGER_VERSION */
	uint8		flags;			/* 0, or ICM_LEDGER_OPEN */
	uint16		zero;			/* padding */
	IcmLedgerEntry entries[FLEXIBLE_ARRAY_MEMBER];
} IcmLedger;

/* Set in the form that aggregates build in; see ledger_agg.c. */
#define ICM_LEDGER_OPEN 0x01

#define ICM_LEDGER_SIZE(n) (offsetof(IcmLedger, entries) + (Size) (n) * sizeof(IcmLedgerEntry))
#define ICM_LEDGER_COUNT(l) ((int) ((VARSIZE(l) - offsetof(IcmLedger, entries)) / sizeof(IcmLedgerEntry)))
#define ICM_LEDGER_MAX ((int) ((MaxAllocSize - offsetof(IcmLedger, entries)) / sizeof(IcmLedgerEntry)))

/* The argument in stored form, whatever form it came in. */
#define PG_GETARG_LEDGER(n) IcmLedgerGet(PG_GETARG_DATUM(n))
extern IcmLedger *IcmLedgerGet(Datum datum);

/* A new ledger with room for n entries, which the caller fills. */
extern IcmLedger *IcmLedgerMake(int n);

/* The stored form of an open ledger; the argument is left as it is. */
extern IcmLedger *IcmLedgerClose(const IcmLedger *ledger);

#endif							/* ICM_LEDGER_H */
