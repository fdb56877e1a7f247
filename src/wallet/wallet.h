/*
 * wallet.h
 *		The icm_wallet type: what customers spend here, and in all.
 */
#ifndef ICM_WALLET_H
#define ICM_WALLET_H

#include "common/flat.h"
#include "wallet/total.h"

#define ICM_WALLET_VERSION 1

/*
 * No more customers than float8 counts exactly, and no larger amounts than
 * ICM_WALLET_AMOUNT_MAX (wallet/share.h): so no total or result leaves the range of float8, and
 * whether one is refused cannot depend on the order of the rows.
 */
#define ICM_WALLET_CUSTOMERS_MAX (INT64CONST(1) << 53)

typedef enum IcmWalletCount
{
	ICM_WALLET_CUSTOMERS,		/* with a positive wallet */
	ICM_WALLET_BUYERS,			/* of these, who spend anything here */
	ICM_WALLET_NO_SPEND,		/* whose wallet is zero */
	ICM_WALLET_UNKNOWN,			/* whose wallet is not known */
	ICM_WALLET_COUNTS
} IcmWalletCount;

typedef enum IcmWalletTotal
{
	ICM_WALLET_OWN,				/* of the customers with a positive wallet: own spend */
	ICM_WALLET_WALLET,			/* wallet */
	ICM_WALLET_SHARES,			/* own / wallet, each rounded */
	ICM_WALLET_OWN_SQUARES,		/* own * own */
	ICM_WALLET_PRODUCTS,		/* own * wallet */
	ICM_WALLET_WALLET_SQUARES,	/* wallet * wallet */
	ICM_WALLET_UNKNOWN_OWN,		/* own spend of those whose wallet is not known */
	ICM_WALLET_TOTALS
} IcmWalletTotal;

/* Which words of a total are kept: n from low on, of which the first and the last are not zero. */
typedef struct IcmWalletWindow
{
	uint8		low;			/* 0 if there are none */
	uint8		n;
} IcmWalletWindow;

/* The words of the totals follow, of one after another. 56 + 8 n bytes. */
typedef struct IcmWallet
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_WALLET_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int64		count[ICM_WALLET_COUNTS];
	IcmWalletWindow window[ICM_WALLET_TOTALS];
	uint16		zero2;			/* padding */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} IcmWallet;

#define ICM_WALLET_SIZE(n) (offsetof(IcmWallet, words) + (Size) (n) * sizeof(uint64))
#define ICM_WALLET_WORDS(w) ((int) ((VARSIZE(w) - offsetof(IcmWallet, words)) / sizeof(uint64)))

/* The detoasted value; its totals are where it says. */
extern IcmWallet *IcmWalletGet(Datum datum);

#define PG_GETARG_WALLET(n) IcmWalletGet(PG_GETARG_DATUM(n))

/* All totals of a value. */
extern void IcmWalletTotals(const IcmWallet *wallet, IcmTotal *totals);

/* A new value of these counts and totals, which are trimmed. */
extern IcmWallet *IcmWalletMake(const int64 *count, const IcmTotal *totals);

/* What is wrong with these counts and totals, which are trimmed, as a sentence; NULL if nothing is. */
extern const char *IcmWalletFault(const int64 *count, const IcmTotal *totals);

#endif							/* ICM_WALLET_H */
