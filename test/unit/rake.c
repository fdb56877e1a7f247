/*
 * rake.c
 *		Unit tests of math/rake: tables of two rows and two columns against the
 *		solution of the quadratic equation, larger ones by what makes the result
 *		unique: it meets the totals, and keeps the cross-product ratios.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "math/rake.h"
#include "../tap.h"

#define GROUPS_MAX 1000
#define MARGINS 3
#define CELLS_MAX 30

static int	polls = 0;

static void
Poll(void)
{
	polls++;
}

/* What is raked; the arrays of an IcmRake. */
static struct
{
	int32_t		first[MARGINS + 1];
	double		total[CELLS_MAX];
	int32_t		cells[GROUPS_MAX * MARGINS];
	double		estimate[GROUPS_MAX];
	double		weight[GROUPS_MAX];
	IcmProductSum sum[CELLS_MAX];
} table;

static IcmRakeFault fault;

static IcmRakeResult
Rake(size_t n, int margins, double tolerance, int iterations)
{
	IcmRake		rake = {n, margins, table.first, table.total, table.cells, table.estimate, tolerance, iterations,
	table.weight, table.sum};

	memset(&fault, 0, sizeof(fault));
	return IcmRakeGroups(&rake, &fault, Poll);
}

/* A table by rows, and its totals. */
static size_t
SetTable(int rows, int columns, const double *estimate, const double *row_total, const double *column_total)
{
	table.first[0] = 0;
	table.first[1] = rows;
	table.first[2] = rows + columns;
	memcpy(table.total, row_total, rows * sizeof(double));
	memcpy(table.total + rows, column_total, columns * sizeof(double));
	memcpy(table.estimate, estimate, (size_t) (rows * columns) * sizeof(double));
	for (int i = 0; i < rows * columns; i++)
	{
		table.cells[2 * i] = i / columns;
		table.cells[2 * i + 1] = rows + i % columns;
	}
	return (size_t) (rows * columns);
}

/* The largest relative deviation of any cell from its total, added up in long double. */
static double
Deviation(size_t n, int margins)
{
	long double largest = 0.0;

	for (int margin = 0; margin < margins; margin++)
		for (int32_t cell = table.first[margin]; cell < table.first[margin + 1]; cell++)
		{
			long double sum = 0.0;

			for (size_t i = 0; i < n; i++)
				if (table.cells[i * (size_t) margins + (size_t) margin] == cell)
					sum += table.weight[i];
			largest = fmaxl(largest, table.total[cell] > 0.0 ? fabsl(sum / table.total[cell] - 1.0) : sum);
		}
	return (double) largest;
}

static double
Uniform(void)
{
	return (double) (Random() >> 11) * 0x1p-53;
}

/* With the ratio r = ad / bc, a is a root of a (N - rows - columns + a) = r (rows - a) (columns - a). */
static void
CheckTwoByTwo(void)
{
	int			wrong = 0;

	for (int round = 0; round < 2000; round++)
	{
		double		e[4],
					rows[2],
					columns[2];
		long double r,
					a,
					b,
					c,
					expected;

		for (int i = 0; i < 4; i++)
			e[i] = exp(4.0 * Uniform() - 2.0);
		rows[0] = 1.0 + 9.0 * Uniform();
		rows[1] = 1.0 + 9.0 * Uniform();
		columns[0] = (rows[0] + rows[1]) * (0.1 + 0.8 * Uniform());
		columns[1] = rows[0] + rows[1] - columns[0];
		r = (long double) e[0] * e[3] / ((long double) e[1] * e[2]);
		a = r - 1.0;
		b = -(r * (rows[0] + columns[0]) + columns[1] - rows[0]);
		c = r * rows[0] * columns[0];
		expected = 2.0 * c / (-b + sqrtl(b * b - 4.0 * a * c));
		if (Rake(SetTable(2, 2, e, rows, columns), 2, 1e-12, 1000) != ICM_RAKED ||
			fabsl(table.weight[0] - expected) > 1e-10L * expected)
			wrong++;
	}
	ok(wrong == 0, "2 x 2: the root of the quadratic equation (%d wrong)", wrong);
}

static void
CheckRandomTables(void)
{
	int			not_raked = 0,
				off = 0,
				ratios = 0;

	for (int round = 0; round < 500; round++)
	{
		int			rows = 2 + (int) (Random() % 8),
					columns = 2 + (int) (Random() % 8);
		double		e[64 + 17],
					truth[64 + 17],
					row_total[9] = {0},
					column_total[9] = {0};
		size_t		n;

		for (int i = 0; i < rows * columns; i++)
		{
			e[i] = exp(4.0 * Uniform() - 2.0);
			truth[i] = exp(2.0 * Uniform());
			row_total[i / columns] += truth[i];
			column_total[i % columns] += truth[i];
		}
		n = SetTable(rows, columns, e, row_total, column_total);
		not_raked += Rake(n, 2, 1e-13, 1000) != ICM_RAKED;
		off += Deviation(n, 2) > 2e-13;
		for (int i = columns; i < rows * columns; i++)
			if (i % columns > 0)
			{
				double		before = e[0] * e[i] / (e[i % columns] * e[i - i % columns]);
				double	   *w = table.weight;
				double		after = w[0] * w[i] / (w[i % columns] * w[i - i % columns]);

				ratios += fabs(after / before - 1.0) > 1e-12;
			}
	}
	ok(not_raked == 0 && off == 0, "tables meet their totals (%d not raked, %d off)", not_raked, off);
	ok(ratios == 0, "and keep their cross-product ratios (%d do not)", ratios);
}

/* Three margins, of which the third leaves out some groups; the totals are those of hidden weights. */
static void
CheckThreeMargins(void)
{
	int			not_raked = 0,
				off = 0;

	for (int round = 0; round < 200; round++)
	{
		size_t		n = 0;

		table.first[0] = 0;
		table.first[1] = 5;
		table.first[2] = 11;
		table.first[3] = 15;
		memset(table.total, 0, sizeof(table.total));
		for (int a = 0; a < 5; a++)
			for (int b = 0; b < 6; b++)
				for (int c = 0; c < 5; c++)
				{
					double		truth = exp(2.0 * Uniform());

					table.cells[3 * n] = a;
					table.cells[3 * n + 1] = 5 + b;
					table.cells[3 * n + 2] = c == 4 ? ICM_RAKE_NO_CELL : 11 + c;
					table.estimate[n++] = Random() % 4 == 0 ? truth : exp(3.0 * Uniform());
					table.total[a] += truth;
					table.total[5 + b] += truth;
					if (c < 4)
						table.total[11 + c] += truth;
				}
		not_raked += Rake(n, 3, 1e-12, 1000) != ICM_RAKED;
		off += Deviation(n, 3) > 2e-12;
	}
	ok(not_raked == 0 && off == 0, "three margins, one not complete (%d not raked, %d off)", not_raked, off);
}

/* In so many iterations or not: what has not converged has a cell whose deviation is above the tolerance. */
static void
CheckIterations(void)
{
	int			wrong = 0,
				some = 0;

	for (int round = 0; round < 5000; round++)
	{
		double		e[4],
					rows[2],
					columns[2];
		double		tolerance = exp(-12.0 * Uniform());
		int			iterations = 1 + (int) (Random() % 4);
		size_t		n;

		for (int i = 0; i < 4; i++)
			e[i] = (double) (Random() % 4 + 1);
		rows[0] = (double) (Random() % 9 + 1);
		rows[1] = (double) (Random() % 9 + 1);
		columns[0] = 0.5 * (rows[0] + rows[1]);
		columns[1] = columns[0];
		n = SetTable(2, 2, e, rows, columns);
		if (Rake(n, 2, tolerance, iterations) == ICM_RAKED)
		{
			wrong += Deviation(n, 2) > tolerance * (1.0 + 1e-10);
			continue;
		}
		some++;
		wrong += fault.cell < 0 || fault.cell >= 4 || !(fault.deviation > tolerance) ||
			fabs(Deviation(n, 2) - fault.deviation) > 1e-12 || fabs(fault.sum / table.total[fault.cell] - 1.0) != fault.deviation;
	}
	ok(some > 500 && wrong == 0, "iterations: converged or not (%d wrong, %d not converged)", wrong, some);
}

static void
CheckFaults(void)
{
	static const double ones[] = {1, 1, 1, 1};
	static const double hole[] = {1, 0, 1, 0};
	static const double triangle[] = {1, 1, 0, 1};
	static const double huge[] = {1e280, 1e-300, 1e-300, 1e280};
	static const double two_three[] = {2, 3};
	static const double three_two[] = {3, 2};
	static const double five_none[] = {5, 0};
	static const double two_four[] = {2, 4};
	static const double totals[] = {1e280, 1e-300};
	static const double least[] = {5e-324};
	static const double none[] = {0, 0};
	int			before;
	size_t		n;

	ok(Rake(SetTable(2, 2, ones, two_three, three_two), 2, 1e-10, 1000) == ICM_RAKED &&
	   fabs(table.weight[0] - 1.2) < 1e-15 && fabs(table.weight[3] - 1.2) < 1e-15, "equal estimates: independence");
	ok(Rake(SetTable(2, 2, ones, two_three, five_none), 2, 1e-10, 1000) == ICM_RAKED &&
	   table.weight[0] == 2.0 && table.weight[1] == 0.0 && table.weight[2] == 3.0, "a cell of total 0");
	ok(Rake(SetTable(2, 2, hole, two_three, three_two), 2, 1e-10, 1000) == ICM_RAKE_EMPTY_CELL && fault.cell == 3,
	   "a cell without estimates");
	ok(Rake(SetTable(2, 2, hole, two_three, five_none), 2, 1e-10, 1000) == ICM_RAKED, "and without total");
	ok(Rake(SetTable(2, 2, ones, two_four, three_two), 2, 1e-10, 1000) == ICM_RAKE_SUMS_DIFFER &&
	   fault.margin[0] == 0 && fault.margin[1] == 1 && fault.margin_sum[0] == 6.0 && fault.margin_sum[1] == 5.0,
	   "sums that differ");
	ok(Rake(SetTable(2, 2, triangle, three_two, two_three), 2, 1e-10, 1000) == ICM_RAKED &&
	   fabs(table.weight[0] - 2.0) < 1e-9 && fabs(table.weight[1] - 1.0) < 1e-9 && table.weight[2] == 0.0,
	   "an estimate of zero stays zero");
	ok(Rake(SetTable(2, 2, triangle, two_three, three_two), 2, 1e-10, 1000) == ICM_RAKE_NOT_CONVERGED &&
	   fault.deviation > 1e-10 && fault.cell >= 0, "totals that no weights can meet: not converged");
	before = polls;
	ok(Rake(SetTable(2, 2, triangle, two_three, three_two), 2, 1e-10, 7) == ICM_RAKE_NOT_CONVERGED && polls - before == 2 + 2 + 15 + 2,
	   "polled for each margin: to find empty cells, to compare sums, to scale and check, and to find the worst");
	n = SetTable(1, 2, ones, least, none);
	table.cells[1] = table.cells[3] = ICM_RAKE_NO_CELL;
	ok(Rake(n, 2, 1e-10, 1000) == ICM_RAKE_NOT_CONVERGED && table.weight[0] == 0.0,
	   "a total of which rounding leaves nothing is not met");
	ok(Rake(SetTable(2, 2, triangle, two_three, three_two), 2, 1e-10, 1) == ICM_RAKE_NOT_CONVERGED, "nor in one iteration");
	ok(Rake(SetTable(2, 2, ones, two_three, three_two), 2, 1e-10, 1) == ICM_RAKED, "but where one is enough");
	ok(Rake(SetTable(2, 2, huge, totals, totals), 2, 1e-10, 1000) == ICM_RAKED && Deviation(4, 2) < 1e-10, "extreme amounts");
	ok(Rake(0, 0, 1e-10, 1000) == ICM_RAKED, "nothing");
}

int
main(void)
{
	CheckTwoByTwo();
	CheckRandomTables();
	CheckThreeMargins();
	CheckIterations();
	CheckFaults();
	ok(polls > 1000, "polled");
	printf("1..%d\n", tests);
	return failures > 0;
}
