--
-- icm_contacts: text and binary form, adding, statuses, merging, limits
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
-- pseudo-random, from 0 to n - 1, the same on every server
CREATE FUNCTION pg_temp.pick(i int, seed bigint, n int) RETURNS int
LANGUAGE sql IMMUTABLE AS 'SELECT ((hashint4extended($1, $2) & 4294967295) % $3)::int';
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = ISO;

-- ---- text form ----

SELECT '{}'::icm_contacts;
SELECT '{2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent, 2026-01-06 09:30:00.5+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00}'::icm_contacts;
-- in any order, with white space, offsets, labels that are missing; what may be left out is
SELECT E'{ 2026-01-06 09:30:00+00\tsms/-/-/- reserved weight 1 ,\n2026-01-05 12:30:00.100+02:30 email/-/"Alpha"/- sent ref -4,2026-01-05 00:00:00-08 - optout}'::icm_contacts;
SELECT '{2026-01-05 10:00:00+00 "e mail"/"say ""no"""/"-"/"naïve, {50 €}" sent weight 0.1}'::icm_contacts;
-- every status, in the order of life at one moment
SELECT ('{' || string_agg('2026-01-05 10:00:00+00 email ' || status, ', ' ORDER BY status) || '}')::icm_contacts
FROM unnest('{reserved, sent, delivered, bounced, cancelled, responded, complaint, refused, optin, optout}'::text[]) status;
-- the first and the last moment, both ends of BC, leap days, microseconds
SELECT '{4714-11-24 00:00:00+00 BC a sent, 0005-02-29 23:59:59.999999+00 BC a sent, 0001-12-31 23:59:59+00 BC a sent,
         0001-01-01 00:00:00+00 a sent, 1999-12-31 23:59:59.999999+00 a sent, 2000-01-01 00:00:00+00 a sent, 2000-01-01 00:00:00.000001+00 a sent,
         2000-02-29 12:00:00+00 a sent, 10000-01-01 00:00:00+00 a sent, 294276-12-31 23:59:59.999999+00 a sent}'::icm_contacts;
-- what was pruned stands among the events, by the time of the latest: alone, with events, at both ends of time, without labels, with white space
SELECT text, text::icm_contacts::text = text AS same, p.*, icm_contacts_count(text::icm_contacts) AS events
FROM (VALUES ('{2026-01-05 10:00:00+00 email pruned 12}'), ('{2026-01-05 10:00:00+00 email sent ref 5, 2026-01-05 10:00:00+00 email pruned 5, 2026-01-05 10:00:00.000001+00 email sent}'),
    ('{4714-11-24 00:00:00+00 BC - pruned 1, 2026-01-05 10:00:00+00 a/pruned/until/ref sent weight 2}'), ('{2000-01-01 00:00:00+00 -/sales pruned 3 weight 0.5, 2000-01-01 00:00:00+00 -/sales pruned 2}'),
    ('{294276-12-31 23:59:59.999999+00 pruned/-/-/pruned pruned 9223372036854775807 weight 0}'), ('{}')) v(text) LEFT JOIN LATERAL icm_contacts_pruned(text::icm_contacts) p ON true;
-- of one kind their numbers add up, and the latest time is that of all
SELECT E'{ 2026-01-05 12:00:00+02 pruned\tpruned\n007 weight 1.0 , 2026-01-04 10:00:00+00 pruned pruned 3,2026-01-05 10:00:00+00 pruned sent }'::icm_contacts;
-- as timestamptz's own output and input have it: every 9.7 years and some microseconds
SELECT count(*) AS moments,
       count(*) FILTER (WHERE icm_contacts_add(NULL, at, 'a', NULL, NULL, NULL, 'sent')::text <> '{' || at::text || ' a sent}'
           OR (SELECT e.at FROM icm_contacts_events(('{' || at::text || ' a sent}')::icm_contacts) e) <> at) AS otherwise
FROM (SELECT timestamptz '4713-01-01 00:00:00+00 BC' + i * interval '3543 days 01:02:03.456789' FROM generate_series(0, 30000) i) m(at);
-- no setting has a say
CREATE TEMP TABLE written AS
    SELECT '{0044-03-15 12:00:00+00 BC a sent, 2026-03-29 01:30:00.25+00 a reserved weight 0.30000000000000004 until 2026-10-25 00:30:00+00}'::text AS form;
SELECT zone, style, set_config('TimeZone', zone, true) <> '' AND set_config('DateStyle', style, true) <> ''
       AND set_config('extra_float_digits', '-15', true) <> '' AND form::icm_contacts::text = form AS same
FROM written, unnest('{UTC, Europe/Berlin, Asia/Kathmandu, America/St_Johns, Pacific/Apia}'::text[]) zone,
     unnest('{"ISO, MDY", "SQL, DMY", "German", "Postgres, MDY"}'::text[]) style ORDER BY 1, 2;

-- malformed: SQLSTATE 22P02 and a reason
SELECT input, state, detail
FROM (VALUES
      (''), ('2026-01-05 10:00:00+00 a sent'), ('{'), ('{}}'), ('{} x'), ('{,}'), ('{2026-01-05 10:00:00+00 a sent'), ('{2026-01-05 10:00:00+00 a sent,}'),
      ('{2026-01-05 10:00:00+00 a sent; }'),
      -- time
      ('{infinity a sent}'), ('{2026-01-05 a sent}'), ('{2026-01-05 10:00+00 a sent}'), ('{2026-01-05 10:00:00 a sent}'),
      ('{2026-01-05T10:00:00+00 a sent}'), ('{2026-01-05 10:00:00Z a sent}'), ('{2026-02-29 10:00:00+00 a sent}'), ('{0005-02-29 10:00:00+00 a sent}'),
      ('{2026-01-05 24:00:00+00 a sent}'), ('{2026-01-05 10:60:00+00 a sent}'), ('{2026-01-05 10:00:60+00 a sent}'),
      ('{2026-01-05 10:00:00.+00 a sent}'), ('{2026-01-05 10:00:00.1234567+00 a sent}'), ('{2026-01-05 10:00:00+16 a sent}'),
      ('{2026-01-05 10:00:00+00:60 a sent}'), ('{0000-01-05 10:00:00+00 a sent}'), ('{2026-13-05 10:00:00+00 a sent}'),
      ('{4714-11-23 23:59:59+00 BC a sent}'), ('{4714-11-24 00:00:00+01 BC a sent}'), ('{294277-01-01 00:00:00+00 a sent}'),
      ('{294276-12-31 23:59:59-01 a sent}'), ('{99999999999-01-05 10:00:00+00 a sent}'), ('{5874897-01-05 10:00:00+00 a sent}'),
      -- labels
      ('{2026-01-05 10:00:00+00 sent}'), ('{2026-01-05 10:00:00+00 - sent}'), ('{2026-01-05 10:00:00+00 "" sent}'), ('{2026-01-05 10:00:00+00 a/ sent}'),
      ('{2026-01-05 10:00:00+00 a/b/c/d/e sent}'), ('{2026-01-05 10:00:00+00 1st sent}'), ('{2026-01-05 10:00:00+00 "a sent}'),
      ('{2026-01-05 10:00:00+00 ' || repeat('a', 64) || ' sent}'),
      -- status, weight, reference, expiry
      ('{2026-01-05 10:00:00+00 a}'), ('{2026-01-05 10:00:00+00 a Sent}'), ('{2026-01-05 10:00:00+00 a "sent"}'), ('{2026-01-05 10:00:00+00 a opened}'),
      ('{2026-01-05 10:00:00+00 a sent weight}'), ('{2026-01-05 10:00:00+00 a sent weight -1}'), ('{2026-01-05 10:00:00+00 a sent weight NaN}'),
      ('{2026-01-05 10:00:00+00 a sent weight 1e999}'), ('{2026-01-05 10:00:00+00 a sent ref 1.5}'), ('{2026-01-05 10:00:00+00 a sent ref x}'),
      ('{2026-01-05 10:00:00+00 a sent ref 9223372036854775808}'), ('{2026-01-05 10:00:00+00 a sent ref -9223372036854775808}'),
      ('{2026-01-05 10:00:00+00 a sent ref 1 weight 2}'), ('{2026-01-05 10:00:00+00 a sent ref 1 ref 2}'),
      ('{2026-01-05 10:00:00+00 a sent until 2026-01-06 10:00:00+00}'), ('{2026-01-05 10:00:00+00 a reserved until infinity}'),
      ('{2026-01-05 10:00:00+00 a reserved until 2031-01-05 10:00:00+00}'), ('{2026-01-05 10:00:00+00 a sent until}'),
      -- what was pruned
      ('{2026-01-05 10:00:00+00 a pruned}'), ('{2026-01-05 10:00:00+00 a pruned 0}'), ('{2026-01-05 10:00:00+00 a pruned -1}'),
      ('{2026-01-05 10:00:00+00 a pruned +1}'), ('{2026-01-05 10:00:00+00 a pruned 1.5}'), ('{2026-01-05 10:00:00+00 a pruned 9223372036854775808}'),
      ('{2026-01-05 10:00:00+00 a pruned1}'), ('{2026-01-05 10:00:00+00 a pruned 1x}'), ('{2026-01-05 10:00:00+00 a "pruned" 1}'),
      ('{2026-01-05 10:00:00+00 a Pruned 1}'), ('{2026-01-05 10:00:00+00 pruned 1}'), ('{2026-01-05 10:00:00+00 a/ pruned 1}'),
      ('{2026-01-05 10:00:00+00 a pruned 1 ref 1}'), ('{2026-01-05 10:00:00+00 a pruned 1 until 2026-01-06 10:00:00+00}'), ('{2026-01-05 10:00:00+00 a pruned 1 weight}'),
      ('{2026-01-05 10:00:00+00 a pruned 1 weight -1}'), ('{2026-01-05 10:00:00+00 a pruned weight 2}'), ('{2026-01-05 10:00:00+00 a pruned weight 2 1}'),
      ('{2026-01-05 10:00:00+00 a sent 1}'), ('{2026-01-05 10:00:00+00 a sent weight 2 pruned 1}'), ('{pruned 1 until 2026-01-05 10:00:00+00}'),
      ('{infinity a pruned 1}'), ('{2026-02-30 10:00:00+00 a pruned 1}'), ('{2026-01-05 10:00:00+00 a pruned 9223372036854775807, 2026-01-05 10:00:00+00 a pruned 1}')) AS bad(input),
     pg_temp.error_of(format('SELECT %L::icm_contacts', input));
-- the whole of one message
SELECT '{2026-01-05 10:00:00+00 email sent, 2026-01-06 10:00:00+00 email opened}'::icm_contacts;
-- soft errors, where the server has them
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{2026-01-05 10:00:00+00 a sent}', 'icm_contacts');
        ASSERT NOT pg_input_is_valid('{2026-01-05 10:00:00+00 a}', 'icm_contacts');
        ASSERT NOT pg_input_is_valid('{', 'icm_contacts');
    END IF;
END
$$;

-- ---- adding ----

SELECT icm_contacts_add(NULL, '2026-01-05 10:00+00', 'email', 'sales', 'Alpha', 'newsletter', 'sent') AS six,
       icm_contacts_add('{2026-01-05 10:00:00+00 email sent}', '2026-01-04 10:00+00', 'sms', NULL, NULL, NULL, 'reserved', 2, 77, '2026-01-04 10:15+00') AS all_nine,
       icm_contacts_add(NULL, '2026-01-04 10:00+00', 'sms', NULL, NULL, NULL, 'reserved', NULL, NULL, NULL) AS nulls,
       icm_contacts_add(NULL, '2026-01-04 10:00+00', 'sms', NULL, NULL, NULL, 'reserved', '-0', NULL, 'infinity') AS zero_and_never,
       icm_contacts_add(NULL, '2026-01-04 10:00+00', 'sms', NULL, NULL, NULL, 'sent', 1, 1, '2050-01-01') AS no_reservation,
       icm_contacts_add(NULL, '2026-01-04 10:00+00', 'sms', NULL, NULL, NULL, 'reserved', expires => '2026-01-04 11:00+00') AS by_name;
-- no row: neither time nor status
SELECT icm_contacts_add(NULL, NULL, NULL, NULL, NULL, NULL, NULL) IS NULL AS still_none,
       icm_contacts_add('{2026-01-05 10:00:00+00 email sent}', NULL, 'email', NULL, NULL, NULL, NULL) AS unchanged,
       (SELECT icm_contacts_agg(at, 'email', NULL, NULL, NULL, status) IS NULL FROM (VALUES (NULL::timestamptz, NULL)) l(at, status)) AS left_join,
       (SELECT icm_contacts_agg(now(), 'email', NULL, NULL, NULL, 'sent') IS NULL WHERE false) AS no_rows;
-- signals about all channels
SELECT icm_contacts_agg('2026-01-05 10:00+00', NULL, department, NULL, NULL, status)
FROM (VALUES ('sales', 'refused'), (NULL, 'complaint'), ('sales', 'optin'), (NULL, 'optout')) s(department, status);
SELECT arguments, state, message, detail, hint
FROM (VALUES
      ('NULL, ''email'', NULL, NULL, NULL, ''sent'''), ('now(), ''email'', NULL, NULL, NULL, NULL'),
      ('now(), NULL, NULL, NULL, NULL, ''sent'''), ('now(), NULL, NULL, NULL, NULL, ''reserved'''),
      ('''infinity'', ''email'', NULL, NULL, NULL, ''sent'''), ('''-infinity'', ''email'', NULL, NULL, NULL, ''sent'''),
      ('now(), ''email'', NULL, NULL, NULL, ''SENT'''), ('now(), ''email'', NULL, NULL, NULL, '''''),
      ('now(), '''', NULL, NULL, NULL, ''sent'''), ('now(), ''email'', NULL, repeat(''x'', 64), NULL, ''sent'''),
      ('now(), ''email'', repeat(''é'', 32), NULL, NULL, ''sent'''), ('now(), ''email'', NULL, NULL, '''', ''sent'''),
      ('now(), ''email'', NULL, NULL, NULL, ''sent'', -1, NULL, NULL'), ('now(), ''email'', NULL, NULL, NULL, ''sent'', ''NaN'', NULL, NULL'),
      ('now(), ''email'', NULL, NULL, NULL, ''sent'', ''Infinity'', NULL, NULL'),
      ('now(), ''email'', NULL, NULL, NULL, ''sent'', 1, -9223372036854775808, NULL'),
      ('''2026-01-05 00:00+00'', ''email'', NULL, NULL, NULL, ''reserved'', 1, 1, ''-infinity'''),
      ('''2026-01-05 00:00+00'', ''email'', NULL, NULL, NULL, ''reserved'', 1, 1, ''2031-01-05 00:00+00''')) AS bad(arguments),
     pg_temp.error_of('SELECT icm_contacts_add(NULL, ' || arguments || ')');
-- labels of 1 and 63 bytes, of any characters
SELECT count(*) AS labels, bool_and(c.channel = label AND icm_contacts_add(NULL, now(), label, label, label, label, 'sent')::text::icm_contacts::text
       = icm_contacts_add(NULL, now(), label, label, label, label, 'sent')::text) AS kept
FROM unnest(ARRAY['x', repeat('x', 63), repeat('é', 31) || 'x', '-', '/', '"', '""', ' ', ', ', '}', E'\n', E'\t', '日本', 'weight', 'until', 'sent', 'a.b-c_d', '1']) label,
     icm_contacts_events(icm_contacts_add(NULL, now(), label, NULL, NULL, NULL, 'sent')) c;
-- an expiry is up to 2^47 - 2 microseconds after, and 2^47 before
SELECT shift, e.expires - e.at AS exact, state
FROM (VALUES ('1628 days 21:44:48.355326'), ('1628 days 21:44:48.355327'), ('-1628 days -21:44:48.355328'), ('-1628 days -21:44:48.355329'), ('00:00:00')) s(shift),
     pg_temp.error_of(format('SELECT icm_contacts_add(NULL, %L, %L, NULL, NULL, NULL, %L, 1, 1, timestamptz %L + interval %L)',
                             '2026-01-05 00:00+00', 'a', 'reserved', '2026-01-05 00:00+00', shift)) x
     LEFT JOIN LATERAL icm_contacts_events(CASE WHEN x.state IS NULL THEN
         icm_contacts_add(NULL, '2026-01-05 00:00+00', 'a', NULL, NULL, NULL, 'reserved', 1, 1, timestamptz '2026-01-05 00:00+00' + shift::interval) END) e ON true;

-- ---- reading ----

SELECT * FROM icm_contacts_events('{2026-01-05 10:00:00+00 email/sales/Alpha/newsletter sent, 2026-01-06 09:30:00.5+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00,
    2026-01-06 10:00:00+00 sms reserved, 2026-01-07 00:00:00+00 - optout}');
SELECT icm_contacts_count('{}') AS none, icm_contacts_count('{2026-01-05 10:00:00+00 email sent, 2026-01-05 10:00:00+00 email sent}') AS two,
       icm_contacts_count(NULL) IS NULL AS null_is_null;
-- 16 bytes, 24 an event, 16 a combination of labels, the labels once
SELECT pg_column_size('{}'::icm_contacts) AS none, pg_column_size('{2026-01-05 10:00:00+00 email sent}'::icm_contacts) AS one,
       (SELECT pg_column_size(icm_contacts_agg(now() + i * interval '1 hour', 'email', 'sales', 'email', NULL, 'sent')) FROM generate_series(1, 64) i) AS sixty_four;

-- ---- statuses ----

-- each pair of statuses of one reference, in both orders: the one furthest in life; consent stays beside it
SELECT a.status AS first, string_agg((SELECT string_agg(DISTINCT e.status, '+') FROM
           (VALUES (icm_contacts_add(icm_contacts_add(NULL, '2026-01-05', 'a', NULL, NULL, NULL, a.status, 1, 7, NULL), '2026-01-05', 'a', NULL, NULL, NULL, b.status, 1, 7, NULL)),
                   (icm_contacts_add(icm_contacts_add(NULL, '2026-01-05', 'a', NULL, NULL, NULL, b.status, 1, 7, NULL), '2026-01-05', 'a', NULL, NULL, NULL, a.status, 1, 7, NULL))) v(c),
           icm_contacts_events(c) e), ' ' ORDER BY b.n) AS with_each
FROM unnest('{reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin, optout}'::text[]) WITH ORDINALITY a(status, n),
     unnest('{reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin, optout}'::text[]) WITH ORDINALITY b(status, n)
GROUP BY a.status, a.n ORDER BY a.n;
-- of one status: the earliest time if it took place, else the last expiry, then the latest; consent: the latest, then by what it is
SELECT icm_rollup(c) FROM unnest(ARRAY['{2026-01-05 10:00:00+00 a reserved ref 1 until 2026-01-05 10:30:00+00}', '{2026-01-05 10:00:00+00 a reserved ref 1 until 2026-01-05 10:15:00+00}',
    '{2026-01-05 10:00:00+00 a sent ref 2}', '{2026-01-05 10:00:01+00 a sent ref 2}', '{2026-01-05 10:00:00+00 a/b sent ref 3}', '{2026-01-05 10:00:00+00 a sent weight 2 ref 3}',
    '{2026-01-05 10:00:00+00 a reserved ref 4 until 2026-01-05 10:30:00+00}', '{2026-01-05 10:00:00+00 a reserved ref 4}',
    '{2026-01-05 10:00:00+00 a reserved ref 5}', '{2026-01-05 10:00:01+00 a reserved ref 5}', '{2026-01-05 10:00:01+00 a cancelled ref 6}', '{2026-01-05 10:00:00+00 a cancelled ref 6}',
    '{2026-01-05 10:00:01+00 a optin ref 7}', '{2026-01-05 10:00:00+00 b optin ref 7}', '{2026-01-05 10:00:00+00 c optin ref 8}', '{2026-01-05 10:00:00+00 a optin weight 2 ref 8}']::icm_contacts[]) c;
-- a log with a row a status: the contact took place when it was sent, not when it was clicked; the labels and the largest weight of all its rows
CREATE FUNCTION pg_temp.log_of(lines text) RETURNS icm_contacts
LANGUAGE sql AS $$
    SELECT icm_rollup(('{' || line || '}')::icm_contacts) FROM regexp_split_to_table(lines, ' *; *') line
$$;
SELECT name, pg_temp.log_of(log) AS contacts, pg_temp.log_of((SELECT string_agg(line, ';' ORDER BY n DESC) FROM regexp_split_to_table(log, ';') WITH ORDINALITY l(line, n)))::text
       = pg_temp.log_of(log)::text AS backwards, ('{' || replace(log, ';', ',') || '}')::icm_contacts::text = pg_temp.log_of(log)::text AS as_text
FROM (VALUES
    ('sent, delivered, responded', '2026-07-31 12:00:00+00 email sent ref 3; 2026-07-31 12:01:00+00 email delivered ref 3; 2026-08-02 09:00:00+00 email responded ref 3'),
    ('bounced, then refused', '2026-07-31 12:00:00+00 email bounced ref 3; 2026-07-31 12:01:00+00 email refused ref 3'),
    ('reserved, then sent later', '2026-07-30 12:00:00+00 email reserved ref 3 until 2026-08-30 12:00:00+00; 2026-07-31 12:00:00+00 email sent ref 3'),
    ('reserved for later, then sent', '2026-08-30 12:00:00+00 email reserved ref 3; 2026-07-31 12:00:00+00 email sent ref 3'),
    ('cancelled, then responded', '2026-07-30 12:00:00+00 email cancelled ref 3; 2026-07-31 12:00:00+00 email responded ref 3'),
    ('reserved, then cancelled', '2026-07-30 12:00:00+00 email reserved ref 3; 2026-07-29 12:00:00+00 email cancelled ref 3'),
    ('unsubscribed by it', '2026-07-31 12:00:00+00 email/sales sent ref 3; 2026-08-02 09:00:00+00 email optout ref 3; 2026-07-31 12:01:00+00 email delivered ref 3'),
    ('labels of all rows', '2026-07-31 12:00:00+00 email/sales sent ref 3; 2026-08-02 09:00:00+00 -/-/-/offer refused weight 0.5 ref 3; 2026-08-01 09:00:00+00 email/-/Alpha delivered weight 2 ref 3'),
    ('labels, none took place', '2026-07-31 12:00:00+00 email/sales reserved ref 3; 2026-07-30 12:00:00+00 email/-/Alpha cancelled weight 0 ref 3'),
    ('other references, and none', '2026-07-31 12:00:00+00 email sent ref 3; 2026-07-31 12:00:00+00 sms sent ref 4; 2026-07-31 12:00:00+00 call sent; 2026-08-01 12:00:00+00 call responded')
    ) v(name, log);
-- as setting the status of the first: any statuses from sent on
SELECT count(*) AS pairs, bool_and(icm_contacts_add(c, '2026-08-02 09:00+00', 'email', NULL, NULL, NULL, later.status, 1, 3, NULL)::text = icm_contacts_set_status(c, 3, later.status)::text) AS same
FROM unnest('{sent, bounced, delivered, refused, responded, complaint}'::text[]) WITH ORDINALITY first(status, n),
     unnest('{sent, bounced, delivered, refused, responded, complaint}'::text[]) WITH ORDINALITY later(status, n),
     LATERAL (SELECT icm_contacts_add('{2026-08-01 12:00:00+00 call sent}', '2026-07-31 12:00+00', 'email', 'sales', NULL, NULL, first.status, 1, 3, NULL)) a(c)
WHERE later.n >= first.n;
-- two labels of one kind: the reference is used twice; whatever the order, and where the rows met; but not of consent
SELECT a, b, e.*
FROM (VALUES ('email/sales/-/offer', 'email/service/-/offer'), ('email/sales', 'call'), ('email/-/Alpha', 'email/sales/Alphabet'), ('email/sales/Alpha/offer', '-/-/-/news')) v(a, b),
     pg_temp.error_of(format('SELECT pg_temp.log_of(%L)', '2026-07-31 12:00:00+00 ' || a || ' refused ref 3; 2026-07-31 12:00:00+00 ' || b || ' complaint weight 2 ref 3')) e;
SELECT pg_temp.log_of('2026-07-31 12:00:00+00 email/sales optin ref 3; 2026-07-31 12:00:00+00 email/service optin ref 3; 2026-07-31 12:00:00+00 call/service sent ref 3');
SELECT count(*) AS cases, bool_and(state = '23505' AND detail = 'Reference 3 is that of contacts of department "sales" and of department "service".') AS refused
FROM (VALUES
    ('SELECT icm_contacts_agg(''2026-07-31 12:00+00'', ''email'', CASE i %% 3 WHEN 0 THEN ''sales'' WHEN 1 THEN ''service'' END, NULL, NULL, ''sent'', 1, CASE WHEN i < 3 THEN 3 ELSE i END, NULL ORDER BY hashint4extended(i, %s)) FROM generate_series(0, 1000) i'),
    ('SELECT icm_contacts_agg(''2026-07-31 12:00+00'', ''email'', CASE i %% 3 WHEN 0 THEN ''sales'' WHEN 1 THEN ''service'' END, NULL, NULL, ''sent'', i, 3, NULL ORDER BY hashint4extended(i, %s)) FROM generate_series(0, 500) i'),
    ('SELECT icm_rollup(c) FROM (SELECT icm_contacts_agg(''2026-07-31 12:00+00'', ''email'', CASE i %% 3 WHEN 0 THEN ''sales'' WHEN 1 THEN ''service'' END, NULL, NULL, ''sent'', 1, 3, NULL) AS c FROM generate_series(0, 100) i GROUP BY i %% 3, hashint4extended(i, %s) %% 5) x'),
    ('SELECT icm_contacts_merge(c, ''{2026-07-31 12:00:00+00 email/service sent ref 3}'') FROM (SELECT icm_contacts_agg(''2026-07-31 12:00+00'', ''email'', CASE i WHEN 50 THEN ''sales'' END, NULL, NULL, ''sent'', 1, 3, NULL ORDER BY hashint4extended(i, %s)) AS c FROM generate_series(0, 100) i) x')
    ) q(query), generate_series(1, 10) k, pg_temp.error_of(format(query, k));
SELECT e.* FROM pg_temp.error_of('SELECT ''{2026-07-31 12:00:00+00 email sent ref 3, 2026-07-31 12:00:00+00 call sent ref 3}''::icm_contacts') e;
-- without a reference each counts
SELECT icm_contacts_agg('2026-01-05 10:00+00', 'a', NULL, NULL, NULL, 'sent') FROM generate_series(1, 2);
-- set
SELECT icm_contacts_set_status(c, 77, 'sent') AS confirmed, icm_contacts_set_status(c, 77, 'cancelled') AS cancelled,
       icm_contacts_set_status(c, 77, 'reserved')::text = c::text AS unchanged,
       icm_contacts_set_status('{2026-01-05 10:00:00+00 sms optin ref 77, 2026-01-06 09:30:00+00 sms sent ref 77, 2026-01-07 10:00:00+00 sms optin ref 78}', 77, 'delivered') AS beside_consent
FROM (SELECT '{2026-01-06 09:30:00+00 sms optout, 2026-01-06 09:30:00+00 sms reserved ref 77 until 2026-01-06 09:45:00+00, 2026-01-06 09:30:00+00 sms reserved}'::icm_contacts) s(c);
SELECT a.status AS before, count(*) FILTER (WHERE b.n < a.n) AS earlier,
       bool_and(state IS NOT NULL) FILTER (WHERE b.n < a.n OR b.n > 8 AND b.n <> a.n) AS refused, bool_and(state IS NULL) FILTER (WHERE b.n = a.n OR b.n > a.n AND b.n <= 8) AS taken
FROM unnest('{reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin, optout}'::text[]) WITH ORDINALITY a(status, n),
     unnest('{reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin, optout}'::text[]) WITH ORDINALITY b(status, n),
     pg_temp.error_of(format('SELECT icm_contacts_set_status(%L, 7, %L)', '{2026-01-05 10:00:00+00 a ' || a.status || ' ref 7}', b.status))
GROUP BY a.status, a.n ORDER BY a.n;
SELECT e.* FROM (VALUES ('{2026-01-05 10:00:00+00 a sent ref 7}', '8', 'delivered'), ('{2026-01-05 10:00:00+00 a sent}', '-9223372036854775808', 'delivered'),
    ('{2026-01-05 10:00:00+00 a sent ref 7}', '7', 'reserved'), ('{2026-01-05 10:00:00+00 a sent ref 7}', '7', 'optout'),
    ('{2026-01-05 10:00:00+00 - refused ref 7}', '7', 'responded'), ('{2026-01-05 10:00:00+00 a sent ref 7}', '7', 'opened'),
    ('{2026-01-05 10:00:00+00 a sent ref 7, 2026-01-06 10:00:00+00 a optout ref 7}', '7', 'optout'), ('{2026-01-06 10:00:00+00 a optout ref 7}', '7', 'complaint'),
    ('{2026-01-04 10:00:00+00 a pruned 8, 2026-01-05 10:00:00+00 a sent ref 7}', '8', 'delivered'),
    ('{2026-01-04 10:00:00+00 a pruned 7, 2026-01-05 10:00:00+00 a sent ref 7}', '7', 'reserved')) AS bad(contacts, reference, status),
    pg_temp.error_of(format('SELECT icm_contacts_set_status(%L, %s, %L)', contacts, reference, status)) e;

-- ---- what was pruned ----

-- stays as it is whatever is added or set; what was pruned and arrives again is new
SELECT icm_contacts_add(c, '2026-01-01 10:00+00', 'sms', NULL, NULL, NULL, 'sent', 1, 1, NULL) AS added, icm_contacts_set_status(c, 7, 'delivered') AS set,
       icm_contacts_merge(c, '{2026-01-07 10:00:00+00 a sent}') AS merged, icm_contacts_merge('{2026-01-07 10:00:00+00 a sent}', c) AS merged_too,
       icm_contacts_merge(c, NULL)::text = c::text AND icm_contacts_merge(NULL, c)::text = c::text AND icm_contacts_merge(c, '{}')::text = c::text AS with_none
FROM (SELECT '{2026-01-04 10:00:00+00 a pruned 7, 2026-01-05 10:00:00+00 a sent ref 7}'::icm_contacts) s(c);
-- nobody sends it, or asks for it
SELECT e.* FROM (VALUES ('SELECT icm_contacts_add(NULL, ''2026-01-05'', ''a'', NULL, NULL, NULL, ''pruned'')'), ('SELECT icm_contacts_set_status(''{2026-01-05 10:00:00+00 a sent ref 7}'', 7, ''pruned'')'),
    ('SELECT ''cap 1 per 7 days counting pruned''::icm_policy'), ('SELECT ''block 7 days after pruned''::icm_policy')) q(query), pg_temp.error_of(query) e;
SELECT e.status, icm_contacts_count(c) AS events FROM (SELECT '{2026-01-04 10:00:00+00 a pruned 7, 2026-01-05 10:00:00+00 a sent, 2026-01-06 10:00:00+00 a/b pruned 8}'::icm_contacts) s(c), icm_contacts_events(c) e;
-- pruning: a record for each combination of labels and weight, of references none is left; what is there already is added to
SELECT icm_contacts_prune(c, week, '2026-01-20') AS pruned, icm_contacts_prune(icm_contacts_prune(c, week, '2026-01-11'), week, '2026-01-20')::text
       = icm_contacts_prune(c, week, '2026-01-20')::text AS in_steps, icm_contacts_prune(c, 'cap 3 per 60 days; block 60 days after complaint'::icm_policy, '2026-01-20')::text = c::text AS none
FROM (SELECT 'cap 3 per 7 days'::icm_policy) p(week), (SELECT '{2026-01-01 10:00:00+00 email pruned 3, 2026-01-02 10:00:00+00 email/sales sent ref 7, 2026-01-03 10:00:00+00 email/sales responded, 2026-01-03 10:00:00+00 email/sales sent weight 2,
    2026-01-04 10:00:00+00 email sent ref 8, 2026-01-05 10:00:00+00 email/sales optout ref 7, 2026-01-06 10:00:00+00 - complaint, 2026-01-19 10:00:00+00 email sent, 2026-01-19 11:00:00+00 sms pruned 1}'::icm_contacts) s(c);
-- numbers add up by kind, the latest time wins, before 2000 too, where times are negative
SELECT icm_contacts_merge(a, b), icm_contacts_merge(a, b)::text = icm_contacts_merge(b, a)::text AS either_way
FROM (VALUES ('{2026-01-04 10:00:00+00 a pruned 12}'::icm_contacts, '{2026-01-03 10:00:00+00 a pruned 30, 2026-01-05 10:00:00+00 a sent}'::icm_contacts),
    ('{1999-01-04 10:00:00+00 a pruned 1}', '{}'), ('{1999-01-04 10:00:00+00 a pruned 1}', '{1998-01-04 10:00:00+00 a pruned 2}'),
    ('{2026-01-04 10:00:00+00 a pruned 1}', '{2026-01-03 10:00:00+00 a pruned 2 weight 2, 2026-01-02 10:00:00+00 a/b pruned 3, 2026-01-01 10:00:00+00 - pruned 4, 2026-01-05 10:00:00+00 b pruned 5}'),
    ('{1999-01-04 10:00:00+00 a pruned 9223372036854775806}', '{2000-01-01 00:00:00+00 a pruned 1}')) v(a, b);
SELECT count(*) AS cases, bool_and(m.state = '22003' AND r.state = '22003') AS refused, min(m.message) AS message, min(m.detail) AS detail
FROM (VALUES ('{2026-01-04 10:00:00+00 a pruned 9223372036854775807}', '{2026-01-03 10:00:00+00 a pruned 1}'), ('{2026-01-03 10:00:00+00 a pruned 1}', '{2026-01-04 10:00:00+00 a pruned 9223372036854775807}'),
    ('{2026-01-04 10:00:00+00 a pruned 9223372036854775807}', '{2026-01-04 10:00:00+00 a pruned 9223372036854775807}')) v(a, b),
     pg_temp.error_of(format('SELECT icm_contacts_merge(%L, %L)', a, b)) m,
     pg_temp.error_of(format('SELECT icm_rollup(c::icm_contacts) FROM unnest(ARRAY[%L, %L, %L]) c', '{}', a, b)) r;

-- ---- the same bytes whatever the order, the partition and the plan ----

-- 40 customers, up to 200 events each; few moments, so that many are equal; references that come several times, of contacts
-- with the same labels or without
CREATE TABLE icm_contact AS
    SELECT customer, i, timestamptz '2026-01-01 00:00+00' + pg_temp.pick(i, 1, 40) * interval '7 hours 0.000001 seconds' AS at,
           CASE WHEN s.status IN ('refused', 'complaint', 'optout') AND i % 3 = 0 THEN NULL ELSE (ARRAY['email', 'sms', 'call', 'a "quoted" one', 'Push'])[1 + pg_temp.pick(own, 3, 5)] END AS channel,
           CASE WHEN pg_temp.pick(i, 4, 3) > 0 THEN (ARRAY['sales', 'service'])[1 + pg_temp.pick(own, 13, 2)] END AS department,
           CASE WHEN pg_temp.pick(i, 5, 3) > 0 THEN (ARRAY['Alpha', 'Beta'])[1 + pg_temp.pick(own, 14, 2)] END AS brand,
           CASE WHEN pg_temp.pick(i, 6, 4) > 0 THEN 'c' || pg_temp.pick(own, 6, 1 + customer) END AS category, s.status,
           CASE WHEN pg_temp.pick(i, 7, 3) = 0 THEN pg_temp.pick(i, 8, 4) / 3.0::float8 END AS weight, r.reference,
           CASE WHEN pg_temp.pick(i, 11, 3) > 0 THEN timestamptz '2026-01-01 00:00+00' + pg_temp.pick(i, 12, 500) * interval '1 hour' END AS expires
    FROM generate_series(1, 40) customer, generate_series(1000 * customer, 1000 * customer + 5 * customer) i,
         LATERAL (SELECT (ARRAY['reserved', 'sent', 'delivered', 'bounced', 'cancelled', 'responded', 'complaint', 'refused', 'optin', 'optout', 'reserved', 'cancelled'])[1 + pg_temp.pick(i, 2, 12)] AS status) s,
         LATERAL (SELECT CASE WHEN pg_temp.pick(i, 9, 2) = 0 THEN pg_temp.pick(i, 10, 1 + customer) - 5::int8 END AS reference) r,
         LATERAL (SELECT CASE WHEN reference IS NULL OR status IN ('optin', 'optout') THEN i ELSE 1000000 * customer + reference::int END AS own) l;
ANALYZE icm_contact;
CREATE TEMP TABLE serial AS
    SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) AS contacts,
           icm_contacts_agg(at, channel, department, brand, category, status) AS plain
    FROM icm_contact GROUP BY customer;
SELECT count(*) AS customers, sum(icm_contacts_count(contacts)) AS events, sum(icm_contacts_count(plain)) AS without_references FROM serial;

-- beside plain SQL: counts by channel and status, the last time
SELECT count(*) AS groups, count(*) FILTER (WHERE o.n IS DISTINCT FROM t.n OR o.last IS DISTINCT FROM t.last) AS otherwise
FROM (SELECT customer, coalesce(e.channel, '') AS channel, e.status, count(*) AS n, max(e.at) AS last FROM serial, icm_contacts_events(plain) e GROUP BY 1, 2, 3) o
     FULL JOIN (SELECT customer, coalesce(channel, '') AS channel, status, count(*) AS n, max(at) AS last FROM icm_contact GROUP BY 1, 2, 3) t USING (customer, channel, status);
-- every event, as a multiset: those without a reference, of each reference the consent that is first in the order that is
-- promised, and its contacts as one
CREATE TEMP VIEW kept AS
    WITH contact AS (SELECT *, array_position('{reserved, cancelled, sent, bounced, delivered, refused, responded, complaint, optin, optout}', status) AS life FROM icm_contact)
    SELECT customer, at, channel, department, brand, category, status, coalesce(weight, 1) AS weight, reference, CASE WHEN status = 'reserved' THEN expires END AS expires
    FROM icm_contact WHERE reference IS NULL
    UNION ALL
    (SELECT DISTINCT ON (customer, reference) customer, at, channel, department, brand, category, status, coalesce(weight, 1), reference,
            NULL::timestamptz
     FROM contact WHERE reference IS NOT NULL AND life > 8
     ORDER BY customer, reference, life DESC, at DESC, coalesce(weight, 1) DESC,
              coalesce(octet_length(channel), 0) DESC, channel COLLATE "C" DESC, coalesce(octet_length(department), 0) DESC, department COLLATE "C" DESC,
              coalesce(octet_length(brand), 0) DESC, brand COLLATE "C" DESC, coalesce(octet_length(category), 0) DESC, category COLLATE "C" DESC)
    UNION ALL
    SELECT customer, CASE max(life) WHEN 1 THEN (array_agg(at ORDER BY expires DESC NULLS FIRST, at DESC))[1]
                                    WHEN 2 THEN max(at) FILTER (WHERE life = 2) ELSE min(at) FILTER (WHERE life > 2) END,
           max(channel), max(department), max(brand), max(category), (array_agg(status ORDER BY life DESC))[1], max(coalesce(weight, 1)), reference,
           CASE max(life) WHEN 1 THEN CASE WHEN count(*) = count(expires) THEN max(expires) END END
    FROM contact WHERE reference IS NOT NULL AND life <= 8 GROUP BY customer, reference;
SELECT (SELECT count(*) FROM (SELECT * FROM kept EXCEPT ALL SELECT s.customer, e.* FROM serial s, icm_contacts_events(contacts) e) x) AS missing,
       (SELECT count(*) FROM (SELECT s.customer, e.* FROM serial s, icm_contacts_events(contacts) e EXCEPT ALL SELECT * FROM kept) x) AS invented,
       (SELECT count(*) FROM kept) AS events;

-- 20 permutations of each customer's events; each event several times where all have references; one by one
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(p.contacts) <> icm_contacts_send(s.contacts) OR icm_contacts_send(p.plain) <> icm_contacts_send(s.plain)) AS otherwise
FROM serial s, generate_series(1, 20) k,
     LATERAL (SELECT icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires ORDER BY hashint4extended(i, k)),
                     icm_contacts_agg(at, channel, department, brand, category, status ORDER BY hashint4extended(i, k))
              FROM icm_contact e WHERE e.customer = s.customer) AS p(contacts, plain);
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(once) <> icm_contacts_send(thrice)) AS otherwise
FROM (SELECT icm_contacts_agg(at, channel, department, brand, category, status, weight, i, expires) FILTER (WHERE k = 1) AS once,
             icm_contacts_agg(at, channel, department, brand, category, status, weight, i, expires ORDER BY hashint4extended(i, k)) AS thrice
      FROM icm_contact, generate_series(1, 3) k GROUP BY customer) d;
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(once) <> icm_contacts_send(often)) AS otherwise
FROM (SELECT icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) FILTER (WHERE k = 1) AS once,
             icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires ORDER BY hashint4extended(i, k)) AS often
      FROM icm_contact, generate_series(1, 7) k WHERE reference IS NOT NULL GROUP BY customer) d;
DO $$
DECLARE
    e record;
    contacts icm_contacts;
BEGIN
    FOR e IN SELECT * FROM icm_contact WHERE customer = 17 LOOP
        contacts := icm_contacts_add(contacts, e.at, e.channel, e.department, e.brand, e.category, e.status, e.weight, e.reference, e.expires);
    END LOOP;
    ASSERT icm_contacts_send(contacts) = (SELECT icm_contacts_send(s.contacts) FROM serial s WHERE customer = 17);
END
$$;

-- Partitions as a parallel plan makes them, and rollups in any nesting: of open states, of finished parts, of both.
CREATE AGGREGATE pg_temp.state_agg(timestamptz, text, text, text, text, text, float8, int8, timestamptz) (SFUNC = icm_contacts_add, STYPE = icm_contacts);
CREATE AGGREGATE pg_temp.merge_agg(icm_contacts) (SFUNC = icm_contacts_merge, STYPE = icm_contacts);
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(p.states) <> icm_contacts_send(s.contacts)) AS states,
       count(*) FILTER (WHERE icm_contacts_send(p.parts) <> icm_contacts_send(s.contacts)) AS parts,
       count(*) FILTER (WHERE icm_contacts_send(p.mixed) <> icm_contacts_send(s.contacts)) AS mixed
FROM serial s, generate_series(1, 12) k,
     LATERAL (SELECT icm_rollup(state ORDER BY hashint4extended(part, k)), icm_rollup(done ORDER BY hashint4extended(part, k)),
                     icm_rollup(CASE WHEN part % 2 = 0 THEN state ELSE done END)
              FROM (SELECT part, pg_temp.state_agg(at, channel, department, brand, category, status, weight, reference, expires ORDER BY hashint4extended(i, k)),
                           icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires)
                    FROM generate_series(1, k) part LEFT JOIN icm_contact e ON e.customer = s.customer AND pg_temp.pick(i, 20 + k, k) + 1 = part
                    GROUP BY part) AS parts(part, state, done)) AS p(states, parts, mixed);
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(p.contacts) <> icm_contacts_send(s.contacts)) AS otherwise
FROM serial s,
     LATERAL (SELECT icm_rollup(contacts)
              FROM (SELECT pg_temp.merge_agg(part)
                    FROM (SELECT pick, icm_rollup(part)
                          FROM (SELECT pg_temp.pick(i, 40, 30), pg_temp.state_agg(at, channel, department, brand, category, status, weight, reference, expires)
                                FROM icm_contact e WHERE e.customer = s.customer GROUP BY 1) AS a(pick, part) GROUP BY pick, pick % 10) AS b(pick, part)
                    GROUP BY pick % 3) AS c(contacts)) AS p(contacts);
CREATE TEMP TABLE part AS
    SELECT customer, pg_temp.pick(i, 41, 5) AS n, icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) AS contacts
    FROM icm_contact WHERE reference IS NOT NULL GROUP BY 1, 2;
SELECT count(*) AS triples, count(*) FILTER (WHERE icm_contacts_merge(a.contacts, b.contacts)::text <> icm_contacts_merge(b.contacts, a.contacts)::text) AS order_matters,
       count(*) FILTER (WHERE icm_contacts_merge(icm_contacts_merge(a.contacts, b.contacts), c.contacts)::text <> icm_contacts_merge(a.contacts, icm_contacts_merge(b.contacts, c.contacts))::text) AS nesting_matters,
       count(*) FILTER (WHERE icm_contacts_merge(a.contacts, icm_contacts_merge(b.contacts, a.contacts))::text <> icm_contacts_merge(a.contacts, b.contacts)::text) AS repeating_matters,
       bool_and(icm_contacts_merge(a.contacts, NULL)::text = a.contacts::text AND icm_contacts_merge(NULL, a.contacts)::text = a.contacts::text) AS with_none
FROM part a JOIN part b USING (customer) JOIN part c USING (customer);
-- records of what was pruned: 30 values of each customer, beside plain SQL; with events, in any order, nested, from open states
CREATE TEMP TABLE pruned AS
    SELECT customer, i, at, channel, department, weight, n, format('{%s %s%s pruned %s weight %s}', at, coalesce(channel, '-'), '/' || department, n, weight)::icm_contacts AS contacts
    FROM generate_series(1, 40) customer, generate_series(customer * 30, customer * 30 + 29) i,
         LATERAL (SELECT timestamptz '1999-12-20 00:00+00' + pg_temp.pick(i, 51, 10 + customer) * interval '1 day', (ARRAY['email', 'sms', NULL])[1 + pg_temp.pick(i, 52, 3)],
                         (ARRAY['sales', NULL])[1 + pg_temp.pick(i, 53, 2)], pg_temp.pick(i, 54, 2), pg_temp.pick(i, 50, 90) + 1) v(at, channel, department, weight, n);
CREATE TEMP TABLE together AS SELECT customer, icm_contacts_merge(r.contacts, s.contacts) AS contacts FROM (SELECT customer, icm_rollup(contacts) AS contacts FROM pruned GROUP BY customer) r JOIN serial s USING (customer);
SELECT (SELECT count(*) FROM (SELECT customer, channel, department, NULL, NULL, weight::float8, sum(n)::int8, max(at) FROM pruned GROUP BY customer, channel, department, weight
                              EXCEPT ALL SELECT customer, p.* FROM together, icm_contacts_pruned(contacts) p) x) AS missing,
       (SELECT count(*) FROM (SELECT customer, p.* FROM together, icm_contacts_pruned(contacts) p
                              EXCEPT ALL SELECT customer, channel, department, NULL, NULL, weight::float8, sum(n)::int8, max(at) FROM pruned GROUP BY customer, channel, department, weight) x) AS invented,
       (SELECT count(*) FROM together, icm_contacts_pruned(contacts)) AS records, (SELECT bool_and(icm_contacts_count(t.contacts) = icm_contacts_count(s.contacts)
                              AND ARRAY(SELECT e::text FROM icm_contacts_events(t.contacts) e) = ARRAY(SELECT e::text FROM icm_contacts_events(s.contacts) e)) FROM together t JOIN serial s USING (customer)) AS events_the_same,
       (SELECT bool_and(sorted) FROM (SELECT until >= lag(until, 1, until) OVER (PARTITION BY customer ORDER BY n) AS sorted FROM together, icm_contacts_pruned(contacts) WITH ORDINALITY p(a, b, c, d, e, f, until, n)) x) AS ascending;
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_contacts_send(once) <> icm_contacts_send(t.contacts)) AS otherwise, count(*) FILTER (WHERE icm_contacts_send(nested) <> icm_contacts_send(t.contacts)) AS nested_otherwise
FROM together t, generate_series(1, 5) k,
     LATERAL (SELECT icm_rollup(c ORDER BY hashint4extended(part, k)), icm_contacts_merge(pg_temp.merge_agg(c) FILTER (WHERE part % 3 = k % 3), icm_rollup(c) FILTER (WHERE part % 3 <> k % 3))
              FROM (SELECT 10 + i, contacts FROM pruned p WHERE p.customer = t.customer
                    UNION ALL SELECT 1 + pg_temp.pick(i, k, 4), pg_temp.state_agg(at, channel, department, brand, category, status, weight, reference, expires)
                    FROM icm_contact e WHERE e.customer = t.customer GROUP BY 1) parts(part, c)) b(once, nested);
-- an open state is read as any other
SELECT bool_and(state::text = contacts::text AND icm_contacts_count(state) = icm_contacts_count(contacts)
       AND icm_contacts_add(state, now(), 'x', NULL, NULL, NULL, 'sent')::text = icm_contacts_add(contacts, now(), 'x', NULL, NULL, NULL, 'sent')::text) AS same
FROM serial, LATERAL (SELECT pg_temp.state_agg(at, channel, department, brand, category, status, weight, reference, expires) FROM icm_contact e WHERE e.customer = serial.customer) AS o(state);

-- text and binary, out and in: the same bytes; stored ones too, compressed and out of line
INSERT INTO serial SELECT -100 - customer, contacts, '{}' FROM together;
INSERT INTO serial VALUES (0, '{}', '{}'), (-1, '{1999-01-04 10:00:00+00 - pruned 12}', '{}'), (-2, '{2026-01-04 10:00:00+00 a pruned 7, 2026-01-04 10:00:00+00 a pruned 7 weight 2, 2026-01-05 10:00:00+00 a sent ref 7}', '{}');
INSERT INTO serial SELECT 1000, icm_contacts_agg(now() + i * interval '1 minute', 'c' || i % 100, 'd' || i % 7, NULL, NULL, 'sent', 1, i, NULL), '{}' FROM generate_series(1, 20000) i;
SELECT count(*) FILTER (WHERE icm_contacts_send(contacts::text::icm_contacts) <> icm_contacts_send(contacts)) AS by_text FROM serial;
\copy serial TO 'results/contacts.bin' (FORMAT binary)
CREATE TEMP TABLE received (LIKE serial);
\copy received FROM 'results/contacts.bin' (FORMAT binary)
SELECT count(*) AS values, count(*) FILTER (WHERE icm_contacts_send(s.contacts) <> icm_contacts_send(r.contacts) OR s.contacts::text <> r.contacts::text) AS otherwise
FROM serial s FULL JOIN received r USING (customer);
-- version 1, flags, padding, events, kinds, labels; time, reference or number, packed; labels, weight; length, bytes
SELECT icm_contacts_send('{2000-01-01 00:00:00.000001+00 ab/-/c sent weight 2 ref 3}');
SELECT icm_contacts_send('{2000-01-01 00:00:00.000003+00 - pruned 258}');

-- parallel plans
CREATE FUNCTION pg_temp.plan(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN CASE WHEN lines ~ 'Finalize .*Aggregate' AND lines ~ 'Partial .*Aggregate' AND lines ~ 'Workers Planned: [1-9]' THEN 'parallel' ELSE 'serial' END;
END
$$;
CREATE TABLE icm_contact_part AS
    SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) AS contacts FROM icm_contact GROUP BY customer, i % 10;
ALTER TABLE icm_contact SET (parallel_workers = 2);
ALTER TABLE icm_contact_part SET (parallel_workers = 2);
ANALYZE icm_contact_part;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT pg_temp.plan('SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) FROM icm_contact GROUP BY customer'),
       pg_temp.plan('SELECT customer, icm_rollup(contacts) FROM icm_contact_part GROUP BY customer');
SELECT count(*) AS customers, count(*) FILTER (WHERE p.contacts::text <> s.contacts::text OR r.contacts::text <> s.contacts::text) AS otherwise
FROM serial s
     JOIN (SELECT customer, icm_contacts_agg(at, channel, department, brand, category, status, weight, reference, expires) AS contacts FROM icm_contact GROUP BY customer) p USING (customer)
     JOIN (SELECT customer, icm_rollup(contacts) AS contacts FROM icm_contact_part GROUP BY customer) r USING (customer);
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET parallel_leader_participation;
DROP VIEW kept;
DROP TABLE icm_contact, icm_contact_part;

-- ---- limits ----

-- 4096 combinations of labels and weight, all kept apart
SELECT icm_contacts_count(c) AS events, (SELECT count(DISTINCT (channel, category, weight)) FROM icm_contacts_events(c)) AS kinds, c::text::icm_contacts::text = c::text AS by_text
FROM (SELECT icm_contacts_agg(now(), 'c' || i % 64, NULL, NULL, 'k' || i / 64 % 32, 'sent', i / 2048, NULL, NULL) FROM generate_series(0, 8191) i, generate_series(1, 2) WHERE i < 4096) x(c);
SELECT e.* FROM (VALUES ('SELECT icm_contacts_agg(now(), ''c'' || i, NULL, NULL, NULL, ''sent'') FROM generate_series(0, 4096) i'),
    ('SELECT icm_rollup(c) FROM (SELECT icm_contacts_agg(now(), ''c'' || i, NULL, NULL, NULL, ''sent'') AS c FROM generate_series(0, 4096) i GROUP BY i % 2) x'),
    ('SELECT (''{'' || string_agg(''2026-01-05 10:00:00+00 c'' || i || '' sent'', '', '') || ''}'')::icm_contacts FROM generate_series(0, 4096) i')) q(query), pg_temp.error_of(query) e;

-- ---- values that are not what they say ----

-- Only what a superuser makes brings other bytes into a value, stored or open: each byte changed to each of some others,
-- and each way of cutting it short, is an error or a value; what says so may go with others no more.
BEGIN;
SET client_min_messages = warning;    -- no notices of a shell type: 18 words them otherwise
CREATE TYPE icm_raw;
CREATE FUNCTION icm_raw_in(cstring) RETURNS icm_raw LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION icm_raw_out(icm_raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
RESET client_min_messages;
CREATE TYPE icm_raw (INPUT = icm_raw_in, OUTPUT = icm_raw_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
CREATE CAST (icm_raw AS icm_contacts) WITHOUT FUNCTION;
CREATE CAST (icm_contacts AS icm_raw) WITHOUT FUNCTION;
CREATE TEMP TABLE sound AS
    SELECT '{2026-01-04 10:00:00+00 email pruned 3, 2026-01-05 10:00:00+00 email/sales sent ref 5, 2026-01-06 09:30:00+00 sms reserved weight 2 ref 77 until 2026-01-06 09:45:00+00}'::icm_contacts AS contacts
    UNION ALL SELECT pg_temp.state_agg('2026-01-05 10:00+00', 'c' || i % 3, NULL, NULL, NULL, 'sent', 1, i % 3, NULL) FROM generate_series(1, 6) i
    UNION ALL SELECT pg_temp.merge_agg('{2026-01-05 10:00:00+00 c pruned 258, 2026-01-05 10:00:00+00 c sent ref 258}') FROM generate_series(1, 2);
CREATE TEMP TABLE bytes AS SELECT contacts::icm_raw::text::bytea AS raw FROM sound;
SELECT count(*) > 1000 AS cases, bool_and(state IS NULL OR state IN ('XX001', '23505', '22003')) AS errors_or_values, count(*) FILTER (WHERE state = 'XX001') > 100 AS many_are_seen
FROM bytes, generate_series(0, length(raw) - 1) i, unnest('{0, 1, 127, 128, 160, 240, 255}'::int[]) byte,
     pg_temp.error_of(format('SELECT e.count, (SELECT count(*) FROM icm_contacts_pruned(c)), c::text, icm_contacts_add(c, now(), %L, NULL, NULL, NULL, %L) IS NULL, icm_contacts_merge(c, %L) IS NULL, icm_contacts_merge(%3$L, c) IS NULL FROM (SELECT %L::icm_raw::icm_contacts OFFSET 0) x(c), LATERAL (SELECT count(*) FROM icm_contacts_events(c)) e',
                             'x', 'sent', '{2026-01-05 10:00:00+00 email sent ref 5}', set_byte(raw, i, byte)));
SELECT bool_and(state = 'XX001') AS cut_short
FROM bytes, generate_series(0, 100, 3) n, pg_temp.error_of(format('SELECT icm_contacts_count(%L::icm_raw::icm_contacts)', substring(raw FOR n)));
ROLLBACK;
