--
-- icm_scale and icm_scale_agg
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

-- from cuts
SELECT icm_scale('{10,20,50}'::float8[]) AS from_float8, icm_scale(ARRAY[10, 20]) AS from_int,
       icm_scale(ARRAY[0.5, 1.25]) AS from_numeric,
       icm_scale(ARRAY[-1::float8 / 3, '-0', 5e-324]) AS extremes, icm_scale('[7:8]={1,2}'::float8[]) AS other_subscripts,
       icm_scale(ARRAY[0]) AS one_cut;
-- a string is read as a scale, which is the same
SELECT icm_scale('{10,20,50}');
SELECT icm_scale(ARRAY(SELECT i FROM generate_series(1, 25) i)) AS most_cuts;
SELECT icm_scale(NULL::float8[]) IS NULL AS null_is_null;
SELECT cuts, e.*
FROM (VALUES ('{}'), ('{1,NULL}'), ('{NULL}'), ('{{1,2},{3,4}}'), ('{{1}}'), ('{2,1}'), ('{1,1}'), ('{1,2,2}'), ('{-0,0}'),
             ('{NaN}'), ('{1,NaN}'), ('{1,Infinity}'), ('{-Infinity,1}'),
             ('{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26}')) AS v(cuts),
     pg_temp.error_of(format('SELECT icm_scale(%L::float8[])', cuts)) e;
SELECT icm_scale(ARRAY[20, 10]);

-- text
SELECT '{10,20,50}'::icm_scale, E' {\t-1.50 ,\n+2e3 , 1e15,1e16 } '::icm_scale AS spaced, '{-0}'::icm_scale AS no_negative_zero,
       '{-1.7976931348623157e308,-5e-324,0,0.1,1.7976931348623157e308}'::icm_scale AS extremes;
SET extra_float_digits = -15;
SELECT '{0.30000000000000004}'::icm_scale;
RESET extra_float_digits;
SELECT count(*) AS scales, count(*) FILTER (WHERE icm_scale_send(icm_scale(cuts)) <> icm_scale_send(icm_scale(cuts)::text::icm_scale)
           OR icm_scale(cuts)::text <> cuts::text OR icm_cuts(icm_scale(cuts)) <> cuts) AS otherwise
FROM (SELECT ARRAY(SELECT (j * 10 + hashint4(i * 100 + j) / 3e9) * 10::float8 ^ (i % 20 - 10) FROM generate_series(1, 1 + i % 25) j)
      FROM generate_series(1, 500) i) AS c(cuts);
SELECT input, state, detail
FROM (VALUES (''), ('{'), ('{}'), ('10,20'), ('[10,20]'), ('{10,20'), ('{10,20}}'), ('{10,20} 30'), ('{10,,20}'),
             ('{10,20,}'), ('{,10}'),
             ('{10 20}'), ('{10;20}'), ('{x}'), ('{NULL}'), ('{NaN}'), ('{1,Infinity}'), ('{1e309}'), ('{1e-400}'),
             ('{0x10}'), ('{1,5e}'),
             ('{{1,2}}'), ('{2,1}'), ('{1,1}'), ('{0,-0}'), ('{1-2}'),
             ('{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26}'),
             ('{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27}')) AS v(input),
     pg_temp.error_of(format('SELECT %L::icm_scale', input)) e;
SELECT '{10,20,20}'::icm_scale;
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        ASSERT pg_input_is_valid('{1,2}', 'icm_scale');
        ASSERT NOT pg_input_is_valid('{2,1}', 'icm_scale');
    END IF;
END
$$;

-- cuts and storage
SELECT icm_cuts('{10,20,50}') AS cuts, pg_typeof(icm_cuts('{10}')) AS type, icm_cuts(NULL) IS NULL AS null_is_null,
       pg_column_size('{10,20,50}'::icm_scale) AS bytes;

-- binary form: version 1, flags, padding, number of cuts, cuts; and back
SELECT icm_scale_send('{-0.25,1.5}');
CREATE TEMP TABLE stored AS SELECT i AS id, icm_scale(ARRAY(SELECT sqrt(j) FROM generate_series(1, i) j)) AS scale
FROM generate_series(1, 25) i;
CREATE TEMP TABLE received (LIKE stored);
\copy stored TO 'results/scale.bin' (FORMAT binary)
\copy received FROM 'results/scale.bin' (FORMAT binary)
SELECT count(*) AS scales, bool_and(icm_scale_send(s.scale) = icm_scale_send(r.scale)) AS same
FROM stored s FULL JOIN received r USING (id);

-- crafted: a bytea's binary form is its bytes. Negative zero; then what is refused.
CREATE TEMP TABLE crafted (scale icm_scale);
\copy (SELECT '\x01000000000000018000000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
SELECT scale, icm_scale_send(scale) FROM crafted;
-- cut short, version 2, flags, padding
\copy (SELECT '\x010000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x02000000000000013ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01010000000000013ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000001000000013ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
-- no cuts, 2 cuts of which one is there, 1 of 2, 2^29 + 1, -1
\copy (SELECT '\x0100000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000023ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000013ff00000000000004000000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000200000013ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000ffffffff3ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
-- 26 cuts; NaN; infinity; 1, 1; 2, 1
\copy (SELECT '\x010000000000001a'::bytea || decode(repeat('3ff0000000000000', 26), 'hex')) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000017ff8000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000017ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x01000000000000023ff00000000000003ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
\copy (SELECT '\x010000000000000240000000000000003ff0000000000000'::bytea) TO 'results/scale.bin' (FORMAT binary)
\copy crafted FROM 'results/scale.bin' (FORMAT binary)
SELECT count(*) FROM crafted;

-- quantile: equal shares where there are no ties; five grades and quantile are the defaults
SELECT icm_scale_agg(i) AS scale, icm_scale_agg(i, 5)::text = icm_scale_agg(i)::text
       AND icm_scale_agg(i, 5, 'quantile')::text = icm_scale_agg(i)::text AS same
FROM generate_series(1, 100) i;
SELECT icm_grade(i, scale) AS grade, count(*), min(i), max(i)
FROM (SELECT icm_scale_agg(i, 5, 'quantile') FROM generate_series(1, 100) i) AS s(scale), generate_series(1, 100) i
GROUP BY 1 ORDER BY 1;
-- 2 and 26 grades; counts that do not divide: 10 values into 4 are 2, 3, 2, 3 from the worst
SELECT icm_cuts(icm_scale_agg(i, 2)) AS two, icm_cuts(icm_scale_agg(i, 26)) AS twenty_six,
       icm_cuts(icm_scale_agg(i, 26) FILTER (WHERE i <= 26)) AS one_each FROM generate_series(1, 52) i;
SELECT icm_cuts(icm_scale_agg(i, 4)) FROM generate_series(1, 10) i;

-- ties: equal values share a grade, and every grade has a value
SELECT data, grades, icm_cuts(icm_scale_agg(v, grades))
FROM (VALUES (1, '{10,20,30,40,50}'::float8[], 5), (2, '{50,10,40,20,30,10,50}', 5),
             (3, '{1,1,1,1,2}', 2), (4, '{1,2,2,2,2}', 2),             -- the cut moves up; it need not
             (5, '{1,2,3,3,3,3,3,3}', 3),                              -- both cuts at 3: the lower moves down
             (6, '{0,0,0,0,0,0,0,0,1,2,3}', 4),                        -- all at 0: they move up
             (7, '{1,1,1,5,5,5,5,9,9,9}', 3),
             (8, '{-1,-0,0,1}', 3), (9, '{-3,-2,-2,-1}', 3)) AS c(id, data, grades), unnest(data) v
GROUP BY id, data, grades ORDER BY id;

-- beside the definition in plain SQL: cut j is the smallest value whose share of values at or below exceeds j/grades, but
-- above the cut before it (the lowest value for the first), and with a larger value left for each cut that follows
CREATE FUNCTION pg_temp.quantile_cuts(data float8[], grades int) RETURNS float8[]
LANGUAGE plpgsql AS $$
DECLARE
    ranked float8[];        -- distinct values
    at_or_below bigint[];
    rank int := 1;
    cuts float8[];
BEGIN
    SELECT array_agg(v ORDER BY v), array_agg(n ORDER BY v) INTO ranked, at_or_below
    FROM (SELECT v, sum(count(*)) OVER (ORDER BY v)::bigint AS n FROM unnest(data) v GROUP BY v) AS d;
    IF cardinality(ranked) < grades THEN
        RETURN NULL;
    END IF;
    FOR j IN 1 .. grades - 1 LOOP
        rank := greatest(rank + 1, (SELECT min(i) FROM generate_subscripts(ranked, 1) i
                                    WHERE at_or_below[i] * grades > cardinality(data) * j));
        rank := least(rank, cardinality(ranked) - (grades - 1 - j));
        cuts := cuts || ranked[rank];
    END LOOP;
    RETURN cuts;
END
$$;
CREATE FUNCTION pg_temp.agg_cuts(data float8[], grades int) RETURNS float8[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT icm_cuts(icm_scale_agg(v, grades)) FROM unnest(data) v);
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;
-- 1 to 200 values: whole numbers in a narrow and a wide range, many of one value, no ties; 2 to 26 grades
CREATE TEMP TABLE data AS
    SELECT i AS id, 2 + abs(hashint4(i)) % 25 AS grades,
           ARRAY(SELECT CASE i % 4 WHEN 0 THEN floor(f * 12) - 3
                                   WHEN 1 THEN floor(f * 100) - 50
                                   WHEN 2 THEN greatest(0, floor(f * 90) - 60)
                                   ELSE f - 0.5 END
                 FROM generate_series(1, 1 + i / 5) j,
                 LATERAL (SELECT (hashint4extended(j, i) & 4294967295) / 4294967296::float8) AS r(f)) AS data
    FROM generate_series(1, 1000) i;
SELECT count(*) AS cases, count(quantile_cuts) BETWEEN 500 AND 900 AS most_can_be_cut,
       count(*) FILTER (WHERE quantile_cuts IS DISTINCT FROM agg_cuts) AS otherwise
FROM data, pg_temp.quantile_cuts(data, grades), pg_temp.agg_cuts(data, grades);
-- and a large one: 100,000 values, one in three tied
SELECT icm_cuts(icm_scale_agg(v, 7)) = pg_temp.quantile_cuts(array_agg(v), 7) AS same
FROM (SELECT CASE WHEN i % 3 = 0 THEN i % 1000 ELSE hashint4(i) / 1000.0 END FROM generate_series(1, 100000) i) AS d(v);

-- fewer distinct values than grades
SELECT icm_scale_agg(v) FROM (VALUES (1), (1), (2), (3), (4)) AS d(v);
SELECT icm_scale_agg(v, 2) FROM (VALUES ('-0'::float8), (0)) AS d(v);
SELECT icm_scale_agg(1, 26);

-- NULLs are left out; nothing gives NULL
SELECT icm_cuts(icm_scale_agg(v, 2)) AS cuts, icm_cuts(icm_scale_agg(v, 2) FILTER (WHERE v > 1)) AS filtered, icm_scale_agg(v, 2) FILTER (WHERE v > 3) IS NULL AS none
FROM (VALUES (1), (NULL), (2), (NULL), (3)) AS d(v);
SELECT icm_scale_agg(v) IS NULL AS only_null, icm_scale_agg(v, 3, 'quantile') IS NULL AS only_null_2
FROM (VALUES (NULL::float8)) AS d(v);
SELECT icm_scale_agg(v) IS NULL AS no_rows FROM (VALUES (1)) AS d(v) WHERE false;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('1, 1'), ('1, 27'), ('1, 0'), ('1, -5'), ('1, NULL'), ('NULL, NULL'), ('1, 5, NULL'), ('1, 5, ''decile'''),
             ('1, 5, ''Quantile'''),
             ('1, 5, '''''), ('1, 5, ''quantile '''), ('''NaN'''), ('''Infinity'''), ('''-Infinity'', 5')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_scale_agg(%s)', arguments)) e;
SELECT icm_scale_agg(1, 5, 'decile');
SELECT icm_scale_agg(i, 2 + i % 2) FROM generate_series(1, 10) i;

-- the order of the values has no say; DISTINCT has
SELECT count(*) AS orders, count(DISTINCT scale) AS scales
FROM generate_series(1, 20) k,
     LATERAL (SELECT icm_scale_agg(v, 7 ORDER BY hashint4extended(v, k))::text FROM (SELECT i * i % 997
     FROM generate_series(1, 500) i) AS d(v)) AS s(scale);
SELECT icm_cuts(icm_scale_agg(v, 2)) AS as_they_are, icm_cuts(icm_scale_agg(DISTINCT v, 2)) AS each_once FROM (VALUES (1), (1), (1), (2), (3),
       (4)) AS d(v);

-- by group, and in windows that grow and move
SELECT i % 3 AS part, icm_cuts(icm_scale_agg(i, 3)) FROM generate_series(1, 30) i GROUP BY i % 3 ORDER BY part;
SELECT i, icm_cuts(icm_scale_agg(i, 2) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)) AS growing,
       icm_cuts(icm_scale_agg(i, 2) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)) AS moving
FROM generate_series(1, 5) i;

-- the support functions: by the aggregate only, and with a state that is one
SELECT icm_scale_accum(NULL, 1);
SELECT icm_scale_accum(NULL, 1, 5, 'quantile');
SELECT icm_values_combine(NULL, NULL);
SELECT icm_scale_final(NULL) IS NULL AS null_is_null;
CREATE AGGREGATE pg_temp.combine_agg(bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_scale_final);
SELECT e.* FROM (VALUES (''), ('\x01'), (repeat('\000', 40)), (repeat('\377', 40))) AS v(state),
     pg_temp.error_of(format('SELECT icm_scale_final(%L)', state)) e
UNION ALL
SELECT e.* FROM (VALUES (''), ('\x01'), (repeat('\000', 40)), (repeat('\377', 40))) AS v(state),
     pg_temp.error_of(format('SELECT pg_temp.combine_agg(%L)', state)) e;

-- parts combined: the state is what an aggregate without final function returns
CREATE AGGREGATE pg_temp.state_agg(float8, int) (SFUNC = icm_scale_accum, STYPE = bytea);
SELECT count(*) AS cases, count(*) FILTER (WHERE icm_cuts(combined) <> quantile_cuts) AS otherwise
FROM data, pg_temp.quantile_cuts(data, grades), generate_series(1, 5) k,
     LATERAL (SELECT pg_temp.combine_agg(state)
              FROM (SELECT pg_temp.state_agg(v, grades) FROM unnest(data) WITH ORDINALITY u(v, i)
                    GROUP BY hashint4extended(i::int, k) % k) AS p(state)) AS c(combined)
WHERE quantile_cuts IS NOT NULL AND id % 5 = 0;
SELECT pg_temp.combine_agg(state) FROM (SELECT pg_temp.state_agg(i, i) FROM generate_series(3, 4) i GROUP BY i) AS p(state);

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
CREATE TABLE icm_values AS SELECT i % 7 AS part, hashint4(i) / 1000 AS v FROM generate_series(1, 20000) i;
ALTER TABLE icm_values SET (parallel_workers = 2);
ANALYZE icm_values;
-- the whole result of a query for key and scale
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || scale::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_scale_agg(v) AS scale FROM icm_values'),
    (2, 'SELECT 1 AS key, icm_scale_agg(v, 7) AS scale FROM icm_values'),
    (3, 'SELECT part AS key, icm_scale_agg(v, 26, ''quantile'') AS scale FROM icm_values GROUP BY part');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 20 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;
-- nor has work_mem a say
SET work_mem = '64kB';
SELECT id, pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET work_mem;
DROP TABLE icm_values;
