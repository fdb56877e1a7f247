/*
 * share.h
 *		What one customer spends, here and in all.
 */
#ifndef ICM_SHARE_H
#define ICM_SHARE_H

#include <stdbool.h>

/*
 * What is no more than this part of an amount is rounding of it: own spend that exceeds the wallet by no more is the
 * wallet, and differences of amounts from each other that are no more, all together, are none.
 */
#define ICM_WALLET_TOLERANCE 1e-12

/* Own spend, not above the wallet, no negative zero; ERROR (22003) unless both are finite, not negative, and own is no larger. */
extern double IcmOwnSpend(double own, double wallet);

/* ERROR (22003) unless own is finite and not negative; of a customer whose wallet is unknown. */
extern void IcmCheckOwnSpend(double own);

/* The hint where what a customer spends is negative. */
#define ICM_HINT_REFUNDS "Where refunds exceed purchases, leave the customer out, and count it, or take a longer period."

/* ERROR (22004) where own spend is NULL; of a customer whose wallet is known. */
extern void IcmCheckOwnGiven(bool isnull);

/* ERROR (22003) unless an amount is small enough for sums of squares; what names it, as "wallet". */
extern void IcmCheckAmount(double amount, const char *what);

/* What is left of the wallet times the probability to win it; ERROR (22023) unless that is from 0 to 1. */
extern double IcmGrowth(double headroom, double probability);

/* The largest amount that sums of squares are kept of. */
#define ICM_WALLET_AMOUNT_MAX 1e140

#endif							/* ICM_SHARE_H */
