/*
 * dirichlet.c
 *		The SQL face of icm_dirichlet: text and binary form, and what a model
 *		consists of.
 *
 * Text form: {M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, "Beta 2": 0.1}}
 * the mean purchases of the category a customer in the model's period, the
 * exponent of the negative binomial distribution, the Dirichlet parameter, and
 * the share of each brand, with its observed penetration if that is known.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/definition.h"
#include "common/rows.h"
#include "wallet/dirichlet.h"

/* ---- what is right ---------------------------------------------------------- */

static int
CompareBrands(const void *a, const void *b)
{
	const IcmBrand *x = a;
	const IcmBrand *y = b;

	if (x->share != y->share)
		return x->share > y->share ? -1 : 1;
	return memcmp(x->name, y->name, sizeof(x->name));
}

static int
CompareNames(const void *a, const void *b)
{
	return memcmp(*(const char *const *) a, *(const char *const *) b, ICM_NAME_MAX + 1);
}

/* A name that occurs more than once, or NULL. */
static const char *
Repeated(const IcmBrand *brands, int n)
{
	const char **names = palloc(n * sizeof(char *));
	const char *repeated = NULL;

	for (int i = 0; i < n; i++)
		names[i] = brands[i].name;
	qsort(names, n, sizeof(char *), CompareNames);
	for (int i = 1; i < n && repeated == NULL; i++)
		if (CompareNames(&names[i - 1], &names[i]) == 0)
			repeated = names[i];
	pfree(names);
	return repeated;
}

const char *
IcmBrandsSort(IcmBrand *brands, int n)
{
	double		sum = 0.0;
	const char *repeated;

	if (n == 0)
		return "A market has at least one brand.";
	if (n > ICM_DIRICHLET_BRANDS_MAX)
		return psprintf("A market has at most %d brands.", ICM_DIRICHLET_BRANDS_MAX);
	repeated = Repeated(brands, n);
	if (repeated != NULL)
		return psprintf("The brand \"%s\" is given more than once.", repeated);
	qsort(brands, n, sizeof(IcmBrand), CompareBrands);
	for (int i = 0; i < n; i++)
	{
		if (!(brands[i].share >= ICM_DIRICHLET_SHARE_MIN && brands[i].share <= 1.0))
			return psprintf("The share of \"%s\" is %g; shares are from %g to 1.",
							brands[i].name, brands[i].share, ICM_DIRICHLET_SHARE_MIN);
		sum += brands[i].share;
	}
	if (sum > 1.0 + ICM_DIRICHLET_ROUNDING)
		return psprintf("The shares add up to %.15g; together they are at most 1.", sum);
	return NULL;
}

const char *
IcmBrandFault(const IcmDirichletMarket *market, const IcmBrand *brand)
{
	double		category = IcmDirichletCategory(market);

	if (brand->penetration <= category * (1.0 + ICM_DIRICHLET_ROUNDING))
		return NULL;
	return psprintf("The penetration of \"%s\" is %g, above that of the category, %g.", brand->name, brand->penetration, category);
}

/* ---- text and binary form ---------------------------------------------------- */

typedef struct BrandList
{
	int			n;
	int			room;
	IcmBrand   *brands;
} BrandList;

/* What a model is to be made of. */
typedef struct Draft
{
	IcmDirichletMarket market;
	BrandList	list;
} Draft;

static const char *
ReadWithin(IcmReader *reader, double *value, double low, double high)
{
	if (!IcmReadDouble(reader, value) || !(*value >= low && *value <= high))
		return psprintf("A number from %g to %g is expected.", low, high);
	return NULL;
}

static const char *
ReadMean(IcmReader *reader, void *value)
{
	return ReadWithin(reader, value, ICM_DIRICHLET_M_MIN, ICM_DIRICHLET_M_MAX);
}

static const char *
ReadParameter(IcmReader *reader, void *value)
{
	return ReadWithin(reader, value, ICM_DIRICHLET_MIN, ICM_DIRICHLET_MAX);
}

/* Read "share" or "share penetration share". */
static const char *
ReadBrand(IcmReader *reader, const IcmName *name, IcmBrand *brand)
{
	IcmReader	next;
	IcmName		word;

	memcpy(brand->name, name->text, sizeof(brand->name));
	if (!IcmReadDouble(reader, &brand->share))
		return "A brand has its share of the category's purchases, and may have its penetration: 0.25, 0.25 penetration 0.2.";
	next = *reader;
	if (!IcmReadName(&next, &word) || word.quoted || strcmp(word.text, "penetration") != 0)
		return NULL;			/* whatever it is, it is no part of a brand */
	*reader = next;
	if (!IcmReadDouble(reader, &brand->penetration) || !(brand->penetration > 0.0 && brand->penetration <= 1.0))
		return "A penetration is more than 0 and at most 1.";
	return NULL;
}

static const char *
ReadBrands(IcmReader *reader, void *value)
{
	BrandList  *list = value;
	IcmEntries	entries = {.reader = *reader,.nested = true};

	while (IcmNextEntry(&entries))
	{
		if (list->n > ICM_DIRICHLET_BRANDS_MAX)
			return IcmBrandsSort(list->brands, list->n);
		if (list->n == list->room)
		{
			list->room = Max(8, list->room * 2);
			list->brands = list->brands == NULL ? palloc(list->room * sizeof(IcmBrand)) :
				repalloc(list->brands, list->room * sizeof(IcmBrand));
		}
		memset(&list->brands[list->n], 0, sizeof(IcmBrand));
		entries.fault = ReadBrand(&entries.reader, &entries.key, &list->brands[list->n]);
		list->n++;
	}
	if (entries.fault != NULL)
		return IcmEntriesFault(&entries);
	*reader = entries.reader;
	return IcmBrandsSort(list->brands, list->n);
}

static const IcmField fields[] = {
	{"M", ReadMean, offsetof(Draft, market.m)},
	{"K", ReadParameter, offsetof(Draft, market.k)},
	{"S", ReadParameter, offsetof(Draft, market.s)},
	{"brands", ReadBrands, offsetof(Draft, list)}
};

/* What is wrong with the whole, as a sentence; NULL if nothing is. */
static const char *
DraftFault(const Draft *draft, uint32 given)
{
	const char *fault = NULL;

	for (int i = 0; i < lengthof(fields); i++)
		if ((given & ICM_FIELD(i)) == 0)
			return psprintf("The key \"%s\" is missing.", fields[i].key);
	for (int i = 0; i < draft->list.n && fault == NULL; i++)
		fault = IcmBrandFault(&draft->market, &draft->list.brands[i]);
	return fault;
}

/* The model that the text says. */
static Datum
ReadModel(FunctionCallInfo fcinfo, const char *input)
{
	IcmEntries	entries = {.reader = {input}};
	Draft		draft = {.list = {0}};
	uint32		given = IcmReadFields(&entries, fields, lengthof(fields), &draft);
	IcmDirichlet *model;

	if (entries.fault == NULL)
		entries.fault = DraftFault(&draft, given);
	if (entries.fault != NULL)
		return IcmDefinitionError(fcinfo, "icm_dirichlet", &entries,
								  "The form is {M: mean purchases, K: exponent, S: parameter, brands: {brand: share penetration share, ...}},"
								  " for example {M: 1.456, K: 0.78, S: 1.55, brands: {Alpha: 0.25 penetration 0.2, \"Beta 2\": 0.1}}.");
	model = IcmFlatMake(ICM_DIRICHLET_SIZE(draft.list.n), ICM_DIRICHLET_VERSION);
	model->market = draft.market;
	memcpy(model->brands, draft.list.brands, draft.list.n * sizeof(IcmBrand));
	PG_RETURN_POINTER(model);
}

/* Brands in their order. */
static char *
ModelText(const IcmDirichlet *model)
{
	int			n = ICM_DIRICHLET_COUNT(model);
	StringInfoData buf,
				brands;

	initStringInfo(&brands);
	for (int i = 0; i < n; i++)
	{
		IcmAppendNumberField(&brands, model->brands[i].name, model->brands[i].share);
		if (model->brands[i].penetration > 0.0)
		{
			appendStringInfoString(&brands, " penetration ");
			IcmAppendDouble(&brands, model->brands[i].penetration);
		}
	}
	initStringInfo(&buf);
	IcmAppendNumberField(&buf, "M", model->market.m);
	IcmAppendNumberField(&buf, "K", model->market.k);
	IcmAppendNumberField(&buf, "S", model->market.s);
	IcmAppendKey(&buf, "brands", false);
	appendStringInfo(&buf, "%s}}", brands.data);
	return buf.data;
}

PG_FUNCTION_INFO_V1(icm_dirichlet_in);
Datum
icm_dirichlet_in(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_dirichlet_out);
Datum
icm_dirichlet_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(PG_GETARG_DIRICHLET(0)));
}

PG_FUNCTION_INFO_V1(icm_dirichlet_recv);
Datum
icm_dirichlet_recv(PG_FUNCTION_ARGS)
{
	return ReadModel(fcinfo, IcmDefinitionRecv(fcinfo, "icm_dirichlet", ICM_DIRICHLET_VERSION));
}

PG_FUNCTION_INFO_V1(icm_dirichlet_send);
Datum
icm_dirichlet_send(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);

	return IcmDefinitionSend(model, ModelText(model));
}

/* ---- what a model consists of ------------------------------------------------ */

/* (m, k, s, penetration, purchase_rate) of the category */
PG_FUNCTION_INFO_V1(icm_dirichlet_params);
Datum
icm_dirichlet_params(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);
	double		penetration = IcmDirichletCategory(&model->market);
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = Float8GetDatum(model->market.m);
	values[1] = Float8GetDatum(model->market.k);
	values[2] = Float8GetDatum(model->market.s);
	values[3] = Float8GetDatum(penetration);
	values[4] = Float8GetDatum(model->market.m / penetration);
	return IcmReturnRow(fcinfo, values, nulls);
}

/* (brand, share, penetration, s) of each brand, the largest first; observed penetration, and the S that it alone would give */
PG_FUNCTION_INFO_V1(icm_dirichlet_brands);
Datum
icm_dirichlet_brands(PG_FUNCTION_ARGS)
{
	IcmDirichlet *model = PG_GETARG_DIRICHLET(0);
	int			n = ICM_DIRICHLET_COUNT(model);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < n; i++)
	{
		const IcmBrand *brand = &model->brands[i];
		bool		observed = brand->penetration > 0.0;
		double		s = observed ? IcmDirichletS(&model->market, brand->share, brand->penetration) : NAN;
		Datum		values[4];
		bool		nulls[4] = {false, false, !observed, isnan(s)};

		CHECK_FOR_INTERRUPTS();
		values[0] = CStringGetTextDatum(brand->name);
		values[1] = Float8GetDatum(brand->share);
		values[2] = Float8GetDatum(brand->penetration);
		values[3] = Float8GetDatum(s);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}
