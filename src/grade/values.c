/*
 * values.c
 *		The transition state that holds every value; see values.h.
 */
#include "postgres.h"

#include <math.h>

#include "common/aggregate.h"
#include "common/growing.h"
#include "common/host.h"
#include "grade/values.h"

#define STATE_VERSION 2
#define WIDTH(terms) ((terms)->weighted ? 2 : 1)	/* doubles a value */
#define STATE_SIZE(count) (offsetof(IcmValues, items) + (Size) (count) * sizeof(double))
#define ITEMS_MAX ((int64) ((ICM_GROWING_MAX - STATE_SIZE(0)) / sizeof(double)))

StaticAssertDecl(STATE_SIZE(0) <= ICM_GROWING_NEW, "a new state has room for its terms");

void
IcmValuesCorrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of an aggregate of values is corrupt")));
	pg_unreachable();
}

static Size
UsedOf(const void *value)
{
	const IcmValues *state = value;

	if (VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION ||
		state->terms.weighted > 1 || state->terms.nshares > ICM_SHARES_MAX || state->n < 0 || state->n > ITEMS_MAX ||
		STATE_SIZE(state->n * WIDTH(&state->terms)) > VARSIZE(state))
		IcmValuesCorrupt();
	return STATE_SIZE(state->n * WIDTH(&state->terms));
}

const IcmValues *
IcmValuesGet(Datum datum)
{
	return IcmGrowingGet(datum, UsedOf);
}

static IcmValues *
NewState(const IcmValuesTerms *terms)
{
	IcmValues  *state = IcmGrowingNew();

	state->version = STATE_VERSION;
	memcpy(&state->terms, terms, offsetof(IcmValuesTerms, shares) + terms->nshares * sizeof(double));
	return state;
}

/* The state with room for n more values. */
static IcmValues *
MakeRoom(FunctionCallInfo fcinfo, IcmValues *state, int64 n)
{
	int			width = WIDTH(&state->terms);

	if (likely(STATE_SIZE((state->n + n) * width) <= VARSIZE(state)))
		return state;
	if (state->n + n > ITEMS_MAX / width)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many values in one group"),
				 errdetail("Exact scales and measures are of at most " INT64_FORMAT " values.", ITEMS_MAX / width),
				 errhint("icm_distribution_agg() summarises any number of values, and icm_scale() cuts its result.")));
	return IcmGrow(fcinfo, state, STATE_SIZE((state->n + n) * width), UsedOf);
}

/* Are the terms the same? What they do not use is not looked at: this is done for each row. */
static bool
IsSameTerms(const IcmValuesTerms *a, const IcmValuesTerms *b)
{
	return memcmp(a, b, offsetof(IcmValuesTerms, shares)) == 0 &&
		(a->nshares == 0 || memcmp(a->shares, b->shares, a->nshares * sizeof(double)) == 0);
}

static void
CheckSameTerms(const IcmValues *state, const IcmValuesTerms *terms)
{
	if (unlikely(!IsSameTerms(&state->terms, terms)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all arguments but value and weight must be the same for all values of a group"),
				 errhint("Add what they depend on to GROUP BY.")));
}

static double
CheckValue(double value)
{
	if (unlikely(!isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
	if (unlikely(fabs(value) > ICM_VALUE_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value is out of range"),
				 errdetail("The value given is %.17g; values are from -%g to %g.", value, ICM_VALUE_MAX, ICM_VALUE_MAX)));
	return value + 0.0;			/* no negative zero */
}

/* The weight in argument 4. */
static double
GetWeight(FunctionCallInfo fcinfo)
{
	double		weight;

	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("weight of a value must not be null"),
				 errhint("A value that stands for itself has weight 1.")));
	weight = PG_GETARG_FLOAT8(4);
	if (!(weight == 0.0 || (weight >= ICM_WEIGHT_MIN && weight <= ICM_WEIGHTS_MAX)))
		ereport(ERROR,
				(errcode(isfinite(weight) ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be 0, or from %g to %.0f", ICM_WEIGHT_MIN, ICM_WEIGHTS_MAX),
				 errdetail("The weight given is %.17g.", weight)));
	return weight;
}

static IcmValues *
AddValue(FunctionCallInfo fcinfo, IcmValues *state, const IcmValuesTerms *terms, double value, double weight)
{
	double	   *item;

	state = MakeRoom(fcinfo, state == NULL ? NewState(terms) : state, 1);
	item = state->items + state->n++ * WIDTH(terms);
	item[0] = value;
	if (terms->weighted)
		item[1] = weight;
	return state;
}

Datum
IcmValuesAccum(FunctionCallInfo fcinfo, const IcmValuesTerms *terms)
{
	IcmValues  *state = NULL;

	IcmCheckAggregate(fcinfo, "transition functions of values");
	if (!PG_ARGISNULL(0))
	{
		state = IcmGrowingOwn(fcinfo, UsedOf);
		CheckSameTerms(state, terms);
	}
	if (!PG_ARGISNULL(1))
	{
		double		value = CheckValue(PG_GETARG_FLOAT8(1)),
					weight = terms->weighted ? GetWeight(fcinfo) : 1.0;

		if (weight > 0.0)
			state = AddValue(fcinfo, state, terms, value, weight);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	return IcmGrowingReturn(state);
}

/* (state, other) */
PG_FUNCTION_INFO_V1(icm_values_combine);
Datum
icm_values_combine(PG_FUNCTION_ARGS)
{
	IcmValues  *state;
	const IcmValues *other;
	int			width;

	IcmCheckAggregate(fcinfo, "transition functions of values");
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmValuesGet(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		return IcmGrowingTakeOver(fcinfo, other, UsedOf);

	state = IcmGrowingOwn(fcinfo, UsedOf);
	CheckSameTerms(state, &other->terms);
	width = WIDTH(&state->terms);
	state = MakeRoom(fcinfo, state, other->n);
	memcpy(state->items + state->n * width, other->items, other->n * width * sizeof(double));
	state->n += other->n;
	return IcmGrowingReturn(state);
}

static IcmPoints
PlainPoints(const IcmValues *state)
{
	double	   *values = IcmAllocRows(CurrentMemoryContext, state->n, sizeof(double));
	double	   *scratch = IcmAllocRows(CurrentMemoryContext, state->n, sizeof(double));

	for (int64 i = 0; i < state->n; i++)
	{
		if (unlikely(!(fabs(state->items[i]) <= ICM_VALUE_MAX)))
			IcmValuesCorrupt();
		values[i] = state->items[i] + 0.0;
	}
	return IcmPointsOfValues(values, scratch, state->n, IcmPoll);
}

static IcmPoints
WeightedPoints(const IcmValues *state)
{
	IcmWeighted *values = IcmAllocRows(CurrentMemoryContext, state->n, sizeof(IcmWeighted));
	IcmWeighted *scratch = IcmAllocRows(CurrentMemoryContext, state->n, sizeof(IcmWeighted));
	IcmPoints	points;
	double		total = 0.0;

	for (int64 i = 0; i < state->n; i++)
	{
		double		value = state->items[2 * i];
		double		weight = state->items[2 * i + 1];

		if (unlikely(!(fabs(value) <= ICM_VALUE_MAX) || !(weight >= ICM_WEIGHT_MIN && weight <= ICM_WEIGHTS_MAX)))
			IcmValuesCorrupt();
		values[i].value = value + 0.0;
		values[i].weight = weight;
	}
	points = IcmPointsOfWeighted(values, scratch, state->n, IcmPoll);
	for (size_t i = 0; i < points.n; i++)
		total += points.weight[i];
	if (total > ICM_WEIGHTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weights add up to more than %.0f", ICM_WEIGHTS_MAX)));
	return points;
}

IcmPoints
IcmValuesPoints(const IcmValues *state)
{
	return state->terms.weighted ? WeightedPoints(state) : PlainPoints(state);
}
