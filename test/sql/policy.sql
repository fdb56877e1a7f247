--
-- icm_policy: text and binary form, rules as rows, adding up, presets
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
\set SHOW_CONTEXT never
\pset format unaligned

-- one rule of each kind and more, together and alone
CREATE TEMP TABLE example (id int, rule text);
INSERT INTO example VALUES
    (1, 'cap 3 per 7 days on email, sms'),
    (2, 'cap 1 per calendar month on call by sales grade D-E'),
    (3, 'weekly: cap 4 per calendar week starting monday counting sent, delivered, reserved'),
    (4, 'gap 16 hours on email'),
    (5, 'pressure 10 half-life 5 days weight email 1, sms 2, call 4'),
    (6, 'quiet 21:00-08:00'),
    (7, 'open mon-fri 10:00-13:00, 14:00-20:00 on call'),
    (8, 'require optin on sms'),
    (9, 'refuse after optout'),
    (10, 'block 60 days after refused on call'),
    (11, 'blackout 2026-12-24 to 2026-12-26'),
    (12, 'sequence call after email within 14 days'),
    (13, 'holdout 5% salt ''q4'''),
    (14, 'cap 20 per 90 days for brand Alpha, Beta'),
    (15, 'exempt category transactional');
SELECT string_agg(rule || ';', E'\n' ORDER BY id)::icm_policy FROM example;
SELECT count(*) AS rules, count(*) FILTER (WHERE rule::icm_policy::text = rule || ';') AS as_written,
       bool_and((rule || ';')::icm_policy::text = rule::icm_policy::text) AS semicolon_is_free FROM example;
SELECT string_agg(rule || ';', E'\n' ORDER BY id)::icm_policy::text = string_agg(rule::icm_policy::text, E'\n' ORDER BY id) AS same_together FROM example;

-- how rules are written: the default is left out, lists are sorted, spans have the largest unit up to days
SELECT input, input::icm_policy AS output
FROM (VALUES ('CAP 3 PER 168 HOURS ON sms,email,sms'), (E' cap\t3\nper 1 weeks--a comment; cap 1\n on "email" , "sms" ; '), ('cap 0 per 1 days'),
             ('cap 2147483647 per 36525 days'), ('cap 1 per 90 seconds'), ('cap 1 per 120 seconds'), ('cap 1 per 1 second'), ('cap 1 per 24 hours'),
             ('cap 1 per 25 hours'), ('cap 03 per 0060 minutes'), ('cap 1 per calendar week starting sunday'), ('cap 1 per calendar week starting SUN'),
             ('cap 1 per calendar week'), ('cap 1 per calendar day'), ('cap 1 per calendar quarter'), ('cap 1 per calendar year'),
             ('cap 1 per 1 day counting refused, complaint, responded, delivered, sent, reserved'), ('cap 1 per 1 day counting sent, sent'),
             ('cap 1 per 1 day counting bounced, cancelled'), ('gap 1 week counting sent'),
             ('cap 1 per 1 day priority 5 grade e,a - c,d , m category x for brand b by d on c'),
             ('cap 1 per 1 day source ''§ 7 UWG; it''''s law'' priority 0'), ('cap 1 per 1 day on except email by except service for brand except X category except x grade except A'),
             ('gap 1 day grade A-Z'), ('gap 1 day grade A, C, E'), ('gap 1 day grade A, B'),
             ('gap 1 day on "except", "On", "by", on1, every, to, per, salt'), ('gap 1 day on "a b", "1a", "say ""a""", "é", x.y-z, B, a, _'),
             ('"two words": gap 1 day'), ('cap: cap 1 per 1 day'), ('x.y-z : gap 1 day'), ('"gap": gap 1 day'),
             ('pressure 2.50 half-life 36 hours weight b 0.10, a 1e1, c 1.0'), ('pressure 0 half-life 1 day'), ('pressure -0 half-life 1 day weight a -0'), ('pressure 1 half-life 1 day weight weight 2, half-life 3'),
             ('quiet 8:05-9:00'), ('quiet 00:00-24:00'), ('quiet 21:00-00:00'), ('quiet 21:00 - 24:00'),
             ('open mon 10:00-12:00, 11:00-13:00, 13:00-14:00, 08:00-09:00'), ('open sunday, sat 10:00-12:00, mon-fri 08:00-20:00'),
             ('open mon-sun 00:00-24:00'), ('open mon, tue, thu-sat 9:00-17:00, wed 9:00-13:00, sun 00:00-00:01'), ('open mon 10:00-12:00, tue 10:00-12:00, mon-tue 14:00-15:00'),
             ('open Mon 20:00-24:00, Tue 00:00-02:00'), ('open fri 20:00-00:00'),
             ('cap 3 per day'), ('cap 3 PER Week on call'), ('cap 3 per hour'), ('cap 3 per minute'), ('cap 3 per second'), ('cap 3 per 1 week'),
             ('gap 1 day on "and", "AND", anders'), ('and: gap 1 day'), ('And : gap 1 day; "and": gap 1 day'), ('and-more: gap 1 day; and.x: gap 2 days; and_: gap 3 days'),
             ('block 1 week after optout, refused, bounced, refused'), ('blackout 2028-2-29'), ('blackout 2026-12-24 to 2026-12-24'), ('blackout 0001-01-01 to 9999-12-31'),
             ('sequence "by" after "within" within 336 hours by sales counting delivered'), ('holdout 0% salt ''x'''), ('holdout 100 % salt ''a''''b --;"'''), ('holdout 0.1% salt ''x'' grade except A'),
             ('exempt counted category transactional'), ('exempt on email'), ('exempt grade A source ''x'' counted'),
             ('gap 1 day; gap 2 days priority 1; gap 3 days; gap 4 days priority 2; gap 5 days priority 1;'),
             ('gap 1 day; GAP 24 hours; a: gap 1 day; "a": gap 1 days; a: gap 2 days')) AS v(input);
SET extra_float_digits = -15;
SELECT 'pressure 0.30000000000000004 half-life 1 day'::icm_policy;
RESET extra_float_digits;
SET DateStyle = 'German';
SELECT 'blackout 2026-12-24'::icm_policy;
RESET DateStyle;
SELECT count(DISTINCT repeated::icm_policy::text) AS same
FROM (VALUES ('gap 1 day;'), (repeat('gap 24 hours;', 1000)), (repeat('gap 1 day; ', 2000))) AS v(repeated);
SELECT ('gap 1 day on ' || repeat('x', 63))::icm_policy::text = 'gap 1 day on ' || repeat('x', 63) || ';' AS label_of_63_bytes,
       (repeat('x', 63) || ': gap 1 day source ''' || repeat('s', 255) || '''')::icm_policy::text = repeat('x', 63) || ': gap 1 day source ''' || repeat('s', 255) || ''';' AS and_others;

-- what is refused
SELECT left(input, 80) AS input, e.state, e.detail
FROM (VALUES (''), (' '), (';'), ('-- nothing'), ('gap 1 day;;'), ('gap 1 day; ; gap 2 days'), ('gap 1 day;' || E'\n' || 'cap 3 per 7 wek'), ('cap'), ('cup 3 per 7 days'), ('3 per 7 days'), ('{gap 1 day}'),
             ('caps 3 per 7 days'), ('cap three per 7 days'), ('cap -1 per 7 days'), ('cap 2.5 per 7 days'), ('cap 1e3 per 7 days'), ('cap 2147483648 per 7 days'), ('cap 3 in 7 days'), ('cap 3 per month'), ('cap 3 per weeks'), ('cap 3 per weekly'), ('cap 3 per'), ('gap day'), ('pressure 1 half-life day'), ('block week after refused'), ('sequence a after b within day'),
             ('cap 3 per 7'), ('cap 3 per 7 months'), ('cap 3 per 1.5 days'), ('cap 3 per 0 days'), ('cap 3 per 36526 days'), ('cap 3 per 5218 weeks'), ('cap 3 per -7 days'), ('cap 3 per 7 daysx'), ('cap 3 per calendar'),
             ('cap 3 per calendar fortnight'), ('cap 3 per calendar 7 days'), ('cap 3 per calendar week starting'), ('cap 3 per calendar week starting noon'), ('cap 3 per calendar month starting monday'), ('cap 3 per 7 days 8'), ('cap 3 per 7 days and'), ('cap 3 per 7 days and cap 1 per day'),
             ('and'), (E'-- rules\n  And gap 1 day;'), ('and;'), ('gap 1 day; and'), (E'gap 1 day;\nAND -- the end\n'), ('gap 1 day; and; gap 2 days'), ('gap 1 day; and -- and' || E'\n' || ' and gap 2 days'), ('gap 1 day; gap 2 days; and and: gap 3 days; and and'),
             ('gap 1 day; and and and: gap 1 day'), ('gap 1 day; and gap 2 dyas'), ('gap 1 day; and-more gap 2 days'), ('gap 1 day; "and" gap 2 days'), ('gap 1 day on and'), ('gap 1 day on a, AND'), ('sequence and after email within 1 day'), ('pressure 1 half-life 1 day weight and 2'),
             ('gap'), ('gap 16'), ('gap 16 hour s'), ('gap 1 day gap 2 days'), ('gap 0 seconds'),
             ('gap 1 day on'), ('gap 1 day on ,'), ('gap 1 day on email,'), ('gap 1 day on email sms'), ('gap 1 day on 2go'), ('gap 1 day on by sales'), ('gap 1 day on Category'), ('gap 1 day on except'), ('gap 1 day on email, except sms'),
             ('gap 1 day on ""'), ('gap 1 day on "email'), ('gap 1 day on ''email'''), ('gap 1 day on é'), ('gap 1 day on ' || repeat('x', 64)), ('gap 1 day on "' || repeat('é', 32) || '"'),
             ('gap 1 day on a on b'), ('gap 1 day by a, b by c'), ('gap 1 day grade A grade B'), ('gap 1 day priority 1 priority 1'), ('gap 1 day for Alpha'), ('gap 1 day for brand'), ('gap 1 day brand Alpha'),
             ('gap 1 day grade'), ('gap 1 day grade 1'), ('gap 1 day grade AB'), ('gap 1 day grade A-'), ('gap 1 day grade E-D'), ('gap 1 day grade A-C, E-D'), ('gap 1 day grade A,'), ('gap 1 day grade "A"'),
             ('gap 1 day counting'), ('gap 1 day counting mailed'), ('gap 1 day counting sent, optout'), ('gap 1 day counting sent,'), ('quiet 21:00-08:00 counting sent'), ('gap 1 day counted'), ('gap 1 day priority'), ('gap 1 day priority -1'), ('gap 1 day priority 1.5'), ('gap 1 day priority high'),
             ('gap 1 day source'), ('gap 1 day source law'), ('gap 1 day source "law"'), ('gap 1 day source ''law'), ('gap 1 day source '''''), ('gap 1 day source ''' || repeat('s', 256) || ''''),
             ('pressure'), ('pressure x'), ('pressure -1 half-life 1 day'), ('pressure NaN half-life 1 day'), ('pressure Infinity half-life 1 day'), ('pressure 1e309 half-life 1 day'), ('pressure 10'), ('pressure 10 halflife 5 days'), ('pressure 10 half-life'),
             ('pressure 10 half-life 0 days'), ('pressure 10 half-life 5 days weight'), ('pressure 10 half-life 5 days weight email'), ('pressure 10 half-life 5 days weight email 1 sms 2'), ('pressure 10 half-life 5 days weight email 1, email 2'),
             ('pressure 10 half-life 5 days weight email -1'), ('pressure 10 half-life 5 days weight email 1e309'), ('pressure 10 half-life 5 days weight email 1,'),
             ('quiet'), ('quiet 21-08'), ('quiet 21:00'), ('quiet 21:00-'), ('quiet 21:00 to 08:00'), ('quiet 24:00-08:00'), ('quiet 24:01-08:00'), ('quiet 21:60-08:00'), ('quiet 25:00-08:00'), ('quiet 21:0-08:00'), ('quiet 021:00-08:00'), ('quiet 21:00:00-08:00'), ('quiet 9pm-8am'),
             ('quiet 21:00-21:00'), ('quiet 00:00-00:00'), ('quiet 21:00-08:00, 12:00-13:00'), ('quiet 21:00-24:30'),
             ('open'), ('open 10:00-13:00'), ('open mon'), ('open mon,'), ('open mon-'), ('open mo 10:00-12:00'), ('open fri-mon 10:00-12:00'), ('open mon-fri 20:00-02:00'), ('open mon-fri 10:00-10:00'), ('open mon-fri 10:00-12:00,'), ('open mon-fri 10:00-12:00, on call'), ('open monfri 10:00-12:00'),
             ('require'), ('require optout'), ('require opt-in'), ('refuse'), ('refuse optout'), ('refuse after'), ('refuse after optin'), ('refuse after 3 days'),
             ('block'), ('block after refused'), ('block 60 days'), ('block 60 days after'), ('block 60 days after no'), ('block 60 days after refused,'), ('block 60 days on call after refused'),
             ('blackout'), ('blackout christmas'), ('blackout 2026-02-29'), ('blackout 2028-02-30'), ('blackout 2026-13-01'), ('blackout 2026-04-31'), ('blackout 24.12.2026'), ('blackout 2026-12-24 to'), ('blackout 2026-12-26 to 2026-12-24'), ('blackout 10000-01-01'), ('blackout 0044-03-15 BC'),
             ('blackout 2026-12-24 - 2026-12-26'), ('blackout infinity'), ('blackout 2026-12-24T00:00'),
             ('sequence'), ('sequence call'), ('sequence call after'), ('sequence call after email'), ('sequence call after email within'), ('sequence call, sms after email within 14 days'), ('sequence call after email within 14 days on call'),
             ('holdout'), ('holdout 5'), ('holdout 5%'), ('holdout 5% salt'), ('holdout 5% salt q4'), ('holdout 5% salt '''''), ('holdout 5% salt ''' || repeat('s', 64) || ''''), ('holdout -1% salt ''x'''), ('holdout 100.5% salt ''x'''), ('holdout 5 percent salt ''x'''),
             ('exempt'), ('exempt counted'), ('exempt transactional'), ('exempt category'), ('exempt category counted'), ('exempt category transactional priority 1'), ('exempt category transactional counting sent'), ('exempt category transactional counted counted'),
             ('weekly cap 3 per 7 days'), ('weekly:'), (': gap 1 day'), ('1st: gap 1 day'), ('"": gap 1 day'), ('"a" gap 1 day'), ('a: b: gap 1 day'), ('a; gap 1 day'), (repeat('x', 64) || ': gap 1 day'),
             ('gap 1 day on "ä€😀", b; gap 1 dya'), ('gap 1 day -- gap' || E'\n\n' || '; x'), ('gap 1 day on a' || repeat(', a', 1000)), ('gap 1 day ' || repeat('é', 100))) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_policy', input)) e;
SELECT 'gap 1 day; cap 3 per 7 wek'::icm_policy;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('gap 1 day', 'icm_policy');
        ASSERT NOT pg_input_is_valid('gap 1 dya', 'icm_policy');
        ASSERT NOT pg_input_is_valid('', 'icm_policy');
        ASSERT NOT pg_input_is_valid((SELECT string_agg(format('gap %s days', i), ';') FROM generate_series(1, 1001) i), 'icm_policy');
    END IF;
END
$$;
-- 1000 rules, and one more; 1000 labels in a list
CREATE FUNCTION pg_temp.rules(n int) RETURNS text
LANGUAGE sql AS $$ SELECT string_agg(format('"rule %s": cap %s per %s hours on "channel %s", email', i, i, 25 + 24 * i, i), ';' ORDER BY i) FROM generate_series(1, n) i $$;
SELECT pg_column_size(pg_temp.rules(1000)::icm_policy) AS bytes, (SELECT count(*) FROM icm_policy_rules(pg_temp.rules(1000)::icm_policy)) AS rules,
       pg_temp.rules(1000)::icm_policy::text::icm_policy::text = pg_temp.rules(1000)::icm_policy::text AS same;
SELECT pg_temp.rules(1001)::icm_policy;
SELECT e.* FROM pg_temp.error_of($$SELECT (pg_temp.rules(1000) || ';' || pg_temp.rules(1001))::icm_policy$$) e
UNION ALL SELECT e.* FROM pg_temp.error_of($$SELECT repeat('gap 1 day;', 100000)::icm_policy$$) e
UNION ALL SELECT e.* FROM pg_temp.error_of($$SELECT repeat('gap 1 day', 100000)::icm_policy$$) e
UNION ALL SELECT e.* FROM pg_temp.error_of($$SELECT repeat(';', 100000)::icm_policy$$) e;
SELECT cardinality(channels), channels[1], channels[1000]
FROM (SELECT ('gap 1 day on ' || string_agg(format('"%s"', i), ', ' ORDER BY i % 7))::icm_policy AS policy FROM generate_series(1, 1000) i) p, icm_policy_rules(policy);

-- Thousands of policies, each written in its one way, by another formulation of what that is, and in any other:
-- case, white space, comments, units, the order of lists and clauses, labels again, quotes, rules again.
-- Parts: rules are put into them at random; the texts of their exempt rules tell which are one.
SELECT setseed(0.25);
CREATE FUNCTION pg_temp.below(n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * n)::int $$;
CREATE FUNCTION pg_temp.word(word text) RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT CASE pg_temp.below(3) WHEN 0 THEN word WHEN 1 THEN upper(word) ELSE initcap(word) END $$;
CREATE FUNCTION pg_temp.blank() RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT (ARRAY[' ', E'\n', E' \t', E' -- and "so" on; cap 1\n', E'\r\n'])[1 + pg_temp.below(5)] $$;
CREATE FUNCTION pg_temp.quoted(label text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '"' || replace(label, '"', '""') || '"' $$;
CREATE FUNCTION pg_temp.bare(label text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN label ~ '^[A-Za-z_][A-Za-z0-9_.-]*$'
                     AND lower(label) <> ALL ('{after,and,by,category,counted,counting,except,for,grade,on,priority,source,within}')
                THEN label ELSE pg_temp.quoted(label) END $$;
CREATE FUNCTION pg_temp.either(label text) RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT CASE pg_temp.below(2) WHEN 0 THEN pg_temp.bare(label) ELSE pg_temp.quoted(label) END $$;
CREATE FUNCTION pg_temp.label() RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT (ARRAY['email', 'sms', 'call', 'Call', 'On', 'x.y-z', 'a b', '1', 'say "hi"', 'é€', '--', ';', 'cap', 'weight'])[1 + pg_temp.below(14)] $$;
-- a list of labels, as (canonical, other)
CREATE FUNCTION pg_temp.labels(OUT c text, OUT o text) LANGUAGE sql VOLATILE AS $$
    WITH picked AS MATERIALIZED (SELECT pg_temp.label() AS label, random() AS place FROM generate_series(0, pg_temp.below(4)))
    SELECT (SELECT string_agg(pg_temp.bare(label), ', ' ORDER BY label COLLATE "C") FROM (SELECT DISTINCT label FROM picked) d),
           (SELECT string_agg(pg_temp.either(label), pg_temp.blank() || ',' ORDER BY place) FROM picked) $$;
-- statuses from a list, in its order
CREATE FUNCTION pg_temp.statuses(statuses text[], OUT c text, OUT o text) LANGUAGE sql VOLATILE AS $$
    WITH picked AS MATERIALIZED (SELECT 1 + pg_temp.below(cardinality(statuses)) AS i, random() AS place FROM generate_series(0, pg_temp.below(6)))
    SELECT (SELECT string_agg(statuses[i], ', ' ORDER BY i) FROM (SELECT DISTINCT i FROM picked) d),
           (SELECT string_agg(pg_temp.word(statuses[i]), ',' || pg_temp.blank() ORDER BY place) FROM picked) $$;
CREATE FUNCTION pg_temp.grades(OUT c text, OUT o text) LANGUAGE sql VOLATILE AS $$
    WITH picked AS MATERIALIZED (SELECT DISTINCT pg_temp.below(26) AS g FROM generate_series(0, pg_temp.below(20))),
         runs AS (SELECT min(g) AS first, max(g) AS last FROM (SELECT g, g - row_number() OVER (ORDER BY g) AS run FROM picked) r GROUP BY run)
    SELECT (SELECT string_agg(chr(65 + first) || CASE WHEN last > first THEN '-' || chr(65 + last) ELSE '' END, ', ' ORDER BY first) FROM runs),
           (SELECT string_agg(pg_temp.word(chr(65 + g)), ' , ' ORDER BY random()) FROM picked) $$;
CREATE FUNCTION pg_temp.span(OUT c text, OUT o text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    units CONSTANT text[] := '{week,day,hour,minute,second}';
    sizes CONSTANT int[] := '{604800,86400,3600,60,1}';
    seconds bigint := (1 + pg_temp.below(30)) * sizes[1 + pg_temp.below(5)];
    n bigint;
BEGIN
    FOR i IN REVERSE 5..1 LOOP
        CONTINUE WHEN seconds % sizes[i] <> 0;
        n := seconds / sizes[i];
        IF i > 1 THEN
            c := n || ' ' || units[i] || CASE WHEN n = 1 THEN '' ELSE 's' END;
        END IF;
        IF o IS NULL OR pg_temp.below(2) = 0 THEN
            o := n || pg_temp.blank() || pg_temp.word(units[i] || CASE pg_temp.below(2) WHEN 0 THEN '' ELSE 's' END);
        END IF;
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.clock(minutes int) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT lpad((minutes / 60)::text, 2, '0') || ':' || lpad((minutes % 60)::text, 2, '0') $$;
-- a rule, as (canonical, other), its priority, and whether it is one of what is exempt; for a place in a policy, so that each has its own
CREATE FUNCTION pg_temp.rule(id int, place int, OUT c text, OUT o text, OUT p int, OUT e boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    contact CONSTANT text[] := '{reserved,cancelled,sent,bounced,delivered,refused,responded,complaint}';
    days CONSTANT text[] := '{mon,tue,wed,thu,fri,sat,sun}';
    kind text := (ARRAY['cap','cap','calendar','gap','pressure','quiet','open','require','refuse','block','blackout','sequence','holdout','exempt','exempt','exempt','exempt','exempt'])[1 + pg_temp.below(18)];
    n int := pg_temp.below(100);
    i int := pg_temp.below(7);
    j int := i + pg_temp.below(7 - i);
    a record;
    b record;
    cs text[] := '{}';
    os text[] := '{}';
    scope text;
BEGIN
    p := 0;
    e := kind = 'exempt';
    a := pg_temp.span();
    CASE kind
        WHEN 'cap' THEN
            c := format('cap %s per %s', n, a.c);
            o := format('%s%s%s %s %s', pg_temp.word('cap'), pg_temp.blank(), n, pg_temp.word('per'), a.o);
        WHEN 'calendar' THEN
            scope := (ARRAY['day','month','quarter','year','week'])[1 + pg_temp.below(5)];
            c := format('cap %s per calendar %s', n, scope);
            o := format('cap %s per %s%s%s', n, pg_temp.word('calendar'), pg_temp.blank(), pg_temp.word(scope));
            IF scope = 'week' AND pg_temp.below(2) = 0 THEN
                c := c || CASE WHEN i > 0 THEN ' starting ' || (ARRAY['tuesday','wednesday','thursday','friday','saturday','sunday'])[i] ELSE '' END;
                o := o || ' starting ' || pg_temp.word(days[i + 1]);
            END IF;
        WHEN 'gap' THEN
            c := 'gap ' || a.c;
            o := pg_temp.word('gap') || pg_temp.blank() || a.o;
        WHEN 'pressure' THEN
            c := format('pressure %s half-life %s', n / 4.0::float8, a.c);
            o := format('pressure %s%s%s %s', n / 4.0, pg_temp.blank(), pg_temp.word('half-life'), a.o);
            IF n % 2 = 0 THEN
                c := c || ' weight "a b" 0, call ' || n + 2 || ', sms 0.5';
                o := o || ' weight sms 0.50' || pg_temp.blank() || ', "a b" 0 , email 1, "call" ' || n + 2 || '.0';
            END IF;
        WHEN 'quiet' THEN
            c := format('quiet %s-%s', pg_temp.clock(n), pg_temp.clock(n + 1 + i * 100));
            o := replace(format('%s %s - %s', pg_temp.word('quiet'), pg_temp.clock(n), pg_temp.clock(n + 1 + i * 100)), ' 0', ' ');
        WHEN 'open' THEN
            c := format('open %s %s-%s, %s-24:00', CASE WHEN j > i THEN days[i + 1] || '-' || days[j + 1] ELSE days[i + 1] END,
                        pg_temp.clock(n), pg_temp.clock(n + 60), pg_temp.clock(n + 61));
            -- each day by itself, the hours in another order and in pieces
            SELECT 'open ' || string_agg(format('%s %s-00:00, %s-%s,%s-%s', pg_temp.word(days[d]), pg_temp.clock(n + 61), pg_temp.clock(n + 20),
                                                pg_temp.clock(n + 60), pg_temp.clock(n), pg_temp.clock(n + 20 + i)), pg_temp.blank() || ',' ORDER BY random())
            INTO o FROM generate_series(i + 1, j + 1) d;
        WHEN 'require' THEN
            c := 'require optin';
            o := 'require' || pg_temp.blank() || pg_temp.word('optin');
        WHEN 'refuse' THEN
            c := 'refuse after optout';
            o := pg_temp.word('refuse') || ' after' || pg_temp.blank() || pg_temp.word('optout');
        WHEN 'block' THEN
            b := pg_temp.statuses(contact || '{optin,optout}');
            c := format('block %s after %s', a.c, b.c);
            o := format('block %s %s %s', a.o, pg_temp.word('after'), b.o);
        WHEN 'blackout' THEN
            c := 'blackout ' || to_char(date '2026-01-01' + n, 'YYYY-MM-DD') || CASE WHEN i > 0 THEN to_char(date '2026-01-01' + n + i, '" to "YYYY-MM-DD') ELSE '' END;
            o := 'blackout ' || to_char(date '2026-01-01' + n, 'FMYYYY-FMMM-FMDD') || ' to ' || to_char(date '2026-01-01' + n + i, 'FMYYYY-FMMM-FMDD');
        WHEN 'sequence' THEN
            scope := pg_temp.label();
            c := format('sequence %s after %s within %s', pg_temp.bare('by'), pg_temp.bare(scope), a.c);
            o := format('sequence "by"%safter %s within %s', pg_temp.blank(), pg_temp.either(scope), a.o);
        WHEN 'holdout' THEN
            c := format('holdout %s%% salt ''it''''s %s''', n / 8.0::float8, n);
            o := format('holdout%s%s %% %s ''it''''s %s''', pg_temp.blank(), n / 8.0, pg_temp.word('salt'), n);
        WHEN 'exempt' THEN
            c := 'exempt category transactional';
            o := pg_temp.word('exempt');
            os := ARRAY[pg_temp.word('category') || pg_temp.blank() || '"transactional"'];
    END CASE;

    FOREACH scope IN ARRAY '{on,by,for brand,category,grade}'::text[] LOOP
        CONTINUE WHEN pg_temp.below(3) > 0 OR (kind = 'sequence' AND scope = 'on') OR (kind = 'exempt' AND scope <> 'grade');
        IF scope = 'grade' THEN
            a := pg_temp.grades();
        ELSE
            a := pg_temp.labels();
        END IF;
        i := pg_temp.below(2);
        cs := cs || (scope || CASE i WHEN 1 THEN ' except ' ELSE ' ' END || a.c);
        os := os || (pg_temp.word(scope) || pg_temp.blank() || CASE i WHEN 1 THEN pg_temp.word('except') || pg_temp.blank() ELSE '' END || a.o);
    END LOOP;
    IF kind IN ('cap', 'calendar', 'gap', 'pressure', 'sequence') AND pg_temp.below(2) = 0 THEN
        a := pg_temp.statuses(contact);
        IF a.c <> 'reserved, sent, delivered, refused, responded, complaint' THEN
            cs := cs || ('counting ' || a.c);
        END IF;
        os := os || (pg_temp.word('counting') || ' ' || a.o);
    END IF;
    IF kind = 'exempt' AND pg_temp.below(2) = 0 THEN
        cs := cs || 'counted'::text;
        os := os || pg_temp.word('counted');
    END IF;
    IF kind <> 'exempt' AND pg_temp.below(2) = 0 THEN
        p := pg_temp.below(3);
        IF p > 0 THEN
            cs := cs || ('priority ' || p);
        END IF;
        os := os || (pg_temp.word('priority') || ' ' || p);
    END IF;
    IF pg_temp.below(4) = 0 THEN
        cs := cs || ('source ' || quote_literal('§ ' || n || '; it''s --'))::text;
        os := os || (pg_temp.word('source') || pg_temp.blank() || quote_literal('§ ' || n || '; it''s --'))::text;
    END IF;
    c := array_to_string(c || cs, ' ');
    o := o || ' ' || coalesce((SELECT string_agg(x, ' ' || pg_temp.blank() ORDER BY random()) FROM unnest(os) x), '');
    IF pg_temp.below(4) = 0 THEN
        scope := pg_temp.label();
        c := CASE WHEN scope ~ '^[A-Za-z_][A-Za-z0-9_.-]*$' THEN scope ELSE pg_temp.quoted(scope) END || ': ' || c;
        o := pg_temp.either(scope) || pg_temp.blank() || ':' || o;
    END IF;
END
$$;
CREATE TEMP TABLE rule AS
SELECT id, i, r.*, sum(CASE WHEN i > 0 AND pg_temp.below(3) = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY id ORDER BY i) AS part
FROM generate_series(1, 4000) id, LATERAL generate_series(0, id % 7) i, LATERAL pg_temp.rule(id, i) r WHERE id + i > 0;
CREATE TEMP TABLE generated AS
WITH exempt AS (SELECT id, part, coalesce(array_agg(DISTINCT c) FILTER (WHERE e), '{}') AS exempt FROM rule GROUP BY id, part),
     merged AS (SELECT id, part, exempt, min(part) OVER (PARTITION BY id, exempt) AS into_part FROM exempt),
     first AS (SELECT DISTINCT ON (id, into_part, c) id, into_part, i, c, p FROM rule JOIN merged USING (id, part) ORDER BY id, into_part, c, i),
     parts AS (SELECT id, into_part, string_agg(c || ';', E'\n' ORDER BY p DESC, i) AS part, count(*) AS rules FROM first GROUP BY id, into_part),
     others AS (SELECT id, string_agg(begin || o || pg_temp.blank(), ';' ORDER BY i) AS other
                FROM (SELECT id, i, o, CASE WHEN part > lag(part) OVER (PARTITION BY id ORDER BY i) THEN pg_temp.blank() || pg_temp.word('and') || pg_temp.blank() ELSE '' END AS begin FROM rule) b
                GROUP BY id)
SELECT *
FROM (SELECT id, string_agg(part, E'\nand\n' ORDER BY into_part) AS canonical, sum(rules) AS rules, count(*) AS parts FROM parts GROUP BY id) p JOIN others USING (id)
     JOIN (SELECT id, count(*) FILTER (WHERE part <> into_part AND exempt = '{}') AS merged, count(*) FILTER (WHERE part <> into_part AND exempt <> '{}') AS merged_exempt
           FROM merged GROUP BY id) m USING (id);
SELECT count(*) AS policies, sum(rules) > 10000 AS many_rules, count(DISTINCT canonical) > 3500 AS many_different,
       count(*) FILTER (WHERE parts > 1) > 1000 AS many_of_parts, sum(merged) > 1000 AS many_parts_without_exemptions, sum(merged_exempt) > 30 AS many_parts_with_the_same,
       count(*) FILTER (WHERE canonical::icm_policy::text <> canonical) AS otherwise,
       count(*) FILTER (WHERE other::icm_policy::text <> canonical) AS otherwise_from_other,
       count(*) FILTER (WHERE NOT record_image_eq(ROW(canonical::icm_policy), ROW(other::icm_policy))) AS other_bytes,
       count(*) FILTER (WHERE (SELECT count(*) FROM icm_policy_rules(canonical::icm_policy)) <> rules) AS other_count
FROM generated;
SELECT canonical, other, other::icm_policy AS got FROM generated WHERE other::icm_policy::text <> canonical ORDER BY id LIMIT 1;
-- each rule's text is that of a policy of it alone, and stands in the text of its part, there in the order of checking
SELECT count(*) > 10000 AS many,
       count(*) FILTER (WHERE ((CASE WHEN r.rule ~ '^[0-9]+$' THEN '' ELSE pg_temp.quoted(r.rule) || ':' END || r.body ||
                                coalesce(' source ' || quote_literal(r.source), ''))::icm_policy::text) <> lines.line) AS otherwise
FROM generated,
     LATERAL (SELECT *, row_number() OVER (PARTITION BY part ORDER BY ordinality) AS place FROM icm_policy_rules(canonical::icm_policy) WITH ORDINALITY) r,
     LATERAL (SELECT line FROM unnest(string_to_array((string_to_array(canonical, E'\nand\n'))[r.part], E'\n')) WITH ORDINALITY l(line, i) WHERE l.i = r.place) lines
WHERE canonical !~ '(^|\n)"?[0-9]+"?:';
-- the order of checking: by descending priority, then by part; parts are numbered from 1 without gaps
SELECT count(*) > 10000 AS many, count(*) FILTER (WHERE (-priority, part) < (-before, part_before)) AS out_of_order, count(*) FILTER (WHERE part <> first_part) AS other_part
FROM (SELECT id, priority, part, dense_rank() OVER (PARTITION BY id ORDER BY part) AS first_part,
             lag(priority) OVER w AS before, lag(part) OVER w AS part_before
      FROM generated, icm_policy_rules(canonical::icm_policy) WITH ORDINALITY WINDOW w AS (PARTITION BY id ORDER BY ordinality)) o;

-- rules as rows
\pset format aligned
\pset expanded on
SELECT r.* FROM (SELECT string_agg(rule || ';', E'\n' ORDER BY id)::icm_policy AS policy FROM example) p, icm_policy_rules(policy) r;
SELECT * FROM icm_policy_rules('last: gap 90 minutes; open mon 08:00-12:00 on except call grade except A-C, F priority 7 source ''a law''');
\pset expanded off
SELECT * FROM icm_policy_rules(NULL);
SELECT rule, kind, threshold, counting FROM icm_policy_rules('a: cap 0 per 1 day counting bounced; gap 1 day; exempt on email; c: holdout 0.5% salt ''x'' priority 1');
SELECT rule, channels, departments, brands, categories, grades, excepted
FROM icm_policy_rules('gap 1 day category d for brand c by b, a on x; gap 1 day on except x grade except Z; gap 1 day');

-- adding up: all rules, equal ones once, the first before the second but for priority; different ones of a name both stay
SELECT 'gap 1 day; a: cap 3 per 7 days'::icm_policy || 'quiet 21:00-08:00; gap 24 hours; a: cap 2 per 7 days; refuse after optout priority 9' AS sum;
SELECT icm_policy_concat('gap 1 day', 'gap 1 day') AS same, ('gap 1 day'::icm_policy || NULL) IS NULL AS none;
SELECT count(*) AS pairs, count(*) FILTER (WHERE (a.canonical::icm_policy || b.canonical::icm_policy)::text <> (a.canonical || ' and ' || b.canonical)::icm_policy::text) AS otherwise,
       count(*) FILTER (WHERE (a.canonical::icm_policy || a.other::icm_policy)::text <> a.canonical) AS not_idempotent,
       count(*) FILTER (WHERE ((a.canonical::icm_policy || b.canonical::icm_policy) || c.canonical::icm_policy)::text
                              <> (a.canonical::icm_policy || (b.canonical::icm_policy || c.canonical::icm_policy))::text) AS not_associative
FROM generated a JOIN generated b ON b.id = a.id + 1 JOIN generated c ON c.id = a.id + 2 WHERE a.id <= 500;
SELECT count(*) AS rules FROM icm_policy_rules(pg_temp.rules(1000)::icm_policy || pg_temp.rules(999)::icm_policy);
SELECT e.* FROM pg_temp.error_of($$SELECT pg_temp.rules(1000)::icm_policy || 'gap 1 day'$$) e;


-- parts: what one part exempts the other does not; those with the same exemptions are one; in the order in which they come up
SELECT input, input::icm_policy AS output
FROM (VALUES (E'cap 3 per 7 days;\nexempt category transactional;\nand\ncap 1 per day by sales;'), ('gap 1 day; and gap 2 days; and gap 24 hours'),
             ('gap 1 day; and gap 2 days; exempt on email; and gap 3 days'), ('exempt on email; and gap 1 day; and gap 2 days; exempt on sms; and exempt on email; gap 2 days; and gap 3 days'),
             ('gap 1 day; exempt on a, b; exempt on c; AND exempt on c; gap 2 days; exempt on b,a; EXEMPT on c; gap 1 day'),
             ('gap 1 day; exempt on a; and gap 1 day; exempt on a counted; and gap 1 day; exempt on a source ''x''; and gap 1 day; a: exempt on a'),
             ('gap 1 day; exempt on a; and gap 1 day; exempt on a; exempt on b; and gap 1 day; exempt on b'), ('exempt on a'), ('exempt on a; and exempt on a'), ('exempt on a; and exempt on b'),
             ('gap 1 day; exempt on a; and gap 2 days priority 1; gap 3 days; and gap 4 days priority 2; exempt on a; and gap 5 days priority 1'),
             ('and: gap 1 day; exempt on a; and and: gap 2 days')) AS v(input);
SELECT r.rule, r.part, r.priority, r.body
FROM icm_policy_rules('gap 1 day; exempt on a; and gap 2 days priority 1; last: gap 3 days; and gap 4 days priority 2; exempt on a; and gap 5 days priority 1') r;
-- adding up keeps what each exempts to itself
SELECT 'corporate: cap 3 per 7 days'::icm_policy || 'cap 1 per day by sales; exempt category transactional' AS sum,
       'cap 3 per 7 days; exempt category transactional'::icm_policy || 'exempt category transactional; cap 1 per day by sales' AS same_exemption,
       'exempt category transactional'::icm_policy || 'cap 3 per 7 days' AS exempt_from_nothing;
-- 1000 parts, one more, and 1001 that are one
SELECT max(part) AS parts, count(*) AS rules, bool_and(part = ordinality) AS in_order,
       (SELECT p.policy::text::icm_policy::text = p.policy::text FROM (SELECT string_agg('exempt on c' || i, '; and ' ORDER BY i)::icm_policy AS policy FROM generate_series(1, 1000) i) p) AS same
FROM icm_policy_rules((SELECT string_agg('exempt on c' || i, '; and ' ORDER BY i) FROM generate_series(1, 1000) i)::icm_policy) WITH ORDINALITY;
SELECT e.* FROM pg_temp.error_of($$SELECT string_agg('exempt on c' || i, '; and ')::icm_policy FROM generate_series(1, 1001) i$$) e;
SELECT (repeat('gap 1 day; and ', 1000) || 'gap 24 hours')::icm_policy AS one, (repeat('gap 1 day; exempt on a; and ', 999) || 'gap 24 hours')::icm_policy AS two;

-- presets, with the law that they follow from
SELECT name, r.rule, r.body, r.source
FROM unnest('{us_tcpa,us_florida,us_oklahoma,france_calls,us_can_spam,eu_gdpr}'::text[]) WITH ORDINALITY n(name, i), icm_policy_rules(icm_policy_preset(name)) WITH ORDINALITY r
ORDER BY n.i, r.ordinality;
SELECT icm_policy_preset('eu_gdpr') || icm_policy_preset('us_can_spam') AS two;
SELECT icm_policy_preset('mars');
SELECT icm_policy_preset(NULL) IS NULL AS none;

-- published under a name, in its one way of writing
BEGIN;
SELECT icm_publish('policy', 'corporate', 'CAP 3 per 168 hours on sms,email; Quiet 21:00-8:00');
SELECT body FROM icm.standard WHERE kind = 'policy';
SELECT icm_standard_policy('corporate'), icm_standard_policy('corporate') || icm_policy_preset('eu_gdpr') AS sum;
SELECT rule, body FROM icm_policy_rules(icm_standard_policy('corporate'));
EXPLAIN (VERBOSE, COSTS OFF) SELECT icm_standard_policy('corporate') || 'gap 1 day';
SELECT e.* FROM pg_temp.error_of($$SELECT icm_publish('policy', 'wrong', 'cap 3 per 7 wek')$$) e;
SELECT e.* FROM pg_temp.error_of($$SELECT icm_standard_policy('sales')$$) e;
ROLLBACK;

-- binary form: version 1, flags, padding, number of bytes of text, text; and back
SELECT encode(substr(icm_policy_send('GAP 24 hours'), 1, 8), 'hex') AS header, substr(icm_policy_send('GAP 24 hours'), 9) = 'gap 1 day;' AS text;
CREATE TEMP TABLE stored AS
    SELECT id, canonical::icm_policy AS policy FROM generated WHERE id <= 500
    UNION ALL SELECT 0, pg_temp.rules(1000)::icm_policy;
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/policy.bin' (FORMAT binary)
\copy received FROM 'results/policy.bin' (FORMAT binary)
SELECT count(*) AS policies, bool_and(record_image_eq(s, r)) AS same, bool_and(s.policy::text = r.policy::text) AS same_text
FROM stored s FULL JOIN received r USING (id);
-- crafted: in another way of writing; then what is refused: version 2, a count that lies, wrong text, none
CREATE TEMP TABLE crafted (policy icm_policy);
CREATE FUNCTION pg_temp.message(body text, version text DEFAULT '01', count int DEFAULT NULL) RETURNS bytea
LANGUAGE sql AS $$ SELECT decode(version || '000000', 'hex') || int4send(coalesce(count, octet_length(body))) || convert_to(body, 'UTF8') $$;
\copy (SELECT pg_temp.message(' GAP 24 hours on sms,email')) TO 'results/policy.bin' (FORMAT binary)
\copy crafted FROM 'results/policy.bin' (FORMAT binary)
SELECT * FROM crafted;
\copy (SELECT pg_temp.message('gap 1 day;', version => '02')) TO 'results/policy.bin' (FORMAT binary)
\copy crafted FROM 'results/policy.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('gap 1 day;', count => 11)) TO 'results/policy.bin' (FORMAT binary)
\copy crafted FROM 'results/policy.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('gap 1 dya;')) TO 'results/policy.bin' (FORMAT binary)
\copy crafted FROM 'results/policy.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('')) TO 'results/policy.bin' (FORMAT binary)
\copy crafted FROM 'results/policy.bin' (FORMAT binary)
SELECT count(*) FROM crafted;
