/*
 * clv_answer.h
 *		What the functions that answer from a model share.
 */
#ifndef ICM_CLV_ANSWER_H
#define ICM_CLV_ANSWER_H

#include "value/clv_predict.h"
#include "value/ledger.h"

/* Argument arg, a model with a purchase process; ERROR if it has none or is of contracts. */
extern IcmClvModel *IcmGetPurchaseModel(FunctionCallInfo fcinfo, int arg);

/* ERROR if the model has no spend part. */
extern void IcmCheckHasSpend(const IcmClvModel *model);

/* The customer of a ledger as of a day, m NaN if it is negative; false if there was no purchase yet. */
extern bool IcmCustomerOfLedger(const IcmClvModel *model, const IcmLedger *ledger, DateADT as_of,
								IcmCustomer *customer);

/* Discounted purchases in the next days; ERROR for days or a discount out of range. */
extern IcmAsk IcmAskDiscounted(const IcmClvModel *model, double days, double annual_discount, bool with_slope);

#endif							/* ICM_CLV_ANSWER_H */
