/*
 * prune.c
 *		icm_contacts_prune: contacts without the events that no rule of a policy can
 *		need again.
 *
 * What is needed is what a check at some later time might look at, whoever is to
 * be contacted, in whatever time zone, and whatever status the event has by then.
 */
#include "postgres.h"

#include <math.h>

#include "utils/timestamp.h"

#include "common/check.h"
#include "contact/check.h"

/* Pressure that is left of a contact is too little to matter when it is this part of the limit: 2^-64. */
#define PRESSURE_BITS 64

/* From when on a rule of pressure needs contacts of this weight. */
static TimestampTz
PressureNeeds(const IcmPolicy *policy, const IcmPolicyRule *rule, double weight, TimestampTz at)
{
	double		half_lives;

	if (weight == 0.0)
		return at;
	if (IcmRuleWeightMax(policy, rule) >= rule->threshold)
		return DT_NOBEGIN;		/* any contact at all, however long ago, may be one too many */
	half_lives = PRESSURE_BITS + log2(weight / rule->threshold);
	if (half_lives <= 0.0)
		return at;
	return half_lives * rule->span < (double) IcmBetween(MIN_TIMESTAMP, at) ? at - (int64) (half_lives * rule->span) : DT_NOBEGIN;
}

/* From when on a rule needs contacts on a channel, a number in the policy, of a weight, in checks at this time or later. */
static TimestampTz
RuleNeeds(const IcmPolicy *policy, const IcmPolicyRule *rule, int32 channel, double weight, TimestampTz at)
{
	int32		from,
				until;

	switch ((IcmRuleKind) rule->kind)
	{
		case ICM_RULE_CAP:
			if (rule->calendar == ICM_CALENDAR_NONE)
				return at - rule->span + 1;
			/* wherever on earth it is the earliest */
			IcmCalendarWindow(rule, IcmLocalDay(at - ICM_ZONE_OFFSET_MAX), &from, &until);
			return from * USECS_PER_DAY - ICM_ZONE_OFFSET_MAX;
		case ICM_RULE_GAP:
		case ICM_RULE_BLOCK:
			return at - rule->span + 1;
		case ICM_RULE_SEQUENCE:
			return at - rule->span;
		case ICM_RULE_PRESSURE:
			return PressureNeeds(policy, rule, weight * IcmRuleWeight(policy, rule, channel), at);
		default:
			return at;
	}
}

/* From when on any of the rules needs such contacts, which some do not count as they are exempt. */
static TimestampTz
KindNeeds(const IcmPolicy *policy, const uint64 *relevant, const uint64 *counting, int32 channel, double weight, TimestampTz at)
{
	TimestampTz from = at;

	for (int rule = 0; rule < policy->n_rules; rule++)
		/* what the customer signals by an exempt contact matters to a block */
		if (ICM_RULE_IN(policy->rules[rule].kind == ICM_RULE_BLOCK ? relevant : counting, rule))
			from = Min(from, RuleNeeds(policy, &policy->rules[rule], channel, weight, at));
	return from;
}

/* For each kind of the contacts, from when on they are needed. */
static TimestampTz *
FindNeeds(const IcmContacts *contacts, const IcmPolicy *policy, TimestampTz at)
{
	IcmMatcher *matcher = IcmMatcherMake(policy);
	uint64	   *relevant = palloc(2 * matcher->words * sizeof(uint64));
	uint64	   *counting = relevant + matcher->words;
	int32	   *numbers = palloc(Max(contacts->labels, 1) * sizeof(int32));
	TimestampTz *needs = palloc(Max(contacts->kinds, 1) * sizeof(TimestampTz));

	IcmPolicyLabels(policy, contacts, numbers);
	for (int i = 0; i < contacts->kinds; i++)
	{
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[i];
		IcmLabelNumbers labels;

		IcmKindLabels(kind, numbers, &labels);
		IcmMatchContact(matcher, &labels, ICM_ANY_GRADE, relevant, counting);
		needs[i] = KindNeeds(policy, relevant, counting, labels.of[ICM_CONTACT_CHANNEL], kind->weight, at);
	}
	return needs;
}

PG_FUNCTION_INFO_V1(icm_contacts_prune);
Datum
icm_contacts_prune(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	IcmPolicy  *policy = PG_GETARG_POLICY(1);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	TimestampTz *needs;
	bool	   *keep;

	IcmCheckAt(at);
	needs = FindNeeds(contacts, policy, at);
	keep = palloc(Max(contacts->n, 1) * sizeof(bool));
	for (int i = 0; i < contacts->n; i++)
	{
		const IcmContact *event = &contacts->events[i];

		/* consent is needed for ever, and what is still open may yet take place */
		keep[i] = event->at >= needs[ICM_CONTACT_KIND(event)] ||
			ICM_CONTACT_STATUS(event) >= ICM_CONTACT_OPTIN ||	/* or a record of what was pruned before */
			(ICM_CONTACT_STATUS(event) == ICM_CONTACT_RESERVED && IcmContactExpires(event) > at);
	}
	PG_RETURN_POINTER(IcmContactsKeep(contacts, keep));
}
