/*
 * allocation.c
 *		Sharing a budget in proportion to weights; see allocation.h.
 *
 * Which rows are at a floor or a cap is found by pegging (Bitran and Hax 1981,
 * "Disaggregation and resource allocation using convex knapsack problems with
 * bounded variables"). What is left of the budget is divided among the rows
 * that are free. If the quotas, each brought to its floor or cap where it lies
 * beyond, add up to no more than what was divided, then lambda has to rise, so
 * the rows above their caps stay there: they are pegged. Otherwise it has to
 * fall, and the rows below their floors are pegged. Then the rest is divided
 * anew, until no quota is out of bounds. Each round pegs a row, and leaves a
 * rest that the free rows can take within their bounds.
 *
 * All of this is done in integers, so no rounding can make a sum or a bound
 * fail. In each round the weights are written as whole multiples of a power of
 * two, chosen so that the largest of the free rows has WEIGHT_BITS less the
 * bits of n, 91 for a million rows. A weight within 2^38 of the
 * largest is then exact, as are all that are multiples of 2^-91 of it; any
 * other is off by at most half of that. With rest R and total T the quota of
 * weight m is R m / T = q + r / T with 0 <= r < T, and as T is the same for all
 * rows, remainders are compared exactly by r. Equal weights have equal ones.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "invest/allocation.h"

/*
 * T < 2^111, as it is the sum of n weights of at most 2^(111 - bits of n).
 * Divide() says why this is enough room in 128 bits.
 */
#define WEIGHT_BITS 111
#define DIGIT_BITS_MAX 12

__extension__ typedef __int128 SignedWide;

typedef enum RowState
{
	ROW_FREE,					/* the quota is within floor and cap */
	ROW_BELOW,					/* it is below the floor */
	ROW_ABOVE,					/* it is above the cap */
	ROW_PEGGED					/* the share is final */
} RowState;

typedef struct Round
{
	IcmAllocation *allocation;
	IcmWide    *remainder;		/* of the rows that are free */
	uint8_t    *state;			/* RowState */
	int64_t		rest;			/* units to divide among the free rows */
	double		scale[2];		/* powers of two: a weight times both is its multiple */
	IcmUint128	total;			/* of the free rows' weights */
	int64_t		left;			/* units that the remainders of those within bounds add up to */
} Round;

size_t
IcmAllocationScratch(size_t n)
{
	return n * (sizeof(IcmWide) + sizeof(uint8_t));
}

static inline int64_t
Floor(const IcmAllocation *allocation, size_t i)
{
	return allocation->floor == NULL ? 0 : allocation->floor[i];
}

static inline int64_t
Cap(const IcmAllocation *allocation, size_t i)
{
	return allocation->cap == NULL ? ICM_BUDGET_MAX : allocation->cap[i];
}

static int
BitLength(IcmUint128 value)
{
	uint64_t	high = (uint64_t) (value >> 64);

	if (high != 0)
		return 128 - __builtin_clzll(high);
	return (uint64_t) value == 0 ? 0 : 64 - __builtin_clzll((uint64_t) value);
}

/* A row without weight gets its floor; is there an allocation at all? */
static IcmAllocationResult
Start(Round *round)
{
	IcmAllocation *allocation = round->allocation;
	bool		positive = false;
	IcmUint128	floors_without_weight = 0;

	allocation->least = allocation->most = 0;
	for (size_t i = 0; i < allocation->n; i++)
	{
		double		weight = allocation->weight[i];

		allocation->share[i] = -1;
		round->state[i] = ROW_PEGGED;
		if (weight < 0.0)
			continue;
		allocation->least += Floor(allocation, i);
		if (weight > 0.0)
		{
			positive = true;
			allocation->most += Cap(allocation, i);
			round->state[i] = ROW_FREE;
		}
		else
		{
			allocation->share[i] = Floor(allocation, i);
			floors_without_weight += Floor(allocation, i);
		}
	}
	allocation->most += floors_without_weight;
	if (allocation->least > (IcmUint128) allocation->budget)
		return ICM_FLOORS_EXCEED_BUDGET;
	if (!positive && allocation->least < (IcmUint128) allocation->budget)
		return ICM_NO_POSITIVE_WEIGHT;
	if (allocation->most < (IcmUint128) allocation->budget)
		return ICM_CAPS_BELOW_BUDGET;
	round->rest = allocation->budget - (int64_t) floors_without_weight;
	return ICM_ALLOCATED;
}

/*
 * The multiple that a scaled weight stands for, to the nearest: below 2^52 a
 * double may have a fraction, from there on it is whole.
 */
static inline IcmUint128
Multiple(double scaled)
{
	int64_t		high;

	if (scaled < 0x1p52)
		return (IcmUint128) (int64_t) (scaled + 0.5);
	if (scaled < 0x1p62)
		return (IcmUint128) (int64_t) scaled;
	high = (int64_t) (scaled * 0x1p-62);
	return ((IcmUint128) high << 62) + (IcmUint128) (int64_t) (scaled - (double) high * 0x1p62);
}

static inline double
Scaled(const Round *round, size_t i)
{
	return round->allocation->weight[i] * round->scale[0] * round->scale[1];
}

/* Scale the weights of the free rows and add them up; false if no row is free. */
static bool
Weigh(Round *round)
{
	const IcmAllocation *allocation = round->allocation;
	double		largest = 0.0;
	int			exponent;

	for (size_t i = 0; i < allocation->n; i++)
		if (round->state[i] == ROW_FREE && allocation->weight[i] > largest)
			largest = allocation->weight[i];
	if (largest == 0.0)
		return false;

	/* in two steps, as one power of two might be out of range; what underflows would be 0 anyway */
	frexp(largest, &exponent);
	exponent = WEIGHT_BITS - BitLength(allocation->n) - exponent;
	round->scale[0] = ldexp(1.0, exponent / 2);
	round->scale[1] = ldexp(1.0, exponent - exponent / 2);
	round->total = 0;
	for (size_t i = 0; i < allocation->n; i++)
		if (round->state[i] == ROW_FREE)
			round->total += Multiple(Scaled(round, i));
	return true;
}

/*
 * Divide the rest among the free rows: whole units into share, remainders, and
 * states. Returns whether lambda has to rise: whether the quotas, brought to
 * floor or cap where they lie beyond, add up to no more than the rest.
 *
 * The quotient q = floor(R m / T) is estimated in double. The estimate is off
 * by less than 2^-50 of q < 2^63 and one more, so by less than 2^14, and what
 * it leaves of R m, which is reckoned modulo 2^128, by less than 2^14 T < 2^125
 * and so known with its sign. A second estimate, of what is left, is off by at
 * most one.
 */
static bool
Divide(Round *round, bool *within)
{
	IcmAllocation *allocation = round->allocation;
	double		total = (double) round->total;
	double		lambda = (double) round->rest / total;
	IcmUint128	whole = 0,		/* units of the quotas within bounds */
				parts = 0;		/* their remainders, less the multiples of T, which are in whole */

	*within = true;
	round->left = 0;
	for (size_t i = 0; i < allocation->n; i++)
	{
		double		scaled;
		int64_t		quotient;
		SignedWide	rest;

		if (round->state[i] != ROW_FREE)
			continue;
		scaled = Scaled(round, i);
		quotient = (int64_t) (scaled * lambda);
		rest = (SignedWide) (Multiple(scaled) * (IcmUint128) round->rest - round->total * (IcmUint128) quotient);
		if (rest < 0 || (IcmUint128) rest >= round->total)
		{
			int64_t		more = (int64_t) floor((double) rest / total);

			quotient += more;
			rest = (SignedWide) ((IcmUint128) rest - round->total * (IcmUint128) (SignedWide) more);
			if (rest < 0)
			{
				quotient--;
				rest += round->total;
			}
			else if ((IcmUint128) rest >= round->total)
			{
				quotient++;
				rest -= round->total;
			}
		}

		if (quotient < Floor(allocation, i))
		{
			round->state[i] = ROW_BELOW;
			whole += Floor(allocation, i);
			*within = false;
		}
		else if (quotient >= Cap(allocation, i) && (quotient > Cap(allocation, i) || rest > 0))
		{
			round->state[i] = ROW_ABOVE;
			whole += Cap(allocation, i);
			*within = false;
		}
		else
		{
			allocation->share[i] = quotient;
			round->remainder[i] = IcmWideOf((IcmUint128) rest);
			whole += quotient;
			parts += rest;
			if (parts >= round->total)
			{
				parts -= round->total;
				whole++;
				round->left++;
			}
		}
	}
	return whole < (IcmUint128) round->rest || (whole == (IcmUint128) round->rest && parts == 0);
}

/* Peg what is above its cap, or what is below its floor; all other rows are free again. */
static void
Peg(Round *round, bool lambda_rises)
{
	IcmAllocation *allocation = round->allocation;
	RowState	pegged = lambda_rises ? ROW_ABOVE : ROW_BELOW;

	for (size_t i = 0; i < allocation->n; i++)
	{
		if (round->state[i] == pegged)
		{
			allocation->share[i] = lambda_rises ? Cap(allocation, i) : Floor(allocation, i);
			round->rest -= allocation->share[i];
			round->state[i] = ROW_PEGGED;
		}
		else if (round->state[i] != ROW_PEGGED)
			round->state[i] = ROW_FREE;
	}
}

/*
 * The smallest remainder that gets a unit, which is the left-th largest, found
 * digit by digit from the top; in *equals to how many rows that have just this
 * one it is given.
 */
static IcmUint128
Threshold(const Round *round, int64_t left, int64_t *equals, void (*poll) (void))
{
	size_t		count[1 << DIGIT_BITS_MAX];
	int			most_bits = BitLength(round->allocation->n);	/* about as many digits as rows */
	int			shift = BitLength(round->total);
	IcmUint128	prefix = 0;

	if (most_bits > DIGIT_BITS_MAX)
		most_bits = DIGIT_BITS_MAX;
	while (shift > 0)
	{
		int			bits = shift < most_bits ? shift : most_bits;
		int			digit = (1 << bits) - 1;

		poll();
		shift -= bits;
		memset(count, 0, sizeof(count[0]) << bits);
		for (size_t i = 0; i < round->allocation->n; i++)
		{
			IcmUint128	digits;

			if (round->state[i] != ROW_FREE)
				continue;
			digits = IcmWideGet(round->remainder[i]) >> shift;
			if (digits >> bits == prefix)
				count[(int) digits & ((1 << bits) - 1)]++;
		}
		while (count[digit] < (size_t) left)
			left -= count[digit--];
		prefix = prefix << bits | digit;
		if (count[digit] == (size_t) left)
			break;				/* all that begin with these digits */
	}
	*equals = left;
	return prefix << shift;
}

/*
 * What is left goes to the largest remainders. Their sum is left times T, and
 * each is below T, so there are more positive ones than units: who has none
 * gets nothing, and no cap is exceeded.
 */
static void
RoundUp(Round *round, void (*poll) (void))
{
	IcmAllocation *allocation = round->allocation;
	int64_t		equals;
	IcmUint128	threshold;

	if (round->left == 0)
		return;
	threshold = Threshold(round, round->left, &equals, poll);
	for (size_t i = 0; i < allocation->n; i++)
	{
		IcmUint128	remainder;

		if (round->state[i] != ROW_FREE)
			continue;
		remainder = IcmWideGet(round->remainder[i]);
		if (remainder > threshold || (remainder == threshold && equals-- > 0))
			allocation->share[i]++;
	}
}

IcmAllocationResult
IcmAllocate(IcmAllocation *allocation, void *scratch, void (*poll) (void))
{
	Round		round = {.allocation = allocation, .remainder = scratch};
	IcmAllocationResult result;
	bool		within = false;

	round.state = (uint8_t *) (round.remainder + allocation->n);
	result = Start(&round);
	if (result != ICM_ALLOCATED)
		return result;
	while (!within && Weigh(&round))
	{
		bool		lambda_rises = Divide(&round, &within);

		if (!within)
			Peg(&round, lambda_rises);
		poll();
	}
	RoundUp(&round, poll);
	return ICM_ALLOCATED;
}
