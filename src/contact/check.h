/*
 * check.h
 *		Whether a contact may be made at a time, by a policy and what has been
 *		before; and if not, when.
 *
 * All is one question, asked of one rule at one time: does it allow the contact,
 * and if not, up to when certainly not. The answers are in rule_*.c, a function
 * a kind of rule. A time at which all rules allow it is found by asking them in
 * turn, from that time on, until none moves any more.
 */
#ifndef ICM_CONTACT_CHECK_H
#define ICM_CONTACT_CHECK_H

#include "contact/match.h"
#include "contact/zone.h"

/* In place of a time: never. */
#define ICM_NEVER DT_NOEND

/* Who is to be contacted, and how. */
typedef struct IcmRequest
{
	const char *label[ICM_CONTACT_LABELS];	/* not ended by a zero byte; NULL: not given */
	int			length[ICM_CONTACT_LABELS];
	int			grade;			/* or ICM_NO_GRADE */
	const char *zone;			/* name of the time zone; NULL: not given */
	int			zone_length;
	const char *key;			/* of the customer; NULL: not given */
	int			key_length;
} IcmRequest;

/* Why a rule does not allow a contact, where that is not clear from its kind. */
typedef enum IcmCause
{
	ICM_CAUSE_RULE,
	ICM_CAUSE_NO_ZONE,			/* it needs a time zone, which is not given */
	ICM_CAUSE_UNKNOWN_ZONE,		/* or is no zone */
	ICM_CAUSE_NO_KEY,			/* it needs the customer's key, which is not given */
	ICM_CAUSE_PRUNED,			/* it would count what was pruned, the latest at the moment */
	ICM_CAUSE_NO_OPTIN,
	ICM_CAUSE_OPTOUT			/* of the moment */
} IcmCause;

/* What a rule has found; NaN and DT_NOBEGIN are what it has not. */
typedef struct IcmFinding
{
	IcmCause	cause;
	double		observed;
	double		threshold;
	TimestampTz moment;			/* of the contact or signal that matters */
	int64		local;			/* local time */
} IcmFinding;

/* What is known of a kind of contact. */
typedef struct IcmCheckKind
{
	int32		channel;		/* number of the label */
	double		weight;
} IcmCheckKind;

typedef struct IcmCheck IcmCheck;

/*
 * Ask a rule that holds. Returns t if it allows the contact at t; else a later time up to
 * which it does not, or ICM_NEVER. What it has found goes into finding, unless that is NULL.
 */
typedef TimestampTz (*IcmRuleFunction) (IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);

extern TimestampTz IcmRuleCap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleGap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRulePressure(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleQuiet(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleOpen(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleRequire(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleRefuse(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleBlock(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleBlackout(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleSequence(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);
extern TimestampTz IcmRuleHoldout(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);

/* What IcmRuleCap asks if the cap is of a calendar window. */
extern TimestampTz IcmRuleCalendarCap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);

/* The calendar window of a cap that a day is in: from <= day < until. */
extern void IcmCalendarWindow(const IcmPolicyRule *cap, int32 day, int32 *from, int32 *until);

/* Mark the minutes of the week, from Monday 00:00 on, in which a rule of hours never allows a contact. */
extern void IcmRuleCloseMinutes(const IcmPolicy *policy, const IcmPolicyRule *rule, bool *closed);

/* A policy, and what is asked of it. */
struct IcmCheck
{
	const IcmPolicy *policy;
	IcmMatcher *matcher;
	MemoryContext context;		/* of all that is kept */

	/* the request */
	IcmRequest	request;
	IcmLabelNumbers labels;		/* of the request */
	uint64	   *about;			/* the rules about such contacts */
	uint64	   *holding;		/* of these, those that hold */
	IcmZone    *zone;			/* NULL: not given */

	/* what has been, and what is to come */
	const IcmContacts *contacts;	/* for labels; NULL: no history */
	const IcmContact *events;	/* sorted; perhaps others than those of contacts */
	int			n;
	bool		pruned;			/* some are records of what was pruned */
	int			n_kinds;
	IcmCheckKind *kinds;		/* by the kind of an event; perhaps the last is that of a contact as requested */
	uint64	   *relevant;		/* for each kind, the rules that count it unless it is exempt, */
	uint64	   *counting;		/* and those that do */

	/* the time that is asked for: events before past are not later than at */
	TimestampTz at;
	int			past;

	/* kept from call to call */
	char	  **bodies;			/* the text of each rule, once it has been needed */
	int32	   *numbers;		/* of the labels of contacts */
	int			numbers_max;
	int			kinds_max;
	int64	   *scratch;		/* working space, for a number an event */
	int			scratch_max;
	struct IcmCheckMemory *memory;	/* see check.c */
};

/*
 * A check by the policy, which stays the caller's, in the current memory context, as all that
 * it needs later.
 */
extern IcmCheck *IcmCheckMake(const IcmPolicy *policy);

/* Ask about this request, and these contacts (NULL: none), from now on; both stay the caller's. */
extern void IcmCheckRequest(IcmCheck *check, const IcmRequest *request);
extern void IcmCheckContacts(IcmCheck *check, const IcmContacts *contacts);

/* Have these events, which stay the caller's, in place of those of the contacts; those made as requested are of this kind. */
extern void IcmCheckEvents(IcmCheck *check, const IcmContact *events, int n);
extern int	IcmCheckRequestKind(IcmCheck *check);

/* Ask one rule: see IcmRuleFunction. One that does not hold allows all. */
extern TimestampTz IcmCheckRule(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding);

/* The first rule that does not allow the contact at t, and what it has found; -1 if all allow it. */
extern int	IcmCheckAll(IcmCheck *check, TimestampTz t, IcmFinding *finding);

/* The first time from t on at which this rule allows the contact, or all do if it is -1; ICM_NEVER if there is none. */
extern TimestampTz IcmCheckNext(IcmCheck *check, int rule, TimestampTz t);

/* ---- for the rules ----------------------------------------------------------- */

/* Is it the label of the request, or is there none in either? */
static inline bool
IcmIsRequested(const IcmCheck *check, int i, const char *label)
{
	const char *asked = check->request.label[i];

	if (label == NULL || asked == NULL)
		return label == asked;
	return strlen(label) == check->request.length[i] && memcmp(label, asked, check->request.length[i]) == 0;
}

/* Room in the working space for so many numbers. */
extern void IcmCheckScratch(IcmCheck *check, int64 n);

/* Does an event count for a rule at a time? */
static inline bool
IcmCounts(const IcmCheck *check, int rule, const IcmContact *event, TimestampTz t)
{
	return ICM_RULE_IN(check->counting + ICM_CONTACT_KIND(event) * check->matcher->words, rule) &&
		(check->policy->rules[rule].statuses >> ICM_CONTACT_STATUS(event) & 1) != 0 &&
		IcmContactExpires(event) > t;
}

/*
 * As how many contacts an event counts for a rule at a time. Of what was pruned, the number and the latest time are
 * known: it counts as if all had been then, as no other times leave a contact less room.
 */
static inline int64
IcmCountOf(const IcmCheck *check, int rule, const IcmContact *event, TimestampTz t)
{
	if (unlikely(ICM_CONTACT_STATUS(event) == ICM_CONTACT_PRUNED))
		return ICM_RULE_IN(check->counting + ICM_CONTACT_KIND(event) * check->matcher->words, rule) ?
			Min(event->reference, PG_INT32_MAX) : 0;	/* no cap is larger, and sums do not overflow */
	return IcmCounts(check, rule, event, t) ? 1 : 0;
}

/* What was pruned would count. */
static inline void
IcmFoundPruned(IcmFinding *finding, const IcmContact *pruned)
{
	if (finding == NULL)
		return;
	finding->cause = ICM_CAUSE_PRUNED;
	finding->moment = pruned->at;
}

/* t + span, or ICM_NEVER. */
static inline TimestampTz
IcmLater(TimestampTz t, int64 span)
{
	return t > END_TIMESTAMP - span ? ICM_NEVER : t + span;
}

/* from <= to, which may be further apart than an int64 says. */
static inline uint64
IcmBetween(TimestampTz from, TimestampTz to)
{
	return (uint64) to - (uint64) from;
}

#define ICM_HOURS(span) ((double) (span) / USECS_PER_HOUR)

#endif							/* ICM_CONTACT_CHECK_H */
