/*
 * neighbours.c
 *		Unit tests of math/neighbours against looking at all pairs of rows, on
 *		data with and without ties, crowds of equal rows, rows without a value
 *		and constant columns; in any order of the rows. How much work it is, is
 *		counted, not timed.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/neighbours.h"
#include "../tap.h"

#define N_MAX 600
#define COLUMNS_MAX 8

static int	polls = 0;

static void
Poll(void)
{
	polls++;
}

static double x[N_MAX * COLUMNS_MAX];
static double value[N_MAX];
static double quantile[N_MAX];
static double expected[N_MAX];

/* Search in arrays of the exact size, so that the address sanitizer sees a step beyond. */
static void
Search(size_t n, int columns, int k, double tau)
{
	IcmNeighbours neighbours = {n, columns, malloc(n * (size_t) columns * sizeof(double)), value, k, tau, quantile};
	void	   *work = malloc(IcmNeighboursWork(n, columns));

	memcpy(neighbours.x, x, n * (size_t) columns * sizeof(double));
	IcmNeighbourQuantiles(&neighbours, work, Poll);
	free(neighbours.x);
	free(work);
}

static int
Compare(const void *a, const void *b)
{
	double		p = *(const double *) a;
	double		q = *(const double *) b;

	return (p > q) - (p < q);
}

/* Of the rows that have a value, which can be neighbours. */
static void
Precisions(size_t n, int columns, double *precision)
{
	for (int c = 0; c < columns; c++)
	{
		long double sum = 0.0,
					squares = 0.0;
		size_t		values = 0;

		for (size_t i = 0; i < n; i++)
			if (!isnan(value[i]))
			{
				sum += x[i * (size_t) columns + (size_t) c];
				values++;
			}
		for (size_t i = 0; i < n; i++)
			if (!isnan(value[i]))
			{
				long double difference = x[i * (size_t) columns + (size_t) c] - sum / values;

				squares += difference * difference;
			}
		precision[c] = squares > 0.0 ? (double) (values / squares) : 0.0;
	}
}

/* All pairs. */
static void
SlowSearch(size_t n, int columns, int k, double tau)
{
	double		precision[COLUMNS_MAX];

	Precisions(n, columns, precision);
	for (size_t i = 0; i < n; i++)
	{
		static double distance[N_MAX];
		static double sorted[N_MAX];
		size_t		others = 0,
					peers = 0;
		double		limit;

		for (size_t j = 0; j < n; j++)
		{
			if (j == i || isnan(value[j]))
				continue;
			distance[j] = 0.0;
			for (int c = 0; c < columns; c++)
			{
				double		difference = x[i * (size_t) columns + (size_t) c] - x[j * (size_t) columns + (size_t) c];

				distance[j] += difference * difference * precision[c];
			}
			sorted[others++] = distance[j];
		}
		expected[i] = NAN;
		if (others < (size_t) k)
			continue;
		qsort(sorted, others, sizeof(double), Compare);
		limit = sorted[k - 1] * (1.0 + 1e-12);
		for (size_t j = 0; j < n; j++)
			if (j != i && !isnan(value[j]) && distance[j] <= limit)
				sorted[peers++] = value[j];
		qsort(sorted, peers, sizeof(double), Compare);
		expected[i] = sorted[(size_t) fmax(ceil(tau * (double) peers), 1.0) - 1];
	}
}

static int
CountWrong(size_t n)
{
	int			wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += !(quantile[i] == expected[i] || (isnan(quantile[i]) && isnan(expected[i])));
	return wrong;
}

static double
Uniform(void)
{
	return (double) (Random() >> 11) * 0x1p-53;
}

/* A number of a row: of this many different integers (0: any number). */
static double
Number(int distinct)
{
	return distinct == 0 ? 100.0 * Uniform() : (double) (Random() % (uint64_t) distinct);
}

/* A number in a column, by kind of data. */
static double
NumberOf(int kind, int column)
{
	switch (kind)
	{
		case 0:
			return Number(0);
		case 1:
			return Number(column == 0 ? 50 : 0);
		case 2:
			return Number(2);	/* crowds */
		case 3:
			return Number(column == 0 ? 1 : 7); /* a constant column */
		case 4:
			return Random() % 20 == 0;	/* rare flags: those who have one look at a crowd */
		case 5:
			return column == 0 ? 10.0 * Number(6) : Number(3);	/* bands */
		default:
			return 7.0;			/* all are equal */
	}
}

/* Rows of a kind of data, of which one in so many has no value, against all pairs. */
static int
CountWrongOfRandom(int kind, size_t n, int columns, int k, int prospects, int values)
{
	static const double taus[] = {0.0, 0.1, 0.5, 0.8, 0.9, 1.0};
	double		tau = taus[Random() % 6];

	for (size_t i = 0; i < n; i++)
	{
		for (int c = 0; c < columns; c++)
			x[i * (size_t) columns + (size_t) c] = NumberOf(kind, c);
		value[i] = Random() % (uint64_t) prospects == 0 ? NAN : Number(values);
	}
	Search(n, columns, k, tau);
	SlowSearch(n, columns, k, tau);
	return CountWrong(n);
}

static void
CheckRandom(int kind, const char *name)
{
	int			wrong = 0;

	for (int round = 0; round < 150; round++)
		wrong += CountWrongOfRandom(kind, 1 + Random() % (round % 2 == 0 ? N_MAX : 40),
									kind == 3 ? 2 : 1 + (int) (Random() % COLUMNS_MAX),
									1 + (int) (Random() % (round % 5 == 0 ? 100 : 10)), 10, 200);
	ok(wrong == 0, "%s (%d wrong)", name, wrong);
}

/* A few rows of all kinds, many of which have no value or one that others have too; k up to more than there are. */
static void
CheckSmall(void)
{
	int			wrong = 0;

	for (int round = 0; round < 10000; round++)
		wrong += CountWrongOfRandom(round % 7, 1 + Random() % 12, 1 + (int) (Random() % 3), 1 + (int) (Random() % 13),
									2 + (int) (Random() % 4), 1 + (int) (Random() % 5));
	ok(wrong == 0, "a few rows (%d wrong)", wrong);
}

/* Twice the same grid of whole numbers, the columns of which have one variance: many ties. */
static void
CheckGrid(void)
{
	int			wrong = 0;

	for (int k = 1; k < 60; k++)
	{
		size_t		n = 2 * 15 * 15;

		for (size_t i = 0; i < n; i++)
		{
			x[2 * i] = (double) (i / 2 % 15);
			x[2 * i + 1] = (double) (i / 30);
			value[i] = (double) (Random() % 1000);
		}
		Search(n, 2, k, 0.8);
		SlowSearch(n, 2, k, 0.8);
		wrong += CountWrong(n);
	}
	ok(wrong == 0, "a grid, with ties (%d wrong)", wrong);
}

static void
CheckOrder(void)
{
	static double first[N_MAX];
	static double copy[3 * N_MAX];
	static double values[N_MAX];
	size_t		order[N_MAX];
	int			wrong = 0;

	for (size_t i = 0; i < N_MAX; i++)
	{
		order[i] = i;
		for (int c = 0; c < 3; c++)
			copy[3 * i + (size_t) c] = c == 0 ? Number(9) : 1e6 * Uniform() + 1e9;
		values[i] = Number(0);
	}
	for (int round = 0; round < 10; round++)
	{
		for (size_t i = 0; i < N_MAX; i++)
		{
			memcpy(x + 3 * i, copy + 3 * order[i], 3 * sizeof(double));
			value[i] = values[order[i]];
		}
		Search(N_MAX, 3, 10, 0.9);
		for (size_t i = 0; i < N_MAX; i++)
		{
			if (round == 0)
				first[order[i]] = quantile[i];
			wrong += quantile[i] != first[order[i]];
		}
		for (size_t i = N_MAX; i > 1; i--)
		{
			size_t		other = Random() % i;
			size_t		swap = order[i - 1];

			order[i - 1] = order[other];
			order[other] = swap;
		}
	}
	ok(wrong == 0, "any order of the rows (%d wrong)", wrong);
}

static void
CheckKnown(void)
{
	for (size_t i = 0; i < 10; i++)
	{
		x[i] = (double) i;
		value[i] = (double) (i * i);
	}
	Search(10, 1, 2, 1.0);
	ok(quantile[0] == 4.0 && quantile[4] == 25.0 && quantile[9] == 64.0, "on a line, the two nearest");
	Search(10, 1, 2, 0.5);
	ok(quantile[0] == 1.0 && quantile[4] == 9.0 && quantile[9] == 49.0, "their lower value is the median");
	Search(10, 1, 3, 1.0);
	ok(quantile[4] == 36.0 && quantile[0] == 9.0, "of three, both that are as far away as the third");
	Search(10, 1, 9, 1.0);
	ok(quantile[9] == 64.0 && quantile[0] == 81.0, "all others");
	Search(10, 1, 10, 1.0);
	ok(isnan(quantile[0]) && isnan(quantile[9]), "not as many others as asked for");
	value[9] = NAN;
	Search(10, 1, 9, 1.0);
	ok(isnan(quantile[0]) && quantile[9] == 64.0, "but as many for one who is nobody's neighbour");
	for (size_t i = 0; i < 9; i++)
		value[i] = NAN;
	Search(10, 1, 1, 1.0);
	ok(isnan(quantile[0]) && isnan(quantile[9]), "no values");

	for (size_t i = 0; i < 10; i++)
	{
		x[2 * i] = i == 0 ? -0x1p1023 : (double) i * 0x1p1020;
		x[2 * i + 1] = (double) (9 - i) * 0x1p-1074;
		value[i] = (double) i;
	}
	Search(10, 2, 1, 1.0);
	ok(quantile[5] == 6.0 && quantile[0] == 1.0 && quantile[9] == 8.0, "extreme numbers");
	for (size_t i = 0; i < 9; i++)
		x[i] = (double) i * 0x1p-600;
	x[9] = 1.0;
	Search(10, 1, 1, 1.0);
	ok(quantile[0] == 8.0 && quantile[8] == 7.0 && quantile[9] == 8.0, "distances too small for a number are ties");
}

/* Rows that are nobody's neighbour have no say in the results of the others, wherever they are. */
static void
CheckProspects(void)
{
	static const double far[] = {30.0, -1e6, 1e100, 0x1p1023, -0x1p1023, 0x1p-1074};
	static double without[N_MAX];
	size_t		n = 300;
	int			wrong = 0;

	for (int round = 0; round < 60; round++)
	{
		double		unit = round % 3 == 0 ? 1.0 : round % 3 == 1 ? 0x1p-900 : 0x1p900;

		for (size_t i = 0; i < n; i++)
		{
			x[3 * i] = unit * Number(0);
			x[3 * i + 1] = unit * Number(9);
			x[3 * i + 2] = 7.0; /* the same for all that can be neighbours */
			value[i] = Number(0);
		}
		Search(n, 3, 10, 0.8);
		memcpy(without, quantile, n * sizeof(double));
		for (size_t i = n; i < n + 6; i++)
		{
			x[3 * i] = i % 2 == 0 ? far[i - n] : unit * 50.0;
			x[3 * i + 1] = i % 3 == 0 ? -far[i - n] : unit * 4.0;
			x[3 * i + 2] = far[i - n];
			value[i] = NAN;
		}
		Search(n + 6, 3, 10, 0.8);
		wrong += memcmp(without, quantile, n * sizeof(double)) != 0;
		for (size_t i = n; i < n + 6; i++)
			wrong += isnan(quantile[i]);
	}
	ok(wrong == 0, "nobody's neighbours change nothing of the others (%d wrong)", wrong);

	/* all are as far away from one so far off; a column that is the same for the others does not count */
	for (size_t i = 0; i < 10; i++)
	{
		x[2 * i] = (double) i;
		x[2 * i + 1] = 7.0;
		value[i] = i == 9 ? NAN : (double) i;
	}
	x[18] = -0x1p1023;
	Search(10, 2, 2, 1.0);
	ok(quantile[9] == 8.0 && quantile[0] == 2.0, "all tie for one who is far off");
	x[18] = 3.0;
	x[19] = 0x1p1023;
	Search(10, 2, 3, 1.0);
	ok(quantile[9] == 4.0, "but not by a column that counts nothing");
}

/* How often so many rows of a kind of data poll. Each search looks through at least one leaf of the tree. */
static int
CountPolls(int kind, size_t n, int columns, int k, int prospects)
{
	double	   *values = malloc(n * sizeof(double));
	IcmNeighbours neighbours = {n, columns, malloc(n * (size_t) columns * sizeof(double)), values, k, 0.9,
	malloc(n * sizeof(double))};
	void	   *work = malloc(IcmNeighboursWork(n, columns));
	int			before = polls;

	for (size_t i = 0; i < n; i++)
	{
		for (int c = 0; c < columns; c++)
			neighbours.x[i * (size_t) columns + (size_t) c] = NumberOf(kind, c);
		values[i] = i < (size_t) prospects ? NAN : Number(0);
	}
	IcmNeighbourQuantiles(&neighbours, work, Poll);
	free(neighbours.x);
	free(neighbours.quantile);
	free(values);
	free(work);
	return polls - before;
}

static void
CheckWork(void)
{
	int			n;

	n = CountPolls(5, 100000, 3, 20, 1000);
	ok(n < 5000, "54 distinct rows of 100,000 (polled %d times)", n);
	n = CountPolls(4, 100000, 8, 20, 1000);
	ok(n < 10000, "at most 256, with and without crowds (polled %d times)", n);
	n = CountPolls(4, 100000, 8, 60000, 1000);
	ok(n < 40000, "most of all others (polled %d times)", n);
	n = CountPolls(6, 100000, 2, 20, 0);
	ok(n > 20 && n < 1000, "sorting one crowd polls (%d times)", n);
	n = CountPolls(0, 10000, 2, 20, 0);
	ok(n < 300000, "all distinct (polled %d times)", n);
	n = CountPolls(0, 10000, 2, 10000, 0) + CountPolls(0, 10000, 2, 9991, 10) + CountPolls(0, 10000, 2, INT_MAX, 0);
	ok(n == 0, "not as many others as asked for: nothing to do (polled %d times)", n);
}

int
main(void)
{
	CheckKnown();
	CheckRandom(0, "numbers");
	CheckRandom(1, "numbers, and integers in a column");
	CheckRandom(2, "crowds of equal rows");
	CheckRandom(3, "a constant column, and ties");
	CheckRandom(4, "rare flags");
	CheckRandom(5, "bands");
	CheckRandom(6, "all equal");
	CheckSmall();
	CheckGrid();
	CheckOrder();
	CheckProspects();
	CheckWork();
	printf("1..%d\n", tests);
	return failures > 0;
}
