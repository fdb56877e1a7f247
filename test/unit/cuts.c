/*
 * cuts.c
 *		Unit tests of math/cuts: quantile and Pareto cuts against their definitions
 *		in cuts.h, done slowly, and what groups hold against exact arithmetic. The
 *		k-means groups have tests of their own.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/cuts.h"
#include "../tap.h"

#define N_MAX 5000

static void
Poll(void)
{
}

/* Cut points with working memory of the exact size, so that the address sanitizer sees a step beyond it. */
static void
Cut(const IcmPoints *points, IcmCutMethod method, int groups, const double *shares, size_t *start)
{
	IcmCutting	cutting = {method, groups, shares};
	size_t		size = IcmCutWork(points->n, &cutting);
	void	   *work = size > 0 ? malloc(size) : NULL;

	IcmCut(points, &cutting, start, work, Poll);
	free(work);
}

/* The points of values, which stay as they are; ends with FreePoints(). */
static IcmPoints
MakePoints(const double *values, size_t n)
{
	size_t		size = n * sizeof(double);
	double	   *copy = malloc(size + 1);

	memcpy(copy, values, size);
	return IcmPointsOfValues(copy, malloc(size + 1), n, Poll);
}

static void
FreePoints(IcmPoints points)
{
	free(points.value);
	free(points.weight);
}

/* Random points: integer values that ascend, above low, and integer weights. */
static IcmPoints
RandomPoints(size_t n, int low, int step_max, int weight_max)
{
	IcmPoints	points = {n, malloc(n * sizeof(double) + 1), malloc(n * sizeof(double) + 1)};
	double		value = low;

	for (size_t i = 0; i < n; i++)
	{
		value += 1.0 + (double) (Random() % step_max);
		points.value[i] = value;
		points.weight[i] = 1.0 + (double) (Random() % weight_max);
	}
	return points;
}

/* ---- quantile ------------------------------------------------------------- */

/* The cuts of values. Returns their number: none if there are fewer distinct values than groups. */
static int
QuantileCuts(const double *values, size_t n, int groups, double *cuts, size_t *distinct)
{
	IcmPoints	points = MakePoints(values, n);
	size_t		start[ICM_GROUPS_MAX];
	int			count = 0;

	*distinct = IcmCutGroupsMax(&points, ICM_CUT_QUANTILE);
	if (*distinct >= (size_t) groups)
	{
		Cut(&points, ICM_CUT_QUANTILE, groups, NULL, start);
		for (count = 0; count < groups - 1; count++)
			cuts[count] = points.value[start[count]];
	}
	FreePoints(points);
	return count;
}

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
CheckInput(const double *values, int n)
{
	double		cuts[ICM_GROUPS_MAX],
				expected[ICM_GROUPS_MAX];

	for (int groups = 2; groups <= ICM_GROUPS_MAX; groups++)
	{
		size_t		distinct;
		int			expected_distinct;
		int			count = QuantileCuts(values, n, groups, cuts, &distinct);
		const char *fault;

		if (count != SlowCuts(values, n, groups, expected, &expected_distinct))
			return "wrong number of cuts";
		if ((int) distinct != expected_distinct)
			return "wrong number of distinct values";
		if (count == 0)
			continue;
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
CheckQuantiles(void)
{
	static const double bottom[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
	static double values[N_MAX];
	double		cuts[ICM_GROUPS_MAX];
	size_t		distinct;

	ok(QuantileCuts(values, 0, 2, cuts, &distinct) == 0 && distinct == 0, "no value, no cut");
	values[0] = 3.0;
	ok(QuantileCuts(values, 1, 2, cuts, &distinct) == 0 && distinct == 1, "one value, no cut");
	values[1] = 4.0;
	ok(QuantileCuts(values, 2, 2, cuts, &distinct) == 1 && cuts[0] == 4.0, "two values, one cut");

	/* ties at the bottom push the cuts up, ties at the top pull them down */
	ok(QuantileCuts(bottom, 10, 3, cuts, &distinct) == 2 && cuts[0] == 1.0 && cuts[1] == 2.0,
	   "a tie at the bottom");
	for (int i = 0; i < 10; i++)
		values[i] = i < 2 ? i : 9.0;
	ok(QuantileCuts(values, 10, 3, cuts, &distinct) == 2 && cuts[0] == 1.0 && cuts[1] == 9.0,
	   "a tie at the top");
	for (int i = 0; i < 10; i++)
		values[i] = i + 1;
	ok(QuantileCuts(values, 10, 5, cuts, &distinct) == 4 &&
	   cuts[0] == 3.0 && cuts[1] == 5.0 && cuts[2] == 7.0 && cuts[3] == 9.0,
	   "1 to 10 in five groups of two");

	for (int i = 0; i < 10; i++)
		values[i] = 10 - i;
	ok(QuantileCuts(values, 10, 3, cuts, &distinct) == 2 && cuts[0] == 4.0 && cuts[1] == 7.0,
	   "1 to 10, from the last, in three groups");

	CheckRandomCuts("few values", 5000, 12, 4, false);
	CheckRandomCuts("many ties", 1500, 60, 30, false);
	CheckRandomCuts("lopsided ties", 1500, 60, 30, true);
	CheckRandomCuts("lopsided ties, few kinds", 2500, 40, 6, true);
	CheckRandomCuts("hardly any ties", 100, 200, 1000000000, false);
}

/* Group j starts where more than total * j / groups lies at or below: in integers, with weights up to 2^46. */
static void
CheckQuantileWeights(void)
{
	int			wrong = 0;

	for (int round = 0; round < 2000; round++)
	{
		IcmPoints	points = RandomPoints(26 + Random() % 60, -50, 9, 1 << (Random() % 20));
		int			groups = 2 + (int) (Random() % 25);
		size_t		start[ICM_GROUPS_MAX];
		uint64_t	total = 0;
		size_t		previous = 0;

		for (size_t i = 0; i < points.n; i++)
		{
			if (round % 2)
				points.weight[i] = (double) (Random() >> 18);
			total += (uint64_t) points.weight[i];
		}
		Cut(&points, ICM_CUT_QUANTILE, groups, NULL, start);
		for (int j = 1; j < groups; j++)
		{
			uint64_t	sum = (uint64_t) points.weight[0];
			size_t		i = 0;

			while ((unsigned __int128) sum * groups <= (unsigned __int128) total * j)
				sum += (uint64_t) points.weight[++i];
			if (i < previous + 1)
				i = previous + 1;
			if (i > points.n - (groups - j))
				i = points.n - (groups - j);
			wrong += start[j - 1] != i;
			previous = i;
		}
		FreePoints(points);
	}
	ok(wrong == 0, "quantiles of weighted values (%d wrong)", wrong);
}

/* Weights that are no whole numbers of the same proportions cut at the same places, though their sums are rounded. */
static void
CheckScaledWeights(void)
{
	static const double factors[] = {0.1, 0.3, 1.0 / 3.0, 1e-10, 7e-90};
	static const double shares[] = {0.07, 0.2, 0.5, 0.9};
	int			wrong = 0;

	for (int round = 0; round < 400; round++)
	{
		bool		pareto = round % 2;
		int			groups = round % 4 < 2 ? 5 : 2 + (int) (Random() % 19);
		IcmCutMethod method = pareto ? ICM_CUT_PARETO : ICM_CUT_QUANTILE;
		const double *given = round % 4 < 2 ? shares : NULL;
		size_t		n = 100 * (1 + Random() % 10);
		IcmPoints	points = RandomPoints(n, 0, 1, round % 8 < 4 ? 1 : 20);
		size_t		start[ICM_GROUPS_MAX],
					scaled[ICM_GROUPS_MAX];

		Cut(&points, method, groups, given, start);
		for (size_t i = 0; i < n; i++)
			points.weight[i] *= factors[round % 5];
		Cut(&points, method, groups, given, scaled);
		for (int j = 0; j < groups - 1; j++)
			wrong += start[j] != scaled[j];
		FreePoints(points);
	}
	ok(wrong == 0, "weights that are no whole numbers (%d wrong)", wrong);
}

/* A share of so many hundredths of so many values has exactly that many, though hundredths are no doubles. */
static void
CheckQuantileShares(void)
{
	static const double abc[] = {0.2, 0.5};
	static double values[100000];
	size_t		start[ICM_GROUPS_MAX];
	IcmPoints	points;
	int			wrong = 0;

	for (int n = 100; n <= 100000; n *= 10)
	{
		for (int i = 0; i < n; i++)
			values[i] = i;
		points = MakePoints(values, n);
		for (int percent = 1; percent < 100; percent++)
		{
			double		share = percent / 100.0;

			Cut(&points, ICM_CUT_QUANTILE, 2, &share, start);
			wrong += start[0] != (size_t) (n - n / 100 * percent);
		}
		for (int groups = 2; groups <= ICM_GROUPS_MAX; groups++)
		{
			double		shares[ICM_GROUPS_MAX];
			size_t		equal[ICM_GROUPS_MAX];

			for (int j = 1; j < groups; j++)
				shares[j - 1] = (double) j / groups;
			Cut(&points, ICM_CUT_QUANTILE, groups, NULL, equal);
			Cut(&points, ICM_CUT_QUANTILE, groups, shares, start);
			wrong += memcmp(start, equal, (groups - 1) * sizeof(size_t)) != 0;
		}
		FreePoints(points);
	}
	ok(wrong == 0, "shares in hundredths, and equal ones given (%d wrong)", wrong);

	points = MakePoints(values, 10);
	Cut(&points, ICM_CUT_QUANTILE, 3, abc, start);
	ok(start[0] == 5 && start[1] == 8, "the best 20 %% and the best 50 %% of ten");
	FreePoints(points);
}

/* ---- pareto --------------------------------------------------------------- */

/* The definition in integers; the share of the j best groups is share[j - 1] / whole. */
static void
SlowPareto(const IcmPoints *points, int groups, const int *share, int whole, size_t *start)
{
	__int128	total = 0;
	size_t		better = points->n; /* where the next better group starts */

	for (size_t i = 0; i < points->n; i++)
		if (points->value[i] > 0.0)
			total += (__int128) points->weight[i] * (__int128) points->value[i];
	for (int j = 1; j < groups; j++)
	{
		size_t		i = points->n;
		__int128	sum = 0;

		do
		{
			i--;
			sum += (__int128) points->weight[i] * (__int128) points->value[i];
		} while (sum * whole < total * share[j - 1]);
		if (i > better - 1)
			i = better - 1;
		if (i < (size_t) (groups - j))
			i = groups - j;
		start[groups - j - 1] = i;
		better = i;
	}
}

static void
CheckPareto(void)
{
	static const double classes[] = {0.8, 0.95};
	static const double customers[] = {-50, 0, 10, 20, 30, 40, 100, 300, 500, 0};
	size_t		start[ICM_GROUPS_MAX],
				expected[ICM_GROUPS_MAX];
	IcmPoints	points = MakePoints(customers, 10);
	int			wrong = 0;

	/* 1,000 in all; 500 + 300 are 80 %, 100 and 40 and 30 more are 95 % */
	Cut(&points, ICM_CUT_PARETO, 3, classes, start);
	ok(points.n == 9 && points.value[start[0]] == 30.0 && points.value[start[1]] == 300.0,
	   "classes A, B and C");
	FreePoints(points);

	for (int round = 0; round < 4000; round++)
	{
		int			groups = 2 + (int) (Random() % 25);
		int			share[ICM_GROUPS_MAX];
		double		shares[ICM_GROUPS_MAX];
		bool		equal = round % 2;
		bool		large = round % 3 == 0;

		points = RandomPoints(groups + Random() % 60, large ? -300000 : -20, large ? 1 << 20 : 5, large ? 1 << 10 : 9);
		if (IcmCutGroupsMax(&points, ICM_CUT_PARETO) > 0)
		{
			for (int j = 0; j < groups - 1; j++)
			{
				share[j] = equal ? j + 1 : (j == 0 ? 0 : share[j - 1]) + 1 + (int) (Random() % 3);
				shares[j] = share[j] / 100.0;
			}
			Cut(&points, ICM_CUT_PARETO, groups, equal ? NULL : shares, start);
			SlowPareto(&points, groups, share, equal ? groups : 100, expected);
			wrong += memcmp(start, expected, (groups - 1) * sizeof(size_t)) != 0;
		}
		FreePoints(points);
	}
	ok(wrong == 0, "Pareto cuts are those of the definition (%d wrong)", wrong);
}

/* A factor of a power of two changes nothing, however large or small. */
static void
CheckFactors(void)
{
	static const IcmCutMethod methods[] = {ICM_CUT_QUANTILE, ICM_CUT_PARETO, ICM_CUT_KMEANS};
	int			wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		IcmPoints	points = RandomPoints(60, -40, 9, 5);

		for (int m = 0; m < 3; m++)
		{
			size_t		start[ICM_GROUPS_MAX],
						expected[ICM_GROUPS_MAX];

			Cut(&points, methods[m], 5, NULL, expected);
			for (int e = 0; e < 3; e++)
			{
				static const int exponents[] = {-1070, 500, 1010};
				double		values[60];
				IcmPoints	scaled = {60, values, points.weight};

				for (int i = 0; i < 60; i++)
					values[i] = ldexp(points.value[i], exponents[e]);
				Cut(&scaled, methods[m], 5, NULL, start);
				wrong += memcmp(start, expected, 4 * sizeof(size_t)) != 0;
			}
		}
		FreePoints(points);
	}
	ok(wrong == 0, "huge and tiny values are cut like usual ones (%d wrong)", wrong);
}

static void
CheckGroupsMax(void)
{
	static const double values[] = {-1.0, 0.0, 0.5, 3.0, 3.0};
	IcmPoints	points = MakePoints(values, 5);

	ok(IcmCutGroupsMax(&points, ICM_CUT_QUANTILE) == 4 && IcmCutGroupsMax(&points, ICM_CUT_KMEANS) == 4 &&
	   IcmCutGroupsMax(&points, ICM_CUT_PARETO) == 4 && IcmCutGroupsMax(&points, ICM_CUT_LOGKMEANS) == 2,
	   "groups there can be");
	points.n = 2;
	ok(IcmCutGroupsMax(&points, ICM_CUT_PARETO) == 0 && IcmCutGroupsMax(&points, ICM_CUT_LOGKMEANS) == 0,
	   "none without a positive value");
	points.n = 0;
	ok(IcmCutGroupsMax(&points, ICM_CUT_QUANTILE) == 0 && IcmCutGroupsMax(&points, ICM_CUT_PARETO) == 0,
	   "none of nothing");
	FreePoints(points);
}

/* ---- what the groups hold ------------------------------------------------- */

static bool
Near(double x, long double expected, double roundings)
{
	return fabsl(x - expected) <= roundings * DBL_EPSILON * fabsl(expected);
}

/*
 * The points [from, to), whose values are integers plus offset, in integers:
 * weight * sum of squares - sum^2, over weight.
 */
static bool
GroupIsRight(const IcmPoints *points, size_t from, size_t to, double offset, const IcmGroup *group)
{
	__int128	weight = 0,
				sum = 0,
				squares = 0;

	for (size_t i = from; i < to; i++)
	{
		__int128	value = (__int128) (points->value[i] - offset);
		__int128	w = (__int128) points->weight[i];

		weight += w;
		sum += w * value;
		squares += w * value * value;
	}
	return group->count == (double) weight &&
		group->sum == (double) (sum + weight * (__int128) offset) &&
		Near(group->within, (long double) (weight * squares - sum * sum) / (long double) weight, 4.0);
}

static void
CheckDescription(void)
{
	int			wrong = 0;

	for (int round = 0; round < 2000; round++)
	{
		static const double offsets[] = {0.0, 1e6, -1e15, 4e15};
		double		offset = offsets[round % 4];
		IcmPoints	points = RandomPoints(10 + Random() % 300, -100, 1 << (Random() % 20), 1 << (Random() % 10));
		int			groups = 2 + (int) (Random() % 8);
		size_t		start[ICM_GROUPS_MAX];
		IcmGroup	group[ICM_GROUPS_MAX];
		IcmGroup	all = {0.0, 0.0, 0.0};
		double		left = 0.0;

		for (size_t i = 0; i < points.n; i++)
			points.value[i] += offset;
		Cut(&points, ICM_CUT_QUANTILE, groups, NULL, start);
		all.within = IcmDescribeGroups(&points, ICM_CUT_QUANTILE, groups, start, group);
		for (int g = 0; g < groups; g++)
		{
			size_t		from = g == 0 ? 0 : start[g - 1];
			size_t		to = g == groups - 1 ? points.n : start[g];

			wrong += !GroupIsRight(&points, from, to, offset, &group[g]);
			all.count += group[g].count;
			left += group[g].within;
		}
		for (size_t i = 0; i < points.n; i++)
			all.sum += points.weight[i] * (points.value[i] - offset);
		all.sum = (double) ((__int128) all.sum + (__int128) all.count * (__int128) offset);
		wrong += !GroupIsRight(&points, 0, points.n, offset, &all) || left > all.within;
		FreePoints(points);
	}
	ok(wrong == 0, "counts, sums and squares of groups (%d wrong)", wrong);
}

/* Logarithms of the positive values; the others are counted, and summed, in the lowest group. */
static void
CheckLogDescription(void)
{
	static const double values[] = {-7.0, 0.0, 1.0, 2.0, 5.0, 100.0, 400.0, 500.0};
	IcmPoints	points = MakePoints(values, 8);
	size_t		start[ICM_GROUPS_MAX];
	IcmGroup	group[2];
	long double within[3] = {0.0, 0.0, 0.0};
	static const int from[] = {2, 5, 2},
				to[] = {5, 8, 8};
	double		all;

	Cut(&points, ICM_CUT_LOGKMEANS, 2, NULL, start);
	all = IcmDescribeGroups(&points, ICM_CUT_LOGKMEANS, 2, start, group);
	for (int g = 0; g < 3; g++)
	{
		long double mean = 0.0;

		for (int i = from[g]; i < to[g]; i++)
			mean += logl(values[i]) / (to[g] - from[g]);
		for (int i = from[g]; i < to[g]; i++)
			within[g] += (logl(values[i]) - mean) * (logl(values[i]) - mean);
	}
	ok(start[0] == 5 && group[0].count == 5.0 && group[0].sum == 1.0 && group[1].count == 3.0 && group[1].sum == 1000.0,
	   "groups of logarithms hold all values");
	ok(Near(group[0].within, within[0], 100.0) && Near(group[1].within, within[1], 100.0) && Near(all, within[2], 100.0),
	   "and the squares of logarithms");

	start[0] = 2;
	all = IcmDescribeGroups(&points, ICM_CUT_LOGKMEANS, 2, start, group);
	ok(group[0].within == 0.0 && group[0].count == 2.0 && group[1].within == all,
	   "a group without a positive value has no squares");
	FreePoints(points);
}

int
main(void)
{
	CheckQuantiles();
	CheckQuantileWeights();
	CheckScaledWeights();
	CheckQuantileShares();
	CheckPareto();
	CheckFactors();
	CheckGroupsMax();
	CheckDescription();
	CheckLogDescription();
	printf("1..%d\n", tests);
	return failures > 0;
}
