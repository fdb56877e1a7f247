/*
 * allocate_agg.c
 *		icm_allocate_agg: sharing a budget among the rows that are aggregated.
 *
 * The transition state is a bytea that grows (common/growing.h) and holds the claim
 * of every row: a header, and the claims in the order they came.
 * There is no combine function: which of two equal remainders comes first, and
 * which element of the result is whose, is a matter of the order of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "common/aggregate.h"
#include "common/growing.h"
#include "invest/claims.h"

#define STATE_VERSION 1
#define NUMERIC_SCALE_LIMIT 16383	/* decimals that a numeric can have */

typedef struct Claim
{
	double		weight;			/* or ICM_TAKES_NO_PART; then the rest is 0 */
	int64		floor;
	int64		cap;
} Claim;

typedef struct AllocateState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		zero;			/* padding */
	uint16		scale;			/* decimals of a unit */
	int64		budget;			/* units; -1: NULL */
	int64		n;				/* claims in use */
	Claim		claims[FLEXIBLE_ARRAY_MEMBER];
} AllocateState;

#define STATE_SIZE(n) (offsetof(AllocateState, claims) + (Size) (n) * sizeof(Claim))
#define CLAIMS_MAX ((int64) ((ICM_GROWING_MAX - STATE_SIZE(0)) / sizeof(Claim)))

static void
StateCorrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of icm_allocate_agg is corrupt")));
}

static AllocateState *
NewState(int64 budget, int scale)
{
	AllocateState *state = IcmGrowingNew();

	state->version = STATE_VERSION;
	state->scale = scale;
	state->budget = budget;
	return state;
}

static Size
UsedOf(const void *value)
{
	const AllocateState *state = value;

	if (VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION || state->scale > NUMERIC_SCALE_LIMIT ||
		state->budget < -1 || state->budget > ICM_BUDGET_MAX || state->n < 0 || state->n > CLAIMS_MAX ||
		STATE_SIZE(state->n) > VARSIZE(state))
		StateCorrupt();
	return STATE_SIZE(state->n);
}

/* The state with room for one more claim. */
static AllocateState *
MakeRoom(FunctionCallInfo fcinfo, AllocateState *state)
{
	if (likely(STATE_SIZE(state->n + 1) <= VARSIZE(state)))
		return state;
	if (state->n >= CLAIMS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for icm_allocate_agg"),
				 errdetail("It shares a budget among at most " INT64_FORMAT " rows.", CLAIMS_MAX),
				 errhint("Use the window function icm_allocate.")));
	return IcmGrow(fcinfo, state, STATE_SIZE(state->n + 1), UsedOf);
}

/* What was read last, kept between the rows. */
static IcmAmounts *
GetAmounts(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(IcmAmounts));
	return fcinfo->flinfo->fn_extra;
}

static const Datum *
GetBound(FunctionCallInfo fcinfo, int number)
{
	return number >= PG_NARGS() || PG_ARGISNULL(number) ? NULL : &fcinfo->args[number].value;
}

/* (state, budget, weight [, floor [, cap]]) */
PG_FUNCTION_INFO_V1(icm_allocate_accum);
Datum
icm_allocate_accum(PG_FUNCTION_ARGS)
{
	IcmAmounts *amounts = GetAmounts(fcinfo);
	AllocateState *state;
	int64		budget = -1;
	int			scale = 0;
	Claim	   *claim;

	IcmCheckAggregate(fcinfo, "icm_allocate_agg's support functions");
	if (!PG_ARGISNULL(1))
	{
		budget = IcmReadBudget(amounts, PG_GETARG_DATUM(1));
		scale = amounts->scale;
	}
	state = PG_ARGISNULL(0) ? NewState(budget, scale) : IcmGrowingOwn(fcinfo, UsedOf);
	if (state->budget != budget || state->scale != scale)
		IcmBudgetsDiffer(state->budget, state->scale, budget, scale, "a group", "Add what it depends on to GROUP BY.");
	if (budget < 0)
		return IcmGrowingReturn(state);

	state = MakeRoom(fcinfo, state);
	claim = &state->claims[state->n++];
	if (PG_ARGISNULL(2))
		*claim = (Claim) {.weight = ICM_TAKES_NO_PART};
	else
	{
		claim->weight = IcmReadWeight(PG_GETARG_FLOAT8(2));
		claim->floor = IcmReadFloor(amounts, GetBound(fcinfo, 3));
		claim->cap = IcmReadCap(amounts, GetBound(fcinfo, 4), claim->floor);
	}
	return IcmGrowingReturn(state);
}

static bool
ClaimIsValid(const Claim *claim)
{
	if (claim->weight == ICM_TAKES_NO_PART)
		return claim->floor == 0 && claim->cap == 0;
	return isfinite(claim->weight) && claim->weight >= 0.0 &&
		claim->floor >= 0 && claim->floor <= claim->cap && claim->cap <= ICM_BUDGET_MAX;
}

PG_FUNCTION_INFO_V1(icm_allocate_final);
Datum
icm_allocate_final(PG_FUNCTION_ARGS)
{
	const AllocateState *state = IcmGrowingGet(PG_GETARG_DATUM(0), UsedOf);
	IcmClaims	claims;

	if (state->budget < 0)
		PG_RETURN_NULL();
	IcmClaimsInit(&claims, state->n, true, true);
	for (int64 i = 0; i < state->n; i++)
	{
		const Claim *claim = &state->claims[i];

		if (unlikely(!ClaimIsValid(claim)))
			StateCorrupt();
		claims.weight[i] = claim->weight;
		claims.floor[i] = claim->floor;
		claims.cap[i] = claim->cap;
	}
	return IcmSharesToArray(IcmShareOut(&claims, state->budget, state->scale, CurrentMemoryContext),
							state->n, state->scale);
}
