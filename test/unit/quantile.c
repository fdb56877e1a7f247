/*
 * quantile.c
 *		Unit tests of math/quantile: sorting against qsort(), cuts against
 *		the definition in quantile.h, done slowly.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/quantile.h"
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

/* ---- cuts ----------------------------------------------------------------- */

/*
 * The definition, done slowly. Cut j is the smallest value whose share of
 * values at or below it exceeds j/groups; then up until the group below it is
 * not empty, or down until all groups above have a value each.
 */
static int
SlowCuts(const double *values, int n, int groups, double *cuts, int *distinct)
{
	double		larger[N_MAX];	/* the distinct values, ascending */
	int			previous = 0;

	*distinct = 0;
	for (;;)
	{
		const double *next = NULL;

		for (int i = 0; i < n; i++)
			if ((*distinct == 0 || values[i] > larger[*distinct - 1]) && (next == NULL || values[i] < *next))
				next = &values[i];
		if (next == NULL)
			break;
		larger[(*distinct)++] = *next;
	}
	if (*distinct < groups)
		return 0;

	for (int j = 1; j < groups; j++)
	{
		int			cut = 0;

		for (;; cut++)
		{
			int64_t		below = 0;

			for (int i = 0; i < n; i++)
				below += values[i] <= larger[cut];
			if (below * groups > (int64_t) n * j)
				break;
		}
		if (cut < previous + 1)
			cut = previous + 1;
		if (cut > *distinct - (groups - j))
			cut = *distinct - (groups - j);
		cuts[j - 1] = larger[cut];
		previous = cut;
	}
	return groups - 1;
}

/* The invariants, counted without the definition: what is wrong, or NULL. */
static const char *
CutsFault(const double *values, int n, int groups, const double *cuts, bool all_distinct)
{
	int			size[ICM_GROUPS_MAX] = {0};
	int			below = 0;

	for (int j = 1; j < groups - 1; j++)
		if (cuts[j] <= cuts[j - 1])
			return "cuts do not ascend";
	for (int i = 0; i < n; i++)
	{
		int			group = 0;

		for (int j = 0; j < groups - 1; j++)
			group += cuts[j] <= values[i];
		size[group]++;
	}
	for (int group = 0; group < groups; group++)
	{
		if (size[group] == 0)
			return "a group is empty";
		if (all_distinct && below != (int64_t) n * group / groups)
			return "a share is not what was asked for";
		below += size[group];
	}
	for (int j = 0; j < groups - 1; j++)
	{
		bool		found = false;

		for (int i = 0; i < n; i++)
			found |= values[i] == cuts[j];
		if (!found)
			return "a cut is none of the values";
	}
	return NULL;
}

/* One input, all numbers of groups; what is wrong, or NULL. */
static const char *
CheckInput(double *values, int n)
{
	double		scratch[N_MAX];
	double		cuts[ICM_GROUPS_MAX],
				expected[ICM_GROUPS_MAX];

	IcmSortDoubles(values, scratch, n, Poll);
	for (int groups = 2; groups <= ICM_GROUPS_MAX; groups++)
	{
		size_t		distinct;
		int			expected_distinct;
		int			count = IcmQuantileCuts(values, n, groups, cuts, &distinct);
		const char *fault;

		if (count != SlowCuts(values, n, groups, expected, &expected_distinct))
			return "wrong number of cuts";
		if (count == 0)
		{
			if ((int) distinct != expected_distinct)
				return "wrong number of distinct values";
			continue;
		}
		if (memcmp(cuts, expected, count * sizeof(double)) != 0)
			return "not the cuts of the definition";
		fault = CutsFault(values, n, groups, cuts, expected_distinct == n);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

/* Random inputs of up to n_max values, of which about `kinds` are different. */
static void
CheckRandomCuts(const char *name, int rounds, int n_max, int kinds, bool skewed)
{
	static double values[N_MAX];
	const char *fault = NULL;
	int			round;

	for (round = 0; round < rounds && fault == NULL; round++)
	{
		int			n = (int) (Random() % (n_max + 1));

		for (int i = 0; i < n; i++)
		{
			uint64_t	kind = Random() % kinds;

			if (skewed)			/* most are the smallest or the largest */
				kind = Random() % 4 == 0 ? kind : (Random() % 8 == 0 ? (uint64_t) kinds - 1 : 0);
			values[i] = (double) kind - kinds / 2;
		}
		fault = CheckInput(values, n);
	}
	ok(fault == NULL, "cuts of %s (%d inputs, 2 to 26 groups)%s%s", name, round,
	   fault == NULL ? "" : ": ", fault == NULL ? "" : fault);
}

static void
CheckCuts(void)
{
	static const double bottom[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
	static double values[N_MAX];
	double		cuts[ICM_GROUPS_MAX];
	size_t		distinct;

	ok(IcmQuantileCuts(values, 0, 2, cuts, &distinct) == 0 && distinct == 0, "no value, no cut");
	values[0] = 3.0;
	ok(IcmQuantileCuts(values, 1, 2, cuts, &distinct) == 0 && distinct == 1, "one value, no cut");
	values[1] = 4.0;
	ok(IcmQuantileCuts(values, 2, 2, cuts, &distinct) == 1 && cuts[0] == 4.0, "two values, one cut");

	/* ties at the bottom push the cuts up, ties at the top pull them down */
	ok(IcmQuantileCuts(bottom, 10, 3, cuts, &distinct) == 2 && cuts[0] == 1.0 && cuts[1] == 2.0,
	   "a tie at the bottom");
	for (int i = 0; i < 10; i++)
		values[i] = i < 2 ? i : 9.0;
	ok(IcmQuantileCuts(values, 10, 3, cuts, &distinct) == 2 && cuts[0] == 1.0 && cuts[1] == 9.0,
	   "a tie at the top");
	for (int i = 0; i < 10; i++)
		values[i] = i + 1;
	ok(IcmQuantileCuts(values, 10, 5, cuts, &distinct) == 4 &&
	   cuts[0] == 3.0 && cuts[1] == 5.0 && cuts[2] == 7.0 && cuts[3] == 9.0,
	   "1 to 10 in five groups of two");

	CheckRandomCuts("few values", 10000, 12, 4, false);
	CheckRandomCuts("many ties", 3000, 60, 30, false);
	CheckRandomCuts("lopsided ties", 3000, 60, 30, true);
	CheckRandomCuts("lopsided ties, few kinds", 5000, 40, 6, true);
	CheckRandomCuts("hardly any ties", 100, 200, 1000000000, false);
}

int
main(void)
{
	CheckSort();
	CheckCuts();
	printf("1..%d\n", tests);
	return failures > 0;
}
