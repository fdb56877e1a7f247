/*
 * allocate.c
 *		icm_allocate: sharing a budget among the rows of a window partition, or
 *		the elements of an array.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "invest/claims.h"

#define ARG_BUDGET 0
#define ARG_WEIGHT 1
#define ARG_FLOOR 2
#define ARG_CAP 3

/* ---- window --------------------------------------------------------------- */

/* Rows after which the memory that evaluating their arguments took is given back. */
#define ROWS_A_RESET 1024

/* What is kept from row to row of a partition; zeroed when it starts. */
typedef struct Partition
{
	bool		ready;			/* the rest is filled in */
	bool		same_budget;	/* it cannot change from row to row */
	int64		budget;			/* units; -1: NULL, as are all shares then */
	IcmAmounts	amounts;
	int64	   *share;			/* by position; -1: NULL */
} Partition;

/* An argument, of all rows. */
typedef struct Argument
{
	WindowObject window;
	int			number;
	bool		stable;			/* one value for all rows, which is read once */
	bool		given;			/* stable and not NULL, or not stable */
	Datum		value;			/* of the row read last, or of all */
} Argument;

/*
 * The value of one row, or NULL. It may be a part of the row, which is there only until
 * another argument is read.
 */
static inline const Datum *
ReadArgument(Argument *argument, int row)
{
	bool		isnull = !argument->given,
				isout;

	if (!argument->stable)
		argument->value = WinGetFuncArgInPartition(argument->window, argument->number, row, WINDOW_SEEK_HEAD,
												   false, &isnull, &isout);
	return isnull ? NULL : &argument->value;
}

static Argument
GetArgument(FunctionCallInfo fcinfo, int number)
{
	Argument	argument = {.window = PG_WINDOW_OBJECT(), .number = number};
	bool		isnull;

	argument.stable = get_fn_expr_arg_stable(fcinfo->flinfo, number);
	argument.given = true;
	if (argument.stable)
	{
		argument.value = WinGetFuncArgCurrent(argument.window, number, &isnull);
		argument.given = !isnull;
	}
	return argument;
}

/* The claims of all rows of the partition, in its order. */
static void
ReadClaims(FunctionCallInfo fcinfo, IcmAmounts *amounts, IcmClaims *claims)
{
	Argument	weight = GetArgument(fcinfo, ARG_WEIGHT);
	Argument	floor = GetArgument(fcinfo, ARG_FLOOR);
	Argument	cap = GetArgument(fcinfo, ARG_CAP);
	MemoryContext evaluation,
				oldcontext;

	IcmClaimsInit(claims, WinGetPartitionRowCount(PG_WINDOW_OBJECT()), floor.given, cap.given);
	evaluation = AllocSetContextCreate(CurrentMemoryContext, "icm_allocate arguments", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(evaluation);
	for (int row = 0; row < claims->n; row++)
	{
		const Datum *value;
		int64		floor_units = 0,
					cap_units = ICM_BUDGET_MAX;

		CHECK_FOR_INTERRUPTS();
		if (row % ROWS_A_RESET == 0)
			MemoryContextReset(evaluation);
		value = ReadArgument(&weight, row);
		if (value == NULL)
			claims->weight[row] = ICM_TAKES_NO_PART;
		else
		{
			claims->weight[row] = IcmReadWeight(DatumGetFloat8(*value));
			if (floor.given)
				floor_units = IcmReadFloor(amounts, ReadArgument(&floor, row));
			if (floor.given || cap.given)
				cap_units = IcmReadCap(amounts, ReadArgument(&cap, row), floor_units);
		}
		if (claims->floor != NULL)
			claims->floor[row] = floor_units;
		if (claims->cap != NULL)
			claims->cap[row] = cap_units;
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(evaluation);
}

/* At the first row of a partition: share the budget out. */
static void
SharePartition(FunctionCallInfo fcinfo, Partition *partition)
{
	IcmClaims	claims;
	bool		isnull;
	Datum		budget = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), ARG_BUDGET, &isnull);

	partition->same_budget = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_BUDGET);
	partition->budget = isnull ? -1 : IcmReadBudget(&partition->amounts, budget);
	if (!isnull)
	{
		ReadClaims(fcinfo, &partition->amounts, &claims);
		partition->share = IcmShareOut(&claims, partition->budget, partition->amounts.scale,
									   GetMemoryChunkContext(partition));
	}
	partition->ready = true;
}

/* At every other row. */
static void
CheckBudget(FunctionCallInfo fcinfo, Partition *partition)
{
	int			scale = partition->amounts.scale;
	int64		units = -1;
	bool		isnull;
	Datum		budget = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), ARG_BUDGET, &isnull);

	if (!isnull)
		units = IcmReadBudget(&partition->amounts, budget);
	if (unlikely(units != partition->budget || partition->amounts.scale != scale))
		IcmBudgetsDiffer(partition->budget, scale, units, partition->amounts.scale,
						 "a partition", "Add what it depends on to PARTITION BY.");
}

/* icm_allocate(budget, weight, floor, cap) OVER (...) */
PG_FUNCTION_INFO_V1(icm_allocate_window);
Datum
icm_allocate_window(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Partition  *partition = WinGetPartitionLocalMemory(window, sizeof(Partition));
	int64		share;

	if (!partition->ready)
		SharePartition(fcinfo, partition);
	else if (!partition->same_budget)
		CheckBudget(fcinfo, partition);
	if (partition->budget < 0)
		PG_RETURN_NULL();
	share = partition->share[WinGetCurrentPosition(window)];
	if (share < 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(int64_div_fast_to_numeric(share, partition->amounts.scale));
}

/* ---- array ---------------------------------------------------------------- */

typedef struct Elements
{
	int			n;
	Datum	   *value;			/* NULL: there is no array */
	bool	   *null;
} Elements;

static Elements
GetElements(FunctionCallInfo fcinfo, int number, Oid type)
{
	Elements	elements = {0};
	ArrayType  *array;

	if (PG_ARGISNULL(number))
		return elements;
	array = PG_GETARG_ARRAYTYPE_P(number);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("weights, floors and caps must be one-dimensional arrays")));
	if (type == FLOAT8OID)
		deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
						  &elements.value, &elements.null, &elements.n);
	else
		deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT,
						  &elements.value, &elements.null, &elements.n);
	return elements;
}

static void
CheckSameLength(const Elements *weights, const Elements *others, const char *name)
{
	if (others->value != NULL && others->n != weights->n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s and weights must be arrays of the same length", name),
				 errdetail("Number of weights: %d; of %s: %d.", weights->n, name, others->n)));
}

/* An element, or NULL where it or the array is. */
static const Datum *
GetElement(const Elements *elements, int i)
{
	return elements->value == NULL || elements->null[i] ? NULL : &elements->value[i];
}

/* icm_allocate(budget, weights, floors, caps) */
PG_FUNCTION_INFO_V1(icm_allocate);
Datum
icm_allocate(PG_FUNCTION_ARGS)
{
	Elements	weights = GetElements(fcinfo, ARG_WEIGHT, FLOAT8OID);
	Elements	floors = GetElements(fcinfo, ARG_FLOOR, NUMERICOID);
	Elements	caps = GetElements(fcinfo, ARG_CAP, NUMERICOID);
	IcmAmounts	amounts = {0};
	IcmClaims	claims;
	int64		budget;

	if (PG_ARGISNULL(ARG_BUDGET) || PG_ARGISNULL(ARG_WEIGHT))
		PG_RETURN_NULL();
	CheckSameLength(&weights, &floors, "floors");
	CheckSameLength(&weights, &caps, "caps");
	budget = IcmReadBudget(&amounts, PG_GETARG_DATUM(ARG_BUDGET));
	IcmClaimsInit(&claims, weights.n, true, true);
	for (int i = 0; i < weights.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (weights.null[i])
		{
			claims.weight[i] = ICM_TAKES_NO_PART;
			continue;
		}
		claims.weight[i] = IcmReadWeight(DatumGetFloat8(weights.value[i]));
		claims.floor[i] = IcmReadFloor(&amounts, GetElement(&floors, i));
		claims.cap[i] = IcmReadCap(&amounts, GetElement(&caps, i), claims.floor[i]);
	}
	return IcmSharesToArray(IcmShareOut(&claims, budget, amounts.scale, CurrentMemoryContext), weights.n, amounts.scale);
}
