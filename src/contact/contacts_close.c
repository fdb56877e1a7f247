/*
 * contacts_close.c
 *		From open contacts to the stored form: uniting, sorting, closing.
 *
 * Closing sorts, and unites the contacts of one reference: the latest status in
 * life, the earliest time at which it took place, the labels of all, the largest
 * weight. Each is a maximum, a minimum or a union, and where none took place the
 * event that is a maximum in one fixed order stays; so neither the order of
 * arrival, nor how often an event arrives, nor the partition over parallel
 * workers changes a bit of the result. Consent of one reference is kept apart
 * from its contacts, as the event that is a maximum in such an order too.
 * Records of what was pruned are added up by kind.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"

#include "common/flat.h"
#include "contact/contacts_open.h"

/* ---- what keeps contacts from being closed -------------------------------- */

static const IcmContactsFault too_many_kinds = {
	ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	"too many kinds of contact",
	ICM_CONTACTS_TOO_MANY_KINDS,
	"Label contacts with what policies name: a category such as newsletter, not the single mailing."
};

static const IcmContactsFault too_many_pruned = {
	ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"number of pruned contacts is out of range",
	"The number of those of one combination of labels and weight is at most 9223372036854775807.",
	NULL
};

pg_noreturn static void
RaiseFault(const IcmContactsFault *fault)
{
	ereport(ERROR,
			(errcode(fault->sqlstate),
			 errmsg("%s", fault->message),
			 errdetail("%s", fault->detail),
			 fault->hint == NULL ? 0 : errhint("%s", fault->hint)));
}

void
IcmContactsTooManyKinds(void)
{
	RaiseFault(&too_many_kinds);
}

/* The fault that contacts of one reference differ in a label; the labels in one order, whatever that of the events. */
static void
SetClash(IcmContactsFault *fault, int64 reference, int label, IcmLabelText a, IcmLabelText b)
{
	int			order = memcmp(a.bytes, b.bytes, Min(a.length, b.length));
	IcmLabelText first = order < 0 || (order == 0 && a.length < b.length) ? a : b;
	IcmLabelText second = first.bytes == a.bytes ? b : a;

	fault->sqlstate = ERRCODE_UNIQUE_VIOLATION;
	fault->message = "a reference is used for two contacts";
	fault->detail = psprintf("Reference " INT64_FORMAT " is that of contacts of %s \"%s\" and of %s \"%s\".", reference,
							 IcmContactLabelNames[label], pnstrdup(first.bytes, first.length),
							 IcmContactLabelNames[label], pnstrdup(second.bytes, second.length));
	fault->hint = "References must be unique over all sources of one customer's contacts: prefix those of each source, or take them from one sequence.";
}

/* ---- uniting -------------------------------------------------------------- */

/* Compare two kinds by what they are, whatever their numbers: weight, then of each label the length and the bytes. */
static int
CompareKinds(const IcmOpenContacts *open, int a, int b)
{
	const IcmContactKind *x = &IcmOpenKinds(open)[a].kind;
	const IcmContactKind *y = &IcmOpenKinds(open)[b].kind;

	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		IcmLabelText x_label = IcmGetOpenLabel(open, x->label[i]);
		IcmLabelText y_label = IcmGetOpenLabel(open, y->label[i]);
		int			order = x_label.length - y_label.length;

		if (order == 0 && x_label.length > 0)
			order = memcmp(x_label.bytes, y_label.bytes, x_label.length);
		if (order != 0)
			return order;
	}
	return 0;
}

/* The furthest in life first, then the one that expires last, then the latest. */
static int
CompareLives(const IcmContact *x, const IcmContact *y)
{
	if (ICM_CONTACT_STATUS(x) != ICM_CONTACT_STATUS(y))
		return ICM_CONTACT_STATUS(x) > ICM_CONTACT_STATUS(y) ? -1 : 1;
	if (IcmContactExpires(x) != IcmContactExpires(y))
		return IcmContactExpires(x) > IcmContactExpires(y) ? -1 : 1;
	return (x->at < y->at) - (x->at > y->at);
}

/*
 * Events by reference, contacts before consent; then contacts by the number of
 * their kind, and consent with the event first that stays: at last by kind, so
 * that equal is equal. Records come last, by the number of their kind.
 */
static int
CompareReferences(const void *a, const void *b, void *open)
{
	const IcmContact *x = (const IcmContact *) a;
	const IcmContact *y = (const IcmContact *) b;
	int			order;

	CHECK_FOR_INTERRUPTS();
	if (IcmContactIsRecord(x) != IcmContactIsRecord(y))
		return IcmContactIsRecord(x) ? 1 : -1;
	if (IcmContactIsRecord(x))
		return ICM_CONTACT_KIND(x) - ICM_CONTACT_KIND(y);
	if (x->reference != y->reference)
		return x->reference < y->reference ? -1 : 1;
	if (x->reference == ICM_CONTACT_NO_REFERENCE)
		return 0;
	if (IcmContactIsConsent(x) != IcmContactIsConsent(y))
		return IcmContactIsConsent(x) ? 1 : -1;
	if (!IcmContactIsConsent(x))
		return ICM_CONTACT_KIND(x) - ICM_CONTACT_KIND(y);
	order = CompareLives(x, y);
	return order != 0 ? order : CompareKinds((const IcmOpenContacts *) open, ICM_CONTACT_KIND(y), ICM_CONTACT_KIND(x));
}

/* Whether two are one: events of one reference that are both contacts or both consent, or records of one kind. */
static inline bool
IsSame(const IcmContact *a, const IcmContact *b)
{
	if (IcmContactIsRecord(a) != IcmContactIsRecord(b))
		return false;
	if (IcmContactIsRecord(a))
		return ICM_CONTACT_KIND(a) == ICM_CONTACT_KIND(b);
	return a->reference == b->reference && a->reference != ICM_CONTACT_NO_REFERENCE && IcmContactIsConsent(a) == IcmContactIsConsent(b);
}

/*
 * Make of two contacts of one reference one, but for its kind, which is that of
 * the first. A contact that took place did so when it first says so: what became
 * of it is said later.
 */
static void
UniteLives(IcmContact *contact, const IcmContact *other)
{
	int			kind = ICM_CONTACT_KIND(contact);
	TimestampTz earliest = Min(contact->at, other->at);
	bool		both = ICM_CONTACT_STATUS(contact) >= ICM_CONTACT_SENT && ICM_CONTACT_STATUS(other) >= ICM_CONTACT_SENT;

	if (CompareLives(contact, other) > 0)
		*contact = *other;
	if (both)
		contact->at = earliest;
	contact->packed = ICM_CONTACT_PACK(ICM_CONTACT_STATUS(contact), kind, ICM_CONTACT_EXPIRY(contact));
}

/* Add a record to one of the same kind; false if the number of events is out of range. */
static bool
AddRecord(IcmContact *record, const IcmContact *other)
{
	int64		number;

	if (pg_add_s64_overflow(record->reference, other->reference, &number))
		return false;
	record->reference = number;
	record->at = Max(record->at, other->at);
	return true;
}

/* Make one of two that are; false if their kinds differ, or their numbers do not add up. */
static bool
Unite(IcmContact *last, const IcmContact *next)
{
	if (IcmContactIsConsent(last))
		return true;			/* the one that stays stands first */
	if (ICM_CONTACT_KIND(last) != ICM_CONTACT_KIND(next))
		return false;
	if (IcmContactIsRecord(last))
		return AddRecord(last, next);
	UniteLives(last, next);
	return true;
}

int
IcmOpenUniteEvents(const IcmOpenContacts *open, IcmContact *events, int n)
{
	int			kept = 0;

	if (!(open->flags & ICM_CONTACTS_REFERENCES))
		return n;
	qsort_arg(events, n, sizeof(IcmContact), CompareReferences, (void *) open);
	for (int i = 0; i < n; i++)
		if (kept == 0 || !IsSame(&events[kept - 1], &events[i]) || !Unite(&events[kept - 1], &events[i]))
			events[kept++] = events[i];
	return kept;
}

/*
 * The kind of the contacts of two kinds that have this reference: the labels of
 * both, the larger weight. False, and why, if they differ in a label.
 */
static bool
UniteKinds(const IcmOpenContacts *open, int a, int b, int64 reference, IcmContactKind *kind, IcmContactsFault *fault)
{
	const IcmContactKind *other = &IcmOpenKinds(open)[b].kind;

	*kind = IcmOpenKinds(open)[a].kind;
	kind->weight = Max(kind->weight, other->weight);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		if (kind->label[i] == ICM_CONTACT_NO_LABEL)
			kind->label[i] = other->label[i];
		else if (other->label[i] != ICM_CONTACT_NO_LABEL && other->label[i] != kind->label[i])
		{
			SetClash(fault, reference, i, IcmGetOpenLabel(open, kind->label[i]), IcmGetOpenLabel(open, other->label[i]));
			return false;
		}
	}
	return true;
}

/*
 * Make of the contacts of each reference one event, after IcmOpenUniteEvents.
 * Their kind may be one that is not there yet: it comes to be in a copy of the
 * kinds and labels, which *open becomes. Returns how many events are left; -1,
 * and why, if some do not go together.
 */
static int
UniteReferences(const IcmOpenContacts **open, IcmContact *events, int n, IcmContactsFault *fault)
{
	IcmOpenContacts *copy = NULL;
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		IcmContactKind kind;
		int			number;

		if (kept == 0 || !IsSame(&events[kept - 1], &events[i]))
		{
			events[kept++] = events[i];
			continue;
		}
		if (IcmContactIsRecord(&events[i]))
		{
			*fault = too_many_pruned;
			return -1;
		}
		if (!UniteKinds(*open, ICM_CONTACT_KIND(&events[kept - 1]), ICM_CONTACT_KIND(&events[i]), events[i].reference, &kind, fault))
			return -1;
		number = IcmOpenTakeKindInCopy(open, &copy, &kind);
		if (number < 0)
		{
			*fault = too_many_kinds;
			return -1;
		}
		UniteLives(&events[kept - 1], &events[i]);
		events[kept - 1].packed = ICM_CONTACT_PACK(ICM_CONTACT_STATUS(&events[kept - 1]), number, ICM_CONTACT_EXPIRY(&events[kept - 1]));
	}
	return kept;
}

/* ---- the order of the stored form ----------------------------------------- */

int
IcmContactCompare(const IcmContact *a, const IcmContact *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->packed != b->packed)
		return a->packed < b->packed ? -1 : 1;
	return (a->reference > b->reference) - (a->reference < b->reference);
}

static int
CompareContacts(const void *a, const void *b)
{
	CHECK_FOR_INTERRUPTS();
	return IcmContactCompare((const IcmContact *) a, (const IcmContact *) b);
}

void
IcmContactsSort(IcmContact *events, int n)
{
	int			sorted = 1;

	/* they often came in the order of time */
	while (sorted < n && IcmContactCompare(&events[sorted - 1], &events[sorted]) <= 0)
		sorted++;
	if (sorted >= n)
		return;
	qsort(events, n, sizeof(IcmContact), CompareContacts);
}

/* ---- the kinds and labels of the stored form ------------------------------ */

/* A label on its way to the stored form. */
typedef struct UsedLabel
{
	IcmLabelText label;
	int			number;			/* in the open contacts */
} UsedLabel;

/* A kind likewise. */
typedef struct UsedKind
{
	IcmContactKind kind;
	uint64		labels;			/* the numbers of its labels, as one to sort by */
	int			number;
} UsedKind;

/* The kinds that are in use, and their labels, in the order of the stored form. */
typedef struct Dictionary
{
	UsedKind   *kinds;
	int			n;
	UsedLabel  *labels;
	int			label_n;
	Size		text_size;
} Dictionary;

static int
CompareUsedLabels(const void *a, const void *b)
{
	const IcmLabelText *x = &((const UsedLabel *) a)->label;
	const IcmLabelText *y = &((const UsedLabel *) b)->label;
	int			order = memcmp(x->bytes, y->bytes, Min(x->length, y->length));

	return order != 0 ? order : x->length - y->length;
}

static int
CompareUsedKinds(const void *a, const void *b)
{
	const UsedKind *x = (const UsedKind *) a;
	const UsedKind *y = (const UsedKind *) b;

	if (x->labels != y->labels)
		return x->labels < y->labels ? -1 : 1;
	return (x->kind.weight > y->kind.weight) - (x->kind.weight < y->kind.weight);
}

/* Take the kinds that the events use. */
static void
TakeUsedKinds(Dictionary *dictionary, const IcmOpenContacts *open, const IcmContact *events, int n)
{
	bool	   *used = (bool *) palloc0(Max(open->kinds, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
		used[ICM_CONTACT_KIND(&events[i])] = true;
	dictionary->kinds = (UsedKind *) palloc(Max(open->kinds, 1) * sizeof(UsedKind));
	for (int i = 0; i < open->kinds; i++)
		if (used[i])
		{
			UsedKind   *kind = &dictionary->kinds[dictionary->n++];

			kind->kind = IcmOpenKinds(open)[i].kind;
			kind->number = i;
		}
	pfree(used);
}

/* Take the labels of these kinds, and sort them. */
static void
TakeUsedLabels(Dictionary *dictionary, const IcmOpenContacts *open)
{
	bool	   *used = (bool *) palloc0(Max(open->labels, 1) * sizeof(bool));

	for (int i = 0; i < dictionary->n; i++)
		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			if (dictionary->kinds[i].kind.label[label] != ICM_CONTACT_NO_LABEL)
				used[dictionary->kinds[i].kind.label[label]] = true;
	dictionary->labels = (UsedLabel *) palloc(Max(open->labels, 1) * sizeof(UsedLabel));
	for (int i = 0; i < open->labels; i++)
		if (used[i])
		{
			UsedLabel  *label = &dictionary->labels[dictionary->label_n++];

			label->label = IcmGetOpenLabel(open, (uint16) i);
			label->number = i;
			dictionary->text_size += label->label.length + 1;
		}
	qsort(dictionary->labels, dictionary->label_n, sizeof(UsedLabel), CompareUsedLabels);
	pfree(used);
}

/* Give the kinds the numbers that their labels have in the stored form, and sort them. */
static void
SortKinds(Dictionary *dictionary, const IcmOpenContacts *open)
{
	uint16	   *numbers = (uint16 *) palloc(Max(open->labels, 1) * sizeof(uint16));

	for (int i = 0; i < dictionary->label_n; i++)
		numbers[dictionary->labels[i].number] = (uint16) i;
	for (int i = 0; i < dictionary->n; i++)
	{
		UsedKind   *kind = &dictionary->kinds[i];

		kind->labels = 0;
		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
		{
			if (kind->kind.label[label] != ICM_CONTACT_NO_LABEL)
				kind->kind.label[label] = numbers[kind->kind.label[label]];
			kind->labels = kind->labels << 16 | kind->kind.label[label];
		}
	}
	qsort(dictionary->kinds, dictionary->n, sizeof(UsedKind), CompareUsedKinds);
	pfree(numbers);
}

/* The stored form but for its events, for which there is room. */
static IcmContacts *
MakeContacts(int n, const Dictionary *dictionary)
{
	Size		size = ICM_CONTACTS_SIZE(n, dictionary->n, dictionary->label_n) + dictionary->text_size;
	IcmContacts *contacts = IcmFlatMake(size, ICM_CONTACTS_VERSION);
	uint32		start = 0;

	contacts->n = n;
	contacts->kinds = (uint16) dictionary->n;
	contacts->labels = (uint16) dictionary->label_n;
	for (int i = 0; i < dictionary->n; i++)
		IcmContactsKinds(contacts)[i] = dictionary->kinds[i].kind;
	for (int i = 0; i < dictionary->label_n; i++)
	{
		const IcmLabelText *label = &dictionary->labels[i].label;

		IcmContactsStarts(contacts)[i] = start;
		memcpy(IcmContactsTexts(contacts) + start, label->bytes, label->length);
		start += label->length + 1;
	}
	return contacts;
}

/* ---- closing -------------------------------------------------------------- */

IcmContacts *
IcmContactsClose(const IcmContacts *contacts)
{
	IcmContactsFault fault;
	IcmContacts *result = IcmContactsTryClose(contacts, &fault);

	if (result == NULL)
		RaiseFault(&fault);
	return result;
}

IcmContacts *
IcmContactsTryClose(const IcmContacts *contacts, IcmContactsFault *fault)
{
	const IcmOpenContacts *open = (const IcmOpenContacts *) contacts;
	IcmContacts *result;
	IcmContact *events;
	Dictionary	dictionary = {0};
	uint16	   *numbers;
	int			n;

	if (!IcmOpenIsSound(open))
		IcmFlatCorrupt("icm_contacts");
	events = (IcmContact *) palloc(Max(open->used, 1) * sizeof(IcmContact));
	memcpy(events, open->events, open->used * sizeof(IcmContact));
	n = IcmOpenUniteEvents(open, events, open->used);
	if (open->flags & ICM_CONTACTS_REFERENCES)
		n = UniteReferences(&open, events, n, fault);
	if (n < 0)
		return NULL;

	TakeUsedKinds(&dictionary, open, events, n);
	TakeUsedLabels(&dictionary, open);
	SortKinds(&dictionary, open);
	numbers = (uint16 *) palloc(Max(open->kinds, 1) * sizeof(uint16));
	for (int i = 0; i < dictionary.n; i++)
		numbers[dictionary.kinds[i].number] = (uint16) i;
	result = MakeContacts(n, &dictionary);
	for (int i = 0; i < n; i++)
	{
		result->events[i] = events[i];
		result->events[i].packed = ICM_CONTACT_PACK(ICM_CONTACT_STATUS(&events[i]), numbers[ICM_CONTACT_KIND(&events[i])],
													ICM_CONTACT_EXPIRY(&events[i]));
	}
	IcmContactsSort(result->events, n);
	pfree(events);
	pfree(numbers);
	pfree(dictionary.kinds);
	pfree(dictionary.labels);
	if (open != (const IcmOpenContacts *) contacts)
		pfree((void *) open);
	return result;
}

IcmContacts *
IcmContactsKeep(const IcmContacts *contacts, const bool *keep)
{
	IcmOpenContacts *open;
	IcmContacts *result;
	int			i = 0;

	while (i < contacts->n && (keep[i] || IcmContactIsRecord(&contacts->events[i])))
		i++;
	if (i == contacts->n)
		return (IcmContacts *) contacts;
	open = IcmOpenAppendStored(IcmOpenMake(contacts->n), contacts, keep);
	result = IcmContactsClose((IcmContacts *) open);
	pfree(open);
	return result;
}
