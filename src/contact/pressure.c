/*
 * pressure.c
 *		icm_pressure: how much a customer has been contacted lately.
 *
 * Each contact adds its weight, and what has added up halves with each
 * half-life: P = sum of weight * 2^(-(at - t) / half-life) over the contacts at
 * t <= at.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/check.h"
#include "contact/contacts.h"

/* Microseconds; ERROR (22023) unless it is a positive interval without months, whose length varies. */
static double
GetHalfLife(FunctionCallInfo fcinfo, int arg)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(arg);
	double		half_life = (double) interval->day * USECS_PER_DAY + (double) interval->time;

	if (interval->month != 0 || !(half_life > 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life must be positive, in days and hours"),
				 errdetail("The half_life given is %s.",
						   DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)))),
				 errhint("A month has no fixed length; 30 days have.")));
	return half_life;
}

/*
 * Does a contact that is not later than at count then, on this channel (NULL: any)? Without a channel it is a
 * signal; an expired reservation is none any more.
 */
static bool
Counts(const IcmContact *contact, const char *own, TimestampTz at, const text *channel)
{
	return own != NULL &&
		(ICM_CONTACT_COUNTING >> ICM_CONTACT_STATUS(contact) & 1) != 0 &&
		IcmContactExpires(contact) > at &&
		(channel == NULL || (strlen(own) == VARSIZE_ANY_EXHDR(channel) &&
							 memcmp(own, VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel)) == 0));
}

/* icm_pressure(contacts, at, half_life [, channel]) */
PG_FUNCTION_INFO_V1(icm_pressure);
Datum
icm_pressure(PG_FUNCTION_ARGS)
{
	const IcmContacts *contacts;
	const text *channel = NULL;
	TimestampTz at;
	double		half_life;
	double		pressure = 0.0;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
		PG_RETURN_NULL();
	at = PG_GETARG_TIMESTAMPTZ(1);
	half_life = GetHalfLife(fcinfo, 2);
	if (PG_NARGS() > 3)
		channel = PG_GETARG_TEXT_PP(3);
	IcmCheckAt(at);
	if (PG_ARGISNULL(0))
		PG_RETURN_FLOAT8(0.0);	/* no contacts yet */

	contacts = PG_GETARG_CONTACTS(0);
	for (int i = 0; i < contacts->n && contacts->events[i].at <= at; i++)
	{
		const IcmContact *contact = &contacts->events[i];
		const IcmContactKind *kind = &IcmContactsKinds(contacts)[ICM_CONTACT_KIND(contact)];

		if (Counts(contact, IcmContactsLabel(contacts, kind, ICM_CONTACT_CHANNEL), at, channel))
			pressure += kind->weight * exp2(-((double) at - (double) contact->at) / half_life);
	}
	PG_RETURN_FLOAT8(pressure);
}
