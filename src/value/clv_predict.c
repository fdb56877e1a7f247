/*
 * clv_predict.c
 *		A model's answers on one customer; see clv_predict.h.
 *
 * Given that a customer is alive, what is expected depends on x and t alone,
 * and days are whole: a million customers share some ten thousand pairs of
 * them. So the answers, which take a series or an integral each, are kept for
 * as long as a query asks the same of the same model. P(alive) depends on t_x
 * too, and is cheap; of the Pareto/NBD's the tails at t_x and at t are kept.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"

#include "math/cholesky.h"
#include "value/clv_predict.h"
#include "value/model_tail.h"

#define MEMO_BITS 15
#define MEMO_SLOTS (1 << MEMO_BITS)

typedef struct MemoSlot
{
	double		x;
	double		time;			/* negative: the slot is free */
	IcmSloped	value;
} MemoSlot;

/* One for each call in a query, in fn_extra. A table is NULL until it is needed. */
typedef struct Memo
{
	IcmClvModel model;
	IcmAsk		ask;
	int			calls;			/* a few calls do not pay for the tables */
	MemoSlot   *answers;		/* by x and t */
	MemoSlot   *tails;			/* Pareto/NBD: by x and a time, t_x or t */
} Memo;

#define CALLS_BEFORE_MEMO 16

/* ---- derivatives ------------------------------------------------------------- */

typedef double (*ParamFunction) (IcmProcess process, const double *param, const IcmAsk *ask, const IcmCustomer *customer);

static double
GivenAlive(IcmProcess process, const double *param, const IcmAsk *ask, const IcmCustomer *customer)
{
	switch (ask->question)
	{
		case ICM_ASK_ALIVE:
			return 1.0;
		case ICM_ASK_PURCHASES:
			return IcmAliveDiscounted(process, param, customer->x, customer->t, ask->horizon, ask->delta);
		case ICM_ASK_EXACTLY:
			return IcmAliveExactly(process, param, customer->x, customer->t, ask->horizon, ask->n);
		case ICM_ASK_AT_LEAST:
			return IcmAliveAtLeast(process, param, customer->x, customer->t, ask->horizon, ask->n);
	}
	pg_unreachable();
}

static double
Spend(IcmProcess process, const double *param, const IcmAsk *ask, const IcmCustomer *customer)
{
	return IcmExpectedSpend(param, customer->x, customer->m);
}

/*
 * The function, and if asked for its derivatives by the logarithms of the n
 * parameters, by differences of fourth order: with values good to 1e-14 and
 * this step, the derivatives are good to 1e-10.
 */
#define DIFFERENCE 1e-3

static IcmSloped
Differentiate(ParamFunction f, IcmProcess process, const double *param, int n, const IcmAsk *ask,
			  const IcmCustomer *customer, bool with_slope)
{
	IcmSloped	result = {.value = f(process, param, ask, customer)};

	for (int i = 0; with_slope && i < n; i++)
	{
		double		moved[ICM_PARAMS_MAX];
		double		at[5];

		memcpy(moved, param, sizeof(moved));
		for (int step = -2; step <= 2; step++)
		{
			if (step == 0)
				continue;
			moved[i] = param[i] * exp(step * DIFFERENCE);
			at[step + 2] = f(process, moved, ask, customer);
		}
		result.slope[i] = (8.0 * (at[3] - at[1]) - (at[4] - at[0])) / (12.0 * DIFFERENCE);
	}
	return result;
}

double
IcmDeltaVariance(const double *slope, const double *cov, int n)
{
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			sum += slope[i] * slope[j] * cov[i > j ? ICM_PACKED(i, j) : ICM_PACKED(j, i)];
	return sum < 0.0 ? 0.0 : sum;	/* NaN stays what it is */
}

/* ---- memory of answers ------------------------------------------------------- */

/* Customers of the same age, most of whom have a small x, share lines of the processor's cache. */
static uint32
SlotOf(double x_repeats, double time)
{
	uint32		x = (uint32) x_repeats;
	uint64		bits;

	memcpy(&bits, &time, sizeof(bits));
	bits = (bits ^ (x >> 3)) * UINT64CONST(0x9E3779B97F4A7C15);
	return (murmurhash32((uint32) (bits >> 32)) << 3 | (x & 7)) & (MEMO_SLOTS - 1);
}

static void
ClearTable(MemoSlot *table)
{
	for (int i = 0; table != NULL && i < MEMO_SLOTS; i++)
		table[i].time = -1.0;
}

static bool
SameAsk(const IcmAsk *a, const IcmAsk *b)
{
	return a->question == b->question && a->with_slope == b->with_slope &&
		a->horizon == b->horizon && a->delta == b->delta && a->n == b->n;
}

/* The memo for this model and ask, or NULL where it does not pay. */
static Memo *
GetMemo(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmAsk *ask)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	Memo	   *memo = (Memo *) flinfo->fn_extra;

	if (memo == NULL)
		flinfo->fn_extra = memo = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(Memo));
	if (!SameAsk(&memo->ask, ask) || memcmp(&memo->model, model, sizeof(IcmClvModel)) != 0)
	{
		/* a model or horizon in a column changes from row to row, and then nothing was kept */
		if (memo->calls > CALLS_BEFORE_MEMO)
		{
			ClearTable(memo->answers);
			ClearTable(memo->tails);
		}
		memo->model = *model;
		memo->ask = *ask;
		memo->calls = 0;
	}
	if (memo->calls <= CALLS_BEFORE_MEMO)
		memo->calls++;
	return memo->calls > CALLS_BEFORE_MEMO ? memo : NULL;
}

/* The slot of x and a time; if it has something else, *found is false, and it is the caller's to fill. */
static MemoSlot *
FindSlot(FunctionCallInfo fcinfo, MemoSlot **table, double x, double time, bool *found)
{
	MemoSlot   *slot;

	if (*table == NULL)
	{
		*table = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, MEMO_SLOTS * sizeof(MemoSlot));
		ClearTable(*table);
	}
	slot = &(*table)[SlotOf(x, time)];
	*found = slot->time == time && slot->x == x;
	slot->x = x;
	slot->time = time;
	return slot;
}

/* ---- answers ----------------------------------------------------------------- */

static IcmSloped
GivenAliveMemo(FunctionCallInfo fcinfo, Memo *memo, const IcmClvModel *model, const IcmAsk *ask,
			   const IcmCustomer *customer)
{
	MemoSlot	none,
			   *slot = &none;
	bool		found = false;

	if (memo != NULL)
		slot = FindSlot(fcinfo, &memo->answers, customer->x, customer->t, &found);
	if (!found)
		slot->value = Differentiate(GivenAlive, model->process, model->purchase.param, 4, ask, customer, ask->with_slope);
	return slot->value;
}

static IcmSloped
TailMemo(FunctionCallInfo fcinfo, Memo *memo, const IcmClvModel *model, const IcmAsk *ask, double x, double time)
{
	const double *param = model->purchase.param;
	MemoSlot	none,
			   *slot = &none;
	bool		found = false;

	if (memo != NULL)
		slot = FindSlot(fcinfo, &memo->tails, x, time, &found);
	if (!found)
		slot->value.value = IcmLogTail(param[0] + x, param[1], param[2], param[3], time,
									   ask->with_slope ? slot->value.slope : NULL);
	return slot->value;
}

static IcmSloped
AliveMemo(FunctionCallInfo fcinfo, Memo *memo, const IcmClvModel *model, const IcmAsk *ask,
		  const IcmCustomer *customer)
{
	IcmSloped	at_t_x = {0},
				at_t = {0};

	if (model->process == ICM_PARETONBD)
	{
		at_t_x = TailMemo(fcinfo, memo, model, ask, customer->x, customer->t_x);
		at_t = TailMemo(fcinfo, memo, model, ask, customer->x, customer->t);
	}
	return IcmAliveSloped(model->process, model->purchase.param, customer->x, customer->t_x, customer->t,
						  &at_t_x, &at_t, ask->with_slope);
}

IcmSloped
IcmPredictAlive(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmAsk *ask, const IcmCustomer *customer)
{
	Memo	   *memo = model->process == ICM_PARETONBD ? GetMemo(fcinfo, model, ask) : NULL;

	return AliveMemo(fcinfo, memo, model, ask, customer);
}

IcmSloped
IcmPredict(FunctionCallInfo fcinfo, const IcmClvModel *model, const IcmAsk *ask,
		   const IcmCustomer *customer, double *p_alive)
{
	Memo	   *memo = GetMemo(fcinfo, model, ask);
	IcmSloped	alive = AliveMemo(fcinfo, memo, model, ask, customer);
	IcmSloped	answer = GivenAliveMemo(fcinfo, memo, model, ask, customer);

	for (int i = 0; ask->with_slope && i < 4; i++)
		answer.slope[i] = answer.slope[i] * alive.value + answer.value * alive.slope[i];
	answer.value *= alive.value;
	if (p_alive != NULL)
		*p_alive = alive.value;
	return answer;
}

IcmSloped
IcmPredictSpend(const IcmClvModel *model, const IcmCustomer *customer, bool with_slope)
{
	return Differentiate(Spend, ICM_GAMMAGAMMA, model->spend.param, 3, NULL, customer, with_slope);
}
