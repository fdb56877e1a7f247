/*
 * distribution_agg.c
 *		Building distributions: the aggregates, merging, adding values.
 *
 * The transition state is a bytea that holds the hash table of math/buckets.h, which
 * is changed in place: a row costs one look-up, and no allocation but when the table
 * doubles or the level rises, at most 9 and 52 times. It takes 560 bytes for up to 8
 * distinct values and 256 kB at most.
 *
 * A state may come from anywhere a bytea can: its header is checked before use, and
 * its buckets before they become a distribution.
 */
#include "postgres.h"

#include <math.h>

#include "common/aggregate.h"
#include "grade/distribution.h"

#define STATE_VERSION 1

/* The state: an IcmFlat, and then the table. */
#define STATE_SIZE(bits) (sizeof(IcmFlat) + ICM_TABLE_SIZE(bits))

static inline IcmTable *
TableOf(IcmFlat *state)
{
	return (IcmTable *) (state + 1);
}

pg_noreturn static void
ReportCorrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of icm_distribution_agg is corrupt")));
}

static IcmFlat *
MakeState(int bits, int level)
{
	IcmFlat    *state = IcmFlatMake(STATE_SIZE(bits), STATE_VERSION);

	TableOf(state)->bits = bits;
	TableOf(state)->level = level;
	return state;
}

static inline IcmFlat *
GetState(Datum datum)
{
	IcmFlat    *state = IcmGetAligned(datum);

	if (unlikely(VARSIZE(state) < STATE_SIZE(ICM_TABLE_BITS_MIN) || state->version != STATE_VERSION ||
				 !IcmTableValid(TableOf(state), VARSIZE(state) - sizeof(IcmFlat))))
		ReportCorrupt();
	return state;
}

/* ---- adding --------------------------------------------------------------- */

/* The state with a table of at least these bits and this level: the same, or a copy. */
static IcmFlat *
Raise(IcmFlat *state, int bits, int level)
{
	IcmFlat    *raised;

	if (bits <= TableOf(state)->bits && level <= TableOf(state)->level)
		return state;
	raised = MakeState(Max(bits, TableOf(state)->bits), Max(level, TableOf(state)->level));
	if (!IcmTableMove(TableOf(state), TableOf(raised)))
		ReportCorrupt();
	return raised;
}

/* Add a bucket for which there is no room: the state grows, or its level rises. */
static IcmFlat *
PutInLarger(IcmFlat *state, const IcmBucket *bucket)
{
	IcmTable	next;
	IcmBucket	raised;

	if (!IcmTableNext(TableOf(state), bucket->key, &next))
		ReportCorrupt();
	raised = IcmBucketRaise(bucket, TableOf(state)->level, next.level);
	state = Raise(state, next.bits, next.level);
	if (IcmTablePut(TableOf(state), &raised) != ICM_PUT_DONE)
		ReportCorrupt();
	return state;
}

/* Add a bucket of the state's level. */
static inline IcmFlat *
Put(IcmFlat *state, const IcmBucket *bucket)
{
	switch (IcmTablePut(TableOf(state), bucket))
	{
		case ICM_PUT_DONE:
			break;
		case ICM_PUT_NO_ROOM:
			return PutInLarger(state, bucket);
		case ICM_PUT_CORRUPT:
			ReportCorrupt();
	}
	return state;
}

static inline void
Count(IcmFlat *state, int64 n, double min, double max)
{
	if (unlikely(!IcmTableCount(TableOf(state), n, min, max)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many values for a distribution"),
				 errdetail("A distribution counts at most " INT64_FORMAT " values.", (int64) ICM_BUCKET_COUNT_MAX)));
}

/* Add a value so many times. */
static inline IcmFlat *
Add(IcmFlat *state, double value, int64 count)
{
	IcmBucket	bucket;

	if (unlikely(!isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of a distribution must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
	value += 0.0;				/* no negative zero */
	Count(state, count, value, value);
	bucket = IcmBucketOf(value, count, TableOf(state)->level);
	return Put(state, &bucket);
}

/* Add a bucket of a level that is not above the state's when it is first called, which Put() may raise. */
static inline IcmFlat *
AddBucket(IcmFlat *state, const IcmBucket *bucket, int level)
{
	IcmBucket	raised = IcmBucketRaise(bucket, level, TableOf(state)->level);

	return Put(state, &raised);
}

static IcmFlat *
AddDistribution(IcmFlat *state, const IcmDistribution *distribution)
{
	int			used = ICM_DISTRIBUTION_COUNT(distribution);

	state = Raise(state, ICM_TABLE_BITS_MIN, distribution->level);
	Count(state, distribution->n, distribution->min, distribution->max);
	for (int i = 0; i < used; i++)
		state = AddBucket(state, &distribution->buckets[i], distribution->level);
	return state;
}

static IcmFlat *
AddState(IcmFlat *state, IcmFlat *other)
{
	const IcmTable *table = TableOf(other);

	/* to insert in the order of the hash into a smaller table would pile up in its first part */
	state = Raise(state, table->bits, table->level);
	Count(state, table->n, table->min, table->max);
	for (int i = 0; i < 1 << table->bits; i++)
		if (table->slots[i].count != 0)
			state = AddBucket(state, &table->slots[i], table->level);
	return state;
}

static IcmDistribution *
MakeDistribution(IcmFlat *state)
{
	const IcmTable *table = TableOf(state);
	IcmDistribution *distribution = IcmDistributionMake(table->used);
	IcmSketch	sketch;

	distribution->level = table->level;
	distribution->n = table->n;
	distribution->min = table->min;
	distribution->max = table->max;
	sketch = IcmDistributionSketch(distribution);
	if (!IcmTableSorted(table, distribution->buckets) || IcmSketchFault(&sketch) != NULL)
		ReportCorrupt();
	return distribution;
}

/* ---- SQL ------------------------------------------------------------------ */

/* The weight of a value in argument 2, or 1 where there is none. */
static int64
GetWeight(FunctionCallInfo fcinfo)
{
	int64		weight;

	if (PG_NARGS() < 3)
		return 1;
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("weight of a value must not be null"),
				 errhint("Leave values without a weight out with a WHERE or FILTER clause, or give them one.")));
	weight = PG_GETARG_INT64(2);
	if (weight < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight of a value must not be negative"),
				 errdetail("The weight given is " INT64_FORMAT ".", weight)));
	return weight;
}

static inline void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_distribution_agg's support functions");
}

/* The state in argument 0, or a new one. */
static inline IcmFlat *
GetOrMakeState(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? MakeState(ICM_TABLE_BITS_MIN, 0) : GetState(PG_GETARG_DATUM(0));
}

/* (state, value [, weight]) */
PG_FUNCTION_INFO_V1(icm_distribution_accum);
Datum
icm_distribution_accum(PG_FUNCTION_ARGS)
{
	int64		weight;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	weight = GetWeight(fcinfo);
	if (weight == 0)
		return IcmReturnState(fcinfo);
	PG_RETURN_POINTER(Add(GetOrMakeState(fcinfo), PG_GETARG_FLOAT8(1), weight));
}

/* (state, distribution): icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_distribution_merge);
Datum
icm_distribution_merge(PG_FUNCTION_ARGS)
{
	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	PG_RETURN_POINTER(AddDistribution(GetOrMakeState(fcinfo), PG_GETARG_DISTRIBUTION(1)));
}

PG_FUNCTION_INFO_V1(icm_distribution_combine);
Datum
icm_distribution_combine(PG_FUNCTION_ARGS)
{
	IcmFlat    *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetState(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	PG_RETURN_POINTER(AddState(GetState(PG_GETARG_DATUM(0)), other));
}

PG_FUNCTION_INFO_V1(icm_distribution_final);
Datum
icm_distribution_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(MakeDistribution(GetState(PG_GETARG_DATUM(0))));
}

/* icm_distribution_add(distribution, value [, weight]) */
PG_FUNCTION_INFO_V1(icm_distribution_add);
Datum
icm_distribution_add(PG_FUNCTION_ARGS)
{
	int64		weight;
	IcmFlat    *state;

	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	weight = GetWeight(fcinfo);
	if (weight == 0)
		return IcmReturnState(fcinfo);
	state = MakeState(ICM_TABLE_BITS_MIN, 0);
	if (!PG_ARGISNULL(0))
		state = AddDistribution(state, PG_GETARG_DISTRIBUTION(0));
	PG_RETURN_POINTER(MakeDistribution(Add(state, PG_GETARG_FLOAT8(1), weight)));
}
