/*
 * wallet_state.c
 *		Transition states that hold counts and exact totals; see wallet_state.h.
 */
#include "postgres.h"

#include "wallet/wallet.h"
#include "wallet/wallet_state.h"

#define STATE_VERSION 1
#define STATE_SIZE(k) (offsetof(IcmWalletState, words) + (Size) (k) * sizeof(uint64))

/* The window that a state begins with. */
#define FIRST_LOW (ICM_TOTAL_ONE - 2)
#define FIRST_WORDS 5

void
IcmWalletStateCorrupt(const IcmWalletStateKind *kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of %s is corrupt", kind->aggregate)));
}

static IcmWalletState *
MakeState(int totals, int low, int n, Size tail)
{
	Size		size = STATE_SIZE(totals * n) + tail;
	IcmWalletState *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->version = STATE_VERSION;
	state->totals = totals;
	state->low = low;
	state->n = n;
	return state;
}

IcmWalletState *
IcmWalletStateMake(const IcmWalletStateKind *kind)
{
	return IcmWalletStateMakeLonger(kind, 0, 0);
}

IcmWalletState *
IcmWalletStateMakeLonger(const IcmWalletStateKind *kind, int further, Size tail)
{
	return MakeState(kind->totals + further, FIRST_LOW, FIRST_WORDS, tail);
}

IcmWalletState *
IcmWalletStateGet(Datum datum, const IcmWalletStateKind *kind)
{
	IcmWalletState *state = IcmWalletStateGetLonger(datum, kind);

	if (unlikely(state->totals != kind->totals || IcmWalletStateTailSize(state) != 0))
		IcmWalletStateCorrupt(kind);
	return state;
}

IcmWalletState *
IcmWalletStateGetLonger(Datum datum, const IcmWalletStateKind *kind)
{
	IcmWalletState *state = IcmGetAligned(datum);

	if (unlikely(VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION || state->totals < kind->totals ||
				 state->low + state->n > ICM_TOTAL_WORDS || VARSIZE(state) < STATE_SIZE(state->totals * state->n)))
		IcmWalletStateCorrupt(kind);
	for (int i = 0; i < ICM_WALLET_STATE_COUNTS; i++)
		if (unlikely(state->count[i] < 0 || state->count[i] > ICM_WALLET_CUSTOMERS_MAX))
			IcmWalletStateCorrupt(kind);
	return state;
}

IcmWalletState *
IcmWalletStateReach(IcmWalletState *state, int first, int end)
{
	int			low = Min(first, state->low);
	int			high = Max(end, state->low + state->n);
	IcmWalletState *larger;

	if (low == state->low && high == state->low + state->n)
		return state;
	larger = MakeState(state->totals, low, high - low, IcmWalletStateTailSize(state));
	larger->confidence = state->confidence;
	memcpy(larger->count, state->count, sizeof(state->count));
	for (int i = 0; i < state->totals; i++)
		memcpy(&larger->words[i * larger->n + state->low - low], &state->words[i * state->n], state->n * sizeof(uint64));
	memcpy(IcmWalletStateTail(larger), IcmWalletStateTail(state), IcmWalletStateTailSize(state));
	return larger;
}

void
IcmWalletStateCount(IcmWalletState *state, int which, int64 more)
{
	if (unlikely(more > ICM_WALLET_CUSTOMERS_MAX - state->count[which]))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers"),
				 errdetail("There can be at most " INT64_FORMAT ".", ICM_WALLET_CUSTOMERS_MAX)));
	state->count[which] += more;
}

IcmWalletState *
IcmWalletStateMerge(IcmWalletState *state, const IcmWalletState *other)
{
	state = IcmWalletStateReach(state, other->low, other->low + other->n);
	for (int i = 0; i < ICM_WALLET_STATE_COUNTS; i++)
		IcmWalletStateCount(state, i, other->count[i]);
	for (int i = 0; i < other->totals; i++)
		IcmTotalAdd(&state->words[i * state->n], state->low, state->n, IcmWalletStateTotal(other, i));
	return state;
}
