/*
 * policy_print.c
 *		The text form of icm_policy: part by part, one rule a line, written in one
 *		way only.
 *
 * Scopes come in a fixed order, lists are sorted, what is the default is left
 * out, and a span has the largest unit up to days that it is a multiple of.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contact/policy.h"

const char *const IcmRuleWords[ICM_RULE_KINDS] = {
	[ICM_RULE_CAP] = "cap",
	[ICM_RULE_GAP] = "gap",
	[ICM_RULE_PRESSURE] = "pressure",
	[ICM_RULE_QUIET] = "quiet",
	[ICM_RULE_OPEN] = "open",
	[ICM_RULE_REQUIRE] = "require",
	[ICM_RULE_REFUSE] = "refuse",
	[ICM_RULE_BLOCK] = "block",
	[ICM_RULE_BLACKOUT] = "blackout",
	[ICM_RULE_SEQUENCE] = "sequence",
	[ICM_RULE_HOLDOUT] = "holdout",
	[ICM_RULE_EXEMPT] = "exempt"
};

const char *const IcmCalendarWords[ICM_CALENDARS] = {
	[ICM_CALENDAR_DAY] = "day",
	[ICM_CALENDAR_WEEK] = "week",
	[ICM_CALENDAR_MONTH] = "month",
	[ICM_CALENDAR_QUARTER] = "quarter",
	[ICM_CALENDAR_YEAR] = "year"
};

const char *const IcmDayWords[7] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* Before the list of each scope. */
static const char *const scopes[ICM_SCOPES] = {
	[ICM_SCOPE_CHANNELS] = " on ",
	[ICM_SCOPE_DEPARTMENTS] = " by ",
	[ICM_SCOPE_BRANDS] = " for brand ",
	[ICM_SCOPE_CATEGORIES] = " category ",
	[ICM_SCOPE_GRADES] = " grade "
};

bool
IcmPolicyReserved(const char *word)
{
	static const char *const reserved[] = {
		"after", ICM_POLICY_AND, "by", "category", "counted", "counting", "except", "for", "grade", "on", "priority", "source", "within"
	};

	for (int i = 0; i < lengthof(reserved); i++)
		if (pg_strcasecmp(word, reserved[i]) == 0)
			return true;
	return false;
}

static void
AppendLabel(StringInfo buf, const IcmPolicy *policy, int32 number)
{
	const char *label = IcmPolicyText(policy, number);

	IcmAppendName(buf, label, IcmPolicyReserved(label));
}

static void
AppendLabels(StringInfo buf, const IcmPolicy *policy, IcmPolicyRange list)
{
	for (int i = 0; i < list.n; i++)
	{
		if (i > 0)
			appendStringInfoString(buf, ", ");
		AppendLabel(buf, policy, IcmPolicyNumbers(policy)[list.first + i]);
	}
}

/* Text in single quotes, a single quote in it written twice. */
static void
AppendQuoted(StringInfo buf, const char *quoted)
{
	appendStringInfoChar(buf, '\'');
	for (; *quoted != '\0'; quoted++)
	{
		if (*quoted == '\'')
			appendStringInfoChar(buf, '\'');
		appendStringInfoChar(buf, *quoted);
	}
	appendStringInfoChar(buf, '\'');
}

static void
AppendSpan(StringInfo buf, int64 span)
{
	static const struct
	{
		int64		span;
		const char *name;
	}			units[] = {{USECS_PER_DAY, "day"}, {USECS_PER_HOUR, "hour"}, {USECS_PER_MINUTE, "minute"}, {USECS_PER_SEC, "second"}};
	int			i = 0;
	int64		n;

	while (span % units[i].span != 0)
		i++;
	n = span / units[i].span;
	appendStringInfo(buf, INT64_FORMAT " %s%s", n, units[i].name, n == 1 ? "" : "s");
}

static void
AppendTimes(StringInfo buf, int from, int to)
{
	appendStringInfo(buf, "%02d:%02d-%02d:%02d", from / 60, from % 60, to / 60, to % 60);
}

static void
AppendStatuses(StringInfo buf, uint16 statuses)
{
	const char *separator = "";

	for (int i = 0; i < ICM_CONTACT_STATUSES; i++)
		if (statuses & (1 << i))
		{
			appendStringInfo(buf, "%s%s", separator, IcmContactStatusNames[i]);
			separator = ", ";
		}
}

void
IcmPolicyAppendGrades(StringInfo buf, uint32 grades)
{
	const char *separator = "";

	for (int first = 0; first < 26; first++)
	{
		int			last = first;

		if (!(grades & ((uint32) 1 << first)))
			continue;
		while (last < 25 && (grades & ((uint32) 1 << (last + 1))))
			last++;
		appendStringInfo(buf, "%s%c", separator, 'A' + first);
		if (last > first)
			appendStringInfo(buf, "-%c", 'A' + last);
		separator = ", ";
		first = last;
	}
}

/* ---- the kinds of rules ----------------------------------------------------- */

static void
AppendCap(StringInfo buf, const IcmPolicyRule *rule)
{
	appendStringInfo(buf, " %.0f per ", rule->threshold);
	if (rule->calendar == ICM_CALENDAR_NONE)
		AppendSpan(buf, rule->span);
	else
		appendStringInfo(buf, "calendar %s", IcmCalendarWords[rule->calendar]);
	if (rule->week_start > 0)
		appendStringInfo(buf, " starting %s", IcmDayWords[rule->week_start]);
}

static void
AppendPressure(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	appendStringInfoChar(buf, ' ');
	IcmAppendDouble(buf, rule->threshold);
	appendStringInfoString(buf, " half-life ");
	AppendSpan(buf, rule->span);
	for (int i = 0; i < rule->items.n; i++)
	{
		const IcmPolicyWeight *weight = &IcmPolicyWeights(policy)[rule->items.first + i];

		appendStringInfoString(buf, i == 0 ? " weight " : ", ");
		AppendLabel(buf, policy, weight->channel);
		appendStringInfoChar(buf, ' ');
		IcmAppendDouble(buf, weight->weight);
	}
}

/* The hours of a day, in minutes of that day; how many there are. */
static int
DayHours(const IcmPolicyHours *hours, int n, int day, IcmPolicyHours *of_day)
{
	int			found = 0;

	for (int i = 0; i < n; i++)
		if (hours[i].from / ICM_DAY_MINUTES == day)
		{
			of_day[found].from = hours[i].from - day * ICM_DAY_MINUTES;
			of_day[found++].to = hours[i].to - day * ICM_DAY_MINUTES;
		}
	return found;
}

/* The days of the mask, as in mon-wed, fri. */
static void
AppendDays(StringInfo buf, int days)
{
	const char *separator = "";

	for (int first = 0; first < 7; first++)
	{
		int			last = first;

		if (!(days & (1 << first)))
			continue;
		while (last < 6 && (days & (1 << (last + 1))))
			last++;
		appendStringInfo(buf, "%s%.3s", separator, IcmDayWords[first]);
		if (last > first)
			appendStringInfo(buf, "-%.3s", IcmDayWords[last]);
		separator = ", ";
		first = last;
	}
}

/* Days with the same hours together, by the first of them. */
static void
AppendOpen(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	const IcmPolicyHours *hours = IcmPolicyHoursOf(policy) + rule->items.first;
	IcmPolicyHours *ours = palloc(rule->items.n * sizeof(IcmPolicyHours));
	IcmPolicyHours *theirs = palloc(rule->items.n * sizeof(IcmPolicyHours));
	const char *separator = " ";
	int			done = 0;

	for (int day = 0; day < 7; day++)
	{
		int			n = DayHours(hours, rule->items.n, day, ours);
		int			days = 1 << day;

		if (n == 0 || (done & days))
			continue;
		for (int other = day + 1; other < 7; other++)
			if (DayHours(hours, rule->items.n, other, theirs) == n && memcmp(ours, theirs, n * sizeof(IcmPolicyHours)) == 0)
				days |= 1 << other;
		done |= days;
		appendStringInfoString(buf, separator);
		AppendDays(buf, days);
		for (int i = 0; i < n; i++)
		{
			appendStringInfoString(buf, i == 0 ? " " : ", ");
			AppendTimes(buf, ours[i].from, ours[i].to);
		}
		separator = ", ";
	}
	pfree(ours);
	pfree(theirs);
}

static void
AppendBlackout(StringInfo buf, const IcmPolicyRule *rule)
{
	appendStringInfoChar(buf, ' ');
	IcmAppendDay(buf, rule->from);
	if (rule->to > rule->from)
	{
		appendStringInfoString(buf, " to ");
		IcmAppendDay(buf, rule->to);
	}
}

/* What follows the word that a rule of the kind begins with. */
static void
AppendTerms(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	switch ((IcmRuleKind) rule->kind)
	{
		case ICM_RULE_CAP:
			AppendCap(buf, rule);
			break;
		case ICM_RULE_GAP:
			appendStringInfoChar(buf, ' ');
			AppendSpan(buf, rule->span);
			break;
		case ICM_RULE_PRESSURE:
			AppendPressure(buf, policy, rule);
			break;
		case ICM_RULE_QUIET:
			appendStringInfoChar(buf, ' ');
			AppendTimes(buf, rule->from, rule->to);
			break;
		case ICM_RULE_OPEN:
			AppendOpen(buf, policy, rule);
			break;
		case ICM_RULE_REQUIRE:
			appendStringInfoString(buf, " optin");
			break;
		case ICM_RULE_REFUSE:
			appendStringInfoString(buf, " after optout");
			break;
		case ICM_RULE_BLOCK:
			appendStringInfoChar(buf, ' ');
			AppendSpan(buf, rule->span);
			appendStringInfoString(buf, " after ");
			AppendStatuses(buf, rule->statuses);
			break;
		case ICM_RULE_BLACKOUT:
			AppendBlackout(buf, rule);
			break;
		case ICM_RULE_SEQUENCE:
			appendStringInfoChar(buf, ' ');
			AppendLabels(buf, policy, rule->lists[ICM_SCOPE_CHANNELS]);
			appendStringInfoString(buf, " after ");
			AppendLabel(buf, policy, rule->after);
			appendStringInfoString(buf, " within ");
			AppendSpan(buf, rule->span);
			break;
		case ICM_RULE_HOLDOUT:
			appendStringInfoChar(buf, ' ');
			IcmAppendDouble(buf, rule->threshold);
			appendStringInfoString(buf, "% salt ");
			AppendQuoted(buf, IcmPolicyText(policy, rule->salt));
			break;
		case ICM_RULE_EXEMPT:
			break;
	}
}

static void
AppendScope(StringInfo buf, const IcmPolicyRule *rule, IcmScope scope)
{
	appendStringInfoString(buf, scopes[scope]);
	if (rule->except & ICM_SCOPE_BIT(scope))
		appendStringInfoString(buf, "except ");
}

static void
AppendScopes(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
	{
		/* the channel of a sequence is among its terms */
		if (rule->lists[scope].n == 0 || (scope == ICM_SCOPE_CHANNELS && rule->kind == ICM_RULE_SEQUENCE))
			continue;
		AppendScope(buf, rule, scope);
		AppendLabels(buf, policy, rule->lists[scope]);
	}
	if (rule->grades != 0)
	{
		AppendScope(buf, rule, ICM_SCOPE_GRADES);
		IcmPolicyAppendGrades(buf, rule->grades);
	}
}

void
IcmPolicyAppendBody(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	appendStringInfoString(buf, IcmRuleWords[rule->kind]);
	AppendTerms(buf, policy, rule);
	AppendScopes(buf, policy, rule);
	if (rule->statuses != 0 && rule->statuses != ICM_CONTACT_COUNTING && rule->kind != ICM_RULE_BLOCK)
	{
		appendStringInfoString(buf, " counting ");
		AppendStatuses(buf, rule->statuses);
	}
	if (rule->counted)
		appendStringInfoString(buf, " counted");
	if (rule->priority > 0)
		appendStringInfo(buf, " priority %d", rule->priority);
}

void
IcmPolicyAppendRule(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	if (rule->name >= 0)
	{
		const char *name = IcmPolicyText(policy, rule->name);

		/* the colon tells it from the word between parts; the quotes do so for people, too */
		IcmAppendName(buf, name, pg_strcasecmp(name, ICM_POLICY_AND) == 0);
		appendStringInfoString(buf, ": ");
	}
	IcmPolicyAppendBody(buf, policy, rule);
	if (rule->source >= 0)
	{
		appendStringInfoString(buf, " source ");
		AppendQuoted(buf, IcmPolicyText(policy, rule->source));
	}
}

/* The rules of a part, in the order in which they are checked; how many there are. */
static int
AppendPart(StringInfo buf, const IcmPolicy *policy, int part)
{
	int			n = 0;

	for (int i = 0; i < policy->n_rules; i++)
		if (policy->rules[i].part == part)
		{
			if (buf->len > 0)
				appendStringInfoString(buf, n == 0 ? "\n" ICM_POLICY_AND "\n" : "\n");
			IcmPolicyAppendRule(buf, policy, &policy->rules[i]);
			appendStringInfoChar(buf, ';');
			n++;
		}
	return n;
}

char *
IcmPolicyPrint(const IcmPolicy *policy)
{
	StringInfoData buf;
	int			printed = 0;

	initStringInfo(&buf);
	for (int part = 0; part < policy->n_rules && printed < policy->n_rules; part++)
	{
		CHECK_FOR_INTERRUPTS();
		printed += AppendPart(&buf, policy, part);
	}
	return buf.data;
}
