/*
 * policy_layout.c
 *		Laying the rules of a policy out so that they can be checked.
 */
#include "postgres.h"

#include "contact/policy_draft.h"

static int
CompareLabels(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

List *
IcmDistinctTexts(List *texts)
{
	List	   *distinct = NIL;
	ListCell   *cell;

	list_sort(texts, CompareLabels);
	foreach(cell, texts)
	{
		if (distinct == NIL || strcmp(llast(distinct), lfirst(cell)) != 0)
			distinct = lappend(distinct, lfirst(cell));
	}
	list_free(texts);
	return distinct;
}

static int
CompareDrafts(const ListCell *a, const ListCell *b)
{
	const IcmPolicyDraft *x = lfirst(a);
	const IcmPolicyDraft *y = lfirst(b);

	if (x->rule.priority != y->rule.priority)
		return x->rule.priority > y->rule.priority ? -1 : 1;
	return x->written < y->written ? -1 : 1;
}

static List *
AppendText(List *texts, char *item)
{
	return item == NULL ? texts : lappend(texts, item);
}

/* The labels, or the other texts, of all rules. */
static List *
CollectLabels(List *drafts)
{
	List	   *labels = NIL;
	ListCell   *cell,
			   *item;

	foreach(cell, drafts)
	{
		IcmPolicyDraft	   *draft = lfirst(cell);

		for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
			foreach(item, draft->lists[scope])
				labels = lappend(labels, lfirst(item));
		foreach(item, draft->weights)
			labels = lappend(labels, ((IcmDraftWeight *) lfirst(item))->channel);
		labels = AppendText(labels, draft->after);
	}
	return IcmDistinctTexts(labels);
}

static List *
CollectOthers(List *drafts)
{
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, drafts)
	{
		IcmPolicyDraft	   *draft = lfirst(cell);

		others = AppendText(others, draft->name);
		others = AppendText(others, draft->salt);
		others = AppendText(others, draft->source);
	}
	return IcmDistinctTexts(others);
}

/* The number of a text in a sorted list that has it; -1 for none. */
static int32
NumberOf(const List *sorted, const char *sought)
{
	int			low = 0,
				high = list_length(sorted) - 1;

	if (sought == NULL)
		return -1;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (strcmp(list_nth(sorted, middle), sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of another text, behind the labels. */
static int32
OtherNumber(const List *labels, const List *others, const char *sought)
{
	int32		number = NumberOf(others, sought);

	return number < 0 ? -1 : list_length(labels) + number;
}

/* A policy of the size that the drafts need, without rules yet. */
static IcmPolicy *
MakeEmpty(List *drafts, List *labels, List *others)
{
	IcmPolicy	sizes = {.n_labels = list_length(labels),.n_texts = list_length(labels) + list_length(others)};
	IcmPolicy  *policy;
	Size		size;
	ListCell   *cell;

	foreach(cell, drafts)
	{
		IcmPolicyDraft	   *draft = lfirst(cell);

		sizes.n_rules++;
		sizes.n_weights += list_length(draft->weights);
		sizes.n_hours += draft->n_hours;
		for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
			sizes.n_numbers += list_length(draft->lists[scope]);
	}
	size = offsetof(IcmPolicy, rules) + sizes.n_rules * sizeof(IcmPolicyRule) + sizes.n_weights * sizeof(IcmPolicyWeight) +
		(sizes.n_numbers + sizes.n_texts) * sizeof(int32) + sizes.n_hours * sizeof(IcmPolicyHours);
	foreach(cell, labels)
		size += strlen(lfirst(cell)) + 1;
	foreach(cell, others)
		size += strlen(lfirst(cell)) + 1;

	policy = IcmFlatMake(size, ICM_POLICY_VERSION);
	policy->n_rules = sizes.n_rules;
	policy->n_weights = sizes.n_weights;
	policy->n_numbers = sizes.n_numbers;
	policy->n_labels = sizes.n_labels;
	policy->n_texts = sizes.n_texts;
	policy->n_hours = sizes.n_hours;
	return policy;
}

static void
PutTexts(IcmPolicy *policy, List *labels, List *others)
{
	char	   *at = (char *) (IcmPolicyHoursOf(policy) + policy->n_hours);

	for (int i = 0; i < policy->n_texts; i++)
	{
		const char *item = i < policy->n_labels ? list_nth(labels, i) : list_nth(others, i - policy->n_labels);

		IcmPolicyOffsets(policy)[i] = (int32) (at - (char *) policy);
		strcpy(at, item);
		at += strlen(item) + 1;
	}
}

/* The items of a rule go behind those of the rules before it. */
typedef struct Filled
{
	int			numbers;
	int			weights;
	int			hours;
} Filled;

static void
PutRule(IcmPolicy *policy, IcmPolicyRule *rule, IcmPolicyDraft *draft, List *labels, List *others, Filled *filled)
{
	ListCell   *item;

	*rule = draft->rule;
	for (int scope = 0; scope < ICM_SCOPE_LISTS; scope++)
	{
		rule->lists[scope].first = filled->numbers;
		rule->lists[scope].n = list_length(draft->lists[scope]);
		foreach(item, draft->lists[scope])
			IcmPolicyNumbers(policy)[filled->numbers++] = NumberOf(labels, lfirst(item));
	}
	rule->items.first = rule->kind == ICM_RULE_OPEN ? filled->hours : filled->weights;
	rule->items.n = rule->kind == ICM_RULE_OPEN ? draft->n_hours : list_length(draft->weights);
	foreach(item, draft->weights)
	{
		IcmPolicyWeight *weight = &IcmPolicyWeights(policy)[filled->weights++];

		weight->weight = ((IcmDraftWeight *) lfirst(item))->weight;
		weight->channel = NumberOf(labels, ((IcmDraftWeight *) lfirst(item))->channel);
	}
	if (draft->n_hours > 0)
		memcpy(&IcmPolicyHoursOf(policy)[filled->hours], draft->hours, draft->n_hours * sizeof(IcmPolicyHours));
	filled->hours += draft->n_hours;
	rule->after = NumberOf(labels, draft->after);
	rule->name = OtherNumber(labels, others, draft->name);
	rule->salt = OtherNumber(labels, others, draft->salt);
	rule->source = OtherNumber(labels, others, draft->source);
}

static IcmPolicy *
LayOut(List *drafts)
{
	List	   *labels = CollectLabels(drafts);
	List	   *others = CollectOthers(drafts);
	IcmPolicy  *policy = MakeEmpty(drafts, labels, others);
	Filled		filled = {0};

	for (int i = 0; i < policy->n_rules; i++)
		PutRule(policy, &policy->rules[i], list_nth(drafts, i), labels, others, &filled);
	PutTexts(policy, labels, others);
	return policy;
}

/* ---- equal rules once ---------------------------------------------------------- */

typedef struct Printed
{
	char	   *text;
	int			rule;
} Printed;

static int
ComparePrinted(const void *a, const void *b)
{
	int			order = strcmp(((const Printed *) a)->text, ((const Printed *) b)->text);

	return order != 0 ? order : ((const Printed *) a)->rule - ((const Printed *) b)->rule;
}

/* The drafts without those whose rule is written as one before it; NIL if there are none such. */
static List *
WithoutRepeated(const IcmPolicy *policy, List *drafts)
{
	Printed    *printed = palloc(policy->n_rules * sizeof(Printed));
	bool	   *repeated = palloc0(policy->n_rules * sizeof(bool));
	int			n_repeated = 0;
	List	   *distinct = NIL;
	StringInfoData buf;

	for (int i = 0; i < policy->n_rules; i++)
	{
		initStringInfo(&buf);
		IcmPolicyAppendRule(&buf, policy, &policy->rules[i]);
		printed[i].text = buf.data;
		printed[i].rule = i;
	}
	qsort(printed, policy->n_rules, sizeof(Printed), ComparePrinted);
	for (int i = 1; i < policy->n_rules; i++)
		if (strcmp(printed[i - 1].text, printed[i].text) == 0)
		{
			repeated[printed[i].rule] = true;
			n_repeated++;
		}
	for (int i = 0; i < policy->n_rules && n_repeated > 0; i++)
		if (!repeated[i])
			distinct = lappend(distinct, list_nth(drafts, i));
	return distinct;
}

IcmPolicy *
IcmPolicyLayOut(List *drafts)
{
	IcmPolicy  *policy;
	List	   *distinct;

	list_sort(drafts, CompareDrafts);
	policy = LayOut(drafts);
	distinct = WithoutRepeated(policy, drafts);
	return distinct == NIL ? policy : LayOut(distinct);
}
