/*
 * wallet_state.h
 *		Transition states that hold counts and exact totals (wallet/total.h).
 *
 * A bytea: a header, and of each total the same window of words, which grows where
 * a term does not fit. It begins as one that most money fits, from 2^-128 to 2^192
 * or so: amounts that have fractions, and their squares. The last word of a window
 * takes carries only, and there are too few customers for it to overflow.
 *
 * An aggregate may have states of more totals than its kind says, the further ones as
 * it needs them, and with a tail of its own behind the words.
 *
 * A state may come from anywhere a bytea can, so it is checked before use.
 */
#ifndef ICM_WALLET_STATE_H
#define ICM_WALLET_STATE_H

#include "common/aggregate.h"
#include "wallet/total.h"

#define ICM_WALLET_STATE_COUNTS 4

typedef struct IcmWalletState
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;
	uint8		totals;			/* number of them */
	uint8		low;			/* first word of the window of each */
	uint8		n;				/* words in it */
	int64		count[ICM_WALLET_STATE_COUNTS];
	double		confidence;		/* of an interval; 0 where there is none */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];	/* n of each total; then the tail */
} IcmWalletState;

/* An aggregate's kind of state. */
typedef struct IcmWalletStateKind
{
	const char *aggregate;		/* its name, for messages */
	int			totals;			/* that all its states have */
} IcmWalletStateKind;

extern IcmWalletState *IcmWalletStateMake(const IcmWalletStateKind *kind);

/* The state in an argument, as far as each row can check it: no use of it leaves it. */
extern IcmWalletState *IcmWalletStateGet(Datum datum, const IcmWalletStateKind *kind);

/* The same with further totals, 255 in all, and a tail of so many bytes, a multiple of 8: zero, to be filled. */
extern IcmWalletState *IcmWalletStateMakeLonger(const IcmWalletStateKind *kind, int further, Size tail);

/* A state that may be longer, by how much is the caller's to check. */
extern IcmWalletState *IcmWalletStateGetLonger(Datum datum, const IcmWalletStateKind *kind);

pg_noreturn extern void IcmWalletStateCorrupt(const IcmWalletStateKind *kind);

/* The state with these words, of those there can be, among the windows: the same, or a larger copy. */
extern IcmWalletState *IcmWalletStateReach(IcmWalletState *state, int first, int end);

/* Count more customers, not negative. */
extern void IcmWalletStateCount(IcmWalletState *state, int which, int64 more);

/* Add a term to a total: the same state, or a larger copy. */
static inline IcmWalletState *
IcmWalletStateAdd(IcmWalletState *state, int total, IcmTerm term)
{
	int			first = IcmTermWord(term);

	if (term.mantissa == 0)
		return state;
	if (unlikely(first < state->low || first + ICM_TERM_WORDS >= state->low + state->n))
		state = IcmWalletStateReach(state, first, first + ICM_TERM_WORDS + 1);
	IcmTotalAddTerm(&state->words[total * state->n], state->low, state->n, term);
	return state;
}

/* The tail, which is elsewhere when the state has become larger, and its size. */
static inline void *
IcmWalletStateTail(IcmWalletState *state)
{
	return &state->words[state->totals * state->n];
}

static inline Size
IcmWalletStateTailSize(const IcmWalletState *state)
{
	return VARSIZE(state) - offsetof(IcmWalletState, words) - state->totals * state->n * sizeof(uint64);
}

/* A total. */
static inline IcmTotal
IcmWalletStateTotal(const IcmWalletState *state, int total)
{
	IcmTotal	result = {&state->words[total * state->n], state->low, state->n};

	return result;
}

/* Add the counts and totals of another state of the same kind, which has no more totals. */
extern IcmWalletState *IcmWalletStateMerge(IcmWalletState *state, const IcmWalletState *other);

#endif							/* ICM_WALLET_STATE_H */
