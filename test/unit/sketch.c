/*
 * sketch.c
 *		Unit tests of math/buckets, math/sketch and math/wide: building against
 *		the definition of the level done slowly, in any order and any parts;
 *		answers against the sorted values; sums against 128-bit integers.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "math/sketch.h"
#include "../tap.h"

#define N_MAX 200000

/* ---- 128-bit integers ------------------------------------------------------ */

static unsigned __int128
Wide(IcmWide a)
{
	return (unsigned __int128) a.high << 64 | a.low;
}

static IcmWide
RandomWide(void)
{
	IcmWide		a = {Random() >> Random() % 64, Random() >> Random() % 64};

	if (Random() % 4 == 0)
		a.low = UINT64_MAX - Random() % 2;
	return a;
}

static void
CheckWide(void)
{
	int			wrong = 0;

	for (int round = 0; round < 1000000; round++)
	{
		IcmWide		a = RandomWide(),
					b = RandomWide(),
					sum = a,
					difference = a;

		IcmWideAdd(&sum, b);
		IcmWideSubtract(&difference, b);
		wrong += Wide(sum) != Wide(a) + Wide(b) || Wide(difference) != Wide(a) - Wide(b);
		wrong += IcmWideLess(a, b) != (Wide(a) < Wide(b));
		wrong += Wide(IcmWideProduct(a.low, b.low)) != (unsigned __int128) a.low * b.low;
		wrong += fabs(IcmWideToDouble(a) / (double) Wide(a) - 1.0) > 2 * DBL_EPSILON;
	}
	ok(wrong == 0, "sums, differences, products, order of 128-bit integers (%d wrong)", wrong);
}

/* ---- kinds of values ------------------------------------------------------- */

static double
Uniform(void)
{
	return (double) (Random() >> 11) * 0x1p-53;
}

static double
Lognormal(void)
{
	return exp(4.0 + sqrt(-2.0 * log(1.0 - Uniform())) * cos(2.0 * M_PI * Uniform()));
}

static double
Signed(void)
{
	return Lognormal() - 100.0;
}

static double
AnyDouble(void)
{
	double		value;

	do
	{
		uint64_t	bits = Random();

		memcpy(&value, &bits, sizeof(value));
	} while (!isfinite(value));
	return value + 0.0;
}

/* subnormals, and what is next to them */
static double
Tiny(void)
{
	return ldexp(1.0, -1074) * (double) (Random() >> (10 + Random() % 50)) * ((Random() & 1) ? 1.0 : -1.0) + 0.0;
}

static double
Extreme(void)
{
	static const double some[] = {
		0.0, 5e-324, -5e-324, DBL_MIN, -DBL_MIN, DBL_MAX, -DBL_MAX, 1.0, -1.0, 1.0 + DBL_EPSILON, 1.0 - DBL_EPSILON / 2
	};

	return Random() % 4 == 0 ? some[Random() % (sizeof(some) / sizeof(some[0]))] : AnyDouble();
}

static double
Cents(void)
{
	return (double) (Random() % 300000 - 20000) / 100.0;
}

static double
Few(void)
{
	return (double) (Random() % 50) - 10.0;
}

/* all in a hair's breadth */
static double
Near(void)
{
	return 1.0 + (double) (Random() % 100000) * DBL_EPSILON;
}

static const struct
{
	const char *name;
	double		(*make) (void);
	double		largest;		/* so that sums stay in range */
}			kinds[] = {
	{"lognormal", Lognormal, 1e6},
	{"of both signs", Signed, 1e6},
	{"any doubles", AnyDouble, DBL_MAX},
	{"subnormal", Tiny, 1e-300},
	{"extreme", Extreme, DBL_MAX},
	{"cents", Cents, 3000},
	{"few", Few, 50},
	{"near 1", Near, 2}
};

#define KINDS ((int) (sizeof(kinds) / sizeof(kinds[0])))

/* ---- building, as a caller does -------------------------------------------- */

static IcmTable *
MakeTable(int bits, int level)
{
	IcmTable   *table = calloc(1, ICM_TABLE_SIZE(bits));

	table->bits = (uint8_t) bits;
	table->level = (uint8_t) level;
	return table;
}

static IcmTable *
Raise(IcmTable *table, int bits, int level)
{
	IcmTable   *raised;

	if (bits <= table->bits && level <= table->level)
		return table;
	raised = MakeTable(bits > table->bits ? bits : table->bits, level > table->level ? level : table->level);
	if (!IcmTableMove(table, raised))
		abort();
	free(table);
	return raised;
}

static IcmTable *
Put(IcmTable *table, const IcmBucket *bucket, int level)
{
	IcmBucket	raised = IcmBucketRaise(bucket, level, table->level);
	IcmTable	next;

	switch (IcmTablePut(table, &raised))
	{
		case ICM_PUT_CORRUPT:
			abort();
		case ICM_PUT_NO_ROOM:
			if (!IcmTableNext(table, raised.key, &next))
				abort();
			return Put(Raise(table, next.bits, next.level), bucket, level);
		case ICM_PUT_DONE:
			break;
	}
	return table;
}

static IcmTable *
Add(IcmTable *table, double value, int64_t count)
{
	IcmBucket	bucket = IcmBucketOf(value, count, table->level);

	if (!IcmTableCount(table, count, value, value))
		abort();
	return Put(table, &bucket, table->level);
}

static IcmTable *
Merge(IcmTable *table, const IcmTable *other)
{
	table = Raise(table, Random() % 2 == 0 ? other->bits : ICM_TABLE_BITS_MIN, other->level);
	if (!IcmTableCount(table, other->n, other->min, other->max))
		abort();
	for (int i = 0; i < 1 << other->bits; i++)
		if (other->slots[i].count != 0)
			table = Put(table, &other->slots[i], other->level);
	return table;
}

static IcmTable *
Build(const double *values, int n)
{
	IcmTable   *table = MakeTable(ICM_TABLE_BITS_MIN, 0);

	for (int i = 0; i < n; i++)
		table = Add(table, values[i], 1);
	return table;
}

/* Memory of the right size, so that the address sanitizer sees a step beyond it; frees the table. */
static IcmSketch
Sketch(IcmTable *table)
{
	IcmBucket  *buckets = malloc(table->used * sizeof(IcmBucket));
	IcmSketch	sketch = {table->level, table->used, table->n, table->min, table->max, buckets};

	if (!IcmTableValid(table, ICM_TABLE_SIZE(table->bits)) || !IcmTableSorted(table, buckets))
		abort();
	free(table);
	return sketch;
}

static bool
Same(const IcmSketch *a, const IcmSketch *b)
{
	return a->level == b->level && a->used == b->used && a->n == b->n &&
		memcmp(&a->min, &b->min, sizeof(double)) == 0 && memcmp(&a->max, &b->max, sizeof(double)) == 0 &&
		memcmp(a->buckets, b->buckets, a->used * sizeof(IcmBucket)) == 0;
}

/* ---- the definition, done slowly ------------------------------------------- */

static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* What a value is in units of its exponent; the exponent. */
static int64_t
Units(double value, int *exponent)
{
	(void) frexp(value, exponent);
	if (value == 0.0 || *exponent < -1021)
		*exponent = -1021;
	return (int64_t) ldexp(value, 53 - *exponent);
}

/* Are these two values in one bucket? By sign, exponent and the leading bits of the mantissa. */
static bool
Together(double x, double y, int level)
{
	int			x_exponent,
				y_exponent;
	int64_t		x_units = Units(x, &x_exponent),
				y_units = Units(y, &y_exponent);

	/* a subnormal has another leading bit than the smallest normals, with whom it shares its exponent */
	return (x < 0.0) == (y < 0.0) && x_exponent == y_exponent && (fabs(x) < DBL_MIN) == (fabs(y) < DBL_MIN) &&
		llabs(x_units) >> level == llabs(y_units) >> level;
}

static int
CountBuckets(const double *sorted, int n, int level)
{
	int			count = n > 0;

	for (int i = 1; i < n; i++)
		count += !Together(sorted[i - 1], sorted[i], level);
	return count;
}

/* The sketch of sorted values against the definition: what is wrong, or NULL. */
static const char *
Fault(const IcmSketch *sketch, const double *sorted, int n)
{
	int			level = 0,
				i = 0;

	if (IcmSketchFault(sketch) != NULL)
		return IcmSketchFault(sketch);
	while (CountBuckets(sorted, n, level) > ICM_BUCKETS_MAX)
		level++;
	if (sketch->level != level)
		return "the level is not the lowest possible";
	if (sketch->used != CountBuckets(sorted, n, level) || sketch->n != n)
		return "the number of buckets or values is wrong";
	if (sketch->min != sorted[0] || sketch->max != sorted[n - 1])
		return "the smallest or largest value is wrong";
	for (int b = 0; b < sketch->used; b++)
	{
		int			first = i;
		int			exponent;
		double		lower = IcmBucketLower(sketch->buckets[b].key, level);
		unsigned __int128 excess = 0;

		for (; i < n && Together(sorted[first], sorted[i], level); i++)
		{
			if (sorted[i] < lower || sorted[i] > IcmBucketUpper(sketch->buckets[b].key, level))
				return "a value is not in its bucket";
			excess += (unsigned __int128) (Units(sorted[i], &exponent) - (int64_t) ldexp(lower, 53 - exponent));
		}
		if (sketch->buckets[b].count != i - first)
			return "a count is wrong";
		if (Wide(sketch->buckets[b].excess) != excess)
			return "a sum is wrong";
	}
	return NULL;
}

/* ---- answers --------------------------------------------------------------- */

/* The estimate is of this value, or off by less than the stated share of it. */
static bool
NearEnough(const IcmSketch *sketch, double estimate, double value)
{
	double		unit = fabs(value) < DBL_MIN ? DBL_MIN : fabs(value);

	return sketch->level == 0 ? estimate == value : fabs(estimate - value) < IcmSketchError(sketch) * unit;
}

static const char *
QuantileFault(const IcmSketch *sketch, const double *sorted, int n)
{
	double		last = -INFINITY;

	for (int i = 0; i <= 1000; i++)
	{
		double		fraction = i / 1000.0;
		int			rank = (int) ceil(fraction * n);
		double		quantile = IcmSketchQuantile(sketch, fraction);

		if (!NearEnough(sketch, quantile, sorted[rank > 0 ? rank - 1 : 0]))
			return "a quantile is off by more than is stated";
		if (quantile < last || quantile < sorted[0] || quantile > sorted[n - 1])
			return "quantiles do not ascend from the smallest to the largest value";
		last = quantile;
	}
	return NULL;
}

/* The number of sorted values below x. */
static int
Below(const double *sorted, int n, double x)
{
	int			low = 0,
				high = n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (sorted[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Ranks of any value to within its bucket, and exactly where buckets begin and end. */
static const char *
RankFault(const IcmSketch *sketch, const double *sorted, int n)
{
	for (int i = 0; i < 1000; i++)
	{
		double		x = i % 2 == 0 ? sorted[Random() % n] : nextafter(sorted[Random() % n], AnyDouble());
		int			below = Below(sorted, n, x),
					up_to = Below(sorted, n, nextafter(x, INFINITY));
		double		estimate = IcmSketchBelow(sketch, x, false);
		double		estimate_up_to = IcmSketchBelow(sketch, x, true);
		int			b = 0;
		double		count;

		while (b < sketch->used - 1 && IcmBucketUpper(sketch->buckets[b].key, sketch->level) < x)
			b++;
		count = sketch->level == 0 ? 0.0 : (double) sketch->buckets[b].count;
		if (fabs(estimate - below) > count || fabs(estimate_up_to - up_to) > count || estimate > estimate_up_to)
			return "a rank is off by more than its bucket";
	}
	for (int b = 0; b < sketch->used; b++)
	{
		double		lower = IcmBucketLower(sketch->buckets[b].key, sketch->level);
		double		upper = IcmBucketUpper(sketch->buckets[b].key, sketch->level);

		if (IcmSketchBelow(sketch, lower, false) != Below(sorted, n, lower) ||
			IcmSketchBelow(sketch, upper, true) != Below(sorted, n, nextafter(upper, INFINITY)))
			return "a rank at the bounds of a bucket is not exact";
	}
	if (IcmSketchBelow(sketch, sorted[0], false) != 0.0 || IcmSketchBelow(sketch, sorted[n - 1], true) != n)
		return "a rank at the smallest or largest value is not exact";
	return NULL;
}

/* Sums from each bucket on against sums in long double, for values whose sum is in range. */
static const char *
SumFault(const IcmSketch *sketch, const double *sorted, int n)
{
	long double size = 0.0L,
				sum = 0.0L;
	int			i = n;

	for (int j = 0; j < n; j++)
		size += fabsl((long double) sorted[j]);
	for (int b = sketch->used - 1; b >= 0; b--)
	{
		double		lower = IcmBucketLower(sketch->buckets[b].key, sketch->level);

		while (i > 0 && sorted[i - 1] >= lower)
			sum += sorted[--i];
		if (fabsl(IcmSketchSumAbove(sketch, lower) - sum) > 1e-15L * size)
			return "a sum from the lower bound of a bucket is not exact";
	}
	if (fabsl(IcmSketchSum(sketch) - sum) > 1e-15L * size || IcmSketchSumAbove(sketch, sorted[0]) != IcmSketchSum(sketch))
		return "the sum is not exact";
	return NULL;
}

static const char *
PointsFault(const IcmSketch *sketch, const double *sorted, int n)
{
	double	   *value = malloc(sketch->used * sizeof(double)),
			   *weight = malloc(sketch->used * sizeof(double)),
			   *lower = malloc(sketch->used * sizeof(double));
	IcmPoints	points = {0, value, weight};
	const char *fault = NULL;
	int			i = 0;

	IcmSketchPoints(sketch, &points, lower);
	if ((int) points.n != sketch->used)
		fault = "there are not as many points as buckets";
	for (int b = 0; b < sketch->used && fault == NULL; b++)
	{
		long double mean = 0.0L;
		int			count = (int) weight[b];

		for (int j = i; j < i + count; j++)
			mean += (long double) sorted[j] / count;
		if (fabsl(value[b] - mean) > 1e-15L * fabsl(mean) + 5e-324L)
			fault = "a point is not the mean of its values";
		if (b > 0 && (value[b] <= value[b - 1] || sorted[i - 1] >= lower[b]))
			fault = "points do not ascend, or a lower bound does not part them";
		if (value[b] < lower[b] || sorted[i] < lower[b])
			fault = "a lower bound is above its values";
		if (sketch->level == 0 && (value[b] != sorted[i] || lower[b] != sorted[i]))
			fault = "a point at level 0 is not the value";
		i += count;
	}
	if (fault == NULL && i != n)
		fault = "the weights are not the counts";
	free(value);
	free(weight);
	free(lower);
	return fault;
}

/* ---- all of it -------------------------------------------------------------- */

static void
Shuffle(double *values, int n)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) (Random() % (i + 1));
		double		value = values[i];

		values[i] = values[j];
		values[j] = value;
	}
}

/* The values in random parts, merged in random order. */
static IcmSketch
SketchOfParts(const double *values, int n)
{
	IcmTable   *parts[8];
	int			left = 0;

	for (int start = 0, end; start < n; start = end)
	{
		end = left == 7 ? n : start + 1 + (int) (Random() % (n - start)) / 2;
		parts[left++] = Build(values + start, end - start);
	}
	while (left > 1)
	{
		int			other = 1 + (int) (Random() % (left - 1));

		parts[0] = Merge(parts[0], parts[other]);
		free(parts[other]);
		parts[other] = parts[--left];
		if (Random() % 2 == 0)
		{
			IcmTable   *first = parts[0];

			other = (int) (Random() % left);
			parts[0] = parts[other];
			parts[other] = first;
		}
	}
	return Sketch(parts[0]);
}

static void
CheckKind(int kind, int n)
{
	static double values[N_MAX],
				sorted[N_MAX];
	IcmSketch	sketch;
	const char *fault = NULL;
	int			others = 0;

	for (int i = 0; i < n; i++)
		values[i] = kinds[kind].make();
	memcpy(sorted, values, n * sizeof(double));
	qsort(sorted, n, sizeof(double), CompareDoubles);
	sketch = Sketch(Build(values, n));

	fault = Fault(&sketch, sorted, n);
	if (fault == NULL)
		fault = QuantileFault(&sketch, sorted, n);
	if (fault == NULL)
		fault = RankFault(&sketch, sorted, n);
	if (fault == NULL && kinds[kind].largest < DBL_MAX)
		fault = SumFault(&sketch, sorted, n);
	if (fault == NULL && kinds[kind].largest < DBL_MAX)
		fault = PointsFault(&sketch, sorted, n);
	ok(fault == NULL, "%d values, %s: level %d, %d buckets%s%s", n, kinds[kind].name, sketch.level, sketch.used,
	   fault == NULL ? "" : ": ", fault == NULL ? "" : fault);

	for (int round = 0; round < 4; round++)
	{
		IcmSketch	other;

		Shuffle(values, n);
		other = round % 2 == 0 ? Sketch(Build(values, n)) : SketchOfParts(values, n);
		others += !Same(&sketch, &other);
		free((void *) other.buckets);
	}
	ok(others == 0, "%d values, %s: the same in any order and any parts (%d are not)", n, kinds[kind].name, others);
	free((void *) sketch.buckets);
}

/* Counts near the largest, where the sums take all 106 bits. */
static void
CheckWeights(void)
{
	static const double some[] = {1.0 + DBL_EPSILON, 1.5, 2.0 - DBL_EPSILON, -1.25, 1e-310};
	int			wrong = 0;

	for (int level = 0; level <= ICM_BUCKET_LEVEL_MAX; level += 4)
	{
		IcmTable   *table = MakeTable(ICM_TABLE_BITS_MIN, level);
		IcmSketch	sketch;
		int64_t		left = ICM_BUCKET_COUNT_MAX;
		__int128	sum = 0;	/* of the normal ones, in units of 2^-52 */

		while (left > 0)
		{
			double		value = some[Random() % 5];
			int64_t		count = 1 + (int64_t) (Random() % (uint64_t) left);

			table = Add(table, value, count);
			left -= count;
			if (fabs(value) > 1.0)
				sum += (__int128) (int64_t) (value * 0x1p52) * count;
		}
		wrong += table->n != ICM_BUCKET_COUNT_MAX || IcmTableCount(table, 1, 0.0, 0.0) || !IcmTableCount(table, 0, 1.0, 1.0);
		sketch = Sketch(table);
		wrong += IcmSketchFault(&sketch) != NULL;
		wrong += IcmSketchSum(&sketch) != ldexp((double) sum, -52) &&
			IcmSketchSum(&sketch) != nextafter(ldexp((double) sum, -52), INFINITY);
		wrong += IcmSketchBelow(&sketch, 3.0, true) != (double) ICM_BUCKET_COUNT_MAX;
		free((void *) sketch.buckets);
	}
	ok(wrong == 0, "as many values as can be counted, their sums exact (%d wrong)", wrong);
}

static void
CheckEdges(void)
{
	double		value = -0.0;
	IcmTable   *table = MakeTable(ICM_TABLE_BITS_MIN, 0);
	IcmTable   *full = MakeTable(ICM_TABLE_BITS_MIN, 0);
	IcmTable	next;
	IcmBucket	bucket = IcmBucketOf(1.0, 1, 0);
	IcmSketch	sketch;
	int			wrong = 0;

	for (int i = 0; i < 1000000; i++)
	{
		double		x = AnyDouble(),
					y = AnyDouble();

		wrong += IcmDoubleOf(IcmIntegerOf(x)) != x || (x < y) != (IcmIntegerOf(x) < IcmIntegerOf(y));
	}
	ok(wrong == 0 && IcmIntegerOf(0.0) == 0 && IcmIntegerOf(value) == -1, "integers of doubles ascend with them");

	/* the most buckets that there can be: all signs and exponents */
	for (int exponent = -1074; exponent <= 1023; exponent++)
	{
		table = Add(table, ldexp(1.0, exponent), 1);
		table = Add(table, -ldexp(1.0, exponent), 1);
		table = Add(table, ldexp(1.75, exponent), 1);
	}
	table = Add(table, DBL_MAX, 1);
	table = Add(table, -DBL_MAX, 1);
	table = Add(table, 0.0, 1);
	sketch = Sketch(table);
	ok(IcmSketchFault(&sketch) == NULL && sketch.level == 52 && sketch.used == 4094, "every sign and exponent has a bucket");
	ok(IcmSketchQuantile(&sketch, 0.0) == -DBL_MAX && IcmSketchQuantile(&sketch, 1.0) == DBL_MAX, "up to the extremes");
	free((void *) sketch.buckets);

	/* tables that are not what their headers say */
	for (int i = 0; i < 16; i++)
	{
		full->slots[i] = bucket;
		full->slots[i].key = i + 100;
	}
	ok(IcmTablePut(full, &bucket) == ICM_PUT_CORRUPT, "a table without an empty slot is corrupt");
	table = MakeTable(ICM_TABLE_BITS_MIN, 0);
	ok(!IcmTableMove(full, table), "and cannot be moved to one of its size");
	free(table);
	full->used = 15;
	{
		IcmBucket	sorted[16];

		ok(!IcmTableSorted(full, sorted), "nor be sorted if it says fewer");
		full->used = 17;
		ok(!IcmTableSorted(full, sorted), "or more");
	}
	ok(!IcmTableValid(full, ICM_TABLE_SIZE(4)), "nor is it valid");
	free(full);
	full = MakeTable(ICM_TABLE_BITS_MAX, 0);
	for (int i = 0; i < 8192; i++)
		full->slots[i].count = 1;
	ok(!IcmTableNext(full, 1, &next), "nor has a full one of the largest size a next one");
	free(full);
}

int
main(void)
{
	static const int sizes[] = {1, 2, 17, 4096, 4097, 20000, N_MAX};

	CheckWide();
	CheckEdges();
	CheckWeights();
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			CheckKind(kind, sizes[i]);
	printf("1..%d\n", tests);
	return failures > 0;
}
