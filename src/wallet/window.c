/*
 * window.c
 *		What the window functions over a whole partition share; see window.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "wallet/window.h"

IcmColumn
IcmColumnOf(FunctionCallInfo fcinfo, int number)
{
	IcmColumn	column = {.window = PG_WINDOW_OBJECT(), .number = number};

	column.stable = get_fn_expr_arg_stable(fcinfo->flinfo, number);
	if (column.stable)
		column.value = WinGetFuncArgCurrent(column.window, number, &column.isnull);
	return column;
}

double
IcmReadParameter(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum))
{
	IcmColumn	column = IcmColumnOf(fcinfo, number);
	int			rows = column.stable ? 1 : IcmPartitionRows(column.window);
	double		first = NAN;

	for (int row = 0; row < rows; row++)
	{
		double		value;

		CHECK_FOR_INTERRUPTS();
		value = IcmColumnRead(&column, row) ? read(column.value) : NAN;
		if (row == 0)
			first = value;
		else if (unlikely(value != first && !(isnan(value) && isnan(first))))
			IcmRowsDiffer(name, first, value, "a partition", "Add what it depends on to PARTITION BY.");
	}
	return first;
}

int
IcmPartitionRows(WindowObject window)
{
	int64		n = WinGetPartitionRowCount(window);

	if (n > INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in a partition"),
				 errdetail("It can have at most %d.", INT32_MAX)));
	return (int) n;
}

void *
IcmAllocRows(MemoryContext context, int64 n, Size size)
{
	return MemoryContextAllocHuge(context, Max(n, 1) * size);
}

void
IcmPoll(void)
{
	CHECK_FOR_INTERRUPTS();
}

char *
IcmNumberText(double number)
{
	return DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(number)));
}

void
IcmAmountOutOfRange(double amount, const char *name)
{
	if (!isfinite(amount) || amount < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite and not negative", name),
				 errdetail("The amount given is %s.", IcmNumberText(amount))));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range", name),
			 errdetail("The amount given is %s; it is at most %g, so that no sum leaves the range of float8.",
					   IcmNumberText(amount), ICM_AMOUNT_MAX)));
	pg_unreachable();
}

void
IcmRowsDiffer(const char *name, double first, double other, const char *rows, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same for all rows of %s", name, rows),
			 errdetail("It is %s at first, then %s.",
					   isnan(first) ? "NULL" : IcmNumberText(first), isnan(other) ? "NULL" : IcmNumberText(other)),
			 errhint("%s", hint)));
	pg_unreachable();
}
