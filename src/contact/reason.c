/*
 * reason.c
 *		Why a rule does not allow a contact, as a sentence: the rule, and what it
 *		has found.
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "contact/reason.h"

const char *
IcmCheckBody(IcmCheck *check, int rule)
{
	StringInfoData buf;

	if (check->bodies[rule] == NULL)
	{
		initStringInfo(&buf);
		IcmPolicyAppendBody(&buf, check->policy, &check->policy->rules[rule]);
		check->bodies[rule] = MemoryContextStrdup(check->context, buf.data);
		pfree(buf.data);
	}
	return check->bodies[rule];
}

/* The time on the customer's clock. */
static void
AppendLocal(StringInfo buf, const IcmPolicyRule *rule, int64 local)
{
	int32		day = IcmLocalDay(local);
	int			minutes = (int) (IcmLocalTime(local) / USECS_PER_MINUTE);

	if (rule->kind == ICM_RULE_BLACKOUT)
	{
		appendStringInfoString(buf, "there it is ");
		IcmAppendDay(buf, day);
		return;
	}
	appendStringInfo(buf, "there it is %s%s%02d:%02d", rule->kind == ICM_RULE_OPEN ? IcmDayWords[IcmWeekday(day)] : "",
					 rule->kind == ICM_RULE_OPEN ? " " : "", minutes / 60, minutes % 60);
}

/* What a rule of this kind has found. */
static void
AppendFound(StringInfo buf, const IcmCheck *check, const IcmPolicyRule *rule, const IcmFinding *finding, TimestampTz t)
{
	switch ((IcmRuleKind) rule->kind)
	{
		case ICM_RULE_CAP:
			if (rule->threshold == 0)
				appendStringInfoString(buf, "never");
			else
				appendStringInfo(buf, "%.0f contact%s already", finding->observed, finding->observed == 1 ? "" : "s");
			break;
		case ICM_RULE_GAP:
			if (finding->moment == t)
				appendStringInfoString(buf, "a contact is at the same time");
			else
				appendStringInfo(buf, "a contact is %.4g hours %s", finding->observed, finding->moment > t ? "later" : "earlier");
			break;
		case ICM_RULE_PRESSURE:
			appendStringInfo(buf, "it would be %.4g", finding->observed);
			break;
		case ICM_RULE_QUIET:
		case ICM_RULE_OPEN:
		case ICM_RULE_BLACKOUT:
			AppendLocal(buf, rule, finding->local);
			break;
		case ICM_RULE_BLOCK:
			appendStringInfo(buf, "that was %.4g hours earlier", finding->observed);
			break;
		case ICM_RULE_SEQUENCE:
			if (finding->moment == DT_NOBEGIN)
				appendStringInfo(buf, "there was no %s within that time", IcmPolicyText(check->policy, rule->after));
			else
				appendStringInfo(buf, "the last %s was %.4g hours earlier", IcmPolicyText(check->policy, rule->after),
								 finding->observed);
			break;
		case ICM_RULE_HOLDOUT:
			appendStringInfoString(buf, "the customer is held out");
			break;
		case ICM_RULE_REQUIRE:
		case ICM_RULE_REFUSE:
		case ICM_RULE_EXEMPT:
			break;				/* the cause says it all */
	}
}

void
IcmAppendReason(StringInfo buf, IcmCheck *check, int rule, const IcmFinding *finding, TimestampTz t)
{
	appendStringInfo(buf, "%s: ", IcmCheckBody(check, rule));
	switch (finding->cause)
	{
		case ICM_CAUSE_RULE:
			AppendFound(buf, check, &check->policy->rules[rule], finding, t);
			break;
		case ICM_CAUSE_NO_ZONE:
			appendStringInfoString(buf, "tz is not given");
			break;
		case ICM_CAUSE_UNKNOWN_ZONE:
			appendStringInfo(buf, "tz \"%s\" is not a time zone", check->zone->name);
			break;
		case ICM_CAUSE_NO_KEY:
			appendStringInfoString(buf, "customer_key is not given");
			break;
		case ICM_CAUSE_PRUNED:
			appendStringInfoString(buf, "contacts up to ");
			IcmAppendMoment(buf, finding->moment);
			appendStringInfoString(buf, " were pruned");
			break;
		case ICM_CAUSE_NO_OPTIN:
			appendStringInfoString(buf, "there is no optin");
			break;
		case ICM_CAUSE_OPTOUT:
			appendStringInfoString(buf, "optout of ");
			IcmAppendMoment(buf, finding->moment);
			break;
	}
}
