/*
 * fatigue_agg.c
 *		icm_fatigue_agg, and icm_rollup of its results.
 *
 * The transition state is a bytea that holds cells like those of the result, in
 * the same order, and room that doubles when it is used up. All it holds are
 * counts, so neither the order of the rows nor their partition changes the
 * result.
 *
 * A state may come from anywhere a bytea can, so it is checked before use.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "contact/fatigue.h"

#define STATE_VERSION 1

typedef struct FatigueState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		zero1;
	uint16		zero2;
	int64		used;			/* cells in use */
	IcmFatigueCell cells[FLEXIBLE_ARRAY_MEMBER];
} FatigueState;

#define STATE_SIZE(n) (offsetof(FatigueState, cells) + (Size) (n) * sizeof(IcmFatigueCell))
#define STATE_ROOM(s) ((int64) ((VARSIZE(s) - offsetof(FatigueState, cells)) / sizeof(IcmFatigueCell)))

StaticAssertDecl(STATE_SIZE(ICM_FATIGUE_CELLS_MAX) < MaxAllocSize / 2, "a state always fits");

/* ---- states --------------------------------------------------------------- */

pg_noreturn static void
CorruptState(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of icm_fatigue_agg is corrupt")));
}

/* A state with room for at least n cells, the room zeroed. */
static FatigueState *
MakeState(int64 n)
{
	FatigueState *state;
	Size		size = 256;

	while (size < STATE_SIZE(n))
		size *= 2;
	state = (FatigueState *) palloc0(size);
	SET_VARSIZE(state, size);
	state->version = STATE_VERSION;
	return state;
}

/* The state, checked as far as each row can afford: no use of it leaves it. */
static FatigueState *
GetState(Datum datum)
{
	FatigueState *state = (FatigueState *) IcmGetAligned(datum);

	if (unlikely(VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION ||
				 state->used < 0 || state->used > STATE_ROOM(state) || state->used > ICM_FATIGUE_CELLS_MAX))
		CorruptState();
	return state;
}

/* Where the cell of a key is, or would be. */
static int
FindCell(const FatigueState *state, int key)
{
	int			low = 0,
				high = (int) state->used;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ICM_FATIGUE_KEY(&state->cells[middle]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Put a cell at this place: the same state, or a larger copy. */
static FatigueState *
Insert(FatigueState *state, int place, const IcmFatigueCell *cell)
{
	int			behind = (int) state->used - place;

	if (state->used == STATE_ROOM(state))
	{
		FatigueState *larger = MakeState(state->used + 1);

		memcpy(larger->cells, state->cells, state->used * sizeof(IcmFatigueCell));
		larger->used = state->used;
		state = larger;
	}
	memmove(&state->cells[place + 1], &state->cells[place], behind * sizeof(IcmFatigueCell));
	state->cells[place] = *cell;
	state->used++;
	return state;
}

static void
AddCounts(IcmFatigueCell *cell, const IcmFatigueCell *more)
{
	if (unlikely(cell->customers < 0 || cell->customers > ICM_FATIGUE_CUSTOMERS_MAX ||
				 cell->responses < 0 || cell->responses > cell->customers))
		CorruptState();
	if (unlikely(more->customers > ICM_FATIGUE_CUSTOMERS_MAX - cell->customers))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers with one dose"),
				 errdetail("A fatigue summary counts at most " INT64_FORMAT " customers a grade and dose.",
						   ICM_FATIGUE_CUSTOMERS_MAX)));
	cell->customers += more->customers;
	cell->responses += more->responses;
}

/* Add a cell whose counts are right. */
static FatigueState *
Add(FatigueState *state, const IcmFatigueCell *cell)
{
	int			key = ICM_FATIGUE_KEY(cell);
	int			place = FindCell(state, key);

	if (place < state->used && ICM_FATIGUE_KEY(&state->cells[place]) == key)
		AddCounts(&state->cells[place], cell);
	else
	{
		/* unless its cells are out of order, a state has no more than there are keys */
		if (unlikely(state->used == ICM_FATIGUE_CELLS_MAX))
			CorruptState();
		state = Insert(state, place, cell);
	}
	return state;
}

/* The summary that a state holds; so also the check of all that a state holds. */
static IcmFatigue *
CloseState(const FatigueState *state)
{
	IcmFatigue *fatigue = IcmFatigueMake((int) state->used);

	for (int i = 0; i < state->used; i++)
	{
		const IcmFatigueCell *cell = &state->cells[i];

		if (cell->zero1 != 0 || cell->zero2 != 0 || IcmFatigueCellFault(cell, i > 0 ? cell - 1 : NULL) != NULL)
			CorruptState();
		fatigue->cells[i] = *cell;
	}
	return fatigue;
}

/* ---- support functions ---------------------------------------------------- */

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_fatigue_agg's support functions");
}

static uint8
GetDose(FunctionCallInfo fcinfo)
{
	int32		dose;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dose of a customer must not be null"),
				 errhint("A customer without a contact has dose 0, as in coalesce(dose, 0).")));
	dose = PG_GETARG_INT32(1);
	if (dose < 0 || dose >= ICM_DOSES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("dose of a customer is out of range"),
				 errdetail("The dose given is %d; a dose is from 0 to %d.", dose, ICM_DOSES_MAX - 1),
				 errhint("Count larger doses as one, as in least(dose, %d), or leave them out with a FILTER clause.", ICM_DOSES_MAX - 1)));
	return (uint8) dose;
}

static bool
GetResponded(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("response of a customer must not be null"),
				 errhint("Leave the customer out with a FILTER clause, or say that no response is none, as in coalesce(responded, false).")));
	return PG_GETARG_BOOL(2);
}

/* (state, dose, responded [, grade]) */
PG_FUNCTION_INFO_V1(icm_fatigue_accum);
Datum
icm_fatigue_accum(PG_FUNCTION_ARGS)
{
	IcmFatigueCell customer = {.grade = ICM_FATIGUE_UNGRADED, .customers = 1};

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return IcmReturnState(fcinfo);	/* a customer of whom nothing was observed */
	customer.dose = GetDose(fcinfo);
	customer.responses = GetResponded(fcinfo) ? 1 : 0;
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		customer.grade = PG_GETARG_GRADE(3);
	PG_RETURN_POINTER(Add(PG_ARGISNULL(0) ? MakeState(0) : GetState(PG_GETARG_DATUM(0)), &customer));
}

/* (state, fatigue): icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_fatigue_rollup_accum);
Datum
icm_fatigue_rollup_accum(PG_FUNCTION_ARGS)
{
	FatigueState *state;
	const IcmFatigue *fatigue;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	state = PG_ARGISNULL(0) ? MakeState(0) : GetState(PG_GETARG_DATUM(0));
	fatigue = PG_GETARG_FATIGUE(1);
	for (int i = 0; i < ICM_FATIGUE_COUNT(fatigue); i++)
		state = Add(state, &fatigue->cells[i]);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_fatigue_combine);
Datum
icm_fatigue_combine(PG_FUNCTION_ARGS)
{
	FatigueState *state;
	const FatigueState *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetState(PG_GETARG_DATUM(1));
	pfree(CloseState(other));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);

	state = GetState(PG_GETARG_DATUM(0));
	for (int i = 0; i < other->used; i++)
		state = Add(state, &other->cells[i]);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_fatigue_final);
Datum
icm_fatigue_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(CloseState(GetState(PG_GETARG_DATUM(0))));
}
