/*
 * rule_calendar.c
 *		Rules that go by the customer's clock and calendar: caps in calendar
 *		windows, quiet and opening hours, blackouts.
 *
 * Days and hours are those that the clocks in the customer's time zone show at
 * the moment, whatever they did before: so a day can have 23 or 25 hours, and
 * no midnight.
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "contact/check.h"

#define MINUTES(n) ((int64) (n) * USECS_PER_MINUTE)
#define DAYS(n) ((int64) (n) * USECS_PER_DAY)

/* Is the time zone there? */
static bool
HasZone(const IcmCheck *check, IcmFinding *finding)
{
	if (check->zone != NULL && check->zone->tz != NULL)
		return true;
	if (finding != NULL)
		finding->cause = check->zone == NULL ? ICM_CAUSE_NO_ZONE : ICM_CAUSE_UNKNOWN_ZONE;
	return false;
}

static int64
LocalTime(IcmCheck *check, TimestampTz t, IcmFinding *finding)
{
	int64		local = IcmZoneLocal(check->zone, t);

	if (finding != NULL)
		finding->local = local;
	return local;
}

/* ---- caps ------------------------------------------------------------------- */

void
IcmCalendarWindow(const IcmPolicyRule *cap, int32 day, int32 *from, int32 *until)
{
	int			year,
				month,
				length,			/* of the window, in months */
				ignored;

	if (cap->calendar == ICM_CALENDAR_DAY || cap->calendar == ICM_CALENDAR_WEEK)
	{
		*from = cap->calendar == ICM_CALENDAR_DAY ? day : day - (IcmWeekday(day) - cap->week_start + 7) % 7;
		*until = *from + (cap->calendar == ICM_CALENDAR_DAY ? 1 : 7);
		return;
	}
	length = cap->calendar == ICM_CALENDAR_MONTH ? 1 : cap->calendar == ICM_CALENDAR_QUARTER ? 3 : 12;
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &ignored);
	month -= (month - 1) % length;
	*from = date2j(year, month, 1) - POSTGRES_EPOCH_JDATE;
	month += length;
	*until = (month > 12 ? date2j(year + 1, 1, 1) : date2j(year, month, 1)) - POSTGRES_EPOCH_JDATE;
}

/* The contacts that count on the days of a window; and when the first of them expires. */
static int64
CountDays(IcmCheck *check, int rule, TimestampTz t, int32 from, int32 until, TimestampTz *expires, IcmFinding *finding)
{
	int64		n = 0;
	int			i = check->past;

	*expires = ICM_NEVER;
	while (i > 0 && check->events[i - 1].at >= DAYS(from) - ICM_ZONE_OFFSET_MAX)
		i--;
	for (; i < check->n && check->events[i].at < DAYS(until) + ICM_ZONE_OFFSET_MAX; i++)
	{
		const IcmContact *event = &check->events[i];
		int64		count = IcmCountOf(check, rule, event, t);
		int32		day;

		if (count == 0)
			continue;
		day = IcmLocalDay(IcmZoneLocal(check->zone, event->at));
		if (day < from || day >= until)
			continue;
		n += count;
		if (ICM_CONTACT_STATUS(event) == ICM_CONTACT_PRUNED)
			IcmFoundPruned(finding, event);
		*expires = Min(*expires, IcmContactExpires(event));
	}
	return n;
}

TimestampTz
IcmRuleCalendarCap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *cap = &check->policy->rules[rule];
	TimestampTz expires;
	int32		from,
				until;
	int64		n;

	if (finding != NULL)
		finding->threshold = cap->threshold;
	if (!HasZone(check, finding))
		return ICM_NEVER;
	IcmCalendarWindow(cap, IcmLocalDay(LocalTime(check, t, finding)), &from, &until);
	n = CountDays(check, rule, t, from, until, &expires, finding);
	if (finding != NULL)
		finding->observed = n;
	if (cap->threshold == 0)
		return ICM_NEVER;
	return n < cap->threshold ? t : Min(IcmZoneUntil(check->zone, t, until, 0), expires);
}

/* ---- hours ------------------------------------------------------------------ */

static bool
IsQuiet(const IcmPolicyRule *quiet, int64 time)
{
	bool		before_end = time < MINUTES(quiet->to);
	bool		after_begin = time >= MINUTES(quiet->from);

	return quiet->from < quiet->to ? after_begin && before_end : after_begin || before_end;
}

TimestampTz
IcmRuleQuiet(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *quiet = &check->policy->rules[rule];
	int64		local,
				time;

	if (!HasZone(check, finding))
		return ICM_NEVER;
	local = LocalTime(check, t, finding);
	time = IcmLocalTime(local);
	if (!IsQuiet(quiet, time))
		return t;
	return IcmZoneUntil(check->zone, t, IcmLocalDay(local) + (time < MINUTES(quiet->to) ? 0 : 1), quiet->to);
}

TimestampTz
IcmRuleOpen(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *open = &check->policy->rules[rule];
	const IcmPolicyHours *hours = IcmPolicyHoursOf(check->policy) + open->items.first;
	int64		local,
				time;			/* of the week */
	int32		day,
				monday;

	if (!HasZone(check, finding))
		return ICM_NEVER;
	local = LocalTime(check, t, finding);
	day = IcmLocalDay(local);
	monday = day - IcmWeekday(day);
	time = local - DAYS(monday);
	for (int i = 0; i < open->items.n; i++)
		if (time < MINUTES(hours[i].to))
			return time >= MINUTES(hours[i].from) ? t : IcmZoneUntil(check->zone, t, monday, hours[i].from);
	return IcmZoneUntil(check->zone, t, monday + 7, hours[0].from);
}

void
IcmRuleCloseMinutes(const IcmPolicy *policy, const IcmPolicyRule *rule, bool *closed)
{
	const IcmPolicyHours *hours = IcmPolicyHoursOf(policy) + rule->items.first;
	int			i = 0;

	for (int minute = 0; minute < 7 * ICM_DAY_MINUTES; minute++)
	{
		if (rule->kind == ICM_RULE_QUIET)
			closed[minute] |= IsQuiet(rule, MINUTES(minute % ICM_DAY_MINUTES));
		else if (rule->kind == ICM_RULE_OPEN)
		{
			while (i < rule->items.n && hours[i].to <= minute)
				i++;
			closed[minute] |= i == rule->items.n || hours[i].from > minute;
		}
	}
}

/* ---- blackouts -------------------------------------------------------------- */

TimestampTz
IcmRuleBlackout(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *blackout = &check->policy->rules[rule];
	int32		day;

	if (!HasZone(check, NULL))
	{
		/* without a zone, it may be one of these days as long as it is anywhere */
		if (t < DAYS(blackout->from) - ICM_ZONE_EARLIEST || t >= DAYS(blackout->to + 1) + ICM_ZONE_LATEST)
			return t;
		HasZone(check, finding);
		return DAYS(blackout->to + 1) + ICM_ZONE_LATEST;
	}
	day = IcmLocalDay(LocalTime(check, t, finding));
	return day < blackout->from || day > blackout->to ? t : IcmZoneUntil(check->zone, t, blackout->to + 1, 0);
}
