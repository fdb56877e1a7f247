/*
 * model_spend.c
 *		Likelihood and fit of the Gamma-Gamma model of spend.
 *
 * Log-likelihood of a customer with x repeat purchases of mean m (Fader, Hardie
 * 2013, note 025, equation 1a), in S = x m:
 *		log G(px+q)/(G(px) G(q)) + q log(gamma) + p x log(S) - log(m)
 *		- (px+q) log(gamma + S)
 * For all customers of one x that needs the sums of log(S), log(gamma + S) and
 * 1 / (gamma + S), of which only the last two depend on a parameter; the sum
 * of logarithms is taken as the logarithm of products. So a million customers
 * cost a few milliseconds a step.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/points.h"
#include "math/special.h"
#include "value/model_fit.h"

/* The customers of one x. */
typedef struct Block
{
	double		x;
	size_t		first,			/* of their totals */
				n;
	double		sum_log;		/* of log(S) */
} Block;

typedef struct Data
{
	Block	   *block;
	size_t		blocks;
	double	   *total;			/* S, scaled: see MoneyUnit() */
	size_t		n;
	const IcmFitHost *host;
} Data;

/* ---- preparing the data ------------------------------------------------------ */

static int
CompareSpends(const void *a, const void *b)
{
	const IcmSpend *s = a,
			   *t = b;

	if (s->x != t->x)
		return s->x < t->x ? -1 : 1;
	return (s->m > t->m) - (s->m < t->m);
}

/* x is small as a rule: then sort by counting, and the totals of each x as doubles. */
#define COUNTED_MAX 65536

static int32_t
LargestX(const IcmSpend *spend, size_t n)
{
	int32_t		largest = 0;

	for (size_t i = 0; i < n; i++)
		if (spend[i].x > largest)
			largest = spend[i].x;
	return largest;
}

/* Put the totals of each x side by side, in any order. */
static void
DistributeTotals(Data *data, const IcmSpend *spend, int32_t largest, double unit)
{
	size_t	   *next = data->host->alloc((largest + 2) * sizeof(size_t));

	memset(next, 0, (largest + 2) * sizeof(size_t));
	for (size_t i = 0; i < data->n; i++)
		next[spend[i].x + 1]++;
	for (int32_t x = 0; x <= largest; x++)
		next[x + 1] += next[x];
	data->blocks = 0;
	for (int32_t x = 1; x <= largest; x++)
		if (next[x + 1] > next[x])
			data->block[data->blocks++] = (Block) {x, next[x], next[x + 1] - next[x], 0.0};
	for (size_t i = 0; i < data->n; i++)
		data->total[next[spend[i].x]++] = spend[i].m / unit * spend[i].x;
	data->host->release(next);
}

static void
SortTotals(Data *data, IcmSpend *spend, double unit)
{
	qsort(spend, data->n, sizeof(IcmSpend), CompareSpends);
	data->blocks = 0;
	for (size_t i = 0, next; i < data->n; i = next)
	{
		for (next = i; next < data->n && spend[next].x == spend[i].x; next++)
			data->total[next] = spend[next].m / unit * spend[next].x;
		data->block[data->blocks++] = (Block) {spend[i].x, i, next - i, 0.0};
	}
}

/*
 * Sum of log(base + value) over n values, as logarithms of products of eight; values so large
 * or small that a product may leave the range are taken one by one.
 */
static double
SumLogs(const double *value, size_t n, double base)
{
	double		sum = 0.0;
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
	{
		const double *v = value + i;
		double		product = ((base + v[0]) * (base + v[1])) * ((base + v[2]) * (base + v[3])) *
			(((base + v[4]) * (base + v[5])) * ((base + v[6]) * (base + v[7])));

		if (product > 1e-290 && product < 1e290)
			sum += log(product);
		else
			for (int j = 0; j < 8; j++)
				sum += log(base + v[j]);
	}
	for (; i < n; i++)
		sum += log(base + value[i]);
	return sum;
}

/* The totals of each x are sorted, so that the sums do not depend on the order of the rows. */
static void
Prepare(Data *data, IcmSpend *spend, double unit)
{
	const IcmFitHost *host = data->host;
	int32_t		largest = LargestX(spend, data->n);
	double	   *scratch = host->alloc(data->n * sizeof(double));

	data->total = host->alloc(data->n * sizeof(double));
	data->block = host->alloc((largest <= COUNTED_MAX ? (size_t) largest : data->n) * sizeof(Block));
	if (largest <= COUNTED_MAX)
		DistributeTotals(data, spend, largest, unit);
	else
		SortTotals(data, spend, unit);
	for (size_t i = 0; i < data->blocks; i++)
	{
		Block	   *block = &data->block[i];

		IcmSortDoubles(data->total + block->first, scratch, block->n, host->poll);
		block->sum_log = SumLogs(data->total + block->first, block->n, 0.0);
	}
	host->release(scratch);
}

/* ---- likelihood -------------------------------------------------------------- */

static double
SumInverses(const double *value, size_t n, double base)
{
	double		sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += 1.0 / (base + value[i]);
	return sum;
}

static double
SpendLikelihood(const double *log_param, double *gradient, void *arg)
{
	Data	   *data = arg;
	double		p = exp(log_param[0]),
				q = exp(log_param[1]),
				gamma = exp(log_param[2]);
	double		sum = 0.0,
				by_p = 0.0,
				by_q = 0.0,
				by_gamma = 0.0;
	double		log_gamma_q = lgamma(q),
				digamma_q = IcmDigamma(q);

	for (size_t i = 0; i < data->blocks; i++)
	{
		const Block *block = &data->block[i];
		const double *total = data->total + block->first;
		double		n = block->n,
					px = p * block->x,
					k = px + q;
		double		logs = SumLogs(total, block->n, gamma);
		double		digamma_k = IcmDigamma(k);

		data->host->poll();
		sum += n * (lgamma(k) - lgamma(px) - log_gamma_q + q * log_param[2]) + px * block->sum_log - k * logs;
		by_p += block->x * (n * (digamma_k - IcmDigamma(px)) + block->sum_log - logs);
		by_q += n * (digamma_k - digamma_q + log_param[2]) - logs;
		by_gamma += n * q / gamma - k * SumInverses(total, block->n, gamma);
	}
	gradient[0] = -by_p * p / data->n;
	gradient[1] = -by_q * q / data->n;
	gradient[2] = -by_gamma * gamma / data->n;
	return -sum / data->n;
}

/* ---- fit --------------------------------------------------------------------- */

/* A power of two near the middle of the amounts: dividing by it rounds nothing. */
static double
MoneyUnit(const IcmSpend *spend, size_t n)
{
	double		exponents = 0.0;

	for (size_t i = 0; i < n; i++)
		exponents += ilogb(spend[i].m);
	return ldexp(1.0, (int) rint(exponents / n));
}

/* Sum of log(m), which depends on no parameter: log(S) less log(x). */
static double
SumLogMeans(const Data *data)
{
	double		sum = 0.0;

	for (size_t i = 0; i < data->blocks; i++)
		sum += data->block[i].sum_log - data->block[i].n * log(data->block[i].x);
	return sum;
}

IcmFitFault
IcmFitSpend(IcmSpend *spend, size_t n, const IcmFitHost *host, IcmEstimate *estimate, int *which)
{
	static const double start[3][3] = {{1.0, 1.0, 1.0}, {2.0, 1.0, -1.0}, {0.0, 2.0, 2.0}};
	Data		data = {.n = n,.host = host};
	double		log_param[3];
	double		unit;
	IcmFitFault fault;

	memset(estimate, 0, sizeof(*estimate));
	estimate->customers = n;
	if (n < ICM_REPEATERS_MIN)
		return ICM_FIT_TOO_FEW;
	unit = MoneyUnit(spend, n);
	Prepare(&data, spend, unit);
	fault = IcmFitMaximum(SpendLikelihood, &data, 3, n, start[0], 3, NULL, host, estimate, log_param, which);
	if (fault == ICM_FIT_OK)
		estimate->loglik -= SumLogMeans(&data) + n * log(unit);
	host->release(data.total);
	host->release(data.block);
	for (int i = 0; i < 3; i++)
		estimate->param[i] = exp(log_param[i]);
	estimate->param[2] *= unit;
	return fault == ICM_FIT_OK && estimate->param[1] <= 1.0 ? ICM_FIT_NO_MEAN : fault;
}
