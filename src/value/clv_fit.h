/*
 * clv_fit.h
 *		What the aggregates that fit models share.
 */
#ifndef ICM_CLV_FIT_H
#define ICM_CLV_FIT_H

#include "value/clv_model.h"
#include "value/fit_state.h"
#include "value/ledger_calc.h"

/* ERROR unless an aggregate calls. */
extern void IcmFitCheckCall(FunctionCallInfo fcinfo);

/* Argument arg, unit_days, if the function has it; else the default given. */
extern double IcmFitUnit(FunctionCallInfo fcinfo, int arg, double unit_days);

/* Argument arg, the name of a process, if the function has it; else bgnbd. */
extern IcmProcess IcmFitGetProcess(FunctionCallInfo fcinfo, int arg);

/* The state with the customer of a ledger more. */
extern IcmFitState *IcmFitAddCustomer(IcmFitState *state, const IcmBtyd *btyd);

/* Fit the purchase part, into the model; ERROR unless the fit is good. */
extern void IcmFitPurchases(const IcmFitState *state, IcmProcess process, IcmClvModel *model);

/* The server's memory (of the current context) and interrupts, for a fit. */
extern const IcmFitHost IcmFitServer;

/* ERROR that says what is wrong and what to do, unless the fit is good. */
extern void IcmFitCheck(IcmFitFault fault, IcmProcess process, const IcmEstimate *estimate, int which);

#endif							/* ICM_CLV_FIT_H */
