/*
 * contacts_agg.c
 *		Building contacts: adding events, merging, the aggregates.
 *
 * An aggregate builds in open contacts, which are icm_contacts too, flagged
 * ICM_CONTACTS_OPEN: events in order of arrival, several perhaps of one
 * reference; kinds and labels in order of arrival too, found by hash tables; and
 * room for more of all. They are changed in place, so that a row costs no
 * allocation; room that is used up doubles. The type is the transition state,
 * not "internal", so that a distributed engine can ship it; everything that
 * reads contacts closes open ones first.
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

#include <math.h>

#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/aggregate.h"
#include "common/flat.h"
#include "common/text.h"
#include "contact/contacts.h"

/*
 * Labels and kinds in open contacts are each found by a hash table of as many
 * buckets as there is room for: bucket is the last one in the bucket that
 * stands here, next the one before this one in its bucket; from 1, and 0 for
 * none.
 */

/* A label: 8 bytes. */
typedef struct OpenLabel
{
	uint32		start;			/* in the texts, of its length (1 byte), then its bytes */
	uint16		next;
	uint16		bucket;
} OpenLabel;

/* A kind, with the numbers that its labels have here: 24 bytes. */
typedef struct OpenKind
{
	IcmContactKind kind;
	uint16		next;
	uint16		bucket;
	uint32		zero;			/* padding */
} OpenKind;

/* Events, then kinds, then labels, then the texts of labels; there is room behind each. */
typedef struct OpenContacts
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		flags;			/* ICM_CONTACTS_OPEN, perhaps CONTACTS_REFERENCES */
	uint16		zero;
	int32		used;			/* events in use */
	int32		room;			/* events that there is room for */
	uint16		kinds;			/* kinds in use */
	uint16		kind_room;		/* kinds that there is room for: a power of two */
	uint16		labels;			/* labels in use */
	uint16		label_room;		/* labels that there is room for: a power of two */
	uint32		texts;			/* bytes of texts in use */
	uint32		zero_too;
	IcmContact	events[FLEXIBLE_ARRAY_MEMBER];
} OpenContacts;

#define CONTACTS_REFERENCES 0x02	/* some event has a reference, or there is a record */

/* Room for so much to begin with. */
#define FIRST_SIZE 1024
#define FIRST_KINDS 16
#define FIRST_LABELS 16
#define FIRST_TEXTS 128

/* Twice what kinds can use: labels are taken before it is known whether there are too many kinds. */
#define LABEL_ROOM_MAX (2 * ICM_CONTACT_KINDS_MAX * ICM_CONTACT_LABELS)

#define OPEN_SIZE(n, kinds, labels, texts) \
	(offsetof(OpenContacts, events) + (Size) (n) * sizeof(IcmContact) + (Size) (kinds) * sizeof(OpenKind) + \
	 (Size) (labels) * sizeof(OpenLabel) + (Size) (texts))

/* ---- open contacts -------------------------------------------------------- */

static inline bool
IsOpen(const void *contacts)
{
	return (((const IcmContacts *) contacts)->flags & ICM_CONTACTS_OPEN) != 0;
}

static inline OpenKind *
OpenKinds(const OpenContacts *open)
{
	return (OpenKind *) &open->events[open->room];
}

static inline OpenLabel *
OpenLabels(const OpenContacts *open)
{
	return (OpenLabel *) (OpenKinds(open) + open->kind_room);
}

static inline char *
OpenTexts(const OpenContacts *open)
{
	return (char *) (OpenLabels(open) + open->label_room);
}

static inline Size
TextRoom(const OpenContacts *open)
{
	return VARSIZE(open) - OPEN_SIZE(open->room, open->kind_room, open->label_room, 0);
}

/* A label: not ended by a zero byte. */
typedef struct Label
{
	const char *bytes;
	int			length;			/* 0: none */
} Label;

/* The label of this number, which may be ICM_CONTACT_NO_LABEL. */
static inline Label
GetOpenLabel(const OpenContacts *open, uint16 number)
{
	Label		label = {NULL, 0};

	if (number != ICM_CONTACT_NO_LABEL)
	{
		const char *place = OpenTexts(open) + OpenLabels(open)[number].start;

		label.bytes = place + 1;
		label.length = (uint8) *place;
	}
	return label;
}

static inline bool
IsPowerOfTwo(int n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

/* Whether the labels and kinds of open contacts are, as IsSound has it. */
static bool
IsSoundDictionary(const OpenContacts *open)
{
	const OpenKind *kinds = OpenKinds(open);
	const OpenLabel *labels = OpenLabels(open);

	for (int i = 0; i < open->kind_room; i++)
		if (kinds[i].bucket > open->kinds)
			return false;
	for (int i = 0; i < open->label_room; i++)
		if (labels[i].bucket > open->labels)
			return false;
	for (int i = 0; i < open->labels; i++)
	{
		int			length;

		if (labels[i].next > i || labels[i].start >= open->texts)
			return false;
		length = (uint8) OpenTexts(open)[labels[i].start];
		if (length < 1 || length > ICM_NAME_MAX || (uint32) length >= open->texts - labels[i].start)
			return false;
	}
	for (int i = 0; i < open->kinds; i++)
	{
		if (kinds[i].next > i)
			return false;
		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			if (kinds[i].kind.label[label] >= open->labels && kinds[i].kind.label[label] != ICM_CONTACT_NO_LABEL)
				return false;
	}
	return true;
}

/* Whether open contacts from anywhere hold together: no use of them leaves them. */
static bool
IsSound(const OpenContacts *open)
{
	if (VARSIZE(open) < OPEN_SIZE(0, 0, 0, 0) || open->room < 0 || open->used < 0 || open->used > open->room ||
		!IsPowerOfTwo(open->kind_room) || open->kind_room > ICM_CONTACT_KINDS_MAX || open->kinds > open->kind_room ||
		!IsPowerOfTwo(open->label_room) || open->label_room > LABEL_ROOM_MAX || open->labels > open->label_room ||
		VARSIZE(open) < OPEN_SIZE(open->room, open->kind_room, open->label_room, 0) || open->texts > TextRoom(open) ||
		!IsSoundDictionary(open))
		return false;
	for (int i = 0; i < open->used; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!IcmContactIsSound(&open->events[i], open->kinds))
			return false;
	}
	return true;
}

/*
 * Room for so many events, kinds and labels (powers of two), and bytes of texts
 * at least, in a chunk whose size is a power of two, as the allocator would
 * round it up to anyway: what that leaves is room for events. The room is
 * zeroed: an aggregate without a final function may store it.
 */
static OpenContacts *
MakeOpen(int64 n, int kinds, int labels, Size texts)
{
	OpenContacts *open;
	Size		size = FIRST_SIZE;

	if (n > ICM_CONTACTS_MAX || OPEN_SIZE(n, kinds, labels, texts) > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("contacts are too many"),
				 errdetail("One customer has at most %d contacts.", ICM_CONTACTS_MAX)));
	while (size < OPEN_SIZE(n, kinds, labels, texts))
		size *= 2;
	size = Min(size, MaxAllocSize);

	open = IcmFlatMake(size, ICM_CONTACTS_VERSION);
	open->flags = ICM_CONTACTS_OPEN;
	open->room = (int32) ((size - OPEN_SIZE(0, kinds, labels, texts)) / sizeof(IcmContact));
	open->kind_room = (uint16) kinds;
	open->label_room = (uint16) labels;
	return open;
}

static OpenContacts *
MakeFirst(int64 n)
{
	return MakeOpen(n, FIRST_KINDS, FIRST_LABELS, FIRST_TEXTS);
}

#define HASH_FACTOR UINT64CONST(0x9E3779B97F4A7C15)

/*
 * Where the number of the last label in the bucket of these bytes stands.
 * Labels are looked up four a row, and are short: hashed inline, eight bytes at
 * a time.
 */
static inline uint16 *
LabelBucket(const OpenContacts *open, const char *bytes, int length)
{
	uint64		hash = (uint64) length;
	uint64		word = 0;

	for (int i = 0; i < length; i++)
	{
		word = word << 8 | (uint8) bytes[i];
		if (i % 8 == 7)
			hash = (hash ^ word) * HASH_FACTOR;
	}
	hash = (hash ^ word) * HASH_FACTOR;
	return &OpenLabels(open)[(hash >> 40) & (open->label_room - 1)].bucket;
}

/* The same for a kind. */
static inline uint16 *
KindBucket(const OpenContacts *open, const IcmContactKind *kind)
{
	uint64		labels,
				weight;
	uint64		hash;

	memcpy(&labels, kind->label, sizeof(labels));
	memcpy(&weight, &kind->weight, sizeof(weight));
	hash = ((labels * HASH_FACTOR) ^ weight) * HASH_FACTOR;
	return &OpenKinds(open)[(hash >> 40) & (open->kind_room - 1)].bucket;
}

/* Put a label, whose text has its place, into its bucket. */
static void
LinkLabel(OpenContacts *open, int number)
{
	Label		label = GetOpenLabel(open, (uint16) number);
	uint16	   *bucket = LabelBucket(open, label.bytes, label.length);

	OpenLabels(open)[number].next = *bucket;
	*bucket = (uint16) (number + 1);
}

static void
LinkKind(OpenContacts *open, int number)
{
	uint16	   *bucket = KindBucket(open, &OpenKinds(open)[number].kind);

	OpenKinds(open)[number].next = *bucket;
	*bucket = (uint16) (number + 1);
}

/* The room to ask for where there are n events: one more at least, and no more than there may be if that will do. */
static int64
LargerRoom(int64 n, int64 wanted)
{
	return Max(Min(wanted, (int64) ICM_CONTACTS_MAX), n + 1);
}

/* The kinds and labels, with room for so much, but no events yet. */
static OpenContacts *
CopyDictionary(const OpenContacts *open, int64 n, int kinds, int labels, Size texts)
{
	OpenContacts *copy = MakeOpen(n, kinds, labels, texts);

	copy->kinds = open->kinds;
	copy->labels = open->labels;
	copy->texts = open->texts;
	memcpy(OpenTexts(copy), OpenTexts(open), open->texts);
	for (int i = 0; i < open->labels; i++)
	{
		OpenLabels(copy)[i].start = OpenLabels(open)[i].start;
		LinkLabel(copy, i);
	}
	for (int i = 0; i < open->kinds; i++)
	{
		OpenKinds(copy)[i].kind = OpenKinds(open)[i].kind;
		LinkKind(copy, i);
	}
	return copy;
}

/* A copy with more room. */
static OpenContacts *
Enlarge(const OpenContacts *open, int64 n, int kinds, int labels, Size texts)
{
	OpenContacts *larger = CopyDictionary(open, n, kinds, labels, texts);

	larger->flags = open->flags;
	larger->used = open->used;
	memcpy(larger->events, open->events, open->used * sizeof(IcmContact));
	return larger;
}

/*
 * The same for the sake of kinds or labels. Events keep not the room that they
 * have: that took what was left over, and would grow each time.
 */
static OpenContacts *
EnlargeDictionary(const OpenContacts *open, int kinds, int labels, Size texts)
{
	return Enlarge(open, LargerRoom(open->used, open->used + open->used / 2 + INT64CONST(1)), kinds, labels, texts);
}

/* The number of a label, which comes to be if there is none yet. The contacts may move. */
static uint16
TakeLabel(OpenContacts **contacts, const char *bytes, int length)
{
	OpenContacts *open = *contacts;
	const char *texts = OpenTexts(open);
	const OpenLabel *labels = OpenLabels(open);
	int			number = *LabelBucket(open, bytes, length) - 1;
	char	   *place;

	while (number >= 0 && ((uint8) texts[labels[number].start] != length ||
						   memcmp(&texts[labels[number].start + 1], bytes, length) != 0))
		number = labels[number].next - 1;
	if (likely(number >= 0))
		return (uint16) number;

	if (open->labels == LABEL_ROOM_MAX)
		IcmContactsTooManyKinds();
	if (open->labels == open->label_room || open->texts + 1 + length > TextRoom(open))
		open = EnlargeDictionary(open, open->kind_room,
								 open->labels == open->label_room ? 2 * open->label_room : open->label_room,
								 open->texts + 1 + length > TextRoom(open) ? 2 * TextRoom(open) + length : TextRoom(open));
	*contacts = open;
	number = open->labels++;
	OpenLabels(open)[number].start = open->texts;
	place = OpenTexts(open) + open->texts;
	*place = (char) length;
	memcpy(place + 1, bytes, length);
	open->texts += 1 + length;
	LinkLabel(open, number);
	return (uint16) number;
}

/* The number of a kind, -1 if there is none. */
static inline int
FindKind(const OpenContacts *open, const IcmContactKind *kind)
{
	const OpenKind *kinds = OpenKinds(open);
	int			number = *KindBucket(open, kind) - 1;

	while (number >= 0 && memcmp(&kinds[number].kind, kind, sizeof(IcmContactKind)) != 0)
		number = kinds[number].next - 1;
	return number;
}

/* The same, but the kind comes to be if there is none; -1 if there are too many. */
static int
TakeKind(OpenContacts **contacts, const IcmContactKind *kind)
{
	OpenContacts *open = *contacts;
	int			number = FindKind(open, kind);

	if (likely(number >= 0))
		return number;

	if (open->kinds == ICM_CONTACT_KINDS_MAX)
		return -1;
	if (open->kinds == open->kind_room)
		open = EnlargeDictionary(open, 2 * open->kind_room, open->label_room, TextRoom(open));
	*contacts = open;
	number = open->kinds++;
	OpenKinds(open)[number].kind = *kind;
	LinkKind(open, number);
	return number;
}

/* Compare two kinds by what they are, whatever their numbers: weight, then of each label the length and the bytes. */
static int
CompareKinds(const OpenContacts *open, int a, int b)
{
	const IcmContactKind *x = &OpenKinds(open)[a].kind;
	const IcmContactKind *y = &OpenKinds(open)[b].kind;

	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		Label		x_label = GetOpenLabel(open, x->label[i]);
		Label		y_label = GetOpenLabel(open, y->label[i]);
		int			order = x_label.length - y_label.length;

		if (order == 0 && x_label.length > 0)
			order = memcmp(x_label.bytes, y_label.bytes, x_label.length);
		if (order != 0)
			return order;
	}
	return 0;
}

static inline bool
IsConsent(const IcmContact *contact)
{
	return ICM_CONTACT_STATUS(contact) >= ICM_CONTACT_OPTIN && !IcmContactIsRecord(contact);
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
	if (IsConsent(x) != IsConsent(y))
		return IsConsent(x) ? 1 : -1;
	if (!IsConsent(x))
		return ICM_CONTACT_KIND(x) - ICM_CONTACT_KIND(y);
	order = CompareLives(x, y);
	return order != 0 ? order : CompareKinds((const OpenContacts *) open, ICM_CONTACT_KIND(y), ICM_CONTACT_KIND(x));
}

/* Whether two are one: events of one reference that are both contacts or both consent, or records of one kind. */
static inline bool
IsSame(const IcmContact *a, const IcmContact *b)
{
	if (IcmContactIsRecord(a) != IcmContactIsRecord(b))
		return false;
	if (IcmContactIsRecord(a))
		return ICM_CONTACT_KIND(a) == ICM_CONTACT_KIND(b);
	return a->reference == b->reference && a->reference != ICM_CONTACT_NO_REFERENCE && IsConsent(a) == IsConsent(b);
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
	if (IsConsent(last))
		return true;			/* the one that stays stands first */
	if (ICM_CONTACT_KIND(last) != ICM_CONTACT_KIND(next))
		return false;
	if (IcmContactIsRecord(last))
		return AddRecord(last, next);
	UniteLives(last, next);
	return true;
}

/*
 * Make one of the contacts of each reference that are of one kind, of its
 * consent, and of the records of each kind; what is left of one reference or
 * kind are neighbours then. Returns how many events and records are left.
 */
static int
UniteEvents(const OpenContacts *open, IcmContact *events, int n)
{
	int			kept = 0;

	if (!(open->flags & CONTACTS_REFERENCES))
		return n;
	qsort_arg(events, n, sizeof(IcmContact), CompareReferences, (void *) open);
	for (int i = 0; i < n; i++)
		if (kept == 0 || !IsSame(&events[kept - 1], &events[i]) || !Unite(&events[kept - 1], &events[i]))
			events[kept++] = events[i];
	return kept;
}

/* The contacts with room for an event more. */
static inline OpenContacts *
MakeRoom(OpenContacts *open)
{
	if (likely(open->used < open->room))
		return open;
	open->used = UniteEvents(open, open->events, open->used);
	if (open->used <= open->room / 2)
		return open;
	return Enlarge(open, LargerRoom(open->room, open->room * INT64CONST(2)), open->kind_room, open->label_room, TextRoom(open));
}

/* Append an event; there must be room. */
static inline void
AppendContact(OpenContacts *open, const IcmContact *contact)
{
	if (contact->reference != ICM_CONTACT_NO_REFERENCE)
		open->flags |= CONTACTS_REFERENCES;
	open->events[open->used++] = *contact;
}

IcmContacts *
IcmContactsAppend(IcmContacts *contacts, const IcmContactEvent *event)
{
	OpenContacts *open = contacts != NULL ? (OpenContacts *) contacts : MakeFirst(1);
	IcmContactKind kind;
	IcmContact	contact;
	uint64		expiry;
	int			number;

	open = MakeRoom(open);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		kind.label[i] = event->length[i] == 0 ? ICM_CONTACT_NO_LABEL : TakeLabel(&open, event->label[i], event->length[i]);
	kind.weight = event->weight;
	number = TakeKind(&open, &kind);
	if (number < 0)
		return NULL;
	if (!IcmContactPackExpiry(event->at, event->expires, &expiry))
		elog(ERROR, "expiry is out of range");
	contact.at = event->at;
	contact.reference = event->reference;
	contact.packed = ICM_CONTACT_PACK(event->status, number, expiry);
	AppendContact(open, &contact);
	return (IcmContacts *) open;
}

static const IcmContactsFault too_many_kinds = {
	ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	"too many kinds of contact",
	ICM_CONTACTS_TOO_MANY_KINDS,
	"Label contacts with what policies name: a category such as newsletter, not the single mailing."
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

/*
 * Append events and records of other contacts; events that are not marked, if
 * any are, as records of themselves. Numbers are those that their kinds have
 * here.
 */
static OpenContacts *
AppendEvents(OpenContacts *open, const IcmContact *events, int n, const bool *keep, const uint16 *numbers)
{
	for (int i = 0; i < n; i++)
	{
		IcmContact	contact = events[i];

		CHECK_FOR_INTERRUPTS();
		if (keep != NULL && !keep[i] && !IcmContactIsRecord(&contact))
		{
			contact.reference = 1;
			contact.packed = ICM_CONTACT_PACK(ICM_CONTACT_PRUNED, ICM_CONTACT_KIND(&contact), ICM_CONTACT_NEVER);
		}
		contact.packed = ICM_CONTACT_PACK(ICM_CONTACT_STATUS(&contact), numbers[ICM_CONTACT_KIND(&contact)],
										  ICM_CONTACT_EXPIRY(&contact));
		open = MakeRoom(open);
		AppendContact(open, &contact);
	}
	return open;
}

/* The number that a kind has here, of other contacts whose labels have these numbers here. */
static uint16
TakeOtherKind(OpenContacts **open, const IcmContactKind *other, const uint16 *labels)
{
	IcmContactKind kind = *other;
	int			number;

	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		if (kind.label[i] != ICM_CONTACT_NO_LABEL)
			kind.label[i] = labels[kind.label[i]];
	number = TakeKind(open, &kind);
	if (number < 0)
		IcmContactsTooManyKinds();
	return (uint16) number;
}

/* Append other open contacts. */
static OpenContacts *
AppendOpen(OpenContacts *open, const OpenContacts *other)
{
	uint16	   *labels = (uint16 *) palloc(Max(other->labels, 1) * sizeof(uint16));
	uint16	   *kinds = (uint16 *) palloc(Max(other->kinds, 1) * sizeof(uint16));

	for (int i = 0; i < other->labels; i++)
	{
		Label		label = GetOpenLabel(other, (uint16) i);

		labels[i] = TakeLabel(&open, label.bytes, label.length);
	}
	for (int i = 0; i < other->kinds; i++)
		kinds[i] = TakeOtherKind(&open, &OpenKinds(other)[i].kind, labels);
	open = AppendEvents(open, other->events, other->used, NULL, kinds);
	pfree(labels);
	pfree(kinds);
	return open;
}

/* Append stored contacts; keep is as of AppendEvents. */
static OpenContacts *
AppendStored(OpenContacts *open, const IcmContacts *contacts, const bool *keep)
{
	uint16	   *labels = (uint16 *) palloc(Max(contacts->labels, 1) * sizeof(uint16));
	uint16	   *kinds = (uint16 *) palloc(Max(contacts->kinds, 1) * sizeof(uint16));

	for (int i = 0; i < contacts->labels; i++)
	{
		const char *label = IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i];
		Size		length = strlen(label);

		if (length < 1 || length > ICM_NAME_MAX)
			IcmFlatCorrupt("icm_contacts");
		labels[i] = TakeLabel(&open, label, (int) length);
	}
	for (int i = 0; i < contacts->kinds; i++)
		kinds[i] = TakeOtherKind(&open, &IcmContactsKinds(contacts)[i], labels);
	open = AppendEvents(open, contacts->events, contacts->n, keep, kinds);
	pfree(labels);
	pfree(kinds);
	return open;
}

static OpenContacts *
AppendAll(OpenContacts *open, const IcmContacts *contacts)
{
	return IsOpen(contacts) ? AppendOpen(open, (const OpenContacts *) contacts) : AppendStored(open, contacts, NULL);
}

/* ---- closing -------------------------------------------------------------- */

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

/* A label on its way to the stored form. */
typedef struct UsedLabel
{
	Label		label;
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
	const Label *x = &((const UsedLabel *) a)->label;
	const Label *y = &((const UsedLabel *) b)->label;
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
TakeUsedKinds(Dictionary *dictionary, const OpenContacts *open, const IcmContact *events, int n)
{
	bool	   *used = (bool *) palloc0(Max(open->kinds, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
		used[ICM_CONTACT_KIND(&events[i])] = true;
	dictionary->kinds = (UsedKind *) palloc(Max(open->kinds, 1) * sizeof(UsedKind));
	for (int i = 0; i < open->kinds; i++)
		if (used[i])
		{
			UsedKind   *kind = &dictionary->kinds[dictionary->n++];

			kind->kind = OpenKinds(open)[i].kind;
			kind->number = i;
		}
	pfree(used);
}

/* Take the labels of these kinds, and sort them. */
static void
TakeUsedLabels(Dictionary *dictionary, const OpenContacts *open)
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

			label->label = GetOpenLabel(open, (uint16) i);
			label->number = i;
			dictionary->text_size += label->label.length + 1;
		}
	qsort(dictionary->labels, dictionary->label_n, sizeof(UsedLabel), CompareUsedLabels);
	pfree(used);
}

/* Give the kinds the numbers that their labels have in the stored form, and sort them. */
static void
SortKinds(Dictionary *dictionary, const OpenContacts *open)
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
		const Label *label = &dictionary->labels[i].label;

		IcmContactsStarts(contacts)[i] = start;
		memcpy(IcmContactsTexts(contacts) + start, label->bytes, label->length);
		start += label->length + 1;
	}
	return contacts;
}

static const char *const label_names[ICM_CONTACT_LABELS] = {"channel", "department", "brand", "category"};

static const IcmContactsFault too_many_pruned = {
	ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	"number of pruned contacts is out of range",
	"The number of those of one combination of labels and weight is at most 9223372036854775807.",
	NULL
};

/* The fault that contacts of one reference differ in a label; the labels in one order, whatever that of the events. */
static void
SetClash(IcmContactsFault *fault, int64 reference, int label, Label a, Label b)
{
	int			order = memcmp(a.bytes, b.bytes, Min(a.length, b.length));
	Label		first = order < 0 || (order == 0 && a.length < b.length) ? a : b;
	Label		second = first.bytes == a.bytes ? b : a;

	fault->sqlstate = ERRCODE_UNIQUE_VIOLATION;
	fault->message = "a reference is used for two contacts";
	fault->detail = psprintf("Reference " INT64_FORMAT " is that of contacts of %s \"%s\" and of %s \"%s\".", reference,
							 label_names[label], pnstrdup(first.bytes, first.length),
							 label_names[label], pnstrdup(second.bytes, second.length));
	fault->hint = "References must be unique over all sources of one customer's contacts: prefix those of each source, or take them from one sequence.";
}

/*
 * The kind of the contacts of two kinds that have this reference: the labels of
 * both, the larger weight. False, and why, if they differ in a label.
 */
static bool
UniteKinds(const OpenContacts *open, int a, int b, int64 reference, IcmContactKind *kind, IcmContactsFault *fault)
{
	const IcmContactKind *other = &OpenKinds(open)[b].kind;

	*kind = OpenKinds(open)[a].kind;
	kind->weight = Max(kind->weight, other->weight);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		if (kind->label[i] == ICM_CONTACT_NO_LABEL)
			kind->label[i] = other->label[i];
		else if (other->label[i] != ICM_CONTACT_NO_LABEL && other->label[i] != kind->label[i])
		{
			SetClash(fault, reference, i, GetOpenLabel(open, kind->label[i]), GetOpenLabel(open, other->label[i]));
			return false;
		}
	}
	return true;
}

/*
 * Make of the contacts of each reference one event, after UniteEvents. Their
 * kind may be one that is not there yet: it comes to be in a copy of the kinds
 * and labels, which *open becomes. Returns how many events are left; -1, and
 * why, if some do not go together.
 */
static int
UniteReferences(const OpenContacts **open, IcmContact *events, int n, IcmContactsFault *fault)
{
	OpenContacts *copy = NULL;
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
		number = FindKind(*open, &kind);
		if (number < 0)
		{
			if (copy == NULL)
				copy = CopyDictionary(*open, 0, (*open)->kind_room, (*open)->label_room, TextRoom(*open));
			number = TakeKind(&copy, &kind);
			*open = copy;
		}
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
	const OpenContacts *open = (const OpenContacts *) contacts;
	IcmContacts *result;
	IcmContact *events;
	Dictionary	dictionary = {0};
	uint16	   *numbers;
	int			n;

	if (!IsSound(open))
		IcmFlatCorrupt("icm_contacts");
	events = (IcmContact *) palloc(Max(open->used, 1) * sizeof(IcmContact));
	memcpy(events, open->events, open->used * sizeof(IcmContact));
	n = UniteEvents(open, events, open->used);
	if (open->flags & CONTACTS_REFERENCES)
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
	if (open != (const OpenContacts *) contacts)
		pfree((void *) open);
	return result;
}

IcmContacts *
IcmContactsKeep(const IcmContacts *contacts, const bool *keep)
{
	OpenContacts *open;
	IcmContacts *result;
	int			i = 0;

	while (i < contacts->n && (keep[i] || IcmContactIsRecord(&contacts->events[i])))
		i++;
	if (i == contacts->n)
		return (IcmContacts *) contacts;
	open = AppendStored(MakeFirst(contacts->n), contacts, keep);
	result = IcmContactsClose((IcmContacts *) open);
	pfree(open);
	return result;
}

/* ---- events as arguments -------------------------------------------------- */

bool
IcmContactPackExpiry(TimestampTz at, TimestampTz expires, uint64 *expiry)
{
	int64		distance;

	*expiry = ICM_CONTACT_NEVER;
	if (expires == DT_NOEND)
		return true;
	if (pg_sub_s64_overflow(expires, at, &distance) ||
		distance < -ICM_CONTACT_EXPIRY_BIAS || distance >= ICM_CONTACT_EXPIRY_BIAS - 1)
		return false;
	*expiry = (uint64) (distance + ICM_CONTACT_EXPIRY_BIAS);
	return true;
}

/* The status in an argument that is not null. */
static IcmContactStatus
GetStatus(FunctionCallInfo fcinfo, int arg)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);
	IcmContactStatus status;

	if (VARSIZE_ANY_EXHDR(name) == 0 || !IcmContactFindStatus(VARDATA_ANY(name), (int) VARSIZE_ANY_EXHDR(name), &status))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown status of a contact"),
				 errdetail("The status given is \"%s\".", text_to_cstring(name)),
				 errhint("The statuses are " ICM_CONTACT_STATUS_LIST ".")));
	return status;
}

const char *
IcmGetContactLabel(FunctionCallInfo fcinfo, int arg, IcmContactLabel label, int *length)
{
	text	   *value;

	*length = 0;
	if (PG_ARGISNULL(arg))
		return NULL;
	value = PG_GETARG_TEXT_PP(arg);
	*length = (int) VARSIZE_ANY_EXHDR(value);
	if (unlikely(*length == 0 || *length > ICM_NAME_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a contact must be of 1 to %d bytes", label_names[label], ICM_NAME_MAX),
				 errdetail("The %s given has %d bytes.", label_names[label], *length),
				 *length == 0 && label != ICM_CONTACT_CHANNEL ?
				 errhint("The %s may be NULL: use nullif(%s, '').", label_names[label], label_names[label]) : 0));
	return VARDATA_ANY(value);
}

static double
GetWeight(FunctionCallInfo fcinfo, int arg)
{
	double		weight;

	if (PG_ARGISNULL(arg))
		return 1.0;
	weight = PG_GETARG_FLOAT8(arg);
	if (unlikely(!(weight >= 0.0 && weight <= ICM_CONTACT_WEIGHT_MAX)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight of a contact must be a number from 0 to 1e100"),
				 errdetail("The weight given is %g.", weight)));
	return weight + 0.0;		/* no negative zero: equal values, equal bytes */
}

static int64
GetReference(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		return ICM_CONTACT_NO_REFERENCE;
	if (unlikely(PG_GETARG_INT64(arg) == ICM_CONTACT_NO_REFERENCE))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("reference of a contact is out of range"),
				 errdetail("It is from -9223372036854775807 to 9223372036854775807.")));
	return PG_GETARG_INT64(arg);
}

/* When a reservation of this moment expires; infinity: never. */
static TimestampTz
GetExpires(FunctionCallInfo fcinfo, int arg, TimestampTz at)
{
	TimestampTz expires;
	uint64		expiry;

	if (PG_ARGISNULL(arg))
		return DT_NOEND;
	expires = PG_GETARG_TIMESTAMPTZ(arg);
	if (unlikely(TIMESTAMP_IS_NOBEGIN(expires) || !IcmContactPackExpiry(at, expires, &expiry)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("expiry of a reservation is out of range"),
				 errdetail("It is within 1628 days of the contact; the contact is at %s, the expiry at %s.",
						   pstrdup(timestamptz_to_str(at)), pstrdup(timestamptz_to_str(expires))),
				 errhint("A reservation whose expiry is NULL or infinity never expires.")));
	return expires;
}

/*
 * The event in the arguments from 1 on: at, channel, department, brand,
 * category, status and perhaps weight, reference, expires. False if neither
 * time nor status is given: there was none.
 */
static bool
GetEvent(FunctionCallInfo fcinfo, IcmContactEvent *event)
{
	bool		all = PG_NARGS() > 7;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(6))
		return false;
	if (PG_ARGISNULL(1) || PG_ARGISNULL(6))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a contact must not be null", PG_ARGISNULL(1) ? "time" : "status"),
				 errhint("A row in which both time and status are null is left out.")));
	event->at = PG_GETARG_TIMESTAMPTZ(1);
	if (unlikely(TIMESTAMP_NOT_FINITE(event->at)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time of a contact must be finite"),
				 errdetail("The time given is %s.", timestamptz_to_str(event->at))));
	event->status = GetStatus(fcinfo, 6);
	for (int label = 0; label < ICM_CONTACT_LABELS; label++)
		event->label[label] = IcmGetContactLabel(fcinfo, 2 + label, label, &event->length[label]);
	if (PG_ARGISNULL(2) && !(ICM_CONTACT_ANY_CHANNEL & (1 << event->status)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("channel of a contact must not be null"),
				 errdetail("The status is %s.", IcmContactStatusNames[event->status]),
				 errhint("Only refused, complaint, optin and optout may be about all channels.")));
	event->weight = all ? GetWeight(fcinfo, 7) : 1.0;
	event->reference = all ? GetReference(fcinfo, 8) : ICM_CONTACT_NO_REFERENCE;
	event->expires = all && event->status == ICM_CONTACT_RESERVED ? GetExpires(fcinfo, 9, event->at) : DT_NOEND;
	return true;
}

/* ---- support functions ---------------------------------------------------- */

/*
 * The transition state in the first argument, to be changed in place: an
 * aggregate passes it, and it was made open by this file. Else NULL.
 */
static inline IcmContacts *
GetTransitionState(FunctionCallInfo fcinfo)
{
	void	   *state = PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(0) || !VARATT_IS_4B_U(state) || !IsOpen(state) || !AggCheckCallContext(fcinfo, NULL))
		return NULL;
	return (IcmContacts *) state;
}

/* The argument as it came, open or stored, but checked. */
static IcmContacts *
GetEither(Datum datum)
{
	IcmContacts *contacts = IcmFlatGet(datum, ICM_CONTACTS_SIZE(0, 0, 0), ICM_CONTACTS_VERSION, "icm_contacts");

	if (!IsOpen(contacts))
		return IcmContactsGet(PointerGetDatum(contacts));
	if (!IsSound((OpenContacts *) contacts))
		IcmFlatCorrupt("icm_contacts");
	return contacts;
}

/* An open copy of the first argument. */
static OpenContacts *
CopyOpen(FunctionCallInfo fcinfo)
{
	OpenContacts *open = MakeFirst(1);

	return PG_ARGISNULL(0) ? open : AppendAll(open, GetEither(PG_GETARG_DATUM(0)));
}

/* A copy that was added to: an aggregate goes on with it open. */
static Datum
ReturnCopy(FunctionCallInfo fcinfo, const void *open)
{
	if (AggCheckCallContext(fcinfo, NULL))
		PG_RETURN_POINTER(open);
	PG_RETURN_POINTER(IcmContactsClose((const IcmContacts *) open));
}

/* icm_contacts_add(icm_contacts, at, channel, ...); transition function too */
PG_FUNCTION_INFO_V1(icm_contacts_add);
Datum
icm_contacts_add(PG_FUNCTION_ARGS)
{
	IcmContacts *state;
	IcmContacts *result;
	IcmContactEvent event;

	if (!GetEvent(fcinfo, &event))
		return IcmReturnState(fcinfo);
	state = GetTransitionState(fcinfo);
	result = IcmContactsAppend(state != NULL ? state : (IcmContacts *) CopyOpen(fcinfo), &event);
	if (result == NULL)
		IcmContactsTooManyKinds();
	if (state != NULL)
		PG_RETURN_POINTER(result);
	return ReturnCopy(fcinfo, result);
}

/* icm_contacts_merge(icm_contacts, icm_contacts): combine function, and icm_rollup's transition */
PG_FUNCTION_INFO_V1(icm_contacts_merge);
Datum
icm_contacts_merge(PG_FUNCTION_ARGS)
{
	IcmContacts *state = GetTransitionState(fcinfo);
	const IcmContacts *other;

	if (PG_ARGISNULL(1))
		return IcmReturnState(fcinfo);
	other = GetEither(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	if (state != NULL)
		PG_RETURN_POINTER(AppendAll((OpenContacts *) state, other));
	return ReturnCopy(fcinfo, AppendAll(CopyOpen(fcinfo), other));
}

/* the stored form of the transition state */
PG_FUNCTION_INFO_V1(icm_contacts_final);
Datum
icm_contacts_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_CONTACTS(0));
}

/* ---- what becomes of a contact -------------------------------------------- */

/* ERROR unless the status may come after that of the contact. */
static void
CheckAdvance(const IcmContacts *contacts, const IcmContact *contact, IcmContactStatus status)
{
	IcmContactStatus before = ICM_CONTACT_STATUS(contact);
	const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(contact)];

	if (status < before)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("status of a contact cannot go back"),
				 errdetail("Contact " INT64_FORMAT " is %s; the status given is %s.",
						   contact->reference, IcmContactStatusNames[before], IcmContactStatusNames[status]),
				 errhint("In the order of life the statuses are reserved, cancelled, sent, bounced, delivered, refused, responded and complaint.")));
	if (status >= ICM_CONTACT_OPTIN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a contact cannot become consent"),
				 errdetail("Contact " INT64_FORMAT " is %s; the status given is %s.",
						   contact->reference, IcmContactStatusNames[before], IcmContactStatusNames[status]),
				 errhint("Consent is an event of its own: add it with icm_contacts_add.")));
	if (kind->label[ICM_CONTACT_CHANNEL] == ICM_CONTACT_NO_LABEL && !(ICM_CONTACT_ANY_CHANNEL & (1 << status)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a contact without a channel cannot become %s", IcmContactStatusNames[status]),
				 errdetail("Contact " INT64_FORMAT " is %s.", contact->reference, IcmContactStatusNames[before])));
}

static bool
HasRecord(const IcmContacts *contacts)
{
	for (int i = 0; i < contacts->n; i++)
		if (IcmContactIsRecord(&contacts->events[i]))
			return true;
	return false;
}

/* The contact of a reference, or else its consent; -1 if there is neither. */
static int
FindReference(const IcmContacts *contacts, int64 reference)
{
	int			consent = -1;

	if (reference == ICM_CONTACT_NO_REFERENCE)
		return -1;
	for (int i = 0; i < contacts->n; i++)
	{
		if (contacts->events[i].reference != reference || IcmContactIsRecord(&contacts->events[i]))
			continue;
		if (!IsConsent(&contacts->events[i]))
			return i;
		consent = i;
	}
	return consent;
}

/* icm_contacts_set_status(icm_contacts, reference, status) */
PG_FUNCTION_INFO_V1(icm_contacts_set_status);
Datum
icm_contacts_set_status(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	int64		reference = PG_GETARG_INT64(1);
	IcmContactStatus status = GetStatus(fcinfo, 2);
	IcmContacts *result;
	int			i = FindReference(contacts, reference);

	if (i < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no contact has this reference"),
				 errdetail("The reference given is " INT64_FORMAT ".", reference),
				 HasRecord(contacts) ? errhint("It may have been pruned: icm_contacts_pruned says what was.") : 0));
	if (ICM_CONTACT_STATUS(&contacts->events[i]) == status)
		PG_RETURN_POINTER(contacts);
	CheckAdvance(contacts, &contacts->events[i], status);

	result = (IcmContacts *) palloc(VARSIZE(contacts));
	memcpy(result, contacts, VARSIZE(contacts));
	result->events[i].packed = ICM_CONTACT_PACK(status, ICM_CONTACT_KIND(&contacts->events[i]), ICM_CONTACT_NEVER);
	IcmContactsSort(result->events, result->n);
	PG_RETURN_POINTER(result);
}
