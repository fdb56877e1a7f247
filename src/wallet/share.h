/*
 * share.h
 *		What one customer spends, here and in all.
 */
#ifndef ICM_SHARE_H
#define ICM_SHARE_H

/* ERROR (22003) unless both are finite, and 0 <= own <= wallet. */
extern void IcmCheckSpend(double own, double wallet);

/* ERROR (22003) unless own is finite and not negative; of a customer whose wallet is unknown. */
extern void IcmCheckOwnSpend(double own);

/* ERROR (22004) where own spend is NULL; of a customer whose wallet is known. */
extern void IcmCheckOwnGiven(bool isnull);

/* ERROR (22003) unless an amount is small enough for sums of squares; what names it, as "wallet". */
extern void IcmCheckAmount(double amount, const char *what);

/* The largest amount that sums of squares are kept of. */
#define ICM_WALLET_AMOUNT_MAX 1e140

#endif							/* ICM_SHARE_H */
