/*
 * match.h
 *		Which rules of a policy are about which contacts: labels against scopes.
 */
#ifndef ICM_MATCH_H
#define ICM_MATCH_H

#include "contact/contacts.h"
#include "contact/policy.h"
#include "grade/grade.h"

StaticAssertDecl((int) ICM_SCOPE_CHANNELS == (int) ICM_CONTACT_CHANNEL && (int) ICM_SCOPE_DEPARTMENTS == (int) ICM_CONTACT_DEPARTMENT &&
				 (int) ICM_SCOPE_BRANDS == (int) ICM_CONTACT_BRAND && (int) ICM_SCOPE_CATEGORIES == (int) ICM_CONTACT_CATEGORY,
				 "the lists of a rule are about the labels of a contact");

/* A label of a contact is its number in the policy, or one of these. */
#define ICM_LABEL_OTHER (-1)	/* one that the policy does not name */
#define ICM_LABEL_NONE (-2)		/* none is given */

typedef struct IcmLabelNumbers
{
	int32		of[ICM_CONTACT_LABELS];
} IcmLabelNumbers;

extern int32 IcmPolicyLabel(const IcmPolicy *policy, const char *label, int length);

/* The numbers of all labels of contacts; and from these, those of a kind. */
extern void IcmPolicyLabels(const IcmPolicy *policy, const IcmContacts *contacts, int32 *numbers);

static inline void
IcmKindLabels(const IcmContactKind *kind, const int32 *numbers, IcmLabelNumbers *labels)
{
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		labels->of[i] = kind->label[i] == ICM_CONTACT_NO_LABEL ? ICM_LABEL_NONE : numbers[kind->label[i]];
}

/* Sets of rules, as bits: so many words. */
#define ICM_RULE_WORDS(policy) (((policy)->n_rules + 63) / 64)
#define ICM_RULE_IN(set, rule) (((set)[(rule) >> 6] >> ((rule) & 63) & 1) != 0)

/* For each scope and label, the rules that are about contacts of that label; what a policy is matched with, once. */
typedef struct IcmMatcher
{
	const IcmPolicy *policy;
	int			words;
	uint64	   *requested;		/* rules, of contacts that are to be made */
	uint64	   *counted;		/* rules that count contacts and signals, of those */
	uint64	   *exemptions;		/* the rules that are; and of these, those of contacts that do not count */
	uint64	   *uncounted;
	uint64	   *parts;			/* of each part of the policy, the rules that are no exemptions */
	uint64	   *exempted;		/* working space */
} IcmMatcher;

/* In the current memory context. The policy stays the caller's. */
extern IcmMatcher *IcmMatcherMake(const IcmPolicy *policy);

/* In place of a grade: none is given; or any may be, and so no exemption of grades is sure. */
#define ICM_NO_GRADE (-1)
#define ICM_ANY_GRADE (-2)

/* The rules about a contact that is to be made, among them the exemptions that cover it; and those of them that hold. */
extern void IcmMatchRequest(const IcmMatcher *matcher, const IcmLabelNumbers *labels, int grade, uint64 *about, uint64 *holding);

/* The scope that a rule about which such a contact is not has it fail in first; ICM_SCOPES if none does. */
extern int	IcmMissedScope(const IcmMatcher *matcher, int rule, const IcmLabelNumbers *labels, int grade);

/*
 * The rules that count contacts or signals of these labels, if they count their status; and those that do so though
 * one of their part's exemptions covers them. Consent is matched by its own rules: see rule_signal.c.
 */
extern void IcmMatchContact(const IcmMatcher *matcher, const IcmLabelNumbers *labels, int grade, uint64 *about, uint64 *counting);

/* What a contact on a channel, a number in the policy, weighs in a rule of pressure; and the most that one on any channel does. */
extern double IcmRuleWeight(const IcmPolicy *policy, const IcmPolicyRule *rule, int32 channel);
extern double IcmRuleWeightMax(const IcmPolicy *policy, const IcmPolicyRule *rule);

#endif							/* ICM_MATCH_H */
