/*
 * share.c
 *		Share of wallet of one customer.
 */
#include "postgres.h"

#include <math.h>

#include "common/compat.h"

/*
 * icm_share_of_wallet(own, wallet): own / wallet, from 0 to 1. NULL where the
 * wallet is zero, as the share of nothing is not defined.
 */
PG_FUNCTION_INFO_V1(icm_share_of_wallet);
Datum
icm_share_of_wallet(PG_FUNCTION_ARGS)
{
	double		own = PG_GETARG_FLOAT8(0);
	double		wallet = PG_GETARG_FLOAT8(1);

	if (!isfinite(own) || !isfinite(wallet) || own < 0.0 || wallet < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("own spend and wallet must be finite and not negative")));
	if (own > wallet)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("own spend is larger than the wallet"),
				 errdetail("A customer's wallet contains what is spent here."),
				 errhint("If the wallet is an estimate, give greatest(own, wallet).")));
	if (wallet == 0.0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(own / wallet);
}
