/*
 * standard_support.c
 *		Planner support: a constant name becomes the definition it stands for.
 *
 * icm_standard_scale('retail') in a query is replaced by the scale itself, so
 * that grading a million customers by name costs what grading by value costs.
 * The plan is made to depend on icm.standard, whose every change sends a
 * relcache invalidation (standard.c): prepared statements and PL/pgSQL plan
 * again in every session. It also depends on the role, whose right to read the
 * table was checked here.
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "standard/standard.h"

/* Are all arguments constants other than NULL? */
static bool
AllConstant(List *args)
{
	ListCell   *cell;

	foreach(cell, args)
	{
		if (!IsA(lfirst(cell), Const) || lfirst_node(Const, cell)->constisnull)
			return false;
	}
	return true;
}

static Node *
FoldLookup(const SupportRequestSimplify *request)
{
	FuncExpr   *call = request->fcall;
	PlannerGlobal *glob = request->root == NULL ? NULL : request->root->glob;
	const IcmStandardVersion *version;
	const text *name;
	TimestampTz at = GetCurrentTransactionStartTimestamp();
	Oid			table;
	int16		length;
	bool		by_value;
	bool		first;

	/* without a plan to depend on the table, nothing would ever plan again */
	if (glob == NULL || !AllConstant(call->args))
		return NULL;
	table = IcmStandardRelation();
	first = !list_member_oid(glob->relationOids, table);
	glob->relationOids = list_append_unique_oid(glob->relationOids, table);
	glob->dependsOnRole = true;
	if (!IcmStandardMayRead())
		return NULL;			/* execution says so */
	name = DatumGetTextPP(linitial_node(Const, call->args)->constvalue);
	if (list_length(call->args) > 1)
		at = DatumGetTimestampTz(lsecond_node(Const, call->args)->constvalue);
	version = IcmStandardNewest(first, call->funcresulttype, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), at);
	if (version == NULL)
		return NULL;			/* execution says what is wrong */

	/* a version that ends by itself ends without a message */
	if (list_length(call->args) == 1 && !TIMESTAMP_IS_NOEND(version->until))
		return NULL;

	get_typlenbyval(call->funcresulttype, &length, &by_value);
	return (Node *) makeConst(call->funcresulttype, -1, InvalidOid, length,
							  datumCopy(version->value, by_value, length), false, by_value);
}

PG_FUNCTION_INFO_V1(icm_standard_support);
Datum
icm_standard_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(FoldLookup((SupportRequestSimplify *) request));
	PG_RETURN_POINTER(NULL);
}
