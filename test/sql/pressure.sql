--
-- contact pressure: sum of weights that halve with each half-life
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    state := SQLSTATE;
    message := SQLERRM;
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
SET TimeZone = 'UTC';

-- by hand: 1 + 2/2 + 4/4, at the last contact, one half-life after it, before the second, before all
CREATE TEMP TABLE one AS SELECT icm_contacts_agg(at, channel, NULL, NULL, NULL, 'sent', weight, NULL, NULL) AS contacts
FROM (VALUES (timestamptz '2026-01-01 12:00', 'call', 4.0), ('2026-01-06 12:00', 'sms', 2), ('2026-01-11 12:00', 'email', 1)) AS c (at, channel, weight);
SELECT at, icm_pressure(contacts, at, '5 days') AS pressure, icm_pressure(contacts, at, '5 days', 'call') AS calls,
       icm_pressure(contacts, at, '5 days', 'letter') AS letters
FROM one, unnest('{2026-01-11 12:00,2026-01-16 12:00,2026-01-06 11:59:59.999999,2025-12-31}'::timestamptz[]) at;
-- what counts: contacts that reached the customer or may yet, not signals, and no reservation that has expired
SELECT status, icm_pressure(icm_contacts_agg('2026-01-01 12:00', 'email', NULL, NULL, NULL, status), '2026-01-02 12:00', '1 day') AS pressure
FROM unnest('{reserved,cancelled,sent,bounced,delivered,refused,responded,complaint,optin,optout}'::text[]) WITH ORDINALITY s (status, i)
GROUP BY status, i ORDER BY i;
SELECT icm_pressure(icm_contacts_agg('2026-01-01 12:00', NULL, NULL, NULL, NULL, 'complaint'), '2026-01-02 12:00', '1 day') AS signal;
SELECT at, icm_pressure(contacts, at, '1 day') AS pressure
FROM (SELECT icm_contacts_agg('2026-01-01 12:00', 'email', NULL, NULL, NULL, 'reserved', 8, 1, '2026-01-02 12:00')) AS r (contacts),
     unnest('{2026-01-01 11:59:59.999999,2026-01-01 12:00,2026-01-02 11:59:59.999999,2026-01-02 12:00}'::timestamptz[]) at;

-- beside the sum in SQL, and merged: the pressure of all is that of the parts
CREATE TEMP TABLE many AS
    SELECT c, icm_contacts_agg(at, channel, NULL, NULL, NULL, 'sent', weight, NULL, NULL) AS contacts,
           icm_contacts_agg(at, channel, NULL, NULL, NULL, 'sent', weight, NULL, NULL) FILTER (WHERE i % 2 = 0) AS even,
           icm_contacts_agg(at, channel, NULL, NULL, NULL, 'sent', weight, NULL, NULL) FILTER (WHERE i % 2 = 1) AS odd
    FROM generate_series(1, 50) c, generate_series(1, c) i,
         LATERAL (SELECT timestamptz '2026-01-01' + abs(hashint4(c * 100 + i)::bigint) * 3621 * interval '1 microsecond',
                         (ARRAY['email', 'sms', 'call'])[1 + i % 3], 1 + i % 5 / 2.0::float8) AS e (at, channel, weight)
    GROUP BY c;
SELECT count(*) AS cases,
       count(*) FILTER (WHERE abs(pressure - coalesce(expected, 0)) > 1e-12 * (1 + pressure)) AS otherwise,
       count(*) FILTER (WHERE abs(icm_pressure(contacts, at, half_life, 'sms') - coalesce(sms, 0)) > 1e-12 * (1 + pressure)) AS sms_otherwise,
       count(*) FILTER (WHERE abs(pressure - icm_pressure(even, at, half_life) - icm_pressure(odd, at, half_life)) > 1e-12 * (1 + pressure)) AS parts_otherwise
FROM many, unnest('{2026-01-15,2026-02-28 13:14:15.161718,2026-06-01}'::timestamptz[]) at,
     unnest('{1 hour,5 days,90 days 12:30:00.000001}'::interval[]) half_life,
     LATERAL (SELECT icm_pressure(contacts, at, half_life),
                     (SELECT sum(weight * 2 ^ (-extract(epoch FROM many_at.at - e.at) / extract(epoch FROM half_life))::float8)
                      FROM icm_contacts_events(contacts) e WHERE e.at <= many_at.at),
                     (SELECT sum(weight * 2 ^ (-extract(epoch FROM many_at.at - e.at) / extract(epoch FROM half_life))::float8)
                      FROM icm_contacts_events(contacts) e WHERE e.at <= many_at.at AND channel = 'sms')
              FROM (SELECT at) AS many_at) AS p (pressure, expected, sms);

-- NULL, and what is refused
SELECT icm_pressure(NULL, '2026-01-01', '1 day') AS no_contacts, icm_pressure('{}', '2026-01-01', '1 day') AS none,
       icm_pressure('{}', NULL, '1 day') IS NULL AND icm_pressure('{}', '2026-01-01', NULL) IS NULL
           AND icm_pressure(NULL, '2026-01-01', '1 day', NULL) IS NULL AS nulls;
SELECT half_life, e.* FROM unnest('{0,-1 day,1 month,1 year,1 month -1 day}'::text[]) half_life,
     pg_temp.error_of(format('SELECT icm_pressure(NULL, ''2026-01-01'', %L)', half_life)) e;
SELECT e.* FROM pg_temp.error_of('SELECT icm_pressure(NULL, ''infinity'', ''1 day'')') e;
-- the largest weights do not overflow
SELECT icm_pressure(icm_contacts_agg('2026-01-01', 'a', NULL, NULL, NULL, 'sent', 1e100, NULL, NULL), '2026-01-02', '1 day') AS largest FROM generate_series(1, 2);
