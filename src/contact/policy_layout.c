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
	if (x->rule.part != y->rule.part)
		return x->rule.part < y->rule.part ? -1 : 1;
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

/* ---- rules as texts ------------------------------------------------------------ */

typedef struct Printed
{
	char	   *text;
	int			part;
	int			rule;
} Printed;

/* By part, then by text, then as checked. */
static int
ComparePrinted(const void *a, const void *b)
{
	const Printed *x = a;
	const Printed *y = b;
	int			order;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	order = strcmp(x->text, y->text);
	return order != 0 ? order : x->rule - y->rule;
}

/* Is the rule written as the one before it in the order above, in the same part? */
static bool
IsRepeated(const Printed *printed, int i)
{
	return i > 0 && printed[i].part == printed[i - 1].part && strcmp(printed[i].text, printed[i - 1].text) == 0;
}

/* All rules, in the order above. */
static Printed *
PrintRules(const IcmPolicy *policy)
{
	Printed    *printed = palloc(policy->n_rules * sizeof(Printed));
	StringInfoData buf;

	for (int i = 0; i < policy->n_rules; i++)
	{
		initStringInfo(&buf);
		IcmPolicyAppendRule(&buf, policy, &policy->rules[i]);
		printed[i].text = buf.data;
		printed[i].part = policy->rules[i].part;
		printed[i].rule = i;
	}
	qsort(printed, policy->n_rules, sizeof(Printed), ComparePrinted);
	return printed;
}

/* ---- parts with the same exemptions as one ------------------------------------- */

typedef struct Part
{
	StringInfoData exemptions;	/* of the part, as texts, each once, sorted */
	int			number;
} Part;

static int
CompareExemptions(const void *a, const void *b)
{
	const Part *x = a;
	const Part *y = b;
	int			order = strcmp(x->exemptions.data, y->exemptions.data);

	return order != 0 ? order : x->number - y->number;
}

/* The parts, by their exemptions, then by number. */
static Part *
CollectParts(const IcmPolicy *policy, const Printed *printed, int n_parts)
{
	Part	   *parts = palloc(n_parts * sizeof(Part));

	for (int i = 0; i < n_parts; i++)
	{
		initStringInfo(&parts[i].exemptions);
		parts[i].number = i;
	}
	for (int i = 0; i < policy->n_rules; i++)
		if (policy->rules[printed[i].rule].kind == ICM_RULE_EXEMPT && !IsRepeated(printed, i))
			appendStringInfo(&parts[printed[i].part].exemptions, "%s;", printed[i].text);
	qsort(parts, n_parts, sizeof(Part), CompareExemptions);
	return parts;
}

/* The new number of each part: that of the first with the same exemptions, without gaps. How many are left. */
static int
NumberParts(const Part *parts, int n_parts, int *numbers)
{
	int			n = 0;

	for (int i = 0; i < n_parts; i++)
		numbers[parts[i].number] = i > 0 && strcmp(parts[i].exemptions.data, parts[i - 1].exemptions.data) == 0 ?
			numbers[parts[i - 1].number] : parts[i].number;
	for (int i = 0; i < n_parts; i++)
		numbers[i] = numbers[i] == i ? n++ : numbers[numbers[i]];
	return n;
}

/* Renumber the parts of the rules, in the order of the first rule written in each; true if there are fewer now. */
static bool
MergeParts(const IcmPolicy *policy, List *drafts, Printed *printed)
{
	int			n_parts = printed[policy->n_rules - 1].part + 1;
	Part	   *parts = CollectParts(policy, printed, n_parts);
	int		   *numbers = palloc(n_parts * sizeof(int));

	if (NumberParts(parts, n_parts, numbers) == n_parts)
		return false;
	for (int i = 0; i < policy->n_rules; i++)
	{
		IcmPolicyDraft *draft = list_nth(drafts, printed[i].rule);

		printed[i].part = draft->rule.part = numbers[printed[i].part];
	}
	qsort(printed, policy->n_rules, sizeof(Printed), ComparePrinted);
	return true;
}

/* ---- all of it ----------------------------------------------------------------- */

/* The drafts, sorted, without those whose rule is written as another of its part before it. */
static List *
WithoutRepeated(List *drafts, const Printed *printed)
{
	int			n = list_length(drafts);
	bool	   *repeated = palloc0(n * sizeof(bool));
	List	   *distinct = NIL;

	for (int i = 0; i < n; i++)
		repeated[printed[i].rule] = IsRepeated(printed, i);
	for (int i = 0; i < n; i++)
		if (!repeated[i])
			distinct = lappend(distinct, list_nth(drafts, i));
	list_sort(distinct, CompareDrafts);
	return distinct;
}

IcmPolicy *
IcmPolicyLayOut(List *drafts)
{
	IcmPolicy  *policy;
	Printed    *printed;
	bool		merged;
	List	   *distinct;

	list_sort(drafts, CompareDrafts);
	policy = LayOut(drafts);
	printed = PrintRules(policy);
	merged = MergeParts(policy, drafts, printed);
	distinct = WithoutRepeated(drafts, printed);
	return merged || list_length(distinct) < policy->n_rules ? LayOut(distinct) : policy;
}
