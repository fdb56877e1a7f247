/*
 * total.c
 *		Sums of doubles and products without rounding error; see total.h.
 */
#include "wallet/share.h"
#include "wallet/total.h"

#define HALF_BITS 32			/* half a word is a double exactly */
#define HALF_MASK UINT64_C(0xFFFFFFFF)

void
IcmTotalAdd(uint64_t *words, int low, int n, IcmTotal total)
{
	uint64_t	carry = 0;
	int			at = total.low - low;

	for (int i = 0; i < total.n || (carry != 0 && at + i < n); i++)
	{
		IcmUint128	sum = (IcmUint128) words[at + i] + carry;

		if (i < total.n)
			sum += total.words[i];
		words[at + i] = (uint64_t) sum;
		carry = (uint64_t) (sum >> 64);
	}
}

IcmTotal
IcmTotalTrim(IcmTotal total)
{
	while (total.n > 0 && total.words[total.n - 1] == 0)
		total.n--;
	while (total.n > 0 && total.words[0] == 0)
	{
		total.words++;
		total.low++;
		total.n--;
	}
	if (total.n == 0)
		total.low = 0;
	return total;
}

bool
IcmTotalLarger(IcmTotal a, IcmTotal b)
{
	int			end = a.low + a.n;

	if (end != b.low + b.n || a.n == 0 || b.n == 0)
		return a.n > 0 && (b.n == 0 || end > b.low + b.n);
	for (int i = end - 1; i >= a.low && i >= b.low; i--)
		if (a.words[i - a.low] != b.words[i - b.low])
			return a.words[i - a.low] > b.words[i - b.low];
	return a.low < b.low;
}

double
IcmTotalNear(IcmTotal total)
{
	int			top = total.n - 1;
	double		next = top > 0 ? (double) total.words[top - 1] : 0.0;

	if (total.n == 0)
		return 0.0;
	return ldexp((double) total.words[top] + ldexp(next, -64), ICM_TOTAL_LOWEST + 64 * (total.low + top));
}

bool
IcmTotalIsWhole(IcmTotal total)
{
	uint64_t	below = (UINT64_C(1) << (ICM_TOTAL_LEAST - ICM_TOTAL_LOWEST)) - 1;

	return total.n == 0 || total.low > 0 || (total.words[0] & below) == 0;
}

/* Add a product of two doubles, and what rounding it takes away. */
static void
AddProduct(IcmExactSum *sum, double a, double b)
{
	double		product = a * b;

	if (product == 0.0)
		return;
	IcmExactSumAdd(sum, product);
	IcmExactSumAdd(sum, fma(a, b, -product));
}

void
IcmTotalAddTo(IcmExactSum *sum, IcmTotal total, double factor, int exponent)
{
	for (int i = 0; i < total.n; i++)
	{
		int			unit = exponent + ICM_TOTAL_LOWEST + 64 * (total.low + i);

		AddProduct(sum, ldexp((double) (total.words[i] & HALF_MASK), unit), factor);
		AddProduct(sum, ldexp((double) (total.words[i] >> HALF_BITS), unit + HALF_BITS), factor);
	}
}

double
IcmTotalRound(IcmTotal total)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	IcmTotalAddTo(&sum, total, 1.0, 0);
	return IcmExactSumRound(&sum);
}

double
IcmTotalMinus(IcmTotal a, IcmTotal b)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	IcmTotalAddTo(&sum, a, 1.0, 0);
	IcmTotalAddTo(&sum, b, -1.0, 0);
	return IcmExactSumRound(&sum);
}

/* Change the sign of a number in two's complement. */
static void
Negate(uint64_t *words)
{
	uint64_t	carry = 1;

	for (int i = 0; i < ICM_TOTAL_WORDS; i++)
	{
		words[i] = ~words[i] + carry;
		carry = carry != 0 && words[i] == 0;
	}
}

/* A difference of two totals is negative in two's complement. */
bool
IcmTotalOfSum(const IcmExactSum *sum, uint64_t *words)
{
	memset(words, 0, ICM_TOTAL_WORDS * sizeof(uint64_t));
	for (int i = 0; i < sum->n; i++)
		if (sum->term[i] < 0.0)
			IcmTotalAddTerm(words, 0, ICM_TOTAL_WORDS, IcmTermOf(-sum->term[i]));
	Negate(words);
	for (int i = 0; i < sum->n; i++)
		if (sum->term[i] > 0.0)
			IcmTotalAddTerm(words, 0, ICM_TOTAL_WORDS, IcmTermOf(sum->term[i]));
	return words[ICM_TOTAL_WORDS - 1] >> 63 == 0;
}

double
IcmTotalQuadratic(const double *c, const int *exponent, int k, const IcmTotal *products)
{
	IcmExactSum sum,
				terms;			/* the squares of the single terms */
	double		squares;

	IcmExactSumInit(&sum);
	IcmExactSumInit(&terms);
	for (int i = 0; i < k; i++)
		for (int j = i; j < k; j++)
		{
			double		twice = j == i ? c[i] : 2.0 * c[i];
			double		factor = twice * c[j];

			if (j == i)
				IcmTotalAddTo(&terms, *products, factor, exponent[i] + exponent[j]);
			IcmTotalAddTo(&sum, *products, factor, exponent[i] + exponent[j]);
			IcmTotalAddTo(&sum, *products++, fma(twice, c[j], -factor), exponent[i] + exponent[j]);
		}
	squares = IcmExactSumRound(&sum);
	return squares > ICM_WALLET_TOLERANCE * ICM_WALLET_TOLERANCE * IcmExactSumRound(&terms) ? squares : 0.0;
}
