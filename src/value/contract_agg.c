/*
 * contract_agg.c
 *		icm_sbg_fit: contract retention from cohorts counted by period.
 *
 * A row is a cohort: how many contracts were alive at its start and after each
 * renewal. The transition state is a bytea that counts, over all cohorts,
 * the contracts lost at each renewal and those last seen alive after it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "common/aggregate.h"
#include "value/clv_fit.h"
#include "value/clv_model.h"

#define STATE_VERSION 1
#define PERIODS_MAX 10000

typedef struct ContractState
{
	int32		vl_len_;		/* varlena header */
	int32		version;
	double		unit_days;		/* of a period */
	int64		count[FLEXIBLE_ARRAY_MEMBER];	/* lost and kept at renewal 1, 2, ... */
} ContractState;

#define STATE_SIZE(periods) (offsetof(ContractState, count) + 2 * (Size) (periods) * sizeof(int64))
#define STATE_PERIODS(s) ((int) ((VARSIZE(s) - STATE_SIZE(0)) / (2 * sizeof(int64))))

static ContractState *
MakeState(int periods, double unit_days)
{
	ContractState *state = palloc0(STATE_SIZE(periods));

	SET_VARSIZE(state, STATE_SIZE(periods));
	state->version = STATE_VERSION;
	state->unit_days = unit_days;
	return state;
}

static ContractState *
GetState(Datum datum)
{
	ContractState *state = IcmGetAligned(datum);

	if (VARSIZE(state) < STATE_SIZE(1) || state->version != STATE_VERSION || !(state->unit_days > 0.0) ||
		VARSIZE(state) != STATE_SIZE(STATE_PERIODS(state)) || STATE_PERIODS(state) > PERIODS_MAX)
		IcmFitCorrupt();
	return state;
}

/* The state in the first argument with at least this many periods, or a new one. */
static ContractState *
GetWithRoom(FunctionCallInfo fcinfo, int periods, double unit_days)
{
	ContractState *state,
			   *larger;

	if (PG_ARGISNULL(0))
		return MakeState(periods, unit_days);
	state = GetState(PG_GETARG_DATUM(0));
	if (state->unit_days != unit_days)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit_days must be the same for all cohorts of a fit"),
				 errhint("Add what it depends on to GROUP BY.")));
	if (STATE_PERIODS(state) >= periods)
		return state;
	larger = MakeState(periods, unit_days);
	memcpy(larger->count, state->count, VARSIZE(state) - STATE_SIZE(0));
	return larger;
}

static void
Count(int64 *count, int64 n)
{
	if (n < 0)
		IcmFitCorrupt();
	if (pg_add_s64_overflow(*count, n, count))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many contracts in one fit")));
}

/* The counts of a cohort: at least two, not negative, none above the one before. */
static const int64 *
GetCohort(ArrayType *array, int *n)
{
	const int64 *alive = (const int64 *) ARR_DATA_PTR(array);
	const char *fault = NULL;

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) != 1 || *n < 2)
		fault = "It is a one-dimensional array: the contracts at the start, then those alive after each renewal.";
	else if (*n > PERIODS_MAX + 1)
		fault = "A cohort has at most 10000 renewals.";
	else if (array_contains_nulls(array))
		fault = "It must not contain nulls; leave periods that are still to come out.";
	for (int i = 0; fault == NULL && i < *n; i++)
	{
		if (alive[i] < 0)
			fault = "A number of contracts must not be negative.";
		else if (i > 0 && alive[i] > alive[i - 1])
			fault = "The number of contracts alive cannot rise from one renewal to the next.";
	}
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alive_by_period is not a cohort of contracts"),
				 errdetail("%s", fault)));
	return alive;
}

/* (state, alive_by_period [, unit_days]) */
PG_FUNCTION_INFO_V1(icm_sbg_accum);
Datum
icm_sbg_accum(PG_FUNCTION_ARGS)
{
	double		unit_days = IcmFitUnit(fcinfo, 2, ICM_CONTRACT_UNIT_DAYS);
	ContractState *state;
	const int64 *alive;
	int			n;

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	alive = GetCohort(PG_GETARG_ARRAYTYPE_P(1), &n);
	state = GetWithRoom(fcinfo, n - 1, unit_days);
	for (int i = 1; i < n; i++)
		Count(&state->count[2 * (i - 1)], alive[i - 1] - alive[i]);
	Count(&state->count[2 * (n - 2) + 1], alive[n - 1]);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_sbg_combine);
Datum
icm_sbg_combine(PG_FUNCTION_ARGS)
{
	ContractState *state;
	const ContractState *other;

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetState(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state = GetWithRoom(fcinfo, STATE_PERIODS(other), other->unit_days);
	for (int i = 0; i < 2 * STATE_PERIODS(other); i++)
		Count(&state->count[i], other->count[i]);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_sbg_final);
Datum
icm_sbg_final(PG_FUNCTION_ARGS)
{
	const ContractState *state;
	IcmClvModel *model = IcmClvModelMake();
	int			periods;
	int64	   *lost,
			   *kept;
	int64		contracts = 0;
	int			which = 0;

	IcmFitCheckCall(fcinfo);
	state = GetState(PG_GETARG_DATUM(0));
	periods = STATE_PERIODS(state);
	lost = palloc(periods * sizeof(int64));
	kept = palloc(periods * sizeof(int64));
	for (int i = 0; i < periods; i++)
	{
		lost[i] = state->count[2 * i];
		kept[i] = state->count[2 * i + 1];
		Count(&contracts, lost[i]);
		Count(&contracts, kept[i]);
	}
	IcmFitCheck(IcmFitContract(lost, kept, periods, &IcmFitServer, &model->purchase, &which),
				ICM_SBG, &model->purchase, which);
	model->process = ICM_SBG;
	model->unit_days = state->unit_days;
	PG_RETURN_POINTER(model);
}
