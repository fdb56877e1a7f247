/*
 * clv_answers.c
 *		Unit tests of value/answer.h: against arbitrary precision
 *		(test/reference/clv.txt; run from the source's top directory), against
 *		numbers that were published, and at the edges.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value/answer.h"
#include "../tap.h"

#define REFERENCE "test/reference/clv.txt"
#define TOLERANCE 1e-10			/* of answer.h */
#define SHOWN_MAX 20			/* wrong rows of a function and process */

/* ---- against arbitrary precision ------------------------------------------- */

typedef double (*Answer) (IcmProcess process, const double *param, const double *arg);

static double
Alive(IcmProcess process, const double *param, const double *arg)
{
	return IcmAlive(process, param, arg[0], arg[1], arg[2]);
}

static double
Dead(IcmProcess process, const double *param, const double *arg)
{
	return IcmDead(process, param, arg[0], arg[1], arg[2]);
}

static double
Purchases(IcmProcess process, const double *param, const double *arg)
{
	return IcmAlivePurchases(process, param, arg[0], arg[1], arg[2]);
}

static double
Discounted(IcmProcess process, const double *param, const double *arg)
{
	return IcmAliveDiscounted(process, param, arg[0], arg[1], arg[2], arg[3]);
}

static double
Exactly(IcmProcess process, const double *param, const double *arg)
{
	return IcmAliveExactly(process, param, arg[0], arg[1], arg[2], arg[3]);
}

static double
AtLeast(IcmProcess process, const double *param, const double *arg)
{
	return IcmAliveAtLeast(process, param, arg[0], arg[1], arg[2], arg[3]);
}

static double
Spend(IcmProcess process, const double *param, const double *arg)
{
	(void) process;
	return IcmExpectedSpend(param, arg[0], arg[1]);
}

static double
Survival(IcmProcess process, const double *param, const double *arg)
{
	(void) process;
	return IcmSurvival(param, arg[0]);
}

static double
Retention(IcmProcess process, const double *param, const double *arg)
{
	(void) process;
	return IcmRetention(param, arg[0]);
}

static double
ResidualLifetime(IcmProcess process, const double *param, const double *arg)
{
	(void) process;
	return IcmResidualLifetime(param, arg[0], arg[1]);
}

#define PURCHASE (1 << ICM_BGNBD | 1 << ICM_MBGNBD | 1 << ICM_PARETONBD)
#define ARGS_MAX 4

static const struct Function
{
	const char *name;
	Answer		answer;
	int			args;
	int			processes;		/* bits */
}			functions[] = {
	{"alive", Alive, 3, PURCHASE},
	{"dead", Dead, 3, PURCHASE},
	{"purchases", Purchases, 3, PURCHASE},
	{"discounted", Discounted, 4, PURCHASE},
	{"exactly", Exactly, 4, PURCHASE},
	{"atleast", AtLeast, 4, PURCHASE},
	{"spend", Spend, 2, 1 << ICM_GAMMAGAMMA},
	{"survival", Survival, 1, 1 << ICM_SBG},
	{"retention", Retention, 1, 1 << ICM_SBG},
	{"derl", ResidualLifetime, 2, 1 << ICM_SBG},
};

#define FUNCTIONS ((int) (sizeof(functions) / sizeof(functions[0])))
#define PROCESSES (ICM_GAMMAGAMMA + 1)

typedef struct Tally
{
	int			rows;
	int			wrong;
	double		worst;
} Tally;

static int
FindProcess(const char *name)
{
	for (int i = ICM_BGNBD; i < PROCESSES; i++)
		if (IcmProcessName(i) != NULL && strcmp(IcmProcessName(i), name) == 0)
			return i;
	return -1;
}

static int
FindFunction(const char *name)
{
	for (int i = 0; i < FUNCTIONS; i++)
		if (strcmp(functions[i].name, name) == 0)
			return i;
	return -1;
}

/* The n numbers that follow in a line that strtok() reads. */
static bool
ReadNumbers(double *number, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *word = strtok(NULL, " \n");
		char	   *end;

		if (word == NULL)
			return false;
		number[i] = strtod(word, &end);
		if (*end != '\0')
			return false;
	}
	return true;
}

static double
RelativeError(double value, double right)
{
	if (value == right)
		return 0.0;
	if (!isfinite(value) || right == 0.0)
		return INFINITY;
	return fabs(value - right) / fabs(right);
}

/* A row; false if it is none. */
static bool
CheckRow(char *line, Tally tally[FUNCTIONS][PROCESSES])
{
	char		copy[512];
	double		param[ICM_PARAMS_MAX],
				arg[ARGS_MAX],
				right,
				value,
				error;
	const char *word;
	int			function,
				process;
	Tally	   *group;

	strcpy(copy, line);
	if ((word = strtok(line, " \n")) == NULL || (function = FindFunction(word)) < 0 ||
		(word = strtok(NULL, " \n")) == NULL || (process = FindProcess(word)) < 0 ||
		!ReadNumbers(param, IcmProcessParams(process)) ||
		!ReadNumbers(arg, functions[function].args) ||
		!ReadNumbers(&right, 1) || strtok(NULL, " \n") != NULL)
		return false;

	value = functions[function].answer(process, param, arg);
	error = RelativeError(value, right);
	group = &tally[function][process];
	group->rows++;
	group->worst = fmax(group->worst, error);
	if (!(error < TOLERANCE) && group->wrong++ < SHOWN_MAX)
		printf("# %.1e off, %.17g: %s", error, value, copy);
	return true;
}

static void
CheckReference(void)
{
	static Tally tally[FUNCTIONS][PROCESSES];
	char		line[512];
	bool		readable = true;
	FILE	   *file = fopen(REFERENCE, "r");

	if (file != NULL)
	{
		while (readable && fgets(line, sizeof(line), file) != NULL)
			readable = line[0] == '#' || CheckRow(line, tally);
		fclose(file);
	}
	ok(file != NULL && readable, "%s: read to its end", REFERENCE);
	for (int f = 0; f < FUNCTIONS; f++)
		for (int p = ICM_BGNBD; p < PROCESSES; p++)
			if (functions[f].processes & 1 << p)
			{
				const Tally *group = &tally[f][p];

				ok(group->rows >= 40 && group->wrong == 0, "%s, %s: %d values, worst relative error %.1e (%d wrong)",
				   functions[f].name, IcmProcessName(p), group->rows, group->worst, group->wrong);
			}
}

/* ---- against what was published -------------------------------------------- */

/* Is it the published number, but for its last digit? */
static void
Published(double value, double published, double tolerance, const char *what)
{
	ok(fabs(value - published) <= tolerance, "%s: %.8g (published %.8g)", what, value, published);
}

/*
 * The CDNOW customers. Parameters with seven digits: those of a fit in McCarthy,
 * Wadsworth (below), as the published tables come from unrounded ones, too.
 */
static const double bg[] = {0.2425967, 4.413659, 0.7929869, 2.426164};
static const double pareto[] = {0.5533, 10.5776, 0.6061, 11.6656};

static double
Conditional(IcmProcess process, const double *param, double x, double t_x, double t, double horizon)
{
	return IcmAlive(process, param, x, t_x, t) * IcmAlivePurchases(process, param, x, t, horizon);
}

/*
 * Fader, Hardie, Lee 2005, note 004, "Implementing the BG/NBD model for customer
 * base analysis in Excel", and its spreadsheet: E[X(t)] of a new customer, and
 * the conditional expectation of one. 1.8576 is what the series gives when it is
 * broken off after 150 terms; to its end it is 1.8579.
 */
static void
CheckSpreadsheet(void)
{
	static const double expected[][2] = {
		{0.1429, 0.0078}, {1.0, 0.0532}, {3.0, 0.1506}, {31.8571, 1.0405}, {32.0, 1.0437}, {78.0, 1.8576}
	};
	char		what[64];

	for (int i = 0; i < 6; i++)
	{
		snprintf(what, sizeof(what), "note 004: E[X(%g)]", expected[i][0]);
		Published(IcmAlivePurchases(ICM_BGNBD, bg, 0.0, 0.0, expected[i][0]), expected[i][1],
				  expected[i][0] < 78.0 ? 0.00006 : 0.0004, what);
	}
	Published(Conditional(ICM_BGNBD, bg, 2.0, 30.43, 38.86, 39.0), 1.226, 0.0006, "note 004: E[Y(39) | 2, 30.43, 38.86]");
}

/*
 * McCarthy, Wadsworth 2014, "Buy 'Til You Die - A Walkthrough" (R package BTYD
 * 2.4.3), sections 3.3 and 4.3. Of the Pareto/NBD's parameters three digits are
 * printed; the ones taken here have four, and so much of the results is right.
 */
static void
CheckWalkthrough(void)
{
	static const double paradox[][3] = {
		{10.0, 0.3474606, 0.7062289}, {15.0, 0.04283391, 0.1442396},
		{20.0, 0.004158973, 0.02250658}, {25.0, 0.0003583685, 0.00309267}
	};
	const double t_x = 216.0 / 7.0;
	char		what[64];

	Published(IcmAlivePurchases(ICM_BGNBD, bg, 0.0, 0.0, 52.0), 1.444004, 5e-6, "walkthrough, BG/NBD: E[X(52)]");
	Published(IcmAlive(ICM_BGNBD, bg, 26.0, t_x, 31.0), 0.9688523, 1e-7, "walkthrough, BG/NBD: P(alive) of 1516");
	Published(Conditional(ICM_BGNBD, bg, 26.0, t_x, 31.0, 52.0), 25.75659, 5e-5,
			  "walkthrough, BG/NBD: expectation of 1516");
	Published(IcmAlivePurchases(ICM_PARETONBD, pareto, 0.0, 0.0, 52.0), 1.473434, 5e-4,
			  "walkthrough, Pareto/NBD: E[X(52)]");
	Published(IcmAlive(ICM_PARETONBD, pareto, 26.0, t_x, 31.0), 0.997874, 1e-6,
			  "walkthrough, Pareto/NBD: P(alive) of 1516");
	Published(Conditional(ICM_PARETONBD, pareto, 26.0, t_x, 31.0, 52.0), 25.45647, 2.5e-3,
			  "walkthrough, Pareto/NBD: expectation of 1516");
	for (int i = 0; i < 4; i++)
	{
		double		x = paradox[i][0];

		snprintf(what, sizeof(what), "walkthrough, BG/NBD: expectation of (%g, 20, 39)", x);
		Published(Conditional(ICM_BGNBD, bg, x, 20.0, 39.0, 52.0), paradox[i][1], 1e-5 * paradox[i][1], what);
		snprintf(what, sizeof(what), "walkthrough, Pareto/NBD: expectation of (%g, 20, 39)", x);
		Published(Conditional(ICM_PARETONBD, pareto, x, 20.0, 39.0, 52.0), paradox[i][2], 1e-3 * paradox[i][2], what);
	}
}

/*
 * Reference manual of the same package, bgnbd.pmf: repeat purchases of a new
 * customer, as the tests of the Python package lifetimes quote them.
 */
static void
CheckCounts(void)
{
	static const double param[] = {0.243, 4.414, 0.793, 2.426};
	static const double pmf[] = {
		0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638,
		0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260
	};
	char		what[64];

	Published(IcmAliveExactly(ICM_BGNBD, param, 0.0, 0.0, 2.0, 10.0), 1.07869e-07, 1e-12,
			  "BTYD manual: P(X(2) = 10)");
	Published(IcmAliveExactly(ICM_BGNBD, param, 0.0, 0.0, 39.0, 0.0), 0.5737864, 1e-7,
			  "BTYD manual: P(X(39) = 0)");
	for (int i = 0; i < 10; i++)
	{
		snprintf(what, sizeof(what), "BTYD manual: P(X(30) = %d)", 11 + i);
		Published(IcmAliveExactly(ICM_BGNBD, param, 0.0, 0.0, 30.0, 11.0 + i), pmf[i], 1e-10, what);
	}
}

/*
 * Fader, Hardie 2013 (note 025 and its spreadsheet): E(M | m, x) of the first
 * CDNOW customers that differ. The parameters are rounded more than the values.
 */
static void
CheckSpend(void)
{
	static const double param[] = {6.25, 3.74, 15.44};
	static const double customer[][3] = {	/* x, m, E(M | m, x) */
		{2, 22.35, 24.65}, {1, 11.77, 18.91}, {0, 0, 35.17}, {7, 73.74, 71.46}, {2, 25.55, 27.28}
	};
	char		what[64];

	for (int i = 0; i < 5; i++)
	{
		snprintf(what, sizeof(what), "note 025: E[M | m = %g, x = %g]", customer[i][1], customer[i][0]);
		Published(IcmExpectedSpend(param, customer[i][0], customer[i][1]), customer[i][2], 0.1, what);
	}
}

/*
 * Fader, Hardie 2007, "How to project customer retention": parameters of the
 * customers called high end and regular, fitted to seven years, and the percentage
 * that survived twelve (table 1). The README of the Python package
 * shifted_beta_geometric_py prints the projection for years 8 to 12, and the
 * residual lifetime.
 */
static void
CheckContracts(void)
{
	static const double high_end[] = {0.668, 3.806};
	static const double regular[] = {0.704, 1.182};
	static const double projected[] = {0.460, 0.436, 0.414, 0.395, 0.378};
	static const double actual[2][12] = {
		{86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4},
		{63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3}
	};
	double		worst = 0.0;
	double		sum = 0.0;
	char		what[64];

	for (int i = 0; i < 5; i++)
	{
		snprintf(what, sizeof(what), "sBG, high end: survival of year %d", 8 + i);
		Published(IcmSurvival(high_end, 8.0 + i), projected[i], 0.001, what);
	}
	for (int t = 1; t <= 12; t++)
	{
		worst = fmax(worst, fabs(IcmSurvival(high_end, t) - actual[0][t - 1] / 100.0));
		worst = fmax(worst, fabs(IcmSurvival(regular, t) - actual[1][t - 1] / 100.0));
	}
	ok(worst < 0.02, "sBG: survival within .02 of the actual one (%.3f)", worst);
	Published(IcmRetention(regular, 1.0), 0.631, 0.005, "sBG, regular: retention of year 1 (actual)");
	Published(IcmRetention(high_end, 1.0), 0.869, 0.02, "sBG, high end: retention of year 1 (actual)");
	Published(IcmResidualLifetime(high_end, 8.0, 0.1), 7.530, 0.005, "sBG, high end: residual lifetime after 7 years");
	/* its definition, Fader, Hardie 2010, equation 6 */
	for (int t = 400; t >= 3; t--)
		sum = sum / 1.1 + IcmSurvival(regular, t) / IcmSurvival(regular, 2.0);
	Published(IcmResidualLifetime(regular, 3.0, 0.1), sum, 1e-12 * sum, "sBG, regular: residual lifetime, summed");
}

/* ---- edges ------------------------------------------------------------------ */

/* What holds exactly, for each purchase process. */
static void
CheckEdges(IcmProcess process)
{
	static const double param[] = {0.55, 7.0, 1.5, 2.5};
	static const double mortal[] = {0.55, 7.0, 1.0, 2.5};
	const char *name = IcmProcessName(process);
	bool		complement = true,
				counted = true;

	ok(IcmAlivePurchases(process, param, 3.0, 20.0, 0.0) == 0.0 &&
	   IcmAliveDiscounted(process, param, 3.0, 20.0, 0.0, 0.1) == 0.0 &&
	   IcmAliveExactly(process, param, 3.0, 20.0, 0.0, 0.0) == 1.0 &&
	   IcmAliveExactly(process, param, 3.0, 20.0, 0.0, 2.0) == 0.0 &&
	   IcmAliveAtLeast(process, param, 3.0, 20.0, 0.0, 0.0) == 1.0 &&
	   IcmAliveAtLeast(process, param, 3.0, 20.0, 0.0, 1.0) == 0.0, "%s: no time, no purchase", name);
	ok(IcmHasResidual(process, param) && isfinite(IcmAlivePurchases(process, param, 3.0, 20.0, INFINITY)) &&
	   !IcmHasResidual(process, mortal) && isinf(IcmAlivePurchases(process, mortal, 3.0, 20.0, INFINITY)) &&
	   isfinite(IcmAliveDiscounted(process, mortal, 3.0, 20.0, INFINITY, 0.001)),
	   "%s: purchases without a horizon", name);
	/* the odds overflow */
	ok(IcmAlive(process, param, 10000.0, 1.0, 5218.0) == 0.0 && IcmDead(process, param, 10000.0, 1.0, 5218.0) == 1.0,
	   "%s: certainly dead", name);
	for (int i = 0; i < 2000; i++)
	{
		double		x = (double) (Random() % 12);
		double		t = 1e-3 * (double) (1 + Random() % 1000000);
		double		t_x = x == 0.0 ? 0.0 : t * (double) (Random() % 1001) / 1000.0;
		double		h = 1e-2 * (double) (1 + Random() % 100000);
		double		more = 1.0;

		complement &= fabs(IcmAlive(process, param, x, t_x, t) + IcmDead(process, param, x, t_x, t) - 1.0) < 1e-12;
		for (double n = 0.0; n < 4.0; n++)
			more -= IcmAliveExactly(process, param, x, t, h, n);
		counted &= fabs(more - IcmAliveAtLeast(process, param, x, t, h, 4.0)) < 1e-12;
	}
	ok(complement, "%s: alive or dead", name);
	ok(counted, "%s: fewer than four purchases, or at least four", name);
}

static double
LogUniform(double from, double to)
{
	return from * exp((double) (Random() >> 11) * 0x1p-53 * log(to / from));
}

/*
 * What holds for all parameters and customers, each side of it computed in
 * another way: alive or dead; a discount of nothing; n purchases are at least n
 * and not n + 1.
 */
static void
CheckIdentities(IcmProcess process)
{
	static const double purchases[] = {0, 1, 2, 3, 10, 26, 100, 1000, 10000};
	bool		pareto = process == ICM_PARETONBD;
	const char *name = IcmProcessName(process);
	double		alive = 0.0,
				discounted = 0.0,
				counted = 0.0;

	for (int i = 0; i < 1000; i++)
	{
		double		param[4] = {
			LogUniform(0.05, 50.0), LogUniform(0.01, 5000.0),
			LogUniform(0.05, pareto ? 20.0 : 50.0), LogUniform(pareto ? 0.01 : 0.05, pareto ? 5000.0 : 1e4)
		};
		double		x = purchases[Random() % 9],
					t = LogUniform(0.14, 36525.0),
					gap = LogUniform(1e-12, 1.0),
					t_x = x == 0.0 ? 0.0 : t * (Random() % 2 ? 1.0 - gap : gap),
					horizon = LogUniform(0.14, 36525.0),
					n = floor(LogUniform(1.0, 1000.0)),
					least = IcmAliveAtLeast(process, param, x, t, horizon, n),
					difference = least - IcmAliveAtLeast(process, param, x, t, horizon, n + 1.0);

		alive = fmax(alive, RelativeError(IcmAlive(process, param, x, t_x, t) + IcmDead(process, param, x, t_x, t), 1.0));
		discounted = fmax(discounted, RelativeError(IcmAliveDiscounted(process, param, x, t, horizon, 1e-17),
													IcmAlivePurchases(process, param, x, t, horizon)));
		if (!(least < 1e-290))
			counted = fmax(counted, RelativeError(least - difference + IcmAliveExactly(process, param, x, t, horizon, n),
												  least));
	}
	ok(alive < TOLERANCE, "%s: alive or dead, anywhere (%.1e)", name, alive);
	ok(discounted < TOLERANCE, "%s: discounted by nothing, anywhere (%.1e)", name, discounted);
	ok(counted < TOLERANCE, "%s: exactly n purchases, anywhere (%.1e)", name, counted);
}

int
main(void)
{
	CheckReference();
	CheckSpreadsheet();
	CheckWalkthrough();
	CheckCounts();
	CheckSpend();
	CheckContracts();
	CheckEdges(ICM_BGNBD);
	CheckEdges(ICM_MBGNBD);
	CheckEdges(ICM_PARETONBD);
	CheckIdentities(ICM_BGNBD);
	CheckIdentities(ICM_MBGNBD);
	CheckIdentities(ICM_PARETONBD);
	printf("1..%d\n", tests);
	return failures > 0;
}
