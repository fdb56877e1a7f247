--
-- icm_grade: the type, and grading by a scale
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

-- text form: A to Z
SELECT string_agg(chr(i)::icm_grade::text, '') AS grades FROM generate_series(ascii('A'), ascii('Z')) i;
SELECT input, state, message
FROM (VALUES (''), ('a'), ('AA'), (' A'), ('A '), ('1'), ('@'), ('['), ('NULL')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_grade', input)) e;
SELECT 'F+'::icm_grade;
SELECT NULL::icm_grade IS NULL AS null_is_null, pg_column_size('A'::icm_grade) AS bytes;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('A', 'icm_grade');
        ASSERT NOT pg_input_is_valid('a', 'icm_grade');
    END IF;
END
$$;

-- binary form: the letter. A bytea's binary form is its bytes: what is written from one is read as a grade.
SELECT icm_grade_send('A'), icm_grade_send('Z');
CREATE TEMP TABLE stored AS SELECT i AS id, i::icm_grade AS grade FROM generate_series(1, 26) i;
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/grade.bin' (FORMAT binary)
\copy received FROM 'results/grade.bin' (FORMAT binary)
SELECT count(*) AS grades, bool_and(s.grade = r.grade) AS same FROM stored s FULL JOIN received r USING (id);
CREATE TEMP TABLE crafted (grade icm_grade);
\copy (SELECT 'A'::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
\copy (SELECT ''::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
\copy (SELECT '\x00'::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
\copy (SELECT 'a'::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
\copy (SELECT '\xff'::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
\copy (SELECT 'AB'::bytea) TO 'results/grade.bin' (FORMAT binary)
\copy crafted FROM 'results/grade.bin' (FORMAT binary)
SELECT * FROM crafted;

-- casts: explicit ones to and from int, A being 1
SELECT 'A'::icm_grade::int AS a, 'Z'::icm_grade::int AS z, 1::icm_grade AS one, 26::icm_grade AS twenty_six,
       bool_and(i::icm_grade::int = i) AS same
FROM generate_series(1, 26) i;
SELECT rank, e.* FROM (VALUES (0), (27), (-1), (257), (2147483647), (-2147483648)) AS v(rank),
       pg_temp.error_of(format('SELECT (%s)::icm_grade', rank)) e;
SELECT 'B'::text::icm_grade AS from_text, 'B'::icm_grade::text AS to_text, 'C'::char(1)::icm_grade AS from_char,
       'A'::icm_grade || '!' AS concatenated,
       NULL::int::icm_grade IS NULL AS null_is_null, NULL::icm_grade::int IS NULL AS null_is_null_2;
SELECT 'A'::icm_grade = 1;

-- order: every operator on every pair, as the letters compare
SELECT count(*) AS pairs, count(*) FILTER (WHERE
           (a < b, a <= b, a = b, a <> b, a >= b, a > b) IS DISTINCT FROM
           (a::int < b::int, a::int <= b::int, a::int = b::int, a::int <> b::int, a::int >= b::int, a::int > b::int)
           OR sign(icm_grade_cmp(a, b)) <> sign(a::int - b::int)) AS otherwise
FROM stored s(i, a), stored t(j, b);
SELECT string_agg(grade::text, '' ORDER BY grade) AS ascending, string_agg(grade::text, '' ORDER BY grade USING >) AS descending FROM stored;
SELECT (NULL::icm_grade < 'A') IS NULL AS null_is_null, grade FROM (VALUES ('B'::icm_grade), (NULL),
       ('A')) AS v(grade) ORDER BY grade NULLS FIRST;
SELECT 'B'::icm_grade BETWEEN 'A' AND 'C' AS between_a_and_c, 'A'::icm_grade IN ('B', 'C') AS in_b_c,
       greatest('A'::icm_grade, 'C', 'B') AS greatest,
       array_position(ARRAY['A', 'B']::icm_grade[], 'B') AS position, 'A'::icm_grade IS DISTINCT FROM NULL AS distinct_from_null;

-- equal grades hash alike, by both functions; the extended one with seed 0 as the plain one
SELECT count(DISTINCT icm_grade_hash(grade)) AS hashes, count(DISTINCT icm_grade_hash_extended(grade, 7)) AS extended,
       bool_and(icm_grade_hash(grade) = icm_grade_hash_extended(grade, 0)::bit(32)::int) AS alike FROM stored;

-- indexes, and the plans that the operators allow. Is a node in the plan?
CREATE FUNCTION pg_temp.uses(node text, query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    found boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        found := found OR line ~ node;
    END LOOP;
    RETURN found;
END
$$;
CREATE TABLE icm_graded AS SELECT i AS id, (1 + i % 7)::icm_grade AS grade FROM generate_series(1, 7000) i;
INSERT INTO icm_graded VALUES (0, NULL);
CREATE INDEX icm_graded_btree ON icm_graded USING btree (grade);
CREATE INDEX icm_graded_hash ON icm_graded USING hash (grade);
ANALYZE icm_graded;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
DROP INDEX icm_graded_btree;
SELECT pg_temp.uses('using icm_graded_hash', 'SELECT count(*) FROM icm_graded WHERE grade = ''C''');
SELECT count(*) FROM icm_graded WHERE grade = 'C';
SELECT count(*) FROM icm_graded WHERE grade = 'Z';
DROP INDEX icm_graded_hash;
CREATE INDEX icm_graded_btree ON icm_graded USING btree (grade);
SELECT pg_temp.uses('using icm_graded_btree', 'SELECT count(*) FROM icm_graded WHERE grade = ''C''') AS equal,
       pg_temp.uses('Index Cond: \(grade >= ', 'SELECT count(*) FROM icm_graded WHERE grade >= ''C''') AS range,
       pg_temp.uses('using icm_graded_btree', 'SELECT grade FROM icm_graded ORDER BY grade') AND
       NOT pg_temp.uses('Sort', 'SELECT grade FROM icm_graded ORDER BY grade') AS ordered;
SELECT count(*) FILTER (WHERE grade = 'C') AS c, (SELECT count(*) FROM icm_graded WHERE grade = 'C') AS equal,
       (SELECT count(*) FROM icm_graded WHERE grade < 'C') AS better,
       (SELECT count(*) FROM icm_graded WHERE grade <= 'C') AS at_least, (SELECT count(*) FROM icm_graded WHERE grade > 'C') AS worse,
       (SELECT count(*) FROM icm_graded WHERE grade >= 'C') AS at_most, (SELECT count(*) FROM icm_graded WHERE grade <> 'C') AS other,
       (SELECT grade FROM icm_graded ORDER BY grade LIMIT 1) AS best, (SELECT grade FROM icm_graded
       WHERE grade IS NOT NULL ORDER BY grade DESC LIMIT 1) AS worst
FROM icm_graded;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- joins, grouping, DISTINCT: one plan by hash, one by order
SET enable_nestloop = off;
SET enable_mergejoin = off;
SELECT pg_temp.uses('Hash Join', 'SELECT FROM icm_graded a JOIN stored b USING (grade)') AS hash_join;
SELECT count(*) FROM icm_graded a JOIN stored b USING (grade);
RESET enable_mergejoin;
SET enable_hashjoin = off;
SELECT pg_temp.uses('Merge Join', 'SELECT FROM icm_graded a JOIN stored b USING (grade)') AS merge_join;
SELECT count(*) FROM icm_graded a JOIN stored b USING (grade);
RESET enable_hashjoin;
RESET enable_nestloop;
SET enable_sort = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT pg_temp.uses('HashAggregate', 'SELECT grade, count(*) FROM icm_graded GROUP BY grade') AS hash_aggregate;
CREATE TEMP TABLE by_hash AS SELECT grade, count(*) FROM icm_graded GROUP BY grade;
RESET enable_sort;
SET enable_hashagg = off;
SELECT pg_temp.uses('GroupAggregate', 'SELECT grade, count(*) FROM icm_graded GROUP BY grade') AS group_aggregate;
SELECT grade, count(*) FROM icm_graded GROUP BY grade ORDER BY grade;
SELECT grade, count(*) FROM icm_graded GROUP BY grade EXCEPT SELECT * FROM by_hash;
RESET ALL;
SELECT DISTINCT grade FROM icm_graded ORDER BY grade DESC;
-- the statistics of the column serve the planner: histogram and most common values
SELECT array_length(most_common_vals::text::text[], 1) AS common_values FROM pg_stats
WHERE tablename = 'icm_graded' AND attname = 'grade';
-- partitions by hash, by list and by range
CREATE TEMP TABLE by_list (grade icm_grade) PARTITION BY LIST (grade);
CREATE TEMP TABLE by_list_1 PARTITION OF by_list FOR VALUES IN ('A', 'B');
CREATE TEMP TABLE by_range (grade icm_grade) PARTITION BY RANGE (grade);
CREATE TEMP TABLE by_range_1 PARTITION OF by_range FOR VALUES FROM ('A') TO ('C');
CREATE TEMP TABLE in_parts (grade icm_grade) PARTITION BY HASH (grade);
CREATE TEMP TABLE in_parts_0 PARTITION OF in_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TEMP TABLE in_parts_1 PARTITION OF in_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_list VALUES ('A'), ('B');
INSERT INTO by_range VALUES ('A'), ('B');
INSERT INTO in_parts SELECT grade FROM stored;
SELECT e.state FROM (VALUES ('by_list'), ('by_range')) AS v(parted),
       pg_temp.error_of(format('INSERT INTO %I VALUES (''C'')', parted)) e;
SELECT count(*), count(DISTINCT tableoid) AS parts, (SELECT count(*) FROM in_parts WHERE grade = 'Q') AS q FROM in_parts;
DROP TABLE icm_graded;

-- grading: the number of cuts at or below the value, counted from the worst
SELECT value, icm_grade(value, '{10,20,50}'::icm_scale) AS grade
FROM (VALUES ('-1.7976931348623157e308'::float8), (-10), (0), (9.999999999999998), (10), (10.000000000000002), (19.99),
             (20), (49), (50), (51), ('1.7976931348623157e308')) AS v(value);
SELECT value, icm_grade(value, '{-1,0}'::icm_scale) AS grade
FROM (VALUES ('-2'::float8), (-1), (-5e-324), ('-0'), (0), (5e-324)) AS v(value);
SELECT icm_grade(0, '{0}'::icm_scale) AS two_grades, icm_grade(-1, '{0}'::icm_scale) AS two_grades_2,
       string_agg(icm_grade(i, '{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25}'::icm_scale)::text,
                  '' ORDER BY i) AS all_letters
FROM generate_series(0, 25) i;
-- a string that is not cast names a published scale
SELECT icm_grade(15, '{10,20}');
SELECT icm_grade(NULL, '{1}'::icm_scale) IS NULL AND icm_grade(1, NULL::icm_scale) IS NULL AS nulls;
SELECT value, e.* FROM (VALUES ('NaN'), ('Infinity'), ('-Infinity')) AS v(value),
       pg_temp.error_of(format('SELECT icm_grade(%L, ''{1}''::icm_scale)', value)) e;
-- beside width_bucket, whose buckets have inclusive lower bounds too
SELECT count(*) FILTER (WHERE icm_grade(v, icm_scale(cuts))::int <> cardinality(cuts) + 1 - width_bucket(v::float8, cuts)) AS otherwise,
       count(DISTINCT icm_grade(v, icm_scale(cuts))) AS grades
FROM (SELECT ARRAY[-500, -20, 0, 1, 77, 500, 900]::float8[]) AS s(cuts), generate_series(-1000, 1000) v;

-- hysteresis. Cuts 100 and 200, band 0.1: up from C at 110, up from B at 220, down from A below 180, down from B below 90
SELECT previous, value, icm_grade(value, '{100,200}'::icm_scale, previous::icm_grade, 0.1) AS grade
FROM (VALUES (1, 'C', 99), (2, 'C', 100), (3, 'C', 109.99), (4, 'C', 110), (5, 'C', 199), (6, 'C', 219.99),
             (7, 'C', 220), (8, 'C', 1e9),
             (9, 'B', 220), (10, 'B', 219.99), (11, 'B', 150), (12, 'B', 90), (13, 'B', 89.99), (14, 'B', -1e9),
             (15, 'A', 1e9), (16, 'A', 200), (17, 'A', 180), (18, 'A', 179.99), (19, 'A', 100), (20, 'A', 90),
             (21, 'A', 89.99)) AS v(id, previous, value) ORDER BY id;
-- binary fractions, so that the moved cuts are exact. A negative cut moves by the band of its size: -8 by 1/4, up to -6, down to -10
SELECT previous, value, icm_grade(value, '{-8}'::icm_scale, previous::icm_grade, 0.25) AS grade
FROM (VALUES (1, 'B', -6.001), (2, 'B', -6), (3, 'A', -10), (4, 'A', -10.001), (5, 'B', -8), (6, 'A', -8))
     AS v(id, previous, value) ORDER BY id;
-- a cut at zero has no size to move by
SELECT previous, value, icm_grade(value, '{0}'::icm_scale, previous::icm_grade, 0.5) AS grade
FROM (VALUES (1, 'B', 0::float8), (2, 'B', -5e-324), (3, 'A', 0), (4, 'A', -5e-324)) AS v(id, previous, value) ORDER BY id;
-- band 0, or no previous grade: no hysteresis
SELECT count(*) FILTER (WHERE icm_grade(v, scale, p::icm_grade, 0) <> icm_grade(v, scale)) AS otherwise,
       count(*) FILTER (WHERE icm_grade(v, scale, NULL, 0.5) <> icm_grade(v, scale)) AS otherwise_2
FROM (VALUES ('{-10,0,20}'::icm_scale)) AS s(scale), generate_series(1, 4) p, generate_series(-30, 30) v;
-- the grade is between the previous and the plain one, and does not move when it is graded again
SELECT count(*) AS cases,
       count(*) FILTER (WHERE h NOT BETWEEN least(p::icm_grade, icm_grade(v, scale)) AND
                                                  greatest(p::icm_grade, icm_grade(v, scale))) AS not_between,
       count(*) FILTER (WHERE icm_grade(v, scale, h, band) <> h) AS moves
FROM (VALUES ('{-40,-10,0,20,30}'::icm_scale)) AS s(scale), generate_series(1, 6) p, generate_series(-60, 60) v,
     unnest(ARRAY[0, 0.1, 0.25, 0.9]) band, icm_grade(v, scale, p::icm_grade, band) h;
SELECT icm_grade(NULL, '{1}'::icm_scale, 'A', 0) IS NULL AND icm_grade(1, NULL::icm_scale, 'A', 0) IS NULL
       AND icm_grade(1, '{1}'::icm_scale, 'A', NULL) IS NULL AS nulls;
SELECT arguments, e.*
FROM (VALUES ('1, ''{1}''::icm_scale, ''A'', 1'), ('1, ''{1}''::icm_scale, ''A'', -0.1'), ('1, ''{1}''::icm_scale, ''A'', ''NaN'''),
             ('1, ''{1}''::icm_scale, ''A'', ''Infinity'''), ('''NaN'', ''{1}''::icm_scale, ''A'', 0'),
             ('''NaN'', ''{1}''::icm_scale, NULL, 0'),
             ('1, ''{1}''::icm_scale, ''C'', 0'), ('1, ''{1,2,3}''::icm_scale, ''Z'', 0'),
             -- a band that is none is none for a new customer too
             ('1, ''{1}''::icm_scale, NULL, 1.5'), ('1, ''{1}''::icm_scale, NULL, ''NaN''')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_grade(%s)', arguments)) e;
SELECT icm_grade(1, '{1,2}'::icm_scale, 'D', 0.1);
-- a cut moved out of the range of float8 is not reached
SELECT icm_grade(1.7976931348623157e308, '{1.7976931348623157e308}'::icm_scale, 'B', 0.5) AS stays_b,
       icm_grade(1.7976931348623157e308, '{1.7976931348623157e308}'::icm_scale, 'A', 0.5) AS stays_a,
       icm_grade(-1.7976931348623157e308, '{-1.7976931348623157e308}'::icm_scale, 'A', 0.5) AS stays_a_2,
       icm_grade(-1.7976931348623157e308, '{-1.7976931348623157e308}'::icm_scale, 'B', 0.5) AS stays_b_2;

-- a generated column, and an index on the expression
CREATE TEMP TABLE customer (id int, value float8, grade icm_grade GENERATED ALWAYS AS (icm_grade(value, '{10,20}'::icm_scale)) STORED);
INSERT INTO customer (id, value) VALUES (1, 5), (2, 10), (3, 25), (4, NULL);
UPDATE customer SET value = 15 WHERE id = 3;
SELECT * FROM customer ORDER BY id;
CREATE INDEX ON customer (icm_grade(value, '{10,20}'::icm_scale));
INSERT INTO customer (id, value) VALUES (5, 'NaN');
