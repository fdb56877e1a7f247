/*
 * migration_agg.c
 *		icm_migration_agg, and icm_rollup of migrations.
 *
 * The transition state is a bytea that holds entries like the cells of the
 * result, in the same order, and room that doubles when it is used up. The sum
 * of a cell is exact until the end: a cell has as many entries, one after
 * another, as its exact sum has terms (math/exactsum.h), the first of which
 * counts the customers. The final function rounds each sum once. So neither the
 * order of the customers nor their partition over parallel workers changes a bit
 * of the result.
 *
 * A state may come from anywhere a bytea can, so it is checked before use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "grade/migration.h"
#include "math/exactsum.h"

#define STATE_VERSION 1

typedef struct MigrationState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		zero1;
	uint16		zero2;
	int64		used;			/* entries in use */
	IcmMigrationCell entries[FLEXIBLE_ARRAY_MEMBER];
} MigrationState;

#define STATE_SIZE(n) (offsetof(MigrationState, entries) + (Size) (n) * sizeof(IcmMigrationCell))
#define STATE_ROOM(s) ((int64) ((VARSIZE(s) - offsetof(MigrationState, entries)) / sizeof(IcmMigrationCell)))
#define STATE_ENTRIES_MAX (ICM_MIGRATION_CELLS_MAX * ICM_EXACTSUM_TERMS)

StaticAssertDecl(STATE_SIZE(STATE_ENTRIES_MAX) < MaxAllocSize / 2, "a state always fits");

/* ---- states --------------------------------------------------------------- */

pg_noreturn static void
CorruptState(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of icm_migration_agg is corrupt")));
}

/* A state with room for at least n entries, the room zeroed. */
static MigrationState *
MakeState(int64 n)
{
	MigrationState *state;
	Size		size = 1024;

	while (size < STATE_SIZE(n))
		size *= 2;
	state = (MigrationState *) palloc0(size);
	SET_VARSIZE(state, size);
	state->version = STATE_VERSION;
	return state;
}

/* The state, checked as far as each row can afford: no use of it leaves it. */
static MigrationState *
GetState(Datum datum)
{
	MigrationState *state = (MigrationState *) IcmGetAligned(datum);

	if (unlikely(VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION ||
				 state->used < 0 || state->used > STATE_ROOM(state) || state->used > STATE_ENTRIES_MAX))
		CorruptState();
	return state;
}

/* Where the entries of a key begin, or would. */
static int
FindEntry(const MigrationState *state, int key)
{
	int			low = 0,
				high = (int) state->used;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ICM_MIGRATION_KEY(&state->entries[middle]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many entries from this one on are of its key. */
static int
CountTerms(const MigrationState *state, int first)
{
	int			key = ICM_MIGRATION_KEY(&state->entries[first]);
	int			next = first + 1;

	while (next < state->used && ICM_MIGRATION_KEY(&state->entries[next]) == key)
		next++;
	if (unlikely(next - first > ICM_EXACTSUM_TERMS))
		CorruptState();
	return next - first;
}

/* Make the n entries at this place as many as asked for: the same state, or a larger copy. */
static MigrationState *
Resize(MigrationState *state, int first, int n, int asked)
{
	int64		used = state->used + asked - n;
	int			behind = (int) state->used - first - n;

	if (used > STATE_ROOM(state))
	{
		MigrationState *larger = MakeState(used);

		memcpy(larger->entries, state->entries, state->used * sizeof(IcmMigrationCell));
		state = larger;
	}
	memmove(&state->entries[first + asked], &state->entries[first + n], behind * sizeof(IcmMigrationCell));
	state->used = used;
	return state;
}

/* The sum that the n entries of a cell hold, whatever they came from. */
static void
SumEntries(IcmExactSum *sum, const IcmMigrationCell *entries, int n)
{
	IcmExactSumInit(sum);
	for (int i = 0; i < n; i++)
		IcmExactSumAdd(sum, entries[i].value);
}

static int64
AddCustomers(int64 customers, int64 more)
{
	if (unlikely(customers < 0 || customers > ICM_MIGRATION_CUSTOMERS_MAX))
		CorruptState();
	if (unlikely(more > ICM_MIGRATION_CUSTOMERS_MAX - customers))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers who moved from one grade to another"),
				 errdetail("A migration counts at most " INT64_FORMAT " customers a pair of grades.",
						   ICM_MIGRATION_CUSTOMERS_MAX)));
	return customers + more;
}

/* Add customers of one key, whose values are the n > 0 terms of an exact sum. */
static MigrationState *
Add(MigrationState *state, const IcmMigrationCell *terms, int n)
{
	int			key = ICM_MIGRATION_KEY(terms);
	int			first = FindEntry(state, key);
	bool		found = first < state->used && ICM_MIGRATION_KEY(&state->entries[first]) == key;
	int			had = found ? CountTerms(state, first) : 0;
	int64		customers = AddCustomers(found ? state->entries[first].customers : 0, terms->customers);
	int			has;
	IcmExactSum sum;

	SumEntries(&sum, &state->entries[first], had);
	for (int i = 0; i < n; i++)
		IcmExactSumAdd(&sum, terms[i].value);
	has = Max(sum.n, 1);
	if (has != had)
		state = Resize(state, first, had, has);
	for (int i = 0; i < has; i++)
	{
		IcmMigrationCell *entry = &state->entries[first + i];

		memset(entry, 0, sizeof(*entry));
		entry->previous = terms->previous;
		entry->current = terms->current;
		entry->customers = i == 0 ? customers : 0;
		entry->value = i < sum.n ? sum.term[i] : 0.0;
	}
	return state;
}

/* The n entries of a cell, which follow the given one, as the one it becomes. */
static IcmMigrationCell
RoundCell(const IcmMigrationCell *entries, int n, const IcmMigrationCell *previous)
{
	IcmMigrationCell cell = entries[0];
	IcmExactSum sum;

	for (int i = 1; i < n; i++)
		if (entries[i].customers != 0)
			CorruptState();
	SumEntries(&sum, entries, n);
	cell.value = IcmExactSumRound(&sum);
	if (cell.zero1 != 0 || cell.zero2 != 0 || IcmMigrationCellFault(&cell, previous) != NULL)
		CorruptState();
	return cell;
}

/* The migration that a state holds; so also the check of all that a state holds. */
static IcmMigration *
CloseState(const MigrationState *state)
{
	IcmMigration *migration = IcmMigrationMake((int) state->used);	/* at most */
	int			n = 0;

	for (int i = 0, terms; i < state->used; i += terms)
	{
		terms = CountTerms(state, i);
		migration->cells[n] = RoundCell(&state->entries[i], terms, n > 0 ? &migration->cells[n - 1] : NULL);
		n++;
	}
	SET_VARSIZE(migration, ICM_MIGRATION_SIZE(n));
	return migration;
}

/* ---- support functions ---------------------------------------------------- */

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_migration_agg's support functions");
}

static double
GetValue(FunctionCallInfo fcinfo)
{
	double		value;

	if (PG_NARGS() < 4)
		return 0.0;
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("value of a customer must not be null"),
				 errhint("Leave the customer out with a WHERE or FILTER clause, or say what the value is, as in coalesce(value, 0).")));
	value = PG_GETARG_FLOAT8(3);
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of a customer must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
	if (fabs(value) > ICM_MIGRATION_VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of a customer is out of range"),
				 errdetail("It is from -1e280 to 1e280, so that no sum of them leaves the range of float8.")));
	return value;
}

/* (state, previous, current [, value]) */
PG_FUNCTION_INFO_V1(icm_migration_accum);
Datum
icm_migration_accum(PG_FUNCTION_ARGS)
{
	IcmMigrationCell customer = {.customers = 1};

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return IcmReturnState(fcinfo);	/* a customer in neither period did not move */
	customer.previous = PG_ARGISNULL(1) ? ICM_GRADE_NONE : PG_GETARG_GRADE(1);
	customer.current = PG_ARGISNULL(2) ? ICM_GRADE_NONE : PG_GETARG_GRADE(2);
	customer.value = GetValue(fcinfo);
	PG_RETURN_POINTER(Add(PG_ARGISNULL(0) ? MakeState(0) : GetState(PG_GETARG_DATUM(0)), &customer, 1));
}

/* (state, migration): icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_migration_rollup_accum);
Datum
icm_migration_rollup_accum(PG_FUNCTION_ARGS)
{
	MigrationState *state;
	const IcmMigration *migration;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	state = PG_ARGISNULL(0) ? MakeState(0) : GetState(PG_GETARG_DATUM(0));
	migration = PG_GETARG_MIGRATION(1);
	for (int i = 0; i < ICM_MIGRATION_COUNT(migration); i++)
		state = Add(state, &migration->cells[i], 1);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_migration_combine);
Datum
icm_migration_combine(PG_FUNCTION_ARGS)
{
	MigrationState *state;
	const MigrationState *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetState(PG_GETARG_DATUM(1));
	pfree(CloseState(other));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);

	state = GetState(PG_GETARG_DATUM(0));
	for (int i = 0, terms; i < other->used; i += terms)
	{
		CHECK_FOR_INTERRUPTS();
		terms = CountTerms(other, i);
		state = Add(state, &other->entries[i], terms);
	}
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_migration_final);
Datum
icm_migration_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(CloseState(GetState(PG_GETARG_DATUM(0))));
}
