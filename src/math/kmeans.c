/*
 * kmeans.c
 *		The best k-means groups of sorted numbers; see kmeans.h.
 *
 * No sums over all points from the first on are kept, as differences of such
 * lose small groups beside huge values. Instead the moments of a range of points
 * are held about a centre near their mean, and handed down from where they were
 * computed: a search starts with the range that all of its candidates have, and
 * adds one point after the other.
 *
 * Where the best group of every j starts is kept as a string of bits for each
 * number of groups: for one j after the other, as many zeros as the start moved
 * up since the last, and a one. As it never moves down, that takes no more than
 * two bits a point.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "math/kmeans.h"

#define WORD_BITS 64
#define CHUNK 32				/* points added before it is seen whether to go on */
#define POLL_CHUNKS 8192

/* Sums this near to each other count as equal: some roundings. */
#define TIE 0x1p-46

/*
 * Squares about a centre lose their last digits where most of them is due to the
 * distance of the mean from it, which is subtracted. So the centre is moved when
 * the weight has grown by such a factor, or where that part exceeds this one.
 */
#define GROWTH 64.0
#define FAR 0.75

/* The moments of some points about a centre. */
typedef struct Moments
{
	double		centre;
	double		weight;			/* sum of weights; 0: no points */
	double		sum;			/* of weight x distance */
	double		squares;		/* of weight x distance^2 */
} Moments;

typedef struct KMeans
{
	const double *x;
	const double *weight;
	const double *previous;		/* the least cost of the first i points with one group less */
	double	   *cost;			/* the same of the first j points */
	uint64_t   *bits;			/* where their last groups start */
	size_t		bit;			/* how many bits there are */
	size_t		start;			/* where the last of them starts */
	unsigned	chunks;			/* since the last poll */
	void		(*poll) (void);
} KMeans;

/* ---- moments -------------------------------------------------------------- */

static inline void
AddPoint(Moments *moments, double x, double weight)
{
	double		distance = x - moments->centre;
	double		product = weight * distance;

	moments->weight += weight;
	moments->sum += product;
	moments->squares += product * distance;
}

/* The sum of squared distances to the mean. */
static inline double
Cost(const Moments *moments)
{
	double		cost = moments->squares - moments->sum * moments->sum / moments->weight;

	return cost > 0.0 ? cost : 0.0;
}

/* The mean of the points about their mean, and of others at one place. */
static inline double
MeanOfBoth(const Moments *moments, double x, double weight)
{
	return x + (moments->centre - x) * (moments->weight / (moments->weight + weight));
}

static inline void
MoveCentre(Moments *moments, double centre)
{
	double		shift = centre - moments->centre;
	double		squares = moments->squares + shift * (shift * moments->weight - 2.0 * moments->sum);

	moments->squares = squares > 0.0 ? squares : 0.0;
	moments->sum -= shift * moments->weight;
	moments->centre = centre;
}

/* The moments of the points [from, to) about a centre. */
static Moments
MomentsAbout(const KMeans *k, size_t from, size_t to, double centre)
{
	Moments		moments = {.centre = centre};

	for (size_t i = from; i < to; i++)
		AddPoint(&moments, k->x[i], k->weight[i]);
	return moments;
}

/* Add the points [from, to), if that is a range, and move the centre to the mean. */
static void
AddRange(const KMeans *k, Moments *moments, size_t from, size_t to)
{
	Moments		range;
	double		mean;

	if (from >= to)
		return;
	range = MomentsAbout(k, from, to, k->x[from + (to - from) / 2]);
	mean = range.centre + range.sum / range.weight;
	if (range.sum * range.sum > FAR * range.squares * range.weight)
		range = MomentsAbout(k, from, to, mean);
	else
		MoveCentre(&range, mean);
	if (moments->weight > 0.0)
	{
		/* both about the mean of both, so that nothing cancels */
		mean = MeanOfBoth(moments, range.centre, range.weight);
		MoveCentre(moments, mean);
		MoveCentre(&range, mean);
		range.weight += moments->weight;
		range.sum += moments->sum;
		range.squares += moments->squares;
	}
	*moments = range;
}

/* ---- where the best last group starts ------------------------------------- */

/*
 * The best start of the last group, from low to high, given the moments of the
 * points from high on. Goes down, and no further than needed: the cost of the
 * last group only grows, and that of those before it is at least that at low.
 */
static size_t
BestStart(KMeans *k, Moments group, size_t low, size_t high, double *cost)
{
	double		least = k->previous[high] + Cost(&group);
	double		limit = least * (1.0 - TIE);
	double		enough = GROWTH * group.weight;
	size_t		best = high;
	size_t		i = high;

	while (i > low && k->previous[low] + Cost(&group) < limit)
	{
		size_t		stop = i - low > CHUNK ? i - CHUNK : low;

		while (i > stop)
		{
			i--;
			if (group.weight + k->weight[i] > enough)
			{
				MoveCentre(&group, group.centre + group.sum / group.weight);
				MoveCentre(&group, MeanOfBoth(&group, k->x[i], k->weight[i]));
				enough = GROWTH * (group.weight + k->weight[i]);
			}
			AddPoint(&group, k->x[i], k->weight[i]);

			/* previous + cost < limit, without a division for each */
			if ((k->previous[i] + group.squares - limit) * group.weight < group.sum * group.sum)
			{
				double		here = k->previous[i] + Cost(&group);

				if (here < limit)
				{
					least = here;
					limit = least * (1.0 - TIE);
					best = i;
				}
			}
		}
		if (++k->chunks % POLL_CHUNKS == 0)
			k->poll();
	}
	*cost = least;
	return best;
}

static void
AppendStart(KMeans *k, size_t start)
{
	k->bit += start - k->start;
	k->start = start;
	k->bits[k->bit / WORD_BITS] |= UINT64_C(1) << (k->bit % WORD_BITS);
	k->bit++;
}

/*
 * Find the costs of the first j points and the starts of their last groups, for
 * j from first to last; the starts are known to be from low to high. base is the
 * moments of the points [high, first - 1), if that is a range.
 */
static void
SolveRange(KMeans *k, size_t first, size_t last, size_t low, size_t high, const Moments *base)
{
	static const Moments nothing = {0};
	size_t		middle = first + (last - first) / 2;
	size_t		highest = high < middle ? high : middle - 1;
	size_t		best;
	Moments		group = *base;

	AddRange(k, &group, highest > first - 1 ? highest : first - 1, middle);
	best = BestStart(k, group, low, highest, &k->cost[middle]);
	if (first < middle)
	{
		Moments		below = *base;

		AddRange(k, &below, best, high < first - 1 ? high : first - 1);
		SolveRange(k, first, middle - 1, low, best, &below);
	}
	AppendStart(k, best);
	if (middle < last)
		SolveRange(k, middle + 1, last, best, high, high < middle ? &group : &nothing);
}

/* ---- one number of groups after the other --------------------------------- */

static size_t
StartWords(size_t n)
{
	return 2 * n / WORD_BITS + 1;
}

/* With so many groups, each of the first j points, and at least one point for each group after them. */
static size_t
FirstPoints(int g, size_t n, int groups)
{
	return g == groups ? n : (size_t) g;
}

/* The zeros before a one, counted from 0. */
static size_t
ZerosBefore(const uint64_t *bits, size_t one)
{
	size_t		ones = 0;
	size_t		bit = 0;
	size_t		here;

	while (ones + (here = __builtin_popcountll(*bits)) <= one)
	{
		ones += here;
		bit += WORD_BITS;
		bits++;
	}
	for (uint64_t word = *bits;; word >>= 1, bit++)
		if ((word & 1) && ones++ == one)
			return bit - one;
}

size_t
IcmKMeansWork(size_t n, int groups)
{
	return 2 * (n + 1) * sizeof(double) + groups * StartWords(n) * sizeof(uint64_t);
}

void
IcmKMeans(const double *x, const double *weight, size_t n, int groups, size_t *start, void *work, void (*poll) (void))
{
	static const Moments nothing = {0};
	KMeans		k = {.x = x, .weight = weight, .poll = poll};
	double	   *costs[2] = {work, (double *) work + n + 1};
	uint64_t   *bits = (uint64_t *) (costs[1] + n + 1);
	size_t		end = n;

	memset(bits, 0, groups * StartWords(n) * sizeof(uint64_t));
	costs[0][0] = 0.0;
	for (int g = 1; g <= groups; g++)
	{
		size_t		last = n - (groups - g);

		k.previous = costs[(g - 1) % 2];
		k.cost = costs[g % 2];
		k.bits = bits + (g - 1) * StartWords(n);
		k.bit = 0;
		k.start = 0;
		SolveRange(&k, FirstPoints(g, n, groups), last, g - 1, g == 1 ? 0 : last - 1, &nothing);
	}

	for (int g = groups; g > 1; g--)
	{
		end = ZerosBefore(bits + (g - 1) * StartWords(n), end - FirstPoints(g, n, groups));
		start[g - 2] = end;
	}
}
