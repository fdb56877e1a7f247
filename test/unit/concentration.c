/*
 * concentration.c
 *		Unit tests of math/concentration: the Gini coefficient against the mean
 *		difference of all pairs, the Lorenz curve and the share of the best
 *		against adding up value by value, all in integers.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/concentration.h"
#include "../tap.h"

#define N_MAX 200

static double value[N_MAX];
static double weight[N_MAX];
static IcmPoints points = {0, value, weight};

static void
SetPoints(size_t n, const double *values, const double *weights)
{
	points.n = n;
	memcpy(value, values, n * sizeof(double));
	memcpy(weight, weights, n * sizeof(double));
}

/* Integer values that ascend from at least low, with integer weights. */
static void
RandomPoints(double low, int step_max, int weight_max)
{
	points.n = 1 + Random() % N_MAX;
	for (size_t i = 0; i < points.n; i++)
	{
		value[i] = (i == 0 ? low : value[i - 1] + 1.0) + (double) (Random() % step_max);
		weight[i] = 1.0 + (double) (Random() % weight_max);
	}
}

static bool
Near(double x, long double expected, double roundings)
{
	return fabsl(x - expected) <= roundings * DBL_EPSILON * fabsl(expected);
}

static void
Sum(__int128 *total, __int128 *sum)
{
	*total = 0;
	*sum = 0;
	for (size_t i = 0; i < points.n; i++)
	{
		*total += (__int128) weight[i];
		*sum += (__int128) weight[i] * (__int128) value[i];
	}
}

/* ---- Gini ----------------------------------------------------------------- */

/* Half the mean absolute difference of all pairs, in units of the mean. */
static long double
SlowGini(void)
{
	__int128	total,
				sum,
				differences = 0;

	Sum(&total, &sum);
	for (size_t i = 0; i < points.n; i++)
		for (size_t j = 0; j < i; j++)
			differences += (__int128) weight[i] * (__int128) weight[j] * (__int128) (value[i] - value[j]);
	return (long double) differences / (long double) total / (long double) sum;
}

static void
CheckRandomGini(const char *name, double low, int step_max, int weight_max)
{
	int			wrong = 0,
				some = 0;

	for (int round = 0; round < 500; round++)
	{
		__int128	total,
					sum;

		RandomPoints(low, step_max, weight_max);
		Sum(&total, &sum);
		some += sum > 0;
		wrong += sum > 0 ? !Near(IcmGini(&points), SlowGini(), 2.0) : !isnan(IcmGini(&points));
	}
	ok(wrong == 0 && some > 200, "Gini coefficient of %s (%d wrong, %d there are)", name, wrong, some);
}

static void
CheckGini(void)
{
	static const double ones[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	static const double numbers[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	static const double one_has_all[] = {0.0, 7.0};
	static const double nine_and_one[] = {9.0, 1.0};
	static const double debt[] = {-5.0, 0.0, 6.0};
	static const double loss[] = {-5.0, 0.0, 5.0};
	double		expected;

	points.n = 0;
	ok(isnan(IcmGini(&points)), "no Gini coefficient of nothing");
	SetPoints(3, loss, ones);
	ok(isnan(IcmGini(&points)), "none of a sum that is not positive");
	SetPoints(1, numbers, nine_and_one);
	ok(IcmGini(&points) == 0.0, "0 if all are equal");
	SetPoints(2, one_has_all, nine_and_one);
	ok(IcmGini(&points) == 0.9, "0.9 if one of ten has all");
	SetPoints(10, numbers, ones);
	ok(IcmGini(&points) == 0.3, "0.3 of 1 to 10");
	SetPoints(3, debt, ones);
	ok(Near(IcmGini(&points), 22.0L / 3.0L, 1.0), "above 1 with negative values");

	SetPoints(10, numbers, ones);
	expected = IcmGini(&points);
	for (int i = 0; i < 10; i++)
		value[i] *= 0x1p1020;
	ok(IcmGini(&points) == expected, "of huge values");
	for (int i = 0; i < 10; i++)
		value[i] = ldexp(numbers[i], -1074);
	ok(IcmGini(&points) == expected, "of tiny values");

	CheckRandomGini("small values", 0.0, 10, 1);
	CheckRandomGini("weighted values", 0.0, 1000, 1000);
	CheckRandomGini("nearly equal values, with large weights", 1e12, 3, 1 << 28);
	CheckRandomGini("values that nearly cancel", -80.0, 2, 3000);
}

/* ---- Lorenz --------------------------------------------------------------- */

/* The curve at k / whole: add up whole times as many values, of which k n are the lowest. */
static long double
SlowLorenz(int k, int whole)
{
	__int128	total,
				sum,
				part = 0,
				left;

	Sum(&total, &sum);
	left = total * k;
	for (size_t i = 0; i < points.n && left > 0; i++)
	{
		__int128	taken = (__int128) weight[i] * whole;

		taken = taken < left ? taken : left;
		part += taken * (__int128) value[i];
		left -= taken;
	}
	return (long double) part / whole / (long double) sum;
}

static void
CheckLorenz(void)
{
	static const double ones[] = {1, 1, 1, 1};
	static const double numbers[] = {1, 2, 3, 4};
	static const double loss[] = {-1.0, 1.0};
	static const double p[] = {0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0};
	double		share[101];
	double		hundredths[101];
	int			wrong = 0,
				ends = 0;

	SetPoints(4, numbers, ones);
	IcmLorenz(&points, p, 7, share);
	ok(share[0] == 0.0 && share[1] == 0.05 && share[2] == 0.1 && share[3] == 0.3 && share[4] == 0.6 &&
	   share[5] == 0.8 && share[6] == 1.0,
	   "Lorenz curve of 1 to 4");
	for (int i = 0; i < 4; i++)
		value[i] *= 0x1p1021;
	IcmLorenz(&points, p, 7, share);
	ok(share[1] == 0.05 && share[5] == 0.8 && share[6] == 1.0, "of huge values");
	SetPoints(2, loss, ones);
	IcmLorenz(&points, p, 7, share);
	ok(isnan(share[0]) && isnan(share[6]), "none of a sum that is not positive");
	points.n = 0;
	IcmLorenz(&points, p, 7, share);
	ok(isnan(share[0]) && isnan(share[6]), "nor of nothing");

	for (int k = 0; k <= 100; k++)
		hundredths[k] = k / 100.0;
	for (int round = 0; round < 500; round++)
	{
		RandomPoints(round % 3 ? 0.0 : -5.0, 1 + (int) (Random() % 2000), 1 + (int) (Random() % 1000));
		value[points.n - 1] += 20000.0;	/* so that the sum is positive */
		weight[points.n - 1] += 1000.0;
		IcmLorenz(&points, hundredths, 101, share);
		for (int k = 0; k <= 100; k++)
			wrong += fabsl(share[k] - SlowLorenz(k, 100)) > 8.0 * DBL_EPSILON;
		ends += share[0] == 0.0 && share[100] == 1.0;
	}
	ok(wrong == 0, "Lorenz curves (%d points wrong)", wrong);
	ok(ends == 500, "from 0 to 1 (%d of 500)", ends);
}

/* ---- the best -------------------------------------------------------------- */

/* What the best k of whole have, who are the smallest number that is at least that: one by one from the top. */
static long double
SlowTopShare(int k, int whole)
{
	__int128	total,
				sum,
				part = 0,
				left;

	Sum(&total, &sum);
	left = (total * k + whole - 1) / whole;
	for (size_t i = points.n; i-- > 0 && left > 0;)
	{
		__int128	taken = (__int128) weight[i] < left ? (__int128) weight[i] : left;

		part += taken * (__int128) value[i];
		left -= taken;
	}
	return (long double) part / (long double) sum;
}

static void
CheckTopShare(void)
{
	static const double ones[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	static const double numbers[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	static const double loss[] = {-5.0, 0.0, 5.0};
	int			wrong = 0;

	SetPoints(10, numbers, ones);
	ok(IcmTopShare(&points, 0.0) == 0.0 && IcmTopShare(&points, 0.1) == 10.0 / 55.0 &&
	   IcmTopShare(&points, 0.11) == 19.0 / 55.0 && IcmTopShare(&points, 0.7) == 49.0 / 55.0 &&
	   IcmTopShare(&points, 1.0) == 1.0, "the best of 1 to 10");
	for (int i = 0; i < 10; i++)
		value[i] *= 0x1p1020;
	ok(IcmTopShare(&points, 0.1) == 10.0 / 55.0, "of huge values");
	SetPoints(3, loss, ones);
	ok(isnan(IcmTopShare(&points, 0.5)), "none of a sum that is not positive");
	points.n = 0;
	ok(isnan(IcmTopShare(&points, 0.5)), "nor of nothing");

	for (int round = 0; round < 500; round++)
	{
		RandomPoints(round % 3 ? 0.0 : -5.0, 1 + (int) (Random() % 2000), 1 + (int) (Random() % 1000));
		value[points.n - 1] += 20000.0;	/* so that the sum is positive */
		weight[points.n - 1] += 1000.0;
		for (int k = 0; k <= 100; k++)
			wrong += fabsl(IcmTopShare(&points, k / 100.0) - SlowTopShare(k, 100)) > 8.0 * DBL_EPSILON;
	}
	ok(wrong == 0, "shares of the best (%d wrong)", wrong);
}

int
main(void)
{
	CheckGini();
	CheckLorenz();
	CheckTopShare();
	printf("1..%d\n", tests);
	return failures > 0;
}
