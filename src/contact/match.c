/*
 * match.c
 *		Which rules of a policy are about which contacts; see match.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "contact/match.h"

int32
IcmPolicyLabel(const IcmPolicy *policy, const char *label, int length)
{
	int			low = 0,
				high = policy->n_labels;

	if (label == NULL)
		return ICM_LABEL_NONE;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *named = IcmPolicyText(policy, middle);
		int			order = strncmp(named, label, length);

		if (order == 0 && named[length] == '\0')
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return ICM_LABEL_OTHER;
}

/* Both are sorted by their bytes. */
void
IcmPolicyLabels(const IcmPolicy *policy, const IcmContacts *contacts, int32 *numbers)
{
	int			next = 0;

	for (int i = 0; i < contacts->labels; i++)
	{
		const char *label = IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i];
		int			order = -1;

		while (next < policy->n_labels && (order = strcmp(label, IcmPolicyText(policy, next))) > 0)
			next++;
		numbers[i] = order == 0 && next < policy->n_labels ? next : ICM_LABEL_OTHER;
	}
}

/* ---- scopes ------------------------------------------------------------------ */

/* The rules of a scope and a label. */
static uint64 *
RulesOf(const IcmMatcher *matcher, uint64 *sets, int scope, int32 label)
{
	return sets + ((Size) scope * (matcher->policy->n_labels + 2) + label + 2) * matcher->words;
}

static void
Put(uint64 *set, int rule, bool in)
{
	uint64		bit = UINT64CONST(1) << (rule & 63);

	if (in)
		set[rule >> 6] |= bit;
	else
		set[rule >> 6] &= ~bit;
}

/* Put the rule into the sets of all labels of a scope that are in its list; one that is not given is in no list. */
static void
PutScope(IcmMatcher *matcher, uint64 *sets, int rule, int scope)
{
	const IcmPolicy *policy = matcher->policy;
	IcmPolicyRange list = policy->rules[rule].lists[scope];
	bool		except = (policy->rules[rule].except & ICM_SCOPE_BIT(scope)) != 0;

	for (int label = ICM_LABEL_NONE; label < policy->n_labels; label++)
		Put(RulesOf(matcher, sets, scope, label), rule, list.n == 0 || except);
	for (int i = 0; i < list.n; i++)
		Put(RulesOf(matcher, sets, scope, IcmPolicyNumbers(policy)[list.first + i]), rule, !except);
}

/* What a rule counts differs from what it holds for. */
static void
PutCounted(IcmMatcher *matcher, int rule)
{
	const IcmPolicy *policy = matcher->policy;

	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
		PutScope(matcher, matcher->counted, rule, scope);
	switch ((IcmRuleKind) policy->rules[rule].kind)
	{
		case ICM_RULE_CAP:
		case ICM_RULE_GAP:
		case ICM_RULE_PRESSURE:
			/* what has no channel is a signal, and no contact */
			Put(RulesOf(matcher, matcher->counted, ICM_SCOPE_CHANNELS, ICM_LABEL_NONE), rule, false);
			break;
		case ICM_RULE_SEQUENCE:
			for (int label = ICM_LABEL_NONE; label < policy->n_labels; label++)
				Put(RulesOf(matcher, matcher->counted, ICM_SCOPE_CHANNELS, label), rule,
					label == policy->rules[rule].after);
			break;
		case ICM_RULE_BLOCK:
			/* a label that is not given stands for all */
			for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
				Put(RulesOf(matcher, matcher->counted, scope, ICM_LABEL_NONE), rule, true);
			break;
		case ICM_RULE_EXEMPT:
			break;
		default:
			for (int label = ICM_LABEL_NONE; label < policy->n_labels; label++)
				Put(RulesOf(matcher, matcher->counted, ICM_SCOPE_CHANNELS, label), rule, false);
			break;
	}
}

IcmMatcher *
IcmMatcherMake(const IcmPolicy *policy)
{
	IcmMatcher *matcher = palloc0(sizeof(IcmMatcher));
	Size		set = ICM_RULE_WORDS(policy) * sizeof(uint64);

	matcher->policy = policy;
	matcher->words = ICM_RULE_WORDS(policy);
	matcher->requested = palloc0(ICM_SCOPE_LISTS * (policy->n_labels + 2) * set);
	matcher->counted = palloc0(ICM_SCOPE_LISTS * (policy->n_labels + 2) * set);
	matcher->exemptions = palloc0(set);
	matcher->uncounted = palloc0(set);
	matcher->parts = palloc0(policy->n_rules * set);	/* there are at most as many */
	matcher->exempted = palloc0(set);
	for (int rule = 0; rule < policy->n_rules; rule++)
	{
		bool		exempt = policy->rules[rule].kind == ICM_RULE_EXEMPT;

		CHECK_FOR_INTERRUPTS();
		for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
			PutScope(matcher, matcher->requested, rule, scope);
		PutCounted(matcher, rule);
		Put(matcher->exemptions, rule, exempt);
		Put(matcher->uncounted, rule, exempt && !policy->rules[rule].counted);
		Put(matcher->parts + policy->rules[rule].part * matcher->words, rule, !exempt);
	}
	return matcher;
}

/* ---- matching ------------------------------------------------------------------ */

static bool
GradeHolds(const IcmPolicyRule *rule, int grade)
{
	bool		listed = grade >= 0 && (rule->grades >> grade & 1) != 0;

	return rule->grades == 0 || listed != ((rule->except & ICM_SCOPE_BIT(ICM_SCOPE_GRADES)) != 0);
}

/* The rules that have the labels in all their lists. */
static void
Intersect(const IcmMatcher *matcher, uint64 *sets, const IcmLabelNumbers *labels, uint64 *about)
{
	const uint64 *channels = RulesOf(matcher, sets, ICM_SCOPE_CHANNELS, labels->of[ICM_SCOPE_CHANNELS]);
	const uint64 *departments = RulesOf(matcher, sets, ICM_SCOPE_DEPARTMENTS, labels->of[ICM_SCOPE_DEPARTMENTS]);
	const uint64 *brands = RulesOf(matcher, sets, ICM_SCOPE_BRANDS, labels->of[ICM_SCOPE_BRANDS]);
	const uint64 *categories = RulesOf(matcher, sets, ICM_SCOPE_CATEGORIES, labels->of[ICM_SCOPE_CATEGORIES]);

	for (int i = 0; i < matcher->words; i++)
		about[i] = channels[i] & departments[i] & brands[i] & categories[i];
}

/* The rules less those of the parts of which one of these exemptions, which are among them, covers the contact. */
static void
Exempt(const IcmMatcher *matcher, const uint64 *about, const uint64 *exemptions, int grade, uint64 *rest)
{
	const IcmPolicy *policy = matcher->policy;

	for (int i = 0; i < matcher->words; i++)
		matcher->exempted[i] = 0;
	for (int i = 0; i < matcher->words; i++)
		for (uint64 left = about[i] & exemptions[i]; left != 0; left &= left - 1)
		{
			const IcmPolicyRule *rule = &policy->rules[i * 64 + pg_rightmost_one_pos64(left)];

			/* what may or may not be so does not cover it */
			if (grade == ICM_ANY_GRADE ? rule->grades == 0 : GradeHolds(rule, grade))
				for (int word = 0; word < matcher->words; word++)
					matcher->exempted[word] |= matcher->parts[rule->part * matcher->words + word];
		}
	for (int i = 0; i < matcher->words; i++)
		rest[i] = about[i] & ~matcher->exempted[i];
}

void
IcmMatchRequest(const IcmMatcher *matcher, const IcmLabelNumbers *labels, int grade, uint64 *about, uint64 *holding)
{
	Intersect(matcher, matcher->requested, labels, about);
	for (int rule = 0; rule < matcher->policy->n_rules; rule++)
		if (!GradeHolds(&matcher->policy->rules[rule], grade))
			Put(about, rule, false);
	Exempt(matcher, about, matcher->exemptions, grade, holding);
}

int
IcmMissedScope(const IcmMatcher *matcher, int rule, const IcmLabelNumbers *labels, int grade)
{
	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
		if (!ICM_RULE_IN(RulesOf(matcher, matcher->requested, scope, labels->of[scope]), rule))
			return scope;
	return GradeHolds(&matcher->policy->rules[rule], grade) ? ICM_SCOPES : ICM_SCOPE_GRADES;
}

void
IcmMatchContact(const IcmMatcher *matcher, const IcmLabelNumbers *labels, int grade, uint64 *about, uint64 *counting)
{
	Intersect(matcher, matcher->counted, labels, about);
	Exempt(matcher, about, matcher->uncounted, grade, counting);
}

double
IcmRuleWeight(const IcmPolicy *policy, const IcmPolicyRule *rule, int32 channel)
{
	const IcmPolicyWeight *weights = IcmPolicyWeights(policy) + rule->items.first;

	for (int i = 0; i < rule->items.n; i++)
		if (weights[i].channel == channel)
			return weights[i].weight;
	return 1.0;
}

double
IcmRuleWeightMax(const IcmPolicy *policy, const IcmPolicyRule *rule)
{
	const IcmPolicyWeight *weights = IcmPolicyWeights(policy) + rule->items.first;
	double		most = 1.0;

	for (int i = 0; i < rule->items.n; i++)
		most = Max(most, weights[i].weight);
	return most;
}
