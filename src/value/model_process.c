/*
 * model_process.c
 *		Likelihood and fit of BG/NBD, MBG/NBD and Pareto/NBD.
 *
 * What depends on x alone is computed once for each x, what depends on x and a
 * time (t_x or t) once for each such pair, and what depends on all three once
 * for each distinct history: for a million customers whose days are whole that
 * is some 300,000 histories, 20,000 pairs and 50 numbers x. The inner loop has
 * one exp() and one log() a history. The search for the maximum begins with
 * every sixteenth history; what it finds is so near that a few steps with all of
 * them do.
 */
#include <math.h>
#include <string.h>

#include "math/points.h"
#include "math/special.h"
#include "value/model_fit.h"
#include "value/model_tail.h"

/* A time that histories of one x have as t_x or as t. */
typedef struct Pair
{
	double		time;
	double		log_alpha;		/* log(alpha + time) */
	double		inverse;		/* 1 / (alpha + time) */
	/* Pareto/NBD only */
	double		log_alive;		/* k log(alpha+time) + s log(beta+time) */
	double		log_beta;
	double		inverse_beta;
	double		log_tail;		/* see model_tail.h */
	double		tail;
	double		slope[4];		/* of log_tail */
} Pair;

typedef struct Line
{
	int32_t		t_x;			/* index of the pair */
	int32_t		t;
	double		weight;
} Line;

/* The histories of one x. */
typedef struct Block
{
	double		x;
	double		weight;
	size_t		line,
				lines;			/* its lines: line, line + 1, ... */
	size_t		pair,
				pairs;
} Block;

typedef struct Data
{
	IcmProcess	process;
	Block	   *block;
	size_t		blocks;
	size_t		lines;
	Line	   *line;
	Pair	   *pair;
	size_t		stride;			/* every stride-th line is looked at */
	double		weight;			/* customers of these lines */
	double		unit;			/* what times were divided by */
	const IcmFitHost *host;
} Data;

/* ---- preparing the data ------------------------------------------------------ */

/* A copy of the histories, those of each x side by side, x ascending: by counting, as x is bounded. */
static IcmHistory *
SortByX(const IcmHistory *history, size_t n, const IcmFitHost *host)
{
	IcmHistory *sorted = host->alloc(n * sizeof(IcmHistory));
	int32_t		largest = 0;
	size_t	   *next;

	for (size_t i = 0; i < n; i++)
		if (history[i].x > largest)
			largest = history[i].x;
	next = host->alloc((largest + 2) * sizeof(size_t));
	memset(next, 0, (largest + 2) * sizeof(size_t));
	for (size_t i = 0; i < n; i++)
		next[history[i].x + 1]++;
	for (int32_t x = 0; x <= largest; x++)
		next[x + 1] += next[x];
	for (size_t i = 0; i < n; i++)
		sorted[next[history[i].x]++] = history[i];
	host->release(next);
	return sorted;
}

/* Index of a time among a block's pairs, which has it. */
static int32_t
FindPair(const double *pair, size_t n, double time)
{
	size_t		low = 0,
				high = n;

	while (high - low > 1)
	{
		size_t		middle = low + (high - low) / 2;

		if (pair[middle] <= time)
			low = middle;
		else
			high = middle;
	}
	return (int32_t) low;
}

/* Memory that is used for one block after the other; and the times of all pairs. */
typedef struct Scratch
{
	double	   *times;
	double	   *sorting;
	Line	   *line;
	size_t	   *next;
	double	   *time;
} Scratch;

/* The times of the block's pairs, ascending, from scratch->time[block->pair] on. */
static void
MakePairs(const Data *data, Block *block, const IcmHistory *history, const Scratch *scratch)
{
	double	   *pair = scratch->time + block->pair;
	double	   *times = scratch->times;
	size_t		n = 0;

	for (size_t i = 0; i < block->lines; i++)
	{
		times[n++] = history[i].t_x / data->unit;
		times[n++] = history[i].t / data->unit;
	}
	IcmSortDoubles(times, scratch->sorting, n, data->host->poll);
	block->pairs = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || times[i] != times[i - 1])
			pair[block->pairs++] = times[i];
}

/* Put lines into the order of t_x, or of t, without changing it among equals. */
static void
CountLines(const Line *from, Line *to, size_t n, size_t pairs, int by_t, size_t *next)
{
	memset(next, 0, (pairs + 1) * sizeof(size_t));
	for (size_t i = 0; i < n; i++)
		next[(by_t ? from[i].t : from[i].t_x) + 1]++;
	for (size_t i = 0; i < pairs; i++)
		next[i + 1] += next[i];
	for (size_t i = 0; i < n; i++)
		to[next[by_t ? from[i].t : from[i].t_x]++] = from[i];
}

/* The block's lines in the order of t and t_x, equal ones joined. */
static void
MakeLines(Data *data, Block *block, const IcmHistory *history, const Scratch *scratch)
{
	const double *pair = scratch->time + block->pair;
	Line	   *line = data->line + block->line;
	size_t		kept = 0;

	for (size_t i = 0; i < block->lines; i++)
		line[i] = (Line) {FindPair(pair, block->pairs, history[i].t_x / data->unit),
			FindPair(pair, block->pairs, history[i].t / data->unit), (double) history[i].weight};
	CountLines(line, scratch->line, block->lines, block->pairs, 0, scratch->next);
	CountLines(scratch->line, line, block->lines, block->pairs, 1, scratch->next);
	for (size_t i = 1; i < block->lines; i++)
	{
		if (line[i].t == line[kept].t && line[i].t_x == line[kept].t_x)
			line[kept].weight += line[i].weight;
		else
			line[++kept] = line[i];
	}
	block->lines = kept + 1;
}

/* A power of two near the longest time: dividing by it rounds nothing. */
static double
TimeUnit(const IcmHistory *history, size_t n)
{
	double		largest = 0.0;
	int			exponent;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, history[i].t);
	(void) frexp(largest, &exponent);
	return largest > 0.0 ? ldexp(1.0, exponent - 1) : 1.0;
}

static void
Prepare(Data *data, const IcmHistory *history, size_t n)
{
	const IcmFitHost *host = data->host;
	IcmHistory *sorted = SortByX(history, n, host);
	Scratch		scratch = {
		host->alloc(2 * n * sizeof(double)), host->alloc(2 * n * sizeof(double)),
		host->alloc(n * sizeof(Line)), host->alloc((2 * n + 1) * sizeof(size_t)),
		host->alloc(2 * n * sizeof(double))
	};
	size_t		lines = 0,
				pairs = 0;

	data->line = host->alloc(n * sizeof(Line));
	data->blocks = 0;
	for (size_t i = 0; i < n; i++)
		data->blocks += i == 0 || sorted[i].x != sorted[i - 1].x;
	data->block = host->alloc(data->blocks * sizeof(Block));
	data->blocks = 0;
	for (size_t i = 0, next; i < n; i = next)
	{
		Block	   *block = &data->block[data->blocks++];

		for (next = i; next < n && sorted[next].x == sorted[i].x; next++)
			;
		*block = (Block) {.x = sorted[i].x,.line = lines,.lines = next - i,.pair = pairs};
		MakePairs(data, block, sorted + i, &scratch);
		MakeLines(data, block, sorted + i, &scratch);
		lines += block->lines;
		pairs += block->pairs;
	}
	data->lines = lines;
	host->release(sorted);
	host->release(scratch.times);
	host->release(scratch.sorting);
	host->release(scratch.line);
	host->release(scratch.next);
	data->pair = host->alloc(pairs * sizeof(Pair));
	for (size_t i = 0; i < pairs; i++)
		data->pair[i].time = scratch.time[i];
	host->release(scratch.time);
}

/* The first of a block's lines to be looked at. */
static size_t
FirstLine(const Data *data, const Block *block)
{
	return (data->stride - block->line % data->stride) % data->stride;
}

static void
SetStride(Data *data, size_t stride)
{
	data->stride = stride;
	data->weight = 0.0;
	for (size_t b = 0; b < data->blocks; b++)
	{
		Block	   *block = &data->block[b];

		block->weight = 0.0;
		for (size_t i = FirstLine(data, block); i < block->lines; i += stride)
			block->weight += data->line[block->line + i].weight;
		data->weight += block->weight;
	}
}

static void
Release(Data *data)
{
	data->host->release(data->line);
	data->host->release(data->pair);
	data->host->release(data->block);
}

/* ---- BG/NBD and MBG/NBD ------------------------------------------------------ */

/*
 * Log-likelihood of a history (Fader, Hardie, Lee 2005, equation 6), with
 * k = r + x and b' = b (MBG/NBD: b + 1):
 *		log G(k)/G(r) + r log(alpha) + log B(a, b'+x)/B(a, b) - k log(alpha+t)
 *		+ log(1 + exp(w)),  w = log(a / (b'+x-1)) + k log((alpha+t)/(alpha+t_x))
 * where the last term is left out for x = 0, unless a first purchase can be
 * followed by death. The sums are over the customers of one x.
 */
typedef struct BgSums
{
	double		odds;			/* of log(1 + exp(w)) */
	double		dead;			/* of exp(w) / (1 + exp(w)), the probability of being dead */
	double		dead_log;		/* of dead * log((alpha+t)/(alpha+t_x)) */
	double		dead_inverse;	/* of dead * (1/(alpha+t) - 1/(alpha+t_x)) */
	double		log;			/* of log(alpha+t) */
	double		inverse;		/* of 1/(alpha+t) */
} BgSums;

static void
PreparePairs(Data *data, double alpha)
{
	for (size_t b = 0; b < data->blocks; b++)
	{
		Pair	   *pair = data->pair + data->block[b].pair;

		for (size_t i = 0; i < data->block[b].pairs; i++)
		{
			pair[i].log_alpha = log(alpha + pair[i].time);
			pair[i].inverse = 1.0 / (alpha + pair[i].time);
		}
	}
}

static BgSums
SumBlock(const Data *data, const Block *block, double k, double log_odds, int can_be_dead)
{
	const Line *line = data->line + block->line;
	const Pair *pair = data->pair + block->pair;
	BgSums		sums = {0};

	for (size_t i = FirstLine(data, block); i < block->lines; i += data->stride)
	{
		const Pair *t = &pair[line[i].t],
				   *t_x = &pair[line[i].t_x];
		double		weight = line[i].weight;

		sums.log += weight * t->log_alpha;
		sums.inverse += weight * t->inverse;
		if (can_be_dead)
		{
			double		ratio = t->log_alpha - t_x->log_alpha;
			double		dead;

			sums.odds += weight * IcmSoftplus(log_odds + k * ratio, &dead);
			dead *= weight;
			sums.dead += dead;
			sums.dead_log += dead * ratio;
			sums.dead_inverse += dead * (t->inverse - t_x->inverse);
		}
	}
	return sums;
}

static double
BgLikelihood(const double *log_param, double *gradient, void *arg)
{
	Data	   *data = arg;
	double		r = exp(log_param[0]),
				alpha = exp(log_param[1]),
				a = exp(log_param[2]),
				b = exp(log_param[3]),
				first = data->process == ICM_MBGNBD ? 1.0 : 0.0;
	double		sum = 0.0,
				by_r = 0.0,
				by_alpha = 0.0,
				by_a = 0.0,
				by_b = 0.0;
	double		log_gamma_r = lgamma(r),
				digamma_r = IcmDigamma(r),
				ratio_b = IcmLogGammaRatio(b, a),
				digamma_b = IcmDigamma(b),
				digamma_ab = IcmDigamma(a + b);

	PreparePairs(data, alpha);
	for (size_t i = 0; i < data->blocks; i++)
	{
		const Block *block = &data->block[i];
		double		w = block->weight,
					k = r + block->x,
					B = b + block->x + first;
		double		digamma_B = IcmDigamma(a + B);
		int			can_be_dead = block->x > 0.0 || first > 0.0;
		BgSums		sums = SumBlock(data, block, k, can_be_dead ? log(a / (B - 1.0)) : 0.0, can_be_dead);

		data->host->poll();
		sum += w * (lgamma(k) - log_gamma_r + r * log_param[1] + IcmLogGammaRatio(B, a) - ratio_b) -
			k * sums.log + sums.odds;
		by_r += w * (IcmDigamma(k) - digamma_r + log_param[1]) - sums.log + sums.dead_log;
		by_alpha += w * r / alpha - k * sums.inverse + k * sums.dead_inverse;
		by_a += w * (digamma_ab - digamma_B) + sums.dead / a;
		by_b += w * (IcmDigamma(B) - digamma_B - digamma_b + digamma_ab);
		if (can_be_dead)
			by_b -= sums.dead / (B - 1.0);
	}
	gradient[0] = -by_r * r / data->weight;
	gradient[1] = -by_alpha * alpha / data->weight;
	gradient[2] = -by_a * a / data->weight;
	gradient[3] = -by_b * b / data->weight;
	return -sum / data->weight;
}

/* ---- Pareto/NBD -------------------------------------------------------------- */

/*
 * Log-likelihood of a history (Fader & Hardie 2005, "A note on deriving the
 * Pareto/NBD model", equation 16), with k = r + x and the tail of model_tail.h:
 *		log G(k)/G(r) + r log(alpha) + s log(beta) - g(t)
 *		+ log(1 + exp(g(t) - g(t_x)) tail(t_x) - tail(t)),
 *		g(u) = k log(alpha+u) + s log(beta+u)
 */
static void
PrepareParetoPairs(const Data *data, const Block *block, double k, double alpha, double s, double beta)
{
	Pair	   *pair = data->pair + block->pair;

	for (size_t i = 0; i < block->pairs; i++)
	{
		Pair	   *p = &pair[i];

		p->log_alpha = log(alpha + p->time);
		p->log_beta = log(beta + p->time);
		p->inverse = 1.0 / (alpha + p->time);
		p->inverse_beta = 1.0 / (beta + p->time);
		p->log_alive = k * p->log_alpha + s * p->log_beta;
		p->log_tail = IcmLogTail(k, alpha, s, beta, p->time, p->slope);
		p->tail = exp(p->log_tail);
	}
}

/*
 * Add log(1 + odds) - g(t) of the block's lines, and its derivatives by k,
 * alpha, s and beta.
 */
static double
SumParetoBlock(const Data *data, const Block *block, double k, double s, double *slope)
{
	const Line *line = data->line + block->line;
	const Pair *pair = data->pair + block->pair;
	double		sum = 0.0;

	for (size_t i = FirstLine(data, block); i < block->lines; i += data->stride)
	{
		const Pair *t = &pair[line[i].t],
				   *t_x = &pair[line[i].t_x];
		double		weight = line[i].weight;
		double		w = t->log_alive - t_x->log_alive + t_x->log_tail;
		double		e = exp(-fabs(w)),
					one = w > 0.0 ? e : 1.0,	/* 1, all divided by max(1, exp(w)) */
					grown = w > 0.0 ? 1.0 : e,
					total = one + grown - one * t->tail;
		double		dead = weight * grown / total,
					end = weight * one * t->tail / total;

		sum += weight * ((w > 0.0 ? w : 0.0) + log(total) - t->log_alive);
		slope[0] += dead * (t->log_alpha - t_x->log_alpha + t_x->slope[0]) - end * t->slope[0] - weight * t->log_alpha;
		slope[1] += dead * (k * (t->inverse - t_x->inverse) + t_x->slope[1]) - end * t->slope[1] - weight * k * t->inverse;
		slope[2] += dead * (t->log_beta - t_x->log_beta + t_x->slope[2]) - end * t->slope[2] - weight * t->log_beta;
		slope[3] += dead * (s * (t->inverse_beta - t_x->inverse_beta) + t_x->slope[3]) - end * t->slope[3] -
			weight * s * t->inverse_beta;
	}
	return sum;
}

static double
ParetoLikelihood(const double *log_param, double *gradient, void *arg)
{
	Data	   *data = arg;
	double		r = exp(log_param[0]),
				alpha = exp(log_param[1]),
				s = exp(log_param[2]),
				beta = exp(log_param[3]);
	double		sum = 0.0,
				slope[4] = {0.0};
	double		log_gamma_r = lgamma(r),
				digamma_r = IcmDigamma(r);

	for (size_t i = 0; i < data->blocks; i++)
	{
		const Block *block = &data->block[i];
		double		w = block->weight,
					k = r + block->x;

		data->host->poll();
		PrepareParetoPairs(data, block, k, alpha, s, beta);
		sum += w * (lgamma(k) - log_gamma_r + r * log_param[1] + s * log_param[3]) +
			SumParetoBlock(data, block, k, s, slope);
		slope[0] += w * (IcmDigamma(k) - digamma_r + log_param[1]);
		slope[1] += w * r / alpha;
		slope[2] += w * log_param[3];
		slope[3] += w * s / beta;
	}
	gradient[0] = -slope[0] * r / data->weight;
	gradient[1] = -slope[1] * alpha / data->weight;
	gradient[2] = -slope[2] * s / data->weight;
	gradient[3] = -slope[3] * beta / data->weight;
	return -sum / data->weight;
}

/* ---- fit --------------------------------------------------------------------- */

/*
 * Starts: the mean purchase rate (so alpha follows from r), with much and
 * little difference between customers, and with much and little death.
 */
static void
MakeStarts(double rate, double start[3][4])
{
	static const double shape[3][3] = {{1.0, 1.0, 3.0}, {0.3, 0.5, 1.0}, {5.0, 2.0, 2.0}};

	for (int i = 0; i < 3; i++)
	{
		start[i][0] = log(shape[i][0]);
		start[i][1] = log(shape[i][0] / rate);
		start[i][2] = log(shape[i][1]);
		start[i][3] = log(shape[i][2]);
	}
}

/* From this many histories on the search begins with some of them. */
#define MANY_LINES 20000
#define STRIDE 16

/* As IcmFitMaximum() with all the data, having looked at every STRIDE-th history before, if there are many. */
static IcmFitFault
FitInTwoSteps(Data *data, IcmLikelihood likelihood, double start[3][4], IcmEstimate *estimate,
			  double *log_param, int *which)
{
	if (data->lines >= MANY_LINES)
	{
		double		guess[ICM_COVARIANCE_MAX];
		double		near[4];
		IcmFitFault fault;

		SetStride(data, STRIDE);
		fault = IcmFitMaximum(likelihood, data, 4, data->weight, start[0], 3, NULL, data->host,
							  estimate, near, which);
		for (int i = 0; i < ICM_COVARIANCE_MAX; i++)
			guess[i] = estimate->cov[i] * data->weight;
		SetStride(data, 1);
		if (fault == ICM_FIT_OK &&
			IcmFitMaximum(likelihood, data, 4, data->weight, near, 1, guess, data->host,
						  estimate, log_param, which) == ICM_FIT_OK)
			return ICM_FIT_OK;
	}
	SetStride(data, 1);
	return IcmFitMaximum(likelihood, data, 4, data->weight, start[0], 3, NULL, data->host,
						 estimate, log_param, which);
}

IcmFitFault
IcmFitProcess(IcmProcess process, const IcmHistory *history, size_t n,
			  const IcmFitHost *host, IcmEstimate *estimate, int *which)
{
	Data		data = {.process = process,.unit = TimeUnit(history, n),.host = host};
	double		start[3][4],
				log_param[4];
	double		repeaters = 0.0,
				purchases = 0.0;
	IcmFitFault fault;

	memset(estimate, 0, sizeof(*estimate));
	for (size_t i = 0; i < n; i++)
	{
		estimate->customers += history[i].weight;
		repeaters += history[i].x > 0 ? (double) history[i].weight : 0.0;
		purchases += (double) history[i].weight * history[i].x;
	}
	if (repeaters < ICM_REPEATERS_MIN)
		return ICM_FIT_TOO_FEW;

	Prepare(&data, history, n);
	MakeStarts(purchases / (double) estimate->customers, start);
	fault = FitInTwoSteps(&data, process == ICM_PARETONBD ? ParetoLikelihood : BgLikelihood, start,
						  estimate, log_param, which);
	Release(&data);

	estimate->loglik -= purchases * log(data.unit);
	for (int i = 0; i < 4; i++)
		estimate->param[i] = exp(log_param[i]);
	estimate->param[1] *= data.unit;
	if (process == ICM_PARETONBD)
		estimate->param[3] *= data.unit;
	return fault;
}
