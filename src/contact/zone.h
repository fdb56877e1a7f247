/*
 * zone.h
 *		Local time in the zones of the IANA time zone database.
 *
 * Local times are microseconds since 2000-01-01 00:00 on the clocks of the zone.
 */
#ifndef ICM_ZONE_H
#define ICM_ZONE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "pgtime.h"

#define ICM_ZONE_SPANS 16

/* No clock was ever further from UTC than this. */
#define ICM_ZONE_OFFSET_MAX (16 * USECS_PER_HOUR)

/* Today's clocks are between these two. */
#define ICM_ZONE_EARLIEST (14 * USECS_PER_HOUR)	/* ahead of UTC: where a day begins first */
#define ICM_ZONE_LATEST (12 * USECS_PER_HOUR)	/* behind UTC: where it ends last */

/* Between two changes of the clocks: from <= t < until. */
typedef struct IcmZoneSpan
{
	TimestampTz from;
	TimestampTz until;
	int64		offset;			/* local time less UTC */
} IcmZoneSpan;

/* A zone, and the spans around the time that was asked for last. */
typedef struct IcmZone
{
	char		name[TZ_STRLEN_MAX + 1];
	int			length;			/* of the name */
	pg_tz	   *tz;				/* NULL if there is no zone of this name */
	int			n;
	int			last;			/* the span that was used last */
	IcmZoneSpan spans[ICM_ZONE_SPANS];
} IcmZone;

/* Make it the zone of this name, which need not exist; nothing happens if it is that zone. */
extern void IcmZoneSet(IcmZone *zone, const char *name, int length);

/* The local time at t, in a zone that exists. */
extern int64 IcmZoneLocal(IcmZone *zone, TimestampTz t);

/*
 * When the clocks show this minute of a day, which is later than their time at t; or when they are set forward or back,
 * if that is sooner: then they may show something earlier again.
 */
extern TimestampTz IcmZoneUntil(IcmZone *zone, TimestampTz t, int32 day, int minute);

/* The day of a local time, in days since 2000-01-01, and the time of day, in microseconds. */
static inline int32
IcmLocalDay(int64 local)
{
	int64		day = local / USECS_PER_DAY;

	return (int32) (local % USECS_PER_DAY < 0 ? day - 1 : day);
}

static inline int64
IcmLocalTime(int64 local)
{
	return local - IcmLocalDay(local) * USECS_PER_DAY;
}

/* 0 for Monday to 6 for Sunday; 2000-01-01 was a Saturday. */
static inline int
IcmWeekday(int32 day)
{
	int			weekday = (int) ((day + INT64CONST(5)) % 7);

	return weekday < 0 ? weekday + 7 : weekday;
}

#endif							/* ICM_ZONE_H */
