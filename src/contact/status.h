/*
 * status.h
 *		The statuses of contacts, and of signals of consent.
 */
#ifndef ICM_CONTACT_STATUS_H
#define ICM_CONTACT_STATUS_H

#include "common/compat.h"

/*
 * What has become of a contact. The order is that of its life: where events of
 * one reference differ, the latest status wins; from sent on the contact took
 * place. Then comes consent, and at last what is no event: the record of those
 * that were pruned.
 */
typedef enum IcmContactStatus
{
	ICM_CONTACT_RESERVED,
	ICM_CONTACT_CANCELLED,
	ICM_CONTACT_SENT,
	ICM_CONTACT_BOUNCED,
	ICM_CONTACT_DELIVERED,
	ICM_CONTACT_REFUSED,
	ICM_CONTACT_RESPONDED,
	ICM_CONTACT_COMPLAINT,
	ICM_CONTACT_OPTIN,
	ICM_CONTACT_OPTOUT,
	ICM_CONTACT_PRUNED
} IcmContactStatus;

/* Those of events, which functions and policies may name; and all. */
#define ICM_CONTACT_STATUSES 10
#define ICM_CONTACT_STATUSES_STORED 11

/* As bits, what counts as a contact unless a rule says otherwise: all that reached the customer, or may yet. */
#define ICM_CONTACT_COUNTING \
	((uint16) (((1 << ICM_CONTACT_OPTIN) - 1) & ~(1 << ICM_CONTACT_BOUNCED) & ~(1 << ICM_CONTACT_CANCELLED)))

/* A weight is from 0 to this, of a contact and of a channel: no sum of their products overflows. */
#define ICM_CONTACT_WEIGHT_MAX 1e100

/* What each is called: reserved, cancelled, sent, ... */
extern const char *const IcmContactStatusNames[ICM_CONTACT_STATUSES_STORED];

/* For hints. */
#define ICM_CONTACT_STATUS_LIST \
	"reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin and optout"

/* The status of an event of this name, of length bytes; false if there is none. */
extern bool IcmContactFindStatus(const char *name, int length, IcmContactStatus *status);

#endif							/* ICM_CONTACT_STATUS_H */
