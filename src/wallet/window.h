/*
 * window.h
 *		What the window functions over a whole partition share: reading and
 *		checking the arguments of its rows.
 */
#ifndef ICM_WINDOW_H
#define ICM_WINDOW_H

#include <math.h>

#include "common/compat.h"
#include "windowapi.h"

/* Rows after which the memory that evaluating their arguments took is given back. */
#define ICM_ROWS_A_RESET 1024

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

/*
 * An argument that must be the same for all rows of the partition: ERROR (22023) if it is not. NaN if it
 * is NULL, so read, which checks a value, must not return it.
 */
extern double IcmReadParameter(FunctionCallInfo fcinfo, int number, const char *name, double (*read) (Datum));

/* The number of rows of the partition, each of which has a place in an array. */
extern int	IcmPartitionRows(WindowObject window);

/* Memory for so many rows of this size. */
extern void *IcmAllocRows(MemoryContext context, int64 n, Size size);

/* For what polls: CHECK_FOR_INTERRUPTS(). */
extern void IcmPoll(void);

/* A number for a message. */
extern char *IcmNumberText(double number);

/* The largest amount: so that no sum of them leaves the range of float8. */
#define ICM_AMOUNT_MAX 1e280

/* ERROR (22003): an amount is not from 0 to ICM_AMOUNT_MAX. */
pg_noreturn extern void IcmAmountOutOfRange(double amount, const char *name);

/* The amount without negative zero. */
static inline double
IcmReadAmount(double amount, const char *name)
{
	if (unlikely(!(amount >= 0.0 && amount <= ICM_AMOUNT_MAX)))
		IcmAmountOutOfRange(amount, name);
	return amount + 0.0;
}

/* ERROR (22023): an argument is not the same for all rows; NaN stands for NULL. */
pg_noreturn extern void IcmRowsDiffer(const char *name, double first, double other, const char *rows, const char *hint);

#endif							/* ICM_WINDOW_H */
