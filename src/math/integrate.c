/*
 * integrate.c
 *		Integrals of smooth functions; see integrate.h.
 */
#include <math.h>

#include "math/integrate.h"

/* Positive nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1]. */
static const double gauss[8][2] = {
	{0.095012509837637440185, 0.18945061045506849629},
	{0.28160355077925891323, 0.18260341504492358887},
	{0.45801677765722738634, 0.16915651939500253819},
	{0.61787624440264374845, 0.14959598881657673208},
	{0.7554044083550030339, 0.12462897125553387205},
	{0.86563120238783174388, 0.09515851168249278481},
	{0.94457502307323257608, 0.062253523938647892863},
	{0.9894009349916499326, 0.027152459411754094852},
};

void
IcmGaussPanel(IcmIntegrand f, const void *arg, int n, double from, double to, double *sum)
{
	double		middle = 0.5 * (from + to),
				half = 0.5 * (to - from);

	for (int i = 0; i < 8; i++)
	{
		double		below[ICM_INTEGRALS_MAX],
					above[ICM_INTEGRALS_MAX];

		f(middle - half * gauss[i][0], arg, below);
		f(middle + half * gauss[i][0], arg, above);
		for (int j = 0; j < n; j++)
			sum[j] += half * gauss[i][1] * (below[j] + above[j]);
	}
}

/* ---- means over a beta distribution ---------------------------------------- */

/* A relative size that cannot be seen any more in a double. */
#define ROUNDING 1e-17
#define LOG_ROUNDING 39.2

typedef struct BetaSums
{
	IcmBetaFunction f;
	const void *arg;
	double		a,
				b;
	double		log_p0,			/* at the mode, where the weight is 1 */
				log_q0;
	double		weight;			/* sums: of the weights, and of weight times function */
	double		sum;
} BetaSums;

/* Add the point p = logistic(s), times factor; returns its weight. */
static double
AddPoint(BetaSums *sums, double s, double factor)
{
	double		e = exp(-fabs(s));
	double		log_larger = -log1p(e);
	double		log_p = s > 0.0 ? log_larger : s + log_larger;
	double		log_q = s > 0.0 ? log_larger - s : log_larger;
	double		larger = 1.0 / (1.0 + e),
				smaller = e / (1.0 + e);
	double		weight = exp(sums->a * (log_p - sums->log_p0) + sums->b * (log_q - sums->log_q0));

	sums->weight += factor * weight;
	sums->sum += factor * weight * sums->f(s > 0.0 ? larger : smaller, s > 0.0 ? smaller : larger, sums->arg);
	return weight;
}

/*
 * Add the points from the mode outwards in steps of h (negative: to the left).
 * From edge on the function is constant and the weight falls as
 * exp(-rate * |step|), so what lies beyond is a geometric series. Stop earlier
 * where neither the weight nor its product with the function matters any more.
 */
static void
AddSide(BetaSums *sums, double mode, double h, double edge, double rate)
{
	for (long j = 1;; j++)
	{
		double		s = mode + j * h;
		double		before = sums->sum;

		if (h < 0.0 ? s < edge : s > edge)
		{
			AddPoint(sums, s, 1.0 / -expm1(-rate * fabs(h)));
			return;
		}
		if (AddPoint(sums, s, 1.0) <= ROUNDING && fabs(sums->sum - before) <= ROUNDING * fabs(sums->sum))
			return;
	}
}

/*
 * The trapezoidal rule with step h has a relative error of exp(-2 pi d / h)
 * times the growth of the integrand at the distance d from the real axis.
 * d = pi/2 is where p leaves the right half plane. The weight grows there by
 * about exp(v d^2 / 2) with v = ab / (a + b), the inverse of its variance, so
 * that a narrow weight is best done with d = 2 pi / (h v). Aim: exp(-37).
 */
static double
StepLength(double a, double b)
{
	double		v = a / (a + b) * b;

	return v < 30.0 ? 9.87 / (37.0 + 1.23 * v) : 0.73 / sqrt(v);
}

double
IcmBetaMean(double a, double b, IcmBetaFunction f, const void *arg, double scale0, double scale1)
{
	BetaSums	sums = {f, arg, a, b, log(a / (a + b)), log(b / (a + b)), 0.0, 0.0};
	double		h = StepLength(a, b);
	double		mode = log(a / b);

	AddPoint(&sums, mode, 1.0);
	AddSide(&sums, mode, -h, -LOG_ROUNDING - log(scale0 + b + 1.0), a);
	AddSide(&sums, mode, h, LOG_ROUNDING + log(scale1 + a + 1.0), b);
	return sums.sum / sums.weight;
}
