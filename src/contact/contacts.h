/*
 * contacts.h
 *		The icm_contacts type: one customer's contacts, and signals of consent.
 *
 * contacts.c is the SQL face (text, binary, accessors), contacts_agg.c the SQL
 * functions that build: in the open form of contacts_open.h, which contacts_open.c
 * appends to, and of which contacts_close.c makes the stored form.
 */
#ifndef ICM_CONTACTS_H
#define ICM_CONTACTS_H

#include "common/compat.h"
#include "contact/status.h"
#include "datatype/timestamp.h"
#include "utils/memutils.h"

#define ICM_CONTACTS_VERSION 1

/* The statuses, as bits, of events that need no channel: without one they are about all channels. */
#define ICM_CONTACT_ANY_CHANNEL \
	((1 << ICM_CONTACT_REFUSED) | (1 << ICM_CONTACT_COMPLAINT) | (1 << ICM_CONTACT_OPTIN) | (1 << ICM_CONTACT_OPTOUT))

/* What a contact is labelled with. */
typedef enum IcmContactLabel
{
	ICM_CONTACT_CHANNEL,
	ICM_CONTACT_DEPARTMENT,
	ICM_CONTACT_BRAND,
	ICM_CONTACT_CATEGORY
} IcmContactLabel;

#define ICM_CONTACT_LABELS 4

/* What each is called. */
extern const char *const IcmContactLabelNames[ICM_CONTACT_LABELS];

/* In the place of a reference: none. */
#define ICM_CONTACT_NO_REFERENCE PG_INT64_MIN

/*
 * An event, or a record of events that were pruned: 24 bytes. Of a record the
 * time is the latest of those events, and in the place of the reference stands
 * their number, 1 or more. Packed, from the highest bit: the status (4 bits), the
 * kind (12), the expiry of a reservation (48): microseconds from at, plus
 * ICM_CONTACT_EXPIRY_BIAS, or ICM_CONTACT_NEVER, as of all other statuses.
 */
typedef struct IcmContact
{
	TimestampTz at;				/* finite */
	int64		reference;		/* or ICM_CONTACT_NO_REFERENCE; of a record, the number of events */
	uint64		packed;
} IcmContact;

#define ICM_CONTACT_EXPIRY_BIAS (INT64CONST(1) << 47)
#define ICM_CONTACT_NEVER ((UINT64CONST(1) << 48) - 1)
#define ICM_CONTACT_KINDS_MAX 4096

#define ICM_CONTACT_STATUS(contact) ((IcmContactStatus) ((contact)->packed >> 60))
#define ICM_CONTACT_KIND(contact) ((int) ((contact)->packed >> 48) & (ICM_CONTACT_KINDS_MAX - 1))
#define ICM_CONTACT_EXPIRY(contact) ((contact)->packed & ICM_CONTACT_NEVER)
#define ICM_CONTACT_PACK(status, kind, expiry) (((uint64) (status) << 60) | ((uint64) (kind) << 48) | (expiry))

/* When a reservation expires; DT_NOEND if never, or if it is none. */
static inline TimestampTz
IcmContactExpires(const IcmContact *contact)
{
	uint64		expiry = ICM_CONTACT_EXPIRY(contact);

	return expiry == ICM_CONTACT_NEVER ? DT_NOEND : contact->at + ((int64) expiry - ICM_CONTACT_EXPIRY_BIAS);
}

/* What many events share: 16 bytes. */
typedef struct IcmContactKind
{
	uint16		label[ICM_CONTACT_LABELS];	/* number of the label, or ICM_CONTACT_NO_LABEL */
	double		weight;			/* finite, >= 0 */
} IcmContactKind;

/* Sorts last. */
#define ICM_CONTACT_NO_LABEL PG_UINT16_MAX

/*
 * The stored form: events and records, then kinds, then for each label where its text
 * begins (uint32), then the texts, each ended by a zero byte. Events ascend by
 * time, packed fields, reference; kinds by the numbers of their labels, weight;
 * labels by their bytes. A reference occurs once among contacts and once among
 * consent, there is one record at most of a kind, a kind and a label occur at
 * least once, and there is no negative zero: equal contacts have equal bytes.
 */
typedef struct IcmContacts
{
	int32		vl_len_;		/* varlena header; do not touch directly */
	uint8		version;		/* ICM_CONTACTS_VERSION */
	uint8		flags;			/* 0, or ICM_CONTACTS_OPEN */
	uint16		zero;			/* padding */
	int32		n;				/* events and records */
	uint16		kinds;
	uint16		labels;
	IcmContact	events[FLEXIBLE_ARRAY_MEMBER];
} IcmContacts;

/* Set in the form that aggregates build in; see contacts_open.h. */
#define ICM_CONTACTS_OPEN 0x01

/* Size without the texts of the labels. */
#define ICM_CONTACTS_SIZE(n, kinds, labels) \
	(offsetof(IcmContacts, events) + (Size) (n) * sizeof(IcmContact) + \
	 (Size) (kinds) * sizeof(IcmContactKind) + (Size) (labels) * sizeof(uint32))

#define ICM_CONTACTS_MAX ((int) ((MaxAllocSize - 4 * 1024 * 1024) / sizeof(IcmContact)))

static inline IcmContactKind *
IcmContactsKinds(const IcmContacts *contacts)
{
	return (IcmContactKind *) &contacts->events[contacts->n];
}

/* Where the texts of the labels begin, in IcmContactsTexts. */
static inline uint32 *
IcmContactsStarts(const IcmContacts *contacts)
{
	return (uint32 *) (IcmContactsKinds(contacts) + contacts->kinds);
}

static inline char *
IcmContactsTexts(const IcmContacts *contacts)
{
	return (char *) (IcmContactsStarts(contacts) + contacts->labels);
}

/* The text of a label of a kind; NULL if it has none. */
static inline const char *
IcmContactsLabel(const IcmContacts *contacts, const IcmContactKind *kind, IcmContactLabel label)
{
	uint16		number = kind->label[label];

	return number == ICM_CONTACT_NO_LABEL ? NULL : IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[number];
}

/* Whether this is no event, but the record of some that were pruned. */
static inline bool
IcmContactIsRecord(const IcmContact *contact)
{
	return ICM_CONTACT_STATUS(contact) == ICM_CONTACT_PRUNED;
}

/* Whether this is an event of consent. */
static inline bool
IcmContactIsConsent(const IcmContact *contact)
{
	return ICM_CONTACT_STATUS(contact) >= ICM_CONTACT_OPTIN && !IcmContactIsRecord(contact);
}

/* Whether an event or a record is one, with so many kinds. */
static inline bool
IcmContactIsSound(const IcmContact *contact, int kinds)
{
	return ICM_CONTACT_KIND(contact) < kinds && IS_VALID_TIMESTAMP(contact->at) &&
		(ICM_CONTACT_STATUS(contact) < ICM_CONTACT_STATUSES || (IcmContactIsRecord(contact) && contact->reference >= 1));
}

/* An event, or a record, on its way in or out. */
typedef struct IcmContactEvent
{
	TimestampTz at;
	int64		reference;
	TimestampTz expires;		/* DT_NOEND: never */
	IcmContactStatus status;
	const char *label[ICM_CONTACT_LABELS];	/* not ended by a zero byte */
	int			length[ICM_CONTACT_LABELS]; /* 0: none */
	double		weight;
} IcmContactEvent;

/* The argument in stored form, whatever form it came in. */
#define PG_GETARG_CONTACTS(n) IcmContactsGet(PG_GETARG_DATUM(n))
extern IcmContacts *IcmContactsGet(Datum datum);

/* Why open contacts have no stored form, in the words of an error. */
typedef struct IcmContactsFault
{
	int			sqlstate;
	const char *message;
	const char *detail;
	const char *hint;			/* or NULL */
} IcmContactsFault;

/* The stored form of open contacts; the argument is left as it is. ERROR if there is none. */
extern IcmContacts *IcmContactsClose(const IcmContacts *contacts);

/* The same, but NULL, and why, if there is none. */
extern IcmContacts *IcmContactsTryClose(const IcmContacts *contacts, IcmContactsFault *fault);

/*
 * Open contacts with one event more; contacts are NULL or open, and may have
 * moved. NULL if there would be too many kinds.
 */
extern IcmContacts *IcmContactsAppend(IcmContacts *contacts, const IcmContactEvent *event);

/*
 * The stored contacts with only the events that are marked; the others are
 * pruned, and added to the records, which all stay. The argument itself if all
 * events are marked.
 */
extern IcmContacts *IcmContactsKeep(const IcmContacts *contacts, const bool *keep);

/* ERROR (54000) where that is so, and its detail. */
pg_noreturn extern void IcmContactsTooManyKinds(void);
#define ICM_CONTACTS_TOO_MANY_KINDS \
	"One customer's contacts have at most 4096 different combinations of channel, department, brand, category and weight."

/* A label that is an argument, not ended by a zero byte, or NULL; ERROR (22023) unless it is of 1 to 63 bytes. */
extern const char *IcmGetContactLabel(FunctionCallInfo fcinfo, int arg, IcmContactLabel label, int *length);

/* Sort events as the stored form has them. */
extern void IcmContactsSort(IcmContact *events, int n);
extern int	IcmContactCompare(const IcmContact *a, const IcmContact *b);

/* The biased expiry of an event; false if it is too far from it. */
extern bool IcmContactPackExpiry(TimestampTz at, TimestampTz expires, uint64 *expiry);

#endif							/* ICM_CONTACTS_H */
