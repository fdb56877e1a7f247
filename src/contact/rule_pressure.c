/*
 * rule_pressure.c
 *		The rule that pressure stays within a limit.
 *
 * Pressure is the sum of the weights of the contacts up to a time, each halved
 * with every half-life since: P(t) = sum of weight * 2^(-(t - at) / half-life). A
 * contact is allowed if the limit is kept right after it, and right after each
 * contact that is still to come.
 */
#include "postgres.h"

#include <math.h>

#include "contact/check.h"

/* So much below a limit that no rounding matters. */
#define SURELY (1.0 - 1e-9)

/* The rule, and the contact that is asked about. */
typedef struct Pressure
{
	IcmCheck   *check;
	int			rule;
	TimestampTz t;
	double		half_life;
	double		weight;			/* of the contact */
	double		room;			/* that the limit leaves beside it */
	TimestampTz expires;		/* when the first contact that counts does */
	bool		any;			/* has any contact up to t a weight? */
} Pressure;

static double
Decay(const Pressure *pressure, TimestampTz from, TimestampTz to)
{
	return exp2(-(double) IcmBetween(from, to) / pressure->half_life);
}

static double
KindWeight(const Pressure *pressure, int kind)
{
	const IcmPolicy *policy = pressure->check->policy;

	return pressure->check->kinds[kind].weight *
		IcmRuleWeight(policy, &policy->rules[pressure->rule], pressure->check->kinds[kind].channel);
}

/* What an event weighs; 0 if it does not count. */
static double
WeightOf(const Pressure *pressure, const IcmContact *event)
{
	int64		count = IcmCountOf(pressure->check, pressure->rule, event, pressure->t);

	return count == 0 ? 0.0 : (double) count * KindWeight(pressure, ICM_CONTACT_KIND(event));
}

/* The pressure at a time, of the contacts up to t. */
static double
PressureAt(Pressure *pressure, TimestampTz at)
{
	const IcmCheck *check = pressure->check;
	double		sum = 0.0;

	for (int i = 0; i < check->past; i++)
	{
		const IcmContact *event = &check->events[i];
		double		weight = WeightOf(pressure, event);

		if (weight == 0.0)
			continue;
		pressure->any = true;
		pressure->expires = Min(pressure->expires, IcmContactExpires(event));
		sum += weight * Decay(pressure, event->at, at);
	}
	return sum;
}

/*
 * Is it certain without all of the sum that the contact fits? From the latest contact back each of those that are left
 * adds at most what the heaviest kind would have added at the time of the one before.
 */
static bool
FitsSurely(Pressure *pressure)
{
	const IcmCheck *check = pressure->check;
	double		heaviest = 0.0;
	double		sum = 0.0;

	for (int i = 0; i < check->n_kinds; i++)
		heaviest = Max(heaviest, KindWeight(pressure, i));
	for (int i = check->past - 1; i >= 0; i--)
	{
		const IcmContact *event = &check->events[i];
		double		weight = WeightOf(pressure, event);
		double		decay;

		if (weight == 0.0)
			continue;
		decay = Decay(pressure, event->at, pressure->t);
		sum += weight * decay;
		if (sum >= pressure->room * SURELY)
			return false;
		if (sum + i * heaviest * decay < pressure->room * SURELY)
			return true;
	}
	return pressure->room > 0.0;
}

static bool
Fits(Pressure *pressure, TimestampTz at)
{
	return PressureAt(pressure, at) <= pressure->room;
}

/*
 * When pressure has fallen to the room that there is. P * 2^(-d / half-life) = room gives d; then, to the
 * microsecond, the first time at which the sum as it is calculated is no larger.
 */
static TimestampTz
WhenItFits(Pressure *pressure, double now)
{
	double		d = ceil(pressure->half_life * (log2(now) - log2(pressure->room)));
	TimestampTz denied = pressure->t;
	TimestampTz fits;
	int64		step = 1;

	if (pressure->room <= 0.0 || !(d < (double) IcmBetween(pressure->t, END_TIMESTAMP)))
		return pressure->expires;
	fits = pressure->t + Max((int64) d, 1);
	for (; !Fits(pressure, fits); step *= 2)
	{
		denied = fits;
		fits += step;
	}
	for (; fits - denied > step && Fits(pressure, fits - step); step *= 2)
		fits -= step;
	denied = Max(denied, fits - step);
	while (fits - denied > 1)
	{
		TimestampTz middle = denied + (fits - denied) / 2;

		if (Fits(pressure, middle))
			fits = middle;
		else
			denied = middle;
	}
	return Min(fits, pressure->expires);
}

/*
 * The last contact to come after which pressure would be beyond the limit; DT_NOBEGIN if there is none. Until then the
 * contact would add ever more to it.
 */
static TimestampTz
LastBeyond(Pressure *pressure, double now, double limit, double *most)
{
	const IcmCheck *check = pressure->check;
	TimestampTz before = pressure->t;
	TimestampTz last = DT_NOBEGIN;

	for (int i = check->past; i < check->n; i++)
	{
		const IcmContact *event = &check->events[i];
		double		added;

		if (!IcmCounts(check, pressure->rule, event, pressure->t))
			continue;
		pressure->expires = Min(pressure->expires, IcmContactExpires(event));
		now = now * Decay(pressure, before, event->at) + WeightOf(pressure, event);
		before = event->at;
		added = pressure->weight * Decay(pressure, pressure->t, event->at);
		*most = Max(*most, now + added);
		if (now > limit - added)
			last = event->at;
	}
	return last;
}

TimestampTz
IcmRulePressure(IcmCheck *check, int rule, TimestampTz t, IcmFinding *finding)
{
	const IcmPolicyRule *limit = &check->policy->rules[rule];
	Pressure	pressure = {check, rule, t, (double) limit->span,.expires = ICM_NEVER};
	double		now,
				most;
	TimestampTz last;

	pressure.weight = IcmRuleWeight(check->policy, limit, check->labels.of[ICM_CONTACT_CHANNEL]);
	pressure.room = limit->threshold - pressure.weight;
	if (finding == NULL && check->past == check->n && !check->pruned && FitsSurely(&pressure))
		return t;
	now = PressureAt(&pressure, t);
	most = now + pressure.weight;
	last = LastBeyond(&pressure, now, limit->threshold, &most);
	if (finding != NULL)
	{
		finding->threshold = limit->threshold;
		finding->observed = most;
	}
	if (pressure.room < 0.0)
		return ICM_NEVER;
	if (last != DT_NOBEGIN)
		return Min(last, pressure.expires);
	if (pressure.room == 0.0 ? pressure.any : now > pressure.room)
		return WhenItFits(&pressure, now);
	return t;
}
