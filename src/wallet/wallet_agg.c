/*
 * wallet_agg.c
 *		icm_wallet_agg, icm_wallet_add, and icm_rollup of icm_wallet.
 *
 * Counts and totals are exact, from row to result and from result to rollup: so
 * neither the order of the customers, nor how they are parted, nor by how many
 * steps they are rolled up changes a bit of the result.
 */
#include "postgres.h"

#include "wallet/share.h"
#include "wallet/wallet.h"
#include "wallet/wallet_state.h"

StaticAssertDecl((int) ICM_WALLET_COUNTS == ICM_WALLET_STATE_COUNTS, "a state has as many counts as a value");

static const IcmWalletStateKind kind = {"icm_wallet_agg", ICM_WALLET_TOTALS};

static IcmWallet *
CloseState(const IcmWalletState *state)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];

	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
		totals[i] = IcmTotalTrim(IcmWalletStateTotal(state, i));
	if (IcmWalletFault(state->count, totals) != NULL)
		IcmWalletStateCorrupt(&kind);
	return IcmWalletMake(state->count, totals);
}

/* The state with what a value holds. A word more than its totals have is for carries. */
static IcmWalletState *
AddWallet(IcmWalletState *state, const IcmWallet *wallet)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];

	IcmWalletTotals(wallet, totals);
	for (int i = 0; i < ICM_WALLET_COUNTS; i++)
		IcmWalletStateCount(state, i, wallet->count[i]);
	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		if (totals[i].n == 0)
			continue;
		state = IcmWalletStateReach(state, totals[i].low, totals[i].low + totals[i].n + 1);
		IcmTotalAdd(&state->words[i * state->n], state->low, state->n, totals[i]);
	}
	return state;
}

/* A customer whose wallet is known. */
static IcmWalletState *
AddKnown(IcmWalletState *state, double own, double wallet)
{
	IcmTerm		own_term,
				wallet_term;

	own = IcmOwnSpend(own, wallet);
	IcmCheckAmount(wallet, "wallet");
	if (wallet == 0.0)
	{
		IcmWalletStateCount(state, ICM_WALLET_NO_SPEND, 1);
		return state;
	}
	IcmWalletStateCount(state, ICM_WALLET_CUSTOMERS, 1);
	wallet_term = IcmTermOf(wallet);
	state = IcmWalletStateAdd(state, ICM_WALLET_WALLET, wallet_term);
	state = IcmWalletStateAdd(state, ICM_WALLET_WALLET_SQUARES, IcmTermProduct(wallet_term, wallet_term));
	if (own == 0.0)
		return state;
	IcmWalletStateCount(state, ICM_WALLET_BUYERS, 1);
	own_term = IcmTermOf(own);
	state = IcmWalletStateAdd(state, ICM_WALLET_OWN, own_term);
	state = IcmWalletStateAdd(state, ICM_WALLET_SHARES, IcmTermOf(own / wallet));
	state = IcmWalletStateAdd(state, ICM_WALLET_OWN_SQUARES, IcmTermProduct(own_term, own_term));
	return IcmWalletStateAdd(state, ICM_WALLET_PRODUCTS, IcmTermProduct(own_term, wallet_term));
}

static IcmWalletState *
AddUnknown(IcmWalletState *state, double own)
{
	IcmCheckOwnSpend(own);
	IcmCheckAmount(own, "own spend");
	IcmWalletStateCount(state, ICM_WALLET_UNKNOWN, 1);
	return own == 0.0 ? state : IcmWalletStateAdd(state, ICM_WALLET_UNKNOWN_OWN, IcmTermOf(own));
}

/* The state with the customer in arguments 1 and 2, own spend and wallet, who is given. */
static IcmWalletState *
AddCustomer(FunctionCallInfo fcinfo, IcmWalletState *state)
{
	IcmCheckOwnGiven(PG_ARGISNULL(1));
	if (PG_ARGISNULL(2))
		return AddUnknown(state, PG_GETARG_FLOAT8(1));
	return AddKnown(state, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
}

/* ---- support functions ---------------------------------------------------- */

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_wallet_agg's support functions");
}

/* The state in argument 0, or a new one. */
static IcmWalletState *
GetState(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? IcmWalletStateMake(&kind) : IcmWalletStateGet(PG_GETARG_DATUM(0), &kind);
}

/* (state, own, wallet) */
PG_FUNCTION_INFO_V1(icm_wallet_accum);
Datum
icm_wallet_accum(PG_FUNCTION_ARGS)
{
	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return IcmReturnState(fcinfo);	/* nobody, as from a LEFT JOIN */
	PG_RETURN_POINTER(AddCustomer(fcinfo, GetState(fcinfo)));
}

/* (state, wallet): icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_wallet_rollup_accum);
Datum
icm_wallet_rollup_accum(PG_FUNCTION_ARGS)
{
	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	PG_RETURN_POINTER(AddWallet(GetState(fcinfo), PG_GETARG_WALLET(1)));
}

PG_FUNCTION_INFO_V1(icm_wallet_combine);
Datum
icm_wallet_combine(PG_FUNCTION_ARGS)
{
	IcmWalletState *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmWalletStateGet(PG_GETARG_DATUM(1), &kind);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	PG_RETURN_POINTER(IcmWalletStateMerge(GetState(fcinfo), other));
}

PG_FUNCTION_INFO_V1(icm_wallet_final);
Datum
icm_wallet_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(CloseState(IcmWalletStateGet(PG_GETARG_DATUM(0), &kind)));
}

/* icm_wallet_add(wallet, own, wallet): outside an aggregate, one customer more */
PG_FUNCTION_INFO_V1(icm_wallet_add);
Datum
icm_wallet_add(PG_FUNCTION_ARGS)
{
	IcmWalletState *state;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return IcmReturnState(fcinfo);
	state = IcmWalletStateMake(&kind);
	if (!PG_ARGISNULL(0))
		state = AddWallet(state, PG_GETARG_WALLET(0));
	PG_RETURN_POINTER(CloseState(AddCustomer(fcinfo, state)));
}
