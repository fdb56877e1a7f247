--
-- icm_clv_holdout: what was expected beside what happened
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
-- pseudo-random, between 0 and 1, the same on every server
CREATE FUNCTION pg_temp.fraction(i int, seed bigint) RETURNS float8
LANGUAGE sql IMMUTABLE AS 'SELECT ((hashint4extended($1, $2) & 4294967295) + 0.5) / 4294967296::float8';

-- 600 customers as Pareto/NBD and Gamma-Gamma see them: a purchase rate a day from Gamma(1, 40), a rate of loss from
-- Gamma(1, 150), prices from Gamma(2, v) with v from Gamma(3, 60)
CREATE TABLE icm_customer AS
    SELECT customer, segment, icm_ledger_agg(day, revenue) AS ledger
    FROM (SELECT customer, segment, since + floor(at)::int AS day, round((price * size)::numeric, 2)::float8 AS revenue
          FROM (SELECT id AS customer, id % 2 AS segment, date '2025-01-01' + floor(pg_temp.fraction(id, 1) * 84)::int AS since,
                       -ln(pg_temp.fraction(id, 2)) / 40 AS rate, -ln(pg_temp.fraction(id, 3)) / (-ln(pg_temp.fraction(id, 4)) / 150) AS lost_at,
                       60 / -ln(pg_temp.fraction(id, 6) * pg_temp.fraction(id, 7) * pg_temp.fraction(id, 8)) AS price
                FROM generate_series(1, 600) id) AS c,
               LATERAL (SELECT sum(CASE WHEN n > 0 THEN -ln(pg_temp.fraction(customer * 1000 + n, 5)) / rate ELSE 0 END) OVER (ORDER BY n) AS at,
                               -ln(pg_temp.fraction(customer * 1000 + n, 9) * pg_temp.fraction(customer * 1000 + n, 10)) AS size
                        FROM generate_series(0, 100) n) AS purchase
          WHERE at < least(lost_at, 700)) AS purchases
    GROUP BY 1, 2;
INSERT INTO icm_customer VALUES (601, 0, '{2025-12-01 1 10 0}'), (602, 0, '{2025-02-01 0 0 5}'), (603, 1, NULL);   -- not seen by then
ALTER TABLE icm_customer SET (parallel_workers = 2);
ANALYZE icm_customer;

-- beside plain SQL: the fit as of the day, what it expects of each, and what each bought
CREATE FUNCTION pg_temp.plain(calibrate_to date, until date, process text, unit_days float8) RETURNS SETOF icm_clv_holdout_class
LANGUAGE sql AS $$
    SELECT frequency, customers, expected, actual, expected / customers, actual::float8 / customers, expected / nullif(actual, 0) - 1
    FROM (SELECT CASE WHEN x IS NULL THEN 'all' WHEN x >= 7 THEN '7+' ELSE x::text END AS frequency, count(*) AS customers,
          sum(expected) AS expected, sum(actual)::bigint AS actual
          FROM (SELECT least(b.x, 7) AS x, icm_expected_purchases(model, ledger, calibrate_to, until - calibrate_to) AS expected,
                a.x - b.x AS actual
                FROM icm_customer, (SELECT icm_clv_fit(ledger, calibrate_to, process, unit_days) FROM icm_customer) AS f(model),
                     icm_btyd(ledger, calibrate_to) b, icm_btyd(ledger, until) a WHERE b.x IS NOT NULL) AS c
          GROUP BY GROUPING SETS ((x), ())) AS s
$$;
SELECT process, unit_days, until, count(*) AS rows, bool_and((h.frequency = p.frequency AND h.customers = p.customers AND h.actual = p.actual
                                                              AND abs(h.expected / p.expected - 1) < 1e-12 AND
       abs(h.expected_mean / p.expected_mean - 1) < 1e-12 AND abs(h.actual_mean - p.actual_mean) < 1e-12
       AND (h.error IS NULL) = (h.actual = 0) AND
       (h.error IS NULL AND p.error IS NULL OR abs(h.error - p.error) < 1e-12)) IS TRUE) AS same
FROM (VALUES ('bgnbd', 7::float8, date '2025-12-31'), ('mbgnbd', 7, '2025-12-31'), ('paretonbd', 7, '2025-12-31'), ('bgnbd', 1, '2025-12-31'),
      ('bgnbd', 7, '2025-10-01'), ('mbgnbd', 30.4375, '2026-09-30'))
         AS v(process, unit_days, until),
     LATERAL (SELECT (unnest(icm_clv_holdout(ledger, '2025-09-30', until, process, unit_days))).*
              FROM icm_customer) h FULL JOIN pg_temp.plain('2025-09-30', until, process, unit_days) p USING (frequency)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- the process that made the purchases predicts them; the rows, and what they add up to
SELECT frequency, customers, actual, CASE frequency WHEN 'all' THEN abs(error) < 0.15 END AS near
FROM (SELECT (unnest(icm_clv_holdout(ledger, '2025-09-30', '2026-06-30', 'paretonbd'))).* FROM icm_customer) h;
SELECT a.customers = c.customers AS customers, a.actual = c.actual AS actual, abs(a.expected / c.expected - 1) < 1e-12 AS expected,
       a.expected_mean = a.expected / a.customers AS expected_mean,
       a.actual_mean = a.actual::float8 / a.customers AS actual_mean, a.error = a.expected / a.actual - 1 AS error
FROM (SELECT unnest(icm_clv_holdout(ledger, '2025-09-30', '2026-06-30')) AS h FROM icm_customer) h, LATERAL (SELECT (h).*) a,
     (SELECT sum(customers) AS customers, sum(actual) AS actual, sum(expected) AS expected
      FROM (SELECT (unnest(icm_clv_holdout(ledger, '2025-09-30', '2026-06-30'))).* FROM icm_customer) k WHERE frequency <> 'all') c
WHERE a.frequency = 'all';
-- bgnbd and a week if not given
SELECT icm_clv_holdout(ledger, '2025-09-30', '2025-12-31')::text = icm_clv_holdout(ledger, '2025-09-30', '2025-12-31', 'bgnbd')::text AND
       icm_clv_holdout(ledger, '2025-09-30', '2025-12-31')::text = icm_clv_holdout(ledger, '2025-09-30', '2025-12-31', 'bgnbd',
           7)::text AS defaults,
       pg_typeof(icm_clv_holdout(ledger, '2025-09-30', '2025-12-31')) AS type FROM icm_customer;
-- nobody of a class bought: the error is not known
SELECT frequency, customers > 0 AS some, actual, expected > 0 AS expected, round(actual_mean::numeric, 3) AS actual_mean,
       round(error::numeric, 2) AS error
FROM (SELECT (unnest(icm_clv_holdout(CASE WHEN x > 1 THEN icm_ledger_merge(seen, '{2025-10-05 1 10 0}') ELSE seen END, '2025-09-30',
                                     '2025-12-31', 'mbgnbd'))).*
      FROM (SELECT x, (SELECT icm_ledger_agg(day, revenue) FROM icm_ledger_days(ledger) WHERE day <= '2025-09-30') AS seen FROM icm_customer,
            icm_btyd(ledger, '2025-09-30')) AS c) h
WHERE frequency IN ('0', '1', '2', 'all');
-- a class without customers has no row
SELECT array_agg(frequency) AS frequencies FROM (SELECT (unnest(icm_clv_holdout(ledger, '2025-09-30', '2025-12-31'))).* FROM icm_customer,
                                                 icm_btyd(ledger, '2025-09-30') b WHERE x NOT IN (2, 5)) h;
-- none: NULL
SELECT icm_clv_holdout(ledger, '2025-09-30', '2025-12-31') IS NULL AS not_seen,
       (SELECT icm_clv_holdout(ledger, '2025-09-30', '2025-12-31') IS NULL FROM icm_customer WHERE false) AS no_rows
FROM icm_customer WHERE customer > 600;

-- the order of the customers has no say, nor has the plan
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
-- the whole result of a query for key and rows
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || rows::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT 1 AS key, icm_clv_holdout(ledger, ''2025-09-30'', ''2025-12-31'') AS rows FROM icm_customer'),
    (2, 'SELECT segment AS key, icm_clv_holdout(ledger, ''2025-09-30'', ''2026-06-30'', ''mbgnbd'') AS rows FROM icm_customer GROUP BY segment'),
    (3, 'SELECT 1 AS key, icm_clv_holdout(ledger, ''2025-09-30'', ''2025-12-31'', ''paretonbd'', 1) AS rows FROM icm_customer');
SET max_parallel_workers_per_gather = 0;
UPDATE query SET serial = pg_temp.result(query);
SELECT id, pg_temp.is_parallel(query), length(serial) > 100 AS some,
       serial = pg_temp.result(replace(query, 'FROM icm_customer',
                                       'FROM (SELECT * FROM icm_customer ORDER BY customer * 97 % 601) c')) AS other_order
FROM query ORDER BY id;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;
-- a window that grows
SELECT DISTINCT segment, rows = (SELECT icm_clv_holdout(ledger, '2025-09-30', '2025-12-31')::text FROM icm_customer c
                                 WHERE c.segment <= w.segment) AS as_alone
FROM (SELECT segment, icm_clv_holdout(ledger, '2025-09-30', '2025-12-31') OVER (ORDER BY segment)::text FROM icm_customer) AS w(segment, rows)
     ORDER BY segment;

-- each may be calibrated to a day of its own
SELECT icm_clv_holdout(ledger, date '2025-09-30' + segment, date '2025-12-31' + segment) IS NOT NULL AS staggered FROM icm_customer;

-- what is refused
SELECT arguments, e.*
FROM (VALUES ('''2025-09-30'', ''2025-09-30'''), ('''2025-09-30'', ''2025-09-29'''), ('''2025-09-30'', ''infinity'''),
      ('''-infinity'', ''2025-09-30'''), ('NULL, ''2025-09-30'''), ('''2025-09-30'', NULL'),
             ('''2025-09-30'', ''2025-12-31'', NULL'), ('''2025-09-30'', ''2025-12-31'', ''sbg'''),
             ('''2025-09-30'', ''2025-12-31'', ''bgnbd'', NULL'), ('''2025-09-30'', ''2025-12-31'', ''bgnbd'', 0'),
             ('''2025-09-30'', ''2025-12-31'', ''bgnbd'', ''NaN'''), ('''2025-09-30'', date ''2025-09-30'' + customer'),
             ('''2025-09-30'', ''2025-12-31'', CASE segment WHEN 0 THEN ''bgnbd'' ELSE ''mbgnbd'' END'),
             ('''2025-01-02'', ''2025-12-31''')) AS v(arguments),
     pg_temp.error_of(format('SELECT icm_clv_holdout(ledger, %s) FROM icm_customer', arguments)) e;
SELECT icm_clv_holdout(ledger, '2025-12-31', '2025-09-30') FROM icm_customer;
SELECT icm_clv_holdout_accum(NULL, '{2025-01-01 1 10 0}', '2025-09-30', '2025-12-31');
SELECT icm_clv_holdout_final('');
-- the state of a fit is not one of a holdout, nor that of another one
CREATE AGGREGATE pg_temp.fit_state_agg(icm_ledger, date, text) (SFUNC = icm_clv_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.state_agg(icm_ledger, date, date, text) (SFUNC = icm_clv_holdout_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.holdout_agg(bytea) (SFUNC = icm_fit_combine, STYPE = bytea, FINALFUNC = icm_clv_holdout_final);
CREATE TEMP TABLE state AS SELECT pg_temp.fit_state_agg(ledger, '2025-09-30', 'bgnbd') AS fit,
pg_temp.state_agg(ledger, '2025-09-30', '2025-12-31', 'bgnbd') AS holdout,
       pg_temp.state_agg(ledger, '2025-09-30', '2025-12-30', 'bgnbd') AS shorter FROM icm_customer;
SELECT pg_temp.holdout_agg(fit) FROM state;
SELECT pg_temp.holdout_agg(s) FROM state, unnest(ARRAY[holdout, shorter]) s;
SELECT array_length(pg_temp.holdout_agg(holdout), 1) AS rows FROM state;

DROP TABLE icm_customer;
