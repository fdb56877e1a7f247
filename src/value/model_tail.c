/*
 * model_tail.c
 *		The integrals of the Pareto/NBD; see model_tail.h.
 *
 * The tail is 2F1. With the larger of alpha + t and beta + t called M, its exponent e, the
 * smaller m, and K = k + s, Euler's integral and transformation give
 *
 *		integral = M^-e m^(e-K) / K * 2F1(e, 1; K+1; z),   z = 1 - m/M
 *
 * where all terms of 2F1 = sum (e)_n / (K+1)_n z^n are positive, and k stands so
 * that many purchases make it converge faster, not overflow (the forms in
 * Fader & Hardie's note of 2005, equations 21 and 22, do). Where z is so near 1
 * that the series is long, the integral is taken as it stands.
 */
#include <math.h>
#include <stddef.h>

#include "math/integrate.h"
#include "value/model_tail.h"

#define TERMS_MAX 300			/* beyond, the integral is as fast */
#define Z_MAX 0.97

/* ---- the integral ------------------------------------------------------------ */

typedef struct Decay
{
	double		A,
				e1,
				b,
				e2,
				m;				/* the smaller of A and b */
} Decay;

/*
 * In w, with u = m (exp(w) - 1), where it is smooth: the integrand, and times
 * what its logarithm's derivatives by -e1, -e2, A / e1 and b / e2 are.
 */
static void
DecayIntegrand(double w, const void *arg, double *value)
{
	const Decay *decay = arg;
	double		u = decay->m * expm1(w);
	double		log_A = log1p(u / decay->A),
				log_b = log1p(u / decay->b);

	value[0] = decay->m * exp(w - decay->e1 * log_A - decay->e2 * log_b);
	value[1] = log_A * value[0];
	value[2] = log_b * value[0];
	value[3] = u / (decay->A * (decay->A + u)) * value[0];
	value[4] = u / (decay->b * (decay->b + u)) * value[0];
}

/* What is left from w on where u is so large that A and b do not matter: exp(-rate w). */
static void
AddRemainder(const Decay *decay, double w, double *sum)
{
	double		rate = decay->e1 + decay->e2 - 1.0;
	double		value[5];

	DecayIntegrand(w, decay, value);
	for (int i = 0; i < 5; i++)
		sum[i] += value[i] / rate;
	sum[1] += value[0] / (rate * rate);
	sum[2] += value[0] / (rate * rate);
}

/* From the left, in panels that are short where the integrand falls steeply. */
static void
IntegrateDecay(const Decay *decay, double h, double *sum)
{
	double		end = log1p(h / decay->m),
				far = log(1e17) + log(decay->A) + log(decay->b) - 2.0 * log(decay->m);

	for (int i = 0; i < 5; i++)
		sum[i] = 0.0;
	for (double w = 0.0; w < end;)
	{
		double		M = decay->m * exp(w);
		double		fall = decay->e1 * M / (decay->A - decay->m + M) + decay->e2 * M / (decay->b - decay->m + M) - 1.0;
		double		to = w + fmin(1.0, 8.0 / fmax(fall, 1.0));
		double		before = sum[0];

		if (w > far && isinf(end))
		{
			AddRemainder(decay, w, sum);
			break;
		}
		IcmGaussPanel(DecayIntegrand, decay, 5, w, fmin(to, end), sum);
		if (fall > 0.0 && sum[0] - before <= 1e-18 * sum[0])
			break;
		w = to;
	}
}

double
IcmDecay(double A, double e1, double b, double e2, double h)
{
	Decay		decay = {A, e1, b, e2, fmin(A, b)};
	double		sum[5];

	IntegrateDecay(&decay, h, sum);
	return sum[0];
}

/* log rho by the integral */
static double
IntegrateTail(double k, double A, double s, double b, double *slope)
{
	Decay		decay = {A, k, b, s + 1.0, fmin(A, b)};
	double		sum[5];

	IntegrateDecay(&decay, INFINITY, sum);
	if (slope != NULL)
	{
		slope[0] = -sum[1] / sum[0];
		slope[1] = k * sum[3] / sum[0];
		slope[2] = 1.0 / s - sum[2] / sum[0];
		slope[3] = (s + 1.0) * sum[4] / sum[0] - 1.0 / b;
	}
	return log(s / b * sum[0]);
}

/* ---- the series -------------------------------------------------------------- */

/* 2F1(e, 1; c; z) and its derivatives by e, c and z. */
typedef struct Hyper
{
	double		e,
				c,
				z,
				complement;		/* 1 - z */
	double		value;
	double		by_e,
				by_c,
				by_z;
} Hyper;

static int
SumSeries(Hyper *hyper, int derivatives)
{
	double		e = hyper->e,
				c = hyper->c,
				z = hyper->z;
	double		term = 1.0,		/* (e)_n / (c)_n z^n */
				term_z = 1.0,	/* the same with z^(n-1) */
				sum_e = 0.0,	/* of 1 / (e + j), j < n */
				sum_c = 0.0;

	hyper->value = 1.0;
	hyper->by_e = hyper->by_c = hyper->by_z = 0.0;
	for (int n = 0; n < TERMS_MAX; n++)
	{
		double		ratio = (e + n) / (c + n);

		if (derivatives)
		{
			term_z = term * ratio;
			sum_e += 1.0 / (e + n);
			sum_c += 1.0 / (c + n);
			term = term_z * z;
			hyper->by_e += term * sum_e;
			hyper->by_c -= term * sum_c;
			hyper->by_z += term_z * (n + 1);
		}
		else
			term *= ratio * z;
		hyper->value += term;
		/* the ratio of terms tends to z from below or above; what is left is a geometric series */
		if (term * fmax(z, ratio * z) <= 1e-16 * hyper->complement * hyper->value)
			return 1;
	}
	return 0;
}

double
IcmLogTail(double k, double alpha, double s, double beta, double t, double *slope)
{
	double		a = alpha + t,
				b = beta + t,
				K = k + s;
	int			alpha_larger = a >= b;
	double		M = alpha_larger ? a : b,
				m = alpha_larger ? b : a;
	Hyper		hyper = {.e = alpha_larger ? k : s + 1.0,.c = K + 1.0,.z = (M - m) / M,.complement = m / M};
	double		by_k,
				by_s,
				by_M,
				by_m;

	if (hyper.z > Z_MAX || !SumSeries(&hyper, slope != NULL))
		return IntegrateTail(k, a, s, b, slope);
	if (slope != NULL)
	{
		by_k = hyper.by_c / hyper.value - 1.0 / K;
		by_s = by_k + 1.0 / s;
		*(alpha_larger ? &by_k : &by_s) += hyper.by_e / hyper.value;
		by_M = hyper.by_z / hyper.value * m / (M * M);
		by_m = -hyper.by_z / hyper.value / M;
		if (!alpha_larger)
		{
			by_m += 1.0 / a;
			by_M -= 1.0 / b;
		}
		slope[0] = by_k;
		slope[1] = alpha_larger ? by_M : by_m;
		slope[2] = by_s;
		slope[3] = alpha_larger ? by_m : by_M;
	}
	return log(s / K * (alpha_larger ? 1.0 : a / b) * hyper.value);
}
