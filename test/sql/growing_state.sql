-- Transition states that hold every row: flat to 1 MB, above it in an expanded object that is enlarged where it stands.
-- Neither which of both, nor who reads a state while it grows, has a say in the result.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- the states themselves
CREATE AGGREGATE pg_temp.state_agg(v float8) (SFUNC = icm_gini_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.combine_agg(state bytea) (SFUNC = icm_values_combine, STYPE = bytea);
CREATE AGGREGATE pg_temp.combined_gini(state bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_gini_final);

-- a header of 224 bytes and 8 for each value: 1 MB holds 131,044
CREATE TABLE growing AS SELECT i, i % 3 AS g, (i::bigint * 7919 % 100003)::float8 AS v FROM generate_series(1, 400000) i;
ALTER TABLE growing SET (parallel_workers = 2);
ANALYZE growing;

-- below the limit, at it, above: Gini's coefficient by its definition over sorted values; a large state is sent without its room
SELECT n, abs(icm_gini_agg(v) - (2 * sum(v * r) / sum(v) / n - (n + 1.0::float8) / n)) < 1e-12 AS is_exact, length(pg_temp.state_agg(v)) - 8 * n AS header_and_room
FROM unnest('{1,131043,131044,131045,262144,400000}'::int[]) n, LATERAL (SELECT v, row_number() OVER (ORDER BY v)::float8 AS r FROM growing WHERE i <= n) s GROUP BY n ORDER BY n;

-- several at once, hashed, sorted, in grouping sets, and hashed groups that are read twice
CREATE FUNCTION pg_temp.uses(query text, node text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        IF line LIKE '%' || node || '%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
CREATE TABLE growing_result AS SELECT g, icm_gini_agg(v) AS gini FROM (SELECT * FROM growing ORDER BY v, i) s GROUP BY g;
INSERT INTO growing_result SELECT NULL, icm_gini_agg(v) FROM growing;
SET max_parallel_workers_per_gather = 0;
SET enable_sort = off;
SELECT pg_temp.uses('SELECT g, icm_gini_agg(v) FROM growing GROUP BY g', 'HashAggregate');
SELECT count(*), bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g = s.g)) AS same FROM (SELECT g, icm_gini_agg(v) AS gini FROM growing GROUP BY g) s;
SET enable_sort = on;
SELECT count(*), bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g IS NOT DISTINCT FROM s.g)) AS same FROM (SELECT g, icm_gini_agg(v) AS gini FROM growing GROUP BY GROUPING SETS ((g), ())) s;
SET enable_hashagg = off;
SELECT count(*), bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g IS NOT DISTINCT FROM s.g)) AS same FROM (SELECT g, icm_gini_agg(v) AS gini FROM growing GROUP BY ROLLUP (g)) s;
RESET enable_hashagg;
SET enable_sort = off;
SET enable_material = off;
SELECT k, count(*), bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g = s.g)) AS same
FROM (VALUES (1), (2), (3)) k(k) LEFT JOIN (SELECT g, icm_gini_agg(v) AS gini FROM growing GROUP BY g) s ON s.g < k GROUP BY k ORDER BY k;
RESET enable_material;
RESET enable_sort;
-- two final functions of one state; DISTINCT inside
SELECT icm_gini_agg(v) = (SELECT gini FROM growing_result WHERE g IS NULL) AS same, (icm_lorenz_agg(v, 10))[10], icm_gini_agg(DISTINCT v) = icm_gini_agg(v) FILTER (WHERE i <= 100003 AND v > -1) AS of_distinct FROM growing;

-- windows read a state, and go on with it: while it is small, large, and at its end
SELECT count(*), bool_and(abs(gini - (SELECT icm_gini_agg(v) FROM growing g WHERE g.i <= w.i)) = 0) AS same
FROM (SELECT i, icm_gini_agg(v) OVER (ORDER BY i / 80000 RANGE UNBOUNDED PRECEDING) AS gini FROM growing) w WHERE i IN (79999, 159999, 239999, 400000);
SELECT count(DISTINCT gini) = 3 AS of_each, bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g = w.g)) AS same FROM (SELECT g, icm_gini_agg(v) OVER (PARTITION BY g) AS gini FROM growing) w;

-- partial states: of workers; from elsewhere, flat, large and small
RESET max_parallel_workers_per_gather;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT pg_temp.uses('SELECT icm_gini_agg(v) FROM growing', 'Partial Aggregate');
SELECT icm_gini_agg(v) = (SELECT gini FROM growing_result WHERE g IS NULL) AS same FROM growing;
SELECT count(*), bool_and(gini = (SELECT gini FROM growing_result r WHERE r.g = s.g)) AS same FROM (SELECT g, icm_gini_agg(v) AS gini FROM growing GROUP BY g) s;
SELECT k, pg_temp.combined_gini(state ORDER BY part) = (SELECT gini FROM growing_result WHERE g IS NULL) AS same, length(pg_temp.combine_agg(state ORDER BY part)) - 8 * 400000 AS header
FROM (SELECT k, i % k AS part, pg_temp.state_agg(v) AS state FROM growing, unnest('{1,2,3,7}'::int[]) k GROUP BY k, i % k) s GROUP BY k ORDER BY k;
SELECT pg_temp.combined_gini(state ORDER BY i) = (SELECT gini FROM growing_result WHERE g IS NULL) AS same
FROM (SELECT 0 AS i, pg_temp.state_agg(v) FILTER (WHERE i <= 399000) AS state FROM growing UNION ALL SELECT NULL, NULL UNION ALL SELECT i, pg_temp.state_agg(v) FROM growing WHERE i > 399000 GROUP BY i) s;
-- a large state stays as it is where nothing is added
SELECT length(pg_temp.combine_agg(state ORDER BY i)) - 8 * 400000 AS header FROM (SELECT 0 AS i, pg_temp.state_agg(v) AS state FROM growing UNION ALL SELECT 1, NULL) s;

-- the other aggregates whose states grow: in one piece, by workers, and against what they are of
SELECT icm_wallet_model_send(whole) = icm_wallet_model_send(parallel) AS fit, s.n
FROM (SELECT icm_wallet_fit(v, ARRAY[1, i % 7, i % 11], 0.9) FROM growing) p(parallel), (SELECT icm_wallet_fit(v, ARRAY[1, i % 7, i % 11], 0.9) FROM (SELECT * FROM growing ORDER BY i OFFSET 0) s) w(whole), icm_wallet_model_stats(whole) s;
SELECT p = w AS calibration, (p).n FROM (SELECT icm_wallet_calibration(v, v + i % 100, 5e10) FROM growing) p(p), (SELECT icm_wallet_calibration(v, v + i % 100, 5e10) FROM (SELECT * FROM growing ORDER BY i OFFSET 0) s) w(w);
SELECT array_length(a, 1) AS allocation, (SELECT sum(x) FROM unnest(a) x) AS budget FROM (SELECT icm_allocate_agg(100000.00, v ORDER BY i) FROM growing) a(a);

-- what is not a state of the aggregate, which a large one can be told from
CREATE AGGREGATE pg_temp.mixed(v float8) (SFUNC = icm_gini_accum, STYPE = bytea, FINALFUNC = icm_calibration_final);
CREATE AGGREGATE pg_temp.mixed_fit(v float8) (SFUNC = icm_gini_accum, STYPE = bytea, FINALFUNC = icm_wallet_fit_final);
SELECT pg_temp.error_of('SELECT pg_temp.mixed(v) FROM growing'), pg_temp.error_of('SELECT pg_temp.mixed(v) FROM growing WHERE i < 10'), pg_temp.error_of('SELECT pg_temp.mixed_fit(v) FROM growing');
-- large, and made up: another version, cut short, with a number of values that it has not
SELECT what, pg_temp.error_of(format('SELECT pg_temp.combined_gini(x) FROM (VALUES (%L::bytea), (%L)) v(x)', state, state)) AS combined, pg_temp.error_of(format('SELECT icm_gini_final(%L)', state)) AS final
FROM (SELECT pg_temp.state_agg(v) AS s FROM growing WHERE i <= 140000) a, LATERAL (VALUES ('as it is', s), ('version', set_byte(s, 0, 99)), ('cut short', substr(s, 1, length(s) - 1)), ('longer', s || '\x00')) m(what, state) ORDER BY what;
DROP TABLE growing, growing_result;
