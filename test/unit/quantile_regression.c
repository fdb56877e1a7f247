/*
 * quantile_regression.c
 *		Unit tests of math/quantile_regression: against quantreg for R
 *		(test/reference/quantreg.txt; run from the source's top directory), against
 *		all planes there are, and by the optimality conditions in another form.
 *
 * The objective is convex and, around a plane, linear in each of the cones that the
 * rows on the plane cut out. So a plane is optimal if the objective does not fall in any
 * direction along which all but one of some p independent rows stay on the plane, as
 * these directions span the cones.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/qr_rows.h"
#include "math/quantile_regression.h"
#include "../tap.h"

#define REFERENCE "test/reference/quantreg.txt"
#define P_MAX 20
#define PAIRS_MAX (P_MAX * (P_MAX - 1) / 2)
#define ON_PLANE_MAX 20000		/* rows on a plane that are looked at */
#define DIRECTIONS_MAX 1000
#define EFFORT 2e6				/* rows times directions; random ones if there are more */
#define SHOWN_MAX 10			/* wrong answers of a kind */

static size_t allocated = 0;
static size_t held = 0;
static size_t held_most = 0;
static int	polls = 0;
static int	shown = 0;

static void *
Allocate(size_t bytes)
{
	size_t	   *memory = malloc(bytes + 16);

	memory[0] = bytes;
	allocated++;
	held += bytes;
	held_most = held > held_most ? held : held_most;
	return memory + 2;
}

static void
Release(void *memory)
{
	size_t	   *start = (size_t *) memory - 2;

	allocated--;
	held -= start[0];
	free(start);
}

static void
Poll(void)
{
	polls++;
}

/* In (0, 1) */
static double
Uniform(void)
{
	return ((Random() >> 11) + 0.5) * 0x1p-53;
}

static double
Normal(void)
{
	return sqrt(-2.0 * log(Uniform())) * cos(6.283185307179586 * Uniform());
}

static int
Below(int n)
{
	return (int) (Random() % n);
}

/* ---- problems ------------------------------------------------------------- */

typedef struct Problem
{
	size_t		n;
	int			p;
	bool		weighted;
	double	   *rows;
} Problem;

static int
Width(const Problem *problem)
{
	return problem->p + 1 + problem->weighted;
}

static Problem
NewProblem(size_t n, int p, bool weighted)
{
	Problem		problem = {n, p, weighted, NULL};

	problem.rows = malloc(n * Width(&problem) * sizeof(double));
	return problem;
}

static double *
Row(const Problem *problem, size_t i)
{
	return problem->rows + i * Width(problem);
}

static double
Weight(const Problem *problem, size_t i)
{
	return problem->weighted ? Row(problem, i)[problem->p + 1] : 1.0;
}

/* A regression of a copy of the rows, of the exact size, so that the address sanitizer sees a step beyond. */
static IcmRegression
Regression(const Problem *problem)
{
	IcmRegression regression = {
		.n = problem->n,.columns = problem->p,.weighted = problem->weighted,
		.allocate = Allocate,.release = Release,.poll = Poll
	};
	size_t		bytes = problem->n * Width(problem) * sizeof(double);

	regression.rows = malloc(bytes);
	memcpy(regression.rows, problem->rows, bytes);
	return regression;
}

static IcmRegressionResult
Fit(const Problem *problem, double tau, double *b)
{
	IcmRegression regression = Regression(problem);
	IcmRegressionResult result = IcmRegressionPrepare(&regression);

	if (result == ICM_REGRESSION_DONE)
	{
		result = IcmRegressionFit(&regression, tau, b);
		IcmRegressionEnd(&regression);
	}
	free(regression.rows);
	return result;
}

static void
Shuffle(const Problem *problem)
{
	size_t		bytes = Width(problem) * sizeof(double);
	double		kept[P_MAX + 2];

	for (size_t i = problem->n; i > 1; i--)
	{
		size_t		j = Random() % i;

		memcpy(kept, Row(problem, i - 1), bytes);
		memmove(Row(problem, i - 1), Row(problem, j), bytes);
		memcpy(Row(problem, j), kept, bytes);
	}
}

static long double
Residual(const Problem *problem, size_t i, const double *b, long double *terms)
{
	const double *row = Row(problem, i);
	long double r = row[problem->p];

	*terms = fabsl(r);
	for (int j = 0; j < problem->p; j++)
	{
		r -= (long double) row[j] * b[j];
		*terms += fabsl((long double) row[j] * b[j]);
	}
	return r;
}

static long double
Objective(const Problem *problem, double tau, const double *b)
{
	long double sum = 0.0L,
				terms;

	for (size_t i = 0; i < problem->n; i++)
	{
		long double r = Residual(problem, i, b, &terms);

		sum += Weight(problem, i) * r * (r > 0.0L ? (long double) tau : (long double) tau - 1.0L);
	}
	return sum;
}

/* ---- optimality ----------------------------------------------------------- */

/*
 * Gauss-Jordan: bring m rows of p columns, which are overwritten, to the identity in as
 * many columns as their rank is, with full pivoting; column[k] is where row k has its 1.
 */
static int
Eliminate(long double (*a)[P_MAX], int m, int p, int *column)
{
	long double largest = 0.0L;
	int			rank = 0;

	for (; rank < m && rank < p; rank++)
	{
		int			row = rank,
					best = 0;

		for (int i = rank; i < m; i++)
			for (int j = 0; j < p; j++)
				if (fabsl(a[i][j]) > fabsl(a[row][best]))
				{
					row = i;
					best = j;
				}
		largest = fabsl(a[row][best]) > largest ? fabsl(a[row][best]) : largest;
		if (!(fabsl(a[row][best]) > 1e-11L * largest))
			break;
		for (int j = 0; j < p; j++)
		{
			long double kept = a[row][j];

			a[row][j] = a[rank][j];
			a[rank][j] = kept;
		}
		for (int j = 0; j < p; j++)
			if (j != best)
				a[rank][j] /= a[rank][best];
		a[rank][best] = 1.0L;
		column[rank] = best;
		for (int i = 0; i < m; i++)
		{
			long double factor = a[i][best];

			if (i != rank)
				for (int j = 0; j < p; j++)
					a[i][j] -= factor * a[rank][j];
		}
	}
	return rank;
}

/* Column j divided by 2 to this power is of size 1. */
static void
ColumnScales(const Problem *problem, double *scale)
{
	for (int j = 0; j < problem->p; j++)
	{
		double		largest = 0.0;
		int			exponent;

		for (size_t i = 0; i < problem->n; i++)
			largest = fmax(largest, fabs(Row(problem, i)[j]));
		frexp(largest, &exponent);
		scale[j] = ldexp(1.0, -exponent);
	}
}

/*
 * Is the objective's slope in this direction, in scaled columns, not negative, but for
 * rounding? side: where rows are, 0 on the plane.
 */
static bool
IsUphill(const Problem *problem, double tau, const signed char *side, const double *scale, const long double *direction)
{
	long double slope = 0.0L,
				terms = 0.0L;

	for (size_t i = 0; i < problem->n; i++)
	{
		long double speed = 0.0L,
					size = 0.0L;

		for (int j = 0; j < problem->p; j++)
		{
			speed -= (long double) Row(problem, i)[j] * scale[j] * direction[j];
			size += fabsl((long double) Row(problem, i)[j] * scale[j] * direction[j]);
		}
		if (side[i] > 0 || (side[i] == 0 && speed > 0.0L))
			slope += Weight(problem, i) * tau * speed;
		else
			slope += Weight(problem, i) * (tau - 1.0L) * speed;
		terms += Weight(problem, i) * size;
	}
	return slope >= -1e-11L * terms;
}

/* The direction along which p - 1 rows stay on the plane; false: they are not independent. */
static bool
EdgeOf(const Problem *problem, const size_t *rows, const double *scale, long double *direction)
{
	long double a[P_MAX][P_MAX];
	int			column[P_MAX];
	int			p = problem->p,
				open = p * (p - 1) / 2;

	for (int k = 0; k < p - 1; k++)
		for (int j = 0; j < p; j++)
			a[k][j] = (long double) Row(problem, rows[k])[j] * scale[j];
	if (Eliminate(a, p - 1, p, column) < p - 1)
		return false;
	for (int k = 0; k < p - 1; k++)
		open -= column[k];
	for (int k = 0; k < p - 1; k++)
		direction[column[k]] = -a[k][open];
	direction[open] = 1.0L;
	return true;
}

/* The next p - 1 of n rows, in the order of their subsets, or random ones if there are many. */
static bool
NextSubset(int *subset, int size, int n, bool random)
{
	int			k = size - 1;

	if (random)
	{
		for (int i = 0; i < size; i++)
			subset[i] = Below(n);
		return true;
	}
	while (k >= 0 && subset[k] == n - size + k)
		k--;
	if (k < 0)
		return false;
	subset[k]++;
	for (int i = k + 1; i < size; i++)
		subset[i] = subset[i - 1] + 1;
	return true;
}

static double
Subsets(int n, int size)
{
	double		count = 1.0;

	for (int k = 0; k < size; k++)
		count *= (double) (n - k) / (k + 1);
	return count;
}

/*
 * Why b is no vertex that is optimal; NULL: it is one, as far as can be told from coefficients that are rounded.
 * TestExactly() sees more.
 */
static const char *
Fault(const Problem *problem, double tau, const double *b)
{
	static size_t on[ON_PLANE_MAX];
	static long double matrix[ON_PLANE_MAX][P_MAX];
	signed char *side = malloc(problem->n);
	double		scale[P_MAX];
	int			p = problem->p,
				column[P_MAX],
				subset[P_MAX],
				n = 0;
	const char *fault = NULL;
	int			directions = (int) fmin(DIRECTIONS_MAX, fmax(4.0 * p, EFFORT / problem->n));
	bool		random;

	ColumnScales(problem, scale);
	for (size_t i = 0; i < problem->n; i++)
	{
		long double terms,
					r = Residual(problem, i, b, &terms);

		side[i] = fabsl(r) <= 64.0L * (p + 4) * DBL_EPSILON * terms ? 0 : r > 0.0L ? 1 : -1;
		if (side[i] == 0 && n < ON_PLANE_MAX)
			on[n++] = i;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < p; j++)
			matrix[i][j] = (long double) Row(problem, on[i])[j] * scale[j];
	if (Eliminate(matrix, n, p, column) < p)
		fault = "no vertex";
	for (int k = 0; k < p; k++)
		subset[k] = k;
	random = Subsets(n, p - 1) > directions;
	for (int k = 0; k < directions && fault == NULL; k++)
	{
		size_t		rows[P_MAX];
		long double direction[P_MAX];

		for (int i = 0; i < p - 1; i++)
			rows[i] = on[subset[i]];
		if (EdgeOf(problem, rows, scale, direction))
			for (int turn = 0; turn < 2; turn++)
			{
				if (!IsUphill(problem, tau, side, scale, direction))
					fault = "not optimal";
				for (int j = 0; j < p; j++)
					direction[j] = -direction[j];
			}
		if (!NextSubset(subset, p - 1, n, random))
			break;
	}
	free(side);
	return fault;
}

/* ---- kinds of problems ---------------------------------------------------- */

typedef enum Kind
{
	SMOOTH,
	INTEGERS,
	BINARY,
	TIES,						/* half of the responses are 0 */
	DUPLICATES,					/* each row several times */
	EXACT,						/* all on one plane, as far as doubles tell */
	SCALES,						/* columns and rows of very different size */
	HEAVY,						/* without moments */
	RARE,						/* a column that is 0 but in a few rows */
	KINDS
} Kind;

static const char *const kind_names[KINDS] = {
	"smooth", "integers", "binary", "ties", "duplicates", "exact", "scales", "heavy tails", "a rare column"
};

static double
DrawX(Kind kind, int j, size_t i)
{
	switch (kind)
	{
		case INTEGERS:
			return Below(7) - 3;
		case BINARY:
			return Below(2);
		case SCALES:
			return ldexp(Normal(), 40 * (j % 5) - 80);
		case HEAVY:
			return 1.0 / (Uniform() - 0.5);
		case RARE:
			return j == 1 ? i % 97 == 3 : Normal();
		default:
			return Normal();
	}
}

static double
DrawY(Kind kind, const double *x, int p)
{
	double		y = 0.0;

	for (int j = 0; j < p; j++)
		y += (j + 1) * 0.3 * x[j];
	switch (kind)
	{
		case INTEGERS:
			return Below(9) - 4;
		case BINARY:
			return Below(3);
		case TIES:
			return Below(2) * (y + Normal());
		case EXACT:
			return y;
		case SCALES:
			return ldexp(Normal(), Below(60));
		case HEAVY:
			return y + 1.0 / (Uniform() - 0.5);
		default:
			return y + Normal();
	}
}

static Problem
Draw(Kind kind, size_t n, int p, bool weighted)
{
	Problem		problem = NewProblem(n, p, weighted);

	for (size_t i = 0; i < n; i++)
	{
		double	   *row = Row(&problem, i);

		for (int j = 0; j < p; j++)
			row[j] = j == 0 && kind != SCALES ? 1.0 : DrawX(kind, j, i);
		row[p] = DrawY(kind, row, p);
		if (weighted)
			row[p + 1] = kind == INTEGERS ? 1 + Below(4) : kind == RARE ? ldexp(1.0 + Uniform(), -Below(39)) :
				exp(2.0 * Normal());
		if (kind == DUPLICATES && i % 4 != 0)
			memcpy(row, Row(&problem, i - 1 - Below(i % 4)), Width(&problem) * sizeof(double));
	}
	return problem;
}

static double
DrawTau(void)
{
	static const double simple[] = {0.5, 0.25, 0.75, 0.9, 0.8, 0.1, 0.05, 0.99};

	return Below(2) ? simple[Below(8)] : Uniform();
}

static void
Show(const char *what, Kind kind, const Problem *problem, double tau)
{
	if (shown++ < SHOWN_MAX)
		printf("# %s: %s, n %zu, p %d, weighted %d, tau %.17g\n", what, kind_names[kind], problem->n, problem->p,
			   problem->weighted, tau);
}

/* Fit, check the conditions, and that the rows in another order give the same bytes. Columns may depend on each other. */
static bool
Check(Kind kind, const Problem *problem, double tau, int *fitted)
{
	double		b[P_MAX],
				again[P_MAX];
	IcmRegressionResult result = Fit(problem, tau, b);
	const char *fault;

	if (result == ICM_REGRESSION_DEPENDENT_COLUMN || result == ICM_REGRESSION_ZERO_COLUMN)
		return true;
	(*fitted)++;
	fault = result == ICM_REGRESSION_DONE ? Fault(problem, tau, b) : "not fitted";
	if (fault == NULL)
	{
		Shuffle(problem);
		Fit(problem, tau, again);
		if (memcmp(b, again, problem->p * sizeof(double)) != 0)
			fault = "order matters";
	}
	if (fault != NULL)
		Show(fault, kind, problem, tau);
	return fault == NULL;
}

static void
TestConditions(void)
{
	for (Kind kind = 0; kind < KINDS; kind++)
		for (int weighted = 0; weighted < 2; weighted++)
		{
			int			wrong = 0,
						fitted = 0;

			for (int round = 0; round < 400; round++)
			{
				int			p = 1 + (round % 8 == 0 ? Below(P_MAX) : Below(5));
				size_t		n = p + (round % 5 == 0 ? 0 : Below(round % 16 == 1 ? 1000 : 60));
				Problem		problem = Draw(kind, n, p, weighted);

				wrong += !Check(kind, &problem, DrawTau(), &fitted);
				free(problem.rows);
			}
			ok(wrong == 0 && fitted > 80, "%s%s: a vertex, optimal, in any order of rows the same (%d fits)",
			   kind_names[kind], weighted ? ", weighted" : "", fitted);
		}
}

static void
TestLarge(void)
{
	for (Kind kind = 0; kind < KINDS; kind++)
	{
		int			wrong = 0,
					fitted = 0;

		for (int round = 0; round < 2; round++)
		{
			Problem		problem = Draw(kind, 30000 + 20000 * round, 2 + 3 * round, (int) kind % 2 == round);

			wrong += !Check(kind, &problem, round == 0 ? 0.9 : 0.3, &fitted);
			free(problem.rows);
		}
		for (int round = 0; round < 20; round++)
		{
			Problem		problem = Draw(kind, 2001 + Below(3000), 2 + Below(4), round % 2);

			wrong += !Check(kind, &problem, DrawTau(), &fitted);
			free(problem.rows);
		}
		ok(wrong == 0 && fitted == 22, "%s: many rows", kind_names[kind]);
	}
}

/* ---- all planes there are ------------------------------------------------- */

/* The plane through p rows; false: they are not independent. */
static bool
Plane(const Problem *problem, const int *subset, double *b)
{
	long double a[P_MAX][P_MAX];
	int			column[P_MAX];
	int			p = problem->p;

	for (int k = 0; k < p; k++)
		for (int j = 0; j <= p; j++)
			a[k][j] = Row(problem, subset[k])[j];
	/* the response is a column that is never pivoted on, as long as it is the smallest */
	for (int k = 0; k < p; k++)
		a[k][p] *= 0x1p-80L;
	if (Eliminate(a, p, p + 1, column) < p)
		return false;
	for (int k = 0; k < p; k++)
	{
		if (column[k] == p)
			return false;
		b[column[k]] = (double) (a[k][p] * 0x1p80L);
	}
	return true;
}

static long double
LeastObjective(const Problem *problem, double tau)
{
	int			subset[P_MAX];
	long double least = HUGE_VALL;

	for (int k = 0; k < problem->p; k++)
		subset[k] = k;
	do
	{
		double		b[P_MAX];

		if (Plane(problem, subset, b))
			least = fminl(least, Objective(problem, tau, b));
	} while (NextSubset(subset, problem->p, (int) problem->n, false));
	return least;
}

static void
TestAllPlanes(void)
{
	for (Kind kind = SMOOTH; kind <= EXACT; kind++)
	{
		int			wrong = 0,
					fitted = 0;

		for (int round = 0; round < 400; round++)
		{
			int			p = 1 + Below(4);
			Problem		problem = Draw(kind, p + Below(9), p, round % 2);
			double		tau = DrawTau(),
						b[P_MAX];
			IcmRegressionResult result = Fit(&problem, tau, b);

			if (result == ICM_REGRESSION_DONE)
			{
				long double size = 0.0L;
				double		zero[P_MAX] = {0.0};

				fitted++;
				size = Objective(&problem, tau, zero);
				if (!(Objective(&problem, tau, b) <= LeastObjective(&problem, tau) + 1e-13L * size))
				{
					wrong++;
					Show("not the least", kind, &problem, tau);
				}
			}
			else
				wrong += result != ICM_REGRESSION_DEPENDENT_COLUMN && result != ICM_REGRESSION_ZERO_COLUMN;
			free(problem.rows);
		}
		ok(wrong == 0 && fitted > 50, "%s: no plane through rows is better (%d fits)", kind_names[kind], fitted);
	}
}

/* ---- exactly -------------------------------------------------------------- */

#define EXACT_P_MAX 3

/* Beyond that of the best plane, the objective of one that is optimal to 2^-40 of weights, for this tau. */
static long double
Allowance(double tau)
{
	return 0x1p-40L / fminl(tau, 1.0L - tau);
}

__extension__ typedef __int128 Int128;

/* Of m rows whose values are integers, with enough bits to spare. */
static Int128
Determinant(Int128 (*a)[EXACT_P_MAX + 1], int m)
{
	Int128		sum = 0;

	if (m == 1)
		return a[0][0];
	for (int k = 0; k < m; k++)
	{
		Int128		minor[EXACT_P_MAX + 1][EXACT_P_MAX + 1];

		for (int i = 1; i < m; i++)
			for (int j = 0; j < m; j++)
				if (j != k)
					minor[i - 1][j - (j > k)] = a[i][j];
		if (a[0][k] != 0)
			sum += (k % 2 == 0 ? 1 : -1) * a[0][k] * Determinant(minor, m - 1);
	}
	return sum;
}

/* Of the x of p rows, column replaced by y; by Cramer's rule coefficients are quotients of these. */
static Int128
PlaneDeterminant(const Problem *problem, const int *subset, int replaced)
{
	Int128		a[EXACT_P_MAX + 1][EXACT_P_MAX + 1];
	int			p = problem->p;

	for (int i = 0; i < p; i++)
		for (int j = 0; j < p; j++)
			a[i][j] = (Int128) Row(problem, subset[i])[j == replaced ? p : j];
	return Determinant(a, p);
}

/* The objective of the plane through p rows, whose determinant is given. */
static long double
ExactObjective(const Problem *problem, double tau, const int *subset, Int128 determinant)
{
	Int128		above = 0,
				below = 0;
	int			p = problem->p;

	for (size_t i = 0; i < problem->n; i++)
	{
		Int128		a[EXACT_P_MAX + 1][EXACT_P_MAX + 1],
					r;

		for (int k = 0; k <= p; k++)
			for (int j = 0; j <= p; j++)
				a[k][j] = (Int128) Row(problem, k < p ? (size_t) subset[k] : i)[j];
		r = Determinant(a, p + 1) * (determinant < 0 ? -1 : 1) * (Int128) Weight(problem, i);
		above += r > 0 ? r : 0;
		below -= r < 0 ? r : 0;
	}
	return (tau * (long double) above + (1.0L - tau) * (long double) below) / fabsl((long double) determinant);
}

/* Are these the coefficients of the plane, as near as doubles come? */
static bool
IsPlane(const Problem *problem, const int *subset, Int128 determinant, const double *b)
{
	for (int j = 0; j < problem->p; j++)
	{
		long double exact = (long double) PlaneDeterminant(problem, subset, j) / (long double) determinant;

		if (!(fabsl(b[j] - exact) <= 0x1.01p-53L * fabsl(exact)))
			return false;
	}
	return true;
}

/* Is b the plane through p rows that is the best of all, or one as good? *some: there are any. */
static bool
IsBestPlane(const Problem *problem, double tau, const double *b, bool *some)
{
	int			subset[EXACT_P_MAX];
	long double least = HUGE_VALL,
				ours = HUGE_VALL;

	for (int k = 0; k < problem->p; k++)
		subset[k] = k;
	do
	{
		Int128		determinant = PlaneDeterminant(problem, subset, -1);
		long double objective;

		if (determinant == 0)
			continue;
		objective = ExactObjective(problem, tau, subset, determinant);
		least = fminl(least, objective);
		if (objective < ours && IsPlane(problem, subset, determinant, b))
			ours = objective;
	} while (NextSubset(subset, problem->p, (int) problem->n, false));
	*some = least < HUGE_VALL;
	return ours <= least * (1.0L + Allowance(tau));
}

typedef enum Digits
{
	CANCELLING,					/* columns that nearly depend on each other */
	LAST_DIGITS,				/* responses that differ in the last ones */
	NEARLY_EXACT,				/* both, and all nearly on one plane */
	DIGITS
} Digits;

static const char *const digits_names[DIGITS] = {
	"columns nearly dependent", "responses that differ in the last digits", "rows nearly on a plane, columns nearly dependent"
};

/* Integers of so few bits that determinants have no more than 110. */
static Problem
DrawDigits(Digits digits, size_t n, int p, bool weighted)
{
	Problem		problem = NewProblem(n, p, weighted);
	int			bits = 2 + Below(12);

	for (size_t i = 0; i < n; i++)
	{
		double	   *row = Row(&problem, i);

		row[0] = 1.0;
		if (p > 1)
			row[1] = digits == LAST_DIGITS ? Below(8) : ldexp(1.0, bits + 34) + Below(1 << bits);
		if (p > 2)
			row[2] = Below(8);
		row[p] = digits == CANCELLING ? (p > 1 ? 1000.0 * (row[1] - ldexp(1.0, bits + 34)) : 0.0) + Below(500) :
			digits == LAST_DIGITS ? 0x1p52 + Below(50) : 3.0 * row[p - 1] + 0x1p30 + Below(9);
		if (weighted)
			row[p + 1] = 1 + Below(4);
	}
	return problem;
}

static void
TestExactly(void)
{
	for (Digits digits = 0; digits < DIGITS; digits++)
	{
		int			wrong = 0,
					fitted = 0;

		for (int round = 0; round < 1000; round++)
		{
			int			p = 1 + Below(EXACT_P_MAX);
			Problem		problem = DrawDigits(digits, p + Below(11), p, round % 2);
			double		tau = DrawTau(),
						b[P_MAX] = {0.0};
			IcmRegressionResult result = Fit(&problem, tau, b);
			bool		some,
						best = IsBestPlane(&problem, tau, b, &some);

			if (result == ICM_REGRESSION_DONE ? !best : some && result != ICM_REGRESSION_DEPENDENT_COLUMN)
			{
				wrong++;
				if (shown++ < SHOWN_MAX)
					printf("# result %d: n %zu, p %d, tau %.17g\n", result, problem.n, p, tau);
			}
			fitted += result == ICM_REGRESSION_DONE;
			free(problem.rows);
		}
		ok(wrong == 0 && fitted > 800, "%s: exactly the best plane (%d fits)", digits_names[digits], fitted);
	}
}

/* Along an edge the slope becomes 0, but for the order in which it is added up. */
static void
TestLevelEdge(void)
{
	static const double x[] = {2, 0, 1, 6, 6, 4, 3, 2, 4, 1, 1};
	static const double y[] = {21, 20, 17, 8, 11, 1, 39, 12, 45, 8, 8};
	Problem		problem = NewProblem(11, 2, false);
	double		b[2] = {0.0};
	IcmRegressionResult result;
	bool		some;

	for (size_t i = 0; i < problem.n; i++)
	{
		Row(&problem, i)[0] = 1.0;
		Row(&problem, i)[1] = x[i];
		Row(&problem, i)[2] = 0x1p52 + y[i];
	}
	result = Fit(&problem, 0.75, b);
	ok(result == ICM_REGRESSION_DONE && IsBestPlane(&problem, 0.75, b, &some), "an edge that becomes level");
	free(problem.rows);
}

/* Two kinds of rows, of each of which the fit is the quantile, in responses that differ in the last digits. */
static void
TestLastDigits(void)
{
	static const size_t sizes[] = {11, 300, 5000, 60000};
	const double tau = 0.731058578630005;

	for (int k = 0; k < 4; k++)
	{
		Problem		problem = NewProblem(sizes[k], 2, false);
		size_t		counts[2][1000] = {{0}},
					n[2] = {0};
		double		expected[2] = {0x1p50, 0x1p50},
					b[2] = {0.0};
		IcmRegressionResult result;

		for (size_t i = 0; i < problem.n; i++)
		{
			int			kind = (int) (i % 2),
						y = Below(1000);

			Row(&problem, i)[0] = 1.0;
			Row(&problem, i)[1] = kind;
			Row(&problem, i)[2] = 0x1p50 + y;
			counts[kind][y]++;
			n[kind]++;
		}
		for (int kind = 0; kind < 2; kind++)
			for (size_t y = 0, below = counts[kind][0]; (double) below < tau * n[kind]; below += counts[kind][++y])
				expected[kind]++;
		result = Fit(&problem, tau, b);
		ok(result == ICM_REGRESSION_DONE && b[0] == expected[0] && b[0] + b[1] == expected[1],
		   "quantiles of %zu responses of 2^50 and some: %.0f and %.0f", sizes[k], b[0] - 0x1p50, b[0] + b[1] - 0x1p50);
		free(problem.rows);
	}
}

/* Rows nearly on a plane, more so than noise and doubles tell: neither many steps nor all rows at a time. */
static void
TestNearlyOnPlane(void)
{
	static const char *const names[] = {
		"an exact plane, rounded", "columns nearly dependent, and last digits", "large responses that differ little",
		"sums of decimals", "prices, some rows on the plane"
	};

	for (int kind = 0; kind < 5; kind++)
	{
		int			p = kind == 1 ? 2 : 4,
					polled;
		size_t		n = 50000,
					active = (size_t) (1.5 * pow((p + 1.0) * n, 2.0 / 3.0));
		Problem		problem = NewProblem(n, p, false);
		IcmRegression regression;
		IcmRegressionResult result;
		double		b[4];

		for (size_t i = 0; i < n; i++)
		{
			double	   *row = Row(&problem, i);

			row[0] = 1.0;
			for (int j = 1; j < p; j++)
				row[j] = kind == 1 ? 1.0 + 1e-7 * Uniform() : kind >= 3 ? Below(5) : Normal();
			row[p] = kind == 0 ? 0.3 + 0.6 * row[1] + 0.9 * row[2] + 1.2 * row[3] :
				kind == 1 ? 3.0 * row[1] + 1e-13 * Below(9) :
				kind == 2 ? 1e15 + floor(100.0 * exp(0.3 * row[1] + Normal())) :
				1.99 + 0.45 * row[1] + 0.35 * row[2] + 1.1 * row[3] + (kind == 4 ? 0.29 * Below(3) : 0.0);
		}
		regression = Regression(&problem);
		held_most = 0;
		result = IcmRegressionPrepare(&regression);
		polled = polls;
		if (result == ICM_REGRESSION_DONE)
			result = IcmRegressionFit(&regression, 0.6, b);
		polled = polls - polled;
		IcmRegressionEnd(&regression);
		ok(result == ICM_REGRESSION_DONE && Fault(&problem, 0.6, b) == NULL, "%s", names[kind]);
		ok(polled < 900, "in not many steps: %d polls", polled);
		ok(held_most <= 5 * n + active * (8 * p + 100) + 250000, "%zu bytes held", held_most);
		free(regression.rows);
		free(problem.rows);
	}
}

/* ---- quantreg ------------------------------------------------------------- */

static Problem
ReadEngel(void)
{
	Problem		problem = {0, 2, false, NULL};
	const char *directory = getenv("ICM_SHARED");
	char		path[4096];
	char		line[256];
	FILE	   *file;

	if (directory == NULL)
		return problem;
	snprintf(path, sizeof(path), "%s/data/engel.csv", directory);
	file = fopen(path, "r");
	if (file == NULL)
		return problem;
	problem = NewProblem(1000, 2, false);
	problem.n = 0;
	while (fgets(line, sizeof(line), file) != NULL && problem.n < 1000)
	{
		double	   *row = Row(&problem, problem.n);

		row[0] = 1.0;
		problem.n += sscanf(line, "%lf,%lf", &row[1], &row[2]) == 2;
	}
	fclose(file);
	return problem;
}

static bool
ReadNumbers(FILE *file, double *numbers, int n)
{
	for (int k = 0; k < n; k++)
		if (fscanf(file, "%lf", &numbers[k]) != 1)
			return false;
	return true;
}

/* Covariances, the lower triangle by rows, of standard errors and correlations. */
static void
FillCovariances(const double *error, const double *correlation, int p, double *covariance)
{
	for (int i = 0; i < p; i++)
	{
		for (int j = 0; j < i; j++)
			*covariance++ = error[i] * *correlation++ * error[j];
		*covariance++ = error[i] * error[i];
	}
}

/* Compare a row of the reference with the fit; relative to the size of the number, covariances to that of the standard errors. */
static bool
IsAsInReference(const Problem *problem, const char *kind, const double *expected)
{
	bool		is_fit = strcmp(kind, "fit") == 0,
				is_covariance = strcmp(kind, "covariance") == 0;
	IcmRegression regression = Regression(problem);
	double		answer[P_MAX + PAIRS_MAX],
				error[P_MAX],
				correlation[PAIRS_MAX];
	size_t		crossed;
	int			numbers = problem->p;
	bool		good = IcmRegressionPrepare(&regression) == ICM_REGRESSION_DONE;

	if (is_fit)
		good = good && IcmRegressionFit(&regression, expected[0], answer) == ICM_REGRESSION_DONE;
	else
		good = good && IcmRegressionErrors(&regression, expected[0], error, correlation, &crossed) == ICM_REGRESSION_DONE;
	if (is_covariance)
	{
		FillCovariances(error, correlation, problem->p, answer);
		numbers = problem->p * (problem->p + 1) / 2;
	}
	else if (!is_fit)
		memcpy(answer, error, sizeof(error));
	for (int j = 0, i = 0, first = 0; j < numbers && good; j++)
	{
		double		size = fmax(1e-3, fabs(expected[j + 1]));

		if (is_covariance)
		{
			size = error[i] * error[j - first];
			if (j - first == i)
				first += ++i;
		}
		/* quantreg lowers the differences between quantiles by 1.5e-8 */
		good = fabs(answer[j] - expected[j + 1]) <= (is_fit ? 1e-9 : is_covariance ? 1e-5 : 1e-6) * size;
		if (!good && shown++ < SHOWN_MAX)
			printf("# tau %g: %.15g, expected %.15g\n", expected[0], answer[j], expected[j + 1]);
	}
	IcmRegressionEnd(&regression);
	free(regression.rows);
	return good;
}

#define SETS_MAX 4
#define KINDS_OF_ROWS 3

static const char *const kinds_of_rows[KINDS_OF_ROWS] = {"fit", "errors", "covariance"};

typedef struct Set
{
	char		name[32];
	Problem		problem;
	int			right[KINDS_OF_ROWS];
	int			wrong[KINDS_OF_ROWS];
} Set;

static Set *
FindSet(Set *sets, int n, const char *name)
{
	for (int k = 0; k < n; k++)
		if (strcmp(sets[k].name, name) == 0)
			return &sets[k];
	return NULL;
}

static void
SkipOrCompare(Set *set, int kind, const double *numbers)
{
	bool		good;

	if (set->problem.n == 0)
		return;
	good = IsAsInReference(&set->problem, kinds_of_rows[kind], numbers);
	(good ? set->right : set->wrong)[kind]++;
}

/* Of which kind a row of the reference is; KINDS_OF_ROWS: of another. */
static int
KindOfRow(const char *kind)
{
	int			k = 0;

	while (k < KINDS_OF_ROWS && strcmp(kinds_of_rows[k], kind) != 0)
		k++;
	return k;
}

static void
TestReference(void)
{
	static Set	sets[SETS_MAX];
	int			n = 1;
	char		kind[16],
				name[32],
				line[1024];
	bool		good = true;
	FILE	   *file = fopen(REFERENCE, "r");

	strcpy(sets[0].name, "engel");
	sets[0].problem = ReadEngel();
	sets[0].problem.p = 2;		/* so that its rows are read where they are not compared */
	while (good && file != NULL && fscanf(file, "%15s", kind) == 1)
	{
		double		numbers[1 + P_MAX + PAIRS_MAX];
		Set		   *set;
		int			k = KindOfRow(kind);

		/* intervals are of the type, and tested with it */
		if (kind[0] == '#' || strcmp(kind, "interval") == 0)
		{
			good = fgets(line, sizeof(line), file) != NULL;
			continue;
		}
		good = fscanf(file, "%31s", name) == 1;
		if (good && strcmp(kind, "data") == 0)
		{
			good = n < SETS_MAX && ReadNumbers(file, numbers, 3);
			if (!good)
				break;
			set = &sets[n++];
			strcpy(set->name, name);
			set->problem = NewProblem((size_t) numbers[0], (int) numbers[1], numbers[2] != 0.0);
			good = ReadNumbers(file, set->problem.rows, (int) set->problem.n * Width(&set->problem));
			continue;
		}
		set = good ? FindSet(sets, n, name) : NULL;
		good = set != NULL && k < KINDS_OF_ROWS &&
			ReadNumbers(file, numbers, 1 + (k < 2 ? set->problem.p : set->problem.p * (set->problem.p + 1) / 2));
		if (good)
			SkipOrCompare(set, k, numbers);
	}
	ok(good && file != NULL && n == SETS_MAX, "the reference is read");
	for (int k = 0; k < n; k++)
	{
		if (k == 0 && sets[k].problem.n == 0)
		{
			printf("ok %d - engel # SKIP data/engel.csv is not in the directory of ICM_SHARED\n", ++tests);
			continue;
		}
		ok(sets[k].right[0] > 20 && sets[k].wrong[0] == 0, "%s: %d fits as of quantreg", sets[k].name, sets[k].right[0]);
		ok(sets[k].right[1] > 1 && sets[k].wrong[1] == 0, "%s: %d standard errors as of quantreg", sets[k].name,
		   sets[k].right[1]);
		ok(sets[k].right[2] == sets[k].right[1] && sets[k].wrong[2] == 0, "%s: %d covariances as of quantreg", sets[k].name,
		   sets[k].right[2]);
	}
	for (int k = 0; k < n; k++)
		free(sets[k].problem.rows);
	if (file != NULL)
		fclose(file);
}

/* The figures printed in quantreg's vignette, and in many a textbook. */
static void
TestEngel(void)
{
	Problem		engel = ReadEngel();
	IcmRegression regression;
	double		b[2],
				correlation[1];
	size_t		crossed;

	if (engel.n == 0)
	{
		printf("ok %d - engel # SKIP data/engel.csv is not in the directory of ICM_SHARED\n", ++tests);
		return;
	}
	regression = Regression(&engel);
	IcmRegressionPrepare(&regression);
	IcmRegressionFit(&regression, 0.5, b);
	ok(fabs(b[0] - 81.482247416936) < 1e-12 * 81 && fabs(b[1] - 0.560180551209) < 1e-12, "engel, tau .5");
	IcmRegressionFit(&regression, 0.75, b);
	ok(fabs(b[0] - 62.396585528964) < 1e-12 * 62 && fabs(b[1] - 0.644014139369) < 1e-12, "engel, tau .75");
	IcmRegressionErrors(&regression, 0.5, b, correlation, &crossed);
	ok(fabs(b[0] - 19.25066) < 5e-6 && fabs(b[1] - 0.02828) < 5e-6 && crossed == 0, "engel, standard errors");
	IcmRegressionEnd(&regression);
	free(regression.rows);
	free(engel.rows);
}

/* ---- what changes nothing, or a known amount ------------------------------- */

/* Columns, responses and weights times powers of two, to the edge of what doubles hold. */
static void
TestScales(void)
{
	static const int exponents[][4] = {{900, -900, 3, 0}, {-1000, 1000, 0, 100}, {-900, -900, 900, -900}, {500, 0, -500, 900},
	{60, 0, -1000, 0}, {0, 900, -900, 0}};
	int			wrong = 0,
				lost = 0;

	for (int round = 0; round < 120; round++)
	{
		const int  *exponent = exponents[round % 6];
		Problem		problem = Draw(SMOOTH, 20 + round, 2, true);
		double		b[2],
					scaled[2],
					expected[2],
					tau = DrawTau();
		bool		held = true;
		IcmRegressionResult result = Fit(&problem, tau, b);

		for (size_t i = 0; i < problem.n; i++)
			for (int j = 0; j < 4; j++)
				Row(&problem, i)[j] = ldexp(Row(&problem, i)[j], exponent[j]);
		wrong += result != ICM_REGRESSION_DONE;
		result = Fit(&problem, tau, scaled);
		for (int j = 0; j < 2; j++)
		{
			expected[j] = ldexp(b[j], exponent[2] - exponent[j]);
			/* infinite, or digits are lost */
			held = held && ldexp(expected[j], exponent[j] - exponent[2]) == b[j];
		}
		wrong += held ? result != ICM_REGRESSION_DONE || scaled[0] != expected[0] || scaled[1] != expected[1] :
			result != ICM_REGRESSION_OVERFLOW;
		lost += !held;
		free(problem.rows);
	}
	ok(wrong == 0 && lost > 40 && lost < 100, "powers of two are taken through to the bit, or are an error: %d", lost);
}

static IcmRegressionResult
Errors(const Problem *problem, double tau, bool fitted, double *error, double *correlation, size_t *crossed)
{
	IcmRegression regression = Regression(problem);
	IcmRegressionResult result;
	double		b[P_MAX];

	IcmRegressionPrepare(&regression);
	if (fitted)
		IcmRegressionFit(&regression, tau, b);
	result = IcmRegressionErrors(&regression, tau, error, correlation, crossed);
	IcmRegressionEnd(&regression);
	free(regression.rows);
	return result;
}

/* Standard errors, in units in which they are very small or very large, and in which doubles do not hold them. */
static void
TestScalesOfErrors(void)
{
	static const int exponents[][2] = {{-470, 0}, {-980, 0}, {-1070, 0}, {0, 500}, {980, 0}, {0, -980}, {600, -600}, {-600, 600}};
	Problem		problem = Draw(SMOOTH, 400, 2, true);
	double		error[2],
				scaled[2],
				correlation[1],
				same[1];
	size_t		crossed;
	IcmRegressionResult result = Errors(&problem, 0.7, false, error, correlation, &crossed);

	ok(result == ICM_REGRESSION_DONE, "standard errors");
	for (size_t k = 0; k < sizeof(exponents) / sizeof(exponents[0]); k++)
	{
		Problem		other = NewProblem(problem.n, 2, true);
		int			by = exponents[k][0] - exponents[k][1];
		bool		fits = by > -1000 && by < 1000;

		memcpy(other.rows, problem.rows, problem.n * 4 * sizeof(double));
		for (size_t i = 0; i < other.n; i++)
		{
			Row(&other, i)[0] = ldexp(Row(&other, i)[0], exponents[k][1]);
			Row(&other, i)[1] = ldexp(Row(&other, i)[1], exponents[k][1]);
			Row(&other, i)[2] = ldexp(Row(&other, i)[2], exponents[k][0]);
		}
		result = Errors(&other, 0.7, false, scaled, same, &crossed);
		ok(fits ? result == ICM_REGRESSION_DONE && scaled[0] == ldexp(error[0], by) && scaled[1] == ldexp(error[1], by) &&
		   same[0] == correlation[0] :
		   result == ICM_REGRESSION_OVERFLOW, "standard errors times 2^%d", by);
		free(other.rows);
	}
	free(problem.rows);
}

/* Many rows: the fits beside that at tau start from it where it is known, and are the same as where it is not. */
static void
TestErrorsBeside(void)
{
	for (Kind kind = 0; kind < KINDS; kind++)
	{
		Problem		problem = Draw(kind, 2500 + 3500 * kind, 3, kind % 2);
		int			wrong = 0;

		for (int k = 0; k < 5; k++)
		{
			double		tau = k == 0 ? 0.9 : k == 1 ? 0.5 : k == 2 ? 0.0001 : DrawTau(),
						alone[6] = {0.0},
						beside[6] = {0.0};	/* standard errors and correlations */
			size_t		crossed,
						crossed_alone;
			IcmRegressionResult result = Errors(&problem, tau, false, alone, alone + 3, &crossed_alone);

			wrong += Errors(&problem, tau, true, beside, beside + 3, &crossed) != result || crossed != crossed_alone ||
				memcmp(alone, beside, sizeof(alone)) != 0;
			if (wrong > 0 && shown++ < SHOWN_MAX)
				printf("# tau %.17g, result %d: %.17g, %.17g\n", tau, result, alone[0], beside[0]);
		}
		ok(wrong == 0, "%s: standard errors, after a fit and without", kind_names[kind]);
		free(problem.rows);
	}
}

static void
TestRepeats(void)
{
	int			wrong = 0;

	for (int round = 0; round < 100; round++)
	{
		Problem		problem = Draw(SMOOTH, 40, 3, true),
					repeated = NewProblem(200, 3, false);
		double		b[3],
					again[3],
					tau = Uniform();

		repeated.n = 0;
		for (size_t i = 0; i < problem.n; i++)
		{
			Row(&problem, i)[4] = 1 + Below(5);
			for (int k = 0; k < (int) Row(&problem, i)[4]; k++)
				memcpy(Row(&repeated, repeated.n++), Row(&problem, i), 4 * sizeof(double));
		}
		wrong += Fit(&problem, tau, b) != ICM_REGRESSION_DONE || Fit(&repeated, tau, again) != ICM_REGRESSION_DONE;
		for (int j = 0; j < 3; j++)
			wrong += b[j] != again[j];
		free(problem.rows);
		free(repeated.rows);
	}
	ok(wrong == 0, "a weight is as good as rows that are repeated");
}

static void
TestNegativeZero(void)
{
	Problem		problem = Draw(INTEGERS, 300, 3, false);
	double		b[3],
				again[3];

	Fit(&problem, 0.5, b);
	for (size_t i = 0; i < problem.n; i++)
		for (int j = 0; j < 4; j++)
			if (Row(&problem, i)[j] == 0.0 && Below(2))
				Row(&problem, i)[j] = -0.0;
	Fit(&problem, 0.5, again);
	ok(memcmp(b, again, sizeof(b)) == 0, "-0 is 0");
	free(problem.rows);
}

/* ---- order of rows -------------------------------------------------------- */

static double
FromBits(uint64_t bits)
{
	double		result;

	memcpy(&result, &bits, sizeof(result));
	return result;
}

/*
 * Rows whose hashes are all the same: one factor of each product is 0, and the sum of the others is
 * the same. They are still sorted in a short time, as one sees here by waiting, and with polls.
 */
static void
TestCollisions(void)
{
	const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
	Problem		problem = NewProblem(300000, 3, false);
	IcmQrRows	rows = {.n = problem.n,.p = 3,.width = 4,.poll = Poll};
	size_t		bytes = problem.n * 4 * sizeof(double);
	double	   *first = malloc(bytes);
	bool		ascend = true;

	for (size_t i = 0; i < problem.n; i++)
	{
		double	   *row = Row(&problem, i);

		row[0] = FromBits(golden);
		row[1] = FromBits((UINT64_C(0x3fe0000000000000) + i / 2) ^ 2 * golden);
		row[2] = FromBits(3 * golden);
		row[3] = FromBits((UINT64_C(0x3fe0000000000000) - i / 2) ^ 4 * golden);
	}
	for (int round = 0; round < 2; round++)
	{
		Shuffle(&problem);
		rows.row = problem.rows;
		polls = 0;
		IcmQrSort(&rows);
		if (round == 0)
			memcpy(first, problem.rows, bytes);
	}
	for (size_t i = 1; i < problem.n; i++)
		ascend = ascend && memcmp(Row(&problem, i - 1), Row(&problem, i), 4 * sizeof(double)) <= 0;
	ok(ascend && memcmp(first, problem.rows, bytes) == 0, "rows of the same hash are sorted by their bytes");
	ok(polls >= 10, "with polls: %d", polls);
	/* the hash alone would keep them apart if it were for the first pair only */
	for (size_t i = 0; i < problem.n; i++)
		Row(&problem, i)[3] = 1.0;
	Shuffle(&problem);
	IcmQrSort(&rows);
	ascend = true;
	for (size_t i = 1; i < problem.n; i++)
		ascend = ascend && memcmp(Row(&problem, i - 1), Row(&problem, i), 4 * sizeof(double)) <= 0;
	ok(!ascend, "a factor of 0 does not make hashes the same");
	free(first);
	free(problem.rows);
}

/* The same rows many times. */
static void
TestSame(void)
{
	Problem		problem = NewProblem(1000000, 1, false);
	IcmQrRows	rows = {.row = problem.rows,.n = problem.n,.p = 1,.width = 2,.poll = Poll};
	size_t		runs = 1;

	for (size_t i = 0; i < problem.n; i++)
	{
		Row(&problem, i)[0] = 1.0;
		Row(&problem, i)[1] = Below(7);
	}
	IcmQrSort(&rows);
	for (size_t i = 1; i < problem.n; i++)
		runs += Row(&problem, i)[1] != Row(&problem, i - 1)[1];
	ok(runs == 7, "a million rows of seven kinds: %zu runs", runs);
	free(problem.rows);
}

/* ---- several taus --------------------------------------------------------- */

static void
TestCrossings(void)
{
	static const double taus[] = {0.1, 0.3, 0.5, 0.7, 0.9};
	/* 10 x, 10, then 5, 5 and equal ones: rows at x = 0 and x = 3 cross, at x = 1 they meet */
	static const double given[] = {0.0, 10.0, 10.0, 0.0, 10.0, 0.0};
	Problem		problem = NewProblem(40, 2, false);
	IcmRegression regression;
	double		b[10];
	int			wrong = 0;
	size_t		counted = 0,
				expected = 0;

	for (size_t i = 0; i < problem.n; i++)
	{
		double	   *row = Row(&problem, i);

		row[0] = 1.0;
		row[1] = i % 4 == 3 ? 1.0 : (double) (i % 4);
		row[2] = Normal();
	}
	regression = Regression(&problem);
	IcmRegressionPrepare(&regression);
	ok(IcmRegressionCrossings(&regression, given, 3) == 10, "crossings are counted, equal quantiles are none");
	ok(IcmRegressionCrossings(&regression, given, 1) == 0, "one tau crosses nothing");
	IcmRegressionEnd(&regression);
	free(regression.rows);
	free(problem.rows);

	for (int round = 0; round < 30; round++)
	{
		problem = Draw(HEAVY, 30, 2, false);
		regression = Regression(&problem);
		IcmRegressionPrepare(&regression);
		for (int k = 0; k < 5; k++)
			wrong += IcmRegressionFit(&regression, taus[k], b + 2 * k) != ICM_REGRESSION_DONE;
		counted += IcmRegressionCrossings(&regression, b, 5);
		for (size_t i = 0; i < problem.n; i++)
		{
			bool		crosses = false;

			for (int k = 1; k < 5; k++)
			{
				long double difference = b[2 * k - 2] - (long double) b[2 * k] +
					(b[2 * k - 1] - (long double) b[2 * k + 1]) * Row(&problem, i)[1];

				crosses = crosses || difference > 1e-13L * (fabs(b[2 * k]) + fabs(b[2 * k + 1] * Row(&problem, i)[1]));
			}
			expected += crosses;
		}
		IcmRegressionEnd(&regression);
		free(regression.rows);
		free(problem.rows);
	}
	ok(wrong == 0 && counted == expected && counted > 0, "crossings of fits: %zu, expected %zu", counted, expected);
}

/* ---- what cannot be fitted ------------------------------------------------ */

static IcmRegressionResult
Prepare(const Problem *problem, int *column, uint64_t *others)
{
	IcmRegression regression = Regression(problem);
	IcmRegressionResult result;

	regression.column = -1;
	regression.others = 0;
	result = IcmRegressionPrepare(&regression);
	*column = regression.column;
	*others = regression.others;
	IcmRegressionEnd(&regression);
	free(regression.rows);
	return result;
}

/* Column 3 of 5 is replaced by: 0 zeros, 1 a constant, 2 a sum of columns 1 and 2; and by some noise. */
static Problem
DrawDependent(int what, double nearly)
{
	Problem		problem = Draw(SMOOTH, 200, 5, false);

	for (size_t i = 0; i < problem.n; i++)
	{
		double	   *row = Row(&problem, i);

		row[1] *= 1e9;
		row[3] = what == 0 ? 0.0 : what == 1 ? 1e-5 : 1e-3 * row[1] - 7.0 * row[2];
		row[3] += nearly * Normal();
	}
	return problem;
}

static void
TestRank(void)
{
	static const uint64_t others[] = {0, 1, 6};
	int			column;
	uint64_t	bits;
	double		b[5];
	Problem		problem;

	for (int what = 0; what < 3; what++)
	{
		problem = DrawDependent(what, 0.0);
		ok(Prepare(&problem, &column, &bits) == (what == 0 ? ICM_REGRESSION_ZERO_COLUMN : ICM_REGRESSION_DEPENDENT_COLUMN) &&
		   column == 3 && bits == others[what], "column 3 depends on others, case %d", what);
		free(problem.rows);
	}
	for (double nearly = 1e3; nearly > 1e-3; nearly /= 10.0)
	{
		problem = DrawDependent(2, nearly);
		ok(Fit(&problem, 0.7, b) == ICM_REGRESSION_DONE && Fault(&problem, 0.7, b) == NULL,
		   "a column of size 10^6 that depends on others but for %g", nearly);
		free(problem.rows);
	}

	problem = Draw(SMOOTH, 4, 5, false);
	ok(Prepare(&problem, &column, &bits) == ICM_REGRESSION_FEW_ROWS, "fewer rows than columns");
	free(problem.rows);
	problem = Draw(SMOOTH, 0, 1, false);
	ok(Prepare(&problem, &column, &bits) == ICM_REGRESSION_FEW_ROWS, "no rows");
	free(problem.rows);
	problem = Draw(SMOOTH, 10, 2, true);
	Row(&problem, 4)[3] = 1e-15;
	ok(Prepare(&problem, &column, &bits) == ICM_REGRESSION_WEIGHTS, "a weight that is next to nothing");
	free(problem.rows);
	for (int i = 0; i < 3; i++)
	{
		static const double least[] = {0x1p-40, 0x1.8p-40, 0x1.fp-41};

		problem = Draw(SMOOTH, 10, 2, true);
		for (int row = 0; row < 10; row++)
			Row(&problem, row)[3] = 1.0;
		Row(&problem, 4)[3] = least[i];
		ok(Prepare(&problem, &column, &bits) == (i < 2 ? ICM_REGRESSION_DONE : ICM_REGRESSION_WEIGHTS), "a weight of %a beside 1", least[i]);
		free(problem.rows);
	}
}

/* Responses that are next to nothing beside others: two doubles do not tell them apart, and the steps end. */
static void
TestFaint(void)
{
	Problem		problem = NewProblem(600, 8, false);
	double		b[8];
	int			before = polls;
	IcmRegressionResult result;

	for (size_t i = 0; i < problem.n; i++)
	{
		double	   *row = Row(&problem, i);

		for (int j = 0; j < 8; j++)
			row[j] = j == 0 ? 1.0 : Normal();
		row[8] = i % 10 == 0 ? 1.0 : 1e-300 * (1.0 + ldexp(Below(100), -40));
	}
	result = Fit(&problem, 0.5, b);
	ok(result != ICM_REGRESSION_UNSETTLED && polls - before < 5000, "faint responses (%d, %d polls)", result, polls - before);
	free(problem.rows);
}

/* Standard errors are of how responses differ, whatever is added to all of them, also where doubles hardly tell. */
static void
TestShifted(void)
{
	size_t		n = 20000;
	Problem		problem = NewProblem(n, 3, false);
	double		b[3],
				error[3][3],
				correlation[3];
	double		shift[3] = {0.0, 1e13, 1e15};
	size_t		crossed;
	bool		same = true;

	for (int k = 0; k < 3; k++)
	{
		IcmRegression regression;

		for (size_t i = 0; i < n; i++)
		{
			double	   *row = Row(&problem, i);

			row[0] = 1.0;
			row[1] = i % 8;
			row[2] = i / 8 % 50;
			row[3] = shift[k] + i * 7919 % 100 + 20.0 * row[1] + 3.0 * row[2];
		}
		regression = Regression(&problem);
		same = same && IcmRegressionPrepare(&regression) == ICM_REGRESSION_DONE &&
			IcmRegressionFit(&regression, 0.5, b) == ICM_REGRESSION_DONE &&
			IcmRegressionErrors(&regression, 0.5, error[k], correlation, &crossed) == ICM_REGRESSION_DONE;
		for (int j = 0; j < 3 && same; j++)
			same = fabs(error[k][j] - error[0][j]) <= 1e-9 * error[0][j];
		IcmRegressionEnd(&regression);
		free(regression.rows);
	}
	ok(same, "standard errors of responses of 10^15 and what is added to them: %g, %g, %g", error[0][0], error[1][0], error[2][0]);
	free(problem.rows);
}

static void
TestFlat(void)
{
	Problem		problem = Draw(SMOOTH, 100, 2, false);
	IcmRegression regression;
	double		error[2],
				correlation[1],
				b[2];
	size_t		crossed;

	for (size_t i = 0; i < problem.n; i++)
		Row(&problem, i)[2] = 0.0;
	regression = Regression(&problem);
	IcmRegressionPrepare(&regression);
	ok(IcmRegressionFit(&regression, 0.9, b) == ICM_REGRESSION_DONE && b[0] == 0.0 && b[1] == 0.0 && !signbit(b[0]) &&
	   !signbit(b[1]), "responses of 0");
	ok(IcmRegressionErrors(&regression, 0.9, error, correlation, &crossed) == ICM_REGRESSION_FLAT && crossed == problem.n,
	   "no standard errors of a certain thing");
	IcmRegressionEnd(&regression);
	free(regression.rows);
	free(problem.rows);
}

/* ---- intervals ------------------------------------------------------------ */

static double
ErrorOf(const double *x, const double *covariance, int p)
{
	double		sum = 0.0;

	for (int i = 0; i < p; i++)
	{
		for (int j = 0; j < i; j++)
			sum += 2.0 * x[i] * *covariance++ * x[j];
		sum += x[i] * *covariance++ * x[i];
	}
	return sqrt(sum);
}

/* How often the interval at 95 % covers the quantile, of which is known what it is: spend varies more the larger x is. */
static void
TestCoverage(double tau, size_t n, int samples)
{
	static const double at[][2] = {{1.0, 0.5}, {1.0, 2.0}, {1.0, 3.5}, {10.0, 23.0}};
	int			covered[4] = {0},
				known = 0;

	for (int sample = 0; sample < samples; sample++)
	{
		Problem		problem = NewProblem(n, 2, false);
		IcmRegression regression;
		double		b[2],
					error[2],
					correlation[1],
					covariance[3];
		size_t		crossed;

		for (size_t i = 0; i < n; i++)
		{
			double	   *row = Row(&problem, i);

			row[0] = 1.0;
			row[1] = 4.0 * Uniform();
			row[2] = 10.0 + 5.0 * row[1] - (1.0 + row[1]) * log(Uniform());
		}
		regression = Regression(&problem);
		if (IcmRegressionPrepare(&regression) == ICM_REGRESSION_DONE &&
			IcmRegressionFit(&regression, tau, b) == ICM_REGRESSION_DONE &&
			IcmRegressionErrors(&regression, tau, error, correlation, &crossed) == ICM_REGRESSION_DONE)
		{
			known++;
			FillCovariances(error, correlation, 2, covariance);
			for (int k = 0; k < 4; k++)
			{
				double		quantile = -log(1.0 - tau),
							truth = at[k][0] * (10.0 + quantile) + at[k][1] * (5.0 + quantile);

				covered[k] += fabs(at[k][0] * b[0] + at[k][1] * b[1] - truth) <= 1.959963984540054 * ErrorOf(at[k], covariance, 2);
			}
		}
		IcmRegressionEnd(&regression);
		free(regression.rows);
		free(problem.rows);
	}
	ok(known == samples, "tau %g, samples of %zu: all of %d have standard errors", tau, n, samples);
	for (int k = 0; k < 4; k++)
	{
		double		percent = 100.0 * covered[k] / samples;

		ok(percent >= 92.5 && percent <= 97.5, "tau %g, samples of %zu, x %g, %g: the interval of 95 %% covers %.1f %%", tau, n,
		   at[k][0], at[k][1], percent);
	}
}

/* Where columns are mixed, what is known of x'b stays as it is. Correlations are such. */
static void
TestMixed(void)
{
	int			wrong = 0;

	for (int round = 0; round < 100; round++)
	{
		int			p = 2 + Below(P_MAX - 1);
		Problem		problem = Draw(SMOOTH, 400 + 10 * round, p, round % 2),
					mixed = NewProblem(problem.n, p, round % 2);
		double		error[2][P_MAX],
					correlation[2][PAIRS_MAX],
					covariance[2][P_MAX + PAIRS_MAX];
		size_t		crossed;
		double		tau = 0.2 + 0.6 * Uniform();
		IcmRegressionResult result[2];

		memcpy(mixed.rows, problem.rows, problem.n * Width(&problem) * sizeof(double));
		for (size_t i = 0; i < problem.n; i++)
			for (int j = p - 1; j > 0; j--)
				Row(&mixed, i)[j] += 0.5 * Row(&mixed, i)[j - 1];
		result[0] = Errors(&problem, tau, round % 3, error[0], correlation[0], &crossed);
		result[1] = Errors(&mixed, tau, round % 3, error[1], correlation[1], &crossed);
		wrong += result[0] != result[1];
		for (int k = 0; k < 2 && result[0] == ICM_REGRESSION_DONE; k++)
		{
			FillCovariances(error[k], correlation[k], p, covariance[k]);
			for (int j = 0; j < p * (p - 1) / 2; j++)
				wrong += !(fabs(correlation[k][j]) <= 1.0);
		}
		for (size_t i = 0; i < 20 && result[0] == ICM_REGRESSION_DONE; i++)
		{
			double		expected = ErrorOf(Row(&problem, i), covariance[0], p),
						is = ErrorOf(Row(&mixed, i), covariance[1], p);

			if (!(fabs(is - expected) <= 1e-4 * expected))
			{
				wrong++;
				if (shown++ < SHOWN_MAX)
					printf("# p %d, n %zu: %.17g, %.17g\n", p, problem.n, expected, is);
			}
		}
		free(problem.rows);
		free(mixed.rows);
	}
	ok(wrong == 0, "covariances are of the space of the columns");
}

/* A weight so large that nothing can be told of the others. */
static void
TestOneWeight(void)
{
	Problem		problem = Draw(SMOOTH, 100, 2, true);
	double		error[2],
				correlation[1] = {7.0};
	size_t		crossed;
	IcmRegressionResult result;

	for (size_t i = 0; i < problem.n; i++)
		Row(&problem, i)[3] = i == 50 ? 0x1p39 : 1.0;
	result = Errors(&problem, 0.5, false, error, correlation, &crossed);
	ok(result != ICM_REGRESSION_DONE && correlation[0] == 7.0, "no standard errors where one weight outweighs all: %d", result);
	free(problem.rows);
}

/* The memory that quantile_regression.h speaks of. */
static void
TestMemory(void)
{
	Problem		problem = Draw(SMOOTH, 200000, 3, false);
	double		b[3],
				correlation[3];
	int			polled = polls;
	size_t		crossed;
	size_t		active = (size_t) (1.5 * pow(4.0 * problem.n, 2.0 / 3.0));

	held_most = 0;
	ok(Fit(&problem, 0.5, b) == ICM_REGRESSION_DONE && polls > polled, "200,000 rows");
	ok(held_most <= 5 * problem.n + active * (8 * 3 + 100) + 250000, "%zu bytes held", held_most);
	held_most = 0;
	ok(Errors(&problem, 0.5, true, b, correlation, &crossed) == ICM_REGRESSION_DONE, "200,000 rows, standard errors");
	ok(held_most <= 5 * problem.n + 2 * active * (8 * 3 + 100) + 250000, "%zu bytes held", held_most);
	free(problem.rows);
}

/* ---- responses that are mostly zero --------------------------------------- */

/* A share of the responses is 0, the others are well above; whole: x and y are integers. */
static Problem
DrawZeros(size_t n, int p, double share, bool whole, bool weighted)
{
	Problem		problem = NewProblem(n, p, weighted);

	for (size_t i = 0; i < n; i++)
	{
		double	   *row = Row(&problem, i);

		row[0] = 1.0;
		for (int j = 1; j < p; j++)
			row[j] = whole ? Below(j == 1 ? 100 : 2 + j) : Uniform();
		row[p] = Uniform() < share ? 0.0 : whole ? 1 + Below(100) : 1.0 + 100.0 * Uniform() * Uniform();
		if (weighted)
			row[p + 1] = exp(Normal());
	}
	return problem;
}

static const double zero_shares[] = {0.6, 0.8, 0.9, 0.95};
static const double beside_share[] = {-0.03, -0.003, 0.0, 0.003, 0.03};

static void
TestZerosSmall(void)
{
	int			wrong = 0,
				fitted = 0;

	for (int round = 0; round < 600; round++)
	{
		int			p = 1 + Below(3);
		double		share = zero_shares[round % 4],
					tau = share + beside_share[round % 5],
					b[P_MAX],
					zero[P_MAX] = {0.0};
		Problem		problem = DrawZeros(p + 4 + Below(14), p, share, round % 3, round % 2);
		IcmRegressionResult result = Fit(&problem, tau, b);

		if (result == ICM_REGRESSION_DONE)
		{
			fitted++;
			wrong += !(Objective(&problem, tau, b) <= LeastObjective(&problem, tau) + 1e-13L * Objective(&problem, tau, zero));
		}
		else
			wrong += result != ICM_REGRESSION_DEPENDENT_COLUMN && result != ICM_REGRESSION_ZERO_COLUMN;
		free(problem.rows);
	}
	ok(wrong == 0 && fitted > 500, "mostly zeros: no plane through rows is better (%d fits)", fitted);
}

static void
TestZerosLarge(void)
{
	for (int k = 0; k < 4; k++)
		for (int whole = 0; whole < 2; whole++)
		{
			int			wrong = 0,
						fitted = 0;

			for (int round = 0; round < 10; round++)
			{
				Problem		problem = DrawZeros(2500 + 2000 * Below(5), 2 + Below(4), zero_shares[k], whole, round >= 5);

				wrong += !Check(TIES, &problem, zero_shares[k] + beside_share[round % 5], &fitted);
				free(problem.rows);
			}
			ok(wrong == 0 && fitted == 10, "%g %% zeros, %s: many rows", 100.0 * zero_shares[k], whole ? "integers" : "real numbers");
		}
}

/*
 * The plane stands between the zeros and the others. This takes no more memory than other responses do, so no more
 * rows are computed with at a time, and few polls, so that is not done often. Of three problems one may take more.
 */
static void
TestZerosWork(void)
{
	const size_t n = 100000;

	for (int k = 0; k < 4; k++)
		for (int whole = 0; whole < 2; whole++)
		{
			int			within = 0,
						most = 0;
			size_t		bytes = 0;
			double		b[5];

			for (int round = 0; round < 3; round++)
			{
				Problem		problem = DrawZeros(n, 5, zero_shares[k], whole, round == 1);
				int			before = polls;

				held_most = 0;
				Fit(&problem, zero_shares[k], b);
				within += held_most <= 5 * n + 1.5 * pow(6.0 * n, 2.0 / 3.0) * (8 * 5 + 100) + 250000 && polls - before < 5000;
				most = polls - before > most ? polls - before : most;
				bytes = held_most > bytes ? held_most : bytes;
				free(problem.rows);
			}
			ok(within >= 2, "%g %% zeros, %s: little work (%zu bytes, %d polls)", 100.0 * zero_shares[k],
			   whole ? "integers" : "real numbers", bytes, most);
		}
}

int
main(void)
{
	TestReference();
	/* first, so that they have the same samples each time, with the data of others or without */
	TestCoverage(0.5, 500, 1000);
	TestCoverage(0.8, 500, 1000);
	TestEngel();
	TestConditions();
	TestLarge();
	TestAllPlanes();
	TestScales();
	TestScalesOfErrors();
	TestErrorsBeside();
	TestCollisions();
	TestSame();
	TestRepeats();
	TestNegativeZero();
	TestCrossings();
	TestRank();
	TestFaint();
	TestShifted();
	TestFlat();
	TestMemory();
	TestMixed();
	TestOneWeight();
	TestZerosSmall();
	TestZerosLarge();
	TestZerosWork();
	TestExactly();
	TestLevelEdge();
	TestLastDigits();
	TestNearlyOnPlane();
	ok(allocated == 0, "all memory is released");
	printf("1..%d\n", tests);
	return failures > 0;
}
