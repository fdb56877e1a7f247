/*
 * rows.c
 *		What functions that return rows share; see rows.h.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "common/rows.h"

/* A set of values of one type is a set of rows of one column. */
static TupleDesc
RowType(FunctionCallInfo fcinfo)
{
	TupleDesc	tupdesc;
	Oid			type;

	switch (get_call_result_type(fcinfo, &type, &tupdesc))
	{
		case TYPEFUNC_COMPOSITE:
			break;
		case TYPEFUNC_SCALAR:
			tupdesc = CreateTemplateTupleDesc(1);
			TupleDescInitEntry(tupdesc, 1, "value", type, -1, 0);
			break;
		default:
			elog(ERROR, "return type must be a row type");
	}
	return BlessTupleDesc(tupdesc);
}

Datum
IcmReturnRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	return HeapTupleGetDatum(heap_form_tuple(RowType(fcinfo), values, nulls));
}

/*
 * As InitMaterializedSRF() of PostgreSQL 15 does, but what it takes to find the row type is not left
 * in the query's memory: the executor frees the store and the copied type after each call.
 */
void
IcmBeginRows(IcmRows *rows, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	type;
	MemoryContext oldcontext;

	if (info == NULL || !IsA(info, ReturnSetInfo) || !(info->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	type = RowType(fcinfo);
	oldcontext = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	rows->tupdesc = CreateTupleDescCopy(type);
	rows->store = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->returnMode = SFRM_Materialize;
	info->setResult = rows->store;
	info->setDesc = rows->tupdesc;
	MemoryContextSwitchTo(oldcontext);
}

void
IcmPutRow(IcmRows *rows, Datum *values, bool *nulls)
{
	tuplestore_putvalues(rows->store, rows->tupdesc, values, nulls);
}
