/*
 * contacts.c
 *		The SQL face of icm_contacts: text and binary form, accessors.
 *
 * Text form: {2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent,
 * 2026-01-06 09:30:00.5+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00}
 *
 * Time, channel/department/brand/category and status of each event; - for a
 * label that is missing, at the end it is left out; weight unless it is 1,
 * reference, expiry of a reservation. What was pruned stands among the events,
 * one record for each combination of labels and weight: the time of the latest
 * event, the labels, the number of events, the weight unless it is 1, as in
 * 2025-12-01 10:00:00+00 email/sales pruned 12 weight 2. Events and records may
 * be read in any order.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/flat.h"
#include "common/rows.h"
#include "common/text.h"
#include "contact/contacts.h"
#include "contact/moment.h"

/* ---- what a value must be ------------------------------------------------- */

/* Whether the parts of stored contacts fit together: no use of them leaves them. */
static bool
IsSound(const IcmContacts *contacts)
{
	Size		size = ICM_CONTACTS_SIZE(contacts->n, contacts->kinds, contacts->labels);
	const uint32 *starts;
	const char *texts;

	if (contacts->n < 0 || contacts->n > ICM_CONTACTS_MAX || contacts->kinds > ICM_CONTACT_KINDS_MAX ||
		VARSIZE(contacts) < size)
		return false;
	starts = IcmContactsStarts(contacts);
	texts = IcmContactsTexts(contacts);
	size = VARSIZE(contacts) - size;
	if ((contacts->labels == 0) != (size == 0) || (size > 0 && texts[size - 1] != '\0'))
		return false;
	for (int i = 0; i < contacts->labels; i++)
	{
		Size		end = i + 1 < contacts->labels ? starts[i + 1] : size;

		if (end > size || starts[i] >= end || end - starts[i] > ICM_NAME_MAX + 1 || texts[end - 1] != '\0')
			return false;
	}
	for (int i = 0; i < contacts->kinds; i++)
	{
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[i];

		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			if (kind->label[label] >= contacts->labels && kind->label[label] != ICM_CONTACT_NO_LABEL)
				return false;
		if (!(kind->weight >= 0.0 && kind->weight <= ICM_CONTACT_WEIGHT_MAX))
			return false;
	}
	for (int i = 0; i < contacts->n; i++)
		if (!IcmContactIsSound(&contacts->events[i], contacts->kinds))
			return false;
	return true;
}

IcmContacts *
IcmContactsGet(Datum datum)
{
	IcmContacts *contacts = IcmFlatGet(datum, ICM_CONTACTS_SIZE(0, 0, 0), ICM_CONTACTS_VERSION, "icm_contacts");

	if (contacts->flags & ICM_CONTACTS_OPEN)
		contacts = IcmContactsClose(contacts);
	else if (unlikely(!IsSound(contacts)))
		IcmFlatCorrupt("icm_contacts");
	return contacts;
}

/* An event of sound contacts. */
static IcmContactEvent
GetEvent(const IcmContacts *contacts, int i)
{
	const IcmContact *contact = &contacts->events[i];
	const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(contact)];
	IcmContactEvent event;

	event.at = contact->at;
	event.reference = contact->reference;
	event.expires = IcmContactExpires(contact);
	event.status = ICM_CONTACT_STATUS(contact);
	event.weight = kind->weight;
	for (int label = 0; label < ICM_CONTACT_LABELS; label++)
	{
		event.label[label] = IcmContactsLabel(contacts, kind, label);
		event.length[label] = event.label[label] == NULL ? 0 : (int) strlen(event.label[label]);
	}
	return event;
}

/* What is wrong with an event, as a sentence; NULL if nothing is. */
static const char *
EventFault(const IcmContactEvent *event)
{
	uint64		expiry;

	if (!IS_VALID_TIMESTAMP(event->at))
		return "The time is out of range.";
	if (event->length[ICM_CONTACT_CHANNEL] == 0 && event->status != ICM_CONTACT_PRUNED &&
		!(ICM_CONTACT_ANY_CHANNEL & (1 << event->status)))
		return "The channel is missing: only refused, complaint, optin and optout may be about all channels.";
	if (!(event->weight >= 0.0 && event->weight <= ICM_CONTACT_WEIGHT_MAX))
		return "The weight is a number from 0 to 1e100.";
	if (event->expires != DT_NOEND && event->status != ICM_CONTACT_RESERVED)
		return "Only a reservation expires.";
	if (event->expires != DT_NOEND &&
		(!IS_VALID_TIMESTAMP(event->expires) || !IcmContactPackExpiry(event->at, event->expires, &expiry)))
		return "A reservation expires within 1628 days of the contact.";
	return NULL;
}

/* ---- text form ------------------------------------------------------------ */

#define FORM_HINT \
	"The form is {time channel/department/brand/category status weight number ref number until time, ...}, for example" \
	" {2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent, 2026-01-06 09:30:00+00 sms reserved ref 77 until 2026-01-06 09:45:00+00};" \
	" what was pruned is time channel/department/brand/category pruned number weight number."

static const char *const moment_form = "A time is written year-month-day hours:minutes:seconds+00, and must exist.";
static const char *const too_many_kinds = ICM_CONTACTS_TOO_MANY_KINDS;

/* Take the slash between two labels, which stands right behind the first. */
static bool
ReadSlash(IcmReader *reader)
{
	if (*reader->at != '/')
		return false;
	reader->at++;
	return true;
}

/* Read "channel/department/brand/category", whose texts go to names. */
static const char *
ReadLabels(IcmReader *reader, IcmContactEvent *event, IcmName *names)
{
	int			label = 0;

	do
	{
		if (label == ICM_CONTACT_LABELS)
			return "The labels are channel, department, brand and category, at most.";
		if (!IcmReadChar(reader, '-'))
		{
			if (!IcmReadName(reader, &names[label]))
				return "A label is a word, anything in double quotes, or - for none, of 1 to 63 bytes.";
			event->label[label] = names[label].text;
			event->length[label] = (int) strlen(names[label].text);
		}
		label++;
	} while (ReadSlash(reader));
	return NULL;
}

/* Read the status; of a record, the number of events that were pruned too. */
static const char *
ReadStatus(IcmReader *reader, IcmContactEvent *event)
{
	IcmName		name;

	if (!IcmReadName(reader, &name) || name.quoted)
		name.text[0] = '\0';
	if (strcmp(name.text, IcmContactStatusNames[ICM_CONTACT_PRUNED]) == 0)
	{
		event->status = ICM_CONTACT_PRUNED;
		if (!IcmReadSpace(reader) || !IcmReadCount64(reader, &event->reference) || event->reference == 0)
			return "The number of events that were pruned is an integer from 1 to 9223372036854775807.";
	}
	else if (!IcmContactFindStatus(name.text, (int) strlen(name.text), &event->status))
		return "The status is one of " ICM_CONTACT_STATUS_LIST ".";
	return NULL;
}

/* A reference, with its sign. */
static bool
ReadReference(IcmReader *reader, int64 *reference)
{
	bool		negative = IcmReadChar(reader, '-');

	if (!IcmReadCount64(reader, reference))
		return false;
	if (negative)
		*reference = -*reference;
	return true;
}

/* Take this word, after white space; nothing is taken if it is not there. */
static bool
ReadWord(IcmReader *reader, const char *word)
{
	IcmReader	ahead = *reader;
	IcmName		name;

	if (!IcmReadSpace(&ahead) || !IcmReadName(&ahead, &name) || name.quoted || strcmp(name.text, word) != 0 ||
		!IcmReadSpace(&ahead))
		return false;
	*reader = ahead;
	return true;
}

/* Read an event; a sentence on what is wrong, or NULL. */
static const char *
ReadEvent(IcmReader *reader, IcmContactEvent *event, IcmName *names)
{
	static const char *const incomplete = "An event is time, channel/department/brand/category and status, separated by spaces.";
	const char *fault;

	memset(event, 0, sizeof(*event));
	event->reference = ICM_CONTACT_NO_REFERENCE;
	event->expires = DT_NOEND;
	event->weight = 1.0;
	if (!IcmReadMoment(reader, &event->at))
		return moment_form;
	if (!IcmReadSpace(reader))
		return incomplete;
	fault = ReadLabels(reader, event, names);
	if (fault != NULL)
		return fault;
	if (!IcmReadSpace(reader))
		return incomplete;
	fault = ReadStatus(reader, event);
	if (fault != NULL)
		return fault;
	if (ReadWord(reader, "weight") && !IcmReadDouble(reader, &event->weight))
		return "The weight is a finite number in the range of float8.";
	if (event->status == ICM_CONTACT_PRUNED)
		return EventFault(event);
	if (ReadWord(reader, "ref") && !ReadReference(reader, &event->reference))
		return "A reference is an integer from -9223372036854775807 to 9223372036854775807.";
	if (ReadWord(reader, "until") && !IcmReadMoment(reader, &event->expires))
		return moment_form;
	return EventFault(event);
}

/*
 * Read up to the closing brace, into open contacts. Returns a sentence on what
 * is wrong, or NULL; *n is the number of events read, the faulty one included.
 */
static const char *
ReadContents(IcmReader *reader, IcmContacts **open, int *n)
{
	IcmContactEvent event;

	if (IcmReadChar(reader, '}'))
		return NULL;
	do
	{
		IcmName		names[ICM_CONTACT_LABELS];
		const char *fault;

		CHECK_FOR_INTERRUPTS();
		(*n)++;
		fault = ReadEvent(reader, &event, names);
		if (fault != NULL)
			return fault;
		*open = IcmContactsAppend(*open, &event);
		if (*open == NULL)
			return too_many_kinds;
	} while (IcmReadChar(reader, ','));
	if (IcmReadChar(reader, '}'))
		return NULL;
	return event.status == ICM_CONTACT_PRUNED ?
		"What was pruned is followed by a comma or the closing brace; after the number comes weight." :
		"An event is followed by a comma or the closing brace; after the status come weight, ref and until, in this order.";
}

PG_FUNCTION_INFO_V1(icm_contacts_in);
Datum
icm_contacts_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	IcmReader	reader = {input};
	IcmContacts *open = NULL;
	IcmContactsFault apart = {ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, FORM_HINT};
	const char *fault;
	int			n = 0;

	if (!IcmReadChar(&reader, '{'))
		fault = "Contacts are written in braces.";
	else
		fault = ReadContents(&reader, &open, &n);
	if (fault == NULL && !IcmReadEnd(&reader))
	{
		fault = "Nothing may follow the closing brace.";
		n = 0;
	}
	if (fault == too_many_kinds)
		apart.sqlstate = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	if (fault == NULL)
	{
		IcmContacts *result = open != NULL ? IcmContactsTryClose(open, &apart) :
			IcmFlatMake(ICM_CONTACTS_SIZE(0, 0, 0), ICM_CONTACTS_VERSION);

		if (result != NULL)
			PG_RETURN_POINTER(result);
		fault = apart.detail;
		n = 0;
	}
	ereturn(fcinfo->context, (Datum) 0,
			(errcode(apart.sqlstate == ERRCODE_UNIQUE_VIOLATION ? ERRCODE_INVALID_TEXT_REPRESENTATION : apart.sqlstate),
			 errmsg("invalid input syntax for type %s", "icm_contacts"),
			 n > 0 ? errdetail("Event %d: %s", n, fault) : errdetail("%s", fault),
			 apart.hint == NULL ? 0 : errhint("%s", apart.hint)));
}

/* The labels up to the last one that is there, "-" if there is none. */
static void
AppendLabels(StringInfo buf, const IcmContactEvent *event)
{
	int			n = ICM_CONTACT_LABELS;

	while (n > 1 && event->label[n - 1] == NULL)
		n--;
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(buf, '/');
		if (event->label[i] == NULL)
			appendStringInfoChar(buf, '-');
		else
			IcmAppendName(buf, event->label[i], false);
	}
}

PG_FUNCTION_INFO_V1(icm_contacts_out);
Datum
icm_contacts_out(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < contacts->n; i++)
	{
		IcmContactEvent event = GetEvent(contacts, i);

		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoString(&buf, ", ");
		IcmAppendMoment(&buf, event.at);
		appendStringInfoChar(&buf, ' ');
		AppendLabels(&buf, &event);
		appendStringInfo(&buf, " %s", IcmContactStatusNames[event.status]);
		if (event.status == ICM_CONTACT_PRUNED)
			appendStringInfo(&buf, " " INT64_FORMAT, event.reference);
		if (event.weight != 1.0)
		{
			appendStringInfoString(&buf, " weight ");
			IcmAppendDouble(&buf, event.weight);
		}
		if (event.reference != ICM_CONTACT_NO_REFERENCE && event.status != ICM_CONTACT_PRUNED)
			appendStringInfo(&buf, " ref " INT64_FORMAT, event.reference);
		if (event.expires != DT_NOEND)
		{
			appendStringInfoString(&buf, " until ");
			IcmAppendMoment(&buf, event.expires);
		}
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/* ---- binary form ---------------------------------------------------------- */

/*
 * The header that icm's types share, which counts events and records; the number
 * of kinds and of labels (4 bytes each); events and records: at, reference,
 * packed; kinds: numbers of the labels (2 each), weight; labels: length (4),
 * bytes.
 */
#define MESSAGE_FIXED_SIZE(n, kinds) ((Size) (n) * sizeof(IcmContact) + (Size) (kinds) * sizeof(IcmContactKind))

pg_noreturn static void
InvalidMessage(const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary form of icm_contacts"),
			 errdetail("%s", fault)));
}

static int
CompareNumbers(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	CHECK_FOR_INTERRUPTS();
	return (x > y) - (x < y);
}

/* Whether some reference is that of two events, either of consent or of contacts. */
static bool
RepeatsReference(const IcmContacts *contacts, bool consent)
{
	int64	   *references = (int64 *) palloc(Max(contacts->n, 1) * sizeof(int64));
	int			n = 0;
	bool		repeats = false;

	for (int i = 0; i < contacts->n; i++)
		if (contacts->events[i].reference != ICM_CONTACT_NO_REFERENCE && !IcmContactIsRecord(&contacts->events[i]) &&
			(ICM_CONTACT_STATUS(&contacts->events[i]) >= ICM_CONTACT_OPTIN) == consent)
			references[n++] = contacts->events[i].reference;
	qsort(references, n, sizeof(int64), CompareNumbers);
	for (int i = 1; i < n; i++)
		repeats |= references[i - 1] == references[i];
	pfree(references);
	return repeats;
}

static bool
KindsAscend(const IcmContactKind *x, const IcmContactKind *y)
{
	for (int i = 0; i < ICM_CONTACT_LABELS; i++)
		if (x->label[i] != y->label[i])
			return x->label[i] < y->label[i];
	return x->weight < y->weight;
}

/* What keeps sound contacts from being in their one stored form, as a sentence; NULL if nothing does. */
static const char *
Fault(const IcmContacts *contacts)
{
	const IcmContactKind *kinds = IcmContactsKinds(contacts);
	bool	   *used_kinds = (bool *) palloc0(contacts->kinds + 1);
	bool	   *recorded = (bool *) palloc0(contacts->kinds + 1);
	bool	   *used_labels = (bool *) palloc0(contacts->labels + 1);

	for (int i = 0; i < contacts->n; i++)
	{
		const IcmContact *contact = &contacts->events[i];
		IcmContactEvent event = GetEvent(contacts, i);
		const char *fault = EventFault(&event);

		CHECK_FOR_INTERRUPTS();
		if (fault != NULL)
			return psprintf("Event %d: %s", i + 1, fault);
		if (i > 0 && IcmContactCompare(contact - 1, contact) > 0)
			return psprintf("Event %d: Events must ascend.", i + 1);
		if (IcmContactIsRecord(contact))
		{
			if (recorded[ICM_CONTACT_KIND(contact)])
				return psprintf("Event %d: What was pruned of one kind must be one number.", i + 1);
			recorded[ICM_CONTACT_KIND(contact)] = true;
		}
		used_kinds[ICM_CONTACT_KIND(contact)] = true;
	}
	for (int i = 0; i < contacts->kinds; i++)
	{
		if (!used_kinds[i] || (i > 0 && !KindsAscend(&kinds[i - 1], &kinds[i])))
			return psprintf("Kind %d: Kinds must ascend, each once, and be used.", i + 1);
		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			if (kinds[i].label[label] != ICM_CONTACT_NO_LABEL)
				used_labels[kinds[i].label[label]] = true;
	}
	for (int i = 0; i < contacts->labels; i++)
	{
		const char *label = IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i];

		if (!used_labels[i] ||
			(i > 0 && strcmp(IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i - 1], label) >= 0))
			return psprintf("Label %d: Labels must ascend, each once, and be used.", i + 1);
	}
	if (RepeatsReference(contacts, false) || RepeatsReference(contacts, true))
		return "A reference must be of one contact only, and of one event of consent.";
	return NULL;
}

/* Read the labels; returns where each begins in *texts. */
static uint32 *
ReadLabelTexts(StringInfo buf, int labels, StringInfo texts)
{
	uint32	   *starts = (uint32 *) palloc(Max(labels, 1) * sizeof(uint32));

	initStringInfo(texts);
	for (int i = 0; i < labels; i++)
	{
		int			length,
					bytes;
		char	   *label;

		if (buf->len - buf->cursor < (int) sizeof(int32))
			InvalidMessage("The message ends within the labels.");
		length = (int) pq_getmsgint(buf, 4);
		if (length < 0 || length > buf->len - buf->cursor)
			InvalidMessage("The message ends within the labels.");
		label = pq_getmsgtext(buf, length, &bytes);
		if (bytes < 1 || bytes > ICM_NAME_MAX)
			InvalidMessage(psprintf("Label %d: A label is of 1 to 63 bytes.", i + 1));
		starts[i] = texts->len;
		appendBinaryStringInfo(texts, label, bytes + 1);
		pfree(label);
	}
	return starts;
}

PG_FUNCTION_INFO_V1(icm_contacts_recv);
Datum
icm_contacts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	int			flags = pq_getmsgbyte(buf);
	int			zero = pq_getmsgint(buf, 2);
	int32		n = (int32) pq_getmsgint(buf, 4);
	int32		kinds = (int32) pq_getmsgint(buf, 4);
	int32		labels = (int32) pq_getmsgint(buf, 4);
	IcmContacts *contacts;
	StringInfoData texts;
	StringInfoData fixed;
	uint32	   *starts;
	const char *fault;

	if (version != ICM_CONTACTS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported %s version number %d", "icm_contacts", version)));
	if (flags != 0 || zero != 0)
		InvalidMessage("Flags and padding must be zero.");
	if (n > ICM_CONTACTS_MAX || kinds > ICM_CONTACT_KINDS_MAX || labels > ICM_CONTACT_KINDS_MAX * ICM_CONTACT_LABELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many items in %s", "icm_contacts"),
				 errdetail("The message says %d events, %d kinds and %d labels; a value holds at most %d, %d and %d.",
						   n, kinds, labels, ICM_CONTACTS_MAX, ICM_CONTACT_KINDS_MAX, ICM_CONTACT_KINDS_MAX * ICM_CONTACT_LABELS)));
	if (n < 0 || kinds < 0 || labels < 0 || MESSAGE_FIXED_SIZE(n, kinds) > (Size) (buf->len - buf->cursor))
		InvalidMessage("The message carries less than it says.");

	/* labels stand last in the message, and say how large the value is */
	fixed = *buf;
	buf->cursor += MESSAGE_FIXED_SIZE(n, kinds);
	starts = ReadLabelTexts(buf, labels, &texts);
	if (buf->cursor != buf->len)
		InvalidMessage("The message carries more than it says.");
	contacts = IcmFlatMake(ICM_CONTACTS_SIZE(n, kinds, labels) + texts.len, ICM_CONTACTS_VERSION);
	contacts->n = n;
	contacts->kinds = (uint16) kinds;
	contacts->labels = (uint16) labels;
	for (int i = 0; i < n; i++)
	{
		contacts->events[i].at = pq_getmsgint64(&fixed);
		contacts->events[i].reference = pq_getmsgint64(&fixed);
		contacts->events[i].packed = (uint64) pq_getmsgint64(&fixed);
	}
	for (int i = 0; i < kinds; i++)
	{
		IcmContactKind *kind = &IcmContactsKinds(contacts)[i];

		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			kind->label[label] = (uint16) pq_getmsgint(&fixed, 2);
		kind->weight = IcmGetMsgDouble(&fixed);
	}
	memcpy(IcmContactsStarts(contacts), starts, labels * sizeof(uint32));
	memcpy(IcmContactsTexts(contacts), texts.data, texts.len);

	fault = IsSound(contacts) ? Fault(contacts) : "An event has an unknown kind or status, what was pruned no number, or a kind an unknown label.";
	if (fault != NULL)
		InvalidMessage(fault);
	PG_RETURN_POINTER(contacts);
}

PG_FUNCTION_INFO_V1(icm_contacts_send);
Datum
icm_contacts_send(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	StringInfoData buf;

	IcmFlatBeginSend(&buf, contacts, contacts->n);
	pq_sendint32(&buf, contacts->kinds);
	pq_sendint32(&buf, contacts->labels);
	for (int i = 0; i < contacts->n; i++)
	{
		pq_sendint64(&buf, contacts->events[i].at);
		pq_sendint64(&buf, contacts->events[i].reference);
		pq_sendint64(&buf, contacts->events[i].packed);
	}
	for (int i = 0; i < contacts->kinds; i++)
	{
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[i];

		for (int label = 0; label < ICM_CONTACT_LABELS; label++)
			pq_sendint16(&buf, kind->label[label]);
		pq_sendfloat8(&buf, kind->weight);
	}
	for (int i = 0; i < contacts->labels; i++)
	{
		char	   *label = IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i];
		char	   *sent = pg_server_to_client(label, (int) strlen(label));

		pq_sendint32(&buf, (uint32) strlen(sent));
		pq_sendbytes(&buf, sent, (int) strlen(sent));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- accessors ------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(icm_contacts_count);
Datum
icm_contacts_count(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	int32		count = 0;

	for (int i = 0; i < contacts->n; i++)
		count += !IcmContactIsRecord(&contacts->events[i]);
	PG_RETURN_INT32(count);
}

/* The labels as text, by their numbers. */
static Datum *
MakeLabelTexts(const IcmContacts *contacts)
{
	Datum	   *labels = (Datum *) palloc(Max(contacts->labels, 1) * sizeof(Datum));

	for (int i = 0; i < contacts->labels; i++)
		labels[i] = CStringGetTextDatum(IcmContactsTexts(contacts) + IcmContactsStarts(contacts)[i]);
	return labels;
}

/* Put the labels of a kind into columns of a row. */
static void
SetLabels(Datum *values, bool *nulls, const IcmContactKind *kind, const Datum *labels)
{
	for (int label = 0; label < ICM_CONTACT_LABELS; label++)
	{
		nulls[label] = kind->label[label] == ICM_CONTACT_NO_LABEL;
		if (!nulls[label])
			values[label] = labels[kind->label[label]];
	}
}

/* (channel, department, brand, category, weight, number of events, the latest time of one) of each record, ascending by time */
PG_FUNCTION_INFO_V1(icm_contacts_pruned);
Datum
icm_contacts_pruned(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	Datum	   *labels = MakeLabelTexts(contacts);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < contacts->n; i++)
	{
		const IcmContact *contact = &contacts->events[i];
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(contact)];
		Datum		values[7] = {0};
		bool		nulls[7] = {0};

		CHECK_FOR_INTERRUPTS();
		if (!IcmContactIsRecord(contact))
			continue;
		SetLabels(values, nulls, kind, labels);
		values[4] = Float8GetDatum(kind->weight);
		values[5] = Int64GetDatum(contact->reference);
		values[6] = TimestampTzGetDatum(contact->at);
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}

/* (at, channel, department, brand, category, status, weight, reference, expires) of each event, ascending */
PG_FUNCTION_INFO_V1(icm_contacts_events);
Datum
icm_contacts_events(PG_FUNCTION_ARGS)
{
	IcmContacts *contacts = PG_GETARG_CONTACTS(0);
	Datum		statuses[ICM_CONTACT_STATUSES];
	Datum	   *labels = MakeLabelTexts(contacts);
	IcmRows		rows;

	IcmBeginRows(&rows, fcinfo);
	for (int i = 0; i < ICM_CONTACT_STATUSES; i++)
		statuses[i] = CStringGetTextDatum(IcmContactStatusNames[i]);
	for (int i = 0; i < contacts->n; i++)
	{
		const IcmContact *contact = &contacts->events[i];
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(contact)];
		Datum		values[9] = {0};
		bool		nulls[9] = {0};

		CHECK_FOR_INTERRUPTS();
		if (IcmContactIsRecord(contact))
			continue;
		values[0] = TimestampTzGetDatum(contact->at);
		SetLabels(&values[1], &nulls[1], kind, labels);
		values[5] = statuses[ICM_CONTACT_STATUS(contact)];
		values[6] = Float8GetDatum(kind->weight);
		values[7] = Int64GetDatum(contact->reference);
		nulls[7] = contact->reference == ICM_CONTACT_NO_REFERENCE;
		values[8] = TimestampTzGetDatum(IcmContactExpires(contact));
		nulls[8] = ICM_CONTACT_EXPIRY(contact) == ICM_CONTACT_NEVER;
		IcmPutRow(&rows, values, nulls);
	}
	return (Datum) 0;
}
