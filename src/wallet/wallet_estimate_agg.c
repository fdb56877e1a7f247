/*
 * wallet_estimate_agg.c
 *		icm_wallet_estimate_agg: the share of wallet of customers whose wallets are estimated by a
 *		model, and how well it is known.
 *
 * The share is R = S / W, S = sum own_i, W = sum w_i, w_i = max(x_i'b, own_i, 0). It may be wrong for two
 * reasons, and the delta method tells by how much.
 *
 * The coefficients b were fitted to some customers, and others would have given others. dW/db is g, the sum of
 * x_i over the customers with x_i'b > max(own_i, 0): so the error is R / W sqrt(g'C g), C being the covariances of
 * the coefficients by their standard errors and correlations (Hendricks and Koenker 1992; Koenker 2005,
 * Quantile Regression, ch. 3).
 *
 * The customers may be a sample: sqrt(n / (n - 1) sum (own_i - R w_i)^2) / W (Cochran 1977, Sampling
 * Techniques, 3rd edition, ch. 6), as of wallets that are known (wallet_change.c).
 *
 * Both are added up by their squares, as if the model had been fitted to other customers.
 *
 * The state holds exact totals (wallet_state.h), of each column of x one of what is positive in g and one of what is negative;
 * and in its tail the model's fit for the one tau that is asked for, to be compared with that of each row.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "common/rows.h"
#include "wallet/interval.h"
#include "wallet/share.h"
#include "wallet/wallet.h"
#include "wallet/wallet_model.h"
#include "wallet/wallet_state.h"

enum
{
	CUSTOMERS,					/* whose estimate is positive */
	AT_OWN,						/* of these, whose own spend is not below the quantile */
	NO_SPEND,					/* whose estimate is zero */
	UNKNOWN						/* who are not estimated, as x or the model is NULL */
};

/* Two for each column follow. */
enum
{
	OWN,						/* of the customers: own spend */
	WALLET,						/* estimates */
	OWN_SQUARES,				/* and products, in the order that a quadratic form takes them */
	PRODUCTS,
	WALLET_SQUARES,
	UNKNOWN_OWN,				/* own spend of those who are not estimated */
	TOTALS
};

#define POSITIVE(j) (TOTALS + 2 * (j))
#define NEGATIVE(j) (TOTALS + 2 * (j) + 1)

/* States have these totals, and no tail, until there is a model. */
static const IcmWalletStateKind kind = {"icm_wallet_estimate_agg", TOTALS};

/* ---- the model's fit -------------------------------------------------------- */

/* The tail: how many customers' x is beyond what was fitted, and the fit, as a model of one tau. */
#define TAIL_SIZE(columns) (sizeof(int64) + ICM_WALLET_MODEL_SIZE(columns, 1))

static int64 *
Extrapolated(IcmWalletState *state)
{
	return IcmWalletStateTail(state);
}

/* NULL if no model was given. */
static IcmWalletModel *
Fit(IcmWalletState *state)
{
	return state->totals == TOTALS ? NULL : (IcmWalletModel *) (Extrapolated(state) + 1);
}

/* Make the k-th tau of a model the fit. */
static void
KeepFit(IcmWalletModel *fit, const IcmWalletModel *model, int k)
{
	Size		row = model->columns * sizeof(double);

	SET_VARSIZE(fit, ICM_WALLET_MODEL_SIZE(model->columns, 1));
	fit->version = ICM_WALLET_MODEL_VERSION;
	fit->columns = model->columns;
	fit->taus = 1;
	fit->rows = model->rows;
	ICM_WALLET_TAUS(fit)[0] = ICM_WALLET_TAUS(model)[k];
	memcpy(ICM_WALLET_COEFFICIENTS(fit, 0), ICM_WALLET_COEFFICIENTS(model, k), row);
	memcpy(ICM_WALLET_ERRORS(fit, 0), ICM_WALLET_ERRORS(model, k), row);
	memcpy(ICM_WALLET_CORRELATIONS(fit, 0), ICM_WALLET_CORRELATIONS(model, k), ICM_WALLET_PAIRS(model->columns) * sizeof(double));
	memcpy(ICM_WALLET_LOWEST(fit), ICM_WALLET_LOWEST(model), row);
	memcpy(ICM_WALLET_HIGHEST(fit), ICM_WALLET_HIGHEST(model), row);
}

/* Is it the k-th tau of a model? */
static bool
IsFit(const IcmWalletModel *fit, const IcmWalletModel *model, int k)
{
	Size		row = model->columns * sizeof(double);

	return fit->columns == model->columns && fit->rows == model->rows && ICM_WALLET_TAUS(fit)[0] == ICM_WALLET_TAUS(model)[k] &&
		memcmp(ICM_WALLET_COEFFICIENTS(fit, 0), ICM_WALLET_COEFFICIENTS(model, k), row) == 0 &&
		memcmp(ICM_WALLET_ERRORS(fit, 0), ICM_WALLET_ERRORS(model, k), row) == 0 &&
		memcmp(ICM_WALLET_CORRELATIONS(fit, 0), ICM_WALLET_CORRELATIONS(model, k), ICM_WALLET_PAIRS(model->columns) * sizeof(double)) == 0 &&
		memcmp(ICM_WALLET_LOWEST(fit), ICM_WALLET_LOWEST(model), row) == 0 &&
		memcmp(ICM_WALLET_HIGHEST(fit), ICM_WALLET_HIGHEST(model), row) == 0;
}

static void
CheckSameFit(const IcmWalletModel *fit, const IcmWalletModel *model, int k)
{
	double		tau = ICM_WALLET_TAUS(fit)[0],
				other = ICM_WALLET_TAUS(model)[k];

	if (unlikely(!IsFit(fit, model, k)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model and tau must be the same for all rows of a group"),
				 tau != other ? errdetail("Tau is %s in one row and %s in another.", float8out_internal(tau), float8out_internal(other)) :
				 errdetail("Two rows have different fits for tau %s.", float8out_internal(tau)),
				 errhint("Add what they depend on to GROUP BY.")));
}

/* ---- states ------------------------------------------------------------------ */

static bool
IsTail(IcmWalletState *state)
{
	int			further = state->totals - TOTALS;
	const IcmWalletModel *fit = Fit(state);

	if (fit == NULL)
		return IcmWalletStateTailSize(state) == 0;
	return further % 2 == 0 && further / 2 <= ICM_WALLET_COLUMNS_MAX && IcmWalletStateTailSize(state) == TAIL_SIZE(further / 2) &&
		fit->columns == further / 2 && fit->taus == 1 &&
		*Extrapolated(state) >= 0 && *Extrapolated(state) <= state->count[CUSTOMERS] + state->count[NO_SPEND];
}

static IcmWalletState *
GetState(Datum datum)
{
	IcmWalletState *state = IcmWalletStateGetLonger(datum, &kind);

	if (unlikely(!IsTail(state)))
		IcmWalletStateCorrupt(&kind);
	return state;
}

/* A new state by the k-th tau of a model. */
static IcmWalletState *
MakeFitted(const IcmWalletModel *model, int k, double confidence)
{
	IcmWalletState *state = IcmWalletStateMakeLonger(&kind, 2 * model->columns, TAIL_SIZE(model->columns));

	KeepFit(Fit(state), model, k);
	state->confidence = confidence;
	return state;
}

/* The state, or a larger copy that is by the k-th tau of this model. */
static IcmWalletState *
ByModel(IcmWalletState *state, const IcmWalletModel *model, int k)
{
	if (likely(Fit(state) != NULL))
	{
		CheckSameFit(Fit(state), model, k);
		return state;
	}
	return IcmWalletStateMerge(MakeFitted(model, k, state->confidence), state);
}

/* The state in argument 0, or a new one, by the k-th tau of a model, if one is given. */
static IcmWalletState *
BeginRow(FunctionCallInfo fcinfo, const IcmWalletModel *model, int k, double confidence)
{
	IcmWalletState *state;

	if (!PG_ARGISNULL(0))
	{
		state = GetState(PG_GETARG_DATUM(0));
		IcmCheckSameConfidence(state->confidence, confidence);
		return model == NULL ? state : ByModel(state, model, k);
	}
	if (model != NULL)
		return MakeFitted(model, k, confidence);
	state = IcmWalletStateMake(&kind);
	state->confidence = confidence;
	return state;
}

/* ---- rows -------------------------------------------------------------------- */

/* No larger numbers than amounts can be, so that no sum of them leaves the range of float8. */
static void
CheckX(const double *x, int columns)
{
	for (int j = 0; j < columns; j++)
		IcmCheckAmount(fabs(x[j]), "an element of x");
}

/* Add x to the gradient g. */
static IcmWalletState *
AddGradient(IcmWalletState *state, const double *x, int columns)
{
	for (int j = 0; j < columns; j++)
		state = IcmWalletStateAdd(state, x[j] < 0.0 ? NEGATIVE(j) : POSITIVE(j), IcmTermOf(fabs(x[j])));
	return state;
}

static IcmWalletState *
AddEstimated(IcmWalletState *state, const IcmWalletModel *model, int k, const double *x, double own)
{
	double		quantile = IcmWalletPredict(ICM_WALLET_COEFFICIENTS(model, k), x, model->columns);
	double		wallet = Max(quantile, own);
	IcmTerm		own_term = IcmTermOf(own),
				wallet_term;

	IcmCheckAmount(wallet, "estimated wallet");
	CheckX(x, model->columns);
	if (ICM_WALLET_FITTED(model) && IcmWalletExtrapolates(model, x))
		(*Extrapolated(state))++;
	if (wallet == 0.0)
	{
		IcmWalletStateCount(state, NO_SPEND, 1);
		return state;
	}
	IcmWalletStateCount(state, CUSTOMERS, 1);
	IcmWalletStateCount(state, AT_OWN, quantile <= own);
	wallet_term = IcmTermOf(wallet);
	state = IcmWalletStateAdd(state, OWN, own_term);
	state = IcmWalletStateAdd(state, WALLET, wallet_term);
	state = IcmWalletStateAdd(state, OWN_SQUARES, IcmTermProduct(own_term, own_term));
	state = IcmWalletStateAdd(state, PRODUCTS, IcmTermProduct(own_term, wallet_term));
	state = IcmWalletStateAdd(state, WALLET_SQUARES, IcmTermProduct(wallet_term, wallet_term));
	return quantile <= own ? state : AddGradient(state, x, model->columns);
}

static IcmWalletState *
AddUnknown(IcmWalletState *state, double own)
{
	IcmWalletStateCount(state, UNKNOWN, 1);
	return IcmWalletStateAdd(state, UNKNOWN_OWN, IcmTermOf(own));
}

/* ---- support functions ------------------------------------------------------- */

static void
CheckInAggregate(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "icm_wallet_estimate_agg's support functions");
}

/* (state, model, x, own [, tau [, confidence]]) */
PG_FUNCTION_INFO_V1(icm_wallet_estimate_accum);
Datum
icm_wallet_estimate_accum(PG_FUNCTION_ARGS)
{
	IcmWalletModel *model = NULL;
	IcmWalletState *state;
	double		own;
	int			k = 0;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(2) && PG_ARGISNULL(3))
		return IcmReturnState(fcinfo);	/* nobody, as from a LEFT JOIN */
	if (!PG_ARGISNULL(1))
	{
		model = PG_GETARG_WALLET_MODEL(1);
		k = PG_NARGS() < 5 || PG_ARGISNULL(4) ? IcmWalletOnlyTau(model) : IcmWalletFindTau(model, PG_GETARG_FLOAT8(4));
	}
	state = BeginRow(fcinfo, model, k, IcmConfidenceOf(fcinfo));
	own = IcmWalletGetOwn(fcinfo, 3);
	IcmCheckAmount(own, "own spend");
	if (model == NULL || PG_ARGISNULL(2))
		PG_RETURN_POINTER(AddUnknown(state, own));
	PG_RETURN_POINTER(AddEstimated(state, model, k, IcmWalletGetX(fcinfo, 2, model), own));
}

PG_FUNCTION_INFO_V1(icm_wallet_estimate_combine);
Datum
icm_wallet_estimate_combine(PG_FUNCTION_ARGS)
{
	IcmWalletState *state,
			   *other;

	CheckInAggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetState(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state = GetState(PG_GETARG_DATUM(0));
	IcmCheckSameConfidence(state->confidence, other->confidence);
	if (Fit(other) != NULL)
	{
		state = ByModel(state, Fit(other), 0);
		*Extrapolated(state) += *Extrapolated(other);
	}
	PG_RETURN_POINTER(IcmWalletStateMerge(state, other));
}

/* ---- the result -------------------------------------------------------------- */

/* A total of so many customers, each of at most so much, trimmed. */
static IcmTotal
GetTotal(const IcmWalletState *state, int which, double most, int64 customers)
{
	IcmTotal	total = IcmTotalTrim(IcmWalletStateTotal(state, which));

	if (!IcmTotalIsWhole(total) || !(IcmTotalNear(total) <= 1.001 * most * (double) customers))
		IcmWalletStateCorrupt(&kind);
	return total;
}

static void
GetTotals(const IcmWalletState *state, IcmTotal *totals)
{
	for (int i = 0; i < TOTALS; i++)
	{
		bool		squares = i >= OWN_SQUARES && i <= WALLET_SQUARES;

		totals[i] = GetTotal(state, i, squares ? ICM_WALLET_AMOUNT_MAX * ICM_WALLET_AMOUNT_MAX : ICM_WALLET_AMOUNT_MAX,
							 state->count[i == UNKNOWN_OWN ? UNKNOWN : CUSTOMERS]);
	}
	if (!(state->confidence > 0.0 && state->confidence < 1.0) || state->count[AT_OWN] > state->count[CUSTOMERS] ||
		IcmTotalLarger(totals[OWN], totals[WALLET]))
		IcmWalletStateCorrupt(&kind);
}

/* An element of g. */
static double
Gradient(const IcmWalletState *state, int column)
{
	int64		customers = state->count[CUSTOMERS];

	return IcmTotalMinus(GetTotal(state, POSITIVE(column), ICM_WALLET_AMOUNT_MAX, customers),
						 GetTotal(state, NEGATIVE(column), ICM_WALLET_AMOUNT_MAX, customers));
}

/* The standard error of the sum of wallets that comes from the model; NaN where it is not known, as without one. */
static double
ErrorOfWallets(IcmWalletState *state)
{
	const IcmWalletModel *fit = Fit(state);
	double		gradient[ICM_WALLET_COLUMNS_MAX];

	if (fit == NULL)
		return NAN;
	for (const double *number = fit->numbers; number < ICM_WALLET_HIGHEST(fit) + fit->columns; number++)
		if (!isfinite(*number))
			IcmWalletStateCorrupt(&kind);
	for (int j = 0; j < fit->columns; j++)
		gradient[j] = Gradient(state, j);
	return IcmWalletStandardError(fit, 0, gradient);
}

StaticAssertDecl(PRODUCTS == OWN_SQUARES + 1 && WALLET_SQUARES == OWN_SQUARES + 2,
				 "the totals of products are in the order that a quadratic form takes them");

/* The share and its errors, as the columns of the result; NaN for what is not known. */
typedef struct Share
{
	double		share;
	double		model_error;
	double		sample_error;
	double		std_error;
	double		df;				/* the degrees of freedom of that */
	double		lower;
	double		upper;
} Share;

/* What is beyond float8 is not known. */
static double
Known(double error)
{
	return isfinite(error) ? error : NAN;
}

/*
 * The error of the model counts as known, so the degrees of freedom of both errors together are, by Satterthwaite, more than
 * the n - 1 of the sample's.
 */
static void
SetInterval(Share *share, double customers, double confidence)
{
	double		half;

	if (!(share->sample_error > 0.0 && share->std_error > 0.0))
		return;
	share->df = Min((customers - 1.0) * pow(share->std_error / share->sample_error, 4.0), ICM_DF_MAX);
	half = IcmHalfWidth(share->std_error, share->df, confidence);
	share->lower = IcmClamp(share->share - half, 0.0, 1.0);
	share->upper = IcmClamp(share->share + half, 0.0, 1.0);
}

static Share
ShareOf(IcmWalletState *state, const IcmTotal *totals)
{
	Share		share = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	double		customers = (double) state->count[CUSTOMERS],
				wallet = IcmTotalRound(totals[WALLET]),
				error = ErrorOfWallets(state);

	if (!(wallet > 0.0))
		return share;
	share.share = IcmTotalRound(totals[OWN]) / wallet;
	share.model_error = Known(share.share * (error / wallet));
	share.sample_error = IcmShareError(&totals[OWN_SQUARES], share.share, wallet, customers);
	if (isinf(share.sample_error))
		IcmWalletStateCorrupt(&kind);	/* squares beyond those of the sums */
	share.std_error = Known(hypot(share.model_error, share.sample_error));
	SetInterval(&share, customers, state->confidence);
	return share;
}

/*
 * (n, own, wallet, share, model_error, sample_error, std_error, df, lower, upper, at_own, extrapolated, no_spend,
 * unknown, unknown_own)
 */
PG_FUNCTION_INFO_V1(icm_wallet_estimate_final);
Datum
icm_wallet_estimate_final(PG_FUNCTION_ARGS)
{
	IcmWalletState *state = GetState(PG_GETARG_DATUM(0));
	IcmTotal	totals[TOTALS];
	Share		share;
	double		numbers[9];
	Datum		values[15];
	bool		nulls[15] = {false};

	GetTotals(state, totals);
	share = ShareOf(state, totals);
	numbers[0] = IcmTotalRound(totals[OWN]);
	numbers[1] = IcmTotalRound(totals[WALLET]);
	memcpy(&numbers[2], &share, sizeof(share));
	values[0] = Int64GetDatum(state->count[CUSTOMERS]);
	IcmPutNumbers(values + 1, nulls + 1, numbers, 9);
	values[10] = Int64GetDatum(state->count[AT_OWN]);
	nulls[11] = Fit(state) == NULL || !ICM_WALLET_FITTED(Fit(state));
	values[11] = Int64GetDatum(nulls[11] ? 0 : *Extrapolated(state));
	values[12] = Int64GetDatum(state->count[NO_SPEND]);
	values[13] = Int64GetDatum(state->count[UNKNOWN]);
	values[14] = Float8GetDatum(IcmTotalRound(totals[UNKNOWN_OWN]));
	return IcmReturnRow(fcinfo, values, nulls);
}
