/*
 * contacts_agg.c
 *		The SQL functions that build contacts: add, merge, final, which support the
 *		aggregates, and set_status.
 *
 * Here is what their arguments must be. How events are appended is in
 * contacts_open.c, how those of one reference become one in contacts_close.c.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/aggregate.h"
#include "common/flat.h"
#include "common/text.h"
#include "contact/contacts_open.h"

/* ---- events as arguments -------------------------------------------------- */

const char *const IcmContactLabelNames[ICM_CONTACT_LABELS] = {"channel", "department", "brand", "category"};

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
				 errmsg("%s of a contact must be of 1 to %d bytes", IcmContactLabelNames[label], ICM_NAME_MAX),
				 errdetail("The %s given has %d bytes.", IcmContactLabelNames[label], *length),
				 *length == 0 && label != ICM_CONTACT_CHANNEL ?
				 errhint("The %s may be NULL: use nullif(%s, '').", IcmContactLabelNames[label], IcmContactLabelNames[label]) : 0));
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
 * aggregate passes it, and it was made open by contacts_open.c. Else NULL.
 */
static inline IcmContacts *
GetTransitionState(FunctionCallInfo fcinfo)
{
	void	   *state = PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(0) || !VARATT_IS_4B_U(state) || !IcmContactsIsOpen(state) || !AggCheckCallContext(fcinfo, NULL))
		return NULL;
	return (IcmContacts *) state;
}

/* The argument as it came, open or stored, but checked. */
static IcmContacts *
GetEither(Datum datum)
{
	IcmContacts *contacts = IcmFlatGet(datum, ICM_CONTACTS_SIZE(0, 0, 0), ICM_CONTACTS_VERSION, "icm_contacts");

	if (!IcmContactsIsOpen(contacts))
		return IcmContactsGet(PointerGetDatum(contacts));
	if (!IcmOpenIsSound((IcmOpenContacts *) contacts))
		IcmFlatCorrupt("icm_contacts");
	return contacts;
}

/* An open copy of the first argument. */
static IcmOpenContacts *
CopyOpen(FunctionCallInfo fcinfo)
{
	IcmOpenContacts *open = IcmOpenMake(1);

	return PG_ARGISNULL(0) ? open : IcmOpenAppendAll(open, GetEither(PG_GETARG_DATUM(0)));
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
		PG_RETURN_POINTER(IcmOpenAppendAll((IcmOpenContacts *) state, other));
	return ReturnCopy(fcinfo, IcmOpenAppendAll(CopyOpen(fcinfo), other));
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
		if (!IcmContactIsConsent(&contacts->events[i]))
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
