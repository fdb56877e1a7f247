/*
 * interval.h
 *		Standard errors and intervals of shares of wallet, for those who have several ways to one.
 *
 * NaN stands for what is not known, in any argument, and then in the result.
 */
#ifndef ICM_INTERVAL_H
#define ICM_INTERVAL_H

#include "common/compat.h"
#include "wallet/total.h"

/* The confidence in argument 5 of a transition function, 0.95 if it has none; ERROR unless it is between 0 and 1. */
extern double IcmConfidenceOf(FunctionCallInfo fcinfo);

/* ERROR (22023) if the confidence of a row is not that of those before. */
extern void IcmCheckSameConfidence(double before, double confidence);

/*
 * sqrt(n / (n - 1) squares) / wallet, of customers n, the standard error by the delta method of a share of the wallet
 * from squares of residuals. NaN for fewer than two, of whom nothing is known about how they differ.
 */
extern double IcmResidualError(double squares, double customers, double wallet);

/*
 * That of the share of a wallet as the ratio of sums; squares are the totals of own * own, own * wallet and
 * wallet * wallet, in this order.
 */
extern double IcmShareError(const IcmTotal *squares, double share, double wallet, double customers);

#define ICM_DF_MAX 0x1p53		/* degrees of freedom; more make no difference */

/* Half the width of an interval, by Student's t; NaN without an error, or where it is 0, which would claim certainty. */
extern double IcmHalfWidth(double std_error, double df, double confidence);

static inline double
IcmClamp(double number, double least, double most)
{
	return isnan(number) ? number : Min(Max(number, least), most);
}

/* Numbers as columns of a row, NaN as NULL. */
extern void IcmPutNumbers(Datum *values, bool *nulls, const double *numbers, int n);

#endif							/* ICM_INTERVAL_H */
