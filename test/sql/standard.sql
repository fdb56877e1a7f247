--
-- icm.standard: publishing definitions, looking them up by name
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
-- the line of a plan that says what it returns
CREATE FUNCTION pg_temp.output_of(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line LIKE '%Output: %' THEN
            RETURN substr(line, strpos(line, 'Output: '));
        END IF;
    END LOOP;
END
$$;
\set SHOW_CONTEXT never

-- versions count from 1; a new one supersedes the one in force and changes nothing else in it
SELECT icm_publish('scale', 'retail', '{10,20}');
SELECT icm_publish('scale', 'retail', ' { 10, 2e1, 30 } ', 'a third cut');
SELECT icm_publish(kind => 'scale', name => 'corporate', body => '{1000}', effective => '2020-01-01 00:00+00', note => 'as agreed');
SELECT kind, name, version, body, note, in_force_from <= now() AS begun, in_force_until = 'infinity' AS open,
       published_by = session_user AS by_me,
       published_at BETWEEN in_force_from AND clock_timestamp() AS just_now
FROM icm.standard ORDER BY kind, name, version;
SELECT count(*) AS adjoining FROM icm.standard a JOIN icm.standard b USING (kind, name) WHERE (a.version, b.version) = (1,
       2) AND a.in_force_until = b.in_force_from;
SELECT kind, name, version, body, note FROM icm.standard_in_force ORDER BY kind, name;
SELECT icm_standard_scale('retail') AS retail, icm_standard_scale('corporate') AS corporate;

-- as of a time: from is inclusive, until exclusive; before the first version there is none
SELECT icm_standard_scale('corporate', '2020-01-01 00:00+00') AS first_moment, icm_standard_scale('corporate', 'infinity') AS always;
SELECT version, icm_standard_scale(name, in_force_from)::text = body AS from_its_beginning,
       icm_standard_scale(name, in_force_until - interval '1 microsecond')::text = body AS until_its_end
FROM icm.standard WHERE name = 'retail' ORDER BY version;
SET TimeZone = 'UTC';
SET DateStyle = ISO;
SELECT icm_standard_scale('corporate', '2019-12-31 23:59:59.999999+00');
SELECT icm_standard_scale('corporate', '-infinity');
RESET TimeZone;
RESET DateStyle;

-- history: versions one after the other, in the past
SELECT icm_publish('scale', 'history', '{1}', effective => '2021-01-01 00:00+00');
SELECT icm_publish('scale', 'history', '{2}', effective => '2022-01-01 00:00+00');
SELECT icm_publish('scale', 'history', '{3}', effective => '2023-01-01 00:00+00');
SELECT icm_publish('scale', 'history', '{4}');
SELECT as_of, icm_standard_scale('history', as_of) AS scale
FROM (VALUES (timestamptz '2021-01-01 00:00+00'), ('2021-12-31 23:59:59.999999+00'), ('2022-01-01 00:00+00'), ('2022-06-01 00:00+00'),
             ('2023-01-01 00:00+00'), ('infinity')) AS v(as_of);
SELECT icm_standard_scale('history') AS now;
-- not before a version that has taken effect
SELECT e.state, e.detail IS NOT NULL AND e.detail <> '' AS has_detail, e.hint
FROM pg_temp.error_of($$SELECT icm_publish('scale', 'history', '{5}', effective => '2022-06-01 00:00+00')$$) e;
SELECT count(*) FROM icm.standard WHERE name = 'history';

-- scheduled: a version that is to take effect later stays, what is published before it ends with it
SELECT icm_publish('scale', 'planned', '{1}', effective => '2100-01-01 00:00+00');
SELECT e.state, e.message ~ '^scale "planned" has no version in force at ' AS message,
       e.detail ~ 'takes effect at .*2(099|100)' AS detail
FROM pg_temp.error_of($$SELECT icm_standard_scale('planned')$$) e;
SELECT icm_publish('scale', 'planned', '{2}');
SELECT icm_publish('scale', 'planned', '{3}', effective => '2050-01-01 00:00+00');
SELECT icm_standard_scale('planned') AS now, icm_standard_scale('planned', '2049-12-31 00:00+00') AS in_2049,
       icm_standard_scale('planned', '2050-01-02 00:00+00') AS in_2050, icm_standard_scale('planned', '2101-01-01 00:00+00') AS in_2101;
-- at the same time: the later one counts
SELECT icm_publish('scale', 'planned', '{4}', effective => '2100-01-01 00:00+00');
SELECT icm_publish('scale', 'planned', '{5}', effective => '2050-01-01 00:00+00');
SELECT version, body, in_force_from > now() AS later, in_force_until = in_force_from AS never,
       extract(year FROM in_force_until AT TIME ZONE 'UTC')::int AS until FROM icm.standard
       WHERE name = 'planned' AND in_force_until < 'infinity' ORDER BY version;
SELECT icm_standard_scale('planned') AS now, icm_standard_scale('planned', '2050-01-02 00:00+00') AS in_2050,
       icm_standard_scale('planned', '2101-01-01 00:00+00') AS in_2101;
-- before the first version that was ever in force: what is said is about that one (version 2, not version 1)
SELECT e.state, e.detail ~ '2099|2100' AS speaks_of_2100
FROM pg_temp.error_of($$SELECT icm_standard_scale('planned', '2000-01-01 00:00+00')$$) e;

-- two publications in one transaction: the second is in force, the first never was
BEGIN;
SELECT icm_publish('scale', 'twice', '{1}');
SELECT icm_standard_scale('twice');
SELECT icm_publish('scale', 'twice', '{2}');
SELECT icm_standard_scale('twice');
COMMIT;
SELECT icm_standard_scale('twice');
SELECT version, body, in_force_from = in_force_until AS never FROM icm.standard WHERE name = 'twice' ORDER BY version;
SELECT version FROM icm.standard_in_force WHERE name = 'twice';

-- rolled back: as if it had not been, for lookups and plans too
PREPARE by_name AS SELECT icm_standard_scale('retail');
EXECUTE by_name;
BEGIN;
SELECT icm_publish('scale', 'retail', '{99}');
SELECT icm_standard_scale('retail') AS constant, icm_standard_scale(n) AS by_column FROM (SELECT 'retail'::text OFFSET 0) AS v(n);
EXECUTE by_name;
SAVEPOINT one;
SELECT icm_publish('scale', 'retail', '{100}');
EXECUTE by_name;
ROLLBACK TO one;
SELECT icm_standard_scale('retail') AS constant, icm_standard_scale(n) AS by_column FROM (SELECT 'retail'::text OFFSET 0) AS v(n);
EXECUTE by_name;
RELEASE one;
ROLLBACK;
SELECT icm_standard_scale('retail') AS constant, icm_standard_scale(n) AS by_column FROM (SELECT 'retail'::text OFFSET 0) AS v(n);
EXECUTE by_name;
SELECT max(version) FROM icm.standard WHERE name = 'retail';

-- names: 1 to 63 bytes, any characters
SELECT icm_publish('scale', repeat('x', 63), '{1}') AS of_63_bytes, icm_publish('scale', 'it''s "50%" %s \ {}', '{2}') AS of_any_characters;
SELECT icm_standard_scale(repeat('x', 63)), icm_standard_scale('it''s "50%" %s \ {}');
SELECT e.* FROM (VALUES (1, ''), (2, repeat('x', 64)), (3, repeat('x', 62) || 'é')) AS v(id, name),
       pg_temp.error_of(format('SELECT icm_publish(''scale'', %L, ''{1}'')', name)) e;
SELECT count(DISTINCT icm_publish('scale', name, '{1}')) FROM (VALUES ('Case'), ('case'), ('case ')) AS v(name);
SELECT count(*) FROM icm.standard WHERE name ILIKE 'case%';

-- what is refused
SELECT arguments, e.state, e.message
FROM (VALUES ('NULL, ''x'', ''{1}'''), ('''scale'', NULL, ''{1}'''), ('''scale'', ''x'', NULL'),
             ('''scale'', ''x'', ''{1}'', effective => NULL'),
             ('''scales'', ''x'', ''{1}'''), ('''Scale'', ''x'', ''{1}'''), ('''support'', ''x'', ''{1}'''),
             ('''ledger'', ''x'', ''{}'''), ('''grade'', ''x'', ''A'''),
             ('''scale'', ''x'', ''{1}'', effective => ''infinity'''), ('''scale'', ''x'', ''{1}'', effective => ''-infinity'''),
             ('''scale'', ''x'', ''{2,1}'''), ('''scale'', ''x'', ''''')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_publish(%s)', arguments)) e;
SELECT count(*) FROM icm.standard WHERE name = 'x';
SELECT icm_publish('scale', 'x', '{2,1}');
SELECT e.hint ~ '^The kinds are: .*scale' AS kinds_are_listed FROM pg_temp.error_of($$SELECT icm_publish('scales', 'x', '{1}')$$) e;
-- an unknown name: how to publish it
SELECT icm_standard_scale('wholesale');
SELECT icm_standard_scale('it''s "50%s"', '2026-01-01');
SELECT icm_standard_scale('');
SELECT icm_standard_scale(repeat('x', 64));
SELECT icm_standard_scale(NULL) IS NULL AND icm_standard_scale('retail', NULL) IS NULL AND icm_standard_scale(NULL, now()) IS NULL AS nulls;
SELECT icm_grade(15, 'wholesale');

-- what was published stays, whoever writes to the table
SELECT statement, e.state, e.message
FROM (VALUES ('UPDATE icm.standard SET body = ''{1}'' WHERE name = ''retail'''),
             ('UPDATE icm.standard SET note = ''changed'' WHERE name = ''retail'''),
             ('UPDATE icm.standard SET note = NULL WHERE name = ''corporate'''),
             ('UPDATE icm.standard SET version = 7 WHERE name = ''corporate'''),
             ('UPDATE icm.standard SET name = ''other'' WHERE name = ''corporate'''),
             ('UPDATE icm.standard SET in_force_from = ''2019-01-01'' WHERE name = ''corporate'''),
             ('UPDATE icm.standard SET in_force_until = ''infinity'' WHERE name = ''retail'' AND version = 1'),     -- that is over
             ('UPDATE icm.standard SET in_force_until = now() WHERE name = ''history'' AND version = 1'),
             ('UPDATE icm.standard SET published_by = ''somebody'' WHERE name = ''corporate'''),
             ('UPDATE icm.standard SET published_at = now() WHERE name = ''corporate'''),
             ('DELETE FROM icm.standard WHERE name = ''corporate'''), ('DELETE FROM icm.standard'), ('TRUNCATE icm.standard'),
             ('INSERT INTO icm.standard VALUES (''scale'', ''direct'', 1, ''{2,1}'')'),
             ('INSERT INTO icm.standard VALUES (''scal'', ''direct'', 1, ''{1}'')'),
             ('INSERT INTO icm.standard VALUES (''scale'', ''direct'', 0, ''{1}'')'),
             ('INSERT INTO icm.standard VALUES (''scale'', '''', 1, ''{1}'')'),
             ('INSERT INTO icm.standard VALUES (''scale'', ''direct'', 1, ''{1}'', ''infinity'')'),
             ('INSERT INTO icm.standard VALUES (''scale'', ''direct'', 1, ''{1}'', ''2026-01-02'', ''2026-01-01'')'),
             ('INSERT INTO icm.standard VALUES (''scale'', ''retail'', 1, ''{1}'')')) AS v(statement),
     pg_temp.error_of(statement) e;
-- one version of a name is in force at a time, whatever way a row comes; periods may touch
INSERT INTO icm.standard (kind, name, version, body, in_force_from, in_force_until) VALUES
    ('scale', 'periods', 1, '{1}', '2020-01-01', '2021-01-01'), ('scale', 'periods', 2, '{2}', '2021-01-01', '2022-01-01');
INSERT INTO icm.standard (kind, name, version, body, in_force_from, in_force_until) VALUES
    ('scale', 'periods', 3, '{3}', '2021-12-31', 'infinity');
INSERT INTO icm.standard (kind, name, version, body, in_force_from, in_force_until) VALUES
    ('scale', 'periods', 3, '{3}', '2019-01-01', '2020-01-02');
INSERT INTO icm.standard (kind, name, version, body, in_force_from, in_force_until) VALUES
    ('scale', 'twice', 1, '{1}', '2020-01-01', 'infinity'), ('scale', 'twice', 2, '{2}', '2021-01-01', 'infinity');
SELECT icm_publish('scale', 'periods', '{3}', effective => '2022-01-01'), icm_standard_scale('periods', '2021-06-01');

SELECT name, version, body, note FROM icm.standard WHERE name IN ('retail', 'corporate') ORDER BY name, version;
-- a valid row is taken, in its canonical form, and seen
INSERT INTO icm.standard VALUES ('scale', 'direct', 1, ' {1 , 2.0}');
SELECT body, icm_standard_scale('direct') FROM icm.standard WHERE name = 'direct';

-- a constant name is folded into the plan; a column, a parameter and a name that is not published are not
SELECT pg_temp.output_of($$SELECT icm_standard_scale('retail')$$) AS folded,
       pg_temp.output_of($$SELECT icm_standard_scale('history', '2022-06-01 00:00+00')$$) AS folded_as_of,
       pg_temp.output_of($$SELECT icm_grade(i, 'retail') FROM generate_series(1, 3) i$$) AS folded_twin;
SELECT pg_temp.output_of($$SELECT icm_standard_scale(n) FROM unnest('{retail}'::text[]) n$$) AS by_column,
       pg_temp.output_of($$SELECT icm_standard_scale('wholesale')$$) AS not_published;
-- nor is one that will end by itself, as nothing tells when it does
SELECT pg_temp.output_of($$SELECT icm_standard_scale('planned')$$) AS will_end;

-- prepared statements with a generic plan follow a publication: constant, parameter, twin
SET plan_cache_mode = force_generic_plan;
PREPARE constant AS SELECT icm_standard_scale('retail') AS scale, icm_grade(25, 'retail') AS grade,
       icm_grade(25, 'retail', 'C', 0.5) AS stable;
PREPARE parameter(text) AS SELECT icm_standard_scale($1) AS scale, icm_grade(25, $1) AS grade, icm_grade(25, $1, 'C', 0.5) AS stable;
EXECUTE constant;
EXECUTE parameter('retail');
SELECT icm_publish('scale', 'retail', '{10,25}');
EXECUTE constant;
EXECUTE parameter('retail');
SELECT pg_temp.output_of('EXECUTE constant') AS constant, pg_temp.output_of('EXECUTE parameter(''retail'')') AS parameter;
-- one that failed for want of a publication works after it
PREPARE later AS SELECT icm_grade(25, 'later');
EXECUTE later;
SELECT icm_publish('scale', 'later', '{20}');
EXECUTE later;
RESET plan_cache_mode;

-- PL/pgSQL sees what the same block has just published: in queries, expressions, by name and by variable
CREATE FUNCTION pg_temp.grades(name text, OUT in_query icm_grade, OUT in_expression icm_grade, OUT by_variable icm_grade)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT icm_grade(50, 'loop') INTO in_query;
    in_expression := icm_grade(50, 'loop');
    by_variable := icm_grade(50, name);
END
$$;
DO $$
DECLARE
    g record;
    e icm_grade;
BEGIN
    FOR i IN 1 .. 8 LOOP
        PERFORM icm_publish('scale', 'loop', format('{%s}', 10 * i));
        e := icm_grade(50, icm_scale(ARRAY[10 * i]));
        g := pg_temp.grades('loop');
        IF (g.in_query, g.in_expression, g.by_variable, icm_grade(50, 'loop')) IS DISTINCT FROM (e, e, e, e) THEN
            RAISE WARNING 'version % gives % and %, not %', i, g, icm_grade(50, 'loop'), e;
        END IF;
    END LOOP;
    RAISE NOTICE 'the last version gives %', g;
END
$$;
SELECT count(*) AS versions, count(*) FILTER (WHERE in_force_from = in_force_until) AS never_in_force FROM icm.standard
WHERE name = 'loop';
-- and in one query, by a volatile function that publishes
CREATE FUNCTION pg_temp.publish_and_look_up(cut int) RETURNS icm_scale
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM icm_publish('scale', 'loop', format('{%s}', cut));
    RETURN icm_standard_scale('loop');
END
$$;
SELECT pg_temp.publish_and_look_up(i) FROM generate_series(1, 3) i;

-- A version scheduled for later comes into force by time, without a message: for transactions that begin then.
PREPARE timed AS SELECT icm_standard_scale('timed') AS scale;
SELECT icm_publish('scale', 'timed', '{1}');
EXECUTE timed;
BEGIN;
SELECT icm_publish('scale', 'timed', '{2}', effective => clock_timestamp() + interval '1 second');
EXECUTE timed;
SELECT FROM pg_sleep(1.1);
EXECUTE timed;
COMMIT;
EXECUTE timed;

-- the twins give what grading by value gives; NULLs
SELECT count(*) AS cases,
       count(*) FILTER (WHERE icm_grade(v, 'history') <> icm_grade(v, '{4}'::icm_scale)
                           OR icm_grade(v, n) <> icm_grade(v, '{4}'::icm_scale)) AS otherwise,
       count(*) FILTER (WHERE icm_grade(v, 'history', p, 0.25) <> icm_grade(v, '{4}'::icm_scale, p, 0.25)
                           OR icm_grade(v, n, p, 0.25) <> icm_grade(v, '{4}'::icm_scale, p, 0.25)) AS otherwise_stable
FROM generate_series(1, 7) v, unnest('{A,B}'::icm_grade[]) p, (SELECT 'history'::text OFFSET 0) AS s(n);
SELECT icm_grade(NULL, 'retail') IS NULL AND icm_grade(1, NULL::text) IS NULL
       AND icm_grade(NULL, 'retail', 'A', 0) IS NULL AND icm_grade(1, NULL::text, 'A', 0) IS NULL
       AND icm_grade(1, 'retail', 'A', NULL) IS NULL AS nulls, icm_grade(25, 'retail', NULL, 0.5) AS no_previous;
SELECT icm_grade(1, 'retail', 'D', 0.5);
SELECT icm_grade('NaN', 'retail');

-- lookups in parallel workers, of what is committed and of what this transaction has published
CREATE TABLE icm_names AS SELECT i, (ARRAY['history', 'corporate', 'parallel'])[1 + i % 3] AS name FROM generate_series(1, 9000) i;
ALTER TABLE icm_names SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines ~ 'Partial HashAggregate\n.*icm_standard_scale' AND lines ~ 'Workers Planned: [1-9]';
END
$$;
SET enable_sort = off;
BEGIN;
SELECT icm_publish('scale', 'parallel', '{1}');
SELECT pg_temp.is_parallel('SELECT icm_standard_scale(name)::text AS scale, count(*) FROM icm_names GROUP BY 1');
SELECT icm_standard_scale(name)::text AS scale, count(*) FROM icm_names GROUP BY 1 ORDER BY 1;
SELECT icm_publish('scale', 'parallel', '{2}');
SELECT icm_standard_scale(name)::text AS scale, count(*) FROM icm_names GROUP BY 1 ORDER BY 1;
ROLLBACK;
SELECT icm_standard_scale(name)::text AS scale, count(*) FROM icm_names GROUP BY 1 ORDER BY 1;
SELECT icm_standard_scale(name)::text AS scale, count(*) FROM icm_names WHERE name <> 'parallel' GROUP BY 1 ORDER BY 1;
DROP TABLE icm_names;

-- the extension goes and comes in one session, and takes what was published with it
RESET ALL;
DEALLOCATE ALL;
DROP FUNCTION pg_temp.grades, pg_temp.publish_and_look_up;
DROP EXTENSION icm;
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'icm';
CREATE EXTENSION icm;
SELECT icm_standard_scale('retail');
SELECT icm_publish('scale', 'retail', '{7}');
SELECT icm_standard_scale('retail'), icm_grade(7, 'retail');
DROP EXTENSION icm;
CREATE EXTENSION icm;
