/*
 * wallet_change.c
 *		Intervals of a share of wallet, and how it changed from one period to the
 *		next: icm_wallet_share_interval, icm_wallet_change, icm_wallet_change_agg.
 *
 * A share R = sum x / sum w is a ratio of two sums. By the delta method (Cochran
 * 1977, Sampling Techniques, 3rd edition, ch. 6) its variance is
 * n / (n - 1) * sum (x - R w)^2 / (sum w)^2, and that of the difference of the shares
 * of the same customers in two periods n / (n - 1) * sum (d2 / sum w2 - d1 / sum w1)^2,
 * d = x - R w in each. Both are sums of squares of linear combinations, so they are had from
 * the totals of squares and products, which are exact: nothing cancels. What is left where all customers
 * have the same share, or where everybody's changes by as much, is rounding of their amounts, which is no
 * error: it counts as 0 (IcmTotalQuadratic).
 *
 * Intervals and p-values are of Student's t distribution: the standard error is itself an estimate, of n - 1 degrees
 * of freedom, or of two samples as many as Welch 1947 and Satterthwaite 1946 have it. Where it is 0, customers who do
 * not differ tell nothing of how others would: there is no interval then, rather than one without width.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "common/check.h"
#include "common/rows.h"
#include "math/student.h"
#include "wallet/interval.h"
#include "wallet/share.h"
#include "wallet/wallet.h"
#include "wallet/wallet_state.h"

/* Of a standard error; NaN where it is 0 or not known, so that there is no interval. */
static double
DegreesOfFreedom(double std_error, double customers)
{
	return std_error > 0.0 ? customers - 1.0 : NAN;
}

/* ---- one period ----------------------------------------------------------- */

/* The share of a wallet, its standard error and the degrees of freedom of that; NaN where they are not known. */
typedef struct Share
{
	double		share;
	double		std_error;
	double		df;
} Share;

static Share
ShareOf(const IcmWallet *wallet)
{
	IcmTotal	totals[ICM_WALLET_TOTALS];
	Share		result = {NAN, NAN, NAN};
	double		sum;

	IcmWalletTotals(wallet, totals);
	sum = IcmTotalRound(totals[ICM_WALLET_WALLET]);
	if (sum > 0.0)
	{
		double		customers = (double) wallet->count[ICM_WALLET_CUSTOMERS];

		result.share = IcmTotalRound(totals[ICM_WALLET_OWN]) / sum;
		result.std_error = IcmShareError(&totals[ICM_WALLET_OWN_SQUARES], result.share, sum, customers);
		result.df = DegreesOfFreedom(result.std_error, customers);
	}
	return result;
}

StaticAssertDecl(ICM_WALLET_PRODUCTS == ICM_WALLET_OWN_SQUARES + 1 && ICM_WALLET_WALLET_SQUARES == ICM_WALLET_OWN_SQUARES + 2,
				 "the totals of products are in the order that a quadratic form takes them");

/* (wallet, confidence): (share, std_error, lower, upper) */
PG_FUNCTION_INFO_V1(icm_wallet_share_interval);
Datum
icm_wallet_share_interval(PG_FUNCTION_ARGS)
{
	Share		share = ShareOf(PG_GETARG_WALLET(0));
	double		half = IcmHalfWidth(share.std_error, share.df, IcmCheckConfidence(PG_GETARG_FLOAT8(1)));
	double		numbers[4] = {share.share, share.std_error,
	IcmClamp(share.share - half, 0.0, 1.0), IcmClamp(share.share + half, 0.0, 1.0)};
	Datum		values[4];
	bool		nulls[4];

	IcmPutNumbers(values, nulls, numbers, 4);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* ---- two periods ---------------------------------------------------------- */

/* icm_wallet_trend before it is a row. */
typedef struct Trend
{
	double		before,
				after,
				std_error,
				df;				/* NaN: there is no interval, and no t */
	int64		n_before,
				n_after,
				left_out;
} Trend;

/* (share_before, share_after, change, std_error, lower, upper, t, df, p_value, n_before, n_after, left_out) */
static Datum
ReturnTrend(FunctionCallInfo fcinfo, const Trend *trend, double confidence)
{
	double		change = trend->after - trend->before;
	double		half = IcmHalfWidth(trend->std_error, trend->df, confidence);
	double		t = isnan(trend->df) ? NAN : change / trend->std_error;
	double		numbers[9] = {trend->before, trend->after, change, trend->std_error,
	IcmClamp(change - half, -1.0, 1.0), IcmClamp(change + half, -1.0, 1.0), t, trend->df, isnan(t) ? NAN : IcmStudentBeyond(t, trend->df)};
	Datum		values[12];
	bool		nulls[12] = {0};

	IcmPutNumbers(values, nulls, numbers, 9);
	values[9] = Int64GetDatum(trend->n_before);
	values[10] = Int64GetDatum(trend->n_after);
	values[11] = Int64GetDatum(trend->left_out);
	return IcmReturnRow(fcinfo, values, nulls);
}

static int64
LeftOut(const IcmWallet *wallet)
{
	return wallet->count[ICM_WALLET_NO_SPEND] + wallet->count[ICM_WALLET_UNKNOWN];
}

/* The degrees of freedom of the error of a difference: NaN where that of either share tells nothing of its own error. */
static double
Satterthwaite(const Share *first, const Share *second, double error)
{
	double		before = first->std_error / error,
				after = second->std_error / error;

	return 1.0 / (pow(before, 4.0) / first->df + pow(after, 4.0) / second->df);
}

/* (before, after, confidence): samples of other customers */
PG_FUNCTION_INFO_V1(icm_wallet_change);
Datum
icm_wallet_change(PG_FUNCTION_ARGS)
{
	const IcmWallet *before = PG_GETARG_WALLET(0);
	const IcmWallet *after = PG_GETARG_WALLET(1);
	Share		first = ShareOf(before);
	Share		second = ShareOf(after);
	double		error = hypot(first.std_error, second.std_error);
	Trend		trend = {first.share, second.share, error, Satterthwaite(&first, &second, error),
		before->count[ICM_WALLET_CUSTOMERS], after->count[ICM_WALLET_CUSTOMERS], LeftOut(before) + LeftOut(after)};

	return ReturnTrend(fcinfo, &trend, IcmCheckConfidence(PG_GETARG_FLOAT8(2)));
}

/* ---- the same customers in two periods ------------------------------------ */

enum
{
	OWN_BEFORE,
	WALLET_BEFORE,
	OWN_AFTER,
	WALLET_AFTER,
	VARIABLES
};

/* The totals are those of the variables, and then of their products, row by row: 0 0, 0 1, ..., 1 1, ... */
#define PRODUCTS (VARIABLES * (VARIABLES + 1) / 2)
#define TOTALS (VARIABLES + PRODUCTS)

enum
{
	PAIRS,						/* customers with both wallets known, and one of them positive */
	N_BEFORE,					/* of these, with a positive wallet before */
	N_AFTER,					/* and after */
	LEFT_OUT					/* customers who are none of these */
};

static const IcmWalletStateKind kind = {"icm_wallet_change_agg", TOTALS};

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_wallet_change_agg's support functions");
}

/* The state in argument 0, or a new one. */
static IcmWalletState *
GetState(FunctionCallInfo fcinfo, double confidence)
{
	IcmWalletState *state;

	if (PG_ARGISNULL(0))
	{
		state = IcmWalletStateMake(&kind);
		state->confidence = confidence;
		return state;
	}
	state = IcmWalletStateGet(PG_GETARG_DATUM(0), &kind);
	IcmCheckSameConfidence(state->confidence, confidence);
	return state;
}

/* Read own spend and wallet of a period, from this argument on; false if the wallet is unknown. */
static bool
ReadPeriod(FunctionCallInfo fcinfo, int arg, double *spend)
{
	spend[0] = spend[1] = 0.0;
	if (PG_ARGISNULL(arg + 1))
	{
		if (!PG_ARGISNULL(arg))
		{
			IcmCheckOwnSpend(PG_GETARG_FLOAT8(arg));
			IcmCheckAmount(PG_GETARG_FLOAT8(arg), "own spend");
		}
		return false;
	}
	IcmCheckOwnGiven(PG_ARGISNULL(arg));
	spend[1] = PG_GETARG_FLOAT8(arg + 1);
	spend[0] = IcmOwnSpend(PG_GETARG_FLOAT8(arg), spend[1]);
	IcmCheckAmount(spend[1], "wallet");
	return true;
}

static IcmWalletState *
AddPair(IcmWalletState *state, const double *spend)
{
	IcmTerm		term[VARIABLES];
	int			product = VARIABLES;

	IcmWalletStateCount(state, PAIRS, 1);
	IcmWalletStateCount(state, N_BEFORE, spend[WALLET_BEFORE] > 0.0);
	IcmWalletStateCount(state, N_AFTER, spend[WALLET_AFTER] > 0.0);
	for (int i = 0; i < VARIABLES; i++)
	{
		term[i] = IcmTermOf(fabs(spend[i]));	/* zero may be negative */
		state = IcmWalletStateAdd(state, i, term[i]);
	}
	for (int i = 0; i < VARIABLES; i++)
		for (int j = i; j < VARIABLES; j++)
			state = IcmWalletStateAdd(state, product++, IcmTermProduct(term[i], term[j]));
	return state;
}

static bool
AllNull(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) && PG_ARGISNULL(2) && PG_ARGISNULL(3) && PG_ARGISNULL(4);
}

/* (state, own_before, wallet_before, own_after, wallet_after [, confidence]) */
PG_FUNCTION_INFO_V1(icm_wallet_change_accum);
Datum
icm_wallet_change_accum(PG_FUNCTION_ARGS)
{
	IcmWalletState *state;
	double		spend[VARIABLES];
	bool		before,
				after;

	CheckInAggregate(fcinfo);
	if (AllNull(fcinfo))
		return IcmReturnState(fcinfo);	/* nobody, as from a LEFT JOIN */
	state = GetState(fcinfo, IcmConfidenceOf(fcinfo));
	before = ReadPeriod(fcinfo, 1, &spend[OWN_BEFORE]);
	after = ReadPeriod(fcinfo, 3, &spend[OWN_AFTER]);
	if (before && after && (spend[WALLET_BEFORE] > 0.0 || spend[WALLET_AFTER] > 0.0))
		PG_RETURN_POINTER(AddPair(state, spend));
	IcmWalletStateCount(state, LEFT_OUT, 1);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_wallet_change_combine);
Datum
icm_wallet_change_combine(PG_FUNCTION_ARGS)
{
	IcmWalletState *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmWalletStateGet(PG_GETARG_DATUM(1), &kind);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	PG_RETURN_POINTER(IcmWalletStateMerge(GetState(fcinfo, other->confidence), other));
}

/* A state's totals, which may be any, as long as a quadratic form of them is in range. */
static void
GetTotals(const IcmWalletState *state, IcmTotal *totals)
{
	double		pairs = (double) state->count[PAIRS];

	for (int i = 0; i < TOTALS; i++)
	{
		double		most = i < VARIABLES ? ICM_WALLET_AMOUNT_MAX : ICM_WALLET_AMOUNT_MAX * ICM_WALLET_AMOUNT_MAX;

		totals[i] = IcmTotalTrim(IcmWalletStateTotal(state, i));
		if (!IcmTotalIsWhole(totals[i]) || !(IcmTotalNear(totals[i]) <= 1.001 * most * pairs))
			IcmWalletStateCorrupt(&kind);
	}
	if (!(state->confidence > 0.0 && state->confidence < 1.0) || state->count[N_BEFORE] > state->count[PAIRS] ||
		state->count[N_AFTER] > state->count[PAIRS] ||
		IcmTotalLarger(totals[OWN_BEFORE], totals[WALLET_BEFORE]) || IcmTotalLarger(totals[OWN_AFTER], totals[WALLET_AFTER]))
		IcmWalletStateCorrupt(&kind);
}

/* d2 / W2 - d1 / W1, times W1 W2, is a linear combination of the variables. */
static double
PairedError(const IcmTotal *totals, double before, double after, double pairs)
{
	int			e1,
				e2;
	double		w1 = frexp(IcmTotalRound(totals[WALLET_BEFORE]), &e1);
	double		w2 = frexp(IcmTotalRound(totals[WALLET_AFTER]), &e2);
	double		c[VARIABLES] = {-w2, w2 * before, w1, -(w1 * after)};
	int			exponents[VARIABLES] = {-e1, -e1, -e2, -e2};

	return IcmResidualError(IcmTotalQuadratic(c, exponents, VARIABLES, &totals[VARIABLES]), pairs, w1 * w2);
}

PG_FUNCTION_INFO_V1(icm_wallet_change_final);
Datum
icm_wallet_change_final(PG_FUNCTION_ARGS)
{
	const IcmWalletState *state = IcmWalletStateGet(PG_GETARG_DATUM(0), &kind);
	IcmTotal	totals[TOTALS];
	Trend		trend = {.std_error = NAN, .df = NAN, .n_before = state->count[N_BEFORE], .n_after = state->count[N_AFTER],
	.left_out = state->count[LEFT_OUT]};

	GetTotals(state, totals);
	trend.before = IcmTotalRound(totals[OWN_BEFORE]) / IcmTotalRound(totals[WALLET_BEFORE]);
	trend.after = IcmTotalRound(totals[OWN_AFTER]) / IcmTotalRound(totals[WALLET_AFTER]);
	if (!isnan(trend.before) && !isnan(trend.after))
	{
		double		pairs = (double) state->count[PAIRS];

		trend.std_error = PairedError(totals, trend.before, trend.after, pairs);
		trend.df = DegreesOfFreedom(trend.std_error, pairs);
	}
	return ReturnTrend(fcinfo, &trend, state->confidence);
}
