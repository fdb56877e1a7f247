/*
 * verdict.c
 *		The SQL face of checks: icm_contact_check, icm_contact_explain and
 *		icm_contact_next, for one contact; icm_policy_simulate, for those of the
 *		past.
 *
 * A query asks about many customers and one policy, so the check is kept from
 * call to call.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/check.h"
#include "common/rows.h"
#include "contact/reason.h"
#include "math/hash.h"

/* ---- what is kept ------------------------------------------------------------ */

typedef struct Memo
{
	MemoryContext context;		/* of the check; NULL: none yet */
	const IcmPolicy *policy;
	IcmCheck   *check;
	TupleDesc	tupdesc;		/* of a row returned alone; NULL: not looked up yet */
} Memo;

static Memo *
GetMemo(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Memo));
	return fcinfo->flinfo->fn_extra;
}

/* The check by the policy in an argument. */
static IcmCheck *
GetCheck(FunctionCallInfo fcinfo, int arg)
{
	IcmPolicy  *policy = PG_GETARG_POLICY_UNSEEN(arg);
	Memo	   *memo = GetMemo(fcinfo);
	MemoryContext before;
	IcmPolicy  *copy;

	if (memo->policy != NULL && VARSIZE(memo->policy) == VARSIZE(policy) &&
		memcmp(memo->policy, policy, VARSIZE(policy)) == 0)
		return memo->check;
	IcmPolicySound(policy);
	memo->policy = NULL;
	if (memo->context != NULL)
		MemoryContextReset(memo->context);
	else
		memo->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "icm_policy check", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(memo->context);
	copy = palloc(VARSIZE(policy));
	memcpy(copy, policy, VARSIZE(policy));
	memo->check = IcmCheckMake(copy);
	memo->policy = copy;
	MemoryContextSwitchTo(before);
	return memo->check;
}

/* ---- arguments ----------------------------------------------------------------- */

/* The bytes of a text; NULL if it is. */
static const char *
GetText(FunctionCallInfo fcinfo, int arg, int *length)
{
	text	   *value;

	*length = 0;
	if (PG_ARGISNULL(arg))
		return NULL;
	value = PG_GETARG_TEXT_PP(arg);
	*length = VARSIZE_ANY_EXHDR(value);
	return VARDATA_ANY(value);
}

/* grade, tz and customer_key, which are the arguments from arg on. */
static void
GetCustomer(FunctionCallInfo fcinfo, int arg, IcmRequest *request)
{
	request->grade = PG_ARGISNULL(arg) ? ICM_NO_GRADE : PG_GETARG_GRADE(arg);
	request->zone = GetText(fcinfo, arg + 1, &request->zone_length);
	request->key = GetText(fcinfo, arg + 2, &request->key_length);
}

/* contacts, policy, at, channel, department, brand, category, grade, tz, customer_key; NULL if that is the answer. */
static IcmCheck *
GetArguments(FunctionCallInfo fcinfo, TimestampTz *at)
{
	IcmCheck   *check;
	IcmRequest	request;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return NULL;
	*at = PG_GETARG_TIMESTAMPTZ(2);
	IcmCheckAt(*at);
	check = GetCheck(fcinfo, 1);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		request.label[i] = IcmGetContactLabel(fcinfo, 3 + i, i, &request.length[i]);
	GetCustomer(fcinfo, 7, &request);
	IcmCheckRequest(check, &request);
	IcmCheckContacts(check, PG_ARGISNULL(0) ? NULL : PG_GETARG_CONTACTS(0));
	return check;
}

/* ---- answers ------------------------------------------------------------------- */

/* A row; a column is NULL until it is set. */
#define COLUMNS_MAX 12

typedef struct Row
{
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];
} Row;

static void
ClearRow(Row *row)
{
	memset(row->values, 0, sizeof(row->values));
	memset(row->nulls, true, sizeof(row->nulls));
}

static void
SetColumn(Row *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
SetNumber(Row *row, int column, double number)
{
	if (!isnan(number))
		SetColumn(row, column, Float8GetDatum(number));
}

static void
SetTime(Row *row, int column, TimestampTz t)
{
	if (t != ICM_NEVER)
		SetColumn(row, column, TimestampTzGetDatum(t));
}

/* The name of a rule, or its number from 1. */
static Datum
RuleName(const IcmCheck *check, int rule)
{
	int32		name = check->policy->rules[rule].name;
	char		number[12];

	if (name >= 0)
		return CStringGetTextDatum(IcmPolicyText(check->policy, name));
	pg_ltoa(rule + 1, number);
	return CStringGetTextDatum(number);
}

static Datum
Reason(IcmCheck *check, int rule, const IcmFinding *finding, TimestampTz at)
{
	StringInfoData buf;

	initStringInfo(&buf);
	IcmAppendReason(&buf, check, rule, finding, at);
	return PointerGetDatum(cstring_to_text_with_len(buf.data, buf.len));
}

/* allowed, rule, reason, observed, threshold as columns from this one on; whether the contact is allowed. */
static bool
SetVerdict(Row *row, int column, IcmCheck *check, TimestampTz at)
{
	IcmFinding	finding;
	int			rule = IcmCheckAll(check, at, &finding);

	SetColumn(row, column, BoolGetDatum(rule < 0));
	if (rule < 0)
		return true;
	SetColumn(row, column + 1, RuleName(check, rule));
	SetColumn(row, column + 2, Reason(check, rule, &finding, at));
	SetNumber(row, column + 3, finding.observed);
	SetNumber(row, column + 4, finding.threshold);
	return false;
}

/* The row as a value of the function's result type. */
static Datum
ReturnRow(FunctionCallInfo fcinfo, Row *row)
{
	Memo	   *memo = GetMemo(fcinfo);

	if (memo->tupdesc == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		memo->tupdesc = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(before);
	}
	return HeapTupleGetDatum(heap_form_tuple(memo->tupdesc, row->values, row->nulls));
}

PG_FUNCTION_INFO_V1(icm_contact_check);
Datum
icm_contact_check(PG_FUNCTION_ARGS)
{
	TimestampTz at;
	IcmCheck   *check = GetArguments(fcinfo, &at);
	Row			row;

	if (check == NULL)
		PG_RETURN_NULL();
	ClearRow(&row);
	SetTime(&row, 5, SetVerdict(&row, 0, check, at) ? at : IcmCheckNext(check, -1, at));
	return ReturnRow(fcinfo, &row);
}

/* Why a rule allows a contact without a look at the time; NULL if it looks. */
static const char *
WhyNotAsked(const IcmCheck *check, int rule)
{
	if (!ICM_RULE_IN(check->about, rule))
	{
		int			scope = IcmMissedScope(check->matcher, rule, &check->labels, check->request.grade);

		if (scope == ICM_SCOPE_GRADES)
			return check->request.grade < 0 ? "the rule is not about a contact without grade" :
				psprintf("the rule is not about grade %c", ICM_GRADE_LETTER(check->request.grade));
		if (check->request.label[scope] == NULL)
			return psprintf("the rule is not about a contact without %s", IcmContactLabelNames[scope]);
		return psprintf("the rule is not about %s %s", IcmContactLabelNames[scope],
						quote_identifier(pnstrdup(check->request.label[scope], check->request.length[scope])));
	}
	if (!ICM_RULE_IN(check->holding, rule) || check->policy->rules[rule].kind == ICM_RULE_EXEMPT)
		return "such a contact is exempt";
	return NULL;
}

/* The columns of icm_contact_explain(), in their order. */
static void
Explain(Row *row, IcmCheck *check, int rule, TimestampTz at)
{
	const char *why = WhyNotAsked(check, rule);
	IcmFinding	finding;
	bool		passes = IcmCheckRule(check, rule, at, &finding) == at;

	ClearRow(row);
	SetColumn(row, 0, RuleName(check, rule));
	SetColumn(row, 1, CStringGetTextDatum(IcmCheckBody(check, rule)));
	SetColumn(row, 2, BoolGetDatum(ICM_RULE_IN(check->holding, rule)));
	SetColumn(row, 3, BoolGetDatum(passes));
	if (why != NULL)
		SetColumn(row, 4, CStringGetTextDatum(why));
	else if (!passes)
		SetColumn(row, 4, Reason(check, rule, &finding, at));
	SetNumber(row, 5, finding.observed);
	SetNumber(row, 6, finding.threshold);
	SetTime(row, 7, IcmCheckNext(check, rule, at));
}

PG_FUNCTION_INFO_V1(icm_contact_explain);
Datum
icm_contact_explain(PG_FUNCTION_ARGS)
{
	TimestampTz at;
	IcmCheck   *check = GetArguments(fcinfo, &at);
	IcmRows		rows;
	Row			row;

	IcmBeginRows(&rows, fcinfo);
	for (int rule = 0; check != NULL && rule < check->policy->n_rules; rule++)
	{
		Explain(&row, check, rule, at);
		IcmPutRow(&rows, row.values, row.nulls);
	}
	return (Datum) 0;
}

/* ---- times to come -------------------------------------------------------------- */

#define NEXT_MAX 10000

/* Put a contact as requested among the events, which have room for it. */
static void
PutPlanned(IcmContact *events, int *n, TimestampTz at, int kind)
{
	int			i = *n;

	for (; i > 0 && events[i - 1].at > at; i--)
		events[i] = events[i - 1];
	events[i].at = at;
	events[i].reference = ICM_CONTACT_NO_REFERENCE;
	events[i].packed = ICM_CONTACT_PACK(ICM_CONTACT_SENT, kind, ICM_CONTACT_NEVER);
	++*n;
}

PG_FUNCTION_INFO_V1(icm_contact_next);
Datum
icm_contact_next(PG_FUNCTION_ARGS)
{
	TimestampTz at;
	IcmCheck   *check = PG_ARGISNULL(10) ? NULL : GetArguments(fcinfo, &at);
	int			wanted = PG_ARGISNULL(10) ? 1 : PG_GETARG_INT32(10);
	IcmContact *events;
	IcmRows		rows;
	int			kind,
				n;

	if (wanted < 1 || wanted > NEXT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be between 1 and %d", NEXT_MAX),
				 errdetail("The n given is %d.", wanted)));
	IcmBeginRows(&rows, fcinfo);
	if (check == NULL)
		return (Datum) 0;
	n = check->n;
	events = MemoryContextAllocHuge(CurrentMemoryContext, (Size) (n + wanted) * sizeof(IcmContact));
	memcpy(events, check->events, n * sizeof(IcmContact));
	kind = IcmCheckRequestKind(check);
	for (int i = 0; i < wanted; i++)
	{
		Row			row;

		IcmCheckEvents(check, events, n);
		at = IcmCheckNext(check, -1, at);
		if (at == ICM_NEVER)
			break;
		ClearRow(&row);
		SetTime(&row, 0, at);
		IcmPutRow(&rows, row.values, row.nulls);
		PutPlanned(events, &n, at, kind);
	}
	return (Datum) 0;
}

/* ---- what a policy would have done -------------------------------------------------- */

/* Is an event a contact that took place, or is to? */
static bool
IsContact(const IcmContact *event, const IcmContactKind *kind)
{
	return kind->label[ICM_CONTACT_CHANNEL] != ICM_CONTACT_NO_LABEL &&
		ICM_CONTACT_STATUS(event) < ICM_CONTACT_OPTIN &&
		ICM_CONTACT_STATUS(event) != ICM_CONTACT_CANCELLED &&
		IcmContactExpires(event) > event->at;
}

/* Ask about a contact of this kind. */
static void
Request(IcmCheck *check, const IcmContacts *contacts, const IcmContactKind *kind, IcmRequest *request)
{
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		request->label[i] = IcmContactsLabel(contacts, kind, i);
		request->length[i] = request->label[i] == NULL ? 0 : (int) strlen(request->label[i]);
	}
	IcmCheckRequest(check, request);
}

/* The columns of a contact: at, channel, department, brand, category, status, reference. */
static void
SetContact(Row *row, const IcmContact *event, const IcmRequest *request)
{
	SetColumn(row, 0, TimestampTzGetDatum(event->at));
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		if (request->label[i] != NULL)
			SetColumn(row, 1 + i, PointerGetDatum(cstring_to_text_with_len(request->label[i], request->length[i])));
	SetColumn(row, 5, CStringGetTextDatum(IcmContactStatusNames[ICM_CONTACT_STATUS(event)]));
	if (event->reference != ICM_CONTACT_NO_REFERENCE)
		SetColumn(row, 6, Int64GetDatum(event->reference));
}

/* The history again, each contact against what the policy would have left of those before it. */
static void
Simulate(IcmCheck *check, const IcmContacts *contacts, TimestampTz since, TimestampTz until, IcmRequest *request,
		 IcmRows *rows)
{
	IcmContact *left = MemoryContextAllocHuge(CurrentMemoryContext, Max(contacts->n, 1) * sizeof(IcmContact));
	int			n = 0;
	MemoryContext of_row = AllocSetContextCreate(CurrentMemoryContext, "icm_policy_simulate row", ALLOCSET_DEFAULT_SIZES);

	IcmCheckRequest(check, request);	/* what counts depends on the grade */
	IcmCheckContacts(check, contacts);
	for (int i = 0; i < contacts->n; i++)
	{
		const IcmContact *event = &contacts->events[i];
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(event)];
		bool		allowed = true;

		CHECK_FOR_INTERRUPTS();
		if (event->at >= since && event->at < until && IsContact(event, kind))
		{
			MemoryContext before = MemoryContextSwitchTo(of_row);
			Row			row;

			MemoryContextReset(of_row);
			Request(check, contacts, kind, request);
			IcmCheckEvents(check, left, n);
			ClearRow(&row);
			SetContact(&row, event, request);
			allowed = SetVerdict(&row, 7, check, event->at);
			IcmPutRow(rows, row.values, row.nulls);
			MemoryContextSwitchTo(before);
		}
		if (allowed)
			left[n++] = *event;
	}
	MemoryContextDelete(of_row);
	pfree(left);
}

/* icm_policy_simulate(contacts, policy, since, until, grade, tz, customer_key) */
PG_FUNCTION_INFO_V1(icm_policy_simulate);
Datum
icm_policy_simulate(PG_FUNCTION_ARGS)
{
	IcmRows		rows;
	IcmRequest	request = {0};

	IcmBeginRows(&rows, fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return (Datum) 0;
	GetCustomer(fcinfo, 4, &request);
	Simulate(GetCheck(fcinfo, 1), PG_GETARG_CONTACTS(0), PG_GETARG_TIMESTAMPTZ(2),
			 PG_GETARG_TIMESTAMPTZ(3), &request, &rows);
	return (Datum) 0;
}

/* ---- holdout -------------------------------------------------------------------------- */

PG_FUNCTION_INFO_V1(icm_holdout);
Datum
icm_holdout(PG_FUNCTION_ARGS)
{
	text	   *salt = PG_GETARG_TEXT_PP(0);
	text	   *key = PG_GETARG_TEXT_PP(1);

	PG_RETURN_FLOAT8(100.0 * IcmHashPlace(VARDATA_ANY(salt), VARSIZE_ANY_EXHDR(salt), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)));
}
