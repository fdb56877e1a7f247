/*
 * policy.c
 *		The SQL face of icm_policy: text and binary form, its rules as rows, adding
 *		up, presets.
 *
 * The text form is told in policy_parse.c.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/definition.h"
#include "common/rows.h"
#include "contact/policy.h"

/* ---- text and binary form ------------------------------------------------- */

/* The policy that the text says. */
static Datum
ReadPolicy(FunctionCallInfo fcinfo, const char *input)
{
	IcmPolicyFault fault;
	IcmPolicy  *policy = IcmPolicyParse(input, &fault);

	if (policy == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(fault.sqlstate),
				 errmsg("%s", fault.message),
				 errdetail("%s", fault.detail),
				 errhint("%s", fault.hint)));
	PG_RETURN_POINTER(policy);
}

PG_FUNCTION_INFO_V1(icm_policy_in);
Datum
icm_policy_in(PG_FUNCTION_ARGS)
{
	return ReadPolicy(fcinfo, PG_GETARG_CSTRING(0));
}

PG_FUNCTION_INFO_V1(icm_policy_out);
Datum
icm_policy_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(IcmPolicyPrint(PG_GETARG_POLICY(0)));
}

PG_FUNCTION_INFO_V1(icm_policy_recv);
Datum
icm_policy_recv(PG_FUNCTION_ARGS)
{
	return ReadPolicy(fcinfo, IcmDefinitionRecv(fcinfo, "icm_policy", ICM_POLICY_VERSION));
}

PG_FUNCTION_INFO_V1(icm_policy_send);
Datum
icm_policy_send(PG_FUNCTION_ARGS)
{
	IcmPolicy  *policy = PG_GETARG_POLICY(0);

	return IcmDefinitionSend(policy, IcmPolicyPrint(policy));
}

/* ---- policies of policies ------------------------------------------------- */

/* All rules of both, equal ones once: what the texts say one after the other. */
PG_FUNCTION_INFO_V1(icm_policy_concat);
Datum
icm_policy_concat(PG_FUNCTION_ARGS)
{
	return ReadPolicy(fcinfo, psprintf("%s\n%s", IcmPolicyPrint(PG_GETARG_POLICY(0)), IcmPolicyPrint(PG_GETARG_POLICY(1))));
}

PG_FUNCTION_INFO_V1(icm_policy_preset);
Datum
icm_policy_preset(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *rules = IcmPolicyPreset(name);

	if (rules == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no policy preset \"%s\"", name),
				 errhint("The presets are: %s.", IcmPolicyPresetNames())));
	return ReadPolicy(fcinfo, rules);
}

/* ---- rules as rows -------------------------------------------------------- */

#define RULE_COLUMNS 16

/* A row; a column is NULL until it is put. */
typedef struct Row
{
	Datum		values[RULE_COLUMNS];
	bool		nulls[RULE_COLUMNS];
	int			n;				/* columns so far */
} Row;

static void
Put(Row *row, bool given, Datum value)
{
	row->values[row->n] = value;
	row->nulls[row->n++] = !given;
}

static void
PutText(Row *row, const char *value)
{
	Put(row, value != NULL, value == NULL ? (Datum) 0 : CStringGetTextDatum(value));
}

/* An array of texts; NULL if there is none. */
static void
PutTexts(Row *row, Datum *texts, int n)
{
	Put(row, n > 0, n == 0 ? (Datum) 0 :
		PointerGetDatum(construct_array(texts, n, TEXTOID, -1, false, TYPALIGN_INT)));
}

static void
PutLabels(Row *row, const IcmPolicy *policy, IcmPolicyRange list)
{
	Datum	   *texts = palloc(Max(list.n, 1) * sizeof(Datum));

	for (int i = 0; i < list.n; i++)
		texts[i] = CStringGetTextDatum(IcmPolicyText(policy, IcmPolicyNumbers(policy)[list.first + i]));
	PutTexts(row, texts, list.n);
}

/* The names whose bits are set. */
static void
PutNames(Row *row, const char *const *names, int n, uint16 mask)
{
	Datum		texts[16];
	int			found = 0;

	for (int i = 0; i < n; i++)
		if (mask & (1 << i))
			texts[found++] = CStringGetTextDatum(names[i]);
	PutTexts(row, texts, found);
}

static void
PutGrades(Row *row, uint32 grades)
{
	StringInfoData buf;

	initStringInfo(&buf);
	IcmPolicyAppendGrades(&buf, grades);
	PutText(row, grades == 0 ? NULL : buf.data);
}

/* In hours: a day of 24 hours is not the day of a calendar. */
static void
PutSpan(Row *row, int64 span)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = span;
	Put(row, span > 0, IntervalPGetDatum(interval));
}

static const char *
TextOrNull(const IcmPolicy *policy, int32 number)
{
	return number < 0 ? NULL : IcmPolicyText(policy, number);
}

static bool
HasThreshold(const IcmPolicyRule *rule)
{
	return rule->kind == ICM_RULE_CAP || rule->kind == ICM_RULE_PRESSURE || rule->kind == ICM_RULE_HOLDOUT;
}

/* The columns of icm_policy_rules(), in their order. */
static void
FillRow(Row *row, const IcmPolicy *policy, int number)
{
	static const char *const scopes[] = {"channels", "departments", "brands", "categories", "grades"};
	const IcmPolicyRule *rule = &policy->rules[number];
	StringInfoData body;

	initStringInfo(&body);
	IcmPolicyAppendBody(&body, policy, rule);
	row->n = 0;
	PutText(row, rule->name >= 0 ? IcmPolicyText(policy, rule->name) : psprintf("%d", number + 1));
	PutText(row, IcmRuleWords[rule->kind]);
	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
		PutLabels(row, policy, rule->lists[scope]);
	PutGrades(row, rule->grades);
	PutNames(row, scopes, ICM_SCOPES, rule->except);
	Put(row, HasThreshold(rule), Float8GetDatum(rule->threshold));
	PutSpan(row, rule->span);
	PutText(row, IcmCalendarWords[rule->calendar]);
	PutNames(row, IcmContactStatusNames, ICM_CONTACT_STATUSES, rule->kind == ICM_RULE_BLOCK ? 0 : rule->statuses);
	if (rule->after >= 0)
	{
		Datum		after = CStringGetTextDatum(IcmPolicyText(policy, rule->after));

		PutTexts(row, &after, 1);
	}
	else
		PutNames(row, IcmContactStatusNames, ICM_CONTACT_STATUSES, rule->kind == ICM_RULE_BLOCK ? rule->statuses : 0);
	Put(row, true, Int32GetDatum(rule->priority));
	PutText(row, body.data);
	PutText(row, TextOrNull(policy, rule->source));
}

PG_FUNCTION_INFO_V1(icm_policy_rules);
Datum
icm_policy_rules(PG_FUNCTION_ARGS)
{
	IcmPolicy  *policy = PG_GETARG_POLICY(0);
	IcmRows		rows;
	Row			row;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < policy->n_rules; i++)
	{
		FillRow(&row, policy, i);
		IcmPutRow(&rows, row.values, row.nulls);
	}
	return (Datum) 0;
}
