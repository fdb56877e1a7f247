/*
 * contacts_agg.c
 *		Building contacts: adding events, merging, the aggregates.
 *
 * An aggregate builds in open contacts, which are icm_contacts too, flagged
 * ICM_CONTACTS_OPEN: events in order of arrival, several perhaps of one
 * reference; kinds in order of arrival too, found by a hash table; and room for
 * more of both. They are changed in place, so that a row costs no allocation;
 * room that is used up doubles. The type is the transition state, not
 * "internal", so that a distributed engine can ship it; everything that reads
 * contacts closes open ones first.
 *
 * Closing sorts, and keeps of the events of one reference the one that is
 * furthest in life. That is a maximum in one fixed order of all events, so
 * neither the order of arrival, nor how often an event arrives, nor the
 * partition over parallel workers changes a bit of the result.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/aggregate.h"
#include "common/flat.h"
#include "common/text.h"
#include "contact/contacts.h"

/* Of an event: weight, then for each label its length and its bytes. */
#define KEY_MAX (sizeof(double) + ICM_CONTACT_LABELS * (1 + ICM_NAME_MAX))

/* A kind in open contacts, and one bucket of the hash table of kinds, which has as many: 16 bytes. */
typedef struct OpenKind
{
	uint32		hash;			/* of the key */
	uint32		start;			/* of the key */
	uint16		length;			/* of the key */
	uint16		next;			/* kind before this one in its bucket, from 1; 0: none */
	uint16		bucket;			/* last kind in the bucket that stands here, from 1; 0: none */
	uint16		zero;			/* padding */
} OpenKind;

/* Events, then kinds, then the keys of kinds; there is room behind each. */
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
	uint32		keys;			/* bytes of keys in use */
	IcmContact	events[FLEXIBLE_ARRAY_MEMBER];
} OpenContacts;

#define CONTACTS_REFERENCES 0x02	/* some event has a reference */

#define FIRST_SIZE 512
#define FIRST_KINDS 4
#define FIRST_KEYS 128

#define OPEN_SIZE(n, kinds, keys) \
	(offsetof(OpenContacts, events) + (Size) (n) * sizeof(IcmContact) + (Size) (kinds) * sizeof(OpenKind) + (Size) (keys))

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

static inline char *
OpenKeys(const OpenContacts *open)
{
	return (char *) (OpenKinds(open) + open->kind_room);
}

static inline Size
KeyRoom(const OpenContacts *open)
{
	return VARSIZE(open) - OPEN_SIZE(open->room, open->kind_room, 0);
}

/* Whether open contacts from anywhere hold together: no use of them leaves them. */
static bool
IsSound(const OpenContacts *open)
{
	const OpenKind *kinds;

	if (VARSIZE(open) < OPEN_SIZE(0, 0, 0) || open->room < 0 || open->used < 0 || open->used > open->room ||
		open->kind_room < 1 || open->kind_room > ICM_CONTACT_KINDS_MAX ||
		(open->kind_room & (open->kind_room - 1)) != 0 || open->kinds > open->kind_room ||
		VARSIZE(open) < OPEN_SIZE(open->room, open->kind_room, 0) || open->keys > KeyRoom(open))
		return false;
	kinds = OpenKinds(open);
	for (int i = 0; i < open->kind_room; i++)
		if (kinds[i].bucket > open->kinds)
			return false;
	for (int i = 0; i < open->kinds; i++)
	{
		const char *key = OpenKeys(open) + kinds[i].start;
		Size		length = sizeof(double);

		if (kinds[i].next > i || kinds[i].start > open->keys || kinds[i].length > open->keys - kinds[i].start)
			return false;
		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
		{
			if (length >= kinds[i].length)
				return false;
			length += 1 + (uint8) key[length];
		}
		if (length != kinds[i].length || length > KEY_MAX)
			return false;
	}
	for (int i = 0; i < open->used; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (ICM_CONTACT_KIND(&open->events[i]) >= open->kinds)
			return false;
	}
	return true;
}

/*
 * Room for so many events, kinds (a power of two) and bytes of keys at least,
 * in a chunk whose size is a power of two, as the allocator would round it up
 * to anyway: what that leaves is room for events. The room is zeroed: an
 * aggregate without a final function may store it.
 */
static OpenContacts *
MakeOpen(int64 n, int kinds, Size keys)
{
	OpenContacts *open;
	Size		size = FIRST_SIZE;

	if (n > ICM_CONTACTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("contacts are too many"),
				 errdetail("One customer has at most %d contacts.", ICM_CONTACTS_MAX)));
	while (size < OPEN_SIZE(n, kinds, keys))
		size *= 2;
	size = Min(size, MaxAllocSize);

	open = IcmFlatMake(size, ICM_CONTACTS_VERSION);
	open->flags = ICM_CONTACTS_OPEN;
	open->room = (int32) ((size - OPEN_SIZE(0, kinds, keys)) / sizeof(IcmContact));
	open->kind_room = (uint16) kinds;
	return open;
}

/* Put a kind, whose key has its place, into its bucket. */
static void
LinkKind(OpenContacts *open, int kind)
{
	OpenKind   *kinds = OpenKinds(open);
	OpenKind   *home = &kinds[kinds[kind].hash & (open->kind_room - 1)];

	kinds[kind].next = home->bucket;
	home->bucket = (uint16) (kind + 1);
}

/* The room to ask for where there are n events: one more at least, and no more than there may be if that will do. */
static int64
LargerRoom(int64 n, int64 wanted)
{
	return Max(Min(wanted, (int64) ICM_CONTACTS_MAX), n + 1);
}

/* A copy with more room. */
static OpenContacts *
Enlarge(const OpenContacts *open, int64 n, int kinds, Size keys)
{
	OpenContacts *larger = MakeOpen(n, kinds, keys);

	larger->flags = open->flags;
	larger->used = open->used;
	larger->kinds = open->kinds;
	larger->keys = open->keys;
	memcpy(larger->events, open->events, open->used * sizeof(IcmContact));
	memcpy(OpenKeys(larger), OpenKeys(open), open->keys);
	for (int i = 0; i < open->kinds; i++)
	{
		OpenKind   *to = &OpenKinds(larger)[i];
		const OpenKind *from = &OpenKinds(open)[i];

		to->hash = from->hash;
		to->start = from->start;
		to->length = from->length;
		LinkKind(larger, i);
	}
	return larger;
}

/* The kind with this key; -1 if there is none yet. */
static inline int
FindKind(const OpenContacts *open, const char *key, int length, uint32 hash)
{
	const OpenKind *kinds = OpenKinds(open);
	int			kind = kinds[hash & (open->kind_room - 1)].bucket - 1;

	while (kind >= 0 && (kinds[kind].hash != hash || kinds[kind].length != length ||
						 memcmp(OpenKeys(open) + kinds[kind].start, key, length) != 0))
		kind = kinds[kind].next - 1;
	return kind;
}

/*
 * The kind with this key, which comes to be if it is none yet; -1 if there are
 * too many. The contacts may move.
 */
static int
GetKind(OpenContacts **contacts, const char *key, int length)
{
	OpenContacts *open = *contacts;
	uint32		hash = hash_bytes((const unsigned char *) key, length);
	int			kind = FindKind(open, key, length, hash);
	OpenKind   *new;

	if (likely(kind >= 0))
		return kind;

	if (open->kinds == ICM_CONTACT_KINDS_MAX)
		return -1;
	if (open->kinds == open->kind_room || open->keys + length > KeyRoom(open))
	{
		bool		more_kinds = open->kinds == open->kind_room;
		bool		more_keys = open->keys + length > KeyRoom(open);

		/* not the room for events as it is: that took what was left over, and would grow each time */
		open = Enlarge(open, LargerRoom(open->used, open->used + open->used / 2 + INT64CONST(1)),
					   open->kind_room * (more_kinds ? 2 : 1),
					   more_keys ? 2 * KeyRoom(open) + length : KeyRoom(open));
	}
	*contacts = open;
	kind = open->kinds++;
	new = &OpenKinds(open)[kind];
	new->hash = hash;
	new->start = open->keys;
	new->length = (uint16) length;
	memcpy(OpenKeys(open) + open->keys, key, length);
	open->keys += length;
	LinkKind(open, kind);
	return kind;
}

/* Write the key of what an event is labelled with; returns its length. */
static inline int
WriteKey(char *key, const IcmContactEvent *event)
{
	char	   *at = key;

	memcpy(at, &event->weight, sizeof(double));
	at += sizeof(double);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		*at++ = (char) event->length[i];
		if (event->length[i] > 0)
			memcpy(at, event->label[i], event->length[i]);
		at += event->length[i];
	}
	return (int) (at - key);
}

/* Compare two kinds by what they are, whatever their numbers. */
static int
CompareKinds(const OpenContacts *open, int a, int b)
{
	const OpenKind *x = &OpenKinds(open)[a];
	const OpenKind *y = &OpenKinds(open)[b];
	const char *x_key = OpenKeys(open) + x->start;
	const char *y_key = OpenKeys(open) + y->start;
	double		x_weight,
				y_weight;
	int			order;

	memcpy(&x_weight, x_key, sizeof(double));
	memcpy(&y_weight, y_key, sizeof(double));
	if (x_weight != y_weight)
		return x_weight < y_weight ? -1 : 1;
	order = memcmp(x_key + sizeof(double), y_key + sizeof(double), Min(x->length, y->length) - sizeof(double));
	return order != 0 ? order : (int) x->length - (int) y->length;
}

/*
 * By reference; of one reference the furthest in life first, then the one that
 * expires last, the latest, and at last by kind, so that equal is equal.
 */
static int
CompareReferences(const void *a, const void *b, void *open)
{
	const IcmContact *x = (const IcmContact *) a;
	const IcmContact *y = (const IcmContact *) b;

	CHECK_FOR_INTERRUPTS();
	if (x->reference != y->reference)
		return x->reference < y->reference ? -1 : 1;
	if (ICM_CONTACT_STATUS(x) != ICM_CONTACT_STATUS(y))
		return ICM_CONTACT_STATUS(x) > ICM_CONTACT_STATUS(y) ? -1 : 1;
	if (IcmContactExpires(x) != IcmContactExpires(y))
		return IcmContactExpires(x) > IcmContactExpires(y) ? -1 : 1;
	if (x->at != y->at)
		return x->at > y->at ? -1 : 1;
	return CompareKinds((const OpenContacts *) open, ICM_CONTACT_KIND(y), ICM_CONTACT_KIND(x));
}

/* Keep of each reference one event; returns how many events are left. */
static int
KeepFurthest(const OpenContacts *open, IcmContact *events, int n)
{
	int			kept = 0;

	if (!(open->flags & CONTACTS_REFERENCES))
		return n;
	qsort_arg(events, n, sizeof(IcmContact), CompareReferences, (void *) open);
	for (int i = 0; i < n; i++)
		if (kept == 0 || events[i].reference == ICM_CONTACT_NO_REFERENCE ||
			events[i].reference != events[kept - 1].reference)
			events[kept++] = events[i];
	return kept;
}

/* The contacts with room for an event more. */
static inline OpenContacts *
MakeRoom(OpenContacts *open)
{
	if (likely(open->used < open->room))
		return open;
	open->used = KeepFurthest(open, open->events, open->used);
	if (open->used <= open->room / 2)
		return open;
	return Enlarge(open, LargerRoom(open->room, open->room * INT64CONST(2)), open->kind_room, KeyRoom(open));
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
	OpenContacts *open = (OpenContacts *) contacts;
	IcmContact	contact;
	char		key[KEY_MAX];
	uint64		expiry;
	int			kind;

	if (open == NULL)
		open = MakeOpen(1, FIRST_KINDS, FIRST_KEYS);
	open = MakeRoom(open);
	kind = GetKind(&open, key, WriteKey(key, event));
	if (kind < 0)
		return NULL;
	if (!IcmContactPackExpiry(event->at, event->expires, &expiry))
		elog(ERROR, "expiry is out of range");
	contact.at = event->at;
	contact.reference = event->reference;
	contact.packed = ICM_CONTACT_PACK(event->status, kind, expiry);
	AppendContact(open, &contact);
	return (IcmContacts *) open;
}

void
IcmContactsTooManyKinds(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many kinds of contact"),
			 errdetail(ICM_CONTACTS_TOO_MANY_KINDS),
			 errhint("Label contacts with what policies name: a category such as newsletter, not the single mailing.")));
}

/* The key of a kind of stored contacts; returns its length. */
static int
WriteStoredKey(char *key, const IcmContacts *contacts, const IcmContactKind *kind)
{
	IcmContactEvent event = {.weight = kind->weight};

	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		event.label[i] = IcmContactsLabel(contacts, kind, i);
		event.length[i] = event.label[i] == NULL ? 0 : (int) strlen(event.label[i]);
	}
	return WriteKey(key, &event);
}

/* Append all events of contacts, open or stored. */
static OpenContacts *
AppendAll(OpenContacts *open, const IcmContacts *contacts)
{
	const OpenContacts *other = IsOpen(contacts) ? (const OpenContacts *) contacts : NULL;
	const IcmContact *events = other != NULL ? other->events : contacts->events;
	int			n = other != NULL ? other->used : contacts->n;
	int			kinds = other != NULL ? other->kinds : contacts->kinds;
	uint16	   *numbers = (uint16 *) palloc(Max(kinds, 1) * sizeof(uint16));

	for (int i = 0; i < kinds; i++)
	{
		char		stored_key[KEY_MAX];
		const char *key = stored_key;
		int			length;
		int			kind;

		if (other != NULL)
		{
			key = OpenKeys(other) + OpenKinds(other)[i].start;
			length = OpenKinds(other)[i].length;
		}
		else
			length = WriteStoredKey(stored_key, contacts, &IcmContactsKinds(contacts)[i]);
		kind = GetKind(&open, key, length);
		if (kind < 0)
			IcmContactsTooManyKinds();
		numbers[i] = (uint16) kind;
	}
	for (int i = 0; i < n; i++)
	{
		IcmContact	contact = events[i];

		CHECK_FOR_INTERRUPTS();
		contact.packed = ICM_CONTACT_PACK(ICM_CONTACT_STATUS(&contact), numbers[ICM_CONTACT_KIND(&contact)],
										  ICM_CONTACT_EXPIRY(&contact));
		open = MakeRoom(open);
		AppendContact(open, &contact);
	}
	pfree(numbers);
	return open;
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
	qsort(events, n, sizeof(IcmContact), CompareContacts);
}

/* A label, in the key of a kind. */
typedef struct Label
{
	const char *bytes;
	int			length;
} Label;

/* A kind on its way to the stored form. */
typedef struct UsedKind
{
	IcmContactKind kind;
	uint64		labels;			/* the numbers of its labels, as one to sort by */
	int			number;			/* in the open contacts */
} UsedKind;

/* The kinds that are in use, and their labels, in the order of the stored form. */
typedef struct Dictionary
{
	UsedKind   *kinds;
	int			n;
	Label	   *found;			/* labels as they were found */
	uint16	   *order;			/* labels by their bytes, each as its index in found */
	int			labels;
	Size		text_size;
} Dictionary;

static int
CompareLabels(const Label *x, const Label *y)
{
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

/* The index in found of a label, which comes to be there; labels are few, and uses of each many. */
static int
FindLabel(Dictionary *dictionary, const Label *label)
{
	int			low = 0,
				high = dictionary->labels;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = CompareLabels(&dictionary->found[dictionary->order[middle]], label);

		if (order == 0)
			return dictionary->order[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(&dictionary->order[low + 1], &dictionary->order[low], (dictionary->labels - low) * sizeof(uint16));
	dictionary->order[low] = (uint16) dictionary->labels;
	dictionary->found[dictionary->labels] = *label;
	dictionary->text_size += label->length + 1;
	return dictionary->labels++;
}

/* Take a kind, whose labels are numbered as they are found. */
static void
TakeKind(Dictionary *dictionary, const OpenContacts *open, int number)
{
	const char *key = OpenKeys(open) + OpenKinds(open)[number].start;
	UsedKind   *kind = &dictionary->kinds[dictionary->n++];

	kind->number = number;
	memcpy(&kind->kind.weight, key, sizeof(double));
	key += sizeof(double);
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
	{
		Label		label = {key + 1, (uint8) *key};

		kind->kind.label[i] = label.length == 0 ? ICM_CONTACT_NO_LABEL : (uint16) FindLabel(dictionary, &label);
		key += 1 + label.length;
	}
}

/* Number the labels of the kinds in the order of the labels, and sort the kinds. */
static void
SortKinds(Dictionary *dictionary)
{
	uint16	   *numbers = (uint16 *) palloc(Max(dictionary->labels, 1) * sizeof(uint16));

	for (int i = 0; i < dictionary->labels; i++)
		numbers[dictionary->order[i]] = (uint16) i;
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

/* The dictionary of the kinds that the events use. */
static Dictionary
MakeDictionary(const OpenContacts *open, const IcmContact *events, int n)
{
	Dictionary	dictionary = {0};
	bool	   *used = (bool *) palloc0(Max(open->kinds, 1) * sizeof(bool));
	int			room = Max(open->kinds, 1);

	for (int i = 0; i < n; i++)
		used[ICM_CONTACT_KIND(&events[i])] = true;
	dictionary.kinds = (UsedKind *) palloc(room * sizeof(UsedKind));
	dictionary.found = (Label *) palloc(room * ICM_CONTACT_LABELS * sizeof(Label));
	dictionary.order = (uint16 *) palloc(room * ICM_CONTACT_LABELS * sizeof(uint16));
	for (int i = 0; i < open->kinds; i++)
		if (used[i])
			TakeKind(&dictionary, open, i);
	SortKinds(&dictionary);
	pfree(used);
	return dictionary;
}

/* The stored form but for its events, for which there is room. */
static IcmContacts *
MakeContacts(int n, const Dictionary *dictionary)
{
	Size		size = ICM_CONTACTS_SIZE(n, dictionary->n, dictionary->labels) + dictionary->text_size;
	IcmContacts *contacts = IcmFlatMake(size, ICM_CONTACTS_VERSION);
	uint32		start = 0;

	contacts->n = n;
	contacts->kinds = (uint16) dictionary->n;
	contacts->labels = (uint16) dictionary->labels;
	for (int i = 0; i < dictionary->n; i++)
		IcmContactsKinds(contacts)[i] = dictionary->kinds[i].kind;
	for (int i = 0; i < dictionary->labels; i++)
	{
		const Label *label = &dictionary->found[dictionary->order[i]];

		IcmContactsStarts(contacts)[i] = start;
		memcpy(IcmContactsTexts(contacts) + start, label->bytes, label->length);
		start += label->length + 1;
	}
	return contacts;
}

IcmContacts *
IcmContactsClose(const IcmContacts *contacts)
{
	const OpenContacts *open = (const OpenContacts *) contacts;
	IcmContacts *result;
	IcmContact *events;
	Dictionary	dictionary;
	uint16	   *numbers;
	int			n;

	if (!IsSound(open))
		IcmFlatCorrupt("icm_contacts");
	events = (IcmContact *) palloc(Max(open->used, 1) * sizeof(IcmContact));
	memcpy(events, open->events, open->used * sizeof(IcmContact));
	n = KeepFurthest(open, events, open->used);

	dictionary = MakeDictionary(open, events, n);
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
	pfree(dictionary.found);
	pfree(dictionary.order);
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

static void
GetLabel(FunctionCallInfo fcinfo, int arg, const char *what, IcmContactEvent *event, IcmContactLabel label)
{
	text	   *value;
	int			length;

	event->label[label] = NULL;
	event->length[label] = 0;
	if (PG_ARGISNULL(arg))
		return;
	value = PG_GETARG_TEXT_PP(arg);
	length = (int) VARSIZE_ANY_EXHDR(value);
	if (unlikely(length == 0 || length > ICM_NAME_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a contact must be of 1 to %d bytes", what, ICM_NAME_MAX),
				 errdetail("The %s given has %d bytes.", what, length),
				 length == 0 && label != ICM_CONTACT_CHANNEL ? errhint("The %s may be NULL: use nullif(%s, '').", what, what) : 0));
	event->label[label] = VARDATA_ANY(value);
	event->length[label] = length;
}

static double
GetWeight(FunctionCallInfo fcinfo, int arg)
{
	double		weight;

	if (PG_ARGISNULL(arg))
		return 1.0;
	weight = PG_GETARG_FLOAT8(arg);
	if (unlikely(!isfinite(weight) || weight < 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight of a contact must be a finite number, not negative"),
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
	GetLabel(fcinfo, 2, "channel", event, ICM_CONTACT_CHANNEL);
	GetLabel(fcinfo, 3, "department", event, ICM_CONTACT_DEPARTMENT);
	GetLabel(fcinfo, 4, "brand", event, ICM_CONTACT_BRAND);
	GetLabel(fcinfo, 5, "category", event, ICM_CONTACT_CATEGORY);
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
	OpenContacts *open = MakeOpen(1, FIRST_KINDS, FIRST_KEYS);

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
				 errhint("In the order of life the statuses are " ICM_CONTACT_STATUS_LIST ".")));
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

/* icm_contacts_set_status(icm_contacts, reference, status) */
PG_FUNCTION_INFO_V1(icm_contacts_set_status);
Datum
icm_contacts_set_status(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	int64		reference = PG_GETARG_INT64(1);
	IcmContactStatus status = GetStatus(fcinfo, 2);
	IcmContacts *result;
	int			i = 0;

	while (i < contacts->n && contacts->events[i].reference != reference)
		i++;
	if (i == contacts->n || reference == ICM_CONTACT_NO_REFERENCE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no contact has this reference"),
				 errdetail("The reference given is " INT64_FORMAT ".", reference)));
	if (ICM_CONTACT_STATUS(&contacts->events[i]) == status)
		PG_RETURN_POINTER(contacts);
	CheckAdvance(contacts, &contacts->events[i], status);

	result = (IcmContacts *) palloc(VARSIZE(contacts));
	memcpy(result, contacts, VARSIZE(contacts));
	result->events[i].packed = ICM_CONTACT_PACK(status, ICM_CONTACT_KIND(&contacts->events[i]), ICM_CONTACT_NEVER);
	IcmContactsSort(result->events, result->n);
	PG_RETURN_POINTER(result);
}
