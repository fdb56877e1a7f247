/*
 * wallet_model_fit.c
 *		icm_wallet_fit and icm_wallet_fit_quantiles: fitting a wallet model.
 *
 * The transition state is a bytea that grows (common/growing.h): a header, the taus, and
 * the rows in the order they came. Merging is appending; the order of the rows has no say in
 * the result, as the regression has it.
 *
 * Memory: 8 (columns + 1) bytes a row, 8 more with weights, and as much again in the final
 * function, which copies the rows and takes what math/quantile_regression.h says.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/float.h"

#include "common/aggregate.h"
#include "common/growing.h"
#include "common/host.h"
#include "wallet/attributes.h"
#include "wallet/wallet_model.h"

#define STATE_VERSION 1
#define LEFT_OUT_MAX (INT64CONST(1) << 60)

typedef struct FitState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	int32		version;
	int64		n;				/* rows in use */
	int64		left_out;
	int32		columns;		/* 0: not known yet */
	uint8		weighted;
	uint8		taus;
	uint16		zero;			/* padding */
	double		items[FLEXIBLE_ARRAY_MEMBER];	/* taus; then of each row x, spend, and perhaps weight */
} FitState;

/* What a fit is asked for: the same in all rows. */
typedef struct Terms
{
	bool		weighted;
	int			taus;
	const double *tau;
} Terms;

StaticAssertDecl(offsetof(FitState, items) + ICM_WALLET_TAUS_MAX * sizeof(double) <= ICM_GROWING_NEW,
				 "a new state has room for all taus");

#define WIDTH(s) ((s)->columns + 1 + (s)->weighted)
#define ROWS(s) ((s)->items + (s)->taus)

/* ---- the state -------------------------------------------------------------- */

static void
Corrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of a wallet fit is corrupt")));
	pg_unreachable();
}

/* The size of the state with n rows. */
static Size
SizeWith(const FitState *state, int64 n)
{
	return offsetof(FitState, items) + (state->taus + n * WIDTH(state)) * sizeof(double);
}

static Size
UsedOf(const void *value)
{
	const FitState *state = value;

	if (VARSIZE(state) < offsetof(FitState, items) || state->version != STATE_VERSION || state->columns < 0 ||
		state->columns > ICM_WALLET_COLUMNS_MAX || state->weighted > 1 || state->taus < 1 ||
		state->taus > ICM_WALLET_TAUS_MAX || state->left_out < 0 || state->left_out > LEFT_OUT_MAX ||
		state->n < 0 || state->n > ICM_GROWING_MAX || (state->columns == 0 && state->n != 0) ||
		SizeWith(state, state->n) > VARSIZE(state))
		Corrupt();
	return SizeWith(state, state->n);
}

static FitState *
NewState(const Terms *terms)
{
	FitState   *state = IcmGrowingNew();

	state->version = STATE_VERSION;
	state->weighted = terms->weighted;
	state->taus = terms->taus;
	memcpy(state->items, terms->tau, terms->taus * sizeof(double));
	return state;
}

/* The state with room for n more rows. */
static FitState *
MakeRoom(FunctionCallInfo fcinfo, FitState *state, int64 n)
{
	Size		needed = SizeWith(state, state->n + n);

	if (likely(needed <= VARSIZE(state)))
		return state;
	if (needed > ICM_GROWING_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one fit"),
				 errdetail("With %d columns a fit is of at most %d rows.", state->columns,
						   (int) ((ICM_GROWING_MAX - SizeWith(state, 0)) / (WIDTH(state) * sizeof(double)))),
				 errhint("Fit a random sample of them: TABLESAMPLE BERNOULLI.")));
	return IcmGrow(fcinfo, state, needed, UsedOf);
}

static void
CheckTaus(const Terms *terms)
{
	const char *fault = IcmWalletTausFault(terms->tau, terms->taus);

	if (fault == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 terms->taus == 1 ? errmsg("tau must be between 0 and 1") :
			 errmsg("taus must be 1 to %d numbers between 0 and 1, ascending", ICM_WALLET_TAUS_MAX),
			 errdetail("%s", fault),
			 errhint("For wallets, 0.8 to 0.9 of own spend are usual, 0.5 of known wallets; 90 percent is 0.9.")));
}

/* ERROR unless the rows before were of these terms. */
static void
CheckSameTerms(const FitState *state, const Terms *terms)
{
	if (unlikely(state->weighted != terms->weighted))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a fit cannot be of some rows with weights and some without")));
	if (likely(state->taus == terms->taus && memcmp(state->items, terms->tau, terms->taus * sizeof(double)) == 0))
		return;
	CheckTaus(terms);			/* of which there may be any number */
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("tau must be the same for all rows of a group"),
			 errdetail("It is %s in one row, and %s in another.", IcmWalletTausText(state->items, state->taus),
					   IcmWalletTausText(terms->tau, terms->taus)),
			 errhint("Fit several at once with icm_wallet_fit_quantiles(), or add what tau depends on to GROUP BY.")));
}

static void
CheckSameColumns(const FitState *state, int columns)
{
	if (likely(columns == state->columns))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg("x must have the same number of elements in all rows of a group"),
			 errdetail("It has %d in one row, and %d in another.", Min(columns, state->columns), Max(columns, state->columns))));
}

/* ---- transition functions ---------------------------------------------------- */

static double
GetSpend(FunctionCallInfo fcinfo)
{
	double		spend = PG_GETARG_FLOAT8(1);

	if (unlikely(!isfinite(spend)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("spend must be a finite number"),
				 errdetail("The spend given is %s.", float8out_internal(spend))));
	return spend + 0.0;			/* no negative zero */
}

/* The weight in argument 4; 1 if there is no such argument. */
static double
GetWeight(FunctionCallInfo fcinfo)
{
	double		weight;

	if (PG_NARGS() <= 4)
		return 1.0;
	if (unlikely(PG_ARGISNULL(4)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("weight of a row must not be null"),
				 errhint("A row that stands for itself has weight 1.")));
	weight = PG_GETARG_FLOAT8(4);
	if (unlikely(!(weight >= 0.0 && isfinite(weight))))
		ereport(ERROR,
				(errcode(isfinite(weight) ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be finite and not negative"),
				 errdetail("The weight given is %s.", float8out_internal(weight))));
	return weight;
}

/* A row that is fitted. */
static FitState *
AddRow(FunctionCallInfo fcinfo, FitState *state, double weight)
{
	int			columns;
	const double *x = IcmAttributes(PG_GETARG_ARRAYTYPE_P(2), ICM_WALLET_COLUMNS_MAX, &columns);
	double		spend = GetSpend(fcinfo);
	double	   *row;

	if (state->columns == 0)
		state->columns = columns;
	CheckSameColumns(state, columns);
	state = MakeRoom(fcinfo, state, 1);
	row = ROWS(state) + state->n * WIDTH(state);
	for (int j = 0; j < columns; j++)
	{
		if (unlikely(!isfinite(x[j])))
			IcmAttributesNotFinite(x, columns);
		row[j] = x[j] + 0.0;	/* no negative zero */
	}
	row[columns] = spend;
	if (state->weighted)
		row[columns + 1] = weight;
	state->n++;
	return state;
}

static Datum
Accumulate(FunctionCallInfo fcinfo, const Terms *terms)
{
	FitState   *state;
	double		weight;

	if (PG_ARGISNULL(0))
	{
		CheckTaus(terms);
		state = NewState(terms);
	}
	else
	{
		state = IcmGrowingOwn(fcinfo, UsedOf);
		CheckSameTerms(state, terms);
	}
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		weight = GetWeight(fcinfo);
		if (weight > 0.0)
			return IcmGrowingReturn(AddRow(fcinfo, state, weight));
	}
	state->left_out++;
	return IcmGrowingReturn(state);
}

static void
CheckTauGiven(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "transition functions of a wallet fit");
	if (unlikely(PG_ARGISNULL(3)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tau must not be null")));
}

/* (state, spend, x, tau [, weight]) */
PG_FUNCTION_INFO_V1(icm_wallet_fit_accum);
Datum
icm_wallet_fit_accum(PG_FUNCTION_ARGS)
{
	Terms		terms = {.weighted = PG_NARGS() > 4,.taus = 1};
	double		tau;

	CheckTauGiven(fcinfo);
	tau = PG_GETARG_FLOAT8(3);
	terms.tau = &tau;
	return Accumulate(fcinfo, &terms);
}

/* (state, spend, x, taus [, weight]) */
PG_FUNCTION_INFO_V1(icm_wallet_fit_quantiles_accum);
Datum
icm_wallet_fit_quantiles_accum(PG_FUNCTION_ARGS)
{
	Terms		terms = {.weighted = PG_NARGS() > 4};
	ArrayType  *array;

	CheckTauGiven(fcinfo);
	array = PG_GETARG_ARRAYTYPE_P(3);
	if (unlikely(ARR_NDIM(array) > 1))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("taus must be a one-dimensional array")));
	if (unlikely(array_contains_nulls(array)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("taus must not contain nulls")));
	terms.taus = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	terms.tau = (const double *) ARR_DATA_PTR(array);
	return Accumulate(fcinfo, &terms);
}

/* (state, other) */
PG_FUNCTION_INFO_V1(icm_wallet_fit_combine);
Datum
icm_wallet_fit_combine(PG_FUNCTION_ARGS)
{
	FitState   *state;
	const FitState *other;
	Terms		terms;

	IcmCheckAggregate(fcinfo, "transition functions of a wallet fit");
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmGrowingGet(PG_GETARG_DATUM(1), UsedOf);
	if (PG_ARGISNULL(0))
		return IcmGrowingTakeOver(fcinfo, other, UsedOf);

	state = IcmGrowingOwn(fcinfo, UsedOf);
	terms.weighted = other->weighted;
	terms.taus = other->taus;
	terms.tau = other->items;
	CheckSameTerms(state, &terms);
	state->left_out += other->left_out;
	if (other->n == 0)
		return IcmGrowingReturn(state);
	if (state->n == 0)
		state->columns = other->columns;
	CheckSameColumns(state, other->columns);
	state = MakeRoom(fcinfo, state, other->n);
	memcpy(ROWS(state) + state->n * WIDTH(state), ROWS(other), other->n * WIDTH(other) * sizeof(double));
	state->n += other->n;
	return IcmGrowingReturn(state);
}

/* ---- final function ---------------------------------------------------------- */

/* The columns whose bits are set, as x[1], x[2], for messages. */
static const char *
ColumnsText(uint64 columns)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int j = 0; j < ICM_WALLET_COLUMNS_MAX; j++)
		if (columns >> j & 1)
			appendStringInfo(&buf, "%sx[%d]", buf.len == 0 ? "" : ", ", j + 1);
	return buf.data;
}

/* ERROR unless the rows can be fitted, and have been. */
static void
CheckResult(IcmRegressionResult result, const IcmRegression *regression, int64 left_out)
{
	switch (result)
	{
		case ICM_REGRESSION_DONE:
		case ICM_REGRESSION_FLAT:
			break;
		case ICM_REGRESSION_FEW_ROWS:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("too few rows to fit wallets"),
					 errdetail("Rows: " INT64_FORMAT "; columns: %d; rows left out, as spend or x is null or the weight 0: " INT64_FORMAT ".",
							   (int64) regression->n, regression->columns, left_out),
					 errhint("There must be at least as many rows as columns, and for an estimate to mean something many more.")));
			break;
		case ICM_REGRESSION_ZERO_COLUMN:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("column x[%d] is 0 in all rows", regression->column + 1),
					 errdetail("No coefficient of it can be told."),
					 errhint("Leave the column out.")));
			break;
		case ICM_REGRESSION_DEPENDENT_COLUMN:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("column x[%d] depends on %s", regression->column + 1, ColumnsText(regression->others)),
					 errdetail("In all rows it is the same linear combination of them, so their coefficients cannot be told apart."),
					 errhint("Leave one of these columns out. Of a constant column and indicators of all categories, one is too many.")));
			break;
		case ICM_REGRESSION_WEIGHTS:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights differ by more than a factor of 2^40"),
					 errdetail("The least above 0 is %s, the largest %s.",
							   float8out_internal(regression->least_weight), float8out_internal(regression->largest_weight)),
					 errhint("Give rows that hardly count weight 0, which leaves them out.")));
			break;
		case ICM_REGRESSION_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("coefficient of a wallet fit is out of range"),
					 errdetail("It is above what float8 holds, about 1.8e308, or it is not 0 but below about 2.2e-308."),
					 errhint("Give spend and x in units in which they are neither very large nor very small.")));
			break;
		case ICM_REGRESSION_UNSETTLED:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("fit of wallets did not settle"),
					 errdetail("No plane through %d rows could be seen to be the best: columns nearly depend on each other.",
							   regression->columns),
					 errhint("Leave out columns that say nearly the same, or give them as differences from a typical value.")));
			break;
	}
}

/* Copy the rows to be fitted, and see what range each column has. */
static double *
CopyRows(const FitState *state, double *lowest, double *highest)
{
	int			width = WIDTH(state);
	Size		size = state->n * width * sizeof(double);
	double	   *rows = IcmAllocLarge(size);

	memcpy(rows, ROWS(state), size);
	memcpy(lowest, rows, state->columns * sizeof(double));
	memcpy(highest, rows, state->columns * sizeof(double));
	for (int64 i = 0; i < state->n; i++)
	{
		const double *row = rows + i * width;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < width; j++)
			if (unlikely(!isfinite(row[j])))
				Corrupt();
		if (unlikely(state->weighted && !(row[width - 1] > 0.0)))
			Corrupt();
		for (int j = 0; j < state->columns; j++)
		{
			lowest[j] = Min(lowest[j], row[j]);
			highest[j] = Max(highest[j], row[j]);
		}
	}
	/* no negative zero, which only a state from elsewhere can have */
	for (int j = 0; j < state->columns; j++)
	{
		lowest[j] += 0.0;
		highest[j] += 0.0;
	}
	return rows;
}

/* Standard errors and correlations for the k-th tau, if they can be had. */
static void
FillErrors(IcmRegression *regression, IcmWalletModel *model, int k)
{
	double		error[ICM_WALLET_COLUMNS_MAX];
	size_t		crossed;

	if (IcmRegressionErrors(regression, ICM_WALLET_TAUS(model)[k], error, ICM_WALLET_CORRELATIONS(model, k),
							&crossed) == ICM_REGRESSION_DONE)
		memcpy(ICM_WALLET_ERRORS(model, k), error, model->columns * sizeof(double));
}

static void
FillModel(IcmRegression *regression, IcmWalletModel *model)
{
	for (int k = 0; k < model->taus; k++)
	{
		double	   *coefficient = ICM_WALLET_COEFFICIENTS(model, k);

		CheckResult(IcmRegressionFit(regression, ICM_WALLET_TAUS(model)[k], coefficient), regression, model->left_out);
		for (int j = 0; j < model->columns; j++)
			coefficient[j] += 0.0;	/* no negative zero */
		FillErrors(regression, model, k);
	}
	if (model->taus > 1)
		model->crossings = IcmRegressionCrossings(regression, ICM_WALLET_COEFFICIENTS(model, 0), model->taus);
}

/* The model of a state that has rows. */
static IcmWalletModel *
FitModel(const FitState *state)
{
	IcmWalletModel *model = IcmWalletModelMake(state->columns, state->taus);
	MemoryContext before = MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "icm fit", ALLOCSET_DEFAULT_SIZES));
	IcmRegression regression = {
		.rows = CopyRows(state, ICM_WALLET_LOWEST(model), ICM_WALLET_HIGHEST(model)),
		.n = state->n,.columns = state->columns,.weighted = state->weighted,
		.allocate = IcmAllocLarge,.release = pfree,.poll = IcmPoll
	};

	model->rows = state->n;
	model->left_out = state->left_out;
	memcpy(ICM_WALLET_TAUS(model), state->items, state->taus * sizeof(double));
	CheckResult(IcmRegressionPrepare(&regression), &regression, state->left_out);
	FillModel(&regression, model);
	IcmRegressionEnd(&regression);
	MemoryContextDelete(MemoryContextSwitchTo(before));
	return model;
}

PG_FUNCTION_INFO_V1(icm_wallet_fit_final);
Datum
icm_wallet_fit_final(PG_FUNCTION_ARGS)
{
	const FitState *state = IcmGrowingGet(PG_GETARG_DATUM(0), UsedOf);

	if (IcmWalletTausFault(state->items, state->taus) != NULL)
		Corrupt();
	if (state->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("too few rows to fit wallets"),
				 errdetail("Rows left out, as spend or x is null or the weight 0: " INT64_FORMAT ". There are no others.", state->left_out)));
	PG_RETURN_POINTER(FitModel(state));
}
