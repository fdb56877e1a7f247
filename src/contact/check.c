/*
 * check.c
 *		Whether a contact may be made at a time, and if not, when; see check.h.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "contact/check.h"

#define ZONES 256				/* that are kept */
#define MOVES 100				/* before one asks whether a search can come to an end */

/* What is the same from call to call, mostly. */
typedef struct IcmCheckMemory
{
	bool		requested;		/* there has been a request */
	char		labels[ICM_CONTACT_LABELS][ICM_NAME_MAX];	/* of the request, copied */
	IcmZone    *zones[ZONES];
} IcmCheckMemory;

static const IcmRuleFunction functions[ICM_RULE_KINDS] = {
	[ICM_RULE_CAP] = IcmRuleCap,
	[ICM_RULE_GAP] = IcmRuleGap,
	[ICM_RULE_PRESSURE] = IcmRulePressure,
	[ICM_RULE_QUIET] = IcmRuleQuiet,
	[ICM_RULE_OPEN] = IcmRuleOpen,
	[ICM_RULE_REQUIRE] = IcmRuleRequire,
	[ICM_RULE_REFUSE] = IcmRuleRefuse,
	[ICM_RULE_BLOCK] = IcmRuleBlock,
	[ICM_RULE_BLACKOUT] = IcmRuleBlackout,
	[ICM_RULE_SEQUENCE] = IcmRuleSequence,
	[ICM_RULE_HOLDOUT] = IcmRuleHoldout
};

/* ---- what is asked about ---------------------------------------------------- */

IcmCheck *
IcmCheckMake(const IcmPolicy *policy)
{
	IcmCheck   *check = palloc0(sizeof(IcmCheck));

	check->policy = policy;
	check->context = CurrentMemoryContext;
	check->matcher = IcmMatcherMake(policy);
	check->about = palloc0(check->matcher->words * sizeof(uint64));
	check->holding = palloc0(check->matcher->words * sizeof(uint64));
	check->bodies = palloc0(policy->n_rules * sizeof(char *));
	check->memory = palloc0(sizeof(IcmCheckMemory));
	return check;
}

/* Is it the label of the request before? If not, it is from now on. */
static bool
IsSameLabel(IcmCheck *check, int i, const char *label, int length)
{
	IcmCheckMemory *memory = check->memory;
	IcmRequest *before = &check->request;

	if (memory->requested && (label == NULL) == (before->label[i] == NULL) &&
		(label == NULL || (length == before->length[i] && memcmp(label, before->label[i], length) == 0)))
		return true;
	if (label != NULL)
		memcpy(memory->labels[i], label, length);
	before->label[i] = label == NULL ? NULL : memory->labels[i];
	before->length[i] = length;
	check->labels.of[i] = IcmPolicyLabel(check->policy, label, length);
	return false;
}

/* The zone of a name, which is one of those kept, or takes the place of one. */
static IcmZone *
FindZone(IcmCheck *check, const char *name, int length)
{
	IcmZone   **zones = check->memory->zones;
	uint32		slot = length;

	for (int i = 0; i < length; i++)
		slot = slot * 31 + (unsigned char) name[i];
	slot %= ZONES;
	if (zones[slot] == NULL)
		zones[slot] = MemoryContextAllocZero(check->context, sizeof(IcmZone));
	IcmZoneSet(zones[slot], name, length);
	return zones[slot];
}

void
IcmCheckRequest(IcmCheck *check, const IcmRequest *request)
{
	bool		same = check->memory->requested && check->request.grade == request->grade;

	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		same &= IsSameLabel(check, i, request->label[i], request->length[i]);
	check->request.grade = request->grade;
	check->request.key = request->key;
	check->request.key_length = request->key_length;
	check->zone = request->zone == NULL ? NULL : FindZone(check, request->zone, request->zone_length);
	if (!same)
		IcmMatchRequest(check->matcher, &check->labels, request->grade, check->about, check->holding);
	check->memory->requested = true;
}

static void
SetKind(IcmCheck *check, int kind, const IcmLabelNumbers *labels, double weight)
{
	int			words = check->matcher->words;

	check->kinds[kind].channel = labels->of[ICM_CONTACT_CHANNEL];
	check->kinds[kind].weight = weight;
	IcmMatchContact(check->matcher, labels, check->request.grade, check->relevant + (Size) kind * words,
					check->counting + (Size) kind * words);
}

/* Memory in place of some that is not needed any more, or NULL. */
static void *
Replace(IcmCheck *check, void *memory, Size size)
{
	if (memory != NULL)
		pfree(memory);
	return MemoryContextAlloc(check->context, size);
}

/* Room for so many kinds, and that of a contact as requested. */
static void
MakeRoom(IcmCheck *check, int kinds, int labels)
{
	Size		set = check->matcher->words * sizeof(uint64);

	if (kinds + 1 > check->kinds_max)
	{
		check->kinds_max = 2 * kinds + 16;
		check->kinds = Replace(check, check->kinds, check->kinds_max * sizeof(IcmCheckKind));
		check->relevant = Replace(check, check->relevant, check->kinds_max * set);
		check->counting = Replace(check, check->counting, check->kinds_max * set);
	}
	if (labels > check->numbers_max)
	{
		check->numbers_max = 2 * labels;
		check->numbers = Replace(check, check->numbers, check->numbers_max * sizeof(int32));
	}
}

void
IcmCheckContacts(IcmCheck *check, const IcmContacts *contacts)
{
	static const IcmContact none;

	check->contacts = contacts;
	check->n_kinds = contacts == NULL ? 0 : contacts->kinds;
	check->pruned = false;
	if (contacts == NULL)
	{
		MakeRoom(check, 0, 0);
		IcmCheckEvents(check, &none, 0);
		return;
	}
	MakeRoom(check, contacts->kinds, contacts->labels);
	IcmPolicyLabels(check->policy, contacts, check->numbers);
	for (int i = 0; i < contacts->kinds; i++)
	{
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[i];
		IcmLabelNumbers labels;

		IcmKindLabels(kind, check->numbers, &labels);
		SetKind(check, i, &labels, kind->weight);
	}
	IcmCheckEvents(check, contacts->events, contacts->n);
	check->pruned = false;
	for (int i = 0; i < contacts->n; i++)
		check->pruned |= ICM_CONTACT_STATUS(&contacts->events[i]) == ICM_CONTACT_PRUNED;
}

/* Are contacts of this kind labelled as the request is, and of weight 1? */
static bool
IsRequestKind(const IcmCheck *check, int kind)
{
	const IcmContactKind *stored = &IcmContactsKinds(check->contacts)[kind];

	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		if (!IcmIsRequested(check, i, IcmContactsLabel(check->contacts, stored, i)))
			return false;
	return stored->weight == 1.0;
}

int
IcmCheckRequestKind(IcmCheck *check)
{
	for (int i = 0; i < check->n_kinds; i++)
		if (IsRequestKind(check, i))
			return i;
	if (check->n_kinds == ICM_CONTACT_KINDS_MAX)
		IcmContactsTooManyKinds();
	SetKind(check, check->n_kinds, &check->labels, 1.0);
	return check->n_kinds++;
}

void
IcmCheckEvents(IcmCheck *check, const IcmContact *events, int n)
{
	check->events = events;
	check->n = n;
	check->at = DT_NOBEGIN;
	check->past = 0;
	IcmCheckScratch(check, n);
}

void
IcmCheckScratch(IcmCheck *check, int64 n)
{
	if (n <= check->scratch_max)
		return;
	if (n > ICM_CONTACTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("contacts are too many"),
				 errdetail("A check counts at most %d, with those that were pruned.", ICM_CONTACTS_MAX)));
	check->scratch_max = (int) (n + n / 2 + 64);
	if (check->scratch == NULL)
		check->scratch = MemoryContextAlloc(check->context, check->scratch_max * sizeof(int64));
	else
		check->scratch = repalloc(check->scratch, check->scratch_max * sizeof(int64));
}

/* ---- asking ------------------------------------------------------------------ */

/* Make t the time that is asked for. */
static void
Seek(IcmCheck *check, TimestampTz t)
{
	if (t == check->at)
		return;
	if (t > check->at && check->at != DT_NOBEGIN)
		while (check->past < check->n && check->events[check->past].at <= t)
			check->past++;
	else
	{
		int			low = 0,
					high = check->n;

		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (check->events[middle].at <= t)
				low = middle + 1;
			else
				high = middle;
		}
		check->past = low;
	}
	check->at = t;
}

/*
 * The last record of what was pruned after t that the rule would count; NULL if there is none. Nobody knows what was
 * before it: so until then, the rule does not allow a contact.
 */
static const IcmContact *
PrunedAfter(const IcmCheck *check, int rule)
{
	bool		is_block = check->policy->rules[rule].kind == ICM_RULE_BLOCK;
	const uint64 *rules = is_block ? check->relevant : check->counting;

	if (check->policy->rules[rule].kind == ICM_RULE_SEQUENCE)
		return NULL;			/* what is not known allows nothing */
	for (int i = check->n - 1; i >= check->past; i--)
		if (ICM_CONTACT_STATUS(&check->events[i]) == ICM_CONTACT_PRUNED &&
			ICM_RULE_IN(rules + ICM_CONTACT_KIND(&check->events[i]) * check->matcher->words, rule))
			return &check->events[i];
	return NULL;
}

TimestampTz
IcmCheckRule(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	if (finding != NULL)
	{
		finding->cause = ICM_CAUSE_RULE;
		finding->observed = finding->threshold = NAN;
		finding->moment = DT_NOBEGIN;
		finding->local = 0;
	}
	CHECK_FOR_INTERRUPTS();
	if (!ICM_RULE_IN(check->holding, rule) || check->policy->rules[rule].kind == ICM_RULE_EXEMPT)
		return t;
	Seek(check, t);
	if (unlikely(check->pruned))
	{
		const IcmContact *pruned = PrunedAfter(check, rule);

		if (pruned != NULL)
		{
			IcmFoundPruned(finding, pruned);
			return pruned->at;
		}
	}
	return functions[check->policy->rules[rule].kind] (check, rule, t, finding);
}

int
IcmCheckAll(IcmCheck *check, TimestampTz t, IcmFinding *finding)
{
	for (int rule = 0; rule < check->policy->n_rules; rule++)
		if (ICM_RULE_IN(check->holding, rule) && IcmCheckRule(check, rule, t, NULL) != t)
		{
			IcmCheckRule(check, rule, t, finding);
			return rule;
		}
	return -1;
}

/*
 * Do the hours of the rules from first up to end leave a minute of the week? If not, each only leads to the next. What
 * the clocks skip in one week is there in the next.
 */
static bool
IsEverOpen(const IcmCheck *check, int first, int end)
{
	bool	   *closed = palloc0(7 * ICM_DAY_MINUTES * sizeof(bool));
	bool		open = false;

	for (int i = first; i < end; i++)
		if (ICM_RULE_IN(check->holding, i))
			IcmRuleCloseMinutes(check->policy, &check->policy->rules[i], closed);
	for (int minute = 0; minute < 7 * ICM_DAY_MINUTES && !open; minute++)
		open = !closed[minute];
	pfree(closed);
	return open;
}

TimestampTz
IcmCheckNext(IcmCheck *check, int rule, TimestampTz t)
{
	int			first = rule < 0 ? 0 : rule;
	int			end = rule < 0 ? check->policy->n_rules : rule + 1;
	int			asked = first;
	int			allowed = 0;	/* rules, one after the other, that allow t */

	for (int moves = 0; allowed < end - first;)
	{
		TimestampTz next = IcmCheckRule(check, asked, t, NULL);

		if (next == t)
		{
			allowed++;
			asked = asked + 1 < end ? asked + 1 : first;
			continue;
		}
		if (next >= END_TIMESTAMP || (++moves == MOVES && !IsEverOpen(check, first, end)))
			return ICM_NEVER;
		t = next;
		allowed = 0;
	}
	return t;
}
