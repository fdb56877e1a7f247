/*
 * window.c
 *		What the window functions over a whole partition share; see window.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "wallet/window.h"

IcmScan
IcmScanPartition(WindowObject window)
{
	IcmScan		scan = {.rows = IcmPartitionRows(window), .row = -1};

	scan.arguments = AllocSetContextCreate(CurrentMemoryContext, "icm window arguments", ALLOCSET_DEFAULT_SIZES);
	scan.before = MemoryContextSwitchTo(scan.arguments);
	return scan;
}

bool
IcmScanNext(IcmScan *scan)
{
	CHECK_FOR_INTERRUPTS();
	if (++scan->row < scan->rows)
	{
		MemoryContextReset(scan->arguments);
		return true;
	}
	MemoryContextSwitchTo(scan->before);
	MemoryContextDelete(scan->arguments);
	return false;
}

IcmColumn
IcmColumnOf(FunctionCallInfo fcinfo, int number)
{
	IcmColumn	column = {.window = PG_WINDOW_OBJECT(), .number = number};

	column.stable = get_fn_expr_arg_stable(fcinfo->flinfo, number);
	if (column.stable)
		column.value = WinGetFuncArgCurrent(column.window, number, &column.isnull);
	return column;
}

IcmParameter
IcmParameterOf(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum))
{
	IcmParameter parameter = {IcmColumnOf(fcinfo, number), name, read, NAN};

	return parameter;
}

double
IcmParameterRead(IcmParameter *parameter, int row)
{
	double		value;

	if (parameter->column.stable && row > 0)
		return parameter->value;
	value = IcmColumnRead(&parameter->column, row) ? parameter->read(parameter->column.value) : NAN;
	if (row == 0)
		parameter->value = value;
	else if (unlikely(value != parameter->value && !(isnan(value) && isnan(parameter->value))))
		IcmRowsDiffer(parameter->name, parameter->value, value, "a partition", "Add what it depends on to PARTITION BY.");
	return parameter->value;
}

double
IcmReadParameter(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum))
{
	IcmParameter parameter = IcmParameterOf(fcinfo, number, name, read);
	IcmScan		scan;

	if (parameter.column.stable)
		return IcmParameterRead(&parameter, 0);
	scan = IcmScanPartition(PG_WINDOW_OBJECT());
	while (IcmScanNext(&scan))
		(void) IcmParameterRead(&parameter, scan.row);
	return parameter.value;
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

Datum
IcmResultOfRow(FunctionCallInfo fcinfo, double *(*fill) (FunctionCallInfo fcinfo, MemoryContext context))
{
	WindowObject window = PG_WINDOW_OBJECT();
	IcmResults *results = WinGetPartitionLocalMemory(window, sizeof(IcmResults));
	double		value;

	if (!results->ready)
	{
		results->value = fill(fcinfo, GetMemoryChunkContext(results));
		results->ready = true;
	}
	if (results->value == NULL)
		PG_RETURN_NULL();
	value = results->value[WinGetCurrentPosition(window)];
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

void
IcmAmountOutOfRange(double amount, const char *name, const char *hint)
{
	if (!isfinite(amount) || amount < 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be finite and not negative", name),
				 errdetail("The amount given is %s.", float8out_internal(amount)),
				 amount < 0.0 && hint != NULL ? errhint("%s", hint) : 0));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range", name),
			 errdetail("The amount given is %s; it is at most %g, so that no sum leaves the range of float8.",
					   float8out_internal(amount), ICM_AMOUNT_MAX)));
	pg_unreachable();
}

double
IcmReadTotal(double total)
{
	if (!(total >= 0.0 && total <= ICM_AMOUNT_MAX))
		IcmAmountOutOfRange(total, "total", NULL);
	if (total > 0.0 && total < ICM_TOTAL_MIN)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("total is out of range"),
				 errdetail("The amount given is %s; it is 0 or at least %g, so that what is scaled to it stays in the range of float8.",
						   float8out_internal(total), ICM_TOTAL_MIN)));
	return total + 0.0;			/* no negative zero */
}

void
IcmRowsDiffer(const char *name, double first, double other, const char *rows, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same for all rows of %s", name, rows),
			 errdetail("It is %s at first, then %s.",
					   isnan(first) ? "NULL" : float8out_internal(first), isnan(other) ? "NULL" : float8out_internal(other)),
			 errhint("%s", hint)));
	pg_unreachable();
}
