/*
 * sketch.c
 *		Answers from values counted in buckets; see sketch.h.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>

#include "math/exactsum.h"
#include "math/sketch.h"

/* ---- one bucket ----------------------------------------------------------- */

/* The smallest and largest value that bucket i can hold. */
static double
Lowest(const IcmSketch *sketch, int i)
{
	return i == 0 ? sketch->min : IcmBucketLower(sketch->buckets[i].key, sketch->level);
}

static double
Highest(const IcmSketch *sketch, int i)
{
	return i == sketch->used - 1 ? sketch->max : IcmBucketUpper(sketch->buckets[i].key, sketch->level);
}

/* A double is mantissa * 2^exponent, exactly; the exponent is the same all over a bucket. */
static uint64_t
Mantissa(double value, int *exponent)
{
	uint64_t	magnitude = (uint64_t) IcmIntegerOf(fabs(value));
	int			biased = (int) (magnitude >> 52);
	uint64_t	fraction = magnitude & ((UINT64_C(1) << 52) - 1);

	*exponent = (biased == 0 ? 1 : biased) - 1075;
	return biased == 0 ? fraction : fraction | (UINT64_C(1) << 52);
}

static double
Mean(const IcmSketch *sketch, int i)
{
	const IcmBucket *bucket = &sketch->buckets[i];
	double		lower = IcmBucketLower(bucket->key, sketch->level);
	int			exponent;
	double		mean;

	(void) Mantissa(lower, &exponent);
	mean = lower + ldexp(IcmWideToDouble(bucket->excess) / (double) bucket->count, exponent);
	return fmin(fmax(mean, Lowest(sketch, i)), Highest(sketch, i)) + 0.0;
}

/*
 * Add the sum of a bucket's values: an integer below 2^106 times a power of two, so
 * two doubles.
 */
static void
AddSum(IcmExactSum *sum, const IcmSketch *sketch, int i)
{
	const IcmBucket *bucket = &sketch->buckets[i];
	double		lower = IcmBucketLower(bucket->key, sketch->level);
	int			exponent;
	IcmWide		total = IcmWideProduct(Mantissa(lower, &exponent), (uint64_t) bucket->count);
	uint64_t	low;
	double		sign = lower < 0.0 ? -1.0 : 1.0;

	if (lower < 0.0)
		IcmWideSubtract(&total, bucket->excess);
	else
		IcmWideAdd(&total, bucket->excess);
	low = total.low & ((UINT64_C(1) << 53) - 1);
	IcmExactSumAdd(sum, sign * ldexp((double) (total.high << 11 | total.low >> 53), exponent + 53));
	IcmExactSumAdd(sum, sign * ldexp((double) low, exponent));
}

/* The values of a bucket are spread evenly from mean - reach to mean + reach. */
typedef struct Spread
{
	double		mean;
	double		reach;
} Spread;

static Spread
SpreadOf(const IcmSketch *sketch, int i)
{
	Spread		spread = {Mean(sketch, i), 0.0};

	if (sketch->level > 0 && sketch->buckets[i].count > 1)
		spread.reach = fmin(spread.mean - Lowest(sketch, i), Highest(sketch, i) - spread.mean);
	return spread;
}

/* The share of a bucket's values that lies below x, or at or below it; x is neither below all of them nor above. */
static double
ShareBelow(const Spread *spread, double x, bool inclusive)
{
	if (spread->reach == 0.0)
		return spread->mean < x || (inclusive && spread->mean == x) ? 1.0 : 0.0;
	return fmin(fmax(0.5 + (x - spread->mean) / spread->reach / 2.0, 0.0), 1.0);
}

/* ---- all buckets ---------------------------------------------------------- */

/* The first bucket that may hold a value at or above x; used if there is none. */
static int
FindBucket(const IcmSketch *sketch, double x)
{
	int			low = 0,
				high = sketch->used;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (Highest(sketch, middle) < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double
IcmSketchError(const IcmSketch *sketch)
{
	return sketch->level == 0 ? 0.0 : ldexp(1.0, sketch->level - 52);
}

double
IcmSketchSum(const IcmSketch *sketch)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	for (int i = 0; i < sketch->used; i++)
		AddSum(&sum, sketch, i);
	return IcmExactSumRound(&sum);
}

double
IcmSketchQuantile(const IcmSketch *sketch, double fraction)
{
	int64_t		rank = (int64_t) ceil(fraction * (double) sketch->n);
	int64_t		below = 0;
	Spread		spread;
	int			i = 0;

	if (rank <= 1)
		return sketch->min;
	if (rank >= sketch->n)
		return sketch->max;
	while (rank - below > sketch->buckets[i].count)
		below += sketch->buckets[i++].count;
	spread = SpreadOf(sketch, i);
	return spread.mean + spread.reach *
		((2.0 * (double) (rank - below) - 1.0) / (double) sketch->buckets[i].count - 1.0);
}

double
IcmSketchBelow(const IcmSketch *sketch, double x, bool inclusive)
{
	int			at = FindBucket(sketch, x);
	int64_t		below = 0;
	Spread		spread;
	double		share;

	for (int i = 0; i < at; i++)
		below += sketch->buckets[i].count;
	if (at == sketch->used || x < Lowest(sketch, at) || (x == Lowest(sketch, at) && !inclusive))
		return (double) below;
	if (inclusive && x == Highest(sketch, at))
		return (double) (below + sketch->buckets[at].count);
	spread = SpreadOf(sketch, at);
	share = ShareBelow(&spread, x, inclusive) * (double) sketch->buckets[at].count;
	return fmax((double) below + share, inclusive ? 1.0 : 0.0);
}

double
IcmSketchSumAbove(const IcmSketch *sketch, double x)
{
	int			at = FindBucket(sketch, x);
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	if (at < sketch->used && x > Lowest(sketch, at))
	{
		Spread		spread = SpreadOf(sketch, at);
		double		below = ShareBelow(&spread, x, false);

		/* the mean of the upper share of what is spread evenly */
		if (below < 1.0)
			IcmExactSumAdd(&sum, (1.0 - below) * (double) sketch->buckets[at].count *
						   (spread.mean + spread.reach * below));
		at++;
	}
	for (int i = at; i < sketch->used; i++)
		AddSum(&sum, sketch, i);
	return IcmExactSumRound(&sum);
}

void
IcmSketchPoints(const IcmSketch *sketch, IcmPoints *points, double *lower)
{
	points->n = (size_t) sketch->used;
	for (int i = 0; i < sketch->used; i++)
	{
		points->value[i] = Mean(sketch, i);
		points->weight[i] = (double) sketch->buckets[i].count;
		lower[i] = IcmBucketLower(sketch->buckets[i].key, sketch->level);
	}
}

/* ---- checking ------------------------------------------------------------- */

/* What a value is above the lower bound of its bucket. */
static uint64_t
ExcessOf(double value, int level)
{
	return (uint64_t) IcmIntegerOf(value) & ((UINT64_C(1) << level) - 1);
}

/*
 * Can the values of bucket i sum up to its excess? All are from its lowest to its highest value, and
 * of the first bucket one is the minimum, of the last one the maximum.
 */
static bool
ExcessPossible(const IcmSketch *sketch, int i)
{
	const IcmBucket *bucket = &sketch->buckets[i];
	bool		first = i == 0,
				last = i == sketch->used - 1;
	uint64_t	lowest = ExcessOf(Lowest(sketch, i), sketch->level);
	uint64_t	highest = ExcessOf(Highest(sketch, i), sketch->level);
	uint64_t	count = (uint64_t) bucket->count;
	uint64_t	between = highest - lowest;
	IcmWide		least,
				most;

	least = most = IcmWideProduct(lowest, count);
	IcmWideAdd(&least, IcmWideProduct(between, last));
	IcmWideAdd(&most, IcmWideProduct(between, count - first));
	return !IcmWideLess(bucket->excess, least) && !IcmWideLess(most, bucket->excess);
}

static const char *
BucketFault(const IcmSketch *sketch, int i)
{
	const IcmBucket *bucket = &sketch->buckets[i];
	double		lower = IcmBucketLower(bucket->key, sketch->level);

	if (bucket->key != IcmIntegerOf(lower) >> sketch->level || !(fabs(lower) <= DBL_MAX) ||
		(bucket->key == -1 && sketch->level == 0))
		return "A bucket is one of finite values.";
	if (i > 0 && bucket->key <= sketch->buckets[i - 1].key)
		return "Values must ascend, each once.";
	if (bucket->count < 1 || bucket->count > ICM_BUCKET_COUNT_MAX)
		return "A count is from 1 to 9007199254740991.";
	return NULL;
}

const char *
IcmSketchFault(const IcmSketch *sketch)
{
	int64_t		n = 0;

	if (sketch->level < 0 || sketch->level > ICM_BUCKET_LEVEL_MAX)
		return "The level is from 0 to 52.";
	if (sketch->used < 1 || sketch->used > ICM_BUCKETS_MAX)
		return "A distribution has 1 to 4096 entries.";
	for (int i = 0; i < sketch->used; i++)
	{
		const char *fault = BucketFault(sketch, i);

		if (fault != NULL)
			return fault;
		n += sketch->buckets[i].count;
		if (n > ICM_BUCKET_COUNT_MAX)
			return "A distribution counts at most 9007199254740991 values.";
	}
	if (n != sketch->n)
		return "The number of values is not the sum of the counts.";
	if (!(sketch->min <= sketch->max) ||
		IcmIntegerOf(sketch->min) >> sketch->level != sketch->buckets[0].key ||
		IcmIntegerOf(sketch->max) >> sketch->level != sketch->buckets[sketch->used - 1].key ||
		IcmIntegerOf(sketch->min) == -1 || IcmIntegerOf(sketch->max) == -1)
		return "The smallest value must be in the first entry, the largest in the last.";
	for (int i = 0; i < sketch->used; i++)
		if (!ExcessPossible(sketch, i))
			return "The values of an entry cannot exceed its lower bound by what it says.";
	return NULL;
}
