/*
 * total.h
 *		Sums of doubles that are not negative, and of products of two of them,
 *		without rounding error: so the order of the terms has no say, nor how they
 *		are parted.
 *
 * A total is an integer in words of 64 bits, the long accumulator of Kulisch and
 * Miranker (1981, Computer Arithmetic in Theory and Practice), of which only a
 * window of words is kept, those that are in use. Word 0 counts units of 2^-1088,
 * so that word ICM_TOTAL_ONE counts whole units, and the words reach as far as
 * doubles do. A term is a multiple of 2^-1074, the smallest double: what a product
 * has below that is cut off.
 */
#ifndef ICM_TOTAL_H
#define ICM_TOTAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "math/exactsum.h"
#include "math/wide.h"

#define ICM_TOTAL_ONE 17
#define ICM_TOTAL_LOWEST (-64 * ICM_TOTAL_ONE)	/* of word 0: its unit, as a power of two */
#define ICM_TOTAL_LEAST (-1074)	/* no total has a bit below */

/* Words from 2^-1088 on: a double is in the first 33, its term is added to the first 35. */
#define ICM_TOTAL_WORDS 35

/* Some words of a total, lowest first; those that are not among them are zero. */
typedef struct IcmTotal
{
	const uint64_t *words;
	int			low;			/* number of the first of them */
	int			n;
} IcmTotal;

#define ICM_TERM_WORDS 3		/* 106 bits, from any bit on */

/* mantissa * 2^exponent; exponent is at least ICM_TOTAL_LEAST, mantissa has at most 106 bits. */
typedef struct IcmTerm
{
	IcmUint128	mantissa;
	int			exponent;
} IcmTerm;

/* A finite double that is not negative, as a term. */
static inline IcmTerm
IcmTermOf(double x)
{
	IcmTerm		term;
	uint64_t	bits;
	int			exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int) (bits >> 52);
	bits &= (UINT64_C(1) << 52) - 1;
	term.mantissa = exponent == 0 ? bits : bits | UINT64_C(1) << 52;
	term.exponent = exponent == 0 ? ICM_TOTAL_LEAST : exponent - 1075;
	return term;
}

/* The product of the terms of two doubles, less what is below 2^-1074. */
static inline IcmTerm
IcmTermProduct(IcmTerm a, IcmTerm b)
{
	IcmTerm		product = {(IcmUint128) (uint64_t) a.mantissa * (uint64_t) b.mantissa, a.exponent + b.exponent};
	int			below = ICM_TOTAL_LEAST - product.exponent;

	if (below > 0)
	{
		product.mantissa = below < 128 ? product.mantissa >> below : 0;
		product.exponent = ICM_TOTAL_LEAST;
	}
	return product;
}

/* The lowest of the ICM_TERM_WORDS words that a term is added to. */
static inline int
IcmTermWord(IcmTerm term)
{
	return (term.exponent - ICM_TOTAL_LOWEST) / 64;
}

/* Add a term to the n words from low on, which those that it is added to are among. */
static inline void
IcmTotalAddTerm(uint64_t *words, int low, int n, IcmTerm term)
{
	int			shift = (term.exponent - ICM_TOTAL_LOWEST) % 64;
	int			at = IcmTermWord(term) - low;
	IcmUint128	lower = term.mantissa << shift;
	uint64_t	upper = shift == 0 ? 0 : (uint64_t) (term.mantissa >> (128 - shift));
	IcmUint128	sum = (IcmUint128) words[at] + (uint64_t) lower;

	words[at] = (uint64_t) sum;
	sum = (IcmUint128) words[at + 1] + (uint64_t) (lower >> 64) + (uint64_t) (sum >> 64);
	words[at + 1] = (uint64_t) sum;
	sum = (IcmUint128) words[at + 2] + upper + (uint64_t) (sum >> 64);
	words[at + 2] = (uint64_t) sum;
	for (int i = at + 3; (uint64_t) (sum >> 64) != 0 && i < n; i++)
	{
		sum = (IcmUint128) words[i] + (uint64_t) (sum >> 64);
		words[i] = (uint64_t) sum;
	}
}

/* Add a total to the n words from low on, which its words are among. */
extern void IcmTotalAdd(uint64_t *words, int low, int n, IcmTotal total);

/* The total without the words that are zero at its ends. */
extern IcmTotal IcmTotalTrim(IcmTotal total);

/* Is a larger than b? Both are trimmed. */
extern bool IcmTotalLarger(IcmTotal a, IcmTotal b);

/* A double close to a total, which is trimmed: within three units of the last place. Fast. */
extern double IcmTotalNear(IcmTotal total);

/* True if no bit of it is below 2^-1074. */
extern bool IcmTotalIsWhole(IcmTotal total);

/* Add to a sum a total times factor * 2^exponent, without rounding error but for what is below 2^-1074. */
extern void IcmTotalAddTo(IcmExactSum *sum, IcmTotal total, double factor, int exponent);

/* The double nearest to a total. */
extern double IcmTotalRound(IcmTotal total);

/* The double nearest to the difference of two. */
extern double IcmTotalMinus(IcmTotal a, IcmTotal b);

/* The ICM_TOTAL_WORDS words of a finite sum; false if it is negative. */
extern bool IcmTotalOfSum(const IcmExactSum *sum, uint64_t *words);

/*
 * The sum over the rows of (c[0] v[0] + ... + c[k-1] v[k-1])^2, from the totals of the products
 * v[i] v[j], j from i on, row by row, where each v[i] is first taken times 2^exponent[i], which makes its
 * total about 1; rounded once. Not negative, whatever the totals. Where the terms cancel but for rounding of
 * the amounts, so that the squares add up to no more than ICM_WALLET_TOLERANCE^2 times those of the single
 * terms, (c[i] v[i])^2, it is 0.
 */
extern double IcmTotalQuadratic(const double *c, const int *exponent, int k, const IcmTotal *products);

#endif							/* ICM_TOTAL_H */
