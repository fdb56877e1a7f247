/*
 * zone.c
 *		Local time in the zones of the IANA time zone database; see zone.h.
 *
 * PostgreSQL has the database, and looks one time up in it. The many times that
 * a check asks for are close together, so the changes of the clocks around them
 * are kept.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "contact/zone.h"

#define UNIX_EPOCH_SECONDS ((pg_time_t) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* How far around a time changes are looked for: two customers' times are seldom further from each other. */
#define AROUND (400 * USECS_PER_DAY)

/* ---- names ------------------------------------------------------------------ */

/* Is it GMT, GMT+5 and the like, as the database has them? */
static bool
IsGmtName(const char *name)
{
	bool		in_etc = pg_strncasecmp(name, "Etc/", 4) == 0;
	char		sign;
	char	   *end;
	long		hours;

	if (in_etc)
		name += 4;
	if (pg_strncasecmp(name, "GMT", 3) != 0)
		return false;
	name += 3;
	sign = *name;
	if (sign == '+' || sign == '-')
		name++;
	if (*name < '0' || *name > '9')
		return false;
	hours = strtol(name, &end, 10);
	return *end == '\0' && end - name == (hours > 9 ? 2 : 1) &&
		(hours == 0 || (in_etc && ((sign == '+' && hours <= 12) || (sign == '-' && hours <= 14))));
}

/*
 * PostgreSQL also takes rules in the notation of POSIX, such as UTC+3, which is behind UTC and not ahead of it, or
 * Mars2. They are not names, and all have digits. Nor are the server's own settings those of a customer.
 */
static bool
IsZoneName(const char *name)
{
	static const char *const with_digits[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"};
	static const char *const settings[] = {"localtime", "posixrules", "Factory"};

	if (pg_strncasecmp(name, "posix/", 6) == 0)
		name += 6;
	for (int i = 0; i < lengthof(settings); i++)
		if (pg_strcasecmp(name, settings[i]) == 0)
			return false;
	for (int i = 0; i < lengthof(with_digits); i++)
		if (pg_strcasecmp(name, with_digits[i]) == 0)
			return true;
	return strpbrk(name, "0123456789") == NULL || IsGmtName(name);
}

void
IcmZoneSet(IcmZone *zone, const char *name, int length)
{
	if (zone->length == length && length > 0 && length <= TZ_STRLEN_MAX && memcmp(zone->name, name, length) == 0)
		return;
	memset(zone, 0, offsetof(IcmZone, spans));
	memcpy(zone->name, name, length > TZ_STRLEN_MAX ? pg_mbcliplen(name, length, TZ_STRLEN_MAX) : length);
	zone->length = length;
	if (length > 0 && length <= TZ_STRLEN_MAX && IsZoneName(zone->name))
		zone->tz = pg_tzset(zone->name);
	if (zone->tz != NULL && !pg_tz_acceptable(zone->tz))
		zone->tz = NULL;		/* it counts leap seconds */
}

/* ---- times ------------------------------------------------------------------ */

static pg_time_t
ToUnix(TimestampTz t)
{
	return (t - (t % USECS_PER_SEC + USECS_PER_SEC) % USECS_PER_SEC) / USECS_PER_SEC + UNIX_EPOCH_SECONDS;
}

static TimestampTz
FromUnix(pg_time_t seconds)
{
	return (seconds - UNIX_EPOCH_SECONDS) * USECS_PER_SEC;
}

/* The span from a time on; its begin is not looked for. */
static IcmZoneSpan
SpanFrom(const IcmZone *zone, TimestampTz from)
{
	IcmZoneSpan span = {from, DT_NOEND, 0};
	pg_time_t	seconds = ToUnix(from);
	pg_time_t	boundary;
	long int	before,
				after;
	int			before_dst,
				after_dst;
	int			found = pg_next_dst_boundary(&seconds, &before, &before_dst, &boundary, &after, &after_dst, zone->tz);

	if (found < 0)
		elog(ERROR, "time zone \"%s\" cannot be used", zone->name);
	span.offset = before * USECS_PER_SEC;
	if (found > 0 && boundary - UNIX_EPOCH_SECONDS < DT_NOEND / USECS_PER_SEC)
		span.until = FromUnix(boundary);
	return span;
}

/* The spans around a time. */
static void
FindSpans(IcmZone *zone, TimestampTz t)
{
	TimestampTz from = Max(t - AROUND, MIN_TIMESTAMP);
	TimestampTz until = t < DT_NOEND - AROUND ? t + AROUND : DT_NOEND - 1;

	for (;;)
	{
		zone->n = 0;
		do
		{
			zone->spans[zone->n] = SpanFrom(zone, from);
			from = zone->spans[zone->n].until;
		} while (zone->spans[zone->n++].until <= until && zone->n < ICM_ZONE_SPANS);
		if (from > t)
			return;				/* else the clocks change more often than there is room for */
	}
}

/* The span of a time. */
static const IcmZoneSpan *
FindSpan(IcmZone *zone, TimestampTz t)
{
	const IcmZoneSpan *span = &zone->spans[zone->last];

	if (zone->n > 0 && span->from <= t && t < span->until)
		return span;
	if (zone->n == 0 || t < zone->spans[0].from || t >= zone->spans[zone->n - 1].until)
		FindSpans(zone, t);
	for (zone->last = 0; t >= zone->spans[zone->last].until;)
		zone->last++;
	return &zone->spans[zone->last];
}

int64
IcmZoneLocal(IcmZone *zone, TimestampTz t)
{
	return t + FindSpan(zone, t)->offset;
}

TimestampTz
IcmZoneUntil(IcmZone *zone, TimestampTz t, int32 day, int minute)
{
	const IcmZoneSpan *span = FindSpan(zone, t);

	if (day >= END_TIMESTAMP / USECS_PER_DAY)
		return span->until;		/* no timestamp is that late */
	return Min(day * USECS_PER_DAY + minute * USECS_PER_MINUTE - span->offset, span->until);
}
