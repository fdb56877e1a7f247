/*
 * contacts_open.h
 *		Open contacts: icm_contacts in the form that is built in.
 *
 * They are icm_contacts too, flagged ICM_CONTACTS_OPEN: events in order of
 * arrival, several perhaps of one reference; kinds and labels in order of arrival
 * too, found by hash tables; and room for more of all. They are changed in place,
 * so that a row costs no allocation; room that is used up doubles. The type is the
 * transition state of the aggregates, not "internal", so that a distributed engine
 * can ship it; everything that reads contacts closes open ones first.
 *
 * Only contacts_open.c (appends), contacts_close.c (unites, makes the stored form)
 * and contacts_agg.c (SQL functions that build) know this form; for all others
 * contacts.h has what they need.
 */
#ifndef ICM_CONTACTS_OPEN_H
#define ICM_CONTACTS_OPEN_H

#include "contact/contacts.h"

/*
 * Labels and kinds in open contacts are each found by a hash table of as many
 * buckets as there is room for: bucket is the last one in the bucket that
 * stands here, next the one before this one in its bucket; from 1, and 0 for
 * none.
 */

/* A label: 8 bytes. */
typedef struct IcmOpenLabel
{
	uint32		start;			/* in the texts, of its length (1 byte), then its bytes */
	uint16		next;
	uint16		bucket;
} IcmOpenLabel;

/* A kind, with the numbers that its labels have here: 24 bytes. */
typedef struct IcmOpenKind
{
	IcmContactKind kind;
	uint16		next;
	uint16		bucket;
	uint32		zero;			/* padding */
} IcmOpenKind;

/* Events, then kinds, then labels, then the texts of labels; there is room behind each. */
typedef struct IcmOpenContacts
{
	int32		vl_len_;		/* varlena header: the size includes the room */
	uint8		version;
	uint8		flags;			/* ICM_CONTACTS_OPEN, perhaps ICM_CONTACTS_REFERENCES */
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
} IcmOpenContacts;

#define ICM_CONTACTS_REFERENCES 0x02	/* some event has a reference, or there is a record */

static inline bool
IcmContactsIsOpen(const void *contacts)
{
	return (((const IcmContacts *) contacts)->flags & ICM_CONTACTS_OPEN) != 0;
}

static inline IcmOpenKind *
IcmOpenKinds(const IcmOpenContacts *open)
{
	return (IcmOpenKind *) &open->events[open->room];
}

static inline IcmOpenLabel *
IcmOpenLabels(const IcmOpenContacts *open)
{
	return (IcmOpenLabel *) (IcmOpenKinds(open) + open->kind_room);
}

static inline char *
IcmOpenTexts(const IcmOpenContacts *open)
{
	return (char *) (IcmOpenLabels(open) + open->label_room);
}

/* The text of a label: not ended by a zero byte. */
typedef struct IcmLabelText
{
	const char *bytes;
	int			length;			/* 0: none */
} IcmLabelText;

/* The label of this number, which may be ICM_CONTACT_NO_LABEL. */
static inline IcmLabelText
IcmGetOpenLabel(const IcmOpenContacts *open, uint16 number)
{
	IcmLabelText label = {NULL, 0};

	if (number != ICM_CONTACT_NO_LABEL)
	{
		const char *place = IcmOpenTexts(open) + IcmOpenLabels(open)[number].start;

		label.bytes = place + 1;
		label.length = (uint8) *place;
	}
	return label;
}

/* ---- contacts_open.c ------------------------------------------------------- */

/* Whether open contacts from anywhere hold together: no use of them leaves them. */
extern bool IcmOpenIsSound(const IcmOpenContacts *open);

/* New open contacts, with room for n events at least. */
extern IcmOpenContacts *IcmOpenMake(int64 n);

/* Append all of other contacts, which are sound, open or stored. The contacts may move. */
extern IcmOpenContacts *IcmOpenAppendAll(IcmOpenContacts *open, const IcmContacts *contacts);

/*
 * The same of stored contacts; events that are not marked, if keep is not NULL,
 * as records of themselves.
 */
extern IcmOpenContacts *IcmOpenAppendStored(IcmOpenContacts *open, const IcmContacts *contacts, const bool *keep);

/*
 * The number of a kind; -1 if there are too many. One that is not there yet comes
 * to be in *copy, which is NULL or a copy that this made of the kinds and labels,
 * and *open becomes that.
 */
extern int	IcmOpenTakeKindInCopy(const IcmOpenContacts **open, IcmOpenContacts **copy, const IcmContactKind *kind);

/* ---- contacts_close.c ------------------------------------------------------ */

/*
 * Make one of the contacts of each reference that are of one kind, of its
 * consent, and of the records of each kind; what is left of one reference or
 * kind are neighbours then. Returns how many events and records are left.
 */
extern int	IcmOpenUniteEvents(const IcmOpenContacts *open, IcmContact *events, int n);

#endif							/* ICM_CONTACTS_OPEN_H */
