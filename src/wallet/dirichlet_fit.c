/*
 * dirichlet_fit.c
 *		An NBD-Dirichlet model of a market from what is known of it: how many
 *		customers buy in the category, how often, and the brands' shares and
 *		penetrations.
 *
 * As its authors fit it (Goodhardt, Ehrenberg and Chatfield 1984): K from the
 * customers who buy nothing, S as the mean, weighted by share, of the S with
 * which each brand has its penetration exactly.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/compat.h"
#include "wallet/dirichlet.h"

/* ---- arguments -------------------------------------------------------------- */

static double
CheckFinite(double value, const char *what)
{
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a finite number", what),
				 errdetail("The %s given is %s.", what, isnan(value) ? "NaN" : "infinite")));
	return value;
}

static double
GetPenetration(FunctionCallInfo fcinfo)
{
	double		penetration = CheckFinite(PG_GETARG_FLOAT8(0), "penetration");

	if (!(penetration > 0.0 && penetration < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("penetration must be between 0 and 1"),
				 errdetail("The penetration given is %g.", penetration),
				 errhint("It is the share of customers who buy in the category at least once in the period: 56 percent is 0.56.")));
	return penetration;
}

static double
GetPurchaseRate(FunctionCallInfo fcinfo)
{
	double		rate = CheckFinite(PG_GETARG_FLOAT8(1), "purchase rate");

	if (!(rate >= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purchase rate must be at least 1"),
				 errdetail("The purchase rate given is %g.", rate),
				 errhint("It is the number of purchases in the category divided by the number of its buyers, each of whom buys at least once.")));
	return rate;
}

/* The elements of an argument, of which there must be as many as expected, if that is not negative. */
static int
Elements(FunctionCallInfo fcinfo, int arg, int expected, Datum **elements, bool **nulls)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	bool		is_text = ARR_ELEMTYPE(array) == TEXTOID;
	int			n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("brands, shares and penetrations must be one-dimensional arrays")));
	deconstruct_array(array, ARR_ELEMTYPE(array), is_text ? -1 : sizeof(float8), is_text ? false : FLOAT8PASSBYVAL,
					  is_text ? TYPALIGN_INT : TYPALIGN_DOUBLE, elements, nulls, &n);
	if (expected >= 0 && n != expected)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there must be a share and a penetration for each brand"),
				 errdetail("Number of brands: %d; of %s: %d.", expected, arg == 3 ? "shares" : "penetrations", n),
				 errhint("NULL stands for a penetration that is not known.")));
	return n;
}

static void
SetName(IcmBrand *brand, Datum name, bool isnull)
{
	int			length = isnull ? 0 : VARSIZE_ANY_EXHDR(DatumGetPointer(name));

	if (length < 1 || length > ICM_NAME_MAX)
		ereport(ERROR,
				(errcode(isnull ? ERRCODE_NULL_VALUE_NOT_ALLOWED : length < 1 ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_NAME_TOO_LONG),
				 errmsg("name of a brand must have 1 to %d bytes", ICM_NAME_MAX),
				 errdetail("The name given is %s.", isnull ? "null" : psprintf("\"%s\"", TextDatumGetCString(name)))));
	memcpy(brand->name, VARDATA_ANY(DatumGetPointer(name)), length);
}

static void
SetShare(IcmBrand *brand, Datum share, bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("shares must not contain nulls"),
				 errdetail("The share of \"%s\" is null.", brand->name)));
	brand->share = CheckFinite(DatumGetFloat8(share), "share");
}

/* NULL: not known, which is stored as 0. */
static void
SetPenetration(IcmBrand *brand, Datum penetration, bool isnull)
{
	brand->penetration = isnull ? 0.0 : CheckFinite(DatumGetFloat8(penetration), "penetration");
	if (!isnull && !(brand->penetration > 0.0 && brand->penetration <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("penetration of a brand must be more than 0 and at most 1"),
				 errdetail("The penetration of \"%s\" is %g.", brand->name, brand->penetration),
				 errhint("It is the share of all customers who buy the brand at least once in the period; NULL if it is not known.")));
}

pg_noreturn static void
RefuseBrands(const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("brands do not make a market"),
			 errdetail("%s", fault),
			 errhint("A share is the brand's part of all purchases in the category: 25 percent is 0.25. Brands that are left out have the rest.")));
	pg_unreachable();
}

/* A model of the brands that are given, in their order; its parameters are still to come. */
static IcmDirichlet *
GetBrands(FunctionCallInfo fcinfo)
{
	Datum	   *names,
			   *shares,
			   *penetrations;
	bool	   *names_null,
			   *shares_null,
			   *penetrations_null;
	int			n = Elements(fcinfo, 2, -1, &names, &names_null);
	IcmDirichlet *model;
	const char *fault;

	if (n > ICM_DIRICHLET_BRANDS_MAX)	/* before there is memory for them */
		RefuseBrands(psprintf("A market has at most %d brands; %d are given.", ICM_DIRICHLET_BRANDS_MAX, n));
	model = IcmFlatMake(ICM_DIRICHLET_SIZE(n), ICM_DIRICHLET_VERSION);
	(void) Elements(fcinfo, 3, n, &shares, &shares_null);
	(void) Elements(fcinfo, 4, n, &penetrations, &penetrations_null);
	for (int i = 0; i < n; i++)
	{
		SetName(&model->brands[i], names[i], names_null[i]);
		SetShare(&model->brands[i], shares[i], shares_null[i]);
		SetPenetration(&model->brands[i], penetrations[i], penetrations_null[i]);
	}
	fault = IcmBrandsSort(model->brands, n);
	if (fault != NULL)
		RefuseBrands(fault);
	return model;
}

/* ---- parameters -------------------------------------------------------------- */

static double
FitK(double m, double penetration, double rate)
{
	double		k = IcmDirichletK(m, penetration);

	if (isnan(k))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no negative binomial distribution has this penetration and purchase rate"),
				 errdetail("Penetration %g, purchase rate %g. With a purchase rate of %g, purchases would be spread by chance alone; it must be larger.",
						   penetration, rate, -log1p(-penetration) / penetration),
				 errhint("Check that both are of the same period, and that the penetration is of all customers, those included who bought nothing.")));
	return k;
}

static double
FitBrand(const IcmDirichletMarket *market, const IcmBrand *brand)
{
	double		s = IcmDirichletS(market, brand->share, brand->penetration);
	double		low,
				high;

	if (isnan(s))
	{
		IcmDirichletBounds(market, brand->share, &low, &high);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no Dirichlet parameter S gives brand \"%s\" its penetration", brand->name),
				 errdetail("Its penetration is %.12g; with a share of %g it can be from %.12g, where its buyers buy nothing else (S is %g),"
						   " to %.12g, where all buyers choose alike (S is %g).",
						   brand->penetration, brand->share, low, ICM_DIRICHLET_MIN, high, ICM_DIRICHLET_MAX),
				 errhint("Check that its share is one of purchases, not of revenue, its penetration one of all customers, not of the category's buyers,"
						 " and both of the same period. With NULL as its penetration it has no say in S.")));
	}
	return s;
}

/* Over the brands in their order, so that the order in which they are given has no say. */
static double
FitS(const IcmDirichlet *model)
{
	int			n = ICM_DIRICHLET_COUNT(model);
	double		sum = 0.0,
				shares = 0.0;

	for (int i = 0; i < n; i++)
	{
		const IcmBrand *brand = &model->brands[i];
		const char *fault = IcmBrandFault(&model->market, brand);

		CHECK_FOR_INTERRUPTS();
		if (fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("penetration of a brand must not be above that of the category"),
					 errdetail("%s", fault),
					 errhint("Both are shares of the same customers; who buys the brand buys in the category.")));
		if (brand->penetration == 0.0 || brand->share == 1.0)
			continue;			/* not known, or the category's, whatever S is */
		sum += brand->share * FitBrand(&model->market, brand);
		shares += brand->share;
	}
	if (shares == 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nothing to estimate the Dirichlet parameter S from"),
				 errdetail("No brand with a share below 1 has a penetration."),
				 errhint("If S is known of another period or market, write the model as text: {M: %.6g, K: %.6g, S: ..., brands: {...}}.",
						 model->market.m, model->market.k)));
	return sum / shares;
}

/* icm_dirichlet_fit(penetration, purchase_rate, brands, shares, brand_penetrations) */
PG_FUNCTION_INFO_V1(icm_dirichlet_fit);
Datum
icm_dirichlet_fit(PG_FUNCTION_ARGS)
{
	double		penetration = GetPenetration(fcinfo);
	double		rate = GetPurchaseRate(fcinfo);
	double		m = penetration * rate;
	IcmDirichlet *model = GetBrands(fcinfo);

	if (!(m >= ICM_DIRICHLET_M_MIN && m <= ICM_DIRICHLET_M_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mean purchases of the category are out of range"),
				 errdetail("Penetration times purchase rate is %g; it must be from %g to %g.", m, ICM_DIRICHLET_M_MIN, ICM_DIRICHLET_M_MAX)));
	model->market.m = m;
	model->market.k = FitK(m, penetration, rate);
	model->market.s = FitS(model);
	PG_RETURN_POINTER(model);
}
