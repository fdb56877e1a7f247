/*
 * model_answer.c
 *		What a fitted process says of one customer; see answer.h.
 *
 * Given that a customer is alive at t after x repeat purchases, with
 * k = r + x and A = alpha + t (all of it in the papers named in model.h):
 *
 * - the purchase rate while alive is Gamma(k, A);
 * - BG/NBD: p, the chance of dying after a purchase, is Beta(a, B) with
 *   B = b + x; MBG/NBD: B = b + x + 1; both independent of the rate;
 * - Pareto/NBD: the rate of dying is Gamma(s, beta + t).
 *
 * All that is asked is a mean over these. With y = u/A the expected purchase
 * rate at a time u later is k/A * E[(1 + p y)^-(k+1)], or for the Pareto/NBD
 * k/A * (1 + u/(beta+t))^-s.
 */
#include <math.h>
#include <stddef.h>

#include "math/integrate.h"
#include "math/special.h"
#include "value/answer.h"
#include "value/model_tail.h"

typedef struct Alive
{
	IcmProcess	process;
	double		k;
	double		A;
	double		a,				/* BG/NBD, MBG/NBD */
				B;
	double		s,				/* Pareto/NBD */
				b;				/* beta + t */
} Alive;

static Alive
Condition(IcmProcess process, const double *param, double x, double t)
{
	Alive		alive = {.process = process,.k = param[0] + x,.A = param[1] + t};

	alive.a = alive.s = param[2];
	alive.B = param[3] + x + (process == ICM_MBGNBD ? 1.0 : 0.0);
	alive.b = param[3] + t;
	return alive;
}

/* ---- alive or not ----------------------------------------------------------- */

/* Odds of being dead; the Pareto/NBD's as an integral, without cancellation. */
static double
DeadOdds(IcmProcess process, const double *param, double x, double t_x, double t)
{
	double		k = param[0] + x,
				A = param[1] + t_x,
				s = param[2],
				b = param[3] + t_x;
	double		growth = k * log((param[1] + t) / A);

	if (process == ICM_PARETONBD)
		return s / b * exp(growth + s * log1p((t - t_x) / b)) * IcmDecay(A, k, b, s + 1.0, t - t_x);
	if (process == ICM_MBGNBD)
		return param[2] / (param[3] + x) * exp(growth);
	return x > 0.0 ? param[2] / (param[3] + x - 1.0) * exp(growth) : 0.0;
}

/*
 * The Pareto/NBD's odds of being dead are exp(w) - exp(v), where w and v are
 * the log tails at t_x, grown to t, and at t. What the difference rounds off is
 * small against the 1 that is added to it.
 */
static IcmSloped
ParetoAlive(const double *param, double x, double t_x, double t,
			const IcmSloped *at_t_x, const IcmSloped *at_t, int with_slope)
{
	double		k = param[0] + x,
				A = param[1] + t,
				A_x = param[1] + t_x,
				b = param[3] + t,
				b_x = param[3] + t_x;
	double		by_growth[4] = {log(A / A_x), k / A - k / A_x, log(b / b_x), param[2] / b - param[2] / b_x};
	double		w = k * by_growth[0] + param[2] * by_growth[2] + at_t_x->value,
				e = exp(-fabs(w)),
				one = w > 0.0 ? e : 1.0,	/* 1, all divided by max(1, exp(w)) */
				grown = w > 0.0 ? 1.0 : e,
				end = one * exp(at_t->value),
				all = one + fmax(grown - end, 0.0);
	IcmSloped	alive = {.value = one / all};

	for (int i = 0; with_slope && i < 4; i++)
		alive.slope[i] = -param[i] * alive.value / all *
			(grown * (by_growth[i] + at_t_x->slope[i]) - end * at_t->slope[i]);
	return alive;
}

/* The others' log odds have simple slopes; a customer who cannot be dead has none. */
static IcmSloped
BgAlive(IcmProcess process, const double *param, double x, double t_x, double t, int with_slope)
{
	IcmSloped	alive = {.value = 1.0 / (1.0 + DeadOdds(process, param, x, t_x, t))};
	double		factor = -alive.value * (1.0 - alive.value);

	if (!with_slope || factor == 0.0)
		return alive;
	alive.slope[0] = factor * param[0] * log((param[1] + t) / (param[1] + t_x));
	alive.slope[1] = factor * param[1] * (param[0] + x) * (1.0 / (param[1] + t) - 1.0 / (param[1] + t_x));
	alive.slope[2] = factor;
	alive.slope[3] = -factor * param[3] / (param[3] + x - (process == ICM_BGNBD ? 1.0 : 0.0));
	return alive;
}

IcmSloped
IcmAliveSloped(IcmProcess process, const double *param, double x, double t_x, double t,
			   const IcmSloped *at_t_x, const IcmSloped *at_t, int with_slope)
{
	if (process == ICM_PARETONBD)
		return ParetoAlive(param, x, t_x, t, at_t_x, at_t, with_slope);
	return BgAlive(process, param, x, t_x, t, with_slope);
}

double
IcmAlive(IcmProcess process, const double *param, double x, double t_x, double t)
{
	IcmSloped	at_t_x = {0},
				at_t = {0};

	if (process == ICM_PARETONBD)
	{
		at_t_x.value = IcmLogTail(param[0] + x, param[1], param[2], param[3], t_x, NULL);
		at_t.value = IcmLogTail(param[0] + x, param[1], param[2], param[3], t, NULL);
	}
	return IcmAliveSloped(process, param, x, t_x, t, &at_t_x, &at_t, 0).value;
}

double
IcmDead(IcmProcess process, const double *param, double x, double t_x, double t)
{
	double		odds = DeadOdds(process, param, x, t_x, t);

	return isinf(odds) ? 1.0 : odds / (1.0 + odds);
}

/* ---- expected purchases ------------------------------------------------------ */

/* Purchases in the time y (in units of A) of p: (1 - (1 + p y)^-k) / p. */
typedef struct Horizon
{
	double		k;
	double		y;
} Horizon;

static double
PurchasesOfP(double p, double q, const void *arg)
{
	const Horizon *horizon = arg;

	(void) q;
	return -expm1(-horizon->k * log1p(p * horizon->y)) / p;
}

static double
PowerOfP(double p, double q, const void *arg)
{
	const Horizon *horizon = arg;

	(void) q;
	return exp(-horizon->k * log1p(p * horizon->y));
}

/* Mean of f over p, whichever of the two above it is. */
static double
MeanOverP(const Alive *alive, IcmBetaFunction f, double k, double y)
{
	Horizon		horizon = {k, y};

	return IcmBetaMean(alive->a, alive->B, f, &horizon, (k + 1.0) * y, k + 1.0);
}

/* Series are summed up to here; beyond, they take longer than a quadrature does. */
#define TERMS_MAX 400
#define Z_MAX 0.93

/*
 * BG/NBD: c * [ -expm1(e L)/e - exp(e L) G ] with e = a - 1, c = a + B - 1,
 * d = c - k, z = y/(1+y), L = log(1-z), and
 * c G = sum over n >= 1 of (a)_(n-1) (d)_n / ((c+1)_(n-1) n!) z^n:
 * Euler's transformation of the textbook's 2F1, where x stands in c alone.
 * Where the series alternates or is long, or the bracket cancels (p is small
 * and k is too), the mean over p is taken directly: a sum of positive terms.
 */
static double
PurchasesBySeries(const Alive *alive, double y, int *done)
{
	double		e = alive->a - 1.0,
				c = alive->a + alive->B - 1.0,
				d = c - alive->k,
				z = y / (1.0 + y),
				L = -log1p(y);
	double		term,
				sum,
				first,
				last;
	int			n;

	*done = 0;
	if (d < -1.0 || z > Z_MAX)
		return 0.0;
	term = sum = d * z;
	for (n = 1; n < TERMS_MAX; n++)
	{
		term *= (alive->a + n - 1.0) * (d + n) * z / ((c + n) * (n + 1.0));
		sum += term;
		if (fabs(term) <= 1e-17 * fabs(sum))
			break;
	}
	first = c * (e == 0.0 ? -L : -expm1(e * L) / e);
	last = exp(e * L) * sum;
	*done = n < TERMS_MAX && first - last > 0.003 * (fabs(first) + fabs(last));
	return first - last;
}

static double
BgPurchases(const Alive *alive, double y)
{
	int			done;
	double		purchases = PurchasesBySeries(alive, y, &done);

	return done ? purchases : MeanOverP(alive, PurchasesOfP, alive->k, y);
}

static double
Infinite(const Alive *alive)
{
	if (alive->process == ICM_PARETONBD)
		return alive->s > 1.0 ? alive->k / alive->A * alive->b / (alive->s - 1.0) : INFINITY;
	return alive->a > 1.0 ? (alive->a + alive->B - 1.0) / (alive->a - 1.0) : INFINITY;
}

int
IcmHasResidual(IcmProcess process, const double *param)
{
	(void) process;
	return param[2] > 1.0;		/* s, or a */
}

double
IcmAlivePurchases(IcmProcess process, const double *param, double x, double t, double horizon)
{
	Alive		alive = Condition(process, param, x, t);
	double		L,
				e = alive.s - 1.0;

	if (isinf(horizon))
		return Infinite(&alive);
	if (process != ICM_PARETONBD)
		return BgPurchases(&alive, horizon / alive.A);
	L = log1p(horizon / alive.b);
	return alive.k / alive.A * alive.b * (e == 0.0 ? L : -expm1(-e * L) / e);
}

/* ---- discounted -------------------------------------------------------------- */

/* E[(1 + p y)^-(k+1)] = (1+y)^-a 2F1(a, D; a+B; z), D = a + B - k - 1, by Pfaff. */
static double
MeanRate(const Alive *alive, double y)
{
	double		c = alive->a + alive->B,
				D = c - alive->k - 1.0,
				z = y / (1.0 + y),
				term = 1.0,
				sum = 1.0;

	if (D >= -1.0 && z <= Z_MAX)
		for (int n = 0; n < TERMS_MAX; n++)
		{
			term *= (alive->a + n) * (D + n) * z / ((c + n) * (n + 1.0));
			sum += term;
			if (fabs(term) <= 1e-17 * sum)
				return exp(-alive->a * log1p(y)) * sum;
		}
	return MeanOverP(alive, PowerOfP, alive->k + 1.0, y);
}

typedef struct Discounted
{
	Alive		alive;
	double		delta;
} Discounted;

/* The discounted purchase rate in w, u = A (exp(w) - 1), or b for the Pareto/NBD. */
static void
DiscountedRate(double w, const void *arg, double *value)
{
	const Discounted *discounted = arg;
	const Alive *alive = &discounted->alive;
	double		y = expm1(w);

	if (alive->process == ICM_PARETONBD)
		*value = alive->k / alive->A * alive->b * exp(w - alive->s * w - discounted->delta * alive->b * y);
	else
		*value = alive->k * exp(w - discounted->delta * alive->A * y) * MeanRate(alive, y);
}

/*
 * How steeply log DiscountedRate() falls in w, but for the discount: a mean of
 * (1 + p y)^-(k+1) begins with the mean of (k+1) p, and ends as y^-a does.
 */
static double
Fall(const Alive *alive)
{
	if (alive->process == ICM_PARETONBD)
		return alive->s;
	return fmin(fmax(alive->a, (alive->k + 1.0) * alive->a / (alive->a + alive->B)), alive->k + 1.0);
}

/*
 * In panels over which the rate does not fall by much: how steeply it fell in
 * the last one says how wide the next may be, as in one unit of w that grows by
 * a factor of e at most.
 */
double
IcmAliveDiscounted(IcmProcess process, const double *param, double x, double t, double horizon, double delta)
{
	Discounted	discounted = {Condition(process, param, x, t), delta};
	const Alive *alive = &discounted.alive;
	double		unit = process == ICM_PARETONBD ? alive->b : alive->A,
				fall = Fall(alive) + delta * unit;
	double		sum = 0.0,
				rate,
				end;

	if (delta <= 0.0)
		return IcmAlivePurchases(process, param, x, t, horizon);
	end = log1p(fmin(horizon, 50.0 / delta) / unit);	/* beyond, it is discounted to nothing */
	DiscountedRate(0.0, &discounted, &rate);
	for (double w = 0.0; w < end;)
	{
		double		to = fmin(end, w + fmin(1.0, 8.0 / fmax(fall, 1.0))),
					before = sum,
					next;

		IcmGaussPanel(DiscountedRate, &discounted, 1, w, to, &sum);
		DiscountedRate(to, &discounted, &next);
		fall = log(rate / next) / (to - w);
		if (next <= 0.0 || (fall > 1.0 && sum - before <= 1e-18 * sum))
			break;
		rate = next;
		w = to;
	}
	return sum;
}

/* ---- probabilities of a number of purchases ---------------------------------- */

/* E[(1-p)^n] over p ~ Beta(a, B) */
static double
MeanSurvival(const Alive *alive, double n)
{
	return exp(IcmLogGammaRatio(alive->B + n, alive->a) - IcmLogGammaRatio(alive->B, alive->a));
}

/* P(n) of the negative binomial distribution, were the customer never to die. */
static double
NegativeBinomial(const Alive *alive, double n, double z, double complement)
{
	if (n == 0.0)
		return exp(alive->k * log(complement));
	return IcmBetaKernel(z, complement, n, alive->k) / n;
}

/*
 * Pareto/NBD: integrals over the time u of the n-th purchase, or of death, in
 * l = logit(u / (A + u)). With n = 1, 2, ... the negative binomial's weight in l
 * is bell-shaped; see IcmBetaKernel.
 */
typedef struct Counting
{
	Alive		alive;
	double		n;
	int			exactly;
} Counting;

static void
CountingIntegrand(double l, const void *arg, double *value)
{
	const Counting *counting = arg;
	const Alive *alive = &counting->alive;
	double		ratio = exp(l);
	double		u = alive->A * ratio;
	double		kernel = IcmBetaKernel(ratio / (1.0 + ratio), 1.0 / (1.0 + ratio), counting->n, alive->k);
	double		survival = exp(-alive->s * log1p(u / alive->b));

	*value = kernel * survival;
	if (counting->exactly)
		*value *= alive->s * u / (counting->n * (alive->b + u));
}

/* log of the weight at l, but for a constant: n log(v) + k log(1 - v) */
static double
LogWeight(double n, double k, double l)
{
	double		share;

	return n * l - (n + k) * IcmSoftplus(l, &share);
}

/* Where to begin from the right: the horizon, or where the weight is far below what it is at the mode. */
static double
RightEnd(double n, double k, double horizon)
{
	double		mode = log(n / k),
				top = LogWeight(n, k, mode),
				step = fmin(1.0, sqrt((n + k) / (n * k)));

	while (mode + step < horizon && top - LogWeight(n, k, mode + step) < 80.0)
		step *= 1.5;
	return fmin(horizon, mode + step);
}

/* The integral over times up to the horizon, from the right in panels over which the weight does not change much. */
static double
IntegrateCounting(const Counting *counting, double horizon)
{
	const Alive *alive = &counting->alive;
	double		n = counting->n,
				k = alive->k,
				mode = log(n / k),
				width = fmin(1.0, sqrt((n + k) / (n * k))),
				to = RightEnd(n, k, log(horizon / alive->A)),
				end = to - 2000.0,
				sum = 0.0;

	while (to > end)
	{
		double		slope = fabs(n - (n + k) / (1.0 + exp(-to))),
					from = to - fmin(width, 8.0 / fmax(slope, 1.0)),
					before = sum;

		IcmGaussPanel(CountingIntegrand, counting, 1, from, to, &sum);
		to = from;
		if (to < mode && sum - before <= 1e-17 * sum)
			break;
	}
	return sum;
}

double
IcmAliveExactly(IcmProcess process, const double *param, double x, double t, double horizon, double n)
{
	Alive		alive = Condition(process, param, x, t);
	double		z = horizon / (alive.A + horizon),
				complement = alive.A / (alive.A + horizon);
	double		whole = NegativeBinomial(&alive, n, z, complement);

	if (horizon <= 0.0)
		return n == 0.0 ? 1.0 : 0.0;
	if (process == ICM_PARETONBD)
	{
		Counting	counting = {alive, n, 1};
		double		alive_at_end = whole * exp(-alive.s * log1p(horizon / alive.b));

		if (n == 0.0)
			return alive_at_end + alive.s / alive.b * IcmDecay(alive.A, alive.k, alive.b, alive.s + 1.0, horizon);
		return alive_at_end + IntegrateCounting(&counting, horizon);
	}
	if (n == 0.0)
		return whole;
	/* no death in n purchases, and no more of them; or death after the n-th */
	return MeanSurvival(&alive, n) * whole +
		MeanSurvival(&alive, n - 1.0) * alive.a / (alive.a + alive.B + n - 1.0) *
		IcmIncompleteBeta(z, complement, n, alive.k);
}

double
IcmAliveAtLeast(IcmProcess process, const double *param, double x, double t, double horizon, double n)
{
	Alive		alive = Condition(process, param, x, t);
	Counting	counting = {alive, n, 0};

	if (n == 0.0)
		return 1.0;
	if (horizon <= 0.0)
		return 0.0;
	if (process == ICM_PARETONBD)
		return IntegrateCounting(&counting, horizon);
	return MeanSurvival(&alive, n - 1.0) *
		IcmIncompleteBeta(horizon / (alive.A + horizon), alive.A / (alive.A + horizon), n, alive.k);
}

/* ---- spend, and contracts ---------------------------------------------------- */

double
IcmExpectedSpend(const double *spend, double x, double m)
{
	double		all = spend[0] * x + spend[1] - 1.0;

	return spend[0] * (spend[2] / all + m * (x / all));
}

double
IcmSurvival(const double *param, double t)
{
	return exp(IcmLogGammaRatio(param[1] + t, param[0]) - IcmLogGammaRatio(param[1], param[0]));
}

double
IcmRetention(const double *param, double t)
{
	return (param[1] + t - 1.0) / (param[0] + param[1] + t - 1.0);
}

/* (1-theta) (1+d) / (d + theta) renewals to come for a churn probability theta */
static double
RenewalsOfTheta(double theta, double rest, const void *arg)
{
	double		d = *(const double *) arg;

	return rest * (1.0 + d) / (d + theta);
}

double
IcmResidualLifetime(const double *param, double n, double discount)
{
	double		kept = param[1] + n - 1.0;

	if (discount <= 0.0)
		return param[0] > 1.0 ? kept / (param[0] - 1.0) : INFINITY;
	return IcmBetaMean(param[0], kept, RenewalsOfTheta, &discount, 1.0 / discount, 1.0);
}
