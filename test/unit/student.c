/*
 * student.c
 *		Unit tests of math/student: against closed forms, integrals of the density
 *		in long double, what R computes, printed tables and the normal distribution.
 */
#include <math.h>

#include "math/student.h"
#include "math/trend.h"
#include "../tap.h"

#define PI_L 3.14159265358979323846264338328L

static bool
Near(double x, long double expected, long double relative)
{
	return fabsl(x - expected) <= relative * fabsl(expected);
}

/* A random number from least to most, by its logarithm. */
static double
RandomBetween(double least, double most)
{
	return exp(log(least) + (log(most) - log(least)) * (double) (Random() % 1000001) / 1e6);
}

/* ---- closed forms --------------------------------------------------------- */

/* The probability beyond t in closed form, of 1, 2 and 4 degrees of freedom. */
static long double
ClosedBeyond(long double t, int df)
{
	long double root = sqrtl(df + t * t);
	long double sine = t / root;
	long double rest = df / (root * (root + t));	/* 1 - sine */

	if (df == 1)
		return 2.0L / PI_L * atan2l(1.0L, t);
	return df == 2 ? rest : rest * rest * (2.0L + sine) / 2.0L;
}

static void
TestClosed(void)
{
	int			wrong = 0;

	for (int i = 0; i < 30000; i++)
	{
		double		t = RandomBetween(1e-9, 1e12);
		double		p = i % 2 ? RandomBetween(1e-12, 1.0 - 1e-9) : 1.0 - RandomBetween(1e-13, 0.5);
		long double beyond = 1.0L - p;

		for (int df = 1; df <= 4; df *= 2)
			wrong += !Near(IcmStudentBeyond(t, df), ClosedBeyond(t, df), 1e-13L) || IcmStudentBeyond(-t, df) != IcmStudentBeyond(t, df);
		wrong += !Near(IcmStudentWithin(p, 1), p < 0.5 ? tanl(PI_L / 2.0L * p) : 1.0L / tanl(PI_L / 2.0L * beyond), 1e-13L);
		wrong += !Near(IcmStudentWithin(p, 2), p * sqrtl(2.0L / (beyond * (1.0L + p))), 1e-13L);
	}
	ok(wrong == 0, "1, 2 and 4 degrees of freedom: closed forms (%d wrong)", wrong);
}

/* ---- integrals ------------------------------------------------------------ */

/* Proportional to the density. */
static long double
Density(long double t, long double df)
{
	return expl(-(df + 1.0L) / 2.0L * log1pl(t / df * t));
}

/* The integral of it from t on, or from 0 to t, by double exponential quadrature. */
static long double
Integral(long double t, long double df, bool beyond)
{
	const long double h = 1.0L / 64;
	long double sum = 0.0L;

	for (int k = -6 * 64; k <= 6 * 64; k++)
	{
		long double s = PI_L / 2.0L * sinhl(k * h);
		long double weight = PI_L / 2.0L * coshl(k * h) * h;
		long double part = 1.0L / (1.0L + expl(-2.0L * s));

		if (beyond)
			sum += Density(t + expl(s), df) * expl(s) * weight;
		else
			sum += Density(t * part, df) * t * weight * 2.0L * part / (1.0L + expl(2.0L * s));
	}
	return sum;
}

static void
TestIntegrals(void)
{
	int			wrong = 0,
				wrong_t = 0;

	for (int i = 0; i < 1500; i++)
	{
		double		df = i % 3 ? RandomBetween(0.5, 1e15) : i % 2 ? RandomBetween(0.5, 100) : 1 + (double) (Random() % 50);
		double		t = i % 2 ? RandomBetween(1e-6, 5) : RandomBetween(1, 35);
		long double whole = Integral(0.0L, df, true);
		long double beyond = Integral(t, df, true) / whole;
		long double within = Integral(t, df, false) / whole;
		double		p = beyond < 0.5L ? 1.0 - (double) beyond : (double) within;
		double		found;

		wrong += !Near(IcmStudentBeyond(t, df), beyond, 1e-12L);
		if (p > 1.0 - 1e-12)
			continue;
		/* of p, which is rounded: the probability must be right */
		found = IcmStudentWithin(p, df);
		wrong_t += p < 0.5 ? !Near((double) (Integral(found, df, false) / whole), p, 1e-12L) :
			!Near((double) (Integral(found, df, true) / whole), 1.0L - p, 1e-12L);
	}
	ok(wrong == 0, "the probability beyond t is the integral of the density (%d is not)", wrong);
	ok(wrong_t == 0, "t of a probability, likewise (%d are not)", wrong_t);
}

/* ---- published and computed elsewhere ------------------------------------- */

static void
TestPublished(void)
{
	/* NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, in three decimals */
	static const struct
	{
		double		df,
					t90,
					t95,
					t99;
	}			printed[] = {
		{1, 6.314, 12.706, 63.657}, {2, 2.920, 4.303, 9.925}, {3, 2.353, 3.182, 5.841}, {5, 2.015, 2.571, 4.032}, {10, 1.812, 2.228, 3.169},
		{20, 1.725, 2.086, 2.845}, {30, 1.697, 2.042, 2.750}, {60, 1.671, 2.000, 2.660}, {100, 1.660, 1.984, 2.626}
	};

	/* R: -qt((1 - p) / 2, df) */
	static const struct
	{
		double		df,
					p,
					t;
	}			within[] = {
		{2.5, 0.9, 2.558218614135946}, {2.5, 0.95, 3.574654842003692}, {2.5, 0.99, 7.163728138948803},
		{3, 0.9, 2.353363434801826}, {3, 0.95, 3.182446305283708}, {3, 0.99, 5.840909309733354},
		{7.75, 0.9, 1.8673544026478}, {7.75, 0.95, 2.319016627146131}, {7.75, 0.99, 3.387080520755991},
		{29, 0.9, 1.699127026533498}, {29, 0.95, 2.045229642132703}, {29, 0.99, 2.756385903670605},
		{120, 0.9, 1.65765089935523}, {120, 0.95, 1.979930405082422}, {120, 0.99, 2.617421145106866},
		{2242, 0.9, 1.645533556834068}, {2242, 0.95, 1.961022651203255}, {2242, 0.99, 2.578023991589736}
	};

	/* R: 2 * pt(-t, df) */
	static const struct
	{
		double		t,
					df,
					p;
	}			beyond[] = {
		{2.5, 2.5, 0.1045699630781554}, {12.7062, 1, 0.05000001856071039}, {1.2, 97.99, 0.2330325637875112},
		{3, 97.99, 0.003423342875080865}, {8, 16.5, 4.487254427216308e-07}, {60, 3.25, 4.627789162246543e-06},
		{25, 700, 4.471675887091199e-99}
	};
	int			wrong = 0;

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++)
		wrong += fabs(IcmStudentWithin(0.90, printed[i].df) - printed[i].t90) > 5e-4 ||
			fabs(IcmStudentWithin(0.95, printed[i].df) - printed[i].t95) > 5e-4 ||
			fabs(IcmStudentWithin(0.99, printed[i].df) - printed[i].t99) > 5.1e-4;
	ok(wrong == 0, "a printed table (%d wrong)", wrong);
	wrong = 0;
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++)
		wrong += !Near(IcmStudentWithin(within[i].p, within[i].df), within[i].t, 1e-12L);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		wrong += !Near(IcmStudentBeyond(beyond[i].t, beyond[i].df), beyond[i].p, 1e-11L);
	ok(wrong == 0, "as R computes it (%d are not)", wrong);
}

/* ---- limits --------------------------------------------------------------- */

/* t by z: the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5), to 1 / df^2. */
static long double
CornishFisher(long double z, long double df)
{
	long double s = z * z;

	return z + z * (s + 1.0L) / (4.0L * df) + z * ((5.0L * s + 16.0L) * s + 3.0L) / (96.0L * df * df);
}

static void
TestLimits(void)
{
	int			wrong = 0;

	for (int i = 0; i < 20000; i++)
	{
		double		df = RandomBetween(3e5, 0x1p53);
		double		p = i % 2 ? RandomBetween(1e-4, 0.999) : 1.0 - RandomBetween(1e-12, 0.5);

		wrong += !Near(IcmStudentWithin(p, df), CornishFisher(IcmNormalWithin(p), df), 1e-12L);
	}
	ok(wrong == 0, "many degrees of freedom: the normal distribution's z, and what it lacks (%d wrong)", wrong);

	wrong = 0;
	for (double t = 0.0; t < 8.0; t += 0.01)
		wrong += !Near(IcmStudentBeyond(t, 0x1p53), IcmNormalBeyond(t), 1e-12L);
	ok(wrong == 0, "2^53 degrees of freedom: the normal tail (%d wrong)", wrong);

	wrong = 0;
	for (int i = 0; i < 20000; i++)
	{
		double		df = RandomBetween(1, 1e15);
		double		p = i % 2 ? RandomBetween(1e-6, 0.5) : 1.0 - RandomBetween(1e-12, 0.5);
		double		t = IcmStudentWithin(p, df);

		wrong += !Near(IcmStudentBeyond(t, df), 1.0L - p, 1e-12L);
		wrong += !(t >= IcmStudentWithin(p, df * 1.01) * (1.0 - 1e-13)) || !(t >= IcmNormalWithin(p) * (1.0 - 1e-9));
	}
	ok(wrong == 0, "there and back; more degrees of freedom, a smaller t (%d wrong)", wrong);

	ok(IcmStudentBeyond(0, 3) == 1.0 && IcmStudentBeyond(INFINITY, 3) == 0.0 && IcmStudentBeyond(-INFINITY, 3) == 0.0 &&
	   IcmStudentBeyond(5e-324, 3) == 1.0 && isnan(IcmStudentBeyond(NAN, 3)), "t of 0, of almost 0, infinite, and none");
	ok(Near(IcmStudentBeyond(1e200, 1), 2e-200L / PI_L, 1e-13L) && Near(IcmStudentBeyond(1e100, 2), 1e-200L, 1e-13L) &&
	   Near(IcmStudentBeyond(1e8, 1), 2e-8L / PI_L, 1e-13L) && IcmStudentBeyond(1e300, 2) == 0.0 && IcmStudentBeyond(1e300, 1e15) == 0.0, "far out");
	ok(IcmStudentWithin(0, 3) == 0.0 && Near(IcmStudentWithin(1e-300, 1), 1e-300L * PI_L / 2.0L, 1e-13L) &&
	   Near(IcmStudentWithin(1.0 - 0x1p-53, 1), 0x1p54L / PI_L, 1e-13L) && IcmStudentWithin(1.0 - 0x1p-53, 0x1p53) > 8.29 &&
	   IcmStudentWithin(1.0 - 0x1p-53, 0x1p53) < 8.3, "probabilities of 0, almost 0 and almost 1");
	ok(Near(IcmStudentBeyond(IcmStudentWithin(0.95, 0.1), 0.1), 0.05L, 1e-12L) && Near(IcmStudentBeyond(IcmStudentWithin(0.1, 0.1), 0.1), 0.9L, 1e-12L) &&
	   IcmStudentWithin(0.95, 1e-3) > 1e300, "a tenth of a degree of freedom, and less than float8 holds");
}

int
main(void)
{
	TestClosed();
	TestIntegrals();
	TestPublished();
	TestLimits();
	printf("1..%d\n", tests);
	return failures > 0;
}
