/*
 * dirichlet_norms.c
 *		What each brand of a market should have, given its share, by an
 *		NBD-Dirichlet model: norms, duplication of purchase, and the distribution
 *		of purchases.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "common/host.h"
#include "common/rows.h"
#include "wallet/dirichlet.h"

/* Below this penetration, which is fewer than the living, the rounding of a duplication is larger than what it tells. */
#define PENETRATION_MIN 1e-9

#define PURCHASES_MAX 10000

/* The market in so many of the model's periods: M grows with them, K and S stay. */
static IcmDirichletMarket
GetMarket(const IcmDirichlet *model, double periods)
{
	IcmDirichletMarket market = model->market;

	if (!isfinite(periods))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("periods must be a finite number"),
				 errdetail("The number given is %s.", isnan(periods) ? "NaN" : "infinite")));
	if (!(periods > 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must be positive"),
				 errdetail("The number given is %g.", periods),
				 errhint("It is the length of time in periods of the model: of a model of a quarter, a year is 4.")));
	market.m *= periods;
	if (!(market.m >= ICM_DIRICHLET_M_MIN && market.m <= ICM_DIRICHLET_M_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods are out of range for this model"),
				 errdetail("In %g periods a customer makes %g purchases in the category on average; it must be from %g to %g.",
						   periods, market.m, ICM_DIRICHLET_M_MIN, ICM_DIRICHLET_M_MAX)));
	return market;
}

/* icm_dirichlet_norms(model, periods): a row for each brand, the largest first */
PG_FUNCTION_INFO_V1(icm_dirichlet_norms);
Datum
icm_dirichlet_norms(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);
	IcmDirichletMarket market = GetMarket(model, PG_GETARG_FLOAT8(1));
	int			n = ICM_DIRICHLET_COUNT(model);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < n; i++)
	{
		IcmDirichletNorm norm = IcmDirichletNorms(&market, model->brands[i].share);
		Datum		values[8];
		bool		nulls[8] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = CStringGetTextDatum(model->brands[i].name);
		values[1] = Float8GetDatum(model->brands[i].share);
		values[2] = Float8GetDatum(norm.penetration);
		values[3] = Float8GetDatum(norm.purchases);
		values[4] = Float8GetDatum(norm.category);
		values[5] = Float8GetDatum(norm.requirements);
		values[6] = Float8GetDatum(norm.loyal);
		values[7] = Float8GetDatum(norm.loyal_purchases);
		nulls[7] = isnan(norm.loyal_purchases);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* (brand, other, duplication, coefficient) of two brands */
static void
PutDuplication(IcmRows *rows, const IcmBrand *brand, const IcmBrand *other, double penetration, double other_penetration,
			   double both)
{
	bool		none = penetration < PENETRATION_MIN || other_penetration < PENETRATION_MIN;
	Datum		values[4];
	bool		nulls[4] = {false, false, none, none};

	values[0] = CStringGetTextDatum(brand->name);
	values[1] = CStringGetTextDatum(other->name);
	values[2] = Float8GetDatum(both / penetration);
	values[3] = Float8GetDatum(both / (penetration * other_penetration));
	IcmPutRow(rows, values, nulls);
	pfree(DatumGetPointer(values[0]));
	pfree(DatumGetPointer(values[1]));
}

/* Share of customers who buy both of brands i and j, at [i * n + j] and [j * n + i]. */
static double *
BuyersOfBoth(const IcmDirichletMarket *market, const IcmBrand *brands, const double *penetration, int n)
{
	double	   *both = palloc((Size) n * n * sizeof(double));

	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
		{
			const double shares[2] = {brands[i].share, brands[j].share};
			const double penetrations[2] = {penetration[i], penetration[j]};

			CHECK_FOR_INTERRUPTS();
			both[i * n + j] = both[j * n + i] = IcmDirichletBoth(market, shares, penetrations);
		}
	return both;
}

/* icm_dirichlet_duplication(model, periods): a row for each brand and each other one, both by size */
PG_FUNCTION_INFO_V1(icm_dirichlet_duplication);
Datum
icm_dirichlet_duplication(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);
	IcmDirichletMarket market = GetMarket(model, PG_GETARG_FLOAT8(1));
	int			n = ICM_DIRICHLET_COUNT(model);
	double	   *penetration = palloc(n * sizeof(double));
	double	   *both;
	IcmRows		rows;

	for (int i = 0; i < n; i++)
		penetration[i] = IcmDirichletPenetration(&market, model->brands[i].share);
	both = BuyersOfBoth(&market, model->brands, penetration, n);
	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			if (i != j)
				PutDuplication(&rows, &model->brands[i], &model->brands[j], penetration[i], penetration[j], both[i * n + j]);
	return (Datum) 0;
}

static const IcmBrand *
FindBrand(const IcmDirichlet *model, const text *name)
{
	int			n = ICM_DIRICHLET_COUNT(model);
	int			length = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < n; i++)
		if (length == strlen(model->brands[i].name) && memcmp(model->brands[i].name, VARDATA_ANY(name), length) == 0)
			return &model->brands[i];
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model has no brand \"%s\"", text_to_cstring(name)),
			 errhint("icm_dirichlet_brands() lists what there is.")));
}

/* icm_dirichlet_distribution(model, brand, max, periods): a row for each number of purchases from 0 to max */
PG_FUNCTION_INFO_V1(icm_dirichlet_distribution);
Datum
icm_dirichlet_distribution(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);
	const IcmBrand *brand = FindBrand(model, PG_GETARG_TEXT_PP(1));
	int			max = PG_GETARG_INT32(2);
	IcmDirichletMarket market = GetMarket(model, PG_GETARG_FLOAT8(3));
	double		fewer = 0.0;
	double	   *probability;
	IcmRows		rows;

	if (max < 0 || max > PURCHASES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max must be from 0 to %d", PURCHASES_MAX),
				 errdetail("The number given is %d.", max)));
	probability = palloc((max + 1) * sizeof(double));
	IcmDirichletDistribution(&market, brand->share, max, probability, IcmPoll);
	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i <= max; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = Int32GetDatum(i);
		values[1] = Float8GetDatum(probability[i]);
		values[2] = Float8GetDatum(Max(0.0, 1.0 - fewer));
		IcmPutRow(&rows, values, nulls);
		fewer += probability[i];
	}
	return (Datum) 0;
}
