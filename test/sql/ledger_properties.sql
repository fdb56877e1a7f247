--
-- icm_ledger: the same bytes whatever the order of the events, the partition and the plan
--
-- pseudo-random, from 0 to below 1, the same on every server
CREATE FUNCTION pg_temp.fraction(i int, seed bigint) RETURNS float8
LANGUAGE sql IMMUTABLE AS 'SELECT (hashint4extended($1, $2) & 4294967295) / 4294967296::float8';

-- 200 customers with 1 to 131 events each: few days, so that many events share one; cents, so that sums round;
-- amounts of very different size, so that they absorb and cancel each other; refunds, NULLs.
CREATE TABLE icm_event AS
    SELECT customer, i, date '2026-01-01' + floor(pg_temp.fraction(i, 1) * (1 + customer % 7))::int AS day,
           CASE WHEN pg_temp.fraction(i, 2) < 0.9 THEN
                floor(pg_temp.fraction(i, 3) * 20000 - 5000) / 100 * 10 ^ (customer % 5 * floor(pg_temp.fraction(i, 4) * 4)) END AS revenue,
           CASE WHEN pg_temp.fraction(i, 5) < 0.5 THEN floor(pg_temp.fraction(i, 6) * 5000) / 100 END AS cost
    FROM generate_series(1, 200) customer, generate_series(1000 * customer, 1000 * customer + 131 * customer / 201) i;
INSERT INTO icm_event           -- the negative of some amounts later
    SELECT customer, -i, day, -revenue, -cost FROM icm_event WHERE i % 3 = 0;
CREATE INDEX icm_event_customer ON icm_event (customer);
ANALYZE icm_event;
CREATE TEMP TABLE serial AS
    SELECT customer, icm_ledger_agg(day, revenue, cost)::text AS ledger, icm_ledger_agg(day, revenue)::text AS revenue_only
    FROM icm_event GROUP BY customer;
SELECT count(*) AS customers, count(ledger) AS ledgers, bool_or(ledger <> revenue_only) AS costs_matter FROM serial;
-- float8's own sums depend on the order of these events
SELECT count(*) > 100 AS days_differ
FROM (SELECT FROM icm_event GROUP BY customer, day HAVING sum(revenue ORDER BY i) <> sum(revenue ORDER BY -i)) AS d;

-- 10 permutations of each customer's events
SELECT count(*) AS cases, count(*) FILTER (WHERE p.ledger <> s.ledger OR p.revenue_only <> s.revenue_only) AS otherwise
FROM serial s, generate_series(1, 10) k,
     LATERAL (SELECT icm_ledger_agg(day, revenue, cost ORDER BY hashint4extended(i, k))::text,
                     icm_ledger_agg(day, revenue ORDER BY hashint4extended(i, k))::text
              FROM icm_event e WHERE e.customer = s.customer) AS p(ledger, revenue_only);

-- Partitions as a parallel plan makes them: without a final function an aggregate returns its transition state, and
-- icm_rollup's transition function is the combine function of them all. 1 to 12 parts, some of them empty.
CREATE AGGREGATE pg_temp.state_agg(date, float8, float8) (SFUNC = icm_ledger_add, STYPE = icm_ledger);
CREATE AGGREGATE pg_temp.merge_agg(icm_ledger) (SFUNC = icm_ledger_merge, STYPE = icm_ledger);
SELECT count(*) AS cases, count(*) FILTER (WHERE p.ledger <> s.ledger) AS otherwise
FROM serial s, generate_series(1, 12) k,
     LATERAL (SELECT icm_rollup(state ORDER BY hashint4extended(part, k))::text
              FROM (SELECT part, pg_temp.state_agg(day, revenue, cost ORDER BY hashint4extended(i, k))
                    FROM generate_series(1, k) part
                        LEFT JOIN icm_event e ON e.customer = s.customer AND floor(pg_temp.fraction(i, k) * k) + 1 = part
                    GROUP BY part) AS parts(part, state)) AS p(ledger);
-- states of states
SELECT count(*) AS cases, count(*) FILTER (WHERE p.ledger <> s.ledger) AS otherwise
FROM serial s,
     LATERAL (SELECT icm_rollup(state)::text
              FROM (SELECT pg_temp.merge_agg(state)
                    FROM (SELECT i % 10, pg_temp.state_agg(day, revenue, cost)
                          FROM icm_event e WHERE e.customer = s.customer GROUP BY 1) AS parts(part, state)
                    GROUP BY part % 3) AS merged(state)) AS p(ledger);

-- a transition state is a ledger like any other to whoever reads it
SELECT count(*) AS states, bool_and(state::text = ledger AND icm_ledger_send(state) = icm_ledger_send(ledger::icm_ledger)
           AND icm_revenue(state) = icm_revenue(ledger::icm_ledger)
           AND ARRAY(SELECT d::text FROM icm_ledger_days(state) d) = ARRAY(SELECT d::text FROM icm_ledger_days(ledger::icm_ledger) d)
           AND icm_ledger_add(state, date '2026-01-03', 1)::text = icm_ledger_add(ledger::icm_ledger, date '2026-01-03', 1)::text
           AND icm_ledger_merge(state, NULL)::text = ledger AND icm_ledger_merge(NULL, state)::text = ledger) AS same
FROM serial, LATERAL (SELECT pg_temp.state_agg(day, revenue, cost) FROM icm_event e WHERE e.customer = serial.customer) AS s(state);

-- Ledgers that were finished are rounded to float8, each day once. Rolled up they give the serial bytes where the parts
-- hold different days, or where float8 adds the amounts without rounding (here eighths).
SELECT count(*) AS cases, count(*) FILTER (WHERE by_days.ledger <> s.ledger) AS otherwise_by_days,
       count(*) FILTER (WHERE eighths.rollup <> eighths.serial) AS otherwise_eighths
FROM serial s, generate_series(1, 5) k,
     LATERAL (SELECT icm_rollup(part)::text
              FROM (SELECT icm_ledger_agg(day, revenue, cost) FROM icm_event e WHERE e.customer = s.customer
                    GROUP BY extract(day FROM day)::int % k) AS parts(part)) AS by_days(ledger),
     LATERAL (SELECT icm_rollup(part)::text,
                     (SELECT icm_ledger_agg(day, round(revenue) / 8, round(cost) / 8)::text FROM icm_event e
                     WHERE e.customer = s.customer)
              FROM (SELECT icm_ledger_agg(day, round(revenue) / 8, round(cost) / 8) FROM icm_event e WHERE e.customer = s.customer
                    GROUP BY floor(pg_temp.fraction(i, 7) * k)) AS parts(part)) AS eighths(rollup, serial);
-- Else they give what k roundings leave: (k + 2) * 2^-53 of the day's turnover at most, by icm_rollup 3 * 2^-53.
CREATE TEMP TABLE part AS
    SELECT customer, floor(pg_temp.fraction(i, 7) * 4) + 1 AS part, icm_ledger_agg(day, revenue, cost) AS ledger
    FROM icm_event GROUP BY 1, 2;
CREATE TEMP TABLE turnover AS
    SELECT customer, day, sum(abs(revenue)) AS revenue, sum(abs(cost)) AS cost FROM icm_event GROUP BY customer, day;
SELECT count(*) AS days, bool_and(r.orders = s.orders AND m.orders = s.orders) AS same_orders,
       bool_and(abs(r.revenue - s.revenue) <= 3 * 2 ^ -53 * coalesce(t.revenue, 0) AND
                abs(r.cost - s.cost) <= 3 * 2 ^ -53 * coalesce(t.cost, 0)) AS rollup_within,
       bool_and(abs(m.revenue - s.revenue) <= 6 * 2 ^ -53 * coalesce(t.revenue, 0) AND
                abs(m.cost - s.cost) <= 6 * 2 ^ -53 * coalesce(t.cost, 0)) AS merge_within
FROM (SELECT customer, (icm_ledger_days(ledger::icm_ledger)).* FROM serial) s
     FULL JOIN (SELECT customer, (icm_ledger_days(icm_rollup(ledger))).* FROM part GROUP BY customer) r USING (customer, day)
     FULL JOIN (SELECT customer,
                       (icm_ledger_days(icm_ledger_merge(icm_ledger_merge(min(ledger::text) FILTER (WHERE part = 1)::icm_ledger,
                                                                          min(ledger::text) FILTER (WHERE part = 2)::icm_ledger),
                                                         icm_ledger_merge(min(ledger::text) FILTER (WHERE part = 3)::icm_ledger,
                                                                          min(ledger::text) FILTER (WHERE part = 4)::icm_ledger)))).*
                FROM part GROUP BY customer) m USING (customer, day)
     FULL JOIN turnover t USING (customer, day);

-- text out and in: the same value
SELECT count(*) AS ledgers,
       count(*) FILTER (WHERE icm_ledger_send(ledger) <> icm_ledger_send(ledger::text::icm_ledger)) AS otherwise FROM part;

-- parallel plans
DROP INDEX icm_event_customer;
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
-- the whole result of a query for key and ledger
CREATE FUNCTION pg_temp.result(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(key || '' '' || ledger::text, E''\n'' ORDER BY key) FROM (' || query || ') q' INTO result;
    RETURN result;
END
$$;
CREATE TABLE icm_part AS
    SELECT customer, i % 10 AS part, icm_ledger_agg(day, revenue, cost) AS ledger FROM icm_event GROUP BY 1, 2;
ALTER TABLE icm_part SET (parallel_workers = 2);
ALTER TABLE icm_event SET (parallel_workers = 2);
ANALYZE icm_part;
CREATE TEMP TABLE query (id int, query text, serial text);
INSERT INTO query VALUES
    (1, 'SELECT customer AS key, icm_ledger_agg(day, revenue, cost) AS ledger FROM icm_event GROUP BY customer'),
    (2, 'SELECT customer AS key, icm_ledger_agg(day, revenue) AS ledger FROM icm_event GROUP BY customer'),
    (3, 'SELECT 1 AS key, icm_ledger_agg(day, revenue, cost) AS ledger FROM icm_event'),
    (4, 'SELECT customer AS key, icm_ledger_agg(day::timestamp, revenue, cost) AS ledger FROM icm_event GROUP BY customer'),
    (5, 'SELECT customer AS key, icm_ledger_agg(day::timestamptz, revenue) AS ledger FROM icm_event GROUP BY customer'),
    (6, 'SELECT part AS key, icm_rollup(ledger) AS ledger FROM icm_part GROUP BY part'),
    (7, 'SELECT 1 AS key, icm_rollup(ledger) AS ledger FROM icm_part');
SET max_parallel_workers_per_gather = 0;
SELECT id, pg_temp.is_parallel(query) FROM query ORDER BY id;
UPDATE query SET serial = pg_temp.result(query);
SELECT count(*) FROM query WHERE length(serial) > 100;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
SET enable_hashagg = off;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET enable_hashagg;
SET parallel_leader_participation = on;
SELECT id, pg_temp.is_parallel(query), pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;

-- hash aggregation that spills: the same
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SET enable_sort = off;
SELECT id, pg_temp.result(query) = serial AS same FROM query ORDER BY id;
RESET ALL;

-- aggregation by partition
CREATE TABLE icm_event_by (LIKE icm_event) PARTITION BY HASH (i);
CREATE TABLE icm_event_by_0 PARTITION OF icm_event_by FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE icm_event_by_1 PARTITION OF icm_event_by FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE icm_event_by_2 PARTITION OF icm_event_by FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO icm_event_by SELECT * FROM icm_event;
ANALYZE icm_event_by;
SET enable_partitionwise_aggregate = on;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT id, pg_temp.result(replace(query, 'icm_event', 'icm_event_by')) = serial AS same FROM query WHERE id < 6 ORDER BY id;
RESET ALL;

DROP TABLE icm_event, icm_part, icm_event_by;
