/*
 * share.c
 *		Share of wallet of one customer, and what could be won of the rest.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "common/compat.h"
#include "wallet/share.h"

static bool
IsAmount(double amount)
{
	return isfinite(amount) && amount >= 0.0;
}

/* In an ereport(). */
static int
HintAtRefunds(double amount)
{
	return amount < 0.0 ? errhint(ICM_HINT_REFUNDS) : 0;
}

/* Not in the way of those whose spend is as it should be. */
pg_noreturn static void
SpendFault(double own, double wallet)
{
	if (!IsAmount(own) || !IsAmount(wallet))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("own spend and wallet must be finite and not negative"),
				 errdetail("Own spend is %s, the wallet %s.", float8out_internal(own), float8out_internal(wallet)),
				 HintAtRefunds(own)));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("own spend is larger than the wallet"),
			 errdetail("Own spend is %s, the wallet %s. A customer's wallet contains what is spent here.",
					   float8out_internal(own), float8out_internal(wallet)),
			 errhint("Check that both are of the same period, category and currency. If the wallet is an estimate, give greatest(own, wallet).")));
}

double
IcmOwnSpend(double own, double wallet)
{
	if (likely(own >= 0.0 && own <= wallet && isfinite(wallet)))
		return own + 0.0;		/* no negative zero */
	if (own > wallet && own - wallet <= ICM_WALLET_TOLERANCE * wallet)
		return wallet;
	SpendFault(own, wallet);
}

void
IcmCheckOwnSpend(double own)
{
	if (unlikely(!IsAmount(own)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("own spend must be finite and not negative"),
				 errdetail("Own spend is %s.", float8out_internal(own)),
				 HintAtRefunds(own)));
}

void
IcmCheckOwnGiven(bool isnull)
{
	if (unlikely(isnull))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("own spend of a customer whose wallet is known must not be null"),
				 errhint("Of a customer who spends nothing here, give 0, as in coalesce(own, 0).")));
}

void
IcmCheckAmount(double amount, const char *what)
{
	if (unlikely(amount > ICM_WALLET_AMOUNT_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of a customer is out of range", what),
				 errdetail("It is %s, and may be at most 1e140, so that no sum of squares leaves the range of float8.",
						   float8out_internal(amount))));
}

/*
 * icm_share_of_wallet(own, wallet): own / wallet, from 0 to 1. NULL where the
 * wallet is zero, as the share of nothing is not defined.
 */
PG_FUNCTION_INFO_V1(icm_share_of_wallet);
Datum
icm_share_of_wallet(PG_FUNCTION_ARGS)
{
	double		wallet = PG_GETARG_FLOAT8(1);
	double		own = IcmOwnSpend(PG_GETARG_FLOAT8(0), wallet);

	if (wallet == 0.0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(own / wallet);
}

double
IcmGrowth(double headroom, double probability)
{
	if (unlikely(!(probability >= 0.0 && probability <= 1.0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("probability must be from 0 to 1"),
				 errdetail("The probability given is %s.", float8out_internal(probability)),
				 errhint("Is it a percentage? Of 5 %%, give 0.05.")));
	return headroom * probability + 0.0;	/* no negative zero */
}

/*
 * icm_wallet_growth(own, wallet, probability): (wallet - own) * probability
 *
 * Either operation is rounded, and rounding keeps the order: so it is never lower
 * for a customer with more headroom or a higher probability.
 */
PG_FUNCTION_INFO_V1(icm_wallet_growth);
Datum
icm_wallet_growth(PG_FUNCTION_ARGS)
{
	double		wallet = PG_GETARG_FLOAT8(1);
	double		own = IcmOwnSpend(PG_GETARG_FLOAT8(0), wallet);

	PG_RETURN_FLOAT8(IcmGrowth(wallet - own, PG_GETARG_FLOAT8(2)));
}
