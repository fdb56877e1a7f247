/*
 * wallet.c
 *		The SQL face of icm_wallet: text and binary form, accessors.
 *
 * Text form: {customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, ...}
 * what is not zero of the counts and totals. A total is the double nearest to it,
 * and what is left of it as one more, and so on: 0.30000000000000004 - 2.8e-17.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "common/definition.h"
#include "common/rows.h"
#include "wallet/share.h"
#include "wallet/wallet.h"

#define TYPE "icm_wallet"

/* The binary form counts items of 8 bytes: the counts, the windows and the words. */
#define MESSAGE_ITEM_SIZE 8
#define MESSAGE_HEAD (ICM_WALLET_COUNTS + (int) (ICM_WALLET_TOTALS * sizeof(IcmWalletWindow) + sizeof(uint16)) / MESSAGE_ITEM_SIZE)

/* What rounding may add to a bound. */
#define ROUNDING 1e-9

#define TEXT_FORM \
	"The form is {customers: 3, buyers: 2, own: 225, wallet: 1200, shares: 0.45, own_squares: 40625, products: 202500, wallet_squares: 1020000, no_spend: 1, unknown: 2, unknown_own: 80}, without what is 0."

/* ---- values --------------------------------------------------------------- */

/* Where the totals are; false if that is not so. */
static bool
FindTotals(const IcmWallet *wallet, IcmTotal *totals)
{
	int			used = 0,
				words = ICM_WALLET_WORDS(wallet);

	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		totals[i].words = &wallet->words[used];
		totals[i].low = wallet->window[i].low;
		totals[i].n = wallet->window[i].n;
		used += totals[i].n;
		if (used > words || totals[i].low + totals[i].n >= ICM_TOTAL_WORDS)
			return false;
	}
	return used == words;
}

IcmWallet *
IcmWalletGet(Datum datum)
{
	IcmWallet  *wallet = IcmFlatGet(datum, ICM_WALLET_SIZE(0), ICM_WALLET_VERSION, TYPE);
	IcmTotal	totals[ICM_WALLET_TOTALS];
	bool		good = FindTotals(wallet, totals);

	for (int i = 0; i < ICM_WALLET_COUNTS; i++)
		good &= wallet->count[i] >= 0 && wallet->count[i] <= ICM_WALLET_CUSTOMERS_MAX;
	if (!good)
		IcmFlatCorrupt(TYPE);
	return wallet;
}

void
IcmWalletTotals(const IcmWallet *wallet, IcmTotal *totals)
{
	if (!FindTotals(wallet, totals))
		IcmFlatCorrupt(TYPE);
}

IcmWallet *
IcmWalletMake(const int64 *count, const IcmTotal *totals)
{
	IcmWallet  *wallet;
	int			words = 0;

	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
		words += totals[i].n;
	wallet = IcmFlatMake(ICM_WALLET_SIZE(words), ICM_WALLET_VERSION);
	memcpy(wallet->count, count, sizeof(wallet->count));
	words = 0;
	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		wallet->window[i].low = totals[i].low;
		wallet->window[i].n = totals[i].n;
		memcpy(&wallet->words[words], totals[i].words, totals[i].n * sizeof(uint64));
		words += totals[i].n;
	}
	return wallet;
}

static const char *
CountFault(const int64 *count)
{
	for (int i = 0; i < ICM_WALLET_COUNTS; i++)
		if (count[i] < 0 || count[i] > ICM_WALLET_CUSTOMERS_MAX)
			return "A number of customers is from 0 to 9007199254740992.";
	if (count[ICM_WALLET_BUYERS] > count[ICM_WALLET_CUSTOMERS])
		return "There are no more buyers than customers.";
	return NULL;
}

/* n * 2^exponent as a total, in ICM_TERM_WORDS words of its own. */
static IcmTotal
TotalOf(int64 n, int exponent, uint64 *words)
{
	IcmTerm		term = {n, exponent};

	memset(words, 0, ICM_TERM_WORDS * sizeof(uint64));
	IcmTotalAddTerm(words, IcmTermWord(term), ICM_TERM_WORDS, term);
	return IcmTotalTrim((IcmTotal) {words, IcmTermWord(term), ICM_TERM_WORDS});
}

/* Can a total be a sum over so many customers, each of whom adds something, 2^-1074 or more? */
static bool
IsPositiveOfEach(IcmTotal total, int64 customers)
{
	uint64		words[ICM_TERM_WORDS];

	return !IcmTotalLarger(TotalOf(customers, ICM_TOTAL_LEAST, words), total);
}

/* Can a total be a sum of so many shares, none of which is above 1? */
static bool
IsOfShares(IcmTotal total, int64 buyers)
{
	uint64		words[ICM_TERM_WORDS];

	return !IcmTotalLarger(total, TotalOf(buyers, 0, words));
}

static bool
IsSame(IcmTotal a, IcmTotal b)
{
	return !IcmTotalLarger(a, b) && !IcmTotalLarger(b, a);
}

/* What is wrong with the totals as sums over so many customers, of amounts in the range that they may have. */
static const char *
RangeFault(const int64 *count, const IcmTotal *totals, const double *near)
{
	static const struct
	{
		IcmWalletCount of;		/* whom it is a sum over */
		double		most;		/* that each adds */
	}			bounds[ICM_WALLET_TOTALS] = {
		[ICM_WALLET_OWN] = {ICM_WALLET_BUYERS, ICM_WALLET_AMOUNT_MAX},
		[ICM_WALLET_WALLET] = {ICM_WALLET_CUSTOMERS, ICM_WALLET_AMOUNT_MAX},
		[ICM_WALLET_SHARES] = {ICM_WALLET_BUYERS, 1.0},
		[ICM_WALLET_OWN_SQUARES] = {ICM_WALLET_BUYERS, ICM_WALLET_AMOUNT_MAX * ICM_WALLET_AMOUNT_MAX},
		[ICM_WALLET_PRODUCTS] = {ICM_WALLET_BUYERS, ICM_WALLET_AMOUNT_MAX * ICM_WALLET_AMOUNT_MAX},
		[ICM_WALLET_WALLET_SQUARES] = {ICM_WALLET_CUSTOMERS, ICM_WALLET_AMOUNT_MAX * ICM_WALLET_AMOUNT_MAX},
		[ICM_WALLET_UNKNOWN_OWN] = {ICM_WALLET_UNKNOWN, ICM_WALLET_AMOUNT_MAX}
	};

	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
		if (!IcmTotalIsWhole(totals[i]) || !(near[i] <= bounds[i].most * (1.0 + ROUNDING) * (double) count[bounds[i].of]))
			return "A total is one of amounts of at most 1e140, or shares of at most 1, of as many customers as there are.";
	if (!IsOfShares(totals[ICM_WALLET_SHARES], count[ICM_WALLET_BUYERS]))
		return "Shares do not add up to more than buyers.";
	if (!IsPositiveOfEach(totals[ICM_WALLET_OWN], count[ICM_WALLET_BUYERS]) ||
		!IsPositiveOfEach(totals[ICM_WALLET_WALLET], count[ICM_WALLET_CUSTOMERS]))
		return "Where there are buyers, there is own spend; where there are customers, a wallet.";
	return NULL;
}

/* What is wrong with the order of the totals, as nobody's own spend is above the wallet. */
static const char *
OrderFault(const int64 *count, const IcmTotal *totals)
{
	if (IcmTotalLarger(totals[ICM_WALLET_OWN], totals[ICM_WALLET_WALLET]))
		return "Own spend is not larger than the wallet.";
	if (IcmTotalLarger(totals[ICM_WALLET_OWN_SQUARES], totals[ICM_WALLET_PRODUCTS]) ||
		IcmTotalLarger(totals[ICM_WALLET_PRODUCTS], totals[ICM_WALLET_WALLET_SQUARES]))
		return "Squares of own spend are not larger than products, nor these than squares of the wallet.";
	if (IsSame(totals[ICM_WALLET_OWN], totals[ICM_WALLET_WALLET]))
	{
		uint64		words[ICM_TERM_WORDS];

		if (count[ICM_WALLET_BUYERS] != count[ICM_WALLET_CUSTOMERS] ||
			!IsSame(totals[ICM_WALLET_SHARES], TotalOf(count[ICM_WALLET_BUYERS], 0, words)) ||
			!IsSame(totals[ICM_WALLET_OWN_SQUARES], totals[ICM_WALLET_WALLET_SQUARES]))
			return "Where own spend is all of the wallet, it is so for every customer.";
	}
	return NULL;
}

/* Is a^2 at most b * c, but for rounding? */
static bool
IsBounded(double a, double b, double c)
{
	return a <= sqrt(b) * sqrt(c) * (1.0 + ROUNDING);
}

/*
 * What is wrong with the totals of squares and products. Of numbers that are not negative, the sum of
 * the squares is at most the square of the sum; and by Cauchy and Schwarz the square of a sum of a b is at
 * most the sum of a^2 times that of b^2, where own^2 is own / wallet times own * wallet. What may have been
 * cut off below 2^-1074 is added, which is below that for each customer.
 */
static const char *
SquareFault(const int64 *count, const double *near)
{
	double		customers = (double) count[ICM_WALLET_CUSTOMERS];
	double		buyers = (double) count[ICM_WALLET_BUYERS];
	double		cut = ldexp(buyers, ICM_TOTAL_LEAST);
	double		own_squares = near[ICM_WALLET_OWN_SQUARES] + cut;
	double		products = near[ICM_WALLET_PRODUCTS] + cut;
	double		shares = near[ICM_WALLET_SHARES] + cut;
	double		wallet_squares = near[ICM_WALLET_WALLET_SQUARES] + ldexp(customers, ICM_TOTAL_LEAST);

	if (!IsBounded(sqrt(near[ICM_WALLET_OWN_SQUARES]), near[ICM_WALLET_OWN], near[ICM_WALLET_OWN]) ||
		!IsBounded(sqrt(near[ICM_WALLET_WALLET_SQUARES]), near[ICM_WALLET_WALLET], near[ICM_WALLET_WALLET]) ||
		!IsBounded(sqrt(near[ICM_WALLET_PRODUCTS]), near[ICM_WALLET_OWN], near[ICM_WALLET_WALLET]))
		return "Squares and products do not add up to more than the square of the sum, or the product of both.";
	if (!IsBounded(near[ICM_WALLET_OWN], buyers, own_squares) ||
		!IsBounded(near[ICM_WALLET_WALLET], customers, wallet_squares) ||
		!IsBounded(near[ICM_WALLET_PRODUCTS], own_squares, wallet_squares))
		return "The square of a sum is not larger than the customers times the sum of squares, nor the square of products than the product of the squares.";
	if (!IsBounded(near[ICM_WALLET_OWN], shares, products))
		return "The square of own spend is not larger than shares times products.";
	return NULL;
}

const char *
IcmWalletFault(const int64 *count, const IcmTotal *totals)
{
	const char *fault = CountFault(count);
	double		near[ICM_WALLET_TOTALS];

	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
		near[i] = IcmTotalNear(totals[i]);
	if (fault == NULL)
		fault = RangeFault(count, totals, near);
	if (fault == NULL)
		fault = OrderFault(count, totals);
	if (fault == NULL)
		fault = SquareFault(count, near);
	return fault;
}

/* ---- text form ------------------------------------------------------------ */

/* What the text form is read into. */
typedef struct Draft
{
	int64		count[ICM_WALLET_COUNTS];
	IcmExactSum sum[ICM_WALLET_TOTALS];
} Draft;

static const char *
ReadCustomers(IcmReader *reader, void *value)
{
	return IcmReadCount64(reader, value) ? NULL : "A number of customers is from 0 to 9007199254740992.";
}

/* Read a number and the numbers that are added to it or subtracted. */
static const char *
ReadTotal(IcmReader *reader, void *value)
{
	IcmExactSum *sum = value;
	double		sign = 1.0,
				number;

	do
	{
		CHECK_FOR_INTERRUPTS();
		IcmReadSpace(reader);
		if (*reader->at == '-' || *reader->at == '+' || !IcmReadDouble(reader, &number))
			return "A total is a number that is not negative, or some, with + or - in between.";
		IcmExactSumAdd(sum, sign * number);
		if (isinf(IcmExactSumRound(sum)))
			return "A total is in the range of float8.";
		sign = IcmReadChar(reader, '+') ? 1.0 : IcmReadChar(reader, '-') ? -1.0 : 0.0;
	} while (sign != 0.0);
	return NULL;
}

static const IcmField fields[] = {
	{"customers", ReadCustomers, offsetof(Draft, count[ICM_WALLET_CUSTOMERS])},
	{"buyers", ReadCustomers, offsetof(Draft, count[ICM_WALLET_BUYERS])},
	{"own", ReadTotal, offsetof(Draft, sum[ICM_WALLET_OWN])},
	{"wallet", ReadTotal, offsetof(Draft, sum[ICM_WALLET_WALLET])},
	{"shares", ReadTotal, offsetof(Draft, sum[ICM_WALLET_SHARES])},
	{"own_squares", ReadTotal, offsetof(Draft, sum[ICM_WALLET_OWN_SQUARES])},
	{"products", ReadTotal, offsetof(Draft, sum[ICM_WALLET_PRODUCTS])},
	{"wallet_squares", ReadTotal, offsetof(Draft, sum[ICM_WALLET_WALLET_SQUARES])},
	{"no_spend", ReadCustomers, offsetof(Draft, count[ICM_WALLET_NO_SPEND])},
	{"unknown", ReadCustomers, offsetof(Draft, count[ICM_WALLET_UNKNOWN])},
	{"unknown_own", ReadTotal, offsetof(Draft, sum[ICM_WALLET_UNKNOWN_OWN])}
};

#define FIELDS ((int) lengthof(fields))

/* The totals of what was read, in words of their own; false if one is negative. */
static bool
DraftTotals(const Draft *draft, uint64 *words, IcmTotal *totals)
{
	for (int i = 0; i < ICM_WALLET_TOTALS; i++, words += ICM_TOTAL_WORDS)
	{
		if (!IcmTotalOfSum(&draft->sum[i], words))
			return false;
		totals[i] = IcmTotalTrim((IcmTotal) {words, 0, ICM_TOTAL_WORDS});
	}
	return true;
}

PG_FUNCTION_INFO_V1(icm_wallet_in);
Datum
icm_wallet_in(PG_FUNCTION_ARGS)
{
	IcmEntries	entries = {.reader = {PG_GETARG_CSTRING(0)}};
	Draft		draft = {0};
	uint64		words[ICM_WALLET_TOTALS * ICM_TOTAL_WORDS];
	IcmTotal	totals[ICM_WALLET_TOTALS];

	IcmReadFields(&entries, fields, FIELDS, &draft);
	if (entries.fault == NULL)
	{
		entries.n = 0;
		entries.fault = DraftTotals(&draft, words, totals) ? IcmWalletFault(draft.count, totals) : "A total is not negative.";
	}
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, TYPE, &entries, TEXT_FORM);
	PG_RETURN_POINTER(IcmWalletMake(draft.count, totals));
}

/* The total as the doubles that ReadTotal adds up to it. */
static void
AppendTotal(StringInfo buf, IcmTotal total)
{
	IcmExactSum rest;
	double		number;

	IcmExactSumInit(&rest);
	IcmTotalAddTo(&rest, total, 1.0, 0);
	for (bool first = true; (number = IcmExactSumRound(&rest)) != 0.0; first = false)
	{
		if (!first)
			appendStringInfoString(buf, number < 0.0 ? " - " : " + ");
		IcmAppendDouble(buf, fabs(number));
		IcmExactSumAdd(&rest, -number);
	}
}

PG_FUNCTION_INFO_V1(icm_wallet_out);
Datum
icm_wallet_out(PG_FUNCTION_ARGS)
{
	const IcmWallet *wallet = PG_GETARG_WALLET(0);
	IcmTotal	totals[ICM_WALLET_TOTALS];
	StringInfoData buf;

	IcmWalletTotals(wallet, totals);
	initStringInfo(&buf);
	for (int i = 0; i < FIELDS; i++)
	{
		/* whatever is no count is a total; where it is in a draft tells which */
		bool		is_count = fields[i].read == ReadCustomers;
		int			number = is_count ? fields[i].offset / sizeof(int64) :
			(fields[i].offset - offsetof(Draft, sum)) / sizeof(IcmExactSum);

		if (is_count ? wallet->count[number] == 0 : totals[number].n == 0)
			continue;
		IcmAppendKey(&buf, fields[i].key, false);
		if (is_count)
			appendStringInfo(&buf, INT64_FORMAT, wallet->count[number]);
		else
			AppendTotal(&buf, totals[number]);
	}
	appendStringInfoString(&buf, buf.len == 0 ? "{}" : "}");
	PG_RETURN_CSTRING(buf.data);
}

/* ---- binary form ---------------------------------------------------------- */

/* What is wrong with what a message brought, as a sentence; NULL if nothing is. */
static const char *
MessageFault(const IcmWallet *wallet)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];

	if (!FindTotals(wallet, totals) || wallet->zero2 != 0)
		return "The words are those of the totals.";
	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		IcmTotal	trimmed = IcmTotalTrim(totals[i]);

		if (trimmed.n != totals[i].n || trimmed.low != totals[i].low)
			return "The first and the last word of a total are not zero.";
	}
	return IcmWalletFault(wallet->count, totals);
}

/* items: counts, first word and number of words of each total, words */
PG_FUNCTION_INFO_V1(icm_wallet_recv);
Datum
icm_wallet_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		n = IcmFlatBeginRecv(buf, TYPE, ICM_WALLET_VERSION, MESSAGE_ITEM_SIZE);
	IcmWallet  *wallet;
	const char *fault;

	if (n < MESSAGE_HEAD || n > MESSAGE_HEAD + ICM_WALLET_TOTALS * ICM_TOTAL_WORDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid number of items in %s", TYPE),
				 errdetail("The message says %d; there are from %d to %d.", n, MESSAGE_HEAD,
						   MESSAGE_HEAD + ICM_WALLET_TOTALS * ICM_TOTAL_WORDS)));
	wallet = IcmFlatMake(ICM_WALLET_SIZE(n - MESSAGE_HEAD), ICM_WALLET_VERSION);
	for (int i = 0; i < ICM_WALLET_COUNTS; i++)
		wallet->count[i] = pq_getmsgint64(buf);
	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		wallet->window[i].low = pq_getmsgbyte(buf);
		wallet->window[i].n = pq_getmsgbyte(buf);
	}
	wallet->zero2 = pq_getmsgint(buf, 2);
	for (int i = 0; i < n - MESSAGE_HEAD; i++)
		wallet->words[i] = pq_getmsgint64(buf);
	fault = MessageFault(wallet);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid counts or totals in %s", TYPE),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(wallet);
}

PG_FUNCTION_INFO_V1(icm_wallet_send);
Datum
icm_wallet_send(PG_FUNCTION_ARGS)
{
	const IcmWallet *wallet = PG_GETARG_WALLET(0);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, wallet, MESSAGE_HEAD + ICM_WALLET_WORDS(wallet));
	for (int i = 0; i < ICM_WALLET_COUNTS; i++)
		pq_sendint64(&buf, wallet->count[i]);
	for (int i = 0; i < ICM_WALLET_TOTALS; i++)
	{
		pq_sendint8(&buf, wallet->window[i].low);
		pq_sendint8(&buf, wallet->window[i].n);
	}
	pq_sendint16(&buf, wallet->zero2);
	for (int i = 0; i < ICM_WALLET_WORDS(wallet); i++)
		pq_sendint64(&buf, wallet->words[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- accessors ------------------------------------------------------------ */

static double
Count(const IcmWallet *wallet, IcmWalletCount which)
{
	return (double) wallet->count[which];
}

static double
Total(const IcmWallet *wallet, IcmWalletTotal which)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];

	IcmWalletTotals(wallet, totals);
	return IcmTotalRound(totals[which]);
}

/* The following are NaN where there is no customer with a positive wallet. */

static double
Share(const IcmWallet *wallet)
{
	return Total(wallet, ICM_WALLET_OWN) / Total(wallet, ICM_WALLET_WALLET);
}

static double
MeanShare(const IcmWallet *wallet)
{
	return Total(wallet, ICM_WALLET_SHARES) / Count(wallet, ICM_WALLET_CUSTOMERS);
}

static double
Penetration(const IcmWallet *wallet)
{
	return Count(wallet, ICM_WALLET_BUYERS) / Count(wallet, ICM_WALLET_CUSTOMERS);
}

static double
Headroom(const IcmWallet *wallet)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];

	IcmWalletTotals(wallet, totals);
	return IcmTotalMinus(totals[ICM_WALLET_WALLET], totals[ICM_WALLET_OWN]);
}

static Datum
ReturnNumber(FunctionCallInfo fcinfo, double number)
{
	if (isnan(number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

PG_FUNCTION_INFO_V1(icm_wallet_n);
Datum
icm_wallet_n(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_WALLET(0)->count[ICM_WALLET_CUSTOMERS]);
}

PG_FUNCTION_INFO_V1(icm_wallet_own);
Datum
icm_wallet_own(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(Total(PG_GETARG_WALLET(0), ICM_WALLET_OWN));
}

PG_FUNCTION_INFO_V1(icm_wallet_total);
Datum
icm_wallet_total(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(Total(PG_GETARG_WALLET(0), ICM_WALLET_WALLET));
}

PG_FUNCTION_INFO_V1(icm_wallet_headroom);
Datum
icm_wallet_headroom(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(Headroom(PG_GETARG_WALLET(0)));
}

PG_FUNCTION_INFO_V1(icm_wallet_share);
Datum
icm_wallet_share(PG_FUNCTION_ARGS)
{
	return ReturnNumber(fcinfo, Share(PG_GETARG_WALLET(0)));
}

PG_FUNCTION_INFO_V1(icm_wallet_mean_share);
Datum
icm_wallet_mean_share(PG_FUNCTION_ARGS)
{
	return ReturnNumber(fcinfo, MeanShare(PG_GETARG_WALLET(0)));
}

PG_FUNCTION_INFO_V1(icm_wallet_penetration);
Datum
icm_wallet_penetration(PG_FUNCTION_ARGS)
{
	return ReturnNumber(fcinfo, Penetration(PG_GETARG_WALLET(0)));
}

/* icm_wallet_growth(wallet, probability) */
PG_FUNCTION_INFO_V1(icm_wallet_growth_of_all);
Datum
icm_wallet_growth_of_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(IcmGrowth(Headroom(PG_GETARG_WALLET(0)), PG_GETARG_FLOAT8(1)));
}

/* (n, own, wallet, share, mean_share, penetration, headroom, no_spend, unknown, unknown_own) */
PG_FUNCTION_INFO_V1(icm_wallet_stats);
Datum
icm_wallet_stats(PG_FUNCTION_ARGS)
{
	const IcmWallet *wallet = PG_GETARG_WALLET(0);
	Datum		values[10];
	bool		nulls[10] = {0};

	values[0] = Int64GetDatum(wallet->count[ICM_WALLET_CUSTOMERS]);
	values[1] = Float8GetDatum(Total(wallet, ICM_WALLET_OWN));
	values[2] = Float8GetDatum(Total(wallet, ICM_WALLET_WALLET));
	values[3] = Float8GetDatum(Share(wallet));
	values[4] = Float8GetDatum(MeanShare(wallet));
	values[5] = Float8GetDatum(Penetration(wallet));
	values[6] = Float8GetDatum(Headroom(wallet));
	values[7] = Int64GetDatum(wallet->count[ICM_WALLET_NO_SPEND]);
	values[8] = Int64GetDatum(wallet->count[ICM_WALLET_UNKNOWN]);
	values[9] = Float8GetDatum(Total(wallet, ICM_WALLET_UNKNOWN_OWN));
	nulls[3] = nulls[4] = nulls[5] = wallet->count[ICM_WALLET_CUSTOMERS] == 0;
	return IcmReturnRow(fcinfo, values, nulls);
}
