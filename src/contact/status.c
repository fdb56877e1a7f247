/*
 * status.c
 *		The statuses of contacts and signals; see status.h.
 */
#include "postgres.h"

#include "contact/status.h"

const char *const IcmContactStatusNames[ICM_CONTACT_STATUSES_STORED] = {
	[ICM_CONTACT_RESERVED] = "reserved",
	[ICM_CONTACT_CANCELLED] = "cancelled",
	[ICM_CONTACT_SENT] = "sent",
	[ICM_CONTACT_BOUNCED] = "bounced",
	[ICM_CONTACT_DELIVERED] = "delivered",
	[ICM_CONTACT_REFUSED] = "refused",
	[ICM_CONTACT_RESPONDED] = "responded",
	[ICM_CONTACT_COMPLAINT] = "complaint",
	[ICM_CONTACT_OPTIN] = "optin",
	[ICM_CONTACT_OPTOUT] = "optout",
	[ICM_CONTACT_PRUNED] = "pruned"
};

bool
IcmContactFindStatus(const char *name, int length, IcmContactStatus *status)
{
	for (int i = 0; i < ICM_CONTACT_STATUSES; i++)
	{
		const char *known = IcmContactStatusNames[i];

		if (known[0] == name[0] && (int) strlen(known) == length && memcmp(known, name, length) == 0)
		{
			*status = (IcmContactStatus) i;
			return true;
		}
	}
	return false;
}
