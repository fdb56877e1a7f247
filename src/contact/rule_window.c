/*
 * rule_window.c
 *		Caps in sliding windows, and gaps.
 *
 * A contact at t is allowed if no n + 1 contacts that include it, n being the
 * cap, lie within less than the span. Contacts that are still to come count as
 * those that have been: so there are two sides to look at. A gap is a cap of 1.
 */
#include "postgres.h"

#include "contact/check.h"

/* The contacts less than span from t that count, by time. */
typedef struct Around
{
	const TimestampTz *times;
	int			n;
	int			past;			/* of them, not later than t */
	TimestampTz expires;		/* when the first of them does */
	const IcmContact *pruned;	/* the record of what was pruned among them; NULL: none */
} Around;

/* No more than most of them, of those that were pruned, are told apart. */
static Around
Gather(IcmCheck *check, int rule, TimestampTz t, double most)
{
	int64		span = check->policy->rules[rule].span;
	TimestampTz until = IcmLater(t, span);
	int			first = check->past;
	Around		around = {check->scratch, 0, 0, ICM_NEVER, NULL};

	while (first > 0 && check->events[first - 1].at > t - span)
		first--;
	for (int i = first; i < check->n && check->events[i].at < until; i++)
	{
		const IcmContact *event = &check->events[i];
		int64		count = IcmCountOf(check, rule, event, t);

		if (count == 0)
			continue;
		if (unlikely(count > 1 || ICM_CONTACT_STATUS(event) == ICM_CONTACT_PRUNED))
		{
			count = (int64) Min((double) count, Max(most, 1));
			IcmCheckScratch(check, around.n + count + check->n);
			around.pruned = event;
		}
		if (i < check->past)
			around.past += (int) count;
		for (; count > 0; count--)
			check->scratch[around.n++] = event->at;
		around.expires = Min(around.expires, IcmContactExpires(event));
	}
	around.times = check->scratch;
	return around;
}

/*
 * Ask a cap of n. Any n contacts in a row that lie within less than the span forbid all times from the last of them less
 * the span to the first plus the span; those gathered that are so close forbid t. Of these, the latest forbid the longest.
 */
static TimestampTz
Ask(const IcmCheck *check, int rule, TimestampTz t, const Around *around, double n)
{
	int64		span = check->policy->rules[rule].span;

	if (n == 0)
		return ICM_NEVER;
	if (around->n < n)
		return t;
	for (int first = around->n - (int) n; first >= 0; first--)
		if (around->times[first + (int) n - 1] - around->times[first] < span)
			return Min(IcmLater(around->times[first], span), around->expires);
	return t;
}

/* With no contact to come, it is enough to count: are there less than n within less than the span? */
static bool
HasRoom(const IcmCheck *check, int rule, TimestampTz t, double n)
{
	TimestampTz from = t - check->policy->rules[rule].span;
	int64		found = 0;

	if (n > 0 && check->n < n && !check->pruned)
		return true;
	if (n == 0 || check->past < check->n)
		return false;			/* never, or it is not enough */
	for (int i = check->past - 1; i >= 0 && check->events[i].at > from; i--)
		if ((found += IcmCountOf(check, rule, &check->events[i], t)) >= n)
			return false;
	return true;
}

/* The most contacts that lie within a window of the span that t is in. */
static int
MostAround(const Around *around, TimestampTz t, int64 span)
{
	int			most = 0;

	for (int first = 0, end = 0; first <= around->past; first++)
	{
		TimestampTz from = first < around->past ? around->times[first] : t;

		while (end < around->n && around->times[end] < IcmLater(from, span))
			end++;
		most = Max(most, end - first);
	}
	return most;
}

TimestampTz
IcmRuleCap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *cap = &check->policy->rules[rule];
	Around		around;

	if (cap->calendar != ICM_CALENDAR_NONE)
		return IcmRuleCalendarCap(check, rule, t, finding);
	if (finding == NULL && HasRoom(check, rule, t, cap->threshold))
		return t;
	around = Gather(check, rule, t, cap->threshold);
	if (finding != NULL)
	{
		if (around.pruned != NULL)
			IcmFoundPruned(finding, around.pruned);
		finding->observed = MostAround(&around, t, cap->span);
		finding->threshold = cap->threshold;
	}
	return Ask(check, rule, t, &around, cap->threshold);
}

/* The contact nearest to t of those that count; NULL if there is none. */
static const IcmContact *
Nearest(const IcmCheck *check, int rule, TimestampTz t)
{
	const IcmContact *nearest = NULL;

	for (int i = check->past; i < check->n && nearest == NULL; i++)
		if (IcmCounts(check, rule, &check->events[i], t))
			nearest = &check->events[i];
	for (int i = check->past - 1; i >= 0; i--)
		if (IcmCounts(check, rule, &check->events[i], t))
			return nearest == NULL || IcmBetween(check->events[i].at, t) <= IcmBetween(t, nearest->at) ? &check->events[i] : nearest;
	return nearest;
}

TimestampTz
IcmRuleGap(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	Around		around;

	if (finding == NULL && HasRoom(check, rule, t, 1))
		return t;
	around = Gather(check, rule, t, 1);
	if (finding != NULL)
	{
		const IcmContact *nearest = Nearest(check, rule, t);

		finding->threshold = ICM_HOURS(check->policy->rules[rule].span);
		if (nearest != NULL)
		{
			finding->observed = ICM_HOURS(IcmBetween(Min(t, nearest->at), Max(t, nearest->at)));
			finding->moment = nearest->at;
		}
		if (around.pruned != NULL)
			IcmFoundPruned(finding, around.pruned);
	}
	return Ask(check, rule, t, &around, 1);
}
