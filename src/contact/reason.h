/*
 * reason.h
 *		What a check has found, in words.
 */
#ifndef ICM_REASON_H
#define ICM_REASON_H

#include "contact/check.h"
#include "contact/moment.h"

/* A rule as written, but for its name and source. */
extern const char *IcmCheckBody(IcmCheck *check, int rule);

/* Why a rule does not allow the contact at t: the rule, and what it has found. */
extern void IcmAppendReason(StringInfo buf, IcmCheck *check, int rule, const IcmFinding *finding, TimestampTz t);

#endif							/* ICM_REASON_H */
