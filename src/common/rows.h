/*
 * rows.h
 *		What functions that return rows share.
 */
#ifndef ICM_ROWS_H
#define ICM_ROWS_H

#include "common/compat.h"
#include "utils/tuplestore.h"

/* Form a row of the function's result type and return it. */
extern Datum IcmReturnRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* A set of rows, which the function puts one by one; then it returns (Datum) 0. */
typedef struct IcmRows
{
	Tuplestorestate *store;
	TupleDesc	tupdesc;
} IcmRows;

extern void IcmBeginRows(IcmRows *rows, FunctionCallInfo fcinfo);
extern void IcmPutRow(IcmRows *rows, Datum *values, bool *nulls);

#endif							/* ICM_ROWS_H */
