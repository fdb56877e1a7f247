--
-- how concentrated values are: icm_gini_agg, icm_lorenz_agg, icm_top_share_agg
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

-- by hand: mean absolute difference of 1, 2, 3, 4 is 20/16, twice the mean 5
SELECT icm_gini_agg(v) AS gini, icm_lorenz_agg(v, 4) AS lorenz, icm_lorenz_agg(v, 2) AS halves, icm_lorenz_agg(v, 1) AS ends, icm_top_share_agg(v, 0.25) AS best, icm_top_share_agg(v, 0.5) AS best_half
FROM generate_series(1, 4) v;
-- between the customers the curve is straight; the best are whole customers, at least the share asked for
SELECT icm_lorenz_agg(v, 8) AS lorenz, icm_top_share_agg(v, 0.375) AS two_of_four, icm_top_share_agg(v, 0.025) AS one_of_four, icm_top_share_agg(v, 0) AS nobody, icm_top_share_agg(v, 1) AS everybody
FROM generate_series(1, 4) v;
-- equal values, one value, one who has all, zeros, ties
SELECT data, icm_gini_agg(v) AS gini, icm_lorenz_agg(v, 4) AS lorenz, icm_top_share_agg(v, 0.25) AS top_quarter
FROM (VALUES (1, '{7,7,7,7}'::float8[]), (2, '{5}'), (3, '{0,0,0,8}'), (4, '{0,0,4,4}'), (5, '{1,1,1,1,4}'), (6, '{-2,2,4}'), (7, '{-10,1,1,9}'), (8, '{1e-300,3e-300}'), (9, '{5e-324,1.5e-323}'), (10, '{1e100,1e100,-1e100}')) AS d(i, data), unnest(data) v
GROUP BY i, data ORDER BY i;
-- a sum that is not positive has no shares; NULLs are left out; nothing is NULL
SELECT data, icm_gini_agg(v) IS NULL AS gini, icm_lorenz_agg(v, 4) IS NULL AS lorenz, icm_top_share_agg(v, 0.25) IS NULL AS top_share
FROM (VALUES (1, '{0}'::float8[]), (2, '{-1,1}'), (3, '{-5,2,1}'), (4, '{-0,0}'), (5, '{NULL}'), (6, '{NULL,1}')) AS d(i, data), unnest(data) v
GROUP BY i, data ORDER BY i;
SELECT icm_gini_agg(v) IS NULL AND icm_lorenz_agg(v, 4) IS NULL AND icm_top_share_agg(v, 0.25) IS NULL AS no_rows FROM (VALUES (1)) AS d(v) WHERE false;
SELECT icm_gini_agg(v) AS gini, icm_lorenz_agg(v, 2) AS lorenz, icm_top_share_agg(v, 0.5) AS top_half FROM unnest('{NULL,1,NULL,3}'::float8[]) v;

-- beside the definitions, in exact numbers: the mean absolute difference of all pairs over twice the mean; cumulated sums with straight lines
CREATE FUNCTION pg_temp.gini(data numeric[]) RETURNS numeric
LANGUAGE sql AS $$
    SELECT (SELECT avg(abs(a - b)) FROM unnest(data) a, unnest(data) b) / (2 * avg(v)) FROM unnest(data) v HAVING sum(v) > 0
$$;
CREATE FUNCTION pg_temp.lorenz(data numeric[], p numeric) RETURNS numeric
LANGUAGE sql AS $$
    SELECT sum(v * least(greatest(p * n - (rank - 1), 0), 1)) / sum(v)
    FROM (SELECT v, row_number() OVER (ORDER BY v) AS rank, count(*) OVER () AS n FROM unnest(data) v) r HAVING sum(v) > 0
$$;
CREATE FUNCTION pg_temp.top_share(data numeric[], share numeric) RETURNS numeric
LANGUAGE sql AS $$
    SELECT coalesce(sum(v) FILTER (WHERE rank <= ceil(share * n)), 0) / sum(v)
    FROM (SELECT v, row_number() OVER (ORDER BY v DESC) AS rank, count(*) OVER () AS n FROM unnest(data) v) r HAVING sum(v) > 0
$$;
-- 1 to 60 values: with ties, negative ones, many zeros, hundredths
CREATE TEMP TABLE data AS
    SELECT i AS id, 1 + i % 13 AS steps,
           ARRAY(SELECT CASE i % 4 WHEN 0 THEN floor(f * 12) - 3
                                   WHEN 1 THEN floor(f * 1000) - 200
                                   WHEN 2 THEN greatest(0, floor(f * 90) - 60)
                                   ELSE floor(f * 10000) / 100 END::numeric
                 FROM generate_series(1, 1 + i / 5) j,
                 LATERAL (SELECT (hashint4extended(j, i) & 4294967295) / 4294967296::float8) AS r(f)) AS data
    FROM generate_series(1, 300) i;
SELECT count(*) AS cases, count(gini) > 200 AS most_are_positive, count(*) FILTER (WHERE gini > 1) > 0 AS some_above_one,
       count(*) FILTER (WHERE (gini IS NULL) <> (pg_temp.gini(data) IS NULL) OR abs(gini - pg_temp.gini(data)::float8) > 1e-12 * greatest(1, gini)) AS gini_otherwise,
       count(*) FILTER (WHERE (lorenz IS NULL) <> (gini IS NULL) OR cardinality(lorenz) <> steps + 1 OR lorenz[1] <> 0 OR lorenz[steps + 1] <> 1
                           OR EXISTS (SELECT FROM generate_series(0, steps) k WHERE abs(lorenz[k + 1] - pg_temp.lorenz(data, k / steps::numeric)::float8) > 1e-12 * greatest(1, gini))) AS lorenz_otherwise,
       count(*) FILTER (WHERE (top_share IS NULL) <> (gini IS NULL) OR abs(top_share - pg_temp.top_share(data, (id % 101) / 100.0)::float8) > 1e-12 * greatest(1, gini)) AS top_share_otherwise
FROM data, LATERAL (SELECT icm_gini_agg(v), icm_lorenz_agg(v, steps), icm_top_share_agg(v, id % 101 / 100.0) FROM unnest(data::float8[]) v) AS m(gini, lorenz, top_share);
-- the Gini coefficient is twice the area between the curve and the diagonal; no corner is left out when each customer is a step
SELECT count(*) AS cases, count(*) FILTER (WHERE abs(gini - (1 - (SELECT sum(lorenz[k] + lorenz[k + 1]) FROM generate_series(1, n) k) / n)) > 1e-12 * greatest(1, gini)) AS otherwise
FROM data, cardinality(data) n, LATERAL (SELECT icm_gini_agg(v), icm_lorenz_agg(v, n) FROM unnest(data::float8[]) v) AS m(gini, lorenz)
WHERE gini IS NOT NULL;
-- of any unit
SELECT count(DISTINCT round(gini::numeric, 12)) AS ginis FROM unnest('{1e-300,1e-160,1,1e90}'::float8[]) unit, LATERAL (SELECT icm_gini_agg(v * 1024 * unit) FROM unnest('{1,2,4,8,100}'::float8[]) v) AS g(gini);
-- one customer of a million has all: exactly 1 - 1/n
SELECT icm_gini_agg(CASE WHEN i = 77 THEN 3 ELSE 0 END) = 1 - 1e-6::float8 AS one_of_a_million, icm_top_share_agg(CASE WHEN i = 77 THEN 3 ELSE 0 END, 1e-6) AS has_all FROM generate_series(1, 1000000) i;
SELECT cardinality(icm_lorenz_agg(i, 10000)), (icm_lorenz_agg(i, 10000))[5001] FROM generate_series(0, 10000) i;

-- what is refused
SELECT call, e.*
FROM (VALUES ('icm_gini_agg(''NaN'')'), ('icm_gini_agg(''Infinity'')'), ('icm_gini_agg(-1e141)'), ('icm_lorenz_agg(1, 0)'), ('icm_lorenz_agg(1, -1)'), ('icm_lorenz_agg(1, 10001)'), ('icm_lorenz_agg(1, NULL)'),
             ('icm_lorenz_agg(NULL, 0)'), ('icm_lorenz_agg(''NaN'', 1)'), ('icm_top_share_agg(1, -0.1)'), ('icm_top_share_agg(1, 1.1)'), ('icm_top_share_agg(1, 20)'), ('icm_top_share_agg(1, ''NaN'')'),
             ('icm_top_share_agg(1, NULL)'), ('icm_top_share_agg(NULL, 2)'), ('icm_lorenz_agg(i, i)'), ('icm_top_share_agg(i, i / 10.0)')) AS v(call),
     pg_temp.error_of(format('SELECT %s FROM generate_series(1, 2) i', call)) e;
SELECT icm_top_share_agg(1, 20);
SELECT icm_lorenz_agg(1, 0);
SELECT icm_gini_accum(NULL, 1);
SELECT icm_lorenz_accum(NULL, 1, 4);
SELECT icm_top_share_accum(NULL, 1, 0.5);
SELECT icm_gini_final(NULL) IS NULL AND icm_lorenz_final(NULL) IS NULL AND icm_top_share_final(NULL) IS NULL AS nulls;
-- a state that is none, or one of another aggregate
SELECT f, e.state, e.message FROM unnest('{icm_gini_final,icm_lorenz_final,icm_top_share_final}'::text[]) f, (VALUES (''), ('\x01'), (repeat('\000', 300)), (repeat('\377', 300))) AS v(state),
     pg_temp.error_of(format('SELECT %s(%L)', f, v.state)) e;
CREATE AGGREGATE pg_temp.gini_state(float8) (SFUNC = icm_gini_accum, STYPE = bytea);
SELECT f, e.state FROM unnest('{icm_lorenz_final,icm_top_share_final,icm_scale_final}'::text[]) f,
     pg_temp.error_of(format('SELECT %s(pg_temp.gini_state(v)) FROM generate_series(1, 9) v', f)) e;

-- whatever the order, the parts and the plan: the same bits
CREATE TABLE icm_spread AS SELECT i, i % 5 AS part, CASE i % 4 WHEN 0 THEN hashint4(i) / 1e7 WHEN 1 THEN abs(hashint4(i)) / 3.0 WHEN 2 THEN i % 37 ELSE exp(hashint4(i) / 1e8) END AS v FROM generate_series(1, 5000) i;
ALTER TABLE icm_spread SET (parallel_workers = 2);
ANALYZE icm_spread;
CREATE AGGREGATE pg_temp.lorenz_state(float8, int) (SFUNC = icm_lorenz_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.top_share_state(float8, float8) (SFUNC = icm_top_share_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.gini_combine(bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_gini_final);
CREATE AGGREGATE pg_temp.lorenz_combine(bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_lorenz_final);
CREATE AGGREGATE pg_temp.top_share_combine(bytea) (SFUNC = icm_values_combine, STYPE = bytea, FINALFUNC = icm_top_share_final);
CREATE FUNCTION pg_temp.bits(gini float8, lorenz float8[], top_share float8) RETURNS text
LANGUAGE sql AS $$ SELECT encode(float8send(gini) || array_send(lorenz) || float8send(top_share), 'hex') $$;
SELECT count(*) AS ways, count(DISTINCT bits) AS results
FROM (SELECT pg_temp.bits(icm_gini_agg(v ORDER BY hashint4extended(i, k)), icm_lorenz_agg(v, 7 ORDER BY hashint4extended(i, k)), icm_top_share_agg(v, 0.2 ORDER BY hashint4extended(i, k)))
      FROM icm_spread, generate_series(1, 10) k GROUP BY k
      UNION ALL
      SELECT pg_temp.bits(pg_temp.gini_combine(g), pg_temp.lorenz_combine(l), pg_temp.top_share_combine(t))
      FROM (SELECT k, pg_temp.gini_state(v) AS g, pg_temp.lorenz_state(v, 7) AS l, pg_temp.top_share_state(v, 0.2) AS t FROM icm_spread, generate_series(1, 10) k
            GROUP BY k, hashint4extended(i, k) % (k * k)) AS p GROUP BY k) AS r(bits);
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
    EXECUTE 'SELECT string_agg(key || '' '' || pg_temp.bits(g, l, t), E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_gini_agg(v) AS g, icm_lorenz_agg(v, 7) AS l, icm_top_share_agg(v, 0.2) AS t FROM icm_spread'),
    (2, 'SELECT part AS key, icm_gini_agg(v) AS g, icm_lorenz_agg(v, 100) AS l, icm_top_share_agg(v, 0.01) AS t FROM icm_spread GROUP BY part');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 200 AS some FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;
SET work_mem = '64kB';
SELECT id, pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET work_mem;
DROP TABLE icm_spread;
-- by group, and in windows
SELECT i, icm_gini_agg(v) OVER (ORDER BY i) AS growing, icm_top_share_agg(v, 0.5) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS moving
FROM unnest('{1,3,0,8}'::float8[]) WITH ORDINALITY u(v, i);
