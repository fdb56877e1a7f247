/*
 * claims.c
 *		What all forms of icm_allocate share; see claims.h.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/host.h"
#include "invest/claims.h"

/* ---- amounts -------------------------------------------------------------- */

/* So many units as text, with the decimals of the unit. */
static char *
FormatUnits(IcmUint128 units, int scale)
{
	char		digits[40];		/* 2^128 has 39, the last comes first */
	int			n = 0,
				length = 0;
	char	   *string;

	while (units > 0)
	{
		digits[n++] = '0' + (int) (units % 10);
		units /= 10;
	}
	string = palloc(Max(n, scale + 1) + 2);
	for (int i = Max(n, scale + 1) - 1; i >= 0; i--)
	{
		string[length++] = i < n ? digits[i] : '0';
		if (i == scale && scale > 0)
			string[length++] = '.';
	}
	string[length] = '\0';
	return string;
}

/* The text of an amount, and how many decimals it has; ERROR (22003) unless it is finite and not negative. */
static char *
AmountText(Datum amount, const char *name, int *scale)
{
	char	   *string = DatumGetCString(DirectFunctionCall1(numeric_out, amount));
	const char *point = strchr(string, '.');

	if (!(string[0] >= '0' && string[0] <= '9'))	/* a sign, or a word */
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite and not negative", name),
				 errdetail("The amount given is %s.", string)));
	*scale = point == NULL ? 0 : (int) strlen(point + 1);
	return string;
}

static bool
AddDigit(int64 *units, int digit)
{
	if (*units > (ICM_BUDGET_MAX - digit) / 10)
		return false;
	*units = *units * 10 + digit;
	return true;
}

/*
 * The whole units in the text of an amount, and whether there is a part of one
 * more; false if they are more than ICM_BUDGET_MAX.
 */
static bool
TextUnits(const char *string, int scale, int64 *units, bool *part)
{
	int			decimals = 0;

	*units = 0;
	*part = false;
	for (; *string >= '0' && *string <= '9'; string++)
		if (!AddDigit(units, *string - '0'))
			return false;
	if (*string == '.')
		string++;
	for (; *string != '\0'; string++)
	{
		if (decimals == scale)
			*part = *part || *string != '0';
		else if (!AddDigit(units, *string - '0'))
			return false;
		else
			decimals++;
	}
	for (; decimals < scale; decimals++)
		if (!AddDigit(units, 0))
			return false;
	return true;
}

/* Is this the amount that was read last? */
static bool
IsLast(const IcmAmount *last, const struct varlena *amount)
{
	return last->size > 0 && last->size == VARSIZE_ANY_EXHDR(amount) &&
		memcmp(last->image, VARDATA_ANY(amount), last->size) == 0;
}

static void
Remember(IcmAmount *last, const struct varlena *amount, int64 units)
{
	Size		size = VARSIZE_ANY_EXHDR(amount);

	last->size = size <= sizeof(last->image) ? size : 0;
	last->units = units;
	memcpy(last->image, VARDATA_ANY(amount), last->size);
}

static void
AmountOutOfRange(const char *name, const char *string, int scale)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range", name),
			 errdetail("The amount given is %s. With %d decimals, as the budget has, at most %s can be shared.",
					   string, scale, FormatUnits(ICM_BUDGET_MAX, scale)),
			 errhint("The decimals of the budget are the unit that is shared: give it fewer.")));
}

int64
IcmReadBudget(IcmAmounts *amounts, Datum budget)
{
	struct varlena *image = PG_DETOAST_DATUM_PACKED(budget);
	char	   *string;
	int64		units;
	int			scale;
	bool		part;

	if (IsLast(&amounts->budget, image))
		return amounts->budget.units;
	string = AmountText(budget, "budget", &scale);
	if (!TextUnits(string, scale, &units, &part))
		AmountOutOfRange("budget", string, scale);
	pfree(string);
	if (scale != amounts->scale)
		amounts->floor.size = amounts->cap.size = 0;
	amounts->scale = scale;
	Remember(&amounts->budget, image, units);
	return units;
}

/* A cap that is beyond all budgets is none, a floor that is so an error. */
static int64
ReadBound(IcmAmount *last, Datum amount, int scale, bool is_floor)
{
	const char *name = is_floor ? "floor" : "cap";
	struct varlena *image = PG_DETOAST_DATUM_PACKED(amount);
	char	   *string;
	int64		units;
	int			own_scale;
	bool		part;

	if (IsLast(last, image))
		return last->units;
	string = AmountText(amount, name, &own_scale);
	if (!TextUnits(string, scale, &units, &part) || (is_floor && part && units == ICM_BUDGET_MAX))
	{
		if (is_floor)
			AmountOutOfRange(name, string, scale);
		units = ICM_BUDGET_MAX;
	}
	else if (is_floor && part)
		units++;
	pfree(string);
	Remember(last, image, units);
	return units;
}

int64
IcmReadFloor(IcmAmounts *amounts, const Datum *floor)
{
	return floor == NULL ? 0 : ReadBound(&amounts->floor, *floor, amounts->scale, true);
}

int64
IcmReadCap(IcmAmounts *amounts, const Datum *cap, int64 floor_units)
{
	int			scale = amounts->scale;
	int64		units = cap == NULL ? ICM_BUDGET_MAX : ReadBound(&amounts->cap, *cap, scale, false);

	if (unlikely(units < floor_units))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cap is below the floor"),
				 errdetail("In units of %s, the floor rounded up is %s and the cap rounded down is %s.",
						   FormatUnits(1, scale), FormatUnits(floor_units, scale), FormatUnits(units, scale))));
	return units;
}

double
IcmReadWeight(double weight)
{
	if (unlikely(!isfinite(weight) || weight < 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be finite and not negative"),
				 errdetail("The weight given is %s.",
						   DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(weight)))),
				 errhint("Give greatest(weight, 0) where a negative value is to get nothing above its floor.")));
	return weight + 0.0;		/* no negative zero */
}

void
IcmBudgetsDiffer(int64 first, int first_scale, int64 other, int other_scale, const char *rows, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("budget must be the same for all rows of %s", rows),
			 errdetail("It is %s at first, then %s.",
					   first < 0 ? "NULL" : FormatUnits(first, first_scale),
					   other < 0 ? "NULL" : FormatUnits(other, other_scale)),
			 errhint("%s", hint)));
	pg_unreachable();
}

/* ---- claims --------------------------------------------------------------- */

void
IcmClaimsInit(IcmClaims *claims, int64 n, bool floors, bool caps)
{
	if (n > ICM_ALLOCATION_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one budget"),
				 errdetail("A budget is shared among at most %d rows.", ICM_ALLOCATION_MAX)));
	claims->n = n;
	claims->weight = IcmAllocRows(CurrentMemoryContext, n, sizeof(double));
	claims->floor = floors ? IcmAllocRows(CurrentMemoryContext, n, sizeof(int64)) : NULL;
	claims->cap = caps ? IcmAllocRows(CurrentMemoryContext, n, sizeof(int64)) : NULL;
}

static void
Poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

static void
CheckResult(IcmAllocationResult result, const IcmAllocation *allocation, int scale)
{
	char	   *budget;

	if (result == ICM_ALLOCATED)
		return;
	budget = FormatUnits(allocation->budget, scale);
	if (result == ICM_FLOORS_EXCEED_BUDGET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("floors exceed the budget"),
				 errdetail("The floors add up to %s; the budget is %s.", FormatUnits(allocation->least, scale), budget),
				 errhint("Lower the floors, or give fewer rows one; a row of weight NULL takes no part.")));
	if (result == ICM_CAPS_BELOW_BUDGET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("caps do not let the budget be used up"),
				 errdetail("The caps add up to %s, where a row of weight 0 counts with its floor; the budget is %s.",
						   FormatUnits(allocation->most, scale), budget),
				 errhint("Give the least of the budget and the sum of the caps as the budget.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("no weight is positive"),
			 errdetail("The floors add up to %s; there is nobody to get the rest of the budget of %s.",
					   FormatUnits(allocation->least, scale), budget),
			 errhint("Give equal weights, for example 1, to share it equally.")));
}

int64 *
IcmShareOut(IcmClaims *claims, int64 budget, int scale, MemoryContext context)
{
	IcmAllocation allocation = {
		.n = claims->n,
		.budget = budget,
		.weight = claims->weight,
		.floor = claims->floor,
		.cap = claims->cap,
		.share = IcmAllocRows(context, claims->n, sizeof(int64))
	};
	void	   *scratch = IcmAllocRows(CurrentMemoryContext, IcmAllocationScratch(claims->n), 1);

	CheckResult(IcmAllocate(&allocation, scratch, Poll), &allocation, scale);
	pfree(scratch);
	pfree(claims->weight);
	if (claims->floor != NULL)
		pfree(claims->floor);
	if (claims->cap != NULL)
		pfree(claims->cap);
	return allocation.share;
}

Datum
IcmSharesToArray(int64 *share, int64 n, int scale)
{
	Datum	   *values = IcmAllocRows(CurrentMemoryContext, n, sizeof(Datum));
	bool	   *nulls = IcmAllocRows(CurrentMemoryContext, n, sizeof(bool));
	int			dims[1] = {(int) n};
	int			lower_bounds[1] = {1};

	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		nulls[i] = share[i] < 0;
		values[i] = nulls[i] ? (Datum) 0 : NumericGetDatum(int64_div_fast_to_numeric(share[i], scale));
	}
	pfree(share);
	if (n == 0)
		return PointerGetDatum(construct_empty_array(NUMERICOID));
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lower_bounds,
											  NUMERICOID, -1, false, TYPALIGN_INT));
}
