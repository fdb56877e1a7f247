/*
 * policy.h
 *		The icm_policy type: the company's rules on contacting customers.
 *
 * A policy is kept ready to be checked: rules of a fixed size, in the order in
 * which they are checked, whose labels are numbers into one sorted table. So a
 * check looks each label of a contact up once, and compares numbers from then on.
 */
#ifndef ICM_POLICY_H
#define ICM_POLICY_H

#include "datatype/timestamp.h"

#include "common/flat.h"
#include "common/text.h"
#include "contact/status.h"

#define ICM_POLICY_VERSION 1
#define ICM_POLICY_RULES_MAX 1000
#define ICM_POLICY_LABELS_MAX 10000	/* different ones */
#define ICM_POLICY_LIST_MAX 1000	/* labels in one list */
#define ICM_POLICY_SOURCE_MAX 255	/* bytes */
#define ICM_POLICY_AND "and"	/* begins another part, in the text form */
#define ICM_DAY_MINUTES 1440
#define ICM_POLICY_DAY_MIN (-730119)	/* 0001-01-01, in days since 2000-01-01 */
#define ICM_POLICY_DAY_MAX 2921939	/* 9999-12-31 */
#define ICM_POLICY_SPAN_MAX (INT64CONST(36525) * USECS_PER_DAY)	/* 100 years */

#define ICM_POLICY_CONTACTS ICM_CONTACT_OPTIN	/* the statuses below are those of contacts, the others consent */

typedef enum IcmRuleKind
{
	ICM_RULE_CAP,				/* at most threshold contacts in span, or in the calendar window */
	ICM_RULE_GAP,				/* at least span between contacts */
	ICM_RULE_PRESSURE,			/* decayed sum of weights at most threshold, half-life span */
	ICM_RULE_QUIET,				/* not from the minute from to the minute to, local time; over midnight if to < from */
	ICM_RULE_OPEN,				/* only in the hours */
	ICM_RULE_REQUIRE,			/* only after an optin that no optout has followed */
	ICM_RULE_REFUSE,			/* not after an optout, until an optin */
	ICM_RULE_BLOCK,				/* not within span after one of the statuses */
	ICM_RULE_BLACKOUT,			/* not on the local days from to to, both inclusive */
	ICM_RULE_SEQUENCE,			/* the channel listed only within span after a contact on the channel after */
	ICM_RULE_HOLDOUT,			/* never the customers in threshold percent of the hash of salt and key */
	ICM_RULE_EXEMPT				/* no rule of its part holds for these, and unless counted, they do not count for it */
} IcmRuleKind;

#define ICM_RULE_KINDS 12

typedef enum IcmCalendar
{
	ICM_CALENDAR_NONE,			/* a sliding window */
	ICM_CALENDAR_DAY,
	ICM_CALENDAR_WEEK,
	ICM_CALENDAR_MONTH,
	ICM_CALENDAR_QUARTER,
	ICM_CALENDAR_YEAR
} IcmCalendar;

#define ICM_CALENDARS 6

/* What a rule can be limited to; the first four are lists of labels. */
typedef enum IcmScope
{
	ICM_SCOPE_CHANNELS,
	ICM_SCOPE_DEPARTMENTS,
	ICM_SCOPE_BRANDS,
	ICM_SCOPE_CATEGORIES,
	ICM_SCOPE_GRADES
} IcmScope;

#define ICM_SCOPE_LISTS 4
#define ICM_SCOPES 5

#define ICM_SCOPE_BIT(scope) ((uint16) (1 << (scope)))

/* So many items of a section of the policy, from the first on. */
typedef struct IcmPolicyRange
{
	int32		first;
	int32		n;
} IcmPolicyRange;

/* What a contact on a channel weighs: times its own weight. */
typedef struct IcmPolicyWeight
{
	double		weight;			/* finite, not negative, not 1 */
	int32		channel;		/* number of the label */
	int32		zero;			/* padding */
} IcmPolicyWeight;

/* Opening hours: minutes of the week from Monday 00:00 on, within one day; to is not open any more. */
typedef struct IcmPolicyHours
{
	uint16		from;
	uint16		to;
} IcmPolicyHours;

/* What has no meaning for a kind of rule is zero, a text that is not given -1. 104 bytes. */
typedef struct IcmPolicyRule
{
	uint8		kind;			/* IcmRuleKind */
	uint8		calendar;		/* IcmCalendar of a cap */
	uint8		week_start;		/* of a calendar week: 0 Monday to 6 Sunday */
	uint8		counted;		/* of an exemption: 1 if contacts count for all that */
	uint16		statuses;		/* mask: those that count; of a block those that bring it about */
	uint16		except;			/* ICM_SCOPE_BIT of each scope that lists what is left out */
	uint32		grades;			/* mask, bit 0 is A; 0: no such scope */
	int32		priority;		/* the larger, the earlier it is checked */
	double		threshold;
	int64		span;			/* microseconds; a day is 24 hours */
	int32		from;			/* minute of the day, or day since 2000-01-01 */
	int32		to;
	IcmPolicyRange lists[ICM_SCOPE_LISTS];	/* in numbers: labels, ascending, each once; empty: no such scope */
	IcmPolicyRange items;		/* weights of a pressure, by channel; hours of an opening, ascending */
	int32		after;			/* label: the channel that a sequence begins with */
	int32		name;			/* texts */
	int32		salt;
	int32		source;
	int32		part;			/* of the policy, from 0 on, none left out: an exemption holds for its own */
	int32		zero;			/* padding */
} IcmPolicyRule;

/*
 * Rules by descending priority, then by part, else as written; then weights,
 * numbers, offsets of the texts, hours and the texts, each with a zero byte. The
 * first n_labels texts are labels, sorted by bytes, each once; so are the others,
 * which are names, salts and sources. No two parts have the same exemptions.
 */
typedef struct IcmPolicy
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_POLICY_VERSION */
	uint8		flags;			/* 0 */
	uint16		zero;			/* padding */
	int32		n_rules;		/* 1 to ICM_POLICY_RULES_MAX */
	int32		n_weights;
	int32		n_numbers;
	int32		n_labels;
	int32		n_texts;		/* labels and others */
	int32		n_hours;
	IcmPolicyRule rules[FLEXIBLE_ARRAY_MEMBER];
} IcmPolicy;

/* A policy whose parts have been looked at; and one that has not, for who knows it already. */
#define PG_GETARG_POLICY(n) IcmPolicySound(PG_GETARG_POLICY_UNSEEN(n))
#define PG_GETARG_POLICY_UNSEEN(n) \
	((IcmPolicy *) IcmFlatGet(PG_GETARG_DATUM(n), offsetof(IcmPolicy, rules) + sizeof(IcmPolicyRule), \
							  ICM_POLICY_VERSION, "icm_policy"))

/* The policy; ERROR unless its parts fit together, so that no use of them leaves it. */
extern IcmPolicy *IcmPolicySound(IcmPolicy *policy);

static inline IcmPolicyWeight *
IcmPolicyWeights(const IcmPolicy *policy)
{
	return (IcmPolicyWeight *) (policy->rules + policy->n_rules);
}

static inline int32 *
IcmPolicyNumbers(const IcmPolicy *policy)
{
	return (int32 *) (IcmPolicyWeights(policy) + policy->n_weights);
}

/* Of each text, from the start of the policy. */
static inline int32 *
IcmPolicyOffsets(const IcmPolicy *policy)
{
	return IcmPolicyNumbers(policy) + policy->n_numbers;
}

static inline IcmPolicyHours *
IcmPolicyHoursOf(const IcmPolicy *policy)
{
	return (IcmPolicyHours *) (IcmPolicyOffsets(policy) + policy->n_texts);
}

static inline const char *
IcmPolicyText(const IcmPolicy *policy, int32 number)
{
	return (const char *) policy + IcmPolicyOffsets(policy)[number];
}

/* ---- policy_parse.c -------------------------------------------------------- */

typedef struct IcmPolicyFault
{
	int			sqlstate;
	const char *message;
	const char *detail;
	const char *hint;
} IcmPolicyFault;

/* The policy that the text says; NULL, and what is wrong, if it says none. */
extern IcmPolicy *IcmPolicyParse(const char *input, IcmPolicyFault *fault);

/* ---- policy_print.c -------------------------------------------------------- */

extern const char *const IcmRuleWords[ICM_RULE_KINDS];	/* that a rule of each kind begins with */
extern const char *const IcmCalendarWords[ICM_CALENDARS];	/* from ICM_CALENDAR_DAY on */
extern const char *const IcmDayWords[7];	/* from Monday on; the first three letters will do */

/* Is the word one that begins a clause, so that as a label it is written in quotes? */
extern bool IcmPolicyReserved(const char *word);

/* A rule without its name, source and final semicolon; with name and source; the whole policy, part by part. */
extern void IcmPolicyAppendBody(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule);
extern void IcmPolicyAppendRule(StringInfo buf, const IcmPolicy *policy, const IcmPolicyRule *rule);
extern char *IcmPolicyPrint(const IcmPolicy *policy);

/* Grades as in A-C, E. */
extern void IcmPolicyAppendGrades(StringInfo buf, uint32 grades);

/* ---- policy_preset.c ------------------------------------------------------- */

/* The text of the preset of this name; NULL if there is none. All names, for a hint. */
extern const char *IcmPolicyPreset(const char *name);
extern char *IcmPolicyPresetNames(void);

#endif							/* ICM_POLICY_H */
