/*
 * moment.h
 *		Moments as text: in UTC and exact, whatever TimeZone and DateStyle say.
 */
#ifndef ICM_MOMENT_H
#define ICM_MOMENT_H

#include "common/text.h"
#include "datatype/timestamp.h"

/*
 * Read a moment: year-month-day hours:minutes:seconds, perhaps with up to six
 * decimals, the offset from UTC (+HH, -HH, +HH:MM or -HH:MM) and perhaps " BC".
 * False unless it exists and PostgreSQL can hold it.
 */
extern bool IcmReadMoment(IcmReader *reader, TimestampTz *moment);

/* The moment, which must be finite, as IcmReadMoment reads it, in UTC. */
extern void IcmAppendMoment(StringInfo buf, TimestampTz moment);

#endif							/* ICM_MOMENT_H */
