/*
 * exactsum.c
 *		Unit tests of math/exactsum: exact sums against integer arithmetic.
 *
 * The reference adds doubles as the integers that they are in units of the
 * smallest one, 2^-1074: 2,098 bits from there to the largest double, and some
 * more so that thousands of terms do not overflow. It shares nothing with the
 * code under test. Doubles are compared bit for bit.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/exactsum.h"
#include "../tap.h"

#define WORDS 34				/* 2,176 bits: sign, and 2^77 times the largest double */
#define TERMS_MAX 2000

/* A double of random sign and mantissa, with low <= |value| < 2 * high, as powers of two. */
static double
RandomDouble(int low, int high)
{
	double		mantissa = 1.0 + ldexp((double) (Random() >> 12), -52);
	double		value = ldexp(mantissa, low + (int) (Random() % (high - low + 1)));

	return (Random() & 1) ? value : -value;
}

static void
Shuffle(double *terms, int n)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) (Random() % (i + 1));
		double		swap = terms[i];

		terms[i] = terms[j];
		terms[j] = swap;
	}
}

static bool
Same(double a, double b)
{
	return memcmp(&a, &b, sizeof(double)) == 0;
}

/* ---- the reference -------------------------------------------------------- */

typedef struct Big
{
	uint64_t	word[WORDS];	/* two's complement, lowest first */
} Big;

static void
BigNegate(Big *big)
{
	uint64_t	carry = 1;

	for (int i = 0; i < WORDS; i++)
	{
		big->word[i] = ~big->word[i] + carry;
		carry = carry && big->word[i] == 0;
	}
}

static void
BigAdd(Big *big, double x)
{
	Big			addend = {{0}};
	uint64_t	bits,
				mantissa,
				carry = 0;
	int			exponent,
				shift;

	memcpy(&bits, &x, sizeof(bits));
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	exponent = (int) (bits >> 52) & 0x7FF;
	if (exponent > 0)
		mantissa |= UINT64_C(1) << 52;
	shift = exponent > 0 ? exponent - 1 : 0;
	addend.word[shift / 64] = mantissa << (shift % 64);
	if (shift % 64 > 0)
		addend.word[shift / 64 + 1] = mantissa >> (64 - shift % 64);
	if (bits >> 63)
		BigNegate(&addend);

	for (int i = 0; i < WORDS; i++)
	{
		uint64_t	sum = big->word[i] + carry;

		carry = sum < carry;
		sum += addend.word[i];
		carry += sum < addend.word[i];
		big->word[i] = sum;
	}
}

static int
BigBit(const Big *big, int bit)
{
	return (int) (big->word[bit / 64] >> (bit % 64)) & 1;
}

/* The nearest double, ties to even, infinite beyond the largest. */
static double
BigRound(Big big)
{
	bool		negative = big.word[WORDS - 1] >> 63;
	int			top = WORDS * 64 - 1;
	int			low;
	uint64_t	mantissa = 0;
	bool		sticky = false;
	double		result;

	if (negative)
		BigNegate(&big);
	while (top >= 0 && !BigBit(&big, top))
		top--;
	if (top < 0)
		return 0.0;
	low = top > 52 ? top - 52 : 0;	/* the lowest bit that is kept */
	for (int i = top; i >= low; i--)
		mantissa = mantissa << 1 | BigBit(&big, i);
	for (int i = 0; i < low - 1; i++)
		sticky |= BigBit(&big, i);
	if (low > 0 && BigBit(&big, low - 1) && (sticky || (mantissa & 1)))
		mantissa++;
	result = ldexp((double) mantissa, low - 1074);
	return negative ? -result : result;
}

static double
Expected(const double *terms, int n)
{
	Big			big = {{0}};

	for (int i = 0; i < n; i++)
		BigAdd(&big, terms[i]);
	return BigRound(big);
}

/* ---- the code under test -------------------------------------------------- */

static double
Sum(const double *terms, int n)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	for (int i = 0; i < n; i++)
		IcmExactSumAdd(&sum, terms[i]);
	return IcmExactSumRound(&sum);
}

/* Is the expansion what the header promises: ascending, none zero, the terms not overlapping? */
static bool
WellFormed(const IcmExactSum *sum)
{
	for (int i = 0; i < sum->n; i++)
	{
		int			lowest_bit,
					exponent;
		double		mantissa;

		if (!isfinite(sum->term[i]) || sum->term[i] == 0.0)
			return false;
		if (i + 1 == sum->n)
			break;
		mantissa = ldexp(fabs(frexp(sum->term[i + 1], &exponent)), 53);
		lowest_bit = exponent - 53 + __builtin_ctzll((unsigned long long) mantissa);
		if (fabs(sum->term[i]) >= ldexp(1.0, lowest_bit))
			return false;
	}
	return sum->n >= 0 && sum->n <= ICM_EXACTSUM_TERMS;
}

static void
Check(const char *name, const double *terms, int n)
{
	double		result = Sum(terms, n);
	double		expected = Expected(terms, n);

	ok(Same(result, expected), "%s", name);
	if (!Same(result, expected))
		printf("# %a, should be %a\n", result, expected);
}

#define CHECK(name, ...) \
	do { \
		const double terms_[] = {__VA_ARGS__}; \
		Check(name, terms_, (int) (sizeof(terms_) / sizeof(terms_[0]))); \
	} while (0)

/* Random terms, some of them taken back later; in several orders. */
static void
CheckRandom(const char *name, int low, int high, int rounds, int n_max)
{
	static double terms[TERMS_MAX];
	int			wrong = 0,
				malformed = 0;

	for (int round = 0; round < rounds; round++)
	{
		int			n = 1 + (int) (Random() % n_max);
		double		expected;

		for (int i = 0; i < n; i++)
			terms[i] = i > 0 && Random() % 3 == 0 ? -terms[Random() % i] : RandomDouble(low, high);
		expected = Expected(terms, n);
		for (int order = 0; order < 4; order++)
		{
			IcmExactSum sum;

			IcmExactSumInit(&sum);
			for (int i = 0; i < n; i++)
			{
				IcmExactSumAdd(&sum, terms[i]);
				malformed += !WellFormed(&sum);
			}
			wrong += !Same(IcmExactSumRound(&sum), expected);
			Shuffle(terms, n);
		}
	}
	ok(wrong == 0, "%s: any order gives the nearest double (%d wrong)", name, wrong);
	ok(malformed == 0, "%s: terms ascend and do not overlap (%d do)", name, malformed);
}

/* Parts summed apart and merged term by term, as the ledger does, give the same as one sum. */
static void
CheckPartition(void)
{
	static double terms[TERMS_MAX];
	int			wrong = 0;

	for (int round = 0; round < 200; round++)
	{
		IcmExactSum part[4];
		IcmExactSum whole;
		int			n = 500;

		for (int p = 0; p < 4; p++)
			IcmExactSumInit(&part[p]);
		IcmExactSumInit(&whole);
		for (int i = 0; i < n; i++)
		{
			terms[i] = RandomDouble(-200, 200);
			IcmExactSumAdd(&part[Random() % 4], terms[i]);
		}
		for (int p = 3; p >= 0; p--)
			for (int i = 0; i < part[p].n; i++)
				IcmExactSumAdd(&whole, part[p].term[i]);
		wrong += !Same(IcmExactSumRound(&whole), Expected(terms, n));
	}
	ok(wrong == 0, "any partition gives the same sum (%d wrong)", wrong);
}

/* Powers of two 30 apart do not merge; more of them than ICM_EXACTSUM_TERMS fit into the range. */
static void
CheckCompression(void)
{
	IcmExactSum sum;
	Big			big = {{0}};
	int			full = 0,
				wrong = 0;

	IcmExactSumInit(&sum);
	for (int round = 0; round < 20; round++)
		for (int exponent = -1074; exponent <= 1000; exponent += 13)
		{
			double		x = ldexp((Random() & 1) ? 1.0 : -1.0, exponent);

			full += sum.n == ICM_EXACTSUM_TERMS;
			IcmExactSumAdd(&sum, x);
			BigAdd(&big, x);
			wrong += !Same(IcmExactSumRound(&sum), BigRound(big)) || !WellFormed(&sum);
		}
	ok(full > 0, "more terms than there is room for (%d times)", full);
	ok(wrong == 0, "compressing does not change the sum (%d wrong)", wrong);
}

static void
CheckTwoSum(void)
{
	int			wrong = 0;

	for (int i = 0; i < 100000; i++)
	{
		double		a = RandomDouble(-1022, 1020),
					b = Random() % 2 ? RandomDouble(-1022, 1020) : a * RandomDouble(-3, 2);
		double		error;
		double		sum = IcmTwoSum(a, b, &error);
		Big			big = {{0}};

		BigAdd(&big, a);
		BigAdd(&big, b);
		wrong += !Same(sum, BigRound(big));
		BigAdd(&big, -sum);
		BigAdd(&big, -error);
		wrong += BigRound(big) != 0.0;
	}
	ok(wrong == 0, "a + b = result + error (%d wrong)", wrong);
}

/* A sum that has left the range is infinite for good, and never NaN. */
static void
CheckOverflow(void)
{
	IcmExactSum sum;

	IcmExactSumInit(&sum);
	IcmExactSumAdd(&sum, 1.0);
	IcmExactSumAdd(&sum, DBL_MAX);
	IcmExactSumAdd(&sum, DBL_MAX);
	ok(IcmExactSumRound(&sum) == INFINITY, "overflow is infinite");
	IcmExactSumAdd(&sum, -DBL_MAX);
	IcmExactSumAdd(&sum, -DBL_MAX);
	IcmExactSumAdd(&sum, -DBL_MAX);
	IcmExactSumAdd(&sum, -INFINITY);
	ok(IcmExactSumRound(&sum) == INFINITY, "and stays so");

	IcmExactSumInit(&sum);
	IcmExactSumAdd(&sum, -DBL_MAX);
	IcmExactSumAdd(&sum, -DBL_MAX);
	IcmExactSumAdd(&sum, DBL_MAX);
	ok(IcmExactSumRound(&sum) == -INFINITY, "negative overflow too");
}

/*
 * At the top of the range TwoSum's intermediate results can overflow though
 * the sum does not (Boldo, Graillat, Muller 2017): then its error is NaN.
 */
static void
CheckTopOfRange(void)
{
	double		ulp = ldexp(1.0, 971);
	int			wrong = 0,
				nans = 0;

	CHECK("the largest double less 1.5 units", DBL_MAX, -1.5 * ulp);
	CHECK("1.5 units less the largest double", 1.5 * ulp, -DBL_MAX);
	CHECK("the largest double less 3.5 units", DBL_MAX, -3.5 * ulp);
	CHECK("the largest double less a quarter unit", DBL_MAX, -0.25 * ulp);
	CHECK("the largest double and a quarter unit", DBL_MAX, 0.25 * ulp);
	for (int i = 0; i < 100000; i++)
	{
		/* never beyond the largest double at any time */
		double		large = DBL_MAX - (double) (Random() % 4) * ulp;
		double		terms[] = {large, -ldexp((double) (Random() % 64), 968), -ldexp((double) (Random() % 64), 967)};
		double		result;

		if (Random() & 1)
			for (int j = 0; j < 3; j++)
				terms[j] = -terms[j];
		result = Sum(terms, 3);
		nans += isnan(result) != 0;
		wrong += !Same(result, Expected(terms, 3));
	}
	ok(nans == 0, "no NaN at the top of the range (%d are)", nans);
	ok(wrong == 0, "exact at the top of the range (%d wrong)", wrong);
}

int
main(void)
{
	static double terms[TERMS_MAX];
	double		half = ldexp(1.0, -53);

	Check("nothing", terms, 0);
	CHECK("one", 0.1);
	CHECK("negative zero is zero", -0.0);
	CHECK("cancelled to zero", 0.1, -0.1);
	CHECK("ten cents ten times", 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);
	CHECK("a small term between large ones", 1e100, 1.0, -1e100);
	CHECK("denormals", 5e-324, 5e-324, -2.2250738585072014e-308);
	CHECK("from the smallest to the largest", 5e-324, 1.0, 1e308, -1e308, -1.0);

	CHECK("tie to even, down", 1.0, half);
	CHECK("tie to even, up", 1.0 + 2 * half, half);
	CHECK("tie broken upward", 1.0, half, 5e-324);
	CHECK("tie broken downward", 1.0 + 2 * half, half, -5e-324);
	CHECK("tie below a power of two", 1.0, -half / 2);
	CHECK("negative tie broken away from zero", -1.0, -half, -5e-324);
	CHECK("the error's own tie", 1.0, half, ldexp(1.0, -107), ldexp(1.0, -160));

	/* Shewchuk's worst case for a fast path: each sum rounds, and each error stays */
	for (int i = 0; i < 30; i++)
	{
		terms[2 * i] = ldexp(1.0 + ldexp(1.0, -52), 53 * (i - 15));
		terms[2 * i + 1] = -ldexp(1.0, 53 * (i - 15) - 26);
	}
	Check("terms that just do not overlap", terms, 60);

	CheckTwoSum();
	CheckRandom("like magnitudes", -10, 30, 2000, 50);
	CheckRandom("the whole range", -1074, 1000, 1000, 200);
	CheckRandom("denormals", -1074, -1000, 500, 100);
	CheckRandom("many terms", -1074, 1000, 20, TERMS_MAX);
	CheckPartition();
	CheckCompression();
	CheckOverflow();
	CheckTopOfRange();

	printf("1..%d\n", tests);
	return failures > 0;
}
