#!/usr/bin/python3
"""Random contacts and policies, and what must be answered about them.

usage: test/reference/contact.py DIRECTORY SEED KIND N [KIND N ...]
       test/reference/contact.py selftest

Writes N random cases of each kind into files for COPY: what is asked, and what the
answer must be. test/t/014_contact_oracle.pl compares them with the answers of icm. The
same seed gives the same cases. Needs Python 3.9, and the system's tzdata.

The answers come from the definition of each rule, taken literally, and from nothing
of icm's: whether a contact is allowed at a time is asked of every rule with every
event, and the first time at which it is allowed is found by asking at one time after
the other. Local times are those of Python's zoneinfo. For this, all times and spans
of a case are multiples of a step of a minute to six hours, give or take a
microsecond, so that the answer can change only

  - at a multiple of the step in UTC, or in the local time of the time zone,
  - where the clocks of the zone are changed,
  - at an event, or where a reservation expires,
  - where the contact pressure has decayed to what the rule allows: it only falls from
    one of the times above to the next, so that it is found by halving between them,

or one microsecond before or after. All these are asked up to a horizon. A case in
which the pressure is within 1e-9 of what is allowed is left out. Some times between
the last denial and the answer are drawn at random, and must be denied as well.

The kinds, and their files, named as the kind where nothing is said:

  check     id, contacts, policy, at, channel, department, brand, category, grade, tz,
            key; allowed, rule, observed is known, observed, threshold, next time,
            horizon, tolerance in microseconds; the policy with its rules in another
            order; with one rule more; another policy
  explain   id, contacts to key as above; file explained, each rule: id, number, rule,
            applies, passes, observed is known to tolerance
  simulate  id, contacts, policy, since, until, grade, tz, key; file judged, each
            contact: id, number, at, channel, department, brand, category, status,
            allowed, rule, observed is known, observed, threshold
  prune     id, contacts, policy, time of pruning; at to key; and what becomes known
            later, or NULLs: at, channel, department, brand, category, status, weight,
            reference, expires
  zones     tz, time, local time

Without a next time there is none up to the horizon, and none ever if that is infinity.
"""
import bisect
import math
import random
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

SECOND = 10 ** 6                # all times are microseconds since 1970
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LIFE = ('reserved', 'cancelled', 'sent', 'bounced', 'delivered', 'refused', 'responded', 'complaint', 'optin', 'optout')
CONSENT = ('optin', 'optout')
SIGNALS = ('refused', 'complaint', 'optin', 'optout')
COUNTING = ('reserved', 'sent', 'delivered', 'refused', 'responded', 'complaint')
WEEKDAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')

CLOSE = 1e-9                    # a pressure so near to its limit decides nothing


class Close(Exception):
    """Rounding could decide the case."""


# ---- contacts, policies and requests ------------------------------------------

class Event:
    def __init__(self, at, labels, status, weight=1, reference=None, expires=None):
        self.at = at
        self.labels = labels            # channel, department, brand, category
        self.status = status
        self.weight = weight
        self.reference = reference
        self.expires = expires


class Rule:
    """A rule; lists are (labels, whether they are left out) or None, for channel, department, brand, category."""

    def __init__(self, kind, part=0, **terms):
        self.kind = kind
        self.part = part
        self.lists = [None] * 4
        self.grades = None
        self.counting = COUNTING
        self.counted = False
        self.priority = 0
        self.name = None
        self.body = None
        self.span = None
        self.__dict__.update(terms)


class Request:
    def __init__(self, labels, grade=None, tz=None, key=None):
        self.labels = labels
        self.grade = grade
        self.tz = tz
        self.key = key


# ---- what the words mean --------------------------------------------------------

def listed(scope, value):
    """Is the value, perhaps none, one of those that the scope is about?"""
    if scope is None:
        return True
    values, excepted = scope
    return (value in values) != excepted


def in_scope(rule, labels, grade):
    return all(map(listed, rule.lists, labels)) and listed(rule.grades, grade)


def expired(event, t):
    return event.status == 'reserved' and event.expires is not None and event.expires <= t


def leaves_out(exemptions, event, grade):
    """Does one of the exemptions leave the event out of account?"""
    return any(not rule.counted and in_scope(rule, event.labels, grade) for rule in exemptions)


def counting(rule, event, exemptions, grade):
    """Does the event count for the rule, while it is not an expired reservation?"""
    if event.labels[0] is None or event.status in CONSENT or event.status not in rule.counting:
        return False
    lists = list(rule.lists)
    if rule.kind == 'sequence':
        lists[0] = ({rule.after}, False)
    return all(map(listed, lists, event.labels)) and not leaves_out(exemptions, event, grade)


ZONES = {}


def zone_of(name):
    """The time zone, or None if there is none of that name."""
    if name is None or name == 'Mars/Olympus' or '+' in name:
        return None
    if name not in ZONES:
        ZONES[name] = ZoneInfo(name)
    return ZONES[name]


def local(zone, t):
    return datetime.fromtimestamp(t // SECOND, zone)


def window(calendar, start, day):
    """What is the same for two dates iff they are in the same calendar window."""
    if calendar == 'day':
        return day.toordinal()
    if calendar == 'week':
        return (day.toordinal() - 1 - start) // 7      # the first day of all was a Monday
    if calendar == 'month':
        return day.year, day.month
    if calendar == 'quarter':
        return day.year, (day.month - 1) // 3
    return day.year


def utc_midnight(day):
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY


def holdout(salt, key):
    h = 0xcbf29ce484222325
    for byte in salt.encode() + b'\0' + key.encode():
        h = (h ^ byte) * 0x100000001b3 % 2 ** 64
    h ^= h >> 33
    h = h * 0xff51afd7ed558ccd % 2 ** 64
    h ^= h >> 33
    h = h * 0xc4ceb9fe1a85ec53 % 2 ** 64
    h ^= h >> 33
    return (h >> 11) * 2.0 ** -53 * 100


def hours(span):
    return None if span is None else span / HOUR


# ---- one rule, for one history and request ----------------------------------------

class Test:
    """A rule that holds: denied(t), and observed(t), or UNKNOWN where that is not defined."""

    UNKNOWN = 'unknown'
    forever = False             # denied at any time

    def __init__(self, rule, events, exemptions, request):
        self.rule = rule
        self.request = request
        self.threshold = None
        self.prepare([e for e in events if counting(rule, e, exemptions, request.grade)], events, exemptions)

    def prepare(self, counted, events, exemptions):
        self.counted = counted

    def counted_at(self, t):
        return [e for e in self.counted if not expired(e, t)]

    def observed(self, t):
        return self.UNKNOWN


class NeedsZone(Test):
    def prepare(self, counted, events, exemptions):
        self.counted = counted
        self.zone = zone_of(self.request.tz)
        self.forever = self.zone is None

    def denied(self, t):
        return self.zone is None or self.denied_locally(local(self.zone, t))

    def observed(self, t):
        return None if self.zone is None else self.UNKNOWN


class Cap(Test):
    def prepare(self, counted, events, exemptions):
        self.counted = counted
        self.threshold = self.rule.n
        self.forever = self.rule.n == 0

    def observed(self, t):
        """The most that are, with t, within less than the span of a first one."""
        times = [e.at for e in self.counted_at(t) if t - self.rule.span < e.at < t + self.rule.span]
        return max(sum(first <= at < first + self.rule.span for at in times)
                   for first in times + [t] if first <= t)

    def denied(self, t):
        return self.observed(t) >= self.rule.n


class Calendar(NeedsZone):
    def prepare(self, counted, events, exemptions):
        super().prepare(counted, events, exemptions)
        self.threshold = None if self.zone is None else self.rule.n
        self.forever = self.forever or self.rule.n == 0
        if self.zone is not None:
            self.windows = [(self.window(e.at), e) for e in counted]

    def window(self, t):
        return window(self.rule.calendar, self.rule.start, local(self.zone, t).date())

    def observed(self, t):
        if self.zone is None:
            return self.UNKNOWN if self.rule.n == 0 else None
        this = self.window(t)
        return sum(that == this and not expired(e, t) for that, e in self.windows)

    def denied(self, t):
        return self.forever or self.observed(t) >= self.rule.n


class Gap(Test):
    def prepare(self, counted, events, exemptions):
        self.counted = counted
        self.threshold = hours(self.rule.span)

    def denied(self, t):
        return any(abs(e.at - t) < self.rule.span for e in self.counted_at(t))

    def observed(self, t):
        return hours(min((abs(e.at - t) for e in self.counted_at(t)), default=None))


class Pressure(Test):
    def prepare(self, counted, events, exemptions):
        self.counted = counted
        self.threshold = self.rule.limit
        self.weight = self.rule.weights.get(self.request.labels[0], 1)
        self.room = self.rule.limit - self.weight
        self.forever = self.weight > self.rule.limit

    def pressure(self, counted, t):
        return math.fsum(self.rule.weights.get(e.labels[0], 1) * e.weight * 2.0 ** (-(t - e.at) / self.rule.span)
                         for e in counted if e.at <= t)

    def exceeds(self, value, limit, exactly=False):
        if not exactly and abs(value - limit) <= CLOSE * max(value, limit, self.weight):
            raise Close
        return value > limit

    def denied_before(self, t, exactly=False):
        """Do the contacts up to t deny it?"""
        counted = self.counted_at(t)
        if self.room <= 0:
            return self.room < 0 or any(e.at <= t and e.weight * self.rule.weights.get(e.labels[0], 1) > 0
                                        for e in counted)
        return self.exceeds(self.pressure(counted, t), self.room, exactly)

    def after(self, t):
        """What the pressure would be at each contact after t."""
        counted = self.counted_at(t)
        return [self.pressure(counted, e.at) + self.weight * 2.0 ** (-(e.at - t) / self.rule.span)
                for e in counted if e.at > t]

    def denied_after(self, t):
        return any([self.exceeds(value, self.rule.limit) for value in self.after(t)])

    def denied(self, t):
        return self.denied_before(t) or self.denied_after(t)

    def observed(self, t):
        if self.denied_before(t) and self.denied_after(t):
            return self.UNKNOWN
        if self.denied_after(t):
            return max(self.after(t))
        if not self.denied_before(t) and self.after(t):
            return self.UNKNOWN
        return self.pressure(self.counted_at(t), t) + self.weight


class Quiet(NeedsZone):
    def denied_locally(self, now):
        minute = now.hour * 60 + now.minute
        if self.rule.to < self.rule.since:
            return minute >= self.rule.since or minute < self.rule.to
        return self.rule.since <= minute < self.rule.to


class Open(NeedsZone):
    def denied_locally(self, now):
        minute = now.hour * 60 + now.minute
        return not any(day == now.weekday() and since <= minute < to for day, since, to in self.rule.hours)


class Consent(Test):
    def prepare(self, counted, events, exemptions):
        asked = self.request.labels
        self.signals = [e for e in events if e.status in CONSENT and
                        all(mine is None or his is None or mine == his for mine, his in zip(e.labels, asked))]

    def covers(self, optin, optout):
        return optin.at > optout.at and all(mine is None or asked is not None or mine == his for mine, his, asked
                                            in zip(optin.labels, optout.labels, self.request.labels))

    def refused(self, t):
        known = [e for e in self.signals if e.at <= t]
        return any(out.status == 'optout' and
                   not any(e.status == 'optin' and self.covers(e, out) for e in known) for out in known)


class Refuse(Consent):
    def denied(self, t):
        return self.refused(t)


class Require(Consent):
    def denied(self, t):
        return self.refused(t) or not any(e.status == 'optin' and e.at <= t for e in self.signals)


class Block(Test):
    def prepare(self, counted, events, exemptions):
        self.threshold = hours(self.rule.span)
        self.causes = [e for e in events if e.status in self.rule.statuses and
                       all(label is None or listed(scope, label) for scope, label in zip(self.rule.lists, e.labels)) and
                       (e.status in SIGNALS or not leaves_out(exemptions, e, self.request.grade))]

    def since(self, t):
        return [t - e.at for e in self.causes if e.at <= t < e.at + self.rule.span and not expired(e, t)]

    def denied(self, t):
        return len(self.since(t)) > 0

    def observed(self, t):
        return hours(min(self.since(t))) if self.denied(t) else self.UNKNOWN


class Blackout(NeedsZone):
    def prepare(self, counted, events, exemptions):
        super().prepare(counted, events, exemptions)
        self.forever = False

    def denied(self, t):
        if self.zone is None:   # from the first midnight at UTC+14 to the last at UTC-12
            return utc_midnight(self.rule.first) - 14 * HOUR <= t < utc_midnight(self.rule.last) + DAY + 12 * HOUR
        return self.rule.first <= local(self.zone, t).date() <= self.rule.last

    def observed(self, t):
        return self.UNKNOWN


class Sequence(Test):
    def prepare(self, counted, events, exemptions):
        self.counted = counted
        self.threshold = hours(self.rule.span)

    def denied(self, t):
        return not any(t - self.rule.span <= e.at <= t for e in self.counted_at(t))

    def observed(self, t):
        return hours(min((t - e.at for e in self.counted_at(t) if e.at <= t), default=None))


class Holdout(Test):
    def prepare(self, counted, events, exemptions):
        self.threshold = self.rule.percent
        self.forever = self.denied(None)

    def denied(self, t):
        if self.request.key is None:
            return self.rule.percent > 0
        return holdout(self.rule.salt, self.request.key) < self.rule.percent

    def observed(self, t):
        return None if self.request.key is None else holdout(self.rule.salt, self.request.key)


def test_of(rule, events, exemptions, request):
    kinds = {'cap': Cap, 'calendar': Calendar, 'gap': Gap, 'pressure': Pressure, 'quiet': Quiet, 'open': Open,
             'require': Require, 'refuse': Refuse, 'block': Block, 'blackout': Blackout, 'sequence': Sequence,
             'holdout': Holdout}
    return kinds[rule.kind](rule, events, exemptions, request)


# ---- all rules of a policy ------------------------------------------------------------

class Verdict:
    """next is None where there is none up to the horizon, which is None for ever."""

    def __init__(self, rule=None, observed=Test.UNKNOWN, threshold=None, next=None, horizon=None, tolerance=0):
        self.allowed = rule is None
        self.rule = rule
        self.observed = observed
        self.threshold = threshold
        self.next = next
        self.horizon = horizon
        self.tolerance = tolerance


def in_order(rules):
    """The rules as they are checked, named or numbered: by priority, part by part; parts without exemptions are one."""
    exempting = {rule.part for rule in rules if rule.kind == 'exempt'}
    parts = []
    for rule in rules:
        part = rule.part if rule.part in exempting else None
        if part not in parts:
            parts.append(part)
    ordered = sorted(rules, key=lambda rule: (-rule.priority, parts.index(rule.part if rule.part in exempting else None)))
    return [(rule, rule.name or str(number)) for number, rule in enumerate(ordered, 1)]


class Question:
    """A history, a policy and a request: what is allowed when?"""

    def __init__(self, events, rules, request, step):
        self.events = events
        self.request = request
        self.step = step
        self.rules = in_order(rules)
        self.tests = {}
        for part in {rule.part for rule in rules}:
            exemptions = [rule for rule in rules if rule.part == part and rule.kind == 'exempt']
            if any(in_scope(rule, request.labels, request.grade) for rule in exemptions):
                continue
            for rule in rules:
                if rule.part == part and rule.kind != 'exempt' and in_scope(rule, request.labels, request.grade):
                    self.tests[rule] = test_of(rule, events, exemptions, request)
        self.ordered = [(self.tests[rule], name) for rule, name in self.rules if rule in self.tests]

    def check(self, at, horizon=None, draw=None):
        """The verdict at a time; without a horizon, not when it will be allowed."""
        tests = [test for test, name in self.ordered]
        for test, name in self.ordered:
            if test.denied(at):
                verdict = Verdict(name, test.observed(at), test.threshold)
                if horizon is not None:
                    self.look_ahead(verdict, tests, at, horizon, draw)
                return verdict
        return Verdict(next=at)

    def explain(self, at, horizon):
        """For each rule its name, whether it applies, and its own verdict."""
        rows = []
        for rule, name in self.rules:
            test = self.tests.get(rule)
            verdict = Verdict(next=at)
            if test is not None:
                verdict = Verdict(name if test.denied(at) else None, test.observed(at), test.threshold, at)
                if not verdict.allowed:
                    verdict.next = None
                    self.look_ahead(verdict, [test], at, horizon)
            applies = test is not None or (rule.kind == 'exempt' and
                                           in_scope(rule, self.request.labels, self.request.grade))
            rows.append((name, applies, verdict))
        return rows

    def look_ahead(self, verdict, tests, at, horizon, draw=None):
        """Ask at one time after the other until no rule denies."""
        if any(test.forever for test in tests):
            return
        verdict.horizon = horizon
        pressures = [test for test in tests if test.rule.kind == 'pressure']
        tests = list(tests)
        before = at
        for t in self.times(at, horizon):
            found = self.decayed(tests, pressures, before, t) if pressures else None
            if found is not None:
                verdict.next, verdict.tolerance = found, 3
                break
            for test in tests:
                if test.denied(t):
                    tests.remove(test)          # it is the likeliest to deny again: ask it first
                    tests.insert(0, test)
                    break
            else:
                verdict.next = t
                break
            before = t
        if draw is not None and verdict.next is not None and not pressures:
            for t in [draw.randrange(at, verdict.next) for _ in range(3)]:
                assert any(test.denied(t) for test in tests), 'a time between those that are asked is allowed'

    def decayed(self, tests, pressures, before, t):
        """Where, after one time and before the next, pressure has decayed enough, and all else allows; else None."""
        falls = set()
        for test in pressures:
            if t - before > 1 and test.denied_before(before) and not test.denied_before(t - 1):
                low, high = before, t - 1
                while high - low > 1:
                    middle = (low + high) // 2
                    if test.denied_before(middle, exactly=True):
                        low = middle
                    else:
                        high = middle
                falls.add(high)
        for fall in sorted(falls):
            others = [test for test in tests if test not in pressures]
            if (not any(test.denied_before(fall, exactly=True) or test.denied_after(fall) for test in pressures) and
                    not any(test.denied(fall) for test in others)):
                return fall
        return None

    def times(self, at, horizon):
        """Times after at, ascending, up to the horizon: all at which the answer can change, and many more."""
        zone = zone_of(self.request.tz)
        special = sorted(t for e in self.events for t in (e.at, e.expires) if t is not None)
        length = DAY if self.step > MINUTE else HOUR
        for begin in range(at - at % length, horizon + 1, length):
            low = bisect.bisect_left(special, begin - 1)
            high = bisect.bisect_right(special, begin + length + 1)
            near = set(range(begin, begin + length + 1, self.step)).union(special[low:high])
            if self.step > MINUTE:
                near.update(local_times(zone, self.step, begin))
            for t in sorted({t + jitter for t in near for jitter in (-1, 0, 1)}):
                if at < t <= horizon and begin <= t < begin + length:
                    yield t


LOCAL_TIMES = {}


def local_times(zone, step, begin):
    """In the 24 hours from begin, where the local time is a multiple of the step, and where clocks are changed."""
    key = zone, step, begin
    if key not in LOCAL_TIMES:
        times = []
        zones = [timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))] if zone is None else [zone]
        for t in range(begin, begin + DAY, 15 * MINUTE):
            for z in zones:
                now = local(z, t)
                if (now.hour * 60 + now.minute) * MINUTE % step == 0:
                    times.append(t)
        if zone is not None and local(zone, begin).utcoffset() != local(zone, begin + DAY).utcoffset():
            times.append(change_between(zone, begin, begin + DAY))
        LOCAL_TIMES[key] = times
    return LOCAL_TIMES[key]


def change_between(zone, low, high):
    """Where between two times of different offsets the clocks are changed."""
    offset = local(zone, low).utcoffset()
    while high - low > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        if local(zone, middle).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def simulate(events, rules, since, until, grade, tz, key, step):
    """Of each past contact that is judged the verdict, in the order in which events are stored."""
    history = []
    judged = []
    for event in sorted(events, key=lambda e: (e.at, LIFE.index(e.status))):
        if (event.labels[0] is not None and event.status not in CONSENT and event.status != 'cancelled' and
                not expired(event, event.at) and since <= event.at < until):
            question = Question(history, rules, Request(event.labels, grade, tz, key), step)
            verdict = question.check(event.at)
            judged.append((event, verdict))
            if not verdict.allowed:
                continue
        history.append(event)
    return judged


# ---- text forms -----------------------------------------------------------------------

def moment(t):
    if t is None:
        return None
    text = (datetime(1970, 1, 1) + timedelta(microseconds=t)).isoformat(' ', 'seconds')
    fraction = ('.%06d' % (t % SECOND)).rstrip('0').rstrip('.')
    return text + fraction + '+00'


def label_text(label):
    if label is None:
        return '-'
    return label if label.isascii() and label.isalpha() else '"' + label.replace('"', '""') + '"'


def contacts_text(events):
    """The events in the order of the list, which is any."""
    items = []
    for e in events:
        labels = '/'.join(map(label_text, e.labels))
        while labels.endswith('/-'):
            labels = labels[:-2]
        item = '%s %s %s' % (moment(e.at), labels, e.status)
        if e.weight != 1:
            item += ' weight %r' % e.weight
        if e.reference is not None:
            item += ' ref %d' % e.reference
        if e.expires is not None:
            item += ' until ' + moment(e.expires)
        items.append(item)
    return '{' + ', '.join(items) + '}'


def rule_text(rule):
    text = rule.body
    if rule.name is not None:
        text = '%s: %s' % (label_text(rule.name), text)
    return text + ';'


def policy_text(rules):
    """The rules by their parts."""
    parts = []
    for rule in rules:
        if rule.part not in parts:
            parts.append(rule.part)
    return ' and '.join(' '.join(rule_text(rule) for rule in rules if rule.part == part) for part in parts)


def row(values):
    """A row for COPY."""
    fields = []
    for value in values:
        if value is None:
            fields.append('\\N')
        elif isinstance(value, bool):
            fields.append('t' if value else 'f')
        else:
            fields.append(str(value).replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n'))
    return '\t'.join(fields) + '\n'


# ---- random cases ----------------------------------------------------------------------

CHANNELS = ('email', 'sms', 'call')
DEPARTMENTS = ('sales', 'service')
BRANDS = ('Alpha', 'Beta')
CATEGORIES = ('news', 'two "words", or 3')
LABELS = (CHANNELS, DEPARTMENTS, BRANDS, CATEGORIES)
GRADES = 'ABCDE'

# with years in which their clocks are known to have been changed, and how
PLACES = (
    ('UTC', 2007, 2027),
    ('UTC', 1965, 2001),                    # before the epochs of Unix and of PostgreSQL, and around them
    ('America/New_York', 2007, 2027),
    ('America/New_York', 1980, 2001),
    ('Europe/Berlin', 2007, 2027),
    ('Europe/Dublin', 2007, 2027),
    ('America/Sao_Paulo', 2014, 2019),      # no midnight when summer time begins
    ('Africa/Cairo', 2008, 2011),           # at midnight, in 2010 four times
    ('Asia/Kathmandu', 2010, 2027),         # +05:45
    ('Australia/Lord_Howe', 2009, 2027),    # by half an hour
    ('America/St_Johns', 2007, 2011),       # at 00:01
    ('Pacific/Apia', 2011, 2012),           # without the 30 December 2011
    ('Asia/Beirut', 2008, 2021),            # at midnight
)
NO_ZONES = (None, 'Mars/Olympus', 'UTC+3')

CHANGES = {}


def changes(name, first, last):
    """When the clocks of a zone were changed in these years."""
    if name not in CHANGES:
        zone = zone_of(name)
        begin, end = utc_midnight(date(first, 1, 1)), utc_midnight(date(last, 12, 31))
        CHANGES[name] = [change_between(zone, t, t + DAY) for t in range(begin, end, DAY)
                         if local(zone, t).utcoffset() != local(zone, t + DAY).utcoffset()]
    return CHANGES[name]


class Scale:
    def __init__(self, step, spans, past, ahead, horizon):
        self.step = step
        self.spans = spans          # the longest span, in steps; as are the events, and
        self.past = past
        self.ahead = ahead
        self.horizon = horizon      # how far to look


SCALES = (
    (5, Scale(MINUTE, 90, 240, 90, 300)),
    (8, Scale(15 * MINUTE, 120, 300, 80, 320)),
    (7, Scale(HOUR, 100, 300, 100, 400)),
    (3, Scale(6 * HOUR, 120, 300, 60, 250)),
)


class Case:
    """Draws contacts, rules and requests around one time. One in six is about little but clocks that are changed."""

    def __init__(self, draw):
        self.draw = draw
        self.clocks = self.chance(1 / 6)
        scales = SCALES[:2] if self.clocks else SCALES
        self.scale = draw.choices([scale for _, scale in scales], [weight for weight, _ in scales])[0]
        self.tz, first, last = draw.choice(PLACES)
        self.zone = zone_of(self.tz)
        self.anchor = self.draw_anchor(first, last)
        if self.chance(0.08):
            self.tz = draw.choice(NO_ZONES)

    def chance(self, probability):
        return self.draw.random() < probability

    def draw_anchor(self, first, last):
        """A time at which something is odd, and near it."""
        draw = self.draw
        odd = changes(self.tz, first, last)
        year = draw.randint(first, last)
        kind = draw.random()
        if odd and (self.clocks or kind < 0.5):
            t = draw.choice(odd)
        else:
            if kind < 0.6:
                day = date(year - year % 4 if year - year % 4 >= first else year, 2, 28)
            elif kind < 0.75:
                day = date(year, draw.randint(2, 12), 1) - timedelta(1)
            elif kind < 0.85:
                day = date(year, 12, 31)
            else:
                day = date(year, 1, 1) + timedelta(draw.randrange(365))
            t = utc_midnight(day) + DAY - self.offset(utc_midnight(day))
        return t // self.scale.step * self.scale.step + draw.randint(-6, 6) * self.scale.step

    def offset(self, t):
        return int(local(self.zone, t).utcoffset().total_seconds()) * SECOND

    # -- events

    def draw_label(self, scope, none=0.4):
        return None if self.chance(none) else self.draw.choice(LABELS[scope])

    def draw_labels(self, none=0.4):
        return (self.draw.choice(CHANNELS),) + tuple(self.draw_label(scope, none) for scope in (1, 2, 3))

    def jitter(self):
        return self.draw.choice((-1, 1)) if self.chance(0.2) else 0

    def draw_time(self):
        """Near the anchor more often than far from it, and in the past more often than ahead."""
        far = self.draw.choice((8, 40, self.scale.past))
        return self.anchor + self.draw.randint(-far, min(far, self.scale.ahead)) * self.scale.step + self.jitter()

    def draw_event(self, reference):
        draw = self.draw
        status = draw.choices(LIFE, (16, 3, 20, 4, 12, 5, 4, 3, 4, 4))[0]
        labels = self.draw_labels()
        if status in SIGNALS and self.chance(0.4):
            labels = (None,) + labels[1:]
        if status in CONSENT:
            labels = (labels[0],) + tuple(None if self.chance(0.5) else label for label in labels[1:])
        at = self.draw_time()
        expires = None
        if status == 'reserved' and self.chance(0.7):
            expires = at + draw.randint(-1, 30) * self.scale.step + self.jitter()
        weight = draw.choice((0.5, 2, 3, 0)) if self.chance(0.2) else 1
        return Event(at, labels, status, weight, reference if self.chance(0.4) else None, expires)

    def draw_events(self, most=40):
        n = min(most, self.draw.choice((0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40)))
        if self.clocks:
            n = n // 4
        references = self.draw.sample(range(-50, 50), n)
        return [self.draw_event(reference) for reference in references]

    def some_labels(self, labels):
        """Some of the labels, and one that no contact has."""
        chosen = self.draw.sample(labels, self.draw.randint(1, 2))
        return chosen + ['other'] if self.chance(0.1) else chosen

    # -- rules: terms and text at once

    def span_text(self, span):
        units = [(text, unit) for text, unit in (('second', SECOND), ('minute', MINUTE), ('hour', HOUR), ('day', DAY),
                                                 ('week', 7 * DAY)) if span % unit == 0]
        text, unit = self.draw.choice(units)
        return '%d %s%s' % (span // unit, text, '' if span == unit else 's')

    def draw_span(self, share=1):
        steps = max(1, int(self.scale.spans * share * self.draw.random() ** 2))
        return steps * self.scale.step

    def draw_minute(self, last):
        """A local time of day: any multiple of the step, or near that of the anchor."""
        step = self.scale.step // MINUTE
        if step > 1 and self.chance(0.5):
            return self.draw.randrange(0, last + 1, step)
        now = local(self.zone, self.anchor)
        minute = now.hour * 60 + now.minute + self.draw.randint(-8, 8) * max(step, 15) + self.draw.randint(-20, 20) * (step == 1)
        return minute // step * step % last

    def clock(self, minute):
        return '%02d:%02d' % divmod(minute, 60)

    def terms_of_cap(self):
        n = self.draw.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)) if self.chance(0.2) else self.draw.randint(1, 4)
        span = self.draw_span()
        return Rule('cap', n=n, span=span), 'cap %d per %s' % (n, self.span_text(span))

    def terms_of_calendar(self):
        n = self.draw.choice((0, 1, 2, 3)) if self.chance(0.2) else self.draw.randint(1, 3)
        calendar = self.draw.choice(('day', 'week') if self.scale.step <= 15 * MINUTE else
                                    ('day', 'week', 'week', 'month', 'month', 'quarter', 'year'))
        text, start = 'cap %d per calendar %s' % (n, calendar), 0
        if calendar == 'week' and self.chance(0.7):
            start = self.draw.randrange(7)
            text += ' starting ' + self.draw.choice((WEEKDAYS[start], date(2024, 1, 1 + start).strftime('%A')))
        return Rule('calendar', n=n, calendar=calendar, start=start), text

    def terms_of_gap(self):
        span = self.draw_span(0.5)
        return Rule('gap', span=span), 'gap ' + self.span_text(span)

    def terms_of_pressure(self):
        weights = {channel: self.draw.choice((0, 0.5, 1, 2, 4)) for channel in CHANNELS if self.chance(0.4)}
        limit = self.draw.choice((0, 1, 2)) if self.chance(0.1) else round(self.draw.uniform(1, 8), 3)
        span = self.draw_span(0.7)
        text = 'pressure %r half-life %s' % (limit, self.span_text(span))
        if weights:
            text += ' weight ' + ', '.join('%s %r' % item for item in weights.items())
        return Rule('pressure', limit=limit, span=span, weights=weights), text

    def terms_of_quiet(self):
        since, to = self.draw_minute(1439), self.draw_minute(1440)
        if since == to:
            to = 1440
        if to == 0:             # midnight at the end is 24:00
            to = 1440
        return Rule('quiet', since=since, to=to), 'quiet %s-%s' % (self.clock(since), self.clock(to))

    def terms_of_open(self):
        draw, opened, groups = self.draw, [], []
        for _ in range(draw.randint(1, 3)):
            first = draw.randrange(7)
            last = draw.randint(first, 6)
            times = []
            for _ in range(draw.randint(1, 2)):
                since, to = sorted((self.draw_minute(1440), self.draw_minute(1440)))
                if since == to:
                    since, to = 0, 1440
                times.append('%s-%s' % (self.clock(since), self.clock(to)))
                opened += [(day, since, to) for day in range(first, last + 1)]
            days = WEEKDAYS[first] if first == last else WEEKDAYS[first] + '-' + WEEKDAYS[last]
            groups.append(days + ' ' + ', '.join(times))
        return Rule('open', hours=opened), 'open ' + ', '.join(groups)

    def terms_of_require(self):
        return Rule('require'), 'require optin'

    def terms_of_refuse(self):
        return Rule('refuse'), 'refuse after optout'

    def terms_of_block(self):
        span = self.draw_span()
        statuses = self.draw.sample(LIFE, self.draw.randint(1, 3))
        return Rule('block', span=span, statuses=statuses), 'block %s after %s' % (self.span_text(span), ', '.join(statuses))

    def terms_of_blackout(self):
        first = local(self.zone, self.anchor).date() + timedelta(self.draw.randint(-2, 2))
        last = first + timedelta(self.draw.choice((0, 0, 1, 2)))
        text = 'blackout %s' % first if first == last else 'blackout %s to %s' % (first, last)
        return Rule('blackout', first=first, last=last), text

    def terms_of_sequence(self):
        channel, after = self.draw.choice(CHANNELS), self.draw.choice(CHANNELS)
        span = self.draw_span()
        rule = Rule('sequence', span=span, after=after)
        rule.lists[0] = ({channel}, False)
        return rule, 'sequence %s after %s within %s' % (channel, after, self.span_text(span))

    def terms_of_holdout(self):
        percent, salt = self.draw.choice((0, 0.5, 5, 10, 50, 100)), self.draw.choice(('q4', "it's", 'é'))
        return (Rule('holdout', percent=percent, salt=salt),
                "holdout %r%% salt '%s'" % (percent, salt.replace("'", "''")))

    def terms_of_exempt(self):
        return Rule('exempt', counted=self.chance(0.4)), 'exempt'

    def draw_scopes(self, rule, clauses):
        often = 2 if rule.kind == 'exempt' else 1
        for scope, word in enumerate(('on', 'by', 'for brand', 'category')):
            if rule.lists[scope] is None and self.chance(0.3 if scope == 0 else 0.12 * often):
                labels, excepted = self.some_labels(LABELS[scope]), self.chance(0.3)
                rule.lists[scope] = set(labels), excepted
                clauses.append('%s %s%s' % (word, 'except ' if excepted else '', ', '.join(map(label_text, labels))))
        if self.chance(0.1 * often) or (rule.kind == 'exempt' and rule.lists == [None] * 4):
            first, other = self.draw.randrange(4), self.draw.randrange(5)
            excepted = self.chance(0.3)
            rule.grades = set(GRADES[first:first + 2] + GRADES[other]), excepted
            clauses.append('grade %s%s-%s, %s' % ('except ' if excepted else '', GRADES[first], GRADES[first + 1], GRADES[other]))

    def draw_rule(self, kind, part=0):
        rule, text = getattr(self, 'terms_of_' + kind)()
        rule.part = part
        clauses = []
        self.draw_scopes(rule, clauses)
        if kind in ('cap', 'calendar', 'gap', 'pressure', 'sequence') and self.chance(0.2):
            rule.counting = self.draw.sample(LIFE[:8], self.draw.randint(1, 4))
            clauses.append('counting ' + ', '.join(rule.counting))
        if kind == 'exempt':
            if rule.counted:
                clauses.append('counted')
        elif self.chance(0.3):
            rule.priority = self.draw.randint(0, 3)
            clauses.append('priority %d' % rule.priority)
        if self.chance(0.3):
            rule.name = self.draw.choice(('weekly', 'a rule', 'gap'))
        self.draw.shuffle(clauses)
        rule.body = ' '.join([text] + clauses)
        return rule

    # so often as they are a part of all; pressure in some policies only, as its times are harder to find
    KINDS = {'cap': 5, 'calendar': 4, 'gap': 4, 'quiet': 3, 'open': 2, 'require': 1, 'refuse': 2.5, 'block': 3,
             'blackout': 2, 'sequence': 2.5, 'holdout': 0.5, 'exempt': 2}

    def draw_kind(self, pressure):
        kinds = dict(self.KINDS, pressure=15 if pressure else 0)
        if self.clocks:
            kinds = {'quiet': 3, 'open': 3, 'calendar': 2, 'blackout': 1, 'gap': 1}
        return self.draw.choices(list(kinds), kinds.values())[0]

    def draw_rules(self, pressure, most=8):
        """1 to 8 rules in 1 to 3 parts, which stand one after the other; no two alike."""
        rules, part, last = [], 0, self.draw.randint(1, 2) if self.chance(0.3) else 0
        for _ in range(min(most, self.draw.choice((1, 2) if self.clocks else (1, 1, 2, 2, 3, 4, 5, 6, 7, 8)))):
            self.add_rule(rules, self.draw_kind(pressure), part)
            if part < last and self.chance(0.5):
                part += 1
        return rules

    def add_rule(self, rules, kind, part):
        for _ in range(100):
            rule = self.draw_rule(kind, part)
            if self.meaning(rule) not in map(self.meaning, rules):
                rules.append(rule)
                return

    @staticmethod
    def meaning(rule):
        """Equal for rules of which one could be taken for a repetition of the other."""
        terms = {field: value for field, value in rule.__dict__.items()
                 if field not in ('body', 'priority', 'part', 'name', 'hours')}
        terms['counting'] = set(rule.counting)
        if rule.kind == 'pressure':
            terms['weights'] = {channel: weight for channel, weight in rule.weights.items() if weight != 1}
        if rule.kind == 'block':
            terms['statuses'] = set(rule.statuses)
        return terms

    # -- requests

    def draw_request(self):
        draw = self.draw
        labels = self.draw_labels()
        if self.chance(0.05):
            labels = ('other',) + labels[1:]
        return Request(labels, None if self.chance(0.3) else draw.choice(GRADES), self.tz,
                       None if self.chance(0.1) else 'customer %d' % draw.randrange(1000))

    def draw_at(self, events, rules):
        """Any time, or one exactly a span, or one window, away from an event, or a microsecond beside."""
        spans = [rule.span for rule in rules if rule.span is not None] + [0]
        if events and self.chance(0.5):
            event = self.draw.choice(events)
            t = self.draw.choice((event.at, event.at, event.expires or event.at))
            return t + self.draw.choice(spans) * self.draw.choice((1, 1, 1, -1)) + self.draw.choice((-1, 0, 0, 1))
        steps = self.draw.randint(-100, 20) * MINUTE // self.scale.step if self.clocks else self.draw.randint(-8, 8)
        return self.anchor + steps * self.scale.step + self.jitter()

    def horizon(self):
        return self.scale.horizon * self.scale.step


def shuffled(draw, rules):
    """The rules in another order, each still in its part."""
    return draw.sample(rules, len(rules))


def verdict_fields(verdict):
    known = verdict.observed is not Test.UNKNOWN
    observed = float(verdict.observed) if known and verdict.observed is not None else None
    return (known, observed, None if verdict.threshold is None else float(verdict.threshold), moment(verdict.next),
            'infinity' if verdict.horizon is None else moment(verdict.horizon), verdict.tolerance)


def request_fields(request):
    return (*request.labels, request.grade, request.tz, request.key)


def make_check(number, draw):
    case = Case(draw)
    pressure = case.chance(0.2)
    events, rules, request = case.draw_events(), case.draw_rules(pressure), case.draw_request()
    at = case.draw_at(events, rules)
    verdict = Question(events, rules, request, case.scale.step).check(at, at + case.horizon(), draw)
    more = list(rules)
    kind = case.draw_kind(pressure)
    if kind != 'exempt':
        case.add_rule(more, kind, draw.choice(rules).part)
    yield 'check', (number, contacts_text(events) if events or case.chance(0.5) else None, policy_text(rules), moment(at),
                    *request_fields(request), verdict.allowed, verdict.rule, *verdict_fields(verdict),
                    policy_text(draw.sample(rules, len(rules))), policy_text(more),
                    policy_text(case.draw_rules(pressure, most=4)))


def make_explain(number, draw):
    case = Case(draw)
    events, rules, request = case.draw_events(), case.draw_rules(case.chance(0.2)), case.draw_request()
    at = case.draw_at(events, rules)
    rows = Question(events, rules, request, case.scale.step).explain(at, at + case.horizon())
    yield 'explain', (number, contacts_text(events), policy_text(rules), moment(at), *request_fields(request))
    for ordinal, (name, applies, verdict) in enumerate(rows, 1):
        yield 'explained', (number, ordinal, name, applies, verdict.allowed, *verdict_fields(verdict))


def make_simulate(number, draw):
    case = Case(draw)
    rules, request = case.draw_rules(case.chance(0.2)), case.draw_request()
    events, seen = [], {}
    for e in case.draw_events():        # the order of two that differ and have time and status in common is not defined
        if seen.setdefault((e.at, e.status), (e.labels, e.weight, e.expires)) == (e.labels, e.weight, e.expires):
            events.append(e)
    since = draw.choice(events).at if events and case.chance(0.3) else None
    until = draw.choice(events).at if events and case.chance(0.2) else None
    judged = simulate(events, rules, -math.inf if since is None else since, math.inf if until is None else until,
                      request.grade, request.tz, request.key, case.scale.step)
    yield 'simulate', (number, contacts_text(events), policy_text(rules), moment(since) or '-infinity',
                       moment(until) or 'infinity', request.grade, request.tz, request.key)
    for ordinal, (e, verdict) in enumerate(judged, 1):
        yield 'judged', (number, ordinal, moment(e.at), *e.labels, e.status, verdict.allowed, verdict.rule,
                         *verdict_fields(verdict)[:3])


def make_prune(number, draw):
    case = Case(draw)
    events, rules, request = case.draw_events(), case.draw_rules(case.chance(0.3)), case.draw_request()
    pruned_at = case.draw_at(events, rules)
    at = pruned_at + draw.choice((0, 0, 1, draw.randint(0, 40) * case.scale.step, draw.randint(0, 200) * case.scale.step))
    request.tz = draw.choice(PLACES)[0]
    change = (None,) * 9
    followed = [e for e in events if e.reference is not None and LIFE.index(e.status) < LIFE.index('complaint')]
    if followed and case.chance(0.7):
        e = draw.choice(followed)
        status = draw.choice(LIFE[LIFE.index(e.status) + 1:8])
        if e.labels[0] is not None or status in SIGNALS:
            change = moment(e.at), *e.labels, status, e.weight, e.reference, None
    yield 'prune', (number, contacts_text(events), policy_text(rules), moment(pruned_at), moment(at),
                    *request_fields(request), *change)


def make_zones(number, draw):
    case = Case(draw)
    name = draw.choice(PLACES)[0]
    t = case.anchor + draw.randint(-3, 3) * HOUR
    yield 'zones', (name, moment(t), local(zone_of(name), t).replace(tzinfo=None))


MAKERS = {'check': make_check, 'explain': make_explain, 'simulate': make_simulate, 'prune': make_prune, 'zones': make_zones}
TABLES = {'explain': ('explain', 'explained'), 'simulate': ('simulate', 'judged')}


def write(directory, seed, kind, n):
    """Write n cases of a kind; where rounding could decide one, draw another."""
    files = {table: open('%s/%s.tsv' % (directory, table), 'w', encoding='utf-8') for table in TABLES.get(kind, (kind,))}
    attempt = 0
    for number in range(n):
        rows = None
        while rows is None:
            attempt += 1
            try:
                rows = list(MAKERS[kind](number, random.Random('%s %s %d' % (kind, seed, attempt))))
            except Close:
                pass
        for table, values in rows:
            files[table].write(row(values))
    for file in files.values():
        file.close()


# ---- tests of the above ----------------------------------------------------------------

def selftest():
    def instant(text):
        return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()) * SECOND

    def ask(rules, events, at, labels=('email', None, None, None), grade=None, tz=None, key=None, days=40):
        question = Question(events, rules, Request(labels, grade, tz, key), 15 * MINUTE)
        return question.check(at, at + days * DAY)

    noon = instant('2026-03-10 12:00')
    email = ('email', None, None, None)

    # a window: exactly the span apart is allowed, on both sides
    cap = Rule('cap', n=2, span=7 * DAY)
    two = [Event(noon - 7 * DAY, email, 'sent'), Event(noon - DAY, email, 'sent')]
    assert ask([cap], two, noon).allowed
    denied = ask([cap], two, noon - 1)
    assert (denied.rule, denied.observed, denied.threshold, denied.next) == ('1', 2, 2, noon)
    ahead = [Event(noon - DAY, email, 'sent'), Event(noon + 3 * DAY, email, 'reserved')]
    assert ask([cap], ahead, noon).next == noon + 6 * DAY
    assert ask([cap], ahead, noon + 6 * DAY - 1).next == noon + 6 * DAY
    assert ask([cap], [Event(noon - 4 * DAY, email, 'sent'), Event(noon + 3 * DAY, email, 'reserved')], noon).allowed
    held = [Event(noon - DAY, email, 'sent'), Event(noon, email, 'reserved', expires=noon + HOUR)]
    assert ask([cap], held, noon).next == noon + HOUR
    assert ask([Rule('cap', n=0, span=DAY)], [], noon).horizon is None
    gap = Rule('gap', span=16 * HOUR)
    assert ask([gap], [Event(noon - 16 * HOUR, email, 'sent')], noon).allowed
    denied = ask([gap], [Event(noon - 10 * HOUR, email, 'sent')], noon)
    assert (denied.observed, denied.threshold, denied.next) == (10, 16, noon + 6 * HOUR)
    # calendars: no midnight on 2018-11-04 in Sao Paulo, no 2011-12-30 in Apia
    monthly = Rule('calendar', n=1, calendar='month', start=0)
    may = [Event(instant('2026-05-01 03:59:59'), email, 'sent')]        # 30 April in New York
    assert ask([monthly], may, instant('2026-05-02'), tz='America/New_York').allowed
    assert not ask([monthly], may, instant('2026-05-02'), tz='UTC').allowed
    daily = Rule('calendar', n=1, calendar='day', start=0)
    evening = instant('2018-11-04 02:00')
    assert ask([daily], [Event(evening, email, 'sent')], evening, tz='America/Sao_Paulo').next == instant('2018-11-04 03:00')
    gone = instant('2011-12-30 09:00')
    weekly = Rule('calendar', n=1, calendar='week', start=5)
    assert ask([weekly], [Event(gone, email, 'sent')], gone, tz='Pacific/Apia').next == instant('2011-12-30 10:00')
    assert ask([daily], [], noon, tz='Mars/Olympus').next is None
    # pressure: 4 halves to 1 in two half-lives
    pressure = Rule('pressure', limit=2.5, span=DAY, weights={'call': 4})
    assert ask([pressure], [Event(noon, ('call', None, None, None), 'sent')], noon).next == \
        noon + math.ceil(DAY * math.log2(4 / 1.5))
    heavy = Rule('pressure', limit=4, span=DAY, weights={'call': 4})
    call = ('call', None, None, None)
    assert ask([heavy], [], noon, call).allowed and not ask([heavy], two, noon, call).allowed
    # hours: 02:30 does not exist on 29 March 2026 in Berlin, the quiet time ends when the clock shows 03:00
    quiet = Rule('quiet', since=22 * 60, to=150)
    assert ask([quiet], [], instant('2026-03-29 00:30'), tz='Europe/Berlin').next == instant('2026-03-29 01:00')
    assert ask([quiet], [], instant('2026-10-25 00:00'), tz='Europe/Berlin').next == instant('2026-10-25 00:30')
    opened = Rule('open', hours=[(0, 600, 780), (0, 840, 1200)])
    assert ask([opened], [], noon, tz='UTC').next == instant('2026-03-16 10:00')
    # consent
    refuse, require = Rule('refuse'), Rule('require')
    nothing = (None, None, None, None)
    out = Event(noon - DAY, nothing, 'optout')
    assert not ask([refuse], [out], noon).allowed and ask([refuse], [out], noon - DAY - 1).allowed
    assert not ask([refuse], [out, Event(noon - DAY, nothing, 'optin')], noon).allowed
    assert ask([refuse], [out, Event(noon, email, 'optin')], noon).allowed
    assert ask([require], [Event(noon, email, 'optin')], noon).allowed
    assert not ask([require], [Event(noon, call, 'optin')], noon).allowed
    brand_out = Event(noon - DAY, (None, None, 'Alpha', None), 'optout')
    brand_in = Event(noon, (None, None, 'Beta', None), 'optin')
    assert not ask([refuse], [brand_out, brand_in], noon).allowed               # of some brand, no one knows which
    assert ask([refuse], [brand_out], noon, ('email', None, 'Beta', None)).allowed
    # blocks, days, sequences, holdouts, exemptions
    block = Rule('block', span=60 * DAY, statuses=['refused'])
    assert ask([block], [Event(noon - 30 * DAY, nothing, 'refused')], noon).next == noon + 30 * DAY
    christmas = Rule('blackout', first=date(2026, 12, 24), last=date(2026, 12, 26))
    eve = instant('2026-12-24 12:00')
    assert ask([christmas], [], eve, tz='Europe/Berlin').next == instant('2026-12-26 23:00')
    assert ask([christmas], [], eve).next == instant('2026-12-27 12:00')
    assert ask([christmas], [], instant('2026-12-23 09:59:59')).allowed
    sequence = Rule('sequence', span=14 * DAY, after='email')
    sequence.lists[0] = ({'call'}, False)
    assert ask([sequence], [Event(noon, email, 'sent')], noon + 14 * DAY, call).allowed
    assert ask([sequence], [Event(noon, email, 'sent')], noon - 1, call).next == noon
    assert not ask([sequence], [Event(noon, email, 'sent')], noon + 14 * DAY + 1, call).allowed
    assert ask([sequence], [], noon).allowed
    everybody, nobody = Rule('holdout', percent=100, salt='x'), Rule('holdout', percent=0, salt='x')
    assert not ask([everybody], [], noon, key='k').allowed and not ask([everybody], [], noon).allowed
    assert ask([nobody], [], noon).allowed
    positions = [holdout('q4', str(i)) for i in range(20000)]
    assert 0 <= min(positions) and max(positions) < 100
    assert all(abs(sum(p < percent for p in positions) / 200 - percent) < 1.2 for percent in (5, 25, 50, 75))
    exempt = Rule('exempt')
    exempt.lists[3] = ({'news'}, False)
    news = ('email', None, None, 'news')
    assert ask([gap, exempt], [Event(noon, email, 'sent')], noon, news).allowed
    assert ask([gap, exempt], [Event(noon, news, 'sent')], noon).allowed
    exempt.counted = True
    assert not ask([gap, exempt], [Event(noon, news, 'sent')], noon).allowed
    elsewhere = Rule('exempt', part=1, lists=exempt.lists)
    assert not ask([gap, elsewhere], [Event(noon, email, 'sent')], noon, news).allowed
    # priority before order
    urgent = Rule('gap', span=DAY, priority=1, name='urgent')
    assert ask([gap, urgent], [Event(noon, email, 'sent')], noon).rule == 'urgent'
    # a contact that would have been refused does not count for the next
    history = [Event(noon + i * 10 * HOUR, email, 'sent') for i in range(4)]
    verdicts = [v.allowed for _, v in simulate(history, [gap], -math.inf, math.inf, None, None, None, HOUR)]
    assert verdicts == [True, False, True, False]


def main(arguments):
    if arguments == ['selftest']:
        selftest()
        return
    if len(arguments) < 4 or len(arguments) % 2 != 0 or not set(arguments[2::2]) <= set(MAKERS):
        sys.exit(__doc__)
    for kind, n in zip(arguments[2::2], arguments[3::2]):
        write(arguments[0], arguments[1], kind, int(n))


if __name__ == '__main__':
    main(sys.argv[1:])
