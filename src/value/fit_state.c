/*
 * fit_state.c
 *		The transition state of the fits; see fit_state.h.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "common/host.h"
#include "value/fit_state.h"

#define STATE_VERSION 1
#define BITS_MIN 5
#define BITS_MAX 24				/* 512 MB */

#define SLOTS(bits) ((bits) == 0 ? INT64CONST(0) : INT64CONST(1) << (bits))
#define STATE_SIZE(bits, spends) \
	(offsetof(IcmFitState, slot) + (Size) SLOTS(bits) * sizeof(IcmHistory) + (Size) (spends) * sizeof(IcmSpend))
#define STATE_SPENDS(s) ((IcmSpend *) ((s)->slot + SLOTS((s)->bits)))
#define STATE_ROOM(s) ((int64) ((VARSIZE(s) - STATE_SIZE((s)->bits, 0)) / sizeof(IcmSpend)))

/* A table is full at seven eighths. */
#define IS_FULL(s) ((s)->histories >= SLOTS((s)->bits) - SLOTS((s)->bits) / 8)

/* ---- the state --------------------------------------------------------------- */

static IcmFitState *
MakeState(const IcmFitTerms *terms, int bits, int64 spends)
{
	Size		size = STATE_SIZE(bits, spends);
	IcmFitState *state;

	if (bits > BITS_MAX || size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers for one fit"),
				 errdetail("A fit holds at most %d distinct histories, and a gigabyte with the customers' spend.",
						   (int) (SLOTS(BITS_MAX) / 8 * 7)),
				 errhint("Fit a random sample, or by segment; with whole days fewer histories are distinct.")));
	state = (IcmFitState *) palloc0(size);
	SET_VARSIZE(state, size);
	state->version = STATE_VERSION;
	state->terms = *terms;
	state->bits = bits;
	return state;
}

IcmFitState *
IcmFitStateGet(Datum datum)
{
	IcmFitState *state = IcmGetAligned(datum);

	if (VARSIZE(state) < STATE_SIZE(0, 0) || state->version != STATE_VERSION ||
		state->terms.process < ICM_PROCESS_NONE || state->terms.process > ICM_PARETONBD ||
		state->bits > BITS_MAX || state->zero != 0 ||
		VARSIZE(state) < STATE_SIZE(state->bits, 0) ||
		!(state->terms.unit_days > 0.0) ||
		state->histories < 0 || state->customers < state->histories ||
		(state->histories > 0 && state->histories >= SLOTS(state->bits)) ||
		state->spends < 0 || state->spends > STATE_ROOM(state))
		IcmFitCorrupt();
	return state;
}

void
IcmFitCorrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of a fit is corrupt")));
}

/* What is wrong with a history, as a sentence; NULL if nothing is. */
static const char *
HistoryFault(const IcmHistory *history)
{
	if (history->x < 0)
		return "The number of repeat purchases x must not be negative.";
	if (history->x > ICM_COUNT_MAX)
		return "The number of repeat purchases x must be at most 1000000.";
	if (!isfinite(history->t_x) || !isfinite(history->t))
		return "The times t_x and t must be finite.";
	if (history->t_x < 0.0 || history->t_x > history->t)
		return "The time of the last purchase t_x must be from 0 to t, the time observed.";
	if ((history->x == 0) != (history->t_x == 0.0))
		return "The time of the last purchase t_x must be 0 for customers without repeat purchases, and only for them.";
	return NULL;
}

void
IcmCheckHistory(const IcmHistory *history)
{
	const char *fault = HistoryFault(history);

	if (fault == NULL && history->weight < 0)
		fault = "The weight must not be negative.";
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid purchase history: x %d, t_x %g, t %g", history->x, history->t_x, history->t),
				 errdetail("%s", fault)));
}

static uint32
HashHistory(const IcmHistory *history)
{
	uint64		bits[2];

	memcpy(&bits[0], &history->t_x, sizeof(double));
	memcpy(&bits[1], &history->t, sizeof(double));
	bits[0] = (bits[0] ^ (uint64) history->x) * UINT64CONST(0x9E3779B97F4A7C15);
	bits[1] = (bits[1] ^ (bits[0] >> 29)) * UINT64CONST(0xBF58476D1CE4E5B9);
	return murmurhash32((uint32) ((bits[0] ^ bits[1]) >> 32));
}

/* The slot of a history: one that has it, or the free one where it belongs. */
static IcmHistory *
FindSlot(IcmFitState *state, const IcmHistory *history)
{
	uint32		mask = (uint32) (SLOTS(state->bits) - 1);
	uint32		tries = 0;

	for (uint32 i = HashHistory(history) & mask;; i = (i + 1) & mask)
	{
		IcmHistory *slot = &state->slot[i];

		if (slot->weight == 0 ||
			(slot->t == history->t && slot->t_x == history->t_x && slot->x == history->x))
			return slot;
		if (unlikely(tries++ >= mask))
			IcmFitCorrupt();
	}
}

static void
AddToSlot(IcmFitState *state, const IcmHistory *history)
{
	IcmHistory *slot = FindSlot(state, history);

	if (slot->weight == 0)
	{
		*slot = *history;
		state->histories++;
	}
	else
		slot->weight += history->weight;
}

/* The state with more slots, or room for more spends; the argument is left as it is. */
static IcmFitState *
Enlarge(const IcmFitState *state, int bits, int64 spends)
{
	IcmFitState *larger = MakeState(&state->terms, bits, spends);

	larger->customers = state->customers;
	memcpy(larger->bought, state->bought, sizeof(state->bought));
	for (int64 i = 0; i < SLOTS(state->bits); i++)
		if (state->slot[i].weight != 0)
		{
			CHECK_FOR_INTERRUPTS();
			AddToSlot(larger, &state->slot[i]);
		}
	memcpy(STATE_SPENDS(larger), STATE_SPENDS(state), state->spends * sizeof(IcmSpend));
	larger->spends = state->spends;
	return larger;
}

IcmFitState *
IcmFitStateAdd(IcmFitState *state, const IcmHistory *history)
{
	int64		customers;

	if (pg_add_s64_overflow(state->customers, history->weight, &customers))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of weights is out of range")));
	if (unlikely(IS_FULL(state)))
		state = Enlarge(state, Max(state->bits + 1, BITS_MIN), STATE_ROOM(state));
	AddToSlot(state, history);
	state->customers = customers;
	return state;
}

/* The state with room for n more spends. */
static IcmFitState *
MakeRoom(IcmFitState *state, int64 n)
{
	int64		room = STATE_ROOM(state);

	if (likely(n <= room - state->spends))
		return state;
	return Enlarge(state, state->bits, Max(Max(state->spends + n, 2 * room), 32));
}

IcmFitState *
IcmFitStateAddSpend(IcmFitState *state, double m, int32 x)
{
	state = MakeRoom(state, 1);
	STATE_SPENDS(state)[state->spends++] = (IcmSpend) {.m = m,.x = x};
	return state;
}

IcmFitState *
IcmFitStateOf(FunctionCallInfo fcinfo, const IcmFitTerms *terms)
{
	IcmFitState *state;

	if (PG_ARGISNULL(0))
		return MakeState(terms, 0, 0);
	state = IcmFitStateGet(PG_GETARG_DATUM(0));
	if (state->terms.process != terms->process || state->terms.unit_days != terms->unit_days ||
		state->terms.horizon != terms->horizon)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("process, unit_days and horizon must be the same for all customers of a fit"),
				 errhint("Add what they depend on to GROUP BY.")));
	return state;
}

IcmFitState *
IcmFitStateMerge(IcmFitState *state, const IcmFitState *other)
{
	for (int64 i = 0; i < SLOTS(other->bits); i++)
	{
		const IcmHistory *history = &other->slot[i];

		if (history->weight == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (history->weight < 0 || HistoryFault(history) != NULL)
			IcmFitCorrupt();
		state = IcmFitStateAdd(state, history);
	}
	if (other->spends > 0)
	{
		state = MakeRoom(state, other->spends);
		memcpy(STATE_SPENDS(state) + state->spends, STATE_SPENDS(other), other->spends * sizeof(IcmSpend));
		state->spends += other->spends;
	}
	for (int i = 0; i < ICM_FREQUENCY_CLASSES; i++)
		state->bought[i] += other->bought[i];
	return state;
}

IcmHistory *
IcmFitStateHistories(const IcmFitState *state)
{
	IcmHistory *history = IcmAllocRows(CurrentMemoryContext, state->histories, sizeof(IcmHistory));
	int64		customers = 0;
	int64		n = 0;

	for (int64 i = 0; i < SLOTS(state->bits); i++)
	{
		if (state->slot[i].weight == 0)
			continue;
		if (n == state->histories || state->slot[i].weight < 0 || HistoryFault(&state->slot[i]) != NULL ||
			pg_add_s64_overflow(customers, state->slot[i].weight, &customers))
			IcmFitCorrupt();
		history[n++] = state->slot[i];
	}
	if (n != state->histories || customers != state->customers)
		IcmFitCorrupt();
	return history;
}

IcmSpend *
IcmFitStateSpends(const IcmFitState *state)
{
	IcmSpend   *spend = IcmAllocRows(CurrentMemoryContext, state->spends, sizeof(IcmSpend));

	memcpy(spend, STATE_SPENDS(state), state->spends * sizeof(IcmSpend));
	for (int64 i = 0; i < state->spends; i++)
		if (spend[i].x <= 0 || !(spend[i].m > 0.0) || isinf(spend[i].m))
			IcmFitCorrupt();
	return spend;
}
