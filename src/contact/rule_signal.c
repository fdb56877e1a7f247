/*
 * rule_signal.c
 *		Rules that go by what the customer has said or done: consent, objection,
 *		refusals, an earlier contact on another channel; and the holdout.
 */
#include "postgres.h"

#include "contact/check.h"
#include "math/hash.h"

/* ---- consent ---------------------------------------------------------------- */

/* What the customer has said about such contacts, up to a time. */
typedef struct Consent
{
	bool		optin;			/* there has been one */
	const IcmContact *optout;	/* that stands; NULL: none */
} Consent;

static const IcmContactKind *
KindOf(const IcmCheck *check, const IcmContact *event)
{
	return &IcmContactsKinds(check->contacts)[ICM_CONTACT_KIND(event)];
}

/* Is a signal about such contacts? A label that is not given stands for all, in the signal, and in the request. */
static bool
IsRelevant(const IcmCheck *check, const IcmContact *signal)
{
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		const char *label = IcmContactsLabel(check->contacts, KindOf(check, signal), i);

		if (label != NULL && check->request.label[i] != NULL && !IcmIsRequested(check, i, label))
			return false;
	}
	return true;
}

/*
 * Does an optin take back an optout, both being about such contacts? Where the request does not say which of several
 * brands it is about, say, an optin to one of them does not take back an optout from another, nor from all.
 */
static bool
Covers(const IcmCheck *check, const IcmContactKind *optin, const IcmContactKind *optout)
{
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		if (check->request.label[i] == NULL && optin->label[i] != ICM_CONTACT_NO_LABEL &&
			optin->label[i] != optout->label[i])
			return false;
	return true;
}

/* Is an optout taken back by one of the optins after it, given by their kinds? */
static bool
IsCovered(const IcmCheck *check, const IcmContact *optout, const int64 *optins, int n)
{
	for (int i = 0; i < n; i++)
		if (Covers(check, &IcmContactsKinds(check->contacts)[optins[i]], KindOf(check, optout)))
			return true;
	return false;
}

static bool
IsAmong(int64 kind, const int64 *kinds, int n)
{
	for (int i = 0; i < n; i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

/* From the latest signal back. At one time, optouts are stored behind optins, so an optin does not take them back. */
static Consent
FindConsent(IcmCheck *check)
{
	Consent		consent = {false, NULL};
	int64	   *optins = check->scratch;	/* the kinds of those passed, each once */
	int			n = 0;

	for (int i = check->past - 1; i >= 0 && consent.optout == NULL; i--)
	{
		const IcmContact *event = &check->events[i];

		if (!IcmContactIsConsent(event) || !IsRelevant(check, event))
			continue;
		if (ICM_CONTACT_STATUS(event) == ICM_CONTACT_OPTIN)
		{
			consent.optin = true;
			if (!IsAmong(ICM_CONTACT_KIND(event), optins, n))
				optins[n++] = ICM_CONTACT_KIND(event);
		}
		else if (!IsCovered(check, event, optins, n))
			consent.optout = event;
	}
	return consent;
}

/* When the next signal comes. */
static TimestampTz
NextSignal(const IcmCheck *check)
{
	for (int i = check->past; i < check->n; i++)
		if (IcmContactIsConsent(&check->events[i]))
			return check->events[i].at;
	return ICM_NEVER;
}

static void
SetOptout(IcmFinding *finding, const Consent *consent)
{
	if (finding == NULL)
		return;
	finding->cause = consent->optout == NULL ? ICM_CAUSE_NO_OPTIN : ICM_CAUSE_OPTOUT;
	if (consent->optout != NULL)
		finding->moment = consent->optout->at;
}

TimestampTz
IcmRuleRequire(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	Consent		consent = FindConsent(check);

	(void) rule;
	SetOptout(finding, &consent);
	return consent.optin && consent.optout == NULL ? t : NextSignal(check);
}

TimestampTz
IcmRuleRefuse(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	Consent		consent = FindConsent(check);

	(void) rule;
	SetOptout(finding, &consent);
	return consent.optout == NULL ? t : NextSignal(check);
}

/* ---- after an event ----------------------------------------------------------- */

/* Does an event bring a block about, if it is recent enough? Signals do, of exempt contacts too; what was pruned may. */
static bool
Blocks(const IcmCheck *check, int rule, const IcmContact *event, TimestampTz t)
{
	uint16		status = 1 << ICM_CONTACT_STATUS(event);
	const uint64 *rules = status & ICM_CONTACT_ANY_CHANNEL ? check->relevant : check->counting;

	if (ICM_CONTACT_STATUS(event) == ICM_CONTACT_PRUNED)
		return ICM_RULE_IN(check->relevant + ICM_CONTACT_KIND(event) * check->matcher->words, rule);
	return (check->policy->rules[rule].statuses & status) != 0 &&
		ICM_RULE_IN(rules + ICM_CONTACT_KIND(event) * check->matcher->words, rule) &&
		IcmContactExpires(event) > t;
}

TimestampTz
IcmRuleBlock(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	int64		span = check->policy->rules[rule].span;
	const IcmContact *event = NULL;

	if (finding != NULL)
		finding->threshold = ICM_HOURS(span);
	for (int i = check->past - 1; i >= 0 && event == NULL; i--)
	{
		if (finding == NULL && check->events[i].at <= t - span)
			return t;
		if (Blocks(check, rule, &check->events[i], t))
			event = &check->events[i];
	}
	if (event == NULL)
		return t;
	if (finding != NULL)
	{
		finding->observed = ICM_HOURS(IcmBetween(event->at, t));
		finding->moment = event->at;
		if (ICM_CONTACT_STATUS(event) == ICM_CONTACT_PRUNED)
			IcmFoundPruned(finding, event);
	}
	return event->at <= t - span ? t : Min(IcmLater(event->at, span), IcmContactExpires(event));
}

TimestampTz
IcmRuleSequence(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	int64		span = check->policy->rules[rule].span;
	const IcmContact *event = NULL;

	if (finding != NULL)
		finding->threshold = ICM_HOURS(span);
	for (int i = check->past - 1; i >= 0 && event == NULL; i--)
	{
		if (finding == NULL && check->events[i].at < t - span)
			break;
		if (IcmCounts(check, rule, &check->events[i], t))
			event = &check->events[i];
	}
	if (event != NULL && finding != NULL)
	{
		finding->observed = ICM_HOURS(IcmBetween(event->at, t));
		finding->moment = event->at;
	}
	if (event != NULL && event->at >= t - span)
		return t;
	for (int i = check->past; i < check->n; i++)
		if (IcmCounts(check, rule, &check->events[i], check->events[i].at))
			return check->events[i].at;
	return ICM_NEVER;
}

/* ---- holdout ------------------------------------------------------------------ */

TimestampTz
IcmRuleHoldout(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *holdout = &check->policy->rules[rule];
	const char *salt = IcmPolicyText(check->policy, holdout->salt);
	double		place;

	if (finding != NULL)
		finding->threshold = holdout->threshold;
	if (check->request.key == NULL)
	{
		if (finding != NULL)
			finding->cause = ICM_CAUSE_NO_KEY;
		return holdout->threshold > 0.0 ? ICM_NEVER : t;
	}
	place = 100.0 * IcmHashPlace(salt, strlen(salt), check->request.key, check->request.key_length);
	if (finding != NULL)
		finding->observed = place;
	return place < holdout->threshold ? ICM_NEVER : t;
}
