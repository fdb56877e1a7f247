/*
 * reconcile.c
 *		Calibrating wallets to the known total of a market: the window function
 *		icm_wallet_calibrate, and the aggregate icm_wallet_calibration.
 *
 * The transition state of the aggregate is a bytea that grows (common/growing.h) and
 * holds every row: merging is appending, and as math/calibrate does not depend on the
 * order of the rows, the result does not either. A row of which own spend or the
 * estimate is NULL is left out, but counted, so it is held too.
 */
#include "postgres.h"

#include "utils/float.h"

#include "common/aggregate.h"
#include "common/growing.h"
#include "common/host.h"
#include "common/rows.h"
#include "math/calibrate.h"
#include "math/exactsum.h"
#include "wallet/share.h"
#include "wallet/window.h"

#define ARG_OWN 0
#define ARG_ESTIMATE 1
#define ARG_TOTAL 2

static double
ReadOwn(Datum datum)
{
	return IcmReadAmount(DatumGetFloat8(datum), "own spend", ICM_HINT_REFUNDS);
}

static double
ReadEstimate(Datum datum)
{
	return IcmReadAmount(DatumGetFloat8(datum), "estimate",
						 "Give greatest(estimate, 0): then the customer is kept at own spend.");
}

static double
ReadTotal(Datum datum)
{
	return IcmReadTotal(DatumGetFloat8(datum));
}

/* A row in which NaN stands for an own spend or an estimate of NULL takes no part. */
static inline bool
IsLeftOut(const IcmCalibrationRow *row)
{
	return isnan(row->own) || isnan(row->estimate);
}

/* Calibrate the rows, which get another order, or say why not. */
static IcmCalibration
Calibrate(IcmCalibrationRow *rows, int64 n, double total)
{
	IcmCalibration calibration;
	void	   *work = IcmAllocRows(CurrentMemoryContext, 1, IcmCalibrateWork(n));
	IcmCalibrationResult result = IcmCalibrate(rows, n, total, &calibration, work, IcmPoll);

	pfree(work);
	if (n == 0 && total > 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows are left out"),
				 errdetail("Own spend or the estimate is NULL in each of them; there is nobody to get the total of %s.",
						   float8out_internal(total)),
				 errhint("Give coalesce(own, 0) of a prospect, and coalesce(estimate, 0) to keep a customer at own spend.")));
	if (result == ICM_OWN_EXCEEDS_TOTAL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("own spend exceeds the total"),
				 errdetail("Own spend adds up to %s; the total is %s.", float8out_internal(calibration.own), float8out_internal(total)),
				 errhint("The total contains what is spent here: both must be of the same customers, category, period and currency.")));
	if (result == ICM_NO_POSITIVE_ESTIMATE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no estimate is positive"),
				 errdetail("Own spend adds up to %s; there is nobody to get the rest of the total of %s.",
						   float8out_internal(calibration.own), float8out_internal(total)),
				 errhint("Give equal estimates, for example 1, where nothing is known but the total.")));
	if (result == ICM_ESTIMATES_TOO_SMALL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("estimates are too small for the total"),
				 errdetail("They add up to %s, and the total is %s: the factor between them is beyond what float8 holds.",
						   float8out_internal(calibration.estimate), float8out_internal(total))));
	if (result == ICM_ESTIMATES_TOO_LARGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("estimates are too large for the total"),
				 errdetail("They add up to %s, and the total is %s: the factor between them is below what float8 holds.",
						   float8out_internal(calibration.estimate), float8out_internal(total))));
	return calibration;
}

/* ---- window --------------------------------------------------------------- */

/* The rows of the partition, by position, and their total, or NaN. */
static IcmCalibrationRow *
ReadRows(FunctionCallInfo fcinfo, double *total)
{
	IcmParameter all = IcmParameterOf(fcinfo, ARG_TOTAL, "total", ReadTotal);
	IcmColumn	own = IcmColumnOf(fcinfo, ARG_OWN);
	IcmColumn	estimate = IcmColumnOf(fcinfo, ARG_ESTIMATE);
	IcmCalibrationRow *rows = IcmAllocRows(CurrentMemoryContext, IcmPartitionRows(PG_WINDOW_OBJECT()),
										   sizeof(IcmCalibrationRow));
	IcmScan		scan = IcmScanPartition(PG_WINDOW_OBJECT());

	while (IcmScanNext(&scan))
	{
		IcmCalibrationRow *row = &rows[scan.row];

		*row = (IcmCalibrationRow) {NAN, NAN};
		if (isnan(IcmParameterRead(&all, scan.row)))
			continue;
		if (IcmColumnRead(&own, scan.row))
			row->own = ReadOwn(own.value);
		if (IcmColumnRead(&estimate, scan.row))
			row->estimate = ReadEstimate(estimate.value);
	}
	*total = all.value;
	return rows;
}

/* The factor of those that take part, and are put into another order: of a copy. */
static double
FindLambda(const IcmCalibrationRow *rows, int count, double total)
{
	IcmCalibrationRow *copy = IcmAllocRows(CurrentMemoryContext, count, sizeof(IcmCalibrationRow));
	double		lambda;
	int			n = 0;

	for (int row = 0; row < count; row++)
		if (!IsLeftOut(&rows[row]))
			copy[n++] = rows[row];
	lambda = Calibrate(copy, n, total).lambda;
	pfree(copy);
	return lambda;
}

/* The wallets of all rows of a partition. */
static double *
CalibratePartition(FunctionCallInfo fcinfo, MemoryContext context)
{
	int			count = IcmPartitionRows(PG_WINDOW_OBJECT());
	double		total;
	IcmCalibrationRow *rows = ReadRows(fcinfo, &total);
	double	   *wallet = NULL;

	if (!isnan(total))
	{
		double		lambda = FindLambda(rows, count, total);

		wallet = IcmAllocRows(context, count, sizeof(double));
		for (int row = 0; row < count; row++)
			wallet[row] = IsLeftOut(&rows[row]) ? NAN : IcmCalibrated(rows[row].own, rows[row].estimate, lambda);
	}
	pfree(rows);
	return wallet;
}

/* icm_wallet_calibrate(own, estimate, total) OVER (...) */
PG_FUNCTION_INFO_V1(icm_wallet_calibrate);
Datum
icm_wallet_calibrate(PG_FUNCTION_ARGS)
{
	return IcmResultOfRow(fcinfo, CalibratePartition);
}

/* ---- aggregate ------------------------------------------------------------ */

#define STATE_VERSION 1

typedef struct CalibrationState
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		zero1;			/* padding */
	uint16		zero2;
	double		total;			/* NaN: NULL, and no row is kept */
	int64		n;				/* rows in use */
	IcmCalibrationRow rows[FLEXIBLE_ARRAY_MEMBER];
} CalibrationState;

#define STATE_SIZE(n) (offsetof(CalibrationState, rows) + (Size) (n) * sizeof(IcmCalibrationRow))
#define ROWS_MAX ((int64) ((ICM_GROWING_MAX - STATE_SIZE(0)) / sizeof(IcmCalibrationRow)))

pg_noreturn static void
StateCorrupt(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("transition state of icm_wallet_calibration is corrupt")));
	pg_unreachable();
}

static CalibrationState *
NewState(double total)
{
	CalibrationState *state = IcmGrowingNew();

	state->version = STATE_VERSION;
	state->total = total;
	return state;
}

static bool
IsAmount(double amount)
{
	return amount >= 0.0 && amount <= ICM_AMOUNT_MAX;
}

static bool
IsAmountOrNull(double amount)
{
	return isnan(amount) || IsAmount(amount);
}

static Size
UsedOf(const void *value)
{
	const CalibrationState *state = value;

	if (unlikely(VARSIZE(state) < STATE_SIZE(0) || state->version != STATE_VERSION || state->n < 0 ||
				 state->n > ROWS_MAX || STATE_SIZE(state->n) > VARSIZE(state) || !IsAmountOrNull(state->total)))
		StateCorrupt();
	return STATE_SIZE(state->n);
}

/* The state with room for n more rows. */
static CalibrationState *
MakeRoom(FunctionCallInfo fcinfo, CalibrationState *state, int64 n)
{
	if (likely(STATE_SIZE(state->n + n) <= VARSIZE(state)))
		return state;
	if (state->n + n > ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for icm_wallet_calibration"),
				 errdetail("It calibrates at most " INT64_FORMAT " rows.", ROWS_MAX),
				 errhint("Use the window function icm_wallet_calibrate.")));
	return IcmGrow(fcinfo, state, STATE_SIZE(state->n + n), UsedOf);
}

static void
CheckSameTotal(const CalibrationState *state, double total)
{
	if (unlikely(state->total != total && !(isnan(state->total) && isnan(total))))
		IcmRowsDiffer("total", state->total, total, "a group", "Add what it depends on to GROUP BY.");
}

/* (state, own, estimate, total) */
PG_FUNCTION_INFO_V1(icm_calibration_accum);
Datum
icm_calibration_accum(PG_FUNCTION_ARGS)
{
	CalibrationState *state;
	double		total = PG_ARGISNULL(3) ? NAN : ReadTotal(PG_GETARG_DATUM(3));

	IcmCheckAggregate(fcinfo, "icm_wallet_calibration's support functions");
	state = PG_ARGISNULL(0) ? NewState(total) : IcmGrowingOwn(fcinfo, UsedOf);
	CheckSameTotal(state, total);
	if (isnan(total) || (PG_ARGISNULL(1) && PG_ARGISNULL(2)))
		return IcmGrowingReturn(state); /* nobody, as from a LEFT JOIN */
	state = MakeRoom(fcinfo, state, 1);
	state->rows[state->n].own = PG_ARGISNULL(1) ? NAN : ReadOwn(PG_GETARG_DATUM(1));
	state->rows[state->n++].estimate = PG_ARGISNULL(2) ? NAN : ReadEstimate(PG_GETARG_DATUM(2));
	return IcmGrowingReturn(state);
}

PG_FUNCTION_INFO_V1(icm_calibration_combine);
Datum
icm_calibration_combine(PG_FUNCTION_ARGS)
{
	CalibrationState *state;
	const CalibrationState *other;

	IcmCheckAggregate(fcinfo, "icm_wallet_calibration's support functions");
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmGrowingGet(PG_GETARG_DATUM(1), UsedOf);
	if (PG_ARGISNULL(0))
		return IcmGrowingTakeOver(fcinfo, other, UsedOf);
	state = IcmGrowingOwn(fcinfo, UsedOf);
	CheckSameTotal(state, other->total);
	state = MakeRoom(fcinfo, state, other->n);
	memcpy(state->rows + state->n, other->rows, other->n * sizeof(IcmCalibrationRow));
	state->n += other->n;
	return IcmGrowingReturn(state);
}

/* The own spend of the rows that are left out, of whom it is known. */
static double
LeftOutOwn(const CalibrationState *state)
{
	IcmExactSum own;

	IcmExactSumInit(&own);
	for (int64 i = 0; i < state->n; i++)
		if (isnan(state->rows[i].estimate))
			IcmExactSumAdd(&own, state->rows[i].own);
	return IcmExactSumRound(&own);
}

/*
 * A copy of the rows that are not left out, and their number: as calibrating puts them into another order, and a final
 * function only reads.
 */
static IcmCalibrationRow *
CopyRows(const CalibrationState *state, int64 *n)
{
	IcmCalibrationRow *rows = IcmAllocRows(CurrentMemoryContext, state->n, sizeof(IcmCalibrationRow));

	*n = 0;
	for (int64 i = 0; i < state->n; i++)
	{
		const IcmCalibrationRow *row = &state->rows[i];

		if (unlikely(!IsAmountOrNull(row->own) || !IsAmountOrNull(row->estimate) || (isnan(row->own) && isnan(row->estimate))))
			StateCorrupt();
		if (!IsLeftOut(row))
			rows[(*n)++] = *row;
	}
	return rows;
}

PG_FUNCTION_INFO_V1(icm_calibration_final);
Datum
icm_calibration_final(PG_FUNCTION_ARGS)
{
	const CalibrationState *state = IcmGrowingGet(PG_GETARG_DATUM(0), UsedOf);
	IcmCalibration calibration;
	IcmCalibrationRow *rows;
	int64		n,
				at_own = 0;
	Datum		values[8];
	bool		nulls[8] = {false};

	if (isnan(state->total))
		PG_RETURN_NULL();
	rows = CopyRows(state, &n);
	calibration = Calibrate(rows, n, state->total);
	for (int64 i = 0; i < n; i++)
		at_own += IcmCalibrated(rows[i].own, rows[i].estimate, calibration.lambda) == rows[i].own;
	pfree(rows);

	values[0] = Float8GetDatum(calibration.lambda);
	nulls[0] = isnan(calibration.lambda);
	values[1] = Int64GetDatum(at_own);
	values[2] = Int64GetDatum(n);
	values[3] = Float8GetDatum(calibration.own);
	values[4] = Float8GetDatum(calibration.estimate);
	values[5] = Float8GetDatum(state->total);
	values[6] = Int64GetDatum(state->n - n);
	values[7] = Float8GetDatum(LeftOutOwn(state));
	return IcmReturnRow(fcinfo, values, nulls);
}
