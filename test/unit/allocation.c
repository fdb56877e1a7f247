/*
 * allocation.c
 *		Unit tests of invest/allocation: sums and bounds of random cases, and the
 *		shares against another algorithm in exact integers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "invest/allocation.h"
#include "../tap.h"

#define N_SMALL 12
#define N_MAX 4096

static int64_t polls = 0;

static void
Poll(void)
{
	polls++;
}

/* Allocate; the arrays have their exact size, so that the address sanitizer sees a step beyond. */
static IcmAllocationResult
Share(int n, int64_t budget, const double *weight, const int64_t *floors, const int64_t *caps, int64_t *share)
{
	size_t		size = n * sizeof(int64_t);
	double	   *weights = malloc(size + 1);
	int64_t    *floor_copy = malloc(size + 1),
			   *cap_copy = malloc(size + 1),
			   *shares = malloc(size + 1);
	void	   *scratch = malloc(IcmAllocationScratch(n) + 1);
	IcmAllocation allocation = {.n = n, .budget = budget, .weight = weights, .share = shares};
	IcmAllocationResult result;

	memcpy(weights, weight, size);
	if (floors != NULL)
		allocation.floor = memcpy(floor_copy, floors, size);
	if (caps != NULL)
		allocation.cap = memcpy(cap_copy, caps, size);
	result = IcmAllocate(&allocation, scratch, Poll);
	memcpy(share, shares, size);
	free(weights);
	free(floor_copy);
	free(cap_copy);
	free(shares);
	free(scratch);
	return result;
}

/* ---- another algorithm ---------------------------------------------------- */

/*
 * Lambda is sought among the ratios floor/weight and cap/weight, each tried: the
 * largest at which the quotas do not exceed the budget tells which rows are at
 * a bound. Weights are integers, small enough for all products to fit.
 */
typedef struct Ratio
{
	IcmUint128		amount;
	IcmUint128		weight;
} Ratio;

/* The sum of the quotas at lambda, times the weight of lambda. */
static IcmUint128
QuotasAt(Ratio lambda, int n, const int64_t *weight, const int64_t *floors, const int64_t *caps)
{
	IcmUint128		sum = 0;

	for (int i = 0; i < n; i++)
	{
		IcmUint128		quota = lambda.amount * weight[i];

		if (weight[i] < 0)
			continue;
		if (quota > caps[i] * lambda.weight)
			quota = caps[i] * lambda.weight;
		if (quota < floors[i] * lambda.weight)
			quota = floors[i] * lambda.weight;
		sum += quota;
	}
	return sum;
}

static bool
Below(Ratio a, Ratio b)
{
	return a.amount * b.weight < b.amount * a.weight;
}

static void
SlowShare(int n, int64_t budget, const int64_t *weight, const int64_t *floors, const int64_t *caps, int64_t *share)
{
	Ratio		lambda = {0, 1};
	IcmUint128		remainder[N_SMALL] = {0};
	IcmUint128		total = 0;
	int64_t		rest = budget,
				left;

	for (int i = 0; i < 2 * n; i++)
	{
		Ratio		ratio = {i < n ? floors[i] : caps[i - n], weight[i % n]};

		if (weight[i % n] > 0 && Below(lambda, ratio) &&
			QuotasAt(ratio, n, weight, floors, caps) <= budget * ratio.weight)
			lambda = ratio;
	}

	/* from this lambda up to the next ratio, the same rows are free */
	for (int i = 0; i < n; i++)
	{
		IcmUint128		quota = weight[i] < 0 ? 0 : lambda.amount * weight[i];

		if (weight[i] < 0)
			share[i] = -1;
		else if (weight[i] == 0 || quota < floors[i] * lambda.weight)
			share[i] = floors[i];
		else if (quota >= caps[i] * lambda.weight)
			share[i] = caps[i];
		else
		{
			share[i] = -2;
			total += weight[i];
			continue;
		}
		rest -= share[i] < 0 ? 0 : share[i];
	}
	left = rest;
	for (int i = 0; i < n; i++)
		if (share[i] == -2)
		{
			share[i] = (int64_t) ((IcmUint128) rest * weight[i] / total);
			remainder[i] = (IcmUint128) rest * weight[i] % total;
			left -= share[i];
		}
	for (; left > 0; left--)
	{
		int			best = 0;

		for (int i = 1; i < n; i++)
			if (remainder[i] > remainder[best])
				best = i;
		share[best]++;
		remainder[best] = 0;
	}
}

/* ---- random cases --------------------------------------------------------- */

/* What is wrong with shares, whatever the weights; NULL if nothing is. */
static const char *
SharesFault(int n, int64_t budget, const double *weight, const int64_t *floors, const int64_t *caps,
			const int64_t *share)
{
	int64_t		sum = 0;

	for (int i = 0; i < n; i++)
	{
		if (weight[i] < 0.0)
		{
			if (share[i] != -1)
				return "a share for a row that takes no part";
			continue;
		}
		if (share[i] < (floors == NULL ? 0 : floors[i]))
			return "a share below its floor";
		if (caps != NULL && weight[i] > 0.0 && share[i] > caps[i])
			return "a share above its cap";
		if (weight[i] == 0.0 && share[i] != (floors == NULL ? 0 : floors[i]))
			return "a share for no weight";
		sum += share[i];
	}
	return sum == budget ? NULL : "a sum that is not the budget";
}

/* Who weighs more gets no less; the first of equal ones may get a unit more. */
static const char *
OrderFault(int n, const double *weight, const int64_t *share)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			if (weight[i] > weight[j] && share[i] < share[j])
				return "less for more weight";
			if (weight[i] == weight[j] && i < j && share[i] != share[j] && share[i] != share[j] + 1)
				return "equal weights are not shared equally";
		}
	return NULL;
}

static int64_t
Below64(int64_t limit)
{
	return (int64_t) (Random() % (uint64_t) limit);
}

typedef enum Bounds
{
	NONE, FLOORS, CAPS, BOTH, EQUAL
} Bounds;

/* Bounds around the proportional shares, so that many of them matter. */
static void
MakeBounds(int n, Bounds bounds, int64_t around, int64_t *floors, int64_t *caps)
{
	for (int i = 0; i < n; i++)
	{
		floors[i] = bounds == NONE || bounds == CAPS || Random() % 3 == 0 ? 0 : Below64(around + 1);
		caps[i] = bounds == NONE || bounds == FLOORS || around > ICM_BUDGET_MAX / 4 ? ICM_BUDGET_MAX :
			floors[i] + Below64(3 * around + 2);
		if (bounds == EQUAL && Random() % 2 == 0)
			caps[i] = floors[i];
	}
}

/* Cases of up to N_SMALL rows, against SlowShare(). */
static void
CheckSmall(const char *name, int rounds, int64_t weight_limit, int64_t budget_limit, Bounds bounds)
{
	int			shared = 0;
	const char *fault = NULL;

	for (int round = 0; round < rounds && fault == NULL; round++)
	{
		int			n = 1 + (int) (Random() % N_SMALL);
		int64_t		budget = Below64(budget_limit),
					whole[N_SMALL],
					floors[N_SMALL],
					caps[N_SMALL],
					share[N_SMALL],
					expected[N_SMALL];
		double		weight[N_SMALL];
		double		scale = ldexp(1.0, (int) (Random() % 600) - 300);
		IcmUint128		least = 0,
					most = 0;
		bool		positive = false;
		IcmAllocationResult result,
					expected_result;

		MakeBounds(n, bounds, budget / n, floors, caps);
		for (int i = 0; i < n; i++)
		{
			whole[i] = Below64(weight_limit);
			if (Random() % 16 == 0)
				whole[i] = -(int64_t) (Random() % 2);
			weight[i] = (double) whole[i] * scale;
			if (whole[i] < 0)
				continue;
			least += floors[i];
			most += whole[i] > 0 ? caps[i] : floors[i];
			positive |= whole[i] > 0;
		}
		expected_result = least > (IcmUint128) budget ? ICM_FLOORS_EXCEED_BUDGET :
			!positive && least < (IcmUint128) budget ? ICM_NO_POSITIVE_WEIGHT :
			most < (IcmUint128) budget ? ICM_CAPS_BELOW_BUDGET : ICM_ALLOCATED;
		result = Share(n, budget, weight, bounds == NONE || bounds == CAPS ? NULL : floors,
					   bounds == NONE || bounds == FLOORS ? NULL : caps, share);
		if (result != expected_result)
			fault = "not the result expected";
		if (result != ICM_ALLOCATED || fault != NULL)
			continue;
		shared++;
		for (int i = 0; i < n; i++)
			if (caps[i] > budget)
				caps[i] = budget;	/* so that products fit */
		fault = SharesFault(n, budget, weight, floors, caps, share);
		if (fault == NULL && bounds == NONE)
			fault = OrderFault(n, weight, share);
		SlowShare(n, budget, whole, floors, caps, expected);
		if (fault == NULL && memcmp(share, expected, n * sizeof(int64_t)) != 0)
			fault = "not the shares of the other algorithm";
	}
	ok(fault == NULL && shared > rounds / 10, "%s (%d of %d shared out)%s%s", name, shared, rounds,
	   fault == NULL ? "" : ": ", fault == NULL ? "" : fault);
}

static double
AnyWeight(int kind)
{
	switch (kind)
	{
		case 0:					/* hardly any equal */
			return (double) (Random() >> 11) * 0x1p-53;
		case 1:					/* many equal, some zero */
			return (double) (Random() % 5);
		case 2:					/* of any size */
			return ldexp((double) (Random() >> 11), (int) (Random() % 1900) - 1000);
		default:				/* valuations, with a long tail */
			return exp(20.0 * (double) (Random() >> 11) * 0x1p-53);
	}
}

/* Cases of any weights: sums and bounds only. */
static void
CheckAny(const char *name, int rounds, int n_max, int64_t budget_limit, Bounds bounds)
{
	static double weight[N_MAX];
	static int64_t floors[N_MAX],
				caps[N_MAX],
				share[N_MAX];
	int			shared = 0;
	const char *fault = NULL;

	for (int round = 0; round < rounds && fault == NULL; round++)
	{
		int			n = 1 + (int) (Random() % n_max);
		int			kind = (int) (Random() % 4);
		int64_t		budget = Below64(budget_limit) + 1;

		MakeBounds(n, bounds, budget / n, floors, caps);
		for (int i = 0; i < n; i++)
			weight[i] = Random() % 16 == 0 ? -1.0 : AnyWeight(kind);
		if (Share(n, budget, weight, floors, caps, share) != ICM_ALLOCATED)
			continue;
		shared++;
		fault = SharesFault(n, budget, weight, floors, caps, share);
	}
	ok(fault == NULL && shared > rounds / 10, "%s (%d of %d shared out)%s%s", name, shared, rounds,
	   fault == NULL ? "" : ": ", fault == NULL ? "" : fault);
}

/*
 * Many rows and a large budget: the whole units and remainders of every row,
 * reckoned in exact integers. Weights are multiples of 2^-37 of up to 53 bits.
 */
static void
CheckPrecision(int n, int64_t budget)
{
	double	   *weight = calloc(n, sizeof(double));
	int64_t    *share = malloc(n * sizeof(int64_t));
	IcmUint128    *whole = malloc(n * sizeof(IcmUint128)),
				total = 0,
				largest_down = 0,
				smallest_up = ~(IcmUint128) 0;
	int64_t		sum = 0;
	bool		good = true;

	for (int i = 0; i < n; i++)
	{
		int			shift = (int) (Random() % 12);

		whole[i] = (IcmUint128) (Random() >> 11) << shift;
		weight[i] = ldexp((double) (whole[i] >> shift), shift - 37);
		total += whole[i];
	}
	Share(n, budget, weight, NULL, NULL, share);
	for (int i = 0; i < n; i++)
	{
		/* products are below 2^128: 2^63 times 2^(53 + 11) */
		IcmUint128		quotient = (IcmUint128) budget * whole[i] / total,
					remainder = (IcmUint128) budget * whole[i] % total;

		sum += share[i];
		if (share[i] == (int64_t) quotient)
			largest_down = remainder > largest_down ? remainder : largest_down;
		else if (share[i] == (int64_t) quotient + 1)
			smallest_up = remainder < smallest_up ? remainder : smallest_up;
		else
			good = false;
	}
	ok(good && sum == budget && largest_down <= smallest_up, "remainders of %d rows, %lld units", n, (long long) budget);
	free(weight);
	free(share);
	free(whole);
}

/* ---- cases by hand -------------------------------------------------------- */

static void
CheckShares(const char *name, int n, int64_t budget, const double *weight, const int64_t *floors, const int64_t *caps,
			const int64_t *expected)
{
	int64_t		share[64];

	ok(Share(n, budget, weight, floors, caps, share) == ICM_ALLOCATED &&
	   memcmp(share, expected, n * sizeof(int64_t)) == 0, "%s", name);
}

static void
CheckByHand(void)
{
	/* the bill of 1792 that Hamilton defended, by the census of 1790: Balinski and Young 1982; from Connecticut to Virginia */
	static const double people[] = {236841, 55540, 70835, 68705, 278514, 475327, 141822, 179570, 353523, 331589,
		432879, 68446, 206236, 85533, 630560};
	static const int64_t seats[] = {8, 2, 2, 2, 9, 16, 5, 6, 12, 11, 14, 2, 7, 3, 21};

	CheckShares("120 seats of the House of Representatives in 1792", 15, 120, people, NULL, NULL, seats);
	CheckShares("one row", 1, 7, (double[]) {3}, NULL, NULL, (int64_t[]) {7});
	CheckShares("nothing to share", 3, 0, (double[]) {1, 0, 2}, NULL, NULL, (int64_t[]) {0, 0, 0});
	CheckShares("no row, no budget", 0, 0, (double[]) {0}, NULL, NULL, (int64_t[]) {0});
	CheckShares("the first of equal ones", 3, 100, (double[]) {1, 1, 1}, NULL, NULL, (int64_t[]) {34, 33, 33});
	CheckShares("the first two of equal ones", 3, 101, (double[]) {.1, .1, .1}, NULL, NULL, (int64_t[]) {34, 34, 33});
	CheckShares("equal remainders, other weights", 2, 2, (double[]) {1, 3}, NULL, NULL, (int64_t[]) {1, 1});
	CheckShares("equal remainders, reversed", 2, 2, (double[]) {3, 1}, NULL, NULL, (int64_t[]) {2, 0});
	CheckShares("a row that takes no part", 3, 10, (double[]) {1, -1, 1}, (int64_t[]) {0, 99, 0}, NULL,
				(int64_t[]) {5, -1, 5});
	CheckShares("a floor", 3, 100, (double[]) {1, 1, 8}, (int64_t[]) {30, 0, 0}, NULL, (int64_t[]) {30, 8, 62});
	CheckShares("a cap", 3, 100, (double[]) {1, 1, 8}, NULL, (int64_t[]) {50, 50, 20}, (int64_t[]) {40, 40, 20});
	CheckShares("a floor without weight", 2, 10, (double[]) {0, 1}, (int64_t[]) {3, 0}, NULL, (int64_t[]) {3, 7});
	CheckShares("floors that are the budget", 2, 10, (double[]) {1, 0}, (int64_t[]) {3, 7}, NULL, (int64_t[]) {3, 7});
	CheckShares("caps that are the budget", 2, 10, (double[]) {1, 1e300}, NULL, (int64_t[]) {3, 7}, (int64_t[]) {3, 7});
	CheckShares("what is left of giants, to the small in proportion", 3, 14, (double[]) {1e300, 1e-300, 3e-300}, NULL,
				(int64_t[]) {6, 8, 8}, (int64_t[]) {6, 2, 6});
	CheckShares("weights at both ends of double", 3, 1000, (double[]) {1.7976931348623157e308, 5e-324,
				1.7976931348623157e308}, NULL, NULL, (int64_t[]) {500, 0, 500});
	CheckShares("denormal weights", 2, 9, (double[]) {5e-324, 1e-323}, NULL, NULL, (int64_t[]) {3, 6});
	CheckShares("the largest budget", 3, ICM_BUDGET_MAX, (double[]) {1, 1, 1}, NULL, NULL,
				(int64_t[]) {INT64_C(3066666666666666667), INT64_C(3066666666666666667), INT64_C(3066666666666666666)});
	CheckShares("the largest budget to one", 2, ICM_BUDGET_MAX, (double[]) {0, 0.3}, NULL, NULL,
				(int64_t[]) {0, ICM_BUDGET_MAX});
}

static void
CheckRefusals(void)
{
	int64_t		share[2];

	ok(Share(2, 9, (double[]) {1, 1}, (int64_t[]) {5, 5}, NULL, share) == ICM_FLOORS_EXCEED_BUDGET, "floors exceed");
	ok(Share(2, 9, (double[]) {1, 1}, NULL, (int64_t[]) {4, 4}, share) == ICM_CAPS_BELOW_BUDGET, "caps fall short");
	ok(Share(2, 9, (double[]) {1, 0}, NULL, (int64_t[]) {4, 9}, share) == ICM_CAPS_BELOW_BUDGET,
	   "the cap of a row without weight does not help");
	ok(Share(2, 9, (double[]) {0, 0}, NULL, NULL, share) == ICM_NO_POSITIVE_WEIGHT, "no weight");
	ok(Share(2, 9, (double[]) {0, -1}, (int64_t[]) {8, 1}, NULL, share) == ICM_NO_POSITIVE_WEIGHT,
	   "no weight, a unit left");
	ok(Share(2, 9, (double[]) {0, 0}, (int64_t[]) {8, 1}, NULL, share) == ICM_ALLOCATED, "no weight, no unit left");
	ok(Share(0, 9, (double[]) {0}, NULL, NULL, share) == ICM_NO_POSITIVE_WEIGHT, "no row");
	ok(Share(2, ICM_BUDGET_MAX, (double[]) {1, 1}, (int64_t[]) {ICM_BUDGET_MAX, ICM_BUDGET_MAX}, NULL, share) ==
	   ICM_FLOORS_EXCEED_BUDGET, "floors whose sum exceeds 64 bits");
}

/* Caps that are reached one after the other: many rounds, but each pegs a row. */
static void
CheckRounds(void)
{
	double		weight[1500];
	int64_t		caps[1500],
				share[1500],
				sum = 0;

	for (int i = 0; i < 1500; i++)
	{
		weight[i] = ldexp(1.0, 900 - i);
		caps[i] = 1 + i % 3;
		sum += caps[i];
	}
	polls = 0;
	ok(Share(1500, sum - 2, weight, NULL, caps, share) == ICM_ALLOCATED &&
	   SharesFault(1500, sum - 2, weight, NULL, caps, share) == NULL, "caps reached one after the other");
	ok(polls > 10 && polls < 1500, "can be interrupted");
}

int
main(void)
{
	CheckByHand();
	CheckRefusals();
	CheckRounds();

	CheckSmall("no bounds, small weights", 500000, 8, 60, NONE);
	CheckSmall("no bounds", 300000, 100000, 1000000, NONE);
	CheckSmall("no bounds, large budgets", 300000, INT64_C(1) << 50, ICM_BUDGET_MAX, NONE);
	CheckSmall("floors, small weights", 500000, 8, 60, FLOORS);
	CheckSmall("caps, small weights", 500000, 8, 60, CAPS);
	CheckSmall("floors and caps, small weights", 1000000, 8, 60, BOTH);
	CheckSmall("floors and caps, some equal", 500000, 8, 200, EQUAL);
	CheckSmall("floors and caps", 500000, 100000, 1000000, BOTH);
	CheckSmall("floors and caps, large budgets", 300000, 1 << 20, INT64_C(1000000000000000), BOTH);

	CheckAny("any weights", 100000, 40, 100000, NONE);
	CheckAny("any weights, large budgets", 100000, 40, ICM_BUDGET_MAX, NONE);
	CheckAny("any weights, floors", 100000, 40, 100000, FLOORS);
	CheckAny("any weights, caps", 100000, 40, 100000, CAPS);
	CheckAny("any weights, floors and caps", 300000, 40, 100000, BOTH);
	CheckAny("any weights, floors and caps, large budgets", 100000, 40, ICM_BUDGET_MAX, BOTH);
	CheckAny("many rows", 100, N_MAX, 10000000, BOTH);
	CheckPrecision(1000, INT64_C(1000000000000000));
	CheckPrecision(300000, INT64_C(1000000000000000));
	CheckPrecision(300000, 12345678901);
	CheckPrecision(20000, ICM_BUDGET_MAX);
	printf("1..%d\n", tests);
	return failures > 0;
}
