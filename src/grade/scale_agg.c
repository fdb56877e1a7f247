/*
 * scale_agg.c
 *		icm_scale_agg: cutting a scale from the values themselves.
 *
 * The transition state is a bytea that holds every value: a header, the values
 * in the order they came, and room that doubles when it is used up. So the
 * scale is exact, merging is appending, memory is at most 16 bytes a value
 * (and twice that while the room doubles or the values are sorted), and
 * work_mem has no say in the result. The order of the values has none either,
 * as they are sorted in the end.
 *
 * A state may come from anywhere a bytea can, so it is checked before use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "grade/scale.h"
#include "math/quantile.h"

#define STATE_VERSION 1
#define DEFAULT_GRADES 5

typedef enum ScaleMethod
{
	METHOD_QUANTILE = 1
} ScaleMethod;

static const struct
{
	const char *name;
	ScaleMethod method;
}			methods[] = {
	{"quantile", METHOD_QUANTILE}
};

typedef struct ScaleState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		method;			/* ScaleMethod */
	uint16		grades;
	int64		n;				/* values in use */
	double		values[FLEXIBLE_ARRAY_MEMBER];
} ScaleState;

#define STATE_SIZE(n) (offsetof(ScaleState, values) + (Size) (n) * sizeof(double))
#define STATE_ROOM(s) ((int64) ((VARSIZE(s) - offsetof(ScaleState, values)) / sizeof(double)))
#define STATE_ROOM_MAX ((int64) ((MaxAllocSize - offsetof(ScaleState, values)) / sizeof(double)))

StaticAssertDecl(ICM_GROUPS_MAX == ICM_GRADES_MAX, "a scale's grades are the groups of a quantile");

/* A state with room for at least n values, the room zeroed. */
static ScaleState *
MakeState(int64 n, int grades, ScaleMethod method)
{
	ScaleState *state;
	Size		size = 1024;

	if (n > STATE_ROOM_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many values for one scale"),
				 errdetail("A scale is cut from at most " INT64_FORMAT " values.", STATE_ROOM_MAX)));
	while (size < STATE_SIZE(n))
		size *= 2;
	size = Min(size, MaxAllocSize);

	state = (ScaleState *) palloc0(size);
	SET_VARSIZE(state, size);
	state->version = STATE_VERSION;
	state->method = method;
	state->grades = grades;
	return state;
}

static ScaleState *
GetState(Datum datum)
{
	ScaleState *state = (ScaleState *) PG_DETOAST_DATUM(datum);

	if (VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION ||
		state->method != METHOD_QUANTILE ||
		state->grades < ICM_GRADES_MIN || state->grades > ICM_GRADES_MAX ||
		state->n < 0 || state->n > STATE_ROOM(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("transition state of icm_scale_agg is corrupt")));
	return state;
}

/* As GetState, at an address where a double may stand: a bytea need not be. */
static ScaleState *
GetAlignedState(Datum datum)
{
	return GetState(PointerGetDatum(IcmGetAligned(datum)));
}

/* The state with room for n more values: the same, or a larger copy. */
static ScaleState *
MakeRoom(ScaleState *state, int64 n)
{
	ScaleState *larger;

	if (n <= STATE_ROOM(state) - state->n)
		return state;
	larger = MakeState(Max(state->n + n, Min(STATE_ROOM(state) * 2, STATE_ROOM_MAX)),
					   state->grades, state->method);
	larger->n = state->n;
	memcpy(larger->values, state->values, state->n * sizeof(double));
	return larger;
}

static int
GetGrades(FunctionCallInfo fcinfo)
{
	int32		grades;

	if (PG_NARGS() < 3)
		return DEFAULT_GRADES;
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("grades must not be null")));
	grades = PG_GETARG_INT32(2);
	if (grades < ICM_GRADES_MIN || grades > ICM_GRADES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grades must be from %d to %d", ICM_GRADES_MIN, ICM_GRADES_MAX),
				 errdetail("The number given is %d.", grades)));
	return grades;
}

static ScaleMethod
GetMethod(FunctionCallInfo fcinfo)
{
	text	   *name;

	if (PG_NARGS() < 4)
		return METHOD_QUANTILE;
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("method must not be null")));
	name = PG_GETARG_TEXT_PP(3);
	for (int i = 0; i < lengthof(methods); i++)
		if (VARSIZE_ANY_EXHDR(name) == strlen(methods[i].name) &&
			memcmp(VARDATA_ANY(name), methods[i].name, VARSIZE_ANY_EXHDR(name)) == 0)
			return methods[i].method;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown scale method \"%s\"", text_to_cstring(name)),
			 errhint("The method is quantile.")));
	pg_unreachable();
}

static void
CheckSameScale(int grades, ScaleMethod method, const ScaleState *state)
{
	if (grades != state->grades || method != state->method)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grades and method must be the same for all values of a scale"),
				 errhint("Add what they depend on to GROUP BY.")));
}

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_scale_agg's support functions");
}

/* (state, value [, grades [, method]]) */
PG_FUNCTION_INFO_V1(icm_scale_accum);
Datum
icm_scale_accum(PG_FUNCTION_ARGS)
{
	ScaleState *state;
	int			grades = GetGrades(fcinfo);
	ScaleMethod method = GetMethod(fcinfo);
	double		value;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(0))
	{
		if (PG_ARGISNULL(1))
			PG_RETURN_NULL();
		state = MakeState(0, grades, method);
	}
	else
	{
		state = GetState(PG_GETARG_DATUM(0));
		CheckSameScale(grades, method, state);
		if (PG_ARGISNULL(1))
			PG_RETURN_POINTER(state);
	}

	value = PG_GETARG_FLOAT8(1);
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of a scale must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
	state = MakeRoom(state, 1);
	state->values[state->n++] = value + 0.0;	/* no negative zero */
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_scale_combine);
Datum
icm_scale_combine(PG_FUNCTION_ARGS)
{
	ScaleState *state;
	const ScaleState *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetAlignedState(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);

	state = GetState(PG_GETARG_DATUM(0));
	CheckSameScale(other->grades, other->method, state);
	state = MakeRoom(state, other->n);
	memcpy(state->values + state->n, other->values, other->n * sizeof(double));
	state->n += other->n;
	PG_RETURN_POINTER(state);
}

static void
Poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

PG_FUNCTION_INFO_V1(icm_scale_final);
Datum
icm_scale_final(PG_FUNCTION_ARGS)
{
	const ScaleState *state = GetAlignedState(PG_GETARG_DATUM(0));
	Size		size = Max(state->n, 1) * sizeof(double);
	double	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext, size);
	double	   *scratch = MemoryContextAllocHuge(CurrentMemoryContext, size);
	double		cuts[ICM_GRADES_MAX - 1];
	size_t		distinct;

	for (int64 i = 0; i < state->n; i++)
	{
		if (unlikely(!isfinite(state->values[i])))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("transition state of icm_scale_agg is corrupt")));
		sorted[i] = state->values[i] + 0.0;
	}
	IcmSortDoubles(sorted, scratch, state->n, Poll);
	pfree(scratch);
	if (IcmQuantileCuts(sorted, state->n, state->grades, cuts, &distinct) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fewer distinct values than grades"),
				 errdetail("There are %d grades and %d distinct values, as equal values always share a grade.",
						   state->grades, (int) distinct),
				 errhint("Ask for fewer grades, or cut the scale over more customers.")));
	pfree(sorted);
	PG_RETURN_POINTER(IcmScaleMake(cuts, state->grades - 1));
}
