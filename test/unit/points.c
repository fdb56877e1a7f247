/*
 * points.c
 *		Unit tests of math/points: sorting against qsort(), points against counting
 *		slowly.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/points.h"
#include "../tap.h"

#define N_MAX 5000

/* ---- sorting -------------------------------------------------------------- */

static int	polls = 0;

static void
Poll(void)
{
	polls++;
}

/* By value; the two zeros, which are equal, by sign. */
static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	if (x == y)
		return (signbit(y) != 0) - (signbit(x) != 0);
	return x < y ? -1 : 1;
}

/*
 * The arrays are allocated at their exact size, so that the address sanitizer
 * sees a step beyond either.
 */
static bool
SortsRight(const double *values, size_t n)
{
	size_t		size = n * sizeof(double);
	double	   *sorted = malloc(size + 1),
			   *scratch = malloc(size + 1),
			   *expected = malloc(size + 1);
	bool		same;

	memcpy(sorted, values, size);
	memcpy(expected, values, size);
	IcmSortDoubles(sorted, scratch, n, Poll);
	qsort(expected, n, sizeof(double), CompareDoubles);
	same = memcmp(sorted, expected, size) == 0;
	free(sorted);
	free(scratch);
	free(expected);
	return same;
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
	return value;
}

static void
CheckSort(void)
{
	static const double special[] = {
		0.0, -0.0, 5e-324, -5e-324, DBL_MIN, -DBL_MIN, DBL_MAX, -DBL_MAX, 1.0, -1.0, 1.0 + DBL_EPSILON,
		1e-310, -1e-310, 2047.0, 2048.0, -2048.0
	};
	static double values[N_MAX];
	int			wrong;

	ok(SortsRight(values, 0), "sort nothing");
	values[0] = -7.0;
	ok(SortsRight(values, 1), "sort one");
	values[1] = -8.0;
	ok(SortsRight(values, 2), "sort two");
	memcpy(values, special, sizeof(special));
	ok(SortsRight(values, sizeof(special) / sizeof(double)), "sort zeros, denormals, extremes");

	for (int i = 0; i < N_MAX; i++)
		values[i] = 42.5;
	ok(SortsRight(values, N_MAX), "sort equal values");
	for (int i = 0; i < N_MAX; i++)
		values[i] = i - N_MAX / 2.0;
	ok(SortsRight(values, N_MAX), "sort what is sorted");
	for (int i = 0; i < N_MAX; i++)
		values[i] = N_MAX / 3.0 - i;
	ok(SortsRight(values, N_MAX), "sort what is reversed");
	for (int i = 0; i < N_MAX; i++)
		values[i] = ldexp(1.0, -1074) * (double) (Random() % 100000) * ((Random() & 1) ? 1.0 : -1.0);
	ok(SortsRight(values, N_MAX), "sort denormals");

	wrong = 0;
	for (int round = 0; round < 300; round++)
	{
		size_t		n = Random() % 300;

		for (size_t i = 0; i < n; i++)
			values[i] = AnyDouble();
		wrong += !SortsRight(values, n);
	}
	ok(wrong == 0, "sort random bits (%d wrong)", wrong);

	/* values that differ in one digit of the radix only, whichever it is: all passes but one are skipped */
	wrong = 0;
	for (int shift = 0; shift < 63; shift++)
	{
		for (int i = 0; i < 200; i++)
		{
			uint64_t	bits = (UINT64_C(0x3FF0000000000000) ^ ((Random() % 2048) << shift)) & ~(UINT64_C(1) << 62);

			memcpy(&values[i], &bits, sizeof(double));
		}
		wrong += !SortsRight(values, 200);
	}
	ok(wrong == 0, "sort values that differ in a few bits (%d wrong)", wrong);
	ok(polls > 0, "sorting can be interrupted");
}

/* ---- points --------------------------------------------------------------- */

/* The weight of a value among n, added up in the order they come; the weights are integers. */
static double
WeightOf(double value, const IcmWeighted *values, size_t n)
{
	double		weight = 0.0;

	for (size_t i = 0; i < n; i++)
		weight += values[i].value == value ? values[i].weight : 0.0;
	return weight;
}

/* Are these the points of the values? What is wrong, or NULL. */
static const char *
PointsFault(const IcmPoints *points, const IcmWeighted *values, size_t n)
{
	double		total = 0.0,
				expected = 0.0;

	for (size_t i = 0; i < points->n; i++)
	{
		if (i > 0 && points->value[i] <= points->value[i - 1])
			return "values do not ascend";
		if (points->weight[i] != WeightOf(points->value[i], values, n))
			return "a weight is wrong";
		total += points->weight[i];
	}
	for (size_t i = 0; i < n; i++)
		expected += values[i].weight;
	return total == expected ? NULL : "a value is missing";
}

/* Points of plain and of weighted values, in arrays of the exact size. */
static const char *
CheckInput(const IcmWeighted *values, size_t n)
{
	size_t		size = n * sizeof(double);
	double	   *plain = malloc(size + 1),
			   *plain_scratch = malloc(size + 1);
	IcmWeighted *weighted = malloc(2 * size + 1),
			   *weighted_scratch = malloc(2 * size + 1),
			   *unit = malloc(2 * size + 1);
	IcmPoints	points;
	const char *fault;

	memcpy(weighted, values, 2 * size);
	points = IcmPointsOfWeighted(weighted, weighted_scratch, n, Poll);
	fault = PointsFault(&points, values, n);

	for (size_t i = 0; i < n; i++)
	{
		plain[i] = values[i].value;
		unit[i].value = values[i].value;
		unit[i].weight = 1.0;
	}
	points = IcmPointsOfValues(plain, plain_scratch, n, Poll);
	if (fault == NULL)
		fault = PointsFault(&points, unit, n);
	free(plain);
	free(plain_scratch);
	free(weighted);
	free(weighted_scratch);
	free(unit);
	return fault;
}

static void
CheckPoints(void)
{
	static IcmWeighted values[N_MAX];
	const char *fault = NULL;
	IcmWeighted few[6],
				scratch[6];
	int			wrong = 0;

	for (int round = 0; round < 1000 && fault == NULL; round++)
	{
		size_t		n = Random() % 100;
		uint64_t	kinds = 1 + Random() % 100;

		for (size_t i = 0; i < n; i++)
		{
			values[i].value = ldexp((double) (Random() % kinds), (int) (Random() % 3)) - 20.0;
			values[i].weight = 1.0 + (double) (Random() % 1000);
		}
		fault = CheckInput(values, n);
	}
	ok(fault == NULL, "points are the distinct values with their weights%s%s",
	   fault == NULL ? "" : ": ", fault == NULL ? "" : fault);

	/* 2^60 and thrice 128 and a little, in units of 256: added up one by one, it depends on the order */
	for (int first = 0; first < 6; first++)
	{
		static const double terms[] = {0x1p60, 128.0, 0x1p-30, 128.0, 0x1p-30, 128.0};
		IcmPoints	points;

		for (int i = 0; i < 6; i++)
			few[i] = (IcmWeighted) {7.0, terms[(first + i) % 6]};
		points = IcmPointsOfWeighted(few, scratch, 6, Poll);
		wrong += points.n != 1 || points.weight[0] != 0x1p60 + 512.0;
	}
	ok(wrong == 0, "weights are added up exactly and rounded once (%d wrong)", wrong);
}

static void
CheckFactor(void)
{
	double		values[2] = {-3.0, 2.0};
	double		weights[2] = {1.0, 1.0};
	IcmPoints	points = {2, values, weights};

	ok(IcmPointsFactor(&points) == 1.0, "usual values are not scaled");
	values[0] = -DBL_MAX;
	ok(DBL_MAX * IcmPointsFactor(&points) < 0x1p424, "huge values are");
	values[0] = -0x1p-1000;
	values[1] = 0.0;
	ok(IcmPointsFactor(&points) * 0x1p-1000 == 0x1p-400, "tiny values are");
}

int
main(void)
{
	CheckSort();
	CheckPoints();
	CheckFactor();
	printf("1..%d\n", tests);
	return failures > 0;
}
