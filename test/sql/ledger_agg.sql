--
-- icm_ledger_agg, icm_rollup, icm_ledger_add, icm_ledger_merge
--
CREATE FUNCTION pg_temp.error_of(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;

-- both arities; days in any order, two events of one day, a refund
CREATE TEMP TABLE event (customer int, day date, revenue float8, cost float8);
INSERT INTO event VALUES
    (1, '2026-02-11', 20, 5), (1, '2026-01-05', 40.25, 10), (1, '2026-01-05', 19.5, 2.5), (1, '2026-02-11', -30, 4),
    (2, '2025-12-31', 7, NULL),
    (3, '2026-01-05', NULL, 3), (3, '2026-01-06', NULL, NULL), (3, '2026-01-07', -2, NULL);
SELECT customer, icm_ledger_agg(day, revenue) AS revenue_only, icm_ledger_agg(day, revenue, cost) AS with_cost
FROM event GROUP BY customer ORDER BY customer;

-- an order is revenue that is given and not negative; NULL is no purchase, a negative amount a refund
SELECT revenue, cost, icm_ledger_agg(date '2026-01-05', revenue, cost)
FROM (VALUES (1, 10::float8, 2::float8), (2, 10, NULL), (3, 0, 0), (4, 0, NULL), (5, '-0', '-0'), (6, 5e-324, NULL),
             (7, -5e-324, NULL),
             (8, -10, 2), (9, -10, NULL), (10, NULL, 2), (11, NULL, 0), (12, NULL, -2),
             (13, NULL, NULL)) AS e(id, revenue, cost)
GROUP BY id, revenue, cost ORDER BY id;
SELECT revenue, icm_ledger_agg(date '2026-01-05', revenue)
FROM (VALUES (10::float8), (0), (-10), (NULL)) AS e(revenue) GROUP BY revenue ORDER BY revenue;

-- no rows, only rows that say nothing, the empty row of an outer join, a day that is not known for nothing
SELECT icm_ledger_agg(day, revenue, cost) IS NULL AS no_rows, icm_ledger_agg(day, revenue) IS NULL AS no_rows_2
FROM event WHERE customer = 0;
SELECT icm_ledger_agg(day, revenue, cost) IS NULL AS nothing_said FROM event WHERE day = '2026-01-06';
SELECT c AS customer, icm_ledger_agg(day, revenue, cost) FROM generate_series(2, 4) c LEFT JOIN event ON customer = c
GROUP BY c ORDER BY c;
SELECT icm_ledger_agg(day, revenue) FROM (VALUES (date '2026-01-05', 1), (NULL, NULL)) AS e(day, revenue);

-- what is refused
SELECT args, e.*
FROM (VALUES ('NULL::date, 1'), ('NULL::date, 1, NULL'), ('NULL::date, NULL, 0'), ('NULL::timestamp, 1'),
             ('NULL::timestamptz, NULL, 1'),
             ('date ''infinity'', 1'), ('date ''-infinity'', NULL, 1'), ('timestamp ''infinity'', 1'),
             ('timestamptz ''-infinity'', 1, 1'),
             ('date ''2026-01-05'', ''NaN'''), ('date ''2026-01-05'', ''Infinity'''), ('date ''2026-01-05'', ''-Infinity'', 1'),
             ('date ''2026-01-05'', 1, ''NaN'''), ('date ''2026-01-05'', NULL, ''-Infinity''')) AS v(args),
     pg_temp.error_of(format('SELECT icm_ledger_agg(%s)', args)) e;
SELECT icm_ledger_agg(NULL::date, 1);

-- timestamp: the day that ::date gives
SELECT icm_ledger_agg(at, 1), icm_ledger_agg(at, 1, 0.5)
FROM (VALUES (timestamp '2026-01-05 00:00'), ('2026-01-05 23:59:59.999999'), ('2026-01-06 00:00'), ('1999-12-31 23:59:59.999999'),
             ('0001-12-31 12:00 BC')) AS e(at);

-- timestamptz: the day in the session's time zone, with its summer time
CREATE TEMP TABLE instant (at timestamptz);
INSERT INTO instant VALUES ('2026-01-05 23:30+00'), ('2026-06-30 23:30+00');
SET TimeZone = 'UTC';
SELECT icm_ledger_agg(at, 1), icm_ledger_agg(at, 1, 0.5) FROM instant;
SET TimeZone = 'Asia/Tokyo';
SELECT icm_ledger_agg(at, 1), icm_ledger_agg(at, 1, 0.5) FROM instant;
SET TimeZone = 'Europe/London';
SELECT icm_ledger_agg(at, 1), icm_ledger_add(NULL, max(at), 1, 0.5), icm_ledger_add(NULL, max(at), 1) FROM instant;
RESET TimeZone;

-- a day given as a mere string is a timestamptz to PostgreSQL, and the same day; amounts of other types are cast
SELECT icm_ledger_agg('2026-01-05', 1), icm_ledger_agg('2026-01-05', 1.5::numeric, 1::bigint), icm_ledger_add(NULL, '2026-01-05', 1.5::real);

-- many events on one day: 5,000 of 0.01 are 50, where float8's own sum is not
SELECT icm_ledger_agg(date '2026-01-05', 0.01, 0.1), sum(0.01::float8) = 50 AS float8_sum_is_50 FROM generate_series(1, 5000);

-- what cancels leaves nothing behind, in whatever order it comes
SELECT DISTINCT icm_ledger_agg(date '2026-01-05', amount, -amount ORDER BY place)::text
FROM (VALUES ('{1,2,3}'::int[]), ('{1,3,2}'), ('{2,1,3}'), ('{2,3,1}'), ('{3,1,2}'), ('{3,2,1}')) AS p(places),
     LATERAL (VALUES (places[1], 1e16::float8), (places[2], 1), (places[3], -1e16)) AS e(place, amount)
GROUP BY places;

-- out of range: an amount that sums could not stand, and more for one day than a ledger takes
SELECT icm_ledger_agg(date '2026-01-05', 1e280, -1e280) FROM generate_series(1, 1000);
SELECT icm_ledger_agg(date '2026-01-05', 1.1e280);
SELECT icm_ledger_agg(date '2026-01-05', NULL, -1.1e280);
SELECT icm_rollup(ledger) FROM (VALUES ('{2026-01-05 1 1e300 0}'::icm_ledger), ('{2026-01-05 1 1e300 0}')) AS v(ledger);
-- so whether a sum is in range does not depend on the order of its events, nor of ledgers that are rolled up
CREATE FUNCTION pg_temp.outcome(amounts float8[]) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT icm_ledger_agg(date '2026-01-05', NULL, amount) FROM unnest(amounts) amount);
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN 'out of range';
END
$$;
SELECT count(DISTINCT pg_temp.outcome(amounts)) AS outcomes
FROM (VALUES ('{1e308,1e308,1e308,-1e308,-1e308}'::float8[]), ('{1e308,-1e308,1e308,-1e308,1e308}'),
             ('{-1e308,-1e308,1e308,1e308,1e308}')) AS o(amounts);
SELECT DISTINCT icm_rollup(format('{2026-01-05 1 %s 0}', amount)::icm_ledger ORDER BY place)::text
FROM (VALUES ('{1e300,1e300,1e300,-1e300,-1e300}'::float8[]), ('{1e300,-1e300,1e300,-1e300,1e300}'),
             ('{-1e300,-1e300,1e300,1e300,1e300}')) AS o(amounts),
     unnest(amounts) WITH ORDINALITY AS a(amount, place)
GROUP BY amounts;

-- as many orders on one day as an int counts, and one more
SELECT icm_ledger_merge('{2026-01-05 2147483646 1 0}', '{2026-01-05 1 1 0}');
SELECT icm_ledger_merge('{2026-01-05 2147483647 1 0}', '{2026-01-05 1 1 0}');
SELECT icm_ledger_add('{2026-01-05 2147483647 1 0}', date '2026-01-05', 1);
SELECT icm_rollup(ledger)
FROM (VALUES ('{2026-01-05 2147483647 1 0}'::icm_ledger), ('{2026-01-04 1 1 0}'), ('{2026-01-05 2147483647 1 0}')) AS v(ledger);
SELECT icm_ledger_add('{2026-01-05 2147483647 1 0}', date '2026-01-05', NULL, 1) AS cost_is_no_order,
       icm_ledger_add('{2026-01-05 2147483647 1 0}', date '2026-01-05', -1) AS nor_is_a_refund;

-- 100,000 events of one customer over 3,000 days and over 7, with refunds, costs and NULLs, beside GROUP BY in numeric.
-- Amounts are eighths, which float8 adds without rounding; and cents, which it does not.
CREATE TEMP TABLE many (spread int, unit numeric, day date, revenue numeric, cost numeric);
SELECT setseed(0.5);
INSERT INTO many
    SELECT spread, unit, date '2019-01-01' + floor(random() * spread)::int,
           CASE WHEN random() < 0.9 THEN floor(random() * 80000 - 10000)::numeric * unit END,
           CASE WHEN random() < 0.3 THEN floor(random() * 10000)::numeric * unit END
    FROM generate_series(1, 100000), (VALUES (3000, 0.125), (7, 0.125), (3000, 0.01), (7, 0.01)) AS s(spread, unit);
CREATE TEMP TABLE got AS
    SELECT spread, unit, (icm_ledger_days(icm_ledger_agg(day, revenue::float8, cost::float8))).*
    FROM many GROUP BY spread, unit;
CREATE TEMP TABLE expected AS
    SELECT spread, unit, day, count(*) FILTER (WHERE revenue >= 0) AS orders,
           coalesce(sum(revenue), 0) AS revenue, coalesce(sum(cost), 0) AS cost, sum(abs(revenue)) AS turnover
    FROM many WHERE revenue IS NOT NULL OR cost IS NOT NULL GROUP BY spread, unit, day;
SELECT spread, unit, count(*) > 0 AND count(*) = count(g.day) AND count(*) = count(e.day) AS same_days,
       sum(g.orders) = sum(e.orders) AND bool_and(g.orders = e.orders) AS same_orders,
       bool_and(g.revenue = e.revenue::float8 AND g.cost = e.cost::float8) OR unit = 0.01 AS same_eighths,
       bool_and(abs(g.revenue - e.revenue::float8) <= 1e-12 * e.turnover AND abs(g.cost - e.cost::float8) <= 1e-12 * e.cost) AS within_1e12
FROM got g FULL JOIN expected e USING (spread, unit, day) GROUP BY spread, unit ORDER BY spread, unit;

-- FILTER, DISTINCT, ORDER BY
SELECT icm_ledger_agg(day, revenue, cost) FILTER (WHERE revenue > 0) AS purchases,
       icm_ledger_agg(day, revenue, cost) FILTER (WHERE false) AS none,
       icm_ledger_agg(day, revenue, cost ORDER BY day DESC, revenue) AS ordered
FROM event WHERE customer = 1;
SELECT icm_ledger_agg(DISTINCT day, revenue) AS each_once, icm_ledger_agg(day, revenue) AS as_they_are
FROM (VALUES (date '2026-01-05', 5), ('2026-01-05', 5), ('2026-01-05', 7)) AS e(day, revenue);

-- several groupings of the same rows
SELECT customer, cost IS NULL AS without_cost, icm_ledger_agg(day, revenue, cost)
FROM event WHERE customer < 3
GROUP BY GROUPING SETS ((customer), (cost IS NULL), ()) ORDER BY customer, without_cost;

-- a window that grows, one that moves, one without rows; as many results from one state must not disturb each other
SELECT day, icm_ledger_agg(day, revenue) OVER (ORDER BY day) AS growing,
       icm_ledger_agg(day, revenue) OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving,
       icm_ledger_agg(day, revenue) OVER (ORDER BY day ROWS BETWEEN 2 PRECEDING AND 2 PRECEDING) AS two_before
FROM (VALUES (date '2026-01-05', 1), ('2026-01-06', 2), ('2026-01-07', 4), ('2026-01-08', 8)) AS e(day, revenue);
SELECT icm_revenue(icm_ledger_agg(day, revenue) OVER w) AS growing,
       icm_revenue(icm_rollup(icm_ledger_add(NULL, day, revenue)) OVER w) AS rollup
FROM (VALUES (date '2026-01-08', 1), ('2026-01-07', 2), ('2026-01-08', 4), ('2026-01-05', 8)) AS e(day, revenue)
WINDOW w AS (ORDER BY revenue);

-- icm_ledger_add: one event more; the argument stays as it was
SELECT icm_ledger_add(NULL, date '2026-01-05', 1) AS from_null, icm_ledger_add('{}', date '2026-01-05', 1, 2) AS from_empty,
       icm_ledger_add('{2026-01-05 1 1 1, 2026-01-07 1 1 1}', date '2026-01-05', -3, 2) AS same_day,
       icm_ledger_add('{2026-01-05 1 1 1, 2026-01-07 1 1 1}', date '2026-01-06', NULL, 2) AS between,
       icm_ledger_add('{2026-01-05 1 1 1, 2026-01-07 1 1 1}', timestamp '2026-01-04 23:59', 0) AS before,
       icm_ledger_add('{2026-01-05 1 1 1, 2026-01-07 1 1 1}', timestamptz '2026-01-08 00:00', 0, 0) AS after;
SELECT icm_ledger_add(NULL, date '2026-01-05', NULL) IS NULL AS nothing_to_nothing,
       icm_ledger_add('{2026-01-05 1 1 1}', NULL::date, NULL, NULL) AS nothing, icm_ledger_add('{}', NULL::date, NULL) AS nothing_to_empty;
SELECT icm_ledger_add('{}', NULL::date, 1);
SELECT icm_ledger_add('{}', date 'infinity', 1);
SELECT icm_ledger_add('{}', date '2026-01-05', 1, 'NaN');
SELECT l AS unchanged, icm_ledger_add(l, date '2026-01-05', 1) AS added FROM (VALUES ('{2026-01-05 1 1 1}'::icm_ledger)) AS v(l);

-- icm_ledger_merge and icm_rollup: NULL is an empty ledger; days of both are summed
SELECT icm_ledger_merge(NULL, NULL) IS NULL AS none, icm_ledger_merge('{}', NULL) AS empty, icm_ledger_merge(NULL, '{}') AS empty_2,
       icm_ledger_merge('{}', '{}') AS empty_3, icm_ledger_merge('{2026-01-05 1 1 1}', NULL) AS "left",
       icm_ledger_merge(NULL, '{2026-01-05 1 1 1}') AS "right",
       icm_ledger_merge('{2026-01-05 1 1 1, 2026-01-07 0 -1 0}', '{2026-01-04 1 0 0, 2026-01-05 2 0.5 0.25}') AS both;
SELECT icm_rollup(l) FROM (VALUES ('{2026-01-05 1 1 1}'::icm_ledger), (NULL), ('{}'), ('{2026-01-04 2 2 2}'),
       ('{2026-01-05 1 -1 1}')) AS v(l);
SELECT icm_rollup(l) AS empties FROM (VALUES ('{}'::icm_ledger), ('{}')) AS v(l);
SELECT icm_rollup(l) IS NULL AS nulls FROM (VALUES (NULL::icm_ledger), (NULL)) AS v(l);
SELECT icm_rollup(l) IS NULL AS no_rows FROM (VALUES ('{}'::icm_ledger)) AS v(l) WHERE false;

-- a sum that refunds and costs bring to nothing keeps its day
SELECT icm_ledger_agg(date '2026-01-05', revenue, cost) FROM (VALUES (5, 1), (-5, -1)) AS e(revenue, cost);
