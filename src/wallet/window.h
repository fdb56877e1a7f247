/*
 * window.h
 *		What the window functions over a whole partition share: reading and
 *		checking the arguments of its rows, and keeping a result for each.
 *
 * Arguments of a row are evaluated once, when the partition is read: a volatile one would have another value
 * the next time.
 */
#ifndef ICM_WINDOW_H
#define ICM_WINDOW_H

#include <math.h>

#include "common/compat.h"
#include "windowapi.h"

/*
 * The rows of a partition, one after another:
 *
 *		IcmScan		scan = IcmScanPartition(window);
 *
 *		while (IcmScanNext(&scan))
 *			... IcmColumnRead(&column, scan.row) ...
 *
 * Meanwhile the current memory is that of the arguments, which is given back with each row, however large
 * they are.
 */
typedef struct IcmScan
{
	int			rows;			/* of the partition */
	int			row;			/* this one, from 0 */
	MemoryContext arguments;
	MemoryContext before;		/* current again when there are no more rows */
} IcmScan;

extern IcmScan IcmScanPartition(WindowObject window);
extern bool IcmScanNext(IcmScan *scan);

/* An argument, of all rows of the partition. */
typedef struct IcmColumn
{
	WindowObject window;
	int			number;
	bool		stable;			/* one value for all rows, which is read once */
	bool		isnull;			/* of the row read last, or of all */
	Datum		value;
} IcmColumn;

extern IcmColumn IcmColumnOf(FunctionCallInfo fcinfo, int number);

/*
 * Read it of one row; false if it is NULL. A value by reference may be a part of the row, which is there
 * only until another argument is read.
 */
static inline bool
IcmColumnRead(IcmColumn *column, int row)
{
	bool		isout;

	if (!column->stable)
		column->value = WinGetFuncArgInPartition(column->window, column->number, row, WINDOW_SEEK_HEAD,
												 false, &column->isnull, &isout);
	return !column->isnull;
}

/* An argument that must be the same for all rows of the partition. */
typedef struct IcmParameter
{
	IcmColumn	column;
	const char *name;
	double		(*read) (Datum);	/* checks a value, which is not NaN */
	double		value;			/* NaN: NULL */
} IcmParameter;

extern IcmParameter IcmParameterOf(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum));

/* Read it of one row, the first one first: ERROR (22023) if it is not the same. */
extern double IcmParameterRead(IcmParameter *parameter, int row);

/* Read it of all rows. Where others are read as well, do it in one scan, as going back to the first row takes time. */
extern double IcmReadParameter(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum));

/* The number of rows of the partition, each of which has a place in an array. */
extern int	IcmPartitionRows(WindowObject window);

/* The results of a partition, in its local memory, which is zeroed when it starts. */
typedef struct IcmResults
{
	bool		ready;
	double	   *value;			/* of each row by position; NaN: NULL. No array: all are */
} IcmResults;

/*
 * The result of the current row. At the first one of a partition they are all filled in: the function returns
 * an array in this memory, or NULL.
 */
extern Datum IcmResultOfRow(FunctionCallInfo fcinfo, double *(*fill) (FunctionCallInfo fcinfo, MemoryContext context));

/* The largest amount: so that no sum of them leaves the range of float8. */
#define ICM_AMOUNT_MAX 1e280

/* The smallest positive total: so that rounding below the normal range of float8 takes nothing from it. */
#define ICM_TOTAL_MIN 1e-280

/* ERROR (22003): an amount is not from 0 to ICM_AMOUNT_MAX; hint, perhaps NULL, is of a negative one. */
pg_noreturn extern void IcmAmountOutOfRange(double amount, const char *name, const char *hint);

/* What a customer spends, or could, without negative zero. */
static inline double
IcmReadAmount(double amount, const char *name, const char *hint)
{
	if (unlikely(!(amount >= 0.0 && amount <= ICM_AMOUNT_MAX)))
		IcmAmountOutOfRange(amount, name, hint);
	return amount + 0.0;
}

/* A total, that amounts are scaled to: likewise, and not so small that they would be lost. */
extern double IcmReadTotal(double total);

/* ERROR (22023): an argument is not the same for all rows; NaN stands for NULL. */
pg_noreturn extern void IcmRowsDiffer(const char *name, double first, double other, const char *rows, const char *hint);

#endif							/* ICM_WINDOW_H */
