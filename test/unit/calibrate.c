/*
 * calibrate.c
 *		Unit tests of math/calibrate: lambda against bisection of the sum in long
 *		double, in any order of the rows, with ties and extreme amounts.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "math/calibrate.h"
#include "../tap.h"

#define N_MAX 300

static int	polls = 0;

static void
Poll(void)
{
	polls++;
}

/* Calibrate in arrays of the exact size, so that the address sanitizer sees a step beyond. */
static IcmCalibrationResult
Calibrate(const IcmCalibrationRow *rows, size_t n, double total, IcmCalibration *result)
{
	IcmCalibrationRow *copy = malloc((n + 1) * sizeof(*copy));
	void	   *work = malloc(IcmCalibrateWork(n));
	IcmCalibrationResult answer;

	for (size_t i = 0; i < n; i++)
		copy[i] = rows[i];
	answer = IcmCalibrate(copy, n, total, result, work, Poll);
	free(copy);
	free(work);
	return answer;
}

static long double
Sum(const IcmCalibrationRow *rows, size_t n, long double lambda)
{
	long double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += fmaxl(rows[i].own, lambda * rows[i].estimate);
	return sum;
}

static long double
SlowLambda(const IcmCalibrationRow *rows, size_t n, double total)
{
	long double low = 0.0,
				high = 1.0;

	while (Sum(rows, n, high) < total)
		high *= 2.0;
	for (int i = 0; i < 200; i++)
	{
		long double middle = (low + high) / 2.0;

		if (Sum(rows, n, middle) < total)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static void
Shuffle(IcmCalibrationRow *rows, size_t n)
{
	for (size_t i = n; i > 1; i--)
	{
		size_t		other = Random() % i;
		IcmCalibrationRow swap = rows[i - 1];

		rows[i - 1] = rows[other];
		rows[other] = swap;
	}
}

static double
Uniform(void)
{
	return (double) (Random() >> 11) * 0x1p-53;
}

/* Amounts of whole units up to a limit, many of them zero or equal, or of any size. */
static double
Amount(int kind)
{
	if (kind == 0)
		return (double) (Random() % 4);
	if (kind == 1)
		return Random() % 5 == 0 ? 0.0 : exp(20.0 * Uniform() - 10.0);
	return Uniform();
}

static void
CheckRandom(int kind, const char *name)
{
	IcmCalibrationRow rows[N_MAX];
	int			wrong = 0,
				unstable = 0,
				off = 0,
				some = 0;

	for (int round = 0; round < 3000; round++)
	{
		size_t		n = 1 + Random() % (round % 3 == 0 ? N_MAX : 6);
		IcmCalibration first,
					other;
		double		total,
					own = 0.0,
					estimate = 0.0;

		for (size_t i = 0; i < n; i++)
		{
			rows[i].own = Amount(kind);
			rows[i].estimate = Amount(kind);
			own += rows[i].own;
			estimate += rows[i].estimate;
		}
		total = own + (kind == 0 ? (double) (Random() % 9 + 1) : (own + 1e-3) * 3.0 * Uniform() + 1e-6);
		if (estimate == 0.0)
			continue;
		some++;
		if (Calibrate(rows, n, total, &first) != ICM_CALIBRATED)
		{
			wrong++;
			continue;
		}
		/* lambda itself is ill-conditioned where total is barely above own spend; the sum is not */
		off += fabsl(Sum(rows, n, first.lambda) - total) > 8.0 * DBL_EPSILON * total;
		wrong += fabsl(first.lambda - SlowLambda(rows, n, total)) > 1e-9L * first.lambda;
		for (int order = 0; order < 3; order++)
		{
			Shuffle(rows, n);
			Calibrate(rows, n, total, &other);
			unstable += other.lambda != first.lambda || other.own != first.own || other.estimate != first.estimate;
		}
	}
	ok(some > 1500 && wrong == 0, "%s: lambda (%d of %d wrong)", name, wrong, some);
	ok(off == 0, "%s: wallets add up to the total (%d do not)", name, off);
	ok(unstable == 0, "%s: to the bit in any order (%d are not)", name, unstable);
}

/* The total is own spend: all are left at it, and a lambda that is larger by more than rounding lifts one. */
static void
CheckAllAtOwn(void)
{
	IcmCalibrationRow rows[N_MAX];
	int			lifted = 0,
				too_low = 0,
				unstable = 0;

	for (int round = 0; round < 20000; round++)
	{
		size_t		n = 1 + Random() % (round % 10 == 0 ? N_MAX : 3);
		int			kind = (int) (Random() % 4);
		IcmCalibration first,
					other;
		double		total = 0.0,
					larger;
		bool		lifts = false;

		for (size_t i = 0; i < n; i++)
		{
			rows[i].own = kind == 3 ? (double) (Random() % 10000 + 1) / 100.0 : Amount(kind) + 0.5;
			rows[i].estimate = kind == 3 ? (double) (Random() % 10000 + 1) / 100.0 : Amount(kind) + 0.5;
			total += rows[i].own;
		}
		total *= 1.0 - 4e-13;	/* within the tolerance */
		if (Calibrate(rows, n, total, &first) != ICM_CALIBRATED)
		{
			lifted++;
			continue;
		}
		larger = nextafter(nextafter(first.lambda, INFINITY), INFINITY);
		for (size_t i = 0; i < n; i++)
		{
			lifted += IcmCalibrated(rows[i].own, rows[i].estimate, first.lambda) != rows[i].own;
			lifts = lifts || (long double) larger * rows[i].estimate > rows[i].own;
		}
		too_low += !lifts;
		Shuffle(rows, n);
		Calibrate(rows, n, total, &other);
		unstable += other.lambda != first.lambda;
	}
	ok(lifted == 0, "the total is own spend: all are left at it (%d are not)", lifted);
	ok(too_low == 0, "and no lambda larger by 2 ulp leaves them (%d do)", too_low);
	ok(unstable == 0, "the same in any order (%d are not)", unstable);
}

static void
CheckKnown(void)
{
	static const IcmCalibrationRow reference[] = {{10, 50}, {40, 45}, {5, 60}, {80, 70}};
	static const IcmCalibrationRow floors[] = {{10, 1}, {0, 1}, {1, 1}, {7, 0}};
	static const IcmCalibrationRow zeros[] = {{3, 0}, {4, 0}};
	static const IcmCalibrationRow tenths[] = {{0.1, 1}, {0.2, 1}};
	static const IcmCalibrationRow huge[] = {{1e280, 1e-300}, {1e280, 1e280}};
	static const IcmCalibrationRow tiny[] = {{0, 1e-300}, {0, 1e-300}};
	static const IcmCalibrationRow large[] = {{0, 1e280}, {0, 1e280}};
	static const IcmCalibrationRow large_beside[] = {{1, 0}, {0, 1e280}, {0x1p-60, 0}};
	static const IcmCalibrationRow upwards[] = {{7, 25}};
	IcmCalibration result;

	ok(Calibrate(reference, 4, 300, &result) == ICM_CALIBRATED && result.lambda == 300.0 / 225.0 &&
	   result.own == 135 && result.estimate == 225, "the reference: lambda 4/3");
	ok(Calibrate(floors, 4, 22, &result) == ICM_CALIBRATED && result.lambda == 2.5, "two above own spend");
	ok(Calibrate(floors, 4, 19, &result) == ICM_CALIBRATED && result.lambda == 1.0, "one, and one about to leave it");
	ok(Calibrate(floors, 4, 43, &result) == ICM_CALIBRATED && result.lambda == 12.0, "all that have an estimate");
	ok(Calibrate(floors, 4, 18, &result) == ICM_CALIBRATED && result.lambda == 0.0, "the total is own spend: 0 / 1");
	ok(Calibrate(reference, 4, 135, &result) == ICM_CALIBRATED && result.lambda == 5.0 / 60.0,
	   "the total is own spend: the smallest ratio");
	ok(Calibrate(tenths, 2, 0.3, &result) == ICM_CALIBRATED && result.lambda == 0.1 && result.own > 0.3,
	   "the total is own spend but for rounding");
	ok(Calibrate(floors, 4, 17.999, &result) == ICM_OWN_EXCEEDS_TOTAL && result.own == 18, "less than own spend");
	ok(Calibrate(zeros, 2, 7, &result) == ICM_CALIBRATED && isnan(result.lambda), "no estimate, none needed");
	ok(Calibrate(zeros, 2, 8, &result) == ICM_NO_POSITIVE_ESTIMATE, "no estimate, but one is needed");
	ok(Calibrate(NULL, 0, 0, &result) == ICM_CALIBRATED && isnan(result.lambda) && result.own == 0, "nothing");
	ok(Calibrate(NULL, 0, 1, &result) == ICM_NO_POSITIVE_ESTIMATE, "something for nobody");
	ok(Calibrate(huge, 2, 2e280, &result) == ICM_CALIBRATED && result.lambda == 1.0, "an estimate too small to scale");
	ok(Calibrate(huge, 2, 3e280, &result) == ICM_CALIBRATED && fabs(result.lambda - 2.0) < 1e-15, "and one that is not");
	ok(0.28 * 25 > 7 && Calibrate(upwards, 1, 7, &result) == ICM_CALIBRATED && result.lambda == nextafter(0.28, 0) &&
	   IcmCalibrated(7, 25, result.lambda) == 7, "the total is own spend: a ratio whose rounding would lift its row");
	ok(Calibrate(large, 2, 1e-60, &result) == ICM_ESTIMATES_TOO_LARGE, "a factor below double");
	ok(Calibrate(large, 2, 4e-29, &result) == ICM_ESTIMATES_TOO_LARGE, "and one with few digits");
	ok(Calibrate(large, 2, 1e-20, &result) == ICM_CALIBRATED && fabs(result.lambda / 5e-301 - 1.0) < 1e-15, "and one with all");
	ok(Calibrate(large_beside, 3, nextafter(1.0, 2.0), &result) == ICM_CALIBRATED && result.lambda > 0.0, "all but the rounding of the total");
	ok(Calibrate(tiny, 2, 1e280, &result) == ICM_ESTIMATES_TOO_SMALL, "a factor beyond double");
	ok(IcmCalibrated(5, 3, 2) == 6 && IcmCalibrated(7, 3, 2) == 7 && IcmCalibrated(7, 0, NAN) == 7, "the wallet of a row");
}

int
main(void)
{
	CheckKnown();
	CheckAllAtOwn();
	CheckRandom(0, "whole numbers");
	CheckRandom(1, "lognormal amounts");
	CheckRandom(2, "uniform amounts");
	ok(polls > 1000, "polled");
	printf("1..%d\n", tests);
	return failures > 0;
}
