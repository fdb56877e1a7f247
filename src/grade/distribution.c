/*
 * distribution.c
 *		The SQL face of icm_distribution: text and binary form, accessors.
 *
 * Text form: {12.5 3, 17 1}, each value and how many there are of it. Where values
 * are counted in buckets it is
 * {level 44 from 0.0123 to 985.5: 0.01171875 2 9007199254740, ...}
 * the level of math/buckets.h, the smallest and the largest value; then of each
 * bucket the smallest value that it can hold, the number of values, and by how much
 * they exceed it in all, in units of their last place.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "common/check.h"
#include "common/rows.h"
#include "common/text.h"
#include "grade/distribution.h"

IcmDistribution *
IcmDistributionMake(int used)
{
	return IcmFlatMake(ICM_DISTRIBUTION_SIZE(used), ICM_DISTRIBUTION_VERSION);
}

IcmDistribution *
IcmDistributionGet(Datum datum)
{
	IcmDistribution *distribution = IcmFlatGet(datum, ICM_DISTRIBUTION_SIZE(1), ICM_DISTRIBUTION_VERSION,
											   "icm_distribution");

	if (distribution->level < 0 || distribution->level > ICM_BUCKET_LEVEL_MAX ||
		ICM_DISTRIBUTION_COUNT(distribution) > ICM_BUCKETS_MAX)
		IcmFlatCorrupt("icm_distribution");
	return distribution;
}

IcmSketch
IcmDistributionSketch(const IcmDistribution *distribution)
{
	IcmSketch	sketch = {
		.level = distribution->level,
		.used = ICM_DISTRIBUTION_COUNT(distribution),
		.n = distribution->n,
		.min = distribution->min,
		.max = distribution->max,
		.buckets = distribution->buckets
	};

	return sketch;
}

void
IcmDistributionPoints(const IcmDistribution *distribution, IcmPoints *points, double **lower)
{
	IcmSketch	sketch = IcmDistributionSketch(distribution);
	Size		size = sketch.used * sizeof(double);
	double	   *bounds = palloc(size);

	points->value = palloc(size);
	points->weight = palloc(size);
	IcmSketchPoints(&sketch, points, bounds);
	if (lower != NULL)
		*lower = bounds;
	else
		pfree(bounds);
}

double
IcmDistributionBelow(const IcmDistribution *distribution, double cut)
{
	IcmSketch	sketch = IcmDistributionSketch(distribution);

	return IcmSketchBelow(&sketch, cut, false);
}

/* ---- text ----------------------------------------------------------------- */

/* A decimal integer from 0 to 2^128 - 1; false otherwise. */
static bool
ReadWide(IcmReader *reader, IcmWide *value)
{
	static const IcmUint128 most = ~(IcmUint128) 0;
	IcmUint128	n = 0;

	IcmReadSpace(reader);
	if (*reader->at < '0' || *reader->at > '9')
		return false;
	for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++)
	{
		int			digit = *reader->at - '0';

		if (n > (most - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = IcmWideOf(n);
	return true;
}

static void
AppendWide(StringInfo buf, IcmWide value)
{
	IcmUint128	n = IcmWideGet(value);
	char		digits[40];
	int			at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + (int) (n % 10));
		n /= 10;
	} while (n > 0);
	appendBinaryStringInfo(buf, &digits[at], sizeof(digits) - at);
}

/* Read " word" */
static bool
ReadWord(IcmReader *reader, const char *word)
{
	IcmName		name;

	return IcmReadName(reader, &name) && !name.quoted && strcmp(name.text, word) == 0;
}

/* Read what comes before the entries; a sentence on what is wrong, or NULL. */
static const char *
ReadHead(IcmReader *reader, IcmSketch *sketch)
{
	IcmReader	start = *reader;

	sketch->level = 0;
	if (IcmReadChar(reader, 'l'))
	{
		*reader = start;
		if (!ReadWord(reader, "level") || !IcmReadCount(reader, &sketch->level) ||
			sketch->level < 1 || sketch->level > ICM_BUCKET_LEVEL_MAX)
			return "A level is from 1 to 52.";
		if (!ReadWord(reader, "from") || !IcmReadDouble(reader, &sketch->min) ||
			!ReadWord(reader, "to") || !IcmReadDouble(reader, &sketch->max) || !IcmReadChar(reader, ':'))
			return "A level is followed by from, the smallest value, to, the largest, and a colon.";
	}
	return NULL;
}

/* Read "value count" or, above level 0, "value count excess"; a sentence on what is wrong, or NULL. */
static const char *
ReadBucket(IcmReader *reader, int level, IcmBucket *bucket)
{
	double		lower;

	if (!IcmReadDouble(reader, &lower))
		return "A value is a finite number in the range of float8.";
	*bucket = IcmBucketOf(lower, 1, level);
	if (bucket->excess.low != 0)
		return "A value is not the smallest of an entry of this level.";
	if (!IcmReadSpace(reader) || !IcmReadCount64(reader, &bucket->count))
		return "A value is followed by a space and a count, an integer.";
	if (level > 0 && (!IcmReadSpace(reader) || !ReadWide(reader, &bucket->excess)))
		return "A count is followed by a space and the excess, an integer.";
	return NULL;
}

/*
 * Read the text into the buckets, which have room for all that may be. Returns a
 * sentence on what is wrong, or NULL; *entry is the number of the entry that cannot be
 * read, or 0 if it is not that.
 */
static const char *
ReadSketch(IcmReader *reader, IcmSketch *sketch, IcmBucket *buckets, int *entry)
{
	const char *fault;

	*entry = 0;
	if (!IcmReadChar(reader, '{'))
		return "A distribution is written in braces.";
	fault = ReadHead(reader, sketch);
	if (fault != NULL)
		return fault;
	do
	{
		if (sketch->used == ICM_BUCKETS_MAX)
			return "A distribution has 1 to 4096 entries.";
		fault = ReadBucket(reader, sketch->level, &buckets[sketch->used]);
		if (fault != NULL)
		{
			*entry = sketch->used + 1;
			return fault;
		}
		sketch->n = (int64) ((uint64) sketch->n + (uint64) buckets[sketch->used++].count);
	} while (IcmReadChar(reader, ','));
	if (!IcmReadChar(reader, '}'))
		return "An entry is followed by a comma or the closing brace.";
	if (!IcmReadEnd(reader))
		return "Nothing may follow the closing brace.";
	if (sketch->level == 0)
	{
		sketch->min = IcmBucketLower(buckets[0].key, 0);
		sketch->max = IcmBucketLower(buckets[sketch->used - 1].key, 0);
	}
	return IcmSketchFault(sketch);
}

/* The distribution of a sketch without fault, whose buckets stand in it already. */
static IcmDistribution *
Finish(IcmDistribution *distribution, const IcmSketch *sketch)
{
	SET_VARSIZE(distribution, ICM_DISTRIBUTION_SIZE(sketch->used));
	distribution->level = sketch->level;
	distribution->n = sketch->n;
	distribution->min = sketch->min;
	distribution->max = sketch->max;
	return distribution;
}

PG_FUNCTION_INFO_V1(icm_distribution_in);
Datum
icm_distribution_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	IcmSketch	sketch = {0};
	IcmDistribution *distribution;
	const char *fault;
	int			entry;
	int			room = 1;

	for (const char *c = input; *c != '\0' && room < ICM_BUCKETS_MAX; c++)
		room += *c == ',';
	distribution = IcmDistributionMake(room);
	sketch.buckets = distribution->buckets;
	fault = ReadSketch(&reader, &sketch, distribution->buckets, &entry);
	if (fault != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "icm_distribution"),
				 entry > 0 ? errdetail("Entry %d: %s", entry, fault) : errdetail("%s", fault),
				 errhint("The form is {value count, ...}, ascending, for example {12.5 3, 17 1}.")));
	PG_RETURN_POINTER(Finish(distribution, &sketch));
}

PG_FUNCTION_INFO_V1(icm_distribution_out);
Datum
icm_distribution_out(PG_FUNCTION_ARGS)
{
	IcmDistribution *distribution = PG_GETARG_DISTRIBUTION(0);
	int			used = ICM_DISTRIBUTION_COUNT(distribution);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	if (distribution->level > 0)
	{
		appendStringInfo(&buf, "level %d from ", distribution->level);
		IcmAppendDouble(&buf, distribution->min);
		appendStringInfoString(&buf, " to ");
		IcmAppendDouble(&buf, distribution->max);
		appendStringInfoString(&buf, ": ");
	}
	for (int i = 0; i < used; i++)
	{
		const IcmBucket *bucket = &distribution->buckets[i];

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		IcmAppendDouble(&buf, IcmBucketLower(bucket->key, distribution->level));
		appendStringInfo(&buf, " " INT64_FORMAT, bucket->count);
		if (distribution->level > 0)
		{
			appendStringInfoChar(&buf, ' ');
			AppendWide(&buf, bucket->excess);
		}
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* ---- binary form ---------------------------------------------------------- */

/* items of 32 bytes: level, zero, n, min, max; then of each bucket key, count, excess */
PG_FUNCTION_INFO_V1(icm_distribution_recv);
Datum
icm_distribution_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		items = IcmFlatBeginRecv(buf, "icm_distribution", ICM_DISTRIBUTION_VERSION, sizeof(IcmBucket));
	IcmSketch	sketch = {.used = items - 1};
	IcmDistribution *distribution = NULL;
	const char *fault = NULL;

	if (items < 2 || items > ICM_BUCKETS_MAX + 1)
		fault = "A distribution has 1 to 4096 entries.";
	else
	{
		distribution = IcmDistributionMake(sketch.used);
		sketch.buckets = distribution->buckets;
		sketch.level = (int) pq_getmsgint(buf, 4);
		if (pq_getmsgint(buf, 4) != 0)
			fault = "The padding is not zero.";
		sketch.n = pq_getmsgint64(buf);
		sketch.min = IcmGetMsgDouble(buf);
		sketch.max = IcmGetMsgDouble(buf);
		for (int i = 0; i < sketch.used; i++)
		{
			IcmBucket  *bucket = &distribution->buckets[i];

			bucket->key = pq_getmsgint64(buf);
			bucket->count = pq_getmsgint64(buf);
			bucket->excess.high = (uint64) pq_getmsgint64(buf);
			bucket->excess.low = (uint64) pq_getmsgint64(buf);
		}
		if (fault == NULL)
			fault = IcmSketchFault(&sketch);
	}
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of icm_distribution"),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(Finish(distribution, &sketch));
}

PG_FUNCTION_INFO_V1(icm_distribution_send);
Datum
icm_distribution_send(PG_FUNCTION_ARGS)
{
	IcmDistribution *distribution = PG_GETARG_DISTRIBUTION(0);
	int			used = ICM_DISTRIBUTION_COUNT(distribution);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, distribution, used + 1);
	pq_sendint32(&buf, distribution->level);
	pq_sendint32(&buf, 0);
	pq_sendint64(&buf, distribution->n);
	pq_sendfloat8(&buf, distribution->min);
	pq_sendfloat8(&buf, distribution->max);
	for (int i = 0; i < used; i++)
	{
		const IcmBucket *bucket = &distribution->buckets[i];

		pq_sendint64(&buf, bucket->key);
		pq_sendint64(&buf, bucket->count);
		pq_sendint64(&buf, (int64) bucket->excess.high);
		pq_sendint64(&buf, (int64) bucket->excess.low);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- accessors ------------------------------------------------------------ */

/* A share or fraction from 0 to 1; ERROR (22023) otherwise. */
static double
GetShare(FunctionCallInfo fcinfo, int argument, const char *what)
{
	double		share = PG_GETARG_FLOAT8(argument);

	if (!(share >= 0.0 && share <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 0 to 1", what),
				 errdetail("The %s given is %g.", what, share)));
	return share;
}

/* A value to compare with; ERROR (22003) unless it is finite. */
static double
GetValue(FunctionCallInfo fcinfo, int argument)
{
	double		value = PG_GETARG_FLOAT8(argument);

	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value must be a finite number"),
				 errdetail("The value given is %s.", isnan(value) ? "NaN" : "infinite")));
	return value;
}

/* (n, sum, mean, min, max, entries, relative_error) */
PG_FUNCTION_INFO_V1(icm_distribution_stats);
Datum
icm_distribution_stats(PG_FUNCTION_ARGS)
{
	IcmDistribution *distribution = PG_GETARG_DISTRIBUTION(0);
	IcmSketch	sketch = IcmDistributionSketch(distribution);
	double		sum = IcmCheckResult(IcmSketchSum(&sketch));
	Datum		values[7];
	bool		nulls[7] = {0};

	values[0] = Int64GetDatum(sketch.n);
	values[1] = Float8GetDatum(sum);
	values[2] = Float8GetDatum(sum / (double) sketch.n);
	values[3] = Float8GetDatum(sketch.min);
	values[4] = Float8GetDatum(sketch.max);
	values[5] = Int32GetDatum(sketch.used);
	values[6] = Float8GetDatum(IcmSketchError(&sketch));
	return IcmReturnRow(fcinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(icm_quantile);
Datum
icm_quantile(PG_FUNCTION_ARGS)
{
	IcmSketch	sketch = IcmDistributionSketch(PG_GETARG_DISTRIBUTION(0));

	PG_RETURN_FLOAT8(IcmSketchQuantile(&sketch, GetShare(fcinfo, 1, "fraction")));
}

PG_FUNCTION_INFO_V1(icm_rank);
Datum
icm_rank(PG_FUNCTION_ARGS)
{
	IcmSketch	sketch = IcmDistributionSketch(PG_GETARG_DISTRIBUTION(0));

	PG_RETURN_FLOAT8(IcmSketchBelow(&sketch, GetValue(fcinfo, 1), true));
}

PG_FUNCTION_INFO_V1(icm_sum_above);
Datum
icm_sum_above(PG_FUNCTION_ARGS)
{
	IcmSketch	sketch = IcmDistributionSketch(PG_GETARG_DISTRIBUTION(0));

	PG_RETURN_FLOAT8(IcmCheckResult(IcmSketchSumAbove(&sketch, GetValue(fcinfo, 1))));
}
