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

/* ---- what a value must be ------------------------------------------------- */

static bool
IsWithin(IcmPolicyRange range, int32 n)
{
	return range.first >= 0 && range.n >= 0 && range.first <= n && range.n <= n - range.first;
}

/* Is it the number of one of so many texts, or -1 where that may be? */
static bool
IsText(int32 number, int32 n, bool needed)
{
	return number >= (needed ? 0 : -1) && number < n;
}

static bool
IsSoundRule(const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	bool		is_open = rule->kind == ICM_RULE_OPEN;

	if (rule->kind >= ICM_RULE_KINDS || rule->calendar >= ICM_CALENDARS || rule->week_start >= 7 ||
		rule->part < 0 || rule->part >= policy->n_rules || !(rule->threshold >= 0.0) ||
		rule->span < 0 || rule->span > ICM_POLICY_SPAN_MAX || rule->span % USECS_PER_SEC != 0 ||
		rule->from < ICM_POLICY_DAY_MIN || rule->to > ICM_POLICY_DAY_MAX)
		return false;
	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
		if (!IsWithin(rule->lists[scope], policy->n_numbers))
			return false;
	return IsWithin(rule->items, is_open ? policy->n_hours : policy->n_weights) && (!is_open || rule->items.n > 0) &&
		IsText(rule->after, policy->n_labels, rule->kind == ICM_RULE_SEQUENCE) &&
		IsText(rule->name, policy->n_texts, false) && IsText(rule->source, policy->n_texts, false) &&
		IsText(rule->salt, policy->n_texts, rule->kind == ICM_RULE_HOLDOUT);
}

/* Do the sections lie within the value, one behind the other? Then the numbers in them are next. */
static bool
HasSections(const IcmPolicy *policy)
{
	uint64		size = offsetof(IcmPolicy, rules);

	if (policy->n_rules < 1 || policy->n_rules > ICM_POLICY_RULES_MAX || policy->n_weights < 0 || policy->n_numbers < 0 ||
		policy->n_labels < 0 || policy->n_labels > ICM_POLICY_LABELS_MAX || policy->n_texts < policy->n_labels ||
		policy->n_hours < 0)
		return false;
	size += (uint64) policy->n_rules * sizeof(IcmPolicyRule) + (uint64) policy->n_weights * sizeof(IcmPolicyWeight) +
		((uint64) policy->n_numbers + policy->n_texts) * sizeof(int32) + (uint64) policy->n_hours * sizeof(IcmPolicyHours);
	return size <= VARSIZE(policy) &&
		(policy->n_texts == 0 || (size < VARSIZE(policy) && ((const char *) policy)[VARSIZE(policy) - 1] == '\0'));
}

static bool
IsSound(const IcmPolicy *policy)
{
	const char *texts;

	if (!HasSections(policy))
		return false;
	for (int i = 0; i < policy->n_rules; i++)
		if (!IsSoundRule(policy, &policy->rules[i]))
			return false;
	for (int i = 0; i < policy->n_weights; i++)
		if (!IsText(IcmPolicyWeights(policy)[i].channel, policy->n_labels, true))
			return false;
	for (int i = 0; i < policy->n_numbers; i++)
		if (!IsText(IcmPolicyNumbers(policy)[i], policy->n_labels, true))
			return false;
	texts = (const char *) (IcmPolicyHoursOf(policy) + policy->n_hours);
	for (int i = 0; i < policy->n_texts; i++)
		if (IcmPolicyOffsets(policy)[i] < texts - (const char *) policy ||
			IcmPolicyOffsets(policy)[i] >= (int64) VARSIZE(policy))
			return false;
	return true;
}

IcmPolicy *
IcmPolicySound(IcmPolicy *policy)
{
	if (!IsSound(policy))
		IcmFlatCorrupt("icm_policy");
	return policy;
}

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

/* The parts of both: what the texts say one after the other. */
PG_FUNCTION_INFO_V1(icm_policy_concat);
Datum
icm_policy_concat(PG_FUNCTION_ARGS)
{
	return ReadPolicy(fcinfo, psprintf("%s\n" ICM_POLICY_AND "\n%s", IcmPolicyPrint(PG_GETARG_POLICY(0)), IcmPolicyPrint(PG_GETARG_POLICY(1))));
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

#define RULE_COLUMNS 17

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
	Put(row, true, Int32GetDatum(rule->part + 1));
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
