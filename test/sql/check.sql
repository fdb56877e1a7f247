-- Checks of contacts against a policy: each kind of rule at its edges, local time, what is ahead, and bad input.
-- All at once, on random histories, is in the oracle's test.

SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- allowed, or rule, observed of threshold and when
CREATE FUNCTION pg_temp.verdict(v icm_verdict) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN (v).allowed THEN 'allowed'
        ELSE concat_ws(' ', 'rule', (v).rule, round((v).observed::numeric, 6), 'of', round((v).threshold::numeric, 6), 'next', coalesce((v).next_at::text, 'never'))
        END
$$;

-- a contact on a channel at a time, and no more
CREATE FUNCTION pg_temp.at(contacts text, policy text, at timestamptz, channel text = 'email', tz text = NULL) RETURNS text
    LANGUAGE sql AS $$
    SELECT pg_temp.verdict(icm_contact_check(contacts::icm_contacts, policy::icm_policy, at, channel, tz => tz))
$$;

-- ---- the answer ---------------------------------------------------------------

SELECT * FROM icm_contact_check('{2026-03-02 09:00:00+00 email sent, 2026-03-03 09:00:00+00 email sent}',
    'weekly: cap 2 per 7 days on email; quiet 21:00-08:00'::icm_policy, '2026-03-04 12:00', 'email', tz => 'Europe/Berlin');
SELECT * FROM icm_contact_check('{2026-03-02 09:00:00+00 email sent, 2026-03-03 09:00:00+00 email sent}',
    'weekly: cap 2 per 7 days on email; quiet 21:00-08:00'::icm_policy, '2026-03-09 09:00', 'email', tz => 'Europe/Berlin');
-- the next time is that of all rules: 7 days after the first of the two it is 05:00 in New York, so it is later
SELECT next_at FROM icm_contact_check('{2026-03-02 09:00:00+00 email sent, 2026-03-03 09:00:00+00 email sent}',
    'weekly: cap 2 per 7 days on email; quiet 21:00-08:00'::icm_policy, '2026-03-04 12:00', 'email', tz => 'America/New_York');
-- no history
SELECT pg_temp.at(NULL, 'cap 1 per 7 days', '2026-03-04'), pg_temp.at('{}', 'cap 1 per 7 days', '2026-03-04'),
    pg_temp.at(NULL, 'cap 0 per 7 days', '2026-03-04'), pg_temp.at(NULL, 'require optin', '2026-03-04');
-- NULL where there is nothing to ask
SELECT icm_contact_check('{}', NULL::icm_policy, '2026-03-04', 'email') IS NULL AS policy,
    icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, NULL, 'email') IS NULL AS at,
    icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, '2026-03-04', NULL) IS NULL AS channel;
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, 'infinity', 'email')$$);
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'cap 1 per week day'::icm_policy, '2026-03-04', 'email')$$);
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, '2026-03-04', '')$$);
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, '2026-03-04', 'email', brand => '')$$);
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'cap 1 per 7 days'::icm_policy, '2026-03-04', 'email', category => repeat('x', 64))$$);
SELECT pg_temp.error_of($$SELECT icm_contact_check('{}', 'no such name', '2026-03-04', 'email')$$);

-- ---- sliding windows: exact to the microsecond, on both sides --------------------

SELECT at, pg_temp.at('{2026-03-01 12:00:00.000001+00 email sent, 2026-03-02 00:00:00+00 email sent}', 'cap 2 per 7 days', at)
FROM unnest('{2026-03-02 00:00:00, 2026-03-08 12:00:00, 2026-03-08 12:00:00.000001, 2026-02-22 23:59:59.999999, 2026-02-23 00:00:00, 2026-02-23 00:00:00.000001}'::timestamptz[]) at;
-- a gap: exactly as long is long enough
SELECT at, pg_temp.at('{2026-03-01 12:00:00+00 email sent}', 'gap 16 hours', at)
FROM unnest('{2026-03-02 03:59:59.999999, 2026-03-02 04:00:00, 2026-02-28 20:00:00, 2026-02-28 20:00:00.000001}'::timestamptz[]) at;
-- what is reserved ahead counts: on the 5th there is no room before, nor between, nor until the first two are 7 days back
SELECT at, pg_temp.at('{2026-03-06 12:00:00+00 email reserved, 2026-03-08 12:00:00+00 email reserved}', 'cap 2 per 7 days', at)
FROM unnest('{2026-03-01 12:00:00, 2026-03-01 12:00:00.000001, 2026-03-05 00:00:00, 2026-03-07 00:00:00, 2026-03-13 12:00:00}'::timestamptz[]) at;
-- unless it has expired by then, or is cancelled, or bounced
SELECT at, pg_temp.at('{2026-03-06 12:00:00+00 email reserved until 2026-03-05 00:00:00+00, 2026-03-08 12:00:00+00 email cancelled, 2026-03-08 13:00:00+00 email bounced, 2026-03-09 00:00:00+00 email optin}',
    'cap 1 per 7 days', at)
FROM unnest('{2026-03-04 23:59:59.999999, 2026-03-05 00:00:00}'::timestamptz[]) at;
-- 0 is never, and no rule is no limit
SELECT pg_temp.at('{}', 'cap 0 per 1 day on fax', '2026-03-04', 'fax'), pg_temp.at('{}', 'cap 0 per 1 day on fax', '2026-03-04');
-- a day is 24 hours in a sliding window: clocks in Berlin go forward on the 29th
SELECT pg_temp.at('{2026-03-28 12:00:00+00 email sent}', 'cap 1 per 1 day', '2026-03-29 11:59', 'email', 'Europe/Berlin');

-- ---- which rules, and what they count ----------------------------------------------

CREATE FUNCTION pg_temp.scoped(policy text, department text, brand text, category text, grade icm_grade) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.verdict(icm_contact_check('{2026-03-01 12:00:00+00 call/sales/Alpha/offer sent, 2026-03-01 13:00:00+00 email/service/-/news sent, 2026-03-01 14:00:00+00 email sent}',
        policy::icm_policy, '2026-03-02', 'call', department, brand, category, grade))
$$;
SELECT policy, pg_temp.scoped(policy, 'sales', 'Alpha', 'offer', 'D') AS labelled, pg_temp.scoped(policy, NULL, NULL, NULL, NULL) AS bare
FROM unnest(ARRAY[
    'cap 1 per 7 days on call', 'cap 1 per 7 days on except email', 'cap 3 per 7 days', 'cap 4 per 7 days', 'cap 1 per 7 days on email',
    'cap 1 per 7 days by sales', 'cap 2 per 7 days by except sales', 'cap 1 per 7 days by sales, service grade D-E', 'cap 1 per 7 days by sales grade A-C',
    'cap 1 per 7 days grade except A-C', 'cap 2 per 7 days for brand Alpha, Beta', 'cap 1 per 7 days category offer', 'cap 2 per 7 days category except offer',
    'cap 1 per 7 days counting responded', 'cap 0 per 7 days; exempt category offer', 'cap 3 per 7 days; exempt category news', 'cap 3 per 7 days; exempt category news counted',
    'cap 3 per 7 days; and cap 4 per 7 days; exempt category news', 'cap 0 per 7 days; exempt grade D', 'a: cap 1 per 7 days priority 1; b: cap 0 per 1 day; c: cap 1 per 1 day priority 2']) WITH ORDINALITY AS p (policy, n)
ORDER BY n;

-- ---- the calendar, in the customer's zone --------------------------------------------

-- one a month: 31 July and 1 August are two months, in the zone where it is so
SELECT tz, pg_temp.at('{2026-07-31 22:30:00+00 call sent}', 'cap 1 per calendar month on call', '2026-07-31 23:30', 'call', tz)
FROM unnest('{UTC,Europe/London,Europe/Berlin,America/New_York}'::text[]) tz;
SELECT per, pg_temp.at('{2026-02-10 12:00:00+00 email sent}', 'cap 1 per calendar ' || per, '2026-02-10 13:00', 'email', 'Asia/Kathmandu')
FROM unnest('{day,week,week starting sunday,week starting tuesday,week starting wednesday,month,quarter,year}'::text[]) WITH ORDINALITY AS p (per, n) ORDER BY n;
-- February of a leap year, and the end of the year
SELECT pg_temp.at('{2028-02-29 12:00:00+00 email sent}', 'cap 1 per calendar month', '2028-02-01', 'email', 'UTC'),
    pg_temp.at('{2026-12-31 12:00:00+00 email sent}', 'cap 1 per calendar quarter', '2026-12-31 13:00', 'email', 'UTC'),
    pg_temp.at('{2026-12-28 12:00:00+00 email sent}', 'cap 1 per calendar week', '2027-01-03 12:00', 'email', 'UTC');
-- contacts later in the window count as well
SELECT pg_temp.at('{2026-02-20 12:00:00+00 email reserved}', 'cap 1 per calendar month', '2026-02-10', 'email', 'UTC');
-- a day of 23 hours, one of 25, and one without midnight
SELECT tz, pg_temp.at('{' || contact || ' email sent}', 'cap 1 per calendar day', contact::timestamptz, 'email', tz)
FROM (VALUES ('Europe/Berlin', '2026-03-28 23:00:00+00'), ('Europe/Berlin', '2026-10-24 22:00:00+00'), ('America/Sao_Paulo', '2018-11-03 12:00:00+00')) v (tz, contact);
-- quiet hours as the clocks go forward (02:00 to 03:00 is not there) and back (02:00 to 03:00 comes twice)
SELECT at, pg_temp.at('{}', 'quiet 22:00-02:30', at, 'email', 'Europe/Berlin')
FROM unnest('{2026-03-29 00:59:59, 2026-03-29 01:00:00, 2026-10-25 00:29:59, 2026-10-25 00:30:00, 2026-10-25 01:00:00, 2026-10-25 01:30:00}'::timestamptz[]) at;
-- quiet up to midnight, from midnight, and all day
SELECT policy, at, pg_temp.at('{}', policy, at, 'email', 'UTC')
FROM unnest('{quiet 21:00-00:00,quiet 00:00-08:00,quiet 00:00-24:00}'::text[]) policy, unnest('{2026-03-04 23:59:59.999999, 2026-03-05 00:00:00, 2026-03-05 08:00:00}'::timestamptz[]) at;
-- open hours; the week goes round
SELECT at, pg_temp.at('{}', 'open mon-fri 10:00-13:00, 14:00-20:00', at, 'email', 'Europe/Paris')
FROM unnest('{2026-03-06 08:59:59, 2026-03-06 09:00, 2026-03-06 12:00, 2026-03-06 19:00, 2026-03-07 12:00, 2026-03-08 23:30}'::timestamptz[]) at;
-- hours that never meet are never
SELECT pg_temp.at('{}', 'open mon 10:00-12:00; quiet 09:00-13:00', '2026-03-04', 'email', 'UTC'), pg_temp.at('{}', 'open mon 10:00-12:00; open tue 10:00-12:00', '2026-03-04', 'email', 'UTC');
SELECT at, pg_temp.at('{}', 'blackout 2026-12-24 to 2026-12-26', at, 'email', 'Pacific/Auckland')
FROM unnest('{2026-12-23 10:59:59.999999, 2026-12-23 11:00, 2026-12-26 11:00}'::timestamptz[]) at;
SELECT pg_temp.at('{}', 'blackout 2026-12-24 to 9999-12-31', '2026-12-25', 'email', 'Europe/Berlin');
-- no zone, and none of that name: denied where one is needed, and it says so
SELECT tz, policy, (v).allowed, (v).reason, (v).next_at
FROM unnest('{NULL,Mars/Olympus,UTC+3,Mars2,"",Etc/GMT+13,localtime}'::text[]) WITH ORDINALITY AS t (tz, n),
    unnest('{quiet 21:00-08:00,open mon 10:00-12:00,cap 1 per calendar day,cap 1 per 1 day}'::text[]) policy,
    icm_contact_check('{}', policy::icm_policy, '2026-03-04 12:00', 'email', tz => tz) v
ORDER BY n, policy;
SELECT length((icm_contact_check('{}', 'quiet 21:00-08:00'::icm_policy, '2026-03-04', 'email', tz => repeat('x', 300))).reason);
-- without a zone, a blackout is as long as it is one of its days anywhere
SELECT at, pg_temp.at('{}', 'blackout 2026-12-24 to 2026-12-26', at)
FROM unnest('{2026-12-23 09:59:59.999999, 2026-12-23 10:00, 2026-12-27 11:59:59.999999, 2026-12-27 12:00}'::timestamptz[]) at;
-- every zone that PostgreSQL lists is one, and shows PostgreSQL's time; CET and such are abbreviations to AT TIME ZONE, without summer time
SELECT count(*) > 400 AS many, count(*) FILTER (WHERE NOT (v).allowed) AS unlike
FROM pg_timezone_names, generate_series(timestamptz '2025-03-01 00:00', '2025-12-31', '37 days 5 hours 13 minutes') at,
    icm_contact_check('{}', format('blackout %s; quiet %s-%s', ((at AT TIME ZONE name) + interval '1 day')::date,
        to_char((at AT TIME ZONE name) + interval '1 minute', 'HH24:MI'), to_char(at AT TIME ZONE name, 'HH24:MI'))::icm_policy, at, 'email', tz => name) v
WHERE name !~ '(localtime|posixrules|Factory)$' AND name NOT IN (SELECT abbrev FROM pg_timezone_abbrevs);
-- not all have it: some keep such names apart
SELECT pg_temp.at('{}', 'quiet 08:00-09:00', '2026-07-01 06:30', 'email', 'CET') =
    CASE WHEN EXISTS (SELECT FROM pg_timezone_names WHERE name = 'CET') THEN 'rule 1 of next 2026-07-01 07:00:00+00' ELSE 'rule 1 of next never' END AS cet;

-- ---- pressure ---------------------------------------------------------------------------

-- the limit of 3 leaves room for 2: one half-life after 4 it is there, to the microsecond
SELECT at, pg_temp.at('{2026-03-01 00:00:00+00 call sent}', 'pressure 3 half-life 5 days weight call 4', at)
FROM unnest('{2026-03-01 00:00:00, 2026-03-05 23:59:59.999999, 2026-03-06 00:00:00}'::timestamptz[]) at;
-- never, if the contact weighs more than the limit; or as much, if there ever was one
SELECT pg_temp.at('{}', 'pressure 3 half-life 5 days weight call 4', '2026-03-01', 'call'), pg_temp.at('{}', 'pressure 1 half-life 5 days', '2026-03-01'),
    pg_temp.at('{2020-03-01 00:00:00+00 call sent}', 'pressure 1 half-life 5 days', '2026-03-01');
-- a contact that is reserved would be one too many then; the weight of an event counts
SELECT at, pg_temp.at('{2026-03-06 00:00:00+00 email reserved weight 2}', 'pressure 2.5 half-life 5 days', at)
FROM unnest('{2026-03-01 00:00:00.000001, 2026-03-01 00:00:00, 2026-03-06 00:00:00}'::timestamptz[]) at;
-- as icm_pressure has it
SELECT round((v).observed::numeric, 9) = round((icm_pressure(c, '2026-03-10', interval '5 days') + 1)::numeric, 9) AS same
FROM (SELECT icm_contacts_agg('2026-03-01'::timestamptz + n * interval '7 hours 11 minutes', 'email', NULL, NULL, NULL, 'sent', n, NULL, NULL) AS c FROM generate_series(1, 25) n) s,
    icm_contact_check(c, 'pressure 0.5 half-life 5 days'::icm_policy, '2026-03-10', 'email') v;

-- ---- consent ------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.consent(signals text, channel text, department text, brand text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', CASE WHEN (r).allowed THEN 'require: allowed' ELSE (r).reason END, CASE WHEN (f).allowed THEN 'refuse: allowed' ELSE (f).reason END)
    FROM icm_contact_check(signals::icm_contacts, 'require optin'::icm_policy, '2026-03-10', channel, department, brand) r,
        icm_contact_check(signals::icm_contacts, 'refuse after optout'::icm_policy, '2026-03-10', channel, department, brand) f
$$;
SELECT signals, pg_temp.consent(signals, 'sms', 'sales', 'Alpha') AS sms, pg_temp.consent(signals, 'email', NULL, NULL) AS email
FROM unnest(ARRAY[
    '{}',
    '{2026-03-01 00:00:00+00 - optin}',
    '{2026-03-01 00:00:00+00 sms optin}',
    '{2026-03-01 00:00:00+00 - optin, 2026-03-02 00:00:00+00 sms optout}',
    '{2026-03-01 00:00:00+00 - optout, 2026-03-02 00:00:00+00 email/sales optin}',
    '{2026-03-01 00:00:00+00 - optout, 2026-03-02 00:00:00+00 - optin}',
    '{2026-03-01 00:00:00+00 - optout, 2026-03-01 00:00:00+00 - optin}',
    '{2026-03-01 00:00:00+00 email/-/Alpha optout, 2026-03-02 00:00:00+00 email/-/Beta optin}',
    '{2026-03-01 00:00:00+00 - optin, 2026-03-20 00:00:00+00 - optout}',
    '{2026-03-20 00:00:00+00 - optin}']) WITH ORDINALITY AS s (signals, n) ORDER BY n;
-- a signal that is yet to come is the next time
SELECT pg_temp.at('{2026-03-20 00:00:00+00 - optin}', 'require optin', '2026-03-10'), pg_temp.at('{2026-03-01 00:00:00+00 - optout}', 'refuse after optout', '2026-03-10');
-- blocks: from the event up to before the end
SELECT at, pg_temp.at('{2026-03-01 12:00:00+00 call refused, 2026-03-01 12:00:00+00 email sent}', 'block 60 days after refused on call', at, 'call')
FROM unnest('{2026-03-01 11:59:59.999999, 2026-03-01 12:00:00, 2026-04-30 11:59:59.999999, 2026-04-30 12:00:00}'::timestamptz[]) at;
-- a complaint without a channel is about all; on another channel it is not about this one; exempt contacts have signals too
SELECT policy, contacts, pg_temp.at(contacts, policy, '2026-03-02', 'call')
FROM (VALUES ('block 30 days after complaint on call', '{2026-03-01 12:00:00+00 - complaint}'), ('block 30 days after complaint on call', '{2026-03-01 12:00:00+00 email complaint}'),
    ('block 30 days after complaint', '{2026-03-01 12:00:00+00 email complaint}'), ('block 30 days after complaint; exempt category service', '{2026-03-01 12:00:00+00 email/-/-/service complaint}'),
    ('block 30 days after sent, complaint; exempt category service', '{2026-03-01 12:00:00+00 email/-/-/service sent}')) v (policy, contacts);
-- sequences: a call only within 14 days after an email
SELECT at, pg_temp.at('{2026-03-01 12:00:00+00 email sent, 2026-03-25 00:00:00+00 email reserved}', 'sequence call after email within 14 days', at, 'call')
FROM unnest('{2026-03-01 11:59:59.999999, 2026-03-01 12:00:00, 2026-03-15 12:00:00, 2026-03-15 12:00:00.000001}'::timestamptz[]) at;
SELECT pg_temp.at('{}', 'sequence call after email within 14 days', '2026-03-01', 'call'), pg_temp.at('{}', 'sequence call after email within 14 days', '2026-03-01', 'email');

-- ---- holdout ---------------------------------------------------------------------------------

-- FNV-1a and the finalizer of MurmurHash3 in exact arithmetic, modulo 2^64
CREATE FUNCTION pg_temp.place(salt text, key text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    modulus CONSTANT numeric := 18446744073709551616;
    hash numeric := 14695981039346656037;
    bytes bytea := convert_to(salt, 'UTF8') || '\x00' || convert_to(key, 'UTF8');
    low bigint;
BEGIN
    FOR i IN 0 .. length(bytes) - 1 LOOP
        low := mod(hash, 256)::bigint;
        hash := mod((hash - low + (low # get_byte(bytes, i))) * 1099511628211, modulus);
    END LOOP;
    FOR i IN 1 .. 2 LOOP
        -- hash ^ (hash >> 33): the lower 31 bits, with the upper 31
        low := mod(hash, 2147483648)::bigint;
        hash := mod((hash - low + (low # div(hash, 8589934592)::bigint)) * CASE i WHEN 1 THEN 18397679294719823053 ELSE 14181476777654086739 END, modulus);
    END LOOP;
    low := mod(hash, 2147483648)::bigint;
    hash := hash - low + (low # div(hash, 8589934592)::bigint);
    RETURN (div(hash, 2048) / 9007199254740992 * 100)::float8;
END
$$;
SELECT count(*), count(*) FILTER (WHERE abs(icm_holdout(salt, key) - pg_temp.place(salt, key)) < 1e-13) AS same
FROM (SELECT 'q' || n % 7 AS salt, CASE WHEN n % 11 = 0 THEN '' ELSE md5(n::text) END AS key FROM generate_series(1, 300) n) s;
-- uniform: of 100,000 customers, each percent has 1000, within 6 standard deviations of 31.5; and salts are independent of each other
SELECT min(n) > 811 AND max(n) < 1189 AS uniform FROM (SELECT count(*) AS n FROM generate_series(1, 100000) id GROUP BY floor(icm_holdout('q4', id::text))) s;
SELECT abs(corr(icm_holdout('q3', id::text), icm_holdout('q4', id::text))) < 0.02 AS independent FROM generate_series(1, 100000) id;
SELECT (v).allowed = (icm_holdout('q4', id::text) >= 30) AS same, count(*)
FROM generate_series(1, 1000) id, icm_contact_check(NULL, 'holdout 30% salt ''q4'''::icm_policy, '2026-03-01', 'email', customer_key => id::text) v GROUP BY 1;
SELECT policy, (v).allowed, (v).reason, (v).next_at
FROM unnest('{holdout 5% salt ''q4'',holdout 0% salt ''q4'',holdout 100% salt ''q4''}'::text[]) policy, unnest('{NULL,1}'::text[]) key,
    icm_contact_check(NULL, policy::icm_policy, '2026-03-01', 'email', customer_key => key) v;

-- ---- rule by rule --------------------------------------------------------------------------------

SELECT rule, applies, passes, reason, round(observed::numeric, 3) AS observed, threshold, next_at
FROM icm_contact_explain('{2026-03-01 10:00:00+00 email/sales sent, 2026-03-02 10:00:00+00 email/sales sent, 2026-03-03 12:00:00+00 call/sales refused, 2026-02-01 00:00:00+00 sms optout}',
    'cap 2 per 7 days on email, sms; two: cap 1 per calendar month on call by sales grade D-E; gap 16 hours on email priority 1; pressure 3 half-life 5 days weight call 4;
     quiet 21:00-08:00; open mon-fri 10:00-13:00, 14:00-20:00; require optin; refuse after optout; block 60 days after refused; blackout 2026-03-04 to 2026-03-05;
     sequence email after call within 10 hours; sequence email after sms within 10 hours; holdout 100% salt ''q4''; cap 0 per 90 days for brand except Alpha; and exempt on email; cap 0 per 1 day'::icm_policy,
    '2026-03-04 10:00', 'email', tz => 'Asia/Tokyo', customer_key => '1');
SELECT count(*) FROM icm_contact_explain('{}', NULL::icm_policy, '2026-03-04', 'email');

-- ---- times to come ----------------------------------------------------------------------------------

SELECT to_char(icm_contact_next, 'Dy YYYY-MM-DD HH24:MI') AS next
FROM icm_contact_next('{2026-03-02 09:00:00+00 email sent, 2026-03-10 09:00:00+00 email reserved}',
    'cap 3 per 7 days; gap 16 hours; open mon-fri 10:00-13:00, 14:00-20:00; blackout 2026-03-12'::icm_policy, '2026-03-04 12:00', 'email', tz => 'Europe/Paris', n => 8);
-- as often as there is no rule; not at all; up to where there are none any more
SELECT count(*), min(t), max(t) FROM icm_contact_next(NULL, 'cap 0 per 1 day on fax'::icm_policy, '2026-03-04', 'email') t;
SELECT count(*) FROM icm_contact_next(NULL, 'cap 0 per 1 day on fax'::icm_policy, '2026-03-04', 'fax') t;
SELECT count(*), max(t) FROM icm_contact_next(NULL, 'cap 1 per 36525 days'::icm_policy, '294200-01-01', 'fax') t;
SELECT pg_temp.error_of($$SELECT icm_contact_next(NULL, 'cap 1 per 1 day'::icm_policy, '2026-03-04', 'email', n => 0)$$);
SELECT pg_temp.error_of($$SELECT icm_contact_next(NULL, 'cap 1 per 1 day'::icm_policy, '2026-03-04', 'email', n => 10001)$$);
SELECT count(*) FROM icm_contact_next(NULL, 'cap 1 per 1 day'::icm_policy, '2026-03-04', 'email', n => NULL);

-- ---- what a policy would have done ------------------------------------------------------------------------

-- the second and third were too early; the fourth would have been, had they not been refused; the complaint goes with its contact
SELECT to_char(at, 'MM-DD HH24:MI') AS at, channel, department, status, reference, allowed, rule, observed, threshold
FROM icm_policy_simulate('{2026-03-01 12:00:00+00 email/sales sent ref 1, 2026-03-02 12:00:00+00 email sent, 2026-03-03 12:00:00+00 email complaint, 2026-03-08 12:00:00+00 email/sales sent ref 2,
    2026-03-10 12:00:00+00 email cancelled, 2026-03-11 12:00:00+00 email reserved until 2026-03-11 00:00:00+00, 2026-03-12 12:00:00+00 - optout, 2026-03-13 12:00:00+00 call bounced}',
    'weekly: cap 1 per 7 days; block 30 days after complaint; refuse after optout on call'::icm_policy);
-- those before since count as they are
SELECT to_char(at, 'MM-DD HH24:MI') AS at, allowed, rule
FROM icm_policy_simulate('{2026-03-01 12:00:00+00 email sent, 2026-03-02 12:00:00+00 email sent, 2026-03-08 12:00:00+00 email sent, 2026-03-09 12:00:00+00 email sent}',
    'cap 1 per 7 days'::icm_policy, since => '2026-03-05', until => '2026-03-09 12:00');
-- exemptions of a grade hold for what counted before, too
SELECT grade, count(*) FILTER (WHERE allowed), count(*)
FROM unnest('{NULL,A,B}'::icm_grade[]) grade, icm_policy_simulate('{2026-03-01 12:00:00+00 email sent, 2026-03-02 12:00:00+00 email/-/-/gift sent, 2026-03-03 12:00:00+00 email/-/-/gift sent, 2026-03-04 12:00:00+00 email sent}',
    'cap 2 per 7 days; exempt category gift grade A'::icm_policy, grade => grade) GROUP BY grade ORDER BY grade;
SELECT count(*) FROM icm_policy_simulate(NULL, 'cap 1 per 7 days'::icm_policy);

-- ---- pruning -----------------------------------------------------------------------------------------------------

SELECT policy, icm_contacts_prune('{2025-01-01 00:00:00+00 sms optin, 2025-01-01 00:00:00+00 email optout, 2026-02-02 12:00:00+00 call refused, 2026-02-27 00:00:00+00 email sent,
    2026-03-03 12:00:00+00 email sent, 2026-03-03 12:00:00.000001+00 email sent, 2026-03-04 00:00:00+00 fax reserved, 2026-03-20 00:00:00+00 fax sent}', policy::icm_policy, '2026-03-10 12:00')
FROM unnest(ARRAY['cap 3 per 7 days', 'gap 7 days on email', 'block 60 days after refused on call', 'sequence call after email within 7 days', 'cap 1 per calendar month on email',
    'pressure 10 half-life 1 hour', 'pressure 1 half-life 1 hour', 'quiet 21:00-08:00', 'cap 3 per 365 days; exempt on email', 'cap 3 per 365 days; exempt on email grade A']) WITH ORDINALITY AS p (policy, n) ORDER BY n;
SELECT pg_temp.error_of($$SELECT icm_contacts_prune('{}', 'cap 1 per 7 days'::icm_policy, '-infinity')$$);
SELECT icm_contacts_prune(NULL, 'cap 1 per 7 days'::icm_policy, now()) IS NULL AS none;

-- What was pruned is known by number and latest time: under a policy that looks further back it counts as if all had been
-- then, and before that time, which nobody knows, it denies.
SELECT policy, pg_temp.at(contacts, policy, '2026-03-03', 'call', 'UTC') AS after, pg_temp.at(contacts, policy, '2026-02-20', 'call', 'UTC') AS before
FROM unnest(ARRAY['cap 1 per 3 days on call', 'cap 1 per 90 days on call', 'cap 12 per 90 days on call', 'cap 13 per 90 days on call', 'cap 13 per 90 days', 'gap 4 days', 'gap 5 days', 'cap 12 per calendar month',
    'cap 12 per calendar quarter', 'cap 14 per calendar quarter', 'block 3 days after complaint on call', 'block 9 days after complaint on call', 'pressure 6 half-life 4 days on call', 'pressure 7.1 half-life 4 days on call',
    'cap 1 per 90 days on email', 'cap 1 per 90 days on call counting complaint', 'sequence call after call within 90 days', 'refuse after optout']) WITH ORDINALITY AS p (policy, n),
    (VALUES ('{2026-02-27 00:00:00+00 call pruned 12, 2026-03-01 00:00:00+00 sms sent}')) v (contacts)
ORDER BY n;
SELECT reason, observed FROM icm_contact_check('{2026-02-27 12:00:00+00 call pruned 12}', 'cap 12 per 90 days'::icm_policy, '2026-03-03', 'call');

-- ---- by name --------------------------------------------------------------------------------------------------------

BEGIN;
SELECT icm_publish('policy', 'corporate', 'weekly: cap 1 per 7 days on email; quiet 21:00-08:00');
CREATE TEMP TABLE contacted AS SELECT id, icm_contacts_agg('2026-03-01'::timestamptz + id * interval '1 hour', 'email', 'sales', NULL, 'news', 'sent') AS contacts FROM generate_series(1, 200) id GROUP BY id;
SELECT count(*) FILTER (WHERE (a).allowed), count(*) FILTER (WHERE a IS NOT DISTINCT FROM b) AS same, count(*)
FROM (SELECT icm_contact_check(contacts, 'corporate', '2026-03-10 12:00', 'email', tz => 'UTC') AS a,
        icm_contact_check(contacts, 'weekly: cap 1 per 7 days on email; quiet 21:00-08:00'::icm_policy, '2026-03-10 12:00', 'email', tz => 'UTC') AS b FROM contacted) s;
-- the name is folded into the plan
EXPLAIN (COSTS OFF) SELECT id FROM contacted WHERE (icm_contact_check(contacts, 'corporate', '2026-03-10 12:00+00', 'email')).allowed;
SELECT rule, passes FROM icm_contact_explain('{2026-03-09 00:00:00+00 email sent}', 'corporate', '2026-03-10 12:00', 'email', tz => 'UTC');
SELECT icm_contact_next('{2026-03-09 00:00:00+00 email sent}', 'corporate', '2026-03-10 12:00', 'email', tz => 'UTC', n => 2);
SELECT at, allowed, rule FROM icm_policy_simulate('{2026-03-09 12:00:00+00 email sent, 2026-03-10 12:00:00+00 email sent}', 'corporate', tz => 'UTC');
SELECT icm_contacts_prune('{2026-03-01 12:00:00+00 email sent, 2026-03-10 12:00:00+00 email sent}', 'corporate', '2026-03-12');
ROLLBACK;

-- ---- at both ends of time ----------------------------------------------------------------------------------------------

SELECT policy, pg_temp.at(contacts, policy, '4714-11-24 00:00:00+00 BC', 'email', 'Asia/Tokyo') AS first, pg_temp.at(contacts, policy, '294276-12-31 23:59:59.999999+00', 'email', 'Asia/Tokyo') AS last
FROM unnest('{cap 1 per calendar week,cap 1 per calendar year,quiet 07:00-09:00,open mon 10:00-12:00,cap 1 per 36525 days,gap 36525 days,pressure 1.5 half-life 36525 days,block 36525 days after sent}'::text[]) WITH ORDINALITY AS p (policy, n),
    (VALUES ('{294276-12-30 00:00:00+00 email sent, 4714-11-24 00:00:00+00 BC email sent}')) v (contacts)
ORDER BY n;
SELECT icm_contact_next(NULL, 'open mon 10:00-12:00; cap 1 per calendar week'::icm_policy, '294276-12-01', 'email', tz => 'Asia/Tokyo', n => 100);
SELECT policy, icm_contacts_prune('{294276-12-30 00:00:00+00 email sent, 4714-11-24 00:00:00+00 BC email sent}', policy::icm_policy, at) AS pruned
FROM unnest('{cap 1 per calendar week,cap 1 per 36525 days,pressure 1.5 half-life 36525 days}'::text[]) WITH ORDINALITY AS p (policy, n), unnest('{294276-12-31 00:00:00+00,4714-11-24 00:00:00+00 BC}'::timestamptz[]) at
ORDER BY n, at;

-- ---- values that are not what they say, and time to stop ------------------------------------------------------------------

-- Only what a superuser makes brings other bytes into a value: each byte changed is an error or a value, in every use.
BEGIN;
SET LOCAL client_min_messages = warning;    -- no notices of a shell type: 18 words them otherwise
SET LOCAL statement_timeout = '120s';
CREATE TYPE icm_raw;
CREATE FUNCTION icm_raw_in(cstring) RETURNS icm_raw LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION icm_raw_out(icm_raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE icm_raw (INPUT = icm_raw_in, OUTPUT = icm_raw_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
CREATE CAST (icm_raw AS icm_contacts) WITHOUT FUNCTION;
CREATE CAST (icm_contacts AS icm_raw) WITHOUT FUNCTION;
CREATE CAST (icm_raw AS icm_policy) WITHOUT FUNCTION;
CREATE CAST (icm_policy AS icm_raw) WITHOUT FUNCTION;
CREATE FUNCTION pg_temp.use(contacts icm_raw, policy icm_raw) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM icm_contact_check(contacts::icm_contacts, policy::icm_policy, '2026-03-04 10:00', 'email', 'sales', NULL, 'offer', 'B', 'Europe/Berlin', 'k');
    PERFORM count(*) FROM icm_contact_explain(contacts::icm_contacts, policy::icm_policy, '2026-03-04 10:00', 'call', tz => 'UTC');
    PERFORM icm_contact_next(contacts::icm_contacts, policy::icm_policy, '2026-03-04 10:00', 'email', tz => 'UTC', n => 2);
    PERFORM count(*) FROM icm_policy_simulate(contacts::icm_contacts, policy::icm_policy, tz => 'UTC');
    PERFORM icm_contacts_prune(contacts::icm_contacts, policy::icm_policy, '2026-03-04 10:00');
    PERFORM icm_pressure(contacts::icm_contacts, '2026-03-04 10:00', interval '5 days', 'email');
    PERFORM count(*) FROM icm_policy_rules(policy::icm_policy);
    PERFORM (policy::icm_policy || policy::icm_policy)::text, contacts::icm_contacts::text;
    RETURN 'a value';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
CREATE TEMP TABLE sound AS
    SELECT c::icm_contacts::icm_raw AS contacts, p::icm_policy::icm_raw AS policy
    FROM (VALUES ('{2026-01-04 10:00:00+00 email/sales pruned 3, 2026-01-05 10:00:00+00 email/sales sent ref 5, 2026-03-03 09:30:00+00 call refused, 2026-03-05 09:30:00+00 email/sales/-/offer reserved weight 2 until 2026-03-05 09:45:00+00, 2026-02-01 00:00:00+00 - optin}',
        'one: cap 3 per 7 days on email, sms by except service; cap 1 per calendar week starting tuesday; gap 16 hours; pressure 10 half-life 5 days weight email 1.5, sms 2; quiet 21:00-08:00; open mon-fri 10:00-13:00, 14:00-20:00;
         require optin on sms; refuse after optout; block 60 days after refused; blackout 2026-12-24 to 2026-12-26; sequence call after email within 14 days; holdout 5% salt ''q4''; exempt category gift grade A-C; and gap 1 day source ''law''')) v (c, p);
SELECT pg_temp.use(contacts, policy) FROM sound;
-- 54000: more rules than a policy may have, by adding it to itself; 22P02: what it prints is no policy
SELECT bool_and(result IN ('a value', 'XX001', '22P02', '54000')) AS errors_or_values, count(*) FILTER (WHERE result = 'XX001') > 500 AS many_are_seen, count(*) FILTER (WHERE result = 'a value') > 500 AS many_are_not
FROM sound, generate_series(0, length(policy::text::bytea) - 1) i, unnest('{0, 1, 255}'::int[]) byte,
    pg_temp.use(contacts, set_byte(policy::text::bytea, i, byte)::text::icm_raw) result;
SELECT bool_and(result IN ('a value', 'XX001')) AS errors_or_values, count(*) FILTER (WHERE result = 'XX001') > 100 AS many_are_seen, count(*) FILTER (WHERE result = 'a value') > 100 AS many_are_not
FROM sound, generate_series(0, length(contacts::text::bytea) - 1) i, unnest('{0, 1, 127, 255}'::int[]) byte,
    pg_temp.use(set_byte(contacts::text::bytea, i, byte)::text::icm_raw, policy) result;
SELECT bool_and(pg_temp.use(contacts, substring(policy::text::bytea FOR n)::text::icm_raw) = 'XX001') AS cut_short FROM sound, generate_series(0, 1500, 50) n;
ROLLBACK;

-- a search that takes long can be cancelled
SET statement_timeout = '300ms';
SELECT count(*) FROM (SELECT string_agg(format('cap %s per 36500 days counting responded;', i), ' ')::icm_policy AS p FROM generate_series(1, 100) i OFFSET 0) s,
    icm_contact_next('{2030-01-01 00:00:00+00 email reserved}', p, '2026-02-01', 'email', n => 10000);
RESET statement_timeout;
