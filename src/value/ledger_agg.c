/*
 * ledger_agg.c
 *		Building ledgers: adding events, merging, the aggregates.
 *
 * An aggregate builds in an open ledger, which is an icm_ledger too, flagged
 * ICM_LEDGER_OPEN: room at the end, entries perhaps unsorted, perhaps several
 * for one day. It is changed in place, so that a row costs no allocation; when
 * the room is used up the entries are sorted and those of one day summed, and
 * only if that frees less than half does the ledger double. The type is the
 * transition state, not "internal", so that a distributed engine can ship it;
 * everything that reads a ledger closes an open one first.
 *
 * The sum of a day is exact until the ledger is closed: an amount is added in
 * place where that rounds nothing off, else it stays an entry of its own, and
 * summing the entries of a day leaves as many entries as the exact sum needs
 * (math/exactsum.h). Closing rounds once. So neither the order of the events
 * nor their partition over parallel workers changes a bit of the result.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "common/flat.h"
#include "math/exactsum.h"
#include "value/ledger.h"

typedef struct OpenLedger
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		flags;			/* ICM_LEDGER_OPEN, perhaps LEDGER_UNSORTED */
	uint16		zero;
	int32		used;			/* entries in use */
	DateADT		last_day;		/* of the last one */
	IcmLedgerEntry entries[FLEXIBLE_ARRAY_MEMBER];
} OpenLedger;

#define LEDGER_UNSORTED 0x02		/* some day is before its predecessor */

#define OPEN_SIZE(n) (offsetof(OpenLedger, entries) + (Size) (n) * sizeof(IcmLedgerEntry))
#define OPEN_ROOM(l) ((int) ((VARSIZE(l) - offsetof(OpenLedger, entries)) / sizeof(IcmLedgerEntry)))

static inline bool
IsOpen(const void *ledger)
{
	return (((const IcmLedger *) ledger)->flags & ICM_LEDGER_OPEN) != 0;
}

static inline bool
IsAscending(const OpenLedger *open)
{
	return (open->flags & LEDGER_UNSORTED) == 0;
}

#ifdef USE_ASSERT_CHECKING
static void
AssertCheckOpen(const OpenLedger *open)
{
	Assert(IsOpen(open) && open->zero == 0);
	Assert(open->used >= 0 && open->used <= OPEN_ROOM(open));
	for (int i = 0; i < open->used; i++)
	{
		Assert(open->entries[i].orders >= 0);
		Assert(isfinite(open->entries[i].revenue) && isfinite(open->entries[i].cost));
		Assert(i == 0 || !IsAscending(open) || open->entries[i - 1].day <= open->entries[i].day);
	}
	Assert(open->used == 0 || open->last_day == open->entries[open->used - 1].day);
}
#else
#define AssertCheckOpen(open) ((void) 0)
#endif

/*
 * Room for at least n entries, in a chunk whose size is a power of two, as the
 * allocator would round it up to anyway. The room is zeroed: an aggregate
 * without a final function may store it.
 */
static OpenLedger *
MakeOpen(int64 n)
{
	OpenLedger *open;
	Size		size = 64;

	if (OPEN_SIZE(n) > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("ledger is too large"),
				 errdetail("A ledger holds at most %d active days.", ICM_LEDGER_MAX)));
	while (size < OPEN_SIZE(n))
		size *= 2;
	size = Min(size, MaxAllocSize);

	open = IcmFlatMake(size, ICM_LEDGER_VERSION);
	open->flags = ICM_LEDGER_OPEN;
	return open;
}

static int
CompareDays(const void *a, const void *b)
{
	DateADT		x = ((const IcmLedgerEntry *) a)->day;
	DateADT		y = ((const IcmLedgerEntry *) b)->day;

	CHECK_FOR_INTERRUPTS();
	return (x > y) - (x < y);
}

/*
 * Sum the n > 1 entries of one day into as few as hold the sum exactly, or
 * into one, rounded. They are written from result on, which may be the entries
 * themselves: an exact sum never has more terms than it had summands.
 */
static int
SumDay(IcmLedgerEntry *result, const IcmLedgerEntry *entries, int n, bool exact)
{
	IcmExactSum revenue,
				cost;
	DateADT		day = entries[0].day;
	int64		orders = 0;
	int			terms;

	IcmExactSumInit(&revenue);
	IcmExactSumInit(&cost);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		orders += entries[i].orders;
		IcmExactSumAdd(&revenue, entries[i].revenue);
		IcmExactSumAdd(&cost, entries[i].cost);
	}
	if (orders > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many orders on one day"),
				 errdetail("A ledger counts at most %d orders a day.", PG_INT32_MAX)));

	terms = exact ? Max(1, Max(revenue.n, cost.n)) : 1;
	for (int i = 0; i < terms; i++)
	{
		result[i].day = day;
		result[i].orders = i == 0 ? (int32) orders : 0;
		result[i].revenue = i < revenue.n ? revenue.term[i] : 0.0;
		result[i].cost = i < cost.n ? cost.term[i] : 0.0;
	}
	if (!exact)
	{
		result[0].revenue = IcmExactSumRound(&revenue);
		result[0].cost = IcmExactSumRound(&cost);
		if (fabs(result[0].revenue) > ICM_DAY_MAX || fabs(result[0].cost) > ICM_DAY_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("revenue or cost of one day is out of range"),
					 errdetail("They are numbers from -1e300 to 1e300.")));
	}
	return terms;
}

/* Sort the entries, and sum those of each day; returns how many are left. */
static int
SumDays(IcmLedgerEntry *entries, int n, bool ascending, bool exact)
{
	int			kept = 0;

	if (!ascending)
		qsort(entries, n, sizeof(IcmLedgerEntry), CompareDays);
	for (int i = 0, next; i < n; i = next)
	{
		for (next = i + 1; next < n && entries[next].day == entries[i].day; next++)
			CHECK_FOR_INTERRUPTS();
		if (next == i + 1)
			entries[kept++] = entries[i];
		else
			kept += SumDay(&entries[kept], &entries[i], next - i, exact);
	}
	return kept;
}

/*
 * The ledger with room for n more entries after summing up: the same one, or a
 * larger copy.
 */
static OpenLedger *
Enlarge(OpenLedger *open, int n)
{
	OpenLedger *larger;

	open->used = SumDays(open->entries, open->used, IsAscending(open), true);
	open->flags &= ~LEDGER_UNSORTED;
	if (open->used > 0)
		open->last_day = open->entries[open->used - 1].day;
	AssertCheckOpen(open);
	if (n <= OPEN_ROOM(open) - open->used &&
		(open->used + n <= OPEN_ROOM(open) / 2 || OPEN_ROOM(open) >= ICM_LEDGER_MAX - 1))
		return open;

	larger = MakeOpen(Max((int64) open->used + n,
						  Min(OPEN_ROOM(open) * INT64CONST(2), (int64) ICM_LEDGER_MAX - 1)));
	memcpy(larger->entries, open->entries, open->used * sizeof(IcmLedgerEntry));
	larger->used = open->used;
	larger->last_day = open->last_day;
	return larger;
}

/* The ledger with room for n more entries. */
static inline OpenLedger *
MakeRoom(OpenLedger *open, int n)
{
	return likely(n <= OPEN_ROOM(open) - open->used) ? open : Enlarge(open, n);
}

/* Add an event to the last entry, of the same day, if that rounds nothing off. */
static bool
AddInPlace(IcmLedgerEntry *last, const IcmLedgerEntry *event)
{
	double		revenue,
				cost,
				revenue_error,
				cost_error;
	int32		orders;

	revenue = IcmTwoSum(last->revenue, event->revenue, &revenue_error);
	cost = IcmTwoSum(last->cost, event->cost, &cost_error);
	if (revenue_error != 0.0 || cost_error != 0.0 ||
		pg_add_s32_overflow(last->orders, event->orders, &orders))
		return false;
	last->orders = orders;
	last->revenue = revenue;
	last->cost = cost;
	return true;
}

/*
 * Append an entry; there must be room. The header says what the last day is, so
 * that a row of a large hash table touches one line of memory less.
 */
static inline void
Append(OpenLedger *open, const IcmLedgerEntry *entry)
{
	if (open->used > 0 && entry->day < open->last_day)
		open->flags |= LEDGER_UNSORTED;
	open->last_day = entry->day;
	open->entries[open->used++] = *entry;
}

static OpenLedger *
Add(OpenLedger *open, const IcmLedgerEntry *event)
{
	if (open->used > 0 && open->last_day == event->day &&
		AddInPlace(&open->entries[open->used - 1], event))
		return open;
	open = MakeRoom(open, 1);
	Append(open, event);
	return open;
}

/* Append all entries of a ledger, open or closed. */
static OpenLedger *
AppendAll(OpenLedger *open, const IcmLedger *ledger)
{
	const IcmLedgerEntry *entries = ledger->entries;
	int			n = ICM_LEDGER_COUNT(ledger);

	if (IsOpen(ledger))
	{
		entries = ((const OpenLedger *) ledger)->entries;
		n = ((const OpenLedger *) ledger)->used;
	}
	open = MakeRoom(open, n);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		Append(open, &entries[i]);
	}
	return open;
}

IcmLedger *
IcmLedgerClose(const IcmLedger *ledger)
{
	const OpenLedger *open = (const OpenLedger *) ledger;
	IcmLedger  *result;
	int			n = open->used;

	AssertCheckOpen(open);
	result = IcmLedgerMake(n);
	memcpy(result->entries, open->entries, n * sizeof(IcmLedgerEntry));
	n = SumDays(result->entries, n, IsAscending(open), false);
	SET_VARSIZE(result, ICM_LEDGER_SIZE(n));
	return result;
}

/*
 * The transition state in the first argument, to be changed in place: an
 * aggregate passes it, and it was made open by this file. Else NULL.
 */
static inline OpenLedger *
GetTransitionState(FunctionCallInfo fcinfo)
{
	void	   *state = PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(0) || !VARATT_IS_4B_U(state) || !IsOpen(state) || !AggCheckCallContext(fcinfo, NULL))
		return NULL;
	return (OpenLedger *) state;
}

/* An open copy of the first argument, with room for n more entries. */
static OpenLedger *
CopyOpen(FunctionCallInfo fcinfo, int n)
{
	IcmLedger  *ledger;

	if (PG_ARGISNULL(0))
		return MakeOpen(n);
	ledger = PG_GETARG_LEDGER(0);
	return AppendAll(MakeOpen((int64) ICM_LEDGER_COUNT(ledger) + n), ledger);
}

/* A copy that was added to: an aggregate goes on with it open. */
static Datum
ReturnCopy(FunctionCallInfo fcinfo, OpenLedger *open)
{
	if (AggCheckCallContext(fcinfo, NULL))
		PG_RETURN_POINTER(open);
	PG_RETURN_POINTER(IcmLedgerClose((IcmLedger *) open));
}

static void
CheckAmount(double amount, const char *what)
{
	if (!isfinite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite number", what),
				 errdetail("The %s given is %s.", what, isnan(amount) ? "NaN" : "infinite")));
	if (fabs(amount) > ICM_EVENT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of an event is out of range", what),
				 errdetail("An amount is from -1e280 to 1e280, so that no sum of them leaves the range of float8.")));
}

/*
 * The event in arguments 2 and 3; false if both are NULL: nothing happened.
 * Revenue that is given and not negative is an order.
 */
static bool
GetEvent(FunctionCallInfo fcinfo, IcmLedgerEntry *event)
{
	bool		has_revenue = !PG_ARGISNULL(2);
	bool		has_cost = PG_NARGS() > 3 && !PG_ARGISNULL(3);

	if (!has_revenue && !has_cost)
		return false;
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("day of an event must not be null"),
				 errhint("Leave events without a day out with a WHERE or FILTER clause, or give them one.")));

	/* adding zero turns negative zero into zero: equal values, equal bytes */
	event->revenue = has_revenue ? PG_GETARG_FLOAT8(2) + 0.0 : 0.0;
	event->cost = has_cost ? PG_GETARG_FLOAT8(3) + 0.0 : 0.0;
	event->orders = has_revenue && event->revenue >= 0.0;
	CheckAmount(event->revenue, "revenue");
	CheckAmount(event->cost, "cost");
	return true;
}

static Datum
AddEvent(FunctionCallInfo fcinfo, IcmLedgerEntry *event)
{
	OpenLedger *state = GetTransitionState(fcinfo);

	if (DATE_NOT_FINITE(event->day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("day of an event must be finite")));
	if (state != NULL)
		PG_RETURN_POINTER(Add(state, event));
	return ReturnCopy(fcinfo, Add(CopyOpen(fcinfo, 1), event));
}

/* icm_ledger_add(icm_ledger, date, revenue [, cost]); transition function too */
PG_FUNCTION_INFO_V1(icm_ledger_add);
Datum
icm_ledger_add(PG_FUNCTION_ARGS)
{
	IcmLedgerEntry event;

	if (!GetEvent(fcinfo, &event))
		return IcmReturnState(fcinfo);
	event.day = PG_GETARG_DATEADT(1);
	return AddEvent(fcinfo, &event);
}

/* the same with a timestamp; its day is what ::date makes of it */
PG_FUNCTION_INFO_V1(icm_ledger_add_timestamp);
Datum
icm_ledger_add_timestamp(PG_FUNCTION_ARGS)
{
	IcmLedgerEntry event;

	if (!GetEvent(fcinfo, &event))
		return IcmReturnState(fcinfo);
	event.day = DatumGetDateADT(DirectFunctionCall1(timestamp_date, PG_GETARG_DATUM(1)));
	return AddEvent(fcinfo, &event);
}

/* the same with a timestamptz; its day is the one in the session's time zone */
PG_FUNCTION_INFO_V1(icm_ledger_add_timestamptz);
Datum
icm_ledger_add_timestamptz(PG_FUNCTION_ARGS)
{
	IcmLedgerEntry event;

	if (!GetEvent(fcinfo, &event))
		return IcmReturnState(fcinfo);
	event.day = DatumGetDateADT(DirectFunctionCall1(timestamptz_date, PG_GETARG_DATUM(1)));
	return AddEvent(fcinfo, &event);
}

/* icm_ledger_merge(icm_ledger, icm_ledger): combine function, and icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_ledger_merge);
Datum
icm_ledger_merge(PG_FUNCTION_ARGS)
{
	OpenLedger *state = GetTransitionState(fcinfo);
	const IcmLedger *other;

	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmFlatGet(PG_GETARG_DATUM(1), ICM_LEDGER_SIZE(0), ICM_LEDGER_VERSION, "icm_ledger");
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	if (state != NULL)
		PG_RETURN_POINTER(AppendAll(state, other));
	return ReturnCopy(fcinfo, AppendAll(CopyOpen(fcinfo, 0), other));
}

/* the stored form of the transition state */
PG_FUNCTION_INFO_V1(icm_ledger_final);
Datum
icm_ledger_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_LEDGER(0));
}
