--
-- icm_migration, icm_migration_agg and icm_psi
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

-- text
SELECT '{A>A 120 3456.5, A>B 4 99, C>- 3 5, ->B 7 12}'::icm_migration, '{}'::icm_migration AS nobody, ' { } '::icm_migration AS spaced_nobody;
SELECT E' {A > A\t1 -0 ,Y>\nZ 9007199254740992 +1.50e2,Z>Z 1 -1e280 , Z>- 2 2e280,- > A 1 5e-324 } '::icm_migration AS spaced_and_extreme;
SET extra_float_digits = -15;
SELECT '{A>A 1 0.30000000000000004}'::icm_migration;
RESET extra_float_digits;
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('A>A 1 1'), ('[A>A 1 1]'), ('{A>A 1 1'), ('{A>A 1 1}}'), ('{A>A 1 1} x'), ('{A>A 1 1,}'), ('{,A>A 1 1}'), ('{A>A 1 1 A>B 1 1}'),
             ('{A>A 1 1; A>B 1 1}'), ('{A A 1 1}'), ('{AA 1 1}'), ('{A>A}'), ('{A>A 1}'), ('{A>A1 1}'), ('{A>A 1, A>B 1 1}'), ('{a>A 1 1}'), ('{A>[ 1 1}'),
             ('{A>@ 1 1}'), ('{>A 1 1}'), ('{A> 1 1}'), ('{AB>A 1 1}'), ('{->- 1 1}'), ('{-->A 1 1}'), ('{NULL>A 1 1}'),
             ('{A>A 0 0}'), ('{A>A -1 1}'), ('{A>A 1.5 1}'), ('{A>A 9007199254740993 1}'), ('{A>A 99999999999999999999 1}'),
             ('{A>A 1 x}'), ('{A>A 1 NaN}'), ('{A>A 1 Infinity}'), ('{A>A 1 1e309}'), ('{A>A 1 1.0000001e280}'), ('{A>A 3 -3.0000001e280}'), ('{A>A 1 0x1}'),
             ('{A>A 1 1, A>A 1 1}'), ('{A>B 1 1, A>A 1 1}'), ('{B>A 1 1, A>B 1 1}'), ('{A>- 1 1, A>Z 1 1}'), ('{->A 1 1, Z>Z 1 1}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_migration', input)) e;
SELECT '{A>A 1 1, A>A 2 2}'::icm_migration;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{A>A 1 1}', 'icm_migration');
        ASSERT NOT pg_input_is_valid('{A>A 0 1}', 'icm_migration');
    END IF;
END
$$;

-- building: a new customer has no previous grade, one who has left no current one; who has neither is left out, whatever the value
CREATE TEMP TABLE move (previous icm_grade, current icm_grade, value float8);
INSERT INTO move VALUES
    ('A', 'A', 100), ('A', 'B', 20.5), ('A', 'A', -1), ('B', 'A', 7), (NULL, 'C', 3), ('C', NULL, 0), ('C', NULL, 4), (NULL, NULL, 1000), (NULL, NULL, NULL),
    (NULL, NULL, 'NaN');
SELECT icm_migration_agg(previous, current, value) AS migration, icm_migration_agg(previous, current) AS without_value,
       icm_migration_agg(previous, current, value) FILTER (WHERE previous = 'A') AS filtered FROM move;
SELECT icm_migration_agg(previous, current, value) IS NULL AS no_rows, icm_migration_agg(previous, current) IS NULL AS no_rows_2 FROM move WHERE false;
SELECT icm_migration_agg(previous, current, value) IS NULL AS nobody FROM move WHERE previous IS NULL AND current IS NULL;
SELECT pg_column_size(icm_migration_agg(previous, current, value)) AS bytes FROM move;
-- growing and moving windows
SELECT i, icm_migration_agg(p, 'B', i) OVER (ORDER BY i) AS growing,
       icm_migration_agg(p, 'B') OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving
FROM (VALUES (1, 'C'::icm_grade), (2, 'A'), (3, 'C'), (4, NULL)) AS v(i, p);
-- what is refused
SELECT arguments, e.*
FROM (VALUES ('''A'', ''B'', NULL'), ('NULL, ''B'', NULL'), ('''A'', ''B'', ''NaN'''), ('''A'', ''B'', ''Infinity'''), ('''A'', ''B'', ''-Infinity'''),
             ('''A'', ''B'', 1.0000001e280'), ('''A'', ''B'', -1e300'), ('''A'', ''b'', 1')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_migration_agg(%s)', arguments)) e;
SELECT icm_migration_agg('A', 'B', NULL);
SELECT icm_migration_agg('A', 'B', 1e280) AS most, icm_migration_agg('A', 'B', '-0') AS no_negative_zero;

-- reading
SELECT * FROM icm_migration_matrix('{A>A 120 3456.5, A>B 4 99, A>- 1 1, C>- 3 5, ->A 1 -2, ->B 7 12}');
SELECT * FROM icm_migration_matrix('{}');
SELECT * FROM icm_migration_matrix(NULL);
SELECT name, m.* FROM (VALUES (1, '{A>B 1 1}'::icm_migration), (2, NULL), (3, '{B>A 2 2, ->A 1 1}')) AS v(name, migration), icm_migration_matrix(migration) m ORDER BY name, previous;
-- 10 customers in both: 3 rose, 5 fell, 2 stayed; previously 5 A, 3 B, 3 C, of 11; currently 5 A, 4 B, 5 C, of 14: psi by hand
SELECT customers, share_upgraded, share_downgraded, share_unchanged, entered, departed, value, value_upgraded, value_downgraded,
       round(psi::numeric, 12) AS psi,
       round((5/14.0 - 5/11.0) * ln((5/14.0) / (5/11.0)) + (4/14.0 - 3/11.0) * ln((4/14.0) / (3/11.0)) + (5/14.0 - 3/11.0) * ln((5/14.0) / (3/11.0)), 12) AS by_hand
FROM icm_migration_stats('{A>A 1 10, A>B 3 20, A>C 1 5, B>A 2 3, B>C 1 2, C>B 1 4, C>C 1 0.5, C>- 1 100, ->A 2 200, ->C 2 300}');
\x on
SELECT * FROM icm_migration_stats('{A>A 3 1}');
-- nobody in both periods, in the previous, in the current, at all
SELECT * FROM icm_migration_stats('{A>- 3 1, ->A 2 5}');
SELECT * FROM icm_migration_stats('{->A 3 1, ->B 2 1}');
SELECT * FROM icm_migration_stats('{A>- 3 1, B>- 2 1}');
SELECT * FROM icm_migration_stats('{}');
-- a grade that is empty in one period
SELECT * FROM icm_migration_stats('{A>A 3 1, A>B 1 1}');
-- sums of values are exact, and in range
SELECT customers, share_upgraded, value, value_upgraded, value_downgraded FROM icm_migration_stats('{A>A 1 1e17, A>B 1 1, B>A 1 -1e17, C>A 1 1, C>B 9007199254740992 9e295}');
\x off
SELECT icm_migration_stats(NULL) IS NULL AS null_is_null;

-- beside plain SQL on random data: whole multiples of 2^-20 to 2^40, whose exact sum is that of numerics. One in sixteen has no grade in a period.
CREATE TABLE icm_move AS
    SELECT i, hashint4(i * 3) & 7 AS part,
           nullif(hashint4(i * 5) & 15, 15) AS p, nullif(hashint4(i * 7) & 15, 15) AS c,
           hashint4(i * 11)::numeric * (1::bigint << (hashint4(i * 13) & 3) * 20) * 0.00000095367431640625 AS amount
    FROM generate_series(1, 20000) i;
ALTER TABLE icm_move ADD previous icm_grade, ADD current icm_grade, ADD value float8;
UPDATE icm_move SET previous = (1 + p / 3)::icm_grade, current = (1 + c / 3)::icm_grade, value = amount::float8;
ALTER TABLE icm_move SET (parallel_workers = 2);
VACUUM ANALYZE icm_move;
SELECT count(*) AS cells, count(DISTINCT (m.previous, m.current)) AS pairs, sum(m.customers) AS customers,
       count(*) FILTER (WHERE (m.customers, m.value) IS DISTINCT FROM (d.customers, d.value)) AS otherwise,
       count(*) FILTER (WHERE d.value <> d.rounded_often) > 10 AS an_ordinary_sum_differs
FROM (SELECT icm_migration_agg(previous, current, value) FROM icm_move) AS a(migration),
     LATERAL icm_migration_matrix(migration) WITH ORDINALITY AS m(previous, current, customers, value, ord)
     FULL JOIN (SELECT previous, current, count(*) AS customers, sum(amount)::float8 AS value, sum(value) AS rounded_often,
                       row_number() OVER (ORDER BY previous, current) AS ord
                FROM icm_move WHERE previous IS NOT NULL OR current IS NOT NULL GROUP BY previous, current) d
         ON m.previous IS NOT DISTINCT FROM d.previous AND m.current IS NOT DISTINCT FROM d.current AND m.ord = d.ord;
SELECT s.customers = d.customers AND s.share_upgraded = d.share_upgraded AND s.share_downgraded = d.share_downgraded AND s.share_unchanged = d.share_unchanged
       AND s.entered = d.entered AND s.departed = d.departed AS same,
       abs(s.value / d.value - 1) < 1e-15 AND abs(s.value_upgraded / d.value_upgraded - 1) < 1e-15
       AND abs(s.value_downgraded / d.value_downgraded - 1) < 1e-15 AS same_value, abs(s.psi - d.psi) < 1e-12 AS same_psi, d.psi > 0 AS some_psi
FROM (SELECT icm_migration_agg(previous, current, value) FROM icm_move) AS a(migration), LATERAL icm_migration_stats(migration) s,
     (SELECT count(*) FILTER (WHERE previous = current OR previous <> current) AS customers,
             count(*) FILTER (WHERE current < previous) / count(p + c)::float8 AS share_upgraded,
             count(*) FILTER (WHERE current > previous) / count(p + c)::float8 AS share_downgraded,
             count(*) FILTER (WHERE current = previous) / count(p + c)::float8 AS share_unchanged,
             count(*) FILTER (WHERE p IS NULL AND c IS NOT NULL) AS entered, count(*) FILTER (WHERE p IS NOT NULL AND c IS NULL) AS departed,
             (sum(amount) FILTER (WHERE p + c IS NOT NULL))::float8 AS value, (sum(amount) FILTER (WHERE current < previous))::float8 AS value_upgraded,
             (sum(amount) FILTER (WHERE current > previous))::float8 AS value_downgraded,
             (SELECT sum((b.share - a.share) * ln(b.share / a.share))
              FROM (SELECT previous AS grade, count(*) / sum(count(*)) OVER () AS share FROM icm_move WHERE p IS NOT NULL GROUP BY 1) a
                   JOIN (SELECT current AS grade, count(*) / sum(count(*)) OVER () AS share FROM icm_move WHERE c IS NOT NULL GROUP BY 1) b USING (grade)) AS psi
      FROM icm_move) d;

-- neither the order of rows nor how they are parted has a say, to the bit
CREATE AGGREGATE pg_temp.state_agg(icm_grade, icm_grade, float8) (SFUNC = icm_migration_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_migration_combine, STYPE = bytea, FINALFUNC = icm_migration_final);
SELECT count(*) AS orders, count(DISTINCT md5(icm_migration_send(migration))) AS migrations
FROM generate_series(1, 20) k,
     LATERAL (SELECT icm_migration_agg(previous, current, value ORDER BY hashint4extended(i, k)) FROM icm_move WHERE i <= 3000) AS s(migration);
SELECT count(*) AS partitions, count(DISTINCT md5(icm_migration_send(migration))) AS migrations,
       bool_and(icm_migration_send(migration) = (SELECT icm_migration_send(icm_migration_agg(previous, current, value)) FROM icm_move WHERE i <= 3000)) AS as_the_whole
FROM generate_series(1, 20) k,
     LATERAL (SELECT pg_temp.combine_agg(state ORDER BY key)
              FROM (SELECT hashint4extended(i, k) % k, pg_temp.state_agg(previous, current, value) FROM icm_move WHERE i <= 3000 GROUP BY 1) AS p(key, state)) AS s(migration);
-- where amounts cancel, and where sums need many terms: all powers of two from -1000 to 900, and what is left when they are taken away again
SELECT icm_migration_agg('A', 'A', v) FROM unnest('{1e17,1,-1e17,0.1,1e100,-1e100}'::float8[]) v;
SELECT k, icm_migration_agg('A', c, v ORDER BY hashint4extended(e, k))
FROM generate_series(1, 3) k, generate_series(-1000, 900) e, (VALUES ('B'::icm_grade, 1), ('C', 1), ('C', -1), (NULL, 1)) AS g(c, f),
     LATERAL (SELECT CASE WHEN c IS NULL THEN 1 ELSE f * 2::float8 ^ e END) AS a(v)
GROUP BY k;

-- a parallel plan is one, and gives the same
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines ~ 'Finalize .*Aggregate' AND lines ~ 'Partial .*Aggregate' AND lines ~ 'Workers Planned: [1-9]';
END
$$;
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || migration::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TABLE icm_part AS SELECT i % 500 AS part, i % 500 % 7 AS region, icm_migration_agg(previous, current, value) AS migration FROM icm_move GROUP BY 1, 2;
ALTER TABLE icm_part SET (parallel_workers = 2);
ANALYZE icm_part;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_migration_agg(previous, current, value) AS migration FROM icm_move'),
    (2, 'SELECT 1 AS key, icm_migration_agg(previous, current) AS migration FROM icm_move'),
    (3, 'SELECT part AS key, icm_migration_agg(previous, current, value) AS migration FROM icm_move GROUP BY part'),
    (4, 'SELECT 1 AS key, icm_rollup(migration) AS migration FROM icm_part'),
    (5, 'SELECT region AS key, icm_rollup(migration) AS migration FROM icm_part GROUP BY region');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 300 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;

-- rolled up as made directly: counts always, sums of values that float8 holds exactly to the bit, others but for rounding once a part
SELECT icm_rollup(migration) FROM (VALUES ('{A>A 1 0.5, ->B 2 1}'::icm_migration), (NULL), ('{}'), ('{A>A 2 -1.5, A>B 1 0, ->A 1 1}')) AS v(migration);
SELECT icm_rollup(migration) AS nobody, icm_rollup(migration) FILTER (WHERE migration IS NULL) IS NULL AS no_rows FROM (VALUES ('{}'::icm_migration), (NULL)) AS v(migration);
SELECT count(*) AS parts, icm_migration_send(icm_rollup(migration)) =
           (SELECT icm_migration_send(icm_migration_agg(previous, current, i / 1024.0)) FROM icm_move) AS same
FROM (SELECT icm_migration_agg(previous, current, i / 1024.0) FROM icm_move GROUP BY i % 100) AS p(migration);
SELECT count(*) AS cells, count(*) FILTER (WHERE r.customers IS DISTINCT FROM d.customers) AS otherwise,
       bool_and(abs(r.value - d.value) <= 1e-15 * d.size) AS but_for_rounding
FROM (SELECT (icm_migration_matrix(icm_rollup(migration))).* FROM icm_part) r
     FULL JOIN (SELECT previous, current, count(*) AS customers, sum(amount)::float8 AS value, sum(abs(value)) AS size
                FROM icm_move WHERE previous IS NOT NULL OR current IS NOT NULL GROUP BY previous, current) d
         ON coalesce(r.previous::text, '-') = coalesce(d.previous::text, '-') AND coalesce(r.current::text, '-') = coalesce(d.current::text, '-');
-- up to 2^53 customers a pair, and no more, in either way
SELECT icm_rollup(migration) FROM (VALUES ('{A>B 9007199254740991 9e295}'::icm_migration), ('{A>B 1 1e280, A>C 9007199254740992 0}')) AS v(migration);
SELECT icm_rollup(migration) FROM (VALUES ('{A>B 9007199254740991 0}'::icm_migration), ('{A>B 2 0}')) AS v(migration);
SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.state_agg('A', 'B', i) FROM generate_series(1, 2) i) AS p(state);
CREATE AGGREGATE pg_temp.rollup_state(icm_migration) (SFUNC = icm_migration_rollup_accum, STYPE = bytea);
SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.rollup_state('{A>B 9007199254740992 0}') UNION ALL SELECT pg_temp.state_agg('A', 'B', 0)) AS p(state);

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_migration_accum(NULL, 'A', 'B');
SELECT icm_migration_accum(NULL, 'A', 'B', 1);
SELECT icm_migration_rollup_accum(NULL, '{}');
SELECT icm_migration_combine(NULL, NULL);
SELECT icm_migration_final(NULL) IS NULL AS null_is_null;
CREATE FUNCTION pg_temp.outcome(call text, state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call USING state;
    RETURN 'a value';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE call (call text);
INSERT INTO call VALUES ('icm_migration_final($1)::text::icm_migration'), ('pg_temp.combine_agg($1)::text::icm_migration'),
    ('pg_temp.combine_agg(s)::text::icm_migration FROM unnest(ARRAY[$1, $1]) s');
SELECT DISTINCT pg_temp.outcome(call, state) AS outcome
FROM call, (VALUES (''::bytea), ('\x01'), (decode(repeat('00', 40), 'hex')), (decode(repeat('ff', 40), 'hex')), (decode('01' || repeat('ff', 2000), 'hex'))) AS v(state);
-- a state with each of its bytes changed, and cut short anywhere
CREATE TEMP TABLE state AS
    SELECT pg_temp.state_agg(previous, current, value) AS state
    FROM (VALUES ('A'::icm_grade, 'A'::icm_grade, 1e17), ('A', 'A', 0.1), ('A', 'B', 2), (NULL, 'B', -3)) AS v(previous, current, value);
SELECT count(*) > 3000 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 100 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 1000 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_migration_agg is corrupt'
                        AND outcome NOT LIKE '22003 too many customers%') AS neither
FROM state, call, generate_series(0, 12 + 4 * 24 + 8) at, unnest('{0,1,2,26,27,64,127,128,240,255}'::int[]) byte, pg_temp.outcome(call, set_byte(state, at, byte)) outcome;
SELECT outcome, count(*) > 10 AS some FROM state, call, generate_series(0, 12 + 4 * 24 - 1) bytes, pg_temp.outcome(call, substr(state, 1, bytes)) outcome
GROUP BY outcome ORDER BY outcome;
-- and added to
CREATE FUNCTION pg_temp.outcome_of_adding(state bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE AGGREGATE pg_temp.adding_agg(icm_grade, icm_grade, float8) '
                   '(SFUNC = icm_migration_accum, STYPE = bytea, FINALFUNC = icm_migration_final, INITCOND = %L)', state);
    RETURN pg_temp.outcome($call$pg_temp.adding_agg('A', (1 + i % 26)::icm_grade, i + 0.1 - 1e17 * (i % 3))::text::icm_migration FROM generate_series(1, 100) i$call$, NULL);
END
$$;
SELECT pg_temp.outcome_of_adding(state) FROM state;
SELECT count(*) > 200 AS cases, count(*) FILTER (WHERE outcome = 'a value') > 10 AS values, count(*) FILTER (WHERE outcome LIKE 'XX001%') > 40 AS corrupt,
       count(*) FILTER (WHERE outcome <> 'a value' AND outcome NOT LIKE 'XX001 transition state of icm_migration_agg is corrupt'
                        AND outcome NOT LIKE '22003 too many customers%') AS neither
FROM state, generate_series(0, 12 + 4 * 24 + 8) at, unnest('{0,27,127,255}'::int[]) byte, pg_temp.outcome_of_adding(set_byte(state, at, byte)) outcome;
DROP TABLE icm_move, icm_part;

-- storage and the binary form: version 1, flags, padding, number of cells; letters, customers and value of each; and back
SELECT icm_migration_send('{A>A 258 1.5, Z>- 1 -0.25}'), icm_migration_send('{}') AS nobody;
CREATE TEMP TABLE stored AS
    SELECT i AS id, icm_migration_agg(p, c, sqrt(coalesce(p::int, 0) + coalesce(c::int, 0))) AS migration
    FROM generate_series(1, 26) i, (SELECT i::icm_grade FROM generate_series(1, 26) i UNION ALL SELECT NULL) AS p(p), (SELECT i::icm_grade FROM generate_series(1, 26) i UNION ALL SELECT NULL) AS c(c)
    WHERE p::int <= i AND coalesce(c::int, 1) <= i OR i = 26 AND p IS NULL
    GROUP BY i;
INSERT INTO stored VALUES (0, '{}');
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/migration.bin' (FORMAT binary)
\copy received FROM 'results/migration.bin' (FORMAT binary)
SELECT count(*) AS migrations, max((SELECT count(*) FROM icm_migration_matrix(s.migration))) AS most_cells, bool_and(record_image_eq(s, r)) AS same,
       bool_and(record_image_eq(ROW(s.migration), ROW(s.migration::text::icm_migration))) AS same_from_text
FROM stored s FULL JOIN received r USING (id);

-- crafted: a bytea's binary form is its bytes. Negative zero; then what is refused.
CREATE FUNCTION pg_temp.cell(pair text, customers bigint, value float8) RETURNS bytea
LANGUAGE sql AS $$ SELECT convert_to(pair, 'UTF8') || int8send(customers) || float8send(value) $$;
CREATE FUNCTION pg_temp.message(body bytea, count int, version text DEFAULT '01', flags text DEFAULT '00', zero text DEFAULT '0000')
RETURNS bytea LANGUAGE sql AS $$ SELECT decode(version || flags || zero, 'hex') || int4send(count) || body $$;
CREATE TEMP TABLE crafted (migration icm_migration);
\copy (SELECT pg_temp.message(pg_temp.cell('A-', 1, '-0'), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
SELECT migration, icm_migration_send(migration) FROM crafted;
-- cut short, version 2, flags, padding
\copy (SELECT '\x010000'::bytea) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('', 0, version => '02')) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('', 0, flags => '01')) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('', 0, zero => '0001')) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
-- more cells than there are, fewer, -1, more than there can be, in one message and in any
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 1, 1), 2)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 1, 1), 0)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 1, 1), -1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(decode(repeat('00', 729 * 18), 'hex'), 729)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message('', 2147483647)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
-- grades, none and none, customers, values, order
\copy (SELECT pg_temp.message(pg_temp.cell('a-', 1, 1), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('A[', 1, 1), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('--', 1, 1), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 0, 1), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 9007199254740993, 1), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 1, 'NaN'), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AA', 1, '-Infinity'), 1)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('AB', 1, 1) || pg_temp.cell('AB', 1, 1), 2)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
\copy (SELECT pg_temp.message(pg_temp.cell('-A', 1, 1) || pg_temp.cell('A-', 1, 1), 2)) TO 'results/migration.bin' (FORMAT binary)
\copy crafted FROM 'results/migration.bin' (FORMAT binary)
SELECT count(*) FROM crafted;

-- icm_psi. By hand: shares .1 .2 .7, then .2 .2 .6: .1 ln(.2/.1) + 0 + -.1 ln(.6/.7) = .069314718056 + .015415067983
SELECT round(icm_psi('{10,20,70}', '{0.2,0.2,0.6}')::numeric, 12) AS psi, round(0.1 * ln(2.0) - 0.1 * ln(6.0 / 7.0), 12) AS by_hand,
       icm_psi('{10,20,70}', '{0.1,0.2,0.7}') AS same_shares, icm_psi('{5}', '{9}') AS one_group, icm_psi('{1,0,3}', '{2,0,6}') AS empty_in_both,
       icm_psi('{1,0}', '{1,1}') AS empty_before, icm_psi('{1,1}', '{0,1}') AS empty_after, icm_psi('{1,0}', '{0,1}') AS apart;
SELECT icm_psi(NULL, '{1}') IS NULL AND icm_psi('{1}', NULL) IS NULL AS null_is_null, icm_psi('[7:8]={1,2}'::float8[], '{2,4}') AS other_subscripts,
       pg_typeof(icm_psi(ARRAY[1, 2], ARRAY[2, 1])) AS of_int_arrays;
-- shares too small for float8: 1e-400 against 1 half: the small one does not count as empty
SELECT round(icm_psi('{1e200,1e-200}', '{1,1}')::numeric, 6) AS psi, round(0.5 * 400 * ln(10.0), 6) AS by_hand;
-- beside numerics, on random counts of 1 to 30 groups; the same both ways round, to the bit, and for twice the counts; not below 0
CREATE TEMP TABLE distribution AS
    SELECT i, ARRAY(SELECT 1 + (hashint4extended(j, i) & 1023) FROM generate_series(1, n) j)::float8[] AS e,
           ARRAY(SELECT 1 + (hashint4extended(j + 1000, i) & 63) * (j % 3) FROM generate_series(1, n) j)::float8[] AS a
    FROM generate_series(1, 300) i, LATERAL (SELECT 1 + i % 30) AS c(n);
SELECT count(*) AS cases, count(*) FILTER (WHERE abs(icm_psi(e, a) - psi) > 1e-12 * (1 + psi)) AS otherwise,
       count(*) FILTER (WHERE icm_psi(e, a) <> icm_psi(a, e)) AS not_symmetric, count(*) FILTER (WHERE abs(icm_psi(e, a) - icm_psi(e, twice)) > 1e-14) AS not_relative,
       count(*) FILTER (WHERE icm_psi(e, a) < 0) AS negative, count(*) FILTER (WHERE icm_psi(e, e) <> 0) AS not_zero
FROM distribution,
     LATERAL (SELECT sum((s.a - s.e) * ln(s.a / s.e)), array_agg(2 * v.a ORDER BY ord)
              FROM unnest(e, a) WITH ORDINALITY v(e, a, ord),
                   LATERAL (SELECT v.e::numeric / (SELECT sum(x::numeric) FROM unnest(distribution.e) x),
                                   v.a::numeric / (SELECT sum(x::numeric) FROM unnest(distribution.a) x)) AS s(e, a)) AS p(psi, twice);
-- a migration's psi is that of its margins
SELECT icm_psi('{5,3,0,3}', '{5,4,0,5}') = psi AS same FROM icm_migration_stats('{A>A 1 0, A>B 3 0, A>D 1 0, B>A 2 0, B>D 1 0, D>B 1 0, D>D 1 0, D>- 1 0, ->A 2 0, ->D 2 0}');
-- what is refused
SELECT arguments, e.*
FROM (VALUES ('''{}'', ''{}'''), ('''{1}'', ''{}'''), ('''{1,2}'', ''{1}'''), ('''{1,NULL}'', ''{1,2}'''), ('''{1,2}'', ''{NULL,1}'''), ('''{{1,2}}'', ''{1,2}'''),
             ('''{1,2}'', ''{{1},{2}}'''), ('''{1,-1}'', ''{1,1}'''), ('''{1,1}'', ''{-1e-9,1}'''), ('''{0,0}'', ''{1,1}'''), ('''{1,1}'', ''{0,-0}'''),
             ('''{1,NaN}'', ''{1,1}'''), ('''{1,1}'', ''{Infinity,1}'''), ('''{1,1}'', ''{1,-Infinity}'''), ('''{1.7e308,1.7e308}'', ''{1,1}''')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_psi(%s)', arguments)) e;
SELECT icm_psi('{1,2}', '{1,2,3}');
