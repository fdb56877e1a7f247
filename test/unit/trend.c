/*
 * trend.c
 *		Unit tests of math/trend and math/dose_response, against their definitions
 *		done another way: the normal tail against 60 digits, Wilson's interval by
 *		its equation, the trend in long double around the mean, fits by the
 *		whole information matrix and every direction of separation, peaks in
 *		closed form and on a fine grid.
 */
#include <math.h>
#include <string.h>

#include "math/dose_response.h"
#include "math/trend.h"
#include "../tap.h"

#define CELLS_MAX 60

static IcmDose doses[CELLS_MAX];
static int	cells;

static bool
Near(double x, long double expected, double relative)
{
	return fabsl(x - expected) <= relative * (1e-12L + fabsl(expected));
}

/* Random cells of at most this many strata and doses. */
static void
RandomDoses(int strata, int doses_max, int customers_max)
{
	cells = 0;
	for (int stratum = 0; stratum < strata; stratum++)
		for (int dose = 0; dose < doses_max; dose++)
		{
			if (Random() % 4 == 0)
				continue;
			doses[cells].stratum = stratum;
			doses[cells].dose = dose;
			doses[cells].customers = 1.0 + (double) (Random() % customers_max);
			doses[cells].responses = (double) (Random() % (uint64_t) (doses[cells].customers + 1.0));
			cells++;
		}
}

/* The same of all sizes up to 2^42, and with all shares of responses, down to one and up to all but one. */
static void
ExtremeDoses(int strata, int doses_max)
{
	RandomDoses(strata, doses_max, 1);
	for (int i = 0; i < cells; i++)
	{
		double		part;

		doses[i].customers = floor(ldexp(1.0, (int) (Random() % 43)));
		part = floor(ldexp(doses[i].customers, -(int) (Random() % 43)));
		doses[i].responses = Random() % 2 ? part : doses[i].customers - part;
		doses[i].dose = Random() % 2 ? doses[i].dose : 63 - doses_max + doses[i].dose;
	}
}

/* ---- normal, Wilson, trend ------------------------------------------------ */

static void
TestNormal(void)
{
	/* log10 of the two-sided tail by its continued fraction, in 60 digits */
	static const struct
	{
		double		z;
		long double log10_p;
	}			tail[] = {
		{30, -197.008179265996968194707438545L}, {36, -283.077521172384305257636635007L}, {38, -315.238759708298526699515099652L},
		{40, -349.135976463681860890837210428L}, {100, -2173.57051287337039533231688699L}, {1000, -217150.339011998722298066431553L},
		{15.283986873826299, -52.0097870476969136405725603987L}
	};
	int			wrong = 0;

	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		wrong += !Near(IcmNormalBeyondLog10(tail[i].z), tail[i].log10_p, 1e-14) ||
			IcmNormalBeyondLog10(-tail[i].z) != IcmNormalBeyondLog10(tail[i].z);
	ok(wrong == 0, "logarithm of the normal tail: 60 digits (%d wrong)", wrong);
	ok(Near(IcmNormalBeyondLog10(35.3553), IcmNormalBeyondLog10(35.3554), 1e-5) &&
	   Near(IcmNormalBeyondLog10(35.35533), log10(IcmNormalBeyond(35.35533)), 1e-14) &&
	   Near(IcmNormalBeyondLog10(35.3554), log10(IcmNormalBeyond(35.3554)), 1e-14), "where its two ways meet");
	ok(IcmNormalBeyondLog10(0) == 0.0 && IcmNormalBeyond(0) == 1.0 && isnan(IcmNormalBeyondLog10(NAN)), "z of 0, and none");

	ok(Near(IcmNormalWithin(0.95), 1.95996398454005423552L, 1e-14) && Near(IcmNormalWithin(0.99), 2.57582930354890076093L, 1e-14) &&
	   IcmNormalWithin(0) == 0.0, "z of 95 %% and of 99 %%");
	wrong = 0;
	for (int i = 0; i < 1000; i++)
	{
		double		p = i / 1000.0;

		wrong += fabs(erf(IcmNormalWithin(p) / sqrt(2)) - p) > 1e-14;
	}
	wrong += !(IcmNormalWithin(1.0 - 0x1p-53) > 8.2 && IcmNormalWithin(1.0 - 0x1p-53) < 8.3) || !(IcmNormalWithin(1e-300) >= 0.0);
	ok(wrong == 0, "z of other probabilities (%d wrong)", wrong);
}

static void
TestWilson(void)
{
	int			wrong = 0;

	for (int i = 0; i < 20000; i++)
	{
		double		customers = 1.0 + (double) (Random() % (i % 2 ? 20 : 1000000));
		double		responses = (double) (Random() % (uint64_t) (customers + 1));
		double		z = 0.01 + (double) (Random() % 800) / 100;
		double		end[2];

		IcmWilson(responses, customers, z, &end[0], &end[1]);
		/* the shares whose distance to that of the sample is z of their own standard errors */
		for (int k = 0; k < 2; k++)
		{
			long double share = end[k];
			long double distance = responses / (long double) customers - share;
			long double square = z * z * share * (1.0L - share) / customers;

			wrong += fabsl(distance * distance - square) > 1e-13L * (square + fabsl(distance)) ||
				share < 0.0L || share > 1.0L || (k == 0 ? distance < 0.0L : distance > 0.0L);
		}
		wrong += (responses == 0.0 && end[0] != 0.0) || (responses == customers && end[1] != 1.0);
	}
	ok(wrong == 0, "Wilson's interval solves its equation (%d do not)", wrong);
}

static void
TestTrend(void)
{
	int			wrong = 0,
				none = 0;

	for (int i = 0; i < 20000; i++)
	{
		int			strata = 1 + (int) (Random() % 4);
		long double u_sum = 0.0L,
					v_sum = 0.0L;
		double		z;
		int			many = 0;

		RandomDoses(strata, i % 5 ? 12 : 2, i % 3 ? 5 : 1000000);
		for (int j = 0; j < cells; j++)
			many += doses[j].stratum != doses[0].stratum;
		for (int stratum = 0; stratum < strata; stratum++)
		{
			long double n = 0.0L,
						r = 0.0L,
						mean = 0.0L,
						u = 0.0L,
						v = 0.0L;

			for (int j = 0; j < cells; j++)
				if (doses[j].stratum == stratum)
				{
					n += doses[j].customers;
					r += doses[j].responses;
					mean += doses[j].customers * doses[j].dose;
				}
			mean /= n;
			for (int j = 0; j < cells; j++)
				if (doses[j].stratum == stratum)
				{
					u += (doses[j].dose - mean) * (doses[j].responses - doses[j].customers * r / n);
					v += (doses[j].dose - mean) * (doses[j].dose - mean) * doses[j].customers;
				}
			if (n > 1.0L)
			{
				u_sum += u;
				v_sum += v * (r / n) * (1.0L - r / n) * (many ? n / (n - 1.0L) : 1.0L);
			}
		}
		z = IcmTrend(doses, cells);
		if (v_sum < 1e-12L)
		{
			none++;
			wrong += !isnan(z);
		}
		else
			wrong += fabsl(z - u_sum / sqrtl(v_sum)) > 1e-12L * (1.0L + fabsl(z));
	}
	ok(wrong == 0 && none > 10, "trend of random strata, %d of which have none (%d wrong)", none, wrong);

	doses[0] = (IcmDose) {0, 0, 0x1p42, 0x1p41};
	doses[1] = (IcmDose) {0, 63, 0x1p42, 0x1p41};
	ok(IcmTrend(doses, 2) == 0.0 && IcmTrend(doses, 0) != IcmTrend(doses, 0), "no trend is 0 exactly; of nobody there is none");
}

/* ---- fit ------------------------------------------------------------------ */

#define UNKNOWNS_MAX 8

/* The unknowns of a fit by this many powers of the dose itself: intercepts, then coefficients. Returns their number. */
static int
Unknowns(const IcmDoseFit *fit, int cell, long double *x)
{
	int			n = fit->strata + fit->powers;

	for (int i = 0; i < fit->strata; i++)
		x[i] = fit->stratum[i].stratum == doses[cell].stratum;
	x[fit->strata] = doses[cell].dose;
	if (fit->powers == ICM_QUADRATIC)
		x[fit->strata + 1] = (long double) doses[cell].dose * doses[cell].dose;
	return n;
}

/* The fit as coefficients of the dose itself. */
static void
Coefficients(const IcmDoseFit *fit, long double *b)
{
	long double c1 = fit->coefficient[0] / (long double) fit->scale;
	long double c2 = fit->powers == ICM_QUADRATIC ? fit->coefficient[1] / ((long double) fit->scale * fit->scale) : 0.0L;

	for (int i = 0; i < fit->strata; i++)
		b[i] = fit->stratum[i].intercept - c1 * fit->centre + c2 * fit->centre * fit->centre;
	b[fit->strata] = c1 - 2.0L * c2 * fit->centre;
	b[fit->strata + 1] = c2;
}

/* Score and the inverse of the information by Gauss and Jordan; the length of the Newton step in standard errors. */
static long double
Inverse(const IcmDoseFit *fit, const long double *b, long double inverse[UNKNOWNS_MAX][UNKNOWNS_MAX], long double *loglik)
{
	long double a[UNKNOWNS_MAX][2 * UNKNOWNS_MAX] = {{0}};
	long double score[UNKNOWNS_MAX] = {0},
				decrement = 0.0L;
	int			n = 0;

	*loglik = 0.0L;
	for (int i = 0; i < cells; i++)
	{
		long double x[UNKNOWNS_MAX],
					logit = 0.0L,
					p,
					q;

		n = Unknowns(fit, i, x);
		for (int j = 0; j < n; j++)
			logit += b[j] * x[j];
		p = 1.0L / (1.0L + expl(-logit));
		q = 1.0L / (1.0L + expl(logit));
		*loglik -= doses[i].customers * log1pl(expl(-fabsl(logit))) +
			fabsl(logit) * (logit > 0.0L ? doses[i].customers - doses[i].responses : doses[i].responses);
		for (int j = 0; j < n; j++)
		{
			score[j] += x[j] * (doses[i].responses * q - (doses[i].customers - doses[i].responses) * p);
			for (int k = 0; k < n; k++)
				a[j][k] += x[j] * x[k] * doses[i].customers * p * q;
		}
	}
	for (int j = 0; j < n; j++)
		a[j][n + j] = 1.0L;
	for (int j = 0; j < n; j++)
	{
		long double pivot = a[j][j];

		for (int k = 0; k < 2 * n; k++)
			a[j][k] /= pivot;
		for (int i = 0; i < n; i++)
		{
			long double factor = a[i][j];

			for (int k = 0; i != j && k < 2 * n; k++)
				a[i][k] -= factor * a[j][k];
		}
	}
	for (int j = 0; j < n; j++)
		for (int k = 0; k < n; k++)
		{
			inverse[j][k] = a[j][n + k];
			decrement += score[j] * score[k] * inverse[j][k];
		}
	return sqrtl(fabsl(decrement));
}

/* Whether along c1 dose + c2 dose^2 all who responded are, in each stratum, at or above all who did not. */
static bool
Separates(double c1, double c2)
{
	for (int i = 0; i < cells; i++)
		for (int j = 0; j < cells; j++)
			if (doses[i].stratum == doses[j].stratum && doses[i].responses > 0.0 && doses[j].responses < doses[j].customers &&
				c1 * doses[i].dose + c2 * doses[i].dose * doses[i].dose < c1 * doses[j].dose + c2 * doses[j].dose * doses[j].dose)
				return false;
	return true;
}

/* The ends of the sets of directions that separate are where two doses are equal: c1 = -(s + t) c2. */
static bool
IsSeparated(int powers)
{
	bool		separated = Separates(1, 0) || Separates(-1, 0);

	for (int sum = 0; sum <= 126 && powers == ICM_QUADRATIC && !separated; sum++)
		separated = Separates(-sum, 1) || Separates(sum, -1);
	return separated;
}

static void
DropPureStrata(void)
{
	int			kept = 0;

	for (int i = 0; i < cells; i++)
	{
		double		customers = 0.0,
					responses = 0.0;

		for (int j = 0; j < cells; j++)
			if (doses[j].stratum == doses[i].stratum)
			{
				customers += doses[j].customers;
				responses += doses[j].responses;
			}
		/* marked; later cells of the stratum still count this one */
		doses[i].dose += responses == 0.0 || responses == customers ? 1000 : 0;
	}
	for (int i = 0; i < cells; i++)
		if (doses[i].dose < 1000)
			doses[kept++] = doses[i];
	cells = kept;
}

/*
 * Fit random doses many times and look whether that is the top. Of extreme ones
 * the information is hardly more than rounding at times; then less is asked for,
 * and an error now and then is right.
 */
static void
TestFit(const char *name, bool extreme, int rounds)
{
	double		rounding = extreme ? 1e-4 : 1e-7;
	int			wrong = 0,
				none = 0,
				done = 0,
				failed = 0;

	for (int i = 0; i < rounds; i++)
	{
		int			powers = 1 + (int) (Random() % 2);
		IcmDose		copy[CELLS_MAX];
		IcmDoseFit	fit;
		IcmFitOutcome outcome;
		long double b[UNKNOWNS_MAX],
					inverse[UNKNOWNS_MAX][UNKNOWNS_MAX],
					loglik;
		double		error;

		if (extreme)
			ExtremeDoses(1 + (int) (Random() % 4), 3 + (int) (Random() % 12));
		else
			RandomDoses(1 + (int) (Random() % 4), i % 5 ? 3 + (int) (Random() % 12) : 4, i % 3 ? 3 : i % 2 ? 100000 : 40);
		memcpy(copy, doses, sizeof(doses));
		outcome = IcmDoseFitMake(&fit, copy, cells, powers);
		DropPureStrata();
		if (cells == 0 || IsSeparated(powers))
		{
			none++;
			wrong += outcome != ICM_FIT_NONE;
			continue;
		}
		if (outcome != ICM_FIT_DONE)
		{
			wrong += outcome == ICM_FIT_NONE;
			failed++;
			continue;
		}
		done++;
		Coefficients(&fit, b);
		wrong += !(Inverse(&fit, b, inverse, &loglik) < rounding) || !Near(fit.loglik, loglik, 1e-12);
		if (powers == ICM_LINEAR)
		{
			wrong += !Near(IcmDoseSlope(&fit, &error), b[fit.strata], 1e-14) ||
				!Near(error, sqrtl(inverse[fit.strata][fit.strata]), rounding);
			for (int j = 0; j < fit.strata; j++)
				wrong += fabsl(IcmDoseIntercept(&fit, j, &error) - b[j]) > 1e-12L * (1.0L + fabsl(b[j])) ||
					!Near(error, sqrtl(inverse[j][j]), rounding);
		}
	}
	ok(wrong == 0 && failed <= (extreme ? done / 10 : 0) && none > 0 && done > rounds / 3, "%s: %d fits are at the top, %d have none (%d wrong, %d failed)",
	   name, done, none, wrong, failed);
}

/* ---- peak ----------------------------------------------------------------- */

/* A stratum or two of a hump, with some noise. */
static void
HumpedDoses(int strata, int top)
{
	cells = 0;
	for (int stratum = 0; stratum < strata; stratum++)
		for (int dose = 0; dose <= 12; dose++)
		{
			double		logit = -1.5 + stratum - 0.04 * (dose - top) * (dose - top);
			double		p = 1.0 / (1.0 + exp(-logit));

			doses[cells].stratum = stratum;
			doses[cells].dose = dose;
			doses[cells].customers = 200.0 + (double) (Random() % 800);
			doses[cells].responses = floor(doses[cells].customers * p * (0.8 + (double) (Random() % 400) / 1000));
			cells++;
		}
}

/* The ends of Fieller's interval of -b1 / (2 b2) that are within the doses, or NaN. */
static void
Fieller(const IcmDoseFit *fit, double z, double *ends)
{
	long double b[UNKNOWNS_MAX],
				v[UNKNOWNS_MAX][UNKNOWNS_MAX],
				loglik;
	int			k = fit->strata;
	long double square,
				linear,
				constant,
				root;

	Coefficients(fit, b);
	(void) Inverse(fit, b, v, &loglik);
	square = 4.0L * (b[k + 1] * b[k + 1] - z * z * v[k + 1][k + 1]);
	linear = 4.0L * (b[k] * b[k + 1] - z * z * v[k][k + 1]);
	constant = b[k] * b[k] - z * z * v[k][k];
	root = sqrtl(linear * linear - 4.0L * square * constant);
	for (int i = 0; i < 2; i++)
	{
		ends[i] = (double) ((-linear + (i ? root : -root)) / (2.0L * square));
		if (!(square > 0.0L) || ends[i] <= 0.0 || ends[i] >= 12.0)
			ends[i] = NAN;
	}
}

static bool
SameOrNone(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) < 1e-8;
}

static void
TestPeak(void)
{
	int			wrong = 0,
				peaks = 0,
				bounded = 0,
				wrong_profit = 0,
				profits = 0;

	for (int i = 0; i < 2000; i++)
	{
		IcmDose		copy[CELLS_MAX];
		IcmDoseFit	fit;
		IcmDosePeak peak;
		double		z = 1.0 + (double) (Random() % 4);
		double		cost = (double) (Random() % 100) / 5000;
		double		top,
					ends[2],
					best = 0.0,
					best_profit = -INFINITY;
		long double b[UNKNOWNS_MAX];
		int			index;

		HumpedDoses(1 + i % 3, (int) (Random() % 16) - 1);
		memcpy(copy, doses, sizeof(doses));
		if (IcmDoseFitMake(&fit, copy, cells, ICM_QUADRATIC) != ICM_FIT_DONE)
		{
			wrong++;
			continue;
		}
		Coefficients(&fit, b);
		index = (int) (Random() % (uint64_t) fit.strata);
		top = (double) (-b[fit.strata] / (2.0L * b[fit.strata + 1]));
		peak = IcmDosePeakFind(&fit, index, 0.0, z, 0, 12);
		if (b[fit.strata + 1] >= 0.0L || top <= 0.0 || top >= 12.0)
			wrong += !isnan(peak.dose) || !isnan(peak.lower) || !isnan(peak.upper) || !isnan(peak.response);
		else
		{
			peaks++;
			Fieller(&fit, z, ends);
			bounded += !isnan(ends[0]) && !isnan(ends[1]);
			wrong += !SameOrNone(peak.dose, top) || !SameOrNone(peak.lower, ends[0]) || !SameOrNone(peak.upper, ends[1]);
		}

		/* profit, on a grid without an idea of what it looks like */
		peak = IcmDosePeakFind(&fit, index, cost, z, 0, 12);
		for (int j = 0; j <= 12000; j++)
		{
			double		dose = j / 1000.0;
			double		logit = (double) (b[index] + b[fit.strata] * dose + b[fit.strata + 1] * dose * dose);
			double		profit = 1.0 / (1.0 + exp(-logit)) - cost * dose;

			if (profit > best_profit)
			{
				best_profit = profit;
				best = dose;
			}
		}
		if (best == 0.0 || best == 12.0)
			wrong_profit += !isnan(peak.dose) && peak.dose > 0.001 && peak.dose < 11.999;
		else
		{
			profits++;
			wrong_profit += !(fabs(peak.dose - best) <= 0.0011) || peak.lower >= peak.dose || peak.upper <= peak.dose;
		}
	}
	ok(wrong == 0 && peaks > 500 && bounded > 300, "%d peaks of response and %d intervals in closed form (%d wrong)", peaks, bounded, wrong);
	ok(wrong_profit == 0 && profits > 300, "%d peaks of profit by a grid (%d wrong)", profits, wrong_profit);
}

int
main(void)
{
	TestNormal();
	TestWilson();
	TestTrend();
	TestFit("few and many customers", false, 30000);
	TestFit("up to 2^42 customers", true, 20000);
	TestPeak();
	printf("1..%d\n", tests);
	return failures > 0;
}
