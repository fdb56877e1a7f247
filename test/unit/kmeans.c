/*
 * kmeans.c
 *		Unit tests of math/kmeans, by way of math/cuts: the groups against all
 *		groups there are, compared in exact arithmetic, and against plain dynamic
 *		programming.
 *
 * The values are integers, times a power of two and moved by an offset, so what
 * groups cost is a fraction of integers.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/cuts.h"
#include "math/kmeans.h"
#include "../tap.h"

#define N_MAX 3000
#define SMALL_MAX 12			/* points of an input whose groups are all tried */

/* 1 to 20 divide this, so the cost of groups of up to that weight times this is an integer. */
#define DENOMINATOR 232792560

static int	polls = 0;

static void
Poll(void)
{
	polls++;
}

/* Points whose values are integers, times 2^exponent, plus offset. */
typedef struct Input
{
	int			n;
	int64_t		integer[N_MAX];
	int64_t		weight[N_MAX];
	int			exponent;
	double		offset;
} Input;

/* Cut in arrays of the exact size, so that the address sanitizer sees a step beyond. */
static void
Cut(const Input *input, IcmCutMethod method, int groups, size_t *start)
{
	IcmCutting	cutting = {method, groups, NULL};
	size_t		n = input->n;
	IcmPoints	points = {n, malloc(n * sizeof(double)), malloc(n * sizeof(double))};
	void	   *work = malloc(IcmCutWork(n, &cutting));

	for (size_t i = 0; i < n; i++)
	{
		points.value[i] = ldexp((double) input->integer[i], input->exponent) + input->offset;
		points.weight[i] = input->weight[i];
	}
	IcmCut(&points, &cutting, start, work, Poll);
	free(points.value);
	free(points.weight);
	free(work);
}

static int
CompareIntegers(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a,
				y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* Sort the integers, and drop the equal ones. */
static void
MakeDistinct(Input *input)
{
	int			n = 0;

	qsort(input->integer, input->n, sizeof(int64_t), CompareIntegers);
	for (int i = 0; i < input->n; i++)
		if (n == 0 || input->integer[i] > input->integer[n - 1])
			input->integer[n++] = input->integer[i];
	input->n = n;
}

/* ---- all groups there are ------------------------------------------------- */

/* weight * sum of squares - sum^2 of the points [from, to), whose smallest is moved to 0; and their weight. */
static __int128
Numerator(const Input *input, int from, int to, int64_t *weight)
{
	__int128	sum = 0,
				squares = 0;

	*weight = 0;
	for (int i = from; i < to; i++)
	{
		__int128	value = input->integer[i] - input->integer[from];

		*weight += input->weight[i];
		sum += input->weight[i] * value;
		squares += input->weight[i] * value * value;
	}
	return *weight * squares - sum * sum;
}

/* What groups cost, times DENOMINATOR. */
static __int128
ExactCost(const Input *input, int groups, const size_t *start)
{
	__int128	cost = 0;

	for (int g = 0; g < groups; g++)
	{
		int64_t		weight;
		__int128	numerator = Numerator(input, g == 0 ? 0 : (int) start[g - 1],
										  g == groups - 1 ? input->n : (int) start[g], &weight);

		cost += numerator * (DENOMINATOR / weight);
	}
	return cost;
}

/* Of two cuts of equal cost, is the first preferred: the last group smaller, then the one before? */
static bool
Higher(int groups, const size_t *start, const size_t *other)
{
	for (int j = groups - 2; j >= 0; j--)
		if (start[j] != other[j])
			return start[j] > other[j];
	return false;
}

/* Try all groups: the best, and its cost. */
static __int128
TryAll(const Input *input, int groups, size_t *best)
{
	size_t		start[SMALL_MAX];
	__int128	least = -1;
	int			j;

	for (j = 0; j < groups - 1; j++)
		start[j] = j + 1;
	for (;;)
	{
		__int128	cost = ExactCost(input, groups, start);

		if (least < 0 || cost < least || (cost == least && Higher(groups, start, best)))
		{
			least = cost;
			memcpy(best, start, (groups - 1) * sizeof(size_t));
		}

		/* the next combination: the last start that can move up does, and those after it follow at once */
		for (j = groups - 2; j >= 0 && (int) start[j] == input->n - (groups - 1 - j); j--)
			;
		if (j < 0)
			return least;
		start[j]++;
		for (j++; j < groups - 1; j++)
			start[j] = start[j - 1] + 1;
	}
}

/* An integer of one of several kinds of inputs. */
static int64_t
RandomInteger(int kind)
{
	static const int64_t places[] = {0, 1000000000, 5000000000, 1000000000000, -300000000000};

	switch (kind)
	{
		case 0:					/* few different distances, so many ties */
			return (int64_t) (Random() % 16);
		case 1:
			return (int64_t) (Random() % 1000) - 700;
		case 2:					/* small groups beside huge distances */
			return places[Random() % 2] + (int64_t) (Random() % 6);
		case 3:
			return places[Random() % 5] + (int64_t) (Random() % 8);
		case 4:					/* any magnitude, up to 2^40 */
			return (int64_t) ((Random() >> 24) >> (Random() % 40)) * (Random() & 1 ? 1 : -1);
		default:				/* one outlier or two */
			return Random() % 8 == 0 ? (int64_t) (Random() % 1000000000) : (int64_t) (Random() % 30);
	}
}

static void
CheckSmall(const char *name, int kind, int exponent, double offset)
{
	static Input input;
	int			costly = 0,
				other = 0,
				inputs = 0;

	for (int round = 0; round < 400; round++)
	{
		bool		weighted = round % 2;
		int			total;

		input.n = 2 + (int) (Random() % (SMALL_MAX - 1));
		input.exponent = exponent;
		input.offset = offset;
		for (int i = 0; i < input.n; i++)
			input.integer[i] = RandomInteger(kind);
		MakeDistinct(&input);
		total = 20 - input.n;
		for (int i = 0; i < input.n; i++)
		{
			int			more = weighted ? (int) (Random() % (total + 1)) : 0;

			input.weight[i] = 1 + more;
			total -= more;
		}
		for (int groups = 2; groups <= input.n; groups++)
		{
			size_t		start[SMALL_MAX],
						best[SMALL_MAX];
			__int128	least = TryAll(&input, groups, best);

			Cut(&input, ICM_CUT_KMEANS, groups, start);
			inputs++;
			costly += ExactCost(&input, groups, start) != least;
			other += memcmp(start, best, (groups - 1) * sizeof(size_t)) != 0;
		}
	}
	ok(costly == 0, "%s: no groups are better (%d of %d are)", name, costly, inputs);
	ok(other == 0, "%s: of equally good ones the highest (%d are not)", name, other);
}

/* ---- plain dynamic programming -------------------------------------------- */

/* What groups cost, each exactly up to its last rounding. */
static long double
GroupsCost(const Input *input, int groups, const size_t *start)
{
	long double cost = 0.0;

	for (int g = 0; g < groups; g++)
	{
		int64_t		weight;
		__int128	numerator = Numerator(input, g == 0 ? 0 : (int) start[g - 1],
										  g == groups - 1 ? input->n : (int) start[g], &weight);

		cost += (long double) numerator / weight;
	}
	return cost;
}

/* The least cost, trying each start of each last group: sums in integers, rounded once for each group. */
static long double
LeastCost(const Input *input, int groups)
{
	static long double cost[ICM_GROUPS_MAX + 1][N_MAX + 1];

	for (int j = 1; j <= input->n; j++)
	{
		int64_t		weight = 0;
		__int128	sum = 0,
					squares = 0;

		for (int g = 1; g <= groups; g++)
			cost[g][j] = INFINITY;
		for (int i = j - 1; i >= 0; i--)
		{
			__int128	value = input->integer[j - 1] - input->integer[i];
			long double group;

			weight += input->weight[i];
			sum += input->weight[i] * value;
			squares += input->weight[i] * value * value;
			group = (long double) (weight * squares - sum * sum) / weight;
			if (i == 0)
				cost[1][j] = group;
			for (int g = 2; g <= groups && i >= g - 1; g++)
				if (cost[g - 1][i] + group < cost[g][j])
					cost[g][j] = cost[g - 1][i] + group;
		}
	}
	return cost[groups][input->n];
}

static double
RandomNormal(void)
{
	double		sum = 0.0;

	for (int i = 0; i < 12; i++)
		sum += (double) (Random() >> 11) * 0x1p-53;
	return sum - 6.0;
}

/* An integer of one of several distributions of many values. */
static int64_t
RandomOfMany(int kind)
{
	switch (kind)
	{
		case 0:
			return (int64_t) (Random() % 1000000);
		case 1:
			return (int64_t) (1000.0 * exp(2.0 * RandomNormal()));
		case 2:					/* spread evenly over magnitudes up to 10^12 */
			return (int64_t) exp(27.6 * (double) (Random() >> 11) * 0x1p-53) * (Random() & 1 ? 1 : -1);
		case 3:					/* bunches far apart */
			return (int64_t) (Random() % 9) * INT64_C(100000000000) + (int64_t) (Random() % 1000);
		case 4:					/* evenly spaced, with a few outliers */
			return Random() % 100 == 0 ? INT64_C(1) << (Random() % 40) : (int64_t) (Random() % 2000);
		default:				/* near to each other */
			return (int64_t) (Random() % 1000);
	}
}

static void
CheckMany(const char *name, int kind, int n, int rounds, int magnitudes)
{
	static Input input;
	double		worst = 0.0;

	for (int round = 0; round < rounds; round++)
	{
		int			groups = round == 0 && n > 100 ? ICM_GROUPS_MAX : 2 + (int) (Random() % 7);
		size_t		start[ICM_GROUPS_MAX];
		double		excess;
		long double least;

		input.n = n;
		input.exponent = round % 2 ? -10 : 0;
		input.offset = round % 3 ? 0.0 : -12345678.0;
		for (int i = 0; i < n; i++)
		{
			input.integer[i] = RandomOfMany(kind);
			input.weight[i] = INT64_C(1) << (Random() & 1 ? 0 : Random() % magnitudes);
		}
		MakeDistinct(&input);
		if (groups >= input.n)
			continue;
		Cut(&input, ICM_CUT_KMEANS, groups, start);
		least = LeastCost(&input, groups);
		excess = (double) (GroupsCost(&input, groups, start) / least - 1.0L);
		if (!(excess <= worst))
			worst = excess;
	}
	ok(worst < 1e-13, "%s: the least cost of %d values (at most %.1g above)", name, n, worst);
}

/* ---- the rest ------------------------------------------------------------- */

static void
CheckKnown(void)
{
	static Input input = {.n = 10};
	double		values[10],
				weights[10];
	IcmPoints	points = {10, values, weights};
	size_t		start[ICM_GROUPS_MAX];
	IcmGroup	group[2];
	double		all;

	for (int i = 0; i < 10; i++)
	{
		input.integer[i] = i + 1;
		input.weight[i] = 1;
		values[i] = i + 1;
		weights[i] = 1.0;
	}
	Cut(&input, ICM_CUT_KMEANS, 2, start);
	all = IcmDescribeGroups(&points, ICM_CUT_KMEANS, 2, start, group);
	ok(start[0] == 5 && group[0].sum == 15.0 && group[1].sum == 40.0 && group[0].count == 5.0 && group[1].count == 5.0,
	   "1 to 10 in two groups: means 3 and 8");
	ok(group[0].within == 10.0 && group[1].within == 10.0 && all == 82.5, "within sums 10 and 10, of 82.5");

	Cut(&input, ICM_CUT_KMEANS, 3, start);
	ok(start[0] == 4 && start[1] == 7, "in three: the highest groups are the smaller ones");
}

/* Where the upper of two groups of such points starts. */
static size_t
StartOfUpper(const double *x, const double *weight, size_t n)
{
	size_t		start[1];
	void	   *work = malloc(IcmKMeansWork(n, 2));

	IcmKMeans(x, weight, n, 2, start, work, Poll);
	free(work);
	return start[0];
}

/*
 * One heavy point between two light ones goes with the nearer, and a light one
 * between two heavy ones. Beside the weight of the heavy ones, the light ones'
 * share of the squares is lost unless these are about the mean.
 */
static void
CheckHeavy(double offset)
{
	int			wrong = 0;

	for (int magnitude = 0; magnitude < 50; magnitude++)
		for (double distance = 1e3; distance < 1e12; distance *= 10.0)
			for (int longer = 0; longer < 2; longer++)
			{
				double		light = 1.0;
				double		heavy = ldexp(1.0, magnitude);
				double		near = offset + distance / 4.0,
							middle = offset + distance + longer,
							high = offset + 2.0 * distance + 1.0;
				double		x[] = {offset, middle, high};
				double		weight[] = {light, heavy, light};
				double		below[] = {offset, near, middle, high};
				double		weight_below[] = {heavy, light, light, heavy};

				wrong += StartOfUpper(x, weight, 3) != (longer ? 1 : 2);
				if (heavy > 16.0 * distance)	/* or the light ones move its mean enough to matter */
					wrong += StartOfUpper(below, weight_below, 4) != (longer ? 2 : 3);
			}
	ok(wrong == 0, "heavy points among light ones, from %g on (%d wrong)", offset, wrong);
}

/* k-means of logarithms, found apart, with what is not positive below them. */
static void
CheckLogarithms(void)
{
	int			wrong = 0;

	for (int round = 0; round < 500; round++)
	{
		Input		input;
		int			below = (int) (Random() % 5);
		int			groups = 2 + (int) (Random() % 6);
		double		logarithm[100],
					weight[100];
		size_t		start[ICM_GROUPS_MAX],
					expected[ICM_GROUPS_MAX];
		void	   *work = malloc(IcmKMeansWork(100, groups));

		input.n = below + 100;
		input.exponent = -3;
		input.offset = 0.0;
		for (int i = 0; i < input.n; i++)
		{
			input.integer[i] = i < below ? i + 1 - below
				: (i == below ? 0 : input.integer[i - 1]) + 1 + (int64_t) (Random() % 1000) * i;
			input.weight[i] = 1 + (int) (Random() % 3);
			if (i >= below)
			{
				logarithm[i - below] = log(ldexp((double) input.integer[i], -3));
				weight[i - below] = input.weight[i];
			}
		}
		Cut(&input, ICM_CUT_LOGKMEANS, groups, start);
		IcmKMeans(logarithm, weight, 100, groups, expected, work, Poll);
		for (int j = 0; j < groups - 1; j++)
			wrong += start[j] != expected[j] + below;
		free(work);
	}
	ok(wrong == 0, "k-means of logarithms (%d wrong)", wrong);
}

/* Values in any order, one by one or grouped with weights, are cut alike. */
static void
CheckWeights(void)
{
	int			wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		IcmWeighted weighted[300],
					weighted_scratch[300];
		double		values[3000],
					scratch[3000];
		IcmPoints	points[2];
		size_t		n = 0;
		size_t		start[2][ICM_GROUPS_MAX];

		for (int i = 0; i < 300; i++)
		{
			int			weight = 1 + (int) (Random() % 10);

			weighted[i].value = RandomNormal() > 1.0 ? (double) (Random() % 100) : 1.0 / (double) (1 + Random() % 20);
			weighted[i].weight = weight;
			while (weight-- > 0)
				values[n++] = weighted[i].value;
		}
		points[0] = IcmPointsOfWeighted(weighted, weighted_scratch, 300, Poll);
		points[1] = IcmPointsOfValues(values, scratch, n, Poll);
		for (int method = ICM_CUT_QUANTILE; method <= ICM_CUT_LOGKMEANS; method++)
		{
			IcmCutting	cutting = {(IcmCutMethod) method, 5, NULL};

			for (int p = 0; p < 2; p++)
			{
				void	   *work = malloc(IcmCutWork(points[p].n, &cutting) + 1);

				IcmCut(&points[p], &cutting, start[p], work, Poll);
				free(work);
			}
			wrong += points[0].n != points[1].n || memcmp(start[0], start[1], 4 * sizeof(size_t)) != 0;
		}
	}
	ok(wrong == 0, "a value of weight 3 is three equal values, by all methods (%d wrong)", wrong);
}

static void
CheckPoll(void)
{
	static double x[30000];
	static double weight[30000];
	size_t		start[4];
	void	   *work = malloc(IcmKMeansWork(30000, 5));

	for (int i = 0; i < 30000; i++)
	{
		x[i] = i;
		weight[i] = 1.0;
	}
	polls = 0;
	IcmKMeans(x, weight, 30000, 5, start, work, Poll);
	ok(start[0] == 6000 && start[1] == 12000 && start[2] == 18000 && start[3] == 24000,
	   "30,000 evenly spaced values in five groups");
	ok(polls > 0, "k-means can be interrupted");
	free(work);
}

int
main(void)
{
	CheckKnown();
	CheckSmall("few distances", 0, 0, 0.0);
	CheckSmall("few distances, in eighths", 0, -3, 0.0);
	CheckSmall("few distances, far from zero", 0, 0, 1e15);
	CheckSmall("negative ones", 1, 0, 0.0);
	CheckSmall("negative ones, in 2^-20", 1, -20, -7e5);
	CheckSmall("two places far apart", 2, 0, 0.0);
	CheckSmall("two places far apart, in quarters", 2, -2, 1e8);
	CheckSmall("several places far apart", 3, 0, 0.0);
	CheckSmall("any magnitude", 4, 0, 0.0);
	CheckSmall("outliers", 5, 0, 0.0);
	CheckSmall("outliers, far from zero", 5, 0, -4e15);

	CheckMany("uniform", 0, 300, 10, 1);
	CheckMany("lognormal", 1, 300, 10, 1);
	CheckMany("any magnitude", 2, 300, 10, 1);
	CheckMany("bunches", 3, 300, 10, 1);
	CheckMany("outliers", 4, 300, 10, 1);
	CheckMany("lognormal, weighted", 1, 300, 10, 8);
	CheckMany("few values of any weight", 5, 8, 5000, 47);
	CheckMany("uniform, many of any weight", 0, 300, 40, 31);
	CheckMany("bunches of any weight", 3, 300, 40, 12);
	CheckMany("lognormal", 1, N_MAX, 2, 1);
	CheckMany("any magnitude", 2, N_MAX, 2, 1);

	CheckHeavy(0.0);
	CheckHeavy(1e15);
	CheckLogarithms();
	CheckWeights();
	CheckPoll();
	printf("1..%d\n", tests);
	return failures > 0;
}
