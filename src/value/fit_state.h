/*
 * fit_state.h
 *		The transition state of the aggregates that fit models to customers.
 *
 * A bytea: a hash table of the distinct histories (x, t_x, t) with the number
 * of customers of each, and behind it the mean m and the x of every customer
 * with repeat revenue. Days are whole, so histories repeat: a million customers
 * have some hundred thousand of them, and 32 bytes a history is all that is kept
 * of a customer who bought once; the spend part takes 16 bytes a repeat
 * customer. Both double when they are full.
 *
 * A state may come from anywhere a bytea can, so it is checked before use.
 */
#ifndef ICM_FIT_STATE_H
#define ICM_FIT_STATE_H

#include "common/compat.h"
#include "value/model_fit.h"

/* Frequency classes of a holdout: x = 0, 1, ..., 6, and 7 or more. */
#define ICM_FREQUENCY_CLASSES 8

/* What a fit is of: the same for all its customers. */
typedef struct IcmFitTerms
{
	double		unit_days;
	double		horizon;		/* of a holdout, in units; 0: none */
	int32		process;		/* IcmProcess; none where the aggregate says it */
	int32		zero;			/* padding */
} IcmFitTerms;

typedef struct IcmFitState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		bits;			/* the table has 2^bits slots; 0: none */
	uint16		zero;			/* padding */
	IcmFitTerms terms;
	int64		bought[ICM_FREQUENCY_CLASSES];	/* in the holdout, by x before it */
	int64		customers;		/* of all histories */
	int64		histories;		/* slots in use: those with a weight */
	int64		spends;			/* in use */
	IcmHistory	slot[FLEXIBLE_ARRAY_MEMBER];	/* and then the spends */
} IcmFitState;

/* Argument 0, or a new state; ERROR if the terms are not its own. */
extern IcmFitState *IcmFitStateOf(FunctionCallInfo fcinfo, const IcmFitTerms *terms);

/* A state given as an argument that is not null; ERROR unless it is one. */
extern IcmFitState *IcmFitStateGet(Datum datum);

/* The state with a customer, or a repeat customer's spend, more: the same or a larger one. */
extern IcmFitState *IcmFitStateAdd(IcmFitState *state, const IcmHistory *history);
extern IcmFitState *IcmFitStateAddSpend(IcmFitState *state, double m, int32 x);

/* The state with all of another, of the same terms. */
extern IcmFitState *IcmFitStateMerge(IcmFitState *state, const IcmFitState *other);

/* New arrays of what the state holds, checked. */
extern IcmHistory *IcmFitStateHistories(const IcmFitState *state);
extern IcmSpend *IcmFitStateSpends(const IcmFitState *state);

/* ERROR unless x, t_x, t and weight are those of a possible history. */
extern void IcmCheckHistory(const IcmHistory *history);

/* ERROR: a transition state is not one. */
pg_noreturn extern void IcmFitCorrupt(void);

#endif							/* ICM_FIT_STATE_H */
