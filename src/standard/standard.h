/*
 * standard.h
 *		Published definitions by name.
 *
 * A kind of definition is a type icm_<kind>. Its versions stand in
 * icm.standard as text, and icm_standard_<kind>(name [, as_of]) looks one up.
 * SQL functions that take a name instead of a definition call that lookup, so
 * the other capabilities' C code does not need this header.
 */
#ifndef ICM_STANDARD_H
#define ICM_STANDARD_H

#include "common/compat.h"
#include "utils/timestamp.h"

/* A published version of a definition. */
typedef struct IcmStandardVersion
{
	int			version;
	TimestampTz from;			/* in force from <= t < until; infinity: no end */
	TimestampTz until;
	char	   *body;
	bool		parsed;			/* value is filled in */
	Datum		value;			/* the body as a value of the kind's type */
} IcmStandardVersion;

/* Register the invalidation callbacks; called once, when the library is loaded. */
extern void IcmStandardInit(void);

/* The OID of icm.standard. */
extern Oid	IcmStandardRelation(void);

/* May the current user read icm.standard? Call IcmStandardRelation() first. */
extern bool IcmStandardMayRead(void);

/*
 * For the planner: the version of a definition in force at a time, by what is
 * published at this moment, or when the first name was folded into the plan
 * that is being made. NULL if there is none. Copy what is to last.
 */
extern const IcmStandardVersion *IcmStandardNewest(bool first, Oid type, const char *name, int length, TimestampTz at);

#endif							/* ICM_STANDARD_H */
