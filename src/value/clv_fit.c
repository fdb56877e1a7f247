/*
 * clv_fit.c
 *		The aggregates that fit customer lifetime models.
 *
 * They collect customers in the state of fit_state.h. Merging two states adds
 * one's customers to the other's, and the fit sorts them, so that the result
 * has the same bits whatever the plan was.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/aggregate.h"
#include "common/check.h"
#include "common/host.h"
#include "value/clv_fit.h"
#include "value/fit_state.h"
#include "value/ledger.h"
#include "value/ledger_calc.h"

/* ---- transition functions ---------------------------------------------------- */

void
IcmFitCheckCall(FunctionCallInfo fcinfo)
{
	IcmCheckAggregate(fcinfo, "support functions of a fit");
}

double
IcmFitUnit(FunctionCallInfo fcinfo, int arg, double unit_days)
{
	if (PG_NARGS() > arg)
	{
		if (PG_ARGISNULL(arg))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("unit_days must not be null")));
		unit_days = PG_GETARG_FLOAT8(arg);
	}
	return IcmCheckUnitDays(unit_days);
}

IcmProcess
IcmFitGetProcess(FunctionCallInfo fcinfo, int arg)
{
	char	   *name;
	IcmProcess	process;

	if (PG_NARGS() <= arg)
		return ICM_BGNBD;
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("process must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	process = IcmProcessNamed(name);
	if (process < ICM_BGNBD || process > ICM_PARETONBD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown purchase process \"%s\"", name),
				 errhint("The processes are bgnbd, mbgnbd and paretonbd.")));
	pfree(name);
	return process;
}

/* (state, x, t_x, t [, weight [, unit_days]]) */
PG_FUNCTION_INFO_V1(icm_history_accum);
Datum
icm_history_accum(PG_FUNCTION_ARGS)
{
	IcmHistory	history = {.weight = 1};
	IcmFitTerms terms = {.unit_days = IcmFitUnit(fcinfo, 5, ICM_UNIT_DAYS)};

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2) && PG_ARGISNULL(3))
		return IcmReturnState(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || (PG_NARGS() > 4 && PG_ARGISNULL(4)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("x, t_x, t and weight of a customer must not be null"),
				 errdetail("Only customers for whom x, t_x and t are all null, as they have not bought yet, are left out.")));
	history.x = PG_GETARG_INT32(1);
	history.t_x = PG_GETARG_FLOAT8(2) + 0.0;	/* no negative zero */
	history.t = PG_GETARG_FLOAT8(3) + 0.0;
	if (PG_NARGS() > 4)
		history.weight = PG_GETARG_INT64(4);
	IcmCheckHistory(&history);
	if (history.weight == 0)
		return IcmReturnState(fcinfo);
	PG_RETURN_POINTER(IcmFitStateAdd(IcmFitStateOf(fcinfo, &terms), &history));
}

/* (state, m, x) */
PG_FUNCTION_INFO_V1(icm_spend_accum);
Datum
icm_spend_accum(PG_FUNCTION_ARGS)
{
	IcmFitTerms terms = {.unit_days = ICM_UNIT_DAYS};
	double		m;
	int32		x;

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1) && (PG_ARGISNULL(2) || PG_GETARG_INT32(2) == 0))
		return IcmReturnState(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("m and x of a customer with repeat purchases must not be null")));
	m = PG_GETARG_FLOAT8(1);
	x = PG_GETARG_INT32(2);
	if (!isfinite(m) || x < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid spend: m %g, x %d", m, x),
				 errdetail(x < 0 ? "The number of repeat purchases x must not be negative." :
						   "The mean m of the repeat purchases must be finite.")));
	if (x == 0 || m <= 0.0)
		return IcmReturnState(fcinfo);
	PG_RETURN_POINTER(IcmFitStateAddSpend(IcmFitStateOf(fcinfo, &terms), m, x));
}

/* The state with the customer of a ledger more. */
IcmFitState *
IcmFitAddCustomer(IcmFitState *state, const IcmBtyd *btyd)
{
	IcmHistory	history = {.x = btyd->x,.t_x = btyd->t_x,.t = btyd->t,.weight = 1};

	IcmCheckHistory(&history);
	return IcmFitStateAdd(state, &history);
}

/* (state, ledger, as_of [, process [, unit_days]]) */
PG_FUNCTION_INFO_V1(icm_clv_accum);
Datum
icm_clv_accum(PG_FUNCTION_ARGS)
{
	IcmFitTerms terms = {.process = IcmFitGetProcess(fcinfo, 3),.unit_days = IcmFitUnit(fcinfo, 4, ICM_UNIT_DAYS)};
	IcmBtyd		btyd;
	IcmFitState *state;

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of must not be null")));
	if (!IcmLedgerBtyd(PG_GETARG_LEDGER(1), PG_GETARG_DATEADT(2), terms.unit_days, &btyd))
		return IcmReturnState(fcinfo);
	state = IcmFitAddCustomer(IcmFitStateOf(fcinfo, &terms), &btyd);
	if (btyd.x > 0 && btyd.m > 0.0)
		state = IcmFitStateAddSpend(state, btyd.m, btyd.x);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(icm_fit_combine);
Datum
icm_fit_combine(PG_FUNCTION_ARGS)
{
	const IcmFitState *other;

	IcmFitCheckCall(fcinfo);
	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = IcmFitStateGet(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	PG_RETURN_POINTER(IcmFitStateMerge(IcmFitStateOf(fcinfo, &other->terms), other));
}

/* ---- final functions --------------------------------------------------------- */

const IcmFitHost IcmFitServer = {IcmAllocLarge, pfree, IcmPoll};

/* "r 0.83, alpha 9.8, ...", where the search ended */
static const char *
ParamsText(IcmProcess process, const IcmEstimate *estimate)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < IcmProcessParams(process); i++)
		appendStringInfo(&buf, "%s%s %.3g", i == 0 ? "" : ", ", IcmProcessParam(process, i), estimate->param[i]);
	return buf.data;
}

/* What to do about data that a process does not fit. */
static const char *
FitHint(IcmProcess process)
{
	if (process == ICM_SBG)
		return "Merge cohorts, or observe more renewals.";
	if (process == ICM_GAMMAGAMMA)
		return "Merge segments, or fit customers of a very different kind as a segment of their own.";
	return "Merge segments, observe the customers for longer (where a or s tends to zero, nobody seems to leave), or try another process; see that x, t_x and t are in one unit.";
}

void
IcmFitCheck(IcmFitFault fault, IcmProcess process, const IcmEstimate *estimate, int which)
{
	const char *name = IcmProcessName(process);

	switch (fault)
	{
		case ICM_FIT_OK:
			break;
		case ICM_FIT_TOO_FEW:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg(process == ICM_SBG ? "too few lost contracts to fit %s" : "too few repeat customers to fit %s", name),
					 errdetail(process == ICM_SBG ? "Of " INT64_FORMAT " contracts fewer than %d were lost." :
							   process == ICM_GAMMAGAMMA ? "There are " INT64_FORMAT " customers whose repeat purchases have revenue, fewer than %d." :
							   "Of " INT64_FORMAT " customers fewer than %d bought again.",
							   (int64) estimate->customers, ICM_REPEATERS_MIN),
					 errhint("Merge segments, or observe them for longer.")));
			break;
		case ICM_FIT_NOT_CONVERGED:
		case ICM_FIT_NOT_CONVEX:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("fit of %s did not converge", name),
					 errdetail(fault == ICM_FIT_NOT_CONVEX ?
							   "The likelihood is flat where the search ended, at %s: its Hessian is not positive definite." :
							   "The search ended at %s without reaching a maximum of the likelihood.",
							   ParamsText(process, estimate)),
					 errhint("%s", FitHint(process))));
			break;
		case ICM_FIT_UNDETERMINED:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the data do not determine parameter %s of %s", IcmProcessParam(process, which), name),
					 errdetail("The search ended at %s, where the standard error of its logarithm is above %g, or where it tends to zero or infinity.",
							   ParamsText(process, estimate), ICM_LOG_ERROR_MAX),
					 errhint("%s", FitHint(process))));
			break;
		case ICM_FIT_NO_MEAN:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("fit of %s has no mean spend", name),
					 errdetail("Parameter q is %g; the mean exists only for q > 1.", estimate->param[1]),
					 errhint("%s", FitHint(process))));
			break;
	}
}

/* The fit's memory, which can be large, is given back when it is done. */
static MemoryContext
EnterFit(void)
{
	return MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "icm fit", ALLOCSET_DEFAULT_SIZES));
}

static void
LeaveFit(MemoryContext before)
{
	MemoryContextDelete(MemoryContextSwitchTo(before));
}

void
IcmFitPurchases(const IcmFitState *state, IcmProcess process, IcmClvModel *model)
{
	MemoryContext before = EnterFit();
	int			which = 0;
	IcmFitFault fault = IcmFitProcess(process, IcmFitStateHistories(state), state->histories,
									  &IcmFitServer, &model->purchase, &which);

	IcmFitCheck(fault, process, &model->purchase, which);
	model->process = process;
	model->unit_days = state->terms.unit_days;
	LeaveFit(before);
}

static void
FitSpend(const IcmFitState *state, IcmClvModel *model)
{
	MemoryContext before = EnterFit();
	int			which = 0;
	IcmFitFault fault = IcmFitSpend(IcmFitStateSpends(state), state->spends, &IcmFitServer, &model->spend, &which);

	IcmFitCheck(fault, ICM_GAMMAGAMMA, &model->spend, which);
	LeaveFit(before);
}

static Datum
FinishPurchases(FunctionCallInfo fcinfo, IcmProcess process)
{
	IcmClvModel *model = IcmClvModelMake();

	IcmFitCheckCall(fcinfo);
	IcmFitPurchases(IcmFitStateGet(PG_GETARG_DATUM(0)), process, model);
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(icm_bgnbd_final);
Datum
icm_bgnbd_final(PG_FUNCTION_ARGS)
{
	return FinishPurchases(fcinfo, ICM_BGNBD);
}

PG_FUNCTION_INFO_V1(icm_mbgnbd_final);
Datum
icm_mbgnbd_final(PG_FUNCTION_ARGS)
{
	return FinishPurchases(fcinfo, ICM_MBGNBD);
}

PG_FUNCTION_INFO_V1(icm_paretonbd_final);
Datum
icm_paretonbd_final(PG_FUNCTION_ARGS)
{
	return FinishPurchases(fcinfo, ICM_PARETONBD);
}

PG_FUNCTION_INFO_V1(icm_gammagamma_final);
Datum
icm_gammagamma_final(PG_FUNCTION_ARGS)
{
	IcmClvModel *model = IcmClvModelMake();

	IcmFitCheckCall(fcinfo);
	FitSpend(IcmFitStateGet(PG_GETARG_DATUM(0)), model);
	PG_RETURN_POINTER(model);
}

/* icm_clv_fit: both parts */
PG_FUNCTION_INFO_V1(icm_clv_final);
Datum
icm_clv_final(PG_FUNCTION_ARGS)
{
	const IcmFitState *state;
	IcmClvModel *model = IcmClvModelMake();

	IcmFitCheckCall(fcinfo);
	state = IcmFitStateGet(PG_GETARG_DATUM(0));
	if (state->terms.process == ICM_PROCESS_NONE)
		IcmFitCorrupt();
	IcmFitPurchases(state, state->terms.process, model);
	FitSpend(state, model);
	PG_RETURN_POINTER(model);
}
