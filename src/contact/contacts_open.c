/*
 * contacts_open.c
 *		Open contacts: soundness, room, labels and kinds, appending.
 *
 * See contacts_open.h for the form.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/flat.h"
#include "common/text.h"
#include "contact/contacts_open.h"

/* Room for so much to begin with. */
#define FIRST_SIZE 1024
#define FIRST_KINDS 16
#define FIRST_LABELS 16
#define FIRST_TEXTS 128

/* Twice what kinds can use: labels are taken before it is known whether there are too many kinds. */
#define LABEL_ROOM_MAX (2 * ICM_CONTACT_KINDS_MAX * ICM_CONTACT_LABELS)

#define OPEN_SIZE(n, kinds, labels, texts) \
	(offsetof(IcmOpenContacts, events) + (Size) (n) * sizeof(IcmContact) + (Size) (kinds) * sizeof(IcmOpenKind) + \
	 (Size) (labels) * sizeof(IcmOpenLabel) + (Size) (texts))

static inline Size
TextRoom(const IcmOpenContacts *open)
{
	return VARSIZE(open) - OPEN_SIZE(open->room, open->kind_room, open->label_room, 0);
}

/* ---- soundness ------------------------------------------------------------ */

static inline bool
IsPowerOfTwo(int n)
{
	return n > 0 && (n & (n - 1)) == 0;
}

/* Whether the labels and kinds of open contacts are, as IcmOpenIsSound has it. */
static bool
IsSoundDictionary(const IcmOpenContacts *open)
{
	const IcmOpenKind *kinds = IcmOpenKinds(open);
	const IcmOpenLabel *labels = IcmOpenLabels(open);

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
		length = (uint8) IcmOpenTexts(open)[labels[i].start];
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

bool
IcmOpenIsSound(const IcmOpenContacts *open)
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

/* ---- room ----------------------------------------------------------------- */

/*
 * Room for so many events, kinds and labels (powers of two), and bytes of texts
 * at least, in a chunk whose size is a power of two, as the allocator would
 * round it up to anyway: what that leaves is room for events. The room is
 * zeroed: an aggregate without a final function may store it.
 */
static IcmOpenContacts *
MakeOpen(int64 n, int kinds, int labels, Size texts)
{
	IcmOpenContacts *open;
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

IcmOpenContacts *
IcmOpenMake(int64 n)
{
	return MakeOpen(n, FIRST_KINDS, FIRST_LABELS, FIRST_TEXTS);
}

/* ---- labels and kinds ----------------------------------------------------- */

#define HASH_FACTOR UINT64CONST(0x9E3779B97F4A7C15)

/*
 * Where the number of the last label in the bucket of these bytes stands.
 * Labels are looked up four a row, and are short: hashed inline, eight bytes at
 * a time.
 */
static inline uint16 *
LabelBucket(const IcmOpenContacts *open, const char *bytes, int length)
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
	return &IcmOpenLabels(open)[(hash >> 40) & (open->label_room - 1)].bucket;
}

/* The same for a kind. */
static inline uint16 *
KindBucket(const IcmOpenContacts *open, const IcmContactKind *kind)
{
	uint64		labels,
				weight;
	uint64		hash;

	memcpy(&labels, kind->label, sizeof(labels));
	memcpy(&weight, &kind->weight, sizeof(weight));
	hash = ((labels * HASH_FACTOR) ^ weight) * HASH_FACTOR;
	return &IcmOpenKinds(open)[(hash >> 40) & (open->kind_room - 1)].bucket;
}

/* Put a label, whose text has its place, into its bucket. */
static void
LinkLabel(IcmOpenContacts *open, int number)
{
	IcmLabelText label = IcmGetOpenLabel(open, (uint16) number);
	uint16	   *bucket = LabelBucket(open, label.bytes, label.length);

	IcmOpenLabels(open)[number].next = *bucket;
	*bucket = (uint16) (number + 1);
}

static void
LinkKind(IcmOpenContacts *open, int number)
{
	uint16	   *bucket = KindBucket(open, &IcmOpenKinds(open)[number].kind);

	IcmOpenKinds(open)[number].next = *bucket;
	*bucket = (uint16) (number + 1);
}

/* The room to ask for where there are n events: one more at least, and no more than there may be if that will do. */
static int64
LargerRoom(int64 n, int64 wanted)
{
	return Max(Min(wanted, (int64) ICM_CONTACTS_MAX), n + 1);
}

/* The kinds and labels, with room for so much, but no events yet. */
static IcmOpenContacts *
CopyDictionary(const IcmOpenContacts *open, int64 n, int kinds, int labels, Size texts)
{
	IcmOpenContacts *copy = MakeOpen(n, kinds, labels, texts);

	copy->kinds = open->kinds;
	copy->labels = open->labels;
	copy->texts = open->texts;
	memcpy(IcmOpenTexts(copy), IcmOpenTexts(open), open->texts);
	for (int i = 0; i < open->labels; i++)
	{
		IcmOpenLabels(copy)[i].start = IcmOpenLabels(open)[i].start;
		LinkLabel(copy, i);
	}
	for (int i = 0; i < open->kinds; i++)
	{
		IcmOpenKinds(copy)[i].kind = IcmOpenKinds(open)[i].kind;
		LinkKind(copy, i);
	}
	return copy;
}

/* A copy with more room. */
static IcmOpenContacts *
Enlarge(const IcmOpenContacts *open, int64 n, int kinds, int labels, Size texts)
{
	IcmOpenContacts *larger = CopyDictionary(open, n, kinds, labels, texts);

	larger->flags = open->flags;
	larger->used = open->used;
	memcpy(larger->events, open->events, open->used * sizeof(IcmContact));
	return larger;
}

/*
 * The same for the sake of kinds or labels. Events keep not the room that they
 * have: that took what was left over, and would grow each time.
 */
static IcmOpenContacts *
EnlargeDictionary(const IcmOpenContacts *open, int kinds, int labels, Size texts)
{
	return Enlarge(open, LargerRoom(open->used, open->used + open->used / 2 + INT64CONST(1)), kinds, labels, texts);
}

/* The number of a label, which comes to be if there is none yet. The contacts may move. */
static uint16
TakeLabel(IcmOpenContacts **contacts, const char *bytes, int length)
{
	IcmOpenContacts *open = *contacts;
	const char *texts = IcmOpenTexts(open);
	const IcmOpenLabel *labels = IcmOpenLabels(open);
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
	IcmOpenLabels(open)[number].start = open->texts;
	place = IcmOpenTexts(open) + open->texts;
	*place = (char) length;
	memcpy(place + 1, bytes, length);
	open->texts += 1 + length;
	LinkLabel(open, number);
	return (uint16) number;
}

/* The number of a kind, -1 if there is none. */
static inline int
FindKind(const IcmOpenContacts *open, const IcmContactKind *kind)
{
	const IcmOpenKind *kinds = IcmOpenKinds(open);
	int			number = *KindBucket(open, kind) - 1;

	while (number >= 0 && memcmp(&kinds[number].kind, kind, sizeof(IcmContactKind)) != 0)
		number = kinds[number].next - 1;
	return number;
}

/* The same, but the kind comes to be if there is none; -1 if there are too many. */
static int
TakeKind(IcmOpenContacts **contacts, const IcmContactKind *kind)
{
	IcmOpenContacts *open = *contacts;
	int			number = FindKind(open, kind);

	if (likely(number >= 0))
		return number;

	if (open->kinds == ICM_CONTACT_KINDS_MAX)
		return -1;
	if (open->kinds == open->kind_room)
		open = EnlargeDictionary(open, 2 * open->kind_room, open->label_room, TextRoom(open));
	*contacts = open;
	number = open->kinds++;
	IcmOpenKinds(open)[number].kind = *kind;
	LinkKind(open, number);
	return number;
}

int
IcmOpenTakeKindInCopy(const IcmOpenContacts **open, IcmOpenContacts **copy, const IcmContactKind *kind)
{
	int			number = FindKind(*open, kind);

	if (number >= 0)
		return number;
	if (*copy == NULL)
		*copy = CopyDictionary(*open, 0, (*open)->kind_room, (*open)->label_room, TextRoom(*open));
	number = TakeKind(copy, kind);
	*open = *copy;
	return number;
}

/* ---- appending ------------------------------------------------------------ */

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

/* The contacts with room for an event more. */
static inline IcmOpenContacts *
MakeRoom(IcmOpenContacts *open)
{
	if (likely(open->used < open->room))
		return open;
	open->used = IcmOpenUniteEvents(open, open->events, open->used);
	if (open->used <= open->room / 2)
		return open;
	return Enlarge(open, LargerRoom(open->room, open->room * INT64CONST(2)), open->kind_room, open->label_room, TextRoom(open));
}

/* Append an event; there must be room. */
static inline void
AppendContact(IcmOpenContacts *open, const IcmContact *contact)
{
	if (contact->reference != ICM_CONTACT_NO_REFERENCE)
		open->flags |= ICM_CONTACTS_REFERENCES;
	open->events[open->used++] = *contact;
}

IcmContacts *
IcmContactsAppend(IcmContacts *contacts, const IcmContactEvent *event)
{
	IcmOpenContacts *open = contacts != NULL ? (IcmOpenContacts *) contacts : IcmOpenMake(1);
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

/*
 * Append events and records of other contacts; events that are not marked, if
 * any are, as records of themselves. Numbers are those that their kinds have
 * here.
 */
static IcmOpenContacts *
AppendEvents(IcmOpenContacts *open, const IcmContact *events, int n, const bool *keep, const uint16 *numbers)
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
TakeOtherKind(IcmOpenContacts **open, const IcmContactKind *other, const uint16 *labels)
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
static IcmOpenContacts *
AppendOpen(IcmOpenContacts *open, const IcmOpenContacts *other)
{
	uint16	   *labels = (uint16 *) palloc(Max(other->labels, 1) * sizeof(uint16));
	uint16	   *kinds = (uint16 *) palloc(Max(other->kinds, 1) * sizeof(uint16));

	for (int i = 0; i < other->labels; i++)
	{
		IcmLabelText label = IcmGetOpenLabel(other, (uint16) i);

		labels[i] = TakeLabel(&open, label.bytes, label.length);
	}
	for (int i = 0; i < other->kinds; i++)
		kinds[i] = TakeOtherKind(&open, &IcmOpenKinds(other)[i].kind, labels);
	open = AppendEvents(open, other->events, other->used, NULL, kinds);
	pfree(labels);
	pfree(kinds);
	return open;
}

IcmOpenContacts *
IcmOpenAppendStored(IcmOpenContacts *open, const IcmContacts *contacts, const bool *keep)
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

IcmOpenContacts *
IcmOpenAppendAll(IcmOpenContacts *open, const IcmContacts *contacts)
{
	return IcmContactsIsOpen(contacts) ? AppendOpen(open, (const IcmOpenContacts *) contacts) : IcmOpenAppendStored(open, contacts, NULL);
}
